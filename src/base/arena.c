#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_SIZE ((size_t)16 * 1024)
#define DEFAULT_MAX ((size_t)256 * 1024 * 1024)

struct arena_block {
	struct arena_block *older;
	size_t size;
	_Alignas(16) char data[];
};

struct arena_cleanup {
	struct arena_cleanup *older;
	void (*fn)(void *);
	void *arg;
};

void arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){.max = max ? max : DEFAULT_MAX};
}

static void run_cleanups(struct arena *a)
{
	while (a->cleanups) {
		struct arena_cleanup *c = a->cleanups;

		a->cleanups = c->older;
		c->fn(c->arg);
	}
}

static void use_block(struct arena *a, struct arena_block *b)
{
	a->next = b->data;
	a->end = b->data + b->size;
}

void arena_reset(struct arena *a)
{
	struct arena_block *keep = NULL;

	run_cleanups(a);
	while (a->blocks) {
		struct arena_block *b = a->blocks;

		a->blocks = b->older;
		if (keep == NULL && b->size == BLOCK_SIZE)
			keep = b;
		else
			free(b);
	}
	a->total = 0;
	a->next = a->end = NULL;
	if (keep) {
		keep->older = NULL;
		a->blocks = keep;
		a->total = keep->size;
		use_block(a, keep);
	}
}

void arena_release(struct arena *a)
{
	run_cleanups(a);
	while (a->blocks) {
		struct arena_block *b = a->blocks;

		a->blocks = b->older;
		free(b);
	}
	*a = (struct arena){.max = a->max};
}

static void grow(struct arena *a, size_t n)
{
	size_t size = n > BLOCK_SIZE ? n : BLOCK_SIZE;
	struct arena_block *b;

	if (size > a->max || a->total > a->max - size)
		BUG("arena over its cap of %zu bytes", a->max);
	b = malloc(sizeof(*b) + size);
	if (b == NULL)
		BUG("out of memory");
	b->size = size;
	b->older = a->blocks;
	a->blocks = b;
	a->total += size;
	use_block(a, b);
}

void *arena_alloc(struct arena *a, size_t n)
{
	char *p;

	if (n > SIZE_MAX - 16)
		BUG("arena_alloc of %zu bytes", n);
	n = (n + 15) & ~(size_t)15;
	if (n == 0)
		n = 16;
	if ((size_t)(a->end - a->next) < n)
		grow(a, n);
	p = a->next;
	a->next += n;
	memset(p, 0, n);
	return p;
}

void *arena_alloc_array(struct arena *a, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		BUG("arena_array of %zu x %zu bytes", n, size);
	return arena_alloc(a, n * size);
}

char *arena_strz(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

struct str arena_str(struct arena *a, struct str s)
{
	if (s.p == NULL)
		return STR_NULL;
	return (struct str){arena_strz(a, s), s.n};
}

/* Written where the next allocation begins, if it fits there: printing twice, to count first, costs twice. */
struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	size_t room = (size_t)(a->end - a->next);
	va_list again;
	char *p = a->next;
	int n;

	va_copy(again, ap);
	n = vsnprintf(p, room, fmt, ap);
	if (n < 0)
		BUG("bad format %s", fmt);
	if ((size_t)n < room) {
		a->next += ((size_t)n + 16) & ~(size_t)15; /* a block ends at a multiple of 16 */
	} else {
		p = arena_alloc(a, (size_t)n + 1);
		vsnprintf(p, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	return (struct str){p, (size_t)n};
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	struct str s;

	va_start(ap, fmt);
	s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

struct str arena_cat(struct arena *a, struct str x, struct str y)
{
	char *p = arena_alloc(a, x.n + y.n + 1);

	if (x.n)
		memcpy(p, x.p, x.n);
	if (y.n)
		memcpy(p + x.n, y.p, y.n);
	return (struct str){p, x.n + y.n};
}

void arena_on_reset(struct arena *a, void (*fn)(void *), void *arg)
{
	struct arena_cleanup *c = arena_new(a, struct arena_cleanup);

	c->fn = fn;
	c->arg = arg;
	c->older = a->cleanups;
	a->cleanups = c;
}
