// The data of one panel: its queries, transformed.
import { toDataFrame } from '@grafana/data';
import { heatmapFrames, instantQuery, rangeQuery, seriesFrames, tableFrame } from './prometheus.js';
import { interpolator } from './interpolate.js';
import { builtIns, milliseconds, panelRange, steps } from './time.js';
import { transform } from './transformations.js';

const longer = (one, other) => {
  if (!one || !other) return one || other;
  return milliseconds(one) > milliseconds(other) ? one : other;
};

async function framesOf(target, { range, replace, step, several }) {
  const ask = { ...target, expr: replace(target.expr, {}, 'promql'), legendFormat: replace(target.legendFormat) };
  const wantsRange = target.range ?? !target.instant;
  const answers = [];
  if (wantsRange) answers.push([await rangeQuery(ask.expr, range, step), step]);
  if (target.instant) answers.push([await instantQuery(ask.expr, range), undefined]);
  return answers.flatMap(([series, every]) => {
    if (target.format === 'table') return [tableFrame(series, ask, several)];
    if (target.format === 'heatmap') return heatmapFrames(series, ask, every);
    return seriesFrames(series, ask, every);
  });
}

/** Asks everything a panel asks. `fault` takes messages; `width` in pixels decides the step. */
export async function panelData(panel, { range: dashboardRange, variables, width, fault }) {
  const range = panelRange(panel, dashboardRange);
  const asked = (panel.targets ?? []).filter(({ hide }) => !hide);
  const targets = asked.filter(({ expr }) => expr);
  for (const { refId, expr } of asked) if (!expr) fault(`query ${refId} has no expr`);
  if (panel.repeat) fault('repeat is not drawn');
  const several = targets.filter(({ format }) => format === 'table').length > 1;
  const points = panel.maxDataPoints || Math.round(width);
  const plain = interpolator(variables);
  const answers = await Promise.all(
    targets.map(async (target) => {
      const own = plain(target.interval);
      const pace = steps(range, points, longer(plain(panel.interval), own), own);
      const replace = interpolator(variables, builtIns(range, pace));
      try {
        return await framesOf(target, { range, replace, step: pace.interval, several });
      } catch (error) {
        fault(`query ${target.refId}: ${error.message}`);
        return [];
      }
    }),
  );
  const pace = steps(range, points, plain(panel.interval));
  const replace = interpolator(variables, builtIns(range, pace));
  const frames = answers.flat();
  // An empty table beside full ones keeps its columns' names, which transformations expect. Alone it is no data.
  let series = frames.some(({ length }) => length) ? frames.map((frame) => toDataFrame(frame)) : [];
  try {
    series = await transform(panel.transformations ?? [], series, replace);
  } catch (error) {
    fault(error.message);
  }
  return { series, range, replace };
}

/** The marks of a dashboard's annotation queries: [{time, timeEnd, color, name}], times in ms. */
export async function annotationMarks(annotations, { range, variables, fault }) {
  const asked = annotations.filter(({ enable, builtIn, expr, target }) => enable && !builtIn && (expr || target?.expr));
  const found = await Promise.all(
    asked.map(async (annotation) => {
      const expr = annotation.expr ?? annotation.target.expr;
      const pace = steps(range, 11_000, annotation.step || annotation.target?.interval || '60s');
      const replace = interpolator(variables, builtIns(range, pace));
      let series;
      try {
        series = await rangeQuery(replace(expr, {}, 'promql'), range, pace.interval);
      } catch (error) {
        fault(`annotation ${annotation.name}`, error.message);
        return [];
      }
      return series.flatMap(({ times, values }) => {
        const marks = [];
        times.forEach((sampled, at) => {
          if (!(values[at] > 0)) return;
          const time = annotation.useValueForTime ? Math.floor(values[at]) : sampled;
          const last = marks.at(-1);
          if (last && !annotation.useValueForTime && time - last.timeEnd <= pace.interval) last.timeEnd = time;
          else if (last?.time !== time)
            marks.push({ time, timeEnd: time, color: annotation.iconColor, name: annotation.name });
        });
        return marks;
      });
    }),
  );
  return found.flat();
}
