#include "geo/shape_topo.h"

#include <math.h>
#include <stdlib.h>

struct arc {
	uint32_t start, n;     /* of the points; both ends included. closed: the first point is also the last */
	uint32_t next;         /* of the same hash, + 1 */
	bool shared;
};

struct ring {
	uint32_t start, n;     /* of `refs` */
	bool hole;
};

struct shape_topo {
	struct shape_point *points;  /* world steps */
	float *keep;                 /* the largest tolerance at which the point stands, world steps; ends: infinite */
	struct arc *arcs;
	int32_t *refs;               /* arc number + 1; negative: backwards */
	struct ring *rings;
	uint32_t *first_ring;        /* n + 1: rings of each area */
	size_t n, npoints, narcs, nrefs, nrings;
};

static void *must(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		BUG("out of memory");
	return p;
}

/* ---- the plane ---- */

static struct shape_point project(struct shape_point p)
{
	const double world = (double)(1 << SHAPE_WORLD_BITS);
	double lat = p.y / SHAPE_UNIT, s;

	lat = fmin(fmax(lat, -85.0511287798), 85.0511287798);
	s = sin(lat * M_PI / 180);
	return (struct shape_point){(int32_t)lround((p.x / SHAPE_UNIT + 180) / 360 * world),
				    (int32_t)lround((0.5 - log((1 + s) / (1 - s)) / (4 * M_PI)) * world)};
}

static double longitude(double x)
{
	return x * 360 - 180;
}

static double latitude(double y)
{
	return atan(sinh(M_PI * (1 - 2 * y))) * 180 / M_PI;
}

bool shape_tile_box(const struct shape_tile_ask *ask, struct shape_box *out)
{
	double n = (double)((uint64_t)1 << ask->z), m = (double)ask->margin / ask->extent;

	if (ask->z < 0 || ask->z > 22 || ask->x >= n || ask->y >= n)
		return false;
	out->west = (int32_t)lround(fmax(-180, longitude((ask->x - m) / n)) * SHAPE_UNIT);
	out->east = (int32_t)lround(fmin(180, longitude((ask->x + 1 + m) / n)) * SHAPE_UNIT);
	out->north = (int32_t)lround(latitude(fmax(0, (ask->y - m) / n)) * SHAPE_UNIT);
	out->south = (int32_t)lround(latitude(fmin(1, (ask->y + 1 + m) / n)) * SHAPE_UNIT);
	return true;
}

/* ---- junctions ---- */

/* All points of all rings, each with who stands beside it. */
struct corner {
	struct shape_point p, a, b;
	bool used, junction;
};

struct corners {
	struct corner *v;
	size_t mask;
};

static size_t hash(struct shape_point p)
{
	uint64_t h = ((uint64_t)(uint32_t)p.x << 32 | (uint32_t)p.y) * 0x9e3779b97f4a7c15u;

	return (size_t)(h ^ h >> 29);
}

static bool same(struct shape_point p, struct shape_point q)
{
	return p.x == q.x && p.y == q.y;
}

static struct corner *corner_at(const struct corners *c, struct shape_point p)
{
	for (size_t i = hash(p);; i++) {
		struct corner *v = &c->v[i & c->mask];

		if (!v->used || same(v->p, p))
			return v;
	}
}

static void meet(const struct corners *c, struct shape_point p, struct shape_point a, struct shape_point b)
{
	struct corner *v = corner_at(c, p);

	if (!v->used)
		*v = (struct corner){p, a, b, true, false};
	else if (!(same(v->a, a) && same(v->b, b)) && !(same(v->a, b) && same(v->b, a)))
		v->junction = true;
}

/* ---- arcs ---- */

struct making {
	struct shape_topo *t;
	struct corners corners;
	uint32_t *heads;         /* hash of an arc -> number + 1 */
	size_t mask;
	struct shape_point *ring;/* the one in hand, projected, repeated points left out */
	size_t nring;
};

static bool equal_arc(const struct shape_topo *t, const struct arc *x, const struct shape_point *v, size_t n, bool backwards)
{
	if (x->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!same(t->points[x->start + i], v[backwards ? n - 1 - i : i]))
			return false;
	return true;
}

/* The same for both directions. */
static size_t hash_arc(const struct shape_point *v, size_t n)
{
	return hash(v[0]) + hash(v[n - 1]) + hash(v[n / 2]) * (n % 2) + (n > 2 ? hash(v[1]) + hash(v[n - 2]) : 0) + n;
}

