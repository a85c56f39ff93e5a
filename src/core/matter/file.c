/* Filing. matter_prepare does what costs time on the worker; matter_file is one row and one journal entry. */
#include <math.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/utf8.h"
#include "core/journal/journal.h"
#include "core/matter/category.h"
#include "core/matter/inner.h"
#include "crypto/crypto.h"

#define N_(zh) zh

#define TITLE_CHARS 40
#define IMPORT_CHARS 20000
#define MAX_REPLY ((size_t)64 * 1024)

struct sealed_value { struct str field, sealed, lookup; };
struct prepared {
	struct matter_insert_args row;
	double lon, lat;
	struct sealed_value *sealed;
	size_t nsealed;
	struct str entry; /* data of the journal entry */
};

static enum err refuse(struct matter_new *m, struct str why, struct str field)
{
	m->why = why;
	m->said = (struct matter_why){0};
	m->why_field = field;
	return ERR_INPUT;
}

static enum err refuse_fixed(struct matter_new *m, const char *why, struct str field)
{
	(void)refuse(m, str_from(why), field);
	m->said = (struct matter_why){.fmt = why};
	return ERR_INPUT;
}

/* The same with a name in it. */
static enum err refuse_named(struct arena *a, struct matter_new *m, const char *fmt, struct str name, struct str field)
{
	name = arena_str(a, name);
	(void)refuse(m, arena_printf(a, fmt, arena_strz(a, name)), field);
	m->said = (struct matter_why){fmt, {{name, name}}};
	return ERR_INPUT;
}

static enum err refuse_value(struct matter_new *m, const struct value_fault *fault)
{
	(void)refuse(m, fault->why, fault->field);
	m->said = fault->said;
	return ERR_INPUT;
}

/* ---- values ---- */

static enum err known_fields(struct arena *a, struct matter_new *m)
{
	for (size_t i = 0; i < m->nvalues; i++) {
		struct str id = m->values[i].field;

		if (!scenario_field(m->scenario, id) && !str_eqz(id, "title"))
			return refuse_named(a, m, N_("没有“%s”这一栏"), utf8_cut(id, 40), id);
		for (size_t k = 0; k < i; k++)
			if (str_eq(m->values[k].field, id))
				return refuse_fixed(m, N_("同一栏填了两次"), id);
	}
	return OK;
}

static struct str given(const struct matter_new *m, struct str id)
{
	for (size_t i = 0; i < m->nvalues; i++)
		if (str_eq(m->values[i].field, id))
			return m->values[i].value;
	return STR_NULL;
}

/* Normal forms of everything given, in the order of the scenario. */
static enum err check_values(struct arena *a, struct matter_new *m, struct matter_value *out, size_t *n)
{
	struct value_fault fault;

	for (size_t i = 0; i < m->scenario->nfields; i++) {
		struct scenario_field f = m->scenario->fields[i];
		struct str v;

		/* what another system took is not cut off here: our form's limit is for our form */
		if (m->source.n && f.type == FIELD_TEXT && f.max < IMPORT_CHARS)
			f.max = IMPORT_CHARS;
		if (!value_check(a, &f, given(m, f.id), &v, &fault))
			return refuse_value(m, &fault);
		if (v.p == NULL && f.required)
			return refuse_fixed(m, N_("这一栏要填"), f.id);
		if (v.p)
			out[(*n)++] = (struct matter_value){f.id, v};
	}
	return OK;
}

static struct str make_title(struct arena *a, const struct matter_new *m, const struct matter_value *v, size_t n)
{
	struct str text = str_trim(given(m, STR("title")));
	char *p;

	for (size_t i = 0; i < n && text.n == 0; i++) {
		const struct scenario_field *f = scenario_field(m->scenario, v[i].field);

		if (!f->personal && (f->type == FIELD_TEXT || f->type == FIELD_LINE))
			text = v[i].value;
	}
	text = arena_str(a, utf8_ellipsis(a, text.p ? text : STR(""), TITLE_CHARS));
	p = (char *)text.p;
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)p[i] < ' ')
			p[i] = ' ';
	return matter_mask(a, text);
}

