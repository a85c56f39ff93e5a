#include "tests/unit.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/inner.h"

/* Tables of the tests are made by the tests: the product's schema has no test tables. */
static void make_tables(struct unit *u)
{
	struct db_conn *c = db_conn_new(u->db, true);

	assert_int_equal(OK, db_conn_ready(c));
	assert_int_equal(OK, u->db->backend->exec(c, u->engine == DB_PG ?
		"CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT, n BIGINT, f DOUBLE PRECISION, ok BOOLEAN, raw BYTEA);"
		"CREATE TABLE search_doc (id BIGINT PRIMARY KEY, body TEXT NOT NULL, words tsvector NOT NULL); CREATE INDEX ON search_doc USING gin(words)" :
		"CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, f REAL, ok INTEGER, raw BLOB) STRICT;"
		"CREATE VIRTUAL TABLE search_doc USING fts5(words, tokenize='gongzhi')"));
	db_conn_free(c);
}

#define QUERY(name_, flags_, params_, optional_, cols_, nullable_, ...)                                                \
	static const enum db_type name_##_params[] = params_;                                                          \
	static const enum db_type name_##_cols[] = cols_;                                                              \
	static const struct db_part name_##_parts[] = {__VA_ARGS__, {NULL, NULL, -1}};                                 \
	static const struct db_query name_ = {.name = #name_, .file = __FILE__, .line = __LINE__, .flags = flags_,     \
					      .nparams = sizeof(optional_) - 1, .params = name_##_params,              \
					      .optional = optional_, .ncols = sizeof(nullable_) - 1,                   \
					      .cols = name_##_cols, .nullable = nullable_, .parts = name_##_parts}
#define LIST(...) {__VA_ARGS__}

QUERY(q_add, DB_Q_WRITE, LIST(DB_I64, DB_STR, DB_I64), "011", LIST(DB_I64), "",
      {"INSERT INTO t (id, name, n) VALUES (?1, ?2, ?3)", "INSERT INTO t (id, name, n) VALUES ($1, $2, $3)", -1});
QUERY(q_all, DB_Q_WRITE, LIST(DB_I64, DB_F64, DB_BOOL, DB_BLOB), "0111", LIST(DB_I64), "",
      {"INSERT INTO t (id, f, ok, raw) VALUES (?1, ?2, ?3, ?4)", "INSERT INTO t (id, f, ok, raw) VALUES ($1, $2, $3, $4)", -1});
QUERY(q_get, 0, LIST(DB_I64), "0", LIST(DB_I64, DB_STR, DB_I64, DB_F64, DB_BOOL, DB_BLOB), "011111",
      {"SELECT id, name, n, f, ok, raw FROM t WHERE id = ?1", "SELECT id, name, n, f, ok, raw FROM t WHERE id = $1", -1});
QUERY(q_count, 0, LIST(DB_I64), "", LIST(DB_I64), "0", {"SELECT count(*) FROM t", "SELECT count(*) FROM t", -1});
QUERY(q_bump, DB_Q_WRITE, LIST(DB_I64), "0", LIST(DB_I64), "0",
      {"UPDATE t SET n = n + 1 WHERE id = ?1 RETURNING n", "UPDATE t SET n = n + 1 WHERE id = $1 RETURNING n", -1});
QUERY(q_where, 0, LIST(DB_STR, DB_I64, DB_I64), "110", LIST(DB_I64), "0",
      {"SELECT id FROM t WHERE id > ?3", "SELECT id FROM t WHERE id > $3", -1},
      {" AND name = ?1", " AND name = $1", 0}, {" AND n = ?2", " AND n = $2", 1}, {" AND n IS NULL", " AND n IS NULL", -3},
      {" ORDER BY id", " ORDER BY id", -1});
QUERY(q_in, 0, LIST(DB_I64_LIST, DB_STR_LIST), "00", LIST(DB_I64), "0",
      {"SELECT id FROM t WHERE id IN (SELECT value FROM json_each(?1)) AND name IN (SELECT value FROM json_each(?2)) ORDER BY id",
       "SELECT id FROM t WHERE id = ANY($1) AND name = ANY($2) ORDER BY id", -1});
QUERY(q_strict, 0, LIST(DB_I64), "0", LIST(DB_STR), "0", {"SELECT name FROM t WHERE id = ?1", "SELECT name FROM t WHERE id = $1", -1});
QUERY(q_agg, 0, LIST(DB_I64), "", LIST(DB_STR), "1",
      {"SELECT string_agg(name, '、') FROM (SELECT name FROM t ORDER BY name) x",
       "SELECT string_agg(name, '、') FROM (SELECT name FROM t ORDER BY name) x", -1});

struct ids {
	int64_t v[100];
	int n;
};

static enum err take_id(void *arg, const struct db_value *v)
{
	struct ids *ids = arg;

	if (ids->n == 100)
		return ERR_TOO_MUCH;
	ids->v[ids->n++] = v[0].i;
	return OK;
}

static int64_t count(struct db *db)
{
	struct db_conn *c = db_read_begin(db);
	struct ids ids = {.n = 0};

	assert_int_equal(OK, db_run(c, &q_count, NULL, take_id, &ids, NULL));
	db_read_end(c);
	return ids.v[0];
}

struct add {
	int64_t id;
	struct str name;
	bool fail, conflict_first;
	_Atomic int *left;
	enum err result;
};

static enum err add_job(struct tx *tx, void *arg)
{
	struct add *a = arg;
	struct db_value p[] = {{.i = a->id}, {.null = a->name.p == NULL, .s = a->name}, {.i = 7}};
	enum err e = db_run(tx->c, &q_add, p, NULL, NULL, NULL);

	return e != OK ? e : a->fail ? ERR_RULE : OK;
}

/* ---- values ---- */

static enum err all_job(struct tx *tx, void *arg)
{
	struct db_value p[] = {{.i = 1}, {.f = 0.1}, {.b = true}, {.s = {"a\0\xff", 3}}};
	struct db_value nulls[] = {{.i = 2}, {.null = true}, {.null = true}, {.null = true}};
	struct db_value empty[] = {{.i = INT64_MIN}, {.f = -1e300}, {.b = false}, {.s = {"", 0}}};
	int64_t changed = 9;
	enum err e = db_run(tx->c, &q_all, p, NULL, NULL, &changed);

	(void)arg;
	assert_int_equal(1, changed);
	if (e == OK)
		e = db_run(tx->c, &q_all, nulls, NULL, NULL, NULL);
	if (e == OK)
		e = db_run(tx->c, &q_all, empty, NULL, NULL, NULL);
	return e;
}

static enum err check_all(void *arg, const struct db_value *v)
{
	int64_t id = *(int64_t *)arg;

	assert_true(v[0].i == id);
	assert_true(v[1].null && v[1].s.p == NULL);
	if (id == 2) {
		assert_true(v[3].null && v[4].null && v[5].null && v[5].s.p == NULL);
	} else if (id == 1) {
		assert_true(!v[3].null && v[3].f == 0.1 && v[4].b);
		assert_int_equal(3, v[5].s.n);
		assert_memory_equal("a\0\xff", v[5].s.p, 3);
	} else {
		assert_true(v[3].f == -1e300 && !v[4].b && !v[4].null);
		assert_true(!v[5].null && v[5].s.p && v[5].s.n == 0);
	}
	return OK;
}

static void test_values(void **state)
{
	struct unit *u = *state;
	int64_t ids[] = {1, 2, INT64_MIN};
	struct db_conn *c;

	make_tables(u);
	assert_int_equal(OK, db_write(u->db, all_job, NULL));
	c = db_read_begin(u->db);
	for (int i = 0; i < 3; i++) {
		struct db_value p = {.i = ids[i]};

		assert_int_equal(OK, db_run(c, &q_get, &p, check_all, &ids[i], NULL));
	}
	/* NULL where the query promises text */
	assert_int_equal(ERR_DB, db_run(c, &q_strict, &(struct db_value){.i = 1}, check_all, ids, NULL));
	assert_int_equal(OK, db_run(c, &q_strict, &(struct db_value){.i = 99}, check_all, ids, NULL));
	db_read_end(c);
}

static enum err same_name(void *arg, const struct db_value *v)
{
	struct str want = *(struct str *)arg;

	assert_true(str_eq(v[1].s, want));
	assert_int_equal(0, v[1].s.p[v[1].s.n]);
	return OK;
}

static void test_text(void **state)
{
	struct unit *u = *state;
	struct str texts[] = {STR("it's \"quoted\" \\ 'twice'' $1 ?1 {a,\"b\"}"), STR(""), STR("路灯不亮🏮"), STR("\n\t%s")};
	struct str bad[] = {{"a\0b", 3}, {"\xff", 1}, {"\xed\xa0\x80", 3}, {"\xc0\xaf", 2}};
	struct db_conn *c;

	make_tables(u);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(OK, db_write(u->db, add_job, &(struct add){.id = (int64_t)i + 1, .name = texts[i]}));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(ERR_INPUT, db_write(u->db, add_job, &(struct add){.id = 100 + (int64_t)i, .name = bad[i]}));
	c = db_read_begin(u->db);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct db_value p = {.i = (int64_t)i + 1};

		assert_int_equal(OK, db_run(c, &q_get, &p, same_name, &texts[i], NULL));
	}
	db_read_end(c);
	assert_int_equal(4, count(u->db));
}

