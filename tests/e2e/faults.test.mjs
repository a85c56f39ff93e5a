// When things go wrong: each fault gets a clear answer in the person's language, and nothing acknowledged is lost.
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from './lib/test.mjs';
import { sound } from './lib/browser.mjs';
import { actionForm, desk, did, handed, number, officeHours, password, press, report, staff, town } from './lib/desk.mjs';
import { jpeg, png } from './lib/photo.mjs';
import { engine, root, world } from './lib/server.mjs';

let server;
let scenarios;
export const before = async () => {
  server = await world({ serve: false });
  scenarios = path.join(server.dir, 'scenarios');
  cpSync(path.join(root, 'scenarios'), scenarios, { recursive: true });
  server.env.GONGZHI_SCENARIOS = scenarios;
  server.env.GONGZHI_SMTP_URL = 'smtp://127.0.0.1:1';
  server.env.GONGZHI_SMTP_FROM = 'gz@example.cn';
  server.env.GONGZHI_TRUSTED = '127.0.0.1';
  await server.start();
  await officeHours(server);
};
export const after = () => server.stop();

const reportPath = `/t/${town}/report`;

async function form() {
  const v = server.http();
  await v.get(reportPath);
  return v;
}

// A body made by hand behind the token of a fresh form.
async function raw(rest) {
  const v = await form();
  const { _csrf, _key } = v.form(reportPath).fields;
  return v.request('POST', reportPath, {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `_csrf=${encodeURIComponent(_csrf)}&_key=${encodeURIComponent(_key)}&${rest}`,
  });
}

async function count(word) {
  const v = await staff(server, 'dispatcher');
  const a = await v.get(`/cases?q=${encodeURIComponent(word)}`);
  return [...a.text.matchAll(/<a href="\/cases\/\d+"/g)].length;
}

async function alive() {
  assert.equal((await server.http().get('/healthz')).status, 200);
}

// ---- what is typed ----

test.main('hostile text is kept as text', async () => {
  const what = `<script>alert(1)</script>'); DROP TABLE matter; -- "quoted" {{what}} %s%n ${'甲'.repeat(50)}`;
  const code = await report(server, { what });
  const page = (await server.http().get(`/r/${code}/status`)).text;
  assert.ok(page.includes('&lt;script&gt;alert(1)&lt;/script&gt;'));
  assert.ok(!page.includes('<script>alert'));
  const d = await staff(server, 'dispatcher');
  const shown = (await d.get(`/cases/${await number(d, code)}`)).text;
  assert.ok(shown.includes('DROP TABLE matter') && !shown.includes('<script>alert'));
});

const refused = {
  'nothing at all': ['', /请写一写发生了什么/],
  'only blanks': ['what=%20%0A%E3%80%80', /请写一写发生了什么/],
  'GB18030 bytes': ['what=%C2%B7%B5%C6%BB%B5%C1%CB', /./],
  'half a character': ['what=%E7%81', /./],
  'a NUL': ['what=%E7%81%AF%00%E5%9D%8F', /./],
  'marks that turn the writing': ['what=%E7%81%AF%E2%80%AE%E5%9D%8F', /控制字符/],
  'a longer text than the form takes': [`what=${encodeURIComponent('灯'.repeat(2001))}`, /太长/],
  'a telephone number that is none': ['what=%E7%81%AF&phone=12ab', /电话号码不对/],
  'a place of another town': ['what=%E7%81%AF&place=zz%2Fzz', /请重新选一个/],
  'a position that is none': ['what=%E7%81%AF&lon=abc&lat=NaN', /位置读不懂/],
};
for (const [name, [body, says]] of Object.entries(refused))
  test.main(`refused with a reason: ${name}`, async () => {
    const a = await raw(body);
    assert.ok(a.status >= 400 && a.status < 500, `answered ${a.status}`);
    assert.match(a.text, says);
    assert.match(a.headers['content-type'], /text\/html/);
    await alive();
  });

