/* What the two readers of OpenStreetMap extracts share. For src/geo/osm*.c only. */
#ifndef GEO_OSM_INNER_H
#define GEO_OSM_INNER_H

#include "geo/osm.h"

struct osm_block { int64_t at; unsigned kinds; };

struct osm {
	int fd;
	bool xml;
	int64_t size;
	int64_t left_out;
	/* the thing that is being read */
	int64_t *refs;               /* OSM_REFS_MAX */
	struct osm_member *members;  /* OSM_REFS_MAX */
	struct osm_tag *tags;        /* OSM_TAGS_MAX */
	/* pbf: what each block holds, known after the first pass */
	struct osm_block *blocks;
	size_t nblocks, blocks_cap;
	bool indexed;
	char *packed, *plain;        /* buffers of a block, and how large they are */
	size_t packed_cap, plain_cap;
	struct str *strings;
	size_t strings_cap;
	void *inflater;
	/* a pass */
	const struct osm_sink *sink;
	struct arena *a;
	struct str *why;
};

enum err osm_pass_pbf(struct osm *o);
enum err osm_pass_xml(struct osm *o);

/* On the globe, as steps. */
bool osm_point(double lon, double lat, struct shape_point *out);

#endif
