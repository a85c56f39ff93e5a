#include "db/backup.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/backup_inner.h"
#include "db/db.sql.h"

/* 2: attachments and keys stand in it too. 1 is still read. */
static const char magic[] = "gongzhi-backup 2\n";
#define DIGIT_AT (sizeof(magic) - 3)

#define MAX_FRAME ((size_t)96 << 20)      /* a row of at most 64 MB fits */
#define ROWS_PER_COMMIT 4000
#define SUM 32

/* ---- tables and columns of the store ---- */

struct column {
	struct str name;
	enum db_type type;
};

struct table {
	struct str name;
	bool search;
	struct column cols[DB_MAX_COLS];
	int ncols;
	struct table *next;
};

struct tables {
	struct table *first, **last;
	struct arena *a;
	bool pg;
};

static enum err add_column(void *arg, const struct db_value *v)
{
	struct tables *t = arg;
	struct table *x = NULL;
	struct str type = v[2].s;

	for (struct table *i = t->first; i; i = i->next)
		if (str_eq(i->name, v[0].s))
			x = i;
	if (x == NULL) {
		if (str_eqz(v[0].s, "schema_migration"))
			return OK;
		x = arena_new(t->a, struct table);
		x->name = arena_str(t->a, v[0].s);
		x->search = str_starts(x->name, "search_");
		*t->last = x;
		t->last = &x->next;
		if (x->search) {
			x->ncols = 2;
			x->cols[0] = (struct column){t->pg ? STR("id") : STR("rowid"), DB_I64};
			x->cols[1] = (struct column){t->pg ? STR("body") : STR("words"), DB_STR};
		}
	}
	if (x->search)
		return OK;
	if (x->ncols == DB_MAX_COLS)
		return ERR_TOO_MUCH;
	x->cols[x->ncols].name = arena_str(t->a, v[1].s);
	x->cols[x->ncols++].type = str_ieqz(type, "INTEGER") || str_ieqz(type, "bigint") || str_ieqz(type, "smallint") ? DB_I64 :
				   str_ieqz(type, "boolean") ? DB_BOOL :
				   str_ieqz(type, "REAL") || str_ieqz(type, "double precision") ? DB_F64 :
				   str_ieqz(type, "BLOB") || str_ieqz(type, "bytea") ? DB_BLOB : DB_STR;
	return OK;
}

/* In the order they were made, so that a table stands behind those it refers to. */
static enum err list_tables(struct db_conn *c, struct arena *a, struct tables *t)
{
	static const enum db_type cols[] = {DB_STR, DB_STR, DB_STR};
	static const struct db_part parts[] = {
		{"SELECT s.name, p.name, p.type FROM sqlite_schema s JOIN pragma_table_list l ON l.schema = 'main' AND l.name = s.name "
		 "JOIN pragma_table_info(s.name) p WHERE l.type IN ('table', 'virtual') AND s.name NOT LIKE 'sqlite!_%' ESCAPE '!' "
		 "ORDER BY s.rowid, p.cid",
		 "SELECT CAST(c.relname AS text), CAST(f.attname AS text), CAST(format_type(f.atttypid, NULL) AS text) FROM pg_class c "
		 "JOIN pg_attribute f ON f.attrelid = c.oid AND f.attnum > 0 AND NOT f.attisdropped "
		 "WHERE c.relkind = 'r' AND c.relnamespace = CAST(current_schema() AS regnamespace) ORDER BY c.oid, f.attnum", -1},
		{NULL, NULL, -1}};
	static const struct db_query q = {.name = "tables", .file = __FILE__, .line = __LINE__, .params = cols, .optional = "", .ncols = 3,
					  .cols = cols, .nullable = "000", .parts = parts};

	*t = (struct tables){.a = a, .pg = c->db->engine == DB_PG};
	t->last = &t->first;
	return db_run(c, &q, NULL, add_column, t, NULL);
}

/* A query made for one table; lives as long as the arena, which must outlive the connection's statements. */
static struct db_query *make_query(struct arena *a, const char *name, struct str text, int nparams, int ncols, const enum db_type *types)
{
	struct db_query *q = arena_new(a, struct db_query);
	struct db_part *parts = arena_array(a, struct db_part, 2);
	char *flags = arena_alloc(a, DB_MAX_COLS + 1);

