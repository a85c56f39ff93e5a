#include "web/draft.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "crypto/reseal.h"
#include "web/inner.h"
#include "web/url.h"
#include "web/web.sql.h"

#define DRAFT_MAX (256 * 1024)
#define DRAFT_KEPT MS_HOUR

struct put {
	struct str id, sealed, token;
	int64_t at;
};

static struct str draft_id(struct rq *rq)
{
	struct str token = web_cookie(rq, COOKIE_DRAFT);
	unsigned char h[32];

	if (token.n < 22 || token.n > 128)
		return STR_NULL;
	token_hash(token, h);
	return hex(rq->arena, h, 16);
}

static bool carried(struct str name)
{
	/* the form's own token and key are made afresh; passwords are never kept */
	return !str_eqz(name, "_csrf") && !str_eqz(name, "_key") && str_find(name, STR("password")) < 0;
}

static enum err write_json(struct rq *rq, struct buf *b)
{
	const struct http_pairs *f = &rq->http->form;
	struct json j;

	json_init(&j, b);
	json_obj(&j);
	json_key(&j, "path");
	json_str(&j, rq->http->path);
	json_key(&j, "files");
	json_bool(&j, rq->http->nuploads > 0);
	json_key(&j, "form");
	json_arr(&j);
	for (size_t i = 0; i < f->n; i++) {
		if (!carried(f->v[i].name))
			continue;
		json_str(&j, f->v[i].name);
		json_str(&j, f->v[i].value);
	}
	json_end(&j);
	json_end(&j);
	json_done(&j);
	return buf_check(b);
}

static enum err put_job(struct tx *tx, void *arg)
{
	struct put *p = arg;

	return q_web_draft_put(tx->c, p->id, p->at, p->sealed, NULL);
}

static enum err put_done(struct rq *rq, void *arg, enum err result)
{
	struct put *p = arg;

	if (result != OK)
		return result;
	web_cookie_set(rq, COOKIE_DRAFT, p->token, DRAFT_KEPT / MS_SECOND);
	return rq_redirect(rq, STR("/login?next=%2Fcontinue"));
}

enum err draft_keep(struct rq *rq)
{
	struct put *p = arena_new(rq->arena, struct put);
	unsigned char h[32];
	struct buf b;
	enum err e;

	answer_reset(rq);
	buf_init(&b, DRAFT_MAX);
	e = write_json(rq, &b);
	p->token = token_new(rq->arena);
	p->at = rq->now;
	token_hash(p->token, h);
	p->id = hex(rq->arena, h, 16);
	if (e == OK)
		e = seal(rq->arena, buf_str(&b), arena_printf(rq->arena, "draft:%.*s", STR_ARG(p->id)), &p->sealed);
	buf_release(&b);
	rq_repeatable(rq);
	return e == OK ? rq_write(rq, put_job, put_done, p) : e;
}

static enum err read_json(struct rq *rq, struct str text, struct web_carry_view *out)
{
	struct json_limits limits = {.bytes = DRAFT_MAX, .depth = 4};
	struct str why;
	json_t *top, *form;
	enum err e = json_parse(rq->arena, text, &limits, &top, &why);

	if (e != OK)
		return e;
	form = json_get(top, "form");
	if (!json_get_str(top, "path", &out->path) || !json_get_bool(top, "files", &out->files) || !json_is_array(form))
		return ERR_INPUT;
	out->v = arena_array(rq->arena, struct http_pair, json_array_size(form) / 2 + 1);
	for (size_t i = 0; i + 1 < json_array_size(form); i += 2) {
		const json_t *name = json_array_get(form, i), *value = json_array_get(form, i + 1);

		if (!json_is_string(name) || !json_is_string(value))
			return ERR_INPUT;
		out->v[out->n++] = (struct http_pair){{json_string_value(name), json_string_length(name)},
						      {json_string_value(value), json_string_length(value)}};
	}
	return OK;
}

enum err web_draft_load(struct rq *rq, struct web_carry_view *out)
{
	struct str id = draft_id(rq), plain;
	struct web_draft_get_row row;
	enum err e;

	*out = (struct web_carry_view){0};
	if (id.p == NULL)
		return ERR_NOT_FOUND;
	e = q_web_draft_get(rq_conn(rq), rq->arena, id, rq->now - DRAFT_KEPT, &row);
	if (e == OK)
		e = unseal(rq->arena, row.sealed, arena_printf(rq->arena, "draft:%.*s", STR_ARG(id)), &plain);
	return e == OK ? read_json(rq, plain, out) : e;
}

void web_draft_leave(struct rq *rq)
{
	if (web_cookie(rq, COOKIE_DRAFT).p)
		web_cookie_set(rq, COOKIE_DRAFT, STR(""), -1);
}

static enum err clean_job(struct tx *tx, void *arg)
{
	return q_web_draft_clean(tx->c, *(int64_t *)arg - DRAFT_KEPT, NULL);
}

enum err draft_clean(struct app *app, int64_t now)
{
	return db_write(app->db, clean_job, &now);
}

enum err web_draft_reseal_job(struct tx *tx, void *arg)
{
	struct reseal_page *r = arg, was = *r;
	struct web_draft_page_rows rows;
	enum err e = q_web_draft_page(tx->c, tx->arena, str_from(r->key), RESEAL_PAGE, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		struct str sealed;
		int64_t changed = 0;

		e = seal_again(tx->arena, rows.v[i].sealed, arena_printf(tx->arena, "draft:%.*s", STR_ARG(rows.v[i].id)), &sealed);
		if (e == OK && sealed.p)
			e = q_web_draft_reseal(tx->c, rows.v[i].id, rows.v[i].sealed, sealed, &changed);
		reseal_passed(r, 0, rows.v[i].id, changed);
	}
	return reseal_page_end(r, &was, rows.n, e);
}
