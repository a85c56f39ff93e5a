#include "base/file_kind.h"

#include "base/err.h"

enum advice { UNPACK /* with `tool` */, SAVE_AS, NONE };

struct kind {
	const char *magic;
	size_t n, at;
	const char *zh, *en; /* a Latin word is set off by a blank */
	enum advice advice;
	const char *tool;
};

#define MAGIC(s) s, sizeof(s) - 1
#define ZIP_NAME 30 /* of the first file in a ZIP, behind the fixed part of its head (APPNOTE 4.3.7) */

/*
 * Magic numbers: RFC 1952 (gzip), the bzip2, XZ and Zstandard (RFC 8878) formats, PKWARE APPNOTE 4.3.7, ISO 32000 (PDF), MS-CFB (old Office files and
 * workbooks with a password), POSIX ustar. A ZIP is told by its first file; the plain one comes behind those that say more.
 */
static const struct kind kinds[] = {
	{MAGIC("\x1f\x8b"), 0, " gzip 压缩文件", "a file packed with gzip", UNPACK, "gunzip"},
	{MAGIC("1AY&SY"), 4, " bzip2 压缩文件", "a file packed with bzip2", UNPACK, "bunzip2"},
	{MAGIC("\xfd" "7zXZ\0"), 0, " xz 压缩文件", "a file packed with xz", UNPACK, "unxz"},
	{MAGIC("\x28\xb5\x2f\xfd"), 0, " zstd 压缩文件", "a file packed with zstd", UNPACK, "unzstd"},
	{MAGIC("7z\xbc\xaf\x27\x1c"), 0, " 7z 压缩包", "a 7z archive", UNPACK, "7z x"},
	{MAGIC("Rar!\x1a\x07"), 0, " RAR 压缩包", "a RAR archive", UNPACK, "unrar x"},
	{MAGIC("ustar"), 257, " tar 包", "a tar archive", UNPACK, "tar xf"},
	{MAGIC("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), 0, "旧版 Excel（.xls）或加了密码的工作簿", "an old Excel file (.xls) or a workbook with a password", SAVE_AS, NULL},
	{MAGIC("mimetypeapplication/vnd.oasis.opendocument"), ZIP_NAME, " OpenDocument 文件（ODS、ODT）", "an OpenDocument file (ODS, ODT)", SAVE_AS, NULL},
	{MAGIC("[Content_Types].xml"), ZIP_NAME, " Office 文件（XLSX、DOCX）", "an Office file (XLSX, DOCX)", SAVE_AS, NULL},
	{MAGIC("PK\x03\x04"), 0, " ZIP 压缩包", "a ZIP archive", UNPACK, "unzip"},
	{MAGIC("PK\x05\x06"), 0, "空的 ZIP 压缩包", "an empty ZIP archive", NONE, NULL},
	{MAGIC("%PDF-"), 0, " PDF 文件", "a PDF file", NONE, NULL},
	{MAGIC("{\\rtf"), 0, " RTF 文档", "an RTF document", SAVE_AS, NULL},
	{MAGIC("\x89PNG\r\n"), 0, "图片（PNG）", "a picture (PNG)", NONE, NULL},
	{MAGIC("\xff\xd8\xff"), 0, "图片（JPEG）", "a picture (JPEG)", NONE, NULL},
	{MAGIC("GIF8"), 0, "图片（GIF）", "a picture (GIF)", NONE, NULL},
	{MAGIC("SQLite format 3\0"), 0, " SQLite 数据库（GeoPackage 也是）", "an SQLite database (so is a GeoPackage)", NONE, NULL},
};

/* Systems that export "Excel" often write a page or XML under the name .xls. */
static const struct kind texts[] = {
	{MAGIC("<!doctype html"), 0, "网页（有的系统把网页存成 .xls）", "a web page (some systems save one as .xls)", SAVE_AS, NULL},
	{MAGIC("<html"), 0, "网页（有的系统把网页存成 .xls）", "a web page (some systems save one as .xls)", SAVE_AS, NULL},
	{MAGIC("<?xml"), 0, " XML 文件", "an XML file", SAVE_AS, NULL},
};

static bool same(const char *p, const char *magic, size_t n, bool fold)
{
	for (size_t i = 0; i < n; i++) {
		char ch = p[i];

		if (fold && ch >= 'A' && ch <= 'Z')
			ch = (char)(ch + 32);
		if (ch != magic[i])
			return false;
	}
	return true;
}

static const struct kind *find(const struct kind *v, size_t n, struct str head, bool fold)
{
	for (size_t i = 0; i < n; i++)
		if (head.n >= v[i].at + v[i].n && same(head.p + v[i].at, v[i].magic, v[i].n, fold))
			return &v[i];
	return NULL;
}

static const struct kind *kind_of(struct str head)
{
	bool zip = head.n >= 4 && same(head.p, "PK\x03\x04", 4, false);
	const struct kind *k = find(kinds, ARRAY_LEN(kinds), head, false);

	if (k && k->at == ZIP_NAME && !zip)
		k = NULL; /* these words at that place of a text */
	if (k && k->at == 4 && !str_starts(head, "BZh"))
		k = NULL;
	return k ? k : find(texts, ARRAY_LEN(texts), str_trim(head), true);
}

struct str file_kind_fault(struct arena *a, struct str head, const char *wanted)
{
	const struct kind *k = kind_of(head);

	if (k == NULL)
		return STR_NULL;
	/* a table can be saved from a spreadsheet, a map cannot */
	switch (k->advice == SAVE_AS && !str_starts(str_from(wanted), "CSV") ? NONE : k->advice) {
	case UNPACK:
		return arena_printf(a, "这是%s，不是 %s：先解开（%s），再导入里面的文件 (this is %s, not %s: unpack it first with %s)", k->zh, wanted, k->tool,
				    k->en, wanted, k->tool);
	case SAVE_AS:
		return arena_printf(a, "这是%s，不是 %s：用 Excel 或 LibreOffice 打开，另存为 %s (this is %s, not %s: open it with Excel or LibreOffice and save it as %s)",
				    k->zh, wanted, wanted, k->en, wanted, wanted);
	case NONE:
		break;
	}
	return arena_printf(a, "这是%s，不是 %s (this is %s, not %s)", k->zh, wanted, k->en, wanted);
}

bool file_kind_other_zip(struct str head)
{
	const struct kind *k = kind_of(head);

	return k && k->at == ZIP_NAME && str_starts(str_from(k->magic), "mimetype");
}