	memset(flags, '1', DB_MAX_COLS);
	parts[0] = (struct db_part){text.p, text.p, -1};
	parts[1].when = -1;
	*q = (struct db_query){.name = name, .file = __FILE__, .nparams = nparams, .params = types, .optional = flags, .ncols = ncols,
			       .cols = types, .nullable = flags, .parts = parts};
	return q;
}

static const enum db_type *types_of(struct arena *a, const struct table *t)
{
	enum db_type *v = arena_array(a, enum db_type, DB_MAX_COLS);

	for (int i = 0; i < t->ncols; i++)
		v[i] = t->cols[i].type;
	return v;
}

static struct db_query *select_query(struct arena *a, const struct table *t)
{
	struct str text = STR("SELECT ");

	for (int i = 0; i < t->ncols; i++)
		text = arena_printf(a, "%s%s\"%s\"", text.p, i ? ", " : "", t->cols[i].name.p);
	text = arena_printf(a, "%s FROM \"%s\"", text.p, t->name.p);
	return make_query(a, t->name.p, text, 0, t->ncols, types_of(a, t));
}

/* ---- writing the file ---- */

static void flush_file(struct out *o)
{
	const char *p = o->file.p;
	size_t n = o->file.n;

	EVP_DigestUpdate(o->sum, p, n);
	while (n && !o->error) {
		ssize_t w = write(o->fd, p, n);

		if (w < 0 && errno != EINTR)
			o->error = errno;
		if (w > 0) {
			p += w;
			n -= (size_t)w;
		}
	}
	buf_clear(&o->file);
}

void backup_frame(struct out *o, char kind, const void *p, size_t n)
{
	uint32_t len = htobe32((uint32_t)n);

	buf_addc(&o->file, kind);
	buf_add(&o->file, &len, sizeof(len));
	buf_add(&o->file, p, n);
	if (o->file.n > BACKUP_PIECE)
		flush_file(o);
}

static void flush_rows(struct out *o)
{
	uint32_t raw = htobe32((uint32_t)o->block.n);
	size_t bound, n;
	char *to;

	if (o->block.n == 0)
		return;
	bound = libdeflate_deflate_compress_bound(o->deflate, o->block.n);
	buf_clear(&o->packed);
	buf_add(&o->packed, &raw, sizeof(raw));
	to = buf_reserve(&o->packed, bound);
	if (to == NULL) {
		o->error = EFBIG;
		return;
	}
	n = libdeflate_deflate_compress(o->deflate, o->block.p, o->block.n, to, bound);
	backup_frame(o, 'R', o->packed.p, o->packed.n + n);
	buf_clear(&o->block);
}

static void put_tagged(struct buf *b, enum db_type type, const struct db_value *v)
{
	uint64_t bits;
	uint32_t len;

	if (v->null) {
		buf_addc(b, 0);
	} else if (type <= DB_BOOL) {
		buf_addc(b, type == DB_F64 ? 'f' : 'i');
		if (type == DB_F64)
			memcpy(&bits, &v->f, sizeof(bits));
		else
			bits = type == DB_BOOL ? v->b : (uint64_t)v->i;
		bits = htobe64(bits);
		buf_add(b, &bits, sizeof(bits));
	} else {
		buf_addc(b, type == DB_BLOB ? 'b' : 's');
		len = htobe32((uint32_t)v->s.n);
		buf_add(b, &len, sizeof(len));
		buf_adds(b, v->s);
	}
}

static enum err put_row(void *arg, const struct db_value *v)
{
	struct out *o = arg;

	for (int i = 0; i < o->table->ncols; i++)
		put_tagged(&o->block, o->table->cols[i].type, &v[i]);
	if (o->block.full)
		return ERR_TOO_MUCH;
	if (o->block.n >= BACKUP_PIECE)
		flush_rows(o);
	if (++o->rows % 1000 == 0 && o->fn && !o->fn(o->arg, o->table->name.p, o->rows))
		return ERR_BUSY;
	return o->error ? ERR_IO : OK;
}

static enum err write_migrations(struct out *o, struct db_conn *c, struct arena *a)
{
	struct db_schema_list_rows have;
	enum err e = q_db_schema_list(c, a, &have);

