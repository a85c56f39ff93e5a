/*
 * rule 规: named checks with a legal source and a strength. 必须 (MUST) blocks; 一般 (SHOULD) asks for a reason and lets
 * pass; a rule may also only warn. Outcomes are recorded in the journal; an override keeps its reason and who gave it.
 */
#ifndef CORE_RULE_H
#define CORE_RULE_H

#include "db/db.h"

enum rule_strength { RULE_MUST, RULE_SHOULD, RULE_WARN };
enum rule_verdict { RULE_PASS, RULE_FAIL, RULE_NOT_APPLICABLE };

struct matter;
struct rule_input {
	struct tx *tx;                /* or NULL with conn for a preview before the act */
	struct db_conn *conn;
	struct arena *arena;
	int64_t now;
	const struct matter *matter;  /* may be NULL */
	const char *action;           /* scenario action, may be NULL */
	int64_t actor;
	struct str (*arg)(void *ctx, const char *name); /* what the act was given ("lead", "reason" ...) */
	void *ctx;
};
struct rule {
	const char *name;             /* "dispatch-guard" */
	const char *title;            /* N_() */
	const char *source;           /* "国办函〔2025〕66号 五" ; "示例" when there is none */
	enum rule_strength strength;
	/* Fills *why (arena, Chinese) when it fails. */
	enum rule_verdict (*check)(struct rule_input *in, struct str *why);
};

void rule_register(const struct rule *r);      /* at start; rules live as long as the program */
const struct rule *rule_find(struct str name); /* NULL when unknown */

struct rule_outcome {
	const struct rule *rule;
	enum rule_verdict verdict;
	struct str why;
	bool overridden;
};
/* Runs the named rules; ERR_RULE when a MUST fails, or a SHOULD fails and override_reason is empty. Records outcomes that are not PASS. */
CHECKED enum err rule_run(struct rule_input *in, struct str *names, size_t n, struct str override_reason, struct rule_outcome **out, size_t *nout);

#endif
