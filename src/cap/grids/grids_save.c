/* What a plan changes, and saving it. */
#include <math.h>

#include "cap/grids/grids.h"

/* The unit a place belongs to; n: none. */
static size_t unit_of(const struct grids_plan *p, struct str place)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].place.key.p && place_within(place, p->v[i].place.key))
			return i;
	return p->n;
}

/* Where a matter would be: in the unit whose area holds it; as before when none does. Points of the first unit that has them. */
static size_t target(const struct grids_plan *p, const struct matter_open_at *m, size_t from)
{
	struct shape_point at;

	if (from < p->n && p->v[from].gone)
		from = p->v[from].into;
	if (isnan(m->lon) || !coord_valid(m->lon, m->lat))
		return from;
	at = shape_point_of(m->lon, m->lat);
	/* who was put into a smaller unit by hand, or lies outside the unit he is in already, was put there by somebody who knew */
	if (from < p->n && p->v[from].before.nrings && !shape_has(&p->v[from].before, at))
		return from;
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].after.nrings && shape_has(&p->v[i].after, at))
			return i;
	return from;
}

static enum err find_moves(struct db_conn *c, struct arena *a, struct grids_plan *p)
{
	struct matter_open_at *v;
	size_t n;
	enum err e = matter_open_in(c, a, p->village.key, &v, &n);

	if (e != OK)
		return e;
	p->moves = arena_array(a, struct grids_move, n + 1);
	p->nmoves = 0;
	p->open_unlocated = 0;
	for (size_t i = 0; i < p->n; i++)
		p->v[i].open = p->v[i].leaves = p->v[i].comes = 0;
	for (size_t i = 0; i < n; i++) {
		size_t from = unit_of(p, v[i].place), to = target(p, &v[i], from);

		p->open_unlocated += isnan(v[i].lon);
		if (from < p->n)
			p->v[from].open++;
		if (from == to)
			continue;
		if (from < p->n)
			p->v[from].leaves++;
		p->v[to].comes++;
		p->moves[p->nmoves++] = (struct grids_move){v[i], from, to};
	}
	return OK;
}

enum err grids_effect(struct db_conn *c, struct arena *a, struct grids_plan *p)
{
	return find_moves(c, a, p);
}

/* ---- saving ---- */

/* A code of three digits behind the village's that nobody has or had; STR_NULL: the village has none, or all are taken. */
static enum err free_code(struct tx *tx, const struct grids_plan *p, struct str *code)
{
	struct place had;

	*code = STR_NULL;
	if (!p->village.code.n)
		return OK;
	for (int i = 1; i < 1000; i++) {
		struct str c = arena_printf(tx->arena, "%.*s%03d", STR_ARG(p->village.code), i);
		enum err e = place_by_code(tx->c, tx->arena, c, 0, &had);

		if (e == ERR_NOT_FOUND) {
			*code = c;
			return OK;
		}
		if (e != OK)
			return e;
	}
	return OK;
}

static enum err add_unit(struct tx *tx, struct grids_plan *p, struct grids_unit *u)
{
	struct shape_point at = shape_inside(&u->after);
	struct lonlat lonlat = shape_lonlat(at);
	struct place new = {.name = u->place.name, .lon = lonlat.lon, .lat = lonlat.lat, .since = tx->now, .point_source = STR("网格划分")};
	struct str code;
	enum err e = free_code(tx, p, &code);

	new.code = code;
	return e == OK ? place_add(tx, p->village.key, &new, &u->place.key) : e;
}

static bool changed(const struct grids_unit *u)
{
	return u->after.nrings && u->after.points != u->before.points;
}

static enum err set_areas(struct tx *tx, struct grids_plan *p)
{
	enum err e = OK;

	/* a shape that shrinks comes before one that grows: at no moment do two overlap, not even in the history */
	for (size_t i = 0; e == OK && i < p->n; i++) {
		struct grids_unit *u = &p->v[i];
		struct place_area area = {.shape = u->after, .source = STR("网格划分"), .rough = p->op == GRIDS_START && p->rough,
					  .reason = p->reason, .who = p->who};

		if (u->gone || !changed(u))
			continue;
		if (!u->place.key.p)
			e = add_unit(tx, p, u);
		area.place = u->place.key;
		if (e == OK)
			e = place_area_set(tx, &area, NULL);
	}
	return e;
}

static enum err merge_units(struct tx *tx, struct grids_plan *p)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < p->n; i++)
		if (p->v[i].gone)
			e = place_merge(tx, p->v[i].place.key, p->v[p->v[i].into].place.key, p->who, p->reason);
	return e;
}

/* The keys of new units belong to the run that made them: a job may run twice. */
static struct grids_plan copy_of(struct arena *a, const struct grids_plan *p)
{
	struct grids_plan copy = *p;

	copy.v = arena_array(a, struct grids_unit, p->n + 1);
	memcpy(copy.v, p->v, p->n * sizeof(*p->v));
	return copy;
}

enum err grids_save(struct tx *tx, void *plan)
{
	struct grids_plan p = copy_of(tx->arena, plan);
	int64_t version;
	/* takes the lock of places: nobody changes an area between here and the end */
	enum err e = place_lock(tx);

	if (e == OK)
		e = place_area_version(tx->c, &version);
	if (e == OK && version != p.version)
		return ERR_CONFLICT;
	if (e == OK)
		e = find_moves(tx->c, tx->arena, &p);
	if (e == OK)
		e = p.op == GRIDS_MERGE ? merge_units(tx, &p) : set_areas(tx, &p);
	for (size_t i = 0; e == OK && p.op != GRIDS_MERGE && i < p.nmoves; i++)
		e = matter_regrid(tx, p.moves[i].matter.id, p.v[p.moves[i].to].place.key, p.who);
	return e;
}
