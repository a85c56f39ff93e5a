/*
 * Deadlines that pass all at once (docs/decisions/0032), without HTTP:
 *   - what a look of the clocks costs when everything that is late has been told of, beside one in a store where nothing is late;
 *   - how many are told of a second when nobody writes, beside the same rows marked as told in transactions of RAW_BATCH and nothing else done: no look at
 *     the matter, no journal, no notices;
 *   - how long somebody who files a report every few milliseconds waits for its commit meanwhile, beside the same without.
 * CLOCKS_MATTERS (20000; 400000 for the figures of docs/benchmarks.md), CLOCKS_SECONDS (3) of writing with and without, CLOCKS_PG=1: PostgreSQL.
 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "common.h"
#include "core/job/job.h"
#include "core/matter/matter.sql.h"

#define FILL 5000
#define RAW_BATCH 50
#define LOOKS 20
#define PAUSE_US 5000
#define WRITES_MAX 100000

static void give_up(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct fill { struct bench *b; int64_t from, n; };

static enum err fill(struct tx *tx, void *arg)
{
	struct fill *f = arg;
	enum err e = OK;

	for (int64_t i = f->from; e == OK && i < f->from + f->n; i++)
		e = q_matter_insert(tx->c, &(struct matter_insert_args){
			.id = id_new(tx->now), .code = arena_printf(tx->arena, "L%013lld", (long long)i), .scenario = STR("resident-report"),
			.scenario_version = 1, .state = STR("filed"), .kind = STATE_OPEN, .place = f->b->grid[i % 8], .town = f->b->town,
			.category = STR("public.lamp"), .title = bench_text(tx->arena, i), .channel = STR("web"), .created = tx->now - 3 * MS_HOUR,
			.updated = tx->now, .state_since = tx->now - 3 * MS_HOUR, .due = tx->now - MS_HOUR - i % 1000, .total_due = tx->now + MS_DAY,
			.is_public = true, .desk = STR("dispatcher"), .fields = STR("{}")}, NULL);
	return e;
}

static void fill_all(struct bench *b, int64_t from, int64_t n)
{
	struct fill f = {.b = b};

	for (int64_t at = from; at < from + n; at += f.n) {
		f.from = at;
		f.n = from + n - at < FILL ? from + n - at : FILL;
		if (db_write(b->u->db, fill, &f) != OK)
			give_up("the store cannot be filled");
	}
}

static int tell(struct bench *b)
{
	int told;

	if (matter_run_clocks(b->u->db, clock_now(), &told) != OK)
		give_up("the clocks failed");
	return told;
}

struct raw { const struct matter_untold_row *v; size_t n; };

static enum err mark(struct tx *tx, void *arg)
{
	const struct raw *r = arg;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < r->n; i++)
		e = q_matter_escalate(tx->c, r->v[i].id, r->v[i].due, NULL);
	return e;
}

/* Matters a second. All that are untold are told then. */
static double raw_rate(struct bench *b)
{
	struct matter_untold_rows rows;
	double t0 = bench_now();
	int64_t all = 0;
	struct arena a;

	arena_init(&a, 0);
	do {
		struct db_conn *c = db_read_begin(b->u->db);

		arena_reset(&a);
		if (q_matter_untold(c, &a, 0, 0, clock_now(), RAW_BATCH, &rows) != OK)
			give_up("what is untold cannot be read");
		db_read_end(c);
		if (rows.n && db_write(b->u->db, mark, &(struct raw){rows.v, rows.n}) != OK)
			give_up("rows cannot be marked");
		all += (int64_t)rows.n;
	} while (rows.n);
	arena_release(&a);
	return (double)all / (bench_now() - t0);
}

/* Seconds of processor. */
static double look(struct bench *b)
{
	double t0 = cpu_now();

	for (int i = 0; i < LOOKS; i++)
		if (tell(b) != 0)
			give_up("something was told of twice");
	return (cpu_now() - t0) / LOOKS;
}

/* ---- somebody writes ---- */

struct writer {
	struct bench *b;
	_Atomic bool over;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done;
	enum err e;
	double ms[WRITES_MAX];
	int n;
};

struct filing { struct matter_new m; struct writer *w; }; /* m first: the job takes it */

