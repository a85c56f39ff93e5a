// The map itself, for wall and desk: boundaries, matters as cells or points, names. Tiles come from this server only.
import * as maplibre from "maplibre-gl";
import { word } from "./dom.mjs";

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

// How a cell or point is coloured: late before soon before in time; a cell that holds only closed matters is quiet.
const worst = (c) => ["case",
	["has", "colour"], ["match", ["get", "colour"], 3, c.clock[3], 2, c.clock[2], 1, c.clock[1], c.clock[0]],
	[">", ["coalesce", ["get", "late"], 0], 0], c.clock[3],
	[">", ["coalesce", ["get", "soon"], 0], 0], c.clock[2],
	[">", ["coalesce", ["get", "ok"], 0], 0], c.clock[1],
	c.clock[0]];
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
		layout: { "text-field": ["get", "name"], "text-size": 12, "text-letter-spacing": 0.08, "text-padding": 24, ...more?.layout },
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
	const sources = {};

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

		sources.boundaries = areas();
		sources.districts = areas("district");
		sources.towns = areas("town");
		layers.push(
			{ id: "land", type: "fill", source: "districts", "source-layer": "boundaries", paint: { "fill-color": c.land, "fill-opacity": background ? 0 : 1 } },
			...under.flat,
			// derived cells are dashed: 示意, no border that anybody has surveyed
			line("borders-cell", "boundaries", c.edgeSoft, 1, { filter: ["get", "cell"], paint: { "line-dasharray": [3, 3] } }),
			line("borders", "boundaries", c.edgeSoft, 1, { filter: ["!", ["get", "cell"]] }),
			line("borders-town", "towns", c.edge, ["interpolate", ["linear"], ["zoom"], 10, 0.8, 16, 2], { minzoom: 10 }),
			line("borders-district", "districts", c.edge, ["interpolate", ["linear"], ["zoom"], 6, 0.8, 12, 2, 16, 3]));
		layers.push(...under.names);
		if (names) layers.push({ id: "border-names", type: "symbol", source: "boundaries", "source-layer": "boundaries", minzoom: 9,
				layout: { "text-field": ["get", "name"], "text-size": 12, "text-max-width": 7, "text-padding": 8 },
				paint: { "text-color": c.text2, "text-halo-color": c.land, "text-halo-width": 1.2 } });
	}
	if (!boundaries) layers.push(...under.flat, ...under.names);
	sources.matters = { type: "vector", tiles: tiles("matters", `${matters ? `${matters}&` : ""}by=colour`), minzoom: 0, maxzoom: 18 };
	sources.here = { type: "geojson", data: { type: "FeatureCollection", features: [] } };
	layers.push(
		{ id: "matters-glow", type: "circle", source: "matters", "source-layer": "matters", maxzoom: 13,
			filter: [">", count, 1],
			paint: { "circle-color": worst(c), "circle-opacity": 0.16, "circle-blur": 0.8,
				"circle-radius": ["interpolate", ["linear"], ["ln", ["+", count, 1]], 0.7, 7, 9, 34] } },
		{ id: "matters", type: "circle", source: "matters", "source-layer": "matters",
			paint: { "circle-color": worst(c), "circle-opacity": 0.92,
				"circle-radius": ["interpolate", ["linear"], ["ln", ["+", count, 1]], 0.7, 5, 12, 11],
				"circle-stroke-width": 1, "circle-stroke-color": c.ground } },
		{ id: "matters-n", type: "symbol", source: "matters", "source-layer": "matters", filter: [">", count, 9],
			layout: { "text-field": short(), "text-size": 11, "text-allow-overlap": false, "symbol-sort-key": ["-", 0, count] },
			paint: { "text-color": c.ground, "text-halo-color": worst(c), "text-halo-width": 2 } },
		{ id: "here", type: "circle", source: "here",
			paint: { "circle-radius": 11, "circle-color": "rgba(0,0,0,0)", "circle-stroke-width": 3, "circle-stroke-color": c.act } });
	return { version: 8, sources, layers };
}

export function makeMap(container, c, options) {
	const map = new maplibre.Map({
		container, style: style(c, options), bounds: options.bounds, center: options.center ?? [106.55, 29.56], zoom: options.zoom ?? 8,
		fitBoundsOptions: { padding: 40, animate: false }, minZoom: 3, maxZoom: 19, attributionControl: false, dragRotate: false, pitchWithRotate: false,
		maxTileCacheSize: 200, fadeDuration: 0, refreshExpiredTiles: false,
		locale: { "NavigationControl.ZoomIn": word("zoom-in"), "NavigationControl.ZoomOut": word("zoom-out"), "Map.Title": word("map") },
	});

	map.touchZoomRotate.disableRotation();
	return map;
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
