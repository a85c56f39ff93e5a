/* The store: views, batches, loading. How runs are merged stands in points_merge.c, how questions are answered in points_query.c and tile.c. */
#include "geo/points.h"

#include "geo/points_colour.h"
#include "geo/points_view.h"

static void *need(void *p, const char *what)
{
	if (p == NULL)
		BUG("no memory for %s of points", what);
	return p;
}

/* ---- sources ---- */

void list_add(struct source_list *l, struct seg *s, uint32_t from, uint32_t to, uint32_t slot)
{
	if (from >= to) {
		seg_drop(s);
		return;
	}
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 8;
		l->v = need(realloc(l->v, l->cap * sizeof(*l->v)), "a list");
	}
	l->v[l->n++] = (struct source){s, from, to, slot, s->key[from], s->key[to - 1]};
}

void list_drop(struct source_list *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		seg_drop(l->v[i].s);
	free(l->v);
	*l = (struct source_list){NULL, 0, 0};
}

void segs_from_rows(struct source_list *l, const struct row *rows, size_t n, uint32_t fill, bool whole)
{
	size_t pieces = (n + fill - 1) / fill;

	/* pieces of equal size: the last is not a crumb */
	for (size_t i = 0; i < pieces; i++) {
		size_t from = n * i / pieces, to = n * (i + 1) / pieces;
		struct seg *s = seg_build(rows + from, (uint32_t)(to - from), whole);

		list_add(l, s, 0, s->n, 0);
	}
}

/* ---- views ---- */

struct points_view *points_view(struct points *p)
{
	struct points_view *v;

	pthread_mutex_lock(&p->view_lock);
	v = p->view;
	atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
	pthread_mutex_unlock(&p->view_lock);
	return v;
}

void points_view_end(struct points_view *v)
{
	if (atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (uint32_t i = 0; i < v->n; i++)
		seg_drop(v->v[i].s);
	free(v);
}

int64_t points_view_seq(const struct points_view *v)
{
	return v->seq;
}

uint64_t points_view_version(const struct points_view *v)
{
	return v->version;
}

int64_t points_view_rows(const struct points_view *v)
{
	return v->rows;
}

static void view_add(struct points_view *v, const struct source_list *l)
{
	for (uint32_t i = 0; i < l->n; i++) {
		v->v[v->n] = l->v[i];
		seg_hold(v->v[v->n++].s);
	}
}

void points_publish(struct points *p)
{
	uint32_t n = p->base.n;
	struct points_view *v, *old;

	for (uint32_t i = 0; i < p->nruns; i++)
		n += p->runs[i].plus.n + p->runs[i].minus.n;
	v = need(malloc(sizeof(*v) + n * sizeof(v->v[0])), "a view");
	v->version = ++p->version;
	v->seq = p->seq;
	v->rows = p->rows;
	v->coarse = p->coarse;
	v->n = 0;
	atomic_init(&v->refs, 1);
	view_add(v, &p->base);
	v->nbase = v->n;
	for (uint32_t i = 0; i < p->nruns; i++)
		view_add(v, &p->runs[i].plus);
	v->nplus = v->n - v->nbase;
	for (uint32_t i = 0; i < p->nruns; i++)
		view_add(v, &p->runs[i].minus);
	pthread_mutex_lock(&p->view_lock);
	old = p->view;
	p->view = v;
	pthread_mutex_unlock(&p->view_lock);
	if (old)
		points_view_end(old);
}

void view_base(const struct points_view *v, uint64_t first, uint64_t last, uint32_t *from, uint32_t *to)
{
	uint32_t low = 0, high = v->nbase;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (v->v[mid].last < first)
			low = mid + 1;
		else
			high = mid;
	}
	*from = low;
	while (low < v->nbase && v->v[low].first <= last)
		low++;
	*to = low;
}

/* ---- life ---- */

