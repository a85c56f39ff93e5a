/*
 * The demonstration town, from data/demo: grids.csv, orgs.csv, posts.csv, party.csv, accounts.csv, reports.csv, tracks.csv. In this folder only.
 * First people and organisations, in one job; then the reports, by doing what the accounts would have done, at the times they would have.
 */
#ifndef CAP_ADMIN_DEMO_H
#define CAP_ADMIN_DEMO_H

#include "base/map.h"
#include "cap/admin/admin.h"

/* A CSV file in memory; lines that begin with # are comments. */
struct demo_table {
	struct str *titles;
	struct str **rows;
	size_t columns, n;
	const char *file;
};

struct demo {
	struct cli *cli;
	struct arena *arena;
	struct map ids;        /* "org.city", "post.duty", "account.dispatcher" -> int64_t *; "code.r12" -> struct str * */
	struct str password;
	int64_t now;           /* of the real clock, when the demonstration began */
	int faults;
};

CHECKED enum err demo_read(struct demo *d, const char *name, struct demo_table *out, struct str *why);
/* The cell in the column with that title; BUG when there is no such column. */
struct str demo_cell(const struct demo_table *t, size_t row, const char *title);
int64_t demo_id(const struct demo *d, const char *kind, struct str key); /* 0: none */

/* Exit status, -1 to go on. */
int demo_people(struct demo *d);
int demo_reports(struct demo *d);

#endif
