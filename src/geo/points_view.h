/* Inside of a view and of the store, for the files points_*.c and tile.c only. */
#ifndef GEO_POINTS_VIEW_H
#define GEO_POINTS_VIEW_H

#include <pthread.h>

#include "geo/points_index.h"

/* Rows from <= i < to of a segment. */
struct source {
	struct seg *s;
	uint32_t from, to;
	uint32_t slot;             /* of a base source: its number in home */
	uint64_t first, last;      /* keys, beside the pointer: finding a source does not touch the segments */
};

struct points_view {
	atomic_int refs;
	uint64_t version;
	int64_t seq, rows;
	uint32_t coarse;
	uint32_t nbase, nplus, n;  /* v: base in order of keys, then rows of runs, then rows of runs that count negative */
	struct source v[];
};

/* Sources of base that reach into keys first <= k <= last: indexes *from <= i < *to. */
void view_base(const struct points_view *v, uint64_t first, uint64_t last, uint32_t *from, uint32_t *to);

/* ---- the store ---- */

struct source_list { struct source *v; uint32_t n, cap; };
struct run { struct source_list plus, minus; uint32_t rows; uint64_t stamp; bool busy; };  /* stamp: newest batch in it */
struct slot { struct seg *s; uint32_t from; };  /* rows before `from` have moved elsewhere */

struct points_load;

struct points {
	pthread_mutex_t view_lock;     /* only for taking and changing `view` */
	struct points_view *view;
	pthread_mutex_t lock;          /* the writer's: everything below */
	atomic_int waiting;            /* writers that wait for it, or have just got it */
	struct source_list base;
	struct run *runs; uint32_t nruns, runs_cap;   /* oldest first */
	struct home home;
	struct recent recent;
	struct slot slots[HOME_SLOTS_MAX];            /* s NULL: free */
	uint64_t stamp;                               /* number of the last batch */
	bool folding;                                 /* the oldest run is being merged into the base */
	int64_t seq, rows;
	uint64_t version;
	struct row *plus, *minus; uint32_t nplus, nminus, plus_cap, minus_cap;  /* of the batch that is being applied */
	struct points_load *load;                     /* rows gathered so far, see points_load.c */
	uint32_t coarse;
	/* merging: merge_lock is taken before lock, by whoever changes base or merges large runs */
	pthread_mutex_t merge_lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool threaded, stop;
};

/* points.c and points_load.c, for points_merge.c and points_file.c. With the lock held. */
void points_publish(struct points *p);
void list_add(struct source_list *l, struct seg *s, uint32_t from, uint32_t to, uint32_t slot);   /* takes the reference */
void list_drop(struct source_list *l);
uint32_t points_slot(struct points *p, struct seg *s);
void points_runs_drop(struct points *p);
void points_load_drop(struct points_load *l);                                                     /* NULL is nothing */
/* Base from rows in order, without the lock; the old content is replaced with it. Frees nothing of the rows. */
void points_replace(struct points *p, struct source_list *base, int64_t seq);
/* Rows in order of (key, id), without two of an id, into segments of SEG_FILL. */
void segs_from_rows(struct source_list *l, const struct row *rows, size_t n, uint32_t fill, bool whole);

/* points_merge.c */
void merge_small(struct points *p);          /* with lock: runs of a few thousand rows, in the caller's time */
bool merge_wanted(const struct points *p);   /* with lock: is there work for the thread? */
bool merge_step(struct points *p, bool all); /* with merge_lock, not lock: a bounded piece of work; false when there was none. all: also what could wait */
/* What stands in both, all in order of (key, id), goes from both. */
void rows_cancel(struct row *plus, size_t *nplus, struct row *minus, size_t *nminus);

#endif
