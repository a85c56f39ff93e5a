// The map itself, for wall and desk: boundaries, matters as cells or points, names. Tiles come from this server only.
import * as maplibre from "maplibre-gl";
import { word, zoomOfText } from "./dom.mjs";

maplibre.setWorkerUrl(document.querySelector("#worker")?.href ?? "/static/dist/worker.mjs");

export const hasWebGL = () => {
	try {
		return !!document.createElement("canvas").getContext("webgl2");
	} catch {
		return false;
	}
};

const absolute = (path) => new URL(path, location.href).href.replace(/%7B/g, "{").replace(/%7D/g, "}");
export const tiles = (layer, query) => [absolute(`/tiles/${layer}/{z}/{x}/{y}.mvt${query ? `?${query}` : ""}`)];

// One of four values for a cell or point: late before soon before in time; a cell that holds only closed matters is quiet.
const byWorst = (v) => ["case",
	["has", "colour"], ["match", ["get", "colour"], 3, v[3], 2, v[2], 1, v[1], v[0]],
	[">", ["coalesce", ["get", "late"], 0], 0], v[3],
	[">", ["coalesce", ["get", "soon"], 0], 0], v[2],
	[">", ["coalesce", ["get", "ok"], 0], 0], v[1],
	v[0]];
const worst = (c) => byWorst(c.clock);

// Colours mean something and never alone: late is a triangle, soon half a disc, in time a disc, without a clock a ring, as in every list.
const SHAPES = ["shape-none", "shape-ok", "shape-soon", "shape-late"], SHAPE_SIZE = 26;

export function drawShape(g, name, x, y, r, c) {
	const kind = SHAPES.indexOf(name), colour = name === "shape-act" ? c.act : c.clock[kind];
	const disc = (from, to) => {
		g.beginPath();
		g.arc(x, y, r, from, to);
		g.closePath();
	};

	g.lineWidth = r / 5;
	g.lineJoin = "round";
	g.strokeStyle = c.ground;
	g.fillStyle = colour;
	if (kind === 3) {
		g.beginPath();
		g.moveTo(x, y - r * 1.08);
		g.lineTo(x + r * 1.08, y + r * 0.85);
		g.lineTo(x - r * 1.08, y + r * 0.85);
		g.closePath();
		g.stroke();
		g.fill();
		return;
	}
	disc(0, 7);
	g.stroke();
	if (kind === 1 || kind < 0) g.fill();
	else {
		g.fillStyle = c.land;
		g.fill();
		g.fillStyle = colour;
		if (kind === 2) {
			disc(Math.PI / 2, Math.PI * 1.5);
			g.fill();
		}
		g.strokeStyle = colour;
		g.lineWidth = r / 3.2;
		g.beginPath();
		g.arc(x, y, r * 0.84, 0, 7);
		g.stroke();
	}
}

function giveShapes(map, c, k) {
	map.on("style.load", () => {
		for (const id of [...SHAPES, "shape-act"]) {
			const size = Math.ceil(SHAPE_SIZE * k * 2), canvas = document.createElement("canvas"), g = canvas.getContext("2d");

			canvas.width = canvas.height = size;
			drawShape(g, id, size / 2, size / 2, size * 11 / SHAPE_SIZE, c);
			map.addImage(id, g.getImageData(0, 0, size, size), { pixelRatio: 2 });
		}
	});
}
const count = ["coalesce", ["get", "n"], 1];
// What stands in a circle: 9,999 at most, then tens of thousands (万) or thousands.
const short = () => (document.documentElement.lang.startsWith("en")
	? ["case", [">=", count, 10000], ["concat", ["to-string", ["round", ["/", count, 1000]]], "k"], ["to-string", count]]
	: ["case", [">=", count, 10000], ["concat", ["to-string", ["/", ["round", ["/", count, 1000]], 10]], "万"], ["to-string", count]]);

