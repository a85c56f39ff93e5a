/*
 * All files of a key folder in one piece, sealed under a passphrase, for a backup that is to restore by itself.
 *
 *	"gongzhi-keys 1\n", one byte cipher (0 SM4-GCM, 1 AES-256-GCM), four bytes passes, four bytes KiB of memory (big endian),
 *	16 bytes salt, 12 bytes nonce, then ciphertext and 16 bytes tag; all before the ciphertext is authenticated with it.
 *
 * The key comes from the passphrase by argon2id (RFC 9106). Inside: for each file "NAME\nHEX OF ITS CONTENT\n".
 */
#ifndef CRYPTO_BUNDLE_H
#define CRYPTO_BUNDLE_H

#include "crypto/crypto.h"

/* NULL when good enough (12..128 bytes, not one of the common ones); else N_() what to do. */
const char *bundle_weakness(struct str passphrase);
/* ERR_IO with *why (both languages). */
CHECKED enum err keys_bundle(const char *dir, const char *suite, struct str passphrase, struct arena *a, struct str *bundle, struct str *why);
/*
 * Puts the files into the folder (made when missing). Nothing is overwritten: ERR_CONFLICT, before anything is written, when a file is there
 * with other content. ERR_LOGIN: wrong passphrase or damaged. dir NULL: only opens the bundle.
 */
CHECKED enum err keys_unbundle(struct str bundle, struct str passphrase, const char *dir, struct arena *a, struct str *why);

#endif
