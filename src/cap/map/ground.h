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

#define GROUND_LOCK 0x67726f756e64 /* jobs that change which edition is in force, or its roads, run one behind the other */

/* ---- import (ground_import.c) ---- */

struct ground_import {
	const char *path;
	struct str source;       /* who made the extract, and of which day; may be empty */
	/* step: what is being done, in both languages. May be NULL. */
	void (*progress)(void *arg, const char *step, int64_t done, int64_t of);
	bool (*stop)(void *arg);
	void *arg;
	/* out */
	bool same;               /* this file is in force already: nothing was changed, but for: */
	int64_t renewed;         /* roads that lay in other communities, since the places have changed */
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
/* The named roads of a draft, name by name in the order of their bytes. The draft must outlive the walk. */
struct ground_walk;
struct ground_walk *ground_walk_begin(const struct ground_draft *d);
/*
 * The next name: a row for each community (or town, where communities have no place) that roads of that name run through, by the places that `c` sees. Rows are
 * arena memory, the name is the draft's. ERR_NOT_FOUND behind the last.
 */
CHECKED enum err ground_walk_next(struct ground_walk *w, struct db_conn *c, struct arena *a, struct str *name, struct ground_road **v, size_t *n);
/* How far it is: roads behind, roads in all. */
void ground_walk_at(const struct ground_walk *w, int64_t *done, int64_t *of);
void ground_walk_end(struct ground_walk *w); /* NULL is fine */
/* For place_find_source. */
enum err ground_names(struct db_conn *c, struct gazetteer *g);

/* ---- roads when places have changed (ground_renew.c) ---- */

struct ground_renew;
struct ground_renew *ground_renew_new(struct db *db);
/*
 * Brings the roads of the ground in force up to the places of now, for some `ms` (reading what it needs is not interrupted); *done: nothing is left to do. May
 * be called by several processes, killed at any moment, and overtaken by imports and by further changes: it only writes what differs, each name at once.
 */
CHECKED enum err ground_renew_some(struct ground_renew *r, int64_t ms, bool *done);
/* Rows that were taken away or put since the beginning; how far the pass is. */
int64_t ground_renew_changed(const struct ground_renew *r);
void ground_renew_at(const struct ground_renew *r, int64_t *done, int64_t *of);
void ground_renew_free(struct ground_renew *r); /* NULL is fine */

struct app;
/* The job of the server: a second of it now and then, when the places have been quiet for a round. */
enum err ground_renew_job(struct app *app, int64_t now);
void ground_renew_stop(void);

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
