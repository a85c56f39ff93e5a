/* Random tokens, the codes that residents get, and the small encodings they need. */
#include <sodium.h>

#include "crypto/crypto.h"
#include "crypto/hash.h"

#define CODE_SIGNS 12
#define CODE_TEXT (CODE_SIGNS + 2) /* two hyphens */

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void random_bytes(void *p, size_t n)
{
	randombytes_buf(p, n);
}

bool equal_const_time(const void *x, const void *y, size_t n)
{
	return sodium_memcmp(x, y, n) == 0;
}

void mac(const unsigned char key[32], struct str data, unsigned char out[32])
{
	hash_mac(HASH_SHA256, key, data, out);
}

struct str hex(struct arena *a, const void *p, size_t n)
{
	char *to = arena_alloc(a, 2 * n + 1);

	sodium_bin2hex(to, 2 * n + 1, p, n);
	return (struct str){to, 2 * n};
}

bool unhex(struct str s, unsigned char *out, size_t n)
{
	size_t len;
	const char *end;

	return s.n == 2 * n && sodium_hex2bin(out, n, s.p, s.n, NULL, &len, &end) == 0 && len == n && end == s.p + s.n;
}

struct str base64url(struct arena *a, const void *p, size_t n)
{
	size_t len = sodium_base64_encoded_len(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *to = arena_alloc(a, len);

	sodium_bin2base64(to, len, p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return (struct str){to, len - 1};
}

bool unbase64url(struct arena *a, struct str s, struct str *out)
{
	unsigned char *to = arena_alloc(a, s.n / 4 * 3 + 4);
	const char *end;
	size_t n;

	if (s.p == NULL || sodium_base642bin(to, s.n / 4 * 3 + 3, s.p, s.n, NULL, &n, &end,
					     sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 || end != s.p + s.n)
		return false;
	*out = (struct str){(char *)to, n};
	return true;
}

struct str token_new(struct arena *a)
{
	unsigned char r[32];

	random_bytes(r, sizeof(r));
	return base64url(a, r, sizeof(r));
}

void token_hash(struct str token, unsigned char out[32])
{
	hash_bytes(HASH_SHA256, token.p, token.n, out);
}

/* x times the generator of GF(32) under z^5 + z^2 + 1. */
static unsigned times_z(unsigned x)
{
	x <<= 1;
	return x & 32 ? x ^ 37 : x;
}

/*
 * The check sign is the sum of z^i * d_i over GF(32). The powers of z differ for all places, so every single wrong
 * sign and every swap of two signs is found; an arbitrary other code passes once in 32.
 */
static unsigned check_sign(const unsigned char d[CODE_SIGNS - 1])
{
	unsigned sum = 0;

	/* Horner's rule from the last sign down */
	for (int i = CODE_SIGNS - 2; i >= 0; i--)
		sum = times_z(sum ^ d[i]);
	return sum;
}

static struct str code_text(struct arena *a, const unsigned char d[CODE_SIGNS])
{
	char *p = arena_alloc(a, CODE_TEXT + 1);
	char *to = p;

	for (int i = 0; i < CODE_SIGNS; i++) {
		if (i == 4 || i == 8)
			*to++ = '-';
		*to++ = crockford[d[i]];
	}
	return (struct str){p, CODE_TEXT};
}

struct str code_new(struct arena *a)
{
	unsigned char d[CODE_SIGNS];

	random_bytes(d, sizeof(d));
	for (int i = 0; i < CODE_SIGNS; i++)
		d[i] &= 31;
	d[CODE_SIGNS - 1] = (unsigned char)check_sign(d);
	return code_text(a, d);
}

/* Takes one character off the front; full-width forms (a Chinese keyboard's) become ASCII, dashes and spaces ' '. */
static int next_char(struct str *s)
{
	static const char *const blanks[] = {"\xe3\x80\x80", "\xe2\x80\x90", "\xe2\x80\x91", "\xe2\x80\x93",
					     "\xe2\x80\x94", "\xe2\x88\x92", "\xc2\xa0"};
	unsigned char c = (unsigned char)s->p[0];

	for (size_t i = 0; i < ARRAY_LEN(blanks); i++) {
		if (str_starts(*s, blanks[i])) {
			*s = str_sub(*s, strlen(blanks[i]), s->n);
			return ' ';
		}
	}
	if (c == 0xef && s->n >= 3) { /* U+FF01 .. U+FF5E */
		unsigned u = 0xf000u | ((unsigned char)s->p[1] & 63u) << 6 | ((unsigned char)s->p[2] & 63u);

		if (u < 0xff01 || u > 0xff5e)
			return -1;
		*s = str_sub(*s, 3, s->n);
		c = (unsigned char)(u - 0xff01 + '!');
	} else {
		*s = str_sub(*s, 1, s->n);
	}
	return c == '-' || c == ' ' || (c >= '\t' && c <= '\r') ? ' ' : c;
}

static int sign_value(int c)
{
	const char *at;

	if (c >= 'a' && c <= 'z')
		c -= 'a' - 'A';
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	at = c > 0 ? strchr(crockford, c) : NULL;
	return at ? (int)(at - crockford) : -1;
}

bool code_read(struct arena *a, struct str typed, struct str *out)
{
	unsigned char d[CODE_SIGNS];
	size_t n = 0;

	if (typed.n > 256)
		return false;
	while (typed.n) {
		int c = next_char(&typed);
		int v;

		if (c == ' ')
			continue;
		v = sign_value(c);
		if (v < 0 || n == CODE_SIGNS)
			return false;
		d[n++] = (unsigned char)v;
	}
	if (n != CODE_SIGNS || d[CODE_SIGNS - 1] != check_sign(d))
		return false;
	*out = code_text(a, d);
	return true;
}
