import { getDisplayValueAlignmentFactors } from '@grafana/data';
import { BigValue, VizRepeater } from '@grafana/ui';
import { displayValues } from './values.js';

export function StatPanel(props) {
  const { options, fieldConfig, width, height, theme, title, data, timeRange } = props;
  const textMode =
    options.textMode === 'auto' && fieldConfig.defaults.displayName && !title ? 'value_and_name' : options.textMode;
  const values = () =>
    displayValues(props, { sparkline: options.graphMode !== 'none', percentChange: options.showPercentChange });
  const draw = ({ value, width: w, height: h, count, alignmentFactors, orientation }) => (
    <BigValue
      value={value.display}
      count={count}
      sparkline={value.sparkline && { ...value.sparkline, timeRange }}
      colorMode={options.colorMode}
      graphMode={options.graphMode}
      justifyMode={options.justifyMode}
      textMode={textMode}
      alignmentFactors={alignmentFactors}
      parentOrientation={orientation}
      text={options.text}
      width={w}
      height={h}
      theme={theme}
      hasLinks={value.hasLinks}
      percentChangeColorMode={options.percentChangeColorMode}
      disableWideLayout={!options.wideLayout}
    />
  );
  return (
    <VizRepeater
      getValues={values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={draw}
      width={width}
      height={height}
      source={data}
      itemSpacing={3}
      renderCounter={0}
      autoGrid
      orientation={options.orientation}
    />
  );
}
