// A field that proposes while one types: the ARIA combobox with a list below it. Arrows walk through the list, Enter takes, Esc closes; the field stays what it
// is for whoever ignores it. Keys that belong to an input method (pinyin being written) are left to it.
//   ask(text, signal) -> [{name, full, about, sound, ...}]   choose(row)   first: Enter without a choice takes the first row   some, none: what is said
let made = 0;

export function suggest(input, { ask, choose, first = false, some = "", none = "", least = 1 }) {
	const list = document.createElement("ul"), said = document.createElement("span"), box = document.createElement("div");
	let rows = [], at = -1, asked = "", timer, running;

	list.id = `suggest-${++made}`;
	list.className = "suggest__list";
	list.hidden = true;
	list.setAttribute("role", "listbox");
	list.setAttribute("aria-label", input.labels?.[0]?.textContent.trim() ?? "");
	said.className = "sr";
	said.setAttribute("role", "status");
	box.className = "suggest";
	input.before(box);
	box.append(input, list, said);
	for (const [k, v] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) input.setAttribute(k, v);
	input.autocomplete = "off"; // the browser's own list would lie over ours

	function close() {
		clearTimeout(timer);
		list.hidden = true;
		at = -1;
		input.setAttribute("aria-expanded", "false");
		input.removeAttribute("aria-activedescendant");
	}
	function mark(i) {
		at = i;
		[...list.children].forEach((o, k) => o.setAttribute("aria-selected", String(k === i)));
		if (i < 0) input.removeAttribute("aria-activedescendant");
		else {
			input.setAttribute("aria-activedescendant", list.children[i].id);
			list.children[i].scrollIntoView({ block: "nearest" });
		}
	}
	function take(i) {
		const row = rows[i];
		close();
		asked = input.value.trim();
		choose(row);
		asked = input.value.trim(); // what was chosen is not asked for again
	}
	function line(row, i) {
		const o = document.createElement("li"), name = document.createElement("b"), more = document.createElement("small");
		o.id = `${list.id}-${i}`;
		o.setAttribute("role", "option");
		o.setAttribute("aria-selected", "false");
		name.textContent = row.name;
		more.textContent = [row.about, row.full].filter((t) => t && t !== row.name).join(" · ");
		o.append(name, more);
		// before the field loses the focus, which closes the list
		o.addEventListener("pointerdown", (e) => e.preventDefault());
		o.addEventListener("click", () => take(i));
		return o;
	}
	function show(found) {
		rows = found;
		list.replaceChildren(...rows.map(line));
		list.hidden = rows.length === 0;
		input.setAttribute("aria-expanded", String(rows.length > 0));
		mark(-1);
		said.textContent = rows.length ? some.replace("{n}", rows.length) : none;
	}
	async function look(text) {
		running?.abort();
		running = new AbortController();
		asked = text;
		try {
			const found = await ask(text, running.signal);
			if (asked === text && document.activeElement === input) show(found);
			return found;
		} catch {
			if (asked === text) close(); // no line, or asked anew: the field works without
			return [];
		}
	}
	input.addEventListener("input", () => {
		const text = input.value.trim();
		clearTimeout(timer);
		if (text.length < least) {
			running?.abort();
			asked = "";
			close();
		} else if (text !== asked) timer = setTimeout(look, 150, text);
	});
	input.addEventListener("keydown", async (e) => {
		if (e.isComposing) return;
		const open = !list.hidden;
		if (e.key === "ArrowDown" || e.key === "ArrowUp") {
			e.preventDefault();
			if (!open) {
				if (input.value.trim().length >= least) look(input.value.trim());
				return;
			}
			const n = rows.length, down = e.key === "ArrowDown";
			mark(at < 0 ? (down ? 0 : n - 1) : (at + (down ? 1 : n - 1)) % n);
		} else if (e.key === "Escape" && open) {
			e.preventDefault();
			e.stopPropagation();
			close();
		} else if (e.key === "Enter" && open && at >= 0) {
			e.preventDefault();
			take(at);
		} else if (e.key === "Enter" && first && input.value.trim()) {
			// typed and Enter at once: the answer may still be on its way
			e.preventDefault();
			const text = input.value.trim();
			const found = text === asked && open ? rows : await look(text);
			if (found.length) {
				rows = found;
				take(0);
			} else input.form?.submit();
		} else if (e.key === "Tab") close();
	});
	input.addEventListener("blur", close);
	return { close };
}
