/* A keyed sum over the whole tree, renewed with each batch; why so: docs/journal.md. */
#include "core/journal/inner.h"
#include "core/journal/journal.sql.h"

/* Without a keyring (tools that only read, tests) the key is known to everybody: better than nothing, and never so in a server. */
static void edge_mac(struct arena *a, const struct journal_log *l, const struct merkle *m, unsigned char out[HASH_SIZE])
{
	unsigned char key[32];
	merkle_hash root;

	if (key_for("journal-edge", key) != OK)
		memset(key, 0, sizeof(key));
	merkle_root(m, root);
	mac(key, arena_printf(a, "gongzhi-edge-1\nlog %s\nsize %llu\nroot %s\n", l->name, (unsigned long long)m->size, hex(a, root, HASH_SIZE).p),
	    out);
}

enum err edge_put(struct tx *tx, const struct journal_log *l, const struct merkle *m)
{
	unsigned char sum[HASH_SIZE];

	edge_mac(tx->arena, l, m, sum);
	return q_journal_edge_put(tx->c, (int64_t)m->size, (struct str){(const char *)sum, sizeof(sum)}, NULL);
}

enum err edge_check(struct db_conn *c, struct arena *a, const struct journal_log *l, const struct merkle *m)
{
	unsigned char sum[HASH_SIZE];
	struct journal_edge_get_row r;
	enum err e = q_journal_edge_get(c, a, &r);

	if (e != OK)
		return e;
	edge_mac(a, l, m, sum);
	return r.size == (int64_t)m->size && r.mac.n == HASH_SIZE && equal_const_time(r.mac.p, sum, HASH_SIZE) ? OK : ERR_CONFLICT;
}
