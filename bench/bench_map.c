/*
 * The live map at the size of a municipality: MAP_POINTS (200000) seeded points around the town points of data/, on some 184 fixed tiles from z6 to z16, 64 x 64
 * cells a tile, with three queries (everything; one category and the last 30 days; one state and the last year). Our engine beside, in the same run,
 *   postgis     ST_AsMVT on the same points (GiST, B-trees, clustered), each tile timed inside the server: nothing is sent
 *   pyramid     ST_AsMVT from a table of all cells of all zooms, made beforehand
 *   supercluster  the npm package, as maps in browsers and Node use it
 * MAP_PARTS=engine: our engine alone; MAP_HELPERS=N: so many threads that help with one answer (as many as there are further processors).
 * Left out with a line that says so where PostGIS or npm is not installed. Times are the least of MAP_ROUNDS (3) on both sides.
 * The guard: for each tile and query the sum of n over the features of our tile, decoded, equals PostgreSQL's count of the rows of the tile.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "bench/map/made.h"
#include "common.h"
#include "geo/mvt.h"
#include "geo/points_file.h"
#include "geo/tile.h"

static const char *const query_names[QUERIES] = {"unfiltered", "category", "broad"};

/* MAP_CPU=1: processor time of this thread, for machines that have other things to do. It says nothing about stalls. */
static bool by_cpu;

