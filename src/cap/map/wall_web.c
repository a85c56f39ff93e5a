/* /wall: the command centre's screen. What stands in it before any script has run is true too: the numbers of the moment and the way down. */
#include "base/clock.h"
#include "base/time.h"
#include "cap/map/children.h"
#include "cap/map/ground.h"
#include "cap/map/map.html.h"
#include "cap/map/pages.h"
#include "cap/map/screen.h"
#include "core/place/place.h"
#include "crypto/crypto.h"
#include "web/asset.h"
#include "web/config.h"
#include "web/session.h"
#include "web/url.h"

struct screen screen_of(struct rq *rq)
{
	const struct config *c = rq->app->config;
	const struct ground_held *g = ground_ref(rq->arena, NULL);
	struct screen s = {.has_map = asset_find(STR("dist/wall.js")) != NULL, .boundaries = true};

	if (s.has_map && c && c->map_background[0]) {
		s.background = str_from(c->map_background);
		s.credit = str_from(c->map_credit);
		rq->pictures_from = s.background;
	}
	/* streets of their own lie under an outside background already */
	if (s.has_map && g && str_empty(s.background)) {
		s.ground = arena_printf(rq->arena, "%lld", (long long)g->edition);
		s.ground_source = g->source;
	}
	return s;
}

static int64_t how_many(const struct look *l, struct points_filter f, unsigned colour)
{
	f.flags |= POINT_CLOSED;
	f.colours = 1u << colour;
	f.now = l->now;
	return points_total(l->view, &f);
}

static void fill_numbers(struct wall_view *v, const struct look *l, const struct query *q)
{
	uint32_t today = (uint32_t)(time_day_start(time_day_of(l->at, TIME_CHINA), TIME_CHINA) / MS_MINUTE);
	struct points_filter in = q->f, done = q->f;

	v->none = how_many(l, q->f, POINT_NO_CLOCK);
	v->ok = how_many(l, q->f, POINT_IN_TIME);
	v->soon = how_many(l, q->f, POINT_SOON);
	v->late = how_many(l, q->f, POINT_OVERDUE);
	v->open = v->none + v->ok + v->soon + v->late;
	in.created = done.closed = (struct points_range){today, UINT32_MAX};
	v->in = points_total(l->view, &in);
	v->done = points_total(l->view, &done);
}

static struct wall_place told(const struct set_item *it)
{
	return (struct wall_place){.code = it->fid, .name = place_short_name(it->name)};
}

static enum err fill_children(struct rq *rq, struct wall_view *v, const struct look *l, const struct query *q, const struct set_item *top)
{
	struct points_filter f = q->f;
	struct points_by by;
	struct groups g;
	int64_t *open, *late;
	enum err e;

	children_of(rq->arena, l->tree, top, &g);
	by = (struct points_by){.nplace = g.n, .place_of = g.of, .place_codes = g.codes};
	open = arena_array(rq->arena, int64_t, g.n + 1);
	late = arena_array(rq->arena, int64_t, g.n + 1);
	v->children = arena_array(rq->arena, struct wall_place, g.n + 1);
	if (g.n == 0)
		return OK;
	f.flags |= POINT_CLOSED;
	e = points_count(l->view, &f, &by, open);
	f.colours = 1u << POINT_OVERDUE;
	f.now = l->now;
	if (e == OK)
		e = points_count(l->view, &f, &by, late);
	for (size_t i = 0; e == OK && i < g.n; i++) {
		if (g.v[i]->ended || str_empty(g.v[i]->fid))
			continue;
		v->children[v->nchildren] = told(g.v[i]);
		v->children[v->nchildren].open = open[i];
		v->children[v->nchildren++].late = late[i];
	}
	return e;
}

static void fill_path(struct rq *rq, struct wall_view *v, const struct look *l, const struct set_item *top)
{
	v->path = arena_array(rq->arena, struct wall_place, PLACE_MICROGRID + 1);
	for (int level = PLACE_PROVINCE; top && level <= (int)place_level_of_key(top->place); level++) {
		const struct set_item *up = set_by_key(l->tree, place_up(top->place, (enum place_level)level));

		if (up && !up->hidden && up->fid.n && (up == top || !str_eq(up->name, top->name)))
			v->path[v->npath++] = told(up);
	}
}

static enum err fill(struct rq *rq, struct wall_view *v, const struct look *l)
{
	const struct set_item *top;
	struct query q;
	enum err e = query_read(rq, l, NULL, &q);

	if (e != OK)
		return e;
	if (q.is_public)
		return rq_fail(rq, ERR_FORBIDDEN, N_("大屏只给有事项查看权限的人看。"));
	top = query_top(&q, l->tree);
	v->code = top ? top->fid : STR("");
	fill_numbers(v, l, &q);
	v->late_today = state_turned_late(rq, l, &q);
	fill_path(rq, v, l, top);
	return fill_children(rq, v, l, &q, top);
}

enum err map_wall(struct rq *rq)
{
	struct wall_view v = {.s = screen_of(rq), .find = {.wall = true}};
	struct look l;
	enum err e = query_look(rq, &l);

	if (e != OK)
		return e;
	e = fill(rq, &v, &l);
	query_age(rq, &l);
	look_end(&l);
	return e == OK ? rq_page(rq, html_map_wall, &v) : e;
}

/* ---- a wall that hangs: the browser's session becomes one that lives for weeks and may only look ---- */

struct hanging {
	int64_t from, now, session;
	struct str token, hash;
};

static enum err hang(struct tx *tx, void *arg)
{
	struct hanging *h = arg;

	return actor_screen_start(tx, h->from, h->hash, h->now, &h->session);
}

static enum err hung(struct rq *rq, void *arg, enum err result)
{
	const struct hanging *h = arg;

	if (result == ERR_NOT_FOUND)
		return ERR_LOGIN;
	if (result == OK)
		web_session_cookie_screen(rq, h->token);
	return result;
}

enum err map_wall_screen(struct rq *rq)
{
	struct hanging *h = arena_new(rq->arena, struct hanging);
	struct str place = rq_form(rq, "place");
	enum err e;

	if (rq->who.session == 0)
		return rq_fail(rq, ERR_INPUT, N_("屏幕模式是给浏览器的：请登录后在大屏页面上打开。"));
	h->from = rq->who.session;
	h->now = rq->now;
	h->token = token_new(rq->arena);
	h->hash = web_session_hash(rq->arena, h->token);
	rq_repeatable(rq);
	e = rq_redirect(rq, place.n ? arena_printf(rq->arena, "/wall?place=%.*s", STR_ARG(web_url_encode(rq->arena, place))) : STR("/wall"));
	return e == OK ? rq_write(rq, hang, hung, h) : e;
}
