#include "tests/unit.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/job/job.h"

struct counted {
	atomic_int runs, running;
	atomic_bool overlap;
	int fail;       /* the first so many runs fail */
	int take_ms;
};

static enum err count_run(void *arg, int64_t now)
{
	struct counted *c = arg;

	assert_true(now > 0);
	if (atomic_fetch_add(&c->running, 1) > 0)
		atomic_store(&c->overlap, true);
	if (c->take_ms)
		usleep((useconds_t)c->take_ms * 1000);
	atomic_fetch_sub(&c->running, 1);
	return atomic_fetch_add(&c->runs, 1) < c->fail ? ERR_IO : OK;
}

static bool wait_for_runs(struct counted *c, int n, int ms)
{
	for (int64_t end = clock_mono() + ms; clock_mono() < end; usleep(2000))
		if (atomic_load(&c->runs) >= n)
			return true;
	return false;
}

static void runs_at_intervals(void **state)
{
	struct unit *u = *state;
	struct job_runner *r;
	struct counted c = {0};
	struct job_status s;

	assert_int_equal(OK, job_start(u->db, &r));
	job_add(r, "test", 20, count_run, &c);
	assert_true(wait_for_runs(&c, 5, 5000));
	assert_true(job_status(r, 0, &s));
	assert_string_equal(s.name, "test");
	assert_true(s.runs >= 4 && s.failures == 0 && s.last == OK && s.last_run > 0);
	assert_false(job_status(r, 1, &s));
	job_stop(r);
}

static void never_overlaps_and_hinders_nobody(void **state)
{
	struct unit *u = *state;
	struct job_runner *r;
	struct counted slow = {.take_ms = 200}, quick = {0};

	assert_int_equal(OK, job_start(u->db, &r));
	job_add(r, "slow", 10, count_run, &slow);
	job_add(r, "quick", 10, count_run, &quick);
	assert_true(wait_for_runs(&quick, 8, 5000));
	assert_true(wait_for_runs(&slow, 2, 5000));
	job_stop(r);
	assert_false(atomic_load(&slow.overlap));
	assert_int_equal(0, atomic_load(&slow.running));
}

static void failures_are_tried_again(void **state)
{
	struct unit *u = *state;
	struct job_runner *r;
	struct counted c = {.fail = 1};
	struct job_status s;

	assert_int_equal(OK, job_start(u->db, &r));
	job_add(r, "failing", 3600 * MS_SECOND, count_run, &c);
	/* After a second, not after an hour. */
	assert_true(wait_for_runs(&c, 2, 5000));
	job_stop(r);
	assert_int_equal(OK, job_start(u->db, &r));
	job_add(r, "fine", MS_HOUR, count_run, &c);
	assert_true(wait_for_runs(&c, 3, 5000));
	for (int i = 0; i < 1000 && job_status(r, 0, &s) && s.runs == 0; i++)
		usleep(1000);
	assert_int_equal(s.failures, 0);
	job_stop(r);
}

/* Two nodes of one store: the job runs on one of them, and on the other when that one stops. */
static void one_node_at_a_time(void **state)
{
	struct unit *u = *state;
	struct job_runner *one, *two;
	struct counted a = {0}, b = {0};

	assert_int_equal(OK, job_start(u->db, &one));
	assert_int_equal(OK, job_start(u->db, &two));
	job_add(one, "clocks", 20, count_run, &a);
	assert_true(wait_for_runs(&a, 2, 5000));
	job_add(two, "clocks", 20, count_run, &b);
	assert_true(wait_for_runs(&a, 10, 5000));
	assert_int_equal(atomic_load(&b.runs), 0);
	job_stop(one);
	assert_true(wait_for_runs(&b, 2, 5000));
	job_stop(two);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(runs_at_intervals),
		UNIT_BOTH(never_overlaps_and_hinders_nobody),
		UNIT_BOTH(failures_are_tried_again),
		UNIT_ON(DB_PG, one_node_at_a_time),
	};

	return UNIT_MAIN(tests);
}
