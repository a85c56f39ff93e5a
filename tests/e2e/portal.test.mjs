// The resident's way through the portal: a report with photographs from the form to the receipt and the status page, with
// script and without, and what goes wrong on the way.
import zlib from 'node:zlib';
import { assert, test } from './lib/test.mjs';
import { axe, fits, screenshot, sound, tabTo, visitor } from './lib/browser.mjs';
import { world } from './lib/server.mjs';

const TOWN = '500105004'; // 大石坝街道
const COMMUNITY = '500105004009'; // 石门社区
const CODE = /^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/;
const secret = /\/r\/([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})/;
const empty = world({ kind: 'empty' });

// ---- pictures ----

function crc(bytes) {
  let c = ~0;
  for (const b of bytes) {
    c ^= b;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const out = Buffer.alloc(8 + body.length);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc(body), 4 + body.length);
  return out;
}

function png(side, shade) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(side * (side * 3 + 1), shade);
  for (let y = 0; y < side; y++) rows[y * (side * 3 + 1)] = 0;
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', zlib.deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0))]);
}

// APP1 with GPS 29.57 N 106.48 E, put behind the start of a JPEG.
function withGps(jpeg) {
  const tiff = Buffer.alloc(128);
  const entry = (at, tag, type, count, value) => {
    tiff.writeUInt16BE(tag, at);
    tiff.writeUInt16BE(type, at + 2);
    tiff.writeUInt32BE(count, at + 4);
    tiff.writeUInt32BE(value, at + 8);
  };
  tiff.write('MM\0*', 'latin1');
  tiff.writeUInt32BE(8, 4);
  tiff.writeUInt16BE(1, 8);
  entry(10, 0x8825, 4, 1, 26);
  tiff.writeUInt16BE(4, 26);
  entry(28, 1, 2, 2, 0x4e000000);
  entry(40, 2, 5, 3, 80);
  entry(52, 3, 2, 2, 0x45000000);
  entry(64, 4, 5, 3, 104);
  [29, 1, 34, 1, 12, 1].forEach((v, i) => tiff.writeUInt32BE(v, 80 + 4 * i));
  [106, 1, 28, 1, 48, 1].forEach((v, i) => tiff.writeUInt32BE(v, 104 + 4 * i));
  const head = Buffer.from([0xff, 0xe1, 0, 0, ...Buffer.from('Exif\0\0', 'latin1')]);
  head.writeUInt16BE(8 + tiff.length, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, tiff, jpeg.subarray(2)]);
}

// ---- without script ----

