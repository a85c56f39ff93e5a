#include "geo/points_plan.h"

/* ---- the filter ---- */

static int set_of8(struct byte_set *set, const uint8_t *v, size_t n)
{
	bool one = n > 0;

	*set = (struct byte_set){.bits = {0}};
	for (size_t i = 0; i < n; i++) {
		byte_set_add(set, v[i]);
		one &= v[i] == v[0];
	}
	return one ? v[0] : -1;
}

static uint64_t *set_of16(const uint16_t *v, size_t n)
{
	uint64_t *bits = n ? calloc(1024, sizeof(*bits)) : NULL;

	if (n && bits == NULL)
		BUG("no memory for a filter");
	for (size_t i = 0; i < n; i++)
		bits[v[i] >> 6] |= (uint64_t)1 << (v[i] & 63);
	return bits;
}

static int low_bytes(struct byte_set *set, const uint16_t *v, size_t n)
{
	bool one = n > 0;

	*set = (struct byte_set){.bits = {0}};
	for (size_t i = 0; i < n; i++) {
		byte_set_add(set, (uint8_t)v[i]);
		one &= (v[i] & 255) == (v[0] & 255);
	}
	return one ? v[0] & 255 : -1;
}

/* [from, to) with to == 0 for "no end", as low <= v <= high. False: nothing can be in it. */
static bool bounds(struct points_range r, uint32_t *low, uint32_t *high)
{
	*low = r.from;
	*high = r.to ? r.to - 1 : UINT32_MAX;
	return *low <= *high;
}

/* None named, or all of them. */
static bool any_colour(const struct points_filter *f)
{
	return (f->colours & 15) == 0 || (f->colours & 15) == 15;
}

void plan_init(struct plan *p, const struct points_filter *f)
{
	p->f = f;
	p->k = kernels();
	p->nsteps = 0;
	p->by_colour = false;
	p->colours = NULL;
	p->colours_of = NULL;
	p->category_one = -1;
	p->state_one = set_of8(&p->state, f->states, f->nstates);
	p->scenario_one = set_of8(&p->scenario, f->scenarios, f->nscenarios);
	p->channel_one = set_of8(&p->channel, f->channels, f->nchannels);
	p->category_bits = set_of16(f->categories, f->ncategories);
	p->department_bits = set_of16(f->departments, f->ndepartments);
	p->category_one = low_bytes(&p->category_low, f->categories, f->ncategories);
	p->none = !bounds(f->created, &p->created_low, &p->created_high) || !bounds(f->closed, &p->closed_low, &p->closed_high) ||
		  (f->scoped && f->nplaces == 0);
	p->flags = f->flags;
	p->flags_want = f->flags_want & f->flags;
	if (f->flags_want & ~f->flags)
		p->none = true;
	if (f->public_only) {
		p->none |= (p->flags & POINT_PUBLIC) && !(p->flags_want & POINT_PUBLIC);
		p->flags |= POINT_PUBLIC;
		p->flags_want |= POINT_PUBLIC;
	}
	if (f->closed.from || f->closed.to) {
		p->none |= (p->flags & POINT_CLOSED) && !(p->flags_want & POINT_CLOSED);
		p->flags |= POINT_CLOSED;
		p->flags_want |= POINT_CLOSED;
	}
	p->all = !p->none && !f->nscenarios && !f->ncategories && !f->nstates && !f->nchannels && !f->ndepartments && !f->tags && !f->created.from &&
		 !f->created.to && !f->closed.from && !f->closed.to && any_colour(f) && !f->scoped && !f->nplaces && !f->nwithin && !p->flags;
}

static void colours_forget(struct plan *p)
{
	colours_drop(p->colours);
	p->colours = NULL;
	p->colours_of = NULL;
}

void plan_share(struct plan *to, const struct plan *from)
{
	*to = *from;
	to->colours = NULL;
	to->colours_of = NULL;
}

void plan_unshare(struct plan *p)
{
	colours_forget(p);
}

void plan_release(struct plan *p)
{
	colours_forget(p);
	free(p->category_bits);
	free(p->department_bits);
}

/* ---- one segment ---- */

static enum plan_fit fit8(const uint64_t want[4], const uint64_t has[4])
{
	uint64_t some = 0, other = 0;

	for (int i = 0; i < 4; i++) {
		some |= want[i] & has[i];
		other |= has[i] & ~want[i];
	}
	return !some ? PLAN_NONE : other ? PLAN_SOME : PLAN_ALL;
}

