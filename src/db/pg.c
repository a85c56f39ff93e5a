/*
 * The PostgreSQL back-end. A batch of jobs runs in pipeline mode: BEGIN, SAVEPOINT, RELEASE and statements whose
 * result nobody asked for are only sent; the next statement that wants an answer, or the end of the job, collects
 * them in one round trip.
 *
 * The server may go away at any moment. Before COMMIT that is simple: nothing happened. At COMMIT we ask afterwards,
 * on a new connection, what became of the transaction (pg_xact_status): no job runs twice.
 */
#include <endian.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/inner.h"

#define MAX_PENDING 64
#define MAX_PARAMS 48
#define OLDEST_VERSION 130000 /* pg_xact_status, pg_current_xact_id */

enum pending_kind { CONTROL, PARSE, EXECUTE, ANSWER, XID };

struct pg_stmt {
	char name[16];
	bool there; /* the server has it */
};

struct pending {
	enum pending_kind kind;
	struct pg_stmt *stmt;
	const char *what; /* for the log */
};

struct pg {
	PGconn *c;
	unsigned names;
	bool piped;
	bool broken; /* libpq may leave its status at OK when a write failed; an error without SQLSTATE tells */
	struct pending pending[MAX_PENDING + 8];
	int npending;
	bool statements; /* something other than control is pending */
	char xid[32];
	struct stream *stream; /* rows being read on a reader */
};

/* Rows not yet given out, when a row function runs another query on the same connection. */
struct stream {
	PGresult **stash;
	size_t n, cap, at;
	bool over; /* the connection has nothing more */
};

struct listener {
	pthread_t thread;
	bool started;
	_Atomic bool stop;
	char node[40]; /* our own notifications need not wake us again */
	int pipe[2];
};

/* ---- errors ---- */

static void drop_connection(struct db_conn *c)
{
	struct pg *p = c->h;

	p->npending = 0; /* nothing to collect; forgetting a statement must not wait for the server */
	p->piped = false;
	db_cache_drop(c);
	PQfinish(p->c);
	free(p);
	c->h = NULL;
	c->gone = true;
}

static enum err lost(struct db_conn *c, const char *what)
{
	struct pg *p = c->h;

	log_warn("store: %s: connection to PostgreSQL lost: %s", what, PQerrorMessage(p->c));
	drop_connection(c);
	return ERR_BUSY;
}

static bool dead(const struct pg *p)
{
	return p->broken || PQstatus(p->c) == CONNECTION_BAD;
}

static bool state_is(const char *state, const char *prefix)
{
	return strncmp(state, prefix, strlen(prefix)) == 0;
}

/* For a result that is an error; the connection stands, or is found to be lost by the caller. */
static enum err to_err(struct db_conn *c, const PGresult *r, const char *what)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	state = state ? state : "";
	if (state_is(state, "40001") || state_is(state, "40P01")) {
		c->gone = c->conflict = true;
		return ERR_BUSY;
	}
	if (state_is(state, "23505") || state_is(state, "23503"))
		return ERR_CONFLICT;
	if (state_is(state, "22021") || state_is(state, "22P05"))
		return ERR_INPUT;
	/* no state: the connection; 57P: the server is being shut down; 25006: we are on a stand-by, fail-over will have
	 * moved the address */
	if (*state == 0 || state_is(state, "57P") || state_is(state, "08") || state_is(state, "25006")) {
		((struct pg *)c->h)->broken = true;
		c->gone = true;
		return ERR_BUSY;
	}
	log_error("store: %s: %s (%s)", what, text ? text : PQresultErrorMessage(r), state);
	if (state_is(state, "53300") || state_is(state, "55P03") || state_is(state, "57014"))
		return ERR_BUSY;
	if (state_is(state, "54"))
		return ERR_TOO_MUCH;
	return state_is(state, "53") || state_is(state, "58") ? ERR_IO : ERR_DB;
}

