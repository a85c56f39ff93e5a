#include "cap/importer/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_kind.h"
#include "docgen/xlsx_read.h"

struct table {
	int fd;
	struct csv *csv;
	struct xlsx *xlsx;
	struct arena arena;
	int64_t rows, size;
	bool broken;
};

#define READS "CSV/XLSX"

/* *why: it is a ZIP that says itself that it is no workbook of ours. What else is no table the reader of CSV tells. */
static bool begins_like_xlsx(int fd, struct arena *a, struct str *why)
{
	char bytes[FILE_KIND_HEAD];
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
	struct str head = {bytes, n > 0 ? (size_t)n : 0};

	*why = file_kind_other_zip(head) ? file_kind_fault(a, head, READS) : STR_NULL;
	return xlsx_looks_like(head);
}

enum err table_open(const char *path, const char *sheet, struct table **out, struct arena *a, struct str *why)
{
	struct table *t = calloc(1, sizeof(*t));
	struct stat st;
	enum err e;

	if (t == NULL)
		BUG("out of memory");
	arena_init(&t->arena, 0);
	t->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (t->fd < 0 || fstat(t->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		*why = arena_printf(a, "打不开文件 %s：%s / cannot open the file", path, strerror(t->fd < 0 ? errno : EINVAL));
		table_close(t);
		return ERR_IO;
	}
	t->size = st.st_size;
	if (!begins_like_xlsx(t->fd, a, why))
		e = csv_open_fd(&t->csv, t->fd, &(struct csv_options){.reads = READS}, a, why);
	else
		e = why->p ? ERR_INPUT : xlsx_open(path, sheet, &t->xlsx, a, why);
	if (e != OK) {
		table_close(t);
		return e;
	}
	*out = t;
	return OK;
}

void table_close(struct table *t)
{
	if (t == NULL)
		return;
	if (t->csv)
		csv_close(t->csv);
	xlsx_close(t->xlsx);
	if (t->fd >= 0)
		close(t->fd);
	arena_release(&t->arena);
	free(t);
}

/* A damaged sheet cannot be read behind the damage: it is told once, then the table ends. */
static enum csv_got xlsx_row(struct table *t, struct csv_row *row)
{
	struct str why;
	enum err e;

	if (t->broken)
		return CSV_END;
	arena_reset(&t->arena);
	e = xlsx_next(t->xlsx, &row->v, &row->n, &t->rows, &t->arena, &why);
	row->line = t->rows;
	if (e == OK)
		return CSV_ROW;
	t->broken = true;
	if (e == ERR_NOT_FOUND)
		return CSV_END;
	row->why = why.p;
	return CSV_BAD;
}

enum csv_got table_next(struct table *t, struct csv_row *row)
{
	if (t->xlsx)
		return xlsx_row(t, row);
	return csv_next(t->csv, row);
}

int64_t table_position(const struct table *t)
{
	return t->csv ? csv_position(t->csv) : t->rows;
}

int64_t table_size(const struct table *t)
{
	return t->csv ? t->size : 0;
}
