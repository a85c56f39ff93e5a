// The desk at work: keys, several at once, list and matter side by side, drafts, saved filters, what is new, how notices arrive.
import { assert, test } from './lib/test.mjs';
import { axe, screenshot, sound, tabTo } from './lib/browser.mjs';
import { world } from './lib/server.mjs';
import { closed, desk, did, handed, number, officeHours, option, report, staff } from './lib/desk.mjs';

let server;
export const before = async () => {
  server = await world();
  await officeHours(server);
};
export const after = () => server.stop();

async function reports(...whats) {
  const v = await staff(server, 'dispatcher');
  const ids = [];
  for (const what of whats) ids.push(await number(v, await report(server, { what })));
  return ids;
}

const focused = (page) => page.evaluate(() => document.activeElement.closest('.row')?.dataset.id ?? document.activeElement.id);

// ---- several at once, without script ----

test.main('several are handled at once without script; what somebody else did first is told', async () => {
  const ids = await reports('一起办的第一件', '一起办的第二件', '一起办的第三件');
  const { page, context } = await desk(server, 'dispatcher', { script: false });
  await page.goto('/inbox');
  for (const id of ids) await page.check(`.row[data-id="${id}"] input[name=m]`);
  await page.getByRole('button', { name: '办理选中的' }).click();
  assert.match(await page.locator('h1').innerText(), /一起办理/);
  assert.equal(await page.locator('.row').count(), 3);
  await screenshot(page, 'work-bulk');
  const other = await staff(server, 'commander');
  await did(other, ids[1], 'urge').catch(() => {});
  const colleague = await staff(server, 'dispatcher');
  await did(colleague, ids[2], 'accept');
  await page.locator('#do-accept button.btn').click();
  assert.match(page.url(), /\/cases\/bulk\/[0-9a-f]{32}$/);
  const text = await page.locator('main').innerText();
  assert.match(text, /没有办/);
  assert.match(text, /已经先办了“受理”/);
  await axe(page);
  await screenshot(page, 'work-bulk-done');
  for (const id of [ids[0], ids[2]]) assert.match((await colleague.get(`/cases/${id}`)).text, /已受理/);
  await page.getByRole('link', { name: '再看没有办的' }).click();
  assert.match(await page.locator('h1').innerText(), /一起办理/);
  await context.close();
});

// ---- keys ----

test('the inbox is worked by keys alone', async () => {
  const ids = await reports('键盘办的第一件', '键盘办的第二件');
  const { page, context } = await desk(server, 'dispatcher');
  await page.goto('/inbox');
  const all = await page.locator('.row[data-id]').evaluateAll((v) => v.map((r) => r.dataset.id));
  await page.keyboard.press('j');
  assert.equal(await focused(page), all[0]);
  await page.keyboard.press('ArrowDown');
  assert.equal(await focused(page), all[1]);
  await page.keyboard.press('k');
  assert.equal(await focused(page), all[0]);
  await page.keyboard.press('x');
  await page.keyboard.press('j');
  await page.keyboard.press('Shift+X');
  assert.equal(await page.locator('.row input:checked').count(), 2);
  assert.match(await page.locator('[data-picked]').innerText(), /2/);
  await page.keyboard.press('x');
  assert.equal(await page.locator('.row input:checked').count(), 1);

  await page.keyboard.press('?');
  assert.ok(await page.locator('#keys').evaluate((d) => d.open));
  await axe(page);
  await page.keyboard.press('Escape');

  await page.keyboard.press('g');
  await Promise.all([page.waitForURL('**/cases'), page.keyboard.press('l')]);
  await page.keyboard.press('/');
  assert.equal(await focused(page), 'q');
  await page.keyboard.type('jjj键盘办的');
  assert.equal(await page.inputValue('#q'), 'jjj键盘办的', 'keys are letters in a field');

  await page.goto('/cases?state=filed');
  for (const id of ids) await page.check(`.row[data-id="${id}"] input[name=m]`);
  await page.locator('h1').click();
  await Promise.all([page.waitForURL(/bulk\?/), page.keyboard.press('e')]);
  assert.equal(await page.locator('.row').count(), 2);
  await page.keyboard.press('a');
  await Promise.all([page.waitForURL(/bulk\/[0-9a-f]{32}$/), page.locator('#do-accept button.btn').press('Enter')]);
  assert.match(await page.locator('h1').innerText(), /办了 2 件/);
  await sound(page);

  await page.goto('/inbox');
  await page.locator('[data-keys]').click();
  await page.check('#keys-off');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  assert.ok(!(await page.locator('#keys').evaluate((d) => d.open)), 'single keys are off');
  await context.close();
});

