/* The table of translations, made by tools/i18nc from all en.po files. Use tr() or _() of web/web.h. */
#ifndef WEB_I18N_H
#define WEB_I18N_H

#include <stdint.h>

struct i18n_entry {
	const char *zh, *en;
};
extern const struct i18n_entry i18n_table[];
extern const uint32_t i18n_size; /* a power of two */

/* The English of a Chinese text, or NULL. */
const char *i18n_english(const char *zh);

#endif
