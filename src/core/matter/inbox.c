/* The inbox: open matters that wait for one of the reader's roles, most urgent first. */
#include <stdlib.h>

#include "core/matter/inner.h"
#include "core/matter/list.h"
#include "core/place/place.h"

#define MOST_DESKS 64
#define MOST_VERSIONS 1024
#define CAP 1000
#define WALK 3000 /* rows a page looks at, shared by the desks of the reader */

struct at { int64_t due, id; };

static const struct at last = {INT64_MAX, INT64_MAX};

static void fill(const struct matter_inbox_page_row *r, struct matter_row *out)
{
	*out = (struct matter_row){
		.id = r->id, .created = r->created, .due = r->due == NO_DUE ? 0 : r->due, .total_due = r->total_due,
		.state_since = r->state_since, .closed = r->closed, .version = r->version, .holder = r->holder,
		.holder_org = r->holder_org, .code = r->code, .scenario = r->scenario, .state = r->state,
		.title = r->title, .place = r->place, .category = r->category, .channel = r->channel,
		.is_public = r->is_public, .demo = r->demo, .judge_score = (int)r->judge_score,
		.judge_solved = (int)r->judge_solved, .key = r->due};
}

/* One desk of the reader: what is waited for, where, for whom. */
struct desk {
	struct str word, town, from, to; /* town "": wider */
	int64_t org;                     /* 0 any */
	bool exact;                      /* the index leads to nothing else */
	bool helps;                      /* what `org` was asked to help with */
};

struct look {
	struct db_conn *c;
	struct arena *a;
	struct desk *desks;
	size_t ndesks;
};

/* ---- which desks a role sits at ---- */

static bool sits(const struct scenario_state *st, struct str role)
{
	for (size_t i = 0; i < st->nactors; i++)
		if (str_eq(st->actors[i], role))
			return true;
	return false;
}

/* "handler|leader" of every state of every scenario in which the role (absent: anybody) has something to do. */
struct word { struct str text; bool holder_only; };

static size_t words_of(struct arena *a, struct str role, struct word *out)
{
	const struct scenario **all = arena_alloc_array(a, MOST_VERSIONS, sizeof(*all));
	size_t nall = scenario_all(all, MOST_VERSIONS), n = 0;

	for (size_t i = 0; i < nall; i++) {
		const struct scenario_role *as = role.p ? scenario_role(all[i], role) : NULL;

		for (size_t k = 0; k < all[i]->nstates && n < MOST_DESKS; k++) {
			struct word w = {STR_NULL, as && as->holder_only};
			bool known = false;

			if (role.p && !sits(&all[i]->states[k], role))
				continue;
			w.text = desk_of(a, &all[i]->states[k]);
			for (size_t j = 0; j < n; j++)
				known |= str_eq(out[j].text, w.text) && out[j].holder_only == w.holder_only;
			if (w.text.p && !known)
				out[n++] = w;
		}
	}
	return n;
}

static void add_desk(struct look *l, const struct matter_inbox *in, size_t i, const struct word *w)
{
	struct desk d = {.word = w->text, .from = in->from[i], .to = in->to[i], .town = STR(""), .org = w->holder_only && in->orgs ? in->orgs[i] : 0};
	struct str town = place_up(d.from, PLACE_TOWN);

	if (w->holder_only && d.org == 0)
		return; /* without an organisation nothing is held */
	if (d.org == 0 && town.n && str_cmp(d.to, place_after(l->a, town)) <= 0)
		d.town = town;
	d.exact = d.org == 0 && str_eq(d.from, d.town) && str_eq(d.to, place_after(l->a, d.town));
	for (size_t k = 0; k < l->ndesks; k++)
		if (str_eq(l->desks[k].word, d.word) && l->desks[k].org == d.org && str_eq(l->desks[k].from, d.from) && str_eq(l->desks[k].to, d.to))
			return;
	l->desks[l->ndesks++] = d;
}

/* What the organisation was asked to help with, wherever it lies. */
static void add_help(struct look *l, const struct matter_inbox *in, size_t i)
{
	if (in->orgs == NULL || in->orgs[i] == 0)
		return;
	for (size_t k = 0; k < l->ndesks; k++)
		if (l->desks[k].helps && l->desks[k].org == in->orgs[i])
			return;
	l->desks[l->ndesks++] = (struct desk){.word = STR(""), .town = STR(""), .org = in->orgs[i], .exact = true, .helps = true};
}

static void find_desks(struct look *l, const struct matter_inbox *in)
{
	struct word words[MOST_DESKS];

	l->desks = arena_array(l->a, struct desk, in->n * (MOST_DESKS + 1) + 1);
	for (size_t i = 0; i < in->n; i++) {
		size_t n = words_of(l->a, in->everyone ? STR_NULL : in->roles[i], words);

		for (size_t k = 0; k < n; k++)
			add_desk(l, in, i, &words[k]);
		add_help(l, in, i);
	}
}

