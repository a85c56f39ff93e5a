#include "geo/geojson.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file_kind.h"
#include "geo/geojson_json.h"

#define MAX_FEATURE_TEXT ((size_t)4 << 20)

struct geojson {
	struct jscan in;
	struct geojson_limits limits;
	struct arena arena;             /* of the current feature */
	struct arena keep;              /* until the end */
	struct str why;
	struct str foreign;             /* what it is instead, by its first bytes; absent: it may be JSON */
	bool in_features, broken;
	int64_t number;
	/* the current feature */
	struct geojson_feature f;
	struct geojson_property *properties;
	size_t nproperties, text_used;
	struct lonlat *points;
	size_t npoints, cap_points;
	struct geojson_part *parts;
	size_t nparts, cap_parts, polygon;
	int point_depth;                /* 1: the position itself; 0: none seen */
	const char *fault;
	int64_t fault_line;
	bool has_type, is_feature, is_geometry, seen_geometry, seen_coordinates;
	char geometry_type[24];
};

/* ---- opening ---- */

static struct geojson *make(const struct geojson_limits *limits)
{
	struct geojson *g = calloc(1, sizeof(*g));

	if (!g)
		BUG("out of memory");
	if (limits)
		g->limits = *limits;
	if (!g->limits.points)
		g->limits.points = 2000000;
	if (!g->limits.parts)
		g->limits.parts = 100000;
	if (!g->limits.properties)
		g->limits.properties = 256;
	if (!g->limits.text)
		g->limits.text = 65536;
	if (!g->limits.depth)
		g->limits.depth = 32;
	arena_init(&g->arena, (size_t)64 << 20);
	arena_init(&g->keep, 0);
	return g;
}

struct geojson *geojson_open_fd(int fd, const struct geojson_limits *limits)
{
	struct geojson *g = make(limits);
	char head[FILE_KIND_HEAD];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n > 0)
		g->foreign = file_kind_fault(&g->keep, (struct str){head, (size_t)n}, "GeoJSON");
	jscan_fd(&g->in, fd, g->limits.text, g->limits.depth);
	return g;
}

struct geojson *geojson_open_text(struct str text, const struct geojson_limits *limits)
{
	struct geojson *g = make(limits);

	jscan_text(&g->in, text, g->limits.text, g->limits.depth);
	return g;
}

void geojson_close(struct geojson *g)
{
	if (!g)
		return;
	jscan_release(&g->in);
	arena_release(&g->arena);
	arena_release(&g->keep);
	free(g->points);
	free(g->parts);
	free(g);
}

struct str geojson_why(const struct geojson *g)
{
	return g->why;
}

int64_t geojson_position(const struct geojson *g)
{
	return jscan_position(&g->in);
}

struct str geojson_property(const struct geojson_feature *f, const char *name)
{
	for (size_t i = 0; i < f->nproperties; i++)
		if (str_eqz(f->properties[i].name, name))
			return f->properties[i].value;
	return STR_NULL;
}

/* ---- coordinates ---- */

/* The first thing that is wrong with a feature is what is told. */
static void fault(struct geojson *g, const char *why)
{
	if (g->fault)
		return;
	g->fault = why;
	g->fault_line = g->in.line;
}

static bool room(void **v, size_t *cap, size_t n, size_t size, size_t max)
{
	size_t more;
	void *grown;

	if (n < *cap)
		return true;
	if (n >= max)
		return false;
	more = *cap ? *cap * 2 : 256;
	if (more > max)
		more = max;
	grown = realloc(*v, more * size);
	if (!grown)
		BUG("out of memory");
	*v = grown;
	*cap = more;
	return true;
}

static void add_point(struct geojson *g, double lon, double lat)
{
	if (g->fault)
		return;
	if (!coord_valid(lon, lat)) {
		fault(g, "坐标超出范围：应为经度 ±180、纬度 ±90 的度数，经度在前；投影坐标请先用 ogr2ogr -t_srs EPSG:4490 转换"
			 " (coordinates out of range: degrees, longitude first; convert projected ones with ogr2ogr -t_srs EPSG:4490)");
		return;
	}
	if (!room((void **)&g->points, &g->cap_points, g->npoints, sizeof(*g->points), g->limits.points)) {
		fault(g, "点太多，超过一个要素的上限 (too many points in one feature)");
		return;
	}
	g->points[g->npoints++] = (struct lonlat){lon, lat};
}

static void end_part(struct geojson *g, size_t start)
{
	if (g->fault)
		return;
	if (!room((void **)&g->parts, &g->cap_parts, g->nparts, sizeof(*g->parts), g->limits.parts)) {
		fault(g, "环太多，超过一个要素的上限 (too many rings in one feature)");
		return;
	}
	g->parts[g->nparts++] = (struct geojson_part){start, g->npoints - start, g->polygon};
}

