/* Keys of programs: made, used, ended, on both stores. */
#include "tests/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/time.h"
#include "core/actor/api_key.h"
#include "core/journal/journal.h"
#include "crypto/keyring.h"

static struct keyring *ring;
static struct str roles_csv;
static struct arena forever;

struct act {
	struct str login, name, key, role, place, why, hash;
	int64_t id, key_id, expires;
};

static enum err load_roles(struct tx *tx, void *arg)
{
	struct str why;

	(void)arg;
	return actor_load_roles(tx, roles_csv, &why);
}

static int setup(void **state)
{
	struct unit *u;
	struct str why;

	unit_setup(state);
	u = *state;
	assert_int_equal(OK, journal_init(u->db, NULL, u->a, &why));
	assert_int_equal(OK, db_write(u->db, load_roles, NULL));
	return 0;
}

static int teardown(void **state)
{
	struct unit *u = *state;

	clock_set(0);
	db_finish(u->db); /* a use may still be on its way to the store */
	journal_end(u->db);
	return unit_teardown(state);
}

static enum err make_service(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_create_service(tx, x->login, STR("地图程序"), &x->id);
}

static enum err make_person(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_create(tx, x->login, STR("张三"), x->hash, &x->id);
}

static enum err add_key(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_key_add(tx, x->id, x->name, x->key, x->expires, 7, &x->key_id, &x->why);
}

static enum err revoke_key(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_key_revoke(tx, x->id, x->name, 7);
}

static enum err grant(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_grant(tx, x->id, x->role, x->place, 0, 0, 1, &x->why);
}

static enum err lock(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_set_active(tx, x->id, false, 1, &(struct str){0});
}

static enum err set_password(struct tx *tx, void *arg)
{
	struct act *x = arg;

	return actor_set_password(tx, x->id, x->hash);
}

static int64_t service(struct unit *u, const char *login)
{
	struct act x = {.login = str_from(login)};

	assert_int_equal(OK, db_write(u->db, make_service, &x));
	return x.id;
}

static enum err key_for_days(struct unit *u, int64_t account, const char *name, int64_t days, struct str *key)
{
	struct act x = {.id = account, .name = str_from(name), .key = actor_key_new(u->a), .expires = clock_now() + days * MS_DAY};
	enum err e = db_write(u->db, add_key, &x);

	if (key)
		*key = x.key;
	assert_true(e == OK || x.why.n > 0);
	return e;
}

static enum err come(struct unit *u, struct str key, struct actor_session *who, struct str *why)
{
	struct db_conn *c = db_read_begin(u->db);
	enum err e = actor_key_find(c, u->a, key, clock_now(), who, why);

	db_read_end(c);
	return e;
}

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

static void test_comes_in(void **state)
{
	struct unit *u = *state;
	int64_t id = service(u, "map-server");
	struct act x = {.id = id, .role = STR("supervisor"), .place = STR("aa")};
	struct actor_session who;
	struct str key, why;

	assert_int_equal(OK, db_write(u->db, grant, &x));
	assert_int_equal(OK, key_for_days(u, id, "wall", 30, &key));
	assert_true(str_starts(key, ACTOR_KEY_PREFIX) && key.n > 40);
	assert_int_equal(OK, come(u, key, &who, &why));
	assert_int_equal(id, who.id);
	assert_int_equal(0, who.session);
	assert_true(who.key > 0);
	assert_true(actor_may(&who, "matter.read", STR("aabb")));
	assert_false(actor_may(&who, "matter.read", STR("ab")));
	assert_false(actor_may(&who, "matter.dispatch", STR_NULL));
	assert_int_equal(1, noted(u, "account.create", id));
	assert_int_equal(1, noted(u, "key.add", id));
}

