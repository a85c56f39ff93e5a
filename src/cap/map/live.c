/*
 * /map/live: what has changed, as events. Readers with the same rights and the same place share a channel, so that a change is looked at once for each
 * of these classes and not for each wall. Many changes make one event: at most four a second.
 *
 *	event: hello   {"seq":S,"now":MS}                                             the stream has begun
 *	event: change  {"seq":S,"now":MS,"n":N,"changes":[{"id":…,"lon":…,…}]}        matters; the first fifty by name
 *	event: reset   {"seq":S,"now":MS,"what":"missed"|"places"|"layers"}           ask everything anew
 *
 * The id of an event is a sequence of the journal: whoever comes back with Last-Event-ID gets what he missed, or a reset when that was too much.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "cap/map/codes.h"
#include "cap/map/follow.h"
#include "cap/map/pages.h"
#include "core/place/place.h"

#define NAMED_MAX 50           /* changes that are told one by one */
#define PACE_MS 250
#define MISSED_MAX 5000        /* entries that are read again for somebody who comes back */
#define MISSED_PAGE 500
#define CLASSES_MAX 512
#define ITEMS_BYTES ((size_t)64 * 1024)
#define COARSE_BITS 14         /* as the tiles of the public: cells of zoom 18 */

struct class {
	struct str key;            /* names the channel */
	bool is_public;
	struct str *from, *to;     /* keys of places; not public: the scopes */
	size_t n;
	struct str place_from, place_to; /* asked for; p NULL: all */
	struct buf items;          /* of the event to come */
	int64_t waiting, named, last_sent;
	struct arena arena;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct class *classes[CLASSES_MAX];
static size_t nclasses;
static int64_t newest;         /* sequence of what waits */
static atomic_long epoch;
static int64_t epoch_at;       /* clock_mono */
static bool epoch_due;
static _Atomic(struct app *) hub_of;

/* ---- classes ---- */

static struct class *find(struct str key)
{
	for (size_t i = 0; i < nclasses; i++)
		if (str_eq(classes[i]->key, key))
			return classes[i];
	return NULL;
}

static void class_free(struct class *c)
{
	buf_release(&c->items);
	arena_release(&c->arena);
	free(c);
}

static void drop_unheard(struct sse_hub *hub)
{
	for (size_t i = nclasses; i-- > 0;)
		if (sse_listeners(hub, classes[i]->key) == 0) {
			class_free(classes[i]);
			classes[i] = classes[--nclasses];
		}
}

static struct class *class_new(const struct query *q, struct str key)
{
	struct class *c = calloc(1, sizeof(*c));

