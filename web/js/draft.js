// What is typed into a form of the desk is kept on the server, sealed, for its account: a closed tab, an ended session or a lost line loses
// nothing. Until it has arrived there it also stays in this tab.
const says = document.getElementById("keys")?.dataset;
const states = new WeakMap();
const WAIT = 1200; // ms without a key before it is saved

// A form of the desk has a field named "action": form.action would be that field.
const targetOf = (form) => new URL(form.getAttribute("action"), location.href).pathname;
const isDraft = (form) => form instanceof HTMLFormElement && form.getAttribute("method") === "post" && form.closest("main") && form.querySelector("textarea") &&
	form.elements._csrf;

// "/cases/12/do#reply": where it goes and which step.
function nameOf(form) {
	const step = form.elements.action?.value;
	return targetOf(form) + (step ? `#${step}` : "");
}

const controls = (form) => [...form.elements].filter((e) => e.name && !e.name.startsWith("_") &&
	(e.matches("textarea, select") || (e.tagName === "INPUT" && !["hidden", "file", "password", "submit", "button"].includes(e.type))));

const fieldsOf = (form) => controls(form)
	.filter((e) => (["checkbox", "radio"].includes(e.type) ? e.checked : e.value !== ""))
	.map((e) => [e.name, e.value]);

const untouched = (form) => controls(form).every((e) => {
	if (e.tagName === "SELECT") return [...e.options].every((o) => o.selected === o.defaultSelected) || e.selectedIndex <= 0;
	return ["checkbox", "radio"].includes(e.type) ? e.checked === e.defaultChecked : e.value === e.defaultValue;
});

// ---- saying ----

function say(form, text, extra) {
	let line = form.querySelector(".draft");
	if (!line) {
		line = document.createElement("p");
		line.className = "draft muted small";
		line.setAttribute("role", "status");
		form.querySelector(".btns")?.before(line);
	}
	line.replaceChildren(text ?? "", ...(extra ? [" ", extra] : []));
}

function carry(form, name) {
	let hidden = form.elements._draft;
	if (!hidden) {
		hidden = document.createElement("input");
		hidden.type = "hidden";
		hidden.name = "_draft";
		form.append(hidden);
	}
	hidden.value = name;
}

// ---- this tab ----

const stash = {
	put(name, fields) {
		try {
			sessionStorage.setItem(`draft:${name}`, JSON.stringify(fields));
		} catch {
			// full or private: only the server keeps it
		}
	},
	take(name) {
		try {
			return JSON.parse(sessionStorage.getItem(`draft:${name}`) ?? "null");
		} catch {
			return null;
		}
	},
	drop(name) {
		try {
			sessionStorage.removeItem(`draft:${name}`);
		} catch {
			// nothing there
		}
	},
};

// ---- saving ----

async function save(form) {
	const state = states.get(form);
	if (!state || !state.dirty || state.sent) return;
	const name = nameOf(form);
	const fields = fieldsOf(form);
	state.dirty = false;
	stash.put(name, fields);
	carry(form, name);
	try {
		const body = new URLSearchParams([["_csrf", form.elements._csrf.value], ["form", name], ...fields]);
		const answer = await fetch("/drafts", { method: "POST", body, keepalive: body.toString().length < 60_000, headers: { Accept: "application/json" } });
		if (answer.ok) {
			stash.drop(name);
			say(form, says?.saved);
		} else if (answer.status === 401 || answer.status === 403) {
			const link = document.createElement("a");
			link.href = "/login";
			link.target = "_blank";
			link.textContent = says?.login;
			say(form, says?.expired, link);
		} else {
			say(form, (await answer.json().catch(() => ({}))).error?.reason ?? says?.offline);
		}
	} catch {
		state.dirty = true;
		say(form, says?.offline);
	}
}

function typed(event) {
	const form = event.target.form;
	if (!isDraft(form) || event.target.type === "hidden") return;
	const state = states.get(form) ?? {};
	states.set(form, state);
	state.dirty = true;
	clearTimeout(state.timer);
	state.timer = setTimeout(() => save(form), WAIT);
}

const all = () => [...document.forms].filter(isDraft);
const saveAll = () => all().forEach(save);

// ---- bringing back ----

function fill(form, fields) {
	for (const e of controls(form)) {
		const mine = fields.filter(([n]) => n === e.name).map(([, v]) => v);
		if (!mine.length) continue;
		if (["checkbox", "radio"].includes(e.type)) e.checked = mine.includes(e.value);
		else if (e.tagName !== "SELECT" || [...e.options].some((o) => o.value === mine[0])) e.value = mine[0];
	}
}

function restore(form, name, fields) {
	if (!fields?.length || !untouched(form)) return;
	carry(form, name);
	states.set(form, { dirty: false });
	const there = new Set(fieldsOf(form).map((f) => f.join("=")));
	if (fields.every((f) => there.has(f.join("=")))) return; // the page itself brings it back, with what was wrong
	fill(form, fields);
	const box = form.closest("details");
	if (box) box.open = true;
	const drop = document.createElement("button");
	drop.type = "button";
	drop.className = "btn btn--quiet";
	drop.textContent = says?.drop;
	drop.addEventListener("click", () => {
		form.reset();
		stash.drop(name);
		form.querySelector(".draft")?.remove();
		fetch("/drafts", { method: "POST", body: new URLSearchParams([["_csrf", form.elements._csrf.value], ["form", name]]) }).catch(() => {});
	});
	say(form, says?.restored, drop);
}

async function restoreAll(root) {
	const forms = [...root.querySelectorAll("form")].filter(isDraft);
	if (!forms.length) return;
	const kept = new Map();
	try {
		const q = new URLSearchParams(forms.map((f) => ["form", nameOf(f)]));
		const answer = await fetch(`/drafts/kept?${q}`, { headers: { Accept: "application/json" } });
		if (answer.ok) for (const d of await answer.json()) kept.set(d.form, d.fields.flatMap((x, i, v) => (i % 2 ? [] : [[x, v[i + 1]]])));
	} catch {
		// no line: what this tab has is better than nothing
	}
	for (const form of forms) {
		const name = nameOf(form);
		restore(form, name, stash.take(name) ?? kept.get(name));
	}
}

document.addEventListener("input", typed);
document.addEventListener("change", typed);
document.addEventListener("submit", (event) => {
	const state = states.get(event.target);
	if (!state) return;
	clearTimeout(state.timer);
	carry(event.target, nameOf(event.target));
	if (!navigator.onLine) {
		event.preventDefault();
		state.dirty = true;
		stash.put(nameOf(event.target), fieldsOf(event.target));
		say(event.target, says?.offline);
		return;
	}
	state.sent = true;
	// what this tab keeps goes when the answer is another page; if it never comes, the text is still here
	stash.put(nameOf(event.target), fieldsOf(event.target));
	try {
		sessionStorage.setItem("draft-sent", nameOf(event.target));
	} catch {
		// nothing kept, nothing to drop
	}
}, true);
document.addEventListener("offline", (event) => {
	const form = event.detail;
	states.set(form, { dirty: true });
	save(form);
});
addEventListener("online", saveAll);
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && saveAll());
document.addEventListener("pane", (event) => arrived(event.detail));

// After a form was sent: a page without its error means it was taken.
function arrived(root) {
	try {
		const name = sessionStorage.getItem("draft-sent");
		sessionStorage.removeItem("draft-sent");
		if (name && !root.querySelector(".errors, [role=alert]") && !location.pathname.startsWith("/login")) stash.drop(name);
	} catch {
		// nothing kept
	}
	restoreAll(root);
}

arrived(document.querySelector("main"));
