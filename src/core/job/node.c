#include "core/job/node.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "core/job/job.sql.h"
#include "crypto/crypto.h"

#define LOOK_MS 500 /* while waiting for a holder to beat or to run out */

struct node {
	struct db *db;
	int64_t number, holder;
	char who[256];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping, begun;
};

/* ---- who is it ---- */

static struct str word_of(struct arena *a, const char *path)
{
	struct str text, why, line;

	if (file_read(a, path, 4096, &text, &why) != OK || !str_split(&text, '\n', &line) || line.n == 0 || str_chr(line, ' ') >= 0)
		return STR("-");
	return line;
}

/* State and start of a process, as /proc/PID/stat tells; its name, which may hold anything, stands in brackets before them. */
static bool process(struct arena *a, int64_t pid, char *state, struct str *start)
{
	struct str text, why, rest, part;
	ptrdiff_t at = -1;

	if (file_read(a, arena_printf(a, "/proc/%lld/stat", (long long)pid).p, 4096, &text, &why) != OK)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == ')')
			at = (ptrdiff_t)i;
	if (at < 0 || (size_t)at + 2 >= text.n)
		return false;
	rest = str_sub(text, (size_t)at + 2, text.n);
	*state = rest.p[0];
	for (int field = 3; field <= 22; field++)
		if (!str_split(&rest, ' ', &part))
			return false;
	*start = part;
	return true;
}

struct str node_who(struct arena *a)
{
	char host[65] = "-", space[64] = "-";
	struct str start = STR("-");
	ssize_t n = readlink("/proc/self/ns/pid", space, sizeof(space) - 1);
	char state;

	(void)gethostname(host, sizeof(host) - 1);
	space[n > 0 ? n : 1] = 0;
	(void)process(a, getpid(), &state, &start);
	return arena_printf(a, "%.*s@%s %.*s %s %ld %.*s", STR_ARG(word_of(a, "/etc/machine-id")), host,
			    STR_ARG(word_of(a, "/proc/sys/kernel/random/boot_id")), space, (long)getpid(), STR_ARG(start));
}

struct who {
	struct str machine, boot, space, pid, start;
};

static bool split(struct str text, struct who *w)
{
	return str_split(&text, ' ', &w->machine) && str_split(&text, ' ', &w->boot) && str_split(&text, ' ', &w->space) &&
	       str_split(&text, ' ', &w->pid) && str_split(&text, ' ', &w->start);
}

enum life { LIVES, DEAD, UNKNOWN };

static enum life life_of(struct arena *a, struct str holder, struct str me)
{
	struct who h, m;
	struct str start;
	int64_t pid;
	char state;

	if (!split(holder, &h) || !split(me, &m) || !str_eq(h.machine, m.machine) || str_starts(h.machine, "-@"))
		return UNKNOWN;
	if (!str_eq(h.boot, m.boot))
		return DEAD;
	if (!str_eq(h.space, m.space) || !str_i64(h.pid, &pid))
		return UNKNOWN;
	if (!process(a, pid, &state, &start) || state == 'Z' || state == 'X' || !str_eq(start, h.start))
		return DEAD;
	return LIVES;
}

/* ---- the row ---- */

struct taking {
	struct node *n;
	int64_t seen;        /* `until` of the holder that may be replaced; 0: none */
	bool ours;
	struct job_node_of_row holder;
	struct arena *a;
};

/* Free, ours, run out, of a clock that was wrong, or the one that may be replaced. */
static bool may_take(const struct taking *t, int64_t now)
{
	return t->holder.holder == t->n->holder || t->holder.until <= now || t->holder.until > now + 3 * NODE_LEASE_MS ||
	       (t->seen && t->holder.until == t->seen);
}

static enum err take(struct tx *tx, void *arg)
{
	struct taking *t = arg;
	int64_t now = clock_now();
	enum err e = db_lock(tx, INT64_MAX - 100 - t->n->number);

	t->ours = false;
	if (e == OK)
		e = q_job_node_of(tx->c, tx->arena, t->n->number, &t->holder);
	if (e == OK && !may_take(t, now)) {
		t->holder.who = arena_str(t->a, t->holder.who);
		return OK;
	}
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	t->ours = true;
	return q_job_node_take(tx->c, t->n->number, t->n->holder, str_from(t->n->who), now + NODE_LEASE_MS, NULL);
}

static enum err give(struct tx *tx, void *arg)
{
	const struct node *n = arg;

	return q_job_node_give(tx->c, n->number, n->holder, NULL);
}

/* ---- the beat ---- */

