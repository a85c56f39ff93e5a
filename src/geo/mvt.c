#include "geo/mvt.h"

#include <math.h>

#define BODY_MAX ((size_t)16 << 20)
#define MOVE 1u
#define LINE 2u
#define CLOSE 15u             /* close path, once */

size_t mvt_varint(uint8_t *to, uint64_t v)
{
	size_t n = 0;

	while (v >= 0x80) {
		to[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	to[n++] = (uint8_t)v;
	return n;
}

static void varint(struct buf *b, uint64_t v)
{
	uint8_t bytes[10];

	buf_add(b, bytes, mvt_varint(bytes, v));
}

static void piece(struct buf *to, char tag, const struct buf *b)
{
	buf_addc(to, tag);
	varint(to, b->n);
	buf_add(to, b->p, b->n);
}

static void piece_text(struct buf *to, char tag, struct str s)
{
	buf_addc(to, tag);
	varint(to, s.n);
	buf_adds(to, s);
}

/* ---- layer and features ---- */

void mvt_begin(struct mvt *m, struct buf *to, const char *layer, uint32_t extent)
{
	*m = (struct mvt){.to = to, .layer = layer, .extent = extent};
	buf_init(&m->body, BODY_MAX);
	buf_init(&m->geometry, BODY_MAX);
	buf_init(&m->tags, 1 << 16);
	buf_init(&m->values, BODY_MAX);
	arena_init(&m->a, 0);
	map_init(&m->keys, &m->a);
	map_init(&m->seen, &m->a);
}

static void end_feature(struct mvt *m)
{
	struct buf f;

	if (m->open && m->geometry.n) {
		buf_init(&f, BODY_MAX);
		buf_addc(&f, 0x08);
		varint(&f, m->id);
		if (m->tags.n)
			piece(&f, 0x12, &m->tags);
		buf_addc(&f, 0x18);
		varint(&f, m->kind);
		piece(&f, 0x22, &m->geometry);
		piece(&m->body, 0x12, &f);
		m->body.full |= f.full || m->tags.full || m->geometry.full;
		buf_release(&f);
		m->features++;
	}
	m->open = false;
	buf_clear(&m->geometry);
	buf_clear(&m->tags);
	m->x = m->y = 0;
	m->kind = MVT_UNKNOWN;
}

void mvt_feature(struct mvt *m, uint64_t id)
{
	end_feature(m);
	m->open = true;
	m->id = id;
}

static void add_key(void *arg, struct str key)
{
	piece_text(arg, 0x1a, key);
}

enum err mvt_end(struct mvt *m)
{
	struct buf keys;
	struct str key;
	void *value;
	size_t at = 0, need;
	uint8_t extent[10], name[10];
	enum err e = OK;

	end_feature(m);
	if (m->features) {
		buf_init(&keys, BODY_MAX);
		while (map_each(&m->keys, &at, &key, &value))
			add_key(&keys, key);
		need = 1 + mvt_varint(name, strlen(m->layer)) + strlen(m->layer) + m->body.n + keys.n + m->values.n + 1 + mvt_varint(extent, m->extent) + 2;
		buf_addc(m->to, 0x1a);
		varint(m->to, need);
		piece_text(m->to, 0x0a, str_from(m->layer));
		buf_add(m->to, m->body.p, m->body.n);
		buf_add(m->to, keys.p, keys.n);
		buf_add(m->to, m->values.p, m->values.n);
		buf_addc(m->to, 0x28);
		varint(m->to, m->extent);
		buf_add(m->to, "\x78\x02", 2);
		if (m->body.full || keys.full || m->values.full || m->to->full)
			e = ERR_TOO_MUCH;
		buf_release(&keys);
	}
	buf_release(&m->body);
	buf_release(&m->geometry);
	buf_release(&m->tags);
	buf_release(&m->values);
	arena_release(&m->a);
	return e;
}

/* ---- attributes ---- */

static void attribute(struct mvt *m, const char *key, const struct buf *value)
{
	struct str k = str_from(key), v = {value->p, value->n};
	uintptr_t ki = (uintptr_t)map_get(&m->keys, k), vi = (uintptr_t)map_get(&m->seen, v);

	if (ki == 0) {
		ki = m->keys.count + 1;
		map_put(&m->keys, k, (void *)ki);
	}
	if (vi == 0) {
		vi = m->seen.count + 1;
		map_put(&m->seen, v, (void *)vi);
		piece(&m->values, 0x22, value);
	}
	varint(&m->tags, ki - 1);
	varint(&m->tags, vi - 1);
}

void mvt_text(struct mvt *m, const char *key, struct str value)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	piece_text(&b, 0x0a, value);
	if (b.full)
		m->body.full = true;
	else
		attribute(m, key, &b);
	buf_release(&b);
}

void mvt_int(struct mvt *m, const char *key, int64_t value)
{
	struct buf b;

	buf_init(&b, 64);
	if (value >= 0) {
		buf_addc(&b, 0x28);
		varint(&b, (uint64_t)value);
	} else {
		buf_addc(&b, 0x30);
		varint(&b, ((uint64_t)value << 1) ^ UINT64_MAX);   /* zigzag of a negative number */
	}
	attribute(m, key, &b);
	buf_release(&b);
}

void mvt_double(struct mvt *m, const char *key, double value)
{
	uint8_t bytes[9] = {0x19};
	uint64_t u;
	struct buf b;

	memcpy(&u, &value, 8);
	for (int i = 0; i < 8; i++)
		bytes[1 + i] = (uint8_t)(u >> 8 * i);
	buf_init(&b, 64);
	buf_add(&b, bytes, 9);
	attribute(m, key, &b);
	buf_release(&b);
}

void mvt_bool(struct mvt *m, const char *key, bool value)
{
	struct buf b;

	buf_init(&b, 64);
	buf_addc(&b, 0x38);
	buf_addc(&b, value);
	attribute(m, key, &b);
	buf_release(&b);
}

/* ---- geometry ---- */

static void go(struct mvt *m, struct mvt_xy p)
{
	varint(&m->geometry, mvt_zigzag((int32_t)((uint32_t)p.x - (uint32_t)m->x)));
	varint(&m->geometry, mvt_zigzag((int32_t)((uint32_t)p.y - (uint32_t)m->y)));
	m->x = p.x;
	m->y = p.y;
}

/* A feature is of one kind: what is of another is not taken. */
static bool kind(struct mvt *m, enum mvt_kind k)
{
	if (!m->open || (m->kind != MVT_UNKNOWN && m->kind != k))
		return false;
	m->kind = k;
	return true;
}

void mvt_points(struct mvt *m, const struct mvt_xy *v, size_t n)
{
	if (n == 0 || n >> 28 || m->geometry.n || !kind(m, MVT_POINT))
		return;
	varint(&m->geometry, n << 3 | MOVE);
	for (size_t i = 0; i < n; i++)
		go(m, v[i]);
}

struct clip { int32_t low, high; };

/* The part of a -> b inside the square, by Liang and Barsky. False: none. */
static bool clip_segment(const struct clip *c, struct mvt_xy *a, struct mvt_xy *b)
{
	double dx = (double)b->x - a->x, dy = (double)b->y - a->y, t0 = 0, t1 = 1;
	const double p[4] = {-dx, dx, -dy, dy};
	const double q[4] = {(double)a->x - c->low, (double)c->high - a->x, (double)a->y - c->low, (double)c->high - a->y};
	struct mvt_xy from = *a;

	for (int i = 0; i < 4; i++) {
		if (p[i] == 0) {
			if (q[i] < 0)
				return false;
			continue;
		}
		if (p[i] < 0)
			t0 = fmax(t0, q[i] / p[i]);
		else
			t1 = fmin(t1, q[i] / p[i]);
	}
	if (t0 > t1)
		return false;
	if (t0 > 0)
		*a = (struct mvt_xy){(int32_t)lround(from.x + t0 * dx), (int32_t)lround(from.y + t0 * dy)};
	if (t1 < 1)
		*b = (struct mvt_xy){(int32_t)lround(from.x + t1 * dx), (int32_t)lround(from.y + t1 * dy)};
	return true;
}

static bool same(struct mvt_xy a, struct mvt_xy b)
{
	return a.x == b.x && a.y == b.y;
}

static void line_out(struct mvt *m, const struct mvt_xy *v, size_t n)
{
	if (n < 2 || n >> 28)
		return;
	varint(&m->geometry, 1 << 3 | MOVE);
	go(m, v[0]);
	varint(&m->geometry, (n - 1) << 3 | LINE);
	for (size_t i = 1; i < n; i++)
		go(m, v[i]);
}

static void *room(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (p == NULL)
		BUG("no memory for %zu coordinates", n);
	return p;
}

static void clip_line(struct mvt *m, const struct mvt_xy *v, size_t n, const struct clip *c, struct mvt_xy *out)
{
	size_t k = 0;

	for (size_t i = 0; i + 1 < n; i++) {
		struct mvt_xy a = v[i], b = v[i + 1];

		if (!clip_segment(c, &a, &b)) {
			line_out(m, out, k);
			k = 0;
			continue;
		}
		if (k && !same(out[k - 1], a)) {
			line_out(m, out, k);
			k = 0;
		}
		if (k == 0)
			out[k++] = a;
		if (!same(out[k - 1], b))
			out[k++] = b;
	}
	line_out(m, out, k);
}

static struct clip square(const struct mvt *m, int32_t margin)
{
	if (margin < 0)
		margin = 0;
	if (margin > (int32_t)m->extent * 8)
		margin = (int32_t)m->extent * 8;
	return (struct clip){-margin, (int32_t)m->extent + margin};
}

void mvt_lines(struct mvt *m, const struct mvt_xy *v, const size_t *ends, size_t n, int32_t margin)
{
	struct clip c = square(m, margin);
	struct mvt_xy *out;
	size_t from = 0;

	if (n == 0 || !kind(m, MVT_LINE))
		return;
	out = room(ends[n - 1] * 2 + 2, sizeof(*out));
	for (size_t i = 0; i < n; from = ends[i++])
		clip_line(m, v + from, ends[i] - from, &c, out);
	free(out);
}

/* One side of the square after Sutherland and Hodgman. axis: 0 x, 1 y; keep: -1 what is <= at, 1 what is >= at. */
static size_t clip_side(const struct mvt_xy *v, size_t n, int axis, int keep, int32_t at, struct mvt_xy *out)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		struct mvt_xy a = v[i], b = v[i + 1 < n ? i + 1 : 0];
		int64_t da = ((int64_t)(axis ? a.y : a.x) - at) * keep, db = ((int64_t)(axis ? b.y : b.x) - at) * keep;

		if (da >= 0)
			out[k++] = a;
		if ((da > 0 && db < 0) || (da < 0 && db > 0)) {
			double t = (double)da / (double)(da - db);
			struct mvt_xy cut = {(int32_t)lround(a.x + t * ((double)b.x - a.x)), (int32_t)lround(a.y + t * ((double)b.y - a.y))};

			*(axis ? &cut.y : &cut.x) = at;
			out[k++] = cut;
		}
	}
	return k;
}

