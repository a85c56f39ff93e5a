/* Pages of the portal. */
#include "base/time.h"
#include "cap/portal/portal.html.h"
#include "cap/portal/portal_pages.h"

/* ---- shared ---- */

static void head_of(struct rq *rq, const struct portal_town *t)
{
	rq->head.name = t->place.name;
	rq->head.above = t->above;
	rq->head.home = arena_printf(rq->arena, "/t/%.*s", STR_ARG(t->place.code));
}

enum err portal_load_town(struct rq *rq, struct portal_town *t)
{
	enum err e = portal_town_load(rq_conn(rq), rq->arena, rq_param(rq, "code"), t);

	if (e == ERR_NOT_FOUND)
		return rq_fail(rq, e, N_("没有这个镇街。请从首页重新选择。"));
	if (e == OK)
		head_of(rq, t);
	return e;
}

/* Whoever has the address has the matter: it must not travel in referrers, caches or search engines. */
void portal_keep_secret(struct rq *rq)
{
	rq->head.secret = true;
	http_header_set(rq->http, "Cache-Control", STR("no-store"));
	http_header_set(rq->http, "Referrer-Policy", STR("no-referrer"));
	http_header_set(rq->http, "X-Robots-Tag", STR("noindex, nofollow"));
}

const char *portal_grade(int score)
{
	static const char *const grades[] = {N_("非常不满意"), N_("不满意"), N_("基本满意"), N_("满意"), N_("非常满意")};

	return score >= 1 && score <= 5 ? grades[score - 1] : "";
}

const char *portal_tag(int kind)
{
	switch ((enum state_kind)kind) {
	case STATE_WAITING:
		return "tag tag--soon";
	case STATE_DONE: case STATE_CLOSED:
		return "tag tag--ok";
	case STATE_REFUSED:
		return "tag tag--late";
	default:
		return "tag tag--act";
	}
}

struct str portal_category_title(struct rq *rq, struct str id)
{
	const struct category *c = str_empty(id) ? NULL : category_find(id);

	return c ? looks_text(rq, c->title) : STR("");
}

/* ---- the way to a town ---- */

/* A level with a single place (one municipality, one "municipal district") is walked through without asking. */
static enum err descend(struct rq *rq, struct str key, struct portal_root_view *v)
{
	enum err e;

	for (int depth = 0; depth < 8; depth++) {
		e = place_children(rq_conn(rq), rq->arena, key, &v->places, &v->nplaces);
		if (e != OK || v->nplaces != 1 || v->places[0].level >= PLACE_TOWN)
			break;
		key = v->places[0].key;
	}
	if (e == OK && !str_empty(key))
		e = place_path(rq_conn(rq), rq->arena, key, &v->path, &v->npath);
	v->towns = v->nplaces && v->places[0].level >= PLACE_TOWN;
	return e;
}

enum err portal_root(struct rq *rq)
{
	struct portal_root_view v = {0};
	struct str in = rq_query(rq, "in");
	struct place p = {.key = STR("")};
	enum err e = OK;

	if (!str_empty(in)) {
		e = place_by_code(rq_conn(rq), rq->arena, in, 0, &p);
		if (e == ERR_NOT_FOUND)
			return rq_fail(rq, e, N_("没有这个地方。请从首页重新选择。"));
	} else {
		e = portal_towns_open(rq_conn(rq), rq->arena, rq->now, &v.open, &v.nopen);
	}
	if (e == OK && v.nopen == 1)
		return rq_redirect(rq, arena_printf(rq->arena, "/t/%.*s", STR_ARG(v.open[0].code)));
	if (e == OK)
		e = descend(rq, p.key, &v);
	if (e != OK)
		return e;
	if (v.towns && v.nplaces == 1)
		return rq_redirect(rq, arena_printf(rq->arena, "/t/%.*s", STR_ARG(v.places[0].code)));
	return rq_page(rq, html_portal_root, &v);
}

enum err portal_town(struct rq *rq)
{
	struct portal_town t;
	struct portal_town_view v = {.town = &t};
	int64_t today = time_day_of(rq->now, TIME_CHINA) + 1;
	enum err e = portal_load_town(rq, &t);

	if (e == OK)
		e = portal_channels(rq_conn(rq), rq->arena, &t, &v.channels, &v.nchannels);
	if (e == OK)
		e = matter_totals_get(rq_conn(rq), rq->arena, t.place.key, today - 30, today, &v.totals);
	return e == OK ? rq_page(rq, html_portal_town, &v) : e;
}

