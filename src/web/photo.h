/*
 * Photographs between a form and a matter, for every page that takes them. A photograph is re-encoded as soon as it arrives
 * and kept under a random name in var/pending, so that it need not be sent again when another field of the form was wrong; with
 * the filing it moves to var/files. Names in the store are relative to the data folder. What nobody took within a day is deleted.
 */
#ifndef WEB_PHOTO_H
#define WEB_PHOTO_H

#include "core/matter/matter.h"
#include "web/web.h"

#define PHOTO_MOST 12 /* of one form */

struct photo {
	struct str token;         /* 256 random bits: whoever knows it may see and use the photograph; kept for a day */
	struct str name;          /* as sent, for people */
	int width, height;
	int64_t size;
	bool has_point;           /* the photograph said where it was taken; taken out of it */
	double lon, lat;
};

/* ---- a form ---- */

/*
 * What a form's field brings: photographs of an earlier try (hidden fields `kept`, without those ticked in `drop`), then the
 * uploads. Appends to v at *n, at most `max` in all. *why: what was wrong with one of them (Chinese, for tr), else NULL.
 */
CHECKED enum err photos_read(struct rq *rq, const char *field, const char *kept, size_t max, struct photo *v, size_t *n, const char **why);
/*
 * Moves them to the attachments; files[] is ready for matter_add_file. When the request ends and nothing was
 * written (refused, or the same post sent twice), the files go again.
 */
CHECKED enum err photos_take(struct rq *rq, const struct photo *v, size_t n, struct matter_file *files);
/* A JPEG of ours as the answer; ERR_NOT_FOUND when the file is gone. */
CHECKED enum err photo_send(struct rq *rq, struct str path);

/* ---- one photograph ---- */

/* Re-encodes an upload in a helper process. ERR_INPUT with *why (Chinese, for tr) when it is no photograph. */
CHECKED enum err photo_keep(struct app *app, struct arena *a, struct str upload, struct str name, struct photo *out, const char **why);
/* What was kept under the token; ERR_NOT_FOUND when it is no token of ours or too old. */
CHECKED enum err photo_find(struct app *app, struct arena *a, struct str token, struct photo *out);
struct str photo_path(struct app *app, struct arena *a, struct str token, bool thumb);
CHECKED enum err photo_take(struct app *app, struct arena *a, const struct photo *p, struct matter_file *file);
void photos_undo(struct app *app, const struct matter_file *files, size_t n);
/* Where an attachment lies, from the name kept in the store. */
struct str photo_stored(struct app *app, struct arena *a, struct str name);
/* Deletes what nobody took for a day. */
enum err photo_sweep(struct app *app, int64_t now);
/* Deletes attachments that no matter names, a twenty-fourth of the folders each hour of the day (photo_orphans.c). */
enum err photo_orphans(struct app *app, int64_t now);

#endif
