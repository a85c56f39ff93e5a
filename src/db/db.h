/*
 * The store: SQLite or PostgreSQL behind one interface. The only room that knows either library.
 *
 * Reading: a worker takes a reader connection (db_read_begin), runs generated query functions on it and gives
 * it back. Writing: a *job* is handed to the store; it runs inside a savepoint of a batch, the batch commits,
 * and only then does the caller hear about it. A job does SQL and nothing else, may be run more than once, and
 * changes state and journal together or neither.
 *
 * URLs: "sqlite:var/gongzhi.db" (or a bare path) and "postgresql://..." / "postgres://...".
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct db;
struct db_conn;

enum db_engine { DB_SQLITE, DB_PG };

struct db_options {
	int readers;          /* reader connections; 0 = 8 */
	int writers;          /* PostgreSQL writer connections; 0 = 4; SQLite always has one */
	int batch;            /* most jobs in one commit; 0 = 256; 1 = a commit for each (benchmarks) */
	int queue;            /* most jobs waiting; 0 = 20000; past it db_submit answers ERR_BUSY */
	bool read_only;       /* never starts a writer */
	bool no_migrate_check;/* open although migrations are missing (init, migrate, doctor) */
};

/* Opens and checks the store. On error *why (arena text, in Chinese and English) says what and what to do. */
CHECKED enum err db_open(struct db **out, const char *url, const struct db_options *o, struct arena *a, struct str *why);
/* Writes what is queued and ends the writers; reading goes on. Before taking away what jobs or hooks use (journal_end). */
void db_finish(struct db *db);
/* The same, then closes everything. */
void db_close(struct db *db);

enum db_engine db_engine(const struct db *db);
/* The store a connection belongs to. */
struct db *db_of(const struct db_conn *c);
/* Tells the stores that this process has opened apart, also those that were closed. */
int64_t db_number(const struct db *db);
/* Is it a job's connection, which sees what has not been committed? */
bool db_is_writer(const struct db_conn *c);

/* ---- reading ---- */

/* Waits for a free reader. Statements see one snapshot per statement (db_snapshot for more). */
struct db_conn *db_read_begin(struct db *db);
void db_read_end(struct db_conn *c);
/* All statements until db_read_end see one state of the store (exports, recounts). */
CHECKED enum err db_snapshot(struct db_conn *c);

/* ---- writing ---- */

struct tx {
	struct db_conn *c;
	struct arena *arena; /* lives until the batch has committed */
	int64_t now;         /* time of the batch */
	void *pending;       /* belongs to the hooks (core/journal keeps the unsealed entries of the batch here) */
};

typedef enum err (*db_job)(struct tx *tx, void *arg);
typedef void (*db_done)(void *arg, enum err e);

/* Queues the job; done(arg, result) is called from a writer thread after COMMIT (or failure): it must be quick
 * and must not block (hand on to a worker). arg stays the caller's. ERR_BUSY at once when the queue is full. */
void db_submit(struct db *db, db_job job, db_done done, void *arg);
/* The same from a thread that has nothing else to do: when no writer is at work it runs the batch itself, which saves a lone client two
 * changes of thread. done is then called before this returns, as it may be for the jobs of others that came meanwhile. Not from a
 * db_done, and with no lock held that a job or a done takes. */
void db_submit_here(struct db *db, db_job job, db_done done, void *arg);
/* The same, waiting for the result. Never call it from a db_done. */
CHECKED enum err db_write(struct db *db, db_job job, void *arg);
/* Do others wait for the writer? Several jobs were in one of its transactions within the last tenth of a second. For work that can wait. */
bool db_writer_busy(struct db *db);
/* Has anybody handed over a job with db_submit_here, which is how people's come, within the last second? */
bool db_writer_asked(struct db *db);

/* A level above the jobs: called by the writer around each batch. Set once before the first write. */
struct db_hooks {
	size_t (*mark)(struct tx *tx);                   /* before each job: how much is pending */
	void (*rewind)(struct tx *tx, size_t mark);      /* a job failed: forget what it left pending */
	enum err (*seal)(struct tx *tx);                 /* all jobs done, before COMMIT */
	void (*committed)(struct tx *tx, bool ok);       /* after COMMIT or ROLLBACK */
};
void db_set_hooks(struct db *db, const struct db_hooks *h);

/* Serialises the rest of the batch against all other writers of all nodes until COMMIT. SQLite: nothing to do.
 * PostgreSQL: a transaction-level advisory lock. Called by seal. */
CHECKED enum err db_order_lock(struct tx *tx);

/* Jobs that lock the same number (the id of what they change) run one behind the other until the end of their batch,
 * on all nodes. SQLite: nothing to do. Take it before reading what decides. */
CHECKED enum err db_lock(struct tx *tx, int64_t number);
/* The same without waiting; *got false: another batch has it. For jobs that lock many numbers, which must not wait for those who wait for them. */
CHECKED enum err db_lock_now(struct tx *tx, int64_t number, bool *got);

/* ---- waking (journal tailers) ---- */

/* Calls fn(arg) soon after any batch committed, on this node or (PostgreSQL, LISTEN/NOTIFY) another one. */
void db_on_commit(struct db *db, void (*fn)(void *arg), void *arg);
/* Forgets it again; when this returns, fn is not running and will not be called. Not from within fn. */
void db_off_commit(struct db *db, void (*fn)(void *arg), void *arg);

/* ---- schema ---- */

struct db_query;
struct db_migration {
	int number;          /* 1, 2, 3 ... inside its module */
	const char *name;    /* "0001-cases" */
	uint64_t checksum;   /* of the text without comments */
	const char *sqlite;  /* text for each engine, tokens already replaced */
	const char *pg;
};
/* One per folder with a .sql file or migrations; generated by tools/sqlc as `const struct db_module NAME_module`. */
struct db_module {
	const char *name;
	const struct db_query *const *queries;   /* ends in NULL */
	const struct db_migration *migrations;   /* ends in .number == 0 */
};
extern const struct db_module *const db_modules[]; /* generated, ends in NULL */

/* Brings the schema forward, each migration in a transaction, checksums kept. Reports each step when fn is set. */
CHECKED enum err db_migrate(struct db *db, void (*fn)(void *arg, const char *step), void *arg, struct arena *a,
			    struct str *why);
/* How many migrations are missing; < 0: the store is newer than the program or a checksum differs. */
int db_migrations_missing(struct db *db);

/* ---- copies ---- */

/* Consistent copy while the server runs: SQLite backup API to a file; PostgreSQL: all tables in one snapshot
 * through COPY into one archive file of the same format for both (see db/backup.h). */

/* ---- full text (Chinese by bigrams, both engines) ---- */
#include "db/search.h"

#endif
