/* Webhooks on both stores: which addresses are spoken to, who is told of what, numbers, signatures, tries, stopping, pages and the API. */
#include "web/testing.h"

#include <jansson.h>
#include <math.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/json.h"
#include "cap/webhooks/guard.h"
#include "cap/webhooks/webhooks.h"
#include "cap/webhooks/webhooks.sql.h"
#include "core/actor/api_key.h"
#include "core/journal/journal.h"
#include "core/matter/matter.h"
#include "core/place/place.h"

extern const struct capability cap_account, cap_webhooks;
static const struct capability *const list[] = {&cap_account, &cap_webhooks, NULL};

#define PASSWORD "Four-plain-words-7"

/* ---- addresses ---- */

static bool allowed(const struct guard *g, const char *ip)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
		return guard_allows(g, (struct sockaddr *)&v4);
	assert_int_equal(1, inet_pton(AF_INET6, ip, &v6.sin6_addr));
	return guard_allows(g, (struct sockaddr *)&v6);
}

static void addresses(void **state)
{
	static const char *const open[] = {"8.8.8.8", "114.114.114.114", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2400:3200::1", "::ffff:8.8.8.8"};
	static const char *const shut[] = {
		"127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"100.100.100.200", "192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1",
		"fc00::1", "fd12::1", "ff02::1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:0:1::1", "::7f00:1"};
	static const char *const nets[] = {"10.20.0.0/16", "fd00::/8", "127.0.0.1", NULL}, *const wrong[] = {"10.20.0.0/33", NULL}, *const word[] = {"intranet", NULL};
	struct guard none = {0}, g;
	struct sockaddr unix_socket = {.sa_family = AF_UNIX};
	const char *bad;
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		if (!allowed(&none, open[i]))
			fail_msg("%s is refused", open[i]);
	for (size_t i = 0; i < ARRAY_LEN(shut); i++)
		if (allowed(&none, shut[i]))
			fail_msg("%s is connected to", shut[i]);
	assert_false(guard_allows(&none, &unix_socket));
	assert_int_equal(OK, guard_read(&a, nets, &g, &bad));
	assert_true(allowed(&g, "10.20.255.1") && allowed(&g, "fd12::1") && allowed(&g, "127.0.0.1") && allowed(&g, "::ffff:10.20.0.1"));
	assert_false(allowed(&g, "10.21.0.1") || allowed(&g, "127.0.0.2") || allowed(&g, "fe80::1"));
	assert_int_equal(ERR_INPUT, guard_read(&a, wrong, &g, &bad));
	assert_string_equal("10.20.0.0/33", bad);
	assert_int_equal(ERR_INPUT, guard_read(&a, word, &g, &bad));
	arena_release(&a);
}

static void texts(void **state)
{
	static const struct { const char *url, *host; } good[] = {
		{"https://hooks.example.cn/x?key=1", "hooks.example.cn"}, {"http://10.0.0.1:8080/", "10.0.0.1:8080"}, {"https://[fd00::1]:8443/x", "[fd00::1]:8443"}};
	static const char *const bad[] = {
		"", "hooks.example.cn", "ftp://example.cn/", "file:///etc/passwd", "gopher://example.cn/", "javascript:alert(1)", "https://",
		"https://user:word@example.cn/", "https://example.cn/#x", "https://exa mple.cn/", "https://例子.cn/", "https://example.cn/\r\nX: y",
		"smtp://127.0.0.1:25/", "https://user@example.cn/"};
	struct arena a;
	struct str host;

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (guard_url(&a, str_from(good[i].url), &host))
			fail_msg("%s", good[i].url);
		assert_true(str_eqz(host, good[i].host));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (guard_url(&a, str_from(bad[i]), &host) == NULL)
			fail_msg("%s is taken", bad[i]);
	/* computed elsewhere (hmac of Python) */
	assert_true(str_eqz(webhook_signature(&a, STR("0123456789abcdef0123456789abcdef"), 1795413600, STR("{\"a\":1}")),
			    "t=1795413600,v1=68d336bed1e702207342fd0be64d09b20ac0f0e0030e094ecf1ab158a5c29f51"));
	assert_int_equal(10000, webhook_pause(1));
	assert_int_equal(3600000, webhook_pause(6));
	assert_int_equal(3600000, webhook_pause(1000));
	arena_release(&a);
}

/* ---- a receiver: takes one post at a time and answers as told ---- */

static struct receiver {
	int fd, port;
	pthread_t thread;
	pthread_mutex_t lock;
	const char *answer;        /* "200 OK" ...; NULL: closes without one */
	struct arena a;
	struct str posts[64];      /* head and body */
	size_t n;
	bool stop;
} r = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct str read_post(int fd)
{
	struct buf in;
	struct str all;
	size_t want = SIZE_MAX;

	buf_init(&in, 1 << 20);
	while (in.n < want) {
		char *room = buf_reserve(&in, 65536);
		ssize_t n = recv(fd, room, 65536, 0);
		ptrdiff_t end, at;

		if (n <= 0)
			break;
		in.n += (size_t)n;
		end = str_find(buf_str(&in), STR("\r\n\r\n"));
		at = str_find(buf_str(&in), STR("Content-Length: "));
		if (end >= 0 && at >= 0)
			want = (size_t)end + 4 + (size_t)strtol(in.p + at + 16, NULL, 10);
	}
	all = arena_str(&r.a, buf_str(&in));
	buf_release(&in);
	return all;
}

static void *receive(void *arg)
{
	(void)arg;
	while (true) {
		int fd = accept(r.fd, NULL, NULL);
		struct str post, answer;

		if (fd < 0)
			return NULL;
		pthread_mutex_lock(&r.lock);
		post = read_post(fd);
		if (post.n && r.n < ARRAY_LEN(r.posts))
			r.posts[r.n++] = post;
		if (r.answer && post.n) {
			answer = arena_printf(&r.a, "HTTP/1.1 %s\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", r.answer);
			(void)!send(fd, answer.p, answer.n, MSG_NOSIGNAL);
		}
		pthread_mutex_unlock(&r.lock);
		close(fd);
	}
}

static void receiver_start(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t n = sizeof(at);

	arena_init(&r.a, 0);
	r.n = 0;
	r.answer = "200 OK";
	r.fd = socket(AF_INET, SOCK_STREAM, 0);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(0, bind(r.fd, (struct sockaddr *)&at, sizeof(at)));
	assert_int_equal(0, listen(r.fd, 16));
	assert_int_equal(0, getsockname(r.fd, (struct sockaddr *)&at, &n));
	r.port = ntohs(at.sin_port);
	assert_int_equal(0, pthread_create(&r.thread, NULL, receive, NULL));
}

static void receiver_stop(void)
{
	shutdown(r.fd, SHUT_RDWR);
	pthread_join(r.thread, NULL);
	close(r.fd);
	arena_release(&r.a);
}

/* ---- a town ---- */

static struct site site;
static struct world {
	struct str town, grid, next;
	int64_t boss, other, program, system;
	struct str hash, key;
} w;

static enum err make_world(struct tx *tx, void *arg)
{
	struct str p = site_place(&site, tx, STR(""), "50", "重庆市", PLACE_PROVINCE), c = site_place(&site, tx, p, "5001", "市辖区", PLACE_CITY), why = STR_NULL;
	struct str d = site_place(&site, tx, c, "500105", "江北区", PLACE_DISTRICT);
	int64_t id;

	(void)arg;
	w.town = site_place(&site, tx, d, "500105004", "大石坝街道", PLACE_TOWN);
	w.grid = site_place(&site, tx, site_place(&site, tx, w.town, "500105004002", "前卫社区", PLACE_COMMUNITY), "500105004002001", "第一网格", PLACE_GRID);
	w.next = site_place(&site, tx, d, "500105006", "观音桥街道", PLACE_TOWN);
	w.boss = site_staff(tx, "boss", w.hash, "commander", w.town, 0);
	w.other = site_staff(tx, "other", w.hash, "commander", w.next, 0);
	w.system = site_staff(tx, "system", w.hash, "sysadmin", STR(""), 0);
	assert_int_equal(OK, actor_create_service(tx, STR("board"), STR("看板"), &w.program));
	assert_int_equal(OK, actor_grant(tx, w.program, STR("supervisor"), w.town, 0, 0, 0, &why));
	w.key = actor_key_new(&site.arena);
	return actor_key_add(tx, w.program, STR("board"), w.key, tx->now + (int64_t)86400000 * 30, 0, &id, &why);
}

static int setup(void **state)
{
	static const char *const allow[] = {"127.0.0.1", NULL};

	if (site_setup(&site, state, list, PASSWORD, &w.hash) != 0)
		return 1;
	site.config.webhook_allow = allow;
	receiver_start();
	return db_write(site.app->db, make_world, NULL) == OK ? 0 : 1;
}

static int teardown(void **state)
{
	site_stop(&site);
	receiver_stop();
	return unit_teardown(state);
}

#define SITE_BOTH(f) {#f " sqlite", f, setup, teardown, (void *)(uintptr_t)DB_SQLITE}, {#f " pg", f, setup, teardown, (void *)(uintptr_t)DB_PG}

static int64_t file_at(struct str place, const char *what, bool is_public)
{
	struct matter_value v = {STR("what"), str_from(what)};

	return site_report(&site, (struct matter_new){.values = &v, .nvalues = 1, .place = place, .category = STR("city.garbage"), .is_public = is_public});
}

static int64_t subscribe(int64_t owner, struct str place, const char *category, const char *action, bool titles)
{
	struct webhook_new n = {.w = {.name = STR("看板"), .url = arena_printf(&site.arena, "http://127.0.0.1:%d/in?key=s3cret", r.port), .place = place,
				      .owner = owner, .made_by = owner, .scenario = STR(""), .category = str_from(category), .state = STR(""),
				      .action = str_from(action), .titles = titles}};
	struct db_conn *c = db_read_begin(site.app->db);
	enum err e = webhook_check(c, &site.arena, &n, clock_now());

	db_read_end(c);
	if (e != OK)
		fail_msg("%s", n.why);
	assert_int_equal(OK, db_write(site.app->db, webhook_create_job, &n));
	return n.w.id;
}

static struct webhook now_of(int64_t id)
{
	struct webhook x = {0};
	struct db_conn *c = db_read_begin(site.app->db);
	enum err e = webhook_load(c, &site.arena, id, &x);

	db_read_end(c);
	if (e != OK)
		x.id = 0;
	return x;
}

/* Until `done` says so: the server's own tailer and job do the work. */
static struct webhook wait_for(int64_t id, bool (*done)(const struct webhook *x, int64_t n), int64_t n)
{
	struct webhook x = {0};

	for (int i = 0; i < 400; i++) {
		x = now_of(id);
		if (done(&x, n))
			return x;
		usleep(50000);
	}
	fail_msg("waited in vain: queued %lld done %lld tries %lld status %d", (long long)x.queued, (long long)x.done, (long long)x.tries, (int)x.status);
	return x;
}

static bool delivered(const struct webhook *x, int64_t n)
{
	return x->done >= n;
}

static bool queued(const struct webhook *x, int64_t n)
{
	return x->queued >= n;
}

static bool failed(const struct webhook *x, int64_t n)
{
	return x->tries >= n;
}

static bool has_status(const struct webhook *x, int64_t n)
{
	return x->status == (enum webhook_status)n;
}

static json_t *body_of(struct str post)
{
	struct str why;
	json_t *j;
	ptrdiff_t end = str_find(post, STR("\r\n\r\n"));

	assert_true(end > 0);
	assert_int_equal(OK, json_parse(&site.arena, str_sub(post, (size_t)end + 4, post.n), NULL, &j, &why));
	return j;
}

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_get(o, key));
}

