/*
 * What an account may. Every request asks, so the answer is kept in memory, under the number `account.rights`, which is read
 * with each session anyway and grows in the same transaction as any change: what is kept is never out of date, on any node.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "core/actor/actor.sql.h"
#include "core/actor/inner.h"
#include "core/place/place.h"

#define KEPT_MAX 10000

struct rights {
	int refs;
	struct db *db;
	int64_t account, number;
	struct actor_right *v;
	size_t n;
	struct arena arena;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct imap kept;
static bool kept_ready;

static void unref_locked(struct rights *r)
{
	if (--r->refs == 0) {
		arena_release(&r->arena);
		free(r);
	}
}

static void unref(void *arg)
{
	pthread_mutex_lock(&lock);
	unref_locked(arg);
	pthread_mutex_unlock(&lock);
}

static void forget_all_locked(void)
{
	size_t at = 0;
	void *r;

	while (imap_each(&kept, &at, NULL, &r))
		unref_locked(r);
	imap_release(&kept);
	imap_init(&kept, NULL);
}

static struct rights *find(struct db *db, int64_t account, int64_t number)
{
	struct rights *r;

	pthread_mutex_lock(&lock);
	if (!kept_ready)
		imap_init(&kept, NULL);
	kept_ready = true;
	r = imap_get(&kept, account);
	if (r && (r->db != db || r->number != number))
		r = NULL;
	if (r)
		r->refs++;
	pthread_mutex_unlock(&lock);
	return r;
}

static void keep(struct rights *r)
{
	struct rights *old;

	pthread_mutex_lock(&lock);
	if (kept.m.count >= KEPT_MAX)
		forget_all_locked();
	r->refs++;
	old = imap_put(&kept, r->account, r);
	if (old)
		unref_locked(old);
	pthread_mutex_unlock(&lock);
}

/* rows: all permissions of all roles asked for. */
static void fill_permissions(struct arena *a, struct actor_right *right, const struct actor_permissions_of_rows *rows)
{
	right->permissions = arena_array(a, struct str, rows->n);
	for (size_t i = 0; i < rows->n; i++)
		if (str_eq(rows->v[i].role, right->role))
			right->permissions[right->npermissions++] = rows->v[i].permission;
}

static enum err load(struct db_conn *c, struct rights *r)
{
	struct arena *a = &r->arena;
	struct actor_grants_of_rows g;
	struct actor_permissions_of_rows p;
	struct str *roles;
	enum err e = q_actor_grants_of(c, a, r->account, &g);

	if (e != OK)
		return e;
	roles = arena_array(a, struct str, g.n);
	r->v = arena_array(a, struct actor_right, g.n);
	r->n = g.n;
	for (size_t i = 0; i < g.n; i++) {
		roles[i] = g.v[i].role;
		r->v[i] = (struct actor_right){.role = g.v[i].role, .place = g.v[i].place, .org = g.v[i].org, .post = g.v[i].post};
	}
	e = q_actor_permissions_of(c, a, roles, g.n, &p);
	for (size_t i = 0; i < g.n && e == OK; i++)
		fill_permissions(a, &r->v[i], &p);
	return e;
}

static enum err load_and_keep(struct db_conn *c, int64_t account, int64_t number, struct rights **out)
{
	struct rights *r = calloc(1, sizeof(*r));
	enum err e;

	if (r == NULL)
		BUG("out of memory");
	*r = (struct rights){.refs = 1, .db = db_of(c), .account = account, .number = number};
	arena_init(&r->arena, 0);
	e = load(c, r);
	if (e != OK) {
		unref(r);
		return e;
	}
	keep(r);
	*out = r;
	return OK;
}

enum err rights_of(struct db_conn *c, struct arena *a, int64_t account, int64_t number, struct actor_session *out)
{
	struct rights *r = find(db_of(c), account, number);
	enum err e = OK;

	if (r == NULL)
		e = load_and_keep(c, account, number, &r);
	if (e != OK)
		return e;
	arena_on_reset(a, unref, r);
	out->rights = r->v;
	out->nrights = r->n;
	out->home = r->n ? r->v[0].place : STR("");
	return OK;
}

/* ---- asking ---- */

static bool holds(const struct actor_right *r, const char *permission)
{
	for (size_t i = 0; i < r->npermissions; i++)
		if (str_eqz(r->permissions[i], permission))
			return true;
	return false;
}

bool actor_may(const struct actor_session *s, const char *permission, struct str place)
{
	for (size_t i = 0; i < s->nrights; i++)
		if (holds(&s->rights[i], permission) && (place.p == NULL || place_within(place, s->rights[i].place)))
			return true;
	return false;
}

bool actor_has_role(const struct actor_session *s, const char *role, struct str place)
{
	for (size_t i = 0; i < s->nrights; i++)
		if (str_eqz(s->rights[i].role, role) && (place.p == NULL || place_within(place, s->rights[i].place)))
			return true;
	return false;
}
