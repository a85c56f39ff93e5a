/* From struct http_resp to what the library sends. */
#include <libdeflate.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/internal.h"

#define GZIP_FROM 1024
#define GZIP_LEVEL 1
#define STREAM_BLOCK ((size_t)32 * 1024)

/* ---- what handlers call ---- */

static bool header_name_ok(const char *name)
{
	return *name && strpbrk(name, "\r\n\t :") == NULL;
}

/* Line ends in a value would add headers of the attacker's choice. */
static struct str header_value(struct arena *a, struct str v)
{
	char *p = arena_alloc(a, v.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++)
		if ((unsigned char)v.p[i] >= ' ' && v.p[i] != 0x7f)
			p[n++] = v.p[i];
	return (struct str){p, n};
}

void http_header(struct http_req *r, const char *name, struct str value)
{
	if (!header_name_ok(name))
		BUG("header name '%s'", name);
	pairs_add(r->arena, &r->resp->headers, arena_str(r->arena, str_from(name)), header_value(r->arena, value));
}

void http_header_set(struct http_req *r, const char *name, struct str value)
{
	struct http_pairs *h = &r->resp->headers;
	size_t kept = 0;

	for (size_t i = 0; i < h->n; i++)
		if (!str_ieqz(h->v[i].name, name))
			h->v[kept++] = h->v[i];
	/* pairs_add takes the room from the count: rebuild rather than shrink. */
	if (kept != h->n) {
		struct http_pairs fresh = {0};

		for (size_t i = 0; i < kept; i++)
			pairs_add(r->arena, &fresh, h->v[i].name, h->v[i].value);
		*h = fresh;
	}
	http_header(r, name, value);
}

void http_send_fd(struct http_req *r, int fd, int64_t size)
{
	struct rx *x = rx_of(r);

	x->source = FROM_FD;
	x->fd = fd;
	x->fd_size = size;
}

void http_stream(struct http_req *r, enum err (*next)(void *arg, struct buf *out), void (*end)(void *arg), void *arg)
{
	struct rx *x = rx_of(r);

	x->source = FROM_STREAM;
	x->stream.next = next;
	x->stream.end = end;
	x->stream.arg = arg;
}

/* ---- conditions ---- */

static bool is_zero_weight(struct str params)
{
	ptrdiff_t q = str_find(params, STR("q="));
	double v;

	return q >= 0 && str_f64(str_trim(str_sub(params, (size_t)q + 2, 5)), &v) && v == 0;
}

bool client_takes_gzip(const struct http_req *r)
{
	struct str list = http_pair_get(&r->headers, "accept-encoding"), part, coding;

	while (str_split(&list, ',', &part)) {
		if (!str_split(&part, ';', &coding))
			continue;
		if (str_ieqz(str_trim(coding), "gzip"))
			return !is_zero_weight(part);
	}
	return false;
}

static struct str without_weak(struct str tag)
{
	return str_starts(tag, "W/") ? str_sub(tag, 2, tag.n) : tag;
}

static bool client_has(const struct http_req *r, struct str etag)
{
	struct str list = http_pair_get(&r->headers, "if-none-match"), part;

	while (etag.n && str_split(&list, ',', &part)) {
		part = str_trim(part);
		if (str_eqz(part, "*") || str_eq(without_weak(part), without_weak(etag)))
			return true;
	}
	return false;
}

void http_send_static(struct http_req *r, const struct http_static *f)
{
	struct rx *x = rx_of(r);

	x->source = FROM_STATIC;
	x->fixed = f;
	x->fixed_gz = f->gz.p && client_takes_gzip(r);
	r->resp->status = 200;
	http_header_set(r, "Cache-Control", f->immutable ? STR("public, max-age=31536000, immutable") : STR("no-cache"));
	/* Weak: both encodings share the tag. */
	if (f->etag.n)
		http_header_set(r, "ETag", arena_cat(r->arena, STR("W/"), without_weak(f->etag)));
	if (f->gz.p)
		http_header(r, "Vary", STR("Accept-Encoding"));
	if (client_has(r, f->etag)) {
		r->resp->status = 304;
		return;
	}
	http_header_set(r, "Content-Type", f->type);
	if (x->fixed_gz)
		http_header(r, "Content-Encoding", STR("gzip"));
}

