#include "common.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/utf8.h"
#include "core/journal/journal.h"
#include "core/journal/journal.sql.h"
#include "core/matter/matter.sql.h"
#include "core/place/place.h"
#include "crypto/crypto.h"
#include "load.h"
#include "web/session.h"

static double started_ms;

double bench_now(void)
{
	return (double)clock_mono_us() / 1e6;
}

int64_t bench_env(const char *name, int64_t otherwise)
{
	const char *v = getenv(name);
	int64_t n;

	return v && str_i64(str_from(v), &n) && n > 0 ? n : otherwise;
}

void bench_line(const char *name, double value, const char *unit, const char *against, double ratio)
{
	printf("BENCH name=%s value=%.6g unit=%s against=%s ratio=%.3f\n", name, value, unit, against, ratio);
	fflush(stdout);
}

void bench_begin(void)
{
	unit_begin();
	signal(SIGPIPE, SIG_IGN);
}

static void must(enum err e, const char *what, struct str why)
{
	if (e == OK)
		return;
	fprintf(stderr, "bench: %s: %s %.*s\n", what, err_name(e), STR_ARG(why));
	exit(1);
}

/* ---- the store ---- */


static enum err add_places(struct tx *tx, void *arg)
{
	static const struct {
		const char *code, *name;
		enum place_level level;
	} chain[] = {
		{"50", "重庆市", PLACE_PROVINCE}, {"5001", "市辖区", PLACE_CITY}, {"500105", "江北区", PLACE_DISTRICT},
		{"500105004", "大石坝街道", PLACE_TOWN}, {"500105004001", "石油社区", PLACE_COMMUNITY},
	};
	struct bench *b = arg;
	struct str key = STR("");
	enum err e = OK;

	for (size_t i = 0; e == OK && i < ARRAY_LEN(chain); i++) {
		struct place p = {.code = str_from(chain[i].code), .name = str_from(chain[i].name), .level = chain[i].level,
				  .lon = NAN, .lat = NAN};

		e = place_add(tx, key, &p, &key);
		key = arena_str(&b->a, key);
		if (chain[i].level == PLACE_TOWN)
			b->town = key;
	}
	b->community = key;
	for (int i = 0; e == OK && i < 8; i++) {
		struct place p = {.code = arena_printf(tx->arena, "500105004001%03d", i + 1),
				  .name = arena_printf(tx->arena, "第%d网格", i + 1), .level = PLACE_GRID, .lon = NAN, .lat = NAN};

		e = place_add(tx, b->community, &p, &b->grid[i]);
		b->grid[i] = arena_str(&b->a, b->grid[i]);
	}
	return e;
}

static void open_core(struct bench *b)
{
	struct str why = STR("");
	struct keyring *keys;

	must(keyring_open(arena_printf(&b->a, "%s/keys", b->var).p, true, "intl", &keys, &b->a, &why), "keys", why);
	keyring_use(keys);
	must(journal_init(b->u->db, NULL, &b->a, &why), "journal", why);
	matter_init();
	must(scenario_load_dir(b->u->db, "scenarios", &b->a, &why), "scenarios", why);
}

void bench_open(struct bench *b, enum db_engine engine, const struct db_options *o)
{
	*b = (struct bench){.town_code = "500105004"};
	arena_init(&b->a, 0);
	crypto_init();
	b->u = unit_store(engine, o);
	b->var = arena_printf(&b->a, "%s/var", unit_tmp()).p;
	mkdir(b->var, 0700);
	open_core(b);
	must(db_write(b->u->db, add_places, b), "places", STR(""));
}

void bench_reopen(struct bench *b)
{
	bench_release(b);
	unit_store_reopen(b->u, NULL);
	open_core(b);
}

void bench_close(struct bench *b)
{
	if (b->server)
		bench_stop(b, SIGTERM);
	bench_release(b);
	unit_store_close(b->u);
	arena_release(&b->a);
}

void bench_release(struct bench *b)
{
	if (b->u->db == NULL)
		return;
	journal_end(b->u->db);
	db_close(b->u->db);
	b->u->db = NULL;
}

/* ---- filling ---- */

static const char *const subjects[] = {"路灯不亮", "垃圾没有及时清运", "楼道堆放杂物", "井盖松动", "夜间施工噪音", "下水道堵塞",
				       "占道停车", "电梯停运", "油烟扰民", "树枝遮挡窗户", "消防通道被占", "水管漏水"};
static const char *const wheres[] = {"石油路", "大庆村", "元祝桥", "雨花村", "化纤支路", "忠恕沱"};
static const char *const categories[] = {"city.light", "city.garbage", "house.stairs", "city.road", "noise.build", "house.pipe"};

