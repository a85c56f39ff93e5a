/* What an act changes for the totals is written into its journal entry, so that totals need nothing but the journal. */
#include <jansson.h>

#include "base/clock.h"
#include "core/matter/inner.h"
#include "core/place/place.h"

struct facts facts_of(const struct matter *m)
{
	struct facts f = {.kind = m->kind, .is_public = m->is_public, .score = m->judge_score, .solved = m->judge_solved};

	if (m->kind == STATE_CLOSED) {
		f.close_ms = m->closed > m->created ? m->closed - m->created : 0;
		f.late = m->total_due && m->closed > m->total_due;
	}
	return f;
}

void facts_json(struct json *j, const char *key, const struct facts *f)
{
	json_key(j, key);
	json_arr(j);
	json_i64(j, f->kind);
	json_i64(j, f->close_ms);
	json_i64(j, f->late);
	json_i64(j, f->score);
	json_i64(j, f->solved);
	json_i64(j, f->is_public);
	json_end(j);
}

bool facts_read(const json_t *entry, const char *key, struct facts *f)
{
	json_t *v = json_get(entry, key);

	if (!json_is_array(v) || json_array_size(v) != 6)
		return false;
	f->kind = (int)json_integer_value(json_array_get(v, 0));
	f->close_ms = json_integer_value(json_array_get(v, 1));
	f->late = json_integer_value(json_array_get(v, 2));
	f->score = (int)json_integer_value(json_array_get(v, 3));
	f->solved = (int)json_integer_value(json_array_get(v, 4));
	f->is_public = json_integer_value(json_array_get(v, 5));
	return true;
}

int64_t filing_day(int64_t created)
{
	return calendar_day(calendar_current(), created);
}

struct str desk_of(struct arena *a, const struct scenario_state *st)
{
	struct str desk = STR("");

	if (st->kind >= STATE_CLOSED)
		return STR_NULL;
	for (size_t i = 0; i < st->nactors; i++)
		desk = i ? arena_printf(a, "%.*s|%.*s", STR_ARG(desk), STR_ARG(st->actors[i])) : st->actors[i];
	return desk;
}

struct str town_of(struct str place)
{
	struct str town = place_up(place, PLACE_TOWN);

	return town.n ? town : place;
}

/* Each place of the subtree by itself, because the town is cut from the new key. */
enum err matter_rename_rows(struct tx *tx, struct str old_key, struct str new_key, struct str after)
{
	struct matter_places_in_rows rows;
	enum err e = q_matter_places_in(tx->c, tx->arena, old_key, after, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		struct str to = arena_cat(tx->arena, new_key, str_sub(rows.v[i].place, old_key.n, rows.v[i].place.n));

		e = q_matter_rename(tx->c, rows.v[i].place, to, town_of(to), NULL);
	}
	return e;
}
