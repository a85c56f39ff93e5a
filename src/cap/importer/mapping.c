#include "cap/importer/mapping.h"

#include <yaml.h>

#define MAX_MAPPING ((size_t)256 * 1024)
#define MAX_FIELDS 64
#define MAX_TIMES 8

/* ---- reading YAML with line numbers ---- */

struct source {
	struct arena *a;
	struct str file;
	yaml_document_t *doc;
	struct str *why;
};

static enum err fault(struct source *s, const yaml_node_t *at, const char *zh, const char *en, struct str what)
{
	*s->why = arena_printf(s->a, "%.*s:%d: %s “%.*s” / %s \"%.*s\"", STR_ARG(s->file), at ? (int)at->start_mark.line + 1 : 1, zh,
			       STR_ARG(what), en, STR_ARG(what));
	return ERR_INPUT;
}

static struct str scalar(const yaml_node_t *n)
{
	if (n == NULL || n->type != YAML_SCALAR_NODE)
		return STR_NULL;
	return (struct str){(const char *)n->data.scalar.value, n->data.scalar.length};
}

static yaml_node_t *node(struct source *s, int id)
{
	return yaml_document_get_node(s->doc, id);
}

static enum err text_of(struct source *s, const yaml_node_t *n, struct str key, struct str *out)
{
	if (n->type != YAML_SCALAR_NODE)
		return fault(s, n, "此处应是一个文本值", "a plain text is expected for", key);
	*out = arena_str(s->a, scalar(n));
	return OK;
}

/* ---- one value ---- */

static enum err add_column(struct source *s, const yaml_node_t *n, struct mapping_value *v)
{
	if (n->type != YAML_SCALAR_NODE)
		return fault(s, n, "列名应是文本", "a column heading must be text:", STR("columns"));
	if (v->ncolumns == MAPPING_MAX_COLUMNS)
		return fault(s, n, "一个值最多来自 8 列", "one value takes at most 8 columns:", scalar(n));
	v->column[v->ncolumns++] = arena_str(s->a, scalar(n));
	return OK;
}

static enum err read_map(struct source *s, const yaml_node_t *n, struct mapping_value *v)
{
	const yaml_node_pair_t *p;

	if (n->type != YAML_MAPPING_NODE)
		return fault(s, n, "map 应是“原值: 新值”的表", "a table of \"old: new\" is expected for", STR("map"));
	v->map = arena_array(s->a, struct mapping_pair, (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start));
	for (p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
		struct mapping_pair *to = &v->map[v->nmap++];

		to->from = arena_str(s->a, scalar(node(s, p->key)));
		to->to = arena_str(s->a, scalar(node(s, p->value)));
		if (to->to.p == NULL)
			return fault(s, node(s, p->value), "map 的新值应是文本", "the new value must be text:", to->from);
	}
	return OK;
}

static enum err value_entry(struct source *s, struct str key, const yaml_node_t *n, struct mapping_value *v)
{
	if (str_eqz(key, "column"))
		return add_column(s, n, v);
	if (str_eqz(key, "value"))
		return text_of(s, n, key, &v->constant);
	if (str_eqz(key, "join"))
		return text_of(s, n, key, &v->join);
	if (str_eqz(key, "default"))
		return text_of(s, n, key, &v->otherwise);
	if (str_eqz(key, "map"))
		return read_map(s, n, v);
	if (str_eqz(key, "columns") && n->type == YAML_SEQUENCE_NODE) {
		for (const yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
			enum err e = add_column(s, node(s, *i), v);

			if (e != OK)
				return e;
		}
		return OK;
	}
	return fault(s, n, "不认识的键（可用：column columns value join map default）",
		     "unknown key (known: column columns value join map default)", key);
}

/* "heading" alone means the column of that heading. */
static enum err read_value(struct source *s, const yaml_node_t *n, struct mapping_value *v)
{
	enum err e = OK;

	v->set = true;
	v->join = STR("\n");
	v->line = (int)n->start_mark.line + 1;
	if (n->type == YAML_SCALAR_NODE)
		return add_column(s, n, v);
	if (n->type != YAML_MAPPING_NODE)
		return fault(s, n, "应写列名，或 {column: …}", "write a column heading or {column: ...}", STR(""));
	for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; e == OK && p < n->data.mapping.pairs.top; p++)
		e = value_entry(s, scalar(node(s, p->key)), node(s, p->value), v);
	if (e == OK && v->constant.p == NULL && v->ncolumns == 0)
		e = fault(s, n, "没有写列名", "no column named", STR("column"));
	return e;
}

