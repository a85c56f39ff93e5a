/* A restore is rehearsed between all pairs of engines, over every table of the real schema, and compared row by row. */
#include "db/backup.c"

#include <signal.h>
#include <sys/resource.h>

#include "base/id.h"
#include "tests/unit.h"

/* ---- a store with something in every table ---- */

static struct db_query *insert_query(struct unit *u, const struct table *t)
{
	struct str cols = STR(""), marks = STR("");
	struct db_query *q;

	for (int i = 0; i < t->ncols; i++) {
		cols = arena_printf(u->a, "%s%s\"%s\"", cols.p, i ? ", " : "", t->cols[i].name.p);
		marks = arena_printf(u->a, "%s%s%c%d", marks.p, i ? ", " : "", u->engine == DB_PG ? '$' : '?', i + 1);
	}
	q = make_query(u->a, "fill", arena_printf(u->a, "INSERT INTO \"%s\" (%s) VALUES (%s)", t->name.p, cols.p, marks.p), t->ncols, 0,
		       types_of(u->a, t));
	q->flags = DB_Q_WRITE;
	return q;
}

/* Row k, with NULLs when asked for; what a table's checks refuse is simply not there. */
static void make_row(struct unit *u, const struct table *t, int k, bool nulls, struct db_value *v)
{
	for (int i = 0; i < t->ncols; i++) {
		v[i] = (struct db_value){0};
		if (nulls && i > t->ncols / 2) {
			v[i].null = true;
			continue;
		}
		switch (t->cols[i].type) {
		case DB_BOOL:
			v[i].b = k % 2;
			break;
		case DB_F64:
			v[i].f = k * 0.1 - 1e9;
			break;
		case DB_BLOB:
			v[i].s = arena_printf(u->a, "blob %d", k);
			((char *)(uintptr_t)v[i].s.p)[4] = 0;
			break;
		case DB_STR:
			v[i].s = arena_printf(u->a, "行%d\n\"列\" '%d' 🏮", k, i);
			break;
		default:
			v[i].i = (int64_t)k * 1000003 + i - 5000;
		}
	}
}

struct fill_row {
	struct unit *u;
	const struct table *t;
	struct db_query *q;
	int k;
	bool nulls;
};

static enum err fill_job(struct tx *tx, void *arg)
{
	struct fill_row *f = arg;
	struct db_value v[DB_MAX_COLS];

	make_row(f->u, f->t, f->k, f->nulls, v);
	if (f->t->search)
		return search_put(tx, f->t->name.p + 7, v[0].i, v[1].s);
	return db_run(tx->c, f->q, v, NULL, NULL, NULL);
}

static void fill(struct unit *u)
{
	struct tables t;
	struct db_conn *c = db_read_begin(u->db);
	int filled = 0;

	assert_int_equal(OK, list_tables(c, u->a, &t));
	db_read_end(c);
	log_set_level(LOG_ERROR + 1); /* refusals by checks are expected */
	for (struct table *i = t.first; i; i = i->next) {
		struct fill_row f = {u, i, insert_query(u, i), 0, false};

		for (f.k = 1; f.k <= 30; f.k++) {
			f.nulls = f.k % 3 == 0;
			filled += db_write(u->db, fill_job, &f) == OK;
		}
	}
	log_set_level(LOG_WARN);
	assert_true(filled > 100);
}

/* ---- all rows of a store as sorted texts ---- */

struct dump {
	struct unit *u;
	const struct table *t;
	struct str *v;
	size_t n;
};

