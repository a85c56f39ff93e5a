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

// The totals follow the journal: of a town that is quiet they are right when they stay for a second.
async function settled() {
  for (let last = '', same = 0, i = 0; same < 5 && i < 300; i++) {
    const now = JSON.stringify((await opened()).totals);
    same = now === last && JSON.parse(now).filed > 0 ? same + 1 : 0;
    last = now;
    await sleep(200);
  }
  return opened();
}

// The head of the journal is signed every second; until then there is nothing to prove with.
async function receiptFile(code) {
  for (let i = 0; i < 300; i++) {
    const a = await server.http().get(`/r/${code}/receipt.json`);
    if (a.status === 200) return a.text;
    await sleep(100);
  }
  throw new Error('no receipt within thirty seconds');
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
  const was = await settled();
  const picture = await jpeg(server, { place: spot });
  assert.ok(picture.includes('Secret Camera'));

  // the resident files
  const r = await visitor(server, { width: 360, script: false });
  await r.page.goto(`/t/${town}`);
  await sound(r.page);
  await r.page.getByRole('link', { name: '我要反映' }).first().click();
  await sound(r.page);
  await r.page.fill('#what', '石门小学后门的垃圾三天没人清运，臭味很大。我的电话 13812345678。');
  await r.page.fill('#address', '石门小学后门');
  await r.page.fill('#name', '周女士');
  await r.page.fill('#phone', '138 1234 5678');
  await r.page.setInputFiles('#photo', { name: '垃圾.jpg', mimeType: 'image/jpeg', buffer: picture });
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
  await press(h.page, 'ask', { note: '是靠马路一侧，还是靠学校一侧的桶？' });
  await sound(h.page);

  // the resident answers by code
  await r.page.goto(`/t/${town}`);
  await r.page.fill('#code', code.toLowerCase().replaceAll('-', ' '));
  await Promise.all([r.page.waitForNavigation(), r.page.getByRole('button', { name: '查一查' }).click()]);
  assert.match(await r.page.locator('main').innerText(), /靠马路一侧/);
  await sound(r.page);
  const answer = r.page.locator(`form[action="/r/${code}/do/answer"]`);
  const box = r.page.locator('details', { has: answer });
  if (!(await box.evaluate((e) => e.open))) await box.locator('> summary').click();
  await answer.locator('textarea').fill('靠马路一侧，从东往西第二个。');
  await Promise.all([r.page.waitForNavigation(), answer.locator('button').click()]);

  // the handler replies; another person verifies and closes
  await h.page.reload();
  assert.match(await h.page.locator('.timeline').innerText(), /从东往西第二个/);
  await press(h.page, 'reply', { verdict: '已经解决', note: '已经清运，以后每天下午再收一次。' });
  await sound(h.page);
  assert.equal(await h.page.locator('#do-verify').count(), 0, 'the handler is offered to verify');
  const v = await desk(server, 'verifier', { script: false });
  await v.page.goto('/inbox');
  await v.page.locator(`a[href="/cases/${id}"]`).click();
  await sound(v.page);
  await press(v.page, 'verify', { note: '晚上八点去看过，干净。' });
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
  for (let i = 0; i < 300; i++) {
    now = await opened();
    if (now.totals.judged > was.totals.judged) break;
    await sleep(100);
  }
  assert.equal(now.totals.filed, was.totals.filed + 1);
  assert.equal(now.totals.closed, was.totals.closed + 1);
  assert.equal(now.totals.judged, was.totals.judged + 1);
  assert.equal(now.totals.solved, was.totals.solved + 1);
  await r.page.reload();
  assert.match(await r.page.locator('main').innerText(), /石门小学后门的垃圾/);
  assert.doesNotMatch(await r.page.content(), /13812345678|周女士/, 'the open page tells who');

  await provesOffline(code);
  await journalIsWhole();
  for (const x of [r, d, h, v]) await x.context.close();
}, { seconds: 300 });

