#include "cap/map/ogc_areas_list.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define KEPT 8

struct spot { uint32_t level, number; };

struct areas_list {
	atomic_int refs;
	struct place_drawn_level *levels[PLACE_MICROGRID + 1];  /* held; NULL: not asked for */
	struct set *tree;                                       /* held */
	char *key;                                              /* of the rest of the question */
	struct spot *v;
	size_t n, cap;
};

static struct {
	pthread_mutex_t lock;
	struct areas_list *v[KEPT];   /* the last one asked for first */
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void unref(void *list)
{
	struct areas_list *l = list;

	if (l == NULL || atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	for (int i = 0; i <= PLACE_MICROGRID; i++)
		place_drawn_put(l->levels[i]);
	set_unref(l->tree);
	free(l->key);
	free(l->v);
	free(l);
}

/* ---- making ---- */

struct making {
	struct areas_list *l;
	const struct areas_ask *q;
	int level;
};

struct shape_box areas_box(double west, double south, double east, double north)
{
	struct shape_point sw = shape_point_of(west, south), ne = shape_point_of(east, north);

	return (struct shape_box){sw.x, sw.y, ne.x, ne.y};
}

static bool is_wanted(const struct making *m, const struct place_drawn *d)
{
	const struct set_item *it = set_by_key(m->l->tree, d->key);
	bool inside = m->q->nboxes == 0;

	if (it == NULL || it->hidden || it->ended || str_empty(it->fid))
		return false;
	if (m->q->name.n && !str_eq(it->name, m->q->name))
		return false;
	if (m->q->place.p && !place_within(it->place, m->q->place))
		return false;
	for (int i = 0; i < m->q->nboxes && !inside; i++)
		inside = shape_meets_box(d->shape, &m->q->boxes[i]);
	return inside;
}

static bool take(void *arg, uint32_t number)
{
	struct making *m = arg;
	struct areas_list *l = m->l;
	struct place_drawn d = place_drawn_at(l->levels[m->level], number);

	if (!is_wanted(m, &d))
		return true;
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->v = realloc(l->v, l->cap * sizeof(*l->v));
		if (l->v == NULL)
			BUG("out of memory");
	}
	l->v[l->n++] = (struct spot){(uint32_t)m->level, number};
	return true;
}

static int by_place(const void *x, const void *y)
{
	const struct spot *a = x, *b = y;

	if (a->level != b->level)
		return a->level < b->level ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

/* With two boxes an area may be found twice. */
static void sort(struct areas_list *l)
{
	size_t kept_n = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_place);
	for (size_t i = 0; i < l->n; i++)
		if (kept_n == 0 || by_place(&l->v[kept_n - 1], &l->v[i]) != 0)
			l->v[kept_n++] = l->v[i];
	l->n = kept_n;
}

static void fill(struct areas_list *l, const struct areas_ask *q)
{
	struct making m = {.l = l, .q = q};

	for (m.level = q->from; m.level <= q->to; m.level++) {
		for (int b = 0; b < q->nboxes; b++)
			place_drawn_near(l->levels[m.level], &q->boxes[b], take, &m);
		for (size_t i = 0; q->nboxes == 0 && i < place_drawn_count(l->levels[m.level]); i++)
			(void)take(&m, (uint32_t)i);
	}
	sort(l);
}

/* Levels as they are now, and the question. */
static enum err begin(struct rq *rq, const struct set *tree, const struct areas_ask *q, struct areas_list **out)
{
	struct areas_list *l = calloc(1, sizeof(*l));
	struct buf key;
	enum err e = OK;

	if (l == NULL)
		BUG("out of memory");
	atomic_init(&l->refs, 1);
	l->tree = set_ref((struct set *)tree);
	buf_init(&key, 4096);
	buf_printf(&key, "%d-%d|%.*s|%.*s", q->from, q->to, STR_ARG(q->place), STR_ARG(q->name));
	for (int i = 0; i < q->nboxes; i++)
		buf_printf(&key, "|%d,%d,%d,%d", q->boxes[i].west, q->boxes[i].south, q->boxes[i].east, q->boxes[i].north);
	buf_addc(&key, 0);
	e = buf_check(&key);
	l->key = e == OK ? strdup(key.p) : NULL;
	buf_release(&key);
	for (int i = q->from; e == OK && i <= q->to; i++)
		e = place_drawn_hold(rq_conn(rq), (enum place_level)i, &l->levels[i]);
	if (e != OK) {
		unref(l);
		return e;
	}
	*out = l;
	return OK;
}

/* ---- keeping ---- */

static bool is_same(const struct areas_list *a, const struct areas_list *b)
{
	return a->tree == b->tree && strcmp(a->key, b->key) == 0 && memcmp(a->levels, b->levels, sizeof(a->levels)) == 0;
}

/* Something it was made of is another now: it would keep the old in memory. */
static bool is_stale(const struct areas_list *a, const struct areas_list *now)
{
	bool stale = a->tree != now->tree;

	for (int i = 0; i <= PLACE_MICROGRID; i++)
		stale = stale || (a->levels[i] && now->levels[i] && a->levels[i] != now->levels[i]);
	return stale;
}

/* The kept one that is the same, moved to the front, with a reference for the caller; NULL: none. */
static struct areas_list *find(const struct areas_list *now)
{
	struct areas_list *found = NULL;

	pthread_mutex_lock(&kept.lock);
	for (int i = 0; i < KEPT; i++) {
		struct areas_list *l = kept.v[i];

		if (l && is_stale(l, now)) {
			unref(l);
			kept.v[i] = NULL;
		} else if (l && found == NULL && is_same(l, now)) {
			memmove(&kept.v[1], &kept.v[0], (size_t)i * sizeof(l));
			kept.v[0] = found = l;
			atomic_fetch_add(&l->refs, 1);
		}
	}
	pthread_mutex_unlock(&kept.lock);
	return found;
}

static void keep(struct areas_list *l)
{
	pthread_mutex_lock(&kept.lock);
	unref(kept.v[KEPT - 1]);
	memmove(&kept.v[1], &kept.v[0], (KEPT - 1) * sizeof(l));
	kept.v[0] = l;
	atomic_fetch_add(&l->refs, 1);
	pthread_mutex_unlock(&kept.lock);
}

void areas_forget(void)
{
	pthread_mutex_lock(&kept.lock);
	for (int i = 0; i < KEPT; i++) {
		unref(kept.v[i]);
		kept.v[i] = NULL;
	}
	pthread_mutex_unlock(&kept.lock);
}

enum err areas_list(struct rq *rq, const struct set *tree, const struct areas_ask *q, const struct areas_list **out)
{
	struct areas_list *now, *had;
	enum err e = begin(rq, tree, q, &now);

	if (e != OK)
		return e;
	had = find(now);
	if (had) {
		unref(now);
		now = had;
	} else {
		fill(now, q);
		keep(now);
	}
	arena_on_reset(rq->arena, unref, now);
	*out = now;
	return OK;
}

/* ---- asking ---- */

size_t areas_count(const struct areas_list *l)
{
	return l->n;
}

struct place_drawn areas_at(const struct areas_list *l, size_t i)
{
	return place_drawn_at(l->levels[l->v[i].level], l->v[i].number);
}
