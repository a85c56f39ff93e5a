#include "core/notify/inner.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/utf8.h"
#include "core/actor/actor.h"
#include "core/notify/notify.sql.h"
#include "crypto/reseal.h"

#define MAX_TITLE 600      /* bytes; longer ones are cut */
#define MAX_BODY 60000
#define MAX_CHANNELS 8
#define WHOSE_MAX 100
#define CLAIM 20           /* messages taken at once */
#define CLAIM_MS (30 * MS_MINUTE) /* 20 messages with a time-out of a minute each, and some */
#define GIVE_UP_MS (7 * MS_DAY)

static const struct notify_channel *channels[MAX_CHANNELS];
static size_t nchannels;

void notify_channel_add(const struct notify_channel *ch)
{
	for (size_t i = 0; i < nchannels; i++)
		if (strcmp(channels[i]->name, ch->name) == 0) {
			channels[i] = ch;
			return;
		}
	if (nchannels == MAX_CHANNELS)
		BUG("more than %d channels", MAX_CHANNELS);
	channels[nchannels++] = ch;
}

static const struct notify_channel *find_channel(struct str name)
{
	for (size_t i = 0; i < nchannels; i++)
		if (str_eqz(name, channels[i]->name))
			return channels[i];
	return NULL;
}

bool notify_address_ok(struct str s)
{
	ptrdiff_t at = str_chr(s, '@');

	if (s.n > 254 || at < 1 || at > 64 || (size_t)at + 1 >= s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c >= 127 || strchr("<>()[]\\,;:\"", c) || (c == '@' && i != (size_t)at))
			return false;
	}
	return s.p[at + 1] != '.' && s.p[s.n - 1] != '.';
}

/* ---- writing ---- */

static struct str context(struct arena *a, int64_t id, const char *what)
{
	return arena_printf(a, "notify:%lld:%s", (long long)id, what);
}

static enum err enqueue(struct tx *tx, int64_t at, struct str channel, struct str whose, struct str address, struct str subject, struct str body)
{
	struct notify_enqueue_args row = {.id = id_new(tx->now), .channel = channel, .whose = whose, .created = at};
	enum err e = seal(tx->arena, address, context(tx->arena, row.id, "address"), &row.address);

	if (e == OK)
		e = seal(tx->arena, subject, context(tx->arena, row.id, "subject"), &row.subject);
	if (e == OK)
		e = seal(tx->arena, body, context(tx->arena, row.id, "body"), &row.body);
	return e == OK ? q_notify_enqueue(tx->c, &row, NULL) : e;
}

/* Cut between characters; never refused: a notice that is too long is better than none. */
static struct str cut(struct arena *a, struct str s, size_t max)
{
	s = s.p ? s : STR("");
	return s.n <= max ? s : utf8_ellipsis(a, s, max / 4);
}

static struct str whose_account(struct arena *a, int64_t id, struct str channel)
{
	return arena_printf(a, "account:%lld:%.*s", (long long)id, STR_ARG(channel));
}

enum err notify_enqueue_chosen(struct tx *tx, int64_t to, int64_t at, struct str title, struct str body, int *queued)
{
	struct notify_notice_channels_rows rows;
	enum err e = q_notify_notice_channels(tx->c, tx->arena, to, &rows);

	*queued = 0;
	for (size_t i = 0; e == OK && i < rows.n; i++) {
		bool english = str_eqz(rows.v[i].lang, "en");
		struct str address;

		e = unseal(tx->arena, rows.v[i].address, context(tx->arena, to, "channel"), &address);
		if (e == OK)
			e = enqueue(tx, at, rows.v[i].channel, whose_account(tx->arena, to, rows.v[i].channel), address,
				    cut(tx->arena, notify_in(title, english), MAX_TITLE), cut(tx->arena, notify_in(body, english), MAX_BODY));
		*queued += e == OK;
	}
	return e;
}

#define BETWEEN '\x1e' /* record separator: no text of a person holds it */

struct str notify_two(struct arena *a, struct str zh, struct str en)
{
	return arena_printf(a, "%.*s%c%.*s", STR_ARG(zh), BETWEEN, STR_ARG(en));
}

struct str notify_in(struct str text, bool english)
{
	ptrdiff_t at = str_chr(text, BETWEEN);

	if (at < 0)
		return text;
	return english ? str_sub(text, (size_t)at + 1, text.n) : str_sub(text, 0, (size_t)at);
}

static struct str cut_two(struct arena *a, struct str text, size_t max)
{
	if (text.p == NULL || str_chr(text, BETWEEN) < 0)
		return cut(a, text, max);
	return notify_two(a, cut(a, notify_in(text, false), max), cut(a, notify_in(text, true), max));
}

