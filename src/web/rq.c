/* What a handler asks of its request: input, rights, the reader connection. */
#include <stdlib.h>

#include "core/place/place.h"
#include "web/inner.h"

struct db_conn *rq_conn(struct rq *rq)
{
	if (rq->conn == NULL)
		rq->conn = db_read_begin(rq->app->db);
	return rq->conn;
}

struct str rq_param(struct rq *rq, const char *name)
{
	int at = rq->route ? route_param(rq->route, name) : -1;

	if (at < 0)
		BUG("route %s has no parameter %s", rq->route ? rq->route->path : "-", name);
	return rq->params[at];
}

struct str rq_query(struct rq *rq, const char *name)
{
	return str_trim(http_pair_get(&rq->http->params, name));
}

struct str rq_form(struct rq *rq, const char *name)
{
	return str_trim(http_pair_get(&rq->http->form, name));
}

bool rq_param_i64(struct rq *rq, const char *name, int64_t *out)
{
	return str_i64(rq_param(rq, name), out);
}

bool rq_may(struct rq *rq, const char *permission)
{
	return actor_may(&rq->who, permission, STR_NULL);
}

bool rq_may_at(struct rq *rq, const char *permission, struct str place_key)
{
	/* no place named is a question about no place at all, not about any */
	return place_key.p && actor_may(&rq->who, permission, place_key);
}

static bool holds(const struct actor_right *right, const char *permission)
{
	for (size_t i = 0; i < right->npermissions; i++)
		if (str_eqz(right->permissions[i], permission))
			return true;
	return false;
}

static int by_from(const void *x, const void *y)
{
	return str_cmp(((const struct scope *)x)->from, ((const struct scope *)y)->from);
}

enum err rq_scope(struct rq *rq, const char *permission, struct scope **v, size_t *n)
{
	struct scope *all = arena_array(rq->arena, struct scope, rq->who.nrights + 1);
	size_t kept = 0;

	*n = 0;
	for (size_t i = 0; i < rq->who.nrights; i++) {
		const struct actor_right *right = &rq->who.rights[i];

		if (right->place.p && holds(right, permission))
			all[(*n)++] = (struct scope){right->place, place_after(rq->arena, right->place)};
	}
	/* a subtree inside another one adds nothing, and would count its rows twice */
	qsort(all, *n, sizeof(*all), by_from);
	for (size_t i = 0; i < *n; i++)
		if (kept == 0 || str_cmp(all[i].from, all[kept - 1].to) >= 0)
			all[kept++] = all[i];
	*v = all;
	*n = kept;
	return kept ? OK : ERR_FORBIDDEN;
}
