import { getDisplayValueAlignmentFactors } from '@grafana/data';
import { BarGauge, VizRepeater } from '@grafana/ui';
import { displayValues } from './values.js';

export function BarGaugePanel(props) {
  const { options, width, height, theme, data } = props;
  const lcd = options.displayMode === 'lcd';
  const manual = options.sizing === 'manual';
  const draw = ({ value, width: w, height: h, count, alignmentFactors, orientation }) => (
    <BarGauge
      value={value.display}
      width={w}
      height={h}
      orientation={orientation}
      field={value.field}
      text={options.text}
      display={value.view?.getFieldDisplayProcessor(value.colIndex)}
      theme={theme}
      itemSpacing={lcd ? 2 : 10}
      lcdCellWidth={12}
      displayMode={options.displayMode}
      alignmentFactors={count > 1 ? alignmentFactors : undefined}
      showUnfilled={options.showUnfilled}
      valueDisplayMode={options.valueMode}
      namePlacement={options.namePlacement}
    />
  );
  return (
    <VizRepeater
      getValues={() => displayValues(props)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={draw}
      width={width}
      height={height}
      source={data}
      itemSpacing={lcd ? 2 : 10}
      renderCounter={0}
      orientation={options.orientation}
      minVizWidth={manual ? options.minVizWidth : 8}
      minVizHeight={manual ? options.minVizHeight : 16}
      maxVizHeight={manual ? options.maxVizHeight : 300}
    />
  );
}
