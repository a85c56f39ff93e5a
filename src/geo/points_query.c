/* Counts, lists and neighbours. */
#include "geo/points_help.h"
#include "geo/points_region.h"

#include <math.h>

/* ---- counts ---- */

/* What is done with the rows that pass: they come as masks, `first` being the row of the first bit, or where there are few of them as a list. */
struct taker {
	void (*masks)(void *arg, uint32_t first, const uint64_t *m, size_t n);
	void (*list)(void *arg, const uint16_t *rows, uint32_t n);
};

static void take_rows(struct plan *p, const struct seg *s, uint32_t from, uint32_t to, const struct taker *t, void *arg)
{
	uint64_t masks[STRIPE];
	struct few few;

	if (from < to && plan_few(p, s, from, to, &few)) {
		t->list(arg, few.rows, few.n);
		return;
	}
	while (from < to) {
		size_t blocks = plan_masks(p, s, from, to, masks);

		t->masks(arg, from & ~63u, masks, blocks);
		from = (from & ~63u) + (uint32_t)blocks * 64;
	}
}

static int source_sign(const struct points_view *v, uint32_t i)
{
	return i < v->nbase + v->nplus ? 1 : -1;
}

static void add_ones(void *arg, uint32_t first, const uint64_t *m, size_t n)
{
	(void)first;
	*(int64_t *)arg += (int64_t)kernels()->count(m, n);
}

static void add_list(void *arg, const uint16_t *rows, uint32_t n)
{
	(void)rows;
	*(int64_t *)arg += n;
}

static const struct taker totals = {add_ones, add_list};

static int64_t total(const struct points_view *v, struct plan *p, const struct key_range *r)
{
	int64_t all = 0;

	for (uint32_t i = 0; i < v->n; i++) {
		const struct source *o = &v->v[i];
		uint32_t from = o->from, to = o->to;
		int64_t n = 0;
		enum plan_fit fit;

		if (r && (o->first > r->last || o->last < r->first))
			continue;
		fit = plan_segment(p, o->s);
		if (fit == PLAN_NONE)
			continue;
		if (r)
			source_range(o, r->first, r->last, &from, &to);
		if (fit == PLAN_ALL)
			n = to - from;
		else
			take_rows(p, o->s, from, to, &totals, &n);
		all += source_sign(v, i) * n;
	}
	return all;
}

int64_t points_total(const struct points_view *v, const struct points_filter *f)
{
	struct plan p;
	int64_t n;

	plan_init(&p, f);
	n = total(v, &p, NULL);
	plan_release(&p);
	return n;
}

int64_t points_total_tile(const struct points_view *v, const struct points_filter *f, int z, uint32_t x, uint32_t y)
{
	struct region r;
	struct plan p;
	int64_t n;

	if (!region_of_tile(&r, v, f, z, x, y))
		return 0;
	plan_init(&p, f);
	n = total(v, &p, &r.keys);
	plan_release(&p);
	return n;
}

void points_colours_ready(const struct points_view *v, uint32_t now, uint32_t minutes)
{
	for (uint32_t i = 0; i < v->nbase; i++)
		colours_renew(v->v[i].s, now, minutes);
}

/* ---- groups ---- */

struct tally {
	const struct points_by *by;
	const struct seg *s;
	int sign;
	uint32_t upto;            /* rows before it: the unlocated may be left out */
	int64_t *counts;
	uint32_t *local;          /* by the segment's own numbers of places */
	uint32_t *local_group;
	uint32_t *local_next;     /* the next of those numbers that is of another group */
	bool places_only;
	uint64_t looked;          /* rows whose columns were looked at */
	const struct kernels *k;
};

static size_t group(const uint32_t *of, size_t codes, size_t n, uint32_t code)
{
	uint32_t g = of == NULL ? code : code < codes ? of[code] : POINTS_NO_GROUP;

	return g < n ? g : SIZE_MAX;
}

