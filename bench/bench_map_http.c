/*
 * The map over HTTP, as the public sees it, with a store of located matters around real towns of Chongqing:
 *   tiles made (each asked for the first time), tiles kept (asked again), counts by town, at one client;
 *   kept tiles at 64 connections, against a static body of about the same size from the same server;
 *   how soon a report that has been answered is counted, and how soon it is in its tile; a wall beside 1,000 reports a second (map/wall.h);
 *   how long loading takes, from the store and from the snapshot.
 * MAP_HTTP_MATTERS (60000; more for the figures of docs/benchmarks.md), MAP_HTTP_SECONDS (2) a figure, MAP_WALL_RATE (1000), MAP_WALL_SECONDS (3).
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "common.h"
#include "core/matter/matter.sql.h"
#include "geo/mvt.h"
#include "load.h"

#define FILL 20000
#define TILES 184
#define DAYS 1096

static const char *const states[] = {"filed", "dispatched", "handling", "replied", "closed", "judged"};

struct tile { int z; unsigned x, y; };

struct run {
	struct bench b;
	struct tile v[TILES];
	const char *query, *cookie; /* cookie: of somebody who sees what is not public too */
	char path[128];          /* of the static body */
	size_t bytes[TILES];
	uint64_t seed;
	int only;                /* the tile that is asked for; -1: one after the other */
	bool any;                /* each tile with another of any_queries */
};

/* Everything a desk can combine. */
static const char *const any_queries[] = {
	"colour=late,soon&by=colour", "state=handling,filed&channel=web&by=state", "category=city.c1,city.c7,city.c11&open=1&by=colour",
	"tag=unassigned&from=2025-06-01", "closed_from=2025-01-01&closed_to=2026-06-30&category=city.c2", "state=ended&channel=web&category=city.c3,city.c5",
	"colour=ok&category=city&org=0", "scenario=resident-report&place=500105&state=judged&by=state",
};

static uint32_t rnd(struct run *r)
{
	r->seed = r->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(r->seed >> 33);
}

