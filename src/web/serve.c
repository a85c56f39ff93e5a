#include "web/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "core/matter/matter.h"
#include "core/notify/notify.h"
#include "core/calendar/calendar.h"
#include "core/rule/rule.h"
#include "crypto/crypto.h"
#include "docgen/image.h"
#include "web/inner.h"

const struct capability *const *web_capabilities = capabilities;

/* ---- starting, step by step; web_stop undoes whatever has been done ---- */

/* Deadlines are counted with the holidays that the store knows. */
static enum err use_calendar(struct web *web, struct str *why)
{
	struct db_conn *conn = db_read_begin(web->app.db);
	struct calendar *cal;
	enum err e = calendar_load(conn, &cal);

	db_read_end(conn);
	if (e == OK)
		calendar_use(cal);
	else
		*why = STR("节假日表读不了，请运行 gongzhi doctor。the calendar cannot be read: run gongzhi doctor.");
	return e;
}

static enum err open_store(struct web *web, const struct config *c, struct str *why)
{
	struct db_options o = {.readers = (int)c->readers, .writers = (int)c->writers, .batch = (int)c->batch};
	enum err e = db_open(&web->app.db, c->store, &o, &web->arena, why);

	if (e == OK)
		e = use_calendar(web, why);
	return e == OK ? journal_init(web->app.db, NULL, &web->arena, why) : e;
}

static enum err derive_keys(struct web *web, struct str *why)
{
	enum err e = key_for("csrf", web->csrf_key);

	if (e == OK)
		e = key_for("flash", web->flash_key);
	if (e == OK)
		e = key_for("once", web->once_key);
	if (e != OK)
		*why = STR("没有密钥；请先运行 gongzhi init。there are no keys; run gongzhi init first.");
	return e;
}

static enum err set_mail(const struct config *c, struct arena *a, struct str *why)
{
	struct smtp_config s = {.url = str_from(c->smtp_url), .from = str_from(c->smtp_from), .user = str_from(c->smtp_user),
				.password = str_from(c->smtp_password)};
	enum err e;

	if (str_empty(s.url))
		return OK;
	e = notify_smtp(&s);
	if (e != OK)
		*why = arena_printf(a, "[smtp] 的设置不能用（%s）：检查 url 与 from；带用户名时连接须加密。the settings of [smtp] cannot be used "
				    "(%s): check url and from; with a user the connection must be encrypted.",
				    err_name(e), err_name(e));
	return e;
}

static enum err build_routes(struct web *web, struct str *why)
{
	const struct capability **all;
	size_t n = 0;

	while (web_capabilities[n])
		n++;
	all = arena_array(&web->arena, const struct capability *, n + 2);
	memcpy(all, web_capabilities, n * sizeof(*all));
	all[n] = &web_builtin;
	return router_build(all, &web->arena, &web->router, why);
}

/* A faulty scenario file does not keep the server from starting: its old version stays in force, and the log says where. */
static enum err load_scenarios(struct web *web)
{
	struct arena a;
	struct str why = STR_NULL, line;
	enum err e;

	arena_init(&a, 0);
	e = scenario_load_dir(web->app.db, web->app.config->scenarios, &a, &why);
	while (e != OK && str_split(&why, '\n', &line))
		if (!str_empty(line))
			log_error("scenario: %.*s", STR_ARG(line));
	arena_release(&a);
	return e == ERR_INPUT ? OK : e;
}

static enum err start_capabilities(struct web *web, struct str *why)
{
	for (; web_capabilities[web->started]; web->started++) {
		const struct capability *c = web_capabilities[web->started];
		enum err e = c->start ? c->start(&web->app) : OK;

		if (e == OK)
			continue;
		*why = arena_printf(&web->arena, "模块 %s 不能启动（%s），原因见日志。capability %s does not start (%s); the log says why.",
				    c->name, err_name(e), c->name, err_name(e));
		return e;
	}
	return OK;
}

static enum err tail_batch(struct tx *tx, void *arg, const struct journal_entry *v, size_t n)
{
	struct tail *t = arg;

