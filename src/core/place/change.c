/* Jobs that change the tree. Each leaves a line in place_history and one in the journal. */
#include <math.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/json.h"
#include "base/utf8.h"
#include "core/journal/journal.h"
#include "core/place/area.h"
#include "core/place/key.h"
#include "core/place/place.sql.h"
#include "geo/coord.h"

#define MAX_RENAMES 64
#define MAX_NAME 200 /* bytes */

typedef enum err (*rename_fn)(struct tx *tx, struct str old_key, struct str new_key);
static rename_fn renames[MAX_RENAMES];
static size_t nrenames;

void place_on_rename(rename_fn fn)
{
	for (size_t i = 0; i < nrenames; i++)
		if (renames[i] == fn)
			return;
	if (nrenames == MAX_RENAMES)
		BUG("more than %d modules carry a place", MAX_RENAMES);
	renames[nrenames++] = fn;
}

/* What belongs to the range of old_key belongs to new_key from now on: in every module, and in our own history. */
static enum err rename_all(struct tx *tx, struct str old_key, struct str new_key)
{
	struct str after = place_after(tx->arena, old_key);
	int64_t behind = (int64_t)old_key.n + 1;
	enum err e = q_place_past_rekey(tx->c, old_key, after, new_key, behind, NULL);

	if (e == OK)
		e = q_place_history_rekey(tx->c, old_key, after, new_key, behind, NULL);
	for (size_t i = 0; e == OK && i < nrenames; i++)
		e = renames[i](tx, old_key, new_key);
	return e;
}

struct event {
	const char *kind;
	struct str key_old, key_new, value_old, value_new, reason;
	int64_t who;
};

static enum err note(struct tx *tx, const struct event *ev)
{
	const struct place_history_add_args row = {
		.id = id_new(tx->now), .kind = str_from(ev->kind), .key_old = ev->key_old, .key_new = ev->key_new,
		.value_old = ev->value_old.p ? ev->value_old : STR(""), .value_new = ev->value_new.p ? ev->value_new : STR(""),
		.at = tx->now, .who = ev->who, .reason = ev->reason.p ? ev->reason : STR("")};

	return q_place_history_add(tx->c, &row, NULL);
}

static enum err tell_journal(struct tx *tx, const struct event *ev)
{
	struct journal_entry entry = {
		.at = tx->now, .actor = ev->who, .kind = arena_printf(tx->arena, "place.%s", ev->kind), .place = ev->key_new};
	struct journal_data d;
	struct json *j = journal_data_begin(&d);

	if (ev->key_old.p && !str_eq(ev->key_old, ev->key_new)) {
		json_key(j, "was");
		json_str(j, ev->key_old);
	}
	if (ev->value_old.p) {
		json_key(j, "from");
		json_str(j, ev->value_old);
	}
	if (ev->value_new.p) {
		json_key(j, "to");
		json_str(j, ev->value_new);
	}
	if (ev->reason.p) {
		json_key(j, "reason");
		json_str(j, ev->reason);
	}
	return journal_append_data(tx, &entry, &d);
}

static enum err record(struct tx *tx, const struct event *ev)
{
	enum err e = note(tx, ev);

	place_forget_names();
	return e == OK ? tell_journal(tx, ev) : e;
}

static bool good_name(struct str name)
{
	return name.n > 0 && name.n <= MAX_NAME && utf8_valid(name) && utf8_plain(name, false);
}

/* A key under the parent that nobody has or had. */
static enum err free_key(struct tx *tx, struct str parent, struct str *key)
{
	struct place_next_row r;
	enum err e = q_place_next(tx->c, tx->arena, parent, &r);

	if (e != OK)
		return e;
	*key = place_key_from_number(tx->arena, parent, r.n);
	return key->p ? OK : ERR_TOO_MUCH;
}

