/* The page of reply templates: who may, adds, changes and deletes them for a place in which he may. */
#include "base/buf.h"
#include "base/id.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cap/cases/cases.html.h"
#include "cap/cases/cases.sql.h"
#include "cap/cases/fill.h"
#include "cap/cases/pages.h"
#include "cap/cases/pick.h"
#include "cap/cases/reply.h"
#include "core/journal/journal.h"
#include "core/place/place.h"
#include "web/looks.h"

#define MOST_SHOWN 300

static struct reply_template template_of(const struct cases_template_get_row *r)
{
	return (struct reply_template){r->id, r->place, r->org, r->scenario, r->category, r->title, r->body, r->updated, r->updated_by};
}

/* ---- the list ---- */

static void add_line(struct rq *rq, const struct cases_template_in_row *r, struct cases_templates_view *v)
{
	v->v[v->n++] = (struct cases_template_line){
		.id = r->id, .title = r->title, .body = utf8_ellipsis(rq->arena, r->body, 80), .place = fill_place(rq, r->place),
		.org = pick_org_name(rq, r->org, 0), .category = fill_category(rq, r->category)};
}

enum err cases_templates_page(struct rq *rq)
{
	struct cases_templates_view v = {.n = 0};
	struct scope *s;
	size_t n;
	enum err e = rq_scope(rq, "matter.template", &s, &n);

	v.v = arena_array(rq->arena, struct cases_template_line, MOST_SHOWN + 1);
	for (size_t i = 0; e == OK && i < n; i++) {
		struct cases_template_in_rows rows;

		e = q_cases_template_in(rq_conn(rq), rq->arena, s[i].from, s[i].to, MOST_SHOWN, &rows);
		for (size_t k = 0; e == OK && k < rows.n && v.n < MOST_SHOWN; k++)
			add_line(rq, &rows.v[k], &v);
	}
	return e == OK ? rq_page(rq, html_cases_templates, &v) : e;
}

/* ---- one ---- */

/* The place of somebody's work: the first in which he may. */
static struct str own_place(struct rq *rq)
{
	for (size_t i = 0; i < rq->who.nrights; i++)
		if (rq_may_at(rq, "matter.template", rq->who.rights[i].place))
			return rq->who.rights[i].place;
	return STR("");
}

static enum err load_template(struct rq *rq, struct reply_template *t)
{
	struct cases_template_get_row row;
	enum err e = ERR_NOT_FOUND;
	int64_t id;

	*t = (struct reply_template){.place = own_place(rq), .scenario = STR(""), .category = STR(""), .title = STR(""), .body = STR("")};
	if (str_eqz(rq_param(rq, "id"), "new"))
		return OK;
	if (rq_param_i64(rq, "id", &id))
		e = q_cases_template_get(rq_conn(rq), rq->arena, id, &row);
	if (e == OK)
		*t = template_of(&row);
	if (e == ERR_NOT_FOUND || (e == OK && !rq_may_at(rq, "matter.template", t->place)))
		return rq_fail(rq, ERR_NOT_FOUND, _("没有这个模板，或您不能改它"));
	return e;
}

/* Own organisations only: what another one says is its own business. */
static void own_orgs(struct rq *rq, int64_t chosen, struct cases_template_view *v)
{
	v->orgs = arena_array(rq->arena, struct cases_option, rq->who.nrights + 1);
	for (size_t i = 0; i < rq->who.nrights; i++) {
		int64_t org = rq->who.rights[i].org;
		struct str value = arena_printf(rq->arena, "%lld", (long long)org);
		bool known = org == 0;

		for (size_t k = 0; k < v->norgs; k++)
			known |= str_eq(v->orgs[k].value, value);
		if (!known)
			v->orgs[v->norgs++] = (struct cases_option){value, pick_org_name(rq, org, 0), org == chosen};
	}
}

static enum err form(struct rq *rq, const struct reply_template *t, int status)
{
	struct cases_template_view v = {.id = t->id, .title = t->title, .body = t->body, .place = fill_place(rq, t->place),
					.error = rq->reason, .error_field = rq->reason_field};

