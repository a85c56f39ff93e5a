/*
 * bench-names: looking for a place by its name, among all names of Chongqing (data/places) and as many points with made-up names as NAMES_POINTS says.
 * Raw limit: one memmem over the same names side by side, which forgives nothing. Precision: of names in which one sign was replaced by another of the
 * same sound, and of names written in pinyin without the last letters, how many are among the first ten of their county.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/utf8.h"
#include "bench/common.h"
#include "core/place/place.h"
#include "geo/gazetteer.h"
#include "geo/pinyin.h"

#define SHOWN 10

struct name { struct str place, county, name; };

struct names {
	struct arena a;
	struct name *v;
	size_t n;
	struct buf all;              /* for the raw limit */
	struct gazetteer *g;
};

static void read_names(struct names *w)
{
	struct str why, text;
	struct csv_row row;
	struct csv *c;
	enum csv_got got;

	w->v = calloc(20000, sizeof(*w->v));
	if (w->v == NULL || file_read(&w->a, "data/places/chongqing.csv", 8 << 20, &text, &why) != OK ||
	    csv_open_text(&c, text, NULL, &w->a, &why) != OK)
		BUG("data/places/chongqing.csv cannot be read");
	while ((got = csv_next(c, &row)) != CSV_END && w->n < 20000) {
		if (got != CSV_ROW || row.n < 2 || row.v[0].n < 6 || row.v[0].p[0] < '0' || row.v[0].p[0] > '9')
			continue;
		/* official codes are prefixes of each other: good enough a key here */
		w->v[w->n++] = (struct name){arena_str(&w->a, row.v[0]), arena_str(&w->a, str_sub(row.v[0], 0, 6)),
					     arena_str(&w->a, place_short_name(row.v[1]))};
	}
	csv_close(c);
}

static void add(struct names *w, struct str place, struct str name, enum gazetteer_kind kind)
{
	gazetteer_add(w->g, &(struct gazetteer_entry){.place = place, .name = name, .kind = kind, .lon = NAN, .lat = NAN});
	buf_add(&w->all, name.p, name.n);
	buf_addz(&w->all, "\n");
}

static void fill(struct names *w, int64_t points)
{
	static const char *const ends[] = {"小学", "农贸市场", "路口公交站", "卫生服务站", "派出所", "3号楼", "停车场", "幼儿园"};

	w->g = gazetteer_new();
	buf_init(&w->all, (size_t)64 << 20);
	for (size_t i = 0; i < w->n; i++)
		add(w, w->v[i].place, w->v[i].name, GAZETTEER_PLACE);
	for (int64_t i = 0; i < points; i++) {
		const struct name *of = &w->v[(size_t)(i * 7919) % w->n];

		add(w, of->place, arena_printf(&w->a, "%.*s%s", STR_ARG(of->name), ends[i % 8]), GAZETTEER_POINT);
	}
}

/* Another sign of the same reading, and so no other than a person might type. 0: there is none. */
static uint32_t homophone(uint32_t c, uint32_t seed)
{
	uint16_t mine[PINYIN_READINGS], other[PINYIN_READINGS];

	if (pinyin_of(c, mine) == 0)
		return 0;
	for (uint32_t i = 0; i < 6000; i++) {
		uint32_t o = 0x4e00 + (seed * 2654435761u + i * 37) % 20000;

		if (o != c && pinyin_of(o, other) && other[0] == mine[0])
			return o;
	}
	return 0;
}

/* One sign of the name replaced; the sign is told by `seed`. False: cannot be. */
static bool misspell(struct str name, uint32_t seed, struct buf *out)
{
	size_t n = utf8_count(name), at = seed % n;
	struct str rest = name;

	buf_clear(out);
	for (size_t i = 0; rest.n; i++) {
		uint32_t c = utf8_next(&rest), o = i == at ? homophone(c, seed) : c;
		char bytes[4];

		if (o == 0)
			return false;
		buf_add(out, bytes, utf8_put(bytes, o));
	}
	return true;
}

static bool in_pinyin(struct str name, struct buf *out)
{
	uint16_t r[PINYIN_READINGS];
	struct str rest = name;

	buf_clear(out);
	while (rest.n) {
		if (pinyin_of(utf8_next(&rest), r) == 0)
			return false;
		buf_addz(out, pinyin_text(r[0]));
	}
	out->n -= out->n > 6 ? 2 : 0; /* it has not been written out yet */
	return out->n > 5;
}

