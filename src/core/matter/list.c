#include "core/matter/list.h"

#include <stdlib.h>

#include "core/matter/inner.h"
#include "core/place/place.h"
#include "db/search.h"

#define MOST 200
#define FOUND_AT_ONCE 500

/* Every driver yields the same columns; the generated types differ by name only. */
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
ROW_FN(matter_list_town_row)
ROW_FN(matter_list_state_row)
ROW_FN(matter_list_category_row)
ROW_FN(matter_list_holder_row)
ROW_FN(matter_list_open_row)
ROW_FN(matter_list_all_row)
ROW_FN(matter_list_ids_row)

/* What is asked of the store for one range of places. */
struct ask {
	struct str from, to, town; /* town "": wider than a town */
	const struct matter_filter *f;
	int64_t kind, key, id, now, n;
	bool is_true, public_only;
};

#define COMMON(q)                                                                                                       \
	.place_from = (q)->from, .place_to = (q)->to, .scenario = absent((q)->f->scenario), .channel = absent((q)->f->channel), \
	.kind = (q)->f->kind > 0 ? &(q)->kind : NULL, .open_only = (q)->f->kind < 0 ? &(q)->is_true : NULL,              \
	.holder = (q)->f->holder ? &(q)->f->holder : NULL, .public_only = (q)->public_only ? &(q)->is_true : NULL,       \
	.since = (q)->f->from, .until = (q)->f->to ? (q)->f->to : INT64_MAX, .before_key = (q)->key, .before_id = (q)->id, \
	.colour = (q)->f->colour, .now = (q)->now, .n = (q)->n
#define HOLDER_ORG(q) .holder_org = (q)->f->holder_org ? &(q)->f->holder_org : NULL

static struct str absent(struct str s)
{
	return s.n ? s : STR_NULL;
}

#define RUN(driver, ...)                                                                                                \
	do {                                                                                                            \
		struct matter_list_##driver##_rows rows;                                                                \
		enum err e_ = q_matter_list_##driver(c, a, &(struct matter_list_##driver##_args){__VA_ARGS__}, &rows);  \
		if (e_)                                                                                                 \
			return e_;                                                                                      \
		*v = arena_array(a, struct matter_row, rows.n + 1);                                                     \
		for (*n = 0; *n < rows.n; (*n)++)                                                                       \
			row_matter_list_##driver##_row(&rows.v[*n], &(*v)[*n]);                                         \
		return OK;                                                                                              \
	} while (0)

/* The narrowest index first. */
static enum err ask_range(struct db_conn *c, struct arena *a, const struct ask *q, struct matter_row **v, size_t *n)
{
	const struct matter_filter *f = q->f;

	if (f->holder_org)
		RUN(holder, COMMON(q), .holder_org = f->holder_org, .state = absent(f->state), .category = absent(f->category));
	if (q->town.n)
		RUN(town, COMMON(q), HOLDER_ORG(q), .town = q->town, .state = absent(f->state), .category = absent(f->category));
	if (f->state.n)
		RUN(state, COMMON(q), HOLDER_ORG(q), .state = f->state, .category = absent(f->category));
	if (f->category.n)
		RUN(category, COMMON(q), HOLDER_ORG(q), .category = f->category, .state = absent(f->state));
	if (f->kind < 0 || f->colour)
		RUN(open, COMMON(q), HOLDER_ORG(q), .state = absent(f->state), .category = absent(f->category));
	RUN(all, COMMON(q), HOLDER_ORG(q), .state = absent(f->state), .category = absent(f->category));
}

static enum err ask_ids(struct db_conn *c, struct arena *a, const struct ask *q, const int64_t *ids, size_t nids, struct matter_row **v, size_t *n)
{
	const struct matter_filter *f = q->f;

	RUN(ids, COMMON(q), HOLDER_ORG(q), .ids = ids, .ids_n = nids, .state = absent(f->state), .category = absent(f->category));
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

/* The town in which the whole range lies; "" when it is wider. */
static struct str one_town(struct arena *a, struct str from, struct str to)
{
	struct str town = place_up(from, PLACE_TOWN);

	return town.n && str_cmp(to, place_after(a, town)) <= 0 ? town : STR("");
}

static struct ask make_ask(struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now, int64_t n)
{
	struct ask q = {.f = f, .kind = f->kind - 1, .now = now, .n = n, .is_true = true, .public_only = !s->private_too};

