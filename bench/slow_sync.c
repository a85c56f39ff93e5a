/*
 * A disk that takes longer: with LD_PRELOAD=slow_sync.so every fdatasync and fsync of a process takes SLOW_SYNC_US microseconds more. What it shows
 * is an injected delay, not a disk: nothing else of a slower one (its queue, its own variation) is here.
 */
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Asleep, as one waits for a disk: the processor is free meanwhile. */
static void wait_more(void)
{
	static _Thread_local int exact;
	const char *us = getenv("SLOW_SYNC_US");
	long more = us ? strtol(us, NULL, 10) : 0;
	struct timespec t = {more / 1000000, more % 1000000 * 1000};

	if (!exact)
		exact = prctl(PR_SET_TIMERSLACK, 1000) == 0; /* else the kernel adds 50 microseconds of its own */
	if (more > 0)
		nanosleep(&t, NULL);
}

int fdatasync(int fd)
{
	long rc = syscall(SYS_fdatasync, fd);

	wait_more();
	return (int)rc;
}

int fsync(int fd)
{
	long rc = syscall(SYS_fsync, fd);

	wait_more();
	return (int)rc;
}
