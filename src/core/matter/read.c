#include <jansson.h>
#include <math.h>

#include "base/log.h"
#include "core/journal/journal.h"
#include "core/matter/inner.h"
#include "crypto/crypto.h"

const struct scenario *matter_scenario(const struct matter *m)
{
	const struct scenario *s = scenario_version(m->scenario, m->scenario_version);

	if (s == NULL)
		BUG("scenario %.*s is not loaded", STR_ARG(m->scenario));
	return s;
}

const struct scenario_state *matter_state(const struct matter *m)
{
	const struct scenario *s = matter_scenario(m);
	int i = scenario_state(s, m->state);

	if (i < 0)
		BUG("scenario %.*s version %d has no state %.*s", STR_ARG(m->scenario), s->version, STR_ARG(m->state));
	return &s->states[i];
}

enum err matter_read_row(const struct matter_row_row *r, struct matter *m)
{
	const struct scenario *s = scenario_version(r->scenario, (int)r->scenario_version);

	if (s == NULL || scenario_state(s, r->state) < 0) {
		log_error("matter %lld: scenario %.*s version %lld is not loaded", (long long)r->id, STR_ARG(r->scenario), (long long)r->scenario_version);
		return ERR_DB;
	}
	*m = (struct matter){
		.id = r->id, .code = r->code, .scenario = r->scenario, .scenario_version = (int)r->scenario_version, .state = r->state,
		.version = r->version, .place = r->place, .lon = r->lon_null ? NAN : r->lon, .lat = r->lat_null ? NAN : r->lat,
		.category = r->category, .title = r->title, .channel = r->channel, .created = r->created, .updated = r->updated,
		.state_since = r->state_since, .due = r->due == NO_DUE ? 0 : r->due, .total_due = r->total_due,
		.suspended_since = r->suspended_since, .kept_due = r->kept_due, .escalated = r->escalated, .closed = r->closed,
		.holder_org = r->holder_org, .holder_post = r->holder_post, .holder = r->holder, .handler = r->handler,
		.reporter = r->reporter, .filed_by = r->filed_by, .is_public = r->is_public, .demo = r->demo,
		.judge_score = (int)r->judge_score, .judge_solved = (int)r->judge_solved, .judged = r->judged, .verdict = r->verdict,
		.excluded = r->excluded, .merged_into = r->merged_into, .reopened = (int)r->reopened, .fields = r->fields, .lang = r->lang.p ? r->lang : STR(""),
	};
	m->kind = s->states[scenario_state(s, r->state)].kind;
	m->nparts = (size_t)r->parts; /* read_parts() fetches them */
	return OK;
}

static enum err read_parts(struct db_conn *c, struct arena *a, struct matter *m)
{
	struct matter_parts_of_rows rows;
	enum err e;

	if (m->nparts == 0)
		return OK;
	m->nparts = 0;
	e = q_matter_parts_of(c, a, m->id, &rows);
	if (e != OK)
		return e;
	m->parts = arena_array(a, struct matter_part, rows.n + 1);
	for (size_t i = 0; i < rows.n; i++)
		m->parts[m->nparts++] = (struct matter_part){rows.v[i].org, rows.v[i].asked, rows.v[i].done, rows.v[i].done_by, rows.v[i].open};
	return OK;
}

enum err matter_get(struct db_conn *c, struct arena *a, int64_t id, struct matter *out)
{
	struct matter_row_row row;
	enum err e = q_matter_row(c, a, &id, STR_NULL, &row);

	if (e == OK)
		e = matter_read_row(&row, out);
	return e ? e : read_parts(c, a, out);
}

enum err matter_by_code(struct db_conn *c, struct arena *a, struct str code, struct matter *out)
{
	struct matter_row_row row;
	struct str normal;
	enum err e;

	if (!code_read(a, code, &normal))
		return ERR_NOT_FOUND;
	e = q_matter_row(c, a, NULL, normal, &row);
	if (e == OK)
		e = matter_read_row(&row, out);
	return e ? e : read_parts(c, a, out);
}

/* ---- values ---- */

