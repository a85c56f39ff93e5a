/* The strict reader. Everything here is input that cannot be trusted: it is written to be fuzzed. */
#include "geo/mvt.h"

struct in { const uint8_t *p, *end; };

struct reading {
	struct arena *a;
	const char *why;
};

static bool bad(struct reading *r, const char *why)
{
	if (r->why == NULL)
		r->why = why;
	return false;
}

static bool get(struct in *s, uint64_t *v)
{
	*v = 0;
	for (int shift = 0; shift < 64; shift += 7) {
		uint8_t b;

		if (s->p == s->end)
			return false;
		b = *s->p++;
		if (shift == 63 && b > 1)
			return false;
		*v |= (uint64_t)(b & 127) << shift;
		if (b < 128)
			return true;
	}
	return false;
}

enum wire { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
struct field { uint64_t number; enum wire wire; uint64_t v; struct in in; };

static bool next_field(struct reading *r, struct in *s, struct field *f)
{
	uint64_t tag, n;

	if (s->p == s->end)
		return false;
	if (!get(s, &tag))
		return bad(r, "a field's tag is cut off");
	f->number = tag >> 3;
	f->wire = (enum wire)(tag & 7);
	switch (tag & 7) {
	case VARINT:
		return get(s, &f->v) ? true : bad(r, "a number is cut off");
	case BYTES:
		if (!get(s, &n) || n > (uint64_t)(s->end - s->p))
			return bad(r, "a length is beyond the end");
		f->in = (struct in){s->p, s->p + n};
		s->p += n;
		return true;
	case FIXED64:
	case FIXED32:
		n = (tag & 7) == FIXED64 ? 8 : 4;
		if ((uint64_t)(s->end - s->p) < n)
			return bad(r, "a fixed number is cut off");
		f->v = 0;
		for (uint64_t i = 0; i < n; i++)
			f->v |= (uint64_t)s->p[i] << 8 * i;
		s->p += n;
		return true;
	default:
		return bad(r, "unknown wire type");
	}
}

static struct str text(struct in in)
{
	return (struct str){(const char *)in.p, (size_t)(in.end - in.p)};
}

static bool read_value(struct reading *r, struct in in, struct mvt_value *v)
{
	struct field f;
	int n = 0;

	while (next_field(r, &in, &f)) {
		static const enum wire wires[] = {0, BYTES, FIXED32, FIXED64, VARINT, VARINT, VARINT, VARINT};
		float single;
		uint32_t bits = (uint32_t)f.v;

		if (f.number < 1 || f.number > 7)
			continue;
		if (f.wire != wires[f.number])
			return bad(r, "a value of the wrong wire type");
		n++;
		v->text = STR_NULL;
		switch (f.number) {
		case 1: v->kind = MVT_V_TEXT; v->text = text(f.in); break;
		case 2: v->kind = MVT_V_DOUBLE; memcpy(&single, &bits, 4); v->number = (double)single; break;
		case 3: v->kind = MVT_V_DOUBLE; memcpy(&v->number, &f.v, 8); break;
		case 4: v->kind = MVT_V_INT; v->i = (int64_t)f.v; break;
		case 5: v->kind = MVT_V_UINT; v->u = f.v; v->i = (int64_t)f.v; break;
		case 6: v->kind = MVT_V_INT; v->i = (int64_t)((f.v >> 1) ^ -(f.v & 1)); break;
		default: v->kind = MVT_V_BOOL; v->u = f.v != 0; break;
		}
	}
	return r->why == NULL && (n == 1 || bad(r, "a value with none or several contents"));
}

/* ---- geometry ---- */

struct shape { struct mvt_xy *xy; size_t n, *ends, parts; int32_t x, y; };

static bool step(struct reading *r, struct in *s, struct shape *g)
{
	uint64_t dx, dy;

	if (!get(s, &dx) || !get(s, &dy))
		return bad(r, "a command without its parameters");
	if (dx > UINT32_MAX || dy > UINT32_MAX)
		return bad(r, "a parameter of more than 32 bits");
	g->x = (int32_t)((uint32_t)g->x + (uint32_t)((dx >> 1) ^ -(dx & 1)));
	g->y = (int32_t)((uint32_t)g->y + (uint32_t)((dy >> 1) ^ -(dy & 1)));
	g->xy[g->n++] = (struct mvt_xy){g->x, g->y};
	return true;
}

static bool steps(struct reading *r, struct in *s, struct shape *g, uint64_t command, uint64_t id)
{
	if ((command & 7) != id || command >> 3 == 0)
		return bad(r, "not the command that is expected here");
	if (command >> 3 > (uint64_t)(s->end - s->p) / 2)
		return bad(r, "more parameters than bytes");
	for (uint64_t i = 0; i < command >> 3; i++)
		if (!step(r, s, g))
			return false;
	return true;
}

static __int128 area2(const struct mvt_xy *v, size_t n)
{
	__int128 sum = 0;

	for (size_t i = 0; i < n; i++) {
		struct mvt_xy a = v[i], b = v[i + 1 < n ? i + 1 : 0];

		sum += (__int128)a.x * b.y - (__int128)b.x * a.y;
	}
	return sum;
}

/* A move and a line; of a polygon also the end of the ring. */
static bool read_part(struct reading *r, struct in *s, struct shape *g, enum mvt_kind kind)
{
	uint64_t c;
	size_t from = g->n;

	if (!get(s, &c) || c >> 3 != 1 || !steps(r, s, g, c, 1))
		return bad(r, "a part does not begin with one move");
	if (!get(s, &c) || !steps(r, s, g, c, 2))
		return bad(r, "no line follows the move");
	if (kind == MVT_POLYGON) {
		__int128 area;

		if (g->n - from < 3)
			return bad(r, "a ring of fewer than three points");
		if (!get(s, &c) || c != 15)
			return bad(r, "a ring is not closed");
		area = area2(g->xy + from, g->n - from);
		if (area == 0)
			return bad(r, "a ring without area");
		if (g->parts == 0 && area < 0)
			return bad(r, "a hole before the outer ring");
	}
	g->ends[g->parts++] = g->n;
	return true;
}

static bool read_geometry(struct reading *r, struct in s, struct mvt_read_feature *f)
{
	size_t most = (size_t)(s.end - s.p) / 2 + 1;
	struct shape g = {.xy = arena_array(r->a, struct mvt_xy, most), .ends = arena_array(r->a, size_t, most)};
	uint64_t c;

	if (s.p == s.end)
		return bad(r, "a feature without geometry");
	if (f->kind == MVT_POINT) {
		if (!get(&s, &c) || !steps(r, &s, &g, c, 1))
			return bad(r, "points do not begin with a move");
		g.ends[g.parts++] = g.n;
		if (s.p != s.end)
			return bad(r, "points of more than one command");
	}
	while (s.p != s.end)
		if (!read_part(r, &s, &g, f->kind))
			return false;
	f->xy = g.xy;
	f->ends = g.ends;
	f->nparts = g.parts;
	return true;
}

/* ---- layers ---- */

struct tables { struct str *keys; size_t nkeys; struct mvt_value *values; size_t nvalues; };

static bool read_tags(struct reading *r, struct in in, const struct tables *t, struct mvt_read_feature *f)
{
	uint64_t k, v;

	f->attrs = arena_array(r->a, struct mvt_attr, (size_t)(in.end - in.p) / 2 + 1);
	while (in.p != in.end) {
		if (!get(&in, &k) || !get(&in, &v))
			return bad(r, "tags that are not pairs");
		if (k >= t->nkeys || v >= t->nvalues)
			return bad(r, "a tag beyond the tables");
		for (size_t i = 0; i < f->nattrs; i++)
			if (str_eq(f->attrs[i].key, t->keys[k]))
				return bad(r, "a key twice in one feature");
		f->attrs[f->nattrs++] = (struct mvt_attr){t->keys[k], t->values[v]};
		if (f->nattrs > 1024)
			return bad(r, "more than 1024 attributes");
	}
	return true;
}

static bool read_feature(struct reading *r, struct in in, const struct tables *t, struct mvt_read_feature *f)
{
	struct in tags = {NULL, NULL}, geometry = {NULL, NULL};
	struct field d;

	while (next_field(r, &in, &d)) {
		if (d.number == 1 && d.wire == VARINT) {
			f->id = d.v;
			f->has_id = true;
		} else if (d.number == 2 && d.wire == BYTES) {
			tags = d.in;
		} else if (d.number == 3 && d.wire == VARINT) {
			if (d.v < MVT_POINT || d.v > MVT_POLYGON)
				return bad(r, "unknown kind of geometry");
			f->kind = (enum mvt_kind)d.v;
		} else if (d.number == 4 && d.wire == BYTES) {
			geometry = d.in;
		} else if (d.number <= 4) {
			return bad(r, "a feature's field of the wrong wire type");
		}
	}
	if (r->why || f->kind == MVT_UNKNOWN)
		return bad(r, "a feature of no kind");
	return read_tags(r, tags, t, f) && read_geometry(r, geometry, f);
}

struct counts { size_t features, keys, values; };

static bool count_fields(struct reading *r, struct in in, struct counts *n)
{
	struct field d;

	while (next_field(r, &in, &d)) {
		n->features += d.number == 2;
		n->keys += d.number == 3;
		n->values += d.number == 4;
	}
	return r->why == NULL;
}

static bool read_tables(struct reading *r, struct in in, const struct counts *n, struct tables *t, struct mvt_read_layer *l)
{
	struct field d;
	uint64_t version = 0;
	bool named = false;

	t->keys = arena_array(r->a, struct str, n->keys + 1);
	t->values = arena_array(r->a, struct mvt_value, n->values + 1);
	l->extent = 4096;
	while (next_field(r, &in, &d)) {
		static const enum wire wires[] = {0, BYTES, BYTES, BYTES, BYTES, VARINT};

		if ((d.number >= 1 && d.number <= 5 && d.wire != wires[d.number]) || (d.number == 15 && d.wire != VARINT))
			return bad(r, "a layer's field of the wrong wire type");
		if (d.number == 1) {
			l->name = text(d.in);
			named = true;
		} else if (d.number == 3) {
			t->keys[t->nkeys++] = text(d.in);
		} else if (d.number == 4) {
			if (!read_value(r, d.in, &t->values[t->nvalues++]))
				return false;
		} else if (d.number == 5) {
			if (d.v == 0 || d.v > UINT32_MAX)
				return bad(r, "an extent of nothing");
			l->extent = (uint32_t)d.v;
		} else if (d.number == 15) {
			version = d.v;
		}
	}
	if (r->why == NULL && version != 2)
		return bad(r, "not version 2");
	return r->why == NULL && ((named && l->name.n) || bad(r, "a layer without a name"));
}

static bool read_layer(struct reading *r, struct in in, struct mvt_read_layer *l)
{
	struct counts n = {0, 0, 0};
	struct tables t = {.keys = NULL};
	struct field d;

	if (!count_fields(r, in, &n) || !read_tables(r, in, &n, &t, l))
		return false;
	if (n.features == 0)
		return bad(r, "a layer without features");
	l->v = arena_array(r->a, struct mvt_read_feature, n.features);
	while (next_field(r, &in, &d))
		if (d.number == 2 && !read_feature(r, d.in, &t, &l->v[l->n++]))
			return false;
	return r->why == NULL;
}

enum err mvt_read(struct str tile, struct arena *a, struct mvt_read_layer **v, size_t *n, const char **why)
{
	struct reading r = {.a = a};
	struct in in = {(const uint8_t *)tile.p, (const uint8_t *)tile.p + tile.n}, again = in;
	struct field f;
	size_t layers = 0;

	*n = 0;
	while (next_field(&r, &again, &f))
		layers += f.number == 3;
	*v = arena_array(a, struct mvt_read_layer, (layers < 1024 ? layers : 1024) + 1);
	while (r.why == NULL && next_field(&r, &in, &f)) {
		if (f.number != 3)
			continue;
		if (f.wire != BYTES || *n == 1024) {
			bad(&r, "a layer that is none, or more than 1024");
			break;
		}
		if (!read_layer(&r, f.in, &(*v)[*n]))
			break;
		for (size_t i = 0; i < *n; i++)
			if (str_eq((*v)[i].name, (*v)[*n].name))
				bad(&r, "two layers of one name");
		(*n)++;
	}
	*why = r.why;
	return r.why ? ERR_INPUT : OK;
}
