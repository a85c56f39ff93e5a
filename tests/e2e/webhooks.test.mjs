// Events reach a receiver, signed, in order, at least once: also when it was down, slow, redirecting or failing, and when the server was killed meanwhile.
import { createHmac } from 'node:crypto';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from './lib/test.mjs';
import { fits, login, screenshot, sound, visitor } from './lib/browser.mjs';
import { number, password, report, staff, step } from './lib/desk.mjs';
import { freePort, world } from './lib/server.mjs';

let server;
let sink;
let port;
let secret;
let id;
let how = () => 200;
const got = [];    // events, in order of arrival
const posts = [];

async function listen() {
  port ??= await freePort(); // it goes and comes back
  await new Promise((resolve) => {
    sink = http.createServer((req, res) => {
      let body = '';
      req.on('data', (d) => { body += d; });
      req.on('end', async () => {
        const status = await how(req);
        posts.push({ headers: req.headers, body, status });
        if (status >= 200 && status < 300) got.push(...JSON.parse(body).events);
        res.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('thanks');
      });
    }).listen(port, '127.0.0.1', resolve);
  });
}
const down = () => new Promise((r) => { sink.closeAllConnections(); sink.close(r); });

async function until(what, seconds = 60) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(100)) {
    const x = await what();
    if (x) return x;
  }
  return assert.fail(`waited in vain for ${what}`);
}

export const before = async () => {
  await listen();
  server = await world({ env: { GONGZHI_WEBHOOK_ALLOW: '127.0.0.1' } });
};
export const after = async () => {
  await down();
  await server.stop();
};

const numbers = () => got.map((e) => e.seq).filter((x) => x);
// logged in anew each time: the clock is moved by hours
const now = async () => JSON.parse((await (await staff(server, 'commander')).get(`/api/webhooks/${id}`)).text);

test.main('a role gets a permission, and loses it, while the server runs: with the next request', async () => {
  const d = await staff(server, 'dispatcher');
  const status = async () => (await d.get('/webhooks')).status;
  assert.equal(await status(), 403);
  assert.match((await server.cli(['role', 'grant', 'dispatcher', 'webhook.manage'])).text, /next request/);
  assert.equal(await status(), 200);
  await server.cli(['role', 'revoke', 'dispatcher', 'webhook.manage']);
  assert.equal(await status(), 403);
});

