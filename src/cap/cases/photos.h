/* Photographs in the desk's forms. */
#ifndef CAP_CASES_PHOTOS_H
#define CAP_CASES_PHOTOS_H

#include "cap/cases/view.h"

struct cases_photos {
	struct photo v[PHOTO_MOST];
	struct str field[PHOTO_MOST];          /* which field of the form brought it */
	size_t n;
	const char *why;                       /* what was wrong with one of them (Chinese, for tr), or NULL */
	struct str why_field;
	struct matter_file files[PHOTO_MOST];  /* filled by photos_take */
};

/* What came with the posted form for one field of type image: called once a field and request. */
CHECKED enum err cases_photos_read(struct rq *rq, const struct scenario_field *f, struct cases_photos *out);
/* The form is shown again: what was sent stays in it. */
void cases_photos_show(struct rq *rq, const struct cases_photos *p, struct cases_field_view *f, size_t n);
/* In the job: after photos_take. step 0: they came with the filing. */
CHECKED enum err cases_photos_put(struct tx *tx, int64_t matter, int64_t step, const struct cases_photos *p);

#endif