enum err portal_help(struct rq *rq)
{
	return rq_page(rq, html_portal_help, NULL);
}

/* ---- by code ---- */

enum err portal_find_any_for(struct rq *rq, struct str typed, struct matter *m, bool *follows)
{
	enum err e = portal_find_any(rq_conn(rq), rq->arena, typed, rq->http->peer, rq->now, m, follows);
	struct portal_town t;

	portal_keep_secret(rq);
	if (e == ERR_NOT_FOUND)
		return rq_fail(rq, e, N_("没有查到这个编号。请对照回执再输一遍：一共 12 位，不分大小写。"));
	if (e == ERR_RATE)
		return rq_fail(rq, e, N_("查不到的次数太多了，请过十分钟再试；急的话请拨打 12345。"));
	if (e == OK && portal_town_of(rq_conn(rq), rq->arena, m->place, &t) == OK)
		head_of(rq, &t);
	return e;
}

enum err portal_find_for(struct rq *rq, struct str typed, struct matter *m)
{
	bool follows;
	enum err e = portal_find_any_for(rq, typed, m, &follows);

	if (e == OK && follows)
		return rq_fail(rq, ERR_NOT_FOUND, N_("这个编号只用来看进展，不能做别的。"));
	return e;
}

enum err portal_lookup_form(struct rq *rq)
{
	struct portal_lookup_view v = {0};

	return rq_page(rq, html_portal_lookup, &v);
}

enum err portal_lookup(struct rq *rq)
{
	struct portal_lookup_view v = {.typed = rq_form(rq, "code")};
	struct matter m;
	bool follows;
	enum err e;

	if (str_empty(v.typed)) {
		v.error = N_("请输入编号");
		return rq_page_status(rq, 422, html_portal_lookup, &v);
	}
	e = portal_find_any_for(rq, v.typed, &m, &follows);
	if (e == OK)
		return rq_redirect(rq, arena_printf(rq->arena, "/r/%.*s/status", STR_ARG(m.code)));
	if (e != ERR_NOT_FOUND && e != ERR_RATE)
		return e;
	v.error = rq->reason.p;
	return rq_page_status(rq, err_http_status(e), html_portal_lookup, &v);
}

/* "大石坝街道石门社区第三网格" */
enum err portal_place_name(struct rq *rq, struct str key, struct str *out)
{
	struct place *path;
	size_t n;
	enum err e;

	*out = STR("");
	if (str_empty(key))
		return OK;
	e = place_path(rq_conn(rq), rq->arena, key, &path, &n);
	for (size_t i = 0; e == OK && i < n; i++)
		if (path[i].level >= PLACE_TOWN)
			*out = arena_cat(rq->arena, *out, place_short_name(path[i].name));
	return e == ERR_NOT_FOUND ? OK : e;
}

enum err portal_receipt(struct rq *rq)
{
	struct portal_receipt_view v = {0};
	struct matter m;
	enum err e = portal_find_any_for(rq, rq_param(rq, "code"), &m, &v.follows);

	if (e == OK && v.follows) {
		v.code = m.code;
		return rq_page(rq, html_portal_receipt, &v);
	}
	if (e == OK)
		e = portal_place_name(rq, m.place, &v.place);
	if (e != OK)
		return e;
	v.code = m.code;
	v.title = matter_mask(rq->arena, m.title);
	v.category = portal_category_title(rq, m.category);
	v.filed = m.created;
	v.promised = m.total_due;
	return rq_page(rq, html_portal_receipt, &v);
}

/* ---- status ---- */

static struct str value_of(const struct matter *m, const char *field)
{
	for (size_t i = 0; i < m->nvalues; i++)
		if (str_eqz(m->values[i].field, field))
			return m->values[i].value;
	return STR("");
}

static enum portal_input input_of(enum field_type t)
{
	switch (t) {
	case FIELD_TEXT:
		return IN_TEXT;
	case FIELD_PHONE:
		return IN_PHONE;
	case FIELD_NUMBER:
		return IN_NUMBER;
	case FIELD_DATE:
		return IN_DATE;
	case FIELD_CHOICE: case FIELD_BOOL:
		return IN_CHOICE;
	case FIELD_IMAGE:
		return IN_FILES;
	default:
		return IN_LINE;
	}
}

static void choice_add(struct portal_ask *k, struct str id, struct str title)
{
	k->choices[k->nchoices++] = (struct portal_choice){id, title, !str_empty(k->value) && str_eq(id, k->value)};
}

