/*
 * What a list is narrowed to, as it stands in an address: a handful of named texts. The same texts make the address of the list, its removable
 * chips, what a saved filter keeps, and (read against the reader's scope) the filter of core/matter.
 */
#ifndef CAP_CASES_FILTER_H
#define CAP_CASES_FILTER_H

#include "cap/cases/cases.h"

enum { F_TEXT, F_PLACE, F_STATE, F_COLOUR, F_CATEGORY, F_CHANNEL, F_SCENARIO, F_HELD, F_FROM, F_TO, CASES_FILTERS };
#define FILTER_MOST 200 /* bytes of one value; a longer one is refused where it is read */

struct filter {
	struct str v[CASES_FILTERS]; /* absent: any */
};

void filter_of_query(struct rq *rq, struct filter *f);
/* Posted fields of the same names. */
void filter_of_form(struct rq *rq, struct filter *f);
bool filter_any(const struct filter *f);
/* Address of the list with it: "/cases?state=open&place=5001"; `without` one of F_..., -1: whole. */
struct str filter_url(struct rq *rq, const char *path, const struct filter *f, int without);
/* For the store: a line "name=value" each; and back. Names that are not known (any more) are passed over. */
struct str filter_lines(struct arena *a, const struct filter *f);
void filter_parse(struct arena *a, struct str lines, struct filter *f);
/* Against what the reader may see; a wrong value is told through rq_fail. */
CHECKED enum err filter_read(struct rq *rq, const struct filter *t, const struct matter_scope *s, struct matter_filter *f);
/* "状态：待受理" for a chip; the value as it was typed when it is not known. */
struct str filter_says(struct rq *rq, const struct filter *f, int which);

#endif
