// A day or a month once more, at a chosen speed: points appear when they came in and go when they were done. The numbers beside the map stay those
// of now, and so does the wall in the end: a replay that nobody attends to any more gives way to the present by itself.
import { MATTERS } from "./base.mjs";
import { $, clockOf, dayOf, number, word } from "./dom.mjs";
import { getJSON } from "./live.mjs";

const DAY = 86_400_000;
const AFTER_END = 15_000, AFTER_PAUSE = 300_000; // ms until it is over by itself
const DRAWN_EVERY = 100;                         // ms; a large town has thousands of points

export function replay({ map, place, now, ended }) {
	const bar = $("#replay"), slider = $("#replay-at"), said = $("#replay-when");
	let events = [], each = 1, open = new Map(), next = 0, from, to, at, frame, before, drawn = 0, idle, asked = 0, on = false, playing = false;

	function show() {
		const source = map()?.getSource("replay"), all = [...open.values()], late = all.reduce((n, f) => n + f.properties.late, 0);

		drawn = performance.now();
		source?.setData({ type: "FeatureCollection", features: all });
		said.textContent = `${dayOf(at)} ${clockOf(at)} · ${word("open-n", number(all.length * each))} · ${word("late-n", number(late * each))}`;
		slider.value = Math.round(1000 * (at - from) / (to - from));
		slider.setAttribute("aria-valuetext", said.textContent);
	}
	function rest(ms) {
		clearTimeout(idle);
		if (ms) idle = setTimeout(end, ms);
	}
	// events are in order of time, so going forward only applies what lies between; going back begins anew
	function seek(when, all = true) {
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
		if (all || performance.now() - drawn >= DRAWN_EVERY) show();
	}
	function step(t) {
		// a slow machine shows fewer pictures, not a slower day; one that slept goes on where it was
		const passed = Math.min(1000, t - before), then = Math.min(to, at + passed * Number($("#replay-speed").value));

		before = t;
		seek(then, then >= to);
		if (at >= to) {
			pause();
			rest(AFTER_END);
		} else if (playing) frame = requestAnimationFrame(step);
	}
	function pause() {
		playing = false;
		rest(AFTER_PAUSE);
		cancelAnimationFrame(frame);
		$("#replay-play").textContent = word("play");
	}
	function play() {
		if (at >= to) seek(from);
		rest(0);
		playing = true;
		before = performance.now();
		$("#replay-play").textContent = word("pause");
		frame = requestAnimationFrame(step);
	}
	function layers(visible) {
		const m = map();

		if (!m) return;
		for (const l of MATTERS) m.setLayoutProperty(l, "visibility", visible ? "none" : "visible");
		if (visible && !m.getSource("replay")) {
			m.addSource("replay", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
			m.addLayer({ id: "replay", type: "symbol", source: "replay", layout: { "icon-allow-overlap": true, "icon-ignore-placement": true, "icon-size": 0.6,
				"icon-image": ["case", [">", ["get", "late"], 0], "shape-late", "shape-act"], "symbol-sort-key": ["get", "late"] } });
		} else if (!visible && m.getSource("replay")) {
			m.removeLayer("replay");
			m.removeSource("replay");
		}
	}
	async function begin(days) {
		end();
		const mine = ++asked;
		to = now();
		from = to - days * DAY;
		$("#replay-speed").value = days > 1 ? "86400" : "3600"; // half a minute each
		said.textContent = word("loading");
		bar.hidden = false;
		try {
			const answer = await getJSON(`/map/replay?from=${from}&to=${to}${place() ? `&place=${encodeURIComponent(place())}` : ""}`);
			if (mine !== asked) return;
			({ events, each } = answer);
			on = true;
			document.documentElement.classList.add("is-replay");
			layers(true);
			at = to;
			seek(from);
			$("#replay-cut").hidden = each === 1;
			$("#replay-cut").textContent = word("replay-each", number(each));
			play();
		} catch {
			if (mine === asked) said.textContent = word("replay-failed");
		}
	}
	function end() {
		asked++;
		pause();
		rest(0);
		document.documentElement.classList.remove("is-replay");
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
