/*
 * How people want their notices, and how they are kept from nagging: each class of notice in the application, by mail at once, in one mail a day, or
 * not at all (what one must act on cannot be switched off); no mail in quiet hours; several notices leave in one mail; a notice whose matter
 * needs nobody any more is read by itself, and its mail never leaves.
 */
#ifndef CORE_NOTIFY_WISH_H
#define CORE_NOTIFY_WISH_H

#include "core/notify/notify.h"

enum notice_mode { NOTICE_MAIL, NOTICE_APP, NOTICE_DIGEST, NOTICE_OFF, NOTICE_MODES };

#define NOTICE_DIGEST_HOUR 8                 /* 示例: the daily mail leaves at eight */
#define NOTICE_PAUSE (10 * (int64_t)60000)   /* 示例: between two mails to one person */

struct notice_wish {
	enum notice_mode mode[NOTICE_CLASSES];
	int quiet_from, quiet_to;            /* minutes of the day, UTC+8; equal: none */
};
/* What must be acted on can be quiet, not silent. */
static inline bool notice_must(enum notice_class c)
{
	return c != NOTICE_NEWS;
}

CHECKED enum err notify_wish_get(struct db_conn *c, struct arena *a, int64_t actor, struct notice_wish *out);
/* Job. ERR_RULE: a class that must be acted on is switched off; ERR_INPUT: no such mode or minute. */
CHECKED enum err notify_wish_put(struct tx *tx, int64_t actor, const struct notice_wish *w);
/* When a notice of now may leave by mail: 0 not at all. */
int64_t notify_mail_time(const struct notice_wish *w, enum notice_class c, int64_t now);

/* Inside the job that moves a subject on: what asked somebody to act on it is read; `every`: news too (it has ended). */
CHECKED enum err notify_settle(struct tx *tx, int64_t subject, bool every);
/* Puts what is due into the queues of the channels, one message a person. notify_deliver calls it. */
CHECKED enum err notify_bundle(struct db *db, int64_t now);

#endif