test.main('subscribing in the browser; what comes is signed and holds no personal data', async () => {
  const { page, context } = await visitor(server, { width: 1440, height: 900 });
  await login(page, 'commander', password(server, 'commander'));
  await page.goto('/webhooks');
  await sound(page);
  await page.fill('#name', '数据看板');
  await page.fill('#url', 'hooks.example.cn');
  await page.getByRole('button', { name: '订阅' }).click();
  assert.equal(await page.inputValue('#name'), '数据看板');
  assert.match(await page.textContent('#errors'), /https:\/\//);
  await sound(page);
  await page.fill('#url', `http://127.0.0.1:${port}/in?key=theirs`);
  await page.getByRole('button', { name: '订阅' }).click();
  await page.waitForURL(/\/webhooks\/\d+\?secret=1/);
  id = page.url().match(/webhooks\/(\d+)/)[1];
  secret = (await page.textContent('.notice .mono')).trim();
  assert.equal(secret.length, 32);
  await sound(page);
  await page.getByRole('button', { name: '试推一次' }).click();
  await until(() => got.some((e) => e.event === 'ping'));
  await until(async () => { await page.goto(`/webhooks/${id}`); return /已送达/.test(await page.textContent('main')); });
  await sound(page);
  await screenshot(page, 'webhook');
  await page.goto('/webhooks');
  await sound(page);
  await screenshot(page, 'webhooks');
  await report(server, { what: '王女士 13812345678 说石门小学后门的垃圾没人清', phone: '13912345678', name: '王女士' });
  const filed = await until(() => got.find((e) => e.event === 'matter.file'));
  const { headers, body } = posts.find((p) => p.body.includes('matter.file'));
  const part = Object.fromEntries(headers['gongzhi-signature'].split(',').map((x) => x.split('=')));
  assert.equal(createHmac('sha256', secret).update(`${part.t}.${body}`).digest('hex'), part.v1);
  assert.doesNotMatch(body, /13812345678|13912345678|王女士|垃圾没人清|title|phone/);
  assert.deepEqual(Object.keys(filed).sort(), ['action', 'at', 'category', 'closed', 'code', 'created', 'due', 'entry', 'event', 'from', 'matter', 'place',
    'promised', 'public', 'scenario', 'seq', 'state']);
  assert.equal(filed.code.length, 4);
  await context.close();
});

test('a receiver that is down, redirects, fails or is slow gets everything later, in order', async () => {
  const before = numbers().length;
  const after = async (status, seconds = 0) => {
    how = async () => { await sleep(seconds * 1000); return status; };
    const n = posts.length;
    await report(server, { what: `一件 ${status} ${seconds}` });
    await server.advance({ seconds: 3700 }); // past any pause
    if (status) await until(() => posts.length > n, 60);
  };
  await down();
  await report(server, { what: '接收方不在的时候的一件' });
  await until(async () => (await now()).tries > 0);
  await listen();
  await after(302);
  assert.ok(posts.every((p) => !p.body.includes('elsewhere')));
  await after(500);
  await after(503);
  const w = await now();
  assert.ok(w.waiting >= 4 && w.failing_since > 0, JSON.stringify(w));
  how = async () => { await sleep(3000); return 200; }; // slow, and the page still answers
  await server.advance({ seconds: 3700 });
  assert.equal((await (await staff(server, 'commander')).get('/webhooks')).status, 200);
  await until(async () => (await now()).waiting === 0, 90);
  assert.deepEqual(numbers(), [...numbers().keys()].map((i) => i + 1), 'in order, without a gap, none twice');
  assert.ok(numbers().length >= before + 4);
  how = () => 200;
});

test.main('killed in the middle: no event is lost', async () => {
  const before = got.length;
  let killed = false;
  // the first post is answered only after the server is gone: it cannot know that it arrived
  how = async () => {
    if (!killed) {
      killed = true;
      await server.kill();
    }
    return 200;
  };
  const codes = [];
  for (let i = 0; i < 12; i++)
    codes.push(await report(server, { what: `停电前的第 ${i} 件` }).catch(() => null));
  await until(() => killed);
  await server.start();
  how = () => 200;
  const d = await staff(server, 'dispatcher');
  const filed = [];
  for (const c of codes.filter(Boolean)) filed.push(await number(d, c));
  assert.ok(filed.length > 0);
  await server.advance({ minutes: 2 }); // on PostgreSQL the lease of the dead one must end first
  await until(() => filed.every((m) => got.some((e) => e.matter === m && e.event === 'matter.file')), 90);
  const seen = got.slice(before).map((e) => e.seq);
  for (let s = Math.min(...seen); s <= Math.max(...seen); s++) assert.ok(seen.includes(s), `number ${s} is missing`);
  const one = filed.at(-1);
  assert.equal((await step(d, one, 'accept', { category: 'city.garbage' })).status, 303);
  const e = await until(() => got.find((x) => x.matter === one && x.event === 'matter.accept'), 90);
  assert.deepEqual([e.from, e.state], ['filed', 'accepted']);
  await until(async () => (await now()).waiting === 0);
}, { seconds: 240 });

test('what our own machine alone can reach is not reached', async () => {
  await server.stop();
  delete server.env.GONGZHI_WEBHOOK_ALLOW;
  await server.start();
  const n = posts.length;
  await report(server, { what: '没有放行的时候的一件' });
  await until(async () => /本机、内网或保留地址/.test((await (await staff(server, 'commander')).get(`/webhooks/${id}`)).text));
  assert.equal(posts.length, n);
  const page = await visitor(server, { width: 1440, height: 900, locale: 'en-GB' });
  await login(page.page, 'commander', password(server, 'commander'));
  await page.page.goto(`/webhooks/${id}`);
  await sound(page.page);
  await fits(page.page);
  await screenshot(page.page, 'webhook-en');
  await page.page.goto('/webhooks');
  const chinese = (await page.page.locator('main').textContent()).match(/[\u4e00-\u9fff]{3,}/g)?.filter((t) => !/数据看板|江北区|大石坝/.test(t));
  assert.deepEqual(chinese ?? [], []);
  await page.context.close();
});
