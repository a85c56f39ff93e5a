/* The subcommands as an administrator runs them, on both stores: through the tables, with their options, in this process. */
#include "tests/unit.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/opt.h"
#include "core/actor/actor.h"
#include "core/journal/journal.h"
#include "core/matter/list.h"
#include "core/place/place.h"
#include "crypto/crypto.h"
#include "web/capability.h"
#include "web/config.h"

extern const struct capability cap_admin;

struct admin {
	struct unit *u;
	const char *dir;   /* var */
	char out[1 << 16]; /* what the last command printed */
	char err[1 << 16];
};

static const struct subcommand *find_subcommand(const char *name)
{
	for (const struct subcommand *s = cap_admin.subcommands; s->name; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	fail_msg("no subcommand %s", name);
	return NULL;
}

/* Puts a file in the place of a descriptor; returns what stood there. */
static int redirect(int fd, const char *path, int flags)
{
	int was = dup(fd), to = open(path, flags, 0600);

	assert_true(was >= 0 && to >= 0);
	dup2(to, fd);
	close(to);
	return was;
}

static void put_back(int fd, int was)
{
	dup2(was, fd);
	close(was);
}

static void slurp(const char *path, char *to, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n = fread(to, 1, size - 1, f);

	to[n] = '\0';
	fclose(f);
}

/* Words up to a NULL; --store and --var are added. input: what stands on standard input. */
static int run_with(struct admin *t, const char *input, const char *name, ...)
{
	char *argv[24] = {(char *)name}, in[700], out[700], err[700];
	int argc = 1, was_in, was_out, was_err, status;
	va_list ap;
	FILE *f;

	va_start(ap, name);
	while ((argv[argc] = va_arg(ap, char *)))
		argc++;
	va_end(ap);
	argv[argc++] = "--store";
	argv[argc++] = t->u->url;
	argv[argc++] = "--var";
	argv[argc++] = (char *)t->dir;
	argv[argc] = NULL;
	snprintf(in, sizeof(in), "%s/in", t->dir);
	snprintf(out, sizeof(out), "%s/out", t->dir);
	snprintf(err, sizeof(err), "%s/err", t->dir);
	f = fopen(in, "w");
	fputs(input, f);
	fclose(f);
	fflush(stdout);
	was_in = redirect(STDIN_FILENO, in, O_RDONLY);
	was_out = redirect(STDOUT_FILENO, out, O_WRONLY | O_CREAT | O_TRUNC);
	was_err = redirect(STDERR_FILENO, err, O_WRONLY | O_CREAT | O_TRUNC);
	clearerr(stdin);
	__fpurge(stdin);
	status = find_subcommand(name)->run(argc, argv);
	fflush(stdout);
	fflush(stderr);
	put_back(STDERR_FILENO, was_err);
	put_back(STDOUT_FILENO, was_out);
	put_back(STDIN_FILENO, was_in);
	slurp(out, t->out, sizeof(t->out));
	slurp(err, t->err, sizeof(t->err));
	return status;
}
#define command(t, ...) run_with((t), "", __VA_ARGS__, NULL)
#define command_in(t, input, ...) run_with((t), (input), __VA_ARGS__, NULL)

/* The exit status; when it is another one, what the command said is shown. */
static void expect_at(int want, int got, const struct admin *t, int line)
{
	if (got != want)
		fail_msg("line %d: exit status %d, not %d\n%s%s", line, got, want, t->out, t->err);
}
#define expect(want, got, t) expect_at((want), (got), (t), __LINE__)

/* A fresh store without schema, not open, and a fresh data folder. */
static void begin(struct admin *t, enum db_engine engine)
{
	t->u = unit_store(engine, &(struct db_options){.no_migrate_check = true});
	db_close(t->u->db);
	t->u->db = NULL;
	t->dir = unit_tmp();
}

static void end(struct admin *t)
{
	unit_store_close(t->u);
}

static struct db *open_store(struct admin *t)
{
	struct str why = STR_NULL;

	assert_int_equal(OK, db_open(&t->u->db, t->u->url, &(struct db_options){.read_only = true}, t->u->a, &why));
	return t->u->db;
}

static void close_store(struct admin *t)
{
	db_close(t->u->db);
	t->u->db = NULL;
}

static int64_t count_places(struct admin *t, enum place_level level)
{
	struct db_conn *c = db_read_begin(open_store(t));
	int64_t n;

	assert_int_equal(OK, place_count(c, level, &n));
	db_read_end(c);
	close_store(t);
	return n;
}

/* ---- tests ---- */

static void init_twice(struct admin *t)
{
	expect(1, command(t, "init", "--suite", "rot13"), t);
	expect(0, command(t, "init", "--suite", "intl"), t);
	assert_int_equal(38, count_places(t, PLACE_DISTRICT));
	assert_int_equal(1031, count_places(t, PLACE_TOWN));
	assert_int_equal(11270, count_places(t, PLACE_COMMUNITY));
	expect(0, command(t, "init"), t);
	assert_non_null(strstr(t->err, "imported before"));
	expect(0, command(t, "migrate"), t);
	expect(0, command(t, "doctor", "--full"), t);
	expect(2, command(t, "init", "--nonsense"), t);
}

/* What was sealed and signed before stays readable. */
static void keys_rotate(struct admin *t)
{
	const char *before;

	expect(0, command(t, "init", "--suite", "intl", "--no-places"), t);
	expect(0, command(t, "keys public"), t);
	before = arena_strz(t->u->a, (struct str){t->out, strcspn(t->out, "\n")});
	expect(0, command_in(t, "a-long-Enough-word\n", "user add", "admin", "--first-admin"), t);
	expect(0, command(t, "keys rotate", "--suite", "sm"), t);
	expect(0, command(t, "keys public"), t);
	assert_non_null(strstr(t->out, before));
	assert_true(strlen(t->out) > strlen(before) + 20);
	expect(0, command_in(t, "a-long-Enough-word\n", "user add", "another"), t);
	expect(0, command(t, "doctor", "--full"), t);
	expect(1, command(t, "keys rotate", "--suite", "rot13"), t);
}

static void accounts(struct admin *t)
{
	expect(0, command(t, "init", "--suite", "intl", "--no-places"), t);
	expect(1, command_in(t, "short\n", "user add", "admin", "--first-admin"), t);
	expect(0, command_in(t, "a-long-Enough-word\n", "user add", "admin", "--first-admin", "--name", "管理员"), t);
	expect(1, command_in(t, "a-long-Enough-word\n", "user add", "second", "--first-admin"), t);
	assert_non_null(strstr(t->err, "--first-admin"));
	expect(1, command_in(t, "a-long-Enough-word\n", "user add", "admin"), t);
	/* The three administrators are three people. */
	expect(1, command(t, "user grant", "admin", "--role", "auditor"), t);
	expect(0, command_in(t, "another-Long-word\n", "user add", "audit", "--role", "auditor"), t);
	expect(1, command_in(t, "another-Long-word\n", "user add", "x1", "--role", "no-such-role"), t);
	expect(1, command_in(t, "another-Long-word\n", "user add", "x2", "--role", "handler", "--place", "999999"), t);
	expect(0, command_in(t, "a-third-Long-word\n", "user password", "audit"), t);
	expect(1, command_in(t, "a-third-Long-word\n", "user password", "nobody"), t);
	expect(1, command(t, "user lock", "audit"), t); /* nobody else could read the audit */
	assert_non_null(strstr(t->err, "audit.read"));
	expect(1, command(t, "user revoke", "audit", "--role", "auditor"), t);
	expect(1, command(t, "user lock", "admin"), t);
	expect(0, command_in(t, "another-Long-word\n", "user add", "auditor2", "--role", "auditor"), t);
	expect(1, command(t, "user revoke", "admin", "--role", "auditor"), t);
	assert_non_null(strstr(t->err, "gongzhi user list"));
	expect(0, command(t, "user lock", "audit"), t);
	expect(0, command(t, "user list"), t);
	assert_non_null(strstr(t->out, "停用 locked"));
	assert_non_null(strstr(t->out, "sysadmin @ 全部 everywhere"));
	expect(0, command(t, "user unlock", "audit"), t);
	expect(0, command(t, "user revoke", "audit", "--role", "auditor"), t);
	expect(0, command(t, "user list"), t);
	assert_non_null(strstr(t->out, "auditor @"));
	assert_null(strstr(strstr(t->out, "auditor @") + 1, "auditor @")); /* the other one's only */
	assert_null(strstr(t->out, "long"));
	expect(2, command(t, "user grant", "admin"), t);
}

static bool out_has(const struct admin *t, const char *word)
{
	return strstr(t->out, word) != NULL;
}

static void roles(struct admin *t)
{
	expect(0, command(t, "init", "--suite", "intl", "--no-places"), t);
	expect(0, command(t, "role list"), t);
	assert_true(out_has(t, "指挥中心值班岗 (Dispatcher on duty)") && out_has(t, "三员 duty: audit") && out_has(t, " matter.dispatch "));
	expect(0, command(t, "role show", "dispatcher"), t);
	assert_true(out_has(t, "matter.file        登记事项 (File matters)") && out_has(t, "(granted): 0") && !out_has(t, "webhook"));
	expect(1, command(t, "role show", "dispacher"), t);
	assert_non_null(strstr(t->err, "did you mean dispatcher?"));
	expect(1, command(t, "role grant", "dispatcher", "webhook.manag"), t);
	assert_non_null(strstr(t->err, "did you mean webhook.manage?"));
	expect(1, command(t, "role grant", "dispatcher", "matter.nonsense"), t); /* nothing near: those of the same kind */
	assert_true(strstr(t->err, "matter.reveal") && !strstr(t->err, "audit.read"));
	/* all of them or none */
	expect(1, command(t, "role grant", "dispatcher", "webhook.manage", "audit.read"), t);
	assert_non_null(strstr(t->err, "三员分设"));
	expect(0, command(t, "role show", "dispatcher"), t);
	assert_false(out_has(t, "webhook.manage"));
	expect(0, command(t, "role grant", "dispatcher", "webhook.manage", "matter.verify"), t);
	assert_non_null(strstr(t->err, "granted) dispatcher: webhook.manage matter.verify"));
	expect(0, command(t, "role grant", "dispatcher", "webhook.manage"), t);
	assert_non_null(strstr(t->err, "nothing was changed"));
	expect(0, command(t, "role revoke", "dispatcher", "webhook.manage"), t);
	expect(1, command(t, "role revoke", "dispatcher", "webhook.manag"), t);
	expect(1, command(t, "role revoke", "nobody", "webhook.manage"), t);
	expect(2, command(t, "role revoke", "dispatcher"), t);
	expect(1, command(t, "role add", "tester", "--title", "测试员"), t);
	expect(0, command(t, "role add", "tester", "--title", "测试员", "--title-en", "Tester"), t);
	expect(1, command(t, "role add", "tester", "--title", "测试员", "--title-en", "Tester"), t);
	expect(0, command(t, "role grant", "tester", "matter.read"), t);
	expect(0, command_in(t, "a-long-Enough-word\n", "user add", "tao", "--role", "tester"), t);
	expect(0, command(t, "role show", "tester"), t);
	assert_true(out_has(t, "(granted): 1"));
	/* the last who can manage accounts keeps it */
	expect(0, command_in(t, "a-long-Enough-word\n", "user add", "security", "--role", "secadmin"), t);
	expect(1, command(t, "role revoke", "secadmin", "account.manage"), t);
	assert_non_null(strstr(t->err, "nobody would hold account.manage any more"));
	/* the doctor says what a shipped role has and this one has not; it is no fault */
	expect(0, command(t, "doctor"), t);
	assert_false(out_has(t, "提示 hint"));
	expect(0, command(t, "role revoke", "supervisor", "webhook.manage", "matter.export"), t);
	expect(0, command(t, "doctor"), t);
	assert_true(out_has(t, "gongzhi role grant supervisor matter.export webhook.manage"));
}

/* A newer program ships a role that the store has not. */
static void shipped_role(struct admin *t)
{
	char data[700], path[800];
	struct str csv, why = STR_NULL;

	expect(0, command(t, "init", "--suite", "intl", "--no-places"), t);
	snprintf(data, sizeof(data), "%s/data", t->dir);
	assert_int_equal(0, mkdir(data, 0700));
	snprintf(path, sizeof(path), "%s/roles.csv", data);
	assert_int_equal(OK, file_read(t->u->a, "data/roles.csv", 1 << 20, &csv, &why));
	csv = arena_printf(t->u->a, "%.*sinspector,巡查员,Inspector,,matter.read place.read\n", STR_ARG(csv));
	assert_int_equal(OK, file_write(t->u->a, path, csv, 0600, &why));
	setenv("GONGZHI_DATA", data, 1);
	expect(0, command(t, "doctor"), t);
	assert_true(out_has(t, "gongzhi role add inspector --shipped"));
	expect(1, command(t, "role add", "inspektor", "--shipped"), t);
	expect(2, command(t, "role add", "inspector", "--shipped", "--title", "别的"), t);
	expect(0, command(t, "role add", "inspector", "--shipped"), t);
	expect(1, command(t, "role add", "inspector", "--shipped"), t);
	expect(0, command(t, "role show", "inspector"), t);
	assert_true(out_has(t, "巡查员 (Inspector)") && out_has(t, "    matter.read ") && out_has(t, "    place.read "));
	expect(0, command(t, "doctor"), t);
	assert_false(out_has(t, "提示 hint"));
	unsetenv("GONGZHI_DATA");
}

static void write_file(struct admin *t, const char *name, const char *text, char path[700])
{
	struct str why = STR_NULL;

	snprintf(path, 700, "%s/%s", t->dir, name);
	assert_int_equal(OK, file_write(t->u->a, path, str_from(text), 0600, &why));
}

static void import_and_export(struct admin *t)
{
	char good[700], bad[700], report[700], text[4096];

	expect(0, command(t, "init", "--suite", "intl", "--no-places"), t);
	write_file(t, "good.csv", "code,name\n50,重庆市\n5001,市辖区\n500105,江北区\n", good);
	write_file(t, "bad.csv", "code,name\n500105004,大石坝街道\n12,=危险\n500199001,没有上级\n7,短\n", bad);
	snprintf(report, sizeof(report), "%s/report.csv", t->dir);
	expect(3, command(t, "import places", good, bad, "--report", report), t);
	slurp(report, text, sizeof(text));
	assert_non_null(strstr(text, "\n4,\""));
	assert_non_null(strstr(text, "\n5,\""));
	assert_null(strstr(text, "\n2,"));
	expect(3, command(t, "import places", bad), t);
	assert_non_null(strstr(t->err, "bad.csv:4: "));
	expect(1, command(t, "import places", "/nonexistent.csv"), t);
	expect(2, command(t, "import places", good, "--level", "street"), t);
	expect(0, command(t, "export places"), t);
	assert_non_null(strstr(t->out, "500105004,大石坝街道,4,"));
	assert_non_null(strstr(t->out, "'=危险"));
	expect(0, command(t, "export places", "--format", "jsonl", "--place", "500105"), t);
	assert_non_null(strstr(t->out, "\"code\":\"500105004\""));
	assert_null(strstr(t->out, "重庆市"));
	expect(1, command(t, "export places", "--place", "99"), t);
	expect(2, command(t, "export places", "--format", "xml"), t);
}

struct states {
	bool seen[64];
	int n, not_demo;
	const struct scenario *scenario;
};

static enum err note_state(void *arg, const struct matter_row *r)
{
	struct states *s = arg;

	s->n++;
	s->not_demo += !r->demo;
	s->seen[scenario_state(s->scenario, r->state)] = true;
	return OK;
}

/* Every state of both scenarios is shown by at least one report. */
static int check_states(struct admin *t, const char *scenario)
{
	struct db_conn *c = db_read_begin(open_store(t));
	struct states s = {.scenario = scenario_current(str_from(scenario))};
	struct str from = STR(""), to = STR("\x7f");
	struct matter_scope scope = {.from = &from, .to = &to, .n = 1, .private_too = true};
	struct matter_filter f = {.scenario = str_from(scenario)};

	assert_non_null(s.scenario);
	assert_int_equal(OK, matter_each(c, t->u->a, &scope, &f, clock_now(), note_state, &s));
	for (size_t i = 0; i < s.scenario->nstates; i++)
		if (!s.seen[i])
			fail_msg("no report of %s stands in %s", scenario, s.scenario->states[i].id.p);
	assert_int_equal(0, s.not_demo);
	db_read_end(c);
	close_store(t);
	return s.n;
}

static void demo(struct admin *t)
{
	char file[700], text[8192];
	struct stat st;
	int n;

	expect(0, command(t, "init", "--suite", "intl"), t);
	snprintf(file, sizeof(file), "%s/accounts.txt", t->dir);
	expect(0, command(t, "demo", "--accounts-file", file), t);
	assert_int_equal(0, stat(file, &st));
	assert_int_equal(0600, st.st_mode & 0777);
	slurp(file, text, sizeof(text));
	assert_non_null(strstr(text, "\n  dispatcher "));
	n = check_states(t, "resident-report") + check_states(t, "patrol-finding");
	assert_true(n >= 40);
	assert_true(count_places(t, PLACE_GRID) >= 26);
	expect(0, command(t, "demo"), t);
	assert_non_null(strstr(t->err, "nothing was changed"));
	assert_int_equal(n, check_states(t, "resident-report") + check_states(t, "patrol-finding"));
	expect(0, command(t, "doctor", "--full"), t);
	expect(0, command(t, "export matters", "--format", "jsonl"), t);
	assert_non_null(strstr(t->out, "\"place\":\"江北区大石坝街道"));
	assert_null(strstr(t->out, "\"code\""));
	expect(2, command(t, "demo", "--password", "short"), t);

	/* The town moves to another district: what belongs to it goes along. */
	expect(0, command(t, "place move", "500105004", "500106", "--reason", "试"), t);
	expect(0, command(t, "export matters", "--place", "500106"), t);
	assert_non_null(strstr(t->out, "沙坪坝区大石坝街道"));
	expect(0, command(t, "user list"), t);
	assert_non_null(strstr(t->out, "dispatcher @ 沙坪坝区大石坝街道"));
	expect(0, command(t, "place merge", "500105004013", "500105004012"), t);
	expect(1, command(t, "place merge", "500105004013", "500105004012"), t);
	expect(1, command(t, "place move", "500106", "500105004"), t);
	assert_int_equal(n, check_states(t, "resident-report") + check_states(t, "patrol-finding"));
	expect(0, command(t, "doctor", "--full"), t);
}

static void faults_are_found(struct admin *t)
{
	char key[700];

	expect(1, command(t, "doctor"), t);
	assert_non_null(strstr(t->out, "gongzhi init"));
	expect(0, command(t, "init", "--suite", "intl", "--no-places"), t);
	expect(0, command(t, "doctor"), t);
	assert_non_null(strstr(t->out, "没有地区"));
	snprintf(key, sizeof(key), "%s/keys/derive.key", t->dir);
	assert_int_equal(0, chmod(key, 0644));
	expect(1, command(t, "doctor"), t);
	assert_non_null(strstr(t->out, "chmod 600"));
	assert_int_equal(0, chmod(key, 0600));
	expect(1, command(t, "doctor", "--config", "/nonexistent.conf"), t);
	expect(0, command(t, "doctor", "--config-keys"), t);
	assert_non_null(strstr(t->out, "[server] listen = 127.0.0.1:8141"));
}

/* A county moves from one engine to the other. */
static void copies(struct admin *t)
{
	struct admin other;
	char file[700], cmd[1500], keys[700];
	enum db_engine engine = t->u->engine;

	expect(0, command(t, "init", "--suite", "intl", "--no-places"), t);
	expect(0, command_in(t, "a-long-Enough-word\n", "user add", "admin", "--first-admin"), t);
	snprintf(file, sizeof(file), "%s/x.backup", t->dir);
	expect(0, command(t, "backup", file), t);
	begin(&other, engine == DB_PG ? DB_SQLITE : DB_PG);
	expect(0, command(&other, "restore", file), &other);
	snprintf(cmd, sizeof(cmd), "%s/keys", t->dir);
	snprintf(keys, sizeof(keys), "%s/keys", other.dir);
	assert_int_equal(0, unit_run((const char *const[]){"cp", "-rp", cmd, keys, NULL}));
	expect(0, command(&other, "doctor", "--full"), &other);
	expect(0, command(&other, "user list"), &other);
	assert_non_null(strstr(other.out, "admin"));
	expect(1, command(&other, "restore", file), &other); /* not empty */
	expect(1, command(&other, "restore", "/nonexistent"), &other);
	end(&other);
}

/* ---- the man page knows what there is ---- */

static bool man_has(const char *man, const char *word)
{
	return strstr(man, word) != NULL;
}

/* As it stands in roff: hyphens written \-. */
static void as_roff(const char *word, char *to, size_t size)
{
	size_t n = 0;

	for (; *word && n + 3 < size; word++) {
		if (*word == '-')
			to[n++] = '\\';
		to[n++] = *word;
	}
	to[n] = '\0';
}

static void check_options(const char *man, const struct subcommand *s, const char *dir)
{
	char path[700], help[1 << 14], word[64], roff[130];
	char *argv[] = {(char *)s->name, "--help", NULL};
	int was;

	snprintf(path, sizeof(path), "%s/help", dir);
	fflush(stdout);
	was = redirect(STDOUT_FILENO, path, O_WRONLY | O_CREAT | O_TRUNC);
	assert_int_equal(0, s->run(2, argv));
	fflush(stdout);
	put_back(STDOUT_FILENO, was);
	slurp(path, help, sizeof(help));
	for (const char *p = strstr(help, "  --"); p; p = strstr(p + 4, "  --")) {
		size_t n = strcspn(p + 2, " \n");

		snprintf(word, sizeof(word), "%.*s", (int)n, p + 2);
		as_roff(word, roff, sizeof(roff));
		if (!man_has(man, roff))
			fail_msg("packaging/gongzhi.1 does not know %s of gongzhi %s", word, s->name);
	}
}

static void man_page(void **state)
{
	static char man[1 << 16];
	char name[200];
	const char *dir = unit_tmp();
	int found = 0;

	(void)state;
	slurp("packaging/gongzhi.1", man, sizeof(man));
	for (const struct capability *const *c = capabilities; *c; c++)
		for (const struct subcommand *s = (*c)->subcommands; s && s->name; s++) {
			snprintf(name, sizeof(name), "gongzhi %s", s->name);
			if (!man_has(man, name))
				fail_msg("packaging/gongzhi.1 does not know %s", name);
			check_options(man, s, dir);
			found++;
		}
	assert_true(found > 15);
}

/* Every key of the configuration is explained. */
static void operations_page(void **state)
{
	static char page[1 << 17];
	char name[120];

	(void)state;
	slurp("docs/operations.md", page, sizeof(page));
	for (const struct config_key *k = config_keys; k->key; k++) {
		snprintf(name, sizeof(name), "| `[%s]` `%s` |", k->section, k->key);
		if (!strstr(page, name))
			fail_msg("docs/operations.md does not know [%s] %s", k->section, k->key);
	}
}

/* ---- */

#define BOTH(f) \
	static void f##_sqlite(void **state) { both(state, DB_SQLITE, f); } \
	static void f##_pg(void **state) { both(state, DB_PG, f); }

static void both(void **state, enum db_engine engine, void (*f)(struct admin *))
{
	static struct admin t;

	(void)state;
	begin(&t, engine);
	f(&t);
	end(&t);
}

BOTH(init_twice)
BOTH(accounts)
BOTH(roles)
BOTH(shipped_role)
BOTH(keys_rotate)
BOTH(import_and_export)
BOTH(demo)
BOTH(faults_are_found)
BOTH(copies)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_twice_sqlite),        cmocka_unit_test(init_twice_pg),
		cmocka_unit_test(accounts_sqlite),          cmocka_unit_test(accounts_pg),
		cmocka_unit_test(roles_sqlite),             cmocka_unit_test(roles_pg),
		cmocka_unit_test(shipped_role_sqlite),      cmocka_unit_test(shipped_role_pg),
		cmocka_unit_test(keys_rotate_sqlite),       cmocka_unit_test(keys_rotate_pg),
		cmocka_unit_test(import_and_export_sqlite), cmocka_unit_test(import_and_export_pg),
		cmocka_unit_test(demo_sqlite),              cmocka_unit_test(demo_pg),
		cmocka_unit_test(faults_are_found_sqlite),  cmocka_unit_test(faults_are_found_pg),
		cmocka_unit_test(copies_sqlite),            cmocka_unit_test(copies_pg),
		cmocka_unit_test(man_page),
		cmocka_unit_test(operations_page),
	};

	return UNIT_MAIN(tests);
}