static double now_s(void)
{
	struct timespec t;

	clock_gettime(by_cpu ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

struct spread { double p50, p99, max, sum; };

static struct spread spread_of(const double *v, size_t n)
{
	double *s = malloc((n + 1) * sizeof(*s));
	struct spread out = {0, 0, 0, 0};

	memcpy(s, v, n * sizeof(*s));
	qsort(s, n, sizeof(*s), by_value);
	if (n)
		out = (struct spread){s[n / 2], s[(n * 99 + 99) / 100 - 1], s[n - 1], 0};
	for (size_t i = 0; i < n; i++)
		out.sum += s[i];
	free(s);
	return out;
}

static void give_up(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

/* ---- our side ---- */

struct ours { double ms[QUERIES][TILES_MAX]; int64_t sum[QUERIES][TILES_MAX]; double bytes[QUERIES], features[QUERIES]; };

static void filter_of(struct points_filter *f, int query)
{
	static const uint16_t category[] = {QUERY_CATEGORY};
	static const uint8_t state[] = {QUERY_STATE};

	*f = (struct points_filter){.now = MADE_NOW};
	if (query == 1) {
		f->categories = category;
		f->ncategories = 1;
		f->created.from = MADE_NOW - 30 * 1440;
	}
	if (query == 2) {
		f->states = state;
		f->nstates = 1;
		f->created.from = MADE_NOW - 365 * 1440;
	}
}

static int64_t sum_of(struct str tile)
{
	struct mvt_read_layer *l;
	struct arena a;
	const char *why;
	size_t n;
	int64_t sum = 0;

	arena_init(&a, 0);
	if (mvt_read(tile, &a, &l, &n, &why) != OK)
		give_up(why);
	for (size_t i = 0; n && i < l[0].n; i++)
		for (size_t k = 0; k < l[0].v[i].nattrs; k++)
			if (str_eqz(l[0].v[i].attrs[k].key, "n"))
				sum += l[0].v[i].attrs[k].value.i;
	arena_release(&a);
	return sum;
}

static void our_tiles(struct points *p, const struct made *m, struct ours *o, enum tile_by by, int rounds)
{
	struct points_view *v = points_view(p);
	struct buf b;

	buf_init(&b, TILE_BYTES_MAX);
	memset(o, 0, sizeof(*o));
	for (int q = 0; q < QUERIES; q++)
		for (size_t i = 0; i < m->ntiles; i++) {
			struct tile_ask t = {.z = m->tiles[i].z, .x = m->tiles[i].x, .y = m->tiles[i].y, .by = by};
			struct points_filter f;
			struct tile_got got;

			filter_of(&f, q);
			for (int r = 0; r < rounds; r++) {
				double t0 = now_s();

				buf_clear(&b);
				if (tile_make(v, &f, &t, &b, &got) != OK)
					give_up("a tile could not be made");
				t0 = (now_s() - t0) * 1e3;
				if (r == 0 || t0 < o->ms[q][i])
					o->ms[q][i] = t0;
			}
			o->sum[q][i] = sum_of(buf_str(&b));
			if (o->sum[q][i] != got.rows)
				give_up("the features of a tile do not add up to its rows");
			o->bytes[q] += (double)b.n / (double)m->ntiles;
			o->features[q] += (double)got.features / (double)m->ntiles;
		}
	buf_release(&b);
	points_view_end(v);
}

static void print_tiles(const char *title, const struct ours *o, size_t n)
{
	printf("%s (kernels: %s)\n", title, points_kernels());
	for (int q = 0; q < QUERIES; q++) {
		struct spread s = spread_of(o->ms[q], n);

		printf("  %-10s p50 %.3f  p99 %.3f  max %.3f  sum %.2f ms; mean %.0f bytes, %.0f features\n", query_names[q], s.p50, s.p99, s.max, s.sum,
		       o->bytes[q], o->features[q]);
	}
}

static void engine_lines(const struct ours *o, size_t n)
{
	static const double goal[QUERIES] = {0.5, 0.1, 6};

	for (int q = 0; q < QUERIES; q++) {
		struct spread s = spread_of(o->ms[q], n);
		char name[64];

		snprintf(name, sizeof(name), "map/engine-p99-%s", query_names[q]);
		bench_line(name, s.p99, "ms", "goal", s.p99 / goal[q]);
	}
}

/* The worst of random combinations of everything that can be asked for. */
static void any_filter(struct points *p, const struct made *m)
{
	struct points_view *v = points_view(p);
	double *ms = malloc(400 * sizeof(*ms));
	struct buf b;
	uint64_t s = 7;

	buf_init(&b, TILE_BYTES_MAX);
	for (int i = 0; i < 400; i++) {
		uint16_t categories[6], departments[4];
		uint8_t states[2], channels[3];
		struct points_range places[6];
		struct tile_ask t = {.z = m->tiles[i % 4].z, .x = m->tiles[i % 4].x, .y = m->tiles[i % 4].y, .by = (enum tile_by)(i % 3)};
		struct points_filter f = {.now = MADE_NOW};
		uint32_t parts = (uint32_t)(made_chance(&s) >> 40);

		for (int k = 0; k < 6; k++) {
			categories[k] = (uint16_t)(made_chance(&s) % 20);
			places[k].from = (uint32_t)(made_chance(&s) % m->nplaces);
			places[k].to = places[k].from + (uint32_t)(made_chance(&s) % (m->nplaces / 3));
			departments[k & 3] = (uint16_t)(made_chance(&s) % 60);
			states[k & 1] = (uint8_t)(made_chance(&s) % 6);
			channels[k % 3] = (uint8_t)(made_chance(&s) % 8);
		}
		f.categories = categories;
		f.ncategories = parts & 1 ? 1 + parts % 6 : 0;
		f.states = states;
		f.nstates = parts & 2 ? 2 : 0;
		f.channels = channels;
		f.nchannels = parts & 4 ? 3 : 0;
		f.departments = departments;
		f.ndepartments = parts & 8 ? 4 : 0;
		f.places = places;
		f.nplaces = parts & 16 ? 1 + parts % 6 : 0;
		f.created.from = parts & 32 ? MADE_NOW - (uint32_t)(made_chance(&s) % (1096 * 1440)) : 0;
		f.colours = parts & 64 ? 1 + parts % 15 : 0;
		f.public_only = parts & 128;
		for (int r = 0; r < 3; r++) {
			double t0 = now_s();

			buf_clear(&b);
			if (tile_make(v, &f, &t, &b, NULL) != OK)
				give_up("a tile could not be made");
			t0 = (now_s() - t0) * 1e3;
			ms[i] = r == 0 || t0 < ms[i] ? t0 : ms[i];
		}
	}
	struct spread w = spread_of(ms, 400);

	printf("any filter, the four largest tiles, 400 combinations: p50 %.3f  p99 %.3f  max %.3f ms\n", w.p50, w.p99, w.max);
	bench_line("map/engine-p99-any", w.p99, "ms", "goal", w.p99 / 6);
	free(ms);
	buf_release(&b);
	points_view_end(v);
}

static void counts(struct points *p, const struct made *m, double *ours)
{
	struct points_view *v = points_view(p);
	struct points_by by = {.nplace = m->ntowns, .place_of = m->town_of, .place_codes = m->nplaces};
	int64_t *n = calloc(m->ntowns, sizeof(*n));
	double worst = 0;

	for (int q = 0; q < QUERIES; q++) {
		struct points_filter f;
		int64_t sum = 0;

		filter_of(&f, q);
		for (int r = 0; r < 7; r++) {
			double t0 = now_s();

			if (points_count(v, &f, &by, n) != OK)
				give_up("no counts");
			t0 = (now_s() - t0) * 1e3;
			ours[q] = r == 0 || t0 < ours[q] ? t0 : ours[q];
		}
		for (size_t i = 0; i < m->ntowns; i++)
			sum += n[i];
		if (sum != points_total(v, &f))
			give_up("the counts by town do not add up");
		printf("counts by %zu towns, %-10s %.3f ms\n", m->ntowns, query_names[q], ours[q]);
		worst = fmax(worst, ours[q]);
	}
	bench_line("map/counts-towns", worst, "ms", "goal", worst / 3);
	free(n);
	points_view_end(v);
}

/* Changes of state and place, in batches as the journal brings them, while the thread merges beside. */
static void upserts(struct points *p, const struct made *m)
{
	size_t n = m->n < 2000000 ? m->n : 2000000, batch = 1000;
	struct point *rows = malloc(batch * sizeof(*rows));
	double t0, stall = 0, total = 0;
	uint64_t s = 99;

	for (size_t done = 0; done < n; done += batch) {
		for (size_t i = 0; i < batch; i++) {
			rows[i] = made_point(m, made_chance(&s) % m->n);
			rows[i].state = (uint8_t)(made_chance(&s) % 6);
			if (made_chance(&s) % 10 == 0)
				rows[i].id = (int64_t)(m->n + done + i + 1);
		}
		t0 = now_s();
		if (points_apply(p, rows, batch, NULL, 0, (int64_t)done) != OK)
			give_up("no upserts");
		t0 = now_s() - t0;
		total += t0;
		stall = fmax(stall, t0);
	}
	printf("upserts: %zu in batches of %zu, %.0f /s; longest batch %.2f ms\n", n, batch, (double)n / total, stall * 1e3);
	bench_line("map/upserts", (double)n / total, "/s", "goal", (double)n / total / 1e6);
	bench_line("map/upsert-stall", stall * 1e3, "ms", "goal", stall * 1e3 / 5);
	t0 = now_s();
	points_settle(p);
	printf("merging what was left: %.2f s\n", now_s() - t0);
	free(rows);
}

static double rss_mb(void)
{
	char line[256];
	long kb = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	if (f)
		fclose(f);
	return (double)kb / 1024;
}

static struct points *load(const struct made *m, const char *folder, double *build_s)
{
	struct points *p = points_new(NULL);
	struct point *rows = malloc(65536 * sizeof(*rows));
	struct points_stats s;
	double before = rss_mb(), t0, made = 0, t;
	struct arena a;
	struct str why;
	char path[512];
	int64_t seq;

	arena_init(&a, 0);
	t0 = now_s();
	points_load_begin(p);
	for (size_t i = 0; i < m->n;) {
		size_t n = 0;

		t = now_s();
		while (n < 65536 && i < m->n)
			rows[n++] = made_point(m, i++);
		made += now_s() - t;
		if (points_load_add(p, rows, n) != OK)
			give_up("not loaded");
	}
	if (points_load_end(p, 1) != OK)
		give_up("not loaded");
	*build_s = now_s() - t0 - made;
	points_stats(p, &s);
	printf("%lld points, %d segments: built in %.2f s; %.1f bytes a point, %.0f MB, resident %.0f MB more than before\n", (long long)s.rows, s.segments,
	       *build_s, (double)s.bytes / (double)s.rows, (double)s.bytes / 1e6, rss_mb() - before);
	bench_line("map/memory", (double)s.bytes / 1e6, "MB", "goal", (double)s.bytes / (double)s.rows / (450e6 / 8e6));
	snprintf(path, sizeof(path), "%s/points", folder);
	t0 = now_s();
	if (points_save(p, path, 1, &a, &why) != OK)
		give_up(why.p);
	t = now_s();
	if (points_restore(p, path, 1, &seq, &a, &why) != OK)
		give_up(why.p);
	printf("snapshot written in %.2f s, ready from it in %.2f s\n", t - t0, now_s() - t);
	bench_line("map/ready", now_s() - t, "s", "goal", (now_s() - t) / 5);
	unlink(path);
	free(rows);
	arena_release(&a);
	return p;
}

/* ---- peers: programs that print "ms QUERY TILE MILLISECONDS SUM" and such lines ---- */

struct peer { double ms[QUERIES][TILES_MAX], counts[QUERIES], build_s, features; int64_t sum[QUERIES][TILES_MAX]; bool has[QUERIES]; };

static bool peer_line(struct peer *p, char *line, size_t ntiles)
{
	char *word[8], *at = line;
	size_t n = 0;
	int64_t q, i;

	while (n < ARRAY_LEN(word) && (word[n] = strsep(&at, " \n")))
		n += word[n][0] != 0;
	if (n >= 2 && strcmp(word[0], "build") == 0)
		return str_f64(str_from(word[1]), &p->build_s);
	if (n >= 2 && strcmp(word[0], "features") == 0)
		return str_f64(str_from(word[1]), &p->features);
	if (n >= 3 && strcmp(word[0], "counts") == 0)
		return str_i64(str_from(word[1]), &q) && q >= 0 && q < QUERIES && str_f64(str_from(word[2]), &p->counts[q]);
	if (n < 5 || strcmp(word[0], "ms") != 0 || !str_i64(str_from(word[1]), &q) || !str_i64(str_from(word[2]), &i) || q < 0 || q >= QUERIES || i < 0 ||
	    (size_t)i >= ntiles)
		return false;
	p->has[q] = true;
	return str_f64(str_from(word[3]), &p->ms[q][i]) && str_i64(str_from(word[4]), &p->sum[q][i]);
}

/* False, and a line, when the peer is not installed. */
static bool ask_peer(const char *script, const char *folder, struct peer *p, size_t ntiles)
{
	char line[512], out[512];
	size_t lines = 0;
	FILE *f;
	int status;

	memset(p, 0, sizeof(*p));
	snprintf(out, sizeof(out), "%s/peer.out", folder);
	status = unit_run((const char *const[]){"bench/map/run", script, folder, out, NULL});
	if (status == 3) {
		printf("%s: not installed, left out (script/bootstrap --bench)\n", script);
		return false;
	}
	f = fopen(out, "r");
	if (status != 0 || f == NULL)
		give_up("a peer failed; see what it said above");
	while (fgets(line, sizeof(line), f))
		lines += peer_line(p, line, ntiles);
	fclose(f);
	return lines > 0;
}

static void against(const char *name, const struct ours *o, const struct peer *p, int q, size_t n, bool guard)
{
	double worst = INFINITY, ratios[TILES_MAX];
	struct spread s = spread_of(o->ms[q], n), t = spread_of(p->ms[q], n);

	for (size_t i = 0; i < n; i++) {
		ratios[i] = p->ms[q][i] / o->ms[q][i];
		worst = fmin(worst, ratios[i]);
		if (guard && p->sum[q][i] != o->sum[q][i]) {
			fprintf(stderr, "bench: tile %zu, %s: %lld rows here, %lld in PostgreSQL\n", i, query_names[q], (long long)o->sum[q][i],
				(long long)p->sum[q][i]);
			give_up("a tile lies");
		}
	}
	printf("%-24s peer p50 %.3f  p99 %.3f  max %.3f ms; ratio of a tile: median %.1f, least %.1f\n", name, t.p50, t.p99, t.max,
	       spread_of(ratios, n).p50, worst);
	bench_line(name, s.sum, "ms", "peer-sum", t.sum / s.sum);
}

static void postgis(const struct made *m, const struct ours *o, const double *our_counts, const char *folder)
{
	struct peer *p = malloc(sizeof(*p));
	double least = INFINITY;

	if (ask_peer("postgis", folder, p, m->ntiles)) {
		printf("PostGIS: loaded, clustered and indexed in %.1f s\n", p->build_s);
		against("map/postgis/unfiltered", o, p, 0, m->ntiles, true);
		against("map/postgis/category", o, p, 1, m->ntiles, true);
		against("map/postgis/broad", o, p, 2, m->ntiles, true);
		for (int q = 0; q < QUERIES; q++) {
			printf("counts by town, %-10s PostgreSQL %.1f ms, ours %.3f ms\n", query_names[q], p->counts[q], our_counts[q]);
			least = fmin(least, p->counts[q] / our_counts[q]);
		}
		bench_line("map/postgis/counts", least, "x", "postgis", least);
		if (ask_peer("pyramid", folder, p, m->ntiles)) {
			printf("the pyramid was made in %.1f s\n", p->build_s);
			against("map/pyramid", o, p, 0, m->ntiles, true);
		}
		ask_peer("postgis-stop", folder, p, m->ntiles);
	}
	free(p);
}

static void supercluster(const struct made *m, const struct ours *o, double build_s, const char *folder)
{
	struct peer *p = malloc(sizeof(*p));

	if (ask_peer("supercluster", folder, p, m->ntiles)) {
		struct spread s = spread_of(o->ms[0], m->ntiles), t = spread_of(p->ms[0], m->ntiles);

		printf("supercluster: built in %.2f s, %.0f features a tile (ours %.0f)\n", p->build_s, p->features, o->features[0]);
		against("map/supercluster", o, p, 0, m->ntiles, false);
		bench_line("map/supercluster-p50", s.p50, "ms", "supercluster", t.p50 / s.p50);
		bench_line("map/supercluster-p99", s.p99, "ms", "supercluster", t.p99 / s.p99);
		bench_line("map/supercluster-build", build_s, "s", "supercluster", p->build_s / build_s);
	}
	free(p);
}

static bool engine_only(void)
{
	const char *parts = getenv("MAP_PARTS");

	return parts && strcmp(parts, "engine") == 0;
}

int main(void)
{
	struct ours *o = malloc(sizeof(*o)), *with_states = malloc(sizeof(*o));
	int rounds = (int)bench_env("MAP_ROUNDS", 3);
	double our_counts[QUERIES], build_s;
	const char *folder;
	struct points *p;
	struct made m;

	bench_begin();
	by_cpu = bench_env("MAP_CPU", 2) == 1;
	if (by_cpu)
		printf("our times are processor times\n");
	if (getenv("MAP_HELPERS"))
		points_helpers((unsigned)strtoul(getenv("MAP_HELPERS"), NULL, 10));
	else if (by_cpu)
		points_helpers(0); /* their processor time would not be seen */
	folder = unit_tmp();
	made_begin(&m, (size_t)bench_env("MAP_POINTS", 200000));
	p = load(&m, folder, &build_s);
	our_tiles(p, &m, o, TILE_PLAIN, rounds + 4);
	print_tiles("engine, n and a member a cell", o, m.ntiles);
	engine_lines(o, m.ntiles);
	our_tiles(p, &m, with_states, TILE_BY_STATE, rounds);
	print_tiles("engine, with counts of states", with_states, m.ntiles);
	any_filter(p, &m);
	counts(p, &m, our_counts);
	if (!engine_only()) {
		made_files(&m, folder, o->sum[0]);
		postgis(&m, o, our_counts, folder);
		supercluster(&m, o, build_s, folder);
	}
	upserts(p, &m);
	points_free(p);
	made_end(&m);
	free(o);
	free(with_states);
	return 0;
}
