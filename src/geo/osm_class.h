/* What of an extract belongs to the ground, by its tags (https://wiki.openstreetmap.org/wiki/Map_features). */
#ifndef GEO_OSM_CLASS_H
#define GEO_OSM_CLASS_H

#include "geo/ground.h"
#include "geo/osm.h"

struct osm_class { enum ground_kind kind; uint8_t rank, flags; };

/* False: does not belong to it. closed: the way ends where it begins; a lake is an area then, a street is not. */
bool osm_classify(const struct osm_tags *t, bool closed, struct osm_class *out);
/* The name in Chinese where there is one, in plain signs, at most GROUND_NAME_MAX bytes; "" none. A view of the tags. */
struct str osm_name(const struct osm_tags *t);

#endif
