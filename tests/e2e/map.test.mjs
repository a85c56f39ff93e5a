// The map as programs see it: tiles, events, layers, and the OGC interfaces through GDAL's own driver.
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from './lib/test.mjs';
import { report, staff, town } from './lib/desk.mjs';
import { run } from './lib/shell.mjs';
import { world } from './lib/server.mjs';

let server;
let key;
export const before = async () => {
  server = await world();
  await server.cli(['user', 'add', 'gis', '--service', '--name', '地图程序', '--role', 'dispatcher', '--place', town]);
  key = /gz_[\w-]+/.exec((await server.cli(['user', 'key', 'add', 'gis'])).text)[0];
};
export const after = () => server.stop();

const json = async (v, address) => {
  const a = await v.get(address);
  assert.equal(a.status, 200, `${address}: ${a.status} ${a.text.slice(0, 500)}`);
  return JSON.parse(a.text);
};
const program = () => server.http({ authorization: `Bearer ${key}` });

// A stream of events: { events, stop }.
function listen(address, headers = {}) {
  const events = [];
  const req = http.get(`${server.url}${address}`, { headers }, (res) => {
    let text = '';
    assert.equal(res.statusCode, 200);
    res.on('data', (bytes) => {
      text += bytes;
      for (let at; (at = text.indexOf('\n\n')) >= 0; text = text.slice(at + 2)) {
        const fields = Object.fromEntries(text.slice(0, at).split('\n').filter((l) => !l.startsWith(':')).map((l) => l.split(/: (.*)/s)));
        if (fields.event) events.push({ event: fields.event, id: Number(fields.id), data: JSON.parse(fields.data), at: Date.now() });
      }
    });
    res.on('error', () => {});
  });
  req.on('error', () => {});
  return { events, stop: () => req.destroy() };
}

