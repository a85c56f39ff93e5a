/*
 * The matters in memory: loaded from the store at start, then kept true by following the journal. Whoever answers a request takes a look: points, tree of
 * places and time that belong together.
 */
#ifndef CAP_MAP_FEED_H
#define CAP_MAP_FEED_H

#include "cap/map/sets.h"
#include "geo/points.h"

struct app;

/* Begins loading, in a thread of its own. `var`: folder for the snapshot; NULL: none is kept. */
CHECKED enum err feed_start(struct app *app, struct db *db, const char *var);
void feed_stop(void);
/* Tests: waits until everything committed by now is in the points. */
void feed_settle(void);

struct look {
	struct points_view *view;
	const struct set *tree;   /* places; the index of an item is the ordinal of its place */
	int64_t at;               /* clock_now() of the asker */
	uint32_t now;             /* the same in minutes */
	int64_t seq;              /* journal sequence up to which it is true */
	int64_t behind;           /* ms for which the store has not confirmed that; 0: it is up to date */
};
/* ERR_BUSY while the points are still being loaded. */
CHECKED enum err look_begin(struct arena *a, int64_t now, struct look *out);
void look_end(struct look *l);

/* The journal up to which the points are true. */
int64_t feed_seq(void);

/* One matter as it is now. */
bool feed_get(int64_t id, struct point *out);

/* Ordinals of the places of a subtree. */
struct points_range tree_range(const struct set *tree, struct str from, struct str to);
/* Ordinal of the place, or of the nearest above it that is known; POINTS_PLACE_NONE. *exact may be NULL. */
uint32_t tree_ordinal(const struct set *tree, struct str key, bool *exact);

/* A number that changes whenever what lies in the tile may have changed. */
uint64_t feed_stamp(int z, uint32_t x, uint32_t y);
/* Grows when somebody was told of a deadline: changes what is filtered by the tag "escalated", and nothing else. */
uint32_t feed_told(void);

struct feed_stats {
	bool ready;
	int64_t load_ms;          /* how long loading took */
	bool from_snapshot;
	size_t defaults;          /* coordinates on which too many matters stand to be true */
	struct points_stats points;
};
void feed_stats(struct feed_stats *out);

/* Coordinates shared by so many matters are an office's default and no place where things happen (示例). */
#define FEED_DEFAULT_AT 1000

#endif
