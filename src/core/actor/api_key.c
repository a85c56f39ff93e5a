/* Keys of programs. */
#include "core/actor/api_key.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/time.h"
#include "core/actor/actor.sql.h"
#include "core/actor/inner.h"
#include "crypto/crypto.h"

#define KEY_TEXT_MAX 512 /* what more a stranger sends is not looked at */

struct str actor_key_new(struct arena *a)
{
	return arena_cat(a, STR(ACTOR_KEY_PREFIX), token_new(a));
}

static enum err hash_of(struct str key, unsigned char out[32])
{
	unsigned char secret[32];
	enum err e = key_for("api-keys", secret);

	if (e == OK)
		mac(secret, str_sub(key, 0, KEY_TEXT_MAX), out);
	return e;
}

/* ---- making and taking back ---- */

static enum err check_account(struct tx *tx, int64_t account, struct str *why)
{
	bool service = false;
	enum err e = actor_is_service(tx->c, tx->arena, account, &service);

	if (e == ERR_NOT_FOUND)
		*why = STR("没有这个账号");
	if (e != OK || service)
		return e;
	*why = STR("这是人的账号：密钥只发给程序的账号，请另建一个（user add --service）");
	return ERR_RULE;
}

static enum err check_number(struct tx *tx, int64_t account, struct str *why)
{
	struct actor_keys_of_rows have;
	size_t in_force = 0;
	enum err e = q_actor_keys_of(tx->c, tx->arena, account, &have);

	for (size_t i = 0; e == OK && i < have.n; i++)
		in_force += have.v[i].revoked == 0 && have.v[i].expires > tx->now;
	if (e != OK || in_force < ACTOR_KEYS_MAX)
		return e;
	*why = STR("这个账号有效的密钥已有 20 把：请先停用不再用的");
	return ERR_TOO_MUCH;
}

static enum err check_key(struct tx *tx, const struct actor_key_add_args *row, struct str *why)
{
	if (!actor_word_ok(row->name, 1)) {
		*why = STR("密钥名须为 1 到 64 个小写字母、数字或 . _ - @");
		return ERR_INPUT;
	}
	if (row->expires <= tx->now || row->expires > tx->now + ACTOR_KEY_DAYS_MAX * MS_DAY) {
		*why = STR("有效期须在今天之后、三年之内");
		return ERR_INPUT;
	}
	return OK;
}

enum err actor_key_add(struct tx *tx, int64_t account, struct str name, struct str key, int64_t expires, int64_t by, int64_t *id,
		       struct str *why)
{
	unsigned char h[32];
	struct actor_key_add_args row = {.id = id_new(tx->now), .account = account, .name = name, .created = tx->now, .by_account = by,
					 .expires = expires, .key_hash = {(const char *)h, sizeof(h)}};
	int64_t changed;
	enum err e = db_lock(tx, account);

	*why = STR_NULL;
	if (e == OK)
		e = check_account(tx, account, why);
	if (e == OK)
		e = check_key(tx, &row, why);
	if (e == OK)
		e = check_number(tx, account, why);
	if (e == OK)
		e = hash_of(key, h);
	if (e == OK)
		e = q_actor_key_add(tx->c, &row, &changed);
	if (e == OK && changed == 0) {
		*why = STR("这个账号已有同名的密钥：请换一个名字，或先停用旧的");
		return ERR_CONFLICT;
	}
	*id = row.id;
	return e == OK ? actor_note(tx, by, "key.add", account, STR(""), "{\"expires\":\"%lld\",\"key\":\"%lld\"}", (long long)expires,
				    (long long)row.id) : e;
}

enum err actor_key_revoke(struct tx *tx, int64_t account, struct str name, int64_t by)
{
	struct actor_key_revoke_rows rows;
	enum err e = q_actor_key_revoke(tx->c, tx->arena, account, name, tx->now, &rows);

	if (e != OK || rows.n == 0)
		return e == OK ? ERR_NOT_FOUND : e;
	return actor_note(tx, by, "key.revoke", account, STR(""), "{\"key\":\"%lld\"}", (long long)rows.v[0].id);
}

