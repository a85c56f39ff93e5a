/*
 * Signatures over tree heads: SM2 with SM3 (GM/T 0003, 0009; distinguishing id 1234567812345678) or Ed25519.
 * A published key is one line "ALGORITHM ID BASE64URL"; a .pub file has one line for each key that ever signed and may
 * hold comment lines that begin with '#'.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <sodium.h>

#include "crypto/keyring.h"

#define SM2_ID "1234567812345678"
#define PUB_FILE_MAX ((size_t)64 * 1024)

/* ---- SM2 through OpenSSL ---- */

static EVP_PKEY *sm2_from_params(OSSL_PARAM *params, int selection)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
	EVP_PKEY *pkey = NULL;

	if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *sm2_public(const unsigned char *point, size_t n)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (void *)(uintptr_t)"SM2", 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point, n),
		OSSL_PARAM_END,
	};

	return sm2_from_params(params, EVP_PKEY_PUBLIC_KEY);
}

/* d*G, uncompressed. False when d is not a private key (0 or not below the order of the group minus one). */
static bool sm2_point(const unsigned char secret[32], unsigned char point[65])
{
	EC_GROUP *g = EC_GROUP_new_by_curve_name(NID_sm2);
	BIGNUM *d = BN_bin2bn(secret, 32, NULL);
	BIGNUM *top = g ? BN_dup(EC_GROUP_get0_order(g)) : NULL;
	EC_POINT *p = g ? EC_POINT_new(g) : NULL;
	bool ok = g && d && top && p && BN_sub_word(top, 1) && !BN_is_zero(d) && BN_cmp(d, top) < 0 &&
		  EC_POINT_mul(g, p, d, NULL, NULL, NULL) == 1 &&
		  EC_POINT_point2oct(g, p, POINT_CONVERSION_UNCOMPRESSED, point, 65, NULL) == 65;

	EC_POINT_free(p);
	BN_free(top);
	BN_clear_free(d);
	EC_GROUP_free(g);
	return ok;
}

static EVP_PKEY *sm2_private(const unsigned char secret[32], const unsigned char point[65])
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *d = BN_bin2bn(secret, 32, NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;

	if (b && d && OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "SM2", 0) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, d) &&
	    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, 65))
		params = OSSL_PARAM_BLD_to_param(b);
	pkey = sm2_from_params(params, EVP_PKEY_KEYPAIR);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	BN_clear_free(d);
	return pkey;
}

/* A context for SM2-with-SM3 in which the distinguishing id is set; NULL on failure. */
static EVP_MD_CTX *sm2_begin(EVP_PKEY *pkey, bool verify)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	int ok = md && ctx && EVP_PKEY_CTX_set1_id(ctx, SM2_ID, sizeof(SM2_ID) - 1) == 1;

	if (ok) {
		EVP_MD_CTX_set_pkey_ctx(md, ctx);
		ok = verify ? EVP_DigestVerifyInit(md, NULL, EVP_sm3(), NULL, pkey) : EVP_DigestSignInit(md, NULL, EVP_sm3(), NULL, pkey);
	}
	if (ok == 1)
		return md;
	EVP_MD_CTX_free(md);
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

static void sm2_end(EVP_MD_CTX *md)
{
	EVP_PKEY_CTX *ctx = EVP_MD_CTX_get_pkey_ctx(md);

	EVP_MD_CTX_free(md);
	EVP_PKEY_CTX_free(ctx); /* set_pkey_ctx leaves it with us */
}

static enum err sm2_sign(struct arena *a, const struct sign_key *k, struct str data, struct str *signature)
{
	EVP_MD_CTX *md = sm2_begin(k->pkey, false);
	unsigned char *to = arena_alloc(a, 128);
	size_t n = 128;
	int ok = 0;

	if (md) {
		ok = EVP_DigestSign(md, to, &n, (const unsigned char *)data.p, data.n);
		sm2_end(md);
	}
	*signature = (struct str){(char *)to, n};
	return ok == 1 ? OK : ERR_IO;
}

static bool sm2_verify(struct str point, struct str data, struct str signature)
{
	EVP_PKEY *pkey = sm2_public((const unsigned char *)point.p, point.n);
	EVP_MD_CTX *md = pkey ? sm2_begin(pkey, true) : NULL;
	int ok = 0;

	if (md) {
		ok = EVP_DigestVerify(md, (const unsigned char *)signature.p, signature.n, (const unsigned char *)data.p, data.n);
		sm2_end(md);
	}
	EVP_PKEY_free(pkey);
	return ok == 1;
}

/* ---- keys ---- */

enum err sign_key_make(enum sign_alg alg, unsigned char secret[32])
{
	unsigned char point[65];

	do
		random_bytes(secret, 32);
	while (alg == SIGN_SM2 && !sm2_point(secret, point));
	return OK;
}

