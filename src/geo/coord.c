#include "geo/coord.h"

#include <math.h>

#define RAD(deg) ((deg) * M_PI / 180.0)

bool coord_valid(double lon, double lat)
{
	return isfinite(lon) && isfinite(lat) && fabs(lon) <= 180 && fabs(lat) <= 90;
}

/* The rectangle in which GCJ-02 is displaced. */
static bool displaced(double lon, double lat)
{
	return lon >= 72.004 && lon <= 137.8347 && lat >= 0.8293 && lat <= 55.8271;
}

/* The three waves both axes share or differ in by one period. */
static double waves(double v, double long_period, double longer_period, double a, double b, double c)
{
	return (20 * sin(v * M_PI) + 40 * sin(v / 3 * M_PI)) * 2 / 3 +
	       (a * sin(v / long_period * M_PI) + b * sin(v / longer_period * M_PI)) * c / 3;
}

/* Displacement in metres, before it is turned into degrees on the ellipsoid of Krasovsky. */
static struct lonlat shift(double lon, double lat)
{
	const double axis = 6378245.0, ee = 0.00669342162296594323;
	double x = lon - 105, y = lat - 35;
	double common = (20 * sin(6 * x * M_PI) + 20 * sin(2 * x * M_PI)) * 2 / 3;
	double east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(fabs(x)) + common +
		      waves(x, 12, 30, 150, 300, 2);
	double north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(fabs(x)) + common +
		       waves(y, 12, 30, 160, 320, 2);
	double s = sin(RAD(lat)), w = 1 - ee * s * s;

	return (struct lonlat){
		.lon = east * 180 / (axis / sqrt(w) * cos(RAD(lat)) * M_PI),
		.lat = north * 180 / (axis * (1 - ee) / (w * sqrt(w)) * M_PI),
	};
}

struct lonlat coord_to_gcj02(double lon, double lat)
{
	struct lonlat d;

	if (!displaced(lon, lat))
		return (struct lonlat){lon, lat};
	d = shift(lon, lat);
	return (struct lonlat){lon + d.lon, lat + d.lat};
}

struct lonlat coord_from_gcj02(double lon, double lat)
{
	struct lonlat p = {lon, lat};

	if (!displaced(lon, lat))
		return p;
	/* The displacement changes by less than a thousandth of a step, so this settles in three rounds. */
	for (int i = 0; i < 5; i++) {
		struct lonlat d = shift(p.lon, p.lat);

		p.lon = lon - d.lon;
		p.lat = lat - d.lat;
	}
	return p;
}

/* Two waves in polar coordinates and a fixed step. */
struct lonlat coord_gcj02_to_bd09(double lon, double lat)
{
	const double k = M_PI * 3000 / 180;
	double z = sqrt(lon * lon + lat * lat) + 0.00002 * sin(lat * k);
	double theta = atan2(lat, lon) + 0.000003 * cos(lon * k);

	return (struct lonlat){z * cos(theta) + 0.0065, z * sin(theta) + 0.006};
}

struct lonlat coord_bd09_to_gcj02(double lon, double lat)
{
	struct lonlat p = {lon - 0.0065, lat - 0.006};

	/* The waves are steep (their period is some 0.12 degrees), but flat enough to settle: each round gains two digits. */
	for (int i = 0; i < 8; i++) {
		struct lonlat b = coord_gcj02_to_bd09(p.lon, p.lat);

		p.lon -= b.lon - lon;
		p.lat -= b.lat - lat;
	}
	return p;
}

static const char *const datum_names[] = {"cgcs2000", "wgs84", "gcj02", "bd09"};

bool coord_datum_read(struct str word, enum coord_datum *out)
{
	char plain[12];
	size_t n = 0;

	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] == '-' || word.p[i] == '_')
			continue;
		if (n == sizeof(plain))
			return false;
		plain[n++] = word.p[i];
	}
	for (size_t i = 0; i < ARRAY_LEN(datum_names); i++)
		if (str_ieqz((struct str){plain, n}, datum_names[i])) {
			*out = (enum coord_datum)i;
			return true;
		}
	return false;
}

const char *coord_datum_name(enum coord_datum d)
{
	return datum_names[d];
}

struct lonlat coord_from(enum coord_datum d, double lon, double lat)
{
	struct lonlat p = {lon, lat};

	if (d == COORD_BD09)
		p = coord_bd09_to_gcj02(lon, lat);
	return d == COORD_GCJ02 || d == COORD_BD09 ? coord_from_gcj02(p.lon, p.lat) : p;
}

struct lonlat coord_to(enum coord_datum d, double lon, double lat)
{
	struct lonlat p = {lon, lat};

	if (d == COORD_GCJ02 || d == COORD_BD09)
		p = coord_to_gcj02(lon, lat);
	return d == COORD_BD09 ? coord_gcj02_to_bd09(p.lon, p.lat) : p;
}

double coord_metres(struct lonlat a, struct lonlat b)
{
	double u = sin(RAD(b.lat - a.lat) / 2), v = sin(RAD(b.lon - a.lon) / 2);
	double h = u * u + cos(RAD(a.lat)) * cos(RAD(b.lat)) * v * v;

	return 2 * 6371008.8 * asin(sqrt(h > 1 ? 1 : h));
}
