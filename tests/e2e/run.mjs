// Runs the scenario files *.test.mjs (and *.sh) of this folder: `node run.mjs [part of a file name ...]`, on SQLite, then the main ones on PostgreSQL.
//   E2E_STORES="sqlite pg"   the stores; on PostgreSQL the cases marked test.main and no shell test
//   E2E_ALL=1                there too every case
//   E2E_JOBS=2               so many files at a time, each in a worker (worker.mjs) with servers, folders, a browser and a PostgreSQL of its own
//   E2E_SHOTS=1              screenshots too (build/shots/), which else are taken only of files chosen by name; 0: none
// One line a case, those of a file together and when it has ended (with E2E_JOBS=1 at once); at the end "N passed, N failed", status 1 when one failed.
import { execFileSync, fork } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const stores = (process.env.E2E_STORES ?? 'sqlite pg').split(/\s+/).filter(Boolean);
const jobs = Math.max(1, Number(process.env.E2E_JOBS) || 2);
const only = process.argv.slice(2);
// Begun first, so that none of them is what all wait for at the end. One that is missing here or stands here in vain costs only time.
const longest = ['tutorial', 'journey', 'portal', 'badday', 'people', 'work', 'mail', 'flow', 'pages', 'wall', 'find', 'looks', 'ground', 'grid'];
const rank = (file) => (longest.indexOf(file.split('.')[0]) + longest.length + 1) % (longest.length + 1);

const files = readdirSync(here).filter((f) => /\.(test\.mjs|sh)$/.test(f) && (only.length === 0 || only.some((o) => f.includes(o))))
  .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
const tasks = stores.flatMap((store) => files.filter((f) => store === 'sqlite' || !f.endsWith('.sh')).map((file) => ({ store, file })));
// A scenario that measures time says so with a line "// alone: why": nothing runs beside it.
const alone = ({ file }) => /^(\/\/|#) alone: /m.test(readFileSync(path.join(here, file), 'utf8'));
const seconds = (from) => ((performance.now() - from) / 1000).toFixed(1);
const counts = Object.fromEntries(stores.map((s) => [s, { passed: 0, failed: 0, time: 0 }]));
const shots = process.env.E2E_SHOTS ?? (only.length ? '1' : '0');
const begun = performance.now();

const clusters = new Set();
const privatePg = (what, dir) => execFileSync(path.join(root, 'tests/private-pg'), [what, dir], { stdio: ['ignore', 'ignore', 'inherit'] });
function cluster() {
  const dir = execFileSync(path.join(root, 'tests/private-pg'), ['folder'], { encoding: 'utf8' }).trim();
  clusters.add(dir);
  privatePg('start', dir);
  return dir;
}
function remove(dir) {
  clusters.delete(dir);
  try {
    privatePg('stop', dir);
  } catch { /* a scenario has left it stopped, or the signal that ends us has ended it */ }
  rmSync(dir, { recursive: true, force: true });
}
process.on('exit', () => { for (const dir of clusters) remove(dir); });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

// A process that runs one file after the other on one store.
class Worker {
  constructor(store) {
    this.store = store;
    this.pg = store === 'pg' ? cluster() : '';
    this.child = fork(path.join(here, 'worker.mjs'), { env: { ...process.env, E2E_STORE: store, E2E_PG: this.pg, E2E_SHOTS: shots }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.said = '';
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (bytes) => { this.said = (this.said + bytes).slice(-20_000); });
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        this.died?.(signal ?? `status ${code}`);
        resolve();
      });
    });
  }

  // Tells `heard` each message of the file; false when the worker has died over it.
  run(file, heard) {
    return new Promise((resolve) => {
      const end = (alive) => {
        this.child.off('message', listen);
        this.died = undefined;
        resolve(alive);
      };
      const listen = (message) => (message.done ? end(true) : heard(message));
      this.died = (how) => {
        heard({ good: false, text: `not ok ${this.store} ${file}: the worker has ended (${how})\n${this.said.replace(/^/gm, '    ')}` });
        end(false);
      };
      this.child.on('message', listen);
      this.child.send({ file }, () => {});
    });
  }

  async end() {
    if (this.child.connected) this.child.send({}, () => {});
    await this.ended;
    if (this.pg) remove(this.pg);
  }
}

// Takes from the queue until nothing is left; gives its last worker back.
async function lane(queue, worker) {
  for (let task = queue.shift(); task; task = queue.shift()) {
    const count = counts[task.store];
    const lines = [];
    if (worker?.store !== task.store) {
      await worker?.end();
      worker = undefined;
      try {
        worker = new Worker(task.store);
      } catch (e) {
        count.failed++;
        console.log(`not ok ${task.store} ${task.file}: no PostgreSQL to run on: ${e.message}`);
        continue;
      }
    }
    const from = performance.now();
    const alive = await worker.run(task.file, ({ good, text }) => {
      if (good !== undefined) count[good ? 'passed' : 'failed']++;
      if (jobs === 1) console.log(text);
      else lines.push(text);
    });
    count.time += performance.now() - from;
    if (lines.length) console.log(lines.join('\n'));
    if (!alive) {
      await worker.end();
      worker = undefined;
    }
  }
  return worker;
}

let idle = [];
async function phase(queue, width) {
  const lanes = Array.from({ length: Math.min(width, queue.length) }, () => lane(queue, idle.shift()));
  idle = [...await Promise.all(lanes), ...idle].filter(Boolean);
}
await phase(tasks.filter((t) => alone(t) && t.store === stores[0]), 1);
await phase(tasks.filter((t) => !alone(t)), jobs);
await phase(tasks.filter((t) => alone(t) && t.store !== stores[0]), 1);
await Promise.all(idle.map((w) => w.end()));
let passed = 0;
let failed = 0;
for (const [store, c] of Object.entries(counts)) {
  console.log(`e2e ${store}: ${c.passed} passed, ${c.failed} failed (${(c.time / 1000).toFixed(0)} s)`);
  passed += c.passed;
  failed += c.failed;
}
if (files.length === 0) {
  console.log(`no scenario matches: ${only.join(' ')}`);
  failed++;
} else if (passed + failed === 0) {
  console.log('nothing to run: see the reasons above');
}
console.log(`e2e, ${jobs} at a time: ${seconds(begun)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