/* ---- compression ---- */

static pthread_key_t compressor_key;
static pthread_once_t compressor_once = PTHREAD_ONCE_INIT;

static void free_compressor(void *c)
{
	libdeflate_free_compressor(c);
}

static void make_compressor_key(void)
{
	if (pthread_key_create(&compressor_key, free_compressor) != 0)
		BUG("no thread keys left");
}

/* One a thread: it is 64 KiB of tables. */
static struct libdeflate_compressor *compressor(void)
{
	struct libdeflate_compressor *c;

	pthread_once(&compressor_once, make_compressor_key);
	c = pthread_getspecific(compressor_key);
	if (c == NULL) {
		c = libdeflate_alloc_compressor(GZIP_LEVEL);
		pthread_setspecific(compressor_key, c);
	}
	return c;
}

static bool compressible(struct str type)
{
	static const char *const types[] = {"text/", "application/json", "application/javascript", "application/geo+json",
					    "application/xml", "image/svg+xml", "application/manifest+json"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_starts(type, types[i]))
			return true;
	return false;
}

void respond_compress(struct rx *x)
{
	struct http_resp *resp = &x->resp;
	struct str type = http_pair_get(&resp->headers, "content-type");
	size_t bound;
	char *to;

	if (x->source != FROM_BODY || resp->body.n <= GZIP_FROM || resp->body.full || !compressible(type) ||
	    http_pair_get(&resp->headers, "content-encoding").p || compressor() == NULL)
		return;
	http_header(&x->req, "Vary", STR("Accept-Encoding"));
	if (!client_takes_gzip(&x->req))
		return;
	bound = libdeflate_gzip_compress_bound(compressor(), resp->body.n);
	to = buf_reserve(&x->gz, bound);
	if (to)
		x->gz.n = libdeflate_gzip_compress(compressor(), resp->body.p, resp->body.n, to, bound);
	if (x->gz.n + x->gz.n / 8 >= resp->body.n)
		x->gz.n = 0; /* did not pay */
	if (x->gz.n)
		http_header(&x->req, "Content-Encoding", STR("gzip"));
}

/* ---- streams ---- */

static void stream_fill(void *arg)
{
	struct rx *x = arg;
	struct stream *st = &x->stream;

	buf_clear(&st->chunk);
	st->at = 0;
	st->result = st->next(st->arg, &st->chunk);
	if (st->chunk.full)
		st->result = ERR_TOO_MUCH;
	if (st->result != OK)
		buf_clear(&st->chunk);
	st->ended = st->chunk.n == 0;
	MHD_resume_connection(x->mhd);
}

static ssize_t stream_read(void *arg, uint64_t pos, char *to, size_t max)
{
	struct rx *x = arg;
	struct stream *st = &x->stream;
	size_t n = st->chunk.n - st->at;

	(void)pos;
	if (n) {
		n = n < max ? n : max;
		memcpy(to, st->chunk.p + st->at, n);
		st->at += n;
		conn_deadline(x->conn, x->server->o.body_seconds * MS_SECOND);
		return (ssize_t)n;
	}
	if (st->ended)
		return st->result == OK ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
	if (atomic_load(&x->server->hard))
		return MHD_CONTENT_READER_END_WITH_ERROR;
	conn_deadline(x->conn, 0);
	MHD_suspend_connection(x->mhd);
	pool_first(x->server->pool, stream_fill, x);
	return 0;
}

/* ---- sending ---- */

static const char *refusal_text(int status)
{
	switch (status) {
	case 400:
		return "请求格式有误，请检查后重新提交。\nThe request is malformed; please check it and send it again.\n";
	case 404:
		return "没有找到这个页面。\nThere is no such page.\n";
	case 405:
		return "此地址不接受这种请求方法。\nThis address does not take this method.\n";
	case 413:
		return "提交的内容或文件过大，请减小后重新提交。\nWhat you sent is too large; please make it smaller.\n";
	case 431:
		return "请求头过大，请清除此网站的 Cookie 后重试。\nThe request head is too large; clear the cookies of this site.\n";
	case 503:
		return "系统繁忙，请稍后再试，您填写的内容没有提交。\nThe server is busy; nothing was stored, please try again "
		       "soon.\n";
	case 507:
		return "服务器存储空间不足，请联系管理员。\nThe server has no space left; please tell the administrator.\n";
	default:
		return "请求未能完成。\nThe request could not be completed.\n";
	}
}

