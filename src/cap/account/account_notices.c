/* Notices of one's own: bundled by what they are and where, and how they are wanted. */
#include "base/clock.h"
#include "cap/account/account.h"
#include "cap/account/account.html.h"
#include "core/place/place.h"

#define NOTICES_SHOWN 200
#define UNREAD_MOST 100 /* shown as 99+ */

static const struct {
	const char *name, *kind, *css, *title, *hint;
} classes[NOTICE_CLASSES] = {
	[NOTICE_LATE] = {"late", N_("超期"), " tag--late", N_("超过时限"), N_("到了时限要有人管的事，不能关掉。")},
	[NOTICE_WORK] = {"work", N_("等我办的"), " tag--act", N_("等我办的"), N_("转到您手里、要您办的事，不能关掉。")},
	[NOTICE_NEWS] = {"news", N_("进展"), "", N_("进展"), N_("别人办了什么、群众评价等，不需要您办。")},
};
static const char *const modes[NOTICE_MODES] = {
	[NOTICE_MAIL] = N_("站内，同时马上发邮件"), [NOTICE_APP] = N_("只在站内"), [NOTICE_DIGEST] = N_("站内，邮件每天早上合成一封"),
	[NOTICE_OFF] = N_("不要"),
};

/* ---- reading ---- */

static struct str said(struct rq *rq, struct str key)
{
	struct str at = place_up(key, PLACE_COMMUNITY), now;
	struct place p;

	if (str_empty(at))
		at = place_up(key, PLACE_TOWN);
	if (str_empty(at))
		return STR("");
	if (place_current_key(rq_conn(rq), rq->arena, at, &now) == OK)
		at = now;
	return place_by_key(rq_conn(rq), rq->arena, at, &p) == OK ? place_short_name(p.name) : STR("");
}

/* What is late first, then what is to be done, then news; inside each the place of the newest first. */
static void bundle(struct rq *rq, struct notice *v, size_t n, struct account_notices_view *out)
{
	struct str *places = arena_array(rq->arena, struct str, n + 1);
	bool *done = arena_array(rq->arena, bool, n + 1);

	out->v = arena_array(rq->arena, struct account_bundle, n + 1);
	for (size_t i = 0; i < n; i++)
		places[i] = said(rq, v[i].place);
	for (int c = NOTICE_CLASSES - 1; c >= 0; c--)
		for (size_t i = 0; i < n; i++) {
			struct account_bundle *b = &out->v[out->n];

			if (done[i] || (int)v[i].class != c)
				continue;
			*b = (struct account_bundle){classes[c].kind, classes[c].css, places[i], arena_array(rq->arena, struct notice, n - i), 0};
			for (size_t k = i; k < n; k++)
				if (!done[k] && (int)v[k].class == c && str_eq(places[k], places[i])) {
					b->v[b->n++] = v[k];
					done[k] = true;
				}
			out->n++;
		}
}

/* A number beside the menu, nothing that blinks or pops up; one that is not known now is not shown. */
int64_t account_unread(struct rq *rq)
{
	int64_t n;

	return notify_unread_count(rq_conn(rq), rq->arena, rq->who.id, UNREAD_MOST, &n) == OK ? n : 0;
}

enum err account_notices(struct rq *rq)
{
	struct account_notices_view v = {0};
	struct notice *all;
	size_t n;
	enum err e = notify_unread(rq_conn(rq), rq->arena, rq->who.id, NOTICES_SHOWN, &all, &n, &v.unread);

	if (e != OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		all[i].title = notify_in(all[i].title, rq->lang == LANG_EN);
		all[i].body = notify_in(all[i].body, rq->lang == LANG_EN);
	}
	v.more = v.unread > (int64_t)n;
	bundle(rq, all, n, &v);
	return rq_page(rq, html_account_notices, &v);
}

struct marking {
	int64_t actor, *ids;
	size_t n;
};

static enum err mark_read(struct tx *tx, void *arg)
{
	const struct marking *m = arg;
	enum err e = OK;

	if (m->n == 0)
		return notify_mark_read(tx, m->actor, 0);
	for (size_t i = 0; e == OK && i < m->n; i++)
		e = notify_mark_read(tx, m->actor, m->ids[i]);
	return e;
}

enum err account_notices_read(struct rq *rq)
{
	struct marking *m = arena_new(rq->arena, struct marking);
	const struct http_pairs *f = &rq->http->form;
	enum err e;