async function until(what, seconds = 10) {
  for (let i = 0; i < seconds * 50; i++) {
    const got = await what();
    if (got) return got;
    await sleep(20);
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

test.main('a report is on the map within a second of its answer, and told to whoever listens', async () => {
  const v = server.http();
  const stream = listen('/map/live', { authorization: `Bearer ${key}` });
  await until(() => stream.events.some((e) => e.event === 'hello'));
  const before = await json(program(), '/map/counts');
  await report(server);
  const answered = Date.now();
  await until(async () => (await json(program(), '/map/counts')).total === before.total + 1, 1);
  assert.ok(Date.now() - answered < 1000);
  const told = await until(() => stream.events.find((e) => e.event === 'change' && e.data.changes.some((c) => c.how === 'new')));
  assert.ok(told.at - answered < 1000);
  // whoever comes back hears what he missed, and nobody without rights hears of what is not public
  stream.stop();
  const again = listen('/map/live', { authorization: `Bearer ${key}`, 'last-event-id': String(before.seq) });
  const missed = await until(() => again.events.find((e) => e.event === 'change'));
  assert.ok(missed.data.n >= 1 && missed.data.seq >= told.data.seq);
  again.stop();
  // a number that this store never gave: everything anew
  const lost = listen('/map/live', { 'last-event-id': '999999999' });
  await until(() => lost.events.find((e) => e.event === 'reset'));
  lost.stop();
  assert.equal((await v.get('/map/state')).status, 401);
});

test.main('a tile is sent once, and packed when it is asked for again', async () => {
  const v = server.http();
  const address = '/tiles/matters/10/814/424.mvt';
  const a = await v.get(address);
  assert.equal(a.status, 200);
  assert.equal(a.headers['content-type'], 'application/vnd.mapbox-vector-tile');
  const b = await v.get(address, { headers: { 'if-none-match': a.headers.etag } });
  assert.equal(b.status, 304);
  assert.equal(b.bytes.length, 0);
  assert.equal((await v.get('/tiles/matters/10/814/99999.mvt')).status, 400);
  const mine = await program().get(address);
  assert.match(mine.headers['cache-control'], /private/);
  assert.equal(a.headers['access-control-allow-origin'], '*'); // for everybody, so for pages of other sites too
  assert.equal(mine.headers['access-control-allow-origin'], undefined);
});

test.main('a layer is imported, seen by whom it is for, imported again and dropped', async () => {
  const file = path.join(server.dir, 'stops.geojson');
  const feature = (id, lon, lat, name) => ({ type: 'Feature', id, geometry: { type: 'Point', coordinates: [lon, lat] }, properties: { name, kind: '公交', lines: 3 } });
  const write = (features) => writeFileSync(file, JSON.stringify({ type: 'FeatureCollection', features }));
  write([feature('a', 106.48, 29.57, '甲站'), feature('b', 106.49, 29.57, '乙站'), feature('c', 0, 0, '没有位置'),
    { type: 'Feature', geometry: { type: 'LineString', coordinates: [[1, 1], [2, 2]] }, properties: {} }]);
  const first = await server.cli(['import', 'layer', 'stops', file, '--datum', 'wgs84', '--title', '公交站'], { expect: 3 });
  assert.match(first.text, /2 points, 0 gone, 2 faulty/);
  assert.match(first.text, /0,0/);
  await until(async () => (await program().get('/ogc/collections/stops')).status === 200, 5);
  assert.equal((await server.http().get('/ogc/collections/stops')).status, 404); // it needs place.read
  assert.equal((await server.http().get('/tiles/stops/10/815/424.mvt')).status, 401);
  const items = await json(program(), '/ogc/collections/stops/items?name=%E7%94%B2%E7%AB%99');
  assert.equal(items.numberMatched, 1);
  assert.equal(items.features[0].id, 'a');
  assert.equal(items.features[0].properties.lines, 3);
  write([feature('a', 106.481, 29.57, '甲站'), feature('d', 106.5, 29.57, '丁站')]);
  assert.match((await server.cli(['import', 'layer', 'stops', file, '--datum', 'wgs84', '--public'])).text, /2 points, 1 gone, 0 faulty/);
  const now = await until(async () => {
    const a = await server.http().get('/ogc/collections/stops/items');
    return a.status === 200 && JSON.parse(a.text).features.some((f) => f.id === 'd') && JSON.parse(a.text);
  }, 5);
  assert.deepEqual(now.features.find((f) => f.id === 'a').geometry.coordinates, [106.481, 29.57]);
  await server.cli(['import', 'layer', 'stops', '--drop']);
  await until(async () => (await server.http().get('/ogc/collections/stops')).status === 404, 5);
  await server.cli(['import', 'layer', 'stops', file], { expect: 2 }); // the datum is missing
});

test.main('axes, boxes, times and pages of the features', async () => {
  const v = program();
  const all = await json(v, '/ogc/collections/places/items?kind=town&place=500105&limit=1');
  const [lon, lat] = all.features[0].geometry.coordinates;
  assert.ok(lon > 100 && lat < 40);
  const there = async (crs) => (await json(v, `/ogc/collections/places/items/${all.features[0].id}?crs=${encodeURIComponent(crs)}`)).geometry.coordinates;
  const epsg = (n) => `http://www.opengis.net/def/crs/EPSG/0/${n}`;
  assert.deepEqual(await there(epsg(4490)), [lat, lon]);
  assert.deepEqual(await there(epsg(4326)), [lat, lon]);
  assert.deepEqual(await there('http://www.opengis.net/def/crs/OGC/1.3/CRS84'), [lon, lat]);
  const metres = await there(epsg(3857));
  assert.ok(Math.abs(metres[0] - lon * 111319.4908) < 0.1);
  const near = (w, s, e, n) => `${w},${s},${e},${n}`;
  const box = (b, crs) => json(v, `/ogc/collections/places/items?kind=town&limit=1000&bbox=${b}${crs ? `&bbox-crs=${encodeURIComponent(crs)}` : ''}`);
  const a = await box(near(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01));
  const b = await box(near(lat - 0.01, lon - 0.01, lat + 0.01, lon + 0.01), epsg(4490));
  assert.ok(a.numberMatched >= 1);
  assert.equal(a.numberMatched, b.numberMatched);
  // over the antimeridian: everything from 179 eastward to -179 is not here
  assert.equal((await box('179,-80,-179,80')).numberMatched, 0);
  assert.equal((await box('100,-80,-179,80')).numberMatched, (await box('100,-80,180,80')).numberMatched);
  // pages together are the whole, without a gap or a double
  const seen = new Set();
  let page = await json(v, '/ogc/collections/matters/items?limit=7');
  const total = page.numberMatched;
  for (;;) {
    for (const f of page.features) {
      assert.ok(!seen.has(f.id));
      seen.add(f.id);
    }
    const next = page.links.find((l) => l.rel === 'next');
    if (!next) break;
    page = await json(v, next.href.replace(/^http:\/\/[^/]+/, ''));
  }
  assert.equal(seen.size, total);
  assert.equal(total, (await json(v, '/map/counts')).total);
  const future = await json(v, '/ogc/collections/matters/items?datetime=2090-01-01T00:00:00Z/..');
  assert.equal(future.numberMatched, 0);
  assert.equal((await json(v, '/ogc/collections/matters/items?datetime=../2090-01-01')).numberMatched, total);
});

test('the description of the interface holds together', async () => {
  const v = server.http();
  const landing = await json(v, '/ogc/');
  for (const l of landing.links) assert.equal((await v.get(l.href.replace(/^http:\/\/[^/]+/, ''))).status, 200, l.href);
  const api = await json(v, '/ogc/api');
  assert.match(api.openapi, /^3\.0/);
  for (const p of Object.keys(api.paths)) assert.ok(!p.includes('//'));
  const ids = Object.values(api.paths).map((p) => p.get.operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const c of (await json(v, '/ogc/collections')).collections)
    for (const l of c.links) assert.equal((await v.get(l.href.replace(/^http:\/\/[^/]+/, ''))).status, 200, l.href);
});

test('GDAL reads matters, places and tiles', async () => {
  const layers = (await run('ogrinfo', ['-ro', '-q', `OAPIF:${server.url}/ogc`])).text;
  assert.match(layers, /matters/);
  assert.match(layers, /places/);
  const open = (await json(server.http(), '/map/counts')).total;
  const all = (await json(program(), '/map/counts')).total;
  const count = async (...more) => Number(/Feature Count: (\d+)/.exec((await run('ogrinfo', ['-ro', '-so', ...more, `OAPIF:${server.url}/ogc`, 'matters'])).text)[1]);
  assert.equal(await count(), open);
  assert.equal(await count('--config', 'GDAL_HTTP_HEADERS', `Authorization: Bearer ${key}`), all);
  assert.equal(await count('--config', 'GDAL_HTTP_USERPWD', `gis:${key}`, '--config', 'GDAL_HTTP_AUTH', 'BASIC'), all); // the key as a password
  // page after page into a file, read back
  const out = path.join(server.dir, 'places.geojson');
  await run('ogr2ogr', ['-f', 'GeoJSON', out, `OAPIF:${server.url}/ogc`, 'places', '-oo', 'PAGE_SIZE=500', '-where', "kind = 'town'"]);
  const towns = (await json(server.http(), '/ogc/collections/places/items?kind=town&limit=1')).numberMatched;
  assert.equal(Number(/Feature Count: (\d+)/.exec((await run('ogrinfo', ['-ro', '-so', '-al', out])).text)[1]), towns);
  // areas: what GDAL reads page after page is what there is, valid, and a box or a level asks for less
  const areas = path.join(server.dir, 'areas.gpkg');
  await run('ogr2ogr', ['-f', 'GPKG', areas, `OAPIF:${server.url}/ogc`, 'boundaries', '-oo', 'PAGE_SIZE=50', '-nlt', 'MULTIPOLYGON',
    '-where', "level IN ('district', 'town')"]);
  const drawn = await Promise.all(['district', 'town'].map(async (l) =>
    (await json(server.http(), `/ogc/collections/boundaries/items?limit=1&level=${l}`)).numberMatched));
  assert.ok(drawn[0] > 10 && drawn[1] > 500, `${drawn}`);
  const about = (await run('ogrinfo', ['-ro', '-so', '-al', areas])).text;
  assert.equal(Number(/Feature Count: (\d+)/.exec(about)[1]), drawn[0] + drawn[1]);
  assert.match(about, /Geometry: Multi Polygon/);
  const broken = (await run('ogrinfo', ['-ro', '-q', areas, '-dialect', 'SQLite', '-sql',
    'SELECT count(*) AS broken FROM boundaries WHERE NOT ST_IsValid(geom)'])).text;
  assert.match(broken, /broken \(Integer(64)?\) = 0/);
  const box = (await run('ogrinfo', ['-ro', '-so', '-spat', '106.4', '29.5', '106.6', '29.7', '-where', "level = 'district'", `OAPIF:${server.url}/ogc`, 'boundaries'])).text;
  const near = Number(/Feature Count: (\d+)/.exec(box)[1]);
  assert.ok(near > 0 && near < drawn[0], `${near} of ${drawn[0]}`);
  const tile = path.join(server.dir, 'tile.mvt');
  writeFileSync(tile, (await server.http().get('/tiles/places/10/815/424.mvt')).bytes);
  assert.match((await run('ogrinfo', ['-ro', '-al', '-q', tile])).text, /name \(String\)/);
});

test.main('what is stored answers after a restart as before', async () => {
  const before = await json(program(), '/map/counts?by=category,state&as=public');
  await server.restart();
  const after = await until(async () => {
    const a = await program().get('/map/counts?by=category,state&as=public');
    return a.status === 200 && JSON.parse(a.text);
  });
  const sorted = (x) => x.rows.map((r) => JSON.stringify(r)).sort();
  assert.deepEqual(sorted(after), sorted(before));
});

test('a desk sees the state of its town', async () => {
  const v = await staff(server, 'dispatcher');
  const s = await json(v, '/map/state');
  assert.equal(s.place.code, town);
  assert.ok(s.children.length > 3 && s.boards.length === 4 && s.duty.length > 0);
  const open = Object.values(s.open).reduce((a, b) => a + b);
  assert.equal(open, (await json(v, '/map/counts?open=1')).total);
});
