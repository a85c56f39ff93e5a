#include "base/json.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "base/time.h"
#include "base/utf8.h"

void json_init(struct json *j, struct buf *out)
{
	*j = (struct json){.out = out};
}

static uint64_t level_bit(const struct json *j)
{
	return (uint64_t)1 << j->depth;
}

static bool in_object(const struct json *j)
{
	return j->depth && (j->is_obj & level_bit(j));
}

static void comma(struct json *j)
{
	if (j->has_items & level_bit(j))
		buf_addc(j->out, ',');
	j->has_items |= level_bit(j);
}

static void before_value(struct json *j)
{
	if (j->ended && j->depth == 0)
		BUG("JSON: a second value at the top");
	if (in_object(j)) {
		if (!j->key_given)
			BUG("JSON: a value without key in an object");
		j->key_given = false;
		return;
	}
	if (j->depth)
		comma(j);
	else
		j->ended = true;
}

static void open_level(struct json *j, bool object)
{
	before_value(j);
	if (++j->depth > JSON_DEPTH)
		BUG("JSON: deeper than %d", JSON_DEPTH);
	j->has_items &= ~level_bit(j);
	j->is_obj &= ~level_bit(j);
	if (object)
		j->is_obj |= level_bit(j);
	buf_addc(j->out, object ? '{' : '[');
}

void json_obj(struct json *j)
{
	open_level(j, true);
}

void json_arr(struct json *j)
{
	open_level(j, false);
}

void json_end(struct json *j)
{
	if (j->depth == 0 || j->key_given)
		BUG("JSON: end where nothing is open or a value is missing");
	buf_addc(j->out, in_object(j) ? '}' : ']');
	j->depth--;
}

void json_done(struct json *j)
{
	if (j->depth || !j->ended)
		BUG("JSON: not finished");
}

/* 0: goes out as it is; 1: as \u00xx; else the letter behind the backslash. */
static const char escapes[128] = {
	[0] = 1, [1] = 1, [2] = 1, [3] = 1, [4] = 1, [5] = 1, [6] = 1, [7] = 1, ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',
	[11] = 1, ['\f'] = 'f', ['\r'] = 'r', [14] = 1, [15] = 1, [16] = 1, [17] = 1, [18] = 1, [19] = 1, [20] = 1, [21] = 1,
	[22] = 1, [23] = 1, [24] = 1, [25] = 1, [26] = 1, [27] = 1, [28] = 1, [29] = 1, [30] = 1, [31] = 1, ['"'] = '"',
	['\\'] = '\\', ['<'] = 1, ['>'] = 1, ['&'] = 1, [127] = 1,
};

static void escape(struct buf *out, uint32_t c)
{
	if (c < 128 && escapes[c] > 1) {
		buf_addc(out, '\\');
		buf_addc(out, escapes[c]);
	} else {
		buf_printf(out, "\\u%04x", c);
	}
}

void json_quote(struct buf *out, struct str s)
{
	const char *plain = s.p; /* start of what is not written yet */

	buf_addc(out, '"');
	while (s.n) {
		const char *at = s.p;
		uint32_t c;

		if (!(*at & 0x80) && !escapes[(unsigned char)*at]) {
			s.p++;
			s.n--;
			continue;
		}
		c = utf8_next(&s);
		/* a genuine U+FFFD is three bytes long, the mark of a broken byte stands for one */
		if (c >= 128 && c != 0x2028 && c != 0x2029 && !(c == UTF8_BAD && s.p - at == 1))
			continue;
		buf_add(out, plain, (size_t)(at - plain));
		plain = s.p;
		escape(out, c);
	}
	if (s.p != plain)
		buf_add(out, plain, (size_t)(s.p - plain));
	buf_addc(out, '"');
}

void json_key_str(struct json *j, struct str key)
{
	if (!in_object(j) || j->key_given)
		BUG("JSON: key \"%.*s\" where none belongs", STR_ARG(key));
	comma(j);
	json_quote(j->out, key);
	buf_addc(j->out, ':');
	j->key_given = true;
}

void json_key(struct json *j, const char *key)
{
	json_key_str(j, str_from(key));
}

void json_str(struct json *j, struct str s)
{
	if (s.p == NULL) {
		json_nil(j);
		return;
	}
	before_value(j);
	json_quote(j->out, s);
}

void json_strz(struct json *j, const char *z)
{
	json_str(j, str_from(z));
}

void json_i64(struct json *j, int64_t v)
{
	before_value(j);
	buf_add_i64(j->out, v);
}

void json_id(struct json *j, int64_t id)
{
	before_value(j);
	buf_addc(j->out, '"');
	buf_add_i64(j->out, id);
	buf_addc(j->out, '"');
}

