/* Who left an e-mail address is told of a question, an answer and the end, once, in his language, and no word of the matter travels. */
#include "cap/portal/portal.h"
#include "core/journal/journal.h"
#include "core/matter/testing.h"
#include "core/notify/notify.h"
#include "web/config.h"

enum { REPORTER, DISPATCHER, HANDLER, VERIFIER };

#define MOST 16

static struct mail { struct str to, subject, body; } mails[MOST];
static size_t nmails;
static void (*meanwhile)(void); /* while the mail server takes one */

static enum err catch(void *ctx, struct str address, struct str subject, struct str body, struct arena *a, struct str *why)
{
	struct unit *u = ctx;

	(void)a, (void)why;
	assert_true(nmails < MOST);
	mails[nmails++] = (struct mail){arena_str(u->a, address), arena_str(u->a, subject), arena_str(u->a, body)};
	if (meanwhile)
		meanwhile();
	return OK;
}

struct tail {
	struct app app;
	struct arena *a;
	int64_t seq;
};

static enum err follow_journal(struct tx *tx, void *arg)
{
	struct tail *t = arg;
	struct journal_entry *v;
	size_t n;
	enum err e = journal_read(tx->c, tx->arena, t->seq, 1000, &v, &n);

	if (e == OK)
		e = portal_mail_batch(&t->app, tx, v, n);
	if (e == OK && n)
		t->seq = v[n - 1].seq;
	return e;
}

/* What has been mailed since the last look. */
static size_t mailed(struct world *w, struct tail *t)
{
	int sent, failed;

	nmails = 0;
	assert_int_equal(OK, db_write(w->u->db, follow_journal, t));
	do
		assert_int_equal(OK, notify_deliver(w->u->db, clock_now() + MS_SECOND, &sent, &failed));
	while (sent);
	return nmails;
}

static const struct mail *to(const char *address)
{
	for (size_t i = 0; i < nmails; i++)
		if (str_eqz(mails[i].to, address))
			return &mails[i];
	return NULL;
}

static int64_t file_with(struct world *w, const char *what, const char *email, const char *lang, bool is_public)
{
	struct matter_value v[] = {{STR("what"), str_from(what)}, {STR("email"), str_from(email)}};
	struct matter_new m = {.scenario = scenario_current(STR("resident-report")), .values = v, .nvalues = email ? 2 : 1, .place = w->grid,
			       .channel = STR("portal"), .lon = NAN, .lat = NAN, .is_public = is_public, .lang = str_from(lang)};

	assert_int_equal(OK, matter_prepare(w->u->a, &m, clock_now()));
	assert_int_equal(OK, db_write(w->u->db, matter_file, &m));
	return m.id;
}

static enum err follow_it(struct tx *tx, void *follower)
{
	return portal_follow(tx, follower);
}

static void start(struct world *w, struct unit *u, struct tail *t, struct config *cfg)
{
	static struct notify_channel mail = {.name = "mail", .deliver = catch};

	begin(w, u);
	mail.ctx = u;
	notify_channel_add(&mail);
	*t = (struct tail){.app = {.db = u->db, .config = cfg}, .a = u->a};
	at("2026-03-02 10:00");
}

static void answer(struct world *w, int64_t id)
{
	(void)act(w, id, DISPATCHER, "dispatch", lead(w, w->org), OK);
	(void)act(w, id, HANDLER, "sign", "", OK);
	(void)act(w, id, HANDLER, "reply", "verdict=solved;note=灯已经换好", OK);
}

static void close_it(struct world *w, int64_t id)
{
	(void)act(w, id, VERIFIER, "verify", "", OK);
	(void)act(w, id, VERIFIER, "close", "", OK);
}