/* Numbers of one position, behind its bracket and before its end. */
static bool read_position(struct geojson *g, int level)
{
	double v[2] = {0, 0}, x;
	int n = 0;

	if (g->point_depth == 0)
		g->point_depth = level;
	else if (g->point_depth != level)
		fault(g, "坐标的层次不一致 (positions are nested unevenly)");
	do {
		if (!jscan_is_number(&g->in)) {
			fault(g, "坐标里有不是数字的东西 (something in the coordinates is not a number)");
			if (!jscan_skip(&g->in))
				return false;
		} else {
			if (!jscan_number(&g->in, &x))
				return false;
			if (n < 2)
				v[n] = x;
		}
		n++;
	} while (jscan_more(&g->in, ']'));
	if (g->in.broken)
		return false;
	if (n < 2 || n > 4)
		fault(g, "一个坐标应有经度、纬度两个数（可有高程） (a position has longitude, latitude and perhaps a height)");
	add_point(g, v[0], v[1]);
	return true;
}

/* One array at `level`; 1 is the value of "coordinates" itself. */
static bool read_array(struct geojson *g, int level)
{
	size_t start = g->npoints;

	if (!jscan_open(&g->in, '['))
		return false;
	if (jscan_empty(&g->in, ']'))
		return !g->in.broken;
	if (jscan_peek(&g->in) != '[')
		return read_position(g, level);
	do {
		if (jscan_peek(&g->in) != '[' || level >= 4) {
			fault(g, "坐标的层次不对 (coordinates are nested wrongly)");
			if (!jscan_skip(&g->in))
				return false;
		} else if (!read_array(g, level + 1)) {
			return false;
		}
	} while (jscan_more(&g->in, ']'));
	if (g->point_depth == level + 1)
		end_part(g, start);
	if (g->point_depth == level + 2)
		g->polygon++;
	return !g->in.broken;
}

static bool read_coordinates(struct geojson *g)
{
	if (g->seen_coordinates)
		fault(g, "有两个 coordinates (two members \"coordinates\")");
	g->seen_coordinates = true;
	if (jscan_peek(&g->in) != '[') {
		fault(g, "coordinates 不是数组 (\"coordinates\" is not an array)");
		return jscan_skip(&g->in);
	}
	return read_array(g, 1);
}

/* ---- geometry ---- */

static bool read_word(struct geojson *g, char *out, size_t size)
{
	struct str word;

	if (jscan_peek(&g->in) != '"')
		return jscan_skip(&g->in);
	if (!jscan_string(&g->in, &word))
		return false;
	if (word.n < size) {
		memcpy(out, word.p, word.n);
		out[word.n] = '\0';
	}
	return true;
}

static const struct {
	const char *type;
	enum geojson_kind kind;
	int depth;
} types[] = {
	{"Point", GEOJSON_POINTS, 1}, {"MultiPoint", GEOJSON_POINTS, 2}, {"LineString", GEOJSON_LINES, 2},
	{"MultiLineString", GEOJSON_LINES, 3}, {"Polygon", GEOJSON_AREAS, 3}, {"MultiPolygon", GEOJSON_AREAS, 4},
};

static bool is_geometry_type(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(type, types[i].type) == 0)
			return true;
	return strcmp(type, "GeometryCollection") == 0;
}

/* What the type says and what the coordinates are must agree. */
static void settle_geometry(struct geojson *g)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strcmp(g->geometry_type, types[i].type) != 0)
			continue;
		g->f.kind = types[i].kind;
		if (!g->seen_coordinates)
			fault(g, "没有坐标 (there are no coordinates)");
		else if (g->npoints == 0)
			fault(g, "坐标是空的 (the coordinates are empty)");
		else if (g->point_depth != types[i].depth)
			fault(g, "坐标的层次与几何类型不符 (the coordinates do not fit the type of geometry)");
		if (g->point_depth == 1)
			end_part(g, 0);
		return;
	}
	fault(g, "几何类型不支持，应为点、线、面及其 Multi 类型 (type of geometry not supported: points, lines, polygons and their Multi types)");
}

static bool read_geometry(struct geojson *g)
{
	char name[24];

	if (g->seen_geometry)
		fault(g, "有两个 geometry (two members \"geometry\")");
	g->seen_geometry = true;
	if (jscan_peek(&g->in) != '{') {
		bool null = jscan_peek(&g->in) == 'n';

		if (!null)
			fault(g, "geometry 不是对象 (\"geometry\" is not an object)");
		return jscan_skip(&g->in);
	}
	if (!jscan_open(&g->in, '{'))
		return false;
	if (!jscan_empty(&g->in, '}'))
		do {
			name[0] = '\0';
			if (!read_word(g, name, sizeof(name)) || !jscan_colon(&g->in))
				return false;
			if (strcmp(name, "type") == 0) {
				if (!read_word(g, g->geometry_type, sizeof(g->geometry_type)))
					return false;
			} else if (strcmp(name, "coordinates") == 0) {
				if (!read_coordinates(g))
					return false;
			} else if (!jscan_skip(&g->in)) {
				return false;
			}
		} while (jscan_more(&g->in, '}'));
	if (g->in.broken)
		return false;
	settle_geometry(g);
	return true;
}

