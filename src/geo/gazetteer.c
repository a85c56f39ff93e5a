#include "geo/gazetteer.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "geo/pinyin.h"

#define NAME_SIGNS 60
#define TEXT_SIGNS 400

/* One sign of a name or of what was typed. sound 0: it has none (a digit, a letter). */
struct sign {
	uint32_t c;
	uint16_t sound[PINYIN_READINGS], reading;
	unsigned char nsounds;
};

struct item {
	struct gazetteer_entry e;
	uint32_t start;              /* of signs */
	unsigned char n, stem;       /* signs; without the word for what it is (社区, 街道 ...) */
	uint32_t letters;            /* offset of its pinyin, loosened: "simenzequ", a NUL, the first letters "smsq", a NUL */
};

struct gazetteer {
	struct arena arena;          /* texts of entries */
	struct item *v;
	struct sign *signs;
	char *letters;
	size_t n, cap, nsigns, cap_signs, nletters, cap_letters;
};

/* ---- making ---- */

struct gazetteer *gazetteer_new(void)
{
	struct gazetteer *g = calloc(1, sizeof(*g));

	if (!g)
		BUG("out of memory");
	arena_init(&g->arena, (size_t)1 << 30);
	return g;
}

void gazetteer_free(struct gazetteer *g)
{
	if (!g)
		return;
	arena_release(&g->arena);
	free(g->v);
	free(g->signs);
	free(g->letters);
	free(g);
}

static void *grow(void *v, size_t *cap, size_t need, size_t size)
{
	if (need <= *cap)
		return v;
	*cap = *cap * 2 > need ? *cap * 2 : need + 64;
	v = realloc(v, *cap * size);
	if (!v)
		BUG("out of memory");
	return v;
}

static struct sign sign_of(uint32_t c)
{
	struct sign s = {.c = c};
	uint16_t readings[PINYIN_READINGS];
	size_t n = pinyin_of(c, readings);

	s.nsounds = (unsigned char)n;
	s.reading = n ? readings[0] : 0;
	for (size_t i = 0; i < n; i++)
		s.sound[i] = pinyin_sound(readings[i]);
	return s;
}

static bool silent(uint32_t c)
{
	return c <= ' ' || c == 0x3000 || (c < 0x80 && strchr("-_,.;:()/#'\"", (int)c)) || c == 0xff08 || c == 0xff09 || c == 0x3001 ||
	       c == 0x3002 || c == 0xff0c || c == 0xb7;
}

/* Signs of a text, folded: wide letters are letters, capitals small; blanks and points gone. */
static size_t read_signs(struct arena *a, struct str text, struct sign *out, size_t max)
{
	struct str rest = utf8_fold(a, text);
	size_t n = 0;

	while (rest.n && n < max) {
		uint32_t c = utf8_next(&rest);

		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if (!silent(c))
			out[n++] = sign_of(c);
	}
	return n;
}

static size_t stem_of(const struct sign *v, size_t n)
{
	static const uint32_t words[][5] = {
		{0x793e, 0x533a}, {0x8857, 0x9053}, {0x7f51, 0x683c}, {0x6751}, {0x9547}, {0x4e61}, {0x533a}, {0x53bf}, {0x5e02}};
		/* 社区 街道 网格 村 镇 乡 区 县 市 */

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t len = 0;

		while (words[i][len])
			len++;
		if (n < len + 2)
			continue;
		for (size_t k = 0; k < len; k++)
			if (v[n - len + k].c != words[i][k])
				goto next;
		return n - len;
	next:;
	}
	return n;
}

/* Pinyin of so many signs, loosened. */
static void letters_of(const struct sign *v, size_t n, char *loose, size_t size)
{
	char whole[NAME_SIGNS * 6 + 1];
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		const char *t = pinyin_text(v[i].reading);
		char plain[2] = {v[i].c < 0x80 ? (char)v[i].c : '\0', '\0'};

		t = *t ? t : plain;
		memcpy(whole + len, t, strlen(t));
		len += strlen(t);
	}
	whole[len] = '\0';
	pinyin_loosen(whole, loose, size);
}

