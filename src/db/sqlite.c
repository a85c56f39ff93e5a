/*
 * The SQLite back-end. WAL, synchronous=FULL; commits never pay for a checkpoint (a thread does that), and the WAL
 * file is zero-filled once and then written over and over, so that a commit is one fdatasync without metadata.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "db/inner.h"
#include "db/reserve.h"
#include "db/walfile.h"

#define WRITER_CACHE_KB 32768
#define READER_CACHE_KB 6144
#define LOOKASIDE_SIZE 1200 /* small allocations of a connection, without malloc: 480 KB a connection */
#define LOOKASIDE_SLOTS 400
#define BUSY_MS 10000
#define WAL_FILL ((off_t)16 << 20)  /* zero-filled at start */
#define WAL_POKE 1000               /* new frames after which the checkpoint thread is woken before its second is over */
#define WAL_MANY 3800               /* frames (they fit what is filled) after which the writer finishes the checkpoint */
#define WAL_AGAIN 500               /* ... and tries again after so many more, when a long reader held the log */

struct store {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool started, stop, poked;
	_Atomic int frames;  /* in the WAL after the last commit */
	_Atomic int checked; /* in the WAL when the last checkpoint began */
	int tried;           /* frames when the writer last finished one */
};

/* ---- errors ---- */

static enum err to_err(struct db_conn *c, int rc, const char *what)
{
	sqlite3 *h = c->h;
	int ext = h ? sqlite3_extended_errcode(h) : rc;

	/* after a full disk or an I/O error the whole transaction may be gone */
	if (c->in_job && h && sqlite3_get_autocommit(h))
		c->gone = true;
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_TOOBIG:
		return ERR_TOO_MUCH;
	case SQLITE_CONSTRAINT:
		if (ext == SQLITE_CONSTRAINT_UNIQUE || ext == SQLITE_CONSTRAINT_PRIMARYKEY || ext == SQLITE_CONSTRAINT_ROWID ||
		    ext == SQLITE_CONSTRAINT_FOREIGNKEY)
			return ERR_CONFLICT;
		break;
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		log_error("store: %s: %s (%d); check space and rights of the folder", what, h ? sqlite3_errmsg(h) : sqlite3_errstr(rc), ext);
		return ERR_IO;
	}
	log_error("store: %s: %s (%d)", what, h ? sqlite3_errmsg(h) : sqlite3_errstr(rc), ext);
	return ERR_DB;
}

/* ---- functions of ours ---- */

struct agg {
	char *p;
	size_t n, cap;
	bool any;
};

static void agg_add(struct agg *g, const void *p, int n)
{
	if (g->n + (size_t)n + 1 > g->cap) {
		size_t cap = (g->n + (size_t)n + 1) * 2;
		char *q = sqlite3_realloc64(g->p, cap);

		if (q == NULL)
			return;
		g->p = q;
		g->cap = cap;
	}
	if (n)
		memcpy(g->p + g->n, p, (size_t)n);
	g->n += (size_t)n;
}

static void string_agg_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct agg *g = sqlite3_aggregate_context(ctx, sizeof(*g));

	(void)argc;
	if (g == NULL || sqlite3_value_type(argv[0]) == SQLITE_NULL)
		return;
	if (g->any)
		agg_add(g, sqlite3_value_text(argv[1]), sqlite3_value_bytes(argv[1]));
	g->any = true;
	agg_add(g, sqlite3_value_text(argv[0]), sqlite3_value_bytes(argv[0]));
}

static void string_agg_final(sqlite3_context *ctx)
{
	struct agg *g = sqlite3_aggregate_context(ctx, 0);

	if (g == NULL || !g->any)
		sqlite3_result_null(ctx);
	else
		sqlite3_result_text64(ctx, g->p ? g->p : "", g->n, g->p ? sqlite3_free : SQLITE_STATIC, SQLITE_UTF8);
}

/* ---- connections ---- */

static pthread_once_t configured = PTHREAD_ONCE_INIT;

