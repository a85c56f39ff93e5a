/*
 * Passwords at the door. An unknown login takes the same time, gets the same answer and locks after the same number of
 * tries as a known one, so the door tells nobody which logins exist.
 */
#include <pthread.h>

#include "base/log.h"
#include "core/actor/actor.sql.h"
#include "core/actor/inner.h"
#include "crypto/crypto.h"

struct actor_limits actor_limits = {
	.idle = (int64_t)2 * 3600 * 1000, .absolute = (int64_t)12 * 3600 * 1000, .screen_idle = (int64_t)7 * 24 * 3600 * 1000,
	.screen_absolute = (int64_t)30 * 24 * 3600 * 1000, .failures = 5, .lock = (int64_t)15 * 60 * 1000};

void actor_set_limits(const struct actor_limits *l)
{
	if (l->idle)
		actor_limits.idle = l->idle;
	if (l->absolute)
		actor_limits.absolute = l->absolute;
	if (l->screen_idle)
		actor_limits.screen_idle = l->screen_idle;
	if (l->screen_absolute)
		actor_limits.screen_absolute = l->screen_absolute;
	if (l->failures)
		actor_limits.failures = l->failures;
	if (l->lock)
		actor_limits.lock = l->lock;
}

struct attempt {
	unsigned char hash[32];     /* of the login as typed */
	int64_t now, account;       /* account 0: unknown */
	bool right;
};

static struct str key_of(const struct attempt *t)
{
	return (struct str){(const char *)t->hash, sizeof(t->hash)};
}

#define LOCKED STR("密码错误次数太多，已暂时锁定：请稍后再试，或找安全管理员重设密码")

/* Somebody's hash that no password opens, made once with the parameters of real ones. */
static struct str nobodys_hash(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static char text[200];
	struct arena a;
	struct str made;

	pthread_mutex_lock(&lock);
	if (text[0] == 0) {
		arena_init(&a, 0);
		if (password_hash(&a, token_new(&a), &made) == OK && made.n < sizeof(text))
			memcpy(text, made.p, made.n);
		arena_release(&a);
	}
	pthread_mutex_unlock(&lock);
	return str_from(text);
}

/* Job: counts a wrong password. */
static enum err count_failure(struct tx *tx, struct attempt *t)
{
	struct actor_failure_get_row f = {0};
	enum err e = q_actor_failure_get(tx->c, tx->arena, key_of(t), &f);
	int64_t until = 0;

	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	if (e == ERR_NOT_FOUND || t->now - f.last > actor_limits.lock)
		f.failures = 0;
	f.failures++;
	if (f.failures >= actor_limits.failures)
		until = t->now + actor_limits.lock;
	e = q_actor_failure_forget(tx->c, t->now - 2 * actor_limits.lock, NULL);
	if (e == OK)
		e = q_actor_failure_put(tx->c, key_of(t), f.failures, t->now, until, NULL);
	/* only known accounts: strangers must not be able to fill the journal */
	if (e == OK && t->account)
		e = actor_note(tx, 0, until ? "login.lock" : "login.fail", t->account, STR(""), "{}");
	return e;
}

static enum err settle(struct tx *tx, void *arg)
{
	struct attempt *t = arg;
	struct actor_failure_get_row f;
	enum err e = db_lock(tx, (int64_t)t->hash[0] << 8 | t->hash[1]);

	if (e != OK)
		return e;
	if (!t->right)
		return count_failure(tx, t);
	e = q_actor_failure_get(tx->c, tx->arena, key_of(t), &f);
	if (e == ERR_NOT_FOUND)
		return OK;
	/* guesses in parallel: the one that hit came after the lock fell */
	if (e == OK && f.locked_until > t->now)
		return ERR_RATE;
	return e == OK ? q_actor_failure_clear(tx->c, key_of(t), NULL) : e;
}

static enum err look_up(struct db *db, struct arena *a, struct str login, struct attempt *t, struct str *hash)
{
	struct db_conn *c = db_read_begin(db);
	struct actor_account_by_login_row r;
	struct actor_failure_get_row f;
	enum err e = q_actor_failure_get(c, a, key_of(t), &f);

	if (e == OK && f.locked_until > t->now) {
		db_read_end(c);
		return ERR_RATE;
	}
	if (e == OK || e == ERR_NOT_FOUND)
		e = q_actor_account_by_login(c, a, login, &r);
	db_read_end(c);
	*hash = nobodys_hash();
	if (e == OK && r.active && r.password.n) { /* a program has none: like an unknown login */
		t->account = r.id;
		*hash = r.password;
	}
	return e == ERR_NOT_FOUND ? OK : e;
}

enum err actor_check_password(struct db *db, struct arena *a, struct str login, struct str password, int64_t now, int64_t *id, struct str *why)
{
	struct attempt t = {.now = now};
	unsigned char key[32];
	struct str hash;
	enum err e = key_for("login-failures", key);

	*id = 0;
	*why = STR("登录名或密码不对");
	if (e != OK)
		return e;
	if (login.p == NULL || login.n == 0 || login.n > 64 || password.p == NULL)
		return ERR_LOGIN;
	mac(key, login, t.hash);
	e = look_up(db, a, login, &t, &hash);
	if (e == ERR_RATE)
		*why = LOCKED;
	if (e != OK)
		return e;
	t.right = password_check(hash, password) && t.account != 0;
	e = db_write(db, settle, &t);
	if (e == ERR_RATE)
		*why = LOCKED;
	if (e != OK)
		return e;
	if (!t.right)
		return ERR_LOGIN;
	*id = t.account;
	*why = STR_NULL;
	return OK;
}
