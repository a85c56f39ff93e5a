#include "core/rule/rule.h"

#include "base/buf.h"
#include "base/json.h"

#define MOST 200

static const struct rule *rules[MOST];
static size_t nrules;

void rule_register(const struct rule *r)
{
	if (rule_find(str_from(r->name)))
		return;
	if (nrules == MOST)
		BUG("more than %d rules", MOST);
	rules[nrules++] = r;
}

const struct rule *rule_find(struct str name)
{
	for (size_t i = 0; i < nrules; i++)
		if (str_eqz(name, rules[i]->name))
			return rules[i];
	return NULL;
}

const struct rule *rule_at(size_t i)
{
	return i < nrules ? rules[i] : NULL;
}

static void run_one(struct rule_input *in, const struct rule *r, struct str reason, struct rule_outcome *o)
{
	o->rule = r;
	o->why = STR("");
	in->why_en = STR_NULL;
	o->verdict = r->check(in, &o->why);
	o->why_en = in->why_en;
	o->overridden = o->verdict == RULE_FAIL && r->strength == RULE_SHOULD && str_trim(reason).n > 0;
}

enum err rule_run(struct rule_input *in, struct str *names, size_t n, struct str override_reason, struct rule_outcome **out, size_t *nout)
{
	enum err e = OK;

	*nout = 0;
	*out = arena_array(in->arena, struct rule_outcome, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct rule *r = rule_find(names[i]);
		struct rule_outcome *o = &(*out)[*nout];

		if (r == NULL)
			BUG("rule %.*s is not registered", STR_ARG(names[i]));
		run_one(in, r, override_reason, o);
		(*nout)++;
		if (o->verdict == RULE_FAIL && r->strength != RULE_WARN && !o->overridden)
			e = ERR_RULE;
	}
	return e;
}

struct str rule_json(struct arena *a, const struct rule_outcome *v, size_t n)
{
	struct buf b;
	struct json j;
	struct str s = STR("");
	size_t told = 0;

	buf_init(&b, 64 * 1024);
	json_init(&j, &b);
	json_arr(&j);
	for (size_t i = 0; i < n; i++) {
		if (v[i].verdict != RULE_FAIL)
			continue;
		told++;
		json_obj(&j);
		json_key(&j, "rule");
		json_strz(&j, v[i].rule->name);
		json_key(&j, "verdict");
		json_str(&j, STR("fail"));
		json_key(&j, "overridden");
		json_bool(&j, v[i].overridden);
		json_end(&j);
	}
	json_end(&j);
	json_done(&j);
	if (told)
		s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}
