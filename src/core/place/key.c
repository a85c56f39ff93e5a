/*
 * Keys. A part is a number in letters, as wide as the digits the official codes use at that level (2 2 2 3 3 3 3), so
 * "faabafaae" is what 500105004 was when it was loaded. Letters, not digits, so that nobody takes a key for a code: the two
 * part ways when a place moves. Parts of codes use a-j; places without a code and places that moved take k-z in front.
 */
#include "core/place/key.h"

static const unsigned char key_len[] = {0, 2, 4, 6, 9, 12, 15, 18};

struct str place_after(struct arena *a, struct str key)
{
	char *p;

	if (key.n == 0)
		return arena_str(a, STR("\x7f"));
	/* The last letter's successor: '{' follows 'z', and no key has a letter above 'z'. */
	p = arena_strz(a, key);
	p[key.n - 1]++;
	return (struct str){p, key.n};
}

bool place_within(struct str key, struct str top)
{
	return key.n >= top.n && memcmp(key.p ? key.p : "", top.p ? top.p : "", top.n) == 0;
}

enum place_level place_level_of_key(struct str key)
{
	for (size_t l = 0; l < ARRAY_LEN(key_len); l++)
		if (key.n == key_len[l])
			return (enum place_level)l;
	return PLACE_ROOT;
}

enum place_level place_level_of_code(struct str code)
{
	for (size_t i = 0; i < code.n; i++)
		if (code.p[i] < '0' || code.p[i] > '9')
			return PLACE_ROOT;
	return place_level_of_key(code);
}

size_t place_key_len(enum place_level level)
{
	return level < ARRAY_LEN(key_len) ? key_len[level] : 0;
}

struct str place_up(struct str key, enum place_level level)
{
	size_t n = place_key_len(level);

	return n && n <= key.n ? (struct str){key.p, n} : (struct str){"", 0};
}

struct str place_parent_code(struct str code)
{
	enum place_level l = place_level_of_code(code);

	return l == PLACE_ROOT ? STR_NULL : (struct str){code.p, place_key_len(l - 1)};
}

struct str place_key_from_code(struct arena *a, struct str parent, struct str code)
{
	enum place_level l = place_level_of_code(code);
	struct str last;
	char *p;

	if (l == PLACE_ROOT || l != place_level_of_key(parent) + 1)
		return STR_NULL;
	last = str_sub(code, place_key_len(l - 1), code.n);
	p = arena_alloc(a, parent.n + last.n + 1);
	memcpy(p, parent.p ? parent.p : "", parent.n);
	for (size_t i = 0; i < last.n; i++)
		p[parent.n + i] = (char)('a' + (last.p[i] - '0'));
	return (struct str){p, parent.n + last.n};
}

struct str place_key_from_number(struct arena *a, struct str parent, int64_t number)
{
	enum place_level l = place_level_of_key(parent);
	size_t width;
	char *p;

	if (l == PLACE_MICROGRID)
		return STR_NULL;
	width = place_key_len(l + 1) - parent.n;
	p = arena_alloc(a, parent.n + width + 1);
	memcpy(p, parent.p ? parent.p : "", parent.n);
	for (size_t i = width; i-- > 1; number /= 26)
		p[parent.n + i] = (char)('a' + number % 26);
	if (number > 'z' - 'k')
		return STR_NULL;
	p[parent.n] = (char)('k' + number);
	return (struct str){p, parent.n + width};
}

struct str place_short_name(struct str name)
{
	static const char *const endings[] = {"居民委员会", "村民委员会", "居委会", "村委会"};

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		size_t n = strlen(endings[i]);

		if (str_ends(name, endings[i]) && name.n > n + 3)
			return str_sub(name, 0, name.n - n);
	}
	return name;
}

const char *place_level_name(enum place_level l)
{
	static const char *const names[] = {
		N_("全部"), N_("省级"), N_("市级"), N_("区县"), N_("镇街"), N_("村社区"), N_("网格"), N_("微网格"),
	};

	return (size_t)l < ARRAY_LEN(names) ? names[l] : "";
}
