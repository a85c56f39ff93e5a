#include "docgen/image_codec.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <jpeglib.h>
#include <jerror.h>
#include <png.h>

#include "docgen/image_exif.h"

#define GOOD_ENOUGH (IMAGE_SIDE * 3 / 4)  /* a decode scaled by 1/2, 1/4, 1/8 that lands above this is kept as it is */
#define SCANS_MAX 100                     /* of a progressive file; a hostile one has thousands */

static void *take(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (p == NULL)
		image_refuse(IMAGE_TOO_LARGE);
	return p;
}

#define HUGE_PAGE ((size_t)2 << 20)

/* Pixels, not zeroed. Thousands of page faults cost as much as what is done with the pixels; huge pages need a few. */
static void *take_pixels(size_t n)
{
	size_t whole = (n + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	void *p;

	if (n < HUGE_PAGE)
		return take(n);
	p = aligned_alloc(HUGE_PAGE, whole);
	if (p == NULL)
		image_refuse(IMAGE_TOO_LARGE);
	madvise(p, whole, MADV_HUGEPAGE); /* a wish */
	return p;
}

static void check_size(int64_t w, int64_t h)
{
	if (w <= 0 || h <= 0 || w > 65500 || h > 65500)
		image_refuse(IMAGE_DAMAGED);
	if (w * h > IMAGE_MAX_PIXELS)
		image_refuse(IMAGE_TOO_LARGE);
}

/* ---- shrinking while rows arrive: each source pixel spreads over the one or two target pixels it covers ---- */

struct span {
	int to;
	float first; /* part that falls into `to`; the rest into to + 1 */
};

struct shrink {
	int sw, sh, y;
	struct raster out;
	struct span *x;
	float *sum, *next; /* target row at work, and the one below */
	float scale;
	bool same;
};

static struct span span_of(int i, int from, int to)
{
	double a = (double)i * to / from, b = (double)(i + 1) * to / from;
	struct span s = {(int)a, 1};

	if (b > s.to + 1)
		s.first = (float)((s.to + 1 - a) / (b - a));
	return s;
}

static void fit(int w, int h, int side, int *dw, int *dh)
{
	int longer = w > h ? w : h;

	*dw = w;
	*dh = h;
	if (longer <= side)
		return;
	*dw = (int)(((int64_t)w * side + longer / 2) / longer);
	*dh = (int)(((int64_t)h * side + longer / 2) / longer);
	*dw = *dw ? *dw : 1;
	*dh = *dh ? *dh : 1;
}

static void shrink_begin(struct shrink *s, int w, int h, int side)
{
	*s = (struct shrink){.sw = w, .sh = h};
	fit(w, h, side, &s->out.w, &s->out.h);
	s->out.p = take_pixels((size_t)s->out.w * (size_t)s->out.h * 3);
	s->same = s->out.w == w && s->out.h == h;
	if (s->same)
		return;
	s->x = take((size_t)w * sizeof(*s->x));
	for (int i = 0; i < w; i++)
		s->x[i] = span_of(i, w, s->out.w);
	s->sum = take(((size_t)s->out.w + 1) * 3 * sizeof(float));
	s->next = take(((size_t)s->out.w + 1) * 3 * sizeof(float));
	s->scale = (float)((double)s->out.w * s->out.h / ((double)w * h));
}

static void spread(const struct shrink *s, float *to, const unsigned char *row, float weight)
{
	for (int i = 0; i < s->sw; i++, row += 3) {
		float *t = to + (size_t)s->x[i].to * 3;
		float a = weight * s->x[i].first, b = weight - a;

		t[0] += row[0] * a;
		t[1] += row[1] * a;
		t[2] += row[2] * a;
		t[3] += row[0] * b;
		t[4] += row[1] * b;
		t[5] += row[2] * b;
	}
}

static void shrink_flush(struct shrink *s, int row)
{
	size_t n = (size_t)s->out.w * 3;
	unsigned char *to = s->out.p + (size_t)row * n;
	float *spare = s->sum;

	for (size_t i = 0; i < n; i++) {
		float v = s->sum[i] * s->scale + 0.5f;

		to[i] = v >= 255 ? 255 : (unsigned char)v;
	}
	s->sum = s->next;
	s->next = spare;
	memset(s->next, 0, (n + 3) * sizeof(float));
}

static void shrink_row(struct shrink *s, const unsigned char *row)
{
	struct span v;

	if (s->y >= s->sh)
		return;
	if (s->same) {
		memcpy(s->out.p + (size_t)s->y * (size_t)s->sw * 3, row, (size_t)s->sw * 3);
		s->y++;
		return;
	}
	v = span_of(s->y, s->sh, s->out.h);
	spread(s, s->sum, row, v.first);
	if (v.first < 1)
		spread(s, s->next, row, 1 - v.first);
	s->y++;
	if (s->y == s->sh || span_of(s->y, s->sh, s->out.h).to != v.to)
		shrink_flush(s, v.to);
}

static struct raster shrink_whole(const struct raster *r, int side)
{
	struct shrink s;

	shrink_begin(&s, r->w, r->h, side);
	for (int y = 0; y < r->h; y++)
		shrink_row(&s, r->p + (size_t)y * (size_t)r->w * 3);
	return s.out;
}

/* Eight bytes as four sums of 16 bits: those at even places, those at odd ones. */
static uint64_t lanes(const unsigned char *p, int odd)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (le64toh(v) >> (8 * odd)) & 0x00ff00ff00ff00ffu;
}

