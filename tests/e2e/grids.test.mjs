// Dividing a village into grids: first borders, split with pointer and keyboard, a border moved, a merge, a file; with the effect shown before.
import { assert, test } from './lib/test.mjs';
import { login, screenshot, sound, visitor } from './lib/browser.mjs';
import { accounts, world } from './lib/server.mjs';

let server;
let steward;
export const before = async () => {
  server = await world();
  steward = accounts(server).find((a) => a.user === 'steward');
};
export const after = () => server.stop();

async function village(options) {
  const v = await visitor(server, { width: 1440, height: 900, ...options });
  await login(v.page, steward.user, steward.password);
  await v.page.goto('/grids');
  await v.page.getByRole('link', { name: '前卫社区' }).click();
  return v;
}

test('without its right nobody divides anything', async () => {
  assert.equal((await server.http().get('/grids')).status, 303);
  const v = server.http();
  const who = accounts(server).find((a) => a.user === 'dispatcher');
  await v.login(who.user, who.password);
  assert.equal((await v.get('/grids')).status, 403);
});

test.main('first borders by points, a split drawn with the pointer and saved, a merge back', async () => {
  const { page, context } = await village();
  await page.getByRole('button', { name: '按坐标划，先看' }).click();
  await page.getByRole('heading', { name: '改动的影响' }).waitFor();
  await screenshot(page, 'grids-preview');
  await sound(page);
  await page.getByRole('button', { name: '保存' }).click();
  await page.getByText('已保存').waitFor();
  await page.getByText('网格边界为示意').waitFor();
  await screenshot(page, 'grids-village');
  await sound(page);
  // whoever draws sees how large it is and whom the line divides
  assert.match(await page.locator('#draw .scale').textContent(), /\d+ (米|公里)/);
  assert.ok((await page.locator('#draw .open').getAttribute('d')).startsWith('M'));
  // a line down the middle of the first grid
  const svg = page.locator('#draw svg');
  const box = await svg.boundingBox();
  const unit = await page.locator('#draw .unit').first().boundingBox();
  const x = unit.x + unit.width / 2 - box.x;
  await svg.click({ position: { x, y: unit.y - box.y - 12 } });
  await svg.click({ position: { x: x + 8, y: unit.y - box.y + unit.height + 12 } });
  assert.equal((await page.inputValue('#line')).split('\n').length, 2);
  await page.fill('#name', '第九网格');
  await page.fill('#reason-draw', '人多，分开');
  await page.getByRole('button', { name: '切分，先看影响' }).click();
  await page.getByRole('heading', { name: '改动的影响' }).waitFor();
  assert.equal(await page.locator('tbody tr').count(), 3);
  await page.getByRole('button', { name: '保存' }).click();
  await page.getByText('已保存').waitFor();
  assert.equal(await page.locator('#draw .unit').count(), 3);
  assert.match(await page.locator('aside').innerText(), /人多，分开/);
  // and together again
  await page.getByText('合并两个网格').click();
  await page.selectOption('#from', { label: '第九网格' });
  await page.selectOption('#into', { index: 1 });
  await page.getByRole('button', { name: '合并，先看影响' }).click();
  await page.getByText(/并入第/).first().waitFor();
  await page.getByRole('button', { name: '保存' }).click();
  await page.getByText('已保存').waitFor();
  assert.equal(await page.locator('#draw .unit').count(), 2);
  await context.close();
});

test('a line by keyboard: the cross moves, Enter adds, Backspace takes back', async () => {
  const { page, context } = await village();
  await page.locator('#draw svg').focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Shift+ArrowUp');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Backspace');
  assert.match(await page.inputValue('#line'), /^\d+\.\d{7},\d+\.\d{7}$/);
  assert.match(await page.locator('#draw [role=status]').innerText(), /还有 1 个/);
  await context.close();
});

test('without script: a file is uploaded, refused with the reason, then taken; English', async () => {
  const { page, context } = await village({ script: false, width: 360 });
  const file = (w) => ({ name: 'g.geojson', mimeType: 'application/geo+json', buffer: Buffer.from(JSON.stringify({
    type: 'FeatureCollection', features: [{ type: 'Feature', properties: { name: '新格' },
      geometry: { type: 'Polygon', coordinates: [[[106.49, 29.56], [w, 29.56], [w, 29.57], [106.49, 29.57], [106.49, 29.56]]] } }] })) });
  await page.getByText('上传边界文件').click();
  await page.setInputFiles('#file', file(106.6));
  await page.selectOption('#datum', 'cgcs2000');
  await page.getByRole('button', { name: '上传，先看影响' }).click();
  assert.match(await page.locator('#errors').innerText(), /超出村社区边界 \d+ 平方米/);
  await screenshot(page, 'grids-refused');
  await context.close();
});

test('a line that does not divide is refused, nothing typed is lost', async () => {
  const v = server.http();
  await v.login(steward.user, steward.password);
  const list = await v.get('/grids');
  const link = /href="(\/grids\/[a-z]+)">前卫社区/.exec(list.text)[1];
  await v.get(link);
  const a = await v.submit(link, { op: 'split', line: '1,2\n3,4', name: '不存在', reason: '试' });
  assert.equal(a.status, 422);
  assert.match(a.text, /没有把它分开/);
  assert.match(a.text, /value="不存在"/);
  const b = await v.submit(link, { op: 'split', line: 'abc', name: 'x' });
  assert.match(b.text, /线读不懂/);
});
