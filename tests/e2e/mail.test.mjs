// Notices by mail: an address is set and refused when it is none; with the mail server away they wait, visible; when it comes back they arrive.
import { assert, test } from './lib/test.mjs';
import { world } from './lib/server.mjs';
import { smtp } from './lib/smtp.mjs';
import { axe, fits, screenshot, visitor } from './lib/browser.mjs';
import { did, handed, number, officeHours, report, staff, town } from './lib/desk.mjs';

let server;
let port;
let sink;
const mails = [];

const subject = (mail) => [...mail.matchAll(/=\?UTF-8\?B\?([^?]*)\?=/g)].map((m) => Buffer.from(m[1], 'base64').toString('utf8')).join('');
const words = (mail) => Buffer.from(mail.slice(mail.indexOf('\n\n')).replace(/\s/g, ''), 'base64').toString('utf8');

async function listen() {
  sink = await smtp(mails, port);
  port = sink.address().port;
}

export const before = async () => {
  await listen();
  await new Promise((r) => { sink.close(r); }); // the port is known, nobody answers there
  server = await world({ env: { GONGZHI_SMTP_URL: `smtp://127.0.0.1:${port}`, GONGZHI_SMTP_FROM: 'gongzhi@example.cn', GONGZHI_PUBLIC_URL: 'https://gz.example.cn' } });
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
  // English is asked for by the language of the page, and may be chosen
  await v.get('/me/mail?lang=en');
  assert.match(v.page, /<option value="zh" lang="zh" selected>/, 'what was saved stands');
  assert.equal((await v.submit('/me/mail', { mail: 'handler@example.cn', mail_lang: 'en' })).status, 303);
  assert.match((await v.get('/me/mail')).text, /<option value="en" lang="en" selected>/);
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
  assert.match(subject(mails[0]) + words(mails[0]), /Dispatched|Given to|new notices/, 'in the language chosen for mail');
  assert.doesNotMatch(server.log(), /handler@example/, 'the address stands in the log');
});

// ---- residents without account ----

async function arrived(address, from) {
  const mine = () => mails.slice(from).filter((m) => m.includes(`<${address}>`));
  for (let i = 0; i < 150 && !mine().length; i++) {
    if (i % 10 === 0) await server.advance({ minutes: 1 });
    await new Promise((r) => { setTimeout(r, 200); });
  }
  assert.ok(mine().length, `no mail to ${address}\n${server.log().slice(-2000)}`);
  return mine()[0];
}

test.main('a resident who left an e-mail address is told of a question and the end, in his language, without a word of the matter', async () => {
  const v = server.http();
  await v.get(`/t/${town}/report?lang=en`);
  const a = await v.submit(/\/report$/, { what: '三楼的秘密邻居', calm: '1', anyway: '1', email: 'anna@example.org' });
  assert.equal(a.status, 303, a.text.slice(0, 500));
  const code = a.location.slice(3);
  const dispatcher = await staff(server, 'dispatcher');
  const id = await number(dispatcher, code);
  const page = await dispatcher.get(`/cases/${id}`);
  assert.match(page.text, /a\*\*\*@example\.org/, 'the desk sees it masked');
  assert.doesNotMatch(page.text, /anna@example/);
  let from = mails.length;
  await did(dispatcher, id, 'ask-back', { note: '是几栋的三楼' });
  const asked = await arrived('anna@example.org', from);
  assert.match(subject(asked), /has a question for you/);
  assert.ok(words(asked).includes(`https://gz.example.cn/r/${code}/status`), words(asked));
  assert.doesNotMatch(words(asked), /秘密|几栋/);
  from = mails.length;
  await did(dispatcher, id, 'answer-back', { note: '电话里问到了' });
  await did(dispatcher, id, 'refuse', { reason: '不归这里', address: '铁路派出所' });
  assert.match(subject(await arrived('anna@example.org', from)), /was not accepted/);
  assert.doesNotMatch(server.log(), /anna@example/);
});

test.main('a follower leaves an address on his page, without script; the desk sees how many follow', async () => {
  const code = await report(server, { what: '河边步道的栏杆断了一截', public: '1' });
  const dispatcher = await staff(server, 'dispatcher');
  const id = await number(dispatcher, code);
  const { page, context } = await visitor(server, { script: false });
  await page.goto(`/t/${town}/report`);
  const form = server.http();
  await form.get(`/t/${town}/report`);
  const followed = await form.post(`/t/${town}/follow`, { ...form.form(/\/report$/).fields, what: '栏杆断了', follow: id });
  assert.equal(followed.status, 303, followed.text.slice(0, 500));
  const mine = followed.location.slice(3);
  assert.match((await dispatcher.get(`/cases/${id}`)).text, /也在关注<\/dt><dd>1 人/);
  await page.goto(`/r/${mine}/status`);
  await page.locator('summary', { hasText: '办结时发邮件告诉我' }).click();
  await page.locator('#email').evaluate((e) => { e.type = 'text'; });
  await page.fill('#email', 'kein Konto');
  await page.getByRole('button', { name: '保存' }).click();
  await page.locator('#email-error').waitFor();
  await axe(page);
  await page.fill('#email', 'kim@example.org');
  await page.getByRole('button', { name: '保存' }).click();
  assert.match(await page.locator('main').innerText(), /邮件发到 k\*\*\*@example\.org/);
  await fits(page);
  await axe(page);
  await screenshot(page, 'followed');
  const from = mails.length;
  await did(dispatcher, id, 'refuse', { reason: '河道归区里', address: '区水利局' });
  assert.match(subject(await arrived('kim@example.org', from)), /关注的事有了结果/);
  await context.close();
});

