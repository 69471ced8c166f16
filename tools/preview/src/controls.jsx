// The row above the panels: title, variables, annotations, links, time.
import { css } from '@emotion/css';
import { rangeUtil } from '@grafana/data';
import { ButtonGroup, Icon, InlineSwitch, MultiSelect, Select, Text, ToolbarButton, useStyles2 } from '@grafana/ui';

const styles = (theme) => ({
  row: css({ display: 'flex', gap: theme.spacing(1), alignItems: 'flex-start', padding: theme.spacing(1, 0, 2) }),
  left: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), flex: 1 }),
  title: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(1), height: 40 }),
  pair: css({ display: 'flex', '> :last-child': { borderTopLeftRadius: 0, borderBottomLeftRadius: 0 } }),
  label: css({
    display: 'flex',
    alignItems: 'center',
    height: theme.spacing(theme.components.height.md),
    padding: theme.spacing(0, 1),
    background: theme.colors.background.primary,
    border: `1px solid ${theme.components.input.borderColor}`,
    marginRight: -1,
    borderRadius: theme.shape.radius.default,
    borderTopRightRadius: 0,
    borderBottomRightRadius: 0,
    fontSize: theme.typography.bodySmall.fontSize,
    fontWeight: theme.typography.fontWeightMedium,
    whiteSpace: 'nowrap',
  }),
  right: css({ display: 'flex', gap: theme.spacing(1) }),
});

function Picker({ variable, className }) {
  const options = variable.labels.map((label) => ({ label, value: label }));
  const common = { options, onChange: () => {}, width: 'auto', className };
  return variable.multi ? (
    <MultiSelect {...common} value={options} noMultiValueWrap maxVisibleValues={5} isClearable={false} />
  ) : (
    <Select {...common} value={options[0]} />
  );
}

export function Controls({ dashboard, variables, range, timeZone }) {
  const style = useStyles2(styles);
  const annotations = (dashboard.annotations?.list ?? []).filter(({ hide, builtIn }) => !hide && !builtIn);
  return (
    <>
      <div className={style.title}>
        <Icon name="apps" />
        <Text element="h1" variant="h4">
          {dashboard.title}
        </Text>
      </div>
      <div className={style.row}>
        <div className={style.left}>
          {[...variables]
            .filter(([, { hide }]) => hide !== 2)
            .map(([name, variable]) => (
              <div key={name} className={style.pair}>
                {variable.hide !== 1 && <span className={style.label}>{variable.label}</span>}
                <Picker variable={variable} />
              </div>
            ))}
          {annotations.map(({ name, enable }) => (
            <div key={name} className={style.pair}>
              <span className={style.label}>{name}</span>
              <InlineSwitch value={enable} onChange={() => {}} />
            </div>
          ))}
        </div>
        <div className={style.right}>
          {(dashboard.links ?? []).map((link, at) => (
            <ToolbarButton
              key={at}
              variant="canvas"
              icon={link.asDropdown ? 'bars' : 'external-link-alt'}
              isOpen={link.asDropdown ? false : undefined}
            >
              {link.title}
            </ToolbarButton>
          ))}
          <ButtonGroup>
            <ToolbarButton variant="canvas" icon="clock-nine" isOpen={false}>
              {rangeUtil.describeTimeRange(range.raw, timeZone)}
            </ToolbarButton>
            <ToolbarButton variant="canvas" icon="search-minus" />
          </ButtonGroup>
          <ButtonGroup>
            <ToolbarButton variant="canvas" icon="sync">
              Refresh
            </ToolbarButton>
            {dashboard.refresh && (
              <ToolbarButton variant="canvas" isOpen={false}>
                {dashboard.refresh}
              </ToolbarButton>
            )}
          </ButtonGroup>
        </div>
      </div>
    </>
  );
}
