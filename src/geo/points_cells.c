#include "geo/points_cells.h"

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

/* ---- adding to a cell ---- */

struct filling {
	struct cells *c;
	const struct cells_ask *a;
	struct plan *p;
	const struct seg *s;
	int sign;
	uint8_t clock_now, clock_soon; /* codes of deadlines that are looked at exactly, see plan_colours */
	uint64_t looked;               /* rows whose columns were looked at */
	bool slots;                    /* the prefix counts of states of the segment say enough */
	int whole;                     /* a cell has 2^whole keys */
	int near;                      /* of 2^near keys is a square a quarter as wide: where in it a row is does not matter */
	uint8_t classes[STATE_SLOTS];  /* states or colours that rows of the segment which pass can have */
	unsigned nclasses;
};

static void touch(struct cells *c, uint32_t cell)
{
	if (c->touched[cell >> 6] >> (cell & 63) & 1)
		return;
	c->touched[cell >> 6] |= (uint64_t)1 << (cell & 63);
	c->n[cell] = 0;
	c->x[cell] = c->y[cell] = 0;
	c->key[cell] = UINT64_MAX;
	c->id[cell] = INT64_MAX;
	memset(c->class_n[cell], 0, sizeof(c->class_n[cell]));
}

static void member(const struct filling *f, uint32_t cell, uint32_t row)
{
	struct cells *c = f->c;
	uint64_t key;

	if (f->s->blocks[row / 64].key > c->key[cell]) /* as is nearly always so when the cell has one already */
		return;
	key = f->s->key[row];
	if (key < c->key[cell] || (key == c->key[cell] && f->s->id[row] < c->id[cell])) {
		c->key[cell] = key;
		c->id[cell] = f->s->id[row];
	}
}

static void contest(const struct filling *f, uint32_t cell)
{
	f->c->contested[cell >> 6] |= (uint64_t)1 << (cell & 63);
}

static unsigned class_of_row(const struct filling *f, uint32_t i)
{
	const struct seg *s = f->s;
	uint32_t now = f->p->f->now;

	if (f->a->by == CELLS_BY_STATE)
		return f->a->class_of[s->state[i]];
	if (s->clock[i] < f->clock_now)
		return s->clock[i] ? POINT_OVERDUE : POINT_NO_CLOCK;
	if (s->clock[i] > f->clock_soon)
		return POINT_IN_TIME;
	return now >= s->when[i] ? POINT_OVERDUE : s->when[i] - now <= s->lead[i] ? POINT_SOON : POINT_IN_TIME;
}

/* ---- whole ranges: no row is looked at that need not be ---- */

/* Sum of the rows before i, from the nearest prefix sum. */
static void sum_before(const struct filling *f, uint32_t i, uint64_t *x, uint64_t *y)
{
	const struct seg *s = f->s;
	uint32_t j = (i + SUM_ROWS / 2) / SUM_ROWS;
	uint64_t dx = 0, dy = 0;

	if (j * SUM_ROWS > s->n)
		j--;
	if (i < j * SUM_ROWS) {
		f->p->k->sum_rows(s->key, i, j * SUM_ROWS, &dx, &dy);
		dx = -dx;
		dy = -dy;
	} else {
		f->p->k->sum_rows(s->key, j * SUM_ROWS, i, &dx, &dy);
	}
	*x = s->sumx[j] + dx;
	*y = s->sumy[j] + dy;
}

static void sum_range(const struct filling *f, uint32_t from, uint32_t to, uint64_t *x, uint64_t *y)
{
	uint64_t x0, y0;

	*x = *y = 0;
	if (to - from <= SUM_ROWS) {
		f->p->k->sum_rows(f->s->key, from, to, x, y);
		return;
	}
	sum_before(f, from, &x0, &y0);
	sum_before(f, to, x, y);
	*x -= x0;
	*y -= y0;
}

/* Rows of the masks that are in a class. */
static uint64_t count_class(const struct filling *f, uint32_t first, const uint64_t *masks, size_t blocks, uint8_t class)
{
	uint64_t m[STRIPE];

	if (f->a->by == CELLS_BY_STATE)
		return f->p->k->count_eq8(masks, f->s->state + first, blocks, class);
	memcpy(m, masks, blocks * sizeof(*m));
	plan_colours(f->p->k, f->s, first, m, blocks, 1u << class, f->p->f->now);
	return f->p->k->count(m, blocks);
}