static void give_up(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

#include "bench/map/wall.h"

/* ---- the store ---- */

/* A few hundred centres, Zipf-weighted; around each a cloud of some hundred metres. */
static void position(struct run *r, double *lon, double *lat)
{
	double u = (rnd(r) % 1000000 + 1) / 1e6;
	uint32_t centre = (uint32_t)(exp(u * log(600.0)));
	uint32_t h = centre * 2654435761u;

	*lon = 105.6 + (h % 3000) / 1000.0 + ((int)(rnd(r) % 20000) - 10000) * 6e-7;
	*lat = 28.4 + (h / 3000 % 3200) / 1000.0 + ((int)(rnd(r) % 20000) - 10000) * 6e-7;
}

struct batch { struct run *r; int64_t from, n, all, now; };

static enum err fill(struct tx *tx, void *arg)
{
	struct batch *f = arg;
	struct run *r = f->r;
	enum err e = OK;

	for (int64_t i = f->from; e == OK && i < f->from + f->n; i++) {
		/* one after the other, as they came, and ever more of them: what is written at random times writes every index all over */
		int64_t created = f->now - (int64_t)((1 - sqrt((double)(i + 1) / (double)f->all)) * DAYS * MS_DAY);
		bool ended = rnd(r) % 20 != 0;
		double lon, lat;
		int64_t id = id_new(tx->now);

		position(r, &lon, &lat);
		e = q_matter_insert(tx->c, &(struct matter_insert_args){
			.id = id, .code = arena_printf(tx->arena, "B%013lld", (long long)i), .scenario = STR("resident-report"), .scenario_version = 1,
			.state = str_from(states[ended ? 4 + rnd(r) % 2 : rnd(r) % 4]), .kind = ended ? STATE_CLOSED : STATE_OPEN,
			.place = r->b.grid[i % 8], .town = r->b.town, .lon = &lon, .lat = &lat,
			.category = arena_printf(tx->arena, "city.c%u", rnd(r) % 20 * (rnd(r) % 20) / 20), .title = STR("路灯不亮"), .channel = STR("web"),
			.created = created, .updated = created, .state_since = created, .due = ended ? 9007199254740991 : created + 8 * MS_DAY,
			.total_due = created + 8 * MS_DAY, .closed = ended ? created + 3 * MS_DAY : 0, .is_public = true,
			.desk = ended ? STR_NULL : STR("dispatcher"), .fields = STR("{}")}, NULL);
		if (e == OK && !ended && created + 8 * MS_DAY < f->now) /* told long ago: else the server tells of all of them at its first start */
			e = q_matter_escalate(tx->c, id, created + 8 * MS_DAY, NULL);
	}
	return e;
}

static void fill_all(struct run *r, int64_t n)
{
	struct batch f = {.r = r, .all = n, .now = clock_now()};

	for (f.from = 0; f.from < n; f.from += f.n) {
		f.n = n - f.from < FILL ? n - f.from : FILL;
		if (db_write(r->b.u->db, fill, &f) != OK)
			give_up("the store cannot be filled");
	}
}

/* ---- tiles ---- */

static void choose_tiles(struct run *r)
{
	for (int i = 0; i < TILES; i++) {
		int z = 6 + i % 11;
		double lon, lat, s = exp2(z);

		position(r, &lon, &lat);
		r->v[i] = (struct tile){z, (unsigned)((lon + 180) / 360 * s), (unsigned)((1 - asinh(tan(lat * M_PI / 180)) / M_PI) / 2 * s)};
	}
}

static size_t request(char *to, size_t cap, const char *path)
{
	return (size_t)snprintf(to, cap, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
}

static size_t next_tile(void *arg, int conn, int64_t n, char *to, size_t cap)
{
	struct run *r = arg;
	int at = r->only >= 0 ? r->only : (int)((n + conn * 7) % TILES);
	char path[256];

	snprintf(path, sizeof(path), "/tiles/matters/%d/%u/%u.mvt?%s", r->v[at].z, r->v[at].x, r->v[at].y,
		 r->any ? any_queries[at % ARRAY_LEN(any_queries)] : r->query);
	return request(to, cap, path);
}

static size_t next_static(void *arg, int conn, int64_t n, char *to, size_t cap)
{
	struct run *r = arg;

	(void)conn, (void)n;
	return request(to, cap, r->path);
}

static size_t next_counts(void *arg, int conn, int64_t n, char *to, size_t cap)
{
	(void)arg, (void)conn, (void)n;
	return request(to, cap, "/map/counts?by=place&level=town");
}

static void note(void *arg, int conn, int64_t n, int status, const char *head, const char *body, size_t body_n)
{
	struct run *r = arg;

	(void)conn, (void)status, (void)head, (void)body;
	r->bytes[n % TILES] = body_n;
}

static struct load_result measure(struct run *r, size_t (*next)(void *, int, int64_t, char *, size_t), int connections, int64_t requests, double seconds,
				  void (*answer)(void *, int, int64_t, int, const char *, const char *, size_t))
{
	struct load l = {.port = r->b.port, .connections = connections, .requests = requests, .seconds = seconds, .next = next, .answer = answer, .arg = r,
			 .ok_from = 200, .ok_to = 200};
	struct load_result got;

	load_run(&l, &got);
	if (got.failed || got.done == 0)
		give_up("a request of the map failed");
	return got;
}

static void one_client(struct run *r, const char *name, const char *query)
{
	struct load_result made, kept;

	r->query = query;
	r->any = strcmp(name, "any") == 0;
	made = measure(r, next_tile, 1, TILES, 60, note);
	kept = measure(r, next_tile, 1, 10 * TILES, 60, NULL);
	printf("%-10s made p50 %.3f p99 %.3f ms, kept p50 %.3f p99 %.3f ms\n", name, made.p50, made.p99, kept.p50, kept.p99);
	bench_line(arena_printf(&r->b.a, "map/http/%s", name).p, made.p99, "ms", "kept", made.p50 / kept.p50);
	bench_line(arena_printf(&r->b.a, "map/http/%s-p50", name).p, made.p50, "ms", "goal", made.p50 / 0.2);
	bench_line(arena_printf(&r->b.a, "map/http/%s-p99", name).p, made.p99, "ms", "goal", made.p99 / (r->any ? 8 : 1.5));
	r->any = false;
}

/* The tile whose size is nearest to the static body's. */
static void against_static(struct run *r, double seconds)
{
	const char ask[] = "GET /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	struct load_result tile, fixed;
	char *head, *page, *at;
	int64_t size;

	if (load_once(r->b.port, ask, sizeof(ask) - 1, &head, &page) != 200 || (at = strstr(page, "/static/css/gongzhi.")) == NULL)
		give_up("no style sheet");
	snprintf(r->path, sizeof(r->path), "%.*s", (int)strcspn(at, "\""), at);
	fixed = measure(r, next_static, 64, 0, seconds, NULL);
	size = fixed.bytes / fixed.done;
	r->only = 0;
	for (int i = 1; i < TILES; i++)
		if (llabs((int64_t)r->bytes[i] - size) < llabs((int64_t)r->bytes[r->only] - size))
			r->only = i;
	r->query = "";
	tile = measure(r, next_tile, 64, 0, seconds, NULL);
	printf("64 connections: %.0f tiles/s of %zu bytes, %.0f static answers/s of %lld bytes\n", tile.rate, r->bytes[r->only], fixed.rate, (long long)size);
	bench_line("map/http/64", tile.rate, "tiles/s", "static", tile.rate / fixed.rate);
	r->only = -1;
}

/* ---- how soon ---- */

static int64_t total(struct run *r)
{
	char ask[2048], *head, *body = NULL, *at;
	int64_t n = -1;
	int len = snprintf(ask, sizeof(ask), "GET /map/counts HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\nConnection: close\r\n\r\n", r->cookie);

	if (load_once(r->b.port, ask, (size_t)len, &head, &body) == 200 && (at = strstr(body, "\"total\":")))
		n = strtoll(at + 8, NULL, 10);
	free(body);
	return n;
}

static int compare(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

#define REPORTS 60
#define SPOT_Z 16

static const double spot_lon = 106.512, spot_lat = 29.583;

/* What stands in the tile around the spot. */
static int64_t in_tile(struct run *r)
{
	char ask[2048], *head, *body = NULL;
	double s = exp2(SPOT_Z);
	struct mvt_read_layer *layers;
	const char *why;
	int64_t sum = -1;
	size_t n;
	int len = snprintf(ask, sizeof(ask), "GET /tiles/matters/%d/%d/%d.mvt HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\nConnection: close\r\n\r\n", SPOT_Z,
			   (int)((spot_lon + 180) / 360 * s), (int)((1 - asinh(tan(spot_lat * M_PI / 180)) / M_PI) / 2 * s), r->cookie);
	int status = load_once_n(r->b.port, ask, (size_t)len, &head, &body, &n);
	struct str tile = {body, n};

	if (status == 204 || (status == 200 && n == 0)) {
		sum = 0;
	} else if (status == 200 && mvt_read(tile, &r->b.a, &layers, &n, &why) == OK && n == 1) {
		sum = 0;
		for (size_t i = 0; i < layers[0].n; i++) {
			int64_t rows = 1;

			for (size_t k = 0; k < layers[0].v[i].nattrs; k++)
				if (str_eqz(layers[0].v[i].attrs[k].key, "n"))
					rows = layers[0].v[i].attrs[k].value.i;
			sum += rows;
		}
	}
	free(head);
	free(body);
	return sum;
}

/* From the answer to a report until `look` sees one more. */
static void how_soon(struct run *r, const char *name, int64_t (*look)(struct run *), int64_t first)
{
	char text[8192], path[128], form[256];
	double late[REPORTS];
	struct visitor v;
	int64_t before = look(r);
	int n = 0;

	if (before < 0)
		give_up("what is looked at cannot be read");
	snprintf(path, sizeof(path), "/t/%s/report", r->b.town_code);
	snprintf(form, sizeof(form), "what=%%E8%%B7%%AF%%E7%%81%%AF%%E4%%B8%%8D%%E4%%BA%%AE&anyway=1&calm=1&lon=%.6f&lat=%.6f", spot_lon, spot_lat);
	visitor_come(&r->b, &v, path);
	for (int i = 0; i < REPORTS; i++) {
		size_t len = visitor_post(&v, form, first + i, text, sizeof(text));
		char *head = NULL, *body = NULL;
		double t0;

		if (load_once(r->b.port, text, len, &head, &body) != 303)
			give_up("a report was not taken");
		free(head);
		free(body);
		t0 = bench_now();
		while (look(r) < before + i + 1)
			if (bench_now() - t0 > 5)
				give_up("a report was not seen within 5 s");
		late[n++] = (bench_now() - t0) * 1000;
		struct timespec pause = {0, 20000000}; /* people do not report in step with the tailer */

		nanosleep(&pause, NULL);
	}
	qsort(late, (size_t)n, sizeof(*late), compare);
	printf("%s: a report is seen after its answer: p50 %.2f, p90 %.2f, max %.2f ms\n", name, late[n / 2], late[n * 9 / 10], late[n - 1]);
	bench_line(name, late[n / 2], "ms", "goal", late[n / 2] / 10);
	bench_line(arena_printf(&r->b.a, "%s-max", name).p, late[n - 1], "ms", "goal", late[n - 1] / 10);
}

/* Seconds until the map answers. */
static double start(struct run *r)
{
	double t0 = bench_now();

	bench_serve(&r->b, 0);
	while (total(r) < 0) {
		struct timespec pause = {0, 5000000};

		if (bench_now() - t0 > 600)
			give_up("the map was not loaded within ten minutes");
		nanosleep(&pause, NULL);
	}
	return bench_now() - t0;
}

int main(void)
{
	static struct run r = {.seed = 42, .only = -1};
	int64_t n = bench_env("MAP_HTTP_MATTERS", 60000);
	double seconds = (double)bench_env("MAP_HTTP_SECONDS", 2), first, again;
	struct load_result counts;
	char month[64], year[64], path[128];

	bench_begin();
	bench_open(&r.b, DB_SQLITE, NULL);
	fill_all(&r, n);
	choose_tiles(&r);
	r.cookie = bench_login(&r.b, "dispatcher");
	snprintf(month, sizeof(month), "category=city.c3&from=%lld", (long long)(clock_now() - 30 * MS_DAY));
	snprintf(year, sizeof(year), "state=closed&from=%lld", (long long)(clock_now() - 365 * MS_DAY));
	first = start(&r);
	printf("%lld matters, loaded %.2f s after start, %.0f MB\n", (long long)n, first, bench_rss_mb(&r.b));
	one_client(&r, "month", month);
	one_client(&r, "broad", year);
	one_client(&r, "unfiltered", "");
	one_client(&r, "any", "");
	counts = measure(&r, next_counts, 1, 200, 60, NULL);
	printf("counts by town: p50 %.3f p99 %.3f ms\n", counts.p50, counts.p99);
	bench_line("map/http/counts", counts.p99, "ms", "p50", counts.p99 / counts.p50);
	against_static(&r, seconds);
	how_soon(&r, "map/http/change", total, 0);
	how_soon(&r, "map/http/change-tile", in_tile, REPORTS);
	snprintf(path, sizeof(path), "/t/%s/report", r.b.town_code);
	wall_run(&r.b, r.cookie, path);
	bench_stop(&r.b, SIGTERM);
	again = start(&r);
	printf("started again: %.2f s\n", again);
	bench_line("map/http/start", again, "s", "from-store", again / first);
	bench_stop(&r.b, SIGTERM);
	bench_close(&r.b);
	return 0;
}
