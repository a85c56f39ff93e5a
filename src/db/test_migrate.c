/* The schema goes forward only, and notices what does not fit. */
#include "tests/unit.h"

#include <string.h>

#include "db/inner.h"

static void exec(struct unit *u, const char *sql)
{
	struct db_conn *c = db_conn_new(u->db, true);

	assert_int_equal(OK, db_conn_ready(c));
	assert_int_equal(OK, u->db->backend->exec(c, sql));
	db_conn_free(c);
}

static void count_step(void *arg, const char *step)
{
	assert_non_null(strchr(step, '/'));
	(*(int *)arg)++;
}

static void test_forward(void **state)
{
	static const struct db_options empty = {.no_migrate_check = true}, normal = {0};
	struct unit *u = unit_store((enum db_engine)(uintptr_t)*state, &empty);
	struct str why = STR_NULL;
	struct db *again;
	int missing = db_migrations_missing(u->db), steps = 0;

	assert_true(missing > 0);
	assert_int_equal(ERR_CONFLICT, db_open(&again, u->url, &normal, u->a, &why));
	assert_null(again);
	assert_true(why.n > 0);
	assert_int_equal(OK, db_migrate(u->db, count_step, &steps, u->a, &why));
	assert_int_equal(missing, steps);
	assert_int_equal(0, db_migrations_missing(u->db));
	assert_int_equal(OK, db_migrate(u->db, count_step, &steps, u->a, &why));
	assert_int_equal(missing, steps);
	assert_int_equal(OK, db_open(&again, u->url, &normal, u->a, &why));
	db_close(again);
	unit_store_close(u);
}

static void test_misfits(void **state)
{
	struct unit *u = *state;
	static const struct db_options normal = {0};
	struct str why = STR_NULL;
	struct db *again;

	/* a migration taken out of the book is missing again */
	exec(u, "CREATE TABLE kept AS SELECT * FROM schema_migration");
	exec(u, "DELETE FROM schema_migration WHERE number > 0 AND module = (SELECT max(module) FROM kept)");
	assert_true(db_migrations_missing(u->db) > 0);
	exec(u, "DELETE FROM schema_migration");
	exec(u, "INSERT INTO schema_migration SELECT * FROM kept");
	assert_int_equal(0, db_migrations_missing(u->db));
	/* another text than was applied */
	exec(u, "UPDATE schema_migration SET checksum = 'x' WHERE module = (SELECT max(module) FROM kept)");
	assert_true(db_migrations_missing(u->db) < 0);
	assert_int_equal(ERR_CONFLICT, db_migrate(u->db, NULL, NULL, u->a, &why));
	assert_int_equal(ERR_CONFLICT, db_open(&again, u->url, &normal, u->a, &why));
	exec(u, "DELETE FROM schema_migration");
	exec(u, "INSERT INTO schema_migration SELECT * FROM kept");
	/* made by a newer program; a module that was removed does not disturb */
	exec(u, "INSERT INTO schema_migration VALUES ('a removed module', 7, 'x', 'x', 1)");
	assert_int_equal(0, db_migrations_missing(u->db));
	exec(u, "INSERT INTO schema_migration SELECT max(module), 999, '0999-later', 'x', 1 FROM kept");
	assert_true(db_migrations_missing(u->db) < 0);
}

static void test_no_store(void **state)
{
	struct str why = STR_NULL;
	struct arena a;
	struct db *db;

	(void)state;
	arena_init(&a, 0);
	assert_int_equal(ERR_NOT_FOUND, db_open(&db, "sqlite:/tmp/没有 这个/x.db", NULL, &a, &why));
	assert_true(str_find(why, STR("gongzhi init")) > 0);
	assert_int_equal(ERR_BUSY, db_open(&db, "postgresql:///x?host=/nowhere", NULL, &a, &why));
	assert_int_equal(ERR_INPUT, db_open(&db, "mysql://x", NULL, &a, &why));
	arena_release(&a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		{"test_forward sqlite", test_forward, NULL, NULL, (void *)(uintptr_t)DB_SQLITE},
		{"test_forward postgresql", test_forward, NULL, NULL, (void *)(uintptr_t)DB_PG},
		UNIT_BOTH(test_misfits),
		cmocka_unit_test(test_no_store),
	};

	return UNIT_MAIN(tests);
}