static enum err agg_row(void *arg, const struct db_value *v)
{
	*(struct str *)arg = arena_str(((struct unit *)*(void **)((struct str *)arg + 1))->a, v[0].s);
	return OK;
}

static void test_optional_and_lists(void **state)
{
	struct unit *u = *state;
	static const char *const names[] = {"甲", "a\"b\\", "丙", "B", "a"};
	struct db_value p[3] = {{.null = true}, {.null = true}, {.i = 0}};
	int64_t ids[] = {1, 2, 5, 77};
	struct str list[] = {STR("a\"b\\"), STR("甲"), STR("a")};
	struct db_value in[2] = {{.list = {ids, 4}}, {.list = {list, 3}}};
	struct ids got = {.n = 0};
	struct { struct str s; struct unit *u; } agg = {STR_NULL, u};
	struct db_conn *c;

	make_tables(u);
	for (int i = 0; i < 5; i++)
		assert_int_equal(OK, db_write(u->db, add_job, &(struct add){.id = i + 1, .name = str_from(names[i])}));
	c = db_read_begin(u->db);
	assert_int_equal(OK, db_run(c, &q_where, p, take_id, &got, NULL));
	assert_int_equal(0, got.n); /* n absent: AND n IS NULL */
	p[1] = (struct db_value){.i = 7};
	assert_int_equal(OK, db_run(c, &q_where, p, take_id, &got, NULL));
	assert_int_equal(5, got.n);
	got.n = 0;
	p[0] = (struct db_value){.s = STR("丙")};
	assert_int_equal(OK, db_run(c, &q_where, p, take_id, &got, NULL));
	assert_int_equal(1, got.n);
	assert_int_equal(3, got.v[0]);
	got.n = 0;
	assert_int_equal(OK, db_run(c, &q_in, in, take_id, &got, NULL));
	assert_int_equal(3, got.n);
	in[0].list.n = 0;
	got.n = 0;
	assert_int_equal(OK, db_run(c, &q_in, in, take_id, &got, NULL));
	assert_int_equal(0, got.n);
	in[0].list.n = DB_MAX_LIST + 1;
	assert_int_equal(ERR_TOO_MUCH, db_run(c, &q_in, in, take_id, &got, NULL));
	assert_int_equal(OK, db_run(c, &q_agg, NULL, agg_row, &agg, NULL));
	assert_string_equal("B、a、a\"b\\、丙、甲", agg.s.p); /* order of bytes on both */
	db_read_end(c);
}

