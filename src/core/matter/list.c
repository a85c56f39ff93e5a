/*
 * Lists of matters. A page walks the one index that leads to the fewest rows, and looks at no more than WALK of them: then it says how far
 * it came, and the reader may look further back. So a page costs the same with ten thousand matters and with many millions.
 */
#include "core/matter/list.h"

#include <stdlib.h>

#include "core/matter/edges.h"
#include "core/matter/inner.h"
#include "core/place/place.h"
#include "db/search.h"

#define MOST 200
#define WALK 2000           /* rows a page looks at */
#define WALK_TEXT 2000      /* hits of the full text a page looks at */
#define WALK_COUNT 500      /* rows looked at only to count; where the index says it all, as many as are counted */
#define WALK_COUNT_TEXT 300 /* the same, hits of the full text */
#define WALK_FAR 50000      /* rows one step of an export looks at */
#define MOST_FOUND 2000     /* of the full text, in one query by id */

struct at { int64_t key, id; }; /* created, id */

static const struct at newest = {INT64_MAX, INT64_MAX}, oldest = {INT64_MIN, INT64_MIN};

/* Every query yields the same columns; the generated types differ by name only. */
#define ROW_FN(type)                                                                                                   \
	static void row_##type(const struct type *r, struct matter_row *out)                                          \
	{                                                                                                              \
		*out = (struct matter_row){                                                                            \
			.id = r->id, .created = r->created, .due = r->due == NO_DUE ? 0 : r->due, .total_due = r->total_due, \
			.state_since = r->state_since, .closed = r->closed, .version = r->version, .holder = r->holder,  \
			.holder_org = r->holder_org, .code = r->code, .scenario = r->scenario, .state = r->state,        \
			.title = r->title, .place = r->place, .category = r->category, .channel = r->channel,            \
			.is_public = r->is_public, .demo = r->demo, .judge_score = (int)r->judge_score,                  \
			.judge_solved = (int)r->judge_solved, .key = r->created};                                        \
	}
ROW_FN(matter_page_row)
ROW_FN(matter_page_ids_row)

/* ---- what is asked of the store for one range of places ---- */

struct ask {
	struct db_conn *c;
	struct arena *a;
	const struct matter_filter *f;
	struct str from, to, town, district; /* town, district "": wider than that */
	struct str scenario, state, category, channel;
	struct at before, end; /* rows older than `before`, not older than `end` */
	int64_t now, n;
	bool yes, public_only;
};

/* The index that is walked, the one that is most often the narrowest first. */
enum via { VIA_PERSON, VIA_ORG, VIA_TOWN, VIA_STATE, VIA_CATEGORY, VIA_CHANNEL, VIA_SCENARIO, VIA_OPEN, VIA_DISTRICT, VIA_ALL };

static bool open_only(const struct matter_filter *f)
{
	return f->kind < 0 || f->colour;
}

static bool leads(const struct ask *q, enum via via)
{
	switch (via) {
	case VIA_PERSON:
		return q->f->holder > 0;
	case VIA_ORG:
		return q->f->holder_org > 0;
	case VIA_TOWN:
		return q->town.n > 0;
	case VIA_STATE:
		return q->state.n > 0;
	case VIA_CATEGORY:
		return q->category.n > 0;
	case VIA_CHANNEL:
		return q->channel.n > 0;
	case VIA_SCENARIO:
		return q->scenario.n > 0;
	case VIA_OPEN:
		return open_only(q->f);
	case VIA_DISTRICT:
		return q->district.n > 0 && q->town.n == 0;
	case VIA_ALL:
		return true;
	}
	return false;
}

/* Is every row of the index wanted? Then a walk ends with the page. */
static bool says_all(const struct ask *q, enum via via)
{
	const struct matter_filter *f = q->f;
	struct str whole = via == VIA_TOWN ? q->town : via == VIA_DISTRICT ? q->district : STR("");

	for (enum via v = VIA_PERSON; v <= VIA_SCENARIO; v++)
		if (v != via && v != VIA_TOWN && leads(q, v))
			return false;
	return !f->colour && f->kind <= 0 && (f->kind == 0 || via == VIA_OPEN) && !q->public_only && str_eq(q->from, whole) &&
	       str_eq(q->to, place_after(q->a, whole));
}

