#include "web/config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

#include "web/capability.h"

#define LINE_MAX_BYTES 190 /* libinih's line buffer holds 200 */
#define LIST_MAX 64
#define KEYS_MAX_COUNT 64

#define TEXT(sec, k, field, preset_, about_) \
	{.section = sec, .key = k, .type = CONFIG_TEXT, .offset = offsetof(struct config, field), .preset = preset_, .about = about_}
#define INT(sec, k, field, preset_, min_, max_, about_) \
	{.section = sec, .key = k, .type = CONFIG_INT, .offset = offsetof(struct config, field), .preset = preset_, \
	 .min = min_, .max = max_, .about = about_}
#define BOOL(sec, k, field, preset_, about_) \
	{.section = sec, .key = k, .type = CONFIG_BOOL, .offset = offsetof(struct config, field), .preset = preset_, .about = about_}
#define LIST(sec, k, field, preset_, about_) \
	{.section = sec, .key = k, .type = CONFIG_LIST, .offset = offsetof(struct config, field), .preset = preset_, .about = about_}

const struct config_key config_keys[] = {
	TEXT("server", "listen", listen, "127.0.0.1:8141", N_("监听地址")),
	TEXT("server", "store", store, "sqlite:var/gongzhi.db", N_("数据库地址")),
	TEXT("server", "var", var, "var", N_("数据目录（密钥、附件）")),
	TEXT("server", "scenarios", scenarios, "scenarios", N_("场景文件目录")),
	TEXT("server", "data", data, "data", N_("随附数据目录")),
	TEXT("server", "suite", suite, "sm", N_("密码套件：sm（国密）或 intl，生成密钥时使用")),
	TEXT("server", "public_url", public_url, "", N_("对外网址，用于邮件和二维码；空则按请求判断")),
	TEXT("server", "log", log, "info", N_("日志级别：debug、info、warn、error")),
	LIST("server", "trusted", trusted, "", N_("可信代理的地址，以空格分隔")),
	INT("server", "node", node, "0", 0, 255, N_("节点编号，同一数据库的各节点互不相同")),
	BOOL("server", "access_log", access_log, "yes", N_("记录访问日志")),
	INT("http", "workers", workers, "0", 0, 1024, N_("工作线程数；0 为核数的两倍")),
	INT("http", "event_threads", event_threads, "0", 0, 64, N_("事件线程数；0 为 2")),
	INT("http", "queue", queue, "0", 0, 1000000, N_("排队请求上限；0 为 1024")),
	INT("http", "max_connections", max_connections, "0", 0, 1000000, N_("连接数上限；0 为 4096")),
	INT("http", "per_address", per_address, "0", 0, 1000000, N_("每个地址的连接数上限；0 为 256")),
	INT("http", "header_seconds", header_seconds, "0", 0, 3600, N_("请求头时限（秒）；0 为 10")),
	INT("http", "body_seconds", body_seconds, "0", 0, 3600, N_("请求体时限（秒）；0 为 60")),
	INT("http", "idle_seconds", idle_seconds, "0", 0, 3600, N_("空闲时限（秒）；0 为 30")),
	INT("http", "drain_seconds", drain_seconds, "10", 0, 3600, N_("停止时等待未完成请求的秒数")),
	INT("store", "readers", readers, "0", 0, 1024, N_("读连接数；0 为 8")),
	INT("store", "writers", writers, "0", 0, 64, N_("PostgreSQL 写连接数；0 为 4")),
	INT("store", "batch", batch, "0", 0, 4096, N_("每次提交的写入数上限；0 为 256")),
	INT("upload", "max_file", max_file, "20971520", 1024, 1073741824, N_("单个附件的字节上限")),
	INT("upload", "max_files", max_files, "9", 1, 100, N_("每次提交的附件数上限")),
	INT("limit", "requests", requests, "1200", 0, 1000000000, N_("每个地址每分钟的请求数；0 为不限")),
	INT("limit", "posts", posts, "60", 0, 1000000000, N_("每个地址每分钟未登录的提交数；0 为不限")),
	INT("limit", "logins", logins, "20", 0, 1000000000, N_("每个地址每分钟的登录尝试数；0 为不限")),
	INT("limit", "account_posts", account_posts, "240", 0, 1000000000, N_("每个账号每分钟的提交数；0 为不限")),
	INT("limit", "key_requests", key_requests, "1200", 0, 1000000000, N_("每把程序密钥每分钟的请求数；0 为不限")),
	TEXT("login", "second_factor", second_factor, "", N_("必须用第二因素登录的角色，空格分开，如 secadmin sysadmin；空则由各人自己决定")),
	TEXT("map", "background", map_background, "", N_("外部底图的地址模板，如 https://tiles.example.cn/{z}/{x}/{y}.png；空则不向外取任何东西")),
	TEXT("map", "credit", map_credit, "", N_("外部底图的来源，显示在图上")),
	LIST("webhook", "allow", webhook_allow, "", N_("事件推送可以送到的内网网段，如 10.20.0.0/16，以空格分隔；空则只送公网地址")),
	TEXT("smtp", "url", smtp_url, "", N_("发信服务器，如 smtp://mail.example.cn:587；空则不发邮件")),
	TEXT("smtp", "from", smtp_from, "", N_("发件人地址")),
	TEXT("smtp", "user", smtp_user, "", N_("发信用户名")),
	TEXT("smtp", "password", smtp_password, "", N_("发信密码")),
	{0},
};

