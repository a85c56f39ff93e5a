/*
 * Connections: who may open one, and how long each may take. libmicrohttpd's own time-out measures inactivity, so a
 * client that sends a byte a second holds a connection for ever; here every connection has a deadline, and a thread
 * shuts down the socket of those that passed it (the event thread then sees the end and cleans up).
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sched.h"
#include "http/internal.h"

#define REAP_EVERY_MS 200

bool conn_is_trusted(const struct http_server *s, const struct address *a)
{
	if (a->local)
		return true;
	for (size_t i = 0; i < s->ntrusted; i++) {
		const struct trusted *t = &s->trusted[i];
		int whole = t->bits / 8, rest = t->bits % 8;

		if (memcmp(a->ip, t->base.ip, (size_t)whole) != 0)
			continue;
		if (rest == 0 || (a->ip[whole] ^ t->base.ip[whole]) >> (8 - rest) == 0)
			return true;
	}
	return false;
}

/* An IPv6 customer owns a /64: counting single addresses would count nothing. */
static void count_key(uint8_t key[16], const struct address *a)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	memcpy(key, a->ip, 16);
	if (memcmp(key, mapped, 12) != 0)
		memset(key + 8, 0, 8);
}

static unsigned bucket_of(const uint8_t key[16])
{
	uint32_t h = 2166136261u;

	for (int i = 0; i < 16; i++)
		h = (h ^ key[i]) * 16777619u;
	return h % ADDRESS_BUCKETS;
}

static struct address_count **count_slot(struct http_server *s, const uint8_t key[16])
{
	struct address_count **at = &s->counts[bucket_of(key)];

	while (*at && memcmp((*at)->key, key, 16) != 0)
		at = &(*at)->next;
	return at;
}

static void count_change(struct http_server *s, const struct address *a, int by)
{
	struct address_count **at, *c;
	uint8_t key[16];

	count_key(key, a);
	at = count_slot(s, key);
	c = *at;
	if (c == NULL) {
		c = calloc(1, sizeof(*c));
		if (c == NULL)
			BUG("out of memory");
		memcpy(c->key, key, 16);
		*at = c;
	}
	c->n += by;
	if (c->n == 0) {
		*at = c->next;
		free(c);
	}
}

void conn_counts_free(struct http_server *s)
{
	for (size_t i = 0; i < ADDRESS_BUCKETS; i++)
		while (s->counts[i]) {
			struct address_count *c = s->counts[i];

			s->counts[i] = c->next;
			free(c);
		}
}

enum MHD_Result conn_accept(void *server, const struct sockaddr *sa, socklen_t n)
{
	struct http_server *s = server;
	struct address_count *c;
	struct address a;
	uint8_t key[16];
	bool full;

	(void)n;
	address_of(&a, sa);
	if (atomic_load(&s->stopping))
		return MHD_NO;
	if (conn_is_trusted(s, &a))
		return MHD_YES;
	count_key(key, &a);
	pthread_mutex_lock(&s->lock);
	c = *count_slot(s, key);
	full = c && c->n >= s->o.per_address;
	pthread_mutex_unlock(&s->lock);
	return full ? MHD_NO : MHD_YES;
}

static void conn_open(struct http_server *s, struct MHD_Connection *mhd, void **ctx)
{
	static _Thread_local bool told;
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		BUG("out of memory");
	if (!told)
		sched_short_turns(); /* the event threads are the library's: this is where we meet them first */
	told = true;
	c->server = s;
	address_of(&c->address, i ? i->client_addr : NULL);
	c->trusted = conn_is_trusted(s, &c->address);
	i = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	c->fd = i->connect_fd;
	conn_deadline(c, s->o.header_seconds * MS_SECOND);
	atomic_fetch_add(&s->nconns, 1);
	pthread_mutex_lock(&s->lock);
	if (!c->trusted)
		count_change(s, &c->address, 1);
	c->next = s->conns;
	if (c->next)
		c->next->prev = c;
	s->conns = c;
	pthread_mutex_unlock(&s->lock);
	*ctx = c;
}

/* libmicrohttpd closes the descriptor after this, so the reaper never shuts down somebody else's. */
static void conn_close(struct http_server *s, struct conn *c)
{
	pthread_mutex_lock(&s->lock);
	if (c->next)
		c->next->prev = c->prev;
	if (c->prev)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (!c->trusted)
		count_change(s, &c->address, -1);
	pthread_mutex_unlock(&s->lock);
	atomic_fetch_sub(&s->nconns, 1);
	if (c->rx)
		rx_recycle(c->rx);
	free(c);
}

void conn_notify(void *server, struct MHD_Connection *mhd, void **ctx, enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		conn_open(server, mhd, ctx);
	else if (*ctx)
		conn_close(server, *ctx);
}

struct conn *conn_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void conn_deadline(struct conn *c, int64_t ms)
{
	atomic_store_explicit(&c->deadline, ms ? clock_mono() + ms : 0, memory_order_relaxed);
}

static void reap(struct http_server *s, int64_t now)
{
	bool idle_too = atomic_load(&s->stopping);
	int64_t at;

	for (struct conn *c = s->conns; c; c = c->next) {
		at = atomic_load_explicit(&c->deadline, memory_order_relaxed);
		if ((at && now > at) || (idle_too && !atomic_load(&c->busy)))
			shutdown(c->fd, SHUT_RDWR);
	}
}

void *conn_reaper(void *server)
{
	struct http_server *s = server;
	struct timespec until;

	pthread_setname_np(pthread_self(), "reaper");
	pthread_mutex_lock(&s->lock);
	while (!s->reaper_stop) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += REAP_EVERY_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_cond_timedwait(&s->tick, &s->lock, &until);
		reap(s, clock_mono());
		pthread_mutex_unlock(&s->lock);
		sse_tick(s, clock_mono());
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}