static enum err seal_one(struct arena *a, const struct matter_new *m, const struct scenario_field *f, struct str v, struct sealed_value *out)
{
	struct str context = arena_printf(a, "matter:%lld:%.*s", (long long)m->id, STR_ARG(f->id));
	unsigned char hash[32];
	enum err e = seal(a, v, context, &out->sealed);

	out->field = f->id;
	out->lookup = STR_NULL;
	if (e == OK && f->type == FIELD_PHONE) {
		e = phone_lookup(v, hash);
		out->lookup = arena_str(a, (struct str){(const char *)hash, sizeof(hash)});
	}
	return e;
}

/* Personal values are sealed one by one; the others become one JSON text. */
static enum err split_values(struct arena *a, struct matter_new *m, struct prepared *p, const struct matter_value *v, size_t n)
{
	struct matter_value *open = arena_array(a, struct matter_value, n + 1);
	size_t nopen = 0;
	enum err e = OK;

	p->sealed = arena_array(a, struct sealed_value, n + 1);
	for (size_t i = 0; e == OK && i < n; i++) {
		const struct scenario_field *f = scenario_field(m->scenario, v[i].field);

		if (f->personal)
			e = seal_one(a, m, f, v[i].value, &p->sealed[p->nsealed++]);
		else
			open[nopen++] = v[i];
	}
	p->row.fields = values_json(a, open, nopen);
	return e;
}

/* ---- the row ---- */

static bool short_word(struct str s, size_t most)
{
	return s.n <= most && utf8_valid(s) && utf8_plain(s, false);
}

bool matter_contact_missing(const struct scenario *s, const struct category *category, const struct matter_value *v, size_t n)
{
	bool asks = false;

	if (category == NULL || !category->contact)
		return false;
	for (size_t i = 0; i < s->nfields; i++) {
		if (s->fields[i].type != FIELD_PHONE && s->fields[i].type != FIELD_EMAIL)
			continue;
		asks = true;
		for (size_t k = 0; k < n; k++)
			if (str_eq(v[k].field, s->fields[i].id) && !str_empty(v[k].value))
				return false;
	}
	return asks;
}

static enum err check_contact(struct matter_new *m)
{
	static const char why[] = N_("这一类事要问得到反映人才办得了，请填电话或电子邮件。反映人不愿留的，类别不选，由指挥中心定");

	if (m->demo || (m->source.n && !m->filed_by) || !matter_contact_missing(m->scenario, category_find(m->category), m->values, m->nvalues))
		return OK;
	return refuse_fixed(m, why, STR("phone"));
}

static enum err check_frame(struct matter_new *m)
{
	if (!short_word(m->place, 64))
		return refuse_fixed(m, N_("地点不对"), STR("place"));
	if (!short_word(m->category, 64))
		return refuse_fixed(m, N_("类别不对"), STR("category"));
	if (!short_word(m->lang, 8))
		return refuse_fixed(m, N_("语言不对"), STR("lang"));
	if (!short_word(m->channel, 32))
		return refuse_fixed(m, N_("渠道不对"), STR("channel"));
	if (!short_word(m->source, 64) || !short_word(m->source_id, 200))
		return refuse_fixed(m, N_("来源不对"), STR("source"));
	if ((isfinite(m->lon) && fabs(m->lon) > 180) || (isfinite(m->lat) && fabs(m->lat) > 90))
		return refuse_fixed(m, N_("位置不对"), STR("point"));
	return OK;
}

static struct str not_null(struct str s)
{
	return s.p ? s : STR("");
}

