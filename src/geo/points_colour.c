#include "geo/points_colour.h"

#include <pthread.h>

#define DAY 1440u

/* Of all segments: taken for an addition at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- making ---- */

struct turns { struct turn *v; uint32_t n, cap; };

static void add_turn(struct turns *t, struct turn turn)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 64;
		t->v = realloc(t->v, t->cap * sizeof(*t->v));
		if (t->v == NULL)
			BUG("no memory for %u deadlines", t->cap);
	}
	t->v[t->n++] = turn;
}

/* What becomes of a row until then. Its colour can be any that its deadline allows; nothing where it stays what it is. */
static bool row_turns(const struct seg *s, uint32_t row, uint32_t now, uint32_t until, struct turns *t)
{
	enum point_colour colour = seg_colour(s, row, now);
	uint32_t due = s->when[row], before = t->n;

	if (colour == POINT_IN_TIME && s->lead[row] > 0 && due - s->lead[row] < until) {
		add_turn(t, (struct turn){due - s->lead[row], (uint16_t)row, POINT_IN_TIME, POINT_SOON});
		colour = POINT_SOON;
	}
	if (colour != POINT_NO_CLOCK && colour != POINT_OVERDUE && due < until)
		add_turn(t, (struct turn){due, (uint16_t)row, (uint8_t)colour, POINT_OVERDUE});
	return t->n > before;
}

/* One block; `edge` are the rows whose deadline is near. */
static void make_block(const struct seg *s, uint32_t first, struct colour_block *b, uint64_t edge, uint32_t now, uint32_t until, struct turns *t)
{
	for (; edge; edge &= edge - 1) {
		uint32_t k = (uint32_t)__builtin_ctzll(edge);
		enum point_colour colour = seg_colour(s, first + k, now);
		uint64_t bit = (uint64_t)1 << k;

		b->soon |= colour == POINT_SOON ? bit : 0;
		b->late |= colour == POINT_OVERDUE ? bit : 0;
		if (row_turns(s, first + k, now, until, t))
			b->turning |= bit;
	}
}

static uint64_t rows_of_block(const struct seg *s, size_t b)
{
	return (b + 1) * 64 <= s->n ? UINT64_MAX : UINT64_MAX >> ((b + 1) * 64 - s->n);
}

static void make_sums(struct colours *c, const struct seg *s)
{
	const struct kernels *k = kernels();
	uint32_t sums[4] = {0};
	size_t b = 0;

	for (; b * 64 < s->n; b++) {
		uint64_t rows = rows_of_block(s, b);

		for (int i = 0; i < 4; i++)
			c->v[b].before[i] = (uint16_t)sums[i];
		k->colours(&rows, &c->v[b], 1, sums);
	}
	for (int i = 0; i < 4; i++)
		c->v[b].before[i] = (uint16_t)sums[i];
}

static struct colours *make(const struct seg *s, uint32_t now)
{
	const struct kernels *k = kernels();
	size_t blocks = (s->n + 63) / 64, bytes = sizeof(struct colours) + (blocks + 1) * sizeof(struct colour_block);
	struct colours *c = calloc(1, bytes);
	struct turns turns = {NULL, 0, 0};
	uint8_t low = seg_clock(s, now), high;

	if (c == NULL)
		BUG("no memory for the colours of %u points", s->n);
	atomic_init(&c->refs, 1);
	c->from = now;
	c->until = now > UINT32_MAX - DAY ? UINT32_MAX : now + DAY;
	high = seg_clock(s, c->until > UINT32_MAX - s->lead_max ? UINT32_MAX : c->until + s->lead_max);
	for (size_t b = 0; b < blocks; b++) {
		uint64_t rows = rows_of_block(s, b), none = rows, late = rows, edge;

		k->clock8(&none, &edge, s->clock + b * 64, 1, low, high, 1u << POINT_NO_CLOCK);
		none &= ~edge;
		k->clock8(&late, &edge, s->clock + b * 64, 1, low, high, 1u << POINT_OVERDUE);
		late &= ~edge;
		c->v[b].none = none;
		c->v[b].late = late;
		make_block(s, (uint32_t)b * 64, &c->v[b], edge, now, c->until, &turns);
	}
	make_sums(c, s);
	c->turns = turns.v;
	c->nturns = turns.n;
	c->bytes = bytes + turns.cap * sizeof(*turns.v);
	return c;
}

/* ---- keeping ---- */

static bool is_of(const struct colours *c, uint32_t now)
{
	return c && now >= c->from && now < c->until;
}

/* What is there, with a reference, if it is of that moment. */
static const struct colours *there(struct seg *s, uint32_t now)
{
	struct colours *c;

	pthread_mutex_lock(&lock);
	c = s->colours;
	if (is_of(c, now))
		atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	else
		c = NULL;
	pthread_mutex_unlock(&lock);
	return c;
}

