/* Deadlines that pass: each is told of once, whatever happens meanwhile (docs/decisions/0032). */
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/id.h"
#include "core/job/job.h"
#include "core/matter/matter.sql.h"
#include "core/matter/testing.h"
#include "core/notify/notify.h"

enum { REPORTER, DISPATCHER, HANDLER, VERIFIER, COMMANDER };

#define PAGE 500

/* How often the journal says that the matter (0: any) was late. */
static int entries(struct world *w, int64_t id)
{
	struct db_conn *c = db_read_begin(w->u->db);
	struct journal_entry *v;
	int64_t seq = 0;
	size_t n;
	int late = 0;

	do {
		assert_int_equal(OK, journal_read(c, w->u->a, seq, PAGE, &v, &n));
		for (size_t i = 0; i < n; i++)
			late += str_eqz(v[i].kind, "matter.late") && (id == 0 || v[i].subject == id);
		seq = n ? v[n - 1].seq : seq;
	} while (n);
	db_read_end(c);
	return late;
}

static int64_t notices(struct world *w, int64_t account)
{
	struct db_conn *c = db_read_begin(w->u->db);
	struct notice *v;
	int64_t count;
	size_t n;

	assert_int_equal(OK, notify_unread(c, w->u->a, account, 1, &v, &n, &count));
	db_read_end(c);
	return count;
}

static int run(struct world *w, const char *when)
{
	int told;

	assert_int_equal(OK, matter_run_clocks(w->u->db, ms(when), &told));
	return told;
}

/* ---- many at once ---- */

struct many { struct world *w; int n, version; int64_t *ids; };

static enum err put_many(struct tx *tx, void *arg)
{
	struct many *m = arg;
	enum err e = OK;

	for (int i = 0; e == OK && i < m->n; i++) {
		int64_t id = id_new(tx->now);

		if (m->ids)
			m->ids[i] = id;
		e = q_matter_insert(tx->c, &(struct matter_insert_args){
			.id = id, .code = arena_printf(tx->arena, "M%lld", (long long)id), .scenario = STR("resident-report"),
			.scenario_version = m->version ? m->version : 1, .state = STR("filed"), .kind = STATE_OPEN, .place = m->w->grid, .town = m->w->town,
			.category = STR("public.lamp"), .title = STR("路灯不亮"), .channel = STR("web"), .created = tx->now, .updated = tx->now,
			.state_since = tx->now, .due = ms("2026-03-02 12:00") + i / 3, .total_due = ms("2026-03-12 12:00"), .is_public = true,
			.desk = STR("dispatcher"), .fields = STR("{}")}, NULL);
	}
	return e;
}

static void put(struct world *w, int n, int version, int64_t *ids)
{
	struct many m = {w, n, version, ids};

	assert_int_equal(OK, db_write(w->u->db, put_many, &m));
}

static void test_many(void **state)
{
	struct world w;
	int64_t ids[450];

	begin(&w, *state);
	at("2026-03-02 10:00");
	put(&w, 450, 0, ids);
	assert_int_equal(run(&w, "2026-03-02 11:59"), 0);
	assert_int_equal(run(&w, "2026-03-02 12:01"), 450);
	assert_int_equal(entries(&w, 0), 450);
	assert_int_equal(entries(&w, ids[449]), 1);
	assert_int_equal(notices(&w, w.commander), 450);
	/* once, also when the clock of the machine goes back and passes the time again, and after a restart */
	assert_int_equal(run(&w, "2026-03-02 11:00"), 0);
	assert_int_equal(run(&w, "2026-03-02 12:01"), 0);
	journal_end(w.u->db);
	unit_store_reopen(w.u, NULL);
	testing_journal(w.u);
	assert_int_equal(run(&w, "2026-03-05 12:00"), 0);
	assert_int_equal(entries(&w, 0), 450);
	end(&w);
}

/* One whose scenario is not there any more: the others are told of, the error is reported, and nothing of it is half done. */
static void test_broken(void **state)
{
	struct world w;
	int64_t ids[3];
	int told;

	begin(&w, *state);
	at("2026-03-02 10:00");
	put(&w, 30, 0, NULL);
	put(&w, 3, 77, ids);
	put(&w, 30, 0, NULL);
	for (int i = 0; i < 2; i++) {
		assert_int_not_equal(OK, matter_run_clocks(w.u->db, ms("2026-03-02 13:00"), &told));
		assert_int_equal(told, i ? 0 : 60);
		assert_int_equal(entries(&w, 0), 60);
		assert_int_equal(entries(&w, ids[1]), 0);
		assert_int_equal(notices(&w, w.commander), 60);
	}
	end(&w);
}

