#include "tests/unit.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "core/journal/testing.h"
#include "core/place/import.h"
#include "core/place/key.h"
#include "crypto/crypto.h"
#include "geo/coord.h"

/* A little municipality: two districts, three towns, communities with grids. */
static const char tree[] =
	"code,name,provinceCode\n"
	"50,重庆市,\n5001,市辖区,50\n5002,县,50\n"
	"500105,江北区,50\n500106,沙坪坝区,50\n500229,城口县,50\n"
	"500105004,大石坝街道,50\n500105006,观音桥街道,50\n500106001,小龙坎街道,50\n"
	"500105004001,瓦厂嘴社区,50\n500105004002,前卫社区,50\n500105006001,星光社区,50\n"
	"500105004001001,瓦厂嘴一网格,50\n500105004001002,瓦厂嘴二网格,50\n500105004002001,前卫一网格,50\n"
	"500105004001001001,一号楼微网格,50\n";

static int tmp_file(const char *text)
{
	FILE *f = tmpfile();
	int fd;

	assert_non_null(f);
	fd = dup(fileno(f));
	assert_true(fd >= 0);
	fputs(text, f);
	fclose(f);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Changes go to the journal, which wants keys. */
static void open_journal(struct unit *u)
{
	testing_journal(u);
}

struct faults {
	int64_t line[16];
	size_t n;
	int jobs_before_stop; /* < 0: never */
};

static void note_fault(void *arg, int64_t line, struct str why)
{
	struct faults *f = arg;

	assert_true(why.n > 0);
	if (f->n < ARRAY_LEN(f->line))
		f->line[f->n++] = line;
}

static bool stop_after(void *arg)
{
	struct faults *f = arg;

	return f->jobs_before_stop >= 0 && f->jobs_before_stop-- == 0;
}

static struct place_import import_with(struct unit *u, const char *text, struct faults *f, bool again)
{
	struct place_import im = {.fd = tmp_file(text), .again = again, .bad = note_fault, .stop = stop_after, .arg = f};
	struct str why = STR_NULL;

	open_journal(u);
	assert_int_equal(OK, place_import(u->db, &im, u->a, &why));
	close(im.fd);
	return im;
}

static struct place_import import(struct unit *u, const char *text)
{
	struct faults f = {.jobs_before_stop = -1};

	place_forget_names();
	return import_with(u, text, &f, false);
}

static struct place by_code(struct unit *u, const char *code, int64_t at)
{
	struct db_conn *c = db_read_begin(u->db);
	struct place p;

	assert_int_equal(OK, place_by_code(c, u->a, str_from(code), at, &p));
	db_read_end(c);
	return p;
}

static struct place by_key(struct unit *u, struct str key)
{
	struct db_conn *c = db_read_begin(u->db);
	struct place p;

	assert_int_equal(OK, place_by_key(c, u->a, key, &p));
	db_read_end(c);
	return p;
}

static const char *full_name(struct unit *u, struct str key, enum place_level from)
{
	struct db_conn *c = db_read_begin(u->db);
	struct str name;

	assert_int_equal(OK, place_full_name(c, u->a, key, from, &name));
	db_read_end(c);
	return name.p;
}

static int64_t count(struct unit *u, enum place_level level)
{
	struct db_conn *c = db_read_begin(u->db);
	int64_t n;

	assert_int_equal(OK, place_count(c, level, &n));
	db_read_end(c);
	return n;
}

/* ---- keys ---- */

static void key_parts(void **state)
{
	struct arena a;
	struct str k, town = STR("faabafaae");

	(void)state;
	arena_init(&a, 0);
	k = place_key_from_code(&a, place_key_from_code(&a, STR(""), STR("50")), STR("5001"));
	assert_string_equal(k.p, "faab");
	assert_null(place_key_from_code(&a, STR(""), STR("5001")).p);
	assert_int_equal(place_level_of_key(town), PLACE_TOWN);
	assert_true(str_eqz(place_up(town, PLACE_DISTRICT), "faabaf"));
	assert_true(str_empty(place_up(town, PLACE_GRID)));
	assert_true(place_within(STR("faabafaaeaab"), town));
	assert_true(place_within(town, town) && place_within(town, STR("")));
	assert_false(place_within(STR("faabafaaf"), town));
	assert_string_equal(place_after(&a, town).p, "faabafaaf");
	assert_string_equal(place_after(&a, STR("")).p, "\x7f");
	assert_true(str_cmp(place_after(&a, STR("zz")), STR("zzzz")) > 0);
	assert_int_equal(place_level_of_code(STR("500105004001001")), PLACE_GRID);
	assert_int_equal(place_level_of_code(STR("5001x5")), PLACE_ROOT);
	assert_int_equal(place_level_of_code(STR("50010")), PLACE_ROOT);
	arena_release(&a);
}

/* Keys that come from no code: in order, never one that a code could make, and an end. */
static void numbered_keys(void **state)
{
	struct arena a;
	struct str before = STR("faaj");

	(void)state;
	arena_init(&a, 0);
	for (int64_t i = 0; i < 16 * 26; i++) {
		struct str k = place_key_from_number(&a, STR("fa"), i);

		assert_int_equal(k.n, 4);
		assert_true(k.p[2] >= 'k' && str_cmp(before, k) < 0);
		before = k;
	}
	assert_null(place_key_from_number(&a, STR("fa"), 16 * 26).p);
	assert_null(place_key_from_number(&a, STR("faabafaaeaabaabaab"), 0).p);
	arena_release(&a);
}

/* ---- reading ---- */

static void the_tree_is_read(void **state)
{
	struct unit *u = *state;
	struct place_import im = import(u, tree);
	struct place town, *v;
	struct db_conn *c;
	size_t n;

	assert_int_equal(im.added, 16);
	assert_int_equal(im.faulty, 0);
	town = by_code(u, "500105004", 0);
	assert_string_equal(town.name.p, "大石坝街道");
	assert_int_equal(town.level, PLACE_TOWN);
	assert_true(isnan(town.lon));
	assert_string_equal(full_name(u, town.key, PLACE_PROVINCE), "重庆市江北区大石坝街道");
	assert_string_equal(full_name(u, town.key, PLACE_TOWN), "大石坝街道");

	c = db_read_begin(u->db);
	/* 市辖区 and 县 are passed over. */
	assert_int_equal(OK, place_children(c, u->a, by_code(u, "50", 0).key, &v, &n));
	assert_int_equal(n, 3);
	assert_string_equal(v[2].name.p, "城口县");
	assert_int_equal(OK, place_path(c, u->a, by_code(u, "500105004001001001", 0).key, &v, &n));
	assert_int_equal(n, 6);
	assert_string_equal(v[0].name.p, "重庆市");
	assert_string_equal(v[5].name.p, "一号楼微网格");
	assert_int_equal(ERR_NOT_FOUND, place_by_code(c, u->a, STR("999999"), 0, &town));
	db_read_end(c);
}

static void imports_again_change_nothing(void **state)
{
	struct unit *u = *state;
	struct faults f = {.jobs_before_stop = -1};
	struct place_import im;

	import(u, tree);
	im = import(u, tree);
	assert_true(im.was_complete);
	assert_int_equal(im.added + im.changed + im.same, 0);
	im = import_with(u, tree, &f, true);
	assert_int_equal(im.same, 16);
	assert_int_equal(im.added + im.changed, 0);
	im = import(u, "code,name\n500105004,大石坝新街道\n");
	assert_int_equal(im.changed, 1);
	assert_string_equal(full_name(u, by_code(u, "500105004", 0).key, PLACE_DISTRICT), "江北区大石坝新街道");
}

static void bad_lines_are_named(void **state)
{
	struct unit *u = *state;
	struct faults f = {.jobs_before_stop = -1};
	struct place_import im = import_with(u,
		"code,name,lon,lat,crs\n"
		"50,重庆市,106.5,29.5,gcj02\n"
		"51x,四川省,,,\n"
		"500,短,,,\n"
		"5201,没有上级市,,,\n"
		"52,,,,\n"
		"53,云南省,abc,25,gcj02\n"
		"54,西藏,91,290,gcj02\n"
		"55,某省,91,29,utm48\n"
		"56,坏\x01名,,,\n"
		"57,\"引号没有结束,,,\n", &f, false);

	assert_int_equal(im.added, 1);
	assert_int_equal(f.n, 9);
	for (size_t i = 0; i < 3; i++)
		assert_true(f.line[i] >= 3);
	/* The missing parent comes, the same file is read again from the first faulty line on. */
	import(u, "code,name\n52,贵州省\n");
	f.n = 0;
	im = import_with(u,
		"code,name,lon,lat,crs\n"
		"50,重庆市,106.5,29.5,gcj02\n"
		"51x,四川省,,,\n"
		"500,短,,,\n"
		"5201,没有上级市,,,\n"
		"52,,,,\n"
		"53,云南省,abc,25,gcj02\n"
		"54,西藏,91,290,gcj02\n"
		"55,某省,91,29,utm48\n"
		"56,坏\x01名,,,\n"
		"57,\"引号没有结束,,,\n", &f, false);
	assert_int_equal(im.added, 1);
	assert_int_equal(f.n, 8);
	assert_string_equal(by_code(u, "5201", 0).name.p, "没有上级市");
}

static void titles_are_needed(void **state)
{
	struct unit *u = *state;
	struct place_import im = {.fd = tmp_file("50,重庆市\n")};
	struct str why = STR_NULL;

	assert_int_equal(ERR_INPUT, place_import(u->db, &im, u->a, &why));
	assert_true(why.n > 0);
	close(im.fd);
}

static void only_the_level_asked_for(void **state)
{
	struct unit *u = *state;
	struct place_import im = {.fd = tmp_file("code,name\n50,重庆市\n5001,市辖区\n"), .level = PLACE_PROVINCE};
	struct str why = STR_NULL;

	open_journal(u);
	assert_int_equal(OK, place_import(u->db, &im, u->a, &why));
	assert_int_equal(im.added, 1);
	assert_int_equal(im.faulty, 1);
	close(im.fd);
}

static void interrupted_and_resumed(void **state)
{
	struct unit *u = *state;
	struct faults f = {.jobs_before_stop = 1};
	struct place_import im;
	struct buf b;

	import(u, tree);
	buf_init(&b, 1 << 20);
	buf_addz(&b, "code,name\n");
	for (int i = 1; i <= 999; i++)
		buf_printf(&b, "500105006001%03d,%d号网格\n", i, i);
	for (int i = 1; i <= 999; i++)
		buf_printf(&b, "500105004002%03d,%d号网格\n", i, i);
	im = import_with(u, buf_str(&b).p, &f, false);
	assert_true(im.stopped);
	assert_true(im.added > 0 && im.added < 1998);
	f.jobs_before_stop = -1;
	im = import_with(u, buf_str(&b).p, &f, false);
	assert_false(im.stopped);
	assert_int_equal(im.same, 0);
	assert_int_equal(count(u, PLACE_GRID), 2 + 1998);
	buf_release(&b);
}

static void points_and_neighbours(void **state)
{
	struct unit *u = *state;
	struct place_import im;
	struct place p;
	struct lonlat w = coord_from_gcj02(106.545235, 29.581864);
	struct place *v;
	struct db_conn *c;
	size_t n;

	import(u, tree);
	im = import(u, "code,lon,lat,crs,source\n500105006,106.545235,29.581864,gcj02,Vonng/adcode\n"
		       "500106001,106.46,29.55,cgcs2000,measured\n500999,106,29,gcj02,x\n");
	assert_int_equal(im.located, 2);
	assert_int_equal(im.faulty, 1);
	p = by_code(u, "500105006", 0);
	assert_true(fabs(p.lon - w.lon) < 1e-9 && fabs(p.lat - w.lat) < 1e-9);

	c = db_read_begin(u->db);
	assert_int_equal(OK, place_near(c, u->a, w.lon + 0.01, w.lat, PLACE_TOWN, 5000, &p));
	assert_string_equal(p.name.p, "观音桥街道");
	assert_int_equal(OK, place_near(c, u->a, 106.30, 29.55, PLACE_TOWN, 50000, &p));
	assert_string_equal(p.name.p, "小龙坎街道");
	assert_int_equal(ERR_NOT_FOUND, place_near(c, u->a, 106.30, 29.55, PLACE_TOWN, 5000, &p));
	assert_int_equal(ERR_NOT_FOUND, place_near(c, u->a, w.lon, w.lat, PLACE_GRID, 50000, &p));
	assert_int_equal(ERR_INPUT, place_near(c, u->a, NAN, 29, PLACE_TOWN, 500, &p));
	assert_int_equal(ERR_INPUT, place_near(c, u->a, 106, 29, PLACE_TOWN, -1, &p));

	/* all around, nearest first, no more than asked for */
	assert_int_equal(OK, place_around(c, u->a, 106.48, 29.56, PLACE_TOWN, 20000, 5, &v, &n));
	assert_int_equal(n, 2);
	assert_string_equal(v[0].name.p, "小龙坎街道");
	assert_int_equal(OK, place_around(c, u->a, w.lon, w.lat, PLACE_TOWN, 20000, 1, &v, &n));
	assert_true(n == 1 && str_eqz(v[0].name, "观音桥街道"));
	assert_int_equal(OK, place_around(c, u->a, w.lon, w.lat, PLACE_TOWN, 100, 5, &v, &n));
	assert_int_equal(n, 1);
	assert_int_equal(ERR_INPUT, place_around(c, u->a, w.lon, w.lat, PLACE_TOWN, 20000, 65, &v, &n));
	assert_int_equal(ERR_INPUT, place_around(c, u->a, w.lon, 95, PLACE_TOWN, 2000, 5, &v, &n));
	db_read_end(c);
}

/* ---- changes ---- */

struct change {
	enum { ADD, MOVE, MERGE, NAME, LOCATE } what;
	struct str key, other, name, code, out;
	enum err result;
};

static enum err change_job(struct tx *tx, void *arg)
{
	struct change *ch = arg;
	struct place p = {.name = ch->name, .code = ch->code, .lon = NAN, .lat = NAN};

	switch (ch->what) {
	case ADD: return place_add(tx, ch->key, &p, &ch->out);
	case MOVE: return place_move(tx, ch->key, ch->other, 7, STR("区划调整"), &ch->out);
	case MERGE: return place_merge(tx, ch->key, ch->other, 7, STR("合并"));
	case NAME: return place_change(tx, ch->key, ch->name, ch->code, 7, STR("更名"));
	case LOCATE: return place_locate(tx, ch->key, 106.5, 29.5, STR("test"));
	}
	return ERR_INPUT;
}

/* Keys that a job returns live as long as its batch, so they are read again by code. */
static enum err change(struct unit *u, struct change ch)
{
	return db_write(u->db, change_job, &ch);
}

/* What a module with a table of its own does, seen from here. */
static struct renamed {
	char from[32], to[32];
} renamed[64];
static size_t nrenamed;

static enum err on_rename(struct tx *tx, struct str old_key, struct str new_key)
{
	(void)tx;
	if (nrenamed < ARRAY_LEN(renamed)) {
		snprintf(renamed[nrenamed].from, 32, "%.*s", STR_ARG(old_key));
		snprintf(renamed[nrenamed].to, 32, "%.*s", STR_ARG(new_key));
		nrenamed++;
	}
	return OK;
}

/* Where a record that stood at this key stands after all renames so far. */
static struct str follow(struct unit *u, struct str key)
{
	for (size_t i = 0; i < nrenamed; i++)
		if (place_within(key, str_from(renamed[i].from)))
			key = arena_cat(u->a, str_from(renamed[i].to), str_sub(key, strlen(renamed[i].from), key.n));
	return arena_str(u->a, key);
}

static struct str current(struct unit *u, struct str key)
{
	struct db_conn *c = db_read_begin(u->db);
	struct str out;

	assert_int_equal(OK, place_current_key(c, u->a, key, &out));
	db_read_end(c);
	return out;
}

/* Records at every place before; after the changes each must be found where place_current_key says, at a place that lives. */
struct witness {
	struct str key[32];
	size_t n;
};

static enum err bear_witness(void *arg, const struct place *p)
{
	struct witness *w = arg;
	char *copy = strndup(p->key.p, p->key.n);

	if (p->level != PLACE_ROOT)
		w->key[w->n++] = (struct str){copy, p->key.n};
	else
		free(copy);
	return OK;
}

static void begin_witness(struct unit *u, struct witness *w)
{
	struct db_conn *c = db_read_begin(u->db);

	w->n = 0;
	assert_int_equal(OK, place_each(c, STR(""), bear_witness, w));
	db_read_end(c);
	nrenamed = 0;
	place_on_rename(on_rename);
}

static void check_witness(struct unit *u, struct witness *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct str now = current(u, w->key[i]), moved = follow(u, w->key[i]);

		assert_string_equal(now.p, moved.p);
		assert_int_equal(by_key(u, now).until, 0);
		free((char *)w->key[i].p);
	}
}

