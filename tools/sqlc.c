/*
 * sqlc MODULE FOLDER OUT: turns the .sql files of FOLDER and of FOLDER/migrations into OUT.c and OUT.h, typed functions
 * over db/query.h. The language is described in docs/sql.md. Any mistake ends the build with file:line, what, and
 * how to mend it.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PARAMS 40
#define MAX_COLS 60
#define MAX_PARTS 50
#define MAX_QUERIES 400
#define MAX_MIGRATIONS 200
#define MAX_CONDITIONS 10
#define PLAIN_ARGS 4

enum type { I64, F64, BOOL, STR, BLOB, I64_LIST, STR_LIST };
enum kind { MANY, ONE, EXEC, EACH };

static const char *const type_words[] = {"i64", "f64", "bool", "str", "blob", "i64[]", "str[]"};
static const char *const type_enums[] = {"DB_I64", "DB_F64", "DB_BOOL", "DB_STR", "DB_BLOB", "DB_I64_LIST",
					 "DB_STR_LIST"};
static const char *const type_fields[] = {"i", "f", "b", "s", "s", "list", "list"};
static const char *const type_c[] = {"int64_t ", "double ", "bool ", "struct str ", "struct str ", "const int64_t *",
				     "const struct str *"};

struct text {
	char *p;
	size_t n, cap;
};

struct field {
	char name[64];
	enum type type;
	bool optional, used, condition;
};

struct part {
	struct text sqlite, pg;
	int when; /* as in struct db_part */
	bool likely; /* inside {{likely: ...}} */
};

struct query {
	char name[64];
	const char *file;
	int line;
	enum kind kind;
	bool may_scan, write;
	struct field params[MAX_PARAMS], cols[MAX_COLS];
	int nparams, ncols;
	bool has_arrow;
	struct text doc;
	struct part parts[MAX_PARTS];
	int nparts;
};

struct migration {
	int number;
	char name[128];
	struct text sqlite, pg;
	uint64_t checksum;
};

static const char *module, *folder;
static struct query queries[MAX_QUERIES];
static int nqueries;
static struct migration migrations[MAX_MIGRATIONS];
static int nmigrations;

/* where we are reading */
static const char *file_name, *file_text;

static _Noreturn void fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static int line_of(const char *at)
{
	int line = 1;

	for (const char *p = file_text; p < at && *p; p++)
		line += *p == '\n';
	return line;
}

#define FAIL(at, ...) fail(file_name, line_of(at), __VA_ARGS__)

/* ---- text ---------------------------------------------------------------------------------------------------- */

static void add(struct text *t, const char *p, size_t n)
{
	if (t->n + n + 1 > t->cap) {
		t->cap = (t->n + n + 1) * 2;
		t->p = realloc(t->p, t->cap);
		if (t->p == NULL)
			fail("sqlc", 0, "out of memory");
	}
	memcpy(t->p + t->n, p, n);
	t->n += n;
	t->p[t->n] = 0;
}

static void addz(struct text *t, const char *z)
{
	add(t, z, strlen(z));
}

static void __attribute__((format(printf, 2, 3))) addf(struct text *t, const char *fmt, ...)
{
	char z[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(z, sizeof(z), fmt, ap);
	va_end(ap);
	addz(t, z);
}

static void trim(struct text *t)
{
	size_t lead = 0;

	if (t->p == NULL)
		addz(t, "");
	while (t->n && isspace((unsigned char)t->p[t->n - 1]))
		t->p[--t->n] = 0;
	while (lead < t->n && isspace((unsigned char)t->p[lead]))
		lead++;
	memmove(t->p, t->p + lead, t->n - lead + 1);
	t->n -= lead;
}

static const char *space(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Reads an identifier of lower-case letters, digits and _. */
static const char *ident(const char *p, char *out, size_t max, const char *what, const char *at)
{
	size_t n = 0;

	while (islower((unsigned char)p[n]) || p[n] == '_' || (n && isdigit((unsigned char)p[n])))
		n++;
	if (n == 0 || n >= max || is_word(p[n]))
		FAIL(at, "%s expected, found \"%.20s\"; use lower-case letters, digits and _, at most %zu", what, p, max - 1);
	memcpy(out, p, n);
	out[n] = 0;
	return p + n;
}

static bool word_at(const char *p, const char *word)
{
	size_t n = strlen(word);

	return strncasecmp(p, word, n) == 0 && !is_word(p[n]);
}

/* Copies a quoted piece ('...' or "...") as it stands. */
static const char *skip_quoted(const char *p)
{
	char q = *p;
	const char *from = p++;

	for (; *p; p++) {
		if (*p == q && p[1] == q)
			p++;
		else if (*p == q)
			return p + 1;
	}
	FAIL(from, "quote %c is never closed", q);
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct text t = {0};
	char block[8192];
	size_t n;

	if (f == NULL)
		fail(path, 0, "cannot be read");
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		add(&t, block, n);
	fclose(f);
	addz(&t, "");
	if (strlen(t.p) != t.n)
		fail(path, 1, "holds a NUL byte; save it as UTF-8 text");
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] == '\r')
			fail(path, 1, "has CR line ends; save it with LF");
	return t.p;
}

/* ---- the head of a query ------------------------------------------------------------------------------------- */

