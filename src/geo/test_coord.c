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
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(abroad_nothing_moves),
		cmocka_unit_test(distances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
