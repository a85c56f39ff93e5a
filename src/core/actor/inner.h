/* What the files of this room share. */
#ifndef CORE_ACTOR_INNER_H
#define CORE_ACTOR_INNER_H

#include "core/actor/actor.h"
#include "core/journal/journal.h"

#define ACTOR_PLACE_MAX 200
#define ROLES_LOCK 0x726f6c6573 /* "roles": whoever takes permissions, grants or accounts away */

extern struct actor_limits actor_limits;

/* The rights of an account as of its `rights` number, from memory or the store. They live as long as the arena. */
CHECKED enum err rights_of(struct db_conn *c, struct arena *a, int64_t account, int64_t number, struct actor_session *out);

/* An entry about `subject`; data is a format of canonical JSON, whose texts must not need escaping. */
CHECKED enum err actor_note(struct tx *tx, int64_t by, const char *kind, int64_t subject, struct str place, const char *data, ...)
	PRINTF(6, 7);

/* min..64 of a-z 0-9 . _ - @: logins, names of keys. */
bool actor_word_ok(struct str s, size_t min);

/* ---- roles.c ---- */
/* 1..64 of a-z 0-9 _ (and dots, for permissions). */
bool role_word_ok(struct str s, bool dots);
/* "", system, security, audit. */
bool role_duty_ok(struct str duty);
/* The duty whose holders alone may have this permission; NULL: anybody may. */
const char *role_duty_of(struct str permission);

/* The i-th permission that belongs to a duty; NULL behind the last. */
const char *role_bound(size_t i);

/* ---- keep.c ---- */
/* What is about to be taken away: grants of a role, of an account, at a place; what is absent (0, p NULL) says nothing. */
struct actor_loss { struct str role, place; int64_t account; };
/*
 * ERR_RULE, and why in both languages: afterwards nobody who can log in would hold a permission that the three administrators rest on (permission p NULL:
 * any of them). What nobody had before nobody can miss. Jobs that take something away ask this one behind the other.
 */
CHECKED enum err keep_last(struct tx *tx, struct str permission, const struct actor_loss *l, struct str *why);

/* True when this session or key was noted as used within the last minute; otherwise it counts as noted now. */
bool actor_noted_lately(int64_t id, int64_t now);

/* Keys of places hold letters, digits and a few signs only. */
bool actor_place_ok(struct str place);

#endif