static void put(struct seg *s, struct colours *made)
{
	struct colours *old;

	pthread_mutex_lock(&lock);
	old = s->colours;
	s->colours = made;
	pthread_mutex_unlock(&lock);
	colours_drop(old);
}

static bool pays(const struct seg *s, uint32_t now)
{
	return s->order && now < UINT32_MAX;
}

const struct colours *colours_hold(struct seg *s, uint32_t now)
{
	const struct colours *c = pays(s, now) ? there(s, now) : NULL;
	struct colours *made;

	if (c || !pays(s, now))
		return c;
	made = make(s, now);
	atomic_fetch_add_explicit(&made->refs, 1, memory_order_relaxed);
	put(s, made);
	return made;
}

void colours_renew(struct seg *s, uint32_t now, uint32_t minutes)
{
	bool good;

	if (!pays(s, now))
		return;
	pthread_mutex_lock(&lock);
	good = is_of(s->colours, now) && s->colours->until - now >= minutes;
	pthread_mutex_unlock(&lock);
	if (!good)
		put(s, make(s, now));
}

void colours_drop(const struct colours *c)
{
	struct colours *own = (struct colours *)c;

	if (own == NULL || atomic_fetch_sub_explicit(&own->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(own->turns);
	free(own);
}

size_t colours_bytes(struct seg *s)
{
	size_t n;

	pthread_mutex_lock(&lock);
	n = s->colours ? s->colours->bytes : 0;
	pthread_mutex_unlock(&lock);
	return n;
}

/* ---- asking ---- */

static enum point_colour colour_made(const struct colour_block *b, unsigned k)
{
	return b->none >> k & 1 ? POINT_NO_CLOCK : b->late >> k & 1 ? POINT_OVERDUE : b->soon >> k & 1 ? POINT_SOON : POINT_IN_TIME;
}

enum point_colour colours_row(const struct colours *c, const struct seg *s, uint32_t row, uint32_t now)
{
	const struct colour_block *b = &c->v[row / 64];

	return b->turning >> row % 64 & 1 ? seg_colour(s, row, now) : colour_made(b, row % 64);
}

void colours_keep(const struct colours *c, const struct seg *s, uint32_t first, uint64_t *m, size_t blocks, unsigned wanted, uint32_t now)
{
	const uint64_t none = -(uint64_t)(wanted >> POINT_NO_CLOCK & 1), late = -(uint64_t)(wanted >> POINT_OVERDUE & 1);
	const uint64_t soon = -(uint64_t)(wanted >> POINT_SOON & 1), in_time = -(uint64_t)(wanted >> POINT_IN_TIME & 1);

	for (size_t i = 0; i < blocks; i++) {
		const struct colour_block *b = &c->v[first / 64 + i];
		uint64_t keep, turning;

		if (m[i] == 0)
			continue;
		keep = (b->none & none) | (b->late & late) | (b->soon & soon) | (~(b->none | b->late | b->soon) & in_time);
		turning = m[i] & b->turning;
		for (uint64_t w = turning; w; w &= w - 1) {
			enum point_colour colour = seg_colour(s, first + (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(w), now);

			keep = wanted >> colour & 1 ? keep | (w & -w) : keep & ~(w & -w);
		}
		m[i] &= keep;
	}
}

void colours_count(const struct colours *c, const struct seg *s, uint32_t first, const uint64_t *m, size_t blocks, uint32_t now, int sign, int32_t n[4])
{
	const struct colour_block *v = &c->v[first / 64];
	uint32_t sums[4] = {0};

	kernels()->colours(m, v, blocks, sums);
	for (int i = 0; i < 4; i++)
		n[i] += sign * (int32_t)sums[i];
	for (size_t i = 0; i < blocks; i++)
		for (uint64_t w = m[i] & v[i].turning; w; w &= w - 1) {
			uint32_t k = (uint32_t)__builtin_ctzll(w);

			n[colour_made(&v[i], k)] -= sign;
			n[seg_colour(s, first + (uint32_t)i * 64 + k, now)] += sign;
		}
}

/* Of the rows before that one, at the moment they were made for. */
static void count_before(const struct colours *c, uint32_t row, int sign, int32_t n[4])
{
	const struct colour_block *b = &c->v[row / 64];
	uint64_t rows = ((uint64_t)1 << (row % 64)) - 1;
	uint32_t sums[4] = {b->before[0], b->before[1], b->before[2], b->before[3]};

	if (rows)
		kernels()->colours(&rows, b, 1, sums);
	for (int i = 0; i < 4; i++)
		n[i] += sign * (int32_t)sums[i];
}

void colours_range(const struct colours *c, uint32_t from, uint32_t to, uint32_t now, int sign, int32_t n[4])
{
	uint32_t low = 0, high = c->nturns;

	count_before(c, to, sign, n);
	count_before(c, from, -sign, n);
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (c->turns[mid].row < from)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < c->nturns && c->turns[low].row < to; low++)
		if (c->turns[low].at <= now) {
			n[c->turns[low].from] -= sign;
			n[c->turns[low].to] += sign;
		}
}
