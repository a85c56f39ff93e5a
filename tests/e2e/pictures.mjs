// make pictures: docs/img/NAME-WIDTH.png anew, the pages of the README and docs/looks.md with the demonstration data. The telephone's at 360 px,
// the desk's at 1440, the wall at 1920. Looking at them is the reader's part.
import path from 'node:path';
import { closeBrowser, login, visitor } from './lib/browser.mjs';
import { closed, password, report, town } from './lib/desk.mjs';
import { root, world } from './lib/server.mjs';

const server = await world({ env: { GONGZHI_LIMIT_POSTS: '0' } });
const size = { 360: 740, 1440: 900, 1920: 1080 };
const done = [];

async function draw(page, name, width, { whole = true, wait = 0 } = {}) {
  await page.setViewportSize({ width, height: size[width] });
  if (wait) await page.waitForTimeout(wait);
  await page.screenshot({ path: path.join(root, `docs/img/${name}-${width}.png`), fullPage: whole });
  done.push(`${name}-${width}`);
}

// ---- residents ----
const { code } = await closed(server);
const fresh = await report(server, { what: '石门小学后门的垃圾没人清运，已经三天了' });
const guest = (await visitor(server)).page;
const pages = [['town', `/t/${town}`], ['report', `/t/${town}/report`], ['status', `/r/${code}/status`], ['open', `/t/${town}/open?days=365`]];
for (const [name, address] of pages) {
  await guest.goto(address);
  for (const width of [360, 1440]) await draw(guest, name, width);
}
await guest.goto(`/r/${fresh}`);
await draw(guest, 'receipt', 360);
await guest.goto(`/t/${town}/nearby`);
await draw(guest, 'nearby', 360);
await guest.goto('/login');
await draw(guest, 'login', 360);
const old = (await visitor(server)).page;
await old.goto(`/t/${town}/report?elder=1`);
await draw(old, 'elder', 360);

// ---- the desk ----
const desk = (await visitor(server, { width: 1440, height: 900 })).page;
desk.setDefaultTimeout(60_000);
await login(desk, 'dispatcher', password(server, 'dispatcher'));
await desk.goto('/inbox');
for (const width of [360, 1440]) await draw(desk, 'inbox', width, { whole: width === 360 });
await desk.goto('/cases');
await draw(desk, 'cases', 1440);
await desk.goto('/inbox');
const first = await desk.locator('a[href^="/cases/"]', { hasText: '石门小学' }).first().getAttribute('href');
await desk.goto(first);
for (const width of [360, 1440]) await draw(desk, 'matter', width);
await desk.setViewportSize({ width: 1440, height: 900 });
await desk.goto('/map');
await draw(desk, 'map', 1440, { whole: false, wait: 4000 });
await desk.setViewportSize({ width: 1920, height: 1080 });
await desk.goto('/wall');
await desk.waitForSelector('#wall[data-line="live"]');
await draw(desk, 'wall', 1920, { whole: false, wait: 4000 });

await closeBrowser();
await server.stop();
console.log(`${done.length} pictures in docs/img/`);
process.exit(0);
