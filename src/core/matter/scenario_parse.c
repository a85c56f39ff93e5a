/* From the tree of a scenario file to a struct scenario. What fits together is checked in scenario_check.c. */
#include "core/matter/scenario_read.h"

#include <stdlib.h>

#include "crypto/crypto.h"

/* ---- small readers, shared with category.c ---- */

bool read_is_id(struct str s)
{
	if (s.n == 0 || s.n > 40 || s.p[0] < 'a' || s.p[0] > 'z')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_' || s.p[i] == '-'))
			return false;
	return true;
}

bool read_kind(struct reading *r, const struct yaml_node *n, enum yaml_kind kind, const char *what)
{
	static const char *const names[] = {"词 word", "列表 list [a, b]", "“名: 值” name: value"};

	if (n->kind == kind)
		return true;
	fault(r->f, n->line, "“%s”应当写成：%s", "“%s” must be written as: %s", what, names[kind]);
	return false;
}

void read_keys(struct reading *r, const struct yaml_node *map, const char *const *known, const char *what)
{
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		struct nearest near = {.typed = n->key};
		bool ok = false;

		for (int i = 0; known[i]; i++) {
			ok |= str_eqz(n->key, known[i]);
			nearest_try(&near, str_from(known[i]));
		}
		if (!ok)
			fault(r->f, n->line, "%s里没有“%.*s”这一项%s", "%s has no entry “%.*s”%s", what, STR_ARG(n->key),
			      nearest_zh(r->a, &near).p);
	}
}

struct str read_word(struct reading *r, const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n = yaml_get(map, key);

	if (n == NULL || !read_kind(r, n, YAML_WORD, key))
		return STR("");
	return n->word;
}

bool read_bool(struct reading *r, const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n = yaml_get(map, key);

	if (n == NULL || !read_kind(r, n, YAML_WORD, key))
		return false;
	if (str_eqz(n->word, "true"))
		return true;
	if (!str_eqz(n->word, "false"))
		fault(r->f, n->line, "“%s”只能写 true 或 false，写的是“%.*s”", "“%s” is true or false, not “%.*s”", key,
		      STR_ARG(n->word));
	return false;
}

struct text2 read_text2(struct reading *r, const struct yaml_node *map, const char *key, bool required)
{
	static const char *const keys[] = {"zh", "en", NULL};
	const struct yaml_node *n = yaml_get(map, key);
	struct text2 t = {STR(""), STR("")};

	if (n == NULL) {
		if (required)
			fault(r->f, map->line, "缺少“%s”；请加一行 %s: {zh: 中文, en: English}",
			      "“%s” is missing; add %s: {zh: 中文, en: English}", key, key);
		return t;
	}
	if (!read_kind(r, n, YAML_MAP, key))
		return t;
	read_keys(r, n, keys, key);
	t.zh = read_word(r, n, "zh");
	t.en = read_word(r, n, "en");
	if (t.zh.n == 0 || t.en.n == 0 || t.zh.n > 1000 || t.en.n > 1000)
		fault(r->f, n->line, "“%s”的中文（zh）和英文（en）都要写，各不超过 1000 字节",
		      "“%s” needs Chinese (zh) and English (en), at most 1000 bytes each", key);
	return t;
}

struct str *read_words(struct reading *r, const struct yaml_node *map, const char *key, size_t *n)
{
	const struct yaml_node *list = yaml_get(map, key);
	struct str *v;

	*n = 0;
	if (list == NULL)
		return NULL;
	if (list->kind == YAML_WORD) {
		v = arena_new(r->a, struct str);
		v[0] = list->word;
		*n = 1;
		return v;
	}
	if (!read_kind(r, list, YAML_LIST, key))
		return NULL;
	v = arena_array(r->a, struct str, list->n + 1);
	for (const struct yaml_node *w = list->first; w; w = w->next)
		if (read_kind(r, w, YAML_WORD, key))
			v[(*n)++] = w->word;
	return v;
}