static const char *read_type(const char *p, struct field *f, bool column, const char *at)
{
	for (int i = STR_LIST; i >= 0; i--) {
		size_t n = strlen(type_words[i]);

		if (strncmp(p, type_words[i], n) != 0 || is_word(p[n]))
			continue;
		f->type = (enum type)i;
		if (column && i >= I64_LIST)
			FAIL(at, "column %s cannot be a list", f->name);
		p += n;
		if (*p == '?') {
			if (i >= I64_LIST)
				FAIL(at, "list %s cannot be optional; an empty list matches nothing", f->name);
			f->optional = true;
			p++;
		}
		return p;
	}
	FAIL(at, "unknown type \"%.12s\" of %s; use i64 f64 bool str blob, i64[] str[], with ? when it may be absent", p,
	     f->name);
}

/* Names that the generated functions use themselves. */
static void check_name(const char *name, const char *at)
{
	static const char *const ours[] = {"c", "a", "p", "e", "v", "r", "out", "args", "arg", "fn", "changed", "rows", "row", "each"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(name, ours[i]) == 0)
			FAIL(at, "a parameter cannot be named %s (the generated C uses it); choose a longer name", name);
}

static const char *read_fields(const char *p, struct field *v, int max, int *n, bool column, const char *at)
{
	p = space(p);
	while (*p && *p != ')') {
		if (*n == max)
			FAIL(at, "more than %d %s", max, column ? "columns" : "parameters");
		p = ident(p, v[*n].name, sizeof(v[*n].name), column ? "column" : "parameter", at);
		if (!column)
			check_name(v[*n].name, at);
		for (int i = 0; i < *n; i++)
			if (strcmp(v[i].name, v[*n].name) == 0)
				FAIL(at, "%s stands twice; give each its own name", v[i].name);
		p = space(read_type(space(p), &v[*n], column, at));
		(*n)++;
		if (*p == ',')
			p = space(p + 1);
		else if (*p && *p != ')')
			FAIL(at, "\"%.12s\" behind %s; separate by commas", p, v[*n - 1].name);
	}
	return p;
}

static const char *read_kind(const char *p, struct query *q, const char *at)
{
	static const char *const words[] = {"many", "one", "exec", "each"};

	if (*p == '(')
		return p;
	for (int i = 0; i < 4; i++)
		if (word_at(p, words[i])) {
			q->kind = (enum kind)i;
			return space(p + strlen(words[i]));
		}
	FAIL(at, "\"%.12s\" behind the name; use one, exec, each or nothing, then (parameters)", p);
}

static void read_head(struct query *q, const char *head, const char *at)
{
	size_t n = strlen(module);
	const char *p = ident(space(head), q->name, sizeof(q->name), "name of a query", at);

	if (strncmp(q->name, module, n) != 0 || q->name[n] != '_')
		FAIL(at, "query %s must be named %s_something, after its folder", q->name, module);
	for (int i = 0; i < nqueries; i++)
		if (strcmp(queries[i].name, q->name) == 0)
			FAIL(at, "query %s stands already in %s:%d; choose another name", q->name, queries[i].file, queries[i].line);
	p = read_kind(space(p), q, at);
	if (*p != '(')
		FAIL(at, "( expected behind the name of %s; write () when it has no parameters", q->name);
	p = read_fields(p + 1, q->params, MAX_PARAMS, &q->nparams, false, at);
	if (*p != ')')
		FAIL(at, ") missing behind the parameters of %s", q->name);
	p = space(p + 1);
	if (p[0] == '-' && p[1] == '>') {
		p = space(read_fields(p + 2, q->cols, MAX_COLS, &q->ncols, true, at));
		q->has_arrow = true;
	}
	if (*p)
		FAIL(at, "\"%.20s\" at the end of the line; expected -> columns or nothing", p);
	if (q->kind == EXEC ? q->ncols != 0 : q->ncols == 0)
		FAIL(at, q->kind == EXEC ? "%s is exec and has no columns; drop the ->" :
					   "%s needs its columns: -> id i64, title str; or say exec behind the name", q->name);
}

/* The head may go on over several comment lines while its brackets are open or it ends in a comma or an arrow. */
static const char *gather_head(const char *p, struct text *head)
{
	for (;;) {
		const char *end = strchrnul(p, '\n');
		int open = 0;

		add(head, p, (size_t)(end - p));
		trim(head);
		for (size_t i = 0; i < head->n; i++)
			open += (head->p[i] == '(') - (head->p[i] == ')');
		p = *end ? end + 1 : end;
		if (open <= 0 && head->n && head->p[head->n - 1] != ',' && head->p[head->n - 1] != '>' &&
		    (strncmp(space(p), "-- ->", 5) != 0))
			return p;
		p = space(p);
		if (strncmp(p, "--", 2) != 0)
			FAIL(p, "the head of the query is not complete; close its bracket or go on with a -- line");
		p += 2;
		addz(head, " ");
	}
}

/* ---- the text of a query ------------------------------------------------------------------------------------- */

static struct field *param_named(struct query *q, const char *name, const char *at)
{
	for (int i = 0; i < q->nparams; i++)
		if (strcmp(q->params[i].name, name) == 0) {
			q->params[i].used = true;
			return &q->params[i];
		}
	FAIL(at, "$%s is not a parameter of %s; add it to its -- name: line", name, q->name);
}

