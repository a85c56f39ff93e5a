/* /map/stats: how the map itself is. */
#include "cap/map/cache.h"
#include "cap/map/ground.h"
#include "cap/map/pages.h"

enum err map_stats(struct rq *rq)
{
	const struct ground_held *g = ground_ref(rq->arena, NULL);
	struct feed_stats f;
	struct cache_stats c;
	struct json j;

	feed_stats(&f);
	cache_stats(&c);
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "ready"), json_bool(&j, f.ready);
	json_key(&j, "rows"), json_i64(&j, f.points.rows);
	json_key(&j, "seq"), json_i64(&j, f.points.seq);
	json_key(&j, "bytes"), json_i64(&j, (int64_t)f.points.bytes);
	json_key(&j, "pending"), json_i64(&j, f.points.pending);
	json_key(&j, "kernels"), json_strz(&j, points_kernels());
	json_key(&j, "load_ms"), json_i64(&j, f.load_ms);
	json_key(&j, "from_snapshot"), json_bool(&j, f.from_snapshot);
	json_key(&j, "default_coordinates"), json_i64(&j, (int64_t)f.defaults);
	if (g) {
		json_key(&j, "ground");
		json_obj(&j);
		json_key(&j, "edition"), json_id(&j, g->edition);
		json_key(&j, "features"), json_i64(&j, (int64_t)ground_map_count(g->map));
		json_key(&j, "bytes"), json_i64(&j, (int64_t)ground_map_bytes(g->map));
		json_end(&j);
	}
	json_key(&j, "cache");
	json_obj(&j);
	json_key(&j, "hits"), json_i64(&j, c.hits);
	json_key(&j, "misses"), json_i64(&j, c.misses);
	json_key(&j, "entries"), json_i64(&j, (int64_t)c.entries);
	json_key(&j, "bytes"), json_i64(&j, (int64_t)c.bytes);
	json_end(&j);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}
