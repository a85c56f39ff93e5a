// The grid worker on a phone: a finding in two taps, a report on behalf of a person without a question for the place, steps from the
// list, and all of it in a stairwell without signal.
import { assert, test } from './lib/test.mjs';
import { axe, fits, login, screenshot, sound, tabTo, visitor } from './lib/browser.mjs';
import { did, number, password, report, staff } from './lib/desk.mjs';
import { world } from './lib/server.mjs';

let server;
export const before = async () => { server = await world(); };
export const after = () => server.stop();

async function worker(options = {}, user = 'grid') {
  const v = await visitor(server, options);
  await login(v.page, user, password(server, user));
  await v.page.waitForURL('**/grid');
  return v;
}

const rows = async (page) => page.locator('main').innerText();
const queue = (page) => page.locator('#queue');
const sent = (page) => queue(page).locator('.tag--ok').first().waitFor();

// How many matters have this text in their title, as the command centre sees it.
async function filed(text) {
  const v = await staff(server, 'dispatcher');
  const { text: html } = await v.get(`/cases?q=${encodeURIComponent(text)}`);
  return [...html.matchAll(/class="row__title"/g)].length;
}

async function until(count, text) {
  let n;
  for (let i = 0; i < 300; i++) {
    n = await filed(text);
    if (n === count) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.equal(n, count, text);
}

test.main('a small thing is settled with a line and one button, without script', async () => {
  const { page, context } = await worker({ script: false });
  await fits(page);
  assert.equal(await page.locator('#found-place').count(), 0, 'who has one grid is not asked where');
  await page.fill('#found-what', '楼道里的旧沙发已经请住户搬走');
  await page.getByRole('button', { name: '记下', exact: true }).click();
  await page.locator('.flash').waitFor();
  await until(1, '旧沙发');
  const text = await rows(page);
  assert.match(text, /旧沙发[\s\S]*已结案/);
  await context.close();
});

test.main('what needs others: passed on, checked, helped', async () => {
  const v = await staff(server, 'grid');
  for (const [what, step, state] of [['三号楼外墙掉了一块瓷砖', 'pass', '待分拨'], ['天台好像有人住', 'look', '请人核实'], ['老人忘带钥匙要开锁', 'help', '请求帮助']]) {
    await v.get('/grid');
    const a = await v.submit('/grid', { what, step });
    assert.equal(a.status, 303, a.text.slice(0, 400));
    const { text } = await v.get('/grid');
    assert.match(text, new RegExp(`${what}[\\s\\S]*?${state}`));
  }
  // the verifier looks and finds it so; then it waits for the dispatcher
  const verifier = await staff(server, 'verifier');
  const { text } = await verifier.get('/inbox');
  const id = text.match(/href="\/cases\/(\d+)"[^>]*>天台好像有人住/)[1];
  await did(verifier, id, 'so');
  assert.match((await v.get('/grid')).text, /天台好像有人住[\s\S]*?已上报/);
  // a step that needs words says so
  await v.get('/grid');
  const refused = await v.submit('/grid', { what: '看过了没有事', step: 'dismiss' });
  assert.equal(refused.status, 422);
  assert.match(refused.text, /这一步要写一句说明/);
  assert.match(refused.text, /看过了没有事/);
});

test.main('on behalf of a person: the place is known, the code is told once, the desk knows who filed it', async () => {
  const { page, context } = await worker({ script: false });
  await page.getByRole('link', { name: '代群众登记' }).click();
  await fits(page);
  assert.equal(await page.locator('select[name=place]').count(), 0);
  await page.fill('#proxy-what', '王婆婆说楼梯扶手松了，上下楼不敢走');
  await page.fill('#proxy-phone', '13812345678');
  await page.getByRole('button', { name: '登记', exact: true }).click();
  const said = await page.locator('.flash').innerText();
  const [code] = said.match(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/);
  const dispatcher = await staff(server, 'dispatcher');
  const id = await number(dispatcher, code);
  const { text } = await dispatcher.get(`/cases/${id}`);
  assert.match(text, /向网格/);
  assert.match(text, /前卫社区[\s\S]*第一网格/);
  assert.doesNotMatch(text, /13812345678/);
  await page.reload();
  assert.doesNotMatch(await page.content(), new RegExp(code));
  await context.close();
});

test('a step from the list is three taps', async () => {
  const v = await staff(server, 'grid');
  await v.get('/grid');
  await v.submit('/grid', { what: '路口共享单车倒了一片', step: 'help' });
  const { page, context } = await worker({ script: false });
  const row = page.locator('li.panel', { hasText: '共享单车倒了一片' });
  await row.locator('summary').click();
  await row.locator('input[name=note]').fill('和保安一起扶好了');
  await row.getByRole('button', { name: '办', exact: true }).click();
  await page.locator('.flash').waitFor();
  assert.match(await rows(page), /共享单车倒了一片[\s\S]*已结案/);
  // somebody else was quicker: said in place, nothing lost
  const other = await staff(server, 'grid');
  await other.get('/grid');
  await other.submit('/grid', { what: '消防栓前堆了花盆', step: 'help' });
  await other.get('/grid');
  const form = other.form(/\/grid\/step\//);
  assert.equal((await other.post(form.action, { ...form.fields, step: 'settle' })).status, 303);
  const late = await other.post(form.action, { ...form.fields, _key: `${form.fields._key}x`, step: 'settle' });
  assert.ok([409, 422].includes(late.status), String(late.status));
  await context.close();
});

test('who is no grid worker has no such page; who has several grids chooses', async () => {
  const v = await staff(server, 'verifier');
  assert.equal((await v.get('/grid')).status, 403);
  const { page, context } = await worker({}, 'cadre');
  assert.ok(await page.locator('#found-place option').count() > 2);
  await page.fill('#found-what', '活动室门锁坏了');
  await page.getByRole('button', { name: '记下', exact: true }).click();
  await queue(page).locator('.tag--late').waitFor();
  assert.match(await queue(page).innerText(), /请选在哪个网格/);
  await page.getByRole('button', { name: '改一改再发' }).click();
  assert.equal(await page.inputValue('#found-what'), '活动室门锁坏了');
  await page.selectOption('#found-place', { index: 1 });
  await page.getByRole('button', { name: '记下', exact: true }).click();
  await sent(page);
  await context.close();
});

// ---- without a line ----

async function png(page) {
  return Buffer.from(await page.evaluate(() => {
    const c = document.createElement('canvas');
    c.width = c.height = 40;
    return c.toDataURL('image/png').split(',')[1];
  }), 'base64');
}

const queued = (page) => page.evaluate(() => new Promise((done) => {
  const ask = indexedDB.open('gongzhi-grid', 1);
  ask.onsuccess = () => {
    const all = ask.result.transaction('queue').objectStore('queue').getAll();
    all.onsuccess = () => done(JSON.stringify(all.result));
  };
}));

async function shellKept(page) {
  await page.waitForFunction(async () => Boolean(await (await caches.open('grid-shell')).match('/grid/offline')));
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
}

test.main('in a stairwell without signal: both forms work, with a photograph; each is filed once when the line is back', async () => {
  const { page, context } = await worker();
  await shellKept(page);
  await page.goto('/grid');
  await context.setOffline(true);
  await page.goto('/grid');
  await page.getByRole('heading', { name: '发现一件事' }).waitFor();
  assert.match(await rows(page), /现在没有信号/);
  await axe(page);
  await fits(page);
  await screenshot(page, 'grid-offline');
  await page.fill('#found-what', '地下室积水两厘米');
  await page.locator('#found details summary').first().click();
  await page.setInputFiles('#found-photo', { name: 'a.png', mimeType: 'image/png', buffer: await png(page) });
  await page.getByRole('button', { name: '记下', exact: true }).click();
  await queue(page).locator('.tag--soon').first().waitFor();
  await page.locator('summary', { hasText: '代群众登记' }).click();
  await page.fill('#proxy-what', '李大爷说电梯门关得太快，电话13912345678');
  await page.getByRole('button', { name: '登记', exact: true }).click();
  await queue(page).locator('.tag--soon').nth(1).waitFor();
  // the phone is switched off and on: what waits is still there
  await page.goto('/grid');
  await queue(page).locator('.tag--soon').nth(1).waitFor();
  assert.equal(await filed('地下室积水'), 0);
  await context.setOffline(false);
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await queue(page).locator('.tag--ok').nth(1).waitFor();
  const code = (await queue(page).innerText()).match(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/);
  assert.ok(code, 'the code for the person is shown');
  await until(1, '地下室积水');
  await until(1, '电梯门关得太快');
  const left = await queued(page);
  assert.doesNotMatch(left, /电梯门|积水|13912345678/, 'nothing of the person stays in the browser');
  await page.goto('/grid');
  const row = page.locator('.row__title a', { hasText: '地下室积水' });
  await row.click();
  assert.ok(await page.locator('.photos img').count() > 0, 'the photograph arrived');
  await context.close();
});

test.main('an answer that is lost does not file twice, days later neither', async () => {
  const { page, context } = await worker();
  let lost = 0;
  await page.route('**/grid/send.json', async (route) => {
    if (lost++) return route.continue();
    await route.fetch();       // the server has it
    await route.abort('failed'); // the answer never comes
  });
  await page.fill('#found-what', '垃圾桶盖子坏了一个');
  await page.getByRole('button', { name: '记下', exact: true }).click();
  await queue(page).locator('.tag--soon').waitFor();
  await until(1, '垃圾桶盖子');
  await server.advance({ days: 6 });
  await page.goto('/grid');  // the session has ended meanwhile
  await page.waitForURL('**/login**');
  await login(page, 'grid', password(server, 'grid'));
  await page.waitForURL('**/grid');
  await sent(page);
  assert.equal(await filed('垃圾桶盖子'), 1);
  await context.close();
});

test('a session that has ended: says so, keeps what was written, goes on after the login', async () => {
  const { page, context } = await worker();
  await server.advance({ hours: 13 });
  await page.fill('#found-what', '楼顶水箱盖没盖好');
  await page.getByRole('button', { name: '记下', exact: true }).click();
  await queue(page).getByRole('link', { name: '登录' }).click();
  await page.fill('#login', 'grid');
  await page.fill('#password', password(server, 'grid'));
  await page.locator('form[action="/login"] button').click();
  await page.waitForURL('**/grid');
  await sent(page);
  await until(1, '楼顶水箱盖');
  await context.close();
});

test('another person at the same phone sees and sends nothing of it; signing out deletes it, after a warning', async () => {
  const { page, context } = await worker();
  await shellKept(page);
  await context.setOffline(true);
  await page.goto('/grid');
  await page.fill('#found-what', '谁家的秘密');
  await page.getByRole('button', { name: '记下', exact: true }).click();
  await queue(page).locator('.tag--soon').waitFor();
  // in this order: with the line back and the session still there, the form would rightly be sent
  await context.clearCookies();
  await context.setOffline(false);
  await login(page, 'grid-2', password(server, 'grid-2'));
  await page.waitForURL('**/grid');
  await queue(page).getByText('别人登录时写的').waitFor();
  assert.doesNotMatch(await rows(page), /谁家的秘密/);
  assert.equal(await filed('谁家的秘密'), 0);
  // own writing that waits
  await page.route('**/grid/token.json', (r) => r.abort('failed'));
  await page.fill('#found-what', '等信号的一件');
  await page.getByRole('button', { name: '记下', exact: true }).click();
  await queue(page).locator('.tag--soon').waitFor();
  // from another page the way out leads to where it is said
  await page.goto('/me');
  await page.getByRole('main').getByRole('button', { name: '退出' }).click();
  await page.waitForURL(/\/grid(#queue)?$/);
  await queue(page).locator('.tag--soon').waitFor();
  await page.getByRole('button', { name: '退出' }).click();
  await queue(page).getByText('没有发出').waitFor();
  await page.getByRole('button', { name: '退出' }).click();
  await page.waitForURL((u) => u.pathname !== '/grid');
  assert.deepEqual(await page.evaluate(async () => (await indexedDB.databases()).map((d) => d.name)), [], 'nothing is left behind');
  const cached = await page.evaluate(() => caches.keys());
  assert.deepEqual(cached, []);
  await context.close();
});

test('sound on a phone, in large print, in English, by keyboard', async () => {
  await report(server, { what: '前卫社区的健身器材松了' });
  const { page, context } = await worker({ locale: 'en-GB' });
  await sound(page);
  const chinese = (await page.locator('aside').innerText()).match(/[\u4e00-\u9fff]+/g);
  assert.equal(chinese, null, `Chinese is left: ${chinese}`);
  for (const width of [320, 768, 1440]) await fits(page, width);
  await screenshot(page, 'grid-en');
  await tabTo(page, '#found-what', 120);
  await page.keyboard.type('A lamp is out');
  await tabTo(page, '#found button.btn--big', 20);
  await page.keyboard.press('Enter');
  await sent(page);
  await page.goto('/grid?elder=1');
  await sound(page);
  await screenshot(page, 'grid-elder');
  await page.goto('/grid/proxy');
  await sound(page);
  await page.goto('/grid?elder=0&lang=zh');
  await screenshot(page, 'grid');
  await page.goto('/grid/proxy');
  await screenshot(page, 'grid-proxy');
  await context.close();
});
