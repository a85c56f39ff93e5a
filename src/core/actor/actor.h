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
	int64_t key;            /* id of that key (api_key.h), 0 for a person */
	bool screen;            /* a session that may only look (actor_screen_start) */
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

/*
 * Registers what happens to grants, organisations and the party map when places move. Called once by main/tests.
 */
void actor_init(void);

/* 示例 values until this is called; 0 leaves a value as it is. */
struct actor_limits {
	int64_t idle, absolute;   /* of a session: 2 h, 12 h */
	int64_t screen_idle, screen_absolute; /* of one that may only look: 7 days, 30 days */
	int failures;             /* 5 wrong passwords ... */
	int64_t lock;             /* ... lock for 15 min */
};
void actor_set_limits(const struct actor_limits *l);

/*
 * Job: makes the roles be those of this CSV (role,title,title_en,duty,permissions; lines that begin with # are comments; permissions
 * separated by spaces). ERR_INPUT with the line in *why. Nothing is written when nothing differs.
 */
CHECKED enum err actor_load_roles(struct tx *tx, struct str csv, struct str *why);
struct actor_role {
	struct str name, title, title_en, duty;
	struct str *permissions; size_t npermissions;  /* actor_roles leaves them out */
};
CHECKED enum err actor_roles(struct db_conn *c, struct arena *a, struct actor_role **v, size_t *n);
CHECKED enum err actor_roles_whole(struct db_conn *c, struct arena *a, struct actor_role **v, size_t *n);
/* The roles of such a CSV, without a store: what is shipped. */
CHECKED enum err actor_roles_read(struct arena *a, struct str csv, struct actor_role **v, size_t *n, struct str *why);
/* How many grants of the role there are. */
CHECKED enum err actor_role_held(struct db_conn *c, struct arena *a, struct str role, int64_t *n);

/*
 * Changing the list role by role (role_edit.c). Jobs; *why is arena text of the job, in both languages. The journal says roles.add, roles.grant, roles.revoke; it
 * takes effect with the next request of whoever holds the role, on every node. Nothing here knows which permissions there are: that is asked of the
 * capabilities by the caller.
 */
/* Without permissions. ERR_CONFLICT: it is there; ERR_INPUT: name, titles or duty are wrong. */
CHECKED enum err actor_role_add(struct tx *tx, const struct actor_role *role, struct str *why);
/* *changed: it had it not. ERR_NOT_FOUND: no such role; ERR_RULE: the permission belongs to a duty that the role has not (三员分设). */
CHECKED enum err actor_role_grant(struct tx *tx, struct str role, struct str permission, bool *changed, struct str *why);
/* ERR_RULE: afterwards nobody who can log in would hold a permission that the three administrators rest on. */
CHECKED enum err actor_role_revoke(struct tx *tx, struct str role, struct str permission, bool *changed, struct str *why);

/* Account with its rights. A closed account is found, with no rights. */
CHECKED enum err actor_load(struct db_conn *c, struct arena *a, int64_t id, struct actor_session *out);
bool actor_may(const struct actor_session *s, const char *permission, struct str place /* p NULL: anywhere */);
bool actor_has_role(const struct actor_session *s, const char *role, struct str place);

/* Password check with lock-out: 5 failures lock the account for 15 minutes (示例, configurable); the same answer and the
 * same time for an unknown login. ERR_LOGIN or ERR_RATE with the reason (fixed Chinese texts with English in en.po: give them to tr()). Runs argon2id: call on a worker. */
CHECKED enum err actor_check_password(struct db *db, struct arena *a, struct str login, struct str password, int64_t now,
				      int64_t *id, struct str *why);

/* Jobs. */
/* ERR_CONFLICT: the login is taken. ERR_INPUT: login is not 2..64 of a-z 0-9 . _ - @, or the name is empty or longer than 100 bytes. */
CHECKED enum err actor_create(struct tx *tx, struct str login, struct str name, struct str password_hash, int64_t *id);
CHECKED enum err actor_by_login(struct db_conn *c, struct arena *a, struct str login, int64_t *id);
/* Closing ends all sessions and takes effect with the next request; the account stays, since the journal names it. */
/* ERR_RULE with why (in both languages): the last one that holds what the three administrators rest on is not closed. */
CHECKED enum err actor_set_active(struct tx *tx, int64_t id, bool active, int64_t by, struct str *why);
/* Ends all sessions of the account. ERR_RULE: a program's account has no password. */
CHECKED enum err actor_set_password(struct tx *tx, int64_t id, struct str password_hash);
CHECKED enum err actor_grant(struct tx *tx, int64_t actor, struct str role, struct str place, int64_t org, int64_t post,
			     int64_t by, struct str *why);
