// Grafana's transformations: those of @grafana/data, and the few of Grafana's core in their documented meaning.
import {
  FieldType,
  fieldMatchers,
  getFieldDisplayName,
  reduceField,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { set } from 'lodash';
import { firstValueFrom, map } from 'rxjs';

const operator = (id, change) => ({
  id,
  name: id,
  operator: (options) => (source) => source.pipe(map((frames) => change(frames, options))),
});

function applyConfig(config, key, value, argument) {
  if (key === 'threshold1') {
    const color = argument?.threshold?.color ?? 'red';
    const steps = config.thresholds?.steps ?? [{ value: -Infinity, color: 'green' }];
    config.thresholds = { mode: 'absolute', steps: [...steps, { value, color }].sort((a, b) => a.value - b.value) };
  } else if (key === 'color') config.color = { mode: 'fixed', fixedColor: value };
  else set(config, key, value);
}

const CONFIG_KEYS = new Set(['min', 'max', 'unit', 'decimals', 'displayName', 'color', 'threshold1', 'noValue']);

// "Config from query results": one query's values become the settings of the other queries' fields.
const configFromData = operator('configFromData', (frames, { configRefId = 'config', mappings = [], applyTo }) => {
  const source = frames.find((frame) => frame.refId === configRefId);
  if (!source) return frames;
  const matches = applyTo
    ? fieldMatchers.get(applyTo.id).get(applyTo.options)
    : (field) => field.type === FieldType.number;
  const settings = source.fields.flatMap((field) => {
    const name = getFieldDisplayName(field, source, frames);
    const mapping = mappings.find(({ fieldName }) => fieldName === name || fieldName === field.name);
    const key = mapping?.handlerKey ?? (CONFIG_KEYS.has(name) ? name : undefined);
    if (!key || key === '__ignore') return [];
    const reducer = mapping?.reducerId ?? 'lastNotNull';
    return [[key, reduceField({ field, reducers: [reducer] })[reducer], mapping?.handlerArguments]];
  });
  return frames
    .filter((frame) => frame !== source)
    .map((frame) => ({
      ...frame,
      fields: frame.fields.map((field) => {
        if (field.type === FieldType.time || !matches(field, frame, frames)) return field;
        const config = { ...field.config };
        for (const setting of settings) applyConfig(config, ...setting);
        return { ...field, config };
      }),
    }));
});

// "Rows to fields": each row becomes a field, named by one column and valued by another.
const rowsToFields = operator('rowsToFields', (frames, { mappings = [] }) =>
  frames.map((frame) => {
    const by = (key) => {
      const mapping = mappings.find(({ handlerKey }) => handlerKey === key);
      return mapping && frame.fields.find((field) => getFieldDisplayName(field, frame) === mapping.fieldName);
    };
    const names = by('field.name') ?? frame.fields.find(({ type }) => type === FieldType.string);
    const values = by('field.value') ?? frame.fields.find(({ type }) => type === FieldType.number);
    if (!names || !values) return frame;
    const others = frame.fields.filter(
      (field) => field !== names && field !== values && field.type === FieldType.string,
    );
    return {
      ...frame,
      length: 1,
      fields: names.values.map((name, row) => ({
        name: String(name),
        type: values.type,
        config: { ...values.config },
        values: [values.values[row]],
        labels: Object.fromEntries(others.map((field) => [field.name, String(field.values[row])])),
      })),
    };
  }),
);

// "Time series to table": a row per series, with its labels and the series itself as a small graph.
const timeSeriesTable = operator('timeSeriesTable', (frames, options) => {
  const refIds = [...new Set(frames.map(({ refId }) => refId))];
  return refIds.map((refId) => {
    const series = frames.filter((frame) => frame.refId === refId);
    const numbers = series.map((frame) => frame.fields.find(({ type }) => type === FieldType.number));
    const labels = [...new Set(numbers.flatMap((field) => Object.keys(field.labels ?? {})))];
    const stat = options[refId]?.stat ?? 'lastNotNull';
    const trends = series.map((frame, at) => ({
      ...frame,
      value: reduceField({ field: numbers[at], reducers: [stat] })[stat],
    }));
    return {
      refId,
      length: series.length,
      fields: [
        ...labels.map((label) => ({
          name: label,
          type: FieldType.string,
          config: {},
          values: numbers.map((field) => field.labels?.[label]),
        })),
        { name: refIds.length > 1 ? `Trend #${refId}` : 'Trend', type: FieldType.frame, config: {}, values: trends },
      ],
    };
  });
});

// "Partition by values": a frame per combination of values of some columns.
const partitionByValues = operator('partitionByValues', (frames, { fields: names = [], keepFields = false }) =>
  frames.flatMap((frame) => {
    const keys = names
      .map((name) => frame.fields.find((field) => getFieldDisplayName(field, frame) === name))
      .filter(Boolean);
    if (!keys.length) return [frame];
    const groups = new Map();
    for (let row = 0; row < frame.length; row += 1) {
      const key = keys.map((field) => field.values[row]);
      const name = key.join(' ');
      groups.set(name, { key, rows: [...(groups.get(name)?.rows ?? []), row] });
    }
    return [...groups].map(([name, { key, rows }]) => ({
      ...frame,
      name,
      length: rows.length,
      fields: frame.fields
        .filter((field) => keepFields || !keys.includes(field))
        .map((field) => ({
          ...field,
          values: rows.map((row) => field.values[row]),
          labels:
            field.type === FieldType.number
              ? Object.fromEntries(keys.map((each, at) => [each.name, String(key[at])]))
              : field.labels,
        })),
    }));
  }),
);

const KNOWN = [
  ...new Set(Object.values(standardTransformers)),
  configFromData,
  rowsToFields,
  timeSeriesTable,
  partitionByValues,
];
// Older dashboards know this transformation by another name.
const byOldName = { ...standardTransformers.joinByFieldTransformer, id: 'seriesToColumns' };

standardTransformersRegistry.setInit(() =>
  [...KNOWN, byOldName].map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation: async () => transformation,
  })),
);

/** The frames after a panel's transformations; raises at a transformation that is not known. */
export function transform(configs, frames, interpolate) {
  for (const { id, disabled } of configs) {
    if (!disabled && !standardTransformersRegistry.getIfExists(id))
      throw new Error(`transformation ${id} is not drawn`);
  }
  return firstValueFrom(transformDataFrame(configs, frames, { interpolate }));
}
