#include "cap/map/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "cap/map/codes.h"
#include "core/matter/category.h"
#include "crypto/crypto.h"
#include "geo/points_file.h"

#define WORDS_MAX ((size_t)64 << 20)
#define BEHIND_MAX 2000000    /* entries: beyond, reading the store again is as fast */

static const char *path_of(struct arena *a, const char *var, const char *name)
{
	return arena_printf(a, "%s/map/%s", var, name).p;
}

/* What the numbers, ordinals and tags of the points stand for. */
static uint64_t meaning_of(const struct set *tree, struct str words)
{
	const struct category *cats;
	size_t ncats = category_list(&cats);
	struct buf b;
	unsigned char h[32];
	uint64_t m = 0;

	buf_init(&b, (size_t)256 << 20);
	buf_adds(&b, words);
	for (size_t i = 0; i < tree->n; i++) {
		buf_adds(&b, tree->v[i].place);
		buf_addc(&b, '\n');
	}
	for (size_t i = 0; i < ncats; i++)
		if (cats[i].emergency) {
			buf_adds(&b, cats[i].id);
			buf_addc(&b, '\n');
		}
	hash_bytes(HASH_SHA256, b.p, b.n, h);
	buf_release(&b);
	for (int i = 0; i < 8; i++)
		m = m << 8 | h[i];
	return m;
}

/* The entry with that number, and the log it belongs to: another store, or one put back to an earlier day, has another. */
static bool entry_mark(struct db *db, struct arena *a, int64_t seq, struct str *mark)
{
	struct db_conn *c = db_read_begin(db);
	struct str log, hash;
	struct journal_entry *v = NULL;
	size_t n = 0;
	unsigned char h[32];
	struct str text;
	enum err e = journal_log_name(c, a, &log, &hash);

	if (e == OK && seq > 0)
		e = journal_read(c, a, seq - 1, 1, &v, &n);
	db_read_end(c);
	if (e != OK || (seq > 0 && (n != 1 || v[0].seq != seq)))
		return false;
	text = arena_printf(a, "%.*s %lld %lld %.*s", STR_ARG(log), (long long)seq, n ? (long long)v[0].at : 0, STR_ARG(n ? v[0].data : STR("")));
	hash_bytes(HASH_SHA256, text.p, text.n, h);
	*mark = arena_printf(a, "%lld %.*s", (long long)seq, STR_ARG(hex(a, h, 16)));
	return true;
}

/* ---- the file of words: "mark SEQ HEX", "default X Y" lines, then the words ---- */

static struct str words_file(struct arena *a, struct str mark, const struct defaults *d, struct str words)
{
	struct buf b;
	struct str s;
	size_t n;
	const struct mercator *v = defaults_all(d, &n);

	buf_init(&b, WORDS_MAX);
	buf_printf(&b, "mark %.*s\n", STR_ARG(mark));
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "default %u %u\n", v[i].x, v[i].y);
	buf_addz(&b, "words\n");
	buf_adds(&b, words);
	s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

static bool read_head(struct str *text, struct str *mark, struct defaults *d)
{
	struct str line, word, x, y;
	int64_t mx, my;

	if (!str_split(text, '\n', &line) || !str_starts(line, "mark "))
		return false;
	*mark = str_sub(line, 5, line.n);
	while (str_split(text, '\n', &line) && !str_eqz(line, "words")) {
		if (!str_split(&line, ' ', &word) || !str_eqz(word, "default") || !str_split(&line, ' ', &x) || !str_split(&line, ' ', &y) ||
		    !str_i64(x, &mx) || !str_i64(y, &my) || mx < 0 || my < 0 || mx > UINT32_MAX || my > UINT32_MAX)
			return false;
		defaults_put(d, (struct mercator){(uint32_t)mx, (uint32_t)my});
	}
	return str_eqz(line, "words");
}

/* ---- back ---- */

static bool restore(struct db *db, struct points *p, struct defaults *d, const struct set *tree, const char *var, int64_t last, int64_t *seq,
		    struct arena *a)
{
	struct str text, why = STR(""), mark, marked, number, now;
	int64_t end;
	enum err e = file_read(a, path_of(a, var, "words"), WORDS_MAX, &text, &why);

	if (e != OK || !read_head(&text, &mark, d))
		return false;
	if (!codes_restore(text))
		return false;
	e = points_restore(p, path_of(a, var, "points"), meaning_of(tree, text), seq, a, &why);
	if (e != OK) {
		log_info("map: the snapshot is not used: %.*s", STR_ARG(why));
		return false;
	}
	marked = mark;
	/* the mark was taken behind the points: when it is right, so is all before it */
	if (!str_split(&marked, ' ', &number) || !str_i64(number, &end) || end > last || *seq > end || last - *seq > BEHIND_MAX ||
	    !entry_mark(db, a, end, &now) || !str_eq(mark, now)) {
		log_info("map: the snapshot belongs to another state of the store and is not used");
		return false;
	}
	return true;
}

bool snapshot_restore(struct db *db, struct points *p, struct defaults *d, const struct set *tree, const char *var, int64_t last, int64_t *seq)
{
	struct arena a;
	bool ok;

	arena_init(&a, (size_t)1 << 30);
	ok = restore(db, p, d, tree, var, last, seq, &a);
	arena_release(&a);
	if (!ok) {
		codes_forget();
		defaults_clear(d);
	}
	return ok;
}

/* ---- forth ---- */

void snapshot_drop(const char *var)
{
	struct arena a;

	arena_init(&a, 0);
	if (unlink(path_of(&a, var, "words")) != 0 && errno != ENOENT)
		log_warn("map: the snapshot cannot be removed");
	arena_release(&a);
}

static bool save(struct db *db, struct points *p, const struct defaults *d, const struct set *tree, const char *var, struct arena *a)
{
	struct str words = codes_text(a), mark, why = STR("");
	struct points_stats st;
	enum err e = file_make_dirs(a, path_of(a, var, ""), 0700, &why);

	if (e == OK)
		e = points_save(p, path_of(a, var, "points"), meaning_of(tree, words), a, &why);
	if (e != OK) {
		log_warn("map: the snapshot was not written: %.*s", STR_ARG(why));
		return false;
	}
	/* words that were first met while it was written may be in it without a meaning */
	if (!str_eq(words, codes_text(a)))
		return false;
	points_stats(p, &st);
	if (!entry_mark(db, a, st.seq, &mark))
		return false;
	return file_write(a, path_of(a, var, "words"), words_file(a, mark, d, words), 0600, &why) == OK;
}

bool snapshot_save(struct db *db, struct points *p, const struct defaults *d, const struct set *tree, const char *var)
{
	struct arena a;
	bool ok;

	arena_init(&a, (size_t)1 << 30);
	snapshot_drop(var);
	ok = save(db, p, d, tree, var, &a);
	arena_release(&a);
	return ok;
}
