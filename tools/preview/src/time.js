// What part of time is asked for, and in what steps.
import { dateMath, dateTime, rangeUtil } from '@grafana/data';

const SCRAPE_INTERVAL_MS = 15_000; // what a Prometheus data source assumes unless told otherwise
const MOST_POINTS = 11_000; // Prometheus refuses more for one series

/** Grafana's TimeRange of two texts such as now-90d and now. */
export function timeRange(from, to) {
  return { from: dateTime(dateMath.parse(from, false)), to: dateTime(dateMath.parse(to, true)), raw: { from, to } };
}

/** The range a panel asks for, moved and narrowed by its own timeFrom and timeShift. */
export function panelRange(panel, range) {
  let own = range;
  if (panel.timeFrom) own = timeRange(/^now/.test(panel.timeFrom) ? panel.timeFrom : `now-${panel.timeFrom}`, 'now');
  if (!panel.timeShift) return own;
  const move = (date) => dateMath.parseDateMath(`-${panel.timeShift}`, date, false);
  const moved = { from: move(own.from), to: move(own.to) };
  return { ...moved, raw: moved };
}

/** A duration such as 1d or >15s, in ms. */
export const milliseconds = (text) => rangeUtil.intervalToMs(text.replace(/^>/, ''));

/**
 * $__interval and its relatives, in ms, for a panel of so many pixels. `least` is the panel's or the query's smallest
 * step; `queryLeast` is the query's alone, which stands for the scrape interval in $__rate_interval.
 */
export function steps(range, points, least, queryLeast) {
  const length = range.to.valueOf() - range.from.valueOf();
  const { intervalMs } = rangeUtil.calculateInterval(range, points, least || `${SCRAPE_INTERVAL_MS}ms`);
  const interval = Math.max(intervalMs, Math.ceil(length / MOST_POINTS / 1000) * 1000);
  const scrape = queryLeast ? milliseconds(queryLeast) : SCRAPE_INTERVAL_MS;
  return { interval, rate: Math.max(interval + scrape, 4 * scrape), length };
}

/** The built-in variables of a query. */
export function builtIns(range, { interval, rate, length }) {
  const text = (ms) => (ms % 1000 ? `${ms}ms` : `${ms / 1000}s`);
  const seconds = Math.round(length / 1000);
  return {
    __interval: text(interval),
    __interval_ms: interval,
    __rate_interval: text(rate),
    __rate_interval_ms: rate,
    __range: `${seconds}s`,
    __range_s: seconds,
    __range_ms: length,
    __from: range.from.valueOf(),
    __to: range.to.valueOf(),
  };
}
