/*
 * A scenario: one kind of matter, declared in a YAML file (docs/scenario-guide.md): fields, states with actors and
 * clocks, actions with who may, rules and what they ask. Read-only once loaded, shared between threads, reference
 * counted. Nothing in C knows the names of its states; code asks their declared properties (`kind`, `clock` ...).
 */
#ifndef CORE_MATTER_SCENARIO_H
#define CORE_MATTER_SCENARIO_H

#include "core/calendar/calendar.h"
#include "db/db.h"

struct text2 { struct str zh, en; };

enum field_type {
	FIELD_TEXT, FIELD_LINE, FIELD_NUMBER, FIELD_DATE, FIELD_CHOICE, FIELD_CHOICES, FIELD_IMAGE, FIELD_PLACE, FIELD_POINT,
	FIELD_PHONE, FIELD_BOOL, FIELD_ORG, FIELD_ACTOR, FIELD_ORGS /* several */, FIELD_CATEGORY, FIELD_EMAIL
};

struct scenario_choice { struct str id; struct text2 title; struct str *words; size_t nwords; };
struct scenario_field {
	struct str id;
	struct text2 title, hint;
	enum field_type type;
	bool required, personal /* masked by default, sealed at rest */, searchable;
	int64_t max;                     /* characters, files or value, by type; never 0 once loaded */
	struct scenario_choice *choices; size_t nchoices;
};
/*
 * A role as this scenario uses it. "reporter", "system" and "cohandler" (whoever works in an organisation that was asked to help and has not
 * added its part yet) need no entry.
 */
struct scenario_role {
	struct str id; struct text2 title;
	bool holder_only;                /* may act only in the organisation that holds the matter */
};
/* A time that depends on the value of a choice field. */
struct scenario_clock { struct str value; struct duration d; };
/* What a state is for, in words that code may know. */
enum state_kind { STATE_OPEN, STATE_WAITING /* for the reporter */, STATE_DONE /* answered, not closed */, STATE_CLOSED, STATE_REFUSED };
struct scenario_state {
	struct str id; struct text2 title;
	struct text2 plain;              /* for the resident: "已经交给{holder}，正在办理" */
	enum state_kind kind;
	struct str *actors; size_t nactors; /* roles that hold the matter in this state */
	bool has_clock; struct duration clock;
	struct str clock_by;             /* choice field whose value picks the clock; see clocks */
	struct scenario_clock *clocks; size_t nclocks; /* has_clock: `clock` is for all other values */
	bool keeps_clock;                /* "clock: keep": the deadline of the state before goes on */
	struct str escalate_to;          /* role told when the clock runs out; may be absent */
	bool suspends;                   /* the case clock stands still in this state */
};
/* A state that depends on the answer to a choice: "not solved" leads elsewhere than "solved". */
struct scenario_way { struct str value; int to; };
struct scenario_ask { struct str field; bool required; };  /* what an action asks: fields of `asks` section */
struct scenario_action {
	struct str id; struct text2 title, done /* line of the timeline */;
	int *from; size_t nfrom; int to; /* indexes of states; to -1: stays */
	struct str to_by; struct scenario_way *ways; size_t nways; /* ask whose answer picks the state; `to` is for all other answers */
	struct str *by; size_t nby;      /* roles; "reporter" = whoever holds the code; "system" = clocks; "cohandler" */
	struct str *rules; size_t nrules;
	struct scenario_ask *asks; size_t nasks;
	bool not_same_as_handler;        /* verification by somebody else */
	bool public_note;                /* the note is shown to the reporter */
	struct duration window; bool has_window; /* only so long after the state was reached (reopen) */
	struct str *tells; size_t ntells; /* roles that get a notice; "holder" = the organisation that has it */
	struct str effect;               /* "" or one of scenario_effects */
	bool danger;                     /* shown as a second thought */
};
struct scenario {
	struct str id; int version; struct text2 title;
	struct scenario_field *fields; size_t nfields;
	struct scenario_field *asks; size_t nasks;
	struct scenario_state *states; size_t nstates;   /* [0] is the first */
	struct scenario_action *actions; size_t nactions;
	struct duration total; bool has_total;           /* promised time for the whole */
	struct str total_by; struct scenario_clock *totals; size_t ntotals;
	struct scenario_role *roles; size_t nroles;
	struct str source;               /* text of the file */
	unsigned char digest[32];
	struct arena *arena;
};

/*
 * What an action may do beside changing the state, and the asks it needs (docs/scenario-guide.md):
 *   assign (lead: org; post, person optional)  take  return  reply (verdict: choice, optional)  judge (score: number to 5, solved: yes/no)
 *   extend (extra: choice of times)  suspend  resume  withdraw  merge (into: line, number or code)  reopen  exclude  handle (take and reply at once)
 */
struct scenario_effect { const char *name; const char *asks[3]; /* required */ const char *zh; };
extern const struct scenario_effect scenario_effects[]; /* ends in a NULL name */

/*
 * Parses and checks; collects every fault of the file. On error *why has a line each:
 * "resident-report.yaml:17: 状态“dispatchd”没有定义；是否想写“dispatched”？ / state “dispatchd” is not defined; did you mean “dispatched”?"
 * Rules named in the file must have been registered (rule.h) before.
 */
CHECKED enum err scenario_parse(struct str name, struct str text, struct scenario **out, struct arena *a, struct str *why);
void scenario_free(struct scenario *s);

/*
 * Loads every *.yaml of the folder; a new text gets a new version in the store; a faulty file leaves the old version in
 * force and is reported through *why (all faults, a line each) with ERR_INPUT, after the good files have been taken. Call it
 * again to reload (SIGHUP). Files that declare `categories` instead of `scenario` fill the tree of category.h.
 */
CHECKED enum err scenario_load_dir(struct db *db, const char *dir, struct arena *a, struct str *why);
const struct scenario *scenario_current(struct str id);            /* NULL when unknown */
/* A version that can no longer be read (logged at load) is answered with the oldest one after it. */
const struct scenario *scenario_version(struct str id, int version);
size_t scenario_list(const struct scenario **v, size_t max);       /* current ones, by id */
size_t scenario_all(const struct scenario **v, size_t max);        /* every version in memory */
void scenario_forget(void);                                        /* tests: an empty registry again */
int scenario_state(const struct scenario *s, struct str id);       /* index, -1 */
int scenario_action(const struct scenario *s, struct str id);
const struct scenario_field *scenario_field(const struct scenario *s, struct str id);
const struct scenario_field *scenario_ask(const struct scenario *s, struct str id);
const struct scenario_role *scenario_role(const struct scenario *s, struct str id);
/* Clock for the value of the choice field, or the one for all others. */
const struct duration *scenario_state_clock(const struct scenario_state *st, struct str value);

#endif
