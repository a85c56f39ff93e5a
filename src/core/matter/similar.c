#include "core/matter/similar.h"

#include <math.h>
#include <stdlib.h>

#include "base/cjk.h"
#include "base/utf8.h"
#include "core/matter/inner.h"
#include "core/place/place.h"
#include "db/search.h"
#include "geo/coord.h"

#define DAY ((int64_t)86400000)
#define MOST_CHARS 400      /* of a text that is compared */
#define MARKS 6
#define LEAST_TOKENS 3      /* a text with fewer is like too many */
#define EACH 20
#define NEWEST 60
#define AROUND 300
#define HOLDERS 1000
#define LEAST 0.10          /* 示例: below it nothing is said */

/* ---- texts ---- */

/* A text as a sorted set of hashes of its tokens. */
struct bag {
	uint64_t *v;
	size_t n;
};

static uint64_t hash(struct str s)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return h;
}

/* Every bit of the number decides over every bit of the result (the finalizer of MurmurHash3). */
static uint64_t mixed(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdu;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53u;
	return x ^ x >> 33;
}

static int by_value(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

/* In the order of the text, those that come twice twice. */
static struct bag tokens_of(struct arena *a, struct str text)
{
	struct bag b = {NULL, 0};
	struct cjk_iter it;
	struct cjk_token t;

	text = utf8_cut(text, MOST_CHARS);
	b.v = arena_array(a, uint64_t, text.n + 1); /* each has a byte at least */
	for (cjk_begin(&it, text, CJK_INDEX); cjk_next(&it, &t);)
		if (t.kind != CJK_SINGLE)
			b.v[b.n++] = hash(t.text);
	return b;
}

static struct bag bag_of(struct arena *a, struct str text)
{
	struct bag b = tokens_of(a, text);
	size_t kept = 0;

	qsort(b.v, b.n, sizeof(*b.v), by_value);
	for (size_t i = 0; i < b.n; i++)
		if (kept == 0 || b.v[i] != b.v[kept - 1])
			b.v[kept++] = b.v[i];
	b.n = kept;
	return b;
}

static double jaccard(struct bag x, struct bag y)
{
	size_t i = 0, k = 0, both = 0;

	while (i < x.n && k < y.n) {
		if (x.v[i] == y.v[k]) {
			both++;
			i++;
			k++;
		} else if (x.v[i] < y.v[k]) {
			i++;
		} else {
			k++;
		}
	}
	return x.n + y.n == both ? 0 : (double)both / (double)(x.n + y.n - both);
}

double similar_texts(struct arena *a, struct str x, struct str y)
{
	return jaccard(bag_of(a, x), bag_of(a, y));
}

struct str similar_words(struct arena *a, struct str title, const struct scenario *s, struct str fields)
{
	struct str text = STR("");
	struct matter_value *v;
	size_t n;

	if (s == NULL || values_read(a, fields, &v, &n) != OK)
		return title;
	for (size_t i = 0; i < n; i++) {
		const struct scenario_field *f = scenario_field(s, v[i].field);

		if (f && f->searchable)
			text = arena_printf(a, "%.*s%.*s\n", STR_ARG(text), STR_ARG(v[i].value));
	}
	return str_empty(text) ? title : text;
}

/* ---- candidates ---- */

struct found {
	int64_t ids[MARKS * EACH + NEWEST];
	size_t n;
};

static void keep(struct found *f, int64_t id)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->ids[i] == id)
			return;
	if (f->n < ARRAY_LEN(f->ids))
		f->ids[f->n++] = id;
}

/*
 * MinHash (Broder 1997): the least of a text's tokens in one of MARKS random orders is the same in two texts as often as their Jaccard index
 * says. So of two texts that share half of their tokens, 98 % share a mark; a mark also says the town. Whoever has one of them is compared.
 */
static void marks_of(struct str town, struct bag b, uint64_t mark[MARKS])
{
	uint64_t where = hash(town);

	for (uint64_t k = 0; k < MARKS; k++) {
		uint64_t least = UINT64_MAX;

		for (size_t i = 0; i < b.n; i++) {
			uint64_t x = mixed(b.v[i] + (k + 1) * 0x9e3779b97f4a7c15u);

			least = x < least ? x : least;
		}
		mark[k] = mixed(least ^ where * (2 * k + 1));
	}
}

