/* Private to the files of core/matter. */
#ifndef CORE_MATTER_INNER_H
#define CORE_MATTER_INNER_H

#include "base/json.h"
#include "core/matter/matter.h"
#include "core/matter/matter.sql.h"

#define NO_DUE ((int64_t)9007199254740991) /* in the column due: none */

/* ---- values.c ---- */
struct value_fault { struct str why, field; struct matter_why said; };
/* Normal form of one answer; STR_NULL when it is empty. False: *fault says why. */
bool value_check(struct arena *a, const struct scenario_field *f, struct str in, struct str *out, struct value_fault *fault);
/* Value of a field among those given; STR_NULL. */
struct str value_of(const struct matter_value *v, size_t n, const char *field);
struct str values_json(struct arena *a, const struct matter_value *v, size_t n);
CHECKED enum err values_read(struct arena *a, struct str text, struct matter_value **v, size_t *n);
/* Keyed hash by which a telephone number is found again. */
CHECKED enum err phone_lookup(struct str phone, unsigned char out[32]);

/* ---- clocks.c ---- */
/* Deadline of a state entered at `at`; NO_DUE. */
int64_t state_due(const struct scenario *s, const struct scenario_state *st, struct str by_value, int64_t at);
int64_t whole_due(const struct scenario *s, struct str by_value, int64_t at); /* 0 none */
enum clock_unit whole_unit(const struct scenario *s, struct str by_value);
/* Value of the field that picks the clock, from the matter's JSON. */
struct str clock_value(struct arena *a, struct str fields, struct str by);
enum clock_unit state_unit(const struct scenario_state *st, struct str by_value);

/* ---- facts.c: what the totals count, before and after an act ---- */
struct facts { int kind; int64_t close_ms; bool late; int score, solved; bool is_public; };
struct facts facts_of(const struct matter *m);
void facts_json(struct json *j, const char *key, const struct facts *f);
/* From the value as it stands in the entry. */
bool facts_read(struct arena *a, struct str raw, struct facts *f);
int64_t filing_day(int64_t created);
/* Roles that hold a matter in the state, "handler|leader"; STR_NULL when it has ended. */
struct str desk_of(struct arena *a, const struct scenario_state *st);
/* Place cut at the town, or as it is when it is wider. */
struct str town_of(struct str place);

/* A place of the tree got another key: its matters follow. */
CHECKED enum err matter_rename_rows(struct tx *tx, struct str old_key, struct str new_key, struct str after);
CHECKED enum err matter_read_row(const struct matter_row_row *row, struct matter *out);

#endif
