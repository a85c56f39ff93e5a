/*
 * Deliveries: one post at a time for each subscription, several subscriptions side by side, so that a slow receiver delays nobody else. What an answer means is
 * written in a job; a kill before it has committed sends the same numbers once more.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/time.h"
#include "base/version.h"
#include "cap/webhooks/guard.h"
#include "cap/webhooks/webhooks.h"
#include "cap/webhooks/webhooks.sql.h"
#include "core/actor/api_key.h"
#include "core/notify/notify.h"
#include "crypto/crypto.h"
#include "web/config.h"
#include "web/web.h"

#define AT_ONCE 8
#define RUN_MS 5000 /* after which a run begins nothing new: the next one does */
#define CONNECT_SECONDS 4L

struct post {
	struct arena arena;
	struct webhook w;
	struct guard *guard;
	CURL *curl;                /* NULL: the slot is free */
	struct curl_slist *head;
	struct str body;
	int64_t first, last, begun;
	size_t answered;           /* bytes */
	bool forbidden;            /* the guard has refused an address */
	char error[CURL_ERROR_SIZE];
};

/* ---- the post ---- */

int64_t webhook_pause(int64_t tries)
{
	static const int64_t pauses[] = {10 * 1000, 30 * 1000, MS_MINUTE, 5 * MS_MINUTE, 15 * MS_MINUTE, MS_HOUR};

	return pauses[tries < 1 ? 0 : tries > (int64_t)ARRAY_LEN(pauses) ? ARRAY_LEN(pauses) - 1 : (size_t)tries - 1];
}

struct str webhook_signature(struct arena *a, struct str secret, int64_t seconds, struct str body)
{
	struct str text = arena_cat(a, arena_printf(a, "%lld.", (long long)seconds), body);
	unsigned char key[32] = {0}, out[32];

	memcpy(key, secret.p, secret.n < sizeof(key) ? secret.n : sizeof(key));
	mac(key, text, out);
	return arena_printf(a, "t=%lld,v1=%.*s", (long long)seconds, STR_ARG(hex(a, out, sizeof(out))));
}

/* As many of what waits as fit; at least one. */
static enum err fill_body(struct db_conn *c, struct post *p)
{
	struct webhooks_waiting_rows rows;
	struct buf b;
	enum err e = q_webhooks_waiting(c, &p->arena, p->w.id, p->w.done, WEBHOOK_EVENTS, &rows);

	if (e == OK && rows.n == 0)
		e = ERR_NOT_FOUND;
	if (e != OK)
		return e;
	buf_init(&b, 1 << 20);
	buf_printf(&b, "{\"webhook\":\"%lld\",\"sent\":%lld,\"lost\":%lld,\"events\":[", (long long)p->w.id, (long long)clock_now(), (long long)p->w.lost);
	p->first = rows.v[0].seq;
	for (size_t i = 0; i < rows.n && (i == 0 || b.n + rows.v[i].event.n < WEBHOOK_BYTES); i++) {
		buf_addz(&b, i ? "," : "");
		buf_add(&b, rows.v[i].event.p, rows.v[i].event.n);
		p->last = rows.v[i].seq;
	}
	buf_addz(&b, "]}");
	p->body = arena_str(&p->arena, buf_str(&b));
	e = buf_check(&b);
	buf_release(&b);
	return e;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct post *p = arg;

