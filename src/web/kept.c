#include "web/kept.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/json.h"
#include "crypto/reseal.h"
#include "web/web.html.h"
#include "web/web.sql.h"

#define FORMS_ASKED 24 /* in one question of a page */

static bool form_name_ok(struct str form)
{
	return form.n > 1 && form.n <= KEPT_FORM && form.p[0] == '/' && form.p[1] != '/';
}

static struct str context(struct arena *a, int64_t account, struct str form)
{
	return arena_printf(a, "kept:%lld:%.*s", (long long)account, STR_ARG(form));
}

/* ---- saving ---- */

struct keeping {
	int64_t account, at;
	struct str form, sealed; /* sealed absent: dropped */
};

static bool carried(struct str name)
{
	return name.n > 0 && name.p[0] != '_' && !str_eqz(name, "form") && str_find(name, STR("password")) < 0;
}

static enum err write_fields(struct rq *rq, struct buf *b, bool *any)
{
	const struct http_pairs *f = &rq->http->form;
	struct json j;

	*any = false;
	json_init(&j, b);
	json_arr(&j);
	for (size_t i = 0; i < f->n; i++) {
		if (!carried(f->v[i].name) || str_empty(f->v[i].value))
			continue;
		json_str(&j, f->v[i].name);
		json_str(&j, f->v[i].value);
		*any = true;
	}
	json_end(&j);
	json_done(&j);
	return buf_check(b);
}

static enum err put_job(struct tx *tx, void *arg)
{
	const struct keeping *k = arg;
	struct web_kept_of_rows all;
	bool known = false;
	enum err e;

	if (!k->sealed.p)
		return q_web_kept_drop(tx->c, k->account, k->form, NULL);
	e = q_web_kept_of(tx->c, tx->arena, k->account, KEPT_MOST, &all);
	for (size_t i = 0; e == OK && i < all.n; i++)
		known = known || str_eq(all.v[i].form, k->form);
	if (e == OK && !known && all.n == KEPT_MOST)
		return ERR_TOO_MUCH;
	return e == OK ? q_web_kept_put(tx->c, k->account, k->form, k->at, k->sealed, NULL) : e;
}

static enum err put_done(struct rq *rq, void *arg, enum err result)
{
	const struct keeping *k = arg;
	struct json j;

	if (result == ERR_TOO_MUCH)
		return rq_fail(rq, result, N_("草稿已经有 50 份，请先在“草稿”里删去不用的"));
	if (result != OK)
		return result;
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "kept");
	json_bool(&j, k->sealed.p != NULL);
	json_key(&j, "at");
	json_i64(&j, k->at);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}

enum err kept_put(struct rq *rq)
{
	struct keeping *k = arena_new(rq->arena, struct keeping);
	struct buf b;
	bool any;
	enum err e;

	*k = (struct keeping){.account = rq->who.id, .at = rq->now, .form = rq_form(rq, "form")};
	if (!form_name_ok(k->form))
		return rq_fail_field(rq, ERR_INPUT, "form", N_("草稿没有说是哪张表单"));
	buf_init(&b, KEPT_BYTES);
	e = write_fields(rq, &b, &any);
	if (e == OK && any)
		e = seal(rq->arena, buf_str(&b), context(rq->arena, k->account, k->form), &k->sealed);
	buf_release(&b);
	rq_repeatable(rq);
	return e == OK ? rq_write(rq, put_job, put_done, k) : e;
}

/* ---- bringing back ---- */

static enum err write_one(struct rq *rq, struct json *j, struct str form, int64_t at, struct str sealed)
{
	struct str plain;
	enum err e = unseal(rq->arena, sealed, context(rq->arena, rq->who.id, form), &plain);

	if (e != OK)
		return OK; /* sealed with a key that is gone: as good as forgotten */
	json_obj(j);
	json_key(j, "form");
	json_str(j, form);
	json_key(j, "at");
	json_i64(j, at);
	json_key(j, "fields");
	json_raw(j, plain);
	json_end(j);
	return OK;
}

enum err kept_get(struct rq *rq)
{
	const struct http_pairs *q = &rq->http->params;
	struct json j;
	enum err e = OK;
	int asked = 0;

