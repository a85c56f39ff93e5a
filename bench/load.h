/*
 * A closed-loop HTTP/1.1 load on loopback: N keep-alive connections, each with one request in flight. Bounded in
 * count and time, stops by itself. Only 127.0.0.0/8 is ever a target.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_result {
	int64_t done, failed;         /* answers; statuses out of [ok_from, ok_to] or broken connections */
	double seconds, rate;
	double p50, p99, max;         /* milliseconds */
	int64_t bytes;
};

struct load {
	int port;
	int connections;
	double seconds;               /* longest time; 0: until `requests` are done */
	int64_t requests;             /* 0: until the time is over */
	int ok_from, ok_to;           /* statuses that count as done: 200..399 when 0 */
	/* Writes the request number `n` of connection `conn` into `to` (at most cap bytes), returns its length; 0 ends
	 * this connection. */
	size_t (*next)(void *arg, int conn, int64_t n, char *to, size_t cap);
	/* Sees each answer: status, head and body (NUL-terminated); may be NULL. */
	void (*answer)(void *arg, int conn, int64_t n, int status, const char *head, const char *body, size_t body_n);
	void *arg;
};

void load_run(const struct load *l, struct load_result *r);

/* One request, waiting for its answer; body is malloc'd into *out (may be NULL). Returns the status, 0 when refused. */
int load_once(int port, const char *request, size_t n, char **head, char **out);
/* The same, for a body that is no text: its length too. */
int load_once_n(int port, const char *request, size_t n, char **head, char **out, size_t *out_n);

#endif
