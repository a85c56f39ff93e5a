/*
 * Tailers of the journal: the full text, and the totals of the open page. A total is a sum by the day of filing; an act
 * takes away what the matter counted before and adds what it counts now, both told by its journal entry.
 */
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_walk.h"
#include "base/map.h"
#include "core/journal/journal.h"
#include "core/matter/inner.h"
#include "core/matter/list.h"
#include "core/matter/similar.h"
#include "core/place/place.h"
#include "db/search.h"

#define BUCKETS 400
#define TOTALS_LOCK 0x746f74616c /* "total" */

/* ---- what one matter counts ---- */

struct sums {
	int64_t filed, opened, answered, closed, refused, late_closed, judged, solved, not_solved, score[6];
};

static int bucket_of(int64_t ms)
{
	int b = (int)floor(8 * log2((double)(ms / MS_MINUTE) + 1));

	return b < BUCKETS ? b : BUCKETS - 1;
}

/* Middle of the bucket, ms. */
static int64_t bucket_time(int64_t b)
{
	return (int64_t)((exp2(((double)b + 0.5) / 8) - 1) * (double)MS_MINUTE);
}

static void count(struct sums *s, const struct facts *f, int64_t sign)
{
	s->filed += sign;
	s->opened += sign * (f->kind == STATE_OPEN || f->kind == STATE_WAITING);
	s->answered += sign * (f->kind == STATE_DONE);
	s->closed += sign * (f->kind == STATE_CLOSED);
	s->refused += sign * (f->kind == STATE_REFUSED);
	s->late_closed += sign * f->late;
	s->judged += sign * (f->score > 0);
	s->solved += sign * (f->solved > 0);
	s->not_solved += sign * (f->solved < 0);
	if (f->score >= 1 && f->score <= 5)
		s->score[f->score] += sign;
}

/* ---- the tailer of totals: a batch is summed in memory first ---- */

struct total {
	struct str place, scenario, category, channel;
	int64_t day;
	struct sums s;
};
struct time_total {
	struct str place;
	int64_t day, n, ms;
	int bucket;
};
struct batch {
	struct arena *a;
	struct map exact;         /* key text -> struct total, of the matters' own places */
	struct map totals, times; /* key text -> struct total, struct time_total, of every place above them */
	struct map places;        /* key as the journal has it -> struct str, where that place is now */
};

static size_t put_part(char *to, size_t n, struct str s)
{
	if (s.n)
		memcpy(to + n, s.p, s.n);
	to[n + s.n] = 0x1f;
	return n + s.n + 1;
}

static struct total *total_for(struct batch *b, struct map *m, const struct total *like)
{
	struct str day = {(const char *)&like->day, sizeof(like->day)};
	char *key = arena_alloc(b->a, like->place.n + day.n + like->scenario.n + like->category.n + like->channel.n + 5);
	size_t n = put_part(key, put_part(key, 0, like->place), day);
	struct total *t;

	n = put_part(key, put_part(key, put_part(key, n, like->scenario), like->category), like->channel);
	t = map_get(m, (struct str){key, n});
	if (t)
		return t;
	t = arena_new(b->a, struct total);
	*t = *like;
	map_put(m, (struct str){key, n}, t);
	return t;
}

static void count_time(struct batch *b, struct str place, int64_t day, int64_t ms, int64_t sign)
{
	int bucket = bucket_of(ms);
	struct str key = arena_printf(b->a, "%.*s\x1f%lld\x1f%d", STR_ARG(place), (long long)day, bucket);
	struct time_total *t = map_get(&b->times, key);

	if (t == NULL) {
		t = arena_new(b->a, struct time_total);
		*t = (struct time_total){.place = place, .day = day, .bucket = bucket};
		map_put(&b->times, key, t);
	}
	t->n += sign;
	t->ms += sign * ms;
}

