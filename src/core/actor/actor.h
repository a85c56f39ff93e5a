/*
 * actor 人/组织: accounts of people and programs, organisations, posts, roles. Authority is a role at a place in an
 * organisation; nothing else gives a right. Roles are data (data/roles.csv, shipped as 示例), each a list of
 * permissions. System, security and audit administrators are three roles that nobody holds together
 * (GB/T 22239-2019 三权分离): actor_grant refuses.
 */
#ifndef CORE_ACTOR_H
#define CORE_ACTOR_H

#include "db/db.h"

/* What a request knows about its visitor. */
struct actor_right {
	struct str role;        /* "dispatcher" */
	struct str place;       /* key: holds in this subtree */
	int64_t org, post;      /* 0: none */
	struct str *permissions;
	size_t npermissions;
};
struct actor_session {
	int64_t id;             /* 0: nobody */
	int64_t session;        /* id of the session, 0 for a program with a key */
	struct str login, name;
	struct actor_right *rights;
	size_t nrights;
	struct str home;        /* key of the place shown first */
};

struct actor_org {
	int64_t id, parent;
	struct str name, kind;  /* kind: "board" 板块, "department" 部门, "town", "community", "party", "unit" ... */
	struct str place;       /* key of its territory */
};

CHECKED enum err actor_load(struct db_conn *c, struct arena *a, int64_t id, struct actor_session *out);
bool actor_may(const struct actor_session *s, const char *permission, struct str place /* p NULL: anywhere */);
bool actor_has_role(const struct actor_session *s, const char *role, struct str place);

/* Password check with lock-out: 5 failures lock the account for 15 minutes (示例, configurable); the same answer and the
 * same time for an unknown login. ERR_LOGIN or ERR_RATE with the reason. Runs argon2id: call on a worker. */
CHECKED enum err actor_check_password(struct db *db, struct arena *a, struct str login, struct str password, int64_t now,
				      int64_t *id, struct str *why);

/* Jobs. */
CHECKED enum err actor_create(struct tx *tx, struct str login, struct str name, struct str password_hash, int64_t *id);
CHECKED enum err actor_set_password(struct tx *tx, int64_t id, struct str password_hash);
CHECKED enum err actor_grant(struct tx *tx, int64_t actor, struct str role, struct str place, int64_t org, int64_t post,
			     int64_t by, struct str *why);
CHECKED enum err actor_revoke(struct tx *tx, int64_t actor, struct str role, struct str place, int64_t by);
CHECKED enum err actor_org_add(struct tx *tx, const struct actor_org *o, int64_t *id);
CHECKED enum err actor_post_add(struct tx *tx, int64_t org, struct str name, int64_t *id);
CHECKED enum err actor_session_start(struct tx *tx, int64_t actor, struct str token_hash, int64_t now, int64_t *session);
CHECKED enum err actor_session_end(struct tx *tx, int64_t session);
/* By hash of the cookie token; ERR_NOT_FOUND when ended or past its idle (2 h 示例) or absolute (12 h 示例) limit. */
CHECKED enum err actor_session_find(struct db_conn *c, struct arena *a, struct str token_hash, int64_t now,
				    struct actor_session *out);

CHECKED enum err actor_org_get(struct db_conn *c, struct arena *a, int64_t id, struct actor_org *out);
/* Organisations whose territory holds the place or lies inside it, for "who can take this". */
CHECKED enum err actor_orgs_for(struct db_conn *c, struct arena *a, struct str place, struct actor_org **v, size_t *n);
/* Accounts in force (not locked) that hold the role at the most specific place on the way from `place` up at which anybody does; org 0: in
 * any organisation. For notices. */
CHECKED enum err actor_holders(struct db_conn *c, struct arena *a, struct str role, struct str place, int64_t org, int64_t **ids, size_t *n);
CHECKED enum err actor_name(struct db_conn *c, struct arena *a, int64_t id, struct str *out);
/* Maps a party organisation onto a grid, villager group or building (place). */
CHECKED enum err actor_party_map(struct tx *tx, int64_t org, struct str place, int64_t by);

#endif
