#include "geo/points_index.h"

static uint64_t hash64(int64_t id)
{
	uint64_t h = (uint64_t)id;

	h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
	return h ^ h >> 32;
}

static void *need(void *p)
{
	if (p == NULL)
		BUG("no memory for the index of points");
	return p;
}

/* ---- home: linear probing; an entry's own 20 bits say where it wants to stand ---- */

#define TAG_BITS 20
#define EMPTY UINT32_MAX

static uint32_t want(const struct home_shard *s, uint32_t tag)
{
	return (uint32_t)(((uint64_t)tag * s->cap) >> TAG_BITS);
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 10) & ((1u << TAG_BITS) - 1);
}

static void shard_resize(struct home_shard *s, uint32_t cap)
{
	struct home_shard old = *s;

	s->cap = cap;
	s->v = need(malloc(cap * sizeof(*s->v)));
	memset(s->v, 0xff, cap * sizeof(*s->v));
	for (uint32_t i = 0; i < old.cap; i++) {
		uint32_t at;

		if (old.v[i] == EMPTY)
			continue;
		at = want(s, old.v[i] & ((1u << TAG_BITS) - 1));
		while (s->v[at] != EMPTY)
			at = at + 1 == cap ? 0 : at + 1;
		s->v[at] = old.v[i];
	}
	free(old.v);
}

void home_init(struct home *h, size_t expect)
{
	uint32_t cap = (uint32_t)(expect / HOME_SHARDS * 5 / 4 + 16);

	memset(h, 0, sizeof(*h));
	for (int i = 0; i < HOME_SHARDS; i++)
		shard_resize(&h->shard[i], cap);
}

void home_release(struct home *h)
{
	for (int i = 0; i < HOME_SHARDS; i++)
		free(h->shard[i].v);
	memset(h, 0, sizeof(*h));
}

size_t home_bytes(const struct home *h)
{
	size_t n = 0;

	for (int i = 0; i < HOME_SHARDS; i++)
		n += h->shard[i].cap * sizeof(*h->shard[i].v);
	return n;
}

static void shard_add(struct home_shard *s, uint32_t entry)
{
	uint32_t at;

	if ((uint64_t)(s->n + 1) * 8 > (uint64_t)s->cap * 7)
		shard_resize(s, s->cap + s->cap / 4 + 8);
	at = want(s, entry & ((1u << TAG_BITS) - 1));
	while (s->v[at] != EMPTY)
		at = at + 1 == s->cap ? 0 : at + 1;
	s->v[at] = entry;
	s->n++;
}

static void check_slot(uint32_t slot)
{
	if (slot >= HOME_SLOTS_MAX - 1)
		BUG("segment number %u", slot);
}

void home_add(struct home *h, int64_t id, uint32_t slot)
{
	uint64_t hash = hash64(id);

	check_slot(slot);
	shard_add(&h->shard[hash % HOME_SHARDS], slot << TAG_BITS | tag_of(hash));
}

void home_batch(struct home_batch *b, const int64_t *ids, uint32_t n, uint32_t slot)
{
	uint32_t *hashes = need(malloc((n + 1) * sizeof(*hashes))), at[HOME_SHARDS + 1] = {0};

	check_slot(slot);
	b->entries = need(malloc((n + 1) * sizeof(*b->entries)));
	b->ends = need(malloc(HOME_SHARDS * sizeof(*b->ends)));
	for (uint32_t i = 0; i < n; i++) {
		hashes[i] = (uint32_t)hash64(ids[i]);   /* the shard, and above it the tag */
		at[hashes[i] % HOME_SHARDS + 1]++;
	}
	for (int i = 0; i < HOME_SHARDS; i++) {
		at[i + 1] += at[i];
		b->ends[i] = (uint16_t)at[i + 1];
	}
	for (uint32_t i = 0; i < n; i++)
		b->entries[at[hashes[i] % HOME_SHARDS]++] = slot << TAG_BITS | tag_of(hashes[i]);
	free(hashes);
}

void home_batch_release(struct home_batch *b)
{
	free(b->entries);
	free(b->ends);
}

