#include "geo/points_colour.h"

#include <math.h>
#include <sys/mman.h>

/* ---- coordinates ---- */

#define WORLD 4294967296.0

static uint32_t unit(double v)
{
	return v <= 0 ? 0 : v >= WORLD - 1 ? UINT32_MAX : (uint32_t)v;
}

struct mercator mercator_from(double lon, double lat)
{
	double s = sin(lat * M_PI / 180);

	if (s > 0.9999)
		s = 0.9999;
	if (s < -0.9999)
		s = -0.9999;
	return (struct mercator){unit((lon + 180) / 360 * WORLD), unit((0.5 - log((1 + s) / (1 - s)) / (4 * M_PI)) * WORLD)};
}

struct lonlat mercator_to(struct mercator m)
{
	double n = M_PI * (1 - 2 * ((double)m.y + 0.5) / WORLD);

	return (struct lonlat){((double)m.x + 0.5) / WORLD * 360 - 180, atan(sinh(n)) * 180 / M_PI};
}

double mercator_units(uint32_t y)
{
	double n = M_PI * (1 - 2 * ((double)y + 0.5) / WORLD);

	return WORLD * cosh(n) / (2 * M_PI * 6378137.0);
}

/* ---- rows ---- */

void row_from_point(struct row *r, const struct point *p)
{
	uint32_t lead = p->soon && p->due > p->soon ? p->due - p->soon : 0;
	bool closed = p->closed != 0;

	*r = (struct row){
		.id = p->id, .created = p->created, .when = closed ? p->closed : p->due, .place = p->place, .tags = p->tags,
		.lead = closed ? 0 : lead > UINT16_MAX ? UINT16_MAX : (uint16_t)lead, .category = p->category, .department = p->department,
		.state = p->state, .scenario = p->scenario, .channel = p->channel,
		.flags = (uint8_t)((p->flags & ~POINT_CLOSED) | (closed ? POINT_CLOSED : 0)),
	};
	r->key = p->flags & POINT_UNLOCATED ? KEY_UNLOCATED : morton_key(p->at);
	if (r->key == KEY_UNLOCATED && !(p->flags & POINT_UNLOCATED))
		r->key = morton_key((struct mercator){UINT32_MAX - 1, UINT32_MAX});  /* the last unit of the world is taken */
}

void row_to_point(struct point *p, const struct row *r)
{
	bool closed = r->flags & POINT_CLOSED;

	*p = (struct point){
		.id = r->id, .created = r->created, .due = closed ? 0 : r->when, .soon = closed || r->when == 0 ? 0 : r->when - r->lead,
		.closed = closed ? r->when : 0, .place = r->place, .tags = r->tags, .category = r->category, .department = r->department,
		.state = r->state, .scenario = r->scenario, .channel = r->channel, .flags = r->flags,
	};
	if (r->key != KEY_UNLOCATED)
		p->at = morton_at(r->key);
}

enum point_colour point_colour(const struct point *p, uint32_t now)
{
	if (p->closed || p->due == 0)
		return POINT_NO_CLOCK;
	return now >= p->due ? POINT_OVERDUE : p->soon && now >= p->soon ? POINT_SOON : POINT_IN_TIME;
}

/* ---- memory ---- */

struct piece { void **at; size_t size; };

