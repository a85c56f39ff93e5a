#include "geo/shape.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "geo/edge.h"

struct shape_point shape_point_of(double lon, double lat)
{
	return (struct shape_point){(int32_t)lround(lon * SHAPE_UNIT), (int32_t)lround(lat * SHAPE_UNIT)};
}

struct lonlat shape_lonlat(struct shape_point p)
{
	return (struct lonlat){p.x / SHAPE_UNIT, p.y / SHAPE_UNIT};
}

void shape_set_box(struct shape *s)
{
	s->box = (struct shape_box){INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};
	for (size_t i = 0; i < s->npoints; i++) {
		struct shape_point p = s->points[i];

		if (p.x < s->box.west)
			s->box.west = p.x;
		if (p.x > s->box.east)
			s->box.east = p.x;
		if (p.y < s->box.south)
			s->box.south = p.y;
		if (p.y > s->box.north)
			s->box.north = p.y;
	}
}

/* The edge is looked at from south to north whichever way it runs, so both neighbours get the same answer. Products of 33 bits each need more than 64. */
bool shape_edge_crossed(struct shape_point a, struct shape_point b, struct shape_point p)
{
	struct shape_point t;
	__int128 side;

	if (a.y > b.y) {
		t = a;
		a = b;
		b = t;
	}
	if (p.y < a.y || p.y >= b.y)
		return false;
	side = (__int128)((int64_t)b.x - a.x) * ((int64_t)p.y - a.y) - (__int128)((int64_t)p.x - a.x) * ((int64_t)b.y - a.y);
	return side > 0;
}

bool shape_has(const struct shape *s, struct shape_point p)
{
	bool inside = false;

	if (!shape_box_has(&s->box, p))
		return false;
	for (size_t r = 0; r < s->nrings; r++) {
		const struct shape_point *v = s->points + s->rings[r].start;
		size_t n = s->rings[r].n;

		for (size_t i = 0, k = n - 1; i < n; k = i++)
			if ((v[i].y > p.y) != (v[k].y > p.y) && shape_edge_crossed(v[i], v[k], p))
				inside = !inside;
	}
	return inside;
}

static double ring_area(const struct shape_point *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0, k = n - 1; i < n; k = i++)
		sum += ((double)v[k].x - v[0].x) * ((double)v[i].y - v[0].y) - ((double)v[i].x - v[0].x) * ((double)v[k].y - v[0].y);
	return sum / 2;
}

double shape_area(const struct shape *s)
{
	const double metres = 111195.08 / SHAPE_UNIT; /* of a step along a meridian */
	double lat = ((double)s->box.south + s->box.north) / 2 / SHAPE_UNIT, sum = 0;

	for (size_t r = 0; r < s->nrings; r++) /* holes run the other way, so they take off by themselves */
		sum += ring_area(s->points + s->rings[r].start, s->rings[r].n);
	return fabs(sum) * metres * metres * cos(lat * M_PI / 180);
}

/* ---- a point inside ---- */

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The middle of the widest stretch of the shape along a line of latitude; the width, or 0. */
static double widest(const struct shape *s, double y, double *hits, double *x)
{
	double best = 0;
	size_t n = 0;

	for (size_t r = 0; r < s->nrings; r++) {
		const struct shape_point *v = s->points + s->rings[r].start;

		for (size_t i = 0, k = s->rings[r].n - 1; i < s->rings[r].n; k = i++)
			if ((v[i].y > y) != (v[k].y > y))
				hits[n++] = v[i].x + (y - v[i].y) / ((double)v[k].y - v[i].y) * ((double)v[k].x - v[i].x);
	}
	qsort(hits, n, sizeof(*hits), by_number);
	for (size_t i = 0; i + 1 < n; i += 2)
		if (hits[i + 1] - hits[i] > best) {
			best = hits[i + 1] - hits[i];
			*x = (hits[i] + hits[i + 1]) / 2;
		}
	return best;
}

struct shape_point shape_inside(const struct shape *s)
{
	struct shape_point best = s->npoints ? s->points[0] : (struct shape_point){0, 0};
	double *hits = s->npoints ? malloc(s->npoints * sizeof(*hits)) : NULL, most = 0;

	/* Half a step beside the grid no line meets a point; seven tries find a wide place in all but combs. */
	for (int i = 1; hits && i < 8; i++) {
		double y = floor(s->box.south + ((double)s->box.north - s->box.south) * i / 8) + 0.5, x = 0, width;

		width = widest(s, y, hits, &x);
		/* the middle of the shape is preferred to its ends */
		width *= 1 - abs(i - 4) * 0.1;
		if (width > most) {
			most = width;
			best = (struct shape_point){(int32_t)lround(x), (int32_t)floor(y)};
		}
	}
	free(hits);
	return best;
}

/* ---- bytes ---- */

static void put_number(struct buf *b, uint64_t v)
{
	while (v >= 128) {
		buf_addc(b, (char)(v | 128));
		v >>= 7;
	}
	buf_addc(b, (char)v);
}

