#include "tests/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "core/journal/inner.h"
#include "core/journal/receipt.h"
#include "crypto/keyring.h"
#include "db/query.h"

static struct keyring *ring;

static void open_log(struct unit *u)
{
	struct str why = STR_NULL;

	assert_int_equal(OK, journal_init(u->db, NULL, u->a, &why));
}

static int setup(void **state)
{
	unit_setup(state);
	open_log(*state);
	return 0;
}

static int teardown(void **state)
{
	struct unit *u = *state;

	if (u->db)
		journal_end(u->db);
	return unit_teardown(state);
}

/* ---- appending ---- */

struct act {
	int n;
	const char *kind;
	int64_t subject;
	enum err then; /* what the job returns after it has appended */
};

static enum err act_job(struct tx *tx, void *arg)
{
	const struct act *act = arg;

	for (int i = 0; i < act->n; i++) {
		struct journal_entry e = {.actor = i % 3, .kind = str_from(act->kind), .subject = act->subject, .place = STR("a01"),
					  .data = arena_printf(tx->arena, "{\"i\":%d,\"名\":\"<灯>\"}", i)};
		enum err r = journal_append(tx, &e);

		if (r != OK)
			return r;
	}
	return act->then;
}

static void append(struct unit *u, int n)
{
	struct act act = {.n = n, .kind = "matter.file", .subject = 7};

	assert_int_equal(OK, db_write(u->db, act_job, &act));
}

static int64_t last(struct unit *u)
{
	struct db_conn *c = db_read_begin(u->db);
	int64_t seq;

	assert_int_equal(OK, journal_last(c, &seq));
	db_read_end(c);
	return seq;
}

static enum err verify(struct unit *u, struct str *why)
{
	struct db_conn *c = db_read_begin(u->db);
	enum err e = journal_verify_all(c, u->a, NULL, NULL, why);

	db_read_end(c);
	return e;
}

static void whole(struct unit *u)
{
	struct str why;
	enum err e = verify(u, &why);

	if (e != OK)
		fail_msg("%s: %.*s", err_name(e), STR_ARG(why));
}

static void test_refused(void **state)
{
	struct unit *u = *state;
	static const struct journal_entry bad[] = {
		{.kind = STR_NULL, .data = {"{}", 2}},
		{.kind = {"Matter", 6}, .data = {"{}", 2}},
		{.kind = {"a b", 3}, .data = {"{}", 2}},
		{.kind = {"a", 1}, .data = STR_NULL},
		{.kind = {"a", 1}, .data = {"[]", 2}},
		{.kind = {"a", 1}, .data = {"{\xff}", 3}},
		{.kind = {"a", 1}, .data = {"{\0}", 3}},
		{.kind = {"a", 1}, .place = {"\xc3", 1}, .data = {"{}", 2}},
	};
	struct tx tx = {.arena = u->a};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(ERR_INPUT, journal_append(&tx, &bad[i]));
	assert_int_equal(0, last(u));
	whole(u);
}

struct crowd {
	struct db *db;
	int number;
};

#define CROWD 8
#define ROUNDS 40

static void *crowd_thread(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		bool bad = i % 4 == 3;
		struct act act = {.n = 1 + i % 3, .kind = bad ? "must.vanish" : "matter.file", .subject = c->number,
				  .then = bad ? ERR_RULE : OK};

		if (db_write(c->db, act_job, &act) != act.then)
			BUG("job %d of %d", i, c->number);
	}
	return NULL;
}

/* What ROUNDS jobs of one thread leave: those that fail leave nothing. */
static int64_t kept_of_one(void)
{
	int64_t n = 0;

	for (int i = 0; i < ROUNDS; i++)
		n += i % 4 == 3 ? 0 : 1 + i % 3;
	return n;
}

static void run_crowd(struct db *one, struct db *other)
{
	pthread_t t[CROWD];
	struct crowd c[CROWD];

	for (int i = 0; i < CROWD; i++) {
		c[i] = (struct crowd){i % 2 ? other : one, i + 1};
		assert_int_equal(0, pthread_create(&t[i], NULL, crowd_thread, &c[i]));
	}
	for (int i = 0; i < CROWD; i++)
		pthread_join(t[i], NULL);
}