static void *merger(void *arg)
{
	struct points *p = arg;

	for (;;) {
		pthread_mutex_lock(&p->lock);
		while (!p->stop && !merge_wanted(p))
			pthread_cond_wait(&p->wake, &p->lock);
		if (p->stop) {
			pthread_mutex_unlock(&p->lock);
			return NULL;
		}
		pthread_mutex_unlock(&p->lock);
		pthread_mutex_lock(&p->merge_lock);
		merge_step(p, false);
		pthread_mutex_unlock(&p->merge_lock);
	}
}

struct points *points_new(const struct points_options *o)
{
	struct points *p = need(calloc(1, sizeof(*p)), "a store");

	pthread_mutex_init(&p->view_lock, NULL);
	pthread_mutex_init(&p->lock, NULL);
	pthread_mutex_init(&p->merge_lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	p->coarse = o && o->coarse ? o->coarse : 18;
	if (p->coarse > 31)
		p->coarse = 31;
	home_init(&p->home, 0);
	recent_init(&p->recent);
	points_publish(p);
	p->threaded = !(o && o->no_thread) && pthread_create(&p->thread, NULL, merger, p) == 0;
	return p;
}

void points_runs_drop(struct points *p)
{
	for (uint32_t i = 0; i < p->nruns; i++) {
		list_drop(&p->runs[i].plus);
		list_drop(&p->runs[i].minus);
	}
	p->nruns = 0;
}

void points_free(struct points *p)
{
	if (p == NULL)
		return;
	if (p->threaded) {
		pthread_mutex_lock(&p->lock);
		p->stop = true;
		pthread_cond_signal(&p->wake);
		pthread_mutex_unlock(&p->lock);
		pthread_join(p->thread, NULL);
	}
	points_view_end(p->view);
	list_drop(&p->base);
	points_runs_drop(p);
	free(p->runs);
	home_release(&p->home);
	recent_release(&p->recent);
	free(p->plus);
	free(p->minus);
	points_load_drop(p->load);
	pthread_mutex_destroy(&p->view_lock);
	pthread_mutex_destroy(&p->lock);
	pthread_mutex_destroy(&p->merge_lock);
	pthread_cond_destroy(&p->wake);
	free(p);
}

uint32_t points_slot(struct points *p, struct seg *s)
{
	for (uint32_t i = 0; i < HOME_SLOTS_MAX - 1; i++)
		if (p->slots[i].s == NULL) {
			p->slots[i] = (struct slot){s, 0};
			return i;
		}
	BUG("more than %d segments of points", HOME_SLOTS_MAX);
}

/* ---- batches ---- */

static int by_row_id(const void *x, const void *y)
{
	return row_cmp(x, y);
}

/* The row that counts now. */
static bool current(const struct points *p, int64_t id, struct row *out)
{
	const struct recent_entry *r = recent_get(&p->recent, id);
	uint32_t at = 0, slot;

	if (r) {
		*out = r->row;
		return !r->gone;
	}
	while (home_next(&p->home, id, &at, &slot)) {
		const struct seg *s = p->slots[slot].s;
		uint32_t i = s ? seg_find(s, id) : 0;

		if (s && i < s->n && i >= p->slots[slot].from) {
			seg_get(s, i, out);
			return true;
		}
	}
	return false;
}

static void batch_add(struct row **v, uint32_t *n, uint32_t *cap, const struct row *r)
{
	if (*n == *cap) {
		*cap = *cap ? *cap * 2 : 64;
		*v = need(realloc(*v, *cap * sizeof(**v)), "a batch");
	}
	(*v)[(*n)++] = *r;
}

static void put_row(struct points *p, const struct row *r)
{
	struct row old;

	if (current(p, r->id, &old)) {
		if (memcmp(&old, r, sizeof(old)) == 0)
			return;
		batch_add(&p->minus, &p->nminus, &p->minus_cap, &old);
	} else {
		p->rows++;
	}
	batch_add(&p->plus, &p->nplus, &p->plus_cap, r);
	*recent_put(&p->recent, r->id) = (struct recent_entry){.row = *r, .stamp = p->stamp};
}

static void remove_row(struct points *p, int64_t id)
{
	struct row old;

	if (!current(p, id, &old))
		return;
	batch_add(&p->minus, &p->nminus, &p->minus_cap, &old);
	*recent_put(&p->recent, id) = (struct recent_entry){.row.id = id, .gone = true, .stamp = p->stamp};
	p->rows--;
}

/* What was collected becomes the newest run. */
static void batch_end(struct points *p)
{
	size_t nplus = p->nplus, nminus = p->nminus;
	struct run run = {.rows = 0};

	if (nplus)
		qsort(p->plus, nplus, sizeof(*p->plus), by_row_id);
	if (nminus)
		qsort(p->minus, nminus, sizeof(*p->minus), by_row_id);
	rows_cancel(p->plus, &nplus, p->minus, &nminus);
	p->nplus = p->nminus = 0;
	if (nplus + nminus == 0) {
		for (int i = 0; p->nruns == 0 && i < RECENT_SHARDS; i++)
			recent_drop(&p->recent, i, p->stamp);
		return;
	}
	segs_from_rows(&run.plus, p->plus, nplus, SEG_FILL, false);
	segs_from_rows(&run.minus, p->minus, nminus, SEG_FILL, false);
	run.rows = (uint32_t)(nplus + nminus);
	run.stamp = p->stamp;
	if (p->nruns == p->runs_cap) {
		p->runs_cap = p->runs_cap ? p->runs_cap * 2 : 32;
		p->runs = need(realloc(p->runs, p->runs_cap * sizeof(*p->runs)), "runs");
	}
	p->runs[p->nruns++] = run;
	merge_small(p);
}

/* The segment that may hold the id. */
static const struct seg *likely(const struct points *p, int64_t id)
{
	uint32_t at = 0, slot;

	return home_next(&p->home, id, &at, &slot) ? p->slots[slot].s : NULL;
}

/*
 * Where a row is now takes four looks into memory, one after another. Ids that come later are looked for a step at a time while earlier ones are dealt
 * with, so that the looks of many rows run side by side.
 */
static void look_ahead(const struct points *p, const struct point *rows, size_t i, size_t n)
{
	const struct seg *s;

	if (i + 18 < n) {
		recent_prefetch(&p->recent, rows[i + 18].id);
		home_prefetch(&p->home, rows[i + 18].id);
	}
	if (i + 12 < n && (s = likely(p, rows[i + 12].id)))
		seg_prefetch_find(s, rows[i + 12].id);
	if (i + 6 < n && (s = likely(p, rows[i + 6].id))) {
		uint32_t row = seg_find(s, rows[i + 6].id);

		if (row < s->n)
			seg_prefetch_row(s, row);
	}
}

/* So many rows at a time, so that no batch holds the lock for long. */
#define BATCH 4096

enum err points_apply(struct points *p, const struct point *rows, size_t n, const int64_t *gone, size_t ngone, int64_t seq)
{
	struct row r;
	bool more = true;

