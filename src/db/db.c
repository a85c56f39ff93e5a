#include "db/db.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <stdio.h>

#include "base/log.h"
#include "db/inner.h"

void db_why(struct arena *a, struct str *why, const char *zh, const char *en, ...)
{
	va_list ap, again;
	struct str x, y;

	if (why == NULL)
		return;
	va_start(ap, en);
	va_copy(again, ap);
	x = arena_vprintf(a, zh, ap);
	y = arena_vprintf(a, en, again);
	va_end(again);
	va_end(ap);
	*why = arena_cat(a, arena_cat(a, x, STR("\n")), y);
}

/* ---- connections ---- */

struct db_conn *db_conn_new(struct db *db, bool writer)
{
	struct db_conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		BUG("out of memory");
	c->db = db;
	c->writer = writer;
	buf_init(&c->text, (size_t)16 << 20);
	return c;
}

void db_conn_free(struct db_conn *c)
{
	db_cache_drop(c);
	if (c->h)
		c->db->backend->disconnect(c);
	buf_release(&c->text);
	free(c);
}

enum err db_conn_ready(struct db_conn *c)
{
	struct arena a;
	struct str why = STR_NULL;
	enum err e;

	if (c->h)
		return OK;
	arena_init(&a, 0);
	e = c->db->backend->connect(c, &a, &why);
	if (e != OK)
		log_warn("store: cannot connect: %.*s", STR_ARG(why));
	arena_release(&a);
	return e;
}

struct db_conn *db_read_begin(struct db *db)
{
	struct db_conn *c;

	pthread_mutex_lock(&db->pool_lock);
	while (db->free_readers == NULL && db->readers == db->o.readers)
		pthread_cond_wait(&db->pool_free, &db->pool_lock);
	c = db->free_readers;
	if (c)
		db->free_readers = c->next;
	else
		db->readers++;
	pthread_mutex_unlock(&db->pool_lock);
	return c ? c : db_conn_new(db, false);
}

void db_read_end(struct db_conn *c)
{
	struct db *db = c->db;

	if (c->in_snapshot) {
		db->backend->rollback(c);
		c->in_snapshot = false;
	}
	pthread_mutex_lock(&db->pool_lock);
	c->next = db->free_readers;
	db->free_readers = c;
	pthread_cond_signal(&db->pool_free);
	pthread_mutex_unlock(&db->pool_lock);
}

enum err db_snapshot(struct db_conn *c)
{
	enum err e = db_conn_ready(c);

	if (c->writer || c->in_snapshot)
		return OK;
	if (e == OK)
		e = c->db->backend->begin(c);
	c->in_snapshot = e == OK;
	return e;
}

/* ---- waking ---- */

void db_on_commit(struct db *db, void (*fn)(void *), void *arg)
{
	struct db_listener *l = malloc(sizeof(*l));

	if (l == NULL)
		BUG("out of memory");
	*l = (struct db_listener){fn, arg, NULL};
	pthread_mutex_lock(&db->listen_lock);
	l->next = db->listeners;
	db->listeners = l;
	pthread_mutex_unlock(&db->listen_lock);
}

void db_off_commit(struct db *db, void (*fn)(void *), void *arg)
{
	struct db_listener **at, *l;

	pthread_mutex_lock(&db->listen_lock);
	for (at = &db->listeners; *at; at = &(*at)->next)
		if ((*at)->fn == fn && (*at)->arg == arg)
			break;
	l = *at;
	if (l)
		*at = l->next;
	pthread_mutex_unlock(&db->listen_lock);
	free(l);
}

void db_wake_listeners(struct db *db)
{
	pthread_mutex_lock(&db->listen_lock);
	for (struct db_listener *l = db->listeners; l; l = l->next)
		l->fn(l->arg);
	pthread_mutex_unlock(&db->listen_lock);
}

/* ---- open and close ---- */

enum db_engine db_engine(const struct db *db)
{
	return db->engine;
}

struct db *db_of(const struct db_conn *c)
{
	return c->db;
}

int64_t db_number(const struct db *db)
{
	return db->number;
}

bool db_is_writer(const struct db_conn *c)
{
	return c->writer;
}

void db_set_hooks(struct db *db, const struct db_hooks *h)
{
	db->hooks = h;
}

enum err db_lock(struct tx *tx, int64_t number)
{
	if (tx->c->failed)
		return tx->c->failed;
	return tx->c->db->backend->lock(tx->c, number);
}

enum err db_lock_now(struct tx *tx, int64_t number, bool *got)
{
	*got = false;
	if (tx->c->failed)
		return tx->c->failed;
	return tx->c->db->backend->lock_now(tx->c, number, got);
}

