#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t seed[2];
static pthread_once_t seeded = PTHREAD_ONCE_INIT;

static void make_seed(void)
{
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		BUG("no random bytes for hashing");
}

static uint64_t rotate(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

struct sip {
	uint64_t a, b, c, d;
};

static void sip_round(struct sip *s)
{
	s->a += s->b;
	s->b = rotate(s->b, 13) ^ s->a;
	s->a = rotate(s->a, 32);
	s->c += s->d;
	s->d = rotate(s->d, 16) ^ s->c;
	s->a += s->d;
	s->d = rotate(s->d, 21) ^ s->a;
	s->c += s->b;
	s->b = rotate(s->b, 17) ^ s->c;
	s->c = rotate(s->c, 32);
}

/* SipHash-1-3: one round a word, three at the end. */
static uint64_t hash_bytes(const char *p, size_t n)
{
	struct sip s = {seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du, seed[0] ^ 0x6c7967656e657261u,
			seed[1] ^ 0x7465646279746573u};
	uint64_t word;
	size_t left = n;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&word, p, 8);
		s.d ^= word;
		sip_round(&s);
		s.a ^= word;
	}
	word = (uint64_t)n << 56;
	for (size_t i = 0; i < left; i++)
		word |= (uint64_t)(unsigned char)p[i] << (8 * i);
	s.d ^= word;
	sip_round(&s);
	s.a ^= word;
	s.c ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}

void map_init(struct map *m, struct arena *a)
{
	pthread_once(&seeded, make_seed);
	*m = (struct map){.arena = a};
}

void map_release(struct map *m)
{
	if (m->arena == NULL) {
		for (size_t i = 0; i < m->n; i++)
			free((void *)(uintptr_t)m->v[i].key.p);
		free(m->v);
		free(m->slots);
	}
	*m = (struct map){.arena = m->arena};
}

static void *take(struct map *m, size_t n, size_t size)
{
	void *p;

	if (m->arena)
		return arena_alloc_array(m->arena, n, size);
	p = calloc(n, size);
	if (p == NULL)
		BUG("out of memory");
	return p;
}

static bool same(const struct map_entry *e, uint64_t hash, struct str key, int64_t number)
{
	return e->used && e->hash == hash && e->number == number && str_eq(e->key, key);
}

static size_t slot_of(const struct map *m, uint64_t hash)
{
	return hash & (m->cap * 2 - 1);
}

static struct map_entry *find(const struct map *m, uint64_t hash, struct str key, int64_t number)
{
	if (m->cap == 0)
		return NULL;
	for (size_t i = slot_of(m, hash); m->slots[i]; i = (i + 1) & (m->cap * 2 - 1)) {
		struct map_entry *e = &m->v[m->slots[i] - 1];

		if (same(e, hash, key, number))
			return e;
	}
	return NULL;
}

static void link_entry(struct map *m, size_t index)
{
	size_t i = slot_of(m, m->v[index].hash);

	while (m->slots[i])
		i = (i + 1) & (m->cap * 2 - 1);
	m->slots[i] = (uint32_t)index + 1;
}

/* Removed entries are dropped on the way. */
static void grow(struct map *m)
{
	struct map old = *m;

	if (m->count >= UINT32_MAX / 4)
		BUG("map with more than %zu entries", m->count);
	m->cap = 8;
	while (m->cap < old.count * 2)
		m->cap *= 2;
	m->v = take(m, m->cap, sizeof(*m->v));
	m->slots = take(m, m->cap * 2, sizeof(*m->slots));
	m->n = 0;
	for (size_t i = 0; i < old.n; i++) {
		if (!old.v[i].used)
			continue;
		m->v[m->n] = old.v[i];
		link_entry(m, m->n++);
	}
	if (m->arena == NULL) {
		free(old.v);
		free(old.slots);
	}
}

static struct str copy_key(struct map *m, struct str key)
{
	char *p;

	if (key.p == NULL)
		return STR_NULL;
	p = take(m, key.n + 1, 1);
	if (key.n)
		memcpy(p, key.p, key.n);
	return (struct str){p, key.n};
}

static void *put(struct map *m, uint64_t hash, struct str key, int64_t number, void *value)
{
	struct map_entry *e = find(m, hash, key, number);
	void *before;

	if (e) {
		before = e->value;
		e->value = value;
		return before;
	}
	if (m->n == m->cap)
		grow(m);
	m->v[m->n] = (struct map_entry){copy_key(m, key), number, value, hash, true};
	link_entry(m, m->n++);
	m->count++;
	return NULL;
}

static void *drop(struct map *m, struct map_entry *e)
{
	if (e == NULL)
		return NULL;
	e->used = false;
	m->count--;
	if (m->arena == NULL)
		free((void *)(uintptr_t)e->key.p);
	e->key = STR_NULL;
	return e->value;
}

static bool each(const struct map *m, size_t *at, const struct map_entry **e)
{
	while (*at < m->n) {
		*e = &m->v[(*at)++];
		if ((*e)->used)
			return true;
	}
	return false;
}

void *map_get(const struct map *m, struct str key)
{
	const struct map_entry *e = find(m, hash_bytes(key.p, key.n), key, 0);

	return e ? e->value : NULL;
}

bool map_has(const struct map *m, struct str key)
{
	return find(m, hash_bytes(key.p, key.n), key, 0) != NULL;
}

void *map_put(struct map *m, struct str key, void *value)
{
	return put(m, hash_bytes(key.p, key.n), key, 0, value);
}

void *map_remove(struct map *m, struct str key)
{
	return drop(m, find(m, hash_bytes(key.p, key.n), key, 0));
}

bool map_each(const struct map *m, size_t *at, struct str *key, void **value)
{
	const struct map_entry *e;

	if (!each(m, at, &e))
		return false;
	*key = e->key;
	*value = e->value;
	return true;
}

static uint64_t hash_number(int64_t n)
{
	return hash_bytes((const char *)&n, sizeof(n));
}

void imap_init(struct imap *m, struct arena *a)
{
	map_init(&m->m, a);
}

void imap_release(struct imap *m)
{
	map_release(&m->m);
}

void *imap_get(const struct imap *m, int64_t key)
{
	const struct map_entry *e = find(&m->m, hash_number(key), STR_NULL, key);

	return e ? e->value : NULL;
}

bool imap_has(const struct imap *m, int64_t key)
{
	return find(&m->m, hash_number(key), STR_NULL, key) != NULL;
}

void *imap_put(struct imap *m, int64_t key, void *value)
{
	return put(&m->m, hash_number(key), STR_NULL, key, value);
}

void *imap_remove(struct imap *m, int64_t key)
{
	return drop(&m->m, find(&m->m, hash_number(key), STR_NULL, key));
}

bool imap_each(const struct imap *m, size_t *at, int64_t *key, void **value)
{
	const struct map_entry *e;

	if (!each(&m->m, at, &e))
		return false;
	*key = e->number;
	*value = e->value;
	return true;
}
