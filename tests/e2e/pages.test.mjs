// Every page that can be reached by links, for a resident and for each demonstration account: it answers, passes axe, fits a
// phone, logs no error, and holds no Chinese when English was asked for (what people have typed excepted).
import { assert, test } from './lib/test.mjs';
import { login, sound, visitor } from './lib/browser.mjs';
import { accounts, world } from './lib/server.mjs';
import { crawl } from './lib/crawl.mjs';

let server;
const checked = new Set();
export const before = async () => { server = await world(); };
export const after = () => server.stop();

async function walk(who, starts) {
  const { page, context } = await visitor(server);
  const wrong = [];
  if (who) await login(page, who.user, who.password);
  const kinds = await crawl(page, starts.map((s) => server.url + s), async (p, kind, answer) => {
    if (checked.has(kind)) return;
    checked.add(kind);
    try {
      assert.ok(answer.status() < 400, `${p.url()} answers ${answer.status()}`);
      assert.equal(await p.locator('h1').count(), 1, `${p.url()} has not exactly one h1`);
      await sound(p);
    } catch (e) {
      wrong.push(e.message);
    }
    p.problems.length = 0;
  }, { known: checked });
  await context.close();
  if (wrong.length) assert.fail(wrong.join('\n'));
  return kinds;
}

test('all pages of a resident', async () => {
  const kinds = await walk(null, ['/', '/login', '/r', '/help', '/feedback', '/api', '/ogc/collections/matters/schema?f=html', '/ogc/collections/places/queryables?f=html']);
  assert.ok(kinds.length >= 6, `only ${kinds.join(' ')}`);
});

test('all pages of each demonstration account', async () => {
  const list = accounts(server);
  assert.ok(list.length >= 3, 'too few demonstration accounts');
  const wrong = [];
  for (const who of list) await walk(who, ['/home']).catch((e) => wrong.push(`${who.user}: ${e.message}`));
  if (wrong.length) assert.fail(wrong.join('\n'));
  assert.ok(checked.size >= 15, `only ${[...checked].join(' ')}`);
}, { seconds: 300 });
