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

/* An empty store with 重庆市 江北区 大石坝街道 石油社区 and eight grids, scenarios loaded. `o` may be NULL. */
void bench_open(struct bench *b, enum db_engine engine, const struct db_options *o);
/* Gives the store to a server process; `batch`: most jobs in one commit, 0 = the default. Waits until it answers. */
void bench_serve(struct bench *b, int batch);
/* SIGTERM (or SIGKILL), waits. */
void bench_stop(struct bench *b, int signal);
/* Milliseconds from exec until the first answer, of the last bench_serve. */
double bench_start_ms(const struct bench *b);
double bench_rss_mb(const struct bench *b);
/* Takes the store back. */
void bench_reopen(struct bench *b);
void bench_close(struct bench *b);

/* Fills the store with n matters through the engine, in batches; deterministic. Seconds. */
double bench_fill(struct bench *b, int64_t n);
/* A plausible report number i. */
struct str bench_text(struct arena *a, int64_t i);

int64_t bench_env(const char *name, int64_t otherwise);
double bench_now(void);      /* seconds */
void bench_line(const char *name, double value, const char *unit, const char *against, double ratio);

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