static int64_t number(const json_t *o, const char *key)
{
	int64_t v = -1;

	(void)json_get_i64(o, key, &v);
	return v;
}

/* The signature is right for what arrived, and wrong for anything else. */
static void check_signature(const struct webhook *x, struct str post)
{
	ptrdiff_t at = str_find(post, STR("Gongzhi-Signature: t=")), end = str_find(post, STR("\r\n\r\n"));
	struct str line = str_sub(post, (size_t)at + 19, post.n), value, secret;
	int64_t seconds = strtoll(line.p + 2, NULL, 10);

	assert_true(at > 0 && str_split(&line, '\r', &value));
	assert_int_equal(OK, webhook_secret(&site.arena, x, &secret));
	assert_int_equal(32, secret.n);
	assert_true(str_eq(value, webhook_signature(&site.arena, secret, seconds, str_sub(post, (size_t)end + 4, post.n))));
	assert_true(llabs(seconds - clock_now() / 1000) < 60);
}

/* ---- what is told, and to whom ---- */

static void told(void **state)
{
	int64_t all = subscribe(w.boss, w.town, "", "", false), garbage = subscribe(w.boss, w.town, "city", "file", true);
	int64_t noise = subscribe(w.boss, w.town, "street", "", false), theirs = subscribe(w.other, w.next, "", "", false), id;
	struct webhook x;
	const json_t *body, *e;

	(void)state;
	id = file_at(w.grid, "王女士 13812345678 说垃圾没人清", false);
	file_at(w.next, "别的镇街的事", true);
	x = wait_for(all, delivered, 1);
	wait_for(garbage, delivered, 1);
	wait_for(theirs, delivered, 1);
	assert_int_equal(1, x.queued);
	assert_int_equal(0, now_of(noise).queued);
	assert_int_equal(1, now_of(theirs).queued);
	pthread_mutex_lock(&r.lock);
	assert_int_equal(3, r.n);
	for (size_t i = 0; i < r.n; i++) {
		bool titled = false;

		body = body_of(r.posts[i]);
		e = json_array_get(json_get(body, "events"), 0);
		assert_true(str_starts(r.posts[i], "POST /in?key=s3cret HTTP/1.1\r\n"));
		assert_int_equal(1, json_array_size(json_get(body, "events")));
		assert_int_equal(1, number(e, "seq"));
		assert_string_equal("matter.file", text(e, "event"));
		assert_int_equal(4, strlen(text(e, "code"))); /* never the whole code */
		assert_string_equal("city.garbage", text(e, "category"));
		/* neither number nor name nor text, unless a masked title was asked for */
		assert_int_equal(-1, str_find(r.posts[i], STR("13812345678")));
		titled = json_get(e, "title") != NULL;
		if (number(body, "webhook") == garbage)
			assert_true(titled && str_find(str_from(text(e, "title")), STR("垃圾没人清")) >= 0);
		else
			assert_false(titled);
		if (number(body, "webhook") == all) {
			assert_true(number(e, "matter") == id && !json_is_true(json_get(e, "public")) && number(e, "due") > 0);
			assert_string_equal("500105004002001", text(json_get(e, "place"), "code"));
			check_signature(&x, r.posts[i]);
		}
		if (number(body, "webhook") == theirs)
			assert_string_equal("500105006", text(json_get(e, "place"), "code"));
	}
	pthread_mutex_unlock(&r.lock);
}

