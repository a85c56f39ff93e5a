// The desk map, /map: the list's filters on a map. Circle what belongs together and handle it at once; a click shows what lies around.
// The page works as a form and a list without this module.
import { dark, light } from "./lib/colours.mjs";
import { $, $$, clockOf, dayOf, el, number, still, word } from "./lib/dom.mjs";
import { find, mark, moveTo } from "./lib/find.mjs";
import { getJSON, live } from "./lib/live.mjs";
import { MATTERS, boxAround, drawShape, hasWebGL, makeMap, maplibre, refresh, sayRough, tiles } from "./lib/base.mjs";

const root = $("#deskmap");
const colours = matchMedia("(prefers-color-scheme: dark)").matches ? dark : light;
const filters = new URLSearchParams(root.dataset.query);
const bounds = root.dataset.bounds ? JSON.parse(root.dataset.bounds) : undefined;
const list = $("#picked"), count = $("#picked-n"), form = $("#picked-form");
const colourWord = ["none", "ok", "soon", "late"];
let map, asked = 0;

const query = (more = {}) => {
	const q = new URLSearchParams(filters);
	for (const [k, v] of Object.entries(more)) q.set(k, v);
	return q.toString();
};

// ---- the list beside the map -------------------------------------------------------------------------------------------

function row(m) {
	const colour = colourWord[m.colour] ?? "none";

	return el("li", { class: "row" },
		el("input", { type: "checkbox", name: "m", value: m.id, checked: true, "aria-label": word("choose", m.title) }),
		el("div", { class: "row__title" }, el("a", { href: `/cases/${m.id}` }, m.title)),
		el("span", { class: `clock${colour === "none" ? "" : ` clock--${colour}`}` }, word(colour)),
		el("div", { class: "row__meta" }, el("span", {}, m.place ?? ""), el("span", { class: "tag" }, m.state ?? "")));
}

async function pick(params, say) {
	const mine = ++asked;
	let answer;

	count.textContent = word("loading");
	try {
		answer = await getJSON(`/map/pick?${query(params)}`);
	} catch {
		count.textContent = word("failed");
		return;
	}
	if (mine !== asked) return;
	list.replaceChildren(...answer.rows.map(row));
	form.hidden = answer.rows.length === 0;
	sendable();
	count.textContent = answer.rows.length ? word(answer.more ? "picked-more" : "picked-n", answer.rows.length) : word(say);
}

// What was asked for last stands first: of a click beside everything what lies around, else what was picked.
function first(around) {
	const box = $("#around");

	if (around) $("#picked-n").before(box);
	else form.after(box);
	box.closest("aside").scrollTop = 0;
}

const chosen = () => $$("#picked input:checked").map((i) => i.value);

// Dispatching from the map: a unit that could take it is a way to the form in which all that is ticked is dispatched to it.
function sendable() {
	const some = !form.hidden && chosen().length > 0;

	$("#around-how").hidden = !some || $$("#around-posts a").length === 0;
	for (const a of $$("#around-posts a")) {
		const q = new URLSearchParams([...chosen().map((m) => ["m", m]), ["do", "dispatch"], ["lead", a.dataset.org]]);
		if (some) a.href = `/cases/bulk?${q}`;
		else a.removeAttribute("href");
	}
}

async function around(at) {
	const box = $("#around");
	let answer;

	try {
		answer = await getJSON(`/map/around?lon=${at.lng.toFixed(6)}&lat=${at.lat.toFixed(6)}`);
	} catch {
		return;
	}
	const line = (title, metres) => el("li", {}, title, " ", el("span", { class: "muted" }, metres));

	box.hidden = false;
	$("#around-where").textContent = answer.where || word("unknown-place");
	$("#around-posts").replaceChildren(...answer.orgs.map((o) =>
		el("li", {}, el("a", { data: { org: o.id } }, o.name), " ", el("span", { class: "muted" }, word("open-n", o.open)))));
	sendable();
	$("#around-things").replaceChildren(...answer.features.map((f) => line(`${f.name} · ${f.layer}`, f.distance)));
	for (const [id, n] of [["#around-posts", answer.orgs.length], ["#around-things", answer.features.length]])
		$(id).previousElementSibling.hidden = n === 0;
	$("#around-new").href = `${root.dataset.file}?lon=${at.lng.toFixed(6)}&lat=${at.lat.toFixed(6)}`;
	mark(map, at.lng, at.lat);
}

// ---- circling ------------------------------------------------------------------------------------------------------------

