/* Plans: what there is, and what each kind of change makes of it. */
#include "cap/grids/grids.h"

#include "geo/shape_fix.h"
#include "web/capability.h"

/* What may be off a line that was drawn by hand or rounded in another program: cut away without a word. More is refused. */
#define SLACK_METRES 200.0
#define SLACK_SHARE 0.005

static enum err refuse(struct grids_plan *p, const char *why, struct str x, struct str y)
{
	p->why = why;
	p->why_v[0] = x;
	p->why_v[1] = y;
	return ERR_RULE;
}

static struct str square(struct arena *a, double metres)
{
	return arena_printf(a, "%.0f", metres);
}

/* ---- what is there ---- */

enum err grids_load(struct db_conn *c, struct arena *a, struct str key, struct grids_plan *out)
{
	struct place *kids;
	size_t n;
	enum err e;

	*out = (struct grids_plan){0};
	e = place_by_key(c, a, key, &out->village);
	if (e == OK && (out->village.until || (out->village.level != PLACE_COMMUNITY && out->village.level != PLACE_GRID)))
		e = ERR_NOT_FOUND;
	if (e == OK)
		e = place_area_version(c, &out->version);
	if (e == OK)
		e = place_full_name(c, a, place_up(key, out->village.level - 1), PLACE_DISTRICT, &out->town);
	if (e == OK)
		e = place_children(c, a, key, &kids, &n);
	if (e != OK)
		return e;
	if (n > GRIDS_MOST)
		return ERR_TOO_MUCH;
	out->v = arena_array(a, struct grids_unit, n + GRIDS_MOST);
	for (size_t i = 0; i < n; i++) {
		struct place_area area;

		out->v[i].place = kids[i];
		e = place_area_get(c, a, kids[i].key, &area);
		if (e != OK && e != ERR_NOT_FOUND)
			return e;
		if (e == OK) {
			out->v[i].before = out->v[i].after = area.shape;
			out->rough = out->rough || area.rough;
		}
	}
	out->n = n;
	e = place_outline(c, a, key, &out->outline, &out->outline_real);
	return e == ERR_NOT_FOUND ? OK : e;
}

/* ---- the rule ---- */

/* Takes from a unit what is not its own; refuses when that is more than a slip. */
static enum err trim(struct arena *a, struct grids_plan *p, struct grids_unit *u, const struct shape *fit, const char *why, struct str whom)
{
	double was = shape_area(&u->after), lost = was - shape_area(fit);

	if (lost > SLACK_METRES && lost > was * SLACK_SHARE)
		return refuse(p, why, whom, square(a, lost));
	if (fit->nrings == 0)
		return refuse(p, N_("“%s”没有面积"), u->place.name, STR(""));
	u->after = *fit;
	return OK;
}

static bool touched(const struct grids_unit *u)
{
	return u->after.nrings && u->after.points != u->before.points;
}

/* Inside the village, off what stays as it is and off what was fitted before it. Units that the change does not touch are never altered. */
static enum err fit_unit(struct arena *a, struct grids_plan *p, size_t i)
{
	struct grids_unit *u = &p->v[i];
	struct shape fit;
	enum err e = shape_op(a, SHAPE_COMMON, &u->after, &p->outline, &fit);

	if (e == OK)
		e = trim(a, p, u, &fit, N_("“%s”超出村社区边界 %s 平方米"), u->place.name);
	for (size_t k = 0; e == OK && k < p->n; k++) {
		if (k == i || !p->v[k].after.nrings || (k > i && touched(&p->v[k])) || !shape_boxes_meet(&p->v[k].after.box, &u->after.box))
			continue;
		e = shape_op(a, SHAPE_SUBTRACT, &u->after, &p->v[k].after, &fit);
		if (e == OK)
			e = trim(a, p, u, &fit, N_("和“%s”重叠 %s 平方米"), p->v[k].place.name);
	}
	return e;
}

/* After whatever was drawn: no unit leaves the village, none overlaps another. */
static enum err fit_all(struct arena *a, struct grids_plan *p)
{
	const struct shape **v = arena_array(a, const struct shape *, p->n + 1);
	struct shape all, rest;
	size_t n = 0;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < p->n; i++) {
		if (!p->v[i].after.nrings)
			continue;
		if (touched(&p->v[i]))
			e = fit_unit(a, p, i);
		v[n++] = &p->v[i].after;
	}
	if (e == OK)
		e = shape_unite(a, v, n, &all);
	if (e == OK)
		e = shape_op(a, SHAPE_SUBTRACT, &p->outline, &all, &rest);
	if (e == OK)
		p->uncovered = rest.nrings ? shape_area(&rest) : 0;
	return e;
}

static enum err has_outline(struct grids_plan *p)
{
	return p->outline.nrings ? OK :
	       refuse(p, N_("还不知道“%s”的边界，请先导入村社区边界"), p->village.name, STR(""));
}

