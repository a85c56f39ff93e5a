#include "geo/points_fill.h"

/* ---- adding to a cell ---- */

/* A row that is there; `row` is the first of those that are added with it. */
static void member(const struct filling *f, uint32_t cell, uint32_t row)
{
	struct cell *c = &f->c->v[cell];
	uint64_t key;

	if (f->rank != RANK_NONE) {
		c->rank = f->rank + row < c->rank ? f->rank + row : c->rank;
		return;
	}
	if (f->s->block_key[row / 64] > c->key) /* as is nearly always so when the cell has one already */
		return;
	key = f->s->key[row];
	if (key < c->key || (key == c->key && f->s->id[row] < c->id)) {
		c->key = key;
		c->id = f->s->id[row];
	}
}

/* A row that is taken away. */
static void contest(const struct filling *f, uint32_t cell, uint32_t row)
{
	const struct cell *c = &f->c->v[cell];

	if (f->s->key[row] == c->key && f->s->id[row] == c->id)
		f->c->contested[cell >> 6] |= (uint64_t)1 << (cell & 63);
}

static unsigned class_of_row(const struct filling *f, uint32_t i)
{
	const struct seg *s = f->s;
	uint32_t now = f->p->f->now;

	if (f->a->by == CELLS_BY_STATE)
		return f->a->class_of[s->state[i]];
	if (f->p->colours)
		return colours_row(f->p->colours, s, i, now);
	if (s->clock[i] < f->clock_now)
		return s->clock[i] ? POINT_OVERDUE : POINT_NO_CLOCK;
	if (s->clock[i] > f->clock_soon)
		return POINT_IN_TIME;
	return (unsigned)seg_colour(s, i, now);
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
	if (f->a->by == CELLS_BY_COLOUR && f->p->colours) {
		colours_count(f->p->colours, f->s, first, masks, blocks, f->p->f->now, f->sign, f->c->class_n[cell]);
		return;
	}
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
	if (f->a->by == CELLS_BY_COLOUR && f->p->colours) {
		colours_range(f->p->colours, from, to, f->p->f->now, f->sign, f->c->class_n[cell]);
		return;
	}
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
	struct cell *c = &f->c->v[cell];
	uint64_t x, y;

	cell_touch(f, cell);
	c->n += f->sign * (int32_t)(to - from);
	if (f->a->sums) {
		sum_range(f, from, to, &x, &y);
		c->x += f->sign > 0 ? x : -x;
		c->y += f->sign > 0 ? y : -y;
	}
	classes_range(f, cell, from, to);
	if (!f->a->members)
		return;
	if (f->sign > 0) {
		member(f, cell, from);
	} else {
		uint32_t i = seg_lower(f->s, from, to, c->key, c->id);

		if (i < to)
			contest(f, cell, i);
	}
}

uint32_t cell_of(const struct cells_ask *a, uint64_t key, uint64_t *end)
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
	const struct seg *s = f->s;
	struct cell *c = &f->c->v[cell];
	uint64_t x = 0, y = 0, n;

	cell_touch(f, cell);
	n = f->a->sums ? f->p->k->sum(masks, s->key + first, s->spread + first / 64, s->mean + first / 64, blocks, f->near, &x, &y)
		       : f->p->k->count(masks, blocks);
	c->n += f->sign * (int32_t)n;
	f->c->total += f->sign * (int64_t)n;
	c->x += f->sign > 0 ? x : -x;
	c->y += f->sign > 0 ? y : -y;
	classes_masks(f, cell, first, masks, blocks, n);
	if (!f->a->members)
		return;
	if (f->sign > 0) { /* the first block has a bit */
		member(f, cell, first + (uint32_t)__builtin_ctzll(masks[0]));
		return;
	}
	for (size_t b = 0; b < blocks; b++)
		for (uint64_t m = masks[b]; m; m &= m - 1)
			contest(f, cell, first + (uint32_t)b * 64 + (uint32_t)__builtin_ctzll(m));
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
	const uint64_t *begins = f->s->block_key + first / 64;
	const uint8_t *spread = f->s->spread + first / 64;

	for (size_t b = 0; b < blocks;) {
		uint64_t end, part = 0;
		uint32_t cell;
		size_t last = b;

		if (masks[b] == 0) {
			b++;
			continue;
		}
		cell = cell_of(f->a, spread[b] <= f->whole ? begins[b] : key[b * 64 + lowest(masks[b])], &end);
		while (last < blocks && (masks[last] == 0 || begins[last + 1] < end || key[last * 64 + highest(masks[last])] < end))
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

/* Of a base segment, which only adds; places are found before: that waits for memory, and many can wait together. */
static void add_base(const struct filling *f, const struct placed *at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct cell *c = cell_touch(f, at->cell[i]);
		uint64_t rank = f->rank + at->row[i];

		c->n++;
		c->x += at->x[i];
		c->y += at->y[i];
		c->rank = rank < c->rank ? rank : c->rank;
	}
}

static void add_run(const struct filling *f, const struct placed *at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct cell *c = cell_touch(f, at->cell[i]);

		c->n += f->sign;
		c->x += f->sign > 0 ? at->x[i] : -(uint64_t)at->x[i];
		c->y += f->sign > 0 ? at->y[i] : -(uint64_t)at->y[i];
		if (!f->a->members)
			continue;
		if (f->sign > 0)
			member(f, at->cell[i], at->row[i]);
		else
			contest(f, at->cell[i], at->row[i]);
	}
}

static void fill_list(const struct filling *f, const uint16_t *rows, uint32_t n)
{
	struct placed at;

	f->c->total += f->sign * (int64_t)n;
	for (uint32_t i = 0; i < n; i += PLACED_MAX) {
		uint32_t some = n - i < PLACED_MAX ? n - i : PLACED_MAX;

		f->p->k->place_list(f->s->key, f->s->spread, f->s->mean, rows + i, some, f->a->first, f->whole, f->near, &at);
		if (f->rank == RANK_NONE)
			add_run(f, &at, some);
		else
			add_base(f, &at, some);
		for (uint32_t k = 0; f->a->by != CELLS_PLAIN && k < some; k++)
			f->c->class_n[at.cell[k]][class_of_row(f, at.row[k])] += f->sign;
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

void fill_source(struct filling *f, const struct source *o)
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
