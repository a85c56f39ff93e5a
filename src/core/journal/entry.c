/*
 * Appending. Entries of a batch wait in tx->pending and become rows and leaves in `seal`, when the batch is about to
 * commit: only then is it known which jobs succeeded, and only under db_order_lock can numbers be given that no other
 * writer gives too.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/utf8.h"
#include "core/journal/inner.h"
#include "core/journal/journal.sql.h"

#define FORM_VERSION 1
#define SEQ_AT 1 /* where the number stands in the canonical bytes */

/* ---- the canonical form, see docs/journal.md ---- */

static unsigned char *put(unsigned char *to, uint64_t v, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		*to++ = (unsigned char)(v >> (8 * i));
	return to;
}

static unsigned char *put_str(unsigned char *to, struct str s)
{
	to = put(to, s.n, 4);
	if (s.n)
		memcpy(to, s.p, s.n);
	return to + s.n;
}

size_t entry_size(const struct journal_entry *e)
{
	return 1 + 4 * 8 + 3 * 4 + e->kind.n + e->place.n + e->data.n;
}

void entry_bytes(const struct journal_entry *e, unsigned char *to)
{
	*to++ = FORM_VERSION;
	to = put(to, (uint64_t)e->seq, 8);
	to = put(to, (uint64_t)e->at, 8);
	to = put(to, (uint64_t)e->actor, 8);
	to = put(to, (uint64_t)e->subject, 8);
	to = put_str(to, e->kind);
	to = put_str(to, e->place);
	put_str(to, e->data);
}

void entry_leaf(enum hash_alg alg, const struct journal_entry *e, merkle_hash out)
{
	unsigned char small[1024];
	size_t n = entry_size(e);
	unsigned char *p = n <= sizeof(small) ? small : malloc(n);

	if (p == NULL)
		BUG("out of memory");
	entry_bytes(e, p);
	merkle_leaf(alg, p, n, out);
	if (p != small)
		free(p);
}

/* ---- waiting for the end of the batch ---- */

struct pending_entry {
	struct journal_entry e;  /* its strings point into bytes */
	unsigned char *bytes;    /* canonical, but for the number */
};

struct pending {
	struct journal_log *log;
	struct pending_entry *v;
	size_t n, cap;
	struct merkle tree;      /* as it is when this batch has committed */
};

static bool kind_ok(struct str s)
{
	if (s.n == 0 || s.n > JOURNAL_KIND_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
			return false;
	}
	return true;
}

static bool entry_ok(const struct journal_entry *e)
{
	return kind_ok(e->kind) && e->place.n <= JOURNAL_PLACE_MAX && utf8_valid(e->place) &&
	       (e->place.n == 0 || memchr(e->place.p, 0, e->place.n) == NULL) && e->data.n >= 2 && e->data.n <= JOURNAL_DATA_MAX &&
	       e->data.p[0] == '{' && e->data.p[e->data.n - 1] == '}' && memchr(e->data.p, 0, e->data.n) == NULL && utf8_valid(e->data);
}

static struct pending *pending_of(struct tx *tx)
{
	struct pending *p = tx->pending;
	struct journal_log *log = p ? p->log : journal_log_of(db_of(tx->c));

	if (log == NULL) {
		log_error("journal: entry refused: the journal of this store is not open (journal_init), or was closed");
		return NULL;
	}
	if (p == NULL) {
		p = arena_new(tx->arena, struct pending);
		p->log = log;
		tx->pending = p;
	}
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 64;
		struct pending_entry *v = arena_array(tx->arena, struct pending_entry, cap);

		if (p->n)
			memcpy(v, p->v, p->n * sizeof(*v));
		p->v = v;
		p->cap = cap;
	}
	return p;
}

/* Where the strings lie inside the canonical bytes: one copy serves the hash and the row. */
static struct str inside(unsigned char **at, size_t n)
{
	struct str s = {(const char *)*at + 4, n};

	*at += 4 + n;
	return s;
}

