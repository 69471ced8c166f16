import { FieldType, formattedValueToString, getFieldDisplayName, getFieldSeriesColor } from '@grafana/data';
import { VizLayout, VizLegend, measureText } from '@grafana/ui';
import { NoData } from './nodata.jsx';

const FONT = 12;
const AXIS_GAP = 8;

/** Round steps of an axis from 0 to `most`. */
function ticks(most, count) {
  const rough = most / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? power;
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, at) => at * step);
}

export function BarChart({ data, options, fieldConfig, width, height, theme }) {
  const frame = data.series[0];
  const numbers = (frame?.fields ?? [])
    .filter(({ type, config }) => type === FieldType.number && !config.custom?.hideFrom?.viz)
    .map((field, seriesIndex) => ({ ...field, state: { ...field.state, seriesIndex } }));
  const names =
    frame?.fields.find((field) =>
      options.xField ? getFieldDisplayName(field, frame) === options.xField : field.type === FieldType.string,
    ) ?? frame?.fields.find(({ type }) => type === FieldType.time);
  if (!frame?.length || !numbers.length || !names) return <NoData fieldConfig={fieldConfig} />;
  const named = numbers.filter(({ config }) => !config.custom?.hideFrom?.legend);
  const items = named.map((field) => ({
    label: getFieldDisplayName(field, frame),
    color: getFieldSeriesColor(field, theme).color,
    yAxis: 1,
  }));
  const { placement, displayMode, showLegend } = options.legend;
  const legend = showLegend && (
    <VizLayout.Legend placement={placement}>
      <VizLegend placement={placement} items={items} displayMode={displayMode} />
    </VizLayout.Legend>
  );
  return (
    <VizLayout width={width} height={height} legend={legend || null}>
      {(w, h) => <Bars {...{ names, numbers, options, theme, width: w, height: h, rows: frame.length }} />}
    </VizLayout>
  );
}

function Bars({ names, numbers, options, theme, width, height, rows }) {
  const flat = options.orientation === 'horizontal' || (options.orientation === 'auto' && width < height);
  const stacked = options.stacking !== 'none';
  const total = (row) => numbers.reduce((sum, { values }) => sum + (values[row] ?? 0), 0);
  const all = Array.from({ length: rows }, (_, row) => row);
  const peaks = stacked ? all.map(total) : numbers.flatMap(({ values }) => [...values].filter(Number.isFinite));
  const most = options.stacking === 'percent' ? 1 : (numbers[0].config.max ?? Math.max(...peaks, 0) * 1.05);
  const show = (value) =>
    options.stacking === 'percent' ? `${Math.round(value * 100)}%` : formattedValueToString(numbers[0].display(value));
  const label = (row) => formattedValueToString(names.display(names.values[row]));
  const wide = (texts) => Math.max(...texts.map((text) => measureText(text, FONT).width));
  const marks = ticks(most, (flat ? width : height) / 50);
  const left = AXIS_GAP + Math.min(width * 0.4, wide(flat ? all.map(label) : marks.map(show)));
  const bottom = FONT + AXIS_GAP;
  const [across, along] = flat ? [height - bottom, width - left - 8] : [width - left, height - bottom - 8];
  const band = across / rows;
  const group = band * options.groupWidth;
  const bar = (stacked ? group : group / numbers.length) * options.barWidth;
  const length = (value) => (along * Math.max(0, value)) / (most || 1);
  const grid = theme.isDark ? 'rgba(240, 250, 255, 0.09)' : 'rgba(0, 10, 23, 0.09)';
  const text = { fill: theme.colors.text.primary, fontSize: FONT };
  return (
    <svg width={width} height={height}>
      {marks.map((mark) =>
        flat ? (
          <g key={mark}>
            <line x1={left + length(mark)} x2={left + length(mark)} y1={0} y2={across} stroke={grid} />
            <text x={left + length(mark)} y={height - 4} textAnchor="middle" {...text}>
              {show(mark)}
            </text>
          </g>
        ) : (
          <g key={mark}>
            <line x1={left} x2={width} y1={8 + along - length(mark)} y2={8 + along - length(mark)} stroke={grid} />
            <text x={left - 6} y={8 + along - length(mark)} textAnchor="end" dominantBaseline="central" {...text}>
              {show(mark)}
            </text>
          </g>
        ),
      )}
      {all.map((row) => {
        let base = 0;
        const start = band * row + (band - group) / 2;
        return (
          <g key={row}>
            {numbers.map((field, at) => {
              const value = (field.values[row] ?? 0) / (options.stacking === 'percent' ? total(row) || 1 : 1);
              const color = getFieldSeriesColor(field, theme).color;
              const own = field.config.color?.mode === 'thresholds' ? field.display(field.values[row]).color : color;
              const [size, offset] = [length(value), length(base)];
              const cross = start + (stacked ? 0 : (group / numbers.length) * at);
              if (stacked) base += value;
              const place = flat
                ? { x: left + offset, y: cross, width: size, height: bar }
                : { x: left + cross, y: 8 + along - offset - size, width: bar, height: size };
              return (
                <rect
                  key={at}
                  {...place}
                  rx={(options.barRadius * bar) / 2}
                  fill={own}
                  fillOpacity={(field.config.custom.fillOpacity ?? 80) / 100}
                  stroke={own}
                />
              );
            })}
            {flat ? (
              <text x={left - 6} y={band * (row + 0.5)} textAnchor="end" dominantBaseline="central" {...text}>
                {label(row)}
              </text>
            ) : (
              band > 30 && (
                <text x={left + band * (row + 0.5)} y={height - 4} textAnchor="middle" {...text}>
                  {label(row)}
                </text>
              )
            )}
          </g>
        );
      })}
    </svg>
  );
}
