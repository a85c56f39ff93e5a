/*
 * Cuts text into the tokens of our full-text search; both engines use it, so both find the same. Chinese has no
 * spaces: a run of characters 楼道堆放 is indexed as the overlapping pairs 楼道 道堆 堆放 and the single last character 放
 * (so that a search for one character, made as the prefix 放*, finds it at the end of a run too). A search for
 * 楼道堆放 is the phrase of its pairs, which is exactly a substring search. Words of letters and digits are folded
 * from full width, lower-cased and kept whole.
 *
 *	struct cjk_iter it;
 *	struct cjk_token t;
 *
 *	for (cjk_begin(&it, text, CJK_INDEX); cjk_next(&it, &t);)
 *		...
 */
#ifndef BASE_CJK_H
#define BASE_CJK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Longer words are cut into pieces of at most this many bytes, in the index and in the query alike. */
#define CJK_WORD_MAX 64

enum cjk_mode {
	CJK_INDEX, /* the last character of each run also stands alone */
	CJK_QUERY, /* it does not in the last run, where text may go on; except when that run is one character long */
};

enum cjk_kind {
	CJK_PAIR,   /* two characters */
	CJK_SINGLE, /* one character: as the last token of a query to be matched as a prefix */
	CJK_WORD,   /* letters and digits */
};

struct cjk_token {
	enum cjk_kind kind;
	struct str text;      /* valid until the next cjk_next */
	size_t from, to;      /* bytes of the source it covers */
	unsigned position;    /* 0, 1, 2 ... without gaps */
};

struct cjk_iter {
	struct str text;
	size_t at;
	enum cjk_mode mode;
	unsigned position;
	bool in_run;
	size_t ahead, ahead_len; /* a character that was looked at already: where it begins, what it covers (0: none) */
	uint32_t ahead_c;
	char word[CJK_WORD_MAX + 8];
};

void cjk_begin(struct cjk_iter *it, struct str text, enum cjk_mode mode);
bool cjk_next(struct cjk_iter *it, struct cjk_token *t);

/* All tokens of the text with a space between: the source of a tsvector('simple'). */
void cjk_bigrams(struct buf *out, struct str text, enum cjk_mode mode);

/* Is the character written without spaces: Han, kana, hangul, bopomofo, yi. */
bool cjk_is(uint32_t c);

#endif