test.main('a reporter adds, changes and deletes his address on the status page, without script; nobody else can, and nothing tells it', async () => {
  const code = await report(server, { what: '楼下的井盖松了' });
  const dispatcher = await staff(server, 'dispatcher');
  const id = await number(dispatcher, code);
  const { page, context } = await visitor(server, { script: false });
  const text = () => page.locator('main').innerText();
  await page.goto(`/r/${code}/status`);
  await page.locator('summary', { hasText: '有消息发邮件告诉我' }).click();
  await page.getByRole('button', { name: '保存' }).click();
  assert.match(await page.locator('#email-error').innerText(), /请填电子邮件地址/);
  await page.locator('#email').evaluate((e) => { e.type = 'text'; });
  await page.fill('#email', 'kein Konto');
  await page.getByRole('button', { name: '保存' }).click();
  assert.match(await page.locator('#email-error').innerText(), /name@example\.cn/);
  assert.equal(await page.inputValue('#email'), 'kein Konto');
  assert.match(await page.locator('#errors').innerText(), /name@example\.cn/, 'said at the top too');
  await axe(page);
  await fits(page);
  await screenshot(page, 'status-mail-error');
  await page.fill('#email', 'olga@example.org');
  await page.getByRole('button', { name: '保存' }).click();
  assert.match(await text(), /有消息发邮件告诉您/);
  assert.match(await text(), /邮件发到 o\*\*\*@example\.org/);
  assert.doesNotMatch(await page.content(), /olga/);
  await page.locator('summary', { hasText: '邮件发到' }).click();
  await axe(page);
  await fits(page);
  await screenshot(page, 'status-mail');
  assert.match((await dispatcher.get(`/cases/${id}`)).text, /o\*\*\*@example\.org/, 'the desk sees it masked');
  let from = mails.length;
  await did(dispatcher, id, 'ask-back', { note: '哪一个井盖' });
  assert.match(subject(await arrived('olga@example.org', from)), /有问题要问您/);
  await page.goto(`/r/${code}/status?lang=en`);
  await page.locator('summary', { hasText: 'Mail goes to' }).click();
  await page.fill('#email', 'pavel@example.org');
  await page.getByRole('button', { name: 'Save' }).click();
  assert.match(await text(), /p\*\*\*@example\.org/);
  from = mails.length;
  await did(dispatcher, id, 'answer-back', { note: '电话里问到了' });
  await did(dispatcher, id, 'refuse', { reason: '不归这里', address: '水务公司' });
  assert.match(subject(await arrived('pavel@example.org', from)), /was not accepted/);
  // it is over: the address can still be taken away, and is not asked for again
  await page.goto(`/r/${code}/status?lang=zh`);
  await page.locator('summary', { hasText: '邮件发到' }).click();
  await page.getByRole('button', { name: '删去地址' }).click();
  assert.match(await text(), /地址已经删去/);
  assert.equal(await page.locator('#email').count(), 0);
  assert.doesNotMatch((await dispatcher.get(`/cases/${id}`)).text, /@example\.org/);
  // without the token of the page, with a code that is none
  const v = server.http();
  await v.get(`/r/${code}/status`);
  assert.equal((await v.post(`/r/${code}/mail`, { email: 'x@example.org' })).status, 403);
  const page2 = await v.get('/r');
  assert.equal(page2.status, 200);
  const { _csrf } = v.form('/r').fields;
  assert.equal((await v.post('/r/7QK2-M9XD-4T8P/mail', { _csrf, email: 'x@example.org' })).status, 404);
  assert.doesNotMatch(server.log(), /olga|pavel|x@example/);
  await context.close();
});

test.main('what cannot be done without asking back needs a contact, whoever files it', async () => {
  const desk = await staff(server, 'dispatcher');
  await desk.get('/cases/file/resident-report');
  const place = desk.page.match(/<select id="place"[\s\S]*?<option value="([^"]+)"/)[1];
  const none = await desk.submit('/cases/file/resident-report', { f_what: '工地拖欠工资', f_place: place, category: 'people.wages' });
  assert.equal(none.status, 422);
  assert.match(none.text, /请填电话或电子邮件/);
  const mail = await desk.submit('/cases/file/resident-report', { f_what: '工地拖欠工资', f_place: place, category: 'people.wages', f_email: 'li@example.cn' });
  assert.equal(mail.status, 303, mail.text.slice(0, 400));
  const worker = await staff(server, 'grid');
  await worker.get('/grid/proxy');
  const missing = await worker.submit('/grid/proxy', { what: '大爷说工地拖欠工资' });
  assert.equal(missing.status, 422);
  assert.match(missing.text, /请填电话或电子邮件/);
  const left = await worker.submit('/grid/proxy', { what: '大爷说工地拖欠工资', no_contact: '1' });
  assert.equal(left.status, 303, left.text.slice(0, 400));
});
