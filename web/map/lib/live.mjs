// What changed, as it happens: one EventSource that resumes by sequence, and a slow refresh behind it for the hours in which the
// line, the proxy or the machine sleeps. A line can die without a word (a machine that slept, a cable): the server says something every
// 15 s, and whoever has not heard it for a minute connects anew. Many changes make one call: a wall shows the present, not each step towards it.
// reset: called with what has to be looked at anew ("places", "layers", "ground").
export function live(address, { every = 60_000, pause = 1000, changed, state, reset = () => {} }) {
	let source, timer, watch, waiting, last = 0, heard = Date.now(), stopped = false;
	const SILENCE = 60_000;

	function tell(why) {
		if (stopped || waiting) return;
		const wait = Math.max(0, last + pause - Date.now());
		waiting = setTimeout(async () => {
			waiting = undefined;
			last = Date.now();
			try {
				await changed(why);
			} catch (e) {
				state("stale", e);
			}
		}, wait);
	}
	function open() {
		source?.close();
		if (stopped || !globalThis.EventSource) return;
		heard = Date.now();
		source = new EventSource(address());
		source.onopen = () => {
			heard = Date.now();
			state("live");
		};
		source.onerror = () => {
			state("waiting");
			// the browser tries again by itself unless the server has refused for good
			if (source.readyState === EventSource.CLOSED) setTimeout(open, 5000 + 5000 * Math.random());
		};
		for (const name of ["message", "change", "reset"]) source.addEventListener(name, () => tell(name));
		for (const name of ["hello", "beat", "change", "reset"]) source.addEventListener(name, () => { heard = Date.now(); });
		source.addEventListener("reset", (e) => reset(JSON.parse(e.data).what));
	}
	// A tab that slept for a day has missed more than is kept: everything is asked anew.
	const woke = () => { if (document.visibilityState === "visible") tell("woke"); };
	document.addEventListener("visibilitychange", woke);
	addEventListener("online", open);
	timer = setInterval(() => tell("timer"), every);
	watch = setInterval(() => {
		if (Math.abs(Date.now() - heard) < SILENCE) return;
		state("waiting");
		open();
		tell("silence");
	}, 10_000);
	open();
	return {
		reopen: open,
		stop() {
			stopped = true;
			source?.close();
			clearInterval(timer);
			clearInterval(watch);
			clearTimeout(waiting);
			document.removeEventListener("visibilitychange", woke);
			removeEventListener("online", open);
		},
	};
}

export async function getJSON(address, signal) {
	const r = await fetch(address, { headers: { Accept: "application/json" }, signal: signal ?? AbortSignal.timeout?.(30_000), credentials: "same-origin" });
	// a session that has ended is answered with the login page
	if (r.status === 401 || r.redirected && /\/login/.test(r.url)) {
		location.reload();
		throw new Error("login");
	}
	if (!r.ok) throw new Error(`${r.status}`);
	return r.json();
}
