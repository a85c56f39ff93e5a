/* What must hold across a scenario: everything named exists, every state can be reached and left, nothing forbidden. */
#include "core/matter/scenario_read.h"

#include "core/rule/rule.h"

const struct scenario_effect scenario_effects[] = {
	{"assign", {"lead"}, "交给一个单位"},
	{"take", {NULL}, "本人接手"},
	{"return", {NULL}, "退回，不再由原单位承办"},
	{"reply", {NULL}, "答复"},
	{"handle", {NULL}, "本人接手并当场答复"},
	{"judge", {"score", "solved"}, "群众评价"},
	{"extend", {"extra"}, "延长时限"},
	{"suspend", {NULL}, "停止计时"},
	{"resume", {NULL}, "恢复计时"},
	{"withdraw", {NULL}, "撤回"},
	{"merge", {"into"}, "并入另一件"},
	{"reopen", {NULL}, "重新办理"},
	{"exclude", {NULL}, "经审核不计入统计"},
	{"deny", {NULL}, "不同意所申请的延期"},
	{"part", {NULL}, "协办单位交来自己的一部分"},
	{"join", {NULL}, "另一件并入本件"},
	{NULL, {NULL}, NULL},
};

/* ---- what must never exist here (国办函〔2026〕12号, DESIGN.md 8) ---- */

static const char *const bad_zh[] = {"打卡", "签到", "积分", "排名", "在线时长", "轨迹", "步数", "巡查里程", "学习时长", "点赞数"};
static const char *const bad_words[] = {"checkin", "check-in", "points", "ranking", "leaderboard", "track", "tracks", "trajectory",
					"steps", "mileage", "likes", "online-time", "league"};

static bool has_word(struct str text, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= text.n; i++) {
		bool begins = i == 0 || text.p[i - 1] == '_' || text.p[i - 1] == '-' || text.p[i - 1] == ' ';
		bool ends = i + n == text.n || text.p[i + n] == '_' || text.p[i + n] == '-' || text.p[i + n] == ' ';

		if (begins && ends && str_ieqz(str_sub(text, i, n), word))
			return true;
	}
	return false;
}

static const char *forbidden(const struct scenario_field *f)
{
	for (size_t i = 0; i < ARRAY_LEN(bad_zh); i++)
		if (str_find(f->title.zh, str_from(bad_zh[i])) >= 0)
			return bad_zh[i];
	for (size_t i = 0; i < ARRAY_LEN(bad_words); i++)
		if (has_word(f->id, bad_words[i]) || has_word(f->title.en, bad_words[i]))
			return bad_words[i];
	return NULL;
}

void check_field(struct reading *r, const struct yaml_node *n, const struct scenario_field *f, bool is_ask)
{
	const char *bad = forbidden(f);
	bool chooses = f->type == FIELD_CHOICE || f->type == FIELD_CHOICES;

	if (bad)
		fault(r->f, n->line,
		      "“%.*s”像是打卡、积分、排名或轨迹（“%s”），国办函〔2026〕12号不许；请删去",
		      "“%.*s” smells of check-in, points, ranking or tracks (“%s”), forbidden by 国办函〔2026〕12号; delete it",
		      STR_ARG(f->id), bad);
	if (f->type == FIELD_IMAGE && f->required)
		fault(r->f, n->line, "照片“%.*s”不能设为必填（国办函〔2026〕12号：不得强制上传照片）；请删去 required",
		      "photograph “%.*s” must not be required (国办函〔2026〕12号); delete required", STR_ARG(f->id));
	if (chooses != (f->nchoices > 0))
		fault(r->f, n->line, "“%.*s”：choice 和 choices 类型要有 choices 列表，别的类型不能有",
		      "“%.*s”: types choice and choices need a list choices, others must not have one", STR_ARG(f->id));
	if (is_ask && (f->personal || f->required))
		fault(r->f, n->line, "asks 里的“%.*s”不能写 personal 或 required；必答与否写在动作的 asks 里（不必答的名字后加 ?）",
		      "ask “%.*s” cannot be personal or required; optional is said in the action (a ? behind the name)", STR_ARG(f->id));
	if (f->personal && f->searchable)
		fault(r->f, n->line, "“%.*s”是个人信息，不能全文检索；删去 searchable 或 personal",
		      "“%.*s” is personal and cannot be searchable; delete one", STR_ARG(f->id));
}