/* Of many rows at once: a look at the column for each class that can be there; what is left is in the last. */
static void classes_many(const struct filling *f, uint32_t cell, uint32_t first, const uint64_t *masks, size_t blocks, uint64_t rows)
{
	int32_t *n = f->c->class_n[cell];

	for (unsigned i = 0; i < f->nclasses; i++) {
		uint64_t these = i + 1 < f->nclasses ? count_class(f, first, masks, blocks, f->classes[i]) : rows;

		n[f->a->by == CELLS_BY_STATE ? f->a->class_of[f->classes[i]] : f->classes[i]] += f->sign * (int32_t)these;
		rows -= these;
	}
}

#define MANY 24   /* rows from which on that is cheaper than one by one */

static void classes_masks(const struct filling *f, uint32_t cell, uint32_t first, const uint64_t *masks, size_t blocks, uint64_t rows)
{
	if (f->a->by == CELLS_PLAIN)
		return;
	if (rows > MANY && (f->slots || f->a->by == CELLS_BY_COLOUR)) {
		classes_many(f, cell, first, masks, blocks, rows);
		return;
	}
	for (size_t b = 0; b < blocks; b++)
		for (uint64_t m = masks[b]; m; m &= m - 1)
			f->c->class_n[cell][class_of_row(f, first + (uint32_t)b * 64 + (uint32_t)__builtin_ctzll(m))] += f->sign;
}

static void classes_rows(const struct filling *f, uint32_t cell, uint32_t from, uint32_t to)
{
	uint64_t masks[STRIPE];

	if (to - from <= MANY) {
		for (uint32_t i = from; i < to; i++)
			f->c->class_n[cell][class_of_row(f, i)] += f->sign;
		return;
	}
	while (from < to) {
		size_t blocks = plan_edges(from, to, masks);
		uint32_t end = (from & ~63u) + (uint32_t)blocks * 64;

		end = end < to ? end : to;
		classes_masks(f, cell, from & ~63u, masks, blocks, end - from);
		from = end;
	}
}

/* Classes that rows of the segment which pass can have. */
static void classes_of_segment(struct filling *f)
{
	const struct points_filter *filter = f->p->f;

	f->nclasses = 0;
	for (uint8_t v = 0; v < (f->a->by == CELLS_BY_STATE ? STATE_SLOTS - 1 : 4); v++) {
		bool there = f->a->by == CELLS_BY_STATE ? f->s->has_state[0] >> v & 1 && (!filter->nstates || f->p->state.bits[0] >> v & 1)
							: !(filter->colours & 15) || filter->colours >> v & 1;

		if (there)
			f->classes[f->nclasses++] = v;
	}
}

static void classes_range(const struct filling *f, uint32_t cell, uint32_t from, uint32_t to)
{
	uint32_t a = (from + STATE_ROWS - 1) / STATE_ROWS, b = to / STATE_ROWS;
	const uint16_t *low = f->s->state_rows + (size_t)a * STATE_SLOTS, *high = f->s->state_rows + (size_t)b * STATE_SLOTS;

	if (f->a->by == CELLS_PLAIN)
		return;
	if (!f->slots || a >= b) {
		classes_rows(f, cell, from, to);
		return;
	}
	for (unsigned k = 0; k < STATE_SLOTS; k++)
		f->c->class_n[cell][f->a->class_of[k]] += f->sign * (int32_t)(high[k] - low[k]);
	classes_rows(f, cell, from, a * STATE_ROWS);
	classes_rows(f, cell, b * STATE_ROWS, to);
}

static void add_range(const struct filling *f, uint32_t cell, uint32_t from, uint32_t to)
{
	struct cells *c = f->c;
	uint64_t x, y;

	touch(c, cell);
	c->n[cell] += f->sign * (int32_t)(to - from);
	if (f->a->sums) {
		sum_range(f, from, to, &x, &y);
		c->x[cell] += f->sign > 0 ? x : -x;
		c->y[cell] += f->sign > 0 ? y : -y;
	}
	classes_range(f, cell, from, to);
	if (!f->a->members)
		return;
	if (f->sign > 0) {
		member(f, cell, from);
	} else {
		uint32_t i = seg_lower(f->s, from, to, c->key[cell], c->id[cell]);

		if (i < to && f->s->key[i] == c->key[cell] && f->s->id[i] == c->id[cell])
			contest(f, cell);
	}
}

static uint32_t cell_of(const struct cells_ask *a, uint64_t key, uint64_t *end)
{
	uint64_t cell = (key - a->first) >> a->shift;

	*end = a->shift == 64 ? UINT64_MAX : a->first + ((cell + 1) << a->shift);
	if (*end == 0 || *end > a->last)
		*end = a->last + 1;
	return (uint32_t)cell;
}

