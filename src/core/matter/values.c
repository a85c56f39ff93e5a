/* What people typed into fields and asks: checked, brought to one form, sealed, written as JSON. */
#include <math.h>

#include "base/json_walk.h"
#include "base/time.h"
#include "base/utf8.h"
#include "core/matter/category.h"
#include "core/matter/inner.h"
#include "core/notify/notify.h"
#include "crypto/crypto.h"

#define N_(zh) zh

static bool refuse(struct value_fault *fault, const struct scenario_field *f, const char *why)
{
	fault->why = str_from(why);
	fault->said = (struct matter_why){.fmt = why};
	fault->field = f->id;
	return false;
}

/* The same with one number in it, for %s. */
static bool refuse_n(struct arena *a, struct value_fault *fault, const struct scenario_field *f, const char *fmt, int64_t n)
{
	struct str digits = arena_printf(a, "%lld", (long long)n);

	fault->why = arena_printf(a, fmt, digits.p);
	fault->said = (struct matter_why){fmt, {{digits, digits}}};
	fault->field = f->id;
	return false;
}

static bool check_text(struct arena *a, const struct scenario_field *f, struct str in, struct str *out, struct value_fault *fault)
{
	if (!utf8_valid(in) || !utf8_plain(in, f->type == FIELD_TEXT))
		return refuse(fault, f, N_("有看不见的控制字符，请删去重打"));
	if ((int64_t)utf8_count(in) > f->max)
		return refuse_n(a, fault, f, N_("太长：最多 %s 个字"), f->max);
	*out = in;
	return true;
}

static bool check_number(struct arena *a, const struct scenario_field *f, struct str in, struct str *out, struct value_fault *fault)
{
	int64_t v;

	if (!str_i64(utf8_fold(a, in), &v) || v < 0 || v > f->max)
		return refuse_n(a, fault, f, N_("请填 0 到 %s 的整数"), f->max);
	*out = arena_printf(a, "%lld", (long long)v);
	return true;
}

static const struct scenario_choice *find_choice(const struct scenario_field *f, struct str id)
{
	for (size_t i = 0; i < f->nchoices; i++)
		if (str_eq(f->choices[i].id, id))
			return &f->choices[i];
	return NULL;
}

static bool check_choices(const struct scenario_field *f, struct str in, struct str *out, struct value_fault *fault)
{
	struct str rest = in, one;
	int64_t n = 0;

	while (str_split(&rest, ',', &one))
		if (find_choice(f, one) == NULL || n++ >= f->max)
			return refuse(fault, f, N_("请从列出的选项里选"));
	*out = in;
	return true;
}

/* Several organisations: their numbers, each once. */
static bool check_orgs(struct arena *a, const struct scenario_field *f, struct str in, struct str *out, struct value_fault *fault)
{
	int64_t seen[16], id;
	struct str rest = in, one;
	size_t n = 0;

	*out = STR("");
	while (str_split(&rest, ',', &one)) {
		bool twice = false;

		if (!str_i64(str_trim(one), &id) || id <= 0)
			return refuse(fault, f, N_("请从列出的单位或人里选"));
		for (size_t i = 0; i < n; i++)
			twice |= seen[i] == id;
		if (twice)
			continue;
		if ((int64_t)n >= f->max || n == ARRAY_LEN(seen))
			return refuse_n(a, fault, f, N_("最多选 %s 个"), f->max);
		seen[n++] = id;
		*out = arena_printf(a, "%.*s%s%lld", STR_ARG(*out), n > 1 ? "," : "", (long long)id);
	}
	return true;
}

static bool check_category(const struct scenario_field *f, struct str in, struct str *out, struct value_fault *fault)
{
	*out = in;
	return category_find(in) ? true : refuse(fault, f, N_("请从列出的类别里选"));
}

static bool check_point(struct arena *a, const struct scenario_field *f, struct str in, struct str *out, struct value_fault *fault)
{
	struct str rest = in, lon, lat;
	double x, y;

	if (!str_split(&rest, ',', &lon) || !str_split(&rest, ',', &lat) || !str_f64(str_trim(lon), &x) ||
	    !str_f64(str_trim(lat), &y) || !isfinite(x) || !isfinite(y) || fabs(x) > 180 || fabs(y) > 90)
		return refuse(fault, f, N_("位置写成“经度,纬度”"));
	*out = arena_printf(a, "%.7g,%.7g", x, y);
	return true;
}

/* Digits of a telephone number; STR_NULL when it cannot be one. */
static struct str phone_digits(struct arena *a, struct str in)
{
	struct str s = utf8_fold(a, in);
	char *d = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] >= '0' && s.p[i] <= '9')
			d[n++] = s.p[i];
		else if (!strchr(" -()+", s.p[i]))
			return STR_NULL;
	}
	if (n == 13 && memcmp(d, "86", 2) == 0) {
		d += 2;
		n -= 2;
	}
	return n >= 7 && n <= 12 ? (struct str){d, n} : STR_NULL;
}

