/* /map/export.geojson and /map/export.csv: whatever the filters show, streamed a part at a time. */
#include "base/clock.h"
#include "base/csv.h"
#include "base/time.h"
#include "cap/map/codes.h"
#include "cap/map/map.sql.h"
#include "cap/map/ogc.h"
#include "core/matter/matter.h"
#include "geo/points_by_id.h"

#define PART 2000
#define EXPORT_MAX 1000000

/* Lives in the request's arena, which is kept until the stream has ended. */
struct export {
	struct rq *rq;
	struct look l;
	struct query q;
	bool csv, begun, ended;
	struct points_after after;
	int64_t done;
	struct arena part;
};

static void begin(struct export *x, struct buf *out)
{
	static const char *const titles[] = {N_("编号"), N_("种类"), N_("标题"), N_("状态"), N_("类别"), N_("渠道"), N_("时限"), N_("地点代码"), N_("地点"),
					     N_("提交时间"), N_("办结时间"), N_("经度"), N_("纬度")};
	struct csv_out w;

	x->begun = true;
	if (!x->csv) {
		buf_addz(out, "{\"type\":\"FeatureCollection\",\"features\":[");
		return;
	}
	csv_begin(&w, out, true);
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		csv_cell(&w, str_from(tr(x->rq->lang, titles[i])));
	csv_end_row(&w);
}

static void csv_row(struct export *x, struct buf *out, const struct point *p, struct str title)
{
	const struct set_item *place = p->place < x->l.tree->n ? &x->l.tree->v[p->place] : NULL;
	struct str scenario = code_word(CODE_SCENARIO, p->scenario);
	struct lonlat at = mercator_to(p->at);
	struct csv_out w;

	csv_begin(&w, out, false);
	csv_cell_code(&w, arena_printf(&x->part, "%lld", (long long)p->id));
	csv_cell(&w, name_of_scenario(x->rq, scenario));
	csv_cell(&w, title);
	csv_cell(&w, name_of_state(x->rq, scenario, code_word(CODE_STATE, p->state)));
	csv_cell(&w, name_of_category(x->rq, code_word(CODE_CATEGORY, p->category)));
	csv_cell(&w, code_word(CODE_CHANNEL, p->channel));
	csv_cell(&w, str_from(colour_word(point_colour(p, x->l.now))));
	csv_cell_code(&w, place ? place->fid : STR(""));
	csv_cell(&w, place ? place->name : STR(""));
	csv_cell(&w, time_text(&x->part, (int64_t)p->created * MS_MINUTE, TIME_CHINA));
	csv_cell(&w, p->closed ? time_text(&x->part, (int64_t)p->closed * MS_MINUTE, TIME_CHINA) : STR(""));
	csv_cell(&w, p->flags & POINT_UNLOCATED ? STR("") : arena_printf(&x->part, "%.6f", at.lon));
	csv_cell(&w, p->flags & POINT_UNLOCATED ? STR("") : arena_printf(&x->part, "%.6f", at.lat));
	csv_end_row(&w);
}

static const struct map_matters_told_row *told_of(const struct map_matters_told_rows *rows, int64_t id)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->v[i].id == id)
			return &rows->v[i];
	return NULL;
}

static enum err write_part(struct export *x, struct buf *out, const struct point *v, size_t n)
{
	int64_t *ids = arena_array(&x->part, int64_t, n + 1);
	struct map_matters_told_rows told = {0};
	struct rq rq = *x->rq;
	struct db_conn *c;
	enum err e = OK;

	rq.arena = &x->part; /* what a feature needs is gone with its part: there may be a million */
	for (size_t i = 0; i < n; i++)
		ids[i] = v[i].id;
	if (!x->q.is_public) { /* titles are not for the public */
		c = db_read_begin(x->rq->app->db);
		e = q_map_matters_told(c, &x->part, ids, n, &told);
		db_read_end(c);
	}
	for (size_t i = 0; e == OK && i < n; i++) {
		const struct map_matters_told_row *t = told_of(&told, v[i].id);
		struct ogc o = {.rq = &rq};

		if (x->csv) {
			csv_row(x, out, &v[i], t ? matter_mask(&x->part, t->title) : STR(""));
			continue;
		}
		if (x->done++)
			buf_addc(out, ',');
		json_init(&o.j, out);
		ogc_write_matter(&o, &x->l, &v[i], t, CRS_84, x->q.is_public);
		json_done(&o.j);
	}
	return e;
}

static enum err next(void *arg, struct buf *out)
{
	struct export *x = arg;
	struct point *v;
	int64_t matched;
	size_t n;
	enum err e;

	if (x->ended)
		return OK;
	if (!x->begun)
		begin(x, out);
	arena_reset(&x->part);
	e = points_by_id(x->l.view, &x->q.f, NULL, 0, x->after, PART, &x->part, &v, &n, &matched);
	if (e == OK)
		e = write_part(x, out, v, n);
	if (n)
		x->after = (struct points_after){v[n - 1].id, v[n - 1].flags & POINT_UNLOCATED};
	x->ended = n < PART;
	if (x->ended && !x->csv)
		buf_addz(out, "]}\n");
	return e;
}

static void end(void *arg)
{
	struct export *x = arg;

	look_end(&x->l);
	arena_release(&x->part);
}

static enum err export(struct rq *rq, bool csv)
{
	struct export *x = arena_new(rq->arena, struct export);
	enum err e = query_look(rq, &x->l);

	if (e != OK)
		return e;
	x->rq = rq;
	x->csv = csv;
	arena_init(&x->part, 0);
	e = query_read(rq, &x->l, NULL, &x->q);
	if (e == OK && !x->q.is_public && !rq_may(rq, "matter.export"))
		e = rq_fail(rq, ERR_FORBIDDEN, N_("导出要有事项导出的权限；公开部分可以加 as=public 导出。"));
	if (e == OK && points_total(x->l.view, &x->q.f) > EXPORT_MAX)
		e = rq_fail(rq, ERR_INPUT, N_("超过 %d 件，请缩小范围或时间后再导出。"), EXPORT_MAX);
	if (e != OK) {
		end(x);
		return e;
	}
	http_header_set(rq->http, "Content-Type", csv ? STR("text/csv; charset=utf-8") : STR("application/geo+json"));
	http_header_set(rq->http, "Content-Disposition", csv ? STR("attachment; filename=\"map.csv\"") : STR("attachment; filename=\"map.geojson\""));
	http_stream(rq->http, next, end, x);
	return OK;
}

enum err map_export_geojson(struct rq *rq)
{
	return export(rq, false);
}

enum err map_export_csv(struct rq *rq)
{
	return export(rq, true);
}
