#include "web/cli.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/actor/actor.h"
#include "core/calendar/calendar.h"
#include "core/journal/journal.h"
#include "core/matter/matter.h"
#include "core/rule/rule.h"
#include "crypto/crypto.h"
#include "web/i18n.h"

static const char *opt_store, *opt_config, *opt_var;

const struct opt cli_options[] = {
	{.name = "store", .arg = "URL", .text = &opt_store, .zh = "数据库：sqlite:文件 或 postgresql://…",
	 .en = "the store: sqlite:FILE or postgresql://..."},
	{.name = "config", .arg = "FILE", .text = &opt_config, .zh = "配置文件（默认 /etc/gongzhi/gongzhi.conf）",
	 .en = "configuration file (default /etc/gongzhi/gongzhi.conf)"},
	{.name = "var", .arg = "FOLDER", .text = &opt_var, .zh = "数据目录（密钥、附件）", .en = "data folder (keys, attachments)"},
	{0},
};

int cli_fail(struct str why)
{
	char zh[512];
	const char *en = NULL;

	if (why.n < sizeof(zh)) {
		memcpy(zh, why.p, why.n);
		zh[why.n] = 0;
		en = i18n_english(zh); /* a reason of a rule is Chinese alone */
	}
	fprintf(stderr, "gongzhi: %.*s\n", STR_ARG(why));
	if (en)
		fprintf(stderr, "%s\n", en);
	return 1;
}

static const char *config_file(void)
{
	static const char *const usual[] = {"gongzhi.conf", "/etc/gongzhi/gongzhi.conf"};
	const char *env = getenv("GONGZHI_CONFIG");

	if (opt_config || env)
		return opt_config ? opt_config : env;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (access(usual[i], F_OK) == 0)
			return usual[i];
	return NULL;
}

static enum err read_config(struct cli *cli, struct str *why)
{
	enum err e = config_load(&cli->config, config_file(), &cli->arena, why);

	if (e == OK && opt_var)
		e = config_set(&cli->config, "server", "var", opt_var, &cli->arena, why);
	if (e == OK && opt_store)
		e = config_set(&cli->config, "server", "store", opt_store, &cli->arena, why);
	opt_store = opt_config = opt_var = NULL; /* used up: the next command of this process (a test) has its own */
	return e;
}

static enum err open_keys(struct cli *cli, bool make, struct str *why)
{
	const char *dir = arena_printf(&cli->arena, "%s/keys", cli->config.var).p;
	enum err e = keyring_open(dir, make, cli->config.suite, &cli->keys, &cli->arena, why);

	if (e == OK)
		keyring_use(cli->keys);
	return e;
}

/* Deadlines are counted with it. */
static enum err use_calendar(struct cli *cli, struct str *why)
{
	struct db_conn *c = db_read_begin(cli->db);
	struct calendar *cal;
	enum err e = calendar_load(c, &cal);

	db_read_end(c);
	if (e == OK)
		calendar_use(cal);
	else
		*why = STR("节假日表读不了，请运行 gongzhi doctor (the calendar cannot be read: run gongzhi doctor)");
	return e;
}

static enum err open_store(struct cli *cli, unsigned flags, struct str *why)
{
	const struct db_options o = {
		.readers = (int)cli->config.readers, .writers = (int)cli->config.writers, .batch = (int)cli->config.batch,
		.read_only = flags & CLI_READ_ONLY, .no_migrate_check = flags & CLI_MAY_LACK_SCHEMA};
	enum err e = db_open(&cli->db, cli->config.store, &o, &cli->arena, why);

	if (e == OK && !(flags & CLI_MAY_LACK_SCHEMA))
		e = use_calendar(cli, why);
	/* Without keys or schema nothing can be sealed; whoever opens so does not write entries. */
	if (e == OK && cli->keys && !(flags & (CLI_MAY_LACK_SCHEMA | CLI_READ_ONLY)))
		e = journal_init(cli->db, NULL, &cli->arena, why);
	return e;
}

int cli_open(struct cli *cli, unsigned flags)
{
	struct str why = STR_NULL;
	enum err e;

	*cli = (struct cli){0};
	arena_init(&cli->arena, 0);
	/* What belongs to a place follows it, whoever moves it. */
	actor_init();
	matter_init();
	rule_register_all();
	e = read_config(cli, &why);
	if (e != OK)
		return cli_fail(why.p ? why : str_from(err_name(e)));
	return cli_open_more(cli, flags);
}

int cli_open_more(struct cli *cli, unsigned flags)
{
	struct str why = STR_NULL;
	enum err e = OK;

	if (!(flags & CLI_NO_KEYS))
		e = open_keys(cli, flags & CLI_MAKE_KEYS, &why);
	if (e == OK && !(flags & CLI_NO_STORE))
		e = open_store(cli, flags, &why);
	if (e == OK)
		return -1;
	return cli_fail(why.p ? why : str_from(err_name(e)));
}

void cli_close(struct cli *cli)
{
	if (cli->db) {
		db_finish(cli->db);
		journal_end(cli->db);
		db_close(cli->db);
	}
	if (cli->keys) {
		keyring_use(NULL);
		keyring_free(cli->keys);
	}
	arena_release(&cli->arena);
	*cli = (struct cli){0};
}

/* ---- interruption ---- */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = 1;
	/* Whoever insists gets what he wants. */
	signal(number, SIG_DFL);
}

void cli_catch_signals(void)
{
	const struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	interrupted = 0;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

bool cli_interrupted(void)
{
	return interrupted;
}

/* ---- shipped files ---- */

/* What is asked for in the configured folder; else beside build/gongzhi; else where a package puts it. */
static struct str shipped(struct arena *a, const char *configured, const char *folder, const char *name)
{
	struct str path = arena_printf(a, "%s%s%s", configured, *name ? "/" : "", name);
	char exe[4096];
	ssize_t n;

	if (access(path.p, R_OK) == 0)
		return path;
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	while (n > 0 && exe[n - 1] != '/')
		n--;
	if (n > 0) {
		struct str near = arena_printf(a, "%.*s../%s/%s", (int)n, exe, folder, name);

		if (access(near.p, R_OK) == 0)
			return near;
	}
	return arena_printf(a, "/usr/share/gongzhi/%s/%s", folder, name);
}

struct str cli_data_file(struct cli *cli, const char *name)
{
	return shipped(&cli->arena, cli->config.data, "data", name);
}

struct str cli_scenarios(struct cli *cli)
{
	return shipped(&cli->arena, cli->config.scenarios, "scenarios", "");
}
