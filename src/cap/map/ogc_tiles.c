/* Tilesets of collections: the same tiles as /tiles/…, found by the standard's way. Only WebMercatorQuad. */
#include "cap/map/ogc.h"

#define SET "WebMercatorQuad"
#define SET_URI "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
#define CRS_URI "http://www.opengis.net/def/crs/EPSG/0/3857"
#define MVT "application/vnd.mapbox-vector-tile"
#define HALF 20037508.3427892            /* metres from the middle of the square to its side */
#define SCALE_0 559082264.028717         /* denominator of zoom 0, pixels of 0.28 mm */
#define CELL_0 156543.033928041          /* metres of a pixel of zoom 0 */

/* The members of its object. */
static void put_tileset(struct ogc *o, const struct ogc_collection *c, bool whole)
{
	json_key(&o->j, "title"), json_str(&o->j, c->title);
	json_key(&o->j, "dataType"), json_strz(&o->j, "vector");
	json_key(&o->j, "crs"), json_strz(&o->j, CRS_URI);
	json_key(&o->j, "tileMatrixSetURI"), json_strz(&o->j, SET_URI);
	json_key(&o->j, "links");
	json_arr(&o->j);
	ogc_link(o, "self", "application/json", NULL, "/collections/%.*s/tiles/" SET, STR_ARG(c->id));
	ogc_link(o, "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme", "application/json", NULL, "/tileMatrixSets/" SET);
	if (whole) {
		struct str path = arena_printf(o->rq->arena, "/collections/%.*s/tiles/" SET "/{tileMatrix}/{tileRow}/{tileCol}", STR_ARG(c->id));

		json_obj(&o->j);
		json_key(&o->j, "href"), json_str(&o->j, arena_cat(o->rq->arena, o->base, path));
		json_key(&o->j, "rel"), json_strz(&o->j, "item");
		json_key(&o->j, "type"), json_strz(&o->j, MVT);
		json_key(&o->j, "templated"), json_bool(&o->j, true);
		json_end(&o->j);
	}
	json_end(&o->j);
}

static enum err check_set(struct rq *rq)
{
	if (str_eqz(rq_param(rq, "set"), SET))
		return OK;
	return rq_fail(rq, ERR_NOT_FOUND, N_("没有这个瓦片方案，只有 WebMercatorQuad。"));
}

/* The collection of the address, if it has tiles. */
static enum err find_tiled(struct rq *rq, struct ogc_collection *c)
{
	enum err e = ogc_find(rq, rq_param(rq, "id"), c);

	if (e == OK && c->no_tiles)
		e = rq_fail(rq, ERR_NOT_FOUND, N_("这个数据集没有瓦片，底图的瓦片在数据集 background。"));
	return e;
}

enum err ogc_tilesets(struct rq *rq)
{
	struct ogc_collection c;
	struct ogc o;
	enum err e = find_tiled(rq, &c);

	if (e == OK)
		e = ogc_open(&o, rq);
	if (e != OK)
		return e;
	json_key(&o.j, "tilesets");
	json_arr(&o.j);
	json_obj(&o.j);
	put_tileset(&o, &c, false);
	json_end(&o.j);
	json_end(&o.j);
	json_key(&o.j, "links");
	json_arr(&o.j);
	ogc_link(&o, "self", "application/json", NULL, "/collections/%.*s/tiles", STR_ARG(c.id));
	json_end(&o.j);
	return ogc_end(&o, "application/json");
}

enum err ogc_tileset(struct rq *rq)
{
	struct ogc_collection c;
	struct ogc o;
	enum err e = check_set(rq);

	if (e == OK)
		e = find_tiled(rq, &c);
	if (e == OK)
		e = ogc_open(&o, rq);
	if (e != OK)
		return e;
	put_tileset(&o, &c, true);
	return ogc_end(&o, "application/json");
}

/* Row before column, as the standard has it. */
enum err ogc_tile(struct rq *rq)
{
	static const char *const also[] = {"by", "kind", "level", "f", NULL};
	struct ogc_collection c;
	int64_t n[3];
	enum err e = check_set(rq);

	if (e == OK)
		e = find_tiled(rq, &c);
	if (e == OK)
		e = tile_numbers(rq, rq_param(rq, "z"), rq_param(rq, "col"), rq_param(rq, "row"), n);
	if (e == ERR_INPUT)
		e = ERR_NOT_FOUND; /* outside the tile matrix set: the standard's word for it */
	return e == OK ? tile_send(rq, c.id, n[0], n[1], n[2], also) : e;
}

/* ---- the tile matrix set ---- */

enum err ogc_matrix_sets(struct rq *rq)
{
	struct ogc o;
	enum err e = ogc_open(&o, rq);

	if (e != OK)
		return e;
	json_key(&o.j, "tileMatrixSets");
	json_arr(&o.j);
	json_obj(&o.j);
	json_key(&o.j, "id"), json_strz(&o.j, SET);
	json_key(&o.j, "uri"), json_strz(&o.j, SET_URI);
	json_key(&o.j, "links");
	json_arr(&o.j);
	ogc_link(&o, "self", "application/json", NULL, "/tileMatrixSets/" SET);
	json_end(&o.j);
	json_end(&o.j);
	json_end(&o.j);
	return ogc_end(&o, "application/json");
}

enum err ogc_matrix_set(struct rq *rq)
{
	struct ogc o;
	enum err e = check_set(rq);

	if (e == OK)
		e = ogc_open(&o, rq);
	if (e != OK)
		return e;
	json_key(&o.j, "id"), json_strz(&o.j, SET);
	json_key(&o.j, "uri"), json_strz(&o.j, SET_URI);
	json_key(&o.j, "crs"), json_strz(&o.j, CRS_URI);
	json_key(&o.j, "wellKnownScaleSet"), json_strz(&o.j, "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible");
	json_key(&o.j, "tileMatrices");
	json_arr(&o.j);
	for (int z = 0; z <= TILE_ZOOM_MAX; z++) {
		double side = (double)((int64_t)1 << z);

		json_obj(&o.j);
		json_key(&o.j, "id"), json_str(&o.j, arena_printf(rq->arena, "%d", z));
		json_key(&o.j, "scaleDenominator"), json_f64(&o.j, SCALE_0 / side);
		json_key(&o.j, "cellSize"), json_f64(&o.j, CELL_0 / side);
		json_key(&o.j, "cornerOfOrigin"), json_strz(&o.j, "topLeft");
		json_key(&o.j, "pointOfOrigin");
		json_arr(&o.j);
		json_f64(&o.j, -HALF);
		json_f64(&o.j, HALF);
		json_end(&o.j);
		json_key(&o.j, "tileWidth"), json_i64(&o.j, 256);
		json_key(&o.j, "tileHeight"), json_i64(&o.j, 256);
		json_key(&o.j, "matrixWidth"), json_i64(&o.j, (int64_t)1 << z);
		json_key(&o.j, "matrixHeight"), json_i64(&o.j, (int64_t)1 << z);
		json_end(&o.j);
	}
	json_end(&o.j);
	return ogc_end(&o, "application/json");
}
