#include "tests/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "core/actor/actor.h"
#include "core/actor/duty.h"
#include "core/journal/journal.h"
#include "core/place/place.h"
#include "crypto/keyring.h"

#define PASSWORD STR("四个不相干的词")

static struct keyring *ring;
static struct str roles_csv, good_hash;
static struct arena forever;

struct act {
	struct str login, name, role, place, text, token;
	int64_t id, org, post, now;
	struct str why;
};

static enum err load_roles(struct tx *tx, void *arg)
{
	struct act *x = arg;
	enum err e = actor_load_roles(tx, x->text, &x->why);

	x->why = arena_str(&forever, x->why);
	return e;
}

static enum err create(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_create(tx, x->login, x->name.p ? x->name : STR("张三"), good_hash, &x->id);
}

static enum err grant(struct tx *tx, void *arg)
{
	struct act *x = arg;
	enum err e = actor_grant(tx, x->id, x->role, x->place, x->org, x->post, 1, &x->why);

	x->why = arena_str(&forever, x->why);
	return e;
}

static enum err lock_account(struct tx *tx, void *arg)
{
	return actor_set_active(tx, ((struct act *)arg)->id, false, 1, &(struct str){0});
}

static enum err unlock_account(struct tx *tx, void *arg)
{
	return actor_set_active(tx, ((struct act *)arg)->id, true, 1, &(struct str){0});
}

static enum err take_back(struct tx *tx, void *arg)
{
	struct act *x = arg;

	enum err e = actor_revoke(tx, x->id, x->role, x->place, 1, &x->why);

	x->why = x->why.p ? arena_str(&forever, x->why) : STR_NULL;
	return e;
}

static int setup(void **state)
{
	struct unit *u;
	struct str why;
	struct act x = {.text = roles_csv};

	unit_setup(state);
	u = *state;
	assert_int_equal(OK, journal_init(u->db, NULL, u->a, &why));
	assert_int_equal(OK, db_write(u->db, load_roles, &x));
	return 0;
}

static int teardown(void **state)
{
	struct unit *u = *state;

	journal_end(u->db);
	return unit_teardown(state);
}

static int64_t person(struct unit *u, const char *login)
{
	struct act x = {.login = str_from(login)};

	assert_int_equal(OK, db_write(u->db, create, &x));
	return x.id;
}

static enum err give(struct unit *u, int64_t id, const char *role, const char *place)
{
	struct act x = {.id = id, .role = str_from(role), .place = str_from(place)};

	return db_write(u->db, grant, &x);
}

static struct actor_session load(struct unit *u, int64_t id)
{
	struct db_conn *c = db_read_begin(u->db);
	struct actor_session s;

	assert_int_equal(OK, actor_load(c, u->a, id, &s));
	db_read_end(c);
	return s;
}

/* Entries of that kind in the journal about that subject. */
static int noted(struct unit *u, const char *kind, int64_t subject)
{
	struct db_conn *c = db_read_begin(u->db);
	struct journal_entry *v;
	size_t n;
	int count = 0;

	assert_int_equal(OK, journal_of_subject(c, u->a, subject, &v, &n));
	db_read_end(c);
	for (size_t i = 0; i < n; i++)
		count += str_eqz(v[i].kind, kind);
	return count;
}

/* ---- roles ---- */

static enum err roles_of(struct unit *u, const char *text, struct str *why)
{
	struct act x = {.text = str_from(text)};
	enum err e = db_write(u->db, load_roles, &x);

	*why = x.why;
	return e;
}

static void test_roles_file(void **state)
{
	static const char *const shipped[] = {"grid_worker", "dispatcher", "commander", "board_post", "handler", "dept_clerk", "village_cadre",
					      "verifier", "supervisor", "steward", "auditor", "sysadmin", "secadmin"};
	struct unit *u = *state;
	struct db_conn *c = db_read_begin(u->db);
	struct actor_role *v;
	size_t n, found = 0;
	int64_t before, after;
	struct act x = {.text = roles_csv};

	assert_int_equal(OK, actor_roles(c, u->a, &v, &n));
	for (size_t i = 0; i < ARRAY_LEN(shipped); i++)
		for (size_t k = 0; k < n; k++)
			found += str_eqz(v[k].name, shipped[i]);
	assert_int_equal(ARRAY_LEN(shipped), found);
	assert_int_equal(OK, journal_last(c, &before));
	assert_int_equal(OK, db_write(u->db, load_roles, &x));
	assert_int_equal(OK, journal_last(c, &after));
	assert_int_equal(before, after);
	db_read_end(c);
}

/* ---- the list, changed role by role ---- */

struct edit {
	struct actor_role role;
	struct str permission;
	bool take, changed;
	struct str why;
};

static enum err edit_role(struct tx *tx, void *arg)
{
	struct edit *x = arg;
	enum err e = !x->permission.p ? actor_role_add(tx, &x->role, &x->why) :
		     x->take	      ? actor_role_revoke(tx, x->role.name, x->permission, &x->changed, &x->why) :
					actor_role_grant(tx, x->role.name, x->permission, &x->changed, &x->why);

	x->why = arena_str(&forever, x->why);
	return e;
}