test('the same in English with script: large type for the resident, the desk by keyboard', async () => {
  const r = await visitor(server, { width: 360, locale: 'en-GB' });
  await r.page.goto(`/t/${town}?lang=en&elder=1`);
  await sound(r.page);
  const look = await r.page.evaluate(() => ({ text: parseFloat(getComputedStyle(document.body).fontSize), lang: document.documentElement.lang }));
  assert.ok(look.text >= 24, `elder mode writes at ${look.text} px`);
  assert.match(look.lang, /^en/);
  await r.page.getByRole('link', { name: /report/i }).first().click();
  await sound(r.page);
  const low = await r.page.locator('main button:visible, main .btn:visible').evaluateAll((all) =>
    all.map((e) => [e.innerText, e.getBoundingClientRect().height]).filter(([, h]) => h < 60));
  assert.deepEqual(low, [], 'elder mode has buttons lower than 60 px');
  await r.page.fill('#what', 'Rubbish behind the primary school has not been collected for three days.');
  await r.page.setInputFiles('#photo', { name: 'bins.jpg', mimeType: 'image/jpeg', buffer: await jpeg(server, { place: spot }) });
  await r.page.locator('#photo + ul.photos canvas').first().waitFor();
  await r.page.check('input[name=public][value="1"]');
  await Promise.all([r.page.waitForNavigation(), r.page.getByRole('button', { name: /^submit|^send/i }).click()]);
  assert.match(r.page.url(), /\/r\/[0-9A-Z-]{14}$/);
  const code = (await r.page.locator('#code').innerText()).trim();
  await sound(r.page);

  const d = await desk(server, 'dispatcher', { locale: 'en-GB' });
  const id = await number(await staff(server, 'dispatcher'), code);
  await d.page.goto(`/inbox?lang=en`);
  await sound(d.page);
  // the step by keyboard alone: to the matter, and accept it
  await tabTo(d.page, `a[href="/cases/${id}"]`, 300);
  await d.page.keyboard.press('Enter');
  await d.page.waitForSelector('#pane #do-accept');
  await tabTo(d.page, '.pane__bar a', 3);
  await Promise.all([d.page.waitForURL(`**/cases/${id}`), d.page.keyboard.press('Enter')]);
  await sound(d.page);
  assert.doesNotMatch(await d.page.locator('#do-accept').innerText(), /[一-鿿]/, 'Chinese on the English page');
  await tabTo(d.page, '#do-accept textarea', 80);
  await d.page.keyboard.type('Bin 14, ours.');
  await tabTo(d.page, '#do-accept button', 5);
  await Promise.all([d.page.waitForNavigation(), d.page.keyboard.press('Enter')]);
  assert.match(await d.page.locator('.timeline').innerText(), /Accepted[\s\S]*Bin 14, ours\./);
  // a refusal of the house is said in English too
  await press(d.page, 'refuse', { reason: 'x' });
  assert.match(await d.page.locator('#do-refuse').innerText(), /Please fill this in/);
  await sound(d.page);
  await press(d.page, 'dispatch', { lead: '民生服务板块' });

  const h = await desk(server, 'handler-people', { locale: 'en-GB' });
  await h.page.goto(`/cases/${id}?lang=en`);
  await press(h.page, 'sign');
  await sound(h.page);
  await press(h.page, 'reply', { verdict: 'Cannot be done', note: 'No bin can be put there.' });
  assert.match(await h.page.locator('#do-reply').innerText(), /must give its reason/);
  assert.equal(await h.page.inputValue('#reply-note'), 'No bin can be put there.');
  await press(h.page, 'reply', { verdict: 'Solved', note: 'It was collected this morning.' });
  const v = await desk(server, 'verifier', { locale: 'en-GB' });
  await v.page.goto(`/cases/${id}?lang=en`);
  await press(v.page, 'verify');
  await press(v.page, 'close');
  await sound(v.page);

  await r.page.goto(`/r/${code}/status`);
  await sound(r.page);
  const judge = r.page.locator(`form[action="/r/${code}/do/judge"]`);
  await judge.locator('input[name=score][value="2"]').check();
  await judge.locator('input[name=solved][value="no"]').check();
  await Promise.all([r.page.waitForNavigation(), judge.locator('button').click()]);
  assert.match(await r.page.locator('main').innerText(), /Dissatisfied[\s\S]*not solved/i);
  await r.page.goto(`/t/${town}/open`);
  await sound(r.page);
  await provesOffline(code);
  for (const x of [r, d, h, v]) await x.context.close();
}, { seconds: 300 });

