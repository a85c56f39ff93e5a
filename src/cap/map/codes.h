/*
 * Small numbers for words: the points in memory know a state or a category by number. A number is given when a word is first met and stays as long as
 * the process lives; only who reads a tile needs the words again (/map/legend).
 */
#ifndef CAP_MAP_CODES_H
#define CAP_MAP_CODES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

enum code_kind { CODE_STATE, CODE_SCENARIO, CODE_CHANNEL, CODE_CATEGORY, CODE_ORG, CODE_KINDS };

/* The number of a word, given now if need be. What no longer fits (states, scenarios and channels beyond 255) shares the last number. */
unsigned code_of(enum code_kind k, struct str word);
unsigned code_of_org(int64_t org);
/* false: nobody has used the word yet, so nothing has it. */
bool code_find(enum code_kind k, struct str word, unsigned *out);
bool code_find_org(int64_t org, unsigned *out);
/* For an organisation that no matter has: the last number, which is given only when there are more of them than numbers. */
#define CODE_NOBODY 65535u
/* How many numbers there are: 0 .. n - 1. */
size_t code_count(enum code_kind k);
/* The word, "" for a number that nobody has; lives for ever. Organisations: the id in digits. */
struct str code_word(enum code_kind k, unsigned code);
int64_t code_org(unsigned code);

/* All words, a line each, for the file beside the snapshot; and back (into empty tables). */
struct str codes_text(struct arena *a);
bool codes_restore(struct str text);
void codes_forget(void);

/* ---- tags: what a matter is beside its state ---- */

enum tag { TAG_DEMO, TAG_EMERGENCY, TAG_REOPENED, TAG_ESCALATED, TAG_SUSPENDED, TAG_SOLVED, TAG_NOT_SOLVED, TAG_EXCLUDED, TAG_MERGED, TAG_UNASSIGNED,
	   TAG_COUNT };
const char *tag_word(enum tag t);
/* -1: there is none of that name. */
int tag_find(struct str word);

#endif