/* The period that holds the time: a guess as if all were of one length, and steps from there. */
static size_t period(const struct points_by *by, uint32_t t)
{
	size_t n = by->nperiod, i;
	const uint32_t *at = by->period_at;

	if (t < at[0] || t >= at[n])
		return SIZE_MAX;
	i = (size_t)((uint64_t)(t - at[0]) * n / (at[n] - at[0]));
	while (t < at[i])
		i--;
	while (t >= at[i + 1])
		i++;
	return i;
}

static void tally_row(const struct tally *t, uint32_t row)
{
	const struct points_by *by = t->by;
	const struct seg *s = t->s;
	size_t at = 0, g;

	if (by->nplace) {
		if ((g = t->local_group[s->place[row]]) == POINTS_NO_GROUP)
			return;
		at = g;
	}
	if (by->ncategory) {
		g = group(by->category_of, by->category_codes, by->ncategory, s->category[row] | (s->category_high ? (unsigned)s->category_high[row] << 8 : 0));
		if (g == SIZE_MAX)
			return;
		at = at * by->ncategory + g;
	}
	if (by->nstate) {
		if ((g = group(by->state_of, by->state_codes, by->nstate, s->state[row])) == SIZE_MAX)
			return;
		at = at * by->nstate + g;
	}
	if (by->nperiod) {
		if (by->by_closed && !(s->flags[row] & POINT_CLOSED))
			return;
		if ((g = period(by, by->by_closed ? s->when[row] : s->created[row])) == SIZE_MAX)
			return;
		at = at * by->nperiod + g;
	}
	t->counts[at] += t->sign;
}

#define SPLIT 6  /* groups of places in a block up to which they are counted one after another */

/* A block of several groups: those are stretches of the segment's numbers of places, since ordinals are in the order of keys. */
static void tally_block(const struct tally *t, uint32_t first, uint64_t m)
{
	const struct seg *s = t->s;
	uint32_t low = s->place_low[first / 64], high = s->place_high[first / 64], from[SPLIT + 1], n = 0;

	for (uint32_t i = low; i <= high && n <= SPLIT; i = t->local_next[i])
		from[n++] = i;
	if (n > SPLIT) {
		t->k->tally16(&m, s->place + first, 1, t->local);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint64_t these = 0;

		t->k->range16(&these, &m, s->place + first, 1, (uint16_t)from[i], (uint16_t)(i + 1 < n ? from[i + 1] - 1 : high));
		t->local[from[i]] += (uint32_t)t->k->count(&these, 1);
	}
}

/* Blocks that follow each other are mostly of one group: then bits are counted, and no row is looked at. */
static void tally_places(const struct tally *t, uint32_t first, const uint64_t *m, size_t n)
{
	const uint16_t *low = t->s->place_low + first / 64, *high = t->s->place_high + first / 64;

	for (size_t b = 0, next; b < n; b = next) {
		uint32_t end = t->local_next[low[b]], begin = low[b];

		next = b;
		while (next < n && low[next] >= begin && high[next] < end)
			next++;
		if (next > b)
			t->local[begin] += (uint32_t)t->k->count(m + b, next - b);
		else if (m[next++])
			tally_block(t, first + (uint32_t)b * 64, m[b]);
	}
}

static void tally_masks(void *arg, uint32_t first, const uint64_t *m, size_t n)
{
	const struct tally *t = arg;

	if (t->places_only) {
		tally_places(t, first, m, n);
		return;
	}
	for (size_t b = 0; b < n; b++)
		for (uint64_t w = m[b]; w; w &= w - 1)
			tally_row(t, first + (uint32_t)b * 64 + (uint32_t)__builtin_ctzll(w));
}

static void tally_list(void *arg, const uint16_t *rows, uint32_t n)
{
	const struct tally *t = arg;

	for (uint32_t i = 0; i < n; i++)
		if (t->places_only)
			t->local[t->s->place[rows[i]]]++;
		else
			tally_row(t, rows[i]);
}

static const struct taker tallies = {tally_masks, tally_list};

