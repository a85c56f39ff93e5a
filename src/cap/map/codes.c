#include "cap/map/codes.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/map.h"

struct table {
	struct map numbers;      /* word -> number + 1 */
	struct str *words;
	int64_t *orgs;
	size_t n;
};

static const size_t most[CODE_KINDS] = {256, 256, 256, 65536, 65536};
static const char *const names[CODE_KINDS] = {"state", "scenario", "channel", "category", "org"};

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct table tables[CODE_KINDS];
static struct arena texts;
static bool ready;

static void prepare(void)
{
	if (ready)
		return;
	ready = true;
	arena_init(&texts, 0);
	for (int k = 0; k < CODE_KINDS; k++) {
		map_init(&tables[k].numbers, &texts);
		tables[k].words = arena_array(&texts, struct str, most[k]);
		tables[k].orgs = arena_array(&texts, int64_t, k == CODE_ORG ? most[k] : 1);
	}
}

static bool find_locked(enum code_kind k, struct str word, unsigned *out)
{
	void *v = ready ? map_get(&tables[k].numbers, word) : NULL;

	*out = v ? (unsigned)((uintptr_t)v - 1) : 0;
	return v != NULL;
}

bool code_find(enum code_kind k, struct str word, unsigned *out)
{
	bool found;

	pthread_rwlock_rdlock(&lock);
	found = find_locked(k, word, out);
	pthread_rwlock_unlock(&lock);
	return found;
}

unsigned code_of(enum code_kind k, struct str word)
{
	struct table *t = &tables[k];
	unsigned code;

	if (code_find(k, word, &code))
		return code;
	pthread_rwlock_wrlock(&lock);
	prepare();
	if (!find_locked(k, word, &code)) {
		if (t->n == most[k] - 1)
			log_warn("map: more words than numbers for %s; the rest share one", names[k]);
		if (t->n < most[k])
			t->n++;
		code = (unsigned)t->n - 1;
		t->words[code] = code == most[k] - 1 ? STR("") : arena_str(&texts, word);
		map_put(&t->numbers, word, (void *)(uintptr_t)(code + 1));
		if (k == CODE_ORG && !str_i64(word, &t->orgs[code]))
			t->orgs[code] = 0;
	}
	pthread_rwlock_unlock(&lock);
	return code;
}

static struct str digits(char out[24], int64_t v)
{
	size_t at = 24;
	uint64_t u = (uint64_t)v;

	do
		out[--at] = (char)('0' + u % 10);
	while (u /= 10);
	return (struct str){out + at, 24 - at};
}

unsigned code_of_org(int64_t org)
{
	char text[24];

	return code_of(CODE_ORG, digits(text, org > 0 ? org : 0));
}

bool code_find_org(int64_t org, unsigned *out)
{
	char text[24];

	return code_find(CODE_ORG, digits(text, org > 0 ? org : 0), out);
}

size_t code_count(enum code_kind k)
{
	size_t n;

	pthread_rwlock_rdlock(&lock);
	n = tables[k].n;
	pthread_rwlock_unlock(&lock);
	return n;
}

struct str code_word(enum code_kind k, unsigned code)
{
	struct str word = STR("");

	pthread_rwlock_rdlock(&lock);
	if (code < tables[k].n)
		word = tables[k].words[code];
	pthread_rwlock_unlock(&lock);
	return word;
}

int64_t code_org(unsigned code)
{
	int64_t org = 0;

	pthread_rwlock_rdlock(&lock);
	if (code < tables[CODE_ORG].n)
		org = tables[CODE_ORG].orgs[code];
	pthread_rwlock_unlock(&lock);
	return org;
}

struct str codes_text(struct arena *a)
{
	struct buf b;
	struct str s;

	buf_init(&b, 32 << 20);
	pthread_rwlock_rdlock(&lock);
	for (int k = 0; k < CODE_KINDS; k++)
		for (size_t i = 0; i < tables[k].n; i++)
			buf_printf(&b, "%s %.*s\n", names[k], STR_ARG(tables[k].words[i]));
	pthread_rwlock_unlock(&lock);
	s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

bool codes_restore(struct str text)
{
	struct str line, kind;

	for (int k = 0; k < CODE_KINDS; k++)
		if (code_count((enum code_kind)k))
			return false;
	while (str_split(&text, '\n', &line)) {
		int k = 0;

		if (str_empty(line) || !str_split(&line, ' ', &kind))
			continue; /* behind the last line end */
		while (k < CODE_KINDS && !str_eqz(kind, names[k]))
			k++;
		if (k == CODE_KINDS)
			return false;
		code_of((enum code_kind)k, line.p ? line : STR(""));
	}
	return true;
}

void codes_forget(void)
{
	pthread_rwlock_wrlock(&lock);
	if (ready)
		arena_release(&texts);
	ready = false;
	memset(tables, 0, sizeof(tables));
	pthread_rwlock_unlock(&lock);
}

/* ---- tags ---- */

static const char *const tags[TAG_COUNT] = {"demo", "emergency", "reopened", "escalated", "suspended", "solved", "not-solved", "excluded", "merged",
					    "unassigned"};

const char *tag_word(enum tag t)
{
	return tags[t];
}

int tag_find(struct str word)
{
	for (int i = 0; i < TAG_COUNT; i++)
		if (str_eqz(word, tags[i]))
			return i;
	return -1;
}
