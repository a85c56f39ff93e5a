// The place of a form as a pin on its small map (web/minimap.h): set by pointer or Enter, dragged, moved by the arrow keys, taken from this device's position
// when asked to; the page stays. The markup is the template's part web_pin_field, and without script the map is a button of the form: nothing here is needed.
//   chosen()   somebody has set, moved or dropped the point; called at once
//   ask(at)    a moment later: what stands there? The answer {map, spot} goes to show(answer, at)
const R = 6378137;
const PAUSE = 300; // ms: a key held down asks once, not fifty times
const STEP = 15; // metres a key
const GRIP = 24; // pixels around the pin's head that take hold of it
const KEYS = { ArrowUp: [0, STEP], ArrowDown: [0, -STEP], ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0] };
const SVG = "http://www.w3.org/2000/svg";

const by = (id) => document.getElementById(id);
const mercator = (lat) => R * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));

// The frame of the drawing (web/minimap.c): its centre, and metres on the ground a pixel; the pixels of the picture are fixed.
function frameOf(box) {
	const [lon, lat, half] = box.querySelector("input[type=hidden]").value.split(" ").map(Number);
	return { lon, lat, metres: half / (box.clientWidth / 2) };
}

// Metres on the ground from a point to degrees.
function ground(from, east, north) {
	const scale = 1 / Math.cos((from.lat * Math.PI) / 180);
	const x = (R * from.lon * Math.PI) / 180 + east * scale;
	const y = mercator(from.lat) + north * scale;
	return [((x / R) * 180) / Math.PI, ((2 * Math.atan(Math.exp(y / R)) - Math.PI / 2) * 180) / Math.PI];
}

// Metres from the centre of the frame to a point, east and north.
function metresTo(frame, { lon, lat }) {
	const scale = Math.cos((frame.lat * Math.PI) / 180);
	return [((R * (lon - frame.lon) * Math.PI) / 180) * scale, (mercator(lat) - mercator(frame.lat)) * scale];
}

