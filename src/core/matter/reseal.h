/* Personal values under the newest sealing key, after `gongzhi keys rotate`. */
#ifndef CORE_MATTER_RESEAL_H
#define CORE_MATTER_RESEAL_H

#include "db/db.h"

/* Job: one page of them. arg: struct reseal_page (crypto/reseal.h). */
CHECKED enum err matter_reseal_job(struct tx *tx, void *reseal_page);

#endif
