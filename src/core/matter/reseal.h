/* Personal values under the newest sealing key, after `gongzhi keys rotate`. */
#ifndef CORE_MATTER_RESEAL_H
#define CORE_MATTER_RESEAL_H

#include "db/db.h"

struct matter_reseal {
	int64_t matter;             /* behind these it goes on; 0 and "" at first */
	char field[128];
	int64_t seen, changed;      /* values looked at, values sealed anew, so far */
	bool more;                  /* out: there may be further ones */
};
/*
 * Job: one page. Values that are under the newest key already are passed by, so it may be interrupted and begun again, and run beside
 * the server; a value that somebody changed meanwhile is left to them.
 */
CHECKED enum err matter_reseal_job(struct tx *tx, void *matter_reseal);

#endif
