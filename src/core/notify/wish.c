#include "core/notify/wish.h"

#include "base/clock.h"
#include "base/time.h"
#include "core/notify/notify.sql.h"

#define DAY_MINUTES (24 * 60)

enum err notify_wish_get(struct db_conn *c, struct arena *a, int64_t actor, struct notice_wish *out)
{
	struct notify_choices_rows choices;
	struct notify_quiet_get_rows quiet;
	enum err e = q_notify_choices(c, a, actor, &choices);

	*out = (struct notice_wish){0};
	if (e == OK)
		e = q_notify_quiet_get(c, a, actor, &quiet);
	if (e != OK)
		return e;
	for (size_t i = 0; i < choices.n; i++)
		if (choices.v[i].class >= 0 && choices.v[i].class < NOTICE_CLASSES && choices.v[i].mode >= 0 && choices.v[i].mode < NOTICE_MODES)
			out->mode[choices.v[i].class] = (enum notice_mode)choices.v[i].mode;
	if (quiet.n) {
		out->quiet_from = (int)quiet.v[0].from_minute;
		out->quiet_to = (int)quiet.v[0].to_minute;
	}
	return OK;
}

enum err notify_wish_put(struct tx *tx, int64_t actor, const struct notice_wish *w)
{
	enum err e;

	if (w->quiet_from < 0 || w->quiet_from >= DAY_MINUTES || w->quiet_to < 0 || w->quiet_to >= DAY_MINUTES)
		return ERR_INPUT;
	for (int i = 0; i < NOTICE_CLASSES; i++) {
		if ((int)w->mode[i] < 0 || w->mode[i] >= NOTICE_MODES)
			return ERR_INPUT;
		if (w->mode[i] == NOTICE_OFF && notice_must((enum notice_class)i))
			return ERR_RULE;
	}
	e = q_notify_quiet_put(tx->c, actor, w->quiet_from, w->quiet_to, NULL);
	for (int i = 0; e == OK && i < NOTICE_CLASSES; i++)
		e = q_notify_choice_put(tx->c, actor, i, w->mode[i], NULL);
	return e;
}

/* The first moment from `at` on that is not in quiet hours. */
static int64_t awake(const struct notice_wish *w, int64_t at)
{
	int64_t day = time_day_start(time_day_of(at, TIME_CHINA), TIME_CHINA), minute = (at - day) / MS_MINUTE;
	int64_t end = day + w->quiet_to * MS_MINUTE;

	if (w->quiet_from == w->quiet_to)
		return at;
	if (w->quiet_from < w->quiet_to)
		return minute >= w->quiet_from && minute < w->quiet_to ? end : at;
	if (minute >= w->quiet_from)
		return end + MS_DAY;
	return minute < w->quiet_to ? end : at;
}

int64_t notify_mail_time(const struct notice_wish *w, enum notice_class c, int64_t now)
{
	int64_t digest = time_day_start(time_day_of(now, TIME_CHINA), TIME_CHINA) + NOTICE_DIGEST_HOUR * MS_HOUR;

	switch (w->mode[c]) {
	case NOTICE_MAIL:
		return awake(w, now);
	case NOTICE_DIGEST:
		return awake(w, digest > now ? digest : digest + MS_DAY);
	case NOTICE_APP:
	case NOTICE_OFF:
	case NOTICE_MODES:
		break;
	}
	return 0;
}

enum err notify_settle(struct tx *tx, int64_t subject, bool every)
{
	return subject ? q_notify_settle(tx->c, subject, every, tx->now, NULL) : OK;
}
