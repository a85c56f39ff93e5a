// The grid's forms without a line. A form is first kept in this browser (IndexedDB), then sent with the key it was given, as often
// as it takes: the server files it once. What has been sent is deleted here at once; what waits belongs to the account that
// wrote it. Signing out deletes everything (Clear-Site-Data). Without script, or without IndexedDB, the forms are ordinary forms.
import { shrink } from "./shrink.js";

const box = document.getElementById("queue");
const list = box.querySelector("ul");
const notice = box.querySelector("p");
const say = box.dataset;
const AGAIN = 30_000; // ms between tries while the page is open

// ---- the store ----
let opened;
function db() {
	opened ??= new Promise((done, fail) => {
		const ask = indexedDB.open("gongzhi-grid", 1);
		ask.onupgradeneeded = () => ask.result.createObjectStore("queue", { keyPath: "id" });
		ask.onsuccess = () => done(ask.result);
		ask.onerror = () => fail(ask.error);
	});
	return opened;
}

async function store(mode, what) {
	const t = (await db()).transaction("queue", mode);
	const ask = what(t.objectStore("queue"));
	return new Promise((done, fail) => {
		t.oncomplete = () => done(ask?.result);
		t.onerror = t.onabort = () => fail(t.error);
	});
}
const all = async () => (await store("readonly", (s) => s.getAll())).sort((a, b) => a.at - b.at);
const put = (item) => store("readwrite", (s) => s.put(item));
const remove = (id) => store("readwrite", (s) => s.delete(id));

// Whose page this is: known without a line from the last time there was one.
let who = localStorage.getItem("grid-who");

// ---- into the queue ----
async function itemOf(form) {
	const data = new FormData(form);
	const fields = [];
	const files = [];
	for (const [name, value] of data) {
		if (name.startsWith("_")) continue;
		if (typeof value === "string") fields.push([name, value]);
		else if (value.size) files.push([name, await shrink(value)]);
	}
	return { id: crypto.randomUUID(), who, form: form.dataset.queue, fields, files, at: Date.now(), state: "waiting", why: "" };
}

async function enqueue(event) {
	const form = event.target;
	event.preventDefault();
	const button = form.querySelector("button.btn--big");
	if (button.disabled) return;
	button.disabled = true;
	try {
		await put(await itemOf(form));
		form.reset();
		await show();
		box.scrollIntoView({ block: "nearest" });
		flush();
	} catch {
		if (navigator.onLine) form.submit(); // no room here: as an ordinary form
		else warn(say.full);
	} finally {
		button.disabled = false;
	}
}

// ---- out of the queue ----
async function token() {
	const answer = await fetch("/grid/token.json", { cache: "no-store" });
	if (answer.status === 401 || answer.status === 403) return null;
	if (!answer.ok) throw new Error("no line");
	return answer.json();
}

function bodyOf(item, csrf) {
	const body = new FormData();
	body.append("_csrf", csrf);
	body.append("_key", item.id);
	body.append("form", item.form);
	for (const [name, value] of item.fields) body.append(name, value);
	for (const [name, file] of item.files) body.append(name, file, file.name);
	return body;
}

// Nothing of the person stays: the code, until it has been told, and what it was.
const told = (item, answer) => ({ id: item.id, who: item.who, form: item.form, at: item.at, state: "sent", code: answer.code, matter: answer.id });

async function sendOne(item, csrf) {
	await put({ ...item, state: "sending" });
	await show();
	let answer;
	let body;
	try {
		answer = await fetch("/grid/send.json", { method: "POST", body: bodyOf(item, csrf) });
		body = await answer.json();
	} catch {
		await put({ ...item, state: "waiting" });
		throw new Error("no line");
	}
	if (answer.ok) await put(told(item, body));
	else if ([401, 408, 409, 429].includes(answer.status) || answer.status >= 500) {
		await put({ ...item, state: "waiting" });
		throw new Error("not now");
	} else await put({ ...item, state: "failed", why: body.error?.message ?? "" });
}

async function flushNow() {
	const mine = (await all()).filter((i) => i.state === "waiting" || i.state === "sending");
	let t;
	try {
		t = await token();
	} catch {
		warn(mine.length || !navigator.onLine ? say.offline : "");
		return;
	}
	if (t === null) {
		if (mine.length) warn(say.login, "/login?next=%2Fgrid", say.loginLink);
		return;
	}
	if (t.who !== who) {
		who = t.who;
		localStorage.setItem("grid-who", who);
	}
	warn("");
	for (const item of mine) {
		// written before anybody was known here: belongs to whoever is signed in
		if (item.who && item.who !== who) continue;
		await sendOne({ ...item, who }, t.csrf);
	}
}

