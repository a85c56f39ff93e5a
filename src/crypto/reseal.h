/* Stored values under the newest sealing key, after `gongzhi keys rotate`: what every table's own job shares. */
#ifndef CRYPTO_RESEAL_H
#define CRYPTO_RESEAL_H

#include "crypto/crypto.h"

/*
 * How far one table is. A job does one page behind (id, key) and moves them on, so that it may be interrupted and begun again, and run beside the
 * server. It changes a row only if the row still is what was read: what somebody changed meanwhile is under the new key anyway.
 */
struct reseal_page {
	int64_t id;
	char key[256];
	int64_t seen, changed;    /* values looked at, values sealed anew, so far */
	bool more;                /* out: there may be further ones */
};
#define RESEAL_PAGE 200

/* A row was looked at: how far the page has come, and how many of its values were sealed anew. `key` may be absent. */
void reseal_passed(struct reseal_page *r, int64_t id, struct str key, int64_t changed);
/* The end of a page of n rows. With an error the job is undone and may be run again: the page is then where it `was`. Returns e. */
CHECKED enum err reseal_page_end(struct reseal_page *r, const struct reseal_page *was, size_t n, enum err e);

/* The value under the newest key; *out is STR_NULL when it is already, or is empty. */
CHECKED enum err seal_again(struct arena *a, struct str sealed, struct str context, struct str *out);

#endif