#define VIA(q, via)                                                                                                     \
	.in_person = (via) == VIA_PERSON ? &(q)->f->holder : NULL, .in_org = (via) == VIA_ORG ? &(q)->f->holder_org : NULL, \
	.in_town = (via) == VIA_TOWN ? (q)->town : STR_NULL, .in_district = (via) == VIA_DISTRICT ? (q)->district : STR_NULL, \
	.in_state = (via) == VIA_STATE ? (q)->state : STR_NULL, .in_category = (via) == VIA_CATEGORY ? (q)->category : STR_NULL, \
	.in_channel = (via) == VIA_CHANNEL ? (q)->channel : STR_NULL, .in_scenario = (via) == VIA_SCENARIO ? (q)->scenario : STR_NULL, \
	.in_open = (via) == VIA_OPEN ? &(q)->yes : NULL, .before_key = (q)->before.key, .before_id = (q)->before.id,     \
	.end_key = (q)->end.key, .end_id = (q)->end.id
/* What the walked index leads to anyway is not asked again: asking would read the row. */
#define FILTER(q, via)                                                                                                       \
	.place_from = (q)->from, .place_to = (q)->to, \
	.scenario = (via) == VIA_SCENARIO ? STR("") : (q)->scenario, .state = (via) == VIA_STATE ? STR("") : (q)->state,  \
	.category = (via) == VIA_CATEGORY ? STR("") : (q)->category, .channel = (via) == VIA_CHANNEL ? STR("") : (q)->channel, \
	.kind = (q)->f->kind > 0 ? (q)->f->kind - 1 : -1, .open_only = open_only((q)->f) && (via) != VIA_OPEN,           \
	.holder_org = (via) == VIA_ORG ? 0 : (q)->f->holder_org, .holder = (via) == VIA_PERSON ? 0 : (q)->f->holder,     \
	 .public_only = (q)->public_only, .colour = (q)->f->colour, \
	.now = (q)->now, .n = (q)->n

static void mix(uint64_t *h, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		*h = (*h ^ (unsigned char)s.p[i]) * 1099511628211u;
}

static void mix_i64(uint64_t *h, int64_t v)
{
	mix(h, (struct str){(const char *)&v, sizeof(v)});
}

/* Everything the answer of matter_edge depends on but the rows. */
static uint64_t edge_key(const struct ask *q, enum via via, int64_t walk)
{
	const struct str values[] = {[VIA_TOWN] = q->town, [VIA_STATE] = q->state, [VIA_CATEGORY] = q->category, [VIA_CHANNEL] = q->channel,
				     [VIA_SCENARIO] = q->scenario, [VIA_DISTRICT] = q->district, [VIA_ALL] = STR("")};
	uint64_t h = 14695981039346656037u;

	mix_i64(&h, db_number(db_of(q->c)));
	mix_i64(&h, via);
	mix_i64(&h, walk);
	mix_i64(&h, q->before.key);
	mix_i64(&h, q->before.id);
	mix_i64(&h, q->end.key);
	mix_i64(&h, q->end.id);
	mix_i64(&h, via == VIA_PERSON ? q->f->holder : via == VIA_ORG ? q->f->holder_org : 0);
	mix(&h, values[via]);
	return h;
}

/* Where a walk of so many rows ends; false when the index ends before. */
static enum err edge(const struct ask *q, enum via via, int64_t walk, struct at *at, bool *there)
{
	uint64_t key = edge_key(q, via, walk);
	struct matter_edge_rows rows;
	enum err e;

