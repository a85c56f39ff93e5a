/*
 * The resident's side of the house: a town's page, the report form, the receipt, the status by code, the open page. No
 * account anywhere. Whoever holds a code may see and do what its scenario allows a reporter; the code is a secret.
 */
#ifndef CAP_PORTAL_H
#define CAP_PORTAL_H

#include "core/matter/category.h"
#include "core/matter/follow.h"
#include "core/matter/list.h"
#include "core/matter/matter.h"
#include "core/place/place.h"
#include "web/photo.h"
#include "web/web.h"

#define PORTAL_REPORT "resident-report"
#define PORTAL_UNSURE "-"
#define PORTAL_ALIKE 3                        /* likely duplicates offered */
#define PORTAL_FEEDBACK "platform-feedback"
#define PORTAL_PHOTOS 6                      /* when the scenario says nothing */
#define PORTAL_PHOTO_BYTES ((int64_t)12 << 20)

/* ---- towns ---- */

struct portal_town {
	struct place place;       /* the town itself */
	struct place asked;       /* what the address named: the town, or a community or grid in it (a sign with a QR code) */
	struct str above;         /* "重庆市江北区" */
};
/* By the code of a town, or of a place inside one. ERR_NOT_FOUND. */
CHECKED enum err portal_town_load(struct db_conn *c, struct arena *a, struct str code, struct portal_town *out);
CHECKED enum err portal_town_of(struct db_conn *c, struct arena *a, struct str key, struct portal_town *out);

/* Towns that have begun (have an organisation); none when there are too many to list. At most five minutes old. */
CHECKED enum err portal_towns_open(struct db_conn *c, struct arena *a, int64_t now, struct place **v, size_t *n);

struct portal_option { struct str key, name; bool chosen; };
struct portal_community { struct portal_option self; struct portal_option *grids; size_t ngrids; };
CHECKED enum err portal_communities(struct db_conn *c, struct arena *a, const struct portal_town *t, struct str chosen,
				    struct portal_community **v, size_t *n);

/* Ways to reach the town that are no web page: counters, telephones. Configured by `gongzhi import channels`. */
struct portal_channel { struct str kind, name, name_en, phone, address, hours; };
/* Lines of CSV; a town named there gets exactly them. On ERR_INPUT *why names the line. */
CHECKED enum err portal_channels_import(struct db *db, struct arena *a, struct str csv_text, size_t *rows, struct str *why);
CHECKED enum err portal_channels(struct db_conn *c, struct arena *a, const struct portal_town *t, struct portal_channel **v, size_t *n);

/* ---- the form ---- */

struct portal_error { const char *field, *text; /* N_() or translated */ };
struct portal_errors { struct portal_error v[16]; size_t n; };
void portal_error_add(struct portal_errors *e, const char *field, const char *text);
/* The error of that field, NULL when there is none. */
const char *portal_error_of(const struct portal_errors *e, const char *field);

struct portal_form {
	struct str what, address, place, name, phone, email, lon, lat; /* as typed; an e-mail address in the field of the telephone is one too */
	struct str lang;                     /* in which it was written: "en", "zh" */
	struct str category;                 /* chosen; "" as the text suggests, PORTAL_UNSURE: the staff will say */
	bool is_public, photo_point, calm;   /* use the photographs' position; "not an emergency" was confirmed */
	bool may_ask, anyway;                /* the page can be shown again; "not the same" was confirmed */
	struct str where;                    /* which of several places the address means (portal_where.c); "" not answered */
	bool words;                          /* it has been asked, or proposed while writing: the words may stay as they are */
	struct photo photos[PHOTO_MOST];
	size_t nphotos;
};
struct portal_filing {
	struct matter_new m;
	struct matter_file files[PHOTO_MOST];
	size_t nfiles;
	struct photo photos[PHOTO_MOST];
	const struct category *category;     /* chosen or suggested; NULL: none */
};
/* The grid around a point, else the community, in that town. ERR_NOT_FOUND: the tree knows none near it. */
CHECKED enum err portal_place_near(struct db_conn *c, struct arena *a, const struct portal_town *t, double lon, double lat, struct place *out);
/* The text speaks of danger now: the category that says whom to ring first, or NULL. */
const struct category *portal_emergency(struct arena *a, struct str text);
/*
 * Checks the form and fills what is to be filed: values for the fields the scenario has, place and point (chosen, else from the
 * position, else the town), category chosen, else suggested from the text. A telephone or an e-mail address is asked for only where the
 * category says so, and whoever is not sure of the category need not leave one. ERR_INPUT with errors.
 */
CHECKED enum err portal_prepare(struct db_conn *c, struct arena *a, const struct scenario *s, const struct portal_town *t,
				const struct portal_form *f, int64_t now, struct portal_filing *out, struct portal_errors *errors);
/* Job: the matter with its photographs. arg: struct portal_filing. */
enum err portal_file(struct tx *tx, void *filing);

/* ---- where that is (portal_where.c) ---- */

#define PORTAL_WHICH 6
/* A place or thing that words may mean; `where` names it in a form: its key, for a thing with a point "KEY LON LAT". */
struct portal_where { struct str where, name, full, key; bool in_words, sound, point; double lon, lat; };
/* What is proposed while somebody types. Only what everybody may know, in the town, communities and finer. */
CHECKED enum err portal_where_suggest(struct db_conn *c, struct arena *a, const struct portal_town *t, struct str typed, struct portal_where *v,
				      size_t max, size_t *n);
/* Several that the address may mean as well as each other, when nothing else says where it is; 0: there is nothing to ask. */
CHECKED enum err portal_where_which(struct db_conn *c, struct arena *a, const struct portal_town *t, const struct portal_form *f,
				    const struct portal_filing *p, struct portal_where *v, size_t max, size_t *n);
