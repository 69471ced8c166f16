// Draws Grafana dashboards to PNG files in headless Chromium. Usage: see README.md.
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HERE = dirname(fileURLToPath(import.meta.url));
const PAGE = 'http://preview.invalid'; // answered by this program, never by a network
const BUILT = join(HERE, 'dist');
const MODULES = join(HERE, 'node_modules');
// What Grafana's server keeps under public/: a pattern of the path, and the folder of a package that has the file.
const PUBLIC = [
  [/^\/public\/build\/img\/icons\/(.+)$/, '@grafana/ui/dist/public/img/icons/$1'],
  [/^\/public\/fonts\/inter\/(.+)$/, 'inter-ui/web/$1'],
  [/^\/public\/fonts\/roboto\/.+$/, '@fontsource/roboto-mono/files/roboto-mono-latin-400-normal.woff2'],
];
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
};
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const OPTIONS = {
  prometheus: { type: 'string', default: 'http://127.0.0.1:9090' },
  dashboard: { type: 'string', multiple: true },
  out: { type: 'string' },
  theme: { type: 'string', default: 'dark' },
  width: { type: 'string', default: '1600' },
  scale: { type: 'string', default: '1' },
  from: { type: 'string' },
  to: { type: 'string' },
  at: { type: 'string' },
  var: { type: 'string', multiple: true, default: [] },
  panel: { type: 'string' },
  expand: { type: 'boolean', default: false },
  timezone: { type: 'string', default: 'UTC' },
  chromium: { type: 'string', default: '/usr/bin/chromium' },
};

function newest(path) {
  if (!statSync(path).isDirectory()) return statSync(path).mtimeMs;
  return Math.max(...readdirSync(path).map((name) => newest(join(path, name))));
}

async function build() {
  const sources = ['src', 'index.html', 'vite.config.mjs', 'package-lock.json'].map((name) => newest(join(HERE, name)));
  if (existsSync(join(BUILT, 'index.html')) && newest(BUILT) >= Math.max(...sources)) return;
  const vite = await import('vite');
  await vite.build({ root: HERE });
}

/** --var name=value, repeated for several values, as {name: [values]}. */
function wantedVariables(pairs) {
  const wanted = {};
  for (const pair of pairs) {
    const [, name, value] = /^(\w+)=(.*)$/s.exec(pair) ?? [];
    if (!name) throw new Error(`--var ${pair}: write name=value`);
    (wanted[name] ??= []).push(value === 'All' ? '$__all' : value);
  }
  return wanted;
}

async function answer(route, prometheus) {
  const request = route.request();
  const { pathname, search } = new URL(request.url());
  if (pathname.startsWith('/prometheus/')) {
    const from = await fetch(prometheus.replace(/\/$/, '') + pathname.slice('/prometheus'.length) + search, {
      method: request.method(),
      body: request.postData() ?? undefined,
      headers: request.postData() ? { 'content-type': 'application/x-www-form-urlencoded' } : {},
    });
    return route.fulfill({ status: from.status, body: await from.text(), contentType: 'application/json' });
  }
  const [pattern, path] = PUBLIC.find(([each]) => each.test(pathname)) ?? [];
  const file = pattern
    ? join(MODULES, pathname.replace(pattern, path))
    : join(BUILT, pathname === '/' ? 'index.html' : pathname);
  if (!existsSync(file)) return route.fulfill({ status: 404, body: pathname });
  return route.fulfill({ body: readFileSync(file), contentType: TYPES[extname(file)] ?? 'application/octet-stream' });
}

async function draw(browser, file, out, options) {
  const context = await browser.newContext({
    viewport: { width: Number(options.width), height: 900 },
    deviceScaleFactor: Number(options.scale),
    timezoneId: options.timezone,
    reducedMotion: 'reduce',
    serviceWorkers: 'block',
  });
  const page = await context.newPage();
  const logged = [];
  page.on('pageerror', (error) => logged.push(`page: ${error.message}`));
  page.on('console', (message) => {
    const { url } = message.location();
    // A query that fails is named with its panel.
    if (message.type() === 'error' && !url.startsWith(`${PAGE}/prometheus/`))
      logged.push(`page: ${message.text()} ${url}`);
  });
  await page.route('**/*', (route) =>
    answer(route, options.prometheus).catch((error) =>
      route.fulfill({
        status: 502,
        body: `cannot reach ${options.prometheus}: ${error.cause?.message ?? error.message}`,
      }),
    ),
  );
  if (options.at) await page.clock.setFixedTime(new Date(options.at));
  await page.goto(`${PAGE}/`);
  const faults = await page.evaluate((request) => window.draw(request), {
    dashboard: JSON.parse(readFileSync(file, 'utf8')),
    theme: options.theme,
    width: Number(options.width),
    from: options.from,
    to: options.to,
    wanted: wantedVariables(options.var),
    only: options.panel && Number(options.panel),
    expand: options.expand,
    timeZone: options.timezone,
  });
  const { width, height } = await page.locator('#page').boundingBox();
  await page.setViewportSize({ width: Number(options.width), height: Math.ceil(height) });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  mkdirSync(dirname(resolve(out)), { recursive: true });
  await page.screenshot({ path: out, clip: { x: 0, y: 0, width: Math.ceil(width), height: Math.ceil(height) } });
  await context.close();
  return [...faults, ...logged];
}

async function main() {
  const { values: options } = parseArgs({ options: OPTIONS });
  if (!options.dashboard?.length || !options.out)
    throw new Error('usage: draw.mjs --dashboard FILE --out FILE.png (or a folder for several)');
  await build();
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath: options.chromium, headless: true, args: FLAGS });
  const folder = options.dashboard.length > 1 || !options.out.endsWith('.png');
  let failed = false;
  try {
    for (const file of options.dashboard) {
      const out = folder ? join(options.out, `${basename(file, '.json')}.png`) : options.out;
      const faults = await draw(browser, file, out, options);
      console.log(`${out}${faults.length ? `: ${faults.length} faults` : ''}`);
      for (const fault of faults) console.error(`${basename(file)}: ${fault}`);
      failed ||= faults.length > 0;
    }
  } finally {
    await browser.close();
  }
  process.exitCode = failed ? 1 : 0;
}

main().catch((error) => {
  console.error(error.message.split('\n')[0].replace(/^page\.evaluate: (Error: )?/, ''));
  process.exitCode = 2;
});
