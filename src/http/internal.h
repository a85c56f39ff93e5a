/*
 * What the files of src/http share. Two objects: struct conn lives as long as its socket, struct rx as long as one
 * request on it; both are made and freed on the event thread that owns the connection.
 */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/pool.h"
#include "http/http.h"

#define HEAD_MAX ((size_t)10 * 1024)           /* request line and headers */
#define FIELDS_MAX 200                         /* fields of a form, parameters, headers */
#define FORM_MAX ((size_t)2 * 1024 * 1024)     /* text of a form in memory */
#define RAW_MAX ((size_t)16 * 1024 * 1024)     /* other bodies in memory */
#define BODY_MAX ((size_t)16 * 1024 * 1024)    /* an answer in memory */
#define DISCARD_MAX ((int64_t)64 * 1024 * 1024)/* of a refused body we still read, so that the client reads the answer */
#define SLOWEST ((int64_t)8 * 1024)            /* bytes a second that a sender or reader must manage */

/* ---- addresses ---- */

struct address {
	uint8_t ip[16];      /* IPv4 as ::ffff:a.b.c.d */
	bool local;          /* unix socket: no address */
};
struct trusted {
	struct address base;
	int bits;
};
void address_of(struct address *a, const struct sockaddr *sa);
CHECKED bool address_parse(struct address *a, struct str text);
struct str address_text(struct arena *to, const struct address *a);
CHECKED bool trusted_parse(struct trusted *t, const char *text);
/* Opens the listening socket of o->listen. */
CHECKED enum err listen_open(int *fd, int *port, const char *where, struct arena *a, struct str *why);

/* Connections by address. */
struct address_count {
	struct address_count *next;
	uint8_t key[16];
	int n;
};
#define ADDRESS_BUCKETS 1024

/* ---- connection ---- */

struct conn {
	struct conn *prev, *next;
	struct http_server *server;
	int fd;
	_Atomic int64_t deadline; /* clock_mono; 0: none */
	atomic_bool busy;         /* a request is under way */
	struct address address;
	bool trusted;
	struct rx *_Atomic rx;
};

/* ---- request ---- */

enum phase {
	PHASE_HEAD,  /* the request line is there */
	PHASE_BODY,  /* the body arrives or is discarded */
	PHASE_WORK,  /* a handler has it; the connection is suspended */
	PHASE_SENT,  /* the answer is queued */
};
enum parked {
	RUNNING,     /* the handler runs on its event thread */
	PARKED,      /* suspended; http_resume wakes it */
	RESUMED,     /* http_resume came */
	ABANDONED,   /* the server stops and takes the connection away from the handler */
	LEFT,        /* the connection is gone; http_resume frees the request */
};
enum source { FROM_BODY, FROM_FD, FROM_STREAM, FROM_STATIC, FROM_SSE };

struct stream {
	enum err (*next)(void *arg, struct buf *out);
	void (*end)(void *arg);
	void *arg;
	struct buf chunk;
	size_t at;
	bool ended;          /* nothing more comes */
	enum err result;
};

struct rx {
	struct http_req req; /* first: a struct http_req * is a struct rx * */
	struct http_resp resp;
	struct arena arena;
	struct rx *next;     /* free list */
	struct http_server *server;
	struct conn *conn;
	struct MHD_Connection *mhd;
	struct str target;   /* as sent */
	_Atomic enum phase phase;
	atomic_int parked;
	struct http_admit admit;
	int refuse;          /* answer this instead of running the handler */
	const char *why;
	bool close;          /* the connection ends with this answer */
	bool handled;        /* the handler has seen it */
	int64_t began_us;
	int64_t began_ms;    /* clock_mono when the head was complete */
	bool form;           /* urlencoded */
	struct str type;     /* Content-Type */
	struct multipart *multipart;
	struct buf in;       /* body, or the text fields of a multipart body */
	size_t in_max;
	int64_t received;
	enum source source;
	struct buf gz;
	int fd;
	int64_t fd_size;
	const struct http_static *fixed;
	bool fixed_gz;
	struct stream stream;
	struct sse_stream *sse;
};

struct http_server {
	struct http_options o;
	struct trusted *trusted;
	size_t ntrusted;
	char *upload_dir;
	char *unix_path;
	struct MHD_Daemon *daemon;
	int listen_fd;                /* the library's */
	struct pool *pool;
	int port;
	pthread_t reaper;
	pthread_mutex_t lock;    /* conns, counts, hubs */
	pthread_cond_t tick;
	bool reaper_stop;
	struct conn *conns;
	struct address_count *counts[ADDRESS_BUCKETS];
	struct sse_hub *hubs;
	pthread_mutex_t spare_lock;
	struct rx *spare;
	int nspare;
	atomic_int nconns, requests;
	atomic_bool stopping;    /* answers close their connection */
	atomic_bool hard;        /* the time to drain is over */
};

static inline struct rx *rx_of(struct http_req *r)
{
	return (struct rx *)r;
}

/* conn.c */
enum MHD_Result conn_accept(void *server, const struct sockaddr *sa, socklen_t n);
void conn_notify(void *server, struct MHD_Connection *c, void **ctx, enum MHD_ConnectionNotificationCode code);
struct conn *conn_of(struct MHD_Connection *c);
void conn_deadline(struct conn *c, int64_t ms_from_now); /* 0: none */
bool conn_is_trusted(const struct http_server *s, const struct address *a);
void *conn_reaper(void *server);
void conn_counts_free(struct http_server *s);

/* rx.c */
struct rx *rx_new(struct http_server *s, struct MHD_Connection *mhd, const char *target);
void rx_recycle(struct rx *x);
void rx_destroy(struct rx *x);
/* Remembers the first refusal. */
void rx_refuse(struct rx *x, int status, const char *why);

/* guard.c: is the head, as it stood on the wire, without ambiguity? Collects the headers. */
CHECKED bool guard_head(struct rx *x, const char *url, const char *method, const char *version);

/* parse.c */
void pairs_add(struct arena *a, struct http_pairs *p, struct str name, struct str value);
CHECKED bool parse_target(struct rx *x);
void parse_cookies(struct rx *x);
void parse_peer(struct rx *x);
/* name=value&...: percent-decoded; false when mis-encoded or too many. */
CHECKED bool parse_urlencoded(struct arena *a, struct str text, struct http_pairs *out);
/* Parameter of a header value: boundary in multipart/form-data; boundary="x". */
struct str header_param(struct arena *a, struct str value, const char *name);
bool field_text_ok(struct str s);

/* multipart.c: false after rx_refuse. */
struct multipart *multipart_new(struct rx *x, struct str boundary);
CHECKED bool multipart_feed(struct multipart *m, const char *p, size_t n);
CHECKED bool multipart_end(struct multipart *m);
void multipart_free(struct multipart *m);

/* response.c */
enum MHD_Result respond(struct rx *x);
void respond_refusal(struct rx *x);
void respond_compress(struct rx *x);
bool client_takes_gzip(const struct http_req *r);

/* sse.c */
struct MHD_Response *sse_response(struct sse_stream *st);
void sse_stream_end(struct sse_stream *st);  /* the request has ended */
void sse_tick(struct http_server *s, int64_t mono);
void sse_close_all(struct http_server *s);

#endif
