// node supercluster.mjs FOLDER ROUNDS: clusters the points of FOLDER/points.csv and encodes the tiles of FOLDER/tiles.csv; prints lines for bench_map.c.
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import Supercluster from 'supercluster';
import vtpbf from 'vt-pbf';

const [folder, rounds] = [process.argv[2], Number(process.argv[3])];
const world = 4294967296;
const points = [];
for await (const line of createInterface({ input: createReadStream(`${folder}/points.csv`) })) {
	const [id, x, y] = line.split(',', 3).map(Number);
	const lat = (Math.atan(Math.sinh(Math.PI * (1 - (2 * (y + 0.5)) / world))) * 180) / Math.PI;
	points.push({ type: 'Feature', geometry: { type: 'Point', coordinates: [((x + 0.5) / world) * 360 - 180, lat] }, properties: { id } });
}
const began = performance.now();
const index = new Supercluster({ radius: 40, extent: 512, maxZoom: 16 });
index.load(points);
console.log(`build ${(performance.now() - began) / 1000}`);

let features = 0;
const tiles = readFileSync(`${folder}/tiles.csv`, 'utf8').trim().split('\n').map((l) => l.split(',').map(Number));
for (const [i, z, x, y] of tiles) {
	let best = Infinity;
	let n = 0;
	for (let r = 0; r < rounds; r++) {
		const t0 = performance.now();
		const tile = index.getTile(z, x, y);
		if (tile) vtpbf.fromGeojsonVt({ matters: tile }, { version: 2 });
		best = Math.min(best, performance.now() - t0);
		n = tile ? tile.features.length : 0;
	}
	features += n / tiles.length;
	console.log(`ms 0 ${i} ${best} 0`);
}
console.log(`features ${features}`);
