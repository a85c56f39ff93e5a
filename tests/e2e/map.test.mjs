// The map as programs see it: tiles, events, layers, and the OGC interfaces through GDAL's own driver.
// alone: how soon a report is on the map is measured
import { readFileSync, writeFileSync } from 'node:fs';
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

async function until(what, seconds = 30) {
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
  await until(async () => (await program().get('/ogc/collections/stops')).status === 200);
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
  await until(async () => (await server.http().get('/ogc/collections/stops')).status === 404);
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

const uri = (rel) => `http://www.opengis.net/def/rel/ogc/1.0/${rel}`;
const path_of = (href) => href.replace(/^http:\/\/[^/]+/, '');
// A property as its type says, or without a value.
const fits = (value, is) => value === null || (is.enum ? is.enum.includes(value) : is.type === 'integer' ? Number.isInteger(value)
  : is.format === 'date-time' ? /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)
  : is.format === 'date' ? /^\d{4}-\d\d-\d\d$/.test(value) : typeof value === is.type);

test.main('each collection says what its features have and what they may be filtered by, and it is so', async () => {
  const file = path.join(server.dir, 'wells.geojson');
  const well = (id, properties) => ({ type: 'Feature', id, geometry: { type: 'Point', coordinates: [106.48, 29.57] }, properties });
  writeFileSync(file, JSON.stringify({ type: 'FeatureCollection', features: [
    well('1', { name: '一号井', code: '0071', depth: 3, width: 1, phone: 13800000000, open: true, built: '2019-05-01', seen: '2026-01-02T10:00:00+08:00', mark: 'a' }),
    well('2', { name: '二号井', code: '0072', depth: null, width: 1.5, phone: 1, open: false, mark: 7 })] }));
  await server.cli(['import', 'layer', 'wells', file, '--datum', 'wgs84', '--title', '井', '--public']);
  await until(async () => (await server.http().get('/ogc/collections/wells')).status === 200, 5);
  const mine = program(), all = server.http(), seen = {};
  const conform = (await json(all, '/ogc/conformance')).conformsTo.join('\n');
  for (const c of ['features-3/1.0/conf/queryables', 'features-5/1.0/conf/schemas']) assert.ok(conform.includes(c), c);
  for (const v of [mine, all]) {
    const api = await json(v, '/ogc/api');
    for (const c of (await json(v, '/ogc/collections')).collections) {
      const link = (rel, type = 'application/schema+json') => path_of(c.links.find((l) => l.rel === rel && l.type === type).href);
      const schema = await json(v, link(uri('schema'))), queryables = await json(v, link(uri('queryables')));
      const feature = await json(v, link('describedBy'));
      assert.ok(schema.$id.endsWith(link(uri('schema'))) && queryables.$id.endsWith(link(uri('queryables'))));
      const roles = Object.values(schema.properties).map((p) => p['x-ogc-role']).filter(Boolean);
      assert.deepEqual(roles, ['id', 'primary-geometry', ...(c.id === 'matters' ? ['primary-instant'] : [])]);
      const items = await json(v, `/ogc/collections/${c.id}/items?limit=500`);
      assert.ok(items.features.length > 0);
      for (const f of items.features) {
        for (const [k, value] of Object.entries(f.properties)) {
          assert.ok(schema.properties[k] && feature.properties.properties.properties[k], `${c.id} does not tell of ${k}`);
          assert.ok(k === 'mark' || fits(value, schema.properties[k]), `${c.id}: ${k} is ${value}`);
        }
        const kind = schema.properties.geometry.format.replace('geometry-', '');
        assert.ok(f.geometry === null || f.geometry.type.toLowerCase() === kind, `${c.id} ${kind}`);
      }
      // every one is a parameter, of the same schema, and leaves only what matches
      const parameters = api.paths[`/collections/${c.id}/items`].get.parameters;
      for (const [name, q] of Object.entries(queryables.properties)) {
        const { title, description, ...bare } = q;
        assert.deepEqual(parameters.find((p) => p.name === name)?.schema, bare, name);
        const one = items.features.find((f) => f.properties[name] != null)?.properties[name];
        if (one === undefined) continue;
        const got = await json(v, `/ogc/collections/${c.id}/items?limit=500&${name}=${encodeURIComponent(one)}`);
        assert.ok(got.features.length > 0, `${name}=${one}`);
        if (['name', 'kind', 'level', 'state', 'colour'].includes(name)) assert.ok(got.features.every((f) => f.properties[name] === one), name);
      }
      assert.equal((await v.get(`/ogc/collections/${c.id}/items?nothing=1`)).status, 400);
      for (const rel of ['schema', 'queryables']) {
        const page = await v.get(link(uri(rel), 'text/html'));
        assert.match(page.headers['content-type'], /text\/html/);
        const rows = Object.keys((rel === 'schema' ? schema : queryables).properties);
        assert.deepEqual([...page.text.matchAll(/<th scope="row" class="keep"><code>([^<]+)/g)].map((m) => m[1]), rows);
      }
      seen[`${v === mine} ${c.id}`] = schema.properties;
    }
  }
  assert.ok(seen['true matters'].title && !seen['false matters'].title); // no title is told of to whom none is shown
  assert.deepEqual(Object.fromEntries(Object.entries(seen['false wells']).slice(6).map(([k, p]) => [k, p.format ?? p.type])), { code: 'string', depth: 'integer',
    width: 'number', phone: 'integer', open: 'boolean', built: 'date', seen: 'date-time', mark: 'string' });
  assert.match((await server.http({ accept: 'text/html,*/*' }).get('/ogc/collections/wells/schema')).text, /<h1>/);
  assert.equal((await all.get('/ogc/collections/wells/schema?f=xml')).status, 400);
  // GDAL takes its columns from there, also those that have no value on the first page
  const about = (await run('ogrinfo', ['-ro', '-so', `OAPIF:${server.url}/ogc`, 'wells', '-oo', 'PAGE_SIZE=1'])).text;
  assert.deepEqual(Object.fromEntries([...about.matchAll(/^(\w+): (\w+(?:\(Boolean\))?) \(/gm)].map((m) => [m[1], m[2]])), { id: 'String', name: 'String', kind: 'String',
    place: 'String', place_name: 'String', code: 'String', depth: 'Integer', width: 'Real', phone: 'Real', open: 'Integer(Boolean)', built: 'Date', seen: 'DateTime',
    mark: 'String' });
  const rows = (await run('ogrinfo', ['-ro', '-q', '-al', '-geom=NO', `OAPIF:${server.url}/ogc`, 'wells'])).text;
  assert.match(rows, /code \(String\) = 0071[\s\S]*phone \(Real\) = 13800000000/);
  await server.cli(['import', 'layer', 'wells', '--drop']);
});

test.main('datetime is when a matter was filed, to the millisecond for whoever is told it, to the minute for the public', async () => {
  for (const v of [program(), server.http()]) {
    const all = (await json(v, '/ogc/collections/matters/items?limit=10000')).features.map((f) => Date.parse(f.properties.created)).sort((a, b) => a - b);
    const count = async (text) => {
      const page = await json(v, `/ogc/collections/matters/items?limit=10000&datetime=${text.replaceAll('+', '%2B')}`);
      assert.equal(page.numberMatched, page.features.length, text);
      return page.numberMatched;
    };
    const between = (a, b) => all.filter((t) => t >= a && t <= b).length;
    const iso = (t) => new Date(t).toISOString(), china = (t) => iso(t + 8 * 3600_000).replace('Z', '+08:00');
    for (const [from, to] of [[all[3], all[9]], [all[3] + 1, all[9]], [all[3], all[9] - 1], [all[3] - 7001, all[9] + 7001], [all[5], all[5]]]) {
      assert.equal(await count(`${iso(from)}/${iso(to)}`), between(from, to), `${iso(from)}/${iso(to)}`);
      assert.equal(await count(`${china(from)}/${china(to)}`), between(from, to));
      assert.equal(await count(`${iso(from)}/..`), between(from, Infinity));
      assert.equal(await count(`../${china(to)}`), between(0, to));
      assert.equal(await count(`/${iso(to)}`), between(0, to));
    }
    assert.equal(await count(iso(all[4])), between(all[4], all[4]));
    // a second without a fraction is all of it, a day all of it in China
    const second = Math.floor(all[4] / 1000) * 1000, day = china(all[4]).slice(0, 10), midnight = Date.parse(`${day}T00:00:00+08:00`);
    assert.equal(await count(iso(second).replace('.000', '')), between(second, second + 999));
    assert.equal(await count(`../${iso(second).replace('.000', '')}`), between(0, second + 999));
    assert.equal(await count(day), between(midnight, midnight + 86_399_999));
    assert.equal(await count(`${day}/..`), between(midnight, Infinity));
    assert.equal(await count(`../${day}`), between(0, midnight + 86_399_999));
    assert.equal(await count('../..'), all.length);
    // + written by hand arrives as a space
    assert.equal((await json(v, `/ogc/collections/matters/items?limit=1&datetime=${china(all[3])}/..`)).numberMatched, between(all[3], Infinity));
    for (const wrong of ['..', '2026-13-01', '2026-02-30/..', '2026-11-02/2026-11-01', 'now', `${iso(all[9])}/${iso(all[3])}`, `${iso(all[0])}/${iso(all[1])}/${iso(all[2])}`])
      assert.equal((await v.get(`/ogc/collections/matters/items?datetime=${wrong}`)).status, 400, wrong);
    // and the collection says since when there are any: the minute of the first, and going on
    const c = await json(v, '/ogc/collections/matters');
    assert.deepEqual(c.extent.temporal.interval, [[iso(Math.floor(all[0] / 60_000) * 60_000), null]]);
    assert.deepEqual((await json(v, '/ogc/collections/matters')).extent.temporal, c.extent.temporal); // remembered
    assert.match(c.description, /datetime.*created/);
  }
  assert.equal((await json(server.http(), '/ogc/collections/places')).extent.temporal, undefined);
  assert.ok((await json(server.http(), '/ogc/collections/places/items?limit=1&datetime=2020-01-01')).numberMatched > 0); // without a time: not affected
});

test.main('the files of the desk map hold what it shows, whatever it is filtered by', async () => {
  const v = await staff(server, 'dispatcher');
  const text = (s) => s.replaceAll('&amp;', '&');
  for (const filter of ['', 'tag=unassigned', 'state=open&colour=ok,none', 'open=1&channel=web', 'category=city', 'closed_from=2026-01-01&closed_to=2026-12-31',
    'scenario=resident-report&from=2026-11-01&to=2026-11-28', `place=${town}&org=1`]) {
    const page = text((await v.get(`/map?${filter}`)).text);
    const total = Number(/id="shown"[\s\S]*?>共 (\d+) 件/.exec(page)[1]);
    const geo = /href="(\/map\/export\.geojson[^"]*)"/.exec(page)[1], csv = /href="(\/map\/export\.csv[^"]*)"/.exec(page)[1];
    const fc = await json(v, geo);
    assert.equal(fc.features.length, total, `${filter}: ${geo}`);
    assert.equal((await v.get(csv)).text.split('\r\n').length - 2, total, csv);
    const on = new URLSearchParams(/data-query="([^"]*)"/.exec(page)[1]); // what the tiles are asked for
    assert.equal((await json(v, `/map/counts?${on}`)).total, total, `${on}`);
    // and the form keeps what it has no field for
    for (const [k, value] of new URLSearchParams(filter)) if (['tag', 'org', 'open', 'channel', 'scenario', 'closed_from', 'closed_to'].includes(k))
      assert.ok(page.includes(`<input type="hidden" name="${k}" value="${value}">`), k);
  }
});

