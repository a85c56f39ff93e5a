#include "cap/admin/admin.h"

#include "web/capability.h"

static const struct subcommand subcommands[] = {
	{"serve", "[--listen ADDRESS:PORT]", N_("启动服务"), admin_serve},
	{"init", "[--suite sm|intl] [--no-places]", N_("建立数据目录、密钥和数据库"), admin_init},
	{"migrate", "", N_("更新数据库结构"), admin_migrate},
	{"import places", "FILE... [--level LEVEL]", N_("导入区划、网格、微网格"), admin_import_places},
	{"export places", "[--format csv|jsonl] [--place CODE]", N_("导出地区"), admin_export_places},
	{"import boundaries", "FILE --source TEXT --datum DATUM", N_("导入边界（GeoJSON、Shapefile）"), admin_import_boundaries},
	{"export boundaries", "[--place CODE] [--level LEVEL]", N_("导出边界"), admin_export_boundaries},
	{"export matters", "[--format csv|jsonl] [--place CODE] [--scenario ID]", N_("导出事项"), admin_export_matters},
	{"place move", "CODE NEW-PARENT-CODE [--reason TEXT]", N_("移动地区"), admin_place_move},
	{"place merge", "CODE INTO-CODE [--reason TEXT]", N_("合并地区"), admin_place_merge},
	{"keys rotate", "[--suite sm|intl]", N_("换密钥"), admin_keys_rotate},
	{"keys list", "", N_("列出密钥"), admin_keys_list},
	{"keys reseal", "", N_("用新密钥重新加密"), admin_keys_reseal},
	{"keys public", "", N_("输出公钥"), admin_keys_public},
	{"backup", "[FILE] [--no-files] [--with-keys]", N_("备份到一个文件"), admin_backup},
	{"restore", "FILE [--no-files] [--with-keys]", N_("从备份恢复"), admin_restore},
	{"user add", "LOGIN [--service] [--name NAME] [--role ROLE --place CODE]", N_("建账号"), admin_user_add},
	{"user password", "LOGIN", N_("改口令"), admin_user_password},
	{"user grant", "LOGIN --role ROLE [--place CODE]", N_("授予角色"), admin_user_grant},
	{"user revoke", "LOGIN --role ROLE [--place CODE]", N_("收回角色"), admin_user_revoke},
	{"user key add", "LOGIN [--name NAME] [--days N]", N_("给程序的账号发密钥"), admin_user_key_add},
	{"user key list", "LOGIN", N_("列出密钥"), admin_user_key_list},
	{"user key revoke", "LOGIN NAME", N_("停用密钥"), admin_user_key_revoke},
	{"user factor reset", "LOGIN", N_("去掉账号的第二因素（手机丢了）"), admin_user_factor_reset},
	{"user list", "", N_("列出账号"), admin_user_list},
	{"user lock", "LOGIN", N_("停用账号"), admin_user_lock},
	{"user unlock", "LOGIN", N_("恢复账号"), admin_user_unlock},
	{"role list", "", N_("列出角色和权限"), admin_role_list},
	{"role show", "ROLE", N_("一个角色的权限，中英文名称"), admin_role_show},
	{"role add", "ROLE --title TEXT --title-en TEXT", N_("建角色"), admin_role_add},
	{"role grant", "ROLE PERMISSION...", N_("给角色权限"), admin_role_grant},
	{"role revoke", "ROLE PERMISSION...", N_("收回角色的权限"), admin_role_revoke},
	{"demo", "[--accounts-file FILE] [--password WORD]", N_("建立演示镇街"), admin_demo},
	{"doctor", "[--full]", N_("检查运行环境并说明怎么处理"), admin_doctor},
	{0},
};

const struct capability cap_admin = {
	.name = "admin",
	.title = N_("系统管理"),
	.subcommands = subcommands,
};