	if (edge_known(key, there, &at->key, &at->id))
		return OK;
	e = q_matter_edge(q->c, q->a, &(struct matter_edge_args){VIA(q, via), .skip = walk - 1}, &rows);
	*there = e == OK && rows.n;
	if (*there)
		*at = (struct at){rows.v[0].created, rows.v[0].id};
	if (e == OK)
		edge_keep(key, *there, at->key, at->id);
	return e;
}

/*
 * Chooses the index: one whose every row is wanted, else one that ends within the walk, else the one whose walk leads furthest back in
 * time, which is the one with the fewest rows. *bounded: rows may be wanted behind q->end.
 */
static enum err choose(struct ask *q, int64_t walk, enum via *via, bool *bounded)
{
	struct at far = newest;
	enum err e = OK;

	*bounded = false;
	for (*via = VIA_PERSON; *via < VIA_ALL; (*via)++)
		if (leads(q, *via) && says_all(q, *via))
			return OK;
	if (says_all(q, VIA_ALL))
		return OK;
	for (enum via v = VIA_PERSON; e == OK && v <= VIA_ALL; v++) {
		struct at at;
		bool there;

		if (!leads(q, v))
			continue;
		e = edge(q, v, walk, &at, &there);
		if (e == OK && !there) {
			*via = v;
			return OK;
		}
		if (e == OK && (at.key < far.key || (at.key == far.key && at.id < far.id))) {
			far = at;
			*via = v;
		}
	}
	q->end = far;
	*bounded = e == OK;
	return e;
}

static enum err read_page(const struct ask *q, enum via via, struct matter_row *v, size_t *n)
{
	struct matter_page_rows rows;
	enum err e = q_matter_page(q->c, q->a, &(struct matter_page_args){VIA(q, via), FILTER(q, via)}, &rows);

	for (*n = 0; e == OK && *n < rows.n; (*n)++)
		row_matter_page_row(&rows.v[*n], &v[*n]);
	return e;
}

/* ---- ranges of places ---- */

struct ranges {
	struct str *from, *to;
	size_t n;
};

static struct str later(struct str x, struct str y)
{
	return str_cmp(x, y) > 0 ? x : y;
}

static struct str sooner(struct str x, struct str y)
{
	return str_cmp(x, y) < 0 ? x : y;
}

static int by_from(const void *x, const void *y)
{
	const struct str *const *a = x, *const *b = y;

	return str_cmp(**a, **b);
}

/* The scope cut to the place of the filter, without overlaps. */
static struct ranges cut(struct arena *a, const struct matter_scope *s, struct str place)
{
	struct ranges r = {arena_array(a, struct str, s->n + 1), arena_array(a, struct str, s->n + 1), 0};
	const struct str **order = arena_alloc_array(a, s->n + 1, sizeof(*order));
	struct str top = place.p ? place : STR(""), end = place_after(a, top);

	for (size_t i = 0; i < s->n; i++)
		order[i] = &s->from[i];
	qsort(order, s->n, sizeof(*order), by_from);
	for (size_t i = 0; i < s->n; i++) {
		struct str from = later(*order[i], top), to = sooner(s->to[order[i] - s->from], end);

		if (r.n && str_cmp(from, r.to[r.n - 1]) < 0)
			from = r.to[r.n - 1];
		if (str_cmp(from, to) >= 0)
			continue;
		r.from[r.n] = from;
		r.to[r.n++] = to;
	}
	return r;
}

/* The place of that level in which the whole range lies; "" when it is wider. */
static struct str within_one(struct arena *a, struct str from, struct str to, enum place_level level)
{
	struct str one = place_up(from, level);

	return one.n && str_cmp(to, place_after(a, one)) <= 0 ? one : STR("");
}

static void set_range(struct ask *q, struct str from, struct str to)
{
	q->from = from;
	q->to = to;
	q->town = within_one(q->a, from, to, PLACE_TOWN);
	q->district = within_one(q->a, from, to, PLACE_DISTRICT);
}

static struct str given(struct str s)
{
	return s.p ? s : STR("");
}

