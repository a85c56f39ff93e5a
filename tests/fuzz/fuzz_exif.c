/* Any bytes as EXIF, alone and inside a JPEG and a PNG: what is read is in its bounds. */
#include "base/err.h"
#include "docgen/image_exif.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct exif *e)
{
	if (e->orientation < 1 || e->orientation > 8)
		BUG("orientation %d", e->orientation);
	if (e->located && !(e->lat >= -90 && e->lat <= 90 && e->lon >= -180 && e->lon <= 180))
		BUG("located at %f %f", e->lon, e->lat);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exif e;

	exif_read(&e, data, size);
	check(&e);
	exif_read_jpeg(&e, data, size);
	check(&e);
	exif_read_png(&e, data, size);
	check(&e);
	return 0;
}
