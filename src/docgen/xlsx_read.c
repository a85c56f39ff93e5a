#include "docgen/xlsx_read.h"

#include <libxml/xmlreader.h>
#include <math.h>
#include <stdlib.h>
#include <zip.h>

#include "base/buf.h"
#include "base/utf8.h"

/* A workbook over these is refused: nobody types such a list, but a decompression bomb looks like it. */
#define MAX_ENTRIES 4096
#define MAX_UNPACKED ((int64_t)2 << 30)
#define MAX_RATIO 500
#define MAX_STRINGS_BYTES ((size_t)512 << 20)
#define MAX_COLUMNS 1024
#define MAX_ROWS 1048576 /* of a sheet in the format */
#define MAX_CELL ((size_t)64 * 1024)
#define MAX_STYLES 65536
#define MAX_FORMATS 512

enum { NOT_DATE, DATE_ONLY, DATE_TIME };

struct xlsx {
	zip_t *zip;
	xmlTextReaderPtr reader;
	struct arena keep; /* shared strings, styles */
	struct arena row;  /* cells of the present row */
	struct str *strings;
	size_t nstrings;
	unsigned char *style_kind; /* by cell style */
	size_t nstyles;
	bool date1904;
	struct str *cells;
	size_t ncells;
	struct str other;          /* what it is instead of a workbook, and what to do; NULL: it is one, as far as is known */
};

bool xlsx_looks_like(struct str head)
{
	return head.n >= 4 && memcmp(head.p, "PK\x03\x04", 4) == 0;
}

static enum err refuse(struct arena *a, struct str *why, const char *what)
{
	*why = arena_printf(a, "XLSX 文件读不了 / cannot read the XLSX file: %s", what);
	return ERR_INPUT;
}

/* ---- the container ---- */

static const char *container_fault(zip_t *zip)
{
	zip_int64_t n = zip_get_num_entries(zip, 0);
	int64_t unpacked = 0, packed = 0;

	if (n <= 0 || n > MAX_ENTRIES)
		return "部件过多（上限 4096） / too many parts (limit 4096)";
	for (zip_int64_t i = 0; i < n; i++) {
		zip_stat_t st;

		if (zip_stat_index(zip, (zip_uint64_t)i, 0, &st) != 0 || !(st.valid & ZIP_STAT_SIZE))
			return "压缩包已损坏 / damaged container";
		if (st.size > (zip_uint64_t)MAX_UNPACKED)
			return "解压后超过 2 GiB / it unpacks to over 2 GiB";
		unpacked += (int64_t)st.size;
		packed += (st.valid & ZIP_STAT_COMP_SIZE) ? (int64_t)st.comp_size : 0;
		if (unpacked > MAX_UNPACKED)
			return "解压后超过 2 GiB / it unpacks to over 2 GiB";
	}
	if (unpacked > (1 << 20) && packed > 0 && unpacked / packed > MAX_RATIO)
		return "压缩率超过 500 倍，疑似压缩炸弹 / it unpacks to over 500 times its size (a decompression bomb?)";
	return NULL;
}

static int part_read(void *ctx, char *to, int n)
{
	return (int)zip_fread(ctx, to, (zip_uint64_t)n);
}

static int part_close(void *ctx)
{
	return zip_fclose(ctx);
}

/* No entities, no network: a workbook needs neither. */
static xmlTextReaderPtr open_part(zip_t *zip, const char *name)
{
	zip_file_t *f = zip_fopen(zip, name, ZIP_FL_NOCASE);

	if (f == NULL)
		return NULL;
	/* on failure libxml2 closes the input itself */
	return xmlReaderForIO(part_read, part_close, f, name, NULL,
			      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT);
}

static bool is_named(xmlTextReaderPtr r, int type, const char *name)
{
	return xmlTextReaderNodeType(r) == type && strcmp((const char *)xmlTextReaderConstLocalName(r), name) == 0;
}

static bool at_start(xmlTextReaderPtr r, const char *name)
{
	return is_named(r, XML_READER_TYPE_ELEMENT, name);
}

static bool at_end(xmlTextReaderPtr r, const char *name)
{
	return is_named(r, XML_READER_TYPE_END_ELEMENT, name);
}

