/* Landing page, conformance, collections. */
#include "cap/map/ogc.h"

#include <stdarg.h>

#include "cap/map/children.h"
#include "cap/map/ground.h"
#include "web/url.h"

void ogc_begin(struct ogc *o, struct rq *rq)
{
	*o = (struct ogc){.rq = rq};
	o->base = arena_cat(rq->arena, web_url_base(rq), STR("/ogc"));
	query_open_to_all(rq);
	/* of what has no tag a copy saves nothing; QGIS would show it again without asking, and to whoever comes next with a key */
	http_header_set(rq->http, "Cache-Control", STR("no-store"));
	buf_clear(&rq->http->resp->body);
	json_init(&o->j, &rq->http->resp->body);
}

void ogc_link(struct ogc *o, const char *rel, const char *type, const char *title, const char *fmt, ...)
{
	va_list ap;
	struct str path;

	va_start(ap, fmt);
	path = arena_vprintf(o->rq->arena, fmt, ap);
	va_end(ap);
	json_obj(&o->j);
	json_key(&o->j, "href"), json_str(&o->j, str_starts(path, "http") ? path : arena_cat(o->rq->arena, o->base, path));
	json_key(&o->j, "rel"), json_strz(&o->j, rel);
	json_key(&o->j, "type"), json_strz(&o->j, type);
	if (title)
		json_key(&o->j, "title"), json_strz(&o->j, tr(o->rq->lang, title));
	json_end(&o->j);
}

static bool is_among(struct str name, const char *const *names)
{
	for (const char *const *w = names; w && *w; w++)
		if (str_eqz(name, *w))
			return true;
	return false;
}

enum err ogc_only(struct rq *rq, const char *const *names)
{
	const struct http_pairs *p = &rq->http->params;
	bool has_page = is_among(STR("f"), names);

	for (size_t i = 0; i < p->n; i++) {
		bool known = str_eqz(p->v[i].name, "lang") || str_eqz(p->v[i].name, "as") || (has_page && str_eqz(p->v[i].name, "elder"));

		if (str_eqz(p->v[i].name, "f")) {
			if (!str_eqz(p->v[i].value, "json") && !str_eqz(p->v[i].value, "geojson") && !(has_page && str_eqz(p->v[i].value, "html")))
				return rq_fail_field(rq, ERR_INPUT, "f", has_page ? N_("f 只能是 json 或 html。") : N_("f 只能是 json。"));
			known = true;
		}
		known = known || is_among(p->v[i].name, names);
		if (!known)
			return rq_fail_field(rq, ERR_INPUT, arena_strz(rq->arena, str_sub(p->v[i].name, 0, 40)), N_("没有“%.40s”这个参数。"),
					     arena_strz(rq->arena, p->v[i].name));
	}
	return OK;
}

enum err ogc_open(struct ogc *o, struct rq *rq)
{
	enum err e = ogc_only(rq, NULL);

	if (e != OK)
		return e;
	ogc_begin(o, rq);
	json_obj(&o->j);
	return OK;
}

enum err ogc_end(struct ogc *o, const char *type)
{
	json_end(&o->j);
	json_done(&o->j);
	http_header_set(o->rq->http, "Content-Type", str_from(type));
	return buf_check(&o->rq->http->resp->body);
}

/* ---- collections ---- */

/* The one place of which the reader sees matters; NULL: several, or the public's view. */
static const struct set_item *top_of(struct rq *rq, const struct set *tree)
{
	struct scope *v;
	size_t n;

	if (rq->who.id == 0 || rq_scope(rq, "matter.read", &v, &n) != OK || n != 1 || str_empty(v[0].from))
		return NULL;
	return set_by_key(tree, v[0].from);
}

static void describe_matters(struct rq *rq, struct ogc_collection *c)
{
	const struct set *tree = set_find(rq->arena, STR(SET_PLACES));

	*c = (struct ogc_collection){.id = STR("matters"), .title = str_from(_(N_("事项"))),
				     .description = str_from(_(N_("反映上来的每一件事；没有权限的人只看到公开事项，位置放粗，没有文字。"
						    "时间（datetime）是提交的时间，即 created；写到日就是北京时间的一整天，写到秒就是那一秒，没写时区按北京时间。")))};
	c->has_box = tree && place_bounds(tree, top_of(rq, tree), c->box);
}

static void describe_areas(struct rq *rq, struct ogc_collection *c)
{
	const struct set *tree = set_find(rq->arena, STR(SET_PLACES));

	*c = (struct ogc_collection){
		.id = STR("boundaries"), .areas = true, .title = str_from(_(N_("边界"))),
		.description = str_from(_(N_("地点的范围，省到微网格；没有公开边界的由位置点推出，标为示意（rough、cell）。")))};
	c->has_box = tree && place_bounds(tree, NULL, c->box);
}

