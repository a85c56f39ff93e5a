#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_eqz(struct str a, const char *z)
{
	return str_eq(a, str_from(z));
}

bool str_ieqz(struct str a, const char *z)
{
	size_t n = strlen(z);

	return a.n == n && (n == 0 || strncasecmp(a.p, z, n) == 0);
}

bool str_starts(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

bool str_ends(struct str s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.n >= n && (n == 0 || memcmp(s.p + s.n - n, suffix, n) == 0);
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n ? memcmp(a.p, b.p, n) : 0;

	if (d != 0)
		return d;
	return (a.n > b.n) - (a.n < b.n);
}

struct str str_sub(struct str s, size_t from, size_t n)
{
	if (from > s.n)
		from = s.n;
	if (n > s.n - from)
		n = s.n - from;
	return (struct str){s.p ? s.p + from : NULL, n};
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	for (;;) {
		if (s.n && is_space(s.p[0]))
			s = str_sub(s, 1, s.n);
		else if (str_starts(s, "\xe3\x80\x80") || str_starts(s, "\xef\xbb\xbf"))
			s = str_sub(s, 3, s.n);
		else
			break;
	}
	for (;;) {
		if (s.n && is_space(s.p[s.n - 1]))
			s.n--;
		else if (str_ends(s, "\xe3\x80\x80") || str_ends(s, "\xef\xbb\xbf"))
			s.n -= 3;
		else
			break;
	}
	return s;
}

ptrdiff_t str_chr(struct str s, char c)
{
	const char *p = s.n ? memchr(s.p, c, s.n) : NULL;

	return p ? p - s.p : -1;
}

ptrdiff_t str_find(struct str s, struct str needle)
{
	const char *p;

	if (needle.n == 0)
		return 0;
	p = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
	return p ? p - s.p : -1;
}

bool str_split(struct str *rest, char sep, struct str *part)
{
	ptrdiff_t at;

	if (rest->p == NULL)
		return false;
	at = str_chr(*rest, sep);
	if (at < 0) {
		*part = *rest;
		*rest = STR_NULL;
		return true;
	}
	*part = str_sub(*rest, 0, (size_t)at);
	*rest = str_sub(*rest, (size_t)at + 1, rest->n);
	return true;
}

bool str_i64(struct str s, int64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;
	bool neg = false;
	uint64_t limit;

	if (s.n && (s.p[0] == '-' || s.p[0] == '+')) {
		neg = s.p[0] == '-';
		i = 1;
	}
	if (i == s.n || s.n > 20)
		return false;
	limit = neg ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	for (; i < s.n; i++) {
		unsigned d = (unsigned)(s.p[i] - '0');

		if (d > 9 || v > (limit - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*out = neg ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

static bool only_number_chars(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == 0 || strchr("0123456789+-.eE", s.p[i]) == NULL)
			return false;
	return true;
}

bool str_f64(struct str s, double *out)
{
	char z[64];
	char *end;
	double v;

	/* strtod would also take "nan", "inf" and hexadecimal: only what a person writes passes. */
	if (s.n == 0 || s.n >= sizeof(z) || !only_number_chars(s))
		return false;
	memcpy(z, s.p, s.n);
	z[s.n] = 0;
	errno = 0;
	v = strtod(z, &end);
	if (*end != 0 || errno == ERANGE || !isfinite(v))
		return false;
	*out = v;
	return true;
}