static bool is_error(const PGresult *r)
{
	ExecStatusType s = PQresultStatus(r);

	return s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK && s != PGRES_SINGLE_TUPLE;
}

/* ---- connections ---- */

static bool fit_for_use(PGconn *c, struct db_conn *dc, struct arena *a, struct str *why)
{
	PGresult *r;
	const char *collate, *encoding;
	bool ok;

	if (PQserverVersion(c) < OLDEST_VERSION) {
		db_why(a, why, "PostgreSQL 版本太旧（%d），需要 13 或更新，建议 15。", "This PostgreSQL is too old (%d): 13 or newer is needed, 15 recommended.",
		       PQserverVersion(c));
		return false;
	}
	r = PQexec(c, "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()");
	if (PQresultStatus(r) != PGRES_TUPLES_OK || PQntuples(r) != 1) {
		db_why(a, why, "无法检查 PostgreSQL 数据库：%s", "The PostgreSQL database cannot be checked: %s", PQerrorMessage(c));
		PQclear(r);
		return false;
	}
	collate = PQgetvalue(r, 0, 0);
	encoding = PQgetvalue(r, 0, 1);
	ok = strcmp(encoding, "UTF8") == 0 && (strcmp(collate, "C") == 0 || strcmp(collate, "POSIX") == 0 || strncmp(collate, "C.", 2) == 0);
	if (!ok)
		db_why(a, why,
		       "数据库 %s 的编码是 %s、排序规则是 %s；需要 UTF8 和 C。请重建：CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'",
		       "Database %s has encoding %s and collation %s; UTF8 and C are needed. Make it anew: CREATE DATABASE %s TEMPLATE template0 "
		       "ENCODING 'UTF8' LOCALE 'C'",
		       PQdb(c), encoding, collate, PQdb(c));
	PQclear(r);
	(void)dc;
	return ok;
}

static void no_notice(void *arg, const char *message)
{
	(void)arg;
	log_debug("postgresql: %s", message);
}

static PGconn *dial(const char *url)
{
	static const char *const keys[] = {"dbname", "connect_timeout", "client_encoding", "fallback_application_name", "tcp_user_timeout",
					   "options", NULL};
	const char *const values[] = {url, "5", "UTF8", "gongzhi", "15000",
				      "-c TimeZone=UTC -c standard_conforming_strings=on -c idle_in_transaction_session_timeout=120000", NULL};
	PGconn *c = PQconnectdbParams(keys, values, 1);

	PQsetNoticeProcessor(c, no_notice, NULL);
	return c;
}

static enum err connect_pg(struct db_conn *c, struct arena *a, struct str *why)
{
	struct pg *p = calloc(1, sizeof(*p));

	if (p == NULL)
		BUG("out of memory");
	p->c = dial(c->db->url);
	if (PQstatus(p->c) != CONNECTION_OK) {
		db_why(a, why, "无法连接 PostgreSQL：%s请检查地址、数据库名、账号，以及服务器是否在运行。",
		       "Cannot connect to PostgreSQL: %sCheck address, database, account, and that the server runs.", PQerrorMessage(p->c));
	} else if (fit_for_use(p->c, c, a, why)) {
		c->h = p;
		return OK;
	}
	PQfinish(p->c);
	free(p);
	return ERR_BUSY;
}

static void disconnect(struct db_conn *c)
{
	struct pg *p = c->h;

	PQfinish(p->c);
	free(p);
	c->h = NULL;
}

/* ---- the pipeline ---- */

static void note(struct pg *p, enum pending_kind kind, struct pg_stmt *stmt, const char *what)
{
	p->pending[p->npending++] = (struct pending){kind, stmt, what};
	p->statements |= kind == EXECUTE || kind == ANSWER;
}

static enum err send_control(struct db_conn *c, enum pending_kind kind, const char *sql)
{
	struct pg *p = c->h;

	if (!PQsendQueryParams(p->c, sql, 0, NULL, NULL, NULL, NULL, 0))
		return lost(c, sql);
	note(p, kind, NULL, sql);
	return OK;
}