/* Yes or no, the declared choices, or the five grades of a judgement (a number to 5). */
static void choices_of(struct rq *rq, const struct scenario_field *f, struct portal_ask *k)
{
	k->choices = arena_array(rq->arena, struct portal_choice, f->nchoices + 6);
	if (f->type == FIELD_BOOL) {
		choice_add(k, STR("yes"), str_from(_("是")));
		choice_add(k, STR("no"), str_from(_("不是")));
	} else if (k->five) {
		for (int i = 5; i >= 1; i--)
			choice_add(k, arena_printf(rq->arena, "%d", i), str_from(_(portal_grade(i))));
	} else {
		for (size_t i = 0; i < f->nchoices; i++)
			choice_add(k, f->choices[i].id, looks_text(rq, f->choices[i].title));
	}
}

static struct portal_ask ask_of(struct rq *rq, const struct scenario *s, const struct scenario_action *act, size_t i, bool tried,
				const struct portal_errors *errors)
{
	const struct scenario_field *f = scenario_ask(s, act->asks[i].field);
	const char *name = arena_strz(rq->arena, act->asks[i].field);
	struct portal_ask k = {.id = act->asks[i].field, .required = act->asks[i].required};

	if (f == NULL)
		return k;
	k.five = f->type == FIELD_NUMBER && f->max == 5 && str_eqz(act->effect, "judge");
	k.title = k.five ? str_from(_("您满意吗")) : looks_text(rq, f->title);
	k.hint = looks_text(rq, f->hint);
	k.input = k.five ? IN_CHOICE : input_of(f->type);
	k.value = tried ? rq_form(rq, name) : STR("");
	k.error = tried ? portal_error_of(errors, name) : NULL;
	if (k.input == IN_CHOICE)
		choices_of(rq, f, &k);
	return k;
}

/* In the scenario's order, but what is a second thought (withdrawing) behind the rest. */
static int *second_thoughts_last(struct arena *a, const struct scenario *s, const int *which, size_t n)
{
	int *sorted = arena_array(a, int, n + 1);
	size_t at = 0;

	for (int danger = 0; danger < 2; danger++)
		for (size_t i = 0; i < n; i++)
			if (s->actions[which[i]].danger == (danger == 1))
				sorted[at++] = which[i];
	return sorted;
}

static enum err actions_of(struct rq *rq, const struct scenario *s, const struct matter *m, struct str tried,
			   struct portal_status_view *v)
{
	const struct matter_actor by = {.reporter = true};
	int *which;
	enum err e = matter_actions(m, &by, rq->now, rq->arena, &which, &v->nactions);

	if (e != OK)
		return e;
	which = second_thoughts_last(rq->arena, s, which, v->nactions);
	v->actions = arena_array(rq->arena, struct portal_action, v->nactions + 1);
	for (size_t i = 0; i < v->nactions; i++) {
		const struct scenario_action *act = &s->actions[which[i]];
		struct portal_action *p = &v->actions[i];
		bool mine = !str_empty(tried) && str_eq(tried, act->id);

		*p = (struct portal_action){.id = act->id, .title = looks_text(rq, act->title), .danger = act->danger};
		p->open = mine || str_eqz(act->effect, "judge") || (i == 0 && m->kind == STATE_WAITING && !act->danger);
		if (act->has_window)
			p->until = calendar_add(calendar_current(), m->state_since, act->window, NULL);
		v->your_turn |= p->open;
		p->asks = arena_array(rq->arena, struct portal_ask, act->nasks + 1);
		for (size_t k = 0; k < act->nasks; k++)
			p->asks[p->nasks++] = ask_of(rq, s, act, k, mine, &v->errors);
	}
	return OK;
}

/* What else was told with a public step: the reason, where to turn, the result. Who it went to is said by the state. */
static void facts_of(struct rq *rq, const struct scenario *s, const struct matter_step *step, struct portal_step *p)
{
	p->facts = arena_array(rq->arena, struct portal_fact, step->nvalues + 1);
	for (size_t i = 0; i < step->nvalues; i++) {
		const struct scenario_field *f = scenario_ask(s, step->values[i].field);
		struct str v = step->values[i].value;

		if (f == NULL || (f->type != FIELD_TEXT && f->type != FIELD_LINE && f->type != FIELD_CHOICE && f->type != FIELD_DATE))
			continue;
		for (size_t k = 0; f->type == FIELD_CHOICE && k < f->nchoices; k++)
			if (str_eq(f->choices[k].id, step->values[i].value))
				v = looks_text(rq, f->choices[k].title);
		p->facts[p->nfacts++] = (struct portal_fact){looks_text(rq, f->title), matter_mask(rq->arena, v)};
	}
}

