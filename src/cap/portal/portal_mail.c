/* Who left an e-mail address hears of an answer, a question, an end. Follows the journal, so no act waits for it. */
#include "base/clock.h"
#include "base/json_walk.h"
#include "cap/portal/portal.h"
#include "core/journal/journal.h"
#include "core/notify/notify.h"
#include "web/config.h"

#define NEWS_MS (2 * MS_DAY)

enum event { EVENT_NONE, EVENT_QUESTION, EVENT_ANSWER, EVENT_CLOSED, EVENT_REFUSED, EVENT_MERGED, EVENT_FOLLOWED_ENDED };

/* No word of the matter, no place below the town: a mail may be read by others. */
static const struct { const char *subject, *text; } said[] = {
	[EVENT_QUESTION] = {N_("%s有问题要问您"), N_("您反映的事，工作人员有问题要问您。请打开进度页看问题并回答；等您回答期间不计时。")},
	[EVENT_ANSWER] = {N_("%s答复了您反映的事"), N_("您反映的事有了答复，全文在进度页上。")},
	[EVENT_CLOSED] = {N_("您向%s反映的事办结了"), N_("您反映的事已经办结。请到进度页看结果、作评价；没有解决的，可以在那里要求重办。")},
	[EVENT_REFUSED] = {N_("您向%s反映的事没有受理"), N_("您反映的事没有受理。理由和该找哪里，写在进度页上。")},
	[EVENT_MERGED] = {N_("您向%s反映的事与另一件合在一起办"), N_("同一件事已经有人反映，两件合在一起办。进展在您的进度页上照样能看。")},
	[EVENT_FOLLOWED_ENDED] = {N_("您在%s关注的事有了结果"), N_("您关注的事已经结束，经过和结果在进度页上。")},
};

/* ---- what happened ---- */

struct act {
	struct str action, from, to;
	int64_t was, is; /* kinds of the states */
};

/* Facts are an array that begins with the kind of the state (core/matter/facts.c). */
static int64_t kind_of(struct arena *a, struct str facts)
{
	struct json_walk w;
	struct str key, raw;
	int64_t kind;

	json_walk_begin(&w, facts);
	return json_walk_next(&w, a, &key, &raw) && json_raw_i64(raw, &kind) ? kind : 0;
}

static bool read_act(struct arena *a, const struct journal_entry *e, struct act *x)
{
	struct json_walk w;
	struct str key, raw;

	*x = (struct act){.action = STR(""), .from = STR(""), .to = STR("")};
	if (!str_starts(e->kind, "matter.") || str_eqz(e->kind, "matter.file") || str_empty(e->data))
		return false; /* a filing, most of what there is, is nobody's act */
	for (json_walk_begin(&w, e->data); json_walk_next(&w, a, &key, &raw);) {
		if (str_eqz(key, "was"))
			x->was = kind_of(a, raw);
		else if (str_eqz(key, "is"))
			x->is = kind_of(a, raw);
		else if ((str_eqz(key, "action") && !json_raw_str(a, raw, &x->action)) || (str_eqz(key, "from") && !json_raw_str(a, raw, &x->from)) ||
			 (str_eqz(key, "to") && !json_raw_str(a, raw, &x->to)))
			return false;
	}
	return !w.bad && x->action.n;
}

static bool is_in(const struct str *v, size_t n, const char *what)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqz(v[i], what))
			return true;
	return false;
}

static bool ended(const struct act *x)
{
	return x->is >= STATE_CLOSED && x->was < STATE_CLOSED;
}

/* What the reporter is told; what he did himself he knows. */
static enum event for_reporter(const struct scenario *s, const struct scenario_action *ac, const struct act *x)
{
	int to = scenario_state(s, x->to);

	if (!is_in(ac->tells, ac->ntells, "reporter"))
		return EVENT_NONE;
	if (str_eqz(ac->effect, "merge"))
		return EVENT_MERGED;
	if (ended(x))
		return x->is == STATE_REFUSED ? EVENT_REFUSED : EVENT_CLOSED;
	if (str_eqz(ac->effect, "reply"))
		return EVENT_ANSWER;
	if (to >= 0 && !str_eq(x->from, x->to) && is_in(s->states[to].actors, s->states[to].nactors, "reporter"))
		return EVENT_QUESTION;
	return EVENT_NONE;
}

/* ---- the mail ---- */

struct letter {
	struct app *app;
	struct tx *tx;
	struct str town;
};

