/* Rules of the portal: towns, the form, look-up by code. No HTTP, no HTML. */
#include "cap/portal/portal.h"

#include <math.h>

#include "base/time.h"
#include "base/utf8.h"
#include "cap/portal/portal.sql.h"
#include "core/place/area.h"
#include "core/notify/notify.h"
#include "core/place/find.h"
#include "crypto/crypto.h"

#define PORTAL_VALUES 24 /* fields of a scenario that the form can fill */

/* ---- towns ---- */

/* Names of what is above the town. They hardly ever change: place_full_name knows them without asking. */
static enum err names_above(struct db_conn *c, struct arena *a, struct str town, struct str *out)
{
	struct str parent = STR("");
	struct place *path;
	size_t n;
	enum err e;

	for (int level = PLACE_DISTRICT; level >= PLACE_PROVINCE && parent.n == 0; level--)
		parent = place_up(town, (enum place_level)level);
	e = place_full_name(c, a, parent, PLACE_PROVINCE, out);
	if (e != OK || str_find(*out, STR("直辖")) < 0)
		return e;
	e = place_path(c, a, parent, &path, &n);
	*out = STR("");
	for (size_t i = 0; e == OK && i < n; i++)
		if (path[i].level != PLACE_CITY || str_find(path[i].name, STR("直辖")) < 0)
			*out = arena_cat(a, *out, path[i].name);
	return e;
}

static enum err town_around(struct db_conn *c, struct arena *a, const struct place *asked, struct portal_town *out)
{
	struct str town = place_up(asked->key, PLACE_TOWN);
	enum err e = OK;

	*out = (struct portal_town){0};
	if (str_empty(town))
		return ERR_NOT_FOUND;
	out->asked = out->place = *asked;
	if (!str_eq(town, asked->key))
		e = place_by_key(c, a, town, &out->place);
	return e == OK ? names_above(c, a, town, &out->above) : e;
}

CHECKED enum err portal_town_of(struct db_conn *c, struct arena *a, struct str key, struct portal_town *out)
{
	struct place asked;
	enum err e = str_empty(place_up(key, PLACE_TOWN)) ? ERR_NOT_FOUND : place_by_key(c, a, key, &asked);

	*out = (struct portal_town){0};
	return e == OK ? town_around(c, a, &asked, out) : e;
}

CHECKED enum err portal_town_load(struct db_conn *c, struct arena *a, struct str code, struct portal_town *out)
{
	struct place p;
	enum err e;

	*out = (struct portal_town){0};
	if (code.n < 6 || code.n > 18)
		return ERR_NOT_FOUND;
	e = place_by_code(c, a, code, 0, &p);
	return e == OK ? town_around(c, a, &p, out) : e;
}

static struct portal_option option(const struct place *p, struct str chosen)
{
	return (struct portal_option){p->key, place_short_name(p->name), !str_empty(chosen) && str_eq(p->key, chosen)};
}

CHECKED enum err portal_communities(struct db_conn *c, struct arena *a, const struct portal_town *t, struct str chosen,
				    struct portal_community **v, size_t *n)
{
	struct place *p;
	enum err e = place_children(c, a, t->place.key, &p, n);

	if (e != OK)
		return e;
	*v = arena_array(a, struct portal_community, *n + 1);
	for (size_t i = 0; i < *n; i++) {
		struct portal_community *m = &(*v)[i];
		struct place *grids;

		m->self = option(&p[i], chosen);
		e = place_children(c, a, p[i].key, &grids, &m->ngrids);
		if (e != OK)
			return e;
		m->grids = arena_array(a, struct portal_option, m->ngrids + 1);
		for (size_t k = 0; k < m->ngrids; k++)
			m->grids[k] = option(&grids[k], chosen);
	}
	return OK;
}

CHECKED enum err portal_channels(struct db_conn *c, struct arena *a, const struct portal_town *t, struct portal_channel **v, size_t *n)
{
	struct portal_channels_of_rows rows;
	enum err e = q_portal_channels_of(c, a, t->place.key, &rows);

	if (e != OK)
		return e;
	*n = rows.n;
	*v = arena_array(a, struct portal_channel, rows.n + 1);
	for (size_t i = 0; i < rows.n; i++)
		(*v)[i] = (struct portal_channel){rows.v[i].kind, rows.v[i].name, rows.v[i].name_en, rows.v[i].phone,
						  rows.v[i].address, rows.v[i].hours};
	return OK;
}

/* ---- the form ---- */

