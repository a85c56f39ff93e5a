#include "cap/map/query.h"

#include "base/clock.h"
#include "base/time.h"
#include "cap/map/codes.h"
#include "core/matter/category.h"
#include "core/matter/scenario.h"
#include "core/place/place.h"

#define LIST_MAX 64
#define CATEGORIES_MAX 4096
#define TEXT_MAX 400
#define SCENARIOS_MAX 64

enum err query_look(struct rq *rq, struct look *l)
{
	enum err e = look_begin(rq->arena, rq->now, l);

	return e == ERR_BUSY ? rq_fail(rq, e, N_("地图数据正在装载，请稍候再试。")) : e;
}

void query_age(struct rq *rq, const struct look *l)
{
	if (l->behind)
		http_header_set(rq->http, "X-Data-Age", arena_printf(rq->arena, "%lld", (long long)(l->behind / 1000)));
}

/* What everybody gets, pages of other sites may read as well; with a session or a key they may not. */
void query_open_to_all(struct rq *rq)
{
	if (rq->who.id == 0)
		http_header_set(rq->http, "Access-Control-Allow-Origin", STR("*"));
}

/* ---- for whom ---- */

bool query_is_public(struct rq *rq)
{
	struct scope *v;
	size_t n;

	return rq_query(rq, "as").n || rq->who.id == 0 || rq_scope(rq, "matter.read", &v, &n) != OK;
}

static enum err class_of(struct rq *rq, const struct look *l, struct query *q, struct buf *key)
{
	struct str as = rq_query(rq, "as");
	struct points_range *v;
	enum err e = OK;

	if (as.n && !str_eqz(as, "public"))
		return rq_fail_field(rq, ERR_INPUT, "as", N_("as 只能是 public。"));
	q->is_public = as.n || rq->who.id == 0 || rq_scope(rq, "matter.read", &q->scopes, &q->nscopes) != OK;
	if (q->is_public) {
		query_open_to_all(rq);
		q->f.public_only = true;
		buf_addz(key, "public");
		return OK;
	}
	v = arena_array(rq->arena, struct points_range, q->nscopes + 1);
	for (size_t i = 0; i < q->nscopes; i++) {
		v[i] = tree_range(l->tree, q->scopes[i].from, q->scopes[i].to);
		/* a right at the root holds for what belongs to no place too */
		if (str_empty(q->scopes[i].from))
			v[i] = (struct points_range){0, UINT32_MAX};
		buf_printf(key, "+%.*s", STR_ARG(q->scopes[i].from));
	}
	q->f.scoped = true;
	q->f.places = v;
	q->f.nplaces = q->nscopes;
	if (q->nscopes == 1 && str_empty(q->scopes[0].from)) /* everything, also POINTS_PLACE_NONE */
		q->f.scoped = false;
	return e;
}

const struct set_item *query_top(const struct query *q, const struct set *tree)
{
	if (q->place)
		return q->place;
	return q->nscopes == 1 && q->scopes[0].from.n ? set_by_key(tree, q->scopes[0].from) : NULL;
}

/* ---- one parameter after the other ---- */

struct reading {
	struct rq *rq;
	const struct look *l;
	struct query *q;
	struct buf *key;
};

static enum err too_long(struct reading *r, const char *name)
{
	return rq_fail_field(r->rq, ERR_INPUT, name, N_("参数 %s 太长，或列了太多项。"), name);
}

/* The words of a list; what is there goes into the key. */
static enum err words_of(struct reading *r, const char *name, struct str **v, size_t *n)
{
	struct str text = rq_query(r->rq, name), word;

	*n = 0;
	*v = arena_array(r->rq->arena, struct str, LIST_MAX);
	if (text.n > TEXT_MAX)
		return too_long(r, name);
	if (text.n)
		buf_printf(r->key, "&%s=%.*s", name, STR_ARG(text));
	while (str_split(&text, ',', &word)) {
		if (str_empty(str_trim(word)))
			continue;
		if (*n == LIST_MAX)
			return too_long(r, name);
		(*v)[(*n)++] = str_trim(word);
	}
	return OK;
}