export function pinField({ chosen = () => {}, ask = () => {} } = {}) {
	const box = () => by("map")?.querySelector(".minimap__box");
	let timer;
	let held; // while the pin is dragged: where it was taken hold of, beside its tip
	let dropped = false; // the click that ends a drag is none

	const at = () => (by("lon").value ? { lon: Number(by("lon").value), lat: Number(by("lat").value) } : null);

	function say(text) {
		const spot = by("spot");
		const locate = by("locate");
		if (spot) {
			spot.textContent = text;
			spot.hidden = !text;
		}
		locate.querySelector("[role=status]").textContent = spot ? "" : text;
		locate.querySelectorAll("button")[1].hidden = !at();
	}

	// In the drawing's own units; outside the frame the words must do.
	function draw() {
		const svg = box()?.querySelector("svg");
		const point = at();
		if (!svg) return;
		let pin = svg.querySelector(".pin");
		const { width, height } = svg.viewBox.baseVal;
		const frame = frameOf(box());
		const unit = (frame.metres * box().clientWidth) / width;
		const [east, north] = point ? metresTo(frame, point) : [Infinity, Infinity];
		const x = width / 2 + east / unit;
		const y = height / 2 - north / unit;
		if (!(x > 0 && x < width && y > 0 && y < height)) {
			pin?.remove();
			return;
		}
		if (!pin) {
			pin = document.createElementNS(SVG, "g");
			const shape = document.createElementNS(SVG, "path");
			const eye = document.createElementNS(SVG, "circle");
			pin.setAttribute("class", "pin");
			shape.setAttribute("d", "M0 0C-4-9-11-13-11-20a11 11 0 1 1 22 0C11-13 4-9 0 0z");
			eye.setAttribute("cy", "-20");
			eye.setAttribute("r", "4");
			pin.append(shape, eye);
			svg.append(pin);
		}
		pin.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
	}

	// Puts the pin there and asks nobody.
	function put(lon, lat) {
		by("lon").value = lon.toFixed(6);
		by("lat").value = lat.toFixed(6);
		draw();
	}

	function set(lon, lat) {
		put(lon, lat);
		chosen();
		by("locate").querySelectorAll("button")[1].hidden = false;
		clearTimeout(timer);
		timer = setTimeout(() => ask(at()), PAUSE);
	}

	function clear() {
		clearTimeout(timer);
		by("lon").value = by("lat").value = "";
		draw();
		say("");
		chosen();
	}

	// What was asked about a point that is no longer the form's is of no use.
	function show({ map, spot }, asked) {
		const now = at();
		if (held || !now || (asked && (asked.lon !== now.lon || asked.lat !== now.lat))) return;
		if (map) {
			const focused = document.activeElement?.type === "image";
			by("map").replaceChildren(...new DOMParser().parseFromString(map, "text/html").body.childNodes);
			begin();
			if (focused) by("map").querySelector("input[type=image]")?.focus({ preventScroll: true });
		}
		if (spot !== undefined) say(spot ? by("locate").dataset.at.replace("%s", spot) : by("locate").dataset.ok);
	}

	// Where on the ground the pointer is; pixels from the middle of the picture.
	function under(event, image) {
		const r = image.getBoundingClientRect();
		return [event.clientX - r.left - r.width / 2, r.top + r.height / 2 - event.clientY];
	}

	// From the pin's tip to the pointer, if it is on the pin's head.
	function grip(event, image) {
		const pin = box().querySelector(".pin path");
		if (!pin) return null;
		const head = pin.getBoundingClientRect();
		const far = Math.hypot(event.clientX - (head.left + head.width / 2), event.clientY - (head.top + head.width / 2));
		if (far > GRIP) return null;
		const frame = frameOf(box());
		const tip = metresTo(frame, at()).map((m) => m / frame.metres);
		return under(event, image).map((v, i) => v - tip[i]);
	}

	function drag(image) {
		// a finger on the pin moves the pin, anywhere else the page
		image.addEventListener("touchstart", (event) => {
			if (event.touches.length === 1 && grip(event.touches[0], image)) event.preventDefault();
		}, { passive: false });
		image.addEventListener("pointerdown", (event) => {
			dropped = false;
			if (event.button || !at()) return;
			held = grip(event, image);
			if (!held) return;
			clearTimeout(timer);
			image.setPointerCapture(event.pointerId);
		});
		image.addEventListener("pointermove", (event) => {
			if (!held) {
				image.classList.toggle("is-grip", Boolean(at() && grip(event, image)));
				return;
			}
			const frame = frameOf(box());
			const r = image.getBoundingClientRect();
			const [x, y] = under(event, image).map((v, i) => {
				const edge = (i ? r.height : r.width) / 2 - 1;
				return Math.max(-edge, Math.min(edge, v - held[i]));
			});
			dropped = true;
			put(...ground(frame, x * frame.metres, y * frame.metres));
		});
		const letGo = () => {
			if (held && dropped) set(at().lon, at().lat);
			held = undefined;
		};
		image.addEventListener("pointerup", letGo);
		image.addEventListener("pointercancel", letGo);
		image.addEventListener("dragstart", (event) => event.preventDefault()); // the browser would drag the picture
	}

	function begin() {
		const image = box()?.querySelector("input[type=image]");
		if (!image) return;
		drag(image);
		image.addEventListener("click", (event) => {
			event.preventDefault();
			if (dropped && event.detail) {
				dropped = false;
				return;
			}
			const frame = frameOf(box());
			// by the keyboard a click has no place: the middle, from where the arrows go on
			const [x, y] = event.detail ? under(event, image) : [0, 0];
			set(...ground(frame, x * frame.metres, y * frame.metres));
		});
		image.addEventListener("keydown", (event) => {
			const go = KEYS[event.key];
			if (!go || event.ctrlKey || event.metaKey || event.altKey) return;
			event.preventDefault();
			set(...ground(at() ?? frameOf(box()), ...go));
		});
	}

	function locate() {
		const { dataset } = by("locate");
		const [get, drop] = by("locate").querySelectorAll("button");
		drop.addEventListener("click", clear);
		by("locate").hidden = false;
		if (at()) say(by("spot")?.textContent || dataset.ok);
		if (!navigator.geolocation || !window.isSecureContext) {
			get.hidden = true;
			return;
		}
		get.addEventListener("click", () => {
			say(dataset.wait);
			navigator.geolocation.getCurrentPosition(
				({ coords }) => {
					set(coords.longitude, coords.latitude);
					say(dataset.ok);
				},
				() => say(dataset.fail),
				{ enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
			);
		});
	}

	// Is a point so many metres from the middle of the map, at most? Without a map nobody knows: it is.
	function near(point, metres) {
		return !box() || Math.hypot(...metresTo(frameOf(box()), point)) < metres;
	}

	by("pin-field")?.querySelector("[data-keys]")?.classList.remove("hidden");
	begin();
	locate();
	return { at, put, set, clear, show, say, near };
}
