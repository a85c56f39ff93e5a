/*
 * multipart/form-data (RFC 7578) as it arrives: files go to disk piece by piece, text fields to memory within a cap.
 * One window holds what has not been decided yet; it is never longer than a part's head or two delimiters.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "http/internal.h"

#define WINDOW ((size_t)32 * 1024)
#define PART_HEAD_MAX ((size_t)4 * 1024)
#define NAME_MAX_BYTES 200
#define FILENAME_MAX_BYTES 1000

enum state { FIRST, AFTER, HEAD, DATA, END };

struct multipart {
	struct rx *x;
	enum state state;
	char delim[76];        /* CR LF -- boundary */
	size_t ndelim;
	char *window;
	size_t n;
	/* the part at hand */
	struct http_upload *file;
	int fd;
	bool skip;             /* a file field in which nothing was chosen */
	struct str name;
	size_t field_at;       /* in x->in */
};

static bool bad(struct multipart *m, int status, const char *why)
{
	rx_refuse(m->x, status, why);
	return false;
}

static bool boundary_ok(struct str b)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] <= ' ' || b.p[i] == 0x7f)
			return false;
	return b.n > 0 && b.n <= 70;
}

struct multipart *multipart_new(struct rx *x, struct str boundary)
{
	struct multipart *m;

	if (!boundary_ok(boundary)) {
		rx_refuse(x, 400, "multipart without a usable boundary");
		return NULL;
	}
	m = arena_new(&x->arena, struct multipart);
	m->x = x;
	m->fd = -1;
	m->ndelim = (size_t)snprintf(m->delim, sizeof(m->delim), "\r\n--%.*s", STR_ARG(boundary));
	m->window = arena_alloc(&x->arena, WINDOW);
	return m;
}

void multipart_free(struct multipart *m)
{
	if (m && m->fd >= 0)
		close(m->fd);
}

/* ---- the head of a part ---- */

static bool text_clean(struct str s, size_t max)
{
	return s.n <= max && str_chr(s, '\n') < 0 && str_chr(s, '\r') < 0 && field_text_ok(s);
}

/* Some clients send a whole path. */
static struct str base_name(struct str s)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == '/' || s.p[i - 1] == '\\')
			return str_sub(s, i, s.n);
	return s;
}

static bool open_file(struct multipart *m, struct str filename, struct str type)
{
	struct rx *x = m->x;
	struct http_upload *u;

	if ((int)x->req.nuploads >= x->admit.max_files)
		return bad(m, x->admit.max_files ? 413 : 400, "more files than this form takes");
	if (x->server->upload_dir == NULL)
		return bad(m, 500, "no folder for uploads is configured");
	if (x->req.uploads == NULL)
		x->req.uploads = arena_array(&x->arena, struct http_upload, (size_t)x->admit.max_files);
	u = &x->req.uploads[x->req.nuploads];
	*u = (struct http_upload){.field = m->name, .filename = filename, .type = type};
	u->path = arena_printf(&x->arena, "%s/upload-XXXXXX", x->server->upload_dir);
	m->fd = mkostemp((char *)u->path.p, O_CLOEXEC);
	if (m->fd < 0) {
		log_error("http: cannot create a file in the upload folder: %s", strerror(errno));
		return bad(m, 500, "the upload folder cannot be written");
	}
	x->req.nuploads++;
	m->file = u;
	return true;
}

static bool begin_part(struct multipart *m, struct str disposition, struct str type, struct str encoding)
{
	struct arena *a = &m->x->arena;
	struct str filename = header_param(a, disposition, "filename");
	struct str name = header_param(a, disposition, "name");

	if (disposition.n < 9 || !str_ieqz(str_sub(disposition, 0, 9), "form-data") || name.p == NULL ||
	    !text_clean(name, NAME_MAX_BYTES) || (filename.p && !text_clean(filename, FILENAME_MAX_BYTES)))
		return bad(m, 400, "a part of the form is not named, or its name is not valid UTF-8");
	if (encoding.p && !str_ieqz(encoding, "binary") && !str_ieqz(encoding, "8bit") && !str_ieqz(encoding, "7bit"))
		return bad(m, 400, "a part of the form is encoded");
	if (m->x->req.form.n + m->x->req.nuploads >= FIELDS_MAX)
		return bad(m, 400, "too many fields");
	m->name = arena_str(a, name);
	m->skip = filename.p && filename.n == 0;
	m->file = NULL;
	m->field_at = m->x->in.n;
	if (filename.p && filename.n)
		return open_file(m, arena_str(a, base_name(filename)), text_clean(type, 100) ? type : STR(""));
	return true;
}

