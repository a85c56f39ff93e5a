/* The pages. */
#include "base/json.h"
#include "base/map.h"
#include "base/time.h"
#include "cap/ledger/ledger.h"
#include "cap/ledger/ledger.html.h"
#include "core/place/place.h"
#include "crypto/crypto.h"
#include "web/tpl.h"

#define HEADS 100
#define LINES 100

/* ---- public ---- */

static enum err public_key(struct rq *rq)
{
	return rq_text(rq, "text/plain; charset=utf-8", journal_public_key(rq->arena));
}

static enum err ledger_page(struct rq *rq)
{
	struct ledger_view v = {0};
	struct journal_head *heads;
	size_t n;
	enum err e = journal_log_name(rq_conn(rq), rq->arena, &v.log, &v.hash);

	if (e == OK)
		e = journal_heads(rq_conn(rq), rq->arena, INT64_MAX, 1, &heads, &n);
	if (e != OK)
		return e;
	if (n) {
		v.any = true;
		v.head = heads[0];
		v.root = hex(rq->arena, v.head.root, 32);
		v.signature = base64url(rq->arena, v.head.signature.p, v.head.signature.n);
	}
	v.key = sign_public_key(rq->arena);
	return rq_page(rq, html_ledger_page, &v);
}

/* A whole number of the query string; preset when it is not there. */
static enum err number(struct rq *rq, const char *name, int64_t preset, int64_t *out)
{
	struct str s = rq_query(rq, name);

	*out = preset;
	if (s.n == 0)
		return OK;
	if (!str_i64(s, out) || *out < 0)
		return rq_fail_field(rq, ERR_INPUT, name, N_("“%s”应是不小于 0 的整数"), name);
	return OK;
}

static void write_head(struct json *j, struct arena *a, const struct journal_head *h)
{
	json_obj(j);
	json_key(j, "size");
	json_i64(j, h->size);
	json_key(j, "at");
	json_i64(j, h->at);
	json_key(j, "root");
	json_str(j, hex(a, h->root, 32));
	json_key(j, "key");
	json_str(j, h->key_id);
	json_key(j, "signature");
	json_str(j, base64url(a, h->signature.p, h->signature.n));
	json_end(j);
}

static enum err begin_json(struct rq *rq, struct json *j)
{
	struct str log, hash;
	enum err e = journal_log_name(rq_conn(rq), rq->arena, &log, &hash);

	if (e != OK)
		return e;
	json_init(j, &rq->http->resp->body);
	json_obj(j);
	json_key(j, "log");
	json_str(j, log);
	json_key(j, "hash");
	json_str(j, hash);
	return OK;
}

static enum err heads_json(struct rq *rq)
{
	struct journal_head *v;
	struct json j;
	int64_t before;
	size_t n;
	enum err e = number(rq, "before", INT64_MAX, &before);

	if (e == OK)
		e = journal_heads(rq_conn(rq), rq->arena, before, HEADS, &v, &n);
	if (e == OK)
		e = begin_json(rq, &j);
	if (e != OK)
		return e;
	json_key(&j, "heads");
	json_arr(&j);
	for (size_t i = 0; i < n; i++)
		write_head(&j, rq->arena, &v[i]);
	json_end(&j);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}

static enum err consistency_json(struct rq *rq)
{
	unsigned char (*path)[32];
	struct json j;
	int64_t from, to, last;
	size_t n;
	enum err e = number(rq, "from", 0, &from);

	if (e == OK)
		e = number(rq, "to", 0, &to);
	if (e == OK)
		e = journal_last(rq_conn(rq), &last);
	if (e == OK && (from > to || to > last))
		e = rq_fail(rq, ERR_INPUT, N_("要求 from ≤ to ≤ %lld（现有记录数）"), (long long)last);
	if (e == OK)
		e = journal_consistency(rq_conn(rq), rq->arena, from, to, &path, &n);
	if (e == OK)
		e = begin_json(rq, &j);
	if (e != OK)
		return e;
	json_key(&j, "from");
	json_i64(&j, from);
	json_key(&j, "to");
	json_i64(&j, to);
	json_key(&j, "path");
	json_arr(&j);
	for (size_t i = 0; i < n; i++)
		json_str(&j, hex(rq->arena, path[i], 32));
	json_end(&j);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}

/* ---- audit ---- */