/* ---- first areas ---- */

enum err grids_start(struct db_conn *c, struct arena *a, struct grids_plan *p, bool by_points, size_t unit)
{
	struct place_cell *cells;
	size_t n;
	bool complete;
	enum err e = has_outline(p);

	p->op = GRIDS_START;
	for (size_t i = 0; e == OK && i < p->n; i++)
		if (p->v[i].before.nrings)
			return refuse(p, N_("“%s”已经有边界，请用切分、改界或合并"), p->v[i].place.name, STR(""));
	if (e != OK)
		return e;
	if (!by_points) {
		if (unit >= p->n)
			return refuse(p, N_("请选一个网格"), STR(""), STR(""));
		p->v[unit].after = p->outline;
		return fit_all(a, p);
	}
	e = place_cells(c, a, p->village.key, &cells, &n, &complete);
	if (e == OK && !complete)
		return refuse(p, N_("不是每个网格都有坐标，不能按坐标划分；请先给网格标上坐标，或整村划给一个网格再切分"), STR(""), STR(""));
	for (size_t i = 0; e == OK && i < n && i < p->n; i++)
		p->v[i].after = cells[i].shape;
	p->rough = true;
	return e == OK ? fit_all(a, p) : e;
}

/* ---- drawing ---- */

static enum err cut(struct arena *a, struct grids_plan *p, const struct shape *s, const struct shape_point *line, size_t n, struct shape *pieces)
{
	struct shape *v, rest;
	size_t np;
	enum err e;

	if (n < 2)
		return refuse(p, N_("请画一条线：至少两个点，从边界外画到边界外"), STR(""), STR(""));
	e = shape_cut(a, s, line, n, &v, &np);
	if (e != OK)
		return e;
	if (np < 2)
		return refuse(p, N_("这条线没有把它分开；请让线的两端都伸到边界外面"), STR(""), STR(""));
	/* more than two: an area in several parts, or a line that leaves and comes back. Two are meant only if the rest are crumbs. */
	pieces[0] = v[0];
	pieces[1] = v[1];
	for (size_t i = 2; i < np; i++)
		if (shape_area(&v[i]) > SLACK_METRES)
			return refuse(p, N_("这条线把它分成了 %s 块；请画成只分两块的线"), arena_printf(a, "%zu", np), STR(""));
	e = shape_op(a, SHAPE_SUBTRACT, s, &v[1], &rest);
	if (e == OK)
		pieces[0] = rest;
	return e;
}

static bool good_name(const struct grids_plan *p, struct str name)
{
	if (name.n == 0 || name.n > GRIDS_NAME_MAX)
		return false;
	for (size_t i = 0; i < p->n; i++)
		if (str_eq(p->v[i].place.name, name))
			return false;
	return true;
}

enum err grids_split(struct arena *a, struct grids_plan *p, size_t unit, const struct shape_point *line, size_t n, struct str name)
{
	struct shape pieces[2];
	enum err e = has_outline(p);

	p->op = GRIDS_SPLIT;
	if (e != OK)
		return e;
	if (unit >= p->n || !p->v[unit].before.nrings)
		return refuse(p, N_("请选一个已有边界的网格"), STR(""), STR(""));
	if (!good_name(p, name))
		return refuse(p, N_("新网格要有名称，不超过 20 字，且不和别的网格重名"), STR(""), STR(""));
	if (p->n >= GRIDS_MOST)
		return refuse(p, N_("网格太多"), STR(""), STR(""));
	e = cut(a, p, &p->v[unit].before, line, n, pieces);
	if (e != OK)
		return e;
	p->v[unit].after = pieces[0];
	p->v[p->n++] = (struct grids_unit){.place = {.key = STR_NULL, .name = name, .level = p->village.level + 1}, .after = pieces[1]};
	return fit_all(a, p);
}

enum err grids_border(struct arena *a, struct grids_plan *p, size_t x, size_t y, const struct shape_point *line, size_t n)
{
	struct shape both, pieces[2], common[2];
	enum err e = has_outline(p);

	p->op = GRIDS_BORDER;
	if (e != OK)
		return e;
	if (x >= p->n || y >= p->n || x == y || !p->v[x].before.nrings || !p->v[y].before.nrings)
		return refuse(p, N_("请选两个相邻的、已有边界的网格"), STR(""), STR(""));
	e = shape_op(a, SHAPE_UNITE, &p->v[x].before, &p->v[y].before, &both);
	if (e == OK)
		e = cut(a, p, &both, line, n, pieces);
	/* whoever has more of a piece keeps it */
	for (int i = 0; e == OK && i < 2; i++)
		e = shape_op(a, SHAPE_COMMON, &pieces[i], &p->v[x].before, &common[i]);
	if (e != OK)
		return e;
	bool first = shape_area(&common[0]) / shape_area(&pieces[0]) >= shape_area(&common[1]) / shape_area(&pieces[1]);

