// The desk at work: exporting the list and reading it back.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { assert, test } from './lib/test.mjs';
import { login, screenshot, sound, visitor } from './lib/browser.mjs';
import { accounts, root, world } from './lib/server.mjs';

let server;
let dispatcher;
export const before = async () => {
  server = await world();
  dispatcher = accounts(server).find((a) => a.user === 'dispatcher');
};
export const after = () => server.stop();

async function desk() {
  const v = server.http();
  await v.login(dispatcher.user, dispatcher.password);
  return v;
}

for (const [kind, type] of [['csv', /text\/csv/], ['xlsx', /spreadsheetml/]])
  test.main(`the list as ${kind} is read back by the shipped mapping without a bad row`, async () => {
    const v = await desk();
    const a = await v.get(`/cases.${kind}`);
    assert.equal(a.status, 200);
    assert.match(a.headers['content-type'], type);
    if (kind === 'xlsx') assert.equal(a.bytes.subarray(0, 2).toString(), 'PK');
    else assert.match(a.text, /^\ufeff?序号,种类,标题,状态/);
    const file = path.join(server.dir, `list.${kind}`);
    writeFileSync(file, a.bytes);
    const map = path.join(root, 'data/mappings/gongzhi-export.yaml');
    const dry = await server.cli(['import', 'matters', file, '--mapping', map, '--dry-run']);
    const [, rows, bad] = /读入 (\d+) 行.*坏行 (\d+)/.exec(dry.text);
    assert.ok(Number(rows) > 10, dry.text);
    assert.equal(bad, '0', dry.text);
  });

test('an export needs its right, and a wrong condition is told', async () => {
  assert.equal((await server.http().get('/cases.xlsx')).status, 303);
  const v = await desk();
  assert.equal((await v.get('/cases.xlsx?from=yesterday')).status, 400);
});

test('the list with both exports is sound', async () => {
  const { page, context } = await visitor(server, { script: false });
  await login(page, dispatcher.user, dispatcher.password);
  await page.goto('/cases');
  assert.equal(await page.getByRole('link', { name: '导出 XLSX' }).count(), 1);
  await screenshot(page, 'desk-list');
  await context.close();
  const on = await visitor(server);
  await login(on.page, dispatcher.user, dispatcher.password);
  await on.page.goto('/cases');
  await sound(on.page);
  await on.context.close();
});
