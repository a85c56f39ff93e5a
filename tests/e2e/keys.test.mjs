// Keys rotate; what is stored comes under the new key, and stays readable when the old one is no more.
import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import { assert, test } from './lib/test.mjs';
import { did, number, officeHours, report, staff, town } from './lib/desk.mjs';
import { world } from './lib/server.mjs';
import { smtp } from './lib/smtp.mjs';

let server;
const mails = [];
let sink;
let port;
export const before = async () => {
  sink = await smtp(mails);
  port = sink.address().port;
  await new Promise((r) => { sink.close(r); }); // the port is known, nobody answers there
  server = await world({ env: { GONGZHI_SMTP_URL: `smtp://127.0.0.1:${port}`, GONGZHI_SMTP_FROM: 'gongzhi@example.cn' } });
  await officeHours(server);
};
export const after = async () => {
  sink.close();
  await server.stop();
};

// What the desk left half done: words for the next shift, a draft, a follower's address, a mail that nobody takes.
async function leaveThings() {
  const d = await staff(server, 'dispatcher');
  await d.get('/handover');
  assert.equal((await d.submit('/handover/note', { text: '夜里留意河边护栏' })).status, 303);
  const code = await report(server, { what: '河边护栏断了', public: '1', email: 'anna@example.org' });
  const id = await number(d, code);
  await d.get(`/cases/${id}`);
  const token = d.page.match(/name="_csrf" value="([^"]+)"/)[1];
  const kept = await d.post('/drafts', { _csrf: token, form: `/cases/${id}/do#refuse`, f_reason: '写了一半的理由' });
  assert.ok(kept.status < 300, `${kept.status} ${kept.text}`);
  const f = server.http();
  await f.get(`/t/${town}/report`);
  const followed = await f.post(`/t/${town}/follow`, { ...f.form(/\/report$/).fields, what: 'x', follow: id, email: 'kim@example.org' });
  assert.equal(followed.status, 303, followed.text.slice(0, 300));
  await d.get(`/cases/${id}`);
  await did(d, id, 'ask-back', { note: '哪一段' });
  await server.advance({ minutes: 1 });
  const c = await staff(server, 'commander');
  await c.get('/webhooks');
  const hook = await c.submit('/webhooks', { name: '看板', url: 'https://hooks.example.cn/?key=theirs' });
  assert.equal(hook.status, 303);
  return { id, followed: followed.location.slice(3), hook: hook.location };
}

async function stillThere({ id, followed, hook }) {
  const d = await staff(server, 'dispatcher');
  assert.match((await (await staff(server, 'commander')).get(hook)).text, /hooks\.example\.cn\/\?key=theirs/);
  assert.match((await d.get('/handover')).text, /夜里留意河边护栏/);
  assert.match((await d.get(`/drafts/kept?form=${encodeURIComponent(`/cases/${id}/do#refuse`)}`)).text, /写了一半的理由/);
  assert.match((await server.http().get(`/r/${followed}/status`)).text, /k\*\*\*@example\.org/);
  sink = await smtp(mails, port);
  for (let i = 0; i < 150 && !mails.some((m) => m.includes('<anna@example.org>')); i++) {
    if (i % 10 === 0) await server.advance({ minutes: 10 });
    await new Promise((r) => { setTimeout(r, 200); });
  }
  assert.ok(mails.some((m) => m.includes('<anna@example.org>')), `the mail that waited was lost\n${server.log().slice(-1500)}`);
}

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
  const left = await leaveThings();
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
  await stillThere(left);
  await server.cli(['verify', '--all']);
}, { seconds: 120 });