	(void)a;
	q.key = f->before_key ? f->before_key : INT64_MAX;
	q.id = f->before_key ? f->before_id : INT64_MAX;
	return q;
}

static int newest_first(const void *x, const void *y)
{
	const struct matter_row *a = x, *b = y;

	if (a->created != b->created)
		return a->created > b->created ? -1 : 1;
	return a->id > b->id ? -1 : a->id < b->id;
}

static enum err list_ranges(struct db_conn *c, struct arena *a, const struct ranges *r, struct ask *q, struct matter_row **v, size_t *n)
{
	enum err e = OK;

	*n = 0;
	*v = arena_array(a, struct matter_row, r->n * (size_t)q->n + 1);
	for (size_t i = 0; e == OK && i < r->n; i++) {
		struct matter_row *part;
		size_t count;

		q->from = r->from[i];
		q->to = r->to[i];
		q->town = one_town(a, q->from, q->to);
		e = ask_range(c, a, q, &part, &count);
		if (e == OK)
			memcpy(*v + *n, part, count * sizeof(*part));
		*n += e == OK ? count : 0;
	}
	if (r->n > 1)
		qsort(*v, *n, sizeof(**v), newest_first);
	if (*n > (size_t)q->n)
		*n = (size_t)q->n;
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

static int by_id(const void *x, const void *y)
{
	const struct matter_row *a = x, *b = y;

	return a->id > b->id ? -1 : a->id < b->id;
}

static enum err list_text(struct db_conn *c, struct arena *a, const struct ranges *r, struct ask *q, struct matter_row **v, size_t *n)
{
	int64_t before = q->f->before_key ? q->f->before_id : INT64_MAX, want = q->n;
	int at_once = want < 40 ? 60 : FOUND_AT_ONCE;
	size_t found = 1;
	enum err e = OK;

	*n = 0;
	*v = arena_array(a, struct matter_row, (size_t)want + 1);
	q->from = STR("");
	q->to = place_after(a, STR(""));
	q->key = q->id = INT64_MAX; /* the page is kept by the ids of the search */
	q->n = FOUND_AT_ONCE;
	while (e == OK && found && *n < (size_t)want) {
		struct matter_row *part;
		int64_t *ids;
		size_t count;

		e = search_find(c, a, "matter", q->f->text, before, at_once, &ids, &found);
		if (e || found == 0)
			break;
		e = ask_ids(c, a, q, ids, found, &part, &count);
		if (e)
			break;
		before = ids[found - 1];
		found = found < (size_t)at_once ? 0 : found;
		at_once = FOUND_AT_ONCE;
		qsort(part, count, sizeof(*part), by_id);
		for (size_t i = 0; i < count && *n < (size_t)want; i++)
			if (inside(r, part[i].place))
				(*v)[(*n)++] = part[i];
	}
	return e;
}

static enum err list_some(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now, int64_t want,
			  struct matter_row **v, size_t *n)
{
	struct ranges r = cut(a, s, f->place);
	struct ask q = make_ask(a, s, f, now, want);

	return str_trim(f->text).n ? list_text(c, a, &r, &q, v, n) : list_ranges(c, a, &r, &q, v, n);
}

enum err matter_list(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now,
		     struct matter_row **v, size_t *n)
{
	int limit = f->limit < 1 ? 50 : f->limit > MOST ? MOST : f->limit;

	return list_some(c, a, s, f, now, limit, v, n);
}

enum err matter_count(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now, int cap, int *out)
{
	struct matter_filter all = *f;
	struct matter_row *v;
	size_t n;
	enum err e;

	all.before_key = all.before_id = 0;
	e = list_some(c, a, s, &all, now, cap, &v, &n);
	*out = e ? 0 : (int)n;
	return e;
}

enum err matter_each(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now,
		     enum err (*fn)(void *arg, const struct matter_row *r), void *arg)
{
	struct matter_filter page = *f;
	enum err e = db_snapshot(c);
	struct arena part;
	size_t n = MOST;

	(void)a;
	page.limit = MOST;
	page.before_key = page.before_id = 0;
	arena_init(&part, 0);
	while (e == OK && n == MOST) {
		struct matter_row *v;

		e = matter_list(c, &part, s, &page, now, &v, &n);
		for (size_t i = 0; e == OK && i < n; i++)
			e = fn(arg, &v[i]);
		if (e == OK && n) {
			page.before_key = v[n - 1].key;
			page.before_id = v[n - 1].id;
		}
		arena_reset(&part);
	}
	arena_release(&part);
	return e;
}
