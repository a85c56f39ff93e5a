// Programs that a scenario starts; all of them end with the run, also when it is interrupted.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

const running = new Set();
const folders = new Set();

export function start(file, args, options = {}) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  child.text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (bytes) => { child.text = (child.text + bytes).slice(-200_000); });
  running.add(child);
  child.ended = new Promise((resolve) => {
    child.on('error', (e) => { child.text += String(e); });
    child.on('close', (code, signal) => { running.delete(child); resolve({ code, signal }); });
  });
  return child;
}

// Runs to the end; an exit status that was not expected is an error that shows what the program said.
export async function run(file, args, { expect = 0, seconds = 120, input, ...options } = {}) {
  const child = start(file, args, input === undefined ? options : { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin?.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
  const { code, signal } = await child.ended;
  clearTimeout(timer);
  if (expect !== null && code !== expect)
    throw new Error(`${file} ${args.join(' ')}: ${signal ?? `status ${code}`}\n${child.text}`);
  return { code, text: child.text };
}

export async function stop(child, seconds = 60) {
  if (!running.has(child)) return child.ended;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
  const how = await child.ended;
  clearTimeout(timer);
  return how;
}

export function removeAtExit(folder) {
  folders.add(folder);
}

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => process.exit(130));
