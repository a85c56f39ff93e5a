// The form of whoever files for others, made easier; it works without. The pin moves on the page, and the address proposes places of the reader's area while it is
// typed: the words stay when they say more than the name, and so does a place or a pin that was chosen. Without the map capability or a line there are no proposals.
import { pinField } from "./pin.js";
import { suggest } from "./suggest.js";

const address = document.querySelector('input[name="f_address"]');
const place = document.querySelector('select[name="f_place"]');
const field = document.getElementById("pin-field");
const point = document.getElementById("lon");

function choosePlace(key) {
	if (!place || ![...place.options].some((o) => o.value === key)) return;
	place.value = key;
	place.dispatchEvent(new Event("change", { bubbles: true })); // the draft keeps it
}

async function spot(at) {
	try {
		const body = new URLSearchParams({ _csrf: point.form.elements._csrf.value, lon: at.lon, lat: at.lat });
		const answer = await fetch("/cases/spot.json", { method: "POST", body, headers: { Accept: "application/json" } });
		if (!answer.ok) return;
		const found = await answer.json();
		const now = pin.at();
		if (found.place && now && now.lon === at.lon && now.lat === at.lat) choosePlace(found.place);
		pin.show(found, at);
	} catch {
		// no line: the point is in the form all the same, and the grid is found when it is sent
	}
}

const pin = point ? pinField({ ask: spot }) : undefined;

if (address)
	suggest(address, {
		least: 2,
		ask: async (q, signal) => {
			const answer = await fetch(`/map/find.json?q=${encodeURIComponent(q)}`, { headers: { Accept: "application/json" }, signal });
			if (!answer.ok) throw new Error(String(answer.status));
			return (await answer.json()).rows;
		},
		choose: (row) => {
			if (!row.in_words) address.value = row.name;
			if (place?.value) return;
			// a road is long: its middle says nothing about where on it something lies
			if (pin && !pin.at() && row.kind === "point" && row.lon !== undefined) pin.set(row.lon, row.lat);
			choosePlace(row.key);
		},
	});

// The form that came back with a pin, without script's help: where one was, not at the top.
if (field?.hasAttribute("data-focus")) field.focus();
