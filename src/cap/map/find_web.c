/*
 * /map/find: what somebody types to where that is: a place, a thing of a layer, a road. The same as a page (without script) and as JSON for the search
 * boxes of the desk map and the wall. Only what lies where the reader may see matters, and of layers only those he may see.
 */
#include <math.h>

#include "cap/map/children.h"
#include "cap/map/map.html.h"
#include "cap/map/pages.h"
#include "cap/map/screen.h"
#include "core/place/find.h"
#include "core/place/place.h"
#include "web/url.h"

#define ROWS 10
#define TYPED_MAX 200

struct finder {
	struct rq *rq;
	struct scope *scopes;
	size_t n;
};

static bool may(void *arg, const struct gazetteer_entry *e)
{
	struct finder *f = arg;

	if (e->needs.n && !(e->place.n ? rq_may_at(f->rq, e->needs.p, e->place) : rq_may(f->rq, e->needs.p)))
		return false;
	for (size_t i = 0; i < f->n; i++)
		if (str_cmp(e->place, f->scopes[i].from) >= 0 && str_cmp(e->place, f->scopes[i].to) < 0)
			return true;
	return false;
}

static struct str kind_of(struct rq *rq, const struct place_found *f)
{
	if (f->kind == GAZETTEER_PLACE)
		return str_from(_(place_level_name((enum place_level)f->level)));
	return str_from(_(f->kind == GAZETTEER_ROAD ? N_("道路") : N_("设施和地名")));
}

static enum err tell(struct rq *rq, bool wall, const struct place_found *f, struct find_row *row)
{
	struct place p = {0};
	enum err e = str_empty(f->key) ? OK : place_by_key(rq_conn(rq), rq->arena, f->key, &p);

	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	*row = (struct find_row){.name = f->name, .full = f->full, .kind = kind_of(rq, f), .code = p.code.p ? p.code : STR(""), .sound = f->sound};
	row->href = arena_printf(rq->arena, "%s?place=%.*s", wall ? "/wall" : "/map", STR_ARG(web_url_encode(rq->arena, row->code)));
	if (!wall && f->kind != GAZETTEER_PLACE && !isnan(f->lon))
		row->href = arena_printf(rq->arena, "%.*s&at=%.6f,%.6f", STR_ARG(row->href), f->lon, f->lat);
	return OK;
}

static enum err find(struct rq *rq, struct str typed, struct place_found *found, size_t *n)
{
	struct finder f = {.rq = rq};
	struct gazetteer_scope scope = {.within = STR(""), .may = may, .arg = &f};
	enum err e = rq_scope(rq, "matter.read", &f.scopes, &f.n);

	*n = 0;
	if (typed.n > TYPED_MAX)
		return rq_fail_field(rq, ERR_INPUT, "q", N_("要找的名称太长了，请写短一些。"));
	if (e != OK || str_empty(typed))
		return e;
	return place_suggest(rq_conn(rq), rq->arena, typed, &scope, PLACE_ROOT, found, ROWS, n);
}

/* [w,s,e,n] of what is known to lie there, for the map to show it whole. */
static void put_box(struct rq *rq, struct json *j, const struct place_found *f)
{
	const struct set *tree = set_find(rq->arena, STR(SET_PLACES));
	const struct set_item *it = tree ? set_by_key(tree, f->key) : NULL;
	double box[4];

	if (f->kind != GAZETTEER_PLACE || it == NULL || !place_bounds(tree, it, box))
		return;
	json_key(j, "box");
	json_arr(j);
	for (int i = 0; i < 4; i++)
		json_f64(j, round(box[i] * 1e6) / 1e6);
	json_end(j);
}

static void put_row(struct rq *rq, struct json *j, const struct place_found *f, const struct find_row *row)
{
	static const char *const kinds[] = {"place", "point", "road"};

	json_obj(j);
	json_key(j, "name"), json_str(j, row->name);
	json_key(j, "full"), json_str(j, row->full);
	json_key(j, "kind"), json_strz(j, kinds[f->kind]);
	json_key(j, "about"), json_str(j, row->kind);
	json_key(j, "key"), json_str(j, f->key); /* as lists of places in forms have it */
	json_key(j, "code"), json_str(j, row->code);
	json_key(j, "href"), json_str(j, row->href);
	json_key(j, "sound"), json_bool(j, f->sound);
	json_key(j, "in_words"), json_bool(j, f->in_words);
	if (!isnan(f->lon)) {
		json_key(j, "lon"), json_f64(j, round(f->lon * 1e6) / 1e6);
		json_key(j, "lat"), json_f64(j, round(f->lat * 1e6) / 1e6);
	}
	put_box(rq, j, f);
	json_end(j);
}

enum err map_find_json(struct rq *rq)
{
	struct place_found found[ROWS];
	struct find_row row;
	struct json j;
	size_t n;
	enum err e = find(rq, str_trim(rq_query(rq, "q")), found, &n);

	if (e != OK)
		return e;
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "rows");
	json_arr(&j);
	for (size_t i = 0; e == OK && i < n; i++) {
		e = tell(rq, str_eqz(rq_query(rq, "to"), "wall"), &found[i], &row);
		if (e == OK)
			put_row(rq, &j, &found[i], &row);
	}
	if (e != OK)
		return e;
	json_end(&j);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}

enum err map_find(struct rq *rq)
{
	struct find_view v = {.typed = str_trim(rq_query(rq, "q")), .wall = str_eqz(rq_query(rq, "to"), "wall")};
	struct place_found found[ROWS];
	enum err e = find(rq, v.typed, found, &v.nrows);

	v.rows = arena_array(rq->arena, struct find_row, v.nrows + 1);
	for (size_t i = 0; e == OK && i < v.nrows; i++)
		e = tell(rq, v.wall, &found[i], &v.rows[i]);
	return e == OK ? rq_page(rq, html_map_find, &v) : e;
}