	for (size_t i = 0; e == OK && i < have.n; i++) {
		struct str v = arena_printf(a, "%s\n%lld\n%s\n%s", have.v[i].module.p, (long long)have.v[i].number, have.v[i].name.p,
					    have.v[i].checksum.p);

		backup_frame(o, 'V', v.p, v.n);
	}
	return e;
}

static enum err write_table(struct out *o, struct db_conn *c, const struct table *t, struct arena *a)
{
	struct str head = t->name;
	enum err e;

	for (int i = 0; i < t->ncols; i++)
		head = arena_printf(a, "%s\n%s", head.p, t->search ? (i ? "body" : "id") : t->cols[i].name.p);
	backup_frame(o, 'T', head.p, head.n);
	o->table = t;
	e = db_run(c, select_query(a, t), NULL, put_row, o, NULL);
	flush_rows(o);
	return e == OK && o->error ? ERR_IO : e;
}

/* Leases belong to the processes that run now; a copy of the store has none of them. */
static bool of_a_process(const struct table *t)
{
	return str_ends(t->name, "_lease");
}

static enum err write_all(struct out *o, struct db_conn *c, const struct backup_extra *x, struct arena *a)
{
	struct tables t;
	uint64_t counts[2];
	unsigned char sum[SUM];
	enum err e = db_snapshot(c);

	buf_addz(&o->file, magic);
	if (x && x->keys.p)
		backup_frame(o, 'K', x->keys.p, x->keys.n);
	if (e == OK)
		e = write_migrations(o, c, a);
	if (e == OK)
		e = list_tables(c, a, &t);
	for (struct table *i = t.first; e == OK && i; i = i->next)
		if (!of_a_process(i))
			e = write_table(o, c, i, a);
	/* after the snapshot: what a row of it names was complete before that row was written, and is never removed while one names it */
	if (e == OK && x && x->files)
		e = backup_put_files(o, x->files, a);
	if (e != OK)
		return e;
	counts[0] = htobe64((uint64_t)o->rows);
	counts[1] = htobe64((uint64_t)o->files);
	backup_frame(o, 'E', counts, sizeof(counts));
	flush_file(o);
	EVP_DigestFinal_ex(o->sum, sum, NULL);
	buf_add(&o->file, sum, SUM);
	EVP_DigestInit_ex(o->sum, EVP_sha256(), NULL);
	flush_file(o);
	if (!o->error && fsync(o->fd) != 0)
		o->error = errno;
	return o->error ? ERR_IO : OK;
}

static void sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(dir);
}

static void say_write_error(struct out *o, enum err e, const char *path, struct arena *a, struct str *why)
{
	if (o->error == ENOSPC || o->error == EDQUOT)
		db_why(a, why, "备份未完成：%s 所在磁盘已满。请腾出空间或换一个位置，然后重新备份。已写的部分已删除。",
		       "No backup was made: the disk of %s is full. Free some space or choose another place, then try again. What was written has "
		       "been removed.", path);
	else if (o->failed_file)
		db_why(a, why, "备份未完成：附件 %s 读不了：%s。请检查它的属主和磁盘。",
		       "No backup was made: the attachment %s cannot be read: %s. Check its owner and the disk.", o->failed_file,
		       strerror(o->failed_errno));
	else if (o->error)
		db_why(a, why, "备份未完成：无法写入 %s：%s。", "No backup was made: %s cannot be written: %s.", path, strerror(o->error));
	else if (e == ERR_BUSY)
		db_why(a, why, "备份已中断，未留下文件。", "The backup was interrupted; no file was left.");
	else
		db_why(a, why, "备份未完成：读取数据库失败（%s），原因见日志。", "No backup was made: reading the store failed (%s); the log says why.",
		       err_name(e));
}

enum err backup_write(struct db *db, const char *path, const struct backup_extra *x, backup_progress fn, void *arg, struct arena *a,
		      struct str *why)
{
	struct str part = arena_printf(a, "%s.part-%ld", path, (long)getpid());
	struct out o = {.fn = fn, .arg = arg};
	struct db_conn *c;
	enum err e;

