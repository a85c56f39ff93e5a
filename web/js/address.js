// The form of whoever files for others: the address proposes places of his area while it is typed. The words stay when they say more than the name; a place that
// was chosen stays too. Without the map capability or a line there are no proposals, and nothing else is missing.
import { suggest } from "./suggest.js";

const input = document.querySelector('input[name="f_address"]');
const place = document.querySelector('select[name="f_place"]');

if (input)
	suggest(input, {
		least: 2,
		ask: async (q, signal) => {
			const answer = await fetch(`/map/find.json?q=${encodeURIComponent(q)}`, { headers: { Accept: "application/json" }, signal });
			if (!answer.ok) throw new Error(String(answer.status));
			return (await answer.json()).rows;
		},
		choose: (row) => {
			if (!row.in_words) input.value = row.name;
			if (place && !place.value && [...place.options].some((o) => o.value === row.key)) place.value = row.key;
		},
	});
