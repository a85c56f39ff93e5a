// The three maps of people: the wall, the desk map, the resident's; with script and without.
import { assert, test } from './lib/test.mjs';
import { axe, fits, screenshot, sound, visitor } from './lib/browser.mjs';
import { dispatcher, report, staff, town } from './lib/desk.mjs';
import { world } from './lib/server.mjs';

let server;
export const before = async () => { server = await world(); };
export const after = () => server.stop();

test.main('the wall shows what its data say, and a report as soon as it is filed', async () => {
  const { page, context } = await dispatcher(server, { width: 1920, height: 1080 });
  await page.goto('/wall');
  await page.waitForSelector('#wall[data-line="live"]');
  await page.waitForSelector('#map canvas');
  const v = await staff(server, 'dispatcher');
  const state = JSON.parse((await v.get('/map/state')).text);
  const shown = (id) => page.textContent(id).then((t) => Number(t.replace(/\D/g, '')));
  for (const k of ['late', 'soon', 'ok', 'none']) assert.equal(await shown(`#open-${k}`), state.open[k], k);
  assert.equal(await page.locator('#children li').count(), state.children.length);
  const before = await shown('#today-in');
  await report(server, { what: '大屏前的人要马上看到这一件' });
  await page.waitForFunction((n) => Number(document.querySelector('#today-in').dataset.value) === n, before + 1);
  await page.waitForFunction(() => document.querySelector('#newest').textContent.includes('大屏前的人要马上看到这一件'));
  await axe(page);
  assert.deepEqual(page.problems, []);
  await context.close();
});

test('the wall goes down by touch and up by its path, and the address can be kept', async () => {
  const { page, context } = await dispatcher(server, { width: 1920, height: 1080 });
  await page.goto('/wall');
  await page.waitForSelector('#wall[data-line="live"]');
  const name = await page.locator('#children li span').first().textContent();
  await page.locator('#children li button').first().click();
  await page.waitForFunction((n) => document.querySelector('#where [aria-current]').textContent === n, name);
  assert.match(page.url(), /place=\d{12}/);
  await page.goBack();
  await page.waitForFunction((n) => document.querySelector('#where [aria-current]').textContent !== n, name);
  await page.getByRole('button', { name: '回放一天' }).click();
  await page.waitForFunction(() => /在办/.test(document.querySelector('#replay-when').textContent));
  await page.getByRole('button', { name: '回到现在' }).click();
  assert.equal(await page.locator('#replay').isVisible(), false);
  assert.deepEqual(page.problems, []);
  await context.close();
});

test('after going down and back the wall hears of the whole town again, and what is urgent elsewhere is seen and may be heard', async () => {
  const { page, context } = await dispatcher(server, { width: 1920, height: 1080 });
  await page.goto('/wall');
  await page.waitForSelector('#wall[data-line="live"]');
  const down = async (name) => {
    await page.locator('#children button', { hasText: name }).click();
    await page.waitForFunction((n) => document.querySelector('#where [aria-current]').textContent === n, name);
  };
  await down('石门社区');
  const stream = page.waitForRequest((r) => r.url().endsWith('/map/live'));
  await page.goBack();
  await stream;
  await page.waitForSelector('#wall[data-line="live"]');
  const form = (await server.http().get(`/t/${town}/report`)).text;
  const place = form.match(/<option value="([a-z]+)">前卫社区，不清楚哪个网格/)[1];
  await report(server, { what: '前卫社区的井盖松了', place });
  await page.waitForFunction(() => document.querySelector('#newest').textContent.includes('前卫社区的井盖松了'), null, { timeout: 25_000 });
  assert.match(await page.locator('#newest li', { hasText: '前卫社区的井盖松了' }).innerText(), /前卫社区/);
  // an emergency next door: a band and a word, no sound before somebody wants it
  await down('石门社区');
  await report(server, { what: '前卫社区楼道里冒烟，有明火', place, category: 'safety.fire' });
  await page.locator('#urgent.is-new a', { hasText: '楼道里冒烟' }).waitFor();
  assert.equal(await page.locator('#urgent a b').first().innerText(), '新');
  assert.equal(await page.getAttribute('#sound', 'data-chimes'), null);
  await page.click('#sound');
  await page.waitForSelector('#sound[aria-pressed="true"][data-chimes="1"]');
  await report(server, { what: '前卫社区又有一处冒烟', place, category: 'safety.fire' });
  await page.waitForSelector('#sound[data-chimes="2"]');
  await axe(page);
  await page.locator('#urgent strong').click();
  assert.equal(await page.locator('#urgent').evaluate((e) => e.classList.contains('is-new')), false);
  await page.click('#sound');
  await page.waitForSelector('#sound[aria-pressed="false"]');
  assert.deepEqual(page.problems, []);
  await context.close();
});

