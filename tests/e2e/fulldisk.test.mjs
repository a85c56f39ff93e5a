// A full disk: what was acknowledged stays, what cannot be kept is refused in words, and with room again all goes on; a restart on the full
// disk is possible. The data folder, and the private PostgreSQL with it, lies on a small tmpfs in a mount namespace of its own, which needs
// no privileges where user namespaces are allowed.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from './lib/test.mjs';
import { Http } from './lib/http.mjs';
import { binary, engine, freePort, root, work, world } from './lib/server.mjs';
import { start } from './lib/shell.mjs';

const TOWN = '500105004';
const SIZE = engine === 'pg' ? '220m' : '48m';
const disk = path.join(work, 'small-disk-full');
const pg = path.join(disk, 'pg');
const store = engine === 'pg' ? `postgresql:///town?host=${pg}&user=gongzhi` : `sqlite:${disk}/gongzhi.db`;
const seedBackup = path.join(work, 'seed.backup');
// PostgreSQL refuses to be root, also the root of a namespace
const asUser = ['unshare', '-U', '--map-user=1000', '--map-group=1000'];
const tried = spawnSync('unshare', ['-rm', 'bash', '-c', `mount -t tmpfs none /mnt && ${asUser.join(' ')} true`], { encoding: 'utf8' });
const can = tried.status === 0;
let url, holder, inside;
const kept = new Set(); // the codes of reports that were acknowledged

// The shell holds the namespace. Words on its input: KILL kills the server, any word then starts it again, TERM ends all.
async function serve(seed) {
  const make = engine === 'pg' ? `
    mkdir "$1/pg" && cp -a "$2/keys" "$1" && ${asUser.join(' ')} tests/private-pg start "$1/pg" || exit 1
    createdb -h "$1/pg" -U gongzhi town && "$3" restore "${seedBackup}" --store "$5" --var "$1" || exit 1` : 'cp -a "$2"/. "$1" || exit 1';
  const end = engine === 'pg' ? `${asUser.join(' ')} tests/private-pg stop "$1/pg"` : ':';
  const script = `
    mount -t tmpfs -o size=${SIZE},mode=700 none "$1" || exit 1
    ${make}
    while
      "$3" serve --listen "$4" --store "$5" --var "$1" & pid=$!
      read -r word
      kill -"$word" $pid; wait $pid
      [ "$word" = KILL ]
    do read -r word; done
    ${end}`;
  const port = await freePort();
  const env = { ...process.env, GONGZHI_LIMIT_REQUESTS: '0', GONGZHI_LIMIT_POSTS: '0' };
  url = `http://127.0.0.1:${port}`;
  holder = start('unshare', ['-rm', 'bash', '-c', script, 'bash', disk, seed, binary, `127.0.0.1:${port}`, store],
    { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] });
  inside = `/proc/${holder.pid}/root${disk}`;
  await up();
}

async function up() {
  for (let i = 0; i < 4800 && holder.exitCode === null; i++) {
    const a = await new Http(url).get('/healthz').catch(() => null);
    if (a?.status === 200) return;
    await sleep(25);
  }
  throw new Error(`the server did not start:\n${holder.text}`);
}

async function killAndStart(between = async () => {}) {
  holder.stdin.write('KILL\n');
  await sleep(200);
  await between();
  holder.stdin.write('GO\n');
  await up();
}

async function report(text) {
  const v = new Http(url);
  await v.get(`/t/${TOWN}/report`);
  const a = await v.submit(/\/report$/, { what: text, calm: '1' });
  const code = a.status === 303 && a.location.match(/\/r\/([0-9A-Z-]+)/)?.[1];
  if (code) kept.add(code);
  return a;
}

function fill() {
  const fd = openSync(path.join(inside, 'filler'), 'a');
  for (let piece = 1 << 20; piece > 0; piece >>= 1)
    try {
      for (;;) writeSync(fd, Buffer.alloc(piece));
    } catch (e) {
      assert.equal(e.code, 'ENOSPC');
    }
  closeSync(fd);
}

