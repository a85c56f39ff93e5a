/* /ogc/api: the description of the open interfaces, OpenAPI 3.0. */
#include "cap/map/ogc.h"

struct parameter {
	const char *name, *in, *schema;   /* schema: JSON */
	bool csv;                         /* an array, written with commas */
	const char *about;                /* N_() */
};

#define TEXT "{\"type\":\"string\"}"
#define CRS "{\"type\":\"string\",\"format\":\"uri\",\"default\":\"http://www.opengis.net/def/crs/OGC/1.3/CRS84\"}"
#define COUNT(least, most) "{\"type\":\"integer\",\"minimum\":" least ",\"maximum\":" most "}"

/* Described once, under components, and named by paths: there QGIS looks how long a page may be, and asks for a hundred at a time when it does not find it. */
static const struct parameter paging[] = {
	{"bbox", "query", "{\"type\":\"array\",\"minItems\":4,\"maxItems\":6,\"items\":{\"type\":\"number\"}}", true, N_("范围：西、南、东、北")},
	{"bbox-crs", "query", CRS, false, N_("bbox 的坐标系")},
	{"crs", "query", CRS, false, N_("结果的坐标系")},
	{"datetime", "query", TEXT, false, N_("事项提交的时间（created）：一个时刻，或 开始/结束，开放的一端写 ..；没有时间的数据不受影响")},
	{"limit", "query", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":10000,\"default\":100}", false, N_("一页多少个")},
	{"after", "query", TEXT, false, N_("下一页从哪里起，用返回的地址")},
	{0},
};
static const struct parameter feature_id[] = {
	{"featureId", "path", TEXT, false, N_("要素的编号")},
	{"crs", "query", CRS, false, N_("结果的坐标系")},
	{0},
};
static const struct parameter tile_at[] = {
	{"tileMatrix", "path", COUNT("0", "22"), false, N_("级")},
	{"tileRow", "path", COUNT("0", "4194303"), false, N_("行")},
	{"tileCol", "path", COUNT("0", "4194303"), false, N_("列")},
	{0},
};

/* With the schema it has among the queryables, as part 3 wants it. */
static void put_filter(struct ogc *o, const struct ogc_filter *f)
{
	json_obj(&o->j);
	json_key(&o->j, "name"), json_strz(&o->j, f->name);
	json_key(&o->j, "in"), json_strz(&o->j, "query");
	json_key(&o->j, "description"), json_strz(&o->j, tr(o->rq->lang, f->about));
	json_key(&o->j, "required"), json_bool(&o->j, false);
	json_key(&o->j, "schema");
	json_obj(&o->j);
	ogc_put_type(&o->j, &f->is);
	json_end(&o->j);
	json_key(&o->j, "style"), json_strz(&o->j, "form");
	json_key(&o->j, "explode"), json_bool(&o->j, false);
	json_end(&o->j);
}

static void put_parameter(struct ogc *o, const struct parameter *v)
{
	bool path = str_eqz(str_from(v->in), "path");

	json_obj(&o->j);
	json_key(&o->j, "name"), json_strz(&o->j, v->name);
	json_key(&o->j, "in"), json_strz(&o->j, v->in);
	json_key(&o->j, "description"), json_strz(&o->j, tr(o->rq->lang, v->about));
	json_key(&o->j, "required"), json_bool(&o->j, path);
	json_key(&o->j, "schema"), json_raw(&o->j, str_from(v->schema));
	json_key(&o->j, "style"), json_strz(&o->j, path ? "simple" : "form");
	json_key(&o->j, "explode"), json_bool(&o->j, false);
	json_end(&o->j);
}

static void put_parameters(struct ogc *o, const struct parameter *v)
{
	for (bool shared = v == paging; v && v->name; v++) {
		if (!shared) {
			put_parameter(o, v);
			continue;
		}
		json_obj(&o->j);
		json_key(&o->j, "$ref"), json_str(&o->j, arena_printf(o->rq->arena, "#/components/parameters/%s", v->name));
		json_end(&o->j);
	}
}

static void put_components(struct ogc *o)
{
	json_obj(&o->j);
	json_key(&o->j, "parameters");
	json_obj(&o->j);
	for (const struct parameter *v = paging; v->name; v++)
		json_key(&o->j, v->name), put_parameter(o, v);
	json_end(&o->j);
	json_key(&o->j, "securitySchemes");
	json_raw(&o->j, STR("{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
			   "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"gz\"}}"));
	json_end(&o->j);
}

