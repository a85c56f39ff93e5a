/*
 * Any bytes on the wire of the real server. A second, strict reader of the head (RFC 9112, written for this) says whether a handler may see
 * the request: libmicrohttpd is lenient, and what it takes while we do not know of it is a way to smuggle.
 */
#include <ctype.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/utf8.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char where[64];
static atomic_int handled;

static struct http_admit admit(const struct http_req *head, void *arg)
{
	(void)head, (void)arg;
	return (struct http_admit){.max_body = 64 * 1024, .inline_ok = true};
}

static void check(const struct http_pairs *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!utf8_valid(p->v[i].name) || !utf8_valid(p->v[i].value) || memchr(p->v[i].value.p, 0, p->v[i].value.n))
			BUG("pair %zu is not clean", i);
}

static enum http_next handle(struct http_req *r, void *arg)
{
	(void)arg;
	check(&r->params);
	check(&r->headers);
	check(&r->form);
	if (!str_starts(r->path, "/") || str_find(r->path, STR("/../")) >= 0)
		BUG("path %.*s", STR_ARG(r->path));
	atomic_fetch_add(&handled, 1);
	buf_addz(&r->resp->body, "seen");
	return HTTP_DONE;
}

static void start(void)
{
	static struct http_server *server;
	struct http_options o = {.admit = admit, .handle = handle, .event_threads = 1, .workers = 1, .listen = where};
	struct str why;
	struct arena a;

	if (server)
		return;
	arena_init(&a, 0);
	snprintf(where, sizeof(where), "unix:/tmp/fuzz-http-%ld", (long)getpid());
	if (http_start(&server, &o, &a, &why) != OK)
		BUG("%.*s", STR_ARG(why));
}

/* ---- the strict reader ---- */

static bool token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == 0 || (!isalnum((unsigned char)s.p[i]) && !strchr("!#$%&'*+-.^_`|~", s.p[i])))
			return false;
	return s.n > 0;
}

static bool field_ok(struct str line, int *hosts, int *lengths, int *encodings)
{
	struct str name = {line.p, 0};
	ptrdiff_t colon = str_chr(line, ':');

	if (colon < 1)
		return false;
	name.n = (size_t)colon;
	for (size_t i = 0; i < line.n; i++)
		if (((unsigned char)line.p[i] < ' ' && line.p[i] != '\t') || line.p[i] == 0x7f)
			return false;
	*hosts += str_ieqz(name, "host");
	*lengths += str_ieqz(name, "content-length");
	*encodings += str_ieqz(name, "transfer-encoding");
	return token(name);
}

static bool fields_fit(bool old, int hosts, int lengths, int encodings)
{
	return (hosts == 1 || (old && hosts == 0)) && lengths + encodings <= 1;
}

/* The library writes NUL over the colon, and then takes that for the blank line at the end: no difference is left (src/http/guard.c). */
static bool lone_colon(struct str in)
{
	return in.n > 1 && in.p[0] == ':' && (in.p[1] == '\n' || (in.p[1] == '\r' && (in.n < 3 || in.p[2] != '\n')));
}

/* Blank lines before the request line are allowed by RFC 9112 2.2, and the library takes those without CR for such too. */
static bool head_ok(struct str in)
{
	int hosts = 0, lengths = 0, encodings = 0;
	struct str line, method;
	bool old;

	while (str_starts(in, "\r") || str_starts(in, "\n"))
		in = str_sub(in, 1, in.n);
	for (bool first = true;; first = false) {
		ptrdiff_t end = str_find(in, STR("\r\n"));

		if (!first && lone_colon(in))
			return fields_fit(old, hosts, lengths, encodings);
		if (end < 0)
			return false;
		line = str_sub(in, 0, (size_t)end);
		in = str_sub(in, (size_t)end + 2, in.n);
		if (first) {
			old = str_ends(line, " HTTP/1.0");
			if ((!old && !str_ends(line, " HTTP/1.1")) || !str_split(&line, ' ', &method) || !token(method))
				return false;
			line.n -= 9;
			for (size_t i = 0; i < line.n; i++)
				if ((unsigned char)line.p[i] <= ' ' || line.p[i] == 0x7f)
					return false;
		} else if (line.n == 0) {
			return fields_fit(old, hosts, lengths, encodings);
		} else if (!field_ok(line, &hosts, &lengths, &encodings)) {
			return false;
		}
	}
}

/* ---- one connection ---- */

static void talk(const uint8_t *data, size_t size)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[4096];

	memcpy(to.sun_path, where + 5, strlen(where + 5) + 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		BUG("connect");
	if (send(fd, data, size, MSG_NOSIGNAL) >= 0)
		shutdown(fd, SHUT_WR);
	while (poll(&(struct pollfd){fd, POLLIN, 0}, 1, 3000) > 0 && read(fd, answer, sizeof(answer)) > 0)
		continue;
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int before;

	if (size > 8192)
		return 0;
	start();
	before = atomic_load(&handled);
	talk(data, size);
	/*
	 * libmicrohttpd 0.9.75 takes a line that begins with NUL for an empty one and writes NUL over line ends: what a NUL stood for at such places cannot be told
	 * from what is left (src/http/guard.c). Inside of names, values and targets test_server.c sees that it is refused.
	 */
	if (memchr(data, 0, size) == NULL && atomic_load(&handled) > before && !head_ok((struct str){(const char *)data, size}))
		BUG("a handler saw a request whose head is not well formed");
	return 0;
}
