/*
 * Keys with which programs come in: `Authorization: Bearer gz_...` (RFC 6750). A program has an account of its own, made by
 * actor_create_service: it has no password and no form lets it in; it holds roles at places like any actor, so rights and scopes are the same
 * for both. The offices that nobody may hold together (三员) are for people: actor_grant refuses them to a program.
 *
 * A key is 256 random bits, shown once. The store keeps HMAC-SHA-256 of it under a key derived from var/keys, so neither a copy of the store
 * nor a backup is enough to try keys. Each has a name, an end, and the day on which it was last used.
 */
#ifndef CORE_ACTOR_API_KEY_H
#define CORE_ACTOR_API_KEY_H

#include "core/actor/actor.h"

#define ACTOR_KEY_PREFIX "gz_"        /* so that scanners for leaked secrets can know it */
#define ACTOR_KEY_DAYS_MAX 1096       /* three years, 示例: no key for ever */
#define ACTOR_KEYS_MAX 20             /* in force, of one account */

/* Job: an account for a program. Errors as actor_create. */
CHECKED enum err actor_create_service(struct tx *tx, struct str login, struct str name, int64_t *id);
/* ERR_NOT_FOUND: there is no such account. */
CHECKED enum err actor_is_service(struct db_conn *c, struct arena *a, int64_t id, bool *service);

/* Accounts of programs, oldest first, at most `most`. */
struct actor_program { int64_t id; struct str login, name; bool active; };
CHECKED enum err actor_programs(struct db_conn *c, struct arena *a, int most, struct actor_program **v, size_t *n);

/* A new key, text to be shown once. */
struct str actor_key_new(struct arena *a);

/*
 * Job: `key` lets the program in until `expires` (at most ACTOR_KEY_DAYS_MAX days from now). name: 1..64 of a-z 0-9 . _ - @, different among
 * the account's keys in force. ERR_RULE: a person's account. ERR_INPUT, ERR_CONFLICT, ERR_TOO_MUCH, ERR_NOT_FOUND; *why is a fixed Chinese
 * text with English in en.po.
 */
CHECKED enum err actor_key_add(struct tx *tx, int64_t account, struct str name, struct str key, int64_t expires, int64_t by, int64_t *id,
			       struct str *why);
/* Job: in force with the next request, on every node. ERR_NOT_FOUND when there is no such key in force. */
CHECKED enum err actor_key_revoke(struct tx *tx, int64_t account, struct str name, int64_t by);

/* All keys of an account, newest first. */
struct actor_key {
	int64_t id, created, by, expires;
	int64_t used_day;             /* days since 1970-01-01 in China, 0: never */
	int64_t revoked;              /* 0: not */
	struct str name;
};
CHECKED enum err actor_keys(struct db_conn *c, struct arena *a, int64_t account, struct actor_key **v, size_t *n);

/*
 * Who comes with this key. Whatever was sent is hashed and looked up: garbage, an ended and a revoked key cost the same. ERR_LOGIN with *why
 * (fixed Chinese text, English in en.po). Notes once a day, without waiting, that the key was used; its first use stands in the journal.
 */
CHECKED enum err actor_key_find(struct db_conn *c, struct arena *a, struct str key, int64_t now, struct actor_session *out, struct str *why);

#endif
