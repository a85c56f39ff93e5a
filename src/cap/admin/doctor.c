/* doctor: looks at everything an installation rests on, and says what to do. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/time.h"
#include "cap/admin/admin.h"
#include "core/actor/actor.h"
#include "core/actor/actor.sql.h"
#include "core/calendar/calendar.h"
#include "core/journal/journal.h"
#include "core/matter/scenario.h"
#include "core/notify/notify.h"

#define GIB ((double)(1 << 30))

struct doctor {
	struct cli *cli;
	int warnings, faults;
};

enum finding { FINE, HINT, WARN, FAULT };

static void say(struct doctor *d, enum finding f, const char *fmt, ...) PRINTF(3, 4);
static void say(struct doctor *d, enum finding f, const char *fmt, ...)
{
	static const char *const marks[] = {"正常 ok   ", "提示 hint ", "注意 warn ", "错误 fault"};
	va_list ap;

	d->warnings += f == WARN;
	d->faults += f == FAULT;
	printf("[%s] ", marks[f]);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* ---- folders, keys, disk, clock ---- */

static void check_folder(struct doctor *d)
{
	const char *var = d->cli->config.var;
	struct stat st;

	if (stat(var, &st) != 0)
		say(d, FAULT, "数据目录 %s：%s。请运行 gongzhi init (data folder: run gongzhi init)", var, strerror(errno));
	else if (!S_ISDIR(st.st_mode) || access(var, W_OK | X_OK) != 0)
		say(d, FAULT, "数据目录 %s 不可写，请检查属主 (data folder not writable: check its owner)", var);
	else if (st.st_mode & 07)
		say(d, WARN, "数据目录 %s 其他人可进入：chmod 700 %s (others may enter the data folder)", var, var);
	else
		say(d, FINE, "数据目录 (data folder) %s", var);
}

/* True when the file is as private as a key must be. */
static bool check_key(struct doctor *d, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0 || access(path, R_OK) != 0) {
		say(d, FAULT, "密钥 %s 读不了：%s。请检查属主 (a key cannot be read: check its owner)", path, strerror(errno));
		return false;
	}
	if ((st.st_mode & 0777) != 0600) {
		say(d, FAULT, "密钥 %s 的权限是 %03o，应为 600：chmod 600 %s (a key must have mode 600)", path, st.st_mode & 0777, path);
		return false;
	}
	return true;
}

static void check_keys(struct doctor *d)
{
	struct arena *a = &d->cli->arena;
	const char *dir = arena_printf(a, "%s/keys", d->cli->config.var).p;
	DIR *list = opendir(dir);
	const struct dirent *entry;
	bool good = true;
	int n = 0;

	if (!list) {
		say(d, FAULT, "密钥目录 %s：%s。新系统运行 gongzhi init；旧系统从备份恢复密钥 (keys: gongzhi init for a new installation, else "
			      "restore them from the backup)", dir, strerror(errno));
		return;
	}
	while ((entry = readdir(list)))
		if (str_ends(str_from(entry->d_name), ".key")) {
			good = check_key(d, arena_printf(a, "%s/%s", dir, entry->d_name).p) && good;
			n++;
		}
	closedir(list);
	if (cli_open_more(d->cli, CLI_NO_STORE) >= 0) {
		say(d, FAULT, "密钥打不开，见上一行 (the keys cannot be opened, see the line above)");
		return;
	}
	if (good)
		say(d, FINE, "密钥 %d 个，权限 600 (keys, mode 600)；请确认已另行备份 (keep a copy elsewhere)", n);
}

static void check_disk(struct doctor *d, const char *what, const char *path)
{
	struct statvfs fs;
	double free_bytes, share, inodes;

	if (statvfs(path, &fs) != 0)
		return;
	free_bytes = (double)fs.f_bavail * (double)fs.f_frsize;
	share = fs.f_blocks ? (double)fs.f_bavail / (double)fs.f_blocks : 1;
	inodes = fs.f_files ? (double)fs.f_favail / (double)fs.f_files : 1;
	if (free_bytes < 0.1 * GIB || inodes < 0.01)
		say(d, FAULT, "%s 所在磁盘只剩 %.2f GiB：先腾出空间再运行 (disk is full: make room first)", what, free_bytes / GIB);
	else if (free_bytes < GIB || share < 0.1 || inodes < 0.1)
		say(d, WARN, "%s 所在磁盘剩 %.1f GiB（%.0f%%）：请尽快扩容 (little room left)", what, free_bytes / GIB, share * 100);
	else
		say(d, FINE, "%s 所在磁盘剩 %.1f GiB (free)", what, free_bytes / GIB);
}

