#include "geo/tile.h"

#include "geo/mvt.h"
#include "geo/points_region.h"

#define EXTENT 4096

struct making {
	const struct points_view *v;
	const struct points_filter *f;
	const struct tile_ask *t;
	struct region region;
	struct mercator corner;        /* of the square that holds the cells */
	struct plan plan;
};

/* ---- the table of values: numbers, small ones found at once ---- */

struct values {
	struct cells *c;                   /* value_at[v] holds index + 1 for v < CELLS */
	struct buf *out;
	uint32_t n, nlarge;
};

static void value_write(struct values *t, int64_t v)
{
	uint8_t b[16], *p = b + 3;
	size_t len = mvt_varint(p, (uint64_t)v);

	b[0] = 0x22;                       /* layer: value */
	b[1] = (uint8_t)(len + 1);
	b[2] = 0x28;                       /* value: unsigned */
	buf_add(t->out, b, len + 3);
	t->n++;
}

/* ---- large ones by a hash whose memory stays with the cells ---- */

static struct large_value *large_place(struct large_value *v, uint32_t size, int64_t value)
{
	uint32_t i = (uint32_t)((uint64_t)value * 0x9e3779b97f4a7c15u >> 40) & (size - 1);

	while (v[i].v && v[i].v != value)
		i = (i + 1) & (size - 1);
	return v + i;
}

static void large_grow(struct cells *c)
{
	uint32_t size = c->large_size ? c->large_size * 2 : 1024;
	struct large_value *v = calloc(size, sizeof(*v));

	if (v == NULL)
		BUG("no memory for the values of a tile");
	for (uint32_t i = 0; i < c->large_size; i++)
		if (c->large[i].v)
			*large_place(v, size, c->large[i].v) = c->large[i];
	free(c->large);
	c->large = v;
	c->large_size = size;
}

static uint32_t value_large(struct values *t, int64_t v)
{
	struct large_value *at;

	if (t->nlarge * 2 >= t->c->large_size)
		large_grow(t->c);
	at = large_place(t->c->large, t->c->large_size, v);
	if (at->v == 0) {
		*at = (struct large_value){v, t->n};
		t->nlarge++;
		value_write(t, v);
	}
	return at->at;
}

static inline uint32_t value_index(struct values *t, int64_t v)
{
	if (v >= CELLS)
		return value_large(t, v);
	if (t->c->value_at[v] == 0) {
		t->c->value_at[v] = t->n + 1;
		value_write(t, v);
	}
	return t->c->value_at[v] - 1;
}

/* ---- cells ---- */

static const char *class_name(const struct tile_ask *t, unsigned i, char *room, size_t size)
{
	static const char *const colours[] = {"none", "intime", "soon", "late"};

	if (t->class_names && t->class_names[i])
		return t->class_names[i];
	if (t->by == TILE_BY_COLOUR)
		return colours[i < 4 ? i : 3];
	snprintf(room, size, "s%u", i);
	return room;
}

static void write_keys(const struct tile_ask *t, struct buf *to)
{
	char room[8];

	for (unsigned i = 0; i <= (t->by == TILE_PLAIN ? 0 : t->by == TILE_BY_COLOUR ? 4 : TILE_CLASSES); i++) {
		struct str name = i == 0 ? STR("n") : str_from(class_name(t, i - 1, room, sizeof(room)));
		uint8_t len[10];

		buf_addc(to, 0x1a);
		buf_add(to, len, mvt_varint(len, name.n));
		buf_adds(to, name);
	}
}

static uint8_t *put(uint8_t *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}

/* Tile coordinates of a place in the tile. */
static uint32_t tile_at(uint32_t v, int z)
{
	uint32_t in = z == 0 ? v : v & (UINT32_MAX >> z);

	return (uint32_t)((uint64_t)in * EXTENT >> (32 - z));
}

/* The mean, kept inside the cell: what was taken away since by a run may have been summed otherwise than what it takes away (points_cells.h). */
static uint32_t mean_in(uint64_t sum, int64_t n, uint32_t low, uint32_t side)
{
	int64_t mean = (int64_t)sum / n;

	return mean < (int64_t)low ? low : mean > (int64_t)low + side ? low + side : (uint32_t)mean;
}

