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
	struct str why_en;            /* out: the reason in English, for a reason that is not a fixed text */
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
const struct rule *rule_at(size_t i);          /* for lists; NULL behind the last */
void rule_register_all(void);                  /* the rules of core/rule/rules.c; may be called again */

struct rule_outcome {
	const struct rule *rule;
	enum rule_verdict verdict;
	struct str why, why_en;       /* why_en may be absent: then `why` is a fixed text that en.po knows */
	bool overridden;
};
/* Runs the named rules; ERR_RULE when a MUST fails, or a SHOULD fails and override_reason is empty.
 * The outcomes that are not PASS are for the caller to write into the journal entry of the act (rule_json), so that act and outcome stand in
 * one entry. */
CHECKED enum err rule_run(struct rule_input *in, struct str *names, size_t n, struct str override_reason, struct rule_outcome **out, size_t *nout);
/* "[{\"rule\":\"dispatch-guard\",\"verdict\":\"fail\",\"overridden\":true}]": outcomes that are not PASS, or "" when there are none. */
struct str rule_json(struct arena *a, const struct rule_outcome *v, size_t n);

#endif