/* What came back for one command that was sent. */
static enum err collect_one(struct db_conn *c, const struct pending *w, PGresult *r, PGresult **answer)
{
	struct pg *p = c->h;

	if (PQresultStatus(r) == PGRES_PIPELINE_ABORTED) {
		PQclear(r);
		return ERR_BUSY; /* the error that stopped the pipeline came before and counts */
	}
	if (is_error(r)) {
		enum err e = to_err(c, r, w->what);

		PQclear(r);
		return e;
	}
	if (w->kind == PARSE)
		w->stmt->there = true;
	if (w->kind == XID && PQntuples(r) == 1)
		snprintf(p->xid, sizeof(p->xid), "%s", PQgetvalue(r, 0, 0));
	if (w->kind == ANSWER && answer)
		*answer = r;
	else
		PQclear(r);
	return OK;
}

/* Collects everything that is pending; the first error counts. *answer: result of the last ANSWER. */
static enum err flush(struct db_conn *c, PGresult **answer)
{
	struct pg *p = c->h;
	enum err first = OK;
	int n = p->npending;

	if (n == 0)
		return OK;
	p->npending = 0;
	p->statements = false;
	if (!PQpipelineSync(p->c))
		return lost(c, "pipeline");
	for (int i = 0; i < n; i++) {
		PGresult *r = PQgetResult(p->c);
		enum err e;

		if (r == NULL || dead(p)) {
			PQclear(r);
			return lost(c, p->pending[i].what);
		}
		e = collect_one(c, &p->pending[i], r, answer);
		if (dead(p))
			return lost(c, p->pending[i].what);
		if (first == OK)
			first = e;
		PQclear(PQgetResult(p->c)); /* the NULL behind each result */
	}
	PQclear(PQgetResult(p->c)); /* the sync */
	return dead(p) ? lost(c, "pipeline") : first;
}

/* ---- statements ---- */

static void forget(struct db_conn *c, void *stmt)
{
	struct pg *p = c->h;
	struct pg_stmt *st = stmt;
	char sql[40];

	if (p && PQstatus(p->c) == CONNECTION_OK && st->there && p->stream == NULL) {
		snprintf(sql, sizeof(sql), "DEALLOCATE %s", st->name);
		if (!p->piped)
			PQclear(PQexec(p->c, sql));
		else if (PQsendQueryParams(p->c, sql, 0, NULL, NULL, NULL, NULL, 0))
			note(p, CONTROL, NULL, "deallocate");
	}
	/* a Parse that is under way would write to it */
	for (int i = 0; p && i < p->npending; i++)
		if (p->pending[i].stmt == st)
			BUG("statement %s forgotten while it is being prepared", st->name);
	free(st);
}

static const Oid oids[] = {20, 701, 16, 25, 17, 1016, 1009};

static enum err parse(struct db_conn *c, const struct db_query *q, uint64_t mask, struct pg_stmt *st)
{
	struct pg *p = c->h;
	const char *text = db_query_text(c, q, mask);
	Oid types[MAX_PARAMS];
	PGresult *r;
	enum err e = OK;

	for (int i = 0; i < q->nparams; i++)
		types[i] = oids[q->params[i]];
	if (p->piped) {
		if (!PQsendPrepare(p->c, st->name, text, q->nparams, types))
			return lost(c, q->name);
		note(p, PARSE, st, q->name);
		return OK;
	}
	r = PQprepare(p->c, st->name, text, q->nparams, types);
	if (is_error(r))
		e = to_err(c, r, q->name);
	else
		st->there = true;
	PQclear(r);
	return dead(p) ? lost(c, q->name) : e;
}

static bool being_prepared(const struct pg *p, const struct pg_stmt *st)
{
	for (int i = 0; i < p->npending; i++)
		if (p->pending[i].stmt == st)
			return true;
	return false;
}

