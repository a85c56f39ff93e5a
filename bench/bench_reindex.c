/*
 * An old store gets a new full-text index in the background (the migration core/matter 0005 sets the cursor of its tailer back), while people go on:
 *   - how long the whole store takes when nothing else is done,
 *   - how long a page of the list and a report take meanwhile, beside the same without it (one client each, a pause between requests),
 *   - a kill (SIGKILL) half-way: the next start goes on where the cursor stands.
 * REINDEX_MATTERS (20000; 200000 for the figures of docs/benchmarks.md), REINDEX_SECONDS (3) of people's work without it.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "core/journal/journal.h"
#include "core/journal/journal.sql.h"
#include "load.h"

#define PAUSE_US 5000
#define LONGEST 600.0

static const char *const tailer = "matter-search";

struct run {
	struct bench b;
	const char *cookie;
	struct visitor v;
	struct arena a;
	int64_t sent;
	_Atomic bool over;
};

static void give_up(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

/* ---- the cursor, seen from outside ---- */

static int64_t cursor_of(struct bench *b, int64_t *last)
{
	struct db *db;
	struct db_conn *c;
	struct arena a;
	struct str why = STR_NULL;
	struct journal_cursor_get_row row = {0};

	arena_init(&a, 0);
	if (db_open(&db, b->u->url, &(struct db_options){.read_only = true, .readers = 1}, &a, &why) != OK)
		give_up("the store cannot be read");
	c = db_read_begin(db);
	if (q_journal_cursor_get(c, &a, str_from(tailer), &row) != OK || journal_last(c, last) != OK)
		give_up("the cursor cannot be read");
	db_read_end(c);
	db_close(db);
	arena_release(&a);
	return row.seq;
}

static enum err back(struct tx *tx, void *arg)
{
	(void)arg;
	return q_journal_cursor_move(tx->c, str_from(tailer), 0, NULL);
}

/* What the migration does. */
static void set_back(struct bench *b)
{
	if (db_write(b->u->db, back, NULL) != OK)
		give_up("the cursor cannot be set back");
}

/* ---- people ---- */

static size_t next_page(void *arg, int conn, int64_t n, char *to, size_t cap)
{
	struct run *r = arg;

	(void)conn;
	if (atomic_load(&r->over))
		return 0;
	usleep(PAUSE_US);
	return (size_t)snprintf(to, cap, "GET /cases?%s HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", n % 2 ? "q=%E8%B7%AF%E7%81%AF" : "", r->cookie);
}

static size_t next_report(void *arg, int conn, int64_t n, char *to, size_t cap)
{
	struct run *r = arg;
	char body[4096], text[2048];
	int64_t i = 50000000 + r->sent++;

	(void)conn;
	(void)n;
	if (atomic_load(&r->over))
		return 0;
	usleep(PAUSE_US);
	arena_reset(&r->a);
	form_encode(text, sizeof(text), bench_text(&r->a, i));
	snprintf(body, sizeof(body), "what=%s&phone=138%08lld&public=1&calm=1", text, (long long)(i % 100000000));
	return visitor_post(&r->v, body, i, to, cap);
}

struct people {
	struct load l;
	struct load_result r;
	pthread_t thread;
};

static void *person(void *arg)
{
	struct people *p = arg;

	load_run(&p->l, &p->r);
	return NULL;
}

struct times {
	struct load_result page, report;
};

static void start_people(struct run *r, struct people p[2])
{
	atomic_store(&r->over, false);
	for (int i = 0; i < 2; i++) {
		p[i] = (struct people){.l = {.port = r->b.port, .connections = 1, .seconds = LONGEST, .next = i ? next_report : next_page,
					     .ok_from = i ? 303 : 200, .ok_to = i ? 303 : 200, .arg = r}};
		if (pthread_create(&p[i].thread, NULL, person, &p[i]) != 0)
			give_up("no thread");
	}
}

static void stop_people(struct run *r, struct people p[2], struct times *t)
{
	atomic_store(&r->over, true);
	for (int i = 0; i < 2; i++)
		pthread_join(p[i].thread, NULL);
	t->page = p[0].r;
	t->report = p[1].r;
	if (p[0].r.failed || p[1].r.failed)
		give_up("requests were refused");
}

/* Until the cursor has reached `upto` of what the store held at the beginning. Seconds. */
static double wait_for(struct run *r, int64_t upto)
{
	double t0 = bench_now();
	int64_t last;

	while (cursor_of(&r->b, &last) < upto) {
		if (bench_now() - t0 > LONGEST)
			give_up("the index does not get on");
		usleep(50000);
	}
	return bench_now() - t0;
}

static void row(const char *what, const struct times *t)
{
	printf("%-26s page p50 %6.2f p99 %7.2f max %7.2f ms   report p50 %6.2f p99 %7.2f max %7.2f ms\n", what, t->page.p50, t->page.p99, t->page.max,
	       t->report.p50, t->report.p99, t->report.max);
	fflush(stdout);
}

/* ---- the run ---- */

static void serve(struct run *r)
{
	char path[64];

	bench_serve(&r->b, 0);
	snprintf(path, sizeof(path), "/t/%s/report", r->b.town_code);
	visitor_come(&r->b, &r->v, path);
}

static void stop(struct run *r)
{
	bench_stop(&r->b, SIGTERM);
	bench_reopen(&r->b);
}

int main(void)
{
	int64_t matters = bench_env("REINDEX_MATTERS", 20000), last, before, after;
	unsigned seconds = (unsigned)bench_env("REINDEX_SECONDS", 3);
	struct run r = {.sent = 0};
	struct people p[2];
	struct times quiet, busy;
	double alone, with;

	bench_begin();
	arena_init(&r.a, 0);
	bench_open(&r.b, DB_SQLITE, NULL);
	r.cookie = bench_login(&r.b, "dispatcher");
	bench_fill(&r.b, 0, matters);

	serve(&r);
	bench_settle(&r.b); /* the map reads the store too */
	start_people(&r, p);
	sleep(seconds);
	stop_people(&r, p, &quiet);
	stop(&r);

	set_back(&r.b);
	serve(&r);
	(void)cursor_of(&r.b, &last);
	alone = wait_for(&r, last);
	stop(&r);

	set_back(&r.b);
	serve(&r);
	(void)cursor_of(&r.b, &last);
	start_people(&r, p);
	with = wait_for(&r, last / 2);
	before = cursor_of(&r.b, &after);
	stop_people(&r, p, &busy);
	bench_stop(&r.b, SIGKILL);
	after = cursor_of(&r.b, &last);
	if (after < before)
		give_up("what was indexed before the kill is lost");
	serve(&r);
	wait_for(&r, last);
	bench_stop(&r.b, SIGTERM);

	row("people alone", &quiet);
	row("while the index is made", &busy);
	printf("the whole index %.1f s alone, %.1f s for half of it beside people; killed at %lld of %lld, went on from there\n", alone, with,
	       (long long)after, (long long)last);
	bench_line("reindex/rate", (double)last / alone, "matters/s", "-", 0);
	bench_line("reindex/page-p99", busy.page.p99, "ms", "20ms", busy.page.p99 / 20);
	bench_line("reindex/report-p99", busy.report.p99, "ms", "20ms", busy.report.p99 / 20);
	bench_close(&r.b);
	arena_release(&r.a);
	return 0;
}
