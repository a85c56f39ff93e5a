#include "cap/webhooks/webhooks.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "cap/webhooks/guard.h"
#include "cap/webhooks/webhooks.sql.h"
#include "core/journal/journal.h"
#include "core/matter/category.h"
#include "core/matter/scenario.h"
#include "core/place/place.h"
#include "crypto/reseal.h"
#include "web/capability.h"

#define NAME_MOST 60
#define WORD_MOST 64
#define SCENARIOS_MAX 64

static struct str context(struct arena *a, int64_t id)
{
	return arena_printf(a, "webhook:%lld:url", (long long)id);
}

/* ---- reading ---- */

/* An address that cannot be opened (its key is gone) stops this one's deliveries, and nothing else: the journal must be followed on. */
static void from_row(struct arena *a, const struct webhooks_list_row *r, struct webhook *w)
{
	*w = (struct webhook){
		.id = r->id, .owner = r->owner, .made_by = r->made_by, .created = r->created, .place = r->place, .name = r->name, .host = r->host,
		.scenario = r->scenario, .category = r->category, .state = r->state, .action = r->action, .titles = r->titles, .secret = r->secret,
		.status = (enum webhook_status)r->status, .queued = r->queued, .done = r->done, .lost = r->lost, .tries = r->tries, .next_at = r->next_at,
		.failing_since = r->failing_since, .last_ok = r->last_ok, .attempts = r->attempts};
	if (unseal(a, r->url, context(a, r->id), &w->url) == OK)
		return;
	w->url = STR("");
	log_warn("webhooks: the address of id=%lld cannot be opened", (long long)r->id);
}

enum err webhooks_of(struct db_conn *c, struct arena *a, int64_t owner, struct webhook **v, size_t *n)
{
	struct webhooks_list_rows rows;
	enum err e = q_webhooks_list(c, a, owner ? &owner : NULL, WEBHOOKS_MOST, &rows);

	*n = 0;
	if (e != OK)
		return e;
	*v = arena_array(a, struct webhook, rows.n + 1);
	for (; *n < rows.n; (*n)++)
		from_row(a, &rows.v[*n], &(*v)[*n]);
	return OK;
}

enum err webhook_load(struct db_conn *c, struct arena *a, int64_t id, struct webhook *out)
{
	struct webhooks_get_row g;
	struct webhooks_list_row r;
	enum err e = q_webhooks_get(c, a, id, &g);

	if (e != OK)
		return e;
	_Static_assert(sizeof(g) == sizeof(r), "the two queries give the same columns");
	memcpy(&r, &g, sizeof(r));
	from_row(a, &r, out);
	return OK;
}

enum err webhook_secret(struct arena *a, const struct webhook *w, struct str *out)
{
	unsigned char key[32];
	enum err e = key_for(arena_printf(a, "webhook:%lld:%lld", (long long)w->id, (long long)w->secret).p, key);

	*out = e == OK ? base64url(a, key, 24) : STR("");
	return e;
}

/* ---- is it possible? ---- */

static enum err refuse(struct webhook_new *n, enum err e, const char *field, const char *why)
{
	n->field = field;
	n->why = why;
	return e;
}

static bool word_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' || s.p[i] == '.' || s.p[i] == '_'))
			return false;
	return s.n <= WORD_MOST;
}

/* Of the scenario, or of any. */
static bool declared(const struct webhook *w, bool (*has)(const struct scenario *s, struct str word), struct str word)
{
	const struct scenario *all[SCENARIOS_MAX];
	size_t n = scenario_list(all, ARRAY_LEN(all));

	for (size_t i = 0; i < n; i++)
		if ((w->scenario.n == 0 || str_eq(all[i]->id, w->scenario)) && has(all[i], word))
			return true;
	return false;
}

static bool has_state(const struct scenario *s, struct str word)
{
	return scenario_state(s, word) >= 0;
}

