/* Who sends the request, in which language, and whether a post comes from one of our own forms. */
#include <string.h>

#include "base/log.h"
#include "core/actor/api_key.h"
#include "crypto/crypto.h"
#include "web/inner.h"
#include "web/session.h"
#include "web/url.h"

#define YEAR_SECONDS (365 * 86400)
#define TOKEN_BYTES 16
#define TOKEN_MAX 256   /* of a cookie we made */

/* ---- language and elder mode ---- */

static bool lang_of(struct str s, enum lang *out)
{
	if (str_ieqz(str_sub(s, 0, 2), "en"))
		*out = LANG_EN;
	else if (str_ieqz(str_sub(s, 0, 2), "zh"))
		*out = LANG_ZH;
	else
		return false;
	return s.n == 2 || s.p[2] == '-';
}

/* "q=0.8" behind the language; in thousandths, 1000 without. */
static int64_t quality(struct str rest)
{
	struct str part;
	double q;

	while (str_split(&rest, ';', &part)) {
		part = str_trim(part);
		if (str_starts(part, "q=") && str_f64(str_sub(part, 2, 8), &q))
			return (int64_t)(q * 1000);
	}
	return 1000;
}

enum lang web_lang_accepted(struct str accept)
{
	struct str item, name;
	enum lang best = LANG_ZH, l;
	int64_t best_q = 0;

	for (int i = 0; i < 32 && str_split(&accept, ',', &item); i++) {
		struct str rest = item;
		int64_t q;

		if (!str_split(&rest, ';', &name) || !lang_of(str_trim(name), &l))
			continue;
		q = quality(rest);
		if (q > best_q) {
			best_q = q;
			best = l;
		}
	}
	return best;
}

static void choose_looks(struct rq *rq)
{
	struct str asked = http_pair_get(&rq->http->params, "lang"), elder = http_pair_get(&rq->http->params, "elder");

	if (asked.p && lang_of(asked, &rq->lang))
		web_cookie_set(rq, COOKIE_LANG, rq->lang == LANG_EN ? STR("en") : STR("zh"), YEAR_SECONDS);
	else if (!lang_of(web_cookie(rq, COOKIE_LANG), &rq->lang))
		rq->lang = web_lang_accepted(http_pair_get(&rq->http->headers, "Accept-Language"));
	rq->elder = str_eqz(web_cookie(rq, COOKIE_ELDER), "1");
	if (str_eqz(elder, "1") || str_eqz(elder, "0")) {
		rq->elder = str_eqz(elder, "1");
		web_cookie_set(rq, COOKIE_ELDER, elder, rq->elder ? YEAR_SECONDS : -1);
	}
}

/* ---- tokens of forms ---- */

static void token_mac(struct rq *rq, unsigned char out[32])
{
	mac(impl_of(rq)->web->csrf_key, impl_of(rq)->visitor, out);
}

/* Masked with random bytes, so that it looks different in each page (compression would leak it otherwise). */
static struct str token_make(struct rq *rq)
{
	unsigned char m[32], t[2 * TOKEN_BYTES];

	token_mac(rq, m);
	random_bytes(t, TOKEN_BYTES);
	for (size_t i = 0; i < TOKEN_BYTES; i++)
		t[TOKEN_BYTES + i] = t[i] ^ m[i];
	return base64url(rq->arena, t, sizeof(t));
}

bool visitor_token_ok(struct rq *rq, struct str token)
{
	unsigned char m[32], given[TOKEN_BYTES];
	struct str t;

	if (impl_of(rq)->visitor_new || token.n > TOKEN_MAX || !unbase64url(rq->arena, token, &t) ||
	    t.n != 2 * TOKEN_BYTES)
		return false;
	token_mac(rq, m);
	for (size_t i = 0; i < TOKEN_BYTES; i++)
		given[i] = (unsigned char)(t.p[i] ^ t.p[TOKEN_BYTES + i]);
	return equal_const_time(given, m, TOKEN_BYTES);
}

static bool good_token(struct str s)
{
	return s.n >= 22 && s.n <= TOKEN_MAX;
}

#define BASIC_MAX 400

/*
 * RFC 7617, with the key as the password, for programs that know no other way (QGIS before 3.24, many GIS servers): to read only, since a browser that was
 * once given such a header repeats it by itself. The name is not looked at. Whatever else comes so belongs to a proxy in front of us.
 */
