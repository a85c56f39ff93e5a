/*
 * Somebody has reported it already: likely duplicates among the public matters of the town, and following one of them instead of
 * reporting it again. A follower has a code like a reporter's, which shows how it goes and lets him do nothing.
 */
#include <math.h>

#include "cap/portal/portal.h"
#include "core/matter/similar.h"
#include "crypto/crypto.h"

#define CANDIDATES 10
#define HOPS 8

/* ---- likely duplicates ---- */

/* Said only when it is likely: nearly the same words, or many of them and the same community. 示例. */
static bool likely(const struct matter_similar *x)
{
	return x->percent >= 55 || (x->percent >= 30 && x->near >= NEAR_COMMUNITY);
}

static enum err coarse_place(struct db_conn *c, struct arena *a, struct str key, struct str *out)
{
	struct str community = place_up(key, PLACE_COMMUNITY);
	struct place p;
	enum err e;

	*out = STR("");
	if (str_empty(community))
		return OK;
	e = place_by_key(c, a, community, &p);
	if (e == OK)
		*out = place_short_name(p.name);
	return e == ERR_NOT_FOUND ? OK : e;
}

/* Public, still being dealt with, a resident's: what may be followed. */
static bool may_follow(const struct matter *m, struct str town)
{
	return m->is_public && m->kind < STATE_CLOSED && !m->excluded && !m->merged_into && str_eqz(m->scenario, PORTAL_REPORT) &&
	       place_within(m->place, town);
}

enum err portal_alike(struct db_conn *c, struct arena *a, const struct portal_town *t, const struct matter_new *new, struct str what,
		      int64_t now, struct portal_alike *v, size_t *n)
{
	struct matter like = {.title = what, .scenario = STR(""), .place = new->place, .lon = new->lon, .lat = new->lat, .created = now,
			      .fields = STR("")};
	struct matter_similar *found;
	size_t count;
	enum err e = matter_similar(c, a, &like, CANDIDATES, &found, &count);

	*n = 0;
	for (size_t i = 0; e == OK && i < count && *n < PORTAL_ALIKE; i++) {
		struct portal_alike *x = &v[*n];
		struct matter m;

		if (!likely(&found[i]))
			continue;
		e = matter_get(c, a, found[i].id, &m);
		if (e != OK || !may_follow(&m, t->place.key))
			continue;
		*x = (struct portal_alike){.id = m.id, .title = matter_mask(a, m.title), .created = m.created, .state = matter_state(&m)->title};
		e = coarse_place(c, a, m.place, &x->place);
		(*n)++;
	}
	return e;
}

/* ---- following ---- */

enum err portal_follow_prepare(struct db_conn *c, struct arena *a, const struct portal_town *t, int64_t matter, struct matter_follower *out)
{
	struct matter m;
	enum err e = matter_get(c, a, matter, &m);

	if (e != OK)
		return e;
	/* what is not public is not there, whatever number is tried */
	if (!may_follow(&m, t->place.key))
		return ERR_NOT_FOUND;
	*out = (struct matter_follower){.matter = matter, .code = code_new(a), .address = STR(""), .lang = STR("")};
	return OK;
}

enum err portal_follow(struct tx *tx, void *follower)
{
	return matter_follow(tx, follower);
}

enum err portal_unfollow(struct tx *tx, void *follower)
{
	const struct matter_follower *f = follower;

	return matter_unfollow(tx, f->code);
}

enum err portal_follow_mail(struct tx *tx, void *follower)
{
	const struct matter_follower *f = follower;

	return matter_follow_mail(tx, f->code, f->address, f->lang);
}

enum err portal_followed(struct db_conn *c, struct arena *a, struct str code, struct matter *out)
{
	struct matter_follower f;
	enum err e = matter_follow_load(c, a, code, &f);

	return e == OK ? matter_get(c, a, f.matter, out) : e;
}

enum err portal_last_of(struct db_conn *c, struct arena *a, const struct matter *m, struct matter *out)
{
	enum err e = OK;

	*out = *m;
	for (int i = 0; e == OK && out->merged_into && i < HOPS; i++)
		e = matter_get(c, a, out->merged_into, out);
	return e;
}

enum err portal_progress_of(struct db_conn *c, struct arena *a, const struct matter *m, struct portal_progress *out)
{
	struct matter_step *steps;
	size_t n;
	enum err e = matter_timeline(c, a, m, &steps, &n);

	*out = (struct portal_progress){.state = matter_state(m)->title, .plain = matter_state(m)->plain, .kind = m->kind, .filed = m->created,
					.promised = m->total_due, .holder_org = m->holder_org};
	if (e != OK)
		return e;
	/* another reporter's words are not ours to show: of a private matter neither */
	out->title = m->is_public ? matter_mask(a, m->title) : STR("");
	e = coarse_place(c, a, m->place, &out->place);
	out->steps = arena_array(a, struct portal_mark, n + 1);
	for (size_t i = n; i-- > 0;)
		out->steps[out->nsteps++] = (struct portal_mark){{steps[i].title, steps[i].title_en}, steps[i].at};
	return e;
}
