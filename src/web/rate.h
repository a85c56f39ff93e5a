/*
 * How often somebody may do something: so many times a minute, with a burst of the same size. In memory, of fixed size,
 * for this process; forgetting a bucket under pressure errs on the side of letting through.
 */
#ifndef WEB_RATE_H
#define WEB_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct rate;
struct rate *rate_new(void);
void rate_free(struct rate *r);

/* Counts one try of `who` for this purpose; false when it is one too many. *wait_ms (may be NULL): until the next is free. */
bool rate_take(struct rate *r, const char *purpose, struct str who, int64_t per_minute, int64_t now, int64_t *wait_ms);

#endif