/* ---- properties ---- */

/* Text, or a scalar as written; NULL for null and for what has parts. */
static bool read_value(struct geojson *g, struct str *out)
{
	int c = jscan_peek(&g->in);
	struct str text = STR_NULL;

	*out = STR_NULL;
	if (c == '"' ? !jscan_string(&g->in, &text) : c == '{' || c == '[' ? !jscan_skip(&g->in) : !jscan_scalar(&g->in, &text))
		return false;
	if (!text.p || (c == 'n' && str_eqz(text, "null")))
		return true;
	g->text_used += text.n;
	if (g->text_used > MAX_FEATURE_TEXT) {
		fault(g, "属性文字太多 (too much text in the properties)");
		return true;
	}
	*out = arena_str(&g->arena, text);
	return true;
}

static bool read_properties(struct geojson *g)
{
	if (jscan_peek(&g->in) != '{') {
		if (jscan_peek(&g->in) != 'n')
			fault(g, "properties 不是对象 (\"properties\" is not an object)");
		return jscan_skip(&g->in);
	}
	if (!jscan_open(&g->in, '{'))
		return false;
	if (jscan_empty(&g->in, '}'))
		return !g->in.broken;
	if (!g->properties)
		g->properties = arena_array(&g->arena, struct geojson_property, g->limits.properties);
	do {
		struct geojson_property p = {0};

		if (!read_value(g, &p.name) || !p.name.p || !jscan_colon(&g->in))
			return jscan_fail(&g->in, "属性名应为文字 (the name of a property is text)");
		p.is_text = jscan_peek(&g->in) == '"';
		if (!read_value(g, &p.value))
			return jscan_fail(&g->in, "属性名应为文字 (the name of a property is text)");
		if (g->nproperties == g->limits.properties)
			fault(g, "属性太多 (too many properties)");
		else
			g->properties[g->nproperties++] = p;
	} while (jscan_more(&g->in, '}'));
	return !g->in.broken;
}

/* ---- features ---- */

static void begin_feature(struct geojson *g)
{
	arena_reset(&g->arena);
	g->properties = NULL;
	g->nproperties = g->text_used = g->npoints = g->nparts = g->polygon = 0;
	g->point_depth = 0;
	g->fault = NULL;
	g->has_type = g->is_feature = g->is_geometry = g->seen_geometry = g->seen_coordinates = false;
	g->geometry_type[0] = '\0';
	g->f = (struct geojson_feature){.line = g->in.line};
}

/* A name or code system that is longitude and latitude on the globe. */
static bool degrees(struct str crs)
{
	static const char *const good[] = {"CRS84", "EPSG::4326", "EPSG:4326", "EPSG::4490", "EPSG:4490", "EPSG::4258"};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (str_ends(crs, good[i]))
			return true;
	return false;
}

/* {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}, of the GeoJSON before the RFC. */
static bool read_crs(struct geojson *g)
{
	struct geojson_property *had = g->properties;
	struct geojson_feature crs;
	size_t nhad = g->nproperties;
	struct str name;

	if (jscan_peek(&g->in) != '{')
		return jscan_skip(&g->in);
	g->properties = NULL;
	g->nproperties = 0;
	if (!jscan_open(&g->in, '{'))
		return false;
	if (jscan_empty(&g->in, '}'))
		return !g->in.broken;
	do {
		bool wanted;

		if (!jscan_string(&g->in, &name))
			return false;
		wanted = str_eqz(name, "properties");
		if (!jscan_colon(&g->in) || (wanted ? !read_properties(g) : !jscan_skip(&g->in)))
			return false;
	} while (jscan_more(&g->in, '}'));
	crs = (struct geojson_feature){.properties = g->properties, .nproperties = g->nproperties};
	name = geojson_property(&crs, "name");
	g->properties = had;
	g->nproperties = nhad;
	if (name.p && !degrees(name))
		return jscan_fail(&g->in, "坐标系不是经纬度，请先用 ogr2ogr -t_srs EPSG:4490 转换"
					  " (the coordinate system is not longitude and latitude: convert with ogr2ogr -t_srs EPSG:4490)");
	return !g->in.broken;
}

