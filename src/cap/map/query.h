/*
 * What is asked of the map: filters as query parameters, and whom the answer is for. The same parameters hold for tiles, counts, the state of the
 * wall, exports and the open interfaces:
 *
 *	category=city.garbage,street   scenario=  state=dispatched | open | ended   colour=late,soon,ok,none   channel=
 *	org=ID   tag=emergency   place=CODE   from=2026-11-01&to=2026-11-22   closed_from= closed_to=   open=1   as=public
 *
 * Rights: who holds matter.read sees everything in the places where it holds; everybody else sees public matters, with coarsened locations.
 */
#ifndef CAP_MAP_QUERY_H
#define CAP_MAP_QUERY_H

#include "cap/map/feed.h"
#include "geo/tile.h"
#include "web/web.h"

struct query {
	struct points_filter f;
	const struct set_item *place;  /* asked for; NULL: all the reader may see */
	bool is_public;                /* answers are for everybody */
	bool timed;                    /* depends on the minute: deadlines are compared with now */
	struct scope *scopes;          /* of the reader, when not public */
	size_t nscopes;
	struct str key;                /* the same filter and the same class of readers give the same text */
};

/*
 * Reads the parameters. `also`: names that the caller reads himself, ends in NULL; any other is refused. ERR_INPUT (the reason is set) for what makes no
 * sense, ERR_FORBIDDEN for a place outside the reader's.
 */
CHECKED enum err query_read(struct rq *rq, const struct look *l, const char *const *also, struct query *q);
/* The place asked for; without one the top of what the reader may see; NULL: everything. */
const struct set_item *query_top(const struct query *q, const struct set *tree);
/* Only whom it is for; no parameter but as=public is looked at. */
CHECKED enum err query_class(struct rq *rq, const struct look *l, struct query *q);

/* Without a look: answers about matters are for everybody, without titles and with coarse places. */
bool query_is_public(struct rq *rq);

/* A moment: "2026-11-22" (with `end`: the end of that day), an ISO time, or milliseconds since 1970. */
CHECKED bool query_time(struct str s, bool end, int64_t *ms);
/* Begins a look and says so when it cannot. */
CHECKED enum err query_look(struct rq *rq, struct look *l);
/* "X-Data-Age" in seconds when the store has not confirmed for a while that this is the newest. */
void query_age(struct rq *rq, const struct look *l);

/* Lets pages of other sites read an answer that is for everybody. */
void query_open_to_all(struct rq *rq);

/* May the reader see the set, and this item of it? */
bool query_may_see(struct rq *rq, const struct set *s);
bool query_may_see_item(struct rq *rq, const struct set *s, const struct set_item *it);

#endif
