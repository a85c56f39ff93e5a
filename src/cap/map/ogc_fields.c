/* What features have, and what may be asked of them: one list for the schemas, the queryables and the description of the interface. */
#include <pthread.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/time.h"
#include "cap/map/map.sql.h"
#include "cap/map/ogc.h"

#define TEXT {.type = "string"}
#define YES_NO {.type = "boolean"}
#define TIME {.type = "string", .format = "date-time"}
#define WORDS(list) {.type = "string", .words = list}
#define ID {"id", TEXT, N_("编号"), "id"}
#define GEOMETRY(kind) {"geometry", {.format = "geometry-" kind}, N_("位置"), "primary-geometry"}
#define LEVELS "province,city,district,town,community,grid,microgrid"
#define PART 2000

static const struct ogc_field matter_fields[] = {
	ID, GEOMETRY("point"),
	{"scenario", TEXT, N_("事项种类"), NULL},
	{"state", TEXT, N_("状态"), NULL},
	{"category", TEXT, N_("类别"), NULL},
	{"channel", TEXT, N_("渠道"), NULL},
	{"colour", WORDS("late,soon,ok,none"), N_("时限"), NULL},
	{"place", TEXT, N_("地点的代码"), NULL},
	{"place_name", TEXT, N_("地点"), NULL},
	{"created", TIME, N_("提交的时间"), "primary-instant"},
	{"due", TIME, N_("到期的时间"), NULL},
	{"closed", TIME, N_("办结的时间"), NULL},
	/* for whoever may read matters */
	{"org", TEXT, N_("承办单位的编号"), NULL},
	{"public", YES_NO, N_("是否公开"), NULL},
	{"updated", TIME, N_("最近变动的时间"), NULL},
	{"title", TEXT, N_("标题"), NULL},
	{0},
};
#define PUBLIC_FIELDS 12

static const struct ogc_field place_fields[] = {
	ID, GEOMETRY("point"),
	{"name", TEXT, N_("名称"), NULL},
	{"kind", WORDS(LEVELS), N_("层级"), NULL},
	{"place", TEXT, N_("地点的代码"), NULL},
	{"place_name", TEXT, N_("地点"), NULL},
	{0},
};

static const struct ogc_field layer_fields[] = {
	ID, GEOMETRY("point"),
	{"name", TEXT, N_("名称"), NULL},
	{"kind", TEXT, N_("类别"), NULL},
	{"place", TEXT, N_("地点的代码"), NULL},
	{"place_name", TEXT, N_("地点"), NULL},
};

static const struct ogc_field area_fields[] = {
	ID, GEOMETRY("multipolygon"),
	{"code", TEXT, N_("代码"), NULL},
	{"name", TEXT, N_("名称"), NULL},
	{"level", WORDS(LEVELS), N_("层级"), NULL},
	{"parent", TEXT, N_("上级的代码"), NULL},
	{"parent_name", TEXT, N_("上级"), NULL},
	{"rough", YES_NO, N_("示意，不是准确的边界"), NULL},
	{"cell", YES_NO, N_("由位置点推出，没有画过边界"), NULL},
	{0},
};

#define GROUND(geometry) { \
	ID, geometry, \
	{"name", TEXT, N_("名称"), NULL}, \
	{"class", WORDS("green,water,waterway,rail,road"), N_("种类"), NULL}, \
	{"kind", TEXT, N_("细类"), NULL}, \
	{"rank", {.type = "integer"}, N_("重要程度，1 最重要"), NULL}, \
	{"tunnel", YES_NO, N_("在隧道里"), NULL}, \
	{0}, \
}
static const struct ogc_field ground_fields[] = GROUND(GEOMETRY("any"));
static const struct ogc_field ground_line_fields[] = GROUND(GEOMETRY("linestring"));
static const struct ogc_field ground_area_fields[] = GROUND(GEOMETRY("polygon"));

/* ---- filters ---- */

