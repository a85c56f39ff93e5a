/* The compilers of tools/: what they refuse and how they say it, and what the pages they make look like. */
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "web/tpl.h"
#include "web/web.h"

static struct arena a;
static const char *tools;  /* folder of the built tools, beside the folder of this binary */

static int setup(void **state)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *at;

	(void)state;
	arena_init(&a, 0);
	assert_true(n > 0);
	self[n] = 0;
	at = strstr(self, "/src/web/test_tools");
	assert_non_null(at);
	tools = arena_printf(&a, "%.*s/tools", (int)(at - self), self).p;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&a);
	return 0;
}

static const char *put(const char *name, const char *text)
{
	const char *file = arena_printf(&a, "%s/%s", unit_tmp(), name).p;
	struct str why;

	if (file_write(&a, file, str_from(text), 0600, &why) != OK)
		fail_msg("%.*s", STR_ARG(why));
	return file;
}

/* Runs a tool; its exit status, and what it said on standard error. */
static int run(const char *const argv[], struct str *said)
{
	const char *log = arena_printf(&a, "%s/said", unit_tmp()).p;
	struct str why;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (freopen(log, "w", stderr) == NULL)
			_exit(126);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (file_read(&a, log, 1 << 20, said, &why) != OK)
		*said = STR("");
	return WEXITSTATUS(status);
}

static int tplc(const char *text, struct str *said, struct str *code)
{
	const char *file = put("page.html", text), *out = arena_printf(&a, "%s/page.html", unit_tmp()).p;
	const char *argv[] = {arena_printf(&a, "%s/tplc", tools).p, "cap/x", out, file, NULL};
	struct str why;
	int status = run(argv, said);

	if (status == 0 && file_read(&a, arena_printf(&a, "%s.c", out).p, 1 << 20, code, &why) != OK)
		fail_msg("%.*s", STR_ARG(why));
	return status;
}

/* ---- what is refused ---- */

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"{{page p()}}\n<p>{{x}", "page.html:2: this {{ has no }}"},
		{"hello", "page.html:1: text before the first"},
		{"{{page p()}}<a href={{x}}>", "put quotes around it: href="},
		{"{{page p()}}<a href=\"{{x}}\">", "write a literal /, # or ?"},
		{"{{page p()}}<a href=\"https://{{x}}\">", "must begin with a single literal /, # or ?"},
		{"{{page p()}}<a href=\"//{{x}}\">", "must begin with a single literal"},
		{"{{page p()}}<a href=\"javascript:{{x}}\">", "must begin with a single literal"},
		{"{{page p()}}<a href=\"/x?y={{x}}\">", "write {{arg x}}"},
		{"{{page p()}}<a href=\"/x{{url y}}\">", "must be the whole value"},
		{"{{page p()}}<a href=\"{{url y}}/x\">", "nothing may stand behind {{url ...}}"},
		{"{{page p()}}<a title=\"{{arg y}}\">", "belongs into the query string"},
		{"{{page p()}}\n<p\n {{x}}>", "page.html:3: {{x}} inside a tag"},
		{"{{page p()}}<p on{{x}}=\"y\">", "in the name of an attribute"},
		{"{{page p()}}<p onclick=\"go()\">", "no inline script"},
		{"{{page p()}}<p style=\"color:red\">", "no inline style"},
		{"{{page p()}}<script>{{x}}</script>", "inside <script> or <style>"},
		{"{{page p()}}<script>go()</script>", "text inside <script>"},
		{"{{page p()}}<style>p{}</style>", "text inside <style>"},
		{"{{page p()}}<!-- {{x}} -->", "inside an HTML comment"},
		{"{{page p()}}<img srcset=\"{{x}}\">", "srcset"},
		{"{{page p()}}<iframe srcdoc=\"{{x}}\">", "srcdoc"},
		{"{{page p()}}1 < 2", "write &lt;"},
		{"{{page p()}}<p title=>", "without a value"},
		{"{{page p()}}{{if x}}", "page.html:1: this {{if}} has no {{end}}"},
		{"{{page p()}}{{for x in v, n}}", "this {{for}} has no {{end}}"},
		{"{{page p()}}{{end}}", "without {{if}} or {{for}}"},
		{"{{page p()}}{{else}}", "without {{if}} or {{for}}"},
		{"{{page p()}}{{for x in v, n}}{{else}}{{end}}", "opened a {{for}}"},
		{"{{page p()}}{{if x}}{{else}}{{else}}{{end}}", "opened an {{else}}"},
		{"{{page p()}}{{for x in v}}{{end}}", "without the count"},
		{"{{page p()}}{{for in v, n}}{{end}}", "write {{for x in array, count}}"},
		{"{{page p()}}{{if x}}<p title=\"{{end}}\">", "ends at another place"},
		{"{{page p()}}<p {{if x}}title=\"a{{else}}lang=\"a{{end}}\">", "ends at another place"},
		{"{{page p()}}<a href=\"{{if x}}/a{{end}}\">", "ends at another place"},
		{"{{page p()}}<a href=\"{{if x}}http:{{else}}/a{{end}}{{y}}\">", "must begin with a single literal"},
		{"{{page p()}}<p a{{if x}}b=\"c\"{{end}}>", "put a space between"},
		{"{{page p()}}<form method=\"post\">\n</form>", "page.html:1: this form posts without {{csrf}}"},
		{"{{page p()}}<form method=POST></form>", "without {{csrf}}"},
		{"{{page p()}}<form method=\"post\">{{if x}}{{csrf}}{{end}}</form>", "without {{csrf}}"},
		{"{{page p()}}<form method=\"post\">", "without {{csrf}}"},
		{"{{page p()}}<p", "the page ends in the name of a tag"},
		{"{{page p()}}<p title=\"{{csrf}}\">", "only allowed in text"},
		{"{{page p()}}{{block}}", "belongs into a {{layout}}"},
		{"{{page p()}}{{_ \"x}}", "this {{ has no }}"},
		{"{{page p()}}{{_ \"x\" y}}", "arguments begin with a comma"},
		{"{{page p()}}{{_}}", "without a text"},
		{"{{page p()}}{{}}", "an empty {{}}"},
		{"{{page p()}}\n\n{{page p()}}", "page.html:3: p is declared twice"},
		{"{{page p}}", "write {{page NAME("},
		{"{{page p(int x)}}", "one pointer to its view"},
		{"{{page p() in web_layout}}", "the title is missing"},
		{"{{page p() into web_layout \"x\"}}", "behind the parameters"},
		{"{{page p()}}{{use \"x.h\"}}", "must stand before the first"},
		{"{{x}}", "before the first {{page"},
	};
	struct str said, code;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (tplc(bad[i].text, &said, &code) == 0)
			fail_msg("accepted: %s", bad[i].text);
		if (str_find(said, str_from(bad[i].says)) < 0)
			fail_msg("%s\nsays: %.*s\nnot: %s", bad[i].text, STR_ARG(said), bad[i].says);
	}
}

