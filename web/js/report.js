// Makes the report form easier; the form works without. Nothing here may be needed.
const form = document.getElementById("report");
const PIXELS = 2000; // longest side of a photograph sent; the server re-encodes it anyway

// ---- draft: what was typed survives a closed page; names and numbers are not kept on the device ----
const draftKey = form.dataset.draft;
const kept = ["what", "address", "place"].map((id) => document.getElementById(id)).filter(Boolean);

function restoreDraft() {
	let draft;
	try {
		draft = JSON.parse(localStorage.getItem(draftKey) || "{}");
	} catch {
		return;
	}
	for (const field of kept) {
		if (!field.value && typeof draft[field.id] === "string") field.value = draft[field.id];
	}
}

function saveDraft() {
	try {
		localStorage.setItem(draftKey, JSON.stringify(Object.fromEntries(kept.map((f) => [f.id, f.value]))));
	} catch {
		// private mode or full: no draft, nothing else lost
	}
}

// ---- photographs: shown at once, made smaller before they travel ----
const photo = document.getElementById("photo");

function fit(image) {
	const scale = Math.min(1, PIXELS / Math.max(image.width, image.height));
	return [Math.round(image.width * scale), Math.round(image.height * scale)];
}

function draw(image, width, height) {
	const canvas = document.createElement("canvas");
	canvas.width = width;
	canvas.height = height;
	canvas.getContext("2d").drawImage(image, 0, 0, width, height);
	return canvas;
}

async function smaller(file) {
	if (file.size < 600_000) return file;
	try {
		const image = await createImageBitmap(file);
		const blob = await new Promise((done) => draw(image, ...fit(image)).toBlob(done, "image/jpeg", 0.85));
		return blob && blob.size < file.size ? new File([blob], file.name, { type: "image/jpeg" }) : file;
	} catch {
		return file; // the server says what is wrong with it
	}
}

async function preview() {
	photo.nextElementSibling?.classList.contains("photos") && photo.nextElementSibling.remove();
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

async function shrinkAll() {
	const files = new DataTransfer();
	for (const file of photo.files) files.items.add(await smaller(file));
	photo.files = files.files;
}

async function send(event) {
	// the place inside a photograph is lost when it is made smaller here
	if (!photo || !photo.files.length || form.elements.photo_point?.checked) return;
	event.preventDefault();
	const button = form.querySelector("button.btn--big");
	button.disabled = true;
	try {
		await shrinkAll();
	} finally {
		form.submit();
	}
}

// ---- position, only when asked for ----
function locate() {
	const box = document.getElementById("locate");
	if (!box || !navigator.geolocation || !window.isSecureContext) return;
	const [get, clear] = box.querySelectorAll("button");
	const say = box.querySelector("[role=status]");
	const [lon, lat] = ["lon", "lat"].map((id) => document.getElementById(id));
	const show = (text) => {
		say.textContent = text;
		clear.hidden = !lon.value;
	};
	get.addEventListener("click", () => {
		show(box.dataset.wait);
		navigator.geolocation.getCurrentPosition(
			({ coords }) => {
				lon.value = coords.longitude.toFixed(6);
				lat.value = coords.latitude.toFixed(6);
				show(box.dataset.ok);
			},
			() => show(box.dataset.fail),
			{ enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
		);
	});
	clear.addEventListener("click", () => {
		lon.value = lat.value = "";
		show("");
	});
	box.hidden = false;
	if (lon.value) show(box.dataset.ok);
}

restoreDraft();
form.addEventListener("input", saveDraft);
form.addEventListener("submit", send);
photo?.addEventListener("change", preview);
locate();
document.querySelector("[data-focus]")?.focus();
