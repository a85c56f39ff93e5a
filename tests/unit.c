#include "tests/unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "db/raw.h"

extern char **environ;

static pid_t owner;
static char *folders[4096];
static int nfolders;
static char pg_dir[256];
static bool pg_ours, template_made;
static char template_name[64];

#define MUST(e, what)                                                                  \
	do {                                                                           \
		enum err must_ = (e);                                                  \
		if (must_ != OK)                                                       \
			BUG("%s: %s: %.*s", what, err_name(must_), STR_ARG(why));      \
	} while (0)

int unit_run(const char *const argv[])
{
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ) != 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- folders ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void clean_up(void)
{
	if (getpid() != owner)
		return; /* a child of a crash test */
	for (int i = 0; i < nfolders; i++) {
		nftw(folders[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
		free(folders[i]);
	}
	if (pg_ours) {
		unit_run((const char *const[]){"tests/private-pg", "stop", pg_dir, NULL});
		nftw(pg_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
}

const char *unit_tmp(void)
{
	char path[] = "/tmp/gongzhi 测试-XXXXXX";

	if (nfolders == (int)ARRAY_LEN(folders) || mkdtemp(path) == NULL)
		BUG("cannot make a folder in /tmp");
	folders[nfolders] = strdup(path);
	return folders[nfolders++];
}

/* ---- PostgreSQL ---- */

static void find_server(void)
{
	const char *given = getenv("GONGZHI_TEST_PG");
	char path[] = "/tmp/gongzhi-pg-XXXXXX";

	if (pg_dir[0])
		return;
	if (given) {
		snprintf(pg_dir, sizeof(pg_dir), "%s", given);
		return;
	}
	if (mkdtemp(path) == NULL || chmod(path, 0755) != 0)
		BUG("cannot make a folder in /tmp");
	snprintf(pg_dir, sizeof(pg_dir), "%s", path);
	if (unit_run((const char *const[]){"tests/private-pg", "start", pg_dir, NULL}) != 0)
		BUG("no PostgreSQL for the tests; run from the top of the repository, see tests/private-pg");
	pg_ours = true;
}

static char *pg_url(const char *name)
{
	char url[640];

	snprintf(url, sizeof(url), "postgresql:///%s?host=%s&user=gongzhi", name, pg_dir);
	return strdup(url);
}

static bool pg_exec(const char *sql)
{
	char *url = pg_url("postgres");
	struct arena a;
	struct str why = STR("");
	bool ok;

	arena_init(&a, 0);
	ok = raw_pg_exec(url, sql, &a, &why) == OK;
	if (!ok)
		print_error("%s: %.*s", sql, STR_ARG(why));
	arena_release(&a);
	free(url);
	return ok;
}

static void migrate(struct db *db)
{
	struct str why = STR_NULL;
	struct arena a;

	arena_init(&a, 0);
	MUST(db_migrate(db, NULL, NULL, &a, &why), "migrate");
	arena_release(&a);
}

static struct db *open_store(const char *url, const struct db_options *o)
{
	struct str why = STR_NULL;
	struct arena a;
	struct db *db;

	arena_init(&a, 0);
	MUST(db_open(&db, url, o, &a, &why), url);
	arena_release(&a);
	return db;
}

/* Migrated databases to copy from: quicker than migrating for each test. */
static const char *sqlite_template(void)
{
	const struct db_options o = {.no_migrate_check = true};
	static char path[PATH_MAX];
	char url[PATH_MAX + 10];
	struct db *db;

	if (path[0])
		return path;
	snprintf(path, sizeof(path), "%s/template.db", unit_tmp());
	snprintf(url, sizeof(url), "sqlite:%s", path);
	db = open_store(url, &o);
	migrate(db);
	db_close(db);
	return path;
}

static void copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n;

	if (in < 0 || out < 0)
		BUG("cannot copy %s", from);
	while ((n = copy_file_range(in, NULL, out, NULL, 1 << 24, 0)) > 0)
		;
	if (n < 0 || close(in) != 0 || close(out) != 0)
		BUG("cannot copy %s", from);
}

static void make_template(void)
{
	const struct db_options o = {.no_migrate_check = true, .readers = 1, .writers = 1};
	char sql[200];
	char *url;
	struct db *db;

	if (template_made)
		return;
	snprintf(template_name, sizeof(template_name), "template_%ld", (long)getpid());
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE template0", template_name);
	if (!pg_exec(sql))
		BUG("no test database");
	url = pg_url(template_name);
	db = open_store(url, &o);
	migrate(db);
	db_close(db);
	free(url);
	template_made = true;
}

/* ---- stores ---- */

struct unit *unit_store(enum db_engine engine, const struct db_options *o)
{
	static int number;
	struct unit *u = calloc(1, sizeof(*u));
	char text[300];

	if (u == NULL || (u->a = calloc(1, sizeof(*u->a))) == NULL)
		BUG("out of memory");
	arena_init(u->a, 0);
	u->engine = engine;
	if (engine == DB_PG) {
		find_server();
		if (!o || !o->no_migrate_check)
			make_template();
		snprintf(text, sizeof(text), "CREATE DATABASE unit_%ld_%d TEMPLATE %s", (long)getpid(), ++number,
			 o && o->no_migrate_check ? "template0" : template_name);
		if (!pg_exec(text))
			BUG("no test database");
		snprintf(text, sizeof(text), "unit_%ld_%d", (long)getpid(), number);
		u->url = pg_url(text);
	} else {
		snprintf(text, sizeof(text), "sqlite:%s/库 1.db", unit_tmp());
		u->url = strdup(text);
		if (!o || !o->no_migrate_check)
			copy_file(sqlite_template(), u->url + strlen("sqlite:"));
	}
	u->db = open_store(u->url, o);
	return u;
}

void unit_store_reopen(struct unit *u, const struct db_options *o)
{
	db_close(u->db);
	u->db = open_store(u->url, o);
}

void unit_store_close(struct unit *u)
{
	char sql[200];
	const char *name, *end;

	db_close(u->db);
	if (u->engine == DB_PG) {
		name = u->url + strlen("postgresql:///");
		end = strchr(name, '?');
		snprintf(sql, sizeof(sql), "DROP DATABASE %.*s WITH (FORCE)", (int)(end - name), name);
		(void)pg_exec(sql);
	}
	arena_release(u->a);
	free(u->a);
	free(u->url);
	free(u);
}

int unit_setup(void **state)
{
	*state = unit_store((enum db_engine)(uintptr_t)*state, NULL);
	return 0;
}

int unit_teardown(void **state)
{
	unit_store_close(*state);
	*state = NULL;
	return 0;
}

void unit_begin(void)
{
	owner = getpid();
	atexit(clean_up);
	if (getenv("GONGZHI_TEST_LOG") == NULL)
		log_set_level(LOG_WARN);
}

int unit_main(const char *name, const struct CMUnitTest *tests, size_t n)
{
	char sql[100];
	int failed;

	unit_begin();
	if (getenv("GONGZHI_TEST_ONLY"))
		cmocka_set_test_filter(getenv("GONGZHI_TEST_ONLY"));
	failed = _cmocka_run_group_tests(name, tests, n, NULL, NULL);
	if (template_made && !pg_ours) {
		snprintf(sql, sizeof(sql), "DROP DATABASE %s", template_name);
		(void)pg_exec(sql);
	}
	return failed != 0;
}
