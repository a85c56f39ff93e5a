/* Private to notify. */
#ifndef CORE_NOTIFY_INNER_H
#define CORE_NOTIFY_INNER_H

#include "core/notify/wish.h"

/* Puts a message into the queue of every channel the account has chosen, due at `at`, in the language chosen with it: title and body may be notify_two. */
CHECKED enum err notify_enqueue_chosen(struct tx *tx, int64_t to, int64_t at, struct str title, struct str body, int *queued);

#endif