enum err db_order_lock(struct tx *tx)
{
	return tx->c->db->backend->lock(tx->c, INT64_MAX);
}

static struct db *new_db(const char *url, const struct db_options *o)
{
	static _Atomic int64_t opened;
	struct db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		BUG("out of memory");
	db->number = atomic_fetch_add(&opened, 1) + 1;
	if (o)
		db->o = *o;
	if (strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0) {
		db->engine = DB_PG;
		db->backend = &db_pg_backend;
	} else {
		db->engine = DB_SQLITE;
		db->backend = &db_sqlite_backend;
		if (strncmp(url, "sqlite:", 7) == 0)
			url += 7;
	}
	db->url = strdup(url);
	if (db->url == NULL)
		BUG("out of memory");
	db->o.readers = db->o.readers > 0 ? db->o.readers : 8;
	db->o.writers = db->engine == DB_SQLITE ? 1 : db->o.writers > 0 ? db->o.writers : 4;
	db->o.batch = db->o.batch > 0 ? db->o.batch : 256;
	db->o.queue = db->o.queue > 0 ? db->o.queue : 20000;
	db->create = db->o.no_migrate_check && !db->o.read_only;
	pthread_mutex_init(&db->pool_lock, NULL);
	pthread_cond_init(&db->pool_free, NULL);
	pthread_mutex_init(&db->listen_lock, NULL);
	return db;
}

static enum err check_schema(struct db *db, struct arena *a, struct str *why)
{
	struct str said = STR_NULL;
	int missing = db_schema_state(db, a, &said);

	if (missing == 0)
		return OK;
	if (missing > 0)
		db_why(a, why, "数据库结构不是最新的，缺少 %d 个迁移。请先备份，再运行：gongzhi migrate",
		       "The schema of the store is not up to date, %d migrations are missing. Make a backup, then run: gongzhi migrate",
		       missing);
	else if (said.p && why)
		*why = said;
	else
		db_why(a, why, "数据库结构与本程序不符（数据库较新，或已用过的迁移被改动）。请使用建立它的或更新版本的程序。运行 gongzhi doctor 可查看详情。",
		       "The schema of the store does not fit this program (it is newer, or a migration that was applied has been changed). "
		       "Use the program that made it or a newer one. See: gongzhi doctor");
	return ERR_CONFLICT;
}

enum err db_open(struct db **out, const char *url, const struct db_options *o, struct arena *a, struct str *why)
{
	struct db_conn *c;
	struct db *db;
	enum err e;

	*out = NULL;
	if (strstr(url, "://") && strncmp(url, "postgres://", 11) != 0 && strncmp(url, "postgresql://", 13) != 0) {
		db_why(a, why, "不识别的数据库地址。请写 sqlite:文件 或 postgresql://账号@主机/库名",
		       "Unknown kind of store. Write sqlite:FILE or postgresql://ACCOUNT@HOST/DATABASE");
		return ERR_INPUT;
	}
	db = new_db(url, o);
	c = db_read_begin(db);

	/* the first connection goes through the writer's door: it may have to make the file and set WAL mode */
	c->writer = !db->o.read_only;
	e = db->backend->connect(c, a, why);
	c->writer = false;
	if (e == OK && !db->o.read_only) {
		db_cache_drop(c);
		db->backend->disconnect(c);
		db->create = false;
		e = db->backend->connect(c, a, why);
	}
	db_read_end(c);
	if (e == OK && !db->o.no_migrate_check)
		e = check_schema(db, a, why);
	if (e == OK)
		e = db->backend->start(db);
	if (e == OK && !db->o.read_only)
		e = db_queue_start(db);
	if (e != OK) {
		if (why && why->p == NULL)
			db_why(a, why, "无法打开数据库（%s）。", "The store cannot be opened (%s).", err_name(e));
		db_close(db);
		db = NULL;
	}
	*out = db;
	return e;
}

void db_finish(struct db *db)
{
	db_queue_stop(db);
}

void db_close(struct db *db)
{
	if (db == NULL)
		return;
	db_queue_stop(db);
	db->backend->stop(db);
	while (db->free_readers) {
		struct db_conn *c = db->free_readers;

		db->free_readers = c->next;
		db->readers--;
		db_conn_free(c);
	}
	if (db->readers)
		BUG("db_close while %d readers are in use", db->readers);
	while (db->listeners) {
		struct db_listener *l = db->listeners;

		db->listeners = l->next;
		free(l);
	}
	pthread_mutex_destroy(&db->pool_lock);
	pthread_cond_destroy(&db->pool_free);
	pthread_mutex_destroy(&db->listen_lock);
	free(db->url);
	free(db);
}
