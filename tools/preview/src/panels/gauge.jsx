import { formattedValueToString, getDisplayValueAlignmentFactors } from '@grafana/data';
import { VizRepeater, calculateFontSize } from '@grafana/ui';
import { displayValues } from './values.js';

const START = -120; // degrees from the top, clockwise
const SWEEP = 240;
const TITLE_HEIGHT = 24;

function point(cx, cy, radius, degrees) {
  const angle = ((degrees - 90) * Math.PI) / 180;
  return `${cx + radius * Math.cos(angle)} ${cy + radius * Math.sin(angle)}`;
}

function arc(cx, cy, radius, from, to) {
  const large = to - from > 180 ? 1 : 0;
  return `M ${point(cx, cy, radius, from)} A ${radius} ${radius} 0 ${large} 1 ${point(cx, cy, radius, to)}`;
}

function Gauge({ value, width, height, options, theme, named }) {
  const { min = 0, max = 100, thresholds } = value.field;
  const share = (number) => Math.min(1, Math.max(0, (number - min) / (max - min || 1)));
  const degrees = (number) => START + SWEEP * share(number);
  const room = height - (named ? TITLE_HEIGHT : 0);
  const radius = Math.max(10, Math.min(width / 2, room / 1.55) - 8);
  const [cx, cy] = [width / 2, radius + 6];
  const thick = radius * 0.24;
  const middle = radius - thick / 2 - 6;
  const steps = thresholds?.steps ?? [];
  const edge = (step) => (thresholds.mode === 'percentage' ? min + ((max - min) * step.value) / 100 : step.value);
  const text = formattedValueToString(value.display);
  const size = Math.min(radius * 0.5, calculateFontSize(text, (middle - thick) * 1.7, radius * 0.5, 1));
  const has = Number.isFinite(value.display.numeric);
  return (
    <div style={{ width, textAlign: 'center' }}>
      <svg width={width} height={room} fill="none">
        <path
          d={arc(cx, cy, middle, START, START + SWEEP)}
          stroke={theme.colors.background.secondary}
          strokeWidth={thick}
        />
        {has && share(value.display.numeric) > 0 && (
          <path
            d={arc(cx, cy, middle, START, degrees(value.display.numeric))}
            stroke={value.display.color}
            strokeWidth={thick}
          />
        )}
        {options.showThresholdMarkers &&
          steps.map((step, at) => {
            const from = degrees(at ? edge(step) : min);
            const to = at + 1 < steps.length ? degrees(edge(steps[at + 1])) : START + SWEEP;
            const color = theme.visualization.getColorByName(step.color);
            return to > from && <path key={at} d={arc(cx, cy, radius - 2, from, to)} stroke={color} strokeWidth={4} />;
          })}
        <text
          x={cx}
          y={cy}
          fill={value.display.color}
          fontSize={size}
          fontWeight={500}
          textAnchor="middle"
          dominantBaseline="central"
        >
          {text}
        </text>
      </svg>
      {named && <div style={{ fontSize: theme.typography.size.md, height: TITLE_HEIGHT }}>{value.display.title}</div>}
    </div>
  );
}

export function GaugePanel(props) {
  const { options, width, height, data, theme } = props;
  const draw = ({ value, width: w, height: h, count }) => (
    <Gauge value={value} width={w} height={h} options={options} theme={theme} named={count > 1} />
  );
  return (
    <VizRepeater
      getValues={() => displayValues(props)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={draw}
      width={width}
      height={height}
      source={data}
      itemSpacing={8}
      renderCounter={0}
      autoGrid
      orientation={options.orientation}
      minVizWidth={75}
      minVizHeight={75}
    />
  );
}