static void test_reporter(void **state)
{
	struct config cfg = {.public_url = "https://gz.example.cn"};
	struct world w;
	struct tail t;
	struct db_conn *c;
	struct str address;
	struct matter m;
	int64_t id, none;

	start(&w, *state, &t, &cfg);
	id = file_with(&w, "家里的秘密：楼道灯坏了", "anna@example.cn", "en", false);
	none = file_with(&w, "没有留地址", NULL, "zh", false);
	m = get(&w, id);
	assert_true(str_eqz(m.lang, "en"));
	assert_true(str_find(m.fields, STR("anna")) < 0); /* sealed, not in the open JSON */
	c = db_read_begin(w.u->db);
	assert_int_equal(OK, matter_reporter_mail(c, w.u->a, &m, &address));
	db_read_end(c);
	assert_true(str_eqz(address, "anna@example.cn"));
	assert_int_equal(0, mailed(&w, &t)); /* filing is answered on the page */
	(void)act(&w, id, DISPATCHER, "ask-back", "note=几栋？", OK);
	assert_int_equal(1, mailed(&w, &t));
	assert_true(str_eqz(mails[0].to, "anna@example.cn"));
	assert_true(str_eqz(mails[0].subject, "大石坝街道 has a question for you"));
	assert_true(str_find(mails[0].body, arena_printf(w.u->a, "https://gz.example.cn/r/%.*s/status", STR_ARG(m.code))) >= 0);
	assert_true(str_find(mails[0].body, STR("秘密")) < 0 && str_find(mails[0].body, STR("几栋")) < 0);
	(void)act(&w, id, REPORTER, "answer-back", "note=三栋", OK);
	assert_int_equal(0, mailed(&w, &t)); /* what he did himself he knows */
	answer(&w, id);
	answer(&w, none);
	assert_int_equal(1, mailed(&w, &t));
	assert_true(str_find(mails[0].subject, STR("has replied")) > 0);
	close_it(&w, id);
	assert_int_equal(1, mailed(&w, &t));
	assert_true(str_find(mails[0].body, STR("closed")) > 0);
	t.seq = 0;
	clock_set(clock_now() + 3 * MS_DAY);
	assert_int_equal(0, mailed(&w, &t)); /* read again from the start: nothing of it is news */
	end(&w);
}

static void test_refused_without_address(void **state)
{
	struct config cfg = {.public_url = ""};
	struct world w;
	struct tail t;
	struct matter m;
	int64_t id;

	start(&w, *state, &t, &cfg);
	id = file_with(&w, "不归这里管的", "bo@example.cn", "zh", false);
	m = get(&w, id);
	(void)act(&w, id, DISPATCHER, "refuse", "reason=属于铁路;address=铁路派出所 023-1234567", OK);
	assert_int_equal(1, mailed(&w, &t));
	assert_true(str_eqz(mails[0].subject, "您向大石坝街道反映的事没有受理"));
	assert_true(str_find(mails[0].body, m.code) > 0); /* no public address is configured: the code itself */
	end(&w);
}