static void add_arc(struct making *m, const struct shape_point *v, size_t n)
{
	struct shape_topo *t = m->t;
	uint32_t *head = &m->heads[hash_arc(v, n) & m->mask];

	for (uint32_t i = *head; i; i = t->arcs[i - 1].next) {
		bool forwards = equal_arc(t, &t->arcs[i - 1], v, n, false);

		if (forwards || equal_arc(t, &t->arcs[i - 1], v, n, true)) {
			t->arcs[i - 1].shared = true;
			t->refs[t->nrefs++] = forwards ? (int32_t)i : -(int32_t)i;
			return;
		}
	}
	t->arcs[t->narcs] = (struct arc){(uint32_t)t->npoints, (uint32_t)n, *head, false};
	memcpy(t->points + t->npoints, v, n * sizeof(*v));
	t->npoints += n;
	*head = (uint32_t)++t->narcs;
	t->refs[t->nrefs++] = (int32_t)*head;
}

static void load_ring(struct making *m, const struct shape *s, const struct shape_ring *r)
{
	m->nring = 0;
	for (uint32_t i = 0; i < r->n; i++) {
		struct shape_point p = project(s->points[r->start + i]);

		if (!m->nring || !same(m->ring[m->nring - 1], p))
			m->ring[m->nring++] = p;
	}
	while (m->nring > 1 && same(m->ring[0], m->ring[m->nring - 1]))
		m->nring--;
}

static void rotate(struct making *m, size_t first)
{
	struct shape_point *copy;

	if (first == 0)
		return;
	copy = must(m->nring, sizeof(*copy));
	for (size_t i = 0; i < m->nring; i++)
		copy[i] = m->ring[(first + i) % m->nring];
	memcpy(m->ring, copy, m->nring * sizeof(*copy));
	free(copy);
}

/* A ring begins at a junction; without one at its least point, so that an island and the hole around it begin alike. */
static void cut_ring(struct making *m, bool hole)
{
	struct shape_topo *t = m->t;
	size_t first = m->nring, least = 0, from = 0;

	if (m->nring < 3)
		return;
	for (size_t i = 0; i < m->nring; i++) {
		if (first == m->nring && corner_at(&m->corners, m->ring[i])->junction)
			first = i;
		if (m->ring[i].x < m->ring[least].x || (m->ring[i].x == m->ring[least].x && m->ring[i].y < m->ring[least].y))
			least = i;
	}
	rotate(m, first < m->nring ? first : least);
	m->ring[m->nring] = m->ring[0];
	t->rings[t->nrings] = (struct ring){(uint32_t)t->nrefs, 0, hole};
	for (size_t i = 1; i <= m->nring; i++)
		if (i == m->nring || corner_at(&m->corners, m->ring[i])->junction) {
			add_arc(m, m->ring + from, i - from + 1);
			from = i;
		}
	t->rings[t->nrings].n = (uint32_t)t->nrefs - t->rings[t->nrings].start;
	t->nrings++;
}

/* ---- tolerances ---- */

static double off_line(struct shape_point p, struct shape_point a, struct shape_point b)
{
	double dx = (double)b.x - a.x, dy = (double)b.y - a.y, len = dx * dx + dy * dy, t;

	t = len > 0 ? (((double)p.x - a.x) * dx + ((double)p.y - a.y) * dy) / len : 0;
	t = t < 0 ? 0 : t > 1 ? 1 : t;
	return hypot(p.x - (a.x + t * dx), p.y - (a.y + t * dy));
}

struct span {
	uint32_t from, to;
	float most;        /* of the points around it */
};

/* Iterative, since a coast may have a million points; a child never outlives its parents. */
static void weigh(struct shape_topo *t, const struct arc *arc, struct span *stack)
{
	size_t n = 0;

	t->keep[arc->start] = t->keep[arc->start + arc->n - 1] = INFINITY;
	stack[n++] = (struct span){arc->start, arc->start + arc->n - 1, INFINITY};
	while (n) {
		struct span s = stack[--n];
		double worst = -1;
		uint32_t at = s.from;

		for (uint32_t i = s.from + 1; i < s.to; i++) {
			double d = off_line(t->points[i], t->points[s.from], t->points[s.to]);

			if (d > worst) {
				worst = d;
				at = i;
			}
		}
		if (worst < 0)
			continue;
		t->keep[at] = fminf((float)worst, s.most);
		stack[n++] = (struct span){s.from, at, t->keep[at]};
		stack[n++] = (struct span){at, s.to, t->keep[at]};
	}
}