static void check_clock(struct doctor *d)
{
	struct timex tx = {0};
	int64_t now = clock_now();
	struct civil c;

	time_civil(now, TIME_CHINA, &c);
	if (c.year < 2026 || c.year > 2100)
		say(d, FAULT, "系统时间是 %d 年，不对：timedatectl set-time 或启用 NTP (the clock is wrong)", c.year);
	else if (adjtimex(&tx) == TIME_ERROR || (tx.status & STA_UNSYNC))
		say(d, WARN, "系统时间 %s，未与时间服务器同步：timedatectl set-ntp true (the clock is not synchronised; deadlines rest on it)",
		    time_text(&d->cli->arena, now, TIME_CHINA).p);
	else
		say(d, FINE, "系统时间 (clock) %s", time_text(&d->cli->arena, now, TIME_CHINA).p);
}

/* ---- store ---- */

static void check_newest(struct doctor *d, struct db_conn *c)
{
	struct journal_entry *v;
	int64_t last;
	size_t n;

	if (journal_last(c, &last) != OK || journal_read(c, &d->cli->arena, last - 1, 1, &v, &n) != OK) {
		say(d, FAULT, "日志表读不了 (the journal cannot be read)");
		return;
	}
	if (n && v[0].at > clock_now() + MS_MINUTE)
		say(d, FAULT, "最新一条记录的时间 %s 晚于现在：系统时间曾经被调过 (the newest entry lies in the future: the clock has been moved)",
		    time_text(&d->cli->arena, v[0].at, TIME_CHINA).p);
	else
		say(d, FINE, "日志 %lld 条 (journal entries)", (long long)last);
}

static void check_facts(struct doctor *d, struct db_conn *c)
{
	struct actor_role *roles;
	struct calendar *cal;
	struct civil now;
	int64_t towns = 0, at;
	size_t nroles = 0;
	bool unsure = false;

	if (place_count(c, PLACE_TOWN, &towns) != OK || towns == 0)
		say(d, WARN, "没有地区：gongzhi init 或 gongzhi import places (no places are loaded)");
	else
		say(d, FINE, "镇街 %lld 个 (towns)", (long long)towns);
	if (actor_roles(c, &d->cli->arena, &roles, &nroles) != OK || nroles == 0)
		say(d, FAULT, "没有角色：gongzhi init (no roles are loaded)");
	time_civil(clock_now(), TIME_CHINA, &now);
	if (calendar_load(c, &cal) != OK) {
		say(d, FAULT, "节假日表读不了 (the calendar cannot be read)");
		return;
	}
	at = clock_now();
	calendar_add(cal, at, (struct duration){.n = 5, .unit = CLOCK_WORK_DAYS}, &unsure);
	if (unsure)
		say(d, WARN, "节假日表没有 %d 年前后：国务院公布后更新 data/holidays.csv 并运行 gongzhi init (holidays are missing: only weekends count)",
		    now.year);
	else
		say(d, FINE, "节假日表有 %d 年 (holidays are known)", now.year);
	calendar_free(cal);
}

