#include "geo/shape_index.h"

#include <math.h>
#include <stdlib.h>

/* ---- one area ---- */

#define FEW_POINTS 48
#define POINTS_A_BAND 8

static uint32_t band_of(const struct shape_ready *r, int32_t y)
{
	const struct shape_box *b = &r->shape.box;
	int64_t height = (int64_t)b->north - b->south + 1;

	return (uint32_t)(((int64_t)y - b->south) * r->nbands / height);
}

/* The edge into point i, as the bands it meets; false for level edges, which nothing crosses. */
static bool edge_bands(const struct shape_ready *r, uint32_t i, uint32_t *from, uint32_t *to)
{
	int32_t a = r->shape.points[r->before[i]].y, b = r->shape.points[i].y;

	*from = band_of(r, a < b ? a : b);
	*to = band_of(r, a < b ? b : a);
	return a != b;
}

static void chain(struct shape_ready *r)
{
	for (size_t k = 0; k < r->shape.nrings; k++) {
		uint32_t start = r->shape.rings[k].start, n = r->shape.rings[k].n;

		for (uint32_t i = 0; i < n; i++)
			r->before[start + i] = start + (i ? i - 1 : n - 1);
	}
}

void shape_get_ready(struct arena *a, const struct shape *s, struct shape_ready *out)
{
	uint32_t from, to, sum = 0;

	*out = (struct shape_ready){.shape = *s};
	if (s->npoints <= FEW_POINTS)
		return;
	out->nbands = (uint32_t)(s->npoints / POINTS_A_BAND);
	out->before = arena_array(a, uint32_t, s->npoints);
	chain(out);
	out->band_start = arena_array(a, uint32_t, out->nbands + 2);
	for (uint32_t i = 0; i < s->npoints; i++)
		if (edge_bands(out, i, &from, &to))
			for (uint32_t b = from; b <= to; b++)
				out->band_start[b + 2]++;
	for (uint32_t b = 0; b < out->nbands; b++)
		out->band_start[b + 2] = sum += out->band_start[b + 2];
	out->edges = arena_array(a, uint32_t, sum + 1);
	for (uint32_t i = 0; i < s->npoints; i++)
		if (edge_bands(out, i, &from, &to))
			for (uint32_t b = from; b <= to; b++)
				out->edges[out->band_start[b + 1]++] = i;
}

bool shape_ready_has(const struct shape_ready *r, struct shape_point p)
{
	const struct shape_point *v = r->shape.points;
	bool inside = false;
	uint32_t band;

	if (!r->band_start)
		return shape_has(&r->shape, p);
	if (!shape_box_has(&r->shape.box, p))
		return false;
	band = band_of(r, p.y);
	for (uint32_t k = r->band_start[band]; k < r->band_start[band + 1]; k++)
		if (shape_edge_crossed(v[r->edges[k]], v[r->before[r->edges[k]]], p))
			inside = !inside;
	return inside;
}

/* ---- many ---- */

#define FAN 16

struct node {
	struct shape_box box;
	uint32_t first, n;   /* of the level below; of `order` at the bottom */
};

struct shape_index {
	struct shape_box *boxes;  /* in `order` */
	uint32_t *order;
	struct node *nodes;       /* level by level, the bottom first; the last one is the top */
	size_t n, nnodes, nbottom;
};

struct entry {
	struct shape_box box;
	int64_t x, y;
	uint32_t number;
};

static int by_x(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->x != y->x ? (x->x > y->x) - (x->x < y->x) : (x->number > y->number) - (x->number < y->number);
}

static int by_y(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->y != y->y ? (x->y > y->y) - (x->y < y->y) : (x->number > y->number) - (x->number < y->number);
}

/* Slices from west to east, each from south to north: neighbours in the order are neighbours on the ground. */
static void tile_order(struct entry *v, size_t n)
{
	size_t leaves = (n + FAN - 1) / FAN, slices = (size_t)ceil(sqrt((double)leaves)), a_slice = slices ? (leaves + slices - 1) / slices * FAN : n;

	qsort(v, n, sizeof(*v), by_x);
	for (size_t i = 0; i < n; i += a_slice)
		qsort(v + i, n - i < a_slice ? n - i : a_slice, sizeof(*v), by_y);
}

static void widen(struct shape_box *b, const struct shape_box *by)
{
	if (by->west < b->west)
		b->west = by->west;
	if (by->south < b->south)
		b->south = by->south;
	if (by->east > b->east)
		b->east = by->east;
	if (by->north > b->north)
		b->north = by->north;
}

static void *must(void *p)
{
	if (!p)
		BUG("out of memory");
	return p;
}

/* A level above boxes that lie `stride` bytes apart. */
static void add_level(struct shape_index *x, const char *below, size_t stride, size_t first, size_t n)
{
	for (size_t i = 0; i < n; i += FAN) {
		struct node *node = &x->nodes[x->nnodes++];

		node->first = (uint32_t)(first + i);
		node->n = (uint32_t)(n - i < FAN ? n - i : FAN);
		node->box = *(const struct shape_box *)(const void *)(below + i * stride);
		for (size_t k = 1; k < node->n; k++)
			widen(&node->box, (const struct shape_box *)(const void *)(below + (i + k) * stride));
	}
}

struct shape_index *shape_index_make(const struct shape_box *boxes, size_t n)
{
	struct shape_index *x = must(calloc(1, sizeof(*x)));
	struct entry *v = must(calloc(n + 1, sizeof(*v)));
	size_t first = 0, many;

	for (size_t i = 0; i < n; i++)
		v[i] = (struct entry){boxes[i], (int64_t)boxes[i].west + boxes[i].east, (int64_t)boxes[i].south + boxes[i].north, (uint32_t)i};
	tile_order(v, n);
	x->n = n;
	x->boxes = must(calloc(n + 1, sizeof(*x->boxes)));
	x->order = must(calloc(n + 1, sizeof(*x->order)));
	x->nodes = must(calloc(n / 4 + 8, sizeof(*x->nodes)));
	for (size_t i = 0; i < n; i++) {
		x->boxes[i] = v[i].box;
		x->order[i] = v[i].number;
	}
	free(v);
	if (n == 0)
		return x;
	add_level(x, (const char *)x->boxes, sizeof(*x->boxes), 0, n);
	x->nbottom = x->nnodes;
	while ((many = x->nnodes - first) > 1) {
		size_t next = x->nnodes;

		add_level(x, (const char *)&x->nodes[first].box, sizeof(*x->nodes), first, many);
		first = next;
	}
	return x;
}

void shape_index_free(struct shape_index *x)
{
	if (!x)
		return;
	free(x->boxes);
	free(x->order);
	free(x->nodes);
	free(x);
}

static bool walk(const struct shape_index *x, size_t at, const struct shape_box *box, bool (*fn)(void *, uint32_t), void *arg)
{
	const struct node *node = &x->nodes[at];

	if (!shape_boxes_meet(&node->box, box))
		return true;
	for (uint32_t i = node->first; i < node->first + node->n; i++) {
		if (at >= x->nbottom ? !walk(x, i, box, fn, arg) : shape_boxes_meet(&x->boxes[i], box) && !fn(arg, x->order[i]))
			return false;
	}
	return true;
}

void shape_index_find(const struct shape_index *x, const struct shape_box *box, bool (*fn)(void *arg, uint32_t number), void *arg)
{
	if (x && x->nnodes)
		walk(x, x->nnodes - 1, box, fn, arg);
}
