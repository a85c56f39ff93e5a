/* The scenarios in force: read from files, kept in the store by version, shared in memory. */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/matter/category.h"
#include "core/matter/matter.sql.h"
#include "core/matter/scenario.h"
#include "core/matter/yaml.h"

#define MOST_VERSIONS 1024
#define MOST_FILES 200

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct scenario *all[MOST_VERSIONS]; /* never taken out: matters and pages hold pointers */
static size_t nall;

/* ---- look-ups ---- */

static const struct scenario *newest(struct str id)
{
	const struct scenario *best = NULL;

	for (size_t i = 0; i < nall; i++)
		if (str_eq(all[i]->id, id) && (best == NULL || all[i]->version > best->version))
			best = all[i];
	return best;
}

const struct scenario *scenario_current(struct str id)
{
	const struct scenario *s;

	pthread_rwlock_rdlock(&lock);
	s = newest(id);
	pthread_rwlock_unlock(&lock);
	return s;
}

const struct scenario *scenario_version(struct str id, int version)
{
	const struct scenario *best = NULL;

	pthread_rwlock_rdlock(&lock);
	for (size_t i = 0; i < nall; i++)
		if (all[i]->version >= version && str_eq(all[i]->id, id) && (best == NULL || all[i]->version < best->version))
			best = all[i];
	pthread_rwlock_unlock(&lock);
	return best;
}

static int by_id(const void *x, const void *y)
{
	const struct scenario *a = *(const struct scenario *const *)x, *b = *(const struct scenario *const *)y;

	return str_cmp(a->id, b->id);
}

size_t scenario_list(const struct scenario **v, size_t max)
{
	size_t n = 0;

	pthread_rwlock_rdlock(&lock);
	for (size_t i = 0; i < nall && n < max; i++)
		if (newest(all[i]->id) == all[i])
			v[n++] = all[i];
	pthread_rwlock_unlock(&lock);
	qsort(v, n, sizeof(*v), by_id);
	return n;
}

size_t scenario_all(const struct scenario **v, size_t max)
{
	size_t n;

	pthread_rwlock_rdlock(&lock);
	for (n = 0; n < nall && n < max; n++)
		v[n] = all[n];
	pthread_rwlock_unlock(&lock);
	return n;
}

void scenario_forget(void)
{
	pthread_rwlock_wrlock(&lock);
	while (nall)
		scenario_free(all[--nall]);
	pthread_rwlock_unlock(&lock);
}

/* Takes the scenario over unless its version is there already. */
static void remember(struct scenario *s)
{
	bool known = false;

	pthread_rwlock_wrlock(&lock);
	for (size_t i = 0; i < nall; i++)
		known |= all[i]->version == s->version && str_eq(all[i]->id, s->id);
	if (!known && nall < MOST_VERSIONS)
		all[nall++] = s;
	else
		known = true;
	pthread_rwlock_unlock(&lock);
	if (known)
		scenario_free(s);
}

/* ---- the store ---- */

static void remember_stored(struct str id, int64_t version, struct str text, struct arena *a)
{
	struct scenario *s;
	struct str why;

	if (scenario_parse(id, text, &s, a, &why) != OK) {
		log_error("scenario %.*s version %lld in the store cannot be read any more: %.*s", STR_ARG(id), (long long)version, STR_ARG(why));
		return;
	}
	s->version = (int)version;
	remember(s);
}

static bool in_memory(struct str id, int64_t version)
{
	const struct scenario *s = scenario_version(id, (int)version);

	return s && s->version == version;
}

static enum err load_stored(struct db *db, struct arena *a)
{
	struct matter_scenario_versions_rows rows;
	struct db_conn *c = db_read_begin(db);
	enum err e = q_matter_scenario_versions(c, a, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		struct matter_scenario_text_row row;

		if (in_memory(rows.v[i].id, rows.v[i].version))
			continue;
		e = q_matter_scenario_text(c, a, rows.v[i].id, rows.v[i].version, &row);
		if (e == OK)
			remember_stored(rows.v[i].id, rows.v[i].version, row.body, a);
	}
	db_read_end(c);
	return e;
}

static enum err put_version(struct tx *tx, void *arg)
{
	struct scenario *s = arg;
	struct matter_scenario_last_rows rows;
	struct str digest = {(const char *)s->digest, sizeof(s->digest)};
	enum err e = q_matter_scenario_last(tx->c, tx->arena, s->id, &rows);

	if (e)
		return e;
	if (rows.n && str_eq(rows.v[0].digest, digest)) {
		s->version = (int)rows.v[0].version;
		return OK;
	}
	s->version = rows.n ? (int)rows.v[0].version + 1 : 1;
	return q_matter_scenario_put(tx->c, &(struct matter_scenario_put_args){
		.id = s->id, .version = s->version, .digest = digest, .body = s->source, .created = tx->now}, NULL);
}

/* ---- the folder ---- */

static bool read_whole(const char *path, struct arena *a, struct str *out)
{
	char *p = arena_alloc(a, YAML_MOST_BYTES + 2);
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		return false;
	*out = (struct str){p, fread(p, 1, YAML_MOST_BYTES + 1, f)};
	return fclose(f) == 0;
}

static bool is_categories(struct str text)
{
	struct str rest = text, line;

	while (str_split(&rest, '\n', &line))
		if (str_starts(line, "categories:"))
			return true;
	return false;
}

static enum err load_categories(struct str name, struct str text, struct arena *a, struct str *why)
{
	struct faults f;
	const struct yaml_node *root;

	faults_init(&f, name);
	root = yaml_read(a, text, &f);
	if (root)
		category_read(root, &f);
	*why = faults_text(&f, a);
	return f.n ? ERR_INPUT : OK;
}

static enum err load_file(struct db *db, struct str name, struct str text, struct arena *a, struct str *why)
{
	struct scenario *s;
	enum err e;

	if (is_categories(text))
		return load_categories(name, text, a, why);
	e = scenario_parse(name, text, &s, a, why);
	if (e)
		return e;
	e = db_write(db, put_version, s);
	if (e == OK)
		remember(s);
	else
		scenario_free(s);
	return e;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

static size_t list_files(const char *dir, struct arena *a, char **names)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	size_t n = 0;

	while (d && n < MOST_FILES && (entry = readdir(d)))
		if (entry->d_name[0] != '.' && str_ends(str_from(entry->d_name), ".yaml"))
			names[n++] = arena_strz(a, str_from(entry->d_name));
	if (d)
		closedir(d);
	qsort(names, n, sizeof(*names), by_name);
	return n;
}

enum err scenario_load_dir(struct db *db, const char *dir, struct arena *a, struct str *why)
{
	char *names[MOST_FILES];
	size_t n = list_files(dir, a, names);
	enum err e = load_stored(db, a);
	struct str faults = STR("");

	if (n == 0) {
		*why = arena_printf(a, "%s: 没有 *.yaml 文件 / there are no *.yaml files", dir);
		return ERR_INPUT;
	}
	for (size_t i = 0; i < n && (e == OK || e == ERR_INPUT); i++) {
		struct str text, one = STR("");
		enum err now = ERR_INPUT;

		if (!read_whole(arena_printf(a, "%s/%s", dir, names[i]).p, a, &text))
			one = arena_printf(a, "%s:1: 打不开 / cannot be opened", names[i]);
		else
			now = load_file(db, str_from(names[i]), text, a, &one);
		if (now)
			e = now;
		if (one.n)
			faults = faults.n ? arena_printf(a, "%.*s\n%.*s", STR_ARG(faults), STR_ARG(one)) : one;
	}
	*why = faults;
	return e;
}
