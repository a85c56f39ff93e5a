/*
 * The points on disk, so that a start need not read the whole store. A file is believed only when all of it is right: magic, version, byte order, size,
 * the caller's `meaning` (a hash of whatever its codes and ordinals stand for: another numbering makes the file worthless), and a checksum of every part.
 * It carries the journal sequence it is true for; what came afterwards the caller applies.
 */
#ifndef GEO_POINTS_FILE_H
#define GEO_POINTS_FILE_H

#include "geo/points.h"

/* Writes a temporary file beside it, fsync, rename, fsync of the folder. Takes a view, so that nothing waits. */
CHECKED enum err points_save(struct points *p, const char *path, uint64_t meaning, struct arena *a, struct str *why);
/*
 * Replaces all there is by the file's content and sets *seq. Nothing is changed when the file cannot be used: ERR_NOT_FOUND: there is none; ERR_INPUT:
 * damaged, of another version or meaning (why says which): rebuild; ERR_IO.
 */
CHECKED enum err points_restore(struct points *p, const char *path, uint64_t meaning, int64_t *seq, struct arena *a, struct str *why);

#endif
