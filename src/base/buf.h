/*
 * A growing byte buffer that owns its memory and cannot be made without a maximum. Past the maximum it stops
 * taking bytes and `full` stays set: writers need not check each call, whoever uses the result checks once.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct buf {
	char *p;
	size_t n, cap, max;
	bool full;
};

void buf_init(struct buf *b, size_t max);
void buf_clear(struct buf *b);   /* keeps the memory */
void buf_release(struct buf *b);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_addc(struct buf *b, char c);
void buf_addz(struct buf *b, const char *z);
void buf_adds(struct buf *b, struct str s);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_add_i64(struct buf *b, int64_t v); /* in decimal */
/* Room for n more bytes at b->p + b->n; NULL when over the maximum. The caller adds to b->n. */
char *buf_reserve(struct buf *b, size_t n);

/* View of what is there; valid until the next change. Always NUL-terminated behind the end. */
struct str buf_str(struct buf *b);
/* ERR_TOO_MUCH when something did not fit. */
CHECKED enum err buf_check(const struct buf *b);

#endif
