#include "docgen/image_exif.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

struct tiff {
	const unsigned char *p;
	size_t n;
	bool little;
};

static uint32_t u16(const struct tiff *t, size_t at)
{
	if (t->n < 2 || at > t->n - 2)
		return 0;
	return t->little ? t->p[at] | (uint32_t)t->p[at + 1] << 8 : (uint32_t)t->p[at] << 8 | t->p[at + 1];
}

static uint32_t u32(const struct tiff *t, size_t at)
{
	return t->little ? u16(t, at) | u16(t, at + 2) << 16 : u16(t, at) << 16 | u16(t, at + 2);
}

/* Offset of the 12-byte entry of that tag in the directory at `ifd`; 0: none. */
static size_t find(const struct tiff *t, size_t ifd, uint32_t tag)
{
	uint32_t n = u16(t, ifd);

	if (ifd == 0)
		return 0;
	for (uint32_t i = 0; i < n && ifd + 2 + (i + 1) * 12 <= t->n; i++)
		if (u16(t, ifd + 2 + i * 12) == tag)
			return ifd + 2 + i * 12;
	return 0;
}

/* Degrees, minutes and seconds as three fractions. */
static bool degrees(const struct tiff *t, size_t entry, double *out)
{
	static const double unit[] = {1, 60, 3600};
	size_t at = u32(t, entry + 8);

	if (entry == 0 || u16(t, entry + 2) != 5 || u32(t, entry + 4) != 3 || at > t->n || t->n - at < 24)
		return false;
	*out = 0;
	for (size_t i = 0; i < 3; i++) {
		double num = u32(t, at + i * 8), den = u32(t, at + i * 8 + 4);

		if (den == 0 && num != 0)
			return false;
		if (den != 0)
			*out += num / den / unit[i];
	}
	return isfinite(*out);
}

static void locate(struct exif *e, const struct tiff *t, size_t gps)
{
	size_t south = find(t, gps, 1), west = find(t, gps, 3);
	double lat, lon;

	if (!degrees(t, find(t, gps, 2), &lat) || !degrees(t, find(t, gps, 4), &lon) || lat > 90 || lon > 180 ||
	    (lat == 0 && lon == 0))
		return;
	e->located = true;
	e->lat = south && t->p[south + 8] == 'S' ? -lat : lat;
	e->lon = west && t->p[west + 8] == 'W' ? -lon : lon;
}

void exif_read(struct exif *e, const unsigned char *p, size_t n)
{
	struct tiff t = {p, n, n >= 2 && p[0] == 'I'};
	size_t ifd, entry;
	uint32_t v;

	*e = (struct exif){.orientation = 1};
	if (n < 8 || (memcmp(p, "II*\0", 4) != 0 && memcmp(p, "MM\0*", 4) != 0))
		return;
	ifd = u32(&t, 4);
	entry = find(&t, ifd, 0x0112);
	v = entry ? u16(&t, entry + 8) : 1;
	if (v >= 1 && v <= 8)
		e->orientation = (int)v;
	entry = find(&t, ifd, 0x8825);
	if (entry)
		locate(e, &t, u32(&t, entry + 8));
}

void exif_read_jpeg(struct exif *e, const unsigned char *p, size_t n)
{
	size_t at = 2, len;

	*e = (struct exif){.orientation = 1};
	while (at + 4 <= n && p[at] == 0xff) {
		if (p[at + 1] == 0xff) { /* fill byte */
			at++;
			continue;
		}
		if (p[at + 1] == 0xda || p[at + 1] == 0xd9)
			return;
		len = (size_t)p[at + 2] << 8 | p[at + 3];
		if (len < 2 || len > n - at - 2)
			return;
		if (p[at + 1] == 0xe1 && len >= 8 && memcmp(p + at + 4, "Exif\0\0", 6) == 0) {
			exif_read(e, p + at + 10, len - 8);
			return;
		}
		at += 2 + len;
	}
}

void exif_read_png(struct exif *e, const unsigned char *p, size_t n)
{
	struct tiff png = {p, n, false};
	size_t at = 8, len;

	*e = (struct exif){.orientation = 1};
	while (n >= 12 && at <= n - 12) {
		len = u32(&png, at);
		if (len > n - at - 12 || memcmp(p + at + 4, "IEND", 4) == 0)
			return;
		if (memcmp(p + at + 4, "eXIf", 4) == 0) {
			exif_read(e, p + at + 8, len);
			return;
		}
		at += 12 + len;
	}
}
