// The second factor: set up on one's own page, asked at the door, recovery codes, required by role, reset by the administrator.
import { createHmac } from 'node:crypto';
import { assert, test } from './lib/test.mjs';
import { axe, fits, login, screenshot, visitor } from './lib/browser.mjs';
import { password } from './lib/desk.mjs';
import { world } from './lib/server.mjs';

let server;
export const before = async () => { server = await world({ env: { GONGZHI_LOGIN_SECOND_FACTOR: 'verifier' } }); };
export const after = () => server.stop();

// RFC 6238 with the clock of the server; steps: so many half minutes from now.
function code(secret, steps = 0) {
  let bits = '';
  for (const c of secret.replace(/\s/g, '')) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => Number.parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor((Date.now() + server.offset) / 30_000) + steps));
  const h = createHmac('sha1', key).update(counter).digest();
  return String((h.readUInt32BE(h[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const user = 'handler-people';
let secret;
let codes;

test.main('set up on one’s own page, without script; the recovery codes are shown once', async () => {
  const { page, context } = await visitor(server, { script: false, width: 1440 });
  await login(page, user, password(server, user));
  await page.goto('/me/second');
  await page.getByRole('button', { name: '开始设置' }).click();
  await page.locator('svg.qr').waitFor();
  await axe(page);
  await fits(page);
  await screenshot(page, 'second-setup');
  secret = await page.locator('details .mono').textContent();
  await page.fill('#code', '000000');
  await page.getByRole('button', { name: '开启' }).click();
  await page.locator('#code-error').waitFor();
  assert.equal(await page.locator('details .mono').textContent(), secret, 'the same secret: the telephone has it already');
  await page.fill('#code', code(secret));
  await page.getByRole('button', { name: '开启' }).click();
  await page.locator('.codebox').waitFor();
  codes = await page.locator('.codebox code').allTextContents();
  assert.equal(codes.length, 8);
  await axe(page);
  await fits(page);
  await screenshot(page, 'second-codes');
  await page.getByRole('link', { name: '继续' }).click();
  assert.match(await page.locator('main').innerText(), /恢复码还剩 8 个/);
  for (const c of codes) assert.ok(!(await page.content()).includes(c));
  await context.close();
});

test.main('the password alone lets nobody in; a code does, once; a recovery code too', async () => {
  await server.advance({ minutes: 2 });
  const { page, context } = await visitor(server, { script: false });
  await login(page, user, password(server, user));
  await page.getByRole('heading', { name: '输入验证码' }).waitFor();
  await axe(page);
  await fits(page);
  await screenshot(page, 'second-door');
  const there = page.url();
  await page.goto('/inbox');
  assert.match(page.url(), /\/login/, 'nobody is logged in yet');
  await login(page, user, password(server, user));
  assert.equal(page.url(), there);
  await page.fill('#code', '123456');
  await page.getByRole('button', { name: '登录' }).click();
  assert.match(await page.locator('#code-error').innerText(), /验证码不对/);
  await page.fill('#code', code(secret));
  await page.getByRole('button', { name: '登录' }).click();
  await page.waitForURL(/\/inbox|\/me|\/home/);
  await context.close();
  // the same code again, by another visitor who has the password too
  const v = server.http();
  const door = await v.login(user, password(server, user));
  assert.equal(door.status, 200);
  assert.equal((await v.submit('/login/code', { code: code(secret) })).status, 401);
  assert.equal((await v.submit('/login/code', { code: codes[0].toLowerCase() })).status, 303);
  assert.match((await v.get('/me/second')).text, /恢复码还剩 7 个/);
  // a page that waited too long, or was made up, leads back to the password
  const late = server.http();
  await late.login(user, password(server, user));
  const { fields } = late.form('/login/code');
  await server.advance({ minutes: 6 });
  const answer = await late.post('/login/code', { ...fields, code: code(secret) });
  assert.equal(answer.status, 303);
  assert.match(answer.location, /^\/login/);
  const forged = await late.get('/login').then(() => late.post('/login/code', { ...late.form('/login').fields, pending: fields.pending.replace(/^\d/, '9'), code: code(secret) }));
  assert.match(forged.location, /^\/login/);
  assert.doesNotMatch(server.log(), new RegExp(code(secret)));
});

test.main('a role that must have it sets it up at the door, before anything else; reset by the command line', async () => {
  const { page, context } = await visitor(server, { locale: 'en-US' });
  await login(page, 'verifier', password(server, 'verifier'));
  await page.getByRole('heading', { name: 'Set up the second factor' }).waitFor();
  await axe(page);
  await screenshot(page, 'second-required-en');
  await page.goto('/inbox');
  assert.match(page.url(), /\/login/);
  await login(page, 'verifier', password(server, 'verifier'));
  await page.locator('summary').first().click();
  const mine = await page.locator('details .mono').textContent();
  await page.locator('#code').focus();
  await page.keyboard.type(code(mine));
  await page.keyboard.press('Enter');
  await page.locator('.codebox').waitFor();
  await page.getByRole('link', { name: 'I have kept them' }).click();
  await page.goto('/me/second?elder=1');
  assert.match(await page.locator('main').innerText(), /cannot be turned off/);
  await fits(page);
  await axe(page);
  await server.cli(['user', 'factor', 'reset', 'verifier']);
  await page.goto('/inbox');
  assert.match(page.url(), /\/login/, 'the reset ended the session');
  await login(page, 'verifier', password(server, 'verifier'));
  await page.getByRole('heading', { name: 'Set up the second factor' }).waitFor();
  await server.cli(['user', 'factor', 'reset', 'handler-safety'], { expect: 1 });
  await context.close();
});

test.main('turned off with a code; wrong codes lock for a while', async () => {
  await server.advance({ minutes: 2 });
  const v = server.http();
  await v.login(user, password(server, user));
  assert.equal((await v.submit('/login/code', { code: code(secret) })).status, 303);
  await v.get('/me/second');
  for (let i = 0; i < 5; i++) assert.equal((await v.submit('/me/second/off', { code: '000000' })).status, 422);
  await server.advance({ minutes: 1 });
  const locked = await v.submit('/me/second/off', { code: code(secret) });
  assert.equal(locked.status, 429, 'the right one too');
  await server.advance({ minutes: 16 });
  await v.get('/me/second');
  assert.equal((await v.submit('/me/second/off', { code: code(secret) })).status, 303);
  assert.equal((await server.http().login(user, password(server, user))).status, 303, 'the password is enough again');
});

// ---- keys of programs ----

test.main('the security administrator makes a key for a program, sees it once, and revokes it', async () => {
  const { page, context } = await visitor(server, { script: false, width: 1440 });
  await login(page, 'secadmin', password(server, 'secadmin'));
  await page.goto('/programs');
  await page.getByRole('link', { name: '发一把密钥' }).click();
  await page.getByRole('button', { name: '发密钥' }).click();
  await page.locator('#role-error').waitFor();
  await axe(page);
  await page.fill('#login', 'hotline-12345');
  await page.fill('#title', '12345 热线');
  await page.selectOption('#role', 'supervisor');
  await page.fill('#place', '999999');
  await page.fill('#key', 'server-1');
  await page.selectOption('#days', '90');
  await page.getByRole('button', { name: '发密钥' }).click();
  assert.match(await page.locator('#place-error').innerText(), /没有这个区划代码/);
  assert.equal(await page.inputValue('#login'), 'hotline-12345', 'nothing typed is lost');
  await page.fill('#place', '500105');
  await axe(page);
  await fits(page);
  await screenshot(page, 'programs-new');
  await page.getByRole('button', { name: '发密钥' }).click();
  const key = await page.locator('#made').textContent();
  assert.match(key, /^gz_[\w-]{43}$/);
  await axe(page);
  await fits(page);
  await screenshot(page, 'programs-made');
  await page.getByRole('link', { name: '继续' }).click();
  assert.ok(!(await page.content()).includes(key));
  assert.match(await page.locator('main').innerText(), /12345 热线[\s\S]*江北区[\s\S]*server-1/);
  assert.doesNotMatch(await page.locator('#role').count() ? await page.content() : '', /value="secadmin"/, 'the three offices are for people');
  const program = () => server.http({ authorization: `Bearer ${key}` }).get('/cases');
  assert.equal((await program()).status, 200);
  await page.reload();
  assert.doesNotMatch(await page.locator('main').innerText(), /没有用过/);
  await axe(page);
  await fits(page);
  await screenshot(page, 'programs');
  // a second one of the same name is refused, and the program stays as it is
  await page.getByRole('link', { name: /再发一把/ }).click();
  await page.fill('#key', 'server-1');
  await page.getByRole('button', { name: '发密钥' }).click();
  assert.match(await page.locator('#key-error').innerText(), /同名/);
  await page.goto('/programs?lang=en');
  await page.getByRole('button', { name: /Revoke: hotline-12345/ }).click();
  assert.match(await page.locator('main').innerText(), /revoked/i);
  assert.equal((await program()).status, 401);
  assert.equal((await server.http().get('/programs')).status, 303);
  const d = server.http();
  await d.login('dispatcher', password(server, 'dispatcher'));
  assert.equal((await d.get('/programs')).status, 403);
  assert.doesNotMatch(server.log(), new RegExp(key));
  await context.close();
});