struct str bench_text(struct arena *a, int64_t i)
{
	uint64_t h = (uint64_t)i * 0x9e3779b97f4a7c15u;

	return arena_printf(a, "%s%d号附近%s，已经%d天了，老人和孩子经过很不方便，希望尽快派人来看一看，编号%lld。",
			    wheres[(h >> 8) % ARRAY_LEN(wheres)], (int)((h >> 16) % 400) + 1, subjects[(h >> 32) % ARRAY_LEN(subjects)],
			    (int)((h >> 40) % 30) + 1, (long long)i);
}

#define FILL 256

struct fill {
	struct arena a;
	struct matter_new m[FILL];
	size_t n;
};

static enum err fill_job(struct tx *tx, void *arg)
{
	struct fill *f = arg;

	for (size_t i = 0; i < f->n; i++) {
		enum err e = matter_file(tx, &f->m[i]);

		if (e != OK)
			return e;
	}
	return OK;
}

static void fill_one(struct bench *b, struct fill *f, const struct scenario *s, int64_t i, int64_t now)
{
	struct matter_new *m = &f->m[f->n++];
	int ended = scenario_state(s, STR("closed"));
	bool closed = ended >= 0 && i % 20 != 0; /* one in twenty is still open */

	*m = (struct matter_new){.scenario = s, .place = b->grid[i % 8], .channel = STR("web"), .lon = NAN, .lat = NAN, .is_public = i % 3 != 0,
				 .category = str_from(categories[(i / 7) % (int64_t)ARRAY_LEN(categories)])};
	m->created = now - 400 * MS_DAY + i * 400 * MS_DAY / 1000000 % (400 * MS_DAY);
	m->source = STR("bench");
	m->source_id = arena_printf(&f->a, "%lld", (long long)i);
	if (closed) {
		m->state = s->states[ended].id;
		m->closed = m->created + (1 + i % 9) * MS_DAY;
	}
	m->values = arena_array(&f->a, struct matter_value, 1);
	m->values[0] = (struct matter_value){s->fields[0].id, bench_text(&f->a, i)};
	m->nvalues = 1;
	must(matter_prepare(&f->a, m, now), "prepare", m->why);
}

double bench_follow(struct bench *b)
{
	struct journal_tailer *t[2];
	double t0 = bench_now();

	must(matter_tailers(b->u->db, t), "tailers", STR(""));
	for (int i = 0; i < 2; i++) {
		journal_tail_drain(t[i]);
		journal_tail_stop(t[i]);
	}
	return bench_now() - t0;
}

double bench_fill(struct bench *b, int64_t from, int64_t to)
{
	const struct scenario *s = scenario_current(STR("resident-report"));
	struct fill *f = calloc(1, sizeof(*f));
	double t0 = bench_now();
	int64_t now = clock_now();

	must(s ? OK : ERR_NOT_FOUND, "scenario resident-report", STR(""));
	arena_init(&f->a, 0);
	for (int64_t i = from; i < to;) {
		f->n = 0;
		while (i < to && f->n < FILL)
			fill_one(b, f, s, i++, now);
		must(db_write(b->u->db, fill_job, f), "fill", STR(""));
		arena_reset(&f->a);
	}
	arena_release(&f->a);
	free(f);
	bench_follow(b);
	return bench_now() - t0;
}

/* ---- raw: the same rows by the same statements, nothing else ---- */

struct raw_row { /* one report */
	struct matter_insert_args matter;
	struct matter_value_put_args value;
	struct journal_insert_args entry;
};

struct raw {
	struct raw_row *v; /* made before the clock starts */
	int64_t first, n;
	bool values;
};

static void raw_make(struct bench *b, struct raw_row *r, int64_t i, int64_t now)
{
	static const char entry[] = "{\"scenario\":\"resident-report\",\"version\":1,\"to\":\"filed\",\"category\":\"city.light\",\"channel\":\"web\","
				    "\"day\":20779,\"is\":{\"kind\":0,\"public\":true},"
				    "\"text\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}";
	struct arena *a = &b->a;
	struct str text = bench_text(a, i), place = b->grid[i % 8];
	int64_t id = id_new(now);

	r->matter = (struct matter_insert_args){
		.id = id, .code = arena_printf(a, "%04llX-RAW0-%04llX", (unsigned long long)(i * 40503) & 0xffff, (unsigned long long)i),
		.scenario = STR("resident-report"), .scenario_version = 1, .state = STR("filed"), .place = place, .town = b->town,
		.category = STR("city.light"), .title = utf8_ellipsis(a, text, 40), .channel = STR("web"), .created = now, .updated = now,
		.state_since = now, .due = now + 2 * MS_HOUR, .total_due = now + 8 * MS_DAY, .is_public = true, .desk = STR("dispatcher"),
		.fields = arena_printf(a, "{\"what\":\"%s\",\"address\":\"2号楼\"}", text.p)};
	r->value = (struct matter_value_put_args){
		.matter = id, .field = STR("phone"), .place = place, .sealed = arena_printf(a, "%060lld", (long long)i),
		.lookup = arena_printf(a, "%032lld", (long long)(i * 2654435761) % 1000000007)};
	r->entry = (struct journal_insert_args){.seq = i + 1000000, .at = now, .kind = STR("matter.file"), .subject = id, .place = place,
						.data = str_from(entry)};
}