enum err place_put(struct tx *tx, struct str parent, const struct place *p, struct str *key)
{
	bool located = coord_valid(p->lon, p->lat);
	int64_t cell = located ? place_cell(p->lon, p->lat) : 0, changed = 0;
	struct place_key_used_rows used = {0};
	struct place_insert_args row = {
		.parent = parent, .code = p->code, .name = p->name, .hidden = p->hidden, .since = p->since, .until = p->until,
		.lon = located ? &p->lon : NULL, .lat = located ? &p->lat : NULL, .cell = located ? &cell : NULL,
		.point_source = located ? p->point_source : STR_NULL, .level = place_level_of_key(parent) + 1};
	enum err e = OK;

	*key = p->code.p ? place_key_from_code(tx->arena, parent, p->code) : STR_NULL;
	if (key->p) {
		e = q_place_key_used(tx->c, tx->arena, *key, &used);
		row.key = *key;
		if (e == OK && used.n == 0)
			e = q_place_insert(tx->c, &row, &changed);
	}
	if (e == OK && !changed) {
		e = free_key(tx, parent, key);
		row.key = *key;
		if (e == OK)
			e = q_place_insert(tx->c, &row, &changed);
	}
	return e == OK && !changed ? ERR_CONFLICT : e;
}

enum err place_add(struct tx *tx, struct str parent, const struct place *p, struct str *key)
{
	struct place up, had;
	struct event ev = {.kind = "add", .value_new = p->name};
	enum err e = db_lock(tx, PLACE_LOCK);

	if (e == OK)
		e = place_by_key(tx->c, tx->arena, parent, &up);

	if (e != OK)
		return e;
	if (!good_name(p->name) || up.level == PLACE_MICROGRID || (p->level && p->level != up.level + 1) || up.until)
		return ERR_INPUT;
	if (p->code.p) {
		if (place_level_of_code(p->code) != up.level + 1)
			return ERR_INPUT;
		e = place_by_code(tx->c, tx->arena, p->code, 0, &had);
		if (e == OK && had.until == 0 && str_eq(had.code, p->code))
			return ERR_CONFLICT;
		if (e != OK && e != ERR_NOT_FOUND)
			return e;
	}
	e = place_put(tx, parent, p, key);
	if (e == OK)
		e = place_tick(tx, NULL);
	ev.key_new = *key;
	return e == OK ? tell_journal(tx, &ev) : e;
}

/* ---- moving ---- */

/* Can `key` stand under `new_parent`? */
static enum err may_move(struct tx *tx, struct str key, struct str new_parent, struct place *p)
{
	struct place up;
	enum err e = db_lock(tx, PLACE_LOCK);

	if (e == OK)
		e = place_by_key(tx->c, tx->arena, key, p);
	if (e == OK)
		e = place_by_key(tx->c, tx->arena, new_parent, &up);
	if (e != OK)
		return e;
	if (p->level == PLACE_ROOT || up.level + 1 != p->level || up.until || place_within(new_parent, key))
		return ERR_INPUT;
	return OK;
}

static enum err rekey(struct tx *tx, struct str key, struct str new_parent, struct str new_key)
{
	const struct place_rekey_args args = {
		.key_from = key, .key_to = place_after(tx->arena, key), .key_new = new_key, .behind = (int64_t)key.n + 1,
		.parent_new = new_parent};
	enum err e = q_place_rekey(tx->c, &args, NULL);

	if (e == OK)
		e = place_area_rekey(tx, key, new_key);
	return e == OK ? rename_all(tx, key, new_key) : e;
}

static enum err move(struct tx *tx, struct str key, struct str new_parent, int64_t who, struct str reason, struct str *new_key)
{
	struct event ev = {.kind = "move", .key_old = key, .reason = reason, .who = who};
	enum err e = free_key(tx, new_parent, new_key);

	ev.key_new = *new_key;
	if (e == OK)
		e = rekey(tx, key, new_parent, *new_key);
	return e == OK ? record(tx, &ev) : e;
}

enum err place_move(struct tx *tx, struct str key, struct str new_parent, int64_t who, struct str reason, struct str *new_key)
{
	struct place p;
	enum err e = may_move(tx, key, new_parent, &p);

	if (e != OK)
		return e;
	if (str_eq(place_up(key, p.level - 1), new_parent)) {
		*new_key = key;
		return OK;
	}
	return move(tx, key, new_parent, who, reason, new_key);
}