static enum err unknown(struct reading *r, const char *name, struct str word)
{
	/* cut: it comes from outside and goes into a message */
	return rq_fail_field(r->rq, ERR_INPUT, name, N_("参数 %s 里没有“%.40s”这个值。"), name, arena_strz(r->rq->arena, word));
}

static bool scenario_has_state(struct str word)
{
	const struct scenario *all[SCENARIOS_MAX];
	size_t n = scenario_list(all, ARRAY_LEN(all));

	for (size_t i = 0; i < n; i++)
		if (scenario_state(all[i], word) >= 0)
			return true;
	return false;
}

/* A word that somebody declares gets its number, though nothing may have it yet. */
static bool number_of(enum code_kind k, struct str word, unsigned *code)
{
	bool declared = (k == CODE_STATE && scenario_has_state(word)) || (k == CODE_SCENARIO && scenario_current(word));

	if (code_find(k, word, code))
		return true;
	if (declared)
		*code = code_of(k, word);
	return declared;
}

static enum err bytes_of(struct reading *r, const char *name, enum code_kind k, const uint8_t **out, size_t *nout)
{
	struct str *v;
	size_t n;
	uint8_t *codes;
	enum err e = words_of(r, name, &v, &n);

	codes = arena_array(r->rq->arena, uint8_t, n + 1);
	for (size_t i = 0; e == OK && i < n; i++) {
		unsigned code;

		if (k == CODE_STATE && (str_eqz(v[i], "open") || str_eqz(v[i], "ended"))) {
			r->q->f.flags |= POINT_CLOSED;
			r->q->f.flags_want = (uint8_t)(str_eqz(v[i], "ended") ? POINT_CLOSED : 0);
			continue;
		}
		if (!number_of(k, v[i], &code))
			return unknown(r, name, v[i]);
		codes[(*nout)++] = (uint8_t)code;
	}
	*out = codes;
	return e;
}

/* With everything below it: "city" means "city.garbage" too. */
static bool is_below(struct str word, struct str top)
{
	return str_eq(word, top) || (word.n > top.n && word.p[top.n] == '.' && memcmp(word.p, top.p, top.n) == 0);
}

static enum err read_categories(struct reading *r)
{
	struct str *v;
	size_t n, all = code_count(CODE_CATEGORY);
	uint16_t *codes;
	enum err e = words_of(r, "category", &v, &n);

	if (e != OK || n == 0)
		return e;
	codes = arena_array(r->rq->arena, uint16_t, all + n + 1);
	for (size_t i = 0; i < n; i++) {
		size_t before = r->q->f.ncategories;

		for (size_t c = 0; c < all && r->q->f.ncategories < CATEGORIES_MAX; c++)
			if (is_below(code_word(CODE_CATEGORY, (unsigned)c), v[i]))
				codes[r->q->f.ncategories++] = (uint16_t)c;
		if (r->q->f.ncategories != before)
			continue;
		if (category_find(v[i]) == NULL)
			return unknown(r, "category", v[i]);
		codes[r->q->f.ncategories++] = (uint16_t)code_of(CODE_CATEGORY, v[i]);
	}
	r->q->f.categories = codes;
	return OK;
}

static enum err read_orgs(struct reading *r)
{
	struct str *v;
	size_t n;
	uint16_t *codes;
	enum err e = words_of(r, "org", &v, &n);

	codes = arena_array(r->rq->arena, uint16_t, n + 1);
	for (size_t i = 0; e == OK && i < n; i++) {
		unsigned code;
		int64_t id;

		if (!str_i64(v[i], &id) || id < 0)
			return unknown(r, "org", v[i]);
		/* whoever asks gives no numbers away: outsiders could use them all up */
		codes[r->q->f.ndepartments++] = (uint16_t)(code_find_org(id, &code) ? code : CODE_NOBODY);
	}
	r->q->f.departments = codes;
	return e;
}

static enum err read_tags(struct reading *r)
{
	struct str *v;
	size_t n;
	enum err e = words_of(r, "tag", &v, &n);

