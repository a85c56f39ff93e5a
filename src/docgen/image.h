/*
 * Photographs that residents send: decoded in a helper process that may do nothing but compute, and encoded anew, so
 * that nothing of what was hidden in the file (location, names, second files) survives. GPS is read before.
 */
#ifndef DOCGEN_IMAGE_H
#define DOCGEN_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define IMAGE_MAX_BYTES ((int64_t)32 * 1024 * 1024)
#define IMAGE_MAX_PIXELS ((int64_t)50 * 1000 * 1000)
#define IMAGE_SIDE 2048
#define IMAGE_THUMB_SIDE 480

enum image_refusal {
	IMAGE_FINE,
	IMAGE_NOT_ONE,   /* neither JPEG nor PNG by content */
	IMAGE_TOO_LARGE, /* bytes or pixels over the limits, or too much memory or time to decode */
	IMAGE_DAMAGED,   /* truncated or malformed */
};

struct image {
	struct str jpeg, thumb;      /* in the arena; no metadata, upright */
	int width, height, thumb_width, thumb_height;
	bool located;
	double lon, lat;             /* WGS 84 degrees, of the original's EXIF */
	enum image_refusal refusal;
};

/*
 * Forks the process that forks one helper a picture, and another that forks it again should it die. Call it before the
 * program has threads.
 */
CHECKED enum err image_service_start(void);
void image_service_stop(void);

/*
 * Reads the file open at fd (from its beginning; the descriptor stays the caller's). Blocks up to 10 s: for workers.
 * ERR_INPUT: refused, out->refusal says why. ERR_IO: the helper crashed or could not be run; only this picture
 * is concerned.
 */
CHECKED enum err image_convert(struct arena *a, int fd, struct image *out);

/* Chinese sentence (key of the translations) that says what is wrong and what to do. */
const char *image_refusal_text(enum image_refusal r);

#endif
