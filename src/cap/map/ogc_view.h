/* What the pages of the open interfaces show. */
#ifndef CAP_MAP_OGC_VIEW_H
#define CAP_MAP_OGC_VIEW_H

#include "web/web.h"

struct ogc_row {
	const char *name;
	struct str kind, about, words;
};

struct ogc_page_view {
	bool filters;                       /* queryables; else what features have */
	struct str id, collection, about;
	struct ogc_row *rows; size_t n;
	struct str json, other;             /* addresses: the same as JSON, the other page */
};

#endif
