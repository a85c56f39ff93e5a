/* Two processes under one node number: the second is refused; the dead are replaced at once, the silent after a while. */
#include "tests/unit.h"

#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/job/job.sql.h"
#include "core/job/node.h"

#define SECOND_NUMBER 7

static struct str other(struct unit *u, const char *boot, const char *pid)
{
	return arena_printf(u->a, "m1@host %s pid:[1] %s 123", boot, pid);
}

static void test_refused(void **state)
{
	struct unit *u = *state;
	struct node *one, *two, *three;
	struct str why = STR_NULL;

	assert_int_equal(OK, node_begin(u->db, 3, &one, u->a, &why));
	/* this very process lives */
	assert_int_equal(ERR_CONFLICT, node_begin(u->db, 3, &two, u->a, &why));
	assert_null(two);
	assert_true(str_find(why, STR("节点编号")) > 0 && str_find(why, STR("node number")) > 0);
	/* another number is another node; SQLite has one */
	assert_int_equal(u->engine == DB_PG ? OK : ERR_CONFLICT, node_begin(u->db, SECOND_NUMBER, &three, u->a, &why));
	node_end(three);
	node_end(one);
	assert_int_equal(OK, node_begin(u->db, 3, &two, u->a, &why));
	node_end(two);
}

struct left {
	struct str who;
	int64_t until;
};

static enum err leave(struct tx *tx, void *arg)
{
	const struct left *l = arg;

	return q_job_node_take(tx->c, 0, 99, l->who, l->until, NULL);
}

static int64_t begin_after(struct unit *u, struct str who, int64_t until, struct str me)
{
	struct left l = {who, until};
	struct node *n;
	struct str why;
	int64_t begun = clock_mono();

	assert_int_equal(OK, db_write(u->db, leave, &l));
	assert_int_equal(OK, node_begin_as(u->db, 0, me, &n, u->a, &why));
	node_end(n);
	return clock_mono() - begun;
}

/* What a crash left does not hold up the next start. */
static void test_dead_at_once(void **state)
{
	struct unit *u = *state;
	int64_t soon = clock_now() + NODE_LEASE_MS;

	/* no such process; the same number, begun at another time; another boot of the machine */
	assert_true(begin_after(u, other(u, "b1", "99999999"), soon, other(u, "b1", "5")) < 2000);
	assert_true(begin_after(u, other(u, "b1", "1"), soon, other(u, "b1", "5")) < 2000);
	assert_true(begin_after(u, other(u, "b1", "1"), soon, other(u, "b2", "1")) < 2000);
	/* run out, or of a clock that was a year ahead */
	assert_true(begin_after(u, STR("far away"), clock_now() - 1, other(u, "b1", "5")) < 2000);
	assert_true(begin_after(u, STR("far away"), clock_now() + 365 * MS_DAY, other(u, "b1", "5")) < 2000);
}

/* Of another machine nobody knows whether it lives: it is given the time to beat. */
static void test_silent(void **state)
{
	struct unit *u = *state;
	int64_t took = begin_after(u, STR("m2@host b1 pid:[1] 1 1"), clock_now() + 3000, other(u, "b1", "5"));

	assert_true(took > 2000 && took < 15000);
}

struct beating {
	struct unit *u;
	_Atomic bool stop;
};

static void *beats_on(void *arg)
{
	struct beating *b = arg;

	while (!b->stop) {
		struct left l = {STR("m2@host b1 pid:[1] 1 1"), clock_now() + NODE_LEASE_MS};

		assert_int_equal(OK, db_write(b->u->db, leave, &l));
		usleep(300000);
	}
	return NULL;
}

static void test_living_elsewhere(void **state)
{
	struct unit *u = *state;
	struct beating b = {.u = u};
	struct node *n;
	struct str why = STR_NULL;
	pthread_t t;

	assert_int_equal(0, pthread_create(&t, NULL, beats_on, &b));
	usleep(100000);
	assert_int_equal(ERR_CONFLICT, node_begin_as(u->db, 0, other(u, "b1", "5"), &n, u->a, &why));
	assert_true(str_find(why, STR("m2@host")) > 0);
	b.stop = true;
	pthread_join(t, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(test_refused), UNIT_BOTH(test_dead_at_once), UNIT_BOTH(test_silent), UNIT_BOTH(test_living_elsewhere),
	};

	return UNIT_MAIN(tests);
}