	return t->s->batch(&t->web->app, tx, v, n);
}

static enum err start_tails(struct web *web, struct str *why)
{
	if (matter_tailers(web->app.db, web->matter_tails) != OK) {
		*why = STR("搜索与统计不能跟随日志。search and totals cannot follow the journal.");
		return ERR_DB;
	}
	for (const struct capability *const *c = web_capabilities; *c; c++) {
		for (const struct subscriber *s = (*c)->subscribers; s && s->name; s++) {
			struct tail *t = &web->tails[web->ntails];
			enum err e;

			if (web->ntails == MAX_SUBSCRIBERS)
				BUG("more than %d subscribers", MAX_SUBSCRIBERS);
			*t = (struct tail){.s = s, .web = web};
			e = journal_tail(web->app.db, s->name, tail_batch, t, &t->t);
			if (e != OK) {
				*why = arena_printf(&web->arena, "不能跟随日志：%s（%s）。cannot follow the journal: %s (%s).", s->name,
						    err_name(e), s->name, err_name(e));
				return e;
			}
			web->ntails++;
		}
	}
	return OK;
}

static enum err run_job(void *arg, int64_t now)
{
	struct job *j = arg;

	return j->entry->run(&j->web->app, now);
}

static size_t add_jobs(struct web *web, const struct job_entry *e, size_t at)
{
	for (; e && e->name; e++, at++) {
		web->job_args[at] = (struct job){e, web};
		job_add(web->jobs, e->name, e->every, run_job, &web->job_args[at]);
	}
	return at;
}

static enum err start_jobs(struct web *web, struct str *why)
{
	size_t n = 0, at;
	enum err e = job_start(web->app.db, &web->jobs);

	if (e != OK) {
		*why = STR("定时任务不能启动。the jobs do not start.");
		return e;
	}
	for (const struct job_entry *j = web_builtin.jobs; j->name; j++)
		n++;
	for (const struct capability *const *c = web_capabilities; *c; c++)
		for (const struct job_entry *j = (*c)->jobs; j && j->name; j++)
			n++;
	web->job_args = arena_array(&web->arena, struct job, n + 1);
	at = add_jobs(web, web_builtin.jobs, 0);
	for (const struct capability *const *c = web_capabilities; *c; c++)
		at = add_jobs(web, (*c)->jobs, at);
	return OK;
}

static enum err start_http(struct web *web, const struct config *c, struct str *why)
{
	const char *uploads = arena_printf(&web->arena, "%s/upload", c->var).p;
	const struct http_options o = {
		.listen = c->listen, .event_threads = (int)c->event_threads, .workers = (int)c->workers,
		.queue = (int)c->queue, .max_connections = (int)c->max_connections, .per_address = (int)c->per_address,
		.header_seconds = (int)c->header_seconds, .body_seconds = (int)c->body_seconds,
		.idle_seconds = (int)c->idle_seconds, .upload_dir = uploads, .trusted = c->trusted,
		.admit = web_admit, .handle = web_handle, .finished = web_finished, .refused = web_refused, .arg = web,
	};
	enum err e = file_make_dirs(&web->arena, uploads, 0700, why);

	if (e == OK)
		e = http_start(&web->app.http, &o, &web->arena, why);
	if (e == OK)
		web->app.sse = sse_new(web->app.http);
	return e;
}

static enum err start(struct web *web, const struct config *c, struct str *why)
{
	enum err e;

	id_set_node((unsigned)c->node);
	e = derive_keys(web, why);
	if (e == OK)
		e = set_mail(c, &web->arena, why);
	if (e == OK)
		e = open_store(web, c, why);
	if (e == OK)
		e = node_begin(web->app.db, c->node, &web->node, &web->arena, why);
	if (e == OK)
		e = build_routes(web, why);
	if (e != OK)
		return e;
	actor_init();
	matter_init();
	rule_register_all();
	assets_prepare(web);
	menu_collect(web);
	e = load_scenarios(web);
	if (e != OK) {
		*why = arena_printf(&web->arena, "读不了场景文件目录 %s。cannot read the folder of scenario files %s.", c->scenarios,
				    c->scenarios);
		return e;
	}
	e = start_capabilities(web, why);
	if (e == OK)
		e = start_http(web, c, why);
	if (e == OK)
		e = start_tails(web, why);
	if (e == OK)
		e = start_jobs(web, why);
	return e;
}

