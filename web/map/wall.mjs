// The command centre's wall: /wall. It shows the present of one place and may hang for weeks: everything it keeps is bounded, everything
// it shows comes from one answer of the server, asked again when the journal moves.
import { chart } from "./lib/charts.mjs";
import { dark } from "./lib/colours.mjs";
import { $, clockOf, dayOf, el, number, setNumber, spanOf, still, word } from "./lib/dom.mjs";
import { find, mark, moveTo } from "./lib/find.mjs";
import { getJSON, live } from "./lib/live.mjs";
import { boxAround, hasWebGL, makeMap, maplibre, refresh, show } from "./lib/base.mjs";
import { replay } from "./lib/replay.mjs";

const root = $("#wall");
let place = root.dataset.place;
let state, map, hours, markers = new Map(), connection, player, asked = 0, seenUrgent = null;

const mattersQuery = () => `open=1${place ? `&place=${encodeURIComponent(place)}` : ""}`;

// ---- numbers and lists ---------------------------------------------------------------------------------------------

const colourWord = ["none", "ok", "soon", "late"];

function matterRow(m) {
	const colour = colourWord[m.colour] ?? "none";

	return el("li", {}, el("a", { href: `/cases/${m.id}`, class: "wrow", data: { id: m.id } },
		el("span", { class: `dot dot--${colour}`, role: "img", "aria-label": word(colour) }),
		el("span", { class: "wrow__t" }, m.title),
		el("span", { class: "wrow__m" }, `${m.place ?? ""} · ${m.state ?? ""} · ${word("ago", spanOf(state.now - m.created))}`)));
}

function fill(id, items, row, empty) {
	const list = $(id);

	list.replaceChildren(...(items?.length ? items.map(row) : [el("li", { class: "wempty" }, word(empty))]));
}

function showNumbers() {
	const o = state.open;

	for (const k of ["late", "soon", "ok", "none"]) {
		setNumber($(`#open-${k}`), o[k] ?? 0);
		$(`#bar-${k}`).style.flexGrow = o[k] ?? 0;
	}
	setNumber($("#open-all"), (o.late ?? 0) + (o.soon ?? 0) + (o.ok ?? 0) + (o.none ?? 0));
	for (const k of ["in", "done", "late"]) setNumber($(`#today-${k}`), state.today[k] ?? 0);
	// the weather of the day's work: more done than came in clears, the opposite clouds over
	const net = (state.today.done ?? 0) - (state.today.in ?? 0);
	const sky = (o.late ?? 0) > (state.today.done ?? 0) + 5 ? "storm" : net >= 0 ? "clear" : "cloud";
	root.dataset.sky = sky;
	$("#sky").textContent = word(`sky-${sky}`);
	$("#ungeocoded").textContent = state.unplaced ? word("unplaced", number(state.unplaced)) : "";
}

function showBoards() {
	const most = Math.max(1, ...state.boards.map((b) => b.open));

	fill("#boards", state.boards, (b) => el("li", { class: "wboard" },
		el("span", { class: "wboard__n" }, b.name),
		el("span", { class: "wboard__bar" },
			el("i", { class: "late", data: { w: b.late / most } }), el("i", { data: { w: (b.open - b.late) / most } })),
		el("span", { class: "wboard__v" }, number(b.open), b.late ? el("b", {}, ` ${word("late-n", number(b.late))}`) : "")), "no-boards");
	for (const i of document.querySelectorAll("#boards [data-w]")) i.style.width = `${100 * i.dataset.w}%`;
}

function showLists() {
	fill("#newest", state.newest, matterRow, "no-newest");
	fill("#oldest", state.oldest, matterRow, "no-oldest");
	fill("#duty", state.duty, (d) => el("li", { class: "wduty" },
		el("span", {}, d.post, d.since ? ` · ${word("since", clockOf(d.since))}` : ""), el("b", {}, d.name)), "no-duty");
	fill("#children", state.children, (c) => el("li", {}, el("button", { type: "button", class: "wchild", onclick: () => go(c.code) },
		el("span", {}, c.name), el("span", { class: "wchild__v" }, number(c.open), c.late ? el("b", {}, ` ${word("late-n", number(c.late))}`) : ""))), "no-children");
}