static void tally_source(struct tally *t, struct plan *p, const struct source *o)
{
	const struct points_by *by = t->by;
	enum plan_fit fit = plan_segment(p, o->s);
	uint32_t from = o->from, to = o->to;

	if (fit == PLAN_NONE)
		return;
	t->s = o->s;
	if (by->located && to > o->s->nlocated)
		to = o->s->nlocated;
	if (from >= to)
		return;
	for (uint32_t i = 0; by->nplace && i < o->s->nplaces; i++) {
		size_t g = group(by->place_of, by->place_codes, by->nplace, o->s->places[i]);

		t->local_group[i] = g == SIZE_MAX ? POINTS_NO_GROUP : (uint32_t)g;
		t->local[i] = 0;
	}
	for (uint32_t i = by->nplace ? o->s->nplaces : 0; i-- > 0;)
		t->local_next[i] = i + 1 < o->s->nplaces && t->local_group[i + 1] == t->local_group[i] ? t->local_next[i + 1] : i + 1;
	if (t->places_only && fit == PLAN_ALL && from == 0 && to == o->s->n) {
		for (uint32_t i = 0; i < o->s->nplaces; i++)
			t->local[i] = o->s->place_rows[i];
	} else {
		t->looked += to - from;
		take_rows(p, o->s, from, to, &tallies, t);
	}
	for (uint32_t i = 0; t->places_only && i < o->s->nplaces; i++)
		if (t->local_group[i] != POINTS_NO_GROUP)
			t->counts[t->local_group[i]] += t->sign * (int64_t)t->local[i];
}

static void tally_begin(struct tally *t, const struct points_by *by, int64_t *counts)
{
	*t = (struct tally){.by = by, .sign = 1, .counts = counts, .k = kernels()};
	t->places_only = by->nplace && !by->ncategory && !by->nstate && !by->nperiod;
	t->local = malloc(SEG_MAX * 3 * sizeof(*t->local));
	if (t->local == NULL)
		BUG("no memory for counting points");
	t->local_group = t->local + SEG_MAX;
	t->local_next = t->local_group + SEG_MAX;
}

/* ---- with the help of others ---- */

#define ALONE (6 * SEG_FILL)    /* rows looked at before others are asked */
#define PIECE 4u                /* segments */
#define SHARED_CELLS 65536u     /* more counts than that are not kept twice */

struct shared {
	const struct points_view *v;
	uint32_t from;
	size_t n;
	struct tally *own, worker[HELP_WORKERS];
	struct plan *plan, plans[HELP_WORKERS];
};

static void tally_piece(void *arg, unsigned worker, size_t i)
{
	struct shared *h = arg;
	struct tally *t = worker ? &h->worker[worker] : h->own;
	struct plan *p = worker ? &h->plans[worker] : h->plan;
	uint32_t from = h->from + (uint32_t)i * PIECE;

	if (worker && t->counts == NULL) {
		int64_t *counts = calloc(h->n, sizeof(*counts));

		if (counts == NULL)
			BUG("no memory for counting points");
		tally_begin(t, h->own->by, counts);
		plan_share(p, h->plan);
	}
	for (uint32_t k = from; k < from + PIECE && k < h->v->nbase; k++)
		tally_source(t, p, &h->v->v[k]);
}

static void tally_shared(struct tally *t, struct plan *p, const struct points_view *v, uint32_t from, size_t n)
{
	struct shared *h = malloc(sizeof(*h));

	if (h == NULL)
		BUG("no memory to share counting");
	h->v = v;
	h->from = from;
	h->n = n;
	h->own = t;
	h->plan = p;
	for (unsigned i = 0; i < HELP_WORKERS; i++)
		h->worker[i].counts = NULL;
	help_run((v->nbase - from + PIECE - 1) / PIECE, tally_piece, h);
	for (unsigned i = 1; i < HELP_WORKERS; i++)
		if (h->worker[i].counts) {
			for (size_t k = 0; k < n; k++)
				t->counts[k] += h->worker[i].counts[k];
			free(h->worker[i].counts);
			free(h->worker[i].local);
			plan_unshare(&h->plans[i]);
		}
	free(h);
}

