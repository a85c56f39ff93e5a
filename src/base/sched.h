/* A word to the scheduler. */
#ifndef BASE_SCHED_H
#define BASE_SCHED_H

/*
 * The calling thread does much in little pieces and others wait for each of them (event threads, the writer of the store): it asks for
 * short turns, and gets them sooner. With as many threads at work as here it otherwise waits for several others to use up theirs, some
 * milliseconds each. No right is needed. Linux 6.12 and later (EEVDF); older ones take it and do nothing.
 */
void sched_short_turns(void);

#endif