/* morton_pack of a cell's number: of twelve bits. */
static uint32_t cell_pack(uint32_t v)
{
	v &= 0x555;
	v = (v | v >> 1) & 0x333;
	v = (v | v >> 2) & 0xf0f;
	return (v | v >> 4) & 0x3f;
}

static struct mercator cell_place(const struct making *m, const struct cells *c, uint32_t cell)
{
	const struct cell *v = &c->v[cell];
	int down = 32 - m->region.cell_zoom;
	uint32_t side = UINT32_MAX >> m->region.cell_zoom;

	if (m->region.snapped)
		return middle_at(v->key, m->region.cell_zoom);
	return (struct mercator){mean_in(v->x, v->n, m->corner.x + (cell_pack(cell) << down), side),
				 mean_in(v->y, v->n, m->corner.y + (cell_pack(cell >> 1) << down), side)};
}

#define TAGS_MAX (8 * (TILE_CLASSES + 1) * 2)
#define FEATURE_MAX (16 + 10 + TAGS_MAX + 16)

/* Moves what was written behind a length of one byte, when the length needs two. */
static uint8_t *put_length(uint8_t *at, uint8_t *end)
{
	size_t n = (size_t)(end - at - 1);

	if (n >= 0x80) {
		memmove(at + 2, at + 1, n);
		at[1] = (uint8_t)(n >> 7);
		*at = (uint8_t)(n | 0x80);
		return end + 1;
	}
	*at = (uint8_t)n;
	return end;
}

/* One feature: at most 3 + 11 + 3 + 17 pairs of numbers + 2 + 13 bytes. */
static void write_cell(const struct making *m, const struct cells *c, uint32_t cell, struct values *values, struct buf *to)
{
	uint8_t *feature = (uint8_t *)buf_reserve(to, FEATURE_MAX), *p, *length, *tags, *geometry;
	struct mercator at = cell_place(m, c, cell);
	int z = m->t->z;

	if (feature == NULL)
		return;
	p = feature;
	*p++ = 0x12;
	length = p++;
	*p++ = 0x08;
	p = put(p, (uint64_t)c->v[cell].id);
	*p++ = 0x12;
	tags = p++;
	*p++ = 0;
	p = put(p, value_index(values, c->v[cell].n));
	for (unsigned k = 0; m->t->by != TILE_PLAIN && k < CELL_CLASSES; k++)
		if (c->class_n[cell][k] > 0) {
			*p++ = (uint8_t)(k + 1);
			p = put(p, value_index(values, c->class_n[cell][k]));
		}
	p = put_length(tags, p);
	*p++ = 0x18;
	*p++ = MVT_POINT;
	*p++ = 0x22;
	geometry = p++;
	*p++ = 9;
	p = put(p, tile_at(at.x, z) * 2);
	p = put(p, tile_at(at.y, z) * 2);
	*geometry = (uint8_t)(p - geometry - 1);
	p = put_length(length, p);
	to->n += (size_t)(p - feature);
}

static enum err end_layer(const struct making *m, const struct buf *features, const struct buf *values, struct buf *to)
{
	struct str name = str_from(m->t->layer ? m->t->layer : "matters");
	uint8_t len[10];
	struct buf head;

	buf_init(&head, 4096);
	buf_addc(&head, 0x0a);
	buf_add(&head, len, mvt_varint(len, name.n));
	buf_adds(&head, name);
	write_keys(m->t, &head);
	buf_addc(&head, 0x28);
	buf_add(&head, len, mvt_varint(len, EXTENT));
	buf_add(&head, "\x78\x02", 2);
	buf_addc(to, 0x1a);
	buf_add(to, len, mvt_varint(len, head.n + features->n + values->n));
	buf_add(to, head.p, head.n);
	buf_add(to, features->p, features->n);
	buf_add(to, values->p, values->n);
	if (head.full || features->full || values->full || to->full) {
		buf_release(&head);
		return ERR_TOO_MUCH;
	}
	buf_release(&head);
	return OK;
}

static enum err write_cells(const struct making *m, struct cells *c, struct buf *to, struct tile_got *got)
{
	struct values values = {.c = c, .out = &c->values};
	struct buf *features = &c->features;
	enum err e = OK;

