// Borders from a clerk's files: Shapefiles as they come, rings that are wrong, and what the open interface shows of them at once.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from './lib/test.mjs';
import { town } from './lib/desk.mjs';
import { run } from './lib/shell.mjs';
import { world } from './lib/server.mjs';

let server, dir, grids;
const at = (name) => path.join(dir, name);
const collection = (features) => JSON.stringify({ type: 'FeatureCollection', features });
const feature = (code, coordinates, properties = {}) => ({ type: 'Feature', properties: { 代码: code, 名称: `网格${code.slice(-3)}`, ...properties }, geometry: { type: 'Polygon', coordinates } });
const square = (x, y, d = 0.001) => [[x, y], [x + d, y], [x + d, y + d], [x, y + d], [x, y]].map((p) => p.map((v) => Number(v.toFixed(7))));
const importing = (name, options = {}, args = []) => server.cli(['import', 'boundaries', at(name), '--source', '测试', '--datum', 'cgcs2000', '--no-check', '--again', ...args], options);
const get = async (address) => {
  const a = await server.http().get(`/ogc/collections/boundaries/items${address}`);
  assert.equal(a.status, 200, a.text);
  return JSON.parse(a.text);
};
const ring = (f) => f.geometry.coordinates[0][0];

export const before = async () => {
  server = await world();
  dir = path.join(server.dir, 'borders');
  mkdirSync(path.join(dir, '边界'), { recursive: true });
  let places;
  do places = await server.http().get(`/ogc/collections/places/items?kind=grid&place=${town}&limit=1000`);
  while (places.status === 503 && (await sleep(50)) === undefined);
  assert.equal(places.status, 200, places.text);
  grids = JSON.parse(places.text).features.map((f) => f.id).sort().slice(0, 20);
  assert.equal(grids.length, 20);
};
export const after = () => server.stop();

test('a Shapefile as it comes: GBK without a word, projected, packed with its folder; half of one says what is missing', async () => {
  const areas = (shift) => collection(grids.map((c, i) => feature(c, [square(106.49 + i % 5 * 0.001 + shift, 29.57 + Math.floor(i / 5) * 0.001)])));
  const shape = (name, ...args) => run('ogr2ogr', ['-f', 'ESRI Shapefile', at(name), at('areas.geojson'), ...args]);
  // each shifted a little, so that each sets all of them
  const kinds = {
    'utf8.shp': ['ENCODING=UTF-8'], 'gbk.shp': ['ENCODING=CP936'], 'latin.shp': ['ENCODING=CP936'], 'metres.shp': ['ENCODING=UTF-8', '-t_srs', 'EPSG:4545'],
    'bare.shp': ['ENCODING=UTF-8'], 'folder.zip': ['ENCODING=CP936'] };
  let n = 0;
  for (const [name, [encoding, ...args]] of Object.entries(kinds)) {
    writeFileSync(at('areas.geojson'), areas(++n * 0.0001));
    const file = name === 'folder.zip' ? '边界/packed.shp' : name;
    await shape(file, '-lco', encoding, ...args);
    if (name !== 'utf8.shp' && name !== 'metres.shp') rmSync(at(file.replace('.shp', '.cpg')));
    if (name === 'latin.shp') { // what says Latin letters and means nothing: ArcGIS writes this number too
      const bytes = readFileSync(at('latin.dbf'));
      bytes[29] = 0x57;
      writeFileSync(at('latin.dbf'), bytes);
    }
    if (name === 'bare.shp') rmSync(at('bare.prj'));
    if (name === 'folder.zip') await run('python3', ['-c', 'import shutil, sys; shutil.make_archive(sys.argv[1], "zip", sys.argv[2], "边界")', at('folder'), dir]);
    const { text } = await importing(name);
    assert.match(text, /20 个要素 features；设定 set 20，/, `${name}: ${text}`);
    if (name === 'bare.shp') assert.match(text, /没有坐标系说明（\.prj），按经纬度读/);
    const [west, south] = ring(await get(`/${grids[7]}`))[0];
    assert.ok(Math.abs(west - (106.492 + n * 0.0001)) < 1e-6 && Math.abs(south - 29.571) < 1e-6, `${name}: ${west}, ${south}`);
  }
  copyFileSync(at('utf8.shp'), at('alone.shp'));
  const alone = (await importing('alone.shp', { expect: 1 })).text;
  assert.match(alone, /还缺 \.shx, \.dbf/);
  assert.doesNotMatch(alone, /->/);
  for (const end of ['shx', 'dbf', 'prj']) copyFileSync(at(`utf8.${end}`), at(`junk.${end}`));
  writeFileSync(at('junk.shp'), 'nothing of the kind');
  const junk = (await importing('junk.shp', { expect: 1 })).text;
  assert.match(junk, /它坏了，或不是后缀所说的格式/);
  assert.ok(junk.split('\n').length < 10, junk); // GDAL's list of a hundred formats helps nobody
  assert.match((await importing('utf8.shp', { expect: 1, env: { ...server.env, PATH: '/nowhere' } })).text, /请先安装 gdal-bin/);
});

