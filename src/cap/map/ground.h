/*
 * The ground under the map, from an OpenStreetMap extract: how it gets into the store, how it is kept in memory, and what it says of names of roads. Whoever
 * shows it shows whose it is (GROUND_CREDIT), as the ODbL asks.
 */
#ifndef CAP_MAP_GROUND_H
#define CAP_MAP_GROUND_H

#include "db/db.h"
#include "geo/gazetteer.h"
#include "geo/ground.h"
#include "geo/ground_map.h"

#define GROUND_CREDIT "© OpenStreetMap contributors (ODbL)"

/* ---- import (ground_import.c) ---- */

struct ground_import {
	const char *path;
	struct str source;       /* who made the extract, and of which day; may be empty */
	/* step: what is being done, in both languages. May be NULL. */
	void (*progress)(void *arg, const char *step, int64_t done, int64_t of);
	bool (*stop)(void *arg);
	void *arg;
	/* out */
	bool same;               /* this file is in force already: nothing was changed */
	bool stopped;            /* interrupted; run again, it goes on where it was */
	int64_t features, points, roads, left_out;
};
/* ERR_INPUT, ERR_TOO_MUCH, ERR_IO with *why in both languages; ERR_CONFLICT: another import runs. */
CHECKED enum err ground_import(struct db *db, struct ground_import *im, struct arena *a, struct str *why);
/* ERR_NOT_FOUND: there is none. */
CHECKED enum err ground_drop(struct db *db);
int ground_import_command(int argc, char **argv);

/* ---- roads (ground_roads.c) ---- */

struct ground_road { struct str place, name; double lon, lat, reach; };
/*
 * The named roads of the draft, each once for each community (or town, where communities have no place) that it runs through. ERR_BUSY when progress returns
 * false. Lives in the arena.
 */
CHECKED enum err ground_roads(struct db_conn *c, struct arena *a, const struct ground_draft *d, bool (*progress)(void *arg, int64_t done, int64_t of),
			      void *arg, struct ground_road **v, size_t *n);
/* For place_find_source. */
enum err ground_names(struct db_conn *c, struct gazetteer *g);

/* ---- in memory (ground_feed.c) ---- */

struct ground_held {
	struct ground_map *map;
	int64_t edition, updated;
	struct str source;
};

CHECKED enum err ground_start(struct db *db);
/* The store's edition may have changed. */
void ground_wake(void);
void ground_stop(void);
/* What is in force, kept until the arena is reset; NULL: none, or not yet loaded (*loading). */
const struct ground_held *ground_ref(struct arena *a, bool *loading);
/* For minimap_ground_source. */
struct rq;
struct minimap_under;
bool ground_under(struct rq *rq, struct lonlat centre, double half, struct minimap_under *out);
/* Waits until what the store has is loaded (tests). */
void ground_settle(void);

#endif
