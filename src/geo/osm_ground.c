#include "geo/osm_ground_inner.h"

#include <stdlib.h>

#include "base/grow.h"

#define NAMES_BYTES ((size_t)256 << 20)
#define NOT_SEEN INT32_MIN
#define AHEAD 32                 /* nodes of a sorted file are found by going on from the last one */

/* ---- the first pass: what belongs to the ground ---- */

static uint32_t name_number(struct gather *g, const struct osm_tags *t)
{
	struct str name = osm_name(t);
	uintptr_t known;

	if (str_empty(name))
		return 0;
	known = (uintptr_t)map_get(&g->names, name);
	if (known)
		return (uint32_t)known;
	if (g->texts.total > NAMES_BYTES)
		return 0;
	g->name = grown(g->name, &g->names_cap, g->nnames + 1, sizeof(*g->name));
	g->name[g->nnames] = arena_str(&g->texts, name);
	map_put(&g->names, g->name[g->nnames], (void *)(uintptr_t)(g->nnames + 1));
	return (uint32_t)++g->nnames;
}

static bool keep_way(struct gather *g, const struct osm_way *w, const struct osm_class *is)
{
	if (w->n < 2)
		return true;
	if (w->n > g->refs_max - g->nrefs) {
		g->full = true;
		return false;
	}
	g->ways = grown(g->ways, &g->ways_cap, g->nways + 1, sizeof(*g->ways));
	g->refs = grown(g->refs, &g->refs_cap, g->nrefs + w->n, sizeof(*g->refs));
	g->ways[g->nways++] = (struct kept_way){.id = w->id, .at = g->nrefs, .n = (uint32_t)w->n, .name = is ? name_number(g, &w->tags) : 0,
						.is = is ? *is : (struct osm_class){0}, .bare = is == NULL};
	memcpy(g->refs + g->nrefs, w->refs, w->n * sizeof(*w->refs));
	g->nrefs += w->n;
	return true;
}

static bool take_way(void *arg, const struct osm_way *w)
{
	struct osm_class is;

	return !osm_classify(&w->tags, w->n > 3 && w->refs[0] == w->refs[w->n - 1], &is) || keep_way(arg, w, &is);
}

static bool take_relation(void *arg, const struct osm_relation *r)
{
	struct gather *g = arg;
	struct kept_area area = {.at = g->nmembers};

	if (!str_eqz(osm_tag(&r->tags, "type"), "multipolygon") || !osm_classify(&r->tags, true, &area.is) || !ground_is_area(area.is.kind))
		return true;
	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].kind != OSM_WAY)
			continue;
		if (g->nmembers == g->refs_max) {
			g->full = true;
			return false;
		}
		g->members = grown(g->members, &g->members_cap, g->nmembers + 1, sizeof(*g->members));
		g->members[g->nmembers++] = (struct kept_member){r->v[i].ref, str_eqz(r->v[i].role, "inner")};
		area.n++;
	}
	area.name = name_number(g, &r->tags);
	g->areas = grown(g->areas, &g->areas_cap, g->nareas + 1, sizeof(*g->areas));
	g->areas[g->nareas++] = area;
	return true;
}

/* ---- the second pass: what areas are made of ---- */

static int by_id(const void *x, const void *y)
{
	const struct kept_way *a = x, *b = y;

	return (a->id > b->id) - (a->id < b->id);
}

static int by_number(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return (a > b) - (a < b);
}

static void sort_ways(struct gather *g)
{
	if (g->nways)
		qsort(g->ways, g->nways, sizeof(*g->ways), by_id);
}

const struct kept_way *gather_way(const struct gather *g, int64_t id)
{
	return g->nways ? bsearch(&(struct kept_way){.id = id}, g->ways, g->nways, sizeof(*g->ways), by_id) : NULL;
}

static void list_wanted(struct gather *g)
{
	g->wanted = calloc(g->nmembers + 1, sizeof(*g->wanted));
	if (g->wanted == NULL)
		BUG("out of memory");
	for (size_t i = 0; i < g->nmembers; i++)
		if (!gather_way(g, g->members[i].way))
			g->wanted[g->nwanted++] = g->members[i].way;
	if (g->nwanted)
		qsort(g->wanted, g->nwanted, sizeof(*g->wanted), by_number);
}

static bool take_wanted(void *arg, const struct osm_way *w)
{
	struct gather *g = arg;

	return !bsearch(&w->id, g->wanted, g->nwanted, sizeof(*g->wanted), by_number) || keep_way(g, w, NULL);
}

/* ---- the third pass: where the nodes are ---- */

/* Ids in order, by their bytes from the last to the first; a byte that is the same in all costs one look. */
static void sort_ids(int64_t *v, size_t n)
{
	int64_t *other = malloc((n ? n : 1) * sizeof(*other)), *from = v, *to = other;

	if (other == NULL)
		BUG("out of memory");
	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t at[257] = {0};

		for (size_t i = 0; i < n; i++)
			at[((((uint64_t)from[i] ^ (uint64_t)1 << 63) >> shift) & 255) + 1]++;
		if (n == 0 || at[((((uint64_t)from[0] ^ (uint64_t)1 << 63) >> shift) & 255) + 1] == n)
			continue;
		for (int i = 0; i < 256; i++)
			at[i + 1] += at[i];
		for (size_t i = 0; i < n; i++)
			to[at[(((uint64_t)from[i] ^ (uint64_t)1 << 63) >> shift) & 255]++] = from[i];
		from = to;
		to = from == v ? other : v;
	}
	if (from != v)
		memcpy(v, from, n * sizeof(*v));
	free(other);
}

