// Event streams: a thousand of them, the beat of 15 s, coming back with Last-Event-ID, also behind a restart.
import http from 'node:http';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from './lib/test.mjs';
import { report, staff } from './lib/desk.mjs';
import { world } from './lib/server.mjs';

const MANY = 1000;
const where = { lon: '106.5230', lat: '29.5800' };
let server;
let cookie; // of the dispatcher, who sees the town
export const before = async () => {
  server = await world({ env: { GONGZHI_HTTP_PER_ADDRESS: '3000', GONGZHI_LIMIT_REQUESTS: '0', GONGZHI_LIMIT_POSTS: '0' } });
  cookie = await signIn();
};
export const after = () => server.stop();

async function signIn() {
  const v = await staff(server, 'dispatcher');
  return [...v.cookies].map(([k, x]) => `${k}=${x}`).join('; ');
}

// A stream that keeps what it hears; behind a start the map is loaded first, and says so with 503.
async function listen(lastId) {
  for (let i = 0; ; i++) {
    const s = await begin(lastId);
    if (s.status !== 503 || i > 600) return s;
    s.close();
    await sleep(100);
  }
}

function begin(lastId) {
  return new Promise((resolve, reject) => {
    const headers = { cookie, ...(lastId && { 'last-event-id': lastId }) };
    const req = http.get({ host: '127.0.0.1', port: server.port, path: '/map/live', headers, agent: false }, (res) => {
      const s = { status: res.statusCode, type: res.headers['content-type'], text: '', close: () => req.destroy() };
      res.setEncoding('utf8');
      res.on('data', (d) => { s.text += d; });
      res.on('error', () => {});
      resolve(s);
    });
    req.on('error', reject);
  });
}

async function until(what, seconds, says) {
  for (let i = 0; i < seconds * 20; i++) {
    if (what()) return;
    await sleep(50);
  }
  assert.fail(says());
}

const changes = (s) => [...s.text.matchAll(/event: change\ndata: (\{.*\})/g)].reduce((n, m) => n + JSON.parse(m[1]).n, 0);
const lastId = (s) => [...s.text.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1];
const memory = () => Number(readFileSync(`/proc/${server.child.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]); // KB

test.main('a thousand streams hear of one report, and all are kept alive by a beat', async () => {
  const was = memory();
  const streams = [];
  for (let i = 0; i < MANY; i += 50) streams.push(...await Promise.all(Array.from({ length: 50 }, () => listen())));
  assert.ok(streams.every((s) => s.status === 200 && s.type.startsWith('text/event-stream')));
  await until(() => streams.every((s) => s.text.includes('event: hello')), 60, () => 'not every stream has begun');
  const each = (memory() - was) / MANY;
  assert.ok(each < 100, `${each} KB a stream`);
  await report(server, { what: '一千面屏幕都该看到的一件', ...where });
  await until(() => streams.every((s) => changes(s) > 0), 60, () => `${streams.filter((s) => changes(s) > 0).length} of ${MANY} heard`);
  const beats = () => streams.filter((s) => s.text.trimEnd().endsWith('event: beat\ndata: 1')).length;
  await until(() => beats() === MANY, 60, () => `${beats()} of ${MANY} have a beat`);
  assert.equal((await server.http().get('/healthz')).status, 200);
  for (const s of streams) s.close();
  assert.equal((await server.http().get('/healthz')).status, 200);
}, { seconds: 180 });

test.main('who comes back with Last-Event-ID gets what was missed; who knows nothing gets no past', async () => {
  const first = await listen();
  await report(server, { what: '断线以前的一件', ...where });
  await until(() => changes(first) > 0, 60, () => first.text);
  const id = lastId(first);
  first.close();
  for (let i = 0; i < 3; i++) await report(server, { what: `断线时的第 ${i} 件`, ...where });
  await sleep(1000);
  const back = await listen(id);
  await until(() => changes(back) >= 3 || back.text.includes('event: reset'), 60, () => back.text);
  assert.ok(changes(back) >= 3, back.text);
  const fresh = await listen();
  await until(() => fresh.text.includes('event: hello'), 60, () => fresh.text);
  assert.equal(changes(fresh), 0);
  back.close();
  fresh.close();
  await server.kill();
  await server.start();
  const later = await listen(id);
  await until(() => changes(later) >= 3 || later.text.includes('event: reset'), 60, () => later.text);
  later.close();
  const absurd = await listen('9999999999999');
  await until(() => /event: (hello|reset)/.test(absurd.text), 60, () => absurd.text);
  absurd.close();
}, { seconds: 120 });
