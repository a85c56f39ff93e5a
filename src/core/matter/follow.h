/*
 * Who wants to hear of a matter without being its reporter on an account: the reporter's e-mail address, and whoever follows it by a code of his own
 * instead of reporting the same thing again. Addresses are sealed; the reporter's is a personal value of the matter like a telephone number.
 */
#ifndef CORE_MATTER_FOLLOW_H
#define CORE_MATTER_FOLLOW_H

#include "core/matter/matter.h"

struct matter_follower {
	struct str code;      /* shows the matter and does nothing */
	int64_t matter;
	struct str address;   /* e-mail; empty: none left */
	struct str lang;      /* "en", "zh" or "" */
};

/* Names of whoever left an address, for notify_mail: what waits for an address that is changed or taken back is not sent (notify_withdraw). */
struct str matter_mail_whose(struct arena *a, int64_t matter);
struct str matter_follow_whose(struct arena *a, struct str code);

/* Jobs. ERR_INPUT: the address is none. */
CHECKED enum err matter_follow(struct tx *tx, const struct matter_follower *f);
CHECKED enum err matter_unfollow(struct tx *tx, struct str code);
/* Another address, or none (empty), for this code. */
CHECKED enum err matter_follow_mail(struct tx *tx, struct str code, struct str address, struct str lang);

/* By the code. ERR_NOT_FOUND. */
CHECKED enum err matter_follow_load(struct db_conn *c, struct arena *a, struct str code, struct matter_follower *out);
CHECKED enum err matter_followers(struct db_conn *c, struct arena *a, int64_t matter, int64_t *n);
/* Those who left an address. */
CHECKED enum err matter_followers_told(struct db_conn *c, struct arena *a, int64_t matter, struct matter_follower **v, size_t *n);
/* The reporter's address, the value of the scenario's field of type email; empty: none. For sending only: nobody has read it. */
CHECKED enum err matter_reporter_mail(struct db_conn *c, struct arena *a, const struct matter *m, struct str *address);
/* Has its scenario a field for it? */
bool matter_takes_mail(const struct matter *m);
/*
 * Job: another address of the reporter, or none. The new one is sealed in place of the old, which is kept nowhere; mail to him is then in `lang`. The journal
 * says that it was added, changed or removed (kind "reporter.mail") and no more; what is as it was is not said. The matter's version stays: nobody
 * who is at work on it is disturbed. ERR_INPUT: the address is none; ERR_NOT_FOUND: no such matter, or its scenario has no such field.
 */
struct matter_mail {
	int64_t matter;
	struct str address;   /* folded here; empty: none any more */
	struct str lang;      /* "en", "zh" */
};
enum err matter_reporter_mail_set(struct tx *tx, void *matter_mail);

/* Job: one page of addresses under the newest sealing key. arg: struct reseal_page. */
CHECKED enum err matter_follow_reseal_job(struct tx *tx, void *reseal_page);

#endif
