// make soak: the wall through a week in a few minutes. The clock of the server and of the browser runs a day in SOAK_DAY_SECONDS (60); reports
// come in all the time, the server is restarted every third day and the line is cut every second one, the machine "sleeps" once. After each
// day the wall must show what the server says, and at the end its memory must not have grown with what it has shown.
// SOAK_DAYS (7). Not part of script/test: it takes as long as it is told to.
import { setTimeout as sleep } from 'node:timers/promises';
import { closeBrowser, login, visitor } from './lib/browser.mjs';
import { password, report, staff } from './lib/desk.mjs';
import { world } from './lib/server.mjs';

const days = Number(process.env.SOAK_DAYS ?? 7), daySeconds = Number(process.env.SOAK_DAY_SECONDS ?? 60);
const server = await world({ env: { GONGZHI_LIMIT_POSTS: '0', GONGZHI_LIMIT_REQUESTS: '0', GONGZHI_LIMIT_LOGINS: '0' } });
const { page, context } = await visitor(server, { width: 1920, height: 1080 });
context.setDefaultTimeout(60_000);
await page.clock.install();
await login(page, 'dispatcher', password(server, 'dispatcher'));
await page.goto('/wall');
await page.waitForSelector('#wall[data-line="live"]');
if (await page.locator('.whang button').count()) await page.locator('.whang button').click();
await page.waitForSelector('#wall[data-screen="1"][data-line="live"]');
const cdp = await context.newCDPSession(page);
await cdp.send('Performance.enable');

// What is kept after everything that can be forgotten is forgotten.
async function kept() {
  await cdp.send('HeapProfiler.collectGarbage');
  await cdp.send('HeapProfiler.collectGarbage');
  const { metrics } = await cdp.send('Performance.getMetrics');
  const of = (name) => metrics.find((m) => m.name === name).value;
  return { heap: of('JSHeapUsedSize') / 1e6, nodes: of('Nodes'), listeners: of('JSEventListeners') };
}

let failed = 0, filed = 0, stopped = false;
const wrong = (what) => { failed++; console.log(`not ok ${what}`); };
(async () => {
  while (!stopped) {
    try {
      await report(server, { what: `第 ${++filed} 件：小区门口的井盖松了，车子一过就响。` });
    } catch { /* while it restarts */ }
    await sleep(300);
  }
})();

async function same(day) {
  const v = await staff(server, 'dispatcher');
  for (let i = 0; i < 40; i++) {
    const state = JSON.parse((await v.get('/map/state')).text);
    const shown = await page.evaluate(() => Object.fromEntries(['open-late', 'open-soon', 'open-ok', 'open-none', 'today-in', 'today-done']
      .map((id) => [id, Number(document.getElementById(id).dataset.value ?? document.getElementById(id).textContent)])));
    const want = { 'open-late': state.open.late, 'open-soon': state.open.soon, 'open-ok': state.open.ok, 'open-none': state.open.none,
      'today-in': state.today.in, 'today-done': state.today.done };
    // reports go on coming: what is shown may be a second old
    if (Object.keys(want).every((k) => Math.abs(want[k] - shown[k]) <= 12)) return;
    if (i === 39) wrong(`day ${day}: shown ${JSON.stringify(shown)}, is ${JSON.stringify(want)}`);
    await sleep(500);
  }
}

const start = Date.now();
const seen = [];
for (let day = 1; day <= days; day++) {
  const step = daySeconds / 12;
  for (let k = 0; k < 12; k++) {
    await sleep(step * 1000);
    await server.advance({ hours: 2 });
    if (day === 4 && k === 6) await page.clock.fastForward(2 * 3_600_000); // a machine that slept: timers fire once
    else await page.clock.setSystemTime(Date.now() + server.offset);
    if (day % 2 === 0 && k === 4) {
      await context.setOffline(true);
      await sleep(3000);
      await context.setOffline(false);
    }
    if (day % 3 === 0 && k === 8) await server.restart();
  }
  await same(day);
  await page.waitForSelector('#wall[data-line="live"]', { timeout: 20_000 }).catch(() => wrong(`day ${day}: the line does not come back`));
  const k = await kept();
  seen.push(k);
  console.log(`day ${day}: ${filed} reports filed, heap ${k.heap.toFixed(1)} MB, ${k.nodes} nodes, ${k.listeners} listeners`);
}
stopped = true;
// The first day fills caches; from then on nothing may grow with what comes in.
const first = seen[Math.min(1, seen.length - 1)], last = seen.at(-1);
if (last.heap > first.heap * 1.25 + 2) wrong(`the heap grew from ${first.heap.toFixed(1)} to ${last.heap.toFixed(1)} MB`);
if (last.nodes > first.nodes * 1.25 + 200) wrong(`nodes grew from ${first.nodes} to ${last.nodes}`);
if (last.listeners > first.listeners * 1.25 + 50) wrong(`listeners grew from ${first.listeners} to ${last.listeners}`);
console.log(`${days} days in ${Math.round((Date.now() - start) / 1000)} s, ${filed} reports: ${failed ? `${failed} things wrong` : 'the wall stayed right'}`);
await closeBrowser();
await server.stop();
process.exit(failed ? 1 : 0);
