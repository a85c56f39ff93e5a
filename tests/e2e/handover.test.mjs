// The hand-over: what is open by deadline, words for the next shift, who takes over; without script, on a phone, printed.
import { assert, test } from './lib/test.mjs';
import { fits, screenshot, sound } from './lib/browser.mjs';
import { world } from './lib/server.mjs';
import { desk, handed, officeHours, staff } from './lib/desk.mjs';

let server;
export const before = async () => {
  server = await world();
  await officeHours(server);
};
export const after = () => server.stop();

test.main('a shift is handed over and taken, with its words', async () => {
  await handed(server, { fields: { what: '交班时还没办完的一件' } });
  const { page, context } = await desk(server, 'dispatcher', { script: false });
  await page.goto('/handover');
  const text = await page.locator('main').innerText();
  assert.match(text, /交班时还没办完的一件/);
  assert.match(text, /收到/);
  assert.match(text, /已超期/);
  await page.fill('#text', '7 栋停水，水司说晚上九点恢复。联系人 13812345678');
  await page.getByRole('button', { name: '留话' }).click();
  assert.match(await page.locator('main').innerText(), /水司说晚上九点恢复[\s\S]*138\*\*\*\*5678/);
  await page.selectOption('#to', { label: '陈指挥（演示）' });
  await page.getByRole('button', { name: '交班', exact: true }).click();
  assert.match(await page.locator('main').innerText(), /已交班给 陈指挥/);
  await sound(page);
  await screenshot(page, 'handover');
  await context.close();

  const next = await staff(server, 'commander');
  assert.match((await next.get('/me/notices')).text, /请您接班/);
  assert.match((await next.get('/handover')).text, /确认接班/);
  assert.equal((await next.submit('/handover/answer')).status, 303);
  const after = (await next.get('/handover')).text;
  assert.match(after, /上一班留下的话[\s\S]*水司说晚上九点恢复/);
  assert.match(after, /何值班（演示） 交给 陈指挥（演示）/);
  assert.doesNotMatch((await next.get('/me/notices')).text, /请您接班/);
});

test('the hand-over prints as a sheet and fits a phone', async () => {
  const { page, context } = await desk(server, 'dispatcher');
  await page.goto('/handover');
  await fits(page);
  await sound(page);
  await page.emulateMedia({ media: 'print' });
  assert.ok(await page.locator('#text').isHidden(), 'forms do not print');
  assert.ok(await page.locator('table').first().isVisible());
  await screenshot(page, 'handover-print');
  await context.close();
});

test('whoever distributes nothing has no hand-over', async () => {
  const v = await staff(server, 'handler-people');
  assert.equal((await v.get('/handover')).status, 403);
  assert.doesNotMatch((await v.get('/inbox')).text, /href="\/handover"/);
});
