/* Any bytes as text: decoding, cutting, folding and search tokens hold together. */
#include "base/cjk.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tokens(struct str text, enum cjk_mode mode)
{
	struct cjk_iter it;
	struct cjk_token t;
	size_t from = 0;
	unsigned position = 0;

	for (cjk_begin(&it, text, mode); cjk_next(&it, &t); position++) {
		if (t.from < from || t.to <= t.from || t.to > text.n || t.position != position)
			BUG("token %u covers %zu..%zu", position, t.from, t.to);
		if (t.text.n == 0 || (t.kind == CJK_WORD && (t.text.n > CJK_WORD_MAX || !utf8_valid(t.text))))
			BUG("token %u has %zu bytes", position, t.text.n);
		from = t.from;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	size_t count = utf8_count(text);
	struct arena a;

	arena_init(&a, 0);
	if (utf8_cut(text, count).n != size || utf8_cut(text, count / 2).n > size)
		BUG("cut");
	if (!utf8_valid(utf8_fold(&a, text)) || utf8_count(utf8_fold(&a, text)) != count)
		BUG("fold");
	if (utf8_valid(text) && !utf8_valid(utf8_ellipsis(&a, text, 5)))
		BUG("ellipsis");
	if (!utf8_valid(str_sub(text, 0, utf8_good(text))))
		BUG("good part is not good");
	check_tokens(text, CJK_INDEX);
	check_tokens(text, CJK_QUERY);
	arena_release(&a);
	return 0;
}