static enum err statement(struct db_conn *c, const struct db_query *q, uint64_t mask, struct pg_stmt **out)
{
	struct pg *p = c->h;
	struct db_cached *slot;
	enum err e = OK;

	/* a slot may be taken from a statement that is just being prepared: settle that first */
	if (p->npending > MAX_PENDING - 8)
		e = flush(c, NULL);
	if (e != OK)
		return e;
	slot = db_cache_slot(c, q, mask);
	if (slot->stmt == NULL) {
		struct pg_stmt *st = calloc(1, sizeof(*st));

		if (st == NULL)
			BUG("out of memory");
		snprintf(st->name, sizeof(st->name), "s%u", p->names++);
		slot->stmt = st;
	}
	*out = slot->stmt;
	if (!(*out)->there && !being_prepared(p, *out))
		e = parse(c, q, mask, *out);
	return e;
}

struct binding {
	const char *values[MAX_PARAMS];
	int lengths[MAX_PARAMS], formats[MAX_PARAMS];
	union {
		uint64_t n;
		char b;
	} fixed[MAX_PARAMS];
};

static void bind_fixed(struct binding *b, int i, enum db_type type, const struct db_value *v)
{
	uint64_t bits = 0;

	if (type == DB_BOOL) {
		b->fixed[i].b = v->b;
		b->lengths[i] = 1;
	} else {
		memcpy(&bits, type == DB_F64 ? (const void *)&v->f : (const void *)&v->i, sizeof(bits));
		b->fixed[i].n = htobe64(bits);
		b->lengths[i] = 8;
	}
	b->values[i] = (const char *)&b->fixed[i];
}

/* Everything goes in binary (length and bytes, so text needs no NUL behind it), only lists as text. */
static enum err bind_all(struct db_conn *c, const struct db_query *q, const struct db_value *v, struct binding *b)
{
	size_t list_at[MAX_PARAMS];

	if (q->nparams > MAX_PARAMS)
		BUG("%s has more than %d parameters", q->name, MAX_PARAMS);
	buf_clear(&c->text);
	for (int i = 0; i < q->nparams; i++) {
		b->formats[i] = 1;
		b->values[i] = NULL;
		b->lengths[i] = 0;
		if (q->params[i] >= DB_I64_LIST) {
			b->formats[i] = 0;
			list_at[i] = c->text.n;
			db_list_array(&c->text, q->params[i], &v[i]);
			buf_addc(&c->text, 0);
		} else if (v[i].null) {
			continue;
		} else if (q->params[i] <= DB_BOOL) {
			bind_fixed(b, i, q->params[i], &v[i]);
		} else {
			if (v[i].s.n > INT32_MAX / 2)
				return ERR_TOO_MUCH;
			b->values[i] = v[i].s.p;
			b->lengths[i] = (int)v[i].s.n;
		}
	}
	for (int i = 0; i < q->nparams; i++)
		if (b->formats[i] == 0)
			b->values[i] = c->text.p + list_at[i];
	return buf_check(&c->text);
}

static enum err read_value(const PGresult *r, int row, int col, enum db_type type, struct db_value *v, unsigned char **blob)
{
	const char *p = PQgetvalue(r, row, col);
	size_t n;

	switch (type) {
	case DB_I64:
		v->i = strtoll(p, NULL, 10);
		break;
	case DB_F64:
		v->f = strtod(p, NULL);
		break;
	case DB_BOOL:
		v->b = *p == 't' || *p == '1';
		break;
	case DB_STR:
		v->s = (struct str){p, (size_t)PQgetlength(r, row, col)};
		break;
	default:
		*blob = PQunescapeBytea((const unsigned char *)p, &n);
		if (*blob == NULL)
			BUG("out of memory");
		v->s = (struct str){(const char *)*blob, n};
	}
	return OK;
}

static enum err give_row(const PGresult *r, int row, const struct db_query *q, db_row_fn fn, void *arg)
{
	struct db_value v[DB_MAX_COLS];
	unsigned char *blobs[DB_MAX_COLS] = {NULL};
	enum err e = OK;