	(void)purpose;
	if (!guard_allows(p->guard, &to->addr)) {
		p->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* What the receiver says is of no interest, and must not fill our memory. */
static size_t take_answer(char *text, size_t size, size_t n, void *arg)
{
	struct post *p = arg;

	(void)text;
	p->answered += size * n;
	return p->answered > WEBHOOK_ANSWER_MOST ? 0 : size * n;
}

static void add_head(struct post *p, const char *name, struct str value)
{
	struct curl_slist *more = curl_slist_append(p->head, arena_printf(&p->arena, "%s: %.*s", name, STR_ARG(value)).p);

	if (more == NULL)
		BUG("out of memory");
	p->head = more;
}

static enum err set_up(struct post *p)
{
	struct str secret, numbers = arena_printf(&p->arena, "%lld-%lld", (long long)p->first, (long long)p->last);
	enum err e = webhook_secret(&p->arena, &p->w, &secret);

	p->curl = curl_easy_init();
	if (p->curl == NULL)
		BUG("out of memory");
	if (e != OK)
		return e;
	add_head(p, "Content-Type", STR("application/json"));
	add_head(p, "Expect", STR(""));
	add_head(p, "Gongzhi-Webhook", arena_printf(&p->arena, "%lld", (long long)p->w.id));
	add_head(p, "Gongzhi-Sequence", numbers);
	add_head(p, "Gongzhi-Signature", webhook_signature(&p->arena, secret, clock_now() / 1000, p->body));
	curl_easy_setopt(p->curl, CURLOPT_URL, p->w.url.p);
	curl_easy_setopt(p->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(p->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(p->curl, CURLOPT_NOPROXY, "*"); /* a proxy would speak for us, past the guard */
	curl_easy_setopt(p->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(p->curl, CURLOPT_HTTPHEADER, p->head);
	curl_easy_setopt(p->curl, CURLOPT_USERAGENT, "gongzhi/" GONGZHI_VERSION);
	curl_easy_setopt(p->curl, CURLOPT_POSTFIELDSIZE, (long)p->body.n);
	curl_easy_setopt(p->curl, CURLOPT_POSTFIELDS, p->body.p);
	curl_easy_setopt(p->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(p->curl, CURLOPT_OPENSOCKETDATA, p);
	curl_easy_setopt(p->curl, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(p->curl, CURLOPT_WRITEDATA, p);
	curl_easy_setopt(p->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(p->curl, CURLOPT_TIMEOUT, (long)WEBHOOK_SECONDS);
	curl_easy_setopt(p->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(p->curl, CURLOPT_ERRORBUFFER, p->error);
	curl_easy_setopt(p->curl, CURLOPT_PRIVATE, p);
	return OK;
}

static void free_post(struct post *p)
{
	curl_easy_cleanup(p->curl);
	curl_slist_free_all(p->head);
	arena_release(&p->arena);
	*p = (struct post){0};
}

/* ---- what came of it ---- */

struct outcome {
	const struct post *p;
	int64_t now, ms, answer;
	const char *why;           /* "" delivered */
	bool gone;                 /* the receiver says: never again */
};

static const struct { const char *word, *text; } whys[] = {
	{"", N_("已送达")},
	{"forbidden", N_("解析到的地址是本机、内网或保留地址，没有连接；确需推送到内网时由运维在配置里放行")},
	{"redirect", N_("对方要求跳转，没有跟随；请改成最终的地址")},
	{"gone", N_("对方说不再接收（410），已停止")},
	{"answer", N_("对方没有用 2xx 回答")},
	{"timeout", N_("超时没有回答")},
	{"resolve", N_("找不到这个主机名")},
	{"connect", N_("连不上")},
	{"tls", N_("证书或加密连接有问题")},
	{"broken", N_("连接中断，或回答读不懂")},
};

const char *webhook_why_text(struct str why)
{
	for (size_t i = 0; i < ARRAY_LEN(whys); i++)
		if (str_eqz(why, whys[i].word))
			return whys[i].text;
	return whys[ARRAY_LEN(whys) - 1].text;
}

static const char *why_of(const struct post *p, CURLcode code, long answer)
{
	if (p->forbidden && answer == 0)
		return "forbidden";
	if (answer >= 200 && answer < 300 && (code == CURLE_OK || code == CURLE_WRITE_ERROR))
		return "";
	if (code == CURLE_OK)
		return answer == 410 ? "gone" : answer >= 300 && answer < 400 ? "redirect" : "answer";
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT: return "timeout";
	case CURLE_COULDNT_RESOLVE_HOST: return "resolve";
	case CURLE_COULDNT_CONNECT: return "connect";
	case CURLE_SSL_CONNECT_ERROR: case CURLE_PEER_FAILED_VERIFICATION: case CURLE_SSL_CERTPROBLEM: case CURLE_SSL_CIPHER: return "tls";
	default: return "broken";
	}
}

/* To whoever made it and whose it is; a program reads no notices. */
static enum err tell_owner(struct tx *tx, const struct webhook *w)
{
	struct notice n = {.kind = STR("webhook.stop"), .subject = w->id, .class = NOTICE_WORK, .place = w->place,
			   .link = arena_printf(tx->arena, "/webhooks/%lld", (long long)w->id),
			   .title = notify_two(tx->arena, arena_printf(tx->arena, "事件推送“%.*s”已停止", STR_ARG(w->name)),
					       arena_printf(tx->arena, "Event push “%.*s” has stopped", STR_ARG(w->name))),
			   .body = notify_two(tx->arena, STR("长时间送不到，或者账号没有权限了。打开看原因；恢复以后，等着的事件接着送。"),
					      STR("It could not be delivered for a long time, or the account has no rights any more. Open it to see why; once "
						  "resumed, what waits is delivered."))};
	const int64_t to[] = {w->owner, w->made_by};
	bool program = false;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < ARRAY_LEN(to); i++) {
		if (to[i] == 0 || (i && to[i] == to[0]))
			continue;
		e = actor_is_service(tx->c, tx->arena, to[i], &program);
		n.to = to[i];
		if (e == OK && !program)
			e = notify_send(tx, &n, NULL);
		e = e == ERR_NOT_FOUND ? OK : e;
	}
	return e;
}

static enum err stop(struct tx *tx, const struct webhook *w, enum webhook_status how)
{
	int64_t changed = 0;
	enum err e = q_webhooks_status_set(tx->c, w->id, WEBHOOK_ON, (int64_t)how, &changed);

	if (e == OK && changed)
		e = webhook_note(tx, "webhook.stop", w, 0);
	return e == OK && changed ? tell_owner(tx, w) : e;
}

static enum err write_outcome(struct tx *tx, void *arg)
{
	const struct outcome *o = arg;
	const struct webhook *w = &o->p->w;
	int64_t since = w->failing_since ? w->failing_since : o->now, changed = 0;
	enum err e;

	if (*o->why == '\0')
		e = q_webhooks_delivered(tx->c, w->id, w->done, o->p->last, o->now, &changed);
	else
		e = q_webhooks_failed(tx->c, &(struct webhooks_failed_args){.id = w->id, .was = w->done, .tries = w->tries + 1,
			.next_at = o->now + webhook_pause(w->tries + 1), .failing_since = since}, &changed);
	if (e != OK || changed == 0)
		return e; /* deleted meanwhile, or another node was first */
	if (*o->why == '\0')
		e = q_webhooks_events_drop(tx->c, w->id, o->p->last, NULL);
	if (e == OK)
		e = q_webhooks_attempt_put(tx->c, &(struct webhooks_attempt_put_args){
			.webhook = w->id, .slot = w->attempts % WEBHOOK_SHOWN, .at = o->now, .ms = o->ms, .first = o->p->first, .last = o->p->last,
			.answer = o->answer, .why = str_from(o->why)}, NULL);
	if (e == OK && *o->why && (o->gone || o->now - since >= WEBHOOK_GIVE_UP))
		e = stop(tx, w, WEBHOOK_STOPPED);
	return e;
}

static enum err finish(struct db *db, struct post *p, CURLcode code)
{
	struct outcome o = {.p = p, .now = clock_now(), .ms = clock_mono() - p->begun};
	long answer = 0;
	enum err e;

	curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &answer);
	o.answer = answer;
	o.why = why_of(p, code, answer);
	o.gone = str_eqz(str_from(o.why), "gone");
	if (*o.why)
		log_warn("webhooks: not delivered id=%lld tries=%lld answer=%ld why=%s", (long long)p->w.id, (long long)p->w.tries + 1, answer, o.why);
	e = db_write(db, write_outcome, &o);
	free_post(p);
	return e;
}

/* ---- whose turn it is ---- */

/* A program all of whose keys have ended is out, as is an account that was closed or may see nothing there any more. */
static enum err may_be_told(struct db_conn *c, struct arena *a, const struct webhook *w, int64_t now, bool *yes)
{
	struct actor_session owner;
	struct actor_key *keys;
	size_t n;
	bool program = false;
	enum err e = actor_load(c, a, w->owner, &owner);

	*yes = e == OK && actor_may(&owner, "matter.read", w->place);
	if (e == OK && *yes)
		e = actor_is_service(c, a, w->owner, &program);
	if (e != OK || !*yes || !program)
		return e == ERR_NOT_FOUND ? OK : e;
	e = actor_keys(c, a, w->owner, &keys, &n);
	*yes = false;
	for (size_t i = 0; e == OK && i < n; i++)
		*yes = *yes || (keys[i].revoked == 0 && keys[i].expires > now);
	return e;
}

static enum err stop_rights(struct tx *tx, void *arg)
{
	return stop(tx, arg, WEBHOOK_NO_RIGHTS);
}

static enum err begin(struct db *db, struct post *p, struct guard *guard, int64_t id)
{
	struct db_conn *c;
	bool yes = false;
	enum err e;

	*p = (struct post){.guard = guard};
	arena_init(&p->arena, 16 << 20);
	c = db_read_begin(db);
	e = webhook_load(c, &p->arena, id, &p->w);
	if (e == OK)
		e = may_be_told(c, &p->arena, &p->w, clock_now(), &yes);
	if (e == OK && yes)
		e = fill_body(c, p);
	db_read_end(c);
	if (e == OK && !yes) {
		e = db_write(db, stop_rights, &p->w);
		e = e == OK ? ERR_NOT_FOUND : e;
	}
	if (e == OK)
		e = set_up(p);
	p->begun = clock_mono();
	if (e != OK)
		free_post(p);
	return e;
}

static bool flying(const struct post *v, int64_t id)
{
	for (size_t i = 0; i < AT_ONCE; i++)
		if (v[i].curl && v[i].w.id == id)
			return true;
	return false;
}

static enum err begin_due(struct db *db, CURLM *multi, struct post *v, struct guard *guard)
{
	struct webhooks_due_rows due;
	struct db_conn *c = db_read_begin(db);
	struct arena a;
	size_t slot = 0;
	enum err e;

	arena_init(&a, 0);
	e = q_webhooks_due(c, &a, clock_now(), WEBHOOKS_MOST, &due);
	db_read_end(c);
	for (size_t i = 0; e == OK && i < due.n; i++) {
		if (flying(v, due.v[i].id))
			continue;
		while (slot < AT_ONCE && v[slot].curl)
			slot++;
		if (slot == AT_ONCE)
			break;
		e = begin(db, &v[slot], guard, due.v[i].id);
		if (e == OK)
			curl_multi_add_handle(multi, v[slot].curl);
		e = e == ERR_NOT_FOUND ? OK : e;
	}
	arena_release(&a);
	return e;
}

static size_t in_flight(const struct post *v)
{
	size_t n = 0;

	for (size_t i = 0; i < AT_ONCE; i++)
		n += v[i].curl != NULL;
	return n;
}

static enum err take_finished(struct db *db, CURLM *multi)
{
	enum err e = OK, one;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(multi, &left)) != NULL) {
		CURLcode code = m->data.result;
		CURL *curl = m->easy_handle;
		struct post *p = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&p);
		curl_multi_remove_handle(multi, curl);
		one = finish(db, p, code);
		e = e == OK ? one : e;
	}
	return e;
}

static enum err run(struct db *db, CURLM *multi, struct guard *guard)
{
	struct post *v = calloc(AT_ONCE, sizeof(*v));
	int64_t until = clock_mono() + RUN_MS;
	int running;
	enum err e = OK;

	if (v == NULL)
		BUG("out of memory");
	while (true) {
		if (e == OK && clock_mono() < until)
			e = begin_due(db, multi, v, guard);
		if (in_flight(v) == 0)
			break;
		curl_multi_perform(multi, &running);
		if (running == (int)in_flight(v))
			curl_multi_poll(multi, NULL, 0, 100, NULL);
		curl_multi_perform(multi, &running);
		if (e == OK)
			e = take_finished(db, multi);
		else
			break;
	}
	for (size_t i = 0; i < AT_ONCE; i++)
		if (v[i].curl) {
			curl_multi_remove_handle(multi, v[i].curl);
			free_post(&v[i]);
		}
	free(v);
	return e;
}

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

enum err webhook_send_job(struct app *app, int64_t now)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct guard guard;
	const char *bad;
	struct arena a;
	CURLM *multi;
	enum err e;

	(void)now;
	pthread_once(&once, init_curl);
	arena_init(&a, 0);
	e = guard_read(&a, app->config ? app->config->webhook_allow : NULL, &guard, &bad);
	multi = curl_multi_init();
	if (multi == NULL)
		BUG("out of memory");
	if (e == OK)
		e = run(app->db, multi, &guard);
	curl_multi_cleanup(multi);
	arena_release(&a);
	return e;
}

/* ---- for the page ---- */

static int newest_first(const void *x, const void *y)
{
	const struct webhook_attempt *a = x, *b = y;

	return a->at != b->at ? (a->at < b->at) - (a->at > b->at) : (a->last < b->last) - (a->last > b->last);
}

enum err webhook_attempts_of(struct db_conn *c, struct arena *a, const struct webhook *w, struct webhook_attempt **v, size_t *n)
{
	struct webhooks_attempts_rows rows;
	enum err e = q_webhooks_attempts(c, a, w->id, &rows);

	*n = 0;
	if (e != OK)
		return e;
	*v = arena_array(a, struct webhook_attempt, rows.n + 1);
	for (; *n < rows.n; (*n)++)
		(*v)[*n] = (struct webhook_attempt){rows.v[*n].at, rows.v[*n].ms, rows.v[*n].first, rows.v[*n].last, rows.v[*n].answer, rows.v[*n].why};
	if (*n)
		qsort(*v, *n, sizeof(**v), newest_first);
	return OK;
}