static void test_followers(void **state)
{
	struct config cfg = {.public_url = "https://gz.example.cn"};
	struct world w;
	struct tail t;
	struct matter_follower quiet = {.code = STR("QQQQ-QQQQ-QQQQ"), .address = STR(""), .lang = STR("zh")};
	struct matter_follower told = {.code = STR("TTTT-TTTT-TTTT"), .address = STR("carl@example.cn"), .lang = STR("en")};
	struct matter_follower got, bad = {.code = STR("BBBB-BBBB-BBBB"), .address = STR("no address")};
	struct db_conn *c;
	int64_t first, second, n;

	start(&w, *state, &t, &cfg);
	first = file_with(&w, "步道塌了", "dora@example.cn", "zh", true);
	second = file_with(&w, "步道的木地板塌了", NULL, "zh", true);
	quiet.matter = told.matter = bad.matter = first;
	assert_int_equal(OK, db_write(w.u->db, follow_it, &quiet));
	assert_int_equal(OK, db_write(w.u->db, follow_it, &told));
	assert_int_equal(ERR_INPUT, db_write(w.u->db, follow_it, &bad));
	c = db_read_begin(w.u->db);
	assert_int_equal(OK, matter_followers(c, w.u->a, first, &n));
	assert_int_equal(2, n);
	assert_int_equal(OK, matter_follow_load(c, w.u->a, told.code, &got));
	assert_true(str_eqz(got.address, "carl@example.cn") && str_eqz(got.lang, "en") && got.matter == first);
	db_read_end(c);
	/* put together with another: its reporter hears so, those who follow wait for the end of the other */
	(void)act(&w, first, DISPATCHER, "merge", arena_printf(w.u->a, "into=%lld", (long long)second).p, OK);
	assert_int_equal(1, mailed(&w, &t));
	assert_non_null(to("dora@example.cn"));
	answer(&w, second);
	assert_int_equal(0, mailed(&w, &t));
	close_it(&w, second);
	assert_int_equal(2, mailed(&w, &t));
	assert_non_null(to("dora@example.cn"));
	assert_non_null(to("carl@example.cn"));
	assert_true(str_find(to("carl@example.cn")->body, STR("/r/TTTT-TTTT-TTTT/status")) > 0);
	assert_true(str_find(to("carl@example.cn")->subject, STR("What you follow")) == 0);
	end(&w);
}

static void test_follower_changes_his_mind(void **state)
{
	struct config cfg = {.public_url = "https://gz.example.cn"};
	struct world w;
	struct tail t;
	struct matter_follower f = {.code = STR("FFFF-FFFF-FFFF"), .address = STR("eve@example.cn"), .lang = STR("zh")}, none;

	start(&w, *state, &t, &cfg);
	f.matter = file_with(&w, "路灯不亮", NULL, "zh", true);
	assert_int_equal(OK, db_write(w.u->db, follow_it, &f));
	none = f;
	none.address = STR("");
	assert_int_equal(OK, db_write(w.u->db, portal_follow_mail, &none));
	(void)act(&w, f.matter, REPORTER, "withdraw", "", OK);
	assert_int_equal(0, mailed(&w, &t));
	end(&w);
}

/* ---- the reporter adds, changes and takes away his address ---- */

static enum err set_mail(struct world *w, int64_t matter, const char *address, const char *lang)
{
	struct matter_mail x = {.matter = matter, .address = str_from(address), .lang = str_from(lang)};

	return db_write(w->u->db, matter_reporter_mail_set, &x);
}

/* What the journal says of it, "added changed removed", and nothing that was typed. */
static struct str told(struct world *w, int64_t matter)
{
	struct db_conn *c = db_read_begin(w->u->db);
	struct str all = STR("");
	struct journal_entry *v;
	size_t n;

	assert_int_equal(OK, journal_of_subject(c, w->u->a, matter, &v, &n));
	db_read_end(c);
	for (size_t i = 0; i < n; i++) {
		assert_true(str_find(v[i].data, STR("@")) < 0 && str_find(v[i].data, STR("example")) < 0);
		if (str_eqz(v[i].kind, "reporter.mail"))
			all = arena_cat(w->u->a, all, str_sub(v[i].data, 10, v[i].data.n - 11));
	}
	return all;
}

static struct str address_of(struct world *w, int64_t matter)
{
	struct db_conn *c = db_read_begin(w->u->db);
	struct str address;
	struct matter m;

	assert_int_equal(OK, matter_get(c, w->u->a, matter, &m));
	assert_int_equal(OK, matter_reporter_mail(c, w->u->a, &m, &address));
	db_read_end(c);
	return address;
}

