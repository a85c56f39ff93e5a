#include "web/looks.h"

#include "base/time.h"
#include "web/fmt.h"

struct str looks_day(struct rq *rq, int64_t at)
{
	struct civil then, now;

	time_civil(at, TIME_CHINA, &then);
	time_civil(rq->now, TIME_CHINA, &now);
	if (rq->lang == LANG_EN) {
		static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
						     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

		return arena_printf(rq->arena, "%d %s %d", then.day, months[then.month - 1], then.year);
	}
	if (then.year == now.year)
		return arena_printf(rq->arena, "%d 月 %d 日", then.month, then.day);
	return arena_printf(rq->arena, "%d 年 %d 月 %d 日", then.year, then.month, then.day);
}

struct str looks_when(struct rq *rq, int64_t at)
{
	int64_t days = time_day_of(at, TIME_CHINA) - time_day_of(rq->now, TIME_CHINA);
	struct civil c;

	time_civil(at, TIME_CHINA, &c);
	if (days == 0)
		return arena_printf(rq->arena, _("今天 %02d:%02d"), c.hour, c.minute);
	if (days == 1)
		return arena_printf(rq->arena, _("明天 %02d:%02d"), c.hour, c.minute);
	if (days == -1)
		return arena_printf(rq->arena, _("昨天 %02d:%02d"), c.hour, c.minute);
	return arena_printf(rq->arena, "%s %02d:%02d", looks_day(rq, at).p, c.hour, c.minute);
}

struct str looks_span(struct rq *rq, int64_t ms)
{
	struct str s;
	struct buf b;

	buf_init(&b, 256);
	fmt_span(&b, rq->lang, ms);
	s = arena_str(rq->arena, buf_str(&b));
	buf_release(&b);
	return s;
}

struct str looks_clock(struct rq *rq, int64_t due, int64_t suspended_since)
{
	if (suspended_since)
		return str_from(_("已暂停计时"));
	if (due == 0)
		return STR("");
	if (due < rq->now)
		return arena_printf(rq->arena, _("超期 %s"), looks_span(rq, rq->now - due).p);
	return arena_printf(rq->arena, _("剩 %s"), looks_span(rq, due - rq->now).p);
}

const char *looks_clock_class(int colour, int64_t suspended_since)
{
	static const char *const classes[] = {"clock", "clock clock--ok", "clock clock--soon", "clock clock--late"};

	if (suspended_since)
		return "clock clock--stop";
	return classes[colour >= 0 && colour <= 3 ? colour : 0];
}

struct str looks_matter_clock(struct rq *rq, const struct matter *m)
{
	return looks_clock(rq, m->due, m->suspended_since);
}

const char *looks_matter_clock_class(struct rq *rq, const struct matter *m)
{
	return looks_clock_class(matter_clock_colour(m, rq->now), m->suspended_since);
}

struct str looks_text(struct rq *rq, struct text2 t)
{
	return rq->lang == LANG_EN && !str_empty(t.en) ? t.en : t.zh;
}

/* What goes into a reason: its English, or the translation of a fixed text. */
static struct str said(struct rq *rq, struct text2 t)
{
	if (rq->lang == LANG_ZH || t.zh.p == NULL)
		return t.zh.p ? t.zh : STR("");
	return str_empty(t.en) ? str_from(tr(rq->lang, arena_strz(rq->arena, t.zh))) : t.en;
}

struct str looks_why(struct rq *rq, struct str zh, const struct matter_why *w)
{
	if (rq->lang == LANG_ZH || w->fmt == NULL)
		return str_empty(zh) ? STR_NULL : str_from(tr(rq->lang, arena_strz(rq->arena, zh)));
	return arena_printf(rq->arena, tr(rq->lang, w->fmt), arena_strz(rq->arena, said(rq, w->v[0])),
			    arena_strz(rq->arena, said(rq, w->v[1])));
}
