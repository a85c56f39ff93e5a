#include "web/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "http/http.h"

static const int64_t bounds_us[METRICS_BUCKETS] = {500,    1000,   2500,   5000,    10000,   25000,
						   50000, 100000, 250000, 1000000, 2500000, 10000000};

void metrics_request(struct metrics *m, int status, int64_t micros)
{
	size_t i = 0;

	atomic_fetch_add_explicit(&m->status[status >= 100 && status < 600 ? status / 100 : 0], 1, memory_order_relaxed);
	while (i < METRICS_BUCKETS && micros > bounds_us[i])
		i++;
	atomic_fetch_add_explicit(&m->took[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&m->took_us, micros, memory_order_relaxed);
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP gongzhi_%s %s\n# TYPE gongzhi_%s %s\n", name, help, name, type);
}

static void counter(struct buf *out, const char *name, const char *help, atomic_llong *v)
{
	head(out, name, "counter", help);
	buf_printf(out, "gongzhi_%s %lld\n", name, atomic_load_explicit(v, memory_order_relaxed));
}

static void gauge(struct buf *out, const char *name, const char *help, int64_t v)
{
	head(out, name, "gauge", help);
	buf_printf(out, "gongzhi_%s %ld\n", name, v);
}

static int64_t resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	char line[128] = "", *pages;

	if (f == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = 0;
	fclose(f);
	pages = strchr(line, ' ');
	return pages ? strtoll(pages + 1, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

void metrics_write(struct metrics *m, struct http_server *s, int64_t now, struct buf *out)
{
	struct http_load load = s ? http_load(s) : (struct http_load){0};
	long long sum = 0;

	head(out, "http_requests_total", "counter", "Answers by class of status.");
	for (int i = 1; i < 6; i++)
		buf_printf(out, "gongzhi_http_requests_total{code=\"%dxx\"} %lld\n", i, atomic_load(&m->status[i]));
	head(out, "http_request_seconds", "histogram", "From the head of a request to its answer.");
	for (size_t i = 0; i < METRICS_BUCKETS; i++) {
		sum += atomic_load(&m->took[i]);
		buf_printf(out, "gongzhi_http_request_seconds_bucket{le=\"%g\"} %lld\n", (double)bounds_us[i] / 1e6, sum);
	}
	sum += atomic_load(&m->took[METRICS_BUCKETS]);
	buf_printf(out, "gongzhi_http_request_seconds_bucket{le=\"+Inf\"} %lld\n", sum);
	buf_printf(out, "gongzhi_http_request_seconds_sum %g\n", (double)atomic_load(&m->took_us) / 1e6);
	buf_printf(out, "gongzhi_http_request_seconds_count %lld\n", sum);
	counter(out, "writes_total", "Write jobs of requests.", &m->writes);
	counter(out, "write_errors_total", "Write jobs that the store refused.", &m->write_errors);
	counter(out, "repeats_total", "Posts sent twice that got the first's answer.", &m->repeats);
	counter(out, "rate_refused_total", "Requests refused by a rate limit.", &m->rate_refused);
	counter(out, "csrf_refused_total", "Posts refused for a missing or wrong form token.", &m->csrf_refused);
	counter(out, "login_needed_total", "Requests sent to the login page.", &m->login_needed);
	gauge(out, "http_connections", "Connections open now.", load.connections);
	gauge(out, "http_requests_running", "Requests running now.", load.requests);
	gauge(out, "http_requests_waiting", "Requests waiting for a worker.", load.waiting);
	gauge(out, "resident_bytes", "Resident memory of the process.", resident_bytes());
	gauge(out, "start_time_seconds", "Start of the process, seconds since 1970.", m->started / 1000);
	gauge(out, "uptime_seconds", "Seconds since the start.", (now - m->started) / 1000);
}
