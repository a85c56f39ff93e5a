/* The second factor: codes of RFC 6238 and 4226, each good once, wrong ones lock, recovery codes, reset; both stores. */
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "core/actor/second.h"
#include "core/journal/journal.h"
#include "crypto/keyring.h"
#include "crypto/reseal.h"
#include "crypto/totp.h"

static struct keyring *ring;

static void test_codes_of_the_rfc(void **state)
{
	static const struct { int64_t seconds; uint32_t code; } v[] = {
		{59, 287082}, {1111111109, 81804}, {1111111111, 50471}, {1234567890, 5924}, {2000000000, 279037}, {20000000000, 353130}};
	static const char secret[] = "12345678901234567890";
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(v); i++) /* RFC 6238, appendix B, last six digits */
		assert_int_equal(v[i].code, totp_code(secret, 20, v[i].seconds * 1000 / TOTP_STEP_MS));
	assert_string_equal(base32(&a, secret, 20).p, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	assert_string_equal(base32(&a, "f", 1).p, "MY"); /* RFC 4648, 10, without padding */
	assert_string_equal(base32(&a, "foob", 4).p, "MZXW6YQ");
	assert_string_equal(base32(&a, "", 0).p, "");
	arena_release(&a);
}

/* ---- an account ---- */

static enum err make(struct tx *tx, void *id)
{
	return actor_create(tx, STR("wang"), STR("王"), STR("x"), id);
}

static int64_t begin(struct unit *u)
{
	struct str why;
	char dir[600];
	int64_t id;

	if (!ring) {
		snprintf(dir, sizeof(dir), "%s/keys", unit_tmp());
		assert_int_equal(OK, keyring_open(dir, true, "intl", &ring, u->a, &why));
		keyring_use(ring);
	}
	clock_set(INT64_C(1772416800000));
	assert_int_equal(OK, journal_init(u->db, NULL, u->a, &why));
	assert_int_equal(OK, db_write(u->db, make, &id));
	return id;
}

static void set_up(struct unit *u, int64_t id, unsigned char secret[TOTP_SECRET])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	struct second_begin b = {id};
	struct db_conn *c;
	struct str text;
	uint32_t bits = 0;
	size_t have = 0, at = 0;

	assert_int_equal(OK, db_write(u->db, second_begin_job, &b));
	c = db_read_begin(u->db);
	assert_int_equal(OK, second_secret(c, u->a, id, &text));
	db_read_end(c);
	assert_int_equal(32, text.n);
	for (size_t i = 0; i < text.n; i++) {
		bits = bits << 5 | (uint32_t)(strchr(digits, text.p[i]) - digits);
		for (have += 5; have >= 8; have -= 8)
			secret[at++] = (unsigned char)(bits >> (have - 8));
	}
	assert_int_equal(TOTP_SECRET, at);
}

static struct second_try attempt(struct unit *u, int64_t id, bool confirm, const char *typed)
{
	struct second_try t = {.account = id, .typed = str_from(typed), .confirm = confirm, .arena = u->a};

	assert_int_equal(OK, db_write(u->db, second_try_job, &t));
	return t;
}

static const char *code_at(struct unit *u, const unsigned char *secret, int64_t steps)
{
	return arena_printf(u->a, "%06u", totp_code(secret, TOTP_SECRET, clock_now() / TOTP_STEP_MS + steps)).p;
}

static struct second_state state_of(struct unit *u, int64_t id)
{
	struct db_conn *c = db_read_begin(u->db);
	struct second_state s;

	assert_int_equal(OK, second_get(c, u->a, id, &s));
	db_read_end(c);
	return s;
}

