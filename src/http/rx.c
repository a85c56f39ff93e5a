/* The life of one request: recycled object, head, body, hand-over to the handler, end. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/internal.h"
#include "http/rx.h"

#define SPARE_MAX 256
#define KEEP_BYTES ((size_t)64 * 1024)      /* a larger buffer is not kept for the next request */
#define ARENA_MAX ((size_t)128 * 1024 * 1024)

struct rx *rx_new(struct http_server *s, struct MHD_Connection *mhd, const char *target)
{
	struct rx *x;

	pthread_mutex_lock(&s->spare_lock);
	x = s->spare;
	if (x) {
		s->spare = x->next;
		s->nspare--;
	}
	pthread_mutex_unlock(&s->spare_lock);
	if (x == NULL) {
		x = calloc(1, sizeof(*x));
		if (x == NULL)
			BUG("out of memory");
		arena_init(&x->arena, ARENA_MAX);
		buf_init(&x->resp.body, BODY_MAX);
		buf_init(&x->gz, BODY_MAX + 4096);
		buf_init(&x->stream.chunk, BODY_MAX);
	}
	x->server = s;
	x->mhd = mhd;
	x->conn = conn_of(mhd);
	x->fd = -1;
	x->target = arena_str(&x->arena, str_from(target));
	x->req.arena = &x->arena;
	x->req.resp = &x->resp;
	x->resp.status = 200;
	x->began_us = clock_mono_us();
	atomic_fetch_add(&s->requests, 1);
	return x;
}

static void buf_recycle(struct buf *b)
{
	if (b->cap > KEEP_BYTES)
		buf_release(b);
	else
		buf_clear(b);
}

static void delete_uploads(struct rx *x)
{
	for (size_t i = 0; i < x->req.nuploads; i++)
		unlink(x->req.uploads[i].path.p);
}

/* Everything but the memory that the next request reuses. */
static void rx_clear(struct rx *x)
{
	struct rx keep;

	if (x->stream.end)
		x->stream.end(x->stream.arg);
	if (x->fd >= 0)
		close(x->fd);
	multipart_free(x->multipart);
	delete_uploads(x);
	arena_reset(&x->arena);
	buf_recycle(&x->resp.body);
	buf_recycle(&x->gz);
	buf_recycle(&x->stream.chunk);
	buf_release(&x->in);
	keep = *x;
	memset(x, 0, sizeof(*x));
	x->arena = keep.arena;
	x->resp.body = keep.resp.body;
	x->gz = keep.gz;
	x->stream.chunk = keep.stream.chunk;
	x->fd = -1;
}

static void rx_shrink(struct rx *x)
{
	arena_release(&x->arena);
	buf_release(&x->resp.body);
	buf_release(&x->gz);
	buf_release(&x->stream.chunk);
}

void rx_destroy(struct rx *x)
{
	rx_clear(x);
	rx_shrink(x);
	free(x);
}

/* The structs themselves stay (one a connection at most): http_stop looks at them from another thread. */
void rx_recycle(struct rx *x)
{
	struct http_server *s = x->server;
	bool full;

	atomic_fetch_sub(&s->requests, 1);
	rx_clear(x);
	pthread_mutex_lock(&s->spare_lock);
	full = s->nspare >= SPARE_MAX;
	pthread_mutex_unlock(&s->spare_lock);
	if (full)
		rx_shrink(x);
	pthread_mutex_lock(&s->spare_lock);
	x->next = s->spare;
	s->spare = x;
	s->nspare++;
	pthread_mutex_unlock(&s->spare_lock);
}

void rx_refuse(struct rx *x, int status, const char *why)
{
	if (x->refuse == 0) {
		x->refuse = status;
		x->why = why;
	}
}

/* ---- head ---- */

static enum http_method method_of(const char *m)
{
	static const struct {
		const char *name;
		enum http_method method;
	} known[] = {{"GET", HTTP_GET}, {"HEAD", HTTP_HEAD}, {"POST", HTTP_POST}, {"PUT", HTTP_PUT},
		     {"DELETE", HTTP_DELETE}, {"OPTIONS", HTTP_OPTIONS}};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(m, known[i].name) == 0)
			return known[i].method;
	return HTTP_OTHER;
}

