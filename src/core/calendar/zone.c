#include "core/calendar/zone.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"

#define ZONES 64
#define MOST_CHANGES 2000

/* Mm.w.d of a POSIX rule: week w (5 = last) of month m on weekday d, at `at` seconds of local time. */
struct change_rule {
	int month, week, weekday, at;
};

struct zone {
	char name[64];
	int n;                       /* changes read from the table of the system */
	int64_t *when;               /* seconds UTC, ascending */
	int *offset;                 /* in force from when[i] */
	int first_offset;            /* before when[0] */
	int standard, summer;        /* the rule behind the last change */
	bool has_summer;
	struct change_rule begin, end;
};

static struct zone zones[ZONES];
static int nzones;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- dates ---- */

static bool real_date(int y, int m, int d)
{
	int ry, rm, rd;

	if (y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || d > 31)
		return false;
	time_date_of_days(time_days(y, m, d), &ry, &rm, &rd);
	return ry == y && rm == m && rd == d;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* ---- POSIX rules ---- */

static bool number(const char **p, int most, int *out)
{
	int v = 0, digits = 0;

	while (**p >= '0' && **p <= '9' && digits < 4) {
		v = v * 10 + *(*p)++ - '0';
		digits++;
	}
	*out = v;
	return digits > 0 && v <= most;
}

/* [+-]hh[:mm[:ss]] in seconds */
static bool span(const char **p, int *out)
{
	int sign = 1, h, m = 0, s = 0;

	if (**p == '+' || **p == '-')
		sign = *(*p)++ == '-' ? -1 : 1;
	if (!number(p, 167, &h))
		return false;
	if (**p == ':' && ((*p)++, !number(p, 59, &m)))
		return false;
	if (**p == ':' && ((*p)++, !number(p, 59, &s)))
		return false;
	*out = sign * (h * 3600 + m * 60 + s);
	return true;
}

static bool zone_word(const char **p)
{
	const char *from = *p;

	if (**p == '<') {
		while (**p && **p != '>')
			(*p)++;
		return *(*p)++ == '>';
	}
	while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
		(*p)++;
	return *p - from >= 3;
}

static bool change_rule(const char **p, struct change_rule *r)
{
	r->at = 7200;
	if (*(*p)++ != ',' || *(*p)++ != 'M' || !number(p, 12, &r->month) || r->month < 1 || *(*p)++ != '.' ||
	    !number(p, 5, &r->week) || r->week < 1 || *(*p)++ != '.' || !number(p, 6, &r->weekday))
		return false;
	return **p != '/' || ((*p)++, span(p, &r->at));
}

/* "EST5EDT,M3.2.0,M11.1.0"; the sign of POSIX is west of Greenwich. */
static bool posix_rule(struct zone *z, const char *p)
{
	int west;

	if (!zone_word(&p) || !span(&p, &west))
		return false;
	z->standard = -west;
	z->has_summer = false;
	if (*p == 0)
		return true;
	if (!zone_word(&p))
		return false;
	z->summer = z->standard + 3600;
	if (*p && *p != ',') {
		if (!span(&p, &west))
			return false;
		z->summer = -west;
	}
	z->has_summer = true;
	return change_rule(&p, &z->begin) && change_rule(&p, &z->end) && *p == 0;
}

static int64_t change_local(int year, const struct change_rule *r)
{
	int64_t first = time_days(year, r->month, 1);
	int64_t next = r->month == 12 ? time_days(year + 1, 1, 1) : time_days(year, r->month + 1, 1);
	int weekday = (int)((first % 7 + 11) % 7); /* 1970-01-01 was a Thursday */
	int64_t day = first + (r->weekday - weekday + 7) % 7 + (r->week - 1) * 7;

	while (day >= next)
		day -= 7;
	return day * 86400 + r->at;
}

static int rule_offset(const struct zone *z, int64_t s)
{
	int y, m, d;
	int64_t begin, end;

	if (!z->has_summer)
		return z->standard;
	time_date_of_days(floor_div(s + z->standard, 86400), &y, &m, &d);
	begin = change_local(y, &z->begin) - z->standard;
	end = change_local(y, &z->end) - z->summer;
	if (begin < end)
		return s >= begin && s < end ? z->summer : z->standard;
	return s >= begin || s < end ? z->summer : z->standard; /* the southern half */
}

/* ---- the zone table of the system (RFC 8536) ---- */

static int64_t big_endian(const unsigned char *p, int n)
{
	uint64_t v = p[0] & 0x80 ? ~(uint64_t)0 : 0;

	while (n--)
		v = v << 8 | *p++;
	return (int64_t)v;
}

struct tzif {
	int64_t isut, isstd, leap, time, type, chars;
};

static bool tzif_head(const unsigned char *p, size_t n, struct tzif *h)
{
	int64_t *const v[6] = {&h->isut, &h->isstd, &h->leap, &h->time, &h->type, &h->chars};

	if (n < 44 || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	for (int i = 0; i < 6; i++) {
		*v[i] = big_endian(p + 20 + i * 4, 4);
		if (*v[i] < 0 || *v[i] > MOST_CHANGES)
			return false;
	}
	return h->type > 0;
}

static size_t tzif_size(const struct tzif *h, int width)
{
	return (size_t)(h->time * width + h->time + h->type * 6 + h->chars + h->leap * (width + 4) + h->isstd + h->isut);
}

static bool tzif_changes(struct zone *z, const unsigned char *p, const struct tzif *h)
{
	const unsigned char *index = p + h->time * 8, *types = index + h->time;

	z->when = calloc((size_t)h->time + 1, sizeof(*z->when));
	z->offset = calloc((size_t)h->time + 1, sizeof(*z->offset));
	if (z->when == NULL || z->offset == NULL)
		abort();
	z->n = (int)h->time;
	z->first_offset = (int)big_endian(types, 4);
	for (int i = 0; i < z->n; i++) {
		if (index[i] >= h->type)
			return false;
		z->when[i] = big_endian(p + i * 8, 8);
		z->offset[i] = (int)big_endian(types + index[i] * 6, 4);
	}
	return true;
}

static bool tzif_read(struct zone *z, const unsigned char *p, size_t n)
{
	struct tzif one, two;
	char rule[128];
	size_t at, len;

	if (!tzif_head(p, n, &one) || (at = 44 + tzif_size(&one, 4)) > n || !tzif_head(p + at, n - at, &two))
		return false;
	at += 44;
	if (tzif_size(&two, 8) > n - at || !tzif_changes(z, p + at, &two))
		return false;
	at += tzif_size(&two, 8);
	if (n - at < 2 || p[at] != '\n')
		return false;
	for (len = 0; at + 1 + len < n && p[at + 1 + len] != '\n'; len++)
		;
	if (len == 0 || len >= sizeof(rule))
		return false;
	memcpy(rule, p + at + 1, len);
	rule[len] = 0;
	return posix_rule(z, rule);
}

static bool safe_name(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_' ||
		      *p == '/' || *p == '-' || *p == '+'))
			return false;
	return name[0] != '/' && name[0] != 0;
}