static size_t round64(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

/*
 * On pages of two megabytes looking at rows here and there is some times faster, since the processor's table of pages holds few entries, and new memory is had
 * at a fraction of the cost.
 */
#define LARGE_PAGE ((size_t)2 << 20)

void *large_alloc(size_t n)
{
	size_t whole = (n + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
	void *p;

	if (n < LARGE_PAGE / 8 * 7)
		return aligned_alloc(64, round64(n ? n : 64));
	p = aligned_alloc(LARGE_PAGE, whole);
	if (p)
		madvise(p, whole, MADV_HUGEPAGE);
	return p;
}

/* A full segment nearly fills a page. One that is somewhat larger would waste most of its second one. */
static char *block(size_t n)
{
	return n > LARGE_PAGE ? aligned_alloc(64, n) : large_alloc(n);
}

#define TAIL 512u  /* bytes: 64 rows of the widest column */

/* One block for all pieces, each on a cache line of its own. Zeroed are the ends only, which may lie behind the last row. */
static size_t carve(const struct piece *v, size_t n, void **memory)
{
	size_t total = 0;
	char *p;

	for (size_t i = 0; i < n; i++)
		total += round64(v[i].size);
	p = block(total);
	if (p == NULL)
		BUG("no memory for %zu bytes of points", total);
	*memory = p;
	for (size_t i = 0; i < n; i++) {
		size_t size = round64(v[i].size), tail = size < TAIL ? size : TAIL;

		*v[i].at = size ? p : NULL;
		p += size;
		memset(p - tail, 0, tail);
	}
	return total > LARGE_PAGE / 8 * 7 && total < LARGE_PAGE ? LARGE_PAGE : total;
}

static uint32_t hash_size(uint32_t n)
{
	uint32_t size = 64;

	while (size * 3 < n * 4)
		size *= 2;
	return size;
}

struct seg *seg_alloc(uint32_t n, uint32_t nplaces, bool category_high)
{
	struct seg *s = calloc(1, sizeof(*s));
	size_t rows = round64(n), blocks = n / SUM_ROWS + 2;

	if (s == NULL)
		BUG("no memory for a segment of points");
	struct piece pieces[] = {
		{(void **)&s->key, rows * 8}, {(void **)&s->id, rows * 8}, {(void **)&s->created, rows * 4}, {(void **)&s->when, rows * 4},
		{(void **)&s->tags, rows * 4}, {(void **)&s->place, rows * 2}, {(void **)&s->department, rows * 2}, {(void **)&s->lead, rows * 2},
		{(void **)&s->category, rows}, {(void **)&s->state, rows}, {(void **)&s->scenario, rows}, {(void **)&s->channel, rows},
		{(void **)&s->flags, rows}, {(void **)&s->period, rows}, {(void **)&s->clock, rows}, {(void **)&s->category_high, category_high ? rows : 0},
		{(void **)&s->places, nplaces * sizeof(uint32_t)}, {(void **)&s->place_rows, nplaces * sizeof(uint16_t)},
		{(void **)&s->sumx, blocks * 8}, {(void **)&s->sumy, blocks * 8},
		{(void **)&s->block_key, (rows / 64 + 1) * sizeof(*s->block_key)}, {(void **)&s->spread, rows / 64}, {(void **)&s->mean, rows / 64 * sizeof(*s->mean)},
		{(void **)&s->place_low, rows / 64 * sizeof(uint16_t)}, {(void **)&s->place_high, rows / 64 * sizeof(uint16_t)},
		{(void **)&s->state_rows, (n / STATE_ROWS + 2) * STATE_SLOTS * sizeof(uint16_t)},
	};

	s->bytes = carve(pieces, ARRAY_LEN(pieces), &s->memory) + sizeof(*s);
	if (nplaces)
		memset(s->place_rows, 0, nplaces * sizeof(*s->place_rows));
	s->n = n;
	s->nplaces = nplaces;
	atomic_init(&s->refs, 1);
	return s;
}

bool seg_column(const struct seg *s, int i, void **p, size_t *bytes)
{
	const struct { void *p; size_t bytes; } v[] = {
		{s->key, s->n * sizeof(*s->key)}, {s->id, s->n * sizeof(*s->id)}, {s->created, s->n * sizeof(*s->created)},
		{s->when, s->n * sizeof(*s->when)}, {s->tags, s->n * sizeof(*s->tags)}, {s->place, s->n * sizeof(*s->place)},
		{s->department, s->n * sizeof(*s->department)}, {s->lead, s->n * sizeof(*s->lead)}, {s->category, s->n}, {s->state, s->n},
		{s->scenario, s->n}, {s->channel, s->n}, {s->flags, s->n}, {s->category_high, s->category_high ? s->n : 0},
		{s->places, s->nplaces * sizeof(*s->places)},
	};

	if (i < 0 || i >= (int)ARRAY_LEN(v))
		return false;
	*p = v[i].p;
	*bytes = v[i].bytes;
	return true;
}

void seg_drop(struct seg *s)
{
	if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(s->memory);
	free(s->hash);
	free(s->order);
	free(s->starts);
	free(s->category_start);
	colours_drop(s->colours);
	free(s);
}

/* ---- what follows from the columns ---- */

/* Which bytes occur, as bits. */
static void derive_set(uint64_t set[4], const uint8_t *v, uint32_t n)
{
	uint8_t seen[256] = {0};

	for (uint32_t i = 0; i < n; i++)
		seen[v[i]] = 1;
	for (unsigned i = 0; i < 256; i++)
		set[i >> 6] |= (uint64_t)seen[i] << (i & 63);
}

static void derive_zones(struct seg *s)
{
	uint32_t min = UINT32_MAX, max = 0;
	uint8_t or = 0, and = 0xff;

	for (uint32_t i = 0; i < s->n; i++) {
		min = s->created[i] < min ? s->created[i] : min;
		max = s->created[i] > max ? s->created[i] : max;
		or |= s->flags[i];
		and &= s->flags[i];
	}
	s->created_min = min;
	s->created_max = max;
	s->flags_or = or;
	s->flags_and = and;
	derive_set(s->has_category, s->category, s->n);
	derive_set(s->has_state, s->state, s->n);
	derive_set(s->has_scenario, s->scenario, s->n);
	derive_set(s->has_channel, s->channel, s->n);
	s->period0 = min / PERIOD_MINUTES;
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t m = s->created[i] / PERIOD_MINUTES - s->period0;

		s->period[i] = m > 255 ? 255 : (uint8_t)m;
	}
}

static void derive_places(struct seg *s)
{
	for (uint32_t b = 0; b * 64 < s->n; b++) {
		uint32_t end = b * 64 + 64 < s->n ? b * 64 + 64 : s->n;
		uint16_t low = UINT16_MAX, high = 0;

		for (uint32_t i = b * 64; i < end; i++) {
			low = s->place[i] < low ? s->place[i] : low;
			high = s->place[i] > high ? s->place[i] : high;
		}
		s->place_low[b] = low;
		s->place_high[b] = high;
		if (low == high)
			s->place_rows[low] = (uint16_t)(s->place_rows[low] + (end - b * 64));
		for (uint32_t i = b * 64; low != high && i < end; i++)
			s->place_rows[s->place[i]]++;
	}
}

static bool clock_runs(const struct seg *s, uint32_t i)
{
	return s->when[i] && !(s->flags[i] & POINT_CLOSED);
}

static void derive_clock(struct seg *s)
{
	s->clock0 = UINT32_MAX;
	for (uint32_t i = 0; i < s->n; i++)
		if (clock_runs(s, i)) {
			uint32_t period = s->when[i] / PERIOD_MINUTES;

			s->clock0 = period < s->clock0 ? period : s->clock0;
			s->lead_max = s->lead[i] > s->lead_max ? s->lead[i] : s->lead_max;
		}
	for (uint32_t i = 0; i < s->n; i++)
		s->clock[i] = clock_runs(s, i) ? seg_clock(s, s->when[i]) : 0;
}

/* The number of low bits from the first in which the two differ. */
static uint8_t differing(uint64_t a, uint64_t b)
{
	return a == b ? 0 : (uint8_t)(64 - __builtin_clzll(a ^ b));
}

/* Prefix sums of places, and of them the means of the blocks. */
static void derive_sums(struct seg *s)
{
	const struct kernels *k = kernels();
	uint64_t x = 0, y = 0;
	uint32_t i = 0, blocks = (s->n + 63) / 64;

	for (; i + SUM_ROWS <= s->n; i += SUM_ROWS) {
		s->sumx[i / SUM_ROWS] = x;
		s->sumy[i / SUM_ROWS] = y;
		k->sum_rows(s->key, i, i + SUM_ROWS, &x, &y);
	}
	s->sumx[i / SUM_ROWS] = x;
	s->sumy[i / SUM_ROWS] = y;
	k->sum_rows(s->key, i, s->n, &x, &y);
	for (uint32_t b = 0; b < blocks; b++) {
		const uint32_t from = b * (64 / SUM_ROWS), to = from + 64 / SUM_ROWS;
		const bool last = b + 1 == blocks;
		const uint32_t n = last ? s->n - b * 64 : 64;

		s->mean[b] = (struct mean){(uint32_t)(((last ? x : s->sumx[to]) - s->sumx[from]) / n), (uint32_t)(((last ? y : s->sumy[to]) - s->sumy[from]) / n)};
		s->block_key[b] = s->key[b * 64];
		s->spread[b] = differing(s->key[b * 64], s->key[last ? s->n - 1 : b * 64 + 64]);
	}
	if (blocks)
		s->block_key[blocks] = s->key[s->n - 1];
	s->nlocated = s->n;
	while (s->nlocated > 0 && s->key[s->nlocated - 1] == KEY_UNLOCATED)
		s->nlocated--;
}

static void derive_states(struct seg *s)
{
	uint16_t states[STATE_SLOTS] = {0};
	uint32_t i = 0;

	for (; i < s->n; i++) {
		if (i % STATE_ROWS == 0)
			memcpy(s->state_rows + i / STATE_ROWS * STATE_SLOTS, states, sizeof(states));
		states[s->state[i] < STATE_SLOTS ? s->state[i] : STATE_SLOTS - 1]++;
	}
	if (i % STATE_ROWS == 0)
		memcpy(s->state_rows + i / STATE_ROWS * STATE_SLOTS, states, sizeof(states));
}

static uint32_t id_hash(int64_t id)
{
	return (uint32_t)(((uint64_t)id * 0x9e3779b97f4a7c15u) >> 32);
}

static void derive_hash(struct seg *s)
{
	uint32_t size = hash_size(s->n);

	s->hash = calloc(size, sizeof(*s->hash));
	if (s->hash == NULL)
		BUG("no memory for %u ids", s->n);
	s->hash_mask = size - 1;
	s->bytes += size * sizeof(*s->hash);
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t at = id_hash(s->id[i]) & s->hash_mask;

		while (s->hash[at])
			at = (at + 1) & s->hash_mask;
		s->hash[at] = (uint16_t)(i + 1);
	}
}

