// A full disk: what was acknowledged stays, what cannot be kept is refused in words, and with room again all goes on. The data
// folder lies on a small tmpfs in a mount namespace of its own, which needs no privileges where user namespaces are allowed.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from './lib/test.mjs';
import { Http } from './lib/http.mjs';
import { binary, engine, root, work, world } from './lib/server.mjs';
import { start } from './lib/shell.mjs';

const TOWN = '500105004';
const SIZE = '48m';
const disk = path.join(work, 'small-disk');
const tried = engine === 'sqlite' ? spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { encoding: 'utf8' }) : { status: 1 };
const can = tried.status === 0;
let url, holder, inside;
const kept = new Set(); // the codes of reports that were acknowledged

// The shell holds the namespace. Words on its input: KILL kills the server, any word then starts it again, TERM ends all.
async function serve(seed) {
  const script = `
    mount -t tmpfs -o size=${SIZE},mode=700 none "$1" && cp -a "$2"/. "$1" || exit 1
    while
      "$3" serve --listen "$4" --store "sqlite:$1/gongzhi.db" --var "$1" & pid=$!
      read -r word
      kill -"$word" $pid; wait $pid
      [ "$word" = KILL ]
    do read -r word; done`;
  const port = 20000 + Math.floor(Math.random() * 20000);
  const env = { ...process.env, GONGZHI_LIMIT_REQUESTS: '0', GONGZHI_LIMIT_POSTS: '0' };
  url = `http://127.0.0.1:${port}`;
  holder = start('unshare', ['-rm', 'bash', '-c', script, 'bash', disk, seed, binary, `127.0.0.1:${port}`],
    { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] });
  inside = `/proc/${holder.pid}/root${disk}`;
  await up();
}

async function up() {
  for (let i = 0; i < 400 && holder.exitCode === null; i++) {
    const a = await new Http(url).get('/healthz').catch(() => null);
    if (a?.status === 200) return;
    await sleep(25);
  }
  throw new Error(`the server did not start:\n${holder.text}`);
}

async function report(text) {
  const v = new Http(url);
  await v.get(`/t/${TOWN}/report`);
  const a = await v.submit(/\/report$/, { what: text });
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

const cli = (...args) => spawnSync('nsenter', ['-t', String(holder.pid), '-U', '-m', '--preserve-credentials', '--wd=.', binary, ...args,
  '--store', `sqlite:${disk}/gongzhi.db`, '--var', disk], { cwd: root, encoding: 'utf8' });

export const before = async () => {
  if (!can) return;
  const seed = await world({ serve: false });
  mkdirSync(disk, { mode: 0o700 });
  await serve(seed.dir);
};
export const after = async () => {
  holder?.stdin.end('TERM\n');
  await holder?.ended;
};

if (!can) {
  if (engine === 'sqlite') console.log(`# full disk: left out, no small disk can be mounted here: ${(tried.stderr || String(tried.error)).trim()}`);
} else {
  test('on a full disk a report is refused in words, and pages are still read', async () => {
    assert.equal((await report('磁盘未满时的一件')).status, 303);
    fill();
    let refused = null;
    for (let i = 0; i < 200 && !refused; i++) {
      const all = await Promise.all(Array.from({ length: 8 }, (_, k) => report(`磁盘将满第 ${i}-${k} 件 ${'路灯不亮'.repeat(100)}`)));
      refused = all.find((a) => a.status !== 303);
    }
    assert.ok(refused, 'every report was taken');
    assert.ok(refused.status >= 500, `status ${refused.status}`);
    assert.match(refused.text, /这次没有保存。请稍后再试/);
    assert.match(holder.text, /error store: .*(full|space)/i);
    assert.equal((await new Http(url).get('/healthz')).status, 200);
    assert.equal((await new Http(url).get(`/t/${TOWN}/open`)).status, 200);
    const doctor = cli('doctor');
    assert.equal(doctor.status, 1, doctor.stderr);
    assert.match(doctor.stdout, /\[错误 fault\].*disk is full/);
  });

  test('with room again, reports are taken without a restart', async () => {
    rmSync(path.join(inside, 'filler'));
    assert.ok(!existsSync(path.join(inside, 'filler')));
    let a;
    for (let i = 0; i < 40; i++) {
      a = await report('腾出空间以后');
      if (a.status === 303) break;
      await sleep(100);
    }
    assert.equal(a.status, 303);
    const rows = cli('export', 'matters').stdout;
    assert.ok(kept.size > 2 && rows.split('\n').length > kept.size, `${kept.size} kept`);
  });

  test('nothing that was acknowledged is lost when the server dies on the full disk', async () => {
    fill();
    await Promise.all(Array.from({ length: 8 }, (_, i) => report(`断电前第 ${i} 件`)));
    holder.stdin.write('KILL\n');
    await sleep(200);
    rmSync(path.join(inside, 'filler'));
    holder.stdin.write('GO\n');
    await up();
    for (const code of kept) assert.equal((await new Http(url).get(`/r/${code}/status`)).status, 200, code);
    const proof = cli('verify', '--all');
    assert.equal(proof.status, 0, proof.stdout + proof.stderr);
  });
}
