#include "core/matter/reseal.h"

#include "core/matter/matter.sql.h"
#include "crypto/reseal.h"

enum err matter_reseal_job(struct tx *tx, void *arg)
{
	struct reseal_page *r = arg, was = *r;
	struct matter_sealed_page_rows rows;
	enum err e = q_matter_sealed_page(tx->c, tx->arena, r->id, str_from(r->key), RESEAL_PAGE, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		const struct matter_sealed_page_row *row = &rows.v[i];
		struct str context = arena_printf(tx->arena, "matter:%lld:%.*s", (long long)row->matter, STR_ARG(row->field)), sealed;
		int64_t changed = 0;

		e = seal_again(tx->arena, row->sealed, context, &sealed);
		if (e == OK && sealed.p)
			e = q_matter_reseal(tx->c, row->matter, row->field, row->sealed, sealed, &changed);
		reseal_passed(r, row->matter, row->field, changed);
	}
	return reseal_page_end(r, &was, rows.n, e);
}
