// Keeps the pages of /grid usable without a line: their files, and the page with the two forms (/grid/offline). The forms
// themselves are queued by grid.js. FILES, with the hashes of the files, is put in front by the server.
const FILE_CACHE = "grid-files";
const SHELL_CACHE = "grid-shell";
const SHELL = "/grid/offline";
const PATIENCE = 6000; // ms until a line that is barely there counts as none

self.addEventListener("install", (event) => {
	event.waitUntil((async () => {
		await (await caches.open(FILE_CACHE)).addAll(FILES);
		await self.skipWaiting();
	})());
});

self.addEventListener("activate", (event) => {
	event.waitUntil((async () => {
		const cache = await caches.open(FILE_CACHE);
		for (const kept of await cache.keys()) if (!FILES.includes(new URL(kept.url).pathname)) await cache.delete(kept);
		await self.clients.claim();
	})());
});

async function page(request) {
	const shell = await (await caches.open(SHELL_CACHE)).match(SHELL);
	if (!shell) return fetch(request);
	const late = new Promise((done) => setTimeout(done, PATIENCE, null));
	const answer = await Promise.race([fetch(request).catch(() => null), late]);
	return answer && ![502, 503, 504].includes(answer.status) ? answer : shell;
}

async function file(request) {
	return (await (await caches.open(FILE_CACHE)).match(request)) ?? fetch(request);
}

self.addEventListener("fetch", (event) => {
	const { request } = event;
	if (request.method !== "GET") return;
	const url = new URL(request.url);
	if (url.origin !== location.origin) return;
	if (request.mode === "navigate" && (url.pathname === "/grid" || url.pathname.startsWith("/grid/"))) event.respondWith(page(request));
	else if (FILES.includes(url.pathname)) event.respondWith(file(request));
});