struct reading {
	struct config *c;
	struct arena *a;
	FILE *f;
	const char *file;
	int line;
	bool too_long;
	bool set[KEYS_MAX_COUNT];
	struct str why;
};

static const struct config_key *find_key(const char *section, const char *key)
{
	for (const struct config_key *k = config_keys; k->key; k++)
		if (strcmp(k->section, section) == 0 && strcmp(k->key, key) == 0)
			return k;
	return NULL;
}

static const char *const *read_list(const char *value, struct arena *a)
{
	const char **v = arena_array(a, const char *, LIST_MAX + 1);
	struct str rest = str_from(value), part;
	size_t n = 0;

	while (n < LIST_MAX && str_split(&rest, ' ', &part))
		if (!str_empty(part))
			v[n++] = arena_strz(a, part);
	return v;
}

static bool read_bool(const char *value, bool *out)
{
	static const char *const yes[] = {"yes", "true", "on", "1"}, *const no[] = {"no", "false", "off", "0"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (str_ieqz(str_from(value), yes[i]) || str_ieqz(str_from(value), no[i])) {
			*out = str_ieqz(str_from(value), yes[i]);
			return true;
		}
	}
	return false;
}

static enum err set_value(struct config *c, const struct config_key *k, const char *value, struct arena *a, struct str *why)
{
	void *to = (char *)c + k->offset;
	int64_t number;

	switch (k->type) {
	case CONFIG_TEXT:
		*(const char **)to = arena_strz(a, str_from(value));
		return OK;
	case CONFIG_LIST:
		*(const char *const **)to = read_list(value, a);
		return OK;
	case CONFIG_BOOL:
		if (read_bool(value, to))
			return OK;
		*why = arena_printf(a, "[%s] %s：须为 yes 或 no，而不是“%s”。must be yes or no, not \"%s\".", k->section, k->key,
				    value, value);
		return ERR_INPUT;
	case CONFIG_INT:
		if (str_i64(str_from(value), &number) && number >= k->min && number <= k->max) {
			*(int64_t *)to = number;
			return OK;
		}
		*why = arena_printf(a, "[%s] %s：须为 %ld 到 %ld 的整数，而不是“%s”。must be a whole number from %ld to %ld, not "
				    "\"%s\".", k->section, k->key, k->min, k->max, value, k->min, k->max, value);
		return ERR_INPUT;
	}
	BUG("type of configuration key %s", k->key);
}

static enum err unknown(const char *section, const char *key, struct arena *a, struct str *why)
{
	*why = arena_printf(a, "没有 [%s] %s 这一项；全部配置项见 docs/operations.md。there is no key %s in [%s]; docs/operations.md "
			    "lists them.", section, key, key, section);
	return ERR_INPUT;
}

