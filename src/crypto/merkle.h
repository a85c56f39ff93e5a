/*
 * Merkle tree of RFC 9162 section 2.1 (the same as RFC 6962): leaf = H(0x00 || data), node = H(0x01 || left || right),
 * a tree of n leaves splits at the greatest power of two below n.
 *
 * A *full node* (level, index) covers the leaves [index << level, (index + 1) << level); it never changes once these leaves
 * are there. The appender keeps only the full nodes along the right edge; the prover asks for full nodes through a
 * callback; the verifiers share no code with either but the two hash functions.
 */
#ifndef CRYPTO_MERKLE_H
#define CRYPTO_MERKLE_H

#include "crypto/hash.h"

#define MERKLE_LEVELS 63
/* Longest proof of either kind. */
#define MERKLE_PATH_MAX (MERKLE_LEVELS + 1)

typedef unsigned char merkle_hash[HASH_SIZE];

void merkle_leaf(enum hash_alg alg, const void *p, size_t n, merkle_hash out);
void merkle_node(enum hash_alg alg, const merkle_hash left, const merkle_hash right, merkle_hash out);

/* ---- appending ---- */
struct merkle {
	enum hash_alg alg;
	uint64_t size;
	merkle_hash edge[MERKLE_LEVELS]; /* edge[l] is set when bit l of size is */
};

void merkle_init(struct merkle *m, enum hash_alg alg);
/* made (may be NULL) is told each full node of level 1 and above as it comes into being. */
void merkle_append(struct merkle *m, const merkle_hash leaf,
		   void (*made)(void *arg, unsigned level, uint64_t index, const merkle_hash h), void *arg);
/* The empty tree's root is the hash of nothing. */
void merkle_root(const struct merkle *m, merkle_hash out);

/* ---- proving ---- */
struct merkle_source {
	enum hash_alg alg;
	enum err (*get)(void *arg, unsigned level, uint64_t index, merkle_hash out);
	void *arg;
};
/* Root of the first `size` leaves. */
CHECKED enum err merkle_root_of(const struct merkle_source *s, uint64_t size, merkle_hash out);
/* Leaf `index` (from 0) in the tree of `size`. ERR_INPUT when index >= size. path has room for MERKLE_PATH_MAX. */
CHECKED enum err merkle_inclusion(const struct merkle_source *s, uint64_t index, uint64_t size, merkle_hash *path, size_t *n);
/* Tree of `from` leaves is a prefix of that of `to`. ERR_INPUT unless 0 <= from <= to. */
CHECKED enum err merkle_consistency(const struct merkle_source *s, uint64_t from, uint64_t to, merkle_hash *path, size_t *n);

/* ---- checking (RFC 9162 2.1.3.2 and 2.1.4.2) ---- */
CHECKED bool merkle_check_inclusion(enum hash_alg alg, uint64_t index, uint64_t size, const merkle_hash leaf, const merkle_hash root,
				    const merkle_hash *path, size_t n);
CHECKED bool merkle_check_consistency(enum hash_alg alg, uint64_t from, uint64_t to, const merkle_hash from_root,
				      const merkle_hash to_root, const merkle_hash *path, size_t n);

#endif
