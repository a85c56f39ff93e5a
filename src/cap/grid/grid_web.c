/* Pages of the grid: the first page, and what is sent from it. */
#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cap/grid/grid.html.h"
#include "cap/grid/grid_pages.h"
#include "core/matter/category.h"

#include <math.h>

#define FRESH_DAYS 14
#define SHOWN 30

/* ---- lists ---- */

static void row_of(struct rq *rq, const struct matter_row *r, struct grid_row *out)
{
	const struct scenario *s = scenario_current(r->scenario);
	struct matter m = {.due = r->due, .kind = STATE_OPEN, .state_since = r->state_since, .created = r->created};
	int state = s ? scenario_state(s, r->state) : -1;
	struct place p;

	*out = (struct grid_row){.id = r->id, .version = r->version, .created = r->created, .title = matter_mask(rq->arena, r->title)};
	if (state >= 0) {
		out->state = looks_text(rq, s->states[state].title);
		m.kind = s->states[state].kind;
	}
	if (m.kind < STATE_CLOSED && r->due) {
		out->clock = looks_clock(rq, r->due, 0);
		out->clock_class = looks_clock_class(matter_clock_colour(&m, rq->now), 0);
	}
	if (place_by_key(rq_conn(rq), rq->arena, r->place, &p) == OK)
		out->place = place_short_name(p.name);
}

/* What the reader can do with it in one tap. */
static enum err row_steps(struct rq *rq, struct grid_row *row)
{
	struct matter m;
	int *which;
	size_t n;
	enum err e = matter_get(rq_conn(rq), rq->arena, row->id, &m);

	if (e == OK)
		e = grid_steps(rq->arena, &m, &rq->who, rq->now, &which, &n);
	if (e != OK)
		return e;
	row->version = m.version;
	row->mine = m.filed_by == rq->who.id || m.reporter == rq->who.id;
	row->steps = arena_array(rq->arena, struct grid_choice, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct scenario_action *act = &matter_scenario(&m)->actions[which[i]];

		row->steps[row->nsteps++] = (struct grid_choice){act->id, looks_text(rq, act->title), i == 0};
	}
	return OK;
}

static enum err assigned_of(struct rq *rq, struct grid_home_view *v)
{
	const struct actor_session *who = &rq->who;
	struct str *roles = arena_array(rq->arena, struct str, who->nrights + 1);
	struct str *from = arena_array(rq->arena, struct str, who->nrights + 1), *to = arena_array(rq->arena, struct str, who->nrights + 1);
	int64_t *orgs = arena_array(rq->arena, int64_t, who->nrights + 1);
	struct matter_inbox in = {.roles = roles, .from = from, .to = to, .orgs = orgs, .n = who->nrights, .actor = who->id, .limit = SHOWN};
	struct matter_page page;
	enum err e;

	for (size_t i = 0; i < who->nrights; i++) {
		roles[i] = who->rights[i].role;
		from[i] = who->rights[i].place;
		to[i] = place_after(rq->arena, who->rights[i].place);
		orgs[i] = who->rights[i].org;
	}
	e = matter_inbox_page(rq_conn(rq), rq->arena, &in, &page);
	if (e != OK)
		return e;
	v->more = page.more;
	v->assigned = arena_array(rq->arena, struct grid_row, page.n + 1);
	for (size_t i = 0; e == OK && i < page.n; i++) {
		row_of(rq, &page.v[i], &v->assigned[v->nassigned]);
		e = row_steps(rq, &v->assigned[v->nassigned++]);
	}
	return e;
}

static bool shown_already(const struct grid_home_view *v, int64_t id)
{
	for (size_t i = 0; i < v->nassigned; i++)
		if (v->assigned[i].id == id)
			return true;
	return false;
}

static enum err fresh_of(struct rq *rq, struct grid_home_view *v)
{
	struct matter_filter filter = {.limit = SHOWN, .from = rq->now - FRESH_DAYS * MS_DAY};
	struct scope *scope;
	struct matter_scope in = {.private_too = true};
	struct matter_page page;
	struct str *from, *to;
	enum err e = rq_scope(rq, "grid.work", &scope, &in.n);

