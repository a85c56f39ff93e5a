/*
 * i18nc OUT.c po-files...
 *
 * Compiles the translations of all folders (gettext's .po: msgid Chinese, msgstr English) into one hash table,
 * read by tr() (src/web/i18n.c). The same Chinese with two English texts in two files is an error that names both; so is
 * an English text that takes other arguments than the Chinese.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT 65536
#define MAX_ARGS 16

struct entry {
	char *zh, *en;
	const char *file;
	int line;
};

static struct entry *entries;
static size_t n, cap;
static const char *file;
static int line;

static void fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void *need(void *p)
{
	if (p == NULL) {
		fputs("i18nc: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

/* ---- reading ---- */

/* Appends the quoted string that begins at p to `to`. */
static void quoted(const char *p, char *to)
{
	size_t at = strlen(to);

	while (*p == ' ' || *p == '\t')
		p++;
	if (*p++ != '"')
		fail("here a text in quotes is expected");
	for (; *p && *p != '"'; p++) {
		char c = *p;

		if (c == '\\') {
			static const char from[] = "nt\"\\r", into[] = "\n\t\"\\\r";
			const char *k = p[1] ? strchr(from, p[1]) : NULL;

			if (k == NULL)
				fail("\\%c is not known; use \\n, \\t, \\\" or \\\\", p[1]);
			c = into[k - from];
			p++;
		}
		if (at + 2 >= MAX_TEXT)
			fail("the text is longer than %d bytes", MAX_TEXT);
		to[at++] = c;
	}
	if (*p != '"')
		fail("the text does not end; close it with \"");
	to[at] = 0;
	for (p++; *p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'; p++)
		;
	if (*p)
		fail("something stands behind the closing quote");
}

/* What printf would take: arg[i] is the conversion with its length modifier ("d", "ld", "s", ".*s"). */
static void conversions(const char *fmt, char arg[MAX_ARGS][8])
{
	int next = 0;

	memset(arg, 0, MAX_ARGS * 8);
	while ((fmt = strchr(fmt, '%')) != NULL) {
		char what[8] = "", *end;
		size_t at = 0;
		long number;
		int i = -1;

		fmt++;
		if (*fmt == '%') {
			fmt++;
			continue;
		}
		number = strtol(fmt, &end, 10);
		if (end != fmt && *end == '$' && number > 0) {
			i = (int)number - 1;
			fmt = end + 1;
		}
		while (*fmt && strchr("-+ 0#123456789.*", *fmt)) {
			if (*fmt == '*')
				what[at++] = '*';
			fmt++;
		}
		while (*fmt && strchr("hlzjt", *fmt) && at < 5)
			what[at++] = *fmt++;
		if (*fmt == 0 || strchr("diuxXcsfgeop", *fmt) == NULL)
			return; /* a lone percent sign in plain text */
		what[at] = *fmt++;
		if (i < 0)
			i = next++;
		if (i >= MAX_ARGS)
			fail("more than %d arguments", MAX_ARGS);
		memcpy(arg[i], what, sizeof(what));
	}
}

static void check_arguments(const char *zh, const char *en)
{
	char x[MAX_ARGS][8], y[MAX_ARGS][8];

	conversions(zh, x);
	conversions(en, y);
	for (int i = 0; i < MAX_ARGS; i++)
		if (strcmp(x[i], y[i]) != 0)
			fail("argument %d is %%%s in the Chinese and %%%s in the English of \"%s\"; both must take the same (order "
			     "them with %%1$s)", i + 1, x[i][0] ? x[i] : " missing", y[i][0] ? y[i] : " missing", zh);
}

static void add(const char *zh, const char *en, int at)
{
	int here = line;

	if (*zh == 0)
		return; /* the header entry */
	line = at;
	if (*en == 0)
		fail("\"%s\" has no English (msgstr is empty)", zh);
	check_arguments(zh, en);
	if (n == cap) {
		cap = cap ? cap * 2 : 256;
		entries = need(realloc(entries, cap * sizeof(*entries)));
	}
	entries[n++] = (struct entry){need(strdup(zh)), need(strdup(en)), file, at};
	line = here;
}

static bool begins(const char **p, const char *word)
{
	size_t k = strlen(word);

	if (strncmp(*p, word, k) != 0 || ((*p)[k] != ' ' && (*p)[k] != '\t'))
		return false;
	*p += k;
	return true;
}

static void read_po(void)
{
	static char zh[MAX_TEXT], en[MAX_TEXT], buf[MAX_TEXT];
	FILE *f = fopen(file, "r");
	char *into = NULL;
	bool open = false;
	int at = 0;

	if (f == NULL) {
		perror(file);
		exit(1);
	}
	for (line = 1; fgets(buf, sizeof(buf), f); line++) {
		const char *p = buf + strspn(buf, " \t\r\n");

		if (line == 1 && strncmp(p, "\xef\xbb\xbf", 3) == 0)
			p += 3;
		if (strncmp(p, "#, fuzzy", 8) == 0)
			fail("a fuzzy entry: check the English and take the mark away");
		if (*p == 0 || *p == '#')
			continue;
		if (begins(&p, "msgid")) {
			if (open && into == zh)
				fail("msgid twice; msgstr is missing before this line");
			if (open)
				add(zh, en, at);
			open = true;
			at = line;
			zh[0] = en[0] = 0;
			into = zh;
		} else if (begins(&p, "msgstr")) {
			if (into != zh)
				fail("msgstr without msgid before it");
			into = en;
		} else if (*p != '"') {
			fail("only msgid, msgstr, quoted lines and # comments are understood");
		}
		if (into == NULL)
			fail("a text before the first msgid");
		quoted(p, into);
	}
	if (open && into == zh)
		fail("the last msgid has no msgstr");
	if (open)
		add(zh, en, at);
	fclose(f);
}

/* ---- writing ---- */

static int by_zh(const void *x, const void *y)
{
	return strcmp(((const struct entry *)x)->zh, ((const struct entry *)y)->zh);
}

static void refuse_differences(void)
{
	size_t kept = 0;

	qsort(entries, n, sizeof(*entries), by_zh);
	for (size_t i = 0; i < n; i++) {
		struct entry *last = kept ? &entries[kept - 1] : NULL;

		if (last && strcmp(last->zh, entries[i].zh) == 0) {
			if (strcmp(last->en, entries[i].en) == 0)
				continue;
			fprintf(stderr, "%s:%d: \"%s\" is \"%s\" here, but \"%s\" in %s:%d; use one English text for both\n",
				entries[i].file, entries[i].line, entries[i].zh, entries[i].en, last->en, last->file, last->line);
			exit(1);
		}
		entries[kept++] = entries[i];
	}
	n = kept;
}

/* The same as in src/web/i18n.c. */
static uint32_t hash(const char *z)
{
	uint32_t h = 2166136261u;

	for (; *z; z++)
		h = (h ^ (unsigned char)*z) * 16777619u;
	return h;
}

static void c_string(FILE *f, const char *z)
{
	fputc('"', f);
	for (; *z; z++) {
		if (*z == '\n')
			fputs("\\n", f);
		else if (*z == '"' || *z == '\\' || *z == '?')
			fprintf(f, "\\%c", *z);
		else if ((unsigned char)*z < 0x20)
			fprintf(f, "\\%03o", *z);
		else
			fputc(*z, f);
	}
	fputc('"', f);
}

static void write_table(const char *out)
{
	size_t size = 1;
	struct entry **slot;
	FILE *f = fopen(out, "w");

	while (size < n * 2)
		size *= 2;
	slot = need(calloc(size, sizeof(*slot)));
	for (size_t i = 0; i < n; i++) {
		size_t at = hash(entries[i].zh) & (size - 1);

		while (slot[at])
			at = (at + 1) & (size - 1);
		slot[at] = &entries[i];
	}
	if (f == NULL) {
		perror(out);
		exit(1);
	}
	fputs("/* made by tools/i18nc from the en.po files; do not edit */\n#include \"web/i18n.h\"\n\n", f);
	fprintf(f, "const uint32_t i18n_size = %zu;\nconst struct i18n_entry i18n_table[%zu] = {\n", size, size);
	for (size_t i = 0; i < size; i++) {
		if (slot[i] == NULL)
			continue;
		fprintf(f, "\t[%zu] = {", i);
		c_string(f, slot[i]->zh);
		fputs(", ", f);
		c_string(f, slot[i]->en);
		fputs("},\n", f);
	}
	if (n == 0)
		fputs("\t[0] = {0},\n", f);
	fputs("};\n", f);
	if (fclose(f) != 0) {
		perror(out);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("i18nc OUT.c po-files...\n", stderr);
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		file = argv[i];
		read_po();
	}
	refuse_differences();
	write_table(argv[1]);
	return 0;
}
