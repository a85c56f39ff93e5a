/* Lines and areas of the gathered ways: pieces joined again, rings closed, islands put into their lakes. */
#include <stdlib.h>

#include "base/grow.h"
#include "geo/osm_chain.h"
#include "geo/osm_ground_inner.h"

#define LINE_POINTS 1000         /* longer ones are cut, so that a tile of a street looks at its neighbourhood only */
#define AREA_WORK ((int64_t)1 << 31) /* steps that finding the lake of each island may take, over the whole file */

struct making {
	struct gather *g;
	struct shape_point *points;   size_t n, cap;
	uint32_t *ends;               size_t nparts, parts_cap;
	/* of the lines, or of one area */
	struct osm_piece *pieces;     size_t npieces, pieces_cap;
	struct source { size_t at; uint32_t n, name; struct osm_class is; bool inner; } *from;  size_t from_cap;
	/* the rings of one area, one behind the other in points */
	struct ring { size_t at, n; struct shape_box box; } *rings; size_t nrings, rings_cap, nouter;
	int64_t work;
	enum err e;
};

static void add_point(struct making *m, struct shape_point p)
{
	m->points = grown(m->points, &m->cap, m->n + 1, sizeof(*m->points));
	m->points[m->n++] = p;
}

static void add_piece(struct making *m, uint64_t group, size_t at, size_t n, const struct source *from)
{
	const int64_t *refs = m->g->refs;

	m->pieces = grown(m->pieces, &m->pieces_cap, m->npieces + 1, sizeof(*m->pieces));
	m->from = grown(m->from, &m->from_cap, m->npieces + 1, sizeof(*m->from));
	m->pieces[m->npieces] = (struct osm_piece){group, (uint32_t)refs[at], (uint32_t)refs[at + n - 1]};
	m->from[m->npieces] = *from;
	m->from[m->npieces].at = at;
	m->from[m->npieces++].n = (uint32_t)n;
}

static struct str name_of(const struct making *m, uint32_t number)
{
	return number ? m->g->name[number - 1] : STR("");
}

static void give(struct making *m, const struct source *s, const struct shape_point *points, const uint32_t *ends, size_t nparts)
{
	const struct ground_feature f = {s->is.kind, s->is.rank, s->is.flags, name_of(m, s->name), points, ends, nparts};

	if (m->e != OK)
		return;
	m->e = ground_draft_add(m->g->draft, &f);
	m->g->g->count[s->is.kind]++;
}

/* ---- lines ---- */

/* A way whose nodes the file does not all have (the border of an extract) becomes what is left of it. */
static void add_line(struct making *m, const struct kept_way *w)
{
	const struct source from = {.name = w->name, .is = w->is};
	const uint64_t group = (uint64_t)w->is.kind << 56 | (uint64_t)w->is.rank << 48 | (uint64_t)w->is.flags << 40 | w->name;
	const int64_t *refs = m->g->refs;

	for (size_t i = w->at, end = w->at + w->n, begin; i < end;) {
		for (begin = i; i < end && refs[i] != NOWHERE; i++)
			;
		if (i - begin >= 2)
			add_piece(m, group, begin, i - begin, &from);
		for (; i < end && refs[i] == NOWHERE; i++)
			;
	}
}

static void cut(struct making *m, const struct source *s, size_t most)
{
	const uint32_t n = (uint32_t)m->n;

	if (n < most)
		return;
	give(m, s, m->points, &n, 1);
	m->points[0] = m->points[m->n - 1];
	m->n = 1;
}

static void give_line(void *arg, const struct osm_step *steps, size_t n, bool closed)
{
	struct making *m = arg;
	const struct source *s = NULL;

	(void)closed;
	m->n = 0;
	for (size_t i = 0; i < n; i++) {
		s = &m->from[steps[i].piece];
		for (uint32_t k = 0; k < s->n; k++) {
			int64_t node = m->g->refs[s->at + (steps[i].backwards ? s->n - 1 - k : k)];

			if (i && k == 0)
				continue;   /* the node where they meet */
			add_point(m, m->g->places[node]);
			cut(m, s, LINE_POINTS);
		}
	}
	if (s)
		cut(m, s, 2);
}

static void make_lines(struct making *m)
{
	const struct gather *g = m->g;

	m->npieces = 0;
	for (size_t i = 0; i < g->nways; i++)
		if (!g->ways[i].bare && !ground_is_area(g->ways[i].is.kind))
			add_line(m, &g->ways[i]);
	osm_chain(m->pieces, m->npieces, false, give_line, m);
}

/* ---- areas that are one way ---- */

static bool is_whole(const struct making *m, const struct kept_way *w)
{
	for (size_t i = w->at; i < w->at + w->n; i++)
		if (m->g->refs[i] == NOWHERE)
			return false;
	return true;
}

