/* Attachments in a backup: read from a folder while the server runs, put back into one. */
#include "db/backup_inner.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define DEEPEST 4
#define NAME_BYTES 200

/* Names that the program gives: nothing hidden (unfinished files begin with a dot), nothing that leads elsewhere. */
static bool part_ok(struct str s)
{
	if (s.n == 0 || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'))
			return false;
	}
	return true;
}

static bool name_ok(struct str name)
{
	struct str rest = name, part;
	int deep = 0;

	if (name.n == 0 || name.n > NAME_BYTES)
		return false;
	while (str_split(&rest, '/', &part))
		if (!part_ok(part) || ++deep > DEEPEST)
			return false;
	return true;
}

/* ---- writing ---- */

static enum err unreadable(struct out *o, const char *name, int error)
{
	o->failed_file = name;
	o->failed_errno = error;
	return ERR_IO;
}

/* An attachment is complete when it gets its name and never changes: it has the size that it has now. */
static enum err put_file(struct out *o, int fd, struct str name, int64_t size, struct arena *a)
{
	char *piece = malloc(BACKUP_PIECE);
	struct str head = arena_printf(a, "%.*s\n%lld", STR_ARG(name), (long long)size);
	int64_t left = size;

	if (piece == NULL)
		BUG("out of memory");
	backup_frame(o, 'A', head.p, head.n);
	while (left > 0 && !o->error) {
		ssize_t n = read(fd, piece, left < (int64_t)BACKUP_PIECE ? (size_t)left : BACKUP_PIECE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		backup_frame(o, 'D', piece, (size_t)n);
		left -= n;
	}
	free(piece);
	if (left && !o->error)
		return unreadable(o, arena_strz(a, name), EIO);
	return o->error ? ERR_IO : OK;
}

static enum err put_one(struct out *o, int dir, const char *entry, struct str name, struct arena *a)
{
	int fd = openat(dir, entry, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	enum err e = OK;

	if (fd < 0 && errno == ENOENT)
		return OK; /* swept meanwhile: nothing names it */
	if (fd < 0 || fstat(fd, &st) != 0)
		e = unreadable(o, arena_strz(a, name), errno);
	else if (S_ISREG(st.st_mode))
		e = put_file(o, fd, name, st.st_size, a);
	if (fd >= 0)
		close(fd);
	if (e == OK && ++o->files % 100 == 0 && o->fn && !o->fn(o->arg, "files", o->rows + o->files))
		return ERR_BUSY;
	return e;
}

static enum err put_folder(struct out *o, int dir, struct str prefix, int deep)
{
	DIR *d = fdopendir(dir);
	struct dirent *entry;
	struct arena a;
	enum err e = OK;

	if (d == NULL) {
		close(dir);
		return ERR_IO;
	}
	arena_init(&a, 0);
	while (e == OK && (entry = readdir(d)) != NULL) {
		struct str name;
		struct stat st;

		arena_reset(&a);
		if (!part_ok(str_from(entry->d_name)))
			continue;
		name = arena_printf(&a, "%.*s%s%s", STR_ARG(prefix), prefix.n ? "/" : "", entry->d_name);
		if (fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !name_ok(name))
			continue;
		if (S_ISDIR(st.st_mode) && deep < DEEPEST) {
			int sub = openat(dirfd(d), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			e = sub < 0 ? unreadable(o, name.p, errno) : put_folder(o, sub, name, deep + 1);
		} else if (S_ISREG(st.st_mode)) {
			e = put_one(o, dirfd(d), entry->d_name, name, &a);
		}
	}
	if (o->failed_file)
		o->failed_file = strdup(o->failed_file); /* beyond this arena; said once, then the program ends */
	closedir(d);
	arena_release(&a);
	return e;
}

enum err backup_put_files(struct out *o, const char *root, struct arena *a)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? OK : unreadable(o, arena_strz(a, str_from(root)), errno);
	return put_folder(o, fd, STR(""), 1);
}

/* ---- reading ---- */

void files_in_init(struct files_in *f, const char *root)
{
	*f = (struct files_in){.root = root, .fd = -1};
	arena_init(&f->arena, 0);
}

void files_in_release(struct files_in *f)
{
	if (f->fd >= 0) {
		close(f->fd);
		unlink(f->part.p);
	}
	arena_release(&f->arena);
}

static enum err unwritable(struct in *in, const char *path, int error)
{
	if (error == ENOSPC || error == EDQUOT)
		db_why(in->a, in->why, "恢复未完成：%s 所在磁盘已满。请腾出空间，删除这个数据库，在新的空数据库上重新恢复。",
		       "The restore stopped: the disk of %s is full. Free some space, remove this store and restore into a new, empty one.", path);
	else
		db_why(in->a, in->why, "恢复未完成：附件 %s 写不了：%s。", "The restore stopped: the attachment %s cannot be written: %s.", path,
		       strerror(error));
	return ERR_IO;
}

static enum err begin_file(struct files_in *f, struct in *in)
{
	struct str rest = {in->p, in->n}, name, why = STR_NULL;
	ptrdiff_t slash;

	if (f->left)
		return backup_damaged(in, "an attachment ends too early");
	arena_reset(&f->arena);
	if (!str_split(&rest, '\n', &name) || !name_ok(name) || !str_i64(rest, &f->left) || f->left < 0)
		return backup_damaged(in, "name of an attachment");
	f->files++;
	if (f->root == NULL)
		return OK;
	f->name = arena_printf(&f->arena, "%s/%.*s", f->root, STR_ARG(name));
	slash = (ptrdiff_t)f->name.n - 1;
	while (f->name.p[slash] != '/')
		slash--;
	if (file_make_dirs(&f->arena, arena_strz(&f->arena, str_sub(f->name, 0, (size_t)slash)), 0700, &why) != OK)
		return unwritable(in, f->name.p, errno);
	f->part = arena_printf(&f->arena, "%.*s/.part-%ld", (int)slash, f->name.p, (long)getpid());
	unlink(f->part.p);
	f->fd = open(f->part.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return f->fd < 0 ? unwritable(in, f->name.p, errno) : OK;
}

static enum err end_file(struct files_in *f, struct in *in)
{
	bool ok;

	if (f->left || f->fd < 0)
		return OK;
	ok = close(f->fd) == 0 && rename(f->part.p, f->name.p) == 0;
	f->fd = -1;
	return ok ? OK : unwritable(in, f->name.p, errno);
}

enum err files_in_frame(struct files_in *f, struct in *in)
{
	enum err e = OK;

	if (in->kind == 'A') {
		e = begin_file(f, in);
		return e == OK ? end_file(f, in) : e; /* an empty one is complete */
	}
	if (in->n == 0 || (int64_t)in->n > f->left)
		return backup_damaged(in, "an attachment is too long");
	f->left -= (int64_t)in->n;
	for (size_t at = 0; f->fd >= 0 && at < in->n;) {
		ssize_t w = write(f->fd, in->p + at, in->n - at);

		if (w < 0 && errno != EINTR)
			return unwritable(in, f->name.p, errno);
		at += w > 0 ? (size_t)w : 0;
	}
	return end_file(f, in);
}

enum err files_in_end(struct files_in *f, struct in *in)
{
	int fd;

	if (f->left)
		return backup_damaged(in, "an attachment ends too early");
	if (f->root == NULL || f->files == 0)
		return OK;
	fd = open(f->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) != 0)
		return unwritable(in, f->root, errno);
	close(fd);
	return OK;
}
