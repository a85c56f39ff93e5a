// What the scenarios of the main job have in common: the town of the demonstration, its people, a report, a step at the desk.
import { assert } from './test.mjs';
import { login, visitor } from './browser.mjs';
import { accounts } from './server.mjs';

export const town = '500105004';

export function password(server, user) {
  const found = accounts(server).find((a) => a.user === user);
  assert.ok(found, `no demonstration account ${user}`);
  return found.password;
}

// Moves the clock to ten in the morning (UTC+8) of the next Wednesday: offices are open, deadlines of days are near.
export async function officeHours(server) {
  const day = 86_400_000;
  const now = Date.now() + server.offset + 8 * 3_600_000;
  const days = (3 - new Date(now).getUTCDay() + 7) % 7 || 7;
  const at = Math.floor(now / day) * day + days * day + 10 * 3_600_000;
  await server.advance({ seconds: Math.round((at - now) / 1000) });
}

// ---- without a browser ----

export async function staff(server, user) {
  const v = server.http();
  assert.equal((await v.login(user, password(server, user))).status, 303, `${user} cannot log in`);
  return v;
}

// Files a report as a resident; returns its code.
export async function report(server, fields = {}) {
  const v = server.http();
  await v.get(`/t/${town}/report`);
  const a = await v.submit(/\/report$/, { what: '石门小学后门的垃圾没人清运', calm: '1', anyway: '1', ...fields });
  assert.equal(a.status, 303, `not filed: ${a.status}\n${a.text.slice(0, 3000)}`);
  const [, code] = a.location.match(/^\/r\/([0-9A-Z-]{14})$/);
  return code;
}

// Number of the matter with a code: whoever is told the whole code at the desk gets to the matter by the search field.
export async function number(v, code) {
  const a = await v.get(`/cases?q=${encodeURIComponent(code)}`);
  const to = a.location?.match(/^\/cases\/(\d+)$/);
  assert.ok(to, `the desk does not find ${code}: ${a.status}`);
  return to[1];
}

// One step at the desk as a browser without script sends it; answers what the server said.
export async function step(v, id, action, fields = {}) {
  const page = await v.get(`/cases/${id}`);
  assert.equal(page.status, 200, `/cases/${id} answers ${page.status}`);
  const form = actionForm(v, action);
  return v.post(form.action, { ...form.fields, ...Object.fromEntries(Object.entries(fields).map(([k, x]) => [`f_${k}`, x])) });
}

export function actionForm(v, action) {
  const html = v.page;
  const at = html.indexOf(`name="action" value="${action}"`);
  if (at < 0) throw new Error(`no action ${action}; there are ${[...html.matchAll(/name="action" value="([^"]*)"/g)].map((m) => m[1]).join(' ')}`);
  const begin = html.lastIndexOf('<form', at);
  const fields = {};
  const part = html.slice(begin, html.indexOf('</form>', at));
  for (const [, tag] of part.matchAll(/<input\b([^>]*)>/g)) {
    const name = tag.match(/name="([^"]*)"/)?.[1];
    if (name && /type="hidden"/.test(tag)) fields[name] = tag.match(/value="([^"]*)"/)?.[1] ?? '';
  }
  return { action: part.match(/action="([^"]*)"/)[1], fields, text: part };
}

export async function did(v, id, action, fields) {
  const a = await step(v, id, action, fields);
  assert.equal(a.status, 303, `${action}: ${a.status}\n${[...a.text.matchAll(/<(?:p|strong|span class="error")>([^<]*)</g)].map((m) => m[1]).join('\n').slice(0, 800)}`);
  return a;
}

// Value of the option whose text contains `name`, in a select of the page of the matter.
export function option(v, action, field, name) {
  const { text } = actionForm(v, action);
  const select = text.match(new RegExp(`<select id="${action}-${field}"[\\s\\S]*?</select>`));
  const found = select && [...select[0].matchAll(/<option value="([^"]+)"[^>]*>([^<]*)</g)].find((m) => m[2].includes(name));
  if (!found) throw new Error(`${action} offers no ${field} ${name}`);
  return found[1];
}

// ---- the resident's side, without a browser ----

export async function residentForm(server, code, action) {
  const v = server.http();
  const page = await v.get(`/r/${code}/status`);
  assert.equal(page.status, 200);
  return { v, there: page.text.includes(`/r/${code}/do/${action}"`) };
}

export async function resident(server, code, action, fields = {}) {
  const { v, there } = await residentForm(server, code, action);
  assert.ok(there, `the resident is not offered ${action}`);
  return v.submit(`/r/${code}/do/${action}`, fields);
}

// A dispatcher in a browser, with patience for the map's pages on a slow machine.
export async function dispatcher(server, options) {
  const v = await visitor(server, options);
  v.context.setDefaultTimeout(60_000);
  await login(v.page, 'dispatcher', password(server, 'dispatcher'));
  return v;
}

// From a new report to the hands of a handler of the people's board.
export async function handed(server, { fields, org = '民生服务板块' } = {}) {
  const code = await report(server, fields);
  const dispatcher = await staff(server, 'dispatcher');
  const id = await number(dispatcher, code);
  await did(dispatcher, id, 'accept');
  await dispatcher.get(`/cases/${id}`);
  await did(dispatcher, id, 'dispatch', { lead: option(dispatcher, 'dispatch', 'lead', org) });
  return { code, id, dispatcher };
}

// Further: signed, answered, verified by another person, closed.
export async function closed(server, options) {
  const h = await handed(server, options);
  const handler = await staff(server, 'handler-people');
  const verifier = await staff(server, 'verifier');
  await did(handler, h.id, 'sign');
  await did(handler, h.id, 'reply', { verdict: 'solved', note: '已经清运。' });
  await did(verifier, h.id, 'verify');
  await did(verifier, h.id, 'close');
  return { ...h, handler, verifier };
}

// ---- in a browser ----

export async function desk(server, user, options = {}) {
  const v = await visitor(server, { width: 1440, height: 900, ...options });
  await login(v.page, user, password(server, user));
  await v.page.waitForURL((u) => !u.pathname.startsWith('/login'));
  return v;
}

// Opens a step of the matter page (fields: { id: value }, an option by its text), sends it.
export async function press(page, action, fields = {}) {
  const box = page.locator(`#do-${action}`);
  if (!(await box.evaluate((e) => e.open))) await box.locator('> summary').click();
  for (const [id, value] of Object.entries(fields)) {
    const field = box.locator(`#${action}-${id}`);
    if (await field.evaluate((e) => e.tagName === 'SELECT')) {
      const label = await field.locator('option', { hasText: value }).first().innerText();
      await field.selectOption({ label });
    } else {
      await field.fill(value);
    }
  }
  await Promise.all([page.waitForNavigation(), box.locator('.btns button.btn:not([name])').click()]);
}
