/*
 * Any bytes as an OpenStreetMap extract: what comes out is on the globe, in the limits, in plain names, comes back from the bytes of its parts, and makes tiles
 * that a strict reader takes. Any bytes as such parts.
 */
#include "base/utf8.h"
#include "geo/ground_map.h"
#include "geo/osm_ground.h"
#include "geo/osm_testing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ground_feature *f)
{
	if (f->name.n > GROUND_NAME_MAX || !utf8_plain(f->name, false))
		BUG("a name of %zu bytes", f->name.n);
	for (size_t i = 0, at = 0; i < f->nparts; i++)
		for (; at < f->ends[i]; at++)
			if (f->points[at].x < -1800000000 || f->points[at].x > 1800000000 || f->points[at].y < -900000000 || f->points[at].y > 900000000)
				BUG("point %zu is not on the globe", at);
}

static void check_tile(const struct ground_map *m, int z, struct mercator at)
{
	struct mvt_read_layer *layers;
	const char *why = "";
	struct arena a;
	struct buf b;
	size_t n;

	arena_init(&a, 0);
	buf_init(&b, 4 << 20);
	if (ground_tile(m, z, z ? at.x >> (32 - z) : 0, z ? at.y >> (32 - z) : 0, &b) != OK)
		BUG("no tile of zoom %d", z);
	if (b.n && mvt_read(buf_str(&b), &a, &layers, &n, &why) != OK)
		BUG("a tile of zoom %d that is none: %s", z, why);
	buf_release(&b);
	arena_release(&a);
}

static void check_map(struct ground_map *m)
{
	struct lonlat a, b;

	ground_map_done(m);
	if (ground_map_bounds(m, &a, &b))
		for (int z = 0; z <= 22; z += 11) {
			check_tile(m, z, mercator_from(a.lon, a.lat));
			check_tile(m, z, mercator_from(b.lon, a.lat));
		}
	ground_map_free(m);
}

static void check_parts(const struct ground_draft *d)
{
	struct ground_map *m = ground_map_new();
	size_t next = 0, seen = 0, points = 0;
	struct ground_feature f;
	struct arena a;
	struct buf b;

	arena_init(&a, 0);
	buf_init(&b, 64 << 20);
	while (ground_draft_part(d, &next, &b)) {
		struct str rest = buf_str(&b);

		if (!ground_map_add(m, rest))
			BUG("a part that is none");
		for (; rest.n; seen++) {
			if (!ground_decode(&a, &rest, &f))
				BUG("feature %zu does not come back", seen);
			check(&f);
			points += f.ends[f.nparts - 1];
		}
		buf_clear(&b);
		arena_reset(&a);
	}
	if (seen != ground_draft_count(d) || points != ground_draft_points(d))
		BUG("%zu of %zu features", seen, ground_draft_count(d));
	check_map(m);
	buf_release(&b);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ground_map *m = ground_map_new();
	struct osm_ground g = {.refs = 4096};
	struct str bytes = {(const char *)data, size}, why = STR_NULL;
	struct ground_draft *draft = NULL;
	struct osm *o;
	struct arena a;
	int fd = osm_file_of(bytes);
	enum err e;

	arena_init(&a, 0);
	(void)ground_map_add(m, bytes);
	check_map(m);
	e = osm_open(&o, fd, &a, &why);
	if (e == OK)
		e = osm_ground_read(o, &g, &draft, &a, &why);
	if (e == OK)
		check_parts(draft);
	else if (!why.p)
		BUG("refused without a reason");
	ground_draft_free(draft);
	osm_close(o);
	arena_release(&a);
	close(fd);
	return 0;
}
