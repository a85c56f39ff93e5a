#include "cap/webhooks/guard.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include "base/utf8.h"
#include "cap/webhooks/webhooks.h"
#include "web/capability.h"

/* ---- addresses, all as 16 bytes ---- */

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool ip_of(const struct sockaddr *to, unsigned char ip[16])
{
	if (to->sa_family == AF_INET) {
		memcpy(ip, mapped, 12);
		memcpy(ip + 12, &((const struct sockaddr_in *)to)->sin_addr, 4);
		return true;
	}
	if (to->sa_family == AF_INET6) {
		memcpy(ip, &((const struct sockaddr_in6 *)to)->sin6_addr, 16);
		return true;
	}
	return false;
}

static bool in_net(const unsigned char ip[16], const unsigned char net[16], int bits)
{
	int whole = bits / 8, rest = bits % 8;

	if (memcmp(ip, net, (size_t)whole) != 0)
		return false;
	return rest == 0 || ((ip[whole] ^ net[whole]) >> (8 - rest)) == 0;
}

static bool read_net(struct str text, struct guard_net *out)
{
	struct str base, bits = text;
	struct in_addr v4;
	char z[INET6_ADDRSTRLEN];
	int64_t n = 128;
	bool is_v4;

	if (!str_split(&bits, '/', &base) || base.n == 0 || base.n >= sizeof(z))
		return false;
	memcpy(z, base.p, base.n);
	z[base.n] = '\0';
	is_v4 = inet_pton(AF_INET, z, &v4) == 1;
	if (is_v4) {
		memcpy(out->ip, mapped, 12);
		memcpy(out->ip + 12, &v4, 4);
	} else if (inet_pton(AF_INET6, z, out->ip) != 1) {
		return false;
	}
	if (bits.p && bits.n) {
		if (!str_i64(bits, &n) || n < 0 || n > (is_v4 ? 32 : 128))
			return false;
		n += is_v4 ? 96 : 0;
	}
	out->bits = (int)n;
	return true;
}

enum err guard_read(struct arena *a, const char *const *nets, struct guard *out, const char **bad)
{
	size_t n = 0;

	*out = (struct guard){0};
	while (nets && nets[n])
		n++;
	out->v = arena_array(a, struct guard_net, n + 1);
	for (size_t i = 0; i < n; i++) {
		*bad = nets[i];
		if (!read_net(str_from(nets[i]), &out->v[out->n++]))
			return ERR_INPUT;
	}
	return OK;
}

/* What is not a host of the open network: RFC 6890 and its registries, multicast, and IPv6 that carries an IPv4 address inside. */
static const char *const closed[] = {
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48",
	"100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"};

bool guard_allows(const struct guard *g, const struct sockaddr *to)
{
	unsigned char ip[16];

	if (!ip_of(to, ip))
		return false;
	for (size_t i = 0; i < g->n; i++)
		if (in_net(ip, g->v[i].ip, g->v[i].bits))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(closed); i++) {
		struct guard_net net;

		if (!read_net(str_from(closed[i]), &net) || in_net(ip, net.ip, net.bits))
			return false;
	}
	return true;
}

/* ---- the text ---- */

static struct str part(struct arena *a, CURLU *u, CURLUPart which)
{
	struct str s = STR("");
	char *text = NULL;

	if (curl_url_get(u, which, &text, 0) == CURLUE_OK && text)
		s = arena_str(a, str_from(text));
	curl_free(text);
	return s;
}

static const char *judge(struct arena *a, CURLU *u, struct str *host)
{
	struct str scheme = part(a, u, CURLUPART_SCHEME), name = part(a, u, CURLUPART_HOST), port = part(a, u, CURLUPART_PORT);

	if (!str_eqz(scheme, "https") && !str_eqz(scheme, "http"))
		return N_("地址要以 https:// 或 http:// 开头。");
	if (part(a, u, CURLUPART_USER).n || part(a, u, CURLUPART_PASSWORD).n)
		return N_("地址里不能写用户名和密码。");
	if (part(a, u, CURLUPART_FRAGMENT).n)
		return N_("地址里不能有 # 和它后面的部分。");
	if (name.n == 0)
		return N_("地址里没有主机名。");
	*host = port.n ? arena_printf(a, "%.*s:%.*s", STR_ARG(name), STR_ARG(port)) : name;
	return NULL;
}

const char *guard_url(struct arena *a, struct str url, struct str *host)
{
	const char *why;
	CURLU *u;

	*host = STR("");
	if (url.n == 0)
		return N_("请写接收地址。");
	if (url.n > WEBHOOK_URL_MOST)
		return N_("接收地址太长了。");
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= ' ' || (unsigned char)url.p[i] >= 0x7f)
			return N_("接收地址只能用英文字母、数字和符号，不能有空格。");
	if (!str_starts(url, "https://") && !str_starts(url, "http://"))
		return N_("地址要以 https:// 或 http:// 开头。");
	u = curl_url();
	if (u == NULL)
		BUG("out of memory");
	why = curl_url_set(u, CURLUPART_URL, arena_strz(a, url), 0) == CURLUE_OK ? judge(a, u, host) : N_("地址读不懂，请检查。");
	curl_url_cleanup(u);
	return why;
}
