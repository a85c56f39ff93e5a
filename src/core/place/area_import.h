/*
 * Areas of places from a file of GeoJSON (geo/geojson.h), any size, feature by feature.
 *
 * A feature belongs to the place with its code (id, code, adcode, gb, 代码 … or the property named; with or without zeros behind it), else to the one place
 * with its name (name, NAME, 名称 … or the property named) of that level under that parent; 县 and 区 of the same name are the same place, since counties
 * become districts and keep their borders. What matches nothing is told and left out.
 *
 * Idempotent: the same area under the same label changes nothing. Resumable: areas are set in jobs of some dozen, and each job remembers how far the file
 * has come. A rough file (示意) never replaces an area that is not rough. Afterwards the borders that were touched are checked against each other.
 */
#ifndef CORE_PLACE_AREA_IMPORT_H
#define CORE_PLACE_AREA_IMPORT_H

#include "core/place/area.h"

enum area_told {
	AREA_FAULTY,     /* the feature cannot be used */
	AREA_UNMATCHED,  /* no place, or several */
	AREA_KEPT,       /* the place has a better area */
	AREA_MENDED,     /* used, with something changed in its rings */
	AREA_OVERLAP,    /* two siblings overlap */
	AREA_GAP,        /* the children do not fill the parent */
	AREA_OUTSIDE,    /* a child reaches out of its parent */
};
/* "faulty", "unmatched" ... for a column of a report. */
const char *area_told_name(enum area_told t);

struct area_import {
	/* in */
	int fd;                       /* a regular file, at its beginning */
	int64_t size;                 /* bytes, for progress */
	enum coord_datum datum;
	struct str source, dated;
	bool rough;
	enum place_level level;       /* PLACE_ROOT: that of the code; needed to match by name */
	struct str parent;            /* key; names are looked for under it */
	const char *code_property, *name_property; /* NULL: the usual ones */
	int64_t who;
	bool again;                   /* read anew even if the file was imported before */
	bool no_check;                /* leaves out the check at the end */
	/* what: the place (its full name) or the feature's own name; may be NULL */
	void (*told)(void *arg, enum area_told kind, int64_t feature, struct str what, struct str text);
	void (*progress)(void *arg, int64_t done, int64_t of);
	bool (*stop)(void *arg);      /* asked between jobs */
	void *arg;
	/* out */
	int64_t features, set, same, skipped, tolds[AREA_OUTSIDE + 1];
	bool stopped, was_complete;
};

CHECKED enum err area_import(struct db *db, struct area_import *im, struct arena *a, struct str *why);

/* The check alone: children of that parent against each other and against it. */
CHECKED enum err area_check(struct db_conn *c, struct str parent, struct area_import *im);

#endif
