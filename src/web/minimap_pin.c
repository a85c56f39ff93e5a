/* A place in a form as a pin on a small map: the same for whoever reports and whoever files for others. */
#include <math.h>

#include "web/minimap.h"
#include "web/web.html.h"

#define FRAME_METRES 1200 /* to point into: a community or two */
#define PINNED_METRES 400

const struct minimap_view *minimap_pin_draw(struct rq *rq, struct str place_key, double lon, double lat)
{
	struct minimap m = {.at = {lon, lat}, .frame_only = isnan(lon), .half = isnan(lon) ? FRAME_METRES : PINNED_METRES, .pin = "pin",
			    .at_title = str_from(_("标的位置"))};

	if (!minimap_places(rq, place_key, &m))
		return NULL;
	m.accuracy = 0; /* a frame to point into, and a pin that was pointed: neither is a guess */
	return minimap_draw(rq, &m);
}

enum err minimap_pin_json(struct rq *rq, struct json *j, struct str place_key, double lon, double lat, struct str spot)
{
	const struct minimap_view *map = minimap_pin_draw(rq, place_key, lon, lat);
	struct buf b;
	enum err e;

	json_key(j, "spot"), json_str(j, spot);
	if (map == NULL)
		return OK;
	buf_init(&b, 64 * 1024);
	part_web_minimap(&b, rq, map);
	e = buf_check(&b);
	if (e == OK)
		json_key(j, "map"), json_str(j, arena_str(rq->arena, buf_str(&b)));
	buf_release(&b);
	return e;
}