	if (db_check_columns(q, PQnfields(r)) != OK)
		return ERR_DB;
	for (int i = 0; i < q->ncols && e == OK; i++) {
		v[i] = (struct db_value){.null = PQgetisnull(r, row, i)};
		if (v[i].null)
			e = db_check_null(q, i);
		else
			e = read_value(r, row, i, q->cols[i], &v[i], &blobs[i]);
	}
	if (e == OK)
		e = fn(arg, v);
	for (int i = 0; i < q->ncols; i++)
		if (blobs[i])
			PQfreemem(blobs[i]);
	return e;
}

static void set_changed(const PGresult *r, int64_t *changed)
{
	const char *n = PQcmdTuples((PGresult *)(uintptr_t)r);

	if (changed)
		*changed = *n ? strtoll(n, NULL, 10) : 0;
}

/* ---- running in a batch ---- */

static enum err run_piped(struct db_conn *c, const struct db_query *q, const struct pg_stmt *st, const struct binding *b, db_row_fn row,
			  void *arg, int64_t *changed)
{
	struct pg *p = c->h;
	PGresult *answer = NULL;
	enum err e;

	if (!PQsendQueryPrepared(p->c, st->name, q->nparams, b->values, b->lengths, b->formats, 0))
		return lost(c, q->name);
	if (row == NULL && changed == NULL) {
		note(p, EXECUTE, NULL, q->name);
		return OK;
	}
	note(p, ANSWER, NULL, q->name);
	e = flush(c, &answer);
	if (e == OK && answer) {
		set_changed(answer, changed);
		for (int i = 0; row && e == OK && i < PQntuples(answer); i++)
			e = give_row(answer, i, q, row, arg);
	}
	PQclear(answer);
	return e;
}

/* ---- running on a reader: rows are given out as they come ---- */

static PGresult *next_result(struct pg *p, struct stream *s)
{
	if (s->at < s->n)
		return s->stash[s->at++];
	return s->over ? NULL : PQgetResult(p->c);
}

/* Another query wants the connection: read what the one above it has still to get. */
static void stash_stream(struct pg *p)
{
	struct stream *s = p->stream;
	PGresult *r;

	if (s == NULL || s->over)
		return;
	while ((r = PQgetResult(p->c)) != NULL) {
		if (s->n == s->cap) {
			s->cap = s->cap ? s->cap * 2 : 64;
			s->stash = realloc(s->stash, s->cap * sizeof(PGresult *));
			if (s->stash == NULL)
				BUG("out of memory");
		}
		s->stash[s->n++] = r;
	}
	s->over = true;
}

static enum err run_streamed(struct db_conn *c, const struct db_query *q, const struct pg_stmt *st, const struct binding *b, db_row_fn row,
			     void *arg, int64_t *changed)
{
	struct pg *p = c->h;
	struct stream s = {0}, *outer = p->stream;
	enum err e = OK;
	PGresult *r;

	if (!PQsendQueryPrepared(p->c, st->name, q->nparams, b->values, b->lengths, b->formats, 0))
		return lost(c, q->name);
	PQsetSingleRowMode(p->c);
	p->stream = &s;
	while ((r = next_result(p, &s)) != NULL) {
		if (e == OK && is_error(r)) {
			e = to_err(c, r, q->name);
		} else if (e == OK) {
			set_changed(r, changed);
			for (int i = 0; row && e == OK && i < PQntuples(r); i++)
				e = give_row(r, i, q, row, arg);
			if (c->h != p) /* a query of the row function lost the connection */
				e = ERR_BUSY;
		}
		PQclear(r);
		if (c->h != p)
			break;
	}
	while (s.at < s.n)
		PQclear(s.stash[s.at++]);
	free(s.stash);
	if (c->h != p)
		return e;
	p->stream = outer;
	if (dead(p))
		return lost(c, q->name);
	return e;
}

