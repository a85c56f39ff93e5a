/*
 * Memory that dies together. A request, a batch of writes, a job: each has one arena; nothing in it is freed
 * by hand. Out of memory aborts. An arena has a cap: past it arena_alloc aborts too, so callers bound their
 * input first (limits are in http/, import and the query row caps).
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct arena {
	struct arena_block *blocks;   /* newest first */
	struct arena_cleanup *cleanups;
	char *next, *end;             /* free part of the newest block */
	size_t total, max;            /* bytes taken from malloc; cap */
};

/* max: bytes, 0 = 256 MiB. */
void arena_init(struct arena *a, size_t max);
/* Runs the cleanups (newest first), gives everything back but one block. */
void arena_reset(struct arena *a);
void arena_release(struct arena *a);

/* Zeroed, aligned to 16. Never NULL. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, returns_nonnull));
#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc_array((a), (n), sizeof(type)))
void *arena_alloc_array(struct arena *a, size_t n, size_t size) __attribute__((returns_nonnull));

/* Copies; the result always ends in NUL. A NULL str stays NULL. */
struct str arena_str(struct arena *a, struct str s);
char *arena_strz(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap) PRINTF(2, 0);
struct str arena_cat(struct arena *a, struct str x, struct str y);

/* fn(arg) runs at reset or release: for what is not memory (descriptors, statements). */
void arena_on_reset(struct arena *a, void (*fn)(void *arg), void *arg);

#endif
