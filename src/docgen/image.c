/*
 * The server sends the picture's descriptor and the end of a pipe to the zygote, which was forked before there were
 * threads and so can fork safely; its child reads the file, locks itself in (seccomp: no files, no sockets, no
 * processes) and only then lets the decoders see the first byte.
 *
 * A zygote that dies is forked again by the keeper, which was forked before there were threads too and does nothing but
 * wait. Both hold the same end of the socket: what was sent meanwhile waits in it. A keeper that dies is replaced by its
 * zygote, which becomes the keeper of a new one. Both end when the server's end of the socket is closed.
 */
#include "docgen/image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "docgen/image_codec.h"

#define SECONDS 10
#define CPU_SECONDS 8
#define MEMORY ((rlim_t)640 * 1024 * 1024)
#define AT_ONCE 4
#define OUT_MAX ((size_t)32 * 1024 * 1024)

#define N_(zh) zh

static int zygote_socket = -1;
static pid_t keeper_pid;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t room = PTHREAD_COND_INITIALIZER;
static int running;

const char *image_refusal_text(enum image_refusal r)
{
	switch (r) {
	case IMAGE_NOT_ONE:
		return N_("这个文件不是照片，请选择 JPEG 或 PNG 图片。");
	case IMAGE_TOO_LARGE:
		return N_("照片太大（超过 32 MB 或 5000 万像素），请缩小后再上传。");
	case IMAGE_DAMAGED:
		return N_("照片文件已损坏或不完整，请重新拍摄或重新选择。");
	case IMAGE_FINE:
		break;
	}
	return "";
}

/* ---- in the helper ---- */

static int helper_out;

static bool write_all(int fd, const void *p, size_t n)
{
	const char *at = p;
	ssize_t w;

	for (; n; at += w, n -= (size_t)w) {
		w = write(fd, at, n);
		if (w < 0 && errno == EINTR)
			w = 0;
		else if (w <= 0)
			return false;
	}
	return true;
}

_Noreturn void image_refuse(enum image_refusal why)
{
	struct image_reply r = {.refusal = why};

	write_all(helper_out, &r, sizeof(r));
	_exit(0);
}

static void limit(int what, rlim_t n)
{
	struct rlimit r = {n, n};

	setrlimit(what, &r);
}

static bool lock_in(void)
{
	static const int allowed[] = {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(brk),
				      SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
				      SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(clock_gettime),
#ifdef __SANITIZE_ADDRESS__
				      SCMP_SYS(sigaltstack), /* asked for before every call that does not return */
#endif
				      SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(sched_yield)};
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = f != NULL;

	for (size_t i = 0; ok && i < ARRAY_LEN(allowed); i++)
		ok = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
	/* Memory, but never executable. */
	ok = ok && seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
	ok = ok && seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
	return ok && seccomp_load(f) == 0;
}

/* A decoder's error prints nothing and a crash leaves no core with somebody's photograph in it. */
static void set_limits(void)
{
	alarm(SECONDS);
	limit(RLIMIT_CPU, CPU_SECONDS);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_NOFILE, 0);
#ifndef __SANITIZE_ADDRESS__
	limit(RLIMIT_AS, MEMORY);
#endif
}

static unsigned char *read_input(int fd, size_t *n)
{
	struct stat st;
	unsigned char *p;
	ssize_t r;

	if (fstat(fd, &st) != 0 || st.st_size > IMAGE_MAX_BYTES)
		image_refuse(IMAGE_TOO_LARGE);
	p = malloc((size_t)st.st_size + 1);
	if (p == NULL)
		image_refuse(IMAGE_TOO_LARGE);
	for (*n = 0; *n < (size_t)st.st_size; *n += (size_t)r) {
		r = pread(fd, p + *n, (size_t)st.st_size - *n, (off_t)*n);
		if (r <= 0)
			break;
	}
	return p;
}

