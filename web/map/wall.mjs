// The command centre's wall: /wall. It shows the present of one place and may hang for weeks: everything it keeps is bounded, everything
// it shows comes from one answer of the server, asked again when the journal moves.
import { alarm } from "./lib/alarm.mjs";
import { chart } from "./lib/charts.mjs";
import { dark } from "./lib/colours.mjs";
import { $, clockOf, dayOf, el, number, setNumber, spanOf, still, word, zoomOfText } from "./lib/dom.mjs";
import { find, mark, moveTo } from "./lib/find.mjs";
import { getJSON, live } from "./lib/live.mjs";
import { boxAround, hasWebGL, makeMap, maplibre, refresh, sayRough, show } from "./lib/base.mjs";
import { replay } from "./lib/replay.mjs";

const root = $("#wall");
let place = root.dataset.place;
let state, map, hours, markers = new Map(), connection, player, asked = 0, skew = 0, loaded = 0, today;

// The server's clock: a wall's machine may have a wrong one, and nobody sets it.
const now = () => Date.now() + skew;

const mattersQuery = () => `open=1${place ? `&place=${encodeURIComponent(place)}` : ""}`;

// ---- numbers and lists ---------------------------------------------------------------------------------------------

const colourWord = ["none", "ok", "soon", "late"];

function matterRow(m) {
	const colour = colourWord[m.colour] ?? "none";

	return el("li", {}, el("a", { href: `/cases/${m.id}`, class: "wrow", data: { id: m.id } },
		el("span", { class: `dot dot--${colour}`, role: "img", "aria-label": word(colour) }),
		el("span", { class: "wrow__t" }, m.title || m.category),
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
	// the weather of the day's work: more done than came in clears, the opposite clouds over; much that is late is a storm, at the scale of the place
	const { in: came = 0, done = 0, late = 0 } = state.today, open = (o.late ?? 0) + (o.soon ?? 0) + (o.ok ?? 0);
	const storm = late > done + 5 || ((o.late ?? 0) > 5 && (o.late ?? 0) * 4 > open);
	const sky = storm ? "storm" : came + done === 0 ? "calm" : done >= came ? "clear" : "cloud";
	root.dataset.sky = sky;
	$("#sky").textContent = word(`sky-${sky}`);
	$("#ungeocoded").textContent = state.unplaced ? word("unplaced", number(state.unplaced)) : "";
}

function showBoards() {
	const most = Math.max(1, ...state.boards.map((b) => b.open));

	fill("#boards", state.boards, (b) => el("li", { class: "wboard" },
		el("span", { class: "wboard__n", title: b.name }, b.name),
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

const showUrgent = alarm({ button: $("#sound"), band: $("#urgent"), row: (m, fresh) => el("a", { href: `/cases/${m.id}` },
	fresh ? el("b", {}, word("new")) : "", m.title || m.category, el("small", {}, ` ${m.place ?? ""} · ${clockOf(m.created)}`)) });

function showHours() {
	const h = state.hours ?? [];

	hours ??= chart($("#hours"), dark, still());
	const day = [...Array(24).keys()];
	hours.lines(day.map(String), [
		{ name: word("in"), colour: dark.act, values: day.map((i) => h[i]?.in ?? null) },
		{ name: word("done"), colour: dark.clock[1], dashed: true, values: day.map((i) => h[i]?.done ?? null) }]);
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
	const kept = [".wnote", ".mapcredit", ".wplay", ".maplibregl-ctrl-group", "#replay:not([hidden])"]
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
	map.addControl(new maplibre.ScaleControl({ unit: "metric", maxWidth: 100 * zoomOfText() }), "bottom-left");
	map.on("click", "matters", async (e) => {
		if ((e.features[0].properties.n ?? 1) > 1 && map.getZoom() < 17) {
			map.easeTo({ center: e.lngLat, zoom: Math.min(18, map.getZoom() + 2), duration: still() ? 0 : 500 });
			return;
		}
		if (root.dataset.screen) return; // a screen may only look
		// by place, not by the feature's id: ids have 64 bits, numbers here 53
		const { rows, more } = await getJSON(`/map/pick?${mattersQuery()}&bbox=${boxAround(map, e.point, 10 * zoomOfText())}`);
		showCard(rows, more);
	});
	sayRough(map, $("#rough"));
	for (const t of ["mouseenter", "mouseleave"])
		map.on(t, "matters", () => { map.getCanvas().style.cursor = t === "mouseenter" ? "pointer" : ""; });
	for (const t of ["move", "resize", "load"]) map.on(t, tidy);
	map.once("load", () => { $("#map").dataset.shown = "1"; });
	// a lost drawing context (a driver that restarted in the night) is made anew rather than shown as a black wall
	map.getCanvas().addEventListener("webglcontextlost", () => setTimeout(() => location.reload(), 5000));
}

// All that stands where the finger was: a house may have more than one matter.
function showCard(rows, more) {
	const card = $("#card");

	card.hidden = rows.length === 0;
	if (!rows.length) return;
	$("#card-n").textContent = word("card-n", more ? `${rows.length}+` : rows.length);
	$("#card-list").replaceChildren(...rows.map(matterRow));
	$("#card-list").scrollTop = 0;
}
$("#card-close").addEventListener("click", () => { $("#card").hidden = true; });
addEventListener("keydown", (e) => { if (e.key === "Escape") $("#card").hidden = true; });

// ---- going up and down ---------------------------------------------------------------------------------------------

// Everything follows: numbers, map, and what the live line tells of. A replay was of another place.
async function at(code, move) {
	place = code;
	player?.end();
	$("#card").hidden = true;
	connection.reopen();
	try {
		await load();
	} catch {
		line("stale");
		return;
	}
	if (!map) return;
	show(map, mattersQuery());
	if (bounds()) map.fitBounds(bounds(), { padding: 40, ...move });
}

function go(code) {
	const url = new URL(location.href);

	if (code) url.searchParams.set("place", code);
	else url.searchParams.delete("place");
	history.pushState({}, "", url);
	return at(code ?? "", { duration: still() ? 0 : 900 });
}

async function load() {
	const mine = ++asked;
	const fresh = await getJSON(`/map/state${place ? `?place=${encodeURIComponent(place)}` : ""}`);

	if (mine !== asked) return;
	const moved = !state || state.seq !== fresh.seq || state.place.code !== fresh.place.code;
	state = fresh;
	skew = state.now - Date.now();
	loaded = Date.now();
	showHead();
	showNumbers();
	showBoards();
	showLists();
	showUrgent(state.urgent);
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
	const day = dayOf(now());

	$("#clock").textContent = clockOf(now());
	$("#day").textContent = day;
	if (loaded && Math.abs(Date.now() - loaded) > 180_000) line("stale");
	// at midnight "today" begins anew, also where nothing happens
	if (today && today !== day && state) load().catch(() => line("stale"));
	today = day;
}

find({ to: "wall", go: async (row) => {
	if (row.kind === "place" && row.code) await go(row.code);
	else if (map && row.lon !== undefined) {
		moveTo(map, row);
		mark(map, row.lon, row.lat);
	} else if (row.code) await go(row.code);
	$("#find").value = ""; // a wall shows where it is by its path
} });
addEventListener("popstate", () => at(new URL(location.href).searchParams.get("place") ?? "", { animate: false }));
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
player = replay({ map: () => map, place: () => place, now, ended: () => { if (map) showMatters(); } });
