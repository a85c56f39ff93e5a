/*
 * Every matter (and every other placed thing) as a point in memory: a column store sorted along a space-filling curve, from which
 * vector tiles, counts, lists of ids and neighbours are answered without asking the database.
 *
 *	p = points_new(NULL);
 *	points_load(p, rows, n, seq);                      // once, from the store or from a snapshot file (points_file.h)
 *	points_apply(p, rows, n, gone, ngone, seq);        // afterwards, in the journal's order; one batch is visible as a whole
 *
 *	struct points_view *v = points_view(p);            // a snapshot: whoever holds it sees one state, nobody waits for anybody
 *	tile_make(v, &filter, &tile, &buf);                // geo/tile.h
 *	points_count(v, &filter, &by, counts);
 *	points_view_end(v);
 *
 * Codes (category, state, scenario, channel, department, tag) are small numbers that the caller maps. A place is the ordinal of its key
 * in the order of keys, so that a subtree is a range of ordinals; when places come or go the caller renumbers (points_renumber).
 * Times are whole minutes since 1970-01-01 UTC; 0 means "none".
 *
 * How it is built (docs/decisions/0016-points-in-memory.md): columns in segments of at most 48 K rows in the order of the Morton key of the
 * 32-bit Mercator coordinates, immutable once made. A change adds the new row to a small sorted run, and the row it replaces to the same run with
 * the sign minus: every answer is a sum, so both cancel, and a thread merges runs into larger ones and at last into the segments.
 * One thread at a time writes (a lock sees to it); any number read.
 */
#ifndef GEO_POINTS_H
#define GEO_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "geo/coord.h"

#define POINTS_MAX 64000000u       /* rows in one store */
#define POINTS_PLACE_NONE UINT32_MAX

/* ---- coordinates: Web Mercator (EPSG:3857) as 32-bit fractions of the world, x eastward, y southward ---- */

struct mercator { uint32_t x, y; };
/* Latitudes beyond ±85.0511° stand on the border. Longitude 180 stands at the eastern border, it does not wrap to the western. */
struct mercator mercator_from(double lon, double lat);
struct lonlat mercator_to(struct mercator m);   /* middle of the unit */
/* Units per metre at that height of the map. */
double mercator_units(uint32_t y);

/* ---- rows ---- */

enum point_flag {
	POINT_PUBLIC = 1,      /* right class: anybody may see it */
	POINT_UNLOCATED = 2,   /* no coordinate, or a default one: is counted, but never on a map, in a lasso or a neighbour */
	POINT_LATE = 4,        /* closed after its deadline */
	POINT_CLOSED = 8,      /* set by the store itself where `closed` is not 0 */
	POINT_USER = 16        /* this and the three above it are the caller's, see points_filter.flags */
};

struct point {
	int64_t id;                   /* > 0 */
	struct mercator at;           /* not looked at when POINT_UNLOCATED */
	uint32_t created;
	uint32_t due, soon;           /* deadline of an open matter, and when it turns "soon" (at most 45 days before it); 0: no clock runs */
	uint32_t closed;              /* 0: open. A closed row keeps no deadline */
	uint32_t place;               /* ordinal, or POINTS_PLACE_NONE */
	uint32_t tags;                /* one bit each */
	uint16_t category, department;
	uint8_t state, scenario, channel, flags;
};

enum point_colour { POINT_NO_CLOCK, POINT_IN_TIME, POINT_SOON, POINT_OVERDUE };  /* as matter_clock_colour */
enum point_colour point_colour(const struct point *p, uint32_t now);

/* ---- the store ---- */

struct points;

struct points_options {
	bool no_thread;        /* merge in the caller's time only (tests) */
	uint32_t coarse;       /* zoom whose cells the public's locations are snapped to; 0 = 18, some 150 m wide at the equator */
};

struct points *points_new(const struct points_options *o);
/* No view may be held any more. */
void points_free(struct points *p);

/*
 * Replaces all there is. Rows may come in any order; a second row of an id replaces the first. They are not needed afterwards.
 * ERR_TOO_MUCH over POINTS_MAX; ERR_INPUT for an id below 1.
 */
CHECKED enum err points_load(struct points *p, const struct point *rows, size_t n, int64_t seq);
/* The same without all rows in one piece: begin, add any number of times, end. Readers see the old content until the end. */
void points_load_begin(struct points *p);
CHECKED enum err points_load_add(struct points *p, const struct point *rows, size_t n);
CHECKED enum err points_load_end(struct points *p, int64_t seq);

/*
 * Rows that are new or have changed, and ids that are gone (those that are not there do no harm); a row that stands twice counts with its last form.
 * Visible as a whole when it returns. `seq`: journal sequence up to which the store is true now. Large batches may be given in parts.
 */
CHECKED enum err points_apply(struct points *p, const struct point *rows, size_t n, const int64_t *gone, size_t ngone, int64_t seq);
/* The row as it is now; false when there is none. */
bool points_get(struct points *p, int64_t id, struct point *out);
/* Ordinals have changed: `to[o]` is the new ordinal of place o (o < n; POINTS_PLACE_NONE stays). Some 0.1 µs a row; readers do not wait. */
CHECKED enum err points_renumber(struct points *p, const uint32_t *to, size_t n);
/* Ends all merging there is to do, in the caller's time. */
void points_settle(struct points *p);

struct points_stats {
	int64_t rows, seq;
	uint64_t version;      /* grows with every visible change: a key for caches of tiles */
	size_t bytes;          /* all memory of the store */
	int segments, runs;
	int64_t pending;       /* rows in runs */
};
void points_stats(struct points *p, struct points_stats *out);

