/* What the templates of cases are filled with. Everything is arena text, already in the reader's language. */
#ifndef CAP_CASES_VIEW_H
#define CAP_CASES_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "core/matter/matter.h"
#include "web/minimap.h"
#include "web/photo.h"

struct cases_clock {
	int colour;          /* matter_clock_colour */
	struct str text;     /* "还有 2 天 3 小时"; empty: no clock */
	const char *css;     /* "clock clock--late" */
};

enum { CASES_SEEN, CASES_NEW, CASES_CHANGED };

struct cases_row_view {
	int64_t id, version;
	struct str title, code, place, state, category, when;
	const char *state_css;
	struct cases_clock clock;
	int64_t created;
	int fresh;           /* CASES_SEEN ... since the reader said "seen" */
	bool demo;
};

struct cases_option {
	struct str value, title;
	bool chosen;
};

struct cases_group {     /* options under a heading; its title may be empty */
	struct str title;
	struct cases_option *v;
	size_t n;
};

struct cases_page_view {
	struct cases_row_view *rows;
	size_t n;
	struct str next;     /* address of the next page; empty: there is none */
	struct str first;    /* address of the first page; empty: this is it */
	bool further;        /* the look stopped before the page was full: what else there is lies further back */
	bool picks;          /* rows have check boxes of the form "bulk" */
	bool marks;          /* the reader has said "seen" before: new and changed rows are marked */
	int64_t upto;        /* journal number this page was made at, for "seen" */
	struct str back;     /* address of this page */
};

/* One of the tabs over inbox and list. */
struct cases_tab {
	struct str title, href, count; /* count "": not counted */
	bool here, shared;
};

struct cases_tabs {
	struct cases_tab *v;
	size_t n;
};

struct cases_inbox_view {
	struct cases_tabs tabs;
	int late, soon, in_time, no_clock;
	struct cases_page_view page;
	struct cases_option *scenarios; /* what this person may file */
	size_t nscenarios;
};

struct cases_chip {
	struct str text, without; /* "状态：待受理", the list without this condition */
};

struct cases_list_view {
	struct cases_tabs tabs;
	struct cases_chip *chips;
	size_t nchips;
	struct str text, count;
	struct cases_option *places, *states, *categories, *channels, *scenarios, *colours, *helds;
	size_t nplaces, nstates, ncategories, nchannels, nscenarios, ncolours, nhelds;
	struct str save_href;     /* where this filter can be given a name; empty: it has one */
	struct str from, to; /* days, "2026-11-22" */
	struct cases_page_view page;
	struct str export_href, xlsx_href, map_href;
	bool may_export, filtered;
};

/* A question put to the reader: a field of a scenario, or what an action asks. */
struct cases_field_view {
	struct str id, name, title, hint, value, error;
	const char *kind;    /* "text" "line" "choice" "choices" "place" "org" "orgs" "category" "actor" "date" "number" "phone" "email" "image" "bool" "point" */
	bool required;
	bool says_optional;  /* the title of the scenario says it already */
	struct cases_option *options;
	size_t noptions;
	struct cases_group *groups; /* of org, orgs, place, category */
	size_t ngroups, nchosen;
	bool many;           /* so many options that a search field pays */
	struct str why;      /* why what is chosen is suggested */
	int64_t max;
	struct photo *photos; /* of an earlier try of the form */
	size_t nphotos;
};

struct cases_block {
	struct str name, title, reason; /* title with its legal source */
	struct cases_option *v;         /* the matters: value is the address */
	size_t n;
};

struct cases_action_view {
	struct str id, title, error;
	bool danger, open, takes_photos;
	struct cases_field_view *fields;
	size_t nfields;
	struct str intro;    /* what it answers: "申请延期 2 个工作日：等配件" */
	bool may_preview;    /* its note is for the reporter */
	struct cases_option *templates; /* value: address that fills it in */
	size_t ntemplates;
	struct cases_block *blocks; /* of several at once: rules that stop some of them, each with its reason */
	size_t nblocks;
	bool asks_override;  /* a rule of strength 一般 stands in the way: a reason lets it pass */
	struct str rule;     /* which, with its source */
};

struct cases_fact {
	struct str title, value;
	bool masked;
};

struct cases_photo {
	struct str href, thumb, alt;
};

/* One of the three facts of an answered matter: what the office says, what the resident says, what was adjudicated. */
struct cases_verdict {
	const char *title;
	struct str value, note;
	int64_t at;
	const char *css;
};

