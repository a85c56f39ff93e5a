/* The page of one matter: what happened, what may be done now, and doing it. */
#include "base/buf.h"
#include "base/json.h"
#include "cap/cases/advice.h"
#include "cap/cases/cases.html.h"
#include "cap/cases/map.h"
#include "cap/cases/pages.h"
#include "cap/cases/photos.h"
#include "cap/cases/reply.h"
#include "core/journal/journal.h"
#include "web/looks.h"

#define MAX_ASKS 32

static enum err load(struct rq *rq, struct matter *m)
{
	int64_t id;
	enum err e;

	if (!rq_param_i64(rq, "id", &id))
		return rq_fail(rq, ERR_NOT_FOUND, _("没有这件事项"));
	e = matter_get(rq_conn(rq), rq->arena, id, m);
	if (e == ERR_NOT_FOUND || (e == OK && !cases_may_see(&rq->who, m)))
		/* whether it exists is nobody's business outside */
		return rq_fail(rq, ERR_NOT_FOUND, _("没有这件事项，或它不在您的工作范围内"));
	return e;
}

static enum err show(struct rq *rq, struct matter *m, bool plain, struct cases_show_view *v)
{
	/* masked values are read too: the page shows that something is there, and its end */
	enum err e = matter_values(rq_conn(rq), rq->arena, m, true);

	if (e == OK)
		e = fill_show(rq, m, plain, v);
	return e == OK ? cases_map_matter(rq, m, NULL, 0, &v->map) : e;
}

enum err cases_show_page(struct rq *rq)
{
	struct cases_show_view v;
	struct matter m;
	enum err e;

	if ((e = load(rq, &m)) != OK || (e = show(rq, &m, false, &v)) != OK || (e = cases_advise(rq, &m, &v)) != OK)
		return e;
	return rq_page(rq, html_cases_show, &v);
}

/* ---- acting ---- */

struct act {
	struct matter_act act;
	struct cases_photos photos;
};

static enum err act_job(struct tx *tx, void *arg)
{
	struct act *x = arg;
	enum err e = matter_do(tx, &x->act);

	return e == OK ? cases_photos_put(tx, x->act.id, x->act.step, &x->photos) : e;
}

static struct str posted_values(struct rq *rq, const char *name)
{
	struct str all = STR_NULL;

	for (size_t i = 0; i < rq->http->form.n; i++) {
		struct str v = str_trim(rq->http->form.v[i].value);

		if (!str_eqz(rq->http->form.v[i].name, name) || str_empty(v))
			continue;
		all = all.p ? arena_cat(rq->arena, arena_cat(rq->arena, all, STR(",")), v) : v;
	}
	return all;
}

static struct str org_of(struct str chosen)
{
	ptrdiff_t dot = str_chr(chosen, '.');

	return dot < 0 ? chosen : str_sub(chosen, 0, (size_t)dot);
}

static struct str post_of(struct str chosen)
{
	ptrdiff_t dot = str_chr(chosen, '.');

	return dot < 0 ? STR_NULL : str_sub(chosen, (size_t)dot + 1, chosen.n);
}

static enum err read_answers(struct rq *rq, const struct scenario *s, int index, struct act *x)
{
	const struct scenario_action *a = &s->actions[index];
	struct matter_act *act = &x->act;
	enum err e = OK;

	act->values = arena_array(rq->arena, struct matter_value, a->nasks + 1);
	for (size_t i = 0; e == OK && i < a->nasks && i < MAX_ASKS; i++) {
		const struct scenario_field *f = scenario_ask(s, a->asks[i].field);
		struct str v;

		if (f && f->type == FIELD_IMAGE) {
			e = cases_photos_read(rq, f, &x->photos);
			continue;
		}
		v = posted_values(rq, arena_printf(rq->arena, "f_%.*s", STR_ARG(a->asks[i].field)).p);
		if (f && str_eqz(f->id, "post")) /* chosen together with its organisation: "ORG.POST" */
			v = post_of(posted_values(rq, "f_lead"));
		else if (f && str_eqz(f->id, "lead"))
			v = org_of(v);
		if (!str_empty(v))
			act->values[act->nvalues++] = (struct matter_value){a->asks[i].field, v};
	}
	return e;
}

