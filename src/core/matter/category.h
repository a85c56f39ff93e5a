/*
 * Categories of matters: a tree of two levels, declared in scenarios/categories.yaml (示例 after the usual classes of
 * 12345 hotlines and city management). The resident need not know it: words of the text suggest a category, a person
 * confirms. An emergency category tells the reporter to ring 110, 119 or 120 first.
 */
#ifndef CORE_MATTER_CATEGORY_H
#define CORE_MATTER_CATEGORY_H

#include "core/matter/scenario.h"
#include "core/matter/yaml.h"

struct category {
	struct str id;             /* "city.garbage"; its parent is "city" */
	struct str parent;         /* "" at the top */
	struct text2 title, advice;
	struct str *words; size_t nwords;
	uint16_t *pairs;           /* one a word: how category_suggest sees that a text cannot hold it */
	bool emergency;
	bool contact;              /* nothing can be done about such a thing without asking back: a telephone is needed */
};

/* The tree in force; lives until the process ends, also when a newer one replaces it. */
size_t category_list(const struct category **v);
const struct category *category_find(struct str id); /* NULL when unknown */

struct category_guess { const struct category *category; double score; /* 0..1 */ };
/* Best first, at most `max`; only those with a reason in the text. A learned model may come behind the same function. */
size_t category_suggest(struct arena *a, struct str text, struct category_guess *out, size_t max);

/* For scenario_load_dir: checks the file; puts it in force when there is no fault. */
void category_read(const struct yaml_node *root, struct faults *f);
void category_forget(void);

#endif
