/*
 * What the files of this room share. Two back-ends (sqlite.c, pg.c) stand behind struct db_backend; the queue and
 * the batches (writer.c), the pool (db.c) and the schema (migrate.c) know neither library.
 */
#ifndef DB_INNER_H
#define DB_INNER_H

#include <pthread.h>

#include "base/buf.h"
#include "db/query.h"

#define DB_BATCH_US 5000      /* a batch stops taking jobs after this much work */
#define DB_OUTAGE_MS 60000    /* how long queued jobs wait for a server that went away */
#define DB_TRIES 8            /* how often a job is run again after a conflict with another writer */
#define DB_MAX_COLS 64

/* Prepared statements of one connection, by query and by which optional parameters are present. */
#define DB_CACHE_SETS 128
#define DB_CACHE_WAYS 4

struct db_cached {
	const struct db_query *q;
	uint64_t mask;
	uint64_t used;
	void *stmt;
	bool busy; /* its rows are being read: a row function may run other queries, even the same one */
};

struct db_conn {
	struct db *db;
	void *h;              /* sqlite3 or struct pg; NULL when not connected */
	bool writer;
	bool in_job;
	bool in_snapshot;
	bool gone;            /* the transaction of the batch does not exist any more: all its jobs must be run again */
	bool conflict;        /* ... because of another writer (else: connection lost, disk full) */
	bool unknown;         /* nobody can say whether COMMIT happened: not to be run again */
	const void *settled;  /* search.c: the index whose setting was found right on this connection; forgotten when a job is undone */
	enum err failed;      /* first error of the job: everything later in it returns the same */
	struct db_cached cache[DB_CACHE_SETS][DB_CACHE_WAYS];
	uint64_t clock;
	struct buf text;      /* scratch: statement texts, lists */
	struct db_conn *next; /* free list of the pool */
};

typedef enum err (*db_row_fn)(void *arg, const struct db_value *v);

struct db_backend {
	enum err (*connect)(struct db_conn *c, struct arena *a, struct str *why);
	void (*disconnect)(struct db_conn *c);
	void (*forget)(struct db_conn *c, void *stmt); /* a statement falls out of the cache */
	enum err (*run)(struct db_conn *c, const struct db_query *q, uint64_t mask, const struct db_value *p, db_row_fn row, void *arg,
			int64_t *changed);
	/* Statements without parameters and rows; several, separated by semicolons. */
	enum err (*exec)(struct db_conn *c, const char *sql);
	enum err (*begin)(struct db_conn *c);
	enum err (*job_begin)(struct db_conn *c);
	enum err (*job_end)(struct db_conn *c, bool keep);
	/* OK: on disk. Anything else: certainly not. */
	enum err (*commit)(struct db_conn *c);
	void (*rollback)(struct db_conn *c);
	enum err (*lock)(struct db_conn *c, int64_t number);         /* until the end of the transaction */
	enum err (*lock_now)(struct db_conn *c, int64_t number, bool *got); /* the same, if nobody has it */
	enum err (*lock_session)(struct db_conn *c, int64_t number); /* until the connection ends */
	bool (*has_table)(struct db_conn *c, const char *name);
	/* Threads of the back-end: checkpoints, LISTEN. */
	enum err (*start)(struct db *db);
	void (*stop)(struct db *db);
};

extern const struct db_backend db_sqlite_backend, db_pg_backend;

struct db_listener {
	void (*fn)(void *arg);
	void *arg;
	struct db_listener *next;
};

struct db {
	enum db_engine engine;
	int64_t number;        /* db_number */
	const struct db_backend *backend;
	char *url;             /* path or connection string, without the scheme for SQLite */
	struct db_options o;
	bool create;           /* SQLite: make the file when it is not there */
	void *extra;           /* the back-end's own */

	pthread_mutex_t pool_lock;
	pthread_cond_t pool_free;
	struct db_conn *free_readers;
	int readers;

	struct db_queue *queue; /* NULL when read only */
	const struct db_hooks *hooks;

	pthread_mutex_t listen_lock;
	struct db_listener *listeners;
};

/* Finds the place of a statement; ->stmt NULL when it must be prepared. Throws out the least used of its set. NULL when
 * the statement, or its whole set, is busy: then it is prepared for once. */
struct db_cached *db_cache_slot(struct db_conn *c, const struct db_query *q, uint64_t mask);
void db_cache_drop(struct db_conn *c);
/* The text of a query for one combination of present parameters, in c->text. */
const char *db_query_text(struct db_conn *c, const struct db_query *q, uint64_t mask);
/* Which optional parameters that have a condition are present. */
uint64_t db_query_mask(const struct db_query *q, const struct db_value *p);
/* The condition bits a query knows. */
uint64_t db_query_conditions(const struct db_query *q);
/* A list as JSON array or as PostgreSQL array, in b. */
void db_list_json(struct buf *b, enum db_type type, const struct db_value *v);
void db_list_array(struct buf *b, enum db_type type, const struct db_value *v);
/* Whether a row's NULLs were declared; logs the column. */
CHECKED enum err db_check_columns(const struct db_query *q, int n);
CHECKED enum err db_check_null(const struct db_query *q, int col);

struct db_conn *db_conn_new(struct db *db, bool writer);
void db_conn_free(struct db_conn *c);
CHECKED enum err db_conn_ready(struct db_conn *c); /* connects when it is not connected */

enum err db_queue_start(struct db *db);
void db_queue_stop(struct db *db);
void db_wake_listeners(struct db *db);

/* *why = "zh\nen" */
void db_why(struct arena *a, struct str *why, const char *zh, const char *en, ...);

/* As db_migrations_missing; < 0 with *why, when it is known (both languages). */
int db_schema_state(struct db *db, struct arena *a, struct str *why);

/* Stands in schema_migration while a restore is not finished. */
#define DB_UNFINISHED "restore unfinished"

/* Makes the tables of exactly these migrations (restore); ERR_CONFLICT when this program lacks one or has another text. */
struct db_wanted {
	struct str module, name, checksum;
	int number;
	struct db_wanted *next;
};
CHECKED enum err db_migrate_to(struct db *db, const struct db_wanted *wanted, struct arena *a, struct str *why);

/* SQLite: the tokenizer of search.c, on a connection. */
int db_fts_register(void *sqlite);

#endif