void home_add_batches(struct home *h, unsigned shard, const struct home_batch *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = shard ? v[i].ends[shard - 1] : 0; k < v[i].ends[shard]; k++)
			shard_add(&h->shard[shard], v[i].entries[k]);
}

bool home_remove(struct home *h, int64_t id, uint32_t slot)
{
	uint64_t hash = hash64(id);
	struct home_shard *s = &h->shard[hash % HOME_SHARDS];
	uint32_t tag = tag_of(hash), hole = want(s, tag), at;

	while (s->v[hole] != (slot << TAG_BITS | tag)) {
		if (s->v[hole] == EMPTY)
			return false;
		hole = hole + 1 == s->cap ? 0 : hole + 1;
	}
	/* Entries behind the hole move up unless they would then stand before the place they want. */
	for (at = hole;;) {
		uint32_t wish, far_hole, far_wish;

		at = at + 1 == s->cap ? 0 : at + 1;
		if (s->v[at] == EMPTY)
			break;
		wish = want(s, s->v[at] & ((1u << TAG_BITS) - 1));
		far_wish = (at + s->cap - wish) % s->cap;
		far_hole = (at + s->cap - hole) % s->cap;
		if (far_wish >= far_hole) {
			s->v[hole] = s->v[at];
			hole = at;
		}
	}
	s->v[hole] = EMPTY;
	s->n--;
	return true;
}

bool home_next(const struct home *h, int64_t id, uint32_t *at, uint32_t *slot)
{
	uint64_t hash = hash64(id);
	const struct home_shard *s = &h->shard[hash % HOME_SHARDS];
	uint32_t tag = tag_of(hash), first = want(s, tag);

	for (; *at < s->cap; (*at)++) {
		uint32_t v = s->v[(first + *at) % s->cap];

		if (v == EMPTY)
			return false;
		if ((v & ((1u << TAG_BITS) - 1)) == tag) {
			(*at)++;
			*slot = v >> TAG_BITS;
			return true;
		}
	}
	return false;
}

void home_prefetch(const struct home *h, int64_t id)
{
	uint64_t hash = hash64(id);
	const struct home_shard *s = &h->shard[hash % HOME_SHARDS];

	__builtin_prefetch(&s->v[want(s, tag_of(hash))]);
}

/* ---- recent ---- */

static void shard_slots(struct recent_shard *r, uint32_t size)
{
	r->slots = need(calloc(size, sizeof(*r->slots)));
	r->mask = size - 1;
}

static void shard_init(struct recent_shard *r, uint32_t full)
{
	*r = (struct recent_shard){.free = UINT32_MAX, .full = full};
	shard_slots(r, 64);
}

static void shard_release(struct recent_shard *r)
{
	for (uint32_t i = 0; i < r->nchunks; i++)
		free(r->chunks[i]);
	free(r->chunks);
	free(r->slots);
	*r = (struct recent_shard){.free = UINT32_MAX};
}

static size_t shard_bytes(const struct recent_shard *r)
{
	return (r->mask + 1) * sizeof(*r->slots) + r->nchunks * (RECENT_CHUNK * sizeof(struct recent_entry) + sizeof(*r->chunks));
}

/* Of the entry's slot, or the free one that it would have. */
static uint32_t shard_at(const struct recent_shard *r, int64_t id)
{
	uint32_t hash = (uint32_t)hash64(id), at = hash & r->mask;

	while (r->slots[at].entry && (r->slots[at].hash != hash || recent_at(r, r->slots[at].entry - 1)->row.id != id))
		at = (at + 1) & r->mask;
	return at;
}

static struct recent_entry *shard_get(const struct recent_shard *r, int64_t id)
{
	uint32_t i = r->slots[shard_at(r, id)].entry;

	return i ? recent_at(r, i - 1) : NULL;
}

static void shard_place(struct recent_shard *r, struct recent_slot slot)
{
	uint32_t at = slot.hash & r->mask;

	while (r->slots[at].entry)
		at = (at + 1) & r->mask;
	r->slots[at] = slot;
}

