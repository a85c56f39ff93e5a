/*
 * Durable intake over HTTP: a resident's whole report (matter, fields, sealed contact, journal entry, receipt code), answered
 * after COMMIT; against
 *   raw-batch   the rate at which this process commits the same rows in batches of 64 to such a file,
 *   naive       the same server with one commit a request,
 *   lone-sync   one client alone, against the disk's rate of fdatasync on a preallocated file.
 * INTAKE_REPORTS (20000) reports a figure, INTAKE_CONNECTIONS (64).
 */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/utf8.h"
#include "common.h"
#include "core/journal/journal.sql.h"
#include "core/matter/matter.sql.h"
#include "load.h"

/* ---- the disk ---- */

static double sync_rate(const char *dir)
{
	char path[512], block[4096];
	double t0;
	int fd, n = 0;

	snprintf(path, sizeof(path), "%s/sync-probe", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	memset(block, 0, sizeof(block));
	for (int i = 0; i < 1024; i++)
		if (write(fd, block, sizeof(block)) < 0)
			exit(1);
	fsync(fd);
	memset(block, 'x', sizeof(block));
	t0 = bench_now();
	while (bench_now() - t0 < 1.0) {
		if (pwrite(fd, block, sizeof(block), (n % 1024) * 4096) < 0)
			exit(1);
		fdatasync(fd);
		n++;
	}
	t0 = bench_now() - t0;
	close(fd);
	unlink(path);
	return n / t0;
}

/* ---- raw: the same rows by the same statements, nothing else ---- */

struct raw {
	struct bench *b;
	int64_t first, n, now;
};

static enum err raw_row(struct tx *tx, struct raw *r, int64_t i)
{
	struct arena *a = tx->arena;
	int64_t id = id_new(r->now);
	struct str text = bench_text(a, i);
	enum err e = q_matter_insert(tx->c, &(struct matter_insert_args){
		.id = id, .code = arena_printf(a, "RAW%012lld", (long long)i), .scenario = STR("resident-report"), .scenario_version = 1,
		.state = STR("filed"), .kind = 0, .place = r->b->grid[i % 8], .town = r->b->town, .category = STR(""),
		.title = utf8_ellipsis(a, text, 40), .channel = STR("web"), .created = r->now, .updated = r->now, .state_since = r->now,
		.due = r->now + 2 * MS_HOUR, .total_due = r->now + 8 * MS_DAY, .desk = STR("dispatcher"),
		.fields = arena_printf(a, "{\"what\":\"%s\",\"kind\":\"request\",\"address\":\"2 号楼 3 单元门口\"}", text.p)}, NULL);

	if (e == OK)
		e = q_matter_value_put(tx->c, &(struct matter_value_put_args){
			.matter = id, .field = STR("phone"), .place = r->b->grid[i % 8], .sealed = str_sub(text, 0, 60),
			.lookup = arena_printf(a, "%032lld", (long long)i)}, NULL);
	if (e == OK)
		e = q_journal_insert(tx->c, &(struct journal_insert_args){
			.seq = i + 1000000, .at = r->now, .actor = 0, .kind = STR("matter.file"), .subject = id, .place = r->b->grid[i % 8],
			.data = STR("{\"scenario\":\"resident-report\",\"version\":1,\"to\":\"filed\",\"category\":\"\",\"channel\":\"web\",\"day\":20779,"
				    "\"is\":{\"kind\":0,\"public\":true},\"text\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}")},
			NULL);
	return e;
}

static enum err raw_job(struct tx *tx, void *arg)
{
	struct raw *r = arg;
	enum err e = OK;

	for (int64_t i = 0; e == OK && i < r->n; i++)
		e = raw_row(tx, r, r->first + i);
	return e;
}

static double raw_rate(int64_t reports)
{
	struct bench b;
	struct raw r = {.b = &b, .n = 64, .now = clock_now()};
	double t0;

	bench_open(&b, DB_SQLITE, &(struct db_options){.batch = 1});
	db_set_hooks(b.u->db, NULL);
	t0 = bench_now();
	for (r.first = 0; r.first < reports; r.first += 64)
		if (db_write(b.u->db, raw_job, &r) != OK) {
			fprintf(stderr, "bench: the raw batch failed\n");
			exit(1);
		}
	t0 = bench_now() - t0;
	bench_close(&b);
	return (double)r.first / t0;
}

/* ---- over HTTP ---- */

struct client {
	struct visitor v;
	struct arena a;
	int64_t base;
	int64_t sent;
};

static size_t next_report(void *arg, int conn, int64_t n, char *to, size_t cap)
{
	struct client *c = arg;
	char body[4096], text[2048];
	int64_t i = c->base + c->sent++;

	(void)conn;
	(void)n;
	arena_reset(&c->a);
	form_encode(text, sizeof(text), bench_text(&c->a, i));
	snprintf(body, sizeof(body), "what=%s&address=2%%E5%%8F%%B7%%E6%%A5%%BC&phone=138%08lld&public=1&calm=1", text, (long long)(i % 100000000));
	return visitor_post(&c->v, body, i, to, cap);
}

static void show_refused(void *arg, int conn, int64_t n, int status, const char *head, const char *body, size_t body_n)
{
	static int shown;

	(void)arg;
	(void)conn;
	(void)n;
	(void)head;
	if ((status < 300 || status > 399) && shown++ < 2)
		fprintf(stderr, "bench: answer %d: %.*s\n", status, (int)(body_n < 3000 ? body_n : 3000), body);
}

static void intake(struct bench *b, int batch, int connections, int64_t reports, struct load_result *r)
{
	struct client c = {.base = bench_env("INTAKE_BASE", 0) + (batch == 1 ? 40000000 : 0) + connections * 1000000};
	char path[64];
	struct load l = {.connections = connections, .requests = reports, .seconds = 60, .ok_from = 300, .ok_to = 399,
			 .next = next_report, .answer = show_refused, .arg = &c};

	arena_init(&c.a, 0);
	bench_serve(b, batch);
	l.port = b->port;
	snprintf(path, sizeof(path), "/t/%s/report", b->town_code);
	visitor_come(b, &c.v, path);
	load_run(&l, r);
	bench_stop(b, SIGTERM);
	arena_release(&c.a);
	if (r->failed)
		fprintf(stderr, "bench: %lld requests were refused\n", (long long)r->failed);
}

static void row(const char *what, double rate, const struct load_result *r)
{
	printf("%-34s %10.0f /s", what, rate);
	if (r)
		printf("   p50 %6.2f ms  p99 %6.2f ms  max %7.2f ms", r->p50, r->p99, r->max);
	putchar('\n');
	fflush(stdout);
}

int main(void)
{
	int64_t reports = bench_env("INTAKE_REPORTS", 20000);
	int connections = (int)bench_env("INTAKE_CONNECTIONS", 64);
	struct bench b;
	struct load_result group, naive, lone;
	double raw, sync;

	raw = raw_rate(reports);
	bench_open(&b, DB_SQLITE, NULL);
	sync = sync_rate(b.var);
	row("raw rows, 64 a commit", raw, NULL);
	row("raw fdatasync, preallocated", sync, NULL);
	intake(&b, 0, connections, reports, &group);
	row("HTTP intake, group commit", group.rate, &group);
	intake(&b, 1, connections, reports / 8, &naive);
	row("HTTP intake, one commit a report", naive.rate, &naive);
	intake(&b, 0, 1, reports / 8, &lone);
	row("HTTP intake, a lone client", lone.rate, &lone);
	bench_line("intake/raw-batch", group.rate, "reports/s", "raw-64", group.rate / raw);
	bench_line("intake/naive", group.rate, "reports/s", "one-commit-a-request", group.rate / naive.rate);
	bench_line("intake/p99", group.p99, "ms", "20ms", group.p99 / 20);
	bench_line("intake/lone-sync", lone.rate, "reports/s", "raw-fdatasync", lone.rate / sync);
	bench_close(&b);
	return group.failed + naive.failed + lone.failed > 0;
}
