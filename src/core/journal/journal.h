/*
 * journal 证: the append-only log of every act. An entry is appended inside the job that does the act; when the batch is
 * about to commit, the entries get consecutive sequence numbers (under db_order_lock, so no number can appear late)
 * and become leaves of a Merkle tree (RFC 9162 shape). Tree heads are signed at most once a second and on demand.
 */
#ifndef CORE_JOURNAL_H
#define CORE_JOURNAL_H

#include "base/json.h"
#include "db/db.h"

struct journal_entry {
	int64_t seq;            /* 1, 2, 3 ... without a gap */
	int64_t at;             /* ms */
	int64_t actor;          /* 0: a resident without account or the system */
	struct str kind;        /* "matter.dispatch": module.verb */
	int64_t subject;        /* id of the matter, account ... it is about */
	struct str place;       /* key */
	struct str data;        /* JSON object, canonical (no spaces, keys in the order written) */
};
#define JOURNAL_KIND_MAX 64
#define JOURNAL_PLACE_MAX 200
#define JOURNAL_DATA_MAX (64 * 1024)

/*
 * Makes the hooks that seal entries; called once by main/tests after db_open and migrations, before the first write.
 * key_dir NULL: the keyring in use (crypto/crypto.h) signs; otherwise the keys of that folder are opened and used.
 */
CHECKED enum err journal_init(struct db *db, const char *key_dir, struct arena *a, struct str *why);
/* Before db_close, after the tailers are stopped. */
void journal_end(struct db *db);

/* Inside a job. Strings are copied. at 0: the time of the batch; seq is given when the batch commits. ERR_INPUT: kind is not
 * lower-case words with dots, or data is not UTF-8 or not an object. Personal data does not belong in data: ids and hashes only (erasure must stay
 * possible while the log stays whole); a resident's text is named by its SHA-256. */
CHECKED enum err journal_append(struct tx *tx, const struct journal_entry *e);
/*
 * The same, with the data written member by member:
 *
 *	struct journal_data d;
 *	struct json *j = journal_data_begin(&d);
 *
 *	json_key(j, "rows"), json_i64(j, n);
 *	return journal_append_data(tx, &(struct journal_entry){.at = tx->now, .kind = STR("place.import"), .place = STR("")}, &d);
 *
 * journal_append_data closes the object and frees it in every case; entry->data is not read. ERR_TOO_MUCH: more than JOURNAL_DATA_MAX.
 */
struct journal_data { struct buf text; struct json json; };
struct json *journal_data_begin(struct journal_data *d);
CHECKED enum err journal_append_data(struct tx *tx, const struct journal_entry *e, struct journal_data *d);

CHECKED enum err journal_read(struct db_conn *c, struct arena *a, int64_t after, int limit, struct journal_entry **v, size_t *n);
CHECKED enum err journal_of_subject(struct db_conn *c, struct arena *a, int64_t subject, struct journal_entry **v, size_t *n);
/*
 * For the audit: newest first, seq < before. What is absent (0, NULL) does not filter. One call looks at a bounded part of the log; *next is
 * where to go on (pass it as before), 0 at the log's beginning: a page may be short, or empty, without being the last.
 */
struct journal_range {
	struct str from, to;     /* key >= from AND key < to */
};
struct journal_filter {
	int64_t before;          /* 0: from the newest */
	int64_t after;           /* only greater numbers; 0: all */
	int64_t at_from, at_to;  /* ms, at_to exclusive */
	int64_t actor, subject;
	struct str kind;         /* "matter" or "matter.dispatch" */
	struct str place;        /* the subtree */
	/* only entries in one of these ranges of keys; 0: all. For whoever may see several places. */
	const struct journal_range *within;
	size_t nwithin;
	int limit;               /* 1..500 */
};
CHECKED enum err journal_search(struct db_conn *c, struct arena *a, const struct journal_filter *f, struct journal_entry **v, size_t *n,
				int64_t *next);
