// What the server does before any capability: health, strict HTTP, headers, errors as pages.
// alone: how soon a server is back is measured
import net from 'node:net';
import { assert, test } from './lib/test.mjs';
import { world } from './lib/server.mjs';

let server;
export const before = async () => { server = await world({ kind: 'empty' }); };
export const after = () => server.stop();

// Sends bytes as they are and returns all that comes back until the other side closes or falls silent.
function raw(text, quiet = 1500) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(server.port, '127.0.0.1', () => socket.write(text));
    let got = '';
    socket.setTimeout(quiet, () => socket.destroy());
    socket.on('data', (d) => { got += d; });
    socket.on('close', () => resolve(got));
    socket.on('error', (e) => (e.code === 'ECONNRESET' || e.code === 'EPIPE' ? resolve(got) : reject(e)));
  });
}

const status = (answer) => Number(answer.match(/^HTTP\/1\.1 (\d+)/)?.[1] ?? 0);

test.main('healthz answers ok', async () => {
  const a = await server.http().get('/healthz');
  assert.equal(a.status, 200);
  assert.equal(a.text, 'ok\n');
  assert.match(a.headers['cache-control'], /no-store/);
});

test('pages carry headers that bind the browser', async () => {
  const a = await server.http().get('/nothing-here');
  assert.match(a.headers['content-security-policy'], /default-src 'none'|default-src 'self'/);
  assert.doesNotMatch(a.headers['content-security-policy'], /unsafe-inline|unsafe-eval/);
  assert.equal(a.headers['x-content-type-options'], 'nosniff');
  assert.equal(a.headers['x-frame-options'], 'DENY');
});

test.main('an unknown address is a page in the language of the visitor', async () => {
  const zh = await server.http().get('/nothing-here');
  assert.equal(zh.status, 404);
  assert.match(zh.text, /<html lang="zh-CN"/);
  const en = await server.http({ 'accept-language': 'en-GB,en;q=0.9' }).get('/nothing-here');
  assert.equal(en.status, 404);
  assert.match(en.text, /<html lang="en"/);
  const json = await server.http({ accept: 'application/json' }).get('/nothing-here');
  assert.equal(json.status, 404);
  assert.equal(JSON.parse(json.text).error.code, 'not_found');
});

test('a wrong method is told which are right', async () => {
  const a = await server.http().request('DELETE', '/healthz');
  assert.equal(a.status, 405);
  assert.match(a.headers.allow ?? '', /GET/);
});

test('what was typed in an address is never markup', async () => {
  const a = await server.http().get('/%3Cscript%3Ealert(1)%3C/script%3E?x=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E');
  assert.ok(a.status >= 400);
  assert.doesNotMatch(a.text, /<script>alert|<img src=x/);
});

const hostile = {
  'two lengths': 'POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
  'length and chunks': 'POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'no host': 'GET /healthz HTTP/1.1\r\n\r\n',
  'two hosts': 'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'blank before the colon': 'GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n',
  'no HTTP at all': 'hello\r\n\r\n',
  'a length that is no number': 'POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
};
for (const [name, bytes] of Object.entries(hostile))
  test(`refused: ${name}`, async () => {
    const s = status(await raw(bytes));
    assert.ok(s === 0 || (s >= 400 && s < 500), `answered ${s}`);
    assert.equal((await server.http().get('/healthz')).status, 200);
  });

test('refused: headers without end', async () => {
  const s = status(await raw(`GET /healthz HTTP/1.1\r\nHost: x\r\n${'X-Filler: yyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(4000)}\r\n`));
  assert.ok(s === 0 || (s >= 400 && s < 500), `answered ${s}`);
});

test('refused: addresses out of bounds', async () => {
  for (const path of ['/../etc/passwd', '/static/../../etc/passwd', '/static/%2e%2e/%2e%2e/etc/passwd', '/%00', '/%ff%fe', '/%zz', `/${'a'.repeat(20000)}`]) {
    const s = status(await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
    assert.ok(s === 0 || (s >= 400 && s < 500), `${path.slice(0, 40)} was answered ${s}`);
  }
});

test.main('a restart keeps the address and the data', async () => {
  const how = await server.stop();
  assert.equal(how.code, 0, `ended with ${how.signal ?? how.code}: ${server.log().slice(-500)}`);
  await server.start();
  assert.equal((await server.http().get('/healthz')).status, 200);
});

test.main('a second process under the same node number is refused in words; after kill -9 the next one starts at once', async () => {
  const second = await server.cli(['serve', '--listen', '127.0.0.1:0'], { expect: 1, seconds: 60 });
  assert.match(second.text, /节点编号 0 服务同一个数据库/);
  assert.match(second.text, /each its own \[server\] node/);
  await server.kill();
  const begun = performance.now();
  await server.start();
  assert.ok(performance.now() - begun < 5000, 'the dead one held it up');
});