static void test_reporter_changes_his_mind(void **state)
{
	struct config cfg = {.public_url = "https://gz.example.cn"};
	struct world w;
	struct tail t;
	struct matter before, after;
	int64_t id;

	start(&w, *state, &t, &cfg);
	id = file_with(&w, "楼道灯坏了", NULL, "zh", false);
	before = get(&w, id);
	assert_true(matter_takes_mail(&before));
	assert_int_equal(OK, set_mail(&w, id, "", "zh")); /* none before, none now: nothing to tell */
	assert_int_equal(0, told(&w, id).n);
	assert_int_equal(ERR_INPUT, set_mail(&w, id, "anna at example", "zh"));
	assert_int_equal(ERR_INPUT, set_mail(&w, id, "a@example.cn\r\nBcc: b@example.cn", "zh"));
	assert_int_equal(ERR_NOT_FOUND, set_mail(&w, id + 1, "anna@example.cn", "zh"));
	assert_int_equal(OK, set_mail(&w, id, " ａnna＠example.cn ", "en"));
	assert_true(str_eqz(address_of(&w, id), "anna@example.cn"));
	after = get(&w, id);
	assert_true(str_find(after.fields, STR("anna")) < 0);  /* sealed */
	assert_int_equal(before.version, after.version);       /* a step that was begun on the desk goes through */
	(void)act(&w, id, DISPATCHER, "ask-back", "note=几栋？", OK);
	assert_int_equal(1, mailed(&w, &t));
	assert_true(str_eqz(mails[0].to, "anna@example.cn"));
	assert_true(str_find(mails[0].subject, STR("has a question for you")) > 0); /* in the language of the page on which he left it */
	(void)act(&w, id, REPORTER, "answer-back", "note=三栋", OK);
	assert_int_equal(OK, set_mail(&w, id, "anna@example.cn", "en")); /* the same again */
	assert_int_equal(OK, set_mail(&w, id, "berta@example.cn", "zh"));
	answer(&w, id);
	assert_int_equal(1, mailed(&w, &t));
	assert_true(str_eqz(mails[0].to, "berta@example.cn"));
	assert_true(str_find(mails[0].subject, STR("答复了您反映的事")) > 0);
	assert_int_equal(OK, set_mail(&w, id, "", "zh"));
	assert_int_equal(0, address_of(&w, id).n);
	close_it(&w, id);
	assert_int_equal(0, mailed(&w, &t));
	assert_true(str_eqz(told(&w, id), "\"added\"\"changed\"\"removed\""));
	end(&w);
}

/* ---- what waits goes with the address ---- */

static struct { struct world *w; int64_t one, two; } leaving;

static void both_leave(void)
{
	assert_int_equal(OK, set_mail(leaving.w, leaving.one, "", "zh"));
	assert_int_equal(OK, set_mail(leaving.w, leaving.two, "", "zh"));
}

static void test_what_waits(void **state)
{
	struct config cfg = {.public_url = "https://gz.example.cn"};
	struct world w;
	struct tail t;
	struct matter_follower f = {.code = STR("GGGG-GGGG-GGGG"), .address = STR("gerd@example.cn"), .lang = STR("zh")}, none;
	struct matter_follower g = {.code = STR("HHHH-HHHH-HHHH"), .address = STR("hans@example.cn"), .lang = STR("zh")};
	int64_t one, two, kept;

	start(&w, *state, &t, &cfg);
	one = file_with(&w, "楼道灯坏了", "anna@example.cn", "zh", true);
	two = file_with(&w, "井盖丢了", "berta@example.cn", "zh", true);
	kept = file_with(&w, "路面塌了", "carl@example.cn", "zh", true);
	f.matter = g.matter = kept;
	assert_int_equal(OK, db_write(w.u->db, follow_it, &f));
	assert_int_equal(OK, db_write(w.u->db, follow_it, &g));
	(void)act(&w, one, DISPATCHER, "ask-back", "note=几栋？", OK);
	(void)act(&w, two, DISPATCHER, "ask-back", "note=哪里？", OK);
	answer(&w, kept);
	close_it(&w, kept);
	assert_int_equal(OK, db_write(w.u->db, follow_journal, &t)); /* queued, nothing sent */
	assert_int_equal(OK, set_mail(&w, one, "", "zh"));
	assert_int_equal(OK, set_mail(&w, two, "bella@example.cn", "zh"));
	none = f;
	none.address = STR("");
	assert_int_equal(OK, db_write(w.u->db, portal_follow_mail, &none));
	assert_int_equal(3, mailed(&w, &t)); /* the answer and the end of the one that is kept, and its other follower's */
	assert_non_null(to("carl@example.cn"));
	assert_non_null(to("hans@example.cn"));
	assert_null(to("anna@example.cn"));
	assert_null(to("bella@example.cn"));
	/* taken back while the mail before it is on its way: both were claimed together */
	leaving.w = &w;
	leaving.one = file_with(&w, "树倒了", "dora@example.cn", "zh", true);
	leaving.two = file_with(&w, "水管破了", "eve@example.cn", "zh", true);
	(void)act(&w, leaving.one, DISPATCHER, "ask-back", "note=几栋？", OK);
	(void)act(&w, leaving.two, DISPATCHER, "ask-back", "note=哪里？", OK);
	meanwhile = both_leave;
	assert_int_equal(1, mailed(&w, &t));
	meanwhile = NULL;
	assert_int_equal(0, mailed(&w, &t));
	end(&w);
}

