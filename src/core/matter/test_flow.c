/* Between several hands: who helps, who is asked back, what goes to the district, what is merged, what the resident says at the end. */
#include "core/matter/testing.h"
#include "core/notify/notify.h"

enum { REPORTER, DISPATCHER, HANDLER, VERIFIER, COMMANDER, STRANGER, WORKER, DISTRICT, CLERK };

/* How many matters wait for somebody; is `id` one of them? */
static size_t inbox(struct world *w, int who, int64_t id, bool *there)
{
	const struct actor_session *s = &w->who[who];
	struct str roles[8], from[8], to[8];
	int64_t orgs[8];
	struct matter_inbox in = {.roles = roles, .from = from, .to = to, .orgs = orgs, .n = s->nrights, .actor = s->id, .limit = 200};
	struct db_conn *c = db_read_begin(w->u->db);
	struct matter_inbox_counts counts;
	struct matter_page page;

	for (size_t i = 0; i < s->nrights; i++) {
		roles[i] = s->rights[i].role;
		from[i] = s->rights[i].place;
		to[i] = place_after(w->u->a, s->rights[i].place);
		orgs[i] = s->rights[i].org;
	}
	assert_int_equal(OK, matter_inbox_page(c, w->u->a, &in, &page));
	assert_int_equal(OK, matter_inbox_count(c, w->u->a, &in, clock_now(), &counts));
	assert_int_equal(page.n, counts.late + counts.soon + counts.in_time + counts.no_clock);
	db_read_end(c);
	*there = false;
	for (size_t i = 0; i < page.n; i++)
		*there |= page.v[i].id == id;
	return page.n;
}

static bool waits(struct world *w, int who, int64_t id)
{
	bool there;

	inbox(w, who, id, &there);
	return there;
}

static bool offered(struct world *w, int who, int64_t id, const char *action)
{
	struct matter m = get(w, id);
	struct matter_actor by = {.who = who ? &w->who[who] : NULL, .reporter = who == 0};
	int *v;
	size_t n;

	assert_int_equal(OK, matter_actions(&m, &by, clock_now(), w->u->a, &v, &n));
	for (size_t i = 0; i < n; i++)
		if (str_eqz(matter_scenario(&m)->actions[v[i]].id, action))
			return true;
	return false;
}

static const char *with(struct world *w, const char *fmt, int64_t x, int64_t y)
{
	struct str s = str_from(fmt);
	ptrdiff_t at = str_find(s, STR("%2"));

	if (at >= 0)
		s = arena_printf(w->u->a, "%.*s%lld%.*s", (int)at, s.p, (long long)y, (int)(s.n - (size_t)at - 2), s.p + at + 2);
	at = str_find(s, STR("%1"));
	if (at >= 0)
		s = arena_printf(w->u->a, "%.*s%lld%.*s", (int)at, s.p, (long long)x, (int)(s.n - (size_t)at - 2), s.p + at + 2);
	return s.p;
}

static void test_helpers(void **state)
{
	struct world w;
	struct matter_act x;
	struct matter m;
	int64_t id;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "两家一起办", "request", "");
	act(&w, id, DISPATCHER, "dispatch", with(&w, "lead=%1;cohandlers=77777", w.org, 0), ERR_INPUT);
	act(&w, id, DISPATCHER, "dispatch", with(&w, "lead=%1;cohandlers=x", w.org, 0), ERR_INPUT);
	/* the lead named once more as a helper is the lead only */
	act(&w, id, DISPATCHER, "dispatch", arena_printf(w.u->a, "lead=%lld;cohandlers=%lld,%lld,%lld,%lld", (long long)w.org, (long long)w.other_org,
							 (long long)w.dept, (long long)w.org, (long long)w.dept).p, OK);
	m = get(&w, id);
	assert_int_equal(m.nparts, 2);
	assert_true(waits(&w, STRANGER, id) && waits(&w, CLERK, id) && waits(&w, HANDLER, id));
	assert_true(matter_helps(&m, &w.who[STRANGER], true) && !matter_helps(&m, &w.who[HANDLER], false));
	assert_true(offered(&w, STRANGER, id, "part") && !offered(&w, STRANGER, id, "sign") && !offered(&w, HANDLER, id, "part"));

	act(&w, id, HANDLER, "sign", "", OK);
	x = act(&w, id, HANDLER, "reply", "verdict=solved;note=好", ERR_RULE);
	assert_non_null(strstr(x.why.p, "平安法治板块、区城管局"));
	act(&w, id, STRANGER, "part", "note=我们清了消防通道", OK);
	assert_false(waits(&w, STRANGER, id));
	act(&w, id, STRANGER, "part", "note=又来一次", ERR_FORBIDDEN);
	x = act(&w, id, HANDLER, "reply", "verdict=solved;note=好", ERR_RULE);
	assert_null(strstr(x.why.p, "平安法治板块"));
	act(&w, id, CLERK, "part", "note=我们拆了线", OK);
	m = get(&w, id);
	assert_true(m.nparts == 2 && m.parts[0].done && m.parts[1].done && !m.parts[0].open);
	act(&w, id, HANDLER, "reply", "verdict=solved;note=好", OK);
	assert_true(waits(&w, VERIFIER, id));
	end(&w);
}

