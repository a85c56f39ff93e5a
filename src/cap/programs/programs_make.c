/* A key is made, and its program with it when that is new. It is shown in the answer and never again. */
#include "base/clock.h"
#include "base/utf8.h"
#include "cap/programs/programs.h"
#include "cap/programs/programs.html.h"
#include "core/place/place.h"

static const int64_t ends[] = {30, 90, 365, ACTOR_KEY_DAYS_MAX}; /* days, 示例 */
#define ENDS_PRESET 2

struct making {
	int64_t account, by, expires;     /* account 0: a new one */
	struct str login, title, role, place, name, key;
	struct str why;                   /* fixed Chinese text */
	const char *field;
};

/* ---- the form ---- */

static enum err fill_programs(struct rq *rq, struct programs_form_view *v)
{
	struct str chosen = rq->http->method == HTTP_POST ? rq_form(rq, "program") : rq_query(rq, "program");
	struct actor_program *all;
	size_t n;
	enum err e = actor_programs(rq_conn(rq), rq->arena, PROGRAMS_MOST, &all, &n);

	if (e != OK)
		return e;
	v->programs = arena_array(rq->arena, struct programs_option, n + 1);
	v->fresh = true;
	for (size_t i = 0; e == OK && i < n; i++) {
		struct programs_option *o = &v->programs[v->nprograms];
		struct actor_session who;

		e = actor_load(rq_conn(rq), rq->arena, all[i].id, &who);
		if (e != OK || !all[i].active || !programs_mine(rq, &who))
			continue;
		*o = (struct programs_option){arena_printf(rq->arena, "%lld", (long long)all[i].id),
					      arena_printf(rq->arena, "%.*s（%.*s）", STR_ARG(all[i].name), STR_ARG(all[i].login)), false};
		o->chosen = str_eq(o->value, chosen);
		v->fresh &= !o->chosen;
		v->nprograms++;
	}
	return e;
}

static enum err fill_roles(struct rq *rq, struct programs_form_view *v)
{
	struct actor_role *roles;
	size_t n;
	enum err e = actor_roles(rq_conn(rq), rq->arena, &roles, &n);

	if (e != OK)
		return e;
	v->roles = arena_array(rq->arena, struct programs_option, n + 1);
	for (size_t i = 0; i < n; i++)
		if (str_empty(roles[i].duty)) /* the three offices are for people */
			v->roles[v->nroles++] = (struct programs_option){roles[i].name, rq->lang == LANG_EN ? roles[i].title_en : roles[i].title,
									 str_eq(roles[i].name, rq_form(rq, "role"))};
	return OK;
}

static void fill_days(struct rq *rq, struct programs_form_view *v)
{
	struct str chosen = rq_form(rq, "days");

	v->days = arena_array(rq->arena, struct programs_option, ARRAY_LEN(ends));
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct str value = arena_printf(rq->arena, "%lld", (long long)ends[i]);

		v->days[v->ndays++] = (struct programs_option){value, arena_printf(rq->arena, _("%ld 天"), (long)ends[i]),
							       chosen.n ? str_eq(chosen, value) : i == ENDS_PRESET};
	}
}

static enum err form_page(struct rq *rq, int status, const char *field, struct str error)
{
	struct programs_form_view v = {.login = rq_form(rq, "login"), .title = rq_form(rq, "title"), .place = rq_form(rq, "place"),
				       .key = rq_form(rq, "key"), .field = field, .error = error};
	enum err e = fill_programs(rq, &v);

	if (e == OK)
		e = fill_roles(rq, &v);
	fill_days(rq, &v);
	return e == OK ? rq_page_status(rq, status, html_programs_form, &v) : e;
}

enum err programs_form(struct rq *rq)
{
	return form_page(rq, 200, NULL, STR(""));
}

/* ---- making ---- */

static enum err refuse(struct making *m, enum err e, const char *field, const char *why)
{
	if (str_empty(m->why))
		m->why = str_from(why);
	m->field = field;
	return e;
}

static enum err new_program(struct tx *tx, struct making *m)
{
	struct str why = STR_NULL;
	enum err e = actor_create_service(tx, m->login, m->title, &m->account);

