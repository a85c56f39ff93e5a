/*
 * Time. Everywhere: milliseconds since 1970-01-01 UTC in an int64_t. Rules and jobs take `now` as a parameter;
 * only the edges (request begun, batch begun, timer tick) ask clock_now().
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define MS_SECOND ((int64_t)1000)
#define MS_MINUTE (60 * MS_SECOND)
#define MS_HOUR (60 * MS_MINUTE)
#define MS_DAY (24 * MS_HOUR)

/* Wall clock plus the test offset. It may jump; use clock_mono for measuring and time-outs. */
int64_t clock_now(void);
/* Monotonic, milliseconds; microseconds. */
int64_t clock_mono(void);
int64_t clock_mono_us(void);

/*
 * Tests only. clock_set freezes the clock of this process at `now` (0 = real again). clock_follow reads the
 * offset in milliseconds (decimal text) from a file before each answer, at most 100 times a second, so that an
 * end-to-end test can advance the clock of a running server; main() calls it when GONGZHI_TEST_CLOCK names a
 * file, and says so loudly in the log.
 */
void clock_set(int64_t now);
void clock_follow(const char *file);

#endif
