/*
 * Merging. A batch makes a small run; eight small ones become one at once, in the writer's time, since that is less than a millisecond. Larger ones
 * the thread merges, and when enough rows are pending it folds all that is old into the base, one segment after another: whatever is read was made
 * by a whole step, and the lock is held only to put the new segment in its place and, in slices, to note where its rows are.
 */
#include <sched.h>

#include "geo/points_view.h"

#define FEW 8u
#define SMALL_ROWS 512u            /* runs below are merged by the writer */
#define MID_ROWS 65536u            /* runs below are merged by the thread */
#define FOLD_ROWS 8192u            /* of each sign in one step */
#define FOLD_MIN 16384u
#define FOLD_MAX 524288u

static void *need(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (p == NULL)
		BUG("no memory for merging points");
	return p;
}

/* ---- rows ---- */

static int by_content(const void *x, const void *y)
{
	return memcmp(x, y, sizeof(struct row));
}

static size_t group(const struct row *v, size_t i, size_t n, const struct row *like)
{
	size_t k = i;

	while (k < n && row_cmp(&v[k], like) == 0)
		k++;
	return k - i;
}

void rows_cancel(struct row *plus, size_t *nplus, struct row *minus, size_t *nminus)
{
	size_t i = 0, k = 0, ip = 0, km = 0;

	while (i < *nplus || k < *nminus) {
		int c = i == *nplus ? 1 : k == *nminus ? -1 : row_cmp(&plus[i], &minus[k]);
		size_t np, nm, ei, ek;

		if (c < 0) {
			plus[ip++] = plus[i++];
			continue;
		}
		if (c > 0) {
			minus[km++] = minus[k++];
			continue;
		}
		np = group(plus, i, *nplus, &plus[i]);
		nm = group(minus, k, *nminus, &plus[i]);
		if (np > 1)
			qsort(plus + i, np, sizeof(*plus), by_content);
		if (nm > 1)
			qsort(minus + k, nm, sizeof(*minus), by_content);
		for (ei = i + np, ek = k + nm; i < ei || k < ek;) {
			c = i == ei ? 1 : k == ek ? -1 : by_content(&plus[i], &minus[k]);
			if (c < 0)
				plus[ip++] = plus[i++];
			else if (c > 0)
				minus[km++] = minus[k++];
			else
				i++, k++;
		}
	}
	*nplus = ip;
	*nminus = km;
}

struct rows { struct row *v; size_t n; };

static size_t list_rows(const struct source_list *l)
{
	size_t n = 0;

	for (uint32_t i = 0; i < l->n; i++)
		n += l->v[i].to - l->v[i].from;
	return n;
}

static size_t list_get(const struct source_list *l, struct row *to)
{
	size_t n = 0;

	for (uint32_t i = 0; i < l->n; i++)
		for (uint32_t k = l->v[i].from; k < l->v[i].to; k++)
			seg_get(l->v[i].s, k, &to[n++]);
	return n;
}

static size_t merge_two(const struct row *a, size_t na, const struct row *b, size_t nb, struct row *to)
{
	size_t i = 0, k = 0, n = 0;

	while (i < na && k < nb)
		to[n++] = row_cmp(&a[i], &b[k]) <= 0 ? a[i++] : b[k++];
	while (i < na)
		to[n++] = a[i++];
	while (k < nb)
		to[n++] = b[k++];
	return n;
}

/* Pieces that are in order each, one behind the other: pairs are merged until one is left. ends[i]: index behind piece i. */
static struct rows merge_pieces(struct rows all, size_t *ends, size_t n)
{
	struct row *other = need(all.n * sizeof(*other));

	while (n > 1) {
		size_t out = 0, from = 0;
		struct row *swap = all.v;

		for (size_t i = 0; i < n; i += 2) {
			size_t mid = ends[i], end = i + 1 < n ? ends[i + 1] : mid;

			merge_two(all.v + from, mid - from, all.v + mid, end - mid, other + from);
			ends[out++] = end;
			from = end;
		}
		n = out;
		all.v = other;
		other = swap;
	}
	free(other);
	return all;
}

/* All rows of one sign of several runs, in order. */
static struct rows gather(const struct run *runs, uint32_t n, bool minus)
{
	size_t *ends = need(n * sizeof(*ends)), total = 0;
	struct rows all;

	for (uint32_t i = 0; i < n; i++)
		total += list_rows(minus ? &runs[i].minus : &runs[i].plus);
	all = (struct rows){need(total * sizeof(*all.v)), total};
	total = 0;
	for (uint32_t i = 0; i < n; i++) {
		total += list_get(minus ? &runs[i].minus : &runs[i].plus, all.v + total);
		ends[i] = total;
	}
	all = merge_pieces(all, ends, n);
	free(ends);
	return all;
}

/* ---- runs into one ---- */

