/* The page of one matter: from the matter to its view. */
#include "cap/cases/fill.h"
#include "cap/cases/pick.h"
#include "cap/cases/reply.h"
#include "core/matter/category.h"
#include "core/matter/follow.h"
#include "web/looks.h"

static struct str one_choice(struct rq *rq, const struct scenario_field *d, struct str id)
{
	for (size_t i = 0; i < d->nchoices; i++)
		if (str_eq(d->choices[i].id, id))
			return looks_text(rq, d->choices[i].title);
	return id;
}

/* A stored value as a person reads it. */
static struct str value_text(struct rq *rq, const struct scenario_field *d, struct str v)
{
	struct str rest = v, part, all = STR_NULL, name;
	struct actor_org org;
	int64_t id;

	if (d == NULL)
		return v;
	switch (d->type) {
	case FIELD_CHOICE:
		return one_choice(rq, d, v);
	case FIELD_CHOICES:
		while (str_split(&rest, ',', &part)) {
			part = one_choice(rq, d, part);
			all = all.p ? arena_cat(rq->arena, arena_cat(rq->arena, all, STR("，")), part) : part;
		}
		return all;
	case FIELD_BOOL:
		return str_from(str_eqz(v, "yes") ? _("是") : _("否"));
	case FIELD_ORG:
		return str_i64(v, &id) && actor_org_get(rq_conn(rq), rq->arena, id, &org) == OK ? org.name : v;
	case FIELD_ORGS:
		while (rest.n && str_split(&rest, ',', &part)) {
			name = str_i64(part, &id) ? pick_org_name(rq, id, 0) : part;
			all = all.p ? arena_cat(rq->arena, arena_cat(rq->arena, all, STR("、")), name) : name;
		}
		return all;
	case FIELD_CATEGORY:
		return fill_category(rq, v);
	case FIELD_ACTOR:
		return str_i64(v, &id) && actor_name(rq_conn(rq), rq->arena, id, &name) == OK ? name : v;
	case FIELD_PLACE:
		return fill_place(rq, v);
	default:
		return v;
	}
}

static void add_fact(struct rq *rq, struct cases_show_view *v, const struct scenario_field *d, struct str value, bool plain)
{
	struct cases_fact *f = &v->facts[v->nfacts++];

	f->title = looks_text(rq, d->title);
	if (d->personal && !plain) {
		f->value = matter_mask(rq->arena, value);
		if (str_eq(f->value, value))
			f->value = STR("＊＊＊");
		f->masked = v->masked = true;
		return;
	}
	f->value = value_text(rq, d, value);
	if (!plain && (d->type == FIELD_TEXT || d->type == FIELD_LINE)) {
		f->value = matter_mask(rq->arena, f->value);
		if (!str_eq(f->value, value))
			v->masked = true;
	}
}

/* The first long text is the matter's own words and stands on top; everything else is a fact beside it. */
static void fill_values(struct rq *rq, const struct scenario *s, const struct matter *m, bool plain, struct cases_show_view *v)
{
	v->facts = arena_array(rq->arena, struct cases_fact, m->nvalues + 1);
	for (size_t i = 0; i < m->nvalues; i++) {
		const struct scenario_field *d = scenario_field(s, m->values[i].field);

		if (d == NULL || str_empty(m->values[i].value) || d->type == FIELD_IMAGE || d->type == FIELD_POINT)
			continue;
		if (d->type == FIELD_TEXT && !d->personal && v->text.n == 0) {
			v->text = plain ? m->values[i].value : matter_mask(rq->arena, m->values[i].value);
			v->masked = v->masked || !str_eq(v->text, m->values[i].value);
			continue;
		}
		add_fact(rq, v, d, m->values[i].value, plain);
	}
}

/* ---- what happened ---- */

static struct cases_photo photo_of(struct rq *rq, const struct matter *m, const struct matter_file *f, int number)
{
	return (struct cases_photo){
		arena_printf(rq->arena, "/cases/%lld/files/%lld", (long long)m->id, (long long)f->id),
		arena_printf(rq->arena, "/cases/%lld/files/%lld?thumb=1", (long long)m->id, (long long)f->id),
		arena_printf(rq->arena, _("照片 %d"), number)};
}

/* Photographs of a filing stand under its text, those of a step with the step. */
static void step_photos(struct rq *rq, const struct matter *m, const struct matter_file *f, size_t n, int64_t step, struct cases_photo **v, size_t *count)
{
	*v = arena_array(rq->arena, struct cases_photo, n + 1);
	*count = 0;
	for (size_t i = 0; i < n; i++)
		if (f[i].step == step) {
			(*v)[*count] = photo_of(rq, m, &f[i], (int)*count + 1);
			(*count)++;
		}
}

