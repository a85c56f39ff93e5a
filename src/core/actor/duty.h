/*
 * Whose shift it is at a place where work is distributed. Only a hand-over between two people changes it (cap/handover); it knows no presence and keeps no
 * past (国办函〔2026〕12号: nobody's hours are counted).
 */
#ifndef CORE_ACTOR_DUTY_H
#define CORE_ACTOR_DUTY_H

#include "core/actor/actor.h"

/* In a job: the shift of the place is theirs from now on. */
CHECKED enum err duty_take(struct tx *tx, struct str place, int64_t account);

/*
 * The people to turn to at the places from <= place < to: where a shift was taken by somebody who is still there, that person; elsewhere all whose roles have
 * the permission there. At most `limit`, in the order of places. `role` and `role_en` name the role, `post` the post if there is one; since: 0 where no shift was taken.
 */
struct duty { struct str name, role, role_en, post; int64_t since; };
CHECKED enum err duty_at(struct db_conn *c, struct arena *a, struct str from, struct str to, const char *permission, int limit, struct duty **v, size_t *n);

#endif
