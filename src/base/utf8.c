#include "base/utf8.h"

/* Length of the valid sequence at p, 0 when broken; *c gets the character. */
static size_t decode(const unsigned char *p, size_t n, uint32_t *c)
{
	if (p[0] < 0x80) {
		*c = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	if (n < 2 || (p[1] & 0xc0) != 0x80)
		return 0;
	if (p[0] < 0xe0) {
		*c = (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
		return 2;
	}
	if (n < 3 || (p[2] & 0xc0) != 0x80)
		return 0;
	if (p[0] < 0xf0) {
		*c = (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
		return *c < 0x800 || (*c >= 0xd800 && *c < 0xe000) ? 0 : 3;
	}
	if (n < 4 || (p[3] & 0xc0) != 0x80)
		return 0;
	*c = (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 | (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
	return *c < 0x10000 || *c > 0x10ffff ? 0 : 4;
}

/* Most bytes of most input are ASCII: eight at a time. */
static size_t ascii_run(const char *p, size_t n)
{
	size_t i = 0;
	uint64_t w;

	for (; i + 8 <= n; i += 8) {
		memcpy(&w, p + i, 8);
		if (w & 0x8080808080808080u)
			break;
	}
	return i;
}

/* Chinese: three bytes, but for the leads that need a look at the second (no longer form than needed, no surrogates). */
static bool plain_three(const unsigned char *p, size_t n)
{
	return n >= 3 && p[0] > 0xe0 && p[0] < 0xf0 && p[0] != 0xed && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80;
}

size_t utf8_good(struct str s)
{
	size_t i = 0, n;
	uint32_t c;

	while (i < s.n) {
		if ((s.p[i] & 0x80) == 0) {
			n = ascii_run(s.p + i, s.n - i);
			i += n ? n : 1;
			continue;
		}
		if (plain_three((const unsigned char *)s.p + i, s.n - i)) {
			i += 3;
			continue;
		}
		n = decode((const unsigned char *)s.p + i, s.n - i, &c);
		if (n == 0)
			return i;
		i += n;
	}
	return s.n;
}

bool utf8_valid(struct str s)
{
	return utf8_good(s) == s.n;
}

/* By itself: its guarded stack frame would be that of every character. */
__attribute__((noinline)) static uint32_t next_other(struct str *rest)
{
	uint32_t c;
	size_t n = decode((const unsigned char *)rest->p, rest->n, &c);

	if (n == 0) {
		n = 1;
		c = UTF8_BAD;
	}
	rest->p += n;
	rest->n -= n;
	return c;
}

uint32_t utf8_next(struct str *rest)
{
	const unsigned char *p = (const unsigned char *)rest->p;

	if (*p < 0x80) {
		rest->p++;
		rest->n--;
		return *p;
	}
	if (!plain_three(p, rest->n))
		return next_other(rest);
	rest->p += 3;
	rest->n -= 3;
	return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
}

size_t utf8_put(char out[4], uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = UTF8_BAD;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

size_t utf8_count(struct str s)
{
	size_t n = 0;

	for (; s.n; n++)
		utf8_next(&s);
	return n;
}

struct str utf8_cut(struct str s, size_t n)
{
	struct str rest = s;

	while (rest.n && n--)
		utf8_next(&rest);
	s.n -= rest.n;
	return s;
}

struct str utf8_ellipsis(struct arena *a, struct str s, size_t n)
{
	if (n == 0 || utf8_cut(s, n).n == s.n)
		return utf8_cut(s, n);
	return arena_cat(a, utf8_cut(s, n - 1), STR("…"));
}

uint32_t utf8_fold_char(uint32_t c)
{
	if (c >= 0xff01 && c <= 0xff5e)
		return c - 0xff01 + '!';
	return c == 0x3000 ? ' ' : c;
}

struct str utf8_fold(struct arena *a, struct str s)
{
	char *p;
	size_t n = 0;

	if (s.p == NULL)
		return STR_NULL;
	/* A broken byte grows to the three of U+FFFD, everything else keeps its length or shrinks. */
	p = arena_alloc_array(a, s.n + 1, 3);
	while (s.n)
		n += utf8_put(p + n, utf8_fold_char(utf8_next(&s)));
	return (struct str){p, n};
}

static bool turns_direction(uint32_t c)
{
	return c == 0x200e || c == 0x200f || c == 0x061c || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool utf8_plain(struct str s, bool lines)
{
	while (s.n) {
		uint32_t c = utf8_next(&s);

		if (c == '\t' || (lines && (c == '\n' || c == '\r')))
			continue;
		if (c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || turns_direction(c))
			return false;
	}
	return true;
}