static void step_facts(struct rq *rq, const struct scenario *s, const struct matter_step *st, struct cases_step_view *to)
{
	struct str post = STR_NULL;
	int64_t org, id;

	for (size_t k = 0; k < st->nvalues; k++)
		if (str_eqz(st->values[k].field, "post"))
			post = st->values[k].value;
	to->facts = arena_array(rq->arena, struct cases_fact, st->nvalues + 1);
	for (size_t k = 0; k < st->nvalues; k++) {
		const struct scenario_field *d = scenario_ask(s, st->values[k].field);
		struct str text;

		if (str_eqz(st->values[k].field, MATTER_OVERRIDE))
			to->facts[to->nfacts++] = (struct cases_fact){str_from(_("仍要办理的理由")), matter_mask(rq->arena, st->values[k].value), false};
		if (d == NULL || str_empty(st->values[k].value) || d->type == FIELD_IMAGE || str_eqz(d->id, "post"))
			continue;
		text = value_text(rq, d, st->values[k].value);
		if (str_eqz(d->id, "lead") && str_i64(st->values[k].value, &org) && str_i64(post, &id))
			text = pick_org_name(rq, org, id);
		to->facts[to->nfacts++] = (struct cases_fact){looks_text(rq, d->title), matter_mask(rq->arena, text), false};
	}
}

static enum err fill_steps(struct rq *rq, const struct scenario *s, const struct matter *m, struct cases_show_view *v)
{
	struct matter_step *st;
	struct matter_file *f;
	size_t n, nfiles;
	enum err e = matter_timeline(rq_conn(rq), rq->arena, m, &st, &n);

	if (e == OK)
		e = matter_all_files(rq_conn(rq), rq->arena, m->id, &f, &nfiles);
	if (e != OK)
		return e;
	v->raw = st;
	v->nraw = n;
	step_photos(rq, m, f, nfiles, 0, &v->photos, &v->nphotos);
	v->steps = arena_array(rq->arena, struct cases_step_view, n);
	v->nsteps = n;
	for (size_t i = 0; i < n; i++) {
		struct cases_step_view *to = &v->steps[n - 1 - i]; /* newest first */

		*to = (struct cases_step_view){.at = st[i].at, .title = looks_text(rq, (struct text2){st[i].title, st[i].title_en}), .who = st[i].actor_name,
					       .now = i == n - 1, .is_public = i > 0 && st[i].is_public};
		to->note = matter_mask(rq->arena, st[i].note);
		step_facts(rq, s, &st[i], to);
		if (i)
			step_photos(rq, m, f, nfiles, st[i].id, &to->photos, &to->nphotos);
	}
	return OK;
}

/* ---- what may be done ---- */

static void fill_action(struct rq *rq, const struct scenario *s, const struct matter *m, int index, struct cases_action_view *out)
{
	const struct scenario_action *a = &s->actions[index];
	const struct scenario_field **ask = arena_array(rq->arena, const struct scenario_field *, a->nasks + 1);
	bool *required = arena_array(rq->arena, bool, a->nasks + 1);
	bool posts = false;
	size_t n = 0;

	*out = (struct cases_action_view){.id = a->id, .title = looks_text(rq, a->title), .danger = a->danger};
	for (size_t i = 0; i < a->nasks; i++) {
		ask[n] = scenario_ask(s, a->asks[i].field);
		if (ask[n] && str_eqz(ask[n]->id, "post")) { /* chosen together with its organisation */
			posts = true;
			continue;
		}
		required[n] = a->asks[i].required;
		if (ask[n])
			n++;
	}
	for (size_t i = 0; i < n; i++)
		out->takes_photos = out->takes_photos || ask[i]->type == FIELD_IMAGE;
	out->fields = arena_array(rq->arena, struct cases_field_view, n + 1);
	out->nfields = n;
	fill_fields(rq, m, m->place, ask, required, n, arena_printf(rq->arena, "%.*s-", STR_ARG(a->id)).p, out->fields);
	for (size_t i = 0; i < n; i++) {
		struct cases_field_view *f = &out->fields[i];

		if (posts && str_eqz(ask[i]->id, "lead")) {
			f->ngroups = 0;
			pick_orgs(rq, m->place, true, f);
			pick_choose(rq, f, STR(""));
		}
		if (ask[i]->type == FIELD_CATEGORY)
			fill_choose(rq, f, m->category);
		out->may_preview |= a->public_note && str_eqz(ask[i]->id, "note");
	}
}

static bool has_rule(const struct scenario_action *a, const char *rule)
{
	for (size_t i = 0; i < a->nrules; i++)
		if (str_eqz(a->rules[i], rule))
			return true;
	return false;
}

