/*
 * Cryptography by libraries only: libsodium (argon2id, Ed25519, random), OpenSSL (SHA-256, SM2, SM3), libgcrypt (SM4-GCM, AES-GCM).
 * Two suites chosen at `init`: "sm" (SM2/SM3/SM4, 密码法 and GM/T) and "intl" (Ed25519/SHA-256/AES-256-GCM).
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

void crypto_init(void);

/* ---- hashing ---- */
enum hash_alg { HASH_SHA256, HASH_SM3 };
void hash_bytes(enum hash_alg alg, const void *p, size_t n, unsigned char out[32]);
struct hash_state;                                             /* incremental: crypto/hash.h */
struct str hex(struct arena *a, const void *p, size_t n);
CHECKED bool unhex(struct str s, unsigned char *out, size_t n);
struct str base64url(struct arena *a, const void *p, size_t n);
CHECKED bool unbase64url(struct arena *a, struct str s, struct str *out);

/* ---- passwords (argon2id; at most 4 at once) ---- */
CHECKED enum err password_hash(struct arena *a, struct str password, struct str *out);
bool password_check(struct str hash, struct str password);
/* NULL when good enough (length 8..128, not the login, not one of the common ones); else N_() what to do. */
const char *password_weakness(struct str password, struct str login);

/* ---- tokens and codes ---- */
struct str token_new(struct arena *a);                          /* 256 bits, base64url, for cookies */
void token_hash(struct str token, unsigned char out[32]);       /* what the store keeps */
/* 12 signs of Crockford base32 from 55 random bits and 5 check bits: "7QK2-M9XD-4T8P". */
struct str code_new(struct arena *a);
/* Normal form of what a person typed (case, O/0, I/L/1, spaces, hyphens); false: cannot be a code. */
CHECKED bool code_read(struct arena *a, struct str typed, struct str *out);
/* HMAC-SHA-256 for CSRF tokens and exact look-up of sealed values. */
void mac(const unsigned char key[32], struct str data, unsigned char out[32]);
bool equal_const_time(const void *x, const void *y, size_t n);
void random_bytes(void *p, size_t n);

/* ---- keys: files in var/keys, 0600, made by init ---- */
struct keyring;
CHECKED enum err keyring_open(const char *dir, bool create, const char *suite, struct keyring **out, struct arena *a, struct str *why);
void keyring_free(struct keyring *k);
/* The process's keyring, set once by main/tests. */
void keyring_use(struct keyring *k);
/* 32 bytes derived for a purpose: "csrf", "lookup:phone". */
CHECKED enum err key_for(const char *purpose, unsigned char out[32]);

/* ---- sealed fields: authenticated encryption at rest, key number in front so keys can rotate ---- */
CHECKED enum err seal(struct arena *a, struct str plain, struct str context /* "matter:123:phone" */, struct str *sealed);
CHECKED enum err unseal(struct arena *a, struct str sealed, struct str context, struct str *plain);

/* Number of the key under which it is sealed (0: none of ours), and of the key that seals now. */
int64_t seal_number(struct str sealed);
int64_t seal_newest(void);

/* ---- signatures over tree heads ---- */
CHECKED enum err sign(struct arena *a, struct str data, struct str *signature, struct str *key_id);
CHECKED enum err sign_verify(struct str public_key_text, struct str data, struct str signature, struct str *why, struct arena *a);
struct str sign_public_key(struct arena *a);  /* text to publish: algorithm, id, base64 */

#endif
