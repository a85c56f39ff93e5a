/*
 * Where a row is, by its id. Two tables, both only for whoever holds the writer's lock:
 *
 * home    id -> number of the base segment that holds a row of it: 4 bytes an entry (12 bits of the number, 20 of the id's hash), in 1024 shards
 *         that grow by themselves, since an entry carries all that is needed to place it again. A hit is only a candidate: the segment has the last word.
 * recent  id -> the row itself, or a tombstone, for ids whose last change is still in a run; it has the last word before home. The stamp is the number of
 *         the batch: when all runs up to a batch have been merged into the base, entries up to that stamp go.
 */
#ifndef GEO_POINTS_INDEX_H
#define GEO_POINTS_INDEX_H

#include "geo/points_seg.h"

#define HOME_SHARDS 1024
#define HOME_SLOTS_MAX 4096

struct home_shard { uint32_t *v; uint32_t n, cap; };
struct home { struct home_shard shard[HOME_SHARDS]; };

/* Room for about so many ids. */
void home_init(struct home *h, size_t expect);
void home_release(struct home *h);
size_t home_bytes(const struct home *h);
void home_add(struct home *h, int64_t id, uint32_t slot);
/*
 * Many at once: the entries of a segment's ids by their shard, then what several such have of one shard. Different segments, and then different shards, may be done
 * by several threads at a time.
 */
struct home_batch { uint32_t *entries; uint16_t *ends; };   /* of each shard, one behind the other */
void home_batch(struct home_batch *b, const int64_t *ids, uint32_t n, uint32_t slot);   /* n <= SEG_MAX */
void home_batch_release(struct home_batch *b);
void home_add_batches(struct home *h, unsigned shard, const struct home_batch *v, uint32_t n);
/* Takes the entry (id, slot) out; false when it is not there. Another id with the same 20 bits in the same segment is the same entry. */
bool home_remove(struct home *h, int64_t id, uint32_t slot);
/* Candidates one after another: start with *at = 0; false at the end. */
bool home_next(const struct home *h, int64_t id, uint32_t *at, uint32_t *slot);

/* Asks for the memory that a look for the id will touch. */
void home_prefetch(const struct home *h, int64_t id);

struct recent_entry { struct row row; uint64_t stamp; bool gone; uint32_t next_free; };
/*
 * In shards, so that no growth takes long: entries stand in chunks, which stay where they are, and a slot carries the hash, so that the table of slots grows without a look
 * at the entries. `full` of 256 slots are used before it does: of each shard another number, so that they do not all grow at once.
 */
#define RECENT_SHARDS 64
#define RECENT_CHUNK 1024u
struct recent_slot { uint32_t hash, entry; };   /* entry: number + 1; 0: free */
struct recent_shard { struct recent_slot *slots; uint32_t mask; struct recent_entry **chunks; uint32_t nchunks, n, used, free, full; };
struct recent { struct recent_shard shard[RECENT_SHARDS]; };

void recent_init(struct recent *r);
void recent_release(struct recent *r);
void recent_prefetch(const struct recent *r, int64_t id);
struct recent_entry *recent_get(const struct recent *r, int64_t id);
/* The entry of the id, made when it is not there. Pointers into the table end with the next call. */
struct recent_entry *recent_put(struct recent *r, int64_t id);
/* Takes out what has a stamp <= that, in one shard. */
void recent_drop(struct recent *r, int shard, uint64_t stamp);
/* Entry number i < used of a shard; one that is free has the id 0. */
static inline struct recent_entry *recent_at(const struct recent_shard *s, uint32_t i)
{
	return &s->chunks[i / RECENT_CHUNK][i % RECENT_CHUNK];
}
size_t recent_bytes(const struct recent *r);
size_t recent_count(const struct recent *r);

#endif
