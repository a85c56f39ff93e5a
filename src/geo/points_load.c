/* Filling a store at once: rows are gathered, put in order, and made into segments by as many processors as there are. */
#include "geo/points_help.h"
#include "geo/points_view.h"

static void *need(void *p, const char *what)
{
	if (p == NULL)
		BUG("no memory for %s of points", what);
	return p;
}

void points_load_begin(struct points *p)
{
	pthread_mutex_lock(&p->merge_lock);
	free(p->load);
	p->load = NULL;
	p->nload = p->load_cap = 0;
	pthread_mutex_unlock(&p->merge_lock);
}

enum err points_load_add(struct points *p, const struct point *rows, size_t n)
{
	if (p->nload + n > POINTS_MAX)
		return ERR_TOO_MUCH;
	for (size_t i = 0; i < n; i++)
		if (rows[i].id < 1)
			return ERR_INPUT;
	if (p->nload + n > p->load_cap) {
		p->load_cap = (p->nload + n) * 3 / 2 + 1024;
		p->load = need(realloc(p->load, p->load_cap * sizeof(*p->load)), "rows");
	}
	for (size_t i = 0; i < n; i++)
		row_from_point(&p->load[p->nload++], &rows[i]);
	return OK;
}

#define AHEAD 16u  /* rows and entries whose memory is asked for before it is needed */

struct ordered { uint64_t key; uint32_t row; };

static int by_key(const void *x, const void *y)
{
	const struct ordered *a = x, *b = y;

	return a->key != b->key ? (a->key < b->key ? -1 : 1) : a->row < b->row ? -1 : 1;
}

/* Least significant digit first, 11 bits at a time; digits that are all the same are passed over. */
static void sort_digits(struct ordered *v, struct ordered *other, size_t n)
{
	struct ordered *from = v, *to = other;
	uint64_t differ = 0;

	for (size_t i = 1; i < n; i++)
		differ |= v[i].key ^ v[0].key;
	for (int shift = 0; shift < 64; shift += 11) {
		uint32_t at[2049] = {0};
		struct ordered *swap = from;

		if ((differ >> shift & 2047) == 0)
			continue;
		for (size_t i = 0; i < n; i++)
			at[(from[i].key >> shift & 2047) + 1]++;
		for (int i = 0; i < 2048; i++)
			at[i + 1] += at[i];
		for (size_t i = 0; i < n; i++)
			to[at[from[i].key >> shift & 2047]++] = from[i];
		from = to;
		to = swap;
	}
	if (from != v)
		memcpy(v, from, n * sizeof(*v));
}

#define BUCKETS 4096u
#define BY_COMPARING 256u

struct sorting { struct ordered *v, *other; uint32_t ends[BUCKETS + 1]; };

static void sort_bucket(void *arg, unsigned worker, size_t i)
{
	struct sorting *s = arg;
	size_t from = i ? s->ends[i - 1] : 0, n = s->ends[i] - from;

	(void)worker;
	if (n > BY_COMPARING)
		sort_digits(s->v + from, s->other + from, n);
	else if (n > 1)
		qsort(s->v + from, n, sizeof(*s->v), by_key);
}

/* Dealt out by what differs most first, so that the rest is sorted in the nearest memory, and by several at a time. The result is where `other` was. */
static struct ordered *sort_keys(struct ordered *v, struct ordered *other, size_t n)
{
	struct sorting *s = need(calloc(1, sizeof(*s)), "an order");
	uint64_t low = KEY_UNLOCATED, high = 0;
	int shift = 0;

	for (size_t i = 0; i < n; i++)
		if (v[i].key != KEY_UNLOCATED) {
			low = v[i].key < low ? v[i].key : low;
			high = v[i].key > high ? v[i].key : high;
		}
	while (high > low && (high - low) >> shift >= BUCKETS - 1)
		shift++;
#define BUCKET(key) ((key) == KEY_UNLOCATED ? BUCKETS - 1 : (size_t)(((key) - low) >> shift))
	for (size_t i = 0; i < n; i++)
		s->ends[BUCKET(v[i].key) + 1]++;
	for (size_t i = 0; i < BUCKETS; i++)
		s->ends[i + 1] += s->ends[i];
	for (size_t i = 0; i < n; i++)
		other[s->ends[BUCKET(v[i].key)]++] = v[i];
#undef BUCKET
	s->v = other;
	s->other = v;
	help_load(BUCKETS, sort_bucket, s);
	free(s);
	return other;
}

