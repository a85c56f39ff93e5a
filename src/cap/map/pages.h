/* Handlers and what they share; for this folder only. */
#ifndef CAP_MAP_PAGES_H
#define CAP_MAP_PAGES_H

#include "base/json.h"
#include "cap/map/query.h"

/* tile_web.c */
enum err map_tile(struct rq *rq);
/* The same by parts, for the open interface. Sends the answer. */
CHECKED enum err tile_send(struct rq *rq, struct str layer, int64_t z, int64_t x, int64_t y, const char *const *also);
/* Whole numbers of a tile's address; ERR_INPUT with the reason. */
CHECKED enum err tile_numbers(struct rq *rq, struct str z, struct str x, struct str y, int64_t out[3]);
enum err map_legend(struct rq *rq);

/* stats_web.c: how the map itself is, for whoever runs it */
enum err map_stats(struct rq *rq);

/* boundary_web.c: areas of places */
CHECKED enum err boundary_tile(struct rq *rq, int64_t z, int64_t x, int64_t y);

/* ground_web.c: streets, water, green beneath all that */
CHECKED enum err ground_tile_send(struct rq *rq, int64_t z, int64_t x, int64_t y);

/* counts_web.c */
enum err map_counts(struct rq *rq);
enum err map_series(struct rq *rq);
enum err map_density(struct rq *rq);
/* "west,south,east,north" in degrees; ERR_INPUT with the reason. */
CHECKED enum err query_box(struct rq *rq, struct str text, double box[4]);

/* state_web.c: the wall */
enum err map_state(struct rq *rq);
/* How many deadlines have passed today in what is still open; 0 while the store is away. */
int64_t state_turned_late(struct rq *rq, const struct look *l, const struct query *q);
enum err map_replay(struct rq *rq);

/* live.c */
enum err map_live(struct rq *rq);
/*
 * Grows after changes, at most four times a second, and before an event tells of them: an answer made since is new enough for everybody who listens, and never
 * older than a third of a second for whoever only asks.
 */
int64_t live_epoch(void);

/* export_web.c */
enum err map_export_geojson(struct rq *rq);
enum err map_export_csv(struct rq *rq);

/* names.c: words of codes in the reader's language */
struct str name_of_state(struct rq *rq, struct str scenario, struct str state);
struct str name_of_category(struct rq *rq, struct str category);
struct str name_of_scenario(struct rq *rq, struct str scenario);
/* "late", "soon", "ok", "none". */
const char *colour_word(enum point_colour c);

#endif