/* The places above one, itself included, from the root down. At most so many as there are levels. */
static size_t places_above(struct str place, struct str out[static PLACE_MICROGRID + 1])
{
	size_t n = 0;

	out[n++] = STR("");
	for (int level = PLACE_PROVINCE; level <= PLACE_MICROGRID; level++) {
		struct str p = place_up(place, (enum place_level)level);

		if (p.n && !str_eq(p, out[n - 1]))
			out[n++] = p;
	}
	return n;
}

static void count_one(struct batch *b, const struct total *like, const struct facts *f, int64_t sign)
{
	struct str above[PLACE_MICROGRID + 1];

	if (!f->is_public)
		return;
	count(&total_for(b, &b->exact, like)->s, f, sign);
	if (f->kind != STATE_CLOSED)
		return;
	for (size_t i = 0, n = places_above(like->place, above); i < n; i++)
		count_time(b, above[i], like->day, f->close_ms, sign);
}

static void add_sums(struct sums *to, const struct sums *s)
{
	to->filed += s->filed;
	to->opened += s->opened;
	to->answered += s->answered;
	to->closed += s->closed;
	to->refused += s->refused;
	to->late_closed += s->late_closed;
	to->judged += s->judged;
	to->solved += s->solved;
	to->not_solved += s->not_solved;
	for (size_t i = 0; i < ARRAY_LEN(to->score); i++)
		to->score[i] += s->score[i];
}

/* What a batch counted at the matters' own places counts at every place above them too. */
static void spread(struct batch *b)
{
	struct str key, above[PLACE_MICROGRID + 1];
	void *value;

	for (size_t at = 0; map_each(&b->exact, &at, &key, &value);) {
		const struct total *t = value;
		struct total up = *t;

		up.s = (struct sums){0};
		for (size_t i = 0, n = places_above(t->place, above); i < n; i++) {
			up.place = above[i];
			add_sums(&total_for(b, &b->totals, &up)->s, &t->s);
		}
	}
}

static bool is_act(const struct journal_entry *e)
{
	return str_starts(e->kind, "matter.") && !str_eqz(e->kind, "matter.late");
}

/* An entry tells the place of its time; its matter counts where that place is now. */
static enum err place_now(struct tx *tx, struct batch *b, struct str then, struct str *now)
{
	struct str *known = map_get(&b->places, then);
	enum err e = OK;

	if (known == NULL) {
		known = arena_new(b->a, struct str);
		e = place_current_key(tx->c, b->a, then, known);
		map_put(&b->places, then, known);
	}
	*now = *known;
	return e;
}

/* What an entry of an act says about its matter. */
struct act {
	struct total like;
	struct str category_was; /* when the act corrected it */
	struct str was, is; /* as they stand in the entry */
};

static bool read_act(struct arena *a, struct str data, struct act *out)
{
	struct json_walk w;
	struct str key, raw;
	unsigned found = 0;

	*out = (struct act){.like.day = 0};
	for (json_walk_begin(&w, data); json_walk_next(&w, a, &key, &raw);) {
		if (str_eqz(key, "day") && json_raw_i64(raw, &out->like.day))
			found |= 1;
		else if (str_eqz(key, "scenario") && json_raw_str(a, raw, &out->like.scenario))
			found |= 2;
		else if (str_eqz(key, "category") && json_raw_str(a, raw, &out->like.category))
			found |= 4;
		else if (str_eqz(key, "channel") && json_raw_str(a, raw, &out->like.channel))
			found |= 8;
		else if (str_eqz(key, "category_was") && json_raw_str(a, raw, &out->category_was))
			continue;
		else if (str_eqz(key, "was"))
			out->was = raw;
		else if (str_eqz(key, "is"))
			out->is = raw;
	}
	return !w.bad && found == 15;
}

static enum err count_entry(struct tx *tx, struct batch *b, const struct journal_entry *e)
{
	struct total before;
	struct facts f;
	struct act act;
	enum err err;