static enum err dump_row(void *arg, const struct db_value *v)
{
	struct dump *d = arg;
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_adds(&b, d->t->name);
	for (int i = 0; i < d->t->ncols; i++)
		put_tagged(&b, d->t->cols[i].type, &v[i]);
	assert_true(d->n < 20000);
	d->v[d->n++] = arena_str(d->u->a, buf_str(&b));
	buf_release(&b);
	return OK;
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct dump dump_store(struct unit *u)
{
	struct dump d = {.u = u, .v = arena_array(u->a, struct str, 20000)};
	struct db_conn *c = db_conn_new(u->db, false);
	struct tables t;

	assert_int_equal(OK, db_snapshot(c));
	assert_int_equal(OK, list_tables(c, u->a, &t));
	for (d.t = t.first; d.t; d.t = d.t->next)
		assert_int_equal(OK, db_run(c, select_query(u->a, d.t), NULL, dump_row, &d, NULL));
	u->db->backend->rollback(c);
	db_conn_free(c);
	qsort(d.v, d.n, sizeof(*d.v), by_text);
	return d;
}

static void same_rows(struct unit *x, struct unit *y)
{
	struct dump a = dump_store(x), b = dump_store(y);

	assert_true(a.n > 100);
	assert_int_equal(a.n, b.n);
	for (size_t i = 0; i < a.n; i++)
		assert_true(str_eq(a.v[i], b.v[i]));
}

/* ---- tests ---- */

static const struct db_options empty_store = {.no_migrate_check = true};

static const char *backup_path(struct unit *u)
{
	return arena_printf(u->a, "%s/备份 1.gzb", unit_tmp()).p;
}

static void must(enum err e, const struct str *why)
{
	if (e != OK)
		print_error("%s: %.*s\n", err_name(e), STR_ARG(*why));
	assert_int_equal(OK, e);
}

static struct unit *restored(enum db_engine engine, const char *path)
{
	struct unit *to = unit_store(engine, &empty_store);
	struct str why = STR_NULL;

	must(backup_restore(to->db, path, NULL, NULL, to->a, &why), &why);
	assert_int_equal(0, db_migrations_missing(to->db));
	/* a second time the store is not empty */
	assert_int_equal(ERR_CONFLICT, backup_restore(to->db, path, NULL, NULL, to->a, &why));
	return to;
}

/* PostgreSQL to itself and to SQLite, and from there to both again. (Filled on PostgreSQL, which knows what is boolean.) */
static void test_rehearsal(void **state)
{
	static const enum db_engine way[] = {DB_PG, DB_SQLITE, DB_SQLITE, DB_PG};
	struct unit *first = *state, *from = first;
	struct backup_info info;
	struct str why = STR_NULL;

	fill(first);
	for (size_t i = 0; i < ARRAY_LEN(way); i++) {
		const char *path = backup_path(first);
		struct unit *to;

		must(backup_write(from->db, path, NULL, NULL, first->a, &why), &why);
		must(backup_check(path, &info, first->a, &why), &why);
		assert_true(info.rows > 100 && info.migrations > 0 && info.tables > 5);
		to = restored(way[i], path);
		same_rows(first, to);
		if (from != first)
			unit_store_close(from);
		from = to;
	}
	unit_store_close(from);
}

static void change_byte(const char *path, long at)
{
	FILE *f = fopen(path, "r+b");
	int ch;

	assert_non_null(f);
	assert_int_equal(0, fseek(f, at, at < 0 ? SEEK_END : SEEK_SET));
	ch = fgetc(f);
	assert_int_equal(0, fseek(f, -1, SEEK_CUR));
	fputc(ch ^ 1, f);
	fclose(f);
}

static void test_damage(void **state)
{
	static const long places[] = {0, 20, 60, 300, -40, -1};
	struct unit *u = *state;
	const char *path = backup_path(u);
	struct str why;

	fill(u);
	must(backup_write(u->db, path, NULL, NULL, u->a, &why), &why);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		change_byte(path, places[i]);
		assert_int_equal(ERR_INPUT, backup_check(path, NULL, u->a, &why));
		change_byte(path, places[i]);
	}
	assert_int_equal(OK, backup_check(path, NULL, u->a, &why));
	assert_int_equal(0, truncate(path, 500));
	assert_int_equal(ERR_INPUT, backup_check(path, NULL, u->a, &why));
	assert_int_equal(ERR_NOT_FOUND, backup_check("/nowhere/x", NULL, u->a, &why));
}

/* A write that fails in the middle leaves no file, neither half nor under another name. */
static void test_no_room(void **state)
{
	struct unit *u = *state;
	const char *path = backup_path(u);
	struct rlimit old, small;
	struct str why;
	enum err e;

	fill(u);
	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &old));
	small = (struct rlimit){100, old.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &small));
	e = backup_write(u->db, path, NULL, NULL, u->a, &why);
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &old));
	assert_int_equal(ERR_IO, e);
	assert_int_equal(-1, access(path, F_OK));
	assert_int_equal(-1, access(arena_printf(u->a, "%s.part-%ld", path, (long)getpid()).p, F_OK));
	assert_int_equal(ERR_IO, backup_write(u->db, "/nowhere/at/all", NULL, NULL, u->a, &why));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_ON(DB_PG, test_rehearsal), UNIT_BOTH(test_damage), UNIT_ON(DB_SQLITE, test_no_room),
	};

	return UNIT_MAIN(tests);
}
