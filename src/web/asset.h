/*
 * Files of web/ that live inside the program (made by tools/embed), served under /static/ with the hash of their
 * content in the name, so that browsers keep them for ever; without the hash (imports between modules) for minutes.
 */
#ifndef WEB_ASSET_H
#define WEB_ASSET_H

#include <stddef.h>

#include "base/str.h"

struct asset {
	const char *name;          /* "css/app.css" */
	const char *type;
	const char *hash;          /* 16 hex digits */
	const unsigned char *bytes;
	size_t n;
};
extern const struct asset assets[]; /* generated, ends in .name == NULL */

/* By name; NULL when there is none. */
const struct asset *asset_find(struct str name);

#endif
