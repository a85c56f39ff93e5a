#include "geo/ground.h"

#include <stdlib.h>

#include "geo/mvt.h"

/* ---- bytes ---- */

static void put(struct buf *to, uint64_t v)
{
	uint8_t bytes[10];

	buf_add(to, bytes, mvt_varint(bytes, v));
}

void ground_encode(struct buf *to, const struct ground_feature *f)
{
	struct str name = str_sub(f->name, 0, GROUND_NAME_MAX);
	int32_t x = 0, y = 0;
	size_t at = 0;

	buf_addc(to, (char)f->kind);
	buf_addc(to, (char)f->rank);
	buf_addc(to, (char)f->flags);
	put(to, name.n);
	buf_adds(to, name);
	put(to, f->nparts);
	for (size_t i = 0; i < f->nparts; i++) {
		put(to, f->ends[i] - at);
		for (; at < f->ends[i]; at++) {
			put(to, mvt_zigzag((int32_t)((uint32_t)f->points[at].x - (uint32_t)x)));
			put(to, mvt_zigzag((int32_t)((uint32_t)f->points[at].y - (uint32_t)y)));
			x = f->points[at].x;
			y = f->points[at].y;
		}
	}
}

static bool take(struct str *rest, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; rest->n && shift < 64; shift += 7) {
		uint8_t c = (uint8_t)*rest->p;

		rest->p++;
		rest->n--;
		*v |= (uint64_t)(c & 127) << shift;
		if (c < 128)
			return true;
	}
	return false;
}

static bool take_step(struct str *rest, int32_t *at)
{
	uint64_t v;

	if (!take(rest, &v) || v > UINT32_MAX)
		return false;
	*at = (int32_t)((uint32_t)*at + ((uint32_t)(v >> 1) ^ (0 - (uint32_t)(v & 1))));
	return true;
}

static bool take_head(struct str *rest, struct ground_feature *f)
{
	uint64_t n;

	if (rest->n < 4 || (uint8_t)rest->p[0] >= GROUND_KINDS || rest->p[1] < 1 || rest->p[1] >= GROUND_RANKS)
		return false;
	f->kind = (enum ground_kind)rest->p[0];
	f->rank = (uint8_t)rest->p[1];
	f->flags = (uint8_t)rest->p[2];
	*rest = str_sub(*rest, 3, rest->n);
	if (!take(rest, &n) || n > GROUND_NAME_MAX || n > rest->n)
		return false;
	f->name = str_sub(*rest, 0, (size_t)n);
	*rest = str_sub(*rest, (size_t)n, rest->n);
	return true;
}

static bool skip(struct str *rest, uint64_t numbers)
{
	uint64_t v;

	while (numbers--)
		if (!take(rest, &v))
			return false;
	return true;
}

/* Walks over the parts without keeping them. A point takes two bytes at least, so what is announced cannot be more than what is there. */
static bool measure(struct str rest, const struct ground_feature *f, size_t *nparts, size_t *npoints)
{
	uint64_t parts, n;

	if (!take(&rest, &parts) || parts == 0 || parts > rest.n || (!ground_is_area(f->kind) && parts > 1))
		return false;
	*nparts = (size_t)parts;
	*npoints = 0;
	for (; parts > 0; parts--) {
		if (!take(&rest, &n) || n < (ground_is_area(f->kind) ? 3u : 2u) || n > rest.n / 2 || !skip(&rest, 2 * n))
			return false;
		*npoints += (size_t)n;
	}
	return true;
}

static bool take_parts(struct arena *a, struct str *rest, struct ground_feature *f)
{
	struct shape_point at = {0, 0}, *points;
	uint32_t *ends;
	size_t npoints, used = 0;
	uint64_t n;

	if (!measure(*rest, f, &f->nparts, &npoints))
		return false;
	points = arena_array(a, struct shape_point, npoints);
	ends = arena_array(a, uint32_t, f->nparts);
	f->points = points;
	f->ends = ends;
	(void)take(rest, &n);
	for (size_t i = 0; i < f->nparts; i++) {
		(void)take(rest, &n);
		for (; n > 0; n--) {
			if (!take_step(rest, &at.x) || !take_step(rest, &at.y))
				return false;
			points[used++] = at;
		}
		ends[i] = (uint32_t)used;
	}
	return true;
}

