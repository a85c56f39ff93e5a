// Streets and water of an OpenStreetMap extract under the maps: imported while the server runs, drawn on the wall, the desk map and the small maps.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from './lib/test.mjs';
import { axe, fits, login, screenshot, visitor } from './lib/browser.mjs';
import { password, staff, town as code } from './lib/desk.mjs';
import * as osm from './lib/osm.mjs';
import { root, work, world } from './lib/server.mjs';
import { run } from './lib/shell.mjs';

const lon = 106.4935, lat = 29.5735;
const bundle = existsSync(path.join(root, 'web/dist/wall.js'));
let server, pbf, xml;
export const before = async () => {
  const data = osm.town(lon, lat);
  server = await world();
  pbf = path.join(work, 'town.osm.pbf');
  xml = path.join(work, 'town.osm');
  writeFileSync(pbf, osm.pbf(data));
  writeFileSync(xml, osm.xml(data));
};
export const after = () => server.stop();

const tile = (z) => {
  const n = 2 ** z, r = lat * Math.PI / 180;
  return `/tiles/background/${z}/${Math.floor((lon + 180) / 360 * n)}/${Math.floor((1 - Math.log(Math.tan(r) + 1 / Math.cos(r)) / Math.PI) / 2 * n)}.mvt`;
};

test.main('an extract is imported under a running server, once, and from either kind of file alike', async () => {
  const v = server.http();
  assert.equal((await v.get(tile(14))).status, 404);
  // the file is one: GDAL reads it too
  assert.match((await run('ogr2ogr', ['-f', 'CSV', '/vsistdout/', pbf, 'lines'])).text, /红石路,primary/);
  const first = await server.cli(['import', 'osm', pbf, '--source', '测试 2026-11-28']);
  const counted = /底图：(\d+) 条线和面，(\d+) 个点/.exec(first.text);
  assert.ok(Number(counted[1]) > 30 && Number(counted[2]) > 500, first.text);
  for (let i = 0; i < 600 && (await v.get(tile(14))).status !== 200; i++) await sleep(50);
  const shown = await v.get(tile(14));
  assert.equal(shown.status, 200);
  assert.ok(shown.text.includes('红石') && shown.text.includes('road') && shown.text.includes('water'));
  const again = await server.cli(['import', 'osm', pbf]);
  assert.match(again.text, /没有改动/);
  const other = await server.cli(['import', 'osm', xml, '--source', '测试 2026-11-28']);
  assert.deepEqual(/底图：(\d+) 条线和面，(\d+) 个点/.exec(other.text).slice(1), counted.slice(1));
  const wrong = await server.cli(['import', 'osm', path.join(root, 'README.md')], { expect: 1 });
  assert.match(wrong.text, /不是 OpenStreetMap 数据/);
  await server.cli(['import', 'osm'], { expect: 2 });
});

test.main('GDAL reads it as lines and areas, a box of it, and its name in a file of its own', async () => {
  const ask = async (id, query = '') => JSON.parse((await server.http().get(`/ogc/collections/${id}/items?limit=10000${query}`)).text);
  const about = async (...args) => (await run('ogrinfo', ['-ro', '-so', ...args])).text;
  const [all, lines, areas] = await Promise.all(['background', 'background-lines', 'background-areas'].map((id) => ask(id)));
  assert.ok(lines.numberMatched > 30 && areas.numberMatched > 1 && lines.numberMatched + areas.numberMatched === all.numberMatched);
  const source = `OAPIF:${server.url}/ogc`, file = path.join(server.dir, 'ground.gpkg');
  assert.match(await about(source, 'background-lines'), new RegExp(`Geometry: Line String[\\s\\S]*Feature Count: ${lines.numberMatched}\\b`));
  assert.match(await about(source, 'background-areas'), new RegExp(`Geometry: Polygon[\\s\\S]*Feature Count: ${areas.numberMatched}\\b`));
  const box = ['106.49', '29.57', '106.495', '29.575'], near = await ask('background-lines', `&bbox=${box}`);
  assert.ok(near.numberMatched > 0 && near.numberMatched < lines.numberMatched);
  assert.match(await about('-spat', ...box, source, 'background-lines'), new RegExp(`Feature Count: ${near.numberMatched}\\b`));
  await run('ogr2ogr', ['-f', 'GPKG', file, source, 'background-lines', '-oo', 'PAGE_SIZE=7']);
  const named = (await run('ogrinfo', ['-ro', '-q', file, '-sql', "SELECT count(*) AS n FROM \"background-lines\" WHERE name = '红石路' AND kind = 'primary'"])).text;
  const ours = lines.features.filter((f) => f.properties.name === '红石路' && f.properties.kind === 'primary').length;
  assert.ok(ours > 0);
  assert.match(named, new RegExp(`n \\(Integer(64)?\\) = ${ours}\\b`));
  // the links hold, but for the licence, which lies elsewhere
  for (const c of JSON.parse((await server.http().get('/ogc/collections')).text).collections)
    for (const l of c.links.filter((x) => x.rel !== 'license')) assert.equal((await server.http().get(l.href.replace(/^http:\/\/[^/]+/, ''))).status, 200, l.href);
});