static struct str read_id(struct reading *r, const struct yaml_node *n, struct str id, const char *what)
{
	if (!read_is_id(id))
		fault(r->f, n->line, "%s的名字“%.*s”不合格；用小写字母开头，只用小写字母、数字、下划线、短横，不超过 40 个",
		      "%s: the name “%.*s” will not do; begin with a small letter, use a-z 0-9 _ -, at most 40", what, STR_ARG(id));
	return id;
}

static bool read_duration(struct reading *r, const struct yaml_node *n, const char *what, struct duration *d)
{
	if (!read_kind(r, n, YAML_WORD, what))
		return false;
	if (duration_parse(n->word, d) == OK)
		return true;
	fault(r->f, n->line, "%s写的“%.*s”看不懂；写成 30m（分钟）、2h（小时）、4wh（工作时）、5wd（工作日）或 7d（天）",
	      "%s “%.*s” cannot be read; write 30m, 2h, 4wh (working hours), 5wd (working days) or 7d", what, STR_ARG(n->word));
	return false;
}

/* ---- clocks ---- */

struct clocks {
	bool has, keep;
	struct duration d;
	struct str by;
	struct scenario_clock *v;
	size_t n;
};

static void read_clock_map(struct reading *r, const struct yaml_node *map, struct clocks *c)
{
	c->v = arena_array(r->a, struct scenario_clock, map->n + 1);
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		struct duration d = {0};

		if (str_eqz(n->key, "by")) {
			c->by = read_word(r, map, "by");
		} else if (read_duration(r, n, "clock", &d)) {
			if (str_eqz(n->key, "else")) {
				c->d = d;
				c->has = true;
			} else {
				c->v[c->n++] = (struct scenario_clock){n->key, d};
			}
		}
	}
	if (c->by.n == 0 || yaml_get(map, "else") == NULL)
		fault(r->f, map->line, "按选项定时限要写 {by: 选择项, 选项: 时限, else: 其余的时限}",
		      "times by choice are written {by: field, choice: time, else: time of all others}");
}

static void read_clock(struct reading *r, const struct yaml_node *map, const char *key, struct clocks *c)
{
	const struct yaml_node *n = yaml_get(map, key);

	*c = (struct clocks){.by = STR("")};
	if (n == NULL)
		return;
	if (n->kind == YAML_MAP)
		read_clock_map(r, n, c);
	else if (n->kind == YAML_WORD && str_eqz(n->word, "keep"))
		c->keep = true;
	else
		c->has = read_duration(r, n, "clock", &c->d);
}

/* ---- fields and asks ---- */

static const struct {
	const char *name;
	enum field_type type;
	int64_t max, most;
} types[] = {
	{"text", FIELD_TEXT, 2000, 20000}, {"line", FIELD_LINE, 100, 500}, {"number", FIELD_NUMBER, 1000000000, 1000000000000},
	{"date", FIELD_DATE, 10, 10}, {"choice", FIELD_CHOICE, 40, 40}, {"choices", FIELD_CHOICES, 20, 50},
	{"image", FIELD_IMAGE, 6, 20}, {"place", FIELD_PLACE, 64, 64}, {"point", FIELD_POINT, 64, 64},
	{"phone", FIELD_PHONE, 20, 20}, {"bool", FIELD_BOOL, 5, 5}, {"org", FIELD_ORG, 20, 20}, {"actor", FIELD_ACTOR, 20, 20},
	{"orgs", FIELD_ORGS, 5, 10}, {"category", FIELD_CATEGORY, 64, 64}, {"email", FIELD_EMAIL, 254, 254},
};

