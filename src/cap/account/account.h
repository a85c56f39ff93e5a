/* account: login, one's own account, sessions, notices. Rules live in core/actor and core/notify. */
#ifndef CAP_ACCOUNT_H
#define CAP_ACCOUNT_H

#include "core/actor/actor.h"
#include "core/actor/second.h"
#include "core/notify/wish.h"
#include "web/qr.h"
#include "web/web.h"

struct account_login_view {
	struct str login, next;
	struct str error;        /* empty: none */
};

struct account_role_line {
	struct str title, place; /* "值班员", "江北区大石坝街道" */
};
struct account_me_view {
	struct account_role_line *roles;
	size_t nroles;
	int64_t unread;
};

struct account_password_view {
	struct str error;
	const char *field;       /* "old_password", "new_password" or "again_password" */
};

/* The second factor, at the door (pending, next) and on one's own page (state). */
struct account_second_view {
	struct second_state state;
	struct str pending, next, login, error;
	bool setup, must;        /* it has to be set up first; the reader's role asks for it */
	struct str secret;       /* "ABCD EFGH ..." */
	struct qr qr;
};

struct account_codes_view {
	const struct str *v;
	size_t n;
	struct str next;
};

struct account_mail_view {
	struct str mail, error;
	bool english;            /* in which language mail goes there */
};

struct account_sessions_view {
	struct actor_session_line *v;
	size_t n;
};

/* Notices of one class about one place, the newest first. */
struct account_bundle {
	const char *kind;        /* "等我办的", to be translated */
	const char *css;
	struct str place;        /* "石门社区"; empty: no place */
	struct notice *v;
	size_t n;
};

struct account_notices_view {
	struct account_bundle *v;
	size_t n;
	int64_t unread;
	bool more;               /* only the newest are shown */
};

struct account_choice {
	int value;
	const char *title;       /* to be translated */
	bool chosen;
};

struct account_wish_line {
	const char *name, *title, *hint; /* title, hint: to be translated */
	struct account_choice v[NOTICE_MODES];
	size_t n;
};

struct account_wishes_view {
	struct account_wish_line lines[NOTICE_CLASSES];
	struct str from, to;     /* "22:00" */
	struct str error;
	bool no_mail;            /* no address yet: mail reaches nobody */
};

/* account_web.c */
enum err account_login_form(struct rq *rq);
enum err account_login(struct rq *rq);
enum err account_logout(struct rq *rq);
enum err account_home(struct rq *rq);
enum err account_continue(struct rq *rq);
/* Where to go after the login: a page of this site, never the login page itself again. */
struct str account_next_of(struct str given);
/* account_second.c */
/* Behind the right password: is a code asked for (and the answer given)? If not, *asked is false and the login goes on. */
CHECKED enum err account_second_asked(struct rq *rq, int64_t account, struct str next, bool *asked);
enum err account_login_code(struct rq *rq);
enum err account_second(struct rq *rq);
enum err account_second_begin(struct rq *rq);
enum err account_second_confirm(struct rq *rq);
enum err account_second_off(struct rq *rq);
/* account_me.c */
enum err account_me(struct rq *rq);
enum err account_password_form(struct rq *rq);
enum err account_password(struct rq *rq);
/* account_mail.c */
enum err account_mail_form(struct rq *rq);
enum err account_mail(struct rq *rq);
/* account_me.c */
enum err account_sessions(struct rq *rq);
enum err account_end_others(struct rq *rq);
enum err account_end_one(struct rq *rq);
/* account_notices.c */
enum err account_notices(struct rq *rq);
int64_t account_unread(struct rq *rq); /* for the menu */
enum err account_notices_read(struct rq *rq);
enum err account_wishes(struct rq *rq);
enum err account_wishes_post(struct rq *rq);

#endif
