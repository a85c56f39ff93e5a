/*
 * /schema and /queryables of a collection, as JSON Schema and as a page, and the schema of its features as they stand in GeoJSON, from which GDAL takes the
 * types of columns.
 */
#include "cap/map/map.html.h"
#include "cap/map/ogc.h"
#include "cap/map/ogc_view.h"
#include "web/url.h"

#define DIALECT "https://json-schema.org/draft/2020-12/schema"
#define SCHEMA_TYPE "application/schema+json"

static const char *const only[] = {"f", NULL};

/* f=html, or no f and a browser. */
static bool wants_page(struct rq *rq)
{
	struct str f = rq_query(rq, "f"), accept = http_pair_get(&rq->http->headers, "Accept");

	return str_eqz(f, "html") || (str_empty(f) && str_starts(accept, "text/html"));
}

static enum err find(struct rq *rq, struct ogc_collection *c)
{
	enum err e = ogc_only(rq, only);

	return e == OK ? ogc_find(rq, rq_param(rq, "id"), c) : e;
}

/* The members all three begin with. */
static void begin(struct ogc *o, struct rq *rq, const struct ogc_collection *c, const char *path)
{
	ogc_begin(o, rq);
	json_obj(&o->j);
	json_key(&o->j, "$schema"), json_strz(&o->j, DIALECT);
	json_key(&o->j, "$id"), json_str(&o->j, arena_printf(rq->arena, "%.*s/collections/%.*s/%s", STR_ARG(o->base), STR_ARG(c->id), path));
	json_key(&o->j, "title"), json_str(&o->j, c->title);
	if (c->description.n)
		json_key(&o->j, "description"), json_str(&o->j, c->description);
	json_key(&o->j, "type"), json_strz(&o->j, "object");
}

static void put_title(struct ogc *o, const char *title)
{
	if (title)
		json_key(&o->j, "title"), json_strz(&o->j, tr(o->rq->lang, title));
}

static void put_field(struct ogc *o, const struct ogc_field *f, int number)
{
	json_key(&o->j, f->name);
	json_obj(&o->j);
	put_title(o, f->title);
	ogc_put_type(&o->j, &f->is);
	json_key(&o->j, "readOnly"), json_bool(&o->j, true);
	json_key(&o->j, "x-ogc-propertySeq"), json_i64(&o->j, number);
	if (f->role)
		json_key(&o->j, "x-ogc-role"), json_strz(&o->j, f->role);
	json_end(&o->j);
}

static void put_filter(struct ogc *o, const struct ogc_filter *f)
{
	json_key(&o->j, f->name);
	json_obj(&o->j);
	put_title(o, f->title);
	json_key(&o->j, "description"), json_strz(&o->j, tr(o->rq->lang, f->about));
	ogc_put_type(&o->j, &f->is);
	json_end(&o->j);
}

/* ---- pages ---- */

/* "date-time", "geometry-point": what a reader of tables needs; else the type. */
static struct str kind_of(const struct ogc_type *t)
{
	return str_from(t->format ? t->format : t->type);
}

/* "late, soon, ok": with room for a line to break. */
static struct str words_of(struct arena *a, const struct ogc_type *t)
{
	struct str words = str_from(t->words ? t->words : ""), word, all = STR("");

	while (words.n && str_split(&words, ',', &word))
		all = arena_printf(a, "%.*s%s%.*s", STR_ARG(all), all.n ? ", " : "", STR_ARG(word));
	return all;
}

static enum err page(struct rq *rq, const struct ogc_collection *c, struct ogc_page_view *v, const char *path)
{
	v->id = c->id;
	v->collection = c->title;
	v->about = c->description;
	v->json = arena_printf(rq->arena, "/ogc/collections/%.*s/%s?f=json", STR_ARG(c->id), path);
	v->other = arena_printf(rq->arena, "/ogc/collections/%.*s/%s?f=html", STR_ARG(c->id), v->filters ? "schema" : "queryables");
	http_header_set(rq->http, "Cache-Control", STR("no-store"));
	return rq_page(rq, html_ogc_fields, v);
}

static enum err page_of_fields(struct rq *rq, const struct ogc_collection *c, const struct ogc_field *f)
{
	struct ogc_page_view v = {0};

	for (size_t n = 0; f[n].name; n++)
		v.n = n + 1;
	v.rows = arena_array(rq->arena, struct ogc_row, v.n + 1);
	for (size_t i = 0; i < v.n; i++)
		v.rows[i] = (struct ogc_row){f[i].name, kind_of(&f[i].is), f[i].title ? str_from(tr(rq->lang, f[i].title)) : STR(""),
					     words_of(rq->arena, &f[i].is)};
	return page(rq, c, &v, "schema");
}