static struct str key_in_basic(struct rq *rq, struct str v)
{
	char *url = arena_alloc(rq->arena, BASIC_MAX);
	struct str pair = STR_NULL;
	ptrdiff_t colon;
	size_t n = 0;

	if (v.n > BASIC_MAX || (rq->http->method != HTTP_GET && rq->http->method != HTTP_HEAD))
		return STR_NULL;
	for (; n < v.n && v.p[n] != '='; n++)
		url[n] = v.p[n] == '+' ? '-' : v.p[n] == '/' ? '_' : v.p[n];
	if (!unbase64url(rq->arena, (struct str){url, n}, &pair))
		return STR_NULL;
	colon = str_chr(pair, ':');
	pair = str_sub(pair, (size_t)(colon + 1), pair.n);
	return colon >= 0 && str_starts(pair, ACTOR_KEY_PREFIX) ? pair : STR_NULL;
}

/* RFC 6750: "Authorization: Bearer KEY". */
static struct str bearer_of(struct rq *rq)
{
	struct str v = http_pair_get(&rq->http->headers, "Authorization");

	if (v.n > 7 && str_ieqz(str_sub(v, 0, 7), "Bearer "))
		return str_trim(str_sub(v, 7, v.n));
	return v.n > 6 && str_ieqz(str_sub(v, 0, 6), "Basic ") ? key_in_basic(rq, str_trim(str_sub(v, 6, v.n))) : STR_NULL;
}

void visitor_begin(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);
	struct str session = web_cookie(rq, COOKIE_SESSION), passing = web_cookie(rq, COOKIE_VISITOR);

	choose_looks(rq);
	im->bearer = bearer_of(rq);
	if (im->bearer.p)
		im->wants_json = true;
	if (good_token(session)) {
		im->visitor = session;
	} else if (good_token(passing)) {
		im->visitor = passing;
	} else {
		im->visitor = token_new(rq->arena);
		im->visitor_new = true;
	}
	rq->csrf = token_make(rq);
}

void visitor_form_shown(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);

	if (im == NULL || !im->visitor_new)
		return;
	web_cookie_set(rq, COOKIE_VISITOR, im->visitor, 0);
	im->visitor_new = false;
}

/* ---- session ---- */

struct str web_session_hash(struct arena *a, struct str token)
{
	unsigned char h[32];

	token_hash(token, h);
	return hex(a, h, sizeof(h));
}

static enum err load_program(struct rq *rq)
{
	struct str why = STR_NULL;
	enum err e = actor_key_find(rq_conn(rq), rq->arena, impl_of(rq)->bearer, rq->now, &rq->who, &why);

	if (e != ERR_LOGIN)
		return e;
	log_warn("key refused peer=%.*s", STR_ARG(rq->http->peer));
	return rq_fail(rq, e, "%s", tr(rq->lang, arena_strz(rq->arena, why)));
}

enum err visitor_load(struct rq *rq)
{
	struct str token = web_cookie(rq, COOKIE_SESSION);
	enum err e;

	if (impl_of(rq)->bearer.p)
		return load_program(rq);
	if (!good_token(token))
		return OK;
	e = actor_session_find(rq_conn(rq), rq->arena, web_session_hash(rq->arena, token), rq->now, &rq->who);
	if (e == ERR_NOT_FOUND || e == ERR_LOGIN) {
		rq->who = (struct actor_session){0};
		return OK;
	}
	if (e == OK && rq->who.screen && !(rq->route && rq->route->flags & R_SCREEN)) {
		impl_of(rq)->screen = rq->who.session;
		rq->who = (struct actor_session){0};
	}
	return e;
}

int64_t web_session_screen(struct rq *rq)
{
	return impl_of(rq)->screen;
}

void web_session_cookie(struct rq *rq, struct str token)
{
	web_cookie_set(rq, COOKIE_SESSION, token, token.p ? 0 : -1);
}

void web_session_cookie_screen(struct rq *rq, struct str token)
{
	web_cookie_set(rq, COOKIE_SESSION, token, (int64_t)400 * 86400); /* the store knows when it ends; a machine that restarts keeps it */
}

bool web_session_had(struct rq *rq)
{
	return rq->who.id == 0 && good_token(web_cookie(rq, COOKIE_SESSION));
}
