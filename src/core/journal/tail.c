/*
 * Tailers: one thread each. Entries are numbered in the order of commits (docs/decisions/0002), so "everything behind my
 * cursor" is all there is to know; a tailer that sleeps, fails or dies goes on where its cursor stands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/journal/inner.h"
#include "core/journal/journal.sql.h"

#define BATCH 128         /* entries a job: it runs between people's jobs, and they wait for it */
#define BATCH_BUSY 32     /* ... while they do wait */
#define BATCH_BEHIND 1000 /* ... of one that is far behind, unless they take longer than this: */
#define BEHIND_US 8000
#define ASKED_US 2000      /* ... while people write now and then: they wait for the job under way */
#define FAR_BEHIND 4000
#define NEW_BATCH 64       /* new entries a job that come before the old ones (journal_tail_new_first) */
#define NEW_FROM 1000      /* ... of at most so many: with what had not been done when somebody set the cursor back */
#define POLL_MS 1000
#define GATHER_MS 100     /* after a batch: under load wait for more instead of running a job for each commit */
#define GATHER_WATCH_MS 10
#define YIELD 19          /* while people have the writer it leaves them so many times what its job took; when late, as much as it took */
#define BACK_OFF_FIRST_MS 100
#define BACK_OFF_MAX_MS 5000

typedef enum err (*tail_fn)(struct tx *tx, void *arg, const struct journal_entry *v, size_t n);
typedef void (*watch_fn)(void *arg, const struct journal_entry *v, size_t n);

struct journal_tailer {
	struct journal_log *log;
	char name[64];
	char ahead[72];   /* the second cursor; "": none */
	tail_fn fn;       /* with a cursor */
	watch_fn watch;   /* without */
	void *arg;
	pthread_t thread;
	int pace;         /* entries a job while it is far behind */
	/* under log->lock: */
	int64_t seq;      /* everything up to here is done */
	bool stop;
	int draining;
};

/* ---- one step ---- */

struct step {
	struct journal_tailer *t;
	int64_t seq;
	int limit;
	size_t n;
	int64_t at;      /* of the last entry: when it was written */
	int64_t begun;   /* clock_mono_us: when the writer came to the job */
	int64_t took_us; /* in the writer and its commit (where the full text is written), without the wait for it */
};

/*
 * While it is far behind, what has come meanwhile comes first, some with each job. A number in the second cursor is of use as long as it is near the
 * end: an old one is from another time, and what lies between is not left out, since the first cursor comes by in the end.
 */
static enum err new_first(struct tx *tx, const struct step *s)
{
	struct str name = str_from(s->t->ahead);
	struct journal_cursor_lock_row ahead;
	struct journal_entry *v;
	int64_t last;
	size_t n;
	enum err e = journal_last(tx->c, &last);

	if (e != OK || last - s->seq <= FAR_BEHIND)
		return e;
	e = q_journal_cursor_lock(tx->c, tx->arena, name, &ahead);
	if (e == OK)
		e = journal_read(tx->c, tx->arena, ahead.seq > last - NEW_FROM ? ahead.seq : last - NEW_FROM, NEW_BATCH, &v, &n);
	if (e != OK || n == 0)
		return e;
	e = s->t->fn(tx, s->t->arg, v, n);
	return e == OK ? q_journal_cursor_move(tx->c, name, v[n - 1].seq, NULL) : e;
}

static enum err tail_job(struct tx *tx, void *arg)
{
	struct step *s = arg;
	struct str name = str_from(s->t->name);
	struct journal_cursor_lock_row cursor;
	struct journal_entry *v;
	enum err e;