static void fill_whole(const struct filling *f, uint32_t from, uint32_t to)
{
	const uint64_t *key = f->s->key;
	uint64_t end;

	f->c->total += f->sign * (int64_t)(to - from);
	while (from < to) {
		uint32_t cell = cell_of(f->a, key[from], &end), next = seg_ahead(f->s, from, to, end);

		add_range(f, cell, from, next);
		from = next;
	}
}

/* ---- rows by mask ---- */

static void add_masks(const struct filling *f, uint32_t cell, uint32_t first, const uint64_t *masks, size_t blocks)
{
	struct cells *c = f->c;
	uint64_t x = 0, y = 0, n;

	touch(c, cell);
	n = f->a->sums ? f->p->k->sum(masks, f->s->key + first, f->s->blocks + first / 64, blocks, f->near, &x, &y) : f->p->k->count(masks, blocks);
	c->n[cell] += f->sign * (int32_t)n;
	c->total += f->sign * (int64_t)n;
	c->x[cell] += f->sign > 0 ? x : -x;
	c->y[cell] += f->sign > 0 ? y : -y;
	classes_masks(f, cell, first, masks, blocks, n);
	if (!f->a->members)
		return;
	if (f->sign > 0) { /* the first block has a bit */
		member(f, cell, first + (uint32_t)__builtin_ctzll(masks[0]));
		return;
	}
	for (size_t b = 0; b < blocks; b++)
		for (uint64_t m = masks[b]; m; m &= m - 1) {
			uint32_t i = first + (uint32_t)b * 64 + (uint32_t)__builtin_ctzll(m);

			if (f->s->key[i] == c->key[cell] && f->s->id[i] == c->id[cell])
				contest(f, cell);
		}
}

static uint32_t lowest(uint64_t m)
{
	return (uint32_t)__builtin_ctzll(m);
}

static uint32_t highest(uint64_t m)
{
	return 63 - (uint32_t)__builtin_clzll(m);
}

/* Rows ascend, so a cell is a stretch of blocks: whole ones are added together, and of the last that part which is before the cell's end. Uses the masks up. */
static void fill_masks(const struct filling *f, uint32_t first, uint64_t *masks, size_t blocks)
{
	const uint64_t *key = f->s->key + first;
	const struct block *at = f->s->blocks + first / 64;

	for (size_t b = 0; b < blocks;) {
		uint64_t end, part = 0;
		uint32_t cell;
		size_t last = b;

		if (masks[b] == 0) {
			b++;
			continue;
		}
		cell = cell_of(f->a, block_within(at + b, f->whole) ? at[b].key : key[b * 64 + lowest(masks[b])], &end);
		while (last < blocks && (masks[last] == 0 || at[last + 1].key < end || key[last * 64 + highest(masks[last])] < end))
			last++;
		if (last < blocks && key[last * 64 + lowest(masks[last])] < end) {
			uint32_t from = first + (uint32_t)last * 64, behind = seg_ahead(f->s, from + lowest(masks[last]), from + highest(masks[last]), end);

			part = masks[last] & (((uint64_t)1 << (behind & 63)) - 1);
		}
		if (last > b)
			add_masks(f, cell, first + (uint32_t)b * 64, masks + b, last - b);
		if (part) {
			add_masks(f, cell, first + (uint32_t)last * 64, &part, 1);
			masks[last] &= ~part;
		}
		b = last;
	}
}

/* ---- rows one by one ---- */

static void fill_list(const struct filling *f, const uint16_t *rows, uint32_t n)
{
	struct cells *c = f->c;
	uint32_t i = 0, next;

	c->total += f->sign * (int64_t)n;
	for (; i < n; i = next) {
		uint64_t end, x = 0, y = 0;
		const struct block *at = f->s->blocks + rows[i] / 64;
		uint32_t cell = cell_of(f->a, block_within(at, f->whole) ? at->key : f->s->key[rows[i]], &end);

		next = f->p->k->sum_list(f->s->key, f->s->blocks, rows, i, n, end, f->near, &x, &y);
		touch(c, cell);
		c->n[cell] += f->sign * (int32_t)(next - i);
		c->x[cell] += f->sign > 0 ? x : -x;
		c->y[cell] += f->sign > 0 ? y : -y;
		for (uint32_t k = i; f->a->by != CELLS_PLAIN && k < next; k++)
			c->class_n[cell][class_of_row(f, rows[k])] += f->sign;
		if (!f->a->members)
			continue;
		if (f->sign > 0)
			member(f, cell, rows[i]);
		for (uint32_t k = i; f->sign < 0 && k < next; k++)
			if (f->s->key[rows[k]] == c->key[cell] && f->s->id[rows[k]] == c->id[cell])
				contest(f, cell);
	}
}

