// Keys rotate; what is stored comes under the new key, and stays readable when the old one is no more.
import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import { assert, test } from './lib/test.mjs';
import { number, report, staff } from './lib/desk.mjs';
import { world } from './lib/server.mjs';

let server;
export const before = async () => { server = await world(); };
export const after = () => server.stop();

async function phoneOf(code) {
  const d = await staff(server, 'dispatcher');
  const id = await number(d, code);
  await d.get(`/cases/${id}`);
  const a = await d.submit(`/cases/${id}/reveal`, { purpose: '电话核实地点' });
  return a.status === 303 ? (await d.get(a.location)).text : a.text;
}

test.main('rotate, restart, reseal in two goes: the new key opens everything, the old one is not needed', async () => {
  const code = await report(server, { what: '留了电话的一件', phone: '13812345678', name: '周女士' });
  const h = await staff(server, 'handler-people');
  await h.get('/me/mail');
  await h.submit('/me/mail', { mail: 'handler@example.cn' });
  assert.match((await server.cli(['keys', 'list'])).text, /seal-1\.key .*正在加密/);
  await server.cli(['keys', 'rotate']);
  const listed = (await server.cli(['keys', 'list'])).text;
  assert.match(listed, /seal-1\.key .*只解密[\s\S]*seal-2\.key .*正在加密/);
  assert.doesNotMatch(listed, /[0-9a-f]{64}/, 'a key is shown');
  await server.restart();
  assert.match(await phoneOf(code), /13812345678/);
  await server.cli(['keys', 'reseal'], { expect: null, seconds: 0.05 }); // stopped somewhere, or before it began
  const first = (await server.cli(['keys', 'reseal'])).text;
  assert.match(first, /个值，重新加密/);
  assert.match((await server.cli(['keys', 'reseal'])).text, /重新加密 0 个/);
  await server.stop();
  const old = path.join(server.dir, 'keys', 'seal-1.key');
  renameSync(old, path.join(server.dir, 'seal-1.key.away'));
  assert.ok(!existsSync(old));
  await server.start();
  assert.match(await phoneOf(code), /13812345678/);
  const again = await staff(server, 'handler-people');
  assert.match((await again.get('/me/mail')).text, /value="handler@example.cn"/);
  await server.cli(['verify', '--all']);
}, { seconds: 120 });
