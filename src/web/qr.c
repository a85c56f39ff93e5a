#include "web/qr.h"

#include <qrencode.h>

#include "base/buf.h"

#define QUIET 4 /* modules around it */

enum err qr_make(struct arena *a, struct str text, struct qr *out)
{
	QRcode *q = QRcode_encodeString8bit(arena_strz(a, text), 0, QR_ECLEVEL_M);
	struct buf b;

	if (q == NULL)
		return ERR_TOO_MUCH;
	buf_init(&b, (size_t)1 << 20);
	for (int y = 0; y < q->width; y++)
		for (int x = 0; x < q->width;) {
			int from = x;

			while (x < q->width && q->data[y * q->width + x] & 1)
				x++;
			if (x > from)
				buf_printf(&b, "M%d %dh%dv1h-%dz", from + QUIET, y + QUIET, x - from, x - from);
			else
				x++;
		}
	*out = (struct qr){q->width + 2 * QUIET, arena_str(a, buf_str(&b))};
	buf_release(&b);
	QRcode_free(q);
	return OK;
}