	s->begun = clock_mono_us();
	e = q_journal_cursor_lock(tx->c, tx->arena, name, &cursor);
	if (e != OK)
		return e;
	s->seq = cursor.seq;
	s->n = 0;
	if (s->t->ahead[0])
		e = new_first(tx, s);
	if (e == OK)
		e = journal_read(tx->c, tx->arena, cursor.seq, s->limit, &v, &s->n);
	if (e != OK || s->n == 0)
		return e;
	e = s->t->fn(tx, s->t->arg, v, s->n);
	if (e != OK)
		return e;
	s->seq = v[s->n - 1].seq;
	s->at = v[s->n - 1].at;
	return q_journal_cursor_move(tx->c, name, s->seq, NULL);
}

static enum err watch_step(struct step *s)
{
	struct journal_entry *v;
	struct db_conn *c = db_read_begin(s->t->log->db);
	struct arena a;
	enum err e;

	arena_init(&a, 0);
	e = journal_read(c, &a, s->seq, s->limit, &v, &s->n);
	db_read_end(c);
	if (e == OK && s->n) {
		s->t->watch(s->t->arg, v, s->n);
		s->seq = v[s->n - 1].seq;
	}
	arena_release(&a);
	return e;
}

/* A look before the job: most wake-ups of an idle system are for nothing. */
static enum err anything_new(struct journal_tailer *t, int64_t seq, int64_t *behind)
{
	struct db_conn *c = db_read_begin(t->log->db);
	int64_t last = 0;
	enum err e = journal_last(c, &last);

	db_read_end(c);
	*behind = e == OK ? last - seq : 0;
	return e;
}

/* People wait for a job that is under way, so one that is far behind takes jobs of some milliseconds, however many entries that is. */
static void keep_pace(struct journal_tailer *t, const struct step *s)
{
	int64_t most = db_writer_asked(t->log->db) ? ASKED_US : BEHIND_US;

	if (t->fn == NULL || s->limit != t->pace)
		return;
	if (s->took_us > most)
		t->pace = t->pace / 2 > BATCH_BUSY ? t->pace / 2 : BATCH_BUSY;
	else if (s->took_us < most / 2)
		t->pace = t->pace * 2 < BATCH_BEHIND ? t->pace * 2 : BATCH_BEHIND;
}

static bool is_drained(struct journal_tailer *t)
{
	bool yes;

	pthread_mutex_lock(&t->log->lock);
	yes = t->draining > 0;
	pthread_mutex_unlock(&t->log->lock);
	return yes;
}

static int limit_of(struct journal_tailer *t, int64_t behind)
{
	if (t->fn && db_writer_busy(t->log->db))
		return BATCH_BUSY;
	if (behind <= FAR_BEHIND)
		return BATCH;
	return t->fn == NULL || is_drained(t) ? BATCH_BEHIND : t->pace;
}

static enum err step(struct journal_tailer *t, struct step *s)
{
	int64_t behind;
	enum err e;

	*s = (struct step){.t = t, .seq = t->seq};
	e = anything_new(t, s->seq, &behind);
	if (e != OK || behind <= 0)
		return e;
	s->limit = limit_of(t, behind);
	e = t->fn ? db_write(t->log->db, tail_job, s) : watch_step(s);
	if (e != OK)
		return e;
	s->took_us = t->fn ? clock_mono_us() - s->begun : 0;
	keep_pace(t, s);
	pthread_mutex_lock(&t->log->lock);
	t->seq = s->seq;
	pthread_cond_broadcast(&t->log->woken); /* for those that drain */
	pthread_mutex_unlock(&t->log->lock);
	return OK;
}

/* ---- the thread ---- */

static void deadline(struct timespec *ts, int64_t ms)
{
	clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_sec += ms / 1000;
	ts->tv_nsec += ms % 1000 * 1000000;
	if (ts->tv_nsec >= 1000000000) {
		ts->tv_sec++;
		ts->tv_nsec -= 1000000000;
	}
}

/* Waits until something was committed since `heard`, the time is over, or the tailer shall stop. */
static void rest(struct journal_tailer *t, int64_t heard, int64_t ms)
{
	struct journal_log *l = t->log;
	struct timespec until;

	deadline(&until, ms);
	pthread_mutex_lock(&l->lock);
	while (!t->stop && l->wakes == heard)
		if (pthread_cond_timedwait(&l->woken, &l->lock, &until) != 0)
			break;
	pthread_mutex_unlock(&l->lock);
}

