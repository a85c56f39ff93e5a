#include "cap/importer/importer.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/progress.h"
#include "base/utf8.h"
#include "cap/importer/importer.sql.h"
#include "cap/importer/table.h"
#include "core/calendar/zone.h"
#include "core/matter/category.h"
#include "core/matter/matter.h"
#include "core/place/place.h"
#include "crypto/crypto.h"

#define BATCH 128        /* rows in a job */
#define IN_FLIGHT 8      /* jobs on their way to the writer */
#define MAX_VALUES 64

struct run;

struct batch {
	struct run *run;
	struct arena arena;
	struct matter_new m[BATCH];
	int64_t line[BATCH];
	struct str cells[BATCH];   /* the row as CSV, for the rejects file */
	size_t n;
	int64_t first, last;       /* numbers of the rows of this batch */
	int64_t note;              /* rows surely done before it, kept with it */
	int64_t filed, already;
	enum err result;
	bool busy, finished;
};

struct run {
	struct db *db;
	const struct import_options *o;
	struct mapping m;
	const struct scenario *scenario;
	const struct zone *zone;
	struct str digest, place;
	struct arena *a;
	struct map places;         /* code -> struct str *key */
	FILE *rejects;
	struct str headings;
	struct import_result *r;
	struct batch batch[IN_FLIGHT];
	size_t next;               /* ring */
	int64_t done;              /* every row up to this number is decided */
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

/* ---- rejects ---- */

static enum err reject(struct run *r, int64_t line, struct str cells, const char *why)
{
	struct buf b;
	struct csv_out w;

	r->r->rejected++;
	if (r->rejects == NULL) {
		r->rejects = fopen(r->o->rejects, r->r->resumed ? "a" : "w");
		if (r->rejects == NULL)
			return ERR_IO;
		fprintf(r->rejects, "\xef\xbb\xbf行号 line,原因 reason,%.*s\r\n", STR_ARG(r->headings));
	}
	buf_init(&b, 8192);
	csv_begin(&w, &b, false);
	csv_cell_i64(&w, line);
	csv_cell(&w, str_from(why));
	fprintf(r->rejects, "%.*s,%.*s\r\n", STR_ARG(buf_str(&b)), STR_ARG(cells));
	buf_release(&b);
	return ferror(r->rejects) ? ERR_IO : OK;
}

static struct str as_csv(struct arena *a, const struct str *v, size_t n)
{
	struct buf b;
	struct csv_out w;
	struct str s;