/* A member of an object that may turn out to be a feature, a bare geometry, or the collection (whose features then begin). */
static bool read_member(struct geojson *g, bool top, bool *collection)
{
	struct str name;
	char word[24] = "";

	if (!jscan_string(&g->in, &name))
		return false;
	memcpy(word, name.p, name.n < sizeof(word) ? name.n : 0);
	if (!jscan_colon(&g->in))
		return false;
	if (strcmp(word, "type") == 0) {
		word[0] = '\0';
		if (!read_word(g, word, sizeof(word)))
			return false;
		g->is_feature = strcmp(word, "Feature") == 0;
		g->is_geometry = is_geometry_type(word);
		if (g->is_geometry)
			memcpy(g->geometry_type, word, sizeof(word));
		g->has_type = true;
		return true;
	}
	if (top && strcmp(word, "features") == 0 && jscan_peek(&g->in) == '[') {
		*collection = true;
		return jscan_open(&g->in, '[');
	}
	if (top && strcmp(word, "crs") == 0)
		return read_crs(g);
	if (strcmp(word, "geometry") == 0)
		return read_geometry(g);
	if (strcmp(word, "coordinates") == 0)
		return read_coordinates(g);
	if (strcmp(word, "properties") == 0)
		return read_properties(g);
	if (strcmp(word, "id") == 0)
		return read_value(g, &g->f.id);
	return jscan_skip(&g->in);
}

static enum geojson_got give(struct geojson *g, struct geojson_feature *out)
{
	if (g->is_geometry)
		settle_geometry(g);
	else if (!g->is_feature)
		fault(g, "不是要素：type 应为 Feature (not a feature: its type is not \"Feature\")");
	else if (!g->seen_geometry)
		fault(g, "没有 geometry (there is no \"geometry\")");
	g->f.number = ++g->number;
	g->f.properties = g->properties;
	g->f.nproperties = g->nproperties;
	g->f.points = g->points;
	g->f.npoints = g->npoints;
	g->f.parts = g->parts;
	g->f.nparts = g->nparts;
	if (g->fault)
		g->f.why = arena_printf(&g->arena, "第 %lld 个要素（第 %lld 行）：%s", (long long)g->number,
					(long long)g->fault_line, g->fault);
	*out = g->f;
	return g->fault ? GEOJSON_FAULTY : GEOJSON_FEATURE;
}

static enum geojson_got broken(struct geojson *g)
{
	g->broken = true;
	if (g->foreign.p)
		g->why = g->foreign;
	else if (!g->why.p)
		g->why = arena_printf(&g->keep, "第 %lld 行 line %lld: %s", (long long)g->in.line, (long long)g->in.line,
				      g->in.why ? g->in.why : "不是 GeoJSON (not GeoJSON)");
	return GEOJSON_BROKEN;
}

/* The members behind the features of a collection. */
static bool end_collection(struct geojson *g)
{
	bool again = false;

	g->in_features = false;
	while (jscan_more(&g->in, '}')) {
		begin_feature(g);
		if (!read_member(g, true, &again))
			return false;
		if (again)
			return jscan_fail(&g->in, "有两个 features (two members \"features\")");
	}
	return !g->in.broken;
}

static bool read_object(struct geojson *g, bool top, bool *collection)
{
	begin_feature(g);
	if (!jscan_open(&g->in, '{'))
		return false;
	if (jscan_empty(&g->in, '}'))
		return !g->in.broken;
	do
		if (!read_member(g, top, collection))
			return false;
	while (!*collection && jscan_more(&g->in, '}'));
	return !g->in.broken;
}

/* A feature inside the collection; false: the collection has ended, or all is broken. */
static bool next_in_collection(struct geojson *g, bool first)
{
	bool none = false;

	if (first ? jscan_empty(&g->in, ']') : !jscan_more(&g->in, ']')) {
		if (!g->in.broken)
			(void)end_collection(g);
		return false;
	}
	if (g->in.broken)
		return false;
	if (jscan_peek(&g->in) != '{') {
		begin_feature(g);
		fault(g, "要素不是对象 (a feature is not an object)");
		return jscan_skip(&g->in);
	}
	return read_object(g, false, &none);
}

enum geojson_got geojson_next(struct geojson *g, struct geojson_feature *out)
{
	bool first = false;

	*out = (struct geojson_feature){0};
	if (g->broken)
		return GEOJSON_BROKEN;
	for (;;) {
		bool collection = false;

		if (g->in_features) {
			if (next_in_collection(g, first))
				return give(g, out);
			if (g->in.broken)
				return broken(g);
		}
		if (!jscan_start(&g->in))
			return g->in.broken || (g->number == 0 && g->in.empty) ? broken(g) : GEOJSON_END;
		if (!read_object(g, true, &collection))
			return broken(g);
		if (!collection)
			return give(g, out);
		g->in_features = first = true;
	}
}