static struct run merged(const struct run *runs, uint32_t n)
{
	struct rows plus = gather(runs, n, false), minus = gather(runs, n, true);
	struct run out = {.rows = 0};

	rows_cancel(plus.v, &plus.n, minus.v, &minus.n);
	segs_from_rows(&out.plus, plus.v, plus.n, SEG_FILL, false);
	segs_from_rows(&out.minus, minus.v, minus.n, SEG_FILL, false);
	out.rows = (uint32_t)(plus.n + minus.n);
	for (uint32_t i = 0; i < n; i++)
		if (runs[i].stamp > out.stamp)
			out.stamp = runs[i].stamp;
	free(plus.v);
	free(minus.v);
	return out;
}

/* An empty run stays: its stamp says up to where changes have been dealt with. */
static void put_merged(struct points *p, uint32_t at, uint32_t n, struct run run)
{
	for (uint32_t i = at; i < at + n; i++) {
		list_drop(&p->runs[i].plus);
		list_drop(&p->runs[i].minus);
	}
	p->runs[at] = run;
	memmove(&p->runs[at + 1], &p->runs[at + n], (p->nruns - at - n) * sizeof(*p->runs));
	p->nruns -= n - 1;
}

static uint32_t run_class(uint32_t rows)
{
	return rows < 8 ? 0 : rows < 64 ? 1 : rows < SMALL_ROWS ? 2 : 3;
}

void merge_small(struct points *p)
{
	for (uint32_t c = 0; c < 3; c++) {
		uint32_t n = 0;

		while (n < p->nruns && !p->runs[p->nruns - 1 - n].busy && run_class(p->runs[p->nruns - 1 - n].rows) <= c)
			n++;
		if (n >= FEW)
			put_merged(p, p->nruns - n, n, merged(&p->runs[p->nruns - n], n));
	}
}

/* ---- what the thread does ---- */

static uint32_t fold_threshold(const struct points *p)
{
	int64_t n = p->rows / 16;

	return n < FOLD_MIN ? FOLD_MIN : n > FOLD_MAX ? FOLD_MAX : (uint32_t)n;
}

/* The oldest runs, without the small ones at the end that the writer may still merge. */
static uint32_t old_runs(const struct points *p, uint64_t *rows)
{
	uint32_t n = p->nruns;

	*rows = 0;
	while (n > 0 && p->runs[n - 1].rows < SMALL_ROWS)
		n--;
	for (uint32_t i = 0; i < n; i++)
		*rows += p->runs[i].rows;
	return n;
}

/* The last of the old runs that are not large: [from, from + n). */
static uint32_t mid_runs(const struct points *p, uint32_t old, uint32_t *from)
{
	uint32_t n = 0;

	while (n < old && p->runs[old - 1 - n].rows < MID_ROWS)
		n++;
	*from = old - n;
	return n;
}

bool merge_wanted(const struct points *p)
{
	uint64_t rows;
	uint32_t old = old_runs(p, &rows), from;

	return p->folding || rows >= fold_threshold(p) || mid_runs(p, old, &from) >= FEW;
}

/* Merges runs [from, from + n) without holding the lock meanwhile: nobody else touches runs that are busy, and they stay where they are. */
static void merge_runs(struct points *p, uint32_t from, uint32_t n)
{
	struct run *copy = need(n * sizeof(*copy)), run;

	for (uint32_t i = 0; i < n; i++) {
		p->runs[from + i].busy = true;
		copy[i] = p->runs[from + i];
	}
	pthread_mutex_unlock(&p->lock);
	run = merged(copy, n);
	free(copy);
	pthread_mutex_lock(&p->lock);
	put_merged(p, from, n, run);
	points_publish(p);
}

/* ---- folding the oldest run into the base ---- */

struct fold {
	uint32_t at;                    /* base source */
	bool none;                      /* there is no base yet */
	struct row bound;               /* rows before it are dealt with now */
	bool bounded;
	uint32_t cut;                   /* row of the base source where the bound falls */
	uint32_t old_slot;              /* its number */
	bool whole;                     /* nothing of it is left behind the cut */
	struct row *rows, *minus, *plus; size_t n, nminus, nplus;
	struct source_list made;
};

static bool head(const struct source_list *l, struct row *out)
{
	if (l->n == 0)
		return false;
	seg_get(l->v[0].s, l->v[0].from, out);
	return true;
}

static void bound_by(struct fold *f, const struct row *r)
{
	if (!f->bounded || row_cmp(r, &f->bound) < 0)
		f->bound = *r;
	f->bounded = true;
}

