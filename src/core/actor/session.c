/* Sessions: kept in the store, so that any node knows them and they survive a restart. */
#include <pthread.h>
#include <stdlib.h>

#include "base/id.h"
#include "core/actor/actor.sql.h"
#include "core/actor/inner.h"

#define TOUCH_EVERY ((int64_t)60 * 1000)
#define KEEP_ENDED ((int64_t)30 * 24 * 3600 * 1000)

static enum err start(struct tx *tx, int64_t actor, struct str token_hash, bool screen, int64_t now, int64_t *session)
{
	enum err e;

	if (token_hash.n < 16 || token_hash.n > 64)
		return ERR_INPUT;
	*session = id_new(now);
	e = q_actor_session_forget(tx->c, now - KEEP_ENDED, NULL);
	if (e == OK)
		e = q_actor_session_add(tx->c, &(struct actor_session_add_args){*session, token_hash, actor, now, screen}, NULL);
	return e == OK ? actor_note(tx, actor, "session.start", actor, STR(""), "{\"session\":\"%lld\"%s}", (long long)*session,
				    screen ? ",\"screen\":true" : "") : e;
}

enum err actor_session_start(struct tx *tx, int64_t actor, struct str token_hash, int64_t now, int64_t *session)
{
	return start(tx, actor, token_hash, false, now, session);
}

enum err actor_screen_start(struct tx *tx, int64_t from, struct str token_hash, int64_t now, int64_t *session)
{
	struct actor_session_account_row r;
	int64_t changed;
	enum err e = q_actor_session_account(tx->c, tx->arena, from, &r);

	if (e == OK)
		e = q_actor_session_end(tx->c, from, tx->now, &changed);
	if (e == OK && changed == 0)
		e = ERR_NOT_FOUND;
	if (e == OK)
		e = actor_note(tx, r.account, "session.end", r.account, STR(""), "{\"session\":\"%lld\"}", (long long)from);
	return e == OK ? start(tx, r.account, token_hash, true, now, session) : e;
}

enum err actor_session_end(struct tx *tx, int64_t session)
{
	struct actor_session_account_row r;
	int64_t changed;
	enum err e = q_actor_session_account(tx->c, tx->arena, session, &r);

	if (e == OK)
		e = q_actor_session_end(tx->c, session, tx->now, &changed);
	if (e != OK || changed == 0)
		return e;
	return actor_note(tx, r.account, "session.end", r.account, STR(""), "{\"session\":\"%lld\"}", (long long)session);
}

/* ---- noting that it was used ---- */

/* Sessions and keys noted lately, so that requests in parallel do not each queue a write. Two that share a slot cost a few more. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	int64_t session, at;
} noted[1024];

bool actor_noted_lately(int64_t session, int64_t now)
{
	size_t slot = ((uint64_t)session * 0x9e3779b97f4a7c15u) >> 54;
	bool yes;

	pthread_mutex_lock(&lock);
	yes = noted[slot].session == session && now - noted[slot].at < TOUCH_EVERY;
	if (!yes) {
		noted[slot].session = session;
		noted[slot].at = now;
	}
	pthread_mutex_unlock(&lock);
	return yes;
}

struct touch {
	int64_t session, now;
};

static enum err touch_job(struct tx *tx, void *arg)
{
	const struct touch *t = arg;

	return q_actor_session_touch(tx->c, t->session, t->now, NULL);
}

static void touch_done(void *arg, enum err e)
{
	(void)e; /* the next request tries again in a minute */
	free(arg);
}

static void touch(struct db *db, int64_t session, int64_t now)
{
	struct touch *t = malloc(sizeof(*t));

	if (t == NULL)
		BUG("out of memory");
	*t = (struct touch){session, now};
	db_submit(db, touch_job, touch_done, t);
}

enum err actor_session_find(struct db_conn *c, struct arena *a, struct str token_hash, int64_t now, struct actor_session *out)
{
	struct actor_session_find_row r;
	enum err e;

	*out = (struct actor_session){0};
	if (token_hash.n < 16 || token_hash.n > 64)
		return ERR_NOT_FOUND;
	e = q_actor_session_find(c, a, token_hash, &r);
	if (e != OK)
		return e;
	if (r.ended || !r.active || now - r.seen > (r.screen ? actor_limits.screen_idle : actor_limits.idle) ||
	    now - r.started > (r.screen ? actor_limits.screen_absolute : actor_limits.absolute))
		return ERR_NOT_FOUND;
	out->id = r.account;
	out->session = r.id;
	out->screen = r.screen;
	out->login = r.login;
	out->name = r.name;
	e = rights_of(c, a, r.account, r.rights, out);
	if (e == OK && now - r.seen >= TOUCH_EVERY && !actor_noted_lately(r.id, now))
		touch(db_of(c), r.id, now);
	return e;
}

/* ---- the list of one account ---- */

enum err actor_sessions(struct db_conn *c, struct arena *a, int64_t actor, int64_t now, struct actor_session_line **v, size_t *n)
{
	struct actor_sessions_of_rows rows;
	enum err e = q_actor_sessions_of(c, a, &(struct actor_sessions_of_args){
		.account = actor, .seen_since = now - actor_limits.idle, .started_since = now - actor_limits.absolute,
		.screen_seen_since = now - actor_limits.screen_idle, .screen_started_since = now - actor_limits.screen_absolute}, &rows);

	if (e != OK)
		return e;
	*v = arena_array(a, struct actor_session_line, rows.n + 1);
	*n = rows.n;
	for (size_t i = 0; i < rows.n; i++)
		(*v)[i] = (struct actor_session_line){rows.v[i].id, rows.v[i].started, rows.v[i].seen, rows.v[i].screen};
	return OK;
}

enum err actor_session_end_own(struct tx *tx, int64_t actor, int64_t session)
{
	struct actor_session_account_row r;
	enum err e = q_actor_session_account(tx->c, tx->arena, session, &r);

	if (e == OK && r.account != actor)
		e = ERR_NOT_FOUND;
	return e == OK ? actor_session_end(tx, session) : e;
}

enum err actor_session_end_others(struct tx *tx, int64_t actor, int64_t keep)
{
	struct actor_session_end_others_rows rows;
	enum err e = q_actor_session_end_others(tx->c, tx->arena, actor, keep, tx->now, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++)
		e = actor_note(tx, actor, "session.end", actor, STR(""), "{\"session\":\"%lld\"}", (long long)rows.v[i].id);
	return e;
}