/* Without points that repeat the one before, and without the first at the end again. */
static size_t without_repeats(struct mvt_xy *v, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (k == 0 || !same(v[k - 1], v[i]))
			v[k++] = v[i];
	while (k > 1 && same(v[0], v[k - 1]))
		k--;
	return k;
}

/* Twice the area; the coordinates are inside the square, so it fits. */
static int64_t area2(const struct mvt_xy *v, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		struct mvt_xy a = v[i], b = v[i + 1 < n ? i + 1 : 0];

		sum += (int64_t)a.x * b.y - (int64_t)b.x * a.y;
	}
	return sum;
}

static size_t clip_ring(const struct clip *c, struct mvt_xy *v, size_t n, struct mvt_xy *other)
{
	n = clip_side(v, n, 0, 1, c->low, other);
	n = clip_side(other, n, 0, -1, c->high, v);
	n = clip_side(v, n, 1, 1, c->low, other);
	n = clip_side(other, n, 1, -1, c->high, v);
	return without_repeats(v, n);
}

static void ring_out(struct mvt *m, const struct mvt_xy *v, size_t n, bool backwards)
{
	varint(&m->geometry, 1 << 3 | MOVE);
	go(m, v[0]);
	varint(&m->geometry, (n - 1) << 3 | LINE);
	for (size_t i = 1; i < n; i++)
		go(m, v[backwards ? n - i : i]);
	varint(&m->geometry, CLOSE);
}

void mvt_polygon(struct mvt *m, const struct mvt_xy *v, const size_t *ends, size_t nrings, int32_t margin)
{
	struct clip c = square(m, margin);
	size_t from = 0, longest = 0;
	struct mvt_xy *a, *b;

	if (nrings == 0 || !kind(m, MVT_POLYGON))
		return;
	for (size_t i = 0; i < nrings; from = ends[i++])
		if (ends[i] - from > longest)
			longest = ends[i] - from;
	if (longest >> 26)
		return;
	/* each of the four sides adds at most one point for each it keeps */
	a = room(longest * 16 + 16, sizeof(*a));
	b = room(longest * 16 + 16, sizeof(*b));
	from = 0;
	for (size_t i = 0; i < nrings; from = ends[i++]) {
		size_t n = ends[i] - from;
		int64_t area;

		memcpy(a, v + from, n * sizeof(*a));
		n = clip_ring(&c, a, without_repeats(a, n), b);
		area = n < 3 ? 0 : area2(a, n);
		if (area == 0) {
			if (i == 0)
				break; /* without its outer ring there is nothing for holes to be in */
			continue;
		}
		ring_out(m, a, n, (area > 0) != (i == 0));
	}
	free(a);
	free(b);
}
