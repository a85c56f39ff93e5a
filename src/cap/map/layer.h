/*
 * Point layers: facilities, risk points, whatever else lies on the map beside the matters. They come from GeoJSON or CSV files, stand in the
 * store, and are kept in memory whole: a layer has thousands of points, not millions. Coordinates are CGCS2000 degrees.
 */
#ifndef CAP_MAP_LAYER_H
#define CAP_MAP_LAYER_H

#include "db/db.h"
#include "geo/coord.h"

#define LAYER_NAME_MAX 40
#define LAYER_FEATURES_MAX 500000

/* ---- reading a file ---- */

/* Titles of columns, or names of properties; NULL: the usual ones are tried. */
struct layer_columns {
	const char *lon, *lat, *id, *name, *kind, *place;
};

struct layer_row {
	int64_t number;          /* line of the CSV, or number of the feature */
	double lon, lat;         /* CGCS2000 */
	struct str fid, name, kind, place /* official code, may be "" */, props /* JSON object */;
};

enum layer_got { LAYER_ROW, LAYER_BAD, LAYER_END };

struct layer_file;
/* path: *.csv, *.geojson, *.json, *.geojsonl. On error *why tells both languages. */
CHECKED enum err layer_open(struct layer_file **out, const char *path, enum coord_datum datum, const struct layer_columns *columns,
			    struct arena *a, struct str *why);
/* Texts live in `a` (reset it from time to time). LAYER_BAD: row->number and *why. */
enum layer_got layer_next(struct layer_file *f, struct arena *a, struct layer_row *row, struct str *why);
int64_t layer_position(const struct layer_file *f);
int64_t layer_size(const struct layer_file *f);
void layer_close(struct layer_file *f);

/* ---- importing ---- */

struct layer_import {
	struct str name, title;      /* name: a-z 0-9 and -; title absent: as it is, or the name */
	struct str permission;       /* "": public; p NULL: as it is, or place.read for a new one */
	struct str source;           /* who says so; p NULL: as it is */
	bool keep;                   /* what is not in the file stays */
	void (*bad)(void *arg, int64_t number, struct str why);
	void (*progress)(void *arg, int64_t done, int64_t of);
	bool (*stop)(void *arg);
	void *arg;
	/* out */
	int64_t rows, faulty, gone, total;
	bool stopped;
};
/* Replaces the layer by what the file says, in jobs of some hundred rows; idempotent. Interrupted, it is simply run again. */
CHECKED enum err layer_import(struct db *db, struct layer_file *f, struct layer_import *im, struct arena *a, struct str *why);
/* Job (arg: struct str * name): the layer and its features are gone. ERR_NOT_FOUND. */
enum err layer_drop(struct tx *tx, void *name);
bool layer_name_ok(struct str name);

struct gazetteer;
/* names_of_layers.c: for place_find_source */
CHECKED enum err layer_names(struct db_conn *c, struct gazetteer *g);

int layer_import_command(int argc, char **argv);

#endif
