#include "tests/unit.h"

#include <sodium.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/bundle.h"
#include "crypto/keyring.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	crypto_init();
	arena_init(&arena, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void is_hex(const char *want, const void *p, size_t n)
{
	assert_string_equal(want, hex(&arena, p, n).p);
}

static void test_hash(void **state)
{
	unsigned char h[32], again[32];
	struct hash_state s;
	enum hash_alg alg;

	(void)state;
	hash_bytes(HASH_SHA256, "abc", 3, h);
	is_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", h, 32);
	hash_bytes(HASH_SM3, "abc", 3, h);
	is_hex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0", h, 32);
	hash_two(HASH_SM3, "a", 1, "bc", 2, again);
	assert_memory_equal(h, again, 32);
	hash_begin(&s, HASH_SM3);
	hash_add(&s, "ab", 2);
	hash_add(&s, "c", 1);
	hash_end(&s, again);
	assert_memory_equal(h, again, 32);
	assert_true(hash_of_name(STR("sm3"), &alg) && alg == HASH_SM3);
	assert_false(hash_of_name(STR("md5"), &alg));
}

static void test_mac(void **state)
{
	/* RFC 4231 test case 1, its 20-byte key padded with zeros as HMAC does itself */
	unsigned char key[32] = {0}, out[32], other[32];
	char data[200];

	(void)state;
	memset(key, 0x0b, 20);
	mac(key, STR("Hi There"), out);
	is_hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", out, 32);
	/* every length up to some blocks, against another's work */
	for (size_t n = 0; n < sizeof(data); n++) {
		data[n] = (char)(n * 7);
		random_bytes(key, sizeof(key));
		mac(key, (struct str){n ? data : NULL, n}, out);
		crypto_auth_hmacsha256(other, (const unsigned char *)data, n, key);
		assert_memory_equal(other, out, sizeof(out));
	}
}

static void test_text_forms(void **state)
{
	unsigned char b[3];
	struct str s;

	(void)state;
	assert_true(unhex(STR("00ffA0"), b, 3));
	assert_int_equal(0xa0, b[2]);
	assert_false(unhex(STR("00ff"), b, 3));
	assert_false(unhex(STR("00ffzz"), b, 3));
	assert_false(unhex(STR_NULL, b, 3));
	assert_string_equal("-_8", base64url(&arena, "\xfb\xff", 2).p);
	assert_true(unbase64url(&arena, STR("-_8"), &s) && s.n == 2);
	assert_false(unbase64url(&arena, STR("-_8="), &s));
	assert_false(unbase64url(&arena, STR("+/8"), &s));
	assert_false(unbase64url(&arena, STR_NULL, &s));
	assert_true(unbase64url(&arena, STR(""), &s) && s.n == 0);
}

static void test_code(void **state)
{
	static const char signs[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct str code = code_new(&arena), out;
		char t[16];

		assert_int_equal(14, code.n);
		assert_true(code_read(&arena, code, &out) && str_eq(code, out));
		/* every single wrong sign and every swap of two different signs is found */
		for (size_t i = 0; i < code.n; i++) {
			if (code.p[i] == '-')
				continue;
			memcpy(t, code.p, 15);
			t[i] = signs[(strchr(signs, t[i]) - signs + 1 + round % 31) % 32];
			assert_false(code_read(&arena, str_from(t), &out));
			for (size_t k = i + 1; k < code.n; k++) {
				if (code.p[k] == '-' || code.p[k] == code.p[i])
					continue;
				memcpy(t, code.p, 15);
				t[i] = code.p[k];
				t[k] = code.p[i];
				assert_false(code_read(&arena, str_from(t), &out));
			}
		}
		assert_false(code_read(&arena, str_sub(code, 0, 13), &out));
	}
}

static void test_code_typed(void **state)
{
	struct str code, out, typed = STR("");

	(void)state;
	/* one that holds a 0 and a 1, written as a person with a Chinese keyboard might */
	do
		code = code_new(&arena);
	while (str_chr(code, '0') < 0 || str_chr(code, '1') < 0);
	for (size_t i = 0; i < code.n; i++) {
		char wide[4] = {(char)0xef, (char)0xbc, 0, 0};
		char c = code.p[i];

		wide[2] = (char)(0x80 + (c - 0x20));
		if (c == '0')
			typed = arena_cat(&arena, typed, STR("o"));
		else if (c == '1')
			typed = arena_cat(&arena, typed, i % 2 ? STR("l") : STR("I"));
		else if (c == '-')
			typed = arena_cat(&arena, typed, STR("—　"));
		else if (c >= '2' && c <= '9')
			typed = arena_cat(&arena, typed, str_from(arena_strz(&arena, str_from(wide))));
		else
			typed = arena_cat(&arena, typed, str_from(arena_strz(&arena, (struct str){(char[]){(char)(c + 32)}, 1})));
	}
	assert_true(code_read(&arena, typed, &out));
	assert_string_equal(code.p, out.p);
	assert_false(code_read(&arena, STR("UUUU-UUUU-UUUU"), &out));
	assert_false(code_read(&arena, STR("\xef\xbc"), &out));
	assert_false(code_read(&arena, STR("\xef\xff\xff"), &out));
	assert_false(code_read(&arena, STR(""), &out));
}

static void test_password(void **state)
{
	struct str hash;

	(void)state;
	assert_int_equal(OK, password_hash(&arena, STR("正确的马电池钉"), &hash));
	assert_true(str_starts(hash, "$argon2id$v=19$m=19456,t=3,p=1$"));
	assert_true(password_check(hash, STR("正确的马电池钉")));
	assert_false(password_check(hash, STR("正确的马电池")));
	assert_false(password_check(STR("not a hash"), STR("x")));
	assert_false(password_check(STR_NULL, STR("x")));
	assert_false(password_check(hash, STR_NULL));
}

static void test_weakness(void **state)
{
	static const char *const weak[] = {"short", "12345678", "87654321", "aaaaaaaa", "abababab", "password", "Password123", "p@ssw0rd1",
					   "19880314", "qwertyuiop", "wangli", "wangli12", "WangLi2024", "admin888", "一二"};
	static const char *const good[] = {"correct horse battery", "大石坝的桥很老", "x9-kLm2Q", "4711-0815-1234"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(weak); i++)
		if (password_weakness(str_from(weak[i]), STR("wangli")) == NULL)
			fail_msg("%s passes", weak[i]);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (password_weakness(str_from(good[i]), STR("wangli")) != NULL)
			fail_msg("%s: %s", good[i], password_weakness(str_from(good[i]), STR("wangli")));
	assert_non_null(password_weakness((struct str){arena_alloc(&arena, 129), 129}, STR("wangli")));
}

static struct keyring *ring(const char *suite, const char **dir)
{
	static int number;
	struct keyring *k;
	struct str why;

	*dir = arena_printf(&arena, "%s/keys%d", unit_tmp(), number++).p;
	assert_int_equal(OK, keyring_open(*dir, true, suite, &k, &arena, &why));
	keyring_use(k);
	return k;
}

static void try_suite(const char *suite)
{
	const char *dir;
	struct keyring *k = ring(suite, &dir);
	struct str box, box2, plain, sig, id, why, pub;
	unsigned char x[32], y[32];

	assert_int_equal(OK, seal(&arena, STR("13800138000"), STR("matter:1:phone"), &box));
	assert_int_equal(OK, seal(&arena, STR("13800138000"), STR("matter:1:phone"), &box2));
	assert_false(str_eq(box, box2));
	assert_int_equal(OK, unseal(&arena, box, STR("matter:1:phone"), &plain));
	assert_string_equal("13800138000", plain.p);
	assert_int_equal(ERR_INPUT, unseal(&arena, box, STR("matter:2:phone"), &plain));
	for (size_t i = 2; i < box.n; i++) {
		char *t = arena_strz(&arena, box);

		t[i] = t[i] == 'A' ? 'B' : 'A';
		assert_int_equal(ERR_INPUT, unseal(&arena, (struct str){t, box.n}, STR("matter:1:phone"), &plain));
	}
	assert_int_equal(ERR_NOT_FOUND, unseal(&arena, arena_printf(&arena, "9%s", box.p + 1), STR("matter:1:phone"), &plain));
	assert_int_equal(ERR_INPUT, unseal(&arena, STR_NULL, STR(""), &plain));
	assert_int_equal(OK, seal(&arena, STR(""), STR(""), &box));
	assert_int_equal(OK, unseal(&arena, box, STR(""), &plain));
	assert_int_equal(0, plain.n);

	assert_int_equal(OK, sign(&arena, STR("head"), &sig, &id));
	pub = sign_public_key(&arena);
	assert_int_equal(OK, sign_verify(pub, STR("head"), sig, &why, &arena));
	assert_int_equal(ERR_CONFLICT, sign_verify(pub, STR("heap"), sig, &why, &arena));
	((char *)(uintptr_t)sig.p)[sig.n - 1] ^= 1;
	assert_int_equal(ERR_CONFLICT, sign_verify(pub, STR("head"), sig, &why, &arena));
	assert_int_equal(ERR_INPUT, sign_verify(STR("what is this"), STR("head"), sig, &why, &arena));
	assert_int_equal(ERR_CONFLICT, sign_verify(STR("# nothing\n"), STR("head"), sig, &why, &arena));

	assert_int_equal(OK, key_for("csrf", x));
	assert_int_equal(OK, key_for("lookup:phone", y));
	assert_memory_not_equal(x, y, 32);
	keyring_free(k);
	assert_int_equal(ERR_IO, key_for("csrf", x));
}

static void test_suites(void **state)
{
	(void)state;
	try_suite("sm");
	try_suite("intl");
}

static void test_rotation(void **state)
{
	const char *dir;
	struct keyring *k = ring("intl", &dir);
	struct str box, plain, sig, id, id2, why, pub, old_pub = sign_public_key(&arena);

	(void)state;
	assert_int_equal(OK, seal(&arena, STR("x"), STR("c"), &box));
	assert_int_equal(OK, sign(&arena, STR("d"), &sig, &id));
	assert_int_equal(HASH_SHA256, keyring_hash());
	keyring_free(k);
	assert_int_equal(OK, keyring_rotate(dir, "sm", &arena, &why));
	assert_int_equal(OK, keyring_open(dir, false, NULL, &k, &arena, &why));
	keyring_use(k);
	assert_int_equal(HASH_SM3, keyring_hash());
	assert_int_equal(OK, unseal(&arena, box, STR("c"), &plain));
	pub = sign_public_key(&arena);
	assert_int_equal(OK, sign_verify(pub, STR("d"), sig, &why, &arena));
	assert_int_equal(OK, sign(&arena, STR("d"), &sig, &id2));
	assert_false(str_eq(id, id2));
	assert_int_equal(OK, sign_verify(pub, STR("d"), sig, &why, &arena));
	assert_int_equal(ERR_CONFLICT, sign_verify(old_pub, STR("d"), sig, &why, &arena));
	assert_int_equal(OK, seal(&arena, STR("x"), STR("c"), &box));
	assert_true(str_starts(box, "2."));
	keyring_free(k);
}

static void test_keyring_files(void **state)
{
	const char *dir;
	struct keyring *k = ring("sm", &dir);
	struct str why;
	struct stat st;
	int fd;

	(void)state;
	keyring_free(k);
	assert_int_equal(0, stat(arena_printf(&arena, "%s/seal-1.key", dir).p, &st));
	assert_int_equal(0600, st.st_mode & 0777);
	assert_int_equal(0, stat(dir, &st));
	assert_int_equal(0700, st.st_mode & 0777);
	/* opening again with create keeps what is there */
	assert_int_equal(OK, keyring_open(dir, true, "intl", &k, &arena, &why));
	assert_int_equal(SEAL_SM4_GCM, k->seals[0].alg);
	assert_int_equal(1, k->nseals);
	keyring_free(k);
	assert_int_equal(ERR_IO, keyring_open(arena_printf(&arena, "%s/none", dir).p, false, NULL, &k, &arena, &why));
	assert_null(k);
	assert_int_equal(0, chmod(arena_printf(&arena, "%s/sign-1.key", dir).p, 0644));
	assert_int_equal(ERR_IO, keyring_open(dir, false, NULL, &k, &arena, &why));
	assert_true(str_find(why, STR("chmod")) >= 0);
	assert_int_equal(0, chmod(arena_printf(&arena, "%s/sign-1.key", dir).p, 0600));
	fd = open(arena_printf(&arena, "%s/seal-1.key", dir).p, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0 && write(fd, "sm4-gcm 00\n", 11) == 11);
	close(fd);
	assert_int_equal(ERR_IO, keyring_open(dir, false, NULL, &k, &arena, &why));
	assert_true(str_find(why, STR("seal-1.key")) >= 0);
}

/* GB/T 32918.5 appendix: key, message, id 1234567812345678 and signature, as DER. */
static void test_sm2_known(void **state)
{
	struct sign_key k = {.alg = SIGN_SM2};
	unsigned char sig[72], r[32], s[32];
	struct str why, line;
	size_t n = 0;

	(void)state;
	assert_true(unhex(STR("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"), k.secret, 32));
	assert_int_equal(OK, sign_key_fill(&k));
	is_hex("0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
	       "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13", k.public, 65);
	assert_true(unhex(STR("f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"), r, 32));
	assert_true(unhex(STR("b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"), s, 32));
	memcpy(sig, "\x30\x46\x02\x21\x00", 5);
	memcpy(sig + 5, r, 32);
	memcpy(sig + 37, "\x02\x21\x00", 3);
	memcpy(sig + 40, s, 32);
	n = 72;
	line = arena_printf(&arena, "sm2-sm3 %s %s\n", k.id, base64url(&arena, k.public, 65).p);
	assert_int_equal(OK, sign_verify(line, STR("message digest"), (struct str){(char *)sig, n}, &why, &arena));
	assert_int_equal(ERR_CONFLICT, sign_verify(line, STR("message digesT"), (struct str){(char *)sig, n}, &why, &arena));
	sign_key_free(&k);
}

static void test_bundle(void **state)
{
	const char *dir = arena_printf(&arena, "%s/bundle keys", unit_tmp()).p, *to = arena_printf(&arena, "%s/back/keys", unit_tmp()).p;
	const char *other = arena_printf(&arena, "%s/other", unit_tmp()).p;
	struct str word = STR("江上 初晴 明月 石桥"), bundle, why = STR_NULL, sealed, plain;
	struct keyring *k;
	struct stat st;
	char *bad;

	(void)state;
	assert_int_equal(OK, keyring_open(dir, true, "sm", &k, &arena, &why));
	keyring_use(k);
	assert_int_equal(OK, seal(&arena, STR("13800000000"), STR("x"), &sealed));
	keyring_free(k);
	assert_non_null(bundle_weakness(STR("short")));
	assert_null(bundle_weakness(word));
	assert_int_equal(ERR_IO, keys_bundle("/nowhere", "sm", word, &arena, &bundle, &why));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(OK, keys_bundle(dir, i ? "intl" : "sm", word, &arena, &bundle, &why));
		assert_true(str_find(bundle, STR("sm4-gcm")) < 0);
		assert_int_equal(ERR_LOGIN, keys_unbundle(bundle, STR("another passphrase"), to, &arena, &why));
		assert_int_equal(ERR_LOGIN, keys_unbundle(str_sub(bundle, 0, bundle.n - 1), word, to, &arena, &why));
		assert_int_equal(ERR_LOGIN, keys_unbundle(str_sub(bundle, 0, 30), word, to, &arena, &why));
		bad = memcpy(arena_alloc(&arena, bundle.n), bundle.p, bundle.n);
		bad[20] ^= 1; /* the memory it asks for */
		assert_int_equal(ERR_LOGIN, keys_unbundle((struct str){bad, bundle.n}, word, to, &arena, &why));
		assert_int_equal(OK, keys_unbundle(bundle, word, to, &arena, &why));
	}
	assert_int_equal(0, stat(arena_printf(&arena, "%s/derive.key", to).p, &st));
	assert_int_equal(0600, st.st_mode & 0777);
	assert_int_equal(OK, keyring_open(to, false, "sm", &k, &arena, &why));
	keyring_use(k);
	assert_int_equal(OK, unseal(&arena, sealed, STR("x"), &plain));
	assert_true(str_eqz(plain, "13800000000"));
	keyring_free(k);
	/* other keys are there: not one is written */
	assert_int_equal(0, unlink(arena_printf(&arena, "%s/seal-1.key", to).p));
	assert_int_equal(OK, keyring_open(other, true, "sm", &k, &arena, &why));
	keyring_free(k);
	assert_int_equal(0, rename(arena_printf(&arena, "%s/derive.key", other).p, arena_printf(&arena, "%s/derive.key", to).p));
	assert_int_equal(ERR_CONFLICT, keys_unbundle(bundle, word, to, &arena, &why));
	assert_int_equal(-1, access(arena_printf(&arena, "%s/seal-1.key", to).p, F_OK));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_hash), T(test_mac), T(test_text_forms), T(test_code), T(test_code_typed), T(test_password), T(test_weakness),
		T(test_suites), T(test_rotation), T(test_keyring_files), T(test_sm2_known), T(test_bundle),
	};

	return UNIT_MAIN(tests);
}
