#include "geo/pinyin.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "geo/pinyin_table.h"

#define FIRST 0x3400u
#define LAST 0x9fffu
#define SYLLABLES 420

static struct {
	uint16_t of[LAST - FIRST + 1][PINYIN_READINGS];
	char text[SYLLABLES + 1][8];
	uint16_t sound[SYLLABLES + 1];
	uint16_t n;
} table;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* One sound, one spelling: zh z, ch c, sh s; n l; f hu; a nasal end is a nasal end. */
void pinyin_loosen(const char *from, char *out, size_t size)
{
	size_t n = 0;
	bool start = true; /* of a syllable, as far as one can tell: behind nothing or a vowel or n, g, r */

	for (const char *p = from; *p && n + 3 < size; p++) {
		char c = *p;
		bool vowel = strchr("aeiouv", c) != NULL;

		if (c == 'h' && p > from && strchr("zcs", p[-1]))
			continue;
		if (c == 'g' && p > from && p[-1] == 'n' && !(p[1] && strchr("aeiouv", p[1])))
			continue;
		if (c == 'n' && p[1] && strchr("aeiouv", p[1]) && start)
			c = 'l';
		if (c == 'f') {
			out[n++] = 'h';
			if (p[1] != 'u')
				out[n++] = 'u';
		} else {
			out[n++] = c;
		}
		start = vowel || c == 'n' || c == 'g' || c == 'r';
	}
	out[n] = '\0';
}

static void put(uint32_t sign, uint16_t syllable, bool first)
{
	uint16_t *r;

	if (sign < FIRST || sign > LAST)
		return;
	r = table.of[sign - FIRST];
	if (first) {
		/* another reading may have been met before the first one */
		memmove(r + 1, r, (PINYIN_READINGS - 1) * sizeof(*r));
		r[0] = syllable;
		return;
	}
	for (int i = 0; i < PINYIN_READINGS; i++)
		if (!r[i]) {
			r[i] = syllable;
			return;
		}
}

static void read_line(struct str line)
{
	struct str name = STR("");
	uint16_t syllable = (uint16_t)(table.n + 1);
	bool first = true;

	if (!str_split(&line, ' ', &name) || name.n >= sizeof(table.text[0]) || table.n == SYLLABLES)
		BUG("the table of readings is broken at line %u", syllable);
	table.n = syllable;
	memcpy(table.text[syllable], name.p, name.n);
	while (line.n) {
		uint32_t c = utf8_next(&line);

		if (c == '|')
			first = false;
		else
			put(c, syllable, first);
	}
}

static void read_sounds(void)
{
	char loose[SYLLABLES + 1][10];

	for (uint16_t i = 1; i <= table.n; i++) {
		pinyin_loosen(table.text[i], loose[i], sizeof(loose[i]));
		table.sound[i] = i;
		for (uint16_t k = 1; k < i; k++)
			if (strcmp(loose[k], loose[i]) == 0) {
				table.sound[i] = k;
				break;
			}
	}
}

static void read_table(void)
{
	struct str rest = {pinyin_table, sizeof(pinyin_table) - 1}, line;

	while (str_split(&rest, '\n', &line))
		if (line.n)
			read_line(line);
	read_sounds();
}

size_t pinyin_of(uint32_t sign, uint16_t out[PINYIN_READINGS])
{
	size_t n = 0;

	pthread_once(&once, read_table);
	if (sign < FIRST || sign > LAST)
		return 0;
	while (n < PINYIN_READINGS && table.of[sign - FIRST][n]) {
		out[n] = table.of[sign - FIRST][n];
		n++;
	}
	return n;
}

const char *pinyin_text(uint16_t reading)
{
	pthread_once(&once, read_table);
	return reading <= table.n ? table.text[reading] : "";
}

uint16_t pinyin_sound(uint16_t reading)
{
	pthread_once(&once, read_table);
	return reading <= table.n ? table.sound[reading] : 0;
}