function showHead() {
	const path = state.place.path ?? [];

	document.title = `${state.place.name} · ${word("title")}`;
	$("#where").replaceChildren(...path.map((p, i) => el("button", { type: "button", "aria-current": i === path.length - 1 ? "page" : undefined,
		onclick: () => go(p.code) }, p.name)));
}

// A quiet alarm: a band that stays until it has been looked at, no sound, and said once to whoever listens to the page.
function showUrgent() {
	const now = new Set((state.urgent ?? []).map((m) => m.id));
	const fresh = seenUrgent === null ? [] : [...now].filter((id) => !seenUrgent.has(id));

	seenUrgent = now;
	const band = $("#urgent");
	band.hidden = now.size === 0;
	if (now.size) band.replaceChildren(el("strong", {}, word("urgent-n", now.size)),
		...state.urgent.slice(0, 3).map((m) => el("a", { href: `/cases/${m.id}` }, m.title)));
	if (fresh.length) band.classList.add("is-new");
	if (now.size === 0) band.classList.remove("is-new");
}

function showHours() {
	const h = state.hours ?? [];

	hours ??= chart($("#hours"), dark, still());
	const day = [...Array(24).keys()];
	hours.lines(day.map(String), [
		{ name: word("in"), colour: dark.act, values: day.map((i) => h[i]?.in ?? null) },
		{ name: word("done"), colour: dark.clock[1], values: day.map((i) => h[i]?.done ?? null) }]);
}

// ---- the map -------------------------------------------------------------------------------------------------------

function bounds() {
	const b = state.place.bounds;

	return b ? [[b[0], b[1]], [b[2], b[3]]] : undefined;
}

// Each place below the present one: its name and how much is open there; a touch goes down.
function showMarkers() {
	const wanted = new Set();

	if (!map) return;
	for (const c of (state.children ?? []).slice(0, 60)) {
		if (c.lon == null || c.lat == null) continue;
		wanted.add(c.code);
		let m = markers.get(c.code);
		if (!m) {
			const button = el("button", { type: "button", class: "wmark", onclick: () => go(c.code) }, el("span", {}, c.name), el("b", {}), el("span", { class: "sr" }));
			m = new maplibre.Marker({ element: button }).setLngLat([c.lon, c.lat]).addTo(map);
			markers.set(c.code, m);
		}
		const e = m.getElement();
		e.classList.toggle("has-late", c.late > 0);
		$("b", e).textContent = number(c.open);
		$(".sr", e).textContent = c.late ? word("late-n", number(c.late)) : "";
	}
	for (const [code, m] of markers) if (!wanted.has(code)) {
		m.remove();
		markers.delete(code);
	}
	tidy();
}

// At most one look a second at the tiles, however fast the journal runs.
let shownAt = 0, later;
function showMatters() {
	clearTimeout(later);
	const wait = shownAt + 1000 - Date.now();
	if (wait > 0) later = setTimeout(showMatters, wait);
	else {
		shownAt = Date.now();
		refresh(map);
	}
}

// Names that would lie over each other or under a button: whoever has less to do gives way; the list beside the map has them all.
function tidy() {
	const kept = ["#ungeocoded", ".mapcredit", ".wplay", ".maplibregl-ctrl-group", "#replay:not([hidden])"]
		.flatMap((s) => [...root.querySelectorAll(s)]).map((e) => e.getBoundingClientRect());
	const open = new Map((state?.children ?? []).map((c) => [c.code, c.late * 1000 + c.open]));
	const all = [...markers].sort((a, b) => (open.get(b[0]) ?? 0) - (open.get(a[0]) ?? 0));
	const near = 3;

	for (const [, m] of all) {
		const e = m.getElement(), r = e.getBoundingClientRect();
		const under = kept.some((k) => r.left < k.right + near && k.left < r.right + near && r.top < k.bottom + near && k.top < r.bottom + near);
		e.classList.toggle("is-under", under);
		if (!under) kept.push(r);
	}
}

