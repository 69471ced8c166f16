// The panel types, each with the defaults Grafana gives to what a dashboard leaves out.
import {
  FieldType,
  PanelPlugin,
  displayNameOverrideProcessor,
  identityOverrideProcessor,
  standardFieldConfigEditorRegistry,
} from '@grafana/data';
import { BarChart } from './panels/barchart.jsx';
import { BarGaugePanel } from './panels/bargauge.jsx';
import { GaugePanel } from './panels/gauge.jsx';
import { HeatmapPanel } from './panels/heatmap.jsx';
import { PieChart } from './panels/piechart.jsx';
import { StatPanel } from './panels/stat.jsx';
import { StateTimeline } from './panels/statetimeline.jsx';
import { TablePanel } from './panels/table.jsx';
import { TextPanel } from './panels/text.jsx';
import { TimeSeriesPanel } from './panels/timeseries.jsx';

const everywhere = () => true;
const onNumbers = (field) => field.type === FieldType.number;
const offAxisX = (field) => field.type !== FieldType.time && field.type !== FieldType.string;
const option = (path, shouldApply = everywhere, defaultValue = undefined, process = identityOverrideProcessor) => ({
  id: path,
  path,
  name: path,
  editor: () => null,
  override: () => null,
  process,
  shouldApply,
  settings: {},
  defaultValue,
});

const THRESHOLDS = {
  mode: 'absolute',
  steps: [
    { value: -Infinity, color: 'green' },
    { value: 80, color: 'red' },
  ],
};

standardFieldConfigEditorRegistry.setInit(() => [
  option('displayName', everywhere, undefined, displayNameOverrideProcessor),
  option('unit'),
  option('min', onNumbers),
  option('max', onNumbers),
  option('fieldMinMax', onNumbers),
  option('decimals', onNumbers),
  option('noValue'),
  option('color', everywhere, { mode: 'thresholds' }),
  option('mappings', everywhere, []),
  option('thresholds', onNumbers, THRESHOLDS),
  option('links'),
]);

const HIDE = { hideFrom: { tooltip: false, viz: false, legend: false } };
const LINE = {
  drawStyle: 'line',
  lineInterpolation: 'linear',
  barAlignment: 0,
  barWidthFactor: 0.6,
  barMaxWidth: undefined,
  lineWidth: 1,
  fillOpacity: 0,
  gradientMode: 'none',
  fillBelowTo: undefined,
  lineStyle: undefined,
  spanNulls: false,
  insertNulls: false,
  showPoints: 'auto',
  pointSize: 5,
  lineColor: undefined,
  stacking: { mode: 'none', group: 'A' },
  transform: undefined,
  thresholdsStyle: { mode: 'off' },
  showValues: false,
};
const AXIS = {
  axisPlacement: 'auto',
  axisLabel: '',
  axisWidth: undefined,
  axisSoftMin: undefined,
  axisSoftMax: undefined,
  axisColorMode: 'text',
  axisBorderShow: false,
  axisCenteredZero: false,
  axisGridShow: undefined,
  scaleDistribution: { type: 'linear' },
};
const COLUMN = {
  width: undefined,
  minWidth: 150,
  align: 'auto',
  cellOptions: { type: 'auto' },
  inspect: false,
  filterable: false,
  wrapText: undefined,
  wrapHeaderText: undefined,
  footer: { reducers: [] },
  displayMode: undefined,
};
const LEGEND = { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] };
const REDUCE = { reduceOptions: { values: false, calcs: ['lastNotNull'], fields: '' }, orientation: 'auto' };
const PALETTE = { color: { defaultValue: { mode: 'palette-classic' } } };

function plugin(component, defaults, custom = {}, standardOptions = {}) {
  return new PanelPlugin(component).setDefaults(defaults).useFieldConfig({
    standardOptions,
    useCustomConfig: (builder) => {
      for (const [path, defaultValue] of Object.entries(custom)) {
        builder.addCustomEditor(option(path, path === 'axisLabel' ? offAxisX : everywhere, defaultValue));
      }
    },
  });
}

export const PLUGINS = {
  stat: plugin(StatPanel, {
    ...REDUCE,
    colorMode: 'value',
    graphMode: 'area',
    justifyMode: 'auto',
    textMode: 'auto',
    wideLayout: true,
    showPercentChange: false,
    percentChangeColorMode: 'standard',
  }),
  bargauge: plugin(BarGaugePanel, {
    ...REDUCE,
    displayMode: 'gradient',
    valueMode: 'color',
    namePlacement: 'auto',
    showUnfilled: true,
    sizing: 'auto',
    minVizWidth: 8,
    minVizHeight: 16,
    maxVizHeight: 300,
  }),
  gauge: plugin(GaugePanel, {
    ...REDUCE,
    showThresholdMarkers: true,
    showThresholdLabels: false,
    minVizWidth: 75,
    minVizHeight: 75,
  }),
  timeseries: plugin(TimeSeriesPanel, { legend: LEGEND }, { ...LINE, ...AXIS, ...HIDE }, PALETTE),
  table: plugin(TablePanel, { showHeader: true, cellHeight: 'sm', frameIndex: 0, sortBy: [] }, { ...COLUMN, ...HIDE }),
  heatmap: plugin(
    HeatmapPanel,
    {
      calculate: false,
      cellGap: 1,
      cellValues: {},
      filterValues: { le: 1e-9 },
      legend: { show: true },
      yAxis: { axisPlacement: 'left' },
      color: {
        mode: 'scheme',
        scheme: 'Oranges',
        fill: 'dark-orange',
        scale: 'exponential',
        reverse: false,
        exponent: 0.5,
        steps: 64,
      },
    },
    { ...HIDE, scaleDistribution: { type: 'linear' } },
  ),
  piechart: plugin(
    PieChart,
    { ...REDUCE, pieType: 'pie', displayLabels: [], legend: { ...LEGEND, values: [] } },
    HIDE,
    PALETTE,
  ),
  barchart: plugin(
    BarChart,
    {
      orientation: 'auto',
      barWidth: 0.97,
      groupWidth: 0.7,
      barRadius: 0,
      stacking: 'none',
      showValue: 'auto',
      xTickLabelRotation: 0,
      xTickLabelSpacing: 0,
      legend: LEGEND,
    },
    { ...AXIS, ...HIDE, lineWidth: 1, fillOpacity: 80, gradientMode: 'none', thresholdsStyle: { mode: 'off' } },
    PALETTE,
  ),
  'state-timeline': plugin(
    StateTimeline,
    { mergeValues: true, rowHeight: 0.9, showValue: 'auto', alignValue: 'left', legend: LEGEND },
    { ...HIDE, lineWidth: 0, fillOpacity: 70, spanNulls: false },
    { color: { defaultValue: { mode: 'continuous-GrYlRd' } } },
  ),
  text: plugin(TextPanel, { mode: 'markdown', content: '' }),
};
