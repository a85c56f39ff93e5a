#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static _Atomic int64_t frozen;
static _Atomic int64_t offset;
static _Atomic int64_t offset_read_at;
static const char *offset_file;

static int64_t read_clock(clockid_t id, int64_t per_second)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * per_second + ts.tv_nsec / (1000000000 / per_second);
}

static void refresh_offset(void)
{
	int64_t mono = clock_mono();
	FILE *f;
	long long v;

	if (mono - atomic_load(&offset_read_at) < 10)
		return;
	atomic_store(&offset_read_at, mono);
	f = fopen(offset_file, "r");
	if (f == NULL)
		return;
	if (fscanf(f, "%lld", &v) == 1)
		atomic_store(&offset, v);
	fclose(f);
}

int64_t clock_now(void)
{
	int64_t at = atomic_load_explicit(&frozen, memory_order_relaxed);

	if (at)
		return at;
	if (offset_file)
		refresh_offset();
	return read_clock(CLOCK_REALTIME, 1000) + atomic_load_explicit(&offset, memory_order_relaxed);
}

int64_t clock_mono(void)
{
	return read_clock(CLOCK_MONOTONIC, 1000);
}

int64_t clock_mono_us(void)
{
	return read_clock(CLOCK_MONOTONIC, 1000000);
}

void clock_set(int64_t now)
{
	atomic_store(&frozen, now);
}

void clock_follow(const char *file)
{
	offset_file = file;
}
