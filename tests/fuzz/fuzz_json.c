/* Any bytes as JSON: refused with a reason, or a tree that our writer writes and that reads back equal. */
#include <jansson.h>

#include "base/json.h"
#include "base/json_walk.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_tree(struct json *j, json_t *t)
{
	const char *key;
	json_t *v;
	size_t i;

	switch (json_typeof(t)) {
	case JSON_OBJECT:
		json_obj(j);
		json_object_foreach(t, key, v) {
			json_key(j, key);
			write_tree(j, v);
		}
		json_end(j);
		break;
	case JSON_ARRAY:
		json_arr(j);
		json_array_foreach(t, i, v)
			write_tree(j, v);
		json_end(j);
		break;
	case JSON_STRING:
		json_str(j, (struct str){json_string_value(t), json_string_length(t)});
		break;
	case JSON_INTEGER:
		json_i64(j, json_integer_value(t));
		break;
	case JSON_REAL:
		json_f64(j, json_real_value(t));
		break;
	case JSON_NULL:
		json_nil(j);
		break;
	default:
		json_bool(j, json_is_true(t));
	}
}

static bool has_real(json_t *t)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_real(t))
		return true;
	json_object_foreach(t, key, v)
		if (has_real(v))
			return true;
	json_array_foreach(t, i, v)
		if (has_real(v))
			return true;
	return false;
}

static void quote_any(struct str s)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	json_quote(&b, s);
	if (buf_check(&b) == OK && !utf8_valid(buf_str(&b)))
		BUG("a string went out broken");
	buf_release(&b);
}

/* Never outside the text; and of what the parser takes it says the same. */
static void walk(struct arena *a, struct str text, json_t *tree)
{
	struct json_walk w;
	struct str key, raw, s;
	size_t n = 0;

	for (json_walk_begin(&w, text); json_walk_next(&w, a, &key, &raw); n++) {
		json_t *v = json_is_object(tree) ? json_object_getn(tree, key.p, key.n) : json_array_get(tree, n);
		bool is_str = json_raw_str(a, raw, &s);

		if (tree && (v == NULL || is_str != json_is_string(v) ||
			     (is_str && (s.n != json_string_length(v) || memcmp(s.p, json_string_value(v), s.n) != 0))))
			BUG("walked over another value than the parser's");
	}
	if (tree && (w.bad || n != (json_is_object(tree) ? json_object_size(tree) : json_array_size(tree))))
		BUG("did not walk over all of it");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size}, why = STR_NULL;
	struct arena a;
	struct buf b;
	struct json j;
	json_t *tree, *again;

	quote_any(text);
	arena_init(&a, 0);
	buf_init(&b, 8 << 20);
	walk(&a, text, NULL);
	if (json_parse(&a, text, NULL, &tree, &why) == OK) {
		if (json_is_object(tree) || json_is_array(tree))
			walk(&a, text, tree);
		json_init(&j, &b);
		write_tree(&j, tree);
		json_done(&j);
		if (json_parse(&a, buf_str(&b), &(struct json_limits){.bytes = 8 << 20}, &again, &why) != OK)
			BUG("our own JSON is refused: %.*s", STR_ARG(why));
		/* 1e2 is a real that is written as 100, an integer */
		if (!has_real(tree) && !json_equal(tree, again))
			BUG("not what was read");
	} else if (why.p == NULL) {
		BUG("refused without a reason");
	}
	buf_release(&b);
	arena_release(&a);
	return 0;
}
