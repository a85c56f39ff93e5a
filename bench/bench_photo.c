/*
 * A resident's photograph of 12 million pixels, from the file to the two pictures that are kept: processor time of a process that
 * decodes, shrinks and encodes it as the helper does, against
 *   60ms     the goal,
 *   decode   the JPEG library alone, decoding the same file to rows at the same scale (1/2) and dropping them.
 * The picture is made here: slopes, edges and grain, so that it compresses as a photograph does (some 2.5 MB).
 * PHOTO_ROUNDS (20) photographs.
 */
#include <stdio.h>
#include <jpeglib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common.h"
#include "docgen/image_codec.h"

#define WIDTH 4000
#define HEIGHT 3000

static uint32_t noise_at;

static int noise(int most)
{
	noise_at = noise_at * 1664525u + 1013904223u;
	return (int)(noise_at >> 24) * most / 256;
}

static void scene_row(unsigned char *row, int y)
{
	for (int x = 0; x < WIDTH; x++, row += 3) {
		double slope = 90 + 60 * sin(x / 310.0 + y / 470.0);
		int wall = ((x / 230 + y / 170) & 1) * 45, line = x % 97 < 3 || y % 131 < 3 ? 60 : 0, grain = noise(14);
		int base = (int)slope + wall - line + grain;

		row[0] = (unsigned char)(base < 0 ? 0 : base > 255 ? 255 : base);
		row[1] = (unsigned char)((base * 3 + y / 24) / 4 & 255);
		row[2] = (unsigned char)((base + x / 40) / 2 & 255);
	}
}

static unsigned char *make_photo(unsigned long *n)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr e;
	unsigned char *out = NULL, row[WIDTH * 3], *rows = row;

	c.err = jpeg_std_error(&e);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &out, n);
	c.image_width = WIDTH;
	c.image_height = HEIGHT;
	c.input_components = 3;
	c.in_color_space = JCS_RGB;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, 90, TRUE);
	jpeg_start_compress(&c, TRUE);
	for (int y = 0; y < HEIGHT; y++) {
		scene_row(row, y);
		jpeg_write_scanlines(&c, &rows, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	return out;
}

static double cpu_ms(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static double decode_ms(const unsigned char *p, unsigned long n)
{
	struct jpeg_decompress_struct c;
	struct jpeg_error_mgr e;
	unsigned char row[WIDTH * 3], *rows = row;
	double t0 = cpu_ms(RUSAGE_SELF);

	c.err = jpeg_std_error(&e);
	jpeg_create_decompress(&c);
	jpeg_mem_src(&c, p, n);
	jpeg_read_header(&c, TRUE);
	c.scale_num = 4;
	c.scale_denom = 8;
	jpeg_start_decompress(&c);
	while (c.output_scanline < c.output_height)
		jpeg_read_scanlines(&c, &rows, 1);
	jpeg_finish_decompress(&c);
	jpeg_destroy_decompress(&c);
	return cpu_ms(RUSAGE_SELF) - t0;
}

/* What the helper does behind its sandbox, in a process of its own as there: the helper itself is reaped by another. */
static double helper_ms(const unsigned char *p, unsigned long n)
{
	struct rusage u;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct image_reply reply;
		struct encoded full, thumb;

		image_codec_run(p, n, &reply, &full, &thumb);
		_exit(reply.width == 2000 && reply.thumb_width == 480 ? 0 : 1);
	}
	if (pid < 0 || wait4(pid, &status, 0, &u) != pid || status != 0) {
		fprintf(stderr, "bench: the photograph was not converted\n");
		exit(1);
	}
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

/* From the descriptor to both pictures in memory, helper and all. */
static double wall_ms(int fd, int64_t rounds)
{
	struct arena a;
	double t0;

	if (image_service_start() != OK)
		exit(1);
	arena_init(&a, 0);
	t0 = bench_now();
	for (int64_t i = 0; i < rounds; i++) {
		struct image im;

		if (image_convert(&a, fd, &im) != OK || im.width != 2000) {
			fprintf(stderr, "bench: the photograph was not converted\n");
			exit(1);
		}
		arena_reset(&a);
	}
	t0 = (bench_now() - t0) * 1e3 / (double)rounds;
	arena_release(&a);
	image_service_stop();
	return t0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	int64_t rounds = bench_env("PHOTO_ROUNDS", 20);
	int fd = memfd_create("photo", MFD_CLOEXEC);
	double *v = calloc((size_t)rounds, sizeof(*v)), decode = 1e9, wall;
	unsigned long n = 0;
	unsigned char *photo = make_photo(&n);

	if (v == NULL || fd < 0 || write(fd, photo, n) != (ssize_t)n)
		return 1;
	for (int64_t i = 0; i < rounds; i++) {
		v[i] = helper_ms(photo, n);
		decode = fmin(decode, decode_ms(photo, n));
	}
	qsort(v, (size_t)rounds, sizeof(*v), by_value);
	wall = wall_ms(fd, rounds);
	printf("12 million pixels, %.1f MB: processor %.1f ms at best, %.1f in the middle; %.1f ms until it is there; decoding alone %.1f ms\n",
	       (double)n / 1e6, v[0], v[rounds / 2], wall, decode);
	bench_line("photo/ready", v[rounds / 2], "ms", "60ms", v[rounds / 2] / 60);
	bench_line("photo/decode-raw", v[0], "ms", "decode-alone", v[0] / decode);
	free(photo);
	free(v);
	close(fd);
	return 0;
}
