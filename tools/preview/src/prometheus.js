// Asks Prometheus, and makes data frames of its answers in the shapes Grafana's data source gives them.
import { FieldType } from '@grafana/data';
import { groupBy, sortBy } from 'lodash';

/** The data of an answer; raises Prometheus's own words. */
export async function ask(path, parameters) {
  const body = new URLSearchParams(parameters.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  const get = path.startsWith('label/');
  const response = await fetch(
    `/prometheus/api/v1/${path}${get ? `?${body}` : ''}`,
    get ? {} : { method: 'POST', body },
  );
  const text = await response.text();
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new Error(`${response.status}: ${text.slice(0, 200)}`);
  }
  if (answer.status !== 'success') throw new Error(`${answer.errorType}: ${answer.error}`);
  return answer.data;
}

const number = (text) => (text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

/** Series of a query over [from, to] in steps of `step` ms: [{metric, times, values}], times in ms. */
export async function rangeQuery(expr, range, step) {
  const offset = range.from.utcOffset() * 60_000; // days are cut at the midnights of the viewer
  const cut = (date) => Math.floor((date.valueOf() + offset) / step) * step - offset;
  const data = await ask('query_range', [
    ['query', expr],
    ['start', cut(range.from) / 1000],
    ['end', cut(range.to) / 1000],
    ['step', step / 1000],
  ]);
  return data.result.map(({ metric, values }) => ({
    metric,
    times: values.map(([at]) => at * 1000),
    values: values.map(([, value]) => number(value)),
  }));
}

/** Series of a query at the end of the range, one value each. */
export async function instantQuery(expr, range) {
  const data = await ask('query', [
    ['query', expr],
    ['time', range.to.valueOf() / 1000],
  ]);
  const result = data.resultType === 'scalar' ? [{ metric: {}, value: data.result }] : data.result;
  return result.map(({ metric, value: [at, value] }) => ({ metric, times: [at * 1000], values: [number(value)] }));
}

function fullName({ __name__: name = '', ...labels }) {
  return `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(', ')}}`;
}

/** undefined where Grafana finds a name itself, from the labels in which the series differ. */
function seriesName(legendFormat, metric, expr) {
  if (legendFormat === '__auto') return Object.keys(metric).length ? undefined : expr;
  if (!legendFormat) return fullName(metric);
  return legendFormat.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => metric[label] ?? '');
}

const timeField = (values, config = {}) => ({ name: 'Time', type: FieldType.time, config, values });

/** One frame per series. */
export function seriesFrames(series, { refId, legendFormat, expr }, step) {
  return series.map(({ metric, times, values }) => {
    const name = seriesName(legendFormat, metric, expr);
    const { __name__: metricName, ...labels } = metric;
    return {
      refId,
      name,
      length: times.length,
      meta: { type: 'timeseries-multi' },
      fields: [
        timeField(times, step ? { interval: step } : {}),
        {
          name: metricName && !name ? metricName : 'Value',
          type: FieldType.number,
          labels,
          values,
          config: name === undefined ? {} : { displayNameFromDS: name },
        },
      ],
    };
  });
}

/** One frame with a column per label; `several` where the panel has more than one such query. */
export function tableFrame(series, { refId }, several) {
  const labels = [];
  for (const { metric } of series) {
    for (const label of Object.keys(metric).sort()) if (!labels.includes(label)) labels.push(label);
  }
  const rows = series.flatMap(({ metric, times, values }) =>
    times.map((time, at) => ({ metric, time, value: values[at] })),
  );
  const label = (name) => ({
    name,
    config: { filterable: true },
    type: name === 'le' ? FieldType.number : FieldType.string,
    values: rows.map(({ metric }) => (name === 'le' && name in metric ? number(metric.le) : (metric[name] ?? ''))),
  });
  return {
    refId,
    length: rows.length,
    meta: { preferredVisualisationType: 'table' },
    fields: [
      timeField(rows.map(({ time }) => time)),
      ...labels.map(label),
      {
        name: several ? `Value #${refId}` : 'Value',
        type: FieldType.number,
        config: {},
        values: rows.map(({ value }) => value),
      },
    ],
  };
}

/** Buckets `le` as one frame, cumulative counts taken apart, lowest bucket first. */
export function heatmapFrames(series, target, step) {
  const others = ({ metric: { le, ...rest } }) => JSON.stringify(rest);
  return Object.values(groupBy(series, others)).map((family) => {
    const buckets = sortBy(family, ({ metric }) => number(metric.le));
    const times = [...new Set(buckets.flatMap((bucket) => bucket.times))].sort((a, b) => a - b);
    const cumulative = buckets.map((bucket) => {
      const at = new Map(bucket.times.map((time, index) => [time, bucket.values[index]]));
      return times.map((time) => at.get(time) ?? null);
    });
    const counts = cumulative.map((values, index) =>
      values.map((value, at) =>
        value === null ? null : Math.max(0, value - (index ? (cumulative[index - 1][at] ?? 0) : 0)),
      ),
    );
    return {
      refId: target.refId,
      length: times.length,
      meta: { type: 'heatmap-rows' },
      fields: [
        timeField(times, step ? { interval: step } : {}),
        ...buckets.map(({ metric }, index) => ({
          name: metric.le,
          type: FieldType.number,
          labels: metric,
          config: {},
          values: counts[index],
        })),
      ],
    };
  });
}
