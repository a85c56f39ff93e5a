/*
 * Nothing acknowledged is lost: 64 connections file reports, the server is killed (SIGKILL) at a random moment, the store is opened again, and
 *   - every report that was answered with its code is there once, under that code, with the text that was sent,
 *   - no report is there twice, answered or not,
 *   - the journal verifies from its first entry to its last,
 *   - the same posts sent again after the restart get the same codes and file nothing.
 * CRASH_ROUNDS rounds on each store (3; `make bench-crash` alone runs 30), CRASH_STORES "sqlite pg", CRASH_SEED.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "common.h"
#include "core/journal/journal.h"
#include "load.h"

#define CONNECTIONS 64
#define MOST 400000
#define CODE_MAX 20
#define AGAIN 32 /* posts sent again each round */

struct crash {
	struct bench b;
	struct visitor v;
	struct arena a;
	int64_t sent, acknowledged;
	int64_t on_way[CONNECTIONS];      /* number of the report each connection waits for */
	char (*code)[CODE_MAX];           /* by number; "" not acknowledged */
	unsigned char *filed;             /* by number: how often it stands in the store */
	int64_t refused;
	int64_t wrong;
	int delay_ms;
};

/* Moments that can be had again with CRASH_SEED. */
static uint64_t chance;

static uint64_t next_random(void)
{
	chance = chance * 6364136223846793005u + 1442695040888963407u;
	return chance >> 33;
}

/* ---- filing ---- */

static size_t post(struct crash *c, int64_t i, char *to, size_t cap)
{
	char body[4096], text[2048];

	arena_reset(&c->a);
	form_encode(text, sizeof(text), bench_text(&c->a, i));
	snprintf(body, sizeof(body), "what=%s&phone=138%08lld&public=1&calm=1", text, (long long)(i % 100000000));
	return visitor_post(&c->v, body, i, to, cap);
}

static size_t next_report(void *arg, int conn, int64_t n, char *to, size_t cap)
{
	struct crash *c = arg;

	(void)n;
	if (c->sent == MOST)
		return 0;
	c->on_way[conn] = c->sent;
	return post(c, c->sent++, to, cap);
}

/* "Location: /r/XXXX-XXXX-XXXX" */
static bool code_of(const char *head, char *code)
{
	const char *at = strstr(head, "\nLocation: /r/");
	size_t n = at ? strcspn(at + 14, "\r/?") : 0;

	if (n == 0 || n >= CODE_MAX)
		return false;
	memcpy(code, at + 14, n);
	code[n] = 0;
	return true;
}

static void answered(void *arg, int conn, int64_t n, int status, const char *head, const char *body, size_t body_n)
{
	struct crash *c = arg;
	int64_t i = c->on_way[conn];

	(void)n;
	(void)body;
	(void)body_n;
	if (status == 303 && code_of(head, c->code[i]))
		c->acknowledged++;
	else
		c->refused++;
}

static void *kill_later(void *arg)
{
	struct crash *c = arg;

	usleep((useconds_t)c->delay_ms * 1000);
	kill(c->b.server, SIGKILL);
	return NULL;
}

static void file_until_killed(struct crash *c)
{
	struct load l = {.port = c->b.port, .connections = CONNECTIONS, .seconds = 20, .ok_from = 303, .ok_to = 303, .next = next_report,
			 .answer = answered, .arg = c};
	struct load_result r;
	pthread_t t;

	c->delay_ms = 100 + (int)(next_random() % 1500);
	if (pthread_create(&t, NULL, kill_later, c) != 0)
		exit(1);
	load_run(&l, &r);
	pthread_join(t, NULL);
	bench_stop(&c->b, SIGKILL);
}

/* ---- looking ---- */

static void complain(struct crash *c, const char *what, int64_t i)
{
	if (c->wrong++ < 10)
		fprintf(stderr, "bench: report %lld: %s\n", (long long)i, what);
}

/* The number at the end of bench_text, from the fields of a matter. */
static int64_t number_of(struct str fields)
{
	ptrdiff_t at = str_find(fields, STR("编号")), end;
	int64_t i = -1;

	if (at < 0)
		return -1;
	fields = str_sub(fields, (size_t)at + strlen("编号"), fields.n);
	end = str_find(fields, STR("。"));
	return end > 0 && str_i64(str_sub(fields, 0, (size_t)end), &i) ? i : -1;
}

