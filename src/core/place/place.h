/*
 * place 地: the tree of regions, municipality -> district -> town -> community -> grid -> micro-grid.
 *
 * Two names for a place. Its *key* is internal and never changes while the place stays where it is: the parent's
 * key plus a fixed-width part a level, so that a subtree is the range key <= k < place_after(key). Its official
 * *code* is an attribute with dates (codes change from year to year): 2, 4, 6, 9, 12 digits for administrative
 * divisions (GB/T 2260, 统计用区划代码), 15 for a grid (12 + 3, GB/T 30428 style), 18 for a micro-grid.
 * Moving or merging places is a job that keeps history (place_history) and moves the keys of what belongs to them.
 */
#ifndef CORE_PLACE_H
#define CORE_PLACE_H

#include "db/db.h"

enum place_level { PLACE_ROOT, PLACE_PROVINCE, PLACE_CITY, PLACE_DISTRICT, PLACE_TOWN, PLACE_COMMUNITY, PLACE_GRID, PLACE_MICROGRID };

struct place {
	struct str key;        /* "" is the root */
	struct str code;       /* official code in force now; may be absent */
	struct str name;       /* "大石坝街道" */
	enum place_level level;
	double lon, lat;       /* CGCS2000 degrees; NAN when unknown */
	int64_t since, until;  /* in force; until 0 = still */
	bool hidden;           /* a node of the codes only (市辖区, 县): passed over in paths, names and lists of children */
	struct str point_source; /* who says where it is; absent: nobody, or read by a query that does not ask */
};

/* The first key behind the subtree of `key`: range [key, after). Arena text. The root's is "\x7f". */
struct str place_after(struct arena *a, struct str key);
/* Is `key` in the subtree of `top` (or top itself)? */
bool place_within(struct str key, struct str top);
/* Key of the ancestor at that level ("" when there is none). Borrowed from key. */
struct str place_up(struct str key, enum place_level level);
enum place_level place_level_of_key(struct str key);
/* Name of a level: N_("镇街") ... */
const char *place_level_name(enum place_level l);
/* A community as people say it: "石门社区" for 石门社区居民委员会; any other name as it is. Borrowed from name. */
struct str place_short_name(struct str name);
/* Level that a code of so many digits stands for (2, 4, 6, 9, 12, 15, 18); PLACE_ROOT when no level has such codes. */
enum place_level place_level_of_code(struct str code);

CHECKED enum err place_by_key(struct db_conn *c, struct arena *a, struct str key, struct place *out);
/* By official code, in force at `at` (0 = now); also finds codes of the past. */
CHECKED enum err place_by_code(struct db_conn *c, struct arena *a, struct str code, int64_t at, struct place *out);
CHECKED enum err place_children(struct db_conn *c, struct arena *a, struct str key, struct place **v, size_t *n);
/* From the root (exclusive) down to the place: for headings "重庆市 江北区 大石坝街道". */
CHECKED enum err place_path(struct db_conn *c, struct arena *a, struct str key, struct place **v, size_t *n);
/* "江北区大石坝街道…社区": names from `from` level down, joined. */
CHECKED enum err place_full_name(struct db_conn *c, struct arena *a, struct str key, enum place_level from, struct str *out);
/* Nearest place of that level with a known point, within `metres`. */
CHECKED enum err place_near(struct db_conn *c, struct arena *a, double lon, double lat, enum place_level level, double metres,
			    struct place *out);

/* Places of that level whose point lies within `metres` (≤ 20 km), nearest first, at most `max` (≤ 64). */
CHECKED enum err place_around(struct db_conn *c, struct arena *a, double lon, double lat, enum place_level level, double metres, size_t max,
			      struct place **v, size_t *n);

/* Everything in the subtree of `top` in the order of keys, the ended ones too (exports). */
CHECKED enum err place_each(struct db_conn *c, struct str top, enum err (*fn)(void *arg, const struct place *p), void *arg);
/* Places of that level in force. */
CHECKED enum err place_count(struct db_conn *c, enum place_level level, int64_t *n);

/* What happened to a place: "move", "merge", "name", "code", "end"; newest first. */
struct place_event {
	struct str kind, key_old, key_new, value_old, value_new, reason;
	int64_t at, who;
};
CHECKED enum err place_events(struct db_conn *c, struct arena *a, struct str key, struct place_event **v, size_t *n);

/* Jobs (inside tx). place_add makes the key; parent "" for a province. Returns the key. */
CHECKED enum err place_add(struct tx *tx, struct str parent, const struct place *p, struct str *key);
/* Moves a subtree under another parent (new keys), keeping old keys in place_history; `who` for the journal. */
CHECKED enum err place_move(struct tx *tx, struct str key, struct str new_parent, int64_t who, struct str reason, struct str *new_key);
/* Ends `from`; what belongs to it belongs to `into` from now on. */
CHECKED enum err place_merge(struct tx *tx, struct str from, struct str into, int64_t who, struct str reason);
/* The same for a large subtree without holding the writer for long: piece by piece, each piece in its own job, so that at every
 * moment each record lies under exactly one living place. Called again after an interruption, it goes on. `progress` may be NULL. */
CHECKED enum err place_move_large(struct db *db, struct arena *a, struct str key, struct str new_parent, int64_t who, struct str reason,
				  void (*progress)(void *arg, int64_t done, int64_t of), void *arg, struct str *new_key);
/* New name or code of a place from tx->now on; the old one stays in its history (STR_NULL: unchanged). */
CHECKED enum err place_change(struct tx *tx, struct str key, struct str name, struct str code, int64_t who, struct str reason);
/* Sets the point; lon, lat in CGCS2000. */
CHECKED enum err place_locate(struct tx *tx, struct str key, double lon, double lat, struct str source);
/* Where the thing with this old key lives now. */
CHECKED enum err place_current_key(struct db_conn *c, struct arena *a, struct str old_key, struct str *out);
/* Modules whose tables carry `place` register how to rename a key range ("UPDATE matter SET place = ..."). */
void place_on_rename(enum err (*fn)(struct tx *tx, struct str old_key, struct str new_key));
/* Names are kept in the process for a minute; forgets them (after a change on this node; tests that open another store). */
void place_forget_names(void);

#endif