static struct part *new_part(struct query *q, int when, const char *at)
{
	if (q->nparts == MAX_PARTS - 1)
		FAIL(at, "more than %d parts in %s; split the query", MAX_PARTS, q->name);
	q->parts[q->nparts].when = when;
	addz(&q->parts[q->nparts].sqlite, "");
	addz(&q->parts[q->nparts].pg, "");
	return &q->parts[q->nparts++];
}

/* Takes a trailing "word" and the blanks around it off t; false when something else stands there. */
static bool take_back(struct text *t, const char *word)
{
	size_t n = strlen(word);

	while (t->n && isspace((unsigned char)t->p[t->n - 1]))
		t->n--;
	t->p[t->n] = 0;
	if (t->n < n || strcasecmp(t->p + t->n - n, word) != 0 || (is_word(*word) && t->n > n && is_word(t->p[t->n - n - 1])))
		return false;
	t->n -= n;
	t->p[t->n] = 0;
	return true;
}

/* id IN ($ids[]): one bound value on both engines, so one prepared statement whatever the length. */
static const char *list_param(struct part *t, const char *p, int number, const char *name)
{
	bool in = take_back(&t->pg, "(") && take_back(&t->pg, "IN");
	bool not = in && take_back(&t->pg, "NOT");

	p = space(p + 2);
	if (!in || *p != ')')
		FAIL(p, "a list is written: column IN ($%s[])", name);
	addf(&t->sqlite, "SELECT value FROM json_each(?%d))", number);
	addf(&t->pg, not ? " <> ALL($%d)" : " = ANY($%d)", number);
	return p + 1;
}

static const char *param(struct query *q, struct part *t, const char *p)
{
	const char *at = p;
	char name[64];
	struct field *f;
	int number;

	p = ident(p + 1, name, sizeof(name), "name of a parameter behind $", at);
	f = param_named(q, name, at);
	number = (int)(f - q->params) + 1;
	if ((p[0] == '[' && p[1] == ']') != (f->type >= I64_LIST))
		FAIL(at, f->type >= I64_LIST ? "$%s is a list; write IN ($%s[])" : "$%s is not a list; drop the []%s", name,
		     f->type >= I64_LIST ? name : "");
	if (f->type >= I64_LIST)
		return list_param(t, p, number, name);
	addf(&t->sqlite, "?%d", number);
	addf(&t->pg, "$%d", number);
	return p;
}

/* {{MATCH index id_column $words}}: the documents of a search index, see db/search.h. */
static const char *match_token(struct query *q, struct part *t, const char *p, const char *at)
{
	char index[64];
	const char *column, *end;

	p = space(ident(space(p), index, sizeof(index), "name of a search index", at));
	column = p;
	while (is_word(*p) || *p == '.')
		p++;
	end = p;
	p = space(p);
	if (end == column || *p != '$')
		FAIL(at, "write {{MATCH index id_column $words}}");
	for (struct text *s = &t->sqlite;; s = &t->pg) {
		add(s, column, (size_t)(end - column));
		addf(s, s == &t->sqlite ? " IN (SELECT rowid FROM search_%s WHERE search_%s MATCH " :
					  " IN (SELECT id FROM search_%s WHERE words @@ CAST(", index, index);
		if (s == &t->pg)
			break;
	}
	p = space(param(q, t, p));
	addz(&t->sqlite, ")");
	addz(&t->pg, " AS tsquery))");
	if (strncmp(p, "}}", 2) != 0)
		FAIL(at, "}} missing behind {{MATCH ...");
	return p + 2;
}

static void check_forbidden(const char *p, const char *from)
{
	static const struct {
		const char *word, *instead;
	} words[] = {
		{"ANY", "write column IN ($list[])"},
		{"ALL", "write UNION ALL, or NOT IN ($list[])"},
		{"LATERAL", "write a sub-query or two queries"},
		{"ILIKE", "write lower(x) LIKE lower($y)"},
		{"json_each", "JSON is opaque text; give the value a column"},
	};

	if (p[0] == ':' && p[1] == ':')
		FAIL(p, ":: runs on PostgreSQL only; parameters have their types already, else CAST(x AS BIGINT)");
	if (p > from && is_word(p[-1]))
		return;
	if (word_at(p, "FOR") && word_at(space(p + 3), "UPDATE"))
		FAIL(p, "FOR UPDATE runs on PostgreSQL only; use db_lock() or UPDATE ... RETURNING");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (word_at(p, words[i].word) && !(i == 1 && p - from >= 6 && strncasecmp(p - 6, "UNION ", 6) == 0))
			FAIL(p, "%s does not run on both engines; %s", words[i].word, words[i].instead);
}

static const char *when_token(struct query *q, const char *p, bool unless, const char *at, struct part **t)
{
	char name[64];
	struct field *f;
	int n = 0;

	if ((*t)->when != -1)
		FAIL(at, "{{when}} inside {{when}}; write two, one behind the other");
	p = space(ident(space(p), name, sizeof(name), "parameter", at));
	if (*p != ':')
		FAIL(at, ": missing, write {{when %s: text}}", name);
	f = param_named(q, name, at);
	if (!f->optional)
		FAIL(at, "%s is always present; declare it with ? behind its type", name);
	f->condition = true;
	for (int i = 0; i < q->nparams; i++)
		n += q->params[i].condition;
	if (n > MAX_CONDITIONS)
		FAIL(at, "more than %d optional conditions in %s; split the query", MAX_CONDITIONS, q->name);
	n = (int)(f - q->params);
	*t = new_part(q, unless ? -2 - n : n, at);
	return p + 1;
}

