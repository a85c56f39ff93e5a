// A backup restores a whole installation: store, attachments, keys; also into the other kind of store. What is half is recognised.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { assert, test } from './lib/test.mjs';
import { handed, report, staff, town } from './lib/desk.mjs';
import { jpeg } from './lib/photo.mjs';
import { binary, engine, newStore, root, Server, work, world } from './lib/server.mjs';

const word = '江上 初晴 明月 石桥';
const secret = path.join(work, 'passphrase');
const reportPath = `/t/${town}/report`;
let server;
let code; // a report with a photograph
let picture; // as it is answered
let key;
let file;

const restored = new Map(); // what kind of store: the server on it

export const before = async () => {
  writeFileSync(secret, `${word}\n`, { mode: 0o600 });
  server = await world();
  file = path.join(work, 'whole.backup');
};
export const after = async () => {
  await server.stop();
  for (const s of restored.values()) await s.stop();
};

async function photograph(s) {
  const v = s.http();
  const page = await v.get(`/r/${code}/status`);
  assert.equal(page.status, 200, `the report is not there: ${page.status}`);
  return (await v.get(page.text.match(/href="(\/r\/[^"]*\/photo\/\d+)"/)[1])).bytes;
}

test.main('a backup is made while reports come in; it says what is not in it', async () => {
  const v = server.http();
  await v.get(reportPath);
  const a = await v.submitFiles(reportPath, { what: '要备份的一件，有照片', calm: '1', phone: '13800001111' },
    { photo: { filename: 'x.jpg', type: 'image/jpeg', bytes: await jpeg(server) } });
  assert.equal(a.status, 303, a.text.slice(0, 500));
  code = a.location.slice(3);
  picture = await photograph(server);
  await handed(server, { fields: { what: '已经分拨的一件' } });
  await server.cli(['user', 'add', 'map-server', '--service', '--role', 'supervisor']);
  key = (await server.cli(['user', 'key', 'add', 'map-server'])).text.match(/^gz_\S+/m)[0];
  await server.cli(['user', 'key', 'add', 'map-server', '--name', 'short', '--days', '7']);
  assert.match((await server.cli(['doctor'], { expect: null })).text, /map-server 的密钥 short 快到期/);
  let going = true;
  const filing = (async () => { while (going) await report(server, { what: '备份时还在来的一件' }); })();
  const plain = await server.cli(['backup', path.join(work, 'plain.backup')]);
  const full = await server.cli(['backup', file, '--with-keys', '--passphrase-file', secret]);
  going = false;
  await filing;
  assert.match(plain.text, /密钥不在备份里/);
  assert.match(plain.text, /The keys are not in it/);
  assert.doesNotMatch(full.text, /密钥不在备份里/);
  assert.match(full.text, /[1-9]\d* 个附件 attachments/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(!readFileSync(file).includes('sm4-gcm'), 'a key stands in the backup as it is');
  const bare = await server.cli(['backup', path.join(work, 'bare.backup'), '--no-files']);
  assert.match(bare.text, /附件不在备份里/);
}, { seconds: 240 });

async function restore(kind, from) {
  const dir = path.join(work, `restored-${restored.size}`);
  mkdirSync(dir, { mode: 0o700 });
  const store = await newStore(dir, null, kind);
  const s = new Server({ dir, store, env: server.env });
  const said = await s.cli(['restore', from, '--with-keys', '--passphrase-file', secret], { seconds: 200 });
  assert.match(said.text, /[1-9]\d* 个附件 attachments/);
  return s;
}

async function isWhole(s) {
  const doctor = await s.cli(['doctor', '--full'], { expect: null });
  assert.match(doctor.text, /0 处错误/, doctor.text);
  await s.cli(['verify', '--all']);
  copyFileSync(path.join(server.dir, 'accounts.txt'), path.join(s.dir, 'accounts.txt'));
  await s.start();
  assert.ok((await photograph(s)).equals(picture), 'the photograph is another');
  const d = await staff(s, 'dispatcher'); // passwords
  const found = await d.get(`/cases?q=${encodeURIComponent('要备份的一件')}`); // the search index
  assert.match(found.text, /要备份的一件/);
  const program = await s.http({ authorization: `Bearer ${key}` }).get('/cases'); // hashes keyed by the restored keys
  assert.equal(program.status, 200);
  const next = await report(s, { what: '恢复以后的第一件' }); // the journal goes on
  assert.equal((await s.http().get(`/r/${next}/status`)).status, 200);
  await s.cli(['verify', '--all']);
}

for (const kind of engine === 'pg' ? ['sqlite', 'pg'] : ['sqlite'])
  test.main(`it restores into an empty installation on ${kind}`, async () => {
    // the second from the first: PostgreSQL → SQLite → PostgreSQL
    const from = restored.get('sqlite');
    let source = file;
    if (from) {
      source = path.join(work, 'again.backup');
      await from.cli(['backup', source, '--with-keys', '--passphrase-file', secret]);
    }
    const s = await restore(kind, source);
    restored.set(kind, s);
    await isWhole(s);
  }, { seconds: 300 });

test.main('what is damaged, half, of another passphrase or already there is refused, and nothing is changed', async () => {
  const dir = path.join(work, 'refused');
  mkdirSync(dir, { mode: 0o700 });
  const store = await newStore(dir);
  const s = new Server({ dir, store, env: server.env });
  const refuse = async (args, says, input) => {
    const a = await s.cli(['restore', ...args], { expect: 1, input });
    assert.match(a.text, says);
    assert.ok(!existsSync(path.join(dir, 'files')) && !existsSync(path.join(dir, 'keys')), 'something was written');
  };
  const half = path.join(work, 'half.backup');
  copyFileSync(file, half);
  truncateSync(half, statSync(file).size - 5000);
  await refuse([half], /已损坏或不完整[\s\S]*damaged or incomplete/);
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(half, bytes);
  await refuse([half], /已损坏或不完整/);
  await refuse([file, '--with-keys'], /口令短语不对/, '另一个口令短语 不对的\n');
  await refuse([path.join(work, 'plain.backup'), '--with-keys'], /里没有密钥/, `${word}\n`);
  await refuse([path.join(work, 'nowhere.backup')], /无法读取备份文件/);
  const used = await server.cli(['restore', file, '--no-files'], { expect: 1 });
  assert.match(used.text, /目标数据库不是空的/);
  const weak = await server.cli(['backup', path.join(work, 'weak.backup'), '--with-keys'], { expect: 1, input: '12345678\n' });
  assert.match(weak.text, /口令短语太短/);
  assert.ok(!readdirSync(work).some((f) => f.startsWith('weak.backup')));
});

test.main('killed in the middle, a backup leaves no file under its name, and a restore no store that would be served', async () => {
  const gone = path.join(work, 'killed.backup');
  await server.cli(['backup', gone, '--passphrase-file', secret], { expect: null, seconds: 0.02 });
  if (existsSync(gone)) // it was quicker than the signal
    await server.cli(['restore', gone], { expect: 1 });
  const dir = path.join(work, 'killed');
  mkdirSync(dir, { mode: 0o700 });
  const s = new Server({ dir, store: await newStore(dir), env: server.env });
  let stopped = false;
  for (let after = 0.05; after < 3 && !stopped; after += 0.05) {
    const probe = new Server({ dir, store: await newStore(path.join(work, `killed-${Math.round(after * 100)}`)), env: server.env });
    mkdirSync(path.join(work, `killed-${Math.round(after * 100)}`), { recursive: true });
    await probe.cli(['restore', file], { expect: null, seconds: after });
    const served = await probe.cli(['doctor'], { expect: null });
    stopped = /恢复没有完成/.test(served.text);
    s.store = probe.store;
  }
  assert.ok(stopped, 'no restore could be stopped in the middle');
  const serve = await s.cli(['serve', '--listen', '127.0.0.1:1'], { expect: 1 });
  assert.match(serve.text, /恢复没有完成|密钥/);
  const migrate = await s.cli(['migrate'], { expect: 1 });
  assert.match(migrate.text, /恢复没有完成[\s\S]*not finished/);
}, { seconds: 200 });

// A small disk in a mount namespace of its own: the shell fills `disk` and runs the program there.
function onSmallDisk(size, args) {
  const script = 'mount -t tmpfs -o size=$1,mode=700 none "$2" || exit 77; shift 2; "$@"; code=$?; ls -A "$DISK"; exit $code';
  return spawnSync('unshare', ['-rm', 'bash', '-c', script, 'bash', size, disk, binary, ...args],
    { cwd: root, encoding: 'utf8', env: { ...server.env, DISK: disk } });
}
const disk = path.join(work, 'small-disk-backup');
const can = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

if (!can) console.log('# backup on a full disk: left out, no small disk can be mounted here');
else
  test.main('a full disk in the middle is said, and no half file stands under the name', async () => {
    mkdirSync(disk, { recursive: true });
    const a = onSmallDisk('256k', ['backup', path.join(disk, 'x.backup'), '--store', server.store, '--var', server.dir]);
    assert.equal(a.status, 1, a.stderr);
    assert.match(a.stderr, /磁盘已满[\s\S]*is full/);
    assert.equal(a.stdout.trim(), '', `left behind: ${a.stdout}`);
    const dir = path.join(work, 'no-room');
    mkdirSync(dir);
    const store = await newStore(dir);
    const b = onSmallDisk('4k', ['restore', file, '--store', store, '--var', disk]);
    assert.equal(b.status, 1, b.stderr);
    assert.match(b.stderr, /磁盘已满[\s\S]*is full/);
    const after = await new Server({ dir, store, env: server.env }).cli(['doctor'], { expect: null });
    assert.match(after.text, /恢复没有完成/);
  });