static void beat(struct node *n)
{
	struct arena a;
	struct taking t = {.n = n, .a = &a};
	enum err e;

	arena_init(&a, 0);
	e = db_write(n->db, take, &t);
	if (e != OK)
		log_warn("node: the lease is not renewed node=%ld err=%s", n->number, err_name(e));
	else if (!t.ours)
		log_error("node: another process serves this store under the same number: stop one of the two node=%ld", n->number);
	arena_release(&a);
}

static void *beats(void *arg)
{
	struct node *n = arg;

	pthread_setname_np(pthread_self(), "node");
	pthread_mutex_lock(&n->lock);
	while (!n->stopping) {
		struct timespec at;

		clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_sec += NODE_BEAT_MS / 1000;
		pthread_cond_timedwait(&n->wake, &n->lock, &at);
		if (n->stopping)
			break;
		pthread_mutex_unlock(&n->lock);
		beat(n);
		pthread_mutex_lock(&n->lock);
	}
	pthread_mutex_unlock(&n->lock);
	return NULL;
}

/* ---- begin and end ---- */

static enum err refuse(struct taking *t, struct arena *a, struct str *why)
{
	struct who h = {.machine = t->holder.who, .pid = STR("?")};

	(void)split(t->holder.who, &h);
	*why = arena_printf(a, "另一个进程（主机 %.*s，进程号 %.*s）正以节点编号 %lld 服务同一个数据库。请先停掉它；多节点须用 PostgreSQL，并给每个节点写不同的 [server] node。"
			    "another process (machine %.*s, pid %.*s) serves this store under node number %lld: stop it; several nodes need PostgreSQL and "
			    "each its own [server] node.", STR_ARG(h.machine), STR_ARG(h.pid), (long long)t->n->number, STR_ARG(h.machine),
			    STR_ARG(h.pid), (long long)t->n->number);
	return ERR_CONFLICT;
}

/* Takes the number, or waits until its holder has beaten (it lives) or not (it does not). */
static enum err take_or_wait(struct node *n, struct arena *a, struct str *why)
{
	struct taking t = {.n = n, .a = a};
	int64_t begun = clock_mono(), first = 0;

	for (;;) {
		enum err e = db_write(n->db, take, &t);
		enum life life;

		if (e != OK) {
			log_warn("node: the number could not be taken, it is tried again node=%ld err=%s", n->number, err_name(e));
			return OK;
		}
		if (t.ours)
			return OK;
		life = life_of(a, t.holder.who, str_from(n->who));
		if (life == LIVES || (first && t.holder.until != first))
			return refuse(&t, a, why);
		if (life == DEAD || clock_mono() - begun > NODE_LEASE_MS) {
			t.seen = t.holder.until;
			continue;
		}
		if (first == 0)
			log_info("waiting for the node that had this number before node=%ld", n->number);
		first = t.holder.until;
		usleep(LOOK_MS * 1000);
	}
}

enum err node_begin_as(struct db *db, int64_t number, struct str who, struct node **out, struct arena *a, struct str *why)
{
	struct node *n = calloc(1, sizeof(*n));
	pthread_condattr_t mono;
	enum err e;

	if (n == NULL)
		BUG("out of memory");
	n->db = db;
	n->number = db_engine(db) == DB_SQLITE ? 0 : number;
	random_bytes(&n->holder, sizeof(n->holder));
	n->holder &= INT64_MAX;
	snprintf(n->who, sizeof(n->who), "%.*s", STR_ARG(who));
	pthread_mutex_init(&n->lock, NULL);
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(&n->wake, &mono);
	pthread_condattr_destroy(&mono);
	e = take_or_wait(n, a, why);
	if (e == OK && pthread_create(&n->thread, NULL, beats, n) != 0)
		e = ERR_IO;
	n->begun = e == OK;
	if (e != OK) {
		node_end(n);
		n = NULL;
	}
	*out = n;
	return e;
}

enum err node_begin(struct db *db, int64_t number, struct node **out, struct arena *a, struct str *why)
{
	return node_begin_as(db, number, node_who(a), out, a, why);
}

void node_end(struct node *n)
{
	if (n == NULL)
		return;
	if (n->begun) {
		pthread_mutex_lock(&n->lock);
		n->stopping = true;
		pthread_cond_signal(&n->wake);
		pthread_mutex_unlock(&n->lock);
		pthread_join(n->thread, NULL);
		if (db_write(n->db, give, n) != OK)
			log_warn("node: the number was not given back, it runs out by itself node=%ld", n->number);
	}
	pthread_mutex_destroy(&n->lock);
	pthread_cond_destroy(&n->wake);
	free(n);
}
