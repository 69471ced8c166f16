import { FieldType, formattedValueToString, getFieldDisplayName } from '@grafana/data';
import { UPlotChart, UPlotConfigBuilder, VizLayout, VizLegend, measureText } from '@grafana/ui';
import { useMemo } from 'react';
import { NoData } from './nodata.jsx';

function rowsOf(frames, mergeValues) {
  return frames.flatMap((frame) => {
    const time = frame.fields.find(({ type }) => type === FieldType.time);
    if (!time) return [];
    const step = time.config.interval ?? 0;
    return frame.fields
      .filter((field) => field !== time && !field.config.custom?.hideFrom?.viz)
      .map((field) => {
        const spans = [];
        field.values.forEach((value, at) => {
          const last = spans.at(-1);
          const [from, to] = [time.values[at], time.values[at + 1] ?? time.values[at] + step];
          if (value === null || value === undefined || Number.isNaN(value)) return;
          const shown = field.display(value);
          const text = formattedValueToString(shown);
          if (mergeValues && last?.text === text && from - last.to <= step)
            last.to = Math.min(to, from + (step || Infinity));
          else spans.push({ from, to: step ? Math.min(to, from + step) : to, text, color: shown.color });
        });
        return {
          name: getFieldDisplayName(field, frame, frames),
          spans,
          fill: (field.config.custom?.fillOpacity ?? 70) / 100,
        };
      });
  });
}

function Rows({ rows, options, timeRange, timeZone, theme, width, height }) {
  const config = useMemo(() => {
    const builder = new UPlotConfigBuilder(timeZone);
    builder.addScale({
      scaleKey: 'x',
      isTime: true,
      orientation: 0,
      direction: 1,
      range: () => [timeRange.from.valueOf(), timeRange.to.valueOf()],
    });
    builder.addAxis({ scaleKey: 'x', isTime: true, placement: 'bottom', timeZone, theme, grid: { show: true } });
    builder.addScale({ scaleKey: 'y', orientation: 1, direction: -1, range: () => [0, rows.length] });
    builder.addAxis({
      scaleKey: 'y',
      placement: 'left',
      theme,
      grid: { show: false },
      ticks: { show: false },
      splits: () => rows.map((_, at) => at + 0.5),
      values: () => rows.map(({ name }) => name),
    });
    builder.addSeries({ scaleKey: 'y', pathBuilder: () => null, theme, showPoints: 'never', lineColor: 'transparent' });
    builder.addHook('draw', (u) => {
      const { ctx, bbox } = u;
      const ratio = window.devicePixelRatio;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      ctx.font = `${12 * ratio}px ${theme.typography.fontFamily}`;
      ctx.textAlign = 'left';
      ctx.textBaseline = 'middle';
      rows.forEach(({ spans, fill }, row) => {
        const middle = u.valToPos(row + 0.5, 'y', true);
        const high = (bbox.height / rows.length) * options.rowHeight;
        for (const { from, to, text, color } of spans) {
          const [left, right] = [from, to].map((time) => Math.round(u.valToPos(time, 'x', true)));
          ctx.globalAlpha = fill;
          ctx.fillStyle = color;
          ctx.fillRect(left, middle - high / 2, right - left, high);
          ctx.globalAlpha = 1;
          const start = Math.max(left, bbox.left) + 4 * ratio;
          if (
            options.showValue !== 'never' &&
            start + measureText(text, 12).width * ratio < Math.min(right, bbox.left + bbox.width)
          ) {
            ctx.fillStyle = theme.colors.getContrastText(color, 3);
            ctx.fillText(text, start, middle);
          }
        }
      });
      ctx.restore();
    });
    return builder;
  }, [rows, options, timeRange, timeZone, theme]);
  const data = useMemo(
    () => [
      [timeRange.from.valueOf(), timeRange.to.valueOf()],
      [null, null],
    ],
    [timeRange],
  );
  return <UPlotChart config={config} data={data} width={width} height={height} />;
}

export function StateTimeline({ data, options, fieldConfig, width, height, ...rest }) {
  const rows = useMemo(() => rowsOf(data.series, options.mergeValues), [data, options]);
  if (!rows.some(({ spans }) => spans.length)) return <NoData fieldConfig={fieldConfig} />;
  const states = new Map(rows.flatMap(({ spans }) => spans.map(({ text, color }) => [text, color])));
  const items = [...states].map(([label, color]) => ({ label, color, yAxis: 1 }));
  const { placement, displayMode, showLegend } = options.legend;
  const legend = showLegend && (
    <VizLayout.Legend placement={placement}>
      <VizLegend placement={placement} items={items} displayMode={displayMode} />
    </VizLayout.Legend>
  );
  return (
    <VizLayout width={width} height={height} legend={legend || null}>
      {(w, h) => <Rows rows={rows} options={options} width={w} height={h} {...rest} />}
    </VizLayout>
  );
}