test.main('10 MB of text, a hundred fields, the same field twice', async () => {
  const v = await form();
  const { _csrf, _key } = v.form(reportPath).fields;
  const big = await v.request('POST', reportPath, {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `_csrf=${encodeURIComponent(_csrf)}&_key=${encodeURIComponent(_key)}&what=${'a'.repeat(10 << 20)}`,
  }).catch((e) => ({ status: 413, text: String(e), cut: true }));
  assert.ok(big.status === 413 || big.status === 422 || big.status === 400, `answered ${big.status}`);
  const many = await raw(`calm=1&what=%E4%B8%80%E7%99%BE%E4%B8%AA%E5%AD%97%E6%AE%B5&${Array.from({ length: 100 }, (_, i) => `f${i}=1`).join('&')}`);
  assert.ok(many.status === 303 || (many.status >= 400 && many.status < 500), `answered ${many.status}`);
  const twice = await raw('calm=1&what=%E5%89%8D&what=%E5%90%8E');
  assert.ok(twice.status === 303 || (twice.status >= 400 && twice.status < 500), `answered ${twice.status}`);
  await alive();
});

test.main('what was typed stands in the form that comes back', async () => {
  const v = await form();
  const a = await v.submit(reportPath, { what: '楼道灯坏了', address: '3 栋', name: '周女士', phone: 'x' });
  assert.equal(a.status, 422);
  assert.match(a.text, /楼道灯坏了<\/textarea>/);
  for (const kept of ['value="3 栋"', 'value="周女士"', 'value="x"']) assert.ok(a.text.includes(kept), `lost: ${kept}`);
  await v.get(`${reportPath}?lang=en`);
  const e = await v.submit(reportPath, { what: '', phone: 'x' });
  assert.doesNotMatch(e.text.match(/id="errors"[\s\S]*?<\/ul>/)[0], /[一-鿿]/, 'the errors are in Chinese on the English page');
});

// ---- photographs ----

const noPhotos = {
  'a text': () => Buffer.from('this is no picture'),
  'an empty JPEG': () => Buffer.from('ffd8ffd9', 'hex'),
  'a page that begins like a PNG': () => Buffer.from('\x89PNG\r\n\x1a\n<script>alert(1)</script>', 'latin1'),
  'a PNG that says it has 900 megapixels': () => png(30_000, 30_000),
};
for (const [name, make] of Object.entries(noPhotos))
  test.main(`no photograph: ${name}`, async () => {
    const v = await form();
    const a = await v.submitFiles(reportPath, { what: '有照片的一件', calm: '1' }, { photo: { filename: 'x.jpg', type: 'image/jpeg', bytes: make() } });
    assert.equal(a.status, 422);
    assert.match(a.text, /有照片的一件/, 'what was typed is gone');
    assert.match(a.text, /id="photo-error"/);
    await alive();
  });

test.main('a polyglot and its EXIF: only the picture stays', async () => {
  const picture = Buffer.concat([await jpeg(server, { place: { lon: 106.48, lat: 29.57 } }), Buffer.from('PK\x03\x04<script>alert(1)</script>')]);
  const v = await form();
  const a = await v.submitFiles(reportPath, { what: '照片后面还藏着别的', calm: '1' }, { photo: { filename: '../../evil.php', type: 'text/html', bytes: picture } });
  assert.equal(a.status, 303, a.text.slice(0, 2000));
  const page = await v.get(`${a.location}/status`);
  const photo = await v.get(page.text.match(/href="(\/r\/[^"]*\/photo\/\d+)"/)[1]);
  assert.equal(photo.headers['content-type'], 'image/jpeg');
  assert.equal(photo.headers['x-content-type-options'], 'nosniff');
  for (const gone of ['Exif', 'Secret Camera', '<script', 'PK\x03\x04']) assert.ok(!photo.bytes.includes(gone), `${gone} stayed in it`);
});

// ---- twice, at once, too late ----

test.main('a form sent twice, one behind the other and both at once, files one report', async () => {
  const v = await form();
  const f = v.form(reportPath).fields;
  const fields = { ...f, what: '只要一件的双击', calm: '1' };
  const [a, b] = await Promise.all([v.post(reportPath, fields), v.post(reportPath, fields)]);
  const c = await v.post(reportPath, fields);
  assert.deepEqual([a.status, b.status, c.status], [303, 303, 303]);
  assert.equal(a.location, b.location);
  assert.equal(a.location, c.location);
  for (let i = 0; await count('只要一件的双击') === 0; i++) { // search follows the journal
    assert.ok(i < 300, 'the list does not find it');
    await sleep(100);
  }
  assert.equal(await count('只要一件的双击'), 1);
});