// Draws with the pointer; without one, the keyboard: the corners are where the cross in the middle stands when Enter is pressed.
function lasso(button) {
	const canvas = map.getCanvasContainer();
	let line = [], on = false, drawing = false;
	const draw = (closed) => map.getSource("lasso")?.setData({ type: "Feature", properties: {},
		geometry: closed && line.length > 2 ? { type: "Polygon", coordinates: [[...line, line[0]]] } : { type: "LineString", coordinates: line } });
	const point = (e) => {
		const r = canvas.getBoundingClientRect();
		return map.unproject([e.clientX - r.left, e.clientY - r.top]).toArray();
	};
	function end() {
		on = drawing = false;
		button.setAttribute("aria-pressed", "false");
		root.classList.remove("is-lasso");
		map.dragPan.enable();
		if (line.length > 2) {
			// a hand draws hundreds of points; some eighty say the same
			const step = Math.ceil(line.length / 80);
			line = line.filter((_, i) => i % step === 0);
			draw(true);
			first(false);
			pick({ poly: line.map((p) => p.map((v) => v.toFixed(6)).join(",")).join(";") }, "picked-none");
		}
	}
	function begin() {
		on = true;
		line = [];
		if (!map.getSource("lasso")) {
			map.addSource("lasso", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
			map.addLayer({ id: "lasso-fill", type: "fill", source: "lasso", paint: { "fill-color": colours.act, "fill-opacity": 0.12 } });
			map.addLayer({ id: "lasso", type: "line", source: "lasso", paint: { "line-color": colours.act, "line-width": 2, "line-dasharray": [2, 1] } });
		}
		draw(false);
		button.setAttribute("aria-pressed", "true");
		root.classList.add("is-lasso");
		map.dragPan.disable();
		map.getCanvas().focus();
		$("#say").textContent = word("lasso-how");
	}
	button.addEventListener("click", () => (on ? end() : begin()));
	canvas.addEventListener("pointerdown", (e) => {
		if (!on) return;
		drawing = true;
		line = [point(e)];
		canvas.setPointerCapture(e.pointerId);
	});
	canvas.addEventListener("pointermove", (e) => {
		if (!drawing) return;
		line.push(point(e));
		draw(false);
	});
	canvas.addEventListener("pointerup", () => drawing && end());
	canvas.addEventListener("keydown", (e) => {
		if (!on) return;
		if (e.key === "Enter" || e.key === " ") {
			e.preventDefault();
			line.push(map.getCenter().toArray());
			draw(true);
		} else if (e.key === "Escape") {
			line = [];
			end();
		} else if (e.key === "Tab" && line.length > 2) end();
	});
}

// ---- layers ----------------------------------------------------------------------------------------------------------------

const KEPT = "gongzhi-map-layers";

// Which layers somebody wants to see is kept on his computer.
function keptLayers() {
	try {
		return JSON.parse(localStorage.getItem(KEPT)) ?? {};
	} catch {
		return {};
	}
}

function layerSwitches() {
	const kept = keptLayers();

	for (const box of $$("#layers input")) {
		const name = box.value, id = `layer-${name}`;
		const show = () => {
			if (box.checked && !map.getSource(id)) {
				map.addSource(id, { type: "vector", tiles: tiles(name), maxzoom: 18 });
				map.addLayer({ id, type: "circle", source: id, "source-layer": name,
					paint: { "circle-radius": 5, "circle-color": colours.done, "circle-stroke-width": 2, "circle-stroke-color": colours.land } }, "matters-glow");
				map.addLayer({ id: `${id}-t`, type: "symbol", source: id, "source-layer": name, minzoom: 13,
					layout: { "text-field": ["coalesce", ["get", "name"], ""], "text-size": 12, "text-offset": [0, 1], "text-anchor": "top" },
					paint: { "text-color": colours.text2, "text-halo-color": colours.land, "text-halo-width": 1.5 } });
			}
			for (const l of name === "matters" ? MATTERS : [id, `${id}-t`])
				if (map.getLayer(l)) map.setLayoutProperty(l, "visibility", box.checked ? "visible" : "none");
		};
		box.addEventListener("change", () => {
			show();
			kept[name] = box.checked;
			localStorage.setItem(KEPT, JSON.stringify(kept));
		});
		if (kept[name] !== undefined) box.checked = kept[name];
		if (box.checked !== (name === "matters")) show();
	}
}

// ---- a picture for the file: what is shown, its legend, its date and where it comes from -----------------------------------

// "状态：办理中": a picture in a file says what was left out.
const filtersTold = () => $$("form.filters select, form.filters input[type=date]").filter((f) => f.id !== "place" && f.value)
	.map((f) => `${$(`label[for="${f.id}"]`).textContent} ${(f.selectedOptions?.[0].textContent ?? f.value).trim()}`);

function picture() {
	const from = map.getCanvas(), scale = from.width / from.clientWidth, foot = 84 * scale;
	const to = el("canvas", { width: from.width, height: from.height + foot });
	const g = to.getContext("2d");

	g.drawImage(from, 0, 0);
	g.fillStyle = colours.land;
	g.fillRect(0, from.height, to.width, foot);
	g.fillStyle = colours.text;
	g.font = `${14 * scale}px sans-serif`;
	g.fillText([root.dataset.title, $("#shown-n").textContent.trim(), ...filtersTold()].join(" · "), 12 * scale, from.height + 24 * scale, to.width - 24 * scale);
	let x = 12 * scale;
	g.font = `${12 * scale}px sans-serif`;
	const key = (name, draw) => {
		draw(x + 6 * scale, from.height + 46 * scale);
		g.fillStyle = colours.text2;
		g.fillText(name, x + 17 * scale, from.height + 50 * scale);
		x += g.measureText(name).width + 32 * scale;
	};
	const on = $$("#layers input:checked").map((i) => i.value);
	if (on.includes("matters") || !$("#layers"))
		for (const name of ["late", "soon", "ok", "none"]) key(word(name), (cx, cy) => drawShape(g, `shape-${name}`, cx, cy, 5.5 * scale, colours));
	for (const name of on.filter((v) => v !== "matters")) key($(`#layers input[value="${CSS.escape(name)}"]`).closest("label").textContent.trim(), (cx, cy) => {
		g.fillStyle = colours.done;
		g.beginPath();
		g.arc(cx, cy, 4 * scale, 0, 7);
		g.fill();
	});
	if (!$("#rough").hidden) key($("#rough").textContent, (cx, cy) => {
		g.strokeStyle = colours.edge;
		g.lineWidth = 1.5 * scale;
		g.setLineDash([4 * scale, 3 * scale]);
		g.beginPath();
		g.moveTo(cx - 7 * scale, cy);
		g.lineTo(cx + 7 * scale, cy);
		g.stroke();
		g.setLineDash([]);
	});
	g.fillText(`${dayOf(Date.now())} ${clockOf(Date.now())} · ${[word("source"), ...$$(".mapcredit a, .mapcredit span").map((e) => e.textContent)].join(" · ")}`, 12 * scale, from.height + 72 * scale,
		to.width - 24 * scale);
	return to;
}

// The drawing buffer is empty once a frame has been shown: the picture is taken inside one.
const frame = () => new Promise((done) => {
	map.once("render", () => done(picture()));
	map.triggerRepaint();
});

async function save() {
	const canvas = await frame();
	const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
	const a = el("a", { href: URL.createObjectURL(blob), download: `${root.dataset.title}-${new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10)}.png` });

	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}

// On paper the map is a picture, since browsers print an empty WebGL canvas; "save as PDF" of the same dialogue makes the PDF.
async function paper() {
	const canvas = await frame();
	const img = $("#paper");

	img.src = canvas.toDataURL("image/png");
	await img.decode();
	print();
}

// ---- begin -----------------------------------------------------------------------------------------------------------------

// The number above the map is that of the map.
async function changed() {
	refresh(map);
	const { total, unlocated } = await getJSON(`/map/counts?${query({ by: "state" })}`), told = $("#shown-n").dataset;
	$("#shown-n").textContent = told.all.replace("{n}", number(total)) + (unlocated ? told.unplaced.replace("{n}", number(unlocated)) : "");
}

function start() {
	map = makeMap("map", colours, { matters: query(), bounds, background: root.dataset.background || undefined, ground: root.dataset.ground || undefined,
		boundaries: root.dataset.boundaries === "1" });
	map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
	map.addControl(new maplibre.ScaleControl({ unit: "metric" }), "bottom-left");
	map.on("load", () => {
		layerSwitches();
		lasso($("#lasso"));
		if (root.dataset.at) {
			const [lng, lat] = root.dataset.at.split(",").map(Number);
			moveTo(map, { lon: lng, lat });
			around({ lng, lat });
		}
		root.dataset.ready = "1";
	});
	map.on("click", (e) => {
		if (root.classList.contains("is-lasso")) return;
		const hit = map.queryRenderedFeatures(e.point, { layers: ["matters"] })[0];
		if (hit && (hit.properties.n ?? 1) > 1 && map.getZoom() < 16) {
			map.easeTo({ center: e.lngLat, zoom: map.getZoom() + 2, duration: still() ? 0 : 400 });
			return;
		}
		first(!hit);
		if (hit) pick({ bbox: boxAround(map, e.point, 12) }, "picked-none");
		around(e.lngLat);
	});
	for (const b of $$("[data-needs-map]")) b.hidden = false;
	$("#in-view").addEventListener("click", () => {
		const b = map.getBounds();
		first(false);
		pick({ bbox: [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()].map((v) => v.toFixed(6)).join(",") }, "picked-none");
	});
	$("#save").addEventListener("click", save);
	$("#print").addEventListener("click", paper);
	list.addEventListener("change", sendable);
	sayRough(map, $("#rough"));
	live(() => `/map/live${filters.get("place") ? `?place=${filters.get("place")}` : ""}`, {
		pause: 2000, every: 120_000, changed, state: () => {},
	});
}

// A place becomes the filter, so that list, number and map speak of the same; to anything else the map only moves.
find({ go: (row) => {
	if (row.kind !== "place" && row.lon !== undefined && map) {
		moveTo(map, row);
		around({ lng: row.lon, lat: row.lat });
	} else if (row.kind === "place" && row.code) location.assign(`/map?${query({ place: row.code })}`);
	else location.assign(row.href);
} });
if (hasWebGL()) start();
else $("#say").textContent = word("no-webgl");