static void add_letters(struct gazetteer *g, const struct sign *v, size_t n)
{
	char loose[NAME_SIGNS * 7 + 8];
	size_t len;

	letters_of(v, n, loose, sizeof(loose));
	len = strlen(loose) + 1;
	g->letters = grow(g->letters, &g->cap_letters, g->nletters + len + n + 1, 1);
	memcpy(g->letters + g->nletters, loose, len);
	g->nletters += len;
	for (size_t i = 0; i < n; i++) {
		const char *t = pinyin_text(v[i].reading);

		g->letters[g->nletters++] = *t ? *t : v[i].c < 0x80 ? (char)v[i].c : '?';
	}
	g->letters[g->nletters++] = '\0';
}

void gazetteer_add(struct gazetteer *g, const struct gazetteer_entry *e)
{
	struct sign signs[NAME_SIGNS];
	struct item *it;
	struct arena a;
	size_t n;

	arena_init(&a, 0);
	n = read_signs(&a, e->name, signs, NAME_SIGNS);
	arena_release(&a);
	if (n == 0)
		return;
	g->v = grow(g->v, &g->cap, g->n + 1, sizeof(*g->v));
	g->signs = grow(g->signs, &g->cap_signs, g->nsigns + n, sizeof(*g->signs));
	it = &g->v[g->n++];
	*it = (struct item){.e = *e, .start = (uint32_t)g->nsigns, .n = (unsigned char)n, .stem = (unsigned char)stem_of(signs, n),
			    .letters = (uint32_t)g->nletters};
	it->e.place = arena_str(&g->arena, e->place);
	it->e.name = arena_str(&g->arena, e->name);
	it->e.needs = e->needs.n ? arena_str(&g->arena, e->needs) : STR_NULL;
	memcpy(g->signs + g->nsigns, signs, n * sizeof(*signs));
	g->nsigns += n;
	add_letters(g, signs, n);
}

size_t gazetteer_count(const struct gazetteer *g)
{
	return g->n;
}

/* ---- comparing ---- */

/* 3: the same sign; 1: another of the same sound; 0. */
static int alike(const struct sign *a, const struct sign *b)
{
	if (a->c == b->c)
		return 3;
	for (unsigned i = 0; i < a->nsounds; i++)
		for (unsigned k = 0; k < b->nsounds; k++)
			if (a->sound[i] == b->sound[k])
				return 1;
	return 0;
}

/* Points of n signs side by side, with so many strangers allowed; -1: not alike. *exact: all the same signs. */
static int compare(const struct sign *a, const struct sign *b, size_t n, int strangers, bool *exact)
{
	int sum = 0;

	*exact = true;
	for (size_t i = 0; i < n; i++) {
		int s = alike(&a[i], &b[i]);

		if (s == 0 && strangers-- <= 0)
			return -1;
		*exact = *exact && s == 3;
		sum += s;
	}
	return sum;
}

/* Cheap: before a name is compared. */
static bool within(const struct item *it, const struct gazetteer_scope *s)
{
	struct str top = s->within;

	return it->e.place.n >= top.n && memcmp(it->e.place.p, top.p ? top.p : "", top.n) == 0;
}

/* Of what has been found. */
static bool may_know(const struct item *it, const struct gazetteer_scope *s)
{
	return s->may ? s->may(s->arg, &it->e) : it->e.needs.n == 0;
}

/* Keeps the best `max`, best first; of equals the wider place, then the lower key. */
static int order(const void *x, const void *y)
{
	const struct gazetteer_hit *a = x, *b = y;

	if (a->score != b->score)
		return (a->score < b->score) - (a->score > b->score);
	if (a->entry->place.n != b->entry->place.n)
		return (a->entry->place.n > b->entry->place.n) - (a->entry->place.n < b->entry->place.n);
	return str_cmp(a->entry->place, b->entry->place);
}

struct hits {
	struct gazetteer_hit *v;
	size_t n, max;
};

