/*
 * `gongzhi import matters` over a CSV of plausible reports (open and closed, with categories, places by code and dates), by the
 * importer itself in this process; against
 *   raw-batch   the same rows by the same statements in batches of 1024, nothing parsed, checked or hashed.
 * IMPORT_ROWS (20000), IMPORT_ROUNDS (2).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/time.h"
#include "cap/importer/importer.h"
#include "common.h"

static const char mapping_text[] =
	"mapping: bench\n"
	"scenario: resident-report\n"
	"source: bench\n"
	"zone: Asia/Shanghai\n"
	"times: [\"YYYY-MM-DD hh:mm\"]\n"
	"id: 编号\n"
	"created: 收到\n"
	"closed: 办结\n"
	"state: {column: 状态, map: {已办结: closed, 待派单: filed}}\n"
	"category: 类别\n"
	"place_code: 地点\n"
	"public: true\n"
	"fields:\n"
	"  what: 内容\n";

static const char *write_csv(struct bench *b, int64_t rows)
{
	static const char *const categories[] = {"city.light", "city.garbage", "house.stairs", "city.road"};
	const char *path = arena_printf(&b->a, "%s/reports.csv", b->var).p;
	FILE *f = fopen(path, "w");
	int64_t now = clock_now();
	struct arena a;

	if (f == NULL)
		exit(1);
	arena_init(&a, 0);
	fprintf(f, "编号,收到,办结,状态,类别,地点,内容\n");
	for (int64_t i = 0; i < rows; i++) {
		int64_t created = now - 400 * MS_DAY + i * 390 * MS_DAY / rows;
		bool closed = i % 20 != 0;

		struct str end = closed ? time_text(&a, created + (1 + i % 9) * MS_DAY, TIME_CHINA) : STR("");

		fprintf(f, "%lld,%.*s,%.*s,%s,%s,500105004001%03lld,%.*s\n", (long long)i, STR_ARG(time_text(&a, created, TIME_CHINA)), STR_ARG(end),
			closed ? "已办结" : "待派单", categories[i % 4], (long long)(i % 8) + 1, STR_ARG(bench_text(&a, i)));
		if (i % 1000 == 0)
			arena_reset(&a);
	}
	arena_release(&a);
	fclose(f);
	return path;
}

/* Seconds; leaves with an error when a row was not filed. */
static double import_once(int64_t rows, double *following)
{
	struct bench b;
	struct import_options o = {.quiet = true};
	struct import_result r;
	struct mapping *m;
	struct str why = STR("");
	double t0, taken;

	bench_open(&b, DB_SQLITE, NULL);
	if (mapping_parse(&b.a, STR("bench.yaml"), str_from(mapping_text), &m, &why) != OK) {
		fprintf(stderr, "bench: %.*s\n", STR_ARG(why));
		exit(1);
	}
	o.file = write_csv(&b, rows);
	o.mapping = m;
	t0 = bench_now();
	if (importer_run(b.u->db, &b.a, &o, &r, &why) != OK || r.filed != rows) {
		fprintf(stderr, "bench: %lld of %lld rows imported, %lld refused; %.*s\n", (long long)r.filed, (long long)rows,
			(long long)r.rejected, STR_ARG(why));
		exit(1);
	}
	taken = bench_now() - t0;
	*following = bench_follow(&b);
	bench_close(&b);
	return taken;
}

int main(void)
{
	int64_t rows = bench_env("IMPORT_ROWS", 20000), rounds = bench_env("IMPORT_ROUNDS", 2);
	double raw = 0, ours = 0, follow = 0;

	bench_begin();
	for (int64_t i = 0; i < rounds; i++) {
		double behind;

		raw = fmax(raw, bench_raw_rate(rows, 1024, false));
		ours = fmax(ours, (double)rows / import_once(rows, &behind));
		follow = fmax(follow, (double)rows / behind);
	}
	printf("%-44s %10.0f /s\n%-44s %10.0f /s\n%-44s %10.0f /s\n", "raw rows, 1024 a commit", raw, "CSV to matters, by the importer", ours,
	       "search and totals that follow, afterwards", follow);
	bench_line("import/raw-batch", ours, "matters/s", "raw-1024", ours / raw);
	bench_line("import/20000", ours, "matters/s", "20000/s", ours / 20000);
	bench_line("import/follow", follow, "matters/s", "raw-1024", follow / raw);
	return 0;
}
