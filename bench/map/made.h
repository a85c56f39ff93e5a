/* Points that are made up, the same each time: around real towns, skewed as real ones are. Included by bench_map.c only. */
#ifndef BENCH_MAP_MADE_H
#define BENCH_MAP_MADE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "geo/coord.h"
#include "geo/points.h"

#define QUERIES 3
#define QUERY_CATEGORY 3
#define QUERY_STATE 0
#define TILES_MAX 256
#define MADE_NOW 29500000u   /* minutes; some day of 2026 */
#define MADE_DAYS 1096u
#define GRIDS 60u            /* of a town */

struct made_tile { int z; uint32_t x, y; };
struct made {
	size_t n, ntowns, nplaces;
	struct lonlat *towns;
	double *weight;              /* of grids, summed up */
	uint32_t *town_of;           /* place -> town */
	struct made_tile tiles[TILES_MAX]; size_t ntiles;
};

static inline uint64_t made_chance(uint64_t *s)
{
	uint64_t z = (*s += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline double made_unit(uint64_t *s)
{
	return (double)(made_chance(s) >> 11) / 9007199254740992.0;
}

static inline double made_normal(uint64_t *s)
{
	return sqrt(-2 * log(made_unit(s) + 1e-300)) * cos(2 * M_PI * made_unit(s));
}

/* Towns as data/places/chongqing_points.csv has them: the mean of all points whose code begins with the town's nine digits. */
static void made_towns(struct made *m)
{
	FILE *f = fopen("data/places/chongqing_points.csv", "r");
	static struct { char code[10]; double lon, lat, n; } v[4096];
	char line[256];

	if (f == NULL) {
		fprintf(stderr, "bench: run from the top of the repository\n");
		exit(1);
	}
	m->towns = calloc(4096, sizeof(*m->towns));
	while (fgets(line, sizeof(line), f)) {
		char *rest = line, *code = strsep(&rest, ","), *x = strsep(&rest, ","), *y = strsep(&rest, ",");
		double px, py;
		size_t i = 0;

		if (!y || strlen(code) < 9 || !str_f64(str_from(x), &px) || !str_f64(str_from(y), &py))
			continue;
		while (i < m->ntowns && memcmp(v[i].code, code, 9) != 0)
			i++;
		if (i == 4096)
			continue;
		if (i == m->ntowns)
			memcpy(v[m->ntowns++].code, code, 9);
		v[i].lon += px;
		v[i].lat += py;
		v[i].n++;
	}
	fclose(f);
	for (size_t i = 0; i < m->ntowns; i++)
		m->towns[i] = coord_from_gcj02(v[i].lon / v[i].n, v[i].lat / v[i].n);
}

static void made_weights(struct made *m)
{
	uint64_t s = 42;
	double sum = 0;

	m->nplaces = m->ntowns * GRIDS;
	m->weight = malloc(m->nplaces * sizeof(*m->weight));
	m->town_of = malloc(m->nplaces * sizeof(*m->town_of));
	for (size_t i = 0; i < m->nplaces; i++) { /* Zipf by a random rank */
		sum += 1 / (double)(10 + made_chance(&s) % m->nplaces);
		m->weight[i] = sum;
		m->town_of[i] = (uint32_t)(i / GRIDS);
	}
}

static size_t made_place(const struct made *m, double u)
{
	size_t low = 0, high = m->nplaces - 1;

	u *= m->weight[m->nplaces - 1];
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (m->weight[mid] < u)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Point number i, id i + 1: any of them without the others. */
static struct point made_point(const struct made *m, size_t i)
{
	static const uint8_t states[] = {0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 5, 5};
	uint64_t s = i * 1000003 + 17, g;
	struct point p = {.id = (int64_t)i + 1};
	size_t place = made_place(m, made_unit(&s));
	struct lonlat t = m->towns[place / GRIDS];
	double r;

	g = place * 7919;
	r = 0.012 * sqrt(made_unit(&g) + 0.02);  /* grids lie around the middle of their town, some 1.3 km wide */
	t.lon += r * made_normal(&g) + 0.0012 * made_normal(&s);
	t.lat += r * made_normal(&g) + 0.0010 * made_normal(&s);
	p.at = mercator_from(t.lon, t.lat);
	p.place = (uint32_t)place;
	p.created = MADE_NOW - (uint32_t)((1 - sqrt(0.2 + 0.8 * made_unit(&s))) / (1 - sqrt(0.2)) * MADE_DAYS * 1440);
	p.category = (uint16_t)(20 * pow(made_unit(&s), 1.6));
	p.state = states[made_chance(&s) % sizeof(states)];
	p.scenario = (uint8_t)(made_chance(&s) % 10 == 0);
	p.channel = (uint8_t)(made_chance(&s) % 8);
	p.department = (uint16_t)(made_chance(&s) % 60);
	p.tags = made_chance(&s) % 5 ? 0 : 1u << made_chance(&s) % 32;
	p.flags = made_chance(&s) % 3 ? POINT_PUBLIC : 0;
	if (p.state >= 3) {
		p.closed = p.created + (uint32_t)(made_chance(&s) % 20000);
	} else {
		p.due = p.created + 10080;
		p.soon = p.due - 2016;
	}
	return p;
}

/* Tiles where points are, the denser the likelier: at most 4 at z6, 9 at z7, 19 of each zoom up to 16. */
static void made_tiles(struct made *m)
{
	uint64_t s = 2026;

	for (int z = 6; z <= 16; z++) {
		size_t want = z == 6 ? 4 : z == 7 ? 9 : 19, from = m->ntiles;

		for (int tries = 0; tries < 20000 && m->ntiles - from < want; tries++) {
			struct point p = made_point(m, made_chance(&s) % m->n);
			struct made_tile t = {z, p.at.x >> (32 - z), p.at.y >> (32 - z)};
			size_t i = from;

			while (i < m->ntiles && (m->tiles[i].x != t.x || m->tiles[i].y != t.y))
				i++;
			if (i == m->ntiles)
				m->tiles[m->ntiles++] = t;
		}
	}
}

static void made_begin(struct made *m, size_t n)
{
	*m = (struct made){.n = n};
	made_towns(m);
	made_weights(m);
	made_tiles(m);
	printf("%zu points around %zu towns (%zu grids), %zu tiles\n", n, m->ntowns, m->nplaces, m->ntiles);
}

static void made_end(struct made *m)
{
	free(m->towns);
	free(m->weight);
	free(m->town_of);
}

/* For the peers: points.csv (id, x, y in 2^-32 of the world, created, category, state, town), tiles.csv. */
static void made_files(const struct made *m, const char *folder, const int64_t *sums)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/points.csv", folder);
	f = fopen(path, "w");
	for (size_t i = 0; f && i < m->n; i++) {
		struct point p = made_point(m, i);

		fprintf(f, "%lld,%u,%u,%u,%u,%u,%u\n", (long long)p.id, p.at.x, p.at.y, p.created, p.category, p.state, m->town_of[p.place]);
	}
	if (f == NULL || fclose(f) != 0)
		exit(1);
	snprintf(path, sizeof(path), "%s/tiles.csv", folder);
	f = fopen(path, "w");
	for (size_t i = 0; f && i < m->ntiles; i++)
		fprintf(f, "%zu,%d,%u,%u,%lld\n", i, m->tiles[i].z, m->tiles[i].x, m->tiles[i].y, (long long)sums[i]);
	if (f == NULL || fclose(f) != 0)
		exit(1);
}

#endif