static void make_simple_areas(struct making *m)
{
	const struct gather *g = m->g;

	for (size_t i = 0; i < g->nways; i++) {
		const struct kept_way *w = &g->ways[i];
		const uint32_t n = w->n - 1;

		if (w->bare || !ground_is_area(w->is.kind))
			continue;
		if (!is_whole(m, w)) {
			g->g->left_out++;
			continue;
		}
		m->n = 0;
		for (uint32_t k = 0; k < n; k++)
			add_point(m, g->places[g->refs[w->at + k]]);
		give(m, &(struct source){.name = w->name, .is = w->is}, m->points, &n, 1);
	}
}

/* ---- areas of several ways ---- */

static void set_box(struct making *m, struct ring *r)
{
	const struct shape_point *p = m->points + r->at;

	r->box = (struct shape_box){p->x, p->y, p->x, p->y};
	for (size_t i = 1; i < r->n; i++) {
		r->box.west = p[i].x < r->box.west ? p[i].x : r->box.west;
		r->box.east = p[i].x > r->box.east ? p[i].x : r->box.east;
		r->box.south = p[i].y < r->box.south ? p[i].y : r->box.south;
		r->box.north = p[i].y > r->box.north ? p[i].y : r->box.north;
	}
}

static void give_ring(void *arg, const struct osm_step *steps, size_t n, bool closed)
{
	struct making *m = arg;
	struct ring r = {.at = m->n};

	for (size_t i = 0; closed && i < n; i++) {
		const struct source *s = &m->from[steps[i].piece];

		/* without its last node: that is where the next piece begins, or the ring */
		for (uint32_t k = 0; k + 1 < s->n; k++)
			add_point(m, m->g->places[m->g->refs[s->at + (steps[i].backwards ? s->n - 1 - k : k)]]);
	}
	r.n = m->n - r.at;
	if (r.n < 3) {
		m->n = r.at;
		m->g->g->left_out++;
		return;
	}
	set_box(m, &r);
	m->rings = grown(m->rings, &m->rings_cap, m->nrings + 1, sizeof(*m->rings));
	m->rings[m->nrings++] = r;
}

static void find_rings(struct making *m, const struct kept_area *area, bool inner)
{
	m->npieces = 0;
	for (uint32_t i = 0; i < area->n; i++) {
		const struct kept_member *member = &m->g->members[area->at + i];
		const struct kept_way *w = member->inner == inner ? gather_way(m->g, member->way) : NULL;

		if (w && is_whole(m, w))
			add_piece(m, 0, w->at, w->n, &(struct source){.is = w->is});
	}
	osm_chain(m->pieces, m->npieces, true, give_ring, m);
}

static bool lies_in(struct making *m, const struct ring *outer, const struct ring *inner)
{
	const struct shape_point p = m->points[inner->at], *v = m->points + outer->at;
	bool in = false;

	if (inner->box.west < outer->box.west || inner->box.east > outer->box.east || inner->box.south < outer->box.south ||
	    inner->box.north > outer->box.north)
		return false;
	m->work -= (int64_t)outer->n;
	for (size_t i = 0, k = outer->n - 1; i < outer->n; k = i++)
		in ^= shape_edge_crossed(v[k], v[i], p);
	return in;
}

/* One outer ring with the islands in it. */
static void give_area(struct making *m, const struct kept_area *area, size_t which)
{
	const struct ring *outer = &m->rings[which];
	size_t begin = m->n;

	m->nparts = 0;
	m->ends = grown(m->ends, &m->parts_cap, m->nrings - m->nouter + 1, sizeof(*m->ends));
	for (size_t i = 0; i < outer->n; i++)
		add_point(m, m->points[outer->at + i]);
	m->ends[m->nparts++] = (uint32_t)(m->n - begin);
	for (size_t r = m->nouter; m->work > 0 && r < m->nrings; r++) {
		if (!lies_in(m, outer, &m->rings[r]))
			continue;
		for (size_t i = 0; i < m->rings[r].n; i++)
			add_point(m, m->points[m->rings[r].at + i]);
		m->ends[m->nparts++] = (uint32_t)(m->n - begin);
	}
	give(m, &(struct source){.name = area->name, .is = area->is}, m->points + begin, m->ends, m->nparts);
	m->n = begin;
}

static void make_areas(struct making *m)
{
	for (size_t i = 0; m->e == OK && i < m->g->nareas; i++) {
		m->n = m->nrings = 0;
		find_rings(m, &m->g->areas[i], false);
		m->nouter = m->nrings;
		find_rings(m, &m->g->areas[i], true);
		/* each pair of boxes is a step too */
		m->work -= (int64_t)m->nouter * (int64_t)(m->nrings - m->nouter);
		for (size_t r = 0; m->e == OK && r < m->nouter; r++)
			give_area(m, &m->g->areas[i], r);
	}
}

enum err gather_make(struct gather *g)
{
	struct making m = {.g = g, .work = AREA_WORK};

	make_lines(&m);
	make_simple_areas(&m);
	make_areas(&m);
	free(m.points);
	free(m.ends);
	free(m.pieces);
	free(m.from);
	free(m.rings);
	return m.e;
}
