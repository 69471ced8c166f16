import { formattedValueToString } from '@grafana/data';
import { VizLayout, VizLegend } from '@grafana/ui';
import { NoData } from './nodata.jsx';
import { displayValues } from './values.js';

const percent = (share) => `${(share * 100).toFixed(0)}%`;

function slice(cx, cy, outer, inner, from, to) {
  const at = (radius, turn) => `${cx + radius * Math.sin(turn)} ${cy - radius * Math.cos(turn)}`;
  const large = to - from > Math.PI ? 1 : 0;
  const around = `M ${at(outer, from)} A ${outer} ${outer} 0 ${large} 1 ${at(outer, to)}`;
  return `${around} L ${at(inner, to)} A ${inner} ${inner} 0 ${large} 0 ${at(inner, from)} Z`;
}

export function PieChart(props) {
  const { options, width, height, theme, fieldConfig } = props;
  const parts = displayValues(props).filter(
    ({ display, field }) => display.numeric > 0 && !field.custom?.hideFrom?.viz,
  );
  const total = parts.reduce((sum, { display }) => sum + display.numeric, 0);
  if (!total) return <NoData fieldConfig={fieldConfig} />;
  const items = parts.map(({ display }) => ({
    label: display.title,
    color: display.color,
    yAxis: 1,
    getDisplayValues: () =>
      options.legend.values.map((kind) =>
        kind === 'percent'
          ? { numeric: display.numeric / total, text: percent(display.numeric / total), title: 'Percent' }
          : { ...display, title: 'Value' },
      ),
  }));
  const { placement, displayMode, showLegend } = options.legend;
  const legend = showLegend !== false && (
    <VizLayout.Legend placement={placement} width={options.legend.width}>
      <VizLegend placement={placement} items={items} displayMode={displayMode} />
    </VizLayout.Legend>
  );
  return (
    <VizLayout width={width} height={height} legend={legend || null}>
      {(w, h) => {
        const radius = Math.min(w, h) / 2 - 4;
        const hole = options.pieType === 'donut' ? radius * 0.6 : 0;
        const middleOf = hole ? (radius + hole) / 2 : radius * 0.65;
        let turn = 0;
        return (
          <svg width={w} height={h}>
            {parts.map(({ display }, index) => {
              const [from, to] = [turn, turn + ((Math.PI * 2 * display.numeric) / total) * 0.99999];
              turn = to;
              const label = options.displayLabels
                .map(
                  (kind) =>
                    ({
                      name: display.title,
                      value: formattedValueToString(display),
                      percent: percent(display.numeric / total),
                    })[kind],
                )
                .join(' ');
              const middle = (from + to) / 2;
              return (
                <g key={index}>
                  <path
                    d={slice(w / 2, h / 2, radius, hole, from, to)}
                    fill={display.color}
                    stroke={theme.colors.background.primary}
                  />
                  {to - from > 0.3 && (
                    <text
                      x={w / 2 + middleOf * Math.sin(middle)}
                      y={h / 2 - middleOf * Math.cos(middle)}
                      fill={theme.colors.getContrastText(display.color)}
                      fontSize={12}
                      textAnchor="middle"
                      dominantBaseline="central"
                    >
                      {label}
                    </text>
                  )}
                </g>
              );
            })}
          </svg>
        );
      }}
    </VizLayout>
  );
}
