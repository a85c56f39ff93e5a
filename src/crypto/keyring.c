#include "crypto/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gcrypt.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define LINE_MAX_BYTES 256

static const char *const seal_names[] = {"sm4-gcm", "aes256-gcm"};
static const char *const sign_names[] = {"sm2-sm3", "ed25519"};

static struct keyring *current;

static void init_libraries(void)
{
	if (sodium_init() < 0)
		BUG("libsodium does not start");
	if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
		if (gcry_check_version("1.9.0") == NULL)
			BUG("libgcrypt is too old");
		gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
		gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	}
}

void crypto_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_libraries);
}

/* ---- files ---- */

static enum err read_line(const char *path, char line[LINE_MAX_BYTES], struct arena *a, struct str *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) != 0) {
		*why = arena_printf(a, "打不开密钥文件 cannot open key file %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	if (st.st_mode & 077) {
		*why = arena_printf(a, "密钥文件别人也能读，请执行 chmod 600；key file is readable by others, run: chmod 600 %s", path);
		close(fd);
		return ERR_IO;
	}
	n = read(fd, line, LINE_MAX_BYTES - 1);
	close(fd);
	if (n <= 0) {
		*why = arena_printf(a, "密钥文件是空的或读不出 key file is empty or unreadable: %s", path);
		return ERR_IO;
	}
	line[n] = 0;
	return OK;
}

/* "NAME HEX64"; returns the number of NAME in names, or -1. */
static int parse_line(const char *line, const char *const *names, size_t nnames, unsigned char key[32])
{
	struct str rest = str_trim(str_from(line)), name;

	if (!str_split(&rest, ' ', &name) || !unhex(rest, key, 32))
		return -1;
	for (size_t i = 0; i < nnames; i++)
		if (str_eqz(name, names[i]))
			return (int)i;
	return -1;
}

/* A new file that is there completely or not at all, and survives a power cut. */
static enum err write_line(const char *dir, const char *file, const char *name, const unsigned char key[32], struct arena *a, struct str *why)
{
	struct str path = arena_printf(a, "%s/%s", dir, file);
	struct str temp = arena_printf(a, "%s/.%s.%ld", dir, file, (long)getpid());
	struct str h = hex(a, key, 32);
	struct str line = arena_printf(a, "%s %s\n", name, h.p);
	int fd = open(temp.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int dirfd;
	bool ok = fd >= 0 && write(fd, line.p, line.n) == (ssize_t)line.n && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	ok = ok && link(temp.p, path.p) == 0; /* fails when somebody else made it meanwhile: a key is never overwritten */
	if (!ok)
		*why = arena_printf(a, "写不了密钥文件 cannot write key file %s: %s", path.p, strerror(errno));
	unlink(temp.p);
	sodium_memzero((void *)(uintptr_t)line.p, line.n);
	sodium_memzero((void *)(uintptr_t)h.p, h.n);
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd >= 0) {
		(void)fsync(dirfd);
		close(dirfd);
	}
	return ok ? OK : ERR_IO;
}

/* "seal-12.key" with prefix "seal-" gives 12; 0 when it is another file. */
static int64_t key_number(const char *file, const char *prefix)
{
	struct str s = str_from(file);
	int64_t n;

	if (!str_starts(s, prefix) || !str_ends(s, ".key"))
		return 0;
	s = str_sub(s, strlen(prefix), s.n - strlen(prefix) - 4);
	return str_i64(s, &n) && n > 0 && n < 1000000 ? n : 0;
}

static int by_number(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return (a > b) - (a < b);
}

/* Numbers of all files of that kind, ascending. */
static enum err list_numbers(const char *dir, const char *prefix, int64_t v[KEYS_MAX], size_t *n, struct arena *a, struct str *why)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	*n = 0;
	if (d == NULL) {
		*why = arena_printf(a, "打不开密钥目录 cannot open the key folder %s: %s", dir, strerror(errno));
		return ERR_IO;
	}
	while ((e = readdir(d)) != NULL) {
		int64_t number = key_number(e->d_name, prefix);

		if (number && *n < KEYS_MAX)
			v[(*n)++] = number;
	}
	closedir(d);
	qsort(v, *n, sizeof(*v), by_number);
	return OK;
}

/* ---- making ---- */

static bool suite_algs(const char *suite, enum seal_alg *seal_as, enum sign_alg *sign_as)
{
	bool sm = suite && strcmp(suite, "sm") == 0;

	*seal_as = sm ? SEAL_SM4_GCM : SEAL_AES256_GCM;
	*sign_as = sm ? SIGN_SM2 : SIGN_ED25519;
	return sm || (suite && strcmp(suite, "intl") == 0);
}