static enum err permit(struct unit *u, const char *role, const char *permission, bool take, bool *changed)
{
	struct edit x = {.role.name = str_from(role), .permission = str_from(permission), .take = take};
	enum err e = db_write(u->db, edit_role, &x);

	*changed = x.changed;
	assert_true((e == OK) == (x.why.p == NULL));
	return e;
}

static enum err make_role(struct unit *u, const char *name, const char *title, const char *title_en, const char *duty)
{
	struct edit x = {.role = {.name = str_from(name), .title = str_from(title), .title_en = str_from(title_en), .duty = str_from(duty)}};

	return db_write(u->db, edit_role, &x);
}

/* Entries about the list since then, "roles.grant roles.revoke". */
static struct str list_notes(struct unit *u, int64_t after)
{
	struct db_conn *c = db_read_begin(u->db);
	struct journal_entry *v;
	struct str all = STR("");
	size_t n;

	assert_int_equal(OK, journal_read(c, u->a, after, 100, &v, &n));
	db_read_end(c);
	for (size_t i = 0; i < n; i++)
		if (str_starts(v[i].kind, "roles."))
			all = arena_printf(u->a, "%.*s%.*s%.*s ", STR_ARG(all), STR_ARG(v[i].kind), STR_ARG(v[i].data));
	return all;
}

static int64_t last_entry(struct unit *u)
{
	struct db_conn *c = db_read_begin(u->db);
	int64_t seq;

	assert_int_equal(OK, journal_last(c, &seq));
	db_read_end(c);
	return seq;
}

static void test_role_edited(void **state)
{
	struct unit *u = *state;
	int64_t id = person(u, "li.hong"), since;
	struct actor_session s;
	bool changed;

	assert_int_equal(OK, give(u, id, "dispatcher", ""));
	since = last_entry(u);
	s = load(u, id);
	assert_false(actor_may(&s, "webhook.manage", STR_NULL));
	assert_int_equal(OK, permit(u, "dispatcher", "webhook.manage", false, &changed));
	assert_true(changed);
	s = load(u, id); /* what a process remembers of his rights is old at once */
	assert_true(actor_may(&s, "webhook.manage", STR_NULL));
	assert_int_equal(OK, permit(u, "dispatcher", "webhook.manage", false, &changed));
	assert_false(changed);
	assert_int_equal(OK, permit(u, "dispatcher", "webhook.manage", true, &changed));
	assert_true(changed);
	s = load(u, id);
	assert_false(actor_may(&s, "webhook.manage", STR_NULL));
	assert_true(actor_may(&s, "matter.dispatch", STR_NULL));
	assert_int_equal(OK, permit(u, "dispatcher", "webhook.manage", true, &changed));
	assert_false(changed);
	assert_true(str_eqz(list_notes(u, since), "roles.grant{\"role\":\"dispatcher\",\"permission\":\"webhook.manage\"} "
						  "roles.revoke{\"role\":\"dispatcher\",\"permission\":\"webhook.manage\"} "));
	assert_int_equal(ERR_NOT_FOUND, permit(u, "no_such", "matter.read", false, &changed));
	assert_int_equal(ERR_NOT_FOUND, permit(u, "no_such", "matter.read", true, &changed));
	assert_int_equal(ERR_INPUT, permit(u, "dispatcher", "Matter Read\"}", false, &changed));
	assert_int_equal(ERR_RULE, permit(u, "dispatcher", "audit.read", false, &changed));     /* 三员分设 */
	assert_int_equal(ERR_RULE, permit(u, "sysadmin", "account.manage", false, &changed));
}

static void test_role_made(void **state)
{
	struct unit *u = *state;
	int64_t since = last_entry(u), id = person(u, "he.tao");
	struct actor_session s;
	bool changed;

	assert_int_equal(ERR_INPUT, make_role(u, "Tester", "测试员", "Tester", ""));
	assert_int_equal(ERR_INPUT, make_role(u, "", "测试员", "Tester", ""));
	assert_int_equal(ERR_INPUT, make_role(u, "tester", "", "Tester", ""));
	assert_int_equal(ERR_INPUT, make_role(u, "tester", "测试员\n", "Tester", ""));
	assert_int_equal(ERR_INPUT, make_role(u, "tester", "测试员", "\xff", ""));
	assert_int_equal(ERR_INPUT, make_role(u, "tester", "测试员", "Tester", "boss"));
	assert_int_equal(ERR_CONFLICT, make_role(u, "dispatcher", "测试员", "Tester", ""));
	assert_int_equal(OK, make_role(u, "tester", "测试员", "Tester", ""));
	assert_int_equal(OK, permit(u, "tester", "matter.read", false, &changed));
	assert_int_equal(OK, give(u, id, "tester", ""));
	s = load(u, id);
	assert_true(actor_may(&s, "matter.read", STR_NULL) && !actor_may(&s, "matter.file", STR_NULL));
	assert_true(str_starts(list_notes(u, since), "roles.add{\"role\":\"tester\",\"duty\":\"\"} roles.grant"));
}

