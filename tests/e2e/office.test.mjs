// The exported workbook in office programs: LibreOffice opens it without a word and shows the cells of the CSV; what Excel insists on
// (it cannot run here) is looked up in the parts of the file, after ECMA-376 Part 1.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { assert, test } from './lib/test.mjs';
import { world } from './lib/server.mjs';
import { officeHours, report, staff } from './lib/desk.mjs';
import { run } from './lib/shell.mjs';
import { unzip } from './lib/zip.mjs';

const soffice = (process.env.PATH ?? '').split(':').map((d) => path.join(d, 'soffice')).find((f) => existsSync(f));

let server;
let xlsx;
let csv;
let map; // the files of the map
export const before = async () => {
  server = await world();
  await officeHours(server);
  await report(server, { what: '=HYPERLINK("http://evil.example","点我") 路灯不亮\n第二行，带"引号"' });
  await report(server, { what: '+86 13812345678 打不通，<b>着急</b> & 担心' });
  const v = await staff(server, 'dispatcher');
  xlsx = (await v.get('/cases.xlsx')).bytes;
  csv = (await v.get('/cases.csv')).text;
  map = { csv: (await v.get('/map/export.csv')).text, geojson: (await v.get('/map/export.geojson')).text, ogc: (await v.get('/ogc/collections/matters/items')).text };
};
export const after = () => server.stop();

// RFC 4180: quotes, line breaks inside them.
function cells(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.replace(/^\ufeff/, '').matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1).push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === '') break;
    if (end !== ',') rows.push([]);
  }
  return rows.filter((r) => r.length > 1);
}