enum err place_merge(struct tx *tx, struct str from, struct str into, int64_t who, struct str reason)
{
	struct event ev = {.kind = "merge", .key_old = from, .key_new = into, .reason = reason, .who = who};
	struct place a, b;
	struct place_all_kids_rows kids;
	enum err e = db_lock(tx, PLACE_LOCK);

	if (e == OK)
		e = place_by_key(tx->c, tx->arena, from, &a);
	if (e == OK)
		e = place_by_key(tx->c, tx->arena, into, &b);
	if (e != OK)
		return e;
	if (a.level == PLACE_ROOT || a.level != b.level || a.until || b.until || str_eq(from, into))
		return ERR_INPUT;
	e = q_place_all_kids(tx->c, tx->arena, from, &kids);
	for (size_t i = 0; e == OK && i < kids.n; i++) {
		struct str moved;

		e = move(tx, kids.v[i].key, into, who, reason, &moved);
	}
	if (e == OK)
		e = place_area_merge(tx, from, into, who, reason);
	/* The shell stays where it was, with its end: its name and code stand in the past. */
	if (e == OK)
		e = q_place_end(tx->c, from, tx->now, NULL);
	if (e == OK)
		e = rename_all(tx, from, into);
	ev.value_old = a.name;
	ev.value_new = b.name;
	return e == OK ? record(tx, &ev) : e;
}

/* ---- moving a lot ---- */

struct step {
	struct str key, new_parent, reason, new_key;
	int64_t who;
	bool done; /* nothing to do any more: it was moved before */
};

/* Makes the new node beside the old one, or finds the one an interrupted call has made. */
static enum err begin_move(struct tx *tx, void *arg)
{
	struct step *s = arg;
	struct event ev = {.kind = "moving", .key_old = s->key, .reason = s->reason, .who = s->who};
	struct place p;
	struct place_moving_rows begun;
	struct place_insert_args row;
	int64_t cell;
	enum err e = may_move(tx, s->key, s->new_parent, &p);

	if (e == OK)
		e = q_place_moving(tx->c, tx->arena, s->key, &begun);
	if (e != OK)
		return e;
	if (str_eq(place_up(s->key, p.level - 1), s->new_parent)) {
		s->done = true;
		s->new_key = s->key;
		return OK;
	}
	if (begun.n) {
		s->new_key = begun.v[0].key_new;
		return OK;
	}
	e = free_key(tx, s->new_parent, &s->new_key);
	if (e != OK)
		return e;
	cell = coord_valid(p.lon, p.lat) ? place_cell(p.lon, p.lat) : 0;
	row = (struct place_insert_args){
		.key = s->new_key, .parent = s->new_parent, .code = STR_NULL, .name = p.name, .hidden = p.hidden, .level = p.level,
		.since = p.since, .until = p.until, .lon = coord_valid(p.lon, p.lat) ? &p.lon : NULL,
		.lat = coord_valid(p.lon, p.lat) ? &p.lat : NULL, .cell = coord_valid(p.lon, p.lat) ? &cell : NULL};
	e = q_place_insert(tx->c, &row, NULL);
	ev.key_new = s->new_key;
	return e == OK ? note(tx, &ev) : e;
}

static enum err move_child(struct tx *tx, void *arg)
{
	struct step *s = arg;

	return move(tx, s->key, s->new_parent, s->who, s->reason, &s->new_key);
}

/* The old node is empty now: what was filed at it itself follows, the code too, and it is gone. */
static enum err end_move(struct tx *tx, void *arg)
{
	struct step *s = arg;
	struct event ev = {.kind = "move", .key_old = s->key, .key_new = s->new_key, .reason = s->reason, .who = s->who};
	struct place p;
	enum err e = db_lock(tx, PLACE_LOCK);

	if (e == OK)
		e = place_by_key(tx->c, tx->arena, s->key, &p);
	if (e == OK)
		e = q_place_delete(tx->c, s->key, NULL);
	if (e == OK)
		e = q_place_set_code(tx->c, s->new_key, p.code, p.since, NULL);
	if (e == OK)
		e = q_place_history_drop(tx->c, s->key, STR("moving"), NULL);
	if (e == OK)
		e = place_area_rekey(tx, s->key, s->new_key);
	if (e == OK)
		e = rename_all(tx, s->key, s->new_key);
	return e == OK ? record(tx, &ev) : e;
}

