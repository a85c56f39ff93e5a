#include "core/actor/second.h"


#include "base/utf8.h"
#include "core/actor/actor.sql.h"
#include "core/actor/inner.h"
#include "crypto/reseal.h"
#include "crypto/totp.h"

#define DRIFT 1 /* steps before and after that a clock may be off, RFC 6238, 5.2 */

static struct str context(struct arena *a, int64_t account)
{
	return arena_printf(a, "factor:%lld", (long long)account);
}

static enum err keyed(const char *purpose, struct str what, unsigned char out[32])
{
	unsigned char key[32];
	enum err e = key_for(purpose, key);

	if (e == OK)
		mac(key, what, out);
	return e;
}

static struct str bytes(const unsigned char h[32])
{
	return (struct str){(const char *)h, 32};
}

enum err second_get(struct db_conn *c, struct arena *a, int64_t account, struct second_state *out)
{
	struct actor_factor_get_rows rows;
	struct actor_recovery_count_row left = {0};
	enum err e = q_actor_factor_get(c, a, account, &rows);

	*out = (struct second_state){0};
	if (e == OK && rows.n)
		e = q_actor_recovery_count(c, a, account, &left);
	if (e != OK || rows.n == 0)
		return e;
	*out = (struct second_state){.on = rows.v[0].confirmed > 0, .begun = rows.v[0].confirmed == 0, .since = rows.v[0].confirmed, .recovery = left.n};
	return OK;
}

/* ---- setting up ---- */

enum err second_begin_job(struct tx *tx, void *arg)
{
	const struct second_begin *b = arg;
	unsigned char secret[TOTP_SECRET];
	struct str sealed;
	int64_t changed;
	enum err e;

	random_bytes(secret, sizeof(secret));
	e = seal(tx->arena, (struct str){(const char *)secret, sizeof(secret)}, context(tx->arena, b->account), &sealed);
	if (e == OK)
		e = q_actor_factor_put(tx->c, b->account, sealed, &changed);
	return e == OK && changed == 0 ? ERR_CONFLICT : e;
}

enum err second_secret(struct db_conn *c, struct arena *a, int64_t account, struct str *out)
{
	struct actor_factor_get_rows rows;
	struct str secret;
	enum err e = q_actor_factor_get(c, a, account, &rows);

	if (e == OK && (rows.n == 0 || rows.v[0].confirmed))
		return ERR_NOT_FOUND;
	if (e == OK)
		e = unseal(a, rows.v[0].secret, context(a, account), &secret);
	if (e == OK)
		*out = base32(a, secret.p, secret.n);
	return e;
}

static enum err new_recovery(struct tx *tx, struct second_try *t)
{
	enum err e = q_actor_recovery_drop(tx->c, t->account, NULL);

	for (size_t i = 0; e == OK && i < SECOND_RECOVERY; i++) {
		unsigned char h[32];

		t->codes[i] = code_new(t->arena);
		e = keyed("recovery-codes", arena_printf(tx->arena, "%lld:%.*s", (long long)t->account, STR_ARG(t->codes[i])), h);
		if (e == OK)
			e = q_actor_recovery_add(tx->c, t->account, bytes(h), NULL);
	}
	return e;
}

/* ---- a code ---- */

/* Six digits, as people type them: full width, with a blank in the middle. */
static bool six_digits(struct arena *a, struct str typed, uint32_t *code)
{
	struct str s = utf8_fold(a, typed);
	size_t n = 0;

	*code = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ' ')
			continue;
		if (s.p[i] < '0' || s.p[i] > '9' || ++n > TOTP_DIGITS)
			return false;
		*code = *code * 10 + (uint32_t)(s.p[i] - '0');
	}
	return n == TOTP_DIGITS;
}

static enum err by_program(struct tx *tx, struct second_try *t, const struct actor_factor_get_row *f)
{
	int64_t now = tx->now / TOTP_STEP_MS, hit = 0, changed = 0;
	struct str secret;
	uint32_t code;
	enum err e = OK;

	if (!six_digits(tx->arena, t->typed, &code))
		return OK;
	e = unseal(tx->arena, f->secret, context(tx->arena, t->account), &secret);
	for (int64_t step = now - DRIFT; e == OK && step <= now + DRIFT; step++)
		if (totp_code(secret.p, secret.n, step) == code && step > f->last_step)
			hit = step;
	if (e == OK && hit)
		e = q_actor_factor_used(tx->c, t->account, hit, f->confirmed ? f->confirmed : tx->now, &changed);
	t->right = e == OK && changed > 0;
	return e;
}

