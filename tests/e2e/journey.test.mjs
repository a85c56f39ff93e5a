// The main job on the real binary: a report from a resident's phone to a judged close, in Chinese without script and in English
// with it; a grid worker's finding; and each of the ways a matter may go beside the straight one.
import { writeFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from './lib/test.mjs';
import { screenshot, sound, tabTo, visitor } from './lib/browser.mjs';
import { closed, desk, did, handed, number, officeHours, option, press, report, resident, residentForm, staff, step, town } from './lib/desk.mjs';
import { jpeg } from './lib/photo.mjs';
import { world } from './lib/server.mjs';

let server;
export const before = async () => {
  server = await world();
  await officeHours(server);
};
export const after = () => server.stop();

const spot = { lon: 106.4802, lat: 29.5702 };

async function opened() {
  const a = await server.http().get(`/t/${town}/open.json`);
  assert.equal(a.status, 200);
  return JSON.parse(a.text);
}

// The head of the journal is signed every second; until then there is nothing to prove with.
async function receiptFile(code) {
  for (let i = 0; i < 100; i++) {
    const a = await server.http().get(`/r/${code}/receipt.json`);
    if (a.status === 200) return a.text;
    await sleep(100);
  }
  throw new Error('no receipt within ten seconds');
}

async function provesOffline(code) {
  const file = path.join(server.dir, `receipt-${code}.json`);
  const key = path.join(server.dir, 'gongzhi.pub');
  const text = await receiptFile(code);
  writeFileSync(file, text);
  writeFileSync(key, (await server.http().get('/.well-known/gongzhi.pub')).text);
  const good = await server.cli(['verify', file, '--key', key]);
  assert.match(good.text, /核对通过/);
  const forged = path.join(server.dir, `forged-${code}.json`);
  const entry = JSON.parse(text);
  const change = (o) => { // the time of the entry, wherever the format keeps it
    for (const [k, v] of Object.entries(o)) {
      if (v && typeof v === 'object') { if (change(v)) return true; } else if (k === 'at' && /^\d+$/.test(String(v))) {
        o[k] = typeof v === 'number' ? v - 1 : String(BigInt(v) - 1n);
        return true;
      }
    }
    return false;
  };
  assert.ok(change(entry), 'the receipt has no time to alter');
  writeFileSync(forged, JSON.stringify(entry));
  const bad = await server.cli(['verify', forged, '--key', key], { expect: 1 });
  assert.match(bad.text, /核对不通过/);
}

async function journalIsWhole() {
  const a = await server.cli(['verify', '--all']);
  assert.equal(a.code, 0);
}

test.main('a report travels to a judged close, on a phone without script', async () => {
  const was = await opened();
  const picture = await jpeg(server, { place: spot });
  assert.ok(picture.includes('Secret Camera'));

  // the resident files
  const r = await visitor(server, { width: 360, script: false });
  await r.page.goto(`/t/${town}`);
  await sound(r.page);
  await r.page.getByRole('link', { name: '我要反映' }).first().click();
  await sound(r.page);
  await r.page.fill('#what', '石门小学后门的路灯坏了三天，放学路上看不见。我的电话 13812345678。');
  await r.page.fill('#address', '石门小学后门');
  await r.page.fill('#name', '周女士');
  await r.page.fill('#phone', '138 1234 5678');
  await r.page.setInputFiles('#photo', { name: '路灯.jpg', mimeType: 'image/jpeg', buffer: picture });
  await r.page.check('input[name=photo_point]');
  await r.page.check('input[name=public][value="1"]');
  await Promise.all([r.page.waitForNavigation(), r.page.getByRole('button', { name: '提交' }).click()]);
  assert.match(r.page.url(), /\/r\/[0-9A-Z-]{14}$/, `not filed: ${await r.page.locator('main').innerText()}`);
  const code = (await r.page.locator('#code').innerText()).trim();
  await sound(r.page);
  assert.equal(await r.page.locator('img.qr').evaluate((i) => i.complete && i.naturalWidth > 0), true, 'the QR code is not drawn');
  await r.page.goto(`/r/${code}/status`);
  await sound(r.page);
  assert.doesNotMatch(await r.page.content(), /13812345678|138 1234 5678/, 'the telephone number is shown');
  const kept = await r.page.request.get(await r.page.locator('ul.photos a').first().getAttribute('href'));
  const bytes = await kept.body();
  assert.equal(bytes.subarray(0, 2).toString('hex'), 'ffd8');
  assert.ok(!bytes.includes('Exif') && !bytes.includes('Secret Camera'), 'the photograph still says where and with what it was taken');

  // the dispatcher
  const d = await desk(server, 'dispatcher', { script: false });
  await d.page.goto('/inbox');
  await sound(d.page);
  const id = await number(await staff(server, 'dispatcher'), code);
  await d.page.goto('/inbox');
  const row = d.page.locator('.row', { has: d.page.locator(`a[href="/cases/${id}"]`) });
  assert.match(await row.locator('.clock').innerText(), /剩 (1 小时|2 小时|\d+ 分)/);
  await row.locator('a').first().click();
  await sound(d.page);
  assert.doesNotMatch(await d.page.content(), /13812345678/, 'the desk sees the number without having said why');
  assert.equal(await d.page.locator('ul.photos img').first().evaluate((i) => i.complete && i.naturalWidth > 0), true, 'the desk does not see the photograph');
  assert.match(await d.page.locator('dl.facts').last().innerText(), /社区|网格/, 'the place of the photograph did not find a community');
  await press(d.page, 'accept');
  await press(d.page, 'dispatch', { lead: '民生服务板块', note: '请今天去看。' });
  await sound(d.page);

  // the handler
  const h = await desk(server, 'handler-people', { script: false });
  await h.page.goto('/inbox');
  await h.page.locator(`a[href="/cases/${id}"]`).click();
  await press(h.page, 'sign');
  await press(h.page, 'ask', { note: '是靠马路一侧，还是靠学校一侧？' });
  await sound(h.page);

  // the resident answers by code
  await r.page.goto(`/t/${town}`);
  await r.page.fill('#code', code.toLowerCase().replaceAll('-', ' '));
  await Promise.all([r.page.waitForNavigation(), r.page.getByRole('button', { name: '查一查' }).click()]);
  assert.match(await r.page.locator('main').innerText(), /靠马路一侧/);
  await sound(r.page);
  const answer = r.page.locator(`form[action="/r/${code}/do/answer"]`);
  await r.page.locator('details', { has: answer }).locator('summary').click();
  await answer.locator('textarea').fill('靠马路一侧，从东往西第二盏。');
  await Promise.all([r.page.waitForNavigation(), answer.locator('button').click()]);

  // the handler replies; another person verifies and closes
  await h.page.reload();
  assert.match(await h.page.locator('.timeline').innerText(), /从东往西第二盏/);
  await press(h.page, 'reply', { verdict: '已经解决', note: '路灯已经换好，今晚就亮。' });
  await sound(h.page);
  assert.equal(await h.page.locator('#do-verify').count(), 0, 'the handler is offered to verify');
  const v = await desk(server, 'verifier', { script: false });
  await v.page.goto('/inbox');
  await v.page.locator(`a[href="/cases/${id}"]`).click();
  await sound(v.page);
  await press(v.page, 'verify', { note: '晚上八点去看过，亮了。' });
  await press(v.page, 'close');
  await sound(v.page);

  // the resident judges
  await r.page.goto(`/r/${code}/status`);
  await sound(r.page);
  const judge = r.page.locator(`form[action="/r/${code}/do/judge"]`);
  assert.deepEqual((await judge.locator('.cards--five .card').allInnerTexts()).map((t) => t.trim()),
    ['非常满意', '满意', '基本满意', '不满意', '非常不满意']);
  await judge.getByText('非常满意', { exact: true }).click();
  await judge.getByText('解决了', { exact: true }).click();
  await Promise.all([r.page.waitForNavigation(), judge.locator('button').click()]);
  assert.match(await r.page.locator('main').innerText(), /已评价[\s\S]*非常满意[\s\S]*已解决/);
  await sound(r.page);

  // the public
  await r.page.goto(`/t/${town}/open`);
  await sound(r.page);
  let now;
  for (let i = 0; i < 60; i++) {
    now = await opened();
    if (now.totals.judged > was.totals.judged) break;
    await sleep(100);
  }
  assert.equal(now.totals.filed, was.totals.filed + 1);
  assert.equal(now.totals.closed, was.totals.closed + 1);
  assert.equal(now.totals.judged, was.totals.judged + 1);
  assert.equal(now.totals.solved, was.totals.solved + 1);
  await r.page.reload();
  assert.match(await r.page.locator('table').first().innerText(), /石门小学后门的路灯/);
  assert.doesNotMatch(await r.page.content(), /13812345678|周女士/, 'the open page tells who');

  await provesOffline(code);
  await journalIsWhole();
  for (const x of [r, d, h, v]) await x.context.close();
}, { seconds: 180 });
