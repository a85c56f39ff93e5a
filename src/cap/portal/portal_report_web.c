/* The form: shown, read, shown again with what is missing, filed. */
#include <math.h>

#include "cap/portal/portal.html.h"
#include "cap/portal/portal_pages.h"

static int max_photos(const struct scenario *s)
{
	const struct scenario_field *f = scenario_field(s, STR("photo"));
	struct portal_form form;

	if (f == NULL)
		return 0;
	return f->max > 0 && f->max < (int64_t)ARRAY_LEN(form.photos) ? (int)f->max : PORTAL_PHOTOS;
}

/* Two levels: the groups, and in each what can be chosen. */
static void groups_of(struct rq *rq, struct portal_report_view *v)
{
	const struct category *c;
	size_t n = category_list(&c);

	v->groups = arena_array(rq->arena, struct portal_group, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct portal_group *g = v->ngroups ? &v->groups[v->ngroups - 1] : NULL;

		if (str_empty(c[i].parent))
			v->groups[v->ngroups++] = (struct portal_group){looks_text(rq, c[i].title), arena_array(rq->arena, struct portal_choice, n), 0};
		else if (g)
			g->v[g->n++] = (struct portal_choice){c[i].id, looks_text(rq, c[i].title), str_eq(c[i].id, v->form->category)};
	}
}

static enum err pin_of(struct rq *rq, const struct portal_report_view *v, struct minimap_pin_view *out)
{
	struct place p;
	double lon, lat;
	enum err e = OK;

	out->spot = STR("");
	out->lon = v->form->lon;
	out->lat = v->form->lat;
	if (!str_f64(v->form->lon, &lon) || !str_f64(v->form->lat, &lat) || !coord_valid(lon, lat)) {
		lon = lat = NAN;
	} else {
		e = portal_place_near(rq_conn(rq), rq->arena, v->town, lon, lat, &p);
		if (e == OK)
			e = portal_place_name(rq, p.key, &out->spot);
	}
	out->map = minimap_pin_draw(rq, v->town->asked.key, lon, lat);
	return e == ERR_NOT_FOUND ? OK : e;
}

static enum err form_page(struct rq *rq, int status, const struct scenario *s, struct portal_report_view *v)
{
	struct category_guess guess;
	enum err e = OK;

	v->max_photos = max_photos(s);
	for (size_t i = 0; i < v->form->nphotos; i++)
		v->photo_point |= v->form->photos[i].has_point;
	if (v->town) {
		groups_of(rq, v);
		if (!str_empty(v->form->what) && category_suggest(rq->arena, v->form->what, &guess, 1))
			v->suggested = looks_text(rq, guess.category->title);
		e = portal_communities(rq_conn(rq), rq->arena, v->town, v->form->place, &v->communities, &v->ncommunities);
		if (e == OK)
			e = pin_of(rq, v, &v->pin);
	}
	if (e != OK)
		return e;
	return rq_page_status(rq, status, v->town ? html_portal_report : html_portal_feedback, v);
}

static enum err scenario_of(struct rq *rq, const char *id, const struct scenario **s)
{
	*s = scenario_current(str_from(id));
	if (*s == NULL)
		return rq_fail(rq, ERR_NOT_FOUND, N_("这里还没有开通网上反映。请拨打 12345，或到社区服务站窗口。"));
	return OK;
}

enum err portal_report_form(struct rq *rq)
{
	struct portal_town t;
	struct portal_form f = {0};
	struct portal_errors none = {0};
	struct portal_report_view v = {.town = &t, .form = &f, .errors = &none};
	const struct scenario *s;
	enum err e = portal_load_town(rq, &t);

	if (e == OK)
		e = scenario_of(rq, PORTAL_REPORT, &s);
	if (e != OK)
		return e;
	if (!str_eq(t.asked.key, t.place.key))
		f.place = t.asked.key;
	return form_page(rq, 200, s, &v);
}

static void read_texts(struct rq *rq, struct portal_form *f)
{
	f->what = rq_form(rq, "what");
	f->address = rq_form(rq, "address");
	f->place = rq_form(rq, "place");
	f->name = rq_form(rq, "name");
	f->phone = rq_form(rq, "phone");
	f->email = rq_form(rq, "email");
	f->lang = rq->lang == LANG_EN ? STR("en") : STR("zh");
	f->lon = rq_form(rq, "lon");
	f->lat = rq_form(rq, "lat");
	if (str_eqz(rq_form(rq, "nopin"), "1"))
		f->lon = f->lat = STR("");
	f->category = rq_form(rq, "category");
	f->is_public = str_eqz(rq_form(rq, "public"), "1");
	f->photo_point = str_eqz(rq_form(rq, "photo_point"), "1");
	f->calm = str_eqz(rq_form(rq, "calm"), "1");
	f->may_ask = str_eqz(rq_form(rq, "ask"), "1");
	f->where = rq_form(rq, "where");
	f->words = str_eqz(rq_form(rq, "words"), "1");
	portal_where_take(rq->arena, f);
	f->anyway = str_eqz(rq_form(rq, "anyway"), "1");
}

