/*
 * The things of the layers have names too: words lead to them as to places (core/place/find.h). A layer that is not for everybody keeps its permission.
 */
#include "base/map.h"
#include "cap/map/layer.h"
#include "cap/map/map.sql.h"
#include "core/place/find.h"
#include "core/place/place.h"

#define PAGE 4096

struct naming {
	struct db_conn *c;
	struct gazetteer *g;
	struct arena keys;   /* outlives the pages */
	struct map now;      /* where a place of old is today */
};

static enum err key_now(struct naming *w, struct str old, struct str *out)
{
	struct str *now = map_get(&w->now, old);
	enum err e = OK;

	*out = STR("");
	if (str_empty(old))
		return OK;
	if (now == NULL) {
		now = arena_new(&w->keys, struct str);
		e = place_current_key(w->c, &w->keys, arena_str(&w->keys, old), now);
		map_put(&w->now, arena_str(&w->keys, old), now);
	}
	*out = *now;
	return e;
}

static enum err add_page(struct naming *w, const struct map_layers_row *layer, const struct map_features_page_rows *rows)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < rows->n; i++) {
		const struct map_features_page_row *r = &rows->v[i];
		struct gazetteer_entry entry = {.name = r->name, .kind = GAZETTEER_POINT, .lon = r->lon, .lat = r->lat, .id = r->id,
						.needs = layer->permission};

		e = key_now(w, r->place, &entry.place);
		if (e == OK && r->name.n)
			gazetteer_add(w->g, &entry);
	}
	return e;
}

static enum err add_layer(struct naming *w, struct arena *page, const struct map_layers_row *layer)
{
	struct map_features_page_rows rows = {0};
	int64_t after = 0;
	enum err e;

	do {
		arena_reset(page);
		e = q_map_features_page(w->c, page, layer->name, after, PAGE, &rows);
		if (e == OK)
			e = add_page(w, layer, &rows);
		after = e == OK && rows.n ? rows.v[rows.n - 1].id : 0;
	} while (e == OK && rows.n == PAGE);
	return e;
}

enum err layer_names(struct db_conn *c, struct gazetteer *g)
{
	struct naming w = {.c = c, .g = g};
	struct map_layers_rows layers;
	struct arena page;
	enum err e;

	arena_init(&w.keys, 0);
	arena_init(&page, 0);
	map_init(&w.now, NULL);
	e = q_map_layers(c, &w.keys, &layers);
	for (size_t i = 0; e == OK && i < layers.n; i++)
		e = add_layer(&w, &page, &layers.v[i]);
	map_release(&w.now);
	arena_release(&page);
	arena_release(&w.keys);
	return e;
}
