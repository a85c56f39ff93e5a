#include "geo/points_by_id.h"

#include <stdlib.h>

#include "geo/points_walk.h"

static bool is_behind(const struct row *r, int64_t id, bool unlocated)
{
	bool mine = r->key == KEY_UNLOCATED;

	return mine == unlocated ? r->id > id : mine;
}

static bool behind(const struct row *a, const struct row *b)
{
	return is_behind(a, b->id, b->key == KEY_UNLOCATED);
}

/* A heap of the first so far, the last of them on top. */
struct least {
	struct row *v;
	size_t n, max;
};

static void sink(struct least *l, size_t i)
{
	for (;;) {
		size_t big = i;

		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < l->n; k++)
			if (behind(&l->v[k], &l->v[big]))
				big = k;
		if (big == i)
			return;
		struct row t = l->v[i];

		l->v[i] = l->v[big];
		l->v[big] = t;
		i = big;
	}
}

static void offer(struct least *l, const struct row *r)
{
	size_t i;

	if (l->n == l->max) {
		if (l->max == 0 || !behind(&l->v[0], r))
			return;
		l->v[0] = *r;
		sink(l, 0);
		return;
	}
	for (i = l->n++; i > 0 && behind(r, &l->v[(i - 1) / 2]); i = (i - 1) / 2)
		l->v[i] = l->v[(i - 1) / 2];
	l->v[i] = *r;
}

static bool in_boxes(const struct points_box *b, size_t n, uint64_t key)
{
	struct mercator m = morton_at(key);

	if (n == 0)
		return true;
	if (key == KEY_UNLOCATED)
		return false;
	for (size_t i = 0; i < n; i++)
		if (m.x >= b[i].min.x && m.x <= b[i].max.x && m.y >= b[i].min.y && m.y <= b[i].max.y)
			return true;
	return false;
}

/* Keys between which all of a box lies; the curve visits its corners first and last. */
static void span(const struct points_box *b, size_t n, uint64_t *first, uint64_t *last)
{
	*first = n ? UINT64_MAX : 0;
	*last = n ? 0 : UINT64_MAX;
	for (size_t i = 0; i < n; i++) {
		uint64_t low = morton_key(b[i].min), high = morton_key(b[i].max);

		*first = low < *first ? low : *first;
		*last = high > *last ? high : *last;
	}
}

static struct mercator coarsened(struct mercator m, uint32_t zoom)
{
	uint32_t shift = 32 - zoom;

	if (shift == 0 || zoom == 0)
		return m;
	return (struct mercator){m.x >> shift << shift | 1u << (shift - 1), m.y >> shift << shift | 1u << (shift - 1)};
}

static int ascending(const void *x, const void *y)
{
	const struct row *a = x, *b = y;

	return behind(a, b) - behind(b, a);
}

enum err points_by_id(const struct points_view *v, const struct points_filter *f, const struct points_box *boxes, size_t nboxes, struct points_after after,
		      size_t max, struct arena *a, struct point **out, size_t *n, int64_t *matched)
{
	struct least l = {.v = arena_array(a, struct row, max + 1), .max = max};
	uint64_t first, last;
	struct plan p;
	struct walk w;
	struct row r;

	*matched = 0;
	span(boxes, nboxes, &first, &last);
	plan_init(&p, f);
	walk_begin(&w, v, &p, first, last);
	while (walk_next(&w, &r)) {
		if (!in_boxes(boxes, nboxes, r.key))
			continue;
		++*matched;
		if (is_behind(&r, after.id, after.unlocated))
			offer(&l, &r);
	}
	walk_end(&w);
	plan_release(&p);
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), ascending);
	*out = arena_array(a, struct point, l.n + 1);
	*n = l.n;
	for (size_t i = 0; i < l.n; i++) {
		row_to_point(&(*out)[i], &l.v[i]);
		if (f->public_only && !((*out)[i].flags & POINT_UNLOCATED))
			(*out)[i].at = coarsened((*out)[i].at, v->coarse);
	}
	return OK;
}