static void begin_refusal(struct rx *x, int status)
{
	x->resp.status = status;
	buf_clear(&x->resp.body);
	x->gz.n = 0;
	x->resp.headers = (struct http_pairs){0};
	if (x->fd >= 0)
		close(x->fd);
	x->fd = -1;
	x->source = FROM_BODY;
}

void respond_refusal(struct rx *x)
{
	begin_refusal(x, x->refuse);
	if (x->why)
		log_debug("http: %d %s", x->refuse, x->why);
	if (x->server->o.refused)
		x->server->o.refused(&x->req, x->refuse, x->why, x->server->o.arg);
	x->resp.status = x->refuse;
	if (x->resp.body.n == 0) {
		buf_addz(&x->resp.body, refusal_text(x->refuse));
		http_header_set(&x->req, "Content-Type", STR("text/plain; charset=utf-8"));
		http_header_set(&x->req, "X-Content-Type-Options", STR("nosniff"));
	}
	if (x->refuse == 503)
		http_header_set(&x->req, "Retry-After", STR("2"));
}

static struct MHD_Response *from_memory(struct str s)
{
	return MHD_create_response_from_buffer(s.n, (void *)s.p, MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *from_fd(struct rx *x)
{
	int fd = x->fd;

	x->fd = -1;
	if (x->fd_size > 0)
		return MHD_create_response_from_fd64((uint64_t)x->fd_size, fd); /* closes it */
	close(fd);
	return from_memory(STR(""));
}

static struct MHD_Response *make_response(struct rx *x)
{
	switch (x->source) {
	case FROM_FD:
		return from_fd(x);
	case FROM_STREAM:
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, x, NULL);
	case FROM_STATIC:
		if (x->resp.status == 304)
			return from_memory(STR(""));
		return from_memory(x->fixed_gz ? x->fixed->gz : x->fixed->body);
	case FROM_SSE:
		return sse_response(x->sse);
	case FROM_BODY:
		break;
	}
	return from_memory(buf_str(x->gz.n ? &x->gz : &x->resp.body));
}

static int64_t answer_bytes(const struct rx *x)
{
	if (x->source == FROM_FD)
		return x->fd_size;
	if (x->source == FROM_STATIC)
		return (int64_t)x->fixed->body.n;
	return (int64_t)x->resp.body.n;
}

static void add_headers(struct rx *x, struct MHD_Response *m)
{
	struct http_pairs *h = &x->resp.headers;

	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].value.n && MHD_add_response_header(m, h->v[i].name.p, h->v[i].value.p) != MHD_YES)
			log_error("http: the header %s could not be sent", h->v[i].name.p);
	if (x->source == FROM_BODY && x->resp.body.n && http_pair_get(h, "content-type").p == NULL)
		MHD_add_response_header(m, "Content-Type", "text/plain; charset=utf-8");
	if (x->close || atomic_load_explicit(&x->server->stopping, memory_order_relaxed))
		MHD_add_response_header(m, "Connection", "close");
}

/* How long the client may take to read. Event streams go on; their slow readers are found by the hub. */
static void reading_deadline(struct rx *x)
{
	struct http_options *o = &x->server->o;

	conn_deadline(x->conn, x->source == FROM_SSE ? 0 :
			       o->body_seconds * MS_SECOND + answer_bytes(x) * MS_SECOND / SLOWEST);
}

enum MHD_Result respond(struct rx *x)
{
	struct MHD_Response *m;
	enum MHD_Result rc;

	if (x->refuse == 0 && x->source == FROM_BODY && x->resp.body.full) {
		log_error("http: an answer was larger than %zu bytes", BODY_MAX);
		rx_refuse(x, 500, "the answer is too large");
	}
	if (x->refuse)
		respond_refusal(x);
	reading_deadline(x);
	m = make_response(x);
	if (m == NULL)
		return MHD_NO;
	add_headers(x, m);
	x->phase = PHASE_SENT;
	rc = MHD_queue_response(x->mhd, (unsigned)x->resp.status, m);
	MHD_destroy_response(m);
	return rc;
}
