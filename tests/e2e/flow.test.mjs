// Between several hands: who helps, what goes to the district, a question before accepting, more time, a merge, a second look, reply texts.
import { assert, test } from './lib/test.mjs';
import { axe, screenshot, sound } from './lib/browser.mjs';
import { world } from './lib/server.mjs';
import { actionForm, closed, desk, did, handed, number, officeHours, option, press, report, resident, residentForm, staff, step } from './lib/desk.mjs';
import { jpeg } from './lib/photo.mjs';

let server;
export const before = async () => {
  server = await world();
  await officeHours(server);
};
export const after = () => server.stop();

const inbox = async (user, id) => (await (await staff(server, user)).get('/inbox')).text.includes(`/cases/${id}"`);

async function fresh(what, fields = {}) {
  const code = await report(server, { what, ...fields });
  const d = await staff(server, 'dispatcher');
  return { code, d, id: await number(d, code) };
}

const box = (v, action, field, name) => {
  const list = actionForm(v, action).text.match(new RegExp(`<fieldset[^>]*id="${action}-${field}"[\\s\\S]*?</fieldset>`))[0];
  return [...list.matchAll(/value="(\d+)"[^>]*> <span>([^<]*)</g)].find((m) => m[2].includes(name))[1];
};

test.main('organisations that help have it in their inbox, add their part, the lead replies for all', async () => {
  const { d, id, code } = await fresh('菜市场后门的垃圾堆到消防通道上了');
  await d.get(`/cases/${id}`);
  const lead = option(d, 'dispatch', 'lead', '民生服务板块');
  const safety = box(d, 'dispatch', 'cohandlers', '平安法治板块');
  await did(d, id, 'dispatch', { lead, cohandlers: safety });
  assert.ok(await inbox('board-safety', id), 'who helps does not see it');
  const h = await staff(server, 'handler-people');
  await did(h, id, 'sign');
  const early = await step(h, id, 'reply', { verdict: 'solved', note: '垃圾已经清走。' });
  assert.equal(early.status, 422);
  assert.match(early.text, /协办单位还没有交来自己的一部分：平安法治板块[\s\S]*override_reason/);
  const s = await staff(server, 'board-safety');
  await did(s, id, 'part', { note: '消防通道已经划线，当面劝离两家。' });
  assert.ok(!(await inbox('board-safety', id)));
  assert.equal((await s.get(`/cases/${id}`)).status, 200, 'who helped may not look any more');
  assert.match((await h.get(`/cases/${id}`)).text, /平安法治板块 <span class="tag tag--ok">已交/);
  await did(h, id, 'reply', { verdict: 'solved', note: '垃圾已经清走，通道已经划线。' });
  assert.doesNotMatch((await server.http().get(`/r/${code}/status`)).text, /当面劝离两家/, 'a note between offices is shown to the resident');
});

test.main('raised to the district it lies there, the town still sees it; the district dispatches or hands back', async () => {
  const { d, id, code } = await fresh('两个街道交界的桥墩开裂');
  await did(d, id, 'accept');
  assert.equal((await step(d, id, 'escalate')).status, 400, 'without a reason');
  await did(d, id, 'escalate', { reason: '桥归两个街道，需要区里定。' });
  assert.ok(await inbox('district', id), 'the district does not see it');
  assert.equal((await d.get(`/cases/${id}`)).status, 200, 'the town does not see it any more');
  assert.match((await server.http().get(`/r/${code}/status`)).text, /区县[\s\S]*桥归两个街道/);
  const r = await staff(server, 'district');
  await did(r, id, 'hand-back', { reason: '先由镇街围挡。' });
  assert.ok(await inbox('dispatcher', id));
  await did(d, id, 'escalate', { reason: '已经围挡，请区里修。' });
  await r.get(`/cases/${id}`);
  await did(r, id, 'district-dispatch', { lead: option(r, 'district-dispatch', 'lead', '住房和城乡建设委员会') });
  assert.ok(await inbox('housing', id));
});

