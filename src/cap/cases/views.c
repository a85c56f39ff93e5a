#include "cap/cases/views.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/utf8.h"
#include "cap/cases/cases.html.h"
#include "cap/cases/cases.sql.h"
#include "core/journal/journal.h"
#include "crypto/crypto.h"

struct saved {
	int64_t id, org, owner;
	struct str name, lines;
};

/* ---- reading ---- */

static enum err saved_of(struct rq *rq, struct saved **v, size_t *n)
{
	int64_t *orgs = arena_array(rq->arena, int64_t, rq->who.nrights + 1);
	struct cases_view_shared_rows theirs = {0};
	struct cases_view_mine_rows mine;
	size_t norgs = 0;
	enum err e = q_cases_view_mine(rq_conn(rq), rq->arena, rq->who.id, VIEWS_MOST, &mine);

	for (size_t i = 0; i < rq->who.nrights; i++)
		if (rq->who.rights[i].org)
			orgs[norgs++] = rq->who.rights[i].org;
	if (e == OK && norgs)
		e = q_cases_view_shared(rq_conn(rq), rq->arena, orgs, norgs, rq->who.id, VIEWS_MOST, &theirs);
	if (e != OK)
		return e;
	*v = arena_array(rq->arena, struct saved, mine.n + theirs.n + 1);
	*n = 0;
	for (size_t i = 0; i < mine.n; i++)
		(*v)[(*n)++] = (struct saved){mine.v[i].id, mine.v[i].org, rq->who.id, mine.v[i].name, mine.v[i].lines};
	for (size_t i = 0; i < theirs.n; i++)
		(*v)[(*n)++] = (struct saved){theirs.v[i].id, theirs.v[i].org, theirs.v[i].owner, theirs.v[i].name, theirs.v[i].lines};
	return OK;
}

/* ---- numbers of tabs, remembered for moments ---- */

/*
 * A number on a tab costs a bounded walk, and there are several on each page. It is remembered for some seconds; whoever has just acted himself
 * gets it anew.
 */
#define REMEMBERED 1024
#define FOR_MS (10 * MS_SECOND)

static struct remembered {
	unsigned char key[32];
	int64_t at;
	int n;
	bool more;
} remembered[REMEMBERED];
static pthread_mutex_t remembered_lock = PTHREAD_MUTEX_INITIALIZER;

static struct remembered *slot_of(const unsigned char key[32])
{
	return &remembered[(key[0] | key[1] << 8) % REMEMBERED];
}

static bool recall(const unsigned char key[32], int64_t now, int *n, bool *more)
{
	const struct remembered *r = slot_of(key);
	bool good;

	pthread_mutex_lock(&remembered_lock);
	good = memcmp(r->key, key, sizeof(r->key)) == 0 && now >= r->at && now - r->at < FOR_MS;
	if (good) {
		*n = r->n;
		*more = r->more;
	}
	pthread_mutex_unlock(&remembered_lock);
	return good;
}

static void remember(const unsigned char key[32], int64_t now, int n, bool more)
{
	struct remembered *r = slot_of(key);

	pthread_mutex_lock(&remembered_lock);
	memcpy(r->key, key, sizeof(r->key));
	r->at = now;
	r->n = n;
	r->more = more;
	pthread_mutex_unlock(&remembered_lock);
}

/* Store, account, condition, and the reader's own last entry of the journal: a step of one's own makes another key. */
static enum err key_of(struct rq *rq, const struct filter *t, unsigned char key[32])
{
	struct journal_entry *last;
	struct str lines = filter_lines(rq->arena, t), text;
	int64_t next;
	size_t n;
	enum err e = journal_search(rq_conn(rq), rq->arena, &(struct journal_filter){.actor = rq->who.id, .limit = 1}, &last, &n, &next);

	if (e != OK)
		return e;
	text = arena_printf(rq->arena, "%p %lld %lld %.*s", (void *)rq->app->db, (long long)rq->who.id, (long long)(n ? last[0].seq : 0), STR_ARG(lines));
	hash_bytes(HASH_SHA256, text.p, text.n, key);
	return OK;
}

/* ---- tabs ---- */

/* A number, "99+", or nothing: a shared filter may name a place that is not this reader's, and full text is not counted for a tab. */
static enum err count(struct rq *rq, const struct filter *t, struct str *out)
{
	struct str reason = rq->reason, field = rq->reason_field;
	unsigned char key[32];
	struct matter_scope s;
	struct matter_filter f;
	bool more;
	int n;
	enum err e;