test('a replay runs at its speed, can be left at any time, and gives way to the present when nobody attends to it', async () => {
  const { page, context } = await dispatcher(server, { width: 1920, height: 1080 });
  await page.clock.install();
  await page.goto('/wall');
  await page.waitForSelector('#wall[data-line="live"]');
  await page.waitForSelector('#map canvas');
  await page.waitForFunction(() => document.querySelector('#map').dataset.shown === '1', null, { timeout: 60_000 });
  await page.getByRole('button', { name: '回放一月' }).click();
  await page.waitForFunction(() => /在办/.test(document.querySelector('#replay-when').textContent));
  assert.equal(await page.inputValue('#replay-speed'), '86400');
  // nothing of the map's own lies over its buttons
  await page.locator('#replay-play').click({ trial: true });
  await page.locator('#replay-end').click({ trial: true });
  await page.locator('#replay-at').fill('500');
  assert.match(await page.getAttribute('#replay-at', 'aria-valuetext'), /在办 [\d,]+ 件 · 超期 [\d,]+/);
  await page.clock.fastForward('05:10');
  await page.waitForSelector('#replay', { state: 'hidden' });
  await page.waitForSelector('#wall[data-line="live"]');
  assert.deepEqual(page.problems, []);
  await context.close();
});

test('a wall that is told to stay on hangs for weeks, and may only look', async () => {
  const { page, context } = await dispatcher(server, { width: 1920, height: 1080 });
  await page.goto('/wall?place=500105004002');
  await page.waitForSelector('#wall[data-line="live"]');
  await page.locator('.whang button').click();
  await page.waitForSelector('#wall[data-screen="1"][data-line="live"]');
  assert.match(page.url(), /place=500105004002/);
  const [cookie] = (await context.cookies()).filter((c) => c.name.endsWith('gz'));
  assert.ok(cookie.expires > Date.now() / 1000 + 86_400 * 30, 'the cookie is gone when the machine restarts');
  await server.advance({ days: 3 });
  await page.reload();
  await page.waitForSelector('#wall[data-screen="1"][data-line="live"]');
  // it may look, and nothing else: neither read a matter nor act, with the same cookie
  const http = server.http({ Cookie: `${cookie.name}=${cookie.value}` });
  assert.equal((await http.get('/map/state')).status, 200);
  for (const path of ['/cases', '/inbox', '/home', '/me', '/map', '/map/pick?bbox=106,29,107,30', '/me/sessions'])
    assert.notEqual((await http.get(path)).status, 200, path);
  assert.equal((await http.get('/map/export.csv')).text, (await server.http().get('/map/export.csv')).text, 'more than everybody gets');
  await page.locator('#newest a').first().click();
  await page.waitForURL(/\/login\?next=/);
  assert.match(await page.textContent('main'), /只看不办/);
  await page.goto('/wall');
  // its owner sees it among his devices, and ends it
  const own = await dispatcher(server, { width: 1440, height: 900 });
  await own.page.goto('/me/sessions');
  const line = own.page.locator('li', { hasText: '挂着的屏幕' });
  assert.equal(await line.count(), 1);
  await axe(own.page);
  await line.locator('button').click();
  await own.page.waitForSelector('text=这个登录已结束');
  assert.equal((await http.get('/map/state')).status, 401);
  await page.reload();
  await page.waitForURL(/\/login/);
  await own.context.close();
  await context.close();
});

test('the wall without script is numbers and links, and fits a telephone', async () => {
  const { page, context } = await dispatcher(server, { script: false });
  await page.goto('/wall');
  assert.match(await page.textContent('#open-late'), /^\d+$/);
  assert.ok(await page.locator('#children a').count() > 5);
  await page.locator('#children a').first().click();
  assert.match(page.url(), /place=/);
  // boxes that only the script would fill are not there
  assert.equal(await page.locator('.wmap').isVisible(), false);
  assert.equal(await page.locator('.wbox').evaluateAll((all) => all.filter((b) => b.checkVisibility() && b.querySelector('ul:empty')).length), 0);
  await fits(page);
  await screenshot(page, 'wall-plain');
  await context.close();
});