static void fill_state(struct arena *a, struct matter_new *m, struct prepared *p, const struct scenario_state *st)
{
	struct matter_insert_args *r = &p->row;
	const struct scenario *s = m->scenario;
	bool ended = st->kind >= STATE_CLOSED;

	r->state = st->id;
	r->kind = st->kind;
	r->desk = desk_of(a, st);
	r->state_since = ended && m->closed ? m->closed : r->created;
	r->due = ended ? NO_DUE : state_due(s, st, clock_value(a, r->fields, st->clock_by), r->created);
	r->total_due = m->total_due ? m->total_due : whole_due(s, clock_value(a, r->fields, s->total_by), r->created);
	r->closed = ended ? (m->closed ? m->closed : r->created) : 0;
}

static void fill_row(struct arena *a, struct matter_new *m, struct prepared *p, int64_t now, const struct scenario_state *st)
{
	struct matter_insert_args *r = &p->row;

	r->id = m->id;
	r->code = m->code;
	r->scenario = m->scenario->id;
	r->scenario_version = m->scenario->version;
	r->place = not_null(m->place);
	r->town = town_of(r->place);
	p->lon = m->lon;
	p->lat = m->lat;
	if (isfinite(m->lon) && isfinite(m->lat) && (m->lon != 0 || m->lat != 0)) {
		r->lon = &p->lon;
		r->lat = &p->lat;
	}
	r->category = not_null(m->category);
	r->channel = not_null(m->channel);
	r->lang = m->lang.n ? m->lang : STR_NULL;
	r->created = m->created ? m->created : now;
	r->updated = m->closed ? m->closed : r->created;
	r->reporter = m->reporter;
	r->filed_by = m->filed_by;
	r->is_public = m->is_public;
	r->demo = m->demo;
	r->source = m->source.n ? m->source : STR_NULL;
	r->source_id = m->source.n ? not_null(m->source_id) : STR_NULL;
	fill_state(a, m, p, st);
}

static struct str sha256(struct arena *a, struct str text)
{
	unsigned char h[32];

	hash_bytes(HASH_SHA256, text.p, text.n, h);
	return hex(a, h, sizeof(h));
}

static struct str filing_entry(struct arena *a, const struct prepared *p)
{
	struct matter m = {.kind = (enum state_kind)p->row.kind, .created = p->row.created, .closed = p->row.closed,
			   .total_due = p->row.total_due, .is_public = p->row.is_public};
	struct facts is = facts_of(&m);
	struct buf b;
	struct json j;
	struct str s;

	buf_init(&b, 4096);
	json_init(&j, &b);
	json_obj(&j);
	json_key(&j, "scenario");
	json_str(&j, p->row.scenario);
	json_key(&j, "version");
	json_i64(&j, p->row.scenario_version);
	json_key(&j, "to");
	json_str(&j, p->row.state);
	json_key(&j, "category");
	json_str(&j, p->row.category);
	json_key(&j, "channel");
	json_str(&j, p->row.channel);
	json_key(&j, "day");
	json_i64(&j, filing_day(p->row.created));
	facts_json(&j, "is", &is);
	json_key(&j, "text");
	json_str(&j, sha256(a, p->row.fields));
	json_end(&j);
	json_done(&j);
	s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

enum err matter_prepare(struct arena *a, struct matter_new *m, int64_t now)
{
	struct prepared *p = arena_new(a, struct prepared);
	struct matter_value *v = arena_array(a, struct matter_value, m->scenario->nfields + 1);
	int state = m->state.n ? scenario_state(m->scenario, m->state) : 0;
	size_t n = 0;
	enum err e;

	m->why = m->why_field = STR("");
	e = check_frame(m);
	if (e == OK && state < 0)
		e = refuse_named(a, m, N_("没有“%s”这个状态"), utf8_cut(m->state, 40), STR("state"));
	if (e == OK)
		e = known_fields(a, m);
	if (e == OK)
		e = check_values(a, m, v, &n);
	if (e == OK)
		e = check_contact(m);
	if (e)
		return e;
	m->id = id_new(now);
	m->code = code_new(a);
	p->row.title = make_title(a, m, v, n);
	e = split_values(a, m, p, v, n);
	if (e)
		return e;
	fill_row(a, m, p, now, &m->scenario->states[state]);
	p->entry = filing_entry(a, p);
	if (m->reply.n && (m->reply.n > MAX_REPLY || !utf8_valid(m->reply) || !utf8_plain(m->reply, true)))
		return refuse_fixed(m, N_("答复太长或含有控制字符"), STR("reply"));
	m->prepared = p;
	return OK;
}

/* ---- the job ---- */

static enum err known_source(struct tx *tx, struct matter_new *m, bool *known)
{
	struct matter_of_source_rows rows;
	enum err e = q_matter_of_source(tx->c, tx->arena, m->source, m->source_id.p ? m->source_id : STR(""), &rows);