static void shard_grow(struct recent_shard *r)
{
	struct recent_slot *old = r->slots;
	uint32_t n = r->mask + 1;

	shard_slots(r, n * 2);
	for (uint32_t i = 0; i < n; i++)
		if (old[i].entry)
			shard_place(r, old[i]);
	free(old);
}

/* Number of an entry that nobody uses. */
static uint32_t shard_entry(struct recent_shard *r)
{
	uint32_t i = r->free;

	if (i != UINT32_MAX) {
		r->free = recent_at(r, i)->next_free;
		return i;
	}
	if (r->used == r->nchunks * RECENT_CHUNK) {
		r->chunks = need(realloc(r->chunks, (r->nchunks + 1) * sizeof(*r->chunks)));
		r->chunks[r->nchunks++] = need(malloc(RECENT_CHUNK * sizeof(struct recent_entry)));
	}
	return r->used++;
}

static struct recent_entry *shard_put(struct recent_shard *r, int64_t id)
{
	uint32_t at = shard_at(r, id), i;

	if (r->slots[at].entry)
		return recent_at(r, r->slots[at].entry - 1);
	if ((uint64_t)(r->n + 1) * 256 > (uint64_t)(r->mask + 1) * r->full) {
		shard_grow(r);
		at = shard_at(r, id);
	}
	i = shard_entry(r);
	*recent_at(r, i) = (struct recent_entry){.row.id = id};
	r->slots[at] = (struct recent_slot){(uint32_t)hash64(id), i + 1};
	r->n++;
	return recent_at(r, i);
}

/* Entries up to that stamp become free; the slots of the others are set anew, which is less than taking out one after another. */
static void shard_drop(struct recent_shard *r, uint64_t stamp)
{
	struct recent_slot *old = r->slots;
	uint32_t n = r->mask + 1;

	shard_slots(r, n);
	for (uint32_t i = 0; i < n; i++) {
		struct recent_entry *e = old[i].entry ? recent_at(r, old[i].entry - 1) : NULL;

		if (e && e->stamp <= stamp) {
			e->next_free = r->free;
			e->row.id = 0;
			r->free = old[i].entry - 1;
			r->n--;
		} else if (e) {
			shard_place(r, old[i]);
		}
	}
	free(old);
}

/* Empty again, and large: the memory goes back. */
static void shard_shrink(struct recent_shard *r)
{
	uint32_t full = r->full;

	if (r->n || r->used <= 256)
		return;
	shard_release(r);
	shard_init(r, full);
}

static struct recent_shard *shard_of(const struct recent *r, int64_t id)
{
	return (struct recent_shard *)&r->shard[hash64(id) >> 58];
}

void recent_init(struct recent *r)
{
	for (int i = 0; i < RECENT_SHARDS; i++)
		shard_init(&r->shard[i], 120 + (uint32_t)i * 96 / RECENT_SHARDS);
}

void recent_release(struct recent *r)
{
	for (int i = 0; i < RECENT_SHARDS; i++)
		shard_release(&r->shard[i]);
}

size_t recent_bytes(const struct recent *r)
{
	size_t n = 0;

	for (int i = 0; i < RECENT_SHARDS; i++)
		n += shard_bytes(&r->shard[i]);
	return n;
}

void recent_prefetch(const struct recent *r, int64_t id)
{
	const struct recent_shard *s = shard_of(r, id);

	__builtin_prefetch(&s->slots[(uint32_t)hash64(id) & s->mask]);
}

struct recent_entry *recent_get(const struct recent *r, int64_t id)
{
	return shard_get(shard_of(r, id), id);
}

struct recent_entry *recent_put(struct recent *r, int64_t id)
{
	return shard_put(shard_of(r, id), id);
}

void recent_drop(struct recent *r, int shard, uint64_t stamp)
{
	shard_drop(&r->shard[shard], stamp);
	shard_shrink(&r->shard[shard]);
}

size_t recent_count(const struct recent *r)
{
	size_t n = 0;

	for (int i = 0; i < RECENT_SHARDS; i++)
		n += r->shard[i].n;
	return n;
}