test.main('an address that names a road is found on it', async () => {
  const { page, context } = await visitor(server, { width: 1440, height: 900 });
  await login(page, 'dispatcher', password(server, 'dispatcher'));
  const found = await page.evaluate(() => fetch(`/map/find.json?q=${encodeURIComponent('红石路')}`).then((r) => r.json()));
  const roads = found.rows.filter((r) => r.kind === 'road');
  assert.ok(roads.length > 0 && roads.every((r) => r.name === '红石路' && Math.abs(r.lon - lon) < 0.05), JSON.stringify(found));
  await context.close();
});

test.main('a community is merged away: the running server finds out where its roads lie now', async () => {
  const v = await staff(server, 'dispatcher');
  const codes = async () => JSON.parse((await v.get(`/map/find.json?q=${encodeURIComponent('红石路')}`)).text).rows.filter((r) => r.kind === 'road').map((r) => r.code);
  const [gone, into] = [...new Set(await codes())].sort();
  assert.ok(gone && into, 'the road runs through one community only');
  await server.cli(['place', 'merge', gone, into, '--reason', '测试']);
  for (let i = 0; i < 300 && !/roads follow the places changed=[1-9]/.test(server.log()); i++) await sleep(200);
  assert.match(server.log(), /roads follow the places changed=[1-9]/);
  const now = await codes();
  assert.ok(now.includes(into) && !now.includes(gone), `${now}`);
  assert.equal(new Set(now).size, now.length); // once in each
});

test('the small map has streets beneath, says whose they are, and needs no script', async () => {
  for (const [width, more] of [[360, { script: false }], [768, {}], [1440, { locale: 'en-US' }]]) {
    const { page, context } = await visitor(server, { width, height: 900, ...more });
    await page.goto(`/t/${code}/nearby?half=1500`);
    for (const kind of ['road', 'street', 'stream']) assert.equal(await page.locator(`.minimap .gr--${kind}`).count(), 1, kind);
    assert.equal(await page.locator('.minimap a[href="https://www.openstreetmap.org/copyright"]').innerText(), '© OpenStreetMap contributors (ODbL)');
    assert.ok(await page.locator('.minimap .way').count() > 0);
    assert.ok((await page.locator('.minimap svg').first().innerHTML()).length < 12_000);
    await fits(page);
    if (!more.script) await axe(page);
    assert.deepEqual(page.problems, []);
    await context.close();
  }
});

test('whoever draws the border of a grid sees the streets it follows', async () => {
  const { page, context } = await visitor(server, { width: 1440, height: 900 });
  await login(page, 'steward', password(server, 'steward'));
  await page.goto('/grids');
  await page.locator('table a').filter({ hasText: /前卫社区|石油社区|天桥社区/ }).first().click();
  assert.ok(await page.locator('.gridmap .minimap path').count() > 0);
  assert.equal(await page.locator('.gridmap figcaption a').innerText(), '© OpenStreetMap contributors (ODbL)');
  await screenshot(page, 'grids-ground');
  await axe(page);
  await fits(page);
  await context.close();
});

if (bundle) test('wall and desk map draw them from this server only, with the credit', async () => {
  for (const [address, size] of [['/wall', { width: 1920, height: 1080 }], ['/map', { width: 1440, height: 900 }]]) {
    const { page, context } = await visitor(server, size);
    const answers = [], elsewhere = [];
    page.on('response', (r) => {
      if (r.url().includes('/tiles/background/')) answers.push(r.status());
      if (!r.url().startsWith(server.url) && !/^(blob|data):/.test(r.url())) elsewhere.push(r.url());
    });
    await login(page, 'dispatcher', password(server, 'dispatcher'));
    await page.goto(`${address}?place=${code}`);
    await page.waitForSelector('#map canvas', { timeout: 60_000 });
    for (let i = 0; i < 600 && answers.length === 0; i++) await sleep(50);
    assert.ok(answers.length > 0 && answers.every((s) => s === 200 || s === 304), `${address}: ${answers}`);
    assert.deepEqual(elsewhere, []);
    assert.equal(await page.locator('.mapcredit a').innerText(), '© OpenStreetMap contributors (ODbL)');
    assert.match(await page.locator('.mapcredit').innerText(), /测试 2026-11-28/);
    await axe(page);
    if (address === '/map') {
      await fits(page);
      await screenshot(page, 'map-ground');
    }
    assert.deepEqual(page.problems, []);
    await context.close();
  }
});

if (bundle) test('a wall that hangs shows another extract by itself', async () => {
  const { page, context } = await visitor(server, { width: 1920, height: 1080 });
  await login(page, 'dispatcher', password(server, 'dispatcher'));
  await page.goto(`/wall?place=${code}`);
  await page.waitForSelector('#wall[data-line="live"]', { timeout: 60_000 });
  const before = await page.getAttribute('#wall', 'data-ground');
  await server.cli(['import', 'osm', pbf]);
  await page.waitForFunction((old) => (document.querySelector('#wall')?.dataset.ground ?? old) !== old, before, { timeout: 60_000 });
  await context.close();
});

test('taken away again, the maps are as before', async () => {
  await server.cli(['import', 'osm', '--drop']);
  const v = server.http();
  for (let i = 0; i < 600 && (await v.get(tile(14))).status !== 404; i++) await sleep(50);
  assert.equal((await v.get(tile(14))).status, 404);
  assert.ok(!(await v.get(`/t/${code}/nearby`)).text.includes('openstreetmap'));
  await server.cli(['import', 'osm', '--drop'], { expect: 1 });
});
