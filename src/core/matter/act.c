/* Acting: who may, what is asked, which rules, then one change of state with its step, journal entry and notices. */
#include "base/clock.h"
#include "base/id.h"
#include "base/utf8.h"
#include "core/journal/journal.h"
#include "core/matter/act.h"
#include "core/notify/wish.h"
#include "core/place/place.h"
#include "crypto/crypto.h"

#define N_(zh) zh

#define OVERRIDE_CHARS 2000

/* ---- who may ---- */

static bool right_fits(const struct scenario *s, const struct matter *m, const struct actor_right *r, struct str role)
{
	const struct scenario_role *as = scenario_role(s, role);

	if (!str_eq(r->role, role) || !place_within(m->place, r->place))
		return false;
	return as == NULL || !as->holder_only || m->holder_org == 0 || r->org == m->holder_org;
}

static bool may(const struct scenario *s, const struct scenario_action *ac, const struct matter *m, const struct matter_actor *by)
{
	for (size_t i = 0; i < ac->nby; i++) {
		if (str_eqz(ac->by[i], "reporter") && by->reporter)
			return true;
		if (str_eqz(ac->by[i], "system") && by->system)
			return true;
		if (str_eqz(ac->by[i], "cohandler") && by->who && matter_helps(m, by->who, true))
			return true;
		for (size_t k = 0; by->who && k < by->who->nrights; k++)
			if (right_fits(s, m, &by->who->rights[k], ac->by[i]))
				return true;
	}
	return false;
}

static bool state_allows(const struct scenario_action *ac, int state)
{
	for (size_t i = 0; i < ac->nfrom; i++)
		if (ac->from[i] == state)
			return true;
	return false;
}

static bool window_open(const struct scenario_action *ac, const struct matter *m, int64_t now)
{
	return !ac->has_window || now <= calendar_add(calendar_current(), m->state_since, ac->window, NULL);
}

static bool same_as_handler(const struct scenario_action *ac, const struct matter *m, const struct matter_actor *by)
{
	return ac->not_same_as_handler && by->who && m->handler && by->who->id == m->handler;
}

enum err matter_actions(const struct matter *m, const struct matter_actor *by, int64_t now, struct arena *a, int **v, size_t *n)
{
	const struct scenario *s = matter_scenario(m);
	int state = scenario_state(s, m->state);

	*n = 0;
	*v = arena_array(a, int, s->nactions + 1);
	for (size_t i = 0; i < s->nactions; i++) {
		const struct scenario_action *ac = &s->actions[i];

		if (state_allows(ac, state) && may(s, ac, m, by) && window_open(ac, m, now) && !same_as_handler(ac, m, by))
			(*v)[(*n)++] = (int)i;
	}
	return OK;
}

/* ---- answers to the asks ---- */

static struct text2 kept(struct arena *a, struct text2 t)
{
	return (struct text2){t.zh.p ? arena_str(a, t.zh) : t.zh, t.en.p ? arena_str(a, t.en) : t.en};
}

enum err act_refuse(struct acting *x, enum err e, const char *field, const char *fmt, struct text2 a, struct text2 b)
{
	struct matter_act *act = x->act;

	act->said = (struct matter_why){fmt, {kept(x->out, a), kept(x->out, b)}};
	act->why = arena_printf(x->out, fmt, a.zh.p ? act->said.v[0].zh.p : "", b.zh.p ? act->said.v[1].zh.p : "");
	act->why_field = arena_str(x->out, str_from(field));
	return e;
}

static bool is_asked(const struct scenario_action *ac, struct str field)
{
	for (size_t i = 0; i < ac->nasks; i++)
		if (str_eq(ac->asks[i].field, field))
			return true;
	return false;
}

static enum err check_answers(struct acting *x)
{
	const struct scenario_action *ac = x->action;
	struct value_fault fault;

