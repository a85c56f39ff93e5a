/*
 * /tiles/{layer}/{z}/{x}/{y}.mvt: the matters, each point layer, the places. Made from memory, kept by what they were made of, sent with a tag.
 */
#include <math.h>

#include "base/clock.h"
#include "cap/map/cache.h"
#include "cap/map/codes.h"
#include "cap/map/pages.h"
#include "core/place/place.h"
#include "geo/mvt.h"

#define TYPE "application/vnd.mapbox-vector-tile"
#define ROWS_MAX 256        /* up to so many matters of a tile are shown one by one */
#define EXTENT 4096
#define MARGIN 64           /* a layer's sign may reach over the border */
#define FEATURES_MAX 3000   /* of a layer in a tile; beyond it, cells */
#define CELLS 64

struct where {
	int64_t z, x, y;
};

enum err tile_numbers(struct rq *rq, struct str z, struct str x, struct str y, int64_t out[3])
{
	int64_t most;

	if (!str_i64(z, &out[0]) || !str_i64(x, &out[1]) || !str_i64(y, &out[2]))
		return rq_fail(rq, ERR_INPUT, N_("瓦片地址要写成 /tiles/图层/z/x/y.mvt，z、x、y 是整数。"));
	if (out[0] < 0 || out[0] > TILE_ZOOM_MAX)
		return rq_fail(rq, ERR_INPUT, N_("没有这一级瓦片：z 只能是 0 到 %d。"), TILE_ZOOM_MAX);
	most = ((int64_t)1 << out[0]) - 1;
	if (out[1] < 0 || out[2] < 0 || out[1] > most || out[2] > most)
		return rq_fail(rq, ERR_INPUT, N_("没有这块瓦片：在第 %lld 级，x 和 y 只能是 0 到 %lld。"), (long long)out[0], (long long)most);
	return OK;
}

/* ---- matters ---- */

static enum err read_by(struct rq *rq, struct tile_ask *t)
{
	static const struct { const char *word; enum tile_by by; } v[] = {
		{"colour", TILE_BY_COLOUR}, {"state", TILE_BY_STATE}, {"none", TILE_PLAIN}};
	struct str by = rq_query(rq, "by");

	t->by = TILE_BY_COLOUR;
	if (str_empty(by))
		return OK;
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		if (str_eqz(by, v[i].word)) {
			t->by = v[i].by;
			return OK;
		}
	return rq_fail_field(rq, ERR_INPUT, "by", N_("by 只能是 colour、state 或 none。"));
}

/* The states that matters have, by name; those beyond the last class are counted together. */
static void name_states(struct arena *a, struct tile_ask *t)
{
	uint8_t *class_of = arena_alloc(a, 256);
	const char **names = arena_array(a, const char *, TILE_CLASSES);
	size_t n = code_count(CODE_STATE);

	for (size_t i = 0; i < 256; i++)
		class_of[i] = (uint8_t)(i < TILE_CLASSES - 1 ? i : TILE_CLASSES - 1);
	for (size_t i = 0; i < TILE_CLASSES; i++)
		names[i] = i < n && i < TILE_CLASSES - 1 ? arena_strz(a, code_word(CODE_STATE, (unsigned)i)) : "other";
	t->class_of = class_of;
	t->class_names = names;
}

static enum err send_matters(struct rq *rq, const struct look *l, const struct query *q, struct tile_ask *t, struct str key, struct cache_stamp stamp)
{
	static const char *const colours[TILE_CLASSES] = {"none", "ok", "soon", "late"};
	struct tile_got got;
	struct buf b;
	enum err e;

	if (t->by == TILE_BY_STATE)
		name_states(rq->arena, t);
	else if (t->by == TILE_BY_COLOUR)
		t->class_names = colours;
	buf_init(&b, TILE_BYTES_MAX);
	e = tile_make(l->view, &q->f, t, &b, &got);
	/* single matters carry their colour, whatever is counted */
	if (!q->timed && t->by != TILE_BY_COLOUR && got.cells)
		stamp.minute = 0;
	if (e == OK)
		cache_put_send(rq->http, key, stamp, buf_str(&b), TYPE);
	buf_release(&b);
	return e;
}