/* Which of the subjects (at most 4096) have an entry behind `after` that is not by `actor` and of none of these kinds. For "what is new". */
CHECKED enum err journal_changed(struct db_conn *c, struct arena *a, const int64_t *subjects, size_t nsubjects, int64_t after, int64_t actor,
				 const struct str *kinds, size_t nkinds, int64_t **v, size_t *n);
/* The greatest number whose entry is older than `at`; 0: none. For an `after` where all that matters is recent: times follow the numbers as long as
 * no clock was set back, so an audit asks by time and not by this. */
CHECKED enum err journal_number_at(struct db_conn *c, struct arena *a, int64_t at, int64_t *seq);
/* Greatest committed sequence. */
CHECKED enum err journal_last(struct db_conn *c, int64_t *seq);

/* Signed tree head over the first `size` entries. */
struct journal_head {
	int64_t size, at;
	unsigned char root[32];
	struct str signature, key_id;
};
/* Latest head that covers `seq`; signs a new one if the last is too small. ERR_NOT_FOUND: no entry has that number yet. */
CHECKED enum err journal_head_for(struct db *db, struct arena *a, int64_t seq, struct journal_head *out);
/* The job that runs at most once a second: signs a head over everything committed when the last one does not cover it. */
CHECKED enum err journal_sign(struct db *db);
/* Signed heads with size < before, the greatest first. */
CHECKED enum err journal_heads(struct db_conn *c, struct arena *a, int64_t before, int limit, struct journal_head **v, size_t *n);
/* Random name of this log and name of its hash ("sm3"): with the head they make the signed text (docs/journal.md). */
CHECKED enum err journal_log_name(struct db_conn *c, struct arena *a, struct str *name, struct str *hash);
/* Proofs as lists of 32-byte nodes. */
CHECKED enum err journal_inclusion(struct db_conn *c, struct arena *a, int64_t seq, int64_t size, unsigned char (**path)[32], size_t *n);
CHECKED enum err journal_consistency(struct db_conn *c, struct arena *a, int64_t from, int64_t to, unsigned char (**path)[32], size_t *n);
/* Recomputes everything from the entries; reports the first place that differs. `progress` may be NULL. */
CHECKED enum err journal_verify_all(struct db_conn *c, struct arena *a, void (*progress)(void *, int64_t done, int64_t of), void *arg,
				    struct str *why);

/*
 * Receipt file (JSON, self-contained): entry, inclusion path, head with signature, public key id; checked offline by
 * `gongzhi verify receipt.json --key gongzhi.pub`.
 */
CHECKED enum err journal_receipt(struct db *db, struct arena *a, int64_t seq, struct str *json);
CHECKED enum err journal_receipt_check(struct arena *a, struct str json, struct str public_key, struct journal_entry *entry, struct str *why);
struct str journal_public_key(struct arena *a); /* text of the .pub file */

/* ---- tailers ---- */
/* Starts a thread that calls fn with new entries in order, inside a write job together with its cursor. Woken by commits of any node. */
struct journal_tailer;
CHECKED enum err journal_tail(struct db *db, const char *name, enum err (*fn)(struct tx *tx, void *arg, const struct journal_entry *v, size_t n),
			      void *arg, struct journal_tailer **out);
/*
 * The same for a tailer to which the order is all one and which bears an entry twice (an index of texts): while it is thousands of entries behind, since
 * its cursor was set back, what is new comes first, with a second cursor "NAME.new" (docs/decisions/0034).
 */
CHECKED enum err journal_tail_new_first(struct db *db, const char *name,
					enum err (*fn)(struct tx *tx, void *arg, const struct journal_entry *v, size_t n), void *arg,
					struct journal_tailer **out);
/* A tailer without a stored cursor (SSE, caches of this process): starts behind `after`. */
CHECKED enum err journal_watch(struct db *db, int64_t after, void (*fn)(void *arg, const struct journal_entry *v, size_t n), void *arg,
			       struct journal_tailer **out);
void journal_tail_stop(struct journal_tailer *t);
/* Waits until the tailer has seen everything committed by now (tests, shutdown). */
void journal_tail_drain(struct journal_tailer *t);

#endif