static void a_move_takes_all_along(void **state)
{
	struct unit *u = *state;
	struct witness w;
	struct place town, district, grid;
	struct place_event *v;
	struct db_conn *c;
	size_t n;

	import(u, tree);
	begin_witness(u, &w);
	town = by_code(u, "500105004", 0);
	district = by_code(u, "500106", 0);
	assert_int_equal(OK, change(u, (struct change){MOVE, .key = town.key, .other = district.key}));
	grid = by_code(u, "500105004001001001", 0);
	assert_true(place_within(grid.key, district.key));
	assert_string_equal(full_name(u, grid.key, PLACE_DISTRICT), "沙坪坝区大石坝街道瓦厂嘴社区瓦厂嘴一网格一号楼微网格");
	assert_int_equal(nrenamed, 1);
	assert_int_equal(count(u, PLACE_GRID), 3);
	assert_int_equal(count(u, PLACE_TOWN), 3);
	check_witness(u, &w);

	c = db_read_begin(u->db);
	assert_int_equal(ERR_NOT_FOUND, place_by_key(c, u->a, town.key, &grid));
	assert_int_equal(OK, place_events(c, u->a, current(u, town.key), &v, &n));
	assert_int_equal(n, 1);
	assert_string_equal(v[0].kind.p, "move");
	assert_string_equal(v[0].key_old.p, town.key.p);
	assert_int_equal(v[0].who, 7);
	db_read_end(c);
	/* A new place with the same code gets a new key, not the old one. */
	assert_int_equal(OK, change(u, (struct change){NAME, .key = current(u, town.key), .code = STR("500106099")}));
	assert_int_equal(OK, change(u, (struct change){ADD, .key = by_code(u, "500105", 0).key, .name = STR("新街道"), .code = STR("500105004")}));
	assert_string_not_equal(by_code(u, "500105004", 0).key.p, town.key.p);
}