static const struct ogc_filter of_matters[] = {
	{"category", TEXT, N_("类别"), N_("类别，连同下级；几个用逗号分开"), false},
	{"scenario", TEXT, N_("事项种类"), N_("事项种类；几个用逗号分开"), false},
	{"state", TEXT, N_("状态"), N_("状态；open 是没有办结的，ended 是办结的"), false},
	{"colour", TEXT, N_("时限"), N_("时限：late、soon、ok、none"), false},
	{"channel", TEXT, N_("渠道"), N_("渠道；几个用逗号分开"), false},
	{"org", TEXT, N_("承办单位的编号"), N_("承办单位的编号"), false},
	{"tag", TEXT, N_("标记"), N_("标记，例如 emergency"), false},
	{"place", TEXT, N_("地点的代码"), N_("地点的代码，连同下级"), false},
	{"open", WORDS("0,1"), N_("没有办结的"), N_("1：只要没有办结的"), false},
	{"from", TEXT, N_("提交的时间"), N_("提交的时间，从这一天（时刻）起"), true},
	{"to", TEXT, N_("提交的时间"), N_("提交的时间，到这一天为止（含）"), true},
	{"closed_from", TEXT, N_("办结的时间"), N_("办结的时间，从这一天（时刻）起"), true},
	{"closed_to", TEXT, N_("办结的时间"), N_("办结的时间，到这一天为止（含）"), true},
	{0},
};
static const struct ogc_filter of_places[] = {
	{"name", TEXT, N_("名称"), N_("名称，整个相同"), false},
	{"kind", WORDS(LEVELS), N_("层级"), N_("哪一级的地点"), false},
	{"place", TEXT, N_("地点的代码"), N_("地点的代码，连同下级"), false},
	{0},
};
static const struct ogc_filter of_layers[] = {
	{"name", TEXT, N_("名称"), N_("名称，整个相同"), false},
	{"kind", TEXT, N_("类别"), N_("类别，整个相同"), false},
	{"place", TEXT, N_("地点的代码"), N_("地点的代码，连同下级"), false},
	{0},
};
static const struct ogc_filter of_areas[] = {
	{"level", WORDS(LEVELS), N_("层级"), N_("哪一级的地点"), false},
	{"name", TEXT, N_("名称"), N_("名称，整个相同"), false},
	{"place", TEXT, N_("地点的代码"), N_("地点的代码，连同下级"), false},
	{0},
};
static const struct ogc_filter of_ground[] = {
	{"class", TEXT, N_("种类"), N_("种类：road、rail、waterway、water、green，几个用逗号分开"), false},
	{"name", TEXT, N_("名称"), N_("名称，整个相同"), false},
	{0},
};

static bool is_places(const struct ogc_collection *c)
{
	return c->set && str_eqz(c->set->name, SET_PLACES);
}

const struct ogc_filter *ogc_filters(const struct ogc_collection *c)
{
	if (c->areas || c->ground)
		return c->areas ? of_areas : of_ground;
	if (c->set == NULL)
		return of_matters;
	return is_places(c) ? of_places : of_layers;
}

/* ---- a layer's own properties ---- */

/* What was seen of one property, over all features. */
struct seen {
	const char *name;
	bool text, whole, large, broken, truth, dates, times; /* dates, times: every text was one */
};

struct looking {
	struct arena *a;
	struct seen *v;
	size_t n, max;
};

static struct seen *seen_of(struct looking *x, const char *name)
{
	for (size_t i = 0; i < x->n; i++)
		if (strcmp(x->v[i].name, name) == 0)
			return &x->v[i];
	if (x->n == x->max) {
		struct seen *more = arena_array(x->a, struct seen, x->max * 2 + 16);

		if (x->n)
			memcpy(more, x->v, x->n * sizeof(*more));
		x->v = more;
		x->max = x->max * 2 + 16;
	}
	x->v[x->n] = (struct seen){.name = arena_strz(x->a, str_from(name)), .dates = true, .times = true};
	return &x->v[x->n++];
}

/* With the zone: without one it is no date-time of JSON Schema (RFC 3339). */
static bool is_time(struct str s)
{
	int64_t at;
	char zone = s.n > 6 ? s.p[s.n - 6] : 0;

	return s.n >= 20 && (s.p[10] == 'T' || s.p[10] == 't') && (s.p[s.n - 1] == 'Z' || zone == '+' || zone == '-') && time_parse(s, 0, &at);
}

static void look_at(struct looking *x, const char *name, const json_t *value)
{
	struct seen *s;
	struct str text;
	int64_t day;

	if (json_is_null(value) || json_is_object(value) || json_is_array(value))
		return;
	s = seen_of(x, name);
	s->whole |= json_is_integer(value);
	s->large |= json_is_integer(value) && json_integer_value(value) != (int32_t)json_integer_value(value);
	s->broken |= json_is_real(value);
	s->truth |= json_is_boolean(value);
	if (!json_is_string(value))
		return;
	s->text = true;
	text = str_from(json_string_value(value));
	s->dates = s->dates && text.n == 10 && text.p[4] == '-' && time_parse_date(text, &day);
	s->times = s->times && is_time(text);
}

static enum err look_through(struct db_conn *c, struct looking *x, const struct set *s)
{
	int64_t ids[PART];
	struct arena part;
	enum err e = OK;

