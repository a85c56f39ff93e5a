/* For tests: a place in one line. */
#ifndef CORE_PLACE_TESTING_H
#define CORE_PLACE_TESTING_H

#include "tests/unit.h"

#include "core/place/place.h"

/* In a job. The key is kept in `keep`: what a job allocates dies with its batch. lon, lat NAN: no point. code "": none. */
static inline struct str place_made(struct tx *tx, struct arena *keep, struct str parent, const char *code, const char *name, enum place_level level,
				    double lon, double lat)
{
	struct place p = {.code = code[0] ? str_from(code) : STR_NULL, .name = str_from(name), .level = level, .lon = lon, .lat = lat, .since = 1};
	struct str key;

	assert_int_equal(OK, place_add(tx, parent, &p, &key));
	return arena_str(keep, key);
}

#endif