static void check_crowd(struct unit *u)
{
	struct db_conn *c = db_read_begin(u->db);
	struct journal_entry *v;
	size_t n;

	assert_int_equal(OK, journal_read(c, u->a, 0, 5000, &v, &n));
	assert_int_equal(CROWD * kept_of_one(), n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(i + 1, v[i].seq);
		assert_string_equal("matter.file", v[i].kind.p);
		assert_true(v[i].at > 0);
	}
	assert_int_equal(OK, journal_of_subject(c, u->a, 3, &v, &n));
	assert_int_equal(kept_of_one(), n);
	db_read_end(c);
}

static void test_concurrent(void **state)
{
	struct unit *u = *state;

	run_crowd(u->db, u->db);
	check_crowd(u);
	assert_int_equal(OK, journal_sign(u->db));
	whole(u);
}

/* Two processes' worth of writers: each has its own idea of the tree and must notice the other's entries. */
static void test_two_stores(void **state)
{
	struct unit *u = *state;
	struct db *other;
	struct str why;

	assert_int_equal(OK, db_open(&other, u->url, NULL, u->a, &why));
	assert_int_equal(OK, journal_init(other, NULL, u->a, &why));
	run_crowd(u->db, other);
	check_crowd(u);
	assert_int_equal(OK, journal_sign(other));
	assert_int_equal(OK, journal_sign(u->db));
	journal_end(other);
	db_close(other);
	whole(u);
}

/* A process that starts anew must go on with the same tree, at whatever size the old one ended. */
static void test_restart(void **state)
{
	static const int sizes[] = {1, 1, 253, 1, 1, 1, 254, 1, 2, 700};
	struct unit *u = *state;
	int64_t total = 0;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		append(u, sizes[i]);
		total += sizes[i];
		assert_int_equal(OK, journal_sign(u->db));
		journal_end(u->db);
		unit_store_reopen(u, NULL);
		open_log(u);
		assert_int_equal(total, last(u));
		whole(u);
	}
}

/* ---- tampering ---- */

struct sql {
	struct db_part parts[2];
	struct db_query q;
};
static struct sql statements[256];
static size_t nstatements;

static enum err run_sql(struct tx *tx, void *arg)
{
	return db_run(tx->c, arg, NULL, NULL, NULL, NULL);
}

/* A statement behind the back of the journal. */
static void tamper(struct unit *u, const char *sqlite, const char *pg)
{
	struct sql *s = &statements[nstatements++];

	assert_true(nstatements <= ARRAY_LEN(statements));
	s->parts[0] = (struct db_part){sqlite, pg, -1};
	s->q = (struct db_query){.name = "tamper", .file = __FILE__, .flags = DB_Q_WRITE, .optional = "", .nullable = "", .parts = s->parts};
	assert_int_equal(OK, db_write(u->db, run_sql, &s->q));
}

static void found(struct unit *u, const char *what)
{
	struct str why;
	enum err e = verify(u, &why);

	if (e != ERR_CONFLICT)
		fail_msg("%s not found: %s", what, err_name(e));
	assert_true(why.n > 20);
}

