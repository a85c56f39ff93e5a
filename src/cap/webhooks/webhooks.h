/*
 * webhooks 事件推送: other systems are told of what happens to matters, by a signed POST to their address.
 *
 * A subscription belongs to an account, a person's or a program's: it is told what that account may see now, where it holds matter.read, and no personal
 * data: numbers, states, categories, places, times; a title, masked, only if asked for. Events are numbered without a gap for each subscription, put in by the
 * journal's tailer together with its cursor, and delivered at least once, in order.
 */
#ifndef CAP_WEBHOOKS_H
#define CAP_WEBHOOKS_H

#include "core/actor/actor.h"
#include "db/db.h"

/* 示例 */
#define WEBHOOKS_MOST 500            /* in all */
#define WEBHOOKS_OF_ONE 20
#define WEBHOOK_WAITING_MOST 50000   /* events of one that wait; what comes then is counted as lost */
#define WEBHOOK_GIVE_UP (3 * 24 * 3600 * (int64_t)1000) /* failing for so long: stopped */
#define WEBHOOK_EVENTS 100           /* most in one post */
#define WEBHOOK_BYTES (64 * 1024)    /* ... after which no more are added */
#define WEBHOOK_SECONDS 8            /* for one post, connecting and answer included */
#define WEBHOOK_ANSWER_MOST (64 * 1024)
#define WEBHOOK_SHOWN 50             /* tries that are remembered */
#define WEBHOOK_URL_MOST 500

enum webhook_status { WEBHOOK_ON, WEBHOOK_PAUSED, WEBHOOK_STOPPED, WEBHOOK_NO_RIGHTS };

struct webhook {
	int64_t id, owner, made_by, created;
	struct str place;          /* key: what happens in this subtree */
	struct str name, url, host;
	struct str scenario, category, state, action; /* "" any; category with all below; state: the one it comes to */
	bool titles;               /* with the masked title */
	int64_t secret;            /* generation of the secret, from 1 */
	enum webhook_status status;
	int64_t queued, done, lost, tries, next_at, failing_since, last_ok, attempts;
};

CHECKED enum err webhook_load(struct db_conn *c, struct arena *a, int64_t id, struct webhook *out);
/* owner 0: all. Newest first. */
CHECKED enum err webhooks_of(struct db_conn *c, struct arena *a, int64_t owner, struct webhook **v, size_t *n);
/* The 32 signs with which a subscription's posts are signed; derived, so the store does not hold them. */
CHECKED enum err webhook_secret(struct arena *a, const struct webhook *w, struct str *out);

/* ---- jobs ---- */

struct webhook_new {
	struct webhook w;          /* name, url, place, owner, made_by, filters */
	const char *why, *field;   /* N_(): what is wrong with which field, on ERR_INPUT, ERR_FORBIDDEN, ERR_TOO_MUCH */
};
/* Before the job: is everything in it possible? Makes id and host. */
CHECKED enum err webhook_check(struct db_conn *c, struct arena *a, struct webhook_new *n, int64_t now);
enum err webhook_create_job(struct tx *tx, void *webhook_new);

enum webhook_act { WEBHOOK_PAUSE, WEBHOOK_RESUME, WEBHOOK_SECRET, WEBHOOK_PING, WEBHOOK_DELETE, WEBHOOK_ACTS };
/* "pause", "resume" ...; -1: no such word. */
int webhook_act_of(struct str word);
struct webhook_doing { int64_t id, by; enum webhook_act act; };
/* ERR_CONFLICT: it is not in a state in which that means something. */
enum err webhook_act_job(struct tx *tx, void *webhook_doing);

/* Every change of a subscription stands in the journal. */
CHECKED enum err webhook_note(struct tx *tx, const char *kind, const struct webhook *w, int64_t by);
/* Job: one page of addresses under the newest sealing key. arg: struct reseal_page. */
enum err webhook_reseal_job(struct tx *tx, void *reseal_page);

/* db_lock of whoever gives numbers to events. */
#define WEBHOOK_LOCK 0x7765626800000001

/* ---- what happens (queue.c) ---- */

struct journal_entry;
struct app;
/* The subscriber: events for all subscriptions they concern. */
enum err webhook_batch(struct app *app, struct tx *tx, const struct journal_entry *v, size_t n);
/* Puts one event of ours in ("ping"). */
CHECKED enum err webhook_put_ping(struct tx *tx, const struct webhook *w);

/* ---- sending (send.c) ---- */

enum err webhook_send_job(struct app *app, int64_t now);
/* Milliseconds until the next try after so many failures: 10 s, 30 s, 1 min, 5 min, 15 min, then every hour. */
int64_t webhook_pause(int64_t tries);
struct webhook_attempt { int64_t at, ms, first, last, answer; struct str why; };
/* The last tries, newest first. */
CHECKED enum err webhook_attempts_of(struct db_conn *c, struct arena *a, const struct webhook *w, struct webhook_attempt **v, size_t *n);
/* What `why` of a try means: N_(). */
const char *webhook_why_text(struct str why);
/* "t=1795413600,v1=hex": HMAC-SHA-256 under the secret over time, a point and the body. */
struct str webhook_signature(struct arena *a, struct str secret, int64_t seconds, struct str body);

#endif