static uint32_t lower_place(const struct seg *s, uint32_t place)
{
	uint32_t low = 0, high = s->nplaces;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (s->places[mid] < place)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void set_bits(uint64_t *bits, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		bits[i >> 6] |= (uint64_t)1 << (i & 63);
}

/* Ranges of ordinals as ranges of the segment's own list of places. */
static enum plan_fit fit_places(struct step_places *o, const struct seg *s, const struct points_range *v, size_t n)
{
	uint32_t covered = 0;

	o->n = 0;
	o->bitmap = false;
	for (size_t i = 0; i < n; i++) {
		uint32_t from = lower_place(s, v[i].from), to = v[i].to > v[i].from ? lower_place(s, v[i].to) : from;

		if (to > from && s->places[to - 1] == POINTS_PLACE_NONE)
			to--;
		if (from == to)
			continue;
		if (from == 0 && to == s->nplaces)
			return PLAN_ALL;
		if (o->n == PLAN_RANGES && !o->bitmap) {
			o->bitmap = true;
			memset(o->bits, 0, (s->nplaces / 64 + 1) * sizeof(*o->bits));
			for (unsigned k = 0; k < PLAN_RANGES; k++)
				set_bits(o->bits, o->low[k], o->high[k] + 1u);
		}
		if (o->bitmap) {
			set_bits(o->bits, from, to);
		} else {
			o->low[o->n] = (uint16_t)from;
			o->high[o->n++] = (uint16_t)(to - 1);
		}
	}
	for (uint32_t i = 0; o->bitmap && i <= s->nplaces / 64; i++)
		covered += (uint32_t)__builtin_popcountll(o->bits[i]);
	return o->n == 0 ? PLAN_NONE : covered == s->nplaces ? PLAN_ALL : PLAN_SOME;
}

static enum plan_fit fit_flags(const struct plan *p, const struct seg *s)
{
	if ((s->flags_or & p->flags_want) != p->flags_want || (s->flags_and & p->flags & (uint8_t)~p->flags_want))
		return PLAN_NONE;
	return (s->flags_and & p->flags_want) == p->flags_want && !(s->flags_or & p->flags & (uint8_t)~p->flags_want) ? PLAN_ALL : PLAN_SOME;
}

static enum plan_fit fit_created(const struct plan *p, const struct seg *s)
{
	if (s->created_min > p->created_high || s->created_max < p->created_low)
		return PLAN_NONE;
	return s->created_min >= p->created_low && s->created_max <= p->created_high ? PLAN_ALL : PLAN_SOME;
}

static enum plan_fit fit_step(struct plan *p, const struct seg *s, enum step_kind kind)
{
	const struct points_filter *f = p->f;
	enum plan_fit fit;

	switch (kind) {
	case STEP_STATE: return f->nstates ? fit8(p->state.bits, s->has_state) : PLAN_ALL;
	case STEP_SCENARIO: return f->nscenarios ? fit8(p->scenario.bits, s->has_scenario) : PLAN_ALL;
	case STEP_CHANNEL: return f->nchannels ? fit8(p->channel.bits, s->has_channel) : PLAN_ALL;
	case STEP_CATEGORY:
		if (!f->ncategories)
			return PLAN_ALL;
		fit = fit8(p->category_low.bits, s->has_category);
		return fit == PLAN_ALL ? PLAN_SOME : fit;
	case STEP_FLAGS: return p->flags ? fit_flags(p, s) : PLAN_ALL;
	case STEP_CREATED: return f->created.from || f->created.to ? fit_created(p, s) : PLAN_ALL;
	case STEP_CLOSED: return f->closed.from || f->closed.to ? PLAN_SOME : PLAN_ALL;
	case STEP_PLACES: return f->scoped || f->nplaces ? fit_places(&p->places[0], s, f->places, f->nplaces) : PLAN_ALL;
	case STEP_WITHIN: return f->nwithin ? fit_places(&p->places[1], s, f->within, f->nwithin) : PLAN_ALL;
	case STEP_DEPARTMENT: return f->ndepartments ? PLAN_SOME : PLAN_ALL;
	case STEP_TAGS: return f->tags ? PLAN_SOME : PLAN_ALL;
	case STEP_COLOUR: return any_colour(f) ? PLAN_ALL : PLAN_SOME;
	case STEP_KINDS: break;
	}
	return PLAN_ALL;
}

static void colours_take(struct plan *p, struct seg *s)
{
	if (p->colours_of == s)
		return;
	colours_forget(p);
	p->colours = colours_hold(s, p->f->now);
	p->colours_of = s;
}

static enum plan_fit fit_steps(struct plan *p, const struct seg *s)
{
	for (int kind = 0; kind < STEP_KINDS; kind++) {
		enum plan_fit fit = fit_step(p, s, (enum step_kind)kind);

		if (fit == PLAN_NONE)
			return PLAN_NONE;
		if (fit == PLAN_SOME)
			p->steps[p->nsteps++] = (enum step_kind)kind;
	}
	return p->nsteps ? PLAN_SOME : PLAN_ALL;
}

enum plan_fit plan_segment(struct plan *p, struct seg *s)
{
	enum plan_fit fit;

	p->nsteps = 0;
	if (p->none)
		return PLAN_NONE;
	fit = p->all ? PLAN_ALL : fit_steps(p, s);
	if (fit != PLAN_NONE && (p->by_colour || !any_colour(p->f)))
		colours_take(p, s);
	return fit;
}

/* ---- rows ---- */

static void step_set(const struct plan *p, uint64_t *m, const uint8_t *c, size_t blocks, const struct byte_set *set, int one)
{
	if (one >= 0)
		p->k->eq8(m, c, blocks, (uint8_t)one);
	else
		p->k->set8(m, c, blocks, set);
}

static void step_category(const struct plan *p, const struct seg *s, uint32_t first, uint64_t *m, size_t blocks)
{
	step_set(p, m, s->category + first, blocks, &p->category_low, p->category_one);
	for (size_t b = 0; b < blocks; b++)
		for (uint64_t w = m[b]; w; w &= w - 1) {
			unsigned k = (unsigned)__builtin_ctzll(w);
			uint32_t row = first + (uint32_t)b * 64 + k;
			unsigned code = s->category[row] | (s->category_high ? (unsigned)s->category_high[row] << 8 : 0);

			if (!(p->category_bits[code >> 6] >> (code & 63) & 1))
				m[b] &= ~((uint64_t)1 << k);
		}
}

/* Codes below 256 only, on both sides: the low byte says it all. */
bool plan_low_is_enough(const struct plan *p, const struct seg *s)
{
	if (s->category_high)
		return false;
	for (int i = 0; i < 4; i++)
		if (p->category_low.bits[i] & ~p->category_bits[i] & s->has_category[i])
			return false;
	return true;
}

static bool more_than_six(uint64_t m)
{
	for (int i = 0; i < 6; i++)
		m &= m - 1;
	return m != 0;
}

/* By periods first: a quarter of the memory of the times; only those of the first and last period are looked at exactly. */
static void step_created(const struct plan *p, const struct seg *s, uint32_t first, uint64_t *m, size_t blocks)
{
	uint64_t edge[STRIPE];
	uint32_t low = p->created_low / PERIOD_MINUTES, high = p->created_high / PERIOD_MINUTES;

	low = low < s->period0 ? 0 : low - s->period0;
	high = high - s->period0;
	low = low > 255 ? 255 : low;
	high = high > 255 ? 255 : high;
	p->k->range8(m, edge, s->period + first, blocks, (uint8_t)low, (uint8_t)high);
	for (size_t b = 0; b < blocks; b++) {
		uint64_t exact = edge[b];

		if (exact == 0)
			continue;
		if (more_than_six(exact)) {
			p->k->range32(&exact, s->created + first + b * 64, 1, p->created_low, p->created_high);
		} else {
			for (uint64_t w = edge[b]; w; w &= w - 1) {
				uint32_t t = s->created[first + b * 64 + (unsigned)__builtin_ctzll(w)];

				if (t < p->created_low || t > p->created_high)
					exact &= ~(w & -w);
			}
		}
		m[b] &= ~edge[b] | exact;
	}
}

/* One block of which some places are wanted and others are not. */
static uint64_t places_block(const struct plan *p, const struct step_places *o, const uint16_t *place, uint64_t m)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < o->n && !o->bitmap; i++)
		p->k->range16(&any, &m, place, 1, o->low[i], o->high[i]);
	for (uint64_t w = m; w && o->bitmap; w &= w - 1) {
		uint16_t code = place[__builtin_ctzll(w)];

		any |= (w & -w) & -(o->bits[code >> 6] >> (code & 63) & 1);
	}
	return any;
}