struct str similar_marks(struct arena *a, struct str place, struct str words)
{
	struct bag b = tokens_of(a, words); /* the least of them is the least, sorted or not */
	uint64_t mark[MARKS];
	char *all, *to;

	if (b.n < LEAST_TOKENS)
		return STR("");
	marks_of(town_of(place), b, mark);
	all = to = arena_alloc(a, MARKS * (1 + SEARCH_MARK_BYTES) + 1);
	for (size_t k = 0; k < MARKS; k++, to += SEARCH_MARK_BYTES) {
		*to++ = '\n';
		search_mark_put(to, mark[k]);
	}
	return (struct str){all, (size_t)(to - all)};
}

/* Those with a mark of the text, the newest before `before` of each. */
static enum err search_marks(struct db_conn *c, struct arena *a, struct str town, struct bag b, int64_t before, struct found *f)
{
	uint64_t mark[MARKS];
	enum err e = OK;

	if (b.n == 0)
		return OK;
	marks_of(town, b, mark);
	for (size_t k = 0; e == OK && k < MARKS; k++) {
		int64_t *ids;
		size_t n;

		e = search_find_mark(c, a, "matter", mark[k], before, EACH, &ids, &n);
		for (size_t i = 0; e == OK && i < n; i++)
			keep(f, ids[i]);
	}
	return e;
}

/* ---- near and alike ---- */

static enum similar_near nearness(const struct matter *m, const struct matter_similar_rows_row *r, double *metres)
{
	struct str grid = place_up(m->place, PLACE_GRID), community = place_up(m->place, PLACE_COMMUNITY);

	*metres = NAN;
	if (!isnan(m->lon) && !isnan(m->lat) && !r->lon_null && !r->lat_null)
		*metres = coord_metres((struct lonlat){m->lon, m->lat}, (struct lonlat){r->lon, r->lat});
	if (!isnan(*metres) && *metres <= SIMILAR_METRES)
		return NEAR_POINT;
	if (grid.n && place_within(r->place, grid))
		return NEAR_GRID;
	return community.n && place_within(r->place, community) ? NEAR_COMMUNITY : NEAR_TOWN;
}

static const double weight[] = {[NEAR_TOWN] = 0.5, [NEAR_COMMUNITY] = 0.8, [NEAR_POINT] = 1, [NEAR_GRID] = 1};

/*
 * How much two like texts say that it is the same thing: all of it side by side and on the same day, half of it at 500 m (示例), and two thirds
 * when the span of time is used up. Without points the place they share stands for the distance.
 */
static double score(const struct matter_similar *x)
{
	double near = isnan(x->metres) ? weight[x->near] : fmax(weight[NEAR_TOWN] * 0.8, 1 / (1 + x->metres / SIMILAR_METRES));

	return x->percent / 100.0 * near * (1 - x->days / (3.0 * SIMILAR_DAYS));
}

/* Sorted, the likeliest first; what falls off the end is forgotten. */
static void insert(struct matter_similar *v, size_t *n, size_t max, const struct matter_similar *x)
{
	size_t at = *n;

	while (at > 0 && score(&v[at - 1]) < score(x))
		at--;
	if (at == max)
		return;
	*n += *n < max;
	for (size_t k = *n - 1; k > at; k--)
		v[k] = v[k - 1];
	v[at] = *x;
}

enum err matter_similar(struct db_conn *c, struct arena *a, const struct matter *m, size_t max, struct matter_similar **v, size_t *n)
{
	struct str mine = similar_words(a, m->title, scenario_version(m->scenario, m->scenario_version), m->fields);
	struct bag bag = bag_of(a, mine);
	int64_t since = m->created - SIMILAR_DAYS * DAY, until = m->created + SIMILAR_DAYS * DAY;
	struct found *f = arena_new(a, struct found);
	struct matter_similar_town_rows newest;
	struct matter_similar_rows_rows rows;
	int64_t last = m->id;
	enum err e = q_matter_similar_town(c, a, town_of(m->place), since, until, NEWEST, &newest);

