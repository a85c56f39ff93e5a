// Bad days: photographs that are too much, a clock that jumps, cookies that are gone, a store that is away for a minute.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import { assert, test } from './lib/test.mjs';
import { handed, officeHours, report, staff, town } from './lib/desk.mjs';
import { chunk, jpeg } from './lib/photo.mjs';
import { engine, root, world } from './lib/server.mjs';

const reportPath = `/t/${town}/report`;
let server;
export const before = async () => {
  server = await world({ env: { GONGZHI_LIMIT_REQUESTS: '0', GONGZHI_LIMIT_POSTS: '0' } });
};
export const after = () => server.stop();

async function form() {
  const v = server.http();
  await v.get(reportPath);
  return v;
}

async function alive() {
  assert.equal((await server.http().get('/healthz')).status, 200);
}

const memory = () => Number(readFileSync(`/proc/${server.child.pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1]) / 1024; // MB

// ---- photographs ----

async function withPhoto(what, bytes) {
  const v = await form();
  return v.submitFiles(reportPath, { what, calm: '1' }, { photo: { filename: 'x.jpg', type: 'image/jpeg', bytes } });
}

test.main('a photograph of 50 megapixels is taken, one row more is refused with the limit', async () => {
  const was = memory();
  const taken = await withPhoto('五千万像素的照片', await jpeg(server, { width: 8000, height: 6250 }));
  assert.equal(taken.status, 303, taken.text.slice(0, 500));
  const refused = await withPhoto('再多一行', await jpeg(server, { width: 8000, height: 6251 }));
  assert.equal(refused.status, 422);
  assert.match(refused.text, /5000 万像素/);
  assert.match(refused.text, /再多一行<\/textarea>/, 'what was typed is gone');
  assert.ok(memory() - was < 150, `the server itself grew by ${memory() - was} MB`);
});

function header(w, h) {
  const b = Buffer.alloc(13);
  b.writeUInt32BE(w, 0);
  b.writeUInt32BE(h, 4);
  b.set([8, 0], 8);
  return b;
}
const made = (...chunks) => Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks, chunk('IEND', Buffer.alloc(0))]);
const zeros = (n) => deflateSync(Buffer.alloc(n), { level: 9 });
const bombs = {
  'a small picture with 200 MB behind it': () => made(chunk('IHDR', header(100, 100)), chunk('IDAT', zeros(200 << 20))),
  'a colour profile of 200 MB': () => made(chunk('IHDR', header(100, 100)),
    chunk('iCCP', Buffer.concat([Buffer.from('x\0\0', 'latin1'), zeros(200 << 20)])), chunk('IDAT', zeros(101 * 100))),
  'a thousand texts of 1 MB': () => made(chunk('IHDR', header(100, 100)),
    ...Array(1000).fill(chunk('zTXt', Buffer.concat([Buffer.from('k\0\0', 'latin1'), zeros(1 << 20)]))), chunk('IDAT', zeros(101 * 100))),
  'a JPEG cut off in the middle': async () => (await jpeg(server)).subarray(0, 900),
};
for (const [name, make] of Object.entries(bombs))
  test.main(`no harm from ${name}`, async () => {
    const bytes = await make();
    const was = memory();
    const begun = performance.now();
    const a = await withPhoto('照片里藏着什么', bytes);
    assert.ok([303, 422].includes(a.status), `answered ${a.status}`);
    if (a.status === 422) assert.match(a.text, /id="photo-error"[\s\S]*照片里藏着什么|照片里藏着什么[\s\S]*id="photo-error"/);
    assert.ok(performance.now() - begun < 15_000, 'it took too long');
    assert.ok(memory() - was < 150, `the server itself grew by ${memory() - was} MB`);
    await alive();
  });

// ---- forms ----

test.main('a form that was open while the server died and came back is taken', async () => {
  const v = await form();
  await server.kill();
  await server.start();
  const a = await v.submit(reportPath, { what: '重启以前打开的表单', calm: '1' });
  assert.equal(a.status, 303, a.text.slice(0, 500));
});

test.main('a browser that has lost its cookies gets back what was typed, and sends it with one button', async () => {
  const v = await form();
  const { fields } = v.form(reportPath);
  v.cookies.clear();
  const a = await v.request('POST', reportPath, {
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ ...fields, what: '写了很久的一段话', calm: '1' }).toString(),
  });
  assert.equal(a.status, 403);
  assert.match(a.text, /写了很久的一段话/);
  const b = await v.submit(reportPath, {});
  assert.equal(b.status, 303, b.text.slice(0, 500));
});

// ---- the clock ----

test.main('the clock jumps a year forward and back: nothing is lost, mixed up or refused for ever', async () => {
  await officeHours(server);
  const codes = [await report(server, { what: '时间跳动以前的一件' })];
  const h = await handed(server, { fields: { what: '时间跳动时在办的一件' } });
  const person = await staff(server, 'dispatcher');
  const open = await form();
  await server.advance({ days: 366 });
  assert.match((await person.get('/inbox')).location ?? '', /\/login/, 'a session of a year');
  codes.push(await report(server, { what: '跳到一年以后的一件' }));
  await sleep(300);
  await server.advance({ days: -366 });
  for (let i = 0; i < 5; i++) codes.push(await report(server, { what: `跳回来以后的第 ${i} 件` }));
  const late = await open.submit(reportPath, { what: '跳动以前打开的表单', calm: '1' });
  assert.equal(late.status, 303, late.text.slice(0, 500));
  codes.push(late.location.slice(3));
  await server.kill(); // what was counted in memory is gone: ids must not meet those of before
  await server.start();
  for (let i = 0; i < 40; i++) codes.push(await report(server, { what: `重启以后的第 ${i} 件` }));
  assert.equal(new Set(codes).size, codes.length);
  for (const code of [...codes, h.code]) assert.equal((await server.http().get(`/r/${code}/status`)).status, 200, code);
  const d = await staff(server, 'dispatcher');
  assert.equal((await d.get('/inbox')).status, 200);
  assert.equal((await d.get(`/cases/${h.id}`)).status, 200);
  await server.cli(['verify', '--all']);
  const doctor = await server.cli(['doctor'], { expect: null });
  assert.doesNotMatch(doctor.text, /BUG|panic/);
});

// ---- the store ----

if (engine === 'pg')
  test.main('PostgreSQL is gone for a minute: said in words, in both languages; then everything goes on', async () => {
    const dir = process.env.E2E_PG;
    const pg = (what) => execFileSync(path.join(root, 'tests/private-pg'), [what, dir], { stdio: 'ignore' });
    const codes = [];
    let refused = 0;
    let going = true;
    const v = await form();
    const typed = { ...v.form(reportPath).fields, what: '数据库不在时提交的', calm: '1' };
    const filing = Array.from({ length: 4 }, async (_, n) => {
      for (let i = 0; going; i++) {
        const r = server.http({ 'accept-language': n % 2 ? 'en' : 'zh' });
        const page = await r.get(reportPath).catch(() => null);
        const a = page?.status === 200 && await r.submit(reportPath, { what: `数据库离开前后第 ${n}-${i} 件`, calm: '1' }).catch(() => null);
        if (a && a.status === 303) codes.push(a.location.slice(3));
        else {
          refused++;
          const said = (a || page)?.text ?? '';
          if (said) assert.match(said, n % 2 ? /again/ : /再试/, said.slice(0, 400));
          await sleep(500);
        }
      }
    });
    await sleep(1000);
    pg('kill');
    try {
      await sleep(60_000);
      const a = await server.http().get(reportPath);
      assert.equal(a.status, 503);
      assert.match(a.text, /系统繁忙/);
      assert.ok(Number(a.headers['retry-after']) > 0);
      assert.equal((await v.post(reportPath, typed)).status, 503);
      await alive();
    } finally {
      pg('start');
    }
    const back = performance.now();
    while ((await server.http().get(reportPath)).status !== 200) {
      assert.ok(performance.now() - back < 30_000, 'still refused 30 s after PostgreSQL came back');
      await sleep(100);
    }
    await sleep(2000);
    going = false;
    await Promise.all(filing);
    assert.ok(codes.length > 20 && refused > 0, `${codes.length} taken, ${refused} refused`);
    assert.equal(new Set(codes).size, codes.length);
    for (const code of codes) assert.equal((await server.http().get(`/r/${code}/status`)).status, 200, `${code} was acknowledged and is gone`);
    assert.equal((await v.post(reportPath, typed)).status, 303, 'the same form, sent again');
    await server.cli(['verify', '--all']);
  }, { seconds: 240 });
