#include "web/cli_file.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

int cli_fail_file(struct cli *cli, const char *path)
{
	return cli_fail(arena_printf(&cli->arena, "%s: %s", path, strerror(errno)));
}

/* ---- import ---- */

int cli_loading_begin(struct cli *cli, struct cli_loading *l, const char *heads)
{
	if (l->report == NULL)
		return -1;
	l->out = fopen(l->report, "w");
	if (l->out == NULL)
		return cli_fail_file(cli, l->report);
	fprintf(l->out, "%s\n", heads);
	return -1;
}

bool cli_loading_shows(struct cli_loading *l)
{
	return l->shown++ < CLI_SHOWN;
}

void cli_loading_cell(struct cli_loading *l, struct str text)
{
	fputc('"', l->out);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			fputc('"', l->out);
		fputc(text.p[i], l->out);
	}
	fputc('"', l->out);
}

void cli_loading_fault(void *loading, int64_t line, struct str why)
{
	struct cli_loading *l = loading;

	if (l->out) {
		fprintf(l->out, "%" PRId64 ",", line);
		cli_loading_cell(l, why);
		fputc('\n', l->out);
	} else if (cli_loading_shows(l)) {
		fprintf(stderr, "%s:%" PRId64 ": %.*s\n", l->file, line, STR_ARG(why));
	}
}

void cli_loading_progress(void *loading, int64_t done, int64_t of)
{
	struct cli_loading *l = loading;

	if (!l->begun)
		progress_begin(&l->bar, l->title, of);
	l->begun = true;
	progress_to(&l->bar, done);
}

bool cli_loading_stop(void *loading)
{
	(void)loading;
	return cli_interrupted();
}

void cli_loading_end(struct cli_loading *l, struct str done, bool stopped)
{
	if (l->begun)
		progress_end(&l->bar, done.p);
	else
		fprintf(stderr, "%s\n", done.p);
	if (l->out == NULL && l->shown > CLI_SHOWN)
		fprintf(stderr, "还有 %" PRId64 " 条，用 --report FILE 查看全部 (more: see all with --report FILE)\n", l->shown - CLI_SHOWN);
	if (stopped)
		fprintf(stderr, "已中断，再次运行即从此处继续 (interrupted: run it again to go on from here)\n");
}

int cli_loading_close(struct cli *cli, struct cli_loading *l, int status)
{
	if (l->out == NULL || (fclose(l->out) == 0) || (status != 0 && status != 3))
		return status;
	return cli_fail_file(cli, l->report);
}

/* ---- export ---- */

int cli_out_begin(struct cli *cli, struct cli_out *o, const char *command)
{
	int status;

	*cli = (struct cli){0}; /* cli_out_end closes it in any case */
	o->f = stdout;
	o->json = o->format && strcmp(o->format, "jsonl") == 0;
	if (o->format && !o->json && strcmp(o->format, "csv") != 0) {
		fprintf(stderr, "gongzhi %s: --format %s: 只有 csv 和 jsonl (csv or jsonl)\n", command, o->format);
		return 2;
	}
	cli_catch_signals();
	signal(SIGPIPE, SIG_DFL); /* "| head" is no fault */
	status = cli_open(cli, CLI_READ_ONLY | CLI_NO_KEYS);
	if (status >= 0 || o->path == NULL)
		return status;
	o->f = fopen(o->path, "w");
	return o->f ? -1 : cli_fail_file(cli, o->path);
}

int cli_out_result(struct cli *cli, struct cli_out *o, enum err e)
{
	if (fflush(o->f) != 0 && e == OK)
		e = ERR_IO;
	if (e == OK)
		return 0;
	if (cli_interrupted()) {
		cli_fail(STR("已中断，文件不完整 (interrupted: the file is not whole)"));
		return 130;
	}
	return cli_fail(arena_printf(&cli->arena, "导出失败 (export failed): %s", e == ERR_IO ? strerror(errno) : err_name(e)));
}

int cli_out_end(struct cli *cli, struct cli_out *o, int status)
{
	if (o->path && o->f && o->f != stdout && fclose(o->f) != 0 && status == 0)
		status = cli_fail_file(cli, o->path);
	cli_close(cli);
	return status;
}