static void keep_typed(struct rq *rq, const struct scenario *s, const struct matter_act *act, struct cases_show_view *v)
{
	v->kept = arena_array(rq->arena, struct cases_fact, act->nvalues + 1);
	for (size_t i = 0; i < act->nvalues; i++) {
		const struct scenario_field *d = scenario_ask(s, act->values[i].field);

		v->kept[v->nkept++] = (struct cases_fact){d ? looks_text(rq, d->title) : act->values[i].field, act->values[i].value, false};
	}
}

static const struct rule_outcome *may_override(const struct matter_act *act)
{
	for (size_t i = 0; i < act->noutcomes; i++)
		if (act->outcomes[i].verdict == RULE_FAIL && act->outcomes[i].rule->strength == RULE_SHOULD)
			return &act->outcomes[i];
	return NULL;
}

/* The page again with what was typed, as its reader will see it; nothing has been done yet. */
static enum err show_preview(struct rq *rq, struct matter *m, const struct scenario_action *a, struct act *x)
{
	struct cases_show_view v;
	enum err e = show(rq, m, false, &v);

	for (size_t i = 0; e == OK && i < v.nactions; i++) {
		v.actions[i].open = str_eq(v.actions[i].id, a->id);
		if (v.actions[i].open)
			cases_photos_show(rq, &x->photos, v.actions[i].fields, v.actions[i].nfields);
	}
	if (e != OK)
		return e;
	v.preview = reply_preview(rq, m, a, x->act.values, x->act.nvalues);
	return rq_page(rq, html_cases_show, &v);
}

/* The page again, with what was typed and what is wrong; or, when somebody was first, with what happened meanwhile. */
static enum err show_failure(struct rq *rq, struct act *x, enum err result)
{
	struct matter_act *act = &x->act;
	const struct rule_outcome *soft = may_override(act);
	struct cases_show_view v;
	struct matter m;
	struct str why;
	enum err e;
	bool there = false;

	why = looks_why(rq, act->why, &act->said);
	rq->reason = why;
	rq->reason_field = act->why_field;
	if ((e = load(rq, &m)) != OK || (e = show(rq, &m, false, &v)) != OK)
		return e;
	for (size_t i = 0; i < v.nactions && result != ERR_CONFLICT; i++) {
		v.actions[i].open = str_eq(v.actions[i].id, act->action);
		if (!v.actions[i].open)
			continue;
		there = true;
		cases_photos_show(rq, &x->photos, v.actions[i].fields, v.actions[i].nfields);
		v.actions[i].error = why.p ? why : str_from(_("没有办成，请再试一次"));
		if (soft) {
			v.actions[i].asks_override = true;
			v.actions[i].rule = arena_printf(rq->arena, "%s（%s）", _(soft->rule->title), soft->rule->source);
		}
	}
	if (!there) {
		v.conflict = why.p ? why : str_from(_("这一步已经不能办了"));
		keep_typed(rq, scenario_version(m.scenario, m.scenario_version), act, &v);
	}
	return rq_page_status(rq, err_http_status(result), html_cases_show, &v);
}

static enum err did(struct rq *rq, void *arg, enum err result)
{
	struct act *x = arg;
	struct matter_act *act = &x->act;
	struct matter m;

	if (result == ERR_INPUT || result == ERR_RULE || result == ERR_CONFLICT || result == ERR_FORBIDDEN)
		return show_failure(rq, x, result);
	if (result != OK)
		return rq_fail(rq, result, _("没有办成，什么都没有改动。请稍后再试"));
	if (matter_get(rq_conn(rq), rq->arena, act->id, &m) == OK && !cases_may_see(&rq->who, &m)) {
		rq_flash(rq, _("已办，事项已转到您的工作范围之外"));
		return rq_redirect(rq, STR("/inbox"));
	}
	rq_flash(rq, _("已办"));
	return rq_redirect(rq, arena_printf(rq->arena, "/cases/%lld", (long long)act->id));
}

