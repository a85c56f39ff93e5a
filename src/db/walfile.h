/*
 * How a writing connection writes its WAL: SQLite puts each page there by two calls (24 bytes, 4 KB), some fifty a report for a lone client. All that
 * lies side by side is gathered and written by one call before the sync that makes it count.
 *
 * It is only for connections with synchronous=FULL: SQLite then syncs the WAL before it tells anybody that something is in it, so nobody can look for
 * bytes that are still gathered. Without that sync others would.
 */
#ifndef DB_WALFILE_H
#define DB_WALFILE_H

/* Name of the VFS, for sqlite3_open_v2; NULL: SQLite's own (it would not be registered). */
const char *db_walfile_vfs(void);

#endif
