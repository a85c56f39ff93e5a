// Language, elder mode, script off, keyboard: on a page that needs nobody and no data.
import { assert, test } from './lib/test.mjs';
import { fits, screenshot, sound, tabTo, visitor } from './lib/browser.mjs';
import { world } from './lib/server.mjs';

let server;
export const before = async () => { server = await world({ kind: 'empty' }); };
export const after = () => server.stop();

const lang = (page) => page.getAttribute('html', 'lang');
const rootSize = (page) => page.evaluate(() => parseFloat(getComputedStyle(document.documentElement).fontSize));

test.main('the language follows the browser, then the switch, and stays', async () => {
  const { page, context } = await visitor(server);
  await page.goto('/api');
  assert.equal(await lang(page), 'zh-CN');
  await page.getByRole('link', { name: 'English' }).click();
  assert.equal(await lang(page), 'en');
  await page.goto('/api');
  assert.equal(await lang(page), 'en');
  const left = await page.locator('main').innerText();
  assert.doesNotMatch(left, /[\u4e00-\u9fff]/, 'Chinese is left on the English page');
  await page.getByRole('link', { name: '中文' }).click();
  assert.equal(await lang(page), 'zh-CN');
  await context.close();
  const english = await visitor(server, { locale: 'en-GB' });
  await english.page.goto('/api');
  assert.equal(await lang(english.page), 'en');
  await english.context.close();
});

test('elder mode is larger, fits a phone and stays', async () => {
  const { page, context } = await visitor(server);
  await page.goto('/api');
  const before = await rootSize(page);
  await page.getByRole('link', { name: '长者版' }).click();
  const after = await rootSize(page);
  assert.ok(after >= 24 && after > before, `${before} px became ${after} px`);
  await fits(page);
  await page.goto('/nothing-here');
  assert.equal(await rootSize(page), after);
  await page.getByRole('link', { name: '标准版' }).click();
  assert.equal(await rootSize(page), before);
  await context.close();
});

test('without script nothing is missing', async () => {
  const on = await visitor(server);
  const off = await visitor(server, { script: false });
  await on.page.goto('/api');
  await off.page.goto('/api');
  assert.equal(await off.page.locator('main').innerText(), await on.page.locator('main').innerText());
  await off.page.getByRole('link', { name: 'English' }).click();
  assert.match(await off.page.content(), /<html lang="en"/);
  await on.context.close();
  await off.context.close();
});

test('the keyboard reaches everything and sees where it is', async () => {
  const { page, context } = await visitor(server, { width: 1440 });
  await page.goto('/api');
  await tabTo(page, 'a.skip', 1);
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await page.goto('/api');
  await tabTo(page, 'footer a:last-of-type', 80);
  await context.close();
});

for (const [name, path] of [['api', '/api'], ['not-found', '/nothing-here']])
  test(`sound in light, dark and elder mode: ${path}`, async () => {
    for (const colorScheme of ['light', 'dark']) {
      const { page, context } = await visitor(server, { colorScheme });
      await page.goto(path);
      await sound(page);
      await page.goto(`${path}?elder=1`);
      await sound(page);
      await context.close();
    }
    const { page, context } = await visitor(server);
    await page.goto(path);
    await screenshot(page, name);
    await context.close();
  });
