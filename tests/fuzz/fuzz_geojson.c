/* Any bytes as GeoJSON: features keep to their limits, lines grow, rings lie inside the points, and repaired shapes come back from their bytes. */
#include "geo/geojson.h"
#include "geo/shape.h"
#include "geo/shape_fix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parts(const struct geojson_feature *f)
{
	for (size_t i = 0; i < f->nparts; i++)
		if (f->parts[i].start + f->parts[i].n > f->npoints)
			BUG("part %zu ends at %zu of %zu points", i, f->parts[i].start + f->parts[i].n, f->npoints);
	for (size_t i = 0; i < f->npoints; i++)
		if (!coord_valid(f->points[i].lon, f->points[i].lat))
			BUG("point %zu is not on the globe", i);
}

static void repair(const struct geojson_feature *f, struct arena *a)
{
	struct shape_report report;
	struct shape s, again;
	struct str bytes;

	if (shape_fix(a, f, COORD_CGCS2000, &s, &report) != OK)
		return;
	bytes = shape_encode(a, &s);
	if (!shape_decode(a, bytes, &again) || again.npoints != s.npoints || again.nrings != s.nrings)
		BUG("a shape of %zu points does not come back", s.npoints);
	(void)shape_report_text(a, &report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct geojson_limits limits = {.points = 512, .parts = 64, .properties = 8, .text = 256, .depth = 12};
	struct geojson *g;
	struct geojson_feature f;
	enum geojson_got got;
	struct shape s;
	struct arena a;
	int64_t number = 0, line = 0;

	arena_init(&a, 0);
	(void)shape_decode(&a, (struct str){(const char *)data, size}, &s);
	g = geojson_open_text((struct str){(const char *)data, size}, &limits);
	while ((got = geojson_next(g, &f)) == GEOJSON_FEATURE || got == GEOJSON_FAULTY) {
		if (f.number != ++number || f.line < line)
			BUG("feature %lld in line %lld after line %lld", (long long)f.number, (long long)f.line, (long long)line);
		line = f.line;
		if (got == GEOJSON_FAULTY)
			continue;
		check_parts(&f);
		if (f.kind == GEOJSON_AREAS && number <= 8)
			repair(&f, &a);
	}
	if (got == GEOJSON_BROKEN && !geojson_why(g).p)
		BUG("broken without a reason");
	geojson_close(g);
	arena_release(&a);
	return 0;
}
