/* What little of EXIF we want. */
#ifndef DOCGEN_IMAGE_EXIF_H
#define DOCGEN_IMAGE_EXIF_H

#include <stdbool.h>
#include <stddef.h>

struct exif {
	int orientation; /* 1..8 */
	bool located;
	double lon, lat;
};

/* p: the TIFF structure (behind "Exif\0\0" in a JPEG, the content of eXIf in a PNG). Hostile input; never fails. */
void exif_read(struct exif *e, const unsigned char *p, size_t n);
/* Finds the first EXIF segment of a JPEG file and reads it. */
void exif_read_jpeg(struct exif *e, const unsigned char *p, size_t n);
void exif_read_png(struct exif *e, const unsigned char *p, size_t n);

#endif