/* ERR_NOT_FOUND: he has it not there. ERR_RULE as actor_set_active. */
CHECKED enum err actor_revoke(struct tx *tx, int64_t actor, struct str role, struct str place, int64_t by, struct str *why);
CHECKED enum err actor_org_add(struct tx *tx, const struct actor_org *o, int64_t *id);
CHECKED enum err actor_post_add(struct tx *tx, int64_t org, struct str name, int64_t *id);
CHECKED enum err actor_session_start(struct tx *tx, int64_t actor, struct str token_hash, int64_t now, int64_t *session);
/*
 * Job: the session `from` becomes that of a screen on a wall, with a token of its own: it lives for weeks, and whoever has it may only look
 * (web: R_SCREEN). *session: its id. ERR_NOT_FOUND: there is no such session, or it is ended.
 */
CHECKED enum err actor_screen_start(struct tx *tx, int64_t from, struct str token_hash, int64_t now, int64_t *session);
CHECKED enum err actor_session_end(struct tx *tx, int64_t session);
/* By hash of the cookie token. Notes at most once a minute, without waiting, that the session was used.
 * ERR_NOT_FOUND when ended or past its idle (2 h 示例) or absolute (12 h 示例) limit. */
CHECKED enum err actor_session_find(struct db_conn *c, struct arena *a, struct str token_hash, int64_t now,
				    struct actor_session *out);
/* Sessions of the account that are still good, the one used last first (at most 100). */
struct actor_session_line { int64_t id, started, seen; bool screen; };
CHECKED enum err actor_sessions(struct db_conn *c, struct arena *a, int64_t actor, int64_t now, struct actor_session_line **v, size_t *n);
/* Job: ends one session of the account; another's is ERR_NOT_FOUND. */
CHECKED enum err actor_session_end_own(struct tx *tx, int64_t actor, int64_t session);
/* Job: ends all sessions of the account but `keep` (0: all). */
CHECKED enum err actor_session_end_others(struct tx *tx, int64_t actor, int64_t keep);

CHECKED enum err actor_org_get(struct db_conn *c, struct arena *a, int64_t id, struct actor_org *out);
/* Organisations whose territory holds the place or lies inside it, for "who can take this". */
CHECKED enum err actor_orgs_for(struct db_conn *c, struct arena *a, struct str place, struct actor_org **v, size_t *n);
/* Posts of organisations, and who works in them (post 0: in none of them): for "who can take this". */
struct actor_post { int64_t id, org; struct str name; };
CHECKED enum err actor_posts(struct db_conn *c, struct arena *a, const int64_t *orgs, size_t norgs, struct actor_post **v, size_t *n);
struct actor_staff { int64_t org, post, account; struct str name; };
CHECKED enum err actor_staff(struct db_conn *c, struct arena *a, const int64_t *orgs, size_t norgs, struct actor_staff **v, size_t *n);
/* People's accounts in force (not locked; no programs) that hold the role at the most specific place on the way from `place` up at which anybody does; org 0: in
 * any organisation. For notices. */
CHECKED enum err actor_holders(struct db_conn *c, struct arena *a, struct str role, struct str place, int64_t org, int64_t **ids, size_t *n);
/* Accounts in force that hold a permission exactly at the place, in whatever role (at most `limit`). */
struct actor_bearer { int64_t id; struct str name; };
CHECKED enum err actor_bearers(struct db_conn *c, struct arena *a, const char *permission, struct str place, int limit, struct actor_bearer **v,
			       size_t *n);
CHECKED enum err actor_name(struct db_conn *c, struct arena *a, int64_t id, struct str *out);
/* Maps a party organisation onto a grid, villager group or building (place). */
CHECKED enum err actor_party_map(struct tx *tx, int64_t org, struct str place, int64_t by);

#endif
