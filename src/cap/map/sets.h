/*
 * What lies on the map beside the matters, kept in memory: each point layer, and the places of the tree ("places"). A set never changes; when the
 * store's content does, a new one takes its place, and whoever still reads the old one keeps it until the end of the request.
 */
#ifndef CAP_MAP_SETS_H
#define CAP_MAP_SETS_H

#include <stdatomic.h>

#include "base/map.h"
#include "db/db.h"

struct set_item {
	int64_t id;            /* of the feature's row; for places 0 */
	double lon, lat;       /* NAN: a place whose point nobody knows */
	struct str fid;        /* the name others know it by; for places the official code, "" none */
	struct str name, kind; /* kind of a place: "town" ... */
	struct str place;      /* key of where it belongs, "" unknown */
	bool hidden, ended;    /* a place of the codes only; one that is no more */
};

struct set {
	atomic_int refs;
	struct str name, title, permission /* "": everybody */, source;
	int64_t version, updated;
	struct set_item *v;    /* layers: by id; places: by key */
	size_t n;
	double west, south, east, north;
	struct map by_fid;
	struct arena arena;
};

#define SET_PLACES "places"

/* Reads a layer again (it may be new, or gone); name NULL: all of them. */
CHECKED enum err sets_reload(struct db *db, struct str name);
/* The places, read anew: those that have ended too, so that every key that ever stood in a matter is there. The caller has the reference, on errors too
 * when *out is not NULL. */
CHECKED enum err set_read_places(struct db_conn *c, struct set **out);
/* Makes it the one in force; takes the reference. */
void set_put(struct set *s);
struct set *set_ref(struct set *s);
void set_unref(void *set);
void sets_free(void);

/* NULL when there is none. Kept until the arena is reset. */
const struct set *set_find(struct arena *a, struct str name);
/* NULL when there is none. */
const struct set_item *set_by_fid(const struct set *s, struct str fid);
/* Of the places alone. */
const struct set_item *set_by_key(const struct set *places, struct str key);
/* All, by name. */
size_t sets_all(struct arena *a, const struct set ***v);
/* Grows with every change of any set: for answers kept elsewhere. */
int64_t sets_version(void);

/* Name of a level in addresses and answers: "district", "town" ...; "" for none. */
const char *level_word(int level);
/* -1: no level is called that. */
int level_of_word(struct str word);

#endif