/* {{likely: condition}}: SQLite without statistics takes each condition to leave a quarter of the rows, and after seven
 * of them rather sorts "the one row that is left" than walk the index in order. PostgreSQL has statistics. */
static const char *likely_token(struct part *t, const char *p, const char *at)
{
	p = space(p);
	if (*p != ':')
		FAIL(at, ": missing, write {{likely: condition}}");
	if (t->likely)
		FAIL(at, "{{likely}} inside {{likely}}; one is enough");
	t->likely = true;
	addz(&t->sqlite, "likelihood(");
	addz(&t->pg, "(");
	return space(p + 1);
}

static const char *used_texts[MAX_QUERIES]; /* of this file */
static int nused;

static void read_piece(struct query *q, const char *from, const char *end, struct part **t);

static const char *next_head(const char *p)
{
	for (p = space(p); *p; p = space(strchrnul(p, '\n')))
		if (strncmp(p, "-- name:", 8) == 0 || strncmp(p, "-- text:", 8) == 0)
			return p;
	return p;
}

/* {{text name}}: what stands under "-- text: name" in this file, as if it were written here. */
static const char *text_token(struct query *q, const char *p, struct part **t, const char *at)
{
	static int depth;
	char name[64], head[64];

	p = space(ident(space(p), name, sizeof(name), "name of a text", at));
	if (strncmp(p, "}}", 2) != 0)
		FAIL(at, "}} missing behind {{text %s", name);
	for (const char *h = next_head(file_text); *h; h = next_head(strchrnul(h, '\n'))) {
		const char *body;

		if (h[3] != 't')
			continue;
		body = ident(space(h + 8), head, sizeof(head), "name of a text", h);
		if (strcmp(head, name) != 0)
			continue;
		if (depth)
			FAIL(at, "{{text}} inside a text; write it out");
		if (nused < MAX_QUERIES)
			used_texts[nused++] = h;
		depth++;
		read_piece(q, body, next_head(body), t);
		depth--;
		return p + 2;
	}
	FAIL(at, "no text of that name in this file; write -- text: %s and the text under it", name);
}

static const char *token(struct query *q, const char *p, struct part **t)
{
	const char *at = p;

	p = space(p + 2);
	if (word_at(p, "likely"))
		return likely_token(*t, p + 6, at);
	if (word_at(p, "when"))
		return when_token(q, p + 4, false, at, t);
	if (word_at(p, "unless"))
		return when_token(q, p + 6, true, at, t);
	if (word_at(p, "MATCH"))
		return match_token(q, *t, p + 5, at);
	if (word_at(p, "text"))
		return text_token(q, p + 4, t, at);
	FAIL(at, "unknown token; use {{when x: ...}}, {{unless x: ...}}, {{likely: ...}}, {{text name}} or {{MATCH index id_column $words}}");
}

static void read_piece(struct query *q, const char *from, const char *end, struct part **into)
{
	struct part *t = *into;
	const char *p = from;

	while (p < end) {
		const char *at = p;

		check_forbidden(p, from);
		if (p[0] == '-' && p[1] == '-') {
			p = strchrnul(p, '\n');
			continue;
		} else if (p[0] == '{' && p[1] == '{') {
			p = token(q, p, &t);
			continue;
		} else if (p[0] == '}' && p[1] == '}') {
			if (t->likely) {
				t->likely = false;
				addz(&t->sqlite, ", 1.0)");
				addz(&t->pg, ")");
				p += 2;
				continue;
			}
			if (t->when == -1)
				FAIL(p, "}} closes nothing");
			t = new_part(q, -1, p);
			p += 2;
			continue;
		} else if (*p == '$') {
			p = param(q, t, p);
			continue;
		} else if (*p == '?' || *p == '@' || (*p == ':' && isalpha((unsigned char)p[1]))) {
			FAIL(p, "%c is no parameter here; write $name", *p);
		} else if (*p == '\'' || *p == '"') {
			p = skip_quoted(p);
		} else if (*p == ';') {
			if (space(p + 1) < end && strncmp(space(p + 1), "--", 2) != 0)
				FAIL(p, "two statements in %s; one query is one statement", q->name);
			break;
		} else {
			p++;
		}
		if ((at == from || !is_word(at[-1])) && (word_at(at, "INSERT") || word_at(at, "UPDATE") || word_at(at, "DELETE")))
			q->write = true;
		add(&t->sqlite, at, (size_t)(p - at));
		add(&t->pg, at, (size_t)(p - at));
	}
	*into = t;
}

static void read_text(struct query *q, const char *p, const char *end)
{
	struct part *t = new_part(q, -1, p);

	read_piece(q, p, end, &t);
	p = end;
	if (t->likely)
		FAIL(p, "{{likely}} of %s is never closed; write }} behind it", q->name);
	if (t->when != -1)
		FAIL(p, "{{when}} of %s is never closed; write }} behind it", q->name);
}

/* Blanks at both ends of the whole text go; a blank that separates two parts stays. */
static void squeeze(struct text *t, bool first, bool last)
{
	bool before = t->n && !first && isspace((unsigned char)t->p[0]);
	bool after = t->n && !last && isspace((unsigned char)t->p[t->n - 1]);
	struct text out = {0};

	trim(t);
	if (t->n == 0 && !before && !after)
		return;
	addz(&out, before ? "\n" : "");
	add(&out, t->p, t->n);
	addz(&out, after && t->n ? "\n" : "");
	*t = out;
}