/* Every filing in the journal is a matter; each names the report it came from. */
static void count_filed(struct crash *c, struct db_conn *conn)
{
	struct arena a;
	int64_t after = 0;
	size_t n = 1;

	memset(c->filed, 0, (size_t)c->sent);
	arena_init(&a, 0);
	while (n) {
		struct journal_entry *v;

		if (journal_read(conn, &a, after, 500, &v, &n) != OK)
			complain(c, "the journal cannot be read", after);
		for (size_t k = 0; k < n; k++) {
			struct matter m;
			int64_t i;

			after = v[k].seq;
			if (!str_eqz(v[k].kind, "matter.file"))
				continue;
			i = matter_get(conn, &a, v[k].subject, &m) == OK ? number_of(m.fields) : -1;
			if (i < 0 || i >= c->sent)
				complain(c, "an entry of the journal has no matter", v[k].seq);
			else if (c->filed[i]++)
				complain(c, "is there twice", i);
			else if (c->code[i][0] && !str_eqz(m.code, c->code[i]))
				complain(c, "has another code than was answered", i);
		}
		arena_reset(&a);
	}
	arena_release(&a);
}

static void check(struct crash *c)
{
	struct db_conn *conn;
	struct arena a;
	struct str why = STR("");

	bench_reopen(&c->b);
	conn = db_read_begin(c->b.u->db);
	count_filed(c, conn);
	arena_init(&a, 0);
	for (int64_t i = 0; i < c->sent; i++) {
		struct matter m;

		if (c->code[i][0] == 0)
			continue;
		if (c->filed[i] != 1 || matter_by_code(conn, &a, str_from(c->code[i]), &m) != OK || number_of(m.fields) != i)
			complain(c, "was acknowledged and is not there", i);
		arena_reset(&a);
	}
	if (journal_verify_all(conn, &a, NULL, NULL, &why) != OK) {
		fprintf(stderr, "bench: the journal does not verify: %.*s\n", STR_ARG(why));
		c->wrong++;
	}
	arena_release(&a);
	db_read_end(conn);
}

/* ---- the same posts once more ---- */

static void send_again(struct crash *c)
{
	char request[8192], code[CODE_MAX], *head;
	int done = 0;

	for (int64_t i = c->sent - 1; i >= 0 && done < AGAIN; i--) {
		size_t n;
		int status;

		if (c->code[i][0] == 0)
			continue;
		n = post(c, i, request, sizeof(request));
		head = NULL;
		status = load_once(c->b.port, request, n, &head, NULL);
		if (status != 303 || !code_of(head, code) || strcmp(code, c->code[i]) != 0)
			complain(c, "sent again, did not get the code it had", i);
		free(head);
		done++;
	}
}

/* ---- rounds ---- */

static void rounds_on(enum db_engine engine, const char *name, int64_t rounds, int64_t *wrong)
{
	struct crash *c = calloc(1, sizeof(*c));

	c->code = calloc(MOST, sizeof(*c->code));
	c->filed = calloc(MOST, 1);
	arena_init(&c->a, 0);
	bench_open(&c->b, engine, NULL);
	bench_serve(&c->b, 0);
	visitor_come(&c->b, &c->v, "/t/500105004/report");
	for (int64_t i = 1; i <= rounds; i++) {
		int64_t before = c->acknowledged;

		file_until_killed(c);
		check(c);
		bench_serve(&c->b, 0);
		send_again(c);
		printf("%-8s round %2lld: killed after %4d ms, %6lld acknowledged, %lld in all, wrong %lld\n", name, (long long)i, c->delay_ms,
		       (long long)(c->acknowledged - before), (long long)c->acknowledged, (long long)c->wrong);
		fflush(stdout);
	}
	if (c->acknowledged == 0 || c->refused)
		complain(c, c->refused ? "reports were refused" : "nothing was acknowledged", c->refused);
	printf("BENCH name=crash/%s value=%lld unit=acknowledged against=%lld-kills ratio=%.3f\n", name, (long long)c->acknowledged,
	       (long long)rounds, c->wrong ? 0.0 : 1.0);
	*wrong += c->wrong;
	bench_close(&c->b);
	arena_release(&c->a);
	free(c->code);
	free(c->filed);
	free(c);
}

int main(void)
{
	int64_t rounds = bench_env("CRASH_ROUNDS", 3), seed = bench_env("CRASH_SEED", clock_now() % 1000000), wrong = 0;
	const char *stores = getenv("CRASH_STORES") ? getenv("CRASH_STORES") : "sqlite pg";

	bench_begin();
	chance = (uint64_t)seed * 2 + 1;
	printf("CRASH_SEED=%lld\n", (long long)seed);
	if (strstr(stores, "sqlite"))
		rounds_on(DB_SQLITE, "sqlite", rounds, &wrong);
	if (strstr(stores, "pg"))
		rounds_on(DB_PG, "pg", rounds, &wrong);
	return wrong > 0;
}