void json_f64(struct json *j, double v)
{
	char text[40];

	if (!isfinite(v)) {
		json_nil(j);
		return;
	}
	before_value(j);
	/* the shorter form when it reads back as the same number */
	snprintf(text, sizeof(text), "%.15g", v);
	if (strtod(text, NULL) != v)
		snprintf(text, sizeof(text), "%.17g", v);
	buf_addz(j->out, text);
}

void json_bool(struct json *j, bool v)
{
	before_value(j);
	buf_addz(j->out, v ? "true" : "false");
}

void json_nil(struct json *j)
{
	before_value(j);
	buf_addz(j->out, "null");
}

void json_time(struct json *j, int64_t ms)
{
	char text[TIME_ISO_SIZE];

	json_str(j, time_iso(text, ms));
}

void json_raw(struct json *j, struct str text)
{
	before_value(j);
	buf_adds(j->out, text);
}

/* ---- in ---- */

struct place_in_text {
	unsigned line, column;
};

static struct place_in_text locate(struct str text, size_t at)
{
	struct place_in_text w = {1, 1};
	struct str head = str_sub(text, 0, at);

	while (head.n) {
		w.column++;
		if (utf8_next(&head) == '\n') {
			w.line++;
			w.column = 1;
		}
	}
	return w;
}

/*
 * Depth and number of values, before a tree is built from them. Wrong JSON is counted wrongly, which does not matter:
 * the parser refuses it afterwards, and the count only ever bounds the work.
 */
static enum err measure(struct str text, const struct json_limits *l, size_t *at, bool *deep)
{
	size_t values = 1;
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		*at = i;
		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
			continue;
		}
		if (c == '"')
			quoted = true;
		else if (c == '[' || c == '{')
			depth++;
		else if ((c == ']' || c == '}') && depth)
			depth--;
		if (c == ',' || c == '[' || c == '{' || c == ':')
			values++;
		*deep = depth > l->depth;
		if (*deep || values > l->values)
			return ERR_TOO_MUCH;
	}
	return OK;
}

static void drop(void *tree)
{
	json_decref(tree);
}

enum err json_parse(struct arena *a, struct str text, const struct json_limits *limits, json_t **out, struct str *why)
{
	struct json_limits l = limits ? *limits : (struct json_limits){0};
	struct place_in_text w;
	json_error_t je;
	size_t at = 0;
	bool deep = false;

	l.bytes = l.bytes ? l.bytes : 1024 * 1024;
	l.depth = l.depth ? l.depth : 32;
	l.values = l.values ? l.values : 100000;
	*out = NULL;
	if (text.n > l.bytes) {
		*why = arena_printf(a, "JSON 超过 %zu 字节的上限 (JSON is larger than %zu bytes)", l.bytes, l.bytes);
		return ERR_TOO_MUCH;
	}
	at = utf8_good(text);
	if (at < text.n) {
		w = locate(text, at);
		*why = arena_printf(a, "JSON 第 %u 行第 %u 列不是 UTF-8 (line %u column %u is not UTF-8)", w.line, w.column, w.line,
				    w.column);
		return ERR_INPUT;
	}
	if (measure(text, &l, &at, &deep) != OK) {
		w = locate(text, at);
		*why = deep ? arena_printf(a, "JSON 第 %u 行嵌套超过 %u 层 (line %u: nested deeper than %u)", w.line, l.depth, w.line, l.depth)
			    : arena_printf(a, "JSON 第 %u 行超过 %zu 个值的上限 (line %u: more than %zu values)", w.line, l.values, w.line,
					   l.values);
		return ERR_TOO_MUCH;
	}
	*out = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (*out == NULL) {
		*why = arena_printf(a, "JSON 第 %d 行第 %d 列有误: %s (line %d column %d: %s)", je.line, je.column, je.text, je.line,
				    je.column, je.text);
		return ERR_INPUT;
	}
	arena_on_reset(a, drop, *out);
	return OK;
}

json_t *json_get(const json_t *obj, const char *key)
{
	return json_object_get(obj, key);
}

bool json_get_str(const json_t *obj, const char *key, struct str *out)
{
	const json_t *v = json_object_get(obj, key);

	if (!json_is_string(v))
		return false;
	*out = (struct str){json_string_value(v), json_string_length(v)};
	return true;
}

bool json_get_i64(const json_t *obj, const char *key, int64_t *out)
{
	const json_t *v = json_object_get(obj, key);
	struct str digits;

	if (json_is_integer(v)) {
		*out = json_integer_value(v);
		return true;
	}
	return json_get_str(obj, key, &digits) && str_i64(digits, out);
}

bool json_get_f64(const json_t *obj, const char *key, double *out)
{
	const json_t *v = json_object_get(obj, key);

	if (!json_is_number(v))
		return false;
	*out = json_number_value(v);
	return true;
}

bool json_get_bool(const json_t *obj, const char *key, bool *out)
{
	const json_t *v = json_object_get(obj, key);

	if (!json_is_boolean(v))
		return false;
	*out = json_is_true(v);
	return true;
}
