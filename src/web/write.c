/*
 * From a handler to the writer and back. rq_write only notes the job; when the handler has returned, the job goes to
 * the store; after COMMIT `done` runs on a worker. A post with a key leaves a row in the same savepoint: the same post again
 * finds it and gets the first's answer. While the first is still on its way, the second waits for it.
 */
#include "base/clock.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "web/inner.h"
#include "web/kept.h"
#include "web/web.sql.h"

#define KEPT_HOURS 48
#define KEY_MIN 16
#define KEY_MAX 128
#define BODY_KEPT 4096 /* of answers that are not pages */

enum err rq_write(struct rq *rq, db_job job, rq_done done, void *arg)
{
	struct rq_impl *im = impl_of(rq);

	im->pending = true;
	im->job = job;
	im->done = done;
	im->arg = arg;
	return OK;
}

bool rq_written(const struct rq *rq)
{
	const struct rq_impl *im = rq->impl;

	return im->job && !im->pending && im->ended && im->result == OK && !im->replayed;
}

void rq_repeatable(struct rq *rq)
{
	impl_of(rq)->repeatable = true;
}

/* ---- the key ---- */

/* The hour in front of our own keys ("7a31f-..."), if it can be true; -1 for keys made by others. */
static int64_t born_of(struct str key, int64_t now)
{
	int64_t hour = 0, present = now / MS_HOUR;
	ptrdiff_t dash = str_chr(key, '-');

	if (dash < 1 || dash > 8)
		return -1;
	for (ptrdiff_t i = 0; i < dash; i++) {
		char c = key.p[i];
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

		if (digit < 0)
			return -1;
		hour = hour * 16 + digit;
	}
	return hour > present + 1 || hour < present - KEPT_HOURS ? -1 : hour;
}

/* A key counts for one actor and one path: nobody gets another's answer. */
static void find_key(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);
	struct str key = rq_form(rq, "_key"), id;
	unsigned char m[32];

	if (str_empty(key))
		key = http_pair_get(&rq->http->headers, "Idempotency-Key");
	if (im->repeatable || key.n < KEY_MIN || key.n > KEY_MAX)
		return;
	id = arena_printf(rq->arena, "%ld\n%s\n%.*s\n%.*s", rq->who.id, rq->route->method, STR_ARG(rq->http->path),
			  STR_ARG(key));
	mac(im->web->once_key, id, m);
	im->once = base64url(rq->arena, m, 16);
	im->once_born = born_of(key, rq->now);
}

/* ---- on the writer ---- */

static enum err give_stored(struct rq *rq, struct tx *tx)
{
	struct rq_impl *im = impl_of(rq);
	struct web_once_get_row row;
	enum err e = q_web_once_get(tx->c, tx->arena, im->once_born, im->once, &row);

	if (e != OK)
		return e;
	im->replayed = true;
	im->answer = (struct answer){
		.status = (int)row.status,
		.location = arena_str(rq->arena, row.location),
		.flash = arena_str(rq->arena, row.flash),
		.type = arena_str(rq->arena, row.type),
		.body = arena_str(rq->arena, row.body),
	};
	return OK;
}

/* The draft of a form goes with the write that does what the form asks. */
static enum err job_and_draft(struct tx *tx, struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);
	enum err e = im->job(tx, im->arg);

	return e == OK ? kept_sent(tx, rq) : e;
}

static enum err job_once(struct tx *tx, void *arg)
{
	struct rq *rq = arg;
	struct rq_impl *im = impl_of(rq);
	bool known = im->done == NULL;
	int64_t changed;
	enum err e;

	im->replayed = false;
	if (im->once.p == NULL || im->once_used)
		return job_and_draft(tx, rq);
	e = q_web_once_put(tx->c,
			   &(struct web_once_put_args){.born = im->once_born, .id = im->once, .at = tx->now,
						       .status = known ? rq->http->resp->status : 0,
						       .location = known ? im->answer.location : STR_NULL,
						       .flash = known ? im->answer.flash : STR_NULL},
			   &changed);
	if (e != OK)
		return e;
	return changed ? job_and_draft(tx, rq) : give_stored(rq, tx);
}

