/* Filing by staff: a form made from any scenario's fields. */
#include <math.h>

#include "cap/cases/cases.html.h"
#include "cap/cases/pages.h"
#include "cap/cases/photos.h"
#include "cap/cases/pick.h"
#include "core/matter/category.h"
#include "core/place/area.h"
#include "core/place/place.h"
#include "geo/coord.h"
#include "web/minimap.h"
#include "web/looks.h"

#define MAX_FIELDS 64

bool cases_may_file(struct rq *rq, const struct scenario *s)
{
	return s->nstates > 0 && s->nfields > 0 && rq_may(rq, "matter.file");
}

static const struct scenario *wanted(struct rq *rq)
{
	const struct scenario *s = scenario_current(rq_param(rq, "scenario"));

	if (s == NULL || !cases_may_file(rq, s)) {
		(void)rq_fail(rq, ERR_NOT_FOUND, _("没有这一种事项，或您不能登记它"));
		return NULL;
	}
	return s;
}

/* Where the filer works: the smallest subtree in which he may file. */
static struct str working_place(struct rq *rq)
{
	struct scope *v;
	struct str best = rq->who.home;
	size_t n;

	if (rq_scope(rq, "matter.file", &v, &n) != OK)
		return best;
	for (size_t i = 0; i < n; i++)
		if (best.p == NULL || v[i].from.n > best.n)
			best = v[i].from;
	return best.p ? best : STR("");
}

/* Who works in one grid is not asked where: it is there. */
static bool place_known(struct rq *rq)
{
	struct scope *v;
	struct place *below;
	size_t n, nbelow;

	return rq_scope(rq, "matter.file", &v, &n) == OK && n == 1 && place_level_of_key(v[0].from) >= PLACE_GRID &&
	       place_children(rq_conn(rq), rq->arena, v[0].from, &below, &nbelow) == OK && nbelow == 0;
}

static void category_options(struct rq *rq, struct cases_file_view *v)
{
	v->category = (struct cases_field_view){.kind = "category", .id = STR("category"), .name = STR("category"), .title = str_from(_("类别"))};
	pick_categories(rq, &v->category);
	pick_choose(rq, &v->category, STR(""));
}

/* Whoever works in one community or grid reports from there, as a rule: it need not be said. */
static void choose_place(struct rq *rq, struct cases_field_view *f, size_t n)
{
	struct str place = working_place(rq);

	for (size_t i = 0; i < n; i++)
		if (str_eqz(f[i].name, "f_place") && place_level_of_key(place) >= PLACE_COMMUNITY)
			fill_choose(rq, &f[i], place);
}

/* May a reporter act on it later? Then it belongs to a resident, and whoever files it does so on his behalf (代办). */
static bool for_resident(const struct scenario *s)
{
	for (size_t i = 0; i < s->nactions; i++)
		for (size_t k = 0; k < s->actions[i].nby; k++)
			if (str_eqz(s->actions[i].by[k], "reporter"))
				return true;
	return false;
}

/* ---- the pin ---- */

/* As it stands in the form; false: there is none. */
static bool pin_of(struct rq *rq, double *lon, double *lat)
{
	*lon = *lat = NAN;
	if (str_eqz(rq_form(rq, "nopin"), "1") || !str_f64(rq_form(rq, "lon"), lon) || !str_f64(rq_form(rq, "lat"), lat) || !coord_valid(*lon, *lat)) {
		*lon = *lat = NAN;
		return false;
	}
	return true;
}

/* The grid around the pin, else the community, if the reader may file there. */
static bool place_at_pin(struct rq *rq, double lon, double lat, struct str *key)
{
	struct place_hit hit;

	if (place_where(rq_conn(rq), rq->arena, lon, lat, PLACE_GRID, PLACE_COMMUNITY, &hit) != OK || !rq_may_at(rq, "matter.file", hit.place.key))
		return false;
	*key = hit.place.key;
	return true;
}

static void form_set(struct rq *rq, const char *name, struct str value)
{
	for (size_t i = 0; i < rq->http->form.n; i++)
		if (str_eqz(rq->http->form.v[i].name, name))
			rq->http->form.v[i].value = value;
}

