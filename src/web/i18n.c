#include "web/i18n.h"

#include <string.h>

#include "web/web.h"

/* The same as in tools/i18nc.c (FNV-1a). */
static uint32_t hash(const char *z)
{
	uint32_t h = 2166136261u;

	for (; *z; z++)
		h = (h ^ (unsigned char)*z) * 16777619u;
	return h;
}

const char *i18n_english(const char *zh)
{
	uint32_t at = hash(zh) & (i18n_size - 1);

	for (; i18n_table[at].zh; at = (at + 1) & (i18n_size - 1)) {
		if (strcmp(i18n_table[at].zh, zh) == 0)
			return i18n_table[at].en;
		if (i18n_size == 1)
			break;
	}
	return NULL;
}

const char *tr(enum lang l, const char *zh)
{
	const char *en = l == LANG_EN ? i18n_english(zh) : NULL;

	return en ? en : zh;
}
