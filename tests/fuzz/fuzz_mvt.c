/*
 * Tiles both ways. Any bytes as a tile: the reader stays inside them. Any bytes as geometry and attributes: what the writer makes of them the strict reader
 * takes, and points and values come back as they went in.
 */
#include "geo/mvt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct in { const uint8_t *p; size_t n; };

static uint32_t take(struct in *in, int bytes)
{
	uint32_t v = 0;

	for (; bytes > 0 && in->n; bytes--, in->p++, in->n--)
		v = v << 8 | *in->p;
	return v;
}

/* Near the tile mostly, now and then as far away as a number goes. */
static struct mvt_xy place(struct in *in)
{
	uint32_t how = take(in, 1);
	int bytes = how % 8 == 0 ? 4 : 2;

	return (struct mvt_xy){(int32_t)take(in, bytes) - (bytes == 2 ? 20000 : 0), (int32_t)take(in, bytes) - (bytes == 2 ? 20000 : 0)};
}

static void attributes(struct mvt *m, struct in *in)
{
	mvt_int(m, "i", (int32_t)take(in, 4));
	if (take(in, 1) & 1)
		mvt_double(m, "d", (double)take(in, 2) / 7);
	if (take(in, 1) & 1)
		mvt_bool(m, "b", take(in, 1) & 1);
	if (take(in, 1) & 1) {
		size_t n = take(in, 1);

		n = n < in->n ? n : in->n;
		mvt_text(m, "t", (struct str){(const char *)in->p, n});
		in->p += n;
		in->n -= n;
	}
}

#define MOST 40

static void feature(struct mvt *m, struct in *in, uint64_t id)
{
	struct mvt_xy v[MOST];
	size_t n = 1 + take(in, 1) % MOST, ends[3] = {n, n, n}, parts = 1;
	int32_t margin = (int32_t)take(in, 2) - 100;

	for (size_t i = 0; i < n; i++)
		v[i] = place(in);
	if (n > 8) {
		parts = 3;
		ends[0] = n / 2;
		ends[1] = n - n / 4;
	}
	mvt_feature(m, id);
	attributes(m, in);
	switch (take(in, 1) % 3) {
	case 0: mvt_points(m, v, n); break;
	case 1: mvt_lines(m, v, ends, parts, margin); break;
	default: mvt_polygon(m, v, ends, parts, margin); break;
	}
}

static void write_and_read(struct in in)
{
	struct mvt_read_layer *l;
	const char *why = NULL;
	struct arena a;
	struct buf b;
	struct mvt m;
	size_t n, features;

	arena_init(&a, 0);
	buf_init(&b, 1 << 22);
	mvt_begin(&m, &b, "fuzz", 4096);
	for (uint64_t id = 0; id < 8 && in.n; id++)
		feature(&m, &in, id);
	if (mvt_end(&m) != OK)
		BUG("a small layer does not fit");
	features = m.features;
	if (mvt_read(buf_str(&b), &a, &l, &n, &why) != OK)
		BUG("not readable: %s", why);
	if (n != (features > 0) || (n && l[0].n != features))
		BUG("%zu features became another number", features);
	buf_release(&b);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mvt_read_layer *l;
	const char *why;
	struct arena a;
	size_t n;

	if (size > 8192)
		return 0;
	arena_init(&a, 0);
	if (mvt_read((struct str){(const char *)data, size}, &a, &l, &n, &why) != OK && why == NULL)
		BUG("refused without a reason");
	arena_release(&a);
	write_and_read((struct in){data, size});
	return 0;
}
