// make shots: every page that can be reached by links, for a resident and for each demonstration account, at 360, 768 and
// 1440 px in build/shots/. Looking at them is the reader's part.
import { rmSync } from 'node:fs';
import { closeBrowser, login, screenshot, shotsDir, visitor } from './lib/browser.mjs';
import { accounts, world } from './lib/server.mjs';
import { crawl } from './lib/crawl.mjs';

const server = await world();
const drawn = new Set();
rmSync(shotsDir, { recursive: true, force: true });

async function draw(who, starts) {
  const { page, context } = await visitor(server);
  if (who) await login(page, who.user, who.password);
  await crawl(page, starts.map((s) => server.url + s), async (p, kind) => {
    const name = kind.replace(/^\//, '').replace(/\//g, '-').replace(/:/g, 'x') || 'home';
    if (drawn.has(name)) return;
    drawn.add(name);
    await screenshot(p, name);
    console.log(`${name}  ${who?.user ?? 'resident'}`);
  });
  await context.close();
}

await draw(null, ['/', '/login', '/r', '/help', '/feedback', '/api', '/nothing-here']);
for (const who of accounts(server)) await draw(who, ['/home']);
await closeBrowser();
await server.stop();
console.log(`${drawn.size} pages in build/shots/`);
process.exit(0);
