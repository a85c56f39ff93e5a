/* The audit's way through the log. */
#include "core/journal/inner.h"
#include "core/journal/journal.sql.h"
#include "core/place/place.h"

#define WINDOW 20000  /* entries one query looks at, when no index leads to what is sought */
#define WINDOWS 10    /* ... in one call */
#define LIMIT_MAX 500

static const int64_t *given(const int64_t *v)
{
	return *v ? v : NULL;
}

static enum err look(struct db_conn *c, struct arena *a, const struct journal_filter *f, int64_t before, int64_t floor, int64_t n,
		     struct journal_search_rows *out)
{
	struct journal_search_args q = {.before = before, .floor = floor, .actor = given(&f->actor), .subject = given(&f->subject),
					.at_from = given(&f->at_from), .at_to = given(&f->at_to), .n = n};

	if (f->kind.n) {
		q.kind = f->kind;
		q.kind_dot = arena_cat(a, f->kind, STR("."));
		q.kind_end = arena_cat(a, f->kind, STR("/")); /* the sign behind the dot */
	}
	if (f->place.n) {
		q.place_from = f->place;
		q.place_after = place_after(a, f->place);
	}
	return q_journal_search(c, a, &q, out);
}

static bool in_sight(const struct journal_filter *f, struct str place)
{
	for (size_t i = 0; i < f->nwithin; i++)
		if (str_cmp(place, f->within[i].from) >= 0 && str_cmp(place, f->within[i].to) < 0)
			return true;
	return f->nwithin == 0;
}

/* Returns where to go on: rows that nobody asked for count as looked at. */
static int64_t take(const struct journal_filter *f, struct journal_entry *v, size_t *n, const struct journal_search_rows *r, int64_t asked,
		    int64_t floor)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!in_sight(f, r->v[i].place))
			continue;
		v[(*n)++] = ENTRY_OF_ROW(&r->v[i]);
		if (*n == (size_t)f->limit)
			return r->v[i].seq;
	}
	return (int64_t)r->n == asked ? r->v[r->n - 1].seq : floor;
}

enum err journal_search(struct db_conn *c, struct arena *a, const struct journal_filter *f, struct journal_entry **v, size_t *n, int64_t *next)
{
	int64_t before = f->before, last;
	bool indexed = f->actor || f->subject;
	enum err e = OK;

	*n = 0;
	*next = 0;
	if (f->limit < 1 || f->limit > LIMIT_MAX)
		return ERR_INPUT;
	if (before <= 0) {
		e = journal_last(c, &last);
		before = last + 1;
	}
	*v = arena_array(a, struct journal_entry, (size_t)f->limit);
	for (int i = 0; i < WINDOWS && e == OK && before > f->after + 1 && *n < (size_t)f->limit; i++) {
		struct journal_search_rows r;
		int64_t floor = indexed || before - f->after <= WINDOW ? f->after + 1 : before - WINDOW;
		int64_t ask = f->nwithin ? LIMIT_MAX : f->limit - (int64_t)*n;

		e = look(c, a, f, before, floor, ask, &r);
		if (e != OK)
			return e;
		before = take(f, *v, n, &r, ask, floor);
	}
	*next = before > f->after + 1 ? before : 0;
	return e;
}

enum err journal_number_at(struct db_conn *c, struct arena *a, int64_t at, int64_t *seq)
{
	int64_t low = 0, high;
	enum err e = journal_last(c, &high);

	while (e == OK && low < high) {
		int64_t middle = low + (high - low + 1) / 2;
		struct journal_entry *v;
		size_t n;

		e = journal_read(c, a, middle - 1, 1, &v, &n);
		if (e == OK && n && v[0].at < at)
			low = middle;
		else
			high = middle - 1;
	}
	*seq = low;
	return e;
}

enum err journal_changed(struct db_conn *c, struct arena *a, const int64_t *subjects, size_t nsubjects, int64_t after, int64_t actor,
			 const struct str *kinds, size_t nkinds, int64_t **v, size_t *n)
{
	struct journal_changed_rows rows;
	enum err e = q_journal_changed(c, a, subjects, nsubjects, after, actor, kinds, nkinds, &rows);

	*n = 0;
	if (e != OK)
		return e;
	*v = arena_array(a, int64_t, rows.n + 1);
	for (; *n < rows.n; (*n)++)
		(*v)[*n] = rows.v[*n].subject;
	return OK;
}