	memset(c->value_at, 0, sizeof(c->value_at));
	if (c->large)
		memset(c->large, 0, c->large_size * sizeof(*c->large));
	features->max = values.out->max = TILE_BYTES_MAX;
	buf_clear(features);
	buf_clear(values.out);
	for (uint32_t i = 0; i < CELLS / 64; i++)
		for (uint64_t w = c->touched[i]; w; w &= w - 1) {
			uint32_t cell = i * 64 + (uint32_t)__builtin_ctzll(w);

			if (c->v[cell].n <= 0)
				continue;
			write_cell(m, c, cell, &values, features);
			got->features++;
		}
	if (got->features)
		e = end_layer(m, features, values.out, to);
	return e;
}

/* ---- rows ---- */

static enum err write_rows(struct making *m, struct buf *to, struct tile_got *got)
{
	struct walk w;
	struct row r;
	struct mvt layer;

	mvt_begin(&layer, to, m->t->layer ? m->t->layer : "matters", EXTENT);
	walk_begin(&w, m->v, &m->plan, m->region.keys.first, m->region.keys.last);
	while (walk_next(&w, &r)) {
		struct mercator at = m->f->public_only ? coarse_at(m->v, r.key) : morton_at(r.key);
		struct point p;
		enum point_colour colour;
		char id[24];

		row_to_point(&p, &r);
		colour = point_colour(&p, m->f->now);
		mvt_feature(&layer, (uint64_t)p.id);
		mvt_int(&layer, "category", p.category);
		mvt_int(&layer, "state", p.state);
		mvt_int(&layer, "colour", colour);
		mvt_int(&layer, "scenario", p.scenario);
		if (m->t->by == TILE_BY_COLOUR) /* as a cell of one would say it */
			mvt_int(&layer, class_name(m->t, colour, id, sizeof(id)), 1);
		if (!m->f->public_only) {
			snprintf(id, sizeof(id), "%lld", (long long)p.id);
			mvt_text(&layer, "id", str_from(id));
		}
		mvt_points(&layer, &(struct mvt_xy){(int32_t)tile_at(at.x, m->t->z), (int32_t)tile_at(at.y, m->t->z)}, 1);
		got->features++;
	}
	walk_end(&w);
	return mvt_end(&layer);
}

enum err tile_make(const struct points_view *v, const struct points_filter *f, const struct tile_ask *t, struct buf *to, struct tile_got *got)
{
	struct making m = {.v = v, .f = f, .t = t};
	struct cells_ask ask = {.by = t->by == TILE_BY_STATE ? CELLS_BY_STATE : t->by == TILE_BY_COLOUR ? CELLS_BY_COLOUR : CELLS_PLAIN, .members = true};
	struct tile_got none;
	struct cells *c;
	enum err e = OK;

	got = got ? got : &none;
	*got = (struct tile_got){.rows = 0};
	if (t->z < 0 || t->z > TILE_ZOOM_MAX || t->x >> t->z || t->y >> t->z)
		return ERR_INPUT;
	if (!region_of_tile(&m.region, v, f, t->z, t->x, t->y))
		return OK;
	m.corner = morton_at(m.region.keys.first);
	ask.first = m.region.keys.first;
	ask.last = m.region.keys.last;
	ask.shift = 64 - 2 * m.region.cell_zoom;
	ask.sums = !m.region.snapped;
	for (unsigned i = 0; i < 256 && t->by == TILE_BY_STATE; i++) {
		unsigned class = t->class_of ? t->class_of[i] : i;

		ask.class_of[i] = (uint8_t)(class < TILE_CLASSES ? class : TILE_CLASSES - 1);
	}
	plan_init(&m.plan, f);
	c = cells_take();
	cells_fill(c, v, &m.plan, &ask);
	got->rows = c->total;
	got->cells = c->total > 0 && (uint64_t)c->total > t->rows_max;
	if (got->cells)
		e = write_cells(&m, c, to, got);
	else if (c->total > 0)
		e = write_rows(&m, to, got);
	cells_give(c);
	plan_release(&m.plan);
	return e;
}
