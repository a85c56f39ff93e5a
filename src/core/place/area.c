/* Areas in the store. */
#include "core/place/area.h"

#include "base/buf.h"
#include "base/id.h"
#include "base/json.h"
#include "core/journal/journal.h"
#include "core/place/key.h"
#include "core/place/place.sql.h"
#include "geo/shape_ops.h"

static enum err decode(struct arena *a, struct str bytes, struct shape *out)
{
	return shape_decode(a, bytes, out) ? OK : ERR_DB;
}

enum err place_area_get(struct db_conn *c, struct arena *a, struct str key, struct place_area *out)
{
	struct place_area_now_rows r;
	enum err e = q_place_area_now(c, a, key, &r);

	if (e != OK)
		return e;
	if (r.n == 0)
		return ERR_NOT_FOUND;
	*out = (struct place_area){.id = r.v[0].id, .place = arena_str(a, key), .source = r.v[0].source, .dated = r.v[0].dated, .rough = r.v[0].rough,
				   .reason = r.v[0].reason, .since = r.v[0].since, .who = r.v[0].who};
	return decode(a, r.v[0].area, &out->shape);
}

enum err place_area_history(struct db_conn *c, struct arena *a, struct str key, struct place_area **v, size_t *n)
{
	struct place_area_all_rows r;
	enum err e = q_place_area_all(c, a, key, &r);

	*n = 0;
	*v = NULL;
	if (e != OK)
		return e;
	*v = arena_array(a, struct place_area, r.n + 1);
	for (size_t i = 0; e == OK && i < r.n; i++) {
		(*v)[i] = (struct place_area){
			.id = r.v[i].id, .place = key, .source = r.v[i].source, .dated = r.v[i].dated, .rough = r.v[i].rough,
			.reason = r.v[i].reason, .since = r.v[i].since, .until = r.v[i].until, .who = r.v[i].who};
		e = decode(a, r.v[i].area, &(*v)[i].shape);
	}
	*n = e == OK ? r.n : 0;
	return e;
}

struct each {
	enum err (*fn)(void *arg, const struct place_area *area);
	void *arg;
	struct arena a;
};

static enum err each_row(void *arg, const struct place_areas_row *r)
{
	struct each *each = arg;
	struct place_area area = {.place = r->place, .source = r->source, .dated = r->dated, .rough = r->rough, .since = r->since};
	enum err e;

	arena_reset(&each->a);
	e = decode(&each->a, r->area, &area.shape);
	return e == OK ? each->fn(each->arg, &area) : e;
}

enum err place_area_each(struct db_conn *c, enum place_level level, struct str top,
			 enum err (*fn)(void *arg, const struct place_area *area), void *arg)
{
	struct each each = {.fn = fn, .arg = arg};
	struct arena bounds;
	enum err e;

	arena_init(&bounds, 0);
	arena_init(&each.a, 0);
	e = q_place_areas(c, level, top, place_after(&bounds, top), each_row, &each);
	arena_release(&each.a);
	arena_release(&bounds);
	return e;
}

enum err place_area_count(struct db_conn *c, enum place_level level, int64_t *n)
{
	struct place_area_count_row r;
	struct arena a;
	enum err e;

	arena_init(&a, 0);
	e = q_place_area_count(c, &a, level, &r);
	*n = e == OK ? r.n : 0;
	arena_release(&a);
	return e;
}

/* ---- writing ---- */

enum err place_lock(struct tx *tx)
{
	return db_lock(tx, PLACE_LOCK);
}

enum err place_tick(struct tx *tx, int64_t *version)
{
	struct place_clock_tick_row r;
	/* first the lock that every change of the tree takes, so that two jobs never wait for each other */
	enum err e = db_lock(tx, PLACE_LOCK);

	if (e == OK)
		e = q_place_clock_tick(tx->c, tx->arena, id_new(tx->now), &r);
	if (e == OK && version)
		*version = r.version;
	return e;
}

static enum err tell(struct tx *tx, const char *kind, const struct place_area *in, struct str bytes)
{
	struct journal_entry entry = {.at = tx->now, .actor = in->who, .kind = str_from(kind), .place = in->place};
	struct journal_data d;
	struct json *j = journal_data_begin(&d);

