/* Start, the callbacks of libmicrohttpd, stop. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/internal.h"
#include "http/rx.h"

#define POOL_BYTES ((size_t)16 * 1024)  /* per connection, of the library: head, answer's head, window of the body */

static void *on_target(void *server, const char *target, struct MHD_Connection *mhd)
{
	struct http_server *s = server;
	struct rx *x = rx_new(s, mhd, target);

	atomic_store(&x->conn->busy, true);
	x->conn->rx = x;
	conn_deadline(x->conn, s->o.header_seconds * MS_SECOND);
	return x;
}

/* The first call for a request never answers: 0.9.75 would close the connection (wanted only for refusals). */
static enum MHD_Result on_request(void *server, struct MHD_Connection *mhd, const char *url, const char *method,
				  const char *version, const char *data, size_t *n, void **ctx)
{
	struct rx *x = *ctx;
	size_t len = *n;

	(void)server, (void)mhd;
	if (x == NULL)
		return MHD_NO;
	switch (atomic_load(&x->phase)) {
	case PHASE_HEAD:
		return rx_head(x, url, method, version);
	case PHASE_BODY:
		if (len == 0)
			return rx_dispatch(x);
		*n = 0;
		return rx_body(x, data, len);
	case PHASE_WORK:
		return rx_woken(x);
	case PHASE_SENT:
		break;
	}
	*n = 0;
	return MHD_YES;
}

static void on_completed(void *server, struct MHD_Connection *mhd, void **ctx, enum MHD_RequestTerminationCode code)
{
	(void)server, (void)mhd, (void)code;
	if (*ctx)
		rx_completed(*ctx);
	*ctx = NULL;
}

/* We decode by ourselves, strictly; the library's copy of the target stays as it came. */
static size_t on_unescape(void *arg, struct MHD_Connection *mhd, char *s)
{
	(void)arg, (void)mhd;
	return strlen(s);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *arg, const char *fmt, va_list ap)
{
	char line[512];

	(void)arg;
	vsnprintf(line, sizeof(line), fmt, ap);
	log_debug("microhttpd: %s", line);
}

static void defaults(struct http_options *o)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (o->event_threads <= 0)
		o->event_threads = 2;
	if (o->workers <= 0)
		o->workers = cores > 0 ? (int)cores * 2 : 4;
	if (o->queue <= 0)
		o->queue = 1024;
	if (o->max_connections <= 0)
		o->max_connections = 4096;
	if (o->max_connections < o->event_threads)
		o->max_connections = o->event_threads;
	if (o->per_address <= 0)
		o->per_address = 256;
	if (o->header_seconds <= 0)
		o->header_seconds = 10;
	if (o->body_seconds <= 0)
		o->body_seconds = 60;
	if (o->idle_seconds <= 0)
		o->idle_seconds = 30;
}

static enum err load_trusted(struct http_server *s, struct arena *a, struct str *why)
{
	const char *const *t = s->o.trusted;

	while (t && t[s->ntrusted])
		s->ntrusted++;
	s->trusted = calloc(s->ntrusted + 1, sizeof(*s->trusted));
	if (s->trusted == NULL)
		BUG("out of memory");
	for (size_t i = 0; i < s->ntrusted; i++)
		if (!trusted_parse(&s->trusted[i], t[i])) {
			*why = arena_printf(a, "trusted proxy %s: write an address or a range such as 10.0.0.0/8", t[i]);
			return ERR_INPUT;
		}
	return OK;
}

static enum err check_upload_dir(struct http_server *s, struct arena *a, struct str *why)
{
	struct stat st;

	if (s->upload_dir == NULL)
		return OK;
	if (stat(s->upload_dir, &st) != 0 || !S_ISDIR(st.st_mode) || access(s->upload_dir, W_OK) != 0) {
		*why = arena_printf(a, "%s: not a folder that can be written", s->upload_dir);
		return ERR_IO;
	}
	return OK;
}

/* A backup behind our own deadlines: nothing may stand still longer than the longest of them. */
static unsigned inactivity(const struct http_options *o)
{
	int n = o->body_seconds > o->idle_seconds ? o->body_seconds : o->idle_seconds;

	return (unsigned)(n > o->header_seconds ? n : o->header_seconds) + 2;
}

static enum err start_daemon(struct http_server *s, int fd, struct arena *a, struct str *why)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	unsigned pool = s->o.event_threads > 1 ? (unsigned)s->o.event_threads : 0;

	s->listen_fd = fd;
	s->daemon = MHD_start_daemon(flags, 0, conn_accept, s, on_request, s,
				     MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
				     MHD_OPTION_LISTEN_SOCKET, fd,
				     MHD_OPTION_THREAD_POOL_SIZE, pool,
				     MHD_OPTION_CONNECTION_LIMIT, (unsigned)s->o.max_connections,
				     MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_BYTES,
				     MHD_OPTION_CONNECTION_TIMEOUT, inactivity(&s->o),
				     MHD_OPTION_NOTIFY_CONNECTION, conn_notify, s,
				     MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
				     MHD_OPTION_URI_LOG_CALLBACK, on_target, s,
				     MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL,
				     MHD_OPTION_END);
	if (s->daemon)
		return OK;
	*why = arena_printf(a, "%s: the HTTP library could not start (threads or descriptors exhausted?)", s->o.listen);
	close(fd);
	return ERR_IO;
}

static enum err start_threads(struct http_server *s, struct arena *a, struct str *why)
{
	pthread_condattr_t attr;
	sigset_t all, old;
	int rc;