static void moves_in_a_chain(void **state)
{
	struct unit *u = *state;
	struct witness w;
	struct str jiangbei, shapingba, community, town;

	import(u, tree);
	begin_witness(u, &w);
	jiangbei = by_code(u, "500105", 0).key;
	shapingba = by_code(u, "500106", 0).key;
	town = by_code(u, "500105004", 0).key;
	community = by_code(u, "500105004001", 0).key;
	/* A community leaves the town, the town leaves the district and comes back, the community's new town moves too. */
	assert_int_equal(OK, change(u, (struct change){MOVE, .key = community, .other = by_code(u, "500105006", 0).key}));
	assert_int_equal(OK, change(u, (struct change){MOVE, .key = town, .other = shapingba}));
	assert_int_equal(OK, change(u, (struct change){MOVE, .key = current(u, town), .other = jiangbei}));
	assert_int_equal(OK, change(u, (struct change){MOVE, .key = by_code(u, "500105006", 0).key, .other = shapingba}));
	assert_string_equal(full_name(u, current(u, community), PLACE_DISTRICT), "沙坪坝区观音桥街道瓦厂嘴社区");
	assert_string_equal(full_name(u, current(u, town), PLACE_DISTRICT), "江北区大石坝街道");
	check_witness(u, &w);
}

