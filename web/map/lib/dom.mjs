// A few hands for building what is shown. Text goes in as text: nothing here takes HTML.
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

export function el(name, props = {}, ...children) {
	const e = name === "svg" || props.svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);

	for (const [k, v] of Object.entries(props)) {
		if (v === undefined || v === null || v === false || k === "svg") continue;
		if (k === "class") e.setAttribute("class", v);
		else if (k === "data") for (const [n, value] of Object.entries(v)) e.dataset[n] = value;
		else if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
		else e.setAttribute(k, v === true ? "" : v);
	}
	e.append(...children.flat().filter((c) => c !== undefined && c !== null && c !== false));
	return e;
}

// Texts are written by the server into <template id="words"> as <span data-w="name">, in the reader's language.
const words = new Map();
export function word(name, ...values) {
	if (words.size === 0)
		for (const w of $("#words")?.content.querySelectorAll("[data-w]") ?? []) words.set(w.dataset.w, w.textContent);
	let i = 0;
	return (words.get(name) ?? name).replace(/\{n\}/g, () => values[i++] ?? "");
}

export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// How much larger than on a desk everything on a canvas is: a wall of 3840 px is read from as far as one of 1920.
export const zoomOfText = () => Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 16);

export const number = (n) => Math.round(n).toLocaleString(document.documentElement.lang || "zh-CN");

// A number that has changed runs to its new value, so that the eye sees which one it was.
const running = new WeakMap();
export function setNumber(e, value) {
	const from = Number(e.dataset.value ?? 0);
	if (e.dataset.value !== undefined && from === value) return;
	cancelAnimationFrame(running.get(e));
	e.dataset.value = value;
	e.dataset.long = Math.max(0, number(value).length - 4); // "1,747" and longer must stay on one line
	if (still() || e.textContent === "" || document.visibilityState !== "visible") {
		e.textContent = number(value);
		return;
	}
	const begun = performance.now();
	e.classList.remove("moved");
	requestAnimationFrame(() => e.classList.add("moved"));
	const step = (now) => {
		const t = Math.min(1, (now - begun) / 600);
		e.textContent = number(from + (value - from) * (1 - (1 - t) ** 3));
		if (t < 1) running.set(e, requestAnimationFrame(step));
	};
	running.set(e, requestAnimationFrame(step));
}

export const two = (n) => String(n).padStart(2, "0");
// Hours and minutes of the installation's zone: a wall hangs in one place, but its browser may be set to another.
export const clockOf = (ms) => new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hour12: false }).format(ms);
export const dayOf = (ms, lang = document.documentElement.lang) =>
	new Intl.DateTimeFormat(lang, { timeZone: "Asia/Shanghai", year: "numeric", month: "long", day: "numeric", weekday: "long" }).format(ms);

export function spanOf(ms) {
	const minutes = Math.max(0, Math.round(ms / 60_000));

	if (minutes < 60) return word("minutes", minutes);
	if (minutes < 48 * 60) return word("hours", Math.floor(minutes / 60));
	return word("days", Math.floor(minutes / 1440));
}