static enum err raw_job(struct tx *tx, void *arg)
{
	struct raw *r = arg;
	enum err e = OK;

	for (int64_t i = r->first; e == OK && i < r->first + r->n; i++) {
		e = q_matter_insert(tx->c, &r->v[i].matter, NULL);
		if (e == OK && r->values)
			e = q_matter_value_put(tx->c, &r->v[i].value, NULL);
		if (e == OK)
			e = q_journal_insert(tx->c, &r->v[i].entry, NULL);
	}
	return e;
}

double bench_raw_rate(int64_t reports, int64_t batch, bool values)
{
	struct bench b;
	struct raw r = {.n = batch, .values = values};
	double t0;

	bench_open(&b, DB_SQLITE, &(struct db_options){.batch = 1});
	journal_end(b.u->db);
	db_set_hooks(b.u->db, NULL);
	r.v = arena_array(&b.a, struct raw_row, (size_t)(reports + batch));
	for (int64_t i = 0; i < reports + batch; i++)
		raw_make(&b, &r.v[i], i, clock_now());
	t0 = bench_now();
	for (r.first = 0; r.first < reports; r.first += batch)
		must(db_write(b.u->db, raw_job, &r), "raw rows", STR(""));
	t0 = bench_now() - t0;
	db_close(b.u->db);
	b.u->db = NULL;
	bench_close(&b);
	return (double)r.first / t0;
}

/* ---- the server ---- */

static int free_port(void)
{
	static int next;

	if (next == 0)
		next = 20000 + (int)(getpid() % 20000);
	return next++;
}

static void run_server(struct bench *b, const char *listen, const char *batch)
{
	const char *binary = getenv("GONGZHI_BINARY") ? getenv("GONGZHI_BINARY") : "build/gongzhi";
	int log = open(arena_printf(&b->a, "%s/server.log", b->var).p, O_WRONLY | O_CREAT | O_APPEND, 0600);

	dup2(log, 2);
	dup2(log, 1);
	setenv("GONGZHI_VAR", b->var, 1);
	setenv("GONGZHI_STORE_BATCH", batch, 1);
	setenv("GONGZHI_ACCESS_LOG", "no", 1);
	execl(binary, binary, "serve", "--listen", listen, "--store", b->u->url, (char *)NULL);
	_exit(127);
}

/* False: it ended, as it does when somebody else has the port. */
static bool try_server(struct bench *b, int batch)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
	char listen[64], text[16];
	double t0;

	b->port = free_port();
	snprintf(listen, sizeof(listen), "127.0.0.1:%d", b->port);
	snprintf(text, sizeof(text), "%d", batch);
	fflush(stdout);
	b->server = fork();
	if (b->server == 0)
		run_server(b, listen, text);
	t0 = bench_now();
	while (load_once(b->port, request, sizeof(request) - 1, NULL, NULL) != 200) {
		if (waitpid(b->server, NULL, WNOHANG) == b->server)
			return false;
		if (bench_now() - t0 > 60) {
			bench_stop(b, SIGKILL);
			return false;
		}
		usleep(2000);
	}
	started_ms = (bench_now() - t0) * 1000;
	return waitpid(b->server, NULL, WNOHANG) != b->server; /* else the answer was somebody else's */
}

void bench_serve(struct bench *b, int batch)
{
	bench_release(b);
	for (int i = 0; i < 5; i++)
		if (try_server(b, batch))
			return;
	fprintf(stderr, "bench: the server does not start; see %s/server.log\n", b->var);
	exit(1);
}

double bench_start_ms(const struct bench *b)
{
	(void)b;
	return started_ms;
}

void bench_stop(struct bench *b, int sig)
{
	if (b->server <= 0)
		return;
	kill(b->server, sig);
	waitpid(b->server, NULL, 0);
	b->server = 0;
}

double bench_rss_mb(const struct bench *b)
{
	char path[64], line[256];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)b->server);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	if (f)
		fclose(f);
	return (double)kb / 1024;
}

