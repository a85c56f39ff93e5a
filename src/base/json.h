/*
 * JSON out: a streaming writer that cannot produce anything but well-formed JSON. It knows where commas belong,
 * escapes every string, replaces what is not UTF-8 by U+FFFD, and treats misuse (a value where a key belongs) as
 * a bug. < > & and U+2028/9 are escaped, so the result may stand inside an HTML script element.
 *
 *	struct json j;
 *
 *	json_init(&j, &resp->body);
 *	json_obj(&j);
 *	json_key(&j, "id");
 *	json_id(&j, v.id);
 *	json_key(&j, "tags");
 *	json_arr(&j);
 *	json_str(&j, STR("路灯"));
 *	json_end(&j);
 *	json_end(&j);
 *	json_done(&j);
 *
 * JSON in: jansson, with limits and errors that name the line. The result lives as long as the arena.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* ---- out ---- */

#define JSON_DEPTH 60

struct json {
	struct buf *out;
	uint64_t is_obj, has_items; /* one bit a level */
	unsigned depth;
	bool key_given, ended;
};

void json_init(struct json *j, struct buf *out);
void json_obj(struct json *j);
void json_arr(struct json *j);
void json_end(struct json *j);                /* of the innermost object or array */
void json_key(struct json *j, const char *key);
void json_key_str(struct json *j, struct str key);

void json_str(struct json *j, struct str s);  /* s.p == NULL: null */
void json_strz(struct json *j, const char *z);
void json_i64(struct json *j, int64_t v);
void json_id(struct json *j, int64_t id);     /* as a string: JavaScript loses digits beyond 2^53 */
void json_f64(struct json *j, double v);      /* not finite: null */
void json_bool(struct json *j, bool v);
void json_nil(struct json *j);
void json_time(struct json *j, int64_t ms);   /* "2026-11-22T06:02:03.004Z" */
/* Text that is JSON already (kept opaque in the store). */
void json_raw(struct json *j, struct str text);
/* Everything is closed: a BUG otherwise. */
void json_done(struct json *j);

/* A string with its quotes, for other writers. */
void json_quote(struct buf *out, struct str s);

/* ---- in ---- */

typedef struct json_t json_t; /* jansson's; include <jansson.h> to walk it */

struct json_limits {
	size_t bytes;     /* 0 = 1 MiB */
	unsigned depth;   /* 0 = 32 */
	size_t values;    /* 0 = 100,000 */
};

/*
 * Strict: valid UTF-8, no duplicate keys, nothing behind the end, no NUL inside strings. On ERR_INPUT or ERR_TOO_MUCH *why says what is wrong
 * in which line and column, in both languages.
 */
CHECKED enum err json_parse(struct arena *a, struct str text, const struct json_limits *limits, json_t **out,
			    struct str *why);

/* Members of an object: false when absent or of another type. Views live as long as the tree. */
bool json_get_str(const json_t *obj, const char *key, struct str *out);
bool json_get_i64(const json_t *obj, const char *key, int64_t *out);  /* also from a string of digits, see json_id */
bool json_get_f64(const json_t *obj, const char *key, double *out);   /* integers too */
bool json_get_bool(const json_t *obj, const char *key, bool *out);
/* NULL when absent. */
json_t *json_get(const json_t *obj, const char *key);

#endif