static enum err read_day(struct rq *rq, const char *name, int64_t plus, struct str typed, int64_t *at)
{
	int64_t day;

	*at = 0;
	if (typed.n == 0)
		return OK;
	if (!time_parse_date(typed, &day))
		return rq_fail_field(rq, ERR_INPUT, name, N_("日期应像 2026-11-22"));
	*at = time_day_start(day + plus, TIME_CHINA);
	return OK;
}

static enum err read_place(struct rq *rq, struct str code, struct str *key)
{
	struct place p;
	enum err e;

	*key = STR_NULL;
	if (code.n == 0)
		return OK;
	e = place_by_code(rq_conn(rq), rq->arena, code, 0, &p);
	if (e == ERR_NOT_FOUND)
		return rq_fail_field(rq, ERR_INPUT, "place", N_("没有这个区划代码"));
	if (e == OK)
		*key = p.key;
	return e;
}

static enum err read_filter(struct rq *rq, struct ledger_audit_view *v, struct journal_filter *f)
{
	enum err e;

	*f = (struct journal_filter){.limit = LINES};
	v->kind = f->kind = str_trim(rq_query(rq, "kind"));
	v->actor = rq_query(rq, "actor");
	v->subject = rq_query(rq, "subject");
	v->from = rq_query(rq, "from");
	v->to = rq_query(rq, "to");
	v->place = str_trim(rq_query(rq, "place"));
	v->filtered = v->kind.n || v->actor.n || v->subject.n || v->from.n || v->to.n || v->place.n;
	e = number(rq, "before", 0, &f->before);
	if (e == OK)
		e = number(rq, "actor", 0, &f->actor);
	if (e == OK)
		e = number(rq, "subject", 0, &f->subject);
	if (e == OK)
		e = read_day(rq, "from", 0, v->from, &f->at_from);
	if (e == OK)
		e = read_day(rq, "to", 1, v->to, &f->at_to);
	return e == OK ? read_place(rq, v->place, &f->place) : e;
}

/* The scope of the auditor. */
static enum err narrow(struct rq *rq, struct journal_filter *f)
{
	struct journal_range *within;
	struct scope *v;
	size_t n;
	enum err e;

	if (rq_may_at(rq, "audit.read", f->place.p ? f->place : STR("")))
		return OK;
	if (f->place.n)
		return rq_fail(rq, ERR_FORBIDDEN, N_("您不审计这个地点"));
	e = rq_scope(rq, "audit.read", &v, &n);
	if (e == OK && n == 0)
		return ERR_FORBIDDEN;
	if (e == OK && n == 1)
		f->place = v[0].from;
	if (e != OK || n == 1)
		return e;
	within = arena_array(rq->arena, struct journal_range, n);
	for (size_t i = 0; i < n; i++)
		within[i] = (struct journal_range){v[i].from, v[i].to};
	f->within = within;
	f->nwithin = n;
	return OK;
}

static struct str name_of(struct rq *rq, struct imap *known, int64_t actor)
{
	struct str *name = imap_get(known, actor);

	if (actor == 0)
		return STR("");
	if (name)
		return *name;
	name = arena_new(rq->arena, struct str);
	if (actor_name(rq_conn(rq), rq->arena, actor, name) != OK)
		*name = STR("");
	imap_put(known, actor, name);
	return *name;
}

static void fill_lines(struct rq *rq, struct ledger_audit_view *v, const struct journal_entry *e, size_t n)
{
	struct imap known;

	imap_init(&known, rq->arena);
	v->v = arena_array(rq->arena, struct ledger_line, n);
	v->n = n;
	for (size_t i = 0; i < n; i++)
		v->v[i] = (struct ledger_line){.seq = e[i].seq, .at = e[i].at, .actor = e[i].actor, .subject = e[i].subject,
					       .name = name_of(rq, &known, e[i].actor), .kind = e[i].kind, .place = e[i].place,
					       .data = e[i].data};
}

static struct str next_page(struct rq *rq, const struct ledger_audit_view *v, int64_t next)
{
	struct buf b;
	struct str s;

