// The reduced values of stat, gauge, bar gauge and pie chart.
import { getFieldDisplayValues } from '@grafana/data';

export function displayValues({ fieldConfig, options, replaceVariables, theme, data, timeZone }, more = {}) {
  return getFieldDisplayValues({
    fieldConfig,
    reduceOptions: options.reduceOptions,
    replaceVariables,
    theme,
    data: data.series,
    timeZone,
    ...more,
  });
}