static void a_merge_keeps_what_was(void **state)
{
	struct unit *u = *state;
	struct witness w;
	struct place from, into, grid;

	import(u, tree);
	begin_witness(u, &w);
	from = by_code(u, "500105004", 0);
	into = by_code(u, "500105006", 0);
	assert_int_equal(OK, change(u, (struct change){MERGE, .key = from.key, .other = into.key}));
	assert_string_equal(current(u, from.key).p, into.key.p);
	assert_true(by_key(u, from.key).until > 0);
	assert_string_equal(by_key(u, from.key).name.p, "大石坝街道");
	grid = by_code(u, "500105004001002", 0);
	assert_string_equal(full_name(u, grid.key, PLACE_TOWN), "观音桥街道瓦厂嘴社区瓦厂嘴二网格");
	assert_int_equal(count(u, PLACE_TOWN), 2);
	assert_int_equal(count(u, PLACE_COMMUNITY), 3);
	assert_int_equal(count(u, PLACE_GRID), 3);
	check_witness(u, &w);
	/* Its code is still known, and says that it has ended. */
	assert_true(by_code(u, "500105004", 0).until > 0);
}

struct big_move {
	struct unit *u;
	int steps;
};

static void step(void *arg, int64_t done, int64_t of)
{
	struct big_move *m = arg;

	assert_true(done <= of);
	m->steps++;
	/* Between two jobs each grid lies under exactly one living community. */
	assert_int_equal(count(m->u, PLACE_GRID), 3);
}

