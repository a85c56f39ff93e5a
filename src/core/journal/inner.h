/* What the files of this room share. */
#ifndef CORE_JOURNAL_INNER_H
#define CORE_JOURNAL_INNER_H

#include <pthread.h>

#include "core/journal/journal.h"
#include "crypto/merkle.h"

#define TAIL_EASY_MS 2000  /* so far behind tailers leave nearly all of the writer to people who wait */
#define TAIL_LATE_MS 10000 /* ... and from here on half of it */
#define BLOCK_LEVEL 8 /* full nodes of this level and above are stored */
#define BLOCK_LEAVES (1 << BLOCK_LEVEL)

/* One opened store. */
struct journal_log {
	struct db *db;
	struct journal_log *next;
	char name[33];
	enum hash_alg alg;
	pthread_mutex_t lock;       /* the fields below */
	pthread_cond_t woken;
	pthread_cond_t hurry;       /* tailers that let entries gather: somebody waits for them, or they shall stop */
	struct merkle tree;         /* over what this process knows to be committed */
	int64_t wakes;              /* grows with every commit heard of */
	int users;                  /* tailers */
	pthread_mutex_t head_lock;  /* one head is signed at a time */
	int64_t easy_ms, late_ms;   /* TAIL_EASY_MS, TAIL_LATE_MS; tests have less time */
};

/* NULL before journal_init. */
struct journal_log *journal_log_of(const struct db *db);

/* ---- entry.c: the canonical bytes of an entry ---- */
size_t entry_size(const struct journal_entry *e);
void entry_bytes(const struct journal_entry *e, unsigned char *to);
void entry_leaf(enum hash_alg alg, const struct journal_entry *e, merkle_hash out);

/* ---- tree.c ---- */
/* The tree over everything that c sees, beginning from what this process knows already. */
CHECKED enum err tree_now(struct journal_log *l, struct db_conn *c, struct merkle *out);
/* Keeps it for the next caller when it is larger than what is known. */
void tree_keep(struct journal_log *l, const struct merkle *m);
/* Full nodes from the store, for the prover. */
struct tree_source {
	struct db_conn *c;
	struct arena *a;
	struct tree_block *blocks;
	struct merkle_source source;
};
CHECKED enum err tree_source_init(struct tree_source *s, struct db_conn *c, struct arena *a);

/* ---- edge.c: what stands behind the last signed head ---- */
/* Inside seal, under db_order_lock: m is the tree when this batch has committed. */
CHECKED enum err edge_put(struct tx *tx, const struct journal_log *l, const struct merkle *m);
/* Is the stored sum that of this tree? ERR_CONFLICT: no. ERR_NOT_FOUND: none is stored. */
CHECKED enum err edge_check(struct db_conn *c, struct arena *a, const struct journal_log *l, const struct merkle *m);

/* ---- head.c ---- */
struct str head_text(struct arena *a, struct str log, struct str hash, const struct journal_head *h);
/* Only the line with this id counts. */
CHECKED enum err head_check(struct arena *a, struct str log, struct str hash, const struct journal_head *h, struct str public_key,
			    struct str *why);

/* ---- tail.c: microseconds that a tailer so far behind leaves the busy writer to others, behind a job that took `took_us` ---- */
int64_t tail_yield_us(const struct journal_log *l, int64_t late_ms, int64_t took_us);

#define ENTRY_OF_ROW(row) \
	((struct journal_entry){.seq = (row)->seq, .at = (row)->at, .actor = (row)->actor, .kind = (row)->kind, \
				.subject = (row)->subject, .place = (row)->place, .data = (row)->data})

#endif
