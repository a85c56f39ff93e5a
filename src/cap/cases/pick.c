#include "cap/cases/pick.h"

#include "core/matter/category.h"
#include "core/matter/similar.h"
#include "core/place/place.h"
#include "web/looks.h"

#define MOST_ORGS 400
#define MANY 8 /* options from which on a search field pays */

static struct cases_group *add_group(struct cases_field_view *f, struct rq *rq, struct str title, size_t room)
{
	struct cases_group *g = &f->groups[f->ngroups++];

	*g = (struct cases_group){title, arena_array(rq->arena, struct cases_option, room + 1), 0};
	return g;
}

static void add(struct cases_group *g, struct str value, struct str title)
{
	g->v[g->n++] = (struct cases_option){.value = value, .title = title};
}

static void end_groups(struct cases_field_view *f)
{
	size_t all = 0, kept = 0;

	for (size_t i = 0; i < f->ngroups; i++)
		if (f->groups[i].n) {
			all += f->groups[i].n;
			f->groups[kept++] = f->groups[i];
		}
	f->ngroups = kept;
	f->many = all > MANY;
}

/* ---- organisations ---- */

static const struct {
	const char *kinds[3], *title;
} kinds[] = {
	{{"board"}, N_("板块和岗位")}, {{"town", "unit"}, N_("镇街")}, {{"community"}, N_("村社")}, {{"grid"}, N_("网格")},
	{{"department"}, N_("区县部门")},
};

static size_t group_of(const struct actor_org *o)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		for (size_t k = 0; k < 3 && kinds[i].kinds[k]; k++)
			if (str_eqz(o->kind, kinds[i].kinds[k]))
				return i;
	return ARRAY_LEN(kinds);
}

struct staffing {
	struct actor_org *orgs;
	int64_t *ids, *load;
	size_t n;
	struct actor_post *posts; size_t nposts;
	struct actor_staff *staff; size_t nstaff;
};

static enum err read_staffing(struct rq *rq, struct str place, struct staffing *s)
{
	struct str town = place_up(place, PLACE_TOWN);
	enum err e = actor_orgs_for(rq_conn(rq), rq->arena, town.n ? town : place, &s->orgs, &s->n);

	if (e != OK)
		return e;
	if (s->n > MOST_ORGS)
		s->n = MOST_ORGS;
	s->ids = arena_array(rq->arena, int64_t, s->n + 1);
	s->load = arena_array(rq->arena, int64_t, s->n + 1);
	for (size_t i = 0; i < s->n; i++)
		s->ids[i] = s->orgs[i].id;
	e = matter_load(rq_conn(rq), rq->arena, s->ids, s->n, s->load);
	if (e == OK)
		e = actor_posts(rq_conn(rq), rq->arena, s->ids, s->n, &s->posts, &s->nposts);
	return e ? e : actor_staff(rq_conn(rq), rq->arena, s->ids, s->n, &s->staff, &s->nstaff);
}

static int people_in(const struct staffing *s, int64_t org)
{
	int n = 0;

	for (size_t i = 0; i < s->nstaff; i++) {
		bool seen = s->staff[i].org != org;

		for (size_t k = 0; k < i && !seen; k++)
			seen = s->staff[k].org == org && s->staff[k].account == s->staff[i].account;
		n += !seen;
	}
	return n;
}

static struct str org_title(struct rq *rq, const struct staffing *s, size_t i)
{
	const char *name = arena_strz(rq->arena, s->orgs[i].name);
	int people = people_in(s, s->orgs[i].id);

	if (people == 0)
		return arena_printf(rq->arena, _("%s · 还没有设岗"), name);
	if (s->load[i] < 0)
		return arena_printf(rq->arena, _("%s · %d 人在岗"), name, people);
	return arena_printf(rq->arena, _("%s · 在办 %d 件 · %d 人在岗"), name, (int)s->load[i], people);
}

static void add_posts(struct rq *rq, const struct staffing *s, int64_t org, struct cases_group *g)
{
	for (size_t i = 0; i < s->nposts; i++) {
		struct str names = STR("");

		if (s->posts[i].org != org)
			continue;
		for (size_t k = 0; k < s->nstaff; k++)
			if (s->staff[k].post == s->posts[i].id)
				names = arena_printf(rq->arena, "%.*s %.*s", STR_ARG(names), STR_ARG(s->staff[k].name));
		if (names.n)
			add(g, arena_printf(rq->arena, "%lld.%lld", (long long)org, (long long)s->posts[i].id),
			    arena_printf(rq->arena, "　%.*s%.*s", STR_ARG(s->posts[i].name), STR_ARG(names)));
	}
}

static void add_orgs(struct rq *rq, struct str place, const struct staffing *s, size_t group, bool own, bool posts, struct cases_group *g)
{
	for (size_t i = 0; i < s->n; i++) {
		if (group_of(&s->orgs[i]) != group || place_within(place, s->orgs[i].place) != own)
			continue;
		add(g, arena_printf(rq->arena, "%lld", (long long)s->orgs[i].id), org_title(rq, s, i));
		if (posts)
			add_posts(rq, s, s->orgs[i].id, g);
	}
}