	if (e == ERR_CONFLICT)
		return refuse(m, ERR_RULE, "login", N_("这个账号名已经有了，请换一个"));
	if (e == ERR_INPUT)
		return refuse(m, e, "login", N_("账号名须为 2 到 64 个小写字母、数字或 . _ - @，名称要填"));
	if (e == OK)
		e = actor_grant(tx, m->account, m->role, m->place, 0, 0, m->by, &why);
	if (e == ERR_RULE || e == ERR_INPUT || e == ERR_NOT_FOUND || e == ERR_CONFLICT)
		return refuse(m, ERR_RULE, "role", N_("这个角色不能给程序，请换一个"));
	return e;
}

static enum err make_job(struct tx *tx, void *arg)
{
	struct making *m = arg;
	struct str why = STR_NULL;
	int64_t id;
	enum err e = m->account ? OK : new_program(tx, m);

	if (e != OK)
		return e;
	e = actor_key_add(tx, m->account, m->name, m->key, m->expires, m->by, &id, &why);
	if (why.p)
		m->why = why;
	/* the name is the only thing of the key that a person types */
	return e == ERR_INPUT || e == ERR_CONFLICT || e == ERR_TOO_MUCH || e == ERR_RULE ? refuse(m, ERR_RULE, "key", N_("密钥没有发成")) : e;
}

static enum err made(struct rq *rq, void *arg, enum err result)
{
	const struct making *m = arg;
	struct programs_made_view v = {.key = m->key, .name = m->name, .expires = m->expires};
	struct actor_session who;
	enum err e;

	if (m->field && (result == ERR_RULE || result == ERR_INPUT))
		return form_page(rq, 422, m->field, str_from(_(arena_strz(rq->arena, m->why))));
	if (result != OK)
		return result;
	e = actor_load(rq_conn(rq), rq->arena, m->account, &who);
	if (e != OK)
		return e;
	v.login = who.login;
	http_header_set(rq->http, "Cache-Control", STR("no-store"));
	return rq_page(rq, html_programs_made, &v);
}

/* Where: the code of a place in which the reader manages accounts; empty: everywhere, for those who do. */
static const char *read_place(struct rq *rq, struct making *m)
{
	struct str code = rq_form(rq, "place");
	struct place p = {.key = STR("")};

	if (code.n && (code.n > 20 || place_by_code(rq_conn(rq), rq->arena, utf8_fold(rq->arena, code), 0, &p) != OK))
		return N_("没有这个区划代码，请检查");
	if (!rq_may_at(rq, "account.manage", p.key))
		return code.n ? N_("这个地区不在您管理的范围内") : N_("请填区划代码：您管理的不是全部地区");
	m->place = p.key;
	return NULL;
}

static enum err known_program(struct rq *rq, struct making *m)
{
	struct actor_session who;
	bool program = false;
	enum err e = actor_is_service(rq_conn(rq), rq->arena, m->account, &program);

	if (e == OK && program)
		e = actor_load(rq_conn(rq), rq->arena, m->account, &who);
	return e == OK && (!program || !programs_mine(rq, &who)) ? ERR_NOT_FOUND : e;
}

enum err programs_make(struct rq *rq)
{
	struct making *m = arena_new(rq->arena, struct making);
	const char *wrong = NULL;
	int64_t days;
	enum err e = OK;

	*m = (struct making){.by = rq->who.id, .login = rq_form(rq, "login"), .title = rq_form(rq, "title"), .role = rq_form(rq, "role"),
			     .name = rq_form(rq, "key"), .key = actor_key_new(rq->arena), .why = STR("")};
	if (!str_i64(rq_form(rq, "days"), &days) || days < 1 || days > ACTOR_KEY_DAYS_MAX)
		return form_page(rq, 422, "days", str_from(_("请选有效期")));
	m->expires = rq->now + days * MS_DAY;
	if (str_i64(rq_form(rq, "program"), &m->account) && m->account > 0) {
		e = known_program(rq, m);
		if (e == ERR_NOT_FOUND)
			return form_page(rq, 422, "program", str_from(_("没有这个程序，或它不在您管理的范围内。")));
	} else {
		m->account = 0;
		if (str_empty(m->role))
			return form_page(rq, 422, "role", str_from(_("请选它能做什么")));
		wrong = read_place(rq, m);
	}
	if (wrong)
		return form_page(rq, 422, "place", str_from(_(wrong)));
	if (str_empty(m->name))
		m->name = STR("default");
	if (e != OK)
		return e;
	rq_repeatable(rq); /* the answer holds the key: it is not kept for a second post */
	return rq_write(rq, make_job, made, m);
}