static void keep(struct hits *h, const struct gazetteer_entry *e, double score, bool sound)
{
	struct gazetteer_hit hit = {e, score, sound};

	if (h->n < h->max) {
		h->v[h->n++] = hit;
		if (h->n == h->max)
			qsort(h->v, h->n, sizeof(*h->v), order);
		return;
	}
	if (h->max == 0 || order(&hit, &h->v[h->n - 1]) >= 0)
		return;
	h->v[h->n - 1] = hit;
	for (size_t i = h->n - 1; i > 0 && order(&h->v[i], &h->v[i - 1]) < 0; i--) {
		hit = h->v[i];
		h->v[i] = h->v[i - 1];
		h->v[i - 1] = hit;
	}
}

/* ---- search ---- */

/* By signs: the typed ones side by side somewhere in the name. */
static double by_signs(const struct gazetteer *g, const struct item *it, const struct sign *q, size_t n, bool *sound)
{
	const struct sign *v = g->signs + it->start;
	double best = 0;

	for (size_t at = 0; at + n <= it->n; at++) {
		bool exact;
		int points = compare(q, v + at, n, n >= 4, &exact);
		double score;

		if (points < 0)
			continue;
		score = points / 3.0 / (double)n + (at == 0 ? 0.3 : 0) + 0.5 * (double)n / it->n + (exact ? 0.5 : 0);
		if (score > best) {
			best = score;
			*sound = !exact;
		}
	}
	return best;
}

static double by_letters(const struct gazetteer *g, const struct item *it, const char *loose, const char *plain, size_t n)
{
	const char *whole = g->letters + it->letters, *first = whole + strlen(whole) + 1;
	const char *at = strstr(whole, loose);

	if (at)
		return 1 + (at == whole ? 0.3 : 0) + 0.5 * (double)strlen(loose) / (double)strlen(whole);
	if (n >= 2 && strncmp(first, plain, n) == 0)
		return 0.8 + 0.4 * (double)n / it->n;
	return 0;
}

/* Signs, and behind them the pinyin of the next ones: an input method has written the first and not yet the last ("石men"). */
static double by_both(const struct gazetteer *g, const struct item *it, const struct sign *q, size_t n, const char *rest)
{
	const struct sign *v = g->signs + it->start;
	char loose[NAME_SIGNS * 7 + 8];
	bool exact;

	for (size_t at = 0; at + n < it->n; at++) {
		int points = compare(q, v + at, n, 0, &exact);

		if (points < 0)
			continue;
		letters_of(v + at + n, it->n - at - n, loose, sizeof(loose));
		if (strncmp(loose, rest, strlen(rest)) == 0)
			return 0.8 + points / 3.0 / (double)n * 0.5 + (at == 0 ? 0.3 : 0) + 0.3 * (double)n / it->n;
	}
	return 0;
}

/* How many signs stand before the letters with which it ends; 0: it is not of that kind. */
static size_t signs_before_letters(const struct sign *q, size_t n)
{
	size_t at = n;

	while (at > 0 && q[at - 1].c >= 'a' && q[at - 1].c <= 'z')
		at--;
	return at < n ? at : 0;
}

static bool all_letters(const struct sign *q, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		if (q[i].c >= 0x80)
			return false;
		out[i] = (char)q[i].c;
	}
	out[n] = '\0';
	return true;
}

size_t gazetteer_search_for(const struct gazetteer *g, struct arena *a, struct str typed, const struct gazetteer_scope *scope,
			    struct gazetteer_hit *v, size_t max)
{
	struct sign *q = arena_array(a, struct sign, NAME_SIGNS);
	struct hits h = {.v = v, .max = max};
	char plain[NAME_SIGNS + 1], loose[NAME_SIGNS * 2 + 8];
	size_t n = read_signs(a, typed, q, NAME_SIGNS);
	size_t mixed = signs_before_letters(q, n);
	bool letters = n && all_letters(q, n, plain);