	v->days = FRESH_DAYS;
	if (e != OK || in.n == 0)
		return e;
	from = arena_array(rq->arena, struct str, in.n);
	to = arena_array(rq->arena, struct str, in.n);
	for (size_t i = 0; i < in.n; i++) {
		from[i] = scope[i].from;
		to[i] = scope[i].to;
	}
	in.from = from;
	in.to = to;
	e = matter_list_page(rq_conn(rq), rq->arena, &in, &filter, rq->now, &page);
	if (e != OK)
		return e;
	v->fresh = arena_array(rq->arena, struct grid_row, page.n + 1);
	for (size_t i = 0; i < page.n; i++)
		if (!shown_already(v, page.v[i].id))
			row_of(rq, &page.v[i], &v->fresh[v->nfresh++]);
	return OK;
}

enum err grid_home_page(struct rq *rq, int status, struct grid_form *found, int64_t failed_id, struct grid_error failed)
{
	struct grid_home_view v = {.found = found, .failed_id = failed_id, .failed = failed};
	struct place *mine;
	size_t n;
	enum err e = grid_mine(rq, &mine, &n);

	rq->head.roomy = true;
	if (e == OK)
		e = assigned_of(rq, &v);
	if (e == OK)
		e = fresh_of(rq, &v);
	if (e != OK)
		return e;
	v.name = grid_names(rq, mine, n);
	return rq_page_status(rq, status, html_grid_home, &v);
}

enum err grid_home(struct rq *rq)
{
	struct grid_form *f;
	enum err e = grid_form_make(rq, "found", false, &f);

	return e == OK ? grid_home_page(rq, 200, f, 0, (struct grid_error){0}) : e;
}

enum err grid_proxy_page(struct rq *rq)
{
	struct grid_form *f;
	enum err e = grid_form_make(rq, "proxy", false, &f);

	rq->head.roomy = true;
	return e == OK ? rq_page(rq, html_grid_proxy, f) : e;
}

/* ---- sending ---- */

struct sending {
	struct grid_filing f;
	struct grid_form *form;
	bool json;
};

static enum err wrong(struct rq *rq, struct sending *w, int status)
{
	struct grid_form *f = w->form;

	if (w->json)
		return rq_fail_field(rq, ERR_INPUT, arena_strz(rq->arena, f->errors[0].field), "%s", f->errors[0].text.p);
	rq->head.roomy = true;
	return strcmp(f->kind, "found") == 0 ? grid_home_page(rq, status, f, 0, (struct grid_error){0}) :
					       rq_page_status(rq, status, html_grid_proxy, f);
}

static void form_fault(struct grid_form *f, struct str field, struct str text)
{
	if (f->nerrors < ARRAY_LEN(f->errors))
		f->errors[f->nerrors++] = (struct grid_error){field, text};
}

static enum err answer_json(struct rq *rq, const struct sending *w, bool again)
{
	struct json j;

	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "ok"), json_bool(&j, true);
	json_key(&j, "again"), json_bool(&j, again);
	json_key(&j, "id"), json_str(&j, arena_printf(rq->arena, "%lld", (long long)w->f.m.id));
	if (strcmp(w->form->kind, "proxy") == 0)
		json_key(&j, "code"), json_str(&j, w->f.m.code);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}

static enum err sent(struct rq *rq, void *arg, enum err result)
{
	struct sending *w = arg;
	bool again = result == ERR_CONFLICT;

	if (result == OK || again) {
		if (w->json)
			return answer_json(rq, w, again);
		if (strcmp(w->form->kind, "proxy") == 0)
			rq_flash(rq, N_("已登记。编号 %s 请告诉反映人，凭它查进度、评价；这里只显示这一次"), w->f.m.code.p);
		else
			rq_flash(rq, N_("记下了。"));
		return rq_redirect(rq, STR("/grid"));
	}
	if (result != ERR_INPUT && result != ERR_RULE && result != ERR_FORBIDDEN && result != ERR_TOO_MUCH)
		return result;
	form_fault(w->form, STR("note"), w->f.act.why.n ? looks_why(rq, w->f.act.why, &w->f.act.said) : str_from(_("这一步现在不能做，请换一步")));
	return wrong(rq, w, 422);
}

