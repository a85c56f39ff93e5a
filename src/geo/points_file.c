#include "geo/points_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

#include "geo/points_walk.h"

/*
 * head, then for each segment its own head and its columns one behind the other. What can be derived is not written. Numbers as the processor has
 * them: a file of the other byte order is refused like one of another version, and rebuilt.
 */
#define MAGIC "GZPOINTS"
#define VERSION 1u
#define ORDER 0x01020304u

struct head {
	char magic[8];
	uint32_t version, order;
	uint64_t meaning;
	int64_t seq;
	uint64_t rows;
	uint32_t segments, crc;       /* crc of what stands before it; the last field */
};
struct seg_head { uint32_t n, nplaces, high, columns_crc, number, crc; };

static uint32_t crc_of(uint32_t crc, const void *p, size_t n)
{
	return n ? libdeflate_crc32(crc, p, n) : crc;
}

/* ---- writing ---- */

struct out { int fd; int error; };

static void put(struct out *o, const void *p, size_t n)
{
	const char *at = p;

	while (n && !o->error) {
		ssize_t wrote = write(o->fd, at, n);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0) {
			o->error = errno;
			return;
		}
		at += wrote;
		n -= (size_t)wrote;
	}
}

static void put_seg(struct out *o, const struct seg *s, uint32_t number)
{
	struct seg_head h = {.n = s->n, .nplaces = s->nplaces, .high = s->category_high != NULL, .number = number};
	size_t bytes;
	void *p;

	for (int i = 0; seg_column(s, i, &p, &bytes); i++)
		h.columns_crc = crc_of(h.columns_crc, p, bytes);
	h.crc = crc_of(0, &h, offsetof(struct seg_head, crc));
	put(o, &h, sizeof(h));
	for (int i = 0; seg_column(s, i, &p, &bytes); i++)
		put(o, p, bytes);
}

static struct head make_head(const struct points_view *v, uint64_t meaning, uint64_t rows, uint32_t segments)
{
	struct head h = {.version = VERSION, .order = ORDER, .meaning = meaning, .seq = v->seq, .rows = rows, .segments = segments};

	memcpy(h.magic, MAGIC, sizeof(h.magic));
	h.crc = crc_of(0, &h, offsetof(struct head, crc));
	return h;
}

/* All rows in order, runs and base together, as segments; the head last, when it is known. */
static void put_view(struct out *o, const struct points_view *v, uint64_t meaning)
{
	const struct points_filter everything = {.now = 0};
	struct row *rows = malloc(SEG_FILL * sizeof(*rows));
	struct head h = {.rows = 0};
	uint64_t total = 0;
	uint32_t n = 0, segments = 0;
	struct plan p;
	struct walk w;
	bool more = true;

	if (rows == NULL)
		BUG("no memory to save points");
	put(o, &h, sizeof(h));
	plan_init(&p, &everything);
	walk_begin(&w, v, &p, 0, KEY_UNLOCATED);
	while (more && !o->error) {
		more = walk_next(&w, &rows[n]);
		n += more;
		if (n == SEG_FILL || (!more && n)) {
			struct seg *s = seg_build(rows, n, false);

			put_seg(o, s, segments++);
			seg_drop(s);
			total += n;
			n = 0;
		}
	}
	walk_end(&w);
	plan_release(&p);
	free(rows);
	h = make_head(v, meaning, total, segments);
	if (!o->error && lseek(o->fd, 0, SEEK_SET) != 0)
		o->error = errno;
	put(o, &h, sizeof(h));
	if (!o->error && fsync(o->fd) != 0)
		o->error = errno;
}

