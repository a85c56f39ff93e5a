/* Opening the log of a store, and reading it. */
#include "core/journal/journal.h"

#include <stdlib.h>

#include "base/id.h"
#include "base/log.h"
#include "core/journal/inner.h"
#include "core/journal/journal.sql.h"
#include "crypto/keyring.h"

#define READ_MAX 5000
#define SUBJECT_MAX 2000

extern const struct db_hooks journal_hooks;

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct journal_log *logs;

struct journal_log *journal_log_of(const struct db *db)
{
	struct journal_log *l;

	pthread_mutex_lock(&list_lock);
	for (l = logs; l && l->db != db; l = l->next)
		;
	pthread_mutex_unlock(&list_lock);
	return l;
}

static void on_commit(void *arg)
{
	struct journal_log *l = arg;

	pthread_mutex_lock(&l->lock);
	l->wakes++;
	pthread_cond_broadcast(&l->woken);
	pthread_mutex_unlock(&l->lock);
}

static enum err use_keys(const char *key_dir, struct arena *a, struct str *why)
{
	struct keyring *k;
	enum err e;

	if (key_dir == NULL)
		return OK;
	e = keyring_open(key_dir, false, NULL, &k, a, why);
	if (e == OK)
		keyring_use(k);
	return e;
}

/* A log gets its name and its hash once; whoever comes first chooses. */
static enum err name_log(struct tx *tx, void *arg)
{
	unsigned char r[16];

	(void)arg;
	random_bytes(r, sizeof(r));
	return q_journal_log_put(tx->c, hex(tx->arena, r, sizeof(r)), str_from(hash_name(keyring_hash())), NULL);
}

static enum err read_log(struct db *db, struct arena *a, struct journal_log_get_row *row)
{
	struct db_conn *c = db_read_begin(db);
	enum err e = q_journal_log_get(c, a, row);

	db_read_end(c);
	return e;
}

static struct journal_log *new_log(struct db *db)
{
	struct journal_log *l = calloc(1, sizeof(*l));
	pthread_condattr_t attr;

	if (l == NULL)
		BUG("out of memory");
	l->db = db;
	l->easy_ms = TAIL_EASY_MS;
	l->late_ms = TAIL_LATE_MS;
	pthread_mutex_init(&l->lock, NULL);
	pthread_mutex_init(&l->head_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->woken, &attr);
	pthread_cond_init(&l->hurry, &attr);
	pthread_condattr_destroy(&attr);
	return l;
}

static void add_log(struct journal_log *l)
{
	pthread_mutex_lock(&list_lock);
	l->next = logs;
	logs = l;
	pthread_mutex_unlock(&list_lock);
	db_on_commit(l->db, on_commit, l);
}

/* The newest entry may lie in the future, when the clock was wrong for a while: its ids are not to be made again. */
static void keep_ids_ahead(struct db *db, struct arena *a)
{
	struct db_conn *c = db_read_begin(db);
	struct journal_entry *v;
	int64_t newest;
	size_t n = 0;

	if (journal_last(c, &newest) == OK && newest > 0 && journal_read(c, a, newest - 1, 1, &v, &n) == OK && n)
		id_not_before(v[0].at + 1);
	db_read_end(c);
}

enum err journal_init(struct db *db, const char *key_dir, struct arena *a, struct str *why)
{
	struct journal_log_get_row row;
	struct journal_log *l;
	enum err e;

	crypto_init();
	journal_end(db); /* also of a store that was closed without it and had the same address */
	e = use_keys(key_dir, a, why);
	if (e != OK)
		return e;
	db_set_hooks(db, &journal_hooks);
	e = read_log(db, a, &row);
	if (e == ERR_NOT_FOUND) {
		e = db_write(db, name_log, NULL);
		if (e == OK)
			e = read_log(db, a, &row);
	}
	l = new_log(db);
	if (e == OK && (row.name.n != 32 || !hash_of_name(row.hash, &l->alg)))
		e = ERR_DB;
	if (e != OK) {
		*why = STR("日志表 journal_log 读不出或内容不对；table journal_log cannot be read or is damaged");
		free(l);
		return e;
	}
	memcpy(l->name, row.name.p, 32);
	merkle_init(&l->tree, l->alg);
	add_log(l);
	keep_ids_ahead(db, a);
	return OK;
}

void journal_end(struct db *db)
{
	struct journal_log **at, *l;

	pthread_mutex_lock(&list_lock);
	for (at = &logs; *at && (*at)->db != db; at = &(*at)->next)
		;
	l = *at;
	if (l)
		*at = l->next;
	pthread_mutex_unlock(&list_lock);
	if (l == NULL)
		return;
	db_off_commit(db, on_commit, l);
	if (l->users)
		BUG("journal_end while %d tailers run", l->users);
	pthread_cond_destroy(&l->woken);
	pthread_cond_destroy(&l->hurry);
	pthread_mutex_destroy(&l->lock);
	pthread_mutex_destroy(&l->head_lock);
	free(l);
}

/* ---- reading ---- */

enum err journal_read(struct db_conn *c, struct arena *a, int64_t after, int limit, struct journal_entry **v, size_t *n)
{
	struct journal_rows_rows r;
	enum err e;

	if (limit < 1 || limit > READ_MAX)
		return ERR_INPUT;
	e = q_journal_rows(c, a, after, INT64_MAX, limit, &r);
	if (e != OK)
		return e;
	*v = arena_array(a, struct journal_entry, r.n);
	*n = r.n;
	for (size_t i = 0; i < r.n; i++)
		(*v)[i] = ENTRY_OF_ROW(&r.v[i]);
	return OK;
}

enum err journal_of_subject(struct db_conn *c, struct arena *a, int64_t subject, struct journal_entry **v, size_t *n)
{
	struct journal_subject_rows_rows r;
	enum err e = q_journal_subject_rows(c, a, subject, SUBJECT_MAX, &r);

	if (e != OK)
		return e;
	*v = arena_array(a, struct journal_entry, r.n);
	*n = r.n;
	for (size_t i = 0; i < r.n; i++)
		(*v)[i] = ENTRY_OF_ROW(&r.v[i]);
	return OK;
}

enum err journal_log_name(struct db_conn *c, struct arena *a, struct str *name, struct str *hash)
{
	struct journal_log_get_row row;
	enum err e = q_journal_log_get(c, a, &row);

	if (e == OK) {
		*name = row.name;
		*hash = row.hash;
	}
	return e;
}

struct str journal_public_key(struct arena *a)
{
	return arena_cat(a, STR("# 共治平台日志公钥：用它和回执可离线核验。Public keys of this platform's journal, to check receipts offline.\n"
				"# gongzhi verify RECEIPT.json --key gongzhi.pub\n"),
			 sign_public_key(a));
}