	if (c == NULL)
		BUG("out of memory");
	arena_init(&c->arena, 0);
	buf_init(&c->items, ITEMS_BYTES);
	c->key = arena_str(&c->arena, key);
	c->is_public = q->is_public;
	c->n = q->is_public ? 0 : q->nscopes;
	c->from = arena_array(&c->arena, struct str, c->n + 1);
	c->to = arena_array(&c->arena, struct str, c->n + 1);
	for (size_t i = 0; i < c->n; i++) {
		c->from[i] = arena_str(&c->arena, q->scopes[i].from);
		c->to[i] = arena_str(&c->arena, q->scopes[i].to);
	}
	if (q->place) {
		c->place_from = arena_str(&c->arena, q->place->place);
		c->place_to = place_after(&c->arena, c->place_from);
	}
	return c;
}

static bool in_range(struct str key, struct str from, struct str to)
{
	return str_cmp(key, from) >= 0 && str_cmp(key, to) < 0;
}

static bool sees(const struct class *c, const struct set *tree, const struct point *p)
{
	struct str key = p->place < tree->n ? tree->v[p->place].place : STR("");
	bool scoped = c->is_public;

	if (c->is_public && !(p->flags & POINT_PUBLIC))
		return false;
	for (size_t i = 0; i < c->n && !scoped; i++)
		scoped = in_range(key, c->from[i], c->to[i]);
	/* an emergency is told to everybody who may see it, wherever he looks just now */
	return scoped && (c->place_from.p == NULL || (!c->is_public && p->tags & 1u << TAG_EMERGENCY) || in_range(key, c->place_from, c->place_to));
}

/* ---- events ---- */

static void add_where(struct json *j, const struct class *c, struct mercator at)
{
	struct lonlat p;

	if (c->is_public) { /* the middle of the coarse cell */
		at.x = at.x >> COARSE_BITS << COARSE_BITS | 1u << (COARSE_BITS - 1);
		at.y = at.y >> COARSE_BITS << COARSE_BITS | 1u << (COARSE_BITS - 1);
	}
	p = mercator_to(at);
	json_key(j, "lon"), json_f64(j, (double)(int64_t)(p.lon * 1e6) / 1e6);
	json_key(j, "lat"), json_f64(j, (double)(int64_t)(p.lat * 1e6) / 1e6);
}

static void add_item(struct class *c, const struct set *tree, const struct change *ch, bool had, bool has)
{
	const struct point *p = has ? &ch->is : &ch->was;
	struct json j;

	c->waiting++;
	if (c->named >= NAMED_MAX)
		return;
	if (c->named++)
		buf_addc(&c->items, ',');
	json_init(&j, &c->items);
	json_obj(&j);
	if (!c->is_public)
		json_key(&j, "id"), json_id(&j, p->id);
	json_key(&j, "how"), json_strz(&j, !has ? "gone" : !had ? "new" : ch->is.closed && !ch->was.closed ? "done" : "changed");
	json_key(&j, "state"), json_str(&j, code_word(CODE_STATE, p->state));
	json_key(&j, "category"), json_str(&j, code_word(CODE_CATEGORY, p->category));
	json_key(&j, "colour"), json_strz(&j, colour_word(point_colour(p, (uint32_t)(clock_now() / MS_MINUTE))));
	json_key(&j, "emergency"), json_bool(&j, p->tags & 1u << TAG_EMERGENCY);
	if (p->place < tree->n)
		json_key(&j, "place"), json_str(&j, tree->v[p->place].fid);
	if (!(p->flags & POINT_UNLOCATED))
		add_where(&j, c, p->at);
	json_end(&j);
	json_done(&j);
}

static void take(struct class *c, const struct set *tree, const struct change *ch)
{
	bool had = ch->had && sees(c, tree, &ch->was), has = ch->has && sees(c, tree, &ch->is);

	if (had || has)
		add_item(c, tree, ch, had, has);
}

static void say(struct buf *out, int64_t seq, const char *what, const struct class *c)
{
	buf_printf(out, "{\"seq\":%lld,\"now\":%lld", (long long)seq, (long long)clock_now());
	if (what)
		buf_printf(out, ",\"what\":\"%s\"", what);
	if (c) {
		buf_printf(out, ",\"n\":%lld,\"changes\":[", (long long)c->waiting);
		if (!c->items.full)
			buf_add(out, c->items.p, c->items.n);
		buf_addc(out, ']');
	}
	buf_addc(out, '}');
}

/* At most four a second; before an event that tells of it. Under the lock. */
static void advance(int64_t mono)
{
	atomic_fetch_add(&epoch, 1);
	epoch_at = mono;
	epoch_due = false;
}

int64_t live_epoch(void)
{
	return atomic_load(&epoch);
}

static void flush(struct class *c, struct sse_hub *hub, int64_t mono)
{
	struct buf b;

	buf_init(&b, 2 * ITEMS_BYTES);
	say(&b, newest, NULL, c);
	sse_publish(hub, c->key, newest, STR("change"), buf_str(&b));
	buf_release(&b);
	buf_release(&c->items);
	buf_init(&c->items, ITEMS_BYTES);
	c->waiting = c->named = 0;
	c->last_sent = mono;
}

static struct sse_hub *hub(void)
{
	struct app *app = atomic_load(&hub_of);

	return app ? app->sse : NULL;
}

static void flush_due(int64_t mono)
{
	bool due = epoch_due && mono - epoch_at >= PACE_MS;

	for (size_t i = 0; i < nclasses && !due; i++)
		due = classes[i]->waiting && mono - classes[i]->last_sent >= PACE_MS;
	if (due)
		advance(mono);
	for (size_t i = 0; i < nclasses; i++)
		if (classes[i]->waiting && mono - classes[i]->last_sent >= PACE_MS)
			flush(classes[i], hub(), mono);
}

void live_changed(const struct set *tree, const struct change *v, size_t n, int64_t seq)
{
	pthread_mutex_lock(&lock);
	newest = seq;
	epoch_due = true;
	for (size_t k = 0; k < nclasses; k++)
		for (size_t i = 0; i < n; i++)
			take(classes[k], tree, &v[i]);
	flush_due(clock_mono());
	pthread_mutex_unlock(&lock);
}

void live_refresh(const char *what, int64_t seq)
{
	struct buf b;

	pthread_mutex_lock(&lock);
	newest = seq > newest ? seq : newest;
	advance(clock_mono());
	buf_init(&b, 1024);
	say(&b, newest, what, NULL);
	for (size_t k = 0; k < nclasses; k++)
		sse_publish(hub(), classes[k]->key, newest, STR("reset"), buf_str(&b));
	buf_release(&b);
	pthread_mutex_unlock(&lock);
}

void live_again(const char *what)
{
	int64_t seq = feed_seq();

	pthread_mutex_lock(&lock);
	seq = newest > seq ? newest : seq;
	pthread_mutex_unlock(&lock);
	live_refresh(what, seq);
}

void live_tick(struct app *app, int64_t mono)
{
	(void)app;
	pthread_mutex_lock(&lock);
	flush_due(mono);
	pthread_mutex_unlock(&lock);
}

void live_forget(void)
{
	pthread_mutex_lock(&lock);
	while (nclasses)
		class_free(classes[--nclasses]);
	atomic_store(&hub_of, NULL);
	newest = 0;
	pthread_mutex_unlock(&lock);
}

/* ---- the route ---- */

static bool join(struct rq *rq, const struct query *q, struct str key)
{
	bool room = true;

	atomic_store(&hub_of, rq->app);
	pthread_mutex_lock(&lock);
	if (find(key) == NULL) {
		if (nclasses == CLASSES_MAX)
			drop_unheard(rq->app->sse);
		room = nclasses < CLASSES_MAX;
		if (room)
			classes[nclasses++] = class_new(q, key);
	}
	pthread_mutex_unlock(&lock);
	return room;
}

/* Entries since; false when they are too many to be told, or among them something that changes everything. */
static bool take_entries(struct class *c, const struct look *l, const struct journal_entry *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct change ch = {.has = true};

		if (str_starts(v[i].kind, "place.") || str_starts(v[i].kind, "layer."))
			return false;
		if (str_starts(v[i].kind, "matter.") && v[i].subject > 0 && feed_get(v[i].subject, &ch.is))
			take(c, l->tree, &ch);
	}
	return true;
}