enum err cases_do(struct rq *rq)
{
	struct act *x = arena_new(rq->arena, struct act);
	struct str action = rq_form(rq, "action");
	const struct scenario *s;
	struct matter m;
	int64_t version;
	int index;
	enum err e = load(rq, &m);

	if (e != OK)
		return e;
	s = scenario_version(m.scenario, m.scenario_version);
	index = s ? scenario_action(s, action) : -1;
	if (index < 0 || !str_i64(rq_form(rq, "version"), &version))
		return rq_fail(rq, ERR_INPUT, _("不认识这一步，请回到事项页面重新选择"));
	x->act = (struct matter_act){.id = m.id, .version = version, .action = s->actions[index].id, .by = {.who = &rq->who}, .arena = rq->arena,
				   .override_reason = rq_form(rq, "override_reason")};
	e = read_answers(rq, s, index, x);
	if (e == OK && x->photos.why) {
		x->act.why = str_from(x->photos.why);
		return show_failure(rq, x, ERR_INPUT);
	}
	if (e == OK && str_eqz(rq_form(rq, "preview"), "1"))
		return show_preview(rq, &m, &s->actions[index], x);
	if (e == OK)
		e = photos_take(rq, x->photos.v, x->photos.n, x->photos.files);
	return e == OK ? rq_write(rq, act_job, did, x) : e;
}

/* ---- seeing what is masked, with a purpose, journalled ---- */

struct reveal {
	struct matter m;
	int64_t actor;
	struct str purpose;
};

static enum err note_reveal(struct tx *tx, void *arg)
{
	struct reveal *r = arg;
	struct journal_entry entry = {.at = tx->now, .actor = r->actor, .kind = STR("matter.reveal"), .subject = r->m.id, .place = r->m.place};
	struct journal_data d;
	struct json *j = journal_data_begin(&d);

	json_key(j, "purpose");
	json_str(j, r->purpose);
	return journal_append_data(tx, &entry, &d);
}

static enum err revealed(struct rq *rq, void *arg, enum err result)
{
	struct reveal *r = arg;
	struct cases_show_view v;
	enum err e;

	if (result != OK)
		return rq_fail(rq, result, _("没有记下查看目的，所以不能显示。请稍后再试"));
	if ((e = load(rq, &r->m)) != OK || (e = show(rq, &r->m, true, &v)) != OK)
		return e;
	http_header(rq->http, "Cache-Control", STR("no-store"));
	return rq_page(rq, html_cases_show, &v);
}

enum err cases_reveal(struct rq *rq)
{
	struct reveal *r = arena_new(rq->arena, struct reveal);
	struct cases_show_view v;
	enum err e = load(rq, &r->m);

	if (e != OK)
		return e;
	r->actor = rq->who.id;
	r->purpose = rq_form(rq, "purpose");
	if (r->purpose.n >= 6 && r->purpose.n <= 600)
		return rq_write(rq, note_reveal, revealed, r);
	if ((e = show(rq, &r->m, false, &v)) != OK)
		return e;
	v.reveal_error = str_from(_("请写明为什么要看（2 到 200 个字）"));
	return rq_page_status(rq, 400, html_cases_show, &v);
}

/* ---- photographs ---- */

enum err cases_photo(struct rq *rq)
{
	struct matter m;
	struct matter_file *f;
	int64_t id;
	size_t n;
	enum err e = load(rq, &m);

	if (e == OK)
		e = matter_all_files(rq_conn(rq), rq->arena, m.id, &f, &n);
	if (e != OK)
		return e;
	for (size_t i = 0; rq_param_i64(rq, "file", &id) && i < n; i++) {
		bool thumb = str_eqz(rq_query(rq, "thumb"), "1") && f[i].thumb.n;

		if (f[i].id != id)
			continue;
		e = photo_send(rq, photo_stored(rq->app, rq->arena, thumb ? f[i].thumb : f[i].path));
		if (e == ERR_NOT_FOUND)
			return rq_fail(rq, ERR_IO, _("照片文件读不出来，请告诉系统管理员"));
		http_header_set(rq->http, "Cache-Control", STR("private, max-age=3600"));
		return e;
	}
	return rq_fail(rq, ERR_NOT_FOUND, _("没有这张照片"));
}