static void name_key(struct sign_key *k)
{
	unsigned char h[32];

	hash_bytes(HASH_SHA256, k->public, k->npublic, h);
	sodium_bin2hex(k->id, sizeof(k->id), h, 8);
}

enum err sign_key_fill(struct sign_key *k)
{
	if (k->alg == SIGN_SM2) {
		k->npublic = 65;
		if (!sm2_point(k->secret, k->public))
			return ERR_INPUT;
		k->pkey = sm2_private(k->secret, k->public);
		if (k->pkey == NULL)
			return ERR_INPUT;
	} else {
		unsigned char full[crypto_sign_SECRETKEYBYTES];

		k->npublic = crypto_sign_PUBLICKEYBYTES;
		crypto_sign_seed_keypair(k->public, full, k->secret);
		sodium_memzero(full, sizeof(full));
	}
	name_key(k);
	return OK;
}

void sign_key_free(struct sign_key *k)
{
	EVP_PKEY_free(k->pkey);
	k->pkey = NULL;
}

/* ---- signing ---- */

enum err sign(struct arena *a, struct str data, struct str *signature, struct str *key_id)
{
	const struct keyring *r;
	const struct sign_key *k;
	enum err e = keyring_current(&r);

	if (e != OK)
		return e;
	k = &r->signs[r->nsigns - 1];
	*key_id = arena_str(a, str_from(k->id));
	if (k->alg == SIGN_SM2)
		return sm2_sign(a, k, data, signature);
	unsigned char full[crypto_sign_SECRETKEYBYTES], pub[crypto_sign_PUBLICKEYBYTES];
	unsigned char *to = arena_alloc(a, crypto_sign_BYTES);

	crypto_sign_seed_keypair(pub, full, k->secret);
	crypto_sign_detached(to, NULL, (const unsigned char *)data.p, data.n, full);
	sodium_memzero(full, sizeof(full));
	*signature = (struct str){(char *)to, crypto_sign_BYTES};
	return OK;
}

struct str sign_public_key(struct arena *a)
{
	const struct keyring *r;
	struct str text = STR("");

	if (keyring_current(&r) != OK)
		return text;
	for (size_t i = r->nsigns; i-- > 0;) {
		const struct sign_key *k = &r->signs[i];

		text = arena_cat(a, text, arena_printf(a, "%s %s %s\n", k->alg == SIGN_SM2 ? "sm2-sm3" : "ed25519", k->id,
						       base64url(a, k->public, k->npublic).p));
	}
	return text;
}

/* ---- verifying ---- */

enum line_result { LINE_SKIP, LINE_BAD, LINE_NO, LINE_YES };

static enum line_result try_line(struct str line, struct str data, struct str signature, struct arena *a)
{
	struct str alg, id, key;
	struct sign_key k = {0};

	line = str_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return LINE_SKIP;
	if (!str_split(&line, ' ', &alg) || !str_split(&line, ' ', &id) || !unbase64url(a, str_trim(line), &key) ||
	    key.n > sizeof(k.public))
		return LINE_BAD;
	memcpy(k.public, key.p, key.n);
	k.npublic = key.n;
	name_key(&k);
	if (!str_eqz(id, k.id))
		return LINE_BAD;
	if (str_eqz(alg, "sm2-sm3"))
		return key.n == 65 && signature.n <= 128 && sm2_verify(key, data, signature) ? LINE_YES : LINE_NO;
	if (str_eqz(alg, "ed25519"))
		return key.n == crypto_sign_PUBLICKEYBYTES && signature.n == crypto_sign_BYTES &&
		       crypto_sign_verify_detached((const unsigned char *)signature.p, (const unsigned char *)data.p, data.n,
						   (const unsigned char *)key.p) == 0 ? LINE_YES : LINE_NO;
	return LINE_BAD;
}

enum err sign_verify(struct str public_key_text, struct str data, struct str signature, struct str *why, struct arena *a)
{
	struct str line;
	int keys = 0, number = 0;

	crypto_init();
	if (public_key_text.n > PUB_FILE_MAX) {
		*why = STR("公钥文件太大 the public key file is too large");
		return ERR_TOO_MUCH;
	}
	while (str_split(&public_key_text, '\n', &line)) {
		enum line_result r = try_line(line, data, signature, a);

		number++;
		if (r == LINE_YES)
			return OK;
		if (r == LINE_BAD) {
			*why = arena_printf(a, "公钥文件第 %d 行看不懂，应为“算法 编号 公钥”；line %d of the public key file is not ALGORITHM ID KEY",
					    number, number);
			return ERR_INPUT;
		}
		keys += r == LINE_NO;
	}
	*why = keys ? STR("签名与公钥不符：文件被改过，或公钥不是这个平台的；the signature does not match: altered, or not this platform's key")
		    : STR("公钥文件里没有公钥 there is no key in the public key file");
	return ERR_CONFLICT;
}
