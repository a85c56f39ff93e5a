/*
 * Work at intervals (clocks, mail, heads, clean-up), on one timer thread. With several nodes on PostgreSQL each job runs on the
 * node that holds its lease (table job_lease).
 */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include "db/db.h"

struct job_runner;
CHECKED enum err job_start(struct db *db, struct job_runner **out);
void job_add(struct job_runner *r, const char *name, int64_t every_ms, enum err (*fn)(void *arg, int64_t now), void *arg);
void job_stop(struct job_runner *r);

#endif