/* ---- jobs ---- */

static void add_done(void *arg, enum err e)
{
	struct add *a = arg;

	a->result = e;
	atomic_fetch_sub(a->left, 1);
}

static void wait_for(_Atomic int *left)
{
	int64_t until = clock_mono() + 30000;

	while (atomic_load(left) > 0) {
		assert_true(clock_mono() < until);
		usleep(200);
	}
}

struct thread {
	pthread_t t;
	struct db *db;
	struct add *v;
	int n;
};

static void *submit_all(void *arg)
{
	struct thread *t = arg;

	for (int i = 0; i < t->n; i++)
		(i % 3 ? db_submit : db_submit_here)(t->db, add_job, add_done, &t->v[i]);
	return NULL;
}

static void nothing_done(void *arg, enum err e)
{
	(void)arg;
	(void)e;
}

static void many_threads(struct unit *u, int one_fails_in)
{
	enum { THREADS = 8, EACH = 250 };
	struct add *v = calloc(THREADS * EACH, sizeof(*v));
	struct thread t[THREADS];
	_Atomic int left = THREADS * EACH;
	int bad = 0;

	make_tables(u);
	for (int i = 0; i < THREADS * EACH; i++)
		v[i] = (struct add){.id = i + 1, .name = STR("x"), .fail = i % one_fails_in == 3, .left = &left};
	for (int i = 0; i < THREADS; i++) {
		t[i] = (struct thread){.db = u->db, .v = v + i * EACH, .n = EACH};
		assert_int_equal(0, pthread_create(&t[i].t, NULL, submit_all, &t[i]));
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i].t, NULL);
	wait_for(&left);
	for (int i = 0; i < THREADS * EACH; i++)
		bad += v[i].result != (v[i].fail ? ERR_RULE : OK);
	assert_int_equal(0, bad);
	assert_int_equal(THREADS * EACH - THREADS * EACH / one_fails_in, count(u->db));
	free(v);
}

static void test_many_threads(void **state)
{
	many_threads(*state, 10);
}

/* Most batches have no job that fails, and begin without savepoints. */
static void test_few_failures(void **state)
{
	many_threads(*state, 500);
}

static enum err note_job(struct tx *tx, void *arg)
{
	(void)tx;
	*(pthread_t *)arg = pthread_self();
	return OK;
}

/* With nobody else at work the thread does it itself, and has been told when it returns. */
static void test_submit_here(void **state)
{
	struct unit *u = *state;
	struct add add = {.id = 1, .name = STR("x")};
	_Atomic int left = 2;
	static pthread_t who; /* on PostgreSQL nobody waits for the second note */

	make_tables(u);
	assert_int_equal(OK, db_write(u->db, note_job, &who)); /* the writer is up */
	usleep(20000);
	db_submit_here(u->db, note_job, nothing_done, &who);
	if (u->engine == DB_SQLITE)
		assert_true(pthread_equal(who, pthread_self()));
	add.left = &left;
	db_submit_here(u->db, add_job, add_done, &add);
	db_submit_here(u->db, add_job, add_done, &add); /* once more with the same key: refused, and only that */
	wait_for(&left);
	assert_int_equal(ERR_CONFLICT, add.result);
	assert_int_equal(1, count(u->db));
}

static _Atomic int slow_begun;

static enum err slow_job(struct tx *tx, void *arg)
{
	(void)tx;
	slow_begun = 1;
	usleep(*(int *)arg);
	return OK;
}

/* A statement that fails ends its job, and only its job: the two around it in the same batch stand. */
static enum err twice_job(struct tx *tx, void *arg)
{
	enum err e = add_job(tx, arg);
	struct ids ids = {.n = 0};

	if (e == OK)
		e = add_job(tx, arg);
	/* the job tries to go on as if nothing had happened */
	if (e != OK && db_run(tx->c, &q_count, NULL, take_id, &ids, NULL) == OK)
		return ERR_DB;
	return OK;
}

static void test_bad_job(void **state)
{
	struct unit *u = *state;
	_Atomic int left = 3;
	int us = 20000;
	struct add v[3] = {{.id = 1, .left = &left}, {.id = 2, .left = &left}, {.id = 3, .left = &left}};

	make_tables(u);
	db_submit(u->db, slow_job, nothing_done, &us);
	db_submit(u->db, add_job, add_done, &v[0]);
	db_submit(u->db, twice_job, add_done, &v[1]);
	db_submit(u->db, add_job, add_done, &v[2]);
	wait_for(&left);
	assert_int_equal(OK, v[0].result);
	assert_int_equal(ERR_CONFLICT, v[1].result);
	assert_int_equal(OK, v[2].result);
	assert_int_equal(2, count(u->db));
}