static bool found(const struct names *w, const struct name *of, struct str typed)
{
	struct gazetteer_hit v[SHOWN];
	struct arena a;
	size_t n;
	bool yes = false;

	arena_init(&a, 0);
	n = gazetteer_search(w->g, &a, typed, of->county, v, SHOWN);
	for (size_t i = 0; i < n; i++)
		yes = yes || (str_eq(v[i].entry->place, of->place) && str_eq(v[i].entry->name, of->name));
	arena_release(&a);
	return yes;
}

static void precision(const struct names *w, int64_t most)
{
	size_t asked = 0, hit = 0, letters = 0, letters_hit = 0;
	struct buf b;

	buf_init(&b, 4096);
	for (size_t i = 0; i < w->n && asked < (size_t)most; i += 11) {
		const struct name *of = &w->v[i];

		if (utf8_count(of->name) < 3 || of->place.n < 9)
			continue;
		if (misspell(of->name, (uint32_t)i, &b)) {
			asked++;
			hit += found(w, of, buf_str(&b));
		}
		if (in_pinyin(of->name, &b)) {
			letters++;
			letters_hit += found(w, of, buf_str(&b));
		}
	}
	buf_release(&b);
	printf("%zu names with a wrong sign, %zu in pinyin\n", asked, letters);
	bench_line("names/homophone-in-ten", 100.0 * (double)hit / (double)asked, "%", "all", (double)hit / (double)asked);
	bench_line("names/pinyin-in-ten", 100.0 * (double)letters_hit / (double)letters, "%", "all", (double)letters_hit / (double)letters);
}

static int upwards(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

static void speed(const struct names *w, int64_t rounds)
{
	static const char *const typed[] = {"石", "石门", "实门社区", "shimen", "dsb", "guanyinqiao", "大石坝街道石门社区3栋2单元"};
	double *v = calloc((size_t)rounds, sizeof(*v)), raw = 0, worst = 0, sum = 0;
	struct gazetteer_hit hits[SHOWN];
	struct arena a;
	double begun = bench_now();
	const char *at = NULL;

	if (v == NULL)
		BUG("out of memory");
	for (int64_t i = 0; i < rounds; i++)
		at = memmem(w->all.p, w->all.n, i & 1 ? "没有这个名字" : "也没这个名字", 18) ? w->all.p : at;
	raw = (bench_now() - begun) / (double)rounds * 1e6;
	if (at)
		BUG("a name that nobody has");
	arena_init(&a, 0);
	for (size_t t = 0; t < ARRAY_LEN(typed); t++) {
		for (int64_t i = 0; i < rounds; i++) {
			begun = bench_now();
			if (t + 1 < ARRAY_LEN(typed))
				gazetteer_search(w->g, &a, str_from(typed[t]), STR(""), hits, SHOWN);
			else
				gazetteer_in_text(w->g, &a, str_from(typed[t]), STR(""), hits, SHOWN);
			v[i] = (bench_now() - begun) * 1e6;
			arena_reset(&a);
		}
		qsort(v, (size_t)rounds, sizeof(*v), upwards);
		printf("%-40s median %8.0f us  p99 %8.0f us\n", typed[t], v[rounds / 2], v[rounds * 99 / 100]);
		sum += v[rounds / 2];
		worst = fmax(worst, v[rounds / 2]);
	}
	bench_line("names/search", sum / ARRAY_LEN(typed), "us", "memmem", sum / ARRAY_LEN(typed) / raw);
	bench_line("names/search-worst", worst, "us", "memmem", worst / raw);
	arena_release(&a);
	free(v);
}

int main(void)
{
	int64_t points = bench_env("NAMES_POINTS", 100000), rounds = bench_env("NAMES_ROUNDS", 40);
	struct names w = {0};

	arena_init(&w.a, (size_t)1 << 30);
	read_names(&w);
	fill(&w, 0);
	printf("%zu names of places\n", gazetteer_count(w.g));
	precision(&w, bench_env("NAMES_ASKED", 1000));
	speed(&w, rounds);
	gazetteer_free(w.g);
	buf_release(&w.all);
	if (points) {
		fill(&w, points);
		printf("with %lld points\n", (long long)points);
		speed(&w, rounds);
		gazetteer_free(w.g);
		buf_release(&w.all);
	}
	free(w.v);
	arena_release(&w.a);
	return 0;
}