static void describe_set(struct rq *rq, const struct set *s, struct ogc_collection *c)
{
	*c = (struct ogc_collection){.id = s->name, .title = str_from(_(s->title.p)), .description = s->source, .set = s,
				     .box = {s->west, s->south, s->east, s->north}, .has_box = s->west <= s->east};
}

size_t ogc_collections_of(struct rq *rq, struct ogc_collection **out)
{
	const struct set **sets;
	size_t nsets = sets_all(rq->arena, &sets), n = 0;

	*out = arena_array(rq->arena, struct ogc_collection, nsets + 2 + OGC_GROUNDS);
	describe_matters(rq, &(*out)[n++]);
	describe_areas(rq, &(*out)[n++]);
	n += ogc_ground_collections(rq, *out + n);
	for (size_t i = 0; i < nsets; i++)
		if (query_may_see(rq, sets[i]))
			describe_set(rq, sets[i], &(*out)[n++]);
	return n;
}

static enum err none(struct rq *rq)
{
	return rq_fail(rq, ERR_NOT_FOUND, N_("没有这个数据集，或者您看不到它；有哪些见 /ogc/collections。"));
}

static enum err find_ground(struct rq *rq, struct str id, struct ogc_collection *out)
{
	struct ogc_collection v[OGC_GROUNDS];
	size_t n = ogc_ground_collections(rq, v);
	bool loading;

	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].id, id)) {
			*out = v[i];
			return OK;
		}
	return ground_ref(rq->arena, &loading) == NULL && loading ? rq_fail(rq, ERR_BUSY, N_("地图数据正在装载，请稍候再试。")) : none(rq);
}

enum err ogc_find(struct rq *rq, struct str id, struct ogc_collection *out)
{
	const struct set *s;

	if (str_eqz(id, "matters")) {
		describe_matters(rq, out);
		return OK;
	}
	if (str_eqz(id, "boundaries")) {
		describe_areas(rq, out);
		return OK;
	}
	if (ogc_ground_is(id))
		return find_ground(rq, id, out);
	s = set_find(rq->arena, id);
	if (s == NULL && str_eqz(id, SET_PLACES)) /* always there, once it is loaded */
		return rq_fail(rq, ERR_BUSY, N_("地图数据正在装载，请稍候再试。"));
	if (s == NULL || !query_may_see(rq, s))
		return none(rq);
	describe_set(rq, s, out);
	return OK;
}

static void put_spatial(struct ogc *o, const double box[4])
{
	json_key(&o->j, "spatial");
	json_obj(&o->j);
	json_key(&o->j, "bbox");
	json_arr(&o->j);
	json_arr(&o->j);
	for (int i = 0; i < 4; i++)
		json_f64(&o->j, box[i]);
	json_end(&o->j);
	json_end(&o->j);
	json_key(&o->j, "crs"), json_strz(&o->j, crs_uri(CRS_84));
	json_end(&o->j);
}

/* From the first matter on, and going on: the next one comes while the answer is read. */
static void put_temporal(struct ogc *o, int64_t from)
{
	json_key(&o->j, "temporal");
	json_obj(&o->j);
	json_key(&o->j, "interval");
	json_arr(&o->j);
	json_arr(&o->j);
	json_time(&o->j, from);
	json_nil(&o->j);
	json_end(&o->j);
	json_end(&o->j);
	json_key(&o->j, "trs"), json_strz(&o->j, "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian");
	json_end(&o->j);
}

static void put_extent(struct ogc *o, const struct ogc_collection *c)
{
	int64_t from;
	bool timed = c->set == NULL && !c->areas && !c->ground && ogc_oldest(o->rq, &from);

	if (!c->has_box && !timed)
		return;
	json_key(&o->j, "extent");
	json_obj(&o->j);
	if (c->has_box)
		put_spatial(o, c->box);
	if (timed)
		put_temporal(o, from);
	json_end(&o->j);
}

static void put_links(struct ogc *o, const struct ogc_collection *c)
{
	struct arena *a = o->rq->arena;
	const char *id = arena_strz(a, c->id);

	ogc_link(o, "self", "application/json", NULL, "/collections/%s", id);
	ogc_link(o, "items", "application/geo+json", N_("内容"), "/collections/%s/items", id);
	ogc_link(o, OGC_REL "schema", "application/schema+json", N_("每条有哪些内容"), "/collections/%s/schema", id);
	ogc_link(o, OGC_REL "schema", "text/html", N_("每条有哪些内容"), "/collections/%s/schema?f=html", id);
	ogc_link(o, OGC_REL "queryables", "application/schema+json", N_("可以按什么筛选"), "/collections/%s/queryables", id);
	ogc_link(o, OGC_REL "queryables", "text/html", N_("可以按什么筛选"), "/collections/%s/queryables?f=html", id);
	/* in capitals GDAL finds it, which compares them though RFC 8288 does not */
	ogc_link(o, "describedBy", "application/schema+json", N_("GeoJSON 里一个要素的格式"), "/collections/%s/schemas/feature", id);
	if (!c->no_tiles)
		ogc_link(o, OGC_REL "tilesets-vector", "application/json", N_("矢量瓦片"), "/collections/%s/tiles", id);
	if (c->ground)
		ogc_link(o, "license", "text/html", "ODbL 1.0", "https://opendatacommons.org/licenses/odbl/1-0/");
}

