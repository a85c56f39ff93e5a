/*
 * Coordinate reference systems of the open interfaces (OGC API - Features part 2) and their order of axes. Ours is CGCS2000 (EPSG:4490); WGS 84 is
 * the same within centimetres, so three of the four differ in the order of axes only.
 */
#ifndef CAP_MAP_CRS_H
#define CAP_MAP_CRS_H

#include <stdbool.h>

#include "base/json.h"
#include "base/str.h"

enum crs { CRS_84, CRS_4490, CRS_4326, CRS_3857, CRS_COUNT };

/* "http://www.opengis.net/def/crs/EPSG/0/4490". */
const char *crs_uri(enum crs c);
/* By address, also https, as urn:ogc:def:crs:EPSG::4490, [EPSG:4490] or EPSG:4490. */
CHECKED bool crs_of(struct str s, enum crs *out);

/* Two numbers in the order the system has them. */
void crs_write(struct json *j, enum crs c, double lon, double lat);
/* False when they are not on the globe. */
CHECKED bool crs_read(enum crs c, double first, double second, double *lon, double *lat);

#endif
