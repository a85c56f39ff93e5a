#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "base/map.h"
#include "base/progress.h"

static struct arena arena;
static char dir[64];

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	arena_init(&arena, 0);
	snprintf(dir, sizeof(dir), "%.40s/base-XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return rmdir(dir);
}

static const char *in_dir(const char *name)
{
	return arena_printf(&arena, "%s/%s", dir, name).p;
}

static void files(void **state)
{
	const char *path = in_dir("a");
	struct str s, why;
	struct stat st;

	(void)state;
	assert_int_equal(file_read(&arena, path, 10, &s, &why), ERR_NOT_FOUND);
	assert_true(str_find(why, str_from(path)) == 0);
	assert_int_equal(file_write(&arena, path, STR("0123456789"), 0640, &why), OK);
	assert_int_equal(file_read(&arena, path, 10, &s, &why), OK);
	assert_string_equal(s.p, "0123456789");
	assert_int_equal(file_read(&arena, path, 9, &s, &why), ERR_TOO_MUCH);
	assert_int_equal(file_write(&arena, path, STR(""), 0640, &why), OK);
	assert_int_equal(file_read(&arena, path, 10, &s, &why), OK);
	assert_int_equal(s.n, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(file_write(&arena, in_dir("none/a"), STR(""), 0640, &why), ERR_NOT_FOUND);
	assert_int_equal(file_write(&arena, dir, STR(""), 0640, &why), ERR_IO); /* a folder stands there */
	assert_int_equal(unlink(path), 0);
}

static void folders(void **state)
{
	const char *path = in_dir("x/y/z");
	struct str why;

	(void)state;
	assert_int_equal(file_make_dirs(&arena, path, 0700, &why), OK);
	assert_int_equal(file_make_dirs(&arena, path, 0700, &why), OK);
	assert_int_equal(file_write(&arena, in_dir("x/f"), STR("f"), 0600, &why), OK);
	assert_int_equal(file_make_dirs(&arena, in_dir("x/f/g"), 0700, &why), ERR_IO);
	assert_int_equal(unlink(in_dir("x/f")), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(in_dir("x/y")), 0);
	assert_int_equal(rmdir(in_dir("x")), 0);
}

static void maps_in(struct arena *a)
{
	struct map m;
	static int values[5000];
	size_t at = 0, seen = 0;
	struct str key;
	void *value;

	map_init(&m, a);
	assert_null(map_get(&m, STR("x")));
	assert_false(map_each(&m, &at, &key, &value));
	for (int i = 0; i < 5000; i++)
		assert_null(map_put(&m, arena_printf(&arena, "k%d", i), &values[i]));
	assert_ptr_equal(map_put(&m, STR("k7"), &values[8]), &values[7]);
	assert_ptr_equal(map_put(&m, STR("k7"), &values[7]), &values[8]);
	for (int i = 0; i < 5000; i += 2)
		assert_ptr_equal(map_remove(&m, arena_printf(&arena, "k%d", i)), &values[i]);
	assert_null(map_remove(&m, STR("k0")));
	assert_int_equal(m.count, 2500);
	for (int i = 0; i < 5000; i++)
		assert_ptr_equal(map_get(&m, arena_printf(&arena, "k%d", i)), i % 2 ? &values[i] : NULL);
	for (at = 0; map_each(&m, &at, &key, &value); seen++)
		assert_ptr_equal(value, &values[seen * 2 + 1]); /* order of insertion */
	assert_int_equal(seen, 2500);
	/* put and remove for ever: the place of removed ones is used again */
	for (int i = 0; i < 100000; i++) {
		map_put(&m, STR("again"), values);
		map_remove(&m, STR("again"));
	}
	assert_true(m.cap <= 8192);
	assert_null(map_put(&m, STR(""), values));
	assert_true(map_has(&m, STR("")));
	map_release(&m);
}

static void maps(void **state)
{
	(void)state;
	maps_in(NULL);
	maps_in(&arena);
}

static void number_maps(void **state)
{
	struct imap m;
	static int values[1000];
	size_t at = 0;
	int64_t key;
	void *value;
	int seen = 0;

	(void)state;
	imap_init(&m, NULL);
	for (int64_t i = 0; i < 1000; i++)
		imap_put(&m, i * INT64_C(1000000007) - 5, &values[i]);
	for (int64_t i = 0; i < 1000; i++)
		assert_ptr_equal(imap_get(&m, i * INT64_C(1000000007) - 5), &values[i]);
	assert_false(imap_has(&m, 1));
	assert_ptr_equal(imap_remove(&m, -5), values);
	assert_false(imap_has(&m, -5));
	for (; imap_each(&m, &at, &key, &value); seen++)
		assert_ptr_equal(imap_get(&m, key), value);
	assert_int_equal(seen, 999);
	imap_release(&m);
}

static void *make_ids(void *arg)
{
	int64_t *v = arg;

	for (int i = 0; i < 20000; i++)
		v[i] = id_new(1795327323004);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void ids(void **state)
{
	static int64_t v[40000];
	pthread_t t;
	int64_t last;

	(void)state;
	id_set_node(3);
	assert_int_equal(pthread_create(&t, NULL, make_ids, v), 0);
	make_ids(v + 20000);
	pthread_join(t, NULL);
	qsort(v, 40000, sizeof(v[0]), compare);
	for (int i = 1; i < 40000; i++)
		assert_true(v[i - 1] > 0 && v[i - 1] < v[i]);
	assert_int_equal(v[0] >> 13 & 0xff, 3);
	last = id_new(1795327323004);
	assert_true(id_new(1) > last); /* a clock set back */
	id_not_before(1895327323004);
	last = id_new(1795327323004);
	assert_true(last < id_new(1) && last >> 21 >= 1895327323004 - 1577836800000);
	id_not_before(1);
	assert_true(id_new(1) > last);
}

static void clocks(void **state)
{
	const char *path = in_dir("offset");
	int64_t before, real;
	struct str why;

	(void)state;
	clock_set(1234);
	assert_int_equal(clock_now(), 1234);
	clock_set(0);
	real = clock_now();
	assert_true(real > 1700000000000);
	before = clock_mono_us();
	usleep(2000);
	assert_true(clock_mono_us() - before >= 2000);
	assert_int_equal(file_write(&arena, path, STR("86400000\n"), 0600, &why), OK);
	clock_follow(path);
	assert_true(clock_now() - real >= MS_DAY);
	assert_int_equal(file_write(&arena, path, STR("0"), 0600, &why), OK);
	usleep(20000);
	assert_true(clock_now() - real < MS_HOUR);
	clock_follow(NULL);
	unlink(path);
}

/* What the function writes to standard error. */
static struct str captured(void (*fn)(void))
{
	int ends[2], saved = dup(STDERR_FILENO);
	char text[4096];
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	fn();
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	n = read(ends[0], text, sizeof(text));
	close(ends[0]);
	assert_true(n >= 0);
	return arena_str(&arena, (struct str){text, (size_t)n});
}

static void log_some(void)
{
	char big[3000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	log_debug("hidden");
	log_warn("first\nforged %d", 1);
	log_error("%s", big);
}

static void logging(void **state)
{
	struct str s, line;

	(void)state;
	clock_set(1795327323004);
	s = captured(log_some);
	clock_set(0);
	assert_true(str_split(&s, '\n', &line));
	assert_true(str_eqz(line, "2026-11-22T06:02:03.004Z warn first forged 1"));
	assert_true(str_split(&s, '\n', &line));
	assert_true(line.n > 1000 && line.n < 2048);
	assert_int_equal(s.n, 0);
}

static void some_progress(void)
{
	struct progress p;

	progress_begin(&p, "导入", 10);
	progress_to(&p, 5);
	p.shown -= 6000;
	progress_to(&p, 7);
	progress_end(&p, "10 rows");
}

static void progress(void **state)
{
	struct str s, line;

	(void)state;
	s = captured(some_progress);
	assert_true(str_split(&s, '\n', &line));
	assert_true(str_eqz(line, "导入: 70%"));
	assert_true(str_split(&s, '\n', &line));
	assert_true(str_starts(line, "导入: 10 rows, "));
	assert_int_equal(s.n, 0);
}

static void errors(void **state)
{
	(void)state;
	for (int e = 0; e < ERR__MAX; e++) {
		assert_string_not_equal(err_name((enum err)e), "unknown");
		assert_in_range(err_http_status((enum err)e), 200, 503);
	}
	assert_int_equal(err_http_status(ERR_RULE), 422);
	assert_string_equal(err_name(ERR__MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),   cmocka_unit_test(folders), cmocka_unit_test(maps),     cmocka_unit_test(number_maps),
		cmocka_unit_test(ids),     cmocka_unit_test(clocks),  cmocka_unit_test(logging),  cmocka_unit_test(progress),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests_name("base/base", tests, setup, teardown);
}
