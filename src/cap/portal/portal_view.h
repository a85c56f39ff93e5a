/* What the templates of the portal are given. */
#ifndef CAP_PORTAL_VIEW_H
#define CAP_PORTAL_VIEW_H

#include "cap/portal/portal.h"
#include "web/looks.h"
#include "web/minimap.h"
#include "web/tpl.h"

struct portal_root_view {
	struct place *path; size_t npath;     /* where one has come to */
	struct place *places; size_t nplaces;
	bool towns;                           /* the places are towns */
	struct place *open; size_t nopen;     /* towns that have begun; only where one has not chosen anything yet */
};

struct portal_town_view {
	const struct portal_town *town;
	struct portal_channel *channels; size_t nchannels;
	struct matter_totals totals;          /* of the last 30 days */
};

struct portal_choice { struct str id, title; bool chosen; };

/* The form, new or with errors. */
struct portal_report_view {
	const struct portal_town *town;       /* NULL: feedback about the platform */
	const struct portal_form *form;
	const struct portal_errors *errors;
	struct portal_community *communities; size_t ncommunities;
	const struct category *emergency;     /* the text speaks of danger: say whom to ring before taking it */
	bool photo_point;                     /* a photograph kept says where it was taken */
	int max_photos;
	struct portal_group *groups; size_t ngroups; /* of categories */
	struct str suggested;                 /* title of the category that the text speaks of; "" */
	struct minimap_pin_view pin;
	struct portal_alike alike[PORTAL_ALIKE]; size_t nalike; /* likely the same: asked before it is taken */
	struct portal_where which[PORTAL_WHICH]; size_t nwhich; /* the address may mean each: asked once, never needed */
};
struct portal_group { struct str title; struct portal_choice *v; size_t n; };

/* Another person's matter, as far as it may be told. */
struct portal_other_view {
	struct portal_progress p;
	struct str state, plain, holder;
	bool gone;                            /* its reporter took it back */
};
/* Where mail about it goes: the reporter's address, or a follower's. */
struct portal_mail_view {
	struct str code;
	bool offered;                         /* there is something to be told of, or an address to take away */
	bool follows;                         /* told of the end only */
	struct str mail, typed;               /* the address now, masked, "" none; what was typed instead of it */
	const char *error;
};
struct portal_followed_view {
	struct str code;
	const struct portal_other_view *other;
	struct str town;
	struct portal_mail_view mail;
};

struct portal_lookup_view { struct str typed; const char *error; };

struct portal_receipt_view {
	bool follows;                         /* a follower's: there is no receipt file */
	struct str code;
	struct str title, category, place;
	int64_t filed, promised;
};

enum portal_input { IN_LINE, IN_TEXT, IN_PHONE, IN_NUMBER, IN_DATE, IN_CHOICE, IN_FILES };
struct portal_ask {
	struct str id, title, hint, value;
	enum portal_input input;
	bool required, five;
	struct portal_choice *choices; size_t nchoices;
	const char *error;
};
struct portal_action {
	struct str id, title;
	int64_t until;                        /* possible until then; 0: no limit of its own */
	bool danger, open;
	struct portal_ask *asks; size_t nasks;
};
struct portal_step { struct str title, note; int64_t at; bool now;
		struct portal_fact { struct str title, value; } *facts; size_t nfacts; /* the reason, where to turn, the result */
	};
struct portal_status_view {
	struct str code, title, what, address, place, category, scenario;
	struct str state, plain, holder;
	int kind;                             /* enum state_kind */
	int64_t version, filed, promised, closed;
	struct str clock; const char *clock_class;
	bool is_public;
	int score, solved;
	struct portal_step *steps; size_t nsteps;
	struct matter_file *files; size_t nfiles;
	struct portal_action *actions; size_t nactions;
	struct portal_other_view *other;      /* what it was put together with; NULL */
	int64_t followers;
	bool your_turn;                       /* something waits for the reporter: the actions stand first */
	struct portal_mail_view mail;
	struct portal_errors errors;
	struct str failed;                    /* why an action was not done, said at the top */
};

/* A bar of the chart in units of the drawing; what is closed stands inside what was filed. */
struct portal_bar {
	int x, width, middle, high, top, done, done_top;
	struct str from;
	int64_t filed, closed;
	bool few;
};
struct portal_open_view {
	const struct portal_town *town;
	struct portal_open o;
	struct portal_choice *places; size_t nplaces; /* communities, by code */
	struct portal_bar *bars; size_t nbars;
	int in_time;                          /* per cent of the closed */
	struct str place;                     /* code of the chosen community; "" */
	struct str next;                      /* older matters; "" */
};

/* Words of a grade, 1..5. */
const char *portal_grade(int score);
/* Class of a tag for a state of this kind. */
const char *portal_tag(int kind);
struct str portal_category_title(struct rq *rq, struct str id);

#endif
