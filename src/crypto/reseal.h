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

/* The value under the newest key; *out is STR_NULL when it is already, or is empty. */
CHECKED enum err seal_again(struct arena *a, struct str sealed, struct str context, struct str *out);

#endif