static struct ask make_ask(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now)
{
	struct ask q = {.c = c, .a = a, .f = f, .now = now, .yes = true, .public_only = !s->private_too, .scenario = given(f->scenario),
			.state = given(f->state), .category = given(f->category), .channel = given(f->channel)};

	q.before = newest;
	if (f->to)
		q.before = (struct at){f->to, INT64_MIN};
	if (f->before_key && f->before_key < q.before.key)
		q.before = (struct at){f->before_key, f->before_id};
	q.end = f->from ? (struct at){f->from, INT64_MIN} : oldest;
	return q;
}

static int newest_first(const void *x, const void *y)
{
	const struct matter_row *a = x, *b = y;

	if (a->created != b->created)
		return a->created > b->created ? -1 : 1;
	return a->id > b->id ? -1 : a->id < b->id;
}

static bool is_older(const struct matter_row *r, struct at at)
{
	return r->created < at.key || (r->created == at.key && r->id < at.id);
}

static void set_next(struct matter_page *out, int64_t key, int64_t id, bool bounded)
{
	out->more = true;
	out->bounded = bounded;
	out->next_key = key;
	out->next_id = id;
}

/* Puts the rows of all ranges in order. What is older than the place where the shortest walk ended is left for the next page. */
static void merge(struct matter_page *out, size_t n, bool bounded, struct at floor)
{
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), newest_first);
	while (bounded && out->n && is_older(&out->v[out->n - 1], floor))
		out->n--;
	if (out->n > n) {
		out->n = n;
		set_next(out, out->v[n - 1].key, out->v[n - 1].id, false);
	} else if (bounded) {
		set_next(out, floor.key, floor.id, true);
	}
}

static int64_t share(int64_t walk, size_t ranges)
{
	int64_t each = walk / (int64_t)(ranges ? ranges : 1);

	return each < 100 ? 100 : each;
}

static enum err list_ranges(struct ask *q, const struct ranges *r, size_t n, int64_t walk, struct matter_page *out)
{
	struct at end = q->end, floor = oldest;
	bool bounded = false;
	enum err e = OK;

	q->n = (int64_t)n + 1;
	out->v = arena_array(q->a, struct matter_row, r->n * (n + 1) + 1);
	for (size_t i = 0; e == OK && i < r->n; i++) {
		enum via via;
		bool stops;
		size_t count = 0;

		set_range(q, r->from[i], r->to[i]);
		q->end = end;
		e = choose(q, share(walk, r->n), &via, &stops);
		if (e == OK)
			e = read_page(q, via, out->v + out->n, &count);
		out->n += count;
		if (e || !stops || count > n)
			continue;
		if (!bounded || q->end.key > floor.key || (q->end.key == floor.key && q->end.id > floor.id))
			floor = q->end;
		bounded = true;
	}
	if (e == OK)
		merge(out, n, bounded, floor);
	return e;
}

/* ---- by full text: newest matters first, which is the order in which they reached us ---- */

static bool inside(const struct ranges *r, struct str place)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_cmp(place, r->from[i]) >= 0 && str_cmp(place, r->to[i]) < 0)
			return true;
	return false;
}

/* Is every hit of the words wanted? */
static bool text_says_all(const struct ask *q, const struct ranges *r)
{
	struct ask whole = *q;

	set_range(&whole, STR(""), place_after(q->a, STR("")));
	return !q->f->from && !q->f->to && r->n == 1 && str_eq(r->from[0], whole.from) && str_eq(r->to[0], whole.to) && says_all(&whole, VIA_ALL);
}

static int newest_id_first(const void *x, const void *y)
{
	const struct matter_page_ids_row *a = x, *b = y;

	return (a->id < b->id) - (a->id > b->id);
}

static enum err read_ids(struct ask *q, const struct ranges *r, const int64_t *ids, size_t nids, size_t n, struct matter_page *out)
{
	struct matter_page_ids_rows rows;
	enum err e;

