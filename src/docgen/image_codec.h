/*
 * Decoding and encoding, inside the helper: a refusal or a lack of memory ends the process through refuse(), so nothing
 * here cleans up.
 */
#ifndef DOCGEN_IMAGE_CODEC_H
#define DOCGEN_IMAGE_CODEC_H

#include <stddef.h>

#include "docgen/image.h"

/* RGB, 8 bits. */
struct raster {
	int w, h;
	unsigned char *p;
};

/* What the helper sends back, followed by `full` and `thumb` bytes. */
struct image_reply {
	int refusal;
	int width, height, thumb_width, thumb_height;
	int located;
	double lon, lat;
	size_t full, thumb;
};

/* Supplied by image.c (the helper) or a fuzzer. */
_Noreturn void image_refuse(enum image_refusal why);

struct encoded {
	unsigned char *p;
	unsigned long n;
};
void image_codec_run(const unsigned char *p, size_t n, struct image_reply *reply, struct encoded *full,
		     struct encoded *thumb);

#endif
