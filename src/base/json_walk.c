#include "base/json_walk.h"

#include "base/utf8.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct str *s)
{
	while (s->n && is_space(*s->p)) {
		s->p++;
		s->n--;
	}
}

static bool skip_char(struct str *s, char c)
{
	skip_space(s);
	if (s->n == 0 || *s->p != c)
		return false;
	s->p++;
	s->n--;
	return true;
}

/* Bytes of the string that begins here, with both quotes; 0: it does not end. */
static size_t string_size(struct str s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}

/* Bytes of the object or array that begins here. */
static size_t nested_size(struct str s)
{
	unsigned depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"') {
			size_t n = string_size(str_sub(s, i, s.n));

			if (n == 0)
				return 0;
			i += n - 1;
		} else if (s.p[i] == '{' || s.p[i] == '[') {
			depth++;
		} else if ((s.p[i] == '}' || s.p[i] == ']') && --depth == 0) {
			return i + 1;
		}
	}
	return 0;
}

static size_t value_size(struct str s)
{
	size_t n = 0;

	if (s.n && s.p[0] == '"')
		return string_size(s);
	if (s.n && (s.p[0] == '{' || s.p[0] == '['))
		return nested_size(s);
	while (n < s.n && !is_space(s.p[n]) && s.p[n] != ',' && s.p[n] != '}' && s.p[n] != ']')
		n++;
	return n;
}

static bool take_value(struct str *s, struct str *raw)
{
	size_t n;

	skip_space(s);
	n = value_size(*s);
	*raw = str_sub(*s, 0, n);
	*s = str_sub(*s, n, s->n);
	return n > 0;
}

void json_walk_begin(struct json_walk *w, struct str text)
{
	*w = (struct json_walk){.rest = text, .close = '}', .first = true};
	if (skip_char(&w->rest, '{'))
		return;
	w->close = ']';
	w->bad = !skip_char(&w->rest, '[');
}

bool json_walk_next(struct json_walk *w, struct arena *a, struct str *key, struct str *raw)
{
	struct str k;

	*key = STR_NULL;
	if (w->bad || w->close == 0)
		return false;
	if (skip_char(&w->rest, w->close)) {
		w->close = 0;
		return false;
	}
	w->bad = !w->first && !skip_char(&w->rest, ',');
	w->first = false;
	if (!w->bad && w->close == '}')
		w->bad = !take_value(&w->rest, &k) || !json_raw_str(a, k, key) || !skip_char(&w->rest, ':');
	if (!w->bad)
		w->bad = !take_value(&w->rest, raw);
	return !w->bad;
}

/* ---- values ---- */

static bool hex4(struct str s, size_t at, uint32_t *out)
{
	*out = 0;
	for (size_t i = at; i < at + 4; i++) {
		char c = i < s.n ? s.p[i] : 0;
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (digit < 0)
			return false;
		*out = *out << 4 | (uint32_t)digit;
	}
	return true;
}

/* \uXXXX at s.p[*at], behind the u; two of them for characters beyond the first 65536. */
static bool escaped_char(struct str s, size_t *at, uint32_t *c)
{
	uint32_t low;

	if (!hex4(s, *at, c))
		return false;
	*at += 4;
	if (*c < 0xd800 || *c > 0xdfff)
		return *c != 0;
	if (*c > 0xdbff || *at + 2 > s.n || s.p[*at] != '\\' || s.p[*at + 1] != 'u' || !hex4(s, *at + 2, &low) || low < 0xdc00 || low > 0xdfff)
		return false;
	*at += 6;
	*c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

static bool unescape(struct arena *a, struct str s, struct str *out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	char *to = arena_alloc(a, s.n + 1); /* an escape is never shorter than what it stands for */
	size_t n = 0;

	for (size_t i = 0; i < s.n;) {
		const char *which;
		uint32_t c;

		if (s.p[i] != '\\') {
			to[n++] = s.p[i++];
			continue;
		}
		if (i + 1 >= s.n)
			return false;
		if (s.p[i + 1] == 'u') {
			i += 2;
			if (!escaped_char(s, &i, &c))
				return false;
			n += utf8_put(to + n, c);
			continue;
		}
		which = s.p[i + 1] ? strchr(names, s.p[i + 1]) : NULL;
		if (which == NULL)
			return false;
		to[n++] = values[which - names];
		i += 2;
	}
	*out = (struct str){to, n};
	return true;
}

bool json_raw_str(struct arena *a, struct str raw, struct str *out)
{
	if (raw.n < 2 || raw.p[0] != '"' || raw.p[raw.n - 1] != '"')
		return false;
	*out = str_sub(raw, 1, raw.n - 2);
	return memchr(out->p, '\\', out->n) == NULL || unescape(a, *out, out);
}

bool json_raw_i64(struct str raw, int64_t *out)
{
	return str_i64(raw, out);
}