static enum err take_role(struct tx *tx, void *arg)
{
	(void)arg;
	return actor_revoke(tx, w.boss, STR("commander"), w.town, 0, &(struct str){0});
}

static enum err end_key(struct tx *tx, void *arg)
{
	(void)arg;
	return actor_key_revoke(tx, w.program, STR("board"), 0);
}

/* Rights are those of the moment: who has none any more is told nothing. */
static void rights(void **state)
{
	struct webhook_new n = {.w = {.name = STR("x"), .url = STR("https://example.cn/"), .place = w.next, .owner = w.boss, .made_by = w.boss,
				      .scenario = STR(""), .category = STR(""), .state = STR(""), .action = STR("")}};
	int64_t mine = subscribe(w.boss, w.town, "", "", false), programs = subscribe(w.program, w.town, "", "", false);
	struct db_conn *c = db_read_begin(site.app->db);

	(void)state;
	assert_int_equal(ERR_FORBIDDEN, webhook_check(c, &site.arena, &n, clock_now()));
	n.w.place = w.town;
	n.w.state = STR("no-such");
	assert_int_equal(ERR_INPUT, webhook_check(c, &site.arena, &n, clock_now()));
	assert_string_equal("state", n.field);
	db_read_end(c);
	assert_int_equal(OK, db_write(site.app->db, take_role, NULL));
	assert_int_equal(OK, db_write(site.app->db, end_key, NULL));
	file_at(w.grid, "路灯不亮", true);
	wait_for(programs, queued, 1);
	wait_for(programs, has_status, WEBHOOK_NO_RIGHTS);
	assert_int_equal(0, now_of(mine).queued);
	pthread_mutex_lock(&r.lock);
	assert_int_equal(0, r.n);
	pthread_mutex_unlock(&r.lock);
}