/* What somebody who was away has missed, as one event; false when it is too much to tell. */
static bool missed(struct rq *rq, const struct look *l, const struct query *q, int64_t since, struct buf *out)
{
	struct class *c = class_new(q, STR("missed"));
	struct journal_entry *v;
	size_t n = MISSED_PAGE, all = 0;
	bool ok = true;

	while (ok && n == MISSED_PAGE) {
		ok = journal_read(rq_conn(rq), rq->arena, since, MISSED_PAGE, &v, &n) == OK && (all += n) <= MISSED_MAX && take_entries(c, l, v, n);
		if (ok && n)
			since = v[n - 1].seq;
	}
	if (ok && c->waiting) {
		struct buf data;

		buf_init(&data, 2 * ITEMS_BYTES);
		say(&data, l->seq, NULL, c);
		sse_format(out, l->seq, STR("change"), buf_str(&data));
		buf_release(&data);
	}
	class_free(c);
	return ok;
}

static void greet(struct rq *rq, const struct look *l, const struct query *q)
{
	struct str last = http_pair_get(&rq->http->headers, "Last-Event-ID");
	struct buf out, data;
	int64_t since;
	bool back = str_i64(last, &since) && since > 0;

	buf_init(&out, 4 * ITEMS_BYTES);
	buf_init(&data, 1024);
	say(&data, l->seq, NULL, NULL);
	sse_format(&out, l->seq, STR("hello"), buf_str(&data));
	/* ahead of us: another life of the store, or a node that is further on; what this one says then is no continuation */
	if (back && (since > l->seq || !missed(rq, l, q, since, &out))) {
		buf_clear(&data);
		say(&data, l->seq, "missed", NULL);
		sse_format(&out, l->seq, STR("reset"), buf_str(&data));
	}
	sse_hello(rq->http, buf_str(&out));
	buf_release(&data);
	buf_release(&out);
}

/* Events are told apart by place and rights alone. */
static enum err only_place(struct rq *rq)
{
	static const char *const names[] = {"place", "as", "lang"};

	for (size_t i = 0; i < rq->http->params.n; i++) {
		bool ok = false;

		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			ok = ok || str_eqz(rq->http->params.v[i].name, names[k]);
		if (!ok)
			return rq_fail(rq, ERR_INPUT, N_("实时更新只能按 place 分。"));
	}
	return OK;
}

enum err map_live(struct rq *rq)
{
	struct look l;
	struct query q;
	struct str key;
	enum err e = query_look(rq, &l);

	if (e != OK)
		return e;
	e = only_place(rq);
	if (e == OK)
		e = query_read(rq, &l, NULL, &q);
	look_end(&l);
	if (e != OK)
		return e;
	key = arena_cat(rq->arena, STR("map:"), q.key);
	(void)sse_open(rq->app->sse, rq->http, key, STR_NULL);
	if (!join(rq, &q, key))
		log_warn("map: more kinds of streams than are kept; this one only gets its heartbeat");
	/* looked at after the stream is open, so that nothing falls between */
	e = look_begin(rq->arena, rq->now, &l);
	if (e == OK)
		greet(rq, &l, &q);
	look_end(&l);
	return OK;
}
