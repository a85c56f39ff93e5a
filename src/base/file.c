#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

static const char *advice(int error)
{
	switch (error) {
	case ENOENT:
		return "路径不存在，请检查 (no such path: check it)";
	case EACCES:
	case EPERM:
		return "没有权限，请检查文件和目录的属主 (permission denied: check who owns the file and its folder)";
	case ENOSPC:
	case EDQUOT:
		return "磁盘已满，请清理 (the disk is full: make room)";
	case EROFS:
		return "文件系统只读 (the file system is read-only)";
	case EISDIR:
		return "这是目录，不是文件 (this is a folder, not a file)";
	case ENOTDIR:
		return "路径中有一段不是目录 (a part of the path is not a folder)";
	default:
		return NULL;
	}
}

static enum err fail(struct arena *a, const char *path, int error, struct str *why)
{
	const char *text = advice(error);

	*why = arena_printf(a, "%s: %s", path, text ? text : strerrordesc_np(error));
	return error == ENOENT ? ERR_NOT_FOUND : ERR_IO;
}

/* 0, or errno; EFBIG when it is larger than the buffer may be. */
static int read_all(int fd, struct buf *to)
{
	for (;;) {
		char *p = buf_reserve(to, 1);
		ssize_t got;

		if (p == NULL)
			return EFBIG;
		got = read(fd, p, to->cap - to->n - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? errno : 0;
		to->n += (size_t)got;
	}
}

enum err file_read(struct arena *a, const char *path, size_t max, struct str *out, struct str *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf content;
	int error;

	if (fd < 0)
		return fail(a, path, errno, why);
	buf_init(&content, max + 1); /* one more shows that the file is longer */
	error = read_all(fd, &content);
	close(fd);
	if (error == EFBIG || (error == 0 && content.n > max)) {
		*why = arena_printf(a, "%s: 文件超过 %zu 字节的上限 (larger than %zu bytes)", path, max, max);
		buf_release(&content);
		return ERR_TOO_MUCH;
	}
	if (error == 0)
		*out = arena_str(a, buf_str(&content));
	buf_release(&content);
	return error ? fail(a, path, error, why) : OK;
}

static int write_all(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		s = str_sub(s, (size_t)n, s.n);
	}
	return 0;
}

static struct str folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return STR(".");
	return arena_str(a, (struct str){path, slash == path ? 1 : (size_t)(slash - path)});
}

/* The new name is only safe when the folder that holds it is. */
static int sync_folder(struct arena *a, const char *path)
{
	int fd = open(folder_of(a, path).p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return errno;
	error = fsync(fd) == 0 ? 0 : errno;
	close(fd);
	return error;
}

static int fill_temporary(int fd, struct str content, mode_t mode)
{
	int error = fchmod(fd, mode) == 0 ? 0 : errno;

	if (error == 0)
		error = write_all(fd, content);
	if (error == 0 && fsync(fd) != 0)
		error = errno;
	if (close(fd) != 0 && error == 0)
		error = errno;
	return error;
}

enum err file_write(struct arena *a, const char *path, struct str content, mode_t mode, struct str *why)
{
	char *temporary = arena_strz(a, arena_printf(a, "%s.XXXXXX", path));
	int fd = mkostemp(temporary, O_CLOEXEC);
	int error;

	if (fd < 0)
		return fail(a, path, errno, why);
	error = fill_temporary(fd, content, mode);
	if (error == 0 && rename(temporary, path) != 0)
		error = errno;
	if (error) {
		unlink(temporary);
		return fail(a, path, error, why);
	}
	error = sync_folder(a, path);
	return error ? fail(a, path, error, why) : OK;
}

static int make_dir(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return errno;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
}

enum err file_make_dirs(struct arena *a, const char *path, mode_t mode, struct str *why)
{
	char *p = arena_strz(a, str_from(path));
	int error = 0;

	for (char *at = p; *at && error == 0; at++) {
		if (*at != '/' || at == p)
			continue;
		*at = 0;
		error = make_dir(p, mode);
		*at = '/';
	}
	if (error == 0)
		error = make_dir(p, mode);
	return error ? fail(a, path, error, why) : OK;
}
