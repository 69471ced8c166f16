// One panel: its frame, and inside it what its type draws.
import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  getPanelOptionsWithDefaults,
  rangeUtil,
  renderMarkdown,
} from '@grafana/data';
import { ErrorBoundary, Icon, PanelChrome, useTheme2 } from '@grafana/ui';
import { cloneDeep } from 'lodash';
import { useMemo } from 'react';
import { PLUGINS } from './plugins.js';

/** Grafana of today calls a hidden column hideFrom.viz. */
function withHiddenColumns(fieldConfig) {
  const config = cloneDeep(fieldConfig ?? { defaults: {}, overrides: [] });
  for (const { properties } of config.overrides ?? []) {
    for (const property of properties) {
      if (property.id !== 'custom.hidden') continue;
      property.id = 'custom.hideFrom';
      property.value = { viz: property.value, legend: false, tooltip: false };
    }
  }
  return config;
}

function Content({ panel, answer, width, height, timeZone, marks, onError }) {
  const theme = useTheme2();
  const plugin = PLUGINS[panel.type];
  const props = useMemo(() => {
    const { options, fieldConfig } = getPanelOptionsWithDefaults({
      plugin,
      currentOptions: panel.options,
      currentFieldConfig: withHiddenColumns(panel.fieldConfig),
      isAfterPluginChange: false,
    });
    const series = applyFieldOverrides({
      data: answer.series,
      fieldConfig,
      fieldConfigRegistry: plugin.fieldConfigRegistry,
      replaceVariables: answer.replace,
      theme,
      timeZone,
    });
    cacheFieldDisplayNames(series);
    return { options, fieldConfig, data: { series, state: 'Done', timeRange: answer.range } };
  }, [panel, answer, plugin, theme, timeZone]);
  const Drawn = plugin.panel;
  return (
    <ErrorBoundary onError={onError}>
      {({ error }) =>
        error ? (
          <pre>{error.message}</pre>
        ) : (
          <Drawn
            {...props}
            id={panel.id}
            title={panel.title}
            width={width}
            height={height}
            timeRange={answer.range}
            timeZone={timeZone}
            replaceVariables={answer.replace}
            theme={theme}
            marks={marks}
          />
        )
      }
    </ErrorBoundary>
  );
}

export function Panel({ panel, answer, width, height, timeZone, marks, faults, onError }) {
  const replace = answer.replace;
  const items = (
    <>
      {panel.links?.length > 0 && (
        <span style={{ padding: '0 8px', opacity: 0.7 }}>
          <Icon name="external-link-alt" />
        </span>
      )}
      {panel.timeFrom && !panel.hideTimeOverride && (
        <span style={{ padding: '0 8px', fontSize: 12 }}>
          <Icon name="clock-nine" size="sm" /> {rangeUtil.describeTextRange(panel.timeFrom).display}
        </span>
      )}
    </>
  );
  return (
    <PanelChrome
      width={width}
      height={height}
      title={replace(panel.title ?? '', {}, 'text')}
      description={panel.description ? renderMarkdown(replace(panel.description, {}, 'text')) : ''}
      displayMode={panel.transparent ? 'transparent' : 'default'}
      titleItems={items}
      hoverHeader={!panel.title}
      statusMessage={faults.length ? faults.join('\n') : undefined}
    >
      {(innerWidth, innerHeight) =>
        PLUGINS[panel.type] ? (
          <Content {...{ panel, answer, width: innerWidth, height: innerHeight, timeZone, marks, onError }} />
        ) : (
          <pre>{panel.type} is not drawn</pre>
        )
      }
    </PanelChrome>
  );
}
