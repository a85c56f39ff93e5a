/*
 * Part of tplc.c: follows literal HTML byte by byte, so that tplc knows what surrounds an interpolation. It refuses what the content
 * security policy would block later.
 */
#ifndef TPLC_HTML_H
#define TPLC_HTML_H

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN 128

/* ---- where in the HTML we stand ---- */

enum place {
	IN_TEXT,     /* between tags */
	IN_RCDATA,   /* <title>, <textarea>: text without tags */
	IN_RAW,      /* <script>, <style> */
	IN_COMMENT,
	IN_TAG_NAME,
	IN_TAG,      /* between attributes */
	IN_ATTR_NAME,
	AFTER_EQUALS,
	IN_DQ, IN_SQ, /* quoted values */
	IN_UNQUOTED,
};

struct html {
	enum place place;
	char tag[NAME_MAX_LEN];   /* of the tag being read, or whose raw content is being read; lower case */
	char attr[NAME_MAX_LEN];
	bool closing;             /* </x */
	bool glued;               /* a directive stood right behind an unfinished name */
	bool url_begun;           /* URL attribute: something literal or {{url}} stands before */
	bool url_query;           /* ... and a '?' */
	bool url_whole;           /* ... and it was {{url}}: nothing may follow */
	char value[16];           /* first bytes of the literal value of the attribute */
	bool pre;                 /* inside <pre> or <textarea>: keep white space */
	bool form_post, form_csrf;
	int form_line;
};

/* Given by tplc.c. */
static char *text;
static int line;
static struct html now;
static void fail_at(int at, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));
#define fail(...) fail_at(line, __VA_ARGS__)

