/*
 * What the templates (docs/templates.md) are compiled into. Only generated code calls this, except html_safe_from and the
 * escaping functions, which a part written by hand in C may need.
 */
#ifndef WEB_TPL_H
#define WEB_TPL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "web/web.h"

/* HTML that is known to be well formed and harmless (an SVG drawn by us): the only thing {{raw}} takes. */
struct html_safe {
	struct str html;
};
/* The caller vouches for the text. Every use is looked at in review: grep for html_safe_from. */
static inline struct html_safe html_safe_from(struct str html)
{
	return (struct html_safe){html};
}

#define tpl_lit(o, literal) buf_add((o), "" literal, sizeof(literal) - 1)

/* ---- text and attribute values: & < > " ' ---- */
void tpl_put_str(struct buf *o, struct str s);
void tpl_put_z(struct buf *o, const char *z);
void tpl_put_int(struct buf *o, long long v);
void tpl_put_unsigned(struct buf *o, unsigned long long v);
void tpl_put_double(struct buf *o, double v);
#define TPL_BY_TYPE(x, str_fn, z_fn, int_fn, unsigned_fn, double_fn)                                                 \
	_Generic((x), struct str: str_fn, char *: z_fn, const char *: z_fn, signed char: int_fn, short: int_fn,      \
		int: int_fn, long: int_fn, long long: int_fn, unsigned char: unsigned_fn, unsigned short: unsigned_fn, \
		unsigned: unsigned_fn, unsigned long: unsigned_fn, unsigned long long: unsigned_fn, float: double_fn,  \
		double: double_fn)
#define tpl_put(o, x) \
	TPL_BY_TYPE((x), tpl_put_str, tpl_put_z, tpl_put_int, tpl_put_unsigned, tpl_put_double)((o), (x))

/* ---- addresses: everything but letters, digits and - . _ ~ becomes %XX ---- */
void tpl_segment_str(struct buf *o, struct str s);
void tpl_segment_z(struct buf *o, const char *z);
#define tpl_segment(o, x) \
	TPL_BY_TYPE((x), tpl_segment_str, tpl_segment_z, tpl_put_int, tpl_put_unsigned, tpl_put_double)((o), (x))
/* A whole address: of this site, or http, https, mailto, tel; any other scheme becomes "#". */
void tpl_url_str(struct buf *o, struct str s);
void tpl_url_z(struct buf *o, const char *z);
#define tpl_url(o, x) _Generic((x), struct str: tpl_url_str, char *: tpl_url_z, const char *: tpl_url_z)((o), (x))
/* Address of an embedded file: "css/app.css" -> /static/css/app.0123456789abcdef.css */
void tpl_asset(struct buf *o, const char *name);

/* ---- {{_ "...%d", x}} ---- */
const char *tpl_argument_str(struct rq *rq, struct str s);
static inline const char *tpl_argument_z(struct rq *rq, const char *z)
{
	(void)rq;
	return z ? z : "";
}
static inline int tpl_argument_int(struct rq *rq, int v) { (void)rq; return v; }
static inline unsigned tpl_argument_unsigned(struct rq *rq, unsigned v) { (void)rq; return v; }
static inline long tpl_argument_long(struct rq *rq, long v) { (void)rq; return v; }
static inline unsigned long tpl_argument_ulong(struct rq *rq, unsigned long v) { (void)rq; return v; }
static inline double tpl_argument_double(struct rq *rq, double v) { (void)rq; return v; }
#define tpl_argument(rq, x)                                                                                          \
	_Generic((x), struct str: tpl_argument_str, char *: tpl_argument_z, const char *: tpl_argument_z,            \
		short: tpl_argument_int, int: tpl_argument_int, unsigned short: tpl_argument_unsigned,               \
		unsigned: tpl_argument_unsigned, long: tpl_argument_long, unsigned long: tpl_argument_ulong,         \
		float: tpl_argument_double, double: tpl_argument_double)((rq), (x))
/* Translates the format (same arguments in both languages: checked by i18nc), then escapes the result. */
void tpl_format(struct buf *o, struct rq *rq, const char *zh_fmt, ...) PRINTF(3, 4);

/* ---- the rest ---- */
static inline void tpl_raw(struct buf *o, struct html_safe h)
{
	buf_adds(o, h.html);
}
/* Hidden fields of a form: token against forged posts, key against a post sent twice. */
void tpl_csrf(struct buf *o, struct rq *rq);
void tpl_time(struct buf *o, struct rq *rq, int64_t ms);
void tpl_date(struct buf *o, struct rq *rq, int64_t ms);

static inline struct str tpl_str_id(struct str s) { return s; }
#define tpl_str(x) _Generic((x), struct str: tpl_str_id, char *: str_from, const char *: str_from)(x)

#endif
