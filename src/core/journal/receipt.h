/* A receipt taken apart, for those who show what it proves. */
#ifndef CORE_JOURNAL_RECEIPT_H
#define CORE_JOURNAL_RECEIPT_H

#include "core/journal/journal.h"
#include "crypto/merkle.h"

#define RECEIPT_MAX ((size_t)1 << 20)

struct receipt {
	struct str log, hash;
	enum hash_alg alg;
	struct journal_entry entry;
	struct journal_head head;
	merkle_hash *path;
	size_t npath;
};

/* Form only. *why says what is wrong, in both languages. */
CHECKED enum err receipt_read(struct arena *a, struct str json, struct receipt *out, struct str *why);
/* The proof: entry in tree, tree under the signature of the key. */
CHECKED enum err receipt_prove(struct arena *a, const struct receipt *r, struct str public_key, struct str *why);

#endif