	if (!is_act(e) || !read_act(b->a, e->data, &act))
		return OK;
	err = place_now(tx, b, e->place, &act.like.place);
	before = act.like;
	if (act.category_was.p)
		before.category = act.category_was;
	if (err == OK && facts_read(b->a, act.was, &f))
		count_one(b, &before, &f, -1);
	if (err == OK && facts_read(b->a, act.is, &f))
		count_one(b, &act.like, &f, 1);
	return err;
}

static bool changes(const struct sums *s)
{
	static const struct sums zero;

	return memcmp(s, &zero, sizeof(zero)) != 0;
}

static enum err write_totals(struct tx *tx, struct batch *b)
{
	struct str key;
	void *value;
	enum err e = OK;

	for (size_t at = 0; e == OK && map_each(&b->totals, &at, &key, &value);) {
		const struct total *t = value;

		if (changes(&t->s))
			e = q_matter_total_add(tx->c, &(struct matter_total_add_args){
				.place = t->place, .day = t->day, .scenario = t->scenario, .category = t->category, .channel = t->channel,
				.filed = t->s.filed, .opened = t->s.opened, .answered = t->s.answered, .closed = t->s.closed,
				.refused = t->s.refused, .late_closed = t->s.late_closed, .judged = t->s.judged, .solved = t->s.solved,
				.not_solved = t->s.not_solved, .score1 = t->s.score[1], .score2 = t->s.score[2],
				.score3 = t->s.score[3], .score4 = t->s.score[4], .score5 = t->s.score[5]}, NULL);
	}
	for (size_t at = 0; e == OK && map_each(&b->times, &at, &key, &value);) {
		const struct time_total *t = value;

		if (t->n || t->ms)
			e = q_matter_total_time_add(tx->c, &(struct matter_total_time_add_args){t->place, t->day, t->bucket, t->n, t->ms}, NULL);
	}
	return e;
}

static enum err tail_totals(struct tx *tx, void *arg, const struct journal_entry *v, size_t n)
{
	struct batch b = {.a = tx->arena};
	enum err e = db_lock(tx, TOTALS_LOCK); /* no place may move between asking where it is and counting there */

	(void)arg;
	map_init(&b.exact, tx->arena);
	map_init(&b.totals, tx->arena);
	map_init(&b.times, tx->arena);
	map_init(&b.places, tx->arena);
	for (size_t i = 0; e == OK && i < n; i++)
		e = count_entry(tx, &b, &v[i]);
	spread(&b);
	return e ? e : write_totals(tx, &b);
}

/* ---- the tailer of the full text ---- */

/* Title, head of the code, what was said, marks. */
static struct str search_text(struct arena *a, const struct matter_for_search_row *r)
{
	struct str words = similar_words(a, r->title, scenario_version(r->scenario, (int)r->scenario_version), r->fields);
	struct str head = matter_code_head(r->code); /* the whole code must not be found out group by group */
	struct str marks = similar_marks(a, r->place, words); /* not inside STR_ARG, which evaluates three times */

	return arena_printf(a, "%.*s\n%.*s\n%.*s%.*s", STR_ARG(r->title), STR_ARG(head), STR_ARG(words), STR_ARG(marks));
}

static enum err put_texts(struct tx *tx, const int64_t *ids, size_t n)
{
	struct matter_for_search_rows rows;
	enum err e = n ? q_matter_for_search(tx->c, tx->arena, ids, n, &rows) : OK;
	size_t bytes = 0;

	for (size_t i = 0; n && e == OK && i < rows.n; i++) {
		struct str text = search_text(tx->arena, &rows.v[i]);

		bytes += text.n;
		e = search_put(tx, "matter", rows.v[i].id, text);
	}
	return bytes && e == OK ? search_tidy(tx, "matter", bytes) : e;
}

static enum err tail_search(struct tx *tx, void *arg, const struct journal_entry *v, size_t n)
{
	int64_t ids[1000];
	size_t k = 0;
	enum err e = OK;