// Streets, water and green of the imported extract (`ground`: its edition), beneath everything that matters: quiet, and names only where one looks for a street.
function groundLayers(c) {
	const rank = ["get", "rank"], source = "ground";
	const byRank = (...v) => ["match", rank, ...v.slice(0, -1).flatMap((w, i) => [i + 1, w]), v.at(-1)];
	const width = ["interpolate", ["exponential", 1.6], ["zoom"], 6, byRank(0.8, 0.4, 0.2), 11, byRank(1.8, 1.2, 0.9, 0.6, 0.4),
		15, byRank(6, 5, 4, 3.2, 2.2, 0.8), 19, byRank(34, 28, 24, 20, 16, 5)];
	const line = (id, layer, color, lineWidth, more = {}) => ({ id: `ground-${id}`, type: "line", source, "source-layer": layer, ...more,
		layout: { "line-cap": "round", "line-join": "round", ...more.layout }, paint: { "line-color": color, "line-width": lineWidth, ...more.paint } });
	const name = (id, layer, color, halo, more) => ({ id: `ground-${id}`, type: "symbol", source, "source-layer": layer, ...more, filter: ["has", "name"],
		layout: { "text-field": ["get", "name"], "text-size": 12 * zoomOfText(), "text-letter-spacing": 0.08, "text-padding": 24, ...more?.layout },
		paint: { "text-color": color, "text-halo-color": halo, "text-halo-width": 1.2 } });
	const below = ["==", ["get", "tunnel"], true];

	return {
		flat: [
			{ id: "ground-green", type: "fill", source, "source-layer": "green", paint: { "fill-color": c.green } },
			{ id: "ground-water", type: "fill", source, "source-layer": "water", paint: { "fill-color": c.water } },
			line("waterway", "waterway", c.water, ["interpolate", ["exponential", 1.5], ["zoom"], 8, byRank(0.8, 0.5, 0.3), 15, byRank(4, 3, 1.2)],
				{ filter: ["!", below] }),
			line("rail", "rail", c.rail, ["interpolate", ["linear"], ["zoom"], 9, 0.6, 16, 2], { filter: ["!", below], layout: { "line-cap": "butt" },
				paint: { "line-dasharray": [4, 2] } }),
			line("tunnel", "road", c.road, width, { filter: below, layout: { "line-cap": "butt" }, paint: { "line-opacity": 0.5, "line-dasharray": [2, 1] } }),
			line("road", "road", ["case", ["<=", rank, 3], c.road2, c.road], width, { filter: ["!", below], layout: { "line-sort-key": ["-", 0, rank] } }),
		],
		names: [
			name("water-name", "water", c.water2, c.water, { layout: { "text-max-width": 6 } }),
			name("river-name", "waterway", c.water2, c.land, { layout: { "symbol-placement": "line", "symbol-spacing": 400 } }),
			name("road-name", "road", c.text2, c.land, { minzoom: 12, layout: { "symbol-placement": "line", "symbol-spacing": 320, "symbol-sort-key": rank } }),
		],
	};
}

