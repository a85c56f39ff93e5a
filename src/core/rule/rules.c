/* The first rules. Each says where it comes from and how strong it is. */
#include "core/actor/actor.h"
#include "core/matter/category.h"
#include "core/matter/matter.h"
#include "core/place/place.h"
#include "core/rule/duty.h"
#include "core/rule/rule.h"

#define N_(zh) zh

static struct str arg(struct rule_input *in, const char *name)
{
	struct str s = in->arg ? in->arg(in->ctx, name) : STR_NULL;

	return str_trim(s.p ? s : STR(""));
}

/* ---- dispatch-guard ---- */

/* 0 department .. 3 grid: who stands how deep */
static int depth_of_org(struct rule_input *in, const struct actor_org *o)
{
	static const struct { const char *kind; int depth; } kinds[] = {
		{"department", 0}, {"board", 1}, {"town", 1}, {"community", 2}, {"grid", 3},
	};

	(void)in;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_eqz(o->kind, kinds[i].kind))
			return kinds[i].depth;
	return place_level_of_key(o->place) <= PLACE_DISTRICT ? 0 : place_level_of_key(o->place) == PLACE_TOWN ? 1 : 2;
}

static enum rule_verdict dispatch_guard(struct rule_input *in, struct str *why)
{
	static const char *const names[] = {"部门", "镇街", "村社区", "网格"};
	static const char *const english[] = {"the departments", "the town", "the communities", "the grids"};
	const struct category *what;
	struct actor_org org;
	struct duty d;
	struct str category;
	int64_t id;
	int owner, to;

	if (in->matter == NULL || !str_i64(arg(in, "lead"), &id))
		return RULE_NOT_APPLICABLE;
	category = arg(in, "category").n ? arg(in, "category") : in->matter->category; /* corrected in this step */
	if (duty_find(in->conn, in->arena, category, in->matter->place, &d) != OK)
		return RULE_NOT_APPLICABLE; /* the lists say nothing: people decide */
	if (actor_org_get(in->conn, in->arena, id, &org) != OK) {
		*why = STR("没有这个承办单位");
		return RULE_FAIL;
	}
	owner = duty_depth(d.owner);
	to = depth_of_org(in, &org);
	if (to <= owner)
		return RULE_PASS;
	what = category_find(category);
	*why = arena_printf(in->arena, "%.*s“%.*s”由%s承担，不能派给%s（%.*s）；确需基层配合的，请把它选作协办", STR_ARG(d.source),
			    STR_ARG(what ? what->title.zh : category), names[owner], names[to], STR_ARG(org.name));
	in->why_en = arena_printf(in->arena, "By %.*s “%.*s” is for %s, it cannot be given to %s (%.*s); where they must help, choose them as assisting",
				  STR_ARG(d.source), STR_ARG(what ? what->title.en : category), english[owner], english[to], STR_ARG(org.name));
	return RULE_FAIL;
}

/* ---- answers and refusals ---- */

static enum rule_verdict reply_has_reason(struct rule_input *in, struct str *why)
{
	struct str verdict = arg(in, "verdict");

	if (!str_eqz(verdict, "cannot"))
		return verdict.n ? RULE_PASS : RULE_NOT_APPLICABLE;
	if (arg(in, "reason").n >= 12)
		return RULE_PASS;
	*why = STR("答复“不能办”必须写明理由（至少几个字的一句话）");
	return RULE_FAIL;
}

static enum rule_verdict refuse_has_address(struct rule_input *in, struct str *why)
{
	if (arg(in, "reason").n && arg(in, "address").n)
		return RULE_PASS;
	*why = STR("不予受理要写理由，并告诉群众该找哪里（单位、电话或地址）");
	return RULE_FAIL;
}

static enum rule_verdict return_has_addressee(struct rule_input *in, struct str *why)
{
	if (arg(in, "reason").n && arg(in, "suggest").n)
		return RULE_PASS;
	*why = STR("退回要写依据和理由，并提出转办建议");
	return RULE_FAIL;
}

static enum rule_verdict extend_before_due(struct rule_input *in, struct str *why)
{
	if (in->matter == NULL || in->matter->due == 0)
		return RULE_NOT_APPLICABLE;
	if (in->now <= in->matter->due)
		return RULE_PASS;
	*why = STR("延期须在时限届满以前申请和批准，现在已经超过时限");
	return RULE_FAIL;
}

static enum rule_verdict extend_was_asked(struct rule_input *in, struct str *why)
{
	const struct matter_step *wish = NULL;
	struct matter_step *v;
	size_t n;

