/*
 * Any bytes as a workbook. What begins like a ZIP is taken as it is; anything else is cut at bytes 0x01 into the parts of a workbook, which
 * are packed without compression, so that what changes is the XML and not the packing.
 */
#include <libdeflate.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "docgen/xlsx_read.h"

#define ROWS 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void le(struct buf *b, uint32_t v, int n)
{
	for (; n; n--, v >>= 8)
		buf_addc(b, (char)v);
}

/* The fields that both headers of an entry share (APPNOTE 4.4). */
static void entry_head(struct buf *b, const char *name, struct str part)
{
	le(b, 20, 2), le(b, 0, 2), le(b, 0, 2), le(b, 0, 2), le(b, 0x21, 2);
	le(b, libdeflate_crc32(0, part.p, part.n), 4);
	le(b, (uint32_t)part.n, 4), le(b, (uint32_t)part.n, 4), le(b, (uint32_t)strlen(name), 2), le(b, 0, 2);
}

static void pack(struct buf *zip, struct str text)
{
	static const char *const names[] = {"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml",
					    "xl/styles.xml"};
	struct buf dir;
	struct str part;
	size_t n = 0, at;

	buf_init(&dir, 4096);
	for (; n < ARRAY_LEN(names) && str_split(&text, 1, &part); n++) {
		at = zip->n;
		le(zip, 0x04034b50, 4);
		entry_head(zip, names[n], part);
		buf_addz(zip, names[n]);
		buf_adds(zip, part);
		le(&dir, 0x02014b50, 4), le(&dir, 20, 2);
		entry_head(&dir, names[n], part);
		le(&dir, 0, 2), le(&dir, 0, 2), le(&dir, 0, 2), le(&dir, 0, 4), le(&dir, (uint32_t)at, 4);
		buf_addz(&dir, names[n]);
	}
	at = zip->n;
	buf_adds(zip, buf_str(&dir));
	le(zip, 0x06054b50, 4), le(zip, 0, 4), le(zip, (uint32_t)n, 2), le(zip, (uint32_t)n, 2), le(zip, (uint32_t)dir.n, 4), le(zip, (uint32_t)at, 4),
		le(zip, 0, 2);
	buf_release(&dir);
}

static void read_all(const char *path, struct arena *a)
{
	struct str why = STR_NULL, *cells;
	struct xlsx *x;
	int64_t number = 0, last = 0;
	size_t n;
	enum err e = xlsx_open(path, NULL, &x, a, &why);

	for (int i = 0; e == OK && i < ROWS; i++) {
		e = xlsx_next(x, &cells, &n, &number, a, &why);
		if (e == OK && (number <= last || n > 1024))
			BUG("row %lld after %lld, %zu cells", (long long)number, (long long)last, n);
		last = number;
	}
	if (e == ERR_INPUT && why.p == NULL)
		BUG("refused without a reason");
	if (x)
		xlsx_close(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	char path[64];
	struct arena a;
	struct buf b;
	int fd = memfd_create("book", 0);

	arena_init(&a, 0);
	buf_init(&b, 8 << 20);
	if (xlsx_looks_like(text))
		buf_adds(&b, text);
	else
		pack(&b, text);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, b.p, b.n) != (ssize_t)b.n)
		BUG("memfd");
	read_all(path, &a);
	close(fd);
	buf_release(&b);
	arena_release(&a);
	return 0;
}