/* Lets more gather; commits do not wake it meanwhile, only somebody who waits for it. */
static void gather(struct journal_tailer *t, int64_t ms)
{
	struct journal_log *l = t->log;
	struct timespec until;

	deadline(&until, ms);
	pthread_mutex_lock(&l->lock);
	while (!t->stop && t->draining == 0)
		if (pthread_cond_timedwait(&l->hurry, &l->lock, &until) != 0)
			break;
	pthread_mutex_unlock(&l->lock);
}

/*
 * How long to leave the writer to others. Search and totals may be a little behind; people wait for their answers. So while the writer is
 * busy with them a tailer takes a twentieth of its time. From easy_ms behind its share grows, the later the more, until at late_ms it takes as much
 * as it leaves: whatever people do, it does not fall much farther behind.
 */
int64_t tail_yield_us(const struct journal_log *l, int64_t late_ms, int64_t took_us)
{
	int64_t over = late_ms - l->easy_ms, span = l->late_ms - l->easy_ms;

	if (over <= 0)
		return YIELD * took_us;
	return over >= span ? took_us : took_us + (YIELD - 1) * took_us * (span - over) / span;
}

static int64_t pause_ms(const struct journal_tailer *t, const struct step *s)
{
	int64_t yield, plain = s->n < (size_t)s->limit ? (t->fn ? GATHER_MS : GATHER_WATCH_MS) : 0;

	if (t->fn == NULL)
		return plain;
	if (!db_writer_busy(t->log->db)) /* a backlog: without haste, if there are people */
		return plain == 0 && db_writer_asked(t->log->db) ? s->took_us / 1000 + 1 : plain;
	yield = tail_yield_us(t->log, clock_now() - s->at, s->took_us) / 1000 + 1;
	return yield > plain ? yield : plain;
}

static void pause_after_error(struct journal_tailer *t, int64_t ms)
{
	struct journal_log *l = t->log;
	struct timespec until;

	deadline(&until, ms);
	pthread_mutex_lock(&l->lock);
	while (!t->stop && pthread_cond_timedwait(&l->woken, &l->lock, &until) == 0)
		;
	pthread_mutex_unlock(&l->lock);
}

static bool look(struct journal_tailer *t, int64_t *heard)
{
	bool stop;

	pthread_mutex_lock(&t->log->lock);
	*heard = t->log->wakes;
	stop = t->stop;
	pthread_mutex_unlock(&t->log->lock);
	return !stop;
}

static void *run(void *arg)
{
	struct journal_tailer *t = arg;
	int64_t heard, back_off = BACK_OFF_FIRST_MS;

	pthread_setname_np(pthread_self(), "tailer");
	while (look(t, &heard)) {
		struct step s;
		enum err e = step(t, &s);
		int64_t ms;

		if (e != OK) {
			log_warn("journal: tailer %s failed behind seq=%lld: %s; next try in %lld ms", t->name, (long long)t->seq,
				 err_name(e), (long long)back_off);
			pause_after_error(t, back_off);
			back_off = back_off * 2 < BACK_OFF_MAX_MS ? back_off * 2 : BACK_OFF_MAX_MS;
			continue;
		}
		back_off = BACK_OFF_FIRST_MS;
		if (s.n == 0)
			rest(t, heard, POLL_MS);
		else if ((ms = pause_ms(t, &s)) > 0)
			gather(t, ms);
	}
	return NULL;
}

/* ---- starting and stopping ---- */

static enum err start(struct db *db, struct journal_tailer *t, struct journal_tailer **out)
{
	struct journal_log *l = journal_log_of(db);

