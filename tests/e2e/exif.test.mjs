// The browser's reader of places in photographs (web/js/exif.js), without a browser: what it says of files that are right, cut, damaged and hostile.
// Seeded, so that a find can be found again: EXIF_SEED=n and EXIF_CASES=n for a longer run.
import { placeIn } from '../../web/js/exif.js';
import { chunk } from './lib/photo.mjs';
import { assert, test } from './lib/test.mjs';

const SEED = Number(process.env.EXIF_SEED ?? 20261128);
const CASES = Number(process.env.EXIF_CASES ?? 20_000);
const HEAD = 256 * 1024; // what it may look at
const SLOW = 250; // ms for one file, on a busy machine; the worst file takes two or three

// mulberry32
function random(seed) {
  let a = seed;
  const next = () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { next, below: (n) => Math.floor(next() * n), pick: (v) => v[Math.floor(next() * v.length)] };
}

// A File that tells how much of it was read.
function fileOf(bytes) {
  const seen = { to: 0 };
  return {
    seen,
    slice(from, to) {
      seen.to = Math.max(seen.to, to ?? bytes.length);
      const part = Uint8Array.from(bytes.subarray(from, to));
      return { arrayBuffer: async () => part.buffer };
    },
  };
}

// Whatever the file says: null or a place on the earth, soon, and from its beginning only. It throws nothing: what it threw would end here.
async function look(bytes, what) {
  const file = fileOf(bytes);
  const begun = process.cpuUsage();
  const at = await placeIn(file);
  const { user, system } = process.cpuUsage(begun); // of the processor: on a busy machine any file may wait
  const took = (user + system) / 1000;
  assert.ok(took < SLOW, `${what}: ${took.toFixed(0)} ms`);
  assert.ok(file.seen.to <= HEAD, `${what}: read up to ${file.seen.to}`);
  if (at === null) return null;
  assert.deepEqual(Object.keys(at).sort(), ['lat', 'lon'], what);
  assert.ok(Number.isFinite(at.lon) && Math.abs(at.lon) <= 180 && Number.isFinite(at.lat) && Math.abs(at.lat) <= 90, `${what}: ${JSON.stringify(at)}`);
  assert.ok(at.lon !== 0 || at.lat !== 0, `${what}: 0, 0 is what a camera without a fix writes`);
  return at;
}

// A TIFF with a place, in either order of bytes; `letters` false leaves the hemispheres out.
function tiff({ lon, lat, little = false, before = 0, letters = true }) {
  const u16 = (v) => { const b = Buffer.alloc(2); if (little) b.writeUInt16LE(v); else b.writeUInt16BE(v); return b; };
  const u32 = (v) => { const b = Buffer.alloc(4); if (little) b.writeUInt32LE(v); else b.writeUInt32BE(v); return b; };
  const entry = (tag, type, count, value) => Buffer.concat([u16(tag), u16(type), u32(count), Buffer.isBuffer(value) ? value : u32(value)]);
  const letter = (s) => Buffer.from(`${s}\0\0\0`);
  const angle = (v) => {
    const [degrees, rest] = [Math.floor(v), (v - Math.floor(v)) * 60];
    const seconds = Math.round((rest - Math.floor(rest)) * 60 * 10_000);
    return Buffer.concat([degrees, 1, Math.floor(rest), 1, seconds, 10_000].map(u32));
  };
  const fillers = Array.from({ length: before }, (_, i) => entry(0x100 + i, 3, 1, 0));
  const gps = 8 + 2 + (before + 1) * 12 + 4;
  const rows = [
    ...(letters ? [entry(1, 2, 2, letter(lat < 0 ? 'S' : 'N')), entry(3, 2, 2, letter(lon < 0 ? 'W' : 'E'))] : []),
  ];
  const angles = gps + 2 + (rows.length + 2) * 12 + 4;
  rows.push(entry(2, 5, 3, angles), entry(4, 5, 3, angles + 24));
  return Buffer.concat([
    Buffer.from(little ? 'II*\0' : 'MM\0*', 'latin1'), u32(8),
    u16(before + 1), ...fillers, entry(0x8825, 4, 1, gps), u32(0),
    u16(rows.length), ...rows, u32(0),
    angle(Math.abs(lat)), angle(Math.abs(lon)),
  ]);
}

const segment = (marker, body) => Buffer.concat([Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255]), body]);
const jpegOf = (body, others = []) => Buffer.concat([Buffer.from([0xff, 0xd8]), ...others,
  segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), body])), Buffer.from([0xff, 0xda, 0, 2]), Buffer.alloc(40, 7)]);
const pngOf = (body) => Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', Buffer.alloc(13)), chunk('eXIf', body), chunk('IEND', Buffer.alloc(0))]);

const somewhere = (r) => ({ lon: Math.round((r.next() * 359.8 - 179.9) * 1e6) / 1e6, lat: Math.round((r.next() * 179.8 - 89.9) * 1e6) / 1e6 });
const same = (at, place) => at && Math.abs(at.lon - place.lon) < 1e-6 && Math.abs(at.lat - place.lat) < 1e-6;

