/* From the journal to what waits: runs with the tailer's cursor in one job, so that a kill at any moment neither loses an event nor puts one in twice. */
#include "base/json.h"
#include "base/json_walk.h"
#include "cap/webhooks/webhooks.h"
#include "cap/webhooks/webhooks.sql.h"
#include "core/journal/journal.h"
#include "core/matter/matter.h"
#include "core/place/place.h"

struct told {              /* a subscription during one batch */
	struct webhook w;
	struct actor_session owner;
	int64_t queued, lost;
};

/* What an entry says, for filters and events. */
struct fact {
	const struct journal_entry *e;
	struct str scenario, action, from, to, category;
};

/* ---- reading ---- */

static struct str text_of(struct arena *a, struct str raw)
{
	struct str s;

	return json_raw_str(a, raw, &s) ? s : STR("");
}

static void read_fact(struct arena *a, const struct journal_entry *e, struct fact *f)
{
	struct str key, raw;
	struct json_walk w;

	*f = (struct fact){e, STR(""), STR(""), STR(""), STR(""), STR("")};
	for (json_walk_begin(&w, e->data); json_walk_next(&w, a, &key, &raw);) {
		if (str_eqz(key, "scenario"))
			f->scenario = text_of(a, raw);
		else if (str_eqz(key, "action"))
			f->action = text_of(a, raw);
		else if (str_eqz(key, "from"))
			f->from = text_of(a, raw);
		else if (str_eqz(key, "to") || str_eqz(key, "state"))
			f->to = text_of(a, raw);
		else if (str_eqz(key, "category"))
			f->category = text_of(a, raw);
	}
	if (f->action.n == 0)
		f->action = str_sub(e->kind, strlen("matter."), e->kind.n);
}

/* With everything below it: "city" means "city.garbage" too. */
static bool below(struct str word, struct str top)
{
	return str_eq(str_sub(word, 0, top.n), top) && (word.n == top.n || (word.n > top.n && word.p[top.n] == '.'));
}

static bool passes(const struct told *t, const struct fact *f)
{
	const struct webhook *w = &t->w;

	if (!place_within(f->e->place, w->place) || (w->scenario.n && !str_eq(f->scenario, w->scenario)) || (w->action.n && !str_eq(f->action, w->action)) ||
	    (w->state.n && !str_eq(f->to, w->state)) || (w->category.n && !below(f->category, w->category)))
		return false;
	return actor_may(&t->owner, "matter.read", f->e->place);
}

/* ---- writing ---- */

static void put_time(struct json *j, const char *key, int64_t ms)
{
	json_key(j, key);
	if (ms)
		json_i64(j, ms);
	else
		json_nil(j);
}

static enum err put_place(struct tx *tx, struct json *j, struct str key)
{
	struct place p = {.code = STR(""), .name = STR("")};
	enum err e = str_empty(key) ? ERR_NOT_FOUND : place_by_key(tx->c, tx->arena, key, &p);

	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	json_key(j, "place");
	json_obj(j);
	json_key(j, "code"), json_str(j, p.code.p ? p.code : STR(""));
	json_key(j, "name"), json_str(j, p.name);
	json_end(j);
	return OK;
}

/*
 * Numbers, states, category, place, times. The whole code is the reporter's secret, so only its first group, which desks see too; a title is masked and
 * stands there only if the subscription asks for it.
 */
static enum err put_event(struct tx *tx, struct json *j, int64_t seq, const struct fact *f, const struct matter *m, bool title)
{
	enum err e;

	json_obj(j);
	json_key(j, "seq"), json_i64(j, seq);
	json_key(j, "event"), json_str(j, f->e->kind);
	json_key(j, "entry"), json_i64(j, f->e->seq);
	json_key(j, "at"), json_i64(j, f->e->at);
	json_key(j, "matter"), json_id(j, m->id);
	json_key(j, "code"), json_str(j, matter_code_head(m->code));
	json_key(j, "scenario"), json_str(j, m->scenario);
	json_key(j, "action"), json_str(j, f->action);
	json_key(j, "from"), f->from.n ? json_str(j, f->from) : json_nil(j);
	json_key(j, "state"), json_str(j, f->to.n ? f->to : m->state);
	json_key(j, "category"), json_str(j, f->category.n ? f->category : m->category);
	e = put_place(tx, j, f->e->place);
	put_time(j, "created", m->created);
	put_time(j, "due", m->due);
	put_time(j, "promised", m->total_due);
	put_time(j, "closed", m->closed);
	json_key(j, "public"), json_bool(j, m->is_public);
	if (title)
		json_key(j, "title"), json_str(j, matter_mask(tx->arena, m->title));
	json_end(j);
	return e;
}

