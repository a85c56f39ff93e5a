// One worker of run.mjs, for one store (E2E_STORE): runs the scenario file it is told, says what came of it, waits for the next. All files of a worker
// share its Chromium, its demonstration installation and, on PostgreSQL, its server (E2E_PG).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { closeBrowser } from './lib/browser.mjs';
import { engine, root, world } from './lib/server.mjs';
import { start } from './lib/shell.mjs';
import { cases } from './lib/test.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const seconds = (from) => ((performance.now() - from) / 1000).toFixed(1);
const tell = (message) => new Promise((resolve) => { process.send(message, resolve); });

// what a file says beside its cases ("left out: ...") belongs between them
console.log = (...words) => tell({ text: words.join(' ') });

function report(good, name, from, why) {
  let text = `${good ? 'ok' : 'not ok'} ${engine} ${name} (${seconds(from)} s)`;
  if (why) text += `\n${String(why).split('\n').map((l) => `    ${l}`).join('\n')}`;
  tell({ good, text });
}

function within(promise, limit, what) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${what}: longer than ${limit} s`)), limit * 1000); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function scenario(file) {
  const from = performance.now();
  let ends = [];
  cases.length = 0;
  try {
    const module = await import(pathToFileURL(path.join(here, file)));
    const mine = cases.splice(0).filter((c) => engine === 'sqlite' || process.env.E2E_ALL || c.main);
    if (mine.length === 0) return;
    if (module.before) await within(module.before(), 300, 'before');
    if (module.after) ends = [module.after];
    for (const c of mine) {
      const begun = performance.now();
      try {
        await within(c.fn(), c.seconds ?? 240, c.name);
        report(true, `${file}: ${c.name}`, begun);
      } catch (e) {
        report(false, `${file}: ${c.name}`, begun, e.stack ?? e);
      }
    }
  } catch (e) {
    report(false, `${file}: could not start`, from, e.stack ?? e);
  }
  for (const end of ends) await end().catch((e) => report(false, `${file}: could not end`, from, e.stack ?? e));
}

// A shell test prints "ok what" and "not ok what" lines; a status other than 0 without a "not ok" counts as one.
// With a line "# needs: server" it gets the port of a running demonstration as its argument.
async function shell(file) {
  const from = performance.now();
  const server = /^# needs: server$/m.test(readFileSync(path.join(here, file), 'utf8')) ? await world() : null;
  const child = start('bash', [path.join(here, file), ...(server ? [String(server.port)] : [])], { cwd: root });
  await within(child.ended, 600, file).catch(() => child.kill('SIGKILL'));
  const { code } = await child.ended;
  await server?.stop();
  const lines = child.text.split('\n').filter((l) => /^(not )?ok\b/.test(l));
  for (const l of lines) report(l.startsWith('ok'), `${file}: ${l.replace(/^(not )?ok\s*(\d+\s*)?-?\s*/, '')}`, from);
  if ((code !== 0 || lines.length === 0) && !lines.some((l) => l.startsWith('not ok')))
    report(false, `${file}: status ${code}`, from, child.text);
  else if (code !== 0) console.log(child.text.split('\n').map((l) => `    ${l}`).join('\n'));
}

process.on('disconnect', () => process.exit(1));
process.on('message', async ({ file }) => {
  if (file) {
    await (file.endsWith('.sh') ? shell(file) : scenario(file));
    await tell({ done: true });
  } else {
    await closeBrowser().catch(() => {});
    process.exit(0);
  }
});