static enum err tile_matters(struct rq *rq, const struct where *w, const char *const *also)
{
	struct tile_ask t = {.z = (int)w->z, .x = (uint32_t)w->x, .y = (uint32_t)w->y, .rows_max = ROWS_MAX};
	/* the stamp first: a change after it makes the tile old */
	struct cache_stamp stamp = {feed_stamp(t.z, t.x, t.y), (uint32_t)(rq->now / MS_MINUTE), feed_told()};
	struct look l;
	struct query q;
	struct str key;
	enum err e = query_look(rq, &l);

	if (e != OK)
		return e;
	e = query_read(rq, &l, also, &q);
	if (e == OK)
		e = read_by(rq, &t);
	if (e == OK) {
		if (!(q.f.tags & 1u << TAG_ESCALATED))
			stamp.told = 0;
		key = arena_printf(rq->arena, "m/%d/%u/%u/%d?%.*s", t.z, t.x, t.y, (int)t.by, STR_ARG(q.key));
		if (!cache_send(rq->http, key, stamp))
			e = send_matters(rq, &l, &q, &t, key, stamp);
		query_age(rq, &l);
		if (!q.is_public)
			http_header_set(rq->http, "Cache-Control", STR("private, no-cache"));
	}
	look_end(&l);
	return e;
}

/* ---- layers and places ---- */

/* Which levels of places a zoom shows: few names far off. */
static bool level_shown(struct str kind, struct str level, int64_t z)
{
	static const struct { const char *kind; int64_t from; } v[] = {
		{"province", 0}, {"city", 3}, {"district", 5}, {"town", 9}, {"community", 12}, {"grid", 13}, {"microgrid", 15}};

	if (level.n)
		return str_eq(kind, level);
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		if (str_eqz(kind, v[i].kind))
			return z >= v[i].from;
	return true;
}

struct placed {
	const struct set_item *it;
	struct mvt_xy at;
};

/* Items of the tile and a margin around it. */
static size_t pick(struct rq *rq, const struct set *s, const struct where *w, struct placed **out)
{
	struct str kind = rq_query(rq, "kind");
	bool places = str_eqz(s->name, SET_PLACES);
	double scale = ldexp(EXTENT, (int)w->z - 32);
	struct placed *v = arena_array(rq->arena, struct placed, s->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct set_item *it = &s->v[i];
		struct mercator m;
		double x, y;

		if (isnan(it->lon) || (places && !level_shown(it->kind, kind, w->z)) || (!places && kind.n && !str_eq(it->kind, kind)))
			continue;
		m = mercator_from(it->lon, it->lat);
		x = m.x * scale - (double)w->x * EXTENT;
		y = m.y * scale - (double)w->y * EXTENT;
		if (x < -MARGIN || y < -MARGIN || x >= EXTENT + MARGIN || y >= EXTENT + MARGIN || !query_may_see_item(rq, s, it))
			continue;
		v[n++] = (struct placed){it, {(int32_t)x, (int32_t)y}};
	}
	*out = v;
	return n;
}

static void write_items(struct mvt *m, const struct placed *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		mvt_feature(m, (uint64_t)v[i].it->id);
		mvt_text(m, "fid", v[i].it->fid);
		mvt_text(m, "name", v[i].it->name);
		mvt_text(m, "kind", v[i].it->kind);
		mvt_points(m, &v[i].at, 1);
	}
}

static void write_cells(struct mvt *m, const struct placed *v, size_t n)
{
	int32_t counts[CELLS * CELLS] = {0};
	const int32_t side = EXTENT / CELLS;

	for (size_t i = 0; i < n; i++)
		if (v[i].at.x >= 0 && v[i].at.y >= 0 && v[i].at.x < EXTENT && v[i].at.y < EXTENT)
			counts[v[i].at.y / side * CELLS + v[i].at.x / side]++;
	for (int32_t c = 0; c < CELLS * CELLS; c++) {
		struct mvt_xy at = {c % CELLS * side + side / 2, c / CELLS * side + side / 2};

		if (counts[c] == 0)
			continue;
		mvt_feature(m, (uint64_t)c + 1);
		mvt_int(m, "n", counts[c]);
		mvt_points(m, &at, 1);
	}
}