static enum plan_fit places_fit(const struct step_places *o, uint16_t low, uint16_t high)
{
	if (o->bitmap)
		return low < high ? PLAN_SOME : o->bits[low >> 6] >> (low & 63) & 1 ? PLAN_ALL : PLAN_NONE;
	for (unsigned i = 0; i < o->n; i++)
		if (low >= o->low[i] && high <= o->high[i])
			return PLAN_ALL;
	for (unsigned i = 0; i < o->n; i++)
		if (low <= o->high[i] && high >= o->low[i])
			return PLAN_SOME;
	return PLAN_NONE;
}

/* Most blocks are inside or outside as a whole, as their least and greatest place says. */
static void step_places(const struct plan *p, const struct step_places *o, const struct seg *s, uint32_t first, uint64_t *m, size_t blocks)
{
	for (size_t b = 0; b < blocks; b++) {
		enum plan_fit fit;

		if (m[b] == 0)
			continue;
		fit = places_fit(o, s->place_low[first / 64 + b], s->place_high[first / 64 + b]);
		if (fit != PLAN_ALL)
			m[b] = fit == PLAN_NONE ? 0 : places_block(p, o, s->place + first + b * 64, m[b]);
	}
}

static void step_department(const struct plan *p, const uint16_t *department, uint64_t *m, size_t blocks)
{
	uint64_t any[STRIPE] = {0};

	if (p->f->ndepartments <= PLAN_RANGES) {
		for (size_t i = 0; i < p->f->ndepartments; i++)
			p->k->range16(any, m, department, blocks, p->f->departments[i], p->f->departments[i]);
		memcpy(m, any, blocks * sizeof(*m));
		return;
	}
	for (size_t b = 0; b < blocks; b++)
		for (uint64_t w = m[b]; w; w &= w - 1) {
			uint16_t code = department[b * 64 + (unsigned)__builtin_ctzll(w)];

			if (!(p->department_bits[code >> 6] >> (code & 63) & 1))
				m[b] &= ~(w & -w);
		}
}

