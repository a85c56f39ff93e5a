/*
 * Coordinates. Everything stored is CGCS2000 longitude and latitude in degrees (equal to WGS-84 within centimetres).
 * Chinese map services hand out GCJ-02, the same datum displaced by up to some 700 m; it is converted at the edge.
 */
#ifndef GEO_COORD_H
#define GEO_COORD_H

#include <stdbool.h>

struct lonlat {
	double lon, lat;
};

/* Finite, and on the globe. */
bool coord_valid(double lon, double lat);
/* Outside China GCJ-02 and CGCS2000 are the same, and both functions return what they were given. */
struct lonlat coord_to_gcj02(double lon, double lat);
/* Inverse by iteration, better than 1 cm. */
struct lonlat coord_from_gcj02(double lon, double lat);
/* Great-circle distance on the mean sphere, metres. */
double coord_metres(struct lonlat a, struct lonlat b);

#endif
