// A quiet alarm for emergencies. It is seen without being heard: the band stays and what is new is marked in words. Sound is the choice of whoever
// sits there: off until he asks for it (browsers ask for that touch too), soft, again every minute until somebody has looked, and off with one touch.
import { $, el, word } from "./dom.mjs";

const AGAIN = 60_000, KEPT = "gongzhi-wall-sound";

export function alarm({ button, band, row }) {
	let seen = null, fresh = new Set(), audio, timer, wanted = localStorage.getItem(KEPT) === "1";

	const ready = () => audio?.state === "running";
	function show() {
		button.setAttribute("aria-pressed", String(wanted));
		button.textContent = word(!wanted ? "sound-off" : ready() ? "sound-on" : "sound-touch");
	}
	// two soft notes, a third apart
	function chime() {
		if (!wanted || !ready()) return;
		for (const [i, pitch] of [659.3, 523.3].entries()) {
			const t = audio.currentTime + i * 0.45, tone = audio.createOscillator(), gain = audio.createGain();

			tone.frequency.value = pitch;
			gain.gain.setValueAtTime(0, t);
			gain.gain.linearRampToValueAtTime(0.12, t + 0.05);
			gain.gain.exponentialRampToValueAtTime(0.001, t + 0.9);
			tone.connect(gain).connect(audio.destination);
			tone.start(t);
			tone.stop(t + 1);
		}
		button.dataset.chimes = Number(button.dataset.chimes ?? 0) + 1;
	}
	async function wake() {
		if (!wanted) return;
		audio ??= new AudioContext();
		await audio.resume();
		show();
	}
	function looked() {
		fresh.clear();
		clearInterval(timer);
		band.classList.remove("is-new");
		for (const b of band.querySelectorAll("b")) b.remove();
	}
	button.addEventListener("click", async () => {
		if (wanted && ready()) wanted = false;
		else wanted = true;
		localStorage.setItem(KEPT, wanted ? "1" : "0");
		await wake();
		chime();
		show();
	});
	// a wall that was told so last time needs one touch anywhere after it began anew
	addEventListener("pointerdown", (e) => { if (!ready() && !button.contains(e.target)) wake(); });
	band.addEventListener("click", looked);
	button.hidden = !globalThis.AudioContext;
	show();
	return (urgent = []) => {
		const now = new Set(urgent.map((m) => m.id)), came = seen === null ? [] : [...now].filter((id) => !seen.has(id));

		seen = now;
		band.hidden = now.size === 0;
		for (const id of came) fresh.add(id);
		for (const id of fresh) if (!now.has(id)) fresh.delete(id);
		// what is new comes first, so that it is among the three that are named
		const first = [...urgent].sort((a, b) => fresh.has(b.id) - fresh.has(a.id)).slice(0, 3);
		band.replaceChildren(el("strong", {}, word("urgent-n", now.size)), ...first.map((m) => row(m, fresh.has(m.id))));
		band.classList.toggle("is-new", fresh.size > 0);
		if (came.length) {
			clearInterval(timer);
			timer = setInterval(chime, AGAIN);
			chime();
		} else if (fresh.size === 0) clearInterval(timer);
	};
}
