#include "tests/unit.h"

#include <arpa/inet.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/time.h"
#include "core/journal/testing.h"
#include "core/notify/wish.h"
#include "core/place/place.h"
#include "crypto/crypto.h"

/* ---- a mail server as small as can be ---- */

struct sink {
	int fd, port;
	pthread_t thread;
	const char *refuse; /* answer to RCPT instead of 250; NULL: takes all */
	char mail[65536];   /* of the last conversation: envelope and text */
	size_t n;
	int taken;
};

static void sink_say(int fd, const char *line)
{
	size_t n = strlen(line);

	if (write(fd, line, n) != (ssize_t)n)
		perror("sink");
}

static void sink_line(struct sink *s, int fd, const char *line, bool *data)
{
	if (s->n + strlen(line) + 1 < sizeof(s->mail)) {
		memcpy(s->mail + s->n, line, strlen(line) + 1);
		s->n += strlen(line);
	}
	if (*data) {
		if (strcmp(line, ".\r\n") == 0) {
			*data = false;
			s->taken++;
			sink_say(fd, "250 taken\r\n");
		}
		return;
	}
	if (strncmp(line, "EHLO", 4) == 0)
		sink_say(fd, "250-sink\r\n250 8BITMIME\r\n");
	else if (strncmp(line, "RCPT", 4) == 0 && s->refuse)
		sink_say(fd, s->refuse);
	else if (strncmp(line, "DATA", 4) == 0) {
		*data = true;
		sink_say(fd, "354 go\r\n");
	} else
		sink_say(fd, "250 ok\r\n");
}

static void *sink_run(void *arg)
{
	struct sink *s = arg;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		FILE *f = fdopen(dup(fd), "r");
		char line[2048];
		bool data = false;

		s->n = 0;
		sink_say(fd, "220 sink\r\n");
		while (fgets(line, sizeof(line), f) && strncmp(line, "QUIT", 4) != 0)
			sink_line(s, fd, line, &data);
		fclose(f);
		close(fd);
	}
	return NULL;
}

static void sink_start(struct sink *s, const char *refuse)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);

	memset(s, 0, sizeof(*s));
	s->refuse = refuse;
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(0, bind(s->fd, (struct sockaddr *)&at, sizeof(at)));
	assert_int_equal(0, listen(s->fd, 5));
	assert_int_equal(0, getsockname(s->fd, (struct sockaddr *)&at, &n));
	s->port = ntohs(at.sin_port);
	assert_int_equal(0, pthread_create(&s->thread, NULL, sink_run, s));
}