static enum err run_once(struct db_conn *c, const struct db_query *q, uint64_t mask, const struct db_value *v, db_row_fn row, void *arg,
			 int64_t *changed)
{
	struct pg *p = c->h;
	struct pg_stmt *st = NULL;
	struct binding b;
	enum err e;

	if (!p->piped)
		stash_stream(p);
	e = statement(c, q, mask, &st);
	if (e == OK)
		e = bind_all(c, q, v, &b);
	if (e != OK)
		return e;
	return p->piped ? run_piped(c, q, st, &b, row, arg, changed) : run_streamed(c, q, st, &b, row, arg, changed);
}

struct counted {
	db_row_fn row;
	void *arg;
	int64_t rows;
};

static enum err count_row(void *arg, const struct db_value *v)
{
	struct counted *n = arg;

	n->rows++;
	return n->row(n->arg, v);
}

static enum err run(struct db_conn *c, const struct db_query *q, uint64_t mask, const struct db_value *v, db_row_fn row, void *arg,
		    int64_t *changed)
{
	struct counted n = {row, arg, 0};
	bool retry = !c->writer && !c->in_snapshot && ((struct pg *)c->h)->stream == NULL;
	enum err e = run_once(c, q, mask, v, row ? count_row : NULL, &n, changed);

	/* an idle connection may have died unnoticed; nothing was given out yet, so ask again on a new one */
	if (e == ERR_BUSY && c->h == NULL && retry && n.rows == 0 && db_conn_ready(c) == OK)
		e = run_once(c, q, mask, v, row ? count_row : NULL, &n, changed);
	return e;
}

static enum err exec(struct db_conn *c, const char *sql)
{
	struct pg *p = c->h;
	PGresult *r = PQexec(p->c, sql);
	enum err e = OK;

	if (is_error(r))
		e = to_err(c, r, "statement");
	PQclear(r);
	return dead(p) ? lost(c, "statement") : e;
}

/* ---- batches ---- */

static enum err begin(struct db_conn *c)
{
	struct pg *p = c->h;

	if (!c->writer)
		return exec(c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
	if (!c->in_job)
		return exec(c, "BEGIN");
	if (!PQenterPipelineMode(p->c))
		return lost(c, "pipeline");
	p->piped = true;
	p->xid[0] = 0;
	return send_control(c, CONTROL, "BEGIN ISOLATION LEVEL READ COMMITTED") == OK ?
		send_control(c, XID, "SELECT pg_current_xact_id()") : ERR_BUSY;
}

static enum err job_begin(struct db_conn *c)
{
	return send_control(c, CONTROL, "SAVEPOINT job");
}

static enum err job_end(struct db_conn *c, bool keep)
{
	struct pg *p = c->h;
	enum err e = OK, undo;

	/* what was only sent may have failed: the job must not be told otherwise */
	if (p->statements || (!keep && p->npending))
		e = flush(c, NULL);
	if (c->gone)
		return e;
	if (keep && e == OK)
		return send_control(c, CONTROL, "RELEASE job");
	undo = send_control(c, CONTROL, "ROLLBACK TO job");
	if (undo == OK)
		undo = send_control(c, CONTROL, "RELEASE job");
	if (undo == OK)
		undo = flush(c, NULL);
	if (undo != OK)
		c->gone = true;
	return e;
}

static void rollback(struct db_conn *c)
{
	struct pg *p = c->h;

	if (p == NULL)
		return;
	if (!p->piped) {
		(void)exec(c, "ROLLBACK");
		return;
	}
	(void)flush(c, NULL);
	if (c->h && send_control(c, CONTROL, "ROLLBACK") == OK)
		(void)flush(c, NULL);
	if (c->h) {
		p->piped = false;
		if (!PQexitPipelineMode(p->c))
			(void)lost(c, "pipeline");
	}
}

/* The connection broke while COMMIT was under way: asks the server what became of the transaction. */
static enum err fate(struct db_conn *c, const char *xid)
{
	int64_t until = clock_mono() + DB_OUTAGE_MS;
	const char *values[1] = {xid};