// ---- a grid worker's finding ----

test.main('a grid worker files with a photograph and settles it on the spot', async () => {
  const g = await desk(server, 'grid', { width: 360, script: false });
  await g.page.goto('/inbox');
  await g.page.locator('a[href="/cases/file/patrol-finding"]').click();
  await sound(g.page);
  await g.page.setInputFiles('#photo', { name: 'x.jpg', mimeType: 'image/jpeg', buffer: await jpeg(server, { place: spot }) });
  // without a text it is refused; the photograph need not be sent again
  await Promise.all([g.page.waitForNavigation(), g.page.locator('main form button.btn', { hasText: '登记' }).click()]);
  await g.page.locator('#errors').waitFor();
  assert.equal(await g.page.locator('ul.photos img').count(), 1, 'the photograph has to be sent again');
  await sound(g.page);
  await g.page.fill('#what', '楼道里堆了三辆旧自行车');
  await Promise.all([g.page.waitForNavigation(), g.page.locator('main form button.btn', { hasText: '登记' }).click()]);
  assert.match(g.page.url(), /\/cases\/\d+$/, await g.page.locator('main').innerText());
  const picture = await g.page.request.get(await g.page.locator('ul.photos a').first().getAttribute('href'));
  assert.equal(picture.status(), 200);
  assert.ok(!(await picture.body()).includes('Exif'));
  await sound(g.page);
  await press(g.page, 'settle', { note: '当场和住户一起搬走了。' });
  assert.match(await g.page.locator('main').innerText(), /已结案/);
  await sound(g.page);
  await g.context.close();
});

test.main('a grid worker passes on; the board deals with it; another person confirms', async () => {
  const g = await staff(server, 'grid');
  await g.get('/cases/file/patrol-finding');
  const filed = await g.submitFiles(/patrol-finding/, { f_what: '电线垂到人行道上方，伸手能碰到', f_urgency: 'urgent' }, {});
  assert.equal(filed.status, 303, filed.text.slice(0, 2000));
  const id = filed.location.match(/\d+$/)[0];
  await did(g, id, 'pass', { note: '要供电公司来。' });
  const d = await staff(server, 'dispatcher');
  await d.get(`/cases/${id}`);
  await did(d, id, 'dispatch', { lead: option(d, 'dispatch', 'lead', '平安法治板块') });
  const h = await staff(server, 'handler-safety');
  await did(h, id, 'finish', { verdict: 'solved', note: '供电所已经抬高固定。' });
  await did(await staff(server, 'verifier'), id, 'confirm', { note: '看过。' });
  assert.match((await g.get(`/cases/${id}`)).text, /已结案/);
});

test.main('a report on behalf of a person is recorded as such, and its code works', async () => {
  const g = await staff(server, 'grid');
  await g.get('/cases/file/resident-report');
  const filed = await g.submitFiles(/resident-report/, { f_what: '李婆婆不会上网：家门口水管漏水', f_name: '李婆婆', f_phone: '13900001111' }, {});
  assert.equal(filed.status, 303, filed.text.slice(0, 2000));
  const page = await g.get(filed.location);
  assert.match(page.text, /代办/);
  const code = page.text.match(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/)[0];
  assert.doesNotMatch((await g.get(filed.location)).text, new RegExp(code), 'the desk sees the whole code a second time');
  assert.equal((await server.http().get(`/r/${code}/status`)).status, 200);
  assert.ok((await residentForm(server, code, 'withdraw')).there);
});

