/*
 * Reading protocol buffers (https://protobuf.dev/programming-guides/encoding/) without a schema compiler: fields one behind the other, every length checked.
 * A reader that met something broken stays broken and gives nothing more. Writing needs nothing but varints (geo/mvt.h).
 */
#ifndef GEO_PROTO_H
#define GEO_PROTO_H

#include "base/str.h"

struct proto {
	const uint8_t *at, *end;
	bool broken;
};

enum proto_wire { PROTO_VARINT = 0, PROTO_FIXED64 = 1, PROTO_BYTES = 2, PROTO_FIXED32 = 5 };

struct proto_field {
	uint32_t number;
	enum proto_wire wire;
	uint64_t value;      /* varint, fixed */
	struct str bytes;
};

static inline struct proto proto_of(struct str s)
{
	const uint8_t *p = (const uint8_t *)(s.p ? s.p : "");

	return (struct proto){p, p + s.n, false};
}

static inline uint64_t proto_varint(struct proto *p)
{
	uint64_t v = 0;

	for (unsigned shift = 0; p->at < p->end && shift < 64; shift += 7) {
		uint8_t c = *p->at++;

		v |= (uint64_t)(c & 127) << shift;
		if (c < 128)
			return v;
	}
	p->broken = true;
	p->at = p->end;
	return 0;
}

static inline int64_t proto_zigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static inline bool proto_more(const struct proto *p)
{
	return p->at < p->end;
}

/* False at the end, and when it is broken. */
static inline bool proto_next(struct proto *p, struct proto_field *f)
{
	uint64_t head, n = 0;

	if (!proto_more(p))
		return false;
	head = proto_varint(p);
	*f = (struct proto_field){.number = (uint32_t)(head >> 3), .wire = (enum proto_wire)(head & 7)};
	if (p->broken || head >> 3 == 0 || head >> 3 > 536870911u)
		goto broken;
	switch (f->wire) {
	case PROTO_VARINT:
		f->value = proto_varint(p);
		return !p->broken;
	case PROTO_FIXED64:
	case PROTO_FIXED32:
		n = f->wire == PROTO_FIXED64 ? 8 : 4;
		break;
	case PROTO_BYTES:
		n = proto_varint(p);
		break;
	default:
		goto broken;
	}
	if (p->broken || n > (uint64_t)(p->end - p->at))
		goto broken;
	f->bytes = (struct str){(const char *)p->at, (size_t)n};
	if (f->wire != PROTO_BYTES)
		memcpy(&f->value, p->at, (size_t)n);   /* little-endian, as all machines we run on */
	p->at += n;
	return true;
broken:
	p->broken = true;
	p->at = p->end;
	return false;
}

#endif
