/* /map/replay: a day or a month once more, as moments in order of time. From memory, within the reader's rights. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cap/map/pages.h"

#define REPLAY_MAX 20000
#define REPLAY_DAYS 40

struct moment {
	int64_t at, id;
	const char *kind;
	struct mercator where;
};

static int by_time(const void *x, const void *y)
{
	const struct moment *a = x, *b = y;

	return a->at != b->at ? (a->at < b->at ? -1 : 1) : a->id < b->id ? -1 : a->id > b->id;
}

static size_t moments_of(const struct point *p, int64_t from, int64_t to, struct moment *out)
{
	int64_t created = p->created * MS_MINUTE, closed = p->closed * MS_MINUTE, due = p->due * MS_MINUTE;
	size_t n = 0;

	out[n++] = (struct moment){created, p->id, "in", p->at};
	if (due > 0 && due < to && p->closed == 0)
		out[n++] = (struct moment){due > created ? due : created, p->id, "late", p->at};
	if (p->closed && closed < to)
		out[n++] = (struct moment){closed, p->id, "done", p->at};
	(void)from;
	return n;
}

static enum err read_span(struct rq *rq, int64_t *from, int64_t *to)
{
	if (!query_time(rq_query(rq, "from"), false, from) || !query_time(rq_query(rq, "to"), true, to))
		return rq_fail(rq, ERR_INPUT, N_("重放要写明 from 和 to，例如 2026-11-22。"));
	if (*to <= *from || *to - *from > REPLAY_DAYS * MS_DAY)
		return rq_fail(rq, ERR_INPUT, N_("重放的时间要从早到晚，最长 %d 天。"), REPLAY_DAYS);
	return OK;
}

/*
 * What was open at the beginning or came in between; what had ended before is not part of it. A municipality has hundreds of thousands in a month: then
 * each moment stands for `each`, and they lie as all of them do.
 */
static enum err gather(struct rq *rq, const struct look *l, const struct query *q, int64_t from, int64_t to, struct moment **out, size_t *n, int64_t *each)
{
	struct points_filter open = q->f, ended = q->f;
	struct point *a, *b;
	size_t na = 0, nb = 0;
	bool more_a, more_b;
	enum err e;

	open.created = ended.created = (struct points_range){0, (uint32_t)(to / MS_MINUTE)};
	open.flags |= POINT_CLOSED;
	ended.closed = (struct points_range){(uint32_t)(from / MS_MINUTE), UINT32_MAX};
	*each = (points_total(l->view, &open) + points_total(l->view, &ended)) / REPLAY_MAX + 1;
	e = points_sample(l->view, &open, *each, rq->arena, REPLAY_MAX, &a, &na, &more_a);
	if (e == OK)
		e = points_sample(l->view, &ended, *each, rq->arena, REPLAY_MAX, &b, &nb, &more_b);
	if (e != OK)
		return e;
	*out = arena_array(rq->arena, struct moment, (na + nb) * 3 + 1);
	*n = 0;
	for (size_t i = 0; i < na; i++)
		*n += moments_of(&a[i], from, to, *out + *n);
	for (size_t i = 0; i < nb; i++)
		*n += moments_of(&b[i], from, to, *out + *n);
	qsort(*out, *n, sizeof(**out), by_time);
	return OK;
}

static void put_moments(struct json *j, const struct moment *v, size_t n)
{
	json_key(j, "events");
	json_arr(j);
	for (size_t i = 0; i < n; i++) {
		struct lonlat p = mercator_to(v[i].where);

		json_obj(j);
		json_key(j, "t"), json_i64(j, v[i].at);
		json_key(j, "id"), json_id(j, v[i].id);
		json_key(j, "kind"), json_strz(j, v[i].kind);
		json_key(j, "lon"), json_f64(j, round(p.lon * 1e5) / 1e5);
		json_key(j, "lat"), json_f64(j, round(p.lat * 1e5) / 1e5);
		json_end(j);
	}
	json_end(j);
}

enum err map_replay(struct rq *rq)
{
	struct look l;
	struct query q;
	struct json j;
	struct moment *v;
	int64_t from, to;
	size_t n;
	int64_t each;
	enum err e = read_span(rq, &from, &to);

	if (e == OK)
		e = query_look(rq, &l);
	if (e != OK)
		return e;
	e = query_read(rq, &l, NULL, &q);
	if (e == OK && q.is_public)
		e = rq_fail(rq, ERR_FORBIDDEN, N_("大屏只给有事项查看权限的人看。"));
	q.f.created = (struct points_range){0, 0};
	if (e == OK)
		e = gather(rq, &l, &q, from, to, &v, &n, &each);
	query_age(rq, &l);
	look_end(&l);
	if (e != OK)
		return e;
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "from"), json_i64(&j, from);
	json_key(&j, "to"), json_i64(&j, to);
	json_key(&j, "each"), json_i64(&j, each);
	put_moments(&j, v, n);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}