static void list_nodes(struct gather *g)
{
	size_t n = 0;

	g->nodes = malloc((g->nrefs ? g->nrefs : 1) * sizeof(*g->nodes));
	if (g->nodes == NULL)
		BUG("out of memory");
	if (g->nrefs)
		memcpy(g->nodes, g->refs, g->nrefs * sizeof(*g->nodes));
	sort_ids(g->nodes, g->nrefs);
	for (size_t i = 0; i < g->nrefs; i++)
		if (n == 0 || g->nodes[n - 1] != g->nodes[i])
			g->nodes[n++] = g->nodes[i];
	g->nnodes = n;
	g->nodes = realloc(g->nodes, (n ? n : 1) * sizeof(*g->nodes));
	g->places = malloc((n ? n : 1) * sizeof(*g->places));
	if (g->nodes == NULL || g->places == NULL)
		BUG("out of memory");
	for (size_t i = 0; i < n; i++)
		g->places[i] = (struct shape_point){NOT_SEEN, NOT_SEEN};
}

/* The first node that is not below the id, from the one where the last search ended. */
static size_t find_node(struct gather *g, int64_t id)
{
	size_t low = 0, high = g->nnodes;

	for (int i = 0; i < AHEAD && g->cursor < g->nnodes && g->nodes[g->cursor] < id; i++)
		g->cursor++;
	if ((g->cursor == g->nnodes || g->nodes[g->cursor] >= id) && (g->cursor == 0 || g->nodes[g->cursor - 1] < id))
		return g->cursor;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (g->nodes[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return g->cursor = low;
}

static bool take_node(void *arg, int64_t id, struct shape_point at)
{
	struct gather *g = arg;
	size_t i = find_node(g, id);

	if (i < g->nnodes && g->nodes[i] == id)
		g->places[i] = at;
	return true;
}

/* From ids to numbers of nodes. */
static void number_refs(struct gather *g)
{
	for (size_t i = 0; i < g->nrefs; i++) {
		size_t k = find_node(g, g->refs[i]);

		g->refs[i] = g->places[k].x == NOT_SEEN ? NOWHERE : (int64_t)k;
	}
}

/* ---- the whole ---- */

static bool report(void *arg, int64_t bytes)
{
	struct gather *g = arg;

	g->stopped = g->g->progress && !g->g->progress(g->g->arg, g->done + bytes, g->total);
	return !g->stopped;
}

static enum err pass(struct gather *g, struct osm *o, struct osm_sink sink, struct arena *a, struct str *why)
{
	enum err e;

	sink.arg = g;
	sink.progress = report;
	e = osm_pass(o, &sink, a, why);
	g->done += osm_size(o);
	g->g->left_out += osm_left_out(o);
	if (g->full) {
		*why = STR("这个区域太大，一次装不下，请先用 osmium extract 切成一个市或一个区县 "
			   "(the area is too large for one import: cut out a city or a county with osmium extract)");
		return ERR_TOO_MUCH;
	}
	return e;
}

static enum err gather_all(struct gather *g, struct osm *o, struct arena *a, struct str *why)
{
	enum err e = pass(g, o, (struct osm_sink){.kinds = OSM_WAY | OSM_RELATION, .way = take_way, .relation = take_relation}, a, why);

	if (e != OK)
		return e;
	sort_ways(g);
	list_wanted(g);
	if (g->nwanted)
		e = pass(g, o, (struct osm_sink){.kinds = OSM_WAY, .way = take_wanted}, a, why);
	else
		g->done += osm_size(o);
	if (e != OK)
		return e;
	sort_ways(g);
	list_nodes(g);
	e = pass(g, o, (struct osm_sink){.kinds = OSM_NODE, .node = take_node}, a, why);
	if (e == OK)
		number_refs(g);
	return e;
}

static void release(struct gather *g)
{
	free(g->ways);
	free(g->areas);
	free(g->members);
	free(g->refs);
	free(g->nodes);
	free(g->places);
	free(g->wanted);
	free(g->name);
	map_release(&g->names);
	arena_release(&g->texts);
}

enum err osm_ground_read(struct osm *o, struct osm_ground *ask, struct ground_draft **out, struct arena *a, struct str *why)
{
	struct gather g = {.g = ask, .refs_max = ask->refs ? ask->refs : OSM_GROUND_REFS, .total = 3 * osm_size(o)};
	enum err e;

	*out = NULL;
	memset(ask->count, 0, sizeof(ask->count));
	ask->left_out = 0;
	map_init(&g.names, NULL);
	arena_init(&g.texts, NAMES_BYTES * 2);
	g.draft = ground_draft_new();
	e = gather_all(&g, o, a, why);
	if (e == OK) {
		e = gather_make(&g);
		if (e == ERR_TOO_MUCH)
			*why = STR("点太多，请先切成小一点的区域 (there are too many points: cut out a smaller area)");
	}
	if (e == OK) {
		ground_draft_sort(g.draft);
		*out = g.draft;
	} else {
		ground_draft_free(g.draft);
	}
	release(&g);
	return e;
}
