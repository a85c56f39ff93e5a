/* The description of everything this program answers, made from the route tables: a page, and docs/api.md. */
#ifndef CAP_APIDOC_H
#define CAP_APIDOC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "web/capability.h"

struct apidoc_route {
	const char *method, *path, *about; /* about: Chinese, to be translated */
	const char *needs;                 /* permission, or NULL */
	bool open, json, files, stream, program; /* program: with a key only */
};
struct apidoc_part {
	const char *name, *title;
	const struct apidoc_route *routes;
	size_t n;
};
struct apidoc_view {
	const struct apidoc_part *parts;
	size_t n;
};

/* Capabilities that have routes, in the order of their names. `all` ends in NULL. */
struct apidoc_view apidoc_collect(struct arena *a, const struct capability *const *all);
/* The same as Markdown in both languages. */
void apidoc_markdown(struct buf *out, const struct apidoc_view *v);

#endif