test.main('a question before accepting: the resident answers, the desk goes on', async () => {
  const { d, id, code } = await fresh('那边一直很吵');
  await did(d, id, 'ask-back', { note: '请问是哪个小区、几号楼？' });
  assert.match((await server.http().get(`/r/${code}/status`)).text, /几号楼/);
  assert.equal((await resident(server, code, 'answer-back', { f_note: '石门小区 3 号楼', note: '石门小区 3 号楼' })).status, 303);
  assert.ok(await inbox('dispatcher', id));
  assert.match((await d.get(`/cases/${id}`)).text, /石门小区 3 号楼/);
});

test.main('more time: asked for with a reason, answered with one press, or denied', async () => {
  const { id, dispatcher, handler } = await handed(server, { fields: { what: '公园步道要换石板' }, sign: true }).then(async (x) => {
    const h = await staff(server, 'handler-people');
    await did(h, x.id, 'sign');
    return { ...x, handler: h };
  });
  await dispatcher.get(`/cases/${id}`);
  assert.doesNotMatch(dispatcher.page, /value="extend"/, 'an answer is offered before anybody has asked');
  await did(handler, id, 'request-extension', { extra: '2wd', reason: '石板后天才到。' });
  assert.doesNotMatch((await handler.get(`/cases/${id}`)).text, /value="request-extension"/, 'it is asked for twice');
  const d = await desk(server, 'dispatcher', { script: false });
  await d.page.goto(`/cases/${id}`);
  await sound(d.page);
  await screenshot(d.page, 'flow-extension');
  assert.match(await d.page.locator('#do-extend').innerText(), /谭经办（演示） 申请延长 2 个工作日：石板后天才到/);
  assert.equal(await d.page.inputValue('#extend-extra'), '2wd');
  await press(d.page, 'deny-extension', { reason: '库房里有，明天可以领。' });
  await did(handler, id, 'request-extension', { extra: '1wd', reason: '库房的尺寸不对。' });
  await d.page.goto(`/cases/${id}`);
  await press(d.page, 'extend');
  assert.match(await d.page.locator('.timeline').innerText(), /已批准延期/);
  await d.context.close();
});

test.main('merged: the main one says so, both are followed from each other', async () => {
  const a = await fresh('河边栏杆断了一截，很危险');
  const b = await fresh('河边的栏杆断了一截');
  const d = await desk(server, 'dispatcher');
  await d.page.goto(`/cases/${b.id}`);
  assert.match(await d.page.locator('#similar').locator('..').innerText(), /河边栏杆断了一截/, 'the same thing is not found');
  await d.page.locator(`a[href*="into=${a.id}"]`).click();
  await press(d.page, 'merge');
  await d.page.goto(`/cases/${a.id}`);
  assert.match(await d.page.locator('.timeline').innerText(), /另一件并入本件/);
  assert.match(await d.page.locator('dl.facts').last().innerText(), /并入本件的[\s\S]*河边的栏杆/);
  await d.page.goto(`/cases/${b.id}`);
  await d.page.locator(`dl.facts a[href="/cases/${a.id}"]`).click();
  assert.match(d.page.url(), new RegExp(`/cases/${a.id}$`));
  await d.context.close();
});

test.main('“not solved” lies on a desk again; three statements stand side by side', async () => {
  const { id, code } = await closed(server, { fields: { what: '楼顶还在漏水' } });
  assert.equal((await resident(server, code, 'judge', { score: '1', solved: 'no', note: '下雨照样漏' })).status, 303);
  assert.ok(await inbox('dispatcher', id), 'nobody looks at it again');
  const d = await desk(server, 'dispatcher', { locale: 'en-GB' });
  await d.page.goto(`/cases/${id}?lang=en`);
  await sound(d.page);
  await screenshot(d.page, 'flow-second-look');
  const text = await d.page.locator('section', { has: d.page.locator('#verdicts') }).innerText();
  assert.match(text, /What the office concludes\s+Solved[\s\S]*What the resident says\s+Very dissatisfied · not solved[\s\S]*Adjudicated[\s\S]*Counted/i);
  assert.match(await d.page.locator('h1 + p').innerText(), /Not solved, to be looked at again/);
  await press(d.page, 'reopen', { note: 'Please look at the roof itself.' });
  const after = await d.page.locator('section', { has: d.page.locator('#verdicts') }).innerText();
  assert.match(after, /not solved/i, 'a reopened matter hides what the resident said');
  await d.context.close();
});

