/*
 * A wall beside residents who report: MAP_WALL_RATE (1000) reports a second over 16 connections for MAP_WALL_SECONDS (3), and one stream of /map/live that
 * does what the wall does: on each event it asks for the state. A report is on the wall when the state that has arrived counts it among today's; reports are
 * alike, so the k-th click belongs to the k-th that is counted. Other changes (deadlines that are escalated meanwhile) make no difference.
 * Included by bench_map_http.c only.
 */
#ifndef BENCH_MAP_WALL_H
#define BENCH_MAP_WALL_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WALL_CONNECTIONS 16

struct wall {
	int port;
	const char *cookie;
	struct visitor v;
	double begun, period;
	int64_t most, clicks;
	double *clicked, *shown;          /* of the k-th report: sent; counted in a state that arrived */
	int64_t before;                   /* counted when all began */
	_Atomic int64_t seen;             /* reports that have been counted */
	atomic_bool listening, stop;
	int fd;
};

static void wall_sleep_until(double t)
{
	double left = t - bench_now();

	if (left > 0)
		nanosleep(&(struct timespec){(time_t)left, (long)((left - floor(left)) * 1e9)}, NULL);
}

/* The next click, not before its time. */
static size_t wall_click(void *arg, int conn, int64_t n, char *to, size_t cap)
{
	static const char form[] = "what=%E8%B7%AF%E7%81%AF%E4%B8%8D%E4%BA%AE&anyway=1&calm=1&lon=106.5&lat=29.57";
	struct wall *w = arg;
	int64_t k = w->clicks;

	(void)conn, (void)n;
	if (k == w->most)
		return 0;
	wall_sleep_until(w->begun + (double)k * w->period);
	w->clicks++;
	w->clicked[k] = bench_now();
	return visitor_post(&w->v, form, 1000000 + k, to, cap);
}

/* Reports of today as the wall's state counts them; -1: no answer. */
static int64_t wall_state(const struct wall *w)
{
	char ask[2048], *head = NULL, *body = NULL, *at;
	int n = snprintf(ask, sizeof(ask), "GET /map/state HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\nConnection: close\r\n\r\n", w->cookie);
	int64_t in = -1;

	if (load_once(w->port, ask, (size_t)n, &head, &body) == 200 && (at = strstr(body, "\"today\":{\"in\":")))
		in = strtoll(at + 14, NULL, 10);
	free(head);
	free(body);
	return in;
}

/* One line of the stream. */
static void wall_line(struct wall *w, const char *line)
{
	int64_t from = w->seen, to;

	if (strncmp(line, "event: hello", 12) == 0)
		w->listening = true;
	if (strncmp(line, "data:", 5) != 0 || !strstr(line, "\"changes\""))
		return;
	to = wall_state(w) - w->before;
	if (to > w->most)
		to = w->most;
	for (int64_t k = from; k < to; k++)
		w->shown[k] = bench_now();
	if (to > from)
		w->seen = to;
}

static void *wall_listen(void *arg)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct wall *w = arg;
	size_t n = 0, cap = 1 << 20;
	char *in = malloc(cap + 1), ask[2048];
	int len = snprintf(ask, sizeof(ask), "GET /map/live HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\nAccept: text/event-stream\r\n\r\n", w->cookie);

	at.sin_port = htons((uint16_t)w->port);
	w->fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){0, 200000}, sizeof(struct timeval));
	if (connect(w->fd, (struct sockaddr *)&at, sizeof(at)) != 0 || send(w->fd, ask, (size_t)len, MSG_NOSIGNAL) != len)
		w->stop = true;
	while (!w->stop) {
		ssize_t got = recv(w->fd, in + n, cap - n, 0);
		char *line = in, *end;

		if (got == 0)
			break;
		if (got < 0)
			continue;
		n += (size_t)got;
		in[n] = 0;
		for (; (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			wall_line(w, line);
		}
		n -= (size_t)(line - in);
		memmove(in, line, n);
		if (n == cap)
			break;
	}
	close(w->fd);
	free(in);
	return NULL;
}

static int wall_order(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

static double wall_at(double *v, int64_t n, double part)
{
	qsort(v, (size_t)n, sizeof(*v), wall_order);
	return v[(int64_t)((double)(n - 1) * part)];
}

static void wall_run(struct bench *b, const char *cookie, const char *report_path)
{
	int64_t rate = bench_env("MAP_WALL_RATE", 1000), seconds = bench_env("MAP_WALL_SECONDS", 3);
	struct wall w = {.port = b->port, .cookie = cookie, .most = rate * seconds, .period = 1 / (double)rate};
	struct load l = {.port = b->port, .connections = WALL_CONNECTIONS, .seconds = (double)seconds * 3 + 5, .next = wall_click, .arg = &w, .ok_from = 303, .ok_to = 303};
	struct load_result got;
	double worst, mid;
	pthread_t t;

	w.clicked = calloc((size_t)w.most, sizeof(double));
	w.shown = calloc((size_t)w.most, sizeof(double));
	visitor_come(b, &w.v, report_path);
	if (pthread_create(&t, NULL, wall_listen, &w) != 0)
		give_up("no thread for the wall");
	for (int i = 0; i < 200 && !w.listening; i++)
		wall_sleep_until(bench_now() + 0.02);
	if (!w.listening)
		give_up("the wall's stream did not begin");
	if ((w.before = wall_state(&w)) < 0)
		give_up("the wall's state cannot be read");
	w.begun = bench_now();
	load_run(&l, &got);
	for (int i = 0; i < 250 && w.seen < w.clicks; i++)
		wall_sleep_until(bench_now() + 0.02);
	w.stop = true;
	pthread_join(t, NULL);
	if (got.failed || w.seen < w.clicks || w.clicks == 0) {
		fprintf(stderr, "bench: %lld of %lld reports answered, %lld counted on the wall\n", (long long)got.done, (long long)w.clicks, (long long)w.seen);
		give_up("the wall has not counted every report");
	}
	for (int64_t k = 0; k < w.clicks; k++)
		w.shown[k] -= w.clicked[k];
	mid = wall_at(w.shown, w.clicks, 0.5);
	worst = wall_at(w.shown, w.clicks, 0.99);
	printf("%lld reports, %.0f a second beside a wall: counted there after p50 %.0f, p99 %.0f, max %.0f ms\n", (long long)w.clicks,
	       (double)w.clicks / (w.clicked[w.clicks - 1] - w.begun + w.period), mid * 1e3, worst * 1e3, w.shown[w.clicks - 1] * 1e3);
	bench_line("map/http/click-to-wall", worst * 1e3, "ms", "goal", worst);
	free(w.clicked);
	free(w.shown);
}

#endif