/* ---- roles ---- */

static void check_role(struct reading *r, int line, struct str id, bool anyone)
{
	struct nearest near = {.typed = id};

	if (anyone && (str_eqz(id, "reporter") || str_eqz(id, "system") || str_eqz(id, "cohandler")))
		return;
	if (scenario_role(r->s, id))
		return;
	for (size_t i = 0; i < r->s->nroles; i++)
		nearest_try(&near, r->s->roles[i].id);
	fault(r->f, line, "角色“%.*s”没有在 roles 里定义%s", "role “%.*s” is not defined under roles%s", STR_ARG(id),
	      nearest_zh(r->a, &near).p);
}

static void check_roles(struct reading *r, int line, const struct str *v, size_t n, bool anyone)
{
	for (size_t i = 0; i < n; i++)
		check_role(r, line, v[i], anyone);
}

/* ---- actions ---- */

static bool asks_for(const struct scenario_action *ac, const char *id, bool required)
{
	for (size_t i = 0; i < ac->nasks; i++)
		if (str_eqz(ac->asks[i].field, id))
			return !required || ac->asks[i].required;
	return false;
}

static void check_effect_ask(struct reading *r, int line, const char *effect, const char *id)
{
	static const struct { const char *id; enum field_type type; } want[] = {
		{"lead", FIELD_ORG}, {"score", FIELD_NUMBER}, {"solved", FIELD_CHOICE}, {"extra", FIELD_CHOICE}, {"into", FIELD_LINE},
	};
	static const char *const names[] = {"org", "number", "choice", "choice", "line"};
	const struct scenario_field *f = scenario_ask(r->s, str_from(id));
	struct duration d;

	for (size_t i = 0; f && i < ARRAY_LEN(want); i++)
		if (strcmp(want[i].id, id) == 0 && f->type != want[i].type)
			fault(r->f, line, "effect %s 用的“%s”须是 %s 类型", "effect %s: “%s” must be of type %s", effect, id, names[i]);
	if (f && strcmp(id, "score") == 0 && f->max != 5)
		fault(r->f, line, "评价分 score 须写 max: 5", "score needs max: 5");
	for (size_t i = 0; f && i < f->nchoices; i++) {
		struct str c = f->choices[i].id;

		if (strcmp(id, "extra") == 0 && duration_parse(c, &d) != OK)
			fault(r->f, line, "延长时限的选项“%.*s”须是时间，如 2wd", "choice “%.*s” of extra must be a time like 2wd", STR_ARG(c));
		if (strcmp(id, "solved") == 0 && !str_eqz(c, "yes") && !str_eqz(c, "no"))
			fault(r->f, line, "solved 的选项只有 yes 和 no，没有“%.*s”（可加引号）", "choices of solved are yes and no, not “%.*s”", STR_ARG(c));
	}
}

static void check_effect(struct reading *r, const struct yaml_node *n, const struct scenario_action *ac)
{
	struct nearest near = {.typed = ac->effect};

	if (ac->effect.n == 0)
		return;
	for (const struct scenario_effect *e = scenario_effects; e->name; e++) {
		nearest_try(&near, str_from(e->name));
		if (!str_eqz(ac->effect, e->name))
			continue;
		for (int i = 0; i < 3 && e->asks[i]; i++) {
			if (!asks_for(ac, e->asks[i], true))
				fault(r->f, n->line, "effect %s 需要必答的“%s”；加进 asks", "effect %s needs the ask “%s”; add it to asks", e->name,
				      e->asks[i]);
			check_effect_ask(r, n->line, e->name, e->asks[i]);
		}
		return;
	}
	fault(r->f, n->line, "没有“%.*s”这种 effect%s", "there is no effect “%.*s”%s", STR_ARG(ac->effect), nearest_zh(r->a, &near).p);
}

