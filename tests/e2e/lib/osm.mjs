// A made-up town as an OpenStreetMap extract, and two small writers: XML, and PBF with dense nodes and zlib blocks.
import { deflateSync } from 'node:zlib';

// Streets like a net drawn by hand, two named main roads, a motorway, a railway, a river with an island, a park and paths in it. Metres from the middle, east
// and north, become degrees.
export function town(lon, lat) {
  const nodes = [], ways = [], relations = [];
  const seen = new Map();
  let wave = 7;
  const noise = () => ((wave = (wave * 1103515245 + 12345) % 2147483648) / 2147483648 - 0.5);
  const node = (east, north) => {
    const key = `${Math.round(east)},${Math.round(north)}`;
    if (!seen.has(key)) {
      seen.set(key, nodes.length + 1);
      nodes.push({ id: nodes.length + 1, lon: lon + east / 96800, lat: lat + north / 111320 });
    }
    return seen.get(key);
  };
  const way = (points, tags) => ways.push({ id: ways.length + 1, refs: points.map(([e, n]) => node(e, n)), tags });
  const bend = (e, n) => [e + 60 * Math.sin(n / 400), n + 60 * Math.sin(e / 500)];
  const names = ['石门路', '大庆村路', '红石路', '东方家园路', '盘溪路', '建新西路', '渝北一支路', '松石支路', '红锦大道', '兴隆路'];

  // every second street is cut in two where it is crossed, as real ones are
  for (let i = -6; i <= 6; i++) {
    const kind = i === 0 ? 'primary' : i % 3 === 0 ? 'secondary' : i % 2 ? 'residential' : 'tertiary';
    const name = kind === 'residential' && i % 5 ? undefined : names[(i + 12) % names.length];
    for (const across of [false, true]) {
      const points = [];
      for (let k = -12; k <= 12; k++) points.push(across ? bend(k * 150, i * 260 + noise() * 8) : bend(i * 300 + noise() * 8, k * 150));
      const shown = points.filter(([e, n]) => n < 1250 + 0.1 * e);
      const tags = { highway: kind, ...(name ? { name: across ? name : name.replace('路', '街') } : {}) };
      const middle = Math.floor(shown.length / 2);
      way(shown.slice(0, middle + 1), tags);
      way(shown.slice(middle), tags);
    }
  }
  way(Array.from({ length: 30 }, (_, i) => [-2200 + i * 150, -900 + 300 * Math.sin(i / 6)]), { highway: 'trunk', name: '内环快速路' });
  way(Array.from({ length: 30 }, (_, i) => [-2200 + i * 150, -600 + 200 * Math.sin(i / 7 + 1)]), { railway: 'rail' });
  way(Array.from({ length: 20 }, (_, i) => [-200 + 30 * Math.sin(i), -1500 + i * 150]), { railway: 'subway', tunnel: 'yes' });

  // the river: two banks of two ways each, one of them backwards, and an island
  const bank = (side) => Array.from({ length: 24 }, (_, i) => [-2400 + i * 210, 1500 + 160 * Math.sin(i / 4) + side * (150 + 30 * Math.sin(i))]);
  const south = bank(-1), north = bank(1);
  const member = (points, tags) => (way(points, tags ?? {}), ways.length);
  const outer = [member(south.slice(0, 13)), member(south.slice(12)), member([south.at(-1), north.at(-1)]), member([...north]), member([north[0], south[0]])];
  const island = member([[300, 1560], [520, 1540], [600, 1590], [420, 1620], [300, 1560]]);
  relations.push({ id: 1, tags: { type: 'multipolygon', natural: 'water', water: 'river', name: '嘉陵江' },
    members: [...outer.map((ref) => ({ type: 'way', ref, role: 'outer' })), { type: 'way', ref: island, role: 'inner' }] });
  way(Array.from({ length: 24 }, (_, i) => [-2400 + i * 210, 1500 + 160 * Math.sin(i / 4)]), { waterway: 'river', name: '嘉陵江' });
  way([[620, 350], [1150, 330], [1180, 700], [900, 760], [640, 700], [620, 350]], { leisure: 'park', name: '石门公园' });
  way([[850, 480], [960, 500], [940, 590], [850, 570], [850, 480]], { natural: 'water', name: '荷塘' });
  for (let i = 0; i < 5; i++) way([[650 + i * 100, 380], [700 + i * 90, 520 + 30 * i], [660 + i * 110, 690]], { highway: 'footway' });
  way([[-900, -1900], [-700, -1200], [-820, -500], [-700, 200], [-850, 1290]], { waterway: 'stream', name: '盘溪河' });
  return { nodes, ways, relations };
}

