/*
 * Chinese full-text search. An index is a named set of documents (id, text); a document is found by every
 * substring of Chinese characters, also single ones; words of letters and digits by their beginning (letter case and
 * full width do not matter). The first 16000 characters of a text count. SQLite: FTS5 with our bigram tokenizer;
 * PostgreSQL: tsvector of bigrams with GIN. Index tables are made by the migration token {{SEARCH name}}.
 */
#ifndef DB_SEARCH_H
#define DB_SEARCH_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct db_conn;
struct tx;

/* Adds or replaces a document. */
CHECKED enum err search_put(struct tx *tx, const char *index, int64_t id, struct str text);
CHECKED enum err search_remove(struct tx *tx, const char *index, int64_t id);
/* Ids of documents that hold every word of `words` (split at white space), newest (greatest id) first, id < before. */
CHECKED enum err search_find(struct db_conn *c, struct arena *a, const char *index, struct str words, int64_t before,
			     int limit, int64_t **ids, size_t *n);
/*
 * SQLite keeps an index in pieces and merges them now and then: by itself 64 pages and more at once, tens of milliseconds in which nobody else can
 * write. Whoever puts texts calls this in the same job instead, with how many bytes they were: then a little is merged each time, and never more by itself.
 * PostgreSQL does this on its own, beside the writers.
 */
CHECKED enum err search_tidy(struct tx *tx, const char *index, size_t bytes);
/*
 * Marks: words that nobody types, put into a document's text to find it by something else than its words (what it is about, where it
 * belongs), exactly and newest first. What a search costs then does not grow with the index: one list, read from its end.
 */
#define SEARCH_MARK_BYTES 16
void search_mark_put(char to[SEARCH_MARK_BYTES], uint64_t hash); /* no NUL */
struct str search_mark(struct arena *a, uint64_t hash);
CHECKED enum err search_find_mark(struct db_conn *c, struct arena *a, const char *index, uint64_t hash, int64_t before, int limit, int64_t **ids,
				  size_t *n);
/* The text handed to the engine's MATCH, for queries that join the index: use {{MATCH index id_column $words}}
 * in .sql and pass search_words(). Empty when the words hold nothing searchable. */
struct str search_words(struct db_conn *c, struct arena *a, struct str words);

#endif
