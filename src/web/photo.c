/* Photographs between a form and a matter: see photo.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "crypto/crypto.h"
#include "docgen/image.h"
#include "web/photo.h"

#define KEPT MS_DAY
#define TOKEN_CHARS 43 /* 256 bits in base64url */

static bool token_ok(struct str t)
{
	for (size_t i = 0; i < t.n; i++)
		if (!((t.p[i] >= 'a' && t.p[i] <= 'z') || (t.p[i] >= 'A' && t.p[i] <= 'Z') || (t.p[i] >= '0' && t.p[i] <= '9') ||
		      t.p[i] == '-' || t.p[i] == '_'))
			return false;
	return t.n == TOKEN_CHARS;
}

static struct str pending(struct app *app, struct arena *a, struct str token, const char *ending)
{
	return arena_printf(a, "%s/pending/%.*s%s", app->var, STR_ARG(token), ending);
}

struct str photo_path(struct app *app, struct arena *a, struct str token, bool thumb)
{
	return pending(app, a, token, thumb ? ".thumb.jpg" : ".jpg");
}

struct str photo_stored(struct app *app, struct arena *a, struct str name)
{
	return arena_printf(a, "%s/%.*s", app->var, STR_ARG(name));
}

/* ---- keeping ---- */

static struct str meta_text(struct arena *a, const struct photo *p)
{
	struct str text;
	struct json j;
	struct buf b;

	buf_init(&b, 4096);
	json_init(&j, &b);
	json_obj(&j);
	json_key(&j, "name"), json_str(&j, p->name);
	json_key(&j, "width"), json_i64(&j, p->width);
	json_key(&j, "height"), json_i64(&j, p->height);
	json_key(&j, "size"), json_i64(&j, p->size);
	if (p->has_point) {
		json_key(&j, "lon"), json_f64(&j, p->lon);
		json_key(&j, "lat"), json_f64(&j, p->lat);
	}
	json_end(&j);
	json_done(&j);
	text = arena_str(a, buf_str(&b));
	buf_release(&b);
	return text;
}

/* A name for people only: the last part, short, without anything that could play tricks on a page. */
static struct str shown_name(struct arena *a, struct str sent)
{
	size_t at = sent.n;

	while (at > 0 && sent.p[at - 1] != '/' && sent.p[at - 1] != '\\')
		at--;
	sent = str_sub(sent, at, sent.n);
	if (str_empty(sent) || !utf8_valid(sent) || !utf8_plain(sent, false))
		return STR("photo.jpg");
	return utf8_ellipsis(a, sent, 60);
}

static enum err write_all(struct app *app, struct arena *a, const struct photo *p, const struct image *img)
{
	const struct {
		const char *ending;
		struct str content;
	} files[] = {{".jpg", img->jpeg}, {".thumb.jpg", img->thumb}, {".json", meta_text(a, p)}};
	struct str why;
	enum err e = file_make_dirs(a, arena_printf(a, "%s/pending", app->var).p, 0700, &why);

	for (size_t i = 0; e == OK && i < ARRAY_LEN(files); i++)
		e = file_write(a, pending(app, a, p->token, files[i].ending).p, files[i].content, 0600, &why);
	if (e != OK)
		log_error("photo: a photograph could not be kept: %.*s", STR_ARG(why));
	return e;
}

CHECKED enum err photo_keep(struct app *app, struct arena *a, struct str upload, struct str name, struct photo *out,
				   const char **why)
{
	int fd = open(arena_strz(a, upload), O_RDONLY | O_CLOEXEC);
	struct image img;
	enum err e;

	*out = (struct photo){0};
	if (fd < 0)
		return ERR_IO;
	e = image_convert(a, fd, &img);
	close(fd);
	if (e == ERR_INPUT || e == ERR_TOO_MUCH)
		*why = e == ERR_INPUT ? image_refusal_text(img.refusal) : N_("这张照片太大，没有保留。请换一张小一些的");
	if (e != OK)
		return e;
	*out = (struct photo){.token = token_new(a), .name = shown_name(a, name), .width = img.width, .height = img.height,
				     .size = (int64_t)img.jpeg.n, .has_point = img.located, .lon = img.lon, .lat = img.lat};
	return write_all(app, a, out, &img);
}

CHECKED enum err photo_find(struct app *app, struct arena *a, struct str token, struct photo *out)
{
	int64_t width, height;
	struct str text, why;
	json_t *meta;

	*out = (struct photo){.token = token, .name = STR("photo.jpg")};
	if (!token_ok(token) || file_read(a, pending(app, a, token, ".json").p, 4096, &text, &why) != OK ||
	    json_parse(a, text, NULL, &meta, &why) != OK)
		return ERR_NOT_FOUND;
	if (!json_get_i64(meta, "width", &width) || !json_get_i64(meta, "height", &height) || !json_get_i64(meta, "size", &out->size))
		return ERR_NOT_FOUND;
	out->width = (int)width;
	out->height = (int)height;
	(void)json_get_str(meta, "name", &out->name);
	out->has_point = json_get_f64(meta, "lon", &out->lon) && json_get_f64(meta, "lat", &out->lat);
	return OK;
}

/* ---- taking ---- */

static enum err sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = fd >= 0 && fsync(fd) == 0 ? OK : ERR_IO;

	if (fd >= 0)
		close(fd);
	return e;
}

