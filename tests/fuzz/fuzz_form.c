/*
 * Any bytes as what a request carries besides its head: address, cookies, form, multipart form. The first byte says which, the second
 * how a multipart body is cut into pieces: the pieces must make no difference.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "http/internal.h"

#define FILES 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *folder(void)
{
	static char dir[] = "/tmp/fuzz-form-XXXXXX", *made;

	if (made == NULL)
		made = mkdtemp(dir);
	return made;
}

static void rx_make(struct rx *x, struct http_server *s, struct conn *c)
{
	*s = (struct http_server){.upload_dir = folder()};
	*c = (struct conn){.server = s, .trusted = true};
	*x = (struct rx){.server = s, .conn = c, .fd = -1, .admit = {.max_body = 1 << 20, .max_files = FILES, .max_file = 4096}};
	arena_init(&x->arena, 0);
	buf_init(&x->in, 1 << 20);
	x->req.arena = &x->arena;
}

static void rx_drop(struct rx *x)
{
	multipart_free(x->multipart);
	for (size_t i = 0; i < x->req.nuploads; i++)
		unlink(x->req.uploads[i].path.p);
	buf_release(&x->in);
	arena_release(&x->arena);
}

static void check_pairs(const struct http_pairs *p)
{
	if (p->n > FIELDS_MAX)
		BUG("%zu fields", p->n);
	for (size_t i = 0; i < p->n; i++)
		if (!utf8_valid(p->v[i].name) || !utf8_valid(p->v[i].value) || memchr(p->v[i].value.p, 0, p->v[i].value.n))
			BUG("field %zu is not clean text", i);
}

static void try_target(struct str text)
{
	struct http_server s;
	struct conn c;
	struct rx x;

	rx_make(&x, &s, &c);
	x.target = text;
	if (parse_target(&x)) {
		struct str path = x.req.path, seg;

		if (!str_starts(path, "/") || !utf8_valid(path))
			BUG("the path is %.*s", STR_ARG(path));
		while (str_split(&path, '/', &seg))
			if (str_eqz(seg, "..") || str_eqz(seg, ".") || memchr(seg.p, 0, seg.n) || str_chr(seg, '\\') >= 0)
				BUG("a way out of the root");
		check_pairs(&x.req.params);
	}
	rx_drop(&x);
}

static void try_headers(struct str text)
{
	struct http_server s;
	struct address a;
	struct conn c;
	struct rx x;

	rx_make(&x, &s, &c);
	pairs_add(&x.arena, &x.req.headers, STR("Cookie"), text);
	pairs_add(&x.arena, &x.req.headers, STR("X-Forwarded-For"), text);
	parse_cookies(&x);
	for (size_t i = 0; i < x.req.cookies.n; i++)
		if (x.req.cookies.v[i].name.n == 0 || str_chr(x.req.cookies.v[i].value, ';') >= 0 || str_chr(x.req.cookies.v[i].value, ' ') >= 0)
			BUG("a cookie that is none");
	parse_peer(&x);
	if (x.req.peer.n && !address_parse(&a, x.req.peer))
		BUG("peer is %.*s", STR_ARG(x.req.peer));
	header_param(&x.arena, text, "boundary");
	rx_drop(&x);
}

static void try_urlencoded(struct str text)
{
	struct http_pairs p = {0};
	struct arena a;

	arena_init(&a, 0);
	if (parse_urlencoded(&a, text, &p))
		check_pairs(&p);
	arena_release(&a);
}

static bool feed(struct rx *x, struct str text, size_t piece)
{
	x->multipart = multipart_new(x, STR("B"));
	for (size_t at = 0; at < text.n; at += piece) {
		char *copy = malloc(piece); /* a byte too far is seen */
		size_t n = text.n - at < piece ? text.n - at : piece;
		bool good;

		memcpy(copy, text.p + at, n);
		good = multipart_feed(x->multipart, copy, n);
		free(copy);
		if (!good)
			return false;
	}
	return multipart_end(x->multipart);
}

static void check_uploads(const struct rx *x)
{
	struct stat st;

	if (x->req.nuploads > FILES)
		BUG("%zu files", x->req.nuploads);
	for (size_t i = 0; i < x->req.nuploads; i++) {
		const struct http_upload *u = &x->req.uploads[i];

		if (stat(u->path.p, &st) != 0 || st.st_size != u->size || u->size > x->admit.max_file || !utf8_valid(u->filename) ||
		    str_chr(u->filename, '/') >= 0)
			BUG("file %zu: %lld bytes, %lld announced", i, (long long)st.st_size, (long long)u->size);
	}
}

static void try_multipart(struct str text, size_t piece)
{
	struct http_server s[2];
	struct conn c[2];
	struct rx x[2];
	bool good[2];

	for (int i = 0; i < 2; i++) {
		rx_make(&x[i], &s[i], &c[i]);
		good[i] = feed(&x[i], text, i ? piece : text.n + 1);
	}
	if (good[0] != good[1] || (good[0] && (x[0].req.form.n != x[1].req.form.n || x[0].req.nuploads != x[1].req.nuploads)))
		BUG("pieces of %zu make a difference", piece);
	if (good[0]) {
		check_pairs(&x[0].req.form);
		check_uploads(&x[0]);
		check_uploads(&x[1]);
		for (size_t i = 0; i < x[0].req.form.n; i++)
			if (!str_eq(x[0].req.form.v[i].value, x[1].req.form.v[i].value))
				BUG("pieces of %zu make another field %zu", piece, i);
	} else if (x[0].refuse && x[0].why == NULL) {
		BUG("refused without a reason");
	}
	rx_drop(&x[0]);
	rx_drop(&x[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data + 2, size - 2};

	if (size < 2)
		return 0;
	switch (data[0] % 4) {
	case 0:
		try_target(text);
		break;
	case 1:
		try_headers(text);
		break;
	case 2:
		try_urlencoded(text);
		break;
	default:
		try_multipart(text, (size_t)data[1] % 97 + 1);
	}
	return 0;
}
