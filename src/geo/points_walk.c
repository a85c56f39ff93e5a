#include "geo/points_walk.h"

void source_range(const struct source *o, uint64_t first, uint64_t last, uint32_t *from, uint32_t *to)
{
	*from = o->first >= first ? o->from : seg_lower(o->s, o->from, o->to, first, INT64_MIN);
	if (o->last <= last)
		*to = o->to;
	else
		*to = seg_ahead(o->s, *from, o->to, last + 1);  /* last is below what is left of the keys */
}

/* The next row of the cursor that passes; ready tells whether there is one. */
static void advance(const struct walk *w, struct cursor *c)
{
	c->ready = false;
	for (;;) {
		const struct source *o;

		for (; c->block < c->blocks; c->block++)
			if (c->masks[c->block]) {
				uint64_t m = c->masks[c->block];

				c->masks[c->block] = m & (m - 1);
				c->at = (c->row & ~63u) + c->block * 64 + (uint32_t)__builtin_ctzll(m);
				c->ready = true;
				return;
			}
		if (c->blocks)
			c->row = (c->row & ~63u) + (uint32_t)c->blocks * 64;
		while (c->row >= c->to) {
			if (++c->source >= c->behind)
				return;
			source_range(&w->v->v[c->source], w->first, w->last, &c->row, &c->to);
		}
		o = &w->v->v[c->source];
		c->block = 0;
		c->blocks = 0;
		if (plan_segment(w->p, o->s) == PLAN_NONE)
			c->row = c->to;
		else
			c->blocks = plan_masks(w->p, o->s, c->row, c->to, c->masks);
	}
}

static void open_cursor(struct walk *w, uint32_t from, uint32_t behind, bool minus)
{
	struct cursor *c = &w->c[w->n];

	if (from >= behind)
		return;
	*c = (struct cursor){.source = from, .behind = behind, .minus = minus};
	source_range(&w->v->v[from], w->first, w->last, &c->row, &c->to);
	advance(w, c);
	if (c->ready)
		w->n++;
}

void walk_begin(struct walk *w, const struct points_view *v, struct plan *p, uint64_t first, uint64_t last)
{
	uint32_t from, to;

	*w = (struct walk){.v = v, .p = p, .first = first, .last = last};
	w->c = malloc((1 + v->n - v->nbase) * sizeof(*w->c));
	if (w->c == NULL)
		BUG("no memory to walk over points");
	view_base(v, first, last, &from, &to);
	open_cursor(w, from, to, false);
	for (uint32_t i = v->nbase; i < v->n; i++)
		if (v->v[i].first <= last && v->v[i].last >= first)
			open_cursor(w, i, i + 1, i >= v->nbase + v->nplus);
}

void walk_end(struct walk *w)
{
	free(w->c);
}

static const struct seg *segment(const struct walk *w, const struct cursor *c)
{
	return w->v->v[c->source].s;
}

#define GROUP 64u  /* forms of one row that are still in runs; more than a few never are */

/* What is left of the forms a row has had: nothing, or one. */
static bool living(struct row *plus, size_t nplus, struct row *minus, size_t nminus, struct row *out)
{
	if (nminus)
		rows_cancel(plus, &nplus, minus, &nminus);
	if (nplus)
		*out = plus[0];
	return nplus > 0;
}

bool walk_next(struct walk *w, struct row *out)
{
	struct row plus[GROUP], minus[GROUP];

	while (w->n) {
		uint64_t key = UINT64_MAX;
		int64_t id = INT64_MAX;
		size_t nplus = 0, nminus = 0;

		for (size_t i = 0; i < w->n; i++) {
			const struct seg *s = segment(w, &w->c[i]);
			uint32_t at = w->c[i].at;

			if (s->key[at] < key || (s->key[at] == key && s->id[at] < id)) {
				key = s->key[at];
				id = s->id[at];
			}
		}
		for (size_t i = 0; i < w->n;) {
			struct cursor *c = &w->c[i];
			const struct seg *s = segment(w, c);

			if (s->key[c->at] != key || s->id[c->at] != id) {
				i++;
				continue;
			}
			if (nplus == GROUP || nminus == GROUP) {
				rows_cancel(plus, &nplus, minus, &nminus);
				if (nplus == GROUP || nminus == GROUP)
					BUG("one point in more than %u forms", GROUP);
			}
			seg_get(s, c->at, c->minus ? &minus[nminus++] : &plus[nplus++]);
			advance(w, c);
			if (!c->ready)
				*c = w->c[--w->n];
		}
		if (living(plus, nplus, minus, nminus, out))
			return true;
	}
	return false;
}
