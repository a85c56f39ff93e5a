// Walks a site as a visitor would, by its links: one page of each kind (/cases/17 and /cases/18 are one kind).

export function kind(url) {
  const path = new URL(url).pathname;
  return path.split('/').map((s) => (/^\d+$|^fa[a-z]{6,}$/.test(s) || /^(?=.*\d)[0-9A-Za-z-]{8,}$/.test(s) ? ':' : s)).join('/');
}

// Calls visit(page, kind, answer) on each page found from `starts`; returns the kinds in the order they were met. Kinds in
// `known` are not gone to again (except the starts).
export async function crawl(page, starts, visit, { most = 100, known = new Set() } = {}) {
  const origin = new URL(page.url() === 'about:blank' ? starts[0] : page.url()).origin;
  const queue = starts.map((s) => new URL(s, origin).href);
  const seen = new Map();
  while (queue.length && seen.size < most) {
    const url = queue.shift();
    if (new URL(url).origin !== origin || seen.has(kind(url))) continue;
    seen.set(kind(url), url);
    const head = await page.request.get(url, { maxRedirects: 5 });
    if (!/text\/html/.test(head.headers()['content-type'] ?? '')) continue; // an export, a picture, a stream
    const answer = await page.goto(url);
    seen.set(kind(page.url()), page.url());
    await visit(page, kind(page.url()), answer);
    for (const href of await page.$$eval('a[href]:not(svg a)', (links) => links.map((a) => a.href))) {
      const to = new URL(href);
      to.hash = '';
      if (!/[?&](lang|elder)=/.test(to.search) && !known.has(kind(to.href))) queue.push(to.href);
    }
  }
  return [...seen.keys()];
}
