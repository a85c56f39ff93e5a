/* For tests without a store: one arena for the group, and its setup and teardown. To be included last: `a` is a short name. */
#ifndef TESTS_ARENA_H
#define TESTS_ARENA_H

#include "tests/unit.h"

static struct arena a;

static int setup(void **state)
{
	(void)state;
	arena_init(&a, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&a);
	return 0;
}

#endif