	unlink(part.p);
	o.fd = open(part.p, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (o.fd < 0) {
		o.error = errno;
		say_write_error(&o, ERR_IO, path, a, why);
		return ERR_IO;
	}
	o.sum = EVP_MD_CTX_new();
	o.deflate = libdeflate_alloc_compressor(4);
	if (o.sum == NULL || o.deflate == NULL)
		BUG("out of memory");
	EVP_DigestInit_ex(o.sum, EVP_sha256(), NULL);
	buf_init(&o.file, MAX_FRAME + (1 << 20));
	buf_init(&o.block, MAX_FRAME);
	buf_init(&o.packed, MAX_FRAME + (1 << 20));
	c = db_conn_new(db, false);
	e = write_all(&o, c, x, a);
	if (c->h)
		db->backend->rollback(c);
	db_conn_free(c);
	close(o.fd);
	if (e == OK && rename(part.p, path) != 0) {
		o.error = errno;
		e = ERR_IO;
	}
	if (e == OK) {
		sync_folder(path);
	} else {
		unlink(part.p);
		say_write_error(&o, e, path, a, why);
	}
	buf_release(&o.file);
	buf_release(&o.block);
	buf_release(&o.packed);
	EVP_MD_CTX_free(o.sum);
	libdeflate_free_compressor(o.deflate);
	return e;
}

/* ---- reading the file ---- */

enum err backup_damaged(struct in *in, const char *what)
{
	db_why(in->a, in->why, "备份文件 %s 已损坏或不完整（%s，位置 %ld）。请使用另一份备份。",
	       "The backup %s is damaged or incomplete (%s, at byte %ld). Use another copy.", in->path, what, ftell(in->f));
	return ERR_INPUT;
}

static enum err read_bytes(struct in *in, void *to, size_t n)
{
	if (fread(to, 1, n, in->f) != n)
		return backup_damaged(in, ferror(in->f) ? "read error" : "ends too early");
	EVP_DigestUpdate(in->sum, to, n);
	return OK;
}

static enum err open_in(struct in *in, const char *path, struct arena *a, struct str *why)
{
	char head[sizeof(magic) - 1];

	*in = (struct in){.path = path, .a = a, .why = why};
	in->f = fopen(path, "rbe");
	if (in->f == NULL) {
		db_why(a, why, "无法读取备份文件 %s：%s。", "The backup %s cannot be read: %s.", path, strerror(errno));
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	}
	in->sum = EVP_MD_CTX_new();
	if (in->sum == NULL)
		BUG("out of memory");
	EVP_DigestInit_ex(in->sum, EVP_sha256(), NULL);
	if (read_bytes(in, head, sizeof(head)) == OK && (head[DIGIT_AT] == '1' || head[DIGIT_AT] == '2'))
		in->version = head[DIGIT_AT] - '0';
	head[DIGIT_AT] = magic[DIGIT_AT];
	if (in->version == 0 || memcmp(head, magic, sizeof(head)) != 0) {
		db_why(a, why, "%s 不是 gongzhi 的备份文件（或版本不识）。", "%s is no backup of gongzhi (or of an unknown version).", path);
		return ERR_INPUT;
	}
	return OK;
}

static void close_in(struct in *in)
{
	if (in->f)
		fclose(in->f);
	EVP_MD_CTX_free(in->sum);
	free(in->p);
}

static enum err next_frame(struct in *in)
{
	uint32_t len;
	enum err e = read_bytes(in, &in->kind, 1);

	if (e == OK)
		e = read_bytes(in, &len, sizeof(len));
	if (e != OK)
		return e;
	in->n = be32toh(len);
	if (in->n > MAX_FRAME + (1 << 20) || strchr(in->version == 1 ? "VTRE" : "VTREKAD", in->kind) == NULL || in->kind == 0)
		return backup_damaged(in, "unknown frame");
	if (in->n + 1 > in->cap) {
		free(in->p);
		in->cap = in->n + 1;
		in->p = malloc(in->cap);
		if (in->p == NULL)
			BUG("out of memory");
	}
	e = read_bytes(in, in->p, in->n);
	in->p[e == OK ? in->n : 0] = 0;
	return e;
}

/* Behind the E frame: the sum and nothing more. */
static enum err check_end(struct in *in)
{
	unsigned char want[SUM], have[SUM + 1];

	EVP_DigestFinal_ex(in->sum, want, NULL);
	if (in->n != (in->version == 1 ? 8 : 16) || fread(have, 1, sizeof(have), in->f) != SUM || memcmp(want, have, SUM) != 0)
		return backup_damaged(in, "checksum");
	return OK;
}

enum err backup_check(const char *path, struct backup_info *info, struct arena *a, struct str *why)
{
	struct backup_info none;
	struct in in;
	enum err e = open_in(&in, path, a, why);
	uint64_t counts[2] = {0};