test('everything in the list is reached with Tab', async () => {
  const { page, context } = await desk(server, 'dispatcher');
  await page.goto('/cases');
  await tabTo(page, '#q');
  await tabTo(page, '.filters summary');
  await tabTo(page, '#bulk button');
  await tabTo(page, '.row input[name=m]');
  await tabTo(page, '.row__title a');
  await context.close();
});

// ---- side by side ----

test('list and matter stand side by side, and a step in the pane moves both', async () => {
  const [below, id] = await reports('并排看的下面一件', '并排看的一件'); // newest first
  const { page, context } = await desk(server, 'dispatcher');
  await page.goto('/cases?state=filed&scenario=resident-report');
  await page.locator(`.row[data-id="${id}"] .row__title a`).click();
  await page.waitForSelector('.pane__title');
  assert.match(page.url(), new RegExp(`/cases\\?.*#${id}$`));
  assert.match(await page.locator('.pane__title').innerText(), /并排看的一件/);
  assert.equal(await page.locator('h1').count(), 1);
  await axe(page);
  await screenshot(page, 'work-split');
  await page.locator('#pane #do-accept button.btn').click();
  await page.waitForSelector('#pane #do-dispatch');
  await page.waitForFunction((x) => !document.querySelector(`.row[data-id="${x}"]`), id); // no longer in this list
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('j'); // goes on where it was, not from the top
  await page.waitForFunction((x) => document.querySelector('#pane form[action$="/do"]')?.getAttribute('action') === `/cases/${x}/do`, below);
  await page.keyboard.press('Escape');
  assert.ok(await page.locator('#pane').isHidden());
  assert.deepEqual(page.problems, []);
  // narrow: the link is a link
  await page.setViewportSize({ width: 800, height: 900 });
  await page.goto('/cases');
  await Promise.all([page.waitForURL(/\/cases\/\d+$/), page.locator('.row__title a').first().click()]);
  await context.close();
});

// ---- drafts ----

const saved = (page) => page.waitForFunction(() => document.querySelector('.draft')?.textContent.includes('草稿已保存'));

