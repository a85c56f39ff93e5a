/* The page of the hand-over and its three forms. */
#include "base/clock.h"
#include "base/utf8.h"
#include "cap/handover/handover.h"
#include "cap/handover/handover.html.h"
#include "core/journal/journal.h"
#include "core/place/place.h"
#include "web/looks.h"

#define OPEN_SHOWN 200     /* by deadline, of all that is open */
#define OTHERS_SHOWN 50    /* neither late nor due tonight */
#define LINES_SHOWN 40
#define LOG_PAGES 6        /* looks at the log for one shift */
#define LOG_PAGE 500
#define KINDS 64
#define PEOPLE 50
#define PAST 5

/* ---- whose desk ---- */

static bool dispatches(const struct actor_right *r)
{
	for (size_t i = 0; i < r->npermissions; i++)
		if (str_eqz(r->permissions[i], "matter.dispatch"))
			return true;
	return false;
}

/* The places at which the reader distributes work; the one asked for, or the first. */
static enum err find_desk(struct rq *rq, struct str wanted, struct handover_view *v, struct str *key)
{
	*key = STR_NULL;
	v->desks = arena_array(rq->arena, struct handover_desk, rq->who.nrights + 1);
	for (size_t i = 0; i < rq->who.nrights; i++) {
		struct place p;
		bool known = false;

		if (!dispatches(&rq->who.rights[i]) || place_by_key(rq_conn(rq), rq->arena, rq->who.rights[i].place, &p) != OK)
			continue;
		for (size_t k = 0; k < v->ndesks; k++)
			known = known || str_eq(v->desks[k].code, p.code);
		if (known)
			continue;
		v->desks[v->ndesks++] = (struct handover_desk){p.code.p ? p.code : STR(""), p.name, false};
		if (str_empty(wanted) ? key->p != NULL : !str_eq(wanted, p.code))
			continue;
		*key = p.key;
		v->place = p.name;
		v->code = p.code.p ? p.code : STR("");
	}
	if (!key->p)
		return rq_fail(rq, ERR_FORBIDDEN, _("您在这里没有分拨事项的职责，不用交接班"));
	for (size_t k = 0; k < v->ndesks; k++)
		v->desks[k].here = str_eq(v->desks[k].code, v->code);
	return OK;
}

/* ---- what is open ---- */

static struct str holder_of(struct rq *rq, const struct matter_row *m)
{
	struct actor_org org;

	return m->holder_org && actor_org_get(rq_conn(rq), rq->arena, m->holder_org, &org) == OK ? org.name : STR("");
}

static struct str short_place(struct rq *rq, struct str key)
{
	struct str at = place_up(key, PLACE_COMMUNITY);
	struct place p;

	return at.n && place_by_key(rq_conn(rq), rq->arena, at, &p) == OK ? place_short_name(p.name) : STR("");
}

static void add_row(struct rq *rq, const struct matter_row *m, struct handover_rows *to)
{
	const struct scenario *s = scenario_current(m->scenario);
	struct matter probe = {.due = m->due, .state_since = m->state_since};
	int state = s ? scenario_state(s, m->state) : -1;

	to->v[to->n++] = (struct handover_row){
		.id = m->id, .title = matter_mask(rq->arena, m->title), .place = short_place(rq, m->place),
		.state = state >= 0 ? looks_text(rq, s->states[state].title) : m->state, .holder = holder_of(rq, m),
		.clock = looks_clock(rq, m->due, 0), .due = m->due ? looks_when(rq, m->due) : STR(""),
		.css = looks_clock_class(matter_clock_colour(&probe, rq->now), 0)};
}

static enum err fill_open(struct rq *rq, struct str key, struct handover_view *v, struct handover_new *numbers)
{
	struct str to = place_after(rq->arena, key);
	struct matter_inbox in = {.from = &key, .to = &to, .n = 1, .everyone = true, .limit = OPEN_SHOWN};
	struct matter_inbox_counts c;
	struct matter_page page;
	enum err e = matter_inbox_page(rq_conn(rq), rq->arena, &in, &page);