static struct str step_value(const struct matter_step *st, const char *field)
{
	for (size_t i = 0; st && i < st->nvalues; i++)
		if (str_eqz(st->values[i].field, field))
			return st->values[i].value;
	return STR("");
}

/* A wish for more time is answered with one press: what was asked for is filled in already. */
static void fill_wish(struct rq *rq, const struct scenario *s, const struct matter_step *wish, struct cases_action_view *out)
{
	const struct scenario_field *extra = scenario_ask(s, STR("extra"));
	struct str how_long = extra ? value_text(rq, extra, step_value(wish, "extra")) : STR("");

	out->intro = arena_printf(rq->arena, _("%s 申请延长 %s：%s"), arena_strz(rq->arena, wish->actor_name), arena_strz(rq->arena, how_long),
				  arena_strz(rq->arena, matter_mask(rq->arena, step_value(wish, "reason"))));
	for (size_t i = 0; i < out->nfields; i++)
		if (str_eqz(out->fields[i].name, "f_extra"))
			fill_choose(rq, &out->fields[i], step_value(wish, "extra"));
}

/* Answers to a wish come first; without one they are not offered, and it is not asked for twice. */
static bool is_due(const struct scenario_action *a, const struct matter_step *wish, int64_t me)
{
	bool answers = has_rule(a, "extend-was-asked");

	if (answers)
		return wish && wish->actor != me;
	return !(wish && has_rule(a, "extend-before-due"));
}

/* Which of them is open: the one asked for in the address, else an answer that is waited for, else the first that is no second thought. */
static void open_one(struct rq *rq, struct cases_show_view *v)
{
	struct str want = rq_query(rq, "do");
	size_t open = v->nactions;

	for (size_t i = 0; i < v->nactions && open == v->nactions; i++)
		if (want.n && str_eq(v->actions[i].id, want))
			open = i;
	for (size_t i = 0; i < v->nactions && open == v->nactions; i++)
		if (v->actions[i].intro.n)
			open = i;
	if (open == v->nactions && v->nactions && !v->actions[0].danger)
		open = 0;
	for (size_t i = 0; i < v->nactions; i++)
		v->actions[i].open = i == open;
}

static enum err fill_actions(struct rq *rq, const struct scenario *s, const struct matter *m, struct cases_show_view *v)
{
	struct matter_actor by = {.who = &rq->who};
	const struct matter_step *wish = matter_wish(s, v->raw, v->nraw);
	int *index;
	size_t n;
	enum err e = matter_actions(m, &by, rq->now, rq->arena, &index, &n);

	if (e != OK)
		return e;
	v->actions = arena_array(rq->arena, struct cases_action_view, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct scenario_action *a = &s->actions[index[i]];
		struct cases_action_view *out = &v->actions[v->nactions];

		if (!is_due(a, wish, rq->who.id))
			continue;
		fill_action(rq, s, m, index[i], out);
		if (wish && has_rule(a, "extend-was-asked"))
			fill_wish(rq, s, wish, out);
		if (str_eqz(a->effect, "reply") && (e = reply_offer(rq, m, out)) != OK)
			return e;
		v->nactions++;
	}
	open_one(rq, v);
	return OK;
}

/* ---- the three facts ---- */

static struct str holder_text(struct rq *rq, const struct matter *m)
{
	struct str name;

	if (m->holder && actor_name(rq_conn(rq), rq->arena, m->holder, &name) == OK)
		return name;
	return pick_org_name(rq, m->holder_org, m->holder_post);
}

static struct str judged_text(struct rq *rq, const struct matter *m)
{
	static const char *const score[] = {"", N_("非常不满意"), N_("不满意"), N_("基本满意"), N_("满意"), N_("非常满意")};
	const char *solved = m->judge_solved > 0 ? N_("已解决") : m->judge_solved < 0 ? N_("没有解决") : NULL;

	if (m->judge_score < 1 || m->judge_score > 5)
		return solved ? str_from(_(solved)) : STR("");
	if (solved == NULL)
		return str_from(_(score[m->judge_score]));
	return arena_printf(rq->arena, "%s · %s", _(score[m->judge_score]), _(solved));
}

/* The last step that brought a value, or had an effect. */
static const struct matter_step *last_with(const struct scenario *s, const struct cases_show_view *v, const char *field, const char *effect)
{
	for (size_t i = v->nraw; i-- > 0;) {
		int k = scenario_action(s, v->raw[i].action);

		if (k >= 0 && effect && str_eqz(s->actions[k].effect, effect))
			return &v->raw[i];
		if (field && step_value(&v->raw[i], field).n)
			return &v->raw[i];
	}
	return NULL;
}