static void a_large_move_in_pieces(void **state)
{
	struct unit *u = *state;
	struct big_move m = {u, 0};
	struct witness w;
	struct str key, town;

	import(u, tree);
	assert_int_equal(OK, change(u, (struct change){LOCATE, .key = by_code(u, "500105004", 0).key}));
	begin_witness(u, &w);
	town = by_code(u, "500105004", 0).key;
	assert_int_equal(OK, place_move_large(u->db, u->a, town, by_code(u, "500106", 0).key, 7, STR("调整"), step, &m, &key));
	assert_int_equal(m.steps, 2);
	assert_string_equal(by_code(u, "500105004", 0).key.p, key.p);
	assert_true(by_key(u, key).lon == 106.5);
	assert_int_equal(count(u, PLACE_TOWN), 3);
	check_witness(u, &w);
	/* Once more: nothing to do. */
	assert_int_equal(OK, place_move_large(u->db, u->a, key, by_code(u, "500106", 0).key, 7, STR("调整"), NULL, NULL, &town));
	assert_string_equal(town.p, key.p);
}

static void names_and_codes_have_a_past(void **state)
{
	struct unit *u = *state;
	struct str key;
	struct place_event *v;
	struct db_conn *c;
	size_t n;

	import(u, tree);
	key = by_code(u, "500105006", 0).key;
	assert_int_equal(OK, change(u, (struct change){NAME, .key = key, .name = STR("观音桥新街道"), .code = STR("500105066")}));
	assert_string_equal(by_key(u, key).name.p, "观音桥新街道");
	assert_string_equal(by_code(u, "500105066", 0).key.p, key.p);
	assert_string_equal(by_code(u, "500105006", 0).key.p, key.p);
	assert_string_equal(by_code(u, "500105006", 1000).key.p, key.p);
	c = db_read_begin(u->db);
	assert_int_equal(OK, place_events(c, u->a, key, &v, &n));
	assert_int_equal(n, 2);
	db_read_end(c);
	assert_int_equal(ERR_CONFLICT, change(u, (struct change){NAME, .key = key, .code = STR("500105004")}));
}