	if (e == OK)
		e = matter_inbox_count(rq_conn(rq), rq->arena, &in, rq->now, &c);
	if (e != OK)
		return e;
	v->late_rows.v = arena_array(rq->arena, struct handover_row, page.n + 1);
	v->tonight.v = arena_array(rq->arena, struct handover_row, page.n + 1);
	v->others.v = arena_array(rq->arena, struct handover_row, OTHERS_SHOWN);
	v->more = page.more;
	for (size_t i = 0; i < page.n; i++) {
		const struct matter_row *m = &page.v[i];

		if (m->due && m->due <= rq->now)
			add_row(rq, m, &v->late_rows);
		else if (m->due && m->due <= v->morning)
			add_row(rq, m, &v->tonight);
		else if (v->others.n < OTHERS_SHOWN)
			add_row(rq, m, &v->others);
		else
			v->more = true;
	}
	v->late = c.late;
	v->soon = c.soon;
	*numbers = (struct handover_new){.open = c.late + c.soon + c.in_time + c.no_clock, .late = c.late, .tonight = (int64_t)v->tonight.n};
	v->open = arena_printf(rq->arena, c.more ? "%lld+" : "%lld", (long long)numbers->open);
	v->tonight_n = arena_printf(rq->arena, page.more && v->others.n == 0 ? "%zu+" : "%zu", v->tonight.n);
	return OK;
}

/* ---- what happened ---- */

static struct str did_title(struct rq *rq, struct str kind)
{
	const struct scenario *all[64];
	size_t n = scenario_list(all, ARRAY_LEN(all));
	struct str action = str_sub(kind, 7, kind.n); /* behind "matter." */

	if (str_eqz(kind, "matter.file"))
		return str_from(_("收到"));
	if (str_eqz(kind, "matter.late"))
		return str_from(_("到了时限"));
	for (size_t i = 0; i < n; i++) {
		int a = scenario_action(all[i], action);

		if (a >= 0)
			return looks_text(rq, all[i]->actions[a].done);
	}
	return STR("");
}

static void count_entry(struct rq *rq, const struct journal_entry *e, struct handover_view *v)
{
	struct str title = str_eqz(e->kind, "matter.reveal") ? STR("") : did_title(rq, e->kind);

	if (title.n == 0)
		return;
	if (v->nlines < LINES_SHOWN)
		v->lines[v->nlines++] = (struct handover_line){.at = e->at, .id = e->subject, .what = title};
	else
		v->lines_more = true;
	for (size_t i = 0; i < v->ndid; i++)
		if (str_eq(v->did[i].title, title)) {
			v->did[i].n++;
			return;
		}
	if (v->ndid < KINDS)
		v->did[v->ndid++] = (struct handover_did){title, 1};
}

/* By what was done, never by whom. */
static enum err fill_shift(struct rq *rq, struct str key, struct handover_view *v)
{
	struct journal_filter f = {.at_from = v->since, .kind = STR("matter"), .place = key, .limit = LOG_PAGE};
	int64_t next = 0;
	enum err e = journal_number_at(rq_conn(rq), rq->arena, v->since, &f.after);

	v->did = arena_array(rq->arena, struct handover_did, KINDS);
	v->lines = arena_array(rq->arena, struct handover_line, LINES_SHOWN);
	for (int page = 0; e == OK && page < LOG_PAGES && (page == 0 || next); page++) {
		struct journal_entry *log;
		size_t n;

		f.before = next;
		e = journal_search(rq_conn(rq), rq->arena, &f, &log, &n, &next);
		for (size_t i = 0; e == OK && i < n; i++)
			count_entry(rq, &log[i], v);
	}
	v->lines_more = v->lines_more || next;
	for (size_t i = 0; e == OK && i < v->nlines; i++) {
		struct matter m;

		v->lines[i].title = matter_get(rq_conn(rq), rq->arena, v->lines[i].id, &m) == OK ? matter_mask(rq->arena, m.title) : STR("");
	}
	return e;
}

/* ---- people and notes ---- */

static struct str name_of(struct rq *rq, int64_t id)
{
	struct str name;