/* ---- what is made ---- */

static void test_made(void **state)
{
	static const struct {
		const char *text, *code;
	} good[] = {
		{"{{page p(const struct v *v)}}{{v->n}}", "\ttpl_put(o, v->n);"},
		{"{{page p()}}<a href=\"/c/{{x}}/d\">", "\ttpl_segment(o, x);"},
		{"{{page p()}}<a href=\"/c?d={{arg x}}#e\">", "\ttpl_segment(o, x);"},
		{"{{page p()}}<a href=\"{{if a}}/b{{else}}/c{{end}}/{{x}}\">", "\ttpl_segment(o, x);"},
		{"{{page p()}}<a href=\"/b{{if a}}?c={{arg d}}{{end}}\">", "\t\ttpl_segment(o, d);"},
		{"{{page p()}}<a href='{{url x}}'>", "\ttpl_url(o, x);"},
		{"{{page p()}}<p title=\"a {{x}}\">", "\ttpl_put(o, x);"},
		{"{{page p()}}<option{{if x}} selected{{end}} value=\"{{y}}\">", "\tif (x) {"},
		{"{{page p()}}<input {{if x}}checked{{end}}>", "\tif (x) {"},
		{"{{page p()}}<textarea>{{x}}</textarea>{{y}}", "\ttpl_put(o, y);"},
		{"{{page p()}}{{_ \"好\"}}", "\ttpl_put(o, _(\"好\"));"},
		{"{{page p()}}{{_ \"共 %d 件，%s\", f(a, b), c[d, e]}}",
		 "\ttpl_format(o, rq, \"共 %d 件，%s\", tpl_argument(rq, f(a, b)), tpl_argument(rq, c[d, e]));"},
		{"{{page p()}}{{for x in f(a, b), n}}{{x_i}}{{end}}", "__auto_type x = &(f(a, b))[x_i];"},
		{"{{page p()}}{{call q(a, b)}}", "\tpart_q(o, rq, a, b);"},
		{"{{part q(int a, const char *b)}}x", "void part_q(struct buf *o, struct rq *rq, int a, const char *b)"},
		{"{{page p()}}{{c->d}}{{times}}{{ifs}}", "\ttpl_put(o, c->d);"},
		{"{{page p()}}{{\"}}\"}}", "\ttpl_put(o, \"}}\");"},
		{"{{page p()}}{{# anything \" here }}x", "tpl_lit(o, \"x\");"},
		{"{{page p()}}a  b\n\n   c", "tpl_lit(o, \"a b\\n\"\n\t           \"c\");"},
		{"{{page p()}}<pre>a  b</pre>", "<pre>a  b</pre>"},
		{"{{page p()}}a\\\"b?" "?/", "a\\\\\\\"b?\\?/"},
		{"{{page p()}}<form method=\"post\">{{csrf}}</form><form></form>", "\ttpl_csrf(o, rq);"},
		{"{{page p() in web_layout \"题\"}}x", "\tlayout_web_layout(o, rq, tpl_str(_(\"题\")), body_p, view);"},
		{"{{layout l}}<title>{{title}}</title>{{block}}", "\tbody(o, rq, view);"},
		{"{{use \"a/b.h\"}}\n{{page p()}}\n\n{{x}}", "#line 4 \""},
	};
	struct str said, code;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (tplc(good[i].text, &said, &code) != 0)
			fail_msg("%s\nrefused: %.*s", good[i].text, STR_ARG(said));
		if (str_find(code, str_from(good[i].code)) < 0)
			fail_msg("%s\nmakes:\n%.*s\nnot: %s", good[i].text, STR_ARG(code), good[i].code);
	}
}