static bool is_text(xmlTextReaderPtr r)
{
	int t = xmlTextReaderNodeType(r);

	return t == XML_READER_TYPE_TEXT || t == XML_READER_TYPE_CDATA || t == XML_READER_TYPE_SIGNIFICANT_WHITESPACE;
}

/* -1 error, 0 end, 1 a node. A document type is an error: entity bombs live there. */
static int step(xmlTextReaderPtr r)
{
	int ok = xmlTextReaderRead(r);

	if (ok == 1 && xmlTextReaderNodeType(r) == XML_READER_TYPE_DOCUMENT_TYPE)
		return -1;
	return ok;
}

static struct str attribute(struct arena *a, xmlTextReaderPtr r, const char *name)
{
	xmlChar *v = xmlTextReaderGetAttribute(r, (const xmlChar *)name);
	struct str s = STR_NULL;

	if (v) {
		s = arena_str(a, str_from((const char *)v));
		xmlFree(v);
	}
	return s;
}

/* All text below the present element, phonetic guides (rPh) left out. */
static bool element_text(struct arena *a, xmlTextReaderPtr r, struct str *out)
{
	int depth = xmlTextReaderDepth(r), skip = -1;
	struct buf b;
	bool good = true;

	*out = STR("");
	if (xmlTextReaderIsEmptyElement(r))
		return true;
	buf_init(&b, MAX_CELL);
	for (;;) {
		if (step(r) != 1) {
			good = false;
			break;
		}
		if (xmlTextReaderDepth(r) == depth)
			break;
		if (skip < 0 && at_start(r, "rPh") && !xmlTextReaderIsEmptyElement(r))
			skip = xmlTextReaderDepth(r);
		else if (skip >= 0 && at_end(r, "rPh") && xmlTextReaderDepth(r) == skip)
			skip = -1;
		else if (skip < 0 && is_text(r))
			buf_addz(&b, (const char *)xmlTextReaderConstValue(r));
	}
	good = good && buf_check(&b) == OK;
	if (good)
		*out = arena_str(a, buf_str(&b));
	buf_release(&b);
	return good;
}

/* ---- shared strings and styles ---- */

static const char *load_strings(struct xlsx *x)
{
	xmlTextReaderPtr r = open_part(x->zip, "xl/sharedStrings.xml");
	size_t cap = 0;
	int ok;
	const char *fault = NULL;

	if (r == NULL)
		return NULL; /* a workbook with inline strings only */
	while ((ok = step(r)) == 1 && fault == NULL) {
		if (!at_start(r, "si"))
			continue;
		if (x->nstrings == cap) {
			cap = cap ? cap * 2 : 1024;
			x->strings = realloc(x->strings, cap * sizeof(*x->strings));
			if (x->strings == NULL)
				BUG("out of memory");
		}
		if (x->keep.total > MAX_STRINGS_BYTES - MAX_CELL * 2)
			fault = "文字总量超过 512 MB / its texts take over 512 MB";
		else if (!element_text(&x->keep, r, &x->strings[x->nstrings]))
			fault = "文字损坏或单格超过 64 KB / a damaged text, or a cell over 64 KB";
		else
			x->nstrings++;
	}
	if (ok < 0 && fault == NULL)
		fault = "xl/sharedStrings.xml 已损坏 / xl/sharedStrings.xml is damaged";
	xmlFreeTextReader(r);
	return fault;
}

/* A format is a date when it holds y, m or d outside quotes and brackets; a time when it holds h or s. */
static unsigned char format_kind(struct str f)
{
	bool quoted = false, bracket = false, date = false, time = false;

	for (size_t i = 0; i < f.n; i++) {
		char c = f.p[i];

		if (c == '"')
			quoted = !quoted;
		else if (c == '[')
			bracket = true;
		else if (c == ']')
			bracket = false;
		else if (c == '\\')
			i++;
		else if (!quoted && !bracket && c && strchr("ymdYMD", c))
			date = true;
		else if (!quoted && !bracket && c && strchr("hsHS", c))
			time = true;
	}
	return time ? DATE_TIME : date ? DATE_ONLY : NOT_DATE;
}

