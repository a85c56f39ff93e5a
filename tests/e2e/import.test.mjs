// Matters of another system on the command line: GB18030, bad rows, a repeat, an interruption; then the pages are right.
import { writeFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { assert, test } from './lib/test.mjs';
import { accounts, world } from './lib/server.mjs';

let server;
const mapping = `mapping: e2e
scenario: resident-report
source: old-system
place: {code: "500105004"}
id: 编号
title: 标题
created: 时间
closed: 办结
reply: 答复
replied: 办结
state: {column: 办结, map: {"": filed}, default: closed}
public: true
fields: {what: 内容}
`;
const file = (name, content) => {
  const p = path.join(server.dir, name);
  writeFileSync(p, content);
  return p;
};

export const before = async () => {
  server = await world({ serve: false });
  file('m.yaml', mapping);
};
export const after = () => server.stop();

const importing = (name, options = {}, ...more) =>
  server.cli(['import', 'matters', path.join(server.dir, name), '--mapping', path.join(server.dir, 'm.yaml'), ...more], options);

test.main('a table with bad rows: the good ones are filed, the bad ones told', async () => {
  file('a.csv', '编号,标题,时间,内容,办结,答复\n'
    + '1,窨井盖丢了,2026-03-02 09:00:00,紫荆路口的窨井盖丢了,2026-03-05 10:00:00,已经补好\n'
    + '2,时间写错,三月二日,内容,,\n'
    + '3,早于收到,2026-03-02 09:00:00,内容,2026-03-01 09:00:00,\n'
    + '4,还没办,2026-11-20 09:00:00,紫荆路的树枝压着电线,,\n');
  const dry = await importing('a.csv', {}, '--dry-run');
  assert.match(dry.text, /新增 2.*坏行 2/);
  const once = await importing('a.csv');
  assert.match(once.text, /读入 4 行：新增 2，早已有 0，断点之前 0，坏行 2/);
  const rejected = readFileSync(path.join(server.dir, 'a.csv.rejected.csv'), 'utf8');
  assert.match(rejected, /三月二日/);
  assert.match(rejected, /closed before it was filed/);
  const again = await importing('a.csv');
  assert.match(again.text, /新增 0/);
});

test.main('what is no table is told by what it is and what to do, and nothing is filed', async () => {
  const csv = readFileSync(path.join(server.dir, 'a.csv'));
  for (const [name, content, says] of [
    ['a.csv.gz', gzipSync(csv), /gzip 压缩文件，不是 CSV\/XLSX：先解开（gunzip）.*unpack it first with gunzip/],
    ['old.xls', Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)]), /旧版 Excel（\.xls）.*另存为 CSV\/XLSX/],
    ['page.xls', '<html><table><tr><td>编号</td></tr></table></html>', /网页/],
    ['a.pdf', '%PDF-1.7\n%âãÏÓ\n', /PDF 文件，不是 CSV\/XLSX/],
    ['a.csv', gzipSync(csv), /gzip/], // whatever its name
  ]) {
    file(name, content);
    const told = await importing(name, { expect: 1 });
    assert.match(told.text, says);
    assert.match(told.text, /新增 0，早已有 0，断点之前 0，坏行 0/);
  }
  file('a.csv', csv);
  assert.match((await importing('a.csv')).text, /新增 0/);
});

test.main('GB18030 with the same ids files nothing twice', async () => {
  // 编号,标题,时间,内容,办结,答复 and row 1 with another text, in GB18030
  const head = Buffer.from('b1e0bac52cb1eacce22ccab1bce42cc4dac8dd2cb0ecbde12cb4f0b8b40a', 'hex');
  const row = Buffer.concat([Buffer.from('1,'), Buffer.from('d2a4beaeb8c7', 'hex'), Buffer.from(',2026-03-02 09:00:00,'),
    Buffer.from('c4dac8dd', 'hex'), Buffer.from(',,\n')]);
  file('gb.csv', Buffer.concat([head, row]));
  assert.match((await importing('gb.csv')).text, /新增 0，早已有 1/);
});

test.main('mistakes end with what is wrong and a status', async () => {
  assert.match((await importing('nowhere.csv', { expect: 1 })).text, /nowhere\.csv/);
  file('b.csv', '编号,时间\n1,2026-01-01 00:00:00\n');
  assert.match((await importing('b.csv', { expect: 1 })).text, /标题/);
});

test.main('the list, the search and the timeline show what was imported', async () => {
  await server.start();
  const v = server.http();
  const { user, password } = accounts(server).find((a) => a.user === 'dispatcher');
  await v.login(user, password);
  let found;
  for (let i = 0; i < 300; i++) { // full text follows by its tailer
    found = await v.get('/cases?q=' + encodeURIComponent('紫荆'));
    if (/窨井盖丢了/.test(found.text) && /树枝|还没办/.test(found.text)) break;
    await new Promise((r) => setTimeout(r, 100));
  }
  assert.match(found.text, /窨井盖丢了/);
  assert.match(found.text, /还没办/);
  const link = /href="(\/cases\/\d+)">窨井盖丢了/.exec(found.text)[1];
  const page = await v.get(link);
  assert.match(page.text, /已经补好/);
  assert.match(page.text, /2026年3月5日 10:00/);
  const csv = await v.get('/cases.csv?q=' + encodeURIComponent('紫荆'));
  assert.equal(csv.status, 200);
  assert.match(csv.text, /窨井盖丢了/);
});

test('a place of which only its matters have a position is shown where they are', async () => {
  const far = mapping.replace('{code: "500105004"}', '{code: "990200001", name: 没有坐标的地方, level: 4}').replace('old-system', 'far-system')
    .replace('id: 编号', 'id: 编号\nlon: 经度\nlat: 纬度');
  writeFileSync(path.join(server.dir, 'far.yaml'), far);
  file('far.csv', '编号,标题,时间,内容,办结,答复,经度,纬度\n1,路灯不亮,2026-11-20 09:00:00,路灯不亮,,,-71.10,42.30\n2,路面坑洼,2026-11-20 10:00:00,路面坑洼,,,-71.05,42.35\n');
  await server.cli(['import', 'matters', path.join(server.dir, 'far.csv'), '--mapping', path.join(server.dir, 'far.yaml')]);
  await server.cli(['user', 'grant', 'dispatcher', '--role', 'dispatcher', '--place', '990200001']);
  const v = server.http();
  const { user, password } = accounts(server).find((a) => a.user === 'dispatcher');
  await v.login(user, password);
  let bounds;
  for (let i = 0; i < 300 && !bounds; i++) { // the map follows the journal
    const a = await v.get('/map/state?place=990200001');
    bounds = a.status === 200 ? JSON.parse(a.text).place.bounds : undefined;
    if (!bounds) await new Promise((r) => setTimeout(r, 100));
  }
  const [west, south, east, north] = bounds;
  assert.ok(west <= -71.1 && east >= -71.05 && south <= 42.3 && north >= 42.35, `${bounds}`);
  assert.ok(east - west < 0.5 && north - south < 0.5, `${bounds}`);
});