	while (clock_mono() < until) {
		const struct timespec pause = {0, 200000000};
		struct pg *p;
		PGresult *r;
		char state[32] = "";

		if (db_conn_ready(c) != OK) {
			nanosleep(&pause, NULL);
			continue;
		}
		p = c->h;
		r = PQexecParams(p->c, "SELECT pg_xact_status(CAST($1 AS xid8))", 1, NULL, values, NULL, NULL, 0);
		if (PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) == 1 && !PQgetisnull(r, 0, 0))
			snprintf(state, sizeof(state), "%s", PQgetvalue(r, 0, 0));
		else if (PQresultStatus(r) == PGRES_FATAL_ERROR && PQresultErrorField(r, PG_DIAG_SQLSTATE) &&
			 state_is(PQresultErrorField(r, PG_DIAG_SQLSTATE), "22023"))
			/* "in the future": after fail-over the new server never saw it */
			snprintf(state, sizeof(state), "%s", "aborted");
		else if (PQresultStatus(r) == PGRES_FATAL_ERROR)
			p->broken = true;
		PQclear(r);
		if (dead(p))
			(void)lost(c, "fate of a commit");
		if (strcmp(state, "committed") == 0) {
			log_info("store: the connection broke at COMMIT; transaction %s had been committed", xid);
			return OK;
		}
		if (strcmp(state, "aborted") == 0) {
			log_info("store: the connection broke at COMMIT; transaction %s was not committed, its jobs run again", xid);
			c->gone = true;
			return ERR_BUSY;
		}
		nanosleep(&pause, NULL); /* its old backend has not noticed yet */
	}
	log_error("store: the connection broke at COMMIT and the fate of transaction %s could not be learnt; its jobs are not run again. "
		  "Look it up: SELECT pg_xact_status('%s')", xid, xid);
	c->unknown = true;
	return ERR_DB;
}

static enum err commit(struct db_conn *c)
{
	struct pg *p = c->h;
	const struct listener *l = c->db->extra;
	char notify[80], xid[32];
	enum err e;

	if (!p->piped)
		return exec(c, "COMMIT");
	/* all errors before COMMIT are known before it is sent */
	e = flush(c, NULL);
	if (e != OK) {
		rollback(c);
		return e;
	}
	snprintf(xid, sizeof(xid), "%s", p->xid);
	snprintf(notify, sizeof(notify), "NOTIFY gongzhi, '%s'", l ? l->node : "");
	e = send_control(c, CONTROL, notify);
	if (e == OK)
		e = send_control(c, CONTROL, "COMMIT");
	if (e == OK)
		e = flush(c, NULL);
	if (c->h == NULL)
		return fate(c, xid);
	if (e != OK) {
		rollback(c);
		return e;
	}
	p->piped = false;
	if (!PQexitPipelineMode(p->c))
		(void)lost(c, "pipeline"); /* committed all the same */
	return OK;
}

static enum err lock(struct db_conn *c, int64_t number)
{
	char sql[80];

	snprintf(sql, sizeof(sql), "SELECT pg_advisory_xact_lock(%lld)", (long long)number);
	if (!((struct pg *)c->h)->piped)
		return exec(c, sql);
	/* only sent: whatever follows on this connection waits behind it */
	if (((struct pg *)c->h)->npending > MAX_PENDING - 8) {
		enum err e = flush(c, NULL);

		if (e != OK)
			return e;
	}
	if (send_control(c, CONTROL, sql) != OK)
		return ERR_BUSY;
	((struct pg *)c->h)->pending[((struct pg *)c->h)->npending - 1].what = "advisory lock";
	return OK;
}

static enum err read_got(void *arg, const struct db_value *v)
{
	*(bool *)arg = v[0].b;
	return OK;
}

