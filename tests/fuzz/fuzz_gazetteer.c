/* Any bytes as names, as what is typed and as an address: hits are entries that were added, best first, never more than asked for. */
#include "geo/gazetteer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct gazetteer_hit *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i].entry || !(v[i].score > 0) || (i && v[i].score > v[i - 1].score))
			BUG("hit %zu has %g behind %g", i, v[i].score, i ? v[i - 1].score : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size}, part;
	struct gazetteer *g = gazetteer_new();
	struct gazetteer_hit v[3];
	struct arena a;
	int n = 0;

	arena_init(&a, 0);
	gazetteer_add(g, &(struct gazetteer_entry){.place = STR("fa"), .name = STR("大石坝街道")});
	while (n++ < 20 && str_split(&rest, '\n', &part)) {
		gazetteer_add(g, &(struct gazetteer_entry){.place = str_sub(STR("faabafaae"), 0, part.n % 9), .name = part});
		check(v, gazetteer_search(g, &a, part, STR(""), v, 3));
		check(v, gazetteer_in_text(g, &a, rest, STR("fa"), v, 3));
	}
	gazetteer_free(g);
	arena_release(&a);
	return 0;
}
