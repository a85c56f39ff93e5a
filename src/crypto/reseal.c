#include "crypto/reseal.h"

#include <stdio.h>

void reseal_passed(struct reseal_page *r, int64_t id, struct str key, int64_t changed)
{
	r->seen++;
	r->changed += changed;
	r->id = id;
	snprintf(r->key, sizeof(r->key), "%.*s", STR_ARG(key));
}

enum err reseal_page_end(struct reseal_page *r, const struct reseal_page *was, size_t n, enum err e)
{
	r->more = n == RESEAL_PAGE;
	if (e != OK)
		*r = *was;
	return e;
}
