/* The list as CSV, streamed page by page: memory does not depend on how many rows there are; and as XLSX, through a file. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cap/cases/export_rows.h"
#include "cap/cases/pages.h"

#define CHUNK 200

struct export {
	struct rq *rq;
	struct matter_scope scope;
	struct matter_filter filter;
	struct arena arena;
	bool begun, over;
};

static enum err next(void *arg, struct buf *out)
{
	struct export *x = arg;
	struct csv_out w;
	struct db_conn *c;
	struct matter_row *v;
	size_t n;
	enum err e;

	csv_begin(&w, out, !x->begun);
	if (!x->begun) {
		export_csv_head(&w);
		x->begun = true;
	}
	if (x->over)
		return OK;
	c = db_read_begin(x->rq->app->db);
	e = matter_list(c, &x->arena, &x->scope, &x->filter, x->rq->now, &v, &n);
	if (e == OK) {
		for (size_t i = 0; i < n; i++) {
			struct xlsx_cell cells[EXPORT_COLUMNS];

			export_cells(c, &x->arena, &v[i], cells);
			export_csv_row(&w, &x->arena, cells);
		}
		x->over = n < CHUNK;
		if (n) {
			x->filter.before_key = v[n - 1].key;
			x->filter.before_id = v[n - 1].id;
		}
	}
	db_read_end(c);
	arena_reset(&x->arena);
	return e;
}

static void end(void *arg)
{
	struct export *x = arg;

	arena_release(&x->arena);
	free(x);
}

enum err cases_export(struct rq *rq)
{
	struct export *x = calloc(1, sizeof(*x));
	enum err e;

	if (x == NULL)
		BUG("out of memory");
	x->rq = rq;
	arena_init(&x->arena, 0);
	if ((e = cases_scope(rq, &x->scope)) != OK || (e = cases_read_filter(rq, &x->scope, &x->filter)) != OK) {
		end(x);
		return e;
	}
	x->filter.limit = CHUNK;
	x->filter.before_key = x->filter.before_id = 0;
	http_header(rq->http, "Content-Type", STR("text/csv; charset=utf-8"));
	http_header(rq->http, "Content-Disposition", STR("attachment; filename=\"matters.csv\""));
	http_stream(rq->http, next, end, x);
	return OK;
}

/* ---- XLSX ---- */

/* A name of our own in var/; the file has no name any more while it is sent. */
static int send_file(struct rq *rq, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	unlink(path);
	if (fd < 0 || fstat(fd, &st) != 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	http_header(rq->http, "Content-Type", STR("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"));
	http_header(rq->http, "Content-Disposition", STR("attachment; filename=\"matters.xlsx\""));
	http_header(rq->http, "Cache-Control", STR("no-store"));
	http_send_fd(rq->http, fd, st.st_size);
	return 0;
}

enum err cases_export_xlsx(struct rq *rq)
{
	struct matter_scope s;
	struct matter_filter f;
	char *path = arena_strz(rq->arena, arena_printf(rq->arena, "%s/export-XXXXXX", rq->app->var));
	struct db_conn *c;
	enum err e;
	int fd;

	if ((e = cases_scope(rq, &s)) != OK || (e = cases_read_filter(rq, &s, &f)) != OK)
		return e;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return rq_fail(rq, ERR_IO, _("写不了临时文件，磁盘可能满了。请告诉系统管理员"));
	close(fd);
	c = db_read_begin(rq->app->db); /* not the request's: the snapshot lasts until it is given back */
	e = export_xlsx(c, rq->arena, &s, &f, rq->now, path);
	db_read_end(c);
	if (e != OK)
		unlink(path);
	if (e == ERR_TOO_MUCH)
		return rq_fail(rq, e, _("符合条件的超过 %d 件，请加上条件分几次导出，或者导出 CSV"), EXPORT_XLSX_MOST);
	if (e != OK || send_file(rq, path) != 0)
		return rq_fail(rq, e == OK ? ERR_IO : e, _("没有导出成，请稍后再试"));
	return OK;
}
