/*
 * Worker threads with a bounded queue. Requests wait in the ordinary lane, which refuses when it is full (the
 * caller answers 503); work that must not be lost - the answer after a commit - takes the priority lane,
 * which never refuses and goes first.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct pool;
typedef void (*pool_fn)(void *arg);

/* Starts the threads; NULL when the system gives none. name: shown by ps -L, at most 12 bytes. */
struct pool *pool_new(int threads, size_t queue, const char *name);
/* Ordinary lane. False when the queue is full: nothing has been taken. */
CHECKED bool pool_try(struct pool *p, pool_fn fn, void *arg);
/* Priority lane. Never fails. */
void pool_first(struct pool *p, pool_fn fn, void *arg);
/* Tasks waiting in both lanes; a snapshot. */
size_t pool_waiting(struct pool *p);
/* Waits until nothing waits and nothing runs. Not from a worker. */
void pool_drain(struct pool *p);
/* Runs what is queued, ends the threads, frees. Nobody may submit any more. */
void pool_free(struct pool *p);

#endif
