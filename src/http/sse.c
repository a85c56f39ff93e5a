/*
 * Server-Sent Events. An event is formatted once and shared by reference; each stream has a short queue and is asleep
 * (suspended in the library) while that is empty, so thousands of streams cost memory only.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "http/internal.h"

#define BACKLOG_EVENTS 64
#define BACKLOG_BYTES ((size_t)256 * 1024)
#define EVENT_MAX ((size_t)4 * 1024 * 1024)
#define HEARTBEAT_MS (15 * MS_SECOND)
#define BUCKETS 1024

struct event {
	int refs; /* under the hub's lock */
	size_t n;
	char p[];
};

struct channel {
	struct channel *next;
	struct sse_stream *streams;
	size_t n;
	char name[];
};

struct sse_stream {
	struct sse_hub *hub;
	struct channel *channel;
	struct sse_stream *prev, *next;         /* in the channel */
	struct rx *x;
	struct event *queue[BACKLOG_EVENTS];
	size_t at, n, bytes, offset;
	int64_t last;                           /* clock_mono of the last event */
	bool asleep, dropped;
};

struct sse_hub {
	struct sse_hub *next;                   /* of the server */
	struct http_server *server;
	pthread_mutex_t lock;
	struct channel *channels[BUCKETS];
	size_t streams;
	int64_t next_heartbeat;
	bool closing;
};

struct sse_hub *sse_new(struct http_server *s)
{
	struct sse_hub *h = calloc(1, sizeof(*h));

	if (h == NULL)
		BUG("out of memory");
	h->server = s;
	pthread_mutex_init(&h->lock, NULL);
	pthread_mutex_lock(&s->lock);
	h->next = s->hubs;
	s->hubs = h;
	pthread_mutex_unlock(&s->lock);
	return h;
}

/* ---- events ---- */

void sse_format(struct buf *out, int64_t id, struct str event, struct str data)
{
	struct str line;

	buf_printf(out, "id: %lld\n", (long long)id);
	if (event.n) {
		buf_addz(out, "event: ");
		buf_adds(out, event);
		buf_addc(out, '\n');
	}
	while (str_split(&data, '\n', &line)) {
		if (str_ends(line, "\r"))
			line.n--;
		buf_addz(out, "data: ");
		buf_adds(out, line);
		buf_addc(out, '\n');
	}
	buf_addc(out, '\n');
}

static struct event *event_new(struct str text)
{
	struct event *e = malloc(sizeof(*e) + text.n);

	if (e == NULL)
		BUG("out of memory");
	e->refs = 1;
	e->n = text.n;
	memcpy(e->p, text.p, text.n);
	return e;
}

static void event_put(struct event *e)
{
	if (--e->refs == 0)
		free(e);
}

/* ---- streams; all under the hub's lock ---- */

static void wake(struct sse_stream *st)
{
	if (!st->asleep)
		return;
	st->asleep = false;
	MHD_resume_connection(st->x->mhd);
}

static void drop(struct sse_stream *st)
{
	st->dropped = true;
	shutdown(st->x->conn->fd, SHUT_RDWR);
	wake(st);
}

static void give(struct sse_stream *st, struct event *e)
{
	if (st->dropped)
		return;
	if (st->n == BACKLOG_EVENTS || (st->n && st->bytes + e->n > BACKLOG_BYTES)) {
		drop(st);
		return;
	}
	e->refs++;
	st->queue[(st->at + st->n++) % BACKLOG_EVENTS] = e;
	st->bytes += e->n;
	st->last = clock_mono();
	wake(st);
}

/* Nothing has been read yet: the handler is still at work. */
static void give_first(struct sse_stream *st, struct event *e)
{
	if (st->n == BACKLOG_EVENTS) {
		drop(st);
		event_put(e);
		return;
	}
	st->at = (st->at + BACKLOG_EVENTS - 1) % BACKLOG_EVENTS;
	st->queue[st->at] = e;
	st->n++;
	st->bytes += e->n;
	st->last = clock_mono();
}

