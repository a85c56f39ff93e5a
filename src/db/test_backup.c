/* A restore is rehearsed between all pairs of engines, over every table of the real schema, and compared row by row. */
#include "db/backup.c"

#include <signal.h>
#include <sys/resource.h>

#include "base/file.h"
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
		if (!of_a_process(d.t))
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

	must(backup_restore(to->db, path, NULL, NULL, NULL, to->a, &why), &why);
	assert_int_equal(0, db_migrations_missing(to->db));
	/* a second time the store is not empty */
	assert_int_equal(ERR_CONFLICT, backup_restore(to->db, path, NULL, NULL, NULL, to->a, &why));
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

		must(backup_write(from->db, path, NULL, NULL, NULL, first->a, &why), &why);
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
	must(backup_write(u->db, path, NULL, NULL, NULL, u->a, &why), &why);
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
	e = backup_write(u->db, path, NULL, NULL, NULL, u->a, &why);
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &old));
	assert_int_equal(ERR_IO, e);
	assert_int_equal(-1, access(path, F_OK));
	assert_int_equal(-1, access(arena_printf(u->a, "%s.part-%ld", path, (long)getpid()).p, F_OK));
	assert_int_equal(ERR_IO, backup_write(u->db, "/nowhere/at/all", NULL, NULL, NULL, u->a, &why));
}

/* ---- attachments ---- */

static void put(struct unit *u, const char *dir, const char *name, size_t n)
{
	struct str path = arena_printf(u->a, "%s/%s", dir, name), why;
	char *bytes = arena_alloc(u->a, n + 1);
	char *slash = strrchr(arena_strz(u->a, path), '/');

	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(i * 31 + n);
	assert_int_equal(OK, file_make_dirs(u->a, arena_printf(u->a, "%.*s", (int)(strlen(path.p) - strlen(slash)), path.p).p, 0700, &why));
	assert_int_equal(OK, file_write(u->a, path.p, (struct str){bytes, n}, 0600, &why));
}

static struct str get(struct unit *u, const char *dir, const char *name)
{
	struct str text, why;

	return file_read(u->a, arena_printf(u->a, "%s/%s", dir, name).p, 4 << 20, &text, &why) == OK ? text : STR_NULL;
}

static const char *const attachments[] = {"Aa/one.jpg", "Aa/two.thumb.jpg", "-_/empty.jpg", "b/c/large.bin"};
static const size_t sizes[] = {1000, 17, 0, 3 << 20};

static void test_attachments(void **state)
{
	struct unit *u = *state, *to = unit_store(u->engine == DB_PG ? DB_SQLITE : DB_PG, &empty_store);
	const char *from = arena_printf(u->a, "%s/files", unit_tmp()).p, *into = arena_printf(u->a, "%s/里 var/files", unit_tmp()).p;
	const char *path = backup_path(u);
	struct backup_extra x = {.files = from, .keys = {"sealed\0keys", 11}};
	struct backup_info info;
	struct str why = STR_NULL, keys;

	/* a folder that is not there holds none */
	must(backup_write(u->db, path, &x, NULL, NULL, u->a, &why), &why);
	must(backup_check(path, &info, u->a, &why), &why);
	assert_int_equal(0, info.files);
	for (size_t i = 0; i < ARRAY_LEN(attachments); i++)
		put(u, from, attachments[i], sizes[i]);
	put(u, from, ".hidden", 5);
	put(u, from, "Aa/.part-1", 5);
	assert_int_equal(0, symlink("/etc/passwd", arena_printf(u->a, "%s/Aa/link", from).p));
	must(backup_write(u->db, path, &x, NULL, NULL, u->a, &why), &why);
	must(backup_check(path, &info, u->a, &why), &why);
	assert_int_equal(ARRAY_LEN(attachments), info.files);
	assert_true(info.keys);
	must(backup_keys(path, &keys, u->a, &why), &why);
	assert_true(str_eq(keys, x.keys));
	must(backup_restore(to->db, path, into, NULL, NULL, to->a, &why), &why);
	for (size_t i = 0; i < ARRAY_LEN(attachments); i++) {
		struct str was = get(u, from, attachments[i]), is = get(u, into, attachments[i]);

		assert_true(was.p && is.p && str_eq(was, is));
	}
	assert_null(get(u, into, ".hidden").p);
	assert_null(get(u, into, "Aa/link").p);
	unit_store_close(to);
	/* left out */
	x = (struct backup_extra){0};
	must(backup_write(u->db, path, &x, NULL, NULL, u->a, &why), &why);
	assert_int_equal(ERR_NOT_FOUND, backup_keys(path, &keys, u->a, &why));
}

