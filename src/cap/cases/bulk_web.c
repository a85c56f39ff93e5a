/* Several matters at once: choosing, one form for all, what became of each. */
#include "cap/cases/bulk.h"
#include "cap/cases/cases.html.h"
#include "cap/cases/cases.sql.h"
#include "cap/cases/pages.h"
#include "crypto/crypto.h"
#include "web/kept.h"
#include "web/looks.h"

#define RUN_BYTES 16
#define ASKS_MOST 32

struct chosen {
	struct matter *v;
	int64_t *versions;           /* as the reader saw them; -1: not said */
	size_t n, asked, missing;    /* asked: as many were named */
	bool too_many;
};

/* "12.3": number and version, or a number alone. */
static bool read_one(struct str s, int64_t *id, int64_t *version)
{
	struct str left;

	*version = -1;
	if (!str_split(&s, '.', &left) || !str_i64(left, id) || *id <= 0)
		return false;
	return s.p == NULL || s.n == 0 || (str_i64(s, version) && *version >= 0);
}

static bool known(const int64_t *ids, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* m=12&m=15 of check boxes, or m=12.3,15.1 of our own form. */
static size_t read_numbers(const struct http_pairs *p, int64_t *ids, int64_t *versions, bool *too_many)
{
	size_t n = 0;

	*too_many = false;
	for (size_t i = 0; i < p->n; i++) {
		struct str rest = p->v[i].value, part;

		if (!str_eqz(p->v[i].name, "m"))
			continue;
		while (str_split(&rest, ',', &part)) {
			int64_t id, version;

			if (!read_one(part, &id, &version) || known(ids, n, id))
				continue;
			if (n == BULK_MOST) {
				*too_many = true;
				return n;
			}
			ids[n] = id;
			versions[n++] = version;
		}
	}
	return n;
}

static enum err choose(struct rq *rq, const struct http_pairs *p, struct chosen *c)
{
	int64_t *ids = arena_array(rq->arena, int64_t, BULK_MOST);
	enum err e = OK;

	*c = (struct chosen){.v = arena_array(rq->arena, struct matter, BULK_MOST), .versions = arena_array(rq->arena, int64_t, BULK_MOST)};
	c->asked = read_numbers(p, ids, c->versions, &c->too_many);
	for (size_t i = 0; e == OK && i < c->asked; i++) {
		e = matter_get(rq_conn(rq), rq->arena, ids[i], &c->v[c->n]);
		if (e == ERR_NOT_FOUND || (e == OK && !cases_may_see(&rq->who, &c->v[c->n]))) {
			c->missing++;
			e = OK;
			continue;
		}
		c->versions[c->n] = c->versions[i];
		c->n++;
	}
	return e;
}

/* ---- one form for all ---- */

static void fill_action(struct rq *rq, const struct bulk_action *b, struct str place, struct cases_action_view *out)
{
	const struct scenario_action *a = &b->s->actions[b->index];
	const struct scenario_field *ask[ASKS_MOST];
	bool required[ASKS_MOST];
	size_t n = 0;

	*out = (struct cases_action_view){.id = a->id, .title = looks_text(rq, a->title), .danger = a->danger};
	for (size_t i = 0; i < a->nasks && n < ASKS_MOST; i++) {
		const struct scenario_field *f = scenario_ask(b->s, a->asks[i].field);

		if (f->type == FIELD_IMAGE || str_eqz(f->id, "post")) /* a post is chosen one by one */
			continue;
		required[n] = a->asks[i].required;
		ask[n++] = f;
	}
	out->fields = arena_array(rq->arena, struct cases_field_view, n + 1);
	out->nfields = n;
	fill_fields(rq, NULL, place, ask, required, n, arena_printf(rq->arena, "%.*s-", STR_ARG(a->id)).p, out->fields);
}

/* lead=ORG in the address, as the map sends it: chosen already, and looked at before anything is done. */
static void choose_lead(struct rq *rq, struct cases_action_view *a)
{
	struct str lead = rq_query(rq, "lead");
	int64_t org;

	for (size_t i = 0; i < a->nfields; i++)
		if (str_i64(lead, &org) && str_eqz(a->fields[i].name, "f_lead"))
			fill_choose(rq, &a->fields[i], lead);
}

static struct matter_row row_of(const struct matter *m)
{
	return (struct matter_row){.id = m->id, .created = m->created, .due = m->suspended_since ? 0 : m->due, .state_since = m->state_since,
				   .version = m->version, .code = m->code, .scenario = m->scenario, .state = m->state, .title = m->title,
				   .place = m->place, .category = m->category, .channel = m->channel, .demo = m->demo};
}

static void fill_blocks(struct rq *rq, const struct bulk_run *r, struct cases_action_view *out)
{
	out->blocks = arena_array(rq->arena, struct cases_block, r->nblocks + 1);
	out->nblocks = r->nblocks;
	for (size_t i = 0; i < r->nblocks; i++) {
		const struct bulk_block *b = &r->blocks[i];
		struct cases_block *to = &out->blocks[i];

		*to = (struct cases_block){.name = str_from(b->rule->name), .reason = b->reason, .v = arena_array(rq->arena, struct cases_option, b->n + 1)};
		to->title = arena_printf(rq->arena, "%s（%s）", _(b->rule->title), b->rule->source);
		for (; to->n < b->n; to->n++)
			to->v[to->n] = (struct cases_option){arena_printf(rq->arena, "/cases/%lld", (long long)b->v[to->n]->id),
							     matter_mask(rq->arena, b->v[to->n]->title), false};
	}
}

static enum err bulk_form(struct rq *rq, const struct chosen *c, const struct bulk_run *r, struct str open, int status)
{
	struct cases_bulk_view v = {.chosen = c->asked, .missing = c->missing, .too_many = c->too_many, .most = BULK_MOST, .ids = STR("")};
	struct matter_row *rows = arena_array(rq->arena, struct matter_row, c->n + 1);
	struct str place = bulk_place(c->v, c->n);
	struct bulk_action *actions;
	size_t n;
	enum err e = bulk_actions(rq->arena, &rq->who, c->v, c->n, rq->now, &actions, &n);

	if (e != OK)
		return e;
	for (size_t i = 0; i < c->n; i++) {
		rows[i] = row_of(&c->v[i]);
		v.ids = arena_printf(rq->arena, "%.*s%s%lld.%lld", STR_ARG(v.ids), i ? "," : "", (long long)c->v[i].id, (long long)c->v[i].version);
	}
	fill_rows(rq, rows, c->n, &v.page);
	v.actions = arena_array(rq->arena, struct cases_action_view, n + 1);
	v.nactions = n;
	for (size_t i = 0; i < n; i++) {
		fill_action(rq, &actions[i], place, &v.actions[i]);
		choose_lead(rq, &v.actions[i]);
		v.actions[i].open = open.n ? str_eq(v.actions[i].id, open) : i == 0 && !v.actions[i].danger;
		if (status != 200 && v.actions[i].open)
			v.actions[i].error = rq->reason;
		if (r && v.actions[i].open)
			fill_blocks(rq, r, &v.actions[i]);
	}
	return rq_page_status(rq, status, html_cases_bulk, &v);
}

enum err cases_bulk_page(struct rq *rq)
{
	struct chosen c;
	enum err e = choose(rq, &rq->http->params, &c);

	return e == OK ? bulk_form(rq, &c, NULL, rq_query(rq, "do"), 200) : e;
}

/* ---- doing ---- */

static struct str all_values(struct rq *rq, const char *name)
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

/* What is missing is told before anything is done. */
static bool read_answers(struct rq *rq, const struct bulk_action *b, struct bulk_run *r)
{
	const struct scenario_action *a = &b->s->actions[b->index];

	r->values = arena_array(rq->arena, struct matter_value, a->nasks + 1);
	for (size_t i = 0; i < a->nasks; i++) {
		struct str v = all_values(rq, arena_printf(rq->arena, "f_%.*s", STR_ARG(a->asks[i].field)).p);

		if (!str_empty(v)) {
			r->values[r->nvalues++] = (struct matter_value){a->asks[i].field, v};
		} else if (a->asks[i].required) {
			rq->reason = str_from(_("这一项要填，一件都还没有办"));
			rq->reason_field = a->asks[i].field;
			return false;
		}
	}
	return true;
}

static void read_reasons(struct rq *rq, struct bulk_run *r)
{
	for (size_t i = 0; i < r->nblocks; i++)
		r->blocks[i].reason = rq_form(rq, arena_printf(rq->arena, "why_%s", r->blocks[i].rule->name).p);
}

static struct str run_name(struct rq *rq)
{
	struct str key = rq_form(rq, "_key");
	unsigned char h[32];

	token_hash(arena_printf(rq->arena, "bulk:%lld:%.*s", (long long)rq->who.id, STR_ARG(key.n >= 16 ? key : token_new(rq->arena))), h);
	return hex(rq->arena, h, RUN_BYTES);
}

static enum err do_all(struct rq *rq, const struct bulk_run *r)
{
	int64_t *ids = arena_array(rq->arena, int64_t, BULK_MOST), *versions = arena_array(rq->arena, int64_t, BULK_MOST);
	bool too_many;
	size_t n = read_numbers(&rq->http->form, ids, versions, &too_many);

	for (size_t i = 0; i < n; i++) {
		enum err e = bulk_do(rq, r, ids[i], versions[i]);

		if (e != OK)
			return rq_fail(rq, e, _("办了 %d 件以后系统出了问题。请回到刚才的表单再提交一次：已经办了的不会重复，没有办的会接着办"), (int)i);
	}
	if (kept_sent_now(rq) != OK)
		rq_flash(rq, _("已办，但草稿没有删去"));
	return rq_redirect(rq, arena_printf(rq->arena, "/cases/bulk/%.*s", STR_ARG(r->run)));
}

/*
 * The step as the scenario of one of the matters has it. Whether it is allowed is asked of each matter when it is done: a form that is sent again
 * finds none that allows the step any more, and is shown what it did.
 */
static bool find_action(const struct chosen *c, struct str id, struct bulk_action *out)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct scenario *s = matter_scenario(&c->v[i]);
		int index = scenario_action(s, id);

		if (index >= 0) {
			*out = (struct bulk_action){s, index};
			return true;
		}
	}
	return false;
}

