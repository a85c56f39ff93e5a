// The desk under the keyboard, and list and matter side by side. Everything here is also reached by links, check boxes and Tab.
import "./draft.js";

const list = document.querySelector(".rows");
const pane = document.getElementById("pane");
const bulk = document.getElementById("bulk");
const keys = document.getElementById("keys");
const wide = matchMedia("(min-width: 1200px)");

// ---- rows ----

const rows = () => [...(list?.querySelectorAll(".row[data-id]") ?? [])];
const linkOf = (row) => row?.querySelector(".row__title a");
const boxOf = (row) => row?.querySelector("input[name=m]");
const here = () => rows().find((r) => r.contains(document.activeElement)) ?? rows().find((r) => r.classList.contains("is-chosen"));

let cursor = -1; // where the reader was, when that matter has left the list

function go(step) {
	const all = rows();
	if (!all.length) return;
	const at = all.indexOf(here());
	const next = document.querySelector(".pager a[rel=next]");
	if (step > 0 && at === all.length - 1 && next) {
		next.focus(); // behind the last one lies the next page
		return;
	}
	cursor = Math.max(0, Math.min(all.length - 1, at >= 0 ? at + step : cursor < 0 ? 0 : step > 0 ? cursor : cursor - 1));
	const row = all[cursor];
	linkOf(row).focus({ preventScroll: true });
	row.scrollIntoView({ block: "nearest" });
	if (pane && !pane.hidden) openSoon(row);
}

// ---- choosing ----

let last; // the row chosen last, for a range with Shift

function countPicked() {
	const say = document.querySelector("[data-picked]");
	if (!say) return;
	const n = rows().filter((r) => boxOf(r)?.checked).length;
	say.hidden = n === 0;
	say.textContent = say.textContent.replace(/\d+/, n);
}

function pick(row, range) {
	const all = rows();
	const box = boxOf(row);
	if (!box) return;
	if (range && last) {
		const [a, b] = [all.indexOf(last), all.indexOf(row)].sort((x, y) => x - y);
		for (const r of all.slice(a, b + 1)) boxOf(r).checked = true;
	} else {
		box.checked = !box.checked;
	}
	last = row;
	countPicked();
}

function pickAll() {
	const boxes = rows().map(boxOf).filter(Boolean);
	const on = boxes.some((b) => !b.checked);
	for (const b of boxes) b.checked = on;
	countPicked();
}

list?.addEventListener("click", (event) => {
	if (!event.target.matches("input[name=m]")) return;
	const row = event.target.closest(".row");
	if (event.shiftKey && last && last !== row) {
		event.target.checked = !event.target.checked;
		pick(row, true);
	} else {
		last = row;
		countPicked();
	}
});

// ---- what this browser has opened: marks go as soon as a matter was looked at; nobody else is told ----

function opened(id, version) {
	for (const mark of list?.querySelectorAll(`.row[data-id="${CSS.escape(id)}"] .fresh`) ?? []) mark.remove();
	try {
		const ids = JSON.parse(sessionStorage.getItem("opened") || "[]").filter((x) => !x.startsWith(`${id}.`));
		sessionStorage.setItem("opened", JSON.stringify([`${id}.${version}`, ...ids].slice(0, 200)));
	} catch {
		// private mode: the marks stay until "seen"
	}
}

function unmark() {
	try {
		for (const x of JSON.parse(sessionStorage.getItem("opened") || "[]")) {
			const [id, version] = x.split(".");
			list.querySelector(`.row[data-id="${CSS.escape(id)}"][data-version="${CSS.escape(version)}"] .fresh`)?.remove();
		}
	} catch {
		// nothing kept
	}
}

// ---- side by side ----

let wanted = 0;
let timer;

function openSoon(row) {
	clearTimeout(timer);
	timer = setTimeout(() => open(row), 120);
}