static void finish_query(struct query *q, const char *from, const char *end)
{
	size_t n = 0;

	read_text(q, from, end);
	for (int i = 0; i < q->nparts; i++) {
		squeeze(&q->parts[i].sqlite, i == 0, i == q->nparts - 1);
		squeeze(&q->parts[i].pg, i == 0, i == q->nparts - 1);
		n += q->parts[i].sqlite.n;
	}
	if (n == 0)
		fail(q->file, q->line, "%s has no text; write the statement under its head", q->name);
	for (int i = 0; i < q->nparams; i++)
		if (!q->params[i].used)
			fail(q->file, q->line, "parameter %s of %s is never used; use it or drop it", q->params[i].name, q->name);
}

/* Comments between the head and the text: documentation and marks. */
static const char *read_doc(struct query *q, const char *p)
{
	for (;;) {
		const char *line = space(p), *end;

		if (strncmp(line, "--", 2) != 0 || strncmp(line, "-- name:", 8) == 0 || strncmp(line, "-- text:", 8) == 0)
			return p;
		end = strchrnul(line, '\n');
		if (strncmp(line, "-- may scan", 11) == 0) {
			if (line[11] != ':' || space(line + 12) >= end)
				FAIL(line, "say why: -- may scan: reason");
			q->may_scan = true;
		}
		if (q->doc.n)
			addz(&q->doc, "\n");
		line = line + 2 + (line[2] == ' ');
		if (memmem(line, (size_t)(end - line), "*/", 2))
			FAIL(line, "*/ in a comment would end the C comment it is copied to");
		add(&q->doc, line, (size_t)(end - line));
		p = *end ? end + 1 : end;
	}
}

/* The next query; texts in between are read where they are used. */
static const char *next_query(const char *p)
{
	while (*p && strncmp(p, "-- name:", 8) != 0)
		p = next_head(strchrnul(p, '\n'));
	return p;
}

static void check_texts(void)
{
	for (const char *h = next_head(file_text); *h; h = next_head(strchrnul(h, '\n'))) {
		bool used = h[3] != 't';

		for (int i = 0; i < nused; i++)
			used |= used_texts[i] == h;
		if (!used)
			FAIL(h, "no query uses this text; write {{text name}} where it belongs, or drop it");
	}
}

static void read_queries(const char *path)
{
	const char *p, *body;

	file_name = strdup(path);
	file_text = read_file(path);
	nused = 0;
	for (p = space(file_text); *p && strncmp(p, "--", 2) == 0; p = space(p)) {
		if (strncmp(p, "-- name:", 8) == 0 || strncmp(p, "-- text:", 8) == 0)
			break;
		p = strchrnul(p, '\n');
	}
	p = next_query(p);
	if (*p && strncmp(p, "-- name:", 8) != 0)
		FAIL(p, "text without a head; begin with -- name: %s_something(parameters) -> columns", module);
	while (*p) {
		struct query *q = &queries[nqueries];
		struct text head = {0};
		const char *end;

		if (nqueries == MAX_QUERIES)
			FAIL(p, "more than %d queries in one folder", MAX_QUERIES);
		q->file = file_name;
		q->line = line_of(p);
		body = gather_head(p + 8, &head);
		read_head(q, head.p, p);
		nqueries++;
		body = read_doc(q, body);
		end = next_head(body);
		finish_query(q, body, end);
		p = next_query(end);
	}
	check_texts();
}

/* ---- migrations ---------------------------------------------------------------------------------------------- */

static const char *ddl_token(struct migration *m, const char *p)
{
	static const struct {
		const char *token, *sqlite, *pg;
	} plain[] = {
		{"{{BLOB}}", "BLOB", "BYTEA"},
		{"{{STRICT}}", "STRICT", ""},
		{"{{CLUSTERED}}", "STRICT, WITHOUT ROWID", ""},
	};
	char name[48];
	const char *at = p;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		size_t n = strlen(plain[i].token);

		if (strncmp(p, plain[i].token, n) == 0) {
			addz(&m->sqlite, plain[i].sqlite);
			addz(&m->pg, plain[i].pg);
			return p + n;
		}
	}
	if (strncmp(p, "{{SEARCH ", 9) != 0)
		FAIL(at, "unknown token; use {{BLOB}}, {{STRICT}}, {{CLUSTERED}} or {{SEARCH name}}");
	p = ident(space(p + 9), name, sizeof(name), "name of a search index", at);
	if (strncmp(p, "}}", 2) != 0)
		FAIL(at, "}} missing behind {{SEARCH %s", name);
	addf(&m->sqlite, "CREATE VIRTUAL TABLE search_%s USING fts5(words, tokenize='gongzhi')", name);
	addf(&m->pg, "CREATE TABLE search_%s (id BIGINT PRIMARY KEY, body TEXT NOT NULL, words tsvector NOT NULL);\n"
	     "CREATE INDEX search_%s_words ON search_%s USING gin(words)", name, name, name);
	return p + 2;
}

/* STRICT tables of SQLite know INTEGER and REAL only, and only INTEGER PRIMARY KEY is the row's own number. */
static const char *ddl_word(struct migration *m, const char *p)
{
	const char *end = p;

	while (is_word(*end))
		end++;
	add(&m->pg, p, (size_t)(end - p));
	if (word_at(p, "BIGINT") || word_at(p, "BOOLEAN")) {
		addz(&m->sqlite, "INTEGER");
	} else if (word_at(p, "DOUBLE") && word_at(space(end), "PRECISION")) {
		addz(&m->sqlite, "REAL");
		addz(&m->pg, " PRECISION");
		return space(end) + strlen("PRECISION");
	} else {
		add(&m->sqlite, p, (size_t)(end - p));
	}
	return end;
}

