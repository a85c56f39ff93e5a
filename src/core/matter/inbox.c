/* The inbox: open matters that wait for one of the reader's roles, most urgent first. */
#include <stdlib.h>

#include "core/matter/inner.h"
#include "core/matter/list.h"
#include "core/place/place.h"

#define MOST_DESKS 64
#define MOST_VERSIONS 1024
#define CAP 1000

#define ROW_FN(type)                                                                                                   \
	static void row_##type(const struct type *r, struct matter_row *out)                                          \
	{                                                                                                              \
		*out = (struct matter_row){                                                                            \
			.id = r->id, .created = r->created, .due = r->due == NO_DUE ? 0 : r->due, .total_due = r->total_due, \
			.state_since = r->state_since, .closed = r->closed, .version = r->version, .holder = r->holder,  \
			.holder_org = r->holder_org, .code = r->code, .scenario = r->scenario, .state = r->state,        \
			.title = r->title, .place = r->place, .category = r->category, .channel = r->channel,            \
			.is_public = r->is_public, .demo = r->demo, .judge_score = (int)r->judge_score,                  \
			.judge_solved = (int)r->judge_solved, .key = r->due};                                            \
	}
ROW_FN(matter_inbox_town_row)
ROW_FN(matter_inbox_wide_row)
ROW_FN(matter_inbox_org_row)

struct page {
	struct db_conn *c;
	struct arena *a;
	int64_t after_due, after_id, until, n;
	struct matter_row *v;
	size_t count, cap;
};

static void add(struct page *p, const struct matter_row *r)
{
	if (p->count == p->cap) {
		struct matter_row *more = arena_array(p->a, struct matter_row, p->cap * 2 + 64);

		if (p->count)
			memcpy(more, p->v, p->count * sizeof(*more));
		p->v = more;
		p->cap = p->cap * 2 + 64;
	}
	p->v[p->count++] = *r;
}

#define RUN(driver, ...)                                                                                                \
	do {                                                                                                            \
		struct matter_inbox_##driver##_rows rows;                                                               \
		enum err e_ = q_matter_inbox_##driver(p->c, p->a, &(struct matter_inbox_##driver##_args){               \
			.place_from = from, .place_to = to, .after_due = p->after_due, .after_id = p->after_id,         \
			.until = p->until, .n = p->n, __VA_ARGS__}, &rows);                                             \
		for (size_t i_ = 0; e_ == OK && i_ < rows.n; i_++) {                                                    \
			struct matter_row r_;                                                                           \
			row_matter_inbox_##driver##_row(&rows.v[i_], &r_);                                              \
			add(p, &r_);                                                                                    \
		}                                                                                                       \
		return e_;                                                                                              \
	} while (0)

static enum err one_desk(struct page *p, struct str desk, struct str from, struct str to, int64_t org)
{
	struct str town = place_up(from, PLACE_TOWN);

	if (org)
		RUN(org, .desk = desk, .org = org);
	if (town.n && str_cmp(to, place_after(p->a, town)) <= 0)
		RUN(town, .desk = desk, .town = town);
	RUN(wide, .desk = desk);
}

/* ---- which desks a role sits at ---- */

struct desk { struct str word; bool holder_only; };

static bool sits(const struct scenario_state *st, struct str role)
{
	for (size_t i = 0; i < st->nactors; i++)
		if (str_eq(st->actors[i], role))
			return true;
	return false;
}

static size_t desks_of(struct arena *a, struct str role, struct desk *out)
{
	const struct scenario **all = arena_alloc_array(a, MOST_VERSIONS, sizeof(*all));
	size_t nall = scenario_all(all, MOST_VERSIONS), n = 0;

	for (size_t i = 0; i < nall; i++) {
		const struct scenario_role *as = scenario_role(all[i], role);

		for (size_t k = 0; k < all[i]->nstates && n < MOST_DESKS; k++) {
			struct desk d = {STR_NULL, as && as->holder_only};
			bool known = false;

			if (!sits(&all[i]->states[k], role))
				continue;
			d.word = desk_of(a, &all[i]->states[k]);
			for (size_t j = 0; j < n; j++)
				known |= str_eq(out[j].word, d.word) && out[j].holder_only == d.holder_only;
			if (d.word.p && !known)
				out[n++] = d;
		}
	}
	return n;
}

static int urgent_first(const void *x, const void *y)
{
	const struct matter_row *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* Two roles of the reader may hold the same matter. */
static size_t without_twins(struct matter_row *v, size_t n)
{
	size_t kept = 1;

	for (size_t i = 1; i < n; i++)
		if (v[i].id != v[kept - 1].id)
			v[kept++] = v[i];
	return kept;
}

static enum err gather(struct page *p, const struct matter_inbox *in)
{
	struct desk desks[MOST_DESKS];
	enum err e = OK;

	for (size_t i = 0; e == OK && i < in->n; i++) {
		size_t n = desks_of(p->a, in->roles[i], desks);

		for (size_t k = 0; e == OK && k < n; k++) {
			int64_t org = desks[k].holder_only && in->orgs ? in->orgs[i] : 0;

			if (desks[k].holder_only && org == 0)
				continue; /* without an organisation nothing is held */
			e = one_desk(p, desks[k].word, in->from[i], in->to[i], org);
		}
	}
	if (p->count) {
		qsort(p->v, p->count, sizeof(*p->v), urgent_first);
		p->count = without_twins(p->v, p->count);
	}
	if (p->count > (size_t)p->n)
		p->count = (size_t)p->n;
	return e;
}

enum err matter_inbox(struct db_conn *c, struct arena *a, const struct matter_inbox *in, int64_t now, struct matter_row **v, size_t *n)
{
	struct page p = {.c = c, .a = a, .after_due = in->after_id ? in->after_due : INT64_MIN, .after_id = in->after_id,
			 .until = INT64_MAX, .n = in->limit < 1 ? 50 : in->limit > 200 ? 200 : in->limit};
	enum err e;

	(void)now;
	/* a row without clock is asked for as 0: that is how the page before showed it */
	if (in->after_id && in->after_due == 0)
		p.after_due = NO_DUE;
	e = gather(&p, in);
	*v = p.v;
	*n = p.count;
	return e;
}

static int colour(const struct matter_row *r, int64_t now)
{
	struct matter m = {.due = r->due, .state_since = r->state_since, .kind = STATE_OPEN};

	return matter_clock_colour(&m, now);
}

/* Between two deadlines, at most CAP rows. */
static enum err count_between(struct page *p, const struct matter_inbox *in, int64_t from, int64_t until, int64_t now, int by[4])
{
	enum err e;

	p->after_due = from;
	p->after_id = INT64_MIN;
	p->until = until;
	p->n = CAP;
	p->count = 0;
	e = gather(p, in);
	for (size_t i = 0; e == OK && i < p->count; i++)
		by[colour(&p->v[i], now)]++;
	return e;
}

enum err matter_inbox_count(struct db_conn *c, struct arena *a, const struct matter_inbox *in, int64_t now, struct matter_inbox_counts *out)
{
	struct page p = {.c = c, .a = a};
	int by[4] = {0};
	enum err e = count_between(&p, in, INT64_MIN, now + 1, now, by);

	if (e == OK)
		e = count_between(&p, in, now + 1, NO_DUE, now, by);
	if (e == OK)
		e = count_between(&p, in, NO_DUE, INT64_MAX, now, by);
	*out = (struct matter_inbox_counts){by[3], by[2], by[1], by[0]};
	return e;
}