	json_init(&j, &rq->http->resp->body);
	json_arr(&j);
	for (size_t i = 0; e == OK && i < q->n && asked < FORMS_ASKED; i++) {
		struct web_kept_get_rows rows;

		if (!str_eqz(q->v[i].name, "form"))
			continue;
		asked++;
		e = q_web_kept_get(rq_conn(rq), rq->arena, rq->who.id, q->v[i].value, &rows);
		if (e == OK && rows.n && rows.v[0].at >= rq->now - KEPT_DAYS * MS_DAY)
			e = write_one(rq, &j, rows.v[0].form, rows.v[0].at, rows.v[0].sealed);
	}
	json_end(&j);
	json_done(&j);
	http_header_set(rq->http, "Cache-Control", STR("no-store"));
	return e == OK ? rq_json(rq, 200) : e;
}

/* "/cases/12/do#reply" was typed on /cases/12; a form that posts to its own address stands there. */
static struct str page_of(struct rq *rq, struct str form)
{
	struct str path = form, action = STR("");
	ptrdiff_t at = str_chr(form, '#');

	if (at >= 0) {
		path = str_sub(form, 0, (size_t)at);
		action = str_sub(form, (size_t)at + 1, form.n);
	}
	if (str_ends(path, "/do"))
		path = str_sub(path, 0, path.n - 3);
	return action.n ? arena_printf(rq->arena, "%.*s#do-%.*s", STR_ARG(path), STR_ARG(action)) : path;
}

enum err kept_page(struct rq *rq)
{
	struct kept_view v = {0};
	struct web_kept_of_rows rows;
	enum err e = q_web_kept_of(rq_conn(rq), rq->arena, rq->who.id, KEPT_MOST, &rows);

	if (e != OK)
		return e;
	v.v = arena_array(rq->arena, struct kept_line, rows.n + 1);
	for (size_t i = 0; i < rows.n; i++)
		v.v[v.n++] = (struct kept_line){rows.v[i].form, page_of(rq, rows.v[i].form), rows.v[i].form, rows.v[i].at};
	return rq_page(rq, html_web_kept, &v);
}

/* ---- dropping ---- */

static enum err drop_job(struct tx *tx, void *arg)
{
	const struct keeping *k = arg;

	return q_web_kept_drop(tx->c, k->account, k->form, NULL);
}

enum err kept_drop(struct rq *rq)
{
	struct keeping *k = arena_new(rq->arena, struct keeping);
	enum err e;

	*k = (struct keeping){.account = rq->who.id, .form = rq_form(rq, "form")};
	rq_flash(rq, N_("草稿已删去"));
	e = rq_redirect(rq, STR("/drafts"));
	return e == OK ? rq_write(rq, drop_job, NULL, k) : e;
}

enum err kept_sent(struct tx *tx, struct rq *rq)
{
	struct str form = rq_form(rq, "_draft");

	if (rq->who.id == 0 || !form_name_ok(form))
		return OK;
	return q_web_kept_drop(tx->c, rq->who.id, form, NULL);
}

static enum err sent_job(struct tx *tx, void *rq)
{
	return kept_sent(tx, rq);
}

enum err kept_sent_now(struct rq *rq)
{
	return str_empty(rq_form(rq, "_draft")) ? OK : db_write(rq->app->db, sent_job, rq);
}

static enum err clean_job(struct tx *tx, void *arg)
{
	return q_web_kept_clean(tx->c, *(int64_t *)arg - KEPT_DAYS * MS_DAY, NULL);
}

enum err kept_clean(struct app *app, int64_t now)
{
	return db_write(app->db, clean_job, &now);
}

enum err web_kept_reseal_job(struct tx *tx, void *arg)
{
	struct reseal_page *r = arg, was = *r;
	struct web_kept_page_rows rows;
	enum err e = q_web_kept_page(tx->c, tx->arena, r->id, str_from(r->key), RESEAL_PAGE, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		const struct web_kept_page_row *row = &rows.v[i];
		struct str sealed;
		int64_t changed = 0;

		e = seal_again(tx->arena, row->sealed, context(tx->arena, row->account, row->form), &sealed);
		if (e == OK && sealed.p)
			e = q_web_kept_reseal(tx->c, row->account, row->form, row->sealed, sealed, &changed);
		reseal_passed(r, row->account, row->form, changed);
	}
	return reseal_page_end(r, &was, rows.n, e);
}
