/*
 * Checks the whole log against itself: every entry is hashed again from its row; the numbers must have no gap, every stored
 * node must be what the entries make, every stored head must carry the root at its size and a good signature, and the edge
 * must be the sum over all of them.
 */
#include "core/journal/inner.h"
#include "core/journal/journal.sql.h"

#define PAGE 1000

struct check {
	struct journal_log *log;
	struct db_conn *c;
	struct arena *a;         /* lives through the whole check */
	struct arena page;       /* reset for each page */
	struct merkle tree;
	struct str pub;
	struct journal_head head; /* the next to meet; size 0: no more */
	int64_t last_head, nodes;
	enum err e;
	struct str *why;
};

static enum err differs(struct check *k, const char *fmt, ...) PRINTF(2, 3);
static enum err differs(struct check *k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*k->why = arena_vprintf(k->a, fmt, ap);
	va_end(ap);
	k->e = ERR_CONFLICT;
	return k->e;
}

static void check_node(void *arg, unsigned level, uint64_t index, const merkle_hash h)
{
	struct check *k = arg;
	struct journal_node_get_row r;
	enum err e;

	if (k->e != OK || level < BLOCK_LEVEL)
		return;
	k->nodes++;
	e = q_journal_node_get(k->c, &k->page, (int64_t)level, (int64_t)index, &r);
	if (e == ERR_NOT_FOUND || (e == OK && (r.hash.n != HASH_SIZE || memcmp(r.hash.p, h, HASH_SIZE) != 0)))
		differs(k, "第 %lld 条之前的记录与存下的树节点（层 %u，第 %llu 个）不符；"
			"entries %lld to %lld do not fit the stored tree node (level %u, index %llu)",
			(long long)k->tree.size + 1, level, (unsigned long long)index,
			(long long)(index << level) + 1, (long long)((index + 1) << level), level, (unsigned long long)index);
	else if (e != OK)
		k->e = e;
}

static enum err next_head(struct check *k)
{
	struct journal_heads_from_rows r;
	enum err e = q_journal_heads_from(k->c, &k->page, k->head.size + 1, 1, &r);

	if (e != OK)
		return e;
	k->head = (struct journal_head){0};
	if (r.n == 0)
		return OK;
	k->head.size = r.v[0].size;
	k->head.at = r.v[0].at;
	/* these two outlive the page in which they are read */
	k->head.signature = arena_str(k->a, r.v[0].signature);
	k->head.key_id = arena_str(k->a, r.v[0].key_id);
	if (r.v[0].root.n != HASH_SIZE)
		return differs(k, "树头 %lld 的根不完整；the root of head %lld is damaged", (long long)k->head.size, (long long)k->head.size);
	memcpy(k->head.root, r.v[0].root.p, HASH_SIZE);
	return OK;
}

static enum err check_head(struct check *k)
{
	merkle_hash root;
	struct str why;

	merkle_root(&k->tree, root);
	if (memcmp(root, k->head.root, HASH_SIZE) != 0)
		return differs(k, "前 %lld 条记录与已签名的树头不符：第 %lld 到 %lld 条之间有改动；"
			       "the first %lld entries do not fit the signed head: something between entries %lld and %lld was altered",
			       (long long)k->head.size, (long long)k->last_head + 1, (long long)k->head.size, (long long)k->head.size,
			       (long long)k->last_head + 1, (long long)k->head.size);
	if (head_check(&k->page, str_from(k->log->name), str_from(hash_name(k->log->alg)), &k->head, k->pub, &why) != OK)
		return differs(k, "树头 %lld 的签名不对：%.*s；head %lld is not properly signed", (long long)k->head.size, STR_ARG(why),
			       (long long)k->head.size);
	k->last_head = k->head.size;
	return next_head(k);
}

static enum err check_row(struct check *k, const struct journal_entry *entry)
{
	merkle_hash leaf;
	enum err e = OK;