/* Newest first; what the scenario keeps inside the office stays there, and what is shown is masked. */
static enum err steps_of(struct rq *rq, const struct matter *m, struct portal_status_view *v)
{
	struct matter_step *steps;
	size_t n;
	enum err e = matter_timeline(rq_conn(rq), rq->arena, m, &steps, &n);

	if (e != OK)
		return e;
	v->steps = arena_array(rq->arena, struct portal_step, n + 1);
	for (size_t i = n; i-- > 0;) {
		struct portal_step *p = &v->steps[v->nsteps++];

		*p = (struct portal_step){.at = steps[i].at, .now = i == n - 1};
		p->title = looks_text(rq, (struct text2){steps[i].title, steps[i].title_en});
		if (!steps[i].is_public)
			continue;
		p->note = matter_mask(rq->arena, steps[i].note);
		facts_of(rq, matter_scenario(m), &steps[i], p);
	}
	return OK;
}

enum err portal_holder(struct rq *rq, int64_t holder_org, struct str *out)
{
	struct actor_org org;
	enum err e;

	*out = rq->head.name.n ? rq->head.name : STR("");
	if (holder_org == 0)
		return OK;
	e = actor_org_get(rq_conn(rq), rq->arena, holder_org, &org);
	if (e == OK)
		*out = org.name;
	return e == ERR_NOT_FOUND ? OK : e;
}

static enum err status_fill(struct rq *rq, struct matter *m, const struct scenario *s, struct portal_status_view *v)
{
	const struct scenario_state *state = matter_state(m);
	enum err e = matter_values(rq_conn(rq), rq->arena, m, false);

	if (e == OK)
		e = portal_place_name(rq, m->place, &v->place);
	if (e == OK)
		e = portal_holder(rq, m->holder_org, &v->holder);
	if (e != OK)
		return e;
	v->code = m->code;
	v->title = matter_mask(rq->arena, m->title);
	v->what = matter_mask(rq->arena, value_of(m, "what"));
	v->address = matter_mask(rq->arena, value_of(m, "address"));
	v->category = portal_category_title(rq, m->category);
	v->scenario = looks_text(rq, s->title);
	v->state = looks_text(rq, state->title);
	v->plain = portal_plain(rq->arena, looks_text(rq, state->plain), v->holder);
	v->kind = m->kind;
	v->version = m->version;
	v->filed = m->created;
	v->promised = m->total_due;
	v->closed = m->closed;
	v->is_public = m->is_public;
	v->score = m->judge_score;
	v->solved = m->judge_solved;
	if (v->kind == STATE_OPEN && m->total_due) {
		v->clock = looks_clock(rq, m->total_due, m->suspended_since);
		v->clock_class = looks_clock_class(m->total_due < rq->now ? 3 : 1, m->suspended_since);
	}
	return OK;
}

/* Of one that was put together with another: how that other goes. */
static enum err other_of(struct rq *rq, const struct matter *m, struct portal_status_view *v)
{
	struct matter last;
	enum err e;

	if (m->merged_into == 0)
		return OK;
	e = portal_last_of(rq_conn(rq), rq->arena, m, &last);
	return e == OK ? portal_other(rq, &last, &v->other) : e;
}

/* An address can be taken away at any time; one is asked for only as long as there is something to be told. */
static enum err mail_of(struct rq *rq, const struct matter *m, struct portal_status_view *v)
{
	struct str address;
	enum err e = matter_reporter_mail(rq_conn(rq), rq->arena, m, &address);

	if (e != OK)
		return e;
	v->mail.code = m->code;
	v->mail.mail = matter_mask(rq->arena, address);
	v->mail.offered = matter_takes_mail(m) && (address.n || m->kind < STATE_CLOSED || (v->other && v->other->p.kind < STATE_CLOSED));
	return OK;
}

static enum err status_page(struct rq *rq, int status, struct matter *m, struct portal_status_view *v, struct str tried)
{
	const struct scenario *s = matter_scenario(m);
	enum err e = status_fill(rq, m, s, v);

