/* What actions do beside the change of state, and how the clocks go on. Nothing here knows a state by name. */
#include "core/matter/act.h"

#define N_(zh) zh

static struct str answer(const struct acting *x, const char *ask)
{
	return value_of(x->v, x->n, ask);
}

static int64_t answer_id(const struct acting *x, const char *ask)
{
	int64_t v;

	return str_i64(answer(x, ask), &v) ? v : 0;
}

/* ---- clocks ---- */

/* Does entering the state start its own clock? The same question as in enter(), asked of a step of the past. */
static bool sets_clock(const struct scenario *s, const struct scenario_state *to, const struct scenario_state *owner, bool waited, struct str action)
{
	int i = scenario_action(s, action);

	if (to->suspends || to->keeps_clock)
		return false;
	/* a clock that stood still goes on */
	return !(waited && owner->has_clock && i >= 0 && str_eqz(s->actions[i].effect, "resume"));
}

/* The unit in which the deadline that waits was set: that of the last state whose own clock was started. */
static enum err kept_unit(struct acting *x, enum clock_unit *unit)
{
	const struct scenario *s = x->s;
	const struct scenario_state *owner = &s->states[0];
	struct matter_steps_rows rows;
	bool waited = false;
	enum err e = q_matter_steps(x->tx->c, x->tx->arena, x->was.id, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		int from = scenario_state(s, rows.v[i].state_from), to = scenario_state(s, rows.v[i].state_to);

		if (i == 0 && from >= 0)
			owner = &s->states[from];
		if (to < 0 || str_eq(rows.v[i].state_from, rows.v[i].state_to))
			continue;
		if (sets_clock(s, &s->states[to], owner, waited, rows.v[i].action))
			owner = &s->states[to];
		waited = s->states[to].suspends;
	}
	*unit = state_unit(owner, clock_value(x->tx->arena, x->was.fields, owner->clock_by));
	return e;
}

/* The deadline that waited, moved by the time for which it stood still. */
static enum err resumed_due(struct acting *x, int64_t *due)
{
	enum clock_unit unit;
	enum err e;

	*due = 0;
	if (x->was.kept_due == 0)
		return OK;
	e = kept_unit(x, &unit);
	if (e == OK)
		*due = calendar_shift(calendar_current(), x->was.kept_due, unit, x->was.suspended_since, x->tx->now);
	return e;
}

static void stop_clock(struct acting *x)
{
	if (x->is.suspended_since)
		return;
	x->is.suspended_since = x->tx->now;
	x->is.kept_due = x->was.due;
}

static enum err start_clock(struct acting *x)
{
	enum err e;

	struct str value = clock_value(x->tx->arena, x->was.fields, x->s->total_by);

	if (x->is.suspended_since == 0)
		return OK;
	e = resumed_due(x, &x->is.due);
	if (x->is.total_due)
		x->is.total_due = calendar_shift(calendar_current(), x->is.total_due, whole_unit(x->s, value), x->was.suspended_since, x->tx->now);
	x->is.suspended_since = 0;
	x->is.kept_due = 0;
	return e;
}

static int64_t fresh_due(struct acting *x, const struct scenario_state *to)
{
	int64_t due = state_due(x->s, to, clock_value(x->tx->arena, x->was.fields, to->clock_by), x->tx->now);

	return due == NO_DUE ? 0 : due;
}

static enum err enter(struct acting *x, const struct scenario_state *to)
{
	bool resumes = x->was.suspended_since && !to->suspends;
	enum err e = OK;

	x->is.state = to->id;
	x->is.kind = to->kind;
	x->is.state_since = x->tx->now;
	if (to->suspends) {
		stop_clock(x);
		x->is.due = fresh_due(x, to);
	} else if (resumes) {
		e = start_clock(x);
		if (x->is.due == 0 || !(to->keeps_clock || str_eqz(x->action->effect, "resume")))
			x->is.due = fresh_due(x, to);
	} else if (!to->keeps_clock) {
		x->is.due = fresh_due(x, to);
	}
	if (to->kind >= STATE_CLOSED) {
		x->is.due = 0;
		x->is.closed = x->tx->now;
	}
	if (to->kind < STATE_CLOSED)
		x->is.closed = 0;
	return e;
}

/* ---- effects ---- */

static enum err assign(struct acting *x)
{
	x->is.holder_org = answer_id(x, "lead");
	x->is.holder_post = answer_id(x, "post");
	x->is.holder = answer_id(x, "person");
	return parts_assign(x);
}

static enum err take(struct acting *x)
{
	x->is.holder = x->actor;
	x->is.handler = x->actor;
	return OK;
}

static enum err give_back(struct acting *x)
{
	x->is.holder_org = x->is.holder_post = x->is.holder = 0;
	return OK;
}

static enum err reply(struct acting *x)
{
	struct str verdict = answer(x, "verdict");

	x->is.handler = x->actor;
	if (verdict.n)
		x->is.verdict = verdict;
	return OK;
}

static enum err handle(struct acting *x)
{
	enum err e = take(x);

	return e ? e : reply(x);
}

static enum err judge(struct acting *x)
{
	int64_t score = answer_id(x, "score");

	if (score < 1 || score > 5)
		return act_refuse0(x, ERR_INPUT, "score", N_("请选 1 到 5 分"));
	x->is.judge_score = (int)score;
	x->is.judge_solved = str_eqz(answer(x, "solved"), "yes") ? 1 : -1;
	x->is.judged = x->tx->now;
	return OK;
}