static void written(void *arg, enum err e)
{
	struct writer *w = ((struct filing *)arg)->w;

	pthread_mutex_lock(&w->lock);
	w->done = true;
	w->e = e;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

static void file_one(struct writer *w, struct arena *a, int64_t i)
{
	struct matter_value v[] = {{STR("what"), bench_text(a, i)}};
	struct filing f = {.w = w, .m = {.scenario = scenario_current(STR("resident-report")), .values = v, .nvalues = 1, .place = w->b->grid[i % 8],
					 .channel = STR("web"), .lon = NAN, .lat = NAN, .is_public = true}};
	double t0;

	if (matter_prepare(a, &f.m, clock_now()) != OK)
		give_up("a report cannot be prepared");
	t0 = bench_now();
	w->done = false;
	db_submit_here(w->b->u->db, matter_file, written, &f);
	pthread_mutex_lock(&w->lock);
	while (!w->done)
		pthread_cond_wait(&w->cond, &w->lock);
	pthread_mutex_unlock(&w->lock);
	if (w->e != OK)
		give_up("a report was not filed");
	if (w->n < WRITES_MAX)
		w->ms[w->n++] = (bench_now() - t0) * 1000;
}

static void *write_on(void *arg)
{
	struct writer *w = arg;
	struct arena a;

	arena_init(&a, 0);
	for (int64_t i = 0; !atomic_load(&w->over); i++) {
		arena_reset(&a);
		file_one(w, &a, i);
		usleep(PAUSE_US);
	}
	arena_release(&a);
	return NULL;
}

static int compare(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

struct waits { double p50, p99, max; };

/* With `job`, the clocks run meanwhile; how many were told of in *told. */
static struct waits write_for(struct bench *b, double seconds, enum err (*job)(void *, int64_t))
{
	static struct writer w;
	struct job_runner *r = NULL;
	pthread_t t;

	w = (struct writer){.b = b, .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
	if (pthread_create(&t, NULL, write_on, &w) != 0)
		give_up("no thread");
	usleep(200000);
	if (job) {
		if (job_start(b->u->db, &r) != OK)
			give_up("no jobs");
		job_add(r, "clocks", MS_HOUR, job, b);
	}
	usleep((useconds_t)(seconds * 1e6));
	if (r)
		job_stop(r);
	atomic_store(&w.over, true);
	pthread_join(t, NULL);
	qsort(w.ms, (size_t)w.n, sizeof(*w.ms), compare);
	return (struct waits){w.ms[w.n / 2], w.ms[w.n * 99 / 100], w.ms[w.n - 1]};
}

static atomic_int told_meanwhile;

static enum err as_job(void *arg, int64_t now)
{
	(void)now;
	atomic_store(&told_meanwhile, tell(arg));
	return OK;
}

int main(void)
{
	static struct bench b;
	int64_t n = bench_env("CLOCKS_MATTERS", 20000);
	double seconds = (double)bench_env("CLOCKS_SECONDS", 3), empty, idle, cpu, raw, t0;
	struct waits without, with;
	int told;

	bench_begin();
	bench_open(&b, bench_env("CLOCKS_PG", 0) ? DB_PG : DB_SQLITE, NULL);
	bench_login(&b, "commander");
	empty = look(&b);
	fill_all(&b, 0, n / 4);
	raw = raw_rate(&b);
	fill_all(&b, n, n);
	cpu = cpu_now();
	t0 = bench_now();
	told = tell(&b);
	cpu = cpu_now() - cpu;
	t0 = bench_now() - t0;
	if (told != n)
		give_up("not everything was told of");
	printf("%lld deadlines told of in %.2f s: %.0f a second, %.1f us of processor each; only marked: %.0f a second\n", (long long)n, t0, (double)n / t0,
	       cpu / (double)n * 1e6, raw);
	bench_line("clocks/tell", (double)n / t0, "matters/s", "raw-mark", (double)n / t0 / raw);
	idle = look(&b);
	printf("a look with %lld late and told of: %.1f us of processor, with none late %.1f us\n", (long long)(n + n / 4), idle * 1e6, empty * 1e6);
	bench_line("clocks/look", idle * 1e6, "us", "none-late", idle / empty);
	without = write_for(&b, seconds, NULL);
	fill_all(&b, 2 * n, n);
	with = write_for(&b, seconds, as_job);
	printf("a report every %d ms: p50 %.2f p99 %.2f max %.2f ms; while %d are told of: p50 %.2f p99 %.2f max %.2f ms\n", PAUSE_US / 1000, without.p50,
	       without.p99, without.max, atomic_load(&told_meanwhile), with.p50, with.p99, with.max);
	bench_line("clocks/report-p99", with.p99, "ms", "without", with.p99 / without.p99);
	bench_close(&b);
	return 0;
}
