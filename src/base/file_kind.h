/*
 * What people hand in by mistake where a table or a map in text is wanted: packed files, old workbooks, PDF, pictures, pages. Told by the first bytes
 * (never by the name), so that a reader can say what it is and what to do instead of "broken encoding on line 1".
 */
#ifndef BASE_FILE_KIND_H
#define BASE_FILE_KIND_H

#include "base/arena.h"
#include "base/str.h"

#define FILE_KIND_HEAD 512 /* bytes that are enough */

/*
 * "这是 gzip 压缩文件，不是 CSV：… (this is a file packed with gzip, not CSV: ...)", arena text; absent when the head may well be text. `wanted`: what the reader
 * reads, "CSV", "CSV/XLSX".
 */
struct str file_kind_fault(struct arena *a, struct str head, const char *wanted);
/* An XLSX workbook has the same beginning as any ZIP; true for one that says itself that it is something else (ODS, a document, pages of a map). */
bool file_kind_other_zip(struct str head);

#endif
