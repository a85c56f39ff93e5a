#include "web/tpl.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "web/asset.h"
#include "web/fmt.h"
#include "web/inner.h"

void tpl_put_str(struct buf *o, struct str s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.n; i++) {
		const char *with;

		switch (s.p[i]) {
		case '&': with = "&amp;"; break;
		case '<': with = "&lt;"; break;
		case '>': with = "&gt;"; break;
		case '"': with = "&quot;"; break;
		case '\'': with = "&#39;"; break;
		case 0: with = "\xef\xbf\xbd"; break;
		default: continue;
		}
		buf_add(o, s.p + from, i - from);
		buf_addz(o, with);
		from = i + 1;
	}
	if (s.n > from)
		buf_add(o, s.p + from, s.n - from);
}

void tpl_put_z(struct buf *o, const char *z)
{
	tpl_put_str(o, str_from(z));
}

void tpl_put_unsigned(struct buf *o, unsigned long long v)
{
	char digits[24], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	buf_add(o, p, (size_t)(digits + sizeof(digits) - p));
}

void tpl_put_int(struct buf *o, long long v)
{
	if (v < 0)
		buf_addc(o, '-');
	tpl_put_unsigned(o, v < 0 ? 0 - (unsigned long long)v : (unsigned long long)v);
}

void tpl_put_double(struct buf *o, double v)
{
	if (isfinite(v))
		buf_printf(o, "%.10g", v);
}

/* ---- addresses ---- */

static void percent(struct buf *o, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";
	char z[3] = {'%', digits[c >> 4], digits[c & 15]};

	buf_add(o, z, 3);
}

static bool unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

void tpl_segment_str(struct buf *o, struct str s)
{
	/* "." and ".." as a whole would climb; a server that decodes first would not see the difference */
	bool dots = str_eqz(s, ".") || str_eqz(s, "..");

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (unreserved(c) && !dots)
			buf_addc(o, (char)c);
		else
			percent(o, c);
	}
}

void tpl_segment_z(struct buf *o, const char *z)
{
	tpl_segment_str(o, str_from(z));
}

static bool scheme_allowed(struct str s)
{
	static const char *const schemes[] = {"http://", "https://", "mailto:", "tel:"};

	if (str_empty(s))
		return true;
	if (s.p[0] == '#' || s.p[0] == '?')
		return true;
	if (s.p[0] == '/')
		return s.n < 2 || (s.p[1] != '/' && s.p[1] != '\\');
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (str_ieqz(str_sub(s, 0, strlen(schemes[i])), schemes[i]))
			return true;
	return false;
}

static bool in_url(unsigned char c)
{
	return unreserved(c) || (c && strchr("/?#[]@:!$()*+,;=%", c));
}

void tpl_url_str(struct buf *o, struct str s)
{
	if (!scheme_allowed(s)) {
		buf_addc(o, '#');
		return;
	}
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '&')
			buf_addz(o, "&amp;");
		else if (in_url(c))
			buf_addc(o, (char)c);
		else
			percent(o, c);
	}
}

void tpl_url_z(struct buf *o, const char *z)
{
	tpl_url_str(o, str_from(z));
}

void tpl_asset(struct buf *o, const char *name)
{
	const struct asset *a = asset_find(str_from(name));
	const char *dot = strrchr(name, '.');

	buf_addz(o, "/static/");
	if (a == NULL || dot == NULL) {
		log_error("a template names an embedded file that is not there file=%s", name);
		buf_addz(o, name);
		return;
	}
	buf_add(o, name, (size_t)(dot - name));
	buf_addc(o, '.');
	buf_addz(o, a->hash);
	buf_addz(o, dot);
}

/* ---- translated formats ---- */

const char *tpl_argument_str(struct rq *rq, struct str s)
{
	return s.p ? arena_strz(rq->arena, s) : "";
}

void tpl_format(struct buf *o, struct rq *rq, const char *zh_fmt, ...)
{
	va_list ap;
	struct str s;

	va_start(ap, zh_fmt);
	s = arena_vprintf(rq->arena, tr(rq->lang, zh_fmt), ap);
	va_end(ap);
	tpl_put_str(o, s);
}

/* ---- the rest ---- */

void tpl_csrf(struct buf *o, struct rq *rq)
{
	unsigned char key[16];

	visitor_form_shown(rq);
	random_bytes(key, sizeof(key));
	buf_addz(o, "<input type=\"hidden\" name=\"_csrf\" value=\"");
	tpl_put_str(o, rq->csrf);
	buf_addz(o, "\"><input type=\"hidden\" name=\"_key\" value=\"");
	/* the hour in front lets the store keep the keys in order of time (write.c) */
	buf_printf(o, "%lx-", (unsigned long)(rq->now / MS_HOUR));
	tpl_put_str(o, base64url(rq->arena, key, sizeof(key)));
	buf_addz(o, "\">");
}

void tpl_time(struct buf *o, struct rq *rq, int64_t ms)
{
	if (ms == 0)
		return;
	buf_addz(o, "<time datetime=\"");
	fmt_iso(o, ms);
	buf_addz(o, "\">");
	fmt_time(o, rq->lang, ms);
	buf_addz(o, "</time>");
}

void tpl_date(struct buf *o, struct rq *rq, int64_t ms)
{
	if (ms == 0)
		return;
	buf_addz(o, "<time datetime=\"");
	fmt_iso_date(o, ms);
	buf_addz(o, "\">");
	fmt_date(o, rq->lang, ms);
	buf_addz(o, "</time>");
}
