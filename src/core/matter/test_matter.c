#include "core/journal/journal.sql.h"
#include "core/matter/testing.h"
#include "db/search.h"

/* ---- tests ---- */

static void test_life(void **state)
{
	struct world w;
	int64_t id;
	struct matter m;
	struct matter_step *steps;
	struct db_conn *c;
	size_t n;

	begin(&w, *state);
	at("2026-03-02 10:00"); /* a Monday */
	id = file(&w, "路灯不亮，电话13812345678", "request", "public.lamp2");
	m = get(&w, id);
	assert_true(str_eqz(m.state, "filed") && m.due == ms("2026-03-02 12:00") && m.total_due == ms("2026-03-12 18:00"));
	assert_true(str_eqz(m.title, "路灯不亮，电话138****5678"));
	assert_int_equal(-1, str_find(m.fields, STR("phone"))); /* personal: not in the open JSON */
	act(&w, id, 1, "accept", "", OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-02 12:00")); /* the same two hours */
	act(&w, id, 1, "dispatch", lead(&w, w.org), OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-03 18:00"));
	assert_int_equal(get(&w, id).holder_org, w.org);
	at("2026-03-03 09:00");
	act(&w, id, 2, "sign", "", OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-10 18:00")); /* five working days */
	act(&w, id, 2, "start", "", OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-10 18:00"));
	act(&w, id, 2, "reply", "verdict=solved;note=已经换了灯泡", OK);
	act(&w, id, 3, "verify", "", OK);
	at("2026-03-04 09:00");
	act(&w, id, 3, "close", "", OK);
	m = get(&w, id);
	assert_true(m.kind == STATE_CLOSED && m.closed == clock_now() && m.due == 0 && str_eqz(m.verdict, "solved"));
	act(&w, id, 0, "judge", "score=5;solved=yes", OK);
	m = get(&w, id);
	assert_true(m.judge_score == 5 && m.judge_solved == 1 && m.judged && str_eqz(m.verdict, "solved") && m.excluded == 0);
	act(&w, id, 4, "exclude", "reason=重复", OK);
	m = get(&w, id); /* three facts side by side */
	assert_true(m.excluded && m.judge_score == 5 && str_eqz(m.verdict, "solved"));
	c = db_read_begin(w.u->db);
	assert_int_equal(OK, matter_timeline(c, w.u->a, &m, &steps, &n));
	assert_int_equal(n, 10);
	for (size_t i = 0; i < n; i++)
		assert_true(steps[i].seq > (i ? steps[i - 1].seq : 0));
	assert_true(str_eqz(steps[6].note, "已经换了灯泡") || str_eqz(steps[5].note, "已经换了灯泡"));
	assert_true(str_eqz(steps[2].actor_name, "dispatcher"));
	assert_int_equal(OK, matter_values(c, w.u->a, &m, true));
	assert_true(str_eqz(m.values[m.nvalues - 1].field, "phone") && str_eqz(m.values[m.nvalues - 1].value, "13812345678"));
	db_read_end(c);
	end(&w);
}

static void test_refusals(void **state)
{
	struct world w;
	struct matter_act x;
	int64_t id, other;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "问题", "request", "");
	x = act(&w, id, 0, "dispatch", lead(&w, w.org), ERR_FORBIDDEN);
	assert_true(x.why.n > 0);
	act(&w, id, 2, "dispatch", lead(&w, w.org), ERR_FORBIDDEN);
	act(&w, id, 1, "nothing", "", ERR_INPUT);
	x = act(&w, id, 1, "dispatch", "", ERR_INPUT);
	assert_true(str_eqz(x.why_field, "lead"));
	act(&w, id, 1, "dispatch", "lead=abc", ERR_INPUT);
	act(&w, id, 1, "dispatch", "lead=1;colour=red", ERR_INPUT);
	act(&w, id, 3, "verify", "", ERR_CONFLICT);
	act(&w, id, 1, "refuse", "reason=不归我们管", ERR_INPUT); /* the right address is missing */
	act(&w, id, 1, "merge", "into=0000-0000-0000", ERR_INPUT);
	act(&w, id, 1, "dispatch", lead(&w, w.org), OK);
	act(&w, id, 5, "sign", "", ERR_FORBIDDEN); /* the same role, another organisation */
	act(&w, id, 2, "return", "reason=不是我们的", ERR_INPUT); /* to whom instead? */
	act(&w, id, 2, "return", arena_printf(w.u->a, "reason=不是我们的;suggest=%lld", (long long)w.other_org).p, OK);
	assert_int_equal(get(&w, id).holder_org, 0);
	act(&w, id, 1, "dispatch", lead(&w, w.other_org), OK);
	act(&w, id, 5, "sign", "", OK);
	x = act(&w, id, 5, "reply", "verdict=cannot;note=不能", ERR_RULE);
	assert_true(str_find(x.why, STR("理由")) >= 0);
	act(&w, id, 5, "reply", "verdict=cannot;note=不能;reason=产权属于个人，没有法律依据", OK);
	other = file(&w, "同一件", "request", "");
	act(&w, other, 1, "merge", arena_printf(w.u->a, "into=%.*s", STR_ARG(get(&w, id).code)).p, OK);
	assert_int_equal(get(&w, other).merged_into, id);
	other = file(&w, "撤回", "request", "");
	act(&w, other, 0, "withdraw", "", OK);
	state_is(&w, other, "withdrawn");
	other = file(&w, "不受理", "request", "");
	act(&w, other, 1, "refuse", "reason=属于法院;address=区法院 12368", OK);
	assert_int_equal(get(&w, other).kind, STATE_REFUSED);
	end(&w);
}

static enum err put_duty(struct tx *tx, void *arg)
{
	struct str why;
	size_t n;

	return duty_import_csv(tx, str_from(arg), STR(""), &n, tx->arena, &why);
}

static void test_guard(void **state)
{
	struct world w;
	struct matter_act x;
	int64_t id;

	begin(&w, *state);
	at("2026-03-02 10:00");
	assert_int_equal(OK, db_write(w.u->db, put_duty, (void *)(uintptr_t)"category,owner,source\npublic.lamp,department,示例\n"));
	id = file(&w, "路灯", "request", "public.lamp");
	x = act(&w, id, 1, "dispatch", lead(&w, w.org), ERR_RULE);
	assert_true(str_find(x.why, STR("66号")) >= 0);
	state_is(&w, id, "filed");
	act(&w, id, 1, "dispatch", lead(&w, w.dept), OK);
	end(&w);
}

static void test_two_at_once(void **state)
{
	struct world w;
	struct matter_act x = {.action = STR("accept"), .version = 1, .arena = ((struct unit *)*state)->a};
	int64_t id;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "两人同时", "request", "");
	act(&w, id, 1, "accept", "", OK);
	x.id = id;
	x.by.who = &w.who[1];
	assert_int_equal(ERR_CONFLICT, db_write(w.u->db, matter_do, &x));
	assert_true(str_find(x.why, STR("dispatcher")) >= 0 && str_find(x.why, STR("受理")) >= 0);
	assert_int_equal(get(&w, id).version, 2);
	end(&w);
}

/* Somebody with both roles asks, and may not approve. */
static void act_as_both(struct world *w, int64_t id)
{
	struct actor_session both = w->who[2];
	struct actor_right rights[2];
	struct matter_value v[] = {{STR("extra"), STR("1wd")}, {STR("reason"), STR("自己批自己")}};
	struct matter_act x = {.id = id, .version = -1, .action = STR("extend"), .values = v, .nvalues = 2, .arena = w->u->a};

	rights[0] = w->who[2].rights[0];
	rights[1] = w->who[1].rights[0];
	both.rights = rights;
	both.nrights = 2;
	x.by.who = &both;
	assert_int_equal(ERR_RULE, db_write(w->u->db, matter_do, &x));
	assert_true(str_find(x.why, STR("不能自己批准")) >= 0);
}

static void test_clocks(void **state)
{
	struct world w;
	struct matter_act x;
	int64_t id;
	int told;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "计时", "request", "");
	assert_int_equal(OK, matter_run_clocks(w.u->db, ms("2026-03-02 11:59"), &told));
	assert_int_equal(told, 0);
	assert_int_equal(OK, matter_run_clocks(w.u->db, ms("2026-03-02 12:00"), &told));
	assert_int_equal(told, 1);
	assert_int_equal(OK, matter_run_clocks(w.u->db, ms("2026-03-02 13:00"), &told));
	assert_int_equal(told, 0); /* once */
	act(&w, id, 1, "dispatch", lead(&w, w.org), OK);
	act(&w, id, 2, "sign", "", OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-09 18:00"));
	assert_int_equal(get(&w, id).total_due, ms("2026-03-12 18:00"));
	at("2026-03-04 15:00");
	act(&w, id, 2, "ask", "note=哪一栋楼", OK);
	assert_true(get(&w, id).suspended_since && get(&w, id).kept_due == ms("2026-03-09 18:00"));
	assert_int_equal(matter_clock_colour(&(struct matter){.due = 5, .suspended_since = 3}, 10), 0);
	at("2026-03-06 10:00");
	act(&w, id, 0, "answer", "note=3 栋", OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-11 18:00"));       /* Thursday and Friday stood still */
	assert_int_equal(get(&w, id).total_due, ms("2026-03-16 18:00"));
	assert_int_equal(get(&w, id).suspended_since, 0);
	x = act(&w, id, 1, "extend", "extra=2wd;reason=等配件", ERR_RULE); /* nobody asked */
	assert_true(str_find(x.why, STR("申请")) >= 0 && str_eqz(x.said.fmt ? str_from(x.said.fmt) : STR(""), "%s（依据：%s）"));
	act(&w, id, 2, "request-extension", "extra=2wd;reason=等配件", OK);
	act(&w, id, 1, "extend", "extra=2wd;reason=等配件", OK);
	act(&w, id, 1, "extend", "extra=2wd;reason=再等", ERR_RULE); /* each approval needs its request */
	assert_int_equal(get(&w, id).due, ms("2026-03-13 18:00"));
	act(&w, id, 2, "request-extension", "extra=1wd;reason=还差一点", OK);
	act(&w, id, 2, "extend", "extra=1wd;reason=自己批", ERR_FORBIDDEN);
	act_as_both(&w, id);
	at("2026-03-14 10:00");
	act(&w, id, 1, "extend", "extra=2wd;reason=晚了", ERR_RULE); /* behind the deadline */
	assert_int_equal(matter_clock_colour(&(struct matter){.due = 100, .state_since = 0}, 79), 1);
	assert_int_equal(matter_clock_colour(&(struct matter){.due = 100, .state_since = 0}, 81), 2);
	assert_int_equal(matter_clock_colour(&(struct matter){.due = 100, .state_since = 0}, 100), 3);
	end(&w);
}

static void test_reopen(void **state)
{
	struct world w;
	int64_t id;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = file(&w, "重办", "enquiry", "");
	act(&w, id, 1, "dispatch", lead(&w, w.org), OK);
	act(&w, id, 2, "sign", "", OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-04 18:00")); /* an enquiry: two working days */
	act(&w, id, 2, "reply", "verdict=explained;note=好", OK);
	act(&w, id, 3, "redo", "reason=没有答到点上", OK);
	act(&w, id, 2, "reply", "verdict=explained;note=好", OK);
	act(&w, id, 3, "verify", "", OK);
	act(&w, id, 3, "close", "", OK);
	act(&w, id, 0, "judge", "score=1;solved=no", OK);
	at("2026-03-20 10:00");
	act(&w, id, 0, "reopen", "note=还是不亮", OK);
	assert_true(get(&w, id).reopened == 1 && get(&w, id).closed == 0 && get(&w, id).judge_solved == -1);
	act(&w, id, 1, "dispatch", lead(&w, w.org), OK);
	act(&w, id, 2, "sign", "", OK);
	act(&w, id, 2, "reply", "verdict=solved;note=好", OK);
	act(&w, id, 3, "verify", "", OK);
	act(&w, id, 3, "close", "", OK);
	at("2026-06-20 10:00");
	act(&w, id, 0, "reopen", "note=太晚", ERR_CONFLICT);
	end(&w);
}

static void test_patrol(void **state)
{
	struct world w;
	struct matter_value v[] = {{STR("what"), STR("井盖松动")}, {STR("urgency"), STR("urgent")}};
	struct matter_new m;
	int *buttons;
	size_t n;
	struct matter got;

	begin(&w, *state);
	at("2026-03-02 10:00");
	m = (struct matter_new){.scenario = scenario_current(STR("patrol-finding")), .values = v, .nvalues = 2, .place = w.grid};
	assert_int_equal(OK, matter_prepare(w.u->a, &m, clock_now()));
	assert_int_equal(OK, db_write(w.u->db, matter_file, &m));
	got = get(&w, m.id);
	assert_int_equal(OK, matter_actions(&got, &(struct matter_actor){.who = &w.who[1]}, clock_now(), w.u->a, &buttons, &n));
	assert_int_equal(n, 1); /* a dispatcher may only dismiss what nobody passed on */
	act(&w, m.id, 1, "dismiss", "reason=看过，没有松动", OK);
	state_is(&w, m.id, "void");
	end(&w);
}

static int64_t find(struct world *w, const char *what, const char *urgency)
{
	struct matter_value v[] = {{STR("what"), str_from(what)}, {STR("urgency"), str_from(urgency)}};
	struct matter_new m = {.scenario = scenario_current(STR("patrol-finding")), .values = v, .nvalues = 2, .place = w->grid,
			       .channel = STR("grid"), .filed_by = w->worker, .lon = NAN, .lat = NAN};

	assert_int_equal(OK, matter_prepare(w->u->a, &m, clock_now()));
	assert_int_equal(OK, db_write(w->u->db, matter_file, &m));
	return m.id;
}

/* What a grid worker finds: settled on the spot, or passed on to the end. */
static void test_patrol_path(void **state)
{
	struct world w;
	struct matter m;
	struct matter_act x;
	int *buttons;
	size_t n;
	int64_t id;

	begin(&w, *state);
	at("2026-03-02 10:00");
	id = find(&w, "楼道堆物，当场劝走", "normal");
	m = get(&w, id);
	assert_int_equal(OK, matter_actions(&m, &(struct matter_actor){.who = &w.who[6]}, clock_now(), w.u->a, &buttons, &n));
	assert_int_equal(n, 5); /* settle, pass on, ask for help, for a check, dismiss */
	x = act(&w, id, 6, "dismiss", "", ERR_INPUT);
	assert_true(str_eqz(x.why_field, "reason") && str_eqz(x.why, "这一项要填"));
	act(&w, id, 6, "help", "", OK);
	state_is(&w, id, "helping");
	act(&w, id, 6, "settle", "note=住户自己搬走了", OK);
	m = get(&w, id);
	assert_true(str_eqz(m.state, "done") && m.kind == STATE_CLOSED && m.handler == w.worker && m.closed == clock_now());
	id = find(&w, "井盖破损", "urgent");
	assert_int_equal(get(&w, id).total_due, ms("2026-03-03 18:00"));
	act(&w, id, 6, "pass", "note=要换井盖", OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-02 12:00"));
	act(&w, id, 6, "dispatch", lead(&w, w.org), ERR_FORBIDDEN);
	act(&w, id, 1, "dispatch", lead(&w, w.org), OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-02 16:00")); /* four working hours, with the break at noon */
	act(&w, id, 5, "finish", "verdict=solved;note=不是我的", ERR_FORBIDDEN);
	act(&w, id, 2, "return", arena_printf(w.u->a, "reason=是市政的;suggest=%lld", (long long)w.dept).p, OK);
	act(&w, id, 1, "dispatch", arena_printf(w.u->a, "lead=%lld;cohandlers=%lld", (long long)w.org, (long long)w.dept).p, OK);
	act(&w, id, 2, "return", "reason=是市政的;suggest=市政", ERR_INPUT); /* an organisation, not words */
	act(&w, id, 2, "finish", "verdict=solved;note=换好了", ERR_RULE);    /* a helper has still to add its part */
	act(&w, id, 8, "part", "note=材料送到了", OK);
	act(&w, id, 2, "finish", "verdict=solved;note=换好了", OK);
	act(&w, id, 3, "redo", "reason=还有响声", OK);
	act(&w, id, 2, "finish", "verdict=solved;note=垫平了", OK);
	act(&w, id, 6, "confirm", "", OK); /* who found it may look whether it is so */
	m = get(&w, id);
	assert_true(str_eqz(m.state, "done") && m.handler == w.handler && str_eqz(m.verdict, "solved") && m.version == 10);
	id = find(&w, "牌子歪了", "normal");
	act(&w, id, 6, "dismiss", "reason=已经扶正", OK);
	assert_int_equal(get(&w, id).kind, STATE_REFUSED);
	end(&w);
}

/* ---- two at the same moment ---- */

struct rival {
	struct world *w;
	pthread_barrier_t *start;
	struct matter_act act;
	struct arena arena;
	enum err e;
};

static void *rush(void *arg)
{
	struct rival *r = arg;

	pthread_barrier_wait(r->start);
	r->e = db_write(r->w->u->db, matter_do, &r->act);
	return NULL;
}

static void test_rivals(void **state)
{
	static const char *const actions[] = {"accept", "dispatch"}, *const did[] = {"受理", "分拨"}, *const did_en[] = {"Accept", "Dispatch"};
	struct world w;
	pthread_barrier_t start;

	begin(&w, *state);
	at("2026-03-02 10:00");
	pthread_barrier_init(&start, NULL, 2);
	for (int round = 0; round < 30; round++) {
		struct matter_value v = {STR("lead"), arena_printf(w.u->a, "%lld", (long long)w.org)};
		int64_t id = file(&w, "两人同时", "request", "");
		struct rival r[2];
		pthread_t t[2];
		int winner;

		for (int i = 0; i < 2; i++) {
			r[i] = (struct rival){.w = &w, .start = &start};
			arena_init(&r[i].arena, 0);
			r[i].act = (struct matter_act){.id = id, .version = 1, .action = str_from(actions[i]), .by.who = &w.who[1],
						       .values = &v, .nvalues = (size_t)i, .arena = &r[i].arena};
			assert_int_equal(0, pthread_create(&t[i], NULL, rush, &r[i]));
		}
		for (int i = 0; i < 2; i++)
			pthread_join(t[i], NULL);
		winner = r[0].e == OK ? 0 : 1;
		assert_int_equal(OK, r[winner].e);
		assert_int_equal(ERR_CONFLICT, r[1 - winner].e);
		assert_true(str_find(r[1 - winner].act.why, STR("dispatcher")) >= 0);
		assert_true(str_find(r[1 - winner].act.why, str_from(did[winner])) >= 0);
		assert_true(str_eqz(r[1 - winner].act.said.v[1].en, did_en[winner]));
		assert_int_equal(get(&w, id).version, 2);
		state_is(&w, id, winner ? "dispatched" : "accepted");
		for (int i = 0; i < 2; i++)
			arena_release(&r[i].arena);
	}
	pthread_barrier_destroy(&start);
	end(&w);
}

/* ---- a deadline that waits keeps the unit in which it was set, in any scenario ---- */

static const char third[] =
	"scenario: third\ntitle: {zh: 第三种, en: Third}\nroles:\n  handler: {zh: 承办人, en: Handler}\n"
	"fields:\n  - {id: what, type: text, title: {zh: 事, en: What}, required: true, max: 100}\n"
	"  - id: kind\n    type: choice\n    title: {zh: 类, en: Kind}\n    choices:\n      - {id: a, title: {zh: 甲, en: A}}\n"
	"      - {id: b, title: {zh: 乙, en: B}}\n"
	"states:\n"
	"  new: {title: {zh: 新, en: New}, plain: {zh: 新, en: New}, actors: [handler], clock: {by: kind, a: 3h, else: 2h}}\n"
	"  days: {title: {zh: 天, en: Days}, plain: {zh: 天, en: Days}, actors: [handler], clock: 3wd}\n"
	"  kept: {title: {zh: 续, en: Kept}, plain: {zh: 续, en: Kept}, actors: [handler], clock: keep}\n"
	"  wait: {title: {zh: 等, en: Wait}, plain: {zh: 等, en: Wait}, kind: waiting, actors: [handler], suspends: true}\n"
	"  end: {title: {zh: 完, en: End}, plain: {zh: 完, en: End}, kind: closed}\n"
	"actions:\n"
	"  slow: {title: {zh: 慢, en: Slow}, done: {zh: 慢, en: Slow}, from: new, to: days, by: handler}\n"
	"  keep: {title: {zh: 续, en: Keep}, done: {zh: 续, en: Keep}, from: [new, days], to: kept, by: handler}\n"
	"  hold: {title: {zh: 停, en: Hold}, done: {zh: 停, en: Hold}, from: [new, kept, days], to: wait, by: handler, effect: suspend}\n"
	"  go: {title: {zh: 走, en: Go}, done: {zh: 走, en: Go}, from: wait, to: kept, by: handler, effect: resume}\n"
	"  finish: {title: {zh: 完, en: Finish}, done: {zh: 完, en: Finish}, from: [kept, new, days], to: end, by: handler}\n";

static int64_t file_third(struct world *w)
{
	struct matter_value v[] = {{STR("what"), STR("事")}, {STR("kind"), STR("a")}};
	struct matter_new m = {.scenario = scenario_current(STR("third")), .values = v, .nvalues = 2, .place = w->grid, .lon = NAN, .lat = NAN};

	assert_int_equal(OK, matter_prepare(w->u->a, &m, clock_now()));
	assert_int_equal(OK, db_write(w->u->db, matter_file, &m));
	return m.id;
}

static void test_kept_units(void **state)
{
	struct world w;
	struct str why;
	const char *dir = unit_tmp();
	FILE *f;
	int64_t id;

	begin(&w, *state);
	f = fopen(arena_printf(w.u->a, "%s/third.yaml", dir).p, "w");
	assert_non_null(f);
	fputs(third, f);
	fclose(f);
	if (scenario_load_dir(w.u->db, dir, w.u->a, &why) != OK)
		fail_msg("%.*s", STR_ARG(why));
	at("2026-03-06 16:00"); /* a Friday */
	id = file_third(&w);
	act(&w, id, 2, "slow", "", OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-11 18:00"));
	act(&w, id, 2, "keep", "", OK);
	act(&w, id, 2, "hold", "", OK);
	at("2026-03-09 16:00"); /* a weekend and one working day later */
	act(&w, id, 2, "go", "", OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-12 18:00")); /* by working days, although the first clock runs in hours */
	act(&w, id, 2, "hold", "", OK);
	at("2026-03-10 16:00");
	act(&w, id, 2, "go", "", OK); /* and again, from the state that keeps it */
	assert_int_equal(get(&w, id).due, ms("2026-03-13 18:00"));
	at("2026-03-06 16:00");
	id = file_third(&w);
	assert_int_equal(get(&w, id).due, ms("2026-03-06 19:00"));
	act(&w, id, 2, "hold", "", OK);
	at("2026-03-08 17:00");
	act(&w, id, 2, "go", "", OK);
	assert_int_equal(get(&w, id).due, ms("2026-03-08 20:00")); /* hours go on at the weekend */
	end(&w);
}

/* ---- filing: what is refused, what is found again ---- */

static void refuse(struct world *w, struct matter_value v, const char *field)
{
	struct matter_value both[] = {{STR("what"), STR("事")}, v};
	struct matter_new m = {.scenario = scenario_current(STR("resident-report")), .values = both, .nvalues = 2, .place = w->grid};

	if (str_eqz(v.field, "what"))
		m.values = &v, m.nvalues = 1;
	assert_int_equal(ERR_INPUT, matter_prepare(w->u->a, &m, clock_now()));
	assert_true(str_eqz(m.why_field, field) && m.why.n);
	assert_non_null(m.said.fmt); /* sayable in English */
}

static void test_filing(void **state)
{
	struct world w;
	struct matter_value v[] = {{STR("what"), STR("从别处来")}};
	struct matter_new m = {.values = v, .nvalues = 1, .source = STR("att3"), .source_id = STR("17"), .state = STR("closed")}, again;
	struct matter got;
	struct db_conn *c;
	int64_t *ids, id;
	size_t n;

	begin(&w, *state);
	at("2026-03-02 10:00");
	refuse(&w, (struct matter_value){STR("what"), STR("  ")}, "what");
	refuse(&w, (struct matter_value){STR("what"), STR("a\033[2J")}, "what");
	refuse(&w, (struct matter_value){STR("kind"), STR("other")}, "kind");
	refuse(&w, (struct matter_value){STR("phone"), STR("12")}, "phone");
	refuse(&w, (struct matter_value){STR("colour"), STR("red")}, "colour");
	refuse(&w, (struct matter_value){STR("photo"), STR("x.jpg")}, "photo");
	m.scenario = scenario_current(STR("resident-report"));
	m.place = w.grid;
	m.created = ms("2024-01-02 08:00");
	m.closed = ms("2024-01-05 08:00");
	again = m;
	assert_int_equal(OK, matter_prepare(w.u->a, &m, clock_now()));
	assert_int_equal(OK, db_write(w.u->db, matter_file, &m));
	assert_int_equal(OK, matter_prepare(w.u->a, &again, clock_now()));
	assert_int_equal(ERR_CONFLICT, db_write(w.u->db, matter_file, &again));
	assert_true(again.id == m.id && str_eq(again.code, m.code));
	id = file(&w, "有电话", "request", "");
	c = db_read_begin(w.u->db);
	assert_int_equal(OK, matter_by_code(c, w.u->a, m.code, &got));
	assert_true(got.id == m.id && got.created == m.created && got.closed == m.closed && got.kind == STATE_CLOSED);
	assert_int_equal(OK, matter_by_phone(c, w.u->a, STR("１３８-1234-5678"), 10, &ids, &n));
	assert_true(n == 1 && ids[0] == id);
	db_read_end(c);
	end(&w);
}

/* ---- lists against brute force, totals against a recount, restart in the middle ---- */

static uint64_t seed = 11;
static int dice(int n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (int)((seed >> 33) % (uint64_t)n);
}

static void file_many(struct world *w, int count)
{
	static const char *const kinds[] = {"request", "complaint", "enquiry"}, *const cats[] = {"a.x", "a.y", "b.z"};

	for (int i = 0; i < count; i++) {
		int64_t id;
		struct str grid = w->grid;

		clock_set(ms("2026-03-02 09:00") + (int64_t)i * 17 * MS_MINUTE);
		if (dice(4) == 0)
			w->grid = w->other_town;
		id = file(w, dice(2) ? "楼道堆放杂物" : "路灯不亮", kinds[dice(3)], cats[dice(3)]);
		w->grid = grid;
		if (!place_within(get(w, id).place, w->town) || dice(3) == 0)
			continue;
		act(w, id, 1, "dispatch", lead(w, w->org), OK);
		if (dice(2))
			continue;
		act(w, id, 2, "sign", "", OK);
		clock_set(clock_now() + dice(20) * MS_DAY);
		act(w, id, 2, "reply", "verdict=solved;note=好", OK);
		act(w, id, 3, "verify", "", OK);
		act(w, id, 3, "close", "", OK);
		if (dice(2))
			act(w, id, 0, "judge", dice(2) ? "score=5;solved=yes" : "score=2;solved=no", OK);
		if (dice(4) == 0)
			act(w, id, 0, "reopen", "note=再来", OK);
	}
}

static bool fits(const struct matter_row *r, const struct matter_filter *f, int64_t now)
{
	const struct scenario *s = scenario_current(r->scenario);
	const struct scenario_state *st = &s->states[scenario_state(s, r->state)];
	struct matter m = {.due = r->due, .state_since = r->state_since, .kind = st->kind};

	return (f->state.n == 0 || str_eq(f->state, r->state)) && (f->category.n == 0 || str_eq(f->category, r->category)) &&
	       (f->kind == 0 || (f->kind < 0 ? st->kind < STATE_CLOSED : (int)st->kind == f->kind - 1)) &&
	       (f->colour == 0 || matter_clock_colour(&m, now) == f->colour) && (f->holder_org == 0 || r->holder_org == f->holder_org) &&
	       (f->place.n == 0 || place_within(r->place, f->place)) && (f->to == 0 || (r->created >= f->from && r->created < f->to)) &&
	       (f->text.n == 0 || str_find(r->title, f->text) >= 0);
}

/* The first page and the count in one call are those of the two calls. */
static void compare_counted(struct world *w, struct db_conn *c, const struct matter_scope *scope, const struct matter_filter *f, int64_t now, int count,
			    bool more)
{
	struct matter_filter first = *f;
	struct matter_page page, both;
	int also;
	bool also_more;

	first.before_key = first.before_id = 0;
	assert_int_equal(OK, matter_list_page(c, w->u->a, scope, &first, now, &page));
	assert_int_equal(OK, matter_list_counted(c, w->u->a, scope, &first, now, 10, &both, &also, &also_more));
	assert_int_equal(also, count);
	assert_int_equal(also_more, more);
	assert_int_equal(both.n, page.n);
	assert_int_equal(both.more, page.more);
	for (size_t i = 0; i < page.n; i++)
		assert_true(page.v[i].id == both.v[i].id);
	if (page.more)
		assert_true(page.next_key == both.next_key && page.next_id == both.next_id);
}

static void compare(struct world *w, const struct matter_row *all, size_t nall, struct matter_filter f, int64_t now)
{
	struct str from = STR(""), to = place_after(w->u->a, STR(""));
	struct matter_scope scope = {&from, &to, 1, true};
	struct db_conn *c = db_read_begin(w->u->db);
	struct matter_page page = {.more = true};
	size_t want = 0, seen = 0;
	int count;
	bool more;

	for (size_t i = 0; i < nall; i++)
		want += fits(&all[i], &f, now);
	f.limit = 7;
	while (page.more) {
		assert_int_equal(OK, matter_list_page(c, w->u->a, &scope, &f, now, &page));
		assert_true(page.n <= 7);
		for (size_t i = 0; i < page.n; i++) {
			assert_true(fits(&page.v[i], &f, now));
			assert_true(i == 0 || page.v[i - 1].created > page.v[i].created || page.v[i - 1].id > page.v[i].id);
		}
		seen += page.n;
		f.before_key = page.next_key;
		f.before_id = page.next_id;
	}
	if (seen != want)
		fail_msg("state %.*s category %.*s kind %d colour %d text %.*s: %zu rows, should be %zu", STR_ARG(f.state), STR_ARG(f.category), f.kind,
			 f.colour, STR_ARG(f.text), seen, want);
	assert_int_equal(OK, matter_count(c, w->u->a, &scope, &f, now, 10, &count, &more));
	assert_int_equal(count, want > 10 ? 10 : (int)want);
	assert_true(more == (count == 10));
	compare_counted(w, c, &scope, &f, now, count, more);
	db_read_end(c);
}

static enum err collect(void *arg, const struct matter_row *r)
{
	struct { struct arena *a; struct matter_row *v; size_t n; } *x = arg;
	struct matter_row *copy = &x->v[x->n++];

	*copy = *r;
	copy->scenario = arena_str(x->a, r->scenario);
	copy->state = arena_str(x->a, r->state);
	copy->category = arena_str(x->a, r->category);
	copy->place = arena_str(x->a, r->place);
	copy->title = arena_str(x->a, r->title);
	return OK;
}

static void compare_totals(struct world *w, struct str place)
{
	struct db_conn *c = db_read_begin(w->u->db);
	struct matter_totals x, y;
	int64_t from = 20500, to = 20600; /* around March 2026 */

	assert_int_equal(OK, matter_totals_get(c, w->u->a, place, from, to, &x));
	assert_int_equal(OK, matter_totals_recount(c, w->u->a, place, from, to, &y));
	assert_memory_equal(&x, &y, sizeof(x));
	assert_true(x.filed > 0 && x.filed == x.open + x.answered + x.closed + x.refused);
	assert_int_equal(OK, matter_totals_get(c, w->u->a, place, 20514, 20515, &x)); /* one day */
	assert_int_equal(OK, matter_totals_recount(c, w->u->a, place, 20514, 20515, &y));
	assert_memory_equal(&x, &y, sizeof(x));
	db_read_end(c);
}

static void check_inbox(struct world *w, int64_t now)
{
	struct str role = STR("dispatcher"), hrole = STR("handler"), to = place_after(w->u->a, w->town);
	struct matter_inbox in = {.roles = &role, .from = &w->town, .to = &to, .orgs = &(int64_t){0}, .n = 1, .limit = 200};
	struct matter_inbox_counts counts;
	struct db_conn *c = db_read_begin(w->u->db);
	struct matter_page page;

	assert_int_equal(OK, matter_inbox_page(c, w->u->a, &in, &page));
	assert_true(page.n > 0);
	for (size_t i = 0; i < page.n; i++) {
		assert_true(str_eqz(page.v[i].state, "filed") || str_eqz(page.v[i].state, "accepted") || str_eqz(page.v[i].state, "second-look"));
		assert_true(place_within(page.v[i].place, w->town) && (i == 0 || page.v[i - 1].due <= page.v[i].due));
	}
	assert_int_equal(OK, matter_inbox_count(c, w->u->a, &in, now, &counts));
	assert_int_equal(counts.late + counts.soon + counts.in_time + counts.no_clock, page.n);
	in.roles = &hrole;
	in.orgs = &w->org;
	assert_int_equal(OK, matter_inbox_page(c, w->u->a, &in, &page));
	assert_true(page.n > 0);
	for (size_t i = 0; i < page.n; i++)
		assert_int_equal(page.v[i].holder_org, w->org);
	in.orgs = &w->other_org;
	assert_int_equal(OK, matter_inbox_page(c, w->u->a, &in, &page));
	assert_int_equal(page.n, 0);
	db_read_end(c);
}

static void test_lists(void **state)
{
	struct world w;
	struct journal_tailer *tailers[2];
	struct { struct arena *a; struct matter_row *v; size_t n; } all;
	struct str from = STR(""), to, why;
	struct matter_scope scope;
	struct matter_filter none = {.kind = 0};
	struct db_conn *c;
	int64_t now;

	begin(&w, *state);
	assert_int_equal(OK, matter_tailers(w.u->db, tailers));
	file_many(&w, 60);
	/* stop in the middle: the tailers go on behind their cursor */
	journal_tail_stop(tailers[0]);
	journal_tail_stop(tailers[1]);
	file_many(&w, 20);
	journal_end(w.u->db);
	unit_store_reopen(w.u, NULL);
	assert_int_equal(OK, journal_init(w.u->db, NULL, w.u->a, &why));
	scenario_forget();
	assert_int_equal(OK, scenario_load_dir(w.u->db, "scenarios", w.u->a, &why));
	assert_int_equal(OK, matter_tailers(w.u->db, tailers));
	file_many(&w, 40);
	journal_tail_drain(tailers[0]);
	journal_tail_drain(tailers[1]);
	now = clock_now();
	to = place_after(w.u->a, STR(""));
	scope = (struct matter_scope){&from, &to, 1, true};
	all.a = w.u->a;
	all.n = 0;
	all.v = arena_array(w.u->a, struct matter_row, 500);
	c = db_read_begin(w.u->db);
	assert_int_equal(OK, matter_each(c, w.u->a, &scope, &none, now, collect, &all));
	db_read_end(c);
	assert_int_equal(all.n, 120);
	for (int i = 0; i < 120; i++) {
		static const char *const states[] = {"", "filed", "dispatched", "judged"}, *const cats[] = {"", "a.x", "b.z"}, *const texts[] = {"", "", "楼道", "路灯"};
		struct str places[] = {STR(""), w.town, w.other_town, place_up(w.town, PLACE_DISTRICT)};
		struct matter_filter f = {.state = str_from(states[dice(4)]), .category = str_from(cats[dice(3)]), .kind = dice(7) - 1, .colour = dice(4),
					  .holder_org = dice(3) ? 0 : w.org, .place = places[dice(4)], .text = str_from(texts[dice(4)])};

		if (f.kind > 5)
			f.kind = 0;
		compare(&w, all.v, all.n, f, now - dice(20) * MS_DAY);
	}
	compare_totals(&w, STR(""));
	compare_totals(&w, w.town);
	compare_totals(&w, place_up(w.grid, PLACE_COMMUNITY));
	compare_totals(&w, w.other_town);
	check_inbox(&w, now);
	journal_tail_stop(tailers[0]);
	journal_tail_stop(tailers[1]);
	end(&w);
}

/* ---- places move, and what was counted goes along ---- */

struct moving { struct str key, into, to; bool merge; };

static enum err move_job(struct tx *tx, void *arg)
{
	struct moving *m = arg;

	return m->merge ? place_merge(tx, m->key, m->into, 0, STR("合并")) : place_move(tx, m->key, m->into, 0, STR("划归"), &m->to);
}

static void test_moves(void **state)
{
	struct world w;
	struct journal_tailer *t[2];
	struct moving community, towns;
	struct matter_totals x, y;
	struct str old_town;
	struct db_conn *c;

	begin(&w, *state);
	assert_int_equal(OK, matter_tailers(w.u->db, t));
	file_many(&w, 40);
	journal_tail_drain(t[1]);
	journal_tail_stop(t[0]);
	journal_tail_stop(t[1]);
	file_many(&w, 15); /* not counted yet when their place moves */
	old_town = w.town;
	community = (struct moving){.key = arena_str(w.u->a, place_up(w.grid, PLACE_COMMUNITY)), .into = w.other_town};
	assert_int_equal(OK, db_write(w.u->db, move_job, &community));
	assert_int_equal(OK, matter_tailers(w.u->db, t));
	journal_tail_drain(t[1]);
	compare_totals(&w, w.other_town);
	compare_totals(&w, place_up(w.town, PLACE_DISTRICT));
	c = db_read_begin(w.u->db);
	assert_int_equal(OK, matter_totals_get(c, w.u->a, old_town, 20500, 20700, &x));
	assert_int_equal(OK, matter_totals_recount(c, w.u->a, old_town, 20500, 20700, &y));
	db_read_end(c);
	assert_memory_equal(&x, &y, sizeof(x));
	assert_int_equal(x.filed, 0); /* all of it lay in the community that left */
	towns = (struct moving){.key = w.other_town, .into = old_town, .merge = true};
	assert_int_equal(OK, db_write(w.u->db, move_job, &towns));
	journal_tail_drain(t[1]);
	compare_totals(&w, old_town);
	compare_totals(&w, STR(""));
	c = db_read_begin(w.u->db);
	assert_int_equal(OK, matter_totals_get(c, w.u->a, w.other_town, 20500, 20700, &x));
	assert_int_equal(x.filed, 0);
	assert_int_equal(OK, matter_totals_get(c, w.u->a, old_town, 20500, 20700, &x));
	assert_true(x.closed > 0 && x.close_ms_mean > 0);
	db_read_end(c);
	journal_tail_stop(t[0]);
	journal_tail_stop(t[1]);
	end(&w);
}

/* ---- a page looks at a bounded number of rows ---- */

#define MANY 3400

struct many { struct world *w; struct matter_new *v; };

static enum err file_all(struct tx *tx, void *arg)
{
	struct many *m = arg;
	enum err e = OK;

	for (int i = 0; e == OK && i < MANY; i++)
		e = matter_file(tx, &m->v[i]);
	return e;
}

/* Only the five oldest are public, and lie in another town; the three least urgent lie at the town itself. */
static void file_bulk(struct world *w)
{
	struct matter_value v = {STR("what"), STR("路灯不亮")};
	struct many m = {w, arena_array(w->u->a, struct matter_new, MANY)};

	for (int i = 0; i < MANY; i++) {
		m.v[i] = (struct matter_new){.scenario = scenario_current(STR("resident-report")), .values = &v, .nvalues = 1, .channel = STR("web"),
					     .place = i < 5 ? w->other_town : i >= MANY - 3 ? w->town : w->grid, .is_public = i < 5, .lon = NAN, .lat = NAN,
					     .created = ms("2026-03-02 10:00") + (int64_t)i * MS_MINUTE};
		assert_int_equal(OK, matter_prepare(w->u->a, &m.v[i], clock_now()));
	}
	assert_int_equal(OK, db_write(w->u->db, file_all, &m));
}

/* What an index says is counted to the cap; what rows must say, as far as a short walk goes, and no further than is told. */
static void all_counts(struct world *w, struct db_conn *c)
{
	struct str top = STR(""), to = place_after(w->u->a, top);
	struct matter_scope all = {&top, &to, 1, true};
	struct matter_filter f = {.channel = STR("web"), .limit = 10};
	struct matter_page page;
	int count;
	bool more;

	assert_int_equal(OK, matter_count(c, w->u->a, &all, &f, clock_now(), 900, &count, &more));
	assert_true(count == 900 && more);
	f.scenario = STR("resident-report"); /* two conditions: no index says both */
	assert_int_equal(OK, matter_list_counted(c, w->u->a, &all, &f, clock_now(), 900, &page, &count, &more));
	assert_true(page.n == 10 && page.more && count >= 100 && count <= 500 && more);
	f.text = STR("路灯");
	assert_int_equal(OK, matter_list_counted(c, w->u->a, &all, &f, clock_now(), 900, &page, &count, &more));
	assert_true(page.n == 10 && page.more && count >= 100 && count <= 500 && more);
	f = (struct matter_filter){.place = w->other_town, .text = STR("路灯"), .limit = 10};
	assert_int_equal(OK, matter_list_counted(c, w->u->a, &all, &f, clock_now(), 900, &page, &count, &more));
	assert_true(count == (int)page.n && page.n <= 5);
}

static void test_bounds(void **state)
{
	struct world w;
	struct str top = STR(""), to, role = STR("dispatcher");
	struct matter_scope scope;
	struct matter_filter f = {.channel = STR("web"), .limit = 10};
	struct matter_inbox in = {.roles = &role, .orgs = &(int64_t){0}, .n = 1, .limit = 10};
	struct matter_inbox_counts counts;
	struct journal_tailer *tailers[2];
	struct matter_page page;
	struct matter_row *all;
	struct db_conn *c;
	size_t n, pages = 0, seen = 0;
	int count;
	bool more;

	begin(&w, *state);
	at("2026-03-10 10:00");
	file_bulk(&w);
	assert_int_equal(OK, matter_tailers(w.u->db, tailers));
	for (int i = 0; i < 2; i++) {
		journal_tail_drain(tailers[i]);
		journal_tail_stop(tailers[i]);
	}
	to = place_after(w.u->a, top);
	scope = (struct matter_scope){&top, &to, 1, false};
	c = db_read_begin(w.u->db);
	assert_int_equal(OK, matter_list_page(c, w.u->a, &scope, &f, clock_now(), &page));
	assert_true(page.n == 0 && page.more && page.bounded);
	assert_int_equal(OK, matter_count(c, w.u->a, &scope, &f, clock_now(), 100, &count, &more));
	assert_true(count == 0 && more);
	all_counts(&w, c);
	while (page.more) {
		f.before_key = page.next_key;
		f.before_id = page.next_id;
		assert_int_equal(OK, matter_list_page(c, w.u->a, &scope, &f, clock_now(), &page));
		seen += page.n;
		pages++;
	}
	assert_true(seen == 5 && pages == 1);
	f.before_key = f.before_id = 0;
	assert_int_equal(OK, matter_list(c, w.u->a, &scope, &f, clock_now(), &all, &n)); /* an export looks as far as it must */
	assert_int_equal(n, 5);
	f.place = w.other_town; /* an index that leads there: nothing to look further for */
	assert_int_equal(OK, matter_list_page(c, w.u->a, &scope, &f, clock_now(), &page));
	assert_true(page.n == 5 && !page.more);
	/* the town's inbox is full at once; what lies at the town itself, before its first community, is found behind the bound */
	in.from = &w.town;
	to = place_after(w.u->a, w.town);
	in.to = &to;
	assert_int_equal(OK, matter_inbox_page(c, w.u->a, &in, &page));
	assert_true(page.n == 10 && page.more && !page.bounded);
	to = place_up(w.grid, PLACE_COMMUNITY);
	assert_int_equal(OK, matter_inbox_page(c, w.u->a, &in, &page));
	assert_true(page.n == 0 && page.more && page.bounded);
	/* the walk is shared by the desks of the reader: how many pages it takes depends on how many states a dispatcher holds */
	for (int i = 0; i < 5 && page.n == 0 && page.more; i++) {
		in.after_due = page.next_key;
		in.after_id = page.next_id;
		assert_int_equal(OK, matter_inbox_page(c, w.u->a, &in, &page));
	}
	assert_true(page.n == 3 && !page.more);
	assert_int_equal(OK, matter_inbox_count(c, w.u->a, &in, clock_now(), &counts));
	assert_true(counts.more);
	db_read_end(c);
	end(&w);
}

/* ---- the full text is made anew ---- */

static enum err much_else(struct tx *tx, void *arg)
{
	enum err e = OK;

	(void)arg;
	for (int i = 0; e == OK && i < 6000; i++)
		e = journal_append(tx, &(struct journal_entry){.at = tx->now, .kind = STR("test.other"), .subject = 7, .place = STR(""), .data = STR("{}")});
	return e;
}

static enum err set_back(struct tx *tx, void *arg)
{
	(void)arg;
	return q_journal_cursor_move(tx->c, STR("matter-search"), 0, NULL);
}

/* What was filed at the end is found although thousands of entries before it are read again first. */
static void test_found_at_once(void **state)
{
	struct world w;
	struct journal_tailer *t[2];
	struct journal_cursor_get_row cursor;
	struct db_conn *c;
	int64_t first, last, *ids, numbers;
	size_t n;

	begin(&w, *state);
	at("2026-03-02 10:00");
	first = file(&w, "老楼漏水", "request", "");
	assert_int_equal(OK, matter_tailers(w.u->db, t));
	journal_tail_drain(t[0]);
	journal_tail_stop(t[0]);
	journal_tail_stop(t[1]);
	assert_int_equal(OK, db_write(w.u->db, much_else, NULL));
	last = file(&w, "新楼漏水", "request", "");
	assert_int_equal(OK, db_write(w.u->db, set_back, NULL));
	assert_int_equal(OK, matter_tailers(w.u->db, t));
	journal_tail_drain(t[0]);
	c = db_read_begin(w.u->db);
	assert_int_equal(OK, journal_last(c, &numbers));
	assert_int_equal(OK, q_journal_cursor_get(c, w.u->a, STR("matter-search.new"), &cursor)); /* it was at work */
	assert_true(cursor.seq > 1000 && cursor.seq <= numbers);
	assert_int_equal(OK, search_find(c, w.u->a, "matter", STR("漏水"), INT64_MAX, 10, &ids, &n));
	db_read_end(c);
	assert_true(n == 2 && ids[0] == last && ids[1] == first);
	journal_tail_stop(t[0]);
	journal_tail_stop(t[1]);
	end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(test_found_at_once),
		UNIT_BOTH(test_life), UNIT_BOTH(test_refusals), UNIT_BOTH(test_guard), UNIT_BOTH(test_two_at_once), UNIT_BOTH(test_clocks),
		UNIT_BOTH(test_reopen), UNIT_BOTH(test_patrol), UNIT_BOTH(test_patrol_path), UNIT_BOTH(test_rivals), UNIT_BOTH(test_kept_units),
		UNIT_BOTH(test_filing), UNIT_BOTH(test_lists), UNIT_BOTH(test_moves), UNIT_BOTH(test_bounds),
	};
	return UNIT_MAIN(tests);
}
