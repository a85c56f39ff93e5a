/*
 * The desk's pages with a full store, over HTTP with session and rights checked; against
 *   raw     a tight loop of one thread in this process that does the same selects (session, rights, page) and the same render,
 *   small   the same loop over a store of 10,000 matters: the cost of a page must not grow with the store.
 * The list, plain and with filters in turn, at 16 connections: against 20 ms (99 of 100), and against the same over 10,000 matters.
 * And what a resident's phone loads at first, how long the full store takes to start, and the memory then.
 * PAGES_MATTERS (20000; 1000000 for the figures of docs/benchmarks.md), PAGES_SECONDS (2) a figure, PAGES_CONNECTIONS (16).
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "common.h"
#include "http/http.h"
#include "load.h"
#include "web/inner.h"
#include "web/serve.h"
#include "web/session.h"

#define SMALL 10000
#define SHOWN 500 /* different matters looked at */
#define PAGES 2    /* with a tight loop to compare with */
#define ALL_PAGES 4

static const char *const names[ALL_PAGES] = {"inbox", "matter", "list", "filter"};

/* Frequent and rare, alone and together, with hits and without. */
static const char *const filters[] = {
	"state=open", "state=closed", "state=filed&category=noise.build", "category=city.light", "category=house.pipe&state=open", "colour=late",
	"colour=ok&category=city.road", "place=500105004001003", "place=500105004001005&state=closed&category=city.garbage", "held=me", "channel=hotline",
	"channel=portal&state=open", "scenario=resident-report&colour=soon", "from=2026-01-05&to=2026-01-06", "from=2025-11-01&to=2026-06-01&state=closed",
	"q=%E8%B7%AF%E7%81%AF", "q=%E8%B7%AF%E7%81%AF&category=noise.build", "q=%E6%88%BF%E4%BA%A7", "q=%E5%BF%A0%E6%81%95&state=open&place=500105004001002",
};

struct pages {
	struct bench b;
	const char *cookie;
	int64_t id[SHOWN];
	double seconds;
	int kind; /* of names */
};

