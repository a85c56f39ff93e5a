/* For tests of pages: a server on a free port over the store of the unit harness, and a small browser with cookies. */
#ifndef WEB_TESTING_H
#define WEB_TESTING_H

#include "tests/unit.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "core/matter/matter.h"
#include "core/place/testing.h"
#include "crypto/crypto.h"
#include "web/inner.h"
#include "web/serve.h"

struct site {
	struct unit *u;
	struct app *app;
	struct config config;
	struct arena arena;
	int port;
};

struct reply {
	int status;
	struct str head, body;
};

struct browser {
	struct site *site;
	char cookies[8][2][512];    /* name, value */
	struct str extra;           /* header lines, each ending in CR LF */
	struct reply last;
};

static inline void site_keys(void)
{
	static struct keyring *ring;
	static struct arena a;
	struct str why;

	if (ring)
		return;
	crypto_init();
	arena_init(&a, 0);
	if (keyring_open(arena_printf(&a, "%s/keys", unit_tmp()).p, true, "sm", &ring, &a, &why) != OK)
		BUG("%.*s", STR_ARG(why));
	keyring_use(ring);
}

static inline void site_start(struct site *s, struct unit *u)
{
	struct str why;

	*s = (struct site){.u = u};
	site_keys();
	arena_init(&s->arena, 0);
	db_close(u->db);
	u->db = NULL;
	config_preset(&s->config, &s->arena);
	s->config.listen = "127.0.0.1:0";
	s->config.store = u->url;
	s->config.var = arena_printf(&s->arena, "%s/var", unit_tmp()).p;
	s->config.access_log = false;
	if (web_start(&s->config, &s->app, &s->arena, &why) != OK)
		BUG("%.*s", STR_ARG(why));
	s->port = http_port(s->app->http);
}

static inline void site_stop(struct site *s)
{
	web_stop(s->app);
	arena_release(&s->arena);
	unit_store_reopen(s->u, NULL);
}

/* ---- an account ---- */

struct site_account {
	const char *login, *role;   /* role NULL: none */
	struct str hash;
	int64_t id;
};

static inline enum err site_account_job(struct tx *tx, void *arg)
{
	struct site_account *x = arg;
	struct str why = STR_NULL;
	enum err e = actor_create(tx, str_from(x->login), STR("测试"), x->hash, &x->id);

	if (e == OK && x->role)
		e = actor_grant(tx, x->id, str_from(x->role), STR(""), 0, 0, 0, &why);
	return e;
}

static inline int64_t site_account(struct site *s, const char *login, const char *role, const char *password)
{
	struct site_account x = {.login = login, .role = role};

	if (password_hash(&s->arena, str_from(password), &x.hash) != OK)
		BUG("password hash");
	assert_int_equal(OK, db_write(s->app->db, site_account_job, &x));
	return x.id;
}

/* ---- what the tests of capabilities begin with: roles, places, staff, matters ---- */

static inline enum err site_roles_job(struct tx *tx, void *arg)
{
	struct site *s = arg;
	struct str roles, why = STR_NULL;

	if (file_read(tx->arena, "data/roles.csv", 1 << 20, &roles, &why) != OK || actor_load_roles(tx, roles, &why) != OK)
		fail_msg("roles of port %d: %.*s", s->port, STR_ARG(why));
	return OK;
}

/* For a setup: the store, the site with these capabilities and the roles; *hash is that of everybody's password. */
static inline int site_setup(struct site *s, void **state, const struct capability *const *list, const char *password, struct str *hash)
{
	if (unit_setup(state) != 0)
		return 1;
	web_capabilities = list;
	site_start(s, *state);
	return password_hash(&s->arena, str_from(password), hash) == OK && db_write(s->app->db, site_roles_job, s) == OK ? 0 : 1;
}

/* The same with a job that makes the rest, its places and staff; and the end. */
static inline int site_world(struct site *s, void **state, const struct capability *const *list, const char *password, struct str *hash, db_job make)
{
	return site_setup(s, state, list, password, hash) == 0 && db_write(s->app->db, make, NULL) == OK ? 0 : 1;
}

static inline int site_teardown(struct site *s, void **state)
{
	site_stop(s);
	return unit_teardown(state);
}

/* The key lives as long as the site. */
static inline struct str site_place(struct site *s, struct tx *tx, struct str parent, const char *code, const char *name, enum place_level level)
{
	return place_made(tx, &s->arena, parent, code, name, level, NAN, NAN);
}

static inline int64_t site_staff(struct tx *tx, const char *login, struct str hash, const char *role, struct str place, int64_t org)
{
	struct str why = STR_NULL;
	int64_t id;

	assert_int_equal(OK, actor_create(tx, str_from(login), str_from(login), hash, &id));
	if (actor_grant(tx, id, str_from(role), place, org, 0, 0, &why) != OK)
		fail_msg("%s: %.*s", login, STR_ARG(why));
	return id;
}

/* What a resident reports. */
static inline int64_t site_report(struct site *s, struct matter_new m)
{
	m.scenario = scenario_current(STR("resident-report"));
	m.channel = STR("portal");
	m.lon = m.lat = NAN;
	assert_non_null(m.scenario);
	if (matter_prepare(&s->arena, &m, clock_now()) != OK)
		fail_msg("%.*s", STR_ARG(m.why));
	assert_int_equal(OK, db_write(s->app->db, matter_file, &m));
	return m.id;
}

/* With these words, of the usual scenario. */
static inline int64_t site_report_of(struct site *s, struct str place, const char *what)
{
	struct matter_value v = {STR("what"), str_from(what)};

	return site_report(s, (struct matter_new){.values = &v, .nvalues = 1, .place = place});
}

