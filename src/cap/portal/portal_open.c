/* The open page: what the journal's totals say of a town or one of its communities, and the newest public matters. */
#include <stdlib.h>

#include "base/time.h"
#include "cap/portal/portal.h"

#define ROWS 30
#define MOST_BARS 14

/* ---- small numbers ---- */

/* Residents look for rubbish and noise, not for the finest class: the groups of the upper level, counted together. */
static size_t by_group(struct matter_total_row *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct matter_total_row r = v[i]; /* what is kept lies over what has been read */
		ptrdiff_t dot = str_chr(r.name, '.');
		struct str group = dot > 0 ? str_sub(r.name, 0, (size_t)dot) : r.name;
		size_t k = 0;

		while (k < kept && !str_eq(v[k].name, group))
			k++;
		if (k == kept)
			v[kept++] = (struct matter_total_row){.name = group};
		v[k].filed += r.filed;
		v[k].closed += r.closed;
		v[k].open += r.open;
	}
	return kept;
}

static int by_size(const void *x, const void *y)
{
	const struct matter_total_row *a = x, *b = y;

	if (a->filed != b->filed)
		return a->filed > b->filed ? -1 : 1;
	return str_cmp(a->name, b->name);
}

/*
 * Largest first. Those below PORTAL_FEW become one, and it takes in larger ones until it is no longer small itself: else the difference
 * between the whole and what is told would tell it.
 */
static void parts_of(struct arena *a, struct matter_total_row *v, size_t n, struct portal_open *out)
{
	struct portal_open_part rest = {.rest = true};
	size_t told;

	n = told = by_group(v, n);
	qsort(v, n, sizeof(*v), by_size);
	while (told && (v[told - 1].filed < PORTAL_FEW || (rest.filed && rest.filed < PORTAL_FEW))) {
		rest.filed += v[--told].filed;
		rest.closed += v[told].closed;
		rest.open += v[told].open;
	}
	out->parts = arena_array(a, struct portal_open_part, told + 1);
	for (size_t i = 0; i < told; i++)
		out->parts[out->nparts++] = (struct portal_open_part){v[i].name, v[i].filed, v[i].closed, v[i].open, false};
	if (rest.filed >= PORTAL_FEW)
		out->parts[out->nparts++] = rest;
}

/* ---- along the time ---- */

static enum err bars_of(struct db_conn *c, struct arena *a, struct str place, int64_t from, int64_t today, struct portal_open *out)
{
	struct matter_total_day *v;
	size_t n;
	enum err e = matter_totals_by_day(c, a, place, from, today, &v, &n);

	out->span = out->ask.days > 90 ? 30 : 7;
	out->nbars = (size_t)((out->ask.days + out->span - 1) / out->span);
	out->bars = arena_array(a, struct portal_open_bar, MOST_BARS + 1);
	if (e != OK)
		return e;
	/* whole spans back from today, so that the newest bar is as long as the others; the oldest may be shorter */
	for (size_t i = 0; i < out->nbars; i++)
		out->bars[i].day = today - (int64_t)(out->nbars - i) * out->span;
	if (out->bars[0].day < from)
		out->bars[0].day = from;
	for (size_t i = 0; i < n; i++) {
		size_t back = (size_t)((today - 1 - v[i].day) / out->span), at = back < out->nbars ? out->nbars - 1 - back : 0;

		out->bars[at].filed += v[i].filed;
		out->bars[at].closed += v[i].closed;
	}
	/* a town that has just begun: not eleven empty months before the first */
	while (out->nbars > 4 && out->bars[0].filed == 0) {
		out->bars++;
		out->nbars--;
	}
	for (size_t i = 0; i < out->nbars; i++) {
		struct portal_open_bar *b = &out->bars[i];

		b->few = b->filed > 0 && b->filed < PORTAL_FEW;
		if (b->few)
			b->filed = b->closed = 0;
		if (b->filed > out->tallest)
			out->tallest = b->filed;
	}
	return OK;
}

/* ---- the list ---- */

static enum err open_row(struct db_conn *c, struct arena *a, const struct portal_town *t, const struct matter_row *r,
			 struct portal_open_row *out)
{
	const struct scenario *s = scenario_current(r->scenario);
	struct str community = place_up(r->place, PLACE_COMMUNITY);
	struct place p;
	int state = s ? scenario_state(s, r->state) : -1;
	enum err e;

	*out = (struct portal_open_row){.title = matter_mask(a, r->title), .category = r->category, .created = r->created,
					.closed = r->closed, .place = t->place.name, .kind = STATE_OPEN,
					.score = r->judge_score, .solved = r->judge_solved};
	if (s && !str_eqz(r->scenario, PORTAL_REPORT))
		out->scenario = s->title;
	if (state >= 0) {
		out->state = s->states[state].title;
		out->kind = s->states[state].kind;
	}
	if (str_empty(community))
		return OK;
	e = place_by_key(c, a, community, &p);
	if (e == OK)
		out->place = place_short_name(p.name);
	return e == ERR_NOT_FOUND ? OK : e;
}

/* Whatever is public, as the totals count it: a finding of the grid that was made public is also something that the town dealt with. */
static enum err rows_of(struct db_conn *c, struct arena *a, const struct portal_town *t, struct str place, int64_t from, int64_t now,
			struct portal_open *out)
{
	struct str until = place_after(a, place);
	struct matter_scope scope = {&place, &until, 1, false};
	struct matter_filter filter = {.limit = ROWS, .from = time_day_start(from, TIME_CHINA),
				       .before_key = out->ask.before_key, .before_id = out->ask.before_id};
	struct matter_page page;
	enum err e = matter_list_page(c, a, &scope, &filter, now, &page);

	if (e != OK)
		return e;
	out->more = page.more;
	out->next_key = page.next_key;
	out->next_id = page.next_id;
	out->rows = arena_array(a, struct portal_open_row, page.n + 1);
	for (size_t i = 0; e == OK && i < page.n; i++)
		e = open_row(c, a, t, &page.v[i], &out->rows[out->nrows++]);
	return e;
}

static enum err name_of(struct db_conn *c, struct arena *a, const struct portal_town *t, struct portal_open *out)
{
	struct place p = t->place;
	enum err e = OK;

	if (!str_empty(out->ask.place))
		e = place_by_key(c, a, out->ask.place, &p);
	out->place_name = place_short_name(p.name);
	out->place_code = p.code;
	return e;
}

CHECKED enum err portal_open_load(struct db_conn *c, struct arena *a, const struct portal_town *t, const struct portal_open_ask *ask, int64_t now,
				  struct portal_open *out)
{
	int64_t today = time_day_of(now, TIME_CHINA) + 1, from = today - ask->days;
	struct str place = str_empty(ask->place) ? t->place.key : ask->place;
	struct matter_total_row *categories;
	size_t n;
	enum err e;

	*out = (struct portal_open){.ask = *ask};
	e = name_of(c, a, t, out);
	if (e == OK)
		e = matter_totals_get(c, a, place, from, today, &out->totals);
	if (e == OK)
		e = matter_totals_by_category(c, a, place, from, today, &categories, &n);
	if (e == OK)
		e = bars_of(c, a, place, from, today, out);
	if (e == OK)
		e = rows_of(c, a, t, place, from, now, out);
	if (e != OK)
		return e;
	out->few_judged = out->totals.judged < PORTAL_FEW;
	out->few = !str_empty(ask->place) && out->totals.filed < PORTAL_FEW;
	if (out->few)
		out->totals = (struct matter_totals){0};
	else
		parts_of(a, categories, n, out);
	return OK;
}
