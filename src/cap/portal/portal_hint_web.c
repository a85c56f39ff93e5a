/* While somebody writes (with script): what his text speaks of, where the pin stands, who reported the same. And following it instead. */
#include <math.h>

#include "base/json.h"
#include "cap/portal/portal.html.h"
#include "cap/portal/portal_pages.h"
#include "core/notify/notify.h"

/* ---- hints: a post, since neither the words nor the place belong into an address ---- */

static void category_json(struct rq *rq, struct json *j, struct str what)
{
	struct category_guess g;
	const struct category *danger = portal_emergency(rq->arena, what);

	json_key(j, "category");
	if (!str_empty(what) && category_suggest(rq->arena, what, &g, 1)) {
		json_obj(j);
		json_key(j, "id"), json_str(j, g.category->id);
		json_key(j, "title"), json_str(j, looks_text(rq, g.category->title));
		json_key(j, "contact"), json_bool(j, g.category->contact);
		json_end(j);
	} else {
		json_nil(j);
	}
	json_key(j, "danger");
	if (danger)
		json_str(j, looks_text(rq, danger->advice));
	else
		json_nil(j);
}

static void alike_json(struct rq *rq, struct json *j, const struct portal_alike *v, size_t n)
{
	json_key(j, "alike");
	json_arr(j);
	for (size_t i = 0; i < n; i++) {
		json_obj(j);
		json_key(j, "id"), json_str(j, arena_printf(rq->arena, "%lld", (long long)v[i].id));
		json_key(j, "title"), json_str(j, v[i].title);
		json_key(j, "about"), json_str(j, arena_printf(rq->arena, "%.*s %.*s · %.*s", STR_ARG(v[i].place),
							       STR_ARG(looks_day(rq, v[i].created)), STR_ARG(looks_text(rq, v[i].state))));
		json_end(j);
	}
	json_end(j);
}

/* The pin, the map around it and the name of the place; what was chosen counts more for the duplicates. */
static enum err spot_json(struct rq *rq, struct json *j, const struct portal_town *t, struct matter_new *like)
{
	struct str name = STR("");
	struct place p;
	double lon, lat;
	enum err e;

	if (!str_f64(rq_form(rq, "lon"), &lon) || !str_f64(rq_form(rq, "lat"), &lat) || !coord_valid(lon, lat))
		return OK;
	like->lon = lon;
	like->lat = lat;
	e = portal_place_near(rq_conn(rq), rq->arena, t, lon, lat, &p);
	if (e == OK) {
		if (str_eq(like->place, t->place.key))
			like->place = p.key;
		e = portal_place_name(rq, p.key, &name);
	}
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	return minimap_pin_json(rq, j, t->place.key, lon, lat, name);
}

enum err portal_hints(struct rq *rq)
{
	struct portal_town t;
	struct str what = rq_form(rq, "what"), place = rq_form(rq, "place");
	struct matter_new like = {.lon = NAN, .lat = NAN};
	struct portal_alike alike[PORTAL_ALIKE];
	size_t n = 0;
	struct json j;
	enum err e = portal_load_town(rq, &t);

	if (e != OK)
		return e;
	if (what.n > 20000)
		return ERR_TOO_MUCH;
	like.place = !str_empty(place) && place_within(place, t.place.key) ? place : t.place.key;
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	e = spot_json(rq, &j, &t, &like);
	if (e == OK && !str_empty(what))
		e = portal_alike(rq_conn(rq), rq->arena, &t, &like, what, rq->now, alike, &n);
	category_json(rq, &j, what);
	alike_json(rq, &j, alike, n);
	json_end(&j);
	json_done(&j);
	return e == OK ? rq_json(rq, 200) : e;
}

/* ---- another person's matter ---- */

enum err portal_other(struct rq *rq, const struct matter *m, struct portal_other_view **out)
{
	struct portal_other_view *v = arena_new(rq->arena, struct portal_other_view);
	enum err e = portal_progress_of(rq_conn(rq), rq->arena, m, &v->p);

