/*
 * OpenStreetMap extracts, read as a stream: .osm.pbf (https://wiki.openstreetmap.org/wiki/PBF_Format) and .osm XML, told apart by what stands in the file.
 * A file of any size costs one block of it: some 64 MiB for pbf, some MiB for XML. The file is hostile until shown otherwise: every length, index and
 * coordinate is checked, what one thing gets wrong in size costs that thing, what breaks the format ends the reading and says where.
 *
 *	struct osm *o;
 *	struct osm_sink sink = {.kinds = OSM_WAY | OSM_RELATION, .way = ..., .relation = ..., .arg = ...};
 *
 *	if (osm_open(&o, fd, &a, &why) == OK && osm_pass(o, &sink, &a, &why) == OK)
 *		...                          // passes may follow each other: blocks without what is wanted are skipped the second time
 *	osm_close(o);
 *
 * Coordinates are WGS-84, which is CGCS2000 within centimetres, in steps of geo/shape.h (1e-7 degrees).
 */
#ifndef GEO_OSM_H
#define GEO_OSM_H

#include "base/arena.h"
#include "base/str.h"
#include "geo/shape.h"

#define OSM_REFS_MAX 65536u      /* nodes of a way, members of a relation; OpenStreetMap itself allows 2,000 and 32,000 */
#define OSM_TAGS_MAX 1024u

enum osm_kind { OSM_NODE = 1, OSM_WAY = 2, OSM_RELATION = 4 };

struct osm_tag { struct str key, value; };   /* as they stand in the file: not yet known to be UTF-8 */

struct osm_tags { const struct osm_tag *v; size_t n; };
/* p NULL when absent. */
struct str osm_tag(const struct osm_tags *t, const char *key);

struct osm_member { int64_t ref; enum osm_kind kind; struct str role; };

struct osm_way { int64_t id; struct osm_tags tags; const int64_t *refs; size_t n; };
struct osm_relation { int64_t id; struct osm_tags tags; const struct osm_member *v; size_t n; };

/* What is given lives until the function returns. One that returns false ends the pass (ERR_BUSY). Nodes come without their tags. */
struct osm_sink {
	unsigned kinds;          /* of enum osm_kind: what is wanted, nothing else is looked into */
	bool (*node)(void *arg, int64_t id, struct shape_point at);
	bool (*way)(void *arg, const struct osm_way *w);
	bool (*relation)(void *arg, const struct osm_relation *r);
	bool (*progress)(void *arg, int64_t bytes);   /* may be NULL; false ends the pass */
	void *arg;
};

struct osm;

/* The descriptor stays the caller's and must allow lseek, since reading goes over the file several times. ERR_INPUT with *why in both languages: no extract, a
 * packed one, one of changes; ERR_IO. */
CHECKED enum err osm_open(struct osm **out, int fd, struct arena *a, struct str *why);
/* ERR_INPUT: broken, *why says at which byte (and line, and block) in both languages; ERR_BUSY: the sink ended it; ERR_IO. */
CHECKED enum err osm_pass(struct osm *o, const struct osm_sink *sink, struct arena *a, struct str *why);
/* Things left out because they are larger than any real one or say something impossible (a latitude of 91), in the last pass. */
int64_t osm_left_out(const struct osm *o);
int64_t osm_size(const struct osm *o);
void osm_close(struct osm *o);   /* NULL is fine */

#endif
