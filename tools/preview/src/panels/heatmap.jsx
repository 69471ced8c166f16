import { FieldType, formattedValueToString, getValueFormat } from '@grafana/data';
import { UPlotChart, UPlotConfigBuilder, VizLayout } from '@grafana/ui';
import * as chromatic from 'd3-scale-chromatic';
import { useMemo } from 'react';
import { NoData } from './nodata.jsx';

const LEAST_LABEL_GAP = 10; // px between labels of the y axis, below which every other one goes
const DIVERGING = new Set([
  'BrBG',
  'PiYG',
  'PRGn',
  'PuOr',
  'RdBu',
  'RdGy',
  'RdYlBu',
  'RdYlGn',
  'Spectral',
  'Rainbow',
  'Sinebow',
]);
const BRIGHT_TOPPED = new Set([
  'Turbo',
  'Cividis',
  'Viridis',
  'Magma',
  'Inferno',
  'Plasma',
  'Warm',
  'Cool',
  'CubehelixDefault',
]);

function hex(color) {
  if (color.startsWith('#')) return color;
  return `#${color
    .match(/\d+/g)
    .slice(0, 3)
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')}`;
}

function mixed(color, background, share) {
  const parts = (text) => [1, 3, 5].map((at) => parseInt(hex(text).slice(at, at + 2), 16));
  const [over, under] = [parts(color), parts(background)];
  return `rgb(${over.map((part, at) => Math.round(part * share + under[at] * (1 - share))).join(', ')})`;
}

/** The colours from the smallest to the largest count. Schemes fade into the background of their theme. */
function palette(color, theme) {
  const shares = Array.from({ length: color.steps }, (_, at) => at / (color.steps - 1));
  if (color.mode === 'opacity') {
    const fill = theme.visualization.getColorByName(color.fill);
    const shade = (share) => (color.scale === 'linear' ? share : share ** color.exponent);
    return shares.map((share) => mixed(fill, theme.colors.background.primary, shade(share)));
  }
  const name = color.scheme === 'Cubehelix' ? 'CubehelixDefault' : color.scheme;
  const colors = shares.map(chromatic[`interpolate${name}`]);
  const inverted = DIVERGING.has(name) || (BRIGHT_TOPPED.has(name) ? theme.isLight : theme.isDark);
  return inverted !== Boolean(color.reverse) ? colors.reverse() : colors;
}

/** Columns of cells: their times, bucket names and counts, from bucket rows. */
function cells(frames) {
  const frame = frames.find(({ fields, length }) => length && fields.some(({ type }) => type === FieldType.time));
  const rows = frame?.fields.filter(({ type }) => type === FieldType.number) ?? [];
  if (!rows.length) return undefined;
  const time = frame.fields.find(({ type }) => type === FieldType.time);
  return { times: time.values, step: time.config.interval ?? time.values[1] - time.values[0], rows };
}

function ColorScale({ colors, least, most, format, theme }) {
  return (
    <div style={{ maxWidth: 300, marginLeft: 25, padding: '10px 0', color: theme.colors.text.primary }}>
      <div style={{ height: 9, background: `linear-gradient(90deg, ${colors.join(', ')})` }} />
      <div style={{ display: 'flex', justifyContent: 'space-between', fontSize: theme.typography.size.sm }}>
        <span>{format(least)}</span>
        <span>{format(most)}</span>
      </div>
    </div>
  );
}