static void read_type(struct reading *r, const struct yaml_node *n, struct scenario_field *f)
{
	struct str word = read_word(r, n, "type");
	struct nearest near = {.typed = word};
	const struct yaml_node *max = yaml_get(n, "max");

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		nearest_try(&near, str_from(types[i].name));
		if (!str_eqz(word, types[i].name))
			continue;
		f->type = types[i].type;
		f->max = types[i].max;
		if (max && (max->kind != YAML_WORD || !str_i64(max->word, &f->max) || f->max < 1 || f->max > types[i].most))
			fault(r->f, max->line, "max 须是 1 到 %lld 的整数", "max is a whole number from 1 to %lld",
			      (long long)types[i].most);
		return;
	}
	fault(r->f, n->line, "没有“%.*s”这种类型%s；可用：text line number date choice choices image place point phone email bool org orgs actor category",
	      "there is no type “%.*s”%s; use: text line number date choice choices image place point phone email bool org orgs actor category",
	      STR_ARG(word), nearest_zh(r->a, &near).p);
}

static void read_choices(struct reading *r, const struct yaml_node *field, struct scenario_field *f)
{
	static const char *const keys[] = {"id", "title", "words", NULL};
	const struct yaml_node *list = yaml_get(field, "choices");

	if (list == NULL || !read_kind(r, list, YAML_LIST, "choices"))
		return;
	f->choices = arena_array(r->a, struct scenario_choice, list->n + 1);
	for (const struct yaml_node *n = list->first; n; n = n->next) {
		struct scenario_choice *c = &f->choices[f->nchoices];

		if (!read_kind(r, n, YAML_MAP, "choices"))
			continue;
		read_keys(r, n, keys, "choices ");
		c->id = read_word(r, n, "id");
		if (c->id.n == 0 || c->id.n > 40)
			fault(r->f, n->line, "选项要有 id（不超过 40 个字符）", "a choice needs an id (at most 40 characters)");
		for (size_t i = 0; i < f->nchoices; i++)
			if (str_eq(f->choices[i].id, c->id))
				fault(r->f, n->line, "选项“%.*s”写了两次", "choice “%.*s” stands twice", STR_ARG(c->id));
		c->title = read_text2(r, n, "title", true);
		c->words = read_words(r, n, "words", &c->nwords);
		f->nchoices++;
	}
}

static void read_field(struct reading *r, const struct yaml_node *n, struct scenario_field *f, bool is_ask)
{
	static const char *const keys[] = {"id", "type", "title", "hint", "required", "personal", "searchable", "max", "choices", NULL};

	read_keys(r, n, keys, is_ask ? "asks " : "fields ");
	f->id = read_id(r, n, read_word(r, n, "id"), is_ask ? "asks " : "fields ");
	f->title = read_text2(r, n, "title", true);
	f->hint = read_text2(r, n, "hint", false);
	f->required = read_bool(r, n, "required");
	f->personal = read_bool(r, n, "personal");
	f->searchable = read_bool(r, n, "searchable");
	f->max = 1;
	read_type(r, n, f);
	read_choices(r, n, f);
	check_field(r, n, f, is_ask);
}

static struct scenario_field *read_fields(struct reading *r, const char *key, size_t *count)
{
	const struct yaml_node *list = yaml_get(r->root, key);
	struct scenario_field *v;
	bool is_ask = key[0] == 'a';

	*count = 0;
	if (list == NULL || !read_kind(r, list, YAML_LIST, key))
		return NULL;
	v = arena_array(r->a, struct scenario_field, list->n + 1);
	for (const struct yaml_node *n = list->first; n; n = n->next) {
		if (!read_kind(r, n, YAML_MAP, key))
			continue;
		read_field(r, n, &v[*count], is_ask);
		for (size_t i = 0; i < *count; i++)
			if (str_eq(v[i].id, v[*count].id))
				fault(r->f, n->line, "“%.*s”定义了两次；换一个名字", "“%.*s” is defined twice; choose another name",
				      STR_ARG(v[i].id));
		(*count)++;
	}
	return v;
}

/* ---- roles, states, actions ---- */

