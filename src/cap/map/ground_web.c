/*
 * /tiles/background/{z}/{x}/{y}.mvt: streets, railways, water and green from the OpenStreetMap extract in force (geo/ground_map.h says what is in a tile).
 * Everybody may read them. With ?v=EDITION, as our pages ask, the answer may be kept for a day: another edition has another address.
 */
#include "cap/map/cache.h"
#include "cap/map/ground.h"
#include "cap/map/pages.h"
#include "geo/tile.h"

#define TYPE "application/vnd.mapbox-vector-tile"

static enum err make(struct rq *rq, const struct ground_held *g, int64_t z, int64_t x, int64_t y, struct str key, struct cache_stamp stamp)
{
	struct buf b;
	enum err e;

	buf_init(&b, TILE_BYTES_MAX);
	e = ground_tile(g->map, (int)z, (uint32_t)x, (uint32_t)y, &b);
	if (e == OK)
		cache_put_send(rq->http, key, stamp, buf_str(&b), TYPE);
	buf_release(&b);
	return e;
}

enum err ground_tile_send(struct rq *rq, int64_t z, int64_t x, int64_t y)
{
	bool loading;
	const struct ground_held *g = ground_ref(rq->arena, &loading);
	struct cache_stamp stamp = {0};
	int64_t asked;
	struct str key;
	enum err e = OK;

	if (g == NULL)
		return loading ? ERR_BUSY : rq_fail(rq, ERR_NOT_FOUND, N_("还没有导入底图。导入的命令是 gongzhi import osm。"));
	stamp.version = (uint64_t)g->edition ^ (uint64_t)g->updated << 20;
	key = arena_printf(rq->arena, "background/%d/%d/%d", (int)z, (int)x, (int)y);
	if (!cache_send(rq->http, key, stamp))
		e = make(rq, g, z, x, y, key, stamp);
	if (e == OK && str_i64(rq_query(rq, "v"), &asked) && asked == g->edition)
		http_header_set(rq->http, "Cache-Control", STR("public, max-age=86400"));
	return e;
}
