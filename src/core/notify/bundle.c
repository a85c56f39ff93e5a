/* Notices leave by mail in bundles: what is due for a person goes in one message, and not oftener than every few minutes. */
#include "core/notify/inner.h"

#include "base/clock.h"
#include "core/notify/notify.sql.h"
#include "core/place/place.h"

#define PEOPLE 50      /* looked at in one go */
#define IN_ONE 100     /* notices in one mail; the rest is only counted */

struct bundle {
	int64_t to, now;
};

/* "石门社区": the community, or the town of what lies higher; "" when the place is gone or not known. */
static struct str place_said(struct tx *tx, struct str key)
{
	struct str at = place_up(key, PLACE_COMMUNITY), now;
	struct place p;

	if (str_empty(at))
		at = place_up(key, PLACE_TOWN);
	if (str_empty(at))
		return STR("");
	if (place_current_key(tx->c, tx->arena, at, &now) == OK)
		at = now;
	return place_by_key(tx->c, tx->arena, at, &p) == OK ? place_short_name(p.name) : STR("");
}

static struct str body_of(struct tx *tx, const struct notify_mail_of_rows *rows, bool english)
{
	struct str *said = arena_array(tx->arena, struct str, rows->n), all = STR("");
	bool *told = arena_array(tx->arena, bool, rows->n);

	for (size_t i = 0; i < rows->n; i++)
		said[i] = place_said(tx, rows->v[i].place);
	for (size_t i = 0; i < rows->n; i++) {
		struct str lines = STR("");
		int n = 0;

		for (size_t k = i; k < rows->n && !told[i]; k++) {
			if (k > i && !str_eq(said[k], said[i]))
				continue;
			told[k] = k > i || told[k];
			n++;
			lines = arena_printf(tx->arena, "%.*s· %.*s\n", STR_ARG(lines),
					     STR_ARG(notify_in(rows->v[k].title, english)));
		}
		if (n)
			all = arena_printf(tx->arena, english ? "%.*s%.*s (%d)\n%.*s\n" : "%.*s%.*s（%d 条）\n%.*s\n", STR_ARG(all),
					   STR_ARG(said[i].n ? said[i] : english ? STR("Other") : STR("其他")), n, STR_ARG(lines));
	}
	return all;
}

/* "石门社区 3 条新通知", or the number alone when they are about several places. */
static struct str subject_of(struct tx *tx, const struct notify_mail_of_rows *rows, bool english)
{
	struct str first = place_said(tx, rows->v[0].place);

	for (size_t i = 1; i < rows->n; i++)
		if (!str_eq(place_said(tx, rows->v[i].place), first))
			first = STR("");
	return arena_printf(tx->arena, english ? "%.*s%s%zu%s new notices" : "%.*s%s%zu%s 条新通知", STR_ARG(first), first.n ? " " : "", rows->n, rows->n == IN_ONE ? "+" : "");
}

static enum err send_bundle(struct tx *tx, void *arg)
{
	const struct bundle *b = arg;
	struct notify_quiet_get_rows quiet;
	struct notify_mail_of_rows rows;
	int queued = 0;
	enum err e = db_lock(tx, b->to); /* another node may be at it */

	if (e == OK)
		e = q_notify_quiet_get(tx->c, tx->arena, b->to, &quiet);
	if (e == OK && quiet.n && quiet.v[0].mailed + NOTICE_PAUSE > b->now && quiet.v[0].mailed <= b->now)
		return q_notify_mail_wait(tx->c, b->to, b->now, quiet.v[0].mailed + NOTICE_PAUSE, NULL);
	if (e == OK)
		e = q_notify_mail_of(tx->c, tx->arena, b->to, b->now, IN_ONE, &rows);
	if (e == OK && rows.n == 1)
		e = notify_enqueue_chosen(tx, b->to, b->now, rows.v[0].title, rows.v[0].body, &queued);
	if (e == OK && rows.n > 1)
		e = notify_enqueue_chosen(tx, b->to, b->now, notify_two(tx->arena, subject_of(tx, &rows, false), subject_of(tx, &rows, true)),
					  notify_two(tx->arena, body_of(tx, &rows, false), body_of(tx, &rows, true)), &queued);
	if (e == OK && queued)
		e = q_notify_mailed(tx->c, b->to, b->now, NULL);
	return e == OK ? q_notify_mail_gone(tx->c, b->to, b->now, NULL) : e;
}

enum err notify_bundle(struct db *db, int64_t now)
{
	struct notify_mail_due_rows rows;
	struct arena a;
	enum err e;

	arena_init(&a, 0);
	do {
		struct db_conn *c = db_read_begin(db);

		arena_reset(&a);
		e = q_notify_mail_due(c, &a, now, PEOPLE, &rows);
		db_read_end(c);
		for (size_t i = 0; e == OK && i < rows.n; i++) {
			struct bundle b = {rows.v[i].recipient, now};

			e = db_write(db, send_bundle, &b);
		}
	} while (e == OK && rows.n == PEOPLE);
	arena_release(&a);
	return e;
}