/* A person has no key, a program no password and none of the three offices. */
static void test_kept_apart(void **state)
{
	static const char *const offices[] = {"sysadmin", "secadmin", "auditor"};
	struct unit *u = *state;
	int64_t id = service(u, "robot"), got;
	struct act x = {.login = STR("li.si")}, p = {.id = id};
	struct str why;

	assert_int_equal(OK, password_hash(u->a, STR("四个不相干的词"), &x.hash));
	assert_int_equal(OK, db_write(u->db, make_person, &x));
	assert_int_equal(ERR_RULE, key_for_days(u, x.id, "mine", 30, NULL));
	assert_int_equal(ERR_NOT_FOUND, key_for_days(u, 12345, "mine", 30, NULL));
	assert_int_equal(ERR_LOGIN, actor_check_password(u->db, u->a, STR("robot"), STR(""), clock_now(), &got, &why));
	assert_int_equal(ERR_LOGIN, actor_check_password(u->db, u->a, STR("robot"), STR("四个不相干的词"), clock_now(), &got, &why));
	p.hash = x.hash;
	assert_int_equal(ERR_RULE, db_write(u->db, set_password, &p));
	for (size_t i = 0; i < ARRAY_LEN(offices); i++) {
		struct act g = {.id = id, .role = str_from(offices[i]), .place = STR("")};

		assert_int_equal(ERR_RULE, db_write(u->db, grant, &g));
	}
}

/* Notices go to people: a program with the role neither gets them nor hides who is further up. */
static void test_is_told_nothing(void **state)
{
	struct unit *u = *state;
	struct act robot = {.id = service(u, "robot"), .role = STR("dispatcher"), .place = STR("aabb")};
	struct act person = {.login = STR("wang"), .role = STR("dispatcher"), .place = STR("")};
	struct db_conn *c;
	int64_t *ids;
	size_t n;

	assert_int_equal(OK, password_hash(u->a, STR("四个不相干的词"), &person.hash));
	assert_int_equal(OK, db_write(u->db, make_person, &person));
	assert_int_equal(OK, db_write(u->db, grant, &person));
	assert_int_equal(OK, db_write(u->db, grant, &robot));
	c = db_read_begin(u->db);
	assert_int_equal(OK, actor_holders(c, u->a, STR("dispatcher"), STR("aabb"), 0, &ids, &n));
	db_read_end(c);
	assert_int_equal(1, n);
	assert_int_equal(person.id, ids[0]);
}

