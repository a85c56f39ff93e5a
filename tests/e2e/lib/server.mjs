// The real binary on a store of its own. `world()` gives each scenario file a fresh copy of one demonstration
// installation, made once in a worker (loading the divisions takes seconds, copying them does not).
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { Http } from './http.mjs';
import { removeAtExit, run, start, stop } from './shell.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const binary = path.resolve(root, process.env.GONGZHI ?? 'build/gongzhi');
export const engine = process.env.E2E_STORE ?? 'sqlite';  // or 'pg'
const pgDir = process.env.E2E_PG;                        // folder of the private PostgreSQL: run.mjs sets it

export const work = mkdtempSync(path.join(process.env.TMPDIR ?? tmpdir(), 'gongzhi-e2e-'));
removeAtExit(work);

// A port that nobody has, and that nobody is given by the system while a server on it starts again: those for outgoing connections
// begin at 32768.
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    const probe = net.createServer();
    const free = await new Promise((resolve) => {
      probe.on('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

let made = 0;
const templates = new Map();

// The address of a store that is not there yet (SQLite) or empty (PostgreSQL, a copy of `from`).
export async function newStore(dir, from, kind = engine) {
  if (kind === 'sqlite') return `sqlite:${dir}/gongzhi.db`;
  const name = `e2e_${++made}`;
  await run('createdb', ['-h', pgDir, '-U', 'gongzhi', ...(from ? ['-T', new URL(from.replace('postgresql:///', 'postgresql://x/')).pathname.slice(1)] : []), name]);
  return `postgresql:///${name}?host=${pgDir}&user=gongzhi`;
}

export class Server {
  // dir: data folder; store: URL; env: more environment
  constructor({ dir, store, env = {}, args = [] }) {
    Object.assign(this, { dir, store, args });
    this.clockFile = path.join(dir, 'test-clock');
    this.offset = 0;
    writeFileSync(this.clockFile, '0');
    this.env = { ...process.env, GONGZHI_TEST_CLOCK: this.clockFile, ...env };
  }

  // Any subcommand on the same data.
  cli(args, options = {}) {
    return run(binary, [...args, '--store', this.store, '--var', this.dir], { cwd: root, env: this.env, ...options });
  }

  async start() {
    this.port ??= await freePort(); // a restart keeps the address
    this.url = `http://127.0.0.1:${this.port}`;
    this.child = start(binary, ['serve', '--listen', `127.0.0.1:${this.port}`, '--store', this.store, '--var', this.dir, ...this.args],
      { cwd: root, env: this.env });
    for (let i = 0; i < 4800 && this.child.exitCode === null && !this.child.signalCode; i++) {
      const answer = await this.http().get('/healthz').catch(() => null);
      if (answer?.status === 200) return this;
      await sleep(25);
    }
    throw new Error(`the server did not start:\n${this.child.text}`);
  }

  http(headers) {
    return new Http(this.url, headers);
  }

  log() {
    return this.child.text;
  }

  // Moves the clock of the running server.
  async advance({ days = 0, hours = 0, minutes = 0, seconds = 0 }) {
    this.offset += (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
    writeFileSync(this.clockFile, String(this.offset));
    await sleep(50);
  }

  async stop() {
    return stop(this.child);
  }

  async kill() {
    this.child.kill('SIGKILL');
    return this.child.ended;
  }

  async restart() {
    await this.stop();
    return this.start();
  }
}

// What follows the journal (figures, search, the map) catches up in the template, once, and not in each copy while a scenario already looks.
async function catchUp(server) {
  await server.start();
  const filed = async () => JSON.parse((await server.http().get('/t/500105004/open.json?days=365')).text).totals.filed;
  for (let n = 0, same = 0, last = 0; same < 5; n++) {
    if (n > 600) throw new Error(`the figures of the demonstration do not come to rest: ${last}`);
    await sleep(100);
    const now = await filed();
    same = now > 0 && now === last ? same + 1 : 0;
    last = now;
  }
  await server.stop();
}

async function template(kind) {
  if (templates.has(kind)) return templates.get(kind);
  const dir = path.join(work, `template-${kind}`);
  mkdirSync(dir, { recursive: true });
  const store = await newStore(dir);
  const server = new Server({ dir, store });
  await server.cli(['init'], { seconds: 300 });
  if (kind === 'demo') await server.cli(['demo', '--accounts-file', path.join(dir, 'accounts.txt')], { seconds: 300 });
  if (kind === 'demo') await catchUp(server);
  templates.set(kind, { dir, store });
  return { dir, store };
}

// A running server on its own copy. kind: 'demo' (the demonstration town) or 'empty'.
export async function world({ kind = 'demo', env = {}, args = [], serve = true } = {}) {
  const from = await template(kind);
  const dir = path.join(work, `world-${++made}`);
  cpSync(from.dir, dir, { recursive: true });
  const store = await newStore(dir, from.store);
  const server = new Server({ dir, store, env, args });
  if (serve) await server.start();
  return server;
}


// The demonstration accounts of a 'demo' world: { user, password, role }, from the file that `gongzhi demo` wrote.
export function accounts(server) {
  const text = readFileSync(path.join(server.dir, 'accounts.txt'), 'utf8');
  return text.split('\n').map((l) => l.trim().split(/\s+/)).filter((w) => w.length >= 2 && /^[\w.-]+$/.test(w[0]) && /^[\x21-\x7e]{8,}$/.test(w[1]))
    .map(([user, password, ...role]) => ({ user, password, role: role.join(' ') }));
}