static void test_tamper(void **state)
{
	static const struct {
		const char *change, *back;
	} v[] = {
		{"UPDATE journal SET at = at + 1 WHERE seq = 300", "UPDATE journal SET at = at - 1 WHERE seq = 300"},
		{"UPDATE journal SET actor = actor + 1 WHERE seq = 1", "UPDATE journal SET actor = actor - 1 WHERE seq = 1"},
		{"UPDATE journal SET kind = 'matter.filf' WHERE seq = 599", "UPDATE journal SET kind = 'matter.file' WHERE seq = 599"},
		{"UPDATE journal SET subject = subject + 1 WHERE seq = 600", "UPDATE journal SET subject = subject - 1 WHERE seq = 600"},
		{"UPDATE journal SET place = 'a02' WHERE seq = 256", "UPDATE journal SET place = 'a01' WHERE seq = 256"},
		{"UPDATE journal SET data = replace(data, '{', '{ ') WHERE seq = 257",
		 "UPDATE journal SET data = replace(data, '{ ', '{') WHERE seq = 257"},
		/* bytes that move from one column to the next */
		{"UPDATE journal SET kind = 'matter.filea', place = '01' WHERE seq = 9", "UPDATE journal SET kind = 'matter.file', place = 'a01' WHERE seq = 9"},
		{"UPDATE journal SET seq = 1000 WHERE seq = 600", "UPDATE journal SET seq = 600 WHERE seq = 1000"},
		{"UPDATE journal SET seq = 1000 WHERE seq = 20", "UPDATE journal SET seq = 20 WHERE seq = 1000"},
		{"UPDATE journal_head SET at = at + 1", "UPDATE journal_head SET at = at - 1"},
		{"UPDATE journal_head SET size = size - 1", "UPDATE journal_head SET size = size + 1"},
		{"UPDATE journal_head SET size = size + 1", "UPDATE journal_head SET size = size - 1"},
		{"UPDATE journal_head SET key_id = '0' || key_id", "UPDATE journal_head SET key_id = substr(key_id, 2)"},
		{"UPDATE journal_head SET root = signature, signature = root", "UPDATE journal_head SET root = signature, signature = root"},
		{"UPDATE journal_node SET idx = idx + 10 WHERE idx = 1", "UPDATE journal_node SET idx = idx - 10 WHERE idx = 11"},
		{"UPDATE journal_node SET level = 11 WHERE level = 9", "UPDATE journal_node SET level = 9 WHERE level = 11"},
		{"INSERT INTO journal_node SELECT 30, idx, hash FROM journal_node WHERE level = 9", "DELETE FROM journal_node WHERE level = 30"},
		{"UPDATE journal SET kind = 'x' WHERE seq = 5", NULL},
	};
	struct unit *u = *state;

	append(u, 600);
	assert_int_equal(OK, journal_sign(u->db));
	whole(u);
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		tamper(u, v[i].change, v[i].change);
		found(u, v[i].change);
		if (v[i].back == NULL)
			break;
		tamper(u, v[i].back, v[i].back);
		whole(u);
	}
}

static void test_cut_off(void **state)
{
	struct unit *u = *state;

	append(u, 10);
	assert_int_equal(OK, journal_sign(u->db));
	tamper(u, "DELETE FROM journal WHERE seq > 8", "DELETE FROM journal WHERE seq > 8");
	found(u, "entries cut off behind a head");
}

/* Behind the last head, in a block that is not full: nothing but the edge covers it. */
static void test_edge(void **state)
{
	static const struct {
		const char *change, *back;
	} v[] = {
		{"UPDATE journal SET data = replace(data, '{', '{ ') WHERE seq = 20", "UPDATE journal SET data = replace(data, '{ ', '{') WHERE seq = 20"},
		{"UPDATE journal SET at = at + 1 WHERE seq = 12", "UPDATE journal SET at = at - 1 WHERE seq = 12"},
		{"UPDATE journal SET subject = subject + 1 WHERE seq = 11", "UPDATE journal SET subject = subject - 1 WHERE seq = 11"},
		{"INSERT INTO journal SELECT 21, at, actor, kind, subject, place, data FROM journal WHERE seq = 20", "DELETE FROM journal WHERE seq = 21"},
		{"UPDATE journal_edge SET size = 19", "UPDATE journal_edge SET size = 20"},
		{"UPDATE journal_edge SET id = 2", "UPDATE journal_edge SET id = 1"},
		{"DELETE FROM journal WHERE seq = 20", NULL},
	};
	struct unit *u = *state;

	append(u, 10);
	assert_int_equal(OK, journal_sign(u->db));
	append(u, 10);
	whole(u);
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		tamper(u, v[i].change, v[i].change);
		found(u, v[i].change);
		if (v[i].back == NULL)
			break;
		tamper(u, v[i].back, v[i].back);
		whole(u);
	}
}

/* A store that had no edge: whole as long as a head covers all of it, and it gets one with the next entry. */
static void test_edge_of_an_old_store(void **state)
{
	struct unit *u = *state;

	append(u, 10);
	tamper(u, "DELETE FROM journal_edge", "DELETE FROM journal_edge");
	found(u, "no edge, no head");
	assert_int_equal(OK, journal_sign(u->db));
	whole(u);
	append(u, 3);
	whole(u);
}