/* ---- trouble ---- */

static enum err make_due(struct tx *tx, void *arg)
{
	const struct webhook *x = arg;
	int64_t changed;
	enum err e = q_webhooks_failed(tx->c, &(struct webhooks_failed_args){.id = x->id, .was = x->done, .tries = x->tries, .next_at = 0,
		.failing_since = x->failing_since}, &changed);

	assert_int_equal(1, changed);
	return e;
}

static void answer(const char *with)
{
	pthread_mutex_lock(&r.lock);
	r.answer = with;
	pthread_mutex_unlock(&r.lock);
}

static const char *last_why(int64_t id)
{
	struct webhook x = now_of(id);
	struct webhook_attempt *v;
	size_t n;
	struct db_conn *c = db_read_begin(site.app->db);

	assert_int_equal(OK, webhook_attempts_of(c, &site.arena, &x, &v, &n));
	db_read_end(c);
	assert_true(n > 0);
	return v[0].why.p;
}

static int64_t notices(void)
{
	struct db_conn *c = db_read_begin(site.app->db);
	struct journal_entry *v;
	int64_t next, stops = 0;
	size_t n;

	assert_int_equal(OK, journal_search(c, &site.arena, &(struct journal_filter){.kind = STR("webhook.stop"), .limit = 50}, &v, &n, &next));
	for (size_t i = 0; i < n; i++)
		stops++;
	db_read_end(c);
	return stops;
}

