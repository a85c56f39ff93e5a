/*
 * Hashing: SHA-256 and SM3 by libgcrypt, which is the fastest of our libraries on the short messages of the Merkle log
 * (7 million SM3 of 33 bytes a second; OpenSSL's EVP needs three times as long).
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "crypto/crypto.h"

#define HASH_SIZE 32

struct hash_state {
	void *md; /* gcry_md_hd_t */
};

void hash_begin(struct hash_state *s, enum hash_alg alg);
void hash_add(struct hash_state *s, const void *p, size_t n);
void hash_end(struct hash_state *s, unsigned char out[HASH_SIZE]); /* also frees */

/* H(x || y) in one call, for tree nodes. */
void hash_two(enum hash_alg alg, const void *x, size_t nx, const void *y, size_t ny, unsigned char out[HASH_SIZE]);

/* HMAC with either hash. */
void hash_mac(enum hash_alg alg, const unsigned char key[32], struct str data, unsigned char out[HASH_SIZE]);

/* "sha256", "sm3". */
const char *hash_name(enum hash_alg alg);
CHECKED bool hash_of_name(struct str name, enum hash_alg *out);

#endif