static void test_set_up_and_asked(void **state)
{
	struct unit *u = *state;
	int64_t id = begin(u);
	unsigned char secret[TOTP_SECRET];
	struct second_begin again = {id};
	struct second_try t, first;

	assert_false(state_of(u, id).on || state_of(u, id).begun);
	set_up(u, id, secret);
	assert_true(state_of(u, id).begun);
	assert_false(attempt(u, id, true, "12345").right);
	assert_false(attempt(u, id, true, code_at(u, secret, -3)).right); /* too old */
	first = attempt(u, id, true, code_at(u, secret, 0));
	assert_true(first.right && state_of(u, id).on);
	assert_int_equal(SECOND_RECOVERY, state_of(u, id).recovery);
	assert_int_equal(ERR_CONFLICT, db_write(u->db, second_begin_job, &again)); /* what is in force is not replaced */

	assert_false(attempt(u, id, false, code_at(u, secret, 0)).right); /* each code is good once */
	t = attempt(u, id, false, arena_printf(u->a, "%.3s %s", code_at(u, secret, 1), code_at(u, secret, 1) + 3).p);
	assert_true(t.right && !t.recovered); /* half a minute early, with a blank in the middle */
	assert_false(attempt(u, id, false, code_at(u, secret, 0)).right); /* nor one before the last */

	clock_set(clock_now() + 10 * 60 * 1000);
	t = attempt(u, id, false, first.codes[0].p);
	assert_true(t.right && t.recovered);
	assert_int_equal(SECOND_RECOVERY - 1, state_of(u, id).recovery);
	assert_false(attempt(u, id, false, first.codes[0].p).right);
	assert_true(attempt(u, id, false, code_at(u, secret, 0)).right);
	journal_end(u->db);
}

static enum err drop(struct tx *tx, void *id)
{
	return second_drop(tx, *(int64_t *)id, 0);
}

static void test_wrong_ones_lock(void **state)
{
	struct unit *u = *state;
	int64_t id = begin(u);
	unsigned char secret[TOTP_SECRET];
	struct second_try t;
	struct journal_entry *v;
	struct db_conn *c;
	size_t n, fails = 0, locks = 0;

	set_up(u, id, secret);
	assert_true(attempt(u, id, true, code_at(u, secret, 0)).right);
	clock_set(clock_now() + 60000);
	for (int i = 0; i < 5; i++)
		assert_false(attempt(u, id, false, "000000").locked);
	t = attempt(u, id, false, code_at(u, secret, 0));
	assert_true(t.locked && !t.right); /* the right one too */
	clock_set(clock_now() + 16 * 60 * 1000);
	assert_true(attempt(u, id, false, code_at(u, secret, 0)).right);
	assert_int_equal(OK, db_write(u->db, drop, &id));
	assert_false(state_of(u, id).on);
	assert_int_equal(ERR_NOT_FOUND, db_write(u->db, drop, &id));
	t = (struct second_try){.account = id, .typed = STR("123456"), .arena = u->a};
	assert_int_equal(ERR_CONFLICT, db_write(u->db, second_try_job, &t)); /* reset meanwhile */
	c = db_read_begin(u->db);
	assert_int_equal(OK, journal_of_subject(c, u->a, id, &v, &n));
	db_read_end(c);
	for (size_t i = 0; i < n; i++) {
		fails += str_eqz(v[i].kind, "factor.fail");
		locks += str_eqz(v[i].kind, "factor.lock");
	}
	assert_int_equal(4, fails);
	assert_int_equal(1, locks);
	assert_true(str_eqz(v[n - 1].kind, "factor.reset") || str_eqz(v[0].kind, "factor.reset"));
	journal_end(u->db);
}

static void test_resealed(void **state)
{
	struct unit *u = *state;
	int64_t id = begin(u);
	unsigned char secret[TOTP_SECRET];
	struct reseal_page page = {0};

	set_up(u, id, secret);
	assert_int_equal(OK, db_write(u->db, second_reseal_job, &page));
	assert_int_equal(1, page.seen);
	assert_int_equal(0, page.changed); /* under the newest key already */
	assert_false(page.more);
	journal_end(u->db);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes_of_the_rfc), UNIT_BOTH(test_set_up_and_asked), UNIT_BOTH(test_wrong_ones_lock), UNIT_BOTH(test_resealed),
	};
	int status = UNIT_MAIN(tests);

	keyring_free(ring);
	return status;
}