	for (size_t i = 0; i < x->act->nvalues; i++)
		if (!is_asked(ac, x->act->values[i].field))
			return act_refuse0(x, ERR_INPUT, arena_strz(x->out, x->act->values[i].field), N_("这个动作不问这一项"));
	if (x->act->override_reason.n && (!utf8_valid(x->act->override_reason) || !utf8_plain(x->act->override_reason, true) ||
					  utf8_count(x->act->override_reason) > OVERRIDE_CHARS))
		return act_refuse0(x, ERR_INPUT, "override_reason", N_("理由太长，或有看不见的控制字符"));
	x->v = arena_array(x->tx->arena, struct matter_value, ac->nasks + 1);
	for (size_t i = 0; i < ac->nasks; i++) {
		const struct scenario_field *f = scenario_ask(x->s, ac->asks[i].field);
		struct str out, in = STR_NULL;

		for (size_t k = 0; k < x->act->nvalues; k++)
			if (str_eq(x->act->values[k].field, f->id))
				in = x->act->values[k].value;
		if (!value_check(x->tx->arena, f, in, &out, &fault))
			return act_refuse(x, ERR_INPUT, arena_strz(x->out, fault.field), fault.said.fmt, fault.said.v[0], fault.said.v[1]);
		if (out.p == NULL && ac->asks[i].required)
			return act_refuse0(x, ERR_INPUT, arena_strz(x->out, f->id), N_("这一项要填"));
		if (out.p)
			x->v[x->n++] = (struct matter_value){f->id, out};
	}
	return OK;
}

/* ---- rules ---- */

static struct str rule_arg(void *ctx, const char *name)
{
	struct acting *x = ctx;

	return value_of(x->v, x->n, name);
}

static enum err run_rules(struct acting *x)
{
	struct rule_input in = {.tx = x->preview ? NULL : x->tx, .conn = x->tx->c, .arena = x->tx->arena, .now = x->tx->now, .matter = &x->was,
				.action = x->action->id.p, .actor = x->actor, .arg = rule_arg, .ctx = x};
	struct matter_act *act = x->act;
	enum err e = rule_run(&in, x->action->rules, x->action->nrules, act->override_reason, &act->outcomes, &act->noutcomes);

	if (e != ERR_RULE)
		return e;
	for (size_t i = 0; i < act->noutcomes; i++) {
		const struct rule_outcome *o = &act->outcomes[i];

		if (o->verdict == RULE_FAIL && o->rule->strength != RULE_WARN && !o->overridden)
			return act_refuse(x, e, "", N_("%s（依据：%s）"), (struct text2){o->why, o->why_en},
					  (struct text2){str_from(o->rule->source), STR_NULL});
	}
	return e;
}

/* ---- the change ---- */

static enum err conflict(struct acting *x)
{
	struct matter_last_step_rows rows;
	struct text2 who = {STR("有人"), STR_NULL};
	enum err e = q_matter_last_step(x->tx->c, x->tx->arena, x->act->id, &rows);
	int i;

	if (e)
		return e;
	if (rows.n == 0)
		return act_refuse0(x, ERR_CONFLICT, "", N_("这件事刚才有变化，请刷新后再办"));
	if (rows.v[0].actor && actor_name(x->tx->c, x->tx->arena, rows.v[0].actor, &who.zh) == OK)
		who.en = who.zh;
	i = scenario_action(x->s, rows.v[0].action);
	return act_refuse(x, ERR_CONFLICT, "", N_("您看的时候，%s已经先办了“%s”，请刷新后再办"), who,
			  i >= 0 ? x->s->actions[i].title : (struct text2){rows.v[0].action, rows.v[0].action});
}

static enum err check_allowed(struct acting *x)
{
	struct matter_act *act = x->act;
	const struct scenario_state *st = matter_state(&x->was);
	int i = scenario_action(x->s, act->action);

