// QGIS's own provider for OGC API - Features, its tiles, its keys: what it makes of the interfaces of the real server. Not installed by script/bootstrap --test.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from './lib/test.mjs';
import { town } from './lib/desk.mjs';
import * as osm from './lib/osm.mjs';
import { work, world } from './lib/server.mjs';
import { run } from './lib/shell.mjs';

// Debian's, which has QGIS, and not another one that stands before it in the path
const python = '/usr/bin/python3';
const script = path.join(path.dirname(fileURLToPath(import.meta.url)), 'lib/ask_qgis.py');
const there = (await run(python, ['-c', 'import qgis.core'], { expect: null })).code === 0;
if (!there) console.log('skipped qgis.test.mjs: QGIS is not installed (script/bootstrap --qgis)');

let server;
const keys = {};
export const before = async () => {
  server = await world();
  for (const [login, place] of [['gis', town], ['gis-other', '500105005']]) {
    await server.cli(['user', 'add', login, '--service', '--name', '地图程序', '--role', 'dispatcher', '--place', place]);
    keys[login] = /gz_[\w-]+/.exec((await server.cli(['user', 'key', 'add', login])).text)[0];
  }
};
export const after = () => server.stop();

// Puts the questions to a QGIS of its own; answers in the same order.
async function qgis(asks) {
  const home = mkdtempSync(path.join(work, 'qgis-'));
  const env = { ...process.env, HOME: home, XDG_RUNTIME_DIR: home, QT_QPA_PLATFORM: 'offscreen', QGIS_AUTH_DB_DIR_PATH: home, LANG: 'C.UTF-8',
    http_proxy: '', https_proxy: '', no_proxy: '127.0.0.1' };
  const out = path.join(home, 'answers.json');
  await run(python, [script], { input: JSON.stringify({ url: server.url, keys: { ...keys, wrong: 'gz_wrong' }, asks, out }), env, seconds: 100 });
  return JSON.parse(readFileSync(out)).answers;
}
const json = async (address, headers) => {
  const a = await server.http(headers).get(address);
  assert.equal(a.status, 200, `${address}: ${a.status} ${a.text.slice(0, 500)}`);
  return JSON.parse(a.text);
};
const program = (name = 'gis') => ({ authorization: `Bearer ${keys[name]}` });
const items = (collection, query = '', headers = {}) => json(`/ogc/collections/${collection}/items?limit=10000${query}`, headers);

// Texts of values, so that what one calls true and the other "true" is the same; times as the clock shows them, which is all that QGIS 3.22 keeps.
const plain = (o) => JSON.stringify(Object.entries(o).map(([k, v]) =>
  [k, v === null || v === '' ? null : String(v).replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|\+08:00)?$/, '$1')]).sort());
const rows = (features, id) => features.map((f) => plain(id ? { id: f.id, ...f.properties } : f.attributes)).sort();
const close = (a, b, metres, what) => assert.ok(Math.hypot((a[0] - b[0]) * 96_000, (a[1] - b[1]) * 111_000) < metres, `${what}: ${a} is not ${b}`);
const well = (answers) => { for (const a of answers) assert.deepEqual([a.valid, a.error, a.said], [true, '', []]); };