	buf_init(&b, 1 << 21);
	csv_begin(&w, &b, false);
	for (size_t i = 0; i < n; i++)
		csv_cell(&w, v[i]);
	s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

/* ---- one row to one matter ---- */

static const char *row_time(struct run *r, struct arena *a, const struct mapping_value *v, const struct csv_row *row, const char *what,
			    int64_t *out)
{
	struct str s = mapping_get(a, v, row->v, row->n);
	struct mapping_time t;

	*out = 0;
	if (str_empty(s))
		return NULL;
	if (!mapping_time(&r->m, s, &t) || zone_to_utc(r->m.zone, t.y, t.mo, t.d, t.h, t.mi, t.s, out) != OK)
		return arena_printf(a, "%s“%.*s”不是有效的时间 / not a valid time", what, STR_ARG(utf8_cut(s, 40))).p;
	return NULL;
}

static bool same_number(struct str a, struct str b)
{
	double x, y;

	return a.p && b.p && str_f64(a, &x) && str_f64(b, &y) && fabs(x - y) < 1e-9;
}

static const char *row_point(struct run *r, struct arena *a, const struct csv_row *row, struct matter_new *m)
{
	struct str lon = mapping_get(a, &r->m.lon, row->v, row->n), lat = mapping_get(a, &r->m.lat, row->v, row->n);

	m->lon = m->lat = NAN;
	if (str_empty(lon) || str_empty(lat) || (same_number(lon, r->m.skip_lon) && same_number(lat, r->m.skip_lat)))
		return NULL;
	if (!str_f64(lon, &m->lon) || !str_f64(lat, &m->lat) || fabs(m->lon) > 180 || fabs(m->lat) > 90)
		return "坐标无效 / invalid coordinates";
	if (m->lon == 0 && m->lat == 0)
		m->lon = m->lat = NAN; /* nobody reports from the Gulf of Guinea */
	return NULL;
}

static const char *row_place(struct run *r, struct arena *a, const struct csv_row *row, struct matter_new *m)
{
	struct str code = mapping_get(a, &r->m.place_code, row->v, row->n);
	struct str *known;
	struct place p;
	struct db_conn *c;
	enum err e;

	if (str_empty(code)) {
		m->place = r->place;
		return r->place.p ? NULL : "没有地点代码 / no place code";
	}
	known = map_get(&r->places, code);
	if (known == NULL) {
		c = db_read_begin(r->db);
		e = place_by_code(c, r->a, code, 0, &p);
		db_read_end(c);
		if (e != OK)
			return arena_printf(a, "没有代码为 %.*s 的地点 / no place has this code", STR_ARG(code)).p;
		known = arena_new(r->a, struct str);
		*known = p.key;
		map_put(&r->places, code, known);
	}
	m->place = *known;
	return NULL;
}

static void row_fields(struct run *r, struct arena *a, const struct csv_row *row, struct matter_new *m)
{
	struct str title = mapping_get(a, &r->m.title, row->v, row->n);

	m->values = arena_array(a, struct matter_value, r->m.nfields + 1);
	if (!str_empty(title))
		m->values[m->nvalues++] = (struct matter_value){STR("title"), arena_str(a, title)};
	for (size_t i = 0; i < r->m.nfields; i++) {
		struct str v = mapping_get(a, &r->m.fields[i].value, row->v, row->n);

		if (!str_empty(v))
			m->values[m->nvalues++] = (struct matter_value){r->m.fields[i].field, arena_str(a, v)};
	}
}

/* Without an id of its own a row is known by the file and its number. */
static struct str row_id(struct run *r, struct arena *a, const struct csv_row *row, int64_t number)
{
	struct str id = mapping_get(a, &r->m.id, row->v, row->n);

	if (!str_empty(id))
		return arena_str(a, id);
	return arena_printf(a, "%.16s:%lld", r->digest.p, (long long)number);
}

/* NULL, or why the row cannot be taken. */
static const char *row_matter(struct run *r, struct arena *a, const struct csv_row *row, int64_t number, struct matter_new *m)
{
	const char *bad;
	enum err e;

	*m = (struct matter_new){.scenario = r->scenario, .is_public = r->m.is_public, .source = r->m.source};
	m->source_id = row_id(r, a, row, number);
	m->category = arena_str(a, mapping_get(a, &r->m.category, row->v, row->n));
	m->channel = arena_str(a, mapping_get(a, &r->m.channel, row->v, row->n));
	m->state = arena_str(a, mapping_get(a, &r->m.state, row->v, row->n));
	m->reply = arena_str(a, mapping_get(a, &r->m.reply, row->v, row->n));
	if (m->channel.p == NULL)
		m->channel = STR("import");
	if ((bad = row_time(r, a, &r->m.created, row, "收到时间 ", &m->created)) ||
	    (bad = row_time(r, a, &r->m.due, row, "期限 ", &m->total_due)) ||
	    (bad = row_time(r, a, &r->m.closed, row, "办结时间 ", &m->closed)) ||
	    (bad = row_time(r, a, &r->m.replied, row, "答复时间 ", &m->replied)) ||
	    (bad = row_point(r, a, row, m)) || (bad = row_place(r, a, row, m)))
		return bad;
	if (r->m.created.set && m->created == 0)
		return "没有收到时间 / no time of filing";
	if (m->closed && m->closed < m->created)
		return "办结时间早于收到时间 / closed before it was filed";
	if (m->state.p && scenario_state(r->scenario, m->state) < 0)
		return arena_printf(a, "场景里没有状态“%.*s” / the scenario has no such state", STR_ARG(m->state)).p;
	row_fields(r, a, row, m);
	e = matter_prepare(a, m, clock_now());
	return e == OK ? NULL : m->why.p ? m->why.p : err_name(e);
}

/* ---- batches ---- */

static enum err file_batch(struct tx *tx, void *arg)
{
	struct batch *b = arg;