/* Two pixels above two: R G B r g b, each with a lane of its own. */
static void mean_of_four(const unsigned char *a, const unsigned char *b, unsigned char *to)
{
	uint64_t even = lanes(a, 0) + lanes(b, 0), odd = lanes(a, 1) + lanes(b, 1);

	to[0] = (unsigned char)(((even & 0xffff) + (odd >> 16 & 0xffff) + 2) / 4);
	to[1] = (unsigned char)(((odd & 0xffff) + (even >> 32 & 0xffff) + 2) / 4);
	to[2] = (unsigned char)(((even >> 16 & 0xffff) + (odd >> 32 & 0xffff) + 2) / 4);
}

/* Mean of each 2 x 2; an odd last row or column is left out. */
static struct raster halve(const struct raster *r)
{
	struct raster t = {r->w / 2, r->h / 2, NULL};
	size_t stride = (size_t)r->w * 3;
	unsigned char *to;

	to = t.p = take_pixels((size_t)t.w * (size_t)t.h * 3);
	for (int y = 0; y < t.h; y++) {
		const unsigned char *a = r->p + (size_t)y * 2 * stride, *b = a + stride;

		for (int x = 0; x + 1 < t.w; x++, a += 6, b += 6, to += 3)
			mean_of_four(a, b, to);
		for (int j = 0; j < 3; j++) /* the last one by itself: nothing is read behind the row */
			*to++ = (unsigned char)((a[j] + a[j + 3] + b[j] + b[j + 3] + 2) / 4);
	}
	return t;
}

/* Halving is five times cheaper than weighing; only the rest of the way is weighed. */
static struct raster thumbnail(const struct raster *r)
{
	struct raster at = *r, next;

	while ((at.w > at.h ? at.w : at.h) >= 2 * IMAGE_THUMB_SIDE && at.w > 1 && at.h > 1) {
		next = halve(&at);
		if (at.p != r->p)
			free(at.p);
		at = next;
	}
	next = shrink_whole(&at, IMAGE_THUMB_SIDE);
	if (at.p != r->p)
		free(at.p);
	return next;
}

/* ---- orientation ---- */

/* Source position of the target pixel (x, y) for EXIF's eight ways of holding a camera; w, h of the source. */
static size_t source_of(int o, int x, int y, int w, int h)
{
	int sx = o >= 5 ? y : x, sy = o >= 5 ? x : y;

	if (o == 2 || o == 3 || o == 7 || o == 8)
		sx = w - 1 - sx;
	if (o == 3 || o == 4 || o == 6 || o == 7)
		sy = h - 1 - sy;
	return ((size_t)sy * (size_t)w + (size_t)sx) * 3;
}

static struct raster upright(struct raster r, int orientation)
{
	struct raster t = orientation >= 5 ? (struct raster){r.h, r.w, NULL} : (struct raster){r.w, r.h, NULL};
	unsigned char *to;

	if (orientation == 1)
		return r;
	to = t.p = take_pixels((size_t)t.w * (size_t)t.h * 3);
	for (int y = 0; y < t.h; y++)
		for (int x = 0; x < t.w; x++, to += 3)
			memcpy(to, r.p + source_of(orientation, x, y, r.w, r.h), 3);
	free(r.p);
	return t;
}

