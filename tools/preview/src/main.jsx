// The page that draw.mjs opens: draws one dashboard and says what went wrong.
import { ThemeContext, createTheme } from '@grafana/data';
import { GlobalStyles, Icon, PortalContainer, Text } from '@grafana/ui';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { Controls } from './controls.jsx';
import { layout, pixels } from './grid.js';
import { interpolator } from './interpolate.js';
import { Panel } from './panel.jsx';
import { PLUGINS } from './plugins.js';
import { annotationMarks, panelData } from './query.js';
import { timeRange } from './time.js';
import { resolveVariables } from './variables.js';

const MARGIN = 16;
const STILL_MS = 400; // without a change, after which a page counts as drawn
const CHROME = 18; // padding and border that PanelChrome takes from a panel's width

function Row({ panel, replace }) {
  const count = panel.panels?.length ?? 0;
  return (
    <div style={{ display: 'flex', alignItems: 'center', gap: 8, height: '100%' }}>
      <Icon name={panel.collapsed ? 'angle-right' : 'angle-down'} />
      <Text element="h2" variant="h5">
        {replace(panel.title ?? '', {}, 'text')}
      </Text>
      {panel.collapsed && (
        <Text color="secondary" variant="bodySmall">
          ({count} {count === 1 ? 'panel' : 'panels'})
        </Text>
      )}
    </div>
  );
}

function Page({ theme, children, width }) {
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PortalContainer />
      <div
        id="page"
        style={{
          width,
          padding: MARGIN,
          paddingTop: 4,
          background: theme.colors.background.canvas,
          color: theme.colors.text.primary,
        }}
      >
        {children}
      </div>
    </ThemeContext.Provider>
  );
}

/** Texts are measured before they are drawn, so the fonts that GlobalStyles names have to be there first. */
async function loadFonts() {
  const fonts = [
    '400 14px Inter',
    '500 14px Inter',
    'italic 400 14px Inter',
    'italic 500 14px Inter',
    '400 14px "Roboto Mono"',
    '500 14px "Roboto Mono"',
  ];
  await Promise.all(fonts.map((font) => document.fonts.load(font)));
}

/** Waits until the page has stood still: measured legends, loaded icons and drawn charts all change it. */
function still() {
  return new Promise((done) => {
    let timer;
    const observer = new MutationObserver(again);
    function again() {
      clearTimeout(timer);
      timer = setTimeout(() => {
        observer.disconnect();
        done();
      }, STILL_MS);
    }
    observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    again();
  });
}

/** One panel twice as large, and never wider than the page. */
function alone(panel, width) {
  const { width: own, height } = pixels(panel.gridPos, width);
  const times = Math.min(2, width / own);
  return { left: 0, top: 0, width: own * times, height: height * times };
}

/** Draws a dashboard, or one panel of it, into the page. Gives the faults as texts. */
window.draw = async function draw({ dashboard, theme: mode, width, from, to, wanted, only, expand, timeZone }) {
  const faults = [];
  const theme = createTheme({ colors: { mode } });
  const root = createRoot(document.getElementById('root'));
  flushSync(() => root.render(<Page theme={theme} width={width} />));
  await loadFonts();
  const range = timeRange(from ?? dashboard.time?.from ?? 'now-6h', to ?? dashboard.time?.to ?? 'now');
  const fault = (where, message) => faults.push(`${where}: ${message}`);
  const variables = await resolveVariables(dashboard.templating?.list ?? [], wanted, range, fault);
  const inner = width - 2 * MARGIN;
  const placed = layout(dashboard.panels, expand || only !== undefined).filter(
    ({ id }) => only === undefined || id === only,
  );
  if (!placed.length) throw new Error(only === undefined ? 'the dashboard has no panels' : `there is no panel ${only}`);
  const place = (panel) => (only === undefined ? pixels(panel.gridPos, inner) : alone(panel, inner));
  const marks = await annotationMarks(dashboard.annotations?.list ?? [], { range, variables, fault });
  const drawn = await Promise.all(
    placed.map(async (panel) => {
      if (panel.type === 'row') return { panel };
      const own = [];
      const where = `panel ${panel.id} "${panel.title}"`;
      if (!PLUGINS[panel.type]) fault(where, `panels of type ${panel.type} are not drawn`);
      const answer = await panelData(panel, {
        range,
        variables,
        width: place(panel).width - CHROME,
        fault: (message) => {
          own.push(message);
          fault(where, message);
        },
      });
      return { panel, answer, faults: own, where };
    }),
  );
  const replace = interpolator(variables);
  const height = Math.max(...placed.map((panel) => place(panel).top + place(panel).height));
  const pageWidth = only === undefined ? width : place(placed[0]).width + 2 * MARGIN;
  root.render(
    <Page theme={theme} width={pageWidth}>
      {only === undefined && <Controls dashboard={dashboard} variables={variables} range={range} timeZone={timeZone} />}
      <div style={{ position: 'relative', height, marginTop: only === undefined ? 0 : MARGIN }}>
        {drawn.map(({ panel, answer, faults: own, where }) => {
          const box = place(panel);
          return (
            <div key={panel.id} style={{ position: 'absolute', ...box }}>
              {panel.type === 'row' ? (
                <Row panel={panel} replace={replace} />
              ) : (
                <Panel
                  {...{ panel, answer, faults: own, marks, timeZone, width: box.width, height: box.height }}
                  onError={(error) => fault(where, error.message)}
                />
              )}
            </div>
          );
        })}
      </div>
    </Page>,
  );
  await still();
  return faults;
};
