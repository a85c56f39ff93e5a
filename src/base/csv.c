#include "base/csv.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_kind.h"
#include "base/utf8.h"

#define CHUNK ((size_t)64 * 1024)

struct csv {
	struct csv_options o;
	int fd;                 /* -1: text */
	struct str text;
	int64_t size, taken;    /* of the raw bytes */
	const char *encoding;
	iconv_t conv;           /* (iconv_t)-1: UTF-8 already */
	char raw[CHUNK];        /* not yet converted */
	size_t raw_n;
	char *win;              /* UTF-8, records are cut from here */
	size_t from, to, cap;
	bool raw_end, read_failed;
	int64_t line;
	char *cells;            /* the current record without its quotes */
	size_t cells_cap;
	struct str *v;
	size_t *starts;
};

/* ---- bytes ---- */

static size_t read_raw(struct csv *c, char *to, size_t n, int64_t at)
{
	ssize_t got;

	if (c->fd < 0) {
		struct str part = str_sub(c->text, (size_t)at, n);

		if (part.n)
			memcpy(to, part.p, part.n);
		return part.n;
	}
	do {
		got = pread(c->fd, to, n, at);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		c->read_failed = true;
	return got > 0 ? (size_t)got : 0;
}

/*
 * A file is UTF-8 when it has its mark, or when sequences that are good UTF-8 far outnumber broken ones: a UTF-8 file with
 * one damaged name stays UTF-8, while hardly any GB18030 text of more than a few characters passes for it.
 */
struct tally {
	uint64_t good, broken;
};

static size_t tally_part(struct str part, bool last, struct tally *t)
{
	struct str rest = part;

	while (rest.n) {
		const char *at = rest.p;
		size_t left = rest.n;

		if (!(*at & 0x80)) {
			rest = str_sub(rest, 1, rest.n);
			continue;
		}
		if (left < 4 && !last)
			return left; /* may be cut in two: the next part begins here */
		if (utf8_next(&rest) == UTF8_BAD && (size_t)(rest.p - at) == 1)
			t->broken++;
		else
			t->good++;
	}
	return 0;
}

static const char *detect(struct csv *c)
{
	struct tally t = {0};
	size_t kept = 0, n;
	int64_t at = 0;

	n = read_raw(c, c->raw, 3, 0);
	if (n >= 3 && memcmp(c->raw, "\xef\xbb\xbf", 3) == 0)
		return "UTF-8";
	if (n >= 2 && memcmp(c->raw, "\xff\xfe", 2) == 0)
		return "UTF-16LE";
	if (n >= 2 && memcmp(c->raw, "\xfe\xff", 2) == 0)
		return "UTF-16BE";
	while ((n = read_raw(c, c->raw + kept, CHUNK - kept, at)) > 0) {
		struct str part = {c->raw, kept + n};

		at += (int64_t)n;
		kept = tally_part(part, false, &t);
		memmove(c->raw, c->raw + part.n - kept, kept);
	}
	tally_part((struct str){c->raw, kept}, true, &t);
	return t.broken == 0 || t.good / 2 > t.broken ? "UTF-8" : "GB18030";
}

static void make_room(struct csv *c, size_t n)
{
	char *p;

	if (c->from) {
		memmove(c->win, c->win + c->from, c->to - c->from);
		c->to -= c->from;
		c->from = 0;
	}
	if (c->to + n <= c->cap)
		return;
	c->cap = (c->to + n) * 2;
	p = realloc(c->win, c->cap);
	if (p == NULL)
		BUG("out of memory");
	c->win = p;
}

/* Bytes that are nothing in the file's encoding become 0xff, which makes their record bad later. */
static void convert(struct csv *c)
{
	char *in = c->raw, *out;
	size_t in_left = c->raw_n, out_left;

	while (in_left) {
		make_room(c, in_left * 4 + 16);
		out = c->win + c->to;
		out_left = c->cap - c->to;
		if (iconv(c->conv, &in, &in_left, &out, &out_left) == (size_t)-1 && errno != E2BIG) {
			bool cut = errno == EINVAL; /* a character goes on in the next chunk */

			c->to = (size_t)(out - c->win);
			if (cut && !c->raw_end)
				break;
			c->win[c->to++] = '\xff';
			in += cut ? in_left : 1;
			in_left -= cut ? in_left : 1;
			iconv(c->conv, NULL, NULL, NULL, NULL);
			continue;
		}
		c->to = (size_t)(out - c->win);
	}
	memmove(c->raw, in, in_left);
	c->raw_n = in_left;
}

/* More text into the window; false when there is none. */
static bool fill(struct csv *c)
{
	size_t n;

	if (c->raw_end)
		return false;
	n = read_raw(c, c->raw + c->raw_n, CHUNK - c->raw_n, c->taken);
	c->taken += (int64_t)n;
	c->raw_n += n;
	c->raw_end = n == 0;
	if (c->conv != (iconv_t)-1) {
		convert(c);
	} else {
		make_room(c, c->raw_n + 1);
		memcpy(c->win + c->to, c->raw, c->raw_n);
		c->to += c->raw_n;
		c->raw_n = 0;
	}
	return true;
}

/* ---- records ---- */

static void guess_separator(struct csv *c)
{
	size_t commas = 0, tabs = 0, semicolons = 0;
	bool quoted = false;

	while (c->to - c->from < c->o.max_row && memchr(c->win + c->from, '\n', c->to - c->from) == NULL && fill(c))
		;
	for (size_t i = c->from; i < c->to && (quoted || (c->win[i] != '\n' && c->win[i] != '\r')); i++) {
		if (c->win[i] == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		commas += c->win[i] == ',';
		tabs += c->win[i] == '\t';
		semicolons += c->win[i] == ';';
	}
	c->o.separator = tabs > commas && tabs >= semicolons ? '\t' : semicolons > commas ? ';' : ',';
}

static enum err open_common(struct csv *c, struct csv **out, const struct csv_options *o, struct arena *a, struct str *why)
{
	size_t mark;

	if (o)
		c->o = *o;
	c->o.max_row = c->o.max_row ? c->o.max_row : (size_t)1024 * 1024;
	c->o.max_field = c->o.max_field ? c->o.max_field : (size_t)256 * 1024;
	c->o.max_columns = c->o.max_columns ? c->o.max_columns : 512;
	c->conv = (iconv_t)-1;
	c->line = 1;
	*why = file_kind_fault(a, (struct str){c->raw, read_raw(c, c->raw, FILE_KIND_HEAD, 0)}, c->o.reads ? c->o.reads : "CSV");
	if (why->p) {
		csv_close(c);
		return ERR_INPUT;
	}
	c->encoding = detect(c);
	mark = str_starts((struct str){c->encoding, strlen(c->encoding)}, "UTF-16") ? 2 : 0;
	if (strcmp(c->encoding, "UTF-8") != 0) {
		c->conv = iconv_open("UTF-8", c->encoding);
		if (c->conv == (iconv_t)-1) {
			*why = arena_printf(a, "系统不能转换 %s，请把文件存为 UTF-8 (this system cannot convert %s: save the file as UTF-8)",
					    c->encoding, c->encoding);
			csv_close(c);
			return ERR_INPUT;
		}
	}
	if (c->read_failed) {
		*why = arena_printf(a, "文件无法读取 (the file cannot be read)");
		csv_close(c);
		return ERR_IO;
	}
	c->taken = (int64_t)mark;
	c->v = calloc(c->o.max_columns, sizeof(*c->v));
	c->starts = calloc(c->o.max_columns + 1, sizeof(*c->starts));
	if (c->v == NULL || c->starts == NULL)
		BUG("out of memory");
	make_room(c, CHUNK);
	while (c->to - c->from < 3 && fill(c))
		;
	if (c->to >= 3 && memcmp(c->win, "\xef\xbb\xbf", 3) == 0)
		c->from = 3;
	if (c->o.separator == 0)
		guess_separator(c);
	*out = c;
	return OK;
}

static struct csv *csv_new(void)
{
	struct csv *c = calloc(1, sizeof(*c));

	if (c == NULL)
		BUG("out of memory");
	c->conv = (iconv_t)-1;
	c->fd = -1;
	return c;
}

enum err csv_open_text(struct csv **out, struct str text, const struct csv_options *o, struct arena *a, struct str *why)
{
	struct csv *c = csv_new();

	c->text = text;
	c->size = (int64_t)text.n;
	return open_common(c, out, o, a, why);
}

enum err csv_open_fd(struct csv **out, int fd, const struct csv_options *o, struct arena *a, struct str *why)
{
	struct stat st;
	struct csv *c;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		*why = arena_printf(a, "不是普通文件 (not a regular file)");
		return ERR_INPUT;
	}
	c = csv_new();
	c->fd = fd;
	c->size = st.st_size;
	return open_common(c, out, o, a, why);
}

void csv_close(struct csv *c)
{
	if (c == NULL)
		return;
	if (c->conv != (iconv_t)-1)
		iconv_close(c->conv);
	free(c->win);
	free(c->cells);
	free(c->v);
	free(c->starts);
	free(c);
}

/* What one walk over the record at the start of the window finds. */
struct walk {
	size_t end;        /* behind the record and its line end, from c->from */
	size_t columns, used;
	bool complete;     /* the end of the record was seen */
	bool open_quote;
	const char *why;
};

static bool line_end(char ch)
{
	return ch == '\n' || ch == '\r';
}

static void end_cell(struct csv *c, struct walk *w, size_t start)
{
	if (w->used - start > c->o.max_field)
		w->why = "一格内容过长，请缩短 (a cell is too long: shorten it)";
	if (w->columns >= c->o.max_columns) {
		w->why = "列数过多，请检查分隔符与引号 (too many columns: check separators and quotes)";
		return;
	}
	c->starts[w->columns++] = start;
}

/* Cuts the record into c->cells; the window stays as it is, so the walk can be repeated with more text. */
static void walk_record(struct csv *c, struct walk *w)
{
	const char *p = c->win + c->from;
	size_t n = c->to - c->from, i = 0, start = 0;
	bool quoted = false, closed = false, fresh = true;

	*w = (struct walk){0};
	for (; i < n; i++) {
		char ch = p[i];

		if (quoted && ch == '"' && i + 1 < n && p[i + 1] == '"') {
			c->cells[w->used++] = '"';
			i++;
		} else if (quoted && ch == '"') {
			quoted = false;
			closed = true;
		} else if (quoted) {
			c->cells[w->used++] = ch;
		} else if (fresh && ch == '"') {
			quoted = true;
			fresh = false;
		} else if (ch == c->o.separator || line_end(ch)) {
			end_cell(c, w, start);
			start = w->used;
			fresh = true;
			closed = false;
			if (ch != c->o.separator)
				break;
		} else if (closed && ch == ' ') {
			continue;
		} else {
			if (closed && w->why == NULL)
				w->why = "引号后面有多余的字，引号里的引号要写两个 (text behind a closing quote: double the quotes inside quotes)";
			fresh = false;
			c->cells[w->used++] = ch;
		}
	}
	w->open_quote = quoted;
	w->complete = i < n;
	if (!w->complete && !quoted) /* last line without an end */
		end_cell(c, w, start);
	c->starts[w->columns] = w->used;
	w->end = w->complete ? i + 1 : n;
	/* CR LF is one end; whether an LF follows is only known when it is there */
	if (w->complete && p[i] == '\r') {
		if (i + 1 < n)
			w->end += p[i + 1] == '\n';
		else
			w->complete = c->raw_end;
	}
}

static int64_t count_lines(const char *p, size_t n)
{
	int64_t lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += p[i] == '\n' || (p[i] == '\r' && (i + 1 == n || p[i + 1] != '\n'));
	return lines;
}

static void consume(struct csv *c, size_t n)
{
	c->line += count_lines(c->win + c->from, n);
	c->from += n;
}

/* A quote that is never closed would swallow the rest of the file: only its first line is given up. */
static size_t first_line(const struct csv *c)
{
	size_t n = c->to - c->from, i = 0;

	while (i < n && !line_end(c->win[c->from + i]))
		i++;
	if (i + 1 < n && c->win[c->from + i] == '\r' && c->win[c->from + i + 1] == '\n')
		i++;
	return i < n ? i + 1 : n;
}

static void walk_whole(struct csv *c, struct walk *w)
{
	for (;;) {
		size_t n = c->to - c->from;

		if (c->cells_cap < n + 1) {
			free(c->cells);
			c->cells_cap = n * 2 + CHUNK;
			c->cells = malloc(c->cells_cap);
			if (c->cells == NULL)
				BUG("out of memory");
		}
		walk_record(c, w);
		if (w->complete || n > c->o.max_row || !fill(c))
			return;
	}
}

static enum csv_got bad(struct csv *c, struct csv_row *row, size_t skip, const char *why)
{
	row->why = why;
	consume(c, skip);
	return CSV_BAD;
}

/* Cell by cell: two halves of a broken character on both sides of a separator would pass together. */
static bool cells_valid(const struct csv *c, const struct walk *w)
{
	for (size_t i = 0; i < w->columns; i++)
		if (!utf8_valid((struct str){c->cells + c->starts[i], c->starts[i + 1] - c->starts[i]}))
			return false;
	return true;
}

static enum csv_got finish(struct csv *c, const struct walk *w, struct csv_row *row)
{
	if (w->open_quote)
		return bad(c, row, first_line(c), "引号没有结束，请补上引号 (a quote is never closed: add the closing quote)");
	if (w->end > c->o.max_row)
		return bad(c, row, w->complete ? w->end : first_line(c), "一行内容过长 (the record is too long)");
	if (w->why)
		return bad(c, row, w->end, w->why);
	if (!cells_valid(c, w))
		return bad(c, row, w->end, "含有无法识别的字符编码，请重新导出为 UTF-8 (characters in a broken encoding: export the file as UTF-8)");
	if (w->used && memchr(c->cells, 0, w->used))
		return bad(c, row, w->end, "含有空字节，文件可能已损坏 (holds a NUL byte: the file may be damaged)");
	for (size_t i = 0; i < w->columns; i++)
		c->v[i] = (struct str){c->cells + c->starts[i], c->starts[i + 1] - c->starts[i]};
	row->v = c->v;
	row->n = w->columns;
	consume(c, w->end);
	return CSV_ROW;
}

enum csv_got csv_next(struct csv *c, struct csv_row *row)
{
	struct walk w;

	*row = (struct csv_row){0};
	for (;;) {
		if (c->from == c->to && !fill(c))
			break;
		if (c->from == c->to)
			continue;
		if (line_end(c->win[c->from])) {
			consume(c, 1 + (c->win[c->from] == '\r' && c->from + 1 < c->to && c->win[c->from + 1] == '\n'));
			continue;
		}
		row->line = c->line;
		walk_whole(c, &w);
		return finish(c, &w, row);
	}
	if (c->read_failed) {
		c->read_failed = false;
		row->line = c->line;
		row->why = "文件无法继续读取 (the file cannot be read further)";
		return CSV_BAD;
	}
	return CSV_END;
}

const char *csv_encoding(const struct csv *c)
{
	return c->encoding;
}

int64_t csv_position(const struct csv *c)
{
	return c->taken;
}

int64_t csv_size(const struct csv *c)
{
	return c->size;
}

int csv_column(const struct csv_row *titles, const char *title)
{
	for (size_t i = 0; i < titles->n; i++)
		if (str_eqz(str_trim(titles->v[i]), title))
			return (int)i;
	return -1;
}

/* ---- writing ---- */

void csv_begin(struct csv_out *w, struct buf *out, bool bom)
{
	*w = (struct csv_out){.out = out};
	if (bom)
		buf_addz(out, "\xef\xbb\xbf");
}

static bool is_formula(struct str s)
{
	double number;

	return s.n && strchr("=+-@\t\r", s.p[0]) && s.p[0] && !str_f64(s, &number);
}

static bool needs_quotes(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr(",\";\t\r\n", s.p[i]))
			return true;
	return s.n && (s.p[0] == ' ' || s.p[s.n - 1] == ' ');
}