void plan_colours(const struct kernels *k, const struct seg *s, uint32_t first, uint64_t *m, size_t blocks, unsigned colours, uint32_t now)
{
	uint64_t edge[STRIPE];
	uint8_t from, to;

	plan_clock(s, now, &from, &to);
	k->clock8(m, edge, s->clock + first, blocks, from, to, colours);
	for (size_t b = 0; b < blocks; b++) {
		uint32_t at = first + (uint32_t)b * 64;
		uint64_t exact = edge[b];

		if (exact == 0)
			continue;
		k->colour(&exact, s->when + at, s->lead + at, s->flags + at, 1, colours, now);
		m[b] &= ~edge[b] | exact;
	}
}

static void run_step(const struct plan *p, const struct seg *s, enum step_kind kind, uint32_t first, uint64_t *m, size_t blocks)
{
	const struct points_filter *f = p->f;

	switch (kind) {
	case STEP_STATE: step_set(p, m, s->state + first, blocks, &p->state, p->state_one); break;
	case STEP_SCENARIO: step_set(p, m, s->scenario + first, blocks, &p->scenario, p->scenario_one); break;
	case STEP_CHANNEL: step_set(p, m, s->channel + first, blocks, &p->channel, p->channel_one); break;
	case STEP_CATEGORY:
		if (plan_low_is_enough(p, s))
			step_set(p, m, s->category + first, blocks, &p->category_low, p->category_one);
		else
			step_category(p, s, first, m, blocks);
		break;
	case STEP_FLAGS: p->k->bits8(m, s->flags + first, blocks, p->flags, p->flags_want); break;
	case STEP_CREATED: step_created(p, s, first, m, blocks); break;
	case STEP_CLOSED: p->k->range32(m, s->when + first, blocks, p->closed_low, p->closed_high); break;
	case STEP_PLACES: step_places(p, &p->places[0], s, first, m, blocks); break;
	case STEP_WITHIN: step_places(p, &p->places[1], s, first, m, blocks); break;
	case STEP_DEPARTMENT: step_department(p, s->department + first, m, blocks); break;
	case STEP_TAGS: p->k->any32(m, s->tags + first, blocks, f->tags); break;
	case STEP_COLOUR:
		if (p->colours)
			colours_keep(p->colours, s, first, m, blocks, f->colours, f->now);
		else
			plan_colours(p->k, s, first, m, blocks, f->colours, f->now);
		break;
	case STEP_KINDS: break;
	}
}

size_t plan_edges(uint32_t from, uint32_t to, uint64_t *masks)
{
	size_t first = from / 64, blocks = (to + 63) / 64 - first;

	if (blocks > STRIPE)
		blocks = STRIPE;
	for (size_t b = 0; b < blocks; b++)
		masks[b] = UINT64_MAX;
	masks[0] &= UINT64_MAX << (from & 63);
	if ((first + blocks) * 64 > to)
		masks[blocks - 1] &= UINT64_MAX >> ((first + blocks) * 64 - to);
	return blocks;
}

size_t plan_masks(struct plan *p, const struct seg *s, uint32_t from, uint32_t to, uint64_t *masks)
{
	size_t blocks = plan_edges(from, to, masks);

	for (unsigned i = 0; i < p->nsteps; i++)
		run_step(p, s, p->steps[i], from & ~63u, masks, blocks);
	return blocks;
}
