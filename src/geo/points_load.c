/*
 * Filling a store at once: rows are gathered, put in order, and made into segments by as many processors as there are. Most of the time goes into memory: so what
 * is gathered stands on large pages and is not moved, and only keys are sorted.
 */
#include "geo/points_help.h"
#include "geo/points_view.h"

#define CHUNK ((size_t)1 << 20)        /* rows: 48 megabytes */
#define CHUNKS ((POINTS_MAX + CHUNK - 1) / CHUNK)

struct ordered { uint64_t key; uint32_t row; };

struct points_load {
	struct row *rows[CHUNKS];
	size_t n;
	uint64_t low, high;            /* keys of what is on the map */
	int64_t last;                  /* id */
	bool ascending;                /* ids, as is usual: then there are no two of the same */
};

static void *need(void *p, const char *what)
{
	if (p == NULL)
		BUG("no memory for %s of points", what);
	return p;
}

static struct row *row_at(const struct points_load *l, size_t i)
{
	return &l->rows[i / CHUNK][i % CHUNK];
}

void points_load_drop(struct points_load *l)
{
	for (size_t i = 0; l && i < CHUNKS; i++)
		free(l->rows[i]);
	free(l);
}

static struct points_load *load_new(void)
{
	struct points_load *l = need(calloc(1, sizeof(*l)), "rows");

	l->low = KEY_UNLOCATED;
	l->ascending = true;
	return l;
}

void points_load_begin(struct points *p)
{
	pthread_mutex_lock(&p->merge_lock);
	points_load_drop(p->load);
	p->load = load_new();
	pthread_mutex_unlock(&p->merge_lock);
}

enum err points_load_add(struct points *p, const struct point *rows, size_t n)
{
	struct points_load *l = p->load;

	if (l->n + n > POINTS_MAX)
		return ERR_TOO_MUCH;
	for (size_t i = 0; i < n; i++)
		if (rows[i].id < 1)
			return ERR_INPUT;
	for (size_t i = 0; i < n; i++, l->n++) {
		struct row *row;

		if (l->n % CHUNK == 0)
			l->rows[l->n / CHUNK] = need(large_alloc(CHUNK * sizeof(struct row)), "rows");
		row = row_at(l, l->n);
		row_from_point(row, &rows[i]);
		if (row->key != KEY_UNLOCATED) {
			l->low = row->key < l->low ? row->key : l->low;
			l->high = row->key > l->high ? row->key : l->high;
		}
		l->ascending &= row->id > l->last;
		l->last = row->id;
	}
	return OK;
}

/* ---- of rows with the same id only the last stays ---- */

struct named { int64_t id; uint32_t row; };

