#include "geo/ground_line.h"

#define RUN 256                  /* points between two that always stay: what simplifying costs is bounded by it, whatever the line */
#define FAR (1 << 29)

static int32_t one(int64_t v, int shift)
{
	/* within 2^34 at most: up to z 22 a tile has 4096 units */
	v = shift >= 0 ? v >> shift : v * ((int64_t)1 << -shift);
	return (int32_t)(v > FAR ? FAR : v < -FAR ? -FAR : v);
}

static struct mvt_xy unit(const struct ground_frame *f, struct mercator p)
{
	return (struct mvt_xy){one((int64_t)p.x - f->origin.x, f->shift), one((int64_t)p.y - f->origin.y, f->shift)};
}

/* The sides it lies outside of. */
static unsigned sides(const struct ground_frame *f, struct mvt_xy p)
{
	return (p.x < -f->reach) | (p.x > f->size + f->reach) << 1 | (p.y < -f->reach) << 2 | (p.y > f->size + f->reach) << 3;
}

/* Of points that all lie outside the same side the first and the last say as much; the same unit twice says nothing. */
static size_t project(const struct ground_frame *f, const struct mercator *v, size_t n, struct mvt_xy *out)
{
	size_t k = 0;
	unsigned all = 15;

	for (size_t i = 0; i < n; i++) {
		struct mvt_xy p = unit(f, v[i]);
		unsigned at = sides(f, p);

		all &= at;
		if (k && p.x == out[k - 1].x && p.y == out[k - 1].y)
			continue;
		if (k > 1 && (sides(f, out[k - 2]) & sides(f, out[k - 1]) & at))
			k--;
		out[k++] = p;
	}
	return all ? 0 : k;
}

/* Square of the distance from p to the line through a and b, or to a when they are one. */
static double off(struct mvt_xy p, struct mvt_xy a, struct mvt_xy b)
{
	double x = (double)b.x - a.x, y = (double)b.y - a.y, px = (double)p.x - a.x, py = (double)p.y - a.y;
	double length = x * x + y * y, t = length > 0 ? (px * x + py * y) / length : 0;

	t = t < 0 ? 0 : t > 1 ? 1 : t;
	return (px - t * x) * (px - t * x) + (py - t * y) * (py - t * y);
}

/* Douglas and Peucker between two points that stay; keep[] marks who stays. */
static void thin(const struct mvt_xy *v, size_t from, size_t to, double least, bool *keep)
{
	size_t stack[2 * RUN + 2], n = 0;

	stack[n++] = from;
	stack[n++] = to;
	while (n) {
		size_t b = stack[--n], a = stack[--n], worst = a;
		double most = least;

		for (size_t i = a + 1; i < b; i++) {
			double d = off(v[i], v[a], v[b]);

			if (d > most) {
				most = d;
				worst = i;
			}
		}
		if (worst == a)
			continue;
		keep[worst - from] = true;
		stack[n++] = a;
		stack[n++] = worst;
		stack[n++] = worst;
		stack[n++] = b;
	}
}

size_t ground_line(const struct ground_frame *f, const struct mercator *v, size_t n, struct mvt_xy *out)
{
	size_t used = 1;

	n = project(f, v, n, out);
	if (n < 2)
		return 0;
	if (f->tolerance == 0)
		return n;
	for (size_t from = 0, to; from + 1 < n; from = to) {
		bool keep[RUN + 1] = {false};

		to = from + RUN < n - 1 ? from + RUN : n - 1;
		thin(out, from, to, (double)f->tolerance * f->tolerance, keep);
		keep[to - from] = true;
		/* behind `from`: what stays moves forward, over points that have been looked at */
		for (size_t i = from + 1; i <= to; i++)
			if (keep[i - from])
				out[used++] = out[i];
	}
	return used;
}