/* A reply that did not wait takes the matter out of the helpers' hands; sent back, it lies there again. A new dispatch asks anew. */
static void test_helpers_come_and_go(void **state)
{
	struct world w;
	struct matter_act x = {.version = -1};
	struct matter_value v[] = {{STR("verdict"), STR("solved")}, {STR("note"), STR("先答复")}};
	int64_t id;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "不等协办", "request", "");
	act(&w, id, DISPATCHER, "dispatch", with(&w, "lead=%1;cohandlers=%2", w.org, w.dept), OK);
	act(&w, id, HANDLER, "sign", "", OK);
	x = (struct matter_act){.id = id, .version = -1, .action = STR("reply"), .values = v, .nvalues = 2, .override_reason = STR("群众等着用水"),
				.by.who = &w.who[HANDLER], .arena = w.u->a};
	assert_int_equal(OK, db_write(w.u->db, matter_do, &x));
	assert_false(waits(&w, CLERK, id));
	act(&w, id, VERIFIER, "redo", "reason=还漏水", OK);
	assert_true(waits(&w, CLERK, id));
	act(&w, id, DISPATCHER, "escalate", "reason=管网是区里的", OK);
	assert_false(waits(&w, CLERK, id));
	act(&w, id, DISTRICT, "district-dispatch", with(&w, "lead=%1", w.dept, 0), OK);
	assert_int_equal(get(&w, id).nparts, 0);
	assert_true(waits(&w, CLERK, id)); /* now it leads */
	end(&w);
}

static void test_district(void **state)
{
	struct world w;
	struct matter m;
	int64_t id;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "跨街道的施工", "complaint", "");
	act(&w, id, DISPATCHER, "accept", "", OK);
	assert_false(waits(&w, DISTRICT, id));
	act(&w, id, HANDLER, "escalate", "reason=我想推", ERR_FORBIDDEN);
	act(&w, id, DISPATCHER, "escalate", "", ERR_INPUT);
	act(&w, id, DISPATCHER, "escalate", "reason=两个街道的路", OK);
	m = get(&w, id);
	assert_true(waits(&w, DISTRICT, id) && !waits(&w, DISPATCHER, id));
	/* the town still sees it: its place has not changed */
	assert_true(actor_may(&w.who[DISPATCHER], "matter.read", m.place));
	act(&w, id, DISPATCHER, "dispatch", lead(&w, w.org), ERR_CONFLICT);
	act(&w, id, DISTRICT, "hand-back", "reason=镇街权限内", OK);
	assert_true(waits(&w, DISPATCHER, id) && !waits(&w, DISTRICT, id));
	act(&w, id, DISPATCHER, "escalate", "reason=镇街没有执法权", OK);
	act(&w, id, DISTRICT, "district-reply", "verdict=explained;note=区里已责令夜间停工", OK);
	assert_true(waits(&w, VERIFIER, id));
	end(&w);
}