// ---- XML ---------------------------------------------------------------------------------------------------------------

const escaped = (s) => String(s).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const tagged = (tags) => Object.entries(tags).map(([k, v]) => `<tag k="${escaped(k)}" v="${escaped(v)}"/>`).join('');

export const xml = ({ nodes, ways, relations }) => `<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6" generator="test">\n${
  nodes.map((n) => `<node id="${n.id}" lat="${n.lat.toFixed(7)}" lon="${n.lon.toFixed(7)}"/>\n`).join('')}${
  ways.map((w) => `<way id="${w.id}">${w.refs.map((r) => `<nd ref="${r}"/>`).join('')}${tagged(w.tags)}</way>\n`).join('')}${
  relations.map((r) => `<relation id="${r.id}">${r.members.map((m) => `<member type="${m.type}" ref="${m.ref}" role="${m.role}"/>`).join('')}${
    tagged(r.tags)}</relation>\n`).join('')}</osm>\n`;

// ---- PBF ---------------------------------------------------------------------------------------------------------------

function varint(value) {
  const bytes = [];
  for (let v = BigInt.asUintN(64, BigInt(value)); ; v >>= 7n) {
    if (v < 128n) return Buffer.from([...bytes, Number(v)]);
    bytes.push(Number(v & 127n) | 128);
  }
}
const zigzag = (v) => (BigInt(v) << 1n) ^ (BigInt(v) >> 63n);
const number = (field, v) => Buffer.concat([varint(field << 3), varint(v)]);
const bytes = (field, b) => Buffer.concat([varint((field << 3) | 2), varint(b.length), b]);
const list = (field, v) => (v.length ? bytes(field, Buffer.concat(v.map(varint))) : Buffer.alloc(0));
const differences = (field, v) => list(field, v.map((x, i) => zigzag(x - (i ? v[i - 1] : 0))));

function block(type, message) {
  const blob = Buffer.concat([number(2, message.length), bytes(3, deflateSync(message))]);
  const head = Buffer.concat([bytes(1, Buffer.from(type)), number(3, blob.length)]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(head.length);
  return Buffer.concat([size, head, blob]);
}

export function pbf({ nodes, ways, relations }) {
  const strings = [''];
  const string = (s) => (strings.includes(s) ? strings.indexOf(s) : strings.push(s) - 1);
  const pairs = (tags) => [list(2, Object.keys(tags).map(string)), list(3, Object.values(tags).map(string))];
  const units = (degrees) => Math.round(degrees * 1e7);
  const dense = bytes(2, Buffer.concat([differences(1, nodes.map((n) => n.id)), differences(8, nodes.map((n) => units(n.lat))),
    differences(9, nodes.map((n) => units(n.lon)))]));
  const data = (group) => block('OSMData', Buffer.concat([bytes(1, Buffer.concat(strings.map((s) => bytes(1, Buffer.from(s))))), bytes(2, group)]));
  const wayGroup = Buffer.concat(ways.map((w) => bytes(3, Buffer.concat([number(1, w.id), ...pairs(w.tags), differences(8, w.refs)]))));
  const relationGroup = Buffer.concat(relations.map((r) => bytes(4, Buffer.concat([number(1, r.id), ...pairs(r.tags),
    list(8, r.members.map((m) => string(m.role))), differences(9, r.members.map((m) => m.ref)), list(10, r.members.map(() => 1))]))));
  return Buffer.concat([block('OSMHeader', Buffer.concat([bytes(4, Buffer.from('OsmSchema-V0.6')), bytes(4, Buffer.from('DenseNodes'))])),
    data(dense), data(wayGroup), data(relationGroup)]);
}