/* ---- translations ---- */

static int i18nc(const char *one, const char *two, struct str *said)
{
	const char *x = put("one.po", one), *y = put("two.po", two);
	const char *argv[] = {arena_printf(&a, "%s/i18nc", tools).p, arena_printf(&a, "%s/i18n.c", unit_tmp()).p, x, y, NULL};

	return run(argv, said);
}

static void test_i18nc(void **state)
{
	static const struct {
		const char *one, *two, *says;
	} bad[] = {
		{"msgid \"好\"\nmsgstr \"Good\"\n", "msgid \"\"\nmsgstr \"x\"\n\nmsgid \"好\"\nmsgstr \"Fine\"\n", "one.po:1"},
		{"msgid \"好\"\nmsgstr \"\"\n", "", "one.po:1: \"好\" has no English"},
		{"msgid \"%d 件\"\nmsgstr \"%s items\"\n", "", "argument 1"},
		{"msgid \"%d 件\"\nmsgstr \"items\"\n", "", "argument 1"},
		{"msgid \"%s %d\"\nmsgstr \"%d %s\"\n", "", "argument 1"},
		{"msgid \"好\"\nmsgid \"坏\"\n", "", "one.po:2: msgid twice"},
		{"msgstr \"x\"\n", "", "msgstr without msgid"},
		{"msgid \"好\n", "", "close it with"},
		{"msgid \"\\q\"\n", "", "is not known"},
		{"#, fuzzy\nmsgid \"好\"\nmsgstr \"x\"\n", "", "fuzzy"},
		{"msgctxt \"a\"\n", "", "only msgid"},
		{"msgid \"好\"\n", "", "has no msgstr"},
	};
	struct str said;

	(void)state;
	assert_int_equal(0, i18nc("msgid \"%s %d\"\nmsgstr \"%2$d %1$s\"\n# note\nmsgid \"多\"\n\"行\"\nmsgstr \"more\"\n\" lines\"\n",
				  "msgid \"多行\"\nmsgstr \"more lines\"\n\nmsgid \"100% 好\"\nmsgstr \"100 %\"\n", &said));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (i18nc(bad[i].one, bad[i].two, &said) == 0)
			fail_msg("accepted: %s", bad[i].one);
		if (str_find(said, str_from(bad[i].says)) < 0)
			fail_msg("%s\nsays: %.*s", bad[i].one, STR_ARG(said));
	}
}

static void test_embed(void **state)
{
	const char *css = put("a.css", "p{}"), *odd = put("a.odd", "x"), *out = arena_printf(&a, "%s/assets.c", unit_tmp()).p;
	const char *good[] = {arena_printf(&a, "%s/embed", tools).p, out, css, NULL};
	const char *bad[] = {good[0], out, odd, NULL};
	struct str said, code, why;

	(void)state;
	assert_int_equal(0, run(good, &said));
	assert_int_equal(OK, file_read(&a, out, 1 << 20, &code, &why));
	assert_true(str_find(code, STR("\"text/css; charset=utf-8\", \"")) >= 0);
	assert_true(str_find(code, arena_printf(&a, ".incbin \\\"%s\\\"", css)) >= 0);
	assert_true(str_find(code, STR(", asset_2, 3},")) >= 0);
	assert_int_not_equal(0, run(bad, &said));
	assert_true(str_find(said, STR("no content type")) >= 0);
}

int main(void)
{
#define PART(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {PART(test_refused), PART(test_made), PART(test_i18nc), PART(test_embed)};

	return UNIT_MAIN(tests);
}