/* The state depends on a choice that the action asks, by choices that it has. */
static void check_to_by(struct reading *r, int line, const struct scenario_action *ac)
{
	const struct scenario_field *f = scenario_ask(r->s, ac->to_by);

	if (ac->to_by.n == 0)
		return;
	if (f == NULL || f->type != FIELD_CHOICE || !asks_for(ac, arena_strz(r->a, ac->to_by), true)) {
		fault(r->f, line, "状态按“%.*s”定，它须是这个动作必答的 choice 项", "the state depends on “%.*s”, which must be a choice that the action asks",
		      STR_ARG(ac->to_by));
		return;
	}
	for (size_t i = 0; i < ac->nways; i++) {
		bool ok = false;

		for (size_t k = 0; k < f->nchoices; k++)
			ok |= str_eq(f->choices[k].id, ac->ways[i].value);
		if (!ok)
			fault(r->f, line, "“%.*s”没有选项“%.*s”", "“%.*s” has no choice “%.*s”", STR_ARG(ac->to_by), STR_ARG(ac->ways[i].value));
	}
}

void check_action(struct reading *r, const struct yaml_node *n, const struct scenario_action *ac)
{
	if (ac->nby == 0)
		fault(r->f, n->line, "动作“%.*s”要写 by（谁可以做）", "action “%.*s” needs by (who may)", STR_ARG(ac->id));
	check_roles(r, n->line, ac->by, ac->nby, true);
	for (size_t i = 0; i < ac->ntells; i++)
		if (!str_eqz(ac->tells[i], "holder"))
			check_role(r, n->line, ac->tells[i], true);
	for (size_t i = 0; i < ac->nrules; i++) {
		struct nearest near = {.typed = ac->rules[i]};

		if (rule_find(ac->rules[i]))
			continue;
		for (size_t k = 0; rule_at(k); k++)
			nearest_try(&near, str_from(rule_at(k)->name));
		fault(r->f, n->line, "没有“%.*s”这条规则%s", "there is no rule “%.*s”%s", STR_ARG(ac->rules[i]), nearest_zh(r->a, &near).p);
	}
	check_effect(r, n, ac);
	check_to_by(r, n->line, ac);
}

/* ---- the whole ---- */

static int state_line(struct reading *r, size_t i)
{
	const struct yaml_node *n = yaml_get(r->root, "states");

	for (n = n ? n->first : NULL; n && i--; n = n->next)
		;
	return n ? n->line : r->root->line;
}

static void check_clock_field(struct reading *r, int line, struct str by, const struct scenario_clock *v, size_t n)
{
	const struct scenario_field *f;

	if (by.n == 0)
		return;
	f = scenario_field(r->s, by);
	if (f == NULL || f->type != FIELD_CHOICE) {
		fault(r->f, line, "时限按“%.*s”定，但 fields 里没有这个 choice 项", "the time depends on “%.*s”, which is not a choice under fields",
		      STR_ARG(by));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct nearest near = {.typed = v[i].value};
		bool ok = false;

		for (size_t k = 0; k < f->nchoices; k++) {
			ok |= str_eq(f->choices[k].id, v[i].value);
			nearest_try(&near, f->choices[k].id);
		}
		if (!ok)
			fault(r->f, line, "“%.*s”没有选项“%.*s”%s", "“%.*s” has no choice “%.*s”%s", STR_ARG(by), STR_ARG(v[i].value),
			      nearest_zh(r->a, &near).p);
	}
}

