#include "core/job/job.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/job/job.sql.h"
#include "crypto/crypto.h"

#define LEASE_MS (60 * MS_SECOND)
#define RENEW_MS (15 * MS_SECOND)

struct job {
	struct job_runner *runner;
	struct job *next;
	pthread_t thread;
	const char *name;
	int64_t every;
	enum err (*fn)(void *arg, int64_t now);
	void *arg;
	/* under the runner's lock */
	struct job_status status;
	int64_t in_a_row; /* failures without a success between */
};

struct job_runner {
	struct db *db;
	int64_t holder;        /* who we are in job_lease */
	bool leases;
	pthread_t keeper;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
	struct job *jobs;      /* newest first */
};

/* ---- leases ---- */

struct lease {
	struct job_runner *runner;
	const char *name;
	bool ours;
};

static enum err take(struct tx *tx, void *arg)
{
	struct lease *l = arg;
	int64_t changed = 0, now = clock_now();
	struct job_lease_take_args row = {.name = str_from(l->name), .holder = l->runner->holder, .until = now + LEASE_MS, .now = now,
					  .absurd = now + 3 * LEASE_MS};
	enum err e = q_job_lease_take(tx->c, &row, &changed);

	l->ours = e == OK && changed > 0;
	return e;
}

static enum err give(struct tx *tx, void *arg)
{
	const struct lease *l = arg;

	return q_job_lease_give(tx->c, str_from(l->name), l->runner->holder, NULL);
}

/* May this node run the job now? One process has the SQLite file to itself and needs to ask nobody. */
static bool ours(struct job_runner *r, const char *name)
{
	struct lease l = {.runner = r, .name = name};
	enum err e;

	if (!r->leases)
		return true;
	e = db_write(r->db, take, &l);
	if (e != OK)
		log_warn("job: lease not taken name=%s err=%s", name, err_name(e));
	return l.ours;
}

/* Waits at most ms; true when the runner stops. Called with the lock held. */
static bool pause_for(struct job_runner *r, int64_t ms)
{
	struct timespec until;
	int64_t end = clock_mono() + ms, left;

	while (!r->stopping && (left = end - clock_mono()) > 0) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += left / 1000;
		until.tv_nsec += left % 1000 * 1000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		pthread_cond_timedwait(&r->wake, &r->lock, &until);
	}
	return r->stopping;
}

/* Renews the leases of jobs that run long, so that no other node begins them a second time. */
static void *keep_leases(void *arg)
{
	struct job_runner *r = arg;

	pthread_mutex_lock(&r->lock);
	while (!pause_for(r, RENEW_MS))
		for (struct job *j = r->jobs; j; j = j->next) {
			if (!j->status.running)
				continue;
			pthread_mutex_unlock(&r->lock);
			if (!ours(r, j->name))
				log_warn("job: lease lost while running name=%s", j->name);
			pthread_mutex_lock(&r->lock);
		}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* ---- jobs ---- */

static int64_t next_pause(const struct job *j)
{
	int64_t retry = MS_SECOND;

	if (j->in_a_row == 0)
		return j->every;
	for (int64_t i = 1; i < j->in_a_row && retry < j->every; i++)
		retry *= 2;
	return retry < j->every ? retry : j->every;
}

static _Thread_local struct job_runner *runner_here;

bool job_rest(int64_t ms)
{
	struct job_runner *r = runner_here;
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	bool stop;

	if (r == NULL) {
		nanosleep(&t, NULL);
		return false;
	}
	pthread_mutex_lock(&r->lock);
	stop = pause_for(r, ms);
	pthread_mutex_unlock(&r->lock);
	return stop;
}

static void *run_job(void *arg)
{
	struct job *j = arg;
	struct job_runner *r = j->runner;

	runner_here = r;
	pthread_mutex_lock(&r->lock);
	while (!r->stopping) {
		bool may;
		enum err e = OK;

		pthread_mutex_unlock(&r->lock);
		may = ours(r, j->name);
		pthread_mutex_lock(&r->lock);
		if (may) {
			j->status.running = true;
			pthread_mutex_unlock(&r->lock);
			e = j->fn(j->arg, clock_now());
			if (e != OK)
				log_error("job failed name=%s err=%s", j->name, err_name(e));
			pthread_mutex_lock(&r->lock);
			j->status.running = false;
			j->status.runs++;
			j->status.last_run = clock_now();
			j->status.last = e;
			j->status.failures += e != OK;
			j->in_a_row = e == OK ? 0 : j->in_a_row + 1;
		}
		if (pause_for(r, next_pause(j)))
			break;
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

enum err job_start(struct db *db, struct job_runner **out)
{
	struct job_runner *r = calloc(1, sizeof(*r));
	pthread_condattr_t attr;

	if (!r)
		return ERR_IO;
	r->db = db;
	r->leases = db_engine(db) == DB_PG;
	random_bytes(&r->holder, sizeof(r->holder));
	r->holder &= INT64_MAX;
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (r->leases && pthread_create(&r->keeper, NULL, keep_leases, r) != 0) {
		r->leases = false;
		job_stop(r);
		return ERR_IO;
	}
	*out = r;
	return OK;
}

void job_add(struct job_runner *r, const char *name, int64_t every_ms, enum err (*fn)(void *arg, int64_t now), void *arg)
{
	struct job *j = calloc(1, sizeof(*j));

	if (!j || every_ms <= 0)
		BUG("job %s every %lld ms", name, (long long)every_ms);
	*j = (struct job){.runner = r, .name = name, .every = every_ms, .fn = fn, .arg = arg, .status.name = name};
	pthread_mutex_lock(&r->lock);
	j->next = r->jobs;
	r->jobs = j;
	if (pthread_create(&j->thread, NULL, run_job, j) != 0)
		BUG("no thread for job %s", name);
	pthread_mutex_unlock(&r->lock);
}

bool job_status(struct job_runner *r, size_t i, struct job_status *out)
{
	const struct job *j;

	pthread_mutex_lock(&r->lock);
	for (j = r->jobs; j && i; j = j->next)
		i--;
	if (j)
		*out = j->status;
	pthread_mutex_unlock(&r->lock);
	return j != NULL;
}

void job_stop(struct job_runner *r)
{
	struct job *next;

	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	pthread_cond_broadcast(&r->wake);
	pthread_mutex_unlock(&r->lock);
	if (r->leases)
		pthread_join(r->keeper, NULL);
	for (struct job *j = r->jobs; j; j = next) {
		struct lease l = {.runner = r, .name = j->name};

		next = j->next;
		pthread_join(j->thread, NULL);
		if (r->leases && db_write(r->db, give, &l) != OK)
			log_warn("job: lease not given back name=%s", j->name);
		free(j);
	}
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