/* Whatever is taken from roles, somebody who can log in keeps what the administration rests on. */
static void test_last_administrator(void **state)
{
	struct unit *u = *state;
	int64_t first = person(u, "sun.wei"), second;
	struct act locked = {0};
	bool changed;

	assert_int_equal(OK, permit(u, "auditor", "audit.read", true, &changed)); /* nobody had it: nobody misses it */
	assert_int_equal(OK, give(u, first, "secadmin", ""));
	assert_int_equal(ERR_RULE, permit(u, "secadmin", "account.manage", true, &changed));
	assert_false(changed);
	assert_int_equal(OK, make_role(u, "deputy", "副安全员", "Deputy", "security"));
	assert_int_equal(OK, permit(u, "deputy", "account.manage", false, &changed));
	assert_int_equal(ERR_RULE, permit(u, "secadmin", "account.manage", true, &changed)); /* a role that nobody holds helps nobody */
	second = person(u, "qi.lan");
	assert_int_equal(OK, give(u, second, "deputy", ""));
	locked.id = second;
	assert_int_equal(OK, db_write(u->db, lock_account, &locked));
	assert_int_equal(ERR_RULE, permit(u, "secadmin", "account.manage", true, &changed)); /* nor does a locked account */
	assert_int_equal(OK, db_write(u->db, unlock_account, &locked));
	assert_int_equal(OK, permit(u, "secadmin", "account.manage", true, &changed));
	assert_true(changed);
	assert_int_equal(ERR_RULE, permit(u, "deputy", "account.manage", true, &changed));
}

/* Nor are they locked out of it one by one. */
static void test_last_holder(void **state)
{
	struct unit *u = *state;
	int64_t first = person(u, "sun.wei"), second = person(u, "qi.lan"), other = person(u, "wu.min");
	struct act one = {.id = first, .role = STR("secadmin"), .place = STR("")}, two = {.id = second, .role = STR("secadmin"), .place = STR("")};
	struct act dispatcher = {.id = other, .role = STR("dispatcher"), .place = STR("")};

	assert_int_equal(OK, give(u, first, "secadmin", ""));
	assert_int_equal(OK, give(u, other, "dispatcher", ""));
	assert_int_equal(ERR_RULE, db_write(u->db, lock_account, &one));
	assert_int_equal(ERR_RULE, db_write(u->db, take_back, &one));
	assert_true(str_find(one.why, STR(".manage")) >= 0);
	one.place = STR("5001");
	assert_int_equal(ERR_NOT_FOUND, db_write(u->db, take_back, &one)); /* what he has not */
	one.place = STR("");
	/* what is no administrator's goes freely */
	assert_int_equal(OK, db_write(u->db, take_back, &dispatcher));
	assert_int_equal(OK, db_write(u->db, lock_account, &dispatcher));
	/* with a second one, either may go, and then the other not */
	assert_int_equal(OK, give(u, second, "secadmin", ""));
	assert_int_equal(OK, db_write(u->db, lock_account, &one));
	assert_int_equal(OK, db_write(u->db, lock_account, &one));
	assert_int_equal(ERR_RULE, db_write(u->db, take_back, &two));
	assert_int_equal(ERR_RULE, db_write(u->db, lock_account, &two));
	assert_int_equal(OK, db_write(u->db, take_back, &one)); /* of a locked account: it counts for nothing */
	assert_int_equal(OK, db_write(u->db, unlock_account, &one));
	assert_int_equal(ERR_RULE, db_write(u->db, lock_account, &two));
	assert_int_equal(OK, give(u, first, "secadmin", ""));
	assert_int_equal(OK, db_write(u->db, take_back, &two));
	assert_int_equal(ERR_RULE, db_write(u->db, lock_account, &one));
}

static void test_roles_mistakes(void **state)
{
	static const struct {
		const char *text, *says;
	} v[] = {
		{"role,title,title_en,duty,permissions\n", "1"},
		{"role,title,title_en,duty,permissions\nx,甲,A,,a.b\nx,甲,A,,a.b\n", "第 3 行"},
		{"role,title,title_en,duty,permissions\n# note\nx,甲,A,boss,a.b\n", "第 3 行"},
		{"role,title,title_en,duty,permissions\nx,甲,A,,A.B\n", "第 2 行"},
		{"role,title,title_en,duty,permissions\nx,甲,,,a.b\n", "第 2 行"},
		{"role,title,title_en,duty,permissions\nx,甲,A,,a.b,c\n", "第 2 行"},
		{"role,title,title_en,duty,permissions\nx,甲,A,system,audit.read\n", "三员分设"},
		{"role,title,title_en,duty,permissions\nx,甲,A,,system.manage\n", "三员分设"},
	};
	struct unit *u = *state;
	struct str why;

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		assert_int_equal(ERR_INPUT, roles_of(u, v[i].text, &why));
		if (str_find(why, str_from(v[i].says)) < 0)
			fail_msg("%zu: %.*s", i, STR_ARG(why));
	}
}

static void test_roles_change(void **state)
{
	struct unit *u = *state;
	int64_t id = person(u, "wang");
	struct actor_session s;
	struct str why;

	assert_int_equal(OK, give(u, id, "handler", ""));
	s = load(u, id);
	assert_true(actor_may(&s, "matter.handle", STR_NULL));
	/* still held: cannot go */
	assert_int_equal(ERR_CONFLICT, roles_of(u, "role,title,title_en,duty,permissions\nother,甲,A,,a.b\n", &why));
	assert_int_equal(OK, roles_of(u, "role,title,title_en,duty,permissions\nhandler,经办人,Handler,,matter.read\n", &why));
	s = load(u, id);
	assert_false(actor_may(&s, "matter.handle", STR_NULL));
	assert_true(actor_may(&s, "matter.read", STR_NULL));
}