	arena_init(&part, 0);
	for (size_t at = 0; e == OK && at < s->n; at += PART) {
		size_t n = s->n - at < PART ? s->n - at : PART;
		struct map_features_props_rows rows;

		for (size_t i = 0; i < n; i++)
			ids[i] = s->v[at + i].id;
		arena_reset(&part);
		e = q_map_features_props(c, &part, ids, n, &rows);
		for (size_t i = 0; e == OK && i < rows.n; i++) {
			struct str why;
			json_t *obj, *value;
			const char *key;

			if (str_empty(rows.v[i].props) || json_parse(&part, rows.v[i].props, NULL, &obj, &why) != OK)
				continue;
			json_object_foreach(obj, key, value)
				look_at(x, key, value);
		}
	}
	arena_release(&part);
	return e;
}

static struct ogc_type type_of(const struct seen *s)
{
	int kinds = s->text + (s->whole || s->broken) + s->truth;

	if (kinds != 1 || (s->text && !s->dates && !s->times))
		return (struct ogc_type)TEXT;
	if (s->truth)
		return (struct ogc_type)YES_NO;
	if (s->text)
		return (struct ogc_type){.type = "string", .format = s->dates ? "date" : "date-time"};
	return (struct ogc_type){.type = s->broken ? "number" : "integer", .large = s->large};
}

/* The last layer's, as long as it is asked for again: every page of GDAL's asks, and looking reads the whole layer. */
static struct {
	pthread_mutex_t lock;
	struct str layer;
	int64_t version, updated;
	struct looking x;
	struct arena arena;
} last = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool is_ours(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(layer_fields); i++)
		if (strcmp(name, layer_fields[i].name) == 0 && layer_fields[i].is.type && strcmp(name, "id") != 0)
			return true;
	return false;
}

static enum err fields_of_layer(struct rq *rq, const struct set *s, const struct ogc_field **out)
{
	struct ogc_field *v;
	size_t n = ARRAY_LEN(layer_fields);
	enum err e = OK;

	pthread_mutex_lock(&last.lock);
	if (last.version != s->version || last.updated != s->updated || !str_eq(last.layer, s->name)) {
		arena_release(&last.arena);
		arena_init(&last.arena, 0);
		last.x = (struct looking){.a = &last.arena};
		last.version = 0;
		e = look_through(rq_conn(rq), &last.x, s);
		last.layer = arena_str(&last.arena, s->name);
		last.version = e == OK ? s->version : 0;
		last.updated = s->updated;
	}
	v = arena_array(rq->arena, struct ogc_field, n + last.x.n + 1);
	memcpy(v, layer_fields, sizeof(layer_fields));
	for (size_t i = 0; e == OK && i < last.x.n; i++)
		if (!is_ours(last.x.v[i].name))
			v[n++] = (struct ogc_field){arena_strz(rq->arena, str_from(last.x.v[i].name)), type_of(&last.x.v[i]), NULL, NULL};
	pthread_mutex_unlock(&last.lock);
	v[n] = (struct ogc_field){0};
	*out = v;
	return e;
}

void ogc_fields_forget(void)
{
	pthread_mutex_lock(&last.lock);
	arena_release(&last.arena);
	last.x = (struct looking){0};
	last.layer = STR_NULL;
	last.version = 0;
	pthread_mutex_unlock(&last.lock);
}

/* ---- all ---- */

static const struct ogc_field *fields_of_matters(struct rq *rq)
{
	struct ogc_field *v;

	if (!query_is_public(rq))
		return matter_fields;
	v = arena_array(rq->arena, struct ogc_field, PUBLIC_FIELDS + 1);
	memcpy(v, matter_fields, PUBLIC_FIELDS * sizeof(*v));
	v[PUBLIC_FIELDS] = (struct ogc_field){0};
	return v;
}

enum err ogc_fields(struct rq *rq, const struct ogc_collection *c, const struct ogc_field **out)
{
	if (c->areas)
		*out = area_fields;
	else if (c->ground)
		*out = str_eqz(c->id, "background") ? ground_fields : str_eqz(c->id, "background-lines") ? ground_line_fields : ground_area_fields;
	else if (c->set == NULL)
		*out = fields_of_matters(rq);
	else if (is_places(c))
		*out = place_fields;
	else
		return fields_of_layer(rq, c->set, out);
	return OK;
}

void ogc_put_type(struct json *j, const struct ogc_type *t)
{
	struct str words = str_from(t->words ? t->words : ""), word;

	if (t->type)
		json_key(j, "type"), json_strz(j, t->type);
	if (t->format)
		json_key(j, "format"), json_strz(j, t->format);
	if (words.n == 0)
		return;
	json_key(j, "enum");
	json_arr(j);
	while (str_split(&words, ',', &word))
		json_str(j, word);
	json_end(j);
}
