/*
 * What must hold for every route of every capability, taken from the tables: nobody gets in without the right, no post without
 * the form's token, and nothing that is sent makes the server fail.
 */
#include "web/testing.h"

#include "web/i18n.h"

#define PASSWORD "correct-horse-battery"

static struct site site;

/* ---- accounts: one without rights; three that hold, together, all permissions everywhere ---- */

/* The three administrators (GB/T 22239) exclude each other, so no role can hold everything. */
static const char *const duties[] = {"system", "security", "audit"};

static enum err load_roles(struct tx *tx, void *arg)
{
	struct str why = STR_NULL;

	return actor_load_roles(tx, *(struct str *)arg, &why);
}

static bool role_accepted(const char *duty, const char *permission)
{
	struct str csv = arena_printf(&site.arena, "role,title,title_en,duty,permissions\ntry,试,Try,%s,%s\n", duty, permission);

	return db_write(site.app->db, load_roles, &csv) == OK;
}

/* Adds the permission to the roles that may hold it. */
static void add_word(struct str lists[3], const char *permission)
{
	bool ordinary = role_accepted("", permission), somewhere = false;

	for (size_t i = 0; i < ARRAY_LEN(duties); i++) {
		struct str around = arena_printf(&site.arena, " %.*s ", STR_ARG(lists[i]));

		if (!ordinary && !role_accepted(duties[i], permission))
			continue;
		somewhere = true;
		if (str_find(around, arena_printf(&site.arena, " %s ", permission)) < 0)
			lists[i] = arena_printf(&site.arena, "%.*s %s", STR_ARG(lists[i]), permission);
	}
	if (!somewhere)
		fail_msg("no role can hold the permission %s", permission);
}

/* Roles that hold every permission that any route, menu entry or table names. */
static void make_roles(void)
{
	struct str lists[3] = {STR(""), STR(""), STR("")}, csv = STR("role,title,title_en,duty,permissions\n");

	for (const struct capability *const *c = capabilities; *c; c++) {
		for (const struct permission *p = (*c)->permissions; p && p->name; p++)
			add_word(lists, p->name);
		for (const struct route *r = (*c)->routes; r && r->path; r++)
			if (r->needs)
				add_word(lists, r->needs);
		for (const struct menu_entry *m = (*c)->menu; m && m->path; m++)
			if (m->needs)
				add_word(lists, m->needs);
	}
	for (size_t i = 0; i < ARRAY_LEN(duties); i++)
		csv = arena_printf(&site.arena, "%.*sall_%s,全部,All,%s,%.*s\n", STR_ARG(csv), duties[i], duties[i],
				   STR_ARG(lists[i]));
	assert_int_equal(OK, db_write(site.app->db, load_roles, &csv));
}

static int setup(void **state)
{
	if (unit_setup(state) != 0)
		return 1;
	site_start(&site, *state);
	make_roles();
	site_account(&site, "nobody", NULL, PASSWORD);
	for (size_t i = 0; i < ARRAY_LEN(duties); i++)
		site_account(&site, duties[i], arena_printf(&site.arena, "all_%s", duties[i]).p, PASSWORD);
	return 0;
}

static int teardown(void **state)
{
	site_stop(&site);
	return unit_teardown(state);
}

/* ---- walking ---- */

/* A path of the route with each parameter replaced. */
static const char *path_with(const struct route *r, const char *value)
{
	struct str rest = str_from(r->path + 1), segment, out = STR("");

	while (str_split(&rest, '/', &segment)) {
		bool param = segment.n && (segment.p[0] == ':' || segment.p[0] == '*');

		out = arena_printf(&site.arena, "%.*s/%.*s", STR_ARG(out), param ? (int)strlen(value) : (int)segment.n,
				   param ? value : segment.p);
	}
	return arena_strz(&site.arena, out);
}

static bool is_get(const struct route *r)
{
	return strcmp(r->method, "GET") == 0;
}

static void failed(const struct route *r, const char *what, int status)
{
	fail_msg("%s %s: %s (status %d)", r->method, r->path, what, status);
}

static void each_route(void (*fn)(const struct route *r, struct browser *b), struct browser *b)
{
	for (const struct capability *const *c = capabilities; *c; c++)
		for (const struct route *r = (*c)->routes; r && r->path; r++)
			fn(r, b);
}

/* ---- the laws ---- */

static void refuses_nobody(const struct route *r, struct browser *b)
{
	const char *path = path_with(r, "1");
	int status;

	if (r->flags & R_PUBLIC)
		return;
	if (is_get(r)) {
		status = browser_get(b, path)->status;
	} else {
		browser_get(b, "/login"); /* for a token that is good */
		status = browser_post(b, path, "a=1")->status;
	}
	if (r->flags & R_JSON ? status != 401 : status != 303)
		failed(r, "must send nobody to the login", status);
	if (!(r->flags & R_JSON) && !str_starts(reply_header(&b->last, "Location"), "/login"))
		failed(r, "must send nobody to the login page", status);
}

static void test_nobody(void **state)
{
	struct browser b = {.site = &site};

	(void)state;
	each_route(refuses_nobody, &b);
}

static void refuses_without_right(const struct route *r, struct browser *b)
{
	const char *path = path_with(r, "1");
	int status;

	if (r->needs == NULL)
		return;
	if (is_get(r)) {
		status = browser_get(b, path)->status;
	} else {
		browser_get(b, "/me");
		status = browser_post(b, path, "a=1")->status;
	}
	if (status != (r->flags & R_NO_CSRF ? 401 : 403))
		failed(r, "must refuse an account without the permission", status);
}

