#include "base/opt.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const struct opt help_table[] = {
	{.name = "help", .letter = 'h', .zh = "显示本说明", .en = "shows this"},
	{0},
};

static void help_line(const struct opt *o)
{
	char left[80];

	if (o->letter)
		snprintf(left, sizeof(left), "-%c, --%s %s", o->letter, o->name, o->arg ? o->arg : "");
	else
		snprintf(left, sizeof(left), "    --%s %s", o->name, o->arg ? o->arg : "");
	printf("  %-28s  %s\n  %-28s  %s\n", left, o->zh, "", o->en);
}

void opt_help(const struct opt_command *cmd)
{
	printf("用法 Usage: gongzhi %s [选项 options]%s%s\n\n%s\n%s\n\n选项 Options:\n", cmd->name, cmd->usage ? " " : "",
	       cmd->usage ? cmd->usage : "", cmd->zh, cmd->en);
	for (int t = 0; t < OPT_TABLES; t++)
		for (const struct opt *o = cmd->opts[t]; o && o->name; o++)
			help_line(o);
	help_line(help_table);
	if (cmd->more)
		printf("\n%s\n", cmd->more);
}

static int wrong(const struct opt_command *cmd, const char *what, const char *zh, const char *en)
{
	fprintf(stderr, "gongzhi %s: %s: %s (%s)\n请看 see: gongzhi %s --help\n", cmd->name, what, zh, en, cmd->name);
	return 2;
}

static const struct opt *find(const struct opt_command *cmd, struct str name, char letter)
{
	for (int t = 0; t < OPT_TABLES; t++)
		for (const struct opt *o = cmd->opts[t]; o && o->name; o++)
			if (letter ? o->letter == letter : str_eqz(name, o->name))
				return o;
	return NULL;
}

/* Takes the option at argv[*i], and its value, which may stand behind it. -1: fine. */
static int take(const struct opt_command *cmd, int argc, char **argv, int *i)
{
	struct str word = str_from(argv[*i]), name = str_sub(word, 2, word.n);
	const char *value = NULL;
	const struct opt *o;
	ptrdiff_t eq;

	if (argv[*i][1] != '-') {
		if (word.n != 2)
			return wrong(cmd, argv[*i], "短选项请分开写", "write short options one by one");
		o = find(cmd, STR_NULL, argv[*i][1]);
	} else {
		eq = str_chr(name, '=');
		if (eq >= 0) {
			value = name.p + eq + 1;
			name.n = (size_t)eq;
		}
		o = find(cmd, name, 0);
	}
	if (!o)
		return wrong(cmd, argv[*i], "没有这个选项", "no such option");
	if (!o->arg) {
		if (value)
			return wrong(cmd, argv[*i], "这个选项不带值", "this option takes no value");
		*o->flag = true;
		return -1;
	}
	if (!value) {
		if (*i + 1 >= argc)
			return wrong(cmd, argv[*i], "后面缺少值", "its value is missing");
		value = argv[++*i];
	}
	if (o->text)
		*o->text = value;
	else if (!str_i64(str_from(value), o->number) || *o->number < 0)
		return wrong(cmd, value, "不是非负整数", "not a whole number of zero or more");
	return -1;
}

int opt_parse(const struct opt_command *cmd, int *argc, char ***argv)
{
	char **in = *argv, **out = *argv;
	int n = 0, options = 1;

	for (int i = 1; i < *argc; i++) {
		int status;

		if (!options || in[i][0] != '-' || in[i][1] == '\0') {
			out[n++] = in[i];
			continue;
		}
		if (strcmp(in[i], "--") == 0) {
			options = 0;
			continue;
		}
		if (strcmp(in[i], "--help") == 0 || strcmp(in[i], "-h") == 0) {
			opt_help(cmd);
			return 0;
		}
		status = take(cmd, *argc, in, &i);
		if (status >= 0)
			return status;
	}
	if (n < cmd->min_args)
		return wrong(cmd, cmd->usage ? cmd->usage : "", "缺少参数", "an argument is missing");
	if (cmd->max_args >= 0 && n > cmd->max_args)
		return wrong(cmd, out[cmd->max_args], "多余的参数", "one argument too many");
	*argc = n;
	return -1;
}
