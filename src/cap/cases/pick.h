/*
 * Choosing from what there is: organisations with their posts, places, categories, in groups. What is beside an organisation (how many open
 * matters, who works there) helps to choose; it is no ranking, and the order is that of the place.
 */
#ifndef CAP_CASES_PICK_H
#define CAP_CASES_PICK_H

#include "cap/cases/cases.h"
#include "cap/cases/view.h"

/* Values are the organisation's number; with `posts` also "ORG.POST". Those at the matter's own place come first. */
void pick_orgs(struct rq *rq, struct str place, bool posts, struct cases_field_view *f);
/* A town offers its communities and their grids, a community its grids. */
void pick_places(struct rq *rq, struct str top, struct cases_field_view *f);
void pick_categories(struct rq *rq, struct cases_field_view *f);
/* Chosen is what was posted, else `value`; several, separated by commas, for a field of that kind. */
void pick_choose(struct rq *rq, struct cases_field_view *f, struct str value);
/* The title of the option with that value; absent when there is none. */
struct str pick_title(const struct cases_field_view *f, struct str value);
/* "民生服务板块 民生 A 岗"; absent when there is no such organisation. */
struct str pick_org_name(struct rq *rq, int64_t org, int64_t post);

#endif
