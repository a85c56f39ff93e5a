#include "cap/cases/reply.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "cap/cases/cases.sql.h"
#include "cap/cases/fill.h"
#include "cap/cases/pick.h"
#include "core/place/place.h"
#include "web/fmt.h"
#include "web/looks.h"

#define LONG_SENTENCE 70    /* characters without a full stop; 示例 */
#define MOST_HINTS 6

/* ---- which fit ---- */

static bool works_in(struct rq *rq, int64_t org)
{
	for (size_t i = 0; i < rq->who.nrights; i++)
		if (rq->who.rights[i].org == org)
			return true;
	return org == 0;
}

/* "city.garbage" is met by a text for it, and by one for "city". */
static bool fits_category(struct str mine, struct str of_text)
{
	if (of_text.n == 0 || str_eq(mine, of_text))
		return true;
	return mine.n > of_text.n && mine.p[of_text.n] == '.' && str_eq(str_sub(mine, 0, of_text.n), of_text);
}

static size_t way_up(struct str place, struct str v[static PLACE_MICROGRID + 1])
{
	size_t n = 0;

	v[n++] = STR("");
	for (int l = PLACE_PROVINCE; l <= PLACE_MICROGRID; l++) {
		struct str up = place_up(place, (enum place_level)l);

		if (up.n && !str_eq(up, v[n - 1]))
			v[n++] = up;
	}
	return n;
}

enum err reply_fitting(struct rq *rq, const struct matter *m, struct reply_template **v, size_t *n)
{
	struct str places[PLACE_MICROGRID + 1];
	struct cases_template_of_rows rows;
	enum err e = q_cases_template_of(rq_conn(rq), rq->arena, places, way_up(m->place, places), &rows);

	*n = 0;
	if (e != OK)
		return e;
	*v = arena_array(rq->arena, struct reply_template, rows.n + 1);
	for (size_t i = 0; i < rows.n; i++) {
		const struct cases_template_of_row *r = &rows.v[i];

		if (works_in(rq, r->org) && fits_category(m->category, r->category) && (r->scenario.n == 0 || str_eq(r->scenario, m->scenario)))
			(*v)[(*n)++] = (struct reply_template){r->id, r->place, r->org, r->scenario, r->category, r->title, r->body, r->updated,
							       r->updated_by};
	}
	return OK;
}

/* ---- filled in ---- */

static struct str replace(struct arena *a, struct str text, const char *hole, struct str by)
{
	struct str out = STR(""), mark = str_from(hole);
	ptrdiff_t at;

	while ((at = str_find(text, mark)) >= 0) {
		out = arena_cat(a, out, arena_cat(a, str_sub(text, 0, (size_t)at), by));
		text = str_sub(text, (size_t)at + mark.n, text.n);
	}
	return arena_cat(a, out, text);
}

struct str reply_fill(struct rq *rq, const struct matter *m, struct str body)
{
	const struct { const char *zh, *en; struct str by; } holes[] = {
		{"{标题}", "{title}", m->title}, {"{地点}", "{place}", fill_place(rq, m->place)},
		{"{单位}", "{org}", pick_org_name(rq, m->holder_org, 0)}, {"{日期}", "{date}", looks_day(rq, rq->now)},
	};

	for (size_t i = 0; i < ARRAY_LEN(holes); i++)
		body = replace(rq->arena, replace(rq->arena, body, holes[i].zh, holes[i].by), holes[i].en, holes[i].by);
	return body;
}

enum err reply_offer(struct rq *rq, const struct matter *m, struct cases_action_view *a)
{
	struct reply_template *v;
	struct str want = rq_query(rq, "template");
	int64_t id;
	size_t n;
	enum err e = reply_fitting(rq, m, &v, &n);

