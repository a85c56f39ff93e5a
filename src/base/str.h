/*
 * A borrowed view of bytes with a length; it owns nothing. p is NULL for "absent" (SQL NULL, field not sent),
 * which is different from an empty string. The bytes are not promised to end in NUL, except where an arena
 * made them (arena_str and friends, rows of queries): those always do.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){"" lit "", sizeof(lit) - 1})
#define STR_NULL ((struct str){NULL, 0})
/* printf("%.*s", STR_ARG(s)) */
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct str str_from(const char *z)
{
	return (struct str){z, z ? strlen(z) : 0};
}

static inline bool str_empty(struct str s)
{
	return s.n == 0;
}

bool str_eq(struct str a, struct str b);
bool str_eqz(struct str a, const char *z);
bool str_ieqz(struct str a, const char *z); /* ASCII case folded */
bool str_starts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
int str_cmp(struct str a, struct str b); /* bytes, like memcmp */

/* Part from byte `from`, at most `n` bytes; clamped to what is there. */
struct str str_sub(struct str s, size_t from, size_t n);

/* Without ASCII white space, and without U+3000 and the BOM, at both ends. */
struct str str_trim(struct str s);

/* Byte index of the first `c`, or -1. */
ptrdiff_t str_chr(struct str s, char c);
ptrdiff_t str_find(struct str s, struct str needle);

/* Cuts `*rest` at the first `sep`: returns what stood before it, leaves what follows. False when nothing is left. */
bool str_split(struct str *rest, char sep, struct str *part);

/* The whole string as a decimal number, no white space; false when it is not one or does not fit. */
CHECKED bool str_i64(struct str s, int64_t *out);
CHECKED bool str_f64(struct str s, double *out);

#endif