/* 500, a redirect, silence: kept and tried again, nothing lost, in order; then all at once when it works. */
static void trouble(void **state)
{
	static const struct { const char *answer, *why; } cases[] = {{"500 Oh", "answer"}, {"302 Found\r\nLocation: http://127.0.0.1/", "redirect"}, {NULL, "broken"}};
	int64_t id = subscribe(w.boss, w.town, "", "", false);
	struct webhook x = {0};
	const json_t *events;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		answer(cases[i].answer);
		file_at(w.grid, "第几件", true);
		x = now_of(id);
		if (i)
			assert_int_equal(OK, db_write(site.app->db, make_due, &x));
		x = wait_for(id, failed, (int64_t)i + 1);
		assert_string_equal(cases[i].why, last_why(id));
		assert_true(x.done == 0 && x.failing_since > 0 && x.next_at > clock_now());
	}
	answer("204 No Content");
	wait_for(id, queued, 3);
	x = now_of(id);
	assert_int_equal(OK, db_write(site.app->db, make_due, &x));
	x = wait_for(id, delivered, 3);
	assert_true(x.tries == 0 && x.failing_since == 0 && x.last_ok > 0);
	assert_string_equal("", last_why(id));
	pthread_mutex_lock(&r.lock);
	events = json_get(body_of(r.posts[r.n - 1]), "events");
	assert_int_equal(3, json_array_size(events));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(i + 1, number(json_array_get(events, i), "seq"));
	pthread_mutex_unlock(&r.lock);
}

static enum err fail_long_ago(struct tx *tx, void *arg)
{
	const struct webhook *x = arg;

	return q_webhooks_failed(tx->c, &(struct webhooks_failed_args){.id = x->id, .was = x->done, .tries = 40, .next_at = 0,
		.failing_since = clock_now() - WEBHOOK_GIVE_UP - 1000}, NULL);
}