static bool name_in(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

static bool is_url_attr(const char *a)
{
	static const char *const list[] = {"href", "src", "action", "formaction", "poster", "data", "cite", "ping",
					   "manifest", "xlink:href", "background", NULL};
	return name_in(a, list);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void add_name(char *name, char c)
{
	size_t n = strlen(name);

	if (n + 1 >= NAME_MAX_LEN)
		fail("a name of %d signs: is a quote or > missing before?", NAME_MAX_LEN);
	name[n] = (char)tolower((unsigned char)c);
	name[n + 1] = 0;
}

static void end_of_value(void)
{
	if (strcmp(now.tag, "form") == 0 && strcmp(now.attr, "method") == 0 && strcasecmp(now.value, "post") == 0) {
		now.form_post = true;
		now.form_csrf = false;
		now.form_line = line;
	}
	now.attr[0] = 0;
	now.url_begun = now.url_query = now.url_whole = false;
	now.place = IN_TAG;
}

static void end_of_name(void)
{
	if (strncmp(now.attr, "on", 2) == 0 && now.attr[2])
		fail("attribute %s: the content security policy lets no inline script run; put the behaviour into "
		     "web/js and mark the element with a data- attribute", now.attr);
	if (strcmp(now.attr, "style") == 0)
		fail("attribute style: the content security policy lets no inline style through; use a class of "
		     "web/css (or width/height/value attributes)");
}

static void end_of_tag(void)
{
	bool raw = strcmp(now.tag, "script") == 0 || strcmp(now.tag, "style") == 0;
	bool rc = strcmp(now.tag, "textarea") == 0 || strcmp(now.tag, "title") == 0;

	now.place = IN_TEXT;
	now.glued = false;
	if (strcmp(now.tag, "pre") == 0 || strcmp(now.tag, "textarea") == 0)
		now.pre = !now.closing;
	if (now.closing && strcmp(now.tag, "form") == 0) {
		if (now.form_post && !now.form_csrf)
			fail_at(now.form_line, "this form posts without {{csrf}}; put {{csrf}} right behind <form ...>");
		now.form_post = false;
	}
	if (!now.closing && raw)
		now.place = IN_RAW;
	else if (!now.closing && rc)
		now.place = IN_RCDATA;
	else
		now.tag[0] = 0;
	now.closing = false;
}

static bool closes_here(const char *p)
{
	size_t n = strlen(now.tag);

	return p[0] == '<' && p[1] == '/' && strncasecmp(p + 2, now.tag, n) == 0 &&
	       !isalnum((unsigned char)p[2 + n]);
}

static void value_char(char c)
{
	size_t n = strlen(now.value);

	if (n + 1 < sizeof(now.value)) {
		now.value[n] = c;
		now.value[n + 1] = 0;
	}
	if (!is_url_attr(now.attr))
		return;
	if (now.url_whole)
		fail("nothing may stand behind {{url ...}} in the same attribute; build the whole address in C");
	now.url_begun = true;
	if (c == '?')
		now.url_query = true;
}

static void start_value(enum place place)
{
	now.place = place;
	now.url_begun = now.url_query = now.url_whole = false;
	now.value[0] = 0;
}

/* One byte of literal HTML. */
static void html_char(const char *p)
{
	char c = *p;

	switch (now.place) {
	case IN_TEXT:
		if (c != '<')
			break;
		if (strncmp(p, "<!--", 4) == 0) {
			now.place = IN_COMMENT;
		} else if (isalpha((unsigned char)p[1]) || p[1] == '/' || p[1] == '!') {
			now.place = IN_TAG_NAME;
			now.tag[0] = now.attr[0] = 0;
			now.closing = false;
			now.glued = false;
		} else {
			fail("a bare < in the text; write &lt;");
		}
		break;
	case IN_RCDATA:
		if (closes_here(p)) {
			now.place = IN_TAG_NAME;
			now.tag[0] = 0;
		}
		break;
	case IN_RAW:
		if (closes_here(p)) {
			now.place = IN_TAG_NAME;
			now.tag[0] = 0;
		} else if (!is_space(c)) {
			fail("text inside <%s>: the content security policy blocks it; use a file of web/%s", now.tag,
			     now.tag[1] == 't' ? "css" : "js");
		}
		break;
	case IN_COMMENT:
		if (c == '>' && p - text >= 2 && p[-1] == '-' && p[-2] == '-')
			now.place = IN_TEXT;
		break;
	case IN_TAG_NAME:
		if (c == '/' && now.tag[0] == 0)
			now.closing = true;
		else if (c == '>')
			end_of_tag();
		else if (is_space(c) || c == '/')
			now.place = IN_TAG;
		else
			add_name(now.tag, c);
		break;
	case IN_TAG:
		if (c == '>') {
			end_of_tag();
		} else if (is_space(c) || c == '/') {
			now.glued = false;
		} else {
			if (now.glued)
				fail("'%c' right behind a directive inside a tag: put a space between them", c);
			now.place = IN_ATTR_NAME;
			now.attr[0] = 0;
			add_name(now.attr, c);
		}
		break;
	case IN_ATTR_NAME:
		if (c == '=') {
			end_of_name();
			now.place = AFTER_EQUALS;
		} else if (is_space(c) || c == '/') {
			end_of_name();
			now.attr[0] = 0;
			now.place = IN_TAG;
		} else if (c == '>') {
			end_of_name();
			now.attr[0] = 0;
			end_of_tag();
		} else {
			add_name(now.attr, c);
		}
		break;
	case AFTER_EQUALS:
		if (c == '"')
			start_value(IN_DQ);
		else if (c == '\'')
			start_value(IN_SQ);
		else if (is_space(c) || c == '>')
			fail("attribute %s= without a value", now.attr);
		else {
			start_value(IN_UNQUOTED);
			value_char(c);
		}
		break;
	case IN_DQ:
	case IN_SQ:
		if (c == (now.place == IN_DQ ? '"' : '\''))
			end_of_value();
		else
			value_char(c);
		break;
	case IN_UNQUOTED:
		if (is_space(c))
			end_of_value();
		else if (c == '>') {
			end_of_value();
			end_of_tag();
		} else
			value_char(c);
		break;
	}
}

#endif