test.main('two dispatchers at once: the second is told who did what, and keeps what was typed', async () => {
  const code = await report(server, { what: '两个人同时看的一件垃圾' });
  const one = await staff(server, 'dispatcher');
  const two = await desk(server, 'dispatcher', { script: false });
  const id = await number(one, code);
  await two.page.goto(`/cases/${id}`);
  await did(one, id, 'accept', { note: '先受理' });
  await press(two.page, 'refuse', { reason: '写了很久的一段理由', address: '12329' });
  const told = await two.page.locator('[role=alert]').first().innerText();
  assert.match(told, /何值班（演示）已经先办了“受理”/);
  assert.match(await two.page.locator('main').innerText(), /写了很久的一段理由/, 'what was typed is gone');
  await sound(two.page);
  await two.page.goto('/home?lang=en');
  await two.page.goto(`/cases/${id}`);
  await did(one, id, 'note', { note: '又记一笔' });
  await press(two.page, 'refuse', { reason: 'long reason', address: '12329' });
  assert.match(await two.page.locator('[role=alert]').first().innerText(), /While you were looking, .* did “Note”/);
  await two.context.close();
});

test.main('many hands on one matter: exactly one of them wins', async () => {
  const code = await report(server, { what: '许多人同时受理的一件垃圾' });
  const hands = await Promise.all(Array.from({ length: 6 }, () => staff(server, 'dispatcher')));
  const id = await number(hands[0], code);
  for (const h of hands) await h.get(`/cases/${id}`);
  const answers = await Promise.all(hands.map((h) => {
    const f = actionForm(h, 'accept');
    return h.post(f.action, f.fields);
  }));
  assert.equal(answers.filter((a) => a.status === 303).length, 1, answers.map((a) => a.status).join(' '));
  assert.equal(answers.filter((a) => a.status === 409).length, 5, answers.map((a) => a.status).join(' '));
});

test.main('the session ends in the middle of a desk form: nothing typed is lost', async () => {
  const code = await report(server, { what: '办到一半登录过期的一件垃圾' });
  const d = await desk(server, 'dispatcher', { script: false });
  const id = await number(await staff(server, 'dispatcher'), code);
  await d.page.goto(`/cases/${id}`);
  await server.advance({ hours: 3 });
  await press(d.page, 'accept', { note: '写到一半的说明' });
  assert.match(d.page.url(), /\/login/);
  await d.page.fill('#login', 'dispatcher');
  await d.page.fill('#password', password(server, 'dispatcher'));
  await Promise.all([d.page.waitForNavigation(), d.page.locator('form[action="/login"] button').click()]);
  await sound(d.page);
  await Promise.all([d.page.waitForNavigation(), d.page.locator(`form[action="/cases/${id}/do"] button`).first().click()]);
  assert.match(await d.page.locator('.timeline').innerText(), /已受理[\s\S]*写到一半的说明/);
  await d.context.close();
});

// ---- codes, addresses, methods ----

test.main('codes cannot be tried out', async () => {
  const guess = (address) => server.http({ 'x-forwarded-for': address });
  const bare = (t) => t.replace(/name="_(csrf|key)" value="[^"]*"/g, '').replaceAll(/value="[0-9A-Z-]{14}"/g, '');
  const texts = new Set();
  let limited = 0;
  for (let i = 0; i < 40 && !limited; i++) {
    const v = guess('198.51.100.7');
    await v.get('/r');
    const a = await v.submit('/r', { code: i % 2 ? `7QK2-M9XD-${String(1000 + i)}` : 'ZZZZ-ZZZZ-ZZZZ' });
    if (a.status === 429) limited = i;
    else {
      assert.equal(a.status, 404);
      texts.add(bare(a.text));
    }
  }
  assert.ok(limited > 5, 'guessing is not slowed down');
  assert.equal(texts.size, 1, 'an impossible code and an unknown one get different answers');
  const code = await report(server);
  assert.equal((await guess('198.51.100.7').get(`/r/${code}/status`)).status, 429, 'a limited address goes on guessing');
  assert.equal((await guess('198.51.100.8').get(`/r/${code}/status`)).status, 200);
});

test.main('an unknown town, a matter of nobody, a wrong method', async () => {
  for (const p of ['/t/999999999', '/t/500105004%27--/report', '/t/%00', '/t/../../etc/passwd'])
    assert.ok([400, 404].includes((await server.http().get(p)).status), p);
  const d = await staff(server, 'dispatcher');
  for (const p of ['/cases/1', '/cases/abc', '/cases/99999999999999999999', '/cases/1/files/2', '/cases/file/nothing'])
    assert.equal((await d.get(p)).status, 404, p);
  for (const [m, p] of [['DELETE', reportPath], ['PUT', '/r'], ['POST', `/t/${town}`], ['GET', '/cases/1/do'], ['TRACE', '/']]) {
    const a = await server.http().request(m, p);
    assert.ok([400, 404, 405, 501].includes(a.status), `${m} ${p} answers ${a.status}`);
  }
  await alive();
});