	m->actor = rq->who.id;
	m->ids = arena_array(rq->arena, int64_t, NOTICES_SHOWN);
	for (size_t i = 0; i < f->n && m->n < NOTICES_SHOWN; i++) {
		if (!str_eqz(f->v[i].name, "id"))
			continue;
		if (!str_i64(f->v[i].value, &m->ids[m->n]) || m->ids[m->n] <= 0)
			return rq_fail_field(rq, ERR_INPUT, "id", N_("没有这条通知。"));
		m->n++;
	}
	e = rq_redirect(rq, STR("/me/notices"));
	return e == OK ? rq_write(rq, mark_read, NULL, m) : e;
}

/* ---- wishes ---- */

static struct str minute_text(struct rq *rq, int minute)
{
	return arena_printf(rq->arena, "%02d:%02d", minute / 60, minute % 60);
}

static enum err wishes_page(struct rq *rq, const struct notice_wish *w, const char *zh)
{
	struct account_wishes_view v = {.from = minute_text(rq, w->quiet_from), .to = minute_text(rq, w->quiet_to), .error = str_from(zh ? _(zh) : "")};
	struct str mail;
	enum err e = notify_preferred(rq_conn(rq), rq->arena, rq->who.id, STR("mail"), &mail);

	if (e != OK)
		return e;
	v.no_mail = !mail.p;
	for (int i = 0; i < NOTICE_CLASSES; i++) {
		int c = NOTICE_CLASSES - 1 - i;
		struct account_wish_line *l = &v.lines[i];

		*l = (struct account_wish_line){.name = classes[c].name, .title = classes[c].title, .hint = classes[c].hint};
		for (int m = 0; m < NOTICE_MODES; m++)
			if (m != NOTICE_OFF || !notice_must((enum notice_class)c))
				l->v[l->n++] = (struct account_choice){m, modes[m], (int)w->mode[c] == m};
	}
	return rq_page_status(rq, zh ? 422 : 200, html_account_wishes, &v);
}

enum err account_wishes(struct rq *rq)
{
	struct notice_wish w;
	enum err e = notify_wish_get(rq_conn(rq), rq->arena, rq->who.id, &w);

	return e == OK ? wishes_page(rq, &w, NULL) : e;
}

struct wishing {
	int64_t actor;
	struct notice_wish wish;
};

static enum err put(struct tx *tx, void *arg)
{
	const struct wishing *x = arg;

	return notify_wish_put(tx, x->actor, &x->wish);
}

static enum err put_done(struct rq *rq, void *arg, enum err result)
{
	const struct wishing *x = arg;

	if (result == ERR_RULE)
		return wishes_page(rq, &x->wish, N_("要您办的事和超过时限的事，通知不能关掉；可以只在站内看，或者每天合成一封。"));
	if (result == ERR_INPUT)
		return wishes_page(rq, &(struct notice_wish){0}, N_("时间要写成 22:00 这样"));
	if (result != OK)
		return result;
	rq_flash(rq, N_("通知设置已保存"));
	return rq_redirect(rq, STR("/me/notices/settings"));
}

/* "22:00"; -1 when it is none, 0 when nothing was written. */
static int read_minute(struct str s)
{
	struct str hour;
	int64_t h, m;

	if (str_empty(s))
		return 0;
	if (!str_split(&s, ':', &hour) || !str_i64(hour, &h) || !str_i64(s, &m) || h < 0 || h > 23 || m < 0 || m > 59)
		return -1;
	return (int)(h * 60 + m);
}

enum err account_wishes_post(struct rq *rq)
{
	struct wishing *x = arena_new(rq->arena, struct wishing);

	*x = (struct wishing){.actor = rq->who.id, .wish = {.quiet_from = read_minute(rq_form(rq, "from")), .quiet_to = read_minute(rq_form(rq, "to"))}};
	for (int c = 0; c < NOTICE_CLASSES; c++) {
		int64_t m;

		if (!str_i64(rq_form(rq, classes[c].name), &m) || m < 0 || m >= NOTICE_MODES)
			return rq_fail_field(rq, ERR_INPUT, classes[c].name, N_("请从列表里选一种送到的方式"));
		x->wish.mode[c] = (enum notice_mode)m;
	}
	return rq_write(rq, put, put_done, x);
}