/* A click on the map posts the form: it comes back with the pin in it and the grid chosen; nothing is checked or filed. */
static bool pin_clicked(struct rq *rq)
{
	struct lonlat p;
	struct str key;

	if (!minimap_pin(rq, "pin", &p))
		return false;
	form_set(rq, "lon", arena_printf(rq->arena, "%.6f", p.lon));
	form_set(rq, "lat", arena_printf(rq->arena, "%.6f", p.lat));
	form_set(rq, "nopin", STR(""));
	if (place_at_pin(rq, p.lon, p.lat, &key))
		form_set(rq, "f_place", key);
	return true;
}

/* For the script: the map around a pin, its place in words and, where the reader may file there, as the list has it. */
enum err cases_spot_json(struct rq *rq)
{
	double lon, lat;
	struct str key = STR("");
	struct json j;
	enum err e;

	if (!pin_of(rq, &lon, &lat))
		return rq_fail(rq, ERR_INPUT, N_("位置不对，请在图上重新标一下"));
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "place");
	if (place_at_pin(rq, lon, lat, &key))
		json_str(&j, key);
	else
		json_nil(&j);
	e = minimap_pin_json(rq, &j, working_place(rq), lon, lat, str_empty(key) ? STR("") : fill_place(rq, key));
	json_end(&j);
	json_done(&j);
	return e == OK ? rq_json(rq, 200) : e;
}

static void fill_pin(struct rq *rq, struct minimap_pin_view *v)
{
	double lon, lat;
	bool there = pin_of(rq, &lon, &lat);
	struct str key;

	v->lon = there ? rq_form(rq, "lon") : STR("");
	v->lat = there ? rq_form(rq, "lat") : STR("");
	v->map = minimap_pin_draw(rq, working_place(rq), lon, lat);
	if (there && place_at_pin(rq, lon, lat, &key))
		v->spot = fill_place(rq, key);
}

static enum err form_page(struct rq *rq, const struct scenario *s, const struct cases_photos *photos, int status)
{
	const struct scenario_field *ask[MAX_FIELDS];
	bool required[MAX_FIELDS];
	struct cases_file_view v = {.scenario = s->id, .title = looks_text(rq, s->title)};
	bool has_place = false;
	size_t n = 0;
	static const struct scenario_field place = {.id = {"place", 5}, .title = {{"在哪里", 9}, {"Where", 5}}, .type = FIELD_PLACE};

	for (size_t i = 0; i < s->nfields && n < MAX_FIELDS - 1; i++) {
		if (s->fields[i].type == FIELD_POINT)
			continue;
		has_place = has_place || str_eqz(s->fields[i].id, "place");
		required[n] = s->fields[i].required;
		ask[n++] = &s->fields[i];
	}
	if (!has_place && !place_known(rq)) {
		required[n] = true;
		ask[n++] = &place;
	}
	v.fields = arena_array(rq->arena, struct cases_field_view, n);
	v.nfields = n;
	fill_fields(rq, NULL, working_place(rq), ask, required, n, "", v.fields);
	choose_place(rq, v.fields, n);
	category_options(rq, &v);
	for (size_t i = 0; i < n; i++)
		v.asks_place |= str_eqz(v.fields[i].name, "f_place");
	v.pin.pinned = status == 200 && rq->http->method == HTTP_POST;
	fill_pin(rq, &v.pin);
	v.asks_public = for_resident(s);
	v.is_public = str_eqz(rq_form(rq, "public"), "1");
	v.errors = arena_array(rq->arena, struct cases_error, 2);
	if (rq->reason.n)
		v.errors[v.nerrors++] = (struct cases_error){rq->reason_field.n ? rq->reason_field : STR("errors"), rq->reason};
	if (photos)
		cases_photos_show(rq, photos, v.fields, v.nfields);
	if (photos && photos->why)
		v.errors[v.nerrors++] = (struct cases_error){photos->why_field, str_from(_(photos->why))};
	return rq_page_status(rq, status, html_cases_file, &v);
}

enum err cases_file_page(struct rq *rq)
{
	const struct scenario *s = wanted(rq);

	return s ? form_page(rq, s, NULL, 200) : ERR_NOT_FOUND;
}

static struct str all_values(struct rq *rq, struct str name)
{
	struct str all = STR_NULL;