_Noreturn static void helper(int in, int out)
{
	struct image_reply reply;
	struct encoded full, thumb;
	unsigned char *p;
	size_t n;

	helper_out = out;
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	set_limits();
	p = read_input(in, &n);
	close(in);
	if (!lock_in())
		_exit(1);
	image_codec_run(p, n, &reply, &full, &thumb);
	if (!write_all(out, &reply, sizeof(reply)) || !write_all(out, full.p, full.n))
		_exit(1);
	_exit(write_all(out, thumb.p, thumb.n) ? 0 : 1);
}

/* ---- in the zygote ---- */

struct packet {
	struct msghdr h;
	struct iovec io;
	char byte;
	union {
		struct cmsghdr c;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control;
};

static void packet_init(struct packet *k)
{
	*k = (struct packet){.byte = 'p'};
	k->io = (struct iovec){&k->byte, 1};
	k->h = (struct msghdr){.msg_iov = &k->io, .msg_iovlen = 1, .msg_control = k->control.space,
			       .msg_controllen = sizeof(k->control.space)};
}

static volatile sig_atomic_t orphaned; /* the keeper is dead */

static bool receive(int socket, int fds[2])
{
	struct packet k;
	struct cmsghdr *c;
	ssize_t n;

	for (;;) {
		packet_init(&k);
		n = recvmsg(socket, &k.h, MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EINTR && !orphaned)
			continue;
		if (n <= 0)
			return false;
		c = CMSG_FIRSTHDR(&k.h);
		if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(2 * sizeof(int))) {
			memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
			return true;
		}
	}
}

static void on_orphaned(int signal_number)
{
	(void)signal_number;
	orphaned = 1;
}

/* Interrupts recvmsg, so no SA_RESTART. */
static void watch_keeper(pid_t keeper)
{
	struct sigaction s = {.sa_handler = on_orphaned};

	orphaned = 0;
	sigaction(SIGUSR1, &s, NULL);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	if (getppid() != keeper)
		orphaned = 1;
}

/* Forks a helper a picture until the server's end of the socket is closed (true) or the keeper is dead (false). */
static bool serve(int socket, pid_t keeper)
{
	int fds[2];

	signal(SIGCHLD, SIG_IGN); /* children need no funeral */
	watch_keeper(keeper);
	while (!orphaned) {
		pid_t pid;

		if (!receive(socket, fds)) {
			if (orphaned)
				break;
			return true;
		}
		pid = fork();
		if (pid == 0) {
			close(socket);
			signal(SIGTERM, SIG_DFL);
			signal(SIGUSR1, SIG_DFL);
			helper(fds[0], fds[1]);
		}
		close(fds[0]);
		close(fds[1]);
	}
	return false;
}

/* False: the zygote ended by itself, there is nothing more to do. */
/* A helper that crashes just dies: handlers that the program had set before the fork would speak in its name. */
static void default_crashes(void)
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

	for (size_t i = 0; i < ARRAY_LEN(crashes); i++)
		signal(crashes[i], SIG_DFL);
}

