/* Accounts, organisations, posts. */
#include "core/actor/actor.h"

#include "base/id.h"
#include "base/utf8.h"
#include "core/actor/actor.sql.h"
#include "core/actor/api_key.h"
#include "core/actor/inner.h"
#include "core/place/place.h"

#define NAME_MAX_BYTES 100
#define ORG_NAME_MAX 200

enum err actor_note(struct tx *tx, int64_t by, const char *kind, int64_t subject, struct str place, const char *data, ...)
{
	struct journal_entry e = {.actor = by, .kind = str_from(kind), .subject = subject, .place = place.p ? place : STR("")};
	va_list ap;

	va_start(ap, data);
	e.data = arena_vprintf(tx->arena, data, ap);
	va_end(ap);
	return journal_append(tx, &e);
}

bool actor_place_ok(struct str place)
{
	if (place.n > ACTOR_PLACE_MAX)
		return false;
	for (size_t i = 0; i < place.n; i++)
		if ((unsigned char)place.p[i] <= ' ' || (unsigned char)place.p[i] > '~' || place.p[i] == '"' || place.p[i] == '\\')
			return false;
	return true;
}

/* ---- accounts ---- */

bool actor_word_ok(struct str s, size_t min)
{
	if (s.n < min || s.n > 64)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == 0 || strchr("abcdefghijklmnopqrstuvwxyz0123456789._-@", s.p[i]) == NULL)
			return false;
	return true;
}

static bool name_ok(struct str s, size_t max)
{
	return s.n > 0 && s.n <= max && utf8_valid(s) && utf8_plain(s, false);
}

static enum err create(struct tx *tx, struct str login, struct str name, struct str password_hash, const char *data, int64_t *id)
{
	struct actor_account_add_args row;
	int64_t changed;
	enum err e;

	if (!actor_word_ok(login, 2) || !name_ok(name, NAME_MAX_BYTES))
		return ERR_INPUT;
	*id = id_new(tx->now);
	row = (struct actor_account_add_args){.id = *id, .login = login, .name = name, .password = password_hash, .created = tx->now};
	e = q_actor_account_add(tx->c, &row, &changed);
	if (e == OK && changed == 0)
		return ERR_CONFLICT;
	return e == OK ? actor_note(tx, 0, "account.create", *id, STR(""), "%s", data) : e;
}

enum err actor_create(struct tx *tx, struct str login, struct str name, struct str password_hash, int64_t *id)
{
	return password_hash.n ? create(tx, login, name, password_hash, "{}", id) : ERR_INPUT;
}

enum err actor_create_service(struct tx *tx, struct str login, struct str name, int64_t *id)
{
	return create(tx, login, name, STR(""), "{\"service\":true}", id);
}

enum err actor_is_service(struct db_conn *c, struct arena *a, int64_t id, bool *service)
{
	struct actor_account_service_row r;
	enum err e = q_actor_account_service(c, a, id, &r);

	if (e == OK)
		*service = r.service;
	return e;
}

enum err actor_by_login(struct db_conn *c, struct arena *a, struct str login, int64_t *id)
{
	struct actor_account_by_login_row r;
	enum err e = q_actor_account_by_login(c, a, login, &r);

	if (e == OK)
		*id = r.id;
	return e;
}

static enum err one(enum err e, int64_t changed)
{
	return e == OK && changed == 0 ? ERR_NOT_FOUND : e;
}

enum err actor_set_password(struct tx *tx, int64_t id, struct str password_hash)
{
	int64_t changed = 0;
	bool service = false;
	enum err e = actor_is_service(tx->c, tx->arena, id, &service);

	if (e == OK && service)
		return ERR_RULE;
	if (e == OK)
		e = q_actor_account_password(tx->c, id, password_hash, &changed);
	e = one(e, changed);
	if (e == OK)
		e = q_actor_session_end_all(tx->c, id, tx->now, NULL);
	return e == OK ? actor_note(tx, 0, "account.password", id, STR(""), "{}") : e;
}

enum err actor_set_active(struct tx *tx, int64_t id, bool active, int64_t by, struct str *why)
{
	int64_t changed = 0;
	enum err e;

	*why = STR_NULL;
	e = active ? OK : keep_last(tx, STR_NULL, &(struct actor_loss){.account = id}, why);
	if (e != OK)
		return e;
	e = q_actor_account_active(tx->c, id, active, &changed);

	e = one(e, changed);
	if (e == OK && !active)
		e = q_actor_session_end_all(tx->c, id, tx->now, NULL);
	return e == OK ? actor_note(tx, by, active ? "account.open" : "account.close", id, STR(""), "{}") : e;
}

enum err actor_load(struct db_conn *c, struct arena *a, int64_t id, struct actor_session *out)
{
	struct actor_account_get_row r;
	enum err e = q_actor_account_get(c, a, id, &r);

	*out = (struct actor_session){0};
	if (e != OK)
		return e;
	out->id = id;
	out->login = r.login;
	out->name = r.name;
	out->home = STR("");
	return r.active ? rights_of(c, a, id, r.rights, out) : OK;
}

enum err actor_name(struct db_conn *c, struct arena *a, int64_t id, struct str *out)
{
	struct actor_account_get_row r;
	enum err e = q_actor_account_get(c, a, id, &r);