/* One byte of a stored hash. */
static void test_node_byte(void **state)
{
	struct unit *u = *state;

	append(u, 300);
	tamper(u, "UPDATE journal_node SET hash = CAST(substr(hash, 1, 31) || x'00' AS BLOB)",
	       "UPDATE journal_node SET hash = set_byte(hash, 31, (get_byte(hash, 31) + 1) % 256)");
	found(u, "a byte of a node");
}

/* ---- heads, proofs, receipts ---- */

static void test_heads(void **state)
{
	struct unit *u = *state;
	struct journal_head h, first, *v;
	struct db_conn *c;
	size_t n;

	assert_int_equal(OK, journal_sign(u->db));
	append(u, 5);
	assert_int_equal(ERR_NOT_FOUND, journal_head_for(u->db, u->a, 6, &h));
	assert_int_equal(OK, journal_head_for(u->db, u->a, 3, &first));
	assert_int_equal(5, first.size);
	append(u, 2);
	/* covered already: nothing new is signed */
	assert_int_equal(OK, journal_head_for(u->db, u->a, 5, &h));
	assert_int_equal(5, h.size);
	assert_int_equal(OK, journal_head_for(u->db, u->a, 6, &h));
	assert_int_equal(7, h.size);
	assert_int_equal(OK, journal_sign(u->db));
	c = db_read_begin(u->db);
	assert_int_equal(OK, journal_heads(c, u->a, INT64_MAX, 10, &v, &n));
	assert_int_equal(2, n);
	assert_int_equal(7, v[0].size);
	assert_memory_equal(first.root, v[1].root, 32);
	assert_int_equal(ERR_INPUT, journal_heads(c, u->a, INT64_MAX, 0, &v, &n));
	db_read_end(c);
}

static void test_consistency(void **state)
{
	static const int steps[] = {1, 6, 200, 49, 1, 255, 300, 1};
	struct unit *u = *state;
	struct journal_head v[ARRAY_LEN(steps)];
	unsigned char (*path)[32];
	struct db_conn *c;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		append(u, steps[i]);
		assert_int_equal(OK, journal_head_for(u->db, u->a, last(u), &v[i]));
	}
	c = db_read_begin(u->db);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		for (size_t k = i; k < ARRAY_LEN(steps); k++) {
			assert_int_equal(OK, journal_consistency(c, u->a, v[i].size, v[k].size, &path, &n));
			assert_true(merkle_check_consistency(keyring_hash(), (uint64_t)v[i].size, (uint64_t)v[k].size, v[i].root, v[k].root,
							     (const merkle_hash *)path, n));
		}
	}
	assert_int_equal(ERR_INPUT, journal_consistency(c, u->a, 5, 4, &path, &n));
	assert_int_equal(ERR_NOT_FOUND, journal_consistency(c, u->a, 5, 100000, &path, &n));
	assert_int_equal(ERR_INPUT, journal_inclusion(c, u->a, 0, 4, &path, &n));
	assert_int_equal(ERR_INPUT, journal_inclusion(c, u->a, 5, 4, &path, &n));
	db_read_end(c);
}

static void test_receipts(void **state)
{
	static const int64_t seqs[] = {1, 2, 255, 256, 257, 511, 512, 513, 599, 600};
	struct unit *u = *state;
	struct str pub = journal_public_key(u->a), json, why;
	struct journal_entry e;

	append(u, 600);
	for (size_t i = 0; i < ARRAY_LEN(seqs); i++) {
		assert_int_equal(OK, journal_receipt(u->db, u->a, seqs[i], &json));
		if (journal_receipt_check(u->a, json, pub, &e, &why) != OK)
			fail_msg("receipt %d: %.*s", (int)seqs[i], STR_ARG(why));
		assert_int_equal(seqs[i], e.seq);
		assert_int_equal(7, e.subject);
		assert_true(str_starts(e.data, "{\"i\":"));
		append(u, 1);
	}
	assert_int_equal(ERR_NOT_FOUND, journal_receipt(u->db, u->a, 5000, &json));
	assert_int_equal(ERR_NOT_FOUND, journal_receipt(u->db, u->a, 0, &json));
}

