/*
 * Search as a desk worker has it: two Chinese characters, the newest 20 matters of the town with all that the list shows; against
 *   raw   the plain FTS5 query for 20 row numbers on the same file, by the SQLite library itself.
 * SEARCH_MATTERS (20000) matters in the store, SEARCH_ROUNDS (300) searches a word.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "common.h"
#include "core/matter/list.h"
#include "core/place/place.h"
#include "db/raw.h"

#define NEWEST 20

/* From one in twelve matters down to none. */
static const char *const words[] = {"路灯", "电梯", "孩子", "油烟", "忠恕", "房产"};

struct times {
	double raw, find, list; /* microseconds, the median */
	int64_t hits;
};

static int by_value(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

static double median(double *v, int64_t n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return v[n / 2] * 1e6;
}

static double raw_median(struct raw_query *raw, const char *word, int64_t rounds, double *v, int64_t *hits)
{
	char phrase[64];

	snprintf(phrase, sizeof(phrase), "\"%s\"", word);
	for (int64_t i = 0; i < rounds; i++) {
		double t0 = bench_now();

		*hits = raw_query_count(raw, phrase);
		v[i] = bench_now() - t0;
	}
	return median(v, rounds);
}

static void give_up(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static double find_median(struct db_conn *c, struct arena *a, const char *word, int64_t rounds, double *v, int64_t hits)
{
	for (int64_t i = 0; i < rounds; i++) {
		double t0 = bench_now();
		int64_t *ids;
		size_t n;

		if (search_find(c, a, "matter", str_from(word), INT64_MAX, NEWEST, &ids, &n) != OK || (int64_t)n != hits)
			give_up("search_find does not find what the raw query finds");
		arena_reset(a);
		v[i] = bench_now() - t0;
	}
	return median(v, rounds);
}

static double list_median(struct db_conn *c, struct arena *a, const struct matter_scope *s, const char *word, int64_t rounds, double *v, int64_t hits)
{
	struct matter_filter f = {.text = str_from(word), .limit = NEWEST};

	for (int64_t i = 0; i < rounds; i++) {
		double t0 = bench_now();
		struct matter_page page;

		if (matter_list_page(c, a, s, &f, clock_now(), &page) != OK || (int64_t)page.n != hits)
			give_up("matter_list_page does not find what the raw query finds");
		arena_reset(a);
		v[i] = bench_now() - t0;
	}
	return median(v, rounds);
}

#define RAW "SELECT rowid FROM search_matter WHERE search_matter MATCH ?1 ORDER BY rowid DESC LIMIT 20"

int main(void)
{
	int64_t matters = bench_env("SEARCH_MATTERS", 20000), rounds = bench_env("SEARCH_ROUNDS", 300);
	double *v = calloc((size_t)rounds, sizeof(*v)), find = 0, list = 0;
	struct bench b;
	struct times t, sum = {0};
	struct arena a;
	struct db_conn *c;
	struct raw_query *raw;
	struct str why;

	bench_begin();
	bench_open(&b, DB_SQLITE, NULL);
	printf("%lld matters filed in %.1f s\n", (long long)matters, bench_fill(&b, 0, matters));
	arena_init(&a, 0);
	struct str from[] = {b.town}, to[] = {place_after(&b.a, b.town)};
	struct matter_scope s = {from, to, 1, true};

	c = db_read_begin(b.u->db);
	if (raw_query_open(&raw, b.u->url + strlen("sqlite:"), RAW, &b.a, &why) != OK)
		give_up(why.p);
	printf("%-10s %6s %12s %14s %14s\n", "word", "found", "raw FTS us", "search_find us", "list page us");
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		raw_median(raw, words[i], rounds / 4 + 1, v, &t.hits); /* warm */
		t.raw = raw_median(raw, words[i], rounds, v, &t.hits);
		t.find = find_median(c, &a, words[i], rounds, v, t.hits);
		t.list = list_median(c, &a, &s, words[i], rounds, v, t.hits);
		printf("%-10s %6lld %12.1f %14.1f %14.1f\n", words[i], (long long)t.hits, t.raw, t.find, t.list);
		sum.raw += t.raw;
		sum.find += t.find;
		sum.list += t.list;
		find = fmax(find, t.find / t.raw);
		list = fmax(list, t.list / t.raw);
	}
	bench_line("search/raw-find", sum.find / ARRAY_LEN(words), "us", "raw-fts", sum.find / sum.raw);
	bench_line("search/raw", sum.list / ARRAY_LEN(words), "us", "raw-fts", sum.list / sum.raw);
	bench_line("search/raw-worst-word", list, "x", "raw-fts", list);
	raw_query_close(raw);
	db_read_end(c);
	bench_close(&b);
	arena_release(&a);
	free(v);
	return find > 0 ? 0 : 1;
}
