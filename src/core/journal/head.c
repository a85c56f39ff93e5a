/* Signed tree heads. What is signed is a short text, see docs/journal.md. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/journal/inner.h"
#include "core/journal/journal.sql.h"
#include "crypto/keyring.h"

#define HEADS_MAX 1000

struct str head_text(struct arena *a, struct str log, struct str hash, const struct journal_head *h)
{
	return arena_printf(a, "gongzhi-head-1\nlog %.*s\nhash %.*s\nsize %lld\ntime %lld\nroot %s\n", STR_ARG(log), STR_ARG(hash),
			    (long long)h->size, (long long)h->at, hex(a, h->root, HASH_SIZE).p);
}

/* The line of a .pub file whose second word is id. */
static bool key_line(struct str pub, struct str id, struct str *out)
{
	struct str line;

	while (str_split(&pub, '\n', &line)) {
		struct str rest = str_trim(line), alg, word;

		if (!str_starts(rest, "#") && str_split(&rest, ' ', &alg) && str_split(&rest, ' ', &word) && str_eq(word, id)) {
			*out = line;
			return true;
		}
	}
	return false;
}

enum err head_check(struct arena *a, struct str log, struct str hash, const struct journal_head *h, struct str public_key, struct str *why)
{
	struct str line;

	if (!key_line(public_key, h->key_id, &line)) {
		*why = arena_printf(a, "签名所用的公钥（编号 %.*s）不在公钥文件里；the key that signed (%.*s) is not in the public key file",
				    STR_ARG(h->key_id), STR_ARG(h->key_id));
		return ERR_CONFLICT;
	}
	return sign_verify(line, head_text(a, log, hash, h), h->signature, why, a);
}

#define HEAD_OF_ROW(row, to) \
	do { \
		*(to) = (struct journal_head){.size = (row)->size, .at = (row)->at, .signature = (row)->signature, .key_id = (row)->key_id}; \
		if ((row)->root.n == HASH_SIZE) \
			memcpy((to)->root, (row)->root.p, HASH_SIZE); \
	} while (0)

/* size 0: there is none. */
static enum err newest_head(struct db_conn *c, struct arena *a, struct journal_head *out)
{
	struct journal_head_newest_rows r;
	enum err e = q_journal_head_newest(c, a, &r);

	*out = (struct journal_head){0};
	if (e == OK && r.n)
		HEAD_OF_ROW(&r.v[0], out);
	return e;
}

static enum err put_head(struct tx *tx, void *arg)
{
	const struct journal_head *h = arg;
	struct journal_head_put_args row = {.size = h->size, .at = h->at, .root = {(const char *)h->root, HASH_SIZE},
					    .signature = h->signature, .key_id = h->key_id};

	return q_journal_head_put(tx->c, &row, NULL);
}

/* A head over everything committed; *out stays the newest stored one when nothing is new. */
static enum err make_head(struct journal_log *l, struct arena *a, struct journal_head *out, bool *made)
{
	struct db_conn *c = db_read_begin(l->db);
	struct merkle m;
	enum err e = newest_head(c, a, out);

	*made = false;
	if (e == OK)
		e = tree_now(l, c, &m);
	db_read_end(c);
	if (e != OK || (int64_t)m.size <= out->size)
		return e;
	tree_keep(l, &m);
	*out = (struct journal_head){.size = (int64_t)m.size, .at = clock_now()};
	merkle_root(&m, out->root);
	*made = true;
	return sign(a, head_text(a, str_from(l->name), str_from(hash_name(l->alg)), out), &out->signature, &out->key_id);
}

static enum err sign_now(struct journal_log *l, struct arena *a, int64_t seq, struct journal_head *out)
{
	bool made = false;
	enum err e;

	pthread_mutex_lock(&l->head_lock);
	e = make_head(l, a, out, &made);
	if (e == OK && made)
		e = db_write(l->db, put_head, out);
	pthread_mutex_unlock(&l->head_lock);
	return e == OK && out->size < seq ? ERR_NOT_FOUND : e;
}

enum err journal_head_for(struct db *db, struct arena *a, int64_t seq, struct journal_head *out)
{
	struct journal_log *l = journal_log_of(db);
	struct db_conn *c;
	enum err e;

	if (l == NULL)
		return ERR_IO;
	c = db_read_begin(db);
	e = newest_head(c, a, out);
	db_read_end(c);
	if (e != OK || out->size >= seq)
		return e;
	return sign_now(l, a, seq, out);
}

enum err journal_sign(struct db *db)
{
	struct journal_log *l = journal_log_of(db);
	struct journal_head h;
	struct arena a;
	enum err e;

	if (l == NULL)
		return ERR_IO;
	arena_init(&a, 0);
	e = sign_now(l, &a, 0, &h);
	arena_release(&a);
	return e;
}

enum err journal_heads(struct db_conn *c, struct arena *a, int64_t before, int limit, struct journal_head **v, size_t *n)
{
	struct journal_heads_before_rows r;
	enum err e;

	if (limit < 1 || limit > HEADS_MAX)
		return ERR_INPUT;
	e = q_journal_heads_before(c, a, before, limit, &r);
	if (e != OK)
		return e;
	*v = arena_array(a, struct journal_head, r.n);
	*n = r.n;
	for (size_t i = 0; i < r.n; i++)
		HEAD_OF_ROW(&r.v[i], &(*v)[i]);
	return OK;
}