// ---- the other ways ----

test.main('refused with the reason and the right address; without them it is not', async () => {
  const code = await report(server, { what: '公积金怎么提取' });
  const d = await staff(server, 'dispatcher');
  const id = await number(d, code);
  const bare = await step(d, id, 'refuse', { reason: '不归这里' });
  assert.equal(bare.status, 400);
  assert.match(bare.text, /不归这里/, 'what was typed is gone');
  await did(d, id, 'refuse', { reason: '公积金由市公积金中心管。', address: '市住房公积金管理中心，电话 12329' });
  assert.match((await server.http().get(`/r/${code}/status`)).text, /不予受理[\s\S]*公积金由市公积金中心管。[\s\S]*电话 12329/,
    'the resident is not told why and where to turn');
  assert.ok(!(await residentForm(server, code, 'judge')).there);
});

test.main('the guard of the lists of duties: a department\'s business is not given to the town', async () => {
  const code = await report(server, { what: '路灯坏了，晚上看不见路' });
  const d = await staff(server, 'dispatcher');
  const id = await number(d, code);
  await d.get(`/cases/${id}`);
  const a = await step(d, id, 'dispatch', { lead: option(d, 'dispatch', 'lead', '民生服务板块'), note: '请去看' });
  assert.equal(a.status, 422);
  assert.match(a.text, /路灯照明”由部门承担，不能派给镇街（民生服务板块）[\s\S]*依据：国办函〔2025〕66号“应由职能部门办理的不得分派基层”/);
  assert.match(a.text, /请去看/, 'what was typed is gone');
  await d.get('/cases?lang=en');
  await d.get(`/cases/${id}`);
  const e = await step(d, id, 'dispatch', { lead: option(d, 'dispatch', 'lead', '民生服务板块') });
  assert.match(e.text, /Street lighting” is for the departments/);
});

test.main('returned with a reason and a suggestion, dispatched to a department', async () => {
  const { code, id, dispatcher } = await handed(server, { fields: { what: '小区外墙掉瓷砖，砸到车' } });
  const h = await staff(server, 'handler-people');
  assert.equal((await step(h, id, 'return', { reason: '不是我们' })).status, 400);
  await h.get(`/cases/${id}`);
  await did(h, id, 'return', { reason: '外墙维修由住建部门管。', suggest: option(h, 'return', 'suggest', '住房和城乡建设委员会') });
  assert.equal((await h.get(`/cases/${id}`)).status, 200);
  await dispatcher.get(`/cases/${id}`);
  assert.match(dispatcher.page, /外墙维修由住建部门管[\s\S]*住房和城乡建设委员会|住房和城乡建设委员会[\s\S]*外墙维修由住建部门管/);
  // whom the handler suggested need not be looked for
  assert.match(dispatcher.page, /<select id="dispatch-lead"[\s\S]*?<option value="\d+" selected>江北区住房和城乡建设委员会/);
  await did(dispatcher, id, 'dispatch', { lead: option(dispatcher, 'dispatch', 'lead', '住房和城乡建设委员会') });
  const dept = await staff(server, 'housing');
  assert.match((await dept.get('/inbox')).text, new RegExp(`/cases/${id}"`), 'the department does not see what it was given');
  await did(dept, id, 'sign');
  assert.equal((await (await staff(server, 'city')).get(`/cases/${id}`)).status, 200, 'a department clerk of the district may read');
  assert.match((await server.http().get(`/r/${code}/status`)).text, /住房和城乡建设委员会/);
});

test.main('merged into another report; not into itself, not into nothing', async () => {
  const first = await report(server, { what: '河边步道栏杆断了一截，很危险的样子' });
  const second = await report(server, { what: '步道的栏杆断了' });
  const d = await staff(server, 'dispatcher');
  const id = await number(d, second);
  assert.match((await step(d, id, 'merge', { into: second })).text, /不能并入自己/);
  assert.match((await step(d, id, 'merge', { into: '0000-0000-0000' })).text, /没有这个编号的事项/);
  await did(d, id, 'merge', { into: await number(d, first) });
  assert.match((await server.http().get(`/r/${second}/status`)).text, /已并案/);
});

