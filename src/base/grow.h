/*
 * Room in an array that grows on the heap, for what is too large for an arena: twice as much when it is full, so that filling it costs a copy
 * of each entry or two. Without memory the process ends (BUG).
 */
#ifndef BASE_GROW_H
#define BASE_GROW_H

#include <stdlib.h>

#include "base/err.h"

/* p with room for n entries of `size` bytes; *cap is how many it has. p belongs to the caller: free(). */
static inline void *grown(void *p, size_t *cap, size_t n, size_t size)
{
	if (n <= *cap)
		return p;
	*cap = *cap * 2 > n ? *cap * 2 : n + 64;
	p = realloc(p, *cap * size);
	if (p == NULL)
		BUG("out of memory");
	return p;
}

#endif