if (there) {
  test.main('what QGIS counts and reads is what the server says, page after page, for whoever asks', async () => {
    const open = await items('matters'), mine = await items('matters', '', program()), towns = await items('places', '&kind=town');
    const got = await qgis([
      { do: 'read', collection: 'matters' }, { do: 'read', collection: 'matters', key: 'gis' }, { do: 'read', collection: 'matters', key: 'gis', page: 7 },
      { do: 'read', collection: 'places', key: 'gis', page: 500, filter: "kind = 'town'" }]);
    const [nobody, all, small, places] = got;
    well(got);
    assert.ok(mine.numberMatched > open.numberMatched && open.numberMatched > 0);
    assert.deepEqual([nobody.count, nobody.n], [open.numberMatched, open.numberMatched]);
    assert.deepEqual([all.count, all.n, small.n], Array(3).fill(mine.numberMatched));
    assert.equal(places.n, towns.numberMatched);
    for (const [q, said] of [[nobody, open], [all, mine], [small, mine], [places, towns]]) assert.deepEqual(rows(q.features), rows(said.features, true));
    assert.deepEqual([all.geometry, places.geometry, all.fields.created], ['Point', 'Point', 'DateTime']);
    assert.deepEqual(Object.fromEntries(['id', 'place', 'org', 'created', 'due', 'updated', 'public'].map((k) => [k, all.fields[k]])),
      { id: 'String', place: 'String', org: 'String', created: 'DateTime', due: 'DateTime', updated: 'DateTime', public: 'Boolean' });
    assert.match(JSON.stringify(all.features), /[\u4e00-\u9fff]{8}/);
    // where it flies to when asked for the whole layer: the town of the key, not the municipality
    assert.ok(all.extent[2] - all.extent[0] < 0.3, `${all.extent}`);
  });

  test('QGIS asks for a box, a time and a value, and puts all of it in the right place', async () => {
    const box = [106.4, 29.5, 106.6, 29.6];
    const all = await items('matters', '', program());
    const since = all.features.map((f) => f.properties.created).sort()[20].slice(0, 19);
    const got = await qgis([
      { do: 'read', collection: 'places', box, near: true, most: 3000 }, { do: 'read', collection: 'places', box, near: true, to: 'EPSG:4490', most: 3000 },
      { do: 'read', collection: 'matters', key: 'gis', where: `"created" >= '${since}'` }, { do: 'read', collection: 'matters', key: 'gis', where: `"created" <= '${since}'` },
      { do: 'read', collection: 'matters', key: 'gis', filter: "category = 'city.garbage'" }]);
    well(got);
    const [here, cgcs, after, before, garbage] = got;
    const ours = await items('places', `&bbox=${box}`), ours4490 = await items('places', `&bbox=${box}&crs=EPSG:4490`);
    assert.equal(here.n, ours.numberMatched);
    assert.ok(here.n > 100 && here.crs === 'EPSG:4326');
    const found = new Map(here.features.map((f) => [f.attributes.id, f.at])), found4490 = new Map(cgcs.features.map((f) => [f.attributes.id, f.at]));
    for (const f of ours.features) close(found.get(f.id), f.geometry.coordinates, 0.1, f.id);
    for (const f of ours4490.features) close(found4490.get(f.id), [...f.geometry.coordinates].reverse(), 1, f.id); // latitude first
    assert.equal(after.n, all.features.filter((f) => f.properties.created.slice(0, 19) >= since).length);
    assert.equal(before.n, all.features.filter((f) => f.properties.created.slice(0, 19) <= since).length);
    assert.equal(garbage.n, (await items('matters', '&category=city.garbage', program())).numberMatched);
  });

  test.main('areas, a layer of points, streets and water: one kind of geometry each, whole and sound', async () => {
    const stops = path.join(server.dir, 'stops.geojson'), extract = path.join(server.dir, 'town.osm.pbf');
    writeFileSync(stops, JSON.stringify({ type: 'FeatureCollection', features: [1, 2, 3].map((i) => ({ type: 'Feature', id: `s${i}`,
      geometry: { type: 'Point', coordinates: [106.48 + i / 100, 29.57] }, properties: { name: `第${i}公交站`, kind: '公交', lines: i } })) }));
    await server.cli(['import', 'layer', 'bus-stops', stops, '--datum', 'wgs84', '--title', '公交站', '--public']);
    writeFileSync(extract, osm.pbf(osm.town(106.4935, 29.5735)));
    await server.cli(['import', 'osm', extract, '--source', '测试 2026-11-28']);
    for (let i = 0; i < 600 && (await server.http().get('/ogc/collections/background')).status !== 200; i++) await sleep(50);
    for (let i = 0; i < 600 && (await server.http().get('/ogc/collections/bus-stops')).status !== 200; i++) await sleep(50);
    const got = await qgis([
      { do: 'read', collection: 'boundaries', page: 300 }, { do: 'read', collection: 'bus-stops' }, { do: 'read', collection: 'background-lines', page: 10 },
      { do: 'read', collection: 'background-areas' }, { do: 'read', collection: 'background-lines', box: [106.49, 29.57, 106.495, 29.575], near: true }]);
    well(got);
    const [areas, points, lines, waters, near] = got;
    const drawn = await items('boundaries'), roads = await items('background-lines'), green = await items('background-areas');
    assert.deepEqual([areas.n, areas.geometry, areas.kinds], [areas.count, 'MultiPolygon', ['MultiPolygon']]);
    assert.ok(areas.n > 1000 && areas.features.every((f) => f.valid) && drawn.features.length <= areas.n);
    assert.deepEqual(rows(points.features), rows((await items('bus-stops')).features, true));
    assert.equal(points.title, '公交站');
    assert.deepEqual([lines.n, lines.geometry, lines.kinds], [roads.numberMatched, 'LineString', ['LineString']]);
    assert.deepEqual([waters.n, waters.geometry, waters.kinds], [green.numberMatched, 'Polygon', ['Polygon']]);
    assert.deepEqual(rows(lines.features), rows(roads.features, true));
    assert.ok(waters.features.every((f) => f.valid));
    assert.deepEqual(waters.licences, ['ODbL 1.0']);
    assert.match(waters.abstract, /© OpenStreetMap contributors .* 测试 2026-11-28/);
    assert.ok(near.n > 0 && near.n < lines.n && near.n === (await items('background-lines', '&bbox=106.49,29.57,106.495,29.575')).numberMatched);
  });

  test('a key sees what is its own, a wrong one is told so, tiles take it too', async () => {
    const far = { path: '/tiles/matters/{z}/{x}/{y}.mvt' }, box = [106.46, 29.55, 106.52, 29.6];
    const [wrong, none, other, own, refused, drawn] = await qgis([
      { do: 'read', collection: 'matters', key: 'wrong' }, { do: 'read', collection: 'nothing', key: 'gis' }, { do: 'read', collection: 'matters', key: 'gis-other' },
      { do: 'draw', box, layers: [{ ...far, key: 'gis' }] }, { do: 'draw', box, layers: [{ ...far, key: 'wrong' }] },
      { do: 'draw', box, file: path.join(server.dir, 'map.png'), layers: [{ collection: 'matters', key: 'gis' }, { path: '/tiles/background/{z}/{x}/{y}.mvt' },
        { path: '/tiles/boundaries/{z}/{x}/{y}.mvt' }] }]);
    assert.equal(wrong.valid, false);
    assert.match(wrong.said.join('\n'), /requires authentication|401/);
    assert.equal(none.valid, false);
    assert.match(none.said.join('\n'), /Not Found|404/);
    assert.deepEqual([other.valid, other.count], [true, 0]);
    assert.ok(own.colours > 1, 'the tiles of the matters are empty');
    assert.equal(refused.colours, 1);
    assert.deepEqual([drawn.valid, drawn.errors], [[true, true, true], []]);
    assert.ok(drawn.colours > 50);
  });
}