// ---- the scenario file ----

test.main('a scenario file with a mistake: the old version stays, the log says file, line and what', async () => {
  const file = path.join(scenarios, 'patrol-finding.yaml');
  const good = readFileSync(file, 'utf8');
  const line = good.split('\n').findIndex((l) => /^ {4}to: passed$/.test(l)) + 1;
  assert.ok(line > 0);
  writeFileSync(file, good.replace(/^ {4}to: passed$/m, '    to: nowhere'));
  server.child.kill('SIGHUP');
  for (let i = 0; !server.log().includes(`patrol-finding.yaml:${line}`); i++) {
    assert.ok(i < 300, `the log does not name patrol-finding.yaml:${line}:\n${server.log().slice(-2000)}`);
    await sleep(100);
  }
  assert.match(server.log(), /nowhere/);
  const g = await staff(server, 'grid');
  await g.get('/cases/file/patrol-finding');
  const a = await g.submitFiles(/patrol-finding/, { f_what: '文件写错时发现的' }, {});
  assert.equal(a.status, 303);
  assert.match((await g.get(a.location)).text, /value="pass"/, 'the old version is gone');
  writeFileSync(file, good);
  server.child.kill('SIGHUP');
  await sleep(300);
  await alive();
});

// ---- the mail server ----

test.main('the mail server is gone: the notice is queued and the state is shown', async () => {
  const { text } = await server.cli(['doctor'], { expect: null });
  assert.doesNotMatch(text, /panic|BUG/);
  const h = await handed(server, { fields: { what: '邮件发不出去时的一件垃圾' } });
  assert.ok(h.id, 'the work itself waits for the mail');
  const handler = await staff(server, 'handler-people');
  assert.match((await handler.get('/me/notices')).text, /已分拨：邮件发不出去时的一件垃圾/);
  assert.match((await handler.get('/me/notices?lang=en')).text, /Dispatched: 邮件发不出去时的一件垃圾/);
});

// ---- the power fails ----

test.main('kill -9 while filing: what was acknowledged is there, once', async () => {
  const codes = [];
  let going = true;
  const file = async (n) => {
    for (let i = 0; going; i++) {
      const v = server.http();
      try {
        await v.get(reportPath);
        const a = await v.submit(reportPath, { what: `断电时的第 ${n}-${i} 件`, calm: '1' });
        if (a.status === 303) codes.push(a.location.slice(3));
      } catch {
        return;
      }
    }
  };
  const all = Array.from({ length: 8 }, (_, n) => file(n));
  for (let i = 0; codes.length < 60 && i < 1600; i++) await sleep(25);
  await server.kill();
  going = false;
  await Promise.all(all);
  assert.ok(codes.length >= 20, `only ${codes.length} reports filed`);
  await server.start();
  for (const code of codes) assert.equal((await server.http().get(`/r/${code}/status`)).status, 200, `${code} was acknowledged and is gone`);
  assert.equal(new Set(codes).size, codes.length);
  await server.cli(['verify', '--all']);
});

if (engine === 'pg')
  test.main('PostgreSQL is away for some seconds: said clearly, then it works', async () => {
    const dir = process.env.E2E_PG;
    const pg = (what) => execFileSync(path.join(root, 'tests/private-pg'), [what, dir], { stdio: 'ignore' });
    const v = await form();
    pg('stop');
    try {
      const a = await server.http().get(reportPath);
      assert.equal(a.status, 503, `answered ${a.status}`);
      assert.match(a.text, /系统繁忙|稍后再试/);
    } finally {
      pg('start');
    }
    for (let i = 0; ; i++) {
      const a = await server.http().get(reportPath);
      if (a.status === 200) break;
      assert.ok(i < 300, `still ${a.status} thirty seconds after PostgreSQL came back`);
      await sleep(100);
    }
    const a = await v.submit(reportPath, { what: '数据库回来以后的一件', calm: '1' });
    assert.equal(a.status, 303);
  }, { seconds: 90 });
