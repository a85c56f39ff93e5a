/*
 * Durable intake over HTTP: a resident's whole report (matter, fields, sealed contact, journal entry, receipt code), answered
 * after COMMIT; against
 *   raw-batch   the rate at which this process commits the same rows in batches of 64 to such a file,
 *   naive       the same server with one commit a request,
 *   lone-sync   one client alone, against the disk's rate of fdatasync on a preallocated file; and the same on a disk that is made slower: a
 *               delay is injected behind each sync of both, of the server and of the raw probe (slow_sync.c).
 * INTAKE_REPORTS (6000) reports a round, INTAKE_ROUNDS (3), INTAKE_CONNECTIONS (64). INTAKE_ONLY=group or =lone takes that one
 * and its processor time only: what a change is measured with.
 */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "common.h"
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

/* ---- a slower disk ---- */

/* From here on every process that is started has so many microseconds more behind each sync; 0: none. This one has not. */
static void slow_disk(int64_t us)
{
	const char *so = getenv("SLOW_SYNC_SO") ? getenv("SLOW_SYNC_SO") : "build/bench/slow_sync.so";
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)us);
	if (us && access(so, R_OK) != 0) {
		fprintf(stderr, "bench: %s is missing: run make bench-intake, or name it in SLOW_SYNC_SO\n", so);
		exit(1);
	}
	if (us) {
		setenv("LD_PRELOAD", so, 1);
		setenv("SLOW_SYNC_US", text, 1);
	} else {
		unsetenv("LD_PRELOAD");
		unsetenv("SLOW_SYNC_US");
	}
}

/* sync_rate in a process of its own, so that the slower disk is its too. */
static double sync_rate_of_child(const char *dir)
{
	char self[512] = "", text[64] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int to[2], status;
	pid_t pid;

	if (n <= 0 || pipe(to) != 0)
		exit(1);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(to[1], 1);
		execl(self, self, "sync-rate", dir, (char *)NULL);
		_exit(127);
	}
	close(to[1]);
	if (read(to[0], text, sizeof(text) - 1) <= 0)
		exit(1);
	close(to[0]);
	waitpid(pid, &status, 0);
	return strtod(text, NULL);
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

static void intake(struct bench *b, int batch, int connections, int64_t reports, struct load_result *r, double *cpu)
{
	struct client c = {.base = bench_env("INTAKE_BASE", 0) + (batch == 1 ? 40000000 : 0) + connections * 1000000};
	char path[64];
	struct load l = {.connections = connections, .requests = reports, .seconds = 60, .ok_from = 300, .ok_to = 399,
			 .next = next_report, .answer = show_refused, .arg = &c};

	double before;

	arena_init(&c.a, 0);
	bench_serve(b, batch);
	l.port = b->port;
	snprintf(path, sizeof(path), "/t/%s/report", b->town_code);
	visitor_come(b, &c.v, path);
	before = bench_cpu_s(b);
	load_run(&l, r);
	bench_settle(b);
	if (cpu)
		*cpu = (bench_cpu_s(b) - before) * 1e6 / (double)(r->done ? r->done : 1);
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

static void keep_best(struct load_result *best, const struct load_result *r)
{
	int64_t failed = best->failed + r->failed;

	if (r->rate > best->rate)
		*best = *r;
	best->failed = failed;
}

/* Processor time a report, in a few rounds: hardly moves when the machine has other things to do. */
static int only(const char *what, int connections, int64_t reports, int rounds)
{
	bool lone = strcmp(what, "lone") == 0;

	for (int i = 0; i < rounds; i++) {
		struct load_result r;
		struct bench b;
		double cpu = 0;

		bench_open(&b, DB_SQLITE, NULL);
		intake(&b, 0, lone ? 1 : connections, lone ? reports / 8 : reports, &r, &cpu);
		row(what, r.rate, &r);
		printf("%-34s %10.0f us\n", "processor time a report, all in", cpu);
		bench_close(&b);
	}
	return 0;
}

/* One client alone where each sync takes `us` microseconds more, and the raw probe there. */
static int64_t lone_on_slower(int64_t us, int64_t reports, int rounds)
{
	struct load_result r, lone = {0};
	double sync = 0;
	char what[64];

	for (int i = 0; i < rounds; i++) {
		struct bench b;

		bench_open(&b, DB_SQLITE, NULL);
		slow_disk(us);
		sync = fmax(sync, sync_rate_of_child(b.var));
		intake(&b, 0, 1, reports, &r, NULL);
		slow_disk(0);
		keep_best(&lone, &r);
		bench_close(&b);
	}
	snprintf(what, sizeof(what), "delay of %.1f ms injected: fdatasync", (double)us / 1000);
	row(what, sync, NULL);
	snprintf(what, sizeof(what), "... a lone client there");
	row(what, lone.rate, &lone);
	snprintf(what, sizeof(what), us < 1000 ? "intake/lone-sync-%lldus" : "intake/lone-sync-%lldms", (long long)(us < 1000 ? us : us / 1000));
	bench_line(what, lone.rate, "reports/s", "raw-fdatasync-with-injected-delay", lone.rate / sync);
	return lone.failed;
}

/* Every figure is the best of some rounds in turn, so that another program's burst hits peer and ours alike. */
int main(int argc, char **argv)
{
	int64_t reports = bench_env("INTAKE_REPORTS", 6000);
	int connections = (int)bench_env("INTAKE_CONNECTIONS", 64), rounds = (int)bench_env("INTAKE_ROUNDS", 3);
	struct bench b;
	struct load_result r, group = {0}, naive = {0}, lone = {0};
	double raw = 0, sync = 0, cpu = 0;
	int64_t failed;

	if (argc == 3 && strcmp(argv[1], "sync-rate") == 0)
		return printf("%.1f\n", sync_rate(argv[2])) < 0;
	bench_begin();
	if (getenv("INTAKE_ONLY"))
		return only(getenv("INTAKE_ONLY"), connections, reports, rounds);
	for (int i = 0; i < rounds; i++) {
		raw = fmax(raw, bench_raw_rate(reports, 64, true));
		bench_open(&b, DB_SQLITE, NULL);
		intake(&b, 0, connections, reports, &r, &cpu);
		keep_best(&group, &r);
		intake(&b, 1, connections, reports / 8, &r, NULL);
		keep_best(&naive, &r);
		sync = fmax(sync, sync_rate(b.var));
		intake(&b, 0, 1, reports / 8, &r, NULL);
		keep_best(&lone, &r);
		bench_close(&b);
	}
	row("raw rows, 64 a commit", raw, NULL);
	row("HTTP intake, group commit", group.rate, &group);
	row("HTTP intake, one commit a report", naive.rate, &naive);
	row("raw fdatasync, preallocated", sync, NULL);
	row("HTTP intake, a lone client", lone.rate, &lone);
	printf("%-34s %10.0f us\n", "processor time a report, all in", cpu);
	bench_line("intake/raw-batch", group.rate, "reports/s", "raw-64", group.rate / raw);
	bench_line("intake/naive", group.rate, "reports/s", "one-commit-a-request", group.rate / naive.rate);
	bench_line("intake/p99", group.p99, "ms", "20ms", group.p99 / 20);
	bench_line("intake/lone-sync", lone.rate, "reports/s", "raw-fdatasync", lone.rate / sync);
	failed = group.failed + naive.failed + lone.failed;
	failed += lone_on_slower(500, reports / 8, rounds);
	failed += lone_on_slower(2000, reports / 16, rounds);
	return failed > 0;
}