static enum err tile_set(struct rq *rq, const struct set *s, const struct where *w)
{
	struct cache_stamp stamp = {.version = (uint64_t)s->version};
	/* who sees a layer in a part of the country only has his own tiles */
	struct str who = str_empty(s->permission) ? STR("") : arena_printf(rq->arena, "%lld", (long long)rq->who.id), kind = rq_query(rq, "kind");
	struct str key = arena_printf(rq->arena, "%.*s/%d/%d/%d/%.*s?%.*s", STR_ARG(s->name), (int)w->z, (int)w->x, (int)w->y, STR_ARG(who),
				      STR_ARG(str_sub(kind, 0, 100)));
	struct placed *v;
	struct mvt m;
	struct buf b;
	size_t n;
	enum err e;

	if (!query_may_see(rq, s))
		return rq->who.id ? ERR_FORBIDDEN : ERR_LOGIN;
	if (cache_send(rq->http, key, stamp))
		return OK;
	n = pick(rq, s, w, &v);
	buf_init(&b, TILE_BYTES_MAX);
	mvt_begin(&m, &b, s->name.p, EXTENT);
	if (n <= FEATURES_MAX)
		write_items(&m, v, n);
	else
		write_cells(&m, v, n);
	e = mvt_end(&m);
	if (e == OK)
		cache_put_send(rq->http, key, stamp, buf_str(&b), TYPE);
	buf_release(&b);
	return e;
}

/* ---- routes ---- */

enum err tile_send(struct rq *rq, struct str layer, int64_t z, int64_t x, int64_t y, const char *const *also)
{
	const struct where w = {z, x, y};
	const struct set *s;
	enum err e;

	if (str_eqz(layer, "matters")) {
		e = tile_matters(rq, &w, also);
	} else if (str_eqz(layer, "boundaries")) {
		e = boundary_tile(rq, z, x, y);
	} else if (str_eqz(layer, "background")) {
		e = ground_tile_send(rq, z, x, y);
	} else {
		s = set_find(rq->arena, layer);
		if (s == NULL)
			return rq_fail(rq, ERR_NOT_FOUND, N_("没有这个图层；有哪些图层见 /ogc/collections。"));
		e = tile_set(rq, s, &w);
		if (e == OK && s->permission.n)
			http_header_set(rq->http, "Cache-Control", STR("private, no-cache"));
	}
	return e;
}

enum err map_tile(struct rq *rq)
{
	static const char *const also[] = {"by", "kind", NULL};
	struct str file = rq_param(rq, "file");
	int64_t n[3];
	enum err e;

	if (!str_ends(file, ".mvt"))
		return rq_fail(rq, ERR_NOT_FOUND, N_("瓦片地址要写成 /tiles/图层/z/x/y.mvt，z、x、y 是整数。"));
	e = tile_numbers(rq, rq_param(rq, "z"), rq_param(rq, "x"), str_sub(file, 0, file.n - 4), n);
	return e == OK ? tile_send(rq, rq_param(rq, "layer"), n[0], n[1], n[2], also) : e;
}

/* ---- what the numbers in tiles mean ---- */

static void legend_words(struct json *j, struct rq *rq, const char *name, enum code_kind k, struct str (*say)(struct rq *, struct str))
{
	size_t n = code_count(k);

	json_key(j, name);
	json_arr(j);
	for (size_t i = 0; i < n; i++) {
		struct str word = code_word(k, (unsigned)i);

		json_obj(j);
		json_key(j, "code"), json_i64(j, (int64_t)i);
		json_key(j, "id"), json_str(j, word);
		json_key(j, "title"), json_str(j, say(rq, word));
		json_end(j);
	}
	json_end(j);
}

static struct str any_state(struct rq *rq, struct str word)
{
	return name_of_state(rq, STR_NULL, word);
}

static struct str as_it_is(struct rq *rq, struct str word)
{
	(void)rq;
	return word;
}

enum err map_legend(struct rq *rq)
{
	struct json j;

	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	legend_words(&j, rq, "state", CODE_STATE, any_state);
	legend_words(&j, rq, "category", CODE_CATEGORY, name_of_category);
	legend_words(&j, rq, "scenario", CODE_SCENARIO, name_of_scenario);
	legend_words(&j, rq, "channel", CODE_CHANNEL, as_it_is);
	json_key(&j, "colour");
	json_arr(&j);
	for (int c = POINT_NO_CLOCK; c <= POINT_OVERDUE; c++)
		json_strz(&j, colour_word((enum point_colour)c));
	json_end(&j);
	json_key(&j, "tag");
	json_arr(&j);
	for (int t = 0; t < TAG_COUNT; t++)
		json_strz(&j, tag_word((enum tag)t));
	json_end(&j);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}
