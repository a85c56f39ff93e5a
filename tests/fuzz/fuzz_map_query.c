/*
 * Any bytes as the filters of the map, asked by the public or by somebody who sees a town: refused with a reason that names the parameter, or a filter that
 * reads the same again, whose key is its own, and whose tile adds up to its count.
 */
#include "base/clock.h"
#include "cap/map/codes.h"
#include "cap/map/query.h"
#include "http/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1795800000000   /* ms */
#define ROWS 64

static struct set tree;
static struct set_item places[3];
static struct points *points;
static struct points_view *view;

/* Three places, one inside the other, and a few rows with every code there is. */
static void begin(void)
{
	static const char *const keys[] = {"fa", "faab", "faabaa"}, *const fids[] = {"50", "5001", "500105"};
	static const char *const words[] = {"filed", "closed", "resident-report", "grid", "city", "city.garbage", "public.lamp"};
	struct point v[ROWS];

	arena_init(&tree.arena, 0);
	map_init(&tree.by_fid, &tree.arena);
	for (int i = 0; i < 3; i++) {
		places[i] = (struct set_item){.place = str_from(keys[i]), .fid = str_from(fids[i]), .name = str_from(fids[i])};
		map_put(&tree.by_fid, places[i].fid, &places[i]);
	}
	tree.v = places;
	tree.n = 3;
	for (int i = 0; i < 7; i++)
		code_of(i < 2 ? CODE_STATE : i == 2 ? CODE_SCENARIO : i == 3 ? CODE_CHANNEL : CODE_CATEGORY, str_from(words[i]));
	code_of_org(7);
	for (uint32_t i = 0; i < ROWS; i++)
		v[i] = (struct point){.id = i + 1, .at = mercator_from(106 + i * 0.01, 29.5), .created = NOW / MS_MINUTE - i * 700, .place = i % 4 == 3 ? POINTS_PLACE_NONE : i % 4,
			.state = i & 1, .category = (uint16_t)(i % 3), .tags = 1u << i % 10, .closed = i % 5 ? 0 : NOW / MS_MINUTE + i - 32,
			.due = i % 3 ? NOW / MS_MINUTE + i * 9 - 100 : 0, .soon = i % 3 ? NOW / MS_MINUTE + i * 9 - 150 : 0, .flags = i & 2 ? POINT_PUBLIC : 0};
	points = points_new(&(struct points_options){.no_thread = true});
	if (points_load(points, v, ROWS, 1) != OK)
		BUG("the points are not loaded");
	view = points_view(points);
}

static void check(const struct query *q)
{
	struct tile_ask t = {.z = 0, .by = TILE_BY_STATE};
	struct tile_got got;
	struct buf b;

	if (q->key.n == 0 || (q->is_public && !q->f.public_only) || (q->f.colours & ~15u) || (q->place && q->f.nwithin != 1))
		BUG("a filter that is none: %.*s", STR_ARG(q->key));
	buf_init(&b, TILE_BYTES_MAX);
	if (tile_make(view, &q->f, &t, &b, &got) != OK || got.rows != points_total(view, &q->f) || got.rows != points_total_tile(view, &q->f, 0, 0, 0))
		BUG("a tile of %lld rows, and %lld by counting", (long long)got.rows, (long long)points_total(view, &q->f));
	buf_release(&b);
}

static bool same(const struct points_filter *a, const struct points_filter *b)
{
	return a->nscenarios == b->nscenarios && a->ncategories == b->ncategories && a->nstates == b->nstates && a->nchannels == b->nchannels &&
	       a->ndepartments == b->ndepartments && a->tags == b->tags && a->colours == b->colours && a->flags == b->flags &&
	       a->flags_want == b->flags_want && a->created.from == b->created.from && a->created.to == b->created.to && a->closed.from == b->closed.from &&
	       a->closed.to == b->closed.to && a->nwithin == b->nwithin && points_total(view, a) == points_total(view, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const also[] = {"by", NULL};
	static struct str may[] = {{"matter.read", 11}};
	struct str text = {(const char *)data + 1, size - 1};
	struct http_resp resp = {.status = 200};
	struct look look = {.tree = &tree, .at = NOW, .now = NOW / MS_MINUTE};
	struct actor_right right = {.place = STR("faab"), .permissions = may, .npermissions = 1};
	struct http_req http = {.resp = &resp};
	struct rq rq = {.http = &http, .now = NOW};
	struct query q, again;
	struct arena a;

	if (size == 0)
		return 0;
	if (view == NULL)
		begin();
	look.view = view;
	arena_init(&a, 0);
	rq.arena = http.arena = &a;
	if (data[0] & 1)
		rq.who = (struct actor_session){.id = 5, .rights = &right, .nrights = 1};
	if (parse_urlencoded(&a, text, &http.params)) {
		enum err e = query_read(&rq, &look, also, &q);

		if (e == OK) {
			check(&q);
			if (query_read(&rq, &look, also, &again) != OK || !str_eq(q.key, again.key) || !same(&q.f, &again.f))
				BUG("read again it is another: %.*s, %.*s", STR_ARG(q.key), STR_ARG(again.key));
		} else if (rq.reason.n == 0 || (e != ERR_INPUT && e != ERR_FORBIDDEN)) {
			BUG("refused without a reason");
		}
	}
	for (int k = 0; k < CODE_KINDS; k++)
		if (code_count((enum code_kind)k) > 3)
			BUG("a question has given a number away");
	buf_release(&resp.body);
	arena_release(&a);
	return 0;
}
