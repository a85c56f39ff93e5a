#include "core/matter/follow.h"

#include <stdio.h>

#include "core/matter/inner.h"
#include "core/notify/notify.h"
#include "crypto/reseal.h"

static struct str context(struct arena *a, struct str code)
{
	return arena_printf(a, "follow:%.*s:address", STR_ARG(code));
}

/* STR_NULL for none. */
static enum err sealed_address(struct tx *tx, struct str code, struct str address, struct str *out)
{
	*out = STR_NULL;
	if (str_empty(address))
		return OK;
	return notify_address_ok(address) ? seal(tx->arena, address, context(tx->arena, code), out) : ERR_INPUT;
}

enum err matter_follow(struct tx *tx, const struct matter_follower *f)
{
	struct matter_follow_put_args row = {.code = f->code, .matter = f->matter, .at = tx->now, .lang = f->lang.p ? f->lang : STR("")};
	enum err e = sealed_address(tx, f->code, f->address, &row.address);

	return e == OK ? q_matter_follow_put(tx->c, &row, NULL) : e;
}

enum err matter_unfollow(struct tx *tx, struct str code)
{
	return q_matter_follow_end(tx->c, code, NULL);
}

enum err matter_follow_mail(struct tx *tx, struct str code, struct str address, struct str lang)
{
	struct str sealed;
	enum err e = sealed_address(tx, code, address, &sealed);

	return e == OK ? q_matter_follow_address(tx->c, code, lang.p ? lang : STR(""), sealed, NULL) : e;
}

enum err matter_follow_load(struct db_conn *c, struct arena *a, struct str code, struct matter_follower *out)
{
	struct matter_follow_get_rows rows;
	enum err e = q_matter_follow_get(c, a, code, &rows);

	*out = (struct matter_follower){.code = code, .address = STR("")};
	if (e == OK && rows.n == 0)
		return ERR_NOT_FOUND;
	if (e != OK)
		return e;
	out->matter = rows.v[0].matter;
	out->lang = rows.v[0].lang;
	return rows.v[0].address.p ? unseal(a, rows.v[0].address, context(a, code), &out->address) : OK;
}

enum err matter_followers(struct db_conn *c, struct arena *a, int64_t matter, int64_t *n)
{
	struct matter_follow_count_row row = {0};
	enum err e = q_matter_follow_count(c, a, matter, &row);

	*n = row.n;
	return e;
}

enum err matter_followers_told(struct db_conn *c, struct arena *a, int64_t matter, struct matter_follower **v, size_t *n)
{
	struct matter_follow_told_rows rows;
	enum err e = q_matter_follow_told(c, a, matter, &rows);

	*n = 0;
	if (e != OK)
		return e;
	*v = arena_array(a, struct matter_follower, rows.n + 1);
	for (size_t i = 0; e == OK && i < rows.n; i++) {
		struct matter_follower *f = &(*v)[(*n)++];

		*f = (struct matter_follower){.code = rows.v[i].code, .matter = matter, .lang = rows.v[i].lang};
		e = unseal(a, rows.v[i].address, context(a, f->code), &f->address);
	}
	return e;
}

enum err matter_reporter_mail(struct db_conn *c, struct arena *a, const struct matter *m, struct str *address)
{
	const struct scenario *s = matter_scenario(m);

	*address = STR("");
	for (size_t i = 0; i < s->nfields; i++) {
		const struct scenario_field *f = &s->fields[i];
		struct matter_sealed_of_rows rows;
		enum err e;

		if (f->type != FIELD_EMAIL || !f->personal)
			continue;
		e = q_matter_sealed_of(c, a, m->id, f->id, &rows);
		if (e != OK || rows.n)
			return e != OK ? e : unseal(a, rows.v[0].sealed, arena_printf(a, "matter:%lld:%.*s", (long long)m->id, STR_ARG(f->id)), address);
	}
	return OK;
}

enum err matter_follow_reseal_job(struct tx *tx, void *arg)
{
	struct reseal_page *r = arg, was = *r;
	struct matter_follow_page_rows rows;
	enum err e = q_matter_follow_page(tx->c, tx->arena, str_from(r->key), RESEAL_PAGE, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		struct str sealed;
		int64_t changed = 0;

		e = seal_again(tx->arena, rows.v[i].address, context(tx->arena, rows.v[i].code), &sealed);
		if (e == OK && sealed.p)
			e = q_matter_follow_reseal(tx->c, rows.v[i].code, rows.v[i].address, sealed, &changed);
		r->seen++;
		r->changed += changed;
		snprintf(r->key, sizeof(r->key), "%.*s", STR_ARG(rows.v[i].code));
	}
	r->more = rows.n == RESEAL_PAGE;
	if (e != OK)
		*r = was; /* the job is undone, and may be run again */
	return e;
}
