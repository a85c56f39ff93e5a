/*
 * embed OUT.c files...
 *
 * Puts the files of web/ into the program: `const struct asset assets[]` (src/web/asset.h), ending in a zero entry.
 * The name is the path without the leading "web/"; the hash of the content stands in the address, so that browsers
 * may keep a file for ever.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *ext, *type;
} types[] = {
	{".css", "text/css; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".json", "application/json"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".jpg", "image/jpeg"},
	{".webp", "image/webp"},
	{".ico", "image/x-icon"},
	{".woff2", "font/woff2"},
	{".txt", "text/plain; charset=utf-8"},
	{".webmanifest", "application/manifest+json"},
	{".gz", "application/gzip"}, /* the compressed twin of the file before it, see assets_prepare() */
};

static const char *type_of(const char *file)
{
	const char *dot = strrchr(file, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(dot, types[i].ext) == 0)
			return types[i].type;
	fprintf(stderr, "%s:1: no content type is known for this ending; add it to tools/embed.c\n", file);
	exit(1);
}

static unsigned char *read_file(const char *file, size_t *n)
{
	FILE *f = fopen(file, "rb");
	unsigned char *p;
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
		perror(file);
		exit(1);
	}
	rewind(f);
	p = malloc((size_t)size + 1);
	if (p == NULL || fread(p, 1, (size_t)size, f) != (size_t)size) {
		perror(file);
		exit(1);
	}
	fclose(f);
	*n = (size_t)size;
	return p;
}

static uint64_t content_hash(const unsigned char *p, size_t n)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 1099511628211u;
	return h;
}

/* The assembler reads the file itself: a megabyte of numbers would keep the compiler busy for seconds. */
static void write_bytes(FILE *out, int number, const char *file)
{
	fprintf(out, "__asm__(\".section .rodata\\n.balign 16\\nasset_%d:\\n.incbin \\\"%s\\\"\\n.byte 0\\n.previous\");\n", number, file);
	fprintf(out, "extern const unsigned char asset_%d[] __attribute__((visibility(\"hidden\")));\n", number);
}

int main(int argc, char **argv)
{
	size_t *sizes = calloc((size_t)argc + 1, sizeof(*sizes));
	uint64_t *hashes = calloc((size_t)argc + 1, sizeof(*hashes));
	FILE *out;

	if (argc < 2 || sizes == NULL || hashes == NULL) {
		fputs("embed OUT.c files...\n", stderr);
		return 2;
	}
	out = fopen(argv[1], "w");
	if (out == NULL) {
		perror(argv[1]);
		return 1;
	}
	fputs("/* made by tools/embed from the files of web/; do not edit */\n#include \"web/asset.h\"\n\n", out);
	for (int i = 2; i < argc; i++) {
		unsigned char *p = read_file(argv[i], &sizes[i]);

		hashes[i] = content_hash(p, sizes[i]);
		write_bytes(out, i, argv[i]);
		free(p);
	}
	fputs("\nconst struct asset assets[] = {\n", out);
	for (int i = 2; i < argc; i++) {
		const char *name = strncmp(argv[i], "web/", 4) == 0 ? argv[i] + 4 : argv[i];

		fprintf(out, "\t{\"%s\", \"%s\", \"%016llx\", asset_%d, %zu},\n", name, type_of(argv[i]),
			(unsigned long long)hashes[i], i, sizes[i]);
	}
	fputs("\t{0},\n};\n", out);
	if (fclose(out) != 0) {
		perror(argv[1]);
		return 1;
	}
	free(sizes);
	free(hashes);
	return 0;
}