static void read_migration(const char *path, const char *base)
{
	struct migration *m = &migrations[nmigrations];
	const char *p;
	bool blank = true;

	file_name = strdup(path);
	file_text = p = read_file(path);
	if (nmigrations == MAX_MIGRATIONS - 1)
		fail(path, 1, "more than %d migrations in one folder", MAX_MIGRATIONS);
	m->number = (int)strtol(base, NULL, 10);
	if (strspn(base, "0123456789") != 4 || strlen(base) < 10 || base[4] != '-')
		fail(path, 1, "a migration is named NNNN-what.sql, for instance 0001-%s.sql", module);
	if (m->number != nmigrations + 1)
		fail(path, 1, "number %04d found, %04d expected; migrations are numbered without a gap", m->number, nmigrations + 1);
	snprintf(m->name, sizeof(m->name), "%.*s", (int)strlen(base) - 4, base);
	m->checksum = 0xcbf29ce484222325u;
	while (*p) {
		const char *at = p;

		if (p[0] == '-' && p[1] == '-') {
			p = strchrnul(p, '\n');
			continue;
		}
		if (p[0] == '{' && p[1] == '{') {
			p = ddl_token(m, p);
		} else if (is_word(*p)) {
			p = ddl_word(m, p);
		} else {
			p = *p == '\'' || *p == '"' ? skip_quoted(p) : p + 1;
			add(&m->sqlite, at, (size_t)(p - at));
			add(&m->pg, at, (size_t)(p - at));
		}
		/* FNV-1a over the text without comments and with blanks as one, so that an added comment is no change */
		for (; at < p; at++) {
			bool is_blank = isspace((unsigned char)*at);

			if (!(is_blank && blank))
				m->checksum = (m->checksum ^ (unsigned char)(is_blank ? ' ' : *at)) * 0x100000001b3u;
			blank = is_blank;
		}
	}
	trim(&m->sqlite);
	trim(&m->pg);
	nmigrations++;
}

/* ---- output -------------------------------------------------------------------------------------------------- */

static void put_literal(FILE *f, const struct text *t, const char *indent)
{
	const char *p = t->p ? t->p : "";

	if (*p == 0) {
		fputs("\"\"", f);
		return;
	}
	while (*p) {
		fputc('"', f);
		for (; *p && *p != '\n'; p++) {
			if (*p == '"' || *p == '\\')
				fputc('\\', f);
			if (*p == '\t')
				fputc(' ', f);
			else
				fputc(*p, f);
		}
		if (*p == '\n') {
			fputs("\\n", f);
			p++;
		}
		fputc('"', f);
		if (*p)
			fprintf(f, "\n%s", indent);
	}
}

static void put_doc(FILE *f, const struct query *q)
{
	const char *p = q->doc.n ? q->doc.p : "";

	fprintf(f, "/* %s:%d", q->file, q->line);
	while (*p) {
		const char *end = strchrnul(p, '\n');

		fprintf(f, "\n * %.*s", (int)(end - p), p);
		p = *end ? end + 1 : end;
	}
	fputs(q->doc.n ? "\n */\n" : " */\n", f);
}

static void put_argument(FILE *f, const struct field *v)
{
	if (v->optional && v->type <= BOOL)
		fprintf(f, "const %s*%s", type_c[v->type], v->name);
	else
		fprintf(f, "%s%s", type_c[v->type], v->name);
}

static void put_args_struct(FILE *f, const struct query *q)
{
	fprintf(f, "struct %s_args {\n", q->name);
	for (int i = 0; i < q->nparams; i++) {
		fputc('\t', f);
		put_argument(f, &q->params[i]);
		fputs(";\n", f);
		if (q->params[i].type >= I64_LIST)
			fprintf(f, "\tsize_t %s_n;\n", q->params[i].name);
	}
	fputs("};\n", f);
}

static void put_row_struct(FILE *f, const struct query *q)
{
	fprintf(f, "struct %s_row {\n", q->name);
	for (int i = 0; i < q->ncols; i++) {
		fprintf(f, "\t%s%s;\n", type_c[q->cols[i].type], q->cols[i].name);
		if (q->cols[i].optional && q->cols[i].type <= BOOL)
			fprintf(f, "\tbool %s_null;\n", q->cols[i].name);
	}
	fputs("};\n", f);
	if (q->kind == MANY)
		fprintf(f, "struct %s_rows {\n\tstruct %s_row *v;\n\tsize_t n;\n};\n", q->name, q->name);
}

static void put_signature(FILE *f, const struct query *q)
{
	fprintf(f, "enum err q_%s(struct db_conn *c", q->name);
	if (q->kind == MANY || q->kind == ONE)
		fputs(", struct arena *a", f);
	if (q->nparams > PLAIN_ARGS)
		fprintf(f, ", const struct %s_args *args", q->name);
	for (int i = 0; i < q->nparams && q->nparams <= PLAIN_ARGS; i++) {
		fputs(", ", f);
		put_argument(f, &q->params[i]);
		if (q->params[i].type >= I64_LIST)
			fprintf(f, ", size_t %s_n", q->params[i].name);
	}
	switch (q->kind) {
	case MANY:
		fprintf(f, ", struct %s_rows *out)", q->name);
		break;
	case ONE:
		fprintf(f, ", struct %s_row *out)", q->name);
		break;
	case EXEC:
		fputs(", int64_t *changed)", f);
		break;
	case EACH:
		fprintf(f, ",\n\tenum err (*fn)(void *arg, const struct %s_row *row), void *arg)", q->name);
		break;
	}
}

