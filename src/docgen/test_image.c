#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "docgen/image.h"
#include "docgen/image_exif.h"

static struct arena arena;

/* ---- making pictures ---- */

/* Left half red, right half blue, the upper eighth green: enough to see orientation. */
static void paint(unsigned char *row, int w, int y, int h)
{
	for (int x = 0; x < w; x++) {
		row[x * 3] = y >= h / 8 && x < w / 2 ? 250 : 5;
		row[x * 3 + 1] = y < h / 8 ? 250 : 5;
		row[x * 3 + 2] = y >= h / 8 && x >= w / 2 ? 250 : 5;
	}
}

static void put16(unsigned char *p, unsigned v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
}

static void put32(unsigned char *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static void entry(unsigned char *p, unsigned tag, unsigned type, uint32_t count, uint32_t value)
{
	put16(p, tag);
	put16(p + 2, type);
	put32(p + 4, count);
	put32(p + 8, value);
}

/* TIFF, big endian: orientation, and 29°34'12" N 106°30'0" E when located. */
static size_t make_exif(unsigned char out[200], int orientation, bool located)
{
	static const uint32_t degrees[] = {29, 1, 34, 1, 12, 1, 106, 1, 30, 1, 0, 1};

	memset(out, 0, 200);
	memcpy(out, "MM\0*\0\0\0\x08", 8);
	put16(out + 8, 2);
	entry(out + 10, 0x0112, 3, 1, (uint32_t)orientation << 16);
	entry(out + 22, located ? 0x8825 : 0x9999, 4, 1, 38);
	put16(out + 38, 4);
	entry(out + 40, 1, 2, 2, (uint32_t)'N' << 24);
	entry(out + 52, 2, 5, 3, 96);
	entry(out + 64, 3, 2, 2, (uint32_t)'E' << 24);
	entry(out + 76, 4, 5, 3, 120);
	for (size_t i = 0; i < 12; i++)
		put32(out + 96 + i * 4, degrees[i]);
	return 144;
}

static struct str make_jpeg(int w, int h, int orientation, bool located, bool progressive)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr e;
	unsigned char *out = NULL, exif[6 + 200] = "Exif\0";
	unsigned char *row = malloc((size_t)w * 3);
	unsigned long n = 0;
	struct str s;

	c.err = jpeg_std_error(&e);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &out, &n);
	c.image_width = (JDIMENSION)w;
	c.image_height = (JDIMENSION)h;
	c.input_components = 3;
	c.in_color_space = JCS_RGB;
	jpeg_set_defaults(&c);
	if (progressive)
		jpeg_simple_progression(&c);
	jpeg_start_compress(&c, TRUE);
	if (orientation)
		jpeg_write_marker(&c, JPEG_APP0 + 1, exif, (unsigned)(6 + make_exif(exif + 6, orientation, located)));
	while (c.next_scanline < c.image_height) {
		paint(row, w, (int)c.next_scanline, h);
		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	free(row);
	s = arena_str(&arena, (struct str){(char *)out, n});
	free(out);
	return s;
}

static void png_out(png_structp png, png_bytep p, size_t n)
{
	buf_add(png_get_io_ptr(png), p, n);
}

static struct str make_png(int w, int h, bool interlaced, bool alpha)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	size_t stride = (size_t)w * (alpha ? 4 : 3);
	unsigned char *all = calloc((size_t)h, stride);
	png_bytep *rows = calloc((size_t)h, sizeof(*rows));
	struct buf b;
	struct str s;

	buf_init(&b, 64 << 20);
	for (int y = 0; y < h; y++) {
		rows[y] = all + (size_t)y * stride;
		if (!alpha) /* otherwise all black and transparent */
			paint(rows[y], w, y, h);
	}
	png_set_write_fn(png, &b, png_out, NULL);
	png_set_IHDR(png, info, (png_uint_32)w, (png_uint_32)h, 8, alpha ? PNG_COLOR_TYPE_RGBA : PNG_COLOR_TYPE_RGB,
		     interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
	png_set_rows(png, info, rows);
	png_write_png(png, info, 0, NULL);
	png_destroy_write_struct(&png, &info);
	s = arena_str(&arena, buf_str(&b));
	buf_release(&b);
	free(all);
	free(rows);
	return s;
}

