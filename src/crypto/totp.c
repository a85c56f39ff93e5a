#include "crypto/totp.h"

#include <gcrypt.h>

uint32_t totp_code(const void *secret, size_t n, int64_t step)
{
	unsigned char counter[8], h[20];
	gcry_buffer_t iov[2] = {{.len = n, .data = (void *)(uintptr_t)secret}, {.len = sizeof(counter), .data = counter}};
	gcry_error_t e;
	uint32_t v;
	size_t at;

	for (int i = 7; i >= 0; i--, step >>= 8)
		counter[i] = (unsigned char)step;
	e = gcry_md_hash_buffers(GCRY_MD_SHA1, GCRY_MD_FLAG_HMAC, h, iov, 2); /* the first buffer is the key */
	if (e)
		BUG("totp: %s", gcry_strerror(e));
	at = h[19] & 15; /* RFC 4226, 5.3: dynamic truncation */
	v = (uint32_t)(h[at] & 127) << 24 | (uint32_t)h[at + 1] << 16 | (uint32_t)h[at + 2] << 8 | h[at + 3];
	return v % 1000000;
}

struct str base32(struct arena *a, const void *p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	const unsigned char *b = p;
	char *out = arena_alloc(a, (n * 8 + 4) / 5 + 1);
	uint32_t bits = 0;
	size_t have = 0, at = 0;

	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | b[i];
		for (have += 8; have >= 5; have -= 5)
			out[at++] = digits[bits >> (have - 5) & 31];
	}
	if (have)
		out[at++] = digits[bits << (5 - have) & 31];
	out[at] = 0;
	return (struct str){out, at};
}