/* Bytes that the head announces; -1: chunked. */
static int64_t announced(const struct rx *x)
{
	struct str s = http_pair_get(&x->req.headers, "content-length");
	int64_t n;

	if (http_pair_get(&x->req.headers, "transfer-encoding").p)
		return -1;
	return s.p && str_i64(s, &n) ? n : 0;
}

static bool is_type(struct str value, const char *type)
{
	ptrdiff_t end = str_chr(value, ';');

	return str_ieqz(str_trim(end < 0 ? value : str_sub(value, 0, (size_t)end)), type);
}

static void expect_body(struct rx *x)
{
	x->type = http_pair_get(&x->req.headers, "content-type");
	x->form = is_type(x->type, "application/x-www-form-urlencoded");
	x->in_max = x->form ? FORM_MAX : RAW_MAX;
	if (x->admit.max_body < (int64_t)x->in_max)
		x->in_max = (size_t)x->admit.max_body;
	if (is_type(x->type, "multipart/form-data")) {
		x->in_max = FORM_MAX;
		x->multipart = multipart_new(x, header_param(&x->arena, x->type, "boundary"));
	}
	buf_init(&x->in, x->in_max);
}

static bool too_large(const struct rx *x, int64_t n)
{
	return n > x->admit.max_body || (x->multipart == NULL && n > (int64_t)x->in_max);
}

/* Answer before the body is read? Only when the client waits for that, or when there is too much to read over. */
static bool answer_at_once(const struct rx *x, int64_t length)
{
	return x->refuse && length != 0 &&
	       (length > DISCARD_MAX || str_ieqz(http_pair_get(&x->req.headers, "expect"), "100-continue"));
}

static bool understand_head(struct rx *x, const char *url, const char *method, const char *version)
{
	if (!guard_head(x, url, method, version))
		return false;
	if (!parse_target(x)) {
		rx_refuse(x, 400, "the address is malformed");
		x->req.path = STR("/");
		x->req.params = (struct http_pairs){0};
	}
	parse_cookies(x);
	parse_peer(x);
	return true;
}

enum MHD_Result rx_head(struct rx *x, const char *url, const char *method, const char *version)
{
	struct http_server *s = x->server;
	int64_t length;

	x->phase = PHASE_BODY;
	x->req.method = method_of(method);
	x->req.now = clock_now();
	x->began_ms = clock_mono();
	x->req.path = x->req.query = STR("");
	if (!understand_head(x, url, method, version)) {
		parse_peer(x);
		return respond(x);
	}
	x->admit = s->o.admit ? s->o.admit(&x->req, s->o.arg) : (struct http_admit){.max_body = 1024 * 1024};
	if (x->admit.status)
		rx_refuse(x, x->admit.status, NULL);
	length = announced(x);
	if (length == 0) {
		conn_deadline(x->conn, 0);
		return MHD_YES;
	}
	conn_deadline(x->conn, s->o.body_seconds * MS_SECOND);
	expect_body(x);
	if (length > 0 && too_large(x, length))
		rx_refuse(x, 413, "the body is too large");
	return answer_at_once(x, length) ? respond(x) : MHD_YES;
}

/* ---- body ---- */

/* One more second for each SLOWEST bytes that came: a slow line may finish, a trickle may not. */
static void extend_deadline(struct rx *x)
{
	int64_t ms = x->server->o.body_seconds * MS_SECOND + x->received * MS_SECOND / SLOWEST;

	conn_deadline(x->conn, ms - (clock_mono() - x->began_ms) > 0 ? ms - (clock_mono() - x->began_ms) : 1);
}

static void take_body(struct rx *x, const char *p, size_t n)
{
	if (too_large(x, x->received)) {
		rx_refuse(x, 413, "the body is too large");
		return;
	}
	if (x->multipart) {
		if (!multipart_feed(x->multipart, p, n) && x->refuse == 0)
			rx_refuse(x, 400, "the form is malformed");
	} else {
		buf_add(&x->in, p, n);
	}
}

enum MHD_Result rx_body(struct rx *x, const char *p, size_t n)
{
	x->received += (int64_t)n;
	extend_deadline(x);
	if (x->refuse == 0)
		take_body(x, p, n);
	return x->refuse && x->received > DISCARD_MAX + x->admit.max_body ? MHD_NO : MHD_YES;
}

