/*
 * The harness of all unit tests.
 *
 *	static void test_close(void **state)
 *	{
 *		struct unit *u = *state;             // u->db: a fresh migrated store; u->a: an arena
 *		assert_int_equal(OK, db_write(u->db, job, &arg));
 *	}
 *
 *	int main(void)
 *	{
 *		static const struct CMUnitTest tests[] = {
 *			UNIT_BOTH(test_close),       // once on SQLite, once on PostgreSQL
 *			UNIT_ON(DB_SQLITE, test_x),  // on one
 *			cmocka_unit_test(test_pure), // without a store
 *		};
 *		return UNIT_MAIN(tests);
 *	}
 *
 * GONGZHI_TEST_ONLY='*close*' runs some only; GONGZHI_TEST_LOG=1 shows the log from INFO on.
 * PostgreSQL: the server that tests/run-unit has started, else one that the binary starts itself and stops at the end.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/arena.h"
#include "db/db.h"

struct unit {
	struct db *db;
	enum db_engine engine;
	struct arena *a;
	char *url;   /* to open the same store again */
};

#define UNIT_ON(engine, f) \
	{#f " " #engine, f, unit_setup, unit_teardown, (void *)(uintptr_t)(engine)}
#define UNIT_BOTH(f) UNIT_ON(DB_SQLITE, f), UNIT_ON(DB_PG, f)
#define UNIT_MAIN(tests) unit_main(__FILE__, tests, sizeof(tests) / sizeof((tests)[0]))

int unit_main(const char *name, const struct CMUnitTest *tests, size_t n);
int unit_setup(void **state);
int unit_teardown(void **state);

/* For programs with a main() of their own (benchmarks): folders and servers are removed when the process ends. */
void unit_begin(void);

/* By hand: a fresh store, migrated unless o->no_migrate_check. Closed by unit_store_close, which also removes it. */
struct unit *unit_store(enum db_engine engine, const struct db_options *o);
void unit_store_close(struct unit *u);
/* Closes u->db and opens the same store again (u->db is NULL between: crash tests). */
void unit_store_reopen(struct unit *u, const struct db_options *o);

/* A fresh folder with a blank and Chinese in its name, removed with all that is in it at the end of the process. */
const char *unit_tmp(void);
/* Runs a program and waits; -1 when it cannot be started. */
int unit_run(const char *const argv[]);

#endif
