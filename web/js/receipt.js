// Receipt and status: copy, print; the draft of a report that has arrived is forgotten.
for (const button of document.querySelectorAll("[data-copy]")) {
	if (!navigator.clipboard) break;
	button.hidden = false;
	button.addEventListener("click", async () => {
		try {
			await navigator.clipboard.writeText(button.dataset.copy);
			button.textContent = button.dataset.done;
		} catch {
			button.hidden = true;
		}
	});
}
for (const button of document.querySelectorAll("[data-print]")) {
	button.hidden = false;
	button.addEventListener("click", () => print());
}
try {
	for (const key of Object.keys(localStorage)) if (key.startsWith("report-")) localStorage.removeItem(key);
} catch {
	// no storage, no draft
}
document.querySelector("[data-focus]")?.focus();