test.main('rings that are wrong are mended and told, one by one; what cannot be used is told with what to do', async () => {
  const [x, y, d] = [106.49, 29.57, 0.001];
  const s = (i) => square(x + i * 0.002, y, d);
  const rings = [
    [[s(0).slice(0, -1)], /没有闭合，已闭合/],
    [[[[x, y], [x + d, y + d], [x + d, y], [x, y + d], [x, y]]], /环自相交，已在交点拆开/],
    [[s(2).reverse()], /方向相反，已调转/],
    [[s(3), square(x + 0.0063, y + 0.0003, 0.0004)], /方向相反，已调转/], // a hole turned like its outer ring
    [[s(4), square(x + 0.05, y, d).reverse()], /洞在外面/],
    [[[[x, y], [x + 0.0004, y], [x + 0.0005, y + 0.0005], [x + 0.0006, y], [x + d, y], [x + d, y + d], [x + 0.0005, y + 0.0005], [x, y + d], [x, y]]], /自相接，已在接点拆开/],
    [[[[179.99, 10], [-179.99, 10], [-179.99, 10.01], [179.99, 10.01], [179.99, 10]]], /跨 180 度经线，已分成两半/],
    [[[[x, y], [x + d, y], [x, y]]], /没有剩下面积/],
    [[[[y, x], [y + d, x], [y + d, x + d], [y, x]]], /经度在前/],
    [[[['a', 1], [2, 3], [4, 5], ['a', 1]]], /不是数字/],
  ];
  writeFileSync(at('rings.geojson'), collection([...rings.map(([r], i) => feature(grids[i], r)), feature('999999999999999', [s(0)])]));
  const { text } = await importing('rings.geojson', { expect: 3 }, ['--report', at('rings.csv')]);
  assert.match(text, /设定 set 7，.*已修补 mended 7，.*未匹配 unmatched 1，有误 faulty 3/);
  const lines = readFileSync(at('rings.csv'), 'utf8').split('\n');
  for (const [i, [, says]] of rings.entries()) assert.match(lines.find((l) => l.split(',')[1] === String(i + 1)) ?? '', says, `feature ${i + 1}`);
  assert.match(lines.find((l) => l.startsWith('unmatched,11,')), /代码找不到/);
  assert.match(lines.find((l) => l.startsWith('faulty,9,')), new RegExp(`网格${grids[8].slice(-3)}`)); // whose it is, though its shape cannot be read
  const both = (await get(`/${grids[6]}`)).geometry.coordinates;
  assert.equal(both.length, 2);
  for (const p of both.flat(2)) assert.ok(Math.abs(p[0]) >= 179.99 && Math.abs(p[0]) <= 180);
  assert.equal((await get(`/${grids[3]}`)).geometry.coordinates[0].length, 2); // the hole stayed
  assert.equal((await get('?bbox=179,9,-179,11')).features.map((f) => f.id).join(), grids[6]); // once, though in both boxes
});

test.main('pages of the borders are of one moment, and of the newest one at once after an edit', async () => {
  const put = async (shift) => {
    writeFileSync(at('all.geojson'), collection(grids.map((c, i) => feature(c, [square(100 + i % 5 * 0.001 + shift, 20 + Math.floor(i / 5) * 0.001)]))));
    await importing('all.geojson');
  };
  const pages = async (query) => {
    const ids = [];
    let address = query, matched;
    while (address) {
      const page = await get(address);
      matched ??= page.numberMatched;
      assert.equal(page.numberMatched, matched);
      ids.push(...page.features.map((f) => f.id));
      address = page.links.find((l) => l.rel === 'next')?.href.replace(/^.*\/items/, '');
    }
    assert.equal(ids.length, matched);
    assert.equal(new Set(ids).size, matched);
    return ids;
  };
  for (let i = 0; i < 3; i++) {
    await put(i / 1000);
    const west = Number((100 + i / 1000).toFixed(7)); // where nothing else is drawn
    const whole = await pages('?limit=173'), mine = await pages(`?limit=7&level=grid&place=${town}`);
    assert.ok(whole.length > 1000 && grids.every((g) => mine.includes(g) && whole.includes(g)));
    // a box around these alone, and beside it
    assert.deepEqual(await pages(`?limit=3&level=grid&place=${town}&bbox=${west + 0.0001},20.0001,${west + 0.0049},20.0039`), grids);
    assert.deepEqual(await pages(`?limit=3&level=grid&place=${town}&bbox=${west + 0.0001},20.0001,${west + 0.0009},20.0009`), [grids[0]]);
    assert.equal(ring(await get(`/${grids[0]}`))[0][0], west);
    assert.equal(ring((await get(`?limit=1000&level=grid&place=${town}`)).features.find((f) => f.id === grids[0]))[0][0], west);
    assert.deepEqual(await pages(`?limit=7&level=grid&place=${town}`), mine); // kept, and the same
  }
});