// Puts a page's content into the pane. Its heading becomes a second one, its way back is the list beside it.
function show(html, url, focus) {
	const page = new DOMParser().parseFromString(html, "text/html");
	const main = page.querySelector("main");
	if (!main || !/^\/cases\/\d+$/.test(new URL(url).pathname)) return false;
	for (const e of main.querySelectorAll(".crumbs, script")) e.remove();
	for (const h of main.querySelectorAll("h1")) {
		const h2 = page.createElement("h2");
		h2.className = "pane__title";
		h2.append(...h.childNodes);
		h.replaceWith(h2);
	}
	const bar = page.createElement("p");
	bar.className = "pane__bar";
	const link = page.createElement("a");
	link.href = new URL(url).pathname;
	link.textContent = pane.dataset.whole ?? pane.getAttribute("aria-label");
	const close = page.createElement("button");
	close.type = "button";
	close.className = "btn btn--quiet";
	close.dataset.close = "";
	close.textContent = pane.dataset.shut;
	bar.append(link, close);
	pane.replaceChildren(bar, ...main.childNodes);
	pane.hidden = false;
	pane.scrollTop = 0;
	pane.parentElement.classList.add("is-split");
	document.dispatchEvent(new CustomEvent("pane", { detail: pane }));
	if (focus) pane.focus({ preventScroll: true });
	return true;
}

async function open(row, focus) {
	const link = linkOf(row);
	const mine = ++wanted;
	cursor = rows().indexOf(row);
	for (const r of rows()) r.classList.toggle("is-chosen", r === row);
	try {
		const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
		const html = await answer.text();
		if (mine !== wanted) return; // another one was opened meanwhile
		if (!answer.ok || !show(html, answer.url, focus)) throw new Error(String(answer.status));
		opened(row.dataset.id, row.dataset.version);
		history.replaceState(history.state, "", `#${row.dataset.id}`);
	} catch {
		if (mine === wanted) location.href = link.href; // the page itself says what is wrong
	}
}

function close() {
	if (!pane || pane.hidden) return false;
	const row = rows().find((r) => r.classList.contains("is-chosen"));
	wanted++;
	pane.hidden = true;
	pane.replaceChildren();
	pane.parentElement.classList.remove("is-split");
	row?.classList.remove("is-chosen");
	linkOf(row)?.focus();
	history.replaceState(history.state, "", location.pathname + location.search);
	return true;
}

function openHere(row, focus) {
	if (!row) return;
	if (pane && wide.matches) open(row, focus);
	else linkOf(row).click();
}

// After a step in the pane, its new state stands there and the row says it too; what leaves the reader's hands leaves the list.
async function refreshRows() {
	try {
		const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
		const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
		const chosen = rows().find((r) => r.classList.contains("is-chosen"))?.dataset.id;
		const picked = new Set(rows().filter((r) => boxOf(r)?.checked).map((r) => r.dataset.id));
		const next = fresh.querySelector(".rows");
		list.replaceChildren(...(next?.childNodes ?? []));
		for (const r of rows()) {
			r.classList.toggle("is-chosen", r.dataset.id === chosen);
			if (picked.has(r.dataset.id)) boxOf(r).checked = true;
		}
		for (const part of [".stats", ".tabs"]) {
			const now = fresh.querySelector(part);
			if (now) document.querySelector(part)?.replaceWith(now);
		}
		unmark();
		countPicked();
	} catch {
		// no line: the list is as old as it looks
	}
}

pane?.addEventListener("submit", async (event) => {
	const form = event.target;
	const action = form.getAttribute("action"); // form.action is the field of that name
	if (form.getAttribute("method") !== "post" || form.enctype.startsWith("multipart") || event.defaultPrevented) return;
	event.preventDefault();
	const button = event.submitter ?? form.querySelector("button");
	if (button) button.disabled = true;
	try {
		const answer = await fetch(action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)),
			headers: { Accept: "text/html" } });
		const html = await answer.text();
		const url = /\/cases\/\d+$/.test(answer.url) ? answer.url : new URL(action.replace(/\/(do|reveal)$/, ""), location.href).href;
		if (answer.redirected && !/\/cases\/\d+$/.test(answer.url)) {
			location.href = answer.url; // out of the reader's hands, or to the login
		} else if (show(html, url, true)) {
			refreshRows();
		} else {
			form.submit();
		}
	} catch {
		if (button) button.disabled = false;
		document.dispatchEvent(new CustomEvent("offline", { detail: form }));
	}
});

