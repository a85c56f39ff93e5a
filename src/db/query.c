/* What both back-ends need of a query: its text, its cached statement, checks of what goes in and comes out. */
#include "db/query.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/utf8.h"
#include "db/inner.h"

uint64_t db_query_conditions(const struct db_query *q)
{
	uint64_t mask = 0;

	for (const struct db_part *p = q->parts; p->sqlite; p++)
		if (p->when != -1)
			mask |= (uint64_t)1 << (p->when >= 0 ? p->when : -2 - p->when);
	return mask;
}

uint64_t db_query_mask(const struct db_query *q, const struct db_value *p)
{
	uint64_t all = db_query_conditions(q), mask = 0;

	for (int i = 0; all >> i; i++)
		if (((all >> i) & 1) && !p[i].null)
			mask |= (uint64_t)1 << i;
	return mask;
}

const char *db_query_text(struct db_conn *c, const struct db_query *q, uint64_t mask)
{
	buf_clear(&c->text);
	for (const struct db_part *p = q->parts; p->sqlite; p++) {
		bool there = p->when == -1 || (p->when >= 0 ? mask >> p->when & 1 : !(mask >> (-2 - p->when) & 1));

		if (there)
			buf_addz(&c->text, c->db->engine == DB_PG ? p->pg : p->sqlite);
	}
	return buf_str(&c->text).p;
}

struct db_cached *db_cache_slot(struct db_conn *c, const struct db_query *q, uint64_t mask)
{
	uint64_t h = ((uintptr_t)q >> 4 ^ mask * 0x9e3779b97f4a7c15u) * 0x9e3779b97f4a7c15u;
	struct db_cached *set = c->cache[h >> 57], *oldest = NULL;

	for (int i = 0; i < DB_CACHE_WAYS; i++) {
		if (set[i].q == q && set[i].mask == mask) {
			set[i].used = ++c->clock;
			return set[i].busy ? NULL : &set[i];
		}
		if (!set[i].busy && (oldest == NULL || set[i].used < oldest->used))
			oldest = &set[i];
	}
	if (oldest == NULL)
		return NULL;
	if (oldest->stmt)
		c->db->backend->forget(c, oldest->stmt);
	*oldest = (struct db_cached){.q = q, .mask = mask, .used = ++c->clock};
	return oldest;
}

void db_cache_drop(struct db_conn *c)
{
	for (int i = 0; i < DB_CACHE_SETS; i++)
		for (int j = 0; j < DB_CACHE_WAYS; j++) {
			if (c->cache[i][j].stmt)
				c->db->backend->forget(c, c->cache[i][j].stmt);
			c->cache[i][j] = (struct db_cached){0};
		}
}

/* ---- values ---- */

/* Text must be UTF-8 without NUL on both engines, since PostgreSQL takes nothing else. */
static bool text_ok(struct str s)
{
	return s.n == 0 || (memchr(s.p, 0, s.n) == NULL && utf8_valid(s));
}

static enum err check_params(const struct db_query *q, const struct db_value *p)
{
	for (int i = 0; i < q->nparams; i++) {
		const struct str *v = p[i].list.v;
		bool ok = true;

		if (q->params[i] == DB_STR)
			ok = p[i].null || text_ok(p[i].s);
		else if (q->params[i] >= DB_I64_LIST && p[i].list.n > DB_MAX_LIST)
			return ERR_TOO_MUCH;
		else if (q->params[i] == DB_STR_LIST)
			for (size_t k = 0; k < p[i].list.n && ok; k++)
				ok = v[k].p && text_ok(v[k]);
		if (!ok) {
			log_info("store: parameter %d of %s is not UTF-8 text without NUL", i + 1, q->name);
			return ERR_INPUT;
		}
	}
	return OK;
}

enum err db_check_columns(const struct db_query *q, int n)
{
	if (n == q->ncols)
		return OK;
	log_error("store: %s has %d columns, %d are declared in %s:%d", q->name, n, q->ncols, q->file, q->line);
	return ERR_DB;
}

enum err db_check_null(const struct db_query *q, int col)
{
	if (q->nullable[col] == '1')
		return OK;
	log_error("store: column %d of %s is NULL; declare it with ? in %s:%d", col + 1, q->name, q->file, q->line);
	return ERR_DB;
}

static void json_string(struct buf *b, struct str s)
{
	buf_addc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char ch = (unsigned char)s.p[i];

		if (ch < 0x20) {
			buf_printf(b, "\\u%04x", ch);
			continue;
		}
		if (ch == '"' || ch == '\\')
			buf_addc(b, '\\');
		buf_addc(b, (char)ch);
	}
	buf_addc(b, '"');
}

static void list_text(struct buf *b, enum db_type type, const struct db_value *v, char open, char close)
{
	const int64_t *numbers = v->list.v;
	const struct str *strings = v->list.v;

	buf_addc(b, open);
	for (size_t i = 0; i < v->list.n; i++) {
		if (i)
			buf_addc(b, ',');
		if (type == DB_I64_LIST) {
			buf_add_i64(b, numbers[i]);
		} else if (open == '[') {
			json_string(b, strings[i]);
		} else {
			buf_addc(b, '"');
			for (size_t k = 0; k < strings[i].n; k++) {
				if (strings[i].p[k] == '"' || strings[i].p[k] == '\\')
					buf_addc(b, '\\');
				buf_addc(b, strings[i].p[k]);
			}
			buf_addc(b, '"');
		}
	}
	buf_addc(b, close);
}

void db_list_json(struct buf *b, enum db_type type, const struct db_value *v)
{
	list_text(b, type, v, '[', ']');
}

void db_list_array(struct buf *b, enum db_type type, const struct db_value *v)
{
	list_text(b, type, v, '{', '}');
}

/* ---- running ---- */

enum err db_run(struct db_conn *c, const struct db_query *q, const struct db_value *params, db_row_fn row, void *arg, int64_t *changed)
{
	enum err e;

	if (c->failed)
		return c->failed;
	if ((q->flags & DB_Q_WRITE) && !c->writer)
		BUG("%s writes, but runs on a reader; hand it to db_write as a job", q->name);
	e = check_params(q, params);
	if (e == OK)
		e = db_conn_ready(c);
	if (e == OK)
		e = c->db->backend->run(c, q, db_query_mask(q, params), params, row, arg, changed);
	if (e != OK && c->in_job)
		c->failed = e;
	return e;
}

void *db_rows_add(struct db_rows *r, size_t size)
{
	if (r->n == DB_MAX_ROWS)
		return NULL;
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 8;
		void *v = arena_alloc_array(r->a, cap, size);

		if (r->n)
			memcpy(v, r->v, r->n * size);
		r->v = v;
		r->cap = cap;
	}
	return (char *)r->v + r->n++ * size;
}

enum err db_rows_one(const struct db_query *q, const struct db_rows *r, void *out, size_t size)
{
	if (r->n == 0)
		return ERR_NOT_FOUND;
	if (r->n > 1) {
		log_error("store: %s found %zu rows where one was expected (%s:%d)", q->name, r->n, q->file, q->line);
		return ERR_DB;
	}
	memcpy(out, r->v, size);
	return OK;
}