bool ground_decode(struct arena *a, struct str *rest, struct ground_feature *out)
{
	return take_head(rest, out) && take_parts(a, rest, out);
}

/* ---- a draft ---- */

struct entry {
	uint64_t order;
	size_t at;
	uint32_t n;
};

struct ground_draft {
	struct buf bytes;
	struct entry *v;
	size_t n, cap, points;
};

struct ground_draft *ground_draft_new(void)
{
	struct ground_draft *d = calloc(1, sizeof(*d));

	if (d == NULL)
		BUG("out of memory");
	buf_init(&d->bytes, (size_t)GROUND_POINTS_MAX * 10);
	return d;
}

void ground_draft_free(struct ground_draft *d)
{
	if (d == NULL)
		return;
	buf_release(&d->bytes);
	free(d->v);
	free(d);
}

/* Every second bit. */
static uint64_t spread(uint64_t v)
{
	v = (v | v << 16) & 0x0000ffff0000ffffu;
	v = (v | v << 8) & 0x00ff00ff00ff00ffu;
	v = (v | v << 4) & 0x0f0f0f0f0f0f0f0fu;
	v = (v | v << 2) & 0x3333333333333333u;
	return (v | v << 1) & 0x5555555555555555u;
}

/* Kind, rank, and the place of its middle on the curve of Morton with 24 bits a side. */
static uint64_t order_of(const struct ground_feature *f)
{
	int64_t west = INT32_MAX, east = INT32_MIN, south = INT32_MAX, north = INT32_MIN;
	uint64_t x, y;

	for (uint32_t i = 0; i < f->ends[0]; i++) {
		const struct shape_point *p = &f->points[i];

		west = p->x < west ? p->x : west;
		east = p->x > east ? p->x : east;
		south = p->y < south ? p->y : south;
		north = p->y > north ? p->y : north;
	}
	x = (uint64_t)((west + east) / 2 + ((int64_t)1 << 31)) >> 8;
	y = (uint64_t)((south + north) / 2 + ((int64_t)1 << 31)) >> 8;
	return (uint64_t)f->kind << 56 | (uint64_t)f->rank << 48 | spread(x) | spread(y) << 1;
}

enum err ground_draft_add(struct ground_draft *d, const struct ground_feature *f)
{
	size_t at = d->bytes.n, points = f->ends[f->nparts - 1];

	if (points > GROUND_POINTS_MAX - d->points)
		return ERR_TOO_MUCH;
	ground_encode(&d->bytes, f);
	if (buf_check(&d->bytes) != OK)
		return ERR_TOO_MUCH;
	if (d->n == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 4096;
		d->v = realloc(d->v, d->cap * sizeof(*d->v));
		if (d->v == NULL)
			BUG("out of memory");
	}
	d->v[d->n++] = (struct entry){order_of(f), at, (uint32_t)(d->bytes.n - at)};
	d->points += points;
	return OK;
}

static int by_order(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

void ground_draft_sort(struct ground_draft *d)
{
	if (d->n)
		qsort(d->v, d->n, sizeof(*d->v), by_order);
}

size_t ground_draft_count(const struct ground_draft *d)
{
	return d->n;
}

size_t ground_draft_points(const struct ground_draft *d)
{
	return d->points;
}

bool ground_draft_part(const struct ground_draft *d, size_t *next, struct buf *to)
{
	size_t before = to->n;

	while (*next < d->n && (to->n == before || to->n - before + d->v[*next].n <= GROUND_PART_BYTES)) {
		buf_add(to, d->bytes.p + d->v[*next].at, d->v[*next].n);
		(*next)++;
	}
	return to->n > before;
}

void ground_draft_get(const struct ground_draft *d, size_t i, struct arena *a, struct ground_feature *out)
{
	struct str rest = {d->bytes.p + d->v[i].at, d->v[i].n};

	if (!ground_decode(a, &rest, out))
		BUG("feature %zu of the draft is not what was added", i);
}