	*known = e == OK && rows.n;
	if (*known) {
		m->id = rows.v[0].id;
		m->code = rows.v[0].code; /* lives as long as the batch's arena: copied by the caller below */
	}
	return e;
}

/* The code must outlive the batch: it has a fixed length, so it is put over the one made by matter_prepare. */
static void keep_code(struct matter_new *m, struct str made)
{
	char *p = (char *)made.p;

	if (m->code.n <= made.n)
		memcpy(p, m->code.p, m->code.n);
	m->code = (struct str){p, m->code.n <= made.n ? m->code.n : made.n};
}

static enum err put_values(struct tx *tx, const struct prepared *p)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < p->nsealed; i++)
		e = q_matter_value_put(tx->c, &(struct matter_value_put_args){
			.matter = p->row.id, .field = p->sealed[i].field, .place = p->row.place, .sealed = p->sealed[i].sealed,
			.lookup = p->sealed[i].lookup}, NULL);
	return e;
}

/* The answer given in another system stands in the timeline as the scenario's own reply would. */
static enum err put_reply(struct tx *tx, const struct matter_new *m, const struct prepared *p)
{
	const struct scenario *s = m->scenario;
	struct str action = STR("");

	if (str_empty(m->reply))
		return OK;
	for (size_t i = 0; i < s->nactions && action.n == 0; i++)
		if (str_eqz(s->actions[i].effect, "reply"))
			action = s->actions[i].id;
	return q_matter_step_put(tx->c, &(struct matter_step_put_args){
		.id = id_new(tx->now), .matter = p->row.id, .at = m->replied ? m->replied : p->row.updated,
		.actor = 0, .action = action, .state_from = s->states[0].id, .state_to = p->row.state, .note = m->reply,
		.is_public = true, .vals = STR("{}")}, NULL);
}

enum err matter_file(struct tx *tx, void *matter_new)
{
	struct matter_new *m = matter_new;
	const struct prepared *p = m->prepared;
	int64_t inserted = 1;
	bool known = false;
	enum err e = OK;

	if (p->row.source.p) {
		e = known_source(tx, m, &known);
		if (e == OK && known) {
			keep_code(m, p->row.code);
			return ERR_CONFLICT;
		}
	}
	if (e == OK)
		e = q_matter_insert(tx->c, &p->row, p->row.source.p ? &inserted : NULL);
	if (e == OK && inserted == 0)
		return ERR_BUSY; /* another writer filed the same source this moment: the same call finds it */
	if (e == OK)
		e = put_values(tx, p);
	if (e == OK)
		e = put_reply(tx, m, p);
	if (e == OK)
		e = journal_append(tx, &(struct journal_entry){
			.at = tx->now, .actor = p->row.filed_by ? p->row.filed_by : p->row.reporter, .kind = STR("matter.file"),
			.subject = p->row.id, .place = p->row.place, .data = p->entry});
	return e;
}

enum err matter_add_file(struct tx *tx, int64_t matter, const struct matter_file *f, int64_t *id)
{
	int64_t put;
	enum err e;

	*id = id_new(tx->now);
	e = q_matter_file_put(tx->c, &(struct matter_file_put_args){
		.id = *id, .matter = matter, .name = not_null(f->name), .type = not_null(f->type), .path = not_null(f->path),
		.thumb = not_null(f->thumb), .size = f->size, .width = f->width, .height = f->height, .step = f->step}, &put);
	return e == OK && put == 0 ? ERR_NOT_FOUND : e;
}
