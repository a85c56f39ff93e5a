// Photographs made for a test: a JPEG with EXIF (place, camera), a PNG that says it is huge, and things that are no photograph.
import { deflateSync } from 'node:zlib';
import { visitor } from './browser.mjs';

// One TIFF directory entry.
function entry(tag, type, count, value) {
  const b = Buffer.alloc(12);
  b.writeUInt16BE(tag, 0);
  b.writeUInt16BE(type, 2);
  b.writeUInt32BE(count, 4);
  if (Buffer.isBuffer(value)) value.copy(b, 8);
  else b.writeUInt32BE(value, 8);
  return b;
}

function directory(entries) {
  const n = Buffer.alloc(2);
  n.writeUInt16BE(entries.length, 0);
  return Buffer.concat([n, ...entries, Buffer.alloc(4)]);
}

function angle(degrees) {
  const whole = Math.floor(degrees);
  const minutes = Math.floor((degrees - whole) * 60);
  const b = Buffer.alloc(24);
  [whole, 1, minutes, 1, Math.round(((degrees - whole) * 60 - minutes) * 60 * 100), 100].forEach((v, i) => b.writeUInt32BE(v, i * 4));
  return b;
}

// APP1 with the camera's name and where the picture was taken.
export function exif({ lon, lat, camera = 'Secret Camera' }) {
  const name = Buffer.from(`${camera}\0`);
  const head = Buffer.from('MM\0*\0\0\0\x08', 'latin1');
  const first = 8 + 2 + 2 * 12 + 4;
  const gps = first + name.length;
  const angles = gps + 2 + 4 * 12 + 4;
  const text = (s) => Buffer.from(`${s}\0\0\0`);
  const tiff = Buffer.concat([
    head,
    directory([entry(0x0110, 2, name.length, first), entry(0x8825, 4, 1, gps)]),
    name,
    directory([entry(1, 2, 2, text(lat < 0 ? 'S' : 'N')), entry(2, 5, 3, angles), entry(3, 2, 2, text(lon < 0 ? 'W' : 'E')), entry(4, 5, 3, angles + 24)]),
    angle(Math.abs(lat)), angle(Math.abs(lon)),
  ]);
  const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length + 2);
  return Buffer.concat([Buffer.from([0xff, 0xe1]), length, body]);
}

// A small JPEG as a browser draws it; with `place` it says where it was taken.
export async function jpeg(server, { width = 320, height = 240, place } = {}) {
  const { page, context } = await visitor(server);
  await page.goto('/help');
  const base64 = await page.evaluate(([w, h]) => {
    const canvas = document.createElement('canvas');
    canvas.width = w;
    canvas.height = h;
    const c = canvas.getContext('2d');
    c.fillStyle = '#468';
    c.fillRect(0, 0, w, h);
    c.fillStyle = '#fd6';
    c.fillRect(w / 4, h / 4, w / 2, h / 2);
    return canvas.toDataURL('image/jpeg', 0.8).split(',')[1];
  }, [width, height]);
  await context.close();
  const plain = Buffer.from(base64, 'base64');
  return place ? Buffer.concat([plain.subarray(0, 2), exif(place), plain.subarray(2)]) : plain;
}

function crc32(bytes) {
  let c = -1;
  for (const b of bytes) {
    c ^= b;
    for (let i = 0; i < 8; i++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return (c ^ -1) >>> 0;
}

export function chunk(type, data) {
  const b = Buffer.alloc(12 + data.length);
  b.writeUInt32BE(data.length, 0);
  b.write(type, 4, 'latin1');
  data.copy(b, 8);
  b.writeUInt32BE(crc32(b.subarray(4, 8 + data.length)), 8 + data.length);
  return b;
}

// A PNG of one colour: it may say that it is of any size.
export function png(width, height) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0], 8); // 8 bits, grey
  const rows = Math.min(height, 1000);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.alloc((width + 1) * rows, 0), { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
}