static void read_roles(struct reading *r)
{
	static const char *const keys[] = {"zh", "en", "holder_only", NULL};
	const struct yaml_node *map = yaml_get(r->root, "roles");

	if (map == NULL || !read_kind(r, map, YAML_MAP, "roles"))
		return;
	r->s->roles = arena_array(r->a, struct scenario_role, map->n + 1);
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		struct scenario_role *role = &r->s->roles[r->s->nroles];

		role->id = read_id(r, n, n->key, "roles ");
		if (!read_kind(r, n, YAML_MAP, "roles"))
			continue;
		read_keys(r, n, keys, "roles ");
		role->title = (struct text2){read_word(r, n, "zh"), read_word(r, n, "en")};
		if (role->title.zh.n == 0 || role->title.en.n == 0)
			fault(r->f, n->line, "角色“%.*s”要有中文名（zh）和英文名（en）", "role “%.*s” needs names: zh and en", STR_ARG(role->id));
		role->holder_only = read_bool(r, n, "holder_only");
		r->s->nroles++;
	}
}

static enum state_kind read_state_kind(struct reading *r, const struct yaml_node *n)
{
	static const char *const names[] = {"open", "waiting", "done", "closed", "refused"};
	struct str word = read_word(r, n, "kind");
	struct nearest near = {.typed = word};

	if (word.n == 0)
		return STATE_OPEN;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		nearest_try(&near, str_from(names[i]));
		if (str_eqz(word, names[i]))
			return (enum state_kind)i;
	}
	fault(r->f, n->line, "kind 写的“%.*s”不认识%s；可用：open waiting done closed refused",
	      "kind “%.*s” is unknown%s; use: open waiting done closed refused", STR_ARG(word), nearest_zh(r->a, &near).p);
	return STATE_OPEN;
}

static void read_state(struct reading *r, const struct yaml_node *n, struct scenario_state *st)
{
	static const char *const keys[] = {"title", "plain", "kind", "actors", "clock", "escalate_to", "suspends", NULL};
	struct clocks c;

	st->id = read_id(r, n, n->key, "states ");
	if (!read_kind(r, n, YAML_MAP, "states"))
		return;
	read_keys(r, n, keys, "states ");
	st->title = read_text2(r, n, "title", true);
	st->plain = read_text2(r, n, "plain", true);
	st->kind = read_state_kind(r, n);
	st->actors = read_words(r, n, "actors", &st->nactors);
	read_clock(r, n, "clock", &c);
	st->has_clock = c.has;
	st->clock = c.d;
	st->clock_by = c.by;
	st->clocks = c.v;
	st->nclocks = c.n;
	st->keeps_clock = c.keep;
	st->escalate_to = read_word(r, n, "escalate_to");
	st->suspends = read_bool(r, n, "suspends");
}

static void read_states(struct reading *r)
{
	const struct yaml_node *map = yaml_get(r->root, "states");

	if (map == NULL || !read_kind(r, map, YAML_MAP, "states"))
		return;
	r->s->states = arena_array(r->a, struct scenario_state, map->n + 1);
	for (const struct yaml_node *n = map->first; n; n = n->next)
		read_state(r, n, &r->s->states[r->s->nstates++]);
}

static int find_state(struct reading *r, int line, struct str id)
{
	struct nearest near = {.typed = id};
	int i = scenario_state(r->s, id);

	if (i >= 0)
		return i;
	for (size_t k = 0; k < r->s->nstates; k++)
		nearest_try(&near, r->s->states[k].id);
	fault(r->f, line, "状态“%.*s”没有定义%s", "state “%.*s” is not defined%s", STR_ARG(id), nearest_zh(r->a, &near).p);
	return -1;
}

static void read_from(struct reading *r, const struct yaml_node *n, struct scenario_action *ac)
{
	size_t count;
	struct str *words = read_words(r, n, "from", &count);
	int line = yaml_get(n, "from") ? yaml_get(n, "from")->line : n->line;

	ac->from = arena_array(r->a, int, count + r->s->nstates + 1);
	if (count == 0)
		fault(r->f, n->line, "动作“%.*s”要写 from（从哪些状态可以做）", "action “%.*s” needs from (in which states)", STR_ARG(ac->id));
	for (size_t i = 0; i < count; i++) {
		int state;

		if (str_eqz(words[i], "all-open")) {
			for (size_t k = 0; k < r->s->nstates; k++)
				if (r->s->states[k].kind <= STATE_DONE)
					ac->from[ac->nfrom++] = (int)k;
			return;
		}
		state = find_state(r, line, words[i]);
		if (state >= 0)
			ac->from[ac->nfrom++] = state;
	}
}

