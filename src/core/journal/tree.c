/*
 * The tree over the rows. Stored are the full nodes of 256 leaves and more (two rows for 256 entries); below, hashes are
 * computed from the entries again. So an append costs one row, a proof reads at most a few blocks of 256 rows, and a
 * process that starts needs one block and some sixty nodes.
 */
#include "base/log.h"
#include "core/journal/inner.h"
#include "core/journal/journal.sql.h"

#define READ_ROWS 512
#define CATCH_UP 4096 /* farther behind than that: begin from the stored nodes */

static enum err newest(struct db_conn *c, struct arena *a, int64_t *seq)
{
	struct journal_newest_rows r;
	enum err e = q_journal_newest(c, a, &r);

	*seq = e == OK && r.n ? r.v[0].seq : 0;
	return e;
}

enum err journal_last(struct db_conn *c, int64_t *seq)
{
	struct arena a;
	enum err e;

	arena_init(&a, 0);
	e = newest(c, &a, seq);
	arena_release(&a);
	return e;
}

/* Right edge of the tree over the first `blocks` full blocks. */
static enum err load_edge(struct db_conn *c, struct arena *a, struct merkle *m, uint64_t blocks)
{
	for (unsigned l = 0; blocks >> l; l++) {
		struct journal_node_get_row r;
		enum err e;

		if (!(blocks >> l & 1))
			continue;
		e = q_journal_node_get(c, a, (int64_t)l + BLOCK_LEVEL, (int64_t)(blocks >> l) - 1, &r);
		if (e != OK || r.hash.n != HASH_SIZE) {
			log_error("journal: node missing, level=%u; run gongzhi verify --all", l + BLOCK_LEVEL);
			return e == OK || e == ERR_NOT_FOUND ? ERR_DB : e;
		}
		memcpy(m->edge[l + BLOCK_LEVEL], r.hash.p, HASH_SIZE);
	}
	m->size = blocks << BLOCK_LEVEL;
	return OK;
}

static enum err append_rows(struct db_conn *c, struct arena *a, struct merkle *m, int64_t last)
{
	while ((int64_t)m->size < last) {
		struct journal_rows_rows r;
		enum err e = q_journal_rows(c, a, (int64_t)m->size, last, READ_ROWS, &r);

		if (e != OK)
			return e;
		for (size_t i = 0; i < r.n; i++) {
			struct journal_entry entry = ENTRY_OF_ROW(&r.v[i]);
			merkle_hash leaf;

			if (entry.seq != (int64_t)m->size + 1)
				break;
			entry_leaf(m->alg, &entry, leaf);
			merkle_append(m, leaf, NULL, NULL);
		}
		if (r.n == 0 || r.v[r.n - 1].seq != (int64_t)m->size) {
			log_error("journal: entry missing, seq=%lld; run gongzhi verify --all", (long long)m->size + 1);
			return ERR_DB;
		}
	}
	return OK;
}

static enum err catch_up(struct db_conn *c, struct arena *a, struct merkle *m, int64_t last)
{
	enum err e = OK;

	if ((int64_t)m->size > last)
		merkle_init(m, m->alg);
	if (last - (int64_t)m->size > CATCH_UP || (m->size == 0 && last >= BLOCK_LEAVES)) {
		merkle_init(m, m->alg);
		e = load_edge(c, a, m, (uint64_t)last >> BLOCK_LEVEL);
	}
	return e == OK ? append_rows(c, a, m, last) : e;
}

void tree_keep(struct journal_log *l, const struct merkle *m)
{
	pthread_mutex_lock(&l->lock);
	if (m->size > l->tree.size) /* two writers may report in the other order */
		l->tree = *m;
	pthread_mutex_unlock(&l->lock);
}

static void tree_forget(struct journal_log *l)
{
	pthread_mutex_lock(&l->lock);
	merkle_init(&l->tree, l->alg);
	pthread_mutex_unlock(&l->lock);
}

enum err tree_now(struct journal_log *l, struct db_conn *c, struct merkle *out)
{
	struct arena a;
	int64_t last;
	enum err e;

