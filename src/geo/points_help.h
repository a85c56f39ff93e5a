/*
 * Long work in pieces: whoever asks does them one after another, and threads that have nothing to do take some of them. One asker at a time is helped;
 * another does its pieces alone, so nobody ever waits for a thread that has not begun. For the files points_*.c and tile.c only.
 */
#ifndef GEO_POINTS_HELP_H
#define GEO_POINTS_HELP_H

#include <stddef.h>

#define HELP_WORKERS 4u   /* the asker and at most three more, one a processor */

/*
 * Calls piece(arg, worker, i) once for each i < pieces, in no certain order; worker < HELP_WORKERS, 0 is the asker. Nobody else uses the same worker
 * number meanwhile. Returns when all are done. A piece should take some ten microseconds at least. When a helper was late, since the machine is busy, the
 * next two seconds' work is done alone.
 */
void help_run(size_t pieces, void (*piece)(void *arg, unsigned worker, size_t i), void *arg);

/* The same for work of seconds, for which a helper that is late matters little. */
void help_load(size_t pieces, void (*piece)(void *arg, unsigned worker, size_t i), void *arg);

#endif
