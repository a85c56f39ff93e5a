/* The channel "mail": one SMTP conversation a message through libcurl. */
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/time.h"
#include "base/utf8.h"
#include "core/notify/notify.h"
#include "crypto/crypto.h"

static struct smtp {
	struct arena arena;
	struct smtp_config cfg;
	bool on;
} smtp;
/* Read by every delivery, written when the configuration is (re)read. */
static pthread_rwlock_t smtp_lock = PTHREAD_RWLOCK_INITIALIZER;

/* ---- the message ---- */

static void base64_lines(struct buf *out, struct str s, size_t a_line)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t column = 0;

	for (size_t i = 0; i < s.n; i += 3) {
		const unsigned char *p = (const unsigned char *)s.p + i;
		size_t n = s.n - i < 3 ? s.n - i : 3;
		uint32_t v = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);

		buf_addc(out, digits[v >> 18]);
		buf_addc(out, digits[v >> 12 & 63]);
		buf_addc(out, n > 1 ? digits[v >> 6 & 63] : '=');
		buf_addc(out, n > 2 ? digits[v & 63] : '=');
		column += 4;
		if (a_line && column >= a_line) {
			buf_addz(out, "\r\n");
			column = 0;
		}
	}
}

/* RFC 2047: words of at most 75 characters. Base64 leaves nothing in which a line could end, so no header can be smuggled in. */
static void subject_header(struct buf *out, struct str s)
{
	buf_addz(out, "Subject:");
	while (s.n) {
		struct str word = utf8_cut(s, 11); /* at most 44 bytes, 60 in base64 */

		buf_addz(out, " =?UTF-8?B?");
		base64_lines(out, word, 0);
		buf_addz(out, "?=\r\n");
		s = str_sub(s, word.n, s.n);
	}
	if (out->n && out->p[out->n - 1] != '\n')
		buf_addz(out, "\r\n");
}

static void date_header(struct buf *out, int64_t now)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct civil c;

	time_civil(now, TIME_CHINA, &c);
	buf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0800\r\n", days[c.weekday - 1], c.day, months[c.month - 1], c.year,
		   c.hour, c.minute, c.second);
}

static void message(struct buf *out, const struct smtp_config *cfg, struct str to, struct str subject, struct str body, struct arena *a)
{
	ptrdiff_t at = str_chr(cfg->from, '@');
	struct str host = str_sub(cfg->from, (size_t)at + 1, cfg->from.n);

	date_header(out, clock_now());
	buf_printf(out, "From: <%.*s>\r\nTo: <%.*s>\r\n", STR_ARG(cfg->from), STR_ARG(to));
	subject_header(out, subject);
	buf_printf(out, "Message-ID: <%s@%.*s>\r\n", token_new(a).p, STR_ARG(host));
	buf_addz(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		      "Content-Transfer-Encoding: base64\r\n\r\n");
	base64_lines(out, body, 76);
	buf_addz(out, "\r\n");
}

/* ---- the conversation ---- */

struct upload {
	struct str rest;
};

static size_t read_upload(char *to, size_t size, size_t n, void *arg)
{
	struct upload *u = arg;
	size_t take = size * n < u->rest.n ? size * n : u->rest.n;

	memcpy(to, u->rest.p, take);
	u->rest = str_sub(u->rest, take, u->rest.n);
	return take;
}

static bool is_loopback(struct str url)
{
	return str_starts(url, "smtp://127.0.0.1") || str_starts(url, "smtp://localhost") || str_starts(url, "smtp://[::1]");
}

static void set_up(CURL *curl, const struct smtp_config *cfg, struct curl_slist *to, struct upload *u, struct arena *a)
{
	long seconds = cfg->seconds > 0 ? cfg->seconds : 60;
	long tls = cfg->user.n && !is_loopback(cfg->url) ? CURLUSESSL_ALL : CURLUSESSL_TRY;

	curl_easy_setopt(curl, CURLOPT_URL, cfg->url.p);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, arena_printf(a, "<%.*s>", STR_ARG(cfg->from)).p);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_upload);
	curl_easy_setopt(curl, CURLOPT_READDATA, u);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_USE_SSL, tls);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, seconds < 15 ? seconds : 15L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, seconds);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	/* A proxy of the environment is meant for browsing. */
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	if (cfg->user.n) {
		curl_easy_setopt(curl, CURLOPT_USERNAME, cfg->user.p);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, cfg->password.p ? cfg->password.p : "");
	}
}

/* A 5xx answer to the recipient or the text is final; everything else may pass. Log-in troubles are ours to mend, so they wait. */
static enum err judge(CURL *curl, CURLcode code, struct arena *a, struct str *why)
{
	long answer = 0;

	if (code == CURLE_OK)
		return OK;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
	*why = arena_printf(a, "%s (SMTP %ld)", curl_easy_strerror(code), answer);
	return code == CURLE_SEND_ERROR && answer >= 550 && answer <= 554 ? ERR_INPUT : ERR_IO;
}

static enum err converse(const struct smtp_config *cfg, struct str address, struct str text, struct arena *a, struct str *why)
{
	struct upload u = {text};
	struct curl_slist *to = curl_slist_append(NULL, arena_printf(a, "<%.*s>", STR_ARG(address)).p);
	CURL *curl = curl_easy_init();
	enum err e = ERR_IO;

	if (curl && to) {
		set_up(curl, cfg, to, &u, a);
		e = judge(curl, curl_easy_perform(curl), a, why);
	}
	curl_easy_cleanup(curl);
	curl_slist_free_all(to);
	return e;
}

static enum err deliver(void *ctx, struct str address, struct str subject, struct str body, struct arena *a, struct str *why)
{
	struct smtp_config cfg;
	struct buf text;
	enum err e;

	(void)ctx;
	if (!notify_address_ok(address)) {
		*why = STR("不是电子邮件地址 (not an e-mail address)");
		return ERR_INPUT;
	}
	pthread_rwlock_rdlock(&smtp_lock);
	cfg = (struct smtp_config){arena_str(a, smtp.cfg.url), arena_str(a, smtp.cfg.from), arena_str(a, smtp.cfg.user),
				   arena_str(a, smtp.cfg.password), smtp.cfg.seconds};
	pthread_rwlock_unlock(&smtp_lock);
	buf_init(&text, 1 << 20);
	message(&text, &cfg, address, subject, body, a);
	e = buf_check(&text);
	if (e == OK)
		e = converse(&cfg, address, buf_str(&text), a, why);
	buf_release(&text);
	return e;
}

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

enum err notify_smtp(const struct smtp_config *cfg)
{
	static const struct notify_channel mail = {.name = "mail", .deliver = deliver};
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct arena *a = &smtp.arena;

	if (!(str_starts(cfg->url, "smtp://") || str_starts(cfg->url, "smtps://")) || !notify_address_ok(cfg->from) ||
	    !utf8_plain(cfg->url, false))
		return ERR_INPUT;
	pthread_once(&once, init_curl);
	pthread_rwlock_wrlock(&smtp_lock);
	if (smtp.on)
		arena_reset(a);
	else
		arena_init(a, 1 << 16);
	smtp.on = true;
	smtp.cfg = (struct smtp_config){arena_str(a, cfg->url), arena_str(a, cfg->from), arena_str(a, cfg->user),
					arena_str(a, cfg->password), cfg->seconds};
	pthread_rwlock_unlock(&smtp_lock);
	notify_channel_add(&mail);
	return OK;
}
