/* Counters of this process, as Prometheus reads them at /metrics (from this machine only). */
#ifndef WEB_METRICS_H
#define WEB_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"

#define METRICS_BUCKETS 12

struct metrics {
	atomic_llong status[6];                    /* by first digit */
	atomic_llong took[METRICS_BUCKETS + 1];    /* requests by duration; the last: longer than all */
	atomic_llong took_us;
	atomic_llong writes, write_errors, repeats, rate_refused, csrf_refused, login_needed;
	int64_t started;
};

void metrics_request(struct metrics *m, int status, int64_t micros);

struct http_server;
/* Text format 0.0.4. */
void metrics_write(struct metrics *m, struct http_server *s, int64_t now, struct buf *out);

#endif
