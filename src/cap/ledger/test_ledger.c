/* The public proofs and the audit, over HTTP on both stores. */
#include "web/testing.h"

#include <jansson.h>

#include "base/json.h"
#include "core/journal/journal.h"
#include "core/place/place.h"

static const struct {
	const char *code, *name;
} districts[] = {{"50", "甲省"}, {"51", "乙省"}, {"52", "丙省"}};
static struct str keys_of[3];

static enum err prepare_job(struct tx *tx, void *arg)
{
	enum err e = OK;

	for (size_t i = 0; i < ARRAY_LEN(districts) && e == OK; i++) {
		struct place p = {.code = str_from(districts[i].code), .name = str_from(districts[i].name), .level = PLACE_PROVINCE, .lon = 0, .lat = 0,
				  .since = 1};
		struct journal_entry x = {.kind = STR("matter.file"), .subject = (int64_t)i + 1,
					  .data = arena_printf(tx->arena, "{\"in\":\"place-%zu\"}", i)};

		e = place_add(tx, STR(""), &p, &x.place);
		keys_of[i] = arena_str(arg, x.place);
		if (e == OK)
			e = journal_append(tx, &x);
	}
	return e;
}

struct granting {
	int64_t account;
	size_t n;
};

static enum err grant_job(struct tx *tx, void *arg)
{
	const struct granting *g = arg;
	struct str why = STR_NULL;
	enum err e = OK;

	for (size_t i = 0; i < g->n && e == OK; i++)
		e = actor_grant(tx, g->account, STR("auditor"), keys_of[i], 0, 0, 0, &why);
	return e;
}

static enum err roles_job(struct tx *tx, void *arg)
{
	struct str why = STR_NULL;

	return actor_load_roles(tx, *(struct str *)arg, &why);
}

static void begin(struct site *s, struct unit *u)
{
	struct str roles, why = STR_NULL;

	site_start(s, u);
	assert_int_equal(OK, file_read(&s->arena, "data/roles.csv", 1 << 20, &roles, &why));
	assert_int_equal(OK, db_write(s->app->db, roles_job, &roles));
	assert_int_equal(OK, db_write(s->app->db, prepare_job, &s->arena));
	assert_int_equal(OK, journal_sign(s->app->db));
}

static bool shows(const struct browser *b, const char *text)
{
	return str_find(b->last.body, str_from(text)) >= 0;
}

/* In how many of the three places a filed matter is shown, as bits. */
static unsigned seen(struct browser *b)
{
	unsigned bits = 0;

	assert_int_equal(200, browser_get(b, "/audit?kind=matter.file")->status);
	for (size_t i = 0; i < ARRAY_LEN(keys_of); i++)
		if (shows(b, arena_printf(&b->site->arena, "place-%zu", i).p))
			bits |= 1u << i;
	return bits;
}

static unsigned seen_by(struct site *s, const char *login, size_t places)
{
	struct granting g = {site_account(s, login, NULL, "Four-plain-words-7"), places};
	struct browser b = {.site = s};

	assert_int_equal(OK, db_write(s->app->db, grant_job, &g));
	browser_login(&b, login, "Four-plain-words-7");
	return seen(&b);
}

static void test_scope(void **state)
{
	struct site s;
	struct browser b = {.site = &s};

	begin(&s, *state);
	assert_int_equal(1, seen_by(&s, "one", 1));
	assert_int_equal(3, seen_by(&s, "two", 2));
	site_account(&s, "all", "auditor", "Four-plain-words-7");
	browser_login(&b, "all", "Four-plain-words-7");
	assert_int_equal(7, seen(&b));
	b = (struct browser){.site = &s};
	assert_int_not_equal(200, browser_get(&b, "/audit")->status);
	site_account(&s, "nobody", NULL, "Four-plain-words-7");
	browser_login(&b, "nobody", "Four-plain-words-7");
	assert_int_equal(403, browser_get(&b, "/audit")->status);
	site_stop(&s);
}

static void test_reading_is_noted(void **state)
{
	struct site s;
	struct browser b = {.site = &s};
	struct journal_entry *v;
	struct db_conn *c;
	int64_t last;
	size_t n;

	begin(&s, *state);
	site_account(&s, "all", "auditor", "Four-plain-words-7");
	browser_login(&b, "all", "Four-plain-words-7");
	assert_int_equal(200, browser_get(&b, "/audit?kind=matter.file&from=2026-01-01&place=50")->status);
	c = db_read_begin(s.app->db);
	assert_int_equal(OK, journal_last(c, &last));
	assert_int_equal(OK, journal_read(c, &s.arena, last - 1, 1, &v, &n));
	db_read_end(c);
	assert_int_equal(1, n);
	assert_true(str_eqz(v[0].kind, "audit.read"));
	assert_true(str_eq(v[0].place, keys_of[0]));
	assert_true(str_eqz(v[0].data, "{\"kind\":\"matter.file\",\"from\":\"2026-01-01\",\"before\":0}"));
	assert_int_equal(200, browser_get(&b, "/audit?kind=audit")->status);
	assert_true(shows(&b, "audit.read"));
	/* a filter that is refused is not a reading */
	assert_int_equal(400, browser_get(&b, "/audit?from=yesterday")->status);
	assert_int_equal(400, browser_get(&b, "/audit?actor=x")->status);
	assert_int_equal(400, browser_get(&b, "/audit?place=999")->status);
	site_stop(&s);
}

static void test_public(void **state)
{
	struct site s;
	struct browser b = {.site = &s};
	json_t *tree;
	struct str why;
	int64_t size;

	begin(&s, *state);
	assert_int_equal(200, browser_get(&b, "/ledger")->status);
	assert_int_equal(200, browser_get(&b, "/.well-known/gongzhi.pub")->status);
	assert_true(str_eq(b.last.body, journal_public_key(&s.arena)));
	assert_int_equal(200, browser_get(&b, "/ledger/heads")->status);
	assert_int_equal(OK, json_parse(&s.arena, b.last.body, NULL, &tree, &why));
	size = json_integer_value(json_object_get(json_array_get(json_object_get(tree, "heads"), 0), "size"));
	assert_true(size >= 3);
	assert_int_equal(200, browser_get(&b, arena_printf(&s.arena, "/ledger/consistency?from=1&to=%lld", (long long)size).p)->status);
	assert_int_equal(OK, json_parse(&s.arena, b.last.body, NULL, &tree, &why));
	assert_true(json_array_size(json_object_get(tree, "path")) > 0);
	assert_int_not_equal(200, browser_get(&b, "/ledger/consistency?from=2&to=1")->status);
	assert_int_not_equal(200, browser_get(&b, "/ledger/consistency?from=1&to=1000000")->status);
	assert_int_not_equal(200, browser_get(&b, "/ledger/heads?before=-1")->status);
	site_stop(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {UNIT_BOTH(test_scope), UNIT_BOTH(test_reading_is_noted), UNIT_BOTH(test_public)};

	return UNIT_MAIN(tests);
}
