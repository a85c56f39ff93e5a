/*
 * What every subcommand that touches data begins with: the options --store and --config, the configuration, the keys, the store; and
 * an interruption with Ctrl-C that ends between two jobs.
 */
#ifndef WEB_CLI_H
#define WEB_CLI_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/opt.h"
#include "db/db.h"
#include "web/config.h"

struct keyring;

struct cli {
	struct arena arena;
	struct config config;
	struct keyring *keys;
	struct db *db;
};

enum {
	CLI_MAY_LACK_SCHEMA = 1, /* init, migrate, restore, doctor */
	CLI_MAKE_KEYS = 2,       /* init: makes what is missing */
	CLI_NO_KEYS = 4,
	CLI_NO_STORE = 8,
	CLI_READ_ONLY = 16,
};

/* Put into the table of options: --store URL, --config FILE, --var FOLDER. */
extern const struct opt cli_options[];

/*
 * Opens what the flags leave: configuration (file, environment, options), keys, store with the journal's seals. Returns -1, or the exit
 * status after saying on standard error what is wrong and what to do. cli_close is needed in both cases.
 */
int cli_open(struct cli *cli, unsigned flags);
void cli_close(struct cli *cli);
/* Keys and store of a cli that was opened without them (init makes the folder between). */
int cli_open_more(struct cli *cli, unsigned flags);

/* From now on SIGINT and SIGTERM only set a flag; the second one ends the program as usual. */
void cli_catch_signals(void);
bool cli_interrupted(void);

/* Prints "gongzhi: why" on standard error and returns 1. */
int cli_fail(struct str why);

/* File of shipped data: [server] data, else beside the program or in the folder it was installed to. Arena text. */
struct str cli_data_file(struct cli *cli, const char *name);
/* The folder of the scenario files, found the same way. */
struct str cli_scenarios(struct cli *cli);

#endif