/* After three days, or at once with 410, it stops; what waits is delivered when somebody resumes it. An address of this machine is refused unless allowed. */
/* A run that is under way keeps to the addresses it was allowed when it began, and may fail once more: due again until another has begun. */
static void deliver_anew(int64_t id, int64_t n)
{
	struct webhook x = now_of(id);

	for (int i = 0; i < 100 && !delivered(&x, n); i++, x = now_of(id)) {
		if (x.next_at > clock_now())
			assert_int_equal(OK, db_write(site.app->db, make_due, &x));
		usleep(100000);
	}
	wait_for(id, delivered, n);
}

static void giving_up(void **state)
{
	int64_t id = subscribe(w.boss, w.town, "", "", false), gone = subscribe(w.boss, w.town, "", "", false);
	struct webhook x;
	struct webhook_doing resume = {id, w.boss, WEBHOOK_RESUME};

	(void)state;
	answer("410 Gone");
	file_at(w.grid, "一件", true);
	wait_for(gone, has_status, WEBHOOK_STOPPED);
	assert_string_equal("gone", last_why(gone));
	wait_for(id, has_status, WEBHOOK_STOPPED);
	assert_int_equal(2, notices());
	answer("503 Later");
	assert_int_equal(OK, db_write(site.app->db, webhook_act_job, &resume));
	assert_int_equal(ERR_CONFLICT, db_write(site.app->db, webhook_act_job, &resume));
	x = wait_for(id, failed, 1);
	assert_int_equal(OK, db_write(site.app->db, fail_long_ago, &x));
	wait_for(id, has_status, WEBHOOK_STOPPED);
	assert_int_equal(3, notices());
	file_at(w.grid, "停着的时候的一件", true);
	wait_for(id, queued, 2);
	site.config.webhook_allow = NULL;
	assert_int_equal(OK, db_write(site.app->db, webhook_act_job, &resume));
	wait_for(id, failed, 1);
	assert_string_equal("forbidden", last_why(id));
	site.config.webhook_allow = (const char *const[]){"127.0.0.0/8", NULL};
	answer("200 OK");
	deliver_anew(id, 2);
	site.config.webhook_allow = NULL;
}

/* ---- people and programs ---- */

static const char *path(const char *fmt, int64_t id)
{
	return arena_printf(&site.arena, fmt, (long long)id).p;
}

static void pages(void **state)
{
	struct browser boss = {.site = &site}, other = {.site = &site}, sys = {.site = &site};
	int64_t id;

	(void)state;
	browser_login(&boss, "boss", PASSWORD);
	browser_login(&other, "other", PASSWORD);
	browser_login(&sys, "system", PASSWORD);
	assert_int_equal(200, browser_get(&boss, "/webhooks")->status);
	assert_int_equal(400, browser_post(&boss, "/webhooks", "name=a&url=ftp://x/")->status);
	assert_true(str_find(boss.last.body, STR("value=\"ftp://x/\"")) > 0); /* nothing is typed twice */
	browser_get(&boss, "/webhooks");
	assert_int_equal(403, browser_post(&boss, "/webhooks", "name=a&url=https://example.cn/&place=500105006")->status);
	browser_get(&boss, "/webhooks");
	assert_int_equal(303, browser_post(&boss, "/webhooks", arena_printf(&site.arena, "name=a&url=http://127.0.0.1:%d/key-of-theirs", r.port).p)->status);
	id = strtoll(reply_header(&boss.last, "Location").p + strlen("/webhooks/"), NULL, 10);
	assert_true(str_eq(now_of(id).place, w.town));
	assert_int_equal(200, browser_get(&boss, path("/webhooks/%lld?secret=1", id))->status);
	assert_int_equal(303, browser_post(&boss, path("/webhooks/%lld", id), "act=ping")->status);
	wait_for(id, delivered, 1);
	browser_get(&boss, path("/webhooks/%lld", id));
	assert_true(str_find(boss.last.body, STR("已送达")) > 0);
	/* others neither see it nor act on it; whoever runs the installation sees it, and makes none for people */
	assert_int_equal(404, browser_get(&other, path("/webhooks/%lld", id))->status);
	browser_get(&other, "/webhooks");
	assert_int_equal(-1, str_find(other.last.body, path("/webhooks/%lld", id) ? str_from(path("/webhooks/%lld", id)) : STR("")));
	assert_int_equal(404, browser_post(&other, path("/webhooks/%lld", id), "act=delete")->status);
	assert_int_equal(200, browser_get(&sys, path("/webhooks/%lld?secret=1", id))->status);
	assert_true(str_find(sys.last.body, STR("127.0.0.1")) > 0 && str_find(sys.last.body, STR("key-of-theirs")) < 0);
	assert_true(str_find(sys.last.body, STR("签名密钥")) < 0);
	browser_get(&sys, "/webhooks");
	assert_int_equal(400, browser_post(&sys, "/webhooks", "account=boss&name=a&url=https://example.cn/")->status);
	browser_get(&sys, "/webhooks");
	assert_int_equal(303, browser_post(&sys, "/webhooks", "account=board&name=a&url=https://example.cn/")->status);
	browser_get(&boss, path("/webhooks/%lld", id));
	assert_int_equal(303, browser_post(&boss, path("/webhooks/%lld", id), "act=pause")->status);
	assert_int_equal(WEBHOOK_PAUSED, now_of(id).status);
	browser_get(&boss, path("/webhooks/%lld", id));
	assert_int_equal(400, browser_post(&boss, path("/webhooks/%lld", id), "act=sing")->status);
	browser_get(&boss, path("/webhooks/%lld", id));
	assert_int_equal(303, browser_post(&boss, path("/webhooks/%lld", id), "act=delete")->status);
	assert_int_equal(0, now_of(id).id);
}

