#include "tests/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "geo/points_file.h"

#define MEANING 0x1234u

static struct point row(int64_t id)
{
	uint64_t h = (uint64_t)id * 0x9e3779b97f4a7c15u;

	return (struct point){.id = id, .at = {(uint32_t)h, (uint32_t)(h >> 32)}, .created = 1000 + (uint32_t)(h >> 40), .place = (uint32_t)(h % 700),
			      .due = 5000000, .soon = 4990000, .category = (uint16_t)(h % 400), .state = (uint8_t)(h % 6), .department = 9, .channel = 2,
			      .flags = h % 11 ? POINT_PUBLIC : POINT_UNLOCATED};
}

/* Rows in segments and in runs, some gone. */
static struct points *some(void)
{
	struct points *p = points_new(&(struct points_options){.no_thread = true});
	struct point *v = calloc(50000, sizeof(*v));
	const int64_t gone[] = {3, 40001, 49999};

	for (int i = 0; i < 50000; i++)
		v[i] = row(i + 1);
	assert_int_equal(points_load(p, v, 50000, 1), OK);
	for (int i = 0; i < 900; i++)
		v[i].state = 7;
	assert_int_equal(points_apply(p, v, 900, gone, 3, 42), OK);
	free(v);
	return p;
}

static void check(struct points *p)
{
	struct points_filter f = {.nstates = 1, .states = (const uint8_t[]){7}};
	struct points_view *v = points_view(p);
	struct point q, want = row(30001);

	assert_int_equal(points_view_rows(v), 49997);
	assert_int_equal(points_view_seq(v), 42);
	assert_int_equal(points_total(v, &f), 899);
	points_view_end(v);
	assert_false(points_get(p, 40001, &q));
	assert_true(points_get(p, 30001, &q));
	assert_true(q.created == want.created && q.place == want.place && q.category == want.category && q.due == want.due && q.soon == want.soon);
	want.state = 7;
	want.id = 50001;
	assert_int_equal(points_apply(p, &want, 1, NULL, 0, 43), OK);
	assert_true(points_get(p, 50001, &q) && q.state == 7);
}

static char *path(struct arena *a)
{
	return arena_strz(a, arena_printf(a, "%s/points", unit_tmp()));
}

static void there_and_back(void **state)
{
	struct points *p = some(), *q = points_new(NULL);
	struct arena a;
	struct str why;
	int64_t seq = 0;
	struct stat st;
	char *file;

	(void)state;
	arena_init(&a, 0);
	file = path(&a);
	assert_int_equal(points_restore(q, file, MEANING, &seq, &a, &why), ERR_NOT_FOUND);
	assert_int_equal(points_save(p, file, MEANING, &a, &why), OK);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	assert_int_equal(points_restore(q, file, MEANING, &seq, &a, &why), OK);
	assert_int_equal(seq, 42);
	check(q);
	/* an empty one, over the old file */
	points_free(p);
	p = points_new(NULL);
	assert_int_equal(points_save(p, file, MEANING, &a, &why), OK);
	assert_int_equal(points_restore(q, file, MEANING, &seq, &a, &why), OK);
	assert_int_equal(seq, 0);
	points_free(p);
	points_free(q);
	arena_release(&a);
}

static void put_back(const char *file, struct str s)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, s.p, s.n), s.n);
	close(fd);
}

/* Whatever byte is wrong, wherever it ends: nothing of it is taken, and what was there stays. */
static void damage(void **state)
{
	struct points *p = some(), *q = points_new(NULL);
	const struct point one = row(77);
	struct str good, bad, why;
	struct points_view *v;
	struct arena a;
	int64_t seq = 5;
	char *file;

	(void)state;
	arena_init(&a, 0);
	file = path(&a);
	assert_int_equal(points_load(q, &one, 1, 9), OK);
	assert_int_equal(points_save(p, file, MEANING, &a, &why), OK);
	assert_int_equal(file_read(&a, file, 64 << 20, &good, &why), OK);
	assert_int_equal(points_restore(q, file, MEANING + 1, &seq, &a, &why), ERR_INPUT);
	assert_true(str_find(why, STR("编码")) >= 0);
	bad = (struct str){arena_str(&a, good).p, good.n};
	for (size_t at = 0; at < good.n; at += at < 200 ? 1 : good.n / 97 + 1) {
		char *byte = (char *)bad.p + at, was = *byte;

		*byte ^= 0x10;
		put_back(file, bad);
		assert_int_equal(points_restore(q, file, MEANING, &seq, &a, &why), ERR_INPUT);
		*byte = was;
	}
	for (size_t n = 0; n < good.n; n += n < 100 ? 7 : good.n / 31 + 1) {
		put_back(file, (struct str){good.p, n});
		assert_int_equal(points_restore(q, file, MEANING, &seq, &a, &why), ERR_INPUT);
	}
	put_back(file, arena_cat(&a, good, STR("x")));
	assert_int_equal(points_restore(q, file, MEANING, &seq, &a, &why), ERR_INPUT);
	assert_int_equal(seq, 5);
	v = points_view(q);
	assert_int_equal(points_view_rows(v), 1);
	points_view_end(v);
	assert_int_equal(points_save(p, "/nowhere/points", MEANING, &a, &why), ERR_NOT_FOUND);
	put_back(file, good);
	assert_int_equal(points_restore(q, file, MEANING, &seq, &a, &why), OK);
	check(q);
	points_free(p);
	points_free(q);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(there_and_back), cmocka_unit_test(damage)};

	return UNIT_MAIN(tests);
}