// Reports until one is refused, then until the disk takes nothing more.
async function exhaust() {
  let refused = null;
  for (let i = 0; i < 400 && !refused; i++) {
    const all = await Promise.all(Array.from({ length: 8 }, (_, k) => report(`磁盘将满第 ${i}-${k} 件 ${'路灯不亮'.repeat(400)}`)));
    refused = all.find((a) => a.status !== 303);
  }
  assert.ok(refused, 'every report was taken');
  return refused;
}

async function allThere() {
  for (const code of kept) assert.equal((await new Http(url).get(`/r/${code}/status`)).status, 200, code);
}

const inNamespace = (program, args) => spawnSync('nsenter', ['-t', String(holder.pid), '-U', '-m', '--preserve-credentials', '--wd=.', program, ...args],
  { cwd: root, encoding: 'utf8' });
const cli = (...args) => inNamespace(binary, [...args, '--store', store, '--var', disk]);
const postgres = (what) => inNamespace(asUser[0], [...asUser.slice(1), 'tests/private-pg', what, pg]);

export const before = async () => {
  if (!can) return;
  const seed = await world({ serve: false });
  if (engine === 'pg') await seed.cli(['backup', seedBackup]);
  mkdirSync(disk, { mode: 0o700 });
  await serve(seed.dir);
};
export const after = async () => {
  holder?.stdin.end('TERM\n');
  await holder?.ended;
};

if (!can) {
  console.log(`# full disk: left out, no small disk can be mounted here: ${(tried.stderr || String(tried.error)).trim()}`);
} else {
  test.main('on a full disk a report is refused in words, and pages are still read', async () => {
    assert.equal((await report('磁盘未满时的一件')).status, 303);
    fill();
    const refused = await exhaust();
    assert.ok(refused.status >= 500, `status ${refused.status}`);
    assert.match(refused.text, /这次没有保存。请稍后再试/);
    assert.match(holder.text, /error store: .*(full|space)/i);
    assert.equal((await new Http(url).get('/healthz')).status, 200);
    assert.equal((await new Http(url).get(`/t/${TOWN}/open`)).status, 200);
    const v = new Http(url, { 'accept-language': 'en' });
    await v.get(`/t/${TOWN}/report`);
    const en = await v.submit(/\/report$/, { what: `in English ${'x'.repeat(1900)}`, calm: '1' });
    if (en.status !== 303) assert.match(en.text, /nothing was saved/);
    const doctor = cli('doctor');
    assert.equal(doctor.status, 1, doctor.stderr);
    assert.match(doctor.stdout, /\[错误 fault\].*disk is full/);
  }, { seconds: 240 });

  test.main('killed and started again on the full disk, it serves what it has', async () => {
    for (let round = 0; round < 3; round++) {
      await killAndStart();
      assert.equal((await new Http(url).get(`/t/${TOWN}/open`)).status, 200);
      await allThere();
      fill();
      await exhaust();
    }
  }, { seconds: 240 });

  test.main('with room again, reports are taken without a restart', async () => {
    rmSync(path.join(inside, 'filler'));
    assert.ok(!existsSync(path.join(inside, 'filler')));
    let a;
    for (let i = 0; i < 300; i++) {
      a = await report('腾出空间以后');
      if (a.status === 303) break;
      await sleep(100);
    }
    assert.equal(a.status, 303, holder.text.slice(-2000));
    const rows = cli('export', 'matters').stdout;
    // the first and the last at least; how many fit in between is the disk's affair
    assert.ok(kept.size >= 2 && rows.split('\n').length > kept.size, `${kept.size} kept`);
  });

  test.main('nothing that was acknowledged is lost when all dies on the full disk', async () => {
    fill();
    await Promise.all(Array.from({ length: 8 }, (_, i) => report(`断电前第 ${i} 件`)));
    await killAndStart(async () => {
      if (engine === 'pg') postgres('kill');
      rmSync(path.join(inside, 'filler'));
      if (engine === 'pg') assert.equal(postgres('start').status, 0);
    });
    await allThere();
    const proof = cli('verify', '--all');
    assert.equal(proof.status, 0, proof.stdout + proof.stderr);
  }, { seconds: 240 });
}