/* ---- making ---- */

static void all_corners(struct making *m, const struct shape *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t r = 0; r < v[i]->nrings; r++) {
			load_ring(m, v[i], &v[i]->rings[r]);
			for (size_t k = 0; k < m->nring; k++)
				meet(&m->corners, m->ring[k], m->ring[(k + m->nring - 1) % m->nring], m->ring[(k + 1) % m->nring]);
		}
}

static void all_arcs(struct making *m, const struct shape *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		m->t->first_ring[i] = (uint32_t)m->t->nrings;
		for (size_t r = 0; r < v[i]->nrings; r++) {
			load_ring(m, v[i], &v[i]->rings[r]);
			cut_ring(m, v[i]->rings[r].hole);
		}
	}
	m->t->first_ring[n] = (uint32_t)m->t->nrings;
}

static size_t power_above(size_t n)
{
	size_t p = 16;

	while (p < n)
		p *= 2;
	return p;
}

struct shape_topo *shape_topo_make(const struct shape *const *v, size_t n)
{
	struct shape_topo *t = must(1, sizeof(*t));
	size_t npoints = 0, nrings = 0, longest = 0;
	struct making m = {.t = t};
	struct span *stack;

	for (size_t i = 0; i < n; i++) {
		npoints += v[i]->npoints;
		nrings += v[i]->nrings;
		longest = v[i]->npoints > longest ? v[i]->npoints : longest;
	}
	t->n = n;
	t->first_ring = must(n + 1, sizeof(*t->first_ring));
	t->rings = must(nrings, sizeof(*t->rings));
	/* an arc has its last point twice: once more as the first of the next */
	t->points = must(npoints * 2 + nrings, sizeof(*t->points));
	t->arcs = must(npoints + nrings, sizeof(*t->arcs));
	t->refs = must(npoints + nrings, sizeof(*t->refs));
	m.ring = must(longest + 1, sizeof(*m.ring));
	m.corners.mask = power_above(npoints * 2) - 1;
	m.corners.v = must(m.corners.mask + 1, sizeof(*m.corners.v));
	m.mask = power_above(npoints / 4 + nrings) - 1;
	m.heads = must(m.mask + 1, sizeof(*m.heads));
	all_corners(&m, v, n);
	all_arcs(&m, v, n);
	free(m.corners.v);
	free(m.heads);
	free(m.ring);
	t->keep = must(t->npoints, sizeof(*t->keep));
	stack = must(longest + 2, sizeof(*stack));
	for (size_t i = 0; i < t->narcs; i++)
		weigh(t, &t->arcs[i], stack);
	free(stack);
	return t;
}

void shape_topo_free(struct shape_topo *t)
{
	if (!t)
		return;
	free(t->points);
	free(t->keep);
	free(t->arcs);
	free(t->refs);
	free(t->rings);
	free(t->first_ring);
	free(t);
}

void shape_topo_count(const struct shape_topo *t, size_t *arcs, size_t *shared, size_t *points)
{
	*arcs = t->narcs;
	*points = t->npoints;
	*shared = 0;
	for (size_t i = 0; i < t->narcs; i++)
		*shared += t->arcs[i].shared;
}

/* ---- tiles ---- */

struct dot {
	double x, y;
};

/* The frame of a tile in world steps, and how many of them a step of the tile has. */
struct frame {
	double west, north, east, south, left, top, step;
};

static struct frame frame_of(const struct shape_tile_ask *ask)
{
	double size = ldexp(1, SHAPE_WORLD_BITS - ask->z), m = size * ask->margin / ask->extent;
	struct frame f = {.left = ask->x * size, .top = ask->y * size, .step = size / ask->extent};

	f.west = f.left - m;
	f.north = f.top - m;
	f.east = f.left + size + m;
	f.south = f.top + size + m;
	return f;
}

/* Points of a ring that stand at this tolerance. */
static size_t gather(const struct shape_topo *t, const struct ring *r, double tolerance, struct dot *out)
{
	size_t n = 0;

	for (uint32_t k = 0; k < r->n; k++) {
		int32_t ref = t->refs[r->start + k];
		const struct arc *arc = &t->arcs[(ref < 0 ? -ref : ref) - 1];

		/* the last point of an arc is the first of the next */
		for (uint32_t i = 0; i + 1 < arc->n; i++) {
			uint32_t at = arc->start + (ref < 0 ? arc->n - 1 - i : i);

			if (t->keep[at] >= tolerance)
				out[n++] = (struct dot){t->points[at].x, t->points[at].y};
		}
	}
	return n;
}