/* ---- sections ---- */

static enum err read_fields(struct source *s, const yaml_node_t *n, struct mapping *m)
{
	enum err e = OK;

	if (n->type != YAML_MAPPING_NODE)
		return fault(s, n, "fields 应是“字段: 列名”的表", "a table of \"field: column\" is expected for", STR("fields"));
	m->fields = arena_array(s->a, struct mapping_field, MAX_FIELDS);
	for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; e == OK && p < n->data.mapping.pairs.top; p++) {
		if (m->nfields == MAX_FIELDS)
			return fault(s, n, "字段过多（上限 64）", "too many fields (limit 64)", STR("fields"));
		m->fields[m->nfields].field = arena_str(s->a, scalar(node(s, p->key)));
		e = read_value(s, node(s, p->value), &m->fields[m->nfields++].value);
	}
	return e;
}

static enum err read_times(struct source *s, const yaml_node_t *n, struct mapping *m)
{
	m->times = arena_array(s->a, struct str, MAX_TIMES);
	if (n->type == YAML_SCALAR_NODE) {
		m->times[m->ntimes++] = arena_str(s->a, scalar(n));
		return OK;
	}
	if (n->type != YAML_SEQUENCE_NODE || n->data.sequence.items.top - n->data.sequence.items.start > MAX_TIMES)
		return fault(s, n, "times 应是至多 8 个时间格式", "at most 8 time formats are expected for", STR("times"));
	for (const yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++)
		m->times[m->ntimes++] = arena_str(s->a, scalar(node(s, *i)));
	return OK;
}

static enum err place_entry(struct source *s, struct str key, const yaml_node_t *n, struct mapping *m)
{
	int64_t level;

	if (str_eqz(key, "code"))
		return text_of(s, n, key, &m->place.code);
	if (str_eqz(key, "name"))
		return text_of(s, n, key, &m->place.name);
	if (str_eqz(key, "level") && str_i64(scalar(n), &level) && level >= 1 && level <= 7) {
		m->place.level = (int)level;
		return OK;
	}
	return fault(s, n, "place 里不认识的键或层级不在 1–7", "unknown key of place, or a level outside 1-7:", key);
}

static enum err read_place(struct source *s, const yaml_node_t *n, struct mapping *m)
{
	static const unsigned char digits[] = {0, 2, 4, 6, 9, 12, 15, 18};
	enum err e = OK;

	if (n->type != YAML_MAPPING_NODE)
		return fault(s, n, "place 应是 {code: …, name: …, level: …}", "a table is expected for", STR("place"));
	for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; e == OK && p < n->data.mapping.pairs.top; p++)
		e = place_entry(s, scalar(node(s, p->key)), node(s, p->value), m);
	if (e == OK && str_empty(m->place.code))
		e = fault(s, n, "place 缺少", "place lacks", STR("code"));
	if (e == OK && m->place.level && m->place.code.n != digits[m->place.level])
		e = fault(s, n, "这一层级的代码位数不对（2 4 6 9 12 15 18）：", "a code of this level has another number of digits (2 4 6 9 12 15 18):",
			  m->place.code);
	return e;
}

static enum err read_unlocated(struct source *s, const yaml_node_t *n, struct mapping *m)
{
	if (n->type != YAML_SEQUENCE_NODE || n->data.sequence.items.top - n->data.sequence.items.start != 2)
		return fault(s, n, "unlocated 应写 [经度, 纬度]", "write [longitude, latitude] for", STR("unlocated"));
	m->skip_lon = arena_str(s->a, scalar(node(s, n->data.sequence.items.start[0])));
	m->skip_lat = arena_str(s->a, scalar(node(s, n->data.sequence.items.start[1])));
	return OK;
}