let flushing = false;
async function flush() {
	if (flushing) return;
	flushing = true;
	try {
		// one page of this browser at a time; two would only be told by the server that it is filed already
		if (navigator.locks) await navigator.locks.request("gongzhi-grid", flushNow);
		else await flushNow();
	} catch {
		// the next try comes
	} finally {
		flushing = false;
		await show();
	}
}

// ---- shown ----
function element(name, text, attributes = {}) {
	const e = document.createElement(name);
	if (text) e.textContent = text;
	for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
	return e;
}

function warn(text, href, link) {
	if (text === say.offline && document.querySelector("[data-offline-page]")) return; // that page says it itself
	notice.textContent = text;
	if (href) notice.append(" ", element("a", link, { href }));
	notice.hidden = !text;
	if (text) box.hidden = false;
}

function button(text, fn) {
	const b = element("button", text, { type: "button", class: "btn btn--second" });
	b.addEventListener("click", async () => {
		b.disabled = true;
		await fn();
		await show();
	});
	return b;
}

function refill(item) {
	const form = document.querySelector(`form[data-queue=${item.form}]`);
	if (!form) {
		location.assign(item.form === "proxy" ? "/grid/proxy" : "/grid");
		return;
	}
	for (const [name, value] of item.fields) {
		const field = form.elements[name];
		if (!field) continue;
		if (field.type === "checkbox") field.checked = true;
		else field.value = value;
	}
	const photo = form.elements.photo;
	if (photo && item.files.length) {
		const files = new DataTransfer();
		for (const [, file] of item.files) files.items.add(file);
		photo.files = files.files;
	}
	form.closest("details")?.setAttribute("open", "");
	form.elements.what.focus();
	return remove(item.id);
}

const classes = { waiting: "tag tag--soon", sending: "tag tag--act", sent: "tag tag--ok", failed: "tag tag--late" };

function line(item) {
	const li = element("li");
	const words = item.fields?.find(([n]) => n === "what")?.[1] ?? "";
	const p = element("p", `${say[item.form]} `);
	p.append(element("span", say[item.state], { class: classes[item.state] }));
	li.append(p);
	if (words) li.append(element("p", words.length > 40 ? `${words.slice(0, 40)}…` : words, { class: "quote" }));
	if (item.state === "failed") li.append(element("p", item.why, { class: "error" }));
	if (item.code) li.append(element("p", say.tell.replace("%s", item.code)));
	const buttons = element("div", "", { class: "btns" });
	if (item.state === "failed") buttons.append(button(say.edit, () => refill(item)));
	if (item.state === "sent") buttons.append(button(say.known, () => remove(item.id)));
	else buttons.append(button(say.discard, () => remove(item.id)));
	li.append(buttons);
	return li;
}

async function show() {
	const items = await all();
	const mine = items.filter((i) => !i.who || i.who === who);
	const others = items.length - mine.length;
	list.replaceChildren(...mine.map(line));
	if (others) {
		const li = element("li", say.other.replace("%d", others));
		const b = element("div", "", { class: "btns" });
		b.append(button(say.discard, async () => {
			for (const i of items) if (i.who && i.who !== who) await remove(i.id);
		}));
		li.append(b);
		list.append(li);
	}
	list.hidden = !list.children.length;
	box.hidden = list.hidden && notice.hidden;
}

// ---- signing out deletes what waits: said first ----
let warned = false;
async function leaving(event) {
	if (warned) return;
	event.preventDefault();
	const form = event.target;
	const waiting = (await all()).filter((i) => i.state !== "sent").length;
	warned = true;
	if (!waiting) {
		form.requestSubmit();
		return;
	}
	warn(say.logout.replace("%d", waiting));
	box.scrollIntoView({ block: "center" });
}

async function keepShell() {
	if (!("serviceWorker" in navigator)) return;
	await navigator.serviceWorker.register("/grid/worker.js", { scope: "/grid" });
	const answer = await fetch("/grid/offline");
	if (answer.ok && !answer.redirected) await (await caches.open("grid-shell")).put("/grid/offline", answer);
}

async function start() {
	try {
		await db();
		await show();
	} catch {
		return; // no store: ordinary forms
	}
	for (const form of document.querySelectorAll("form[data-queue]")) form.addEventListener("submit", enqueue);
	document.querySelector('form[action="/logout"]')?.addEventListener("submit", leaving);
	addEventListener("online", flush);
	addEventListener("offline", () => warn(say.offline));
	document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && flush());
	setInterval(async () => {
		if ((await all()).some((i) => i.state === "waiting")) flush();
	}, AGAIN);
	await flush();
	await keepShell().catch(() => {});
}

document.querySelector("[data-focus]")?.focus();
// the button above the lists leads into the field, not only to it
document.querySelector('a[href="#found-what"]')?.addEventListener("click", () => document.getElementById("found-what").focus());
start();