static enum err unseal_all(struct db_conn *c, struct arena *a, struct matter *m)
{
	struct matter_sealed_rows rows;
	enum err e = q_matter_sealed(c, a, m->id, &rows);
	struct matter_value *v;

	if (e || rows.n == 0)
		return e;
	v = arena_array(a, struct matter_value, m->nvalues + rows.n);
	memcpy(v, m->values, m->nvalues * sizeof(*v));
	for (size_t i = 0; e == OK && i < rows.n; i++) {
		struct str context = arena_printf(a, "matter:%lld:%.*s", (long long)m->id, STR_ARG(rows.v[i].field));

		v[m->nvalues].field = rows.v[i].field;
		e = unseal(a, rows.v[i].sealed, context, &v[m->nvalues].value);
		m->nvalues += e == OK;
	}
	m->values = v;
	return e;
}

enum err matter_values(struct db_conn *c, struct arena *a, struct matter *m, bool with_personal)
{
	enum err e = values_read(a, m->fields, &m->values, &m->nvalues);

	return e || !with_personal ? e : unseal_all(c, a, m);
}

/* ---- timeline ---- */

static enum err fill_step(struct arena *a, const struct scenario *s, const struct matter_steps_row *r, struct matter_step *st)
{
	int i = scenario_action(s, r->action);

	*st = (struct matter_step){.id = r->id, .at = r->at, .actor = r->actor, .action = r->action, .note = r->note, .is_public = r->is_public,
				   .from = r->state_from, .to = r->state_to};
	st->title = i >= 0 ? s->actions[i].done.zh : r->action;
	st->title_en = i >= 0 ? s->actions[i].done.en : r->action;
	return values_read(a, r->vals, &st->values, &st->nvalues);
}

/* The step that an entry of the journal tells of: by the step's number in its data. */
static void match(struct arena *a, const struct journal_entry *e, const struct matter_steps_rows *rows, struct matter_step *steps)
{
	struct str why;
	json_t *data;
	int64_t id;

	if (str_eqz(e->kind, "matter.file")) {
		steps[0].seq = e->seq;
		return;
	}
	if (json_parse(a, e->data, NULL, &data, &why) != OK || !json_get_i64(data, "step", &id))
		return;
	for (size_t i = 0; i < rows->n; i++)
		if (rows->v[i].id == id)
			steps[i + 1].seq = e->seq;
}

static enum err find_seqs(struct db_conn *c, struct arena *a, const struct matter *m, const struct matter_steps_rows *rows, struct matter_step *steps)
{
	struct journal_entry *v;
	size_t n;
	enum err e = journal_of_subject(c, a, m->id, &v, &n);

	for (size_t i = 0; e == OK && i < n; i++)
		match(a, &v[i], rows, steps);
	return e;
}

static enum err find_names(struct db_conn *c, struct arena *a, struct matter_step *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum err e = OK;

		v[i].actor_name = STR("");
		for (size_t k = 0; k < i && v[i].actor_name.n == 0; k++)
			if (v[k].actor == v[i].actor)
				v[i].actor_name = v[k].actor_name;
		if (v[i].actor && v[i].actor_name.n == 0)
			e = actor_name(c, a, v[i].actor, &v[i].actor_name);
		if (e == ERR_NOT_FOUND)
			v[i].actor_name = STR("");
		else if (e)
			return e;
	}
	return OK;
}

enum err matter_timeline(struct db_conn *c, struct arena *a, const struct matter *m, struct matter_step **v, size_t *n)
{
	const struct scenario *s = matter_scenario(m);
	struct matter_steps_rows rows;
	enum err e = q_matter_steps(c, a, m->id, &rows);

	if (e)
		return e;
	*v = arena_array(a, struct matter_step, rows.n + 1);
	(*v)[0] = (struct matter_step){.at = m->created, .actor = m->filed_by ? m->filed_by : m->reporter, .action = STR("file"),
				       .title = STR("提交"), .title_en = STR("Filed"), .note = STR(""), .is_public = true, .from = STR(""), .to = s->states[0].id};
	for (size_t i = 0; e == OK && i < rows.n; i++)
		e = fill_step(a, s, &rows.v[i], &(*v)[i + 1]);
	*n = rows.n + 1;
	if (e == OK)
		e = find_seqs(c, a, m, &rows, *v);
	return e ? e : find_names(c, a, *v, *n);
}

