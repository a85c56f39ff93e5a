/*
 * A YAML file as a tree that knows its lines, for files that people write: maps, lists, words. Read from libyaml's
 * events with limits: no anchors, aliases or tags (so nothing can multiply), no second document, no key twice.
 */
#ifndef CORE_MATTER_YAML_H
#define CORE_MATTER_YAML_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define YAML_MOST_BYTES ((size_t)256 * 1024)
#define YAML_MOST_DEPTH 12
#define YAML_MOST_NODES 20000

enum yaml_kind { YAML_WORD, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	int line;
	struct str word;                 /* of a word */
	struct yaml_node *first, *last;  /* of a list or map */
	size_t n;
	struct yaml_node *next;          /* among its siblings */
	struct str key;                  /* in a map */
};

/* Collects what is wrong with a file: all of it, up to a limit. */
struct faults {
	struct str file;
	struct buf text;
	int n;
};
void faults_init(struct faults *f, struct str file);
/* "file:line: 中文 / English"; both formats take the same arguments in the same order. */
void fault(struct faults *f, int line, const char *zh, const char *en, ...);
struct str faults_text(struct faults *f, struct arena *a); /* and releases */

/* NULL when the file cannot be read at all; then there is a fault. */
struct yaml_node *yaml_read(struct arena *a, struct str text, struct faults *f);
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* The nearest of the words to what somebody typed (at most a third of it wrong), or STR_NULL. Put words in one by one. */
struct nearest {
	struct str typed, best;
	size_t distance;
};
void nearest_try(struct nearest *n, struct str word);
/* "；是否想写“dispatched”？" / "; did you mean “dispatched”?", or "". */
struct str nearest_zh(struct arena *a, const struct nearest *n);

#endif