	*out = v;
	if (e == OK)
		e = portal_holder(rq, v->p.holder_org, &v->holder);
	if (e != OK)
		return e;
	v->state = looks_text(rq, v->p.state);
	v->plain = portal_plain(rq->arena, looks_text(rq, v->p.plain), v->holder);
	return OK;
}

/* Did whoever reported it take it back? Then nobody is at it any more. */
static bool taken_back(const struct matter *m, const struct portal_progress *p)
{
	const struct scenario *s = matter_scenario(m);

	if (m->kind < STATE_CLOSED || p->nsteps == 0)
		return false;
	for (size_t i = 0; i < s->nactions; i++)
		if (str_eqz(s->actions[i].effect, "withdraw") && s->actions[i].to >= 0 && str_eq(s->states[s->actions[i].to].id, m->state))
			return true;
	return false;
}

enum err portal_followed_page(struct rq *rq, int status, const struct matter *m, struct str typed, const char *error)
{
	struct portal_followed_view v = {.code = m->code, .town = rq->head.home,
					 .mail = {.code = m->code, .follows = true, .typed = typed, .error = error}};
	struct portal_other_view *other;
	struct matter_follower f;
	struct matter last;
	enum err e = portal_last_of(rq_conn(rq), rq->arena, m, &last);

	if (e == OK)
		e = portal_other(rq, &last, &other);
	if (e == OK)
		e = matter_follow_load(rq_conn(rq), rq->arena, m->code, &f);
	if (e != OK)
		return e;
	other->gone = taken_back(&last, &other->p);
	v.other = other;
	v.mail.mail = matter_mask(rq->arena, f.address);
	v.mail.offered = last.kind < STATE_CLOSED;
	return rq_page_status(rq, status, html_portal_followed, &v);
}

/* ---- following ---- */

enum err portal_follow_post(struct rq *rq)
{
	struct matter_follower *f = arena_new(rq->arena, struct matter_follower);
	struct portal_town t;
	int64_t id;
	enum err e = portal_load_town(rq, &t);

	if (e != OK)
		return e;
	e = str_i64(rq_form(rq, "follow"), &id) ? portal_follow_prepare(rq_conn(rq), rq->arena, &t, id, f) : ERR_NOT_FOUND;
	if (e == ERR_NOT_FOUND)
		return rq_fail(rq, e, N_("那一件已经办结或撤回，不能关注了。请退回去，直接提交您的。"));
	if (e != OK)
		return e;
	/* written into the report form: the mail goes about this one then. One that is wrong is asked for again on the page of the code. */
	f->address = portal_mail_typed(rq);
	f->lang = portal_lang(rq);
	if (!notify_address_ok(f->address))
		f->address = STR("");
	portal_keep_secret(rq);
	e = rq_redirect(rq, arena_printf(rq->arena, "/r/%.*s", STR_ARG(f->code)));
	return e == OK ? rq_write(rq, portal_follow, NULL, f) : e;
}

/* The matter of the address, which must be a follower's code: its reporter's is not there. */
static enum err followed_by(struct rq *rq, struct matter *m)
{
	bool follows;
	enum err e = portal_find_any_for(rq, rq_param(rq, "code"), m, &follows);

	return e == OK && !follows ? ERR_NOT_FOUND : e;
}

enum err portal_unfollow_post(struct rq *rq)
{
	struct matter_follower *f = arena_new(rq->arena, struct matter_follower);
	struct matter m;
	enum err e = followed_by(rq, &m);

	if (e != OK)
		return e;
	f->code = m.code;
	rq_flash(rq, N_("不再关注了。"));
	e = rq_redirect(rq, rq->head.home.n ? rq->head.home : STR("/"));
	return e == OK ? rq_write(rq, portal_unfollow, NULL, f) : e;
}