/* An attachment that cannot be written stops the restore in words; nothing half stands under its name. */
static void test_attachment_no_room(void **state)
{
	struct unit *u = *state, *to = unit_store(u->engine, &empty_store);
	const char *from = arena_printf(u->a, "%s/much", unit_tmp()).p, *into = arena_printf(u->a, "%s/little", unit_tmp()).p;
	const char *path = backup_path(u);
	struct backup_extra x = {.files = from};
	struct rlimit old, small;
	struct str why = STR_NULL;
	enum err e;

	put(u, from, "a/large.bin", 40 << 20);
	must(backup_write(u->db, path, &x, NULL, NULL, u->a, &why), &why);
	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &old));
	small = (struct rlimit){20 << 20, old.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &small));
	e = backup_restore(to->db, path, into, NULL, NULL, to->a, &why);
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &old));
	assert_int_equal(ERR_IO, e);
	assert_true(str_find(why, STR("large.bin")) >= 0);
	assert_int_equal(-1, access(arena_printf(u->a, "%s/a/large.bin", into).p, F_OK));
	assert_int_equal(-1, access(arena_printf(u->a, "%s/a/.part-%ld", into, (long)getpid()).p, F_OK));
	unit_store_close(to);
}

static bool stop_at_once(void *arg, const char *table, int64_t rows)
{
	(void)arg;
	(void)table;
	(void)rows;
	return false;
}

/* Stopped in the middle, by hand or by a crash: no program opens what is there. */
static void test_half_restored(void **state)
{
	struct unit *u = *state, *to = unit_store(u->engine, &empty_store);
	const char *path = backup_path(u);
	struct db *again = NULL;
	struct str why = STR_NULL;

	fill(u);
	must(backup_write(u->db, path, NULL, NULL, NULL, u->a, &why), &why);
	assert_int_equal(ERR_BUSY, backup_restore(to->db, path, NULL, stop_at_once, NULL, to->a, &why));
	why = STR_NULL;
	assert_int_equal(ERR_CONFLICT, db_open(&again, to->url, NULL, u->a, &why));
	assert_true(str_find(why, STR("恢复没有完成")) >= 0 && str_find(why, STR("not finished")) >= 0);
	assert_true(db_migrations_missing(to->db) < 0);
	unit_store_close(to);
}

/* A frame that leads out of the folder is refused: a backup may come from anywhere. */
static void test_hostile_names(void **state)
{
	static const char *const names[] = {"../x", "/etc/x", "a/../../x", ".x", "a//b", "a/b/c/d/e", "a b", "x\ny", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct str why = STR_NULL;
		struct arena a;
		struct in in = {.f = stdin, .path = "x", .kind = 'A', .why = &why, .a = &a};
		struct files_in f;
		struct str head;

		arena_init(&a, 0);
		head = arena_printf(&a, "%s\n5", names[i]);
		in.p = arena_strz(&a, head);
		in.n = head.n;
		files_in_init(&f, unit_tmp());
		assert_int_equal(ERR_INPUT, files_in_frame(&f, &in));
		files_in_release(&f);
		arena_release(&a);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_ON(DB_PG, test_rehearsal), UNIT_BOTH(test_damage), UNIT_ON(DB_SQLITE, test_no_room), UNIT_BOTH(test_attachments),
		UNIT_BOTH(test_attachment_no_room), UNIT_BOTH(test_half_restored), cmocka_unit_test(test_hostile_names),
	};

	return UNIT_MAIN(tests);
}