static void give_up(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static void path_of(const struct pages *p, int64_t n, char *to, size_t cap)
{
	if (p->kind == 0)
		snprintf(to, cap, "/inbox");
	else if (p->kind == 2)
		snprintf(to, cap, "/cases");
	else if (p->kind == 3)
		snprintf(to, cap, "/cases?%s", filters[n % (int64_t)ARRAY_LEN(filters)]);
	else
		snprintf(to, cap, "/cases/%lld", (long long)p->id[n * 7 % SHOWN]);
}

/* ---- the tight loop ---- */

/* One page: what web/request.c does behind the parser, with nothing of HTTP. */
static size_t render(struct pages *p, struct web *web, struct http_resp *resp, struct arena *a, int64_t n)
{
	struct str hash = web_session_hash(a, str_from(p->cookie + strlen("gz=")));
	struct http_req *r = arena_new(a, struct http_req);
	struct rq *rq = arena_new(a, struct rq);
	struct rq_impl *im = arena_new(a, struct rq_impl);
	char path[64];

	path_of(p, n, path, sizeof(path));
	resp->headers = (struct http_pairs){0};
	resp->headers_cap = 0;
	*r = (struct http_req){.arena = a, .method = HTTP_GET, .path = arena_str(a, str_from(path)), .host = STR("localhost"), .now = clock_now(),
			       .resp = resp};
	im->web = web;
	im->visitor = hash;
	*rq = (struct rq){.http = r, .arena = a, .app = &web->app, .now = r->now, .impl = im, .csrf = STR("csrf")};
	router_find(web->router, HTTP_GET, r->path, a, &im->match);
	rq->route = im->match.route;
	rq->params = im->match.params;
	if (actor_session_find(rq_conn(rq), a, hash, rq->now, &rq->who) != OK || rq->route->handle(rq) != OK || resp->status != 200)
		give_up("the page cannot be made");
	db_read_end(rq->conn);
	if (p->kind && str_find(buf_str(&resp->body), STR("希望尽快派人来看一看")) < 0)
		give_up("the page does not show the matter");
	n = (int64_t)resp->body.n;
	buf_clear(&resp->body);
	arena_reset(a);
	return (size_t)n;
}

/* Pages a second. */
static double tight(struct pages *p, size_t *bytes)
{
	struct config c;
	struct app *app;
	struct http_resp resp = {.status = 200};
	struct arena a;
	struct str why = STR("");
	double t0;
	int64_t n = 0;

	config_preset(&c, &p->b.a);
	c.listen = "127.0.0.1:0";
	c.store = p->b.u->url;
	c.var = p->b.var;
	c.access_log = false;
	bench_release(&p->b);
	if (web_start(&c, &app, &p->b.a, &why) != OK) {
		fprintf(stderr, "bench: %.*s\n", STR_ARG(why));
		exit(1);
	}
	arena_init(&a, 0);
	buf_init(&resp.body, 16 << 20);
	for (int i = 0; i < 20; i++)
		*bytes = render(p, web_of(app), &resp, &a, i);
	t0 = bench_now();
	while (bench_now() - t0 < p->seconds)
		render(p, web_of(app), &resp, &a, n++);
	t0 = bench_now() - t0;
	web_stop(app);
	buf_release(&resp.body);
	arena_release(&a);
	return (double)n / t0;
}

/* ---- over HTTP ---- */

static size_t next_page(void *arg, int conn, int64_t n, char *to, size_t cap)
{
	struct pages *p = arg;
	char path[200];

	path_of(p, n + conn * 31, path, sizeof(path));
	return (size_t)snprintf(to, cap, "GET %s HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", path, p->cookie);
}

/* After a start the map reads every matter in a thread of its own, whose time belongs to no page. */
static void wait_for_map(const struct pages *p)
{
	static const char request[] = "GET /map/counts?by=state HTTP/1.1\r\nHost: localhost\r\n\r\n";
	double t0 = bench_now();

	while (load_once(p->b.port, request, sizeof(request) - 1, NULL, NULL) != 200) {
		if (bench_now() - t0 > 60)
			give_up("the map does not get ready");
		usleep(20000);
	}
}

/* Returns the server's processor time a page, microseconds: it hardly moves when the machine has other things to do. */
static double over_http(struct pages *p, int connections, struct load_result *r)
{
	double before = bench_cpu_s(&p->b);
	struct load l = {.port = p->b.port, .connections = connections, .seconds = p->seconds, .ok_from = 200, .ok_to = 200, .next = next_page, .arg = p};

	load_run(&l, r);
	if (r->failed)
		give_up("pages were refused");
	return (bench_cpu_s(&p->b) - before) * 1e6 / (double)(r->done ? r->done : 1);
}

/* One at a time, the best of some: tells which filter a long p99 comes from. */
static void each_filter(const struct pages *p)
{
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		char request[600];
		int n = snprintf(request, sizeof(request), "GET /cases?%s HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", filters[i], p->cookie);
		double best = 1e9;

		for (int k = 0; k < 5; k++) {
			double t0 = bench_now();

			if (load_once(p->b.port, request, (size_t)n, NULL, NULL) != 200)
				give_up(filters[i]);
			best = fmin(best, bench_now() - t0);
		}
		printf("%8.2f ms  /cases?%s\n", best * 1e3, filters[i]);
	}
}

/* ---- what a phone loads first ---- */

/* Bytes on the line of one answer: head and body. */
static size_t fetched(const struct bench *b, const char *path, char **body)
{
	char request[512], *head = NULL;
	const char *at;
	size_t n = 0;
	int len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n", path);

	if (load_once(b->port, request, (size_t)len, &head, body) == 200) {
		at = strcasestr(head, "\nContent-Length:");
		n = strlen(head) + 2 + (at ? strtoul(at + 16, NULL, 10) : 0);
	}
	free(head);
	return n;
}

/* The page itself, compressed, and every style, script and image it names (fetched once, whatever how often it is named). */
static size_t first_load(const struct bench *b, const char *path)
{
	char request[512], *body = NULL, *p, seen[4096] = "";
	size_t nseen = 0;
	size_t sum = fetched(b, path, NULL);
	int len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);

	if (sum == 0 || load_once(b->port, request, (size_t)len, NULL, &body) != 200)
		give_up(path);
	for (p = body; (p = strstr(p, "\"/static/"));) {
		char asset[256];
		size_t n = strcspn(++p, "\"");

		if (n >= sizeof(asset))
			continue;
		memcpy(asset, p, n);
		asset[n] = 0;
		if (strstr(seen, asset) || nseen + n + 1 > sizeof(seen))
			continue;
		memcpy(seen + nseen, asset, n + 1);
		nseen += n;
		sum += fetched(b, asset, NULL);
	}
	free(body);
	return sum;
}

static void first_loads(const struct bench *b)
{
	static const char *const paths[] = {"/t/500105004", "/t/500105004/report", "/t/500105004/open", "/r", "/help"};
	size_t most = 0;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		size_t n = first_load(b, paths[i]);

		printf("first load of %-24s %8.1f KB\n", paths[i], (double)n / 1024);
		most = n > most ? n : most;
	}
	bench_line("page/first-load", (double)most / 1024, "KB", "50KB", (double)most / 1024 / 50);
}