static int by_id_then_row(const void *x, const void *y)
{
	const struct named *a = x, *b = y;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static void keep_last(struct points_load *l)
{
	struct named *ids;
	size_t kept = 0;

	if (l->ascending)
		return;
	ids = need(malloc((l->n + 1) * sizeof(*ids)), "ids");
	for (size_t i = 0; i < l->n; i++)
		ids[i] = (struct named){row_at(l, i)->id, (uint32_t)i};
	qsort(ids, l->n, sizeof(*ids), by_id_then_row);
	for (size_t i = 0; i + 1 < l->n; i++)
		if (ids[i].id == ids[i + 1].id)
			row_at(l, ids[i].row)->id = 0;
	free(ids);
	for (size_t i = 0; i < l->n; i++)
		if (row_at(l, i)->id)
			*row_at(l, kept++) = *row_at(l, i);
	l->n = kept;
}

/* ---- the order of keys ---- */

#define AHEAD 16u          /* rows whose memory is asked for before it is needed */
#define BUCKETS 4096u      /* by what differs most; in the last what is not on the map */
#define BY_COMPARING 256u
#define DEALT ((size_t)1 << 18)  /* rows whose keys are dealt out at a time */

struct sorting {
	const struct points_load *l;
	int shift;
	uint32_t (*at)[BUCKETS];       /* of each piece: how many keys of each bucket, then where they go */
	uint32_t ends[BUCKETS];
	struct ordered *v;
	struct ordered *room[HELP_WORKERS]; size_t room_n[HELP_WORKERS];
};

static int by_key(const void *x, const void *y)
{
	const struct ordered *a = x, *b = y;

	return a->key != b->key ? (a->key < b->key ? -1 : 1) : a->row < b->row ? -1 : 1;
}

#define DIGITS 6

/* By what keys are above `low`, of which all but the lowest bits are the same: least significant digit first, 11 bits at a time. */
static void sort_digits(struct ordered *v, struct ordered *other, size_t n, uint64_t low, int bits)
{
	uint32_t at[DIGITS][2048];
	struct ordered *from = v, *to = other;
	int digits = (bits + 10) / 11;

	memset(at, 0, (size_t)digits * sizeof(*at));
	for (size_t i = 0; i < n; i++)
		for (int d = 0; d < digits; d++)
			at[d][(v[i].key - low) >> d * 11 & 2047]++;
	for (int d = 0; d < digits; d++) {
		struct ordered *swap = from;
		uint32_t sum = 0;

		if (at[d][(from[0].key - low) >> d * 11 & 2047] == n)
			continue;
		for (int i = 0; i < 2048; i++) {
			uint32_t count = at[d][i];

			at[d][i] = sum;
			sum += count;
		}
		for (size_t i = 0; i < n; i++)
			to[at[d][(from[i].key - low) >> d * 11 & 2047]++] = from[i];
		from = to;
		to = swap;
	}
	if (from != v)
		memcpy(v, from, n * sizeof(*v));
}

/* Rows on the same key stand in the order of ids: as they came, where those ascended. */
static void order_equal_keys(const struct points_load *l, struct ordered *v, size_t n)
{
	for (size_t i = 0, k; i < n; i = k) {
		struct named *ids;

		for (k = i + 1; k < n && v[k].key == v[i].key;)
			k++;
		if (k - i < 2)
			continue;
		ids = need(malloc((k - i) * sizeof(*ids)), "rows on one point");
		for (size_t j = i; j < k; j++)
			ids[j - i] = (struct named){row_at(l, v[j].row)->id, v[j].row};
		qsort(ids, k - i, sizeof(*ids), by_id_then_row);
		for (size_t j = i; j < k; j++)
			v[j].row = ids[j - i].row;
		free(ids);
	}
}

static void sort_bucket(void *arg, unsigned worker, size_t i)
{
	struct sorting *s = arg;
	size_t from = i ? s->ends[i - 1] : 0, n = s->ends[i] - from;

	if (i == BUCKETS - 1) {
		/* not on the map: all of one key */
	} else if (n > BY_COMPARING) {
		if (n > s->room_n[worker]) {
			free(s->room[worker]);
			s->room[worker] = need(malloc(n * sizeof(*s->v)), "an order");
			s->room_n[worker] = n;
		}
		sort_digits(s->v + from, s->room[worker], n, s->l->low, s->shift);
	} else if (n > 1) {
		qsort(s->v + from, n, sizeof(*s->v), by_key);
	}
	if (!s->l->ascending)
		order_equal_keys(s->l, s->v + from, n);
}

static uint32_t bucket(const struct sorting *s, uint64_t key)
{
	return key == KEY_UNLOCATED ? BUCKETS - 1 : (uint32_t)((key - s->l->low) >> s->shift);
}

/* A piece does not cross chunks. */
static const struct row *piece(const struct points_load *l, size_t i, size_t *n)
{
	*n = l->n - i * DEALT < DEALT ? l->n - i * DEALT : DEALT;
	return row_at(l, i * DEALT);
}

static void count_piece(void *arg, unsigned worker, size_t i)
{
	struct sorting *s = arg;
	size_t n;
	const struct row *rows = piece(s->l, i, &n);

	(void)worker;
	for (size_t k = 0; k < n; k++)
		s->at[i][bucket(s, rows[k].key)]++;
}

static void deal_piece(void *arg, unsigned worker, size_t i)
{
	struct sorting *s = arg;
	size_t n;
	const struct row *rows = piece(s->l, i, &n);

	(void)worker;
	for (size_t k = 0; k < n; k++)
		s->v[s->at[i][bucket(s, rows[k].key)]++] = (struct ordered){rows[k].key, (uint32_t)(i * DEALT + k)};
}

/* Dealt out by what differs most first, so that the rest is sorted in the nearest memory, and by several at a time. */
static struct ordered *sort_keys(const struct points_load *l)
{
	struct sorting *s = need(calloc(1, sizeof(*s)), "an order");
	size_t pieces = (l->n + DEALT - 1) / DEALT;
	struct ordered *v;
	uint32_t at = 0;

	s->l = l;
	s->v = need(large_alloc((l->n + 1) * sizeof(*s->v)), "an order");
	s->at = need(calloc(pieces + 1, sizeof(*s->at)), "an order");
	while (l->high > l->low && (l->high - l->low) >> s->shift >= BUCKETS - 1)
		s->shift++;
	help_load(pieces, count_piece, s);
	for (uint32_t b = 0; b < BUCKETS; b++) {
		for (size_t i = 0; i < pieces; i++) {
			uint32_t n = s->at[i][b];

			s->at[i][b] = at;
			at += n;
		}
		s->ends[b] = at;
	}
	help_load(pieces, deal_piece, s);
	help_load(BUCKETS, sort_bucket, s);
	for (unsigned i = 0; i < HELP_WORKERS; i++)
		free(s->room[i]);
	v = s->v;
	free(s->at);
	free(s);
	return v;
}

/* ---- segments ---- */

/* Segment by segment: rows gathered in the order of the curve. */
struct building {
	const struct points_load *l;
	const struct ordered *order;
	size_t pieces;
	struct seg **made;
	struct row *room[HELP_WORKERS];
};

static void build_piece(void *arg, unsigned worker, size_t i)
{
	struct building *b = arg;
	size_t from = b->l->n * i / b->pieces, to = b->l->n * (i + 1) / b->pieces;

	if (b->room[worker] == NULL)
		b->room[worker] = need(malloc((SEG_FILL + 1) * sizeof(struct row)), "a segment");
	for (size_t k = from; k < to; k++) {
		if (k + AHEAD < to)
			__builtin_prefetch(row_at(b->l, b->order[k + AHEAD].row));
		b->room[worker][k - from] = *row_at(b->l, b->order[k].row);
	}
	b->made[i] = seg_build(b->room[worker], (uint32_t)(to - from), true);
}

static void build_base(struct source_list *base, const struct points_load *l, const struct ordered *order)
{
	struct building b = {.l = l, .order = order, .pieces = (l->n + SEG_FILL - 1) / SEG_FILL};

	b.made = need(malloc((b.pieces + 1) * sizeof(*b.made)), "segments");
	help_load(b.pieces, build_piece, &b);
	for (size_t i = 0; i < b.pieces; i++)
		list_add(base, b.made[i], 0, b.made[i]->n, 0);
	for (unsigned i = 0; i < HELP_WORKERS; i++)
		free(b.room[i]);
	free(b.made);
}

/* ---- ids ---- */

/* First the entries of each segment by their shard, then shard by shard, each of which fits the nearest memory. */
struct homing { struct home *home; const struct source_list *base; struct home_batch *batch; };

#define SHARDS_AT_A_TIME 16u

static void home_segment(void *arg, unsigned worker, size_t i)
{
	struct homing *h = arg;
	const struct seg *s = h->base->v[i].s;

	(void)worker;
	home_batch(&h->batch[i], s->id, s->n, (uint32_t)i);
}

static void home_shards(void *arg, unsigned worker, size_t i)
{
	struct homing *h = arg;

	(void)worker;
	for (unsigned k = 0; k < SHARDS_AT_A_TIME; k++)
		home_add_batches(h->home, (unsigned)i * SHARDS_AT_A_TIME + k, h->batch, h->base->n);
}

static void home_fill(struct home *home, const struct source_list *base)
{
	struct homing h = {home, base, need(calloc(base->n + 1, sizeof(*h.batch)), "ids")};

	help_load(base->n, home_segment, &h);
	help_load(HOME_SHARDS / SHARDS_AT_A_TIME, home_shards, &h);
	for (uint32_t i = 0; i < base->n; i++)
		home_batch_release(&h.batch[i]);
	free(h.batch);
}

void points_replace(struct points *p, struct source_list *base, int64_t seq)
{
	struct home home;
	size_t rows = 0;

	for (uint32_t i = 0; i < base->n; i++)
		rows += base->v[i].s->n;
	home_init(&home, rows);
	home_fill(&home, base);
	pthread_mutex_lock(&p->lock);
	list_drop(&p->base);
	points_runs_drop(p);
	home_release(&p->home);
	recent_release(&p->recent);
	recent_init(&p->recent);
	memset(p->slots, 0, sizeof(p->slots));
	p->base = *base;
	p->home = home;
	for (uint32_t i = 0; i < base->n; i++) {
		p->base.v[i].slot = i;
		p->slots[i] = (struct slot){p->base.v[i].s, 0};
	}
	p->folding = false;
	p->rows = (int64_t)rows;
	p->seq = seq;
	points_publish(p);
	pthread_mutex_unlock(&p->lock);
}

enum err points_load_end(struct points *p, int64_t seq)
{
	struct source_list base = {NULL, 0, 0};
	struct ordered *order;

	pthread_mutex_lock(&p->merge_lock);
	keep_last(p->load);
	order = sort_keys(p->load);
	build_base(&base, p->load, order);
	free(order);
	points_load_drop(p->load);
	p->load = NULL;
	points_replace(p, &base, seq);
	pthread_mutex_unlock(&p->merge_lock);
	return OK;
}

enum err points_load(struct points *p, const struct point *rows, size_t n, int64_t seq)
{
	enum err e;

	points_load_begin(p);
	e = points_load_add(p, rows, n);
	return e == OK ? points_load_end(p, seq) : e;
}