	(void)arg;
	for (size_t i = 0; e == OK && i < n; i++) {
		if (str_eqz(v[i].kind, "matter.file"))
			ids[k++] = v[i].subject;
		if (k == ARRAY_LEN(ids)) {
			e = put_texts(tx, ids, k);
			k = 0;
		}
	}
	return e ? e : put_texts(tx, ids, k);
}

enum err matter_tailers(struct db *db, struct journal_tailer *out[2])
{
	enum err e = journal_tail_new_first(db, "matter-search", tail_search, NULL, &out[0]);

	if (e)
		return e;
	e = journal_tail(db, "matter-total", tail_totals, NULL, &out[1]);
	if (e)
		journal_tail_stop(out[0]);
	return e;
}

/* ---- reading ---- */

static int64_t at_share(const int64_t *buckets, int64_t all, double share)
{
	int64_t want = (int64_t)ceil((double)all * share), sum = 0;

	if (all == 0)
		return 0;
	for (int b = 0; b < BUCKETS; b++) {
		sum += buckets[b];
		if (sum >= want)
			return bucket_time(b);
	}
	return bucket_time(BUCKETS - 1);
}

static void fill(struct matter_totals *out, const struct sums *s, const int64_t *buckets, int64_t ms)
{
	int64_t all = 0;

	for (int b = 0; b < BUCKETS; b++)
		all += buckets[b];
	*out = (struct matter_totals){.filed = s->filed, .open = s->opened, .answered = s->answered, .closed = s->closed, .refused = s->refused,
				      .late_closed = s->late_closed, .judged = s->judged, .solved = s->solved, .not_solved = s->not_solved};
	memcpy(out->score, s->score, sizeof(out->score));
	out->close_ms_mean = all ? ms / all : 0;
	out->close_ms_median = at_share(buckets, all, 0.5);
	out->close_ms_p90 = at_share(buckets, all, 0.9);
}

enum err matter_totals_get(struct db_conn *c, struct arena *a, struct str place, int64_t from_day, int64_t to_day, struct matter_totals *out)
{
	struct matter_total_sum_row r;
	struct matter_total_times_rows times;
	int64_t buckets[BUCKETS] = {0}, ms = 0;
	enum err e = q_matter_total_sum(c, a, place, from_day, to_day, &r);

	if (e == OK)
		e = q_matter_total_times(c, a, place, from_day, to_day, &times);
	if (e)
		return e;
	for (size_t i = 0; i < times.n; i++) {
		ms += times.v[i].ms;
		if (times.v[i].bucket >= 0 && times.v[i].bucket < BUCKETS)
			buckets[times.v[i].bucket] = times.v[i].n;
	}
	fill(out, &(struct sums){.filed = r.filed, .opened = r.opened, .answered = r.answered, .closed = r.closed, .refused = r.refused,
				 .late_closed = r.late_closed, .judged = r.judged, .solved = r.solved, .not_solved = r.not_solved,
				 .score = {0, r.score1, r.score2, r.score3, r.score4, r.score5}}, buckets, ms);
	return OK;
}

enum err matter_totals_by_category(struct db_conn *c, struct arena *a, struct str place, int64_t from_day, int64_t to_day,
				   struct matter_total_row **v, size_t *n)
{
	struct matter_total_categories_rows rows;
	enum err e = q_matter_total_categories(c, a, place, from_day, to_day, &rows);

	if (e)
		return e;
	*v = arena_array(a, struct matter_total_row, rows.n + 1);
	*n = rows.n;
	for (size_t i = 0; i < rows.n; i++)
		(*v)[i] = (struct matter_total_row){rows.v[i].category, rows.v[i].filed, rows.v[i].closed, rows.v[i].opened};
	return OK;
}

enum err matter_totals_by_day(struct db_conn *c, struct arena *a, struct str place, int64_t from_day, int64_t to_day,
			      struct matter_total_day **v, size_t *n)
{
	struct matter_total_days_rows rows;
	enum err e = q_matter_total_days(c, a, place, from_day, to_day, &rows);

