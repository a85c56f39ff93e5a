/*
 * Coordinates. Everything stored is CGCS2000 longitude and latitude in degrees (equal to WGS-84 within centimetres).
 * Chinese map services hand out GCJ-02, the same datum displaced by up to some 700 m, and Baidu BD-09, GCJ-02 displaced once more; both are
 * converted at the edge. A source declares which of them it speaks (enum coord_datum).
 */
#ifndef GEO_COORD_H
#define GEO_COORD_H

#include <stdbool.h>

#include "base/str.h"

struct lonlat {
	double lon, lat;
};

enum coord_datum { COORD_CGCS2000, COORD_WGS84, COORD_GCJ02, COORD_BD09 };

/* For the help of commands that take one. */
#define COORD_DATUM_NAMES "cgcs2000 wgs84 gcj02 bd09"
/* "cgcs2000", "wgs84", "gcj02", "bd09", any case, also written "GCJ-02"; false when it is none of them. */
CHECKED bool coord_datum_read(struct str word, enum coord_datum *out);
const char *coord_datum_name(enum coord_datum d);
/* From what a source declares to what is stored, and back. WGS-84 is kept as it is. */
struct lonlat coord_from(enum coord_datum d, double lon, double lat);
struct lonlat coord_to(enum coord_datum d, double lon, double lat);

/* Finite, and on the globe. */
bool coord_valid(double lon, double lat);
/* Outside China GCJ-02 and CGCS2000 are the same, and both functions return what they were given. */
struct lonlat coord_to_gcj02(double lon, double lat);
/* Inverse by iteration, better than 1 cm. */
struct lonlat coord_from_gcj02(double lon, double lat);
/* GCJ-02 to Baidu's BD-09, everywhere on earth as Baidu does it, and back (by iteration, better than 1 cm). */
struct lonlat coord_gcj02_to_bd09(double lon, double lat);
struct lonlat coord_bd09_to_gcj02(double lon, double lat);
/* Great-circle distance on the mean sphere, metres. */
double coord_metres(struct lonlat a, struct lonlat b);

#endif
