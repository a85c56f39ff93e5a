/* How the files of the feed share their work; nobody else includes it. */
#ifndef CAP_MAP_FOLLOW_H
#define CAP_MAP_FOLLOW_H

#include "cap/map/feed.h"
#include "core/journal/journal.h"

/* ---- rows.c: from a matter's row to a point ---- */

struct map_matters_of_row;
/* *exact: the tree knew the place. */
void row_point(const struct set *tree, const struct map_matters_of_row *r, struct point *out, bool *exact);

/* ---- defaults.c: coordinates on which too many stand ---- */

struct defaults;
struct defaults *defaults_new(void);
void defaults_free(struct defaults *d);
/* Counts one more there. True: it is (or has just become) a default; *crossed: just now, so those that came before must be marked too. */
bool defaults_add(struct defaults *d, struct mercator at, bool *crossed);
bool defaults_has(const struct defaults *d, struct mercator at);
const struct mercator *defaults_all(const struct defaults *d, size_t *n);
/* One that is known from before. */
void defaults_put(struct defaults *d, struct mercator at);
void defaults_clear(struct defaults *d);

/* ---- stamps.c ---- */

void stamps_touch(struct mercator at);
void stamps_touch_all(void);
void stamps_told(void);

/* ---- live.c: what has changed, for the event streams; called by the thread that follows the journal ---- */

struct change {
	bool had, has;           /* there before, there now */
	struct point was, is;
};
void live_changed(const struct set *tree, const struct change *v, size_t n, int64_t seq);
/* Sets (layers, places) or everything: look again. */
void live_refresh(const char *what, int64_t seq);
/* The same from another thread, without a journal entry of its own: as of now. */
void live_again(const char *what);
/* At least every 100 ms: sends what waits. */
void live_tick(struct app *app, int64_t mono);
void live_forget(void);

#endif
