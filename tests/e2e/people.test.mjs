// What each of the five people asked for at their own pages: the desk's form, findings, several at once, notices, the place inside a photograph.
import { assert, test } from './lib/test.mjs';
import { axe, fits, screenshot, visitor } from './lib/browser.mjs';
import { world } from './lib/server.mjs';
import { jpeg } from './lib/photo.mjs';
import { actionForm, desk, did, number, officeHours, option, report, staff, step, town } from './lib/desk.mjs';

let server;
export const before = async () => {
  server = await world();
  await officeHours(server);
};
export const after = () => server.stop();

// ---- the staff form's map ----

test.main('a pin on the map of the staff form, without script: nothing typed is lost, the grid is chosen, the point is kept', async () => {
  const { page, context } = await desk(server, 'dispatcher', { script: false });
  await page.goto('/cases/file/resident-report');
  await page.fill('[name=f_what]', '标在图上的井盖');
  const map = page.locator('input[type=image][name=pin]');
  await map.click({ position: { x: 150, y: 100 } });
  await page.locator('#pin-field [role=status]').waitFor();
  assert.equal(await page.inputValue('[name=f_what]'), '标在图上的井盖');
  assert.match(await page.inputValue('[name=lon]'), /^106\.\d+$/);
  assert.notEqual(await page.inputValue('[name=f_place]'), '', 'the grid comes from the pin');
  await axe(page);
  await fits(page);
  await screenshot(page, 'file-pin');
  await page.locator('.btns button', { hasText: '登记' }).click();
  await page.waitForURL(/\/cases\/\d+$/);
  const v = await staff(server, 'dispatcher');
  const id = page.url().match(/(\d+)$/)[1];
  const shown = await v.get(`/cases/${id}`);
  assert.match(shown.text, /class="pin"/);
  // dropped again: filed by its place alone
  await page.goto('/cases/file/resident-report');
  await page.fill('[name=f_what]', '又不要图上的点');
  await page.locator('input[type=image][name=pin]').click({ position: { x: 150, y: 100 } });
  await page.check('[name=nopin]');
  await page.locator('.btns button', { hasText: '登记' }).click();
  await page.waitForURL(/\/cases\/\d+$/);
  await context.close();
});

test.main('the same pin with script: by pointer, dragged, by arrow keys; the page stays, the grid follows, and large print fits', async () => {
  const { page, context } = await desk(server, 'dispatcher');
  await page.goto('/cases/file/resident-report');
  await page.fill('[name=f_what]', '按键标的井盖');
  let loads = 0;
  page.on('framenavigated', () => loads++);
  const map = page.locator('input[type=image][name=pin]');
  const lat = async () => Number(await page.inputValue('#lat'));
  const asked = () => page.waitForResponse((r) => r.url().endsWith('/cases/spot.json') && r.ok());
  await map.focus();
  let answer = asked();
  await page.keyboard.press('Enter'); // the middle
  await answer;
  const first = await lat();
  assert.ok(first > 29 && first < 30, `${first}`);
  await page.locator('#spot', { hasText: '标在：' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.name), 'pin', 'the map keeps the focus when it is drawn anew');
  answer = asked();
  for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowUp');
  await answer;
  assert.ok(Math.abs((await lat() - first) * 111_320 - 60) < 3, 'four steps north are sixty metres');
  assert.equal(await page.locator('#map .pin').count(), 1);
  assert.notEqual(await page.inputValue('[name=f_place]'), '', 'the grid comes from the pin');
  await page.waitForTimeout(100);
  // dragged by its head
  await map.scrollIntoViewIfNeeded();
  const head = await page.locator('#map .pin path').boundingBox();
  const before = await lat();
  answer = asked();
  await page.mouse.move(head.x + head.width / 2, head.y + 10);
  await page.mouse.down();
  await page.mouse.move(head.x + head.width / 2 + 10, head.y + 30, { steps: 4 });
  await page.mouse.move(head.x + head.width / 2, head.y + 50, { steps: 4 });
  await page.mouse.up();
  await answer;
  const south = (before - await lat()) * 111_320;
  assert.ok(Math.abs(south - 40 * (400 / 162)) < 8, `forty pixels south are ${south.toFixed(1)} m`);
  assert.equal(loads, 0, 'no reload');
  assert.equal(await page.inputValue('[name=f_what]'), '按键标的井盖');
  await axe(page);
  await fits(page);
  await screenshot(page, 'file-pin-script');
  await page.getByRole('button', { name: '清除位置' }).click();
  assert.equal(await page.inputValue('#lon'), '');
  assert.equal(await page.locator('#map .pin').count(), 0);
  await map.click({ position: { x: 150, y: 100 } });
  await page.locator('#spot', { hasText: '标在：' }).waitFor();
  const point = await page.inputValue('#lon');
  await page.locator('.btns button', { hasText: '登记' }).click();
  await page.waitForURL(/\/cases\/\d+$/);
  const v = await staff(server, 'dispatcher');
  const shown = await v.get(new URL(page.url()).pathname);
  assert.match(shown.text, /class="pin"/);
  assert.match(point, /^106\.\d{6}$/);
  // in large print, in English
  await page.goto('/cases/file/resident-report?elder=1&lang=en');
  await map.focus();
  await page.keyboard.press('ArrowRight');
  await page.locator('#spot', { hasText: 'Marked in' }).waitFor();
  await axe(page);
  await fits(page);
  await screenshot(page, 'file-pin-elder');
  await context.close();
});