	for (size_t i = 0; e == OK && i < n; i++) {
		int tag = tag_find(v[i]);

		if (tag < 0)
			return unknown(r, "tag", v[i]);
		r->q->f.tags |= 1u << tag;
	}
	return e;
}

static enum err read_colours(struct reading *r)
{
	static const struct { const char *word; enum point_colour colour; } names[] = {
		{"late", POINT_OVERDUE}, {"soon", POINT_SOON}, {"ok", POINT_IN_TIME}, {"none", POINT_NO_CLOCK}};
	struct str *v, open = rq_query(r->rq, "open");
	size_t n;
	enum err e = words_of(r, "colour", &v, &n);

	for (size_t i = 0; e == OK && i < n; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(names) && !str_eqz(v[i], names[k].word))
			k++;
		if (k == ARRAY_LEN(names))
			return unknown(r, "colour", v[i]);
		r->q->f.colours |= 1u << names[k].colour;
	}
	r->q->timed = n > 0;
	if (open.n && !str_eqz(open, "1") && !str_eqz(open, "0"))
		return unknown(r, "open", open);
	if (str_eqz(open, "1") || n) { /* only what is open has a clock */
		r->q->f.flags |= POINT_CLOSED;
		r->q->f.flags_want = 0;
		buf_addz(r->key, "&open");
	}
	return e;
}

bool query_time(struct str s, bool end, int64_t *ms)
{
	int64_t day;

	if (time_parse_date(s, &day)) {
		*ms = time_day_start(day + end, TIME_CHINA);
		return true;
	}
	if (s.n >= 10 && str_i64(s, ms))
		return *ms >= 0;
	return time_parse(s, TIME_CHINA, ms) && *ms >= 0;
}

static enum err read_period(struct reading *r, const char *from, const char *to, struct points_range *out)
{
	struct str a = rq_query(r->rq, from), b = rq_query(r->rq, to);
	int64_t begin = 0, end = 0;

	if (a.n && !query_time(a, false, &begin))
		return rq_fail_field(r->rq, ERR_INPUT, from, N_("时间 %s 要写成 2026-11-22 这样。"), from);
	if (b.n && !query_time(b, true, &end))
		return rq_fail_field(r->rq, ERR_INPUT, to, N_("时间 %s 要写成 2026-11-22 这样。"), to);
	if (b.n && end <= begin)
		return rq_fail_field(r->rq, ERR_INPUT, to, N_("结束时间要在开始时间之后。"));
	if (begin / MS_MINUTE >= UINT32_MAX || end / MS_MINUTE >= UINT32_MAX)
		return rq_fail_field(r->rq, ERR_INPUT, from, N_("时间 %s 太远了。"), from);
	out->from = (uint32_t)(begin / MS_MINUTE);
	out->to = (uint32_t)((end + MS_MINUTE - 1) / MS_MINUTE);
	if (a.n || b.n)
		buf_printf(r->key, "&%s=%u-%u", from, out->from, out->to);
	return OK;
}

static bool in_scopes(const struct query *q, struct str key)
{
	for (size_t i = 0; i < q->nscopes; i++)
		if (str_cmp(key, q->scopes[i].from) >= 0 && str_cmp(key, q->scopes[i].to) < 0)
			return true;
	return q->is_public;
}

/* Above what the reader may see: a town's clerk asks for his county and gets his town. */
static bool above_scopes(const struct query *q, struct str key)
{
	for (size_t i = 0; i < q->nscopes; i++)
		if (place_within(q->scopes[i].from, key))
			return true;
	return false;
}

static enum err read_place(struct reading *r)
{
	struct str code = rq_query(r->rq, "place");
	struct points_range *range = arena_new(r->rq->arena, struct points_range);
	const struct set_item *it;