	if (info == NULL)
		info = &none;
	*info = (struct backup_info){0};
	while (e == OK) {
		e = next_frame(&in);
		if (e != OK || in.kind == 'E')
			break;
		info->tables += in.kind == 'T';
		info->migrations += in.kind == 'V';
		info->keys = info->keys || in.kind == 'K';
	}
	if (e == OK)
		e = check_end(&in);
	if (e == OK) {
		memcpy(counts, in.p, in.n);
		info->rows = (int64_t)be64toh(counts[0]);
		info->files = (int64_t)be64toh(counts[1]);
	}
	close_in(&in);
	return e;
}

enum err backup_keys(const char *path, struct str *sealed, struct arena *a, struct str *why)
{
	struct in in;
	enum err e = open_in(&in, path, a, why);

	if (e == OK)
		e = next_frame(&in);
	if (e == OK && in.kind != 'K') {
		db_why(a, why, "备份 %s 里没有密钥。", "There are no keys in the backup %s.", path);
		e = ERR_NOT_FOUND;
	}
	if (e == OK)
		*sealed = arena_str(a, (struct str){in.p, in.n});
	close_in(&in);
	return e;
}

/* ---- restoring ---- */

struct load {
	struct db *db;
	struct db_conn *c;
	struct in in;
	struct tables tables;
	struct db_wanted *wanted;
	const struct table *table;
	struct db_query *insert;
	int order[DB_MAX_COLS]; /* column of the table for each column of the file */
	int ncols;
	struct libdeflate_decompressor *inflate;
	struct buf block;
	int64_t rows, in_commit;
	struct files_in files;
	bool begun;
	backup_progress fn;
	void *arg;
};

static enum err begin(struct load *l)
{
	enum err e = l->begun ? OK : l->db->backend->begin(l->c);

	l->begun = l->begun || e == OK;
	return e;
}

static enum err commit(struct load *l)
{
	enum err e = OK;

	if (l->begun && l->c->failed == OK)
		e = l->db->backend->commit(l->c);
	else if (l->begun)
		e = l->c->failed;
	l->begun = e != OK && l->begun;
	l->in_commit = 0;
	return e;
}

static enum err begin_table(struct load *l)
{
	struct str rest = {l->in.p, l->in.n}, name, col, cols = STR(""), marks = STR("");
	struct arena *a = l->in.a;
	enum db_type *types = arena_array(a, enum db_type, DB_MAX_COLS);
	bool pg = l->db->engine == DB_PG;

	l->table = NULL;
	l->ncols = 0;
	if (!str_split(&rest, '\n', &name))
		return backup_damaged(&l->in, "table");
	for (struct table *t = l->tables.first; t; t = t->next)
		if (str_eq(t->name, name))
			l->table = t;
	if (l->table == NULL)
		return backup_damaged(&l->in, "a table that its migrations do not make");
	while (str_split(&rest, '\n', &col)) {
		int i = 0;

		if (l->ncols == DB_MAX_COLS)
			return backup_damaged(&l->in, "columns");
		while (i < l->table->ncols && !(l->table->search ? l->ncols == i : str_eq(l->table->cols[i].name, col)))
			i++;
		if (i == l->table->ncols)
			return backup_damaged(&l->in, "a column that its migrations do not make");
		cols = arena_printf(a, "%s%s\"%s\"", cols.p, l->ncols ? ", " : "", l->table->cols[i].name.p);
		marks = arena_printf(a, "%s%s%c%d", marks.p, l->ncols ? ", " : "", pg ? '$' : '?', l->ncols + 1);
		types[l->ncols] = l->table->cols[i].type;
		l->order[l->ncols++] = i;
	}
	l->insert = make_query(a, "restore", arena_printf(a, "INSERT INTO \"%s\" (%s) VALUES (%s)", l->table->name.p, cols.p, marks.p), l->ncols,
			       0, types);
	l->insert->flags = DB_Q_WRITE;
	return OK;
}

/* Reads one value of a row; false when the block is broken. */
static bool read_tagged(struct str *rest, enum db_type type, struct db_value *v)
{
	uint64_t bits;
	uint32_t len;
	char tag;

	if (rest->n < 1)
		return false;
	tag = *rest->p;
	*rest = str_sub(*rest, 1, rest->n);
	*v = (struct db_value){.null = tag == 0};
	if (tag == 0)
		return true;
	if (tag == 'i' || tag == 'f') {
		if (rest->n < 8)
			return false;
		memcpy(&bits, rest->p, 8);
		bits = be64toh(bits);
		*rest = str_sub(*rest, 8, rest->n);
		if (type == DB_F64 && tag == 'f')
			memcpy(&v->f, &bits, 8);
		else if (type == DB_F64)
			v->f = (double)(int64_t)bits;
		else if (type == DB_BOOL)
			v->b = bits != 0;
		else
			v->i = (int64_t)bits;
		return type <= DB_BOOL;
	}
	if ((tag != 's' && tag != 'b') || rest->n < 4)
		return false;
	memcpy(&len, rest->p, 4);
	len = be32toh(len);
	*rest = str_sub(*rest, 4, rest->n);
	if (rest->n < len)
		return false;
	v->s = str_sub(*rest, 0, len);
	*rest = str_sub(*rest, len, rest->n);
	return type == DB_STR || type == DB_BLOB;
}

static enum err load_row(struct load *l, const struct db_value *v)
{
	struct tx tx = {.c = l->c, .arena = l->in.a};
	enum err e = begin(l);