static int by_id_then_place(const void *x, const void *y)
{
	const struct { int64_t id; uint32_t row; } *a = x, *b = y;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

/* Of rows with the same id only the last stays. Rows in ascending order of ids, the usual case, need no sorting. */
static size_t keep_last(struct row *v, size_t n)
{
	struct { int64_t id; uint32_t row; } *ids;
	size_t kept = 0, i = 1;

	while (i < n && v[i].id > v[i - 1].id)
		i++;
	if (i >= n)
		return n;
	ids = need(malloc(n * sizeof(*ids)), "ids");
	for (i = 0; i < n; i++) {
		ids[i].id = v[i].id;
		ids[i].row = (uint32_t)i;
	}
	qsort(ids, n, sizeof(*ids), by_id_then_place);
	for (i = 0; i + 1 < n; i++)
		if (ids[i].id == ids[i + 1].id)
			v[ids[i].row].id = 0;
	free(ids);
	for (i = 0; i < n; i++)
		if (v[i].id)
			v[kept++] = v[i];
	return kept;
}

static int by_row_id(const void *x, const void *y)
{
	return row_cmp(x, y);
}

/* Segment by segment: rows gathered in the order of the curve. */
struct building { const struct row *rows; const struct ordered *order; size_t n, pieces; struct seg **made; struct row *room[HELP_WORKERS]; };

static void build_piece(void *arg, unsigned worker, size_t i)
{
	struct building *b = arg;
	size_t from = b->n * i / b->pieces, to = b->n * (i + 1) / b->pieces;

	if (b->room[worker] == NULL)
		b->room[worker] = need(malloc((SEG_FILL + 1) * sizeof(struct row)), "a segment");
	for (size_t k = from; k < to; k++) {
		if (k + AHEAD < to)
			__builtin_prefetch(&b->rows[b->order[k + AHEAD].row]);
		b->room[worker][k - from] = b->rows[b->order[k].row];
	}
	b->made[i] = seg_build(b->room[worker], (uint32_t)(to - from), true);
}

static void build_base(struct source_list *base, const struct row *rows, const struct ordered *order, size_t n)
{
	struct building b = {.rows = rows, .order = order, .n = n, .pieces = (n + SEG_FILL - 1) / SEG_FILL};

	b.made = need(malloc((b.pieces + 1) * sizeof(*b.made)), "segments");
	help_load(b.pieces, build_piece, &b);
	for (size_t i = 0; i < b.pieces; i++)
		list_add(base, b.made[i], 0, b.made[i]->n, 0);
	for (unsigned i = 0; i < HELP_WORKERS; i++)
		free(b.room[i]);
	free(b.made);
}

/* Rows on the same key stand in the order of ids: only there the order of the sort by key is not enough. */
static void order_equal_keys(const struct row *rows, struct ordered *order, size_t n)
{
	for (size_t i = 0, k; i < n; i = k) {
		struct row *v;

		for (k = i + 1; k < n && order[k].key == order[i].key;)
			k++;
		if (k - i < 2)
			continue;
		v = need(malloc((k - i) * sizeof(*v)), "rows on one point");
		for (size_t j = i; j < k; j++) {
			v[j - i] = rows[order[j].row];
			v[j - i].created = order[j].row;    /* only carried along here */
		}
		qsort(v, k - i, sizeof(*v), by_row_id);
		for (size_t j = i; j < k; j++)
			order[j].row = v[j - i].created;
		free(v);
	}
}

/* Ids into the table of homes, by a part of its shards each. */
struct homing { struct home *home; const struct source_list *base; };

#define HOME_PARTS 2u  /* each reads all ids */

static void home_part(void *arg, unsigned worker, size_t part)
{
	struct homing *h = arg;
	int64_t next[AHEAD];       /* asked for, not yet written */
	uint32_t slots[AHEAD], n = 0;

	(void)worker;
	for (uint32_t i = 0; i < h->base->n; i++) {
		const struct seg *s = h->base->v[i].s;

		for (uint32_t k = 0; k < s->n; k++) {
			if (home_shard(s->id[k]) % HOME_PARTS != part)
				continue;
			if (n >= AHEAD)
				home_add(h->home, next[n % AHEAD], slots[n % AHEAD]);
			home_prefetch(h->home, s->id[k]);
			next[n % AHEAD] = s->id[k];
			slots[n++ % AHEAD] = i;
		}
	}
	for (uint32_t k = n > AHEAD ? n - AHEAD : 0; k < n; k++)
		home_add(h->home, next[k % AHEAD], slots[k % AHEAD]);
}

void points_replace(struct points *p, struct source_list *base, int64_t seq)
{
	struct home home;
	size_t rows = 0;

	for (uint32_t i = 0; i < base->n; i++)
		rows += base->v[i].s->n;
	home_init(&home, rows);
	help_load(HOME_PARTS, home_part, &(struct homing){&home, base});
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
	struct ordered *order, *sorted;
	size_t n;

	pthread_mutex_lock(&p->merge_lock);
	n = keep_last(p->load, p->nload);
	order = need(malloc((n + 1) * 2 * sizeof(*order)), "an order");
	for (size_t i = 0; i < n; i++)
		order[i] = (struct ordered){p->load[i].key, (uint32_t)i};
	sorted = sort_keys(order, order + n, n);
	order_equal_keys(p->load, sorted, n);
	build_base(&base, p->load, sorted, n);
	free(order);
	free(p->load);
	p->load = NULL;
	p->nload = p->load_cap = 0;
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
