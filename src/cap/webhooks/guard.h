/*
 * To whom we speak: a subscription's address comes from outside, and must not lead our server to what only it can reach (SSRF): its own machine, the networks
 * behind it, the cloud's metadata. Checked on the address that is really connected to, after resolution, so that a name cannot change in between.
 */
#ifndef CAP_WEBHOOKS_GUARD_H
#define CAP_WEBHOOKS_GUARD_H

#include <sys/socket.h>

#include "base/arena.h"
#include "base/err.h"

struct guard_net { unsigned char ip[16]; int bits; };
struct guard {
	struct guard_net *v;   /* allowed by the operator though private */
	size_t n;
};
/* "10.20.0.0/16", "fd00::/8", "127.0.0.1"; ends in NULL. ERR_INPUT: *bad is the one that cannot be read. */
CHECKED enum err guard_read(struct arena *a, const char *const *nets, struct guard *out, const char **bad);
/* A public unicast address, or one that the operator allows. */
bool guard_allows(const struct guard *g, const struct sockaddr *to);

/* http or https, a host, no user name; NULL when it is one, else N_() what is wrong. *host: "hooks.example.cn:8443". */
const char *guard_url(struct arena *a, struct str url, struct str *host);

#endif
