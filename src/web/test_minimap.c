/* The small map: what is drawn, how large it gets, and that a click means the place that was clicked. */
#include "tests/unit.h"

#include <math.h>
#include <stdio.h>

#include "web/minimap.h"
#include "web/web.html.h"

static struct arena a;
static struct http_req http;
static struct rq rq;

static int setup(void **state)
{
	(void)state;
	arena_init(&a, 0);
	http = (struct http_req){0};
	rq = (struct rq){.http = &http, .arena = &a};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&a);
	return 0;
}

static struct str drawn(const struct minimap_view *v)
{
	struct buf b;
	struct str s;

	buf_init(&b, 1 << 20);
	part_web_minimap(&b, &rq, v);
	s = arena_str(&a, buf_str(&b));
	buf_release(&b);
	return s;
}

static const struct lonlat here = {106.49, 29.565};

static struct lonlat metres_off(double east, double north)
{
	return (struct lonlat){here.lon + east / (111320 * cos(here.lat * M_PI / 180)), here.lat + north / 110850};
}

static void test_positions(void **state)
{
	struct minimap_point p[] = {
		{metres_off(0, 100), MINIMAP_OPEN, STR("北边"), STR("/cases/1")},
		{metres_off(-100, 0), MINIMAP_ALIKE, STR("西边"), STR("/cases/2")},
		{metres_off(9000, 0), MINIMAP_CLOSED, STR("很远"), STR_NULL},
		{{NAN, NAN}, MINIMAP_OPEN, STR("没有位置"), STR_NULL},
	};
	struct minimap m = {.at = here, .at_title = STR("这件事"), .half = 200, .points = p, .npoints = ARRAY_LEN(p)};
	const struct minimap_view *v = minimap_draw(&rq, &m);

	(void)state;
	assert_non_null(v);
	assert_true(v->has_point && v->x == MINIMAP_WIDTH / 2 && v->y == MINIMAP_HEIGHT / 2);
	assert_int_equal(3, v->nmarks);
	/* 200 metres are half the width: 100 metres a quarter */
	assert_true(abs(v->marks[0].x - v->x) <= 1 && abs(v->y - v->marks[0].y - MINIMAP_WIDTH / 4) <= 1);
	assert_true(abs(v->x - v->marks[1].x - MINIMAP_WIDTH / 4) <= 1 && abs(v->marks[1].y - v->y) <= 1);
	assert_string_equal("北 100 米", v->marks[0].where.p);
	assert_string_equal("西 100 米", v->marks[1].where.p);
	/* told in words, not drawn */
	assert_null(v->marks[2].shape);
	assert_non_null(strstr(v->marks[2].where.p, "图外"));
	assert_true(v->bar > MINIMAP_WIDTH / 20 && v->bar <= MINIMAP_WIDTH / 4);
	assert_int_equal(3, v->nlegend);
}

static void test_every_direction(void **state)
{
	static const char *const want[] = {"北 200 米", "东北 280 米", "东 200 米", "东南 280 米", "南 200 米", "西南 280 米", "西 200 米", "西北 280 米"};
	static const int x[] = {0, 1, 1, 1, 0, -1, -1, -1}, y[] = {1, 1, 0, -1, -1, -1, 0, 1};

	(void)state;
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(want[i], minimap_where(&rq, here, metres_off(x[i] * 200, y[i] * 200)).p);
	assert_string_equal("同一处", minimap_where(&rq, here, here).p);
}

static void test_nothing_known(void **state)
{
	struct minimap m = {.at = {NAN, NAN}};
	struct minimap_point p = {{200, 95}, MINIMAP_OPEN, STR("错"), STR_NULL};

	(void)state;
	assert_null(minimap_draw(&rq, &m));
	m.points = &p;
	m.npoints = 1;
	assert_null(minimap_draw(&rq, &m));
}