/* Built-in formats, ECMA-376 Part 1, 18.8.30, with the Chinese ones (27-36, 50-58). */
static unsigned char builtin_kind(int64_t id)
{
	if (id == 22 || (id >= 18 && id <= 21) || (id >= 45 && id <= 47) || (id >= 32 && id <= 35) || id == 55 || id == 56)
		return DATE_TIME;
	if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 54) || id == 57 || id == 58)
		return DATE_ONLY;
	return NOT_DATE;
}

static const char *load_styles(struct xlsx *x)
{
	xmlTextReaderPtr r = open_part(x->zip, "xl/styles.xml");
	struct {
		int64_t id;
		unsigned char kind;
	} custom[MAX_FORMATS];
	size_t ncustom = 0;
	bool in_xfs = false;
	int64_t id;
	int ok;

	if (r == NULL)
		return NULL;
	x->style_kind = arena_alloc(&x->keep, MAX_STYLES);
	while ((ok = step(r)) == 1) {
		if (at_start(r, "numFmt") && ncustom < MAX_FORMATS) {
			if (str_i64(attribute(&x->keep, r, "numFmtId"), &id)) {
				custom[ncustom].id = id;
				custom[ncustom++].kind = format_kind(attribute(&x->keep, r, "formatCode"));
			}
		} else if (at_start(r, "cellXfs")) {
			in_xfs = true;
		} else if (at_end(r, "cellXfs")) {
			in_xfs = false;
		} else if (in_xfs && at_start(r, "xf") && x->nstyles < MAX_STYLES) {
			unsigned char kind = NOT_DATE;

			if (str_i64(attribute(&x->keep, r, "numFmtId"), &id)) {
				kind = builtin_kind(id);
				for (size_t i = 0; i < ncustom; i++)
					if (custom[i].id == id)
						kind = custom[i].kind;
			}
			x->style_kind[x->nstyles++] = kind;
		}
	}
	xmlFreeTextReader(r);
	return ok < 0 ? "xl/styles.xml 已损坏 / xl/styles.xml is damaged" : NULL;
}

/* ---- which sheet ---- */

#define RELATIONS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

static struct str sheet_relation(struct xlsx *x, const char *wanted)
{
	xmlTextReaderPtr r = open_part(x->zip, "xl/workbook.xml");
	struct str id = STR_NULL;

	if (r == NULL)
		return STR_NULL;
	while (step(r) == 1) {
		if (at_start(r, "workbookPr")) {
			struct str v = attribute(&x->keep, r, "date1904");

			x->date1904 = str_eqz(v, "1") || str_eqz(v, "true");
		} else if (id.p == NULL && at_start(r, "sheet") &&
			   (wanted == NULL || str_eqz(attribute(&x->keep, r, "name"), wanted))) {
			xmlChar *v = xmlTextReaderGetAttributeNs(r, (const xmlChar *)"id", (const xmlChar *)RELATIONS);

			if (v)
				id = arena_str(&x->keep, str_from((const char *)v));
			xmlFree(v);
		}
	}
	xmlFreeTextReader(r);
	return id;
}

static struct str sheet_part(struct xlsx *x, struct str relation)
{
	xmlTextReaderPtr r = open_part(x->zip, "xl/_rels/workbook.xml.rels");
	struct str part = STR_NULL;

	if (r == NULL)
		return STR_NULL;
	while (relation.p && part.p == NULL && step(r) == 1) {
		if (!at_start(r, "Relationship") || !str_eq(attribute(&x->keep, r, "Id"), relation))
			continue;
		part = attribute(&x->keep, r, "Target");
		part = str_starts(part, "/") ? str_sub(part, 1, part.n) : arena_cat(&x->keep, STR("xl/"), part);
	}
	xmlFreeTextReader(r);
	return part;
}

/* ---- what it may be instead ---- */

static bool has_part(zip_t *zip, const char *name)
{
	return zip_name_locate(zip, name, 0) >= 0;
}