/* The answer becomes place and point of the form, unless these have been chosen. */
void portal_where_take(struct arena *a, struct portal_form *f);

/* ---- by code ---- */

/*
 * The matter with this code. The same answer and the same work for an impossible and for an unknown code; an address that
 * fails too often gets ERR_RATE for a while, whatever it asks.
 */
CHECKED enum err portal_find(struct db_conn *c, struct arena *a, struct str typed, struct str peer, int64_t now, struct matter *out);
/* The same, also by the code of a follower: *follows, and out->code is his code, never the reporter's. */
CHECKED enum err portal_find_any(struct db_conn *c, struct arena *a, struct str typed, struct str peer, int64_t now, struct matter *out,
				 bool *follows);

/* Answers to what an action asks, from a form: values in *v; a missing required one is an error. `get` reads a field of the form. */
CHECKED enum err portal_answers(struct arena *a, const struct scenario *s, const struct scenario_action *act,
				struct str (*get)(void *ctx, const char *name), void *ctx, struct matter_value **v, size_t *n,
				struct portal_errors *errors);
/* "已经交给{holder}" with the holder's name put in. */
struct str portal_plain(struct arena *a, struct str text, struct str holder);

/* ---- the same thing again (portal_follow.c) ---- */

/* A public matter that is likely the same: no more of it than the open page shows. */
struct portal_alike { int64_t id, created; struct str title, place; struct text2 state; };
/* Likeliest first, at most PORTAL_ALIKE. Place and point of what is about to be filed count. Costs some milliseconds (core/matter/similar.h). */
CHECKED enum err portal_alike(struct db_conn *c, struct arena *a, const struct portal_town *t, const struct matter_new *new, struct str what,
			      int64_t now, struct portal_alike *v, size_t *n);

/* Makes the code. ERR_NOT_FOUND when it may not be followed: not public, not open, not of this town. */
CHECKED enum err portal_follow_prepare(struct db_conn *c, struct arena *a, const struct portal_town *t, int64_t matter,
				       struct matter_follower *out);
/* Jobs. arg: struct matter_follower; by its code. */
enum err portal_follow(struct tx *tx, void *follower);
enum err portal_unfollow(struct tx *tx, void *follower);
enum err portal_follow_mail(struct tx *tx, void *follower);
CHECKED enum err portal_followed(struct db_conn *c, struct arena *a, struct str code, struct matter *out);

/* ---- told by e-mail (portal_mail.c) ---- */

/*
 * Subscriber of the journal: whoever left an e-mail address is told when there is an answer, a question to him, an end. The mail holds no word
 * of the matter, only the way to its page, in the language in which he reported it. Acts older than two days are passed by: a mail about
 * them would be no news.
 */
enum err portal_mail_batch(struct app *app, struct tx *tx, const struct journal_entry *v, size_t n);

/* The matter that this one was merged into, and that one into another; itself when it stands alone. */
CHECKED enum err portal_last_of(struct db_conn *c, struct arena *a, const struct matter *m, struct matter *out);

/* How another person's matter goes: steps and times, nobody's words. */
struct portal_mark { struct text2 title; int64_t at; };
struct portal_progress {
	struct str title, place;             /* title empty: it is not public */
	struct text2 state, plain;
	int kind;
	int64_t filed, promised, holder_org;
	struct portal_mark *steps; size_t nsteps;  /* newest first */
};
CHECKED enum err portal_progress_of(struct db_conn *c, struct arena *a, const struct matter *m, struct portal_progress *out);

/* ---- the open page (portal_open.c) ---- */

/*
 * 示例: no number that breaks a whole down (a category, a grade, a part of the year) is told when fewer matters than this stand behind it,
 * and of a community no number at all: somebody could be known by it. What is too small is put together with other small ones.
 */
#define PORTAL_FEW 5

struct portal_open_row {
	struct str title, category, place; /* category: its id */
	int64_t created, closed;
	struct text2 state, scenario;      /* scenario: what it is when it is no resident's report; else empty */
	int kind, score, solved;           /* enum state_kind */
};
struct portal_open_part { struct str name; int64_t filed, closed, open; bool rest; }; /* name: a category's id; rest: several small ones together */
struct portal_open_bar { int64_t day, filed, closed; bool few; };  /* filed from that day on, and of these closed by now */
struct portal_open_ask {
	int days;                              /* window in days: 30, 90, 365 */
	struct str place;                      /* key of a community of the town; "": the whole town */
	int64_t before_key, before_id;         /* of the list's page; 0 the newest */
};
struct portal_open {
	struct portal_open_ask ask;
	struct str place_name, place_code;     /* of the community chosen, else of the town */
	bool few;                              /* of this community too little is known to tell: totals are zero, nothing is broken down */
	bool few_judged;                       /* too few have judged to tell the grades apart */
	struct matter_totals totals;
	struct portal_open_part *parts; size_t nparts;
	struct portal_open_bar *bars; size_t nbars; /* oldest first; weeks, of a year months of 30 days */
	int64_t tallest;
	int span;                              /* days a bar */
	struct portal_open_row *rows; size_t nrows;
	bool more;
	int64_t next_key, next_id;
};
/* Public matters of the town only; titles masked, the place as coarse as its community. */
CHECKED enum err portal_open_load(struct db_conn *c, struct arena *a, const struct portal_town *t, const struct portal_open_ask *ask, int64_t now,
				  struct portal_open *out);

/* ---- failed look-ups (portal_limit.c) ---- */
bool portal_limited(struct str peer, int64_t now);
void portal_limit_failed(struct str peer, int64_t now);
void portal_limit_reset(void); /* tests */

#endif
