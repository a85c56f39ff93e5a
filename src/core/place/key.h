/* How keys are made; for this folder only. Texts to translate are marked as in web/capability.h. */
#ifndef CORE_PLACE_KEY_H
#define CORE_PLACE_KEY_H

#include "core/place/place.h"

#ifndef N_
#define N_(zh) zh
#endif

/* Changes of the tree decide by what they read, so they run one behind the other. */
#define PLACE_LOCK 0x706c616365 /* "place" */

/* Bytes of a key of that level. */
size_t place_key_len(enum place_level level);
/* The code of the place above: a prefix. STR_NULL when it is not a code. */
struct str place_parent_code(struct str code);
/* Key that a place with this code gets under the parent; STR_NULL when the levels do not follow each other. */
struct str place_key_from_code(struct arena *a, struct str parent, struct str code);
/* Key of the number-th child without a code; STR_NULL when there are too many. */
struct str place_key_from_number(struct arena *a, struct str parent, int64_t number);
/* Writes a place without asking whether it may be there and without a journal entry or place_tick: place_add and imports do so. */
CHECKED enum err place_put(struct tx *tx, struct str parent, const struct place *p, struct str *key);
/* place_locate without telling the clock of places: whoever writes many does it once (place_tick). */
CHECKED enum err place_set_spot(struct tx *tx, struct str key, double lon, double lat, struct str source);
/* Square of 0.02 degrees: rows of 18000 from the south, so that neighbours in the east have neighbouring numbers. */
int64_t place_cell(double lon, double lat);

#endif