	pthread_mutex_lock(&l->lock);
	*out = l->tree;
	pthread_mutex_unlock(&l->lock);
	arena_init(&a, 0);
	e = newest(c, &a, &last);
	if (e == OK && (int64_t)out->size > last) {
		log_warn("journal: the store is older than this process, size=%lld known=%lld", (long long)last, (long long)out->size);
		tree_forget(l);
	}
	if (e == OK && (int64_t)out->size != last)
		e = catch_up(c, &a, out, last);
	arena_release(&a);
	return e;
}

/* ---- proofs ---- */

struct tree_block {
	uint64_t number;
	size_t n;
	struct tree_block *next;
	merkle_hash leaves[BLOCK_LEAVES];
};

static enum err block_of(struct tree_source *s, uint64_t number, struct tree_block **out)
{
	struct journal_rows_rows r;
	int64_t first = (int64_t)(number << BLOCK_LEVEL);
	enum err e;

	for (struct tree_block *b = s->blocks; b; b = b->next) {
		if (b->number == number) {
			*out = b;
			return OK;
		}
	}
	e = q_journal_rows(s->c, s->a, first, first + BLOCK_LEAVES, BLOCK_LEAVES, &r);
	if (e != OK)
		return e;
	*out = arena_new(s->a, struct tree_block);
	(*out)->number = number;
	(*out)->next = s->blocks;
	s->blocks = *out;
	for (size_t i = 0; i < r.n; i++) {
		struct journal_entry entry = ENTRY_OF_ROW(&r.v[i]);

		if (entry.seq != first + (int64_t)i + 1)
			break;
		entry_leaf(s->source.alg, &entry, (*out)->leaves[(*out)->n++]);
	}
	return OK;
}

static void root_of_leaves(enum hash_alg alg, merkle_hash *v, size_t n, merkle_hash out)
{
	struct merkle m;

	merkle_init(&m, alg);
	for (size_t i = 0; i < n; i++)
		merkle_append(&m, v[i], NULL, NULL);
	merkle_root(&m, out);
}

static enum err get_node(void *arg, unsigned level, uint64_t index, merkle_hash out)
{
	struct tree_source *s = arg;
	struct journal_node_get_row r;
	struct tree_block *b;
	size_t from, n;
	enum err e;

	if (level >= BLOCK_LEVEL) {
		e = q_journal_node_get(s->c, s->a, (int64_t)level, (int64_t)index, &r);
		if (e == OK && r.hash.n == HASH_SIZE)
			memcpy(out, r.hash.p, HASH_SIZE);
		return e == OK && r.hash.n != HASH_SIZE ? ERR_DB : e;
	}
	e = block_of(s, index >> (BLOCK_LEVEL - level), &b);
	if (e != OK)
		return e;
	n = (size_t)1 << level;
	from = (size_t)((index << level) & (BLOCK_LEAVES - 1));
	if (from + n > b->n)
		return ERR_NOT_FOUND;
	root_of_leaves(s->source.alg, b->leaves + from, n, out);
	return OK;
}

enum err tree_source_init(struct tree_source *s, struct db_conn *c, struct arena *a)
{
	struct journal_log *l = journal_log_of(db_of(c));

	if (l == NULL)
		return ERR_IO;
	*s = (struct tree_source){.c = c, .a = a, .source = {.alg = l->alg, .get = get_node}};
	return OK;
}

enum err journal_inclusion(struct db_conn *c, struct arena *a, int64_t seq, int64_t size, unsigned char (**path)[32], size_t *n)
{
	struct tree_source s;
	enum err e = tree_source_init(&s, c, a);

	if (e != OK)
		return e;
	if (seq < 1 || size < seq)
		return ERR_INPUT;
	s.source.arg = &s;
	*path = arena_array(a, merkle_hash, MERKLE_PATH_MAX);
	return merkle_inclusion(&s.source, (uint64_t)seq - 1, (uint64_t)size, *path, n);
}

enum err journal_consistency(struct db_conn *c, struct arena *a, int64_t from, int64_t to, unsigned char (**path)[32], size_t *n)
{
	struct tree_source s;
	enum err e = tree_source_init(&s, c, a);

	if (e != OK)
		return e;
	if (from < 0 || to < from)
		return ERR_INPUT;
	s.source.arg = &s;
	*path = arena_array(a, merkle_hash, MERKLE_PATH_MAX);
	return merkle_consistency(&s.source, (uint64_t)from, (uint64_t)to, *path, n);
}