static enum err page_of_filters(struct rq *rq, const struct ogc_collection *c, const struct ogc_filter *f)
{
	struct ogc_page_view v = {.filters = true};
	size_t n = 0;

	while (f[n].name)
		n++;
	v.rows = arena_array(rq->arena, struct ogc_row, n + 1);
	for (size_t i = 0; i < n; i++)
		if (!f[i].is_range)
			v.rows[v.n++] = (struct ogc_row){f[i].name, kind_of(&f[i].is), str_from(tr(rq->lang, f[i].about)),
							 words_of(rq->arena, &f[i].is)};
	return page(rq, c, &v, "queryables");
}

/* ---- answers ---- */

enum err ogc_schema(struct rq *rq)
{
	struct ogc_collection c;
	const struct ogc_field *f;
	struct ogc o;
	enum err e = find(rq, &c);

	if (e == OK)
		e = ogc_fields(rq, &c, &f);
	if (e != OK || wants_page(rq))
		return e == OK ? page_of_fields(rq, &c, f) : e;
	begin(&o, rq, &c, "schema");
	json_key(&o.j, "properties");
	json_obj(&o.j);
	for (int n = 1; f->name; f++)
		put_field(&o, f, n++);
	json_end(&o.j);
	json_key(&o.j, "additionalProperties"), json_bool(&o.j, false);
	return ogc_end(&o, SCHEMA_TYPE);
}

enum err ogc_queryables(struct rq *rq)
{
	struct ogc_collection c;
	const struct ogc_filter *f;
	struct ogc o;
	enum err e = find(rq, &c);

	if (e != OK)
		return e;
	f = ogc_filters(&c);
	if (wants_page(rq))
		return page_of_filters(rq, &c, f);
	begin(&o, rq, &c, "queryables");
	json_key(&o.j, "properties");
	json_obj(&o.j);
	for (; f->name; f++)
		if (!f->is_range)
			put_filter(&o, f);
	json_end(&o.j);
	json_key(&o.j, "additionalProperties"), json_bool(&o.j, false);
	return ogc_end(&o, SCHEMA_TYPE);
}

/* GDAL makes an "integer" a column of 32 bits, and a "number" one that has room. */
static void put_column(struct json *j, const struct ogc_type *t)
{
	if (t->large && strcmp(t->type, "integer") == 0) {
		json_key(j, "type"), json_strz(j, "number");
		json_key(j, "multipleOf"), json_i64(j, 1);
		return;
	}
	ogc_put_type(j, t);
}

/* {"type": ["string", "null"]} would be stricter, but GDAL knows only one word there; what null means is said instead. */
static void put_properties(struct ogc *o, const struct ogc_field *f)
{
	json_key(&o->j, "properties");
	json_obj(&o->j);
	json_key(&o->j, "type"), json_strz(&o->j, "object");
	json_key(&o->j, "$comment"), json_strz(&o->j, "null: no value, as if the property were absent");
	json_key(&o->j, "properties");
	json_obj(&o->j);
	for (; f->name; f++) {
		if (f->is.type == NULL || (f->role && strcmp(f->role, "id") == 0))
			continue;
		json_key(&o->j, f->name);
		json_obj(&o->j);
		put_title(o, f->title);
		put_column(&o->j, &f->is);
		json_end(&o->j);
	}
	json_end(&o->j);
	json_end(&o->j);
}

enum err ogc_feature_schema(struct rq *rq)
{
	struct ogc_collection c;
	const struct ogc_field *f;
	struct ogc o;
	enum err e = ogc_only(rq, NULL);

	if (e == OK)
		e = ogc_find(rq, rq_param(rq, "id"), &c);
	if (e == OK)
		e = ogc_fields(rq, &c, &f);
	if (e != OK)
		return e;
	begin(&o, rq, &c, "schemas/feature");
	json_key(&o.j, "required"), json_raw(&o.j, STR("[\"type\",\"id\",\"geometry\",\"properties\"]"));
	json_key(&o.j, "properties");
	json_obj(&o.j);
	json_key(&o.j, "type"), json_raw(&o.j, STR("{\"type\":\"string\",\"const\":\"Feature\"}"));
	json_key(&o.j, "id"), json_raw(&o.j, STR("{\"type\":\"string\"}"));
	json_key(&o.j, "geometry"), json_raw(&o.j, STR("{\"oneOf\":[{\"type\":\"null\"},{\"$ref\":\"https://geojson.org/schema/Geometry.json\"}]}"));
	put_properties(&o, f);
	json_end(&o.j);
	return ogc_end(&o, SCHEMA_TYPE);
}