static void what_cannot_be(void **state)
{
	struct unit *u = *state;
	struct str town, district, community;

	import(u, tree);
	town = by_code(u, "500105004", 0).key;
	district = by_code(u, "500105", 0).key;
	community = by_code(u, "500105004001", 0).key;
	assert_int_equal(ERR_INPUT, change(u, (struct change){MOVE, .key = town, .other = community}));
	assert_int_equal(ERR_INPUT, change(u, (struct change){MOVE, .key = district, .other = town}));
	assert_int_equal(ERR_INPUT, change(u, (struct change){MOVE, .key = community, .other = district}));
	assert_int_equal(ERR_NOT_FOUND, change(u, (struct change){MOVE, .key = STR("zzzz"), .other = district}));
	assert_int_equal(ERR_INPUT, change(u, (struct change){MERGE, .key = town, .other = town}));
	assert_int_equal(ERR_INPUT, change(u, (struct change){MERGE, .key = town, .other = district}));
	assert_int_equal(ERR_INPUT, change(u, (struct change){ADD, .key = town, .name = STR("")}));
	assert_int_equal(ERR_INPUT, change(u, (struct change){ADD, .key = town, .name = STR("社区"), .code = STR("500105")}));
	assert_int_equal(ERR_CONFLICT, change(u, (struct change){ADD, .key = town, .name = STR("社区"), .code = STR("500105004001")}));
	assert_int_equal(OK, change(u, (struct change){ADD, .key = town, .name = STR("没有代码的社区")}));
	assert_int_equal(ERR_NOT_FOUND, change(u, (struct change){LOCATE, .key = STR("zzzz")}));
}

