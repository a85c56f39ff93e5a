#include "geo/geojson_json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/utf8.h"

#define WINDOW 65536

void jscan_fd(struct jscan *j, int fd, size_t max_text, unsigned max_depth)
{
	*j = (struct jscan){.fd = fd, .line = 1, .max_depth = max_depth, .empty = true};
	j->window = malloc(WINDOW);
	if (!j->window)
		BUG("out of memory");
	buf_init(&j->text, max_text);
}

void jscan_text(struct jscan *j, struct str text, size_t max_text, unsigned max_depth)
{
	/* the window is only read; the cast is for the one owner above */
	*j = (struct jscan){.fd = -1, .line = 1, .max_depth = max_depth, .empty = true, .window = (char *)(uintptr_t)text.p, .n = text.n,
			    .ended = true};
	buf_init(&j->text, max_text);
}

void jscan_release(struct jscan *j)
{
	if (j->fd >= 0)
		free(j->window);
	buf_release(&j->text);
}

int64_t jscan_position(const struct jscan *j)
{
	return j->before + (int64_t)j->at;
}

bool jscan_fail(struct jscan *j, const char *why)
{
	if (!j->broken)
		j->why = why;
	j->broken = true;
	return false;
}

static bool fill(struct jscan *j)
{
	ssize_t n;

	if (j->ended)
		return false;
	j->before += (int64_t)j->n;
	j->at = j->n = 0;
	do
		n = read(j->fd, j->window, WINDOW);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return jscan_fail(j, "文件读不下去 (the file cannot be read)");
	j->ended = n == 0;
	j->n = (size_t)n;
	return n > 0;
}

static int look(struct jscan *j)
{
	return j->at < j->n || fill(j) ? (unsigned char)j->window[j->at] : -1;
}

static int take(struct jscan *j)
{
	int c = look(j);

	if (c < 0)
		return c;
	j->at++;
	if (c == '\n')
		j->line++;
	return c;
}