static void test_queue_full(void **state)
{
	const struct db_options o = {.queue = 5, .writers = 1};
	struct unit *u = *state;
	_Atomic int left = 20;
	struct add v[20];
	int us = 300000, busy = 0;

	make_tables(u);
	unit_store_reopen(u, &o);
	slow_begun = 0;
	db_submit(u->db, slow_job, nothing_done, &us);
	while (!slow_begun) /* until then it would take a place in the queue */
		usleep(1000);
	for (int i = 0; i < 20; i++) {
		v[i] = (struct add){.id = i + 1, .left = &left};
		db_submit(u->db, add_job, add_done, &v[i]);
	}
	wait_for(&left);
	for (int i = 0; i < 20; i++)
		busy += v[i].result == ERR_BUSY;
	assert_int_equal(15, busy);
	assert_int_equal(5, count(u->db));
}

/* What can wait is told that others do, and for a tenth of a second after. */
static void test_busy(void **state)
{
	const struct db_options o = {.writers = 1};
	struct unit *u = *state;
	_Atomic int left = 8;
	struct add v[8];
	int us = 50000;

	make_tables(u);
	unit_store_reopen(u, &o);
	v[0] = (struct add){.id = 100};
	assert_int_equal(OK, db_write(u->db, add_job, &v[0]));
	assert_false(db_writer_busy(u->db)); /* one alone waits for nobody */
	slow_begun = 0;
	db_submit(u->db, slow_job, nothing_done, &us);
	while (!slow_begun)
		usleep(1000);
	for (int i = 0; i < 8; i++) {
		v[i] = (struct add){.id = i + 1, .left = &left};
		db_submit(u->db, add_job, add_done, &v[i]);
	}
	for (int i = 0; i < 400 && !db_writer_busy(u->db); i++)
		usleep(1000);
	assert_true(db_writer_busy(u->db));
	wait_for(&left);
	for (int i = 0; i < 400 && db_writer_busy(u->db); i++)
		usleep(10000);
	assert_false(db_writer_busy(u->db));
}

/* ---- hooks: counts what is pending, refuses to seal when told ---- */

static int sealed, committed_ok, committed_bad, rewound;
static bool refuse;

static size_t hook_mark(struct tx *tx)
{
	return (size_t)(uintptr_t)tx->pending;
}

static void hook_rewind(struct tx *tx, size_t mark)
{
	rewound++;
	tx->pending = (void *)(uintptr_t)mark;
}

static enum err hook_seal(struct tx *tx)
{
	enum err e = db_order_lock(tx);
	struct db_value p[] = {{.i = 1000000 + sealed}, {.null = true}, {.i = (int64_t)(uintptr_t)tx->pending}};

	if (e == OK)
		e = db_run(tx->c, &q_add, p, NULL, NULL, NULL);
	sealed += (int)(uintptr_t)tx->pending;
	return refuse ? ERR_DB : e;
}

static void hook_committed(struct tx *tx, bool ok)
{
	(void)tx;
	if (ok)
		committed_ok++;
	else
		committed_bad++;
}

static enum err pending_job(struct tx *tx, void *arg)
{
	enum err e;

	tx->pending = (void *)((uintptr_t)tx->pending + 1);
	e = add_job(tx, arg);
	return e;
}

static void test_hooks(void **state)
{
	static const struct db_hooks hooks = {hook_mark, hook_rewind, hook_seal, hook_committed};
	struct unit *u = *state;

	make_tables(u);
	db_set_hooks(u->db, &hooks);
	sealed = committed_ok = committed_bad = rewound = 0;
	refuse = false;
	assert_int_equal(OK, db_write(u->db, pending_job, &(struct add){.id = 1}));
	assert_int_equal(1, sealed);
	assert_int_equal(1, committed_ok);
	assert_int_equal(ERR_RULE, db_write(u->db, pending_job, &(struct add){.id = 2, .fail = true}));
	assert_int_equal(1, rewound);
	assert_int_equal(1, sealed); /* nothing to seal */
	refuse = true;
	assert_int_equal(ERR_DB, db_write(u->db, pending_job, &(struct add){.id = 3}));
	assert_int_equal(1, committed_ok);
	assert_true(committed_bad >= 2);
	assert_int_equal(2, count(u->db)); /* the first job and its seal */
}

/* ---- waking ---- */

static void woken(void *arg)
{
	atomic_fetch_add((_Atomic int *)arg, 1);
}

static void test_waking(void **state)
{
	struct unit *u = *state;
	const struct db_options o = {0};
	struct str why = STR_NULL;
	struct db *other;
	_Atomic int here = 0, there = 0;

	make_tables(u);
	assert_int_equal(OK, db_open(&other, u->url, &o, u->a, &why));
	db_on_commit(u->db, woken, &here);
	db_on_commit(other, woken, &there);
	usleep(100000);
	assert_int_equal(OK, db_write(u->db, add_job, &(struct add){.id = 1}));
	assert_int_equal(1, atomic_load(&here));
	for (int i = 0; i < 200 && u->engine == DB_PG && atomic_load(&there) == 0; i++)
		usleep(10000);
	assert_int_equal(u->engine == DB_PG, atomic_load(&there) > 0);
	db_off_commit(u->db, woken, &here);
	assert_int_equal(OK, db_write(u->db, add_job, &(struct add){.id = 2}));
	assert_int_equal(1, atomic_load(&here));
	db_close(other);
}

/* ---- two writers that change the same row, in crossing order ---- */

