/*
 * UTF-8 as RFC 3629 has it: shortest form, no surrogates, at most U+10FFFF. Whatever comes from outside is checked
 * once with utf8_valid (http, import and json do); behind that line text is known to be good.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define UTF8_BAD 0xfffdu

bool utf8_valid(struct str s);
/* Byte index of the first byte that is not UTF-8; s.n when all is good. */
size_t utf8_good(struct str s);

/*
 * Decodes the character at the start of *rest and moves *rest behind it. A broken byte yields UTF8_BAD and is
 * skipped alone. rest->n must not be 0.
 */
uint32_t utf8_next(struct str *rest);
/* Writes c (UTF8_BAD when it is no character), returns 1..4. */
size_t utf8_put(char out[4], uint32_t c);

/* Characters (code points); a broken byte counts as one. */
size_t utf8_count(struct str s);
/* The first n characters. */
struct str utf8_cut(struct str s, size_t n);
/* The first n characters; when something was cut off the last of them is "…". */
struct str utf8_ellipsis(struct arena *a, struct str s, size_t n);

/* Full-width letters, digits and signs (U+FF01..FF5E) to ASCII, U+3000 to a space: what an input method makes of
 * a phone number or a code. */
uint32_t utf8_fold_char(uint32_t c);
struct str utf8_fold(struct arena *a, struct str s);

/*
 * False when the text holds control characters (NUL, ESC, DEL, C1 ...) or the invisible marks that turn the
 * direction of writing, with which a text can be made to read differently from what it says. TAB passes always, CR and
 * LF when `lines`.
 */
bool utf8_plain(struct str s, bool lines);

#endif