	set_range(q, r->from[0], r->to[r->n - 1]);
	q->n = (int64_t)nids;
	e = q_matter_page_ids(q->c, q->a, &(struct matter_page_ids_args){FILTER(q, VIA_ALL), .ids = ids, .ids_n = nids,
		.since = q->f->from ? q->f->from : INT64_MIN, .until = q->f->to ? q->f->to : INT64_MAX}, &rows);
	if (e == OK && rows.n)
		qsort(rows.v, rows.n, sizeof(*rows.v), newest_id_first);
	for (size_t i = 0; e == OK && i < rows.n && out->n <= n; i++)
		if (inside(r, rows.v[i].place))
			row_matter_page_ids_row(&rows.v[i], &out->v[out->n++]);
	return e;
}

struct counted {
	size_t most, n; /* counted up to `most` (0: not asked), n of them */
	bool more;
};

/*
 * First as many hits as the page has room for, then more at once, until the page is full or `walk` hits have been looked at. Who also wants
 * to know how many there are looks at WALK_COUNT_TEXT hits in any case.
 */
static enum err list_text(struct ask *q, const struct ranges *r, size_t n, int64_t walk, struct matter_page *out, struct counted *count)
{
	int64_t before = q->f->before_id ? q->f->before_id : INT64_MAX, at_once = (int64_t)n + 1, looked = 0;
	size_t most = count->most > n ? count->most : n;
	enum err e = OK;
	bool over = r->n == 0;

	out->v = arena_array(q->a, struct matter_row, most + 2);
	while (e == OK && !over && ((out->n <= n && looked < walk) || (out->n <= most && looked < WALK_COUNT_TEXT && most > n))) {
		int64_t *ids;
		size_t found;

		e = search_find(q->c, q->a, "matter", q->f->text, before, (int)at_once, &ids, &found);
		over = found < (size_t)at_once;
		if (e == OK && found)
			e = read_ids(q, r, ids, found, most, out);
		before = found ? ids[found - 1] : before;
		looked += at_once;
		at_once = out->n > n ? WALK_COUNT_TEXT : at_once * 8 < MOST_FOUND ? at_once * 8 : MOST_FOUND;
	}
	count->n = out->n < most ? out->n : most;
	count->more = !over || out->n > most;
	if (out->n > n) {
		out->n = n;
		set_next(out, out->v[n - 1].key, out->v[n - 1].id, false);
	} else if (e == OK && !over) {
		set_next(out, 1, before, true);
	}
	return e;
}

static enum err list_page(struct ask *q, const struct ranges *r, size_t n, int64_t walk, struct matter_page *out)
{
	struct counted nothing = {0};

	*out = (struct matter_page){.v = NULL};
	return str_trim(q->f->text).n ? list_text(q, r, n, walk, out, &nothing) : list_ranges(q, r, n, walk, out);
}

static size_t limit_of(const struct matter_filter *f)
{
	return f->limit < 1 ? 50 : f->limit > MOST ? MOST : (size_t)f->limit;
}

enum err matter_list_page(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now,
			  struct matter_page *out)
{
	struct ranges r = cut(a, s, f->place);
	struct ask q = make_ask(c, a, s, f, now);

	return list_page(&q, &r, limit_of(f), str_trim(f->text).n ? WALK_TEXT : WALK, out);
}

enum err matter_list(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now,
		     struct matter_row **v, size_t *n)
{
	struct matter_filter rest = *f;
	struct ranges r = cut(a, s, f->place);
	size_t want = limit_of(f);
	struct matter_page page;
	enum err e;

	*n = 0;
	*v = arena_array(a, struct matter_row, want);
	do {
		struct ask q = make_ask(c, a, s, &rest, now);

		e = list_page(&q, &r, want - *n, WALK_FAR, &page);
		if (e)
			return e;
		if (page.n)
			memcpy(*v + *n, page.v, page.n * sizeof(**v));
		*n += page.n;
		rest.before_key = page.next_key;
		rest.before_id = page.next_id;
	} while (page.more && *n < want);
	return OK;
}