static struct mapping_value *value_named(struct mapping *m, struct str key)
{
	const struct {
		const char *name;
		struct mapping_value *v;
	} all[] = {
		{"id", &m->id}, {"title", &m->title}, {"created", &m->created}, {"due", &m->due}, {"closed", &m->closed},
		{"replied", &m->replied}, {"reply", &m->reply}, {"state", &m->state}, {"category", &m->category},
		{"channel", &m->channel}, {"place_code", &m->place_code}, {"lon", &m->lon}, {"lat", &m->lat},
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (str_eqz(key, all[i].name))
			return all[i].v;
	return NULL;
}

static enum err top_entry(struct source *s, struct str key, const yaml_node_t *n, struct mapping *m)
{
	struct mapping_value *v = value_named(m, key);

	if (v)
		return read_value(s, n, v);
	if (str_eqz(key, "mapping"))
		return text_of(s, n, key, &m->name);
	if (str_eqz(key, "scenario"))
		return text_of(s, n, key, &m->scenario);
	if (str_eqz(key, "source"))
		return text_of(s, n, key, &m->source);
	if (str_eqz(key, "zone"))
		return text_of(s, n, key, &m->zone);
	if (str_eqz(key, "times"))
		return read_times(s, n, m);
	if (str_eqz(key, "fields"))
		return read_fields(s, n, m);
	if (str_eqz(key, "place"))
		return read_place(s, n, m);
	if (str_eqz(key, "unlocated"))
		return read_unlocated(s, n, m);
	if (str_eqz(key, "public")) {
		m->is_public = str_eqz(scalar(n), "true");
		if (m->is_public || str_eqz(scalar(n), "false"))
			return OK;
		return fault(s, n, "应写 true 或 false：", "write true or false:", key);
	}
	return fault(s, n, "不认识的键", "unknown key", key);
}

static enum err read_document(struct source *s, struct mapping *m)
{
	yaml_node_t *root = yaml_document_get_root_node(s->doc);
	enum err e = OK;

	if (root == NULL || root->type != YAML_MAPPING_NODE)
		return fault(s, root, "文件应是“键: 值”的表", "the file must be a table of \"key: value\"", STR(""));
	for (yaml_node_pair_t *p = root->data.mapping.pairs.start; e == OK && p < root->data.mapping.pairs.top; p++)
		e = top_entry(s, scalar(node(s, p->key)), node(s, p->value), m);
	if (e != OK)
		return e;
	if (str_empty(m->scenario))
		return fault(s, root, "缺少", "missing:", STR("scenario"));
	if (str_empty(m->source))
		return fault(s, root, "缺少", "missing:", STR("source"));
	if (str_empty(m->place.code) && !m->place_code.set)
		return fault(s, root, "缺少 place 或", "missing: place or", STR("place_code"));
	if (m->nfields == 0)
		return fault(s, root, "缺少", "missing:", STR("fields"));
	if (m->ntimes == 0) {
		m->times = arena_array(s->a, struct str, 1);
		m->times[m->ntimes++] = STR("YYYY-MM-DD hh:mm:ss");
	}
	if (str_empty(m->zone))
		m->zone = STR("Asia/Shanghai");
	return OK;
}

enum err mapping_parse(struct arena *a, struct str file, struct str text, struct mapping **out, struct str *why)
{
	struct mapping *m = arena_new(a, struct mapping);
	yaml_parser_t parser;
	yaml_document_t doc;
	struct source s = {a, file, &doc, why};
	enum err e;