static void test_altered_receipt(void **state)
{
	struct unit *u = *state;
	struct str pub = journal_public_key(u->a), json, why;
	struct journal_entry e;
	char *t;

	append(u, 20);
	assert_int_equal(OK, journal_receipt(u->db, u->a, 11, &json));
	t = arena_strz(u->a, json);
	/* the last byte is the line's end */
	for (size_t i = 0; i + 1 < json.n; i++) {
		struct arena a;

		arena_init(&a, 0);
		t[i] ^= 1;
		if (journal_receipt_check(&a, (struct str){t, json.n}, pub, &e, &why) == OK)
			fail_msg("byte %zu of the receipt altered and not noticed: %s", i, t);
		t[i] ^= 1;
		assert_int_not_equal(OK, journal_receipt_check(&a, (struct str){t, i}, pub, &e, &why));
		arena_release(&a);
	}
	assert_int_equal(OK, journal_receipt_check(u->a, (struct str){t, json.n}, pub, &e, &why));
	assert_int_equal(ERR_CONFLICT, journal_receipt_check(u->a, json, STR("# empty"), &e, &why));
	assert_int_equal(ERR_INPUT, journal_receipt_check(u->a, STR("{}"), pub, &e, &why));
	assert_int_equal(ERR_INPUT, journal_receipt_check(u->a, STR_NULL, pub, &e, &why));
}

/* ---- the audit's search ---- */

static enum err mixed_job(struct tx *tx, void *arg)
{
	static const char *const kinds[] = {"matter.file", "matter.filed", "matter", "role.grant"};
	static const char *const places[] = {"", "aa", "aab", "ab"};
	enum err e = OK;

	(void)arg;
	for (int i = 0; i < 400 && e == OK; i++) {
		struct journal_entry x = {.actor = i % 5, .subject = i % 7, .kind = str_from(kinds[i % 4]), .place = str_from(places[i / 4 % 4]),
					  .at = 1000 + i, .data = STR("{}")};

		e = journal_append(tx, &x);
	}
	return e;
}

static bool kind_fits(struct str kind, struct str want)
{
	return want.n == 0 || str_eq(kind, want) || (str_starts(kind, want.p) && kind.p[want.n] == '.');
}

static bool fits(const struct journal_entry *e, const struct journal_filter *f)
{
	return e->seq > f->after && (f->actor == 0 || e->actor == f->actor) && (f->subject == 0 || e->subject == f->subject) && kind_fits(e->kind, f->kind) &&
	       (f->place.n == 0 || str_starts(e->place, f->place.p)) && (f->at_from == 0 || e->at >= f->at_from) &&
	       (f->at_to == 0 || e->at < f->at_to);
}

/* All pages of a search are exactly what a walk through the whole log finds, newest first. */
static void search_is_right(struct unit *u, struct journal_filter f)
{
	struct db_conn *c = db_read_begin(u->db);
	struct journal_entry *all, *v;
	size_t n, left, got;
	int64_t next;

	assert_int_equal(OK, journal_read(c, u->a, 0, 5000, &all, &n));
	left = n;
	do {
		assert_int_equal(OK, journal_search(c, u->a, &f, &v, &got, &next));
		for (size_t i = 0; i < got; i++) {
			while (left && !fits(&all[left - 1], &f))
				left--;
			assert_true(left > 0);
			assert_int_equal(all[--left].seq, v[i].seq);
		}
		f.before = next;
	} while (next);
	while (left)
		assert_false(fits(&all[--left], &f));
	db_read_end(c);
}

