/*
 * similar: what a dispatcher wants to know about a new matter. Is the same thing there already (same words, near, recent)? Who handled
 * such things here lately? Both answers are advice with a reason; nothing is decided by them.
 *
 * Bounded whatever the size of the store: six marks (see similar_marks) with their 20 newest each, and the 60 newest of the town in the
 * span, so at most 180 rows are read and compared; for the lead the 1000 newest matters of the town.
 */
#ifndef CORE_MATTER_SIMILAR_H
#define CORE_MATTER_SIMILAR_H

#include "core/matter/matter.h"

#define SIMILAR_DAYS 60   /* 示例: how far apart in time */
#define SIMILAR_METRES 500 /* 示例: how far apart on the ground counts as near */
#define SIMILAR_LEAD_DAYS 180 /* 示例: "lately" */

enum similar_near { NEAR_TOWN, NEAR_COMMUNITY, NEAR_POINT, NEAR_GRID };

struct matter_similar {
	int64_t id, created, closed;
	struct str code, title, state, scenario, place;
	int percent;              /* of the pairs of characters of both texts, how many both have */
	enum similar_near near;
	double metres;            /* NAN: one of them has no point */
	double lon, lat;          /* NAN: no point */
	int days;                 /* between the two */
};

/* Likeliest first, at most `max` (≤ 10). Not those that were merged; of the same town, since nothing else can be merged. */
CHECKED enum err matter_similar(struct db_conn *c, struct arena *a, const struct matter *m, size_t max, struct matter_similar **v, size_t *n);

/* What a matter says: its searchable fields; its title when they are empty (it is made of them as a rule and would count twice). */
struct str similar_words(struct arena *a, struct str title, const struct scenario *s, struct str fields);

/*
 * Marks of a matter for the full-text index (db/search.h): words to put behind its text, shared with matters of the same town that say much
 * the same. They stay when a matter or its town moves; likeness is then found among the newest only.
 */
struct str similar_marks(struct arena *a, struct str place, struct str words);

/* How many open matters each organisation has; -1: not counted, there are very many in all. At most `SIMILAR_LOAD` are looked at. */
#define SIMILAR_LOAD 20000
CHECKED enum err matter_load(struct db_conn *c, struct arena *a, const int64_t *orgs, size_t norgs, int64_t *open);

/*
 * What else lies around a point: of the newest 300 matters of the town in the span, those within `metres`, nearest first, at most `max`
 * (≤ 32); not `m` itself, not those merged into another.
 */
struct matter_near {
	int64_t id, created;
	struct str title, code, state, scenario, place;
	enum state_kind kind;
	double lon, lat, metres;
};
CHECKED enum err matter_near(struct db_conn *c, struct arena *a, const struct matter *m, double lon, double lat, double metres, size_t max,
			     struct matter_near **v, size_t *n);

/* How alike two texts are: Jaccard index of their sets of character pairs and words, 0..1. */
double similar_texts(struct arena *a, struct str x, struct str y);

/* The organisation that has or had most of the category in the town lately. ERR_NOT_FOUND: nobody had any. */
struct matter_lead { int64_t org; int had, of; };
CHECKED enum err matter_lead_lately(struct db_conn *c, struct arena *a, struct str place, struct str category, int64_t now, struct matter_lead *out);

#endif