/* ---- JPEG ---- */

static void jpeg_fatal(j_common_ptr c)
{
	image_refuse(c->err->msg_code == JERR_OUT_OF_MEMORY ? IMAGE_TOO_LARGE : IMAGE_DAMAGED);
}

/* Of the warnings only those matter that mean a missing end; many cameras earn the others. */
static void jpeg_message(j_common_ptr c, int level)
{
	if (level < 0 && (c->err->msg_code == JWRN_JPEG_EOF || c->err->msg_code == JWRN_HIT_MARKER))
		image_refuse(IMAGE_DAMAGED);
}

static void jpeg_progress(j_common_ptr c)
{
	if (((j_decompress_ptr)c)->input_scan_number > SCANS_MAX)
		image_refuse(IMAGE_TOO_LARGE);
}

/* The scales that have fast code, smallest that is good enough. */
static void choose_scale(struct jpeg_decompress_struct *c)
{
	unsigned longer = c->image_width > c->image_height ? c->image_width : c->image_height;

	c->scale_denom = 8;
	c->scale_num = 8;
	while (c->scale_num > 1 && longer > IMAGE_SIDE && longer * (c->scale_num / 2) / 8 >= GOOD_ENOUGH)
		c->scale_num /= 2;
}

/* Adobe's CMYK is inverted, in place to RGB. */
static void cmyk_row(unsigned char *row, int w, bool inverted)
{
	for (int i = 0; i < w; i++) {
		int k = inverted ? row[i * 4 + 3] : 255 - row[i * 4 + 3];

		for (int j = 0; j < 3; j++) {
			int v = row[i * 4 + j];

			row[i * 3 + j] = (unsigned char)((inverted ? v : 255 - v) * k / 255);
		}
	}
}

static void jpeg_rows(struct jpeg_decompress_struct *c, struct shrink *s)
{
	unsigned char *row = take((size_t)c->output_width * 4);

	/* what keeps its size is decoded to where it stays */
	while (s->same && c->out_color_space == JCS_RGB && c->output_scanline < c->output_height) {
		unsigned char *to = s->out.p + (size_t)c->output_scanline * (size_t)s->sw * 3;

		jpeg_read_scanlines(c, &to, 1);
	}
	while (c->output_scanline < c->output_height) {
		jpeg_read_scanlines(c, &row, 1);
		if (c->out_color_space == JCS_CMYK)
			cmyk_row(row, (int)c->output_width, c->saw_Adobe_marker);
		shrink_row(s, row);
	}
	free(row);
}

static struct raster decode_jpeg(const unsigned char *p, size_t n)
{
	struct jpeg_decompress_struct c;
	struct jpeg_progress_mgr progress = {.progress_monitor = jpeg_progress};
	struct jpeg_error_mgr e;
	struct shrink s;

	c.err = jpeg_std_error(&e);
	e.error_exit = jpeg_fatal;
	e.emit_message = jpeg_message;
	jpeg_create_decompress(&c);
	c.progress = &progress;
	jpeg_mem_src(&c, p, n);
	jpeg_read_header(&c, TRUE);
	check_size(c.image_width, c.image_height);
	c.out_color_space = c.num_components == 4 ? JCS_CMYK : JCS_RGB;
	c.dct_method = JDCT_ISLOW;
	choose_scale(&c);
	jpeg_start_decompress(&c);
	shrink_begin(&s, (int)c.output_width, (int)c.output_height, IMAGE_SIDE);
	jpeg_rows(&c, &s);
	jpeg_finish_decompress(&c);
	jpeg_destroy_decompress(&c);
	return s.out;
}

static struct encoded encode(const struct raster *r, int quality)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr e;
	struct encoded out = {NULL, 0};

	c.err = jpeg_std_error(&e);
	e.error_exit = jpeg_fatal;
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &out.p, &out.n);
	c.image_width = (JDIMENSION)r->w;
	c.image_height = (JDIMENSION)r->h;
	c.input_components = 3;
	c.in_color_space = JCS_RGB;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, quality, TRUE);
	jpeg_start_compress(&c, TRUE);
	while (c.next_scanline < c.image_height) {
		unsigned char *row = r->p + (size_t)c.next_scanline * (size_t)r->w * 3;

		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	return out;
}