test('what was typed survives a closed tab and goes when it is sent', async () => {
  const { id } = await handed(server, { fields: { what: '写草稿的一件' } });
  const { page, context } = await desk(server, 'handler-people');
  await page.goto(`/cases/${id}`);
  await page.locator('#do-sign button.btn').click();
  await page.goto(`/cases/${id}`);
  await page.locator('#do-reply > summary').click();
  await page.fill('#reply-note', '已经安排人员明天上门，电话 13812345678');
  await saved(page);
  await page.close();
  const again = await context.newPage();
  await again.goto(`/cases/${id}`);
  await again.waitForSelector('#do-reply .draft');
  assert.equal(await again.inputValue('#reply-note'), '已经安排人员明天上门，电话 13812345678');
  await axe(again);
  const other = await staff(server, 'dispatcher');
  assert.doesNotMatch((await other.get(`/drafts/kept?form=${encodeURIComponent(`/cases/${id}/do#reply`)}`)).text, /明天上门/);
  await again.goto('/drafts');
  assert.match(await again.locator('main').innerText(), new RegExp(`${id}`));
  await again.goto(`/cases/${id}`);
  await again.waitForSelector('#do-reply .draft');
  await again.locator('#reply-verdict').selectOption('solved');
  await Promise.all([again.waitForNavigation(), again.locator('#do-reply .btns button:not([name])').click()]);
  await again.goto('/drafts');
  assert.match(await again.locator('main').innerText(), /没有草稿/);
  await context.close();
});

test('a lost line and an ended session lose nothing', async () => {
  const [id] = await reports('断线时写的一件');
  const { page, context } = await desk(server, 'dispatcher');
  await page.goto(`/cases/${id}`);
  await context.setOffline(true);
  await page.locator('#do-note > summary').click();
  await page.fill('#note-note', '断线时写的话');
  await page.waitForFunction(() => document.querySelector('.draft')?.textContent.includes('没有连上'));
  await page.locator('#do-note button.btn').click();
  assert.equal(await page.inputValue('#note-note'), '断线时写的话');
  await context.setOffline(false);
  await saved(page);
  await page.fill('#note-note', '断线时写的话，再加一句');
  await saved(page);
  await context.clearCookies({ name: 'gz' });
  await page.fill('#note-note', '断线时写的话，再加两句');
  await page.waitForFunction(() => document.querySelector('.draft')?.textContent.includes('登录已过期'));
  await page.reload();
  const { login } = await import('./lib/browser.mjs');
  const { password } = await import('./lib/desk.mjs');
  await login(page, 'dispatcher', password(server, 'dispatcher'));
  await page.goto(`/cases/${id}`);
  await page.waitForSelector('#do-note .draft');
  assert.equal(await page.inputValue('#note-note'), '断线时写的话，再加两句');
  await page.getByRole('button', { name: '丢弃草稿' }).click();
  await page.reload();
  await page.waitForTimeout(500);
  assert.equal(await page.inputValue('#note-note'), '');
  await context.close();
});

// ---- filters, tabs, what is new ----

test.main('a filter is a chip, a name, a tab with a number, and an address', async () => {
  const [id] = await reports('存成标签的一件');
  const { page, context } = await desk(server, 'dispatcher', { script: false });
  await page.goto('/cases');
  await page.locator('.filters summary').click().catch(() => {});
  await page.goto('/cases?state=filed&scenario=resident-report');
  assert.equal(await page.locator('.chip').count(), 2);
  await page.getByRole('link', { name: '存为标签' }).click();
  await page.fill('#name', '早上先看');
  await page.selectOption('#org', { index: 1 });
  await sound(page);
  await page.getByRole('button', { name: '保存' }).click();
  assert.match(await page.locator('.tabs [aria-current]').innerText(), /早上先看\s*\d+/);
  await page.getByRole('link', { name: /去掉条件 事项种类/ }).click();
  assert.equal(new URL(page.url()).search, '?state=filed');
  const commander = await staff(server, 'commander');
  assert.match((await commander.get('/inbox')).text, /早上先看/);
  const board = await staff(server, 'board-people');
  assert.doesNotMatch((await board.get('/inbox')).text, /早上先看/);
  await context.close();
  // two characters of Chinese
  const v = await staff(server, 'dispatcher');
  for (let i = 0; i < 300 && !(await v.get(`/cases?q=${encodeURIComponent('标签')}`)).text.includes(id); i++)
    await new Promise((r) => { setTimeout(r, 100); });
  const found = await v.get(`/cases?q=${encodeURIComponent('标签')}`);
  assert.match(found.text, new RegExp(`/cases/${id}"`));
  assert.match(found.text, /搜索：标签/);
  assert.match((await v.get('/cases?state=filed&colour=late&channel=wechat')).text, /点上面的条件可以逐个去掉/);
});

test.main('what is new since the last look is marked, and "seen" takes the marks away', async () => {
  const v = await staff(server, 'dispatcher');
  await v.get('/inbox');
  assert.equal((await v.submit('/cases/seen')).status, 303);
  assert.doesNotMatch((await v.get('/inbox')).text, /class="tag tag--act fresh"/);
  await server.advance({ seconds: 2 });
  const [id] = await reports('上次看过以后来的');
  const page = (await v.get('/inbox')).text;
  assert.match(page.slice(page.indexOf(`data-id="${id}"`)).slice(0, 600), /fresh">新/);
  await v.submit('/cases/seen');
  assert.doesNotMatch((await v.get('/inbox')).text, /class="tag tag--act fresh"/);
});

// ---- notices ----

test.main('what must be acted on cannot be switched off, and a notice dies when its matter needs nobody', async () => {
  const handler = await staff(server, 'handler-people');
  await handler.get('/me/notices/settings');
  const form = handler.form('/me/notices/settings');
  assert.doesNotMatch(form.text.match(/<select id="work"[\s\S]*?<\/select>/)[0], /value="3"/);
  assert.match(form.text.match(/<select id="news"[\s\S]*?<\/select>/)[0], /value="3"/);
  const no = await handler.submit('/me/notices/settings', { work: '3' });
  assert.equal(no.status, 422);
  assert.match(no.text, /不能关掉/);
  await handler.get('/me/notices/settings');
  assert.equal((await handler.submit('/me/notices/settings', { news: '3', from: '22:00', to: '07:30' })).status, 303);
  assert.match((await handler.get('/me/notices/settings')).text, /value="22:00"[\s\S]*value="07:30"/);
  const { id, dispatcher } = await handed(server, { fields: { what: '通知会自己消失的一件' } });
  const notices = (await handler.get('/me/notices')).text;
  assert.match(notices, new RegExp(`/cases/${id}"`));
  assert.match(notices, /等我办的[\s\S]*大石坝街道[\s\S]*\d+ 条/, 'bundled by what it is and where');
  await did(handler, id, 'sign');
  assert.doesNotMatch((await handler.get('/me/notices')).text, new RegExp(`/cases/${id}"`));
  assert.ok(dispatcher);
});

test('pages of notices are sound', async () => {
  await closed(server, { fields: { what: '有评价通知的一件' } });
  const { page, context } = await desk(server, 'dispatcher');
  for (const path of ['/me/notices', '/me/notices/settings', '/drafts', '/cases/views', '/cases/bulk']) {
    await page.goto(path);
    await sound(page);
  }
  await context.close();
  assert.ok(option);
});
