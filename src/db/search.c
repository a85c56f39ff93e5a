#include "db/search.h"

#include <ctype.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cjk.h"
#include "base/utf8.h"
#include "db/inner.h"

/* Positions of a tsvector end at 16383; longer texts are found by their beginning, on both engines. */
#define MAX_CHARS 16000
#define MAX_WORDS 16

/* ---- the tokenizer of SQLite ---- */

static int tok_create(void *ctx, const char **argv, int argc, Fts5Tokenizer **out)
{
	static char nothing;

	(void)ctx;
	(void)argv;
	(void)argc;
	*out = (Fts5Tokenizer *)&nothing; /* it has no state */
	return SQLITE_OK;
}

static void tok_delete(Fts5Tokenizer *t)
{
	(void)t;
}

static int tok_run(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int n,
		   int (*give)(void *, int, const char *, int, int, int))
{
	struct cjk_iter it;
	struct cjk_token k;
	int rc = SQLITE_OK;

	(void)t;
	cjk_begin(&it, (struct str){text, (size_t)n}, flags & FTS5_TOKENIZE_QUERY ? CJK_QUERY : CJK_INDEX);
	while (rc == SQLITE_OK && cjk_next(&it, &k))
		rc = give(ctx, 0, k.text.p, (int)k.text.n, (int)k.from, (int)k.to);
	return rc;
}

int db_fts_register(void *sqlite)
{
	static fts5_tokenizer ours = {tok_create, tok_delete, tok_run};
	sqlite3_stmt *st;
	fts5_api *api = NULL;
	int rc = sqlite3_prepare_v2(sqlite, "SELECT fts5(?1)", -1, &st, NULL);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_pointer(st, 1, &api, "fts5_api_ptr", NULL);
	sqlite3_step(st);
	sqlite3_finalize(st);
	return api ? api->xCreateTokenizer(api, "gongzhi", NULL, &ours, NULL) : SQLITE_ERROR;
}

/* ---- statements of one index: its table's name is part of the text, so they are made when first needed ---- */

struct index {
	char name[48];
	char text[12][200];
	struct db_part parts[6][2];
	struct db_query put, remove, find, tidy, by_itself, never_by_itself;
	struct index *next;
};

static void make_query(struct index *x, int i, struct db_query *q, const struct db_query *like)
{
	x->parts[i][0] = (struct db_part){x->text[2 * i], x->text[2 * i + 1], -1};
	x->parts[i][1] = (struct db_part){NULL, NULL, -1};
	*q = *like;
	q->parts = x->parts[i];
}

static struct index *new_index(const char *name)
{
	static const enum db_type put[] = {DB_I64, DB_STR, DB_STR}, find[] = {DB_STR, DB_I64, DB_I64}, id[] = {DB_I64};
	static const enum db_type none[1];
	static const struct db_query like[] = {
		{.name = "search_put", .file = __FILE__, .flags = DB_Q_WRITE, .nparams = 3, .params = put, .optional = "000", .cols = id,
		 .nullable = ""},
		{.name = "search_remove", .file = __FILE__, .flags = DB_Q_WRITE, .nparams = 1, .params = id, .optional = "0", .cols = id,
		 .nullable = ""},
		{.name = "search_find", .file = __FILE__, .nparams = 3, .params = find, .optional = "000", .ncols = 1, .cols = id,
		 .nullable = "0"},
		{.name = "search_tidy", .file = __FILE__, .flags = DB_Q_WRITE, .nparams = 1, .params = id, .optional = "0", .cols = id,
		 .nullable = ""},
		{.name = "search_by_itself", .file = __FILE__, .params = none, .optional = "", .ncols = 1, .cols = id, .nullable = "0"},
		{.name = "search_never_by_itself", .file = __FILE__, .flags = DB_Q_WRITE, .params = none, .optional = "", .cols = id, .nullable = ""},
	};
	struct index *x = calloc(1, sizeof(*x));