test('the desk map: what is circled is handled together, without a pointer too', async () => {
  const { page, context } = await dispatcher(server, { width: 1440, height: 900 });
  await page.goto('/map?state=open');
  await page.waitForSelector('#deskmap[data-ready="1"]');
  await page.getByRole('button', { name: '列出图上的' }).click();
  await page.waitForSelector('#picked li');
  const all = await page.locator('#picked li').count();
  assert.ok(all > 5);
  // by keyboard: a corner where the middle of the map is, thrice
  await page.getByRole('button', { name: '圈选' }).click();
  const map = page.locator('#map canvas');
  for (const keys of [['ArrowLeft', 'ArrowUp'], ['ArrowDown', 'ArrowDown'], ['ArrowRight', 'ArrowRight']]) {
    for (const k of keys) {
      await map.press(k);
      await page.waitForTimeout(500);
    }
    await map.press('Enter');
  }
  const picked = page.waitForResponse((r) => /\/map\/pick\?.*poly=/.test(r.url()));
  await map.press('Tab');
  assert.equal((await picked).status(), 200);
  await page.getByRole('button', { name: '列出图上的' }).click();
  await page.waitForSelector('#picked li');
  await sound(page);
  await page.getByRole('button', { name: '办理选中的' }).click();
  await page.waitForURL(/\/cases\/bulk\?/);
  assert.match(await page.textContent('h1'), /一起办理/);
  await context.close();
});

test('the desk map: layers stay as they were left, and a unit nearby is a way to dispatch what is ticked', async () => {
  const { page, context } = await dispatcher(server, { width: 1440, height: 900 });
  await page.goto('/map?state=filed');
  await page.waitForSelector('#deskmap[data-ready="1"]');
  await page.check('#layers input[value="places"]');
  await page.uncheck('#layers input[value="matters"]');
  await page.reload();
  await page.waitForSelector('#deskmap[data-ready="1"]');
  assert.equal(await page.isChecked('#layers input[value="places"]'), true);
  assert.equal(await page.isChecked('#layers input[value="matters"]'), false);
  // beside everything: what lies around comes first; nothing is ticked, so nothing can be sent
  await page.locator('#map canvas').click({ position: { x: 420, y: 300 } });
  await page.locator('#around-posts li').first().waitFor();
  assert.ok(await page.evaluate(() => document.querySelector('#around').compareDocumentPosition(document.querySelector('#picked-form')) & Node.DOCUMENT_POSITION_FOLLOWING));
  assert.equal(await page.locator('#around-posts a[href]').count(), 0);
  // the number above follows what comes in
  const before = Number((await page.textContent('#shown-n')).match(/\d+/)[0]);
  await report(server, { what: '地图上面的数字要跟上' });
  await page.waitForFunction((n) => Number(document.querySelector('#shown-n').textContent.match(/\d+/)[0]) === n, before + 1);
  await page.getByRole('button', { name: '列出图上的' }).click();
  await page.locator('#picked li').first().waitFor();
  const unit = page.locator('#around-posts a[href*="lead="]').first(), org = await unit.getAttribute('data-org');
  assert.match(await unit.getAttribute('href'), /^\/cases\/bulk\?m=.*do=dispatch&lead=\d+$/);
  await sound(page);
  // what has been accepted waits to be dispatched: the same way leads to the filled form
  const dispatcherHttp = await staff(server, 'dispatcher');
  const { rows } = JSON.parse((await dispatcherHttp.get('/map/pick?bbox=106,29,107,30&state=accepted')).text);
  assert.ok(rows.length > 0);
  await page.goto(`/cases/bulk?m=${rows[0].id}&do=dispatch&lead=${org}`);
  assert.equal(await page.inputValue('#do-dispatch [name="f_lead"]'), org);
  await context.close();
});

test('the desk map without script is filters and a way to the same list', async () => {
  const { page, context } = await dispatcher(server, { script: false });
  await page.goto('/map');
  await page.selectOption('#state', 'open');
  await page.getByRole('button', { name: '筛选' }).click();
  assert.match(page.url(), /state=open/);
  await page.getByRole('link', { name: '看名单' }).click();
  assert.match(page.url(), /\/cases\?state=open/);
  await context.close();
});

test('the resident sees what is public around, without script, and nothing finer than a cell', async () => {
  for (const script of [false, true]) {
    const { page, context } = await visitor(server, { script });
    await page.goto(`/t/${town}/nearby`);
    assert.ok(await page.locator('.rows li').count() > 0, 'nothing public in the demonstration town');
    assert.ok(await page.locator('figure svg').count() > 0);
    await page.getByRole('link', { name: '看远些' }).click();
    assert.match(page.url(), /half=2000/);
    await page.getByRole('link', { name: '往北' }).click();
    await sound(page);
    if (!script) await screenshot(page, 'nearby');
    await context.close();
  }
});
