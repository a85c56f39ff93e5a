// Logging in and out, with and without script, by form and by keyboard; what must be refused; what must not be told.
import { assert, test } from './lib/test.mjs';
import { login, screenshot, sound, tabTo, visitor } from './lib/browser.mjs';
import { world } from './lib/server.mjs';

const password = 'Four-plain-words-7';
let server;
export const before = async () => {
  server = await world({ kind: 'empty', serve: false, env: { GONGZHI_TRUSTED: '127.0.0.1' } });
  await server.cli(['user', 'add', 'admin', '--first-admin', '--name', '系统管理员'], { input: `${password}\n` });
  await server.start();
};
export const after = () => server.stop();

const session = (visit) => [...visit.cookies].map(([k, v]) => `${k}=${v}`).join('; ');

test.main('the right password lets in, logging out ends it', async () => {
  const v = server.http();
  const a = await v.login('admin', password);
  assert.equal(a.status, 303);
  assert.match(a.headers['set-cookie'].join(' '), /HttpOnly/i);
  assert.match(a.headers['set-cookie'].join(' '), /SameSite=(Lax|Strict)/i);
  const me = await v.get('/me');
  assert.equal(me.status, 200);
  assert.match(me.text, /系统管理员/);
  const stolen = server.http({ cookie: session(v) });
  assert.equal((await stolen.get('/me')).status, 200);
  assert.equal((await v.submit('/logout')).status, 303);
  assert.notEqual((await stolen.get('/me')).status, 200, 'the session lives on after logging out');
});

test.main('a wrong password and an unknown name get the same answer', async () => {
  const seen = [];
  for (const [who, what] of [['admin', 'wrong-password-1'], ['nobody-here', 'wrong-password-1']]) {
    const v = server.http();
    const a = await v.login(who, what);
    assert.ok(a.status >= 400 && a.status < 500, `answered ${a.status}`);
    assert.notEqual((await v.get('/me')).status, 200);
    seen.push(a.text.replaceAll(who, 'WHO').replace(/name="_(csrf|key)" value="[^"]*"/g, ''));
  }
  assert.equal(seen[0], seen[1]);
  assert.doesNotMatch(server.log(), /wrong-password-1|nobody-here/, 'what was typed stands in the log');
});

test('guessing is slowed down, for each address behind the proxy', async () => {
  let refused = 0;
  const from = (address) => server.http({ 'x-forwarded-for': address });
  for (let i = 0; i < 60 && !refused; i++) {
    const a = await from('203.0.113.7').login(`guess${i}`, 'some-password-9');
    if (a.status === 429) refused = i + 1;
  }
  assert.ok(refused > 5, `after ${refused} tries`);
  assert.equal((await from('203.0.113.7').login('admin', password)).status, 429);
  assert.equal((await from('203.0.113.8').login('admin', password)).status, 303);
  await server.advance({ minutes: 2 });
  assert.equal((await from('203.0.113.7').login('admin', password)).status, 303);
});

test('five wrong passwords lock an account for a while', async () => {
  await server.cli(['user', 'add', 'second', '--name', '乙'], { input: `${password}\n` });
  for (let i = 0; i < 5; i++) await server.http().login('second', `wrong-password-${i}`);
  assert.notEqual((await server.http().login('second', password)).status, 303);
  await server.advance({ minutes: 30 });
  assert.equal((await server.http().login('second', password)).status, 303);
});

test.main('a form without its token, or with that of somebody else, changes nothing', async () => {
  const v = server.http();
  await v.get('/login');
  const bare = await v.post('/login', { login: 'admin', password });
  assert.equal(bare.status, 403);
  const other = server.http();
  await other.get('/login');
  const theirs = await v.post('/login', { ...other.form('/login').fields, login: 'admin', password });
  assert.equal(theirs.status, 403);
  assert.notEqual((await v.get('/me')).status, 200);
  await v.get('/login');
  const cross = await v.request('POST', '/login', {
    headers: { origin: 'https://elsewhere.example', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...v.form('/login').fields, login: 'admin', password }).toString(),
  });
  assert.equal(cross.status, 403);
});

test('next leads to pages of this site only', async () => {
  for (const next of ['https://elsewhere.example/', '//elsewhere.example/', '/\\elsewhere.example', 'javascript:alert(1)', '/me\r\nX: y']) {
    const v = server.http();
    await v.get(`/login?next=${encodeURIComponent(next)}`);
    const a = await v.submit('/login', { login: 'admin', password, next });
    assert.equal(a.status, 303, next);
    assert.match(a.location, /^\/(?![/\\])[\w/?=&.-]*$/, `${next} led to ${a.location}`);
  }
});

const junk = {
  'fields twice': 'login=admin&login=admin&password=x',
  'nothing': '',
  'broken percent signs': 'login=%&password=%zz%',
  'not UTF-8': 'login=%ff%fe&password=%c0%80',
  'a NUL': 'login=adm%00in&password=x',
  'a very long name': `login=${'a'.repeat(5000)}&password=x`,
  'no equals sign': 'login&password',
  'ten thousand fields': Array.from({ length: 10000 }, (_, i) => `f${i}=1`).join('&'),
};
for (const [name, body] of Object.entries(junk))
  test(`hostile form: ${name}`, async () => {
    const v = server.http();
    await v.get('/login');
    const { _csrf, _key } = v.form('/login').fields;
    const a = await v.request('POST', '/login', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `_csrf=${encodeURIComponent(_csrf ?? '')}&_key=${encodeURIComponent(_key ?? '')}&${body}`,
    });
    assert.ok(a.status >= 400 && a.status < 500, `answered ${a.status}`);
    assert.equal((await server.http().get('/healthz')).status, 200);
  });

test.main('in a browser, by keyboard alone, without script', async () => {
  const { page, context } = await visitor(server, { width: 1440, script: false });
  await page.goto('/me');
  assert.match(page.url(), /\/login/);
  await context.close();
  const on = await visitor(server, { width: 1440 });
  await on.page.goto('/login');
  await tabTo(on.page, '#login');
  await on.page.keyboard.type('admin');
  await tabTo(on.page, '#password', 3);
  await on.page.keyboard.type(password);
  await on.page.keyboard.press('Enter');
  await on.page.waitForURL((u) => !u.pathname.startsWith('/login'));
  await on.context.close();
  const off = await visitor(server, { script: false });
  await login(off.page, 'admin', password);
  await off.page.goto('/me');
  assert.match(await off.page.locator('h1').innerText(), /系统管理员/);
  await off.context.close();
});

test('the page is sound, also when it says no', async () => {
  const { page, context } = await visitor(server);
  await page.goto('/login');
  await sound(page);
  await screenshot(page, 'login');
  await login(page, 'admin', 'not-the-password-1');
  await page.locator('#errors').waitFor();
  assert.equal(await page.inputValue('#login'), 'admin', 'the name has to be typed again');
  assert.equal(await page.inputValue('#password'), '');
  await sound(page);
  await screenshot(page, 'login-refused');
  await context.close();
});