test.main('withdrawn by the resident: nobody can go on', async () => {
  const { code, id } = await handed(server);
  const a = await resident(server, code, 'withdraw', { note: '已经有人清走了' });
  assert.equal(a.status, 303);
  const h = await staff(server, 'handler-people');
  assert.match((await h.get(`/cases/${id}`)).text, /群众撤回/);
  assert.doesNotMatch(h.page, /value="sign"/);
});

test.main('suspended and resumed: the clock stands still meanwhile', async () => {
  const { code, id, dispatcher } = await handed(server);
  const h = await staff(server, 'handler-people');
  await did(h, id, 'sign');
  const clock = async () => {
    const list = JSON.parse((await server.http().get(`/r/${code}/status.json`)).text);
    return Date.parse(list.promised ?? list.due);
  };
  const promised = await clock();
  await did(dispatcher, id, 'suspend', { reason: '等汛期过去才能开挖' });
  assert.match((await server.http().get(`/r/${code}/status`)).text, /等汛期过去/);
  await server.advance({ days: 2 }); // counted in working days: Wednesday to Friday
  await did(await staff(server, 'dispatcher'), id, 'resume');
  assert.ok(await clock() > promised, 'the promised time did not move with the pause');
  await did(await staff(server, 'handler-people'), id, 'reply', { verdict: 'solved', note: '汛期过了，已经清运。' });
}, { seconds: 60 });

test.main('more time: before the deadline, not behind it; the commander hears of a deadline missed', async () => {
  await officeHours(server);
  const { id } = await handed(server);
  let h = await staff(server, 'handler-people');
  await did(h, id, 'sign');
  await did(h, id, 'request-extension', { extra: '2wd', reason: '新桶要订货' });
  const d = await staff(server, 'dispatcher');
  await did(d, id, 'extend', { extra: '2wd', reason: '同意，新桶要订货' });
  await server.advance({ days: 20 });
  h = await staff(server, 'handler-people');
  const late = await step(h, id, 'request-extension', { extra: '1wd', reason: '还没到货' });
  assert.equal(late.status, 422);
  assert.match(late.text, /已经超过时限/);
  assert.match(late.text, /还没到货/, 'what was typed is gone');
  await officeHours(server);
  const waiting = await report(server, { what: '没有人看的一件：球场的灯整夜亮着' });
  await server.advance({ hours: 3 });
  const c = await staff(server, 'commander');
  for (let i = 0; ; i++) {
    const notices = await c.get('/me/notices');
    if (/超过时限：没有人看的一件/.test(notices.text)) break;
    assert.ok(i < 120, 'the commander was not told of the missed deadline');
    await sleep(500);
  }
  const dispatcher = await staff(server, 'dispatcher');
  await dispatcher.get(`/cases/${await number(dispatcher, waiting)}`);
  assert.match(dispatcher.page, /clock--late/);
}, { seconds: 90 });

test.main('reopened within the window, not behind it', async () => {
  await officeHours(server);
  const one = await closed(server);
  const two = await closed(server);
  assert.equal((await resident(server, one.code, 'reopen', { note: '又堆起来了' })).status, 303);
  assert.match((await server.http().get(`/r/${one.code}/status`)).text, /又堆起来了/);
  const before = await residentForm(server, two.code, 'reopen');
  assert.ok(before.there);
  const form = before.v.form(`/r/${two.code}/do/reopen`);
  await server.advance({ days: 31 });
  assert.ok(!(await residentForm(server, two.code, 'reopen')).there, 'reopening is offered behind its window');
  const late = await before.v.post(form.action, { ...form.fields, note: '又堆起来了' });
  assert.equal(late.status, 409);
  assert.match(late.text, /期限/);
  await journalIsWhole();
}, { seconds: 90 });