static const json_t *api(struct browser *b, const char *method, const char *to, const char *body, int status)
{
	struct str why;
	json_t *j;

	browser_send(b, method, to, body ? str_from(body) : STR_NULL, "application/json");
	if (b->last.status != status)
		fail_msg("%s %s: %d %.*s", method, to, b->last.status, STR_ARG(b->last.body));
	assert_int_equal(OK, json_parse(&site.arena, b->last.body, NULL, &j, &why));
	return j;
}

static void programs(void **state)
{
	struct browser b = {.site = &site};
	const json_t *j;
	const char *first;
	int64_t id;

	(void)state;
	b.extra = arena_printf(&site.arena, "Authorization: Bearer %.*s\r\n", STR_ARG(w.key));
	j = api(&b, "POST", "/api/webhooks", "{\"name\":\"看板\",\"url\":\"https://example.cn/in\",\"place\":\"500105004\",\"category\":\"city\"}", 201);
	id = number(j, "id");
	first = text(j, "secret");
	assert_int_equal(32, strlen(first));
	assert_string_equal("500105004", text(j, "place"));
	assert_int_equal(1, json_array_size(json_get(api(&b, "GET", "/api/webhooks", NULL, 200), "webhooks")));
	assert_int_equal(-1, str_find(b.last.body, STR("secret")));
	assert_string_equal(first, text(api(&b, "GET", path("/api/webhooks/%lld", id), NULL, 200), "secret"));
	assert_string_not_equal(first, text(api(&b, "POST", path("/api/webhooks/%lld/secret", id), "{}", 200), "secret"));
	assert_string_equal("paused", text(api(&b, "POST", path("/api/webhooks/%lld/pause", id), "{}", 200), "status"));
	api(&b, "POST", path("/api/webhooks/%lld/pause", id), "{}", 409);
	api(&b, "POST", path("/api/webhooks/%lld/sing", id), "{}", 404);
	api(&b, "POST", "/api/webhooks", "[1]", 400);
	api(&b, "POST", "/api/webhooks", "{\"name\":\"x\",\"url\":\"https://example.cn/\",\"place\":\"500105006\"}", 403);
	api(&b, "POST", "/api/webhooks", "{\"name\":\"x\",\"url\":\"https://example.cn/\",\"place\":\"999\"}", 400);
	api(&b, "POST", path("/api/webhooks/%lld/delete", id), "{}", 200);
	api(&b, "GET", path("/api/webhooks/%lld", id), NULL, 404);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses), cmocka_unit_test(texts), SITE_BOTH(told), SITE_BOTH(rights), SITE_BOTH(trouble), SITE_BOTH(giving_up),
		SITE_BOTH(pages), SITE_BOTH(programs),
	};

	return UNIT_MAIN(tests);
}
