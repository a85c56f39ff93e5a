#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OUT_CAP ((size_t)64 * 1024)
#define IN_START ((size_t)64 * 1024)
#define SAMPLES (1 << 22)

struct conn {
	int fd, number;
	int64_t n;            /* requests sent */
	char *out, *in;
	size_t out_n, out_at, in_n, in_cap;
	double sent_at;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int dial(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static const char *find_header(const char *head, const char *name)
{
	size_t n = strlen(name);
	const char *p = head;

	while ((p = strstr(p, "\r\n"))) {
		p += 2;
		if (strncasecmp(p, name, n) == 0 && p[n] == ':') {
			p += n + 1;
			while (*p == ' ')
				p++;
			return p;
		}
	}
	return NULL;
}

/* Whole chunked body? Rewrites it in place without the framing. -1: more to come. */
static long unchunk(char *p, size_t n, size_t *used)
{
	size_t at = 0, to = 0;

	for (;;) {
		char *line = p + at, *eol = memmem(line, n - at, "\r\n", 2);
		unsigned long size;

		if (eol == NULL)
			return -1;
		size = strtoul(line, NULL, 16);
		at = (size_t)(eol - p) + 2;
		if (at + size + 2 > n)
			return -1;
		if (size == 0) {
			*used = at + 2;
			return (long)to;
		}
		memmove(p + to, p + at, size);
		to += size;
		at += size + 2;
	}
}

/* A whole answer at the start of `in`? Gives status, body and total length. */
static bool parse(char *in, size_t n, int *status, char **body, size_t *body_n, size_t *total)
{
	char *end;
	const char *h;
	size_t head;

	in[n] = 0;
	end = memmem(in, n, "\r\n\r\n", 4);
	if (end == NULL)
		return false;
	head = (size_t)(end - in) + 4;
	*status = (int)strtol(in + 9, NULL, 10);
	*body = in + head;
	end[2] = 0; /* head ends here as text */
	h = find_header(in, "Content-Length");
	if (h) {
		*body_n = strtoul(h, NULL, 10);
		*total = head + *body_n;
	} else if ((h = find_header(in, "Transfer-Encoding"))) {
		size_t used;
		long len;

		/* unchunk works in place: only when the end is surely there */
		if (n < head + 5 || memcmp(in + n - 5, "0\r\n\r\n", 5) != 0) {
			end[2] = '\r';
			return false;
		}
		len = unchunk(in + head, n - head, &used);
		if (len < 0) {
			end[2] = '\r';
			return false;
		}
		*body_n = (size_t)len;
		*total = n;
		return true;
	} else {
		*body_n = 0;
		*total = head;
	}
	if (*total > n) {
		end[2] = '\r';
		return false;
	}
	return true;
}

static bool send_some(struct conn *c)
{
	while (c->out_at < c->out_n) {
		ssize_t w = send(c->fd, c->out + c->out_at, c->out_n - c->out_at, MSG_NOSIGNAL);

		if (w < 0)
			return errno == EAGAIN;
		c->out_at += (size_t)w;
	}
	return true;
}

static bool begin(const struct load *l, struct conn *c)
{
	c->out_n = l->next(l->arg, c->number, c->n, c->out, OUT_CAP);
	c->out_at = 0;
	c->in_n = 0;
	if (c->out_n == 0)
		return false;
	c->n++;
	c->sent_at = now_s();
	return send_some(c);
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void summary(struct load_result *r, float *v, int64_t n, double seconds)
{
	r->seconds = seconds;
	r->rate = seconds > 0 ? (double)r->done / seconds : 0;
	if (n == 0)
		return;
	qsort(v, (size_t)n, sizeof(*v), by_value);
	r->p50 = (double)v[n / 2];
	r->p99 = (double)v[n - 1 - n / 100];
	r->max = (double)v[n - 1];
}

void load_run(const struct load *l, struct load_result *r)
{
	int ep = epoll_create1(0), open_n = 0;
	struct conn *cs = calloc((size_t)l->connections, sizeof(*cs));
	float *sample = malloc(SAMPLES * sizeof(*sample));
	int64_t nsample = 0, started = 0;
	double t0, t_end;
	int ok_from = l->ok_from ? l->ok_from : 200, ok_to = l->ok_to ? l->ok_to : 399;

	memset(r, 0, sizeof(*r));
	t0 = now_s();
	t_end = l->seconds > 0 ? t0 + l->seconds : t0 + 600;
	for (int i = 0; i < l->connections; i++) {
		struct conn *c = &cs[i];
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

		c->number = i;
		c->out = malloc(OUT_CAP);
		c->in = malloc(IN_START + 1);
		c->in_cap = IN_START;
		c->fd = dial(l->port);
		if (c->fd < 0) {
			r->failed++;
			continue;
		}
		fcntl(c->fd, F_SETFL, O_NONBLOCK);
		epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
		started++;
		if (begin(l, c)) {
			open_n++;
		} else {
			close(c->fd);
			c->fd = -1;
		}
	}
	while (open_n > 0) {
		struct epoll_event evs[64];
		int n = epoll_wait(ep, evs, 64, 1000);
		double t = now_s();

		if (t > t_end + 10)
			break; /* the server does not answer any more */
		for (int i = 0; i < n; i++) {
			struct conn *c = evs[i].data.ptr;
			ssize_t got;
			int status;
			char *body;
			size_t body_n, total;
			bool over = false;

			if (c->in_n == c->in_cap) {
				c->in_cap *= 2;
				c->in = realloc(c->in, c->in_cap + 1);
			}
			got = recv(c->fd, c->in + c->in_n, c->in_cap - c->in_n, 0);
			if (got < 0 && errno == EAGAIN)
				continue;
			if (got <= 0) {
				r->failed++;
				over = true;
			} else {
				c->in_n += (size_t)got;
				if (!parse(c->in, c->in_n, &status, &body, &body_n, &total))
					continue;
				body[body_n] = 0;
				r->bytes += (int64_t)total;
				if (status >= ok_from && status <= ok_to)
					r->done++;
				else
					r->failed++;
				if (nsample < SAMPLES)
					sample[nsample++] = (float)((now_s() - c->sent_at) * 1000);
				if (l->answer)
					l->answer(l->arg, c->number, c->n - 1, status, c->in, body, body_n);
				if (t >= t_end || (l->requests && started >= l->requests) || !begin(l, c))
					over = true;
				else
					started++;
			}
			if (over) {
				close(c->fd);
				c->fd = -1;
				open_n--;
			}
		}
	}
	summary(r, sample, nsample, now_s() - t0);
	for (int i = 0; i < l->connections; i++) {
		if (cs[i].fd > 0)
			close(cs[i].fd);
		free(cs[i].out);
		free(cs[i].in);
	}
	close(ep);
	free(sample);
	free(cs);
}

int load_once_n(int port, const char *request, size_t n, char **head, char **out, size_t *out_n)
{
	int fd = dial(port), status = 0;
	size_t cap = IN_START, at = 0, body_n, total;
	char *in, *body;

	if (fd < 0)
		return 0;
	in = malloc(cap + 1);
	if (send(fd, request, n, MSG_NOSIGNAL) == (ssize_t)n) {
		for (;;) {
			ssize_t got;

			if (at == cap) {
				cap *= 2;
				in = realloc(in, cap + 1);
			}
			got = recv(fd, in + at, cap - at, 0);
			if (got <= 0)
				break;
			at += (size_t)got;
			if (parse(in, at, &status, &body, &body_n, &total)) {
				body[body_n] = 0;
				if (head)
					*head = strdup(in);
				if (out_n)
					*out_n = body_n;
				if (out) {
					*out = malloc(body_n + 1);
					memcpy(*out, body, body_n + 1);
				}
				break;
			}
			status = 0;
		}
	}
	free(in);
	close(fd);
	return status;
}

int load_once(int port, const char *request, size_t n, char **head, char **out)
{
	return load_once_n(port, request, n, head, out, NULL);
}
