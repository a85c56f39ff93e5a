/* Passwords: argon2id by libsodium. Each check takes 19 MiB and some 22 ms, so only four run at once. */
#include <pthread.h>
#include <sodium.h>
#include <strings.h>

#include "crypto/crypto.h"

#define N_(zh) zh
#define PASSES 3
#define MEMORY ((size_t)19 * 1024 * 1024)
#define AT_ONCE 4
#define LONGEST 128 /* bytes */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t freed = PTHREAD_COND_INITIALIZER;
static int running;

static void enter(void)
{
	pthread_mutex_lock(&lock);
	while (running == AT_ONCE)
		pthread_cond_wait(&freed, &lock);
	running++;
	pthread_mutex_unlock(&lock);
}

static void leave(void)
{
	pthread_mutex_lock(&lock);
	running--;
	pthread_cond_signal(&freed);
	pthread_mutex_unlock(&lock);
}

enum err password_hash(struct arena *a, struct str password, struct str *out)
{
	char *text = arena_alloc(a, crypto_pwhash_STRBYTES);
	int failed;

	if (password.p == NULL || password.n > LONGEST)
		return ERR_INPUT;
	enter();
	failed = crypto_pwhash_str_alg(text, password.p, password.n, PASSES, MEMORY, crypto_pwhash_ALG_ARGON2ID13);
	leave();
	if (failed)
		return ERR_BUSY; /* the only cause is memory */
	*out = str_from(text);
	return OK;
}

bool password_check(struct str hash, struct str password)
{
	char text[crypto_pwhash_STRBYTES] = {0};
	int wrong;

	if (hash.p == NULL || hash.n >= sizeof(text) || password.p == NULL || password.n > LONGEST)
		return false;
	memcpy(text, hash.p, hash.n);
	enter();
	wrong = crypto_pwhash_str_verify(text, password.p, password.n);
	leave();
	return wrong == 0;
}

/* What attackers try first, here and abroad; compared without case after trailing digits and signs are cut off. */
static const char *const common[] = {
	"password", "passw0rd", "p@ssword", "p@ssw0rd", "pass", "admin", "administrator", "root", "guest", "test", "user",
	"qwerty", "qwertyuiop", "qwer", "qwerasdf", "asdf", "asdfgh", "asdfghjkl", "zxcv", "zxcvbn", "zxcvbnm", "qazwsx",
	"qazwsxedc", "1qaz2wsx", "1qaz@wsx", "1q2w3e", "1q2w3e4r", "1q2w3e4r5t", "q1w2e3r4", "qaz", "wsx", "abc", "abcd",
	"abcdef", "abcdefg", "abcdefgh", "aa", "aaa", "a", "qq", "qqq", "woaini", "woaiwojia", "woaini1314", "iloveyou",
	"loveyou", "love", "wang", "wangyi", "zhang", "zhangsan", "lisi", "nihao", "tiankong", "welcome", "letmein", "dragon",
	"monkey", "football", "baseball", "sunshine", "princess", "master", "shadow", "superman", "michael", "trustno",
	"chongqing", "beijing", "shanghai", "zhongguo", "china", "gongzhi", "wangge", "shequ", "zhengfu", "jiedao", "mima",
	"changeme", "default", "secret", "computer", "internet", "iphone", "samsung", "huawei", "hello", "helloworld", "system",
	"manager", "oracle", "mysql", "postgres", "server", "login", "access", "freedom", "whatever", "charlie", "jordan",
};

/* "aaaaaaaa", "12345678", "87654321", "abababab": a step that repeats carries no secret. */
static bool is_run(struct str s)
{
	bool same_step = true, two_repeat = true;

	for (size_t i = 2; i < s.n; i++) {
		if ((unsigned char)(s.p[i] - s.p[i - 1]) != (unsigned char)(s.p[1] - s.p[0]))
			same_step = false;
		if (s.p[i] != s.p[i - 2])
			two_repeat = false;
	}
	return two_repeat || (same_step && (unsigned char)(s.p[1] - s.p[0] + 1) <= 2);
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static bool is_common(struct str s)
{
	struct str core = s;

	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		if (str_ieqz(s, common[i]))
			return true;
	while (core.n && strchr("0123456789!@#$%^&*._-", core.p[core.n - 1]))
		core.n--;
	if (s.n - core.n > 6 && core.n > 2)
		return false; /* a long tail is a secret of its own */
	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		if (str_ieqz(core, common[i]))
			return true;
	return false;
}

static size_t characters(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

static bool holds_login(struct str password, struct str login)
{
	if (login.n < 3 || password.n < login.n)
		return false;
	for (size_t i = 0; i + login.n <= password.n; i++)
		if (strncasecmp(password.p + i, login.p, login.n) == 0)
			return password.n - login.n < 6;
	return false;
}

const char *password_weakness(struct str password, struct str login)
{
	/* eight bytes of Chinese are fewer than three characters, but a character is worth more than a letter: count both */
	if (password.n < 8 || characters(password) < 4)
		return N_("密码太短：请至少用 8 个字符");
	if (password.n > LONGEST)
		return N_("密码太长：最多 128 个字节");
	if (memchr(password.p, 0, password.n))
		return N_("密码里有不能输入的字符");
	if (holds_login(password, login))
		return N_("密码不能是登录名，也不能只比登录名多几个字符");
	if (is_run(password) || is_common(password))
		return N_("这个密码太常见，别人一猜就中：请换一个，例如四个不相干的词连在一起");
	if (all_digits(password) && password.n < 10)
		return N_("全是数字的密码（生日、电话）容易被猜中：请加上字母或汉字");
	return NULL;
}