static int sync_folder(struct arena *a, const char *path)
{
	int fd = open(dirname(arena_strz(a, str_from(path))), O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return errno;
	if (fsync(fd) != 0)
		error = errno;
	close(fd);
	return error;
}

static enum err failed(struct arena *a, const char *path, int error, struct str *why)
{
	*why = arena_printf(a, "%s: %s", path, error == ENOSPC ? "磁盘已满，请清理 (the disk is full: make room)" : strerrordesc_np(error));
	return error == ENOENT ? ERR_NOT_FOUND : ERR_IO;
}

enum err points_save(struct points *p, const char *path, uint64_t meaning, struct arena *a, struct str *why)
{
	char *temp = arena_strz(a, arena_printf(a, "%s.XXXXXX", path));
	struct points_view *v;
	struct out o = {.fd = mkostemp(temp, O_CLOEXEC)};

	if (o.fd < 0)
		return failed(a, path, errno, why);
	v = points_view(p);
	put_view(&o, v, meaning);
	points_view_end(v);
	if (close(o.fd) != 0 && !o.error)
		o.error = errno;
	if (!o.error && rename(temp, path) != 0)
		o.error = errno;
	if (o.error) {
		unlink(temp);
		return failed(a, path, o.error, why);
	}
	o.error = sync_folder(a, path);
	return o.error ? failed(a, path, o.error, why) : OK;
}

/* ---- reading ---- */

struct in { int fd, error; bool ended; };

static bool take(struct in *s, void *p, size_t n)
{
	char *at = p;

	while (n) {
		ssize_t got = read(s->fd, at, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			s->error = errno;
		if (got == 0)
			s->ended = true;
		if (got <= 0)
			return false;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

/* Columns are as this program writes them: a checksum does not say that whoever wrote the file knew how. */
static bool sound(const struct seg *s, const struct seg *before)
{
	if (before && (s->key[0] < before->key[before->n - 1] || (s->key[0] == before->key[before->n - 1] && s->id[0] <= before->id[before->n - 1])))
		return false;
	for (uint32_t i = 0; i < s->nplaces; i++)
		if (i && s->places[i] <= s->places[i - 1])
			return false;
	for (uint32_t i = 0; i < s->n; i++) {
		if (s->id[i] < 1 || s->place[i] >= s->nplaces || (s->key[i] == KEY_UNLOCATED) != ((s->flags[i] & POINT_UNLOCATED) != 0))
			return false;
		if (i && (s->key[i] < s->key[i - 1] || (s->key[i] == s->key[i - 1] && s->id[i] <= s->id[i - 1])))
			return false;
	}
	return true;
}

static const char *read_seg(struct in *in, uint32_t number, const struct seg *before, struct seg **out)
{
	struct seg_head h;
	uint32_t crc = 0;
	struct seg *s;
	size_t bytes;
	void *p;

	if (!take(in, &h, sizeof(h)))
		return "文件不完整 (it is cut off)";
	if (h.crc != crc_of(0, &h, offsetof(struct seg_head, crc)) || h.number != number || h.n < 1 || h.n > SEG_MAX || h.nplaces < 1 || h.nplaces > h.n)
		return "校验不符，文件已损坏 (a checksum is wrong: it is damaged)";
	s = seg_alloc(h.n, h.nplaces, h.high == 1);
	*out = s;
	for (int i = 0; seg_column(s, i, &p, &bytes); i++) {
		if (bytes && !take(in, p, bytes))
			return "文件不完整 (it is cut off)";
		crc = crc_of(crc, p, bytes);
	}
	if (crc != h.columns_crc || !sound(s, before))
		return "校验不符，文件已损坏 (a checksum is wrong: it is damaged)";
	seg_derive(s, true);
	return NULL;
}

static const char *read_all(struct in *in, uint64_t meaning, struct head *h, struct source_list *base)
{
	uint64_t rows = 0;
	char beyond;

	if (!take(in, h, sizeof(*h)))
		return "文件不完整 (it is cut off)";
	if (memcmp(h->magic, MAGIC, sizeof(h->magic)) != 0 || h->crc != crc_of(0, h, offsetof(struct head, crc)))
		return "这不是点位快照，或已损坏 (no snapshot of points, or a damaged one)";
	if (h->version != VERSION || h->order != ORDER)
		return "由另一版本写成 (written by another version)";
	if (h->meaning != meaning)
		return "编码含义已变 (its codes have another meaning now)";
	if (h->rows > POINTS_MAX || h->segments >= HOME_SLOTS_MAX - 1)
		return "校验不符，文件已损坏 (a checksum is wrong: it is damaged)";
	for (uint32_t i = 0; i < h->segments; i++) {
		struct seg *s = NULL;
		const char *why = read_seg(in, i, i ? base->v[i - 1].s : NULL, &s);

		if (why) {
			if (s)
				seg_drop(s);
			return why;
		}
		list_add(base, s, 0, s->n, i);
		rows += s->n;
	}
	if (rows != h->rows || take(in, &beyond, 1))
		return "长度不符，文件已损坏 (its length is wrong: it is damaged)";
	return NULL;
}

enum err points_restore(struct points *p, const char *path, uint64_t meaning, int64_t *seq, struct arena *a, struct str *why)
{
	struct source_list base = {NULL, 0, 0};
	struct in in = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
	struct head h;
	const char *wrong;

	if (in.fd < 0)
		return failed(a, path, errno, why);
	posix_fadvise(in.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	wrong = read_all(&in, meaning, &h, &base);
	close(in.fd);
	if (wrong) {
		list_drop(&base);
		if (in.error)
			return failed(a, path, in.error, why);
		*why = arena_printf(a, "%s: %s", path, wrong);
		return ERR_INPUT;
	}
	pthread_mutex_lock(&p->merge_lock);
	points_replace(p, &base, h.seq);
	pthread_mutex_unlock(&p->merge_lock);
	*seq = h.seq;
	return OK;
}