static void separate(struct csv_out *w)
{
	if (w->inside)
		buf_addc(w->out, ',');
	w->inside = true;
}

void csv_cell(struct csv_out *w, struct str s)
{
	bool quotes = needs_quotes(s);

	separate(w);
	if (quotes)
		buf_addc(w->out, '"');
	if (is_formula(s))
		buf_addc(w->out, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_addc(w->out, '"');
		buf_addc(w->out, s.p[i]);
	}
	if (quotes)
		buf_addc(w->out, '"');
}

void csv_cell_i64(struct csv_out *w, int64_t v)
{
	separate(w);
	buf_printf(w->out, "%lld", (long long)v);
}

void csv_cell_code(struct csv_out *w, struct str code)
{
	bool digits = code.n > 1;

	for (size_t i = 0; i < code.n; i++)
		digits = digits && code.p[i] >= '0' && code.p[i] <= '9';
	if (!digits || (code.n < 12 && code.p[0] != '0')) {
		csv_cell(w, code);
		return;
	}
	separate(w);
	buf_addz(w->out, "\"\t");
	buf_add(w->out, code.p, code.n);
	buf_addc(w->out, '"');
}

void csv_end_row(struct csv_out *w)
{
	buf_addz(w->out, "\r\n");
	w->inside = false;
}