static void value(struct matter_new *m, const struct scenario *s, struct str field, struct str v)
{
	if (!str_empty(v) && scenario_field(s, field))
		m->values[m->nvalues++] = (struct matter_value){field, v};
}

/* A key of the form is kept with the matter, so that a form which waited for a line for days is still filed once. */
static void name_source(struct rq *rq, struct matter_new *m)
{
	struct str key = rq_form(rq, "_key");

	if (key.n < 16 || key.n > 128 || !utf8_plain(key, false))
		return;
	m->source = STR(GRID_SOURCE);
	m->source_id = arena_printf(rq->arena, "%lld-%.*s", (long long)rq->who.id, STR_ARG(key));
}

static void fill_matter(struct rq *rq, const struct scenario *s, const struct grid_form *form, struct matter_new *m)
{
	bool proxy = strcmp(form->kind, "proxy") == 0;
	struct category_guess guess;

	*m = (struct matter_new){.scenario = s, .lon = NAN, .lat = NAN, .filed_by = rq->who.id};
	m->reporter = proxy ? 0 : rq->who.id;
	m->channel = proxy ? STR("proxy") : STR("grid");
	m->is_public = proxy && form->is_public;
	m->values = arena_array(rq->arena, struct matter_value, s->nfields + 8);
	value(m, s, STR("what"), form->what);
	value(m, s, form->spot_name, form->spot);
	if (proxy) {
		value(m, s, STR("name"), form->name);
		value(m, s, STR("phone"), form->phone);
		value(m, s, STR("email"), form->email);
	}
	for (size_t i = 0; i < form->nselects; i++)
		value(m, s, form->selects[i].name, rq_form(rq, arena_strz(rq->arena, form->selects[i].name)));
	/* whoever leaves no way to be reached is not turned away: the command centre says what it is */
	if (!form->no_contact && category_suggest(rq->arena, form->what, &guess, 1))
		m->category = guess.category->id;
	name_source(rq, m);
}

static void fill_step(struct rq *rq, const struct scenario *s, struct grid_form *form, struct matter_act *act)
{
	int a = scenario_action(s, rq_form(rq, "step"));

	act->arena = rq->arena;
	act->by.who = &rq->who;
	if (strcmp(form->kind, "proxy") == 0 || form->nsteps == 0)
		return;
	if (a < 0)
		form_fault(form, STR("step"), str_from(_("请选一步：当场办好，还是交给别人")));
	else if (!grid_say(rq->arena, s, &s->actions[a], form->note, &act->values, &act->nvalues))
		form_fault(form, STR("note"), str_from(_("这一步要写一句说明")));
	else
		act->action = s->actions[a].id;
}

static struct str place_key(struct rq *rq, struct grid_form *form)
{
	struct place *mine;
	size_t n;
	struct str key;

	if (grid_mine(rq, &mine, &n) != OK)
		return STR("");
	key = grid_place_of(mine, n, rq_form(rq, "place"));
	if (str_empty(key))
		form_fault(form, STR("place"), str_from(n ? _("请选在哪个网格") : _("您的账号还没有网格，请告诉安全管理员")));
	return key;
}

static enum err send(struct rq *rq, const char *kind, bool json)
{
	struct sending *w = arena_new(rq->arena, struct sending);
	const struct scenario *s;
	const char *why;
	enum err e = grid_form_make(rq, kind, true, &w->form);

