// A day or a month once more, at a chosen speed: points appear when they came in and fade when they were done.
import { dark } from "./colours.mjs";
import { $, clockOf, dayOf, word } from "./dom.mjs";
import { getJSON } from "./live.mjs";

const DAY = 86_400_000;

export function replay({ map, place, ended }) {
	const bar = $("#replay"), slider = $("#replay-at"), said = $("#replay-when");
	let events = [], open = new Map(), next = 0, from, to, at, frame, before, on = false, playing = false;

	function show() {
		const source = map()?.getSource("replay");

		source?.setData({ type: "FeatureCollection", features: [...open.values()] });
		said.textContent = `${dayOf(at)} ${clockOf(at)} · ${word("open-n", open.size)}`;
		slider.value = Math.round(1000 * (at - from) / (to - from));
	}
	// events are in order of time, so going forward only applies what lies between; going back begins anew
	function seek(when) {
		if (when < at) {
			open = new Map();
			next = 0;
		}
		at = when;
		for (; next < events.length && events[next].t <= at; next++) {
			const e = events[next];
			if (e.kind === "done") open.delete(e.id);
			else open.set(e.id, { type: "Feature", geometry: { type: "Point", coordinates: [e.lon, e.lat] }, properties: { late: e.kind === "late" ? 1 : 0 } });
		}
		show();
	}
	function step(now) {
		const passed = Math.min(100, now - before);

		before = now;
		seek(Math.min(to, at + passed * Number($("#replay-speed").value)));
		if (at >= to) pause();
		else if (playing) frame = requestAnimationFrame(step);
	}
	function pause() {
		playing = false;
		cancelAnimationFrame(frame);
		$("#replay-play").textContent = word("play");
	}
	function play() {
		if (at >= to) seek(from);
		playing = true;
		before = performance.now();
		$("#replay-play").textContent = word("pause");
		frame = requestAnimationFrame(step);
	}
	function layers(visible) {
		const m = map();

		if (!m) return;
		for (const l of ["matters", "matters-glow", "matters-n"]) m.setLayoutProperty(l, "visibility", visible ? "none" : "visible");
		if (visible && !m.getSource("replay")) {
			m.addSource("replay", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
			m.addLayer({ id: "replay", type: "circle", source: "replay", paint: { "circle-radius": 5,
				"circle-color": ["case", [">", ["get", "late"], 0], dark.clock[3], dark.act], "circle-stroke-width": 1, "circle-stroke-color": dark.ground } });
		} else if (!visible && m.getSource("replay")) {
			m.removeLayer("replay");
			m.removeSource("replay");
		}
	}
	async function begin(days) {
		to = Date.now();
		from = to - days * DAY;
		said.textContent = word("loading");
		bar.hidden = false;
		try {
			const answer = await getJSON(`/map/replay?from=${from}&to=${to}${place() ? `&place=${encodeURIComponent(place())}` : ""}`);
			events = answer.events;
			on = true;
			layers(true);
			at = to;
			seek(from);
			$("#replay-cut").hidden = !answer.cut;
			play();
		} catch {
			said.textContent = word("replay-failed");
		}
	}
	function end() {
		pause();
		layers(false);
		bar.hidden = true;
		events = [];
		open = new Map();
		if (on) ended();
		on = false;
	}
	for (const b of document.querySelectorAll("[data-replay]")) b.addEventListener("click", () => begin(Number(b.dataset.replay)));
	$("#replay-play").addEventListener("click", () => (playing ? pause() : play()));
	$("#replay-end").addEventListener("click", end);
	slider.addEventListener("input", () => {
		pause();
		seek(from + (to - from) * slider.value / 1000);
	});
	return { playing: () => on, end };
}