enum err actor_programs(struct db_conn *c, struct arena *a, int most, struct actor_program **v, size_t *n)
{
	struct actor_programs_rows rows;
	enum err e = q_actor_programs(c, a, most, &rows);

	*n = 0;
	if (e != OK)
		return e;
	*v = arena_array(a, struct actor_program, rows.n + 1);
	for (size_t i = 0; i < rows.n; i++)
		(*v)[(*n)++] = (struct actor_program){rows.v[i].id, rows.v[i].login, rows.v[i].name, rows.v[i].active};
	return OK;
}

enum err actor_keys(struct db_conn *c, struct arena *a, int64_t account, struct actor_key **v, size_t *n)
{
	struct actor_keys_of_rows rows;
	enum err e = q_actor_keys_of(c, a, account, &rows);

	if (e != OK)
		return e;
	*v = arena_array(a, struct actor_key, rows.n + 1);
	*n = rows.n;
	for (size_t i = 0; i < rows.n; i++)
		(*v)[i] = (struct actor_key){.id = rows.v[i].id, .created = rows.v[i].created, .by = rows.v[i].by_account,
					     .expires = rows.v[i].expires, .used_day = rows.v[i].used_day, .revoked = rows.v[i].revoked,
					     .name = rows.v[i].name};
	return OK;
}

/* ---- noting the use ---- */

struct use {
	int64_t key, account, day;
};

static enum err note_use(struct tx *tx, void *arg)
{
	const struct use *u = arg;
	struct actor_key_used_before_row before;
	int64_t changed;
	enum err e = db_lock(tx, u->key); /* two nodes at once: the journal gets one entry */

	if (e == OK)
		e = q_actor_key_used_before(tx->c, tx->arena, u->key, &before);
	if (e == OK)
		e = q_actor_key_used(tx->c, u->key, u->day, &changed);
	if (e != OK || changed == 0 || before.used_day != 0)
		return e;
	return actor_note(tx, u->account, "key.first_use", u->account, STR(""), "{\"key\":\"%lld\"}", (long long)u->key);
}

static void use_noted(void *arg, enum err e)
{
	(void)e; /* the next request tries again in a minute */
	free(arg);
}

static void remember_use(struct db *db, const struct actor_key_find_row *r, int64_t now)
{
	int64_t day = time_day_of(now, TIME_CHINA);
	struct use *u;

	if (r->used_day >= day || actor_noted_lately(r->id, now))
		return;
	u = malloc(sizeof(*u));
	if (u == NULL)
		BUG("out of memory");
	*u = (struct use){.key = r->id, .account = r->account, .day = day};
	db_submit(db, note_use, use_noted, u);
}

/* ---- at the door ---- */

static const char *refused(const struct actor_key_find_row *r, int64_t now)
{
	if (r->revoked)
		return "密钥已停用：请向管理员要一把新的";
	if (r->expires <= now)
		return "密钥已过有效期：请向管理员要一把新的";
	if (!r->active)
		return "密钥所属的账号已停用：请联系管理员";
	return NULL;
}

enum err actor_key_find(struct db_conn *c, struct arena *a, struct str key, int64_t now, struct actor_session *out, struct str *why)
{
	unsigned char h[32];
	struct actor_key_find_row r;
	const char *no;
	enum err e = hash_of(key, h);

	*out = (struct actor_session){0};
	*why = STR_NULL;
	if (e == OK)
		e = q_actor_key_find(c, a, (struct str){(const char *)h, sizeof(h)}, &r);
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	no = e == OK ? refused(&r, now) : "密钥不对：请检查 Authorization 头里的密钥是否完整";
	if (no) {
		*why = str_from(no);
		return ERR_LOGIN;
	}
	*out = (struct actor_session){.id = r.account, .key = r.id, .login = r.login, .name = r.name};
	e = rights_of(c, a, r.account, r.rights, out);
	if (e == OK)
		remember_use(db_of(c), &r, now);
	return e;
}