/* ---- views ---- */

struct points_view;
struct points_view *points_view(struct points *p);
void points_view_end(struct points_view *v);
int64_t points_view_seq(const struct points_view *v);
uint64_t points_view_version(const struct points_view *v);
int64_t points_view_rows(const struct points_view *v);

/* ---- filters: zeroed means everything ---- */

struct points_range { uint32_t from, to; };   /* from <= v < to */

struct points_filter {
	const uint8_t *scenarios; size_t nscenarios;       /* each list: any of these; n == 0: all */
	const uint16_t *categories; size_t ncategories;
	const uint8_t *states; size_t nstates;
	const uint8_t *channels; size_t nchannels;
	const uint16_t *departments; size_t ndepartments;
	uint32_t tags;                                     /* any of these bits; 0: all */
	struct points_range created, closed;               /* to == 0: no upper end; both 0: all. `closed` leaves open ones out */
	unsigned colours; uint32_t now;                    /* bit 1 << enum point_colour; 0: all */
	/* The reader's scope, and the place asked for: any of the ranges. `scoped` with no range sees nothing. */
	bool scoped; const struct points_range *places; size_t nplaces;
	const struct points_range *within; size_t nwithin; /* a second list, with "and": the place asked for inside the scope */
	uint8_t flags, flags_want;                         /* (row.flags & flags) == flags_want */
	bool public_only;                                  /* only POINT_PUBLIC, locations coarsened */
};

/* ---- answers ---- */

/* Rows that pass, located or not. */
int64_t points_total(const struct points_view *v, const struct points_filter *f);
/* Rows that pass and stand on the map in the tile. */
int64_t points_total_tile(const struct points_view *v, const struct points_filter *f, int z, uint32_t x, uint32_t y);
/*
 * Makes ready what the first tile or count by colour of a day would otherwise make in its own time (some twenty microseconds for 50,000 rows): unless it is
 * right for the next so many minutes. Whoever calls it now and then keeps everybody from waiting for it.
 */
void points_colours_ready(const struct points_view *v, uint32_t now, uint32_t minutes);

/*
 * Counts by any of place × category × state × period. A dimension with size 0 is not used. `*_of` maps a code to its group; codes beyond the
 * table, and groups >= the size (POINTS_NO_GROUP), are left out. The result is dense: counts[((place * ncategory + category) * nstate + state) * nperiod + period].
 */
#define POINTS_NO_GROUP UINT32_MAX
struct points_by {
	size_t nplace; const uint32_t *place_of; size_t place_codes;         /* by ordinal */
	size_t ncategory; const uint32_t *category_of; size_t category_codes; /* NULL: the code itself */
	size_t nstate; const uint32_t *state_of; size_t state_codes;          /* NULL: the code itself */
	/* Periods: boundaries in minutes, ascending, nperiod + 1 of them (days and months of the caller's time zone); rows outside are left out. */
	size_t nperiod; const uint32_t *period_at; bool by_closed;
	bool located;                                                         /* leave the unlocated out */
};
#define POINTS_CELLS_MAX ((size_t)1 << 24)
/* ERR_TOO_MUCH over POINTS_CELLS_MAX counts. */
CHECKED enum err points_count(const struct points_view *v, const struct points_filter *f, const struct points_by *by, int64_t *counts);

/* Density: rows a cell of the 2^zoom grid, cells with any only, in the order of the curve. At most `max` (ERR_TOO_MUCH). */
struct points_cell { uint32_t x, y; int64_t n; };
struct points_box { struct mercator min, max; };        /* both included */
CHECKED enum err points_density(const struct points_view *v, const struct points_filter *f, const struct points_box *box, int zoom, struct arena *a,
				size_t max, struct points_cell **out, size_t *n);

/* Rows inside a box, in the order of the curve and then of ids; *more: there are further ones. Public readers get coarsened places. */
CHECKED enum err points_in_box(const struct points_view *v, const struct points_filter *f, const struct points_box *box, struct arena *a, size_t max,
			       struct point **out, size_t *n, bool *more);
/*
 * Every `every`th row (1: all of them) that stands on the map, in the order of the curve, at most `max`: where there are too many to be told one by one,
 * a part that lies as the whole does. *more as above.
 */
CHECKED enum err points_sample(const struct points_view *v, const struct points_filter *f, int64_t every, struct arena *a, size_t max, struct point **out,
			       size_t *n, bool *more);
/* Inside a polygon: rings one after another, each closed by itself, even-odd, border points count as inside. `ends[i]`: index behind ring i. */
CHECKED enum err points_in_polygon(const struct points_view *v, const struct points_filter *f, const struct mercator *ring, const size_t *ends, size_t nrings,
				   struct arena *a, size_t max, struct point **out, size_t *n, bool *more);
/* The k nearest within so many metres, nearest first. */
struct points_near { struct point p; double metres; };
CHECKED enum err points_nearest(const struct points_view *v, const struct points_filter *f, struct mercator at, size_t k, double metres, struct arena *a,
				struct points_near **out, size_t *n);

/* Which kernels run: "avx512", "avx2" or "scalar". points_kernels_use("scalar") chooses others (tests, benchmarks); false when this processor cannot. */
const char *points_kernels(void);
bool points_kernels_use(const char *name);
/* How many threads beside the asker's may take part in one answer that needs long; as many as there are further processors, at most three, to begin with. */
void points_helpers(unsigned n);

#endif
