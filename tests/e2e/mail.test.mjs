// Notices by mail: an address is set and refused when it is none; with the mail server away they wait, visible; when it comes back they arrive.
import net from 'node:net';
import { assert, test } from './lib/test.mjs';
import { world } from './lib/server.mjs';
import { handed, officeHours, staff } from './lib/desk.mjs';

let server;
let port;
let sink;
const mails = [];

// As much SMTP as a client needs to hand over a mail.
function listen() {
  return new Promise((resolve) => {
    sink = net.createServer((socket) => {
      let data = null;
      let rest = '';
      socket.write('220 sink\r\n');
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        rest += bytes.toString('utf8');
        for (let at = rest.indexOf('\r\n'); at >= 0; at = rest.indexOf('\r\n')) {
          const line = rest.slice(0, at);
          rest = rest.slice(at + 2);
          if (data !== null && line !== '.') data += `${line}\n`;
          else if (data !== null) { mails.push(data); data = null; socket.write('250 taken\r\n'); }
          else if (/^DATA/i.test(line)) { data = ''; socket.write('354 go on\r\n'); }
          else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
          else socket.write('250 ok\r\n');
        }
      });
    }).listen(port ?? 0, '127.0.0.1', () => { port = sink.address().port; resolve(); });
  });
}

export const before = async () => {
  await listen();
  await new Promise((r) => { sink.close(r); }); // the port is known, nobody answers there
  server = await world({ env: { GONGZHI_SMTP_URL: `smtp://127.0.0.1:${port}`, GONGZHI_SMTP_FROM: 'gongzhi@example.cn' } });
  await officeHours(server);
};
export const after = async () => {
  sink?.close();
  await server.stop();
};

test.main('an address is kept, a wrong one is refused and stays in the form', async () => {
  const v = await staff(server, 'handler-people');
  await v.get('/me/mail');
  const bad = await v.submit('/me/mail', { mail: 'nobody at example' });
  assert.equal(bad.status, 422);
  assert.match(bad.text, /value="nobody at example"/);
  await v.get('/me/mail');
  assert.equal((await v.submit('/me/mail', { mail: 'handler@example.cn' })).status, 303);
  assert.match((await v.get('/me/mail')).text, /value="handler@example.cn"/);
  const other = await staff(server, 'verifier');
  assert.doesNotMatch((await other.get('/me/mail')).text, /handler@example/);
});

test.main('with the mail server away the notice waits; when it is back it arrives', async () => {
  await handed(server, { fields: { what: '邮件晚到的一件垃圾' } });
  const handler = await staff(server, 'handler-people');
  assert.match((await handler.get('/me/notices')).text, /邮件晚到的一件垃圾/, 'the notice in the application waits for the mail');
  await new Promise((r) => { setTimeout(r, 500); });
  assert.equal(mails.length, 0);
  await listen();
  for (let i = 0; i < 150 && mails.length === 0; i++) {
    if (i % 10 === 0) await server.advance({ minutes: 10 });
    await new Promise((r) => { setTimeout(r, 200); });
  }
  assert.ok(mails.length > 0, `no mail came\n${server.log().slice(-2000)}`);
  assert.match(mails[0], /^To: .*handler@example\.cn/m);
  assert.doesNotMatch(server.log(), /handler@example/, 'the address stands in the log');
});
