// The search box of the wall and the desk map: names to places. Without this module it is a form that leads to a list (/map/find).
import { suggest } from "../../js/suggest.js";
import { $, still } from "./dom.mjs";
import { getJSON } from "./live.mjs";

export function find({ go, to = "" }) {
	const form = $("form.find"), input = $("#find");

	if (!form) return;
	const { find: address, some, none } = form.dataset;
	suggest(input, {
		ask: async (text, signal) => (await getJSON(`${address}?q=${encodeURIComponent(text)}${to && `&to=${to}`}`, signal)).rows,
		choose: (row) => {
			input.value = row.name;
			go(row);
		},
		first: true, some, none,
	});
}

// Moves there: a place is shown whole, a thing from near by.
export function moveTo(map, row) {
	const move = { padding: 40, maxZoom: 17, duration: still() ? 0 : 900 };

	if (row.box) map.fitBounds([[row.box[0], row.box[1]], [row.box[2], row.box[3]]], move);
	else if (row.lon !== undefined) map.easeTo({ center: [row.lon, row.lat], zoom: 16, duration: move.duration });
}

export const mark = (map, lon, lat) =>
	map.getSource("here")?.setData({ type: "Feature", geometry: { type: "Point", coordinates: [lon, lat] }, properties: {} });
