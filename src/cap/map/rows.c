/* From a matter's row to a point. */
#include "base/clock.h"
#include "cap/map/codes.h"
#include "cap/map/follow.h"
#include "cap/map/map.sql.h"
#include "core/matter/category.h"
#include "geo/coord.h"

#define NO_DUE ((int64_t)9007199254740991)
#define SOON_MAX (45 * 24 * 60)

static uint32_t minute_of(int64_t ms)
{
	return ms > 0 ? (uint32_t)(ms / MS_MINUTE) : 0;
}

/* A deadline has passed when the whole minute it lies in has. */
static uint32_t minute_behind(int64_t ms)
{
	return ms > 0 ? (uint32_t)((ms + MS_MINUTE - 1) / MS_MINUTE) : 0;
}

/* As matter_clock_colour has it: the last fifth of the time is "soon". */
static void set_clock(const struct map_matters_of_row *r, struct point *p)
{
	uint32_t soon;

	if (r->closed || r->suspended_since || r->due == NO_DUE || r->due <= 0)
		return;
	p->due = minute_behind(r->due);
	soon = minute_of(r->due - (r->due - r->state_since) / 5) + 1;
	if (soon > p->due)
		soon = p->due;
	if (p->due > SOON_MAX && soon < p->due - SOON_MAX)
		soon = p->due - SOON_MAX;
	p->soon = soon;
}

static uint32_t tags_of(const struct map_matters_of_row *r)
{
	const struct category *c = category_find(r->category);
	const bool have[TAG_COUNT] = {
		[TAG_DEMO] = r->demo, [TAG_EMERGENCY] = c && c->emergency, [TAG_REOPENED] = r->reopened > 0,
		[TAG_ESCALATED] = r->escalated > 0 && !r->closed, [TAG_SUSPENDED] = r->suspended_since > 0, [TAG_SOLVED] = r->judge_solved > 0,
		[TAG_NOT_SOLVED] = r->judge_solved < 0, [TAG_EXCLUDED] = r->excluded > 0, [TAG_MERGED] = r->merged_into > 0,
		[TAG_UNASSIGNED] = r->holder_org == 0 && !r->closed};
	uint32_t bits = 0;

	for (int i = 0; i < TAG_COUNT; i++)
		bits |= (uint32_t)have[i] << i;
	return bits;
}

static bool located(const struct map_matters_of_row *r)
{
	return !r->lon_null && !r->lat_null && coord_valid(r->lon, r->lat) && !(r->lon == 0 && r->lat == 0);
}

void row_point(const struct set *tree, const struct map_matters_of_row *r, struct point *out, bool *exact)
{
	*out = (struct point){
		.id = r->id, .created = minute_of(r->created), .closed = r->closed ? minute_of(r->closed) : 0,
		.place = tree_ordinal(tree, r->place, exact), .tags = tags_of(r),
		.category = (uint16_t)code_of(CODE_CATEGORY, r->category), .department = (uint16_t)code_of_org(r->holder_org),
		.state = (uint8_t)code_of(CODE_STATE, r->state), .scenario = (uint8_t)code_of(CODE_SCENARIO, r->scenario),
		.channel = (uint8_t)code_of(CODE_CHANNEL, r->channel)};
	set_clock(r, out);
	if (r->is_public)
		out->flags |= POINT_PUBLIC;
	if (r->closed && r->total_due && r->closed > r->total_due)
		out->flags |= POINT_LATE;
	if (located(r))
		out->at = mercator_from(r->lon, r->lat);
	else
		out->flags |= POINT_UNLOCATED;
}