/* The first file in it that could be imported, else the first at all; NULL: its name is not UTF-8 (Windows packs Chinese names as GBK). */
static const char *named_inside(zip_t *zip, zip_int64_t n)
{
	const char *first = NULL;

	for (zip_int64_t i = 0; i < n; i++) {
		const char *name = zip_get_name(zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
		struct str s = str_from(name ? name : "");

		if (s.n == 0 || s.n > 200 || s.p[s.n - 1] == '/' || !utf8_valid(s) || !utf8_plain(s, false))
			continue;
		if (str_ends(s, ".csv") || str_ends(s, ".xlsx") || str_ends(s, ".CSV") || str_ends(s, ".XLSX"))
			return name;
		first = first ? first : name;
	}
	return first;
}

/* A ZIP is a workbook, a text, slides, or files that somebody packed. */
static const char *other_kind(struct xlsx *x)
{
	static const struct { const char *part, *zh, *en; } kinds[] = {
		{"word/document.xml", "Word 文档（DOCX）", "a Word document (DOCX)"},
		{"ppt/presentation.xml", "演示文稿（PPTX）", "a presentation (PPTX)"},
		{"xl/workbook.bin", "二进制工作簿（XLSB）", "a binary workbook (XLSB)"},
	};
	zip_int64_t n = zip_get_num_entries(x->zip, 0);
	const char *name;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (has_part(x->zip, kinds[i].part)) {
			x->other = arena_printf(&x->keep, "这是 %s，不是 CSV/XLSX：把其中的表另存为 XLSX 再导入 (this is %s, not CSV/XLSX: save its table as XLSX)",
						kinds[i].zh, kinds[i].en);
			return x->other.p;
		}
	if (has_part(x->zip, "[Content_Types].xml") || has_part(x->zip, "xl/workbook.xml"))
		return NULL;
	name = named_inside(x->zip, n);
	x->other = arena_printf(&x->keep, "这是 ZIP 压缩包，里面有 %lld 个文件%s%s%s，不是 CSV/XLSX：先解开（unzip），再导入里面的文件"
				" (this is a ZIP archive of %lld files, not CSV/XLSX: unpack it first with unzip and import what is in it)", (long long)n,
				name ? "（如 " : "", name ? name : "", name ? "）" : "", (long long)n);
	return x->other.p;
}

static const char *open_all(struct xlsx *x, const char *path, const char *sheet)
{
	const char *fault;
	struct str part;
	int code;

	x->zip = zip_open(path, ZIP_RDONLY, &code);
	if (x->zip == NULL)
		return "不是 ZIP 容器 / it is not a ZIP container";
	if ((fault = other_kind(x)) || (fault = container_fault(x->zip)) || (fault = load_strings(x)) || (fault = load_styles(x)))
		return fault;
	part = sheet_part(x, sheet_relation(x, sheet));
	if (part.p)
		x->reader = open_part(x->zip, part.p);
	if (x->reader == NULL)
		return sheet ? "没有这个名字的工作表 / it has no sheet of that name" : "没有工作表 / it has no sheet";
	return NULL;
}

enum err xlsx_open(const char *path, const char *sheet, struct xlsx **out, struct arena *a, struct str *why)
{
	struct xlsx *x = calloc(1, sizeof(*x));
	const char *fault;

	if (x == NULL)
		BUG("out of memory");
	arena_init(&x->keep, MAX_STRINGS_BYTES + ((size_t)64 << 20));
	arena_init(&x->row, MAX_COLUMNS * (MAX_CELL + 1024));
	x->cells = arena_array(&x->keep, struct str, MAX_COLUMNS);
	fault = open_all(x, path, sheet);
	if (fault) {
		enum err e = refuse(a, why, fault);

		if (x->other.p)
			*why = arena_str(a, x->other);
		xlsx_close(x);
		*out = NULL;
		return e;
	}
	*out = x;
	return OK;
}

void xlsx_close(struct xlsx *x)
{
	if (x == NULL)
		return;
	if (x->reader)
		xmlFreeTextReader(x->reader);
	if (x->zip)
		zip_discard(x->zip);
	free(x->strings);
	arena_release(&x->keep);
	arena_release(&x->row);
	free(x);
}

/* ---- rows ---- */

/* "BC12" -> 54; -1 when it is not a reference or too far right. */
static int column_of(struct str ref)
{
	int col = 0;
	size_t i = 0;

	for (; i < ref.n && ref.p[i] >= 'A' && ref.p[i] <= 'Z'; i++) {
		col = col * 26 + (ref.p[i] - 'A' + 1);
		if (col > MAX_COLUMNS)
			return -1;
	}
	return i ? col - 1 : -1;
}

/* Civil date of a day number counted from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
static void civil(int64_t day, int *y, int *m, int *d)
{
	int64_t z = day + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = (int)(yoe + era * 400 + (*m <= 2));
}

/* Excel's 1900 has a 29 February that never was: serials below 60 are one day off. */
static struct str date_text(struct xlsx *x, double serial, bool with_time)
{
	double days = floor(serial);
	int seconds = (int)lround((serial - days) * 86400);
	int y, m, d;

	if (seconds == 86400) {
		seconds = 0;
		days += 1;
	}
	if (x->date1904)
		days += 1462;
	else if (days < 60)
		days += 1;
	civil((int64_t)days - 25569, &y, &m, &d);
	if (!with_time && seconds == 0)
		return arena_printf(&x->row, "%04d-%02d-%02d", y, m, d);
	return arena_printf(&x->row, "%04d-%02d-%02d %02d:%02d:%02d", y, m, d, seconds / 3600, seconds / 60 % 60, seconds % 60);
}

static bool cell_value(struct xlsx *x, struct str type, int64_t style, struct str raw, struct str *out)
{
	int64_t i;
	double v;

	*out = raw;
	if (str_eqz(type, "s")) {
		if (!str_i64(raw, &i) || i < 0 || (size_t)i >= x->nstrings)
			return false;
		*out = x->strings[i];
	} else if (str_eqz(type, "b")) {
		*out = str_eqz(raw, "1") ? STR("TRUE") : STR("FALSE");
	} else if (str_eqz(type, "e")) {
		*out = STR("");
	} else if ((type.p == NULL || str_eqz(type, "n")) && style >= 0 && (size_t)style < x->nstyles &&
		   x->style_kind[style] != NOT_DATE && str_f64(raw, &v) && v >= 0 && v < 2958466) {
		*out = date_text(x, v, x->style_kind[style] == DATE_TIME);
	}
	return true;
}

/* The reader stands on <c>; leaves it on </c>. */
static bool read_cell(struct xlsx *x, int *next_col)
{
	struct str ref = attribute(&x->row, x->reader, "r");
	struct str type = attribute(&x->row, x->reader, "t");
	struct str raw = STR("");
	int col = ref.p ? column_of(ref) : *next_col;
	int depth = xmlTextReaderDepth(x->reader);
	int64_t style;

	if (col < 0 || col >= MAX_COLUMNS)
		return false;
	*next_col = col + 1;
	if (!str_i64(attribute(&x->row, x->reader, "s"), &style))
		style = -1;
	if (!xmlTextReaderIsEmptyElement(x->reader)) {
		for (;;) {
			if (step(x->reader) != 1)
				return false;
			if (xmlTextReaderDepth(x->reader) == depth)
				break;
			if ((at_start(x->reader, "v") || at_start(x->reader, "is")) && !element_text(&x->row, x->reader, &raw))
				return false;
		}
	}
	while (x->ncells <= (size_t)col)
		x->cells[x->ncells++] = STR("");
	return cell_value(x, type, style, raw, &x->cells[col]);
}

enum err xlsx_next(struct xlsx *x, struct str **cells, size_t *n, int64_t *number, struct arena *a, struct str *why)
{
	int ok, col = 0;
	bool in_row = false;

	arena_reset(&x->row);
	x->ncells = 0;
	while ((ok = step(x->reader)) == 1) {
		if (at_start(x->reader, "row")) {
			int64_t r;

			in_row = !xmlTextReaderIsEmptyElement(x->reader);
			/* a number that goes back, or beyond what a sheet can hold, is no number */
			if (!str_i64(attribute(&x->row, x->reader, "r"), &r) || r <= *number || r > MAX_ROWS)
				r = *number + 1;
			*number = r;
		} else if (in_row && at_start(x->reader, "c")) {
			if (!read_cell(x, &col))
				return refuse(a, why, "单元格已损坏 / a damaged cell");
		} else if (in_row && at_end(x->reader, "row")) {
			in_row = false;
			if (x->ncells) {
				*cells = x->cells;
				*n = x->ncells;
				return OK;
			}
		} else if (at_end(x->reader, "sheetData")) {
			return ERR_NOT_FOUND;
		}
	}
	return ok < 0 ? refuse(a, why, "工作表已损坏 / a damaged sheet") : ERR_NOT_FOUND;
}
