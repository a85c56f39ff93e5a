/* The tables of the map. */
#include "base/clock.h"
#include "cap/map/cache.h"
#include "cap/map/ground.h"
#include "cap/map/layer.h"
#include "cap/map/map.h"
#include "cap/map/ogc_areas_list.h"
#include "cap/map/nearby.h"
#include "cap/map/pages.h"
#include "cap/map/screen.h"
#include "core/place/find.h"
#include "web/minimap.h"

static enum err start(struct app *app)
{
	enum err e;

	place_find_source(layer_names);
	place_find_source(ground_names);
	minimap_ground_source(ground_under);
	e = ground_start(app->db);
	return e == OK ? feed_start(app, app->db, app->var) : e;
}

static void stop(struct app *app)
{
	(void)app;
	feed_stop();
	ground_stop();
	ground_renew_stop();
	cache_forget();
	ogc_fields_forget();
	areas_forget();
}

static const struct route routes[] = {
	{"GET", "/tiles/:layer/:z/:x/:file", map_tile, NULL, R_PUBLIC | R_JSON | R_SCREEN,
	 N_("矢量瓦片 /tiles/图层/z/x/y.mvt；matters 是事项，可带筛选参数；没有权限的人只看到公开事项，位置放粗"), 0},
	{"GET", "/map/legend", map_legend, NULL, R_PUBLIC | R_JSON | R_SCREEN, N_("瓦片里的数字各是什么意思"), 0},
	{"GET", "/map/stats", map_stats, "system.manage", R_LOGIN | R_JSON, N_("地图占多少内存、缓存命中多少"), 0},
	{"GET", "/map/counts", map_counts, NULL, R_PUBLIC | R_JSON | R_SCREEN, N_("按地点、类别、状态、时段计数，可任意组合"), 0},
	{"GET", "/map/series", map_series, NULL, R_PUBLIC | R_JSON | R_SCREEN, N_("每天（时、月）新增和办结多少"), 0},
	{"GET", "/map/density", map_density, NULL, R_PUBLIC | R_JSON | R_SCREEN, N_("一个范围内每格有多少"), 0},
	{"GET", "/map/state", map_state, "matter.read", R_LOGIN | R_JSON | R_SCREEN, N_("大屏上一个地点的全部数据"), 0},
	{"GET", "/map/replay", map_replay, "matter.read", R_LOGIN | R_JSON | R_SCREEN, N_("重放一天或一个月"), 0},
	{"GET", "/map/pick", map_pick, "matter.read", R_LOGIN | R_JSON, N_("范围内或圈内的事项，最多二百件"), 0},
	{"GET", "/map/around", map_around, "matter.read", R_LOGIN | R_JSON, N_("一个位置周围：在哪里、谁能接手、有什么设施"), 0},
	{"GET", "/map/find", map_find, "matter.read", R_LOGIN, N_("按名称找地点、设施、道路：同音字、拼音也行"), 0},
	{"GET", "/map/find.json", map_find_json, "matter.read", R_LOGIN | R_JSON | R_SCREEN, N_("输入时的地名建议"), 0},
	{"GET", "/wall", map_wall, "matter.read", R_LOGIN | R_SCREEN, N_("大屏：一个地点此刻的全部情况"), 0},
	{"POST", "/wall/screen", map_wall_screen, "matter.read", R_LOGIN, N_("让这块大屏一直开着：只看不办，三十天"), 0},
	{"GET", "/map", map_desk, "matter.read", R_LOGIN, N_("办事地图：名单的条件，画在图上"), 0},
	{"GET", "/t/:code/nearby", map_nearby, NULL, R_PUBLIC, N_("附近：公开事项和办事地点，不用脚本"), 0},
	{"GET", "/map/export.geojson", map_export_geojson, NULL, R_PUBLIC, N_("把筛选出来的事项导出为 GeoJSON"), 0},
	{"GET", "/map/export.csv", map_export_csv, NULL, R_PUBLIC, N_("把筛选出来的事项导出为 CSV"), 0},
	{"GET", "/map/live", map_live, NULL, R_PUBLIC | R_STREAM | R_SCREEN, N_("变化的实时推送（SSE），断线后凭序号接上"), 0},
	{"GET", "/ogc", ogc_landing, NULL, R_PUBLIC | R_JSON, N_("OGC API 首页"), 0},
	{"GET", "/ogc/conformance", ogc_conformance, NULL, R_PUBLIC | R_JSON, N_("OGC API：符合的标准"), 0},
	{"GET", "/ogc/api", ogc_api, NULL, R_PUBLIC | R_JSON, N_("OGC API 的 OpenAPI 3.0 说明"), 0},
	{"GET", "/ogc/collections", ogc_collections, NULL, R_PUBLIC | R_JSON, N_("OGC API：数据集"), 0},
	{"GET", "/ogc/collections/:id", ogc_collection, NULL, R_PUBLIC | R_JSON, N_("OGC API：一个数据集"), 0},
	{"GET", "/ogc/collections/:id/schema", ogc_schema, NULL, R_PUBLIC | R_JSON, N_("OGC API：每条有哪些内容，JSON Schema 或网页"), 0},
	{"GET", "/ogc/collections/:id/queryables", ogc_queryables, NULL, R_PUBLIC | R_JSON, N_("OGC API：可以按什么筛选，JSON Schema 或网页"), 0},
	{"GET", "/ogc/collections/:id/schemas/feature", ogc_feature_schema, NULL, R_PUBLIC | R_JSON, N_("OGC API：GeoJSON 里一个要素的格式"), 0},
	{"GET", "/ogc/collections/:id/items", ogc_items, NULL, R_PUBLIC | R_JSON, N_("OGC API：数据集的内容，GeoJSON，可筛选、分页、换坐标系"), 0},
	{"GET", "/ogc/collections/:id/items/:fid", ogc_item, NULL, R_PUBLIC | R_JSON, N_("OGC API：一个要素"), 0},
	{"GET", "/ogc/collections/:id/tiles", ogc_tilesets, NULL, R_PUBLIC | R_JSON, N_("OGC API：数据集的瓦片"), 0},
	{"GET", "/ogc/collections/:id/tiles/:set", ogc_tileset, NULL, R_PUBLIC | R_JSON, N_("OGC API：一种瓦片"), 0},
	{"GET", "/ogc/collections/:id/tiles/:set/:z/:row/:col", ogc_tile, NULL, R_PUBLIC | R_JSON, N_("OGC API：一块矢量瓦片"), 0},
	{"GET", "/ogc/tileMatrixSets", ogc_matrix_sets, NULL, R_PUBLIC | R_JSON, N_("OGC API：瓦片方案"), 0},
	{"GET", "/ogc/tileMatrixSets/:set", ogc_matrix_set, NULL, R_PUBLIC | R_JSON, N_("OGC API：一种瓦片方案"), 0},
	{0},
};

static const struct job_entry jobs[] = {
	{"map.roads", 5 * MS_SECOND, ground_renew_job},
	{0},
};

static const struct menu_entry menu[] = {
	{N_("地图"), "/map", "matter.read", 25, NULL},
	{0},
};

static const struct subcommand subcommands[] = {
	{"import layer", "NAME FILE --datum DATUM [--title TITLE] [--public]", N_("从 GeoJSON 或 CSV 导入点图层"), layer_import_command},
	{"import osm", "FILE [--source TEXT] [--drop]", N_("从 OpenStreetMap 数据导入底图：道路、水面、绿地、路名"), ground_import_command},
	{0},
};

extern const struct capability cap_map;
const struct capability cap_map = {
	.name = "map",
	.title = N_("地图"),
	.routes = routes,
	.jobs = jobs,
	.menu = menu,
	.subcommands = subcommands,
	.start = start,
	.stop = stop,
};
