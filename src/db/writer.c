/*
 * Group commit. Jobs wait in one queue; a writer takes what is there, runs each inside a savepoint of one transaction,
 * commits, and only then answers. While it waits for the disk the next batch gathers by itself.
 *
 * A batch whose transaction is lost (conflict with another writer, connection gone, disk full) is run again job by
 * job, each in a transaction of its own, so that one bad job cannot take the others down.
 *
 * On SQLite savepoints are dear (every page a job touches is copied first), and jobs rarely fail. So a batch is first run
 * without them; when a job fails, everything is rolled back and the batch is run again with them, and so are the next ones.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sched.h"
#include "db/inner.h"

struct write {
	db_job job;
	db_done done;
	void *arg;
	enum err result;
	struct write *next;
};

struct db_queue {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct write *first, **last;
	int n, limit;
	bool stop;
	struct write *spare; /* used nodes */
	struct batch *shared; /* SQLite: the one batch, of the writer or of a thread that does its work (db_submit_here) */
	bool busy;            /* ... and somebody has it */
	_Atomic int64_t shared_at; /* clock_mono: when a transaction last had several jobs */
	_Atomic int64_t asked_at;  /* clock_mono: the last db_submit_here */
	pthread_t *threads;
	int nthreads;
	/* batches share it; a job that is run again after a conflict has it alone, so that the writers of this node
	 * cannot meet in a deadlock over and over */
	pthread_rwlock_t peace;
};

#define BUSY_JOBS 4        /* tailers' jobs meet each other and a person's now and then */
#define BUSY_MS 100
#define ASKED_MS 1000
#define CAREFUL_BATCHES 64 /* after a failure: so many batches have savepoints from the start */

struct batch {
	struct db *db;
	struct db_conn *c;
	struct tx tx;
	struct arena arena;
	struct write **v;
	int n;
	int64_t begun; /* microseconds */
	int64_t until; /* clock_mono: patience with a server that is away */
	bool trusting; /* no savepoints: a job that fails takes the transaction with it */
	int careful;   /* batches to come that are not run like that */
};

/* ---- the queue ---- */

static struct write *new_write(struct db_queue *q)
{
	struct write *w = q->spare;

	if (w) {
		q->spare = w->next;
		return w;
	}
	w = malloc(sizeof(*w));
	if (w == NULL)
		BUG("out of memory");
	return w;
}

/* With the lock. False: there is no room. */
static bool enqueue(struct db_queue *q, db_job job, db_done done, void *arg)
{
	struct write *w;

	if (q->stop || q->n >= q->limit)
		return false;
	w = new_write(q);
	*w = (struct write){.job = job, .done = done, .arg = arg};
	*q->last = w;
	q->last = &w->next;
	q->n++;
	return true;
}

static struct db_queue *queue_of(struct db *db)
{
	if (db->queue == NULL)
		BUG("db_submit on a store that was opened read only");
	return db->queue;
}

void db_submit(struct db *db, db_job job, db_done done, void *arg)
{
	struct db_queue *q = queue_of(db);
	bool room;

	pthread_mutex_lock(&q->lock);
	room = enqueue(q, job, done, arg);
	if (room && !q->busy)
		pthread_cond_signal(&q->more);
	pthread_mutex_unlock(&q->lock);
	if (!room)
		done(arg, ERR_BUSY);
}

bool db_writer_busy(struct db *db)
{
	int64_t at = atomic_load(&queue_of(db)->shared_at);

	return at && clock_mono() - at < BUSY_MS;
}

bool db_writer_asked(struct db *db)
{
	int64_t at = atomic_load(&queue_of(db)->asked_at);

	return at && clock_mono() - at < ASKED_MS;
}

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool over;
	enum err result;
	db_job job;
	void *arg;
};

static enum err waiter_job(struct tx *tx, void *arg)
{
	struct waiter *w = arg;

	return w->job(tx, w->arg);
}