static enum err make_pair(const char *dir, const char *suite, int64_t seal_no, int64_t sign_no, struct arena *a, struct str *why)
{
	enum seal_alg seal_as;
	enum sign_alg sign_as;
	unsigned char key[32];
	enum err e;

	if (!suite_algs(suite, &seal_as, &sign_as)) {
		*why = arena_printf(a, "不认识的密码套件“%s”，可用 sm 或 intl；unknown suite, use sm or intl", suite ? suite : "");
		return ERR_INPUT;
	}
	random_bytes(key, sizeof(key));
	e = write_line(dir, arena_printf(a, "seal-%lld.key", (long long)seal_no).p, seal_names[seal_as], key, a, why);
	if (e == OK)
		e = sign_key_make(sign_as, key);
	if (e == OK)
		e = write_line(dir, arena_printf(a, "sign-%lld.key", (long long)sign_no).p, sign_names[sign_as], key, a, why);
	sodium_memzero(key, sizeof(key));
	return e;
}

static enum err make_dir(const char *dir, struct arena *a, struct str *why)
{
	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		*why = arena_printf(a, "建不了密钥目录 cannot make the key folder %s: %s", dir, strerror(errno));
		return ERR_IO;
	}
	return OK;
}

/* derive.key is written last: a folder without it is not finished and is finished by the next init. */
static enum err make_all(const char *dir, const char *suite, struct arena *a, struct str *why)
{
	int64_t have[KEYS_MAX];
	size_t nseal, nsign;
	unsigned char key[32];
	enum err e = make_dir(dir, a, why);

	if (e == OK)
		e = list_numbers(dir, "seal-", have, &nseal, a, why);
	if (e == OK)
		e = list_numbers(dir, "sign-", have, &nsign, a, why);
	if (e == OK && (nseal == 0 || nsign == 0))
		e = make_pair(dir, suite, (int64_t)nseal + 1, (int64_t)nsign + 1, a, why);
	if (e != OK)
		return e;
	random_bytes(key, sizeof(key));
	e = write_line(dir, "derive.key", "hmac-sha256", key, a, why);
	sodium_memzero(key, sizeof(key));
	return e;
}

enum err keyring_rotate(const char *dir, const char *suite, struct arena *a, struct str *why)
{
	int64_t seals[KEYS_MAX], signs[KEYS_MAX];
	size_t nseals, nsigns;
	enum err e = list_numbers(dir, "seal-", seals, &nseals, a, why);

	if (e == OK)
		e = list_numbers(dir, "sign-", signs, &nsigns, a, why);
	if (e != OK)
		return e;
	if (nseals == 0 || nsigns == 0 || nseals == KEYS_MAX || nsigns == KEYS_MAX) {
		*why = arena_printf(a, "%s 里没有可轮换的密钥，或已达 %d 把；no keys to rotate in this folder, or too many", dir, KEYS_MAX);
		return ERR_INPUT;
	}
	return make_pair(dir, suite, seals[nseals - 1] + 1, signs[nsigns - 1] + 1, a, why);
}

/* ---- loading ---- */

static enum err bad_file(const char *path, struct arena *a, struct str *why)
{
	*why = arena_printf(a, "密钥文件内容不对，请从备份恢复 key file is damaged, restore it from the backup: %s", path);
	return ERR_IO;
}

static enum err load_derive(const char *dir, struct keyring *k, struct arena *a, struct str *why)
{
	static const char *const names[] = {"hmac-sha256"};
	const char *path = arena_printf(a, "%s/derive.key", dir).p;
	char line[LINE_MAX_BYTES];
	enum err e = read_line(path, line, a, why);

	if (e == OK && parse_line(line, names, 1, k->derive) < 0)
		e = bad_file(path, a, why);
	sodium_memzero(line, sizeof(line));
	return e;
}

static enum err load_seals(const char *dir, struct keyring *k, struct arena *a, struct str *why)
{
	int64_t v[KEYS_MAX];
	size_t n;
	enum err e = list_numbers(dir, "seal-", v, &n, a, why);

