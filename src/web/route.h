/*
 * From method and path to a route of the tables. Literal segments go before :parameters, these before *rest, whatever the
 * order of the tables; two routes that could not be told apart are an error at start.
 */
#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include "base/arena.h"
#include "http/http.h"
#include "web/capability.h"

#define ROUTE_SEGMENTS 12

struct router;

struct route_match {
	const struct route *route;        /* NULL: 404, or 405 when allow is set */
	struct str params[ROUTE_SEGMENTS];
	size_t nparams;
	struct str allow;                 /* "GET, HEAD, POST": methods of this path; arena text, only without a route */
};

/* ERR_INPUT: a table is wrong, *why says which route and how to mend it. */
CHECKED enum err router_build(const struct capability *const *caps, struct arena *a, struct router **out, struct str *why);
/* Parameters are views into path. */
void router_find(const struct router *r, enum http_method method, struct str path, struct arena *a,
		 struct route_match *out);

/* The method a route's text names; HTTP_OTHER for none. */
enum http_method route_method(const struct route *r);
/* Value number of ":name" (or "*name") in the route's path, or -1. */
int route_param(const struct route *r, const char *name);

#endif