	for (size_t i = 0; i < rq->http->form.n; i++) {
		struct str v = str_trim(rq->http->form.v[i].value);

		if (!str_eq(rq->http->form.v[i].name, name) || str_empty(v))
			continue;
		all = all.p ? arena_cat(rq->arena, arena_cat(rq->arena, all, STR(",")), v) : v;
	}
	return all;
}

struct filing {
	struct matter_new m;
	struct cases_photos photos;
};

static enum err file_job(struct tx *tx, void *arg)
{
	struct filing *f = arg;
	enum err e = matter_file(tx, &f->m);

	return e == OK ? cases_photos_put(tx, f->m.id, 0, &f->photos) : e;
}

static enum err filed(struct rq *rq, void *arg, enum err result)
{
	struct filing *f = arg;

	if (result == ERR_INPUT || result == ERR_RULE || result == ERR_TOO_MUCH) {
		rq->reason = looks_why(rq, f->m.why, &f->m.said);
		rq->reason_field = f->m.why_field;
		return form_page(rq, f->m.scenario, &f->photos, 422);
	}
	if (result != OK)
		return rq_fail(rq, result, _("没有登记成，请稍后再试"));
	/* told once, for the person on whose behalf it was filed; afterwards the desk sees only its beginning */
	if (for_resident(f->m.scenario))
		rq_flash(rq, N_("已登记。编号 %s 请告诉反映人，凭它查进度、评价；这里只显示这一次"), f->m.code.p);
	else
		rq_flash(rq, N_("已登记。"));
	return rq_redirect(rq, arena_printf(rq->arena, "/cases/%lld", (long long)f->m.id));
}

static enum err read_form(struct rq *rq, struct filing *f)
{
	const struct scenario *s = f->m.scenario;
	struct matter_new *m = &f->m;
	enum err e = OK;

	m->values = arena_array(rq->arena, struct matter_value, s->nfields + 1);
	for (size_t i = 0; e == OK && i < s->nfields; i++) {
		struct str v;

		if (s->fields[i].type == FIELD_IMAGE) {
			e = cases_photos_read(rq, &s->fields[i], &f->photos);
			continue;
		}
		v = all_values(rq, arena_printf(rq->arena, "f_%.*s", STR_ARG(s->fields[i].id)));
		if (!str_empty(v))
			m->values[m->nvalues++] = (struct matter_value){s->fields[i].id, v};
	}
	return e;
}

enum err cases_file_post(struct rq *rq)
{
	const struct scenario *s = wanted(rq);
	struct filing *f = arena_new(rq->arena, struct filing);
	struct matter_new *m = &f->m;
	struct place where;
	bool clicked;
	enum err e;

	if (s == NULL)
		return ERR_NOT_FOUND;
	*m = (struct matter_new){.scenario = s, .lon = NAN, .lat = NAN, .filed_by = rq->who.id, .category = rq_form(rq, "category")};
	m->reporter = for_resident(s) ? 0 : rq->who.id;
	m->channel = for_resident(s) ? STR("proxy") : STR("desk");
	m->is_public = for_resident(s) && str_eqz(rq_form(rq, "public"), "1");
	m->place = all_values(rq, STR("f_place"));
	if (pin_of(rq, &m->lon, &m->lat) && str_empty(m->place))
		(void)place_at_pin(rq, m->lon, m->lat, &m->place);
	if (str_empty(m->place))
		m->place = working_place(rq);
	clicked = pin_clicked(rq);
	e = read_form(rq, f);
	if (e != OK || clicked)
		return e != OK ? e : form_page(rq, s, &f->photos, 200);
	if (place_by_key(rq_conn(rq), rq->arena, m->place, &where) != OK || !rq_may_at(rq, "matter.file", m->place)) {
		(void)rq_fail_field(rq, ERR_INPUT, "place", _("请从列表里选一个您工作范围内的地点"));
		return form_page(rq, s, &f->photos, 422);
	}
	e = matter_prepare(rq->arena, m, rq->now);
	if (e != OK)
		return filed(rq, f, e);
	if (f->photos.why)
		return form_page(rq, s, &f->photos, 422);
	e = photos_take(rq, f->photos.v, f->photos.n, f->photos.files);
	return e == OK ? rq_write(rq, file_job, filed, f) : e;
}
