/* Programs that come in by keys: which there are, what they may, making a key and taking it back. Rules live in core/actor/api_key.h. */
#ifndef CAP_PROGRAMS_H
#define CAP_PROGRAMS_H

#include "core/actor/api_key.h"
#include "web/looks.h"

#define PROGRAMS_MOST 500 /* shown */

struct programs_key {
	struct str name;
	int64_t created, expires;
	struct str used;         /* a day; empty: never */
	const char *state, *css; /* state: to be translated */
	bool in_force;
};
struct programs_line {
	int64_t id;
	struct str login, name;
	bool active;
	struct str *rights; size_t nrights; /* "督导 · 江北区" */
	struct programs_key *keys; size_t nkeys;
};
struct programs_view { struct programs_line *v; size_t n; };

struct programs_option { struct str value, title; bool chosen; };
struct programs_form_view {
	struct programs_option *programs; size_t nprograms;
	struct programs_option *roles; size_t nroles;
	struct programs_option *days; size_t ndays;
	struct str login, title, place, key; /* as typed */
	bool fresh;                          /* a new program */
	const char *field;                   /* with a fault; NULL */
	struct str error;
};
struct programs_made_view { struct str key, name, login; int64_t expires; };

enum err programs_list(struct rq *rq);
enum err programs_form(struct rq *rq);
enum err programs_make(struct rq *rq);
enum err programs_revoke(struct rq *rq);

/* Does everything that this program may do lie where the reader manages accounts? */
bool programs_mine(struct rq *rq, const struct actor_session *program);

#endif
