#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct task {
	pool_fn fn;
	void *arg;
};

/* A ring that doubles when full: the ordinary lane never lets it get there. */
struct lane {
	struct task *v;
	size_t at, n, cap;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work; /* something to do, or stopping */
	pthread_cond_t idle; /* a lane ran empty and nobody runs */
	struct lane first, ordinary;
	size_t max;
	int nthreads, sleeping, running;
	bool stopping;
	pthread_t threads[];
};

static void lane_grow(struct lane *l)
{
	size_t cap = l->cap ? l->cap * 2 : 64;
	struct task *v = malloc(cap * sizeof(*v));

	if (v == NULL)
		BUG("out of memory");
	for (size_t i = 0; i < l->n; i++)
		v[i] = l->v[(l->at + i) % l->cap];
	free(l->v);
	*l = (struct lane){v, 0, l->n, cap};
}

static void lane_put(struct lane *l, pool_fn fn, void *arg)
{
	if (l->n == l->cap)
		lane_grow(l);
	l->v[(l->at + l->n++) % l->cap] = (struct task){fn, arg};
}

static struct task lane_take(struct lane *l)
{
	struct task t = l->v[l->at];

	l->at = (l->at + 1) % l->cap;
	l->n--;
	return t;
}

static bool take(struct pool *p, struct task *t)
{
	while (p->first.n == 0 && p->ordinary.n == 0) {
		if (p->running == 0)
			pthread_cond_broadcast(&p->idle);
		if (p->stopping)
			return false;
		p->sleeping++;
		pthread_cond_wait(&p->work, &p->lock);
		p->sleeping--;
	}
	*t = lane_take(p->first.n ? &p->first : &p->ordinary);
	return true;
}

static void *worker(void *arg)
{
	struct pool *p = arg;
	struct task t;

	pthread_mutex_lock(&p->lock);
	while (take(p, &t)) {
		p->running++;
		pthread_mutex_unlock(&p->lock);
		t.fn(t.arg);
		pthread_mutex_lock(&p->lock);
		p->running--;
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Signals belong to the main thread: workers are born with all of them blocked. */
static int start_threads(struct pool *p, int threads, const char *name)
{
	sigset_t all, old;
	char label[16];

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (int i = 0; i < threads; i++) {
		if (pthread_create(&p->threads[i], NULL, worker, p) != 0)
			break;
		snprintf(label, sizeof(label), "%.12s%d", name, i % 100);
		pthread_setname_np(p->threads[i], label);
		p->nthreads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return p->nthreads;
}

struct pool *pool_new(int threads, size_t queue, const char *name)
{
	struct pool *p = calloc(1, sizeof(*p) + (size_t)threads * sizeof(pthread_t));

	if (p == NULL)
		BUG("out of memory");
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->idle, NULL);
	p->max = queue;
	if (start_threads(p, threads, name) == threads)
		return p;
	pool_free(p);
	return NULL;
}

bool pool_try(struct pool *p, pool_fn fn, void *arg)
{
	bool ok, wake;

	pthread_mutex_lock(&p->lock);
	ok = p->ordinary.n < p->max;
	if (ok)
		lane_put(&p->ordinary, fn, arg);
	wake = ok && p->sleeping > 0;
	pthread_mutex_unlock(&p->lock);
	if (wake)
		pthread_cond_signal(&p->work);
	return ok;
}

void pool_first(struct pool *p, pool_fn fn, void *arg)
{
	bool wake;

	pthread_mutex_lock(&p->lock);
	lane_put(&p->first, fn, arg);
	wake = p->sleeping > 0;
	pthread_mutex_unlock(&p->lock);
	if (wake)
		pthread_cond_signal(&p->work);
}

size_t pool_waiting(struct pool *p)
{
	size_t n;

	pthread_mutex_lock(&p->lock);
	n = p->first.n + p->ordinary.n;
	pthread_mutex_unlock(&p->lock);
	return n;
}

void pool_drain(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	while (p->first.n || p->ordinary.n || p->running)
		pthread_cond_wait(&p->idle, &p->lock);
	pthread_mutex_unlock(&p->lock);
}

void pool_free(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < p->nthreads; i++)
		pthread_join(p->threads[i], NULL);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->idle);
	free(p->first.v);
	free(p->ordinary.v);
	free(p);
}