	if (x == NULL)
		BUG("out of memory");
	for (const char *p = name; *p; p++)
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_')
			BUG("search index \"%s\": lower-case letters, digits and _ only", name);
	if (snprintf(x->name, sizeof(x->name), "%s", name) >= (int)sizeof(x->name))
		BUG("search index \"%s\": name too long", name);
	snprintf(x->text[0], sizeof(x->text[0]), "INSERT OR REPLACE INTO search_%s (rowid, words) VALUES (?1, ?2)", x->name);
	snprintf(x->text[1], sizeof(x->text[1]), "INSERT INTO search_%s (id, body, words) VALUES ($1, $2, CAST($3 AS tsvector)) "
		 "ON CONFLICT (id) DO UPDATE SET body = excluded.body, words = excluded.words", x->name);
	snprintf(x->text[2], sizeof(x->text[2]), "DELETE FROM search_%s WHERE rowid = ?1", x->name);
	snprintf(x->text[3], sizeof(x->text[3]), "DELETE FROM search_%s WHERE id = $1", x->name);
	snprintf(x->text[4], sizeof(x->text[4]), "SELECT rowid FROM search_%s WHERE search_%s MATCH ?1 AND rowid < ?2 "
		 "ORDER BY rowid DESC LIMIT ?3", x->name, x->name);
	snprintf(x->text[5], sizeof(x->text[5]), "SELECT id FROM search_%s WHERE words @@ CAST($1 AS tsquery) AND id < $2 "
		 "ORDER BY id DESC LIMIT $3", x->name);
	snprintf(x->text[6], sizeof(x->text[6]), "INSERT INTO search_%s (search_%s, rank) VALUES ('merge', ?1)", x->name, x->name);
	snprintf(x->text[8], sizeof(x->text[8]), "SELECT CAST(v AS INTEGER) FROM search_%s_config WHERE k = 'automerge'", x->name);
	snprintf(x->text[10], sizeof(x->text[10]), "INSERT INTO search_%s (search_%s, rank) VALUES ('automerge', 0)", x->name, x->name);
	make_query(x, 3, &x->tidy, &like[3]);
	make_query(x, 4, &x->by_itself, &like[4]);
	make_query(x, 5, &x->never_by_itself, &like[5]);
	make_query(x, 0, &x->put, &like[0]);
	make_query(x, 1, &x->remove, &like[1]);
	make_query(x, 2, &x->find, &like[2]);
	return x;
}

static struct index *index_named(const char *name)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct index *all;
	struct index *x;

	pthread_mutex_lock(&lock);
	for (x = all; x && strcmp(x->name, name) != 0; x = x->next)
		;
	if (x == NULL) {
		x = new_index(name);
		x->next = all;
		all = x;
	}
	pthread_mutex_unlock(&lock);
	return x;
}

/* ---- documents ---- */

/* '路灯':1 '灯坏':2 ... as PostgreSQL reads a tsvector. */
static void vector_text(struct buf *b, struct str text)
{
	struct cjk_iter it;
	struct cjk_token t;

	for (cjk_begin(&it, text, CJK_INDEX); cjk_next(&it, &t) && t.position < MAX_CHARS;) {
		buf_addz(b, "'");
		buf_adds(b, t.text);
		buf_printf(b, "':%u ", t.position + 1);
	}
}

enum err search_put(struct tx *tx, const char *index, int64_t id, struct str text)
{
	struct index *x = index_named(index);
	struct db_value p[3] = {{.i = id}, {.s = utf8_cut(text.p ? text : STR(""), MAX_CHARS)}, {.null = true}};
	struct buf b;
	enum err e;

	buf_init(&b, (size_t)8 << 20);
	if (tx->c->db->engine == DB_PG) {
		vector_text(&b, p[1].s);
		p[2] = (struct db_value){.s = buf_str(&b)};
	}
	e = buf_check(&b);
	if (e == OK)
		e = db_run(tx->c, &x->put, p, NULL, NULL, NULL);
	buf_release(&b);
	return e;
}

static enum err take_setting(void *arg, const struct db_value *v)
{
	*(int64_t *)arg = v[0].i;
	return OK;
}

/*
 * Pages of merging for so many bytes of text. A text makes some three times its bytes of index (a word of six bytes for each Chinese sign, and where it
 * stands), and each page is merged once on each of some five levels until a million texts are in one.
 */
#define TIDY_BYTES 250

enum err search_tidy(struct tx *tx, const char *index, size_t bytes)
{
	struct index *x = index_named(index);
	struct db_value pages = {.i = (int64_t)(bytes / TIDY_BYTES) + 1};
	int64_t by_itself = -1;
	enum err e = OK;

	if (tx->c->db->engine == DB_PG)
		return OK;
	if (tx->c->settled != x) {
		e = db_run(tx->c, &x->by_itself, NULL, take_setting, &by_itself, NULL);
		if (e == OK && by_itself != 0)
			e = db_run(tx->c, &x->never_by_itself, NULL, NULL, NULL, NULL);
		if (e == OK)
			tx->c->settled = x;
	}
	return e == OK ? db_run(tx->c, &x->tidy, &pages, NULL, NULL, NULL) : e;
}