	b->filed = b->already = 0;
	for (size_t i = 0; i < b->n; i++) {
		enum err e = matter_file(tx, &b->m[i]);

		if (e == ERR_CONFLICT)
			b->already++;
		else if (e == OK)
			b->filed++;
		else
			return e;
	}
	return q_importer_note(tx->c, b->run->digest, b->note, tx->now, NULL);
}

static void batch_done(void *arg, enum err e)
{
	struct batch *b = arg;

	pthread_mutex_lock(&b->run->lock);
	b->result = e;
	b->finished = true;
	pthread_cond_broadcast(&b->run->changed);
	pthread_mutex_unlock(&b->run->lock);
}

/* One row of a batch that failed spoils only itself: each is tried alone. */
static enum err file_one_by_one(struct run *r, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		enum err e = db_write(r->db, matter_file, &b->m[i]);

		if (e == OK)
			r->r->filed++;
		else if (e == ERR_CONFLICT)
			r->r->already++;
		else if (e == ERR_BUSY || e == ERR_DB || e == ERR_IO)
			return e; /* the store is in trouble, not the row */
		else if (reject(r, b->line[i], b->cells[i], b->m[i].why.p ? b->m[i].why.p : err_name(e)) != OK)
			return ERR_IO;
	}
	return OK;
}

/* Waits until the batch has been decided, and makes it free. */
static enum err settle(struct run *r, struct batch *b)
{
	enum err e = OK;

	if (!b->busy)
		return OK;
	pthread_mutex_lock(&r->lock);
	while (!b->finished)
		pthread_cond_wait(&r->changed, &r->lock);
	pthread_mutex_unlock(&r->lock);
	if (b->result == OK) {
		r->r->filed += b->filed;
		r->r->already += b->already;
	} else {
		e = file_one_by_one(r, b);
	}
	if (e == OK)
		r->done = b->last;
	b->busy = b->finished = false;
	b->n = 0;
	arena_reset(&b->arena);
	return e;
}

/* Batches settle in the order they were sent, so `done` never runs ahead of a batch that was lost. */
static enum err settle_all(struct run *r)
{
	enum err e = OK;

	for (size_t i = 0; i < IN_FLIGHT; i++) {
		enum err x = settle(r, &r->batch[(r->next + i) % IN_FLIGHT]);

		if (e == OK)
			e = x;
	}
	return e;
}

static enum err send(struct run *r)
{
	struct batch *b = &r->batch[r->next];

	if (b->n == 0)
		return OK;
	r->next = (r->next + 1) % IN_FLIGHT;
	b->note = r->done;
	b->busy = true;
	if (r->o->dry_run) {
		b->filed = (int64_t)b->n;
		batch_done(b, OK);
	} else {
		db_submit(r->db, file_batch, batch_done, b);
	}
	return settle(r, &r->batch[r->next]);
}

static enum err take_row(struct run *r, const struct csv_row *row, int64_t number)
{
	struct batch *b = &r->batch[r->next];
	struct matter_new *m = &b->m[b->n];
	const char *bad = row_matter(r, &b->arena, row, number, m);

	b->last = number;
	if (bad)
		return reject(r, row->line, as_csv(&b->arena, row->v, row->n), bad);
	b->line[b->n] = row->line;
	b->cells[b->n] = as_csv(&b->arena, row->v, row->n);
	b->n++;
	return b->n == BATCH ? send(r) : OK;
}

/* ---- the whole ---- */

static enum err read_rows(struct run *r, struct table *t, int64_t resume, struct progress *p)
{
	struct csv_row row = {0};
	enum csv_got got;
	enum err e = OK;

