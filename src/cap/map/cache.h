/*
 * Answers that are asked for again and again: tiles. An entry is bytes under a key (what, where, filter, class of readers) and is good while its stamp is
 * the present one. A thousand walls that ask the same cost one answer. Compressed once it has been asked for again, where that pays.
 */
#ifndef CAP_MAP_CACHE_H
#define CAP_MAP_CACHE_H

#include "http/http.h"

#define CACHE_BYTES ((size_t)64 << 20)

struct cache_stamp {
	uint64_t version;
	uint32_t minute;   /* 0: does not depend on the time */
	uint32_t told;     /* feed_told, of what is filtered by it; else 0 */
};

/* Sends the entry, or 304; false when there is none that is good. */
bool cache_send(struct http_req *r, struct str key, struct cache_stamp now);
/* Keeps a copy and sends it. */
void cache_put_send(struct http_req *r, struct str key, struct cache_stamp stamp, struct str body, const char *type);
void cache_forget(void);

struct cache_stats {
	int64_t hits, misses;
	size_t bytes, entries;
};
void cache_stats(struct cache_stats *out);

#endif
