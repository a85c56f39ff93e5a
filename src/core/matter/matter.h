/*
 * matter 事: whatever flows from hand to hand against a clock. The engine applies the scenario's actions; every change is
 * one job that also appends to the journal. Official verdict (state), the resident's verdict (judge_*) and an adjudicated exclusion
 * (excluded) are three separate facts, never overwritten.
 */
#ifndef CORE_MATTER_H
#define CORE_MATTER_H

#include "core/actor/actor.h"
#include "core/matter/scenario.h"
#include "core/rule/rule.h"
#include "db/db.h"

struct matter_value { struct str field, value; };

/* An organisation that helps the one which leads (协办). */
struct matter_part {
	int64_t org, asked;
	int64_t done, done_by;      /* when it added its part, and who; 0: not yet */
	bool open;                  /* it still has to */
};

struct matter {
	int64_t id;
	struct str code;            /* given to the reporter; 12 signs of Crockford base32 in groups, not guessable */
	struct str scenario; int scenario_version;
	struct str state;
	enum state_kind kind;
	int64_t version;            /* grows with every change: optimistic lock */
	struct str place;           /* key, as fine as known (grid) */
	double lon, lat;            /* NAN: not located */
	struct str category, title, channel;
	struct str lang;            /* in which the reporter reads: "en", "zh"; "" not known, so Chinese */
	int64_t created, updated, state_since;
	int64_t due;                /* deadline of the state; 0 none */
	int64_t total_due;          /* promised to the reporter; 0 none */
	int64_t suspended_since;    /* 0: running */
	int64_t closed;             /* 0 */
	int64_t kept_due;           /* while suspended: deadline that waits */
	int64_t escalated;          /* deadline about which somebody above has been told */
	int64_t holder_org, holder_post, holder; /* who has it now; 0 none */
	int64_t handler;            /* who took it on or answered last: may not verify it */
	int64_t reporter;           /* account, 0 */
	int64_t filed_by;           /* who typed it (代办); 0: the reporter */
	bool is_public, demo;
	int judge_score;            /* 1..5, 0 none */
	int judge_solved;           /* 1 yes, 0 none, -1 no */
	int64_t judged;
	struct str verdict;         /* official result, a choice of the scenario; "" none */
	int64_t excluded;           /* adjudicated not to count; 0 */
	int64_t merged_into;        /* matter; 0 */
	int reopened;               /* how often */
	int64_t first_seq, last_seq;/* journal; set by matter_timeline (0 before) */
	struct matter_part *parts; size_t nparts; /* of the present dispatch */
	struct str fields;          /* JSON object of the fields that are not personal */
	struct matter_value *values; size_t nvalues; /* filled by matter_values() */
};

/*
 * Why something was refused, sayable in the reader's language: a Chinese format with at most two %s, which the reader's side
 * translates (looks_why), and what goes into it. fmt NULL: only the Chinese text beside it is known.
 */
struct matter_why { const char *fmt; struct text2 v[2]; };

/* ---- filing ---- */
struct matter_new {
	const struct scenario *scenario;
	struct matter_value *values; size_t nvalues;  /* "title" may be absent: made from the first text field */
	struct str place, category, channel, lang;
	double lon, lat;
	bool is_public, demo;
	int64_t reporter, filed_by;
	/* import only (0/absent otherwise): true dates, outer id for idempotence, state to stand in */
	int64_t created; struct str source, source_id; struct str state; int64_t closed, total_due;
	struct str reply; int64_t replied; /* the answer it once got: becomes a public step */
	/* out */
	int64_t id; struct str code; /* made by matter_prepare */
	struct str why, why_field; struct matter_why said;
	void *prepared;
};
/* On the worker, before the job: checks values against the scenario (sizes, UTF-8, choices), makes id, code, title, JSON. */
CHECKED enum err matter_prepare(struct arena *a, struct matter_new *m, int64_t now);
/*
 * Is this a thing that cannot be done without asking back (`contact: true`), and neither a telephone nor an e-mail address is among the values?
 * matter_prepare refuses it whoever files; an import of what another system took, and the demonstration, are not asked. False: a scenario without
 * such fields.
 */
struct category;
bool matter_contact_missing(const struct scenario *s, const struct category *category, const struct matter_value *v, size_t n);
/* Job; m must live until done. ERR_CONFLICT when (source, source_id) is already there: id and code are then those. */
enum err matter_file(struct tx *tx, void *matter_new);