static void check_state(struct reading *r, size_t i)
{
	const struct scenario_state *st = &r->s->states[i];
	bool ended = st->kind == STATE_CLOSED || st->kind == STATE_REFUSED;
	int line = state_line(r, i);

	check_roles(r, line, st->actors, st->nactors, true);
	if (st->nactors == 0 && !ended)
		fault(r->f, line, "状态“%.*s”没有写由谁负责；加 actors", "state “%.*s”: nobody holds it; add actors", STR_ARG(st->id));
	if (ended && (st->has_clock || st->keeps_clock))
		fault(r->f, line, "“%.*s”已经办结，不计时；删去 clock", "“%.*s” has ended and keeps no time; delete clock", STR_ARG(st->id));
	if (st->escalate_to.n)
		check_role(r, line, st->escalate_to, false);
	if (st->suspends && (st->kind == STATE_CLOSED || st->kind == STATE_REFUSED || i == 0))
		fault(r->f, line, "“%.*s”不能停止计时", "“%.*s” cannot suspend the clock", STR_ARG(st->id));
	check_clock_field(r, line, st->clock_by, st->clocks, st->nclocks);
}

static bool leaves(const struct scenario_action *ac, int state)
{
	for (size_t i = 0; i < ac->nfrom; i++)
		if (ac->from[i] == state)
			return ac->to >= 0 && ac->to != state;
	return false;
}

/* Marks a state as reached; true when it was not yet. */
static bool reach(bool *reached, int to)
{
	if (to < 0 || reached[to])
		return false;
	return reached[to] = true;
}

static void check_ways(struct reading *r)
{
	const struct scenario *s = r->s;
	bool *reached = arena_array(r->a, bool, s->nstates + 1);
	bool more = true;

	reached[0] = true;
	while (more) {
		more = false;
		for (size_t k = 0; k < s->nactions; k++)
			for (size_t i = 0; i < s->actions[k].nfrom; i++) {
				if (!reached[s->actions[k].from[i]])
					continue;
				more |= reach(reached, s->actions[k].to);
				for (size_t j = 0; j < s->actions[k].nways; j++)
					more |= reach(reached, s->actions[k].ways[j].to);
			}
	}
	for (size_t i = 0; i < s->nstates; i++) {
		bool out = s->states[i].kind >= STATE_CLOSED;

		if (!reached[i])
			fault(r->f, state_line(r, i), "没有动作能走到状态“%.*s”；加一个 to: %.*s 的动作，或删去它",
			      "no action leads to state “%.*s”; add one with to: %.*s, or delete it", STR_ARG(s->states[i].id),
			      STR_ARG(s->states[i].id));
		for (size_t k = 0; k < s->nactions; k++)
			out |= leaves(&s->actions[k], (int)i);
		if (!out)
			fault(r->f, state_line(r, i), "状态“%.*s”进得去出不来；加一个从它出发的动作，或写 kind: closed",
			      "state “%.*s” cannot be left; add an action from it, or write kind: closed", STR_ARG(s->states[i].id));
	}
}

static bool any_text(const struct scenario *s)
{
	for (size_t i = 0; i < s->nfields; i++)
		if (!s->fields[i].personal && (s->fields[i].type == FIELD_TEXT || s->fields[i].type == FIELD_LINE))
			return true;
	return false;
}

void check_whole(struct reading *r)
{
	const struct scenario *s = r->s;

	if (s->nstates == 0) {
		fault(r->f, r->root->line, "没有 states（状态）", "there are no states");
		return;
	}
	if (s->states[0].kind != STATE_OPEN)
		fault(r->f, state_line(r, 0), "第一个状态须是 kind: open", "the first state must be kind: open");
	if (!any_text(s))
		fault(r->f, r->root->line, "fields 里至少要有一个不是个人信息的 text 或 line，用作标题",
		      "fields needs at least one text or line that is not personal, for the title");
	for (size_t i = 0; i < s->nstates; i++)
		check_state(r, i);
	check_clock_field(r, r->root->line, s->total_by, s->totals, s->ntotals);
	check_ways(r);
}