static bool part_head(struct multipart *m, struct str head)
{
	struct str disposition = STR_NULL, type = STR(""), encoding = STR_NULL, line, name;

	head = arena_str(&m->x->arena, head); /* the window moves on */
	while (str_split(&head, '\n', &line)) {
		line = str_trim(line);
		if (line.n == 0)
			continue;
		if (!str_split(&line, ':', &name) || line.p == NULL)
			return bad(m, 400, "a part of the form has a malformed head");
		line = str_trim(line);
		if (str_ieqz(name, "content-disposition"))
			disposition = line;
		else if (str_ieqz(name, "content-type"))
			type = line;
		else if (str_ieqz(name, "content-transfer-encoding"))
			encoding = line;
	}
	return begin_part(m, disposition, type, encoding);
}

/* ---- the content of a part ---- */

static bool write_all(struct multipart *m, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(m->fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0) {
			log_error("http: writing an upload failed: %s", strerror(errno));
			return bad(m, errno == ENOSPC ? 507 : 500, "the upload could not be stored");
		}
		p += w;
		n -= (size_t)w;
	}
	return true;
}

static bool emit(struct multipart *m, const char *p, size_t n)
{
	if (n == 0)
		return true;
	if (m->skip)
		return bad(m, 400, "a file without a name");
	if (m->file) {
		m->file->size += (int64_t)n;
		if (m->x->admit.max_file && m->file->size > m->x->admit.max_file)
			return bad(m, 413, "a file is too large");
		return write_all(m, p, n);
	}
	buf_add(&m->x->in, p, n);
	return m->x->in.full ? bad(m, 413, "the text of the form is too large") : true;
}

static bool end_part(struct multipart *m)
{
	struct rx *x = m->x;
	struct str value;
	int rc;

	if (m->file) {
		rc = close(m->fd);
		m->fd = -1;
		m->file = NULL;
		return rc == 0 ? true : bad(m, 500, "the upload could not be stored");
	}
	if (m->skip)
		return true;
	value = arena_str(&x->arena, str_sub(buf_str(&x->in), m->field_at, x->in.n));
	if (!field_text_ok(value))
		return bad(m, 400, "a field is not valid UTF-8");
	pairs_add(&x->arena, &x->req.form, m->name, value);
	return true;
}

/* ---- steps over the window: each returns the bytes consumed, 0: needs more, -1: refused ---- */

static ptrdiff_t step_first(struct multipart *m)
{
	size_t n = m->ndelim - 2;

	if (m->n < n)
		return 0;
	if (memcmp(m->window, m->delim + 2, n) != 0)
		return bad(m, 400, "the form does not begin with its boundary") ? 0 : -1;
	m->state = AFTER;
	return (ptrdiff_t)n;
}

static ptrdiff_t step_after(struct multipart *m)
{
	if (m->n < 2)
		return 0;
	if (memcmp(m->window, "\r\n", 2) == 0)
		m->state = HEAD;
	else if (memcmp(m->window, "--", 2) == 0)
		m->state = END;
	else
		return bad(m, 400, "a boundary of the form is followed by something else") ? 0 : -1;
	return 2;
}

static ptrdiff_t step_head(struct multipart *m)
{
	struct str w = {m->window, m->n};
	ptrdiff_t end = str_find(w, STR("\r\n\r\n"));

	if (end > (ptrdiff_t)PART_HEAD_MAX || (end < 0 && m->n > PART_HEAD_MAX))
		return bad(m, 400, "a part of the form has too large a head") ? 0 : -1;
	if (end < 0)
		return 0;
	if (!part_head(m, str_sub(w, 0, (size_t)end)))
		return -1;
	m->state = DATA;
	return end + 4;
}

static ptrdiff_t step_data(struct multipart *m)
{
	char *d = memmem(m->window, m->n, m->delim, m->ndelim);
	size_t sure;

	if (d) {
		if (!emit(m, m->window, (size_t)(d - m->window)) || !end_part(m))
			return -1;
		m->state = AFTER;
		return d - m->window + (ptrdiff_t)m->ndelim;
	}
	/* The last bytes may be the beginning of the delimiter. */
	sure = m->n < m->ndelim ? 0 : m->n - m->ndelim + 1;
	return emit(m, m->window, sure) ? (ptrdiff_t)sure : -1;
}

static bool process(struct multipart *m)
{
	ptrdiff_t used;

	do {
		switch (m->state) {
		case FIRST:
			used = step_first(m);
			break;
		case AFTER:
			used = step_after(m);
			break;
		case HEAD:
			used = step_head(m);
			break;
		case DATA:
			used = step_data(m);
			break;
		default:
			used = (ptrdiff_t)m->n; /* what follows the last boundary means nothing */
		}
		if (used < 0)
			return false;
		m->n -= (size_t)used;
		memmove(m->window, m->window + used, m->n);
	} while (used > 0 && m->n);
	return true;
}

bool multipart_feed(struct multipart *m, const char *p, size_t n)
{
	size_t part;

	while (n) {
		part = WINDOW - m->n < n ? WINDOW - m->n : n;
		memcpy(m->window + m->n, p, part);
		m->n += part;
		p += part;
		n -= part;
		if (!process(m))
			return false;
	}
	return true;
}

bool multipart_end(struct multipart *m)
{
	return m->state == END;
}
