/* Any bytes as an OpenStreetMap extract: what comes out is on the globe, in the limits, in plain names, and comes back from the bytes of its parts. */
#include "base/utf8.h"
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

static void check_parts(const struct ground_draft *d)
{
	size_t next = 0, seen = 0, points = 0;
	struct ground_feature f;
	struct arena a;
	struct buf b;

	arena_init(&a, 0);
	buf_init(&b, 64 << 20);
	while (ground_draft_part(d, &next, &b)) {
		struct str rest = buf_str(&b);

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
	buf_release(&b);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct osm_ground g = {.refs = 4096};
	struct str bytes = {(const char *)data, size}, why = STR_NULL;
	struct ground_draft *draft = NULL;
	struct ground_feature f;
	struct osm *o;
	struct arena a;
	int fd = osm_file_of(bytes);
	enum err e;

	arena_init(&a, 0);
	(void)ground_decode(&a, &bytes, &f);
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