static void fill_some(struct filling *f, uint32_t from, uint32_t to)
{
	uint64_t masks[STRIPE];
	struct few few;

	if (plan_few(f->p, f->s, from, to, &few)) {
		fill_list(f, few.rows, few.n);
		return;
	}
	f->looked += to - from;
	while (from < to) {
		size_t blocks = plan_masks(f->p, f->s, from, to, masks);

		fill_masks(f, from & ~63u, masks, blocks);
		from = (from & ~63u) + (uint32_t)blocks * 64;
	}
}

static void fill_source(struct filling *f, const struct source *o)
{
	enum plan_fit fit = plan_segment(f->p, o->s);
	uint32_t from, to;

	if (fit == PLAN_NONE)
		return;
	source_range(o, f->a->first, f->a->last, &from, &to);
	if (from >= to)
		return;
	f->s = o->s;
	plan_clock(o->s, f->p->f->now, &f->clock_now, &f->clock_soon);
	f->slots = f->a->by == CELLS_BY_STATE && !(o->s->has_state[0] >> (STATE_SLOTS - 1)) && !o->s->has_state[1] && !o->s->has_state[2] &&
		   !o->s->has_state[3];
	if (f->a->by != CELLS_PLAIN)
		classes_of_segment(f);
	if (fit == PLAN_ALL)
		fill_whole(f, from, to);
	else
		fill_some(f, from, to);
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
		f->c->key[cell] = r.key;
		f->c->id[cell] = r.id;
	}
	walk_end(&w);
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
		h->plan[worker] = *h->own->p;   /* the filter is shared; what is said of a segment is not */
		*f = (struct filling){.c = cells_take(), .a = h->own->a, .p = &h->plan[worker], .sign = 1, .whole = h->own->whole, .near = h->own->near};
		cells_clear(f->c);
	}
	for (uint32_t k = from; k < from + PIECE && k < h->to; k++)
		fill_source(f, &h->v->v[k]);
}

static void cells_add(struct cells *to, const struct cells *c)
{
	to->total += c->total;
	for (uint32_t i = 0; i < CELLS / 64; i++)
		for (uint64_t m = c->touched[i]; m; m &= m - 1) {
			uint32_t cell = i * 64 + lowest(m);

			touch(to, cell);
			to->n[cell] += c->n[cell];
			to->x[cell] += c->x[cell];
			to->y[cell] += c->y[cell];
			for (unsigned k = 0; k < CELL_CLASSES; k++)
				to->class_n[cell][k] += c->class_n[cell][k];
			if (c->key[cell] < to->key[cell] || (c->key[cell] == to->key[cell] && c->id[cell] < to->id[cell])) {
				to->key[cell] = c->key[cell];
				to->id[cell] = c->id[cell];
			}
		}
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
			cells_add(f->c, h->worker[i].c);
			cells_give(h->worker[i].c);
		}
	free(h);
}

void cells_fill(struct cells *c, const struct points_view *v, struct plan *p, const struct cells_ask *a)
{
	struct filling f = {.c = c, .a = a, .p = p, .sign = 1, .whole = a->shift < 64 ? a->shift : 63, .near = a->shift > 4 ? a->shift - 4 : 0};
	uint32_t from, to;

	cells_clear(c);
	view_base(v, a->first, a->last, &from, &to);
	while (from < to && (f.looked < ALONE || to - from <= 2 * PIECE))
		fill_source(&f, &v->v[from++]);
	if (from < to)
		fill_shared(&f, v, from, to);
	for (uint32_t i = v->nbase; i < v->n; i++) {
		f.sign = i < v->nbase + v->nplus ? 1 : -1;
		if (v->v[i].first <= a->last && v->v[i].last >= a->first)
			fill_source(&f, &v->v[i]);
	}
	for (uint32_t i = 0; i < CELLS / 64; i++)
		for (uint64_t m = c->contested[i]; m; m &= m - 1) {
			uint32_t cell = i * 64 + (uint32_t)__builtin_ctzll(m);

			if (c->n[cell] > 0)
				settle(&f, v, cell);
		}
}
