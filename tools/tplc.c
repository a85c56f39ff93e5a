/*
 * tplc ROOM OUT_PREFIX files...
 *
 * Compiles the templates of one folder (docs/templates.md) into OUT_PREFIX.h and OUT_PREFIX.c. It follows the HTML
 * through tags and attributes, so that what is interpolated is escaped for the place where it stands, or refused
 * with file, line and how to mend it. What the tool cannot see (a type that cannot be shown) the C compiler tells,
 * pointing into the template through #line.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tplc_html.h"

#define MAX_NEST 64
#define MAX_NAMES 512

struct block {
	char kind;                /* 'i' if, 'e' behind else, 'f' for */
	int line;
	struct html at_start;
	struct html at_branch;    /* how the first branch ended */
	bool have_branch;
};

/* ---- the file being read and what is written ---- */

static const char *file;
static char *pos;

static char *uses[MAX_NAMES];
static int nuses;
static char *names[MAX_NAMES];
static int nnames;

struct out {
	char *p;
	size_t n, cap;
};
static struct out code, decls;

static struct block nest[MAX_NEST];
static int depth;
static bool in_function, in_layout;
static char *page_name, *page_params, *page_layout, *page_title;
static int page_line;

static struct out lit;        /* literal text not yet written */

static void fail_at(int at, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: ", file, at);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void *need(void *p)
{
	if (p == NULL) {
		fputs("tplc: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

static char *copy(const char *p, size_t n)
{
	char *z = need(malloc(n + 1));

	memcpy(z, p, n);
	z[n] = 0;
	return z;
}

static void put(struct out *o, const char *p, size_t n)
{
	if (o->n + n + 1 > o->cap) {
		while (o->n + n + 1 > o->cap)
			o->cap = o->cap ? o->cap * 2 : 4096;
		o->p = need(realloc(o->p, o->cap));
	}
	memcpy(o->p + o->n, p, n);
	o->n += n;
	o->p[o->n] = 0;
}

static void __attribute__((format(printf, 2, 3))) say(struct out *o, const char *fmt, ...)
{
	va_list ap;
	char *z;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&z, fmt, ap);
	va_end(ap);
	if (n < 0)
		need(NULL);
	put(o, z, (size_t)n);
	free(z);
}

/* ---- literal text ---- */

static void indent(void)
{
	put(&code, "\t", 1);
	for (int i = 0; i < depth; i++)
		put(&code, "\t", 1);
}

static void flush_literal(void)
{
	char last = 0;

	if (lit.n == 0)
		return;
	indent();
	say(&code, "tpl_lit(o, \"");
	for (size_t i = 0; i < lit.n; i++) {
		char c = lit.p[i];

		if (c == '\n' && i + 1 < lit.n) {
			say(&code, "\\n\"\n");
			indent();
			say(&code, "           \"");
		} else if (c == '\n') {
			say(&code, "\\n");
		} else if (c == '"' || c == '\\') {
			put(&code, "\\", 1);
			put(&code, &c, 1);
		} else if (c == '?' && last == '?') { /* no trigraphs */
			say(&code, "\\?");
		} else if ((unsigned char)c < 0x20) {
			say(&code, "\\%03o", c);
		} else {
			put(&code, &c, 1);
		}
		last = c;
	}
	say(&code, "\");\n");
	lit.n = 0;
}

/* Literal text up to end. White space with a line break becomes one line break, to keep pages small. */
static void literal(char *end)
{
	while (pos < end) {
		bool squeeze = !now.pre && (now.place == IN_TEXT || now.place == IN_TAG);

		if (squeeze && is_space(*pos)) {
			bool breaks = false;

			html_char(pos);
			while (pos < end && is_space(*pos)) {
				if (*pos == '\n') {
					breaks = true;
					line++;
				}
				pos++;
			}
			put(&lit, breaks ? "\n" : " ", 1);
			continue;
		}
		html_char(pos);
		if (*pos == '\n')
			line++;
		put(&lit, pos, 1);
		pos++;
	}
}

/* ---- directives ---- */

static bool word(char **p, const char *w)
{
	size_t n = strlen(w);

	if (strncmp(*p, w, n) != 0 || ((*p)[n] != 0 && !is_space((*p)[n])))
		return false;
	*p += n;
	while (is_space(**p))
		(*p)++;
	return true;
}

static char *trim(char *z)
{
	size_t n;

	while (is_space(*z))
		z++;
	n = strlen(z);
	while (n && is_space(z[n - 1]))
		z[--n] = 0;
	return z;
}

/* End of a C string or character literal that begins at p. */
static char *skip_quoted(char *p)
{
	char q = *p++;

	while (*p && *p != q) {
		if (*p == '\\' && p[1])
			p++;
		p++;
	}
	return *p ? p + 1 : NULL;
}

/* Behind the closing }} of a directive whose inside begins at p. */
static char *end_of_directive(char *p)
{
	if (*p == '#') {
		p = strstr(p, "}}");
		return p;
	}
	while (*p) {
		if (*p == '"' || *p == '\'') {
			p = skip_quoted(p);
			if (p == NULL)
				return NULL;
			continue;
		}
		if (p[0] == '}' && p[1] == '}')
			return p;
		p++;
	}
	return NULL;
}

/* Position of `c` at the outer level of a C expression, or NULL. */
static char *outer(char *p, char c)
{
	int level = 0;

	while (*p) {
		if (*p == '"' || *p == '\'') {
			p = skip_quoted(p);
			if (p == NULL)
				return NULL;
			continue;
		}
		if (level == 0 && *p == c)
			return p;
		if (*p == '(' || *p == '[' || *p == '{')
			level++;
		else if (*p == ')' || *p == ']' || *p == '}')
			level--;
		p++;
	}
	return NULL;
}

static void line_mark(int at)
{
	say(&code, "#line %d \"%s\"\n", at, file);
}

static const char *where(void)
{
	switch (now.place) {
	case IN_TEXT: return "in text";
	case IN_RCDATA: return "in text";
	case IN_RAW: return "inside <script> or <style>";
	case IN_COMMENT: return "inside an HTML comment";
	case IN_TAG_NAME: return "in the name of a tag";
	case IN_TAG: return "inside a tag, outside of a quoted value";
	case IN_ATTR_NAME: return "in the name of an attribute";
	case AFTER_EQUALS:
	case IN_UNQUOTED: return "in an unquoted attribute value";
	case IN_DQ:
	case IN_SQ: return "in an attribute value";
	}
	return "";
}

static void need_function(const char *what)
{
	if (!in_function)
		fail("%s stands before the first {{page ...}} or {{part ...}}", what);
}

static void need_text(const char *what)
{
	need_function(what);
	if (now.place != IN_TEXT)
		fail("{{%s}} %s; it is only allowed in text, between tags", what, where());
}

/* Refuses places where nothing may be interpolated. */
static void need_value(const char *what)
{
	need_function("an expression");
	switch (now.place) {
	case IN_TEXT:
	case IN_RCDATA:
		return;
	case IN_DQ:
	case IN_SQ:
		if (strcmp(now.attr, "srcdoc") == 0 || strcmp(now.attr, "srcset") == 0)
			fail("{{%s}} in attribute %s, which cannot be escaped safely; leave it out", what, now.attr);
		return;
	case AFTER_EQUALS:
	case IN_UNQUOTED:
		fail("{{%s}} %s; put quotes around it: %s=\"{{...}}\"", what, where(), now.attr);
		return;
	case IN_RAW:
		fail("{{%s}} %s; give the value to the script in a data- attribute of an element", what, where());
		return;
	case IN_COMMENT:
		fail("{{%s}} %s; use {{# ... }} for comments that stay here", what, where());
		return;
	default:
		fail("{{%s}} %s; only literal names, {{if}} and {{for}} may stand there", what, where());
	}
}

static bool in_value(void)
{
	return now.place == IN_DQ || now.place == IN_SQ;
}

static bool in_url(void)
{
	return in_value() && is_url_attr(now.attr);
}

static bool good_url_start(const char *value)
{
	return value[0] && strchr("/#?", value[0]) && !(value[0] == '/' && value[1] == '/');
}

/* The opening words of what comes before an expression in a URL must be ours. */
static void need_url_start(const char *what)
{
	if (now.url_whole)
		fail("nothing may stand behind {{url ...}} in the same attribute; build the whole address in C");
	if (!now.url_begun)
		fail("{{%s}} at the beginning of %s: write a literal /, # or ? before it, or {{url ...}}, which checks "
		     "the scheme", what, now.attr);
	if (!good_url_start(now.value))
		fail("{{%s}} in %s behind \"%s\": the value must begin with a single literal /, # or ?, or be {{url ...}}",
		     what, now.attr, now.value);
}

static void value_given(void)
{
	if (in_url())
		now.url_begun = true;
}

static void c_line(int at, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void c_line(int at, const char *fmt, ...)
{
	va_list ap;
	char *z;

	va_start(ap, fmt);
	if (vasprintf(&z, fmt, ap) < 0)
		need(NULL);
	va_end(ap);
	flush_literal();
	line_mark(at);
	indent();
	say(&code, "%s\n", z);
	free(z);
}

static void expression(char *e, int at)
{
	const char *fn = "tpl_put";

	need_value(e);
	if (*e == 0)
		fail("an empty {{}}");
	if (in_url()) {
		need_url_start(e);
		if (now.url_query)
			fail("{{%s}} inside a query string; write {{arg %s}}", e, e);
		fn = "tpl_segment";
	}
	value_given();
	c_line(at, "%s(o, %s);", fn, e);
}

static void translated(char *e, int at)
{
	char *end, *args;

	need_value("_ ...");
	if (in_url())
		fail("translated text in attribute %s, which holds an address", now.attr);
	value_given();
	if (*e != '"') {
		c_line(at, "tpl_put(o, _(%s));", e);
		return;
	}
	end = skip_quoted(e);
	if (end == NULL)
		fail("the string behind {{_ does not end; close it with \"");
	args = end;
	while (is_space(*args))
		args++;
	if (*args == 0) {
		c_line(at, "tpl_put(o, _(%s));", e);
		return;
	}
	if (*args != ',')
		fail("behind the text of {{_ \"...\"}} stands \"%s\"; arguments begin with a comma", args);
	*end = 0;
	args++;
	flush_literal();
	line_mark(at);
	indent();
	say(&code, "tpl_format(o, rq, %s", e);
	while (args) {
		char *comma = outer(args, ',');

		if (comma)
			*comma = 0;
		say(&code, ", tpl_argument(rq, %s)", trim(args));
		args = comma ? comma + 1 : NULL;
	}
	say(&code, ");\n");
}

static bool same_place(const struct html *x, const struct html *y)
{
	return x->place == y->place && strcmp(x->tag, y->tag) == 0 && strcmp(x->attr, y->attr) == 0 &&
	       x->closing == y->closing && x->pre == y->pre && x->url_begun == y->url_begun &&
	       x->url_whole == y->url_whole;
}

/* A name cut by a directive ends there. */
static void settle(void)
{
	if (now.place == IN_ATTR_NAME) {
		end_of_name();
		now.attr[0] = 0;
	}
	if (now.place == IN_TAG_NAME || now.place == IN_ATTR_NAME) {
		now.place = IN_TAG;
		now.glued = true;
	}
	if (now.place == AFTER_EQUALS || now.place == IN_UNQUOTED)
		fail("a directive in an unquoted attribute value; put quotes around it: %s=\"...\"", now.attr);
}

static void merge(const struct html *other, const char *what, int at)
{
	bool csrf = now.form_csrf && other->form_csrf, query = now.url_query || other->url_query;
	bool glued = now.glued || other->glued;

	if (!same_place(&now, other) || now.form_post != other->form_post)
		fail("the %s of line %d ends at another place of the HTML than it should (here: %s); open and close tags "
		     "and quotes inside the same branch", what, at, where());
	if (!good_url_start(other->value))
		memcpy(now.value, other->value, sizeof(now.value));
	now.form_csrf = csrf;
	now.url_query = query;
	now.glued = glued;
}

static void push(char kind, int at)
{
	if (depth == MAX_NEST)
		fail("nested deeper than %d; make a {{part}} of the inside", MAX_NEST);
	nest[depth++] = (struct block){.kind = kind, .line = at, .at_start = now};
}

static struct block *top(const char *what)
{
	if (depth == 0)
		fail("{{%s}} without {{if}} or {{for}} before it", what);
	return &nest[depth - 1];
}

static void open_if(char *e, int at)
{
	need_function("{{if}}");
	if (*e == 0)
		fail("{{if}} without a condition");
	settle();
	c_line(at, "if (%s) {", e);
	push('i', at);
}

static void next_branch(char *e, int at)
{
	struct block *b = top(e ? "elif" : "else");

	if (b->kind != 'i')
		fail("{{%s}} belongs to an {{if}}, but line %d opened %s", e ? "elif" : "else", b->line,
		     b->kind == 'f' ? "a {{for}}" : "an {{else}}");
	if (e && *e == 0)
		fail("{{elif}} without a condition");
	settle();
	flush_literal();
	if (b->have_branch)
		merge(&b->at_branch, "{{if}}", b->line);
	b->at_branch = now;
	b->have_branch = true;
	now = b->at_start;
	depth--;
	if (e)
		c_line(at, "} else if (%s) {", e);
	else
		c_line(at, "} else {");
	depth++;
	if (!e)
		b->kind = 'e';
}

static void open_for(char *e, int at)
{
	char *p = e, *comma, name[NAME_MAX_LEN];
	size_t n = 0;

	need_function("{{for}}");
	settle();
	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	n = (size_t)(p - e);
	while (is_space(*p))
		p++;
	if (n == 0 || n >= sizeof(name) || !word(&p, "in"))
		fail("write {{for x in array, count}}");
	memcpy(name, e, n);
	name[n] = 0;
	comma = outer(p, ',');
	if (comma == NULL)
		fail("{{for %s in ...}} without the count; write {{for %s in array, count}}", name, name);
	*comma = 0;
	c_line(at, "for (size_t %s_i = 0, %s_n = (size_t)(%s); %s_i < %s_n; %s_i++) {", name, name, trim(comma + 1), name,
	       name, name);
	push('f', at);
	indent();
	say(&code, "__auto_type %s = &(%s)[%s_i];\n", name, trim(p), name);
	indent();
	say(&code, "(void)%s;\n", name);
}

static void close_block(void)
{
	struct block b = *top("end");

	settle();
	flush_literal();
	if (b.kind == 'f')
		merge(&b.at_start, "{{for}}", b.line);
	else if (b.kind == 'i') {
		if (b.have_branch)
			merge(&b.at_branch, "{{if}}", b.line);
		/* without else nothing may have been written: that is the same as an empty branch */
		merge(&b.at_start, "{{if}}", b.line);
	} else
		merge(&b.at_branch, "{{if}}", b.line);
	depth--;
	indent();
	say(&code, "}\n");
}

static void add_unique(char **list, int *n, char *z, const char *twice)
{
	for (int i = 0; i < *n; i++)
		if (strcmp(list[i], z) == 0) {
			if (twice)
				fail(twice, z);
			return;
		}
	if (*n == MAX_NAMES)
		fail("more than %d", MAX_NAMES);
	list[(*n)++] = z;
}

static void close_function(void)
{
	if (!in_function)
		return;
	if (depth)
		fail_at(nest[depth - 1].line, "this {{%s}} has no {{end}}", nest[depth - 1].kind == 'f' ? "for" : "if");
	if (now.place != IN_TEXT)
		fail("the page ends %s", where());
	if (now.form_post && !now.form_csrf)
		fail_at(now.form_line, "this form posts without {{csrf}}; put {{csrf}} right behind <form ...>");
	while (lit.n && is_space(lit.p[lit.n - 1]))
		lit.n--;
	flush_literal();
	say(&code, "}\n\n");
	in_function = false;
	if (page_layout == NULL)
		return;
	say(&code, "void html_%s(struct buf *o, struct rq *rq, const void *view)\n{\n", page_name);
	if (*page_params) {
		line_mark(page_line);
		say(&code, "\t%s = view;\n\n\t(void)%s;\n", page_params, strrchr(page_params, '*') + 1);
	}
	line_mark(page_line);
	if (*page_title == '"')
		say(&code, "\tlayout_%s(o, rq, tpl_str(_(%s)), body_%s, view);\n}\n\n", page_layout, page_title, page_name);
	else
		say(&code, "\tlayout_%s(o, rq, tpl_str(%s), body_%s, view);\n}\n\n", page_layout, page_title, page_name);
	page_layout = NULL;
}

/* "NAME(PARAMS) rest" -> name and params; returns the rest. */
static char *signature(char *p, char **name, char **params, const char *example)
{
	char *open = strchr(p, '('), *close, *z;

	if (open == NULL)
		fail("write %s", example);
	z = trim(copy(p, (size_t)(open - p)));
	for (char *c = z; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			fail("\"%s\" is no name; write %s", z, example);
	if (*z == 0)
		fail("the name is missing; write %s", example);
	close = outer(open + 1, ')');
	if (close == NULL)
		fail("the ) is missing; write %s", example);
	*name = z;
	*params = trim(copy(open + 1, (size_t)(close - open - 1)));
	return trim(close + 1);
}

static void begin_function(void)
{
	now = (struct html){.place = IN_TEXT};
	in_function = true;
	lit.n = 0;
}

static void declare_page(char *e, int at)
{
	const char *example = "{{page NAME(const struct VIEW *v) in LAYOUT \"标题\"}}";
	char *name, *params, *rest, *p;

	rest = signature(e, &name, &params, example);
	add_unique(names, &nnames, name, "%s is declared twice in this folder; give one of them another name");
	if (*params && (strchr(params, '*') == NULL || outer(params, ',') != NULL))
		fail("a page takes one pointer to its view (or nothing); write %s", example);
	page_name = name;
	page_params = params;
	page_line = at;
	page_layout = NULL;
	p = rest;
	if (*rest) {
		if (!word(&p, "in") || *p == 0)
			fail("behind the parameters stands \"%s\"; write %s", rest, example);
		rest = p;
		while (*p && !is_space(*p))
			p++;
		page_layout = copy(rest, (size_t)(p - rest));
		page_title = trim(copy(p, strlen(p)));
		if (*page_title == 0)
			fail("the title is missing; write %s", example);
	}
	say(&decls, "void html_%s(struct buf *o, struct rq *rq, const void *view);\n", name);
	if (page_layout)
		say(&code, "static void body_%s(struct buf *o, struct rq *rq, const void *view)\n{\n", name);
	else
		say(&code, "void html_%s(struct buf *o, struct rq *rq, const void *view)\n{\n", name);
	if (*params) {
		line_mark(at);
		say(&code, "\t%s = view;\n\n\t(void)%s;\n", params, strrchr(params, '*') + 1);
	} else {
		say(&code, "\t(void)view;\n");
	}
	say(&code, "\t(void)rq;\n");
	begin_function();
}

static void declare_part(char *e, int at)
{
	char *name, *params, *rest;
	const char *comma;

	rest = signature(e, &name, &params, "{{part NAME(const struct THING *t)}}");
	if (*rest)
		fail("behind the parameters of the part stands \"%s\"; leave it out", rest);
	add_unique(names, &nnames, name, "%s is declared twice in this folder; give one of them another name");
	comma = *params ? ", " : "";
	say(&decls, "void part_%s(struct buf *o, struct rq *rq%s%s);\n", name, comma, params);
	line_mark(at);
	say(&code, "void part_%s(struct buf *o, struct rq *rq%s%s)\n{\n\t(void)rq;\n", name, comma, params);
	begin_function();
}

static void declare_layout(char *e)
{
	char *name = trim(copy(e, strlen(e)));

	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			fail("write {{layout NAME}}; inside, {{title}} is the page's title and {{block}} its place");
	add_unique(names, &nnames, name, "%s is declared twice in this folder; give one of them another name");
	say(&decls, "void layout_%s(struct buf *o, struct rq *rq, struct str title, html_fn body, const void *view);\n",
	    name);
	say(&code, "void layout_%s(struct buf *o, struct rq *rq, struct str title, html_fn body, const void *view)\n{\n",
	    name);
	say(&code, "\t(void)rq;\n\t(void)title;\n");
	begin_function();
}

static void use_header(char *e)
{
	if (in_function)
		fail("{{use ...}} must stand before the first {{page}} or {{part}} of the file");
	if (*e != '"' && *e != '<')
		fail("write {{use \"folder/header.h\"}}");
	add_unique(uses, &nuses, copy(e, strlen(e)), NULL);
}

static bool declaration(char *e, int at)
{
	bool page = word(&e, "page"), part = !page && word(&e, "part"), layout = !page && !part && word(&e, "layout");

	if (page || part || layout) {
		close_function();
		in_layout = layout;
		if (page)
			declare_page(e, at);
		else if (part)
			declare_part(e, at);
		else
			declare_layout(e);
		return true;
	}
	if (word(&e, "use")) {
		use_header(e);
		return true;
	}
	return false;
}

static bool control(char *e, int at)
{
	if (word(&e, "if"))
		open_if(e, at);
	else if (word(&e, "elif"))
		next_branch(e, at);
	else if (word(&e, "else"))
		next_branch(NULL, at);
	else if (word(&e, "end"))
		close_block();
	else if (word(&e, "for"))
		open_for(e, at);
	else
		return false;
	return true;
}

static void call_part(char *e, int at)
{
	char *name, *args;

	need_text("call");
	if (*signature(e, &name, &args, "{{call PART(argument)}}"))
		fail("write {{call PART(argument)}}");
	c_line(at, "part_%s(o, rq%s%s);", name, *args ? ", " : "", args);
}

/* Words that stand for something only with an argument behind; alone they are a C expression. */
static bool with_argument(char *e, int at)
{
	char *p = e;

	if (word(&p, "call") && *p) {
		call_part(p, at);
	} else if (p = e, word(&p, "time") && *p) {
		need_text("time");
		c_line(at, "tpl_time(o, rq, %s);", p);
	} else if (p = e, word(&p, "date") && *p) {
		need_text("date");
		c_line(at, "tpl_date(o, rq, %s);", p);
	} else if (p = e, word(&p, "raw") && *p) {
		need_text("raw");
		c_line(at, "tpl_raw(o, %s);", p);
	} else if (p = e, word(&p, "url") && *p) {
		need_value("url ...");
		if (!in_url() || now.url_begun)
			fail("{{url ...}} must be the whole value of href, src or action");
		now.url_whole = now.url_begun = true;
		c_line(at, "tpl_url(o, %s);", p);
	} else if (p = e, word(&p, "arg") && *p) {
		need_value("arg ...");
		if (!in_url())
			fail("{{arg ...}} belongs into the query string of an address (href, src, action)");
		need_url_start("arg ...");
		c_line(at, "tpl_segment(o, %s);", p);
	} else if (p = e, word(&p, "asset") && *p) {
		need_value("asset ...");
		if (!in_url() || now.url_begun)
			fail("{{asset \"css/x.css\"}} must be the whole value of href or src");
		now.url_whole = now.url_begun = true;
		c_line(at, "tpl_asset(o, %s);", p);
	} else if (p = e, word(&p, "c") && *p) {
		need_function("{{c}}");
		settle();
		c_line(at, "%s", p);
	} else {
		return false;
	}
	return true;
}

static void directive(char *e, int at)
{
	char *p = e;

	if (*e == '#')
		return;
	if (declaration(e, at) || control(e, at))
		return;
	if (strcmp(e, "csrf") == 0) {
		need_text("csrf");
		now.form_csrf = true;
		c_line(at, "tpl_csrf(o, rq);");
	} else if (strcmp(e, "block") == 0) {
		need_text("block");
		if (!in_layout)
			fail("{{block}} belongs into a {{layout}}");
		c_line(at, "body(o, rq, view);");
	} else if (strcmp(e, "_") == 0) {
		fail("{{_}} without a text");
	} else if (word(&p, "_") || (*e == '_' && e[1] == '"' && (p = e + 1))) {
		translated(p, at);
	} else if (!with_argument(e, at)) {
		expression(e, at);
	}
}

static void before_first(char *end)
{
	for (; pos < end; pos++) {
		if (*pos == '\n')
			line++;
		else if (!is_space(*pos))
			fail("text before the first {{page ...}}, {{part ...}} or {{layout ...}}");
	}
}

static void compile_file(void)
{
	pos = text;
	line = 1;
	in_function = in_layout = false;
	depth = 0;
	while (*pos) {
		char *open = strstr(pos, "{{"), *end, *inside;
		int at;

		if (in_function)
			literal(open ? open : pos + strlen(pos));
		else
			before_first(open ? open : pos + strlen(pos));
		if (open == NULL)
			break;
		at = line;
		end = end_of_directive(open + 2);
		if (end == NULL)
			fail("this {{ has no }}");
		inside = copy(open + 2, (size_t)(end - open - 2));
		directive(trim(inside), at);
		for (char *c = open; c < end + 2; c++)
			line += *c == '\n';
		pos = end + 2;
		if (in_function && lit.n == 0 && code.n && (strncmp(open, "{{page", 6) == 0 ||
		    strncmp(open, "{{part", 6) == 0 || strncmp(open, "{{layout", 8) == 0))
			while (is_space(*pos)) {
				line += *pos == '\n';
				pos++;
			}
	}
	close_function();
}

/* ---- files ---- */

static char *read_file(const char *name)
{
	FILE *f = fopen(name, "rb");
	char *p;
	long n;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (n = ftell(f)) < 0) {
		perror(name);
		exit(1);
	}
	rewind(f);
	p = need(malloc((size_t)n + 1));
	if (fread(p, 1, (size_t)n, f) != (size_t)n) {
		perror(name);
		exit(1);
	}
	fclose(f);
	p[n] = 0;
	if (memchr(p, 0, (size_t)n)) {
		fprintf(stderr, "%s:1: holds a NUL byte; save it as UTF-8\n", name);
		exit(1);
	}
	return p;
}

static void write_file(const char *prefix, const char *ext, const struct out *o)
{
	char name[4096];
	FILE *f;

	snprintf(name, sizeof(name), "%s%s", prefix, ext);
	f = fopen(name, "wb");
	if (f == NULL || fwrite(o->p, 1, o->n, f) != o->n || fclose(f) != 0) {
		perror(name);
		exit(1);
	}
}

static char *guard_name(const char *room)
{
	char *z = copy(room, strlen(room));

	for (char *p = z; *p; p++)
		*p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
	return z;
}

int main(int argc, char **argv)
{
	struct out h = {0}, c = {0};
	const char *room, *base;
	char *guard;

	if (argc < 3) {
		fputs("tplc ROOM OUT_PREFIX files...\n", stderr);
		return 2;
	}
	room = argv[1];
	base = strrchr(argv[2], '/');
	base = base ? base + 1 : argv[2];
	say(&decls, "%s", "");
	say(&code, "%s", "");
	for (int i = 3; i < argc; i++) {
		file = argv[i];
		text = read_file(file);
		compile_file();
	}
	guard = guard_name(room);
	say(&h, "/* made by tools/tplc from the templates of src/%s/html; do not edit */\n", room);
	say(&h, "#ifndef %s_HTML_H\n#define %s_HTML_H\n\n#include \"web/tpl.h\"\n", guard, guard);
	for (int i = 0; i < nuses; i++)
		say(&h, "#include %s\n", uses[i]);
	say(&h, "\n%s\n#endif\n", decls.p);
	say(&c, "/* made by tools/tplc from the templates of src/%s/html; do not edit */\n", room);
	say(&c, "#include \"%s/%s.h\"\n", room, base);
	if (strcmp(room, "web") != 0)
		say(&c, "#include \"web/web.html.h\"\n");
	say(&c, "\n%s", code.p);
	write_file(argv[2], ".h", &h);
	write_file(argv[2], ".c", &c);
	return 0;
}