static void test_ask_back(void **state)
{
	struct world w;
	int64_t id, due;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "那里很吵", "complaint", "");
	due = get(&w, id).due;
	at("2026-03-02 11:00");
	act(&w, id, DISPATCHER, "ask-back", "note=哪一栋？", OK);
	assert_true(get(&w, id).suspended_since && !waits(&w, DISPATCHER, id));
	at("2026-03-03 09:00");
	act(&w, id, REPORTER, "answer-back", "note=3 栋", OK);
	state_is(&w, id, "accepted");
	/* one hour was left, and is left: the clock stood still */
	assert_int_equal(get(&w, id).due - clock_now(), due - ms("2026-03-02 11:00"));
	assert_true(waits(&w, DISPATCHER, id));
	end(&w);
}

static void handled(struct world *w, int64_t id)
{
	act(w, id, DISPATCHER, "dispatch", lead(w, w->org), OK);
	act(w, id, HANDLER, "sign", "", OK);
	act(w, id, HANDLER, "reply", "verdict=solved;note=好了", OK);
	act(w, id, VERIFIER, "verify", "", OK);
	act(w, id, VERIFIER, "close", "", OK);
}

/* "Not solved" is put before somebody again; what each side said stays three facts. */
static void test_second_look(void **state)
{
	struct world w;
	struct matter m;
	int64_t id, closed, content;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "路灯", "request", "");
	content = file(&w, "满意的", "request", "");
	handled(&w, id);
	handled(&w, content);
	act(&w, content, REPORTER, "judge", "score=5;solved=yes", OK);
	state_is(&w, content, "judged");
	assert_false(waits(&w, DISPATCHER, content));
	act(&w, id, REPORTER, "judge", "score=1;solved=no;note=还是黑的", OK);
	m = get(&w, id);
	state_is(&w, id, "second-look");
	assert_true(waits(&w, DISPATCHER, id) && m.due && m.kind == STATE_DONE);
	assert_true(m.judge_score == 1 && m.judge_solved == -1 && str_eqz(m.verdict, "solved") && m.excluded == 0);
	act(&w, id, DISPATCHER, "uphold", "", ERR_INPUT);
	act(&w, id, HANDLER, "uphold", "reason=我说好了", ERR_FORBIDDEN);
	act(&w, id, COMMANDER, "exclude", "reason=供电局停电", OK);
	act(&w, id, DISPATCHER, "uphold", "reason=停电与路灯无关，已派人复查", OK);
	m = get(&w, id);
	closed = m.closed;
	assert_true(closed && m.judge_solved == -1 && str_eqz(m.verdict, "solved") && m.excluded);
	assert_false(waits(&w, DISPATCHER, id));
	/* and the resident may still have it reopened */
	act(&w, id, REPORTER, "reopen", "note=还是黑的", OK);
	assert_true(waits(&w, DISPATCHER, id) && get(&w, id).judge_solved == -1);
	end(&w);
}

static void test_extension(void **state)
{
	struct world w;
	struct matter m;
	struct matter_step *v;
	struct db_conn *c;
	int64_t id, due;
	size_t n;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "换管道", "request", "");
	act(&w, id, DISPATCHER, "dispatch", lead(&w, w.org), OK);
	act(&w, id, HANDLER, "sign", "", OK);
	due = get(&w, id).due;
	act(&w, id, DISPATCHER, "deny-extension", "reason=没人申请", ERR_RULE);
	act(&w, id, HANDLER, "request-extension", "extra=2wd;reason=等配件", OK);
	m = get(&w, id);
	c = db_read_begin(w.u->db);
	assert_int_equal(OK, matter_timeline(c, w.u->a, &m, &v, &n));
	db_read_end(c);
	assert_non_null(matter_wish(matter_scenario(&m), v, n));
	act(&w, id, DISPATCHER, "deny-extension", "reason=配件明天到", OK);
	assert_int_equal(get(&w, id).due, due);
	act(&w, id, DISPATCHER, "extend", "extra=2wd", ERR_RULE); /* denied: nothing is asked any more */
	act(&w, id, HANDLER, "request-extension", "extra=1wd;reason=配件后天到", OK);
	act(&w, id, DISPATCHER, "extend", "extra=1wd", OK);
	assert_true(get(&w, id).due > due);
	end(&w);
}

/* ---- merging ---- */

static int64_t notices(struct world *w, int64_t account)
{
	struct db_conn *c = db_read_begin(w->u->db);
	struct notice *v;
	int64_t count;
	size_t n;

	assert_int_equal(OK, notify_unread(c, w->u->a, account, 50, &v, &n, &count));
	db_read_end(c);
	return count;
}