	if (e == OK)
		*out = r.name;
	return e;
}

/* ---- organisations ---- */

enum err actor_org_add(struct tx *tx, const struct actor_org *o, int64_t *id)
{
	struct str place = o->place.p ? o->place : STR("");
	struct actor_org_add_args row;
	enum err e;

	if (!name_ok(o->name, ORG_NAME_MAX) || !name_ok(o->kind, 32) || !actor_place_ok(place))
		return ERR_INPUT;
	*id = o->id ? o->id : id_new(tx->now);
	row = (struct actor_org_add_args){.id = *id, .parent = o->parent, .name = o->name, .kind = o->kind, .place = place};
	e = q_actor_org_add(tx->c, &row, NULL);
	return e == OK ? actor_note(tx, 0, "org.add", *id, place, "{\"parent\":\"%lld\"}", (long long)o->parent) : e;
}

enum err actor_post_add(struct tx *tx, int64_t org, struct str name, int64_t *id)
{
	struct actor_org_get_row o;
	enum err e;

	if (!name_ok(name, ORG_NAME_MAX))
		return ERR_INPUT;
	e = q_actor_org_get(tx->c, tx->arena, org, &o);
	if (e != OK)
		return e;
	*id = id_new(tx->now);
	e = q_actor_post_add(tx->c, *id, org, name, NULL);
	return e == OK ? actor_note(tx, 0, "post.add", *id, o.place, "{\"org\":\"%lld\"}", (long long)org) : e;
}

enum err actor_party_map(struct tx *tx, int64_t org, struct str place, int64_t by)
{
	struct actor_org_get_row o;
	int64_t changed;
	enum err e;

	if (place.p == NULL || !actor_place_ok(place))
		return ERR_INPUT;
	e = q_actor_org_get(tx->c, tx->arena, org, &o);
	if (e != OK)
		return e;
	if (!str_eqz(o.kind, "party"))
		return ERR_INPUT;
	e = q_actor_party_map_add(tx->c, org, place, tx->now, &changed);
	if (e != OK || changed == 0)
		return e;
	return actor_note(tx, by, "party.map", org, place, "{}");
}

#define ORG_OF_ROW(row) \
	((struct actor_org){.id = (row)->id, .parent = (row)->parent, .name = (row)->name, .kind = (row)->kind, .place = (row)->place})

enum err actor_org_get(struct db_conn *c, struct arena *a, int64_t id, struct actor_org *out)
{
	struct actor_org_get_row r;
	enum err e = q_actor_org_get(c, a, id, &r);

	if (e == OK)
		*out = ORG_OF_ROW(&r);
	return e;
}

/* The place itself and all its ancestors up to the root. */
static size_t keys_above(struct str place, struct str v[PLACE_MICROGRID + 2])
{
	size_t n = 0;

	v[n++] = place;
	for (int l = PLACE_MICROGRID; l >= PLACE_PROVINCE; l--) {
		struct str up = place_up(place, (enum place_level)l);

		if (up.n && up.n < place.n && up.n < v[n - 1].n)
			v[n++] = up;
	}
	if (place.n)
		v[n++] = STR("");
	return n;
}

enum err actor_orgs_for(struct db_conn *c, struct arena *a, struct str place, struct actor_org **v, size_t *n)
{
	struct str keys[PLACE_MICROGRID + 2];
	struct actor_orgs_above_rows above;
	struct actor_orgs_inside_rows inside;
	enum err e;

	if (place.p == NULL)
		place = STR("");
	e = q_actor_orgs_above(c, a, keys, keys_above(place, keys), &above);
	if (e == OK)
		e = q_actor_orgs_inside(c, a, place, place_after(a, place), &inside);
	if (e != OK)
		return e;
	*v = arena_array(a, struct actor_org, above.n + inside.n);
	*n = 0;
	for (size_t i = 0; i < above.n; i++)
		(*v)[(*n)++] = ORG_OF_ROW(&above.v[i]);
	for (size_t i = 0; i < inside.n; i++)
		(*v)[(*n)++] = ORG_OF_ROW(&inside.v[i]);
	return OK;
}

/* ---- places that move ---- */

static enum err rename_place(struct tx *tx, struct str old_key, struct str new_key)
{
	struct str after = place_after(tx->arena, old_key);
	int64_t cut = (int64_t)old_key.n + 1;
	/* first, while the accounts can still be found by the old keys */
	enum err e = q_actor_grants_rights_changed(tx->c, old_key, after, NULL);

	if (e == OK)
		e = q_actor_grants_doubled(tx->c, old_key, after, new_key, cut, NULL);
	if (e == OK)
		e = q_actor_grants_rename(tx->c, old_key, after, new_key, cut, NULL);
	if (e == OK)
		e = q_actor_party_doubled(tx->c, old_key, after, new_key, cut, NULL);
	if (e == OK)
		e = q_actor_party_rename(tx->c, old_key, after, new_key, cut, NULL);
	if (e == OK)
		e = q_actor_orgs_rename(tx->c, old_key, after, new_key, cut, NULL);
	if (e == OK)
		e = q_actor_duty_rename(tx->c, old_key, after, new_key, cut, NULL);
	return e;
}

void actor_init(void)
{
	static bool done;

	if (!done)
		place_on_rename(rename_place);
	done = true;
}