static uint64_t zigzag(int64_t v)
{
	return v < 0 ? (uint64_t)-(v + 1) << 1 | 1 : (uint64_t)v << 1;
}

struct str shape_encode(struct arena *a, const struct shape *s)
{
	struct shape_point last = {0, 0};
	struct buf b;
	struct str out;

	/* five bytes a number at most, and the count and kind of each ring */
	buf_init(&b, s->npoints * 10 + s->nrings * 6 + 16);
	buf_addc(&b, 1); /* the format */
	put_number(&b, s->nrings);
	for (size_t r = 0; r < s->nrings; r++) {
		put_number(&b, (uint64_t)s->rings[r].n << 1 | s->rings[r].hole);
		for (size_t i = 0; i < s->rings[r].n; i++) {
			struct shape_point p = s->points[s->rings[r].start + i];

			put_number(&b, zigzag((int64_t)p.x - last.x));
			put_number(&b, zigzag((int64_t)p.y - last.y));
			last = p;
		}
	}
	out = arena_str(a, buf_str(&b));
	buf_release(&b);
	return out;
}

static bool get_number(struct str *in, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; shift < 35 && in->n; shift += 7) {
		unsigned char c = (unsigned char)*in->p;

		in->p++;
		in->n--;
		*v |= (uint64_t)(c & 127) << shift;
		if (c < 128)
			return true;
	}
	return false;
}

static bool get_step(struct str *in, int32_t *at, int32_t most)
{
	uint64_t v;
	int64_t to;

	if (!get_number(in, &v))
		return false;
	to = *at + (int64_t)(v >> 1 ^ (~(v & 1) + 1));
	if (to < -most || to > most)
		return false;
	*at = (int32_t)to;
	return true;
}

bool shape_decode(struct arena *a, struct str bytes, struct shape *out)
{
	struct shape_point last = {0, 0};
	uint64_t nrings, head;

	*out = (struct shape){0};
	if (bytes.n == 0 || bytes.p[0] != 1)
		return false;
	bytes = str_sub(bytes, 1, bytes.n);
	/* every point takes two bytes at least, every ring one and three points */
	if (!get_number(&bytes, &nrings) || nrings > bytes.n / 7)
		return false;
	out->rings = arena_array(a, struct shape_ring, nrings + 1);
	out->points = arena_array(a, struct shape_point, bytes.n / 2 + 1);
	for (uint64_t r = 0; r < nrings; r++) {
		if (!get_number(&bytes, &head) || head >> 1 < 3 || head >> 1 > bytes.n / 2 || (r == 0 && (head & 1)))
			return false;
		out->rings[r] = (struct shape_ring){(uint32_t)out->npoints, (uint32_t)(head >> 1), head & 1};
		for (uint64_t i = 0; i < head >> 1; i++) {
			if (!get_step(&bytes, &last.x, 1800000000) || !get_step(&bytes, &last.y, 900000000))
				return false;
			out->points[out->npoints++] = last;
		}
	}
	out->nrings = nrings;
	shape_set_box(out);
	return bytes.n == 0;
}

/* ---- GeoJSON ---- */

static void write_point(struct json *j, struct shape_point p)
{
	char text[64];

	snprintf(text, sizeof(text), "[%.7f,%.7f]", p.x / SHAPE_UNIT, p.y / SHAPE_UNIT);
	json_raw(j, str_from(text));
}

static void write_ring(struct json *j, const struct shape *s, const struct shape_ring *r)
{
	json_arr(j);
	for (uint32_t i = 0; i <= r->n; i++)
		write_point(j, s->points[r->start + i % r->n]);
	json_end(j);
}

void shape_write(struct json *j, const struct shape *s)
{
	json_obj(j);
	json_key(j, "type");
	json_strz(j, "MultiPolygon");
	json_key(j, "coordinates");
	json_arr(j);
	for (size_t r = 0; r < s->nrings; r++) {
		if (!s->rings[r].hole) {
			if (r)
				json_end(j);
			json_arr(j);
		}
		write_ring(j, s, &s->rings[r]);
	}
	if (s->nrings)
		json_end(j);
	json_end(j);
	json_end(j);
}

static bool edge_meets_box(struct shape_point a, struct shape_point b, const struct shape_box *box)
{
	return edge_meets_rect((struct edge_end){a.x, a.y}, (struct edge_end){b.x, b.y}, (struct edge_end){box->west, box->south},
			       (struct edge_end){box->east, box->north});
}

bool shape_meets_box(const struct shape *s, const struct shape_box *b)
{
	if (s->nrings == 0 || !shape_boxes_meet(&s->box, b))
		return false;
	for (size_t r = 0; r < s->nrings; r++) {
		const struct shape_point *v = s->points + s->rings[r].start;
		uint32_t n = s->rings[r].n;

		for (uint32_t i = 0; i < n; i++)
			if (edge_meets_box(v[i], v[i + 1 < n ? i + 1 : 0], b))
				return true;
	}
	/* no edge in the box: it lies inside, in a hole, or outside as a whole */
	return shape_has(s, (struct shape_point){b->west, b->south});
}