enum err notify_send(struct tx *tx, const struct notice *n, int64_t *id)
{
	struct notify_notice_add_args row = {
		.id = id_new(tx->now), .recipient = n->to, .at = n->at ? n->at : tx->now, .kind = n->kind, .title = cut_two(tx->arena, n->title, MAX_TITLE),
		.body = cut_two(tx->arena, n->body, MAX_BODY), .link = n->link.p ? n->link : STR(""), .subject = n->subject, .class = n->class,
		.place = n->place.p ? n->place : STR("")};
	struct notice_wish wish;
	enum err e;

	/* A link leads into the application and nowhere else. */
	if (n->to <= 0 || str_empty(n->kind) || (row.link.n && (row.link.p[0] != '/' || str_starts(row.link, "//"))))
		return ERR_INPUT;
	e = notify_wish_get(tx->c, tx->arena, n->to, &wish);
	if (id)
		*id = 0;
	if (e != OK || wish.mode[n->class] == NOTICE_OFF)
		return e;
	row.mail_at = notify_mail_time(&wish, n->class, tx->now);
	if (id)
		*id = row.id;
	return q_notify_notice_add(tx->c, &row, NULL);
}

enum err notify_role(struct tx *tx, struct str role, struct str place, int64_t org, const struct notice *n)
{
	int64_t *ids;
	size_t count;
	enum err e = actor_holders(tx->c, tx->arena, role, place, org, &ids, &count);

	for (size_t i = 0; e == OK && i < count; i++) {
		struct notice copy = *n;

		copy.to = ids[i];
		e = notify_send(tx, &copy, NULL);
	}
	return e;
}

enum err notify_mail(struct tx *tx, struct str whose, struct str address, struct str subject, struct str body)
{
	if (whose.n > WHOSE_MAX || !notify_address_ok(address) || !utf8_valid(subject) || !utf8_valid(body))
		return ERR_INPUT;
	return enqueue(tx, tx->now, STR("mail"), whose.p ? whose : STR(""), address, cut(tx->arena, subject, MAX_TITLE), cut(tx->arena, body, MAX_BODY));
}

enum err notify_withdraw(struct tx *tx, struct str whose)
{
	return q_notify_withdraw(tx->c, whose, NULL);
}

enum err notify_prefer(struct tx *tx, int64_t actor, struct str channel, struct str address)
{
	struct str sealed;
	enum err e;

	if (!address.p) {
		e = q_notify_notice_channel_drop(tx->c, actor, channel, NULL);
		return e == OK ? notify_withdraw(tx, whose_account(tx->arena, actor, channel)) : e;
	}
	if (actor <= 0 || str_empty(channel) || channel.n > 32 || address.n > 1000 ||
	    (str_eqz(channel, "mail") && !notify_address_ok(address)))
		return ERR_INPUT;
	e = seal(tx->arena, address, context(tx->arena, actor, "channel"), &sealed);
	return e == OK ? q_notify_notice_channel_set(tx->c, actor, channel, sealed, NULL) : e;
}

enum err notify_prefer_lang(struct tx *tx, int64_t actor, struct str lang)
{
	if (!str_eqz(lang, "en") && !str_eqz(lang, "zh"))
		return ERR_INPUT;
	return q_notify_notice_channel_lang(tx->c, actor, lang, NULL);
}

enum err notify_preferred_lang(struct db_conn *c, struct arena *a, int64_t actor, struct str channel, struct str *lang)
{
	struct notify_notice_channels_rows rows;
	enum err e = q_notify_notice_channels(c, a, actor, &rows);

	*lang = STR("");
	for (size_t i = 0; e == OK && i < rows.n; i++)
		if (str_eq(rows.v[i].channel, channel))
			*lang = rows.v[i].lang;
	return e;
}

enum err notify_preferred(struct db_conn *c, struct arena *a, int64_t actor, struct str channel, struct str *address)
{
	struct notify_notice_channels_rows rows;
	enum err e = q_notify_notice_channels(c, a, actor, &rows);

	*address = STR_NULL;
	for (size_t i = 0; e == OK && i < rows.n; i++)
		if (str_eq(rows.v[i].channel, channel))
			e = unseal(a, rows.v[i].address, context(a, actor, "channel"), address);
	return e;
}

