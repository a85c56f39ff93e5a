#include "crypto/merkle.h"

void merkle_leaf(enum hash_alg alg, const void *p, size_t n, merkle_hash out)
{
	hash_two(alg, "\x00", 1, p, n, out);
}

void merkle_node(enum hash_alg alg, const merkle_hash left, const merkle_hash right, merkle_hash out)
{
	unsigned char b[1 + 2 * HASH_SIZE];

	b[0] = 1;
	memcpy(b + 1, left, HASH_SIZE);
	memcpy(b + 1 + HASH_SIZE, right, HASH_SIZE);
	hash_bytes(alg, b, sizeof(b), out);
}

/* ---- appending ---- */

void merkle_init(struct merkle *m, enum hash_alg alg)
{
	memset(m, 0, sizeof(*m));
	m->alg = alg;
}

void merkle_append(struct merkle *m, const merkle_hash leaf, void (*made)(void *, unsigned, uint64_t, const merkle_hash), void *arg)
{
	merkle_hash h;
	unsigned level = 0;

	memcpy(h, leaf, HASH_SIZE);
	/* like adding one to a binary number: each set bit below is a finished left brother */
	for (; m->size >> level & 1; level++) {
		merkle_node(m->alg, m->edge[level], h, h);
		if (made)
			made(arg, level + 1, m->size >> (level + 1), h);
	}
	memcpy(m->edge[level], h, HASH_SIZE);
	m->size++;
}

void merkle_root(const struct merkle *m, merkle_hash out)
{
	bool first = true;

	if (m->size == 0)
		hash_bytes(m->alg, "", 0, out);
	for (unsigned l = 0; l < MERKLE_LEVELS; l++) {
		if (!(m->size >> l & 1))
			continue;
		if (first)
			memcpy(out, m->edge[l], HASH_SIZE);
		else
			merkle_node(m->alg, m->edge[l], out, out);
		first = false;
	}
}

/* ---- proving ---- */

/* Greatest power of two below n, as its exponent (n >= 2). */
static unsigned split_level(uint64_t n)
{
	return 63u - (unsigned)__builtin_clzll(n - 1);
}

/* Root of the subtree over [start, start + n): start is a multiple of the power of two that holds n. */
static enum err subtree(const struct merkle_source *s, uint64_t start, uint64_t n, merkle_hash out)
{
	merkle_hash left;
	unsigned k;
	enum err e;

	if ((n & (n - 1)) == 0) {
		k = (unsigned)__builtin_ctzll(n);
		return s->get(s->arg, k, start >> k, out);
	}
	k = split_level(n);
	e = s->get(s->arg, k, start >> k, left);
	if (e == OK)
		e = subtree(s, start + ((uint64_t)1 << k), n - ((uint64_t)1 << k), out);
	if (e == OK)
		merkle_node(s->alg, left, out, out);
	return e;
}

enum err merkle_root_of(const struct merkle_source *s, uint64_t size, merkle_hash out)
{
	if (size == 0) {
		hash_bytes(s->alg, "", 0, out);
		return OK;
	}
	return subtree(s, 0, size, out);
}

/* The proofs are built from the root down; the paths are read from the leaf up. */
static void reverse(merkle_hash *path, size_t n)
{
	merkle_hash t;

	for (size_t i = 0; i < n / 2; i++) {
		memcpy(t, path[i], HASH_SIZE);
		memcpy(path[i], path[n - 1 - i], HASH_SIZE);
		memcpy(path[n - 1 - i], t, HASH_SIZE);
	}
}

enum err merkle_inclusion(const struct merkle_source *s, uint64_t index, uint64_t size, merkle_hash *path, size_t *n)
{
	uint64_t start = 0;

	*n = 0;
	if (index >= size)
		return ERR_INPUT;
	while (size > 1) {
		uint64_t k = (uint64_t)1 << split_level(size);
		bool left = index < k;
		enum err e = left ? subtree(s, start + k, size - k, path[*n]) : subtree(s, start, k, path[*n]);

		if (e != OK)
			return e;
		(*n)++;
		if (left) {
			size = k;
		} else {
			start += k;
			index -= k;
			size -= k;
		}
	}
	reverse(path, *n);
	return OK;
}

enum err merkle_consistency(const struct merkle_source *s, uint64_t from, uint64_t to, merkle_hash *path, size_t *n)
{
	uint64_t start = 0, m = from, size = to;
	bool whole = true; /* the old tree is this subtree itself: the verifier knows its root already */
	enum err e = OK;

	*n = 0;
	if (from > to)
		return ERR_INPUT;
	if (from == 0 || from == to)
		return OK;
	while (m != size && e == OK) {
		uint64_t k = (uint64_t)1 << split_level(size);

		if (m <= k) {
			e = subtree(s, start + k, size - k, path[(*n)++]);
			size = k;
		} else {
			e = subtree(s, start, k, path[(*n)++]);
			start += k;
			m -= k;
			size -= k;
			whole = false;
		}
	}
	if (e == OK && !whole)
		e = subtree(s, start, size, path[(*n)++]);
	reverse(path, *n);
	return e;
}