	while (e == OK && (got = table_next(t, &row)) != CSV_END) {
		if (r->o->stop && r->o->stop()) {
			r->r->stopped = true;
			break;
		}
		r->r->rows++;
		if (r->r->rows <= resume) {
			r->r->resumed++;
			continue;
		}
		if (got == CSV_BAD)
			e = reject(r, row.line, STR(""), row.why);
		else
			e = take_row(r, &row, r->r->rows);
		if (p)
			progress_to(p, table_position(t));
	}
	if (e == OK)
		e = send(r);
	return e == OK ? settle_all(r) : e;
}

struct place_job {
	const struct mapping *m;
	struct arena *a;
	struct str key;
};

/* Digits of the official code of each level (GB/T 2260 and the statistical codes below it). */
static const unsigned char code_digits[] = {0, 2, 4, 6, 9, 12, 15, 18};

/* A place stands below its parents: those that are missing are made with the leading digits of its code. */
static enum err make_place(struct tx *tx, void *arg)
{
	struct place_job *j = arg;
	struct str key = STR("");
	struct place p;
	enum err e = OK;

	for (int level = 1; e == OK && level <= j->m->place.level; level++) {
		struct str code = str_sub(j->m->place.code, 0, code_digits[level]);

		e = place_by_code(tx->c, tx->arena, code, 0, &p);
		if (e == OK) {
			key = p.key;
		} else if (e == ERR_NOT_FOUND) {
			p = (struct place){.code = code, .name = j->m->place.name, .level = (enum place_level)level, .lon = NAN, .lat = NAN};
			e = place_add(tx, key, &p, &key);
		}
	}
	if (e == OK)
		j->key = arena_str(j->a, key);
	return e;
}

static enum err fixed_place(struct run *r, struct str *why)
{
	struct db_conn *c;
	struct place p;
	struct place_job job = {.m = &r->m, .a = r->a};
	enum err e;

	if (str_empty(r->m.place.code))
		return OK;
	c = db_read_begin(r->db);
	e = place_by_code(c, r->a, r->m.place.code, 0, &p);
	db_read_end(c);
	if (e == OK) {
		r->place = p.key;
		return OK;
	}
	if (str_empty(r->m.place.name) || r->m.place.level == 0 || r->o->dry_run) {
		*why = arena_printf(r->a, "没有代码为 %.*s 的地点；先导入地点，或在映射里写 place 的 name 和 level / no place has the code %.*s: import "
				    "places first, or give name and level of place in the mapping",
				    STR_ARG(r->m.place.code), STR_ARG(r->m.place.code));
		return r->o->dry_run && !str_empty(r->m.place.name) ? OK : ERR_INPUT;
	}
	e = db_write(r->db, make_place, &job);
	r->place = job.key;
	if (e != OK)
		*why = STR("无法建立映射所写的地点 / cannot make the place of the mapping");
	return e;
}

/* The same file by the same mapping to the same place is the same import. */
static enum err digest_of(struct run *r, struct str *why)
{
	int fd = open(r->o->file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	unsigned char h[3][32], all[32];
	void *p;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
		*why = arena_printf(r->a, "打不开文件或文件为空：%s / cannot open the file, or it is empty", r->o->file);
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED) {
		*why = arena_printf(r->a, "读不了文件：%s / cannot read the file", strerror(errno));
		return ERR_IO;
	}
	hash_bytes(HASH_SHA256, p, (size_t)st.st_size, h[0]);
	munmap(p, (size_t)st.st_size);
	hash_bytes(HASH_SHA256, r->m.text.p, r->m.text.n, h[1]);
	hash_bytes(HASH_SHA256, r->m.place.code.p ? r->m.place.code.p : "", r->m.place.code.n, h[2]);
	hash_bytes(HASH_SHA256, h, sizeof(h), all);
	r->digest = hex(r->a, all, sizeof(all));
	return OK;
}

static enum err check_mapping(struct run *r, struct str *why)
{
	r->scenario = scenario_current(r->m.scenario);
	if (r->scenario == NULL) {
		*why = arena_printf(r->a, "没有名为“%.*s”的场景 / no scenario of that name", STR_ARG(r->m.scenario));
		return ERR_INPUT;
	}
	for (size_t i = 0; i < r->m.nfields; i++)
		if (scenario_field(r->scenario, r->m.fields[i].field) == NULL) {
			*why = arena_printf(r->a, "场景“%.*s”没有字段“%.*s” / the scenario has no such field", STR_ARG(r->m.scenario),
					    STR_ARG(r->m.fields[i].field));
			return ERR_INPUT;
		}
	if (zone_find(r->m.zone, &r->zone) != OK) {
		*why = arena_printf(r->a, "不认识的时区“%.*s” / unknown time zone", STR_ARG(r->m.zone));
		return ERR_INPUT;
	}
	return OK;
}

static enum err bind_headings(struct run *r, struct table *t, struct str *why)
{
	struct csv_row row = {0};
	enum csv_got got = table_next(t, &row);

