/*
 * The number of a node is its own: ids hold it, so two processes that serve one store under the same number would make the same ids. The
 * holder beats every NODE_BEAT_MS; whoever starts with its number is refused. A holder that is known to be dead (same machine, its process
 * gone or another boot) is replaced at once, so that a crash costs no time; any other one when it has not beaten for NODE_LEASE_MS.
 * On SQLite only one process may serve a store, whatever its number.
 */
#ifndef CORE_JOB_NODE_H
#define CORE_JOB_NODE_H

#include "db/db.h"

#define NODE_LEASE_MS ((int64_t)20000)
#define NODE_BEAT_MS ((int64_t)5000)

struct node;
/* ERR_CONFLICT with *why (both languages). A store that cannot be written now (full disk) is no reason to refuse: the beat tries again. */
CHECKED enum err node_begin(struct db *db, int64_t number, struct node **out, struct arena *a, struct str *why);
/* Gives the number back; NULL is fine. */
void node_end(struct node *n);

/* Tests: as node_begin, for a process that says it is `who`: "MACHINE BOOT PIDSPACE PID START". */
CHECKED enum err node_begin_as(struct db *db, int64_t number, struct str who, struct node **out, struct arena *a, struct str *why);
/* Who this process is. */
struct str node_who(struct arena *a);

#endif