/* ---- deadlines that move ---- */

static void test_later(void **state)
{
	struct world w;
	int64_t id;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "换管道", "enquiry", "");
	act(&w, id, DISPATCHER, "dispatch", lead(&w, w.org), OK);
	assert_int_equal(run(&w, "2026-03-03 17:59"), 0); /* the deadline of the state before is over with it */
	act(&w, id, HANDLER, "sign", "", OK);
	act(&w, id, HANDLER, "request-extension", "extra=2wd;reason=等配件", OK);
	act(&w, id, DISPATCHER, "extend", "extra=2wd", OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-06 18:00"));
	assert_int_equal(run(&w, "2026-03-06 17:59"), 0);
	assert_int_equal(run(&w, "2026-03-06 18:00"), 1);
	/* told of, and then given more time all the same: told of again when that has passed */
	at("2026-03-06 17:00");
	act(&w, id, HANDLER, "request-extension", "extra=1wd;reason=还等", OK);
	act(&w, id, DISPATCHER, "extend", "extra=1wd", OK);
	assert_int_equal(run(&w, "2026-03-06 23:00"), 0);
	assert_int_equal(run(&w, "2026-03-10 18:00"), 1);
	assert_int_equal(run(&w, "2026-03-20 18:00"), 0);
	assert_int_equal(entries(&w, id), 2);
	end(&w);
}

/* The clock was ahead when the deadline was told of; then it is right, and the matter gets an earlier one. */
static void test_earlier(void **state)
{
	struct world w;
	int64_t id;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "派错了", "request", "");
	act(&w, id, DISPATCHER, "dispatch", lead(&w, w.org), OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-03 18:00"));
	assert_int_equal(run(&w, "2026-03-09 10:00"), 1);
	at("2026-03-02 10:30");
	act(&w, id, HANDLER, "return", arena_printf(w.u->a, "suggest=%lld;reason=不归我们管", (long long)w.dept).p, OK);
	assert_true(get(&w, id).due < ms("2026-03-03 18:00"));
	assert_int_equal(run(&w, "2026-03-02 10:31"), 0);
	assert_int_equal(run(&w, "2026-03-03 09:00"), 1);
	assert_int_equal(run(&w, "2026-03-09 10:00"), 0);
	assert_int_equal(entries(&w, id), 2);
	end(&w);
}

static void test_reopened(void **state)
{
	struct world w;
	int64_t id;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "路灯", "enquiry", "");
	assert_int_equal(run(&w, "2026-03-02 12:00"), 1);
	at("2026-03-02 12:30");
	act(&w, id, DISPATCHER, "dispatch", lead(&w, w.org), OK);
	act(&w, id, HANDLER, "sign", "", OK);
	act(&w, id, HANDLER, "reply", "verdict=solved;note=好了", OK);
	act(&w, id, VERIFIER, "verify", "", OK);
	act(&w, id, VERIFIER, "close", "", OK);
	assert_int_equal(run(&w, "2026-06-02 12:00"), 0); /* what has ended is not late */
	at("2026-03-03 09:00");
	act(&w, id, REPORTER, "reopen", "note=还是黑的", OK);
	assert_true(get(&w, id).due > clock_now());
	assert_int_equal(run(&w, "2026-03-03 09:01"), 0);
	assert_int_equal(run(&w, "2026-03-23 09:00"), 1);
	assert_int_equal(run(&w, "2026-03-23 09:01"), 0);
	end(&w);
}

static void test_suspended(void **state)
{
	struct world w;
	int64_t id;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "哪里漏水", "request", "");
	act(&w, id, DISPATCHER, "dispatch", lead(&w, w.org), OK);
	act(&w, id, HANDLER, "sign", "", OK);
	act(&w, id, DISPATCHER, "suspend", "reason=等材料", OK);
	assert_int_equal(run(&w, "2026-03-03 10:00"), 0);
	at("2026-03-04 10:00");
	act(&w, id, HANDLER, "resume", "", OK);
	assert_int_equal(run(&w, "2026-03-30 10:00"), 1);
	assert_int_equal(entries(&w, id), 1);
	end(&w);
}

/* ---- in the middle ---- */

static void child(const char *url, int64_t now, int after_us)
{
	static struct itimerval t;
	static struct arena a;
	struct str why;
	struct db *db;
	int told;

	arena_init(&a, 0);
	if (db_open(&db, url, &(struct db_options){0}, &a, &why) != OK || journal_init(db, NULL, &a, &why) != OK)
		_exit(2);
	signal(SIGALRM, SIG_DFL); /* ends the process where it stands */
	t.it_value.tv_usec = after_us;
	setitimer(ITIMER_REAL, &t, NULL);
	_exit(matter_run_clocks(db, now, &told) == OK ? 0 : 3);
}