/* A newer version ships more roles, and roles with more in them; a store keeps its own list. Only said: it may have been taken away on purpose. */
static void check_roles(struct doctor *d, struct db_conn *c)
{
	struct arena *a = &d->cli->arena;
	struct actor_role *have, *shipped;
	struct str why = STR_NULL;
	size_t n, nshipped;

	if (actor_roles_whole(c, a, &have, &n) != OK || n == 0 || admin_shipped_roles(d->cli, &shipped, &nshipped, &why) != OK)
		return;
	for (size_t i = 0; i < nshipped; i++) {
		const struct actor_role *r = admin_role_named(have, n, shipped[i].name);
		struct str lacks = STR("");

		if (r == NULL)
			say(d, HINT, "没有随附的角色 %.*s（%.*s）：要用就运行 gongzhi role add %.*s --shipped；有意不要的不用管 (this shipped role is not in the "
			    "store: run that to make it as shipped, or leave it)", STR_ARG(shipped[i].name), STR_ARG(shipped[i].title), STR_ARG(shipped[i].name));
		for (size_t k = 0; r && k < shipped[i].npermissions; k++)
			if (!admin_role_has(r, shipped[i].permissions[k]))
				lacks = arena_printf(a, "%.*s %.*s", STR_ARG(lacks), STR_ARG(shipped[i].permissions[k]));
		if (lacks.n)
			say(d, HINT, "角色 %.*s（%.*s）没有随附 roles.csv 里的%.*s：要给就运行 gongzhi role grant %.*s%.*s；有意不给的不用管 (the shipped "
			    "roles.csv gives this role more: run that to give it, or leave it)", STR_ARG(r->name), STR_ARG(r->title), STR_ARG(lacks),
			    STR_ARG(r->name), STR_ARG(lacks));
	}
}

static void check_queue(struct doctor *d, struct db_conn *c)
{
	struct notify_count *v;
	size_t n;

	if (notify_queue(c, &d->cli->arena, &v, &n) != OK)
		return;
	for (size_t i = 0; i < n; i++) {
		if (str_eqz(v[i].state, "failed"))
			say(d, WARN, "%lld 封通知没有送达 (notices were given up)", (long long)v[i].n);
		if (str_eqz(v[i].state, "queued") && clock_now() - v[i].oldest > MS_HOUR)
			say(d, WARN, "%lld 封通知等了一小时以上：检查 [smtp]，看服务日志 (notices wait: check [smtp])", (long long)v[i].n);
	}
}

/* A program whose key ends stops without a word: better said before, and for some weeks after. */
static void check_api_keys(struct doctor *d, struct db_conn *c)
{
	struct actor_keys_ending_rows rows;
	int64_t now = clock_now();

	if (q_actor_keys_ending(c, &d->cli->arena, now - 30 * MS_DAY, now + 30 * MS_DAY, &rows) != OK)
		return;
	for (size_t i = 0; i < rows.n; i++)
		say(d, WARN, "程序账号 %s 的密钥 %s %s（%s）：换一把新的 (a key of a program: make a new one)", rows.v[i].login.p, rows.v[i].name.p,
		    rows.v[i].expires <= now ? "已到期 has ended" : "快到期 ends soon",
		    time_date(&d->cli->arena, rows.v[i].expires, TIME_CHINA).p);
}

struct verifying {
	struct progress bar;
	bool begun;
};

static void verify_progress(void *arg, int64_t done, int64_t of)
{
	struct verifying *v = arg;

	if (!v->begun)
		progress_begin(&v->bar, "核对日志 journal", of);
	v->begun = true;
	progress_to(&v->bar, done);
}

static void check_journal(struct doctor *d, struct db_conn *c)
{
	struct verifying v = {0};
	struct str why = STR_NULL;
	enum err e = journal_init(d->cli->db, NULL, &d->cli->arena, &why);

	if (e == OK)
		e = journal_verify_all(c, &d->cli->arena, verify_progress, &v, &why);
	if (v.begun)
		progress_end(&v.bar, e == OK ? "一致 consistent" : "不一致 differs");
	if (e == OK)
		say(d, FINE, "日志逐条核对一致 (every entry of the journal is as it was written)");
	else
		say(d, FAULT, "日志核对不一致：%.*s。请保留现场并联系安全管理员 (the journal differs: keep everything as it is)",
		    STR_ARG(why.p ? why : str_from(err_name(e))));
}

