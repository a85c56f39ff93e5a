/*
 * The head as it stood on the wire. libmicrohttpd 0.9.75 is lenient: it cuts values at NUL, unfolds lines, takes bare
 * CR or LF as line ends, a space before the colon, two Content-Length. Where a proxy reads the same bytes differently,
 * one request hides in another. It parses in place, though: between `method` and `method + header_size` lie the bytes
 * as they came, only separators overwritten by NUL. So it is enough to walk that memory and to require that the pieces
 * follow each other without a gap: NAME \0 blanks VALUE \0 \0 NAME ..., \0 \0 at the end. A NUL inside a value, a folded
 * line (copied elsewhere by the library) or a line end other than CR LF breaks the chain.
 * What cannot be told there, since the library writes NUL over it or skips it: a NUL in the place of a CR or LF of a line end, a line before the request that
 * begins with NUL, and a colon with a bare LF or CR in the place of the blank line. nginx (docs/operations.md) passes none of them on, so nothing hides there.
 */
#include <ctype.h>

#include "base/utf8.h"
#include "http/internal.h"

struct walk {
	struct rx *x;
	const char *begin, *at, *end; /* the head; where the next name must stand */
	char *copy;                   /* of the head: handlers may outlive the connection */
	bool broken;
	int fields, hosts, lengths, encodings;
	struct str length, encoding;
};

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && (s.p[i] == 0 || strchr("!#$%&'*+-.^_`|~", s.p[i]) == NULL))
			return false;
	return s.n > 0;
}

static bool is_value(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

/* The library takes the last blank as the end of the target; a proxy may take the first. */
static bool is_target(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return s.n > 0;
}

#if MHD_VERSION < 0x01000000
static bool two_zeros(const struct walk *w, const char *p)
{
	return w->end - p >= 2 && p[0] == 0 && p[1] == 0;
}

static bool follows(struct walk *w, const char *name, size_t nname, const char *value, size_t nvalue)
{
	const char *p = name + nname;

	if (name != w->at || value < p + 1 || value > w->end || *p != 0)
		return false;
	for (p++; p < value; p++)
		if (*p != ' ' && *p != '\t')
			return false;
	w->at = value + nvalue + 2;
	return two_zeros(w, value + nvalue);
}

/* The request line: METHOD \0 TARGET ... \0 VERSION \0 \0. The target has been cut at '?' and '&'; we have its copy. */
static bool begin_walk(struct walk *w, const char *url, const char *method, const char *version)
{
	size_t target = w->x->target.n;

	if (url != method + strlen(method) + 1 || version != url + target + 1)
		return false;
	w->at = version + strlen(version) + 2;
	if (w->at > w->end || !two_zeros(w, version + strlen(version)))
		return false;
	w->copy = arena_alloc(&w->x->arena, (size_t)(w->end - w->begin));
	memcpy(w->copy, w->begin, (size_t)(w->end - w->begin));
	return true;
}

static struct str keep(struct walk *w, struct str s)
{
	return (struct str){w->copy + (s.p - w->begin), s.n};
}

static bool walked_to_end(const struct walk *w)
{
	return two_zeros(w, w->at) && w->at + 2 == w->end;
}
#else
/* From 1.0 on the library is strict by itself (MHD_OPTION_CLIENT_DISCIPLINE_LVL). */
static bool follows(struct walk *w, const char *name, size_t nname, const char *value, size_t nvalue)
{
	(void)w, (void)name, (void)nname, (void)value, (void)nvalue;
	return true;
}

static bool begin_walk(struct walk *w, const char *url, const char *method, const char *version)
{
	(void)w, (void)url, (void)method, (void)version;
	return true;
}

static bool walked_to_end(const struct walk *w)
{
	(void)w;
	return true;
}

static struct str keep(struct walk *w, struct str s)
{
	return arena_str(&w->x->arena, s);
}
#endif

static enum MHD_Result each_header(void *arg, enum MHD_ValueKind kind, const char *name, size_t nname,
				   const char *value, size_t nvalue)
{
	struct walk *w = arg;
	struct str n = {name, nname}, v = {value, nvalue};

	(void)kind;
	if (value == NULL || !follows(w, name, nname, value, nvalue) || !is_token(n) || !is_value(v) ||
	    ++w->fields > FIELDS_MAX) {
		w->broken = true;
		return MHD_NO;
	}
	n = keep(w, n);
	v = str_trim(keep(w, v));
	if (str_ieqz(n, "host")) {
		w->hosts++;
		w->x->req.host = v;
	} else if (str_ieqz(n, "content-length")) {
		w->lengths++;
		w->length = v;
	} else if (str_ieqz(n, "transfer-encoding")) {
		w->encodings++;
		w->encoding = v;
	}
	/* An old browser may send its Referer in GBK: not worth a refusal, but nobody shall see the bytes. */
	if (utf8_valid(v))
		pairs_add(&w->x->arena, &w->x->req.headers, n, v);
	return MHD_YES;
}

static bool refuse(struct rx *x, const char *why)
{
	rx_refuse(x, 400, why);
	x->close = true;
	return false;
}

static bool is_host(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && (s.p[i] == 0 || strchr("-._:[]", s.p[i]) == NULL))
			return false;
	return s.n > 0 && s.n <= 255;
}

static bool framing(struct walk *w, const char *version)
{
	struct rx *x = w->x;
	int64_t n;

	if (w->hosts > 1 || (w->hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_1) == 0))
		return refuse(x, "not exactly one Host");
	if (w->hosts && !is_host(x->req.host))
		return refuse(x, "Host is malformed");
	if (w->lengths > 1 || w->encodings > 1 || (w->lengths && w->encodings))
		return refuse(x, "the length of the body is stated twice");
	if (w->encodings && (!str_ieqz(w->encoding, "chunked") || strcmp(version, MHD_HTTP_VERSION_1_1) != 0))
		return refuse(x, "Transfer-Encoding other than chunked");
	if (w->lengths && (w->length.n == 0 || w->length.n > 18 || !isdigit((unsigned char)w->length.p[0]) ||
			   !str_i64(w->length, &n)))
		return refuse(x, "Content-Length is not a number");
	return true;
}

static size_t head_size(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return i ? i->header_size : 0;
}

bool guard_head(struct rx *x, const char *url, const char *method, const char *version)
{
	size_t size = head_size(x->mhd);
	struct walk w = {.x = x, .begin = method, .end = method + size};

	if (strcmp(version, MHD_HTTP_VERSION_1_1) != 0 && strcmp(version, MHD_HTTP_VERSION_1_0) != 0)
		return refuse(x, "unknown version of HTTP");
	if (size > HEAD_MAX) {
		refuse(x, "the head is too large");
		x->refuse = 431;
		return false;
	}
	if (!is_token(str_from(method)) || !is_target(x->target) || !begin_walk(&w, url, method, version))
		return refuse(x, "the request line is malformed");
	MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, each_header, &w);
	if (w.broken || !walked_to_end(&w))
		return refuse(x, "a header is malformed");
	return framing(&w, version);
}
