/*
 * Masks telephone and identity numbers and e-mail addresses inside free text. A number may be written with spaces, hyphens, dots or
 * full-width digits: the text is read as characters, a run of digits with single separators between is judged by its digits.
 */
#include "base/buf.h"
#include "base/utf8.h"
#include "core/matter/matter.h"

#define RUN 64

struct run {
	size_t at[RUN], len[RUN]; /* bytes of each digit in the text */
	char digit[RUN + 1];
	size_t n, end;            /* digits; byte behind the last digit */
};

static bool separates(uint32_t c)
{
	return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/' || (c >= 0x2010 && c <= 0x2015) || c == 0xa0 || c == 0x2009 ||
	       c == 0x2212;
}

static bool is_digit(uint32_t c, bool x_too)
{
	return (c >= '0' && c <= '9') || (x_too && (c == 'x' || c == 'X'));
}

/* The run of digits that starts at byte `from`. */
static void read_run(struct str text, size_t from, struct run *r)
{
	struct str rest = str_sub(text, from, text.n);
	int gap = 0;

	r->n = 0;
	while (rest.n && r->n < RUN) {
		size_t at = text.n - rest.n;
		uint32_t c = utf8_fold_char(utf8_next(&rest));

		if (is_digit(c, r->n == 17)) {
			r->at[r->n] = at;
			r->len[r->n] = text.n - rest.n - at;
			r->digit[r->n++] = (char)c;
			r->end = text.n - rest.n;
			gap = 0;
		} else if (!separates(c) || ++gap > 2) {
			break;
		}
	}
	r->digit[r->n] = 0;
}

static int two(const char *d)
{
	return (d[0] - '0') * 10 + d[1] - '0';
}

/* 18 digits (the last may be X) or 15, with a date of birth inside. */
static size_t identity(const char *d, size_t n)
{
	if (n >= 18 && (memcmp(d + 6, "19", 2) == 0 || memcmp(d + 6, "20", 2) == 0) && two(d + 10) >= 1 && two(d + 10) <= 12 &&
	    two(d + 12) >= 1 && two(d + 12) <= 31 && d[0] != '0')
		return 18;
	if (n == 15 && d[0] >= '1' && d[0] <= '8' && two(d + 8) >= 1 && two(d + 8) <= 12 && two(d + 10) >= 1 && two(d + 10) <= 31)
		return 15;
	return 0;
}

/* Mobile: 1[3-9] and nine more, perhaps behind 86 or 0086. Landline: 0, area, 7 or 8 digits. Digits to skip before it in *skip. */
static size_t telephone(const char *d, size_t n, size_t *skip)
{
	*skip = n >= 15 && memcmp(d, "0086", 4) == 0 ? 4 : n >= 13 && memcmp(d, "86", 2) == 0 ? 2 : 0;
	if (n - *skip >= 11 && d[*skip] == '1' && d[*skip + 1] >= '3')
		return 11;
	*skip = 0;
	if (d[0] == '0' && d[1] != '0' && n >= 10 && n <= 12)
		return n;
	return 0;
}

/* Copies the digits of one number, stars in the middle; separators inside it are left out. */
static void put(struct buf *out, struct str text, const struct run *r, size_t from, size_t n, size_t head, size_t tail)
{
	for (size_t i = 0; i < n; i++) {
		if (i >= head && i < n - tail)
			buf_addc(out, '*');
		else
			buf_add(out, text.p + r->at[from + i], r->len[from + i]);
	}
}

static bool group_begins(const struct run *r, size_t i)
{
	return i == 0 || r->at[i] != r->at[i - 1] + r->len[i - 1];
}

/* 67891234, 6789 1234, 678-9123: one group, or the last four digits apart; not the rest of a number that is masked already. */
static bool like_landline(struct str text, const struct run *r, size_t i)
{
	size_t n = r->n - i;
	const char *d = r->digit + i;

	if ((n != 7 && n != 8) || d[0] < '2' || (n == 8 && d[0] == '2' && d[1] == '0') || (r->at[i] && text.p[r->at[i] - 1] == '*'))
		return false;
	for (size_t k = i + 1; k < r->n; k++)
		if (group_begins(r, k) && k != r->n - 4)
			return false;
	return true;
}

/* Masks the number that begins with digit i of the run; returns how many digits it took, 0: none begins here. */
static size_t mask_number(struct buf *out, struct str text, const struct run *r, size_t i)
{
	const char *d = r->digit + i;
	size_t n = identity(d, r->n - i), skip = 0;

	if (n) {
		put(out, text, r, i, n, 3, 4);
		return n;
	}
	n = telephone(d, r->n - i, &skip);
	if (n) {
		bool mobile = n == 11 && d[skip] == '1';

		for (size_t k = i; k < i + skip; k++)
			buf_add(out, text.p + r->at[k], r->len[k]);
		put(out, text, r, i + skip, n, mobile ? 3 : 4, mobile ? 4 : 2);
		return skip + n;
	}
	if (like_landline(text, r, i)) {
		n = r->n - i;
		put(out, text, r, i, n, 2, 2);
		return n;
	}
	return 0;
}

/* Copies the run with its numbers masked; returns the byte behind it. */
static size_t mask_run(struct buf *out, struct str text, const struct run *r)
{
	size_t at = r->at[0];

	for (size_t i = 0; i < r->n;) {
		size_t n;

		buf_add(out, text.p + at, r->at[i] - at);
		n = group_begins(r, i) ? mask_number(out, text, r, i) : 0;
		if (n == 0) {
			buf_add(out, text.p + r->at[i], r->len[i]);
			n = 1;
		}
		i += n;
		at = r->at[i - 1] + r->len[i - 1];
	}
	return r->end;
}

static bool in_address(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-';
}

/* Behind the sign: "qq.com", a name with a dot and letters behind the last one. */
static bool domain_follows(struct str rest)
{
	size_t dot = 0, n = 0;

	for (; n < rest.n && in_address((unsigned char)rest.p[n]); n++)
		if (rest.p[n] == '.' && n + 2 < rest.n && in_address((unsigned char)rest.p[n + 1]) && rest.p[n + 1] > '9')
			dot = n;
	return dot > 0;
}

/* What was copied before the sign is the name of an e-mail address: its first letter stays. */
static void mask_local(struct buf *out)
{
	size_t from = out->n;

	while (from && out->n - from < 64 && (in_address((unsigned char)out->p[from - 1]) || (out->p[from - 1] && strchr("_+*", out->p[from - 1]))))
		from--;
	if (from == out->n)
		return;
	out->n = from + 1;
	buf_addz(out, "***");
}

struct str matter_mask(struct arena *a, struct str text)
{
	struct buf out;
	struct str s;
	size_t at = 0;

	if (text.p == NULL)
		return text;
	buf_init(&out, 2 * text.n + 16); /* a@b.cn grows */
	while (at < text.n) {
		struct str rest = str_sub(text, at, text.n);
		uint32_t c = utf8_fold_char(utf8_next(&rest));
		struct run r;

		if (c == '@' && domain_follows(rest))
			mask_local(&out);
		if (!is_digit(c, false)) {
			buf_add(&out, text.p + at, text.n - rest.n - at);
			at = text.n - rest.n;
			continue;
		}
		read_run(text, at, &r);
		at = mask_run(&out, text, &r);
	}
	s = arena_str(a, buf_str(&out));
	buf_release(&out);
	return s;
}
