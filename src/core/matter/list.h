/*
 * Lists of matters: the inbox, the list with filters, totals for the open page. Every filter uses an index or a bounded
 * scan; pages are keyset pages; counts are capped.
 */
#ifndef CORE_MATTER_LIST_H
#define CORE_MATTER_LIST_H

#include "core/matter/matter.h"

/* Rows that the reader may see: subtrees of places (from web's rq_scope); `private_too` shows matters that are not public. */
struct matter_scope {
	const struct str *from, *to;   /* place >= from AND place < to */
	size_t n;
	bool private_too;
};

struct matter_filter {
	struct str place;              /* key of a subtree, inside the scope; absent: the whole scope */
	struct str scenario, state, category, channel; /* absent: any */
	int kind;                      /* enum state_kind + 1; 0 any; -1: not closed and not refused */
	int colour;                    /* 1 in time, 2 soon, 3 late; 0 any (open matters only when set) */
	int64_t holder_org, holder;    /* 0 any */
	int64_t from, to;              /* created, ms; 0 open */
	struct str text;               /* full-text words */
	int64_t before_key, before_id; /* keyset: of the last row of the page before; 0 = first page */
	int limit;                     /* rows, at most 200 */
};

struct matter_row {
	int64_t id, created, due, total_due, state_since, closed, version, holder, holder_org;
	struct str code, scenario, state, title, place, category, channel;
	bool is_public, demo;
	int judge_score, judge_solved;
	int64_t key;                   /* for before_key of the next page */
};

/*
 * A page of a list. A page looks at a bounded number of rows, however many there are: `bounded` says that it stopped before it was full (or
 * before the end), and the reader may look further back from next_key, next_id.
 */
struct matter_page {
	struct matter_row *v; size_t n;
	bool more, bounded;
	int64_t next_key, next_id;     /* when more: before_key, before_id (after_due, after_id) of the next page */
};
/* Newest first. */
CHECKED enum err matter_list_page(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now,
				  struct matter_page *out);
/* The same, but looks as far as it must to find f->limit rows: for exports and jobs, not for pages. */
CHECKED enum err matter_list(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now,
			     struct matter_row **v, size_t *n);
/* Open matters that wait for one of the roles (or organisation, or person), most urgent first: due ascending, without clock last. */
struct matter_inbox {
	const struct str *roles;       /* roles of the reader, parallel to their places */
	const struct str *from, *to;   /* subtree in which role i holds */
	const int64_t *orgs;           /* organisation of role i, 0 none */
	size_t n;
	int64_t actor;
	bool everyone;                 /* whatever is open in the subtrees, whoever holds it; roles and orgs are not asked */
	int limit;
	int64_t after_due, after_id;   /* keyset; 0 = first page */
};
CHECKED enum err matter_inbox_page(struct db_conn *c, struct arena *a, const struct matter_inbox *in, struct matter_page *out);
/* Of the same inbox: how many are late, soon, in time, without clock; each capped at 1000. `more`: there may be others, which a bounded look
 * has not reached. */
struct matter_inbox_counts { int late, soon, in_time, no_clock; bool more; };
CHECKED enum err matter_inbox_count(struct db_conn *c, struct arena *a, const struct matter_inbox *in, int64_t now, struct matter_inbox_counts *out);
/* How many rows the list has, at most cap. *more: there may be others, beyond the cap or beyond what a page looks at (shown as "12+"). */
CHECKED enum err matter_count(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now, int cap,
			      int *out, bool *more);
/* Page and count together, for the first look of a person: a search that must look at rows does so once. page and count as above. */
CHECKED enum err matter_list_counted(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now, int cap,
				     struct matter_page *page, int *count, bool *more);
/* For exports: every row of the list in one snapshot, without limit. */
CHECKED enum err matter_each(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now,
			     enum err (*fn)(void *arg, const struct matter_row *r), void *arg);

/* ---- totals, kept from the journal ---- */
struct matter_totals {
	int64_t filed, open, answered, closed, refused, late_closed, judged, solved, not_solved, score[6];
	int64_t close_ms_mean;                 /* exact; 0 when nothing closed */
	int64_t close_ms_median, close_ms_p90; /* from histogram buckets; 0 when nothing closed */
};
/* Public matters of a subtree, filed between two days (days since 1970 in the installation's zone; to exclusive). */
CHECKED enum err matter_totals_get(struct db_conn *c, struct arena *a, struct str place, int64_t from_day, int64_t to_day, struct matter_totals *out);
struct matter_total_row { struct str name; int64_t filed, closed, open; };
CHECKED enum err matter_totals_by_category(struct db_conn *c, struct arena *a, struct str place, int64_t from_day, int64_t to_day,
					   struct matter_total_row **v, size_t *n);
/* Filed a day, and how many of these are closed by now; days without any are left out. In order. */
struct matter_total_day { int64_t day, filed, closed; };
CHECKED enum err matter_totals_by_day(struct db_conn *c, struct arena *a, struct str place, int64_t from_day, int64_t to_day,
				      struct matter_total_day **v, size_t *n);
/* The same, counted anew from the matters: for the test and for `doctor`. */
CHECKED enum err matter_totals_recount(struct db_conn *c, struct arena *a, struct str place, int64_t from_day, int64_t to_day, struct matter_totals *out);

#endif