	p->v[x].after = pieces[first ? 0 : 1];
	p->v[y].after = pieces[first ? 1 : 0];
	return fit_all(a, p);
}

enum err grids_merge(struct arena *a, struct grids_plan *p, size_t from, size_t into)
{
	enum err e;

	p->op = GRIDS_MERGE;
	if (from >= p->n || into >= p->n || from == into)
		return refuse(p, N_("请选两个不同的网格"), STR(""), STR(""));
	p->v[from].gone = true;
	p->v[from].into = into;
	if (!p->v[from].before.nrings || !p->v[into].before.nrings) {
		p->v[from].after = (struct shape){0};
		return OK;
	}
	e = shape_op(a, SHAPE_UNITE, &p->v[from].before, &p->v[into].before, &p->v[into].after);
	p->v[from].after = (struct shape){0};
	return e;
}

/* ---- a file ---- */

static size_t unit_of(struct arena *a, struct grids_plan *p, const struct geojson_feature *f)
{
	struct str code = geojson_property(f, "code"), name = geojson_property(f, "name");

	for (size_t i = 0; code.n && i < p->n; i++)
		if (str_eq(p->v[i].place.code, code))
			return i;
	for (size_t i = 0; name.n && i < p->n; i++)
		if (str_eq(p->v[i].place.name, name))
			return i;
	if (!good_name(p, name) || p->n >= GRIDS_MOST)
		return GRIDS_MOST * 2;
	p->v[p->n] = (struct grids_unit){.place = {.key = STR_NULL, .name = arena_str(a, name), .level = p->village.level + 1}};
	return p->n++;
}

static enum err take(struct arena *a, struct grids_plan *p, const struct geojson_feature *f, enum coord_datum datum)
{
	struct shape_report report;
	struct shape s;
	struct str number = arena_printf(a, "%lld", (long long)f->number);
	size_t i;
	enum err e = shape_fix(a, f, datum, &s, &report);

	if (e == ERR_INPUT)
		return refuse(p, N_("文件里第 %s 个要素不是面，或没有面积"), number, STR(""));
	if (e != OK)
		return e;
	i = unit_of(a, p, f);
	if (i >= GRIDS_MOST)
		return refuse(p, N_("文件里第 %s 个要素既没有本村网格的代码，也没有可用的名称（不超过 20 字）"), number, STR(""));
	if (p->v[i].after.points && p->v[i].after.points != p->v[i].before.points)
		return refuse(p, N_("文件里“%s”出现了两次"), p->v[i].place.name, STR(""));
	p->v[i].after = s;
	return OK;
}

enum err grids_file(struct arena *a, struct grids_plan *p, struct str geojson, enum coord_datum datum)
{
	static const struct geojson_limits limits = {.points = 20000, .parts = 200, .properties = 64, .text = 4096, .depth = 16};
	struct geojson *g;
	struct geojson_feature f;
	enum geojson_got got;
	enum err e = has_outline(p);

	p->op = GRIDS_FILE;
	if (e != OK)
		return e;
	g = geojson_open_text(geojson, &limits);
	while (e == OK && (got = geojson_next(g, &f)) != GEOJSON_END) {
		if (got == GEOJSON_BROKEN)
			e = refuse(p, N_("文件读不懂：%s"), arena_str(a, geojson_why(g)), STR(""));
		else if (got == GEOJSON_FAULTY)
			e = refuse(p, N_("文件有误：%s"), arena_str(a, f.why), STR(""));
		else if (f.number > GRIDS_MOST)
			e = refuse(p, N_("文件里的网格太多"), STR(""), STR(""));
		else
			e = take(a, p, &f, datum);
	}
	geojson_close(g);
	return e == OK ? fit_all(a, p) : e;
}

/* ---- a line in words ---- */

bool grids_read_line(struct arena *a, struct str text, struct shape_point **v, size_t *n)
{
	struct str rest = text, row;

	*v = arena_array(a, struct shape_point, GRIDS_LINE_MOST);
	*n = 0;
	while (rest.n) {
		size_t end = 0;
		struct str lon;
		double x, y;

		while (end < rest.n && !strchr(" \t\r\n;", rest.p[end]))
			end++;
		row = str_sub(rest, 0, end);
		rest = str_sub(rest, end + 1, rest.n);
		if (row.n == 0)
			continue;
		if (!str_split(&row, ',', &lon) || !str_f64(lon, &x) || !str_f64(row, &y) || !coord_valid(x, y) || *n == GRIDS_LINE_MOST)
			return false;
		(*v)[(*n)++] = shape_point_of(x, y);
	}
	return true;
}