/* ---- running ---- */

static int file_of(struct str s)
{
	int fd = memfd_create("picture", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, s.p, s.n), (ssize_t)s.n);
	return fd;
}

static enum err convert(struct str s, struct image *out)
{
	int fd = file_of(s);
	enum err e = image_convert(&arena, fd, out);

	close(fd);
	return e;
}

static void pixel(struct str jpeg, int x, int y, unsigned char rgb[3])
{
	struct jpeg_decompress_struct c;
	struct jpeg_error_mgr e;
	unsigned char *row;

	c.err = jpeg_std_error(&e);
	jpeg_create_decompress(&c);
	jpeg_mem_src(&c, (const unsigned char *)jpeg.p, jpeg.n);
	jpeg_read_header(&c, TRUE);
	jpeg_start_decompress(&c);
	row = malloc((size_t)c.output_width * 3);
	while ((int)c.output_scanline <= y)
		jpeg_read_scanlines(&c, &row, 1);
	memcpy(rgb, row + x * 3, 3);
	jpeg_abort_decompress(&c);
	jpeg_destroy_decompress(&c);
	free(row);
}

static char colour(struct str jpeg, int x, int y)
{
	unsigned char c[3];

	pixel(jpeg, x, y, c);
	if (c[0] > 200 && c[1] > 200 && c[2] > 200)
		return 'w';
	if (c[0] > 180 && c[1] < 80 && c[2] < 80)
		return 'r';
	if (c[1] > 180 && c[0] < 80 && c[2] < 80)
		return 'g';
	return c[2] > 180 && c[0] < 80 && c[1] < 80 ? 'b' : '?';
}

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 0);
	return image_service_start() == OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	image_service_stop();
	arena_release(&arena);
	return 0;
}

/* ---- tests ---- */

static void small_jpeg_is_reencoded(void **state)
{
	struct image i;

	(void)state;
	assert_int_equal(convert(make_jpeg(640, 400, 0, false, false), &i), OK);
	assert_int_equal(i.width, 640);
	assert_int_equal(i.height, 400);
	assert_int_equal(i.thumb_width, 480);
	assert_int_equal(i.thumb_height, 300);
	assert_false(i.located);
	assert_int_equal(colour(i.jpeg, 100, 200), 'r');
	assert_int_equal(colour(i.thumb, 400, 200), 'b');
	assert_int_equal(colour(i.thumb, 240, 10), 'g');
}

static void gps_is_read_and_all_metadata_goes(void **state)
{
	struct image i;

	(void)state;
	assert_int_equal(convert(make_jpeg(640, 400, 1, true, false), &i), OK);
	assert_true(i.located);
	assert_true(i.lat > 29.5699 && i.lat < 29.5701);
	assert_true(i.lon > 106.4999 && i.lon < 106.5001);
	assert_true(str_find(i.jpeg, STR("Exif")) < 0);
	assert_true(str_find(i.thumb, STR("Exif")) < 0);
}

static void all_eight_orientations_come_out_upright(void **state)
{
	/* What stands at left-middle and top-middle after turning; '.' the side the green edge went to. */
	static const char want[9][5] = {"", "rbg?", "brg?", "br?g", "rb?g", "g?rb", "?grb", "?gbr", "g?br"};
	struct image i;

	(void)state;
	for (int o = 1; o <= 8; o++) {
		int w, h;

		assert_int_equal(convert(make_jpeg(320, 200, o, false, false), &i), OK);
		w = i.width;
		h = i.height;
		assert_int_equal(w, o >= 5 ? 200 : 320);
		if (want[o][0] != '?')
			assert_int_equal(colour(i.jpeg, 4, o >= 5 && want[o][0] == 'g' ? h / 4 : h / 2), want[o][0]);
		if (want[o][1] != '?')
			assert_int_equal(colour(i.jpeg, w - 5, o >= 5 && want[o][1] == 'g' ? h / 4 : h / 2), want[o][1]);
		if (want[o][2] != '?')
			assert_int_equal(colour(i.jpeg, w / 2, 4), want[o][2]);
		if (want[o][3] != '?')
			assert_int_equal(colour(i.jpeg, w / 2, h - 5), want[o][3]);
	}
}