/* A statement as sqlc makes them: here because the other engine has no such function. */
static enum err lock_now(struct db_conn *c, int64_t number, bool *got)
{
	static const enum db_type in[] = {DB_I64}, out[] = {DB_BOOL};
	static const struct db_part parts[] = {{"", "SELECT pg_try_advisory_xact_lock($1)", -1}, {NULL, NULL, -1}};
	static const struct db_query q = {.name = "lock_now", .file = __FILE__, .nparams = 1, .params = in, .optional = "0", .ncols = 1, .cols = out,
					  .nullable = "0", .parts = parts};
	struct db_value v[] = {{.i = number}};

	return run(c, &q, 0, v, read_got, got, NULL);
}

static enum err lock_session(struct db_conn *c, int64_t number)
{
	char sql[80];

	snprintf(sql, sizeof(sql), "SELECT pg_advisory_lock(%lld)", (long long)number);
	return exec(c, sql);
}

static bool has_table(struct db_conn *c, const char *name)
{
	struct pg *p = c->h;
	const char *values[1] = {name};
	PGresult *r = PQexecParams(p->c, "SELECT to_regclass($1) IS NOT NULL", 1, NULL, values, NULL, NULL, 0);
	bool yes = PQresultStatus(r) == PGRES_TUPLES_OK && *PQgetvalue(r, 0, 0) == 't';

	PQclear(r);
	return yes;
}

/* ---- LISTEN: commits of other nodes ---- */

static void hear(struct db *db, PGconn *c, const struct listener *l)
{
	PGnotify *n;
	bool foreign = false;

	while ((n = PQnotifies(c)) != NULL) {
		foreign |= strcmp(n->extra, l->node) != 0;
		PQfreemem(n);
	}
	if (foreign)
		db_wake_listeners(db);
}

static void *listening(void *arg)
{
	struct db *db = arg;
	struct listener *l = db->extra;
	PGconn *c = NULL;

	while (!atomic_load(&l->stop)) {
		struct pollfd fd[2] = {{.fd = l->pipe[0], .events = POLLIN}, {.fd = -1, .events = POLLIN}};

		if (c == NULL) {
			c = dial(db->url);
			PQclear(PQexec(c, "LISTEN gongzhi"));
			db_wake_listeners(db); /* whatever was missed while nobody listened */
		}
		fd[1].fd = PQstatus(c) == CONNECTION_OK ? PQsocket(c) : -1;
		poll(fd, 2, fd[1].fd < 0 ? 500 : 30000);
		if (fd[1].fd < 0 || !PQconsumeInput(c)) {
			PQfinish(c);
			c = NULL;
			continue;
		}
		hear(db, c, l);
	}
	PQfinish(c);
	return NULL;
}

static enum err start(struct db *db)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (l == NULL)
		BUG("out of memory");
	db->extra = l;
	snprintf(l->node, sizeof(l->node), "%ld-%lld", (long)getpid(), (long long)(clock_mono_us() ^ (int64_t)(uintptr_t)db));
	if (pipe(l->pipe) != 0) {
		l->pipe[0] = l->pipe[1] = -1;
		return ERR_IO;
	}
	if (pthread_create(&l->thread, NULL, listening, db) != 0)
		return ERR_IO;
	l->started = true;
	return OK;
}

static void stop(struct db *db)
{
	struct listener *l = db->extra;

	if (l == NULL)
		return;
	atomic_store(&l->stop, true);
	if (l->started) {
		if (write(l->pipe[1], "x", 1) != 1)
			log_warn("store: the listener is slow to stop");
		pthread_join(l->thread, NULL);
	}
	if (l->pipe[0] >= 0) {
		close(l->pipe[0]);
		close(l->pipe[1]);
	}
	free(l);
	db->extra = NULL;
}

const struct db_backend db_pg_backend = {
	.connect = connect_pg,
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
	.lock_session = lock_session,
	.has_table = has_table,
	.start = start,
	.stop = stop,
};
