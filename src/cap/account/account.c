#include "cap/account/account.h"

static const struct route routes[] = {
	{"GET", "/login", account_login_form, NULL, R_PUBLIC, N_("登录页"), 0},
	{"POST", "/login", account_login, NULL, R_PUBLIC, N_("登录"), 0},
	{"POST", "/login/code", account_login_code, NULL, R_PUBLIC, N_("登录的第二步：验证码或恢复码"), 0},
	{"POST", "/logout", account_logout, NULL, R_PUBLIC, N_("退出登录"), 0},
	{"GET", "/home", account_home, NULL, R_LOGIN, N_("登录后的第一页：菜单的第一项"), 0},
	{"GET", "/continue", account_continue, NULL, R_LOGIN, N_("登录过期前填写的内容，可以再次提交"), 0},
	{"GET", "/me", account_me, NULL, R_LOGIN, N_("我的账号：职责、语言、长者版"), 0},
	{"GET", "/me/password", account_password_form, NULL, R_LOGIN, N_("修改密码的表单"), 0},
	{"POST", "/me/password", account_password, NULL, R_LOGIN, N_("修改密码，其他设备上的登录随之结束"), 0},
	{"GET", "/me/second", account_second, NULL, R_LOGIN, N_("第二因素（RFC 6238）：开启、设置、关闭"), 0},
	{"POST", "/me/second/begin", account_second_begin, NULL, R_LOGIN, N_("开始设置第二因素"), 0},
	{"POST", "/me/second/confirm", account_second_confirm, NULL, R_LOGIN, N_("填一个验证码，开启第二因素；恢复码只显示这一次"), 0},
	{"POST", "/me/second/off", account_second_off, NULL, R_LOGIN, N_("关闭第二因素，要一个验证码"), 0},
	{"GET", "/me/mail", account_mail_form, NULL, R_LOGIN, N_("通知邮箱的表单"), 0},
	{"POST", "/me/mail", account_mail, NULL, R_LOGIN, N_("设置或取消通知邮箱"), 0},
	{"GET", "/me/sessions", account_sessions, NULL, R_LOGIN, N_("在哪些设备上登录着"), 0},
	{"POST", "/me/sessions/end", account_end_one, NULL, R_LOGIN, N_("结束一个登录，例如挂着的屏幕"), 0},
	{"POST", "/me/sessions/end-others", account_end_others, NULL, R_LOGIN, N_("结束其他设备上的登录"), 0},
	{"GET", "/me/notices", account_notices, NULL, R_LOGIN, N_("未读通知"), 0},
	{"POST", "/me/notices/read", account_notices_read, NULL, R_LOGIN, N_("把通知标为已读，可以只标一条"), 0},
	{"GET", "/me/notices/settings", account_wishes, NULL, R_LOGIN, N_("每一类通知怎样送到、什么时候不打扰"), 0},
	{"POST", "/me/notices/settings", account_wishes_post, NULL, R_LOGIN, N_("保存通知的设置；要办的事不能关掉"), 0},
	{0},
};

static const struct menu_entry menu[] = {
	{N_("通知"), "/me/notices", NULL, 900, account_unread},
	{N_("我的账号"), "/me", NULL, 910, NULL},
	{0},
};

extern const struct capability cap_account;
const struct capability cap_account = {
	.name = "account",
	.title = N_("账号与登录"),
	.routes = routes,
	.menu = menu,
};
