/* The frames of a backup, for the files of this room that write and read them. */
#ifndef DB_BACKUP_INNER_H
#define DB_BACKUP_INNER_H

#include <openssl/evp.h>
#include <stdio.h>

#include "db/backup.h"
#include "db/inner.h"

#define BACKUP_PIECE ((size_t)256 * 1024) /* rows are packed, files cut, in pieces of about this size */

struct table;

struct out {
	int fd;
	EVP_MD_CTX *sum;
	struct buf file;  /* bytes not yet written */
	struct buf block; /* rows not yet packed */
	struct buf packed;
	struct libdeflate_compressor *deflate;
	int error; /* errno of the backup's own file */
	const char *failed_file; /* an attachment that cannot be read, with its errno */
	int failed_errno;
	int64_t rows, files;
	const struct table *table;
	backup_progress fn;
	void *arg;
};

struct in {
	FILE *f;
	EVP_MD_CTX *sum;
	const char *path;
	int version;
	char kind;
	char *p; /* payload */
	size_t n, cap;
	struct arena *a;
	struct str *why;
};

void backup_frame(struct out *o, char kind, const void *p, size_t n);
enum err backup_damaged(struct in *in, const char *what);

/* All attachments below the folder, as A and D frames. */
CHECKED enum err backup_put_files(struct out *o, const char *root, struct arena *a);

/* What is being restored of them. */
struct files_in {
	const char *root;   /* NULL: they are passed over */
	int fd;             /* -1: none is open */
	struct str part, name;
	int64_t left, files;
	struct arena arena; /* of one file */
};
void files_in_init(struct files_in *f, const char *root);
void files_in_release(struct files_in *f);
/* One A or D frame. */
CHECKED enum err files_in_frame(struct files_in *f, struct in *in);
/* All have come, and are on disk. */
CHECKED enum err files_in_end(struct files_in *f, struct in *in);

#endif