static enum err bump_job(struct tx *tx, void *arg)
{
	struct add *a = arg;
	struct ids ids = {.n = 0};
	int64_t first = a->id % 2 ? 1 : 2;
	struct db_value p = {.i = first};
	enum err e = db_run(tx->c, &q_bump, &p, take_id, &ids, NULL);

	p.i = 3 - first;
	if (e == OK)
		e = db_run(tx->c, &q_bump, &p, take_id, &ids, NULL);
	return e;
}

static enum err check_total(void *arg, const struct db_value *v)
{
	assert_int_equal(*(int *)arg, v[2].i);
	return OK;
}

static void test_deadlocks(void **state)
{
	struct unit *u = *state;
	enum { N = 200 };
	struct add *v = calloc(N, sizeof(*v));
	_Atomic int left = N;
	struct db_conn *c;
	int total = 7 + N;

	make_tables(u);
	assert_int_equal(OK, db_write(u->db, add_job, &(struct add){.id = 1}));
	assert_int_equal(OK, db_write(u->db, add_job, &(struct add){.id = 2}));
	for (int i = 0; i < N; i++) {
		v[i] = (struct add){.id = i, .left = &left};
		db_submit(u->db, bump_job, add_done, &v[i]);
	}
	wait_for(&left);
	for (int i = 0; i < N; i++)
		assert_int_equal(OK, v[i].result);
	c = db_read_begin(u->db);
	for (int64_t id = 1; id <= 2; id++)
		assert_int_equal(OK, db_run(c, &q_get, &(struct db_value){.i = id}, check_total, &total, NULL));
	db_read_end(c);
	free(v);
}

/* ---- kill -9: everything acknowledged over the pipe is there ---- */

struct child_job {
	struct add add;
	int fd;
};

static void tell(void *arg, enum err e)
{
	struct child_job *j = arg;

	if (e == OK && write(j->fd, &j->add.id, sizeof(j->add.id)) < 0)
		_exit(3);
}

static enum err child_add(struct tx *tx, void *arg)
{
	return add_job(tx, &((struct child_job *)arg)->add);
}

static _Noreturn void child(const char *url, int fd, int64_t from)
{
	struct child_job *v = calloc(100000, sizeof(*v));
	struct str why = STR_NULL;
	struct arena a;
	struct db *db;

	arena_init(&a, 0);
	if (db_open(&db, url, &(struct db_options){0}, &a, &why) != OK)
		_exit(2);
	for (int i = 0; i < 100000; i++) {
		v[i] = (struct child_job){{.id = from + i, .name = STR("durable")}, fd};
		db_submit(db, child_add, tell, &v[i]);
		if (i % 50 == 0)
			usleep(1000);
	}
	_exit(0);
}

static void test_kill(void **state)
{
	struct unit *u = *state;
	char *url = strdup(u->url);
	int64_t acknowledged = 0, id;

	make_tables(u);
	db_close(u->db);
	u->db = NULL;
	for (int round = 0; round < 3; round++) {
		int fd[2];
		pid_t pid;

		assert_int_equal(0, pipe(fd));
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			child(url, fd[1], 1 + round * 1000000);
		close(fd[1]);
		for (int i = 0; i < 300 + round * 200 && read(fd[0], &id, sizeof(id)) == sizeof(id); i++)
			acknowledged++;
		kill(pid, SIGKILL);
		while (read(fd[0], &id, sizeof(id)) == sizeof(id))
			acknowledged++;
		waitpid(pid, NULL, 0);
		close(fd[0]);
	}
	unit_store_reopen(u, NULL);
	assert_true(acknowledged >= 1500);
	assert_true(count(u->db) >= acknowledged);
	free(url);
}

/* ---- more than the writer's cache holds: pages go to the WAL before the commit, and are read from there ---- */

#define LARGE_ROWS 1900
#define LARGE_BYTES 20000 /* 38 MB; the cache has 32 */

struct large {
	int64_t from;
	bool fail;
};

static void large_text(char *to, int64_t id)
{
	char number[24];
	int n = snprintf(number, sizeof(number), "%lld", (long long)id);

	memset(to, 'a' + (int)(id % 26), LARGE_BYTES);
	memcpy(to, number, (size_t)n);
}

static enum err large_is(void *arg, const struct db_value *v)
{
	char *want = malloc(LARGE_BYTES);

	large_text(want, *(int64_t *)arg);
	assert_int_equal(LARGE_BYTES, v[1].s.n);
	assert_memory_equal(want, v[1].s.p, LARGE_BYTES);
	free(want);
	return OK;
}

static enum err large_job(struct tx *tx, void *arg)
{
	const struct large *l = arg;
	char *text = malloc(LARGE_BYTES);
	enum err e = OK;

	for (int64_t id = l->from; e == OK && id < l->from + LARGE_ROWS; id++) {
		struct db_value p[] = {{.i = id}, {.s = {text, LARGE_BYTES}}, {.i = 7}};

		large_text(text, id);
		e = db_run(tx->c, &q_add, p, NULL, NULL, NULL);
	}
	free(text);
	for (int64_t id = l->from; e == OK && id < l->from + LARGE_ROWS; id += 100)
		e = db_run(tx->c, &q_get, &(struct db_value){.i = id}, large_is, &id, NULL);
	return e != OK ? e : l->fail ? ERR_RULE : OK;
}