/* ---- rights ---- */

static void test_rights(void **state)
{
	struct unit *u = *state;
	int64_t id = person(u, "li.si");
	struct act x = {.id = id, .role = STR("dispatcher"), .place = STR("aa")};
	struct actor_session s = load(u, id);

	assert_string_equal("li.si", s.login.p);
	assert_int_equal(0, s.nrights);
	assert_false(actor_may(&s, "matter.dispatch", STR_NULL));
	assert_int_equal(OK, give(u, id, "dispatcher", "aa"));
	assert_int_equal(OK, give(u, id, "handler", "abcc"));
	s = load(u, id);
	assert_int_equal(2, s.nrights);
	assert_string_equal("aa", s.home.p);
	assert_true(actor_may(&s, "matter.dispatch", STR_NULL));
	assert_true(actor_may(&s, "matter.dispatch", STR("aa")));
	assert_true(actor_may(&s, "matter.dispatch", STR("aabb")));
	assert_false(actor_may(&s, "matter.dispatch", STR("a")));
	assert_false(actor_may(&s, "matter.dispatch", STR("ab")));
	assert_false(actor_may(&s, "matter.dispatch", STR("abcc")));
	assert_true(actor_may(&s, "matter.handle", STR("abccdd")));
	assert_false(actor_may(&s, "system.manage", STR_NULL));
	assert_true(actor_has_role(&s, "dispatcher", STR("aa")));
	assert_false(actor_has_role(&s, "dispatcher", STR("abcc")));
	assert_int_equal(OK, db_write(u->db, take_back, &x));
	s = load(u, id);
	assert_false(actor_may(&s, "matter.dispatch", STR_NULL));
	assert_int_equal(ERR_NOT_FOUND, db_write(u->db, take_back, &x));
	assert_int_equal(2, noted(u, "role.grant", id));
	assert_int_equal(1, noted(u, "role.revoke", id));
}

static void test_grant_refused(void **state)
{
	struct unit *u = *state;
	int64_t id = person(u, "zhao");

	assert_int_equal(ERR_NOT_FOUND, give(u, id, "emperor", ""));
	assert_int_equal(ERR_NOT_FOUND, give(u, 12345, "handler", ""));
	assert_int_equal(ERR_INPUT, give(u, id, "handler", "a\"b"));
	assert_int_equal(OK, give(u, id, "handler", "aa"));
	assert_int_equal(ERR_CONFLICT, give(u, id, "handler", "aa"));
	assert_int_equal(OK, give(u, id, "handler", "ab"));
	assert_int_equal(2, noted(u, "role.grant", id));
}

static void test_three_administrators(void **state)
{
	static const char *const admins[] = {"sysadmin", "secadmin", "auditor"};
	struct unit *u = *state;

	for (int i = 0; i < 3; i++) {
		int64_t id = person(u, arena_printf(u->a, "admin%d", i).p);

		assert_int_equal(OK, give(u, id, admins[i], ""));
		assert_int_equal(OK, give(u, id, "handler", ""));
		assert_int_equal(OK, give(u, id, admins[i], "aa"));
		for (int k = 0; k < 3; k++)
			if (k != i)
				assert_int_equal(ERR_RULE, give(u, id, admins[k], "zz"));
	}
}

/* Two security administrators who hand out the two halves at the same moment. */
struct race {
	struct db *db;
	struct act x;
	enum err e;
};

static void *race_thread(void *arg)
{
	struct race *r = arg;

	r->e = db_write(r->db, grant, &r->x);
	return NULL;
}

static void test_three_administrators_race(void **state)
{
	static const char *const admins[] = {"sysadmin", "secadmin", "auditor"};
	struct unit *u = *state;

	for (int round = 0; round < 10; round++) {
		int64_t id = person(u, arena_printf(u->a, "race%d", round).p);
		struct race r[3];
		pthread_t t[3];
		int won = 0;

		for (int i = 0; i < 3; i++) {
			r[i] = (struct race){.db = u->db, .x = {.id = id, .role = str_from(admins[i]), .place = STR("")}};
			assert_int_equal(0, pthread_create(&t[i], NULL, race_thread, &r[i]));
		}
		for (int i = 0; i < 3; i++) {
			pthread_join(t[i], NULL);
			won += r[i].e == OK;
			assert_true(r[i].e == OK || r[i].e == ERR_RULE);
		}
		assert_int_equal(1, won);
	}
}