enum err cases_bulk_do(struct rq *rq)
{
	struct bulk_run r = {.action = rq_form(rq, "action")};
	struct bulk_action b;
	struct chosen c;
	enum err e = choose(rq, &rq->http->form, &c);

	if (e != OK)
		return e;
	if (c.n == 0 || !find_action(&c, r.action, &b))
		return rq_fail(rq, ERR_INPUT, _("不认识这一步，请回到列表重新选择"));
	if (!read_answers(rq, &b, &r))
		return bulk_form(rq, &c, NULL, r.action, 422);
	e = bulk_blocked(rq, &r, c.v, c.versions, c.n);
	if (e != OK)
		return e;
	read_reasons(rq, &r);
	/* asked once: what is left without a reason then is what the person leaves */
	if (r.nblocks && !str_eqz(rq_form(rq, "rules_seen"), "1")) {
		rq->reason = str_from(_("有规定要求说明理由，一件都还没有办"));
		return bulk_form(rq, &c, &r, r.action, 422);
	}
	r.run = run_name(rq);
	return do_all(rq, &r);
}

/* ---- what became of it ---- */

static void fill_line(struct rq *rq, const struct cases_bulk_of_row *row, struct cases_bulk_done_view *v)
{
	struct cases_bulk_line *l = &v->v[v->n++];
	struct matter m;
	bool seen = matter_get(rq_conn(rq), rq->arena, row->matter, &m) == OK && cases_may_see(&rq->who, &m);
	int i;

	*l = (struct cases_bulk_line){.id = seen ? row->matter : 0};
	l->title = seen ? matter_mask(rq->arena, m.title) : arena_printf(rq->arena, _("序号 %lld（已不在您的工作范围内）"), (long long)row->matter);
	l->why = rq->lang == LANG_EN ? row->why_en : row->why;
	l->css = row->result == OK ? " tag--ok" : row->result == ERR_CONFLICT ? " tag--soon" : " tag--late";
	l->result = str_from(row->result == OK ? _("已办") : row->result == ERR_CONFLICT ? _("有变化，没有办") : _("没有办"));
	v->done += row->result == OK;
	v->refused += row->result != OK;
	if (row->result != OK && seen)
		v->again = arena_printf(rq->arena, "%.*s%cm=%lld", STR_ARG(v->again), v->again.n > 12 ? '&' : '?', (long long)row->matter);
	i = seen ? scenario_action(matter_scenario(&m), row->action) : -1;
	if (i >= 0 && v->action.p == NULL)
		v->action = looks_text(rq, matter_scenario(&m)->actions[i].title);
}

enum err cases_bulk_done_page(struct rq *rq)
{
	struct cases_bulk_done_view v = {.again = STR("/cases/bulk")};
	struct cases_bulk_of_rows rows;
	enum err e = q_cases_bulk_of(rq_conn(rq), rq->arena, rq_param(rq, "run"), rq->who.id, &rows);

	if (e != OK)
		return e;
	if (rows.n == 0)
		return rq_fail(rq, ERR_NOT_FOUND, _("没有这一次办理的结果，结果只保留两天"));
	v.v = arena_array(rq->arena, struct cases_bulk_line, rows.n);
	for (size_t i = 0; i < rows.n; i++)
		fill_line(rq, &rows.v[i], &v);
	if (str_eqz(v.again, "/cases/bulk"))
		v.again = STR("");
	if (v.action.p == NULL)
		v.action = str_from(_("一起办理"));
	return rq_page(rq, html_cases_bulk_done, &v);
}