/* ---- the run ---- */

static void look_up(struct pages *p, int64_t n)
{
	struct db_conn *c = db_read_begin(p->b.u->db);
	struct arena a;

	arena_init(&a, 0);
	for (int64_t i = 0; i < SHOWN; i++) {
		struct matter m;
		int64_t number = (int64_t)((uint64_t)i * 0x9e3779b97f4a7c15u % (uint64_t)n);

		if (matter_by_source(c, &a, STR("bench"), arena_printf(&a, "%lld", (long long)number), &m) != OK)
			give_up("a matter is missing");
		p->id[i] = m.id;
	}
	arena_release(&a);
	db_read_end(c);
}

int main(void)
{
	int64_t n = bench_env("PAGES_MATTERS", 20000);
	int connections = (int)bench_env("PAGES_CONNECTIONS", 16);
	struct pages p = {.seconds = (double)bench_env("PAGES_SECONDS", 2)};
	double small[PAGES], full[PAGES];
	struct load_result http[ALL_PAGES], http_small[ALL_PAGES];
	double cpu[ALL_PAGES], cpu_small[ALL_PAGES];
	size_t bytes[PAGES];
	double started, rss;

	bench_begin();
	bench_open(&p.b, DB_SQLITE, NULL);
	p.cookie = bench_login(&p.b, "dispatcher");
	bench_fill(&p.b, 0, SMALL);
	look_up(&p, SMALL);
	for (p.kind = 0; p.kind < PAGES; p.kind++)
		small[p.kind] = tight(&p, &bytes[p.kind]);
	bench_serve(&p.b, 0);
	wait_for_map(&p);
	for (p.kind = 0; p.kind < ALL_PAGES; p.kind++)
		cpu_small[p.kind] = over_http(&p, connections, &http_small[p.kind]);
	bench_stop(&p.b, SIGTERM);
	bench_reopen(&p.b);
	if (n > SMALL)
		printf("%lld matters filed in %.1f s\n", (long long)(n - SMALL), bench_fill(&p.b, SMALL, n));
	look_up(&p, n);
	for (p.kind = 0; p.kind < PAGES; p.kind++)
		full[p.kind] = tight(&p, &bytes[p.kind]);
	bench_serve(&p.b, 0);
	started = bench_start_ms(&p.b);
	wait_for_map(&p);
	for (p.kind = 0; p.kind < ALL_PAGES; p.kind++)
		cpu[p.kind] = over_http(&p, connections, &http[p.kind]);
	each_filter(&p);
	rss = bench_rss_mb(&p.b);
	printf("%-8s %10s %12s %12s %12s %10s %10s\n", "page", "bytes", "10 k loop/s", "full loop/s", "HTTP /s", "p50 ms", "p99 ms");
	for (int i = 0; i < PAGES; i++)
		printf("%-8s %10zu %12.0f %12.0f %12.0f %10.2f %10.2f\n", names[i], bytes[i], small[i], full[i], http[i].rate, http[i].p50, http[i].p99);
	for (int i = PAGES; i < ALL_PAGES; i++)
		printf("%-8s %10s %12s %12s %12.0f %10.2f %10.2f\n", names[i], "", "", "", http[i].rate, http[i].p50, http[i].p99);
	for (int i = 0; i < ALL_PAGES; i++)
		printf("%-8s processor %8.0f us a page, %8.0f us with 10,000 matters\n", names[i], cpu[i], cpu_small[i]);
	for (int i = 0; i < ALL_PAGES; i++) {
		char name[40];

		snprintf(name, sizeof(name), "page/%s-p99-20ms", names[i]);
		bench_line(name, http[i].p99, "ms", "20ms", http[i].p99 / 20);
		snprintf(name, sizeof(name), "page/%s-cpu-growth", names[i]);
		bench_line(name, cpu[i], "us", "10k-matters", cpu[i] / cpu_small[i]);
	}
	for (int i = 0; i < PAGES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "page/%s-raw", names[i]);
		bench_line(name, http[i].rate, "pages/s", "tight-loop", http[i].rate / full[i]);
		snprintf(name, sizeof(name), "page/%s-p99", names[i]);
		bench_line(name, http[i].p99, "ms", "p50", http[i].p99 / http[i].p50);
		snprintf(name, sizeof(name), "page/%s-growth", names[i]);
		bench_line(name, 1e6 / full[i], "us", "10k-matters", small[i] / full[i]);
	}
	first_loads(&p.b);
	bench_line("start/full-store", started, "ms", "1000ms", started / 1000);
	bench_line("memory/full-store", rss, "MB", "200MB", rss / 200);
	bench_close(&p.b);
	return 0;
}
