/*
 * Any bytes as a picture, through the decoders as the helper calls them. The helper ends its process when it refuses; here that is a jump,
 * and what the decoders had allocated is freed by the list that the allocator's hooks keep.
 */
#include <libdeflate.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "docgen/image_codec.h"

#define PIXELS_MAX ((int64_t)1 << 20) /* so that a run takes milliseconds */
#define LIVE_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t), void (*on_free)(const volatile void *));

static jmp_buf out;
static volatile bool watching;
static const volatile void *live[LIVE_MAX];
static size_t nlive;

static void on_malloc(const volatile void *p, size_t n)
{
	(void)n;
	if (watching && p && nlive < LIVE_MAX)
		live[nlive++] = p;
}

static void on_free(const volatile void *p)
{
	for (size_t i = nlive; watching && i > 0; i--)
		if (live[i - 1] == p) {
			live[i - 1] = live[--nlive];
			return;
		}
}

_Noreturn void image_refuse(enum image_refusal why)
{
	if (why < IMAGE_NOT_ONE || why > IMAGE_DAMAGED)
		BUG("refused for reason %d", why);
	longjmp(out, 1);
}

static uint32_t be(const uint8_t *p, int n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

/* Sizes that are refused anyway are wanted. */
static bool quick(uint64_t w, uint64_t h)
{
	return w > 65500 || h > 65500 || w * h <= PIXELS_MAX || w * h > IMAGE_MAX_PIXELS;
}

static bool small(const uint8_t *p, size_t n)
{
	if (n > 24 && p[0] == 0x89)
		return quick(be(p + 16, 4), be(p + 20, 4));
	for (size_t i = 0; i + 9 < n; i++)
		if (p[i] == 0xff && (p[i + 1] & 0xf0) == 0xc0 && !quick(be(p + i + 7, 2), be(p + i + 5, 2)))
			return false;
	return true;
}

/* A changed chunk of a PNG would be refused for its sum, and nothing behind it be looked at. */
static void mend_sums(uint8_t *p, size_t n)
{
	if (n < 8 || p[0] != 0x89)
		return;
	for (size_t at = 8, len; n - at >= 12; at += len + 12) {
		uint32_t sum;

		len = be(p + at, 4);
		if (len > n - at - 12)
			return;
		sum = libdeflate_crc32(0, p + at + 4, len + 4);
		for (int i = 0; i < 4; i++)
			p[at + 8 + len + i] = (uint8_t)(sum >> (24 - 8 * i));
	}
}

static void run(const uint8_t *p, size_t n)
{
	struct encoded full = {0}, thumb = {0};
	struct image_reply r;

	image_codec_run(p, n, &r, &full, &thumb);
	if (r.width < 1 || r.height < 1 || r.width > IMAGE_SIDE || r.height > IMAGE_SIDE || r.thumb_width > IMAGE_THUMB_SIDE ||
	    r.thumb_height > IMAGE_THUMB_SIDE || r.full != full.n || full.n < 4 || full.p[0] != 0xff || full.p[1] != 0xd8)
		BUG("a picture of %d x %d, %lu bytes", r.width, r.height, full.n);
	free(full.p);
	free(thumb.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool hooked;
	uint8_t *copy;

	if (!hooked)
		__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
	hooked = true;
	if (!small(data, size))
		return 0;
	copy = malloc(size + 1);
	memcpy(copy, data, size);
	mend_sums(copy, size);
	nlive = 0;
	watching = true;
	if (setjmp(out) == 0)
		run(copy, size);
	watching = false;
	for (size_t i = 0; i < nlive; i++)
		free((void *)live[i]);
	free(copy);
	return 0;
}