/* ---- the browser ---- */

static inline void browser_keep_cookie(struct browser *b, struct str line)
{
	struct str name, value, rest = line;
	size_t slot = 0;
	bool gone = str_find(line, STR("Max-Age=0")) >= 0;

	assert_true(str_split(&rest, '=', &name) && str_split(&rest, ';', &value));
	assert_true(name.n < 512 && value.n < 512);
	for (slot = 0; slot < 8 && b->cookies[slot][0][0]; slot++)
		if (str_eqz(name, b->cookies[slot][0]))
			break;
	assert_true(slot < 8);
	snprintf(b->cookies[slot][0], 512, "%.*s", STR_ARG(name));
	snprintf(b->cookies[slot][1], 512, "%.*s", gone ? 0 : (int)value.n, value.p);
}

static inline struct str reply_header(const struct reply *r, const char *name)
{
	struct str rest = r->head, line;

	while (str_split(&rest, '\n', &line)) {
		ptrdiff_t colon = str_chr(line, ':');

		if (colon > 0 && str_ieqz(str_sub(line, 0, (size_t)colon), name))
			return str_trim(str_sub(line, (size_t)colon + 1, line.n));
	}
	return STR_NULL;
}

static inline struct str browser_exchange(struct browser *b, struct str request)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)b->site->port)};
	struct timeval limit = {.tv_sec = 20};
	struct buf in;
	struct str out;
	ssize_t n;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	assert_int_equal(0, connect(fd, (struct sockaddr *)&to, sizeof(to)));
	for (size_t at = 0; at < request.n; at += (size_t)n) {
		n = send(fd, request.p + at, request.n - at, MSG_NOSIGNAL);
		if (n <= 0)
			break; /* refused before the end of the body: the answer is still to be read */
	}
	buf_init(&in, 16 << 20);
	for (;;) {
		char *room = buf_reserve(&in, 16384);

		assert_non_null(room);
		n = recv(fd, room, 16384, 0);
		if (n <= 0)
			break;
		in.n += (size_t)n;
	}
	close(fd);
	out = arena_str(&b->site->arena, buf_str(&in));
	buf_release(&in);
	return out;
}

/* body p NULL: none. type NULL: a form. */
static inline struct reply *browser_send(struct browser *b, const char *method, const char *path, struct str body,
					 const char *type)
{
	struct arena *a = &b->site->arena;
	struct str cookies = STR(""), request, all, rest, line;
	ptrdiff_t end;

	for (size_t i = 0; i < 8 && b->cookies[i][0][0]; i++)
		if (b->cookies[i][1][0])
			cookies = arena_printf(a, "%.*s%s%s=%s", STR_ARG(cookies), cookies.n ? "; " : "", b->cookies[i][0],
					       b->cookies[i][1]);
	request = arena_printf(a, "%s %s HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n%.*s", method, path,
			       b->site->port, STR_ARG(b->extra));
	if (cookies.n)
		request = arena_printf(a, "%.*sCookie: %.*s\r\n", STR_ARG(request), STR_ARG(cookies));
	if (body.p)
		request = arena_printf(a, "%.*sContent-Type: %s\r\nContent-Length: %zu\r\n", STR_ARG(request),
				       type ? type : "application/x-www-form-urlencoded", body.n);
	request = arena_cat(a, request, STR("\r\n"));
	if (body.p)
		request = arena_cat(a, request, body);
	all = browser_exchange(b, request);
	b->last = (struct reply){0};
	end = str_find(all, STR("\r\n\r\n"));
	if (end < 0)
		return &b->last;
	b->last.head = str_sub(all, 0, (size_t)end);
	b->last.body = str_sub(all, (size_t)end + 4, all.n);
	if (all.n > 12)
		b->last.status = (int)strtol(all.p + 9, NULL, 10);
	rest = b->last.head;
	while (str_split(&rest, '\n', &line))
		if (str_ieqz(str_sub(line, 0, 11), "Set-Cookie:"))
			browser_keep_cookie(b, str_trim(str_sub(line, 11, line.n)));
	return &b->last;
}

static inline struct reply *browser_get(struct browser *b, const char *path)
{
	return browser_send(b, "GET", path, STR_NULL, NULL);
}

/* Value of a hidden field in the last page. */
static inline const char *browser_hidden(struct browser *b, const char *name)
{
	struct str mark = arena_printf(&b->site->arena, "name=\"%s\" value=\"", name), rest = b->last.body, value;
	ptrdiff_t at = str_find(rest, mark);

	if (at < 0)
		return "";
	rest = str_sub(rest, (size_t)at + mark.n, rest.n);
	assert_true(str_split(&rest, '"', &value));
	return arena_strz(&b->site->arena, value);
}

/* Posts fields behind the token and key of the last page. */
static inline struct reply *browser_post(struct browser *b, const char *path, const char *fields)
{
	struct str body = arena_printf(&b->site->arena, "_csrf=%s&_key=%s%s%s", browser_hidden(b, "_csrf"),
				       browser_hidden(b, "_key"), *fields ? "&" : "", fields);

	return browser_send(b, "POST", path, body, NULL);
}

static inline void browser_login(struct browser *b, const char *login, const char *password)
{
	browser_get(b, "/login");
	browser_post(b, "/login", arena_printf(&b->site->arena, "login=%s&password=%s", login, password).p);
	assert_int_equal(303, b->last.status);
}

static inline struct browser browser_as(struct site *s, const char *login, const char *password)
{
	struct browser b = {.site = s};

	browser_login(&b, login, password);
	return b;
}

static inline bool browser_has(const struct browser *b, const char *what)
{
	return str_find(b->last.body, str_from(what)) >= 0;
}

#endif
