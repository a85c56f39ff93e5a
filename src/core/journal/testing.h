/* For tests: the keys of the process, made at the first call and put away at its end, and the log of a store. */
#ifndef CORE_JOURNAL_TESTING_H
#define CORE_JOURNAL_TESTING_H

#include <stdlib.h>

#include "tests/unit.h"

#include "core/journal/journal.h"
#include "crypto/crypto.h"
#include "crypto/keyring.h"

static struct keyring *testing_ring;

static inline void testing_keys_end(void)
{
	keyring_use(NULL);
	keyring_free(testing_ring);
}

static inline void testing_keys(struct unit *u)
{
	struct str why = STR_NULL;

	if (testing_ring)
		return;
	crypto_init();
	if (keyring_open(arena_printf(u->a, "%s/keys", unit_tmp()).p, true, "intl", &testing_ring, u->a, &why) != OK)
		fail_msg("keys: %.*s", STR_ARG(why));
	keyring_use(testing_ring);
	atexit(testing_keys_end);
}

/* Changes go to the journal, which wants keys. */
static inline void testing_journal(struct unit *u)
{
	struct str why = STR_NULL;

	testing_keys(u);
	if (journal_init(u->db, NULL, u->a, &why) != OK)
		fail_msg("journal: %.*s", STR_ARG(why));
}

#endif