static enum err put_in(struct tx *tx, struct told *t, const struct fact *f, const struct matter *m)
{
	struct buf b;
	struct json j;
	enum err e;

	if (t->queued - t->w.done >= WEBHOOK_WAITING_MOST) {
		t->lost++;
		return OK;
	}
	buf_init(&b, 64 * 1024);
	json_init(&j, &b);
	e = put_event(tx, &j, t->queued + 1, f, m, t->w.titles);
	if (e == OK) {
		json_done(&j);
		e = q_webhooks_event_put(tx->c, &(struct webhooks_event_put_args){
			.webhook = t->w.id, .seq = ++t->queued, .at = tx->now, .entry = f->e->seq, .event = arena_str(tx->arena, buf_str(&b))}, NULL);
	}
	buf_release(&b);
	return e;
}

/* ---- the batch ---- */

static enum err load_told(struct tx *tx, struct told **out, size_t *n)
{
	struct webhooks_count_row any;
	struct webhook *v;
	enum err e = q_webhooks_count(tx->c, tx->arena, NULL, &any);

	*n = 0;
	if (e != OK || any.n == 0)
		return e;
	e = db_lock(tx, WEBHOOK_LOCK); /* against a page that puts something in: numbers have no gap and no double */
	if (e == OK)
		e = webhooks_of(tx->c, tx->arena, 0, &v, n);
	if (e != OK || *n == 0)
		return e;
	*out = arena_array(tx->arena, struct told, *n);
	for (size_t i = 0; e == OK && i < *n; i++) {
		(*out)[i] = (struct told){.w = v[i], .queued = v[i].queued, .lost = v[i].lost};
		e = actor_load(tx->c, tx->arena, v[i].owner, &(*out)[i].owner);
		if (e == ERR_NOT_FOUND)
			e = OK; /* nobody: no rights */
	}
	return e;
}

static enum err tell_all(struct tx *tx, struct told *t, size_t nt, const struct journal_entry *entry)
{
	struct matter m = {0};
	struct fact f;
	enum err e = OK;

	read_fact(tx->arena, entry, &f);
	for (size_t i = 0; e == OK && i < nt; i++) {
		if (t[i].w.status == WEBHOOK_NO_RIGHTS || !passes(&t[i], &f))
			continue;
		if (m.id == 0)
			e = matter_get(tx->c, tx->arena, entry->subject, &m);
		if (e == ERR_NOT_FOUND)
			return OK; /* taken out of the store since */
		if (e == OK)
			e = put_in(tx, &t[i], &f, &m);
	}
	return e;
}

enum err webhook_batch(struct app *app, struct tx *tx, const struct journal_entry *v, size_t n)
{
	struct told *t = NULL;
	size_t nt = 0;
	enum err e = load_told(tx, &t, &nt);

	(void)app;
	for (size_t i = 0; e == OK && nt && i < n; i++)
		if (str_starts(v[i].kind, "matter.") && v[i].subject)
			e = tell_all(tx, t, nt, &v[i]);
	for (size_t i = 0; e == OK && i < nt; i++)
		if (t[i].queued != t[i].w.queued || t[i].lost != t[i].w.lost)
			e = q_webhooks_queued_set(tx->c, t[i].w.id, t[i].queued, t[i].lost, NULL);
	return e;
}

enum err webhook_put_ping(struct tx *tx, const struct webhook *w)
{
	struct str event = arena_printf(tx->arena, "{\"seq\":%lld,\"event\":\"ping\",\"at\":%lld}", (long long)w->queued + 1, (long long)tx->now);
	enum err e = q_webhooks_event_put(tx->c, &(struct webhooks_event_put_args){
		.webhook = w->id, .seq = w->queued + 1, .at = tx->now, .entry = 0, .event = event}, NULL);

	return e == OK ? q_webhooks_queued_set(tx->c, w->id, w->queued + 1, w->lost, NULL) : e;
}