	*v = arena_array(a, struct matter_similar, max + 1);
	*n = 0;
	for (size_t i = 0; e == OK && i < newest.n; i++) {
		keep(f, newest.v[i].id);
		last = newest.v[i].id > last ? newest.v[i].id : last; /* an old matter is not compared with those long after it */
	}
	if (e == OK)
		e = search_marks(c, a, town_of(m->place), bag, last < INT64_MAX ? last + 1 : last, f);
	if (e == OK)
		e = q_matter_similar_rows(c, a, f->ids, f->n, town_of(m->place), since, until, &rows);
	for (size_t i = 0; e == OK && i < rows.n; i++) {
		const struct matter_similar_rows_row *r = &rows.v[i];
		const struct scenario *s = scenario_version(r->scenario, (int)r->scenario_version);
		struct matter_similar x = {.id = r->id, .created = r->created, .closed = r->closed, .code = r->code, .title = r->title,
					   .state = r->state, .scenario = r->scenario, .place = r->place,
					   .lon = r->lon_null ? NAN : r->lon, .lat = r->lat_null ? NAN : r->lat};

		if (r->id == m->id)
			continue;
		x.near = nearness(m, r, &x.metres);
		x.days = (int)(llabs(r->created - m->created) / DAY);
		x.percent = (int)lround(100 * jaccard(bag, bag_of(a, similar_words(a, r->title, s, r->fields))));
		if (score(&x) >= LEAST)
			insert(*v, n, max, &x);
	}
	return e;
}

enum err matter_load(struct db_conn *c, struct arena *a, const int64_t *orgs, size_t norgs, int64_t *open)
{
	struct matter_load_of_rows rows;
	enum err e = q_matter_load_of(c, a, orgs, norgs, SIMILAR_LOAD, &rows);
	int64_t all = 0;

	for (size_t i = 0; e == OK && i < rows.n; i++)
		all += rows.v[i].open;
	for (size_t k = 0; k < norgs; k++) {
		open[k] = all >= SIMILAR_LOAD ? -1 : 0;
		for (size_t i = 0; e == OK && all < SIMILAR_LOAD && i < rows.n; i++)
			if (rows.v[i].holder_org == orgs[k])
				open[k] = rows.v[i].open;
	}
	return e;
}

/* ---- what lies around ---- */

static void keep_near(struct matter_near *v, size_t *n, size_t max, const struct matter_near *x)
{
	size_t at = *n;

	while (at > 0 && v[at - 1].metres > x->metres)
		at--;
	if (at == max)
		return;
	*n += *n < max;
	for (size_t k = *n - 1; k > at; k--)
		v[k] = v[k - 1];
	v[at] = *x;
}

enum err matter_near(struct db_conn *c, struct arena *a, const struct matter *m, double lon, double lat, double metres, size_t max,
		     struct matter_near **v, size_t *n)
{
	struct matter_near_rows_rows rows;
	enum err e;

	*n = 0;
	*v = arena_array(a, struct matter_near, max + 1);
	if (!coord_valid(lon, lat))
		return OK;
	e = q_matter_near_rows(c, a, town_of(m->place), m->created - SIMILAR_DAYS * DAY, m->created + SIMILAR_DAYS * DAY, AROUND, &rows);
	for (size_t i = 0; e == OK && i < rows.n; i++) {
		const struct matter_near_rows_row *r = &rows.v[i];
		struct matter_near x = {.id = r->id, .created = r->created, .title = r->title, .code = r->code, .state = r->state,
					.scenario = r->scenario, .place = r->place, .kind = (enum state_kind)r->kind, .lon = r->lon, .lat = r->lat};

		if (r->id == m->id || r->merged_into || r->lon_null || r->lat_null)
			continue;
		x.metres = coord_metres((struct lonlat){lon, lat}, (struct lonlat){r->lon, r->lat});
		if (x.metres <= metres)
			keep_near(*v, n, max, &x);
	}
	return e;
}

/* ---- who had such things ---- */

enum err matter_lead_lately(struct db_conn *c, struct arena *a, struct str place, struct str category, int64_t now, struct matter_lead *out)
{
	struct matter_similar_holders_rows rows;
	enum err e = q_matter_similar_holders(c, a, town_of(place), now - SIMILAR_LEAD_DAYS * DAY, category, HOLDERS, &rows);

	*out = (struct matter_lead){0};
	if (e != OK)
		return e;
	out->of = (int)rows.n;
	for (size_t i = 0; i < rows.n; i++) {
		int had = 0;

		for (size_t k = 0; k < rows.n; k++)
			had += rows.v[k].holder_org == rows.v[i].holder_org;
		if (had > out->had) { /* newest first: of two with as many, the later one */
			out->had = had;
			out->org = rows.v[i].holder_org;
		}
	}
	return out->had ? OK : ERR_NOT_FOUND;
}