static void put_header(FILE *f)
{
	fprintf(f, "/* Made by tools/sqlc from %s. Do not edit: change the .sql file. */\n", folder);
	fprintf(f, "#ifndef SQL_%s_H\n#define SQL_%s_H\n\n#include \"db/query.h\"\n", module, module);
	for (int i = 0; i < nqueries; i++) {
		const struct query *q = &queries[i];

		fputc('\n', f);
		if (q->nparams > PLAIN_ARGS)
			put_args_struct(f, q);
		if (q->ncols)
			put_row_struct(f, q);
		put_doc(f, q);
		fputs("CHECKED ", f);
		put_signature(f, q);
		fputs(";\n", f);
	}
	fprintf(f, "\nextern const struct db_module %s_module;\n\n#endif\n", module);
}

static void put_types(FILE *f, const struct query *q, const char *what, const struct field *v, int n)
{
	fprintf(f, "static const enum db_type %s_%s[] = {", q->name, what);
	for (int i = 0; i < n; i++)
		fprintf(f, "%s, ", type_enums[v[i].type]);
	fputs(n ? "};\n" : "DB_I64};\n", f);
}

static void put_flags(FILE *f, const char *name, const struct field *v, int n)
{
	fprintf(f, "\t.%s = \"", name);
	for (int i = 0; i < n; i++)
		fputc(v[i].optional ? '1' : '0', f);
	fputs("\",\n", f);
}

static void put_definition(FILE *f, const struct query *q)
{
	put_types(f, q, "params", q->params, q->nparams);
	put_types(f, q, "cols", q->cols, q->ncols);
	fprintf(f, "static const struct db_part %s_parts[] = {\n", q->name);
	for (int i = 0; i < q->nparts; i++) {
		if (q->parts[i].sqlite.n == 0)
			continue;
		fputs("\t{", f);
		put_literal(f, &q->parts[i].sqlite, "\t ");
		fputs(",\n\t ", f);
		put_literal(f, &q->parts[i].pg, "\t ");
		fprintf(f, ", %d},\n", q->parts[i].when);
	}
	fputs("\t{NULL, NULL, -1}};\n", f);
	fprintf(f, "static const struct db_query %s_query = {\n", q->name);
	fprintf(f, "\t.name = \"%s\", .file = \"%s\", .line = %d,\n", q->name, q->file, q->line);
	fprintf(f, "\t.flags = 0%s%s,\n", q->may_scan ? " | DB_Q_MAY_SCAN" : "", q->write ? " | DB_Q_WRITE" : "");
	fprintf(f, "\t.nparams = %d, .params = %s_params,\n", q->nparams, q->name);
	put_flags(f, "optional", q->params, q->nparams);
	fprintf(f, "\t.ncols = %d, .cols = %s_cols,\n", q->ncols, q->name);
	put_flags(f, "nullable", q->cols, q->ncols);
	fprintf(f, "\t.parts = %s_parts,\n};\n\n", q->name);
}

/* void *arg is a struct db_rows; each also has the caller's function. */
static void put_row_reader(FILE *f, const struct query *q)
{
	if (q->kind == EACH)
		fprintf(f, "struct %s_each {\n\tenum err (*fn)(void *arg, const struct %s_row *row);\n\tvoid *arg;\n};\n\n", q->name,
			q->name);
	fprintf(f, "static enum err %s_read(void *arg, const struct db_value *v)\n{\n", q->name);
	if (q->kind == EACH)
		fprintf(f, "\tconst struct %s_each *each = arg;\n\tstruct %s_row row = {0}, *r = &row;\n\n", q->name, q->name);
	else
		fprintf(f, "\tstruct db_rows *rows = arg;\n\tstruct %s_row *r = db_rows_add(rows, sizeof(*r));\n\n"
			"\tif (r == NULL)\n\t\treturn ERR_TOO_MUCH;\n", q->name);
	for (int i = 0; i < q->ncols; i++) {
		const struct field *c = &q->cols[i];

		if (c->type == STR || c->type == BLOB)
			fprintf(f, q->kind == EACH ? "\tr->%s = v[%d].s;\n" : "\tr->%s = arena_str(rows->a, v[%d].s);\n", c->name, i);
		else
			fprintf(f, "\tr->%s = v[%d].%s;\n", c->name, i, type_fields[c->type]);
		if (c->optional && c->type <= BOOL)
			fprintf(f, "\tr->%s_null = v[%d].null;\n", c->name, i);
	}
	fputs(q->kind == EACH ? "\treturn each->fn(each->arg, r);\n}\n\n" : "\treturn OK;\n}\n\n", f);
}

