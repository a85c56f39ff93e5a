/* What an act changes for the totals is written into its journal entry, so that totals need nothing but the journal. */
#include "base/clock.h"
#include "base/json_walk.h"
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

bool facts_read(struct arena *a, struct str raw, struct facts *f)
{
	int64_t v[6];
	struct json_walk w;
	struct str key, one;
	size_t n = 0;

	for (json_walk_begin(&w, raw); json_walk_next(&w, a, &key, &one); n++)
		if (n == ARRAY_LEN(v) || !json_raw_i64(one, &v[n]))
			return false;
	if (w.bad || n != ARRAY_LEN(v))
		return false;
	*f = (struct facts){.kind = (int)v[0], .close_ms = v[1], .late = v[2] != 0, .score = (int)v[3], .solved = (int)v[4],
			    .is_public = v[5] != 0};
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
