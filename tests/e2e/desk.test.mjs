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

// Files the same thing twice and gives the second.
async function twice(v) {
  const ids = [];
  for (const what of ['东原小区 7 栋楼下的窨井盖丢了，晚上很危险', '7 栋楼下窨井盖丢了，晚上走路很危险，请尽快补上']) {
    await v.get('/cases/file/resident-report');
    const f = v.form('/cases/file/resident-report');
    const place = /<select id="[^"]*place"[^>]*>[\s\S]*?<\/select>/.exec(f.text)?.[0].match(/<option value="([^"]+)"/g)?.at(-1)
      .match(/value="([^"]+)"/)[1];
    const a = await v.submitFiles('/cases/file/resident-report', { f_what: what, ...(place && { place, f_place: place }) }, {});
    assert.equal(a.status, 303, a.text.slice(0, 3000));
    const page = await v.follow(a);
    ids.push(/\/cases\/(\d+)\/do/.exec(page.text)?.[1] ?? /\/cases\/(\d+)/.exec(a.location)[1]);
  }
  return ids;
}

test.main('a likely duplicate is offered with its reason and merged by its link', async () => {
  const v = await desk();
  const [first, second] = await twice(v);
  let page;
  for (let i = 0; i < 300; i++) {
    page = await v.get(`/cases/${second}`);
    if (page.text.includes(`/cases/${first}"`)) break;
    await new Promise((r) => setTimeout(r, 100));
  }
  assert.match(page.text, /可能是同一件事/);
  assert.match(page.text, /相同的词 \d+%/);
  assert.match(page.text, /类别可能是/);
  const link = new RegExp(`href="(/cases/${second}\\?into=${first}#do-[a-z]+)"`).exec(page.text)[1];
  await v.get(link.split('#')[0]);
  const { text } = v.form(`/cases/${second}/do`);
  assert.ok(text);
  const at = v.page.indexOf('id="do-merge"');
  assert.match(v.page.slice(at - 40, at + 2000), new RegExp(`<details[^>]* open id="do-merge"[\\s\\S]*name="f_into" value="${first}"`));
  const fields = { ...v.form(`/cases/${second}/do`).fields, action: 'merge', f_into: first };
  assert.equal((await v.post(`/cases/${second}/do`, fields)).status, 303);
  assert.doesNotMatch((await v.get(`/cases/${second}`)).text, /可能是同一件事/);
});

test('the page of a new matter with its advice is sound', async () => {
  const v = await desk();
  const [, id] = await twice(v);
  const { page, context } = await visitor(server);
  await login(page, dispatcher.user, dispatcher.password);
  await page.goto(`/cases/${id}`);
  assert.equal(await page.getByRole('heading', { name: '可能是同一件事' }).count(), 1);
  await sound(page);
  await screenshot(page, 'desk-advice');
  await context.close();
});
