/*
 * Hash maps from strings or 64-bit numbers to pointers, in insertion order when walked. Keys may come from outside:
 * the hash is seeded at random in each process, so nobody can choose keys that collide. With an arena the map lives
 * there and needs no release; without one it owns heap memory. String keys are copied. Values stay the caller's.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct map_entry {
	struct str key;  /* of a struct map */
	int64_t number;  /* of a struct imap */
	void *value;
	uint64_t hash;
	bool used;       /* false: taken out again */
};

struct map {
	struct arena *arena;
	struct map_entry *v;  /* in order of insertion */
	uint32_t *slots;      /* 0 = free, else index + 1 */
	size_t n, cap;        /* entries, also removed ones; room for entries (slots are twice as many) */
	size_t count;
};

/* a may be NULL: heap. */
void map_init(struct map *m, struct arena *a);
void map_release(struct map *m);

/* NULL when the key is not there. */
void *map_get(const struct map *m, struct str key);
bool map_has(const struct map *m, struct str key);
/* Adds or replaces; returns the value that stood there before, or NULL. */
void *map_put(struct map *m, struct str key, void *value);
/* Takes it out; returns the value that stood there, or NULL. */
void *map_remove(struct map *m, struct str key);
/* Start with *at = 0; false at the end. Removing while walking is allowed, adding is not. */
bool map_each(const struct map *m, size_t *at, struct str *key, void **value);

/* The same with numbers as keys. */
struct imap {
	struct map m;
};
void imap_init(struct imap *m, struct arena *a);
void imap_release(struct imap *m);
void *imap_get(const struct imap *m, int64_t key);
bool imap_has(const struct imap *m, int64_t key);
void *imap_put(struct imap *m, int64_t key, void *value);
void *imap_remove(struct imap *m, int64_t key);
bool imap_each(const struct imap *m, size_t *at, int64_t *key, void **value);

#endif