static void large_pictures_shrink(void **state)
{
	struct image i;

	(void)state;
	assert_int_equal(convert(make_jpeg(4000, 3000, 6, true, false), &i), OK);
	assert_true(i.height <= IMAGE_SIDE && i.height >= IMAGE_SIDE * 3 / 4 && i.width * 4 == i.height * 3);
	assert_int_equal(convert(make_jpeg(2300, 1150, 0, false, true), &i), OK);
	assert_int_equal(i.width, 2048);
	assert_int_equal(i.height, 1024);
	assert_int_equal(colour(i.jpeg, 2000, 1000), 'b');
	assert_int_equal(colour(i.jpeg, 40, 1000), 'r');
}

static void png_with_and_without_interlace_and_alpha(void **state)
{
	struct image i;

	(void)state;
	for (int interlaced = 0; interlaced < 2; interlaced++) {
		assert_int_equal(convert(make_png(2500, 1000, interlaced, false), &i), OK);
		assert_int_equal(i.width, 2048);
		assert_int_equal(colour(i.jpeg, 100, 500), 'r');
		assert_int_equal(colour(i.jpeg, 2000, 500), 'b');
		assert_int_equal(colour(i.jpeg, 1000, 10), 'g');
	}
	assert_int_equal(convert(make_png(60, 60, false, true), &i), OK);
	assert_int_equal(colour(i.jpeg, 30, 30), 'w'); /* transparent becomes white */
	assert_int_equal(convert(make_png(1, 1, true, false), &i), OK);
}

static void refused(struct str s, enum image_refusal why)
{
	struct image i;

	assert_int_equal(convert(s, &i), ERR_INPUT);
	assert_int_equal(i.refusal, why);
	assert_true(image_refusal_text(i.refusal)[0] != 0);
}

static void what_is_no_picture_is_refused(void **state)
{
	(void)state;
	refused(STR(""), IMAGE_NOT_ONE);
	refused(STR("<html><script>alert(1)</script></html>"), IMAGE_NOT_ONE);
	refused(STR("GIF89a\1\0\1\0"), IMAGE_NOT_ONE);
	refused(STR("\xff\xd8\xff\xe0nothing"), IMAGE_DAMAGED);
	refused(STR("\x89PNG\r\n\x1a\nrubbish"), IMAGE_DAMAGED);
}

static void truncated_files_are_refused(void **state)
{
	struct str j = make_jpeg(800, 600, 1, true, false), p = make_png(800, 600, false, false);

	(void)state;
	for (size_t part = 1; part < 8; part++) {
		refused(str_sub(j, 0, j.n * part / 8), IMAGE_DAMAGED);
		refused(str_sub(p, 0, p.n * part / 8), IMAGE_DAMAGED);
	}
}

/* 60 megapixels of nothing compress to some kilobytes. */
static void bombs_are_refused_before_decoding(void **state)
{
	struct str p = make_png(64, 64, false, false), j = make_jpeg(64, 64, 0, false, false);
	unsigned char *b = (unsigned char *)p.p;
	ptrdiff_t sof;

	(void)state;
	put32(b + 16, 60000);
	put32(b + 20, 60000);
	put32(b + 29, (uint32_t)crc32(0, b + 12, 17));
	refused(p, IMAGE_TOO_LARGE);
	sof = str_find(j, STR("\xff\xc0"));
	assert_true(sof > 0);
	put16((unsigned char *)j.p + sof + 5, 60000);
	put16((unsigned char *)j.p + sof + 7, 60000);
	refused(j, IMAGE_TOO_LARGE);
}

