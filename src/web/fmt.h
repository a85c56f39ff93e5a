/*
 * Times as people of the office read them: always Asia/Shanghai (UTC+8, no summer time since 1991), Chinese or English.
 * 0 is "no time" and writes nothing.
 */
#ifndef WEB_FMT_H
#define WEB_FMT_H

#include <stdint.h>

#include "base/buf.h"
#include "web/web.h"

#define FMT_ZONE_MS (8 * 3600 * (int64_t)1000)

void fmt_time(struct buf *o, enum lang l, int64_t ms);  /* 2026年3月5日 14:02 | 5 Mar 2026, 14:02 */
void fmt_date(struct buf *o, enum lang l, int64_t ms);  /* 2026年3月5日 | 5 Mar 2026 */
void fmt_clock(struct buf *o, int64_t ms);              /* 14:02 */
void fmt_iso(struct buf *o, int64_t ms);                /* 2026-03-05T14:02:09+08:00 */
void fmt_iso_date(struct buf *o, int64_t ms);           /* 2026-03-05 */
/* How long: "3 天 4 小时", "25 分钟"; never negative. */
void fmt_span(struct buf *o, enum lang l, int64_t ms);

#endif