test('what stands at a pin is told only for a position, and a place only where the reader may file', async () => {
  const v = await staff(server, 'grid');
  await v.get('/cases/file/resident-report');
  const { _csrf } = v.form(/cases\/file/).fields;
  const far = await v.post('/cases/spot.json', { _csrf, lon: '116.4', lat: '39.9' });
  assert.equal(far.status, 200);
  assert.deepEqual(Object.fromEntries(Object.entries(JSON.parse(far.text)).filter(([k]) => k !== 'map')), { place: null, spot: '' });
  for (const at of [{ lon: 'NaN', lat: '1' }, { lon: '200', lat: '1' }, { lon: '', lat: '' }, { lon: '106.4', lat: '1e999' }])
    assert.equal((await v.post('/cases/spot.json', { _csrf, ...at })).status, 400, JSON.stringify(at));
  assert.equal((await v.post('/cases/spot.json', { lon: '106.49', lat: '29.57' })).status, 403, 'without the token of the form');
});

test.main('a patrol finding is returned to an organisation chosen from a list with its load, and may have helpers', async () => {
  const worker = await staff(server, 'grid');
  await worker.get('/grid');
  const sent = await worker.submit('/grid', { what: '巡查发现树倒了', step: 'pass' });
  assert.equal(sent.status, 303, sent.text.slice(0, 300));
  const d = await staff(server, 'dispatcher');
  const list = await d.get('/cases?scenario=patrol-finding');
  const [, id] = list.text.match(/href="\/cases\/(\d+)">巡查发现树倒了/);
  await d.get(`/cases/${id}`);
  assert.match(d.page, /id="dispatch-cohandlers"/);
  await did(d, id, 'dispatch', { lead: option(d, 'dispatch', 'lead', '民生服务板块'), cohandlers: option(d, 'dispatch', 'lead', '城市管理局').split('.')[0] });
  const h = await staff(server, 'handler-people');
  await h.get(`/cases/${id}`);
  const to = option(h, 'return', 'suggest', '城市管理局');
  assert.match(actionForm(h, 'return').text, /城市管理局（演示） · 在办 \d+ 件/, 'the load stands beside the name');
  const early = await step(h, id, 'finish', { verdict: 'solved', note: '扶正了' });
  assert.equal(early.status, 422);
  assert.match(early.text, /城市管理局/);
  await did(h, id, 'return', { reason: '归城管', suggest: to });
});

// ---- a rule that a reason lets pass, for several at once ----

test.main('several at once: a rule that stops some of them asks for its reason once, before anything is done', async () => {
  const d = await staff(server, 'dispatcher');
  const h = await staff(server, 'handler-people');
  const ids = [];
  for (const what of ['楼下堆物甲', '楼下堆物乙', '楼下堆物丙']) {
    const id = await number(d, await report(server, { what }));
    await did(d, id, 'accept');
    await d.get(`/cases/${id}`);
    const lead = option(d, 'dispatch', 'lead', '民生服务板块');
    await did(d, id, 'dispatch', { lead, ...(what.endsWith('乙') ? {} : { cohandlers: option(d, 'dispatch', 'lead', '平安法治板块') }) });
    await did(h, id, 'sign');
    ids.push(id);
  }
  const { page, context } = await desk(server, 'handler-people', { script: false });
  await page.goto(`/cases/bulk?${ids.map((i) => `m=${i}`).join('&')}&do=reply`);
  await page.selectOption('#reply-verdict', 'solved');
  await page.fill('#reply-note', '已经清走。');
  await page.locator('#do-reply button.btn').click();
  await page.locator('#reply-why-parts-done').waitFor();
  assert.match(await page.locator('#do-reply').innerText(), /拦住了 2 件/);
  assert.equal(await page.inputValue('#reply-note'), '已经清走。', 'nothing typed is lost');
  await axe(page);
  await fits(page);
  await screenshot(page, 'bulk-rule');
  await page.fill('#reply-why-parts-done', '协办电话里说已到场，系统稍后补交');
  await page.locator('#do-reply button.btn').click();
  await page.waitForURL(/\/cases\/bulk\/[0-9a-f]{32}$/);
  assert.match(await page.locator('h1').innerText(), /办了 3 件/);
  await page.goto(`/cases/${ids[0]}?lang=en`);
  assert.match(await page.locator('main').innerText(), /协办电话里说已到场/);
  await context.close();
});