/* ---- PNG ---- */

struct source {
	const unsigned char *p;
	size_t n;
};

_Noreturn static void png_fatal(png_structp png, png_const_charp text)
{
	(void)png, (void)text;
	image_refuse(IMAGE_DAMAGED);
}

static void png_quiet(png_structp png, png_const_charp text)
{
	(void)png, (void)text;
}

static void png_more(png_structp png, png_bytep to, size_t n)
{
	struct source *s = png_get_io_ptr(png);

	if (n > s->n)
		image_refuse(IMAGE_DAMAGED);
	memcpy(to, s->p, n);
	s->p += n;
	s->n -= n;
}

/* RGBA to RGB on white, in place. */
static void flatten_row(unsigned char *row, int w)
{
	for (int i = 0; i < w; i++) {
		int alpha = row[i * 4 + 3];

		for (int j = 0; j < 3; j++)
			row[i * 3 + j] = (unsigned char)((row[i * 4 + j] * alpha + 255 * (255 - alpha) + 127) / 255);
	}
}

static void png_to_rgba(png_structp png, png_infop info)
{
	png_set_strip_16(png);
	png_set_expand(png);
	png_set_gray_to_rgb(png);
	png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
	(void)info;
}

static void png_rows(png_structp png, int w, int h, int passes, struct shrink *s)
{
	size_t stride = (size_t)w * 4;
	/* An interlaced picture is complete only after the last pass. */
	unsigned char *all = take(passes > 1 ? stride * (size_t)h : stride);

	for (int pass = 0; pass < passes; pass++)
		for (int y = 0; y < h; y++) {
			unsigned char *row = all + (passes > 1 ? stride * (size_t)y : 0);

			png_read_row(png, row, NULL);
			if (pass + 1 < passes)
				continue;
			flatten_row(row, w);
			shrink_row(s, row);
		}
	free(all);
}

/* What is no picture: skipped by the library. It would reserve as much memory for eXIf as the file says. */
static void png_skip_rest(png_structp png)
{
	static const png_byte names[] = "eXIf\0iTXt\0tEXt\0zTXt\0iCCP\0sPLT\0";

	png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names, (int)sizeof(names) / 5);
}

static struct raster decode_png(const unsigned char *p, size_t n)
{
	struct source src = {p, n};
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, png_fatal, png_quiet);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	struct shrink s;
	int w, h, passes;

	if (info == NULL)
		image_refuse(IMAGE_TOO_LARGE);
	png_set_read_fn(png, &src, png_more);
	png_set_user_limits(png, 65500, 65500);
	png_set_chunk_malloc_max(png, 4 * 1024 * 1024);
	png_set_chunk_cache_max(png, 100);
	png_skip_rest(png);
	png_read_info(png, info);
	w = (int)png_get_image_width(png, info);
	h = (int)png_get_image_height(png, info);
	check_size(w, h);
	png_to_rgba(png, info);
	passes = png_set_interlace_handling(png);
	png_read_update_info(png, info);
	if (png_get_rowbytes(png, info) != (size_t)w * 4)
		image_refuse(IMAGE_DAMAGED);
	shrink_begin(&s, w, h, IMAGE_SIDE);
	png_rows(png, w, h, passes, &s);
	png_read_end(png, NULL);
	png_destroy_read_struct(&png, &info, NULL);
	return s.out;
}

/* ---- both ---- */

void image_codec_run(const unsigned char *p, size_t n, struct image_reply *reply, struct encoded *full,
		     struct encoded *thumb)
{
	struct raster big, small;
	struct exif e;

	if (n > 3 && memcmp(p, "\xff\xd8\xff", 3) == 0) {
		exif_read_jpeg(&e, p, n);
		big = decode_jpeg(p, n);
	} else if (n > 8 && memcmp(p, "\x89PNG\r\n\x1a\n", 8) == 0) {
		exif_read_png(&e, p, n);
		big = decode_png(p, n);
	} else {
		image_refuse(IMAGE_NOT_ONE);
	}
	big = upright(big, e.orientation);
	small = thumbnail(&big);
	*full = encode(&big, 82);
	*thumb = encode(&small, 75);
	*reply = (struct image_reply){IMAGE_FINE, big.w, big.h, small.w, small.h, e.located, e.lon, e.lat, full->n,
				      thumb->n};
	free(big.p);
	free(small.p);
}
