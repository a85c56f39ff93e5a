#include "web/route.h"

#include <stdlib.h>

#define BUCKETS 256

struct entry {
	const struct route *route;
	const struct capability *cap;
	enum http_method method;
	struct str segment[ROUTE_SEGMENTS]; /* as written, with ':' or '*' */
	size_t n;
	bool rest;
	uint32_t rank;                      /* smaller is tried first */
};

struct router {
	struct entry *v;
	size_t n;
	/* entries by their literal first segment; the last bucket holds those that begin with a parameter */
	size_t from[BUCKETS + 2];
};

enum http_method route_method(const struct route *r)
{
	static const struct {
		const char *name;
		enum http_method method;
	} methods[] = {{"GET", HTTP_GET}, {"POST", HTTP_POST}, {"PUT", HTTP_PUT}, {"DELETE", HTTP_DELETE}};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (strcmp(r->method, methods[i].name) == 0)
			return methods[i].method;
	return HTTP_OTHER;
}

static bool is_param(struct str segment)
{
	return segment.n && (segment.p[0] == ':' || segment.p[0] == '*');
}

int route_param(const struct route *r, const char *name)
{
	struct str rest = str_from(r->path + 1), segment;
	int at = 0;

	while (str_split(&rest, '/', &segment)) {
		if (!is_param(segment))
			continue;
		if (str_eqz(str_sub(segment, 1, segment.n), name))
			return at;
		at++;
	}
	return -1;
}

static size_t bucket_of(struct str first)
{
	uint32_t h = 2166136261u;

	if (is_param(first))
		return BUCKETS;
	for (size_t i = 0; i < first.n; i++)
		h = (h ^ (unsigned char)first.p[i]) * 16777619u;
	return h % BUCKETS;
}

static const char *bad_route(const struct route *r)
{
	bool open = r->flags & R_PUBLIC, post = strcmp(r->method, "GET") != 0;

	if (route_method(r) == HTTP_OTHER)
		return "the method must be GET, POST, PUT or DELETE";
	if (r->path[0] != '/')
		return "the path must begin with /";
	if (r->handle == NULL)
		return "it has no handler";
	if (r->about == NULL || *r->about == 0)
		return "it has no `about`";
	if (open && (r->needs || (r->flags & R_LOGIN)))
		return "R_PUBLIC excludes `needs` and R_LOGIN";
	if (!open && r->needs == NULL && !(r->flags & R_LOGIN))
		return "say who may: `needs`, R_LOGIN or R_PUBLIC";
	if ((r->flags & R_SCREEN) && post)
		return "R_SCREEN belongs to a GET: a screen may only look";
	if ((r->flags & R_NO_CSRF) && (open || !post || !(r->flags & R_JSON)))
		return "R_NO_CSRF belongs to a POST for programs: not R_PUBLIC, with R_JSON";
	if ((r->flags & R_FILES) && !post)
		return "R_FILES belongs to a POST";
	return NULL;
}

/* Takes the path apart; the rank puts literals before parameters, position by position. */
static const char *split(struct entry *e)
{
	struct str rest = str_from(e->route->path + 1), segment;

	while (str_split(&rest, '/', &segment)) {
		if (e->n == ROUTE_SEGMENTS)
			return "the path has too many segments";
		if (e->rest)
			return "*rest must be the last segment";
		if (segment.n == 0 && e->route->path[1])
			return "the path has an empty segment";
		if (is_param(segment) && segment.n == 1)
			return "a parameter has no name";
		e->rest = segment.n && segment.p[0] == '*';
		e->rank |= (uint32_t)(e->rest ? 2 : is_param(segment)) << (2 * (ROUTE_SEGMENTS - 1 - e->n));
		e->segment[e->n++] = segment;
	}
	return NULL;
}

static int by_bucket(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	size_t i = bucket_of(a->segment[0]), k = bucket_of(b->segment[0]);

	if (i != k)
		return i < k ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return strcmp(a->route->path, b->route->path);
}

/* Would both match the same paths with the same method? */
static bool same_paths(const struct entry *x, const struct entry *y)
{
	if (x->method != y->method || x->n != y->n || x->rest != y->rest)
		return false;
	for (size_t i = 0; i < x->n; i++) {
		bool px = is_param(x->segment[i]), py = is_param(y->segment[i]);

		if (px != py || (!px && !str_eq(x->segment[i], y->segment[i])))
			return false;
	}
	return true;
}