struct cases_helper {    /* an organisation that assists */
	struct str name;
	int64_t done;        /* 0: not yet */
};

/* How the reporter will read an answer before it is sent. */
struct cases_preview {
	struct str state, title, verdict, note, reason;
	struct str *hints;   /* what could be said more plainly */
	size_t nhints;
};

struct cases_step_view {
	int64_t at;
	struct str title, who, note;
	struct cases_photo *photos;
	size_t nphotos;
	bool is_public;      /* the reporter reads it too */
	struct cases_fact *facts;
	size_t nfacts;
	bool now;
};

struct cases_similar {
	int64_t id;
	struct str title, state, why, merge; /* merge: where its merge is filled in; empty: may not */
	const char *state_css;
};

struct cases_advice {
	struct str category, category_id, category_why, lead, lead_why, duty;
	struct cases_similar *similar;
	size_t nsimilar;
};

struct cases_show_view {
	const struct cases_advice *advice; /* NULL: none for this reader */
	int64_t id, version, created;
	struct str title, code, text, state, scenario, place, category, channel;
	const char *state_css;
	struct cases_clock clock, total;
	bool demo, is_public, masked;    /* masked: something personal is hidden; the purpose form shows it */
	struct str reveal_error;
	struct cases_fact *facts;
	size_t nfacts;
	struct cases_photo *photos;
	size_t nphotos;
	struct cases_step_view *steps;
	size_t nsteps;
	struct cases_action_view *actions;
	size_t nactions;
	struct str judged, holder;
	struct str plain, next;          /* the state in the reporter's words; which action is open */
	struct cases_verdict verdicts[3];
	size_t nverdicts;
	struct cases_helper *helpers;
	size_t nhelpers;
	int64_t followers;               /* who would have reported the same, and follow this one instead */
	struct cases_similar *merged;    /* merged into this one */
	size_t nmerged;
	int64_t merged_into;
	int reopened;
	const struct cases_preview *preview;
	const struct matter_step *raw;   /* the timeline as it was read; not for the template */
	size_t nraw;
	const struct minimap_view *map;  /* NULL: nobody knows where it is */
	struct str conflict;             /* what somebody else did meanwhile */
	struct cases_fact *kept;         /* what was typed into an action that is no longer there */
	size_t nkept;
};

struct cases_file_view {
	struct str scenario, title, error;
	struct cases_field_view *fields;
	size_t nfields;
	struct cases_field_view category;
	bool asks_public, is_public;
	struct minimap_pin_view pin;     /* on a map of where the filer works */
	bool asks_place;                 /* one of the fields is the place: the map stands below it */
	struct cases_error { struct str field, text; } *errors;
	size_t nerrors;
};

/* ---- several at once ---- */

struct cases_bulk_view {
	struct cases_page_view page;     /* the chosen ones */
	struct str ids;                  /* "12.3,15.1": number and version of each, as shown here */
	struct cases_action_view *actions;
	size_t nactions;
	size_t chosen, missing;          /* of those chosen, how many the reader may not see */
	bool too_many;
	int most;
};

struct cases_bulk_line {
	int64_t id;                      /* 0: not to be seen (any more) */
	struct str title, result, why;
	const char *css;
};

struct cases_bulk_done_view {
	struct cases_bulk_line *v;
	size_t n, done, refused;
	struct str action, again;        /* again: the refused ones, to be looked at together */
};

/* ---- saved filters ---- */

struct cases_saved {
	int64_t id;
	struct str name, href, where;    /* where: "只有我" or the organisation */
};

struct cases_views_view {
	struct cases_saved *v;
	size_t n;
	struct cases_fact *hidden;       /* the filter about to be saved: names and values */
	size_t nhidden;
	struct cases_chip *chips;
	size_t nchips;
	struct cases_option *orgs;       /* with which it can be shared */
	size_t norgs;
	struct str name, error;
};

struct cases_template_line { int64_t id; struct str title, body, place, org, category; };
struct cases_templates_view {
	struct cases_template_line *v;
	size_t n;
};
struct cases_template_view {
	int64_t id;          /* 0: a new one */
	struct str id_text, title, body, place, error, error_field;
	struct cases_field_view category;
	struct cases_option *orgs;
	size_t norgs;
};

struct cases_filed_view {
	struct str code, title;
	int64_t id;
};

#endif
