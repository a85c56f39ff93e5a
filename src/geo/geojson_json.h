/*
 * A pull scanner of JSON (RFC 8259) for files of any size: a window of the file, no tree. Strict: UTF-8, no number or escape that the standard
 * does not have, a limit of depth. After the first error `broken` stays set and everything answers false. For src/geo only; whoever holds the whole
 * text uses base/json.h.
 */
#ifndef GEO_GEOJSON_JSON_H
#define GEO_GEOJSON_JSON_H

#include "base/buf.h"
#include "base/str.h"

struct jscan {
	int fd;                  /* -1: the whole text is the window */
	char *window;            /* owned when fd >= 0 */
	size_t at, n;
	int64_t before;          /* bytes of the file before the window */
	int64_t line;            /* from 1 */
	unsigned depth, max_depth;
	struct buf text;         /* the last string or scalar */
	const char *why;         /* static text in both languages */
	bool broken, ended;
	bool empty;              /* nothing but white space so far */
};

void jscan_fd(struct jscan *j, int fd, size_t max_text, unsigned max_depth);
void jscan_text(struct jscan *j, struct str text, size_t max_text, unsigned max_depth);
void jscan_release(struct jscan *j);
int64_t jscan_position(const struct jscan *j);

/* Always false; keeps the first reason. */
bool jscan_fail(struct jscan *j, const char *why);
/* Before a value at the top: false at the end of the file. Skips white space and the record separator of RFC 8142. */
bool jscan_start(struct jscan *j);
/* The next character that is no white space, without taking it; -1 at the end. */
int jscan_peek(struct jscan *j);
/* Takes [ or {. */
bool jscan_open(struct jscan *j, char bracket);
/* Behind an opening bracket: takes the closing one if it follows at once. */
bool jscan_empty(struct jscan *j, char bracket);
/* Behind a member or element: true after a comma (another one follows), false after the closing bracket or when broken. */
bool jscan_more(struct jscan *j, char bracket);
bool jscan_colon(struct jscan *j);
/* The view lives until the next string or scalar. */
bool jscan_string(struct jscan *j, struct str *out);
/* A number, true, false or null as written. */
bool jscan_scalar(struct jscan *j, struct str *out);
bool jscan_is_number(struct jscan *j);
/* Not finite when it is beyond a double. */
bool jscan_number(struct jscan *j, double *out);
/* Any value. */
bool jscan_skip(struct jscan *j);

#endif