/* Killed at any moment, again and again: what the matters say, the journal and the notices are one. */
static void test_killed(void **state)
{
	struct world w;
	int told, killed = 0, status = -1;

	begin(&w, *state);
	at("2026-03-02 10:00");
	put(&w, 1500, 0, NULL);
	for (int round = 0; round < 40 && status != 0; round++) {
		pid_t pid;

		journal_end(w.u->db);
		db_close(w.u->db);
		w.u->db = NULL;
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			child(w.u->url, ms("2026-03-02 13:00"), 4000 + round * 9000);
		assert_int_equal(pid, waitpid(pid, &status, 0));
		for (int i = 0; i < 20000; i++)
			(void)id_new(clock_now()); /* the child has made them: the clock stands still */
		assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
		killed += WIFSIGNALED(status);
		unit_store_reopen(w.u, NULL);
		testing_journal(w.u);
		assert_int_equal(entries(&w, 0), notices(&w, w.commander));
	}
	assert_true(killed > 0);
	for (int i = 0; i < 100 && entries(&w, 0) < 1500; i++) { /* PostgreSQL notices a dead client after a while: what it had locked is left out */
		assert_int_equal(OK, matter_run_clocks(w.u->db, ms("2026-03-02 13:00"), &told));
		usleep(20000);
	}
	assert_int_equal(entries(&w, 0), 1500);
	assert_int_equal(notices(&w, w.commander), 1500);
	end(&w);
}

static atomic_int seen;

static enum err as_job(void *arg, int64_t now)
{
	int told;
	enum err e;

	(void)now;
	e = matter_run_clocks(arg, ms("2026-03-02 13:00"), &told);
	atomic_fetch_add(&seen, told);
	return e;
}

/* The server stops while thousands are told of: it does not wait for the last, and the next start goes on. */
static void test_stopped(void **state)
{
	struct world w;
	struct job_runner *r;
	int first;

	begin(&w, *state);
	at("2026-03-02 10:00");
	put(&w, 4000, 0, NULL);
	atomic_store(&seen, 0);
	assert_int_equal(OK, job_start(w.u->db, &r));
	job_add(r, "clocks", MS_HOUR, as_job, w.u->db);
	while (notices(&w, w.commander) == 0)
		usleep(500);
	job_stop(r);
	first = atomic_load(&seen);
	assert_true(first > 0 && first < 4000);
	assert_int_equal(entries(&w, 0), first);
	assert_int_equal(run(&w, "2026-03-02 13:00"), 4000 - first);
	assert_int_equal(notices(&w, w.commander), 4000);
	end(&w);
}

/* Somebody acts on a matter while it is to be told of: it is left to the next run, and nobody waits. */
struct holding { int64_t id; atomic_int have, leave; };

static enum err hold(struct tx *tx, void *arg)
{
	struct holding *h = arg;
	enum err e = db_lock(tx, h->id);

	if (e == OK)
		e = q_matter_escalate(tx->c, -1, 0, &(int64_t){0}); /* the lock is only sent: an answer shows that we have it */
	atomic_store(&h->have, 1);
	while (e == OK && !atomic_load(&h->leave))
		usleep(1000);
	return e;
}

static void *hold_thread(void *arg)
{
	struct { struct db *db; struct holding *h; } *x = arg;

	assert_int_equal(OK, db_write(x->db, hold, x->h));
	return NULL;
}

static void test_held(void **state)
{
	struct world w;
	struct holding h = {0};
	struct { struct db *db; struct holding *h; } x = {NULL, &h};
	pthread_t t;
	int64_t ids[20];

	begin(&w, *state);
	at("2026-03-02 10:00");
	put(&w, 20, 0, ids);
	h.id = ids[7];
	x.db = w.u->db;
	assert_int_equal(0, pthread_create(&t, NULL, hold_thread, &x));
	while (!atomic_load(&h.have))
		usleep(1000);
	assert_int_equal(run(&w, "2026-03-02 13:00"), 19);
	atomic_store(&h.leave, 1);
	pthread_join(t, NULL);
	assert_int_equal(run(&w, "2026-03-02 13:00"), 1);
	assert_int_equal(entries(&w, ids[7]), 1);
	end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(test_many), UNIT_BOTH(test_broken), UNIT_BOTH(test_later), UNIT_BOTH(test_earlier), UNIT_BOTH(test_reopened),
		UNIT_BOTH(test_suspended), UNIT_BOTH(test_killed), UNIT_BOTH(test_stopped), UNIT_ON(DB_PG, test_held),
	};

	return UNIT_MAIN(tests);
}