	if (n == 0)
		return 0;
	if (letters)
		mixed = 0;
	if (mixed)
		(void)all_letters(q + mixed, n - mixed, plain);
	if (letters || mixed)
		pinyin_loosen(plain, loose, sizeof(loose));
	for (size_t i = 0; i < g->n; i++) {
		bool sound = letters;
		double score;

		if (!within(&g->v[i], scope))
			continue;
		score = by_signs(g, &g->v[i], q, n, &sound);
		if (score == 0 && letters)
			score = by_letters(g, &g->v[i], loose, plain, n);
		if (score == 0 && mixed)
			score = by_both(g, &g->v[i], q, mixed, loose);
		if (score > 0 && may_know(&g->v[i], scope))
			keep(&h, &g->v[i].e, score, sound);
	}
	if (h.n < h.max && h.n)
		qsort(h.v, h.n, sizeof(*h.v), order);
	return h.n;
}

size_t gazetteer_search(const struct gazetteer *g, struct arena *a, struct str typed, struct str top, struct gazetteer_hit *v, size_t max)
{
	return gazetteer_search_for(g, a, typed, &(struct gazetteer_scope){.within = top}, v, max);
}

/* ---- names in an address ---- */

/* How telling it is that this name stands in the text: longer names, whole ones and the very signs tell more. */
static double found_in(const struct gazetteer *g, const struct item *it, const struct sign *text, size_t n, bool *sound)
{
	const struct sign *v = g->signs + it->start;
	double best = 0;

	for (size_t at = 0; at < n; at++) {
		bool exact;
		double score = 0;

		if (at + it->n <= n && compare(v, text + at, it->n, 0, &exact) >= 0 && (exact || it->n >= 3))
			score = it->n * (exact ? 2.0 : 1.2);
		else if (it->stem >= 2 && it->stem < it->n && at + it->stem <= n && compare(v, text + at, it->stem, 0, &exact) >= 0 && exact)
			score = it->stem * 1.5;
		if (score > best) {
			best = score;
			*sound = !exact;
		}
	}
	return best;
}

static bool above(const struct gazetteer_entry *up, const struct gazetteer_entry *down)
{
	/* a point or a road has the key of the place it lies in */
	return up->kind == GAZETTEER_PLACE && (up->place.n < down->place.n || (down->kind != GAZETTEER_PLACE && up->place.n == down->place.n)) &&
	       memcmp(up->place.p, down->place.p, up->place.n) == 0;
}

size_t gazetteer_in_text_for(const struct gazetteer *g, struct arena *a, struct str text, const struct gazetteer_scope *scope,
			     struct gazetteer_hit *v, size_t max)
{
	struct sign *t = arena_array(a, struct sign, TEXT_SIGNS);
	struct gazetteer_hit *all = arena_array(a, struct gazetteer_hit, 256);
	struct hits found = {.v = all, .max = 256}, best = {.v = v, .max = max};
	size_t n = read_signs(a, text, t, TEXT_SIGNS);

	for (size_t i = 0; i < g->n; i++) {
		bool sound = false;
		double score = within(&g->v[i], scope) ? found_in(g, &g->v[i], t, n, &sound) : 0;

		if (score > 0 && may_know(&g->v[i], scope))
			keep(&found, &g->v[i].e, score, sound);
	}
	if (found.n && found.n < found.max)
		qsort(all, found.n, sizeof(*all), order);
	/* what stands there together with the place above it is the one that is meant */
	for (size_t i = 0; i < found.n; i++) {
		double score = all[i].score;

		for (size_t k = 0; k < found.n; k++)
			if (above(all[k].entry, all[i].entry))
				score += all[k].score;
		keep(&best, all[i].entry, score, all[i].sound);
	}
	if (best.n && best.n < best.max)
		qsort(best.v, best.n, sizeof(*best.v), order);
	return best.n;
}

size_t gazetteer_in_text(const struct gazetteer *g, struct arena *a, struct str text, struct str top, struct gazetteer_hit *v, size_t max)
{
	return gazetteer_in_text_for(g, a, text, &(struct gazetteer_scope){.within = top}, v, max);
}
