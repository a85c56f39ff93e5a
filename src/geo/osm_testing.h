/* A small writer of .osm.pbf for tests and fuzzing: enough to say what real files say, and what hostile ones do. */
#ifndef GEO_OSM_TESTING_H
#define GEO_OSM_TESTING_H

#include <sys/mman.h>
#include <unistd.h>

#include "geo/mvt.h"
#include "geo/osm.h"

static inline void pb_varint(struct buf *b, uint64_t v)
{
	uint8_t bytes[10];

	buf_add(b, bytes, mvt_varint(bytes, v));
}

static inline void pb_signed(struct buf *b, int64_t v)
{
	pb_varint(b, ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

static inline void pb_number(struct buf *b, unsigned field, uint64_t v)
{
	pb_varint(b, field << 3);
	pb_varint(b, v);
}

static inline void pb_bytes(struct buf *b, unsigned field, struct str s)
{
	pb_varint(b, field << 3 | 2);
	pb_varint(b, s.n);
	buf_adds(b, s);
}

/* A block of the file; pack: gives zlib data, NULL leaves it as it is. */
static inline void pb_block(struct buf *file, const char *type, struct str message, struct str (*pack)(struct str))
{
	struct buf blob, head;

	buf_init(&blob, 64 << 20);
	buf_init(&head, 1024);
	if (pack) {
		pb_number(&blob, 2, message.n);
		pb_bytes(&blob, 3, pack(message));
	} else {
		pb_bytes(&blob, 1, message);
	}
	pb_bytes(&head, 1, str_from(type));
	pb_number(&head, 3, blob.n);
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_addc(file, (char)(head.n >> shift));
	buf_adds(file, buf_str(&head));
	buf_adds(file, buf_str(&blob));
	buf_release(&blob);
	buf_release(&head);
}

/* A descriptor of a file that holds the bytes and is nowhere. */
static inline int osm_file_of(struct str bytes)
{
	int fd = memfd_create("osm", 0);

	if (fd < 0 || write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n)
		BUG("no file in memory");
	return fd;
}

#endif