test.main('GeoJSON that leaves is that of RFC 7946: degrees, seven digits, outer rings against the clock, no crs', async () => {
  const v = await staff(server, 'dispatcher');
  const out = path.join(server.dir, 'borders.geojson');
  await server.cli(['export', 'boundaries', '--out', out]);
  const files = [JSON.parse((await v.get('/map/export.geojson')).text), JSON.parse(readFileSync(out, 'utf8')), await json(v, '/ogc/collections/boundaries/items?limit=1500'),
    await json(v, '/ogc/collections/places/items?limit=500')];
  const turn = (ring) => ring.slice(1).reduce((sum, p, i) => sum + (p[0] - ring[0][0] + ring[i][0] - ring[0][0]) * (p[1] - ring[i][1]), 0);
  let rings = 0;
  for (const fc of files) {
    assert.equal(fc.type, 'FeatureCollection');
    assert.ok(!('crs' in fc) && fc.features.length > 10);
    for (const f of fc.features) {
      assert.equal(f.type, 'Feature');
      assert.ok('geometry' in f && 'properties' in f);
      for (const n of JSON.stringify(f.geometry?.coordinates ?? []).match(/-?\d+\.\d+/g) ?? []) assert.ok(n.split('.')[1].length <= 7, n);
      const polygons = f.geometry?.type === 'MultiPolygon' ? f.geometry.coordinates : f.geometry?.type === 'Polygon' ? [f.geometry.coordinates] : [];
      for (const p of polygons) for (const [i, ring] of p.entries()) {
        rings++;
        assert.deepEqual(ring[0], ring.at(-1));
        assert.ok(ring.length >= 4 && (turn(ring) > 0) === (i === 0), `${f.properties.name ?? f.properties.code}: ring ${i} turns the wrong way`);
      }
    }
  }
  assert.ok(rings > 500);
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
  // and from the address itself, in its place on the map; its driver for OGC API - Tiles has no vector tiles in Debian 12 (docs/decisions/0033)
  const far = (await run('ogrinfo', ['-ro', '-so', '-al', `MVT:${server.url}/tiles/places/10/815/424.mvt`])).text;
  assert.match(far, /Feature Count: [1-9]/);
  assert.match(far, /ID\["EPSG",3857\]/);
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
