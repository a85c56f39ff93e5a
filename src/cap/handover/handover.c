#include "cap/handover/handover.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/time.h"
#include "cap/handover/handover.sql.h"
#include "core/actor/duty.h"
#include "core/journal/journal.h"
#include "core/notify/wish.h"
#include "core/place/place.h"
#include "crypto/reseal.h"

int64_t handover_morning(int64_t now)
{
	int64_t morning = time_day_start(time_day_of(now, TIME_CHINA), TIME_CHINA) + HANDOVER_MORNING * MS_MINUTE;

	return morning > now ? morning : morning + MS_DAY;
}

static struct str context(struct arena *a, int64_t id)
{
	return arena_printf(a, "handover-note:%lld", (long long)id);
}

/* ---- reading ---- */

enum err handover_notes(struct db_conn *c, struct arena *a, struct str place, int64_t taken, struct handover_note **v, size_t *n)
{
	struct handover_notes_rows rows;
	enum err e = q_handover_notes(c, a, place, taken, HANDOVER_NOTES, &rows);

	*n = 0;
	if (e != OK)
		return e;
	*v = arena_array(a, struct handover_note, rows.n + 1);
	for (size_t i = 0; e == OK && i < rows.n; i++) {
		struct handover_note *x = &(*v)[(*n)++];

		*x = (struct handover_note){.id = rows.v[i].id, .at = rows.v[i].at, .author = rows.v[i].author};
		e = unseal(a, rows.v[i].text, context(a, x->id), &x->text);
	}
	return e;
}

static struct handover from_row(const struct handover_of_state_row *r)
{
	return (struct handover){r->id, r->at, r->giver, r->taker, r->taken_at, r->open, r->late, r->tonight};
}

enum err handover_offered(struct db_conn *c, struct arena *a, struct str place, struct handover *out)
{
	struct handover_of_state_rows rows;
	enum err e = q_handover_of_state(c, a, place, 0, 1, &rows);

	*out = e == OK && rows.n ? from_row(&rows.v[0]) : (struct handover){0};
	return e;
}

enum err handover_taken(struct db_conn *c, struct arena *a, struct str place, struct handover **v, size_t *n, int limit)
{
	struct handover_of_state_rows rows;
	enum err e = q_handover_of_state(c, a, place, 1, limit, &rows);

	*n = 0;
	if (e != OK)
		return e;
	*v = arena_array(a, struct handover, rows.n + 1);
	for (; *n < rows.n; (*n)++)
		(*v)[*n] = from_row(&rows.v[*n]);
	return OK;
}

/* ---- jobs ---- */

static enum err append(struct tx *tx, const char *kind, int64_t id, int64_t actor, struct str place, struct str data)
{
	return journal_append(tx, &(struct journal_entry){
		.at = tx->now, .actor = actor, .kind = str_from(kind), .subject = id, .place = place, .data = data});
}

enum err handover_note_job(struct tx *tx, void *arg)
{
	const struct handover_note_new *n = arg;
	struct handover_notes_rows rows;
	int64_t id = id_new(tx->now);
	unsigned char hash[32];
	struct str sealed;
	enum err e = q_handover_notes(tx->c, tx->arena, n->place, 0, HANDOVER_NOTES, &rows);

	if (e == OK && rows.n == HANDOVER_NOTES)
		return ERR_TOO_MUCH;
	if (e == OK)
		e = seal(tx->arena, n->text, context(tx->arena, id), &sealed);
	if (e == OK)
		e = q_handover_note_add(tx->c, &(struct handover_note_add_args){
			.id = id, .place = n->place, .at = tx->now, .author = n->author, .text = sealed}, NULL);
	if (e != OK)
		return e;
	hash_bytes(HASH_SHA256, n->text.p, n->text.n, hash);
	return append(tx, "handover.note", id, n->author, n->place,
		      arena_printf(tx->arena, "{\"text\":\"%.*s\"}", STR_ARG(hex(tx->arena, hash, sizeof(hash)))));
}

/* Two at one desk: the number of the place's lock is made from its key. */
static enum err lock_desk(struct tx *tx, struct str place)
{
	unsigned char hash[32];
	int64_t number = 0;

	hash_bytes(HASH_SHA256, place.p, place.n, hash);
	for (int i = 0; i < 7; i++)
		number = number << 8 | hash[i];
	return db_lock(tx, number);
}

enum err handover_offer_job(struct tx *tx, void *arg)
{
	const struct handover_new *n = arg;
	struct notice note = {.to = n->taker, .kind = STR("handover.offer"), .title = notify_two(tx->arena, STR("请您接班"), STR("Please take over the shift")),
			      .body = notify_two(tx->arena, STR("打开交接班，看过以后确认接班。"), STR("Open the hand-over, look at it, then confirm.")),
			      .link = STR("/handover"), .class = NOTICE_WORK, .place = n->place};
	struct handover open;
	enum err e = lock_desk(tx, n->place);