static void test_large(void **state)
{
	struct unit *u = *state;
	struct large first = {.from = 1}, lost = {.from = 10001, .fail = true};
	struct add small = {.id = 50000, .name = STR("behind it")};
	struct db_conn *c;

	make_tables(u);
	assert_int_equal(OK, db_write(u->db, large_job, &first));
	assert_int_equal(LARGE_ROWS, count(u->db));
	assert_int_equal(ERR_RULE, db_write(u->db, large_job, &lost));
	assert_int_equal(LARGE_ROWS, count(u->db));
	assert_int_equal(OK, db_write(u->db, add_job, &small));
	unit_store_reopen(u, NULL);
	assert_int_equal(LARGE_ROWS + 1, count(u->db));
	c = db_read_begin(u->db);
	for (int64_t id = 1; id <= LARGE_ROWS; id++)
		assert_int_equal(OK, db_run(c, &q_get, &(struct db_value){.i = id}, large_is, &id, NULL));
	db_read_end(c);
}

/* ---- the server goes away and comes back; what was acknowledged before, between and after is there once ---- */

static void test_pg_restart(void **state)
{
	char dir[] = "/tmp/gongzhi-pg-XXXXXX";
	char url[200];
	const struct db_options fresh = {.no_migrate_check = true};
	struct unit u = {.engine = DB_PG};
	struct str why = STR_NULL;
	enum { N = 3000 };
	struct add *v = calloc(N, sizeof(*v));
	_Atomic int left = N;
	struct arena a;
	int good = 0;

	(void)state;
	arena_init(&a, 0);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(0, chmod(dir, 0755));
	setenv("FSYNC", "on", 1);
	assert_int_equal(0, unit_run((const char *const[]){"tests/private-pg", "start", dir, NULL}));
	unsetenv("FSYNC");
	snprintf(url, sizeof(url), "postgresql:///postgres?host=%s&user=gongzhi", dir);
	assert_int_equal(OK, db_open(&u.db, url, &fresh, &a, &why));
	make_tables(&u);
	for (int i = 0; i < N; i++) {
		v[i] = (struct add){.id = i + 1, .left = &left};
		db_submit(u.db, add_job, add_done, &v[i]);
		if (i == N / 3)
			assert_int_equal(0, unit_run((const char *const[]){"tests/private-pg", "kill", dir, NULL}));
		if (i == N * 2 / 3)
			assert_int_equal(0, unit_run((const char *const[]){"tests/private-pg", "start", dir, NULL}));
		if (i % 100 == 0)
			usleep(2000);
	}
	wait_for(&left);
	/* a job that ran twice would have met its own row: ERR_CONFLICT */
	for (int i = 0; i < N; i++)
		good += v[i].result == OK;
	assert_int_equal(N, good);
	assert_int_equal(N, count(u.db));
	db_close(u.db);
	assert_int_equal(0, unit_run((const char *const[]){"tests/private-pg", "stop", dir, NULL}));
	assert_int_equal(0, unit_run((const char *const[]){"rm", "-rf", dir, NULL}));
	arena_release(&a);
	free(v);
}

/* ---- the connection breaks while COMMIT is under way: a wire between us and the server that cuts it ---- */

enum cut { CUT_NEVER, CUT_BEHIND_COMMIT, CUT_BEFORE_COMMIT };

struct wire {
	char from[108], to[108];
	int listen;
	_Atomic int cut; /* once */
	_Atomic bool stop;
	pthread_t t;
};

static int unix_socket(const char *path, bool server)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (server)
		assert_true(bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 && listen(fd, 20) == 0);
	else
		assert_int_equal(0, connect(fd, (struct sockaddr *)&sa, sizeof(sa)));
	return fd;
}

/* Passes on what there is; false when the connection is over or was cut. */
static bool pass(struct wire *w, int from, int to, bool ours)
{
	char b[65536];
	ssize_t n = read(from, b, sizeof(b));
	int cut = atomic_load(&w->cut);

	if (n <= 0)
		return false;
	if (!ours || cut == CUT_NEVER || memmem(b, (size_t)n, "COMMIT", 7) == NULL)
		return write(to, b, (size_t)n) == n;
	atomic_store(&w->cut, CUT_NEVER);
	if (cut == CUT_BEHIND_COMMIT) {
		assert_true(write(to, b, (size_t)n) == n);
		usleep(200000); /* it commits; we never hear of it */
	}
	return false;
}

static void *wire_run(void *arg)
{
	struct wire *w = arg;
	struct pollfd fd[64] = {{.fd = w->listen, .events = POLLIN}};
	int n = 1;

	while (!atomic_load(&w->stop)) {
		poll(fd, (nfds_t)n, 50);
		for (int i = 1; i < n; i++) {
			int other = (i - 1) % 2 ? i - 1 : i + 1;

			if (fd[i].fd < 0 || !fd[i].revents || pass(w, fd[i].fd, fd[other].fd, (i - 1) % 2 == 0))
				continue;
			close(fd[i].fd);
			close(fd[other].fd);
			fd[i].fd = fd[other].fd = -1;
		}
		if (fd[0].revents && n + 2 <= (int)ARRAY_LEN(fd)) {
			fd[n++] = (struct pollfd){.fd = accept(w->listen, NULL, NULL), .events = POLLIN};
			fd[n++] = (struct pollfd){.fd = unix_socket(w->to, false), .events = POLLIN};
		}
	}
	for (int i = 0; i < n; i++)
		if (fd[i].fd >= 0)
			close(fd[i].fd);
	return NULL;
}

static _Atomic int runs;

static enum err counted_job(struct tx *tx, void *arg)
{
	runs++;
	return add_job(tx, arg);
}