function startMap() {
	if (!hasWebGL()) {
		$("#map").append(el("p", { class: "wempty" }, word("no-webgl")));
		return;
	}
	map = makeMap("map", dark, { matters: mattersQuery(), bounds: bounds(), background: root.dataset.background || undefined, ground: root.dataset.ground || undefined,
		boundaries: root.dataset.boundaries === "1", names: false });
	map.addControl(new maplibre.NavigationControl({ showCompass: false }), "bottom-right");
	map.addControl(new maplibre.ScaleControl({ unit: "metric" }), "bottom-left");
	map.on("click", "matters", async (e) => {
		if ((e.features[0].properties.n ?? 1) > 1 && map.getZoom() < 17) {
			map.easeTo({ center: e.lngLat, zoom: Math.min(18, map.getZoom() + 2), duration: still() ? 0 : 500 });
			return;
		}
		if (root.dataset.screen) return; // a screen may only look
		// by place, not by the feature's id: ids have 64 bits, numbers here 53
		const { rows } = await getJSON(`/map/pick?${mattersQuery()}&bbox=${boxAround(map, e.point, 10)}`);
		if (rows.length) location.assign(`/cases/${rows[0].id}`);
	});
	for (const t of ["mouseenter", "mouseleave"])
		map.on(t, "matters", () => { map.getCanvas().style.cursor = t === "mouseenter" ? "pointer" : ""; });
	for (const t of ["move", "resize", "load"]) map.on(t, tidy);
	// a lost drawing context (a driver that restarted in the night) is made anew rather than shown as a black wall
	map.getCanvas().addEventListener("webglcontextlost", () => setTimeout(() => location.reload(), 5000));
}

// ---- going up and down ---------------------------------------------------------------------------------------------

async function go(code) {
	place = code ?? "";
	const url = new URL(location.href);
	if (place) url.searchParams.set("place", place);
	else url.searchParams.delete("place");
	history.pushState({}, "", url);
	seenUrgent = null;
	await load();
	if (map) {
		show(map, mattersQuery());
		if (bounds()) map.fitBounds(bounds(), { padding: 40, duration: still() ? 0 : 900 });
	}
	connection.reopen();
}

async function load() {
	const mine = ++asked;
	const fresh = await getJSON(`/map/state${place ? `?place=${encodeURIComponent(place)}` : ""}`);

	if (mine !== asked) return;
	const moved = !state || state.seq !== fresh.seq || state.place.code !== fresh.place.code;
	state = fresh;
	showHead();
	showNumbers();
	showBoards();
	showLists();
	showUrgent();
	showHours();
	if (!map && !$("#map").hasChildNodes()) startMap();
	else if (map && moved && !player?.playing()) showMatters();
	showMarkers();
	line("live");
}

function line(how) {
	root.dataset.line = how;
	$("#line").textContent = word(`line-${how}`);
}

function tick() {
	const now = Date.now();

	$("#clock").textContent = clockOf(now);
	$("#day").textContent = dayOf(now);
	if (state && now - state.now > 180_000) line("stale");
}

find({ to: "wall", go: async (row) => {
	if (row.kind === "place" && row.code) await go(row.code);
	else if (map && row.lon !== undefined) {
		moveTo(map, row);
		mark(map, row.lon, row.lat);
	} else if (row.code) await go(row.code);
	$("#find").value = ""; // a wall shows where it is by its path
} });
addEventListener("popstate", () => {
	place = new URL(location.href).searchParams.get("place") ?? "";
	load().then(() => {
		if (!map) return;
		show(map, mattersQuery());
		if (bounds()) map.fitBounds(bounds(), { padding: 40, animate: false });
	});
});
$("#urgent").addEventListener("click", (e) => e.currentTarget.classList.remove("is-new"));
tick();
setInterval(tick, 1000);
connection = live(() => `/map/live${place ? `?place=${encodeURIComponent(place)}` : ""}`, { changed: load, state: line,
	// other streets under the map are rare, and a whole new style: the page begins anew
	reset: (what) => { if (what === "ground") location.reload(); } });
try {
	await load();
} catch {
	line("stale");
}
player = replay({ map: () => map, place: () => place, ended: () => { if (map) showMatters(); } });