static bool system_zone(struct zone *z, const char *name)
{
	unsigned char bytes[64 * 1024];
	char path[128];
	size_t n;
	FILE *f;

	if (!safe_name(name))
		return false;
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	f = fopen(path, "rb");
	if (f == NULL)
		return false;
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	return tzif_read(z, bytes, n);
}

/* ---- names ---- */

static bool fixed_name(struct zone *z, const char *p)
{
	int sign, h, m = 0;

	if (*p != '+' && *p != '-')
		return false;
	sign = *p++ == '-' ? -1 : 1;
	if (strlen(p) == 4 && p[2] != ':') {
		h = (p[0] - '0') * 10 + p[1] - '0';
		m = (p[2] - '0') * 10 + p[3] - '0';
		for (int i = 0; i < 4; i++)
			if (p[i] < '0' || p[i] > '9')
				return false;
	} else if (!number(&p, 18, &h) || (*p == ':' && (p++, !number(&p, 59, &m))) || *p) {
		return false;
	}
	z->standard = sign * (h * 3600 + m * 60);
	return h <= 18 && m <= 59;
}

static bool read_zone(struct zone *z, const char *name)
{
	if (strcmp(name, "UTC") == 0 || strcmp(name, "Z") == 0)
		return true;
	if (fixed_name(z, name) || system_zone(z, name))
		return true;
	free(z->when);
	free(z->offset);
	memset(z, 0, sizeof(*z));
	if (strcmp(name, "Asia/Shanghai") == 0)
		return posix_rule(z, "CST-8");
	if (strcmp(name, "America/New_York") == 0)
		return posix_rule(z, "EST5EDT,M3.2.0,M11.1.0");
	return posix_rule(z, name);
}

enum err zone_find(struct str name, const struct zone **out)
{
	struct zone z = {0};
	char text[64];
	enum err e = ERR_INPUT;

	if (name.n == 0 || name.n >= sizeof(text) || memchr(name.p, 0, name.n))
		return ERR_INPUT;
	memcpy(text, name.p, name.n);
	text[name.n] = 0;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < nzones && e; i++)
		if (strcmp(zones[i].name, text) == 0) {
			*out = &zones[i];
			e = OK;
		}
	if (e && nzones < ZONES && read_zone(&z, text)) {
		memcpy(z.name, text, name.n + 1);
		zones[nzones] = z;
		*out = &zones[nzones++];
		e = OK;
	} else if (e) {
		free(z.when);
		free(z.offset);
	}
	pthread_mutex_unlock(&lock);
	return e;
}

const struct zone *zone_fixed(int offset_minutes)
{
	const struct zone *z;
	char name[16];
	int m = abs(offset_minutes);

	snprintf(name, sizeof(name), "%c%02d:%02d", offset_minutes < 0 ? '-' : '+', m / 60 % 24, m % 60);
	if (zone_find(str_from(name), &z) != OK)
		BUG("no zone %s", name);
	return z;
}

int zone_offset_at(const struct zone *z, int64_t at)
{
	int64_t s = floor_div(at, 1000);
	int lo = 0, hi = z->n;

	if (z->n == 0 || s >= z->when[z->n - 1])
		return rule_offset(z, s);
	while (lo < hi) { /* first change after s */
		int mid = (lo + hi) / 2;

		if (z->when[mid] <= s)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? z->offset[lo - 1] : z->first_offset;
}

int64_t zone_local(const struct zone *z, int64_t local_ms)
{
	int64_t before = (int64_t)1000 * zone_offset_at(z, local_ms - 86400000);
	int64_t after = (int64_t)1000 * zone_offset_at(z, local_ms + 86400000);

	if ((int64_t)1000 * zone_offset_at(z, local_ms - before) == before)
		return local_ms - before;
	if ((int64_t)1000 * zone_offset_at(z, local_ms - after) == after)
		return local_ms - after;
	return local_ms - before;
}

enum err zone_to_utc(struct str zone, int year, int month, int day, int hour, int minute, int second, int64_t *out)
{
	const struct zone *z;

	if (zone_find(zone, &z) != OK || !real_date(year, month, day) || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
	    second < 0 || second > 60)
		return ERR_INPUT;
	*out = zone_local(z, ((time_days(year, month, day) * 24 + hour) * 60 + minute) * 60000 + (int64_t)second * 1000);
	return OK;
}