static void test_accounts(void **state)
{
	struct unit *u = *state;
	int64_t id = person(u, "chen"), other;
	struct act taken = {.login = STR("chen")};
	static const char *const bad[] = {"", "x", "Chen", "a b", "a\"b", "张三"};
	struct db_conn *c;
	struct str name;

	assert_int_equal(ERR_CONFLICT, db_write(u->db, create, &taken));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct act x = {.login = str_from(bad[i])};

		assert_int_equal(ERR_INPUT, db_write(u->db, create, &x));
	}
	c = db_read_begin(u->db);
	assert_int_equal(OK, actor_name(c, u->a, id, &name));
	assert_string_equal("张三", name.p);
	assert_int_equal(OK, actor_by_login(c, u->a, STR("chen"), &other));
	assert_int_equal(id, other);
	assert_int_equal(ERR_NOT_FOUND, actor_by_login(c, u->a, STR("nobody"), &other));
	assert_int_equal(ERR_NOT_FOUND, actor_name(c, u->a, 99, &name));
	db_read_end(c);
	assert_int_equal(1, noted(u, "account.create", id));
}

/* ---- login ---- */

static void test_login(void **state)
{
	struct unit *u = *state;
	int64_t id = person(u, "sun"), got, now = 1000000000000;
	struct str why;

	assert_int_equal(OK, actor_check_password(u->db, u->a, STR("sun"), PASSWORD, now, &got, &why));
	assert_int_equal(id, got);
	assert_int_equal(ERR_LOGIN, actor_check_password(u->db, u->a, STR("sun"), STR("wrong"), now, &got, &why));
	assert_int_equal(0, got);
	/* success forgets the failures before it */
	for (int i = 0; i < 3; i++)
		assert_int_equal(ERR_LOGIN, actor_check_password(u->db, u->a, STR("sun"), STR("wrong"), now, &got, &why));
	assert_int_equal(OK, actor_check_password(u->db, u->a, STR("sun"), PASSWORD, now, &got, &why));
	for (int i = 0; i < 5; i++)
		assert_int_equal(ERR_LOGIN, actor_check_password(u->db, u->a, STR("sun"), STR("wrong"), now, &got, &why));
	assert_int_equal(ERR_RATE, actor_check_password(u->db, u->a, STR("sun"), PASSWORD, now, &got, &why));
	assert_true(str_find(why, STR("已暂时锁定")) >= 0);
	assert_int_equal(ERR_RATE, actor_check_password(u->db, u->a, STR("sun"), PASSWORD, now + 14 * MS_MINUTE, &got, &why));
	assert_int_equal(OK, actor_check_password(u->db, u->a, STR("sun"), PASSWORD, now + 16 * MS_MINUTE, &got, &why));
	assert_int_equal(1, noted(u, "login.lock", id));
	assert_int_equal(8, noted(u, "login.fail", id));
}

static void test_login_unknown(void **state)
{
	struct unit *u = *state;
	int64_t got, now = 1000000000000, t0, unknown = 0, known = 0, id = person(u, "zhou");
	struct str why, why_known;

	(void)id;
	for (int i = 0; i < 5; i++) {
		t0 = clock_mono_us();
		assert_int_equal(ERR_LOGIN, actor_check_password(u->db, u->a, STR("nobody"), PASSWORD, now, &got, &why));
		unknown += clock_mono_us() - t0;
		t0 = clock_mono_us();
		assert_int_equal(ERR_LOGIN, actor_check_password(u->db, u->a, STR("zhou"), STR("wrong"), now, &got, &why_known));
		known += clock_mono_us() - t0;
		assert_true(str_eq(why, why_known));
	}
	/* argon2id is nearly all of the time; without it one side would be a tenth of the other */
	assert_true(unknown * 3 > known && known * 3 > unknown);
	assert_int_equal(ERR_RATE, actor_check_password(u->db, u->a, STR("nobody"), PASSWORD, now, &got, &why));
	assert_int_equal(ERR_RATE, actor_check_password(u->db, u->a, STR("zhou"), PASSWORD, now, &got, &why_known));
	assert_true(str_eq(why, why_known));
	assert_int_equal(ERR_LOGIN, actor_check_password(u->db, u->a, STR_NULL, PASSWORD, now, &got, &why));
	assert_int_equal(ERR_LOGIN, actor_check_password(u->db, u->a, STR("zhou"), STR_NULL, now + MS_DAY, &got, &why));
}

/* ---- sessions ---- */

static enum err start_session(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_session_start(tx, x->id, x->token, x->now, &x->org);
}

static enum err end_session(struct tx *tx, void *arg)
{
	return actor_session_end(tx, ((struct act *)arg)->org);
}

static enum err close_account(struct tx *tx, void *arg)
{
	return actor_set_active(tx, ((struct act *)arg)->id, false, 1, &(struct str){0});
}

static enum err new_password(struct tx *tx, void *arg)
{
	return actor_set_password(tx, ((struct act *)arg)->id, good_hash);
}

static enum err find(struct unit *u, struct str token, int64_t now, struct actor_session *s)
{
	struct db_conn *c = db_read_begin(u->db);
	enum err e = actor_session_find(c, u->a, token, now, s);

	db_read_end(c);
	return e;
}

/* Waits for the note that the session was used, which goes its own way: any later job is behind it on one writer. */
static void wait_for_touch(struct unit *u, struct str token, int64_t now)
{
	struct actor_session s;

	for (int i = 0; i < 400; i++) {
		if (find(u, token, now + 2 * MS_HOUR, &s) == OK)
			return;
		usleep(5000);
	}
	fail_msg("the use of a session was not noted");
}