export function style(c, { matters, background, ground, boundaries = false, names = true }) {
	const layers = [{ id: "ground", type: "background", paint: { "background-color": c.ground } }];
	const sources = {}, k = zoomOfText();
	const byCount = (few, many) => ["interpolate", ["linear"], ["ln", ["+", count, 1]], 0.7, few, 12, many];

	if (background) {
		sources.background = { type: "raster", tiles: [background], tileSize: 256 };
		layers.push({ id: "background", type: "raster", source: "background" });
	}
	// a background from outside has streets of its own
	const under = ground && !background ? groundLayers(c) : { flat: [], names: [] };
	if (under.flat.length) sources.ground = { type: "vector", tiles: tiles("background", `v=${ground}`), minzoom: 4, maxzoom: 15 };
	if (boundaries) {
		const areas = (level) => ({ type: "vector", tiles: tiles("boundaries", level && `level=${level}`), minzoom: 3, maxzoom: 16 });
		const line = (id, source, color, width, more) => ({ id, type: "line", source, "source-layer": "boundaries", ...more,
			paint: { "line-color": color, "line-width": width, ...more?.paint } });

		const borders = (id, source, color, width, more) => [
			line(`${id}-cell`, source, color, width, { ...more, filter: ["get", "cell"], paint: { "line-dasharray": [3, 3] } }),
			line(id, source, color, width, { ...more, filter: ["!", ["get", "cell"]] })];

		sources.boundaries = areas();
		sources.districts = areas("district");
		sources.towns = areas("town");
		layers.push(
			{ id: "land", type: "fill", source: "districts", "source-layer": "boundaries", paint: { "fill-color": c.land, "fill-opacity": background ? 0 : 1 } },
			...under.flat,
			// derived cells are dashed: 示意, no border that anybody has surveyed
			...borders("borders", "boundaries", c.edgeSoft, k),
			...borders("borders-town", "towns", c.edge, ["interpolate", ["linear"], ["zoom"], 10, 0.8 * k, 16, 2 * k], { minzoom: 10 }),
			...borders("borders-district", "districts", c.edge, ["interpolate", ["linear"], ["zoom"], 6, 0.8 * k, 12, 2 * k, 16, 3 * k]));
		layers.push(...under.names);
		if (names) layers.push({ id: "border-names", type: "symbol", source: "boundaries", "source-layer": "boundaries", minzoom: 9,
				layout: { "text-field": ["get", "name"], "text-size": 12 * k, "text-max-width": 7, "text-padding": 8 },
				paint: { "text-color": c.text2, "text-halo-color": c.land, "text-halo-width": 1.2 } });
	}
	if (!boundaries) layers.push(...under.flat, ...under.names);
	sources.matters = { type: "vector", tiles: tiles("matters", `${matters ? `${matters}&` : ""}by=colour`), minzoom: 0, maxzoom: 18 };
	sources.here = { type: "geojson", data: { type: "FeatureCollection", features: [] } };
	layers.push(
		{ id: "matters-glow", type: "circle", source: "matters", "source-layer": "matters", maxzoom: 13,
			filter: [">", count, 1],
			paint: { "circle-color": worst(c), "circle-opacity": 0.16, "circle-blur": 0.8,
				"circle-radius": ["interpolate", ["linear"], ["ln", ["+", count, 1]], 0.7, 7 * k, 9, 34 * k] } },
		{ id: "matters", type: "circle", source: "matters", "source-layer": "matters",
			// what a finger meets; what the eye sees is the shape above
			paint: { "circle-color": c.ground, "circle-opacity": 0.01, "circle-radius": byCount(6 * k, 11 * k) } },
		{ id: "matters-shape", type: "symbol", source: "matters", "source-layer": "matters",
			layout: { "icon-image": byWorst(SHAPES), "icon-size": byCount(5.5 / 11, 1), "icon-allow-overlap": true, "icon-ignore-placement": true,
				"symbol-sort-key": byWorst([0, 1, 2, 3]) } },
		{ id: "matters-n", type: "symbol", source: "matters", "source-layer": "matters", filter: [">", count, 9],
			layout: { "text-field": short(), "text-size": 11 * k, "text-allow-overlap": false, "symbol-sort-key": ["-", 0, count] },
			paint: { "text-color": c.ground, "text-halo-color": worst(c), "text-halo-width": 2 * k } },
		{ id: "here", type: "circle", source: "here",
			paint: { "circle-radius": 12 * k, "circle-color": "rgba(0,0,0,0)", "circle-stroke-width": 3 * k, "circle-stroke-color": c.act } });
	return { version: 8, sources, layers };
}

export function makeMap(container, c, options) {
	const map = new maplibre.Map({
		container, style: style(c, options), bounds: options.bounds, center: options.center ?? [106.55, 29.56], zoom: options.zoom ?? 8,
		fitBoundsOptions: { padding: 40, animate: false }, minZoom: 3, maxZoom: 19, attributionControl: false, dragRotate: false, pitchWithRotate: false,
		maxTileCacheSize: 200, fadeDuration: 0, refreshExpiredTiles: false,
		locale: { "NavigationControl.ZoomIn": word("zoom-in"), "NavigationControl.ZoomOut": word("zoom-out"), "Map.Title": word("map") },
	});

	giveShapes(map, c, zoomOfText());
	map.touchZoomRotate.disableRotation();
	return map;
}

// Layers that show the matters of the moment.
export const MATTERS = ["matters", "matters-glow", "matters-shape", "matters-n"];

// Says so as long as a border is in sight that nobody has surveyed: 示意, derived from points (dashed) or traced by hand.
export function sayRough(map, element) {
	const layers = ["borders", "borders-cell", "borders-town", "borders-town-cell", "borders-district", "borders-district-cell"];

	map.on("idle", () => {
		const shown = layers.filter((l) => map.getLayer(l));
		element.hidden = !map.queryRenderedFeatures({ layers: shown }).some((f) => f.properties.cell || f.properties.rough);
	});
}

// New tiles without a blank moment: the same addresses are asked again, most are answered with "not modified", and old tiles stay until
// the new ones are there.
export const refresh = (map) => map.getSource("matters") && map.refreshTiles("matters");

// Another filter: other addresses.
export const show = (map, matters) => map.getSource("matters")?.setTiles(tiles("matters", `${matters ? `${matters}&` : ""}by=colour`));

// "west,south,east,north" of the pixels around a point of the screen.
export function boxAround(map, point, pixels) {
	const a = map.unproject([point.x - pixels, point.y + pixels]), b = map.unproject([point.x + pixels, point.y - pixels]);

	return [a.lng, a.lat, b.lng, b.lat].map((v) => v.toFixed(6)).join(",");
}

export { maplibre };