static void check_store(struct doctor *d, bool full)
{
	int missing;
	struct db_conn *c;

	if (cli_open_more(d->cli, CLI_NO_KEYS | CLI_MAY_LACK_SCHEMA | CLI_READ_ONLY) >= 0) {
		say(d, FAULT, "数据库连不上，原因见上一行 (the store cannot be opened, see the line above): %s",
		    str_starts(str_from(d->cli->config.store), "postgres") ? "PostgreSQL" : d->cli->config.store);
		return;
	}
	missing = db_migrations_missing(d->cli->db);
	if (missing > 0)
		say(d, FAULT, "数据库结构旧了 %d 步：先备份，再运行 gongzhi migrate (the schema is old: backup, then migrate)", missing);
	else if (missing < 0)
		say(d, FAULT, "数据库比程序新：请升级程序 (the store is newer than the program: upgrade)");
	else
		say(d, FINE, "数据库可用，结构最新 (the store answers, schema current): %s",
		    db_engine(d->cli->db) == DB_PG ? "PostgreSQL" : "SQLite");
	if (missing != 0)
		return;
	c = db_read_begin(d->cli->db);
	check_newest(d, c);
	check_facts(d, c);
	check_roles(d, c);
	check_queue(d, c);
	check_api_keys(d, c);
	if (full)
		check_journal(d, c);
	db_read_end(c);
}

/* ---- scenario files ---- */

static void check_scenario(struct doctor *d, const char *dir, const char *name)
{
	struct arena *a = &d->cli->arena;
	struct str text, why = STR_NULL;
	struct scenario *s;
	enum err e = file_read(a, arena_printf(a, "%s/%s", dir, name).p, (size_t)1 << 20, &text, &why);

	if (e == OK)
		e = scenario_parse(str_from(name), text, &s, a, &why);
	if (e == OK)
		scenario_free(s);
	else
		say(d, FAULT, "场景文件 (scenario) %.*s", STR_ARG(why));
}

static void check_scenarios(struct doctor *d)
{
	const char *dir = cli_scenarios(d->cli).p;
	DIR *list = opendir(dir);
	const struct dirent *entry;
	int n = 0, before = d->faults;

	while (list && (entry = readdir(list))) {
		struct str name = str_from(entry->d_name);

		if (!str_ends(name, ".yaml") || str_eqz(name, "categories.yaml"))
			continue;
		check_scenario(d, dir, entry->d_name);
		n++;
	}
	if (list)
		closedir(list);
	if (n == 0)
		say(d, FAULT, "目录 %s 里没有场景文件 (no scenario files there)", dir);
	else if (d->faults == before)
		say(d, FINE, "场景文件 %d 个 (scenario files)", n);
}

/* ---- */

static int print_keys(void)
{
	for (const struct config_key *k = config_keys; k->key; k++)
		printf("[%s] %s = %s\n    %s\n", k->section, k->key, k->preset, k->about);
	return 0;
}

int admin_doctor(int argc, char **argv)
{
	bool full = false, keys = false;
	const struct opt opts[] = {
		{.name = "full", .flag = &full, .zh = "逐条核对日志（较慢）", .en = "also checks every entry of the journal (slow)"},
		{.name = "config-keys", .flag = &keys, .zh = "列出全部配置项", .en = "lists all keys of the configuration"},
		{0},
	};
	const struct opt_command cmd = {
		.name = "doctor", .opts = {cli_options, opts}, .max_args = 0,
		.zh = "检查配置、磁盘、时间、密钥、数据库和场景文件，说明怎么处理。有错误时退出码为 1。",
		.en = "Checks configuration, disk, clock, keys, store and scenario files and says what to do. Exit status 1 when there are faults."};
	struct cli cli;
	struct doctor d = {.cli = &cli};
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	if (keys)
		return print_keys();
	status = cli_open(&cli, CLI_NO_KEYS | CLI_NO_STORE);
	if (status < 0) {
		say(&d, FINE, "配置读得通 (the configuration is readable)");
		check_folder(&d);
		check_disk(&d, "数据目录", cli.config.var);
		check_clock(&d);
		check_keys(&d);
		check_store(&d, full);
		check_scenarios(&d);
		printf("%d 处错误，%d 处注意 (%d faults, %d warnings)\n", d.faults, d.warnings, d.faults, d.warnings);
		status = d.faults ? 1 : 0;
	}
	cli_close(&cli);
	return status;
}
