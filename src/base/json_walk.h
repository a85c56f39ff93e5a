/*
 * JSON in without a tree: walks the members of one object, or the elements of one array, in place. For text that this program wrote
 * itself and keeps in the store, where a tree of a hundred allocations for six values is most of the cost. It never reads outside
 * the text, whatever stands in it, but it does not check what it passes over: what came from outside goes through json_parse.
 *
 *	struct json_walk w;
 *	struct str key, raw;
 *
 *	for (json_walk_begin(&w, text); json_walk_next(&w, a, &key, &raw);)
 *		if (str_eqz(key, "day"))
 *			json_raw_i64(raw, &day);
 *	if (w.bad) ...
 */
#ifndef BASE_JSON_WALK_H
#define BASE_JSON_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct json_walk {
	struct str rest;
	char close;      /* what ends it: } or ] */
	bool first, bad; /* bad: the text is no object or array, or is broken before its end */
};

/* `text` must be one object or one array. */
void json_walk_begin(struct json_walk *w, struct str text);
/* The next member: its key (arena text only where it has escapes; STR_NULL in arrays) and its value as it stands in the text. */
bool json_walk_next(struct json_walk *w, struct arena *a, struct str *key, struct str *raw);

/* A value as it stands. False: it is of another type. Strings without escapes are views into the text. */
bool json_raw_str(struct arena *a, struct str raw, struct str *out);
bool json_raw_i64(struct str raw, int64_t *out);

#endif