enum err points_count(const struct points_view *v, const struct points_filter *f, const struct points_by *by, int64_t *counts)
{
	size_t sizes[] = {by->nplace, by->ncategory, by->nstate, by->nperiod}, n = 1;
	uint32_t i = 0;
	struct tally t;
	struct plan p;

	for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
		if (sizes[k] > POINTS_CELLS_MAX || (sizes[k] && n > POINTS_CELLS_MAX / sizes[k]))
			return ERR_TOO_MUCH;
		n *= sizes[k] ? sizes[k] : 1;
	}
	for (size_t k = 0; k < by->nperiod; k++)
		if (by->period_at[k] >= by->period_at[k + 1])
			return ERR_INPUT;
	memset(counts, 0, n * sizeof(*counts));
	tally_begin(&t, by, counts);
	plan_init(&p, f);
	while (i < v->nbase && (t.looked < ALONE || v->nbase - i <= 2 * PIECE || n > SHARED_CELLS))
		tally_source(&t, &p, &v->v[i++]);
	if (i < v->nbase) {
		tally_shared(&t, &p, v, i, n);
		i = v->nbase;
	}
	for (; i < v->n; i++) {
		t.sign = source_sign(v, i);
		tally_source(&t, &p, &v->v[i]);
	}
	plan_release(&p);
	free(t.local);
	return OK;
}

/* ---- density ---- */

enum err points_density(const struct points_view *v, const struct points_filter *f, const struct points_box *box, int zoom, struct arena *a, size_t max,
			struct points_cell **out, size_t *n)
{
	int z = zoom > 6 ? zoom - 6 : 0, down = 32 - zoom;
	struct cover cover;
	struct cells *c;
	struct plan p;
	enum err e = OK;

	*n = 0;
	if (zoom < 0 || zoom > 28 || box->min.x > box->max.x || box->min.y > box->max.y)
		return ERR_INPUT;
	if (f->public_only && zoom > (int)v->coarse)
		return ERR_INPUT;
	if (!cover_box(&cover, box, z, 4096, a))
		return ERR_TOO_MUCH;
	*out = arena_array(a, struct points_cell, max + 1);
	plan_init(&p, f);
	c = cells_take();
	for (size_t i = 0; e == OK && i < cover.n; i++) {
		struct cells_ask ask = {.shift = 64 - 2 * zoom, .first = cover.v[i].first, .last = cover.v[i].last};

		if (zoom == 0)
			ask.shift = 63; /* one cell, told in two halves */
		cells_fill(c, v, &p, &ask);
		for (uint32_t k = 0; k < CELLS && e == OK; k++) {
			struct mercator m = zoom == 0 ? (struct mercator){0, 0} : morton_at((ask.first >> ask.shift) + k);

			if (!(c->touched[k >> 6] >> (k & 63) & 1) || c->v[k].n <= 0)
				continue;
			if (zoom && (m.x < box->min.x >> down || m.x > box->max.x >> down || m.y < box->min.y >> down || m.y > box->max.y >> down))
				continue;
			if (zoom == 0 && *n)
				(*out)[0].n += c->v[k].n;
			else if (*n == max)
				e = ERR_TOO_MUCH;
			else
				(*out)[(*n)++] = (struct points_cell){m.x, m.y, c->v[k].n};
		}
	}
	cells_give(c);
	plan_release(&p);
	return e;
}

/* ---- rows inside something ---- */

struct inside {
	const struct points_view *v;
	const struct points_filter *f;
	struct points_box box;
	const struct mercator *ring; const size_t *ends; size_t nrings;   /* NULL: the box alone */
};

static int orientation(struct mercator a, struct mercator b, struct mercator c)
{
	__int128 d = (__int128)((int64_t)b.x - a.x) * ((int64_t)c.y - a.y) - (__int128)((int64_t)b.y - a.y) * ((int64_t)c.x - a.x);

	return d > 0 ? 1 : d < 0 ? -1 : 0;
}

