#include "cap/cases/cases.h"

#include "core/place/place.h"

bool cases_may_see(const struct actor_session *who, const struct matter *m)
{
	if (actor_may(who, "matter.read", m->place))
		return true;
	for (size_t i = 0; i < who->nrights; i++)
		if (m->holder_org && who->rights[i].org == m->holder_org)
			return true;
	return (m->holder && m->holder == who->id) || matter_helps(m, who, false);
}

enum err cases_scope(struct rq *rq, struct matter_scope *out)
{
	struct scope *v;
	struct str *from, *to;
	size_t n;
	enum err e = rq_scope(rq, "matter.read", &v, &n);

	if (e != OK)
		return e;
	from = arena_array(rq->arena, struct str, n + 1);
	to = arena_array(rq->arena, struct str, n + 1);
	for (size_t i = 0; i < n; i++) {
		from[i] = v[i].from;
		to[i] = v[i].to;
	}
	*out = (struct matter_scope){.from = from, .to = to, .n = n, .private_too = true};
	return OK;
}

void cases_inbox_of(struct arena *a, const struct actor_session *who, struct matter_inbox *out)
{
	struct str *roles = arena_array(a, struct str, who->nrights + 1);
	struct str *from = arena_array(a, struct str, who->nrights + 1), *to = arena_array(a, struct str, who->nrights + 1);
	int64_t *orgs = arena_array(a, int64_t, who->nrights + 1);

	for (size_t i = 0; i < who->nrights; i++) {
		roles[i] = who->rights[i].role;
		from[i] = who->rights[i].place;
		to[i] = place_after(a, who->rights[i].place);
		orgs[i] = who->rights[i].org;
	}
	*out = (struct matter_inbox){.roles = roles, .from = from, .to = to, .orgs = orgs, .n = who->nrights, .actor = who->id};
}
