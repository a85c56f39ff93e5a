#include "core/matter/reseal.h"

#include <stdio.h>

#include "core/matter/matter.sql.h"
#include "crypto/crypto.h"

#define PAGE 200

static enum err anew(struct tx *tx, const struct matter_sealed_page_row *row, struct matter_reseal *r)
{
	struct str context = arena_printf(tx->arena, "matter:%lld:%.*s", (long long)row->matter, STR_ARG(row->field)), plain, sealed;
	int64_t changed = 0;
	enum err e;

	if (seal_number(row->sealed) == seal_newest())
		return OK;
	e = unseal(tx->arena, row->sealed, context, &plain);
	if (e == OK)
		e = seal(tx->arena, plain, context, &sealed);
	if (e == OK)
		e = q_matter_reseal(tx->c, row->matter, row->field, row->sealed, sealed, &changed);
	r->changed += changed;
	return e;
}

enum err matter_reseal_job(struct tx *tx, void *arg)
{
	struct matter_reseal *r = arg, was = *r;
	struct matter_sealed_page_rows rows;
	enum err e = q_matter_sealed_page(tx->c, tx->arena, r->matter, str_from(r->field), PAGE, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		e = anew(tx, &rows.v[i], r);
		r->seen++;
		r->matter = rows.v[i].matter;
		snprintf(r->field, sizeof(r->field), "%.*s", STR_ARG(rows.v[i].field));
	}
	r->more = rows.n == PAGE;
	if (e != OK)
		*r = was; /* the job is undone, and may be run again */
	return e;
}
