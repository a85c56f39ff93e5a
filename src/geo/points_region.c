#include "geo/points_region.h"

struct mercator middle_at(uint64_t key, int zoom)
{
	struct mercator m = morton_at(key);
	uint32_t half = zoom >= 32 ? 0 : (uint32_t)1 << (31 - zoom), mask = zoom == 0 ? UINT32_MAX : zoom >= 32 ? 0 : half * 2 - 1;

	return (struct mercator){(m.x & ~mask) + half, (m.y & ~mask) + half};
}

struct mercator coarse_at(const struct points_view *v, uint64_t key)
{
	return middle_at(key, (int)v->coarse);
}

void coarse_reach(const struct points_view *v, struct points_box *box)
{
	uint32_t mask = ((uint32_t)1 << (32 - v->coarse)) - 1;

	box->min.x &= ~mask;
	box->min.y &= ~mask;
	box->max.x |= mask;
	box->max.y |= mask;
}

bool region_of_tile(struct region *r, const struct points_view *v, const struct points_filter *f, int z, uint32_t x, uint32_t y)
{
	int coarse = (int)v->coarse;

	if (z < 0 || z > 26 || x >> z || y >> z)
		return false;
	*r = (struct region){.cell_zoom = z + 6, .snapped = f->public_only};
	morton_range(z, x, y, &r->keys.first, &r->keys.last);
	if (!f->public_only || z + 6 <= coarse)
		return true;
	r->cell_zoom = coarse;
	if (z > coarse) {
		struct mercator m = coarse_at(v, r->keys.first);

		if (m.x >> (32 - z) != x || m.y >> (32 - z) != y)
			return false;
		morton_range(coarse, x >> (z - coarse), y >> (z - coarse), &r->keys.first, &r->keys.last);
	}
	return true;
}

int cover_zoom(const struct points_box *box)
{
	uint32_t span = box->max.x - box->min.x > box->max.y - box->min.y ? box->max.x - box->min.x : box->max.y - box->min.y;
	int zoom = 0;

	while (zoom < 30 && span >> (32 - (zoom + 1)) < 8)
		zoom++;
	return zoom;
}

static int by_first(const void *x, const void *y)
{
	const struct key_range *a = x, *b = y;

	return a->first < b->first ? -1 : a->first > b->first;
}

bool cover_box(struct cover *c, const struct points_box *box, int zoom, size_t max, struct arena *a)
{
	int down = 32 - zoom;
	uint32_t x0 = zoom ? box->min.x >> down : 0, x1 = zoom ? box->max.x >> down : 0;
	uint32_t y0 = zoom ? box->min.y >> down : 0, y1 = zoom ? box->max.y >> down : 0;

	c->n = 0;
	if ((uint64_t)(x1 - x0 + 1) * (y1 - y0 + 1) > max)
		return false;
	c->v = arena_array(a, struct key_range, (size_t)(x1 - x0 + 1) * (y1 - y0 + 1));
	for (uint32_t y = y0; y <= y1; y++)
		for (uint32_t x = x0; x <= x1; x++) {
			morton_range(zoom, x, y, &c->v[c->n].first, &c->v[c->n].last);
			c->n++;
		}
	qsort(c->v, c->n, sizeof(*c->v), by_first);
	return true;
}
