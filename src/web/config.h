/*
 * Configuration: an INI file, then environment variables over it, then options of the command line. Every key has a
 * default; an unknown section or key, a value out of range, a key set twice are errors that name file and line.
 *
 *	[server]
 *	listen = 127.0.0.1:8141
 *	store  = sqlite:var/gongzhi.db
 *
 * The environment's name of a key is GONGZHI_KEY for [server] and GONGZHI_SECTION_KEY for the others. The whole list:
 * config_keys, printed by `gongzhi doctor --config-keys` and in docs/operations.md.
 */
#ifndef WEB_CONFIG_H
#define WEB_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct config {
	/* [server] */
	const char *listen;         /* "127.0.0.1:8141", "[::]:8141", "unix:/run/gongzhi.sock" */
	const char *store;          /* "sqlite:var/gongzhi.db" or "postgresql://..." */
	const char *var;            /* data folder: keys, uploads */
	const char *scenarios;      /* folder of the scenario files */
	const char *data;           /* folder of the shipped facts */
	const char *suite;          /* "sm" or "intl", used when keys are made */
	const char *public_url;     /* "https://gz.example.cn" for links in mails and QR codes; "" = as the request says */
	const char *log;            /* "debug", "info", "warn", "error" */
	const char *const *trusted; /* proxies: "127.0.0.1 10.0.0.0/8", ends in NULL */
	int64_t node;               /* 0..255, different on each node of one store */
	bool access_log;
	/* [http] 0 = the default of http/http.h */
	int64_t workers, event_threads, queue, max_connections, per_address;
	int64_t header_seconds, body_seconds, idle_seconds, drain_seconds;
	/* [store] */
	int64_t readers, writers, batch;
	/* [upload] */
	int64_t max_file, max_files; /* bytes; files a form */
	/* [limit] per minute, 0 = none. Addresses of this machine itself are not counted. */
	int64_t requests;           /* an address, all requests but static files */
	int64_t posts;              /* an address, posts of visitors without account */
	int64_t logins;             /* an address, tries to log in */
	int64_t account_posts;      /* an account */
	int64_t key_requests;       /* an API key, all requests; also from this machine */
	/* [map] an outside background, as pictures: nothing is fetched from outside without it */
	const char *map_background; /* "https://tiles.example.cn/{z}/{x}/{y}.png"; "" none */
	const char *second_factor;  /* roles that must log in with a second factor, separated by blanks */
	const char *map_credit;     /* whose it is, shown on the map */
	/* [webhook] */
	const char *const *webhook_allow; /* networks that events may be sent to though they are private; ends in NULL */
	/* [smtp] */
	const char *smtp_url, *smtp_from, *smtp_user, *smtp_password;
};

enum config_type { CONFIG_TEXT, CONFIG_INT, CONFIG_BOOL, CONFIG_LIST };
struct config_key {
	const char *section, *key;
	enum config_type type;
	size_t offset;              /* in struct config */
	const char *preset;         /* default, as it would be written */
	int64_t min, max;           /* of CONFIG_INT */
	const char *about;          /* N_() */
};
extern const struct config_key config_keys[]; /* ends in .key == NULL */

/* Defaults, then the file (NULL: none), then the environment. *why: "gongzhi.conf:12: ..." in both languages. */
CHECKED enum err config_load(struct config *c, const char *file, struct arena *a, struct str *why);
/* One key as the command line gives it: ("server", "listen", "[::]:80"). */
CHECKED enum err config_set(struct config *c, const char *section, const char *key, const char *value, struct arena *a,
			    struct str *why);
/* Only the defaults (tests). */
void config_preset(struct config *c, struct arena *a);

#endif