uint32_t seg_find(const struct seg *s, int64_t id)
{
	for (uint32_t at = id_hash(id) & s->hash_mask; s->hash[at]; at = (at + 1) & s->hash_mask)
		if (s->id[s->hash[at] - 1] == id)
			return s->hash[at] - 1u;
	return s->n;
}

void seg_prefetch_find(const struct seg *s, int64_t id)
{
	__builtin_prefetch(&s->hash[id_hash(id) & s->hash_mask]);
}

void seg_prefetch_row(const struct seg *s, uint32_t i)
{
	const void *const at[] = {&s->key[i], &s->created[i], &s->when[i], &s->tags[i], &s->place[i], &s->department[i], &s->lead[i], &s->category[i],
				  &s->state[i], &s->scenario[i], &s->channel[i], &s->flags[i]};

	for (size_t k = 0; k < ARRAY_LEN(at); k++)
		__builtin_prefetch(at[k]);
}

/* Stable counting sort of row numbers by one byte each. */
static void sort_by(const uint8_t *by, const uint16_t *from, uint16_t *to, uint32_t n)
{
	uint32_t at[257] = {0};

	for (uint32_t i = 0; i < n; i++)
		at[by[i] + 1]++;
	for (int i = 0; i < 256; i++)
		at[i + 1] += at[i];
	for (uint32_t i = 0; i < n; i++) {
		uint16_t row = from ? from[i] : (uint16_t)i;

		to[at[by[row]]++] = row;
	}
}