static void waiter_done(void *arg, enum err e)
{
	struct waiter *w = arg;

	pthread_mutex_lock(&w->lock);
	w->over = true;
	w->result = e;
	pthread_cond_signal(&w->done);
	pthread_mutex_unlock(&w->lock);
}

enum err db_write(struct db *db, db_job job, void *arg)
{
	struct waiter w = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER, .job = job, .arg = arg};

	db_submit(db, waiter_job, waiter_done, &w);
	pthread_mutex_lock(&w.lock);
	while (!w.over)
		pthread_cond_wait(&w.done, &w.lock);
	pthread_mutex_unlock(&w.lock);
	pthread_mutex_destroy(&w.lock);
	pthread_cond_destroy(&w.done);
	return w.result;
}

/* With the lock: takes at most `most` jobs; with several writers each leaves a share to the others. */
static int take_locked(struct db_queue *q, struct write **v, int most)
{
	int n = 0;

	if (q->nthreads > 1 && most > q->n / q->nthreads + 1)
		most = q->n / q->nthreads + 1;
	while (n < most && q->first) {
		v[n] = q->first;
		q->first = v[n]->next;
		n++;
	}
	if (q->first == NULL)
		q->last = &q->first;
	q->n -= n;
	return n;
}

static int take_more(struct db_queue *q, struct write **v, int most)
{
	int n;

	pthread_mutex_lock(&q->lock);
	n = take_locked(q, v, most);
	pthread_mutex_unlock(&q->lock);
	return n;
}

static void give_back(struct db_queue *q, struct write **v, int n)
{
	pthread_mutex_lock(&q->lock);
	for (int i = 0; i < n; i++) {
		v[i]->next = q->spare;
		q->spare = v[i];
	}
	pthread_mutex_unlock(&q->lock);
}

/* ---- one transaction ---- */

/* Runs one job inside its savepoint. False: the whole transaction is lost. */
static bool run_job(struct batch *b, struct write *w)
{
	const struct db_hooks *h = b->db->hooks;
	const struct db_backend *be = b->db->backend;
	size_t mark = h ? h->mark(&b->tx) : 0;
	enum err e, end;

	b->c->failed = OK;
	e = b->trusting ? OK : be->job_begin(b->c);
	if (e == OK)
		e = w->job(&b->tx, w->arg);
	if (e == OK)
		e = b->c->failed;
	if (b->c->gone)
		return false;
	end = b->trusting ? OK : be->job_end(b->c, e == OK);
	if (b->c->gone)
		return false;
	if (e == OK)
		e = end;
	if (e != OK && h)
		h->rewind(&b->tx, mark);
	b->c->failed = OK;
	w->result = e;
	return true;
}

static enum err finish(struct batch *b, bool any)
{
	const struct db_hooks *h = b->db->hooks;
	enum err e = OK;

	if (!any) {
		b->db->backend->rollback(b->c);
		return OK;
	}
	if (h)
		e = h->seal(&b->tx);
	if (e == OK)
		e = b->c->failed;
	if (e == OK && b->c->gone)
		e = ERR_BUSY;
	if (e == OK)
		return b->db->backend->commit(b->c);
	b->db->backend->rollback(b->c);
	return e;
}

/* Runs the jobs b->v[from .. to) as one transaction, which may take more from the queue when `more`. OK: each has its
 * result, and what it did is on disk. Else: nothing of it happened. *failed: nor then, since a job failed without a savepoint. */
static enum err attempt(struct batch *b, int from, int *to, bool more, bool *failed)
{
	const struct db_hooks *h = b->db->hooks;
	bool any = false;
	enum err e = db_conn_ready(b->c);

