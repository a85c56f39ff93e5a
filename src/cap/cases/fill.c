#include "cap/cases/fill.h"

#include "cap/cases/pick.h"

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

struct str fill_place(struct rq *rq, struct str key)
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
		return fill_place(rq, key);
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
		[FIELD_ACTOR] = "actor", [FIELD_ORGS] = "orgs", [FIELD_CATEGORY] = "category", [FIELD_EMAIL] = "email",
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
	else if (d->type == FIELD_ORG || d->type == FIELD_ORGS)
		pick_orgs(rq, place, false, f);
	else if (d->type == FIELD_PLACE)
		pick_places(rq, place, f);
	else if (d->type == FIELD_CATEGORY)
		pick_categories(rq, f);
	else if (d->type == FIELD_BOOL)
		bool_options(rq, f);
	if (f->ngroups)
		pick_choose(rq, f, STR(""));
	if (rq->reason_field.n && str_eq(rq->reason_field, d->id))
		f->error = rq->reason;
}

void fill_fields(struct rq *rq, const struct matter *m, struct str place, const struct scenario_field *const *ask, const bool *required,
		 size_t n, const char *id_prefix, struct cases_field_view *out)
{
	for (size_t i = 0; i < n; i++)
		fill_field(rq, m ? m->place : place, ask[i], required[i], id_prefix, &out[i]);
}

void fill_choose(struct rq *rq, struct cases_field_view *f, struct str value)
{
	if (f == NULL || rq->http->method == HTTP_POST)
		return; /* what was posted stands */
	f->value = value;
	for (size_t i = 0; i < f->noptions; i++)
		f->options[i].chosen = str_eq(f->options[i].value, value);
	pick_choose(rq, f, value);
}