static void test_session(void **state)
{
	struct unit *u = *state;
	int64_t t = 1000000000000;
	struct act x = {.id = person(u, "qian"), .token = STR("0123456789abcdef0123456789abcdef"), .now = t};
	struct actor_session s;

	assert_int_equal(OK, give(u, x.id, "handler", "aa"));
	assert_int_equal(ERR_NOT_FOUND, find(u, x.token, t, &s));
	assert_int_equal(OK, db_write(u->db, start_session, &x));
	assert_int_equal(OK, find(u, x.token, t, &s));
	assert_int_equal(x.id, s.id);
	assert_int_equal(x.org, s.session);
	assert_true(actor_may(&s, "matter.handle", STR("aa")));
	assert_int_equal(ERR_NOT_FOUND, find(u, STR("0123456789abcdef0123456789abcdeX"), t, &s));
	assert_int_equal(ERR_NOT_FOUND, find(u, STR(""), t, &s));
	/* a right given while the session runs holds at the next request */
	assert_int_equal(OK, give(u, x.id, "dispatcher", "aa"));
	assert_int_equal(OK, find(u, x.token, t, &s));
	assert_true(actor_may(&s, "matter.dispatch", STR("aa")));
	/* idle 2 h, absolute 12 h */
	assert_int_equal(ERR_NOT_FOUND, find(u, x.token, t + 2 * MS_HOUR + 1, &s));
	for (int64_t at = t + 90 * MS_MINUTE; at < t + 12 * MS_HOUR; at += 90 * MS_MINUTE) {
		assert_int_equal(OK, find(u, x.token, at, &s));
		if (at + 2 * MS_HOUR <= t + 12 * MS_HOUR)
			wait_for_touch(u, x.token, at);
		else
			usleep(20000);
	}
	assert_int_equal(ERR_NOT_FOUND, find(u, x.token, t + 12 * MS_HOUR + 1, &s));
	assert_int_equal(OK, db_write(u->db, end_session, &x));
	assert_int_equal(ERR_NOT_FOUND, find(u, x.token, t + MS_HOUR, &s));
	assert_int_equal(OK, db_write(u->db, end_session, &x));
	assert_int_equal(1, noted(u, "session.start", x.id));
	assert_int_equal(1, noted(u, "session.end", x.id));
}

static enum err hang_screen(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_screen_start(tx, x->org, STR("screen-0123456789abcdef"), x->now, &x->org);
}

static enum err end_strangers(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_session_end_own(tx, x->id + 1, x->org);
}

static enum err end_mine(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_session_end_own(tx, x->id, x->org);
}

/* A session becomes that of a screen: the old token is dead, the new one lives for 30 days, a week without use ends it. */
static void test_screen(void **state)
{
	struct unit *u = *state;
	int64_t t = 1000000000000;
	struct act x = {.id = person(u, "wall"), .token = STR("0123456789abcdef0123456789abcdef"), .now = t};
	struct str screen = STR("screen-0123456789abcdef");
	struct actor_session_line *v;
	struct actor_session s;
	struct db_conn *c;
	size_t n;

	assert_int_equal(OK, db_write(u->db, start_session, &x));
	assert_int_equal(OK, db_write(u->db, hang_screen, &x));
	assert_int_equal(ERR_NOT_FOUND, find(u, x.token, t, &s));
	assert_int_equal(OK, find(u, screen, t, &s));
	assert_true(s.screen && s.id == x.id && s.session == x.org);
	assert_int_equal(OK, find(u, screen, t + 6 * 24 * MS_HOUR, &s));
	for (int i = 0; i < 400 && find(u, screen, t + 12 * 24 * MS_HOUR, &s) != OK; i++) /* that it was used is noted behind */
		usleep(5000);
	assert_int_equal(OK, find(u, screen, t + 12 * 24 * MS_HOUR, &s));
	assert_int_equal(ERR_NOT_FOUND, find(u, screen, t + 20 * 24 * MS_HOUR, &s));
	assert_int_equal(ERR_NOT_FOUND, find(u, screen, t + 31 * 24 * MS_HOUR, &s));
	c = db_read_begin(u->db);
	assert_int_equal(OK, actor_sessions(c, u->a, x.id, t + 6 * 24 * MS_HOUR, &v, &n));
	db_read_end(c);
	assert_true(n == 1 && v[0].screen && v[0].id == x.org);
	assert_int_equal(ERR_NOT_FOUND, db_write(u->db, end_strangers, &x));
	assert_int_equal(OK, find(u, screen, t, &s));
	assert_int_equal(OK, db_write(u->db, end_mine, &x));
	assert_int_equal(ERR_NOT_FOUND, find(u, screen, t, &s));
	assert_int_equal(ERR_NOT_FOUND, db_write(u->db, hang_screen, &x)); /* an ended session cannot become one */
}

