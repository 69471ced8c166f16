import { FieldType } from '@grafana/data';
import { TimeSeries } from '@grafana/ui';
import { useLayoutEffect } from 'react';
import { NoData } from './nodata.jsx';

/** Only what can be drawn over time: a time field and its numbers, infinities as gaps. */
function graphable(frames) {
  let seriesIndex = 0;
  return frames.flatMap((frame) => {
    const time = frame.fields.find(({ type }) => type === FieldType.time);
    const numbers = frame.fields.filter(({ type }) => type === FieldType.number || type === FieldType.boolean);
    if (!time || !numbers.length || !frame.length) return [];
    const fields = numbers.map((field) => {
      const values = field.values.map((value) =>
        Number.isFinite(Number(value)) && value !== null ? Number(value) : null,
      );
      return { ...field, type: FieldType.number, values, state: { ...field.state, seriesIndex: seriesIndex++ } };
    });
    return [{ ...frame, fields: [time, ...fields] }];
  });
}

/** Marks of annotations: a dashed line each, or a shade for what lasted. */
function Marks({ config, marks, theme }) {
  useLayoutEffect(() => {
    config.addHook('draw', (u) => {
      const { ctx, bbox } = u;
      const ratio = window.devicePixelRatio;
      const inside = ({ time, timeEnd }) => timeEnd >= u.scales.x.min && time <= u.scales.x.max;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height + 6 * ratio);
      ctx.clip();
      for (const mark of marks.filter(inside)) {
        const color = theme.visualization.getColorByName(mark.color || theme.visualization.palette[0]);
        const [left, right] = [mark.time, mark.timeEnd].map((time) => Math.round(u.valToPos(time, 'x', true)));
        const bottom = bbox.top + bbox.height;
        ctx.strokeStyle = color;
        ctx.fillStyle = color;
        ctx.lineWidth = 2 * ratio;
        ctx.setLineDash([5 * ratio, 5 * ratio]);
        for (const x of new Set([left, right])) {
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bottom);
          ctx.stroke();
        }
        if (right > left) {
          ctx.globalAlpha = 0.1;
          ctx.fillRect(left, bbox.top, right - left, bbox.height);
          ctx.globalAlpha = 1;
          ctx.fillRect(left, bottom, right - left, 5 * ratio);
        } else {
          ctx.beginPath();
          ctx.moveTo(left, bottom);
          ctx.lineTo(left - 5 * ratio, bottom + 5 * ratio);
          ctx.lineTo(left + 5 * ratio, bottom + 5 * ratio);
          ctx.fill();
        }
      }
      ctx.restore();
    });
  }, [config, marks, theme]);
  return null;
}

export function TimeSeriesPanel({ data, options, fieldConfig, width, height, timeRange, timeZone, theme, marks }) {
  const frames = graphable(data.series);
  if (!frames.length) return <NoData fieldConfig={fieldConfig} />;
  return (
    <TimeSeries
      frames={frames}
      width={width}
      height={height}
      timeRange={timeRange}
      timeZone={timeZone}
      legend={options.legend}
      options={options}
      theme={theme}
    >
      {(config) => (marks.length ? <Marks config={config} marks={marks} theme={theme} /> : null)}
    </TimeSeries>
  );
}
