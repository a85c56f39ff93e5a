/*
 * Copies of the whole store while it runs, in one format for both engines: a backup of SQLite restores into PostgreSQL and
 * the other way round; that is how a county moves. Attachments stand in it, and the keys when they are given, sealed by a passphrase.
 *
 * The file: "gongzhi-backup 2\n", then frames: one byte kind, four bytes length (big endian), payload:
 *   K  the keys, sealed (crypto/bundle.h); only as the first frame
 *   V  a migration that the data stands on: module \n number \n name \n checksum
 *   T  a table begins: its name, then each column with a line "\n" name. Tables stand in the order they were made.
 *   R  rows of that table: four bytes unpacked length, then deflate of: for each value one tag byte:
 *      0 NULL, i 8 bytes integer or boolean, f 8 bytes IEEE double, s and b 4 bytes length and text or bytes (all big endian)
 *   A  an attachment begins: its name below the folder \n its size in decimal
 *   D  bytes of that attachment, until its size is reached
 *   E  the end: 8 bytes number of rows, 8 bytes number of attachments
 * (tables whose name ends in _lease, of running processes, are left out)
 * and the SHA-256 of everything before it, 32 bytes. Search indexes stand as tables (id, body). Version 1, still read, has neither K, A nor D, and
 * only the number of rows in E.
 */
#ifndef DB_BACKUP_H
#define DB_BACKUP_H

#include "db/db.h"

/* Called now and then with the rows done so far; false stops the work (ERR_BUSY). May be NULL. */
typedef bool (*backup_progress)(void *arg, const char *table, int64_t rows);

/* What stands beside the store. */
struct backup_extra {
	const char *files;  /* folder of the attachments; NULL: without them. One that is not there holds none */
	struct str keys;    /* keys_bundle(); p NULL: without them */
};

/* Writes one consistent state of the store to `path` (mode 0600; under another name first, renamed when it is on disk,
 * so that a file with this name is always whole). On error *why says what and what to do. */
CHECKED enum err backup_write(struct db *db, const char *path, const struct backup_extra *x, backup_progress fn, void *arg,
			      struct arena *a, struct str *why);

struct backup_info {
	int64_t rows, files;
	bool keys;
	int tables, migrations;
};
/* Reads the whole file and checks its sum. info may be NULL. */
CHECKED enum err backup_check(const char *path, struct backup_info *info, struct arena *a, struct str *why);
/* The sealed keys of a backup. ERR_NOT_FOUND when it has none. */
CHECKED enum err backup_keys(const char *path, struct str *sealed, struct arena *a, struct str *why);

/*
 * Loads a backup into an empty store (opened with no_migrate_check; its tables are made here, as they were when the
 * backup was written, and then brought forward), and its attachments into the folder `files` (NULL: passes them over). ERR_CONFLICT when
 * the store is not empty. After an error, or a crash, the store is half full and no program opens it: remove it and begin again with a new one.
 */
CHECKED enum err backup_restore(struct db *db, const char *path, const char *files, backup_progress fn, void *arg, struct arena *a,
				struct str *why);

#endif
