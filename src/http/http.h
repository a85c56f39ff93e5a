/*
 * HTTP as the rest of the program sees it; libmicrohttpd is known only inside src/http. A request is parsed by an
 * event thread, guarded (strict syntax, limits, deadlines), and handed to a worker that runs the handler with
 * the request's own arena; the connection is suspended meanwhile.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum http_method { HTTP_GET = 1, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_DELETE, HTTP_OPTIONS, HTTP_OTHER };

struct http_pair {
	struct str name, value;
};
struct http_pairs {
	struct http_pair *v;
	size_t n;
};
/* First value of that name, or STR_NULL. Header names are compared without case. */
struct str http_pair_get(const struct http_pairs *p, const char *name);

/* A file sent with multipart/form-data, already on disk in the upload folder; deleted with the request unless taken. */
struct http_upload {
	struct str field, filename, type; /* as the client says: trust neither */
	struct str path;                  /* of the temporary file */
	int64_t size;
};

struct http_req {
	struct arena *arena;
	enum http_method method;
	struct str path;               /* percent-decoded, valid UTF-8, no "..", no empty segment */
	struct str query;              /* raw */
	struct http_pairs headers, params /* query */, cookies, form;
	struct http_upload *uploads;
	size_t nuploads;
	struct str body;               /* raw, for other types than forms */
	struct str peer;               /* address text; from X-Forwarded-For only behind a trusted proxy */
	bool secure;                   /* TLS at our edge (X-Forwarded-Proto from a trusted proxy) */
	struct str host;
	int64_t now;                   /* clock_now() when the headers had arrived */
	void *user;                    /* the caller's (web keeps its struct rq here) */
	struct http_resp *resp;
};

struct http_resp {
	int status;              /* default 200 */
	struct buf body;         /* capped at 16 MiB; larger things go through http_stream or a file */
	/* internal below */
	struct http_pairs headers;
	size_t headers_cap;
	void *impl;
};

/* Adds a header; name and value without CR, LF, NUL (a BUG otherwise for the name, dropped bytes for the value). */
void http_header(struct http_req *r, const char *name, struct str value);
/* As http_header, but takes the place of headers of that name set before. */
void http_header_set(struct http_req *r, const char *name, struct str value);
/* Sends a file's content instead of body; the descriptor is closed afterwards. */
void http_send_fd(struct http_req *r, int fd, int64_t size);
/* Sends what `next` yields (a large export): called from a worker until it adds nothing; ERR ends the connection. */
void http_stream(struct http_req *r, enum err (*next)(void *arg, struct buf *out), void (*end)(void *arg), void *arg);

/*
 * Something that never changes while the program runs (web/assets): kept by the caller for ever.
 */
struct http_static {
	struct str body;
	struct str gz;       /* the same compressed; STR_NULL when that did not pay */
	struct str type;     /* "text/css; charset=utf-8" */
	struct str etag;     /* with its quotes: "\"5f3a\""; STR_NULL for none */
	bool immutable;      /* the address changes with the content: may be cached for a year */
};
/* Sends it, compressed when the client takes that; 304 when the client has it already. */
void http_send_static(struct http_req *r, const struct http_static *s);

enum http_next {
	HTTP_DONE,    /* resp is complete */
	HTTP_PENDING, /* somebody will call http_resume(r) once, later, from any thread; r is not touched after that */
};

/* What a request may bring, decided from its head before the body is read. */
struct http_admit {
	int64_t max_body;      /* bytes; 413 past it. What is kept in memory is capped besides: forms 2 MiB, others 16 MiB */
	int max_files;         /* 0: multipart files are refused */
	int64_t max_file;
	int status;            /* not 0: answer this now without reading the body (404, 405) */
	bool inline_ok;        /* the handler is quick and never blocks: run it on the event thread */
};

struct http_options {
	const char *listen;         /* "127.0.0.1:8141", "[::]:8141", "unix:/run/gongzhi.sock" */
	int event_threads;          /* 0 = 2 */
	int workers;                /* 0 = cores x 2 */
	int queue;                  /* waiting requests before 503; 0 = 1024 */
	int max_connections;        /* 0 = 4096 */
	int per_address;            /* connections from one address; 0 = 256 (not counted for trusted proxies) */
	int header_seconds, body_seconds, idle_seconds; /* 0 = 10, 60, 30 */
	const char *upload_dir;
	const char *const *trusted; /* proxy addresses or ranges ("10.0.0.0/8", "::1"), ends in NULL; a unix socket always is */
	struct http_admit (*admit)(const struct http_req *head, void *arg);
	enum http_next (*handle)(struct http_req *r, void *arg);
	void (*finished)(struct http_req *r, int64_t micros, void *arg); /* access log, metrics; may be NULL */
	/* Writes a page into r->resp for a refusal by this layer (400, 413, 503, the status of admit); may be NULL. It runs
	 * on an event thread: no blocking. `why` is English for the log, may be NULL. When nothing is written the body is
	 * a line in Chinese and English. */
	void (*refused)(struct http_req *r, int status, const char *why, void *arg);
	void *arg;
};

struct http_server;
/* *why: what failed and what to do ("port in use"). */
CHECKED enum err http_start(struct http_server **out, const struct http_options *o, struct arena *a, struct str *why);
int http_port(const struct http_server *s);
/*
 * Stops listening, lets running requests end (at most `seconds`; what is still pending then gets 503), ends the event
 * streams, closes. http_run and http_resume stay callable until http_free, so that the store can be closed in between.
 */
void http_stop(struct http_server *s, int seconds);
/* Ends the workers and gives the memory back; after http_stop and sse_free. */
void http_free(struct http_server *s);
/* Connections open now, requests running, requests waiting for a worker (metrics). */
struct http_load {
	int connections, requests, waiting;
};
struct http_load http_load(struct http_server *s);
/* Ends a pending request: the response is sent. */
void http_resume(struct http_req *r);
/* Runs fn(arg) on a worker thread (after a commit, to render the answer). Never fails: goes before new requests. */
void http_run(struct http_server *s, void (*fn)(void *arg), void *arg);
struct http_server *http_server_of(struct http_req *r);

/* ---- Server-Sent Events ---- */

struct sse_hub;
struct sse_hub *sse_new(struct http_server *s);
/* Makes the response a stream of the events of `channel`; returns HTTP_DONE for the handler to return. `hello` is
 * sent first (what was missed since Last-Event-ID). */
enum http_next sse_open(struct sse_hub *h, struct http_req *r, struct str channel, struct str hello);
/* Between sse_open and the handler's return: more to be sent first. Whoever reads what was missed from the store
 * after sse_open misses nothing; the reader may then see an event twice, with the same id. */
void sse_hello(struct http_req *r, struct str events);
/* Appends one event in the format of the stream: `id`, `event` (may be empty), `data` (any number of lines). */
void sse_format(struct buf *out, int64_t id, struct str event, struct str data);
/* To all streams of the channel. A heartbeat (event "beat") goes out when a stream has been silent for 15 s, so that a page notices a line that has
 * died without a word; a reader that falls 64 events or 256 KiB behind is disconnected (it comes back with Last-Event-ID). Never blocks on a reader. */
void sse_publish(struct sse_hub *h, struct str channel, int64_t id, struct str event, struct str data);
/* Streams open on the channel now: whoever makes events for it may spare himself the work. */
size_t sse_listeners(struct sse_hub *h, struct str channel);
/* Ends the streams that are left; after http_stop, before http_free. */
void sse_free(struct sse_hub *h);

#endif
