#include "core/matter/follow.h"

#include "base/utf8.h"
#include "core/journal/journal.h"
#include "core/matter/inner.h"
#include "core/notify/notify.h"
#include "crypto/reseal.h"

static struct str context(struct arena *a, struct str code)
{
	return arena_printf(a, "follow:%.*s:address", STR_ARG(code));
}

struct str matter_mail_whose(struct arena *a, int64_t matter)
{
	return arena_printf(a, "matter:%lld", (long long)matter);
}

struct str matter_follow_whose(struct arena *a, struct str code)
{
	return arena_printf(a, "follow:%.*s", STR_ARG(code));
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
	enum err e = q_matter_follow_end(tx->c, code, NULL);

	return e == OK ? notify_withdraw(tx, matter_follow_whose(tx->arena, code)) : e;
}

enum err matter_follow_mail(struct tx *tx, struct str code, struct str address, struct str lang)
{
	struct str sealed;
	enum err e = sealed_address(tx, code, address, &sealed);

	if (e == OK)
		e = q_matter_follow_address(tx->c, code, lang.p ? lang : STR(""), sealed, NULL);
	return e == OK ? notify_withdraw(tx, matter_follow_whose(tx->arena, code)) : e;
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

/* ---- the reporter's address: a personal value of the matter ---- */

static const struct scenario_field *mail_field(const struct matter *m)
{
	const struct scenario *s = matter_scenario(m);

	for (size_t i = 0; i < s->nfields; i++)
		if (s->fields[i].type == FIELD_EMAIL && s->fields[i].personal)
			return &s->fields[i];
	return NULL;
}

bool matter_takes_mail(const struct matter *m)
{
	return mail_field(m) != NULL;
}

static struct str value_context(struct arena *a, const struct matter *m, const struct scenario_field *f)
{
	return arena_printf(a, "matter:%lld:%.*s", (long long)m->id, STR_ARG(f->id));
}

enum err matter_reporter_mail(struct db_conn *c, struct arena *a, const struct matter *m, struct str *address)
{
	const struct scenario_field *f = mail_field(m);
	struct matter_sealed_of_rows rows;
	enum err e;

	*address = STR("");
	if (f == NULL)
		return OK;
	e = q_matter_sealed_of(c, a, m->id, f->id, &rows);
	return e == OK && rows.n ? unseal(a, rows.v[0].sealed, value_context(a, m, f), address) : e;
}

static enum err put_mail(struct tx *tx, const struct matter *m, const struct scenario_field *f, struct str address, struct str lang)
{
	struct str sealed;
	enum err e;

	if (str_empty(address))
		return q_matter_mail_drop(tx->c, m->id, f->id, NULL);
	e = seal(tx->arena, address, value_context(tx->arena, m, f), &sealed);
	if (e == OK)
		e = q_matter_mail_put(tx->c, m->id, f->id, sealed, NULL);
	return e == OK ? q_matter_reads(tx->c, m->id, lang, NULL) : e;
}

static enum err tell_journal(struct tx *tx, const struct matter *m, const char *what)
{
	return journal_append(tx, &(struct journal_entry){
		.at = tx->now, .kind = STR("reporter.mail"), /* whoever holds the code: nobody's account */
		.subject = m->id, .place = m->place,
		.data = arena_printf(tx->arena, "{\"change\":\"%s\"}", what)});
}

enum err matter_reporter_mail_set(struct tx *tx, void *arg)
{
	const struct matter_mail *x = arg;
	struct str address = utf8_fold(tx->arena, str_trim(x->address)), was = STR("");
	const struct scenario_field *f;
	struct matter m;
	enum err e = db_lock(tx, x->matter); /* two at once: each is told as what it is */

	if (e == OK && address.n && !notify_address_ok(address))
		e = ERR_INPUT;
	if (e == OK)
		e = matter_get(tx->c, tx->arena, x->matter, &m);
	if (e != OK)
		return e;
	f = mail_field(&m);
	if (f == NULL)
		return ERR_NOT_FOUND;
	e = matter_reporter_mail(tx->c, tx->arena, &m, &was);
	if (e != OK || str_eq(was, address))
		return e;
	e = put_mail(tx, &m, f, address, x->lang.n ? x->lang : m.lang);
	if (e == OK)
		e = notify_withdraw(tx, matter_mail_whose(tx->arena, m.id));
	return e == OK ? tell_journal(tx, &m, was.n == 0 ? "added" : address.n ? "changed" : "removed") : e;
}

/* ---- under the newest key ---- */

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
		reseal_passed(r, 0, rows.v[i].code, changed);
	}
	return reseal_page_end(r, &was, rows.n, e);
}
