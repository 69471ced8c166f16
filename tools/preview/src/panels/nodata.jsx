import { css } from '@emotion/css';
import { useStyles2 } from '@grafana/ui';

const styles = (theme) =>
  css({
    display: 'flex',
    height: '100%',
    width: '100%',
    alignItems: 'center',
    justifyContent: 'center',
    textAlign: 'center',
    color: theme.colors.text.secondary,
    fontSize: theme.typography.size.lg,
    padding: theme.spacing(0, 1),
  });

/** What Grafana says in a panel without data. */
export function NoData({ fieldConfig }) {
  return <div className={useStyles2(styles)}>{fieldConfig.defaults.noValue ?? 'No data'}</div>;
}