enum err search_remove(struct tx *tx, const char *index, int64_t id)
{
	struct db_value p[1] = {{.i = id}};

	return db_run(tx->c, &index_named(index)->remove, p, NULL, NULL, NULL);
}

/* ---- looking for ---- */

/* One word of the visitor: the phrase of its tokens. A last token that is not a pair matches as a prefix. FTS5 gets
 * the word as it stands, in quotes, and cuts it with the tokenizer above. */
static bool add_word(struct buf *b, enum db_engine engine, struct str word, bool more)
{
	enum cjk_kind last = CJK_PAIR;
	struct cjk_iter it;
	struct cjk_token t;
	bool pg = engine == DB_PG;
	int n = 0;

	for (cjk_begin(&it, word, CJK_QUERY); cjk_next(&it, &t); n++) {
		if (n == 0)
			buf_addz(b, more ? (pg ? " & (" : " AND \"") : pg ? "(" : "\"");
		if (pg) {
			buf_addz(b, n ? " <-> '" : "'");
			buf_adds(b, t.text);
			buf_addz(b, "'");
		}
		last = t.kind;
	}
	if (n == 0)
		return false;
	for (size_t i = 0; i < word.n && !pg; i++)
		buf_addc(b, word.p[i] == '"' ? ' ' : word.p[i]);
	if (pg)
		buf_addz(b, last == CJK_PAIR ? ")" : ":*)");
	else
		buf_addz(b, last == CJK_PAIR ? "\"" : "\" *");
	return true;
}

struct str search_words(struct db_conn *c, struct arena *a, struct str words)
{
	struct str rest = utf8_fold(a, utf8_cut(words.p ? words : STR(""), 200)), out;
	struct buf b;
	int n = 0;

	buf_init(&b, 65536);
	while (rest.n && n < MAX_WORDS) {
		size_t len = 0;

		while (len < rest.n && !isspace((unsigned char)rest.p[len]))
			len++;
		n += add_word(&b, c->db->engine, str_sub(rest, 0, len), n > 0);
		rest = str_sub(rest, len + 1, rest.n);
	}
	out = arena_str(a, buf_str(&b));
	buf_release(&b);
	return out;
}

struct found {
	int64_t *v;
	size_t n, max;
};

static enum err take_id(void *arg, const struct db_value *v)
{
	struct found *f = arg;

	if (f->n == f->max)
		return ERR_TOO_MUCH;
	f->v[f->n++] = v[0].i;
	return OK;
}

static enum err find(struct db_conn *c, struct arena *a, const char *index, struct str match, int64_t before, int limit, int64_t **ids, size_t *n)
{
	struct db_value p[3] = {{.s = match}, {.i = before}, {.i = limit}};
	struct found f = {.max = limit > 0 ? (size_t)limit : 0};
	enum err e = OK;

	f.v = arena_array(a, int64_t, f.max);
	if (match.n && f.max)
		e = db_run(c, &index_named(index)->find, p, take_id, &f, NULL);
	*ids = f.v;
	*n = f.n;
	return e;
}

enum err search_find(struct db_conn *c, struct arena *a, const char *index, struct str words, int64_t before, int limit, int64_t **ids,
		     size_t *n)
{
	return find(c, a, index, search_words(c, a, words), before, limit, ids, n);
}

/* ---- marks ---- */

/* A rune, which no keyboard has, and the hash: one word for the tokenizer. */
void search_mark_put(char to[SEARCH_MARK_BYTES], uint64_t hash)
{
	memcpy(to, "\u16a0", 3);
	hash >>= 12;
	for (int i = SEARCH_MARK_BYTES - 1; i >= 3; i--, hash >>= 4)
		to[i] = "0123456789abcdef"[hash & 15];
}

struct str search_mark(struct arena *a, uint64_t hash)
{
	char *p = arena_alloc(a, SEARCH_MARK_BYTES + 1);

	search_mark_put(p, hash);
	return (struct str){p, SEARCH_MARK_BYTES};
}

enum err search_find_mark(struct db_conn *c, struct arena *a, const char *index, uint64_t hash, int64_t before, int limit, int64_t **ids,
			  size_t *n)
{
	const char *quote = c->db->engine == DB_PG ? "'" : "\"";

	return find(c, a, index, arena_printf(a, "%s%s%s", quote, search_mark(a, hash).p, quote), before, limit, ids, n);
}
