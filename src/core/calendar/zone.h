/*
 * Time zones without tzset: safe on any thread. A zone is a fixed offset ("UTC", "+08:00", "-0500"), a POSIX rule
 * ("EST5EDT,M3.2.0,M11.1.0") or a name of the system's zone table ("America/New_York"). The names Asia/Shanghai and
 * America/New_York work without that table too.
 */
#ifndef CORE_CALENDAR_ZONE_H
#define CORE_CALENDAR_ZONE_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct zone; /* read-only, shared, lives as long as the process; a zone is read once */

/* ERR_INPUT: not a zone. */
CHECKED enum err zone_find(struct str name, const struct zone **out);
const struct zone *zone_fixed(int offset_minutes);
/* Seconds east of Greenwich in force at the instant (ms). */
int zone_offset_at(const struct zone *z, int64_t at);
/* Instant (ms) of a local time. A time that exists twice means the first; one that is skipped moves forward by the gap. */
int64_t zone_local(const struct zone *z, int64_t local_ms);
/* The same by name and parts; ERR_INPUT for an unknown zone or an impossible date or time. */
CHECKED enum err zone_to_utc(struct str zone, int year, int month, int day, int hour, int minute, int second, int64_t *out);

#endif
