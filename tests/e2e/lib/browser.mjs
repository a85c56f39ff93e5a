// Debian's Chromium under playwright-core (its headless shell, which does a third less work, or the whole browser), and what every page must pass.
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { assert } from './test.mjs';
import { root, work } from './server.mjs';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const executablePath = process.env.CHROMIUM ?? ['/usr/lib/chromium/chromium-headless-shell', '/usr/bin/chromium'].find((f) => existsSync(f));
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'];

export const widths = [360, 768, 1440];
export const shotsDir = path.join(root, 'build/shots');

let launched;

async function browser() {
  launched ??= chromium.launchPersistentContext(mkdtempSync(path.join(work, 'chromium-')), { executablePath, args, headless: true });
  return (await launched).browser() ?? (await launched);
}

export async function closeBrowser() {
  if (launched) await (await launched).close();
  launched = undefined;
}

// A visitor of its own: { page, context }. script: false switches JavaScript off.
export async function visitor(server, { width = 360, height = 800, script = true, locale = 'zh-CN', ...more } = {}) {
  const b = await browser();
  const context = await b.newContext({ baseURL: server.url, viewport: { width, height }, javaScriptEnabled: script, locale, ...more });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  let answered = '';
  page.problems = [];
  page.script = script;
  page.on('response', (r) => { if (r.request().isNavigationRequest()) answered = r.url(); });
  // Chromium calls it an error too when the page itself answers 404: that one is meant
  page.on('console', (m) => {
    const own = /Failed to load resource/.test(m.text()) && [page.url(), answered].includes(m.location().url);
    if (m.type() === 'error' && !own) page.problems.push(m.text());
  });
  page.on('pageerror', (e) => page.problems.push(String(e)));
  return { page, context };
}

export async function login(page, user, password) {
  await page.goto('/login');
  await page.fill('#login', user);
  await page.fill('#password', password);
  await page.locator('form[action="/login"] button').click();
}

// Screenshots at the three widths, whole page, in build/shots/NAME-WIDTH.png. They are for people to look at: a run of all files leaves them out
// (run.mjs).
export async function screenshot(page, name) {
  if (process.env.E2E_SHOTS === '0') return;
  mkdirSync(shotsDir, { recursive: true });
  const before = page.viewportSize();
  for (const width of widths) {
    await page.setViewportSize({ width, height: width === 360 ? 740 : 900 });
    await page.screenshot({ path: path.join(shotsDir, `${name}-${width}.png`), fullPage: true });
  }
  if (before) await page.setViewportSize(before);
}

// axe needs timers, which a page without script does not have: the same document is looked at in a page that has them.
async function withScript(page, look) {
  const twin = await page.context().browser().newContext({ viewport: page.viewportSize(), storageState: await page.context().storageState() });
  const copy = await twin.newPage();
  const body = (await page.content()).replace(/<script\b[\s\S]*?<\/script>/g, '');
  try {
    await copy.route(page.url(), (r) => r.fulfill({ contentType: 'text/html; charset=utf-8', body }));
    await copy.goto(page.url());
    await look(copy);
  } finally {
    await twin.close();
  }
}

// No violation of WCAG 2.1 A and AA (or of best practice), in the state the page is in.
export async function axe(page) {
  if (page.script === false) {
    await withScript(page, axe);
    return;
  }
  // no more than one example of what passes is written down: on a long page that is most of the work
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => globalThis.axe.run(document, {
    resultTypes: ['violations'],
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  const found = result.violations.flatMap((v) => v.nodes.map((n) =>
    `${v.id} (${v.impact}): ${v.help}\n    ${n.html.slice(0, 160)}\n    ${(n.failureSummary ?? '').split('\n').join('\n    ')}`));
  assert.equal(found.length, 0, `${page.url()}: ${found.length} accessibility violations\n  ${found.join('\n  ')}`);
  assert.ok(result.passes.length > 5, `${page.url()}: axe looked at nothing`);
}

// Nothing reaches over the right border at 360 px.
export async function fits(page, width = 360) {
  const before = page.viewportSize();
  await page.setViewportSize({ width, height: 740 });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (before) await page.setViewportSize(before);
  assert.ok(over <= 0, `${page.url()}: ${over} px too wide at ${width} px`);
}

// Presses TAB until the focused element matches; fails when the way is longer than `most` or focus is invisible.
export async function tabTo(page, selector, most = 60) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    const state = await page.evaluate((s) => {
      const e = document.activeElement;
      const style = getComputedStyle(e);
      const seen = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
      return { here: e.matches(s), seen, what: e.outerHTML.slice(0, 120) };
    }, selector);
    assert.ok(state.seen, `focus cannot be seen on ${state.what}`);
    if (state.here) return;
  }
  assert.fail(`${selector} was not reached with ${most} TABs on ${page.url()}`);
}

// axe, width and no script error: what each page a scenario comes by must pass.
export async function sound(page) {
  await axe(page);
  await fits(page);
  assert.deepEqual(page.problems, [], `${page.url()}: errors in the console`);
}