void pick_orgs(struct rq *rq, struct str place, bool posts, struct cases_field_view *f)
{
	struct staffing s = {.n = 0};

	if (read_staffing(rq, place, &s) != OK)
		return;
	f->groups = arena_array(rq->arena, struct cases_group, ARRAY_LEN(kinds));
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct cases_group *g = add_group(f, rq, str_from(_(kinds[k].title)), s.n + s.nposts);

		add_orgs(rq, place, &s, k, true, posts, g);
		add_orgs(rq, place, &s, k, false, posts, g);
	}
	end_groups(f);
}

struct str pick_org_name(struct rq *rq, int64_t org, int64_t post)
{
	struct actor_post *v;
	struct actor_org o;
	size_t n;

	if (org == 0 || actor_org_get(rq_conn(rq), rq->arena, org, &o) != OK)
		return STR("");
	if (post == 0 || actor_posts(rq_conn(rq), rq->arena, &org, 1, &v, &n) != OK)
		return o.name;
	for (size_t i = 0; i < n; i++)
		if (v[i].id == post)
			return arena_printf(rq->arena, "%.*s %.*s", STR_ARG(o.name), STR_ARG(v[i].name));
	return o.name;
}

/* ---- places ---- */

static void add_grids(struct rq *rq, const struct place *community, struct cases_field_view *f)
{
	struct cases_group *g;
	struct place *v;
	size_t n;

	if (place_children(rq_conn(rq), rq->arena, community->key, &v, &n) != OK)
		return;
	g = add_group(f, rq, place_short_name(community->name), n + 1);
	add(g, community->key, community->name);
	for (size_t i = 0; i < n; i++)
		add(g, v[i].key, arena_printf(rq->arena, "%.*s %.*s", STR_ARG(place_short_name(community->name)), STR_ARG(v[i].name)));
}

void pick_places(struct rq *rq, struct str top, struct cases_field_view *f)
{
	struct cases_group *g;
	struct place *v, self;
	size_t n;

	if (place_by_key(rq_conn(rq), rq->arena, top, &self) != OK || place_children(rq_conn(rq), rq->arena, top, &v, &n) != OK)
		return;
	f->groups = arena_array(rq->arena, struct cases_group, n + 2);
	if (self.level == PLACE_COMMUNITY) {
		add_grids(rq, &self, f);
	} else {
		g = add_group(f, rq, self.level < PLACE_COMMUNITY ? str_from(_("只知道在")) : STR(""), n + 1);
		add(g, self.key, self.name);
		for (size_t i = 0; i < n; i++) {
			if (self.level == PLACE_TOWN)
				add_grids(rq, &v[i], f);
			else
				add(g, v[i].key, v[i].name);
		}
	}
	end_groups(f);
}

/* ---- categories ---- */

void pick_categories(struct rq *rq, struct cases_field_view *f)
{
	const struct category *v;
	size_t n = category_list(&v);

	f->groups = arena_array(rq->arena, struct cases_group, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct cases_group *g;

		if (!str_empty(v[i].parent))
			continue;
		g = add_group(f, rq, looks_text(rq, v[i].title), n);
		for (size_t k = 0; k < n; k++)
			if (str_eq(v[k].parent, v[i].id))
				add(g, v[k].id, looks_text(rq, v[k].title));
	}
	end_groups(f);
}

/* ---- what is chosen ---- */

static bool is_posted(struct rq *rq, const char *name, struct str value, bool *any)
{
	bool found = false;

	for (size_t i = 0; i < rq->http->form.n; i++)
		if (str_eqz(rq->http->form.v[i].name, name)) {
			*any = true;
			found |= str_eq(rq->http->form.v[i].value, value);
		}
	return found;
}

static bool is_in(struct str all, struct str one)
{
	struct str rest = all, part;

	while (rest.n && str_split(&rest, ',', &part))
		if (str_eq(part, one))
			return true;
	return false;
}

void pick_choose(struct rq *rq, struct cases_field_view *f, struct str value)
{
	f->nchosen = 0;
	for (size_t i = 0; i < f->ngroups; i++)
		for (size_t k = 0; k < f->groups[i].n; k++) {
			struct cases_option *o = &f->groups[i].v[k];
			bool any = false, there = is_posted(rq, f->name.p, o->value, &any);

			o->chosen = any ? there : is_in(value, o->value);
			f->nchosen += o->chosen;
		}
}

struct str pick_title(const struct cases_field_view *f, struct str value)
{
	for (size_t i = 0; i < f->ngroups; i++)
		for (size_t k = 0; k < f->groups[i].n; k++)
			if (str_eq(f->groups[i].v[k].value, value))
				return f->groups[i].v[k].title;
	return STR_NULL;
}
