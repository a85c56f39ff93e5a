/*
 * handover 交接班: what is open by deadline, what falls due before the next morning, what happened in this shift, what the next one should know, and
 * who takes over. It hands over work: it names two people and the state of the work between them, counts nobody's hours and has no list of presence.
 */
#ifndef CAP_HANDOVER_H
#define CAP_HANDOVER_H

#include "core/matter/list.h"
#include "web/web.h"

#define HANDOVER_MORNING (8 * 60 + 30) /* 示例: minutes of the day at which "tonight" ends */
#define HANDOVER_SHIFT 12              /* 示例: hours looked back while nobody has taken over yet */
#define HANDOVER_NOTE 2000             /* characters */
#define HANDOVER_NOTES 100             /* open ones of a place */

/* The next morning behind `now`, UTC+8. */
int64_t handover_morning(int64_t now);

struct handover_note { int64_t id, at, author; struct str text; };
struct handover {
	int64_t id, at, giver, taker, taken_at, open, late, tonight;
};

/* Notes passed on with a hand-over; taken 0: those left for the next shift. Text as it was written. */
CHECKED enum err handover_notes(struct db_conn *c, struct arena *a, struct str place, int64_t taken, struct handover_note **v, size_t *n);
/* The newest that was offered and not answered, and the newest that was taken; id 0: none. */
CHECKED enum err handover_offered(struct db_conn *c, struct arena *a, struct str place, struct handover *out);
CHECKED enum err handover_taken(struct db_conn *c, struct arena *a, struct str place, struct handover **v, size_t *n, int limit);

/* Jobs; place and actors are checked by the caller. */
struct handover_note_new { struct str place, text; int64_t author; };
enum err handover_note_job(struct tx *tx, void *note);             /* ERR_TOO_MUCH: enough notes */
struct handover_new { struct str place; int64_t giver, taker, open, late, tonight; };
enum err handover_offer_job(struct tx *tx, void *offer);           /* ERR_CONFLICT: one is open already */
struct handover_answer { struct str place; int64_t id, actor; bool take; };
enum err handover_answer_job(struct tx *tx, void *answer);         /* take: only the taker; otherwise withdrawn by the giver. ERR_CONFLICT: it is
								    * over; ERR_FORBIDDEN: somebody else's */

/* ---- the page ---- */

struct handover_row { int64_t id; struct str title, place, state, holder, clock, due; const char *css; };
struct handover_rows { struct handover_row *v; size_t n; };
struct handover_did { struct str title; int n; };
struct handover_line { int64_t at, id; struct str title, what; };
struct handover_note_line { int64_t at; struct str who, text; };
struct handover_choice { int64_t id; struct str name; };
struct handover_desk { struct str code, name; bool here; };

struct handover_view {
	struct str place, code;
	struct handover_desk *desks;             /* of the reader; one needs no choice */
	size_t ndesks;
	int64_t since, morning;
	struct str open, tonight_n;              /* "12", "1000+" */
	int late, soon;
	struct handover_rows late_rows, tonight, others;
	bool more;                               /* there is more than is listed */
	struct handover_did *did;
	size_t ndid;
	struct handover_line *lines;
	size_t nlines;
	bool lines_more;
	struct handover_note_line *left, *got;   /* for the next shift; from the last one */
	size_t nleft, ngot;
	struct handover_choice *people;
	size_t npeople;
	int64_t offer;                           /* id of the open hand-over; 0 none */
	struct str giver, taker;                 /* of it */
	int64_t offered_at;
	bool mine_to_take, mine_to_withdraw;
	struct handover_past { struct str giver, taker; int64_t at; struct str said; } *past;
	size_t npast;
	struct str typed, error;
};

enum err handover_page(struct rq *rq);
enum err handover_note_post(struct rq *rq);
enum err handover_offer_post(struct rq *rq);
enum err handover_answer_post(struct rq *rq);

/* Job: one page of notes under the newest sealing key. arg: struct reseal_page. */
enum err handover_reseal_job(struct tx *tx, void *reseal_page);

#endif