	if (e == OK && l->table->search)
		e = search_put(&tx, l->table->name.p + strlen("search_"), v[0].i, v[1].s);
	else if (e == OK)
		e = db_run(l->c, l->insert, v, NULL, NULL, NULL);
	if (e == OK && ++l->in_commit >= ROWS_PER_COMMIT)
		e = commit(l);
	if (e == OK && l->rows++ % 1000 == 0 && l->fn && !l->fn(l->arg, l->table->name.p, l->rows))
		e = ERR_BUSY;
	return e;
}

static enum err load_rows(struct load *l)
{
	struct db_value v[DB_MAX_COLS];
	struct str rest;
	uint32_t raw;
	enum err e = OK;
	char *to;

	if (l->table == NULL || l->in.n < 4)
		return backup_damaged(&l->in, "rows without a table");
	memcpy(&raw, l->in.p, 4);
	raw = be32toh(raw);
	buf_clear(&l->block);
	to = buf_reserve(&l->block, raw);
	if (to == NULL || libdeflate_deflate_decompress(l->inflate, l->in.p + 4, l->in.n - 4, to, raw, NULL) != LIBDEFLATE_SUCCESS)
		return backup_damaged(&l->in, "packed rows");
	rest = (struct str){to, raw};
	while (rest.n && e == OK) {
		for (int i = 0; i < l->ncols; i++)
			if (!read_tagged(&rest, l->table->cols[l->order[i]].type, &v[i]))
				return backup_damaged(&l->in, "row");
		e = load_row(l, v);
	}
	return e;
}

static bool read_wanted(struct in *in, struct db_wanted *w)
{
	struct str rest = {in->p, in->n}, number;
	int64_t n;

	if (!str_split(&rest, '\n', &w->module) || !str_split(&rest, '\n', &number) || !str_i64(number, &n) ||
	    !str_split(&rest, '\n', &w->name) || !str_split(&rest, '\n', &w->checksum))
		return false;
	w->module = arena_str(in->a, w->module);
	w->name = arena_str(in->a, w->name);
	w->checksum = arena_str(in->a, w->checksum);
	w->number = (int)n;
	return true;
}

static enum err row_found(void *arg, const struct db_value *v)
{
	*(bool *)arg = true;
	(void)v;
	return OK;
}

static enum err must_be_empty(struct load *l)
{
	static const enum db_type number[] = {DB_I64};
	bool found = false;
	enum err e = list_tables(l->c, l->in.a, &l->tables);

	for (struct table *t = l->tables.first; e == OK && t && !found; t = t->next)
		e = db_run(l->c, make_query(l->in.a, "empty", arena_printf(l->in.a, "SELECT 1 FROM \"%s\" LIMIT 1", t->name.p), 0, 1, number), NULL,
			   row_found, &found, NULL);
	if (e == OK && found) {
		db_why(l->in.a, l->in.why, "目标数据库不是空的，恢复会混入原有数据。请指定一个新的空数据库。",
		       "The store is not empty; a restore would mix with what is there. Name a new, empty store.");
		e = ERR_CONFLICT;
	}
	return e;
}

/* Makes the tables as the backup knew them, empties what migrations put in. */
static enum err prepare(struct load *l)
{
	struct arena *a = l->in.a;
	enum err e = must_be_empty(l);