/* Not more than FOLD_ROWS of the list in this step. */
static void bound_list(struct fold *f, const struct source_list *l)
{
	uint32_t left = FOLD_ROWS;
	struct row r;

	for (uint32_t i = 0; i < l->n; i++) {
		if (l->v[i].to - l->v[i].from > left) {
			seg_get(l->v[i].s, l->v[i].from + left, &r);
			bound_by(f, &r);
			return;
		}
		left -= l->v[i].to - l->v[i].from;
	}
}

static size_t take(const struct fold *f, const struct source_list *l, struct row **out)
{
	struct row *v = need((FOLD_ROWS + 1) * sizeof(*v));
	size_t n = 0;

	for (uint32_t i = 0; i < l->n; i++)
		for (uint32_t k = l->v[i].from; k < l->v[i].to; k++) {
			struct row r;

			seg_get(l->v[i].s, k, &r);
			if (f->bounded && row_cmp(&r, &f->bound) >= 0)
				goto done;
			if (n == FOLD_ROWS + 1)
				BUG("more rows of a run than a step takes");
			v[n++] = r;
		}
done:
	*out = v;
	return n;
}

/* The base source that the first row of the run belongs to, and how far this step goes. False when the run is used up. */
static bool fold_plan(const struct points *p, struct fold *f)
{
	const struct run *run = &p->runs[0];
	struct row first, r;
	bool plus = head(&run->plus, &first), minus = head(&run->minus, &r);

	if (!plus && !minus)
		return false;
	if (minus && (!plus || row_cmp(&r, &first) < 0))
		first = r;
	f->none = p->base.n == 0;
	for (uint32_t low = 0, high = p->base.n; low < high;) { /* last source whose first row is not behind it */
		uint32_t mid = low + (high - low) / 2;

		seg_get(p->base.v[mid].s, p->base.v[mid].from, &r);
		if (row_cmp(&r, &first) <= 0) {
			f->at = mid;
			low = mid + 1;
		} else {
			high = mid;
		}
	}
	if (f->at + 1 < p->base.n) {
		seg_get(p->base.v[f->at + 1].s, p->base.v[f->at + 1].from, &r);
		bound_by(f, &r);
	}
	bound_list(f, &run->plus);
	bound_list(f, &run->minus);
	return true;
}

static void fold_rows(const struct source_list *base, const struct run *run, struct fold *f)
{
	const struct source *o = f->none ? NULL : &base->v[f->at];
	struct row *old, *plus;
	size_t nold = 0;

	f->nplus = take(f, &run->plus, &f->plus);
	f->nminus = take(f, &run->minus, &f->minus);
	f->cut = o == NULL ? 0 : f->bounded ? seg_lower(o->s, o->from, o->to, f->bound.key, f->bound.id) : o->to;
	old = need((o ? f->cut - o->from : 0) * sizeof(*old));
	for (uint32_t i = o ? o->from : 0; i < f->cut; i++)
		seg_get(o->s, i, &old[nold++]);
	plus = need(f->nminus * sizeof(*plus));
	memcpy(plus, f->minus, f->nminus * sizeof(*plus));
	size_t left = f->nminus;
	rows_cancel(old, &nold, plus, &left);
	if (left)
		BUG("%zu rows are taken away that the base does not hold", left);
	free(plus);
	f->rows = need((nold + f->nplus) * sizeof(*f->rows));
	for (size_t i = 0; i < f->nplus; i++)
		f->plus[i].zero[0] = 1;         /* told apart from the rows that were there */
	f->n = merge_two(old, nold, f->plus, f->nplus, f->rows);
	free(old);
	segs_from_rows(&f->made, f->rows, f->n, f->n <= SEG_MAX ? SEG_MAX : SEG_FILL, true);
}

static void consume(struct source_list *l, size_t n)
{
	uint32_t gone = 0;

	for (; gone < l->n && n; gone++) {
		struct source *o = &l->v[gone];

		if (o->to - o->from > n) {
			o->from += (uint32_t)n;
			o->first = o->s->key[o->from];
			break;
		}
		n -= o->to - o->from;
		seg_drop(o->s);
	}
	if (gone)
		memmove(l->v, l->v + gone, (l->n - gone) * sizeof(*l->v));
	l->n -= gone;
}

/*
 * Where rows are is noted in three steps, so that nobody waits long: first the new places, in slices between which a writer may go first; then the base
 * changes at once; then the old places go, in slices. Meanwhile a row may have two entries: of one whose segment no longer holds it there, or not yet, the
 * segment says so, and of one that was changed `recent` has the last word.
 */
#define SLICE 1024u

/* Lets a writer that waits go first. */
static void give_way(struct points *p)
{
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < 1000 && atomic_load_explicit(&p->waiting, memory_order_relaxed); i++)
		sched_yield();
	pthread_mutex_lock(&p->lock);
}

