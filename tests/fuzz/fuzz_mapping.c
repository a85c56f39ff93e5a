/* Any bytes as a mapping file of the import: refused with the line, or a mapping whose every value can be asked for. */
#include "cap/importer/mapping.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct arena *a, struct mapping *m)
{
	const struct str head[] = {STR("编号"), STR("时间"), STR("内容"), STR("a"), STR("b")};
	const struct str cells[] = {STR("1"), STR("2026-11-22 10:00:00"), STR("路灯坏了"), STR(""), STR("x,y")};
	const struct mapping_value *v[] = {&m->id, &m->title, &m->created, &m->due, &m->closed, &m->replied, &m->reply, &m->state, &m->category,
					   &m->channel, &m->place_code, &m->lon, &m->lat};
	struct str why = STR_NULL;
	struct mapping_time t;

	if (mapping_bind(a, m, head, ARRAY_LEN(head), &why) != OK) {
		if (why.p == NULL)
			BUG("not bound, without a reason");
		return;
	}
	for (size_t n = 0; n <= ARRAY_LEN(cells); n++) {
		for (size_t i = 0; i < ARRAY_LEN(v); i++)
			mapping_get(a, v[i], cells, n);
		for (size_t i = 0; i < m->nfields; i++)
			mapping_get(a, &m->fields[i].value, cells, n);
	}
	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		if (mapping_time(m, cells[i], &t) && (t.mo < 1 || t.mo > 12 || t.d < 1 || t.d > 31 || t.h > 24))
			BUG("a time that is none");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str why = STR_NULL;
	struct mapping *m = NULL;
	struct arena a;

	arena_init(&a, 0);
	if (mapping_parse(&a, STR("m.yaml"), (struct str){(const char *)data, size}, &m, &why) == OK)
		ask(&a, m);
	else if (!str_starts(why, "m.yaml"))
		BUG("no place named: %.*s", STR_ARG(why));
	arena_release(&a);
	return 0;
}
