// Makes the report form easier; the form works without. Nothing here may be needed.
import { placeIn } from "./exif.js";
import { pinField } from "./pin.js";
import { shrink } from "./shrink.js";
import { suggest } from "./suggest.js";

const by = (id) => document.getElementById(id);
let form; // the form in the page: shown anew when something is missing
let pin; // its place (pin.js); absent where no place is asked

// ---- draft: what was typed survives a closed page; names and numbers are not kept on the device ----
const DRAFT = ["what", "address", "place", "category"];
const draftFields = () => DRAFT.map(by).filter(Boolean);

function saveDraft() {
	try {
		localStorage.setItem(form.dataset.draft, JSON.stringify(Object.fromEntries(draftFields().map((f) => [f.id, f.value]))));
	} catch {
		// private mode or full: no draft, nothing else lost
	}
}

function restoreDraft() {
	let draft;
	try {
		draft = JSON.parse(localStorage.getItem(form.dataset.draft) || "{}");
	} catch {
		return;
	}
	let any = false;
	for (const field of draftFields()) {
		if (field.value || typeof draft[field.id] !== "string" || !draft[field.id]) continue;
		field.value = draft[field.id];
		any ||= field.id === "what" || field.id === "address";
	}
	if (any) sayRestored();
}

function sayRestored() {
	const box = by("draft");
	const clear = document.createElement("button");
	clear.type = "button";
	clear.className = "btn btn--quiet";
	clear.textContent = form.dataset.discard;
	clear.addEventListener("click", () => {
		for (const field of draftFields()) field.value = "";
		saveDraft();
		box.hidden = true;
		by("what").focus();
	});
	box.replaceChildren(form.dataset.restored, " ", clear);
	box.hidden = false;
}

// ---- photographs: shown at once, made smaller before they travel ----
async function preview(event) {
	const photo = event.target;
	if (photo.nextElementSibling?.classList.contains("photos")) photo.nextElementSibling.remove();
	const list = document.createElement("ul");
	list.className = "photos";
	for (const file of [...photo.files].slice(0, Number(photo.dataset.max))) {
		try {
			const image = await createImageBitmap(file);
			const item = document.createElement("li");
			const side = Math.min(image.width, image.height);
			const canvas = document.createElement("canvas");
			canvas.width = canvas.height = 220;
			canvas.getContext("2d").drawImage(image, (image.width - side) / 2, (image.height - side) / 2, side, side, 0, 0, 220, 220);
			canvas.setAttribute("role", "img");
			canvas.setAttribute("aria-label", file.name);
			item.append(canvas);
			list.append(item);
		} catch {
			// no picture the browser knows: no preview
		}
	}
	if (list.children.length) photo.after(list);
}

// ---- where a photograph was taken: read here, offered, and sent with the form only if it was taken up ----
const FAR = 30_000; // metres from the town: a photograph of elsewhere says nothing about this
let fromPhoto = false; // the point is that of a photograph: nobody is asked about it before the form is sent

async function offerPlace() {
	const offer = by("photo-place");
	const photo = by("photo");
	const tick = form.elements.photo_point;
	if (!offer) return;
	offer.hidden = true;
	if (fromPhoto) pin.clear();
	// the box to tick is for pages without script; a photograph kept from before has its own words
	if (tick && !form.querySelector("input[name=kept]")) {
		tick.checked = false;
		tick.closest("label").hidden = photo.files.length > 0;
	}
	for (const file of [...photo.files].slice(0, Number(photo.dataset.max))) {
		const at = await placeIn(file);
		if (!at || !pin.near(at, FAR)) continue;
		offer.hidden = false;
		offer.querySelector("button").onclick = () => takePlace(at, offer);
		return;
	}
}

function takePlace({ lon, lat }, offer) {
	pin.put(lon, lat);
	by("place").value = ""; // the grid comes from the pin
	fromPhoto = true;
	offer.hidden = true;
	pin.say(offer.dataset.taken);
	by("spot")?.scrollIntoView({ block: "nearest" });
}

async function bodyOf(submitter) {
	const body = new FormData(form);
	if (submitter?.name) body.append(submitter.name, submitter.value);
	// the place inside a photograph is lost when it is made smaller here
	if (form.elements.photo_point?.checked) return body;
	const files = body.getAll("photo").filter((f) => f.size);
	body.delete("photo");
	for (const file of files) body.append("photo", await shrink(file), file.name);
	return body;
}

// ---- sending: a bad line is the ordinary case. The form keeps its key, so that sending it again files it once ----
async function send(event) {
	const { submitter } = event;
	if (submitter?.type === "image") {
		event.preventDefault(); // the map: pin.js
		return;
	}
	event.preventDefault();
	const retry = by("retry");
	const buttons = form.querySelectorAll("button");
	const big = form.querySelector("button.btn--big");
	const words = big.textContent;
	retry.hidden = true;
	const body = await bodyOf(submitter);
	for (const b of buttons) b.disabled = true;
	big.textContent = form.dataset.sending;
	try {
		const answer = await fetch(submitter?.hasAttribute("formaction") ? submitter.formAction : form.action, { method: "POST", body });
		if (answer.redirected) {
			location.assign(answer.url);
			return;
		}
		if (answer.status >= 500 || !showAgain(await answer.text())) throw new Error(String(answer.status));
	} catch {
		retry.textContent = form.dataset.retry;
		retry.hidden = false;
		retry.scrollIntoView({ block: "center" });
	} finally {
		for (const b of buttons) b.disabled = false;
		big.textContent = words;
	}
}

