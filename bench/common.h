/*
 * What every benchmark begins with: a store with a few places, a server of our own binary, and the lines
 *
 *	BENCH name=intake/raw-batch value=41200 unit=rows/s against=raw ratio=0.52
 *
 * `against` names the raw limit or peer that was taken in the same run.
 */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <sys/types.h>

#include "core/matter/matter.h"
#include "tests/unit.h"

struct bench {
	struct unit *u;          /* the store; u->db is NULL while a server has it */
	const char *var;         /* data folder: keys, uploads */
	struct arena a;
	struct str town, community, grid[8];   /* keys */
	const char *town_code;
	pid_t server;
	int port;
};

/* First of all in main(). */
void bench_begin(void);
/* An empty store with 重庆市 江北区 大石坝街道 石油社区 and eight grids, scenarios loaded. `o` may be NULL. */
void bench_open(struct bench *b, enum db_engine engine, const struct db_options *o);
/* Gives the store to a server process; `batch`: most jobs in one commit, 0 = the default. Waits until it answers. */
void bench_serve(struct bench *b, int batch);
/* SIGTERM (or SIGKILL), waits. */
void bench_stop(struct bench *b, int signal);
/* Milliseconds from exec until the first answer, of the last bench_serve. */
double bench_start_ms(const struct bench *b);
/* All resident memory of the server now. */
double bench_rss_mb(const struct bench *b);
/* Processor seconds the server has used. */
double bench_cpu_s(const struct bench *b);
/* Waits until the server does nothing any more: search and totals have caught up. */
void bench_settle(const struct bench *b);
/* Closes the store, so that another program or web_start can have it. */
void bench_release(struct bench *b);
/* Takes the store back. */
void bench_reopen(struct bench *b);
void bench_close(struct bench *b);

/* Files the matters number from..to-1 through the engine, in batches, and waits for search and totals; deterministic. One in twenty is open,
 * all are spread over the last 400 days when `to` is 1,000,000. Seconds. */
double bench_fill(struct bench *b, int64_t from, int64_t to);
/* Runs search and totals over everything they have not seen. Seconds. */
double bench_follow(struct bench *b);
/*
 * The raw limit: rows of `reports` reports (matter, journal entry, with `values` a sealed telephone number too) put into the same tables with the
 * same indexes and the same fdatasync by one thread, `batch` reports a commit, and nothing else done. Reports a second.
 */
double bench_raw_rate(int64_t reports, int64_t batch, bool values);
/* A plausible report number i. */
struct str bench_text(struct arena *a, int64_t i);

int64_t bench_env(const char *name, int64_t otherwise);
double bench_now(void);      /* seconds */
void bench_line(const char *name, double value, const char *unit, const char *against, double ratio);

/* An account with the role in the town, logged in: its cookie "gz=...". Needs u->db. */
const char *bench_login(struct bench *b, const char *role);

/* One visitor of the report form: cookie and hidden fields, taken by a GET. */
struct visitor {
	char cookie[1024], csrf[256], path[128];
};
void visitor_come(struct bench *b, struct visitor *v, const char *path);
/* A POST of urlencoded `body` with csrf and a fresh key; length. */
size_t visitor_post(const struct visitor *v, const char *body, int64_t n, char *to, size_t cap);
/* Percent-encoding for forms. */
size_t form_encode(char *to, size_t cap, struct str s);

#endif
