/* Photographs in the desk's forms: of a filing, and of a step that asks for some. */
#include "cap/cases/photos.h"

enum err cases_photos_read(struct rq *rq, const struct scenario_field *f, struct cases_photos *out)
{
	size_t from = out->n, most = from + (f->max > 0 && f->max < PHOTO_MOST ? (size_t)f->max : PHOTO_MOST);
	const char *why, *id = arena_strz(rq->arena, f->id);
	enum err e = photos_read(rq, arena_printf(rq->arena, "f_%s", id).p, arena_printf(rq->arena, "k_%s", id).p,
				 most < PHOTO_MOST ? most : PHOTO_MOST, out->v, &out->n, &why);

	for (size_t i = from; i < out->n; i++)
		out->field[i] = f->id;
	if (why && out->why == NULL) {
		out->why = why;
		out->why_field = f->id;
	}
	return e;
}

void cases_photos_show(struct rq *rq, const struct cases_photos *p, struct cases_field_view *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(f[i].kind, "image") != 0)
			continue;
		f[i].photos = arena_array(rq->arena, struct photo, p->n + 1);
		for (size_t k = 0; k < p->n; k++)
			if (str_eq(p->field[k], str_sub(f[i].name, 2, f[i].name.n)))
				f[i].photos[f[i].nphotos++] = p->v[k];
		if (p->why && str_eq(p->why_field, str_sub(f[i].name, 2, f[i].name.n)))
			f[i].error = str_from(_(p->why));
	}
}

enum err cases_photos_put(struct tx *tx, int64_t matter, int64_t step, const struct cases_photos *p)
{
	enum err e = OK;
	int64_t id;

	for (size_t i = 0; e == OK && i < p->n; i++) {
		struct matter_file f = p->files[i];

		f.step = step;
		e = matter_add_file(tx, matter, &f, &id);
	}
	return e;
}
