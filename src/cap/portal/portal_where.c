/* Words of an address to places of the town: proposed while somebody types, asked once when several have the same name. Nobody has to choose. */
#include <math.h>

#include "base/json.h"
#include "cap/portal/portal_pages.h"
#include "core/place/find.h"

#define TYPED_MAX 600

static void tell(struct arena *a, const struct place_found *f, struct portal_where *out)
{
	/* a road is long: its middle says nothing about where on it something lies */
	bool point = f->kind == GAZETTEER_POINT && !isnan(f->lon);

	*out = (struct portal_where){.where = f->key, .name = f->name, .full = f->full, .key = f->key, .in_words = f->in_words, .sound = f->sound,
				     .point = point, .lon = f->lon, .lat = f->lat};
	if (point)
		out->where = arena_printf(a, "%.*s %.6f %.6f", STR_ARG(f->key), f->lon, f->lat);
}

enum err portal_where_suggest(struct db_conn *c, struct arena *a, const struct portal_town *t, struct str typed, struct portal_where *v,
			      size_t max, size_t *n)
{
	const struct gazetteer_scope scope = {.within = t->place.key};
	struct place_found *found = arena_array(a, struct place_found, max + 1);
	enum err e = place_suggest(c, a, typed, &scope, PLACE_COMMUNITY, found, max, n);

	for (size_t i = 0; e == OK && i < *n; i++)
		tell(a, &found[i], &v[i]);
	return e;
}

enum err portal_where_which(struct db_conn *c, struct arena *a, const struct portal_town *t, const struct portal_form *f,
			    const struct portal_filing *p, struct portal_where *v, size_t max, size_t *n)
{
	const struct gazetteer_scope scope = {.within = t->place.key};
	struct place_found *found = arena_array(a, struct place_found, max + 1);
	enum err e;

	*n = 0;
	if (str_empty(f->address) || !str_empty(f->place) || !isnan(p->m.lon) || !str_eq(p->m.place, t->place.key))
		return OK;
	e = place_which(c, a, f->address, &scope, PLACE_COMMUNITY, found, max, n);
	for (size_t i = 0; e == OK && i < *n; i++)
		tell(a, &found[i], &v[i]);
	return e;
}

void portal_where_take(struct arena *a, struct portal_form *f)
{
	struct str rest = f->where, key, lon;

	if (str_empty(rest) || str_eqz(rest, "-") || !str_empty(f->place) || !str_empty(f->lon))
		return;
	(void)str_split(&rest, ' ', &key);
	if (str_split(&rest, ' ', &lon)) {
		/* the grid comes from the point */
		f->lon = arena_str(a, lon);
		f->lat = arena_str(a, rest);
		return;
	}
	f->place = arena_str(a, key);
}

/* A post: what somebody types about himself does not belong into an address. */
enum err portal_places(struct rq *rq)
{
	struct str typed = str_trim(rq_form(rq, "q"));
	struct portal_where v[PORTAL_WHICH];
	struct portal_town t;
	struct json j;
	size_t n = 0;
	enum err e = portal_load_town(rq, &t);

	if (e != OK)
		return e;
	if (typed.n > TYPED_MAX)
		return ERR_TOO_MUCH;
	if (typed.n)
		e = portal_where_suggest(rq_conn(rq), rq->arena, &t, typed, v, PORTAL_WHICH, &n);
	if (e != OK)
		return e;
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "rows");
	json_arr(&j);
	for (size_t i = 0; i < n; i++) {
		json_obj(&j);
		json_key(&j, "name"), json_str(&j, v[i].name);
		json_key(&j, "full"), json_str(&j, v[i].full);
		json_key(&j, "key"), json_str(&j, v[i].key);
		json_key(&j, "in_words"), json_bool(&j, v[i].in_words);
		json_key(&j, "sound"), json_bool(&j, v[i].sound);
		if (v[i].point) {
			json_key(&j, "lon"), json_f64(&j, v[i].lon);
			json_key(&j, "lat"), json_f64(&j, v[i].lat);
		}
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}