	k->seals = calloc(n ? n : 1, sizeof(*k->seals));
	if (k->seals == NULL)
		BUG("out of memory");
	for (size_t i = 0; i < n && e == OK; i++) {
		const char *path = arena_printf(a, "%s/seal-%lld.key", dir, (long long)v[i]).p;
		char line[LINE_MAX_BYTES];
		int alg;

		e = read_line(path, line, a, why);
		if (e != OK)
			break;
		alg = parse_line(line, seal_names, ARRAY_LEN(seal_names), k->seals[i].key);
		sodium_memzero(line, sizeof(line));
		if (alg < 0)
			return bad_file(path, a, why);
		k->seals[i].alg = (enum seal_alg)alg;
		k->seals[i].number = v[i];
		k->nseals = i + 1;
	}
	return e;
}

static enum err load_signs(const char *dir, struct keyring *k, struct arena *a, struct str *why)
{
	int64_t v[KEYS_MAX];
	size_t n;
	enum err e = list_numbers(dir, "sign-", v, &n, a, why);

	k->signs = calloc(n ? n : 1, sizeof(*k->signs));
	if (k->signs == NULL)
		BUG("out of memory");
	for (size_t i = 0; i < n && e == OK; i++) {
		const char *path = arena_printf(a, "%s/sign-%lld.key", dir, (long long)v[i]).p;
		char line[LINE_MAX_BYTES];
		int alg;

		e = read_line(path, line, a, why);
		if (e != OK)
			break;
		alg = parse_line(line, sign_names, ARRAY_LEN(sign_names), k->signs[i].secret);
		sodium_memzero(line, sizeof(line));
		if (alg < 0)
			return bad_file(path, a, why);
		k->signs[i].alg = (enum sign_alg)alg;
		k->signs[i].number = v[i];
		k->nsigns = i + 1;
		if (sign_key_fill(&k->signs[i]) != OK)
			return bad_file(path, a, why);
	}
	return e;
}

static enum err load_all(const char *dir, struct keyring *k, struct arena *a, struct str *why)
{
	enum err e = load_derive(dir, k, a, why);

	if (e == OK)
		e = load_seals(dir, k, a, why);
	if (e == OK)
		e = load_signs(dir, k, a, why);
	if (e == OK && (k->nseals == 0 || k->nsigns == 0)) {
		*why = arena_printf(a, "%s 里缺少密钥，请从备份恢复；keys are missing here, restore them from the backup", dir);
		e = ERR_IO;
	}
	if (e == OK)
		k->hash = k->signs[k->nsigns - 1].alg == SIGN_SM2 ? HASH_SM3 : HASH_SHA256;
	return e;
}

enum err keyring_open(const char *dir, bool create, const char *suite, struct keyring **out, struct arena *a, struct str *why)
{
	const char *derive = arena_printf(a, "%s/derive.key", dir).p;
	bool there = access(derive, F_OK) == 0;
	struct keyring *k;
	enum err e = OK;

	crypto_init();
	*out = NULL;
	if (!there && !create) {
		*why = arena_printf(a, "%s 里没有密钥：新安装请先执行 gongzhi init，旧安装请从备份恢复；"
				    "no keys here: run gongzhi init, or restore the folder from the backup", dir);
		return ERR_IO;
	}
	if (!there)
		e = make_all(dir, suite, a, why);
	if (e != OK)
		return e;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		BUG("out of memory");
	e = load_all(dir, k, a, why);
	if (e != OK)
		keyring_free(k);
	else
		*out = k;
	return e;
}

void keyring_free(struct keyring *k)
{
	if (k == NULL)
		return;
	if (current == k)
		current = NULL;
	for (size_t i = 0; k->signs && i < k->nsigns; i++)
		sign_key_free(&k->signs[i]);
	if (k->signs)
		sodium_memzero(k->signs, k->nsigns * sizeof(*k->signs));
	if (k->seals)
		sodium_memzero(k->seals, k->nseals * sizeof(*k->seals));
	free(k->signs);
	free(k->seals);
	sodium_memzero(k, sizeof(*k));
	free(k);
}

void keyring_use(struct keyring *k)
{
	current = k;
}

enum err keyring_current(const struct keyring **out)
{
	if (current == NULL) {
		log_error("keyring: used before it was opened");
		return ERR_IO;
	}
	*out = current;
	return OK;
}

enum hash_alg keyring_hash(void)
{
	return current ? current->hash : HASH_SM3;
}

enum err key_for(const char *purpose, unsigned char out[32])
{
	const struct keyring *k;
	enum err e = keyring_current(&k);

	if (e == OK)
		hash_mac(HASH_SHA256, k->derive, str_from(purpose), out);
	return e;
}