test.main('reply texts save typing; the reply is shown as the resident will read it, before it is sent', async () => {
  const { id, code } = await handed(server, { fields: { what: '路口的垃圾桶盖坏了' } });
  const clerk = await desk(server, 'board-people', { script: false });
  await clerk.page.goto('/cases/templates');
  await axe(clerk.page);
  await clerk.page.locator('a.btn', { hasText: '新建模板' }).click();
  await axe(clerk.page);
  await clerk.page.locator('main form button.btn').first().click();
  assert.match(await clerk.page.locator('#errors').innerText(), /要填/);
  await clerk.page.fill('#title', '垃圾已清运');
  await clerk.page.fill('#body', '您好，您在{地点}反映的“{标题}”，相关部门已尽快处理。');
  await screenshot(clerk.page, 'flow-template');
  await clerk.page.locator('main form button.btn').first().click();
  await clerk.page.goto('/cases/templates');
  assert.match(await clerk.page.locator('main').innerText(), /垃圾已清运/);
  const h = await desk(server, 'handler-people', { script: false });
  await did(await staff(server, 'handler-people'), id, 'sign');
  await h.page.goto(`/cases/${id}?do=reply`);
  await h.page.locator('#do-reply a', { hasText: '垃圾已清运' }).click();
  const filled = await h.page.inputValue('#reply-note');
  assert.match(filled, /大石坝街道[\s\S]*路口的垃圾桶盖坏了/);
  await h.page.locator('#reply-verdict').selectOption('solved');
  await h.page.locator('#do-reply button[name=preview]').click();
  await sound(h.page);
  await screenshot(h.page, 'flow-preview');
  const preview = await h.page.locator('section[aria-labelledby=preview]').innerText();
  assert.match(preview, /已经解决[\s\S]*路口的垃圾桶盖坏了[\s\S]*写清是哪个单位[\s\S]*写一个日期/);
  assert.doesNotMatch((await server.http().get(`/r/${code}/status`)).text, /相关部门已尽快处理/, 'a preview was sent');
  await press(h.page, 'reply', { note: '您好，桶盖今天上午已经换好，下午三点再收一次垃圾。' });
  assert.match((await server.http().get(`/r/${code}/status`)).text, /桶盖今天上午已经换好/);
  await clerk.page.locator('.links a', { hasText: '垃圾已清运' }).first().click();
  await clerk.page.locator('button[name=drop]').click();
  assert.doesNotMatch(await clerk.page.locator('main').innerText(), /相关部门/);
  for (const x of [clerk, h]) await x.context.close();
});

test.main('a photograph of a step stands with the step, and is not the public\'s', async () => {
  const { id, code } = await handed(server, { fields: { what: '井盖响' } });
  const h = await desk(server, 'handler-people', { script: false });
  await h.page.goto(`/cases/${id}?do=note`);
  await h.page.setInputFiles('#note-photo', { name: 'lid.jpg', mimeType: 'image/jpeg', buffer: await jpeg(server, {}) });
  await press(h.page, 'note', { note: '垫了橡胶圈，照片为证。' });
  assert.equal(await h.page.locator('.timeline li').first().locator('img').count(), 1);
  assert.equal(await h.page.locator('.panel > .photos img').count(), 0, 'it stands among what the resident sent');
  assert.doesNotMatch((await server.http().get(`/r/${code}/status`)).text, /\/photo|files\/\d/, 'a photograph of the desk is shown to the resident');
  await h.context.close();
});

test.main('one step open at a time, all within reach of the keyboard on a phone; a long list can be searched', async () => {
  const { id } = await fresh('路灯一闪一闪');
  const d = await desk(server, 'dispatcher', { width: 360 });
  await d.page.goto(`/cases/${id}`);
  await sound(d.page);
  await screenshot(d.page, 'flow-steps');
  await d.page.locator('#do-dispatch > summary').press('Enter');
  assert.equal(await d.page.locator('.acts > details[open]').count(), 1, 'two steps are open');
  await d.page.locator('[data-pick="dispatch-lead"]').fill('住房');
  await d.page.keyboard.press('Enter');
  assert.match(await d.page.locator('#dispatch-lead option:checked').innerText(), /住房和城乡建设委员会/);
  assert.ok((await residentForm(server, (await report(server, { what: '再来一件' })), 'withdraw')).there);
  await d.context.close();
});