CHECKED enum err photo_take(struct app *app, struct arena *a, const struct photo *p, struct matter_file *file)
{
	/* 256 folders keep each of them small; token_new is random, so its first byte spreads evenly */
	struct str dir = arena_printf(a, "files/%02x", (unsigned)(unsigned char)p->token.p[0]);
	struct str full = photo_stored(app, a, dir), why;
	enum err e = file_make_dirs(a, full.p, 0700, &why);

	/* photo_orphans looks at the age: it counts from now, not from when the form was begun */
	(void)utimensat(AT_FDCWD, photo_path(app, a, p->token, false).p, NULL, 0);
	(void)utimensat(AT_FDCWD, photo_path(app, a, p->token, true).p, NULL, 0);
	*file = (struct matter_file){.name = p->name, .type = STR("image/jpeg"), .size = p->size, .width = p->width,
				     .height = p->height};
	file->path = arena_printf(a, "%s/%.*s.jpg", dir.p, STR_ARG(p->token));
	file->thumb = arena_printf(a, "%s/%.*s.thumb.jpg", dir.p, STR_ARG(p->token));
	if (e == OK && (rename(photo_path(app, a, p->token, false).p, photo_stored(app, a, file->path).p) != 0 ||
			rename(photo_path(app, a, p->token, true).p, photo_stored(app, a, file->thumb).p) != 0))
		e = ERR_IO;
	if (e == OK)
		e = sync_dir(full.p);
	if (e == OK)
		unlink(pending(app, a, p->token, ".json").p);
	return e;
}

void photos_undo(struct app *app, const struct matter_file *files, size_t n)
{
	struct arena a;

	arena_init(&a, 0);
	for (size_t i = 0; i < n && files[i].path.n; i++) {
		unlink(photo_stored(app, &a, files[i].path).p);
		unlink(photo_stored(app, &a, files[i].thumb).p);
	}
	arena_release(&a);
}

/* ---- a form ---- */

static bool dropped(struct rq *rq, struct str token)
{
	const struct http_pairs *p = &rq->http->form;

	for (size_t i = 0; i < p->n; i++)
		if (str_eqz(p->v[i].name, "drop") && str_eq(p->v[i].value, token))
			return true;
	return false;
}

CHECKED enum err photos_read(struct rq *rq, const char *field, const char *kept, size_t max, struct photo *v, size_t *n, const char **why)
{
	const struct http_pairs *p = &rq->http->form;

	*why = NULL;
	for (size_t i = 0; i < p->n && *n < max; i++)
		if (str_eqz(p->v[i].name, kept) && !dropped(rq, p->v[i].value) &&
		    photo_find(rq->app, rq->arena, p->v[i].value, &v[*n]) == OK)
			(*n)++;
	for (size_t i = 0; i < rq->http->nuploads; i++) {
		const struct http_upload *u = &rq->http->uploads[i];
		enum err e;

		if (!str_eqz(u->field, field) || u->size == 0)
			continue;
		if (*n >= max) {
			*why = N_("照片太多了，多出来的没有保留");
			break;
		}
		e = photo_keep(rq->app, rq->arena, u->path, u->filename, &v[*n], why);
		if (e == OK)
			(*n)++;
		else if (e != ERR_INPUT && e != ERR_TOO_MUCH)
			return e;
	}
	return OK;
}

struct taken {
	struct rq *rq;
	const struct matter_file *files;
	size_t n;
};

static void undo_unless_written(void *arg)
{
	const struct taken *t = arg;

	if (!rq_written(t->rq))
		photos_undo(t->rq->app, t->files, t->n);
}

CHECKED enum err photos_take(struct rq *rq, const struct photo *v, size_t n, struct matter_file *files)
{
	struct taken *t = arena_new(rq->arena, struct taken);

	*t = (struct taken){rq, files, 0};
	arena_on_reset(rq->arena, undo_unless_written, t);
	for (size_t i = 0; i < n; i++) {
		enum err e = photo_take(rq->app, rq->arena, &v[i], &files[i]);

		if (e != OK)
			return rq_fail(rq, e, N_("照片没能保存。请返回，再提交一次；也可以先不传照片。"));
		t->n = i + 1;
	}
	return OK;
}

enum err photo_send(struct rq *rq, struct str path)
{
	int fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return ERR_NOT_FOUND;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return ERR_NOT_FOUND;
	}
	http_header_set(rq->http, "Content-Type", STR("image/jpeg"));
	http_header_set(rq->http, "X-Content-Type-Options", STR("nosniff"));
	http_header_set(rq->http, "Content-Disposition", STR("inline"));
	http_send_fd(rq->http, fd, st.st_size);
	return OK;
}

/* ---- sweeping ---- */

enum err photo_sweep(struct app *app, int64_t now)
{
	struct arena a;
	struct dirent *d;
	DIR *dir;

	arena_init(&a, 0);
	dir = opendir(arena_printf(&a, "%s/pending", app->var).p);
	while (dir && (d = readdir(dir)) != NULL) {
		struct stat st;

		if (d->d_name[0] != '.' && fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		    now - (int64_t)st.st_mtim.tv_sec * 1000 > KEPT)
			unlinkat(dirfd(dir), d->d_name, 0);
	}
	if (dir)
		closedir(dir);
	arena_release(&a);
	return OK;
}
