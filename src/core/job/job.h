/*
 * Work at intervals (clocks, mail, heads, clean-up). Each job has a thread, so that a slow one (mail to a server that does not answer)
 * never keeps a clock waiting, and so that no job overlaps itself. With several nodes on PostgreSQL each job runs on the node that holds
 * its lease (table job_lease); when that node dies another one takes over within LEASE_MS.
 *
 * A job that fails is logged and tried again after a second, two, four ... up to its interval. It must bear being run twice.
 */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include "db/db.h"

struct job_runner;
CHECKED enum err job_start(struct db *db, struct job_runner **out);
/* name and arg must live until job_stop. The first run is at once. */
void job_add(struct job_runner *r, const char *name, int64_t every_ms, enum err (*fn)(void *arg, int64_t now), void *arg);
/* For a job that does its work in pieces: waits between two of them (0: only asks). True: the server stops, so come to an end; the rest is done by
 * the next run. Elsewhere than in a job it waits, and is false. */
bool job_rest(int64_t ms);
/* Waits for running jobs, gives the leases back. */
void job_stop(struct job_runner *r);

/* For the page of the administrator and for tests. */
struct job_status {
	const char *name;
	int64_t runs, failures;  /* since the start, on this node */
	int64_t last_run;        /* wall clock; 0: never on this node */
	enum err last;
	bool running;
};
/* False behind the last one. */
bool job_status(struct job_runner *r, size_t i, struct job_status *out);

#endif
