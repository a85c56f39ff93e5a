/*
 * A mapping says how the columns of a foreign table become a matter: docs/import.md. Read-only once loaded.
 */
#ifndef CAP_IMPORTER_MAPPING_H
#define CAP_IMPORTER_MAPPING_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define MAPPING_MAX_COLUMNS 8

struct mapping_pair {
	struct str from, to;
};

/* Where a value comes from: a constant, or columns joined, then translated by the table. */
struct mapping_value {
	bool set;
	struct str constant;                      /* p NULL: from columns */
	struct str column[MAPPING_MAX_COLUMNS];   /* headings */
	int at[MAPPING_MAX_COLUMNS];              /* their positions, found by mapping_bind */
	size_t ncolumns;
	struct str join;
	struct mapping_pair *map;
	size_t nmap;
	struct str otherwise;                     /* p NULL: the value itself when the table does not know it */
	int line;
};

struct mapping_field {
	struct str field;
	struct mapping_value value;
};

struct mapping {
	struct str name, scenario, source, zone;
	struct str *times;                        /* formats: "YYYY-MM-DD hh:mm:ss" */
	size_t ntimes;
	struct mapping_value id, title, created, due, closed, replied, reply, state, category, channel, place_code, lon, lat;
	struct mapping_field *fields;
	size_t nfields;
	bool is_public;
	struct {                                  /* made when it is missing */
		struct str code, name;
		int level;
	} place;
	struct str skip_lon, skip_lat;            /* a default coordinate that stands for "not located" */
	struct str text;                          /* of the file, for its digest */
};

/* *why: "FILE:LINE: what is wrong; how to mend", Chinese and English. */
CHECKED enum err mapping_parse(struct arena *a, struct str file, struct str text, struct mapping **out, struct str *why);
/* Finds the columns in the heading row; names every heading that is missing. */
CHECKED enum err mapping_bind(struct arena *a, struct mapping *m, const struct str *headings, size_t n, struct str *why);
/* The value for a row; absent (p NULL) when the mapping does not have it. Arena text or borrowed from the cells. */
struct str mapping_get(struct arena *a, const struct mapping_value *v, const struct str *cells, size_t n);

/* Civil time by one of the mapping's formats. */
struct mapping_time {
	int y, mo, d, h, mi, s;
};
CHECKED bool mapping_time(const struct mapping *m, struct str text, struct mapping_time *out);

#endif