enum err matter_files(struct db_conn *c, struct arena *a, int64_t matter, struct matter_file **v, size_t *n)
{
	enum err e = matter_all_files(c, a, matter, v, n);
	size_t kept = 0;

	for (size_t i = 0; e == OK && i < *n; i++)
		if ((*v)[i].step == 0)
			(*v)[kept++] = (*v)[i];
	*n = kept;
	return e;
}

enum err matter_all_files(struct db_conn *c, struct arena *a, int64_t matter, struct matter_file **v, size_t *n)
{
	struct matter_files_of_rows rows;
	enum err e = q_matter_files_of(c, a, matter, &rows);

	if (e)
		return e;
	*v = arena_array(a, struct matter_file, rows.n + 1);
	*n = rows.n;
	for (size_t i = 0; i < rows.n; i++)
		(*v)[i] = (struct matter_file){rows.v[i].id, rows.v[i].name, rows.v[i].type, rows.v[i].path, rows.v[i].thumb, rows.v[i].size,
					       (int)rows.v[i].width, (int)rows.v[i].height, rows.v[i].step};
	return OK;
}

enum err matter_files_named(struct db_conn *c, struct arena *a, const struct str *paths, size_t npaths, struct str **v, size_t *n)
{
	struct matter_files_named_rows rows;
	enum err e = q_matter_files_named(c, a, paths, npaths, &rows);

	if (e)
		return e;
	*v = arena_array(a, struct str, rows.n + 1);
	*n = rows.n;
	for (size_t i = 0; i < rows.n; i++)
		(*v)[i] = rows.v[i].path;
	return OK;
}

static bool asks_extra(const struct scenario_action *ac)
{
	for (size_t i = 0; i < ac->nasks; i++)
		if (str_eqz(ac->asks[i].field, "extra"))
			return true;
	return false;
}

/* A step that asked how much longer, and gave nothing, since the last one that gave or denied it. */
const struct matter_step *matter_wish(const struct scenario *s, const struct matter_step *v, size_t n)
{
	const struct matter_step *wish = NULL;

	for (size_t i = 0; i < n; i++) {
		int k = scenario_action(s, v[i].action);

		if (k < 0)
			continue;
		if (str_eqz(s->actions[k].effect, "deny") || str_eqz(s->actions[k].effect, "extend"))
			wish = NULL;
		else if (asks_extra(&s->actions[k]))
			wish = &v[i];
	}
	return wish;
}

enum err matter_merged(struct db_conn *c, struct arena *a, int64_t id, int64_t **ids, size_t *n)
{
	struct matter_merged_into_rows rows;
	enum err e = q_matter_merged_into(c, a, id, &rows);

	*n = 0;
	if (e != OK)
		return e;
	*ids = arena_array(a, int64_t, rows.n + 1);
	for (size_t i = 0; i < rows.n; i++)
		(*ids)[(*n)++] = rows.v[i].id;
	return OK;
}

bool matter_helps(const struct matter *m, const struct actor_session *who, bool open_only)
{
	for (size_t i = 0; i < m->nparts; i++)
		for (size_t k = 0; k < who->nrights; k++)
			if (who->rights[k].org == m->parts[i].org && (m->parts[i].open || !open_only))
				return true;
	return false;
}

enum err matter_by_source(struct db_conn *c, struct arena *a, struct str source, struct str source_id, struct matter *out)
{
	struct matter_of_source_rows rows;
	enum err e = q_matter_of_source(c, a, source, source_id, &rows);

	if (e)
		return e;
	return rows.n ? matter_get(c, a, rows.v[0].id, out) : ERR_NOT_FOUND;
}

bool matter_is_late(const struct matter *m, int64_t now)
{
	return m->total_due && (m->closed ? m->closed : now) > m->total_due;
}

struct str matter_code_head(struct str code)
{
	return str_sub(code, 0, 4);
}
