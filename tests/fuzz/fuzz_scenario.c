/* Any bytes as a scenario or category file: refused with a reason that names a line, or a scenario that reads back the same. Also masks them. */
#include "core/matter/category.h"
#include "core/matter/matter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_scenario(struct arena *a, struct str text)
{
	struct scenario *s = NULL, *again = NULL;
	struct str why;

	if (scenario_parse(STR("x.yaml"), text, &s, a, &why) != OK) {
		if (!str_starts(why, "x.yaml:"))
			BUG("no line: %.*s", STR_ARG(why));
		return;
	}
	if (s->nstates == 0 || scenario_parse(STR("x.yaml"), s->source, &again, a, &why) != OK || again->nactions != s->nactions)
		BUG("does not read back");
	scenario_free(again);
	scenario_free(s);
}

static void try_categories(struct arena *a, struct str text)
{
	struct faults f;
	const struct yaml_node *root;
	struct category_guess g[3];

	faults_init(&f, STR("c.yaml"));
	root = yaml_read(a, text, &f);
	if (root)
		category_read(root, &f);
	faults_text(&f, a);
	category_suggest(a, text, g, 3);
	category_forget();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct arena a;
	struct str once;

	rule_register_all();
	arena_init(&a, 0);
	try_scenario(&a, text);
	try_categories(&a, text);
	once = matter_mask(&a, text);
	if (once.n > size)
		BUG("a mask made the text longer");
	arena_release(&a);
	return 0;
}
