#include "cap/cases/fill.h"


#include "core/matter/category.h"
#include "core/place/place.h"
#include "web/looks.h"

struct cases_clock fill_clock(struct rq *rq, const struct matter *m, int64_t due)
{
	struct matter probe = *m;

	probe.due = due;
	return (struct cases_clock){
		.colour = matter_clock_colour(&probe, rq->now),
		.text = looks_clock(rq, due, m->suspended_since),
		.css = looks_clock_class(matter_clock_colour(&probe, rq->now), m->suspended_since),
	};
}

struct str fill_state(struct rq *rq, const struct scenario *s, struct str state)
{
	int i = s ? scenario_state(s, state) : -1;

	return i < 0 ? state : looks_text(rq, s->states[i].title);
}

const char *fill_state_css(const struct scenario *s, struct str state)
{
	int i = s ? scenario_state(s, state) : -1;

	if (i < 0)
		return "";
	switch (s->states[i].kind) {
	case STATE_OPEN:
		return " tag--act";
	case STATE_DONE:
	case STATE_CLOSED:
		return " tag--ok";
	case STATE_REFUSED:
		return " tag--late";
	case STATE_WAITING:
		break;
	}
	return "";
}

struct str fill_category(struct rq *rq, struct str id)
{
	const struct category *c = str_empty(id) ? NULL : category_find(id);

	return c ? looks_text(rq, c->title) : id.p ? id : STR("");
}

struct str fill_channel(struct rq *rq, struct str id)
{
	static const struct {
		const char *id, *title;
	} known[] = {
		{"portal", N_("网页")}, {"web", N_("网页")}, {"desk", N_("工作人员登记")}, {"grid", N_("网格巡查")}, {"proxy", N_("代办")}, {"hotline", N_("热线")},
		{"phone", N_("电话")}, {"counter", N_("窗口")}, {"wechat", N_("微信")}, {"qq", N_("QQ")}, {"import", N_("导入")}, {"paper", N_("来人来信")},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eqz(id, known[i].id))
			return str_from(_(known[i].title));
	return id.p ? id : STR("");
}

static struct str place_name(struct rq *rq, struct str key)
{
	struct str name;

	if (place_full_name(rq_conn(rq), rq->arena, key, PLACE_TOWN, &name) != OK || str_empty(name))
		return STR("");
	return name;
}

/* In a row there is room for the community without its official ending, and the grid. */
static struct str short_place(struct rq *rq, struct str key)
{
	struct str community = place_up(key, PLACE_COMMUNITY), all = STR("");
	struct place *v;
	size_t n;

	if (str_empty(community) || place_path(rq_conn(rq), rq->arena, key, &v, &n) != OK)
		return place_name(rq, key);
	for (size_t i = 0; i < n; i++) {
		struct str name = place_short_name(v[i].name);

		if (v[i].level < PLACE_COMMUNITY)
			continue;
		all = arena_printf(rq->arena, "%.*s%s%.*s", STR_ARG(all), all.n ? " " : "", STR_ARG(name));
	}
	return all;
}

void fill_rows(struct rq *rq, const struct matter_row *v, size_t n, struct cases_page_view *out)
{
	out->rows = arena_array(rq->arena, struct cases_row_view, n);
	out->n = n;
	for (size_t i = 0; i < n; i++) {
		struct cases_row_view *r = &out->rows[i];
		const struct scenario *s = scenario_current(v[i].scenario);
		struct matter m = {.due = v[i].due, .state_since = v[i].state_since};

		*r = (struct cases_row_view){.id = v[i].id, .version = v[i].version, .code = matter_code_head(v[i].code), .created = v[i].created, .demo = v[i].demo};
		r->title = str_empty(v[i].title) ? matter_code_head(v[i].code) : matter_mask(rq->arena, v[i].title);
		r->place = short_place(rq, v[i].place);
		r->when = looks_when(rq, v[i].created);
		r->state = fill_state(rq, s, v[i].state);
		r->state_css = fill_state_css(s, v[i].state);
		r->category = fill_category(rq, v[i].category);
		r->clock = fill_clock(rq, &m, v[i].due);
	}
}

/* ---- fields as forms ---- */

static const char *field_kind(enum field_type t)
{
	static const char *const names[] = {
		[FIELD_TEXT] = "text", [FIELD_LINE] = "line", [FIELD_NUMBER] = "number", [FIELD_DATE] = "date",
		[FIELD_CHOICE] = "choice", [FIELD_CHOICES] = "choices", [FIELD_IMAGE] = "image", [FIELD_PLACE] = "place",
		[FIELD_POINT] = "point", [FIELD_PHONE] = "phone", [FIELD_BOOL] = "bool", [FIELD_ORG] = "org",
		[FIELD_ACTOR] = "actor", [FIELD_ORGS] = "orgs", [FIELD_CATEGORY] = "category",
	};

	return names[t];
}