	if (e != OK)
		return e;
	b->begun = clock_mono_us();
	b->tx = (struct tx){.c = b->c, .arena = &b->arena, .now = clock_now()};
	b->c->gone = b->c->conflict = b->c->unknown = false;
	b->c->failed = OK;
	b->c->in_job = true;
	e = b->db->backend->begin(b->c);
	for (int i = from; e == OK && i < *to; i++) {
		if (run_job(b, b->v[i])) {
			any |= b->v[i]->result == OK;
		} else {
			e = b->c->conflict ? ERR_BUSY : ERR_IO;
			break;
		}
		if (b->trusting && b->v[i]->result != OK) {
			b->careful = CAREFUL_BATCHES;
			*failed = *to - from > 1; /* alone it took nobody with it: its result stands */
			any = false;
			break;
		}
		if (!more || i + 1 < *to || clock_mono_us() - b->begun > DB_BATCH_US)
			continue;
		*to += take_more(b->db->queue, b->v + *to, b->db->o.batch - *to);
	}
	if (e == OK)
		e = finish(b, any);
	else
		b->db->backend->rollback(b->c);
	b->c->in_job = false;
	b->c->failed = OK;
	if (h)
		h->committed(&b->tx, e == OK && any);
	if (e == OK && any)
		db_wake_listeners(b->db);
	return e;
}

static enum err transaction(struct batch *b, int from, int *to, bool more)
{
	bool failed = false;
	enum err e;

	b->trusting = b->db->engine == DB_SQLITE && b->careful == 0;
	if (b->careful > 0)
		b->careful--;
	e = attempt(b, from, to, more, &failed);
	if (!failed)
		return e;
	b->trusting = false;
	arena_reset(&b->arena);
	return attempt(b, from, to, more, &failed);
}

static void nap(int64_t ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

/* A job alone, as often as it takes: conflicts pass, and a server that went away may come back. */
static void alone(struct batch *b, int i)
{
	int to = i + 1;

	for (int try = 1;; try++) {
		enum err e;

		pthread_rwlock_wrlock(&b->db->queue->peace);
		e = transaction(b, i, &to, false);
		pthread_rwlock_unlock(&b->db->queue->peace);
		arena_reset(&b->arena);
		if (e == OK)
			return;
		b->v[i]->result = e;
		if (b->c->unknown)
			return;
		if (b->c->h && (!b->c->gone || (b->c->conflict && try >= DB_TRIES)))
			return;
		if (b->c->h && !b->c->conflict && b->db->engine == DB_SQLITE)
			return; /* a full disk does not get better by trying */
		if (clock_mono() > b->until)
			return;
		nap(b->c->h ? try * 5 : 200);
	}
}

static void run_batch(struct batch *b)
{
	enum err e;

	if (b->n >= BUSY_JOBS)
		atomic_store(&b->db->queue->shared_at, clock_mono());
	b->until = clock_mono() + DB_OUTAGE_MS;
	pthread_rwlock_rdlock(&b->db->queue->peace);
	e = transaction(b, 0, &b->n, b->n < b->db->o.batch);
	pthread_rwlock_unlock(&b->db->queue->peace);
	arena_reset(&b->arena);
	for (int i = 0; b->c->unknown && i < b->n; i++)
		b->v[i]->result = e;
	if (e != OK && !b->c->unknown) {
		log_info("store: a batch of %d jobs is run again one by one (%s)", b->n, err_name(e));
		for (int i = 0; i < b->n; i++) {
			alone(b, i);
			b->v[i]->done(b->v[i]->arg, b->v[i]->result);
		}
	} else {
		for (int i = 0; i < b->n; i++)
			b->v[i]->done(b->v[i]->arg, b->v[i]->result);
	}
	give_back(b->db->queue, b->v, b->n);
}

static struct batch *new_batch(struct db *db)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (b == NULL || (b->v = calloc((size_t)db->o.batch, sizeof(*b->v))) == NULL)
		BUG("out of memory");
	b->db = db;
	b->c = db_conn_new(db, true);
	arena_init(&b->arena, 0);
	return b;
}