static void put_answer(struct ogc *o, const char *status, const char *about, const char *type)
{
	json_key(&o->j, status);
	json_obj(&o->j);
	json_key(&o->j, "description"), json_strz(&o->j, tr(o->rq->lang, about));
	json_key(&o->j, "content");
	json_obj(&o->j);
	json_key(&o->j, type);
	json_obj(&o->j);
	json_key(&o->j, "schema"), json_raw(&o->j, str_from(str_starts(str_from(type), "application/vnd.mapbox") ?
							      "{\"type\":\"string\",\"format\":\"binary\"}" : "{\"type\":\"object\"}"));
	json_end(&o->j);
	json_end(&o->j);
	json_end(&o->j);
}

static void put_path(struct ogc *o, struct str path, struct str id, const char *about, const char *type, const struct parameter *a,
		     const struct ogc_filter *f)
{
	json_key_str(&o->j, path);
	json_obj(&o->j);
	json_key(&o->j, "get");
	json_obj(&o->j);
	json_key(&o->j, "operationId"), json_str(&o->j, id);
	json_key(&o->j, "summary"), json_strz(&o->j, tr(o->rq->lang, about));
	json_key(&o->j, "parameters");
	json_arr(&o->j);
	put_parameters(o, a);
	for (; f && f->name; f++)
		put_filter(o, f);
	json_end(&o->j);
	json_key(&o->j, "responses");
	json_obj(&o->j);
	put_answer(o, "200", N_("结果"), type);
	put_answer(o, "400", N_("参数有误，原因写明"), "application/json");
	put_answer(o, "404", N_("没有，或看不到"), "application/json");
	json_end(&o->j);
	json_end(&o->j);
	json_end(&o->j);
}

static void put_collection(struct ogc *o, const struct ogc_collection *c)
{
	struct arena *a = o->rq->arena;
	const char *id = arena_strz(a, c->id);

	put_path(o, arena_printf(a, "/collections/%s", id), arena_printf(a, "describe.%s", id), N_("数据集"), "application/json", NULL, NULL);
	put_path(o, arena_printf(a, "/collections/%s/items", id), arena_printf(a, "items.%s", id), N_("内容"), "application/geo+json", paging,
		 ogc_filters(c));
	put_path(o, arena_printf(a, "/collections/%s/items/{featureId}", id), arena_printf(a, "item.%s", id), N_("一个要素"), "application/geo+json",
		 feature_id, NULL);
	put_path(o, arena_printf(a, "/collections/%s/schema", id), arena_printf(a, "schema.%s", id), N_("每条有哪些内容"), "application/schema+json", NULL, NULL);
	put_path(o, arena_printf(a, "/collections/%s/queryables", id), arena_printf(a, "queryables.%s", id), N_("可以按什么筛选"),
		 "application/schema+json", NULL, NULL);
	if (c->no_tiles)
		return;
	put_path(o, arena_printf(a, "/collections/%s/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}", id), arena_printf(a, "tile.%s", id),
		 N_("矢量瓦片"), "application/vnd.mapbox-vector-tile", tile_at,
		 c->set || c->ground ? NULL : ogc_filters(c));
}

enum err ogc_api(struct rq *rq)
{
	struct ogc_collection *v;
	struct ogc o;
	size_t n;
	enum err e = ogc_open(&o, rq);

	if (e != OK)
		return e;
	n = ogc_collections_of(rq, &v);
	json_key(&o.j, "openapi"), json_strz(&o.j, "3.0.3");
	json_key(&o.j, "info");
	json_obj(&o.j);
	json_key(&o.j, "title"), json_strz(&o.j, _(N_("共治：开放接口")));
	json_key(&o.j, "version"), json_strz(&o.j, "1.0.0");
	json_end(&o.j);
	json_key(&o.j, "servers");
	json_arr(&o.j);
	json_obj(&o.j);
	json_key(&o.j, "url"), json_str(&o.j, o.base);
	json_end(&o.j);
	json_end(&o.j);
	json_key(&o.j, "paths");
	json_obj(&o.j);
	put_path(&o, STR("/"), STR("landing"), N_("本页"), "application/json", NULL, NULL);
	put_path(&o, STR("/conformance"), STR("conformance"), N_("符合的标准"), "application/json", NULL, NULL);
	put_path(&o, STR("/collections"), STR("collections"), N_("数据集"), "application/json", NULL, NULL);
	put_path(&o, STR("/tileMatrixSets"), STR("tileMatrixSets"), N_("瓦片方案"), "application/json", NULL, NULL);
	for (size_t i = 0; i < n; i++)
		put_collection(&o, &v[i]);
	json_end(&o.j);
	json_key(&o.j, "components"), put_components(&o);
	json_key(&o.j, "security"), json_raw(&o.j, STR("[{},{\"key\":[]},{\"session\":[]}]"));
	return ogc_end(&o, "application/vnd.oai.openapi+json;version=3.0");
}
