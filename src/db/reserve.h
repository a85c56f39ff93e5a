/*
 * A megabyte beside an SQLite store, kept for the day the disk is full: to open a store after a crash, SQLite needs room for
 * the index of its log (FILE-shm). Without it the server could not start again until somebody had made room.
 */
#ifndef DB_RESERVE_H
#define DB_RESERVE_H

#include <stdbool.h>

/* Makes FILE-reserve when it is missing and there is room enough; otherwise does nothing. */
void db_reserve_keep(const char *file);
/* Gives the room back; false when there was none. */
bool db_reserve_release(const char *file);

#endif