static enum err exec(struct db_conn *c, const char *sql)
{
	int rc = sqlite3_exec(c->h, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? OK : to_err(c, rc, "statement");
}

static int on_commit(void *arg, sqlite3 *h, const char *name, int frames)
{
	struct store *s = arg;

	(void)h;
	(void)name;
	if (frames < atomic_exchange(&s->frames, frames)) {
		atomic_store(&s->checked, 0); /* the log has begun anew */
		s->tried = 0;
	}
	if (frames - atomic_load(&s->checked) > WAL_POKE) {
		atomic_store(&s->checked, frames);
		pthread_mutex_lock(&s->lock);
		s->poked = true;
		pthread_cond_signal(&s->wake);
		pthread_mutex_unlock(&s->lock);
	}
	return SQLITE_OK;
}

static enum err set_up(struct db_conn *c)
{
	sqlite3 *h = c->h;
	int on = 1;
	char sql[160];

	sqlite3_extended_result_codes(h, 1);
	sqlite3_busy_timeout(h, BUSY_MS);
	sqlite3_wal_autocheckpoint(h, 0);
	sqlite3_file_control(h, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	sqlite3_db_config(h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(h, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(h, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_limit(h, SQLITE_LIMIT_LENGTH, 64 << 20);
	if (db_fts_register(h) != SQLITE_OK ||
	    sqlite3_create_function(h, "string_agg", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, NULL, string_agg_step,
				    string_agg_final) != SQLITE_OK)
		return to_err(c, SQLITE_ERROR, "functions");
	snprintf(sql, sizeof(sql), "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA synchronous=FULL; PRAGMA cache_size=-%d",
		 c->writer ? WRITER_CACHE_KB : READER_CACHE_KB);
	return exec(c, sql);
}

/* Before SQLite's first use. Counting every allocation takes a lock that all threads share; connections are never shared. */
static void configure(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, LOOKASIDE_SIZE, LOOKASIDE_SLOTS);
}

static enum err connect_once(struct db_conn *c, bool *full, struct arena *a, struct str *why)
{
	struct db *db = c->db;
	sqlite3 *h = NULL;
	int flags = c->writer ? SQLITE_OPEN_READWRITE | (db->create ? SQLITE_OPEN_CREATE : 0) : SQLITE_OPEN_READONLY;
	enum err e;
	int rc;

	pthread_once(&configured, configure);
	rc = sqlite3_open_v2(db->url, &h, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, c->writer ? db_walfile_vfs() : NULL);
	c->h = h;
	if (rc != SQLITE_OK) {
		db_why(a, why, "无法打开数据库文件 %s：%s。若尚未建立，请运行：gongzhi init", "Cannot open the store file %s: %s. If it was never made, run: gongzhi init",
		       db->url, h ? sqlite3_errmsg(h) : sqlite3_errstr(rc));
		sqlite3_close(h);
		c->h = NULL;
		return (rc & 0xff) == SQLITE_CANTOPEN && access(db->url, F_OK) != 0 ? ERR_NOT_FOUND : ERR_IO;
	}
	e = set_up(c);
	if (e == OK && c->writer)
		e = exec(c, "PRAGMA journal_mode=WAL");
	if (e != OK) {
		*full = sqlite3_errcode(h) == SQLITE_FULL || (sqlite3_errcode(h) & 0xff) == SQLITE_IOERR;
		db_why(a, why, "数据库文件 %s 不能使用：%s。请检查是否为 gongzhi 的数据库、磁盘空间和权限。",
		       "The store file %s cannot be used: %s. Check that it is a store of gongzhi, and the disk's space and rights.", db->url,
		       sqlite3_errmsg(h));
		sqlite3_close(h);
		c->h = NULL;
	} else if (c->writer && db->extra) {
		sqlite3_wal_hook(h, on_commit, db->extra);
	}
	return e;
}

/* With the disk full, the room kept for it lets the store open all the same: what is there can be read, what comes is refused. */
static enum err connect_sqlite(struct db_conn *c, struct arena *a, struct str *why)
{
	bool full = false;
	enum err e = connect_once(c, &full, a, why);

	if (e == OK || !full || !c->writer || !db_reserve_release(c->db->url))
		return e;
	log_error("store: the disk is full: the room kept for it is given up, make more");
	if (why)
		*why = STR_NULL;
	return connect_once(c, &full, a, why);
}

static void disconnect(struct db_conn *c)
{
	int rc = sqlite3_close(c->h);

	if (rc != SQLITE_OK)
		BUG("sqlite3_close: %s", sqlite3_errmsg(c->h));
	c->h = NULL;
}

static void forget(struct db_conn *c, void *stmt)
{
	(void)c;
	sqlite3_finalize(stmt);
}

/* ---- queries ---- */

/* *slot NULL: the statement is for this once and must be finalised. */
static enum err prepare(struct db_conn *c, const struct db_query *q, uint64_t mask, struct db_cached **slot, sqlite3_stmt **out)
{
	sqlite3_stmt *st;
	int rc;

	*slot = db_cache_slot(c, q, mask);
	if (*slot && (*slot)->stmt) {
		*out = (*slot)->stmt;
		return OK;
	}
	rc = sqlite3_prepare_v3(c->h, db_query_text(c, q, mask), -1, *slot ? SQLITE_PREPARE_PERSISTENT : 0, &st, NULL);
	if (rc != SQLITE_OK)
		return to_err(c, rc, q->name);
	if (db_check_columns(q, sqlite3_column_count(st)) != OK) {
		sqlite3_finalize(st);
		return ERR_DB;
	}
	if (*slot)
		(*slot)->stmt = st;
	*out = st;
	return OK;
}

static int bind_one(struct db_conn *c, sqlite3_stmt *st, int i, enum db_type type, const struct db_value *v)
{
	struct str s;

	if (v->null && type < DB_I64_LIST)
		return sqlite3_bind_null(st, i);
	switch (type) {
	case DB_I64:
		return sqlite3_bind_int64(st, i, v->i);
	case DB_F64:
		return sqlite3_bind_double(st, i, v->f);
	case DB_BOOL:
		return sqlite3_bind_int(st, i, v->b);
	case DB_STR:
		return sqlite3_bind_text64(st, i, v->s.p, v->s.n, SQLITE_STATIC, SQLITE_UTF8);
	case DB_BLOB:
		return sqlite3_bind_blob64(st, i, v->s.p, v->s.n, SQLITE_STATIC);
	case DB_I64_LIST:
	case DB_STR_LIST:
		buf_clear(&c->text);
		db_list_json(&c->text, type, v);
		s = buf_str(&c->text);
		return c->text.full ? SQLITE_TOOBIG : sqlite3_bind_text64(st, i, s.p, s.n, SQLITE_TRANSIENT, SQLITE_UTF8);
	}
	return SQLITE_MISUSE;
}

static int bind_all(struct db_conn *c, sqlite3_stmt *st, const struct db_query *q, const struct db_value *p)
{
	int known = sqlite3_bind_parameter_count(st);
	int rc = SQLITE_OK;

	/* parameters behind the last one of this combination do not exist */
	for (int i = 0; i < q->nparams && i < known && rc == SQLITE_OK; i++)
		rc = bind_one(c, st, i + 1, q->params[i], &p[i]);
	return rc;
}

/* Through the value of a column: asking the statement for its type and then for its content looks everything up twice. Nobody else
 * uses the connection, which is what such a value needs. */
static enum err read_row(sqlite3_stmt *st, const struct db_query *q, struct db_value *v)
{
	for (int i = 0; i < q->ncols; i++) {
		sqlite3_value *x = sqlite3_column_value(st, i);

		v[i] = (struct db_value){0};
		if (sqlite3_value_type(x) == SQLITE_NULL) {
			v[i].null = true;
			if (db_check_null(q, i) != OK)
				return ERR_DB;
			continue;
		}
		switch (q->cols[i]) {
		case DB_I64:
			v[i].i = sqlite3_value_int64(x);
			break;
		case DB_F64:
			v[i].f = sqlite3_value_double(x);
			break;
		case DB_BOOL:
			v[i].b = sqlite3_value_int(x) != 0;
			break;
		case DB_STR:
			v[i].s.p = (const char *)sqlite3_value_text(x);
			v[i].s.n = (size_t)sqlite3_value_bytes(x);
			break;
		default:
			v[i].s.p = sqlite3_value_blob(x);
			v[i].s.n = (size_t)sqlite3_value_bytes(x);
			if (v[i].s.p == NULL)
				v[i].s.p = "";
		}
	}
	return OK;
}

static enum err run(struct db_conn *c, const struct db_query *q, uint64_t mask, const struct db_value *p, db_row_fn row, void *arg,
		    int64_t *changed)
{
	struct db_value v[DB_MAX_COLS];
	struct db_cached *slot;
	sqlite3_stmt *st = NULL;
	enum err e = prepare(c, q, mask, &slot, &st);
	int rc;

	if (e != OK)
		return e;
	if (slot)
		slot->busy = true;
	rc = bind_all(c, st, q, p);
	while (rc == SQLITE_OK && e == OK) {
		rc = sqlite3_step(st);
		if (rc != SQLITE_ROW)
			break;
		rc = SQLITE_OK;
		if (row) {
			e = read_row(st, q, v);
			if (e == OK)
				e = row(arg, v);
		}
	}
	if (rc != SQLITE_OK && rc != SQLITE_DONE)
		e = to_err(c, rc, q->name);
	if (changed)
		*changed = e == OK ? sqlite3_changes64(c->h) : 0;
	if (slot == NULL) {
		sqlite3_finalize(st);
		return e;
	}
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	slot->busy = false;
	return e;
}

/* ---- batches ---- */

static const struct db_query *control(int which)
{
	static const enum db_type none[1];
	static const struct db_part parts[][2] = {
		{{"BEGIN IMMEDIATE", "", -1}},	{{"SAVEPOINT job", "", -1}},		{{"RELEASE job", "", -1}},
		{{"ROLLBACK TO job", "", -1}},	{{"COMMIT", "", -1}},			{{"BEGIN", "", -1}},
	};
	static const struct db_query q[] = {
		{.name = "begin", .file = "", .params = none, .optional = "", .cols = none, .nullable = "", .parts = parts[0]},
		{.name = "savepoint", .file = "", .params = none, .optional = "", .cols = none, .nullable = "", .parts = parts[1]},
		{.name = "release", .file = "", .params = none, .optional = "", .cols = none, .nullable = "", .parts = parts[2]},
		{.name = "rollback to", .file = "", .params = none, .optional = "", .cols = none, .nullable = "", .parts = parts[3]},
		{.name = "commit", .file = "", .params = none, .optional = "", .cols = none, .nullable = "", .parts = parts[4]},
		{.name = "begin read", .file = "", .params = none, .optional = "", .cols = none, .nullable = "", .parts = parts[5]},
	};

	return &q[which];
}

enum { BEGIN_WRITE, SAVEPOINT, RELEASE, ROLLBACK_TO, COMMIT, BEGIN_READ };

static enum err control_run(struct db_conn *c, int which)
{
	return run(c, control(which), 0, NULL, NULL, NULL, NULL);
}

static enum err begin(struct db_conn *c)
{
	return control_run(c, c->writer ? BEGIN_WRITE : BEGIN_READ);
}

static enum err job_begin(struct db_conn *c)
{
	return control_run(c, SAVEPOINT);
}

static enum err job_end(struct db_conn *c, bool keep)
{
	enum err e = OK;

	if (c->gone)
		return ERR_IO;
	if (!keep) {
		c->settled = NULL;
		e = control_run(c, ROLLBACK_TO);
	}
	if (e == OK)
		e = control_run(c, RELEASE);
	return e;
}

static void rollback(struct db_conn *c)
{
	c->settled = NULL;
	if (c->h && !sqlite3_get_autocommit(c->h))
		sqlite3_exec(c->h, "ROLLBACK", NULL, NULL, NULL);
}

static enum err commit(struct db_conn *c)
{
	struct store *s = c->db->extra;
	enum err e = control_run(c, COMMIT);

	if (e != OK) {
		rollback(c);
		return e;
	}
	/* The thread cannot reach the end of a WAL that grows all the time; what it left is little. */
	if (s && atomic_load(&s->frames) > WAL_MANY && atomic_load(&s->frames) - s->tried > WAL_AGAIN) {
		s->tried = atomic_load(&s->frames);
		sqlite3_wal_checkpoint_v2(c->h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	}
	return OK;
}

static enum err lock(struct db_conn *c, int64_t number)
{
	(void)c;
	(void)number;
	return OK;
}

static enum err lock_now(struct db_conn *c, int64_t number, bool *got)
{
	*got = true;
	return lock(c, number);
}

static bool has_table(struct db_conn *c, const char *name)
{
	/* a statement, since only that notices what another connection has made */
	sqlite3_stmt *st;
	bool yes = false;

	if (sqlite3_prepare_v2(c->h, "SELECT 1 FROM sqlite_schema WHERE name = ?1", -1, &st, NULL) != SQLITE_OK)
		return false;
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	yes = sqlite3_step(st) == SQLITE_ROW;
	sqlite3_finalize(st);
	return yes;
}

/* ---- the WAL ---- */

/* Zero-fills the end of the WAL file once, under the write lock so that no other process appends meanwhile. Zeros
 * are no frames (their checksums are wrong), and SQLite keeps the file at its size when it begins it anew. */
static void fill_wal(struct db_conn *c)
{
	static const char zero[65536];
	const char *path = sqlite3_filename_wal(sqlite3_db_filename(c->h, "main"));
	struct stat st;
	int fd;

	if (exec(c, "BEGIN IMMEDIATE") != OK)
		return;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size < WAL_FILL) {
		off_t at = st.st_size;

		while (at < WAL_FILL) {
			size_t n = WAL_FILL - at < (off_t)sizeof(zero) ? (size_t)(WAL_FILL - at) : sizeof(zero);
			ssize_t w = pwrite(fd, zero, n, at);

			if (w <= 0)
				break; /* full disk: only slower */
			at += w;
		}
		fsync(fd);
	}
	if (fd >= 0)
		close(fd);
	rollback(c);
}

static void *checkpoints(void *arg)
{
	struct db *db = arg;
	struct store *s = db->extra;
	struct db_conn *c = db_conn_new(db, true);
	struct timespec at;
	int rounds = 0;

	pthread_setname_np(pthread_self(), "checkpoint");
	if (db_conn_ready(c) == OK) {
		sqlite3_wal_hook(c->h, NULL, NULL);
		pthread_mutex_lock(&s->lock);
		while (!s->stop) {
			if (!s->poked) {
				clock_gettime(CLOCK_REALTIME, &at);
				at.tv_sec++;
				pthread_cond_timedwait(&s->wake, &s->lock, &at);
			}
			s->poked = false;
			pthread_mutex_unlock(&s->lock);
			if (++rounds % 60 == 0)
				db_reserve_keep(db->url); /* given up on a full disk, it comes back when there is room */
			if (atomic_load(&s->frames) > 0) {
				int rc;

				atomic_store(&s->checked, atomic_load(&s->frames));
				rc = sqlite3_wal_checkpoint_v2(c->h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

				if (rc != SQLITE_OK && rc != SQLITE_BUSY)
					(void)to_err(c, rc, "checkpoint");
			}
			pthread_mutex_lock(&s->lock);
		}
		pthread_mutex_unlock(&s->lock);
	}
	db_conn_free(c);
	return NULL;
}

static enum err start(struct db *db)
{
	struct store *s;
	struct db_conn *c;

	if (db->o.read_only)
		return OK;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		BUG("out of memory");
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	db->extra = s;
	c = db_conn_new(db, true);
	if (db_conn_ready(c) == OK)
		fill_wal(c);
	db_conn_free(c);
	db_reserve_keep(db->url);
	if (pthread_create(&s->thread, NULL, checkpoints, db) != 0)
		return ERR_IO;
	s->started = true;
	return OK;
}

static void stop(struct db *db)
{
	struct store *s = db->extra;

	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	if (s->started)
		pthread_join(s->thread, NULL);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->wake);
	free(s);
	db->extra = NULL;
}

const struct db_backend db_sqlite_backend = {
	.connect = connect_sqlite,
	.disconnect = disconnect,
	.forget = forget,
	.run = run,
	.exec = exec,
	.begin = begin,
	.job_begin = job_begin,
	.job_end = job_end,
	.commit = commit,
	.rollback = rollback,
	.lock = lock,
	.lock_now = lock_now,
	.lock_session = lock,
	.has_table = has_table,
	.start = start,
	.stop = stop,
};