static enum err read_form(struct rq *rq, const struct scenario *s, struct portal_form *f, struct portal_errors *errors)
{
	size_t max = (size_t)max_photos(s);
	const char *why;
	enum err e;

	read_texts(rq, f);
	e = photos_read(rq, "photo", "kept", max, f->photos, &f->nphotos, &why);
	if (e == OK && why)
		portal_error_add(errors, "photo", why);
	return e;
}

/* A click on the map, without script: the form comes back with the pin in it, nothing is checked or filed. */
static bool pinned(struct rq *rq, struct portal_form *f)
{
	struct lonlat p;

	if (!minimap_pin(rq, "pin", &p))
		return false;
	f->lon = arena_printf(rq->arena, "%.6f", p.lon);
	f->lat = arena_printf(rq->arena, "%.6f", p.lat);
	f->place = STR(""); /* the grid comes from the pin */
	return true;
}

/* The code is made before the matter is filed, so the answer is known now and is kept in the same commit: whoever sends the form again
 * gets it, even when the server died the moment after. */
static enum err file_it(struct rq *rq, struct portal_filing *p)
{
	enum err e = photos_take(rq, p->photos, p->nfiles, p->files);

	if (e != OK)
		return e;
	portal_keep_secret(rq);
	e = rq_redirect(rq, arena_printf(rq->arena, "/r/%.*s", STR_ARG(p->m.code)));
	return e == OK ? rq_write(rq, portal_file, NULL, p) : e;
}

static enum err send(struct rq *rq, const struct scenario *s, struct portal_town *t)
{
	struct portal_form *f = arena_new(rq->arena, struct portal_form);
	struct portal_filing *p = arena_new(rq->arena, struct portal_filing);
	struct portal_errors errors = {0};
	struct portal_report_view v = {.town = t, .form = f, .errors = &errors};
	enum err e = read_form(rq, s, f, &errors);

	if (e != OK)
		return e;
	if (t && pinned(rq, f)) {
		v.pin.pinned = true;
		return form_page(rq, 200, s, &v);
	}
	e = portal_prepare(rq_conn(rq), rq->arena, s, t, f, rq->now, p, &errors);
	if (e != OK && errors.n == 0)
		return e;
	if (t && !f->calm)
		v.emergency = portal_emergency(rq->arena, f->what);
	e = OK;
	if (t && errors.n == 0 && f->may_ask && !f->anyway)
		e = portal_alike(rq_conn(rq), rq->arena, t, &p->m, f->what, rq->now, v.alike, &v.nalike);
	if (e == OK && t && errors.n == 0 && f->may_ask && !f->words)
		e = portal_where_which(rq_conn(rq), rq->arena, t, f, p, v.which, PORTAL_WHICH, &v.nwhich);
	if (e != OK)
		return e;
	if (errors.n || v.emergency || v.nalike || v.nwhich)
		return form_page(rq, 422, s, &v);
	return file_it(rq, p);
}

enum err portal_report_send(struct rq *rq)
{
	struct portal_town *t = arena_new(rq->arena, struct portal_town);
	const struct scenario *s;
	enum err e = portal_load_town(rq, t);

	if (e == OK)
		e = scenario_of(rq, PORTAL_REPORT, &s);
	return e == OK ? send(rq, s, t) : e;
}

/* ---- feedback about the platform itself (国办函〔2026〕12号) ---- */

enum err portal_feedback_form(struct rq *rq)
{
	struct portal_form f = {0};
	struct portal_errors none = {0};
	struct portal_report_view v = {.form = &f, .errors = &none};
	const struct scenario *s;
	enum err e = scenario_of(rq, PORTAL_FEEDBACK, &s);

	return e == OK ? form_page(rq, 200, s, &v) : e;
}

enum err portal_feedback_send(struct rq *rq)
{
	const struct scenario *s;
	enum err e = scenario_of(rq, PORTAL_FEEDBACK, &s);

	return e == OK ? send(rq, s, NULL) : e;
}