test('the place of a photograph: what a camera wrote is read, anywhere on earth, in either order of bytes', async () => {
  const r = random(SEED);
  for (let i = 0; i < 400; i++) {
    const place = somewhere(r);
    const body = tiff({ ...place, little: r.below(2) === 1, before: r.below(90) });
    const thumbnails = Array.from({ length: r.below(4) }, () => segment(0xe0 + r.below(16) || 0xe2, Buffer.alloc(r.below(900), r.below(256))));
    const bytes = r.below(2) ? jpegOf(body, thumbnails) : pngOf(body);
    assert.ok(same(await look(bytes, `case ${i}`), place), `case ${i}: ${JSON.stringify(place)}`);
  }
  // Hemispheres that are not said are north and east, whatever else stands in the file.
  for (const before of [0, 0x52, 0x56, 0x53, 0x57])
    for (const little of [true, false]) {
      const place = { lon: 106.5, lat: 29.5 };
      assert.ok(same(await look(jpegOf(tiff({ ...place, little, before, letters: false })), `no letters, ${before}`), place), `no letters, ${before} entries before`);
    }
});

test('the place of a photograph: cut anywhere, it is the true place or none', async () => {
  for (const little of [true, false]) {
    const place = { lon: -106.483611, lat: -29.571342 };
    for (const whole of [jpegOf(tiff({ ...place, little, before: 3 })), pngOf(tiff({ ...place, little }))])
      for (let n = 0; n <= whole.length; n++) {
        const at = await look(whole.subarray(0, n), `the first ${n} bytes`);
        assert.ok(at === null || same(at, place), `the first ${n} bytes: ${JSON.stringify(at)}`);
      }
  }
});

// Numbers that reach beyond the end, to the beginning, into themselves.
const EDGES = [0, 1, 2, 7, 8, 9, 0x7f, 0x80, 0xff, 0xfffe, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff];

function damage(r, bytes) {
  const out = Buffer.from(bytes);
  for (let k = 1 + r.below(6); k > 0; k--) {
    const at = r.below(out.length);
    switch (r.below(5)) {
      case 0: out[at] = r.below(256); break;
      case 1: out[at] ^= 1 << r.below(8); break;
      case 2: if (at + 2 <= out.length) out.writeUInt16BE(r.pick(EDGES) & 0xffff, at); break;
      case 3: if (at + 4 <= out.length) r.below(2) ? out.writeUInt32BE(r.pick(EDGES), at) : out.writeUInt32LE(r.pick(EDGES), at); break;
      default: out.copy(out, at, r.below(out.length), r.below(out.length)); break;
    }
  }
  return r.below(4) ? out : out.subarray(0, r.below(out.length));
}

test('the place of a photograph: damaged and hostile files end soon, in nothing or in a place on earth', async () => {
  const r = random(SEED + 1);
  const until = performance.now() + 60_000;
  let found = 0;
  let done = 0;
  for (; done < CASES && performance.now() < until; done++) {
    const body = tiff({ ...somewhere(r), little: r.below(2) === 1, before: r.below(5) });
    const bytes = damage(r, r.below(3) ? jpegOf(body) : pngOf(body));
    if (await look(bytes, `EXIF_SEED=${SEED} case ${done}: ${bytes.toString('hex')}`)) found++;
  }
  assert.ok(done >= Math.min(CASES, 2000), `only ${done} cases in a minute`);
  assert.ok(found > done / 100 && found < done, `${found} of ${done} still had a place: the damage is too small or too great`);
});

test('the place of a photograph: files made to keep a reader busy do not', async () => {
  const jpeg = Buffer.from([0xff, 0xd8]);
  const full = (b) => Buffer.concat([jpeg, Buffer.alloc(400_000, b)]);
  const self = tiff({ lon: 1, lat: 1 }); // its GPS directory is its first one, which points to itself
  self.writeUInt32BE(8, 8 + 2 + 8);
  const many = Buffer.alloc(70_000, 0); // a directory that claims 65,535 entries, and each of these the pointer to itself
  many.write('MM\0*\0\0\0\x08', 0, 'latin1');
  many.writeUInt16BE(0xffff, 8);
  for (let at = 10; at + 12 <= many.length; at += 12) many.set([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 8], at);
  const empty = Buffer.concat(Array.from({ length: 60_000 }, () => Buffer.from([0xff, 0xe1, 0, 2])));
  const chunks = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...Array.from({ length: 20_000 }, () => chunk('tEXt', Buffer.alloc(0)))]);
  const backwards = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from([0xff, 0xff, 0xff, 0xf4]), Buffer.from('eXIf'), Buffer.alloc(60)]);
  const worst = [full(0xff), full(0), full(0xe1), jpegOf(self), jpegOf(many.subarray(0, 65_000)), pngOf(many), Buffer.concat([jpeg, empty]), chunks, backwards,
    Buffer.alloc(0), jpeg, Buffer.alloc(11, 0xff), jpegOf(Buffer.alloc(0)), pngOf(Buffer.alloc(0)), pngOf(Buffer.from('MM\0*', 'latin1'))];
  for (const [i, bytes] of worst.entries()) assert.equal(await look(bytes, `file ${i}`), null, `file ${i}`);
  // what lies behind the part that is looked at is not there
  const place = { lon: 106.5, lat: 29.5 };
  const late = Array.from({ length: 6 }, () => segment(0xe2, Buffer.alloc(60_000)));
  assert.equal(await look(jpegOf(tiff(place), late), 'behind 360,000 bytes'), null);
  assert.ok(same(await look(jpegOf(tiff(place), late.slice(2)), 'behind 240,000 bytes'), place));
});