static void test_search(void **state)
{
	struct unit *u = *state;
	struct journal_entry *v;
	struct db_conn *c;
	size_t n;
	int64_t next;

	search_is_right(u, (struct journal_filter){.limit = 10});
	assert_int_equal(OK, db_write(u->db, mixed_job, NULL));
	search_is_right(u, (struct journal_filter){.limit = 7});
	search_is_right(u, (struct journal_filter){.limit = 500});
	search_is_right(u, (struct journal_filter){.limit = 9, .actor = 3});
	search_is_right(u, (struct journal_filter){.limit = 9, .subject = 6});
	search_is_right(u, (struct journal_filter){.limit = 9, .subject = 6, .actor = 3, .kind = STR("matter")});
	search_is_right(u, (struct journal_filter){.limit = 9, .kind = STR("matter")});
	search_is_right(u, (struct journal_filter){.limit = 9, .kind = STR("matter.file")});
	search_is_right(u, (struct journal_filter){.limit = 9, .place = STR("aa")});
	search_is_right(u, (struct journal_filter){.limit = 9, .at_from = 1100, .at_to = 1200, .place = STR("a")});
	search_is_right(u, (struct journal_filter){.limit = 9, .kind = STR("nothing")});
	search_is_right(u, (struct journal_filter){.limit = 9, .after = 150, .place = STR("a")});
	search_is_right(u, (struct journal_filter){.limit = 500, .after = 150, .actor = 3});
	search_is_right(u, (struct journal_filter){.limit = 9, .after = 400});
	c = db_read_begin(u->db);
	assert_int_equal(ERR_INPUT, journal_search(c, u->a, &(struct journal_filter){.limit = 0}, &v, &n, &next));
	assert_int_equal(ERR_INPUT, journal_search(c, u->a, &(struct journal_filter){.limit = 501}, &v, &n, &next));
	db_read_end(c);
}

static void test_recent(void **state)
{
	static const int64_t subjects[] = {1, 2, 6, 99};
	struct unit *u = *state;
	struct db_conn *c;
	int64_t seq, *v;
	size_t n;

	c = db_read_begin(u->db);
	assert_int_equal(OK, journal_number_at(c, u->a, 1000, &seq));
	db_read_end(c);
	assert_int_equal(0, seq);
	assert_int_equal(OK, db_write(u->db, mixed_job, NULL)); /* number i + 1 at 1000 + i */
	c = db_read_begin(u->db);
	for (int64_t at = 999; at < 1403; at += 7) {
		assert_int_equal(OK, journal_number_at(c, u->a, at, &seq));
		assert_int_equal(at <= 1000 ? 0 : at - 1000 > 400 ? 400 : at - 1000, seq);
	}
	/* the last four entries: subjects 4 5 6 0 by actors 1 2 3 4, of the kinds file, filed, matter, grant */
	assert_int_equal(OK, journal_changed(c, u->a, subjects, 4, 396, 0, (const struct str[]){STR("matter.reveal")}, 1, &v, &n));
	assert_true(n == 1 && v[0] == 6);
	assert_int_equal(OK, journal_changed(c, u->a, subjects, 4, 396, 3, (const struct str[]){STR("matter.reveal")}, 1, &v, &n)); /* one's own */
	assert_int_equal(0, n);
	assert_int_equal(OK, journal_changed(c, u->a, subjects, 4, 396, 0, (const struct str[]){STR("matter")}, 1, &v, &n)); /* the kind that does not count */
	assert_int_equal(0, n);
	assert_int_equal(OK, journal_changed(c, u->a, subjects, 4, 0, 0, (const struct str[]){STR("matter.reveal")}, 1, &v, &n));
	assert_int_equal(3, n);
	assert_int_equal(OK, journal_changed(c, u->a, subjects, 4, 400, 0, (const struct str[]){STR("matter.reveal")}, 1, &v, &n));
	assert_int_equal(0, n);
	db_read_end(c);
}

/* ---- tailers ---- */

struct seen {
	_Atomic int64_t upto;
	atomic_int calls, failures;
	atomic_bool skipped;
};

static void look(struct seen *s, const struct journal_entry *v, size_t n)
{
	/* a job may run again, so it may begin earlier than expected, but never later */
	if (n == 0 || v[0].seq > s->upto + 1)
		s->skipped = true;
	for (size_t i = 1; i < n; i++)
		if (v[i].seq != v[i - 1].seq + 1)
			s->skipped = true;
	s->upto = v[n - 1].seq;
	s->calls++;
}

static enum err tail(struct tx *tx, void *arg, const struct journal_entry *v, size_t n)
{
	struct seen *s = arg;

