#include "geo/points_help.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "geo/points.h"

struct task {
	size_t pieces;
	void (*piece)(void *arg, unsigned worker, size_t i);
	void *arg;
	atomic_size_t next;
	unsigned joined, active;      /* helpers that have begun, and that have not ended: with the lock */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t asked = PTHREAD_COND_INITIALIZER, ended = PTHREAD_COND_INITIALIZER;
static struct task *task;             /* that is being done; NULL: none, or it is full */
static bool busy;
static int threads = -1;              /* helpers there are; -1: not begun yet */
static unsigned allowed = HELP_WORKERS - 1;
static int64_t not_before;            /* now_us(): until then nobody is asked */

/* On a machine that has other things to do, a helper is put aside in the middle of a piece, and waiting for it costs more than it brings. */
#define LATE_US 500
#define PAUSE_US 2000000

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void work(struct task *t, unsigned worker)
{
	size_t i;

	while ((i = atomic_fetch_add_explicit(&t->next, 1, memory_order_relaxed)) < t->pieces)
		t->piece(t->arg, worker, i);
}

static void *helper(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	for (;;) {
		struct task *t = task;
		unsigned worker;

		if (t == NULL) {
			pthread_cond_wait(&asked, &lock);
			continue;
		}
		worker = ++t->joined;
		if (worker == allowed)
			task = NULL;
		t->active++;
		pthread_mutex_unlock(&lock);
		work(t, worker);
		pthread_mutex_lock(&lock);
		if (--t->active == 0)
			pthread_cond_signal(&ended);
		if (task == t) /* nothing is left of it */
			task = NULL;
	}
	return NULL;
}

/* As many as there are further processors; they stay. */
static void begin(void)
{
	cpu_set_t set;
	int more = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) - 1 : 0;

	threads = 0;
	while (threads < more && threads < (int)HELP_WORKERS - 1) {
		pthread_t t;

		if (pthread_create(&t, NULL, helper, NULL) != 0)
			break;
		pthread_detach(t);
		threads++;
	}
}

static void run(size_t pieces, void (*piece)(void *arg, unsigned worker, size_t i), void *arg, bool impatient)
{
	struct task t = {.pieces = pieces, .piece = piece, .arg = arg};
	int64_t done, late;
	bool mine = false;

	atomic_init(&t.next, 0);
	pthread_mutex_lock(&lock);
	if (threads < 0)
		begin();
	if (!busy && threads > 0 && allowed > 0 && pieces > 1 && (!impatient || now_us() >= not_before)) {
		mine = busy = true;
		task = &t;
		pthread_cond_broadcast(&asked);
	}
	pthread_mutex_unlock(&lock);
	work(&t, 0);
	if (!mine)
		return;
	pthread_mutex_lock(&lock);
	if (task == &t)
		task = NULL;
	done = now_us();
	while (t.active)
		pthread_cond_wait(&ended, &lock);
	late = now_us() - done;
	if (late > LATE_US && impatient)
		not_before = done + late + PAUSE_US;
	busy = false;
	pthread_mutex_unlock(&lock);
}

void help_run(size_t pieces, void (*piece)(void *arg, unsigned worker, size_t i), void *arg)
{
	run(pieces, piece, arg, true);
}

void help_load(size_t pieces, void (*piece)(void *arg, unsigned worker, size_t i), void *arg)
{
	run(pieces, piece, arg, false);
}

void points_helpers(unsigned n)
{
	pthread_mutex_lock(&lock);
	allowed = n < HELP_WORKERS ? n : HELP_WORKERS - 1;
	not_before = 0;
	pthread_mutex_unlock(&lock);
}