static bool posted(struct rq *rq, const char *name, struct str value)
{
	for (size_t i = 0; i < rq->http->form.n; i++)
		if (str_eqz(rq->http->form.v[i].name, name) && str_eq(rq->http->form.v[i].value, value))
			return true;
	return false;
}

static struct cases_option *options_of(struct rq *rq, struct cases_field_view *f, size_t n)
{
	f->options = arena_array(rq->arena, struct cases_option, n + 1);
	return f->options;
}

static void add_option(struct rq *rq, struct cases_field_view *f, struct str value, struct str title)
{
	f->options[f->noptions++] = (struct cases_option){value, title, posted(rq, f->name.p, value)};
}

static void choice_options(struct rq *rq, const struct scenario_field *d, struct cases_field_view *f)
{
	options_of(rq, f, d->nchoices);
	for (size_t i = 0; i < d->nchoices; i++)
		add_option(rq, f, d->choices[i].id, looks_text(rq, d->choices[i].title));
}

static void org_options(struct rq *rq, struct str place, struct cases_field_view *f)
{
	struct actor_org *v;
	size_t n;

	if (actor_orgs_for(rq_conn(rq), rq->arena, place, &v, &n) != OK)
		return;
	options_of(rq, f, n);
	for (size_t i = 0; i < n; i++)
		add_option(rq, f, arena_printf(rq->arena, "%lld", (long long)v[i].id), v[i].name);
}

/* The place and, level by level, what lies in it: a town offers its communities, a community its grids. */
static void place_options(struct rq *rq, struct str top, struct cases_field_view *f)
{
	struct place *v, self;
	size_t n;

	if (place_children(rq_conn(rq), rq->arena, top, &v, &n) != OK)
		return;
	options_of(rq, f, n + 1);
	if (place_by_key(rq_conn(rq), rq->arena, top, &self) == OK)
		add_option(rq, f, self.key, self.name);
	for (size_t i = 0; i < n; i++)
		add_option(rq, f, v[i].key, v[i].name);
}

static void bool_options(struct rq *rq, struct cases_field_view *f)
{
	options_of(rq, f, 2);
	add_option(rq, f, STR("yes"), str_from(_("是")));
	add_option(rq, f, STR("no"), str_from(_("否")));
}

static void fill_field(struct rq *rq, struct str place, const struct scenario_field *d, bool required, const char *id_prefix,
		       struct cases_field_view *f)
{
	*f = (struct cases_field_view){.required = required, .kind = field_kind(d->type), .max = d->max};
	f->name = arena_printf(rq->arena, "f_%.*s", STR_ARG(d->id));
	f->id = arena_printf(rq->arena, "%s%.*s", id_prefix, STR_ARG(d->id));
	f->title = looks_text(rq, d->title);
	f->says_optional = str_find(f->title, STR("（可不")) >= 0 || str_find(f->title, STR("(optional)")) >= 0;
	f->hint = looks_text(rq, d->hint);
	f->value = rq->http->method == HTTP_POST ? rq_form(rq, f->name.p) : STR("");
	if (d->type == FIELD_CHOICE || d->type == FIELD_CHOICES)
		choice_options(rq, d, f);
	else if (d->type == FIELD_ORG)
		org_options(rq, place, f);
	else if (d->type == FIELD_PLACE)
		place_options(rq, place, f);
	else if (d->type == FIELD_BOOL)
		bool_options(rq, f);
	if (rq->reason_field.n && str_eq(rq->reason_field, d->id))
		f->error = rq->reason;
}

void fill_fields(struct rq *rq, const struct matter *m, struct str place, const struct scenario_field *const *ask, const bool *required,
		 size_t n, const char *id_prefix, struct cases_field_view *out)
{
	for (size_t i = 0; i < n; i++)
		fill_field(rq, m ? m->place : place, ask[i], required[i], id_prefix, &out[i]);
}

/* ---- the page of one matter ---- */

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
	case FIELD_ACTOR:
		return str_i64(v, &id) && actor_name(rq_conn(rq), rq->arena, id, &name) == OK ? name : v;
	case FIELD_PLACE:
		return place_name(rq, v);
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

static enum err fill_steps(struct rq *rq, const struct scenario *s, const struct matter *m, struct cases_show_view *v)
{
	struct matter_step *st;
	size_t n;
	enum err e = matter_timeline(rq_conn(rq), rq->arena, m, &st, &n);