static void run_done(void *arg);

/* The request whose job this worker hands over just now: when its end is told on this thread, the worker itself goes on with it. */
static _Thread_local struct rq *handing_over;

static void committed(void *arg, enum err e)
{
	struct rq *rq = arg;

	impl_of(rq)->result = e;
	if (handing_over == rq) {
		handing_over = NULL;
		return;
	}
	http_run(rq->app->http, run_done, rq);
}

/* ---- posts that meet on their way ---- */

/* True when another post with the key is on its way: rq waits for its end. */
static bool wait_for_first(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);
	struct web *web = im->web;
	struct rq *first;

	pthread_mutex_lock(&web->once_lock);
	first = map_get(&web->once, im->once);
	if (first) {
		im->next_waiting = impl_of(first)->next_waiting;
		impl_of(first)->next_waiting = rq;
	} else {
		map_put(&web->once, im->once, rq);
		im->once_first = true;
	}
	pthread_mutex_unlock(&web->once_lock);
	return first != NULL;
}

static struct rq *take_waiting(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);
	struct rq *list;

	if (!im->once_first)
		return NULL;
	pthread_mutex_lock(&im->web->once_lock);
	map_remove(&im->web->once, im->once);
	list = im->next_waiting;
	im->next_waiting = NULL;
	im->once_first = false;
	pthread_mutex_unlock(&im->web->once_lock);
	return list;
}

static void submit(struct rq *rq, bool here)
{
	struct rq_impl *im = impl_of(rq);

	im->pending = false;
	if (im->once.p && !im->once_first && wait_for_first(rq))
		return;
	atomic_fetch_add_explicit(&im->web->metrics.writes, 1, memory_order_relaxed);
	if (!here) {
		db_submit(rq->app->db, job_once, committed, rq);
		return;
	}
	handing_over = rq;
	db_submit_here(rq->app->db, job_once, committed, rq);
	if (handing_over == NULL) {
		run_done(rq);
		return;
	}
	handing_over = NULL; /* another thread tells its end, or has told it: rq may be gone */
}

void write_begin(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);

	if (im->once.p == NULL)
		find_key(rq);
	if (im->done == NULL) {
		im->answer.location = http_pair_get(&rq->http->resp->headers, "Location");
		im->answer.flash = im->flash;
	}
	submit(rq, true);
}

/* ---- the answer ---- */

static enum err replay(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);
	const struct answer *a = &im->answer;

	atomic_fetch_add_explicit(&im->web->metrics.repeats, 1, memory_order_relaxed);
	answer_reset(rq);
	im->flash = STR_NULL;
	if (a->location.p == NULL && a->body.p == NULL)
		return rq_fail(rq, ERR_CONFLICT, N_("这份表单已经提交过，系统已经收到，没有重复办理。请回到列表或首页查看结果。"));
	im->flash = a->flash;
	im->flash_pending = a->flash.n > 0;
	if (a->location.p) {
		enum err e = rq_redirect(rq, a->location);

		rq->http->resp->status = a->status;
		return e;
	}
	rq->http->resp->status = a->status;
	http_header_set(rq->http, "Content-Type", a->type);
	buf_adds(&rq->http->resp->body, a->body);
	return OK;
}

/* What this answer would be for a repeat. */
static struct answer answer_of(struct rq *rq)
{
	struct http_resp *resp = rq->http->resp;
	struct str type = http_pair_get(&resp->headers, "Content-Type");
	bool page = str_starts(type, "text/html");
	struct answer a = {.status = resp->status, .location = http_pair_get(&resp->headers, "Location"),
			   .flash = impl_of(rq)->flash};