void portal_error_add(struct portal_errors *e, const char *field, const char *text)
{
	if (e->n < ARRAY_LEN(e->v))
		e->v[e->n++] = (struct portal_error){field, text};
}

const char *portal_error_of(const struct portal_errors *e, const char *field)
{
	for (size_t i = 0; i < e->n; i++)
		if (strcmp(e->v[i].field, field) == 0)
			return e->v[i].text;
	return NULL;
}

const struct category *portal_emergency(struct arena *a, struct str text)
{
	struct category_guess g[3];
	size_t n = category_suggest(a, text, g, ARRAY_LEN(g));

	for (size_t i = 0; i < n; i++)
		if (g[i].category->emergency)
			return g[i].category;
	return NULL;
}

/* What a phone number looks like in China and from abroad: digits, spaces, - + ( ), 7 to 20 digits of them. */
static bool phone_ok(struct arena *a, struct str typed, struct str *out)
{
	struct str s = utf8_fold(a, typed);
	char *clean = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if ((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] == '+' && n == 0))
			clean[n++] = s.p[i];
		else if (!strchr(" -()", s.p[i]))
			return false;
	}
	*out = (struct str){clean, n};
	return n >= 7 && n <= 20;
}

/* Two fields, and whoever writes his address into the wrong one is understood. */
static void check_contact(struct arena *a, const struct portal_form *f, struct str *phone, struct str *email, struct portal_errors *errors)
{
	struct str typed = utf8_fold(a, f->phone), address = utf8_fold(a, f->email);

	if (str_chr(typed, '@') >= 0 && str_empty(address))
		address = typed;
	else if (!str_empty(typed) && !phone_ok(a, typed, phone))
		portal_error_add(errors, "phone", N_("电话号码不对，请只写数字，比如 13812345678 或 023-67001234；也可以不填"));
	if (str_empty(address))
		return;
	*email = address;
	if (!notify_address_ok(address))
		portal_error_add(errors, str_empty(f->email) ? "phone" : "email", N_("电子邮件地址不对，写成 name@example.cn 这样；也可以不填"));
}

static void value(struct portal_filing *out, const struct scenario *s, const char *field, struct str v)
{
	if (!str_empty(v) && scenario_field(s, str_from(field)))
		out->m.values[out->m.nvalues++] = (struct matter_value){str_from(field), v};
}

CHECKED enum err portal_place_near(struct db_conn *c, struct arena *a, const struct portal_town *t, double lon, double lat, struct place *out)
{
	struct place_hit hit;
	enum err e = place_where(c, a, lon, lat, PLACE_GRID, PLACE_COMMUNITY, &hit);

	if (e == OK)
		*out = hit.place;
	return e == OK && !place_within(hit.place.key, t->place.key) ? ERR_NOT_FOUND : e;
}

/* The most exact thing known about where: what was chosen, else the grid or community the point lies in. */
static enum err locate(struct db_conn *c, struct arena *a, const struct portal_town *t, const struct portal_form *f,
		       struct matter_new *m, struct portal_errors *errors)
{
	struct place p;
	struct place_found named;
	enum err e;

	m->place = t->place.key;
	m->lon = m->lat = NAN;
	if (!str_empty(f->place)) {
		if (!place_within(f->place, t->place.key) || place_by_key(c, a, f->place, &p) != OK)
			portal_error_add(errors, "place", N_("这个社区或网格不在本镇街，请重新选一个"));
		else
			m->place = p.key;
	}
	if (!str_empty(f->lon) || !str_empty(f->lat)) {
		if (!str_f64(f->lon, &m->lon) || !str_f64(f->lat, &m->lat) || fabs(m->lon) > 180 || fabs(m->lat) > 90) {
			m->lon = m->lat = NAN;
			portal_error_add(errors, "place", N_("位置读不懂，请清除后重新获取，或者直接选社区"));
		}
	} else if (f->photo_point) {
		for (size_t i = 0; i < f->nphotos && isnan(m->lon); i++)
			if (f->photos[i].has_point) {
				m->lon = f->photos[i].lon;
				m->lat = f->photos[i].lat;
			}
	}
	if (!str_empty(f->place))
		return OK;
	if (isnan(m->lon)) {
		/* neither pin nor choice: the address decides if it names exactly one community or grid of the town */
		if (str_empty(f->address))
			return OK;
		e = place_in_words(c, a, f->address, t->place.key, PLACE_COMMUNITY, &named);
		if (e == OK)
			m->place = named.key;
		return e == ERR_NOT_FOUND ? OK : e;
	}
	e = portal_place_near(c, a, t, m->lon, m->lat, &p);
	if (e == OK)
		m->place = p.key;
	return e == ERR_NOT_FOUND ? OK : e;
}