static void end_body(struct rx *x)
{
	if (x->refuse || x->received == 0)
		return;
	if (x->multipart) {
		if (!multipart_end(x->multipart) && x->refuse == 0)
			rx_refuse(x, 400, "the form ends in the middle");
	} else if (x->form) {
		if (!parse_urlencoded(&x->arena, buf_str(&x->in), &x->req.form)) {
			x->req.form = (struct http_pairs){0};
			rx_refuse(x, 400, "the form is not valid UTF-8 or has too many fields");
		}
	} else {
		x->req.body = buf_str(&x->in);
	}
}

/* ---- handler ---- */

static void park(struct rx *x)
{
	int running = RUNNING;

	MHD_suspend_connection(x->mhd);
	/* resumed already, while its handler still ran: that must stand, rx_woken() answers on it */
	if (!atomic_compare_exchange_strong(&x->parked, &running, PARKED))
		MHD_resume_connection(x->mhd);
}

static void run_handler(void *arg)
{
	struct rx *x = arg;
	struct http_server *s = x->server;

	if (atomic_load(&s->hard)) {
		rx_refuse(x, 503, "the server stops");
		http_resume(&x->req);
		return;
	}
	x->handled = true;
	if (s->o.handle(&x->req, s->o.arg) == HTTP_DONE)
		http_resume(&x->req);
}

void http_resume(struct http_req *r)
{
	struct rx *x = rx_of(r);

	/* Compress here: this is a worker as a rule, while respond() runs on the event thread. */
	if (x->refuse == 0)
		respond_compress(x);
	switch (atomic_exchange(&x->parked, RESUMED)) {
	case PARKED:
		MHD_resume_connection(x->mhd);
		break;
	case LEFT:
		rx_destroy(x);
		break;
	}
}

static enum MHD_Result run_inline(struct rx *x)
{
	x->phase = PHASE_WORK;
	x->handled = true;
	if (x->server->o.handle(&x->req, x->server->o.arg) == HTTP_DONE) {
		respond_compress(x);
		return respond(x);
	}
	park(x);
	return MHD_YES;
}

enum MHD_Result rx_dispatch(struct rx *x)
{
	end_body(x);
	conn_deadline(x->conn, 0);
	/* The library must not be stopped with a suspended connection. This request is counted already: http_stop, which sets `hard` first and then waits
	 * until none is left, waits for it when it still got past here. */
	if (x->refuse == 0 && atomic_load(&x->server->hard))
		rx_refuse(x, 503, "the server stops");
	if (x->refuse)
		return respond(x);
	if (x->admit.inline_ok)
		return run_inline(x);
	x->phase = PHASE_WORK;
	atomic_store(&x->parked, PARKED);
	MHD_suspend_connection(x->mhd);
	if (pool_try(x->server->pool, run_handler, x))
		return MHD_YES;
	rx_refuse(x, 503, "the queue is full");
	atomic_store(&x->parked, RESUMED);
	MHD_resume_connection(x->mhd);
	return MHD_YES;
}

/* Called again after a resume; also now and then by the library while nothing has happened. */
enum MHD_Result rx_woken(struct rx *x)
{
	int how = atomic_load(&x->parked);

	if (how == ABANDONED)
		return MHD_NO;
	return how == RESUMED ? respond(x) : MHD_YES;
}

void rx_completed(struct rx *x)
{
	struct http_server *s = x->server;
	struct conn *c = x->conn;
	int abandoned = ABANDONED;

	atomic_store(&c->rx, NULL);
	if (x->sse)
		sse_stream_end(x->sse);
	if (atomic_compare_exchange_strong(&x->parked, &abandoned, LEFT)) {
		atomic_fetch_sub(&s->requests, 1);
	} else {
		if (s->o.finished && (x->handled || x->phase == PHASE_SENT))
			s->o.finished(&x->req, clock_mono_us() - x->began_us, s->o.arg);
		rx_recycle(x);
	}
	conn_deadline(c, s->o.idle_seconds * MS_SECOND);
	atomic_store(&c->busy, false);
}