/* As full as it gets: ten kilobytes of picture, and text that is hostile stays text. */
static void test_size_and_escape(void **state)
{
	struct minimap_point p[MINIMAP_MOST + 5];
	struct minimap_name names[MINIMAP_MOST];
	static struct lonlat ring[20000];
	struct minimap_area areas[2] = {{ring, ARRAY_LEN(ring), STR("甲"), true}, {ring, 2, STR("两点不成面"), false}};
	struct minimap m = {.at = here, .at_title = STR("<b>\"'&"), .points = p, .npoints = ARRAY_LEN(p), .names = names, .nnames = MINIMAP_MOST,
			    .areas = areas, .nareas = 2};
	const struct minimap_view *v;
	const char *svg, *end;
	struct str all;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(p); i++)
		p[i] = (struct minimap_point){metres_off(20.0 * (double)i - 300, 15.0 * (double)i - 200), (enum minimap_kind)(i % 4), STR("</svg><script>"),
					      STR("/cases/457241318314213837")};
	for (size_t i = 0; i < MINIMAP_MOST; i++)
		names[i] = (struct minimap_name){metres_off(-400 + 27.0 * (double)i, 150 - 11.0 * (double)i), STR("石门社区第一网格"), STR_NULL};
	for (size_t i = 0; i < ARRAY_LEN(ring); i++)
		ring[i] = metres_off(400 * cos((double)i / 3183), 400 * sin((double)i / 3183) + (i % 2 ? 3 : 0));
	v = minimap_draw(&rq, &m);
	assert_int_equal(MINIMAP_MOST, v->nmarks);
	assert_int_equal(1, v->nlines);
	assert_true(v->indicative);
	all = drawn(v);
	assert_null(strstr(all.p, "<script"));
	assert_null(strstr(all.p, "<b>"));
	svg = strstr(all.p, "<svg");
	end = strstr(all.p, "</svg>");
	assert_non_null(svg);
	assert_true(end > svg && end - svg <= 10 * 1024);
	assert_non_null(strstr(all.p, "边界为示意"));
	/* labels do not lie upon each other */
	for (size_t i = 0; i < v->nlabels; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(abs(v->labels[i].y - v->labels[k].y) >= 14 || abs(v->labels[i].x - v->labels[k].x) >= 90);
}

static void set_form(const char *x, const char *y, struct str frame)
{
	http.form.v = arena_alloc_array(&a, 3, sizeof(*http.form.v));
	http.form.n = 0;
	http.form.v[http.form.n].name = STR("pin.x");
	http.form.v[http.form.n++].value = str_from(x);
	http.form.v[http.form.n].name = STR("pin.y");
	http.form.v[http.form.n++].value = str_from(y);
	http.form.v[http.form.n].name = STR("pin_frame");
	http.form.v[http.form.n++].value = frame;
}

static void test_pin(void **state)
{
	struct minimap m = {.at = here, .half = 500, .pin = "pin"};
	const struct minimap_view *v = minimap_draw(&rq, &m);
	struct lonlat at;

	(void)state;
	assert_non_null(strstr(drawn(v).p, "type=\"image\" name=\"pin\""));
	set_form("162", "113", v->frame);
	assert_true(minimap_pin(&rq, "pin", &at));
	assert_true(coord_metres(at, here) < 3);
	set_form("324", "113", v->frame);
	assert_true(minimap_pin(&rq, "pin", &at));
	assert_true(fabs(coord_metres(at, here) - 500) < 3 && at.lon > here.lon);
	set_form("162", "0", v->frame);
	assert_true(minimap_pin(&rq, "pin", &at) && at.lat > here.lat);
	/* by keyboard, outside, not ours */
	set_form("0", "0", v->frame);
	assert_false(minimap_pin(&rq, "pin", &at));
	set_form("325", "10", v->frame);
	assert_false(minimap_pin(&rq, "pin", &at));
	set_form("10", "nan", v->frame);
	assert_false(minimap_pin(&rq, "pin", &at));
	set_form("10", "10", STR("106 29"));
	assert_false(minimap_pin(&rq, "pin", &at));
	set_form("10", "10", STR("106 29 -5"));
	assert_false(minimap_pin(&rq, "pin", &at));
	set_form("10", "10", STR("inf nan inf"));
	assert_false(minimap_pin(&rq, "pin", &at));
}

int main(void)
{
#define MAP(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		MAP(test_positions), MAP(test_every_direction), MAP(test_nothing_known), MAP(test_size_and_escape), MAP(test_pin),
	};

	return UNIT_MAIN(tests);
}
