/*
 * Towns that have begun: those with an organisation of their own. The first page goes to the only one, or offers them before the
 * whole tree. Kept for five minutes, so that the
 * first page does not walk through all organisations each time.
 */
#include <pthread.h>

#include "base/clock.h"
#include "cap/portal/portal.h"
#include "core/actor/actor.h"

#define OPEN_MAX 12
#define KEY_SIZE 96

static char keys[OPEN_MAX + 1][KEY_SIZE]; /* one more than is shown: then the tree is the better way */
static size_t nkeys;
static int64_t looked; /* when */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void note(char (*found)[KEY_SIZE], size_t *n, struct str town)
{
	if (str_empty(town) || town.n >= KEY_SIZE || *n > OPEN_MAX)
		return;
	for (size_t i = 0; i < *n; i++)
		if (str_eqz(town, found[i]))
			return;
	memcpy(found[*n], town.p, town.n);
	found[(*n)++][town.n] = 0;
}

static enum err refresh(struct db_conn *c, int64_t now)
{
	char found[OPEN_MAX + 1][KEY_SIZE];
	struct actor_org *orgs;
	struct arena a;
	size_t n = 0, norgs;
	enum err e;

	arena_init(&a, 0);
	e = actor_orgs_for(c, &a, STR(""), &orgs, &norgs);
	for (size_t i = 0; e == OK && i < norgs; i++)
		note(found, &n, place_up(orgs[i].place, PLACE_TOWN));
	arena_release(&a);
	if (e != OK)
		return e;
	pthread_mutex_lock(&lock);
	memcpy(keys, found, sizeof(keys[0]) * n);
	nkeys = n;
	looked = now;
	pthread_mutex_unlock(&lock);
	return OK;
}

static bool stale(int64_t now)
{
	bool old;

	pthread_mutex_lock(&lock);
	old = now < looked || now - looked > 5 * MS_MINUTE;
	pthread_mutex_unlock(&lock);
	return old;
}

CHECKED enum err portal_towns_open(struct db_conn *c, struct arena *a, int64_t now, struct place **v, size_t *n)
{
	char copy[OPEN_MAX + 1][KEY_SIZE];
	size_t ncopy;

	if (stale(now)) {
		enum err e = refresh(c, now);

		if (e != OK)
			return e;
	}
	pthread_mutex_lock(&lock);
	ncopy = nkeys;
	memcpy(copy, keys, sizeof(keys[0]) * ncopy);
	pthread_mutex_unlock(&lock);
	*n = 0;
	*v = arena_array(a, struct place, OPEN_MAX);
	for (size_t i = 0; ncopy <= OPEN_MAX && i < ncopy; i++) {
		enum err e = place_by_key(c, a, arena_str(a, str_from(copy[i])), &(*v)[*n]);

		if (e == OK && !str_empty((*v)[*n].code))
			(*n)++;
		else if (e != OK && e != ERR_NOT_FOUND)
			return e;
	}
	return OK;
}