	s->pool = pool_new(s->o.workers, (size_t)s->o.queue, "worker");
	if (s->pool == NULL) {
		*why = arena_printf(a, "cannot start %d worker threads", s->o.workers);
		return ERR_IO;
	}
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->tick, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&s->reaper, NULL, conn_reaper, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		return OK;
	pthread_cond_destroy(&s->tick);
	*why = STR("cannot start the reaper thread");
	return ERR_IO;
}

static void stop_reaper(struct http_server *s)
{
	pthread_mutex_lock(&s->lock);
	s->reaper_stop = true;
	pthread_cond_signal(&s->tick);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->reaper, NULL);
	pthread_cond_destroy(&s->tick);
}

static void free_server(struct http_server *s)
{
	if (s->pool)
		pool_free(s->pool);
	while (s->spare) {
		struct rx *x = s->spare;

		s->spare = x->next;
		rx_destroy(x);
	}
	conn_counts_free(s);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->spare_lock);
	free(s->trusted);
	free(s->upload_dir);
	free(s->unix_path);
	free(s);
}

static char *copy(const char *z)
{
	char *p = z ? strdup(z) : NULL;

	if (z && p == NULL)
		BUG("out of memory");
	return p;
}

static enum err start(struct http_server *s, struct arena *a, struct str *why)
{
	sigset_t all, old;
	enum err e;
	int fd;

	e = load_trusted(s, a, why);
	if (e == OK)
		e = check_upload_dir(s, a, why);
	if (e == OK)
		e = listen_open(&fd, &s->port, s->o.listen, a, why);
	if (e != OK)
		return e;
	e = start_threads(s, a, why);
	if (e != OK) {
		close(fd);
		return e;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	e = start_daemon(s, fd, a, why);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (e != OK)
		stop_reaper(s);
	return e;
}

enum err http_start(struct http_server **out, const struct http_options *o, struct arena *a, struct str *why)
{
	struct http_server *s = calloc(1, sizeof(*s));
	enum err e;

	if (s == NULL)
		BUG("out of memory");
	s->o = *o;
	defaults(&s->o);
	s->upload_dir = copy(o->upload_dir);
	if (strncmp(o->listen, "unix:", 5) == 0)
		s->unix_path = copy(o->listen + 5);
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->spare_lock, NULL);
	e = start(s, a, why);
	s->o.listen = NULL; /* the caller's; not needed any more */
	s->o.trusted = NULL;
	s->o.upload_dir = NULL;
	if (e != OK)
		free_server(s);
	else
		*out = s;
	return e;
}

int http_port(const struct http_server *s)
{
	return s->port;
}

struct http_server *http_server_of(struct http_req *r)
{
	return rx_of(r)->server;
}

void http_run(struct http_server *s, void (*fn)(void *arg), void *arg)
{
	pool_first(s->pool, fn, arg);
}

struct http_load http_load(struct http_server *s)
{
	return (struct http_load){atomic_load(&s->nconns), atomic_load(&s->requests), (int)pool_waiting(s->pool)};
}

/* ---- stop ---- */

static void wait_for_requests(struct http_server *s, int64_t until)
{
	while (atomic_load(&s->requests) > 0 && clock_mono() < until) {
		struct timespec ms = {0, 5 * 1000000L};

		nanosleep(&ms, NULL);
	}
}

/* The library must not be stopped with a suspended connection: what is still pending is taken from its handler. */
static void abandon(struct http_server *s)
{
	int expected;

	pthread_mutex_lock(&s->lock);
	for (struct conn *c = s->conns; c; c = c->next) {
		expected = PARKED;
		if (c->rx && c->rx->phase == PHASE_WORK &&
		    atomic_compare_exchange_strong(&c->rx->parked, &expected, ABANDONED)) {
			log_warn("http: a request was still pending at stop");
			MHD_resume_connection(c->rx->mhd);
		}
	}
	pthread_mutex_unlock(&s->lock);
}

/*
 * Nobody is accepted any more: another socket, to which nobody can come, takes the place of the listening one. MHD_quiesce_daemon would be the library's way, but
 * it and an event thread may both take the socket out of the same epoll set, and whoever comes second ends the process ("Failed to remove listen FD", one stop in a
 * thousand under load). When there is no descriptor for the other socket, connections are still refused one by one (conn_accept).
 */
static void stop_accepting(struct http_server *s)
{
	struct sockaddr_un nowhere = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	/* an address of the family alone: the kernel gives it a name that nobody knows */
	if (fd < 0 || bind(fd, (struct sockaddr *)&nowhere, sizeof(sa_family_t)) != 0 || listen(fd, 1) != 0 || dup3(fd, s->listen_fd, O_CLOEXEC) < 0)
		log_warn("http: new connections are refused one by one while stopping: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

void http_stop(struct http_server *s, int seconds)
{
	atomic_store(&s->stopping, true);
	stop_accepting(s);
	sse_close_all(s);
	wait_for_requests(s, clock_mono() + seconds * MS_SECOND);
	atomic_store(&s->hard, true);
	pool_drain(s->pool);
	for (int64_t until = clock_mono() + MS_SECOND; atomic_load(&s->requests) > 0 && clock_mono() < until;) {
		abandon(s);
		wait_for_requests(s, clock_mono() + 20);
	}
	stop_reaper(s);
	MHD_stop_daemon(s->daemon);         /* closes the socket too */
	if (s->unix_path)
		unlink(s->unix_path);
}

void http_free(struct http_server *s)
{
	free_server(s);
}