	if (e != OK)
		return e;
	v->steps = arena_array(rq->arena, struct cases_step_view, n);
	v->nsteps = n;
	for (size_t i = 0; i < n; i++) {
		struct cases_step_view *to = &v->steps[n - 1 - i]; /* newest first */

		*to = (struct cases_step_view){.at = st[i].at, .title = looks_text(rq, (struct text2){st[i].title, st[i].title_en}), .who = st[i].actor_name, .now = i == n - 1};
		to->note = matter_mask(rq->arena, st[i].note);
		to->facts = arena_array(rq->arena, struct cases_fact, st[i].nvalues + 1);
		for (size_t k = 0; k < st[i].nvalues; k++) {
			const struct scenario_field *d = scenario_ask(s, st[i].values[k].field);

			if (d == NULL || str_empty(st[i].values[k].value) || d->type == FIELD_IMAGE)
				continue;
			to->facts[to->nfacts++] = (struct cases_fact){
				looks_text(rq, d->title), matter_mask(rq->arena, value_text(rq, d, st[i].values[k].value)), false};
		}
	}
	return OK;
}

static enum err fill_photos(struct rq *rq, const struct matter *m, struct cases_show_view *v)
{
	struct matter_file *f;
	size_t n;
	enum err e = matter_files(rq_conn(rq), rq->arena, m->id, &f, &n);

	if (e != OK)
		return e;
	v->photos = arena_array(rq->arena, struct cases_photo, n);
	for (size_t i = 0; i < n; i++) {
		struct cases_photo *p = &v->photos[v->nphotos++];

		p->href = arena_printf(rq->arena, "/cases/%lld/files/%lld", (long long)m->id, (long long)f[i].id);
		p->thumb = arena_printf(rq->arena, "/cases/%lld/files/%lld?thumb=1", (long long)m->id, (long long)f[i].id);
		p->alt = arena_printf(rq->arena, _("照片 %d"), (int)i + 1);
	}
	return OK;
}

static void fill_action(struct rq *rq, const struct scenario *s, const struct matter *m, int index, struct cases_action_view *out)
{
	const struct scenario_action *a = &s->actions[index];
	const struct scenario_field **ask = arena_array(rq->arena, const struct scenario_field *, a->nasks + 1);
	bool *required = arena_array(rq->arena, bool, a->nasks + 1);
	size_t n = 0;

	*out = (struct cases_action_view){.id = a->id, .title = looks_text(rq, a->title), .danger = a->danger};
	for (size_t i = 0; i < a->nasks; i++) {
		ask[n] = scenario_ask(s, a->asks[i].field);
		required[n] = a->asks[i].required;
		if (ask[n])
			n++;
	}
	for (size_t i = 0; i < n; i++)
		out->takes_photos = out->takes_photos || ask[i]->type == FIELD_IMAGE;
	out->fields = arena_array(rq->arena, struct cases_field_view, n + 1);
	out->nfields = n;
	fill_fields(rq, m, m->place, ask, required, n, arena_printf(rq->arena, "%.*s-", STR_ARG(a->id)).p, out->fields);
}

static enum err fill_actions(struct rq *rq, const struct scenario *s, const struct matter *m, struct cases_show_view *v)
{
	struct matter_actor by = {.who = &rq->who};
	int *index;
	size_t n;
	enum err e = matter_actions(m, &by, rq->now, rq->arena, &index, &n);

	if (e != OK)
		return e;
	v->actions = arena_array(rq->arena, struct cases_action_view, n + 1);
	v->nactions = n;
	for (size_t i = 0; i < n; i++) {
		fill_action(rq, s, m, index[i], &v->actions[i]);
		v->actions[i].open = i == 0 && !v->actions[i].danger;
	}
	return OK;
}

static struct str holder_text(struct rq *rq, const struct matter *m)
{
	struct actor_org org;
	struct str name;

	if (m->holder && actor_name(rq_conn(rq), rq->arena, m->holder, &name) == OK)
		return name;
	if (m->holder_org && actor_org_get(rq_conn(rq), rq->arena, m->holder_org, &org) == OK)
		return org.name;
	return STR("");
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
	v->state_css = fill_state_css(s, m->state);
	v->place = place_name(rq, m->place);
	v->category = fill_category(rq, m->category);
	v->channel = fill_channel(rq, m->channel);
	v->clock = fill_clock(rq, m, m->due);
	v->total = m->closed ? (struct cases_clock){.css = "", .text = STR("")} : fill_clock(rq, m, m->total_due);
	v->holder = holder_text(rq, m);
	v->judged = judged_text(rq, m);
	fill_values(rq, s, m, plain, v);
	if ((e = fill_photos(rq, m, v)) != OK || (e = fill_steps(rq, s, m, v)) != OK)
		return e;
	return fill_actions(rq, s, m, v);
}