int jscan_peek(struct jscan *j)
{
	int c;

	while ((c = look(j)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		take(j);
	return j->broken ? -1 : c;
}

bool jscan_start(struct jscan *j)
{
	int c;

	/* a byte order mark, which RFC 8259 allows to ignore */
	if (j->before == 0 && j->at == 0 && look(j) == 0xef) {
		take(j);
		if (take(j) != 0xbb || take(j) != 0xbf)
			return jscan_fail(j, "不是 JSON (not JSON)");
	}
	while ((c = jscan_peek(j)) == 0x1e)
		take(j);
	if (c < 0) {
		if (j->empty)
			jscan_fail(j, "文件是空的 (the file is empty)");
		return false;
	}
	j->empty = false;
	return true;
}

bool jscan_open(struct jscan *j, char bracket)
{
	if (jscan_peek(j) != bracket)
		return jscan_fail(j, bracket == '{' ? "这里应为 { (a { belongs here)" : "这里应为 [ (a [ belongs here)");
	take(j);
	if (++j->depth > j->max_depth)
		return jscan_fail(j, "嵌套太深 (nested too deep)");
	return true;
}

static bool close_with(struct jscan *j)
{
	take(j);
	j->depth--;
	return true;
}

bool jscan_empty(struct jscan *j, char bracket)
{
	return jscan_peek(j) == bracket && close_with(j);
}

bool jscan_more(struct jscan *j, char bracket)
{
	int c = jscan_peek(j);

	if (j->broken)
		return false;
	if (c == bracket) {
		close_with(j);
		return false;
	}
	if (c != ',')
		return jscan_fail(j, c < 0 ? "文件在中间断了 (the file ends in the middle)" : "这里应为逗号或右括号 (a comma or a closing bracket belongs here)");
	take(j);
	return true;
}

bool jscan_colon(struct jscan *j)
{
	if (jscan_peek(j) != ':')
		return jscan_fail(j, "这里应为冒号 (a colon belongs here)");
	take(j);
	return true;
}

/* ---- strings ---- */

static bool hex4(struct jscan *j, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++) {
		int c = take(j), v;

		if (c >= '0' && c <= '9')
			v = c - '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = (c | 32) - 'a' + 10;
		else
			return jscan_fail(j, "\\u 后面应为四位十六进制 (four hexadecimal digits belong behind \\u)");
		*out = *out << 4 | (uint32_t)v;
	}
	return true;
}

static bool unicode(struct jscan *j)
{
	char bytes[4];
	uint32_t c, low;

	if (!hex4(j, &c))
		return false;
	if (c >= 0xdc00 && c < 0xe000)
		return jscan_fail(j, "代理对不成对 (half of a surrogate pair)");
	if (c >= 0xd800 && c < 0xdc00) {
		if (take(j) != '\\' || take(j) != 'u' || !hex4(j, &low))
			return jscan_fail(j, "代理对不成对 (half of a surrogate pair)");
		if (low < 0xdc00 || low >= 0xe000)
			return jscan_fail(j, "代理对不成对 (half of a surrogate pair)");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	if (c == 0)
		return jscan_fail(j, "文字里有 NUL (a NUL in a string)");
	buf_add(&j->text, bytes, utf8_put(bytes, c));
	return true;
}

static bool escape(struct jscan *j)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int c = take(j);
	const char *p;

	if (c == 'u')
		return unicode(j);
	p = c > 0 ? strchr(from, c) : NULL;
	if (!p)
		return jscan_fail(j, "\\ 后面的字符不对 (no such escape)");
	buf_addc(&j->text, to[p - from]);
	return true;
}

bool jscan_string(struct jscan *j, struct str *out)
{
	int c;

	*out = STR("");
	buf_clear(&j->text);
	if (jscan_peek(j) != '"')
		return jscan_fail(j, "这里应为带引号的文字 (a string in quotes belongs here)");
	take(j);
	while ((c = take(j)) != '"') {
		if (c < 0)
			return jscan_fail(j, "文字没有结束 (a string does not end)");
		if (c < 0x20)
			return jscan_fail(j, "文字里有控制字符 (a control character in a string)");
		if (c == '\\' ? !escape(j) : (buf_addc(&j->text, (char)c), false))
			return false;
		if (j->text.full)
			return jscan_fail(j, "文字太长 (a string is too long)");
	}
	*out = buf_str(&j->text);
	if (!out->p)
		*out = STR("");
	return utf8_valid(*out) || jscan_fail(j, "文字不是 UTF-8 (a string is not UTF-8)");
}

/* ---- scalars ---- */

static bool digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool digits(struct jscan *j)
{
	if (!digit(look(j)))
		return jscan_fail(j, "数字写法不对 (a number is written wrongly)");
	while (digit(look(j)))
		buf_addc(&j->text, (char)take(j));
	return true;
}

static bool number(struct jscan *j)
{
	if (look(j) == '-')
		buf_addc(&j->text, (char)take(j));
	if (look(j) == '0') {
		buf_addc(&j->text, (char)take(j));
		if (digit(look(j)))
			return jscan_fail(j, "数字不能以 0 开头 (a number does not begin with 0)");
	} else if (!digits(j)) {
		return false;
	}
	if (look(j) == '.') {
		buf_addc(&j->text, (char)take(j));
		if (!digits(j))
			return false;
	}
	if ((look(j) | 32) == 'e') {
		buf_addc(&j->text, (char)take(j));
		if (look(j) == '+' || look(j) == '-')
			buf_addc(&j->text, (char)take(j));
		if (!digits(j))
			return false;
	}
	return j->text.full ? jscan_fail(j, "数字太长 (a number is too long)") : true;
}

static bool word(struct jscan *j, const char *w)
{
	for (; *w; w++) {
		if (take(j) != *w)
			return jscan_fail(j, "这里不是 JSON 的值 (no value of JSON)");
		buf_addc(&j->text, *w);
	}
	return true;
}

bool jscan_is_number(struct jscan *j)
{
	int c = jscan_peek(j);

	return c == '-' || digit(c);
}

bool jscan_scalar(struct jscan *j, struct str *out)
{
	int c = jscan_peek(j);
	bool good;

	buf_clear(&j->text);
	switch (c) {
	case 't': good = word(j, "true"); break;
	case 'f': good = word(j, "false"); break;
	case 'n': good = word(j, "null"); break;
	case -1: good = jscan_fail(j, "文件在中间断了 (the file ends in the middle)"); break;
	default: good = c == '-' || digit(c) ? number(j) : jscan_fail(j, "这里不是 JSON 的值 (no value of JSON)"); break;
	}
	*out = good ? buf_str(&j->text) : STR("");
	return good;
}

bool jscan_number(struct jscan *j, double *out)
{
	struct str text;

	*out = 0;
	if (!jscan_scalar(j, &text))
		return false;
	/* A number that no double holds is a number all the same: the caller's range says no. */
	if (!str_f64(text, out))
		*out = INFINITY;
	return true;
}

static bool skip_members(struct jscan *j, char closing)
{
	struct str name;

	if (jscan_empty(j, closing))
		return !j->broken;
	do {
		if (closing == '}' && (!jscan_string(j, &name) || !jscan_colon(j)))
			return false;
		if (!jscan_skip(j))
			return false;
	} while (jscan_more(j, closing));
	return !j->broken;
}

bool jscan_skip(struct jscan *j)
{
	struct str text;

	switch (jscan_peek(j)) {
	case '{': return jscan_open(j, '{') && skip_members(j, '}');
	case '[': return jscan_open(j, '[') && skip_members(j, ']');
	case '"': return jscan_string(j, &text);
	default: return jscan_scalar(j, &text);
	}
}
