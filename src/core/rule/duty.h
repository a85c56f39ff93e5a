/*
 * duty: whose business a category is (职责清单), the ground of the dispatch guard. Shipped as 示例 in data/duties.csv; a county
 * loads its own lists, for the whole county or for one town.
 */
#ifndef CORE_RULE_DUTY_H
#define CORE_RULE_DUTY_H

#include "db/db.h"

struct duty { struct str place, owner, source; };

/* 0 department, 1 town, 2 community, 3 grid; -1 unknown word. */
int duty_depth(struct str owner);
/* The list of the deepest place around `place`; for "city.garbage" also that of "city". ERR_NOT_FOUND when lists say nothing. */
CHECKED enum err duty_find(struct db_conn *c, struct arena *a, struct str category, struct str place, struct duty *out);
/* Job. CSV "category,owner,source" for a place ("" = everywhere). Faults by line in *why, then nothing is stored. */
CHECKED enum err duty_import_csv(struct tx *tx, struct str csv, struct str place, size_t *rows, struct arena *a, struct str *why);

#endif