test('LibreOffice opens the workbook without a warning, and shows the cells of the CSV', async () => {
  if (!soffice) {
    console.log('# skipped: LibreOffice (soffice) is not installed, so nobody opened the workbook');
    return;
  }
  const dir = path.join(server.dir, 'office');
  mkdirSync(dir, { recursive: true });
  const file = path.join(dir, 'list.xlsx');
  writeFileSync(file, xlsx);
  // comma, quote, UTF-8, from line 1, texts in quotes, as shown
  const { text } = await run(soffice, [`-env:UserInstallation=file://${dir}/profile`, '--headless', '--norestore', '--convert-to',
    'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true', '--outdir', dir, file], { env: { ...process.env, HOME: dir }, seconds: 100 });
  const said = text.replace(/^Warning: failed to launch javaldx.*$/m, ''); // of the installation (no Java), not of the file
  assert.doesNotMatch(said, /warning|error|repair|corrupt|failed/i, text);
  const shown = cells(readFileSync(path.join(dir, 'list.csv'), 'utf8'));
  const ours = cells(csv);
  assert.ok(ours.length > 20, `only ${ours.length} rows`);
  assert.equal(shown.length, ours.length);
  // a spreadsheet program would calculate a CSV's text that looks like a formula, so the CSV has an apostrophe before it, and a TAB before a long code
  const plain = (s) => s.replace(/^'(?=[=+\-@])/, '').replace(/^\t(?=\d+$)/, '').replace(/\r\n/g, '\n');
  for (const [i, row] of ours.entries()) assert.deepEqual(shown[i].map(plain), row.map(plain), `row ${i + 1}`);
});

test('both CSV files in a spreadsheet: codes keep all of their digits, nothing is calculated', async () => {
  if (!soffice) return console.log('# skipped: LibreOffice (soffice) is not installed');
  const dir = path.join(server.dir, 'office-csv');
  mkdirSync(dir, { recursive: true });
  for (const [name, text, id, code] of [['list', csv, '序号', '地点代码'], ['map', map.csv, '编号', '地点代码']]) {
    assert.ok(text.startsWith('\ufeff'), 'no BOM: Excel takes it for GBK');
    writeFileSync(path.join(dir, `${name}.csv`), text);
    mkdirSync(path.join(dir, 'out'), { recursive: true });
    // opened as a double click opens it: any column may become a number
    await run(soffice, [`-env:UserInstallation=file://${dir}/profile`, '--headless', '--norestore', '--infilter=CSV:44,34,76,1,,0,false,false', '--convert-to',
      'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true', '--outdir', path.join(dir, 'out'), path.join(dir, `${name}.csv`)],
    { env: { ...process.env, HOME: dir }, seconds: 100 });
    const was = cells(text), is = cells(readFileSync(path.join(dir, 'out', `${name}.csv`), 'utf8'));
    assert.equal(is.length, was.length);
    for (const column of [id, code].map((t) => was[0].indexOf(t))) {
      assert.ok(column >= 0);
      for (let i = 1; i < was.length; i++) assert.equal(is[i][column].trim(), was[i][column].trim(), `${name} row ${i + 1}`);
      assert.ok(was.slice(1).some((r) => /^\t\d{12,}$/.test(r[column])), `${name}: no long code in column ${column}`);
    }
    assert.ok(is.some((r) => r.some((c) => c.startsWith("'=HYPERLINK"))), `${name}: the formula was calculated`);
  }
});

test.main('titles in what leaves the platform are masked: files of the list, of the map, and OGC API', () => {
  for (const [name, text] of Object.entries({ csv, ...map })) {
    assert.match(text, /打不通/, name);
    assert.doesNotMatch(text, /13812345678/, name);
  }
});

test('the parts of the workbook are what Excel opens without repairing it', () => {
  const parts = unzip(xlsx);
  const types = parts.get('[Content_Types].xml');
  const overrides = new Set([...types.matchAll(/<Override PartName="\/([^"]+)"/g)].map((m) => m[1]));
  const defaults = new Set([...types.matchAll(/<Default Extension="([^"]+)"/g)].map((m) => m[1]));
  for (const name of parts.keys()) {
    if (name === '[Content_Types].xml') continue;
    assert.ok(overrides.has(name) || defaults.has(name.split('.').at(-1)), `${name} has no content type`);
  }
  for (const name of overrides) assert.ok(parts.has(name), `${name} is named and is not there`);
  // every relationship leads somewhere, and nowhere outside
  for (const [name, text] of parts) {
    if (!name.endsWith('.rels')) continue;
    const base = path.posix.dirname(path.posix.dirname(name));
    for (const [, target] of text.matchAll(/Target="([^"]+)"/g)) {
      assert.doesNotMatch(target, /^[a-z]+:/, `${name} leads outside`);
      assert.ok(parts.has(target.startsWith('/') ? target.slice(1) : path.posix.join(base, target)), `${name}: ${target}`);
    }
  }
  const sheets = [...parts.get('xl/workbook.xml').matchAll(/<sheet name="([^"]+)"/g)].map((m) => m[1]);
  assert.ok(sheets.length > 0);
  for (const s of sheets) {
    assert.ok(s.length <= 31, `a sheet's name is longer than 31 characters: ${s}`);
    assert.doesNotMatch(s, /[[\]:*?/\\]/);
  }
  const styles = Number(parts.get('xl/styles.xml').match(/<cellXfs count="(\d+)"/)[1]);
  const strings = (parts.get('xl/sharedStrings.xml') ?? '').match(/<si>/g)?.length ?? 0;
  for (const [name, text] of parts) {
    if (!name.startsWith('xl/worksheets/sheet')) continue;
    let row = 0;
    assert.doesNotMatch(text, /<f[ >]/, 'a formula stands in the sheet');
    for (const [, number, body] of text.matchAll(/<row r="(\d+)"[^>]*>([\s\S]*?)<\/row>/g)) {
      assert.ok(Number(number) > row, `${name}: rows are out of order at ${number}`);
      row = Number(number);
      let column = 0;
      for (const [, letters, at, attributes, value] of body.matchAll(/<c r="([A-Z]+)(\d+)"([^>]*?)(?:\/>|>([\s\S]*?)<\/c>)/g)) {
        const n = [...letters].reduce((sum, c) => sum * 26 + c.charCodeAt(0) - 64, 0);
        assert.equal(at, number);
        assert.ok(n > column, `${name}: cells are out of order at ${letters}${at}`);
        column = n;
        assert.ok(Number(attributes.match(/ s="(\d+)"/)?.[1] ?? 0) < styles, `${letters}${at} has a style that is not there`);
        if (/ t="s"/.test(attributes)) assert.ok(Number(value.match(/<v>(\d+)<\/v>/)[1]) < strings, `${letters}${at} has a text that is not there`);
      }
    }
    assert.ok(row > 20, 'the sheet is nearly empty');
  }
  for (const [name, text] of parts) {
    // XML 1.0, 2.2: no control characters; Excel, 32767 characters a cell
    for (let i = 0; i < text.length; i++) assert.ok(text.charCodeAt(i) >= 32 || '\t\n\r'.includes(text[i]), `${name} holds a control character`);
    for (const [, t] of text.matchAll(/<t[^>]*>([\s\S]*?)<\/t>/g)) assert.ok(t.length <= 32767, `${name}: a text is too long for a cell`);
  }
});