static void sink_stop(struct sink *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

static void use_sink(int port)
{
	char url[64];
	struct smtp_config cfg = {.from = STR("gongzhi@town.example.cn"), .seconds = 5};

	snprintf(url, sizeof(url), "smtp://127.0.0.1:%d", port);
	cfg.url = str_from(url);
	assert_int_equal(OK, notify_smtp(&cfg));
}

/* ---- jobs ---- */

struct mail {
	struct str address, subject, body, whose;
};

static enum err mail_job(struct tx *tx, void *arg)
{
	const struct mail *m = arg;

	return notify_mail(tx, m->whose, m->address, m->subject, m->body);
}

static enum err mail(struct unit *u, const char *address, const char *subject, const char *body)
{
	struct mail m = {str_from(address), str_from(subject), str_from(body), STR("")};

	testing_keys(u);
	return db_write(u->db, mail_job, &m);
}

static enum err send_job(struct tx *tx, void *arg)
{
	return notify_send(tx, arg, NULL);
}

static enum err read_job(struct tx *tx, void *arg)
{
	return notify_mark_read(tx, 5, *(int64_t *)arg);
}

static enum err prefer_job(struct tx *tx, void *arg)
{
	return notify_prefer(tx, 5, STR("mail"), *(struct str *)arg);
}

static int64_t in_state(struct unit *u, const char *state)
{
	struct db_conn *c = db_read_begin(u->db);
	struct notify_count *v;
	size_t n;
	int64_t found = 0;

	assert_int_equal(OK, notify_queue(c, u->a, &v, &n));
	for (size_t i = 0; i < n; i++)
		if (str_eqz(v[i].state, state))
			found = v[i].n;
	db_read_end(c);
	return found;
}

static struct notify_waiting waiting(struct unit *u)
{
	struct db_conn *c = db_read_begin(u->db);
	struct notify_waiting *v;
	size_t n;

	assert_int_equal(OK, notify_queue_waiting(c, u->a, 10, &v, &n));
	assert_int_equal(n, 1);
	db_read_end(c);
	return v[0];
}

static void deliver(struct unit *u, int64_t now, int want_sent, int want_failed)
{
	int sent, failed;

	assert_int_equal(OK, notify_deliver(u->db, now, &sent, &failed));
	assert_int_equal(sent, want_sent);
	assert_int_equal(failed, want_failed);
}

static enum err withdraw_job(struct tx *tx, void *arg)
{
	return notify_withdraw(tx, *(struct str *)arg);
}

/* ---- tests ---- */

/* What is his goes with his address, and nobody else's; what has no owner cannot be taken back by "". */
static void taken_back(void **state)
{
	struct unit *u = *state;
	struct mail v[] = {
		{STR("a@example.cn"), STR("一"), STR("一"), STR("matter:1")}, {STR("a@example.cn"), STR("二"), STR("二"), STR("matter:12")},
		{STR("a@example.cn"), STR("三"), STR("三"), STR("")}, {STR("a@example.cn"), STR("四"), STR("四"), STR("matter:1")}};
	struct str address = STR("zhang@example.cn");
	struct notice n = {.to = 5, .kind = STR("x"), .title = STR("一件事"), .body = STR("请看")};
	struct sink s;

	testing_keys(u);
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		assert_int_equal(OK, db_write(u->db, mail_job, &v[i]));
	assert_int_equal(OK, db_write(u->db, withdraw_job, &v[2].whose));
	assert_int_equal(4, in_state(u, "queued"));
	assert_int_equal(OK, db_write(u->db, withdraw_job, &v[0].whose));
	assert_int_equal(2, in_state(u, "queued"));
	/* an account's, too: no mail server yet, so the bundled mail waits */
	assert_int_equal(OK, db_write(u->db, prefer_job, &address));
	assert_int_equal(OK, db_write(u->db, send_job, &n));
	deliver(u, clock_now() + MS_MINUTE, 0, 3);
	assert_int_equal(3, in_state(u, "queued"));
	address = STR_NULL;
	assert_int_equal(OK, db_write(u->db, prefer_job, &address));
	assert_int_equal(2, in_state(u, "queued"));
	sink_start(&s, NULL);
	use_sink(s.port);
	deliver(u, clock_now() + MS_DAY, 2, 0);
	sink_stop(&s);
}

static void mail_arrives(void **state)
{
	struct unit *u = *state;
	struct sink s;

	sink_start(&s, NULL);
	use_sink(s.port);
	assert_int_equal(OK, mail(u, "zhang@example.cn", "您的诉求已办结：路灯不亮、人行道破损，办理情况请查看", "您好，已修好。\n.\n谢谢"));
	assert_int_equal(in_state(u, "queued"), 1);
	deliver(u, clock_now(), 1, 0);
	assert_int_equal(in_state(u, "sent"), 1);
	deliver(u, clock_now(), 0, 0);
	sink_stop(&s);
	assert_int_equal(s.taken, 1);
	assert_non_null(strstr(s.mail, "MAIL FROM:<gongzhi@town.example.cn>"));
	assert_non_null(strstr(s.mail, "RCPT TO:<zhang@example.cn>"));
	assert_non_null(strstr(s.mail, "\r\nSubject: =?UTF-8?B?5oKo55qE6K+J5rGC5bey5Yqe57uT77ya6Lev54Gv5LiN?=\r\n =?UTF-8?B?"));
	assert_non_null(strstr(s.mail, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
	assert_non_null(strstr(s.mail, "\r\n\r\n5oKo5aW977yM5bey5L+u5aW944CCCi4K6LCi6LCi\r\n"));
}

static void gone_is_queued_and_retried(void **state)
{
	struct unit *u = *state;
	int64_t now = clock_now();
	struct notify_waiting w;
	struct sink s;

	sink_start(&s, NULL);
	sink_stop(&s); /* nobody listens at that port now */
	use_sink(s.port);
	assert_int_equal(OK, mail(u, "zhang@example.cn", "主题", "正文"));
	now = clock_now();
	deliver(u, now, 0, 1);
	w = waiting(u);
	assert_int_equal(w.tries, 1);
	assert_int_equal(w.next_at, now + MS_MINUTE);
	assert_true(w.last_error.n > 0);
	assert_null(strstr(w.last_error.p, "zhang"));
	deliver(u, now + MS_SECOND, 0, 0); /* not due */
	deliver(u, now + MS_MINUTE, 0, 1);
	assert_int_equal(waiting(u).next_at, now + 6 * MS_MINUTE);
	sink_start(&s, NULL);
	use_sink(s.port);
	deliver(u, now + MS_HOUR, 1, 0);
	sink_stop(&s);
	assert_int_equal(in_state(u, "sent"), 1);
	assert_int_equal(in_state(u, "queued"), 0);
}

static void given_up_after_a_week(void **state)
{
	struct unit *u = *state;
	struct sink s;

	sink_start(&s, NULL);
	sink_stop(&s);
	use_sink(s.port);
	assert_int_equal(OK, mail(u, "zhang@example.cn", "主题", "正文"));
	deliver(u, clock_now() + 8 * MS_DAY, 0, 1);
	assert_int_equal(in_state(u, "failed"), 1);
}

static void no_such_mailbox_is_final(void **state)
{
	struct unit *u = *state;
	struct sink s;

	sink_start(&s, "550 no such user\r\n");
	use_sink(s.port);
	assert_int_equal(OK, mail(u, "nobody@example.cn", "主题", "正文"));
	deliver(u, clock_now(), 0, 1);
	assert_int_equal(in_state(u, "failed"), 1);
	sink_stop(&s);
	/* A full mailbox may empty itself. */
	sink_start(&s, "452 full\r\n");
	use_sink(s.port);
	assert_int_equal(OK, mail(u, "full@example.cn", "主题", "正文"));
	deliver(u, clock_now(), 0, 1);
	assert_int_equal(in_state(u, "queued"), 1);
	sink_stop(&s);
}

static void pauses_grow_to_a_day(void **state)
{
	(void)state;
	for (int64_t i = 0; i < 20; i++) {
		assert_true(notify_pause(i + 1) >= notify_pause(i));
		assert_true(notify_pause(i) <= MS_DAY);
	}
	assert_int_equal(notify_pause(0), MS_MINUTE);
	assert_int_equal(notify_pause(19), MS_DAY);
}

static void nothing_is_smuggled_in(void **state)
{
	static const char *const bad[] = {
		"", "zhang", "@x.cn", "zhang@", "a b@x.cn", "a@x.cn\r\nBcc: all@x.cn", "a@x.cn>,<b@x.cn", "a@b@x.cn", "张@x.cn",
		"a@x.cn\n", "a@.x.cn",
	};
	struct unit *u = *state;
	struct sink s;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(ERR_INPUT, mail(u, bad[i], "主题", "正文"));
	sink_start(&s, NULL);
	use_sink(s.port);
	assert_int_equal(OK, mail(u, "zhang@example.cn", "主题\r\nBcc: all@example.cn\r\n\r\n", "一\r\n.\r\nMAIL FROM:<x@y>\r\n"));
	deliver(u, clock_now(), 1, 0);
	sink_stop(&s);
	assert_null(strstr(s.mail, "Bcc"));
	assert_null(strstr(s.mail, "x@y"));
	assert_int_equal(s.taken, 1);
}

static void bad_configuration(void **state)
{
	const struct smtp_config bad[] = {
		{.url = STR("http://x"), .from = STR("a@x.cn")},
		{.url = STR("smtp://x\r\n"), .from = STR("a@x.cn")},
		{.url = STR("smtp://x"), .from = STR("nobody")},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(ERR_INPUT, notify_smtp(&bad[i]));
}

static void notices_are_read(void **state)
{
	struct unit *u = *state;
	struct notice n = {.to = 5, .kind = STR("matter.assigned"), .title = STR("有新事项"), .link = STR("/cases/1"), .subject = 1}, *v;
	struct db_conn *c;
	int64_t count, some, all = 0;
	size_t got;

	testing_keys(u);
	for (int i = 0; i < 3; i++)
		assert_int_equal(OK, db_write(u->db, send_job, &n));
	c = db_read_begin(u->db);
	assert_int_equal(OK, notify_unread(c, u->a, 5, 2, &v, &got, &count));
	assert_int_equal(got, 2);
	assert_int_equal(count, 3);
	assert_int_equal(OK, notify_unread_count(c, u->a, 5, 100, &some)); /* the same, for the menu */
	assert_int_equal(count, some);
	assert_int_equal(OK, notify_unread_count(c, u->a, 5, 1, &some));
	assert_int_equal(1, some);
	assert_int_equal(OK, notify_unread_count(c, u->a, 4711, 100, &some));
	assert_int_equal(0, some);
	assert_true(v[0].id > v[1].id);
	assert_string_equal(v[0].title.p, "有新事项");
	db_read_end(c);
	assert_int_equal(OK, db_write(u->db, read_job, &v[0].id));
	c = db_read_begin(u->db);
	assert_int_equal(OK, notify_unread(c, u->a, 5, 2, &v, &got, &count));
	assert_int_equal(count, 2);
	db_read_end(c);
	assert_int_equal(OK, db_write(u->db, read_job, &all));
	c = db_read_begin(u->db);
	assert_int_equal(OK, notify_unread(c, u->a, 5, 2, &v, &got, &count));
	assert_int_equal(count, 0);
	db_read_end(c);
	n.link = STR("//evil.example/");
	assert_int_equal(ERR_INPUT, db_write(u->db, send_job, &n));
}

static void chosen_channels_get_it_too(void **state)
{
	struct unit *u = *state;
	struct notice n = {.to = 5, .kind = STR("matter.late"), .title = STR("超期"), .body = STR("请尽快办理")};
	struct str address = STR("li@example.cn"), none = STR_NULL, bad = STR("li");
	struct sink s;

	testing_keys(u);
	assert_int_equal(ERR_INPUT, db_write(u->db, prefer_job, &bad));
	assert_int_equal(OK, db_write(u->db, prefer_job, &address));
	assert_int_equal(OK, db_write(u->db, send_job, &n));
	sink_start(&s, NULL);
	use_sink(s.port);
	deliver(u, clock_now(), 1, 0);
	sink_stop(&s);
	assert_non_null(strstr(s.mail, "RCPT TO:<li@example.cn>"));
	assert_int_equal(OK, db_write(u->db, prefer_job, &none));
	assert_int_equal(OK, db_write(u->db, send_job, &n));
	deliver(u, clock_now() + NOTICE_PAUSE, 0, 0);
	assert_int_equal(in_state(u, "queued"), 0);
	assert_int_equal(OK, notify_sweep(u->db, clock_now() + 31 * MS_DAY));
	assert_int_equal(in_state(u, "sent"), 0);
}

/* ---- wishes, quiet hours, bundles ---- */

static enum err wish_job(struct tx *tx, void *arg)
{
	return notify_wish_put(tx, 5, arg);
}

static int64_t at_hour(int hour)
{
	return time_day_start(time_day_of(clock_now(), TIME_CHINA) + 2, TIME_CHINA) + hour * MS_HOUR;
}

static void when_mail_may_leave(void **state)
{
	struct notice_wish w = {.quiet_from = 22 * 60, .quiet_to = 7 * 60};
	int64_t day = at_hour(0);

	(void)state;
	assert_int_equal(notify_mail_time(&w, NOTICE_WORK, day + 12 * MS_HOUR), day + 12 * MS_HOUR);
	assert_int_equal(notify_mail_time(&w, NOTICE_WORK, day + 23 * MS_HOUR), day + 31 * MS_HOUR); /* over midnight */
	assert_int_equal(notify_mail_time(&w, NOTICE_WORK, day + 3 * MS_HOUR), day + 7 * MS_HOUR);
	assert_int_equal(notify_mail_time(&w, NOTICE_WORK, day + 7 * MS_HOUR), day + 7 * MS_HOUR);
	w.mode[NOTICE_NEWS] = NOTICE_DIGEST;
	assert_int_equal(notify_mail_time(&w, NOTICE_NEWS, day + 7 * MS_HOUR), day + 8 * MS_HOUR);
	assert_int_equal(notify_mail_time(&w, NOTICE_NEWS, day + 8 * MS_HOUR), day + 32 * MS_HOUR);
	w.quiet_from = 6 * 60; /* the daily mail waits for the end of quiet hours too */
	w.quiet_to = 9 * 60;
	assert_int_equal(notify_mail_time(&w, NOTICE_NEWS, day + 7 * MS_HOUR), day + 9 * MS_HOUR);
	w.mode[NOTICE_NEWS] = NOTICE_APP;
	assert_int_equal(notify_mail_time(&w, NOTICE_NEWS, day), 0);
	w.mode[NOTICE_NEWS] = NOTICE_OFF;
	assert_int_equal(notify_mail_time(&w, NOTICE_NEWS, day), 0);
}

static int64_t unread(struct unit *u)
{
	struct db_conn *c = db_read_begin(u->db);
	struct notice *v;
	int64_t count;
	size_t n;

	assert_int_equal(OK, notify_unread(c, u->a, 5, 10, &v, &n, &count));
	db_read_end(c);
	return count;
}

static void wishes_are_kept(void **state)
{
	struct unit *u = *state;
	struct notice_wish w = {.quiet_from = 60}, got;
	struct notice n = {.to = 5, .kind = STR("matter.judge"), .title = STR("群众已评价")};
	struct db_conn *c;

	w.mode[NOTICE_WORK] = NOTICE_OFF;
	assert_int_equal(ERR_RULE, db_write(u->db, wish_job, &w));
	w.mode[NOTICE_WORK] = NOTICE_DIGEST;
	w.mode[NOTICE_NEWS] = NOTICE_OFF;
	assert_int_equal(OK, db_write(u->db, wish_job, &w));
	w.quiet_to = 24 * 60;
	assert_int_equal(ERR_INPUT, db_write(u->db, wish_job, &w));
	c = db_read_begin(u->db);
	assert_int_equal(OK, notify_wish_get(c, u->a, 5, &got));
	db_read_end(c);
	assert_int_equal(got.mode[NOTICE_WORK], NOTICE_DIGEST);
	assert_int_equal(got.mode[NOTICE_LATE], NOTICE_MAIL);
	assert_int_equal(got.quiet_from, 60);
	assert_int_equal(OK, db_write(u->db, send_job, &n)); /* not wanted: nothing is written */
	assert_int_equal(unread(u), 0);
	n.class = NOTICE_WORK;
	assert_int_equal(OK, db_write(u->db, send_job, &n));
	assert_int_equal(unread(u), 1);
}

/* What is written with names in it is written in both languages; each reader gets one, mail the Chinese one. */
static void both_languages(void **state)
{
	struct unit *u = *state;
	struct str address = STR("li@example.cn"), long_zh = STR(""), long_en = STR("");
	struct notice n = {.to = 5, .kind = STR("matter.dispatch"), .class = NOTICE_WORK}, *v;
	struct db_conn *c;
	int64_t count;
	size_t got;
	struct sink s;

	testing_keys(u);
	assert_true(str_eqz(notify_in(STR("只有中文"), true), "只有中文"));
	n.title = notify_two(u->a, STR("已分拨：路灯"), STR("Dispatched: lamp"));
	n.body = notify_two(u->a, STR("办理中"), STR("at work"));
	assert_int_equal(OK, db_write(u->db, prefer_job, &address));
	sink_start(&s, NULL);
	use_sink(s.port);
	assert_int_equal(OK, db_write(u->db, send_job, &n));
	deliver(u, clock_now() + MS_SECOND, 1, 0);
	assert_null(strstr(s.mail, "Dispatched"));
	assert_null(strstr(s.mail, "at work"));
	assert_null(strchr(s.mail, 0x1e));
	sink_stop(&s);
	/* too long: both are cut, neither is lost */
	for (int i = 0; i < 60; i++) {
		long_zh = arena_printf(u->a, "%.*s路灯不亮", STR_ARG(long_zh));
		long_en = arena_printf(u->a, "%.*sdark lamp ", STR_ARG(long_en));
	}
	n.title = notify_two(u->a, long_zh, long_en);
	assert_int_equal(OK, db_write(u->db, send_job, &n));
	c = db_read_begin(u->db);
	assert_int_equal(OK, notify_unread(c, u->a, 5, 2, &v, &got, &count));
	db_read_end(c);
	assert_int_equal(2, got);
	assert_true(str_starts(notify_in(v[0].title, false), "路灯不亮路灯") && str_starts(notify_in(v[0].title, true), "dark lamp dark"));
	assert_true(str_eqz(notify_in(v[1].title, true), "Dispatched: lamp") && str_eqz(notify_in(v[1].body, false), "办理中"));
}

static void several_leave_in_one(void **state)
{
	struct unit *u = *state;
	struct notice n = {.to = 5, .kind = STR("matter.dispatch"), .title = STR("已分拨：路灯不亮"), .subject = 7, .class = NOTICE_WORK};
	struct str address = STR("li@example.cn");
	int64_t now;
	struct sink s;

	testing_keys(u);
	assert_int_equal(OK, db_write(u->db, prefer_job, &address));
	sink_start(&s, NULL);
	use_sink(s.port);
	for (int i = 0; i < 3; i++)
		assert_int_equal(OK, db_write(u->db, send_job, &n));
	now = clock_now() + MS_SECOND;
	deliver(u, now, 1, 0);
	assert_int_equal(s.taken, 1);
	/* not again at once: the next one waits for its turn and comes with what has arrived meanwhile */
	for (int i = 0; i < 2; i++)
		assert_int_equal(OK, db_write(u->db, send_job, &n));
	deliver(u, now + MS_MINUTE, 0, 0);
	deliver(u, now + NOTICE_PAUSE, 1, 0);
	deliver(u, now + 2 * NOTICE_PAUSE, 0, 0);
	sink_stop(&s);
	assert_int_equal(unread(u), 5); /* mail takes nothing away here */
}

static enum err lang_job(struct tx *tx, void *arg)
{
	return notify_prefer_lang(tx, 5, *(struct str *)arg);
}

/* Mail is written in the language that its reader has chosen; what was written in one language only is for everybody. */
static void in_the_readers_language(void **state)
{
	struct unit *u = *state;
	struct notice n = {.to = 5, .kind = STR("matter.dispatch"), .subject = 7, .class = NOTICE_WORK};
	struct str address = STR("li@example.cn"), lang = STR("en"), bad = STR("fr");
	struct sink s;
	int64_t now;

	testing_keys(u);
	n.title = notify_two(u->a, STR("已分拨：路灯"), STR("Dispatched: lamp"));
	n.body = notify_two(u->a, STR("等您签收"), STR("Please sign for it"));
	assert_int_equal(OK, db_write(u->db, prefer_job, &address));
	assert_int_equal(ERR_INPUT, db_write(u->db, lang_job, &bad));
	sink_start(&s, NULL);
	use_sink(s.port);
	assert_int_equal(OK, db_write(u->db, send_job, &n));
	now = clock_now() + MS_SECOND;
	deliver(u, now, 1, 0);
	assert_non_null(strstr(s.mail, "5bey5YiG5ouo77ya6Lev54Gv")); /* 已分拨：路灯, not said: Chinese */
	assert_int_equal(OK, db_write(u->db, lang_job, &lang));
	assert_int_equal(OK, db_write(u->db, send_job, &n));
	deliver(u, now + NOTICE_PAUSE, 1, 0);
	assert_non_null(strstr(s.mail, "UGxlYXNlIHNpZ24gZm9yIGl0")); /* Please sign for it */
	assert_int_equal(OK, db_write(u->db, send_job, &n));
	assert_int_equal(OK, db_write(u->db, send_job, &n));
	deliver(u, now + 2 * NOTICE_PAUSE, 1, 0);
	assert_non_null(strstr(s.mail, "MiBuZXcgbm90aWM=")); /* 2 new notic(es): words of a subject are short */
	sink_stop(&s);
}

static enum err places_job(struct tx *tx, void *arg)
{
	static const struct { const char *code, *name; enum place_level level; } tree[] = {
		{"50", "重庆市", PLACE_PROVINCE}, {"5001", "市辖区", PLACE_CITY}, {"500105", "江北区", PLACE_DISTRICT},
		{"500105004", "大石坝街道", PLACE_TOWN}, {"500105004001", "石门社区居民委员会", PLACE_COMMUNITY},
		{"500105004001001", "第一网格", PLACE_GRID},
	};
	struct str *key = arg, above = STR("");
	enum err e = OK;

	for (size_t i = 0; e == OK && i < ARRAY_LEN(tree); i++) {
		struct place p = {.code = str_from(tree[i].code), .name = str_from(tree[i].name), .level = tree[i].level, .lon = NAN, .lat = NAN,
				  .since = 1};

		e = place_add(tx, above, &p, key);
		above = *key;
	}
	return e;
}

static void a_bundle_says_where(void **state)
{
	struct unit *u = *state;
	struct notice n = {.to = 5, .kind = STR("matter.dispatch"), .title = STR("已分拨：路灯不亮"), .subject = 7, .class = NOTICE_WORK};
	struct str address = STR("li@example.cn"), key, why;
	struct sink s;

	testing_keys(u);
	assert_int_equal(OK, journal_init(u->db, NULL, u->a, &why)); /* a place that is made is journalled */
	place_forget_names();
	assert_int_equal(OK, db_write(u->db, places_job, &key));
	n.place = arena_str(u->a, key);
	assert_int_equal(OK, db_write(u->db, prefer_job, &address));
	for (int i = 0; i < 3; i++)
		assert_int_equal(OK, db_write(u->db, send_job, &n));
	sink_start(&s, NULL);
	use_sink(s.port);
	deliver(u, clock_now() + MS_SECOND, 1, 0);
	sink_stop(&s);
	journal_end(u->db);
	assert_non_null(strstr(s.mail, "Subject: =?UTF-8?B?55+z6Zeo56S+5Yy6IDMg5p2h5paw6YCa55+l?=")); /* 石门社区 3 条新通知 */
}

static enum err settle_job(struct tx *tx, void *every)
{
	return notify_settle(tx, 7, *(bool *)every);
}

static void dies_by_itself(void **state)
{
	struct unit *u = *state;
	struct notice work = {.to = 5, .kind = STR("matter.dispatch"), .title = STR("要办"), .subject = 7, .class = NOTICE_WORK};
	struct notice news = {.to = 5, .kind = STR("matter.note"), .title = STR("进展"), .subject = 7};
	struct notice other = {.to = 5, .kind = STR("matter.dispatch"), .title = STR("另一件"), .subject = 8, .class = NOTICE_WORK};
	struct str address = STR("li@example.cn");
	bool some = false, every = true;
	struct sink s;

	testing_keys(u);
	assert_int_equal(OK, db_write(u->db, prefer_job, &address));
	assert_int_equal(OK, db_write(u->db, send_job, &work));
	assert_int_equal(OK, db_write(u->db, send_job, &news));
	assert_int_equal(OK, db_write(u->db, send_job, &other));
	assert_int_equal(OK, db_write(u->db, settle_job, &some));
	assert_int_equal(unread(u), 2);
	assert_int_equal(OK, db_write(u->db, settle_job, &every));
	assert_int_equal(unread(u), 1);
	sink_start(&s, NULL);
	use_sink(s.port);
	deliver(u, clock_now() + MS_SECOND, 1, 0);
	sink_stop(&s);
	assert_non_null(strstr(s.mail, "Subject: =?UTF-8?B?5Y+m5LiA5Lu2?=")); /* 另一件 alone */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(mail_arrives), UNIT_BOTH(taken_back),
		UNIT_BOTH(gone_is_queued_and_retried),
		UNIT_BOTH(given_up_after_a_week),
		UNIT_BOTH(no_such_mailbox_is_final),
		cmocka_unit_test(pauses_grow_to_a_day),
		UNIT_BOTH(nothing_is_smuggled_in),
		cmocka_unit_test(bad_configuration),
		UNIT_BOTH(notices_are_read),
		UNIT_BOTH(chosen_channels_get_it_too),
		cmocka_unit_test(when_mail_may_leave),
		UNIT_BOTH(wishes_are_kept),
		UNIT_BOTH(both_languages),
		UNIT_BOTH(several_leave_in_one), UNIT_BOTH(in_the_readers_language),
		UNIT_BOTH(a_bundle_says_where),
		UNIT_BOTH(dies_by_itself),
	};

	return UNIT_MAIN(tests);
}