/* ---- counting ---- */

static enum err count_ranges(struct ask *q, const struct ranges *r, int cap, int *out, bool *more)
{
	struct at end = q->end;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < r->n && *out < cap; i++) {
		struct matter_page_count_row row = {0};
		enum via via;
		bool stops;

		set_range(q, r->from[i], r->to[i]);
		q->end = end;
		q->n = cap - *out;
		e = choose(q, share(WALK_COUNT, r->n), &via, &stops);
		if (e == OK)
			e = q_matter_page_count(q->c, q->a, &(struct matter_page_count_args){VIA(q, via), FILTER(q, via)}, &row);
		*out += (int)row.n;
		*more |= e == OK && stops;
	}
	return e;
}

static enum err count_text(struct ask *q, const struct ranges *r, int cap, int *out, bool *more)
{
	int most = cap < WALK_COUNT_TEXT ? cap : WALK_COUNT_TEXT;
	struct matter_page page;
	int64_t *ids;
	size_t n;
	enum err e;

	if (text_says_all(q, r)) {
		e = search_find(q->c, q->a, "matter", q->f->text, INT64_MAX, most, &ids, &n);
		*out = e ? 0 : (int)n;
		*more = *out == most;
		return e;
	}
	e = list_page(q, r, (size_t)most, WALK_COUNT_TEXT, &page);
	*out = e ? 0 : (int)page.n;
	*more = page.more;
	return e;
}

enum err matter_count(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now, int cap, int *out,
		      bool *more)
{
	struct matter_filter all = *f;
	struct ranges r = cut(a, s, f->place);
	struct ask q;
	enum err e;

	all.before_key = all.before_id = 0;
	q = make_ask(c, a, s, &all, now);
	*out = 0;
	*more = false;
	e = str_trim(f->text).n ? count_text(&q, &r, cap, out, more) : count_ranges(&q, &r, cap, out, more);
	*more |= *out >= cap;
	return e;
}

/*
 * The first page often is the count: when it has everything, or when it has found less than it may hold in all that a page looks at. A search
 * that has to look at rows finds page and count in one walk. Else the count is a short walk of its own.
 */
enum err matter_list_counted(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now, int cap,
			     struct matter_page *page, int *count, bool *more)
{
	struct ranges r = cut(a, s, f->place);
	struct ask q = make_ask(c, a, s, f, now);
	size_t limit = limit_of(f);
	enum err e;

	*page = (struct matter_page){.v = NULL};
	if (str_trim(f->text).n && !f->before_id && cap > 0 && !text_says_all(&q, &r)) {
		struct counted found = {.most = (size_t)cap};

		e = list_text(&q, &r, limit, WALK_TEXT, page, &found);
		*count = (int)found.n;
		*more = found.more || *count >= cap;
		return e;
	}
	e = matter_list_page(c, a, s, f, now, page);
	if (e != OK || f->before_id || f->before_key || (page->more && !page->bounded) || page->n >= (size_t)cap)
		return e == OK ? matter_count(c, a, s, f, now, cap, count, more) : e;
	*count = (int)page->n;
	*more = page->more;
	return OK;
}

enum err matter_each(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now,
		     enum err (*fn)(void *arg, const struct matter_row *r), void *arg)
{
	struct matter_filter rest = *f;
	struct ranges r = cut(a, s, f->place);
	enum err e = db_snapshot(c);
	struct matter_page page = {.more = true};
	struct arena part;

	rest.before_key = rest.before_id = 0;
	arena_init(&part, 0);
	while (e == OK && page.more) {
		struct ask q = make_ask(c, &part, s, &rest, now);

		e = list_page(&q, &r, MOST, WALK_FAR, &page);
		for (size_t i = 0; e == OK && i < page.n; i++)
			e = fn(arg, &page.v[i]);
		rest.before_key = page.next_key;
		rest.before_id = page.next_id;
		arena_reset(&part);
	}
	arena_release(&part);
	return e;
}
