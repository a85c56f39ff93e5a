/* Addresses: of peers, of trusted proxies, and where we listen. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/internal.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void from_v4(struct address *a, const struct in_addr *v4)
{
	memcpy(a->ip, mapped, 12);
	memcpy(a->ip + 12, v4, 4);
}

void address_of(struct address *a, const struct sockaddr *sa)
{
	*a = (struct address){0};
	if (sa && sa->sa_family == AF_INET)
		from_v4(a, &((const struct sockaddr_in *)sa)->sin_addr);
	else if (sa && sa->sa_family == AF_INET6)
		memcpy(a->ip, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
	else
		a->local = true;
}

bool address_parse(struct address *a, struct str text)
{
	char z[INET6_ADDRSTRLEN];
	struct in_addr v4;

	*a = (struct address){0};
	if (text.n == 0 || text.n >= sizeof(z) || memchr(text.p, 0, text.n))
		return false;
	memcpy(z, text.p, text.n);
	z[text.n] = 0;
	if (inet_pton(AF_INET, z, &v4) == 1) {
		from_v4(a, &v4);
		return true;
	}
	return inet_pton(AF_INET6, z, a->ip) == 1;
}

struct str address_text(struct arena *to, const struct address *a)
{
	char z[INET6_ADDRSTRLEN] = "";

	if (a->local)
		return STR("unix");
	if (memcmp(a->ip, mapped, 12) == 0)
		inet_ntop(AF_INET, a->ip + 12, z, sizeof(z));
	else
		inet_ntop(AF_INET6, a->ip, z, sizeof(z));
	return arena_str(to, str_from(z));
}

bool trusted_parse(struct trusted *t, const char *text)
{
	struct str s = str_from(text), base;
	int64_t bits = 128;
	bool v4;

	if (!str_split(&s, '/', &base) || !address_parse(&t->base, base))
		return false;
	v4 = str_chr(base, ':') < 0;
	if (s.p) {
		if (!str_i64(s, &bits) || bits < 0 || bits > (v4 ? 32 : 128))
			return false;
		if (v4)
			bits += 96;
	}
	t->bits = (int)bits;
	return true;
}

/* ---- listening ---- */

static enum err listen_failed(const char *where, int fd, struct arena *a, struct str *why)
{
	int e = errno;

	if (fd >= 0)
		close(fd);
	if (e == EADDRINUSE)
		*why = arena_printf(a, "%s：端口被占用，请停掉占用它的程序或换一个端口。the address is in use: stop the other program or choose another port.", where);
	else if (e == EACCES)
		*why = arena_printf(a, "%s：没有权限，1024 以下的端口需要 CAP_NET_BIND_SERVICE。not permitted: ports below 1024 need CAP_NET_BIND_SERVICE.", where);
	else
		*why = arena_printf(a, "%s: %s", where, strerror(e));
	return ERR_IO;
}

/* A socket file that nobody listens on is left over from a crash and goes; one that answers stays. */
static bool stale_socket(const struct sockaddr_un *un)
{
	struct stat st;
	int fd, rc;

	if (lstat(un->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	rc = connect(fd, (const struct sockaddr *)un, sizeof(*un));
	close(fd);
	return rc != 0 && errno == ECONNREFUSED;
}

static enum err listen_unix(int *fd, const char *path, struct arena *a, struct str *why)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(un.sun_path)) {
		*why = arena_printf(a, "unix:%s: the path is longer than %zu bytes", path, sizeof(un.sun_path) - 1);
		return ERR_INPUT;
	}
	memcpy(un.sun_path, path, strlen(path) + 1);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return listen_failed(path, -1, a, why);
	if (stale_socket(&un))
		unlink(path);
	if (bind(*fd, (struct sockaddr *)&un, sizeof(un)) != 0 || chmod(path, 0660) != 0 || listen(*fd, 511) != 0)
		return listen_failed(path, *fd, a, why);
	return OK;
}

/* "host:port" or "[v6]:port", addresses only: a name that resolves differently tomorrow is not a place to listen. */
static bool split_host_port(const char *where, char host[64], char port[8])
{
	struct str s = str_from(where), h;
	const char *colon = strrchr(where, ':');
	int64_t number;

	if (colon == NULL || !str_i64(str_from(colon + 1), &number) || number < 0 || number > 65535)
		return false;
	h = str_sub(s, 0, (size_t)(colon - where));
	if (str_starts(h, "[") && str_ends(h, "]"))
		h = str_sub(h, 1, h.n - 2);
	if (h.n >= 64)
		return false;
	snprintf(host, 64, "%.*s", STR_ARG(h));
	snprintf(port, 8, "%d", (int)number);
	return true;
}

static int bound_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0)
		return 0;
	if (ss.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
	return ntohs(((struct sockaddr_in *)&ss)->sin_port);
}

static enum err listen_inet(int *fd, const char *where, const struct addrinfo *ai, struct arena *a, struct str *why)
{
	int on = 1, off = 0;

	*fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return listen_failed(where, -1, a, why);
	setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(*fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(*fd, 511) != 0)
		return listen_failed(where, *fd, a, why);
	return OK;
}

enum err listen_open(int *fd, int *port, const char *where, struct arena *a, struct str *why)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *ai;
	char host[64], service[8];
	enum err e;

	*port = 0;
	if (strncmp(where, "unix:", 5) == 0)
		return listen_unix(fd, where + 5, a, why);
	if (!split_host_port(where, host, service) ||
	    getaddrinfo(host[0] ? host : NULL, service, &hints, &ai) != 0) {
		*why = arena_printf(a, "%s：监听地址写成 127.0.0.1:8141、[::]:8141 或 unix:/run/x.sock。one of these forms is needed.", where);
		return ERR_INPUT;
	}
	e = listen_inet(fd, where, ai, a, why);
	freeaddrinfo(ai);
	if (e == OK)
		*port = bound_port(*fd);
	return e;
}