static void a_file_over_the_limit_is_refused(void **state)
{
	int fd = memfd_create("big", MFD_CLOEXEC);
	struct image i;

	(void)state;
	assert_int_equal(ftruncate(fd, IMAGE_MAX_BYTES + 1), 0);
	assert_int_equal(image_convert(&arena, fd, &i), ERR_INPUT);
	assert_int_equal(i.refusal, IMAGE_TOO_LARGE);
	close(fd);
}

/* A zip or a script behind the picture does not survive. */
static void polyglots_are_harmless(void **state)
{
	struct str s = arena_cat(&arena, make_jpeg(64, 64, 0, false, false), STR("PK\3\4<script>evil</script>"));
	struct image i;

	(void)state;
	assert_int_equal(convert(s, &i), OK);
	assert_true(str_find(i.jpeg, STR("evil")) < 0);
}

/* No byte pattern may do worse than be refused; the helper's death would be ERR_IO. */
static void flipped_bytes_never_kill_the_helper(void **state)
{
	struct str good[] = {make_jpeg(96, 64, 6, true, false), make_jpeg(96, 64, 1, true, true),
			     make_png(96, 64, false, false), make_png(96, 64, true, true)};
	unsigned seed = 7;
	struct image i;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct str s = arena_str(&arena, good[round % 4]);

		for (int k = 0; k < 1 + round % 9; k++) {
			seed = seed * 1103515245 + 12345;
			((char *)s.p)[(seed >> 8) % s.n] = (char)(seed >> 24);
		}
		assert_int_not_equal(convert(s, &i), ERR_IO);
	}
}

static void exif_survives_any_rubbish(void **state)
{
	unsigned char base[200], p[200];
	size_t n = make_exif(base, 3, true);
	unsigned seed = 1;
	struct exif e;

	(void)state;
	exif_read(&e, base, n);
	assert_int_equal(e.orientation, 3);
	assert_true(e.located);
	for (int round = 0; round < 20000; round++) {
		unsigned char *copy;

		memcpy(p, base, sizeof(p));
		for (int k = 0; k < 3; k++) {
			seed = seed * 1103515245 + 12345;
			p[(seed >> 8) % n] = (unsigned char)(seed >> 24);
		}
		copy = malloc(n - (unsigned)round % n + 1); /* so that ASan sees a byte too far */
		memcpy(copy, p, n - (unsigned)round % n);
		exif_read(&e, copy, n - (unsigned)round % n);
		assert_true(e.orientation >= 1 && e.orientation <= 8);
		assert_true(!e.located || (e.lat >= -90 && e.lat <= 90 && e.lon >= -180 && e.lon <= 180));
		free(copy);
	}
}

/* The zygote does not collect descriptors or zombies, and it serves on. */
static void many_pictures_one_after_the_other(void **state)
{
	struct str s = make_jpeg(4000, 3000, 1, true, false);
	struct image i;

	(void)state;
	for (int round = 0; round < 12; round++)
		assert_int_equal(convert(s, &i), OK);
}

/* ---- deaths: the processes are found as what they are, children of this one ---- */

