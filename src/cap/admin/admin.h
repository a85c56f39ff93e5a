/* The subcommands of an administrator. Each file holds one or a family of them; for this folder only. */
#ifndef CAP_ADMIN_H
#define CAP_ADMIN_H

#include "core/actor/actor.h"
#include "core/place/place.h"
#include "web/cli_file.h"

int admin_serve(int argc, char **argv);
int admin_init(int argc, char **argv);
int admin_migrate(int argc, char **argv);
int admin_demo(int argc, char **argv);
int admin_import_places(int argc, char **argv);
int admin_export_places(int argc, char **argv);
int admin_import_boundaries(int argc, char **argv);
int admin_export_boundaries(int argc, char **argv);
int admin_export_matters(int argc, char **argv);
int admin_user_add(int argc, char **argv);
int admin_user_password(int argc, char **argv);
int admin_user_grant(int argc, char **argv);
int admin_user_revoke(int argc, char **argv);
int admin_user_factor_reset(int argc, char **argv);
int admin_user_list(int argc, char **argv);
int admin_user_lock(int argc, char **argv);
int admin_user_unlock(int argc, char **argv);
int admin_user_key_add(int argc, char **argv);
int admin_user_key_list(int argc, char **argv);
int admin_user_key_revoke(int argc, char **argv);
int admin_role_list(int argc, char **argv);
int admin_role_show(int argc, char **argv);
int admin_role_add(int argc, char **argv);
int admin_role_grant(int argc, char **argv);
int admin_role_revoke(int argc, char **argv);
int admin_place_move(int argc, char **argv);
int admin_place_merge(int argc, char **argv);
int admin_keys_rotate(int argc, char **argv);
int admin_keys_public(int argc, char **argv);
int admin_keys_list(int argc, char **argv);
int admin_keys_reseal(int argc, char **argv);
int admin_backup(int argc, char **argv);
int admin_restore(int argc, char **argv);
int admin_doctor(int argc, char **argv);

/* A secret from the terminal (twice when asked), else one line of standard input. -1: it was read; or the exit status. (user.c) */
int admin_ask_secret(struct arena *a, const char *question, bool twice, struct str *out);
/* A Chinese text of en.po with its English behind it. */
struct str admin_both(struct arena *a, const char *zh);

/* A word of --level, "any" PLACE_ROOT; -1, or 2 after saying that there is none (args.c). */
int admin_read_level(const char *command, const char *word, enum place_level *level);
/* The place of a code, without one (NULL) the whole; -1, or the exit status after saying that there is none. */
int admin_find_place(struct cli *cli, const char *code, struct place *p);

/* The roles as they are shipped (data/roles.csv), for comparing. (role.c) */
CHECKED enum err admin_shipped_roles(struct cli *cli, struct actor_role **v, size_t *n, struct str *why);
bool admin_role_has(const struct actor_role *r, struct str permission);
const struct actor_role *admin_role_named(const struct actor_role *v, size_t n, struct str name);

/* What the exports share: the options --out and --place, the store and the file, the place of the code; then `write` does it. Exit status. (args.c) */
#define ADMIN_EXPORT_OPTIONS(path, code) \
	{.name = "out", .letter = 'o', .arg = "FILE", .text = &(path), .zh = "写入文件（默认标准输出）", .en = "file (default standard output)"}, \
	{.name = "place", .arg = "CODE", .text = &(code), .zh = "只导出这个地区及其下级的", .en = "only this place and what lies in it"}
int admin_export(const char *command, struct cli_out *out, const char *code, int (*write)(struct cli *cli, void *arg, struct str top), void *arg);

/* Loads a CSV of places and says on standard error how it went, bad lines into `report` (NULL: standard error, the first 20). Exit status. */
int admin_load_places(struct cli *cli, const char *file, enum place_level level, bool again, const char *report);
/* The shipped coarse areas of districts, marked 示意. Exit status. */
int admin_load_shipped_areas(struct cli *cli, const char *file);
/* The invented areas of the demonstration town. Exit status. */
int admin_load_demo_areas(struct cli *cli, const char *file);

#endif
