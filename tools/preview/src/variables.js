// The values of a dashboard's variables: from the command line, from the dashboard, or from Prometheus.
import { ask, instantQuery } from './prometheus.js';
import { ALL, interpolator } from './interpolate.js';

const CALL = /^\s*(label_values|label_names|metrics|query_result)\s*\(\s*([\s\S]*?)\s*\)\s*;?\s*$/;
const natural = (a, b) => a.localeCompare(b, undefined, { numeric: true, sensitivity: 'base' });
const byNumber = (a, b) => Number(/\d+/.exec(a)?.[0] ?? -1) - Number(/\d+/.exec(b)?.[0] ?? -1);
const SORTS = {
  1: [natural],
  2: [natural, -1],
  3: [byNumber],
  4: [byNumber, -1],
  5: [natural],
  6: [natural, -1],
  7: [natural],
  8: [natural, -1],
};

/** The texts a query variable finds, before its regex. */
async function found(text, range) {
  const [, call, inside = ''] = CALL.exec(text) ?? [];
  const span = [
    ['start', range.from.valueOf() / 1000],
    ['end', range.to.valueOf() / 1000],
  ];
  if (call === 'label_values') {
    const [, selector, label] = /^(?:([\s\S]+),\s*)?(\w+)$/.exec(inside) ?? [];
    if (!label) throw new Error(`cannot read ${text}`);
    return ask(`label/${label}/values`, [['match[]', selector], ...span]);
  }
  if (call === 'label_names') return ask('labels', span);
  if (call === 'metrics') {
    return (await ask('label/__name__/values', span)).filter((name) => new RegExp(inside).test(name));
  }
  const expr = call === 'query_result' ? inside : text;
  return (await instantQuery(expr, range)).map(({ metric, times, values }) => {
    const { __name__: name = '', ...labels } = metric;
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return `${name}{${pairs.join(',')}} ${values[0]} ${times[0]}`;
  });
}

function throughRegex(texts, regex) {
  if (!regex) return texts.map((text) => ({ text, value: text }));
  const [, body, flags] = /^\/(.*)\/([a-z]*)$/s.exec(regex) ?? [null, regex, ''];
  const pattern = new RegExp(body, flags.replace('g', ''));
  return texts.flatMap((text) => {
    const match = pattern.exec(text);
    if (!match) return [];
    const value = match.groups?.value ?? match.groups?.text ?? match[1] ?? match[0];
    return [{ text: match.groups?.text ?? value, value }];
  });
}

async function optionsOf(variable, replace, range) {
  if (variable.type === 'query') {
    const query = typeof variable.query === 'string' ? variable.query : (variable.query.query ?? variable.definition);
    const options = throughRegex(await found(replace(query, {}, 'promql'), range), replace(variable.regex));
    const unique = [...new Map(options.map((option) => [option.value, option])).values()];
    const [order, sign = 1] = SORTS[variable.sort] ?? [];
    return order ? unique.sort((a, b) => sign * order(a.text, b.text)) : unique;
  }
  if (variable.type === 'custom' || variable.type === 'interval') {
    return variable.query.split(/(?<!\\),/).map((part) => {
      const [, text, value] = /^\s*(.+?)\s+:\s+(.+?)\s*$/.exec(part) ?? [null, part.trim(), part.trim()];
      return { text, value };
    });
  }
  if (variable.type === 'datasource') return [{ text: 'Prometheus', value: 'prometheus' }];
  return [{ text: variable.query ?? '', value: variable.query ?? '' }];
}

function chosen(variable, options, wanted) {
  const all = variable.includeAll;
  if (wanted) return wanted;
  const current = [variable.current?.value ?? []].flat().filter((value) => value !== '');
  if (current.includes(ALL) && all) return [ALL];
  const known = current.filter((value) => options.some((option) => option.value === value));
  if (known.length) return known;
  if (all) return [ALL];
  return options.slice(0, 1).map(({ value }) => value);
}

/** name -> {value, text, ...}, each variable asked after those before it. `wanted` maps names to lists of values. */
export async function resolveVariables(definitions, wanted, range, fault) {
  const variables = new Map();
  const replace = interpolator(variables, { __range_s: Math.round((range.to - range.from) / 1000) });
  for (const variable of definitions) {
    if (variable.type === 'adhoc') continue;
    let options = [];
    try {
      options = await optionsOf(variable, replace, range);
    } catch (error) {
      fault(`variable ${variable.name}`, error.message);
    }
    const values = chosen(variable, options, variable.type === 'datasource' ? undefined : wanted[variable.name]);
    const isAll = values.includes(ALL);
    const picked = isAll ? options.map(({ value }) => value) : values;
    const textOf = (value) => options.find((option) => option.value === value)?.text ?? value;
    variables.set(variable.name, {
      isAll,
      value: variable.multi || isAll ? picked : (picked[0] ?? ''),
      text: isAll ? 'All' : values.map(textOf).join(' + '),
      labels: isAll ? ['All'] : values.map(textOf),
      label: variable.label || variable.name,
      hide: variable.hide ?? 0,
      multi: Boolean(variable.multi),
      includeAll: Boolean(variable.includeAll),
      allValue: variable.allValue || undefined,
    });
  }
  return variables;
}
