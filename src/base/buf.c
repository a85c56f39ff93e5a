#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->full = false;
}

void buf_release(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.max = b->max};
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t need, cap;
	char *p;

	if (b->full || n > b->max || b->n > b->max - n) {
		b->full = true;
		return NULL;
	}
	need = b->n + n + 1;
	if (need > b->cap) {
		cap = b->cap ? b->cap : 256;
		while (cap < need)
			cap *= 2;
		p = realloc(b->p, cap);
		if (p == NULL)
			BUG("out of memory");
		b->p = p;
		b->cap = cap;
	}
	return b->p + b->n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	char *to = buf_reserve(b, n);

	if (to == NULL || n == 0)
		return;
	memcpy(to, p, n);
	b->n += n;
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addz(struct buf *b, const char *z)
{
	buf_add(b, z, strlen(z));
}

void buf_adds(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

/* Bytes that can be added without asking for memory. */
static size_t room_in(const struct buf *b)
{
	size_t room = b->cap ? b->cap - b->n - 1 : 0;

	return b->full ? 0 : room < b->max - b->n ? room : b->max - b->n;
}

/* Printed where it belongs, if it fits there: printing twice, to count first, costs twice. */
void buf_printf(struct buf *b, const char *fmt, ...)
{
	size_t room = room_in(b);
	va_list ap, again;
	char *to = room ? b->p + b->n : NULL;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(to, room ? room + 1 : 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		BUG("bad format %s", fmt);
	if (to == NULL || (size_t)n > room) {
		to = buf_reserve(b, (size_t)n);
		if (to)
			vsnprintf(to, (size_t)n + 1, fmt, again);
	}
	if (to)
		b->n += (size_t)n;
	va_end(again);
}

void buf_add_i64(struct buf *b, int64_t v)
{
	char digits[24], *p = digits + sizeof(digits);
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		*--p = '-';
	buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

struct str buf_str(struct buf *b)
{
	if (b->p == NULL && buf_reserve(b, 0) == NULL)
		return STR("");
	b->p[b->n] = 0;
	return (struct str){b->p, b->n};
}

enum err buf_check(const struct buf *b)
{
	return b->full ? ERR_TOO_MUCH : OK;
}
