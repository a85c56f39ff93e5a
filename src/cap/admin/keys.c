/* keys rotate, keys public. */
#include <stdio.h>

#include "cap/admin/admin.h"
#include "crypto/keyring.h"
#include "crypto/crypto.h"

int admin_keys_rotate(int argc, char **argv)
{
	const char *suite = NULL;
	const struct opt opts[] = {
		{.name = "suite", .arg = "sm|intl", .text = &suite, .zh = "新密钥的算法（默认同配置）", .en = "algorithms of the new keys (default: as configured)"},
		{0},
	};
	const struct opt_command cmd = {
		.name = "keys rotate", .opts = {cli_options, opts}, .max_args = 0,
		.zh = "加一把新的加密密钥和签名密钥；旧的留着解密和验签。重启服务后生效。",
		.en = "Adds a new sealing key and a new signing key; the old ones stay to read and to verify. In force after a restart."};
	struct str why = STR_NULL;
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	status = cli_open(&cli, CLI_NO_STORE);
	if (status < 0) {
		const char *dir = arena_printf(&cli.arena, "%s/keys", cli.config.var).p;

		if (keyring_rotate(dir, suite ? suite : cli.config.suite, &cli.arena, &why) == OK) {
			fprintf(stderr, "新密钥在 %s：请备份密钥目录，然后重启服务 (new keys are there: copy the folder, then restart)\n", dir);
			status = 0;
		} else {
			status = cli_fail(why);
		}
	}
	cli_close(&cli);
	return status;
}

int admin_keys_public(int argc, char **argv)
{
	const struct opt_command cmd = {
		.name = "keys public", .opts = {cli_options}, .max_args = 0,
		.zh = "输出公钥（回执离线核对用）。", .en = "Prints the public keys, with which receipts are checked offline."};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	status = cli_open(&cli, CLI_NO_STORE);
	if (status < 0) {
		printf("%.*s", STR_ARG(sign_public_key(&cli.arena)));
		status = 0;
	}
	cli_close(&cli);
	return status;
}
