/* Texts of a request: target, parameters, cookies, forms, the forwarded address. Nothing mis-encoded gets through. */
#include <ctype.h>

#include "base/utf8.h"
#include "http/internal.h"

/* Room doubles at powers of two, so the pairs need no capacity of their own. */
void pairs_add(struct arena *a, struct http_pairs *p, struct str name, struct str value)
{
	struct http_pair *v;

	if (p->n == 0 || (p->n >= 8 && (p->n & (p->n - 1)) == 0)) {
		v = arena_array(a, struct http_pair, p->n ? p->n * 2 : 8);
		if (p->n)
			memcpy(v, p->v, p->n * sizeof(*v));
		p->v = v;
	}
	p->v[p->n++] = (struct http_pair){name, value};
}

struct str http_pair_get(const struct http_pairs *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (str_ieqz(p->v[i].name, name))
			return p->v[i].value;
	return STR_NULL;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False for a broken escape. plus: '+' is a space, as in forms. */
static bool percent_decode(struct arena *a, struct str s, bool plus, struct str *out)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			if (i + 2 >= s.n || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0)
				return false;
			c = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		p[n++] = c;
	}
	*out = (struct str){p, n};
	return true;
}

/* Text a person may have typed: valid UTF-8, no control characters but tab and line ends. */
bool field_text_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t' && s.p[i] != '\n' && s.p[i] != '\r') || s.p[i] == 0x7f)
			return false;
	return utf8_valid(s);
}

bool parse_urlencoded(struct arena *a, struct str text, struct http_pairs *out)
{
	struct str part, name, value;

	while (str_split(&text, '&', &part)) {
		if (part.n == 0)
			continue;
		if (out->n >= FIELDS_MAX)
			return false;
		value = STR("");
		if (!str_split(&part, '=', &name) || !percent_decode(a, name, true, &name))
			return false;
		if (part.p && !percent_decode(a, part, true, &value))
			return false;
		if (!field_text_ok(name) || !field_text_ok(value))
			return false;
		pairs_add(a, out, name, value);
	}
	return true;
}

/* ---- target ---- */

static bool path_bytes_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f || s.p[i] == '\\')
			return false;
	return utf8_valid(s);
}

/* Segment after segment: empty ones go, "." and ".." and an encoded slash are refused, none of ours needs them. */
static bool normalise(struct arena *a, struct str raw, struct str *out)
{
	char *p = arena_alloc(a, raw.n + 2);
	struct str seg;
	size_t n = 0;

	while (str_split(&raw, '/', &seg)) {
		if (seg.n == 0)
			continue;
		if (!percent_decode(a, seg, false, &seg) || !path_bytes_ok(seg) || str_chr(seg, '/') >= 0 ||
		    str_eqz(seg, ".") || str_eqz(seg, ".."))
			return false;
		p[n++] = '/';
		memcpy(p + n, seg.p, seg.n);
		n += seg.n;
	}
	if (n == 0)
		p[n++] = '/';
	*out = (struct str){p, n};
	return true;
}

/* RFC 9112 3.2.2: a server must take http://host/path too; Host decides, not this. */
static struct str without_authority(struct str t)
{
	ptrdiff_t slash;

	if (str_starts(t, "http://"))
		t = str_sub(t, 7, t.n);
	else if (str_starts(t, "https://"))
		t = str_sub(t, 8, t.n);
	else
		return t;
	slash = str_chr(t, '/');
	return slash < 0 ? STR("/") : str_sub(t, (size_t)slash, t.n);
}

bool parse_target(struct rx *x)
{
	struct str t = without_authority(x->target), path;

	if (!str_starts(t, "/") || str_chr(t, '#') >= 0)
		return false;
	if (!str_split(&t, '?', &path) || !normalise(&x->arena, path, &x->req.path))
		return false;
	x->req.query = t.p ? t : STR("");
	return parse_urlencoded(&x->arena, x->req.query, &x->req.params);
}

/* ---- headers ---- */