/* ---- a walk along one desk ---- */

#define DESK(d) .desk = (d)->word, .org = (d)->org ? &(d)->org : NULL, .town = (d)->town.n ? (d)->town : STR_NULL
#define WINDOW(after, end) .after_due = (after).due, .after_id = (after).id, .end_due = (end).due, .end_id = (end).id

/* Shortens the walk to so many rows of the index, if not all of them are wanted. */
static enum err bound(struct look *l, const struct desk *d, struct at after, struct at *end, bool *bounded)
{
	int64_t walk = WALK / (int64_t)l->ndesks < 100 ? 100 : WALK / (int64_t)l->ndesks;
	struct matter_inbox_edge_rows rows;
	enum err e;

	*bounded = false;
	if (d->exact)
		return OK;
	e = q_matter_inbox_edge(l->c, l->a, &(struct matter_inbox_edge_args){DESK(d), WINDOW(after, *end), .skip = walk - 1}, &rows);
	*bounded = e == OK && rows.n;
	if (*bounded)
		*end = (struct at){rows.v[0].due, rows.v[0].id};
	return e;
}

static bool is_before(struct at x, struct at y)
{
	return x.due < y.due || (x.due == y.due && x.id < y.id);
}

static int urgent_first(const void *x, const void *y)
{
	const struct matter_row *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* In order, each once: two roles of the reader may hold the same matter. */
static size_t in_order(struct matter_row *v, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(v, n, sizeof(*v), urgent_first);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || v[kept - 1].id != v[i].id)
			v[kept++] = v[i];
	return kept;
}

static enum err read_help(struct look *l, const struct desk *d, struct at after, size_t n, struct matter_page *out, size_t *count)
{
	struct matter_inbox_parts_rows rows;
	enum err e = q_matter_inbox_parts(l->c, l->a, d->org, after.due, after.id, (int64_t)n, &rows);

	*count = e ? 0 : rows.n;
	for (size_t i = 0; i < *count; i++) {
		/* the same columns: one kind of row */
		const struct matter_inbox_parts_row *r = &rows.v[i];
		struct matter_inbox_page_row row = {
			.id = r->id, .created = r->created, .due = r->due, .total_due = r->total_due, .state_since = r->state_since, .closed = r->closed,
			.version = r->version, .holder = r->holder, .holder_org = r->holder_org, .code = r->code, .scenario = r->scenario,
			.state = r->state, .title = r->title, .place = r->place, .category = r->category, .channel = r->channel,
			.is_public = r->is_public, .demo = r->demo, .judge_score = r->judge_score, .judge_solved = r->judge_solved};

		fill(&row, &out->v[out->n++]);
	}
	return e;
}

static enum err read_desk(struct look *l, const struct desk *d, struct at after, struct at end, size_t n, struct matter_page *out, size_t *count)
{
	struct matter_inbox_page_rows rows;
	enum err e;

	if (d->helps)
		return read_help(l, d, after, n, out, count);
	e = q_matter_inbox_page(l->c, l->a, &(struct matter_inbox_page_args){
		DESK(d), WINDOW(after, end), .place_from = d->from, .place_to = d->to, .n = (int64_t)n}, &rows);

	*count = e ? 0 : rows.n;
	for (size_t i = 0; i < *count; i++)
		fill(&rows.v[i], &out->v[out->n++]);
	return e;
}

static void set_next(struct matter_page *out, struct at at, bool bounded)
{
	out->more = true;
	out->bounded = bounded;
	out->next_key = at.due;
	out->next_id = at.id;
}

enum err matter_inbox_page(struct db_conn *c, struct arena *a, const struct matter_inbox *in, struct matter_page *out)
{
	struct look l = {.c = c, .a = a};
	size_t n = in->limit < 1 ? 50 : in->limit > 200 ? 200 : (size_t)in->limit;
	struct at after = {in->after_id ? in->after_due : INT64_MIN, in->after_id}, shortest = last;
	enum err e = OK;

	find_desks(&l, in);
	*out = (struct matter_page){.v = arena_array(a, struct matter_row, l.ndesks * (n + 1) + 1)};
	for (size_t i = 0; e == OK && i < l.ndesks; i++) {
		struct at end = last;
		size_t count = 0;
		bool bounded;

		e = bound(&l, &l.desks[i], after, &end, &bounded);
		if (e == OK)
			e = read_desk(&l, &l.desks[i], after, end, n + 1, out, &count);
		if (e == OK && bounded && count <= n && is_before(end, shortest))
			shortest = end;
	}
	out->n = in_order(out->v, out->n);
	/* what lies behind the place where the shortest walk ended is left for the next page */
	while (out->n && is_before(shortest, (struct at){out->v[out->n - 1].key, out->v[out->n - 1].id}))
		out->n--;
	if (out->n > n) {
		out->n = n;
		set_next(out, (struct at){out->v[n - 1].key, out->v[n - 1].id}, false);
	} else if (is_before(shortest, last)) {
		set_next(out, shortest, true);
	}
	return e;
}