static bool between(uint32_t v, uint32_t a, uint32_t b)
{
	return a < b ? v >= a && v <= b : v >= b && v <= a;
}

static bool in_rings(const struct inside *q, struct mercator m)
{
	bool in = false;
	size_t from = 0;

	for (size_t r = 0; r < q->nrings; from = q->ends[r++])
		for (size_t i = from; i < q->ends[r]; i++) {
			struct mercator a = q->ring[i], b = q->ring[i + 1 < q->ends[r] ? i + 1 : from];
			int side = orientation(a, b, m);

			if (side == 0 && between(m.x, a.x, b.x) && between(m.y, a.y, b.y))
				return true;
			if ((a.y > m.y) != (b.y > m.y) && (side > 0) == (b.y > a.y))
				in = !in;
		}
	return in;
}

static bool is_inside(const struct inside *q, struct mercator m)
{
	if (m.x < q->box.min.x || m.x > q->box.max.x || m.y < q->box.min.y || m.y > q->box.max.y)
		return false;
	return q->ring == NULL || in_rings(q, m);
}

/* Where the reader may see it. */
static struct mercator shown(const struct inside *q, uint64_t key)
{
	return q->f->public_only ? coarse_at(q->v, key) : morton_at(key);
}

typedef bool (*found_fn)(void *arg, const struct point *p);

/* Calls fn for each row; it stops when fn says false. */
static enum err each_inside(const struct inside *q, struct arena *a, found_fn fn, void *arg)
{
	struct points_box reach = q->box;
	struct cover cover;
	struct plan p;
	bool go = true;

	if (q->f->public_only)
		coarse_reach(q->v, &reach);
	if (!cover_box(&cover, &reach, cover_zoom(&reach), 256, a))
		BUG("a box that is not covered by 256 squares");
	plan_init(&p, q->f);
	for (size_t i = 0; go && i < cover.n; i++) {
		struct walk w;
		struct row r;

		walk_begin(&w, q->v, &p, cover.v[i].first, cover.v[i].last);
		while (go && walk_next(&w, &r)) {
			struct mercator at = shown(q, r.key);
			struct point pt;

			if (!is_inside(q, at))
				continue;
			row_to_point(&pt, &r);
			pt.at = at;
			go = fn(arg, &pt);
		}
		walk_end(&w);
	}
	plan_release(&p);
	return OK;
}

struct list { struct point *v; size_t n, cap, max; bool more; int64_t every, seen; };

static bool list_found(void *arg, const struct point *p)
{
	struct list *l = arg;

	if (l->every > 1 && l->seen++ % l->every)
		return true;
	if (l->n == l->max) {
		l->more = true;
		return false;
	}
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->v = realloc(l->v, l->cap * sizeof(*l->v));
		if (l->v == NULL)
			BUG("no memory for %zu points", l->cap);
	}
	l->v[l->n++] = *p;
	return true;
}

static enum err list_inside(const struct inside *q, int64_t every, struct arena *a, size_t max, struct point **out, size_t *n, bool *more)
{
	struct list l = {.max = max, .every = every};
	enum err e = each_inside(q, a, list_found, &l);

	*out = arena_array(a, struct point, l.n + 1);
	if (l.n)
		memcpy(*out, l.v, l.n * sizeof(*l.v));
	*n = l.n;
	*more = l.more;
	free(l.v);
	return e;
}

enum err points_in_box(const struct points_view *v, const struct points_filter *f, const struct points_box *box, struct arena *a, size_t max,
		       struct point **out, size_t *n, bool *more)
{
	const struct inside q = {.v = v, .f = f, .box = *box};

	*n = 0;
	if (box->min.x > box->max.x || box->min.y > box->max.y)
		return ERR_INPUT;
	return list_inside(&q, 1, a, max, out, n, more);
}