static bool cookie_bytes_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f || s.p[i] == ',' || s.p[i] == '\\')
			return false;
	return true;
}

static void parse_cookie_line(struct rx *x, struct str line)
{
	struct str part, name;

	while (str_split(&line, ';', &part)) {
		part = str_trim(part);
		if (x->req.cookies.n >= FIELDS_MAX || !str_split(&part, '=', &name) || part.p == NULL)
			continue;
		if (part.n >= 2 && part.p[0] == '"' && part.p[part.n - 1] == '"')
			part = str_sub(part, 1, part.n - 2);
		if (name.n && cookie_bytes_ok(name) && cookie_bytes_ok(part))
			pairs_add(&x->arena, &x->req.cookies, name, part);
	}
}

void parse_cookies(struct rx *x)
{
	for (size_t i = 0; i < x->req.headers.n; i++)
		if (str_ieqz(x->req.headers.v[i].name, "cookie"))
			parse_cookie_line(x, x->req.headers.v[i].value);
}

/*
 * The last address in X-Forwarded-For that is not one of our proxies: what stands before it was written by the
 * client and may be a lie.
 */
static void forwarded_for(struct rx *x, struct str list)
{
	struct address a;
	struct str last;
	ptrdiff_t comma;

	while (list.n) {
		comma = -1;
		for (size_t i = list.n; i > 0 && comma < 0; i--)
			if (list.p[i - 1] == ',')
				comma = (ptrdiff_t)i - 1;
		last = str_trim(str_sub(list, (size_t)(comma + 1), list.n));
		if (!address_parse(&a, last))
			return;
		x->req.peer = address_text(&x->arena, &a);
		if (comma < 0 || !conn_is_trusted(x->server, &a))
			return;
		list = str_sub(list, 0, (size_t)comma);
	}
}

static struct str last_header(const struct http_pairs *p, const char *name)
{
	for (size_t i = p->n; i > 0; i--)
		if (str_ieqz(p->v[i - 1].name, name))
			return p->v[i - 1].value;
	return STR_NULL;
}

void parse_peer(struct rx *x)
{
	x->req.peer = address_text(&x->arena, &x->conn->address);
	if (!x->conn->trusted)
		return;
	forwarded_for(x, last_header(&x->req.headers, "x-forwarded-for"));
	x->req.secure = str_ieqz(last_header(&x->req.headers, "x-forwarded-proto"), "https");
}

/* ---- parameters of header values ---- */

static struct str quoted(struct arena *a, struct str *rest)
{
	char *p = arena_alloc(a, rest->n + 1);
	size_t n = 0, i;

	for (i = 1; i < rest->n && rest->p[i] != '"'; i++) {
		if (rest->p[i] == '\\' && i + 1 < rest->n && (rest->p[i + 1] == '"' || rest->p[i + 1] == '\\'))
			i++;
		p[n++] = rest->p[i];
	}
	if (i >= rest->n)
		return STR_NULL;
	*rest = str_sub(*rest, i + 1, rest->n);
	return (struct str){p, n};
}

static struct str unquoted(struct str *rest)
{
	size_t n = 0;
	struct str v;

	while (n < rest->n && rest->p[n] != ';')
		n++;
	v = str_trim(str_sub(*rest, 0, n));
	*rest = str_sub(*rest, n, rest->n);
	return v;
}

struct str header_param(struct arena *a, struct str value, const char *name)
{
	struct str rest = value, key, v;
	ptrdiff_t semicolon, equals;

	while ((semicolon = str_chr(rest, ';')) >= 0) {
		rest = str_sub(rest, (size_t)semicolon + 1, rest.n);
		equals = str_chr(rest, '=');
		if (equals < 0)
			return STR_NULL;
		key = str_trim(str_sub(rest, 0, (size_t)equals));
		rest = str_trim(str_sub(rest, (size_t)equals + 1, rest.n));
		v = str_starts(rest, "\"") ? quoted(a, &rest) : unquoted(&rest);
		if (v.p == NULL || str_ieqz(key, name))
			return v;
	}
	return STR_NULL;
}