	if (str_empty(code))
		return OK;
	if (code.n > TEXT_MAX)
		return too_long(r, "place");
	it = set_by_fid(r->l->tree, code);
	if (it == NULL)
		return rq_fail_field(r->rq, ERR_INPUT, "place", N_("没有代码为“%.40s”的地点。"), arena_strz(r->rq->arena, code));
	if (!in_scopes(r->q, it->place) && !above_scopes(r->q, it->place))
		return rq_fail_field(r->rq, ERR_FORBIDDEN, "place", N_("这个地点不在您的工作范围内。"));
	*range = tree_range(r->l->tree, it->place, place_after(r->rq->arena, it->place));
	r->q->place = it;
	r->q->f.within = range;
	r->q->f.nwithin = 1;
	buf_printf(r->key, "&place=%.*s", STR_ARG(it->place));
	return OK;
}

static enum err read_all(struct reading *r)
{
	struct points_filter *f = &r->q->f;
	enum err e = bytes_of(r, "scenario", CODE_SCENARIO, &f->scenarios, &f->nscenarios);

	if (e == OK)
		e = bytes_of(r, "state", CODE_STATE, &f->states, &f->nstates);
	if (e == OK)
		e = bytes_of(r, "channel", CODE_CHANNEL, &f->channels, &f->nchannels);
	if (e == OK)
		e = read_categories(r);
	if (e == OK)
		e = read_orgs(r);
	if (e == OK)
		e = read_tags(r);
	if (e == OK)
		e = read_colours(r);
	if (e == OK)
		e = read_period(r, "from", "to", &f->created);
	if (e == OK)
		e = read_period(r, "closed_from", "closed_to", &f->closed);
	return e == OK ? read_place(r) : e;
}

static enum err check_names(struct rq *rq, const char *const *also)
{
	static const char *const ours[] = {"category", "scenario", "state", "colour", "channel", "org", "tag", "place", "from", "to", "closed_from",
					   "closed_to", "open", "as", "lang", "v", NULL};
	const struct http_pairs *p = &rq->http->params;

	for (size_t i = 0; i < p->n; i++) {
		bool known = false;

		for (const char *const *w = ours; *w; w++)
			known = known || str_eqz(p->v[i].name, *w);
		for (const char *const *w = also; w && *w; w++)
			known = known || str_eqz(p->v[i].name, *w);
		if (!known)
			return rq_fail_field(rq, ERR_INPUT, arena_strz(rq->arena, str_sub(p->v[i].name, 0, 40)), N_("没有“%.40s”这个参数。"),
					     arena_strz(rq->arena, p->v[i].name));
		for (size_t k = 0; k < i; k++)
			if (str_eq(p->v[i].name, p->v[k].name))
				return rq_fail(rq, ERR_INPUT, N_("参数“%.40s”写了两次。"), arena_strz(rq->arena, p->v[i].name));
	}
	return OK;
}

enum err query_class(struct rq *rq, const struct look *l, struct query *q)
{
	struct buf key;
	enum err e;

	*q = (struct query){.f = {.now = l->now}};
	buf_init(&key, 16384);
	e = class_of(rq, l, q, &key);
	q->key = arena_str(rq->arena, buf_str(&key));
	buf_release(&key);
	return e;
}

enum err query_read(struct rq *rq, const struct look *l, const char *const *also, struct query *q)
{
	struct buf key;
	struct reading r = {.rq = rq, .l = l, .q = q, .key = &key};
	enum err e = check_names(rq, also);

	*q = (struct query){.f = {.now = l->now}};
	if (e != OK)
		return e;
	buf_init(&key, 65536);
	e = class_of(rq, l, q, &key);
	if (e == OK)
		e = read_all(&r);
	q->key = arena_str(rq->arena, buf_str(&key));
	buf_release(&key);
	return e;
}

/* ---- sets ---- */

bool query_may_see(struct rq *rq, const struct set *s)
{
	return str_empty(s->permission) || (rq->who.id && rq_may(rq, arena_strz(rq->arena, s->permission)));
}

bool query_may_see_item(struct rq *rq, const struct set *s, const struct set_item *it)
{
	return str_empty(s->permission) || str_empty(it->place) || rq_may_at(rq, s->permission.p, it->place);
}