enum err points_sample(const struct points_view *v, const struct points_filter *f, int64_t every, struct arena *a, size_t max, struct point **out,
		       size_t *n, bool *more)
{
	const struct inside q = {.v = v, .f = f, .box = {{0, 0}, {UINT32_MAX, UINT32_MAX}}};

	*n = 0;
	return every < 1 ? ERR_INPUT : list_inside(&q, every, a, max, out, n, more);
}

enum err points_in_polygon(const struct points_view *v, const struct points_filter *f, const struct mercator *ring, const size_t *ends, size_t nrings,
			   struct arena *a, size_t max, struct point **out, size_t *n, bool *more)
{
	struct inside q = {.v = v, .f = f, .box = {{UINT32_MAX, UINT32_MAX}, {0, 0}}, .ring = ring, .ends = ends, .nrings = nrings};
	size_t from = 0;

	*n = 0;
	for (size_t r = 0; r < nrings; from = ends[r++])
		if (ends[r] < from + 3)
			return ERR_INPUT;
	if (nrings == 0)
		return ERR_INPUT;
	for (size_t i = 0; i < ends[nrings - 1]; i++) {
		q.box.min.x = ring[i].x < q.box.min.x ? ring[i].x : q.box.min.x;
		q.box.min.y = ring[i].y < q.box.min.y ? ring[i].y : q.box.min.y;
		q.box.max.x = ring[i].x > q.box.max.x ? ring[i].x : q.box.max.x;
		q.box.max.y = ring[i].y > q.box.max.y ? ring[i].y : q.box.max.y;
	}
	return list_inside(&q, 1, a, max, out, n, more);
}

/* ---- neighbours ---- */

struct nearest { struct points_near *v; size_t n, k; struct lonlat at; double within; };

static bool before(const struct points_near *a, const struct points_near *b)
{
	return a->metres != b->metres ? a->metres < b->metres : a->p.id < b->p.id;
}

/* In order of distance; k is small. */
static bool nearest_found(void *arg, const struct point *p)
{
	struct nearest *s = arg;
	struct points_near c = {*p, coord_metres(s->at, mercator_to(p->at))};
	size_t i;

	if (c.metres > s->within || (s->n == s->k && !before(&c, &s->v[s->n - 1])))
		return true;
	if (s->n < s->k)
		s->n++;
	for (i = s->n - 1; i > 0 && before(&c, &s->v[i - 1]); i--)
		s->v[i] = s->v[i - 1];
	s->v[i] = c;
	return true;
}

static struct points_box around(struct mercator at, double metres)
{
	double d = metres * mercator_units(at.y) * 1.02 + 2;   /* the scale changes over the box; distances are checked one by one */
	struct points_box b;

	b.min.x = d >= at.x ? 0 : at.x - (uint32_t)d;
	b.min.y = d >= at.y ? 0 : at.y - (uint32_t)d;
	b.max.x = d >= UINT32_MAX - at.x ? UINT32_MAX : at.x + (uint32_t)d;
	b.max.y = d >= UINT32_MAX - at.y ? UINT32_MAX : at.y + (uint32_t)d;
	return b;
}

#define NEAREST_MAX 10000u

enum err points_nearest(const struct points_view *v, const struct points_filter *f, struct mercator at, size_t k, double metres, struct arena *a,
			struct points_near **out, size_t *n)
{
	struct nearest s = {.k = k, .at = mercator_to(at)};
	enum err e = OK;

	*n = 0;
	if (k > NEAREST_MAX)
		return ERR_TOO_MUCH;
	if (!(metres > 0) || k == 0)
		return ERR_INPUT;
	if (metres > 200000)
		metres = 200000;
	s.v = arena_array(a, struct points_near, k);
	for (double r = metres < 100 ? metres : 100; e == OK; r = r * 2 > metres ? metres : r * 2) {
		const struct inside q = {.v = v, .f = f, .box = around(at, r)};

		s.n = 0;
		s.within = r;
		e = each_inside(&q, a, nearest_found, &s);
		if (s.n == k || r >= metres)
			break;
	}
	*out = s.v;
	*n = s.n;
	return e;
}
