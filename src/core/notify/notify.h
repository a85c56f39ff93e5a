/*
 * Notices to people. One door: a notice is written in the job that causes it, shown in the application, and put into the
 * queue of each channel the person chose, in the same job; the queue is delivered by notify_deliver. E-mail over SMTP now; other
 * channels register with notify_channel_add.
 */
#ifndef CORE_NOTIFY_H
#define CORE_NOTIFY_H

#include "db/db.h"

/* News; something the reader has to do; something past its time. What they wish for each: wish.h. */
enum notice_class { NOTICE_NEWS, NOTICE_WORK, NOTICE_LATE, NOTICE_CLASSES };

struct notice {
	int64_t id, to, at;     /* account */
	struct str kind, title, body, link; /* kind "matter.assigned"; link "/cases/123" */
	int64_t subject, read;
	enum notice_class class;
	struct str place;       /* key, as fine as known; may be absent */
};
/*
 * Title and body in both languages, in one text: what a notice says with names and numbers in it cannot be translated when it is read, so it
 * is said in both when it is written. notify_in takes out the one for a reader; a text of one language is for everybody.
 */
struct str notify_two(struct arena *a, struct str zh, struct str en);
struct str notify_in(struct str text, bool english);

/* id may be NULL; it is 0 when the account does not want notices of this class. */
CHECKED enum err notify_send(struct tx *tx, const struct notice *n, int64_t *id);
/* To everybody who holds the role at the place (most specific place first, then up). OK also when nobody does. */
CHECKED enum err notify_role(struct tx *tx, struct str role, struct str place, int64_t org, const struct notice *n);
/*
 * To an e-mail address without account (a reporter). Queued, retried with growing pauses, visible. ERR_INPUT: no address. whose: names who may take the
 * address back, at most 100 bytes ("matter:12", "follow:CODE"; "": nobody).
 */
CHECKED enum err notify_mail(struct tx *tx, struct str whose, struct str address, struct str subject, struct str body);
/* He took it back, or gave another: what waits for the old one is not sent. Only a message that is just being handed to the mail server still leaves. */
CHECKED enum err notify_withdraw(struct tx *tx, struct str whose);
CHECKED enum err notify_unread(struct db_conn *c, struct arena *a, int64_t actor, int limit, struct notice **v, size_t *n, int64_t *count);
/* Only how many, at most `most`: for every page. */
CHECKED enum err notify_unread_count(struct db_conn *c, struct arena *a, int64_t actor, int most, int64_t *count);
CHECKED enum err notify_mark_read(struct tx *tx, int64_t actor, int64_t id /* 0: all */);

/* Where else the account wants its notices: channel "mail" with an address; address p NULL: no more, nor what waits for it. */
CHECKED enum err notify_prefer(struct tx *tx, int64_t actor, struct str channel, struct str address);
/* In which language the account wants what is sent there: "en", else Chinese. ERR_INPUT: neither. */
CHECKED enum err notify_prefer_lang(struct tx *tx, int64_t actor, struct str lang);
/* Jobs: one page of addresses of accounts, one of messages that wait, under the newest sealing key. arg: struct reseal_page. */
CHECKED enum err notify_reseal_job(struct tx *tx, void *reseal_page);
CHECKED enum err notify_queue_reseal_job(struct tx *tx, void *reseal_page);

/* That address, for the account itself to see; p NULL: none. */
CHECKED enum err notify_preferred(struct db_conn *c, struct arena *a, int64_t actor, struct str channel, struct str *address);
CHECKED enum err notify_preferred_lang(struct db_conn *c, struct arena *a, int64_t actor, struct str channel, struct str *lang);

/*
 * deliver: OK; ERR_INPUT when it will never work (no such mailbox), any other code when it may work later. *why is kept for
 * the administrator: it must not hold the address. Called on a worker or timer thread, may take its time-out.
 */
struct notify_channel {
	const char *name;
	enum err (*deliver)(void *ctx, struct str address, struct str subject, struct str body, struct arena *a, struct str *why);
	void *ctx;
};
/* At start; the struct must live as long as the program. The same name again replaces it. */
void notify_channel_add(const struct notify_channel *ch);

struct smtp_config {
	struct str url /* smtp://host:25, smtps://host:465 */, from, user, password;
	int seconds;            /* for one mail; 0 = 60 */
};
/* Makes "mail" a channel. Strings are copied. With a user, the connection must be encrypted (or the host this machine). */
CHECKED enum err notify_smtp(const struct smtp_config *cfg);
/* One address, plain ASCII, nothing that could end the line or begin a second one. */
bool notify_address_ok(struct str address);

/* Delivers what is due; a job_entry calls it. Without a channel for it a message waits. */
CHECKED enum err notify_deliver(struct db *db, int64_t now, int *sent, int *failed);
/* Forgets delivered ones after 30 days, failed ones and read notices after 180 (示例). */
CHECKED enum err notify_sweep(struct db *db, int64_t now);
/* Milliseconds until the next try after `tries` failures: 1 min, 5 min, 15 min, 1 h, 4 h, 12 h, then 24 h. */
int64_t notify_pause(int64_t tries);

/* The queue, for the administrator: counts a state ("queued", "sent", "failed") and what waits with its last error. */
struct notify_count { struct str state; int64_t n, oldest; };
struct notify_waiting { int64_t id, tries, created, next_at; struct str channel, last_error; };
CHECKED enum err notify_queue(struct db_conn *c, struct arena *a, struct notify_count **v, size_t *n);
CHECKED enum err notify_queue_waiting(struct db_conn *c, struct arena *a, int limit, struct notify_waiting **v, size_t *n);

#endif