/* Numbers for the new segments: the first takes over that of the old one when all of that is used up. */
static void fold_number(struct points *p, struct fold *f)
{
	f->old_slot = f->none ? UINT32_MAX : p->base.v[f->at].slot;
	f->whole = !f->none && f->cut == p->base.v[f->at].to;
	for (uint32_t m = 0; m < f->made.n; m++)
		f->made.v[m].slot = m == 0 && f->whole ? f->old_slot : points_slot(p, f->made.v[m].s);
}

static void fold_enter(struct points *p, const struct fold *f)
{
	size_t i = 0;

	for (uint32_t m = 0; m < f->made.n; m++)
		for (uint32_t k = 0; k < f->made.v[m].s->n; k++, i++) {
			if (f->rows[i].zero[0] || f->made.v[m].slot != f->old_slot)
				home_add(&p->home, f->rows[i].id, f->made.v[m].slot);
			if (i % SLICE == SLICE - 1)
				give_way(p);
		}
}

static void fold_leave(struct points *p, const struct fold *f)
{
	size_t i = 0;

	for (size_t k = 0; k < f->nminus; k++) {
		home_remove(&p->home, f->minus[k].id, f->old_slot);
		if (k % SLICE == SLICE - 1)
			give_way(p);
	}
	for (uint32_t m = 0; m < f->made.n; m++)
		for (uint32_t k = 0; k < f->made.v[m].s->n; k++, i++) {
			if (!f->rows[i].zero[0] && f->made.v[m].slot != f->old_slot)
				home_remove(&p->home, f->rows[i].id, f->old_slot);
			if (i % SLICE == SLICE - 1)
				give_way(p);
		}
}

static void fold_install(struct points *p, struct fold *f)
{
	struct source_list base = {NULL, 0, 0};
	struct source rest = {.s = NULL};

	if (!f->none) {
		rest = p->base.v[f->at];
		if (f->whole)
			p->slots[f->old_slot] = (struct slot){f->made.n ? f->made.v[0].s : NULL, 0};
		else
			p->slots[f->old_slot].from = f->cut;
	}
	for (uint32_t i = 0; i < p->base.n; i++) {
		if (i == f->at)
			for (uint32_t m = 0; m < f->made.n; m++)
				list_add(&base, seg_hold(f->made.v[m].s), 0, f->made.v[m].to, f->made.v[m].slot);
		if (i != f->at)
			list_add(&base, p->base.v[i].s, p->base.v[i].from, p->base.v[i].to, p->base.v[i].slot);
		else /* what is left of it, or nothing: then the reference goes */
			list_add(&base, rest.s, f->cut, rest.to, rest.slot);
	}
	if (f->none)
		for (uint32_t m = 0; m < f->made.n; m++)
			list_add(&base, seg_hold(f->made.v[m].s), 0, f->made.v[m].to, f->made.v[m].slot);
	free(p->base.v);
	p->base = base;
	consume(&p->runs[0].plus, f->nplus);
	consume(&p->runs[0].minus, f->nminus);
	points_publish(p);
}

/* The run is used up: what was changed up to then is found through the base now. */
static void fold_end(struct points *p)
{
	uint64_t stamp = p->runs[0].stamp;

	list_drop(&p->runs[0].plus);
	list_drop(&p->runs[0].minus);
	memmove(&p->runs[0], &p->runs[1], (p->nruns - 1) * sizeof(*p->runs));
	p->nruns--;
	p->folding = false;
	for (int i = 0; i < RECENT_SHARDS; i++) {
		recent_drop(&p->recent, i, stamp);
		give_way(p);
	}
}

static void fold_step(struct points *p)
{
	struct fold f = {.at = 0};

	if (!fold_plan(p, &f)) {
		fold_end(p);
		return;
	}
	/* Only who holds merge_lock changes base and the busy run: both can be read without the lock. */
	const struct source_list base = p->base;
	const struct run run = p->runs[0];

	pthread_mutex_unlock(&p->lock);
	fold_rows(&base, &run, &f);
	pthread_mutex_lock(&p->lock);
	fold_number(p, &f);
	fold_enter(p, &f);
	fold_install(p, &f);
	fold_leave(p, &f);
	list_drop(&f.made);
	free(f.rows);
	free(f.plus);
	free(f.minus);
}

bool merge_step(struct points *p, bool all)
{
	uint64_t rows;
	uint32_t old, from, n;
	bool did = true;

	pthread_mutex_lock(&p->lock);
	old = old_runs(p, &rows);
	n = mid_runs(p, old, &from);
	if (p->folding) {
		fold_step(p);
	} else if (all ? p->nruns > 0 : rows >= fold_threshold(p)) {
		if (all)
			old = p->nruns;
		if (old > 1)
			merge_runs(p, 0, old);
		p->runs[0].busy = p->folding = true;
	} else if (n >= FEW) {
		merge_runs(p, from, n);
	} else {
		did = false;
	}
	pthread_mutex_unlock(&p->lock);
	return did;
}