static bool zygote_died(pid_t zygote)
{
	int status;

	while (waitpid(zygote, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* Whoever returns from serve() as an orphan goes on here as the keeper. */
_Noreturn static void keep(int socket)
{
	struct timespec pause = {0, 100 * 1000000L}; /* a zygote that cannot live must not cost a whole core */
	pid_t keeper, zygote;

	prctl(PR_SET_NAME, "image");
	default_crashes();
	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the server; we end when its socket closes */
	signal(SIGTERM, SIG_IGN);
	for (;;) {
		signal(SIGCHLD, SIG_DFL);
		signal(SIGUSR1, SIG_IGN);
		keeper = getpid();
		zygote = fork();
		if (zygote == 0) {
			if (serve(socket, keeper))
				_exit(0);
			continue;
		}
		if (zygote > 0 && !zygote_died(zygote))
			_exit(0);
		nanosleep(&pause, NULL);
	}
}

_Noreturn static void first_keeper(int socket)
{
	if (socket != 3)
		dup2(socket, 3);
	close_range(4, ~0U, 0);
	keep(3);
}

enum err image_service_start(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return ERR_IO;
	keeper_pid = fork();
	if (keeper_pid == 0) {
		close(pair[0]);
		first_keeper(pair[1]);
	}
	close(pair[1]);
	if (keeper_pid < 0) {
		close(pair[0]);
		return ERR_IO;
	}
	zygote_socket = pair[0];
	return OK;
}

void image_service_stop(void)
{
	if (zygote_socket < 0)
		return;
	close(zygote_socket);
	zygote_socket = -1;
	while (waitpid(keeper_pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/* ---- in the server ---- */

static bool send_job(int in, int out)
{
	int fds[2] = {in, out};
	struct packet k;
	struct cmsghdr *c;
	ssize_t n;

	packet_init(&k);
	c = CMSG_FIRSTHDR(&k.h);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	do
		n = sendmsg(zygote_socket, &k.h, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

/* The helper kills itself after SECONDS; the pipe closing is the end in any case. One second more is for us. */
static bool read_all(int fd, void *p, size_t n, int64_t until)
{
	char *at = p;

	while (n) {
		struct pollfd f = {fd, POLLIN, 0};
		int64_t left = until - clock_mono();
		ssize_t r;

		if (left <= 0 || (poll(&f, 1, (int)left) < 0 && errno != EINTR))
			return false;
		if (!(f.revents & (POLLIN | POLLHUP)))
			continue;
		r = read(fd, at, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		at += r;
		n -= (size_t)r;
	}
	return true;
}

static enum err take_reply(struct arena *a, int fd, struct image *out)
{
	int64_t until = clock_mono() + (SECONDS + 1) * MS_SECOND;
	struct image_reply r;
	char *full, *thumb;

	if (!read_all(fd, &r, sizeof(r), until))
		return ERR_IO;
	if (r.refusal != IMAGE_FINE) {
		out->refusal = r.refusal <= IMAGE_DAMAGED && r.refusal > 0 ? (enum image_refusal)r.refusal : IMAGE_DAMAGED;
		return ERR_INPUT;
	}
	/* A helper that was taken over writes what it likes: trust no number. */
	if (r.full > OUT_MAX || r.thumb > OUT_MAX)
		return ERR_IO;
	full = arena_alloc(a, r.full + 1);
	thumb = arena_alloc(a, r.thumb + 1);
	if (!read_all(fd, full, r.full, until) || !read_all(fd, thumb, r.thumb, until))
		return ERR_IO;
	*out = (struct image){{full, r.full}, {thumb, r.thumb}, r.width, r.height, r.thumb_width, r.thumb_height,
			      r.located != 0, r.lon, r.lat, IMAGE_FINE};
	if (!(r.lat >= -90 && r.lat <= 90 && r.lon >= -180 && r.lon <= 180))
		out->located = false;
	return OK;
}

static void enter(void)
{
	pthread_mutex_lock(&lock);
	while (running >= AT_ONCE)
		pthread_cond_wait(&room, &lock);
	running++;
	pthread_mutex_unlock(&lock);
}

static void leave(void)
{
	pthread_mutex_lock(&lock);
	running--;
	pthread_cond_signal(&room);
	pthread_mutex_unlock(&lock);
}

enum err image_convert(struct arena *a, int fd, struct image *out)
{
	enum err e = ERR_IO;
	int pipes[2];
	bool sent;

	*out = (struct image){0};
	if (zygote_socket < 0 || pipe2(pipes, O_CLOEXEC) != 0)
		return ERR_IO;
	enter();
	sent = send_job(fd, pipes[1]);
	close(pipes[1]);
	if (sent)
		e = take_reply(a, pipes[0], out);
	leave();
	close(pipes[0]);
	if (e == ERR_IO)
		log_warn("image: the helper ended without a picture");
	return e;
}