export function HeatmapPanel({ data, options, fieldConfig, width, height, timeRange, timeZone, theme }) {
  const found = useMemo(() => cells(data.series), [data]);
  if (!found) return <NoData fieldConfig={fieldConfig} />;
  if (options.calculate) throw new Error('buckets made from values (options.calculate) are not drawn');
  const { rows } = found;
  const shown = (count) =>
    count !== null &&
    !(count <= (options.filterValues.le ?? -Infinity)) &&
    !(count >= (options.filterValues.ge ?? Infinity));
  const counts = rows.flatMap(({ values }) => values.filter(shown));
  const least = options.color.min ?? Math.min(...counts, Infinity);
  const most = options.color.max ?? Math.max(...counts, -Infinity);
  const colors = palette(options.color, theme);
  const cellFormat = (value) =>
    formattedValueToString(
      getValueFormat(options.cellValues?.unit ?? fieldConfig.defaults.unit ?? 'short')(
        value,
        options.cellValues?.decimals ?? fieldConfig.defaults.decimals,
      ),
    );
  const legend = options.legend.show && counts.length > 0 && (
    <VizLayout.Legend placement="bottom" maxHeight="20%">
      <ColorScale colors={colors} least={least} most={most} format={cellFormat} theme={theme} />
    </VizLayout.Legend>
  );
  return (
    <VizLayout width={width} height={height} legend={legend || null}>
      {(w, h) => (
        <Cells {...{ found, options, timeRange, timeZone, theme, colors, least, most, shown, width: w, height: h }} />
      )}
    </VizLayout>
  );
}

function Cells({ found, options, timeRange, timeZone, theme, colors, least, most, shown, width, height }) {
  const config = useMemo(() => {
    const { times, rows, step } = found;
    const { yAxis } = options;
    const name = (le) =>
      Number.isNaN(Number(le)) || !yAxis.unit
        ? le
        : formattedValueToString(getValueFormat(yAxis.unit)(Number(le), yAxis.decimals));
    const bound = ({ labels, name: own }) => labels?.le ?? own;
    // A bucket's label is its upper bound and stands at the upper edge of its cells.
    const labels = [name('0'), ...rows.map((row) => name(bound(row)))];
    let splits = labels.map((_, at) => at);
    while (splits.length > 3 && (height - 15) / splits.length < LEAST_LABEL_GAP)
      splits = splits.filter((_, at) => at % 2 === 0);
    const builder = new UPlotConfigBuilder(timeZone);
    builder.addScale({
      scaleKey: 'x',
      isTime: true,
      orientation: 0,
      direction: 1,
      range: () => [timeRange.from.valueOf(), timeRange.to.valueOf()],
    });
    builder.addAxis({ scaleKey: 'x', isTime: true, placement: 'bottom', timeZone, theme, grid: { show: false } });
    builder.addScale({
      scaleKey: 'y',
      orientation: 1,
      direction: yAxis.reverse ? -1 : 1,
      range: () => [0, rows.length],
    });
    builder.addAxis({
      scaleKey: 'y',
      placement: yAxis.axisPlacement ?? 'left',
      theme,
      grid: { show: false },
      size: yAxis.axisWidth || undefined,
      label: yAxis.axisLabel,
      splits: () => splits,
      values: () => splits.map((at) => labels[at]),
    });
    builder.addSeries({ scaleKey: 'y', pathBuilder: () => null, theme, showPoints: 'never', lineColor: 'transparent' });
    builder.addHook('draw', (u) => {
      const { ctx, bbox } = u;
      const gap = options.cellGap * window.devicePixelRatio;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      rows.forEach(({ values }, row) => {
        const [top, bottom] = [row + 1, row].map((at) => Math.round(u.valToPos(at, 'y', true)));
        values.forEach((count, at) => {
          if (!shown(count)) return;
          const [left, right] = [times[at] - step, times[at]].map((time) => Math.round(u.valToPos(time, 'x', true)));
          const share = most > least ? Math.min(1, Math.max(0, (count - least) / (most - least))) : 1;
          ctx.fillStyle = colors[Math.round(share * (colors.length - 1))];
          ctx.fillRect(
            left,
            Math.min(top, bottom),
            Math.max(1, right - left - gap),
            Math.max(1, Math.abs(bottom - top) - gap),
          );
        });
      });
      ctx.restore();
    });
    return builder;
  }, [found, options, timeRange, timeZone, theme, colors, least, most, shown, height]);
  const data = useMemo(() => [found.times, found.times.map(() => null)], [found]);
  return <UPlotChart config={config} data={data} width={width} height={height} />;
}