static void test_cut_at_commit(void **state)
{
	static const struct db_options o = {.writers = 1};
	struct unit *u = *state;
	const char *host = strstr(u->url, "host=") + 5, *name = u->url + strlen("postgresql:///");
	struct str why = STR_NULL;
	struct wire w = {.cut = CUT_NEVER};
	char dir[] = "/tmp/gongzhi-wire-XXXXXX", url[300];
	struct db *db;

	make_tables(u);
	assert_non_null(mkdtemp(dir));
	snprintf(w.from, sizeof(w.from), "%s/.s.PGSQL.5432", dir);
	snprintf(w.to, sizeof(w.to), "%.*s/.s.PGSQL.5432", (int)strcspn(host, "&"), host);
	w.listen = unix_socket(w.from, true);
	assert_int_equal(0, pthread_create(&w.t, NULL, wire_run, &w));
	snprintf(url, sizeof(url), "postgresql:///%.*s?host=%s&user=gongzhi", (int)strcspn(name, "?"), name, dir);
	assert_int_equal(OK, db_open(&db, url, &o, u->a, &why));

	atomic_store(&w.cut, CUT_BEHIND_COMMIT);
	runs = 0;
	assert_int_equal(OK, db_write(db, counted_job, &(struct add){.id = 1}));
	assert_int_equal(1, runs); /* it had been committed: not run again */
	atomic_store(&w.cut, CUT_BEFORE_COMMIT);
	runs = 0;
	assert_int_equal(OK, db_write(db, counted_job, &(struct add){.id = 2}));
	assert_int_equal(2, runs); /* it had not: run again */
	assert_int_equal(2, count(u->db));

	db_close(db);
	atomic_store(&w.stop, true);
	pthread_join(w.t, NULL);
	unlink(w.from);
	rmdir(dir);
}

/* ---- a row function that runs the same query again ---- */

struct nested {
	struct db_conn *c;
	int depth, rows;
};

static enum err nested_row(void *arg, const struct db_value *v)
{
	struct nested *n = arg;
	struct db_value p[3] = {{.null = true}, {.i = 7}, {.i = v[0].i}};
	enum err e = OK;

	n->rows++;
	if (n->depth++ < 2)
		e = db_run(n->c, &q_where, p, nested_row, n, NULL);
	n->depth--;
	return e;
}

static void test_nested(void **state)
{
	struct unit *u = *state;
	struct db_value p[3] = {{.null = true}, {.i = 7}, {.i = 0}};
	struct nested n = {0};

	make_tables(u);
	for (int i = 1; i <= 3; i++)
		assert_int_equal(OK, db_write(u->db, add_job, &(struct add){.id = i}));
	n.c = db_read_begin(u->db);
	assert_int_equal(OK, db_snapshot(n.c));
	assert_int_equal(OK, db_run(n.c, &q_where, p, nested_row, &n, NULL));
	assert_int_equal(3 + 3 + 1, n.rows); /* each row, its followers, their followers */
	db_read_end(n.c);
}

/* ---- a snapshot does not see what is committed meanwhile ---- */

static void test_snapshot(void **state)
{
	struct unit *u = *state;
	struct ids ids = {.n = 0};
	struct db_conn *c;

	make_tables(u);
	assert_int_equal(OK, db_write(u->db, add_job, &(struct add){.id = 1}));
	c = db_read_begin(u->db);
	assert_int_equal(OK, db_snapshot(c));
	assert_int_equal(OK, db_run(c, &q_count, NULL, take_id, &ids, NULL));
	assert_int_equal(OK, db_write(u->db, add_job, &(struct add){.id = 2}));
	assert_int_equal(OK, db_run(c, &q_count, NULL, take_id, &ids, NULL));
	db_read_end(c);
	assert_int_equal(1, ids.v[0]);
	assert_int_equal(1, ids.v[1]);
	assert_int_equal(2, count(u->db));
}

/* ---- full text ---- */

static const char *const documents[] = {
	"小区路灯不亮，楼道堆放杂物", /* 1 */
	"３号楼ＷｉＦｉ信号差，水井盖坏", /* 2: full width */
	"路灯", "灯路坏了 Wifi6", "a'b\"c* 100%的问题(NEAR)", "",
};

static enum err documents_job(struct tx *tx, void *arg)
{
	enum err e = OK;

	(void)arg;
	for (size_t i = 0; i < ARRAY_LEN(documents) && e == OK; i++)
		e = search_put(tx, "doc", (int64_t)i + 1, str_from(documents[i]));
	return e;
}

static enum err replace_job(struct tx *tx, void *arg)
{
	enum err e = search_put(tx, "doc", 3, STR("下水道"));

	(void)arg;
	return e == OK ? search_remove(tx, "doc", 1) : e;
}

static void look(struct unit *u, const char *words, const char *want)
{
	struct db_conn *c = db_read_begin(u->db);
	struct str got = STR("");
	int64_t *ids;
	size_t n;

	assert_int_equal(OK, search_find(c, u->a, "doc", str_from(words), INT64_MAX, 20, &ids, &n));
	for (size_t i = 0; i < n; i++)
		got = arena_printf(u->a, "%s%s%lld", got.p, i ? " " : "", (long long)ids[i]);
	db_read_end(c);
	if (strcmp(got.p, want) != 0)
		print_error("looking for %s\n", words);
	assert_string_equal(want, got.p);
}