static void test_refused(void **state)
{
	static const char *const garbage[] = {"", "gz_", "gz_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "\xff\xfe", "' OR 1=1 --"};
	struct unit *u = *state;
	int64_t id = service(u, "robot");
	struct act x = {.id = id, .name = STR("a")};
	struct actor_session who;
	struct str key, other, why;
	char *many = memset(arena_alloc(u->a, 100000), 'x', 100000);

	for (size_t i = 0; i < ARRAY_LEN(garbage); i++) {
		assert_int_equal(ERR_LOGIN, come(u, str_from(garbage[i]), &who, &why));
		assert_true(why.n && who.id == 0);
	}
	assert_int_equal(ERR_LOGIN, come(u, (struct str){many, 100000}, &who, &why));
	assert_int_equal(OK, key_for_days(u, id, "a", 30, &key));
	assert_int_equal(OK, key_for_days(u, id, "b", 10, &other));
	assert_int_equal(ERR_LOGIN, come(u, str_sub(key, 0, key.n - 1), &who, &why));
	assert_int_equal(ERR_LOGIN, come(u, arena_cat(u->a, key, STR("x")), &who, &why));
	/* revoked: the other stays; the name is free again */
	assert_int_equal(ERR_CONFLICT, key_for_days(u, id, "a", 30, NULL));
	assert_int_equal(OK, db_write(u->db, revoke_key, &x));
	assert_int_equal(ERR_NOT_FOUND, db_write(u->db, revoke_key, &x));
	assert_int_equal(1, noted(u, "key.revoke", id));
	assert_int_equal(ERR_LOGIN, come(u, key, &who, &why));
	assert_true(str_find(why, STR("停用")) >= 0);
	assert_int_equal(OK, come(u, other, &who, &why));
	assert_int_equal(OK, key_for_days(u, id, "a", 30, NULL));
	/* ended */
	clock_set(clock_now() + 11 * MS_DAY);
	assert_int_equal(ERR_LOGIN, come(u, other, &who, &why));
	assert_true(str_find(why, STR("有效期")) >= 0);
	/* the account is locked */
	assert_int_equal(OK, key_for_days(u, id, "c", 30, &key));
	assert_int_equal(OK, come(u, key, &who, &why));
	assert_int_equal(OK, db_write(u->db, lock, &x));
	assert_int_equal(ERR_LOGIN, come(u, key, &who, &why));
}

static void test_limits(void **state)
{
	static const char *const names[] = {"", "A", "a b", "密钥", "a\"b",
					    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct unit *u = *state;
	int64_t id = service(u, "robot");

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(ERR_INPUT, key_for_days(u, id, names[i], 30, NULL));
	assert_int_equal(ERR_INPUT, key_for_days(u, id, "a", 0, NULL));
	assert_int_equal(ERR_INPUT, key_for_days(u, id, "a", ACTOR_KEY_DAYS_MAX + 1, NULL));
	for (int i = 0; i < ACTOR_KEYS_MAX; i++)
		assert_int_equal(OK, key_for_days(u, id, arena_printf(u->a, "k%d", i).p, 30, NULL));
	assert_int_equal(ERR_TOO_MUCH, key_for_days(u, id, "one-more", 30, NULL));
}

static int64_t day_of_use(struct unit *u, int64_t account)
{
	struct db_conn *c = db_read_begin(u->db);
	struct actor_key *v;
	size_t n;

	assert_int_equal(OK, actor_keys(c, u->a, account, &v, &n));
	db_read_end(c);
	assert_int_equal(1, n);
	return v[0].used_day;
}

static int64_t wait_for_use(struct unit *u, int64_t account, int64_t before)
{
	for (int i = 0; i < 500 && day_of_use(u, account) == before; i++)
		usleep(10000);
	return day_of_use(u, account);
}

static void test_day_of_use(void **state)
{
	struct unit *u = *state;
	int64_t id = service(u, "robot"), day;
	struct actor_session who;
	struct str key, why;

	clock_set(1800000000000);
	assert_int_equal(OK, key_for_days(u, id, "a", 30, &key));
	assert_int_equal(0, day_of_use(u, id));
	for (int i = 0; i < 10; i++)
		assert_int_equal(OK, come(u, key, &who, &why));
	day = wait_for_use(u, id, 0);
	assert_int_equal(time_day_of(1800000000000, TIME_CHINA), day);
	clock_set(1800000000000 + MS_DAY);
	assert_int_equal(OK, come(u, key, &who, &why));
	assert_int_equal(day + 1, wait_for_use(u, id, day));
	assert_int_equal(1, noted(u, "key.first_use", id));
	/* a clock that jumps back does not take the day back */
	clock_set(1800000000000 - 5 * MS_DAY);
	assert_int_equal(OK, come(u, key, &who, &why));
	usleep(50000);
	assert_int_equal(day + 1, day_of_use(u, id));
}

static void prepare(void)
{
	struct str why;

	arena_init(&forever, 0);
	if (keyring_open(arena_printf(&forever, "%s/keys", unit_tmp()).p, true, "sm", &ring, &forever, &why) != OK)
		BUG("%s", why.p);
	keyring_use(ring);
	if (file_read(&forever, "data/roles.csv", 65536, &roles_csv, &why) != OK)
		BUG("%s; run from the top of the repository", why.p);
	actor_init();
}

int main(void)
{
#define BOTH(f) \
	{#f " SQLite", f, setup, teardown, (void *)(uintptr_t)DB_SQLITE}, {#f " PG", f, setup, teardown, (void *)(uintptr_t)DB_PG}
	static const struct CMUnitTest tests[] = {
		BOTH(test_comes_in), BOTH(test_kept_apart), BOTH(test_is_told_nothing), BOTH(test_refused), BOTH(test_limits), BOTH(test_day_of_use),
	};
	int failed;

	prepare();
	failed = UNIT_MAIN(tests);
	keyring_free(ring);
	arena_release(&forever);
	return failed;
}
