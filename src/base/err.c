#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *name;
	int status;
} table[ERR__MAX] = {
	[OK] = {"ok", 200},
	[ERR_INPUT] = {"input", 400},
	[ERR_LOGIN] = {"login", 401},
	[ERR_FORBIDDEN] = {"forbidden", 403},
	[ERR_NOT_FOUND] = {"not_found", 404},
	[ERR_CONFLICT] = {"conflict", 409},
	[ERR_TOO_MUCH] = {"too_much", 413},
	[ERR_RULE] = {"rule", 422},
	[ERR_RATE] = {"rate", 429},
	[ERR_BUSY] = {"busy", 503},
	[ERR_DB] = {"db", 500},
	[ERR_IO] = {"io", 500},
};

const char *err_name(enum err e)
{
	return (unsigned)e < ERR__MAX ? table[e].name : "unknown";
}

int err_http_status(enum err e)
{
	return (unsigned)e < ERR__MAX ? table[e].status : 500;
}

void bug_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "BUG %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}
