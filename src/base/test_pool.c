#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/pool.h"

static atomic_int sum;
static atomic_bool gate;
static char order[8];
static atomic_int at;

static void add(void *arg)
{
	atomic_fetch_add(&sum, (int)(intptr_t)arg);
}

static void wait_gate(void *arg)
{
	(void)arg;
	while (!atomic_load(&gate))
		usleep(500);
}

static void note(void *arg)
{
	order[atomic_fetch_add(&at, 1)] = (char)(intptr_t)arg;
}

static void every_task_runs_once(void **state)
{
	struct pool *p = pool_new(3, 100000, "test");
	int want = 0;

	(void)state;
	atomic_store(&sum, 0);
	for (int i = 0; i < 20000; i++) {
		if (i % 3)
			assert_true(pool_try(p, add, (void *)(intptr_t)(i % 7)));
		else
			pool_first(p, add, (void *)(intptr_t)(i % 7));
		want += i % 7;
	}
	pool_drain(p);
	assert_int_equal(atomic_load(&sum), want);
	assert_int_equal(pool_waiting(p), 0);
	pool_free(p);
}

static void the_ordinary_lane_is_bounded_and_the_other_goes_first(void **state)
{
	struct pool *p = pool_new(1, 2, "test");

	(void)state;
	atomic_store(&gate, false);
	pool_first(p, wait_gate, NULL);
	while (pool_waiting(p))
		usleep(500);
	assert_true(pool_try(p, note, (void *)'a'));
	assert_true(pool_try(p, note, (void *)'b'));
	assert_false(pool_try(p, note, (void *)'c'));
	pool_first(p, note, (void *)'1');
	pool_first(p, note, (void *)'2');
	pool_first(p, note, (void *)'3');
	assert_int_equal(pool_waiting(p), 5);
	atomic_store(&gate, true);
	pool_free(p); /* runs what is queued */
	assert_string_equal(order, "123ab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_task_runs_once),
		cmocka_unit_test(the_ordinary_lane_is_bounded_and_the_other_goes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
