/* From matters to views: shared by the pages of cases. */
#ifndef CAP_CASES_FILL_H
#define CAP_CASES_FILL_H

#include "cap/cases/cases.h"
#include "cap/cases/view.h"

struct cases_clock fill_clock(struct rq *rq, const struct matter *m, int64_t due);
void fill_rows(struct rq *rq, const struct matter_row *v, size_t n, struct cases_page_view *out);
CHECKED enum err fill_show(struct rq *rq, const struct matter *m, bool plain, struct cases_show_view *out);
/* Fields of a form: questions with their options, the posted values (prefix "f_") and the error put in. */
void fill_fields(struct rq *rq, const struct matter *m, struct str place, const struct scenario_field *const *ask, const bool *required,
		 size_t n, const char *id_prefix, struct cases_field_view *out);
/* What is known already is chosen, in a form that is opened; a posted one keeps what was posted. */
void fill_choose(struct rq *rq, struct cases_field_view *f, struct str value);
struct str fill_place(struct rq *rq, struct str key);
struct str fill_category(struct rq *rq, struct str id);
struct str fill_channel(struct rq *rq, struct str id);
const char *fill_state_css(const struct scenario *s, struct str state);
struct str fill_state(struct rq *rq, const struct scenario *s, struct str state);

#endif