/* ---- contact: one rule whoever files ---- */

static enum err prepared(struct world *w, const char *category, struct matter_value contact, int64_t filed_by, bool import)
{
	struct matter_value v[] = {{STR("what"), STR("老板拖欠工资")}, contact};
	struct matter_new m = {.scenario = scenario_current(STR("resident-report")), .values = v, .nvalues = contact.field.n ? 2 : 1, .place = w->grid,
			       .category = str_from(category), .channel = STR("proxy"), .lon = NAN, .lat = NAN, .filed_by = filed_by};
	enum err e;

	if (import)
		m.source = STR("old"), m.source_id = STR("1");
	e = matter_prepare(w->u->a, &m, clock_now());
	if (e == ERR_INPUT && contact.field.n == 0) {
		assert_true(str_eqz(m.why_field, "phone"));
		assert_non_null(m.said.fmt); /* sayable in English */
	}
	return e;
}

static void test_contact(void **state)
{
	const struct matter_value none = {STR(""), STR("")};
	struct config cfg = {.public_url = ""};
	struct world w;
	struct tail t;

	start(&w, *state, &t, &cfg);
	assert_int_equal(ERR_INPUT, prepared(&w, "people.wages", none, 0, false));
	assert_int_equal(ERR_INPUT, prepared(&w, "people.wages", none, w.worker, false)); /* nor by somebody of the staff */
	assert_int_equal(OK, prepared(&w, "people.wages", (struct matter_value){STR("phone"), STR("13812345678")}, w.worker, false));
	assert_int_equal(OK, prepared(&w, "people.wages", (struct matter_value){STR("email"), STR("a@example.cn")}, 0, false));
	assert_int_equal(OK, prepared(&w, "people.wages", (struct matter_value){STR("email"), STR("ａ＠example.cn")}, 0, false));
	assert_int_equal(ERR_INPUT, prepared(&w, "people.wages", (struct matter_value){STR("email"), STR("a at example")}, 0, false));
	assert_int_equal(OK, prepared(&w, "", none, w.worker, false));
	assert_int_equal(OK, prepared(&w, "public.lamp", none, 0, false));
	assert_int_equal(OK, prepared(&w, "people.wages", none, 0, true)); /* what another system took is taken */
	end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(test_reporter), UNIT_BOTH(test_refused_without_address), UNIT_BOTH(test_followers),
		UNIT_BOTH(test_follower_changes_his_mind), UNIT_BOTH(test_reporter_changes_his_mind), UNIT_BOTH(test_what_waits), UNIT_BOTH(test_contact),
	};

	return UNIT_MAIN(tests);
}
