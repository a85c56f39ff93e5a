/* Words and classes that several pages share: when, how long, clocks. What they look like: docs/looks.md. */
#ifndef WEB_LOOKS_H
#define WEB_LOOKS_H

#include "core/matter/matter.h"
#include "web/web.h"

/* "今天 14:02", "昨天 09:10", "11 月 26 日 18:00", "2025 年 11 月 26 日". */
struct str looks_when(struct rq *rq, int64_t at);
/* A day alone: "11 月 26 日", "2025 年 11 月 26 日". */
struct str looks_day(struct rq *rq, int64_t at);
/* "2 天 3 小时", "40 分钟" (fmt_span as a string). */
struct str looks_span(struct rq *rq, int64_t ms);

/* The clock of a deadline in words and its class: "剩 3 小时", "clock clock--soon". Nothing ("") without a deadline. */
struct str looks_clock(struct rq *rq, int64_t due, int64_t suspended_since);
const char *looks_clock_class(int colour, int64_t suspended_since);
/* The same for a matter's state. */
struct str looks_matter_clock(struct rq *rq, const struct matter *m);
const char *looks_matter_clock_class(struct rq *rq, const struct matter *m);

/* Text of a scenario file in the visitor's language; the Chinese when there is no English. */
struct str looks_text(struct rq *rq, struct text2 t);

/* Why a matter was refused what was asked, in the reader's language (struct matter_why); STR_NULL when nothing was said. */
struct str looks_why(struct rq *rq, struct str zh, const struct matter_why *w);

#endif