static void test_session_ends_with_account(void **state)
{
	struct unit *u = *state;
	struct act x = {.id = person(u, "wu"), .token = STR("0123456789abcdef"), .now = 1000000000000};
	struct act y = {.id = x.id, .token = STR("fedcba9876543210"), .now = 1000000000000};
	struct actor_session s;
	int64_t got;
	struct str why;

	assert_int_equal(OK, db_write(u->db, start_session, &x));
	assert_int_equal(OK, db_write(u->db, new_password, &x));
	assert_int_equal(ERR_NOT_FOUND, find(u, x.token, x.now, &s));
	assert_int_equal(OK, db_write(u->db, start_session, &y));
	assert_int_equal(OK, find(u, y.token, y.now, &s));
	assert_int_equal(OK, give(u, x.id, "handler", "aa"));
	assert_int_equal(OK, db_write(u->db, close_account, &x));
	assert_int_equal(ERR_NOT_FOUND, find(u, y.token, y.now, &s));
	assert_int_equal(ERR_LOGIN, actor_check_password(u->db, u->a, STR("wu"), PASSWORD, y.now, &got, &why));
	s = load(u, x.id);
	assert_int_equal(0, s.nrights);
}

/* ---- organisations ---- */

static enum err add_org(struct tx *tx, void *arg)
{
	struct act *x = arg;
	struct actor_org o = {.name = x->name, .kind = x->role, .place = x->place};

	return actor_org_add(tx, &o, &x->id);
}

static enum err add_post(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_post_add(tx, x->org, x->name, &x->post);
}

static enum err map_party(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_party_map(tx, x->org, x->place, 1);
}

static int64_t org(struct unit *u, const char *name, const char *kind, struct str place)
{
	struct act x = {.name = str_from(name), .role = str_from(kind), .place = place};

	assert_int_equal(OK, db_write(u->db, add_org, &x));
	return x.id;
}

struct make_places {
	struct str key[4];
};

static enum err make_places(struct tx *tx, void *arg)
{
	struct make_places *m = arg;
	static const char *const names[] = {"重庆市", "市辖区", "江北区", "大石坝街道"};
	struct str parent = STR("");
	enum err e = OK;

	for (int i = 0; i < 4 && e == OK; i++) {
		struct place p = {.name = str_from(names[i]), .level = (enum place_level)(PLACE_PROVINCE + i), .lon = 106.5, .lat = 29.5};

		e = place_add(tx, parent, &p, &m->key[i]);
		m->key[i] = arena_str(&forever, m->key[i]);
		parent = m->key[i];
	}
	return e;
}

static void test_orgs(void **state)
{
	struct unit *u = *state;
	struct make_places m;
	int64_t county, town, party;
	struct actor_org *v, o;
	struct act post, x;
	struct db_conn *c;
	size_t n;

	assert_int_equal(OK, db_write(u->db, make_places, &m));
	county = org(u, "区住建委", "department", m.key[2]);
	town = org(u, "民生服务板块", "board", m.key[3]);
	party = org(u, "第一党支部", "party", m.key[3]);
	org(u, "别处", "town", STR("zz"));
	c = db_read_begin(u->db);
	assert_int_equal(OK, actor_orgs_for(c, u->a, m.key[3], &v, &n));
	assert_int_equal(3, n);
	assert_int_equal(county, v[2].id);
	assert_int_equal(OK, actor_orgs_for(c, u->a, m.key[2], &v, &n));
	assert_int_equal(3, n);
	assert_int_equal(county, v[0].id);
	assert_int_equal(OK, actor_orgs_for(c, u->a, STR("zzz"), &v, &n));
	assert_int_equal(OK, actor_org_get(c, u->a, town, &o));
	assert_string_equal("民生服务板块", o.name.p);
	assert_int_equal(ERR_NOT_FOUND, actor_org_get(c, u->a, 1, &o));
	db_read_end(c);
	post = (struct act){.org = town, .name = STR("综治岗")};
	assert_int_equal(OK, db_write(u->db, add_post, &post));
	x = (struct act){.id = person(u, "zheng"), .role = STR("board_post"), .place = m.key[3], .org = town, .post = post.post};
	assert_int_equal(OK, db_write(u->db, grant, &x));
	assert_int_equal(post.post, load(u, x.id).rights[0].post);
	x.org = county; /* the post is another organisation's */
	x.place = m.key[2];
	assert_int_equal(ERR_INPUT, db_write(u->db, grant, &x));
	x = (struct act){.org = party, .place = m.key[3]};
	assert_int_equal(OK, db_write(u->db, map_party, &x));
	assert_int_equal(OK, db_write(u->db, map_party, &x));
	assert_int_equal(1, noted(u, "party.map", party));
	x.org = town;
	assert_int_equal(ERR_INPUT, db_write(u->db, map_party, &x));
}

struct move {
	struct str from, to, now_at;
	bool merge;
};

static enum err add_sister(struct tx *tx, void *arg)
{
	struct move *m = arg;
	struct place p = {.name = STR("渝北区"), .level = PLACE_DISTRICT, .lon = 106.6, .lat = 29.7};
	enum err e = place_add(tx, m->from, &p, &m->to);

	m->to = arena_str(&forever, m->to);
	return e;
}

static enum err move_place(struct tx *tx, void *arg)
{
	struct move *m = arg;
	enum err e = place_move(tx, m->from, m->to, 1, STR("区划调整"), &m->now_at);

	m->now_at = arena_str(&forever, m->now_at);
	return e;
}