/* {by: solved, "no": second-look, else: judged} */
static void read_ways(struct reading *r, const struct yaml_node *map, struct scenario_action *ac)
{
	ac->ways = arena_array(r->a, struct scenario_way, map->n + 1);
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		struct str to = read_word(r, map, arena_strz(r->a, n->key));

		if (str_eqz(n->key, "by"))
			ac->to_by = to;
		else if (str_eqz(n->key, "else"))
			ac->to = find_state(r, n->line, to);
		else
			ac->ways[ac->nways++] = (struct scenario_way){n->key, find_state(r, n->line, to)};
	}
	if (ac->to_by.n == 0 || yaml_get(map, "else") == NULL)
		fault(r->f, map->line, "按选项定状态要写 {by: 要填的选择项, 选项: 状态, else: 其余的状态}",
		      "states by choice are written {by: ask, choice: state, else: state of all others}");
}

static void read_to(struct reading *r, const struct yaml_node *n, struct scenario_action *ac)
{
	const struct yaml_node *node = yaml_get(n, "to");
	struct str to;

	ac->to = -1;
	if (node && node->kind == YAML_MAP) {
		read_ways(r, node, ac);
		return;
	}
	to = read_word(r, n, "to");
	if (to.n == 0)
		fault(r->f, n->line, "动作“%.*s”要写 to（做了以后到哪个状态；不变写 same）",
		      "action “%.*s” needs to (the state after it; same: no change)", STR_ARG(ac->id));
	else if (!str_eqz(to, "same"))
		ac->to = find_state(r, yaml_get(n, "to")->line, to);
}

static void read_asks(struct reading *r, const struct yaml_node *n, struct scenario_action *ac)
{
	struct str *words = read_words(r, n, "asks", &ac->nasks);

	ac->asks = arena_array(r->a, struct scenario_ask, ac->nasks + 1);
	for (size_t i = 0; i < ac->nasks; i++) {
		struct nearest near;
		struct str id = words[i];

		ac->asks[i].required = !str_ends(id, "?");
		id = ac->asks[i].required ? id : str_sub(id, 0, id.n - 1);
		ac->asks[i].field = id;
		if (scenario_ask(r->s, id))
			continue;
		near = (struct nearest){.typed = id};
		for (size_t k = 0; k < r->s->nasks; k++)
			nearest_try(&near, r->s->asks[k].id);
		fault(r->f, yaml_get(n, "asks")->line, "动作要问的“%.*s”没有在 asks 里定义%s",
		      "the action asks for “%.*s”, which is not defined under asks%s", STR_ARG(id), nearest_zh(r->a, &near).p);
	}
}

static void read_action(struct reading *r, const struct yaml_node *n, struct scenario_action *ac)
{
	static const char *const keys[] = {"title", "done", "from", "to", "by", "rules", "asks", "effect", "not_same_as_handler",
					   "public_note", "window", "danger", "tells", NULL};
	const struct yaml_node *window = yaml_get(n, "window");

	ac->id = read_id(r, n, n->key, "actions ");
	ac->to = -1;
	if (!read_kind(r, n, YAML_MAP, "actions"))
		return;
	read_keys(r, n, keys, "actions ");
	ac->title = read_text2(r, n, "title", true);
	ac->done = read_text2(r, n, "done", true);
	read_from(r, n, ac);
	read_to(r, n, ac);
	ac->by = read_words(r, n, "by", &ac->nby);
	ac->rules = read_words(r, n, "rules", &ac->nrules);
	ac->tells = read_words(r, n, "tells", &ac->ntells);
	ac->effect = read_word(r, n, "effect");
	ac->not_same_as_handler = read_bool(r, n, "not_same_as_handler");
	ac->public_note = read_bool(r, n, "public_note");
	ac->danger = read_bool(r, n, "danger");
	if (window)
		ac->has_window = read_duration(r, window, "window", &ac->window);
	read_asks(r, n, ac);
	check_action(r, n, ac);
}

