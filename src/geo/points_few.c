/*
 * Few rows by category and period. The second order of a segment lists its rows by (category, period), ascending in each list. The lists that a filter
 * leaves are copied one behind the other, and what the filter asks beyond category and time is looked at a column at a time for the rows that are left: so
 * the work is some instructions a row, and nothing else of the segment is touched.
 */
#include "geo/points_plan.h"

struct span { uint32_t from, to; bool edge; };   /* of `order`; edge: times must be looked at */

/* ---- which lists ---- */

/* From the newest backwards by steps that double: what is asked for is new as a rule. */
static uint32_t first_start(const struct seg *s, unsigned category, unsigned period)
{
	uint32_t first = s->category_start[category], high = s->category_start[category + 1], low = high, step = 1;
	unsigned code = category << 8 | period;

	while (low > first && s->starts[low - 1].code >= code) {
		high = low - 1;
		low = low - first > step ? low - step : first;
		step *= 2;
	}
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (s->starts[mid].code < code)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static unsigned period_of(const struct seg *s, uint32_t t)
{
	uint32_t period = t / PERIOD_MINUTES < s->period0 ? 0 : t / PERIOD_MINUTES - s->period0;

	return period > 255 ? 255 : period;
}

/* Lists of the category that lie in the periods, as at most three spans: those between the first and the last stand one behind the other. */
static uint32_t spans_of(const struct seg *s, unsigned category, unsigned low, unsigned high, struct span *v)
{
	uint32_t from = first_start(s, category, low), to = high == 255 ? s->category_start[category + 1] : first_start(s, category, high + 1), n = 0;

	if (from < to && (s->starts[from].code & 255) == low) {
		v[n++] = (struct span){s->starts[from].start, s->starts[from + 1].start, true};
		from++;
	}
	if (from < to && (s->starts[to - 1].code & 255) == high) {
		v[n++] = (struct span){s->starts[to - 1].start, s->starts[to].start, true};
		to--;
	}
	if (from < to)
		v[n++] = (struct span){s->starts[from].start, s->starts[to].start, false};
	return n;
}

/* ---- their rows ---- */

static void take(const struct plan *p, const struct seg *s, struct span o, uint32_t from, uint32_t to, struct few *out)
{
	const uint16_t *rows = s->order + o.from;
	uint32_t n = o.to - o.from;

	if (from > 0 || to < s->n) {
		uint32_t kept = out->n;

		for (uint32_t i = 0; i < n; i++) { /* without a jump that depends on the answer: the processor cannot guess it */
			out->rows[kept] = rows[i];
			kept += rows[i] >= from && rows[i] < to;
		}
		rows = out->rows + out->n;
		n = kept - out->n;
	}
	if (o.edge)
		n = p->k->list32(s->created, rows, n, p->created_low, p->created_high, out->rows + out->n);
	else if (rows != out->rows + out->n)
		memcpy(out->rows + out->n, rows, n * sizeof(*rows));
	out->n += n;
}

/* ---- what else is asked ---- */

static bool in_places(const struct step_places *o, uint16_t code)
{
	if (o->bitmap)
		return o->bits[code >> 6] >> (code & 63) & 1;
	for (unsigned i = 0; i < o->n; i++)
		if (code >= o->low[i] && code <= o->high[i])
			return true;
	return false;
}

static bool in_bits(const uint64_t *bits, unsigned code)
{
	return bits[code >> 6] >> (code & 63) & 1;
}

static unsigned colour_of(const struct plan *p, const struct seg *s, uint32_t i)
{
	return p->colours ? colours_row(p->colours, s, i, p->f->now) : seg_colour(s, i, p->f->now);
}

/* Again without such a jump. */
#define KEEP(condition) \
	for (uint32_t i = 0; i < n; i++) { \
		uint32_t row = rows[i]; \
		rows[kept] = (uint16_t)row; \
		kept += (condition); \
	} \
	return kept

static uint32_t keep(const struct plan *p, const struct seg *s, enum step_kind kind, uint16_t *rows, uint32_t n)
{
	const struct points_filter *f = p->f;
	uint32_t kept = 0;

	switch (kind) {
	case STEP_STATE: KEEP(in_bits(p->state.bits, s->state[row]));
	case STEP_SCENARIO: KEEP(in_bits(p->scenario.bits, s->scenario[row]));
	case STEP_CHANNEL: KEEP(in_bits(p->channel.bits, s->channel[row]));
	case STEP_CATEGORY: KEEP(in_bits(p->category_bits, s->category[row] | (s->category_high ? (unsigned)s->category_high[row] << 8 : 0)));
	case STEP_FLAGS: KEEP((s->flags[row] & p->flags) == p->flags_want);
	case STEP_CREATED: return n; /* looked at when the rows were taken */
	case STEP_CLOSED: KEEP(s->when[row] >= p->closed_low && s->when[row] <= p->closed_high);
	case STEP_PLACES: KEEP(in_places(&p->places[0], s->place[row]));
	case STEP_WITHIN: KEEP(in_places(&p->places[1], s->place[row]));
	case STEP_DEPARTMENT: KEEP(in_bits(p->department_bits, s->department[row]));
	case STEP_TAGS: KEEP((s->tags[row] & f->tags) != 0);
	case STEP_COLOUR: KEEP(f->colours >> colour_of(p, s, row) & 1);
	case STEP_KINDS: break;
	}
	return n;
}

static void keep_all(const struct plan *p, const struct seg *s, struct few *out)
{
	for (unsigned i = 0; i < p->nsteps && out->n; i++)
		if (p->steps[i] != STEP_CATEGORY || !plan_low_is_enough(p, s))
			out->n = keep(p, s, p->steps[i], out->rows, out->n);
}

static bool asked(const struct plan *p, enum step_kind kind)
{
	for (unsigned i = 0; i < p->nsteps; i++)
		if (p->steps[i] == kind)
			return true;
	return false;
}

bool plan_few(const struct plan *p, const struct seg *s, uint32_t from, uint32_t to, struct few *out)
{
	const bool times = asked(p, STEP_CREATED);
	struct span v[PLAN_FEW * 3];
	uint32_t n = 0, rows = 0;
	unsigned low, high, few = 0;

	if (s->order == NULL || p->f->ncategories == 0)
		return false;
	low = period_of(s, p->created_low);
	high = period_of(s, p->created_high);
	for (int i = 0; i < 4; i++)
		for (uint64_t w = p->category_low.bits[i] & s->has_category[i]; w; w &= w - 1) {
			if (few++ == PLAN_FEW)
				return false;
			n += spans_of(s, (unsigned)i * 64 + (unsigned)__builtin_ctzll(w), low, high, v + n);
		}
	for (uint32_t i = 0; i < n; i++)
		rows += v[i].to - v[i].from;
	if (rows > s->n / 16 || rows > to - from) /* a scan of whole columns is cheaper */
		return false;
	out->n = 0;
	for (uint32_t i = 0; i < n; i++) {
		v[i].edge &= times;
		take(p, s, v[i], from, to, out);
	}
	keep_all(p, s, out);
	return true;
}
