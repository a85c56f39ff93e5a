/*
 * Words to places and back, from what the platform knows itself: the names of places, and of whatever else is registered (points of layers, roads). Kept in
 * the process like the areas (core/place/area.h); a change is seen by the next call.
 */
#ifndef CORE_PLACE_FIND_H
#define CORE_PLACE_FIND_H

#include "core/place/area.h"
#include "geo/gazetteer.h"

struct place_found {
	struct str key;          /* the place, or the one the thing lies in */
	struct str name;
	struct str full;         /* "江北区大石坝街道石门社区" */
	enum gazetteer_kind kind;
	double lon, lat;         /* NAN unknown */
	double reach;            /* metres: how far from there it may be meant; 0: exactly there, or unknown */
	int64_t id;              /* of a point or road; 0 */
	bool sound;              /* found by its sound only */
	bool in_words;           /* the name stands somewhere in what was typed, which says more: it must not take its place */
	int level;               /* enum place_level of a place; 0 */
	double score;            /* of those found by the same call: more is likelier */
};

/* What was typed into a search field; best first. */
CHECKED enum err place_find(struct db_conn *c, struct arena *a, struct str typed, struct str within, struct place_found *v, size_t max,
			    size_t *n);
/*
 * What is proposed while somebody types, and what words may mean: names that match what was typed as a whole, then names that stand in it. Places above
 * `least` are left out (PLACE_ROOT: none are).
 */
CHECKED enum err place_suggest(struct db_conn *c, struct arena *a, struct str typed, const struct gazetteer_scope *scope, enum place_level least,
			       struct place_found *v, size_t max, size_t *n);
/* Several places that an address may mean as well as each other, and place_in_words would not choose between: 2 to `max`, or 0. */
CHECKED enum err place_which(struct db_conn *c, struct arena *a, struct str address, const struct gazetteer_scope *scope, enum place_level least,
			     struct place_found *v, size_t max, size_t *n);
/* The one place an address names, at `least` (a community) or deeper, in the subtree of `within`. ERR_NOT_FOUND: none, or not which of several. */
CHECKED enum err place_in_words(struct db_conn *c, struct arena *a, struct str address, struct str within, enum place_level least,
				struct place_found *out);
/* A point in words, as far as areas and points tell: "江北区大石坝街道石门社区第三网格". ERR_NOT_FOUND: nobody knows. */
CHECKED enum err place_words(struct db_conn *c, struct arena *a, double lon, double lat, struct str *out);

/* Who has names of his own (a layer of points, roads) registers how to read them, once, at start; after a change he calls place_changed in his job.
 * What not everybody may be told of carries the permission (gazetteer_entry.needs). */
void place_find_source(enum err (*fn)(struct db_conn *c, struct gazetteer *g));
CHECKED enum err place_changed(struct tx *tx);
void place_find_forget(void);

#endif
