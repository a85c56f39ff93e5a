/* The cookie of a logged-in visitor. The store keeps only the hash of its token (core/actor). */
#ifndef WEB_SESSION_H
#define WEB_SESSION_H

#include "web/web.h"

/* What actor_session_start and actor_session_find take: SHA-256 of the token in hex. */
struct str web_session_hash(struct arena *a, struct str token);
/* Gives the browser the token (until it closes), or takes it away (STR_NULL). */
void web_session_cookie(struct rq *rq, struct str token);
/* The same for a screen on a wall (actor_screen_start): it stays when the browser closes. */
void web_session_cookie_screen(struct rq *rq, struct str token);
/* The browser has the session of such a screen, at a route that does not know them (nobody is logged in): its id; 0: no. */
int64_t web_session_screen(struct rq *rq);
/* Nobody is logged in, but the browser still brings the cookie of a session that has ended. */
bool web_session_had(struct rq *rq);

/* The language a browser prefers: Chinese unless it asks for English first. */
enum lang web_lang_accepted(struct str accept_language);

#endif