	*out = STR("");
	if (t->v[F_TEXT].n)
		return OK;
	if ((e = key_of(rq, t, key)) != OK)
		return e;
	if (recall(key, rq->now, &n, &more)) {
		*out = arena_printf(rq->arena, more ? "%d+" : "%d", n);
		return OK;
	}
	e = cases_scope(rq, &s);
	if (e == OK && (e = filter_read(rq, t, &s, &f)) != OK) {
		rq->reason = reason;
		rq->reason_field = field;
		return e == ERR_DB ? e : OK;
	}
	if (e == OK)
		e = matter_count(rq_conn(rq), rq->arena, &s, &f, rq->now, TAB_COUNT_CAP, &n, &more);
	if (e != OK)
		return e;
	remember(key, rq->now, n, more);
	*out = arena_printf(rq->arena, more ? "%d+" : "%d", n);
	return OK;
}

static struct str inbox_count(struct rq *rq, const struct matter_inbox_counts *c)
{
	int n = c ? c->late + c->soon + c->in_time + c->no_clock : 0;

	if (c == NULL)
		return STR("");
	if (n > INBOX_COUNT_CAP)
		return arena_printf(rq->arena, "%d+", INBOX_COUNT_CAP);
	return arena_printf(rq->arena, c->more ? "%d+" : "%d", n);
}

enum err views_tabs(struct rq *rq, const struct filter *now, const struct matter_inbox_counts *inbox, struct cases_tabs *out)
{
	struct str lines = now ? filter_lines(rq->arena, now) : STR_NULL;
	struct saved *v;
	size_t n;
	enum err e = OK;

	*out = (struct cases_tabs){.v = arena_array(rq->arena, struct cases_tab, TABS_MOST + 2)};
	out->v[out->n++] = (struct cases_tab){.title = str_from(_("待办")), .href = STR("/inbox"), .count = inbox_count(rq, inbox), .here = !now};
	if (!rq_may(rq, "matter.read"))
		return OK;
	out->v[out->n++] = (struct cases_tab){.title = str_from(_("全部")), .href = STR("/cases"), .count = STR(""), .here = now && lines.n == 0};
	e = saved_of(rq, &v, &n);
	for (size_t i = 0; e == OK && i < n && i < TABS_MOST; i++) {
		struct cases_tab *t = &out->v[out->n++];
		struct filter f;

		filter_parse(rq->arena, v[i].lines, &f);
		*t = (struct cases_tab){.title = v[i].name, .href = filter_url(rq, "/cases", &f, -1), .count = STR(""),
					.here = now && lines.n && str_eq(lines, v[i].lines), .shared = v[i].owner != rq->who.id};
		if (i < TABS_COUNTED)
			e = count(rq, &f, &t->count);
	}
	return e;
}

bool views_has(struct rq *rq, const struct filter *f)
{
	struct str lines = filter_lines(rq->arena, f);
	struct saved *v;
	size_t n;

	if (saved_of(rq, &v, &n) != OK)
		return false;
	for (size_t i = 0; i < n; i++)
		if (str_eq(lines, v[i].lines))
			return true;
	return false;
}

/* ---- the page on which they are made and dropped ---- */

/* Whoever distributes work in an organisation may lay out its lists. */
static bool may_share(const struct actor_right *r)
{
	for (size_t i = 0; i < r->npermissions; i++)
		if (r->org && str_eqz(r->permissions[i], "matter.dispatch"))
			return true;
	return false;
}

static struct str org_name(struct rq *rq, int64_t id)
{
	struct actor_org org;

	return actor_org_get(rq_conn(rq), rq->arena, id, &org) == OK ? org.name : STR("");
}

static void share_options(struct rq *rq, struct cases_views_view *v)
{
	v->orgs = arena_array(rq->arena, struct cases_option, rq->who.nrights + 1);
	for (size_t i = 0; i < rq->who.nrights; i++) {
		struct str id = arena_printf(rq->arena, "%lld", (long long)rq->who.rights[i].org);
		bool there = false;

		for (size_t k = 0; k < v->norgs; k++)
			there = there || str_eq(v->orgs[k].value, id);
		if (!there && may_share(&rq->who.rights[i]))
			v->orgs[v->norgs++] = (struct cases_option){id, org_name(rq, rq->who.rights[i].org), str_eq(id, rq_form(rq, "org"))};
	}
}

static enum err page(struct rq *rq, const struct filter *f, const char *zh, int status)
{
	static const char *const names[CASES_FILTERS] = {"q", "place", "state", "colour", "category", "channel", "scenario", "held", "from", "to"};
	struct cases_views_view v = {.name = rq_form(rq, "name"), .error = str_from(zh ? _(zh) : "")};
	struct saved *all;
	size_t n;
	enum err e = saved_of(rq, &all, &n);