/* What no scenario declares but the journal has: filing, deadlines that pass, a grid that is drawn anew. */
static bool has_action(const struct scenario *s, struct str word)
{
	static const char *const ours[] = {"file", "late", "regrid"};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (str_eqz(word, ours[i]))
			return true;
	for (size_t i = 0; i < s->nactions; i++)
		if (str_eq(s->actions[i].id, word))
			return true;
	return false;
}

static enum err check_filters(struct webhook_new *n)
{
	struct webhook *w = &n->w;

	if (!word_ok(w->scenario) || (w->scenario.n && scenario_current(w->scenario) == NULL))
		return refuse(n, ERR_INPUT, "scenario", N_("没有这一种事项。"));
	if (!word_ok(w->category) || (w->category.n && category_find(w->category) == NULL))
		return refuse(n, ERR_INPUT, "category", N_("没有这个类别。"));
	if (!word_ok(w->state) || (w->state.n && !declared(w, has_state, w->state)))
		return refuse(n, ERR_INPUT, "state", N_("没有这个状态；写流程文件里的名字，例如 dispatched。"));
	if (!word_ok(w->action) || (w->action.n && !declared(w, has_action, w->action)))
		return refuse(n, ERR_INPUT, "action", N_("没有这个动作；写流程文件里的名字，例如 dispatch，或 file、late。"));
	return OK;
}

static enum err check_owner(struct db_conn *c, struct arena *a, struct webhook_new *n)
{
	struct actor_session owner;
	struct webhooks_count_row mine, all;
	enum err e = actor_load(c, a, n->w.owner, &owner);

	if (e == ERR_NOT_FOUND || (e == OK && !actor_may(&owner, "matter.read", n->w.place)))
		return refuse(n, ERR_FORBIDDEN, "place", N_("这个账号在这个地点没有查看事项的权限，不能订阅那里的事件。"));
	if (e == OK)
		e = q_webhooks_count(c, a, &n->w.owner, &mine);
	if (e == OK)
		e = q_webhooks_count(c, a, NULL, &all);
	if (e == OK && (mine.n >= WEBHOOKS_OF_ONE || all.n >= WEBHOOKS_MOST))
		return refuse(n, ERR_TOO_MUCH, "name", N_("订阅太多了，请先删掉不用的。"));
	return e;
}

enum err webhook_check(struct db_conn *c, struct arena *a, struct webhook_new *n, int64_t now)
{
	enum err e;

	n->w.name = str_trim(n->w.name);
	if (n->w.name.n == 0 || utf8_count(n->w.name) > NAME_MOST || !utf8_plain(n->w.name, false))
		return refuse(n, ERR_INPUT, "name", N_("请写一个名称，最多 60 个字。"));
	n->why = guard_url(a, n->w.url, &n->w.host);
	if (n->why)
		return refuse(n, ERR_INPUT, "url", n->why);
	e = check_filters(n);
	if (e == OK)
		e = check_owner(c, a, n);
	n->w.id = id_new(now);
	n->w.secret = 1;
	return e;
}

/* ---- jobs ---- */

enum err webhook_note(struct tx *tx, const char *kind, const struct webhook *w, int64_t by)
{
	struct journal_entry entry = {.at = tx->now, .actor = by, .kind = str_from(kind), .subject = w->id, .place = w->place};
	struct journal_data d;
	struct json *j = journal_data_begin(&d);

	json_key(j, "owner"), json_id(j, w->owner);
	json_key(j, "host"), json_str(j, w->host);
	json_key(j, "scenario"), json_str(j, w->scenario);
	json_key(j, "category"), json_str(j, w->category);
	json_key(j, "state"), json_str(j, w->state);
	json_key(j, "action"), json_str(j, w->action);
	json_key(j, "titles"), json_bool(j, w->titles);
	json_key(j, "secret"), json_i64(j, w->secret);
	return journal_append_data(tx, &entry, &d);
}