static void test_without_right(void **state)
{
	struct browser b = {.site = &site};

	(void)state;
	browser_login(&b, "nobody", PASSWORD);
	each_route(refuses_without_right, &b);
}

static void refuses_without_token(const struct route *r, struct browser *b)
{
	int status;

	if (is_get(r))
		return;
	status = browser_send(b, r->method, path_with(r, "1"), STR("a=1"), NULL)->status;
	if ((r->flags & R_NO_CSRF) && status != 401)
		failed(r, "must refuse a post without a program's key", status);
	if (!(r->flags & R_NO_CSRF) && status != 403)
		failed(r, "must refuse a post without the form's token", status);
}

static void test_without_token(void **state)
{
	struct browser b = {.site = &site}, in = {.site = &site};

	(void)state;
	each_route(refuses_without_token, &b);
	browser_login(&in, "system", PASSWORD);
	each_route(refuses_without_token, &in);
}

static void survived(const struct route *r, struct browser *b, const char *what)
{
	if (b->last.status < 200 || b->last.status >= 500)
		failed(r, what, b->last.status);
}

static void survives(const struct route *r, struct browser *b)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"};
	static const char *const values[] = {"1", "9223372036854775807", "-1", "%E8%B7%AF", "%27%22%3Cx%3E", "a.b", "0"};
	static const char garbage[] = "\xff\xfe%zz=%&&==&a=%00%01\x80&text=\xe8\xb7";
	struct str body = {garbage, sizeof(garbage) - 1};

	if (r->flags & R_STREAM)
		return; /* an open stream does not end by itself */
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		browser_send(b, methods[i], path_with(r, "1"), i >= 2 ? body : STR_NULL, NULL);
		survived(r, b, methods[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		if (!is_get(r))
			continue;
		browser_get(b, path_with(r, values[i]));
		survived(r, b, values[i]);
		browser_get(b, arena_printf(&site.arena, "%s?before=%s&q=%s&state=%s&n=%s&page=%s&place=%s", path_with(r, values[i]),
					    values[i], values[i], values[i], values[i], values[i], values[i]).p);
		survived(r, b, "a query of garbage");
	}
}

static void survives_post(const struct route *r, struct browser *b)
{
	static const char *const fields[] = {
		"", "id=1&version=1&action=x&note=x&text=x&what=x&place=x&code=x&title=x",
		"id=99999999999999999999&version=-1&action=%27&what=%00&place=%FF&score=9&lon=x&lat=nan",
		"id=1&id=2&what=%E8%B7%AF%E7%81%AF%E4%B8%8D%E4%BA%AE&place=5001&next=//evil",
	};
	static const char multipart[] = "--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"../../a\"\r\n\r\n\xff\r\n--x";

	if (is_get(r) || strcmp(r->path, "/logout") == 0 || strcmp(r->path, "/me/password") == 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		browser_get(b, "/login");
		if (browser_hidden(b, "_csrf")[0] == 0)
			browser_get(b, "/me");
		browser_post(b, path_with(r, "1"), fields[i]);
		survived(r, b, *fields[i] ? fields[i] : "an empty post");
	}
	browser_send(b, "POST", path_with(r, "1"), (struct str){multipart, sizeof(multipart) - 1}, "multipart/form-data; boundary=x");
	survived(r, b, "a broken multipart body");
	browser_send(b, "POST", path_with(r, "1"), STR("{\"a\":"), "application/json");
	survived(r, b, "broken JSON");
}

static void test_garbage(void **state)
{
	struct browser out = {.site = &site};

	(void)state;
	each_route(survives, &out);
	each_route(survives_post, &out);
	for (size_t i = 0; i < ARRAY_LEN(duties); i++) {
		struct browser in = {.site = &site};

		browser_login(&in, duties[i], PASSWORD);
		each_route(survives, &in);
		each_route(survives_post, &in);
	}
}

/* Every text of the tables can be read in English. */
static void in_english(const char *zh, const char *where)
{
	if (zh == NULL || *zh == 0)
		fail_msg("%s has no text", where);
	else if (i18n_english(zh) == NULL)
		fail_msg("%s: \"%s\" has no English; add it to en.po", where, zh);
}

static void described(const struct route *r, struct browser *b)
{
	(void)b;
	in_english(r->about, r->path);
}

static void test_texts(void **state)
{
	struct arena a;
	struct router *router;
	struct str why;

	(void)state;
	arena_init(&a, 0);
	if (router_build(capabilities, &a, &router, &why) != OK)
		fail_msg("%.*s", STR_ARG(why));
	arena_release(&a);
	each_route(described, NULL);
	for (const struct capability *const *c = capabilities; *c; c++) {
		in_english((*c)->title, (*c)->name);
		for (const struct menu_entry *m = (*c)->menu; m && m->path; m++)
			in_english(m->title, m->path);
		for (const struct permission *p = (*c)->permissions; p && p->name; p++)
			in_english(p->title, p->name);
		for (const struct subcommand *s = (*c)->subcommands; s && s->name; s++)
			in_english(s->about, s->name);
	}
}

int main(void)
{
#define BOTH(f) \
	{#f " SQLite", f, setup, teardown, (void *)(uintptr_t)DB_SQLITE}, {#f " PG", f, setup, teardown, (void *)(uintptr_t)DB_PG}
#define ONE(f) {#f, f, setup, teardown, (void *)(uintptr_t)DB_SQLITE}
	static const struct CMUnitTest tests[] = {
		ONE(test_nobody), ONE(test_without_right), ONE(test_without_token), BOTH(test_garbage), cmocka_unit_test(test_texts),
	};

	return UNIT_MAIN(tests);
}
