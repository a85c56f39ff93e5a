#include "db/walfile.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define GATHER ((size_t)120 * 1024) /* SQLite's own xWrite takes less than 128 KB (os_unix.c) */

/* Only a WAL is one of these; every other file is SQLite's own, in the same memory. */
struct walfile {
	sqlite3_file base;
	unsigned char *v;
	size_t n;
	sqlite3_int64 at; /* where v[0] belongs */
	sqlite3_file *real;
};

static sqlite3_vfs *below;

static struct walfile *of(sqlite3_file *f)
{
	return (struct walfile *)f;
}

/* What cannot be written is dropped: SQLite undoes the transaction, and writes at the same place again. */
static int flush(struct walfile *w)
{
	size_t n = w->n;

	w->n = 0;
	return n ? w->real->pMethods->xWrite(w->real, w->v, (int)n, w->at) : SQLITE_OK;
}

static int w_write(sqlite3_file *f, const void *p, int amount, sqlite3_int64 at)
{
	struct walfile *w = of(f);
	size_t n = (size_t)amount;
	int rc = SQLITE_OK;

	if (w->n && (at != w->at + (sqlite3_int64)w->n || w->n + n > GATHER))
		rc = flush(w);
	if (rc != SQLITE_OK || n > GATHER)
		return rc != SQLITE_OK ? rc : w->real->pMethods->xWrite(w->real, p, amount, at);
	if (w->n == 0)
		w->at = at;
	memcpy(w->v + w->n, p, n);
	w->n += n;
	return SQLITE_OK;
}

static int w_read(sqlite3_file *f, void *p, int amount, sqlite3_int64 at)
{
	int rc = flush(of(f));

	return rc != SQLITE_OK ? rc : of(f)->real->pMethods->xRead(of(f)->real, p, amount, at);
}

static int w_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = flush(of(f));

	return rc != SQLITE_OK ? rc : of(f)->real->pMethods->xTruncate(of(f)->real, size);
}

static int w_sync(sqlite3_file *f, int flags)
{
	int rc = flush(of(f));

	return rc != SQLITE_OK ? rc : of(f)->real->pMethods->xSync(of(f)->real, flags);
}

static int w_size(sqlite3_file *f, sqlite3_int64 *size)
{
	int rc = flush(of(f));

	return rc != SQLITE_OK ? rc : of(f)->real->pMethods->xFileSize(of(f)->real, size);
}

static int w_close(sqlite3_file *f)
{
	struct walfile *w = of(f);
	int rc = flush(w), end = w->real->pMethods->xClose(w->real);

	free(w->v);
	w->v = NULL;
	return rc != SQLITE_OK ? rc : end;
}

static int w_lock(sqlite3_file *f, int how)
{
	return of(f)->real->pMethods->xLock(of(f)->real, how);
}

static int w_unlock(sqlite3_file *f, int how)
{
	return of(f)->real->pMethods->xUnlock(of(f)->real, how);
}

static int w_reserved(sqlite3_file *f, int *yes)
{
	return of(f)->real->pMethods->xCheckReservedLock(of(f)->real, yes);
}

static int w_control(sqlite3_file *f, int what, void *arg)
{
	return of(f)->real->pMethods->xFileControl(of(f)->real, what, arg);
}

static int w_sector(sqlite3_file *f)
{
	return of(f)->real->pMethods->xSectorSize(of(f)->real);
}

static int w_traits(sqlite3_file *f)
{
	return of(f)->real->pMethods->xDeviceCharacteristics(of(f)->real);
}

/* Version 1: shared memory and mappings belong to the store's own file. */
static const sqlite3_io_methods methods = {
	.iVersion = 1, .xClose = w_close, .xRead = w_read, .xWrite = w_write, .xTruncate = w_truncate, .xSync = w_sync, .xFileSize = w_size,
	.xLock = w_lock, .xUnlock = w_unlock, .xCheckReservedLock = w_reserved, .xFileControl = w_control, .xSectorSize = w_sector,
	.xDeviceCharacteristics = w_traits,
};

static int v_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct walfile *w = of(f);
	int rc;

	(void)vfs;
	if (!(flags & SQLITE_OPEN_WAL))
		return below->xOpen(below, name, f, flags, out);
	*w = (struct walfile){.real = (sqlite3_file *)(w + 1)};
	rc = below->xOpen(below, name, w->real, flags, out);
	if (rc != SQLITE_OK)
		return rc; /* base has no methods: SQLite does not close it */
	w->v = malloc(GATHER);
	if (w->v == NULL) {
		(void)w->real->pMethods->xClose(w->real);
		return SQLITE_NOMEM;
	}
	w->base.pMethods = &methods;
	return SQLITE_OK;
}

static sqlite3_vfs ours;

static void make(void)
{
	below = sqlite3_vfs_find(NULL);
	if (below == NULL)
		return;
	ours = *below; /* all else is its own, and takes `ours` for itself */
	ours.pNext = NULL;
	ours.zName = "gongzhi-wal";
	ours.szOsFile = (int)sizeof(struct walfile) + below->szOsFile;
	ours.xOpen = v_open;
	if (sqlite3_vfs_register(&ours, 0) != SQLITE_OK)
		ours.zName = NULL;
}

const char *db_walfile_vfs(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make);
	return ours.zName;
}
