#include "geo/points_cells.h"

#include "geo/points_fill.h"
#include "geo/points_help.h"

/* ---- used ones ---- */

static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cells *spare[8];
static unsigned nspare;

struct cells *cells_take(void)
{
	struct cells *c = NULL;

	pthread_mutex_lock(&spare_lock);
	if (nspare)
		c = spare[--nspare];
	pthread_mutex_unlock(&spare_lock);
	if (c == NULL) {
		c = calloc(1, sizeof(*c));
		if (c == NULL)
			BUG("no memory for cells");
	}
	return c;
}

void cells_give(struct cells *c)
{
	pthread_mutex_lock(&spare_lock);
	if (nspare < ARRAY_LEN(spare)) {
		spare[nspare++] = c;
		c = NULL;
	}
	pthread_mutex_unlock(&spare_lock);
	if (c) {
		buf_release(&c->features);
		buf_release(&c->values);
		free(c->large);
	}
	free(c);
}

/* The member of a cell whose first one is named by a minus row: walked out. */
static void settle(struct filling *f, const struct points_view *v, uint32_t cell)
{
	struct cells_ask *a = (struct cells_ask *)f->a;
	uint64_t first = a->first + ((uint64_t)cell << a->shift), end;
	struct walk w;
	struct row r;

	cell_of(a, first, &end);
	walk_begin(&w, v, f->p, first, end - 1);
	if (walk_next(&w, &r)) {
		f->c->v[cell].key = r.key;
		f->c->v[cell].id = r.id;
	}
	walk_end(&w);
}

/* The next ones are asked for while this one is looked at: each is reached through pointers in another. */
static void fill_base(struct filling *f, const struct points_view *v, uint32_t i)
{
	if (i + 2 < v->nbase)
		seg_prefetch_head(v->v[i + 2].s);
	f->rank = (uint64_t)i << 16;
	fill_source(f, &v->v[i]);
}

static void cells_clear(struct cells *c)
{
	memset(c->touched, 0, sizeof(c->touched));
	memset(c->contested, 0, sizeof(c->contested));
	c->total = 0;
}

/* ---- many segments: with the help of others ---- */

#define ALONE (6 * SEG_FILL)  /* rows looked at before others are asked: a fraction of a millisecond */
#define PIECE 4u              /* segments */

struct shared {
	const struct points_view *v;
	uint32_t from, to;
	struct filling *own, worker[HELP_WORKERS];
	struct plan plan[HELP_WORKERS];
};

static void fill_piece(void *arg, unsigned worker, size_t i)
{
	struct shared *h = arg;
	struct filling *f = worker ? &h->worker[worker] : h->own;
	uint32_t from = h->from + (uint32_t)i * PIECE;

	if (worker && f->c == NULL) {
		plan_share(&h->plan[worker], h->own->p);
		*f = (struct filling){.c = cells_take(), .a = h->own->a, .p = &h->plan[worker], .sign = 1, .whole = h->own->whole, .near = h->own->near};
		cells_clear(f->c);
	}
	for (uint32_t k = from; k < from + PIECE && k < h->to; k++)
		fill_base(f, h->v, k);
}

static void cells_add(const struct filling *to, const struct cells *c)
{
	for (uint32_t i = 0; i < CELLS / 64; i++)
		for (uint64_t m = c->touched[i]; m; m &= m - 1) {
			uint32_t cell = i * 64 + (uint32_t)__builtin_ctzll(m);
			struct cell *v = cell_touch(to, cell);

			v->n += c->v[cell].n;
			v->x += c->v[cell].x;
			v->y += c->v[cell].y;
			v->rank = c->v[cell].rank < v->rank ? c->v[cell].rank : v->rank;
			for (unsigned k = 0; to->a->by != CELLS_PLAIN && k < CELL_CLASSES; k++)
				to->c->class_n[cell][k] += c->class_n[cell][k];
		}
	to->c->total += c->total;
}

static void fill_shared(struct filling *f, const struct points_view *v, uint32_t from, uint32_t to)
{
	struct shared *h = malloc(sizeof(*h));

	if (h == NULL)
		BUG("no memory to share the making of a tile");
	h->v = v;
	h->from = from;
	h->to = to;
	h->own = f;
	for (unsigned i = 0; i < HELP_WORKERS; i++)
		h->worker[i].c = NULL;
	help_run((to - from + PIECE - 1) / PIECE, fill_piece, h);
	for (unsigned i = 1; i < HELP_WORKERS; i++)
		if (h->worker[i].c) {
			cells_add(f, h->worker[i].c);
			cells_give(h->worker[i].c);
			plan_unshare(&h->plan[i]);
		}
	free(h);
}

/* Who the members are that the base has: now they are few. Keys only where something asks for them: runs, and who shows the middle of a cell. */
static void name_members(const struct filling *f, const struct points_view *v)
{
	bool keys = v->n > v->nbase || !f->a->sums;

	for (uint32_t i = 0; i < CELLS / 64; i++)
		for (uint64_t m = f->c->touched[i]; m; m &= m - 1) {
			struct cell *c = &f->c->v[i * 64 + (uint32_t)__builtin_ctzll(m)];
			const struct seg *s = v->v[c->rank >> 16].s;

			if (keys)
				c->key = s->key[c->rank & 0xffff];
			c->id = s->id[c->rank & 0xffff];
		}
}

void cells_fill(struct cells *c, const struct points_view *v, struct plan *p, const struct cells_ask *a)
{
	struct filling f = {.c = c, .a = a, .p = p, .sign = 1, .whole = a->shift < 64 ? a->shift : 63, .near = a->shift > 4 ? a->shift - 4 : 0};
	uint32_t from, to;

	cells_clear(c);
	p->by_colour = a->by == CELLS_BY_COLOUR;
	view_base(v, a->first, a->last, &from, &to);
	while (from < to && (f.looked < ALONE || to - from <= 2 * PIECE))
		fill_base(&f, v, from++);
	if (from < to)
		fill_shared(&f, v, from, to);
	if (a->members)
		name_members(&f, v);
	f.rank = RANK_NONE;
	for (uint32_t i = v->nbase; i < v->n; i++) {
		f.sign = i < v->nbase + v->nplus ? 1 : -1;
		if (v->v[i].first <= a->last && v->v[i].last >= a->first)
			fill_source(&f, &v->v[i]);
	}
	for (uint32_t i = 0; i < CELLS / 64; i++)
		for (uint64_t m = c->contested[i]; m; m &= m - 1) {
			uint32_t cell = i * 64 + (uint32_t)__builtin_ctzll(m);

			if (c->v[cell].n > 0)
				settle(&f, v, cell);
		}
}
