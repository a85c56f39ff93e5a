/* Any bytes as a receipt: nothing is proved by chance, and a receipt that can be read is inside its bounds. */
#include "core/journal/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* the first test key of RFC 8032 */
	static const char pub[] = "ed25519 21fe31dfa154a261 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\n";
	struct str why = STR_NULL;
	struct receipt r;
	struct arena a;

	arena_init(&a, 0);
	if (receipt_read(&a, (struct str){(const char *)data, size}, &r, &why) == OK) {
		if (r.npath > MERKLE_PATH_MAX || r.entry.data.n > JOURNAL_DATA_MAX || r.head.size < 1 || r.log.n != 32)
			BUG("a receipt out of bounds");
		if (receipt_prove(&a, &r, str_from(pub), &why) == OK)
			BUG("a forged receipt is proved");
	}
	if (why.p && why.n == 0)
		BUG("no reason given");
	arena_release(&a);
	return 0;
}