	if (e == OK)
		e = other_of(rq, m, v);
	if (e == OK)
		e = mail_of(rq, m, v);
	if (e == OK)
		e = matter_followers(rq_conn(rq), rq->arena, m->id, &v->followers);
	if (e == OK)
		e = steps_of(rq, m, v);
	if (e == OK)
		e = matter_files(rq_conn(rq), rq->arena, m->id, &v->files, &v->nfiles);
	if (e == OK)
		e = actions_of(rq, s, m, tried, v);
	return e == OK ? rq_page_status(rq, status, html_portal_status, v) : e;
}

enum err portal_status_page(struct rq *rq, int status, struct matter *m, struct str typed, const char *error)
{
	struct portal_status_view v = {.mail = {.typed = typed, .error = error}};

	if (error)
		portal_error_add(&v.errors, "email", error); /* said at the top too: the field is far down the page */
	return status_page(rq, status, m, &v, STR_NULL);
}

enum err portal_status(struct rq *rq)
{
	struct matter m;
	bool follows;
	enum err e = portal_find_any_for(rq, rq_param(rq, "code"), &m, &follows);

	if (e == OK && follows)
		return portal_followed_page(rq, 200, &m, STR(""), NULL);
	return e == OK ? portal_status_page(rq, 200, &m, STR(""), NULL) : e;
}

/* ---- acting ---- */

static struct str posted(void *ctx, const char *name)
{
	return rq_form(ctx, name);
}

struct acting {
	struct matter_act act;
	struct matter before;
};

static enum err acted(struct rq *rq, void *arg, enum err result)
{
	struct acting *w = arg;
	struct portal_status_view v = {0};
	struct matter m;
	enum err e;

	portal_keep_secret(rq);
	if (result == OK) {
		rq_flash(rq, N_("已收到，谢谢。"));
		return rq_redirect(rq, arena_printf(rq->arena, "/r/%.*s/status", STR_ARG(w->before.code)));
	}
	if (result != ERR_INPUT && result != ERR_CONFLICT && result != ERR_RULE && result != ERR_FORBIDDEN)
		return result;
	e = matter_get(rq_conn(rq), rq->arena, w->before.id, &m);
	if (e != OK)
		return e;
	v.failed = looks_why(rq, w->act.why, &w->act.said);
	if (v.failed.p == NULL)
		v.failed = str_from(_("现在不能这样做：这件事的状态刚刚变了。请看看最新进展。"));
	if (!str_empty(w->act.why_field))
		portal_error_add(&v.errors, arena_strz(rq->arena, w->act.why_field), v.failed.p);
	return status_page(rq, err_http_status(result), &m, &v, w->act.action);
}

enum err portal_act(struct rq *rq)
{
	struct acting *w = arena_new(rq->arena, struct acting);
	struct portal_status_view v = {0};
	const struct scenario *s;
	int act;
	enum err e = portal_find_for(rq, rq_param(rq, "code"), &w->before);

	if (e != OK)
		return e;
	s = matter_scenario(&w->before);
	act = scenario_action(s, rq_param(rq, "action"));
	if (act < 0)
		return rq_fail(rq, ERR_NOT_FOUND, N_("没有这个操作。请回到进度页重新选择。"));
	e = portal_answers(rq->arena, s, &s->actions[act], posted, rq, &w->act.values, &w->act.nvalues, &v.errors);
	if (e == ERR_INPUT)
		return status_page(rq, 422, &w->before, &v, s->actions[act].id);
	if (e != OK)
		return e;
	w->act.id = w->before.id;
	w->act.action = s->actions[act].id;
	w->act.by.reporter = true;
	w->act.arena = rq->arena;
	if (!str_i64(rq_form(rq, "version"), &w->act.version))
		w->act.version = -1;
	return rq_write(rq, matter_do, acted, &w->act);
}

/* ---- what belongs to a code ---- */

enum err portal_photo(struct rq *rq)
{
	struct matter m;
	struct matter_file *files;
	size_t n;
	int64_t id;
	enum err e = portal_find_for(rq, rq_param(rq, "code"), &m);

	if (e == OK)
		e = matter_files(rq_conn(rq), rq->arena, m.id, &files, &n);
	if (e != OK)
		return e;
	if (!rq_param_i64(rq, "id", &id))
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < n; i++)
		if (files[i].id == id)
			return photo_send(rq, photo_stored(rq->app, rq->arena,
						 str_eqz(rq_query(rq, "s"), "thumb") ? files[i].thumb : files[i].path));
	return ERR_NOT_FOUND;
}