/* ---- reading ---- */
CHECKED enum err matter_get(struct db_conn *c, struct arena *a, int64_t id, struct matter *out);
CHECKED enum err matter_by_code(struct db_conn *c, struct arena *a, struct str code, struct matter *out); /* forgives case, O/0, I/L/1, spaces */
/* First group of the code: what desks see. Whoever has the whole code may judge and reopen in the reporter's place. */
struct str matter_code_head(struct str code);
/* What was imported from another system under its own id. */
CHECKED enum err matter_by_source(struct db_conn *c, struct arena *a, struct str source, struct str source_id, struct matter *out);
/* Was, or is, the whole promised time exceeded: closed after it, or not closed and it has passed. */
bool matter_is_late(const struct matter *m, int64_t now);
CHECKED enum err matter_values(struct db_conn *c, struct arena *a, struct matter *m, bool with_personal /* journalled by the caller */);
struct matter_step {            /* a line of the timeline */
	int64_t id, seq, at, actor; struct str actor_name, action, title, title_en, note; bool is_public;
	struct str from, to; struct matter_value *values; size_t nvalues;
};
CHECKED enum err matter_timeline(struct db_conn *c, struct arena *a, const struct matter *m, struct matter_step **v, size_t *n);
struct matter_file { int64_t id; struct str name, type, path, thumb; int64_t size; int width, height; int64_t step; /* 0: of the filing */ };
/* Those of the filing: what its reporter sent, and may see. matter_all_files: also those of later steps, which are the desk's. */
CHECKED enum err matter_files(struct db_conn *c, struct arena *a, int64_t matter, struct matter_file **v, size_t *n);
CHECKED enum err matter_all_files(struct db_conn *c, struct arena *a, int64_t matter, struct matter_file **v, size_t *n);
/* Which of these paths (at most 4096) are attachments of some matter. Reads the whole table: for jobs. */
CHECKED enum err matter_files_named(struct db_conn *c, struct arena *a, const struct str *paths, size_t npaths, struct str **v, size_t *n);

/* The request for more time that waits for an answer among these steps of the timeline; NULL: none. */
const struct matter_step *matter_wish(const struct scenario *s, const struct matter_step *v, size_t n);
/* Matters merged into this one, in the order in which they were filed, at most 100. */
CHECKED enum err matter_merged(struct db_conn *c, struct arena *a, int64_t id, int64_t **ids, size_t *n);
/* Has one of the reader's organisations been asked to help with it (`open_only`: and has still to add its part)? */
bool matter_helps(const struct matter *m, const struct actor_session *who, bool open_only);

/* ---- acting ---- */
struct matter_actor {           /* who acts */
	const struct actor_session *who; /* NULL for reporter and system */
	bool reporter, system;
};
/* Actions the scenario allows now for this actor (for buttons). Indexes into scenario->actions. */
CHECKED enum err matter_actions(const struct matter *m, const struct matter_actor *by, int64_t now, struct arena *a, int **v, size_t *n);
struct matter_act {
	int64_t id; int64_t version;  /* version the person saw; ERR_CONFLICT otherwise, why says who did what meanwhile. -1: any */
	struct str action;
	struct matter_actor by;
	struct matter_value *values; size_t nvalues;   /* answers to the asks; "note" is free text */
	struct str override_reason;   /* lets rules of strength 一般 pass; kept with the step */
	struct arena *arena;          /* lives until the caller has read what follows; NULL: it is read inside the job */
	/* out */
	int64_t step;                 /* number of what was done, for matter_file.step */
	struct matter after;          /* its texts live as long as the job */
	struct str why, why_field; struct matter_why said; struct rule_outcome *outcomes; size_t noutcomes;
};
enum err matter_do(struct tx *tx, void *matter_act);   /* job */
/* Would it be done? The same questions and rules without doing anything: for a form that asks once for many. act->arena must be set. */
CHECKED enum err matter_check(struct db_conn *c, int64_t now, struct matter_act *act);
/* The value of a step under which the reason of an override is kept; no ask can be named so. */
#define MATTER_OVERRIDE "_override"
CHECKED enum err matter_add_file(struct tx *tx, int64_t matter, const struct matter_file *f, int64_t *id);

/* Clocks: finds states whose deadline has passed, escalates (journal, notice), once each. A job_entry calls it. */
CHECKED enum err matter_run_clocks(struct db *db, int64_t now, int *escalated);

/* Colours of clocks: 0 none, 1 in time, 2 soon (last fifth), 3 late. */
int matter_clock_colour(const struct matter *m, int64_t now);

/* The current state as declared; never NULL for a matter that was read. */
const struct scenario *matter_scenario(const struct matter *m);
const struct scenario_state *matter_state(const struct matter *m);
/* Newest matters whose reporter gave this telephone number, by keyed hash. */
CHECKED enum err matter_by_phone(struct db_conn *c, struct arena *a, struct str phone, int limit, int64_t **ids, size_t *n);

/* At start, after place_on_rename exists: keys of moved places follow. */
void matter_init(void);
/* Tailers of the journal: full text (index "matter") and totals. Stop them with journal_tail_stop. */
struct journal_tailer;
CHECKED enum err matter_tailers(struct db *db, struct journal_tailer *out[2]);

/* Masks telephone and identity numbers and e-mail addresses inside free text: 138****5678, 500***********1234, n***@example.cn. */
struct str matter_mask(struct arena *a, struct str text);

#endif