static uint16_t order_code(const struct seg *s, uint16_t row)
{
	return (uint16_t)(s->category[row] << 8 | s->period[row]);
}

static void derive_order(struct seg *s)
{
	uint16_t *by_period = malloc(s->n * sizeof(*by_period) + 1);
	uint32_t n = 0;

	s->order = malloc(s->n * sizeof(*s->order) + 1);
	if (by_period == NULL || s->order == NULL)
		BUG("no memory for the order of %u points", s->n);
	sort_by(s->period, NULL, by_period, s->n);
	sort_by(s->category, by_period, s->order, s->n);
	free(by_period);
	for (uint32_t i = 0; i < s->n; i++)
		n += i == 0 || order_code(s, s->order[i]) != order_code(s, s->order[i - 1]);
	s->starts = malloc((n + 1) * sizeof(*s->starts));
	if (s->starts == NULL)
		BUG("no memory for the order of points");
	for (uint32_t i = 0; i < s->n; i++)
		if (i == 0 || order_code(s, s->order[i]) != order_code(s, s->order[i - 1]))
			s->starts[s->nstarts++] = (struct run_start){order_code(s, s->order[i]), (uint16_t)i};
	s->starts[s->nstarts] = (struct run_start){UINT16_MAX, (uint16_t)s->n};
	s->category_start = malloc(257 * sizeof(*s->category_start));
	if (s->category_start == NULL)
		BUG("no memory for the order of points");
	for (uint32_t category = 0, i = 0; category <= 256; category++) {
		while (i < s->nstarts && s->starts[i].code >> 8 < category)
			i++;
		s->category_start[category] = (uint16_t)i;
	}
	s->bytes += s->n * sizeof(*s->order) + (n + 1) * sizeof(*s->starts) + 257 * sizeof(*s->category_start);
}

void seg_derive(struct seg *s, bool whole)
{
	derive_zones(s);
	derive_places(s);
	derive_clock(s);
	derive_sums(s);
	derive_states(s);
	if (whole) {
		derive_hash(s);
		derive_order(s);
	}
}

/* ---- building ---- */