	if (got != CSV_ROW) {
		*why = arena_printf(r->a, "读不到表头：%s / no heading row", got == CSV_BAD ? row.why : "");
		return ERR_INPUT;
	}
	r->headings = as_csv(r->a, row.v, row.n);
	return mapping_bind(r->a, &r->m, row.v, row.n, why);
}

static enum err run_table(struct run *r, struct table *t, struct str *why)
{
	struct db_conn *c;
	struct progress p;
	char line[160];
	int64_t resume = 0;
	enum err e = bind_headings(r, t, why);

	if (e != OK)
		return e;
	c = db_read_begin(r->db);
	{
		struct importer_done_row done;

		e = q_importer_done(c, r->a, r->digest, &done);
		resume = e == OK ? done.done : 0;
	}
	db_read_end(c);
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	if (r->o->dry_run)
		resume = 0;
	r->done = resume;
	if (!r->o->quiet)
		progress_begin(&p, "导入事项 import", table_size(t));
	e = read_rows(r, t, resume, r->o->quiet ? NULL : &p);
	if (!r->o->quiet) {
		snprintf(line, sizeof(line), "%lld 行 rows", (long long)r->r->rows);
		progress_end(&p, line);
	}
	return e;
}

static enum err note_done(struct tx *tx, void *arg)
{
	struct run *r = arg;

	return q_importer_note(tx->c, r->digest, r->done, tx->now, NULL);
}

enum err importer_run(struct db *db, struct arena *a, const struct import_options *o, struct import_result *result, struct str *why)
{
	struct import_options opts = *o;
	struct run *r = calloc(1, sizeof(*r));
	struct table *t = NULL;
	enum err e;

	if (r == NULL)
		BUG("out of memory");
	*result = (struct import_result){0};
	if (opts.rejects == NULL)
		opts.rejects = arena_printf(a, "%s.rejected.csv", o->file).p;
	*r = (struct run){.db = db, .o = &opts, .m = *o->mapping, .a = a, .r = result};
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	map_init(&r->places, a);
	for (size_t i = 0; i < IN_FLIGHT; i++) {
		r->batch[i].run = r;
		arena_init(&r->batch[i].arena, 0);
	}
	e = check_mapping(r, why);
	if (e == OK)
		e = digest_of(r, why);
	if (e == OK)
		e = fixed_place(r, why);
	if (e == OK)
		e = table_open(o->file, o->sheet, &t, a, why);
	if (e == OK)
		e = run_table(r, t, why);
	(void)settle_all(r);
	if (e == OK && !o->dry_run)
		e = db_write(db, note_done, r);
	if (r->rejects && fclose(r->rejects) != 0 && e == OK)
		e = ERR_IO;
	if (e != OK && str_empty(*why))
		*why = arena_printf(a, "导入中断：%s；已写入的不会丢失，重新运行同一命令即可继续 / interrupted (%s): what was written stays; run the same "
				    "command again to go on", err_name(e), err_name(e));
	table_close(t);
	for (size_t i = 0; i < IN_FLIGHT; i++)
		arena_release(&r->batch[i].arena);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->changed);
	free(r);
	return e;
}
