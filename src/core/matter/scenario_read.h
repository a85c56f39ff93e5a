/* Private to the readers of scenario files: shared state and small readers that name each fault. */
#ifndef CORE_MATTER_SCENARIO_READ_H
#define CORE_MATTER_SCENARIO_READ_H

#include "core/matter/scenario.h"
#include "core/matter/yaml.h"

struct reading {
	struct scenario *s;
	struct arena *a;
	struct faults *f;
	const struct yaml_node *root;
};

bool read_is_id(struct str s);
bool read_kind(struct reading *r, const struct yaml_node *n, enum yaml_kind kind, const char *what);
void read_keys(struct reading *r, const struct yaml_node *map, const char *const *known, const char *what);
struct str read_word(struct reading *r, const struct yaml_node *map, const char *key);
bool read_bool(struct reading *r, const struct yaml_node *map, const char *key);
struct text2 read_text2(struct reading *r, const struct yaml_node *map, const char *key, bool required);
struct str *read_words(struct reading *r, const struct yaml_node *map, const char *key, size_t *n);

/* scenario_check.c */
void check_field(struct reading *r, const struct yaml_node *n, const struct scenario_field *f, bool is_ask);
void check_action(struct reading *r, const struct yaml_node *n, const struct scenario_action *ac);
void check_whole(struct reading *r);

#endif
