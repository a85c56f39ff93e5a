#include "core/matter/regrid.h"

#include <math.h>

#include "core/journal/journal.h"
#include "core/matter/inner.h"
#include "core/place/place.h"

enum err matter_open_in(struct db_conn *c, struct arena *a, struct str place, struct matter_open_at **v, size_t *n)
{
	struct matter_regrid_open_rows rows;
	enum err e = q_matter_regrid_open(c, a, town_of(place), place, place_after(a, place), &rows);

	*n = 0;
	*v = NULL;
	if (e != OK)
		return e;
	*v = arena_array(a, struct matter_open_at, rows.n + 1);
	for (size_t i = 0; i < rows.n; i++)
		(*v)[i] = (struct matter_open_at){
			.id = rows.v[i].id, .place = rows.v[i].place, .title = rows.v[i].title,
			.lon = rows.v[i].lon_null ? NAN : rows.v[i].lon, .lat = rows.v[i].lat_null ? NAN : rows.v[i].lat};
	*n = rows.n;
	return OK;
}

/* `key` says which side is told: what it counted at the old place is taken away, what it counts at the new one is added. */
static enum err tell(struct tx *tx, const struct matter *m, struct str place, struct str other, const char *key, int64_t who)
{
	struct journal_entry entry = {.at = tx->now, .actor = who, .kind = STR("matter.regrid"), .subject = m->id, .place = place};
	struct journal_data d;
	struct json *j = journal_data_begin(&d);
	struct facts facts = facts_of(m);

	json_key(j, "scenario");
	json_str(j, m->scenario);
	json_key(j, "category");
	json_str(j, m->category);
	json_key(j, "channel");
	json_str(j, m->channel);
	json_key(j, "day");
	json_i64(j, filing_day(m->created));
	json_key(j, "other");
	json_str(j, other);
	facts_json(j, key, &facts);
	return journal_append_data(tx, &entry, &d);
}

enum err matter_regrid(struct tx *tx, int64_t id, struct str place, int64_t who)
{
	struct matter m;
	enum err e = matter_get(tx->c, tx->arena, id, &m);

	if (e != OK || str_eq(m.place, place))
		return e;
	e = q_matter_regrid_place(tx->c, id, place, town_of(place), NULL);
	if (e == OK)
		e = q_matter_regrid_values(tx->c, id, place, NULL);
	if (e == OK)
		e = q_matter_regrid_steps(tx->c, id, place, NULL);
	if (e == OK)
		e = q_matter_regrid_files(tx->c, id, place, NULL);
	if (e == OK)
		e = tell(tx, &m, m.place, place, "was", who);
	return e == OK ? tell(tx, &m, place, m.place, "is", who) : e;
}