/* The real thing, when the data lies beside the project: all of Chongqing. */
static void chongqing(void **state)
{
	struct unit *u = *state;
	static const char *const files[] = {"data/places/chongqing.csv", "data/places/chongqing_points.csv"};

	open_journal(u);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct place_import im = {.fd = open(files[i], O_RDONLY)};
		struct str why = STR_NULL;

		assert_true(im.fd >= 0);
		assert_int_equal(OK, place_import(u->db, &im, u->a, &why));
		assert_int_equal(im.faulty, 0);
		close(im.fd);
	}
	assert_int_equal(count(u, PLACE_DISTRICT), 38);
	assert_int_equal(count(u, PLACE_TOWN), 1031);
	assert_int_equal(count(u, PLACE_COMMUNITY), 11270);
	place_forget_names();
	assert_string_equal(full_name(u, by_code(u, "500105004003", 0).key, PLACE_DISTRICT), "江北区大石坝街道忠恕沱社区居民委员会");
}

static void test_short_name(void **state)
{
	(void)state;
	assert_true(str_eqz(place_short_name(STR("石门社区居民委员会")), "石门社区"));
	assert_true(str_eqz(place_short_name(STR("大石坝村村民委员会")), "大石坝村"));
	assert_true(str_eqz(place_short_name(STR("居民委员会")), "居民委员会")); /* nothing would be left */
	assert_true(str_eqz(place_short_name(STR("第三网格")), "第三网格"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_name),
		cmocka_unit_test(key_parts),
		cmocka_unit_test(numbered_keys),
		UNIT_BOTH(the_tree_is_read),
		UNIT_BOTH(imports_again_change_nothing),
		UNIT_BOTH(bad_lines_are_named),
		UNIT_BOTH(titles_are_needed),
		UNIT_BOTH(only_the_level_asked_for),
		UNIT_BOTH(interrupted_and_resumed),
		UNIT_BOTH(points_and_neighbours),
		UNIT_BOTH(a_move_takes_all_along),
		UNIT_BOTH(moves_in_a_chain),
		UNIT_BOTH(a_merge_keeps_what_was),
		UNIT_BOTH(a_large_move_in_pieces),
		UNIT_BOTH(names_and_codes_have_a_past),
		UNIT_BOTH(what_cannot_be),
		UNIT_BOTH(chongqing),
	};

	return UNIT_MAIN(tests);
}
