#include "cap/map/crs.h"

#include <math.h>

#define PI 3.14159265358979323846
#define RADIUS 6378137.0          /* of the sphere of EPSG:3857, metres */
#define LAT_MAX 85.0511287798066  /* where its square ends */

static const char *const uris[CRS_COUNT] = {
	"http://www.opengis.net/def/crs/OGC/1.3/CRS84", "http://www.opengis.net/def/crs/EPSG/0/4490",
	"http://www.opengis.net/def/crs/EPSG/0/4326", "http://www.opengis.net/def/crs/EPSG/0/3857",
};

const char *crs_uri(enum crs c)
{
	return uris[c];
}

bool crs_of(struct str s, enum crs *out)
{
	static const char *const heads[] = {"urn:ogc:def:crs:EPSG::", "EPSG:"};
	static const char *const codes[CRS_COUNT] = {"", "4490", "4326", "3857"};

	if (str_starts(s, "[") && str_ends(s, "]"))
		s = str_sub(s, 1, s.n - 2);
	if (str_starts(s, "https://"))
		s = str_sub(s, 8, s.n);
	else if (str_starts(s, "http://"))
		s = str_sub(s, 7, s.n);
	for (int c = 0; c < CRS_COUNT; c++)
		if (str_eqz(s, uris[c] + 7)) {
			*out = (enum crs)c;
			return true;
		}
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		for (int c = CRS_4490; c < CRS_COUNT; c++)
			if (str_starts(s, heads[i]) && str_eqz(str_sub(s, strlen(heads[i]), s.n), codes[c])) {
				*out = (enum crs)c;
				return true;
			}
	*out = CRS_84;
	return str_eqz(s, "CRS84") || str_eqz(s, "urn:ogc:def:crs:OGC:1.3:CRS84");
}

void crs_write(struct json *j, enum crs c, double lon, double lat)
{
	double first = lon, second = lat;

	if (c == CRS_3857) {
		double clamped = fmax(-LAT_MAX, fmin(LAT_MAX, lat));

		first = lon * PI / 180 * RADIUS;
		second = log(tan(PI / 4 + clamped * PI / 360)) * RADIUS;
	} else if (c != CRS_84) {
		first = lat;
		second = lon;
	}
	json_arr(j);
	json_f64(j, c == CRS_3857 ? round(first * 1000) / 1000 : round(first * 1e7) / 1e7);
	json_f64(j, c == CRS_3857 ? round(second * 1000) / 1000 : round(second * 1e7) / 1e7);
	json_end(j);
}

bool crs_read(enum crs c, double first, double second, double *lon, double *lat)
{
	*lon = first;
	*lat = second;
	if (c == CRS_3857) {
		*lon = first / RADIUS * 180 / PI;
		*lat = atan(sinh(second / RADIUS)) * 180 / PI;
	} else if (c != CRS_84) {
		*lon = second;
		*lat = first;
	}
	return isfinite(*lon) && isfinite(*lat) && *lon >= -180 && *lon <= 180 && *lat >= -90 && *lat <= 90;
}
