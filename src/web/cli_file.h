/*
 * What the subcommands that read a file into the store, and those that write one from it, have in common: faults to a report or to the
 * screen, the progress bar, being interrupted; the format, the file, a pipe that closes early.
 */
#ifndef WEB_CLI_FILE_H
#define WEB_CLI_FILE_H

#include <stdio.h>

#include "base/progress.h"
#include "web/cli.h"

/* ---- import ---- */

#define CLI_SHOWN 20 /* faults on the screen; a report has all */

struct cli_loading {
	const char *title;  /* of the bar */
	const char *file;   /* as it is named on the screen */
	const char *report; /* path or NULL */
	FILE *out;          /* the open report; NULL: none */
	int64_t shown;
	struct progress bar;
	bool begun;
};

/* Opens the report, `heads` its first line. -1, or the exit status after telling why. */
int cli_loading_begin(struct cli *cli, struct cli_loading *l, const char *heads);
/* A fault came that goes to no report: may it be shown? */
bool cli_loading_shows(struct cli_loading *l);
/* A cell of the report, quoted. */
void cli_loading_cell(struct cli_loading *l, struct str text);
/* For the importers' `bad`, `progress` and `stop`, with the loading as arg. A fault goes to the report (with these heads) or to the screen. */
#define CLI_FAULT_HEADS "line,why"
void cli_loading_fault(void *loading, int64_t line, struct str why);
void cli_loading_progress(void *loading, int64_t done, int64_t of);
bool cli_loading_stop(void *loading);
/* What was done, how many faults were not shown, that it was stopped. */
void cli_loading_end(struct cli_loading *l, struct str done, bool stopped);
/* Closes the report: `status`, or that it could not be written. */
int cli_loading_close(struct cli *cli, struct cli_loading *l, int status);
/* file: cannot be opened, with the system's reason. */
int cli_fail_file(struct cli *cli, const char *path);

/* ---- export ---- */

struct cli_out {
	const char *format; /* csv or jsonl; NULL: there is no choice */
	const char *path;   /* NULL: standard output */
	FILE *f;
	bool json;
};

/* Reads the format, opens the store for reading and the file. -1, or the exit status. */
int cli_out_begin(struct cli *cli, struct cli_out *o, const char *command);
/* Flushes; tells why the export failed. The exit status. */
int cli_out_result(struct cli *cli, struct cli_out *o, enum err e);
/* Closes file and store: `status`, or that the file could not be written. */
int cli_out_end(struct cli *cli, struct cli_out *o, int status);

#endif
