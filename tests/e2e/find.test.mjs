// Names to places: the search box of the map and the wall, and what is proposed while a resident writes where it is. With script and without.
import { assert, test } from './lib/test.mjs';
import { axe, fits, screenshot, sound, visitor } from './lib/browser.mjs';
import { dispatcher, staff, town } from './lib/desk.mjs';
import { world } from './lib/server.mjs';

let server;
export const before = async () => { server = await world(); };
export const after = () => server.stop();

test('as data: homophones, pinyin and its beginning find the same place; only with the right to see matters there', async () => {
  const v = await staff(server, 'dispatcher');
  for (const typed of ['石门', '实门社区', 'shimen', 'shim', '大石坝石门社区3栋']) {
    const a = await v.get(`/map/find.json?q=${encodeURIComponent(typed)}`);
    assert.equal(a.status, 200);
    const { rows } = JSON.parse(a.text);
    assert.equal(rows[0]?.name, '石门社区', `${typed}: ${a.text}`);
    assert.match(rows[0].full, /大石坝街道石门社区/);
    assert.equal(rows[0].kind, 'place');
    assert.match(rows[0].code, /^500105004\d{3}$/);
    assert.ok(rows.every((r) => r.code.startsWith('500105004')), 'outside his territory');
  }
  const some = JSON.parse((await v.get('/map/find.json?q=qianweis')).text).rows[0];
  assert.ok(some.lon > 106 && some.lon < 107 && some.box.length === 4);
  assert.deepEqual(JSON.parse((await v.get('/map/find.json?q=')).text).rows, []);
  assert.equal((await v.get(`/map/find.json?q=${'a'.repeat(300)}`)).status, 400);
  const stranger = await server.http().get('/map/find.json?q=%E7%9F%B3%E9%97%A8');
  assert.ok([401, 403].includes(stranger.status), `a stranger gets ${stranger.status}`);
});

test('the desk map goes where one writes, by keyboard', async () => {
  const { page, context } = await dispatcher(server, { width: 1440, height: 900 });
  await page.goto('/map?state=open');
  await page.waitForSelector('#deskmap[data-ready="1"]');
  const box = page.getByRole('combobox', { name: '找地点' });
  await box.pressSequentially('shimen');
  await page.waitForSelector('.suggest__list li');
  assert.equal(await box.getAttribute('aria-expanded'), 'true');
  await axe(page);
  await screenshot(page, 'find-map');
  await box.press('Escape');
  assert.equal(await page.locator('.suggest__list').isVisible(), false);
  assert.equal(await box.inputValue(), 'shimen');
  await box.press('ArrowDown');
  await page.waitForSelector('.suggest__list li');
  await box.press('ArrowDown');
  const active = await box.getAttribute('aria-activedescendant');
  assert.match(await page.textContent(`#${active} b`), /石门/);
  assert.equal(await page.getAttribute(`#${active}`, 'aria-selected'), 'true');
  await box.press('Enter');
  await page.waitForURL(/\/map\?state=open&place=500105004\d{3}$/);
  assert.equal(await page.inputValue('#state'), 'open');
  // Enter at once, before any list has come
  await page.waitForSelector('#deskmap[data-ready="1"]');
  const there = new URL(page.url()).searchParams.get('place');
  await page.fill('#find', '石油社区');
  await page.press('#find', 'Enter');
  await page.waitForURL((u) => u.searchParams.get('state') === 'open' && u.pathname === '/map' && u.searchParams.get('place') !== there);
  await page.waitForSelector('#deskmap[data-ready="1"]');
  await fits(page);
  assert.deepEqual(page.problems, []);
  await context.close();
});

test('the wall goes down to what one writes', async () => {
  const { page, context } = await dispatcher(server, { width: 1920, height: 1080 });
  await page.goto('/wall');
  await page.waitForSelector('#wall[data-line="live"]');
  await page.locator('#find').pressSequentially('石门');
  await page.waitForSelector('.suggest__list li');
  await axe(page);
  await page.screenshot({ path: 'build/shots/find-wall-1920.png' });
  await page.press('#find', 'Enter');
  await page.waitForFunction(() => /石门/.test(document.querySelector('#where [aria-current]').textContent));
  assert.match(page.url(), /place=500105004\d{3}/);
  assert.deepEqual(page.problems, []);
  await context.close();
});