static struct str text_of(const struct letter *l, enum event what, enum lang lang, struct str code)
{
	struct arena *a = l->tx->arena;
	const char *site = l->app->config ? l->app->config->public_url : "";
	struct str where = *site ? arena_printf(a, "%s/r/%.*s/status", site, STR_ARG(code)) :
				   arena_printf(a, tr(lang, N_("打开您当初反映的网页，用编号查进度：%s")), arena_strz(a, code));

	return arena_printf(a, "%s\n\n%.*s\n\n%s\n", tr(lang, said[what].text), STR_ARG(where),
			    tr(lang, N_("凭上面的链接或编号就能看到这件事，请不要转发。这封邮件由系统发出，不用回复。")));
}

static enum err send(const struct letter *l, enum event what, struct str whose, struct str address, struct str reads, struct str code)
{
	enum lang lang = str_eqz(reads, "en") ? LANG_EN : LANG_ZH;
	struct arena *a = l->tx->arena;
	const char *town = l->town.n ? arena_strz(a, l->town) : tr(lang, N_("共治平台"));
	enum err e;

	if (what == EVENT_NONE || str_empty(address))
		return OK;
	e = notify_mail(l->tx, whose, address, arena_printf(a, tr(lang, said[what].subject), town), text_of(l, what, lang, code));
	return e == ERR_INPUT ? OK : e; /* an address that became none stops nobody else's mail */
}

static enum err tell_reporter(const struct letter *l, enum event what, const struct matter *m)
{
	struct str address;
	enum err e;

	if (what == EVENT_NONE)
		return OK;
	e = matter_reporter_mail(l->tx->c, l->tx->arena, m, &address);
	return e == OK ? send(l, what, matter_mail_whose(l->tx->arena, m->id), address, m->lang, m->code) : e;
}

static enum err tell_followers(const struct letter *l, int64_t matter)
{
	struct matter_follower *v;
	size_t n;
	enum err e = matter_followers_told(l->tx->c, l->tx->arena, matter, &v, &n);

	for (size_t i = 0; e == OK && i < n; i++)
		e = send(l, EVENT_FOLLOWED_ENDED, matter_follow_whose(l->tx->arena, v[i].code), v[i].address, v[i].lang, v[i].code);
	return e;
}

/* Whoever follows it, and reporters and followers of what was merged into it: they wait for this end. */
static enum err tell_others(const struct letter *l, const struct matter *m)
{
	int64_t *merged;
	size_t n;
	enum err e = tell_followers(l, m->id);

	if (e == OK)
		e = matter_merged(l->tx->c, l->tx->arena, m->id, &merged, &n);
	for (size_t i = 0; e == OK && i < n; i++) {
		struct matter other;

		e = matter_get(l->tx->c, l->tx->arena, merged[i], &other);
		if (e == OK)
			e = tell_reporter(l, EVENT_CLOSED, &other);
		if (e == OK)
			e = tell_followers(l, merged[i]);
	}
	return e;
}

static struct str town_name(struct tx *tx, struct str key)
{
	struct portal_town t;

	return portal_town_of(tx->c, tx->arena, key, &t) == OK ? t.place.name : STR("");
}

static enum err about(struct app *app, struct tx *tx, const struct journal_entry *entry, const struct act *x)
{
	struct letter l = {.app = app, .tx = tx};
	const struct scenario_action *ac;
	const struct scenario *s;
	struct matter m;
	enum event what;
	int i;
	enum err e = matter_get(tx->c, tx->arena, entry->subject, &m);

	if (e != OK)
		return e == ERR_NOT_FOUND ? OK : e;
	s = matter_scenario(&m);
	i = scenario_action(s, x->action);
	if (i < 0)
		return OK;
	ac = &s->actions[i];
	what = for_reporter(s, ac, x);
	if (what == EVENT_NONE && !ended(x))
		return OK;
	l.town = town_name(tx, m.place);
	e = tell_reporter(&l, what, &m);
	return e == OK && ended(x) && !str_eqz(ac->effect, "merge") ? tell_others(&l, &m) : e;
}

enum err portal_mail_batch(struct app *app, struct tx *tx, const struct journal_entry *v, size_t n)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		struct act x;

		if (v[i].at + NEWS_MS > tx->now && read_act(tx->arena, &v[i], &x))
			e = about(app, tx, &v[i], &x);
	}
	return e;
}
