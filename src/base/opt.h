/*
 * Options of a subcommand: a table says what there is, and from it come parsing and --help in Chinese and English.
 *
 *	static const char *listen;
 *	static const struct opt opts[] = {
 *		{.name = "listen", .arg = "ADDRESS:PORT", .text = &listen, .zh = "监听地址", .en = "address to listen on"},
 *		{0},
 *	};
 *	static const struct opt_command cmd = {.name = "serve", .opts = {common, opts}, .zh = "启动服务", .en = "Runs the server."};
 *
 *	if ((status = opt_parse(&cmd, &argc, &argv)) >= 0)
 *		return status;
 *
 * "--name value" and "--name=value" are the same; "--" ends the options; what is no option stays in argv in its order.
 */
#ifndef BASE_OPT_H
#define BASE_OPT_H

#include <stdbool.h>
#include <stdint.h>

struct opt {
	const char *name;      /* without the hyphens */
	char letter;           /* short form, 0: none */
	const char *arg;       /* name of the value in the help; NULL: a flag */
	/* where the value goes, one of: */
	bool *flag;
	const char **text;
	int64_t *number;       /* a number below 0 is refused */
	const char *zh, *en;   /* what it does, without a full stop */
};

#define OPT_TABLES 3

struct opt_command {
	const char *name;      /* "import places" */
	const char *usage;     /* what follows the options: "FILE..." */
	const char *zh, *en;   /* a sentence each */
	const struct opt *opts[OPT_TABLES]; /* each ends in a zero entry; NULL: none */
	int min_args, max_args;/* arguments that are no options; max -1: any number */
	const char *more;      /* printed below the options, may be NULL */
};

/* -1: go on, argv[0..argc) are the arguments that are no options. Else the exit status: 0 after --help, 2 after a mistake, which has been
 * explained on standard error. */
int opt_parse(const struct opt_command *cmd, int *argc, char ***argv);
void opt_help(const struct opt_command *cmd);

#endif