	if (in->matter == NULL)
		return RULE_NOT_APPLICABLE;
	if (matter_timeline(in->conn, in->arena, in->matter, &v, &n) == OK)
		wish = matter_wish(matter_scenario(in->matter), v, n);
	if (wish == NULL) {
		*why = STR("没有人申请延期：先由承办单位申请，再由另一位批准");
		return RULE_FAIL;
	}
	if (wish->actor != in->actor)
		return RULE_PASS;
	*why = STR("申请延期的人不能自己批准，请交给另一位");
	return RULE_FAIL;
}

/* The one that leads answers for all, so it first has what the others add; or says why not. */
static enum rule_verdict parts_done(struct rule_input *in, struct str *why)
{
	struct str names = STR("");
	struct actor_org org;

	for (size_t i = 0; in->matter && i < in->matter->nparts; i++)
		if (in->matter->parts[i].open && actor_org_get(in->conn, in->arena, in->matter->parts[i].org, &org) == OK)
			names = arena_printf(in->arena, "%.*s%s%.*s", STR_ARG(names), names.n ? "、" : "", STR_ARG(org.name));
	if (names.n == 0)
		return in->matter && in->matter->nparts ? RULE_PASS : RULE_NOT_APPLICABLE;
	*why = arena_printf(in->arena, "协办单位还没有交来自己的一部分：%.*s。可以等一等；确需先答复的，请写理由", STR_ARG(names));
	in->why_en = arena_printf(in->arena, "Assisting organisations have not added their part yet: %.*s. Wait, or say why you reply before", STR_ARG(names));
	return RULE_FAIL;
}

static enum rule_verdict verifier_not_handler(struct rule_input *in, struct str *why)
{
	if (in->matter == NULL || in->matter->handler == 0 || in->actor == 0)
		return RULE_NOT_APPLICABLE;
	if (in->actor != in->matter->handler)
		return RULE_PASS;
	*why = STR("办理的人不能自己核实，请交给另一位");
	return RULE_FAIL;
}

static enum rule_verdict no_compulsory_photo(struct rule_input *in, struct str *why)
{
	const struct scenario *s;

	if (in->matter == NULL)
		return RULE_NOT_APPLICABLE;
	s = matter_scenario(in->matter);
	for (size_t i = 0; i < s->nfields; i++)
		if (s->fields[i].type == FIELD_IMAGE && s->fields[i].required) {
			*why = arena_printf(in->arena, "照片“%.*s”不能设为必填", STR_ARG(s->fields[i].title.zh));
			in->why_en = arena_printf(in->arena, "The photograph “%.*s” must not be compulsory", STR_ARG(s->fields[i].title.en));
			return RULE_FAIL;
		}
	return RULE_PASS;
}

static const struct rule all[] = {
	{"dispatch-guard", N_("不得把部门职责派给基层"), "国办函〔2025〕66号“应由职能部门办理的不得分派基层”；职责清单为示例", RULE_MUST, dispatch_guard},
	{"reply-has-reason", N_("答复“不能办”须写明理由"), "唐山市12345政务服务便民热线条例；示例", RULE_MUST, reply_has_reason},
	{"refuse-has-address", N_("不予受理须写理由和正确去处"), "唐山市12345政务服务便民热线条例 第十一条；示例", RULE_MUST, refuse_has_address},
	{"return-has-addressee", N_("退回须写理由和转办建议"), "唐山市12345政务服务便民热线条例；示例", RULE_MUST, return_has_addressee},
	{"extend-before-due", N_("延期须在届满前批准"), "唐山市12345政务服务便民热线条例 第二十四条；示例", RULE_MUST, extend_before_due},
	{"extend-was-asked", N_("延期先申请，由另一位批准"), "唐山市12345政务服务便民热线条例 第二十四条；示例", RULE_MUST, extend_was_asked},
	{"parts-done", N_("协办单位都交了自己的一部分，主办单位再答复"), "国办函〔2025〕66号“难定者协商主办协办”；示例", RULE_SHOULD, parts_done},
	{"verifier-not-handler", N_("办理的人不能自己核实"), "GB/T 30428 监督与指挥分离", RULE_MUST, verifier_not_handler},
	{"no-compulsory-photo", N_("不得强制上传照片"), "国办函〔2026〕12号", RULE_MUST, no_compulsory_photo},
};

void rule_register_all(void)
{
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		rule_register(&all[i]);
}