	(void)tx;
	if (s->failures > 0) {
		s->failures--;
		return ERR_DB;
	}
	look(s, v, n);
	return OK;
}

static void watch(void *arg, const struct journal_entry *v, size_t n)
{
	look(arg, v, n);
}

static void test_tail(void **state)
{
	struct unit *u = *state;
	struct seen s = {.failures = 2};
	struct journal_tailer *t;

	append(u, 1300);
	assert_int_equal(OK, journal_tail(u->db, "test", tail, &s, &t));
	journal_tail_drain(t);
	assert_int_equal(1300, s.upto);
	assert_int_equal(0, s.failures);
	for (int i = 0; i < 20; i++) {
		append(u, 3);
		if (i % 5 == 0)
			journal_tail_drain(t);
	}
	journal_tail_drain(t);
	assert_int_equal(1360, s.upto);
	journal_tail_stop(t);
	append(u, 4);
	/* goes on behind its cursor */
	journal_end(u->db);
	unit_store_reopen(u, NULL);
	open_log(u);
	assert_int_equal(OK, journal_tail(u->db, "test", tail, &s, &t));
	journal_tail_drain(t);
	assert_int_equal(1364, s.upto);
	assert_false(s.skipped);
	journal_tail_stop(t);
	journal_tail_stop(NULL);
}

static void test_watch(void **state)
{
	struct unit *u = *state;
	struct seen s = {.upto = 5};
	struct journal_tailer *t;

	append(u, 5);
	assert_int_equal(OK, journal_watch(u->db, 5, watch, &s, &t));
	journal_tail_drain(t);
	assert_int_equal(0, s.calls);
	append(u, 10);
	for (int i = 0; i < 400 && s.upto < 15; i++)
		usleep(5000);
	assert_int_equal(15, s.upto);
	append(u, 700);
	journal_tail_drain(t);
	assert_int_equal(715, s.upto);
	assert_false(s.skipped);
	journal_tail_stop(t);
}

/* An index is made anew, entry by entry: what comes meanwhile does not wait for the end of it. */
#define OLD_ONES 9000
#define MEANWHILE 200

struct anew {
	_Atomic int64_t upto, seen_at;   /* how far the old ones were when the newest was seen */
	atomic_int calls;
	unsigned char seen[OLD_ONES + MEANWHILE + 1];
};

static enum err index_slowly(struct tx *tx, void *arg, const struct journal_entry *v, size_t n)
{
	struct anew *x = arg;

	(void)tx;
	usleep((useconds_t)n * 100);
	for (size_t i = 0; i < n; i++) {
		x->seen[v[i].seq] = 1;
		if (v[i].seq == OLD_ONES + MEANWHILE && x->seen_at < 0)
			x->seen_at = x->upto;
	}
	if (v[0].seq <= x->upto + 1 && v[n - 1].seq > x->upto)
		x->upto = v[n - 1].seq;
	x->calls++;
	return OK;
}

static void test_new_first(void **state)
{
	static struct anew x;
	struct unit *u = *state;
	struct journal_tailer *t;

	memset(&x, 0, sizeof(x));
	x.seen_at = -1;
	append(u, OLD_ONES);
	assert_int_equal(OK, journal_tail_new_first(u->db, "anew", index_slowly, &x, &t));
	while (x.calls < 4)
		usleep(1000);
	append(u, MEANWHILE);
	for (int i = 0; i < 4000 && x.seen_at < 0; i++)
		usleep(1000);
	assert_true(x.seen_at >= 0 && x.seen_at < OLD_ONES - 4000);
	journal_tail_drain(t);
	assert_int_equal(OLD_ONES + MEANWHILE, x.upto);
	for (int i = 1; i <= OLD_ONES + MEANWHILE; i++)
		assert_true(x.seen[i]);
	journal_tail_stop(t);
}

/* Entries of many writers while it follows: none may be passed over because it committed late. */
static void test_tail_under_load(void **state)
{
	struct unit *u = *state;
	struct seen s = {.upto = 0};
	struct journal_tailer *t;

	assert_int_equal(OK, journal_tail(u->db, "load", tail, &s, &t));
	run_crowd(u->db, u->db);
	journal_tail_drain(t);
	assert_int_equal(CROWD * kept_of_one(), s.upto);
	assert_false(s.skipped);
	journal_tail_stop(t);
}