enum err config_set(struct config *c, const char *section, const char *key, const char *value, struct arena *a,
		    struct str *why)
{
	const struct config_key *k = find_key(section, key);

	return k ? set_value(c, k, value, a, why) : unknown(section, key, a, why);
}

void config_preset(struct config *c, struct arena *a)
{
	struct str why;

	*c = (struct config){0};
	for (const struct config_key *k = config_keys; k->key; k++)
		if (set_value(c, k, k->preset, a, &why) != OK)
			BUG("default of configuration key %s", k->key);
}

/* ---- file ---- */

/* fgets for libinih that counts lines; a line that would be cut ends the reading. */
static char *next_line(char *to, int size, void *arg)
{
	struct reading *r = arg;
	char *got = r->too_long ? NULL : fgets(to, size, r->f);

	if (got == NULL)
		return NULL;
	r->line++;
	if (strlen(got) > LINE_MAX_BYTES && r->why.p == NULL) {
		r->too_long = true;
		r->why = arena_printf(r->a, "%s:%d: 一行超过 %d 字节。a line of more than %d bytes.", r->file, r->line,
				      LINE_MAX_BYTES, LINE_MAX_BYTES);
		return NULL;
	}
	return got;
}

static int one_key(void *arg, const char *section, const char *name, const char *value)
{
	struct reading *r = arg;
	const struct config_key *k = find_key(section, name);
	struct str why = STR_NULL;

	if (r->why.p)
		return 0;
	if (k == NULL) {
		if (unknown(section, name, r->a, &why) == OK)
			BUG("unknown key accepted");
	} else if (r->set[k - config_keys]) {
		why = arena_printf(r->a, "[%s] %s 写了两次。is set twice.", section, name);
	} else if (set_value(r->c, k, value, r->a, &why) == OK) {
		r->set[k - config_keys] = true;
		return 1;
	}
	r->why = arena_printf(r->a, "%s:%d: %.*s", r->file, r->line, STR_ARG(why));
	return 0;
}

static enum err read_file(struct config *c, const char *file, struct arena *a, struct str *why)
{
	struct reading r = {.c = c, .a = a, .file = file};
	int bad;

	_Static_assert(ARRAY_LEN(config_keys) <= KEYS_MAX_COUNT, "more keys than marks");
	r.f = fopen(file, "r");
	if (r.f == NULL) {
		*why = arena_printf(a, "打不开配置文件 %s。cannot open the configuration file: %s", file, strerror(errno));
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	}
	bad = ini_parse_stream(next_line, &r, one_key, &r);
	fclose(r.f);
	if (bad != 0 && r.why.p == NULL)
		r.why = arena_printf(a, "%s:%d: 应为“[节]”或“键 = 值”。expected [section] or key = value.", file, bad);
	*why = r.why;
	return r.why.p ? ERR_INPUT : OK;
}

/* ---- environment ---- */

static void env_name(const struct config_key *k, char *out, size_t size)
{
	bool server = strcmp(k->section, "server") == 0;

	snprintf(out, size, "GONGZHI_%s%s%s", server ? "" : k->section, server ? "" : "_", k->key);
	for (char *p = out; *p; p++)
		*p = (char)toupper((unsigned char)*p);
}

static enum err read_environment(struct config *c, struct arena *a, struct str *why)
{
	char name[96];

	for (const struct config_key *k = config_keys; k->key; k++) {
		const char *value;
		struct str detail;

		env_name(k, name, sizeof(name));
		value = getenv(name);
		if (value == NULL)
			continue;
		if (set_value(c, k, value, a, &detail) != OK) {
			*why = arena_printf(a, "%s: %.*s", name, STR_ARG(detail));
			return ERR_INPUT;
		}
	}
	return OK;
}

enum err config_load(struct config *c, const char *file, struct arena *a, struct str *why)
{
	enum err e;

	*why = STR_NULL;
	config_preset(c, a);
	e = file ? read_file(c, file, a, why) : OK;
	return e == OK ? read_environment(c, a, why) : e;
}
