/* Organisations, posts and accounts of the demonstration: one job, so that there is all or nothing. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cap/admin/admin.sql.h"
#include "cap/admin/demo.h"
#include "core/actor/actor.h"
#include "crypto/crypto.h"

struct people {
	struct demo *d;
	struct demo_table orgs, posts, party, accounts;
	struct str hash, why;
};

static enum err fault(struct people *p, struct tx *tx, const char *file, struct str what, enum err e)
{
	(void)tx;
	p->why = arena_printf(p->d->arena, "demo/%s.csv: %.*s: %s", file, STR_ARG(what), err_name(e));
	return e;
}

/* Ids are kept in the store too: an interrupted demonstration goes on with them. */
static enum err keep(struct tx *tx, struct demo *d, const char *kind, struct str key, int64_t id)
{
	struct str name = arena_printf(d->arena, "%s.%.*s", kind, STR_ARG(key));
	int64_t *copy = arena_new(d->arena, int64_t);

	*copy = id;
	map_put(&d->ids, name, copy);
	return q_admin_state_set(tx->c, arena_printf(tx->arena, "demo.id.%.*s", STR_ARG(name)), arena_printf(tx->arena, "%" PRId64, id), NULL);
}

static enum err key_of(struct tx *tx, struct str code, struct str *key)
{
	struct place p;
	enum err e = OK;

	*key = STR("");
	if (code.n) {
		e = place_by_code(tx->c, tx->arena, code, 0, &p);
		*key = p.key;
	}
	return e;
}

static enum err add_orgs(struct people *p, struct tx *tx)
{
	const struct demo_table *t = &p->orgs;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < t->n; i++) {
		struct actor_org o = {.parent = demo_id(p->d, "org", demo_cell(t, i, "parent")), .name = demo_cell(t, i, "name"),
				      .kind = demo_cell(t, i, "kind")};
		int64_t id = 0;

		e = key_of(tx, demo_cell(t, i, "place"), &o.place);
		if (e == OK)
			e = actor_org_add(tx, &o, &id);
		if (e == OK)
			e = keep(tx, p->d, "org", demo_cell(t, i, "key"), id);
		if (e != OK)
			return fault(p, tx, "orgs", demo_cell(t, i, "key"), e);
	}
	for (size_t i = 0; e == OK && i < p->posts.n; i++) {
		int64_t id = 0;

		e = actor_post_add(tx, demo_id(p->d, "org", demo_cell(&p->posts, i, "org")), demo_cell(&p->posts, i, "name"), &id);
		if (e == OK)
			e = keep(tx, p->d, "post", demo_cell(&p->posts, i, "key"), id);
		if (e != OK)
			return fault(p, tx, "posts", demo_cell(&p->posts, i, "key"), e);
	}
	return e;
}

static enum err map_party(struct people *p, struct tx *tx)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < p->party.n; i++) {
		struct str key;

		e = key_of(tx, demo_cell(&p->party, i, "place"), &key);
		if (e == OK)
			e = actor_party_map(tx, demo_id(p->d, "org", demo_cell(&p->party, i, "org")), key, 0);
		if (e != OK)
			return fault(p, tx, "party", demo_cell(&p->party, i, "org"), e);
	}
	return e;
}

/* A line is a role of an account; the first line of a login makes it. */
static enum err add_account(struct people *p, struct tx *tx, size_t i)
{
	const struct demo_table *t = &p->accounts;
	struct str login = demo_cell(t, i, "login"), key, why = STR_NULL;
	int64_t id = demo_id(p->d, "account", login);
	enum err e = key_of(tx, demo_cell(t, i, "place"), &key);

	if (e == OK && !id) {
		e = actor_create(tx, login, demo_cell(t, i, "name"), p->hash, &id);
		if (e == OK)
			e = keep(tx, p->d, "account", login, id);
	}
	if (e == OK)
		e = actor_grant(tx, id, demo_cell(t, i, "role"), key, demo_id(p->d, "org", demo_cell(t, i, "org")),
				demo_id(p->d, "post", demo_cell(t, i, "post")), 0, &why);
	if (e == OK)
		return OK;
	if (why.p)
		login = arena_printf(tx->arena, "%.*s: %.*s", STR_ARG(login), STR_ARG(why));
	return fault(p, tx, "accounts", login, e);
}

static enum err people_job(struct tx *tx, void *arg)
{
	struct people *p = arg;
	enum err e;

	map_init(&p->d->ids, p->d->arena); /* may be run a second time */
	e = add_orgs(p, tx);
	if (e == OK)
		e = map_party(p, tx);
	for (size_t i = 0; e == OK && i < p->accounts.n; i++)
		e = add_account(p, tx, i);
	return e == OK ? q_admin_state_set(tx->c, STR("demo"), STR("people"), NULL) : e;
}

static enum err remember(struct demo *d, bool *there)
{
	struct db_conn *c = db_read_begin(d->cli->db);
	struct admin_state_list_rows rows;
	enum err e = q_admin_state_list(c, d->arena, STR("demo.id."), STR("demo.id/"), &rows);

	db_read_end(c);
	for (size_t i = 0; e == OK && i < rows.n; i++) {
		int64_t *id = arena_new(d->arena, int64_t);

		if (!str_i64(rows.v[i].value, id))
			return ERR_DB;
		map_put(&d->ids, str_sub(rows.v[i].name, strlen("demo.id."), rows.v[i].name.n), id);
	}
	*there = rows.n > 0;
	return e;
}

int demo_people(struct demo *d)
{
	struct people p = {.d = d};
	bool there = false;
	enum err e = remember(d, &there);

	if (e == OK && there) {
		d->password = STR_NULL; /* given out when the accounts were made */
		return -1;
	}
	if (e == OK)
		e = demo_read(d, "orgs", &p.orgs, &p.why);
	if (e == OK)
		e = demo_read(d, "posts", &p.posts, &p.why);
	if (e == OK)
		e = demo_read(d, "party", &p.party, &p.why);
	if (e == OK)
		e = demo_read(d, "accounts", &p.accounts, &p.why);
	if (e == OK && !d->password.p)
		d->password = str_sub(token_new(d->arena), 0, 14);
	/* One hash for all: they share the word, and hashing is slow on purpose. */
	if (e == OK)
		e = password_hash(d->arena, d->password, &p.hash);
	if (e == OK)
		e = db_write(d->cli->db, people_job, &p);
	if (e == OK)
		return -1;
	return cli_fail(p.why.p ? p.why : str_from(err_name(e)));
}