/* The share of a tailer: a twentieth, more with each millisecond it is late, half at the end and never less. */
static void test_tail_share(void **state)
{
	const struct journal_log *l = journal_log_of(((struct unit *)*state)->db);
	int64_t last = tail_yield_us(l, 0, 1000);

	assert_int_equal(19000, last);
	assert_int_equal(19000, tail_yield_us(l, TAIL_EASY_MS, 1000));
	for (int64_t ms = 0; ms < 2 * TAIL_LATE_MS; ms += 100) {
		int64_t now = tail_yield_us(l, ms, 1000);

		assert_true(now <= last && now >= 1000 && (ms <= TAIL_EASY_MS || ms > TAIL_LATE_MS || now < last));
		last = now;
	}
	assert_int_equal(1000, tail_yield_us(l, TAIL_LATE_MS, 1000));
	assert_int_equal(1000, tail_yield_us(l, INT64_MAX / 2, 1000));
}

#define PRESS 8

struct press {
	struct db *db;
	_Atomic int64_t written;
	_Atomic bool over;
};

static void *press_thread(void *arg)
{
	struct press *p = arg;
	struct act act = {.n = 1, .kind = "matter.file", .subject = 1};

	while (!atomic_load(&p->over)) {
		if (db_write(p->db, act_job, &act) != OK)
			BUG("a write failed");
		atomic_fetch_add(&p->written, 1);
	}
	return NULL;
}

/* People who never stop: who follows is not starved, but sees the most of what they wrote while they write. */
static void test_tail_not_starved(void **state)
{
	struct unit *u = *state;
	struct journal_log *l = journal_log_of(u->db);
	struct press p = {.db = u->db};
	struct seen s = {.upto = 0};
	struct journal_tailer *t;
	pthread_t threads[PRESS];

	l->easy_ms = 50;
	l->late_ms = 250;
	assert_int_equal(OK, journal_tail(u->db, "press", tail, &s, &t));
	for (int i = 0; i < PRESS; i++)
		assert_int_equal(0, pthread_create(&threads[i], NULL, press_thread, &p));
	usleep(2500000);
	journal_tail_stop(t); /* while they write */
	atomic_store(&p.over, true);
	for (int i = 0; i < PRESS; i++)
		pthread_join(threads[i], NULL);
	assert_true(s.upto > 0 && !s.skipped);
	if (s.upto * 2 < atomic_load(&p.written))
		fail_msg("seen %lld of %lld", (long long)s.upto, (long long)atomic_load(&p.written));
}

static int use_suite(const char *suite)
{
	struct arena a;
	struct str why;
	char dir[300];

	arena_init(&a, 0);
	keyring_free(ring);
	snprintf(dir, sizeof(dir), "%s/keys", unit_tmp());
	if (keyring_open(dir, true, suite, &ring, &a, &why) != OK)
		BUG("%s", why.p);
	keyring_use(ring);
	arena_release(&a);
	return 0;
}

int main(void)
{
#define BOTH(f) \
	{#f " SQLite", f, setup, teardown, (void *)(uintptr_t)DB_SQLITE}, {#f " PG", f, setup, teardown, (void *)(uintptr_t)DB_PG}
	static const struct CMUnitTest tests[] = {
		BOTH(test_refused), BOTH(test_concurrent), BOTH(test_two_stores), BOTH(test_restart), BOTH(test_tamper), BOTH(test_cut_off),
		BOTH(test_edge), BOTH(test_edge_of_an_old_store), BOTH(test_node_byte),
		BOTH(test_heads), BOTH(test_consistency), BOTH(test_receipts), BOTH(test_altered_receipt), BOTH(test_search), BOTH(test_recent),
		BOTH(test_tail), BOTH(test_new_first),
		BOTH(test_watch), BOTH(test_tail_under_load), BOTH(test_tail_share), BOTH(test_tail_not_starved),
	};
	int failed;

	use_suite("sm");
	failed = UNIT_MAIN(tests);
	keyring_free(ring);
	return failed;
}