static int64_t file_by(struct world *w, const char *what, int64_t reporter)
{
	struct matter_value v[] = {{STR("what"), str_from(what)}};
	struct matter_new m = {.scenario = scenario_current(STR("resident-report")), .values = v, .nvalues = 1, .place = w->grid, .channel = STR("web"),
			       .lon = NAN, .lat = NAN, .reporter = reporter};

	assert_int_equal(OK, matter_prepare(w->u->a, &m, clock_now()));
	assert_int_equal(OK, db_write(w->u->db, matter_file, &m));
	return m.id;
}

static void test_merge(void **state)
{
	struct world w;
	struct matter m;
	struct matter_step *v;
	struct db_conn *c;
	int64_t first, second, third, *ids, before;
	size_t n;

	begin(&w, *state);
	at("2026-03-02 10:00");
	/* accounts that are not asked by their roles: whoever reports is told as a reporter */
	first = file_by(&w, "路灯坏了", w.verifier);
	second = file_by(&w, "路灯还是坏的", w.worker);
	third = file_by(&w, "没人修路灯", w.clerk);
	act(&w, third, DISPATCHER, "merge", with(&w, "into=%1", second, 0), OK);
	before = notices(&w, w.verifier);
	act(&w, second, DISPATCHER, "merge", with(&w, "into=%1", first, 0), OK);
	assert_int_equal(notices(&w, w.verifier), before + 1); /* the main one's reporter */
	assert_int_equal(get(&w, third).merged_into, first);   /* those that followed follow on */
	c = db_read_begin(w.u->db);
	assert_int_equal(OK, matter_merged(c, w.u->a, first, &ids, &n));
	assert_int_equal(n, 2);
	m = get(&w, first);
	assert_int_equal(OK, matter_timeline(c, w.u->a, &m, &v, &n));
	db_read_end(c);
	assert_string_equal("joined", v[n - 1].action.p);
	assert_int_equal(v[n - 1].actor, w.dispatcher);
	before = notices(&w, w.worker);
	act(&w, first, DISPATCHER, "dispatch", lead(&w, w.org), OK);
	assert_int_equal(notices(&w, w.worker), before + 1);
	assert_true(notices(&w, w.clerk) > 0);
	end(&w);
}

/* ---- the category is corrected in the same step ---- */

static int64_t filed_in(struct world *w, const char *category)
{
	struct db_conn *c = db_read_begin(w->u->db);
	struct matter_total_row *v;
	int64_t filed = 0;
	size_t n;

	assert_int_equal(OK, matter_totals_by_category(c, w->u->a, w->town, 20000, 21000, &v, &n));
	for (size_t i = 0; i < n; i++)
		if (str_eqz(v[i].name, category))
			filed += v[i].filed;
	db_read_end(c);
	return filed;
}

static void test_category(void **state)
{
	struct world w;
	struct journal_tailer *t[2];
	int64_t id;

	begin(&w, *state);
	at("2026-03-02 10:00");
	assert_int_equal(OK, matter_tailers(w.u->db, t));
	id = file(&w, "门口的灯", "request", "city.garbage");
	journal_tail_drain(t[1]);
	assert_int_equal(filed_in(&w, "city.garbage"), 1);
	act(&w, id, DISPATCHER, "accept", "category=no.such", ERR_INPUT);
	act(&w, id, DISPATCHER, "accept", "category=public.lamp", OK);
	assert_string_equal("public.lamp", get(&w, id).category.p);
	journal_tail_drain(t[1]);
	assert_int_equal(filed_in(&w, "city.garbage"), 0);
	assert_int_equal(filed_in(&w, "public.lamp"), 1);
	act(&w, id, DISPATCHER, "dispatch", lead(&w, w.org), OK);
	assert_string_equal("public.lamp", get(&w, id).category.p);
	journal_tail_stop(t[0]);
	journal_tail_stop(t[1]);
	end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(test_helpers), UNIT_BOTH(test_helpers_come_and_go), UNIT_BOTH(test_district), UNIT_BOTH(test_ask_back),
		UNIT_BOTH(test_second_look), UNIT_BOTH(test_extension), UNIT_BOTH(test_merge), UNIT_BOTH(test_category),
	};

	return UNIT_MAIN(tests);
}