static void free_batch(struct batch *b)
{
	db_conn_free(b->c);
	arena_release(&b->arena);
	free(b->v);
	free(b);
}

/* Waits for jobs, and for whoever does this writer's work at the moment. False: stopped, and nothing is left. */
static bool wait_for_jobs(struct db_queue *q, struct batch *b)
{
	pthread_mutex_lock(&q->lock);
	while (q->busy || (q->first == NULL && !q->stop))
		pthread_cond_wait(&q->more, &q->lock);
	b->n = take_locked(q, b->v, b->db->o.batch);
	q->busy = q->shared && b->n > 0;
	pthread_mutex_unlock(&q->lock);
	return b->n > 0;
}

/* The shared batch is free again; who has the lock next goes on with what has gathered. */
static void pass_on(struct db_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->busy = false;
	if (q->first || q->stop)
		pthread_cond_signal(&q->more);
	pthread_mutex_unlock(&q->lock);
}

static void *writer(void *arg)
{
	struct db *db = arg;
	struct db_queue *q = db->queue;
	struct batch *b = q->shared ? q->shared : new_batch(db);

	pthread_setname_np(pthread_self(), "writer");
	sched_short_turns();
	while (wait_for_jobs(q, b)) {
		run_batch(b);
		if (q->shared)
			pass_on(q);
	}
	if (b != q->shared)
		free_batch(b);
	return NULL;
}

void db_submit_here(struct db *db, db_job job, db_done done, void *arg)
{
	struct db_queue *q = queue_of(db);
	bool room, mine;

	atomic_store_explicit(&q->asked_at, clock_mono(), memory_order_relaxed);
	pthread_mutex_lock(&q->lock);
	mine = q->shared && !q->busy && q->first == NULL;
	room = enqueue(q, job, done, arg);
	mine = mine && room;
	if (mine) {
		q->busy = true;
		q->shared->n = take_locked(q, q->shared->v, 1);
	} else if (room && !q->busy) {
		pthread_cond_signal(&q->more);
	}
	pthread_mutex_unlock(&q->lock);
	if (mine) {
		run_batch(q->shared);
		pass_on(q);
	} else if (!room) {
		done(arg, ERR_BUSY);
	}
}

/* ---- start and stop ---- */

enum err db_queue_start(struct db *db)
{
	struct db_queue *q = calloc(1, sizeof(*q));
	pthread_rwlockattr_t attr;

	if (q == NULL || (q->threads = calloc((size_t)db->o.writers, sizeof(*q->threads))) == NULL)
		BUG("out of memory");
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->more, NULL);
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&q->peace, &attr);
	pthread_rwlockattr_destroy(&attr);
	q->last = &q->first;
	q->limit = db->o.queue;
	db->queue = q;
	if (db->engine == DB_SQLITE)
		q->shared = new_batch(db);
	for (int i = 0; i < db->o.writers; i++) {
		pthread_t t;

		if (pthread_create(&t, NULL, writer, db) != 0)
			return ERR_IO;
		pthread_mutex_lock(&q->lock);
		q->threads[q->nthreads++] = t;
		pthread_mutex_unlock(&q->lock);
	}
	return OK;
}

void db_queue_stop(struct db *db)
{
	struct db_queue *q = db->queue;

	if (q == NULL)
		return;
	pthread_mutex_lock(&q->lock);
	q->stop = true;
	pthread_cond_broadcast(&q->more);
	pthread_mutex_unlock(&q->lock);
	for (int i = 0; i < q->nthreads; i++)
		pthread_join(q->threads[i], NULL);
	if (q->shared)
		free_batch(q->shared);
	while (q->spare) {
		struct write *w = q->spare;

		q->spare = w->next;
		free(w);
	}
	pthread_mutex_destroy(&q->lock);
	pthread_cond_destroy(&q->more);
	pthread_rwlock_destroy(&q->peace);
	free(q->threads);
	free(q);
	db->queue = NULL;
}
