#include "core/place/known.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"

#define SLOTS 16384u
#define KEY_MAX 18u
#define TEXT_MAX 183u
/* A change is forgotten while its job runs; until it has surely committed nothing is kept, lest the old comes back for a minute. */
#define SETTLE_MS 2000

/* A full name (text[0 .. n)), or a place (text: name, then code). */
struct slot {
	int64_t until, store;
	unsigned char key_n, kind, n, code_n;
	bool hidden, has_code;
	enum place_level level;
	int64_t since, ended;
	double lon, lat;
	char key[KEY_MAX], text[TEXT_MAX + 1];
};

enum { A_PLACE = 255 }; /* other kinds: the level a full name begins with */

static struct slot *slots;
static int64_t settled; /* clock_mono from which things are kept again */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct slot *slot_of(struct str key, unsigned kind)
{
	uint32_t h = 2166136261u ^ kind;

	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (unsigned char)key.p[i]) * 16777619u;
	return &slots[h % SLOTS];
}

/* With the lock. */
static const struct slot *find(struct db_conn *c, struct str key, unsigned kind)
{
	const struct slot *s;

	if (slots == NULL || key.n > KEY_MAX || db_is_writer(c))
		return NULL;
	s = slot_of(key, kind);
	return s->until > clock_mono() && s->kind == kind && s->store == db_number(db_of(c)) && s->key_n == key.n &&
	       memcmp(s->key, key.p, key.n) == 0 ? s : NULL;
}

/* With the lock; NULL when it is not to be kept. */
static struct slot *room_for(struct db_conn *c, struct str key, unsigned kind)
{
	struct slot *s;

	if (key.n == 0 || key.n > KEY_MAX || db_is_writer(c) || clock_mono() < settled)
		return NULL;
	if (slots == NULL)
		slots = calloc(SLOTS, sizeof(*slots));
	if (slots == NULL)
		return NULL;
	s = slot_of(key, kind);
	*s = (struct slot){.until = clock_mono() + MS_MINUTE, .store = db_number(db_of(c)), .kind = (unsigned char)kind,
			   .key_n = (unsigned char)key.n};
	memcpy(s->key, key.p, key.n);
	return s;
}

bool place_known(struct db_conn *c, struct arena *a, struct str key, struct place *out)
{
	const struct slot *s;

	pthread_mutex_lock(&lock);
	s = find(c, key, A_PLACE);
	if (s)
		*out = (struct place){.key = arena_str(a, key), .name = arena_str(a, (struct str){s->text, s->n}), .level = s->level,
				      .lon = s->lon, .lat = s->lat, .since = s->since, .until = s->ended, .hidden = s->hidden,
				      .code = s->has_code ? arena_str(a, (struct str){s->text + s->n, s->code_n}) : STR_NULL};
	pthread_mutex_unlock(&lock);
	return s != NULL;
}

void place_keep(struct db_conn *c, const struct place *p)
{
	struct slot *s;

	if (p->name.n + p->code.n > TEXT_MAX)
		return;
	pthread_mutex_lock(&lock);
	s = room_for(c, p->key, A_PLACE);
	if (s) {
		s->level = p->level;
		s->lon = p->lon;
		s->lat = p->lat;
		s->since = p->since;
		s->ended = p->until;
		s->hidden = p->hidden;
		s->has_code = p->code.p != NULL;
		s->n = (unsigned char)p->name.n;
		s->code_n = (unsigned char)p->code.n;
		memcpy(s->text, p->name.p, p->name.n);
		if (p->code.n)
			memcpy(s->text + s->n, p->code.p, p->code.n);
	}
	pthread_mutex_unlock(&lock);
}

bool place_name_known(struct db_conn *c, struct arena *a, struct str key, enum place_level from, struct str *out)
{
	const struct slot *s;

	pthread_mutex_lock(&lock);
	s = find(c, key, from);
	if (s)
		*out = arena_str(a, (struct str){s->text, s->n});
	pthread_mutex_unlock(&lock);
	return s != NULL;
}

void place_name_keep(struct db_conn *c, struct str key, enum place_level from, struct str name)
{
	struct slot *s;

	if (name.n > TEXT_MAX)
		return;
	pthread_mutex_lock(&lock);
	s = room_for(c, key, from);
	if (s) {
		s->n = (unsigned char)name.n;
		memcpy(s->text, name.p, name.n);
	}
	pthread_mutex_unlock(&lock);
}

void place_forget_names(void)
{
	pthread_mutex_lock(&lock);
	free(slots);
	slots = NULL;
	settled = clock_mono() + SETTLE_MS;
	pthread_mutex_unlock(&lock);
}