	return actor_name(rq_conn(rq), rq->arena, id, &name) == OK ? name : STR("");
}

static enum err fill_notes(struct rq *rq, struct str key, int64_t taken, struct handover_note_line **out, size_t *n)
{
	struct handover_note *v;
	enum err e = handover_notes(rq_conn(rq), rq->arena, key, taken, &v, n);

	if (e != OK)
		return e;
	*out = arena_array(rq->arena, struct handover_note_line, *n + 1);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = (struct handover_note_line){v[i].at, name_of(rq, v[i].author), matter_mask(rq->arena, v[i].text)};
	return OK;
}

static enum err fill_people(struct rq *rq, struct str key, struct handover_view *v)
{
	struct actor_bearer *b;
	size_t n;
	enum err e = actor_bearers(rq_conn(rq), rq->arena, "matter.dispatch", key, PEOPLE, &b, &n);

	if (e != OK)
		return e;
	v->people = arena_array(rq->arena, struct handover_choice, n + 1);
	for (size_t i = 0; i < n; i++)
		if (b[i].id != rq->who.id)
			v->people[v->npeople++] = (struct handover_choice){b[i].id, b[i].name};
	return OK;
}

static enum err fill_hands(struct rq *rq, struct str key, struct handover_view *v)
{
	struct handover open, *past;
	size_t n;
	enum err e = handover_offered(rq_conn(rq), rq->arena, key, &open);

	if (e == OK)
		e = handover_taken(rq_conn(rq), rq->arena, key, &past, &n, PAST);
	if (e != OK)
		return e;
	v->since = n ? past[0].taken_at : rq->now - HANDOVER_SHIFT * MS_HOUR;
	v->past = arena_array(rq->arena, struct handover_past, n + 1);
	for (; v->npast < n; v->npast++) {
		const struct handover *h = &past[v->npast];

		v->past[v->npast] = (struct handover_past){
			.giver = name_of(rq, h->giver), .taker = name_of(rq, h->taker), .at = h->taken_at,
			.said = arena_printf(rq->arena, _("没办结 %lld 件，超期 %lld 件，当晚到期 %lld 件"), (long long)h->open, (long long)h->late,
					     (long long)h->tonight)};
	}
	if (open.id) {
		v->offer = open.id;
		v->offered_at = open.at;
		v->giver = name_of(rq, open.giver);
		v->taker = name_of(rq, open.taker);
		v->mine_to_take = open.taker == rq->who.id;
		v->mine_to_withdraw = open.giver == rq->who.id;
	}
	e = fill_notes(rq, key, 0, &v->left, &v->nleft);
	return e == OK && n ? fill_notes(rq, key, past[0].id, &v->got, &v->ngot) : e;
}

static enum err show(struct rq *rq, struct str wanted, const char *zh, int status)
{
	struct handover_view v = {.morning = handover_morning(rq->now), .typed = rq_form(rq, "text"), .error = str_from(zh ? _(zh) : "")};
	struct handover_new numbers;
	struct str key;
	enum err e = find_desk(rq, wanted, &v, &key);

	if (e == OK)
		e = fill_hands(rq, key, &v);
	if (e == OK)
		e = fill_open(rq, key, &v, &numbers);
	if (e == OK)
		e = fill_shift(rq, key, &v);
	if (e == OK)
		e = fill_people(rq, key, &v);
	return e == OK ? rq_page_status(rq, status, html_handover, &v) : e;
}

enum err handover_page(struct rq *rq)
{
	return show(rq, rq_query(rq, "at"), NULL, 200);
}

/* ---- forms ---- */

static enum err own_desk(struct rq *rq, struct str *key, struct str *back)
{
	struct handover_view v = {0};
	enum err e = find_desk(rq, rq_form(rq, "at"), &v, key);

	*back = v.ndesks > 1 ? arena_printf(rq->arena, "/handover?at=%.*s", STR_ARG(v.code)) : STR("/handover");
	return e;
}

struct noting {
	struct handover_note_new n;
	struct str back;
};

static enum err note_job(struct tx *tx, void *arg)
{
	return handover_note_job(tx, &((struct noting *)arg)->n);
}