static int by_number(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

/* A small table that turns ordinals into indexes while a segment is built: distinct ordinals first, sorted afterwards. */
struct places { uint32_t *slot, *of, mask; uint32_t *list, n; };

static uint32_t place_slot(const struct places *d, uint32_t place)
{
	uint32_t at = (uint32_t)(((uint64_t)place * 0x9e3779b97f4a7c15u) >> 40) & d->mask;

	while (d->slot[at] && d->of[at] != place)
		at = (at + 1) & d->mask;
	return at;
}

static void places_collect(struct places *d, const struct row *rows, uint32_t n)
{
	uint32_t size = hash_size(n);

	d->mask = size - 1;
	d->n = 0;
	d->slot = calloc(size, sizeof(*d->slot));
	d->of = malloc(size * sizeof(*d->of));
	d->list = malloc((n + 1) * sizeof(*d->list));
	if (d->slot == NULL || d->of == NULL || d->list == NULL)
		BUG("no memory for the places of %u points", n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at;

		if (i > 0 && rows[i].place == rows[i - 1].place)
			continue;
		at = place_slot(d, rows[i].place);
		if (d->slot[at] == 0) {
			d->slot[at] = 1;
			d->of[at] = rows[i].place;
			d->list[d->n++] = rows[i].place;
		}
	}
	qsort(d->list, d->n, sizeof(*d->list), by_number);
	for (uint32_t i = 0; i < d->n; i++)
		d->slot[place_slot(d, d->list[i])] = i + 1;
}

struct seg *seg_build(const struct row *rows, uint32_t n, bool whole)
{
	struct places d;
	struct seg *s;
	bool high = false;

	if (n > SEG_MAX)
		BUG("%u rows in a segment", n);
	places_collect(&d, rows, n);
	for (uint32_t i = 0; i < n; i++)
		high |= rows[i].category > 255;
	s = seg_alloc(n, d.n, high);
	for (uint32_t i = 0; i < n; i++) {
		const struct row *r = &rows[i];

		s->key[i] = r->key;
		s->id[i] = r->id;
		s->created[i] = r->created;
		s->when[i] = r->when;
		s->tags[i] = r->tags;
		s->place[i] = (uint16_t)(d.slot[place_slot(&d, r->place)] - 1);
		s->department[i] = r->department;
		s->lead[i] = r->lead;
		s->category[i] = (uint8_t)r->category;
		if (high)
			s->category_high[i] = (uint8_t)(r->category >> 8);
		s->state[i] = r->state;
		s->scenario[i] = r->scenario;
		s->channel[i] = r->channel;
		s->flags[i] = r->flags;
	}
	if (d.n)
		memcpy(s->places, d.list, d.n * sizeof(*d.list));
	free(d.slot);
	free(d.of);
	free(d.list);
	seg_derive(s, whole);
	return s;
}

void seg_get(const struct seg *s, uint32_t i, struct row *out)
{
	*out = (struct row){
		.key = s->key[i], .id = s->id[i], .created = s->created[i], .when = s->when[i], .place = s->places[s->place[i]], .tags = s->tags[i],
		.lead = s->lead[i], .category = (uint16_t)(s->category[i] | (s->category_high ? s->category_high[i] << 8 : 0)),
		.department = s->department[i], .state = s->state[i], .scenario = s->scenario[i], .channel = s->channel[i], .flags = s->flags[i],
	};
}

uint32_t seg_lower(const struct seg *s, uint32_t from, uint32_t to, uint64_t key, int64_t id)
{
	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (s->key[mid] < key || (s->key[mid] == key && s->id[mid] < id))
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* First block i with from < i < to whose first key is >= key, else `to`. */
static uint32_t block_ahead(const uint64_t *v, uint32_t from, uint32_t to, uint64_t key)
{
	uint32_t step = 1, low = from + 1, high = from + 1;

	while (high < to && v[high] < key) {
		low = high + 1;
		high += step;
		step *= 2;
	}
	if (high > to)
		high = to;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (v[mid] < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

#define AT_ONCE 16u  /* rows looked at first: most cells of a tile that is not crowded end there */

uint32_t seg_ahead(const struct seg *s, uint32_t from, uint32_t to, uint64_t key)
{
	const struct kernels *k = kernels();
	uint32_t n, block, low, high;

	if (from >= to)
		return from;
	n = to - from < AT_ONCE ? to - from : AT_ONCE;
	low = k->below(s->key + from, n, key);
	from += low;
	if (low < n || from == to)
		return from;
	block = block_ahead(s->block_key, from / 64, (to + 63) / 64, key) - 1;
	low = block * 64 > from ? block * 64 : from;
	high = block * 64 + 64 < to ? block * 64 + 64 : to;
	return low + k->below(s->key + low, high - low, key);
}