double bench_cpu_s(const struct bench *b)
{
	char path[64], line[1024], *p;
	long ticks = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)b->server);
	f = fopen(path, "r");
	if (f && fgets(line, sizeof(line), f) && (p = strrchr(line, ')'))) {
		for (int i = 0; p && i < 12; i++) /* behind the name: utime and stime are the 12th and 13th */
			p = strchr(p + 1, ' ');
		if (p) {
			ticks = strtol(p, &p, 10);
			ticks += strtol(p, NULL, 10);
		}
	}
	if (f)
		fclose(f);
	return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

void bench_settle(const struct bench *b)
{
	double last = -1, now;

	for (int i = 0; i < 600; i++) {
		now = bench_cpu_s(b);
		if (now - last < 0.025 && i > 0)
			return;
		last = now;
		usleep(200000);
	}
}

/* ---- an account ---- */

struct login {
	struct bench *b;
	const char *role;
	struct str roles, hash;
};

static enum err login_job(struct tx *tx, void *arg)
{
	struct login *l = arg;
	struct str why = STR("");
	int64_t id, session;
	enum err e = actor_load_roles(tx, l->roles, &why);

	if (e == OK)
		e = actor_create(tx, str_from(l->role), STR("值班员"), STR("-"), &id);
	if (e == OK)
		e = actor_grant(tx, id, str_from(l->role), l->b->town, 0, 0, id, &why);
	return e == OK ? actor_session_start(tx, id, l->hash, tx->now, &session) : e;
}

const char *bench_login(struct bench *b, const char *role)
{
	struct login l = {.b = b, .role = role};
	struct str token = token_new(&b->a), why = STR("");

	must(file_read(&b->a, "data/roles.csv", 1 << 20, &l.roles, &why), "data/roles.csv", why);
	l.hash = web_session_hash(&b->a, token);
	must(db_write(b->u->db, login_job, &l), "account", STR(""));
	return arena_printf(&b->a, "gz=%.*s", STR_ARG(token)).p;
}

/* ---- a visitor ---- */

size_t form_encode(char *to, size_t cap, struct str s)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < s.n && n + 4 < cap; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
			to[n++] = (char)c;
		} else {
			to[n++] = '%';
			to[n++] = digits[c >> 4];
			to[n++] = digits[c & 15];
		}
	}
	to[n] = 0;
	return n;
}

static void take_cookies(struct visitor *v, const char *head)
{
	const char *p = head;
	size_t n = strlen(v->cookie);

	while ((p = strcasestr(p, "\nSet-Cookie: "))) {
		size_t len;

		p += 13;
		len = strcspn(p, ";\r");
		if (n + len + 3 < sizeof(v->cookie)) {
			if (n) {
				memcpy(v->cookie + n, "; ", 2);
				n += 2;
			}
			memcpy(v->cookie + n, p, len);
			n += len;
			v->cookie[n] = 0;
		}
	}
}

static void take_hidden(char *to, size_t cap, const char *page, const char *name)
{
	char want[64];
	const char *p, *q;

	snprintf(want, sizeof(want), "name=\"%s\" value=\"", name);
	p = strstr(page, want);
	if (p == NULL)
		return;
	p += strlen(want);
	q = strchr(p, '"');
	if (q && (size_t)(q - p) < cap) {
		memcpy(to, p, (size_t)(q - p));
		to[q - p] = 0;
	}
}

void visitor_come(struct bench *b, struct visitor *v, const char *path)
{
	char request[512], *head = NULL, *body = NULL;
	int n;

	*v = (struct visitor){0};
	snprintf(v->path, sizeof(v->path), "%s", path);
	n = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	if (load_once(b->port, request, (size_t)n, &head, &body) != 200) {
		fprintf(stderr, "bench: GET %s does not answer 200\n%s\n", path, body ? body : "");
		exit(1);
	}
	take_cookies(v, head);
	take_hidden(v->csrf, sizeof(v->csrf), body, "_csrf");
	free(head);
	free(body);
}

size_t visitor_post(const struct visitor *v, const char *body, int64_t n, char *to, size_t cap)
{
	char hidden[512], token[300];
	int len;

	form_encode(token, sizeof(token), str_from(v->csrf));
	snprintf(hidden, sizeof(hidden), "_csrf=%s&_key=%032llx", token, (unsigned long long)n * 0x9e3779b97f4a7c15u + (unsigned long long)n);
	len = snprintf(to, cap,
		       "POST %s HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nCookie: %s\r\n"
		       "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n%s&%s",
		       v->path, v->cookie, strlen(hidden) + 1 + strlen(body), hidden, body);
	return len > 0 && (size_t)len < cap ? (size_t)len : 0;
}