enum err web_start(const struct config *config, struct app **out, struct arena *a, struct str *why)
{
	struct web *web = calloc(1, sizeof(*web));
	enum err e;

	if (web == NULL)
		BUG("out of memory");
	arena_init(&web->arena, 0);
	web->app.config = config;
	web->app.var = config->var;
	web->rate = rate_new();
	web->metrics.started = clock_now();
	pthread_mutex_init(&web->once_lock, NULL);
	map_init(&web->once, NULL);
	*why = STR_NULL;
	e = start(web, config, why);
	if (e != OK) {
		*why = arena_str(a, *why);
		web_stop(&web->app);
		*out = NULL;
		return e;
	}
	atomic_store(&web->ready, true);
	*out = &web->app;
	return OK;
}

void web_stop(struct app *app)
{
	struct web *web = web_of(app);

	if (app->http)
		http_stop(app->http, (int)app->config->drain_seconds);
	if (web->jobs)
		job_stop(web->jobs);
	for (size_t i = 0; i < ARRAY_LEN(web->matter_tails); i++)
		if (web->matter_tails[i])
			journal_tail_stop(web->matter_tails[i]);
	while (web->ntails > 0)
		journal_tail_stop(web->tails[--web->ntails].t);
	while (web->started > 0) {
		const struct capability *c = web_capabilities[--web->started];

		if (c->stop)
			c->stop(app);
	}
	node_end(web->node);
	if (app->db) {
		db_finish(app->db);
		journal_end(app->db);
		db_close(app->db);
	}
	if (app->sse)
		sse_free(app->sse);
	if (app->http)
		http_free(app->http);
	rate_free(web->rate);
	map_release(&web->once);
	pthread_mutex_destroy(&web->once_lock);
	arena_release(&web->arena);
	free(web);
}

/* ---- the life of the server ---- */

static void log_level_of(const char *name)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			log_set_level((enum log_level)i);
}

static enum err open_keys(const struct config *c, struct keyring **keys, struct arena *a, struct str *why)
{
	const char *dir = arena_printf(a, "%s/keys", c->var).p;
	enum err e;

	crypto_init();
	e = keyring_open(dir, false, c->suite, keys, a, why);
	if (e == OK)
		keyring_use(*keys);
	return e;
}

/* Until SIGTERM or SIGINT; SIGHUP reads the scenario files again. */
static void wait_for_end(struct app *app, const sigset_t *signals)
{
	for (;;) {
		int s = 0;

		if (sigwait(signals, &s) != 0)
			continue;
		if (s != SIGHUP)
			return;
		log_info("reading the scenario files again");
		if (load_scenarios(web_of(app)) != OK)
			log_error("the folder of scenario files cannot be read; what was loaded stays in force");
	}
}

int web_serve(const struct config *config)
{
	struct arena a;
	struct keyring *keys = NULL;
	struct app *app;
	struct str why = STR_NULL;
	sigset_t signals;
	enum err e;

	arena_init(&a, 0);
	log_level_of(config->log);
	if (image_service_start() != OK) /* forks, so before any thread */
		log_error("the helper for photographs cannot be started; photographs will be refused");
	/* blocked before any thread exists, so that only sigwait sees them */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	e = open_keys(config, &keys, &a, &why);
	if (e == OK)
		e = web_start(config, &app, &a, &why);
	if (e != OK) {
		fprintf(stderr, "gongzhi: %.*s\n", STR_ARG(why));
	} else {
		log_info("serving listen=%s port=%d pid=%d", config->listen, http_port(app->http), (int)getpid());
		wait_for_end(app, &signals);
		log_info("stopping");
		web_stop(app);
		log_info("stopped");
	}
	image_service_stop();
	if (keys)
		keyring_free(keys);
	arena_release(&a);
	return e == OK ? 0 : 1;
}