static struct event *take_front(struct sse_stream *st)
{
	struct event *e = st->queue[st->at];

	st->at = (st->at + 1) % BACKLOG_EVENTS;
	st->n--;
	st->bytes -= e->n;
	st->offset = 0;
	return e;
}

static size_t copy_out(struct sse_stream *st, char *to, size_t max)
{
	size_t done = 0, n;

	while (st->n && done < max) {
		struct event *e = st->queue[st->at];

		n = e->n - st->offset < max - done ? e->n - st->offset : max - done;
		memcpy(to + done, e->p + st->offset, n);
		done += n;
		st->offset += n;
		if (st->offset == e->n)
			event_put(take_front(st));
	}
	return done;
}

static ssize_t sse_read(void *arg, uint64_t pos, char *to, size_t max)
{
	struct sse_stream *st = arg;
	ssize_t rc;

	(void)pos;
	pthread_mutex_lock(&st->hub->lock);
	if (st->dropped) {
		rc = MHD_CONTENT_READER_END_WITH_ERROR;
	} else if (st->n) {
		rc = (ssize_t)copy_out(st, to, max);
	} else if (st->hub->closing) {
		rc = MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		st->asleep = true;
		MHD_suspend_connection(st->x->mhd);
		rc = 0;
	}
	pthread_mutex_unlock(&st->hub->lock);
	return rc;
}

struct MHD_Response *sse_response(struct sse_stream *st)
{
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, sse_read, st, NULL);
}

/* ---- channels ---- */

static struct channel **channel_slot(struct sse_hub *h, struct str name)
{
	uint32_t k = 2166136261u;
	struct channel **at;

	for (size_t i = 0; i < name.n; i++)
		k = (k ^ (unsigned char)name.p[i]) * 16777619u;
	at = &h->channels[k % BUCKETS];
	while (*at && !str_eq((struct str){(*at)->name, (*at)->n}, name))
		at = &(*at)->next;
	return at;
}

static struct channel *channel_get(struct sse_hub *h, struct str name)
{
	struct channel **at = channel_slot(h, name);

	if (*at == NULL) {
		*at = calloc(1, sizeof(**at) + name.n);
		if (*at == NULL)
			BUG("out of memory");
		memcpy((*at)->name, name.p, name.n);
		(*at)->n = name.n;
	}
	return *at;
}

static void channel_leave(struct sse_stream *st)
{
	struct channel *c = st->channel, **at;

	if (st->next)
		st->next->prev = st->prev;
	if (st->prev)
		st->prev->next = st->next;
	else
		c->streams = st->next;
	if (c->streams)
		return;
	at = channel_slot(st->hub, (struct str){c->name, c->n});
	*at = c->next;
	free(c);
}

enum http_next sse_open(struct sse_hub *h, struct http_req *r, struct str channel, struct str hello)
{
	struct sse_stream *st = calloc(1, sizeof(*st));

	if (st == NULL)
		BUG("out of memory");
	st->hub = h;
	st->x = rx_of(r);
	st->x->sse = st;
	st->x->source = FROM_SSE;
	http_header_set(r, "Content-Type", STR("text/event-stream; charset=utf-8"));
	http_header_set(r, "Cache-Control", STR("no-store"));
	http_header_set(r, "X-Accel-Buffering", STR("no"));
	pthread_mutex_lock(&h->lock);
	st->channel = channel_get(h, channel);
	st->next = st->channel->streams;
	if (st->next)
		st->next->prev = st;
	st->channel->streams = st;
	h->streams++;
	pthread_mutex_unlock(&h->lock);
	sse_hello(r, STR(":\n\n"));
	sse_hello(r, hello);
	return HTTP_DONE;
}