	if (i < 0)
		return act_refuse0(x, ERR_INPUT, "", N_("没有这个动作"));
	x->action = &x->s->actions[i];
	if (!may(x->s, x->action, &x->was, &act->by))
		return act_refuse0(x, ERR_FORBIDDEN, "", N_("您的岗位不能做这个动作"));
	if (!state_allows(x->action, scenario_state(x->s, x->was.state)))
		return act_refuse(x, ERR_CONFLICT, "", N_("现在是“%s”，不能“%s”"), st->title, x->action->title);
	if (same_as_handler(x->action, &x->was, &act->by))
		return act_refuse0(x, ERR_FORBIDDEN, "", N_("办理的人不能自己核实，请交给另一位"));
	if (!window_open(x->action, &x->was, x->tx->now))
		return act_refuse(x, ERR_CONFLICT, "", N_("已经过了可以“%s”的期限"), x->action->title, (struct text2){0});
	return OK;
}

static enum err store_change(struct acting *x)
{
	const struct matter *m = &x->is;
	const struct scenario_state *st = &x->s->states[scenario_state(x->s, m->state)];
	int64_t changed;
	enum err e = q_matter_update(x->tx->c, &(struct matter_update_args){
		.id = m->id, .version = x->was.version, .state = m->state, .kind = m->kind, .updated = m->updated, .state_since = m->state_since,
		.due = m->due ? m->due : NO_DUE, .total_due = m->total_due, .kept_due = m->kept_due, .suspended_since = m->suspended_since,
		.escalated = m->escalated, .closed = m->closed, .holder_org = m->holder_org, .holder_post = m->holder_post, .holder = m->holder,
		.handler = m->handler, .judge_score = m->judge_score, .judge_solved = m->judge_solved, .judged = m->judged,
		.verdict = m->verdict, .excluded = m->excluded, .merged_into = m->merged_into, .reopened = m->reopened,
		.category = m->category, .parts = (int64_t)m->nparts, .desk = desk_of(x->tx->arena, st)}, &changed);

	if (e == OK && changed == 0)
		return conflict(x);
	x->is.version++;
	return e;
}

static bool overrode(const struct matter_act *act)
{
	for (size_t i = 0; i < act->noutcomes; i++)
		if (act->outcomes[i].overridden)
			return true;
	return false;
}

static enum err store_step(struct acting *x)
{
	struct matter_value *others = arena_array(x->tx->arena, struct matter_value, x->n + 2);
	struct str note = STR("");
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++) {
		if (str_eqz(x->v[i].field, "note"))
			note = x->v[i].value;
		else
			others[n++] = x->v[i];
	}
	if (overrode(x->act))
		others[n++] = (struct matter_value){STR(MATTER_OVERRIDE), str_trim(x->act->override_reason)};
	x->step = x->act->step = id_new(x->tx->now);
	x->note = note;
	x->vals = values_json(x->tx->arena, others, n);
	return q_matter_step_put(x->tx->c, &(struct matter_step_put_args){
		.id = x->step, .matter = x->is.id, .at = x->tx->now, .actor = x->actor, .action = x->action->id,
		.state_from = x->was.state, .state_to = x->is.state, .note = note,
		.is_public = x->action->public_note || x->act->by.reporter, .vals = x->vals}, NULL);
}

static struct str entry_data(struct acting *x)
{
	struct arena *a = x->tx->arena;
	struct facts was = facts_of(&x->was), is = facts_of(&x->is);
	struct str rules = rule_json(a, x->act->outcomes, x->act->noutcomes), text = arena_cat(a, x->note, x->vals), s;
	unsigned char hash[32];
	struct buf b;
	struct json j;

