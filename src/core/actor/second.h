/*
 * The second factor of a person's account: one-time codes of an authenticator program (RFC 6238) and recovery codes for when the telephone is
 * lost. The secret is sealed in the store; each code is good once, within half a minute of its own; wrong ones lock like wrong passwords, in
 * a count of their own. Programs have keys instead (api_key.h).
 */
#ifndef CORE_ACTOR_SECOND_H
#define CORE_ACTOR_SECOND_H

#include "core/actor/actor.h"

#define SECOND_RECOVERY 8 /* codes */

struct second_state {
	bool on;                /* confirmed: asked for at every login */
	bool begun;             /* shown, not confirmed yet */
	int64_t since;
	int64_t recovery;       /* codes left */
};
CHECKED enum err second_get(struct db_conn *c, struct arena *a, int64_t account, struct second_state *out);

/* Job: a new secret, not in force until confirmed. ERR_CONFLICT: one is in force. */
struct second_begin { int64_t account; };
CHECKED enum err second_begin_job(struct tx *tx, void *second_begin);
/* The secret that waits to be confirmed, for the page of its account only: 32 letters of base 32. ERR_NOT_FOUND: none does. */
CHECKED enum err second_secret(struct db_conn *c, struct arena *a, int64_t account, struct str *base32);

/*
 * Job: a code is tried. `confirm`: the one that waits comes into force, and `codes` are its recovery codes, to be shown once. Otherwise the one
 * in force is asked, and a recovery code will do. out: right, locked (too many wrong ones: nothing was looked at).
 */
struct second_try {
	int64_t account;
	struct str typed;
	bool confirm;
	struct arena *arena;    /* for codes */
	struct str codes[SECOND_RECOVERY];
	bool right, locked, recovered; /* recovered: by a recovery code */
};
CHECKED enum err second_try_job(struct tx *tx, void *second_try);

/* Job: no second factor any more. by: who did it, 0 the command line. ERR_NOT_FOUND: there was none. */
CHECKED enum err second_drop(struct tx *tx, int64_t account, int64_t by);

/* Job: one page of secrets under the newest sealing key. arg: struct reseal_page. */
CHECKED enum err second_reseal_job(struct tx *tx, void *reseal_page);

#endif
