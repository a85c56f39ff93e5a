/* Cookies and addresses of this site. */
#ifndef WEB_URL_H
#define WEB_URL_H

#include "web/web.h"

/* The present page's address with one query parameter put in or replaced (value NULL: taken out). A page that answers
 * a POST and cannot be asked for with GET gives "/". */
struct str web_url_with(struct rq *rq, const char *name, const char *value);
/* Path and query of this request, as a GET could repeat them. */
struct str web_url_here(struct rq *rq);
/* A path of this site and nothing else: begins with one '/', no control characters. For ?next=. */
bool web_url_local(struct str url);
/* Percent-encodes what is not a letter, digit or - . _ ~ (a segment or a value of a query). */
struct str web_url_encode(struct arena *a, struct str s);
/* "https://host" as the visitor sees us, or the configured public_url. */
struct str web_url_base(struct rq *rq);

/* HttpOnly, SameSite=Lax, Path=/; over TLS Secure and with the __Host- prefix. seconds 0: until the browser closes; < 0: deleted. */
void web_cookie_set(struct rq *rq, const char *name, struct str value, int64_t seconds);
struct str web_cookie(struct rq *rq, const char *name);

#endif