test('without script it is a page of links', async () => {
  const { page, context } = await dispatcher(server, { script: false });
  for (const from of ['/map', '/wall']) {
    await page.goto(from);
    await page.fill('#find', '实门');
    await page.locator('form.find button').click();
    assert.match(page.url(), /\/map\/find\?/);
    await sound(page);
    if (from === '/map') await screenshot(page, 'find-page');
    await page.getByRole('link', { name: /石门社区/ }).first().click();
    assert.match(page.url(), new RegExp(`${from}\\?place=500105004`));
  }
  await page.goto('/map/find?q=zzzz');
  assert.match(await page.textContent('main'), /没有叫“zzzz”的地方/);
  await sound(page);
  await context.close();
});

test.main('writing where it is: proposals that may be taken, ignored, or never seen', async () => {
  const { page, context } = await visitor(server);
  await page.goto(`/t/${town}/report`);
  await page.fill('#what', '楼道的灯坏了一个星期');
  await page.locator('#address').pressSequentially('实门');
  await page.waitForSelector('.suggest__list li');
  await axe(page);
  await page.screenshot({ path: 'build/shots/find-report-360.png', fullPage: true });
  await page.press('#address', 'ArrowDown');
  await page.press('#address', 'Enter');
  assert.equal(await page.inputValue('#address'), '石门社区');
  assert.match(await page.locator('#place option:checked').textContent(), /石门社区/);
  // words that say more than the name stay
  await page.selectOption('#place', '');
  await page.fill('#address', '');
  await page.locator('#address').pressSequentially('石门社区3栋楼下');
  await page.waitForSelector('.suggest__list li');
  await page.locator('.suggest__list li').first().click();
  assert.equal(await page.inputValue('#address'), '石门社区3栋楼下');
  assert.match(await page.locator('#place option:checked').textContent(), /石门社区/);
  await sound(page);
  await context.close();
});

test('several places of one name: asked once without script, and the words may stay', async () => {
  for (const choose of [true, false]) {
    const { page, context } = await visitor(server, { script: false });
    await page.goto(`/t/${town}/report`);
    await page.fill('#what', '路口的井盖一直响，晚上睡不着觉');
    await page.fill('#address', '第一网格（演示）路口');
    await page.locator('#report button.btn--big').click();
    if (await page.locator('#alike-found').count()) await page.locator('button[name=anyway]').click();
    await page.waitForSelector('#which');
    assert.ok(await page.locator('#which input[type=radio]').count() >= 3, 'candidates and the words themselves');
    assert.equal(await page.locator('#which input[value="-"]').isChecked(), true, 'nobody is made to choose');
    await sound(page);
    await screenshot(page, 'find-which');
    if (choose) await page.locator('#which input[type=radio]').first().check();
    await page.locator('#which button').click();
    await page.waitForURL(/\/r\/[0-9A-Z-]+$/);
    await page.goto(`${page.url()}/status`);
    assert.equal(/第一网格/.test(await page.textContent('main')), true);
    await context.close();
  }
});

test('in large print and in English the proposals fit', async () => {
  const { page, context } = await visitor(server, { locale: 'en-GB' });
  await page.goto(`/t/${town}/report?elder=1`);
  await page.locator('#address').pressSequentially('石');
  await page.locator('#address').pressSequentially('门');
  await page.waitForSelector('.suggest__list li');
  assert.ok((await page.locator('.suggest__list li').first().boundingBox()).height >= 44, 'a target for a finger');
  await sound(page);
  await screenshot(page, 'find-elder');
  await context.close();
});

test('whoever files for somebody else gets the same proposals', async () => {
  const { page, context } = await dispatcher(server);
  await page.goto('/cases/file/resident-report');
  await page.locator('[name=f_address]').pressSequentially('实门');
  await page.waitForSelector('.suggest__list li');
  await page.press('[name=f_address]', 'ArrowDown');
  await page.press('[name=f_address]', 'Enter');
  assert.equal(await page.inputValue('[name=f_address]'), '石门社区');
  assert.match(await page.locator('[name=f_place] option:checked').textContent(), /石门社区/);
  await sound(page);
  await context.close();
});