	hash_bytes(HASH_SHA256, text.p, text.n, hash);
	buf_init(&b, 64 * 1024);
	json_init(&j, &b);
	json_obj(&j);
	json_key(&j, "scenario");
	json_str(&j, x->was.scenario);
	json_key(&j, "action");
	json_str(&j, x->action->id);
	json_key(&j, "step");
	json_id(&j, x->step);
	json_key(&j, "from");
	json_str(&j, x->was.state);
	json_key(&j, "to");
	json_str(&j, x->is.state);
	json_key(&j, "org");
	json_id(&j, x->is.holder_org);
	json_key(&j, "category");
	json_str(&j, x->is.category);
	if (!str_eq(x->was.category, x->is.category)) {
		json_key(&j, "category_was");
		json_str(&j, x->was.category);
	}
	json_key(&j, "channel");
	json_str(&j, x->was.channel);
	json_key(&j, "day");
	json_i64(&j, filing_day(x->was.created));
	facts_json(&j, "was", &was);
	facts_json(&j, "is", &is);
	json_key(&j, "text");
	json_str(&j, hex(a, hash, sizeof(hash)));
	if (rules.n) {
		json_key(&j, "rules");
		json_raw(&j, rules);
	}
	json_end(&j);
	json_done(&j);
	s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

static enum err store_entry(struct acting *x)
{
	return journal_append(x->tx, &(struct journal_entry){
		.at = x->tx->now, .actor = x->actor, .kind = arena_printf(x->tx->arena, "matter.%.*s", STR_ARG(x->action->id)),
		.subject = x->is.id, .place = x->is.place, .data = entry_data(x)});
}

/* ---- notices ---- */

/* Does the state wait for somebody of the role? Then its notice is work, anything else is news. */
static bool waits_for(const struct scenario_state *st, struct str role)
{
	for (size_t i = 0; i < st->nactors; i++)
		if (str_eq(st->actors[i], role))
			return true;
	return false;
}

static enum err tell_account(struct acting *x, struct notice *n, int64_t account, struct str code)
{
	if (account == 0)
		return OK;
	n->to = account;
	n->link = arena_printf(x->tx->arena, "/r/%.*s/status", STR_ARG(code));
	return notify_send(x->tx, n, &n->id);
}

/* Whoever reported it, and whoever reported what was merged into it: they follow it from then on. */
static enum err tell_reporters(struct acting *x, struct notice *n)
{
	enum err e = tell_account(x, n, x->is.reporter, x->is.code);
	int64_t *ids;
	size_t count;

	if (e == OK)
		e = matter_merged(x->tx->c, x->tx->arena, x->is.id, &ids, &count);
	for (size_t i = 0; e == OK && i < count; i++) {
		struct matter m;

		e = matter_get(x->tx->c, x->tx->arena, ids[i], &m);
		if (e == OK)
			e = tell_account(x, n, m.reporter, m.code);
	}
	return e;
}

/* Each organisation that helps, by the roles that act in the state. */
static enum err tell_helpers(struct acting *x, const struct scenario_state *st, struct notice *n)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < x->is.nparts; i++) {
		struct actor_org org;

		if (!x->is.parts[i].open || actor_org_get(x->tx->c, x->tx->arena, x->is.parts[i].org, &org) != OK)
			continue;
		for (size_t k = 0; e == OK && k < st->nactors; k++)
			if (!str_eqz(st->actors[k], "reporter"))
				e = notify_role(x->tx, st->actors[k], org.place, org.id, n);
	}
	return e;
}

static enum err tell(struct acting *x, struct str whom)
{
	const struct scenario_state *st = &x->s->states[scenario_state(x->s, x->is.state)];
	struct arena *a = x->tx->arena;
	struct notice n = {.kind = arena_printf(a, "matter.%.*s", STR_ARG(x->action->id)), .subject = x->is.id, .at = x->tx->now,
			   .title = notify_two(a, arena_printf(a, "%.*s：%.*s", STR_ARG(x->action->done.zh), STR_ARG(x->is.title)),
					       arena_printf(a, "%.*s: %.*s", STR_ARG(x->action->done.en), STR_ARG(x->is.title))),
			   .body = notify_two(a, st->plain.zh, st->plain.en),
			   .link = arena_printf(a, "/cases/%lld", (long long)x->is.id), .place = x->is.place,
			   .class = waits_for(st, whom) ? NOTICE_WORK : NOTICE_NEWS};
	const struct scenario_role *role;
	enum err e = OK;

