/* Attachments that no matter names go; one that a matter names never does. */
#include "web/testing.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "core/matter/matter.h"
#include "core/matter/matter.sql.h"
#include "web/photo.h"

static struct app app;

static int setup(void **state)
{
	struct unit *u;

	if (unit_setup(state) != 0)
		return 1;
	u = *state;
	app = (struct app){.db = u->db, .var = arena_printf(u->a, "%s/var", unit_tmp()).p};
	return 0;
}

static struct str token(struct unit *u, char first, int k)
{
	return arena_printf(u->a, "%c%042d", first, k);
}

static const char *file(struct unit *u, const char *entry)
{
	struct str why, path = arena_printf(u->a, "%s/files/%02x/%s", app.var, (unsigned)entry[0], entry);

	assert_int_equal(OK, file_make_dirs(u->a, arena_printf(u->a, "%s/files/%02x", app.var, (unsigned)entry[0]).p, 0700, &why));
	assert_int_equal(OK, file_write(u->a, path.p, STR("x"), 0600, &why));
	return path.p;
}

struct named {
	struct str path;
	int64_t id;
};

static enum err name_it(struct tx *tx, void *arg)
{
	const struct named *n = arg;
	struct matter_insert_args matter = {.id = 1, .code = STR("c"), .scenario = STR("s"), .state = STR("s"), .place = STR(""), .town = STR(""),
					    .category = STR(""), .title = STR("t"), .channel = STR("web"), .fields = STR("{}")};
	struct matter_file_put_args row = {.id = n->id, .matter = 1, .name = STR("a.jpg"), .type = STR("image/jpeg"), .path = n->path,
					   .thumb = STR("t"), .size = 1, .width = 1, .height = 1};

	enum err e = q_matter_insert(tx->c, &matter, NULL); /* the first time; then it is there */

	return e == OK ? q_matter_file_put(tx->c, &row, NULL) : e;
}

/* As if a day and a bit had gone by: the age is that of the file system, so the time given is later. All hours of the day. */
static void sweep_a_day(int64_t later)
{
	for (int64_t h = 0; h < 24; h++)
		assert_int_equal(OK, photo_orphans(&app, clock_now() + later + h * MS_HOUR));
}

static bool there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void test_orphans(void **state)
{
	struct unit *u = *state;
	const char *orphans[200], *kept[200], *kept_thumb[200];
	static const char first[] = "AZaz09-_";

	(void)state;
	for (int i = 0; i < 200; i++) {
		char f = first[i % 8];
		struct str mine = token(u, f, i), lost = token(u, f, 1000 + i);
		struct named n = {.id = i + 1};

		kept[i] = file(u, arena_printf(u->a, "%s.jpg", mine.p).p);
		kept_thumb[i] = file(u, arena_printf(u->a, "%s.thumb.jpg", mine.p).p);
		orphans[i] = file(u, arena_printf(u->a, i % 2 ? "%s.jpg" : "%s.thumb.jpg", lost.p).p);
		n.path = arena_printf(u->a, "files/%02x/%s.jpg", (unsigned)f, mine.p);
		assert_int_equal(OK, db_write(u->db, name_it, &n));
	}
	/* too young: it may be on its way to a matter */
	sweep_a_day(-2 * MS_DAY);
	for (int i = 0; i < 200; i++)
		assert_true(there(kept[i]) && there(orphans[i]));
	sweep_a_day(MS_DAY + MS_MINUTE);
	for (int i = 0; i < 200; i++) {
		assert_true(there(kept[i]) && there(kept_thumb[i]));
		assert_false(there(orphans[i]));
	}
}

/* Names that are not those of photographs are another's affair, and so is what cannot be asked for. */
static void test_left_alone(void **state)
{
	struct unit *u = *state;
	const char *other = file(u, "A-layer.geojson"), *hidden = file(u, ".part-1");
	const char *orphan = file(u, arena_printf(u->a, "%s.jpg", token(u, 'A', 1).p).p);
	struct stat st;

	assert_int_equal(0, stat(orphan, &st));
	sweep_a_day(45 * MS_DAY); /* past the time in which it is looked at */
	assert_true(there(other) && there(hidden) && there(orphan));
	app.var = "/nowhere";
	sweep_a_day(2 * MS_DAY);
}

int main(void)
{
#define BOTH(f) \
	{#f " SQLite", f, setup, unit_teardown, (void *)(uintptr_t)DB_SQLITE}, {#f " PG", f, setup, unit_teardown, (void *)(uintptr_t)DB_PG}
	static const struct CMUnitTest tests[] = {BOTH(test_orphans), BOTH(test_left_alone)};

	return UNIT_MAIN(tests);
}