static void test_place_moves(void **state)
{
	struct unit *u = *state;
	struct make_places m;
	struct move mv;
	struct actor_session s;
	int64_t id = person(u, "feng");

	assert_int_equal(OK, db_write(u->db, make_places, &m));
	assert_int_equal(OK, give(u, id, "dispatcher", m.key[3].p));
	s = load(u, id);
	assert_true(actor_may(&s, "matter.dispatch", m.key[3]));
	mv = (struct move){.from = m.key[1]};
	assert_int_equal(OK, db_write(u->db, add_sister, &mv));
	mv.from = m.key[3];
	assert_int_equal(OK, db_write(u->db, move_place, &mv));
	s = load(u, id);
	assert_true(str_starts(mv.now_at, mv.to.p));
	assert_true(actor_may(&s, "matter.dispatch", mv.now_at));
	assert_false(actor_may(&s, "matter.dispatch", m.key[3]));
}

/* ---- whose shift it is ---- */

struct shift { struct str place; int64_t account; };

static enum err take_shift(struct tx *tx, void *arg)
{
	const struct shift *s = arg;

	return duty_take(tx, s->place, s->account);
}

static size_t on_duty(struct unit *u, struct str place, struct duty **v)
{
	struct db_conn *c = db_read_begin(u->db);
	size_t n = 0;

	assert_int_equal(OK, duty_at(c, u->a, place, place_after(u->a, place), "matter.dispatch", 10, v, &n));
	db_read_end(c);
	return n;
}

/* Everybody who may dispatch, until a shift is taken; then that one, until they may no longer, and wherever the place goes. */
static void test_duty(void **state)
{
	struct unit *u = *state;
	struct make_places m;
	struct move mv;
	struct duty *v;
	int64_t day = person(u, "day"), night = person(u, "night"), clerk = person(u, "clerk");

	assert_int_equal(OK, db_write(u->db, make_places, &m));
	assert_int_equal(0, on_duty(u, m.key[3], &v));
	assert_int_equal(OK, give(u, day, "dispatcher", m.key[3].p));
	assert_int_equal(OK, give(u, night, "dispatcher", m.key[3].p));
	assert_int_equal(OK, give(u, clerk, "handler", m.key[3].p));
	assert_int_equal(2, on_duty(u, m.key[3], &v));
	assert_int_equal(0, v[0].since);
	assert_int_equal(OK, db_write(u->db, take_shift, &(struct shift){m.key[3], clerk}));
	assert_int_equal(2, on_duty(u, m.key[3], &v)); /* a clerk's shift is nobody's: the role does not distribute work */
	assert_int_equal(OK, db_write(u->db, take_shift, &(struct shift){m.key[3], day}));
	assert_int_equal(OK, db_write(u->db, take_shift, &(struct shift){m.key[3], night}));
	assert_int_equal(1, on_duty(u, m.key[3], &v));
	assert_true(v[0].since > 0 && v[0].role.n > 0);
	assert_int_equal(1, on_duty(u, m.key[2], &v)); /* the village above sees its grid's */
	mv = (struct move){.from = m.key[1]};
	assert_int_equal(OK, db_write(u->db, add_sister, &mv));
	mv.from = m.key[3];
	assert_int_equal(OK, db_write(u->db, move_place, &mv));
	assert_int_equal(1, on_duty(u, mv.now_at, &v));
	assert_int_equal(OK, db_write(u->db, take_back, &(struct act){.id = night, .role = STR("dispatcher"), .place = mv.now_at}));
	assert_int_equal(1, on_duty(u, mv.now_at, &v)); /* the other again */
	assert_int_equal(0, v[0].since);
}

static void prepare(void)
{
	struct str why;
	char dir[300];

	arena_init(&forever, 0);
	snprintf(dir, sizeof(dir), "%s/keys", unit_tmp());
	if (keyring_open(dir, true, "sm", &ring, &forever, &why) != OK)
		BUG("%s", why.p);
	keyring_use(ring);
	if (file_read(&forever, "data/roles.csv", 65536, &roles_csv, &why) != OK)
		BUG("%s; run from the top of the repository", why.p);
	if (password_hash(&forever, PASSWORD, &good_hash) != OK)
		BUG("no memory for argon2id");
	actor_init();
}

int main(void)
{
#define BOTH(f) \
	{#f " SQLite", f, setup, teardown, (void *)(uintptr_t)DB_SQLITE}, {#f " PG", f, setup, teardown, (void *)(uintptr_t)DB_PG}
	static const struct CMUnitTest tests[] = {
		BOTH(test_roles_file), BOTH(test_roles_mistakes), BOTH(test_role_edited), BOTH(test_role_made),
		BOTH(test_last_administrator), BOTH(test_last_holder), BOTH(test_roles_change), BOTH(test_rights), BOTH(test_grant_refused),
		BOTH(test_three_administrators), BOTH(test_three_administrators_race), BOTH(test_accounts), BOTH(test_login),
		BOTH(test_login_unknown), BOTH(test_session), BOTH(test_screen), BOTH(test_session_ends_with_account), BOTH(test_orgs), BOTH(test_place_moves), BOTH(test_duty),
	};
	int failed;

	prepare();
	failed = UNIT_MAIN(tests);
	keyring_free(ring);
	arena_release(&forever);
	return failed;
}