	if (e != OK)
		return e;
	a->templates = arena_array(rq->arena, struct cases_option, n + 1);
	for (size_t i = 0; i < n; i++) {
		bool chosen = str_i64(want, &id) && id == v[i].id;

		a->templates[a->ntemplates++] = (struct cases_option){
			arena_printf(rq->arena, "/cases/%lld?do=%.*s&template=%lld#do-%.*s", (long long)m->id, STR_ARG(a->id), (long long)v[i].id,
				     STR_ARG(a->id)), v[i].title, chosen};
		for (size_t k = 0; chosen && k < a->nfields; k++)
			if (str_eqz(a->fields[k].name, "f_note"))
				fill_choose(rq, &a->fields[k], reply_fill(rq, m, v[i].body));
	}
	return OK;
}

/* ---- how it will read ---- */

static const struct { const char *word, *hint; } heavy[] = {
	{"相关部门", N_("“相关部门”：写清是哪个单位，群众好找")},
	{"有关部门", N_("“有关部门”：写清是哪个单位，群众好找")},
	{"尽快", N_("“尽快”：写一个日期")},
	{"近期", N_("“近期”：写一个日期")},
	{"高度重视", N_("“高度重视”：可以不写，直接说做了什么")},
	{"依法依规", N_("“依法依规”：写清依据哪一条，或者不写")},
	{"予以", N_("“予以”：换成口语，例如“给您”“马上”")},
	{"悉知", N_("“悉知”：换成“请您知道”")},
	{"酌情", N_("“酌情”：写清什么情况下怎么办")},
	{"已责成", N_("“已责成”：写清交给了谁、什么时候办完")},
};

static bool ends_sentence(struct str s)
{
	static const char *const ends[] = {"。", "！", "？", "；", "\n", "!", "?"};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (str_starts(s, ends[i]))
			return true;
	return false;
}

static bool has_long_sentence(struct str text)
{
	size_t run = 0;

	while (text.n) {
		struct str one = utf8_cut(text, 1);

		run = ends_sentence(text) ? 0 : run + 1;
		if (run > LONG_SENTENCE || one.n == 0)
			return run > LONG_SENTENCE;
		text = str_sub(text, one.n, text.n);
	}
	return false;
}

size_t reply_hints(struct rq *rq, struct str text, struct str *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(heavy) && n < max; i++)
		if (str_find(text, str_from(heavy[i].word)) >= 0)
			out[n++] = str_from(_(heavy[i].hint));
	if (n < max && has_long_sentence(text))
		out[n++] = str_from(_("有的句子太长：一句话说一件事"));
	return n;
}

static struct str value_named(const struct matter_value *v, size_t n, const char *field)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqz(v[i].field, field))
			return v[i].value;
	return STR("");
}

const struct cases_preview *reply_preview(struct rq *rq, const struct matter *m, const struct scenario_action *a, const struct matter_value *v, size_t n)
{
	struct cases_preview *p = arena_new(rq->arena, struct cases_preview);
	const struct scenario *s = matter_scenario(m);
	const struct scenario_state *to = a->to >= 0 ? &s->states[a->to] : matter_state(m);
	const struct scenario_field *d = scenario_ask(s, STR("verdict"));
	struct str verdict = value_named(v, n, "verdict");

	p->title = looks_text(rq, a->done);
	p->state = replace(rq->arena, looks_text(rq, to->plain), "{holder}", pick_org_name(rq, m->holder_org, 0));
	for (size_t i = 0; d && i < d->nchoices; i++)
		if (str_eq(d->choices[i].id, verdict))
			p->verdict = looks_text(rq, d->choices[i].title);
	p->note = matter_mask(rq->arena, value_named(v, n, "note"));
	p->reason = matter_mask(rq->arena, value_named(v, n, "reason"));
	p->hints = arena_array(rq->arena, struct str, MOST_HINTS);
	p->nhints = reply_hints(rq, p->note, p->hints, MOST_HINTS);
	return p;
}

/* ---- places that move ---- */

static enum err rename_place(struct tx *tx, struct str old_key, struct str new_key)
{
	return q_cases_template_rename(tx->c, old_key, place_after(tx->arena, old_key), new_key, (int64_t)old_key.n + 1, NULL);
}

void reply_init(void)
{
	place_on_rename(rename_place);
}