static void add_verdict(struct cases_show_view *v, const char *title, const char *css, struct str value, const struct matter_step *st)
{
	v->verdicts[v->nverdicts++] = (struct cases_verdict){title, value, st ? st->note : STR(""), st ? st->at : 0, css};
}

/* What the office says, what the resident says, what was adjudicated: three facts side by side, none in place of another. */
static void fill_verdicts(struct rq *rq, const struct scenario *s, const struct matter *m, struct cases_show_view *v)
{
	const struct scenario_field *d = scenario_ask(s, STR("verdict"));
	const struct matter_step *judged = last_with(s, v, NULL, "judge"), *excluded = last_with(s, v, NULL, "exclude");
	const char *reason;

	if (m->verdict.n == 0 && m->kind < STATE_CLOSED && m->judged == 0 && m->excluded == 0)
		return;
	add_verdict(v, N_("办理单位的结论"), m->verdict.n ? "tag--act" : "", m->verdict.n && d ? value_text(rq, d, m->verdict) : str_from(_("没有")),
		    m->verdict.n ? last_with(s, v, "verdict", NULL) : NULL);
	add_verdict(v, N_("群众的评价"), m->judge_solved < 0 ? "tag--late" : m->judge_solved > 0 ? "tag--ok" : "",
		    m->judged ? judged_text(rq, m) : str_from(_("还没有评价")), m->judged ? judged : NULL);
	reason = arena_strz(rq->arena, step_value(excluded, "reason"));
	add_verdict(v, N_("审核：计不计入统计"), "", m->excluded ? arena_printf(rq->arena, _("不计入：%s"), reason) : str_from(_("计入")),
		    m->excluded ? excluded : NULL);
	for (size_t i = 0; i < v->nverdicts; i++)
		v->verdicts[i].note = matter_mask(rq->arena, v->verdicts[i].note);
}

/* ---- who helps, what was merged ---- */

static void fill_helpers(struct rq *rq, const struct matter *m, struct cases_show_view *v)
{
	v->helpers = arena_array(rq->arena, struct cases_helper, m->nparts + 1);
	for (size_t i = 0; i < m->nparts; i++)
		v->helpers[v->nhelpers++] = (struct cases_helper){pick_org_name(rq, m->parts[i].org, 0), m->parts[i].done};
}

static enum err fill_merged(struct rq *rq, const struct matter *m, struct cases_show_view *v)
{
	int64_t *ids;
	size_t n;
	enum err e = matter_merged(rq_conn(rq), rq->arena, m->id, &ids, &n);

	if (e != OK)
		return e;
	v->merged_into = m->merged_into;
	v->merged = arena_array(rq->arena, struct cases_similar, n + 1);
	for (size_t i = 0; e == OK && i < n; i++) {
		struct matter x;

		e = matter_get(rq_conn(rq), rq->arena, ids[i], &x);
		if (e == OK)
			v->merged[v->nmerged++] = (struct cases_similar){.id = x.id, .title = matter_mask(rq->arena, x.title),
									 .why = looks_when(rq, x.created)};
	}
	return e;
}

enum err fill_show(struct rq *rq, const struct matter *m, bool plain, struct cases_show_view *v)
{
	const struct scenario *s = scenario_version(m->scenario, m->scenario_version);
	enum err e;

	if (s == NULL)
		return rq_fail(rq, ERR_DB, _("这件事所用的场景文件不在了，请告诉系统管理员"));
	*v = (struct cases_show_view){.id = m->id, .version = m->version, .created = m->created, .code = matter_code_head(m->code), .demo = m->demo,
				      .is_public = m->is_public};
	v->title = plain ? m->title : matter_mask(rq->arena, m->title);
	v->scenario = looks_text(rq, s->title);
	v->state = fill_state(rq, s, m->state);
	v->state_css = m->judge_solved < 0 && m->kind < STATE_CLOSED ? " tag--late" : fill_state_css(s, m->state);
	v->place = fill_place(rq, m->place);
	v->category = fill_category(rq, m->category);
	v->channel = fill_channel(rq, m->channel);
	v->clock = fill_clock(rq, m, m->due);
	v->total = m->closed ? (struct cases_clock){.css = "", .text = STR("")} : fill_clock(rq, m, m->total_due);
	v->holder = holder_text(rq, m);
	v->reopened = m->reopened;
	v->judged = judged_text(rq, m);
	fill_values(rq, s, m, plain, v);
	fill_helpers(rq, m, v);
	if ((e = matter_followers(rq_conn(rq), rq->arena, m->id, &v->followers)) != OK || (e = fill_merged(rq, m, v)) != OK || (e = fill_steps(rq, s, m, v)) != OK)
		return e;
	fill_verdicts(rq, s, m, v);
	return fill_actions(rq, s, m, v);
}