	if (e == OK)
		e = db_migrate_to(l->db, l->wanted, a, l->in.why);
	if (e == OK)
		e = list_tables(l->c, a, &l->tables);
	if (e == OK)
		e = begin(l);
	for (struct table *t = l->tables.first; e == OK && t; t = t->next) {
		struct db_query *q = make_query(a, "empty", arena_printf(a, "DELETE FROM \"%s\"", t->name.p), 0, 0, types_of(a, t));

		q->flags = DB_Q_WRITE;
		e = db_run(l->c, q, NULL, NULL, NULL, NULL);
	}
	if (e == OK) /* until the end of all: no program opens a store that is half full */
		e = q_db_schema_add(l->c, &(struct db_schema_add_args){STR(DB_UNFINISHED), 1, STR("restore"), STR(""), clock_now()}, NULL);
	return e == OK ? commit(l) : e;
}

static enum err finish(struct load *l)
{
	enum err e = files_in_end(&l->files, &l->in);

	if (e == OK)
		e = begin(l);
	if (e == OK)
		e = q_db_schema_remove(l->c, STR(DB_UNFINISHED), NULL);
	return e == OK ? commit(l) : e;
}

static enum err load_frame(struct load *l)
{
	switch (l->in.kind) {
	case 'T':
		return begin_table(l);
	case 'R':
		return load_rows(l);
	case 'A':
	case 'D':
		if (l->in.kind == 'A' && l->files.files % 100 == 99 && l->fn && !l->fn(l->arg, "files", l->rows + l->files.files))
			return ERR_BUSY;
		return files_in_frame(&l->files, &l->in);
	}
	return backup_damaged(&l->in, "frame out of place");
}

static enum err load_all(struct load *l)
{
	struct db_wanted **last = &l->wanted;
	bool ready = false;
	enum err e = OK;

	while (e == OK && (e = next_frame(&l->in)) == OK) {
		if (l->in.kind == 'K')
			continue;
		if (l->in.kind == 'V') {
			*last = arena_new(l->in.a, struct db_wanted);
			if (!read_wanted(&l->in, *last))
				return backup_damaged(&l->in, "migration");
			last = &(*last)->next;
			continue;
		}
		if (!ready)
			e = prepare(l);
		ready = true;
		if (e == OK && l->in.kind == 'E')
			return finish(l);
		if (e == OK)
			e = load_frame(l);
	}
	return e;
}

enum err backup_restore(struct db *db, const char *path, const char *files, backup_progress fn, void *arg, struct arena *a,
			struct str *why)
{
	struct load l = {.db = db, .fn = fn, .arg = arg};
	struct backup_info info;
	enum err e = backup_check(path, &info, a, why);

	if (e != OK)
		return e;
	e = open_in(&l.in, path, a, why);
	l.c = db_conn_new(db, true);
	l.inflate = libdeflate_alloc_decompressor();
	if (l.inflate == NULL)
		BUG("out of memory");
	buf_init(&l.block, MAX_FRAME);
	files_in_init(&l.files, files);
	if (e == OK)
		e = db_conn_ready(l.c);
	l.c->in_job = true; /* a batch without savepoints: on PostgreSQL rows are sent in a pipeline */
	if (e == OK)
		e = load_all(&l);
	if (l.begun)
		db->backend->rollback(l.c);
	db_conn_free(l.c);
	if (e == OK && (l.rows != info.rows || l.files.files != info.files))
		e = backup_damaged(&l.in, "number of rows or attachments");
	if (e == OK)
		e = db_migrate(db, NULL, NULL, a, why);
	if (e != OK && why && why->p == NULL)
		db_why(a, why, "恢复未完成（%s），已恢复 %lld 行，原因见日志。请删除这个数据库，在新的空数据库上重新恢复。",
		       "The restore stopped (%s) after %lld rows; the log says why. Remove this store and restore into a new, empty one.", err_name(e),
		       (long long)l.rows);
	files_in_release(&l.files);
	close_in(&l.in);
	buf_release(&l.block);
	libdeflate_free_decompressor(l.inflate);
	return e;
}
