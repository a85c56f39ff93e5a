// Draws a line on the map of a village, with pointer or keyboard, into the field of coordinates. The page works without.
const box = document.getElementById("draw");
const field = document.getElementById("line");
if (box && field) begin(box.querySelector("svg"));

function begin(svg) {
	const NS = "http://www.w3.org/2000/svg";
	const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
	const west = Number(svg.dataset.west);
	const north = Number(svg.dataset.north);
	const sx = Number(svg.dataset.sx);
	const sy = Number(svg.dataset.sy);
	let cross = { x: Math.round(width / 2), y: Math.round(height / 2) };

	const make = (name, css) => {
		const e = document.createElementNS(NS, name);
		e.setAttribute("class", css);
		svg.append(e);
		return e;
	};
	const line = make("polyline", "line");
	const dots = make("path", "dots");
	const mark = make("path", "cross");
	const said = document.createElement("p");
	said.className = "hint";
	said.setAttribute("role", "status");
	said.textContent = box.dataset.help;
	box.append(said);
	svg.setAttribute("tabindex", "0");
	svg.setAttribute("role", "application");
	svg.setAttribute("aria-label", box.dataset.help);
	svg.classList.add("is-drawing");

	const rows = () => field.value.split(/[\s;]+/).filter(Boolean);
	const toUnits = (row) => {
		const [lon, lat] = row.split(",").map(Number);
		return [(lon - west) / sx, (north - lat) / sy];
	};

	function draw() {
		const points = rows().map(toUnits).filter((p) => p.every(Number.isFinite));
		line.setAttribute("points", points.map((p) => p.join(",")).join(" "));
		dots.setAttribute("d", points.map(([x, y]) => `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0`).join(""));
		mark.setAttribute("d", `M${cross.x - 9} ${cross.y}h18M${cross.x} ${cross.y - 9}v18`);
	}

	function add(x, y) {
		const row = `${(west + x * sx).toFixed(7)},${(north - y * sy).toFixed(7)}`;
		field.value = [...rows(), row].join("\n");
		said.textContent = box.dataset.added.replace("%d", rows().length).replace("%s", row);
		draw();
	}

	function back() {
		field.value = rows().slice(0, -1).join("\n");
		said.textContent = box.dataset.removed.replace("%d", rows().length);
		draw();
	}

	svg.addEventListener("click", (e) => {
		const at = new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse());
		cross = { x: Math.round(at.x), y: Math.round(at.y) };
		add(at.x, at.y);
	});
	svg.addEventListener("keydown", (e) => {
		const step = e.shiftKey ? 1 : 10;
		const way = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[e.key];
		if (way) {
			cross.x = Math.min(width, Math.max(0, cross.x + way[0]));
			cross.y = Math.min(height, Math.max(0, cross.y + way[1]));
			draw();
		} else if (e.key === "Enter") {
			add(cross.x, cross.y);
		} else if (e.key === "Backspace") {
			back();
		} else {
			return;
		}
		e.preventDefault();
	});
	field.addEventListener("input", draw);
	draw();
}
