#include "crypto/hash.h"

#include <gcrypt.h>
#include <sodium.h>

static int gcry_alg(enum hash_alg alg)
{
	return alg == HASH_SM3 ? GCRY_MD_SM3 : GCRY_MD_SHA256;
}

void hash_bytes(enum hash_alg alg, const void *p, size_t n, unsigned char out[32])
{
	gcry_md_hash_buffer(gcry_alg(alg), out, p ? p : "", n);
}

void hash_two(enum hash_alg alg, const void *x, size_t nx, const void *y, size_t ny, unsigned char out[32])
{
	gcry_buffer_t iov[2] = {
		{.len = nx, .data = (void *)(uintptr_t)x},
		{.len = ny, .data = (void *)(uintptr_t)y},
	};
	gcry_error_t e = gcry_md_hash_buffers(gcry_alg(alg), 0, out, iov, 2);

	if (e)
		BUG("hash: %s", gcry_strerror(e));
}

void hash_begin(struct hash_state *s, enum hash_alg alg)
{
	gcry_md_hd_t md;
	gcry_error_t e = gcry_md_open(&md, gcry_alg(alg), 0);

	if (e)
		BUG("hash: %s", gcry_strerror(e));
	s->md = md;
}

void hash_add(struct hash_state *s, const void *p, size_t n)
{
	gcry_md_write(s->md, p, n);
}

void hash_end(struct hash_state *s, unsigned char out[32])
{
	memcpy(out, gcry_md_read(s->md, 0), HASH_SIZE);
	gcry_md_close(s->md);
	s->md = NULL;
}

/*
 * HMAC (RFC 2104) by two plain hashes: the library's own opens a context for each, which costs several times the hashes of the short texts we have.
 * Both algorithms have blocks of 64 bytes.
 */
void hash_mac(enum hash_alg alg, const unsigned char key[32], struct str data, unsigned char out[32])
{
	unsigned char pad[64], inner[HASH_SIZE];

	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] = (unsigned char)((i < 32 ? key[i] : 0) ^ 0x36);
	hash_two(alg, pad, sizeof(pad), data.p, data.n, inner);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash_two(alg, pad, sizeof(pad), inner, sizeof(inner), out);
	sodium_memzero(pad, sizeof(pad));
	sodium_memzero(inner, sizeof(inner));
}

const char *hash_name(enum hash_alg alg)
{
	return alg == HASH_SM3 ? "sm3" : "sha256";
}

bool hash_of_name(struct str name, enum hash_alg *out)
{
	for (int i = HASH_SHA256; i <= HASH_SM3; i++) {
		if (str_eqz(name, hash_name((enum hash_alg)i))) {
			*out = (enum hash_alg)i;
			return true;
		}
	}
	return false;
}