enum err notify_reseal_job(struct tx *tx, void *arg)
{
	struct reseal_page *r = arg, was = *r;
	struct notify_channels_page_rows rows;
	enum err e = q_notify_channels_page(tx->c, tx->arena, r->id, str_from(r->key), RESEAL_PAGE, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		const struct notify_channels_page_row *row = &rows.v[i];
		struct str sealed;
		int64_t changed = 0;

		e = seal_again(tx->arena, row->address, context(tx->arena, row->recipient, "channel"), &sealed);
		if (e == OK && sealed.p)
			e = q_notify_channel_reseal(tx->c, row->recipient, row->channel, row->address, sealed, &changed);
		reseal_passed(r, row->recipient, row->channel, changed);
	}
	return reseal_page_end(r, &was, rows.n, e);
}

/* Address, subject and body were sealed together, so they are under the same key. */
static enum err message_again(struct tx *tx, const struct notify_queue_page_row *row, int64_t *changed)
{
	struct notify_queue_reseal_args to = {.id = row->id, .was = row->address};
	enum err e = seal_again(tx->arena, row->address, context(tx->arena, row->id, "address"), &to.address);

	if (e != OK || to.address.p == NULL)
		return e;
	e = seal_again(tx->arena, row->subject, context(tx->arena, row->id, "subject"), &to.subject);
	if (e == OK)
		e = seal_again(tx->arena, row->body, context(tx->arena, row->id, "body"), &to.body);
	return e == OK ? q_notify_queue_reseal(tx->c, &to, changed) : e;
}

enum err notify_queue_reseal_job(struct tx *tx, void *arg)
{
	struct reseal_page *r = arg, was = *r;
	struct notify_queue_page_rows rows;
	enum err e = q_notify_queue_page(tx->c, tx->arena, r->id, RESEAL_PAGE, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		int64_t changed = 0;

		e = message_again(tx, &rows.v[i], &changed);
		reseal_passed(r, rows.v[i].id, STR_NULL, changed);
	}
	return reseal_page_end(r, &was, rows.n, e);
}

/* ---- reading ---- */

enum err notify_unread(struct db_conn *c, struct arena *a, int64_t actor, int limit, struct notice **v, size_t *n, int64_t *count)
{
	struct notify_notice_unread_rows rows;
	struct notify_notice_count_row total;
	enum err e = q_notify_notice_unread(c, a, actor, limit, &rows);

	if (e == OK)
		e = q_notify_notice_count(c, a, actor, &total);
	if (e != OK)
		return e;
	*v = arena_array(a, struct notice, rows.n + 1);
	*n = rows.n;
	*count = total.n;
	for (size_t i = 0; i < rows.n; i++)
		(*v)[i] = (struct notice){
			.id = rows.v[i].id, .to = actor, .at = rows.v[i].at, .kind = rows.v[i].kind, .title = rows.v[i].title,
			.body = rows.v[i].body, .link = rows.v[i].link, .subject = rows.v[i].subject,
			.class = (enum notice_class)rows.v[i].class, .place = rows.v[i].place};
	return OK;
}

enum err notify_unread_count(struct db_conn *c, struct arena *a, int64_t actor, int most, int64_t *count)
{
	struct notify_notice_some_row row = {0};
	enum err e = q_notify_notice_some(c, a, actor, most, &row);

	*count = row.n;
	return e;
}

enum err notify_mark_read(struct tx *tx, int64_t actor, int64_t id)
{
	return q_notify_notice_read(tx->c, actor, id ? &id : NULL, tx->now, NULL);
}

enum err notify_queue(struct db_conn *c, struct arena *a, struct notify_count **v, size_t *n)
{
	struct notify_states_rows rows;
	enum err e = q_notify_states(c, a, &rows);

	if (e != OK)
		return e;
	*v = arena_array(a, struct notify_count, rows.n + 1);
	*n = rows.n;
	for (size_t i = 0; i < rows.n; i++)
		(*v)[i] = (struct notify_count){rows.v[i].state, rows.v[i].n, rows.v[i].oldest};
	return OK;
}

enum err notify_queue_waiting(struct db_conn *c, struct arena *a, int limit, struct notify_waiting **v, size_t *n)
{
	struct notify_waiting_rows rows;
	enum err e = q_notify_waiting(c, a, limit, &rows);

	if (e != OK)
		return e;
	*v = arena_array(a, struct notify_waiting, rows.n + 1);
	*n = rows.n;
	for (size_t i = 0; i < rows.n; i++)
		(*v)[i] = (struct notify_waiting){
			.id = rows.v[i].id, .tries = rows.v[i].tries, .created = rows.v[i].created, .next_at = rows.v[i].next_at,
			.channel = rows.v[i].channel, .last_error = rows.v[i].last_error};
	return OK;
}

/* ---- delivering ---- */

int64_t notify_pause(int64_t tries)
{
	static const int64_t pauses[] = {MS_MINUTE, 5 * MS_MINUTE, 15 * MS_MINUTE, MS_HOUR, 4 * MS_HOUR, 12 * MS_HOUR, MS_DAY};

	return pauses[tries < 0 ? 0 : tries < (int64_t)ARRAY_LEN(pauses) ? tries : (int64_t)ARRAY_LEN(pauses) - 1];
}