enum err webhook_create_job(struct tx *tx, void *arg)
{
	struct webhook_new *n = arg;
	const struct webhook *w = &n->w;
	struct str sealed;
	enum err e = seal(tx->arena, w->url, context(tx->arena, w->id), &sealed);

	if (e == OK)
		e = q_webhooks_add(tx->c, &(struct webhooks_add_args){
			.id = w->id, .place = w->place, .owner = w->owner, .made_by = w->made_by, .created = tx->now, .name = w->name, .url = sealed,
			.host = w->host, .secret = w->secret, .scenario = w->scenario, .category = w->category, .state = w->state, .action = w->action,
			.titles = w->titles}, NULL);
	return e == OK ? webhook_note(tx, "webhook.create", w, w->made_by) : e;
}

int webhook_act_of(struct str word)
{
	static const char *const words[WEBHOOK_ACTS] = {"pause", "resume", "secret", "ping", "delete"};

	for (int i = 0; i < WEBHOOK_ACTS; i++)
		if (str_eqz(word, words[i]))
			return i;
	return -1;
}

static enum err set_status(struct tx *tx, const struct webhook *w, enum webhook_status to)
{
	int64_t changed = 0;
	enum err e = q_webhooks_status_set(tx->c, w->id, (int64_t)w->status, (int64_t)to, &changed);

	return e == OK && changed == 0 ? ERR_CONFLICT : e;
}

static enum err drop(struct tx *tx, const struct webhook *w)
{
	enum err e = q_webhooks_events_drop(tx->c, w->id, INT64_MAX, NULL);

	if (e == OK)
		e = q_webhooks_attempts_drop(tx->c, w->id, NULL);
	return e == OK ? q_webhooks_drop(tx->c, w->id, NULL) : e;
}

enum err webhook_act_job(struct tx *tx, void *arg)
{
	static const char *const kinds[WEBHOOK_ACTS] = {"webhook.pause", "webhook.resume", "webhook.secret", "webhook.ping", "webhook.delete"};
	const struct webhook_doing *d = arg;
	struct webhook w;
	enum err e = db_lock(tx, WEBHOOK_LOCK);

	if (e == OK)
		e = webhook_load(tx->c, tx->arena, d->id, &w);
	if (e != OK)
		return e;
	switch (d->act) {
	case WEBHOOK_PAUSE:
		e = w.status == WEBHOOK_ON ? set_status(tx, &w, WEBHOOK_PAUSED) : ERR_CONFLICT;
		break;
	case WEBHOOK_RESUME:
		e = w.status != WEBHOOK_ON ? set_status(tx, &w, WEBHOOK_ON) : ERR_CONFLICT;
		break;
	case WEBHOOK_SECRET:
		w.secret++;
		e = q_webhooks_secret_set(tx->c, w.id, w.secret, NULL);
		break;
	case WEBHOOK_PING:
		e = w.queued - w.done < WEBHOOK_WAITING_MOST ? webhook_put_ping(tx, &w) : ERR_CONFLICT;
		break;
	case WEBHOOK_DELETE:
		e = drop(tx, &w);
		break;
	case WEBHOOK_ACTS:
		BUG("no such act");
	}
	return e == OK ? webhook_note(tx, kinds[d->act], &w, d->by) : e;
}

enum err webhook_reseal_job(struct tx *tx, void *arg)
{
	struct reseal_page *r = arg, was = *r;
	struct webhooks_url_page_rows rows;
	enum err e = q_webhooks_url_page(tx->c, tx->arena, r->id, RESEAL_PAGE, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		struct str sealed;
		int64_t changed = 0;

		e = seal_again(tx->arena, rows.v[i].url, context(tx->arena, rows.v[i].id), &sealed);
		if (e == OK && sealed.p)
			e = q_webhooks_url_reseal(tx->c, rows.v[i].id, rows.v[i].url, sealed, &changed);
		reseal_passed(r, rows.v[i].id, STR_NULL, changed);
	}
	return reseal_page_end(r, &was, rows.n, e);
}
