#include "crypto/bundle.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <gcrypt.h>
#include <sodium.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/keyring.h"

#define N_(zh) zh
#define MAGIC "gongzhi-keys 1\n"
#define MAGIC_N (sizeof(MAGIC) - 1)
#define SALT 16
#define NONCE 12
#define TAG 16
#define HEAD (MAGIC_N + 1 + 4 + 4 + SALT + NONCE)
#define PASSES 4
#define MEMORY_KIB (128 * 1024)
#define MEMORY_KIB_MAX (1024 * 1024) /* of a bundle that somebody else made */
#define PASSES_MAX 32
#define KEY_FILE_MAX 256
#define FILES_MAX (2 * KEYS_MAX + 1)
#define SHORTEST 12

const char *bundle_weakness(struct str passphrase)
{
	if (passphrase.n < SHORTEST)
		return N_("口令短语太短：至少 12 个字节，最好是几个不相干的词");
	return password_weakness(passphrase, STR(""));
}

static void put32(unsigned char *to, uint32_t v)
{
	v = htobe32(v);
	memcpy(to, &v, 4);
}

static uint32_t get32(const unsigned char *from)
{
	uint32_t v;

	memcpy(&v, from, 4);
	return be32toh(v);
}

/* The cipher as the head says, with the key from the passphrase. False when memory is short or the head is absurd. */
static bool open_cipher(const unsigned char *head, struct str passphrase, gcry_cipher_hd_t *c)
{
	const unsigned char *p = head + MAGIC_N;
	uint32_t passes = get32(p + 1), kib = get32(p + 5);
	const unsigned char *salt = p + 9, *nonce = salt + SALT;
	unsigned char key[32];
	bool ok;

	if (p[0] > 1 || passes == 0 || passes > PASSES_MAX || kib < 8 || kib > MEMORY_KIB_MAX)
		return false;
	if (crypto_pwhash(key, sizeof(key), passphrase.p, passphrase.n, salt, passes, (size_t)kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return false;
	ok = !gcry_cipher_open(c, p[0] == SEAL_SM4_GCM ? GCRY_CIPHER_SM4 : GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_GCM, 0);
	if (ok && (gcry_cipher_setkey(*c, key, p[0] == SEAL_SM4_GCM ? 16 : 32) || gcry_cipher_setiv(*c, nonce, NONCE) ||
		   gcry_cipher_authenticate(*c, head, HEAD)))
		BUG("cipher of a bundle");
	sodium_memzero(key, sizeof(key));
	return ok;
}

/* ---- making ---- */

static bool key_file(struct str name)
{
	if (name.n > 64 || !str_ends(name, ".key") || name.n == 4)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!((name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '-' || name.p[i] == '.'))
			return false;
	return name.p[0] != '.';
}

static enum err collect(const char *dir, struct arena *a, struct str *plain, struct str *why)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	enum err e = OK;
	int n = 0;

	*plain = STR("");
	if (d == NULL) {
		*why = arena_printf(a, "打不开密钥目录 cannot open the key folder %s: %s", dir, strerror(errno));
		return ERR_IO;
	}
	while (e == OK && (entry = readdir(d)) != NULL) {
		struct str text;

		if (!key_file(str_from(entry->d_name)))
			continue;
		e = ++n > FILES_MAX ? ERR_TOO_MUCH : file_read(a, arena_printf(a, "%s/%s", dir, entry->d_name).p, KEY_FILE_MAX, &text, why);
		if (e == OK)
			*plain = arena_printf(a, "%.*s%s\n%.*s\n", STR_ARG(*plain), entry->d_name, STR_ARG(hex(a, text.p, text.n)));
	}
	closedir(d);
	if (e == OK && n == 0) {
		*why = arena_printf(a, "目录 %s 里没有密钥 there are no keys in %s", dir, dir);
		e = ERR_IO;
	}
	return e;
}

enum err keys_bundle(const char *dir, const char *suite, struct str passphrase, struct arena *a, struct str *bundle, struct str *why)
{
	struct str plain;
	unsigned char *p;
	gcry_cipher_hd_t c;
	enum err e = collect(dir, a, &plain, why);

	if (e != OK)
		return e;
	p = arena_alloc(a, HEAD + plain.n + TAG);
	memcpy(p, MAGIC, MAGIC_N);
	p[MAGIC_N] = strcmp(suite, "intl") == 0 ? SEAL_AES256_GCM : SEAL_SM4_GCM;
	put32(p + MAGIC_N + 1, PASSES);
	put32(p + MAGIC_N + 5, MEMORY_KIB);
	random_bytes(p + MAGIC_N + 9, SALT + NONCE);
	if (!open_cipher(p, passphrase, &c)) {
		*why = STR("内存不足，密钥没有封存。not enough memory to seal the keys (128 MiB are needed)");
		return ERR_IO;
	}
	if (gcry_cipher_encrypt(c, p + HEAD, plain.n, plain.p, plain.n) || gcry_cipher_gettag(c, p + HEAD + plain.n, TAG))
		BUG("cipher refuses the keys");
	gcry_cipher_close(c);
	sodium_memzero((void *)(uintptr_t)plain.p, plain.n);
	*bundle = (struct str){(const char *)p, HEAD + plain.n + TAG};
	return OK;
}

/* ---- opening ---- */

static enum err decrypt(struct str bundle, struct str passphrase, struct arena *a, struct str *plain, struct str *why)
{
	const unsigned char *p = (const unsigned char *)bundle.p;
	size_t n = bundle.n - HEAD - TAG;
	char *to;
	gcry_cipher_hd_t c;
	bool genuine;

	*why = STR("口令短语不对，或密钥部分已损坏。the passphrase is wrong, or the keys in the backup are damaged");
	if (bundle.n < HEAD + TAG || memcmp(p, MAGIC, MAGIC_N) != 0 || !open_cipher(p, passphrase, &c))
		return ERR_LOGIN;
	to = arena_alloc(a, n + 1);
	genuine = !gcry_cipher_decrypt(c, to, n, p + HEAD, n) && !gcry_cipher_checktag(c, p + HEAD + n, TAG);
	gcry_cipher_close(c);
	if (!genuine)
		return ERR_LOGIN;
	to[n] = 0;
	*plain = (struct str){to, n};
	*why = STR_NULL;
	return OK;
}

struct key_text {
	struct str name, text;
};

static bool next_key(struct str *rest, struct arena *a, struct key_text *k)
{
	struct str h;
	unsigned char *to;

	if (!str_split(rest, '\n', &k->name) || !str_split(rest, '\n', &h) || !key_file(k->name) || h.n > 2 * KEY_FILE_MAX)
		return false;
	to = arena_alloc(a, h.n / 2 + 1);
	if (h.n % 2 || !unhex(h, to, h.n / 2))
		return false;
	k->text = (struct str){(const char *)to, h.n / 2};
	return true;
}

/* Another key under the same name would be lost, or sealed values with it. */
static enum err check_free(struct str plain, const char *dir, struct arena *a, struct str *why)
{
	struct key_text k;

	while (next_key(&plain, a, &k)) {
		struct str have, no;
		const char *path = arena_printf(a, "%s/%.*s", dir, STR_ARG(k.name)).p;

		if (access(path, F_OK) == 0 && (file_read(a, path, KEY_FILE_MAX, &have, &no) != OK || !str_eq(have, k.text))) {
			*why = arena_printf(a, "%s 已有另一把密钥，没有覆盖。请先移走原来的密钥目录。another key is there: it was not overwritten; move the "
					    "old key folder away first", path);
			return ERR_CONFLICT;
		}
	}
	return OK;
}

enum err keys_unbundle(struct str bundle, struct str passphrase, const char *dir, struct arena *a, struct str *why)
{
	struct str plain, rest;
	struct key_text k;
	enum err e = decrypt(bundle, passphrase, a, &plain, why);

	if (e != OK || dir == NULL)
		return e;
	e = check_free(plain, dir, a, why);
	if (e == OK)
		e = file_make_dirs(a, dir, 0700, why);
	rest = plain;
	while (e == OK && next_key(&rest, a, &k))
		e = file_write(a, arena_printf(a, "%s/%.*s", dir, STR_ARG(k.name)).p, k.text, 0600, why);
	sodium_memzero((void *)(uintptr_t)plain.p, plain.n);
	return e;
}