// The same page with what is missing: its content takes the place of ours, the address stays.
function showAgain(html) {
	const page = new DOMParser().parseFromString(html, "text/html");
	const main = page.querySelector("main");
	if (!main) return false;
	document.querySelector("main").replaceChildren(...main.childNodes);
	document.title = page.title;
	form = by("report");
	if (form) begin();
	const focus = document.querySelector("[data-focus]") ?? document.querySelector("main");
	focus.focus();
	focus.scrollIntoView({ block: "start" });
	return true;
}

// ---- hints: what the words speak of, who reported the same, which grid the pin stands in ----
let asked = "";
async function hints(force) {
	const what = by("what").value.trim();
	const body = new URLSearchParams({ _csrf: form.elements._csrf.value, what, place: by("place").value });
	const at = pin.at();
	if (!fromPhoto) for (const k of ["lon", "lat"]) body.set(k, by(k).value);
	if (!force && (what.length < 4 || asked === body.toString())) return;
	asked = body.toString();
	try {
		const answer = await fetch(form.dataset.hints, { method: "POST", body });
		if (!answer.ok) return;
		show(await answer.json(), at);
	} catch {
		// no line: no hints
	}
}

function show(h, at) {
	const auto = by("category").options[0];
	auto.textContent = h.category ? auto.dataset.auto.replace("%s", h.category.title) : auto.dataset.plain;
	const danger = by("danger");
	danger.hidden = !h.danger;
	danger.classList.toggle("notice--danger", Boolean(h.danger));
	danger.querySelector("p").textContent = h.danger ?? "";
	showAlike(h.alike);
	pin.show(h, at);
}

// Only said; sending goes on without a further question, since it has been seen.
function showAlike(list) {
	const box = by("alike");
	if (!box) return;
	box.hidden = !list.length;
	form.querySelector("input[name=anyway]")?.remove();
	if (!list.length) return;
	const head = document.createElement("strong");
	const why = document.createElement("p");
	const ul = document.createElement("ul");
	head.textContent = form.dataset.alike;
	why.textContent = form.dataset.alikeWhy;
	ul.className = "links";
	for (const x of list) {
		const li = document.createElement("li");
		const about = document.createElement("p");
		about.className = "small muted";
		about.textContent = x.about;
		const b = document.createElement("button");
		b.className = "btn btn--second";
		b.name = "follow";
		b.value = x.id;
		b.setAttribute("formaction", form.dataset.follow);
		b.textContent = form.dataset.alikeFollow;
		li.append(x.title, about, b);
		ul.append(li);
	}
	box.replaceChildren(head, why, ul);
	const seen = document.createElement("input");
	seen.type = "hidden";
	seen.name = "anyway";
	seen.value = "1";
	form.append(seen);
}

// ---- the address: what it may mean, proposed while one types. A pin or place that was chosen stays, and so do words that say more than the name ----
function places() {
	const { places: address, some, taken } = by("where").dataset;
	suggest(by("address"), {
		least: 2, some,
		ask: async (q, signal) => {
			const answer = await fetch(address, { method: "POST", body: new URLSearchParams({ _csrf: form.elements._csrf.value, q }), signal });
			if (!answer.ok) throw new Error(String(answer.status));
			const { rows } = await answer.json();
			if (rows.length) seen();
			return rows;
		},
		choose: (row) => {
			if (!row.in_words) by("address").value = row.name;
			if (!pin.at() && row.lon !== undefined) pin.set(row.lon, row.lat);
			else if (!pin.at() && !by("place").value) by("place").value = row.key;
			pin.say(taken.replace("{n}", row.full || row.name));
			saveDraft();
		},
	});
}

// Whoever has seen the proposals is not asked again when the form is sent.
function seen() {
	if (form.elements.words) return;
	const words = document.createElement("input");
	words.type = "hidden";
	words.name = "words";
	words.value = "1";
	form.append(words);
}

function moved() {
	fromPhoto = false;
	if (pin.at()) by("place").value = ""; // the grid comes from the pin
}

function begin() {
	form.addEventListener("input", saveDraft);
	form.addEventListener("submit", send);
	fromPhoto = false;
	pin = by("lon") ? pinField({ chosen: moved, ask: () => hints(true) }) : undefined;
	by("photo")?.addEventListener("change", preview);
	by("photo")?.addEventListener("change", offerPlace);
	if (by("where")) places();
	if (pin) {
		by("what").addEventListener("change", () => hints(false));
		by("place").addEventListener("change", () => hints(false));
	}
}

form = by("report");
restoreDraft();
begin();
if (by("what").value && pin) hints(false);
document.querySelector("[data-focus]")?.focus();