static enum err extend(struct acting *x)
{
	struct duration d;

	if (duration_parse(answer(x, "extra"), &d) != OK)
		return act_refuse0(x, ERR_INPUT, "extra", N_("请选延长多久"));
	if (x->is.due == 0)
		return act_refuse0(x, ERR_CONFLICT, "extra", N_("现在没有时限，不用延长"));
	x->is.due = calendar_add(calendar_current(), x->is.due, d, NULL);
	if (x->is.total_due)
		x->is.total_due = calendar_add(calendar_current(), x->is.total_due, d, NULL);
	return OK;
}

static enum err suspend(struct acting *x)
{
	if (x->is.suspended_since)
		return act_refuse0(x, ERR_CONFLICT, "", N_("已经停止计时"));
	stop_clock(x);
	x->is.due = 0;
	return OK;
}

static enum err resume(struct acting *x)
{
	if (x->was.suspended_since == 0)
		return act_refuse0(x, ERR_CONFLICT, "", N_("没有停止计时"));
	if (x->action->to < 0)
		return start_clock(x);
	return OK;
}

/* The desk knows a matter by its number; whoever took a call may also type the reporter's code. */
static enum err other_matter(struct acting *x, struct matter *other)
{
	struct str typed = answer(x, "into");
	int64_t id;

	if (str_i64(typed, &id) && id > 0)
		return matter_get(x->tx->c, x->tx->arena, id, other);
	return matter_by_code(x->tx->c, x->tx->arena, typed, other);
}

/* The other one's timeline says so too, and whoever waits for it is told, if its scenario has an action for that. */
static enum err join(struct acting *x, const struct matter *other)
{
	const struct matter_actor by = {.who = x->act->by.who, .system = true};
	const struct scenario *s = matter_scenario(other);
	struct matter_act *act = arena_new(x->tx->arena, struct matter_act);
	enum err e;
	int *may;
	size_t n;

	e = matter_actions(other, &by, x->tx->now, x->tx->arena, &may, &n);
	for (size_t i = 0; e == OK && i < n; i++) {
		if (!str_eqz(s->actions[may[i]].effect, "join"))
			continue;
		*act = (struct matter_act){.id = other->id, .version = -1, .action = s->actions[may[i]].id, .by = by};
		return matter_do(x->tx, act);
	}
	return e;
}

static enum err merge(struct acting *x)
{
	struct matter other;
	enum err e = other_matter(x, &other);

	if (e == ERR_NOT_FOUND || (e == OK && !str_eq(town_of(other.place), town_of(x->was.place))))
		return act_refuse0(x, ERR_INPUT, "into", N_("没有这个编号的事项"));
	/* the other one may be merged into a third, or into this one, at this very moment */
	if (e == OK)
		e = db_lock(x->tx, other.id);
	if (e == OK)
		e = matter_get(x->tx->c, x->tx->arena, other.id, &other);
	if (e)
		return e;
	if (other.id == x->was.id || other.merged_into == x->was.id)
		return act_refuse0(x, ERR_INPUT, "into", N_("不能并入自己"));
	if (other.merged_into)
		return act_refuse0(x, ERR_INPUT, "into", N_("那一件已经并入别的事项，请填最后那一件的编号"));
	x->is.merged_into = other.id;
	/* those that follow this one follow the other from now on */
	e = q_matter_merge_again(x->tx->c, x->was.id, other.id, NULL);
	return e ? e : join(x, &other);
}

static enum err reopen(struct acting *x)
{
	x->is.reopened++;
	return OK;
}

static enum err exclude(struct acting *x)
{
	x->is.excluded = x->tx->now;
	return OK;
}

/* Whoever looks at it may put it where it belongs, in the same step. */
static void set_category(struct acting *x)
{
	for (size_t i = 0; i < x->n; i++) {
		const struct scenario_field *f = scenario_ask(x->s, x->v[i].field);

		if (f && f->type == FIELD_CATEGORY)
			x->is.category = x->v[i].value;
	}
}

static int next_state(const struct acting *x)
{
	struct str value = x->action->to_by.n ? value_of(x->v, x->n, x->action->to_by.p) : STR_NULL;

	for (size_t i = 0; i < x->action->nways; i++)
		if (str_eq(x->action->ways[i].value, value))
			return x->action->ways[i].to;
	return x->action->to;
}

static const struct {
	const char *name;
	enum err (*fn)(struct acting *x);
} effects[] = {
	{"assign", assign}, {"take", take}, {"return", give_back}, {"reply", reply}, {"handle", handle}, {"judge", judge}, {"extend", extend},
	{"suspend", suspend}, {"resume", resume}, {"merge", merge}, {"reopen", reopen}, {"exclude", exclude}, {"part", parts_add},
};

enum err effect_apply(struct acting *x)
{
	enum err e = OK;

	x->is = x->was;
	x->is.updated = x->tx->now;
	set_category(x);
	for (size_t i = 0; e == OK && i < ARRAY_LEN(effects); i++)
		if (str_eqz(x->action->effect, effects[i].name))
			e = effects[i].fn(x);
	if (e == OK && next_state(x) >= 0)
		e = enter(x, &x->s->states[next_state(x)]);
	return e;
}