	if (a.location.p == NULL && !page && type.p && resp->body.n <= BODY_KEPT) {
		a.type = type;
		a.body = buf_str(&resp->body);
	}
	return a;
}

/* Outlives the request: the answer goes into the row while the visitor already has it. */
struct keeping {
	struct arena arena;
	int64_t born;
	struct str id;
	struct answer a;
};

static enum err keep_job(struct tx *tx, void *arg)
{
	struct keeping *k = arg;

	return q_web_once_answer(tx->c,
				 &(struct web_once_answer_args){.born = k->born, .id = k->id, .status = k->a.status,
								.location = k->a.location, .flash = k->a.flash,
								.type = k->a.type, .body = k->a.body},
				 NULL);
}

static void kept(void *arg, enum err e)
{
	struct keeping *k = arg;
	struct arena a = k->arena;

	if (e != OK)
		log_warn("the answer for a repeated post was not kept error=%s", err_name(e));
	arena_release(&a);
}

static void keep(struct rq *rq, const struct answer *a)
{
	struct rq_impl *im = impl_of(rq);
	struct arena arena;
	struct keeping *k;

	arena_init(&arena, 1 << 20);
	k = arena_new(&arena, struct keeping);
	k->born = im->once_born;
	k->id = arena_str(&arena, im->once);
	k->a = (struct answer){a->status, arena_str(&arena, a->location), arena_str(&arena, a->flash),
			       arena_str(&arena, a->type), arena_str(&arena, a->body)};
	k->arena = arena;
	db_submit(rq->app->db, keep_job, kept, k);
}

/* Those who waited get the same answer; after a failure the next one tries itself. */
static void serve_waiting(struct rq *list, bool done, const struct answer *a)
{
	while (list) {
		struct rq *rq = list;
		struct rq_impl *im = impl_of(rq);

		list = im->next_waiting;
		im->next_waiting = NULL;
		if (!done) {
			submit(rq, false);
			continue;
		}
		im->replayed = true;
		im->answer = (struct answer){a->status, arena_str(rq->arena, a->location), arena_str(rq->arena, a->flash),
					     arena_str(rq->arena, a->type), arena_str(rq->arena, a->body)};
		im->result = OK;
		http_run(rq->app->http, run_done, rq);
	}
}

static enum err answer_write(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);

	if (im->result == ERR_DB || im->result == ERR_BUSY || im->result == ERR_IO)
		atomic_fetch_add_explicit(&im->web->metrics.write_errors, 1, memory_order_relaxed);
	if (im->replayed)
		return replay(rq);
	if (im->done)
		return im->done(rq, im->arg, im->result);
	return im->result;
}

/* On a worker, after COMMIT or failure. */
static void run_done(void *arg)
{
	struct rq *rq = arg;
	struct rq_impl *im = impl_of(rq);
	bool stored = im->result == OK || im->once_used, first = im->once_first, known = im->done == NULL;
	struct rq *waiting;
	struct answer a;
	enum err e;

	im->once_used = stored;
	im->ended = true;
	e = answer_write(rq);
	if (!web_finish(rq, e))
		return; /* done asked for another write */
	a = answer_of(rq);
	waiting = first ? take_waiting(rq) : NULL;
	if (im->once.p && stored && !im->replayed && !known)
		keep(rq, &a);
	serve_waiting(waiting, stored, &a);
	http_resume(rq->http);
}

/* ---- cleaning ---- */

static enum err clean_job(struct tx *tx, void *arg)
{
	int64_t now = *(int64_t *)arg;
	enum err e = q_web_once_clean(tx->c, now / MS_HOUR - 2 * KEPT_HOURS, NULL);

	return e == OK ? q_web_once_clean_foreign(tx->c, now - KEPT_HOURS * MS_HOUR, NULL) : e;
}

enum err write_clean(struct app *app, int64_t now)
{
	return db_write(app->db, clean_job, &now);
}
