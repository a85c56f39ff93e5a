/* The two verification algorithms, word for word after RFC 9162. They know nothing of how a proof is made. */
#include "crypto/merkle.h"

bool merkle_check_inclusion(enum hash_alg alg, uint64_t index, uint64_t size, const merkle_hash leaf, const merkle_hash root,
			    const merkle_hash *path, size_t n)
{
	uint64_t fn = index, sn = size - 1;
	merkle_hash r;

	if (index >= size)
		return false;
	memcpy(r, leaf, HASH_SIZE);
	for (size_t i = 0; i < n; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			merkle_node(alg, path[i], r, r);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			merkle_node(alg, r, path[i], r);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(r, root, HASH_SIZE) == 0;
}

/* Walks up both trees at once: fr is the old root in the making, sr the new one. */
static bool walk(enum hash_alg alg, uint64_t fn, uint64_t sn, const merkle_hash first, const merkle_hash *path, size_t n,
		 merkle_hash fr, merkle_hash sr)
{
	memcpy(fr, first, HASH_SIZE);
	memcpy(sr, first, HASH_SIZE);
	for (size_t i = 0; i < n; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			merkle_node(alg, path[i], fr, fr);
			merkle_node(alg, path[i], sr, sr);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			merkle_node(alg, sr, path[i], sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0;
}

bool merkle_check_consistency(enum hash_alg alg, uint64_t from, uint64_t to, const merkle_hash from_root, const merkle_hash to_root,
			      const merkle_hash *path, size_t n)
{
	uint64_t fn, sn;
	merkle_hash fr, sr;
	const unsigned char *first = from_root;

	if (from > to)
		return false;
	if (from == to)
		return n == 0 && memcmp(from_root, to_root, HASH_SIZE) == 0;
	if (from == 0) {
		hash_bytes(alg, "", 0, fr);
		return n == 0 && memcmp(fr, from_root, HASH_SIZE) == 0;
	}
	if (n == 0)
		return false;
	fn = from - 1;
	sn = to - 1;
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	if ((from & (from - 1)) != 0) { /* an old tree that is not full: its largest right part leads the proof */
		first = path[0];
		path++;
		n--;
	}
	return walk(alg, fn, sn, first, path, n, fr, sr) && memcmp(fr, from_root, HASH_SIZE) == 0 && memcmp(sr, to_root, HASH_SIZE) == 0;
}