// ---- how many notices are unread ----

test('the menu says how many notices are unread, in words too; nothing when there are none, and not in what the browser keeps', async () => {
  const { page, context } = await desk(server, 'handler-safety', { script: false });
  const entry = page.locator('.nav a[href="/me/notices"]');
  await page.goto('/me/notices');
  const all = page.getByRole('button', { name: '全部标为已读' });
  if (await all.count()) await all.click();
  await page.goto('/inbox');
  assert.equal((await entry.innerText()).trim(), '通知');
  assert.equal(await entry.getAttribute('aria-label'), null);
  const d = await staff(server, 'dispatcher');
  for (const what of ['护栏松了甲', '护栏松了乙']) {
    const id = await number(d, await report(server, { what }));
    await d.get(`/cases/${id}`);
    await did(d, id, 'dispatch', { lead: option(d, 'dispatch', 'lead', '平安法治板块') });
  }
  await page.reload();
  assert.match(await entry.innerText(), /^通知\s*2$/);
  assert.equal(await entry.getAttribute('aria-label'), '通知，2 条未读');
  await axe(page);
  await screenshot(page, 'unread');
  await page.goto('/inbox?lang=en');
  assert.equal(await entry.getAttribute('aria-label'), 'Notices, 2 unread');
  await page.goto('/inbox?lang=zh&elder=1');
  await fits(page);
  const worker = await staff(server, 'grid');
  assert.doesNotMatch((await worker.get('/grid/offline')).text, /条未读/);
  await context.close();
});

// ---- the place inside a photograph, read in the browser ----

test('a photograph that knows its place: offered on the page, without a line too; nothing is sent before the form is', async () => {
  const { page, context } = await visitor(server);
  const here = await jpeg(server, { place: { lon: 106.4836, lat: 29.5713 } });
  const elsewhere = await jpeg(server, { place: { lon: 116.4, lat: 39.9 } });
  await page.goto(`/t/${town}/report`);
  await page.fill('#what', '照片里的路灯');
  await page.waitForTimeout(300);
  const sent = [];
  page.on('request', (r) => sent.push(`${r.method()} ${r.url()} ${r.postData() ?? ''}`));
  await context.setOffline(true);
  const file = (name, buffer) => ({ name, mimeType: 'image/jpeg', buffer });
  await page.setInputFiles('#photo', file('here.jpg', here));
  const offer = page.locator('#photo-place');
  await offer.waitFor();
  assert.equal(await page.inputValue('#lon'), '', 'only offered');
  assert.equal(await page.locator('input[name=photo_point]').isVisible(), false, 'the same is not asked twice');
  await axe(page);
  await screenshot(page, 'photo-place');
  await offer.getByRole('button').press('Enter');
  assert.ok(Math.abs(Number(await page.inputValue('#lon')) - 106.4836) < 1e-4);
  assert.ok(Math.abs(Number(await page.inputValue('#lat')) - 29.5713) < 1e-4);
  assert.equal(await page.locator('#map .pin').count(), 1);
  assert.equal(await offer.isVisible(), false);
  await screenshot(page, 'photo-place-taken');
  assert.ok(sent.every((r) => !/106\.4|29\.57|photo/.test(r)), `the place left before the form did: ${sent}`);
  // another photograph: from far away, or broken, nothing is offered and the place of the first is gone
  for (const [name, bytes] of [['far.jpg', elsewhere], ['cut.jpg', here.subarray(0, 60)], ['none.jpg', Buffer.from('no photograph')],
    ['loop.jpg', Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(400_000, 0xff)])]]) {
    await page.setInputFiles('#photo', file(name, bytes));
    await page.waitForTimeout(150);
    assert.equal(await offer.isVisible(), false, name);
    assert.equal(await page.inputValue('#lon'), '', name);
  }
  await page.setInputFiles('#photo', file('here.jpg', here));
  await offer.getByRole('button').click();
  await context.setOffline(false);
  await page.locator('button.btn--big').click();
  await page.waitForURL(/\/r\/|report/);
  if (await page.locator('#alike-found').count()) await page.getByRole('button', { name: '不是同一件' }).click();
  await page.waitForURL(/\/r\//);
  assert.match(await page.locator('.facts').innerText(), /社区/, 'the grid is derived from it');
  await context.close();
});