static enum err noted(struct rq *rq, void *arg, enum err result)
{
	const struct noting *x = arg;

	if (result == ERR_TOO_MUCH)
		return show(rq, rq_form(rq, "at"), N_("留的话已经有 100 条，请先交班"), 422);
	if (result != OK)
		return result;
	rq_flash(rq, N_("已留给下一班"));
	return rq_redirect(rq, x->back);
}

enum err handover_note_post(struct rq *rq)
{
	struct noting *x = arena_new(rq->arena, struct noting);
	enum err e = own_desk(rq, &x->n.place, &x->back);

	x->n.text = rq_form(rq, "text");
	x->n.author = rq->who.id;
	if (e != OK)
		return e;
	if (str_empty(x->n.text) || utf8_count(x->n.text) > HANDOVER_NOTE)
		return show(rq, rq_form(rq, "at"), N_("请写要留给下一班的话，最多 2000 个字"), 422);
	return rq_write(rq, note_job, noted, x);
}

struct offering {
	struct handover_new n;
	struct str back;
};

static enum err offer_job(struct tx *tx, void *arg)
{
	return handover_offer_job(tx, &((struct offering *)arg)->n);
}

static enum err offered(struct rq *rq, void *arg, enum err result)
{
	const struct offering *x = arg;

	if (result == ERR_CONFLICT)
		return show(rq, rq_form(rq, "at"), N_("已经有人交了班，正等接班的人确认，请看下面"), 409);
	if (result != OK)
		return result;
	rq_flash(rq, N_("已交班，等接班的人确认"));
	return rq_redirect(rq, x->back);
}

enum err handover_offer_post(struct rq *rq)
{
	struct offering *x = arena_new(rq->arena, struct offering);
	struct handover_view v = {.morning = handover_morning(rq->now)};
	int64_t taker = 0;
	bool known = false;
	struct str key;
	enum err e = own_desk(rq, &key, &x->back);

	if (e == OK)
		e = fill_people(rq, key, &v);
	if (e == OK)
		e = fill_open(rq, key, &v, &x->n);
	if (e != OK)
		return e;
	for (size_t i = 0; str_i64(rq_form(rq, "to"), &taker) && i < v.npeople; i++)
		known = known || v.people[i].id == taker;
	if (!known)
		return show(rq, rq_form(rq, "at"), N_("请选一位接班的同事"), 422);
	x->n.place = key;
	x->n.giver = rq->who.id;
	x->n.taker = taker;
	return rq_write(rq, offer_job, offered, x);
}

struct answering {
	struct handover_answer a;
	struct str back;
};

static enum err answer_job(struct tx *tx, void *arg)
{
	return handover_answer_job(tx, &((struct answering *)arg)->a);
}

static enum err answered(struct rq *rq, void *arg, enum err result)
{
	const struct answering *x = arg;

	if (result == ERR_CONFLICT)
		return show(rq, rq_form(rq, "at"), N_("这次交班已经有了结果，请看下面"), 409);
	if (result == ERR_FORBIDDEN)
		return rq_fail(rq, result, x->a.take ? _("这次交班不是交给您的") : _("不是您交的班，不能撤回"));
	if (result != OK)
		return result;
	rq_flash(rq, x->a.take ? N_("已接班，上一班留下的话在这一页") : N_("已撤回"));
	return rq_redirect(rq, x->back);
}

enum err handover_answer_post(struct rq *rq)
{
	struct answering *x = arena_new(rq->arena, struct answering);
	enum err e = own_desk(rq, &x->a.place, &x->back);

	if (e != OK)
		return e;
	x->a.actor = rq->who.id;
	x->a.take = str_eqz(rq_form(rq, "answer"), "take");
	if (!str_i64(rq_form(rq, "id"), &x->a.id) || (!x->a.take && !str_eqz(rq_form(rq, "answer"), "withdraw")))
		return rq_fail(rq, ERR_INPUT, _("请回到交接班页面，刷新后再试"));
	return rq_write(rq, answer_job, answered, x);
}