static void put_value(FILE *f, const struct query *q, const struct field *v)
{
	const char *from = q->nparams > PLAIN_ARGS ? "args->" : "";

	if (v->type >= I64_LIST)
		fprintf(f, "\t\t{.list = {%s%s, %s%s_n}},\n", from, v->name, from, v->name);
	else if (v->type >= STR)
		fprintf(f, "\t\t{.null = %s%s.p == NULL, .s = %s%s},\n", from, v->name, from, v->name);
	else if (v->optional)
		fprintf(f, "\t\t{.null = %s%s == NULL, .%s = %s%s ? *%s%s : 0},\n", from, v->name, type_fields[v->type], from, v->name,
			from, v->name);
	else
		fprintf(f, "\t\t{.%s = %s%s},\n", type_fields[v->type], from, v->name);
}

static void put_function(FILE *f, const struct query *q)
{
	put_signature(f, q);
	fputs("\n{\n", f);
	if (q->nparams) {
		fputs("\tconst struct db_value p[] = {\n", f);
		for (int i = 0; i < q->nparams; i++)
			put_value(f, q, &q->params[i]);
		fputs("\t};\n", f);
	} else {
		fputs("\tconst struct db_value *p = NULL;\n", f);
	}
	switch (q->kind) {
	case EXEC:
		fprintf(f, "\n\treturn db_run(c, &%s_query, p, NULL, NULL, changed);\n}\n\n", q->name);
		break;
	case EACH:
		fprintf(f, "\tstruct %s_each each = {fn, arg};\n\n\treturn db_run(c, &%s_query, p, %s_read, &each, NULL);\n}\n\n", q->name,
			q->name, q->name);
		break;
	case MANY:
		fprintf(f, "\tstruct db_rows rows = {.a = a};\n\tenum err e = db_run(c, &%s_query, p, %s_read, &rows, NULL);\n\n"
			"\tout->v = rows.v;\n\tout->n = rows.n;\n\treturn e;\n}\n\n", q->name, q->name);
		break;
	case ONE:
		fprintf(f, "\tstruct db_rows rows = {.a = a};\n\tenum err e = db_run(c, &%s_query, p, %s_read, &rows, NULL);\n\n"
			"\tif (e == OK)\n\t\te = db_rows_one(&%s_query, &rows, out, sizeof(*out));\n\treturn e;\n}\n\n", q->name, q->name,
			q->name);
		break;
	}
}

static void put_source(FILE *f, const char *header)
{
	fprintf(f, "/* Made by tools/sqlc from %s. Do not edit: change the .sql file. */\n", folder);
	fprintf(f, "#include \"%s\"\n\n", header);
	for (int i = 0; i < nqueries; i++) {
		put_definition(f, &queries[i]);
		if (queries[i].ncols)
			put_row_reader(f, &queries[i]);
		put_function(f, &queries[i]);
	}
	fprintf(f, "static const struct db_query *const %s_queries[] = {\n", module);
	for (int i = 0; i < nqueries; i++)
		fprintf(f, "\t&%s_query,\n", queries[i].name);
	fprintf(f, "\tNULL};\n\nstatic const struct db_migration %s_migrations[] = {\n", module);
	for (int i = 0; i < nmigrations; i++) {
		fprintf(f, "\t{%d, \"%s\", 0x%016llxu,\n\t ", migrations[i].number, migrations[i].name,
			(unsigned long long)migrations[i].checksum);
		put_literal(f, &migrations[i].sqlite, "\t ");
		fputs(",\n\t ", f);
		put_literal(f, &migrations[i].pg, "\t ");
		fputs("},\n", f);
	}
	fprintf(f, "\t{0, NULL, 0, NULL, NULL}};\n\n");
	fprintf(f, "const struct db_module %s_module = {\"%s\", %s_queries, %s_migrations};\n", module, module, module, module);
}

/* ---- main ---------------------------------------------------------------------------------------------------- */

static int is_sql(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 4 && d->d_name[0] != '.' && strcmp(d->d_name + n - 4, ".sql") == 0;
}

static void each_sql(const char *dir, bool migration)
{
	struct dirent **v;
	int n = scandir(dir, &v, is_sql, alphasort);
	char path[1024];

	for (int i = 0; i < n; i++) {
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, v[i]->d_name) >= sizeof(path))
			fail(dir, 0, "path too long");
		if (migration)
			read_migration(path, v[i]->d_name);
		else
			read_queries(path);
		free(v[i]);
	}
	if (n >= 0)
		free(v);
}

static FILE *create(const char *out, const char *end)
{
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s.%s", out, end);
	f = fopen(path, "w");
	if (f == NULL)
		fail(path, 0, "cannot be written");
	return f;
}

static void finish(FILE *f, const char *out)
{
	bool bad = ferror(f) != 0;

	if (fclose(f) != 0 || bad)
		fail(out, 0, "could not be written to the end; is the disk full?");
}

int main(int argc, char **argv)
{
	char path[1024];
	const char *base;
	FILE *f;

	if (argc != 4) {
		fprintf(stderr, "usage: sqlc MODULE FOLDER OUT   (writes OUT.c and OUT.h)\n");
		return 2;
	}
	module = argv[1];
	folder = argv[2];
	each_sql(folder, false);
	snprintf(path, sizeof(path), "%s/migrations", folder);
	each_sql(path, true);
	f = create(argv[3], "h");
	put_header(f);
	finish(f, argv[3]);
	base = strrchr(argv[3], '/');
	snprintf(path, sizeof(path), "%s.h", base ? base + 1 : argv[3]);
	f = create(argv[3], "c");
	put_source(f, path);
	finish(f, argv[3]);
	return 0;
}