async function withoutScript(server) {
  const { page, context } = await visitor(server, { script: false });
  await page.goto('/');
  await fits(page);
  await page.goto(`/t/${TOWN}`);
  await fits(page);
  await page.locator('main a', { hasText: '我要反映' }).click();
  await fits(page);
  await page.setInputFiles('#photo', { name: '路灯.png', mimeType: 'image/png', buffer: png(200, 90) });
  await page.fill('#phone', '不是号码');
  await page.fill('#address', '石门小学后门');
  await page.locator('label.card', { hasText: '去掉个人信息' }).click();
  await page.getByRole('button', { name: '提交' }).click();

  // two faults; nothing typed is lost and the photograph is kept
  await fits(page);
  assert.equal(await page.locator('.errors li').count(), 2);
  assert.equal(await page.inputValue('#address'), '石门小学后门');
  assert.ok(await page.locator('input[name=public][value="1"]').isChecked());
  assert.equal(await page.locator('input[name=kept]').count(), 1);
  const kept = await page.locator('.photos img').getAttribute('src');
  assert.equal((await page.request.get(kept)).headers()['content-type'], 'image/jpeg');

  await page.locator('.errors a', { hasText: '发生了什么' }).click();
  await page.fill('#what', '小区门口的路灯不亮，晚上看不清路');
  await page.fill('#phone', '138 1234 5678');
  await page.selectOption('#place', { index: 2 });
  await page.getByRole('button', { name: '提交' }).click();
  await page.waitForURL(/\/r\//);
  await fits(page);
  const code = (await page.locator('#code').textContent()).trim();
  assert.match(code, CODE);
  assert.equal((await page.request.get(`/r/${code}/qr.svg`)).headers()['content-type'], 'image/svg+xml');
  const receipt = await (await page.request.get(`/r/${code}/receipt.json`)).json();
  assert.equal(typeof receipt, 'object');

  await page.getByRole('link', { name: '看进度' }).click();
  await fits(page);
  assert.equal(await page.locator('.photos img').count(), 1);
  const image = await page.request.get(await page.locator('.photos a').getAttribute('href'));
  assert.equal(image.headers()['content-type'], 'image/jpeg');
  assert.match(image.headers()['cache-control'], /no-store/);
  assert.doesNotMatch(await page.content(), /13812345678|138 1234 5678/);
  return { page, context, code };
}

test.main('a report with a photograph, without script', async () => {
  const server = await empty;
  const { page, context, code } = await withoutScript(server);

  // the look-up forgives how a code is typed
  await page.goto('/r');
  await page.fill('#code', ` ${code.toLowerCase().replaceAll('-', ' ')} `);
  await page.getByRole('button', { name: '查一查' }).click();
  await page.waitForURL(`**/r/${code}/status`);

  // urge without a note (optional), then withdraw: actions come from the scenario
  await page.locator('summary', { hasText: '撤回' }).click();
  await page.getByRole('button', { name: '撤回' }).click();
  await page.locator('.flash').waitFor();
  assert.match(await page.locator('main').textContent(), /群众撤回/);
  await fits(page);
  await context.close();
});

test.main('a report with photographs, with script', async () => {
  const server = await empty;
  const { page, context } = await visitor(server, { width: 360, geolocation: { longitude: 106.48, latitude: 29.57 }, permissions: ['geolocation'] });
  await page.goto(`/t/${COMMUNITY}/report`);
  assert.notEqual(await page.inputValue('#place'), '', 'a sign in a community chooses it');
  await page.fill('#what', '行道树的枯枝快要掉下来了');
  await page.reload();
  assert.equal(await page.inputValue('#what'), '行道树的枯枝快要掉下来了', 'the draft survives');
  await page.getByRole('button', { name: '用我现在的位置' }).click();
  await page.waitForFunction(() => document.getElementById('lon').value === '106.480000');
  const jpeg = Buffer.from(await page.evaluate(() => {
    const c = document.createElement('canvas');
    c.width = c.height = 64;
    return c.toDataURL('image/jpeg').split(',')[1];
  }), 'base64');
  await page.setInputFiles('#photo', [{ name: 'a.png', mimeType: 'image/png', buffer: png(300, 10) },
    { name: 'b.jpg', mimeType: 'image/jpeg', buffer: withGps(jpeg) }]);
  await page.locator('.photos canvas').nth(1).waitFor();
  await sound(page);
  await page.getByRole('button', { name: '提交' }).click();
  await page.waitForURL(/\/r\//);
  await page.getByRole('link', { name: '看进度' }).click();
  assert.equal(await page.locator('.photos img').count(), 2);
  for (const a of await page.locator('.photos a').all()) {
    const bytes = await (await page.request.get(await a.getAttribute('href'))).body();
    assert.ok(!bytes.includes('Exif'), 'nothing of the EXIF is left');
  }
  await page.goto(`/t/${TOWN}/report`);
  assert.equal(await page.inputValue('#what'), '', 'the draft is forgotten once the report has arrived');
  await context.close();
});

test('the position inside a photograph is used only when asked, without script', async () => {
  const server = await empty;
  const { page, context } = await visitor(server, { script: false });
  await page.goto(`/t/${TOWN}/report`);
  const jpeg = withGps(Buffer.from(await page.evaluate(() => document.createElement('canvas').toDataURL('image/jpeg').split(',')[1]), 'base64'));
  const places = [];
  for (const ask of [false, true]) {
    await page.goto(`/t/${TOWN}/report`);
    await page.fill('#what', '人行道地砖松了');
    await page.setInputFiles('#photo', { name: 'x.jpg', mimeType: 'image/jpeg', buffer: jpeg });
    if (ask) await page.check('input[name=photo_point]');
    await page.getByRole('button', { name: '提交' }).click();
    await page.waitForURL(/\/r\//);
    places.push((await page.locator('.facts dd').nth(1).textContent()).trim());
  }
  assert.equal(places[0], '大石坝街道');
  assert.match(places[1], /^大石坝街道.+/);
  await context.close();
});

test.main('the same post sent twice gives one report', async () => {
  const server = await empty;
  const http = server.http();
  await http.get(`/t/${TOWN}/report`);
  const form = http.form(`/t/${TOWN}/report`);
  const send = () => {
    http.page = `<form method="post" action="${form.action}">${form.text}</form>`;
    return http.submitFiles(form.action, { what: '井盖丢了一个', public: '0' },
      { photo: { filename: 'x.png', type: 'image/png', bytes: png(50, 5) } });
  };
  const [first, second] = await Promise.all([send(), send()]);
  const third = await send();
  assert.equal(first.status, 303);
  assert.match(first.location, secret);
  assert.equal(second.location, first.location);
  assert.equal(third.location, first.location);
  const status = await http.get(`${first.location}/status`);
  assert.equal([...status.text.matchAll(/s=thumb/g)].length, 1);
});

test('danger now: whom to ring comes before taking the report', async () => {
  const server = await empty;
  const { page, context } = await visitor(server);
  await page.goto(`/t/${TOWN}/report`);
  await page.fill('#what', '楼下厨房着火了');
  await page.getByRole('button', { name: '提交' }).click();
  await page.locator('.notice--danger[data-focus]').waitFor();
  await axe(page);
  assert.equal(await page.inputValue('#what'), '楼下厨房着火了');
  await page.check('input[name=calm]');
  await page.getByRole('button', { name: '提交' }).click();
  await page.waitForURL(/\/r\//);
  await context.close();
});

test('what is no photograph is refused and the rest kept', async () => {
  const server = await empty;
  const http = server.http();
  await http.get(`/t/${TOWN}/report`);
  const answer = await http.submitFiles(`/t/${TOWN}/report`, { what: '路面有坑', public: '1' },
    { photo: { filename: 'x.jpg', type: 'image/jpeg', bytes: Buffer.from('<script>alert(1)</script>') } });
  assert.equal(answer.status, 422);
  assert.match(answer.text, /id="photo-error"/);
  assert.match(answer.text, /路面有坑/);
});

test('hostile fields come back escaped, or are refused', async () => {
  const server = await empty;
  const http = server.http();
  await http.get(`/t/${TOWN}/report`);
  const answer = await http.submitFiles(`/t/${TOWN}/report`,
    { what: '', address: '"><script>alert(1)</script>', place: "' OR 1=1 --", lon: 'NaN', lat: '1e999', kept: '../../keys/x' }, {});
  assert.equal(answer.status, 422);
  assert.doesNotMatch(answer.text, /<script>alert/);
  assert.doesNotMatch(answer.text, /keys\/x/);
});

test('codes are secrets: no trace, no difference between impossible and unknown, no endless guessing', async () => {
  const server = await world({ kind: 'empty' });
  const http = server.http({ 'x-forwarded-for': '192.0.2.1' });
  const one = await http.get('/r/7QK2-M9XD-4T8P/status');
  const two = await http.get('/r/xx/status');
  assert.equal(one.status, 404);
  assert.equal(two.status, 404);
  const plain = (a) => a.text.replaceAll(/\/r\/[^"/]*/g, '').replaceAll(/编号：[^<]*/g, '');
  assert.equal(plain(one), plain(two));
  assert.match(one.headers['cache-control'], /no-store/);
  await http.get('/feedback');
  const { location } = await http.submit('/feedback', { what: '字太小' });
  for (const path of [location, `${location}/status`, `${location}/status.json`, `${location}/qr.svg`, `${location}/receipt.json`]) {
    const { status, headers } = await http.get(path);
    assert.equal(status, 200, path);
    assert.match(headers['cache-control'], /no-store/);
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.match(headers['x-robots-tag'], /noindex/);
  }
  let last;
  for (let i = 0; i < 20; i++) last = await http.get(`/r/GUESS${i}/status`);
  assert.equal(last.status, 429);
  assert.doesNotMatch(server.log(), /GUESS|7QK2/, 'codes are not logged');
  await server.stop();
});

test('every page of the portal is sound at all widths', async () => {
  const server = await empty;
  const http = server.http();
  await http.get('/feedback');
  const { location } = await http.submit('/feedback', { what: '字太小' });
  const { page, context } = await visitor(server);
  for (const path of ['/', `/t/${TOWN}`, `/t/${TOWN}/report`, `/t/${TOWN}/open`, '/r', location, `${location}/status`, '/help', '/feedback']) {
    await page.goto(path);
    await sound(page);
    for (const width of [320, 768, 1440]) await fits(page, width);
  }
  await context.close();
});

test('by keyboard, in large print, in English', async () => {
  const server = await empty;
  const { page, context } = await visitor(server, { locale: 'en-GB' });
  await page.goto(`/t/${TOWN}/report?elder=1`);
  await sound(page);
  const style = await page.evaluate(() => {
    const button = document.querySelector('button.btn--big').getBoundingClientRect();
    const text = getComputedStyle(document.querySelector('main p'));
    return { font: parseFloat(getComputedStyle(document.body).fontSize), button: button.height, line: parseFloat(text.lineHeight) / parseFloat(text.fontSize) };
  });
  assert.ok(style.font >= 24, '18 pt'); // 18 pt = 24 px
  assert.ok(style.button >= 60 && style.line >= 1.5);
  await tabTo(page, '#what');
  await page.keyboard.type('The street light is broken');
  await tabTo(page, 'button.btn--big', 40);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/r\//);
  await sound(page);
  const chinese = (await page.locator('main').textContent()).replaceAll(/大石坝[^\s]*/g, '').match(/[\u4e00-\u9fff]+/g);
  assert.equal(chinese, null, `no Chinese is left on the English receipt: ${chinese}`);
  await context.close();
});

test('feedback about the platform is a matter with a code', async () => {
  const server = await empty;
  const { page, context } = await visitor(server, { script: false });
  await page.goto('/feedback');
  await fits(page);
  await page.fill('#what', '要求网格员每天打卡，增加负担');
  await page.getByRole('button', { name: '提交' }).click();
  await page.waitForURL(/\/r\//);
  await page.getByRole('link', { name: '看进度' }).click();
  await fits(page);
  assert.match(await page.locator('main').textContent(), /平台管理员/);
  await context.close();
});

test('the open page shows public matters only, masked and coarse; help stands', async () => {
  const server = await empty;
  const http = server.http();
  for (const [what, open] of [['三单元漏水，联系13912345678', '1'], ['这一件不公开', '0']]) {
    await http.get(`/t/${TOWN}/report`);
    const answer = await http.submitFiles(`/t/${TOWN}/report`, { what, public: open, address: '3 栋 502' }, {});
    assert.equal(answer.status, 303);
  }
  let data;
  for (let i = 0; i < 300 && !(data?.totals.filed > 0); i++) {
    if (i) await new Promise((done) => setTimeout(done, 100));
    data = JSON.parse((await http.get(`/t/${TOWN}/open.json`)).text);
  }
  const { page, context } = await visitor(server);
  await page.goto(`/t/${TOWN}/open`);
  await sound(page);
  const text = await page.locator('main').textContent();
  assert.match(text, /三单元漏水/);
  assert.doesNotMatch(text + JSON.stringify(data), /13912345678|这一件不公开|栋 ?502/);
  await page.goto('/help');
  await sound(page);
  await fits(page, 320);
  await context.close();
});

// ---- where: a pin ----

test.main('a pin on the map, without script: the form comes back with it, nothing typed is lost, the grid is derived', async () => {
  const server = await world();
  const { page, context } = await visitor(server, { script: false });
  await page.goto(`/t/${TOWN}/report`);
  await page.fill('#what', '石桥边的栏杆断了一截');
  await page.fill('#phone', '13812345678');
  await page.locator('input[type=image]').click({ position: { x: 170, y: 120 } });
  assert.equal(await page.inputValue('#what'), '石桥边的栏杆断了一截');
  assert.equal(await page.inputValue('#phone'), '13812345678');
  assert.match(await page.inputValue('#lon'), /^106\.4/);
  assert.match(await page.locator('#spot').innerText(), /标在：大石坝街道.+社区/);
  await fits(page);
  await axe(page);
  await page.locator('button.btn--big').click();
  await page.waitForURL(/\/r\//);
  assert.match(await page.locator('.facts').innerText(), /大石坝街道.+社区/);
  await context.close();
  await server.stop();
});

test('a pin with script: by pointer, moved by arrow keys, taken away again', async () => {
  const server = await world();
  const { page, context } = await visitor(server);
  await page.goto(`/t/${TOWN}/report`);
  await page.locator('input[type=image]').click({ position: { x: 162, y: 112 } });
  await page.waitForFunction(() => document.querySelector('#map .pin'));
  const first = Number(await page.inputValue('#lat'));
  await page.locator('#spot', { hasText: '标在' }).waitFor();
  await page.locator('input[type=image]').focus();
  for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowUp');
  const moved = Number(await page.inputValue('#lat'));
  assert.ok(Math.abs((moved - first) * 111_320 - 60) < 3, `four steps north are ${((moved - first) * 111_320).toFixed(1)} m`);
  await page.waitForTimeout(800);
  await sound(page);
  await screenshot(page, 'report-pin');
  await page.locator('input[type=image]').scrollIntoViewIfNeeded();
  const head = await page.locator('#map .pin path').boundingBox();
  await page.mouse.move(head.x + head.width / 2, head.y + 10);
  await page.mouse.down();
  await page.mouse.move(head.x + head.width / 2, head.y + 60, { steps: 5 });
  await page.mouse.up();
  const south = (moved - Number(await page.inputValue('#lat'))) * 111_320;
  assert.ok(Math.abs(south - 50 * (400 / 162)) < 8, `dragged fifty pixels south: ${south.toFixed(1)} m`);
  await page.waitForTimeout(600);
  await page.getByRole('button', { name: '清除位置' }).click();
  assert.equal(await page.inputValue('#lon'), '');
  await context.close();
  await server.stop();
});

test('a pin under a finger: on its head it is dragged and the page stays; beside it the page scrolls and the pin stays', async () => {
  const server = await world();
  const { page, context } = await visitor(server, { hasTouch: true });
  await page.goto(`/t/${TOWN}/report`);
  await page.locator('input[type=image]').tap({ position: { x: 162, y: 112 } });
  await page.locator('#spot', { hasText: '标在' }).waitFor();
  await page.waitForTimeout(300);
  const touch = await context.newCDPSession(page);
  const drag = async (x, y, dy) => {
    const at = (k) => [{ x, y: y + dy * k }];
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(0) });
    for (const k of [0.3, 0.6, 1]) await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(k) });
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await page.waitForTimeout(500);
  };
  const lat = async () => Number(await page.inputValue('#lat'));
  const scrolled = () => page.evaluate(() => scrollY);
  const head = await page.locator('#map .pin path').boundingBox();
  const [first, top] = [await lat(), await scrolled()];
  await drag(head.x + head.width / 2, head.y + 10, 50);
  const south = (first - await lat()) * 111_320;
  assert.ok(Math.abs(south - 50 * (400 / 162)) < 12, `dragged fifty pixels south: ${south.toFixed(1)} m`);
  assert.equal(await scrolled(), top, 'the page stays');
  await page.waitForTimeout(400);
  const map = await page.locator('input[type=image]').boundingBox();
  const there = await lat();
  await drag(map.x + 20, map.y + 150, -100);
  assert.equal(await lat(), there, 'the pin stays');
  await page.waitForFunction((was) => scrollY > was, top); // the page scrolls
  await context.close();
  await server.stop();
});

// ---- category and contact ----

test.main('a category is suggested, may be changed, and never forced; only some need a telephone', async () => {
  const server = await empty;
  const { page, context } = await visitor(server);
  await page.goto(`/t/${TOWN}/report`);
  await page.fill('#what', '老板拖欠工资三个月了');
  await page.locator('#what').blur();
  await page.waitForFunction(() => /劳动报酬/.test(document.getElementById('category').options[0].textContent));
  await page.locator('button.btn--big').click();
  await page.locator('#phone-error').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'errors');
  await axe(page);
  await page.selectOption('#category', '-');
  await page.locator('button.btn--big').click();
  await page.waitForURL(/\/r\//);
  assert.doesNotMatch(await page.locator('.facts').innerText(), /劳动报酬/);
  await page.goto(`/t/${TOWN}/report`);
  await page.fill('#what', '路口的灯有问题');
  await page.selectOption('#category', 'transport.signal');
  await page.locator('button.btn--big').click();
  await page.waitForURL(/\/r\//);
  assert.match(await page.locator('.facts').innerText(), /交通设施/);
  const http = server.http();
  await http.get(`/t/${TOWN}/report`);
  const bad = await http.submitFiles(`/t/${TOWN}/report`, { what: '灯坏了', category: "x' OR 1" }, {});
  assert.equal(bad.status, 422);
  assert.match(bad.text, /id="category-error"/);
  await context.close();
});

// ---- the same thing again ----

async function publicReport(server, what, place) {
  const http = server.http();
  await http.get(`/t/${TOWN}/report`);
  const a = await http.submitFiles(`/t/${TOWN}/report`, { what, public: '1', anyway: '1', ...(place && { place }) }, {});
  assert.equal(a.status, 303, a.text.slice(0, 300));
  return a.location.slice(3);
}

async function indexed(server, http, what) {
  for (let i = 0; i < 300; i++) {
    const page = await http.get(`/t/${TOWN}/report`);
    const token = page.text.match(/name="_csrf" value="([^"]+)"/)[1];
    const a = JSON.parse((await http.post(`/t/${TOWN}/hints.json`, { _csrf: token, what })).text);
    if (a.alike.length) return a;
    await new Promise((done) => setTimeout(done, 100));
  }
  return assert.fail('no likely duplicate was found');
}

test.main('the same thing again: followed instead, by a code that shows the progress and nothing private', async () => {
  const server = await world();
  const code = await publicReport(server, '滨江步道第三个观景台的木地板塌了一块，电话13912345678');
  const http = server.http();
  const hint = await indexed(server, http, '滨江步道第三个观景台木地板塌了一块');
  assert.doesNotMatch(JSON.stringify(hint), /13912345678/);
  assert.doesNotMatch(JSON.stringify(hint), new RegExp(code));
  const { page, context } = await visitor(server, { script: false });
  await page.goto(`/t/${TOWN}/report`);
  await page.fill('#what', '滨江步道第三个观景台的木地板塌了一块');
  await page.locator('button.btn--big').click();
  await page.locator('#alike-found').waitFor();
  await fits(page);
  await axe(page);
  await screenshot(page, 'report-alike');
  await page.getByRole('button', { name: '是同一件，关注它' }).click();
  await page.waitForURL(/\/r\//);
  const mine = (await page.locator('#code').textContent()).trim();
  assert.match(mine, CODE);
  assert.notEqual(mine, code);
  await page.getByRole('link', { name: '看进度' }).click();
  await axe(page);
  await screenshot(page, 'followed');
  const text = await page.locator('main').innerText();
  assert.match(text, /观景台/);
  assert.doesNotMatch(await page.content(), new RegExp(`13912345678|${code}`));
  // the follower can do nothing to it
  const v = server.http();
  await v.get(`/r/${mine}/status`);
  const form = v.form(/unfollow/);
  for (const path of [`/r/${mine}/do/withdraw`, `/r/${mine}/do/urge`]) assert.equal((await v.post(path, form.fields)).status, 404);
  assert.equal((await v.get(`/r/${mine}/receipt.json`)).status, 404);
  // the reporter sees that somebody follows, and takes it back: the follower is told
  await v.get(`/r/${code}/status`);
  assert.match(v.page, /也在关注[\s\S]*1 人/);
  assert.equal((await v.submit(`/r/${code}/do/withdraw`)).status, 303);
  assert.match((await v.get(`/r/${mine}/status`)).text, /反映的人撤回了/);
  await v.submit(`/r/${mine}/unfollow`);
  assert.equal((await v.get(`/r/${mine}/status`)).status, 404);
  await context.close();
  await server.stop();
});

test('likely duplicates with script: said while writing; sending goes on without a further question; private ones are never offered', async () => {
  const server = await world();
  await publicReport(server, '东海岸站公交站台的座椅被人拆走了');
  const http = server.http();
  await http.get(`/t/${TOWN}/report`);
  await http.submitFiles(`/t/${TOWN}/report`, { what: '六号楼王家半夜总吵架吵得睡不着', public: '0' }, {});
  await indexed(server, http, '东海岸站公交站台座椅被人拆走');
  const { page, context } = await visitor(server);
  await page.goto(`/t/${TOWN}/report`);
  await page.fill('#what', '六号楼王家半夜总吵架吵得睡不着');
  await page.locator('#what').blur();
  await page.waitForTimeout(600);
  assert.ok(await page.locator('#alike').isHidden(), 'a private matter is not offered');
  await page.fill('#what', '东海岸站公交站台的座椅被人拆走了，没地方坐');
  await page.locator('#what').blur();
  await page.getByRole('button', { name: '关注这一件' }).waitFor();
  await sound(page);
  await page.locator('button.btn--big').click();
  await page.waitForURL(/\/r\//);
  assert.match(await page.locator('main').innerText(), /回执/);
  await page.goto(`/t/${TOWN}/report`);
  await page.fill('#what', '东海岸站公交站台的座椅被人拆走了');
  await page.locator('#what').blur();
  await page.getByRole('button', { name: '关注这一件' }).first().click();
  await page.waitForURL(/\/r\//);
  assert.match(await page.locator('main').innerText(), /您在关注这件事/);
  // a number that was guessed: what is not public is not there
  await http.get(`/t/${TOWN}/report`);
  const { fields } = http.form(`/t/${TOWN}/report`);
  for (const follow of ['1', '-1', 'x', '9223372036854775807']) assert.equal((await http.post(`/t/${TOWN}/follow`, { ...fields, follow })).status, 404);
  await context.close();
  await server.stop();
});

// ---- the open page ----

test('the open page by community and period: figures again in a table, small numbers kept back, the same as data', async () => {
  const server = await world();
  const { page, context } = await visitor(server, { script: false });
  await page.goto(`/t/${TOWN}/open`);
  await fits(page);
  await axe(page);
  assert.ok(await page.locator('.chart rect').count() > 0);
  const all = Number(await page.locator('.stats dd').first().innerText());
  const data = JSON.parse(await (await page.request.get(`/t/${TOWN}/open.json?days=365`)).text());
  assert.equal(data.totals.filed, all);
  for (const c of data.categories) assert.ok(c.filed >= data.few_below, JSON.stringify(c));
  assert.equal(data.categories.reduce((n, c) => n + c.filed, 0), all, 'the parts make up the whole');
  for (const b of data.series) assert.ok(b.filed === null || b.filed === 0 || b.filed >= data.few_below);
  await page.selectOption('#place', { index: 1 });
  await page.getByRole('button', { name: '看', exact: true }).click();
  await fits(page);
  const one = await page.locator('main').innerText();
  assert.match(one, /社区/);
  const few = JSON.parse(await (await page.request.get(`/t/${TOWN}/open.json?days=30&place=500105004011`)).text());
  if (few.totals === null) assert.deepEqual([few.categories, few.series], [[], []]);
  else assert.ok(few.totals.filed >= few.few_below);
  assert.equal((await page.request.get(`/t/${TOWN}/open?place=500105006`)).status(), 404, 'another town');
  assert.equal((await page.request.get(`/t/${TOWN}/open?place=%27&days=x&key=-1&id=9e9`)).status(), 404);
  assert.equal((await page.request.get(`/t/${TOWN}/open?days=-4&key=zzz&id=1`)).status(), 200);
  await page.goto(`/t/${TOWN}/open?elder=1&lang=en`);
  await axe(page);
  await fits(page);
  await page.goto(`/t/${TOWN}/open?elder=0&lang=zh`);
  await screenshot(page, 'open');
  await context.close();
  await server.stop();
});

// ---- a bad line ----

test.main('a post whose answer is lost is sent again and filed once; nothing typed is lost', async () => {
  const server = await empty;
  const { page, context } = await visitor(server);
  await page.goto(`/t/${TOWN}/report`);
  await page.fill('#what', '桥头的反光镜碎了');
  await page.fill('#phone', '13812345678');
  let lost = 0;
  let code;
  await page.route(`**/t/${TOWN}/report`, async (route) => {
    if (route.request().method() !== 'POST' || lost++) return route.continue();
    const answer = await route.fetch({ maxRedirects: 0 });
    [, code] = answer.headers().location.match(secret);
    await route.abort('failed');
  });
  await page.locator('button.btn--big').click();
  await page.locator('#retry').waitFor();
  assert.equal(await page.inputValue('#phone'), '13812345678');
  page.problems.length = 0; // the line that was cut is told by the browser too
  await sound(page);
  await page.locator('button.btn--big').click();
  await page.waitForURL(/\/r\//);
  assert.equal((await page.locator('#code').textContent()).trim(), code, 'the second try gets the first one’s code');
  await context.close();
});