static enum err by_recovery(struct tx *tx, struct second_try *t)
{
	unsigned char h[32];
	int64_t changed = 0;
	struct str code;
	enum err e;

	if (t->typed.n > 64 || !code_read(tx->arena, t->typed, &code))
		return OK;
	e = keyed("recovery-codes", arena_printf(tx->arena, "%lld:%.*s", (long long)t->account, STR_ARG(code)), h);
	if (e == OK)
		e = q_actor_recovery_use(tx->c, t->account, bytes(h), &changed);
	t->right = t->recovered = e == OK && changed > 0;
	return e;
}

static enum err count_wrong(struct tx *tx, const struct second_try *t, struct str key, const struct actor_failure_get_row *had)
{
	int64_t failures = (tx->now - had->last > actor_limits.lock ? 0 : had->failures) + 1, until = 0;
	enum err e;

	if (failures >= actor_limits.failures)
		until = tx->now + actor_limits.lock;
	e = q_actor_failure_put(tx->c, key, failures, tx->now, until, NULL);
	return e == OK ? actor_note(tx, 0, until ? "factor.lock" : "factor.fail", t->account, STR(""), "{}") : e;
}

static enum err note_right(struct tx *tx, struct second_try *t, struct str key)
{
	enum err e = q_actor_failure_clear(tx->c, key, NULL);

	if (e == OK && t->confirm)
		e = new_recovery(tx, t);
	if (e == OK && t->confirm)
		return actor_note(tx, t->account, "factor.set", t->account, STR(""), "{}");
	return e == OK && t->recovered ? actor_note(tx, t->account, "factor.recover", t->account, STR(""), "{}") : e;
}

enum err second_try_job(struct tx *tx, void *arg)
{
	struct second_try *t = arg;
	struct actor_failure_get_row had = {0};
	struct actor_factor_get_rows rows;
	unsigned char h[32];
	enum err e = db_lock(tx, t->account);

	t->right = t->locked = t->recovered = false;
	if (e == OK)
		e = keyed("login-failures", arena_printf(tx->arena, "factor:%lld", (long long)t->account), h);
	if (e == OK)
		e = q_actor_failure_get(tx->c, tx->arena, bytes(h), &had);
	e = e == ERR_NOT_FOUND ? OK : e;
	if (e == OK && had.locked_until > tx->now) {
		t->locked = true;
		return OK;
	}
	if (e == OK)
		e = q_actor_factor_get(tx->c, tx->arena, t->account, &rows);
	if (e == OK && (rows.n == 0 || (rows.v[0].confirmed == 0) != t->confirm))
		return ERR_CONFLICT; /* somebody has reset it, or set it up meanwhile */
	if (e == OK)
		e = by_program(tx, t, &rows.v[0]);
	if (e == OK && !t->right && !t->confirm)
		e = by_recovery(tx, t);
	if (e != OK)
		return e;
	return t->right ? note_right(tx, t, bytes(h)) : count_wrong(tx, t, bytes(h), &had);
}

enum err second_drop(struct tx *tx, int64_t account, int64_t by)
{
	int64_t changed;
	enum err e = q_actor_factor_drop(tx->c, account, &changed);

	if (e == OK)
		e = q_actor_recovery_drop(tx->c, account, NULL);
	if (e != OK || changed == 0)
		return e == OK ? ERR_NOT_FOUND : e;
	return actor_note(tx, by, by == account ? "factor.off" : "factor.reset", account, STR(""), "{}");
}

enum err second_reseal_job(struct tx *tx, void *arg)
{
	struct reseal_page *r = arg, was = *r;
	struct actor_factor_page_rows rows;
	enum err e = q_actor_factor_page(tx->c, tx->arena, r->id, RESEAL_PAGE, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		struct str sealed;
		int64_t changed = 0;

		e = seal_again(tx->arena, rows.v[i].secret, context(tx->arena, rows.v[i].account), &sealed);
		if (e == OK && sealed.p)
			e = q_actor_factor_reseal(tx->c, rows.v[i].account, rows.v[i].secret, sealed, &changed);
		reseal_passed(r, rows.v[i].account, STR_NULL, changed);
	}
	return reseal_page_end(r, &was, rows.n, e);
}
