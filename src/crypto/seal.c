/*
 * Sealed fields. Text "N.BASE64URL": N is the number of the key, the rest 12 bytes nonce, ciphertext, 16 bytes tag.
 * The context is authenticated with it, so a value moved to another row or field does not open.
 */
#include <gcrypt.h>
#include <sodium.h>

#include "crypto/keyring.h"
#include "crypto/reseal.h"

#define NONCE 12
#define TAG 16
#define LONGEST ((size_t)1 << 20)

static enum err cipher_open(const struct seal_key *k, const unsigned char *nonce, struct str context, gcry_cipher_hd_t *out)
{
	int alg = k->alg == SEAL_SM4_GCM ? GCRY_CIPHER_SM4 : GCRY_CIPHER_AES256;
	gcry_error_t e = gcry_cipher_open(out, alg, GCRY_CIPHER_MODE_GCM, 0);

	if (e)
		BUG("cipher: %s", gcry_strerror(e));
	e = gcry_cipher_setkey(*out, k->key, k->alg == SEAL_SM4_GCM ? 16 : 32);
	if (!e)
		e = gcry_cipher_setiv(*out, nonce, NONCE);
	if (!e)
		e = gcry_cipher_authenticate(*out, context.p ? context.p : "", context.n);
	if (e)
		BUG("cipher: %s", gcry_strerror(e));
	return OK;
}

enum err seal(struct arena *a, struct str plain, struct str context, struct str *sealed)
{
	const struct keyring *k;
	const struct seal_key *key;
	gcry_cipher_hd_t c;
	unsigned char *box;
	enum err e = keyring_current(&k);

	if (e != OK)
		return e;
	if (plain.n > LONGEST)
		return ERR_TOO_MUCH;
	key = &k->seals[k->nseals - 1];
	box = arena_alloc(a, NONCE + plain.n + TAG);
	random_bytes(box, NONCE);
	e = cipher_open(key, box, context, &c);
	if (e != OK)
		return e;
	if (gcry_cipher_encrypt(c, box + NONCE, plain.n, plain.p ? plain.p : "", plain.n) ||
	    gcry_cipher_gettag(c, box + NONCE + plain.n, TAG))
		BUG("cipher refuses %zu bytes", plain.n);
	gcry_cipher_close(c);
	*sealed = arena_printf(a, "%lld.%s", (long long)key->number, base64url(a, box, NONCE + plain.n + TAG).p);
	return OK;
}

static const struct seal_key *find_key(const struct keyring *k, struct str number)
{
	int64_t n;

	if (!str_i64(number, &n))
		return NULL;
	for (size_t i = 0; i < k->nseals; i++)
		if (k->seals[i].number == n)
			return &k->seals[i];
	return NULL;
}

enum err unseal(struct arena *a, struct str sealed, struct str context, struct str *plain)
{
	const struct keyring *k;
	const struct seal_key *key;
	gcry_cipher_hd_t c;
	struct str number, box;
	unsigned char *to;
	size_t n;
	bool genuine;
	enum err e = keyring_current(&k);

	if (e != OK)
		return e;
	if (!str_split(&sealed, '.', &number) || sealed.n > LONGEST * 2 || !unbase64url(a, sealed, &box) || box.n < NONCE + TAG)
		return ERR_INPUT;
	key = find_key(k, number);
	if (key == NULL)
		return ERR_NOT_FOUND;
	n = box.n - NONCE - TAG;
	to = arena_alloc(a, n + 1);
	e = cipher_open(key, (const unsigned char *)box.p, context, &c);
	if (e != OK)
		return e;
	genuine = !gcry_cipher_decrypt(c, to, n, box.p + NONCE, n) && !gcry_cipher_checktag(c, box.p + NONCE + n, TAG);
	gcry_cipher_close(c);
	if (!genuine) {
		sodium_memzero(to, n);
		return ERR_INPUT;
	}
	to[n] = 0;
	*plain = (struct str){(char *)to, n};
	return OK;
}

int64_t seal_number(struct str sealed)
{
	struct str number;
	int64_t n;

	return str_split(&sealed, '.', &number) && str_i64(number, &n) ? n : 0;
}

int64_t seal_newest(void)
{
	const struct keyring *k;

	return keyring_current(&k) == OK ? k->seals[k->nseals - 1].number : 0;
}

enum err seal_again(struct arena *a, struct str sealed, struct str context, struct str *out)
{
	struct str plain;
	enum err e;

	*out = STR_NULL;
	if (str_empty(sealed) || seal_number(sealed) == seal_newest())
		return OK;
	e = unseal(a, sealed, context, &plain);
	return e == OK ? seal(a, plain, context, out) : e;
}
