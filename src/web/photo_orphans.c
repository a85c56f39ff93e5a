/*
 * Attachments that no matter names: a crash fell between moving a photograph to var/files and the COMMIT that would have named it. Each hour
 * looks through a twenty-fourth of the folders. What a matter names is never touched, however old or new: the store is asked for each name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/matter/matter.h"
#include "web/photo.h"

#define YOUNGEST MS_DAY               /* one on its way may still get its name */
#define OLDEST (40 * MS_DAY)          /* older ones were looked at many times: they are named */
#define SLOTS 24
#define BATCH 1000
#define TOKEN_CHARS 43

struct sweep {
	struct app *app;
	struct arena *a;
	int64_t now;
	DIR *dir;
	const char *folder;           /* "files/5f" */
	struct str path[BATCH];       /* of the photograph: what a matter names */
	struct str entry[BATCH];      /* in the folder: the photograph or its small copy */
	size_t n;
	int removed;
};

/* "TOKEN.jpg" or "TOKEN.thumb.jpg"; the token, or p NULL: none of ours, which stays. */
static struct str token_of(const char *entry)
{
	struct str s = str_from(entry), token = str_sub(s, 0, TOKEN_CHARS);

	if (s.n <= TOKEN_CHARS || s.p[0] == '.')
		return STR_NULL;
	s = str_sub(s, TOKEN_CHARS, s.n);
	return str_eqz(s, ".jpg") || str_eqz(s, ".thumb.jpg") ? token : STR_NULL;
}

static bool of_that_age(const struct stat *st, int64_t now)
{
	int64_t made = (int64_t)st->st_mtim.tv_sec * 1000, moved = (int64_t)st->st_ctim.tv_sec * 1000;

	return now - made > YOUNGEST && now - moved > YOUNGEST && now - made < OLDEST;
}

static bool among(const struct str *v, size_t n, struct str s)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i], s))
			return true;
	return false;
}

static enum err remove_unnamed(struct sweep *s)
{
	struct db_conn *c = db_read_begin(s->app->db);
	struct str *named;
	size_t n;
	enum err e = matter_files_named(c, s->a, s->path, s->n, &named, &n);

	db_read_end(c);
	for (size_t i = 0; e == OK && i < s->n; i++) {
		if (among(named, n, s->path[i]))
			continue;
		if (unlinkat(dirfd(s->dir), s->entry[i].p, 0) == 0)
			s->removed++;
	}
	s->n = 0;
	arena_reset(s->a);
	return e;
}

static enum err sweep_folder(struct sweep *s)
{
	struct dirent *d;
	enum err e = OK;

	while (e == OK && (d = readdir(s->dir)) != NULL) {
		struct str token = token_of(d->d_name);
		struct stat st;

		if (token.p == NULL || fstatat(dirfd(s->dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
		    !of_that_age(&st, s->now))
			continue;
		s->entry[s->n] = arena_str(s->a, str_from(d->d_name));
		s->path[s->n++] = arena_printf(s->a, "%s/%.*s.jpg", s->folder, STR_ARG(token));
		if (s->n == BATCH)
			e = remove_unnamed(s);
	}
	return e == OK && s->n ? remove_unnamed(s) : e;
}

enum err photo_orphans(struct app *app, int64_t now)
{
	struct sweep *s = calloc(1, sizeof(*s));
	struct arena a;
	enum err e = OK;

	if (s == NULL)
		BUG("out of memory");
	arena_init(&a, 0);
	for (int i = (int)(now / MS_HOUR % SLOTS); e == OK && i < 256; i += SLOTS) {
		char path[4200], folder[16];

		snprintf(folder, sizeof(folder), "files/%02x", (unsigned)i);
		snprintf(path, sizeof(path), "%s/%s", app->var, folder);
		*s = (struct sweep){.app = app, .a = &a, .now = now, .folder = folder, .removed = s->removed};
		s->dir = opendir(path);
		if (s->dir == NULL)
			continue;
		e = sweep_folder(s);
		closedir(s->dir);
	}
	if (s->removed)
		log_info("attachments that no matter names were removed files=%d", s->removed);
	arena_release(&a);
	free(s);
	return e;
}