	for (size_t i = 0; i < n; i++)
		if (rows[i].id < 1)
			return ERR_INPUT;
	atomic_fetch_add_explicit(&p->waiting, 1, memory_order_relaxed);
	pthread_mutex_lock(&p->lock);
	atomic_fetch_sub_explicit(&p->waiting, 1, memory_order_relaxed);
	if ((uint64_t)p->rows + n > POINTS_MAX) {
		pthread_mutex_unlock(&p->lock);
		return ERR_TOO_MUCH;
	}
	for (size_t i = 0, k = 0; more;) {
		while (i < n && p->nplus + p->nminus < BATCH) {
			look_ahead(p, rows, i, n);
			row_from_point(&r, &rows[i++]);
			put_row(p, &r);
		}
		while (i == n && k < ngone && p->nplus + p->nminus < BATCH)
			remove_row(p, gone[k++]);
		more = i < n || k < ngone;
		batch_end(p);
		p->stamp++;
	}
	p->seq = seq;
	points_publish(p);
	more = merge_wanted(p);
	if (p->threaded && more)
		pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
	if (!p->threaded && more) {
		pthread_mutex_lock(&p->merge_lock);
		while (merge_step(p, false))
			;
		pthread_mutex_unlock(&p->merge_lock);
	}
	return OK;
}

bool points_get(struct points *p, int64_t id, struct point *out)
{
	struct row r;
	bool there;

	pthread_mutex_lock(&p->lock);
	there = current(p, id, &r);
	pthread_mutex_unlock(&p->lock);
	if (there)
		row_to_point(out, &r);
	return there;
}

/* ---- care ---- */

void points_settle(struct points *p)
{
	pthread_mutex_lock(&p->merge_lock);
	while (merge_step(p, true))
		;
	pthread_mutex_unlock(&p->merge_lock);
}

static uint32_t renumbered(uint32_t place, const uint32_t *to, size_t n)
{
	return place < n ? to[place] : POINTS_PLACE_NONE;
}

static void renumber_list(struct points *p, struct source_list *l, bool base, const uint32_t *to, size_t n)
{
	struct row *rows = need(malloc(SEG_MAX * sizeof(*rows)), "rows");

	for (uint32_t i = 0; i < l->n; i++) {
		struct source *o = &l->v[i];
		struct seg *old = o->s;
		uint32_t count = o->to - o->from;

		for (uint32_t k = 0; k < count; k++) {
			seg_get(old, o->from + k, &rows[k]);
			rows[k].place = renumbered(rows[k].place, to, n);
		}
		o->s = seg_build(rows, count, base);
		o->from = 0;
		o->to = count;
		if (base)
			p->slots[o->slot] = (struct slot){o->s, 0};
		seg_drop(old);
	}
	free(rows);
}

enum err points_renumber(struct points *p, const uint32_t *to, size_t n)
{
	pthread_mutex_lock(&p->merge_lock);
	pthread_mutex_lock(&p->lock);
	renumber_list(p, &p->base, true, to, n);
	for (uint32_t i = 0; i < p->nruns; i++) {
		renumber_list(p, &p->runs[i].plus, false, to, n);
		renumber_list(p, &p->runs[i].minus, false, to, n);
	}
	for (int i = 0; i < RECENT_SHARDS; i++) {
		struct recent_shard *s = &p->recent.shard[i];

		for (uint32_t k = 0; k < s->used; k++) {
			struct recent_entry *e = recent_at(s, k);

			if (e->row.id && !e->gone)
				e->row.place = renumbered(e->row.place, to, n);
		}
	}
	points_publish(p);
	pthread_mutex_unlock(&p->lock);
	pthread_mutex_unlock(&p->merge_lock);
	return OK;
}

void points_stats(struct points *p, struct points_stats *out)
{
	pthread_mutex_lock(&p->lock);
	*out = (struct points_stats){.rows = p->rows, .seq = p->seq, .version = p->version, .segments = (int)p->base.n, .runs = (int)p->nruns};
	out->bytes = sizeof(*p) + home_bytes(&p->home) + recent_bytes(&p->recent) + p->plus_cap * sizeof(*p->plus) + p->minus_cap * sizeof(*p->minus);
	for (uint32_t i = 0; i < p->base.n; i++)
		out->bytes += p->base.v[i].s->bytes + colours_bytes(p->base.v[i].s) + sizeof(struct source) * 2;
	for (uint32_t i = 0; i < p->nruns; i++) {
		out->pending += p->runs[i].rows;
		for (uint32_t k = 0; k < p->runs[i].plus.n; k++)
			out->bytes += p->runs[i].plus.v[k].s->bytes;
		for (uint32_t k = 0; k < p->runs[i].minus.n; k++)
			out->bytes += p->runs[i].minus.v[k].s->bytes;
	}
	pthread_mutex_unlock(&p->lock);
}
