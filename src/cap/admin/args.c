/* What the words behind the subcommands mean. */
#include <stdio.h>

#include "cap/admin/admin.h"

int admin_read_level(const char *command, const char *word, enum place_level *level)
{
	static const char *const words[] = {"any", "province", "city", "district", "town", "community", "grid", "microgrid"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0) {
			*level = (enum place_level)i;
			return -1;
		}
	fprintf(stderr, "gongzhi %s: --level %s: 没有这一级 (no such level)\n", command, word);
	return 2;
}

int admin_find_place(struct cli *cli, const char *code, struct place *p)
{
	struct db_conn *c;
	enum err e;

	*p = (struct place){.key = STR("")};
	if (!code)
		return -1;
	c = db_read_begin(cli->db);
	e = place_by_code(c, &cli->arena, str_from(code), 0, p);
	db_read_end(c);
	if (e == OK)
		return -1;
	if (e != ERR_NOT_FOUND)
		return cli_fail(arena_printf(&cli->arena, "%s: %s", code, err_name(e)));
	return cli_fail(arena_printf(&cli->arena, "没有代码为 %s 的地区 (no place has the code %s)", code, code));
}

int admin_export(const char *command, struct cli_out *out, const char *code, int (*write)(struct cli *cli, void *arg, struct str top), void *arg)
{
	struct place top;
	struct cli cli;
	int status = cli_out_begin(&cli, out, command);

	if (status < 0)
		status = admin_find_place(&cli, code, &top);
	if (status < 0)
		status = write(&cli, arg, top.key);
	return cli_out_end(&cli, out, status);
}