	if (e)
		return e;
	*v = arena_array(a, struct matter_total_day, rows.n + 1);
	*n = rows.n;
	for (size_t i = 0; i < rows.n; i++)
		(*v)[i] = (struct matter_total_day){rows.v[i].day, rows.v[i].filed, rows.v[i].closed};
	return OK;
}

/* ---- counting anew ---- */

struct recount {
	struct sums s;
	int64_t buckets[BUCKETS], ms;
};

static enum err recount_one(void *arg, const struct matter_recount_row *r)
{
	struct recount *x = arg;
	struct matter m = {.kind = (enum state_kind)r->kind, .created = r->created, .closed = r->closed, .total_due = r->total_due,
			   .judge_score = (int)r->judge_score, .judge_solved = (int)r->judge_solved, .is_public = true};
	struct facts f = facts_of(&m);

	count(&x->s, &f, 1);
	if (f.kind == STATE_CLOSED) {
		x->buckets[bucket_of(f.close_ms)]++;
		x->ms += f.close_ms;
	}
	return OK;
}

static int64_t start_of_day(int64_t day)
{
	/* a day of the calendar's zone: noon UTC of that day lies in it for every zone within 12 hours */
	return calendar_day_start(calendar_current(), day * MS_DAY + MS_DAY / 2 - 8 * MS_HOUR);
}

enum err matter_totals_recount(struct db_conn *c, struct arena *a, struct str place, int64_t from_day, int64_t to_day, struct matter_totals *out)
{
	struct recount *x = arena_new(a, struct recount);
	enum err e = q_matter_recount(c, place, place_after(a, place), start_of_day(from_day), start_of_day(to_day), recount_one, x);

	if (e == OK)
		fill(out, &x->s, x->buckets, x->ms);
	return e;
}

/* ---- moved places ---- */

/* The places above `moved`, which it leaves or comes to, without those above both. */
static enum err carry(struct tx *tx, struct str moved, struct str key, struct str other, int64_t sign)
{
	enum err e = OK;

	for (enum place_level l = PLACE_PROVINCE; e == OK && l < place_level_of_key(key); l++) {
		struct str above = place_up(key, l);

		if (place_within(other, above))
			continue;
		e = q_matter_total_carry(tx->c, above, moved, sign, NULL);
		if (e == OK)
			e = q_matter_total_time_carry(tx->c, above, moved, sign, NULL);
	}
	return e;
}

static enum err follow_totals(struct tx *tx, struct str old_key, struct str new_key, struct str after)
{
	enum err e = db_lock(tx, TOTALS_LOCK);

	if (e == OK)
		e = carry(tx, old_key, old_key, new_key, -1);
	if (e == OK)
		e = carry(tx, old_key, new_key, old_key, 1);
	if (e == OK)
		e = q_matter_total_move(tx->c, old_key, after, new_key, NULL);
	if (e == OK)
		e = q_matter_total_drop(tx->c, old_key, after, NULL);
	if (e == OK)
		e = q_matter_total_time_move(tx->c, old_key, after, new_key, NULL);
	return e ? e : q_matter_total_time_drop(tx->c, old_key, after, NULL);
}

/* The matters first: an act that is under way holds their rows, and what it wrote beside them is seen only behind it. */
static enum err follow_place(struct tx *tx, struct str old_key, struct str new_key)
{
	struct str after = place_after(tx->arena, old_key);
	enum err e = matter_rename_rows(tx, old_key, new_key, after);

	if (e == OK)
		e = q_matter_value_rename(tx->c, old_key, new_key, after, NULL);
	if (e == OK)
		e = q_matter_step_rename(tx->c, old_key, new_key, after, NULL);
	if (e == OK)
		e = q_matter_file_rename(tx->c, old_key, new_key, after, NULL);
	if (e == OK)
		e = q_matter_part_rename(tx->c, old_key, new_key, after, NULL);
	return e ? e : follow_totals(tx, old_key, new_key, after);
}

void matter_init(void)
{
	rule_register_all();
	place_on_rename(follow_place);
}