static enum err kids_of(struct db *db, struct arena *a, struct str key, struct place_all_kids_rows *kids)
{
	struct db_conn *c = db_read_begin(db);
	enum err e = q_place_all_kids(c, a, key, kids);

	db_read_end(c);
	return e;
}

enum err place_move_large(struct db *db, struct arena *a, struct str key, struct str new_parent, int64_t who, struct str reason,
			  void (*progress)(void *arg, int64_t done, int64_t of), void *arg, struct str *new_key)
{
	struct step s = {.key = key, .new_parent = new_parent, .reason = reason, .who = who};
	struct place_all_kids_rows kids;
	enum err e = db_write(db, begin_move, &s);

	if (e != OK)
		return e;
	/* What a job allocates dies with its batch. */
	s.new_key = arena_str(a, s.new_key);
	*new_key = s.new_key;
	if (s.done)
		return OK;
	e = kids_of(db, a, key, &kids);
	for (size_t i = 0; e == OK && i < kids.n; i++) {
		struct step child = {.key = kids.v[i].key, .new_parent = s.new_key, .reason = reason, .who = who};

		e = db_write(db, move_child, &child);
		if (e == OK && progress)
			progress(arg, (int64_t)i + 1, (int64_t)kids.n + 1);
	}
	if (e == OK)
		e = db_write(db, end_move, &s);
	return e;
}

/* ---- attributes ---- */

enum err place_change(struct tx *tx, struct str key, struct str name, struct str code, int64_t who, struct str reason)
{
	struct place p, had;
	enum err e = db_lock(tx, PLACE_LOCK);

	if (e == OK)
		e = place_by_key(tx->c, tx->arena, key, &p);
	if (e != OK)
		return e;
	if (p.level == PLACE_ROOT || (name.p && !good_name(name)) || (code.p && place_level_of_code(code) != p.level))
		return ERR_INPUT;
	if (name.p && !str_eq(name, p.name)) {
		struct event ev = {.kind = "name", .key_old = key, .key_new = key, .value_old = p.name, .value_new = name,
				   .who = who, .reason = reason};

		e = q_place_set_name(tx->c, key, name, NULL);
		if (e == OK)
			e = place_tick(tx, NULL);
		if (e == OK)
			e = record(tx, &ev);
	}
	if (e == OK && code.p && !str_eq(code, p.code)) {
		struct event ev = {.kind = "code", .key_old = key, .key_new = key, .value_old = p.code, .value_new = code,
				   .who = who, .reason = reason};

		e = place_by_code(tx->c, tx->arena, code, 0, &had);
		if (e == OK && had.until == 0 && str_eq(had.code, code))
			return ERR_CONFLICT;
		e = e == ERR_NOT_FOUND ? OK : e;
		if (e == OK && p.code.p)
			e = q_place_past_add(tx->c, p.code, key, p.since, tx->now, NULL);
		if (e == OK)
			e = q_place_set_code(tx->c, key, code, tx->now, NULL);
		if (e == OK)
			e = record(tx, &ev);
	}
	return e;
}

enum err place_set_spot(struct tx *tx, struct str key, double lon, double lat, struct str source)
{
	struct place_set_point_args args = {.key = key, .lon = lon, .lat = lat, .point_source = source.p ? source : STR("")};
	int64_t changed;
	enum err e;

	if (!coord_valid(lon, lat))
		return ERR_INPUT;
	args.cell = place_cell(lon, lat);
	place_forget_names();
	e = q_place_set_point(tx->c, &args, &changed);
	return e == OK && !changed ? ERR_NOT_FOUND : e;
}

enum err place_locate(struct tx *tx, struct str key, double lon, double lat, struct str source)
{
	enum err e = place_tick(tx, NULL);

	return e == OK ? place_set_spot(tx, key, lon, lat, source) : e;
}
