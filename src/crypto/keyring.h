/*
 * Keys are files in one folder (var/keys, 0700; files 0600), one line each:
 *
 *	derive.key     "hmac-sha256 HEX"           from which key_for() derives; never rotated (look-up hashes depend on it)
 *	seal-N.key     "sm4-gcm HEX"               N = 1, 2 ...; the greatest seals, all unseal
 *	sign-N.key     "sm2-sm3 HEX"               private key; the greatest signs, the public halves of all are published
 *
 * Each file names its own algorithm, so an installation may change its suite by rotating.
 */
#ifndef CRYPTO_KEYRING_H
#define CRYPTO_KEYRING_H

#include "crypto/hash.h"

#define KEYS_MAX 64 /* of one kind */

enum seal_alg { SEAL_SM4_GCM, SEAL_AES256_GCM };
struct seal_key {
	int64_t number;
	enum seal_alg alg;
	unsigned char key[32];
};

enum sign_alg { SIGN_SM2, SIGN_ED25519 };
struct sign_key {
	int64_t number;
	enum sign_alg alg;
	unsigned char secret[32];
	unsigned char public[65];  /* SM2: 04 || x || y; Ed25519: 32 bytes */
	size_t npublic;
	char id[17];               /* first 8 bytes of SHA-256 of the public key, hex */
	void *pkey;                /* SM2: EVP_PKEY */
};

struct keyring {
	unsigned char derive[32];
	struct seal_key *seals;    /* ascending numbers */
	size_t nseals;
	struct sign_key *signs;
	size_t nsigns;
	enum hash_alg hash;        /* of the newest signing key's suite: SM3 with SM2, SHA-256 with Ed25519 */
};

/* The one in use; ERR_IO before keyring_use. */
CHECKED enum err keyring_current(const struct keyring **out);

/* Adds a new sealing and a new signing key of that suite. The running server takes them at its next start. */
CHECKED enum err keyring_rotate(const char *dir, const char *suite, struct arena *a, struct str *why);

/* The hash a new log of this installation uses. */
enum hash_alg keyring_hash(void);

/* sign.c's part: fills public, npublic, id, pkey from secret; makes a new secret. */
CHECKED enum err sign_key_fill(struct sign_key *k);
CHECKED enum err sign_key_make(enum sign_alg alg, unsigned char secret[32]);
void sign_key_free(struct sign_key *k);

#endif