static void check_text(const struct portal_form *f, struct portal_errors *errors)
{
	if (str_empty(f->what))
		portal_error_add(errors, "what", N_("请写一写发生了什么"));
	else if (!utf8_plain(f->what, true))
		portal_error_add(errors, "what", N_("文字里有看不见的控制字符，请删掉后重新输入"));
	if (!str_empty(f->address) && !utf8_plain(f->address, false))
		portal_error_add(errors, "address", N_("文字里有看不见的控制字符，请删掉后重新输入"));
	if (!str_empty(f->name) && !utf8_plain(f->name, false))
		portal_error_add(errors, "name", N_("文字里有看不见的控制字符，请删掉后重新输入"));
}

/* The category chosen; unless the reporter leaves it open, the one that the text speaks of. */
static const struct category *category_of(struct arena *a, const struct portal_form *f, struct portal_errors *errors)
{
	const struct category *c = NULL;
	struct category_guess guess;

	if (str_eqz(f->category, PORTAL_UNSURE))
		return NULL;
	if (!str_empty(f->category)) {
		c = category_find(f->category);
		if (c == NULL)
			portal_error_add(errors, "category", N_("没有这个类别，请重新选，或选“不确定”"));
		return c;
	}
	return category_suggest(a, f->what, &guess, 1) ? guess.category : NULL;
}

static void check_length(const struct scenario *s, const char *field, struct str text, struct portal_errors *errors)
{
	const struct scenario_field *f = scenario_field(s, str_from(field));

	if (f && (int64_t)utf8_count(text) > f->max)
		portal_error_add(errors, field, N_("太长了，请缩短一些"));
}

/* Choices that the form does not ask (what kind of report it is) are taken from the words declared with them. */
static void suggest_choices(const struct scenario *s, const struct portal_form *f, struct portal_filing *out)
{
	for (size_t i = 0; i < s->nfields && out->m.nvalues < PORTAL_VALUES; i++) {
		const struct scenario_field *fd = &s->fields[i];
		const struct scenario_choice *best = NULL;
		size_t length = 0;

		for (size_t k = 0; fd->type == FIELD_CHOICE && k < fd->nchoices; k++)
			for (size_t w = 0; w < fd->choices[k].nwords; w++)
				if (fd->choices[k].words[w].n > length && str_find(f->what, fd->choices[k].words[w]) >= 0) {
					best = &fd->choices[k];
					length = fd->choices[k].words[w].n;
				}
		if (best)
			out->m.values[out->m.nvalues++] = (struct matter_value){fd->id, best->id};
	}
}

/* The form's fields are those of the scenario, under the same names; anything else is said at the text. */
static const char *form_field(struct str why_field)
{
	static const char *const fields[] = {"what", "address", "place", "photo", "name", "phone", "email", "public"};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (str_eqz(why_field, fields[i]))
			return fields[i];
	return "what";
}

CHECKED enum err portal_prepare(struct db_conn *c, struct arena *a, const struct scenario *s, const struct portal_town *t,
				const struct portal_form *f, int64_t now, struct portal_filing *out, struct portal_errors *errors)
{
	struct str phone = STR_NULL, email = STR_NULL;
	enum err e;

	*out = (struct portal_filing){0};
	out->m = (struct matter_new){.scenario = s, .channel = STR("portal"), .is_public = f->is_public, .lang = f->lang};
	out->m.values = arena_array(a, struct matter_value, PORTAL_VALUES);
	check_text(f, errors);
	check_length(s, "what", f->what, errors);
	check_length(s, "address", f->address, errors);
	check_length(s, "name", f->name, errors);
	check_contact(a, f, &phone, &email, errors);
	if (t) {
		e = locate(c, a, t, f, &out->m, errors);
		if (e != OK)
			return e;
	} else {
		out->m.place = STR("");
		out->m.lon = out->m.lat = NAN;
	}
	value(out, s, "what", f->what);
	value(out, s, "address", f->address);
	value(out, s, "name", f->name);
	value(out, s, "phone", phone);
	value(out, s, "email", email);
	suggest_choices(s, f, out);
	if (t)
		out->category = category_of(a, f, errors);
	if (str_empty(f->phone) && str_empty(f->email) && matter_contact_missing(s, out->category, out->m.values, out->m.nvalues))
		portal_error_add(errors, "phone", N_("这一类事要问您才办得了，请留电话或电子邮件。类别不对的话请改一改；不想留，类别选“不确定”也能提交"));
	if (errors->n)
		return ERR_INPUT;
	if (out->category)
		out->m.category = out->category->id;
	out->nfiles = f->nphotos;
	memcpy(out->photos, f->photos, sizeof(out->photos));
	e = matter_prepare(a, &out->m, now);
	if (e == ERR_INPUT || e == ERR_TOO_MUCH) {
		portal_error_add(errors, form_field(out->m.why_field), out->m.why.p ? out->m.why.p : N_("这一项不对，请检查"));
		return ERR_INPUT;
	}
	return e;
}