	if (l == NULL) {
		free(t);
		return ERR_IO;
	}
	t->log = l;
	pthread_mutex_lock(&l->lock);
	l->users++;
	pthread_mutex_unlock(&l->lock);
	if (pthread_create(&t->thread, NULL, run, t) != 0)
		BUG("no thread for tailer %s", t->name);
	*out = t;
	return OK;
}

static struct journal_tailer *new_tailer(const char *name)
{
	struct journal_tailer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		BUG("out of memory");
	if (strlen(name) >= sizeof(t->name))
		BUG("name of tailer too long: %s", name);
	memcpy(t->name, name, strlen(name) + 1);
	t->pace = BATCH;
	return t;
}

static enum err add_cursor(struct tx *tx, void *arg)
{
	return q_journal_cursor_add(tx->c, str_from(arg), NULL);
}

static enum err read_cursor(struct journal_tailer *t, struct db *db)
{
	struct db_conn *c = db_read_begin(db);
	struct journal_cursor_get_row r;
	struct arena a;
	enum err e;

	arena_init(&a, 0);
	e = q_journal_cursor_get(c, &a, str_from(t->name), &r);
	if (e == OK)
		t->seq = r.seq;
	arena_release(&a);
	db_read_end(c);
	return e;
}

static enum err start_with_cursor(struct db *db, struct journal_tailer *t, tail_fn fn, void *arg, struct journal_tailer **out)
{
	enum err e = read_cursor(t, db);

	if (e == ERR_NOT_FOUND)
		e = db_write(db, add_cursor, t->name);
	if (e == OK && t->ahead[0])
		e = db_write(db, add_cursor, t->ahead);
	if (e != OK) {
		free(t);
		return e;
	}
	t->fn = fn;
	t->arg = arg;
	return start(db, t, out);
}

enum err journal_tail(struct db *db, const char *name, tail_fn fn, void *arg, struct journal_tailer **out)
{
	return start_with_cursor(db, new_tailer(name), fn, arg, out);
}

enum err journal_tail_new_first(struct db *db, const char *name, tail_fn fn, void *arg, struct journal_tailer **out)
{
	struct journal_tailer *t = new_tailer(name);

	snprintf(t->ahead, sizeof(t->ahead), "%s.new", t->name);
	return start_with_cursor(db, t, fn, arg, out);
}

enum err journal_watch(struct db *db, int64_t after, watch_fn fn, void *arg, struct journal_tailer **out)
{
	struct journal_tailer *t = new_tailer("watch");

	t->watch = fn;
	t->arg = arg;
	t->seq = after;
	return start(db, t, out);
}

void journal_tail_stop(struct journal_tailer *t)
{
	struct journal_log *l;

	if (t == NULL)
		return;
	l = t->log;
	pthread_mutex_lock(&l->lock);
	t->stop = true;
	pthread_cond_broadcast(&l->woken);
	pthread_cond_broadcast(&l->hurry);
	pthread_mutex_unlock(&l->lock);
	pthread_join(t->thread, NULL);
	pthread_mutex_lock(&l->lock);
	l->users--;
	pthread_mutex_unlock(&l->lock);
	free(t);
}

/* Asks until the store answers: a store that is away for a moment must not make a drain end early. */
static int64_t last_committed(struct journal_tailer *t)
{
	int64_t last = 0;

	for (;;) {
		struct db_conn *c = db_read_begin(t->log->db);
		enum err e = journal_last(c, &last);

		db_read_end(c);
		if (e == OK)
			return last;
		pause_after_error(t, BACK_OFF_FIRST_MS);
	}
}

void journal_tail_drain(struct journal_tailer *t)
{
	struct journal_log *l = t->log;
	int64_t upto = last_committed(t);

	pthread_mutex_lock(&l->lock);
	t->draining++;
	l->wakes++;
	pthread_cond_broadcast(&l->woken);
	pthread_cond_broadcast(&l->hurry);
	while (t->seq < upto && !t->stop)
		pthread_cond_wait(&l->woken, &l->lock);
	t->draining--;
	pthread_mutex_unlock(&l->lock);
}