enum err journal_append(struct tx *tx, const struct journal_entry *e)
{
	struct pending *p;
	struct pending_entry *q;
	unsigned char *at;

	if (!entry_ok(e)) {
		log_error("journal: entry refused, kind=%.*s: not well formed", STR_ARG(e->kind));
		return ERR_INPUT;
	}
	p = pending_of(tx);
	if (p == NULL)
		return ERR_BUSY;
	q = &p->v[p->n];
	q->e = *e;
	if (q->e.at == 0)
		q->e.at = tx->now;
	q->e.seq = 0;
	q->bytes = arena_alloc(tx->arena, entry_size(e));
	entry_bytes(&q->e, q->bytes);
	at = q->bytes + SEQ_AT + 4 * 8;
	q->e.kind = inside(&at, e->kind.n);
	q->e.place = inside(&at, e->place.n);
	q->e.data = inside(&at, e->data.n);
	p->n++;
	return OK;
}

struct json *journal_data_begin(struct journal_data *d)
{
	buf_init(&d->text, JOURNAL_DATA_MAX);
	json_init(&d->json, &d->text);
	json_obj(&d->json);
	return &d->json;
}

enum err journal_append_data(struct tx *tx, const struct journal_entry *entry, struct journal_data *d)
{
	struct journal_entry e = *entry;
	enum err result;

	json_end(&d->json);
	json_done(&d->json);
	result = buf_check(&d->text);
	e.data = buf_str(&d->text);
	if (result == OK)
		result = journal_append(tx, &e);
	buf_release(&d->text);
	return result;
}

/* ---- the hooks ---- */

static size_t mark(struct tx *tx)
{
	const struct pending *p = tx->pending;

	return p ? p->n : 0;
}

static void rewind_to(struct tx *tx, size_t n)
{
	struct pending *p = tx->pending;

	if (p && n <= p->n)
		p->n = n;
}

struct node_writer {
	struct db_conn *c;
	enum err e;
};

static void write_node(void *arg, unsigned level, uint64_t index, const merkle_hash h)
{
	struct node_writer *w = arg;

	if (w->e == OK && level >= BLOCK_LEVEL)
		w->e = q_journal_node_put(w->c, (int64_t)level, (int64_t)index, (struct str){(const char *)h, HASH_SIZE}, NULL);
}

static enum err seal_one(struct tx *tx, struct pending *p, struct pending_entry *q)
{
	struct node_writer w = {tx->c, OK};
	struct journal_insert_args row;
	merkle_hash leaf;
	enum err e;

	q->e.seq = (int64_t)p->tree.size + 1;
	put(q->bytes + SEQ_AT, (uint64_t)q->e.seq, 8);
	merkle_leaf(p->log->alg, q->bytes, entry_size(&q->e), leaf);
	row = (struct journal_insert_args){.seq = q->e.seq, .at = q->e.at, .actor = q->e.actor, .kind = q->e.kind,
					   .subject = q->e.subject, .place = q->e.place, .data = q->e.data};
	e = q_journal_insert(tx->c, &row, NULL);
	merkle_append(&p->tree, leaf, write_node, &w);
	return e != OK ? e : w.e;
}

static enum err seal_batch(struct tx *tx)
{
	struct pending *p = tx->pending;
	enum err e;

	if (p == NULL || p->n == 0)
		return OK;
	e = db_order_lock(tx);
	if (e == OK)
		e = tree_now(p->log, tx->c, &p->tree);
	for (size_t i = 0; i < p->n && e == OK; i++)
		e = seal_one(tx, p, &p->v[i]);
	return e == OK ? edge_put(tx, p->log, &p->tree) : e;
}

static void committed(struct tx *tx, bool ok)
{
	struct pending *p = tx->pending;

	if (ok && p && p->n)
		tree_keep(p->log, &p->tree);
}

const struct db_hooks journal_hooks = {.mark = mark, .rewind = rewind_to, .seal = seal_batch, .committed = committed};