static void read_actions(struct reading *r)
{
	const struct yaml_node *map = yaml_get(r->root, "actions");

	if (map == NULL || !read_kind(r, map, YAML_MAP, "actions"))
		return;
	r->s->actions = arena_array(r->a, struct scenario_action, map->n + 1);
	for (const struct yaml_node *n = map->first; n; n = n->next)
		read_action(r, n, &r->s->actions[r->s->nactions++]);
}

static void read_top(struct reading *r)
{
	static const char *const keys[] = {"scenario", "title", "note", "roles", "total", "fields", "asks", "states", "actions", NULL};
	struct clocks total;

	read_keys(r, r->root, keys, "file ");
	r->s->id = read_id(r, r->root, read_word(r, r->root, "scenario"), "scenario ");
	r->s->title = read_text2(r, r->root, "title", true);
	read_word(r, r->root, "note");
	read_roles(r);
	r->s->fields = read_fields(r, "fields", &r->s->nfields);
	r->s->asks = read_fields(r, "asks", &r->s->nasks);
	read_states(r);
	read_actions(r);
	read_clock(r, r->root, "total", &total);
	r->s->has_total = total.has;
	r->s->total = total.d;
	r->s->total_by = total.by;
	r->s->totals = total.v;
	r->s->ntotals = total.n;
	check_whole(r);
}

static struct scenario *make(void)
{
	struct arena *a = malloc(sizeof(*a));
	struct scenario *s;

	if (a == NULL)
		abort();
	arena_init(a, 32 * 1024 * 1024);
	s = arena_new(a, struct scenario);
	s->arena = a;
	return s;
}

void scenario_free(struct scenario *s)
{
	struct arena *a = s ? s->arena : NULL;

	if (a == NULL)
		return;
	arena_release(a);
	free(a);
}

enum err scenario_parse(struct str name, struct str text, struct scenario **out, struct arena *a, struct str *why)
{
	struct scenario *s = make();
	struct faults f;
	struct reading r = {.s = s, .a = s->arena, .f = &f};

	faults_init(&f, name);
	s->source = arena_str(s->arena, text);
	hash_bytes(HASH_SHA256, text.p, text.n, s->digest);
	r.root = yaml_read(s->arena, s->source, &f);
	if (r.root && read_kind(&r, r.root, YAML_MAP, "scenario"))
		read_top(&r);
	*why = faults_text(&f, a);
	if (f.n) {
		scenario_free(s);
		return ERR_INPUT;
	}
	*out = s;
	return OK;
}

/* ---- look-ups ---- */

int scenario_state(const struct scenario *s, struct str id)
{
	for (size_t i = 0; i < s->nstates; i++)
		if (str_eq(s->states[i].id, id))
			return (int)i;
	return -1;
}

int scenario_action(const struct scenario *s, struct str id)
{
	for (size_t i = 0; i < s->nactions; i++)
		if (str_eq(s->actions[i].id, id))
			return (int)i;
	return -1;
}

static const struct scenario_field *find_field(const struct scenario_field *v, size_t n, struct str id)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].id, id))
			return &v[i];
	return NULL;
}

const struct scenario_field *scenario_field(const struct scenario *s, struct str id)
{
	return find_field(s->fields, s->nfields, id);
}

const struct scenario_field *scenario_ask(const struct scenario *s, struct str id)
{
	return find_field(s->asks, s->nasks, id);
}

const struct scenario_role *scenario_role(const struct scenario *s, struct str id)
{
	for (size_t i = 0; i < s->nroles; i++)
		if (str_eq(s->roles[i].id, id))
			return &s->roles[i];
	return NULL;
}

const struct duration *scenario_state_clock(const struct scenario_state *st, struct str value)
{
	for (size_t i = 0; i < st->nclocks; i++)
		if (str_eq(st->clocks[i].value, value))
			return &st->clocks[i].d;
	return st->has_clock ? &st->clock : NULL;
}