/* The members of a collection's object. */
static void put_collection(struct ogc *o, const struct ogc_collection *c)
{
	json_key(&o->j, "id"), json_str(&o->j, c->id);
	json_key(&o->j, "title"), json_str(&o->j, c->title);
	if (c->description.n)
		json_key(&o->j, "description"), json_str(&o->j, c->description);
	if (c->ground)
		json_key(&o->j, "attribution"), json_strz(&o->j, GROUND_CREDIT);
	json_key(&o->j, "itemType"), json_strz(&o->j, "feature");
	put_extent(o, c);
	json_key(&o->j, "crs");
	json_arr(&o->j);
	for (int i = 0; i < CRS_COUNT; i++)
		json_strz(&o->j, crs_uri((enum crs)i));
	json_end(&o->j);
	json_key(&o->j, "storageCrs"), json_strz(&o->j, crs_uri(CRS_4490));
	json_key(&o->j, "links");
	json_arr(&o->j);
	put_links(o, c);
	json_end(&o->j);
}

enum err ogc_collections(struct rq *rq)
{
	struct ogc_collection *v;
	struct ogc o;
	size_t n;
	enum err e = ogc_open(&o, rq);

	if (e != OK)
		return e;
	n = ogc_collections_of(rq, &v);
	json_key(&o.j, "links");
	json_arr(&o.j);
	ogc_link(&o, "self", "application/json", NULL, "/collections");
	json_end(&o.j);
	json_key(&o.j, "crs");
	json_arr(&o.j);
	for (int i = 0; i < CRS_COUNT; i++)
		json_strz(&o.j, crs_uri((enum crs)i));
	json_end(&o.j);
	json_key(&o.j, "collections");
	json_arr(&o.j);
	for (size_t i = 0; i < n; i++) {
		json_obj(&o.j);
		put_collection(&o, &v[i]);
		json_end(&o.j);
	}
	json_end(&o.j);
	return ogc_end(&o, "application/json");
}

enum err ogc_collection(struct rq *rq)
{
	struct ogc_collection c;
	struct ogc o;
	enum err e = ogc_find(rq, rq_param(rq, "id"), &c);

	if (e == OK)
		e = ogc_open(&o, rq);
	if (e != OK)
		return e;
	put_collection(&o, &c);
	return ogc_end(&o, "application/json");
}

/* ---- landing page, conformance ---- */

enum err ogc_landing(struct rq *rq)
{
	struct ogc o;
	enum err e = ogc_open(&o, rq);

	if (e != OK)
		return e;
	json_key(&o.j, "title"), json_strz(&o.j, _(N_("共治：开放接口")));
	json_key(&o.j, "description"), json_strz(&o.j, _(N_("OGC API：要素与矢量瓦片。坐标为 CGCS2000。")));
	json_key(&o.j, "links");
	json_arr(&o.j);
	ogc_link(&o, "self", "application/json", N_("本页"), "/");
	ogc_link(&o, "service-desc", "application/vnd.oai.openapi+json;version=3.0", N_("接口说明（OpenAPI）"), "/api");
	ogc_link(&o, "conformance", "application/json", N_("符合的标准"), "/conformance");
	ogc_link(&o, "data", "application/json", N_("数据集"), "/collections");
	ogc_link(&o, OGC_REL "tiling-schemes", "application/json", N_("瓦片方案"), "/tileMatrixSets");
	json_end(&o.j);
	return ogc_end(&o, "application/json");
}

enum err ogc_conformance(struct rq *rq)
{
	static const char *const classes[] = {
		"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core", "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
		"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson", "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
		"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
		"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
		"http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/schemas", "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/core-roles-features",
		"http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/returnables-and-receivables",
		"http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core", "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
		"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core", "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
		"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
		"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets", "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
	};
	struct ogc o;
	enum err e = ogc_open(&o, rq);

	if (e != OK)
		return e;
	json_key(&o.j, "conformsTo");
	json_arr(&o.j);
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		json_strz(&o.j, classes[i]);
	json_end(&o.j);
	return ogc_end(&o, "application/json");
}
