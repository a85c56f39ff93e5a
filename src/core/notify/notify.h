/*
 * Notices to people. One door: a notice is written in the job that causes it, shown in the application, and handed to the
 * channels the person chose by a tailer. E-mail over SMTP now; other channels register with notify_channel.
 */
#ifndef CORE_NOTIFY_H
#define CORE_NOTIFY_H

#include "db/db.h"

struct notice {
	int64_t id, to, at;     /* account */
	struct str kind, title, body, link; /* kind "matter.assigned"; link "/cases/123" */
	int64_t subject, read;
};
CHECKED enum err notify_send(struct tx *tx, const struct notice *n, int64_t *id);
/* To everybody who holds the role at the place (most specific place first, then up). */
CHECKED enum err notify_role(struct tx *tx, struct str role, struct str place, int64_t org, const struct notice *n);
/* To an e-mail address without account (a reporter). Queued, retried with growing pauses, visible. */
CHECKED enum err notify_mail(struct tx *tx, struct str address, struct str subject, struct str body);
CHECKED enum err notify_unread(struct db_conn *c, struct arena *a, int64_t actor, int limit, struct notice **v, size_t *n, int64_t *count);
CHECKED enum err notify_mark_read(struct tx *tx, int64_t actor, int64_t id /* 0: all */);

struct notify_channel {
	const char *name;
	enum err (*deliver)(void *ctx, struct str address, struct str subject, struct str body, struct arena *a, struct str *why);
	void *ctx;
};
void notify_channel_add(const struct notify_channel *ch);
struct smtp_config { struct str url /* smtp://host:25 */, from, user, password; };
CHECKED enum err notify_smtp(const struct smtp_config *cfg);
/* Delivers what is due; a job_entry calls it. */
CHECKED enum err notify_deliver(struct db *db, int64_t now, int *sent, int *failed);

#endif
