/* The running server: opens store and keys, starts what the capabilities name, serves until SIGTERM or SIGINT. */
#ifndef WEB_SERVE_H
#define WEB_SERVE_H

#include "base/arena.h"
#include "base/err.h"
#include "web/capability.h"
#include "web/config.h"

struct app;

/* Routes and jobs of the server itself: they stand beside those of the capabilities. */
extern const struct capability web_builtin;

/*
 * For the `serve` subcommand: the whole life of the server. The schema must be there (`gongzhi init` or `migrate`). Returns
 * the exit status; what is wrong and what to do has been said on standard error. config lives until the return.
 */
int web_serve(const struct config *config);

/*
 * The same in two halves, for tests: web_start returns with the server listening (port: http_port(app->http)).
 * The keyring must be in use (keyring_use), the schema current.
 */
CHECKED enum err web_start(const struct config *config, struct app **out, struct arena *a, struct str *why);
void web_stop(struct app *app);

#endif