list?.addEventListener("click", (event) => {
	const link = event.target.closest(".row__title a");
	if (!link || !pane || !wide.matches || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
	event.preventDefault();
	open(link.closest(".row"), event.detail === 0); // pressed with Enter: the keyboard goes on in the pane
});
pane?.addEventListener("click", (event) => event.target.closest("[data-close]") && close());

// ---- keys ----

const places = { i: "/inbox", l: "/cases", h: "/handover", n: "/me/notices", v: "/cases/views" };
let going = 0; // when g was pressed

function firstStep() {
	const box = (pane && !pane.hidden ? pane : document).querySelector("details[id^=do-]");
	if (!box) return;
	box.open = true;
	(box.querySelector("input:not([type=hidden]), select, textarea") ?? box.querySelector("button")).focus();
}

const acts = {
	j: () => go(1), ArrowDown: () => go(1), k: () => go(-1), ArrowUp: () => go(-1),
	o: () => openHere(here(), true), x: () => pick(here()), X: () => pick(here(), true), A: pickAll,
	e: () => bulk && (rows().some((r) => boxOf(r)?.checked) || (here() && pick(here())), bulk.requestSubmit()),
	a: firstStep,
	"/": () => (document.getElementById("q") ? document.getElementById("q").focus() : (location.href = "/cases")),
	g: () => { going = Date.now(); },
	r: () => location.reload(),
	u: () => close() || (/^\/cases\/\d+$/.test(location.pathname) && history.back()),
	"?": () => keys?.showModal(),
};

const typing = (e) => e.matches?.("input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]");

// Single keys can be switched off on this computer (WCAG 2.1.4): whoever speaks to the machine must not set them off.
const off = document.getElementById("keys-off");
const isOff = () => off?.checked ?? false;
try {
	if (off) off.checked = localStorage.getItem("keys-off") === "1";
} catch {
	// private mode: on
}
off?.addEventListener("change", () => {
	try {
		localStorage.setItem("keys-off", off.checked ? "1" : "0");
	} catch {
		// holds for this page only
	}
});

document.addEventListener("keydown", (event) => {
	if (isOff() && event.key !== "Escape") return;
	if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || keys?.open) return;
	if (typing(event.target)) {
		if (event.key === "Escape") event.target.blur();
		return;
	}
	if (going && Date.now() - going < 1500 && places[event.key] && document.querySelector(`a[href="${places[event.key]}"]`)) {
		location.href = places[event.key];
		event.preventDefault();
		return;
	}
	going = 0;
	if (event.key === "Escape") {
		close();
		return;
	}
	if (event.key.startsWith("Arrow") && (!list || pane?.contains(document.activeElement))) return; // scrolls
	const act = acts[event.key];
	if (!act || (!list && "jkoxXA".includes(event.key))) return;
	event.preventDefault();
	act();
});

for (const b of document.querySelectorAll("[data-keys]")) {
	b.hidden = false;
	b.addEventListener("click", () => keys?.showModal());
}
for (const b of document.querySelectorAll("[data-print]")) {
	b.hidden = false;
	b.addEventListener("click", () => print());
}
const single = location.pathname.match(/^\/cases\/(\d+)$/);
if (single) opened(single[1], document.querySelector("input[name=version]")?.value ?? "");
if (list) {
	unmark();
	countPicked();
	const was = location.hash.match(/^#(\d+)$/);
	const row = was && rows().find((r) => r.dataset.id === was[1]);
	if (row && wide.matches) open(row);
}

// ---- signing out ----

// How many forms written without a line still wait in this browser (grid.js keeps them; signing out deletes them).
async function unsent() {
	const kept = await indexedDB.databases?.() ?? [];
	if (!kept.some((d) => d.name === "gongzhi-grid")) return 0;
	return new Promise((done) => {
		const ask = indexedDB.open("gongzhi-grid");
		ask.onerror = () => done(0);
		ask.onsuccess = () => {
			const db = ask.result;
			const all = db.objectStoreNames.contains("queue") ? db.transaction("queue").objectStore("queue").getAll() : undefined;
			if (!all) return done(0);
			all.onerror = () => done(0);
			all.onsuccess = () => {
				db.close();
				done(all.result.filter((i) => i.state !== "sent").length);
			};
		};
	});
}

// The page that shows them says so itself; from any other the way out leads there first.
let looked = location.pathname.startsWith("/grid");
for (const out of document.querySelectorAll('form[action="/logout"]'))
	out.addEventListener("submit", async (event) => {
		if (looked) return;
		event.preventDefault();
		looked = true;
		if (await unsent().catch(() => 0)) location.assign("/grid#queue");
		else out.requestSubmit();
	});