	w->json = json;
	if (e != OK)
		return e;
	s = scenario_current(str_from(strcmp(kind, "found") == 0 ? GRID_FINDING : GRID_PROXY));
	fill_matter(rq, s, w->form, &w->f.m);
	e = photos_read(rq, "photo", "kept", PHOTO_MOST / 2, w->form->photos, &w->form->nphotos, &why);
	if (e != OK)
		return e;
	if (why)
		form_fault(w->form, STR("photo"), str_from(_(why)));
	if (str_empty(w->form->what))
		form_fault(w->form, STR("what"), str_from(_("请写一句发生了什么")));
	w->f.m.place = place_key(rq, w->form);
	fill_step(rq, s, w->form, &w->f.act);
	if (w->form->nerrors)
		return wrong(rq, w, 422);
	e = matter_prepare(rq->arena, &w->f.m, rq->now);
	if (e == ERR_INPUT || e == ERR_TOO_MUCH) {
		form_fault(w->form, w->f.m.why_field.n ? w->f.m.why_field : STR("what"), looks_why(rq, w->f.m.why, &w->f.m.said));
		return wrong(rq, w, 422);
	}
	w->f.nfiles = w->form->nphotos;
	if (e == OK)
		e = photos_take(rq, w->form->photos, w->f.nfiles, w->f.files);
	return e == OK ? rq_write(rq, grid_file, sent, w) : e;
}

enum err grid_found_post(struct rq *rq)
{
	return send(rq, "found", false);
}

enum err grid_proxy_post(struct rq *rq)
{
	return send(rq, "proxy", false);
}

/* The same from the queue of the browser. */
enum err grid_send(struct rq *rq)
{
	return send(rq, str_eqz(rq_form(rq, "form"), "proxy") ? "proxy" : "found", true);
}

/* ---- a step of a matter in the list ---- */

static enum err step_failed(struct rq *rq, const struct matter_act *act, enum err e, struct str why)
{
	struct grid_form *f;
	enum err made = grid_form_make(rq, "found", false, &f);

	return made == OK ? grid_home_page(rq, err_http_status(e), f, act->id, (struct grid_error){STR("note"), why}) : made;
}

static enum err stepped(struct rq *rq, void *arg, enum err result)
{
	struct matter_act *act = arg;
	struct str why;

	if (result == OK) {
		rq_flash(rq, N_("办好了。"));
		return rq_redirect(rq, STR("/grid"));
	}
	if (result != ERR_INPUT && result != ERR_CONFLICT && result != ERR_RULE && result != ERR_FORBIDDEN)
		return result;
	why = act->why.n ? looks_why(rq, act->why, &act->said) : str_from(_("这件事的状态刚刚变了，请看看最新进展。"));
	return step_failed(rq, act, result, why);
}

enum err grid_step(struct rq *rq)
{
	struct matter_act *act = arena_new(rq->arena, struct matter_act);
	const struct scenario *s;
	struct matter m;
	int which;
	enum err e = rq_param_i64(rq, "id", &act->id) ? matter_get(rq_conn(rq), rq->arena, act->id, &m) : ERR_NOT_FOUND;

	if (e != OK)
		return e;
	s = matter_scenario(&m);
	which = scenario_action(s, rq_form(rq, "step"));
	if (which < 0)
		return step_failed(rq, act, ERR_INPUT, str_from(_("请选一步")));
	if (!grid_say(rq->arena, s, &s->actions[which], rq_form(rq, "note"), &act->values, &act->nvalues))
		return step_failed(rq, act, ERR_INPUT, str_from(_("这一步要写一句说明")));
	act->action = s->actions[which].id;
	act->by.who = &rq->who;
	act->arena = rq->arena;
	if (!str_i64(rq_form(rq, "version"), &act->version))
		act->version = -1;
	return rq_write(rq, matter_do, stepped, act);
}

/* ---- without a line ---- */

/* The forms alone: what the browser keeps for a stairwell. Nobody's data is in it. */
enum err grid_shell(struct rq *rq)
{
	struct grid_shell_view v = {0};
	struct place *mine;
	size_t n;
	enum err e = grid_form_make(rq, "found", false, &v.found);

	rq->head.roomy = rq->head.kept = true;
	if (e == OK)
		e = grid_form_make(rq, "proxy", false, &v.proxy);
	if (e == OK)
		e = grid_mine(rq, &mine, &n);
	if (e != OK)
		return e;
	v.found->shell = v.proxy->shell = true;
	v.name = grid_names(rq, mine, n);
	return rq_page(rq, html_grid_shell, &v);
}
