/* A QR code as the path of an SVG (side × side units, quiet zone included): <svg viewBox="0 0 side side"><path d="path"/></svg>. */
#ifndef WEB_QR_H
#define WEB_QR_H

#include "base/arena.h"
#include "base/err.h"

struct qr {
	int side;
	struct str path;
};
/* ERR_TOO_MUCH: the text is too long for one. */
CHECKED enum err qr_make(struct arena *a, struct str text, struct qr *out);

#endif