enum err portal_file(struct tx *tx, void *arg)
{
	struct portal_filing *p = arg;
	enum err e = matter_file(tx, &p->m);
	int64_t id;

	for (size_t i = 0; e == OK && i < p->nfiles; i++)
		e = matter_add_file(tx, p->m.id, &p->files[i], &id);
	return e;
}

/* ---- by code ---- */

CHECKED enum err portal_find_any(struct db_conn *c, struct arena *a, struct str typed, struct str peer, int64_t now, struct matter *out,
				 bool *follows)
{
	struct str code;
	struct matter followed;
	enum err e, f;

	*follows = false;

	if (portal_limited(peer, now))
		return ERR_RATE;
	/* an impossible code costs the same look-up as an unknown one; this one passes no check digits */
	if (typed.n > 64 || !code_read(a, typed, &code))
		code = STR("0000-0000-0000");
	e = matter_by_code(c, a, code, out);
	if (e == ERR_INPUT)
		e = ERR_NOT_FOUND;
	if (e == ERR_NOT_FOUND) {
		f = portal_followed(c, a, code, &followed);
		if (f == OK) {
			*follows = true;
			*out = followed;
			out->code = code;
		}
		e = f;
	}
	if (e == ERR_NOT_FOUND)
		portal_limit_failed(peer, now);
	return e;
}

CHECKED enum err portal_find(struct db_conn *c, struct arena *a, struct str typed, struct str peer, int64_t now, struct matter *out)
{
	bool follows;
	enum err e = portal_find_any(c, a, typed, peer, now, out, &follows);

	return e == OK && follows ? ERR_NOT_FOUND : e;
}

static const char *answer_missing(const struct scenario_field *f)
{
	switch (f->type) {
	case FIELD_CHOICE: case FIELD_CHOICES: case FIELD_BOOL:
		return N_("请选一项");
	default:
		return N_("请填写这一项");
	}
}

static bool is_choice(const struct scenario_field *f, struct str v)
{
	for (size_t i = 0; i < f->nchoices; i++)
		if (str_eq(f->choices[i].id, v))
			return true;
	return false;
}

CHECKED enum err portal_answers(struct arena *a, const struct scenario *s, const struct scenario_action *act,
				struct str (*get)(void *ctx, const char *name), void *ctx, struct matter_value **v, size_t *n,
				struct portal_errors *errors)
{
	*n = 0;
	*v = arena_array(a, struct matter_value, act->nasks + 1);
	for (size_t i = 0; i < act->nasks; i++) {
		const struct scenario_field *f = NULL;
		const char *name = arena_strz(a, act->asks[i].field);
		struct str given = get(ctx, name);

		for (size_t k = 0; k < s->nasks; k++)
			if (str_eq(s->asks[k].id, act->asks[i].field))
				f = &s->asks[k];
		if (f == NULL)
			continue;
		if (str_empty(given)) {
			if (act->asks[i].required)
				portal_error_add(errors, name, answer_missing(f));
			continue;
		}
		if (!utf8_plain(given, f->type == FIELD_TEXT))
			portal_error_add(errors, name, N_("文字里有看不见的控制字符，请删掉后重新输入"));
		else if (f->type == FIELD_CHOICE && !is_choice(f, given))
			portal_error_add(errors, name, N_("请从列出的选项里选一项"));
		else
			(*v)[(*n)++] = (struct matter_value){act->asks[i].field, given};
	}
	return errors->n ? ERR_INPUT : OK;
}

struct str portal_plain(struct arena *a, struct str text, struct str holder)
{
	static const struct str mark = {"{holder}", 8};
	struct str rest = text, out = STR("");
	ptrdiff_t at;

	while ((at = str_find(rest, mark)) >= 0) {
		out = arena_cat(a, out, arena_cat(a, str_sub(rest, 0, (size_t)at), holder));
		rest = str_sub(rest, (size_t)at + mark.n, rest.n);
	}
	return arena_cat(a, out, rest);
}
