#include "tests/unit.h"

#include <math.h>

#include "geo/coord.h"

/* CGCS2000 and GCJ-02 of three well-known places, published by several map services alike. */
static const struct { double lon, lat, glon, glat; } known[] = {
	{121.5272106, 31.1774276, 121.531541859215, 31.17530398364597},
	{113.912316, 22.543847, 113.9171764808363, 22.540796131694766},
	{116.377817, 39.911954, 116.38404722455657, 39.91334545536069},
};

static void known_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct lonlat g = coord_to_gcj02(known[i].lon, known[i].lat);
		struct lonlat w = coord_from_gcj02(known[i].glon, known[i].glat);

		assert_true(coord_metres(g, (struct lonlat){known[i].glon, known[i].glat}) < 0.01);
		assert_true(coord_metres(w, (struct lonlat){known[i].lon, known[i].lat}) < 0.01);
	}
}

/*
 * What npm gcoord 1.0.7 (MIT) makes of the first pair: WGS-84 to GCJ-02 and to BD-09, and the pair read as GCJ-02 and as BD-09 to
 * WGS-84. Its way back stops at a millionth of a degree, so 0.3 m there and 1 cm forward.
 */
static const struct { double lon, lat, glon, glat, blon, blat, from_g_lon, from_g_lat, from_b_lon, from_b_lat; } gcoord[] = {
	{106.5322, 29.5754, 106.53595982, 29.57260021, 106.54243986, 29.57870035, 106.52843051, 29.57818895, 106.52188348, 29.57224149},
	{106.45, 29.57, 106.45398147, 29.56742449, 106.46042729, 29.57366531, 106.44601102, 29.57256681, 106.43957385, 29.56623965},
	{108.3802, 30.8078, 108.38478008, 30.80552862, 108.39123642, 30.81161106, 108.3756247, 30.81007465, 108.36922052, 30.80384548},
	{105.59406, 29.40363, 105.59740752, 29.40064923, 105.60382079, 29.40696329, 105.59071338, 29.40660837, 105.5842867, 29.40035762},
	{109.87893, 31.07484, 109.88366952, 31.07239422, 109.89019239, 31.07828483, 109.87418468, 31.07727968, 109.86761239, 31.07154033},
	{108.99604, 28.44477, 109.00046394, 28.44138497, 109.00700979, 28.44721501, 108.99163365, 28.44816745, 108.98516309, 28.44218081},
	{116.377817, 39.911954, 116.38404722, 39.91334546, 116.39045471, 39.91957555, 116.37159506, 39.91056945, 116.36511992, 39.90455606},
	{121.5272106, 31.1774276, 121.53154186, 31.17530398, 121.53801569, 31.18132861, 121.5228647, 31.17953823, 121.51631823, 31.17369792},
	{87.6168, 43.8256, 87.61964995, 43.82680539, 87.62609977, 43.83294979, 87.61395282, 43.82439604, 87.60755517, 43.81816291},
	{-71.06, 42.36, -71.06, 42.36, -71.05356354, 42.36589341, -71.06, 42.36, -71.06648215, 42.35404202},
};

static void as_gcoord(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(gcoord); i++) {
		double lon = gcoord[i].lon, lat = gcoord[i].lat;
		struct lonlat g = coord_to(COORD_GCJ02, lon, lat), b = coord_to(COORD_BD09, lon, lat);
		struct lonlat from_g = coord_from(COORD_GCJ02, lon, lat), from_b = coord_from(COORD_BD09, lon, lat);

		assert_true(coord_metres(g, (struct lonlat){gcoord[i].glon, gcoord[i].glat}) < 0.01);
		assert_true(coord_metres(b, (struct lonlat){gcoord[i].blon, gcoord[i].blat}) < 0.01);
		assert_true(coord_metres(from_g, (struct lonlat){gcoord[i].from_g_lon, gcoord[i].from_g_lat}) < 0.3);
		/* gcoord takes the step back from BD-09 without iterating: up to some 0.5 m */
		assert_true(coord_metres(from_b, (struct lonlat){gcoord[i].from_b_lon, gcoord[i].from_b_lat}) < 1.5);
		b = coord_from(COORD_BD09, b.lon, b.lat);
		assert_true(coord_metres(b, (struct lonlat){lon, lat}) < 0.01);
	}
}

static void names_of_datums(void **state)
{
	enum coord_datum d;

	(void)state;
	assert_true(coord_datum_read(STR("GCJ-02"), &d) && d == COORD_GCJ02);
	assert_true(coord_datum_read(STR("bd09"), &d) && d == COORD_BD09);
	assert_true(coord_datum_read(STR("WGS_84"), &d) && d == COORD_WGS84);
	assert_true(coord_datum_read(str_from(coord_datum_name(COORD_CGCS2000)), &d) && d == COORD_CGCS2000);
	assert_false(coord_datum_read(STR("epsg:3857"), &d) || coord_datum_read(STR(""), &d));
}

static void there_and_back(void **state)
{
	(void)state;
	for (double lon = 105; lon < 111; lon += 0.37)
		for (double lat = 28; lat < 33; lat += 0.29) {
			struct lonlat g = coord_to_gcj02(lon, lat), w = coord_from_gcj02(g.lon, g.lat);
			double moved = coord_metres(g, (struct lonlat){lon, lat});

			assert_true(moved > 50 && moved < 1000);
			assert_true(coord_metres(w, (struct lonlat){lon, lat}) < 0.01);
		}
}

static void abroad_nothing_moves(void **state)
{
	struct lonlat p = coord_from_gcj02(-71.06, 42.36);

	(void)state;
	assert_true(p.lon == -71.06 && p.lat == 42.36);
}

static void distances(void **state)
{
	double d = coord_metres((struct lonlat){0, 0}, (struct lonlat){0, 1});

	(void)state;
	assert_true(fabs(d - 111195) < 1);
	assert_true(coord_metres((struct lonlat){106, 29}, (struct lonlat){106, 29}) == 0);
	assert_true(coord_valid(106, 29) && !coord_valid(NAN, 29) && !coord_valid(181, 0) && !coord_valid(0, 91));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_pairs),
		cmocka_unit_test(as_gcoord),
		cmocka_unit_test(names_of_datums),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(abroad_nothing_moves),
		cmocka_unit_test(distances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