	if (bytes.p) {
		json_key(j, "source");
		json_str(j, in->source);
		json_key(j, "points");
		json_i64(j, (int64_t)in->shape.npoints);
		json_key(j, "area");
		json_i64(j, (int64_t)shape_area(&in->shape));
	}
	json_key(j, "reason");
	json_str(j, in->reason.p ? in->reason : STR(""));
	return journal_append_data(tx, &entry, &d);
}

static struct str text(struct str s)
{
	return s.p ? s : STR("");
}

/* The same border under another label is no new area. */
static enum err relabel(struct tx *tx, const struct place_area *in, const struct place_area_now_row *had, bool *changed)
{
	struct place_area_relabel_args args = {.id = had->id, .source = text(in->source), .dated = text(in->dated), .rough = in->rough};
	enum err e;

	*changed = !(str_eq(had->source, args.source) && str_eq(had->dated, args.dated) && had->rough == in->rough);
	if (!*changed)
		return OK;
	e = place_tick(tx, &args.version);
	return e == OK ? q_place_area_relabel(tx->c, &args, NULL) : e;
}

static enum err put(struct tx *tx, const struct place_area *in, struct str bytes)
{
	const struct shape_box *box = &in->shape.box;
	struct place_area_add_args row = {
		.id = id_new(tx->now), .place = in->place, .level = place_level_of_key(in->place), .since = tx->now, .source = text(in->source),
		.dated = text(in->dated), .rough = in->rough, .reason = text(in->reason), .who = in->who, .west = box->west,
		.south = box->south, .east = box->east, .north = box->north, .area = bytes};
	enum err e = place_tick(tx, &row.version);

	if (e == OK)
		e = q_place_area_end(tx->c, in->place, tx->now, row.version, NULL);
	if (e == OK)
		e = q_place_area_add(tx->c, &row, NULL);
	return e == OK ? tell(tx, "place.area", in, bytes) : e;
}

enum err place_area_set(struct tx *tx, const struct place_area *in, bool *changed)
{
	struct place_area_now_rows had;
	struct place p;
	struct str bytes;
	bool ignored;
	enum err e = db_lock(tx, PLACE_LOCK);

	if (!changed)
		changed = &ignored;
	*changed = false;
	if (e == OK)
		e = place_by_key(tx->c, tx->arena, in->place, &p);
	if (e == OK && (p.until || p.level == PLACE_ROOT))
		e = ERR_NOT_FOUND;
	if (e == OK && in->shape.nrings == 0)
		e = ERR_INPUT;
	if (e == OK)
		e = q_place_area_now(tx->c, tx->arena, in->place, &had);
	if (e != OK)
		return e;
	bytes = shape_encode(tx->arena, &in->shape);
	if (had.n && str_eq(had.v[0].area, bytes))
		return relabel(tx, in, &had.v[0], changed);
	*changed = true;
	return put(tx, in, bytes);
}

enum err place_area_drop(struct tx *tx, struct str key, int64_t who, struct str reason)
{
	struct place_area gone = {.place = key, .who = who, .reason = reason};
	int64_t version, changed;
	enum err e = place_tick(tx, &version);

	if (e == OK)
		e = q_place_area_end(tx->c, key, tx->now, version, &changed);
	return e == OK && changed ? tell(tx, "place.area-end", &gone, STR_NULL) : e;
}

enum err place_area_rekey(struct tx *tx, struct str old_key, struct str new_key)
{
	struct place_area_rekey_args args = {.key_from = old_key, .key_to = place_after(tx->arena, old_key), .key_new = new_key,
					     .behind = (int64_t)old_key.n + 1};
	enum err e = place_tick(tx, &args.version);

	return e == OK ? q_place_area_rekey(tx->c, &args, NULL) : e;
}

enum err place_area_merge(struct tx *tx, struct str from, struct str into, int64_t who, struct str reason)
{
	struct place_area a, b, both;
	enum err e = place_area_get(tx->c, tx->arena, from, &a);

	if (e != OK)
		return e == ERR_NOT_FOUND ? place_tick(tx, NULL) : e;
	e = place_area_get(tx->c, tx->arena, into, &b);
	if (e == OK) {
		both = b;
		both.rough = a.rough || b.rough;
		both.who = who;
		both.reason = reason;
		e = shape_op(tx->arena, SHAPE_UNITE, &a.shape, &b.shape, &both.shape);
		if (e == OK)
			e = place_area_set(tx, &both, NULL);
	} else if (e == ERR_NOT_FOUND) {
		e = OK;
	}
	return e == OK ? place_area_drop(tx, from, who, reason) : e;
}