	if (text.n > MAX_MAPPING) {
		*why = arena_printf(a, "%.*s: 超过 256 KB / over 256 KB", STR_ARG(file));
		return ERR_TOO_MUCH;
	}
	if (!yaml_parser_initialize(&parser))
		BUG("out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.p, text.n);
	if (!yaml_parser_load(&parser, &doc)) {
		*why = arena_printf(a, "%.*s:%d: YAML 写法有误 / not valid YAML: %s", STR_ARG(file),
				    (int)parser.problem_mark.line + 1, parser.problem ? parser.problem : "?");
		yaml_parser_delete(&parser);
		return ERR_INPUT;
	}
	m->text = arena_str(a, text);
	e = read_document(&s, m);
	yaml_document_delete(&doc);
	yaml_parser_delete(&parser);
	*out = m;
	return e;
}

/* ---- use ---- */

static enum err bind_value(struct arena *a, struct mapping_value *v, const struct str *headings, size_t n, struct str *why)
{
	for (size_t i = 0; i < v->ncolumns; i++) {
		v->at[i] = -1;
		for (size_t j = 0; j < n && v->at[i] < 0; j++)
			if (str_eq(str_trim(headings[j]), v->column[i]))
				v->at[i] = (int)j;
		if (v->at[i] < 0) {
			*why = arena_printf(a, "表头里没有“%.*s”这一列（映射文件第 %d 行） / no column \"%.*s\" in the heading row (mapping line %d)",
					    STR_ARG(v->column[i]), v->line, STR_ARG(v->column[i]), v->line);
			return ERR_INPUT;
		}
	}
	return OK;
}

enum err mapping_bind(struct arena *a, struct mapping *m, const struct str *headings, size_t n, struct str *why)
{
	struct mapping_value *all[] = {&m->id, &m->title, &m->created, &m->due, &m->closed, &m->replied, &m->reply,
				       &m->state, &m->category, &m->channel, &m->place_code, &m->lon, &m->lat};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < ARRAY_LEN(all); i++)
		e = bind_value(a, all[i], headings, n, why);
	for (size_t i = 0; e == OK && i < m->nfields; i++)
		e = bind_value(a, &m->fields[i].value, headings, n, why);
	return e;
}

static struct str joined(struct arena *a, const struct mapping_value *v, const struct str *cells, size_t n)
{
	struct str all = STR_NULL;

	for (size_t i = 0; i < v->ncolumns; i++) {
		struct str c = (size_t)v->at[i] < n ? str_trim(cells[v->at[i]]) : STR("");

		if (str_empty(c))
			continue;
		all = all.p ? arena_cat(a, arena_cat(a, all, v->join), c) : c;
	}
	return all;
}

struct str mapping_get(struct arena *a, const struct mapping_value *v, const struct str *cells, size_t n)
{
	struct str s;

	if (!v->set)
		return STR_NULL;
	if (v->constant.p)
		return v->constant;
	s = joined(a, v, cells, n);
	for (size_t i = 0; i < v->nmap; i++)
		if (str_eq(v->map[i].from, s.p ? s : STR("")))
			return v->map[i].to;
	if (v->otherwise.p && (v->nmap || s.p == NULL))
		return v->otherwise;
	return s;
}

/* ---- times ---- */

static bool number(struct str *s, size_t width, bool exact, int *out)
{
	size_t i = 0;
	int v = 0;

	while (i < s->n && i < width && s->p[i] >= '0' && s->p[i] <= '9')
		v = v * 10 + (s->p[i++] - '0');
	*s = str_sub(*s, i, s->n);
	*out = v;
	return exact ? i == width : i > 0;
}

/* YYYY MM DD hh mm ss stand for numbers of that width; a single letter (M D h m s) also takes one digit. */
static bool by_format(struct str f, struct str s, struct mapping_time *t)
{
	*t = (struct mapping_time){.mo = 1, .d = 1};
	while (f.n) {
		char c = f.p[0];
		int *to = c == 'Y' ? &t->y : c == 'M' ? &t->mo : c == 'D' ? &t->d : c == 'h' ? &t->h : c == 'm' ? &t->mi :
			  c == 's' ? &t->s : NULL;
		size_t width = 0;

		if (to == NULL) {
			if (s.n == 0 || s.p[0] != c)
				return false;
			f = str_sub(f, 1, f.n);
			s = str_sub(s, 1, s.n);
			continue;
		}
		while (width < f.n && f.p[width] == c)
			width++;
		f = str_sub(f, width, f.n);
		if (!number(&s, width == 1 ? 2 : width, width > 1, to))
			return false;
	}
	return s.n == 0;
}

static int month_days(int y, int m)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return m == 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0) ? 29 : days[m - 1];
}

bool mapping_time(const struct mapping *m, struct str text, struct mapping_time *t)
{
	for (size_t i = 0; i < m->ntimes; i++)
		if (by_format(m->times[i], text, t))
			return t->y >= 1900 && t->y <= 2200 && t->mo >= 1 && t->mo <= 12 && t->d >= 1 &&
			       t->d <= month_days(t->y, t->mo) && t->h <= 23 && t->mi <= 59 && t->s <= 60;
	return false;
}