static size_t count(const struct capability *const *caps)
{
	size_t n = 0;

	for (; *caps; caps++)
		for (const struct route *r = (*caps)->routes; r && r->path; r++)
			n++;
	return n;
}

enum err router_build(const struct capability *const *caps, struct arena *a, struct router **out, struct str *why)
{
	struct router *r = arena_new(a, struct router);
	size_t at = 0;

	r->v = arena_array(a, struct entry, count(caps) + 1);
	for (; *caps; caps++) {
		for (const struct route *t = (*caps)->routes; t && t->path; t++) {
			struct entry *e = &r->v[r->n++];
			const char *bad = bad_route(t);

			*e = (struct entry){.route = t, .cap = *caps, .method = route_method(t)};
			if (bad == NULL)
				bad = split(e);
			if (bad) {
				*why = arena_printf(a, "capability %s, route %s %s: %s", (*caps)->name, t->method, t->path, bad);
				return ERR_INPUT;
			}
		}
	}
	qsort(r->v, r->n, sizeof(*r->v), by_bucket);
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = i + 1; k < r->n; k++)
			if (same_paths(&r->v[i], &r->v[k])) {
				*why = arena_printf(a, "capabilities %s and %s both have a route %s %s; give one another path",
						    r->v[i].cap->name, r->v[k].cap->name, r->v[i].route->method,
						    r->v[i].route->path);
				return ERR_INPUT;
			}
	for (size_t b = 0; b <= BUCKETS + 1; b++) {
		while (at < r->n && bucket_of(r->v[at].segment[0]) < b)
			at++;
		r->from[b] = at;
	}
	*out = r;
	return OK;
}

static bool matches(const struct entry *e, const struct str *given, size_t n, struct str path, struct route_match *out)
{
	if (e->rest ? n < e->n : n != e->n)
		return false;
	out->nparams = 0;
	for (size_t i = 0; i < e->n; i++) {
		if (e->segment[i].n && e->segment[i].p[0] == '*') {
			size_t from = (size_t)(given[i].p - path.p);

			out->params[out->nparams++] = str_sub(path, from, path.n);
		} else if (is_param(e->segment[i])) {
			if (given[i].n == 0)
				return false;
			out->params[out->nparams++] = given[i];
		} else if (!str_eq(e->segment[i], given[i])) {
			return false;
		}
	}
	return true;
}

static void allow(struct route_match *out, struct arena *a, const struct entry *e)
{
	struct str name = str_from(e->method == HTTP_GET ? "GET, HEAD" : e->route->method);

	if (out->allow.p && str_find(out->allow, name) >= 0)
		return;
	out->allow = out->allow.p ? arena_printf(a, "%.*s, %.*s", STR_ARG(out->allow), STR_ARG(name)) : arena_str(a, name);
}

static void search(const struct router *r, size_t bucket, enum http_method method, const struct str *given, size_t n,
		   struct str path, struct arena *a, struct route_match *out)
{
	for (size_t i = r->from[bucket]; i < r->from[bucket + 1] && out->route == NULL; i++) {
		if (!matches(&r->v[i], given, n, path, out))
			continue;
		if (r->v[i].method == method)
			out->route = r->v[i].route;
		else
			allow(out, a, &r->v[i]);
	}
}

void router_find(const struct router *r, enum http_method method, struct str path, struct arena *a,
		 struct route_match *out)
{
	struct str rest = str_sub(path, 1, path.n), given[ROUTE_SEGMENTS], segment;
	size_t n = 0;

	*out = (struct route_match){0};
	if (method == HTTP_HEAD)
		method = HTTP_GET;
	if (path.n == 0 || path.p[0] != '/')
		return;
	/* past the last segment only *rest can match, which takes the remainder from given[i].p anyway */
	while (n < ROUTE_SEGMENTS && str_split(&rest, '/', &segment))
		given[n++] = segment;
	if (rest.p)
		n++; /* longer than any route but one with *rest; given[] stays within its bounds */
	if (n == 0)
		given[n++] = str_sub(path, 1, 0);
	search(r, bucket_of(given[0]), method, given, n, path, a, out);
	if (out->route == NULL)
		search(r, BUCKETS, method, given, n, path, a, out);
	if (out->route)
		out->allow = STR_NULL;
}