	if (next == 0)
		return STR("");
	buf_init(&b, 8192);
	buf_printf(&b, "/audit?before=%lld", (long long)next);
	const struct {
		const char *name;
		struct str value;
	} all[] = {{"kind", v->kind}, {"actor", v->actor}, {"subject", v->subject}, {"from", v->from}, {"to", v->to}, {"place", v->place}};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (all[i].value.n == 0)
			continue;
		buf_printf(&b, "&%s=", all[i].name);
		tpl_segment_str(&b, all[i].value);
	}
	s = arena_str(rq->arena, buf_str(&b));
	buf_release(&b);
	return s;
}

/* Who watches the watchers: what was asked for, not what was found. */
struct reading {
	struct ledger_audit_view view;
	struct journal_filter filter;
	int64_t by;
};

static void note_text(struct json *j, const char *key, struct str value)
{
	if (value.n == 0)
		return;
	json_key(j, key);
	json_str(j, value);
}

static enum err note_reading(struct tx *tx, void *arg)
{
	const struct reading *r = arg;
	struct journal_entry e = {.actor = r->by, .kind = STR("audit.read"), .place = r->filter.place.p ? r->filter.place : STR("")};
	struct journal_data d;
	struct json *j = journal_data_begin(&d);

	note_text(j, "kind", r->view.kind);
	note_text(j, "actor", r->view.actor);
	note_text(j, "subject", r->view.subject);
	note_text(j, "from", r->view.from);
	note_text(j, "to", r->view.to);
	json_key(j, "before");
	json_i64(j, r->filter.before);
	return journal_append_data(tx, &e, &d);
}

/* Nobody sees what could not be noted. */
static enum err show_reading(struct rq *rq, void *arg, enum err result)
{
	struct reading *r = arg;

	return result == OK ? rq_page(rq, html_ledger_audit, &r->view) : result;
}

static enum err audit_page(struct rq *rq)
{
	struct reading *r = arena_new(rq->arena, struct reading);
	struct journal_entry *found;
	int64_t next = 0;
	size_t n = 0;
	enum err e = read_filter(rq, &r->view, &r->filter);

	if (e == OK)
		e = narrow(rq, &r->filter);
	if (e == OK)
		e = journal_last(rq_conn(rq), &r->view.newest);
	if (e == OK)
		e = journal_search(rq_conn(rq), rq->arena, &r->filter, &found, &n, &next);
	if (e != OK)
		return e;
	fill_lines(rq, &r->view, found, n);
	r->view.next = next_page(rq, &r->view, next);
	r->by = rq->who.id;
	rq_repeatable(rq);
	return rq_write(rq, note_reading, show_reading, r);
}

/* ---- tables ---- */

static enum err sign_head(struct app *app, int64_t now)
{
	(void)now;
	return journal_sign(app->db);
}

static const struct route routes[] = {
	{"GET", "/.well-known/gongzhi.pub", public_key, NULL, R_PUBLIC, N_("平台公钥，用来离线核对回执"), 0},
	{"GET", "/ledger", ledger_page, NULL, R_PUBLIC, N_("存证：最新的已签名树头，怎样核对"), 0},
	{"GET", "/ledger/heads", heads_json, NULL, R_PUBLIC | R_JSON, N_("已签名的树头，新的在前，每次 100 个；before 为上次最小的 size"), 0},
	{"GET", "/ledger/consistency", consistency_json, NULL, R_PUBLIC | R_JSON, N_("证明较大的树头接着较小的（RFC 9162）"), 0},
	{"GET", "/audit", audit_page, "audit.read", R_LOGIN, N_("审计：全部操作记录，可筛选"), 0},
	{0},
};

static const struct permission permissions[] = {
	{"audit.read", N_("查看审计记录")},
	{0},
};

static const struct menu_entry menu[] = {
	{N_("审计"), "/audit", "audit.read", 80, NULL},
	{0},
};

/* Every five seconds at most, so that a busy day leaves thousands of heads and not a hundred thousand; who needs one at once asks. */
static const struct job_entry jobs[] = {
	{"ledger.sign", 5000, sign_head},
	{0},
};

static const struct subcommand subcommands[] = {
	{"verify", "RECEIPT.json --key FILE.pub | --all", N_("离线核对回执，或核对整本日志"), ledger_verify},
	{0},
};

const struct capability cap_ledger = {
	.name = "ledger",
	.title = N_("存证与审计"),
	.routes = routes,
	.permissions = permissions,
	.jobs = jobs,
	.menu = menu,
	.subcommands = subcommands,
};