	if (str_eqz(whom, "reporter"))
		return tell_reporters(x, &n);
	if (str_eqz(whom, "cohandler"))
		return tell_helpers(x, st, &n);
	if (str_eqz(whom, "holder")) {
		for (size_t i = 0; e == OK && i < st->nactors; i++)
			if (!str_eqz(st->actors[i], "reporter") && !str_eqz(st->actors[i], "holder"))
				e = tell(x, st->actors[i]);
		return e;
	}
	role = scenario_role(x->s, whom);
	return notify_role(x->tx, whom, x->is.place, role && role->holder_only ? x->is.holder_org : 0, &n);
}

/* What asked somebody to act in the state that is left is over, whoever acted; when the matter has ended, its news too. */
static enum err tell_all(struct acting *x)
{
	enum err e = str_eq(x->was.state, x->is.state) ? OK : notify_settle(x->tx, x->is.id, x->is.kind >= STATE_CLOSED);

	for (size_t i = 0; e == OK && i < x->action->ntells; i++)
		e = tell(x, x->action->tells[i]);
	return e;
}

static enum err begin(struct acting *x)
{
	struct matter_act *act = x->act;
	enum err e = x->preview ? OK : db_lock(x->tx, act->id);

	act->why = act->why_field = STR("");
	act->said = (struct matter_why){0};
	act->outcomes = NULL;
	act->noutcomes = 0;
	x->actor = act->by.who ? act->by.who->id : 0;
	if (e == OK)
		e = matter_get(x->tx->c, x->tx->arena, act->id, &x->was);
	if (e)
		return e;
	x->s = matter_scenario(&x->was);
	if (act->version >= 0 && act->version != x->was.version)
		return conflict(x);
	return check_allowed(x);
}

static enum err perform(struct acting *x)
{
	enum err e = begin(x);

	if (e == OK)
		e = check_answers(x);
	if (e == OK)
		e = run_rules(x);
	if (e == OK)
		e = effect_apply(x);
	if (e == OK)
		e = store_change(x);
	if (e == OK)
		e = parts_store(x);
	if (e == OK)
		e = store_step(x);
	if (e == OK)
		e = store_entry(x);
	return e ? e : tell_all(x);
}

/* The arena of the job is gone when the caller reads them. */
static void keep_outcomes(struct acting *x)
{
	struct matter_act *act = x->act;
	struct rule_outcome *v = arena_array(x->out, struct rule_outcome, act->noutcomes + 1);

	for (size_t i = 0; i < act->noutcomes; i++) {
		v[i] = act->outcomes[i];
		v[i].why = v[i].why.p ? arena_str(x->out, v[i].why) : STR_NULL;
		v[i].why_en = v[i].why_en.p ? arena_str(x->out, v[i].why_en) : STR_NULL;
	}
	act->outcomes = v;
}

enum err matter_check(struct db_conn *c, int64_t now, struct matter_act *act)
{
	struct tx reader = {.c = c, .arena = act->arena, .now = now};
	struct acting x = {.tx = &reader, .act = act, .out = act->arena, .preview = true};
	enum err e = begin(&x);

	if (e == OK)
		e = check_answers(&x);
	return e == OK ? run_rules(&x) : e;
}

enum err matter_do(struct tx *tx, void *matter_act)
{
	struct matter_act *act = matter_act;
	struct acting x = {.tx = tx, .act = act, .out = act->arena ? act->arena : tx->arena};
	enum err e = perform(&x);

	act->after = x.is;
	if (act->arena)
		keep_outcomes(&x);
	return e;
}