struct claim {
	struct arena *arena; /* outlives the batch */
	int64_t now;
	struct notify_claim_rows rows;
};

static enum err claim_due(struct tx *tx, void *arg)
{
	struct claim *cl = arg;

	return q_notify_claim(tx->c, cl->arena, cl->now, cl->now + CLAIM_MS, CLAIM, &cl->rows);
}

struct outcome {
	const struct notify_claim_row *row;
	int64_t now;
	enum err result;
	struct str why;
};

static bool given_up(const struct outcome *o)
{
	return o->result == ERR_INPUT || o->now - o->row->created > GIVE_UP_MS;
}

static enum err write_outcome(struct tx *tx, void *arg)
{
	const struct outcome *o = arg;
	struct str why = o->why.p ? o->why : STR("");

	if (o->result == OK)
		return q_notify_done(tx->c, o->row->id, STR("sent"), o->now, STR(""), NULL);
	if (given_up(o))
		return q_notify_done(tx->c, o->row->id, STR("failed"), o->now, why, NULL);
	return q_notify_again(tx->c, o->row->id, o->now + notify_pause(o->row->tries), why, NULL);
}

static void deliver_one(struct outcome *o, struct arena *a)
{
	const struct notify_claim_row *row = o->row;
	const struct notify_channel *ch = find_channel(row->channel);
	struct str address, subject, body;

	o->result = ERR_BUSY;
	if (!ch) {
		o->why = arena_printf(a, "渠道 %.*s 没有配置 (channel %.*s is not configured)", STR_ARG(row->channel), STR_ARG(row->channel));
		return;
	}
	if (unseal(a, row->address, context(a, row->id, "address"), &address) != OK ||
	    unseal(a, row->subject, context(a, row->id, "subject"), &subject) != OK ||
	    unseal(a, row->body, context(a, row->id, "body"), &body) != OK) {
		o->why = STR("密文打不开，请检查密钥目录 (cannot be unsealed: check the folder of keys)");
		return;
	}
	o->result = ch->deliver(ch->ctx, address, subject, body, a, &o->why);
	if (o->result != OK)
		o->why = utf8_ellipsis(a, o->why.p ? o->why : str_from(err_name(o->result)), 300);
}

/* Between the claim and now others were handed over, a minute each if the server is slow: time enough to take an address back. */
static enum err still_stands(struct db *db, struct arena *a, int64_t id, bool *yes)
{
	struct db_conn *c = db_read_begin(db);
	struct notify_stands_rows rows;
	enum err e = q_notify_stands(c, a, id, &rows);

	db_read_end(c);
	*yes = e == OK && rows.n > 0;
	return e;
}

enum err notify_deliver(struct db *db, int64_t now, int *sent, int *failed)
{
	struct arena a, one;
	struct claim cl = {.arena = &a, .now = now};
	enum err e;

	*sent = *failed = 0;
	arena_init(&a, 0);
	arena_init(&one, 0);
	e = notify_bundle(db, now);
	while (e == OK && (e = db_write(db, claim_due, &cl)) == OK && cl.rows.n) {
		for (size_t i = 0; e == OK && i < cl.rows.n; i++) {
			struct outcome o = {.row = &cl.rows.v[i], .now = now};
			bool stands;

			e = still_stands(db, &one, o.row->id, &stands);
			if (e != OK || !stands)
				continue;
			deliver_one(&o, &one);
			*sent += o.result == OK;
			*failed += o.result != OK;
			if (o.result != OK)
				log_warn("notify: not delivered id=%lld channel=%.*s tries=%lld gives_up=%d", (long long)o.row->id,
					 STR_ARG(o.row->channel), (long long)o.row->tries + 1, given_up(&o));
			e = db_write(db, write_outcome, &o);
			arena_reset(&one);
		}
		arena_reset(&a);
	}
	arena_release(&one);
	arena_release(&a);
	return e;
}

static enum err sweep(struct tx *tx, void *arg)
{
	int64_t now = *(const int64_t *)arg;
	enum err e = q_notify_sweep(tx->c, STR("sent"), now - 30 * MS_DAY, NULL);

	if (e == OK)
		e = q_notify_sweep(tx->c, STR("failed"), now - 180 * MS_DAY, NULL);
	return e == OK ? q_notify_notice_forget(tx->c, now - 180 * MS_DAY, NULL) : e;
}

enum err notify_sweep(struct db *db, int64_t now)
{
	return db_write(db, sweep, &now);
}
