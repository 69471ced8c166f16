// Variables inside queries, titles and links: $name, ${name}, ${name:format}, ${__data.fields.X}, [[name]].
import { formattedValueToString, getFieldDisplayName } from '@grafana/data';
import { get } from 'lodash';

const PATTERN = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:}]+))?(?::([^}]+))?\}/g;
export const ALL = '$__all';

const list = (value) => (Array.isArray(value) ? value : [value]);
const regexEscape = (value) => value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&');
// A backslash inside a quoted PromQL string has to be doubled.
const promqlRegexEscape = (value) => value.replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&');
const promqlEscape = (value) => value.replace(/\\/g, '\\\\').replace(/"/g, '\\"');
const alternatives = (values) => (values.length === 1 ? values[0] : `(${values.join('|')})`);

const FORMATS = {
  csv: (value) => list(value).join(','),
  doublequote: (value) =>
    list(value)
      .map((one) => `"${one}"`)
      .join(','),
  glob: (value) => (list(value).length > 1 ? `{${list(value).join(',')}}` : list(value)[0]),
  json: (value) => JSON.stringify(value),
  percentencode: (value) => encodeURIComponent(list(value).join(',')),
  pipe: (value) => list(value).join('|'),
  queryparam: (value, name) =>
    list(value)
      .map((one) => `var-${name}=${encodeURIComponent(one)}`)
      .join('&'),
  raw: (value) => list(value).join(','),
  regex: (value) => alternatives(list(value).map(regexEscape)),
  singlequote: (value) =>
    list(value)
      .map((one) => `'${one}'`)
      .join(','),
};

/** The value as Grafana's Prometheus data source writes it into a query. */
function forPromql(value, variable) {
  if (variable.isAll && variable.allValue) return variable.allValue;
  if (!variable.multi && !variable.includeAll) return promqlEscape(String(value));
  return alternatives(list(value).map(promqlRegexEscape));
}

/** ${__data...}, ${__field...}, ${__series...} and ${__value...}, from the field a link or a name belongs to. */
function fromDataContext(name, path, scope) {
  const context = scope?.__dataContext?.value;
  if (!context) return undefined;
  const { field, frame, data, rowIndex, calculatedValue } = context;
  const shown = (of, index) =>
    formattedValueToString(of.display ? of.display(of.values[index]) : { text: String(of.values[index]) });
  if (name === '__series') return frame.name ?? '';
  if (name === '__field') {
    if (path?.startsWith('labels')) return String(get(field, path.replace(/\["?(.*?)"?\]/g, '.$1')) ?? '');
    return getFieldDisplayName(field, frame, data);
  }
  if (name === '__value') {
    const value =
      calculatedValue ?? (field.display ? field.display(field.values[rowIndex]) : { text: field.values[rowIndex] });
    return path === 'raw' ? String(field.values[rowIndex] ?? value.numeric) : formattedValueToString(value);
  }
  const wanted = /^fields\.?\[?"?([^"\]]+)"?\]?$/.exec(path ?? '')?.[1];
  if (name !== '__data' || wanted === undefined) return undefined;
  const found = frame.fields.find((each, at) =>
    [each.name, getFieldDisplayName(each, frame, data), String(at)].includes(wanted),
  );
  return found && shown(found, rowIndex);
}

/** A function that replaces variables in a text; `variables` maps names to what resolveVariables gives. */
export function interpolator(variables, builtIns = {}) {
  return function replace(text, scope, format) {
    if (typeof text !== 'string' || !/[$[]/.test(text)) return text;
    return text.replace(PATTERN, (match, plain, square, squareFormat, braced, path, bracedFormat) => {
      const name = plain ?? square ?? braced;
      const how = squareFormat ?? bracedFormat ?? format;
      if (scope?.[name] !== undefined) return String(get(scope[name].value, path ?? [], scope[name].value));
      if (builtIns[name] !== undefined) return String(builtIns[name]);
      const fromData = name.startsWith('__') ? fromDataContext(name, path, scope) : undefined;
      if (fromData !== undefined) return fromData;
      const variable = variables.get(name);
      if (!variable) return match;
      if (how === 'promql') return forPromql(variable.value, variable);
      if (how === 'text') return variable.text;
      const value = variable.isAll && variable.allValue ? variable.allValue : variable.value;
      return (FORMATS[how] ?? FORMATS.glob)(value, name);
    });
  };
}
