/*
 * gazetteer: names of places to places, in memory. Forgives what people do to names: other signs of the same sound, pinyin with or without the last letters,
 * first letters, signs and then the pinyin of the next one, one wrong sign in a longer name, 社区 left out.
 *
 * Built once, then only read: any number of threads may search. A look at each name in turn: some 20 million names a second, so a municipality's
 * 13,000 cost less than a millisecond and no index has to be kept.
 */
#ifndef GEO_GAZETTEER_H
#define GEO_GAZETTEER_H

#include "base/arena.h"
#include "base/str.h"

enum gazetteer_kind { GAZETTEER_PLACE, GAZETTEER_POINT, GAZETTEER_ROAD };

struct gazetteer_entry {
	struct str place;       /* key of the place it is, or lies in: the scope of searches */
	struct str name;        /* "石门社区" */
	enum gazetteer_kind kind;
	int level;              /* enum place_level of a place; else 0 */
	double lon, lat;        /* CGCS2000; NAN unknown */
	double reach;           /* metres from there to the farthest part of what is meant (a road); 0: it is there */
	int64_t id;             /* of a point or road in its own table; 0 */
	struct str needs;       /* permission without which nobody is told of it; absent: everybody is */
};

/* Where to look, and what the asker may be told of. */
struct gazetteer_scope {
	struct str within;      /* key of a place; "" everywhere */
	bool (*may)(void *arg, const struct gazetteer_entry *e); /* NULL: only what everybody may be told */
	void *arg;
};

struct gazetteer;

struct gazetteer *gazetteer_new(void);
void gazetteer_free(struct gazetteer *g);
/* Copies. Names longer than 60 signs are cut. */
void gazetteer_add(struct gazetteer *g, const struct gazetteer_entry *e);
size_t gazetteer_count(const struct gazetteer *g);

struct gazetteer_hit {
	const struct gazetteer_entry *entry; /* lives as long as the gazetteer */
	double score;
	bool sound;             /* found by its sound only */
};

/* Names that match what was typed, best first, in the subtree of `within` ("" all). */
size_t gazetteer_search(const struct gazetteer *g, struct arena *a, struct str typed, struct str within, struct gazetteer_hit *v, size_t max);
size_t gazetteer_search_for(const struct gazetteer *g, struct arena *a, struct str typed, const struct gazetteer_scope *scope,
			    struct gazetteer_hit *v, size_t max);

/*
 * Names that occur in an address ("石门社区3栋2单元"), the most telling first; what is named together with the place above it counts more. The first hit is
 * meant only if the second has less: two places of one name are not guessed between.
 */
size_t gazetteer_in_text(const struct gazetteer *g, struct arena *a, struct str text, struct str within, struct gazetteer_hit *v, size_t max);
size_t gazetteer_in_text_for(const struct gazetteer *g, struct arena *a, struct str text, const struct gazetteer_scope *scope,
			     struct gazetteer_hit *v, size_t max);

#endif