	if (e == OK)
		e = handover_offered(tx->c, tx->arena, n->place, &open);
	if (e == OK && open.id)
		return ERR_CONFLICT;
	note.subject = id_new(tx->now);
	if (e == OK)
		e = q_handover_add(tx->c, &(struct handover_add_args){
			.id = note.subject, .place = n->place, .at = tx->now, .giver = n->giver, .taker = n->taker, .open = n->open, .late = n->late,
			.tonight = n->tonight}, NULL);
	if (e == OK)
		e = append(tx, "handover.offer", note.subject, n->giver, n->place,
			   arena_printf(tx->arena, "{\"to\":\"%lld\",\"open\":%lld,\"late\":%lld,\"tonight\":%lld}", (long long)n->taker,
					(long long)n->open, (long long)n->late, (long long)n->tonight));
	return e == OK ? notify_send(tx, &note, NULL) : e;
}

enum err handover_answer_job(struct tx *tx, void *arg)
{
	const struct handover_answer *x = arg;
	struct handover open;
	int64_t changed = 0;
	enum err e = lock_desk(tx, x->place);

	if (e == OK)
		e = handover_offered(tx->c, tx->arena, x->place, &open);
	if (e == OK && open.id != x->id)
		return ERR_CONFLICT;
	if (e == OK && x->actor != (x->take ? open.taker : open.giver))
		return ERR_FORBIDDEN;
	if (e == OK)
		e = q_handover_end(tx->c, x->id, x->place, x->take ? 1 : 2, tx->now, &changed);
	if (e == OK && changed == 0)
		return ERR_CONFLICT;
	if (e == OK && x->take)
		e = q_handover_notes_pass(tx->c, x->place, x->id, NULL);
	if (e == OK && x->take)
		e = duty_take(tx, x->place, x->actor);
	if (e == OK)
		e = notify_settle(tx, x->id, true);
	return e == OK ? append(tx, x->take ? "handover.take" : "handover.withdraw", x->id, x->actor, x->place, STR("{}")) : e;
}

/* ---- places that move ---- */

static enum err follow_place(struct tx *tx, struct str old, struct str new_key)
{
	struct str after = place_after(tx->arena, old);
	enum err e = q_handover_rename(tx->c, old, after, new_key, (int64_t)old.n + 1, NULL);

	return e == OK ? q_handover_note_rename(tx->c, old, after, new_key, (int64_t)old.n + 1, NULL) : e;
}

static enum err start(struct app *app)
{
	static bool registered;

	(void)app;
	if (!registered)
		place_on_rename(follow_place);
	registered = true;
	return OK;
}

/* ---- the capability ---- */

static const struct route routes[] = {
	{"GET", "/handover", handover_page, "matter.dispatch", R_LOGIN, N_("交接班：没办结的、今晚到期的、本班办了什么、留给下一班的话"), 0},
	{"POST", "/handover/note", handover_note_post, "matter.dispatch", R_LOGIN, N_("给下一班留一句话，记入日志"), 0},
	{"POST", "/handover/offer", handover_offer_post, "matter.dispatch", R_LOGIN, N_("把工作交给一位同事，等他确认"), 0},
	{"POST", "/handover/answer", handover_answer_post, "matter.dispatch", R_LOGIN, N_("确认接班，或者撤回自己交的班"), 0},
	{0},
};

enum err handover_reseal_job(struct tx *tx, void *arg)
{
	struct reseal_page *r = arg, was = *r;
	struct handover_note_page_rows rows;
	enum err e = q_handover_note_page(tx->c, tx->arena, r->id, RESEAL_PAGE, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		struct str sealed;
		int64_t changed = 0;

		e = seal_again(tx->arena, rows.v[i].text, context(tx->arena, rows.v[i].id), &sealed);
		if (e == OK && sealed.p)
			e = q_handover_note_reseal(tx->c, rows.v[i].id, rows.v[i].text, sealed, &changed);
		reseal_passed(r, rows.v[i].id, STR_NULL, changed);
	}
	return reseal_page_end(r, &was, rows.n, e);
}

static enum err (*const reseal[])(struct tx *tx, void *page) = {handover_reseal_job, NULL};

static const struct permission permissions[] = {
	{"matter.dispatch", N_("分拨事项、交接班")},
	{0},
};

static const struct menu_entry menu[] = {
	{N_("交接班"), "/handover", "matter.dispatch", 30, NULL},
	{0},
};

extern const struct capability cap_handover;
const struct capability cap_handover = {
	.name = "handover",
	.title = N_("交接班"),
	.routes = routes,
	.permissions = permissions,
	.menu = menu,
	.reseal = reseal,
	.start = start,
};