	if (e != OK)
		return e;
	v.hidden = arena_array(rq->arena, struct cases_fact, CASES_FILTERS);
	v.chips = arena_array(rq->arena, struct cases_chip, CASES_FILTERS);
	for (int i = 0; i < CASES_FILTERS; i++) {
		if (str_empty(f->v[i]))
			continue;
		v.hidden[v.nhidden++] = (struct cases_fact){str_from(names[i]), f->v[i], false};
		v.chips[v.nchips++] = (struct cases_chip){filter_says(rq, f, i), STR("")};
	}
	v.v = arena_array(rq->arena, struct cases_saved, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct filter own;

		filter_parse(rq->arena, all[i].lines, &own);
		v.v[v.n++] = (struct cases_saved){.id = all[i].owner == rq->who.id ? all[i].id : 0, .name = all[i].name,
						  .href = filter_url(rq, "/cases", &own, -1),
						  .where = all[i].org ? org_name(rq, all[i].org) : str_from(_("只有我"))};
	}
	share_options(rq, &v);
	return rq_page_status(rq, status, html_cases_views, &v);
}

enum err cases_views_page(struct rq *rq)
{
	struct filter f;

	filter_of_query(rq, &f);
	return page(rq, &f, NULL, 200);
}

/* ---- making ---- */

static enum err add(struct tx *tx, void *arg)
{
	struct saved *s = arg;
	struct cases_view_mine_rows mine;
	enum err e = db_lock(tx, s->owner);

	if (e == OK)
		e = q_cases_view_mine(tx->c, tx->arena, s->owner, VIEWS_MOST, &mine);
	if (e == OK && mine.n == VIEWS_MOST)
		return ERR_TOO_MUCH;
	return e == OK ? q_cases_view_add(tx->c, &(struct cases_view_add_args){
		.id = id_new(tx->now), .owner = s->owner, .org = s->org, .name = s->name, .lines = s->lines, .created = tx->now}, NULL) : e;
}

static enum err added(struct rq *rq, void *arg, enum err result)
{
	struct saved *s = arg;
	struct filter f;

	filter_parse(rq->arena, s->lines, &f);
	if (result == ERR_TOO_MUCH)
		return page(rq, &f, N_("已经有 30 个筛选，请先删去不用的"), 422);
	if (result != OK)
		return result;
	rq_flash(rq, N_("已保存筛选“%s”"), arena_strz(rq->arena, s->name));
	return rq_redirect(rq, filter_url(rq, "/cases", &f, -1));
}

static bool may_share_with(struct rq *rq, int64_t org)
{
	for (size_t i = 0; i < rq->who.nrights; i++)
		if (rq->who.rights[i].org == org && may_share(&rq->who.rights[i]))
			return true;
	return false;
}

enum err cases_views_post(struct rq *rq)
{
	struct saved *s = arena_new(rq->arena, struct saved);
	struct matter_scope scope;
	struct matter_filter read;
	struct filter f;
	enum err e;

	filter_of_form(rq, &f);
	*s = (struct saved){.owner = rq->who.id, .name = rq_form(rq, "name"), .lines = filter_lines(rq->arena, &f)};
	if (s->name.n == 0 || s->name.n > VIEW_NAME_MOST || !utf8_valid(s->name) || str_chr(s->name, '\n') >= 0)
		return page(rq, &f, N_("请起一个名字，最多 20 个字"), 422);
	if (s->lines.n == 0)
		return page(rq, &f, N_("没有条件可存。请先在列表里筛选，再存为标签"), 422);
	if (!str_empty(rq_form(rq, "org")) && (!str_i64(rq_form(rq, "org"), &s->org) || !may_share_with(rq, s->org)))
		return rq_fail_field(rq, ERR_FORBIDDEN, "org", _("您不能替这个单位设共用的筛选"));
	if ((e = cases_scope(rq, &scope)) != OK || (e = filter_read(rq, &f, &scope, &read)) != OK)
		return e;
	return rq_write(rq, add, added, s);
}

static enum err drop(struct tx *tx, void *arg)
{
	const struct saved *s = arg;

	return q_cases_view_drop(tx->c, s->id, s->owner, NULL);
}

enum err cases_views_drop(struct rq *rq)
{
	struct saved *s = arena_new(rq->arena, struct saved);
	enum err e;

	s->owner = rq->who.id;
	if (!rq_param_i64(rq, "id", &s->id))
		return rq_fail(rq, ERR_NOT_FOUND, _("没有这个筛选"));
	rq_flash(rq, N_("已删去筛选"));
	e = rq_redirect(rq, STR("/cases/views"));
	return e == OK ? rq_write(rq, drop, NULL, s) : e;
}