/* ---- counting: only what is needed for it is read ---- */

struct counted { int64_t id; int colour; };

struct count {
	struct counted *v;
	size_t n, room;
	bool more;
};

static void note(struct look *l, struct count *k, int64_t id, int colour)
{
	if (k->n == k->room) {
		struct counted *more = arena_array(l->a, struct counted, k->room * 2 + 256);

		if (k->n)
			memcpy(more, k->v, k->n * sizeof(*more));
		k->v = more;
		k->room = k->room * 2 + 256;
	}
	k->v[k->n++] = (struct counted){id, colour};
}

static int by_id(const void *x, const void *y)
{
	const struct counted *a = x, *b = y;

	return a->id < b->id ? -1 : a->id > b->id;
}

/* Behind one deadline up to another: all of one colour. */
static enum err count_ids(struct look *l, const struct desk *d, struct at after, struct at end, int colour, struct count *k)
{
	struct matter_inbox_ids_rows rows;
	bool bounded;
	enum err e = bound(l, d, after, &end, &bounded);

	if (e == OK)
		e = q_matter_inbox_ids(l->c, l->a, &(struct matter_inbox_ids_args){
			DESK(d), WINDOW(after, end), .place_from = d->from, .place_to = d->to, .n = CAP}, &rows);
	for (size_t i = 0; e == OK && i < rows.n; i++)
		note(l, k, rows.v[i].id, colour);
	k->more |= bounded;
	return e;
}

static enum err count_dues(struct look *l, const struct desk *d, struct at after, struct at end, int64_t now, struct count *k)
{
	struct matter_inbox_dues_rows rows;
	bool bounded;
	enum err e = bound(l, d, after, &end, &bounded);

	if (e == OK)
		e = q_matter_inbox_dues(l->c, l->a, &(struct matter_inbox_dues_args){
			DESK(d), WINDOW(after, end), .place_from = d->from, .place_to = d->to, .n = CAP}, &rows);
	for (size_t i = 0; e == OK && i < rows.n; i++) {
		struct matter m = {.due = rows.v[i].due, .state_since = rows.v[i].state_since, .kind = STATE_OPEN};

		note(l, k, rows.v[i].id, matter_clock_colour(&m, now));
	}
	k->more |= bounded || (e == OK && rows.n == CAP);
	return e;
}

static enum err count_help(struct look *l, const struct desk *d, int64_t now, struct count *k)
{
	struct matter_inbox_part_dues_rows rows;
	enum err e = q_matter_inbox_part_dues(l->c, l->a, d->org, CAP, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		struct matter m = {.due = rows.v[i].due == NO_DUE ? 0 : rows.v[i].due, .state_since = rows.v[i].state_since, .kind = STATE_OPEN};

		note(l, k, rows.v[i].id, matter_clock_colour(&m, now));
	}
	k->more |= e == OK && rows.n == CAP;
	return e;
}

enum err matter_inbox_count(struct db_conn *c, struct arena *a, const struct matter_inbox *in, int64_t now, struct matter_inbox_counts *out)
{
	const struct at first = {INT64_MIN, INT64_MIN}, passed = {now, INT64_MAX}, none = {NO_DUE, INT64_MIN};
	struct look l = {.c = c, .a = a};
	struct count k = {.n = 0};
	int by[4] = {0};
	enum err e = OK;

	find_desks(&l, in);
	for (size_t i = 0; e == OK && i < l.ndesks; i++) {
		if (l.desks[i].helps) {
			e = count_help(&l, &l.desks[i], now, &k);
			continue;
		}
		e = count_ids(&l, &l.desks[i], first, passed, 3, &k);
		if (e == OK)
			e = count_dues(&l, &l.desks[i], passed, none, now, &k);
		if (e == OK)
			e = count_ids(&l, &l.desks[i], none, last, 0, &k);
	}
	if (k.n)
		qsort(k.v, k.n, sizeof(*k.v), by_id);
	for (size_t i = 0; i < k.n; i++)
		if ((i == 0 || k.v[i - 1].id != k.v[i].id) && by[k.v[i].colour] < CAP)
			by[k.v[i].colour]++;
	*out = (struct matter_inbox_counts){by[3], by[2], by[1], by[0], k.more};
	return e;
}
