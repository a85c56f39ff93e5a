#include "geo/osm_chain.h"

#include <stdlib.h>

#include "base/err.h"

#define NOBODY UINT32_MAX

/* An end is a number: twice the piece, and one more at its last node. */
struct end {
	uint64_t group;
	uint32_t node, end;
};

static int by_place(const void *x, const void *y)
{
	const struct end *a = x, *b = y;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	return (a->end > b->end) - (a->end < b->end);
}

static void *room(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (p == NULL)
		BUG("out of memory");
	return p;
}

/* Who follows at each end. A piece that is closed by itself meets nobody. */
static uint32_t *find_links(const struct osm_piece *v, size_t n, bool pairs)
{
	struct end *ends = room(2 * n, sizeof(*ends));
	uint32_t *links = room(2 * n, sizeof(*links));
	size_t nends = 0;

	for (size_t i = 0; i < 2 * n; i++)
		links[i] = NOBODY;
	for (size_t i = 0; i < n; i++) {
		ends[nends++] = (struct end){v[i].group, v[i].first, (uint32_t)(2 * i)};
		ends[nends++] = (struct end){v[i].group, v[i].last, (uint32_t)(2 * i + 1)};
		if (pairs && v[i].first == v[i].last)
			nends -= 2;
	}
	if (nends)
		qsort(ends, nends, sizeof(*ends), by_place);
	for (size_t i = 0, k; i < nends; i = k) {
		for (k = i + 1; k < nends && ends[k].group == ends[i].group && ends[k].node == ends[i].node; k++)
			;
		if (k - i != 2 && !pairs)
			continue;
		for (size_t e = i; e + 1 < k; e += 2)
			if (ends[e].end / 2 != ends[e + 1].end / 2) {
				links[ends[e].end] = ends[e + 1].end;
				links[ends[e + 1].end] = ends[e].end;
			}
	}
	free(ends);
	return links;
}

/* From one end of the chain to the other: in at `end`, out at the opposite one. */
static size_t walk(const uint32_t *links, uint32_t end, struct osm_step *steps, bool *done, bool *closed)
{
	uint32_t begin = end;
	size_t n = 0;

	*closed = false;
	do {
		done[end / 2] = true;
		steps[n++] = (struct osm_step){end / 2, end & 1};
		end = links[end ^ 1];
	} while (end != NOBODY && !done[end / 2]);
	*closed = end == begin;
	return n;
}

void osm_chain(const struct osm_piece *v, size_t n, bool pairs, void (*fn)(void *arg, const struct osm_step *steps, size_t n, bool closed), void *arg)
{
	uint32_t *links = find_links(v, n, pairs);
	struct osm_step *steps = room(n, sizeof(*steps));
	bool *done = room(n, sizeof(*done)), closed;

	/* first those that have a free end, then what is left: rings */
	for (int rings = 0; rings < 2; rings++)
		for (uint32_t end = 0; end < 2 * n; end++) {
			size_t k;

			if (done[end / 2] || (!rings && links[end] != NOBODY))
				continue;
			k = walk(links, end, steps, done, &closed);
			fn(arg, steps, k, closed || (k == 1 && v[steps[0].piece].first == v[steps[0].piece].last));
		}
	free(done);
	free(steps);
	free(links);
}