/* First child of a process that is not a zombie; 0: none. */
static pid_t child_of(pid_t parent)
{
	char path[64];
	FILE *f;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

static pid_t wait_for_child(pid_t parent, pid_t other_than)
{
	struct timespec ms = {0, 1000000};
	pid_t pid = 0;

	for (int i = 0; i < 10000 && (pid == 0 || pid == other_than); i++) {
		pid = child_of(parent);
		nanosleep(&ms, NULL);
	}
	assert_true(pid != 0 && pid != other_than);
	return pid;
}

/* Waits for the end: a process that is about to die may still take what is sent to it. */
static void kill_wholly(pid_t pid)
{
	struct timespec ms = {0, 1000000};

	kill(pid, SIGKILL);
	for (int i = 0; i < 10000 && kill(pid, 0) == 0; i++)
		nanosleep(&ms, NULL);
}

struct flight {
	pthread_t thread;
	struct arena arena;
	struct image image;
	int fd;
	enum err e;
};

static void *fly(void *arg)
{
	struct flight *f = arg;

	f->e = image_convert(&f->arena, f->fd, &f->image);
	return NULL;
}

static void take_off(struct flight *f, struct str picture)
{
	arena_init(&f->arena, 0);
	f->fd = file_of(picture);
	assert_int_equal(pthread_create(&f->thread, NULL, fly, f), 0);
}

static enum err land(struct flight *f)
{
	pthread_join(f->thread, NULL);
	close(f->fd);
	arena_release(&f->arena);
	return f->e;
}

static void still_serves(void)
{
	struct image i;

	assert_int_equal(convert(make_jpeg(640, 400, 0, false, false), &i), OK);
	assert_int_equal(i.width, 640);
}

static void a_crashing_helper_costs_one_picture(void **state)
{
	struct str big = make_jpeg(6000, 6000, 0, false, true);
	struct flight f;
	pid_t zygote = wait_for_child(wait_for_child(getpid(), 0), 0);

	(void)state;
	take_off(&f, big);
	kill(wait_for_child(zygote, 0), SIGSEGV);
	assert_int_equal(land(&f), ERR_IO);
	still_serves();
}

/* Stopped, so that not even its own alarm ends it: others go on, and ours is given up after its time. */
static void a_hanging_helper_is_given_up(void **state)
{
	struct str big = make_jpeg(6000, 6000, 0, false, true);
	pid_t zygote = wait_for_child(wait_for_child(getpid(), 0), 0), helper;
	struct flight f;

	(void)state;
	take_off(&f, big);
	helper = wait_for_child(zygote, 0);
	kill(helper, SIGSTOP);
	still_serves();
	assert_int_equal(land(&f), ERR_IO);
	kill(helper, SIGKILL);
	still_serves();
}

static void a_dead_zygote_is_started_again(void **state)
{
	struct str big = make_jpeg(6000, 6000, 0, false, true);
	pid_t keeper = wait_for_child(getpid(), 0), zygote = wait_for_child(keeper, 0);
	struct flight f;

	(void)state;
	take_off(&f, big);
	wait_for_child(zygote, 0);
	kill_wholly(zygote);
	assert_int_equal(land(&f), OK); /* its helper lives on */
	still_serves();
	for (int i = 0; i < 3; i++) {
		pid_t next = wait_for_child(keeper, zygote);

		kill_wholly(next);
		zygote = next;
		still_serves();
	}
}

/* The zygote takes its place, with a new zygote; that can die too. Ends with a service started anew for the tests to come. */
static void a_dead_keeper_is_replaced(void **state)
{
	pid_t keeper = wait_for_child(getpid(), 0), zygote = wait_for_child(keeper, 0);

	(void)state;
	kill(keeper, SIGKILL);
	still_serves();
	kill_wholly(wait_for_child(zygote, 0));
	still_serves();
	image_service_stop();
	for (int i = 0; i < 5000 && kill(zygote, 0) == 0; i++)
		usleep(1000);
	assert_int_not_equal(kill(zygote, 0), 0); /* nothing is left over */
	assert_int_equal(image_service_start(), OK);
	still_serves();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_jpeg_is_reencoded),
		cmocka_unit_test(gps_is_read_and_all_metadata_goes),
		cmocka_unit_test(all_eight_orientations_come_out_upright),
		cmocka_unit_test(large_pictures_shrink),
		cmocka_unit_test(png_with_and_without_interlace_and_alpha),
		cmocka_unit_test(what_is_no_picture_is_refused),
		cmocka_unit_test(truncated_files_are_refused),
		cmocka_unit_test(bombs_are_refused_before_decoding),
		cmocka_unit_test(a_file_over_the_limit_is_refused),
		cmocka_unit_test(polyglots_are_harmless),
		cmocka_unit_test(flipped_bytes_never_kill_the_helper),
		cmocka_unit_test(exif_survives_any_rubbish),
		cmocka_unit_test(many_pictures_one_after_the_other),
		cmocka_unit_test(a_crashing_helper_costs_one_picture),
		cmocka_unit_test(a_hanging_helper_is_given_up),
		cmocka_unit_test(a_dead_zygote_is_started_again),
		cmocka_unit_test(a_dead_keeper_is_replaced),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