enum side { WEST, EAST, NORTH, SOUTH };

static bool inside(struct dot p, enum side side, double at)
{
	return side == WEST ? p.x >= at : side == EAST ? p.x <= at : side == NORTH ? p.y >= at : p.y <= at;
}

static struct dot crossing(struct dot a, struct dot b, enum side side, double at)
{
	bool upright = side == WEST || side == EAST;
	double f = upright ? (at - a.x) / (b.x - a.x) : (at - a.y) / (b.y - a.y);

	return upright ? (struct dot){at, a.y + f * (b.y - a.y)} : (struct dot){a.x + f * (b.x - a.x), at};
}

/* Sutherland and Hodgman, one side at a time. */
static size_t clip(const struct dot *in, size_t n, struct dot *out, enum side side, double at)
{
	size_t m = 0;

	for (size_t i = 0, k = n - 1; i < n; k = i++) {
		bool here = inside(in[i], side, at), before = inside(in[k], side, at);

		if (here != before)
			out[m++] = crossing(in[k], in[i], side, at);
		if (here)
			out[m++] = in[i];
	}
	return m;
}

static size_t clip_ring(struct dot *v, struct dot *w, size_t n, const struct frame *f)
{
	n = clip(v, n, w, WEST, f->west);
	n = n ? clip(w, n, v, EAST, f->east) : 0;
	n = n ? clip(v, n, w, NORTH, f->north) : 0;
	return n ? clip(w, n, v, SOUTH, f->south) : 0;
}

static double doubled_area(const struct shape_point *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0, k = n - 1; i < n; k = i++)
		sum += (double)v[k].x * v[i].y - (double)v[i].x * v[k].y;
	return fabs(sum);
}

/* Rounds to steps of the tile; false when no area is left. */
static bool put_ring(struct shape *out, const struct dot *v, size_t n, bool hole, const struct frame *f)
{
	struct shape_ring *r = &out->rings[out->nrings];
	struct shape_point *to = out->points + out->npoints;

	*r = (struct shape_ring){(uint32_t)out->npoints, 0, hole};
	for (size_t i = 0; i < n; i++) {
		struct shape_point p = {(int32_t)lround((v[i].x - f->left) / f->step), (int32_t)lround((v[i].y - f->top) / f->step)};

		if (!r->n || !same(to[r->n - 1], p))
			to[r->n++] = p;
	}
	while (r->n > 1 && same(to[0], to[r->n - 1]))
		r->n--;
	if (r->n < 3 || doubled_area(to, r->n) < 2)
		return false;
	out->npoints += r->n;
	out->nrings++;
	return true;
}

void shape_topo_tile(const struct shape_topo *t, size_t i, const struct shape_tile_ask *ask, struct arena *a, struct shape *out)
{
	struct frame f = frame_of(ask);
	uint32_t first = t->first_ring[i], last = t->first_ring[i + 1];
	size_t most = 4, all = 0;
	struct dot *v, *w;
	bool kept = false;

	for (uint32_t r = first; r < last; r++) {
		size_t n = 4;

		for (uint32_t k = 0; k < t->rings[r].n; k++) {
			int32_t ref = t->refs[t->rings[r].start + k];

			n += t->arcs[(ref < 0 ? -ref : ref) - 1].n;
		}
		all += n;
		most = n > most ? n : most;
	}
	/* each of four sides adds half as many points at the worst: 1.5^4 */
	v = arena_array(a, struct dot, most * 6);
	w = arena_array(a, struct dot, most * 6);
	*out = (struct shape){.rings = arena_array(a, struct shape_ring, last - first + 1), .points = arena_array(a, struct shape_point, all * 6 + 1)};
	for (uint32_t r = first; r < last; r++) {
		const struct ring *ring = &t->rings[r];
		size_t n;

		if (ring->hole && !kept)
			continue;
		n = gather(t, ring, ask->tolerance * f.step, v);
		n = n >= 3 ? clip_ring(v, w, n, &f) : 0;
		if (!ring->hole)
			kept = n >= 3 && put_ring(out, v, n, false, &f);
		else if (n >= 3)
			(void)put_ring(out, v, n, true, &f);
	}
	shape_set_box(out);
}