void sse_hello(struct http_req *r, struct str events)
{
	struct sse_stream *st = rx_of(r)->sse;
	struct event *e;

	if (events.n == 0)
		return;
	e = event_new(events);
	pthread_mutex_lock(&st->hub->lock);
	give_first(st, e);
	pthread_mutex_unlock(&st->hub->lock);
}

void sse_stream_end(struct sse_stream *st)
{
	struct sse_hub *h = st->hub;

	pthread_mutex_lock(&h->lock);
	channel_leave(st);
	while (st->n)
		event_put(take_front(st));
	h->streams--;
	pthread_mutex_unlock(&h->lock);
	free(st);
}

static void give_channel(struct channel *c, struct event *e)
{
	for (struct sse_stream *st = c->streams; st; st = st->next)
		give(st, e);
}

void sse_publish(struct sse_hub *h, struct str channel, int64_t id, struct str event, struct str data)
{
	struct channel *c;
	struct event *e;
	struct buf b;

	buf_init(&b, EVENT_MAX);
	sse_format(&b, id, event, data);
	if (!b.full) {
		e = event_new(buf_str(&b));
		pthread_mutex_lock(&h->lock);
		c = *channel_slot(h, channel);
		if (c)
			give_channel(c, e);
		event_put(e);
		pthread_mutex_unlock(&h->lock);
	}
	buf_release(&b);
}

size_t sse_listeners(struct sse_hub *h, struct str channel)
{
	struct channel *c;
	size_t n = 0;

	pthread_mutex_lock(&h->lock);
	c = *channel_slot(h, channel);
	for (struct sse_stream *st = c ? c->streams : NULL; st; st = st->next)
		n++;
	pthread_mutex_unlock(&h->lock);
	return n;
}

/* ---- all streams ---- */

static void each_stream(struct sse_hub *h, void (*fn)(struct sse_stream *, void *), void *arg)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct channel *c = h->channels[i]; c; c = c->next)
			for (struct sse_stream *st = c->streams; st; st = st->next)
				fn(st, arg);
}

static void heartbeat(struct sse_stream *st, void *arg)
{
	if (clock_mono() - st->last >= HEARTBEAT_MS)
		give(st, arg);
}

void sse_tick(struct http_server *s, int64_t mono)
{
	struct event *e;

	pthread_mutex_lock(&s->lock);
	for (struct sse_hub *h = s->hubs; h; h = h->next) {
		pthread_mutex_lock(&h->lock);
		if (mono >= h->next_heartbeat) {
			h->next_heartbeat = mono + MS_SECOND;
			e = event_new(STR("event: beat\ndata: 1\n\n"));
			each_stream(h, heartbeat, e);
			event_put(e);
		}
		pthread_mutex_unlock(&h->lock);
	}
	pthread_mutex_unlock(&s->lock);
}

static void wake_one(struct sse_stream *st, void *arg)
{
	(void)arg;
	wake(st);
}

static void hub_close(struct sse_hub *h)
{
	pthread_mutex_lock(&h->lock);
	h->closing = true;
	each_stream(h, wake_one, NULL);
	pthread_mutex_unlock(&h->lock);
}

void sse_close_all(struct http_server *s)
{
	pthread_mutex_lock(&s->lock);
	for (struct sse_hub *h = s->hubs; h; h = h->next)
		hub_close(h);
	pthread_mutex_unlock(&s->lock);
}

static bool hub_empty(struct sse_hub *h)
{
	bool empty;

	pthread_mutex_lock(&h->lock);
	empty = h->streams == 0;
	pthread_mutex_unlock(&h->lock);
	return empty;
}

void sse_free(struct sse_hub *h)
{
	struct timespec ms = {0, 1000000};
	struct sse_hub **at = &h->server->hubs;

	hub_close(h);
	while (!hub_empty(h))
		nanosleep(&ms, NULL);
	pthread_mutex_lock(&h->server->lock);
	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	pthread_mutex_unlock(&h->server->lock);
	pthread_mutex_destroy(&h->lock);
	free(h);
}
