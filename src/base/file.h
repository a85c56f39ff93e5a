/* Whole files. Errors say which file, what failed and, where one can know, what to do: arena text in both languages. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* The whole file, at most max bytes (ERR_TOO_MUCH), ending in NUL. ERR_NOT_FOUND, ERR_IO. Pipes and such work too. */
CHECKED enum err file_read(struct arena *a, const char *path, size_t max, struct str *out, struct str *why);

/*
 * Replaces the file so that a crash leaves either the old or the new content: a temporary file beside it, fsync, rename,
 * fsync of the folder.
 */
CHECKED enum err file_write(struct arena *a, const char *path, struct str content, mode_t mode, struct str *why);

/* The folder with all its parents; fine when it is there. */
CHECKED enum err file_make_dirs(struct arena *a, const char *path, mode_t mode, struct str *why);

#endif