static void test_search(void **state)
{
	struct unit *u = *state;

	make_tables(u);
	assert_int_equal(OK, db_write(u->db, documents_job, NULL));
	look(u, "路灯", "3 1");
	look(u, "灯路", "4");
	look(u, "楼道堆放", "1");
	look(u, "楼道放", "");
	look(u, "灯", "4 3 1");
	look(u, "物", "1"); /* the last character of a run */
	look(u, "坏", "4 2");
	look(u, "wifi", "4 2"); /* folded, and by its beginning */
	look(u, "3号楼wifi", "2");
	look(u, "3号", "2");
	look(u, "路灯　杂物", "1"); /* two words, ideographic space */
	look(u, "100%的问题", "5");
	look(u, "\" OR ' | & ! ( ) : * NEAR", ""); /* no word of it is all of the document's */
	look(u, "near", "5");
	look(u, "\"'*()", "");
	look(u, "", "");
	assert_int_equal(OK, db_write(u->db, replace_job, NULL));
	look(u, "路灯", "");
	look(u, "下水", "3");
}

/* A mark is found exactly, and by no word that a person would type. */
QUERY(q_pieces, 0, LIST(DB_I64), "", LIST(DB_I64), "0", {"SELECT count(DISTINCT segid) FROM search_doc_idx", "SELECT 1", -1});
QUERY(q_by_itself, 0, LIST(DB_I64), "", LIST(DB_I64), "0", {"SELECT CAST(v AS INTEGER) FROM search_doc_config WHERE k = 'automerge'", "SELECT 0", -1});

static enum err tidy_job(struct tx *tx, void *arg)
{
	int64_t from = *(int64_t *)arg;
	size_t bytes = 0;
	enum err e = OK;

	for (int64_t id = from; e == OK && id < from + 20; id++) {
		struct str text = arena_printf(tx->arena, "编号%lld的路灯不亮，楼道第%lld层堆放杂物，井盖%lld松动", (long long)id, (long long)id % 97, (long long)id % 11);

		bytes += text.n;
		e = search_put(tx, "doc", id, text);
	}
	return e == OK ? search_tidy(tx, "doc", bytes) : e;
}

static int64_t one_number(struct unit *u, const struct db_query *q)
{
	struct db_conn *c = db_read_begin(u->db);
	struct ids ids = {.n = 0};

	assert_int_equal(OK, db_run(c, q, NULL, take_id, &ids, NULL));
	db_read_end(c);
	return ids.v[0];
}

/* Puts, tidies, and is undone: what it had set is to be set again. */
static enum err tidy_in_vain(struct tx *tx, void *arg)
{
	enum err e = tidy_job(tx, arg);

	return e == OK ? ERR_RULE : e;
}

/* Little merges with each job keep the index in few pieces; the large ones that it would do by itself are off. */
static void test_tidy(void **state)
{
	struct unit *u = *state;

	make_tables(u);
	assert_int_equal(ERR_RULE, db_write(u->db, tidy_in_vain, &(int64_t){1}));
	for (int64_t from = 1; from < 6000; from += 20)
		assert_int_equal(OK, db_write(u->db, tidy_job, &from));
	look(u, "编号4711的", "4711");
	look(u, "编号5990的路灯", "5990");
	assert_int_equal(0, one_number(u, &q_by_itself));
	assert_in_range(one_number(u, &q_pieces), 1, 24);
}

static enum err marks_job(struct tx *tx, void *arg)
{
	struct str text = arena_printf(tx->arena, "路灯\n%s\n%s", search_mark(tx->arena, 7).p, search_mark(tx->arena, UINT64_MAX).p);
	enum err e = search_put(tx, "doc", 1, text);

	(void)arg;
	return e == OK ? search_put(tx, "doc", 2, search_mark(tx->arena, UINT64_MAX)) : e;
}

static void test_marks(void **state)
{
	struct unit *u = *state;
	struct db_conn *c;
	int64_t *ids;
	size_t n;

	make_tables(u);
	assert_int_equal(OK, db_write(u->db, marks_job, NULL));
	c = db_read_begin(u->db);
	assert_int_equal(OK, search_find_mark(c, u->a, "doc", UINT64_MAX, INT64_MAX, 20, &ids, &n));
	assert_true(n == 2 && ids[0] == 2 && ids[1] == 1);
	assert_int_equal(OK, search_find_mark(c, u->a, "doc", UINT64_MAX, 2, 20, &ids, &n));
	assert_true(n == 1 && ids[0] == 1);
	assert_int_equal(OK, search_find_mark(c, u->a, "doc", 7 << 12, INT64_MAX, 20, &ids, &n));
	assert_int_equal(n, 0);
	assert_int_equal(OK, search_find_mark(c, u->a, "doc", 7, INT64_MAX, 20, &ids, &n));
	assert_true(n == 1 && ids[0] == 1);
	db_read_end(c);
	look(u, "f", "");
	look(u, "0", "");
	look(u, "灯", "1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(test_values), UNIT_BOTH(test_text), UNIT_BOTH(test_optional_and_lists), UNIT_BOTH(test_many_threads),
		UNIT_BOTH(test_few_failures), UNIT_BOTH(test_submit_here),
		UNIT_BOTH(test_bad_job), UNIT_BOTH(test_queue_full), UNIT_BOTH(test_busy), UNIT_BOTH(test_hooks), UNIT_BOTH(test_waking),
		UNIT_BOTH(test_deadlocks), UNIT_BOTH(test_kill), UNIT_ON(DB_SQLITE, test_large), UNIT_BOTH(test_nested), UNIT_BOTH(test_snapshot),
		UNIT_BOTH(test_search), UNIT_BOTH(test_tidy), UNIT_BOTH(test_marks), cmocka_unit_test(test_pg_restart),
		UNIT_ON(DB_PG, test_cut_at_commit),
	};

	return UNIT_MAIN(tests);
}