	v.id_text = arena_printf(rq->arena, "%lld", (long long)t->id);
	own_orgs(rq, t->org, &v);
	v.category = (struct cases_field_view){.kind = "category", .id = STR("category"), .name = STR("f_category"), .title = str_from(_("只用于哪一类"))};
	pick_categories(rq, &v.category);
	pick_choose(rq, &v.category, t->category);
	return rq_page_status(rq, status, html_cases_template, &v);
}

enum err cases_template_page(struct rq *rq)
{
	struct reply_template t;
	enum err e = load_template(rq, &t);

	return e == OK ? form(rq, &t, 200) : e;
}

struct saving {
	struct reply_template t;
	bool drop;
};

static enum err note_change(struct tx *tx, const struct saving *s)
{
	struct journal_entry entry = {.at = tx->now, .actor = s->t.updated_by, .kind = s->drop ? STR("template.drop") : STR("template.put"),
				      .subject = s->t.id, .place = s->t.place};
	struct journal_data d;
	struct json *j = journal_data_begin(&d);

	json_key(j, "title");
	json_str(j, s->t.title);
	return journal_append_data(tx, &entry, &d);
}

static enum err save(struct tx *tx, void *arg)
{
	struct saving *s = arg;
	const struct reply_template *t = &s->t;
	enum err e;

	if (s->drop)
		e = q_cases_template_drop(tx->c, t->id, NULL);
	else
		e = q_cases_template_put(tx->c, &(struct cases_template_put_args){
			t->id, t->place, t->org, t->scenario, t->category, t->title, t->body, t->updated, t->updated_by}, NULL);
	return e == OK ? note_change(tx, s) : e;
}

static enum err saved(struct rq *rq, void *arg, enum err result)
{
	const struct saving *s = arg;

	if (result != OK)
		return rq_fail(rq, result, _("没有办成，什么都没有改动。请稍后再试"));
	rq_flash(rq, s->drop ? N_("模板已删除") : N_("模板已保存"));
	return rq_redirect(rq, STR("/cases/templates"));
}

static bool text_ok(struct rq *rq, const char *field, struct str text, size_t most)
{
	if (str_empty(text))
		return rq_fail_field(rq, ERR_INPUT, field, _("这一项要填")), false;
	if (!utf8_valid(text) || !utf8_plain(text, true))
		return rq_fail_field(rq, ERR_INPUT, field, _("有看不见的控制字符，请删去重打")), false;
	if (utf8_count(text) > most)
		return rq_fail_field(rq, ERR_INPUT, field, _("太长：最多 %s 个字"), arena_printf(rq->arena, "%zu", most).p), false;
	return true;
}

static bool own_org(struct rq *rq, int64_t org)
{
	for (size_t i = 0; i < rq->who.nrights; i++)
		if (rq->who.rights[i].org == org)
			return true;
	return org == 0;
}

enum err cases_template_post(struct rq *rq)
{
	struct saving *s = arena_new(rq->arena, struct saving);
	struct reply_template *t = &s->t;
	enum err e = load_template(rq, t);
	int64_t kept;

	if (e != OK)
		return e;
	kept = t->org;
	s->drop = t->id && str_eqz(rq_form(rq, "drop"), "1");
	t->title = s->drop ? t->title : rq_form(rq, "title");
	t->body = s->drop ? t->body : rq_form(rq, "body");
	t->updated = rq->now;
	t->updated_by = rq->who.id;
	if (!s->drop) {
		t->category = rq_form(rq, "f_category");
		if (!str_i64(rq_form(rq, "org"), &t->org))
			t->org = 0;
		if (!text_ok(rq, "title", t->title, REPLY_TITLE_MOST) || !text_ok(rq, "body", t->body, REPLY_BODY_MOST))
			return form(rq, t, 422);
		if ((t->org != kept && !own_org(rq, t->org)) || (t->category.n && str_eq(fill_category(rq, t->category), t->category)))
			return rq_fail(rq, ERR_INPUT, _("请从列出的选项里选"));
	}
	if (t->id == 0)
		t->id = id_new(rq->now);
	return rq_write(rq, save, saved, s);
}