	if (entry->seq != (int64_t)k->tree.size + 1)
		return differs(k, "第 %lld 条记录不见了；entry %lld is missing", (long long)k->tree.size + 1, (long long)k->tree.size + 1);
	entry_leaf(k->log->alg, entry, leaf);
	merkle_append(&k->tree, leaf, check_node, k);
	if (k->e != OK)
		return k->e;
	while (e == OK && k->head.size == (int64_t)k->tree.size)
		e = check_head(k);
	return e;
}

static enum err check_page(struct check *k, int64_t last, bool *more)
{
	struct journal_rows_rows r;
	enum err e;

	e = q_journal_rows(k->c, &k->page, (int64_t)k->tree.size, last, PAGE, &r);
	*more = e == OK && r.n > 0;
	for (size_t i = 0; i < r.n && e == OK; i++) {
		struct journal_entry entry = ENTRY_OF_ROW(&r.v[i]);

		e = check_row(k, &entry);
	}
	return e;
}

/* A store that was written before there was an edge has none until its next entry: its heads must then cover everything. */
static enum err check_edge(struct check *k, int64_t last)
{
	enum err e = edge_check(k->c, &k->page, k->log, &k->tree);

	if (e == ERR_NOT_FOUND && last == k->last_head)
		return OK;
	if (e == ERR_CONFLICT || e == ERR_NOT_FOUND)
		return differs(k, "第 %lld 到 %lld 条（最近一次签名之后）有改动、增加或缺失；"
			       "entries %lld to %lld (behind the last signed head) were altered, added to or cut off",
			       (long long)k->last_head + 1, (long long)last, (long long)k->last_head + 1, (long long)last);
	return e;
}

/* What is left over when all entries were met. */
static enum err check_end(struct check *k, int64_t last)
{
	struct journal_node_count_row n;
	enum err e;

	if ((int64_t)k->tree.size != last)
		return differs(k, "第 %lld 条记录不见了；entry %lld is missing", (long long)k->tree.size + 1, (long long)k->tree.size + 1);
	if (k->head.size)
		return differs(k, "已签名的树头有 %lld 条，日志只有 %lld 条：末尾被截掉；a signed head covers %lld entries, the journal has %lld: cut off",
			       (long long)k->head.size, (long long)last, (long long)k->head.size, (long long)last);
	e = q_journal_node_count(k->c, &k->page, &n);
	if (e == OK && n.n != k->nodes)
		return differs(k, "多出 %lld 个树节点；%lld tree nodes too many", (long long)(n.n - k->nodes), (long long)(n.n - k->nodes));
	return e == OK ? check_edge(k, last) : e;
}

static enum err run(struct check *k, void (*progress)(void *, int64_t, int64_t), void *arg)
{
	int64_t last;
	bool more = true;
	enum err e = db_snapshot(k->c);

	if (e == OK)
		e = journal_last(k->c, &last);
	if (e == OK)
		e = next_head(k);
	while (e == OK && more) {
		arena_reset(&k->page);
		e = check_page(k, last, &more);
		if (progress)
			progress(arg, (int64_t)k->tree.size, last);
	}
	return e == OK ? check_end(k, last) : e;
}

enum err journal_verify_all(struct db_conn *c, struct arena *a, void (*progress)(void *, int64_t, int64_t), void *arg, struct str *why)
{
	struct check k = {.c = c, .a = a, .why = why, .log = journal_log_of(db_of(c))};
	enum err e;

	*why = STR_NULL;
	if (k.log == NULL)
		return ERR_IO;
	k.pub = sign_public_key(a);
	arena_init(&k.page, 0);
	merkle_init(&k.tree, k.log->alg);
	e = run(&k, progress, arg);
	if (e == OK)
		*why = arena_printf(a, "%lld 条记录前后相连，其中 %lld 条在已签名的树头之内；%lld entries are whole, %lld of them under a signed head",
				    (long long)k.tree.size, (long long)k.last_head, (long long)k.tree.size, (long long)k.last_head);
	else if (why->p == NULL)
		*why = STR("读日志时数据库出错；the store failed while the journal was read");
	arena_release(&k.page);
	return e;
}
