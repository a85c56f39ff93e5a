#include "tests/unit.h"

#include "crypto/merkle.h"

#define MOST 130

/* The eight leaves and roots that certificate transparency logs have used for tests since RFC 6962. */
static const char *const leaf_hex[8] = {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
static const char *const root_hex[8] = {
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

/* ---- a tree that keeps every full node ---- */

struct store {
	struct merkle m;
	merkle_hash nodes[9][MOST + 1];
};

static void made(void *arg, unsigned level, uint64_t index, const merkle_hash h)
{
	struct store *s = arg;

	memcpy(s->nodes[level][index], h, HASH_SIZE);
}

static void add(struct store *s, const void *p, size_t n)
{
	merkle_hash leaf;

	merkle_leaf(s->m.alg, p, n, leaf);
	memcpy(s->nodes[0][s->m.size], leaf, HASH_SIZE);
	merkle_append(&s->m, leaf, made, s);
}

static enum err get(void *arg, unsigned level, uint64_t index, merkle_hash out)
{
	struct store *s = arg;

	assert_true(((index + 1) << level) <= s->m.size);
	memcpy(out, s->nodes[level][index], HASH_SIZE);
	return OK;
}

static struct merkle_source source_of(struct store *s)
{
	return (struct merkle_source){.alg = s->m.alg, .get = get, .arg = s};
}

static void known(const char *hex_text, const merkle_hash h)
{
	merkle_hash want;

	assert_true(unhex(str_from(hex_text), want, HASH_SIZE));
	assert_memory_equal(want, h, HASH_SIZE);
}

static void fill_known(struct store *s)
{
	merkle_init(&s->m, HASH_SHA256);
	for (int i = 0; i < 8; i++) {
		unsigned char leaf[16];
		size_t n = strlen(leaf_hex[i]) / 2;
		merkle_hash root;

		assert_true(unhex(str_from(leaf_hex[i]), leaf, n));
		add(s, leaf, n);
		merkle_root(&s->m, root);
		known(root_hex[i], root);
	}
}

static void test_known_roots(void **state)
{
	static struct store s;
	merkle_hash empty;

	(void)state;
	merkle_init(&s.m, HASH_SHA256);
	merkle_root(&s.m, empty);
	known("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", empty);
	fill_known(&s);
}

static void test_known_proofs(void **state)
{
	static const char *const first_of_8[] = {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
						 "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
						 "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"};
	static const char *const from_6_to_8[] = {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
						  "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
						  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"};
	static struct store s;
	merkle_hash path[MERKLE_PATH_MAX];
	struct merkle_source src = source_of(&s);
	size_t n;

	(void)state;
	fill_known(&s);
	src = source_of(&s);
	assert_int_equal(OK, merkle_inclusion(&src, 0, 8, path, &n));
	assert_int_equal(3, n);
	for (size_t i = 0; i < n; i++)
		known(first_of_8[i], path[i]);
	assert_int_equal(OK, merkle_consistency(&src, 6, 8, path, &n));
	assert_int_equal(3, n);
	for (size_t i = 0; i < n; i++)
		known(from_6_to_8[i], path[i]);
}

/* ---- every size, every leaf ---- */

/* The definition of RFC 9162 2.1.1 itself, to check the three clever ways against. */
static void plain_root(enum hash_alg alg, merkle_hash *leaves, size_t n, merkle_hash out)
{
	merkle_hash l, r;
	size_t k = 1;

	if (n == 1) {
		memcpy(out, leaves[0], HASH_SIZE);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	plain_root(alg, leaves, k, l);
	plain_root(alg, leaves + k, n - k, r);
	merkle_node(alg, l, r, out);
}

static struct store *filled(enum hash_alg alg, merkle_hash roots[MOST + 1])
{
	static struct store s;

	merkle_init(&s.m, alg);
	merkle_root(&s.m, roots[0]);
	for (unsigned i = 0; i < MOST; i++) {
		merkle_hash want;

		add(&s, &i, sizeof(i));
		merkle_root(&s.m, roots[i + 1]);
		plain_root(alg, s.nodes[0], i + 1, want);
		assert_memory_equal(want, roots[i + 1], HASH_SIZE);
	}
	return &s;
}

static void every_inclusion(enum hash_alg alg)
{
	merkle_hash roots[MOST + 1], path[MERKLE_PATH_MAX], again;
	struct store *s = filled(alg, roots);
	struct merkle_source src = source_of(s);
	size_t n;

	for (uint64_t size = 1; size <= MOST; size++) {
		assert_int_equal(OK, merkle_root_of(&src, size, again));
		assert_memory_equal(roots[size], again, HASH_SIZE);
		assert_int_equal(ERR_INPUT, merkle_inclusion(&src, size, size, path, &n));
		for (uint64_t i = 0; i < size; i++) {
			const unsigned char *leaf = s->nodes[0][i];

			assert_int_equal(OK, merkle_inclusion(&src, i, size, path, &n));
			assert_true(merkle_check_inclusion(alg, i, size, leaf, roots[size], (const merkle_hash *)path, n));
			/* another place, another size, another root, a path too long or too short, a changed path */
			assert_false(merkle_check_inclusion(alg, i + 1, size, leaf, roots[size], (const merkle_hash *)path, n));
			assert_false(merkle_check_inclusion(alg, i, size, leaf, roots[size - 1], (const merkle_hash *)path, n));
			assert_false(merkle_check_inclusion(alg, i, size, leaf, roots[size], (const merkle_hash *)path, n + 1));
			if (n == 0)
				continue;
			assert_false(merkle_check_inclusion(alg, i, size, leaf, roots[size], (const merkle_hash *)path, n - 1));
			path[n / 2][5] ^= 1;
			assert_false(merkle_check_inclusion(alg, i, size, leaf, roots[size], (const merkle_hash *)path, n));
		}
	}
}

static void test_every_inclusion(void **state)
{
	(void)state;
	every_inclusion(HASH_SHA256);
	every_inclusion(HASH_SM3);
}

static void test_every_consistency(void **state)
{
	merkle_hash roots[MOST + 1], path[MERKLE_PATH_MAX] = {{0}};
	struct store *s = filled(HASH_SHA256, roots);
	struct merkle_source src = source_of(s);
	size_t n;

	(void)state;
	for (uint64_t to = 0; to <= MOST; to++) {
		assert_int_equal(ERR_INPUT, merkle_consistency(&src, to + 1, to, path, &n));
		for (uint64_t from = 0; from <= to; from++) {
			assert_int_equal(OK, merkle_consistency(&src, from, to, path, &n));
			assert_true(merkle_check_consistency(HASH_SHA256, from, to, roots[from], roots[to], (const merkle_hash *)path, n));
			if (from == 0)
				continue;
			assert_false(merkle_check_consistency(HASH_SHA256, from, to, roots[from - 1], roots[to], (const merkle_hash *)path, n));
			assert_false(merkle_check_consistency(HASH_SHA256, from, to, roots[from], roots[from - 1], (const merkle_hash *)path, n));
			assert_false(merkle_check_consistency(HASH_SHA256, from, to, roots[from], roots[to], (const merkle_hash *)path, n + 1));
			if (n == 0)
				continue;
			path[n - 1][0] ^= 0x80;
			assert_false(merkle_check_consistency(HASH_SHA256, from, to, roots[from], roots[to], (const merkle_hash *)path, n));
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_roots),
		cmocka_unit_test(test_known_proofs),
		cmocka_unit_test(test_every_inclusion),
		cmocka_unit_test(test_every_consistency),
	};

	return UNIT_MAIN(tests);
}