static bool check_phone(struct arena *a, const struct scenario_field *f, struct str in, struct str *out, struct value_fault *fault)
{
	*out = phone_digits(a, in);
	return out->p ? true : refuse(fault, f, N_("电话号码不对：填 11 位手机号，或区号加座机号"));
}

/* Full-width letters and the sign ＠ come from Chinese keyboards. */
static bool check_email(struct arena *a, const struct scenario_field *f, struct str in, struct str *out, struct value_fault *fault)
{
	*out = utf8_fold(a, in);
	return notify_address_ok(*out) ? true : refuse(fault, f, N_("电子邮件地址不对：写成 name@example.cn 这样"));
}

static bool check_bool(const struct scenario_field *f, struct str in, struct str *out, struct value_fault *fault)
{
	static const char *const yes[] = {"true", "1", "yes", "on"}, *const no[] = {"false", "0", "no", "off"};

	for (int i = 0; i < 4; i++) {
		if (str_eqz(in, yes[i]))
			return *out = STR("true"), true;
		if (str_eqz(in, no[i]))
			return *out = STR("false"), true;
	}
	return refuse(fault, f, N_("请选是或否"));
}

bool value_check(struct arena *a, const struct scenario_field *f, struct str in, struct str *out, struct value_fault *fault)
{
	int64_t v;

	in = str_trim(in);
	*out = STR_NULL;
	if (in.n == 0)
		return true;
	if (in.n > (size_t)200000)
		return refuse(fault, f, N_("太长"));
	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_LINE:
	case FIELD_PLACE:
		return check_text(a, f, in, out, fault);
	case FIELD_NUMBER:
		return check_number(a, f, in, out, fault);
	case FIELD_DATE:
		*out = in;
		return time_parse_date(in, &v) ? true : refuse(fault, f, N_("日期写成 2026-10-01 这样"));
	case FIELD_CHOICE:
		*out = in;
		return find_choice(f, in) ? true : refuse(fault, f, N_("请从列出的选项里选"));
	case FIELD_CHOICES:
		return check_choices(f, in, out, fault);
	case FIELD_POINT:
		return check_point(a, f, in, out, fault);
	case FIELD_PHONE:
		return check_phone(a, f, in, out, fault);
	case FIELD_EMAIL:
		return check_email(a, f, in, out, fault);
	case FIELD_BOOL:
		return check_bool(f, in, out, fault);
	case FIELD_ORG:
	case FIELD_ACTOR:
		*out = in;
		return str_i64(in, &v) && v > 0 ? true : refuse(fault, f, N_("请从列出的单位或人里选"));
	case FIELD_ORGS:
		return check_orgs(a, f, in, out, fault);
	case FIELD_CATEGORY:
		return check_category(f, in, out, fault);
	case FIELD_IMAGE:
		return refuse(fault, f, N_("照片请用上传，不用文字"));
	}
	return false;
}

struct str value_of(const struct matter_value *v, size_t n, const char *field)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqz(v[i].field, field))
			return v[i].value;
	return STR_NULL;
}

struct str values_json(struct arena *a, const struct matter_value *v, size_t n)
{
	struct buf b;
	struct json j;
	struct str s;

	buf_init(&b, (size_t)8 * 1024 * 1024);
	json_init(&j, &b);
	json_obj(&j);
	for (size_t i = 0; i < n; i++) {
		json_key_str(&j, v[i].field);
		json_str(&j, v[i].value);
	}
	json_end(&j);
	json_done(&j);
	s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

enum err values_read(struct arena *a, struct str text, struct matter_value **v, size_t *n)
{
	struct json_walk w;
	struct str key, raw;
	size_t members = 0;

	*n = 0;
	if (!str_starts(text, "{"))
		return ERR_DB; /* we wrote it ourselves */
	for (json_walk_begin(&w, text); json_walk_next(&w, a, &key, &raw);)
		members++;
	if (w.bad)
		return ERR_DB;
	*v = arena_array(a, struct matter_value, members + 1);
	for (json_walk_begin(&w, text); json_walk_next(&w, a, &key, &raw);) {
		struct matter_value *one = &(*v)[*n];

		one->field = key;
		*n += json_raw_str(a, raw, &one->value);
	}
	return OK;
}

enum err phone_lookup(struct str phone, unsigned char out[32])
{
	unsigned char key[32];
	enum err e = key_for("lookup:phone", key);

	if (e == OK)
		mac(key, phone, out);
	return e;
}

enum err matter_by_phone(struct db_conn *c, struct arena *a, struct str phone, int limit, int64_t **ids, size_t *n)
{
	struct matter_by_lookup_rows rows;
	struct str digits = phone_digits(a, phone);
	unsigned char hash[32];
	enum err e;

	*n = 0;
	if (digits.p == NULL)
		return ERR_INPUT;
	e = phone_lookup(digits, hash);
	if (e == OK)
		e = q_matter_by_lookup(c, a, (struct str){(const char *)hash, sizeof(hash)}, limit, &rows);
	if (e)
		return e;
	*ids = arena_array(a, int64_t, rows.n + 1);
	for (size_t i = 0; i < rows.n; i++)
		(*ids)[(*n)++] = rows.v[i].matter;
	return OK;
}
